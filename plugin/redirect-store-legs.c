/* redirect-store-legs.c
 * The index of legs: INVITEs by what the other legs of their call would show, where a B2BUA stands between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* Counters by a key: a power of two. Where two meet, more is looked for than need be. */
#define WAITING 4096

/* Slots of the index, a power of two; it grows, for most captures need few. */
#define FIRST_SLOTS 1024

/* Addresses that received an INVITE: a power of two, and how many places each may have. */
#define RECEIVERS 2048
#define RECEIVER_PLACES 8

/*
 * Most addresses that receive INVITEs never send one. A B2BUA sends one for nearly each that it receives: so after this
 * many without any nothing is filed for that address until it does.
 */
#define RECEIVED_WITHOUT_SENDING 8

static void
index_new(redirect_store_t *store)
{
    store->leg_slots = FIRST_SLOTS;
    store->legs = wmem_alloc0_array(store->scope, redirect_filed_leg_t *, store->leg_slots);
    store->legs_waiting = wmem_alloc0_array(store->scope, uint32_t, WAITING);
    store->receivers = wmem_alloc0_array(store->scope, leg_receiver_t, RECEIVERS);
}

/* --- who is a B2BUA ------------------------------------------------------------------------------------------------ */

/* The place of an address, or an empty one where it has none yet; NULL where there is no room for it. */
static leg_receiver_t *
receiver_place(const redirect_store_t *store, const redirect_endpoint_t *endpoint, uint64_t *key)
{
    *key = redirect_hash(&store->secret, sip_slice_make((const char *)endpoint->address, endpoint->len));
    for (unsigned i = 0; i < RECEIVER_PLACES; i++) {
        leg_receiver_t *receiver = &store->receivers[(*key + i) & (RECEIVERS - 1)];
        if (receiver->key == *key || receiver->key == 0) {
            return receiver;
        }
    }
    return NULL;
}

/* Of an address for which there is no room it is not known: so it may. */
static bool
count_received(redirect_store_t *store, const redirect_endpoint_t *destination)
{
    uint64_t key;
    leg_receiver_t *receiver = receiver_place(store, destination, &key);

    if (receiver == NULL) {
        return true;
    }
    receiver->key = key;
    if (receiver->received <= RECEIVED_WITHOUT_SENDING) {
        receiver->received++;
    }
    return receiver->sends || receiver->received <= RECEIVED_WITHOUT_SENDING;
}

static bool
count_sent(redirect_store_t *store, const redirect_endpoint_t *source)
{
    uint64_t key;
    leg_receiver_t *receiver = receiver_place(store, source, &key);

    if (receiver && receiver->key) {
        receiver->sends = true;
    }
    return receiver == NULL || receiver->key;
}

unsigned
redirect_store_count_invite(redirect_store_t *store, const redirect_endpoint_t *source,
                            const redirect_endpoint_t *destination)
{
    unsigned what = 0;

    if (source->len == 0 || destination->len == 0) {
        return 0;
    }
    if (store->legs == NULL) {
        index_new(store);
    }
    what |= count_sent(store, source) ? REDIRECT_LEG_SENT : 0;
    return what | (count_received(store, destination) ? REDIRECT_LEG_RECEIVED : 0);
}

bool
redirect_store_receives_invites(const redirect_store_t *store, const redirect_endpoint_t *endpoint)
{
    const leg_receiver_t *receiver;
    uint64_t key;

    if (store->receivers == NULL || endpoint->len == 0) {
        return false;
    }
    receiver = receiver_place(store, endpoint, &key);
    return receiver == NULL || receiver->key;
}

/* --- filing ------------------------------------------------------------------------------------------------------- */

static redirect_filed_leg_t **
slot_of(const redirect_store_t *store, uint64_t key)
{
    return &store->legs[key & (store->leg_slots - 1)];
}

static uint32_t *
waiting_of(const redirect_store_t *store, uint64_t key)
{
    return &store->legs_waiting[key & (WAITING - 1)];
}

static void
entry_list(const redirect_store_t *store, redirect_filed_leg_t *filed)
{
    filed->link = slot_of(store, filed->key);
    filed->next = *filed->link;
    if (filed->next) {
        filed->next->link = &filed->next;
    }
    *filed->link = filed;
}

static void
entry_unlist(const redirect_filed_leg_t *filed)
{
    *filed->link = filed->next;
    if (filed->next) {
        filed->next->link = filed->link;
    }
}

/* Makes room for twice as many slots as there are entries. */
static void
index_grow(redirect_store_t *store)
{
    redirect_filed_leg_t **const old = store->legs;
    const unsigned old_slots = store->leg_slots;

    if (store->leg_entries < store->leg_slots) {
        return;
    }
    store->leg_slots = 4 * old_slots;
    store->legs = wmem_alloc0_array(store->scope, redirect_filed_leg_t *, store->leg_slots);
    for (unsigned i = 0; i < old_slots; i++) {
        redirect_filed_leg_t *newest_last = NULL;
        while (old[i]) { /* entry_list() puts each before those that are there: so the oldest goes first */
            redirect_filed_leg_t *filed = old[i];
            old[i] = filed->next;
            filed->next = newest_last;
            newest_last = filed;
        }
        while (newest_last) {
            redirect_filed_leg_t *filed = newest_last;
            newest_last = filed->next;
            entry_list(store, filed);
        }
    }
    wmem_free(store->scope, old);
}

