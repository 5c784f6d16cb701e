/* redirect-store.c
 * The store's life cycle: calls, transactions, groups, chains, and what is let go when. The invariants stand in the
 * header. Records: redirect-store-records.c; the pending index: redirect-store-pending.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* --- the store --------------------------------------------------------------------------------------------------- */

static unsigned
call_hash(gconstpointer key)
{
    return ((const redirect_call_t *)key)->hash;
}

static gboolean
call_equal(gconstpointer a, gconstpointer b)
{
    const redirect_call_t *left = a, *right = b;

    return left->hash == right->hash && sip_slice_equal(left->id, right->id);
}

static unsigned
pending_hash(gconstpointer key)
{
    return ((const pending_list_t *)key)->hash;
}

static gboolean
pending_equal(gconstpointer a, gconstpointer b)
{
    const pending_list_t *left = a, *right = b;

    return left->hash == right->hash && sip_slice_equal(left->key, right->key);
}

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

redirect_store_t *
redirect_store_new(wmem_allocator_t *scope, const redirect_config_t *config)
{
    redirect_store_t *store = wmem_new0(scope, redirect_store_t);

    store->scope = scope;
    store->config = *config;
    store->config.leg_headers = config->leg_headers ? wmem_strdup(scope, config->leg_headers) : NULL;
    fill_in_limits(&store->config.limits);
    store->secret = redirect_secret_new();
    store->calls = wmem_map_new(scope, call_hash, call_equal);
    store->chains = wmem_array_new(scope, sizeof(stored_chain_t *));
    store->pages = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    store->pending = wmem_map_new(scope, pending_hash, pending_equal);
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
    return wmem_array_get_count(store->chains);
}

redirect_chain_t *
redirect_store_chain(const redirect_store_t *store, uint32_t number)
{
    return number < redirect_store_chain_count(store)
               ? &(*(stored_chain_t **)wmem_array_index(store->chains, number))->public
               : NULL;
}

redirect_store_load_t
redirect_store_load(const redirect_store_t *store)
{
    return (redirect_store_load_t){store->call_count, store->candidates, store->pending_count};
}

/* --- calls and their age ------------------------------------------------------------------------------------------ */

redirect_call_t *
redirect_store_call(const redirect_store_t *store, sip_slice_t id)
{
    const redirect_call_t wanted = {.id = id, .hash = (unsigned)redirect_hash(&store->secret, id)};

    return wmem_map_lookup(store->calls, &wanted);
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
        stored(transaction->group)->active = now;
    }
    if (transaction->call) {
        transaction->call->active = now;
        call_requeue(store, transaction->call);
    }
}

static redirect_call_t *
call_get(redirect_store_t *store, sip_slice_t id)
{
    redirect_call_t *call = redirect_store_call(store, id);

    if (call == NULL) {
        call = wmem_alloc(store->scope, sizeof(*call) + id.len);
        memset(call, 0, sizeof(*call));
        memcpy(call + 1, id.ptr, id.len);
        call->id = sip_slice_make((const char *)(call + 1), id.len);
        call->hash = (unsigned)redirect_hash(&store->secret, id);
        call->active = redirect_clock_stamp(&store->clock);
        wmem_map_insert(store->calls, call, call);
        queue_append(store, call);
        store->call_count++;
    }
    return call;
}

