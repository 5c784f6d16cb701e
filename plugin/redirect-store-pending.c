/* redirect-store-pending.c
 * The pending index: redirects by what a follow-up under another Call-ID would show.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

static unsigned
hash_of(const redirect_store_t *store, sip_slice_t key)
{
    return (unsigned)redirect_hash(&store->secret, key);
}

/* Where the entries of all keys with a hash hang; the slots must be there. */
static pending_entry_t **
slot_of(const redirect_store_t *store, unsigned hash)
{
    return &store->pending[hash & (store->pending_slots - 1)];
}

static sip_slice_t
key_of(const pending_entry_t *entry)
{
    return sip_slice_make((const char *)(entry + 1), entry->key_len);
}

static bool
has_key(const pending_entry_t *entry, unsigned hash, sip_slice_t key)
{
    return entry->hash == hash && sip_slice_equal(key_of(entry), key);
}

/* The first entry with a key, from one on in its slot. */
static pending_entry_t *
first_with_key(pending_entry_t *from, unsigned hash, sip_slice_t key)
{
    while (from && !has_key(from, hash, key)) {
        from = from->next_in_slot;
    }
    return from;
}

static pending_entry_t *
next_of_key(const pending_entry_t *entry)
{
    return first_with_key(entry->next_in_slot, entry->hash, key_of(entry));
}

/* One that was filed under a further key later stands among younger ones, and may be too old before it goes. */
static const redirect_pending_t *
first_in_window(const redirect_store_t *store, const pending_entry_t *entry)
{
    while (entry && !redirect_store_is_in_link_window(store, entry->filed)) {
        entry = next_of_key(entry);
    }
    return (const redirect_pending_t *)entry;
}

/* The oldest entry that has the key of another. */
static pending_entry_t *
first_of_key(const redirect_store_t *store, const pending_entry_t *entry)
{
    return first_with_key(*slot_of(store, entry->hash), entry->hash, key_of(entry));
}

static uint16_t
party_of(const redirect_store_t *store, const redirect_endpoint_t *party)
{
    return (uint16_t)(redirect_store_address_key(store, party) % PARTIES);
}

static void
entry_remove(redirect_store_t *store, pending_entry_t *entry)
{
    pending_entry_t **link = slot_of(store, entry->hash);

    while (*link != entry) {
        link = &(*link)->next_in_slot;
    }
    *link = entry->next_in_slot;
    *(entry->previous_to_expire ? &entry->previous_to_expire->next_to_expire : &store->expire_first) =
        entry->next_to_expire;
    *(entry->next_to_expire ? &entry->next_to_expire->previous_to_expire : &store->expire_last) =
        entry->previous_to_expire;
    if (entry->has_party) {
        store->parties[entry->party]--;
    }
    redirect_pool_free(&store->pool, entry, sizeof(*entry) + entry->key_len);
    store->pending_count--;
}

/* Nobody needs this entry any more: its target was tried. */
static bool
is_spent(const pending_entry_t *entry)
{
    const redirect_t *redirect = entry->public.redirect;

    if (entry->public.target) {
        return entry->public.target->tried_by != NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (redirect->target[i].tried_by == NULL) {
            return false;
        }
    }
    return true;
}

/* Drops an entry before its time: what it stands for can no longer be found. */
static void
entry_drop(redirect_store_t *store, pending_entry_t *entry)
{
    if (!is_spent(entry)) {
        entry->public.redirect->gaps |= REDIRECT_GAP_PENDING_DROPPED;
    }
    entry_remove(store, entry);
}

/* Under a busy key, which has count entries: first those go that nobody needs, then the oldest. The newest stays. */
static void
make_room(redirect_store_t *store, const pending_entry_t *newest, unsigned count)
{
    const unsigned limit = store->config.limits.pending_per_key;
    pending_entry_t *entry = first_of_key(store, newest);

    while (entry != newest && count > limit) {
        pending_entry_t *next = next_of_key(entry);
        if (is_spent(entry)) {
            entry_remove(store, entry);
            count--;
        }
        entry = next;
    }
    for (; count > limit; count--) {
        entry_drop(store, first_of_key(store, newest));
    }
}

