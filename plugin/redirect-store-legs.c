/* redirect-store-legs.c
 * The index of legs: INVITEs by what the other legs of their call would show, where a B2BUA stands between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-back.h"
#include "redirect-store-int.h"

/* Slots of the index, a power of two; it grows, for most captures need few. */
#define FIRST_SLOTS 1024

/* Addresses that received an INVITE: a power of two, and how many places each may have. */
#define RECEIVERS 2048
#define RECEIVER_PLACES 8

/* Callers that are remembered to be more than one person: a power of two. */
#define SHARED_NUMBERS 1024

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
    store->receivers = wmem_alloc0_array(store->scope, leg_receiver_t, RECEIVERS);
}

/* --- who is a B2BUA ------------------------------------------------------------------------------------------------ */

/* The place of an address, or an empty one where it has none yet; NULL where there is no room for it. */
static leg_receiver_t *
receiver_place(const redirect_store_t *store, const redirect_endpoint_t *endpoint, uint64_t *key)
{
    *key = redirect_store_address_key(store, endpoint);
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
    if (transaction->response.status != 0) {
        redirect_store_end_leg(transaction, transaction->response.time);
    }
}

/* A challenge ends nothing: the same leg is sent again. */
static bool
is_challenge(unsigned status)
{
    return status == 401 || status == 407;
}

/* How a leg ended, for what it was made of. */
static void
take_end(stored_leg_t *leg, unsigned status, redirect_time_t time)
{
    stored_leg_t *of = leg->of;

    if (of == NULL || leg->is_over || is_challenge(status)) {
        return;
    }
    leg->is_over = true;
    if (status / 100 == 2) {
        of->progress.is_answered = true;
        return;
    }
    of->progress.is_next_due = true;
    of->progress.ended = time;
    of->progress.is_redirected = status / 100 == 3;
    of->progress.ended_likelihood = leg->likelihood;
    if (leg->habits) {
        redirect_leg_habits_learn_end(leg->habits, of->progress.is_redirected);
    }
}

/* A call is over: what came back of the legs that caller and time alone tie to it supports that, or speaks against it. */
static void
compare_ends(const stored_leg_t *above, const redirect_transaction_t *transaction)
{
    for (const stored_leg_t *leg = above->first_leg; leg; leg = leg->next_leg) {
        const redirect_transaction_t *below = leg->filed[0].transaction;
        const redirect_leg_back_t back = redirect_leg_back(transaction, below);
        if (below->response.status / 100 == 2 && back != REDIRECT_LEG_BACK_SILENT && leg->habits &&
            redirect_leg_is_by_caller_alone(leg->taken.evidence)) {
            redirect_leg_habits_learn_trust(leg->habits, back == REDIRECT_LEG_BACK_FITS);
        }
    }
}

void
redirect_store_end_leg(const redirect_transaction_t *transaction, redirect_time_t time)
{
    stored_leg_t *leg = live_of(transaction)->leg;

    if (leg == NULL) {
        return;
    }
    take_end(leg, transaction->response.status, time);
    if (transaction->response.status == 0 || leg->is_answered) {
        return;
    }
    leg->is_answered = true;
    compare_ends(leg, transaction);
    for (unsigned i = 0; i < leg->received; i++) {
        entry_unlist(&leg->filed[i]);
    }
}

static void
untie_from_above(stored_leg_t *leg)
{
    if (leg->of) {
        *leg->link = leg->next_leg;
        if (leg->next_leg) {
            leg->next_leg->link = leg->link;
        }
        leg->of = NULL;
        leg->next_leg = NULL;
        leg->link = NULL;
    }
}

/* Nothing points to it any more. */
static void
untie(stored_leg_t *leg)
{
    while (leg->first_leg) {
        untie_from_above(leg->first_leg);
    }
    untie_from_above(leg);
}

