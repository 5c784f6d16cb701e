/* redirect-store-forget.c
 * What is let go when: transactions that are too old or too many for their call, and calls.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

static unsigned
timeout_of(const redirect_store_t *store, bool unanswered, bool visible)
{
    const redirect_limits_t *limits = &store->config.limits;

    return unanswered ? limits->timeout_unanswered_s : visible ? limits->timeout_visible_s : limits->timeout_answered_s;
}

/* A stamp ahead of the clock came with a wrong time: it counts from now on. */
static bool
is_too_old(const redirect_store_t *store, redirect_time_t *active, unsigned timeout)
{
    const redirect_time_t stamp = redirect_clock_stamp(&store->clock);

    *active = MIN(*active, stamp);
    return store->clock.now - *active > (redirect_time_t)timeout * REDIRECT_SECOND;
}

/* Of a transaction's group or chain. */
static bool
has_timed_out(const redirect_store_t *store, redirect_transaction_t *transaction)
{
    if (transaction->chain) {
        stored_chain_t *chain = stored_chain(transaction->chain);
        return is_too_old(store, &chain->active, timeout_of(store, chain->unanswered > 0, true));
    }
    stored_live_t *first = live_of(group_of(transaction));
    return is_too_old(store, &first->active, timeout_of(store, first->unanswered > 0, false));
}

/* Takes a transaction that *link points to out of its call, without freeing anything. */
static redirect_transaction_t *
call_take(redirect_store_t *store, redirect_call_t *call, redirect_transaction_t **link)
{
    redirect_transaction_t *transaction = *link;
    stored_live_t *live = live_of(transaction);

    *link = live->public.next_in_call;
    live->public.next_in_call = NULL;
    live->stays = transaction->chain || live_of(live->group)->is_shown;
    call->count--;
    call->unanswered = (uint16_t)(call->unanswered - is_unanswered(transaction));
    if (transaction->chain) {
        call->visible--;
        return transaction;
    }
    store->candidates--;
    store->let_calls_go = store->let_calls_go || is_unanswered(transaction);
    return transaction;
}

/* After transactions were taken out. */
static void
call_find_last(redirect_call_t *call)
{
    call->last = call->first;
    while (call->last && redirect_next_in_call(call->last)) {
        call->last = redirect_next_in_call(call->last);
    }
}

/*
 * Frees what was taken out of a call: a list through next_in_call of whole groups, and of members of visible chains and
 * of groups that are shown, which stay. Links between members go with them, so nothing is read of one that is freed
 * already.
 */
static void
free_taken(redirect_store_t *store, redirect_transaction_t *taken)
{
    while (taken) {
        redirect_transaction_t *next = redirect_next_in_call(taken);
        if (live_of(taken)->stays) {
            redirect_store_retire_transaction(store, taken);
        } else {
            redirect_store_free_transaction(store, taken);
        }
        taken = next;
    }
}

/* Lets go all transactions of a call for whose group or chain go says so; the call may be empty afterwards. */
static void
call_let_go(redirect_store_t *store, redirect_call_t *call,
            bool (*go)(const redirect_store_t *, redirect_transaction_t *, const redirect_transaction_t *),
            const redirect_transaction_t *about)
{
    redirect_transaction_t **link = &call->first;
    redirect_transaction_t *taken = NULL;

    while (*link) {
        redirect_transaction_t *transaction = *link;
        if (!go(store, transaction, about)) {
            link = &transaction->live->next_in_call;
            continue;
        }
        call_take(store, call, link);
        transaction->live->next_in_call = taken;
        taken = transaction;
    }
    free_taken(store, taken);
    call_find_last(call);
}

static bool
goes_timed_out(const redirect_store_t *store, redirect_transaction_t *transaction, const redirect_transaction_t *about)
{
    (void)about;
    return has_timed_out(store, transaction);
}

static bool
goes_with(const redirect_store_t *store, redirect_transaction_t *transaction, const redirect_transaction_t *about)
{
    (void)store;
    return redirect_store_are_together(transaction, about);
}

