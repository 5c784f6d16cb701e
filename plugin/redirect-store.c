/* redirect-store.c
 * The store's life cycle: calls, transactions, groups, chains, and what is let go when. The invariants stand in the
 * header. Records: redirect-store-records.c; the pending index: redirect-store-pending.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* --- the store --------------------------------------------------------------------------------------------------- */

/* A limit that nobody set is the default's. */
static void
fill_in_limits(redirect_limits_t *limits)
{
    size_t count;
    const redirect_limit_row_t *row = redirect_limits_table(&count);

    for (size_t i = 0; i < count; i++) {
        unsigned *value = (unsigned *)(void *)((char *)limits + row[i].offset);
        *value = *value ? *value : row[i].preset;
    }
}

/*
 * How many slots an index has for as many things as a limit allows: a power of two. The hashes are keyed, so nobody can
 * fill one slot on purpose.
 */
static unsigned
slots_for(unsigned limit)
{
    unsigned slots = 16;

    while (slots < limit && slots < (1U << 20)) {
        slots *= 2;
    }
    return 2 * slots; /* so that most look-ups end at the slot */
}

redirect_store_t *
redirect_store_new(wmem_allocator_t *scope, const redirect_config_t *config)
{
    redirect_store_t *store = wmem_new0(scope, redirect_store_t);

    store->scope = scope;
    redirect_pool_init(&store->pool, scope);
    store->config = *config;
    store->config.leg_headers = config->leg_headers ? wmem_strdup(scope, config->leg_headers) : NULL;
    fill_in_limits(&store->config.limits);
    store->secret = redirect_secret_new();
    store->call_slots = slots_for(store->config.limits.open_calls);
    store->pending_slots = slots_for(store->config.limits.pending_redirects);
    store->calls = wmem_alloc0_array(scope, redirect_call_t *, store->call_slots);
    store->chains = wmem_array_new(scope, sizeof(stored_chain_t *));
    store->pages = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    return store;
}

const redirect_config_t *
redirect_store_config(const redirect_store_t *store)
{
    return &store->config;
}

const redirect_secret_t *
redirect_store_secret(const redirect_store_t *store)
{
    return &store->secret;
}

const redirect_clock_t *
redirect_store_clock(const redirect_store_t *store)
{
    return &store->clock;
}

wmem_allocator_t *
redirect_store_scope(const redirect_store_t *store)
{
    return store->scope;
}

void
redirect_store_advance(redirect_store_t *store, redirect_time_t time)
{
    redirect_clock_advance(&store->clock, time);
}

bool
redirect_store_let_calls_go(const redirect_store_t *store)
{
    return store->let_calls_go;
}

void
redirect_store_give_up(redirect_store_t *store)
{
    if (!store->gave_up) {
        store->gave_up = true;
        store->gave_up_first = redirect_clock_stamp(&store->clock);
    }
    store->gave_up_last = redirect_clock_stamp(&store->clock);
}

/* Between the first and the last time there may have been others: this says too much rather than too little. */
bool
redirect_store_gave_up(const redirect_store_t *store, redirect_time_t clock)
{
    const redirect_time_t window =
        MAX((redirect_time_t)store->config.link_window * REDIRECT_SECOND, REDIRECT_FOLLOW_WITHIN);

    return store->gave_up && clock <= store->gave_up_last && clock + window >= store->gave_up_first;
}

uint32_t
redirect_store_chain_count(const redirect_store_t *store)
{
    return store->chain_count;
}

static stored_chain_t *
chain_at(const redirect_store_t *store, uint32_t number)
{
    stored_chain_t *block = *(stored_chain_t **)wmem_array_index(store->chains, number / CHAINS_PER_BLOCK);

    return &block[number % CHAINS_PER_BLOCK];
}

redirect_chain_t *
redirect_store_chain(const redirect_store_t *store, uint32_t number)
{
    return number < store->chain_count ? &chain_at(store, number)->public : NULL;
}

redirect_store_load_t
redirect_store_load(const redirect_store_t *store)
{
    return (redirect_store_load_t){store->call_count, store->candidates, store->pending_count};
}

