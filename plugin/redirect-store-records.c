/* redirect-store-records.c
 * What is kept of each message: a few bytes while its chain is a candidate, a record once it is visible.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* The page with a number, or NULL. Frames come in order, so it is nearly always the latest, or there is none yet. */
static redirect_record_t **
page_find(const redirect_store_t *store, uint32_t number)
{
    if (store->latest_page == NULL || number > store->latest_page_number) {
        return NULL;
    }
    return number == store->latest_page_number ? store->latest_page
                                               : wmem_map_lookup(store->pages, GUINT_TO_POINTER(number));
}

/* Where the records of a frame hang; its page is made where there is none yet. */
static redirect_record_t **
page_slot(redirect_store_t *store, uint32_t frame)
{
    const uint32_t number = frame / RECORDS_PER_PAGE;
    redirect_record_t **page = page_find(store, number);

    if (page == NULL) {
        page = wmem_alloc0_array(store->scope, redirect_record_t *, RECORDS_PER_PAGE);
        wmem_map_insert(store->pages, GUINT_TO_POINTER(number), page);
        if (store->latest_page == NULL || number > store->latest_page_number) {
            store->latest_page = page;
            store->latest_page_number = number;
        }
    }
    return &page[frame % RECORDS_PER_PAGE];
}

redirect_record_t *
redirect_store_records(const redirect_store_t *store, uint32_t frame)
{
    redirect_record_t **page = page_find(store, frame / RECORDS_PER_PAGE);

    return page ? page[frame % RECORDS_PER_PAGE] : NULL;
}

redirect_details_t *
redirect_store_details(redirect_store_t *store, redirect_record_t *record)
{
    if (record->details == &store->no_details) {
        record->details = redirect_pool_alloc0(&store->pool, sizeof(*record->details));
    }
    return record->details;
}

/* Lists a record in its frame by the position of its message. */
static void
list_in_frame(redirect_store_t *store, redirect_record_t *record)
{
    redirect_record_t **slot = page_slot(store, record->frame);
    redirect_record_t *next = *slot, *previous = NULL;

    while (next && next->index <= record->index) {
        previous = next;
        next = redirect_next_in_frame(next);
    }
    if (next) {
        redirect_store_details(store, record)->next_in_frame = next;
    }
    if (previous) {
        redirect_store_details(store, previous)->next_in_frame = record;
    } else {
        *slot = record;
    }
}

static redirect_record_t *
record_new(redirect_store_t *store, const stored_message_t *message, redirect_transaction_t *transaction)
{
    redirect_record_t *record = redirect_pool_alloc(&store->pool, sizeof(*record));

    *record = (redirect_record_t){
        .transaction = transaction,
        .details = &store->no_details,
        .frame = message->frame,
        .index = message->index,
        .status = message->status,
        .method = message->method,
    };
    list_in_frame(store, record);
    if (transaction) {
        stored_live_t *own = live_of(transaction);
        *(own->last_record ? &own->last_record->next_in_transaction : &transaction->first_record) = record;
        own->last_record = record;
    }
    return record;
}

static stored_message_t
stored_message(const redirect_message_t *message)
{
    return (stored_message_t){
        .frame = message->frame,
        .index = (uint16_t)MIN(message->index, UINT16_MAX),
        .status = message->sip->status,
        .method = message->sip->cseq_method_id,
    };
}

/* Where messages beyond the first few are kept there is room for INLINE_MESSAGES, then for twice as many as before. */
static bool
is_full(uint32_t kept)
{
    const uint32_t times = kept / INLINE_MESSAGES;

    return kept % INLINE_MESSAGES == 0 && (times & (times - 1)) == 0;
}

/* Keeps a message of a candidate. */
static void
keep_message(redirect_store_t *store, stored_live_t *own, stored_message_t message)
{
    uint32_t beyond;

    if (own->message_count < INLINE_MESSAGES) {
        own->is.candidate.message[own->message_count++] = message;
        return;
    }
    beyond = own->message_count++ - INLINE_MESSAGES;
    if (is_full(beyond)) {
        own->is.candidate.more =
            wmem_realloc(store->scope, own->is.candidate.more, MAX(beyond * 2, INLINE_MESSAGES) * sizeof(message));
    }
    own->is.candidate.more[beyond] = message;
}

void
redirect_store_show_messages(redirect_store_t *store, redirect_transaction_t *transaction)
{
    stored_live_t *own = live_of(transaction);
    redirect_record_t *shown = transaction->first_record; /* what was shown while the chain was not */

    for (uint32_t i = 0; i < own->message_count; i++) {
        const stored_message_t *message =
            i < INLINE_MESSAGES ? &own->is.candidate.message[i] : &own->is.candidate.more[i - INLINE_MESSAGES];
        const redirect_record_t *old = shown;
        while (old && (old->frame != message->frame || old->index != message->index)) {
            old = old->next_in_transaction;
        }
        if (old == NULL) {
            (void)record_new(store, message, transaction);
        }
        if (message->method == SIP_METHOD_ACK) {
            redirect_store_set_unseen(transaction);
        }
    }
    wmem_free(store->scope, own->is.candidate.more);
    own->is.candidate.more = NULL;
}

/* A final response is what a user looks for: it is kept however many messages there are. */
static bool
is_left_out(redirect_store_t *store, const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const stored_live_t *own = live_of(transaction);
    const uint16_t status = message->sip->status;

    return own->message_count >= store->config.limits.messages_per_transaction &&
           !(redirect_is_explained(status) && transaction->response.status == 0);
}

redirect_record_t *
redirect_store_add_message(redirect_store_t *store, redirect_transaction_t *transaction,
                           const redirect_message_t *message)
{
    stored_live_t *own = live_of(transaction);

    if (is_left_out(store, transaction, message)) {
        if (transaction->chain) {
            transaction->chain->truncated = true;
        } else {
            own->is_left_out = true;
        }
        return NULL;
    }
    if (transaction->chain == NULL) {
        keep_message(store, own, stored_message(message));
        return NULL;
    }
    own->message_count++;
    stored_message_t kept = stored_message(message);
    return record_new(store, &kept, transaction);
}

redirect_record_t *
redirect_store_show_message(redirect_store_t *store, redirect_transaction_t *transaction,
                            const redirect_message_t *message)
{
    stored_message_t kept = stored_message(message);

    if (transaction->chain == NULL) {
        live_of(group_of(transaction))->is_shown = true;
    }
    return record_new(store, &kept, transaction);
}

redirect_record_t *
redirect_store_lone_record(redirect_store_t *store, const redirect_message_t *message)
{
    stored_message_t kept = stored_message(message);

    return record_new(store, &kept, NULL);
}

redirect_record_t *
redirect_store_find_record(const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    redirect_record_t *record = live_of(transaction)->last_record;

    if (record && record->frame == message->frame && record->index == message->index) {
        return record;
    }
    record = transaction->first_record;
    while (record && (record->frame != message->frame || record->index != message->index)) {
        record = record->next_in_transaction;
    }
    return record;
}