static bool
goes_always(const redirect_store_t *store, redirect_transaction_t *transaction, const redirect_transaction_t *about)
{
    (void)store;
    (void)transaction;
    (void)about;
    return true;
}

/*
 * The transaction whose group is to make room in a call that is full: the oldest that is over, else the oldest that is
 * not visible, else the oldest.
 */
static redirect_transaction_t *
call_find_victim(const redirect_call_t *call)
{
    redirect_transaction_t *unanswered = NULL;

    for (redirect_transaction_t *transaction = call->first; transaction;
         transaction = redirect_next_in_call(transaction)) {
        if (transaction->chain == NULL && live_of(group_of(transaction))->unanswered == 0) {
            return transaction;
        }
        if (transaction->chain == NULL && unanswered == NULL) {
            unanswered = transaction;
        }
    }
    return unanswered ? unanswered : call->first;
}

/* Only the oldest member of a visible chain goes: it stays to be shown, and is no longer looked at. */
static void
call_delist_first(redirect_store_t *store, redirect_call_t *call)
{
    redirect_transaction_t *transaction = call_take(store, call, &call->first);

    transaction->chain->truncated = true;
    redirect_store_retire_transaction(store, transaction);
    call_find_last(call);
}

void
redirect_store_make_room(redirect_store_t *store, redirect_call_t *call)
{
    if (call->first == NULL) {
        return;
    }
    call_let_go(store, call, goes_timed_out, NULL);
    while (call->count >= store->config.limits.transactions_per_call) {
        redirect_transaction_t *victim = call_find_victim(call);
        call->is_incomplete = true;
        if (victim->chain) {
            call_delist_first(store, call);
        } else {
            call_let_go(store, call, goes_with, victim);
        }
    }
}

static void
call_forget(redirect_store_t *store, redirect_call_t *call)
{
    call_let_go(store, call, goes_always, NULL);
    redirect_store_free_call_if_empty(store, call);
}

/* A visible chain may be young because of what came in another call: then this one stays as long. */
static bool
call_is_kept_by_chain(redirect_store_t *store, redirect_call_t *call)
{
    redirect_time_t active = call->active;

    for (redirect_transaction_t *transaction = call->first; transaction && call->visible;
         transaction = redirect_next_in_call(transaction)) {
        if (transaction->chain && !has_timed_out(store, transaction)) {
            active = MAX(active, stored_chain(transaction->chain)->active);
        }
    }
    if (active == call->active) {
        return false;
    }
    call->active = active;
    redirect_store_requeue(store, call);
    return true;
}

static void
forget_timed_out(redirect_store_t *store, queue_id_t queue)
{
    const bool unanswered = queue == QUEUE_UNANSWERED || queue == QUEUE_VISIBLE_UNANSWERED;
    const unsigned timeout = timeout_of(store, unanswered, queue >= QUEUE_VISIBLE);
    redirect_call_t *call;

    while ((call = store->queue[queue].oldest) != NULL && is_too_old(store, &call->active, timeout)) {
        if (!call_is_kept_by_chain(store, call)) {
            call_forget(store, call);
        }
    }
}

/* Once in a second of the clock is often enough for what lasts a minute. */
static bool
is_time_to_forget(redirect_store_t *store)
{
    const redirect_limits_t *limits = &store->config.limits;

    if (store->clock.now - store->forgot < REDIRECT_SECOND && store->call_count <= limits->open_calls &&
        store->visible_calls <= limits->redirected_calls && store->pending_count <= limits->pending_redirects) {
        return false;
    }
    store->forgot = store->clock.now;
    return true;
}

/* The call that was silent longest, among those of the queues from first on; NULL where there is none. */
static redirect_call_t *
find_oldest(const redirect_store_t *store, queue_id_t first)
{
    redirect_call_t *victim = NULL;

    for (int queue = first; queue < QUEUE_COUNT; queue++) {
        redirect_call_t *oldest = store->queue[queue].oldest;
        if (oldest && (victim == NULL || oldest->active < victim->active)) {
            victim = oldest;
        }
    }
    return victim;
}