/* --- calls and their age ------------------------------------------------------------------------------------------ */

static redirect_call_t **
call_slot(const redirect_store_t *store, unsigned hash)
{
    return &store->calls[hash & (store->call_slots - 1)];
}

static redirect_call_t *
call_find(const redirect_store_t *store, unsigned hash, sip_slice_t id)
{
    redirect_call_t *call = *call_slot(store, hash);

    while (call && (call->hash != hash || !sip_slice_equal(call->id, id))) {
        call = call->next_in_slot;
    }
    return call;
}

redirect_call_t *
redirect_store_call(const redirect_store_t *store, sip_slice_t id)
{
    return call_find(store, (unsigned)redirect_hash(&store->secret, id), id);
}

redirect_transaction_t *
redirect_call_first(const redirect_call_t *call)
{
    return call->first;
}

bool
redirect_call_is_visible(const redirect_call_t *call)
{
    return call->visible > 0;
}

bool
redirect_call_is_incomplete(const redirect_call_t *call)
{
    return call->is_incomplete;
}

static void
queue_remove(redirect_store_t *store, redirect_call_t *call)
{
    call_queue_t *queue = &store->queue[call->queue];

    *(call->older ? &call->older->newer : &queue->oldest) = call->newer;
    *(call->newer ? &call->newer->older : &queue->newest) = call->older;
    call->older = call->newer = NULL;
}

static void
queue_append(redirect_store_t *store, redirect_call_t *call)
{
    call_queue_t *queue;

    call->queue = (uint8_t)((call->visible ? QUEUE_VISIBLE : QUEUE_ANSWERED) + (call->unanswered ? 1 : 0));
    queue = &store->queue[call->queue];
    call->older = queue->newest;
    *(queue->newest ? &queue->newest->newer : &queue->oldest) = call;
    queue->newest = call;
}

/* Moves a call to the end of the queue that it belongs to now. */
static void
call_requeue(redirect_store_t *store, redirect_call_t *call)
{
    queue_remove(store, call);
    queue_append(store, call);
}

/* Something came of this transaction: its call and its group or chain are young again. */
static void
touch(redirect_store_t *store, redirect_transaction_t *transaction)
{
    const redirect_time_t now = redirect_clock_stamp(&store->clock);

    if (transaction->chain) {
        stored_chain(transaction->chain)->active = now;
    } else {
        live_of(group_of(transaction))->active = now;
    }
    transaction->live->call->active = now;
    call_requeue(store, transaction->live->call);
}

static redirect_call_t *
call_get(redirect_store_t *store, sip_slice_t id)
{
    const unsigned hash = (unsigned)redirect_hash(&store->secret, id);
    redirect_call_t *call = call_find(store, hash, id);

    if (call == NULL) {
        call = redirect_pool_alloc(&store->pool, sizeof(*call) + id.len);
        memset(call, 0, sizeof(*call));
        memcpy(call + 1, id.ptr, id.len);
        call->id = sip_slice_make((const char *)(call + 1), id.len);
        call->hash = hash;
        call->active = redirect_clock_stamp(&store->clock);
        call->next_in_slot = *call_slot(store, hash);
        *call_slot(store, hash) = call;
        queue_append(store, call);
        store->call_count++;
    }
    return call;
}