static size_t
leg_size(unsigned count)
{
    return sizeof(stored_leg_t) + count * sizeof(redirect_filed_leg_t);
}

uint64_t
redirect_store_answered_key(const redirect_store_t *store, uint64_t key)
{
    return redirect_hash_pair(&store->secret, key, 1);
}

void
redirect_store_file_leg(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_leg_facts_t *facts,
                        const uint64_t *key, unsigned count, unsigned received)
{
    stored_live_t *live = live_of(transaction);
    stored_leg_t *leg;

    if (live->leg || count == 0) {
        return;
    }
    if (store->legs == NULL) {
        index_new(store);
    }
    count = MIN(count, REDIRECT_LEG_MAX_KEYS);
    store->leg_entries += count;
    index_grow(store);
    leg = redirect_pool_alloc0(&store->pool, leg_size(count));
    leg->facts = *facts;
    leg->count = (uint8_t)count;
    leg->received = (uint8_t)MIN(received, count);
    for (unsigned i = 0; i < count; i++) {
        leg->filed[i].transaction = transaction;
        leg->filed[i].key = key[i];
        entry_list(store, &leg->filed[i]);
    }
    live->leg = leg;
    redirect_store_update_leg(store, transaction);
}

static void
set_waiting(const redirect_store_t *store, stored_leg_t *leg, bool is_waiting)
{
    if (leg->is_waiting == is_waiting) {
        return;
    }
    leg->is_waiting = is_waiting;
    for (unsigned i = 0; i < leg->count; i++) {
        uint32_t *waiting = waiting_of(store, leg->filed[i].key);
        *waiting = is_waiting ? *waiting + 1 : *waiting - 1;
    }
}

void
redirect_store_update_leg(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    stored_leg_t *leg = live_of(transaction)->leg;

    if (leg == NULL) {
        return;
    }
    set_waiting(store, leg, transaction->chain && transaction->response.status == 0);
    if (transaction->response.status == 0 || leg->is_answered) {
        return;
    }
    leg->is_answered = true;
    for (unsigned i = 0; i < leg->received; i++) {
        entry_unlist(&leg->filed[i]);
        leg->filed[i].key = redirect_store_answered_key(store, leg->filed[i].key);
        entry_list(store, &leg->filed[i]);
    }
}

void
redirect_store_free_leg(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    stored_leg_t *leg = live_of(transaction)->leg;

    if (leg == NULL) {
        return;
    }
    set_waiting(store, leg, false);
    for (unsigned i = 0; i < leg->count; i++) {
        entry_unlist(&leg->filed[i]);
    }
    live_of(transaction)->leg = NULL;
    store->leg_entries -= leg->count;
    redirect_pool_free(&store->pool, leg, leg_size(leg->count));
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

const redirect_leg_facts_t *
redirect_store_leg_facts(const redirect_transaction_t *transaction)
{
    return transaction->live && live_of(transaction)->leg ? &live_of(transaction)->leg->facts : NULL;
}

static const redirect_filed_leg_t *
first_with_key(const redirect_filed_leg_t *from, uint64_t key)
{
    while (from && from->key != key) {
        from = from->next;
    }
    return from;
}

const redirect_filed_leg_t *
redirect_store_filed_leg(const redirect_store_t *store, uint64_t key)
{
    return store->legs && key ? first_with_key(*slot_of(store, key), key) : NULL;
}

const redirect_filed_leg_t *
redirect_store_next_filed_leg(const redirect_filed_leg_t *filed)
{
    return first_with_key(filed->next, filed->key);
}

redirect_transaction_t *
redirect_filed_leg_transaction(const redirect_filed_leg_t *filed)
{
    return filed->transaction;
}

bool
redirect_store_leg_may_wait(const redirect_store_t *store, uint64_t key)
{
    return store->legs && *waiting_of(store, key) > 0;
}

/* --- the check ---------------------------------------------------------------------------------------------------- */

static bool
is_listed(const redirect_store_t *store, const redirect_filed_leg_t *wanted)
{
    const redirect_filed_leg_t *filed = redirect_store_filed_leg(store, wanted->key);

    while (filed && filed != wanted) {
        filed = redirect_store_next_filed_leg(filed);
    }
    return filed && *filed->link == filed;
}

const char *
redirect_store_check_leg(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const stored_leg_t *leg = live_of(transaction)->leg;

    if (leg == NULL) {
        return NULL;
    }
    if (leg->is_waiting != (transaction->chain && transaction->response.status == 0) ||
        leg->is_answered != (transaction->response.status != 0)) {
        return "the index of legs takes a request for another";
    }
    for (unsigned i = 0; i < leg->count; i++) {
        if (leg->filed[i].transaction != transaction || !is_listed(store, &leg->filed[i]) ||
            (leg->is_waiting && !redirect_store_leg_may_wait(store, leg->filed[i].key))) {
            return "the index of legs does not have a request that it should";
        }
    }
    return NULL;
}
