/* redirect-store.c
 * The store itself: what it is given, and what it knows of time. The invariants stand in the header; calls, transactions,
 * chains and redirects each have a file, and what is let go when is in redirect-store-forget.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

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
    store->config.shared_headers = config->shared_headers ? wmem_strdup(scope, config->shared_headers) : NULL;
    sip_name_list_init(&store->leg_headers, sip_slice_from_string(store->config.leg_headers));
    sip_name_list_init(&store->shared_headers, sip_slice_from_string(store->config.shared_headers));
    fill_in_limits(&store->config.limits);
    store->secret = redirect_secret_new();
    store->pending_slots = slots_for(store->config.limits.pending_redirects);
    redirect_store_make_slots(store);
    store->chains = wmem_array_new(scope, sizeof(stored_chain_t *));
    store->pages = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    return store;
}

const redirect_config_t *
redirect_store_config(const redirect_store_t *store)
{
    return &store->config;
}

const sip_name_list_t *
redirect_store_leg_headers(const redirect_store_t *store)
{
    return &store->leg_headers;
}

const sip_name_list_t *
redirect_store_shared_headers(const redirect_store_t *store)
{
    return &store->shared_headers;
}

const redirect_secret_t *
redirect_store_secret(const redirect_store_t *store)
{
    return &store->secret;
}

uint64_t
redirect_store_address_key(const redirect_store_t *store, const redirect_endpoint_t *endpoint)
{
    return redirect_hash(&store->secret, sip_slice_make((const char *)endpoint->address, endpoint->len));
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

void
redirect_store_miss_message(redirect_store_t *store)
{
    store->missed_message = true;
    store->missed_last = redirect_clock_stamp(&store->clock);
}

bool
redirect_store_missed_message_since(const redirect_store_t *store, redirect_time_t clock)
{
    return store->missed_message && store->missed_last >= clock;
}

/* Between the first and the last time there may have been others: this says too much rather than too little. */
bool
redirect_store_gave_up(const redirect_store_t *store, redirect_time_t clock)
{
    const redirect_time_t window =
        MAX((redirect_time_t)store->config.link_window * REDIRECT_SECOND, REDIRECT_FOLLOW_WITHIN);

    return store->gave_up && clock <= store->gave_up_last && clock + window >= store->gave_up_first;
}

redirect_store_load_t
redirect_store_load(const redirect_store_t *store)
{
    return (redirect_store_load_t){store->call_count, store->candidates, store->pending_count};
}