static void
call_free_if_empty(redirect_store_t *store, redirect_call_t *call)
{
    redirect_call_t **link = call_slot(store, call->hash);

    if (call->first == NULL) {
        queue_remove(store, call);
        while (*link != call) {
            link = &(*link)->next_in_slot;
        }
        *link = call->next_in_slot;
        redirect_pool_free(&store->pool, call, sizeof(*call) + call->id.len);
        store->call_count--;
    }
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static size_t
caller_size(const redirect_caller_t *caller)
{
    return sizeof(*caller) + caller->session_id.len + caller->leg_ids.len;
}

static void
caller_free(redirect_store_t *store, const redirect_caller_t *caller)
{
    if (caller) {
        redirect_pool_free(&store->pool, (void *)(uintptr_t)caller, caller_size(caller));
    }
}

/* What was kept for messages that nobody looks for any more. */
static void
live_free(redirect_store_t *store, redirect_transaction_t *transaction)
{
    stored_live_t *live = live_of(transaction);

    if (transaction->chain == NULL) {
        wmem_free(store->scope, live->is.candidate.more);
    }
    caller_free(store, live->public.caller);
    redirect_pool_free(&store->pool, live, sizeof(*live));
    transaction->live = NULL;
}

static void
free_target_uris(redirect_store_t *store, redirect_t *redirect)
{
    if (redirect->target_count > 0) {
        redirect_pool_free(&store->pool, (void *)(uintptr_t)redirect->target[0].parsed,
                           redirect->target_count * sizeof(sip_uri_kept_t));
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        redirect->target[i].parsed = NULL;
    }
}

/* A transaction that stays to be shown, and is no longer looked at. */
static void
transaction_retire(redirect_store_t *store, redirect_transaction_t *transaction)
{
    live_free(store, transaction);
    for (redirect_t *own = transaction->redirect; own; own = own->later) {
        if (own->transaction == transaction) {
            free_target_uris(store, own);
        }
    }
}

static size_t
ends_size(const redirect_request_t *request)
{
    return (size_t)request->source_len + request->destination_len;
}

/* The two ends and the Request-URI stand where the struct ends, unless the request came late. */
static void
late_text_free(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_request_t *request = &transaction->request;

    if (request->text != (const char *)(transaction + 1)) {
        redirect_pool_free(&store->pool, (void *)(uintptr_t)request->text, ends_size(request) + request->uri_len);
    }
}

static void
extras_free(redirect_store_t *store, const redirect_extras_t *extras)
{
    if (extras != &redirect_no_extras) {
        wmem_free(store->scope, extras->history);
        redirect_pool_free(&store->pool, extras->cancel, sizeof(*extras->cancel));
        redirect_pool_free(&store->pool, (void *)(uintptr_t)extras, sizeof(*extras));
    }
}

static void
transaction_free(redirect_store_t *store, redirect_transaction_t *transaction)
{
    const size_t size = sizeof(*transaction) + live_of(transaction)->text_size;

    extras_free(store, transaction->extras);
    late_text_free(store, transaction);
    live_free(store, transaction);
    redirect_pool_free(&store->pool, transaction, size);
}

/* The extras of a transaction, to be written. */
static redirect_extras_t *
extras_of(redirect_store_t *store, redirect_transaction_t *transaction)
{
    if (transaction->extras == &redirect_no_extras) {
        transaction->extras = redirect_pool_alloc0(&store->pool, sizeof(redirect_extras_t));
    }
    return (redirect_extras_t *)(uintptr_t)transaction->extras;
}

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
            transaction_retire(store, taken);
        } else {
            transaction_free(store, taken);
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
    transaction_retire(store, transaction);
    call_find_last(call);
}

/* Before a new transaction: lets go what is too old, and what is too much. */
static void
call_make_room(redirect_store_t *store, redirect_call_t *call)
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
    call_free_if_empty(store, call);
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
    call_requeue(store, call);
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
        store->pending_count <= limits->pending_redirects) {
        return false;
    }
    store->forgot = store->clock.now;
    return true;
}

/* Where there are too many calls: the oldest that is over and was not redirected, else the one that is silent longest. */
static redirect_call_t *
find_victim(const redirect_store_t *store)
{
    redirect_call_t *victim = store->queue[QUEUE_ANSWERED].oldest;

    for (int queue = QUEUE_UNANSWERED; queue < QUEUE_COUNT && store->queue[QUEUE_ANSWERED].oldest == NULL; queue++) {
        redirect_call_t *oldest = store->queue[queue].oldest;
        if (oldest && (victim == NULL || oldest->active < victim->active)) {
            victim = oldest;
        }
    }
    return victim;
}

