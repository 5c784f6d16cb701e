/* redirect-store-check.c
 * Checks the invariants of the store, as its header numbers them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* 2: what a transaction points to is of its own group or chain. */
static const char *
check_pointers(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *to[] = {transaction->upstream,
                                          transaction->extras->retry_of,
                                          transaction->extras->retried_by,
                                          transaction->link ? transaction->link->redirected : NULL,
                                          transaction->link ? transaction->link->next_followup : NULL,
                                          transaction->extras->leg ? transaction->extras->leg->of : NULL,
                                          redirect_announces(transaction)};

    for (size_t i = 0; i < G_N_ELEMENTS(to); i++) {
        if (to[i] && !redirect_store_are_together(transaction, to[i])) {
            return "a transaction points out of its group or chain";
        }
    }
    if (transaction->extras->leg && (transaction->chain == NULL || transaction->upstream)) {
        return "a leg is not visible, or is a proxy's forward as well";
    }
    if (transaction->extras->announcement && transaction->chain == NULL) {
        return "what has to do with an announcement is not visible";
    }
    if (transaction->link && (transaction->chain == NULL || transaction->link->cause->transaction == NULL ||
                              transaction->link->cause->transaction->chain != transaction->chain)) {
        return "a follow-up and its redirect are not of one chain";
    }
    if (transaction->redirect && transaction->redirect->transaction &&
        transaction->redirect->transaction->chain != transaction->chain) {
        return "a redirect is shared across chains";
    }
    return NULL;
}

/* No walk goes round in a circle. */
static const char *
check_walks(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const unsigned limit = store->config.limits.transactions_per_chain + store->config.limits.transactions_per_call + 2;
    const redirect_transaction_t *before = transaction, *above = transaction, *first = transaction, *last = transaction;

    for (unsigned i = 0; before || above || first || last; i++) {
        if (i > limit) {
            return "a walk goes round in a circle";
        }
        before = before ? redirect_transaction_before(before) : NULL;
        above = above ? redirect_transaction_above(above) : NULL;
        first = first ? first->extras->retry_of : NULL;
        last = last ? last->extras->retried_by : NULL;
    }
    return NULL;
}

/* What the members of a call add up to. */
typedef struct {
    unsigned count, unanswered, visible, candidates;
} sums_t;

/* 1: a candidate's group is in the same call. */
static const char *
check_group(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *group = group_of(transaction);
    unsigned size = 0, unanswered = 0;

    if ((transaction->chain == NULL) == (group == NULL)) {
        return "a transaction is neither or both of a candidate and visible";
    }
    if (group == NULL) {
        return NULL;
    }
    if (group_of(group) != group || redirect_call_of(group) != transaction->live->call) {
        return "a candidate's group is not of its call";
    }
    for (const redirect_transaction_t *other = transaction->live->call->first; other;
         other = redirect_next_in_call(other)) {
        size += group_of(other) == group;
        unanswered += group_of(other) == group && is_unanswered(other);
    }
    return size == live_of(group)->group_size && unanswered == live_of(group)->unanswered
               ? NULL
               : "the counts of a group are wrong";
}

static const char *
check_member(const redirect_store_t *store, const redirect_call_t *call, const redirect_transaction_t *transaction)
{
    const char *broken = redirect_call_of(transaction) == call ? NULL : "a transaction is listed in another call";

    broken = broken ? broken : check_group(transaction);
    broken = broken ? broken : redirect_store_check_leg(store, transaction);
    broken = broken ? broken : check_pointers(transaction);
    return broken ? broken : check_walks(store, transaction);
}