static pending_entry_t *
entry_new(redirect_store_t *store, sip_slice_t key, const redirect_pending_t *what)
{
    pending_entry_t *entry = redirect_pool_alloc0(&store->pool, sizeof(*entry) + key.len);

    memcpy(entry + 1, key.ptr, key.len);
    entry->key_len = (uint16_t)key.len;
    entry->hash = hash_of(store, key);
    entry->filed = redirect_clock_stamp(&store->clock);
    entry->public = *what;
    return entry;
}

/* Puts an entry at the end of its slot, and of those that expire; makes room where too many have its key. */
static void
entry_list(redirect_store_t *store, pending_entry_t *entry)
{
    const sip_slice_t key = key_of(entry);
    pending_entry_t **link;
    unsigned count = 1;

    for (link = slot_of(store, entry->hash); *link; link = &(*link)->next_in_slot) {
        count += has_key(*link, entry->hash, key);
    }
    *link = entry;
    entry->previous_to_expire = store->expire_last;
    *(store->expire_last ? &store->expire_last->next_to_expire : &store->expire_first) = entry;
    store->expire_last = entry;
    store->pending_count++;
    make_room(store, entry, count);
}

static bool
can_be_filed(sip_slice_t key, const redirect_pending_t *what)
{
    return key.len > 0 && key.len <= UINT16_MAX && what->leg->chain != NULL;
}

bool
redirect_store_file(redirect_store_t *store, sip_slice_t key, const redirect_endpoint_t *party,
                    const redirect_pending_t *what)
{
    pending_entry_t *entry;

    if (!can_be_filed(key, what)) {
        return false;
    }
    if (store->pending == NULL) {
        store->pending = wmem_alloc0_array(store->scope, pending_entry_t *, store->pending_slots);
        store->parties = wmem_alloc0_array(store->scope, uint32_t, PARTIES);
    }
    entry = entry_new(store, key, what);
    if (party) {
        entry->has_party = true;
        entry->party = party_of(store, party);
        store->parties[entry->party]++;
    }
    entry_list(store, entry);
    return true;
}

void
redirect_store_file_further(redirect_store_t *store, sip_slice_t key, const redirect_pending_t *known)
{
    const redirect_pending_t what = {
        .redirect = known->redirect, .leg = known->leg, .traits = known->traits, .open = known->open};
    pending_entry_t *entry;

    if (can_be_filed(key, &what)) {
        entry = entry_new(store, key, &what);
        entry->filed = ((const pending_entry_t *)known)->filed;
        entry_list(store, entry);
    }
}

const redirect_pending_t *
redirect_store_pending(const redirect_store_t *store, sip_slice_t key)
{
    unsigned hash;

    if (store->pending == NULL || key.len == 0) {
        return NULL;
    }
    hash = hash_of(store, key);
    return first_in_window(store, first_with_key(*slot_of(store, hash), hash, key));
}

const redirect_pending_t *
redirect_store_next_pending(const redirect_store_t *store, const redirect_pending_t *pending)
{
    return first_in_window(store, next_of_key((const pending_entry_t *)pending));
}

sip_slice_t
redirect_store_pending_key(const redirect_pending_t *pending)
{
    return key_of((const pending_entry_t *)pending);
}

const redirect_pending_t *
redirect_store_last_filed(const redirect_store_t *store)
{
    return (const redirect_pending_t *)store->expire_last;
}

const redirect_pending_t *
redirect_store_filed_before(const redirect_pending_t *pending)
{
    return (const redirect_pending_t *)((const pending_entry_t *)pending)->previous_to_expire;
}

const redirect_pending_t *
redirect_store_filed_after(const redirect_pending_t *pending)
{
    return (const redirect_pending_t *)((const pending_entry_t *)pending)->next_to_expire;
}

bool
redirect_store_expects_history(const redirect_store_t *store)
{
    return store->expects_history;
}

void
redirect_store_expect_history(redirect_store_t *store)
{
    store->expects_history = true;
}

bool
redirect_store_may_wait_for(const redirect_store_t *store, const redirect_endpoint_t *party)
{
    return store->parties && store->parties[party_of(store, party)] > 0;
}

