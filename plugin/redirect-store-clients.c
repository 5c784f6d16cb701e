/* redirect-store-clients.c
 * How many redirects an address got, and how many of its requests followed one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* A power of two. The first addresses keep their places: of one that finds none, nothing is told. */
#define PLACES 4096
/* Places that follow each other in which an address is looked for. */
#define STEPS 8

/* The place with a key, or an empty one where it has none yet; NULL where there is no room for it. */
static redirect_client_t *
place_of(const redirect_store_t *store, uint64_t key)
{
    for (unsigned i = 0; i < STEPS; i++) {
        redirect_client_t *place = &store->clients[(key + i) & (PLACES - 1)];
        if (place->key == key || place->key == 0) {
            return place;
        }
    }
    return NULL;
}

/* The place of an address for which something is counted: its own from now on. NULL where there is no room for it. */
static redirect_client_t *
take_place(const redirect_store_t *store, const redirect_endpoint_t *client)
{
    const uint64_t key = redirect_store_address_key(store, client);
    redirect_client_t *place = place_of(store, key);

    if (place) {
        place->key = key;
    }
    return place;
}

void
redirect_store_count_redirected(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t client = redirect_request_source(transaction);
    redirect_client_t *place;

    if (client.len == 0) {
        return;
    }
    if (store->clients == NULL) {
        store->clients = wmem_alloc0_array(store->scope, redirect_client_t, PLACES);
    }
    place = take_place(store, &client);
    if (place) {
        place->redirects++;
    }
}

void
redirect_store_count_followup(redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t client = redirect_request_source(transaction);
    redirect_client_t *place = store->clients && client.len > 0 ? take_place(store, &client) : NULL;

    if (place) {
        place->followups++;
    }
}

redirect_client_t
redirect_store_client(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t client = redirect_request_source(transaction);
    const redirect_client_t *place =
        store->clients && client.len > 0 ? place_of(store, redirect_store_address_key(store, &client)) : NULL;

    return place ? *place : (redirect_client_t){0};
}

const char *
redirect_store_check_clients(const redirect_store_t *store)
{
    for (size_t i = 0; store->clients && i < PLACES; i++) {
        const redirect_client_t *place = &store->clients[i];
        if ((place->key != 0) != (place->redirects > 0 || place->followups > 0)) {
            return "an address has a place among the clients though nothing was counted for it";
        }
    }
    return NULL;
}