static const char *
check_call(const redirect_store_t *store, const redirect_call_t *call, sums_t *all)
{
    sums_t sums = {0};
    const redirect_transaction_t *last = NULL;
    const char *broken = NULL;

    for (const redirect_transaction_t *member = call->first; member && !broken;
         member = redirect_next_in_call(member)) {
        broken = check_member(store, call, member);
        sums.count++;
        sums.unanswered += is_unanswered(member);
        sums.visible += member->chain != NULL;
        sums.candidates += member->chain == NULL;
        last = member;
    }
    if (broken) {
        return broken;
    }
    if (call->first == NULL) {
        return "a call holds no transaction";
    }
    if (redirect_store_call(store, call->id) != call) {
        return "a call is not found by its Call-ID";
    }
    if (last != call->last || sums.count != call->count || sums.unanswered != call->unanswered ||
        sums.visible != call->visible || sums.count > store->config.limits.transactions_per_call) {
        return "the counts of a call are wrong";
    }
    all->count++;
    all->candidates += sums.candidates;
    all->visible += sums.visible;
    return NULL;
}

/* 4 and 6: every call is in one queue, by age. */
static const char *
check_queues(const redirect_store_t *store, sums_t *all)
{
    const char *broken = NULL;

    for (int i = 0; i < QUEUE_COUNT && !broken; i++) {
        const redirect_call_t *older = NULL;
        for (const redirect_call_t *call = store->queue[i].oldest; call && !broken; call = call->newer) {
            if (call->queue != i || call->older != older) {
                return "a queue of calls is not linked both ways";
            }
            broken = check_call(store, call, all);
            older = call;
        }
        if (!broken && store->queue[i].newest != older) {
            return "a queue of calls has no end";
        }
    }
    return broken;
}

static const char *
check_redirect(const redirect_t *redirect, const redirect_chain_t *chain)
{
    const redirect_transaction_t *last = NULL;

    if (redirect->target_count > 0 && redirect->target[0].parsed && redirect->transaction->live == NULL) {
        return "the URIs of a target are kept longer than its call";
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_transaction_t *tried_by = redirect->target[i].tried_by;
        if (tried_by && tried_by->chain != chain) {
            return "a target was tried in another chain";
        }
    }
    for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->link->next_followup) {
        if (redirect_cause(next) != redirect) {
            return "a redirect lists what does not follow it";
        }
        last = next;
    }
    return last == redirect->last_followup ? NULL : "the list of follow-ups has no end";
}

/* 2, 3, 5 and 6: a visible chain holds what belongs to it, in frame order. */
static const char *
check_chain(const redirect_store_t *store, const redirect_chain_t *chain, unsigned *listed)
{
    const redirect_transaction_t *last = NULL;
    const char *broken = NULL;
    unsigned count = 0, unanswered = 0;
    bool has_root = false;

    for (const redirect_transaction_t *member = chain->first_transaction; member && !broken;
         member = member->next_in_chain) {
        if (member->chain != chain || (last && last->first_frame > member->first_frame)) {
            return "a chain lists what is not its own, or out of order";
        }
        broken = check_pointers(member);
        for (const redirect_t *redirect = member->redirect; redirect && !broken; redirect = redirect->later) {
            broken = check_redirect(redirect, chain);
        }
        has_root = has_root || member == chain->root;
        *listed += member->live != NULL;
        unanswered += is_unanswered(member);
        count++;
        last = member;
    }
    if (broken) {
        return broken;
    }
    return last == chain->last_transaction && count == chain->transaction_count && has_root &&
                   unanswered == ((const stored_chain_t *)chain)->unanswered &&
                   count <= MAX(store->config.limits.transactions_per_chain, store->config.limits.transactions_per_call)
               ? NULL
               : "the counts of a chain are wrong";
}

const char *
redirect_store_check(const redirect_store_t *store)
{
    sums_t all = {0};
    unsigned listed = 0;
    const char *broken = check_queues(store, &all);

    for (uint32_t i = 0; i < redirect_store_chain_count(store) && !broken; i++) {
        broken = check_chain(store, redirect_store_chain(store, i), &listed);
    }
    if (!broken && listed != all.visible) {
        broken = "a transaction is looked at that no call lists";
    }
    if (!broken && store->visible_calls > store->call_count) {
        broken = "the count of redirected calls is wrong";
    }
    if (!broken && (all.count != store->call_count || all.candidates != store->candidates)) {
        broken = "the counts of the store are wrong";
    }
    broken = broken ? broken : redirect_store_check_clients(store);
    return broken ? broken : redirect_store_check_pending(store);
}
