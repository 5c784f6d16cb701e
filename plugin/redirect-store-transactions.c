/* redirect-store-transactions.c
 * Transactions: how they are made, what becomes of them, and how they are freed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

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

static size_t
caller_size(const redirect_caller_t *caller)
{
    return sizeof(*caller) + caller->session_id.len + caller->leg_ids.len;
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
    request->has_identity = opening->has_identity;
    request->has_asserted = opening->has_asserted;
    request->is_cut = opening->is_cut;
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
    transaction->via_path = opening->via_path;
    put_request(&transaction->request, opening, &text);
    transaction->request.via_count = opening->key.via_count;
    transaction->request.method = opening->key.method;
    if (opening->method_name.len > 0) {
        redirect_extras_t *extras = redirect_store_extras(store, transaction);
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
    redirect_call_t *call = redirect_store_call_get(store, call_id);
    redirect_transaction_t *transaction;

    redirect_store_make_room(store, call);
    transaction = transaction_new(store, opening);
    transaction->first_frame = frame;
    transaction->live->call = call;
    *(call->last ? &call->last->live->next_in_call : &call->first) = transaction;
    call->last = transaction;
    call->count++;
    call->unanswered = (uint16_t)(call->unanswered + is_unanswered(transaction));
    store->candidates++;
    redirect_store_touch(store, transaction);
    return transaction;
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
        redirect_store_keep_request_uri(transaction);
        transaction->chain->start = MIN(transaction->chain->start, opening->time);
    }
}

void
redirect_store_set_provisional(redirect_transaction_t *transaction, uint16_t status, redirect_time_t time)
{
    redirect_response_t *response = &transaction->response;

    response->provisional = status;
    if (response->status != 0) {
        return;
    }
    if (status == 180 && !response->rang) {
        response->rang = true;
        response->rang_at = time;
    }
    response->progressed = response->progressed || status == 183;
}

redirect_time_t
redirect_store_saw_again(redirect_store_t *store, redirect_transaction_t *transaction, redirect_time_t time)
{
    redirect_extras_t *extras = redirect_store_extras(store, transaction);
    const redirect_time_t before = extras->again_at ? extras->again_at : transaction->response.time;

    extras->again_at = time;
    return time - before;
}

void
redirect_store_ring(redirect_store_t *store, redirect_transaction_t *transaction, uint16_t status, redirect_time_t time)
{
    redirect_store_set_provisional(transaction, status, time);
    if (transaction->response.status == 0 && status > 100) {
        transaction->response.time = time;
        transaction->response.clock = redirect_clock_stamp(&store->clock);
        redirect_store_touch(store, transaction);
    }
}

void
redirect_store_repeat(redirect_transaction_t *transaction, redirect_time_t time)
{
    redirect_response_t *response = &transaction->response;
    const redirect_time_t last = MAX(response->time, transaction->request.time);

    if (response->status == 0 && time - last >= REDIRECT_COPIED_WITHIN) {
        response->time = time;
        response->repeats = MIN(response->repeats + 1U, REDIRECT_MOST_REPEATS);
    }
}

void
redirect_store_saw_at(redirect_transaction_t *transaction, redirect_endpoint_t destination)
{
    if (!redirect_same_address(redirect_request_destination(transaction), destination)) {
        transaction->request.seen_elsewhere = true;
    }
}

void
redirect_store_set_unseen(redirect_transaction_t *transaction)
{
    transaction->response.is_unseen = transaction->response.status == 0;
}

void
redirect_store_finish(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_response_t *response,
                      uint32_t retry_after)
{
    const redirect_response_t before = transaction->response;

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
    transaction->response.provisional = before.provisional;
    transaction->response.rang = before.rang;
    transaction->response.rang_at = before.rang_at;
    transaction->response.progressed = before.progressed;
    transaction->response.repeats = before.repeats;
    transaction->response.clock = redirect_clock_stamp(&store->clock);
    if (retry_after) {
        redirect_store_extras(store, transaction)->retry_after = retry_after;
    }
    redirect_store_end_leg(transaction, transaction->response.time);
    redirect_store_touch(store, transaction);
}

void
redirect_store_cancel(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_cancel_t *cancel)
{
    if (transaction->extras->cancel == NULL) {
        redirect_cancel_t *copy = redirect_pool_alloc(&store->pool, sizeof(*copy));
        *copy = *cancel;
        redirect_store_extras(store, transaction)->cancel = copy;
        redirect_store_end_leg(transaction, copy->time);
    }
}

void
redirect_store_set_history(redirect_store_t *store, redirect_transaction_t *transaction,
                           struct redirect_history *history)
{
    if (history || transaction->extras->history) {
        redirect_extras_t *extras = redirect_store_extras(store, transaction);
        wmem_free(store->scope, extras->history);
        extras->history = history;
    }
}

/* That of a visible transaction is never freed before the store. */
static redirect_announcement_t *
announcement_of(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_extras_t *extras = redirect_store_extras(store, transaction);

    if (extras->announcement == NULL) {
        extras->announcement = redirect_pool_alloc0(&store->pool, sizeof(redirect_announcement_t));
    }
    return extras->announcement;
}