void
redirect_store_doubt(redirect_store_t *store, const redirect_pending_t *pending, double likelihood, uint32_t frame)
{
    (void)store;
    ((pending_entry_t *)(uintptr_t)pending)->public.open *= 1 - likelihood;
    if (likelihood >= REDIRECT_MAY_FOLLOW_FROM && pending->redirect->maybe_in == 0) {
        pending->redirect->maybe_in = frame;
    }
}

redirect_odds_t *
redirect_store_odds(redirect_store_t *store)
{
    return store->odds;
}

redirect_odds_t *
redirect_store_begin_odds(redirect_store_t *store)
{
    if (store->odds == NULL) {
        store->odds = redirect_odds_new(store->scope, store->clock.now);
    }
    return store->odds;
}

bool
redirect_store_has_no_pending(const redirect_store_t *store)
{
    return store->pending_count == 0;
}

bool
redirect_store_is_in_link_window(const redirect_store_t *store, redirect_time_t came)
{
    const redirect_time_t window = (redirect_time_t)store->config.link_window * REDIRECT_SECOND;

    return store->clock.now - came <= window;
}

/* As the next victims among the calls: what expires next was not touched for long. */
static void
fetch_next_to_expire(const redirect_store_t *store)
{
    const pending_entry_t *next = store->expire_first ? store->expire_first->next_to_expire : NULL;

    if (next) {
        redirect_store_prefetch(next->next_to_expire, sizeof(*next));
        redirect_store_prefetch(slot_of(store, next->hash), sizeof(void *));
    }
}

void
redirect_store_expire_pending(redirect_store_t *store)
{
    const redirect_time_t stamp = redirect_clock_stamp(&store->clock);

    while (store->expire_first) {
        pending_entry_t *entry = store->expire_first;
        entry->filed = MIN(entry->filed, stamp); /* one ahead of the clock came with a wrong time */
        if (redirect_store_is_in_link_window(store, entry->filed)) {
            break;
        }
        entry_remove(store, entry);
    }
    while (store->pending_count > store->config.limits.pending_redirects) {
        entry_drop(store, store->expire_first);
    }
    fetch_next_to_expire(store);
}

/* True where the counters of the addresses have as many entries as there are. */
static bool
are_parties_counted(const redirect_store_t *store)
{
    uint64_t counted = 0;

    for (size_t i = 0; store->parties && i < PARTIES; i++) {
        counted += store->parties[i];
    }
    for (const pending_entry_t *entry = store->expire_first; entry; entry = entry->next_to_expire) {
        if (entry->has_party && store->parties[entry->party] == 0) {
            return false;
        }
        counted -= entry->has_party;
    }
    return counted == 0;
}

/* How many entries of a key there are; 0 where wanted is not among them. */
static unsigned
count_of_key(const redirect_store_t *store, const pending_entry_t *wanted)
{
    unsigned count = 0;
    bool is_there = false;

    for (const pending_entry_t *entry = first_of_key(store, wanted); entry; entry = next_of_key(entry), count++) {
        is_there = is_there || entry == wanted;
    }
    return is_there ? count : 0;
}

const char *
redirect_store_check_pending(const redirect_store_t *store)
{
    unsigned count = 0;

    for (const pending_entry_t *entry = store->expire_first; entry; entry = entry->next_to_expire, count++) {
        const redirect_pending_t *public = &entry->public;
        if (entry->next_to_expire && entry->next_to_expire->previous_to_expire != entry) {
            return "the pending index is not linked both ways";
        }
        if (public->leg->chain == NULL || public->redirect->transaction == NULL ||
            public->redirect->transaction->chain != public->leg->chain) {
            return "an entry of the pending index points to what is not visible";
        }
        const unsigned of_key = count_of_key(store, entry);
        if (of_key == 0 || of_key > store->config.limits.pending_per_key) {
            return "an entry of the pending index is not in its slot, or one of too many";
        }
    }
    if (!are_parties_counted(store)) {
        return "the addresses of the pending index are counted wrongly";
    }
    return count == store->pending_count ? NULL : "the count of the pending index is wrong";
}