/* What may still come of a chain will not be found once its call is let go before its time: then no end is claimed. */
static void
note_forgotten(const redirect_store_t *store, const redirect_call_t *call)
{
    if (call->visible == 0 || store->clock.now - call->active >= REDIRECT_FOLLOW_WITHIN) {
        return;
    }
    for (redirect_transaction_t *transaction = call->first; transaction;
         transaction = redirect_next_in_call(transaction)) {
        const redirect_t *redirect = transaction->redirect;
        if (transaction->chain && (is_unanswered(transaction) || (redirect && !redirect->followed))) {
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
    redirect_store_prefetch(call_slot(store, next->hash), sizeof(void *));
    redirect_store_prefetch(next->first, sizeof(redirect_transaction_t));
    redirect_store_prefetch(call->first->live, sizeof(stored_live_t));
    redirect_store_prefetch(call->first->redirect, sizeof(redirect_t) + sizeof(redirect_target_t));
}

void
redirect_store_forget(redirect_store_t *store)
{
    if (!is_time_to_forget(store)) {
        return;
    }
    for (int queue = 0; queue < QUEUE_COUNT; queue++) {
        forget_timed_out(store, (queue_id_t)queue);
    }
    while (store->call_count > store->config.limits.open_calls) {
        redirect_call_t *victim = find_victim(store);
        const int queue = victim->queue;
        note_forgotten(store, victim);
        call_forget(store, victim);
        fetch_next_victims(store, queue);
    }
    redirect_store_expire_pending(store);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* Copies text to *at, which moves on. */
static const char *
put_text(char **at, sip_slice_t text)
{
    char *copy = *at;

    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
        *at += text.len;
    }
    return copy;
}

static const redirect_caller_t *
caller_new(redirect_store_t *store, const redirect_caller_t *from)
{
    redirect_caller_t *caller;
    char *text;

    if (from->asserted == 0 && from->session_id.len == 0 && from->leg_ids.len == 0) {
        return NULL;
    }
    caller = redirect_pool_alloc(&store->pool, caller_size(from));
    text = (char *)(caller + 1);
    caller->asserted = from->asserted;
    caller->session_id = sip_slice_make(put_text(&text, from->session_id), from->session_id.len);
    caller->leg_ids = sip_slice_make(put_text(&text, from->leg_ids), from->leg_ids.len);
    return caller;
}

/* Bytes that put_request() writes. */
static size_t
request_size(const redirect_opening_t *opening)
{
    return (size_t)opening->source.len + opening->destination.len + opening->uri.len;
}

/* Writes the two ends and the Request-URI to *text, which moves on. */
static void
put_request(redirect_request_t *request, const redirect_opening_t *opening, char **text)
{
    request->text = *text;
    (void)put_text(text, sip_slice_make((const char *)opening->source.address, opening->source.len));
    (void)put_text(text, sip_slice_make((const char *)opening->destination.address, opening->destination.len));
    (void)put_text(text, opening->uri);
    request->time = opening->time;
    request->frame = opening->frame;
    request->uri_len = (uint16_t)opening->uri.len;
    request->source_port = opening->source.port;
    request->source_len = opening->source.len;
    request->destination_port = opening->destination.port;
    request->destination_len = opening->destination.len;
    request->in_dialog = opening->to_tag != 0;
}

static stored_live_t *
live_new(redirect_store_t *store, const redirect_opening_t *opening)
{
    stored_live_t *live = redirect_pool_alloc0(&store->pool, sizeof(*live));

    live->public.key = opening->key;
    live->public.to_tag = opening->to_tag;
    live->public.request_clock = redirect_clock_stamp(&store->clock);
    live->public.caller = caller_new(store, &opening->caller);
    live->group_size = 1;
    return live;
}

/* The two ends, the Request-URI and the name of an unusual method stand where the struct ends. */
static redirect_transaction_t *
transaction_new(redirect_store_t *store, const redirect_opening_t *opening)
{
    const size_t text_size = request_size(opening) + opening->method_name.len;
    redirect_transaction_t *transaction = redirect_pool_alloc(&store->pool, sizeof(*transaction) + text_size);
    char *text = (char *)(transaction + 1);

    memset(transaction, 0, sizeof(*transaction));
    transaction->extras = &redirect_no_extras;
    transaction->via_path = opening->key.via_path;
    put_request(&transaction->request, opening, &text);
    transaction->request.via_count = opening->key.via_count;
    transaction->request.method = opening->key.method;
    if (opening->method_name.len > 0) {
        redirect_extras_t *extras = extras_of(store, transaction);
        extras->method_len = (uint16_t)opening->method_name.len;
        extras->method = put_text(&text, opening->method_name);
    }
    transaction->live = &live_new(store, opening)->public;
    live_of(transaction)->text_size = (uint32_t)text_size;
    live_of(transaction)->group = transaction;
    live_of(transaction)->unanswered = is_unanswered(transaction);
    transaction->response.clock = transaction->live->request_clock;
    return transaction;
}

redirect_transaction_t *
redirect_store_open(redirect_store_t *store, sip_slice_t call_id, const redirect_opening_t *opening, uint32_t frame)
{
    redirect_call_t *call = call_get(store, call_id);
    redirect_transaction_t *transaction;

    call_make_room(store, call);
    transaction = transaction_new(store, opening);
    transaction->first_frame = frame;
    transaction->live->call = call;
    *(call->last ? &call->last->live->next_in_call : &call->first) = transaction;
    call->last = transaction;
    call->count++;
    call->unanswered = (uint16_t)(call->unanswered + is_unanswered(transaction));
    store->candidates++;
    touch(store, transaction);
    return transaction;
}

/* --- belonging together ------------------------------------------------------------------------------------------- */

/* Lists a transaction in a visible chain, by the frame in which it was first seen. */
static void
chain_list(redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    redirect_transaction_t **link = &chain->first_transaction;

    if (chain->last_transaction && chain->last_transaction->first_frame <= transaction->first_frame) {
        link = &chain->last_transaction->next_in_chain;
    }
    while (*link && (*link)->first_frame <= transaction->first_frame) {
        link = &(*link)->next_in_chain;
    }
    transaction->next_in_chain = *link;
    *link = transaction;
    if (transaction->next_in_chain == NULL) {
        chain->last_transaction = transaction;
    }
    chain->transaction_count++;
    chain->hops = MAX(chain->hops, transaction->hop);
    chain->start = MIN(chain->start, transaction->request.time);
    chain->gaps |= transaction->gaps;
    stored_chain(chain)->unanswered += is_unanswered(transaction);
}

/* Of a candidate the Request-URI is text; what is visible is compared often. */
static void
keep_uri(redirect_transaction_t *transaction)
{
    stored_live_t *live = live_of(transaction);
    sip_uri_t uri;

    if (redirect_request_uri(transaction, &uri)) {
        sip_uri_keep(&uri, uri.whole.ptr, &live->is.uri);
        live->public.parsed = &live->is.uri;
    }
}

/* Makes one candidate a part of a visible chain. */
static void
chain_take(redirect_store_t *store, redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    redirect_store_show_messages(store, transaction);
    transaction->chain = chain;
    live_of(transaction)->group = NULL;
    keep_uri(transaction);
    chain_list(chain, transaction);
    store->candidates--;
    transaction->live->call->visible++;
    chain->truncated = chain->truncated || live_of(transaction)->is_left_out;
}

/* The next candidate of a group, from one on in the list of the call. */
static redirect_transaction_t *
next_of_group(redirect_transaction_t *from, const redirect_transaction_t *group)
{
    while (from && group_of(from) != group) {
        from = redirect_next_in_call(from);
    }
    return from;
}

static void
group_join_group(redirect_transaction_t *group, redirect_transaction_t *into, unsigned shift)
{
    stored_live_t *first = live_of(into), *old = live_of(group);

    first->group_size = (uint16_t)(first->group_size + old->group_size);
    first->unanswered = (uint16_t)(first->unanswered + old->unanswered);
    first->is_shown = first->is_shown || old->is_shown;
    first->active = MAX(first->active, old->active);
    for (redirect_transaction_t *member = next_of_group(old->public.call->first, group); member;
         member = next_of_group(redirect_next_in_call(member), group)) {
        live_of(member)->group = into;
        member->hop = (uint16_t)MIN(member->hop + shift, UINT16_MAX);
    }
}

static void
group_join_chain(redirect_store_t *store, redirect_transaction_t *group, redirect_chain_t *chain, unsigned shift)
{
    redirect_call_t *call = group->live->call;
    redirect_transaction_t *member = next_of_group(call->first, group);

    while (member) {
        redirect_transaction_t *next = redirect_next_in_call(member);
        member->hop = (uint16_t)MIN(member->hop + shift, UINT16_MAX);
        chain_take(store, chain, member);
        member = next_of_group(next, group);
    }
    stored_chain(chain)->active = redirect_clock_stamp(&store->clock);
    call_requeue(store, call);
}

bool
redirect_store_join(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *other,
                    unsigned shift)
{
    redirect_transaction_t *group = group_of(transaction);

    if (group == NULL || redirect_store_are_together(transaction, other)) {
        return redirect_store_are_together(transaction, other);
    }
    if (other->chain == NULL) {
        if (redirect_call_of(other) != transaction->live->call) {
            return false;
        }
        group_join_group(group, group_of(other), shift);
        return true;
    }
    if (other->chain->transaction_count + live_of(group)->group_size > store->config.limits.transactions_per_chain) {
        other->chain->truncated = true;
        other->chain->gaps |= REDIRECT_GAP_CHAIN_FULL;
        redirect_store_add_gaps(transaction, REDIRECT_GAP_CHAIN_FULL);
        return false;
    }
    group_join_chain(store, group, other->chain, shift);
    return true;
}

bool
redirect_store_is_root(const redirect_transaction_t *transaction)
{
    return group_of(transaction) == transaction;
}

void
redirect_store_set_root(redirect_transaction_t *transaction)
{
    redirect_transaction_t *group = group_of(transaction);
    stored_live_t *first = live_of(transaction);
    const stored_live_t *old;

    if (group == NULL || group == transaction) {
        return;
    }
    old = live_of(group);
    first->group_size = old->group_size;
    first->unanswered = old->unanswered;
    first->is_shown = old->is_shown;
    first->active = old->active;
    for (redirect_transaction_t *member = next_of_group(first->public.call->first, group); member;
         member = next_of_group(redirect_next_in_call(member), group)) {
        live_of(member)->group = transaction;
    }
}

static stored_chain_t *
chain_new(redirect_store_t *store)
{
    const uint32_t number = store->chain_count++;
    stored_chain_t *chain;

    if (number % CHAINS_PER_BLOCK == 0) {
        stored_chain_t *block = wmem_alloc0_array(store->scope, stored_chain_t, CHAINS_PER_BLOCK);
        wmem_array_append_one(store->chains, block);
    }
    chain = chain_at(store, number);
    chain->public.number = number;
    return chain;
}

void
redirect_store_show(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_transaction_t *root = group_of(transaction);
    stored_chain_t *chain;

    if (transaction->chain) {
        return;
    }
    chain = chain_new(store);
    chain->public.root = root;
    chain->public.start = root->request.time;
    group_join_chain(store, root, &chain->public, 0);
}

/* The objects that an object leads to, one step towards the start of its path. */
static bool
leads_to(const redirect_transaction_t *from, const redirect_transaction_t *to)
{
    const redirect_transaction_t *step = from;

    while (step && step != to) {
        step = redirect_transaction_before(step);
    }
    return step == to || redirect_transaction_is_below(from, to);
}

static bool
may_point_to(const redirect_transaction_t *from, const redirect_transaction_t *to)
{
    return to != NULL && from != to && redirect_store_are_together(from, to) && !leads_to(to, from);
}

void
redirect_store_set_upstream(redirect_transaction_t *transaction, redirect_transaction_t *upstream, bool late)
{
    if (may_point_to(transaction, upstream)) {
        transaction->upstream = upstream;
        transaction->upstream_late = late;
    }
}

static bool
repeats(const redirect_transaction_t *transaction, const redirect_transaction_t *earlier)
{
    while (transaction && transaction != earlier) {
        transaction = transaction->extras->retry_of;
    }
    return transaction != NULL;
}

void
redirect_store_set_retry(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *retry_of)
{
    if (may_point_to(transaction, retry_of) && !repeats(retry_of, transaction)) {
        extras_of(store, transaction)->retry_of = retry_of;
        extras_of(store, retry_of)->retried_by = transaction;
    }
}

/* A request that came after its response takes what that got along. */
static void
go_deeper(redirect_transaction_t *transaction, unsigned hop)
{
    transaction->hop = (uint16_t)MIN(MAX(transaction->hop, hop), UINT16_MAX);
    transaction->chain->hops = MAX(transaction->chain->hops, transaction->hop);
    for (redirect_t *own = transaction->redirect; own && own->transaction == transaction; own = own->later) {
        own->depth = MAX(own->depth, redirect_hop_after(transaction));
    }
}

bool
redirect_store_follow(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_link_t *link,
                      bool list)
{
    redirect_t *cause = link->cause;

    if (cause->transaction == NULL || transaction->link || !may_point_to(transaction, cause->transaction) ||
        (link->redirected && !may_point_to(transaction, link->redirected))) {
        return false;
    }
    transaction->link = redirect_pool_alloc(&store->pool, sizeof(redirect_link_t));
    *transaction->link = *link;
    transaction->link->next_followup = NULL;
    go_deeper(transaction, cause->depth);
    if (list) {
        *(cause->last_followup ? &cause->last_followup->link->next_followup : &cause->first_followup) = transaction;
        cause->last_followup = transaction;
    }
    return true;
}

void
redirect_store_mark_tried(redirect_t *redirect, redirect_target_t *target, redirect_transaction_t *transaction)
{
    if (transaction->chain && redirect->transaction && redirect->transaction->chain == transaction->chain) {
        redirect->followed = true;
        if (target && target->tried_by == NULL) {
            target->tried_by = transaction;
        }
    }
}

/* --- what becomes of a transaction -------------------------------------------------------------------------------- */

void
redirect_store_set_request(redirect_store_t *store, redirect_transaction_t *transaction,
                           const redirect_opening_t *opening)
{
    redirect_live_t *live = transaction->live;
    char *text;

    if (transaction->request.frame) {
        return;
    }
    text = redirect_pool_alloc(&store->pool, request_size(opening));
    put_request(&transaction->request, opening, &text);
    live->to_tag = opening->to_tag;
    live->place_key = 0;
    live->request_clock = redirect_clock_stamp(&store->clock);
    if (transaction->response.status == 0) {
        transaction->response.clock = live->request_clock;
    }
    if (live->caller == NULL) {
        live->caller = caller_new(store, &opening->caller);
    }
    if (transaction->chain) {
        keep_uri(transaction);
        transaction->chain->start = MIN(transaction->chain->start, opening->time);
    }
}

void
redirect_store_set_provisional(redirect_transaction_t *transaction, uint16_t status)
{
    transaction->response.provisional = status;
}

void
redirect_store_finish(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_response_t *response,
                      uint32_t retry_after)
{
    const uint16_t provisional = transaction->response.provisional;

    if (transaction->response.status != 0) {
        return;
    }
    if (is_unanswered(transaction)) {
        transaction->live->call->unanswered--;
        if (transaction->chain) {
            stored_chain(transaction->chain)->unanswered--;
        } else {
            live_of(group_of(transaction))->unanswered--;
        }
    }
    transaction->response = *response;
    transaction->response.provisional = provisional;
    transaction->response.clock = redirect_clock_stamp(&store->clock);
    if (retry_after) {
        extras_of(store, transaction)->retry_after = retry_after;
    }
    touch(store, transaction);
}

void
redirect_store_cancel(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_cancel_t *cancel)
{
    if (transaction->extras->cancel == NULL) {
        redirect_cancel_t *copy = redirect_pool_alloc(&store->pool, sizeof(*copy));
        *copy = *cancel;
        extras_of(store, transaction)->cancel = copy;
    }
}

void
redirect_store_set_history(redirect_store_t *store, redirect_transaction_t *transaction,
                           struct redirect_history *history)
{
    if (history || transaction->extras->history) {
        redirect_extras_t *extras = extras_of(store, transaction);
        wmem_free(store->scope, extras->history);
        extras->history = history;
    }
}

void
redirect_store_add_gaps(redirect_transaction_t *transaction, unsigned gaps)
{
    transaction->gaps |= gaps;
    if (transaction->chain) {
        transaction->chain->gaps |= gaps;
    }
}

/* All members of a group are requests in a dialog that were accepted. */
static bool
is_over_for_good(const redirect_transaction_t *group)
{
    if (live_of(group)->is_shown) {
        return false;
    }
    for (const redirect_transaction_t *member = next_of_group(group->live->call->first, group); member;
         member = next_of_group(redirect_next_in_call(member), group)) {
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
    call_requeue(store, call);
    call_free_if_empty(store, call);
}

/* --- redirects ---------------------------------------------------------------------------------------------------- */

redirect_t *
redirect_store_new_redirect(redirect_store_t *store, const redirect_message_t *message, unsigned target_count,
                            size_t text_size, char **text)
{
    const size_t targets_size = target_count * sizeof(redirect_target_t);
    redirect_t *redirect = redirect_pool_alloc(&store->pool, sizeof(*redirect) + targets_size + text_size);

    memset(redirect, 0, sizeof(*redirect) + targets_size);
    redirect->target = (redirect_target_t *)(redirect + 1);
    redirect->target_count = (uint16_t)target_count;
    redirect->code = message->sip->status;
    redirect->frame = message->frame;
    redirect->time = message->time;
    redirect->clock = redirect_clock_stamp(&store->clock);
    *text = (char *)(redirect->target + target_count);
    return redirect;
}

void
redirect_store_keep_target_uri(redirect_store_t *store, redirect_t *redirect, unsigned target, const sip_uri_t *uri)
{
    sip_uri_kept_t *kept;

    if (redirect->target[0].parsed == NULL) {
        redirect->target[0].parsed =
            redirect_pool_alloc0(&store->pool, redirect->target_count * sizeof(sip_uri_kept_t));
    }
    kept = (sip_uri_kept_t *)(uintptr_t)&redirect->target[0].parsed[target];
    sip_uri_keep(uri, redirect->target[target].written, kept);
    redirect->target[target].parsed = kept;
    redirect->target[target].match_key = kept->match_key;
}

/* Where the text of a target ends, and that of the next one begins. */
static const char *
target_end(const redirect_target_t *target)
{
    if (target->mapped_from) {
        return target->mapped_from + strlen(target->mapped_from) + 1;
    }
    return target->written == target->uri ? target->uri + strlen(target->uri) + 1
                                          : target->written + target->written_len;
}

void
redirect_store_discard_redirect(redirect_store_t *store, redirect_t *redirect)
{
    const unsigned count = redirect->target_count;
    const char *end = count > 0 ? target_end(&redirect->target[count - 1]) : (const char *)redirect->target;

    free_target_uris(store, redirect);
    redirect_pool_free(&store->pool, redirect, (size_t)(end - (const char *)redirect));
}

void
redirect_store_set_redirect(redirect_transaction_t *transaction, redirect_t *redirect)
{
    if (transaction->chain == NULL || transaction->redirect) {
        return;
    }
    if (redirect->transaction == NULL) {
        redirect->transaction = transaction;
    }
    redirect->legs_seen++;
    transaction->redirect = redirect;
    if (redirect->transaction == transaction && redirect->source == NULL) {
        transaction->chain->redirect_count++;
    }
}

void
redirect_store_add_later_redirect(redirect_transaction_t *transaction, redirect_t *redirect)
{
    redirect_t *last = transaction->redirect;

    while (last->later) {
        last = last->later;
    }
    last->later = redirect;
    redirect->transaction = transaction;
    redirect->legs_seen = 1;
    redirect->depth = transaction->redirect->depth;
}
