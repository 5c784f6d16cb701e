/* redirect-store-calls.c
 * Calls by their Call-ID, and the queues that say which of them was silent longest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

redirect_call_t **
redirect_store_call_slot(const redirect_store_t *store, unsigned hash)
{
    return &store->calls[hash & (store->call_slots - 1)];
}

static redirect_call_t *
call_find(const redirect_store_t *store, unsigned hash, sip_slice_t id)
{
    redirect_call_t *call = *redirect_store_call_slot(store, hash);

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

sip_slice_t
redirect_call_id(const redirect_call_t *call)
{
    return call->id;
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
    store->visible_calls -= call->queue >= QUEUE_VISIBLE;
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
    store->visible_calls += call->queue >= QUEUE_VISIBLE;
}

void
redirect_store_requeue(redirect_store_t *store, redirect_call_t *call)
{
    queue_remove(store, call);
    queue_append(store, call);
}

void
redirect_store_touch(redirect_store_t *store, redirect_transaction_t *transaction)
{
    const redirect_time_t now = redirect_clock_stamp(&store->clock);

    if (transaction->chain) {
        stored_chain(transaction->chain)->active = now;
    } else {
        live_of(group_of(transaction))->active = now;
    }
    transaction->live->call->active = now;
    redirect_store_requeue(store, transaction->live->call);
}

/* Slots at first, a power of two: most captures need few. */
#define FIRST_SLOTS 4096

void
redirect_store_make_slots(redirect_store_t *store)
{
    store->call_slots = FIRST_SLOTS;
    store->calls = wmem_alloc0_array(store->scope, redirect_call_t *, store->call_slots);
}

/* As many slots as calls, and more: so that most look-ups end at the slot. */
static void
grow_slots(redirect_store_t *store)
{
    redirect_call_t **const old = store->calls;
    const unsigned old_slots = store->call_slots;

    if (store->call_count < store->call_slots) {
        return;
    }
    store->call_slots = 4 * old_slots;
    store->calls = wmem_alloc0_array(store->scope, redirect_call_t *, store->call_slots);
    for (unsigned i = 0; i < old_slots; i++) {
        while (old[i]) {
            redirect_call_t *call = old[i];
            redirect_call_t **slot = redirect_store_call_slot(store, call->hash);
            old[i] = call->next_in_slot;
            call->next_in_slot = *slot;
            *slot = call;
        }
    }
    wmem_free(store->scope, old);
}

redirect_call_t *
redirect_store_call_get(redirect_store_t *store, sip_slice_t id)
{
    const unsigned hash = (unsigned)redirect_hash(&store->secret, id);
    redirect_call_t *call = call_find(store, hash, id);

    if (call == NULL) {
        grow_slots(store);
        call = redirect_pool_alloc(&store->pool, sizeof(*call) + id.len);
        memset(call, 0, sizeof(*call));
        memcpy(call + 1, id.ptr, id.len);
        call->id = sip_slice_make((const char *)(call + 1), id.len);
        call->hash = hash;
        call->active = redirect_clock_stamp(&store->clock);
        call->next_in_slot = *redirect_store_call_slot(store, hash);
        *redirect_store_call_slot(store, hash) = call;
        queue_append(store, call);
        store->call_count++;
    }
    return call;
}

void
redirect_store_free_call_if_empty(redirect_store_t *store, redirect_call_t *call)
{
    redirect_call_t **link = redirect_store_call_slot(store, call->hash);

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