/* Where there are too many calls: the oldest that is over and was not redirected, else the one that is silent longest. */
static redirect_call_t *
find_victim(const redirect_store_t *store)
{
    redirect_call_t *over = store->queue[QUEUE_ANSWERED].oldest;

    if (store->visible_calls > store->config.limits.redirected_calls) {
        return find_oldest(store, QUEUE_VISIBLE);
    }
    if (store->call_count > store->config.limits.open_calls) {
        return over ? over : find_oldest(store, QUEUE_UNANSWERED);
    }
    return NULL;
}

/* Something may still come of a transaction of a call that was silent for so long. */
static bool
is_awaited(const redirect_transaction_t *transaction, redirect_time_t silent)
{
    if (transaction->response.status == 0) {
        return silent < redirect_waits_for(transaction);
    }
    return transaction->redirect && !transaction->redirect->followed && silent < REDIRECT_FOLLOW_WITHIN;
}

/* What may still come of a chain will not be found once its call is let go before its time: then no end is claimed. */
static void
note_forgotten(const redirect_store_t *store, const redirect_call_t *call)
{
    for (redirect_transaction_t *transaction = call->visible ? call->first : NULL; transaction;
         transaction = redirect_next_in_call(transaction)) {
        if (transaction->chain && is_awaited(transaction, store->clock.now - call->active)) {
            redirect_store_add_gaps(transaction, REDIRECT_GAP_CALL_FORGOTTEN);
        }
    }
}

/*
 * A call that is let go was not touched for long, and each of its objects costs a wait for the memory: of a dense
 * capture's redirected calls that was a tenth of all that this plugin costs. So the next ones are fetched while
 * other frames are dissected, one object farther with each call that goes.
 */
static void
fetch_next_victims(const redirect_store_t *store, int queue)
{
    const redirect_call_t *call = store->queue[queue].oldest;
    const redirect_call_t *next = call ? call->newer : NULL;

    if (next == NULL) {
        return;
    }
    redirect_store_prefetch(next->newer, sizeof(*next));
    redirect_store_prefetch(redirect_store_call_slot(store, next->hash), sizeof(void *));
    redirect_store_prefetch(next->first, sizeof(redirect_transaction_t));
    redirect_store_prefetch(call->first->live, sizeof(stored_live_t));
    redirect_store_prefetch(call->first->redirect, sizeof(redirect_t) + sizeof(redirect_target_t));
}

void
redirect_store_forget(redirect_store_t *store)
{
    redirect_call_t *victim;

    if (!is_time_to_forget(store)) {
        return;
    }
    for (int queue = 0; queue < QUEUE_COUNT; queue++) {
        forget_timed_out(store, (queue_id_t)queue);
    }
    while ((victim = find_victim(store)) != NULL) {
        const int queue = victim->queue;
        note_forgotten(store, victim);
        call_forget(store, victim);
        fetch_next_victims(store, queue);
    }
    redirect_store_expire_pending(store);
}

/* All members of a group are requests in a dialog that were accepted. */
static bool
is_over_for_good(const redirect_transaction_t *group)
{
    if (live_of(group)->is_shown) {
        return false;
    }
    for (const redirect_transaction_t *member = redirect_store_next_of_group(group->live->call->first, group); member;
         member = redirect_store_next_of_group(redirect_next_in_call(member), group)) {
        if (!member->request.in_dialog || member->response.status / 100 != 2) {
            return false;
        }
    }
    return true;
}

void
redirect_store_drop(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_call_t *call = redirect_call_of(transaction);

    if (call == NULL || transaction->chain || !is_over_for_good(group_of(transaction))) {
        return;
    }
    call_let_go(store, call, goes_with, transaction);
    redirect_store_requeue(store, call);
    redirect_store_free_call_if_empty(store, call);
}
