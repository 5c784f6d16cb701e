/* redirect-store-redials.c
 * The latest redirects by the request that got them, so that a redial is known as one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

/* A power of two. One that lost its place is not told of; nothing false comes of that. */
#define PLACES 1024

static redirect_redirected_t *
place_of(const redirect_store_t *store, uint64_t key)
{
    return &store->redirected[key & (PLACES - 1)];
}

void
redirect_store_remember_redirected(redirect_store_t *store, sip_slice_t key, uint32_t caller, redirect_t *redirect,
                                   const redirect_transaction_t *leg)
{
    uint64_t hash;

    if (key.len == 0 || leg->chain == NULL) {
        return;
    }
    if (store->redirected == NULL) {
        store->redirected = wmem_alloc0_array(store->scope, redirect_redirected_t, PLACES);
    }
    hash = redirect_hash(&store->secret, key);
    *place_of(store, hash) = (redirect_redirected_t){.key = hash, .redirect = redirect, .caller = caller, .leg = leg};
}

const redirect_redirected_t *
redirect_store_redirected(const redirect_store_t *store, sip_slice_t key)
{
    const redirect_redirected_t *place;
    uint64_t hash;

    if (store->redirected == NULL || key.len == 0) {
        return NULL;
    }
    hash = redirect_hash(&store->secret, key);
    place = place_of(store, hash);
    return place->redirect && place->key == hash ? place : NULL;
}