void
redirect_store_add_error_info(redirect_store_t *store, redirect_transaction_t *transaction, sip_slice_t uri)
{
    redirect_announcement_t *announcement;
    char *text, *at;

    if (transaction->chain == NULL || uri.len == 0) {
        return;
    }
    announcement = announcement_of(store, transaction);
    if (announcement->count < REDIRECT_ERROR_INFO_URIS) {
        at = text = redirect_pool_alloc(&store->pool, uri.len);
        announcement->uri[announcement->count++] = sip_slice_make(put_text(&at, uri), uri.len);
    }
}

void
redirect_store_set_announcement(redirect_store_t *store, redirect_transaction_t *transaction,
                                const redirect_transaction_t *of)
{
    if (of && of != transaction && transaction->chain && transaction->chain == of->chain) {
        announcement_of(store, transaction)->of = of;
        transaction->chain->announces = true;
    }
}

void
redirect_store_set_unreachable(redirect_store_t *store, redirect_transaction_t *transaction, uint32_t frame)
{
    if (transaction->extras->unreachable_in == 0) {
        redirect_store_extras(store, transaction)->unreachable_in = frame;
    }
}

void
redirect_store_set_lacks_credentials(redirect_transaction_t *transaction)
{
    transaction->request.lacks_credentials = true;
}

void
redirect_store_add_gaps(redirect_transaction_t *transaction, unsigned gaps)
{
    transaction->gaps |= gaps;
    if (transaction->chain) {
        transaction->chain->gaps |= gaps;
    }
}

/* --- extras, and freeing ------------------------------------------------------------------------------------------- */

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
    redirect_store_free_leg(store, transaction);
    caller_free(store, live->public.caller);
    redirect_pool_free(&store->pool, live, sizeof(*live));
    transaction->live = NULL;
}

void
redirect_store_retire_transaction(redirect_store_t *store, redirect_transaction_t *transaction)
{
    live_free(store, transaction);
    if (transaction->chain == NULL) {
        /* Its record has it in words, and it will be part of no chain that asks for more. */
        redirect_store_set_history(store, transaction, NULL);
    }
    for (redirect_t *own = transaction->redirect; own; own = own->later) {
        if (own->transaction == transaction) {
            redirect_store_free_target_uris(store, own);
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

void
redirect_store_free_transaction(redirect_store_t *store, redirect_transaction_t *transaction)
{
    const size_t size = sizeof(*transaction) + live_of(transaction)->text_size;

    extras_free(store, transaction->extras);
    late_text_free(store, transaction);
    live_free(store, transaction);
    redirect_pool_free(&store->pool, transaction, size);
}

redirect_extras_t *
redirect_store_extras(redirect_store_t *store, redirect_transaction_t *transaction)
{
    if (transaction->extras == &redirect_no_extras) {
        transaction->extras = redirect_pool_alloc0(&store->pool, sizeof(redirect_extras_t));
    }
    return (redirect_extras_t *)(uintptr_t)transaction->extras;
}
