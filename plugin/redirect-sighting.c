/* redirect-sighting.c
 * One redirect seen on several legs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-sighting.h"

#include "redirect-targets.h"

/* The branches of a proxy and the legs of a B2BUA are all of one chain once a redirect is seen. */
static redirect_transaction_t *
first_of_chain(const redirect_transaction_t *transaction)
{
    return transaction && transaction->chain ? transaction->chain->first_transaction : NULL;
}

redirect_t *
redirect_sighting_source(const redirect_transaction_t *transaction, const redirect_t *fresh, uint64_t to_tag,
                         bool *unchanged)
{
    redirect_t *source = NULL;

    *unchanged = false;
    for (redirect_transaction_t *below = first_of_chain(transaction); below; below = below->next_in_chain) {
        redirect_t *candidate = below->redirect;
        if (redirect_transaction_above(below) != transaction || candidate == NULL) {
            continue;
        }
        if (redirect_offers_same(candidate, fresh)) {
            *unchanged = true;
            return candidate;
        }
        if (to_tag != 0 && below->response.to_tag == to_tag) {
            source = candidate;
        } else if (source == NULL || candidate->depth > source->depth) {
            source = candidate;
        }
    }
    return source;
}

redirect_transaction_t *
redirect_sighting_origin(const redirect_t *redirect, const redirect_target_t *target)
{
    redirect_transaction_t *origin = redirect->transaction;

    /* Forwards stand after what they forward, but for reordered frames: one walk down the list will do. */
    for (redirect_transaction_t *below = target ? first_of_chain(origin) : NULL; below; below = below->next_in_chain) {
        if (redirect_transaction_above(below) == origin &&
            redirect_find_target(below->redirect, redirect_target_text(target))) {
            origin = below;
        }
    }
    return origin;
}
