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

static redirect_record_t *
record_alloc(redirect_store_t *store)
{
    if (store->free_records == 0) {
        store->free_record = wmem_alloc_array(store->scope, redirect_record_t, RECORDS_PER_BLOCK);
        store->free_records = RECORDS_PER_BLOCK;
    }
    store->free_records--;
    return store->free_record++;
}

/* Makes a record, listed in its frame by the position of its message. */
static redirect_record_t *
record_new(redirect_store_t *store, const stored_message_t *message, redirect_transaction_t *transaction)
{
    redirect_record_t *record = record_alloc(store);
    redirect_record_t **link = page_slot(store, message->frame);

    *record = (redirect_record_t){
        .transaction = transaction,
        .details = &store->no_details,
        .frame = message->frame,
        .index = message->index,
        .status = message->status,
        .method = message->method,
    };
    while (*link && (*link)->index <= record->index) {
        link = &(*link)->next_in_frame;
    }
    record->next_in_frame = *link;
    *link = record;
    if (transaction) {
        stored_transaction_t *own = stored(transaction);
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

/* Keeps a message of a candidate. */
static void
keep_message(redirect_store_t *store, stored_transaction_t *own, stored_message_t message)
{
    if (own->message_count < INLINE_MESSAGES) {
        own->message[own->message_count++] = message;
        return;
    }
    if (own->message_count - INLINE_MESSAGES == own->more_size) {
        own->more_size = own->more_size ? own->more_size * 2 : INLINE_MESSAGES;
        own->more = wmem_realloc(store->scope, own->more, own->more_size * sizeof(message));
    }
    own->more[own->message_count++ - INLINE_MESSAGES] = message;
}

void
redirect_store_show_messages(redirect_store_t *store, redirect_transaction_t *transaction)
{
    stored_transaction_t *own = stored(transaction);
    redirect_record_t *shown = transaction->first_record; /* what was shown while the chain was not */

    for (uint32_t i = 0; i < own->message_count; i++) {
        const stored_message_t *message = i < INLINE_MESSAGES ? &own->message[i] : &own->more[i - INLINE_MESSAGES];
        const redirect_record_t *old = shown;
        while (old && (old->frame != message->frame || old->index != message->index)) {
            old = old->next_in_transaction;
        }
        if (old == NULL) {
            (void)record_new(store, message, transaction);
        }
    }
    wmem_free(store->scope, own->more);
    own->more = NULL;
    own->more_size = 0;
}

/* A final response is what a user looks for: it is kept however many messages there are. */
static bool
is_left_out(redirect_store_t *store, const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const stored_transaction_t *own = (const stored_transaction_t *)transaction;
    const uint16_t status = message->sip->status;

    return own->message_count >= store->config.limits.messages_per_transaction &&
           !((status / 100 == 3 || status / 100 == 6) && transaction->response.status == 0);
}

redirect_record_t *
redirect_store_add_message(redirect_store_t *store, redirect_transaction_t *transaction,
                           const redirect_message_t *message)
{
    stored_transaction_t *own = stored(transaction);

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
        stored(transaction->group)->is_shown = true;
    }
    return record_new(store, &kept, transaction);
}

redirect_record_t *
redirect_store_lone_record(redirect_store_t *store, const redirect_message_t *message)
{
    stored_message_t kept = stored_message(message);

    return record_new(store, &kept, NULL);
}

redirect_details_t *
redirect_store_details(redirect_store_t *store, redirect_record_t *record)
{
    if (record->details == &store->no_details) {
        record->details = wmem_new0(store->scope, redirect_details_t);
    }
    return record->details;
}

redirect_record_t *
redirect_store_find_record(const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    redirect_record_t *record = ((const stored_transaction_t *)transaction)->last_record;

    if (record && record->frame == message->frame && record->index == message->index) {
        return record;
    }
    record = transaction->first_record;
    while (record && (record->frame != message->frame || record->index != message->index)) {
        record = record->next_in_transaction;
    }
    return record;
}
