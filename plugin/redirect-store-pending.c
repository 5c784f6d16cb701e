/* redirect-store-pending.c
 * The pending index: redirects by what a follow-up under another Call-ID would show.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

static pending_list_t *
list_find(const redirect_store_t *store, sip_slice_t key)
{
    const pending_list_t wanted = {.key = key, .hash = (unsigned)redirect_hash(&store->secret, key)};

    return wmem_map_lookup(store->pending, &wanted);
}

static size_t
party_slot(const redirect_store_t *store, const redirect_endpoint_t *party)
{
    return redirect_hash(&store->secret, sip_slice_make((const char *)party->address, party->len)) % PARTY_SLOTS;
}

/* Counts one more key that is about an address. @return its counter */
static uint32_t *
party_count(redirect_store_t *store, const redirect_endpoint_t *party)
{
    if (party == NULL) {
        return NULL;
    }
    if (store->parties == NULL) {
        store->parties = wmem_alloc0_array(store->scope, uint32_t, PARTY_SLOTS);
    }
    uint32_t *counter = &store->parties[party_slot(store, party)];
    ++*counter;
    return counter;
}

static pending_list_t *
list_get(redirect_store_t *store, sip_slice_t key, const redirect_endpoint_t *party)
{
    const pending_list_t wanted = {.key = key, .hash = (unsigned)redirect_hash(&store->secret, key)};
    pending_list_t *list = wmem_map_lookup(store->pending, &wanted);

    if (list == NULL) {
        list = redirect_pool_alloc(&store->pool, sizeof(*list) + key.len);
        *list = (pending_list_t){.key = sip_slice_make((const char *)(list + 1), key.len),
                                 .hash = wanted.hash,
                                 .party = party_count(store, party)};
        memcpy(list + 1, key.ptr, key.len);
        wmem_map_insert(store->pending, list, list);
    }
    return list;
}

static pending_entry_t *
newer_of_key(const pending_entry_t *entry)
{
    return (pending_entry_t *)entry->public.next_same_key;
}

static void
entry_remove(redirect_store_t *store, pending_entry_t *entry)
{
    pending_list_t *list = entry->list;
    pending_entry_t *newer = newer_of_key(entry);

    if (entry->previous_same_key) {
        entry->previous_same_key->public.next_same_key = entry->public.next_same_key;
    } else {
        list->oldest = newer;
    }
    *(newer ? &newer->previous_same_key : &list->newest) = entry->previous_same_key;
    *(entry->previous_to_expire ? &entry->previous_to_expire->next_to_expire : &store->expire_first) =
        entry->next_to_expire;
    *(entry->next_to_expire ? &entry->next_to_expire->previous_to_expire : &store->expire_last) =
        entry->previous_to_expire;
    list->count--;
    if (list->oldest == NULL) {
        if (list->party) {
            --*list->party;
        }
        wmem_map_remove(store->pending, list);
        redirect_pool_free(&store->pool, list, sizeof(*list) + list->key.len);
    }
    redirect_pool_free(&store->pool, entry, sizeof(*entry));
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

/* Under a busy key: first those go that nobody needs, then the oldest. The newest stays, so the list does, too. */
static void
list_make_room(redirect_store_t *store, pending_list_t *list)
{
    pending_entry_t *entry = list->oldest;

    while (entry != list->newest && list->count > store->config.limits.pending_per_key) {
        pending_entry_t *next = newer_of_key(entry);
        if (is_spent(entry)) {
            entry_remove(store, entry);
        }
        entry = next;
    }
    while (list->count > store->config.limits.pending_per_key) {
        entry_drop(store, list->oldest);
    }
}

void
redirect_store_file(redirect_store_t *store, sip_slice_t key, const redirect_endpoint_t *party, redirect_t *redirect,
                    redirect_target_t *target, redirect_transaction_t *leg)
{
    pending_list_t *list;
    pending_entry_t *entry;

    if (key.len == 0 || leg->chain == NULL) {
        return;
    }
    list = list_get(store, key, party);
    entry = redirect_pool_alloc(&store->pool, sizeof(*entry));
    *entry = (pending_entry_t){.public = {.redirect = redirect, .target = target, .leg = leg},
                               .list = list,
                               .filed = redirect_clock_stamp(&store->clock),
                               .previous_same_key = list->newest,
                               .previous_to_expire = store->expire_last};
    if (list->newest) {
        list->newest->public.next_same_key = &entry->public;
    } else {
        list->oldest = entry;
    }
    list->newest = entry;
    list->count++;
    *(store->expire_last ? &store->expire_last->next_to_expire : &store->expire_first) = entry;
    store->expire_last = entry;
    store->pending_count++;
    list_make_room(store, list);
}

const redirect_pending_t *
redirect_store_pending(const redirect_store_t *store, sip_slice_t key)
{
    const pending_list_t *list = key.len > 0 ? list_find(store, key) : NULL;

    return list ? &list->oldest->public : NULL;
}

bool
redirect_store_may_wait_for(const redirect_store_t *store, const redirect_endpoint_t *party)
{
    return store->parties && store->parties[party_slot(store, party)] > 0;
}

bool
redirect_store_has_no_pending(const redirect_store_t *store)
{
    return store->pending_count == 0;
}

void
redirect_store_expire_pending(redirect_store_t *store)
{
    const redirect_time_t window = (redirect_time_t)store->config.link_window * REDIRECT_SECOND;
    const redirect_time_t stamp = redirect_clock_stamp(&store->clock);

    while (store->expire_first) {
        pending_entry_t *entry = store->expire_first;
        entry->filed = MIN(entry->filed, stamp); /* one ahead of the clock came with a wrong time */
        if (store->clock.now - entry->filed <= window) {
            break;
        }
        entry_remove(store, entry);
    }
    while (store->pending_count > store->config.limits.pending_redirects) {
        entry_drop(store, store->expire_first);
    }
}

/* True where the counters of the addresses have as many keys as there are. */
static bool
are_parties_counted(const redirect_store_t *store)
{
    uint64_t counted = 0;

    for (size_t i = 0; store->parties && i < PARTY_SLOTS; i++) {
        counted += store->parties[i];
    }
    for (const pending_entry_t *entry = store->expire_first; entry; entry = entry->next_to_expire) {
        if (entry->list->oldest == entry && entry->list->party) {
            if (*entry->list->party == 0) {
                return false;
            }
            counted--;
        }
    }
    return counted == 0;
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
        if (public->next_same_key && ((const pending_entry_t *)public->next_same_key)->list != entry->list) {
            return "two keys share an entry of the pending index";
        }
        if (list_find(store, entry->list->key) != entry->list) {
            return "an entry of the pending index has no key";
        }
    }
    if (!are_parties_counted(store)) {
        return "the addresses of the pending index are counted wrongly";
    }
    return count == store->pending_count ? NULL : "the count of the pending index is wrong";
}