void
redirect_store_free_leg(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    stored_leg_t *leg = live_of(transaction)->leg;

    if (leg == NULL) {
        return;
    }
    untie(leg);
    for (unsigned i = leg->is_answered ? leg->received : 0; i < leg->count; i++) {
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

/* --- what was made of what ---------------------------------------------------------------------------------------- */

redirect_leg_progress_t
redirect_store_leg_progress(const redirect_transaction_t *transaction)
{
    return live_of(transaction)->leg->progress;
}

void
redirect_store_take_leg(const redirect_transaction_t *transaction, const redirect_leg_t *leg, double likelihood,
                        redirect_leg_habits_t *habits)
{
    stored_leg_t *below = live_of(transaction)->leg, *of = leg->of->live ? live_of(leg->of)->leg : NULL;

    if (below == NULL || of == NULL || below->of || below == of) {
        return;
    }
    below->taken = *leg;
    below->likelihood = (float)likelihood;
    below->habits = habits;
    below->of = of;
    below->next_leg = of->first_leg;
    below->link = &of->first_leg;
    if (of->first_leg) {
        of->first_leg->link = &below->next_leg;
    }
    of->first_leg = below;
    of->progress.legs++;
    of->progress.likelihood = (float)likelihood;
    of->progress.made = transaction->request.time;
    of->progress.is_next_due = false;
}

void
redirect_store_untake_leg(const redirect_transaction_t *transaction)
{
    stored_leg_t *leg = live_of(transaction)->leg;

    leg->of->progress.legs--;
    untie_from_above(leg);
    leg->is_unexplained = true;
}

bool
redirect_store_taken_leg(const redirect_transaction_t *transaction, redirect_leg_t *leg)
{
    const stored_leg_t *stored = transaction->live ? live_of(transaction)->leg : NULL;

    if (stored == NULL || stored->of == NULL || stored->taken.confidence == REDIRECT_CONFIDENCE_NONE) {
        return false;
    }
    *leg = stored->taken;
    return true;
}

redirect_transaction_t *
redirect_store_first_leg_of(const redirect_transaction_t *transaction)
{
    const stored_leg_t *leg = transaction->live ? live_of(transaction)->leg : NULL;

    return leg && leg->first_leg ? leg->first_leg->filed[0].transaction : NULL;
}

redirect_transaction_t *
redirect_store_next_leg_of(const redirect_transaction_t *leg)
{
    const stored_leg_t *next = live_of(leg)->leg->next_leg;

    return next ? next->filed[0].transaction : NULL;
}

void
redirect_store_set_unexplained(const redirect_transaction_t *transaction)
{
    live_of(transaction)->leg->is_unexplained = true;
}

bool
redirect_store_is_unexplained(const redirect_transaction_t *transaction)
{
    return live_of(transaction)->leg->is_unexplained;
}

void
redirect_store_set_shared_number(redirect_store_t *store, uint32_t caller)
{
    if (store->shared_numbers == NULL) {
        store->shared_numbers = wmem_alloc0_array(store->scope, uint32_t, SHARED_NUMBERS);
    }
    store->shared_numbers[caller & (SHARED_NUMBERS - 1)] = caller;
}

bool
redirect_store_is_shared_number(const redirect_store_t *store, uint32_t caller)
{
    return store->shared_numbers && store->shared_numbers[caller & (SHARED_NUMBERS - 1)] == caller;
}

redirect_leg_habits_t *
redirect_store_leg_habits(redirect_store_t *store, const redirect_endpoint_t *endpoint)
{
    leg_receiver_t *receiver;
    uint64_t key;

    if (store->receivers == NULL || endpoint->len == 0) {
        return NULL;
    }
    receiver = receiver_place(store, endpoint, &key);
    if (receiver == NULL || receiver->key == 0) {
        return NULL;
    }
    if (receiver->habits == NULL) {
        receiver->habits = wmem_new0(store->scope, redirect_leg_habits_t);
    }
    return receiver->habits;
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
    if (leg->is_answered != (transaction->response.status != 0)) {
        return "the index of legs takes a request for another";
    }
    for (unsigned i = leg->is_answered ? leg->received : 0; i < leg->count; i++) {
        if (leg->filed[i].transaction != transaction || !is_listed(store, &leg->filed[i])) {
            return "the index of legs does not have a request that it should";
        }
    }
    if (leg->of && (*leg->link != leg || leg->taken.of->live == NULL || live_of(leg->taken.of)->leg != leg->of)) {
        return "a request in the index of legs is taken to be made of what is gone";
    }
    return NULL;
}