static void
call_free_if_empty(redirect_store_t *store, redirect_call_t *call)
{
    if (call->first == NULL) {
        queue_remove(store, call);
        wmem_map_remove(store->calls, call);
        wmem_free(store->scope, call);
        store->call_count--;
    }
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static bool
is_unanswered(const redirect_transaction_t *transaction)
{
    return transaction->key.method == SIP_METHOD_INVITE && transaction->response.status == 0;
}

static void
transaction_free(redirect_store_t *store, redirect_transaction_t *transaction)
{
    wmem_free(store->scope, transaction->history);
    wmem_free(store->scope, (void *)(uintptr_t)transaction->caller);
    wmem_free(store->scope, transaction->cancel);
    wmem_free(store->scope, stored(transaction)->late_uri);
    wmem_free(store->scope, stored(transaction)->more);
    wmem_free(store->scope, transaction);
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
    stored_transaction_t *first = stored(transaction->group);
    return is_too_old(store, &first->active, timeout_of(store, first->unanswered > 0, false));
}

/* Takes a transaction that *link points to out of its call, without freeing it. */
static redirect_transaction_t *
call_take(redirect_store_t *store, redirect_call_t *call, redirect_transaction_t **link)
{
    redirect_transaction_t *transaction = *link;

    *link = transaction->next_in_call;
    transaction->next_in_call = NULL;
    transaction->call = NULL;
    call->count--;
    call->unanswered -= is_unanswered(transaction);
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
    while (call->last && call->last->next_in_call) {
        call->last = call->last->next_in_call;
    }
}

/*
 * Frees what was taken out of a call: a list through next_in_call of whole groups, and of members of visible chains,
 * which stay. Links between members go with them, so nothing is read of one that is freed already.
 */
static void
free_taken(redirect_store_t *store, redirect_transaction_t *taken)
{
    while (taken) {
        redirect_transaction_t *next = taken->next_in_call;
        taken->next_in_call = NULL;
        transaction_free(store, taken);
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
            link = &transaction->next_in_call;
            continue;
        }
        call_take(store, call, link);
        if (transaction->chain == NULL && !stored(transaction->group)->is_shown) {
            transaction->next_in_call = taken;
            taken = transaction;
        }
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

    for (redirect_transaction_t *transaction = call->first; transaction; transaction = transaction->next_in_call) {
        if (transaction->chain == NULL && stored(transaction->group)->unanswered == 0) {
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
         transaction = transaction->next_in_call) {
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
    while (store->call_count > store->config.limits.open_calls) {
        victim = store->queue[QUEUE_ANSWERED].oldest;
        victim = victim ? victim : store->queue[QUEUE_UNANSWERED].oldest;
        victim = victim ? victim : store->queue[QUEUE_VISIBLE].oldest;
        call_forget(store, victim ? victim : store->queue[QUEUE_VISIBLE_UNANSWERED].oldest);
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
    caller = wmem_alloc(store->scope, sizeof(*caller) + from->session_id.len + from->leg_ids.len);
    text = (char *)(caller + 1);
    caller->asserted = from->asserted;
    caller->session_id = sip_slice_make(put_text(&text, from->session_id), from->session_id.len);
    caller->leg_ids = sip_slice_make(put_text(&text, from->leg_ids), from->leg_ids.len);
    return caller;
}

/* The Request-URI and the name of an unusual method stand where the struct ends. */
static redirect_transaction_t *
transaction_new(redirect_store_t *store, const redirect_opening_t *opening)
{
    const redirect_request_t *request = &opening->request;
    stored_transaction_t *transaction =
        wmem_alloc(store->scope, sizeof(*transaction) + request->uri_len + opening->method_name.len);
    char *text = (char *)(transaction + 1);

    memset(transaction, 0, sizeof(*transaction));
    transaction->public.key = opening->key;
    transaction->public.request = *request;
    transaction->public.request.method_len = (uint16_t)opening->method_name.len;
    transaction->public.other_method = put_text(&text, opening->method_name);
    transaction->public.request.uri =
        request->frame ? put_text(&text, sip_slice_make(request->uri, request->uri_len)) : NULL;
    return &transaction->public;
}

redirect_transaction_t *
redirect_store_open(redirect_store_t *store, sip_slice_t call_id, const redirect_opening_t *opening, uint32_t frame)
{
    redirect_call_t *call = call_get(store, call_id);
    redirect_transaction_t *transaction;

    call_make_room(store, call);
    transaction = transaction_new(store, opening);
    transaction->caller = caller_new(store, &opening->caller);
    transaction->first_frame = frame;
    transaction->request.clock = redirect_clock_stamp(&store->clock);
    transaction->group = transaction;
    transaction->call = call;
    stored(transaction)->group_size = 1;
    stored(transaction)->unanswered = is_unanswered(transaction);
    *(call->last ? &call->last->next_in_call : &call->first) = transaction;
    call->last = transaction;
    call->count++;
    call->unanswered += is_unanswered(transaction);
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
keep_uri(redirect_store_t *store, redirect_transaction_t *transaction)
{
    sip_uri_kept_t *kept;
    sip_uri_t uri;

    if (redirect_request_uri(transaction, &uri)) {
        kept = wmem_new(store->scope, sip_uri_kept_t);
        sip_uri_keep(&uri, uri.whole.ptr, kept);
        transaction->request.parsed = kept;
    }
}

/* Makes one candidate a part of a visible chain. */
static void
chain_take(redirect_store_t *store, redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    transaction->chain = chain;
    transaction->group = NULL;
    keep_uri(store, transaction);
    chain_list(chain, transaction);
    store->candidates--;
    transaction->call->visible++;
    chain->truncated = chain->truncated || stored(transaction)->is_left_out;
    redirect_store_show_messages(store, transaction);
}

/* The next candidate of a group, from one on in the list of the call. */
static redirect_transaction_t *
next_of_group(redirect_transaction_t *from, const redirect_transaction_t *group)
{
    while (from && from->group != group) {
        from = from->next_in_call;
    }
    return from;
}

static void
group_join_group(redirect_transaction_t *group, redirect_transaction_t *into, unsigned shift)
{
    stored_transaction_t *first = stored(into);

    first->group_size = (uint16_t)(first->group_size + stored(group)->group_size);
    first->unanswered = (uint16_t)(first->unanswered + stored(group)->unanswered);
    first->is_shown = first->is_shown || stored(group)->is_shown;
    first->active = MAX(first->active, stored(group)->active);
    for (redirect_transaction_t *member = next_of_group(group->call->first, group); member;
         member = next_of_group(member->next_in_call, group)) {
        member->group = into;
        member->hop = (uint16_t)MIN(member->hop + shift, UINT16_MAX);
    }
}

static void
group_join_chain(redirect_store_t *store, redirect_transaction_t *group, redirect_chain_t *chain, unsigned shift)
{
    redirect_call_t *call = group->call;
    redirect_transaction_t *member = next_of_group(call->first, group);

    while (member) {
        redirect_transaction_t *next = member->next_in_call;
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
    redirect_transaction_t *group = transaction->group;

    if (group == NULL || redirect_store_are_together(transaction, other)) {
        return redirect_store_are_together(transaction, other);
    }
    if (other->chain == NULL) {
        if (other->call != transaction->call) {
            return false;
        }
        group_join_group(group, other->group, shift);
        return true;
    }
    if (other->chain->transaction_count + stored(group)->group_size > store->config.limits.transactions_per_chain) {
        other->chain->truncated = true;
        other->chain->gaps |= REDIRECT_GAP_CHAIN_FULL;
        redirect_store_add_gaps(transaction, REDIRECT_GAP_CHAIN_FULL);
        return false;
    }
    group_join_chain(store, group, other->chain, shift);
    return true;
}

void
redirect_store_set_root(redirect_transaction_t *transaction)
{
    redirect_transaction_t *group = transaction->group;
    stored_transaction_t *first = stored(transaction);

    if (group == NULL || group == transaction) {
        return;
    }
    first->group_size = stored(group)->group_size;
    first->unanswered = stored(group)->unanswered;
    first->is_shown = stored(group)->is_shown;
    first->active = stored(group)->active;
    for (redirect_transaction_t *member = next_of_group(transaction->call->first, group); member;
         member = next_of_group(member->next_in_call, group)) {
        member->group = transaction;
    }
}

void
redirect_store_show(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_transaction_t *root = transaction->group;
    stored_chain_t *chain;

    if (transaction->chain) {
        return;
    }
    chain = wmem_new0(store->scope, stored_chain_t);
    chain->public.number = redirect_store_chain_count(store);
    chain->public.root = root;
    chain->public.start = root->request.time;
    wmem_array_append_one(store->chains, chain);
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
        transaction = transaction->retry_of;
    }
    return transaction != NULL;
}

void
redirect_store_set_retry(redirect_transaction_t *transaction, redirect_transaction_t *retry_of)
{
    if (may_point_to(transaction, retry_of) && !repeats(retry_of, transaction)) {
        transaction->retry_of = retry_of;
        retry_of->retried_by = transaction;
    }
}

/* A request that came after its response takes what that got along. */
static void
go_deeper(redirect_transaction_t *transaction, unsigned hop)
{
    transaction->hop = (uint16_t)MIN(MAX(transaction->hop, hop), UINT16_MAX);
    transaction->chain->hops = MAX(transaction->chain->hops, transaction->hop);
    for (redirect_t *own = transaction->redirect; own && own->transaction == transaction; own = own->later) {
        own->depth = MAX(own->depth, transaction->hop + 1U);
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
    transaction->link = wmem_new(store->scope, redirect_link_t);
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
                           const redirect_request_t *request, const redirect_caller_t *caller, uint32_t frame)
{
    stored_transaction_t *own = stored(transaction);

    if (transaction->request.frame) {
        return;
    }
    own->late_uri = wmem_alloc(store->scope, request->uri_len + 1U);
    memcpy(own->late_uri, request->uri, request->uri_len);
    transaction->request = (redirect_request_t){.frame = frame,
                                                .uri_len = request->uri_len,
                                                .method_len = transaction->request.method_len,
                                                .uri = own->late_uri,
                                                .time = request->time,
                                                .clock = redirect_clock_stamp(&store->clock),
                                                .to_tag = request->to_tag,
                                                .source = request->source,
                                                .destination = request->destination};
    if (transaction->caller == NULL) {
        transaction->caller = caller_new(store, caller);
    }
    if (transaction->chain) {
        keep_uri(store, transaction);
        transaction->chain->start = MIN(transaction->chain->start, request->time);
    }
}

void
redirect_store_set_provisional(redirect_transaction_t *transaction, uint16_t status)
{
    transaction->response.provisional = status;
}

void
redirect_store_finish(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_response_t *response)
{
    const uint16_t provisional = transaction->response.provisional;

    if (transaction->response.status != 0) {
        return;
    }
    if (is_unanswered(transaction)) {
        if (transaction->call) {
            transaction->call->unanswered--;
        }
        if (transaction->chain) {
            stored_chain(transaction->chain)->unanswered--;
        } else {
            stored(transaction->group)->unanswered--;
        }
    }
    transaction->response = *response;
    transaction->response.provisional = provisional;
    transaction->response.clock = redirect_clock_stamp(&store->clock);
    touch(store, transaction);
}

void
redirect_store_cancel(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_cancel_t *cancel)
{
    if (transaction->cancel == NULL) {
        transaction->cancel = wmem_new(store->scope, redirect_cancel_t);
        *transaction->cancel = *cancel;
    }
}

void
redirect_store_set_history(redirect_store_t *store, redirect_transaction_t *transaction,
                           struct redirect_history *history)
{
    wmem_free(store->scope, transaction->history);
    transaction->history = history;
}

void
redirect_store_add_gaps(redirect_transaction_t *transaction, unsigned gaps)
{
    transaction->gaps = (uint16_t)(transaction->gaps | gaps);
    if (transaction->chain) {
        transaction->chain->gaps |= gaps;
    }
}

/* All members of a group are requests in a dialog that were accepted. */
static bool
is_over_for_good(const redirect_transaction_t *group)
{
    if (((const stored_transaction_t *)group)->is_shown) {
        return false;
    }
    for (const redirect_transaction_t *member = next_of_group(group->call->first, group); member;
         member = next_of_group(member->next_in_call, group)) {
        if (member->request.to_tag == 0 || member->response.status / 100 != 2) {
            return false;
        }
    }
    return true;
}

void
redirect_store_drop(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_call_t *call = transaction->call;

    if (call == NULL || transaction->chain || !is_over_for_good(transaction->group)) {
        return;
    }
    call_let_go(store, call, goes_with, transaction);
    call_requeue(store, call);
    call_free_if_empty(store, call);
}

/* --- redirects ---------------------------------------------------------------------------------------------------- */

redirect_t *
redirect_store_new_redirect(redirect_store_t *store, uint16_t code, uint32_t frame, redirect_time_t time)
{
    redirect_t *redirect = wmem_new0(store->scope, redirect_t);

    redirect->code = code;
    redirect->frame = frame;
    redirect->time = time;
    redirect->clock = redirect_clock_stamp(&store->clock);
    return redirect;
}

void
redirect_store_discard_redirect(redirect_store_t *store, redirect_t *redirect)
{
    for (unsigned i = 0; i < redirect->target_count; i++) {
        redirect_target_t *target = &redirect->target[i];
        if (target->written.text != target->uri) {
            wmem_free(store->scope, (void *)(uintptr_t)target->written.text);
        }
        wmem_free(store->scope, (void *)(uintptr_t)target->uri);
    }
    wmem_free(store->scope, redirect->target);
    wmem_free(store->scope, redirect);
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
