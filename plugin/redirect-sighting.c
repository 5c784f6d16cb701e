/* redirect-sighting.c
 * One redirect seen on several legs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-sighting.h"

#include "redirect-targets.h"

/* Of what a proxy may have made a redirect of: first what offers its first target, then the deepest. */
static bool
is_likelier_source(const redirect_t *candidate, const redirect_t *than, const redirect_t *fresh)
{
    bool offers, than_offers;

    if (than == NULL || fresh->target_count == 0) {
        return than == NULL || candidate->depth > than->depth;
    }
    offers = redirect_find_target(candidate, redirect_target_text(&fresh->target[0])) != NULL;
    than_offers = redirect_find_target(than, redirect_target_text(&fresh->target[0])) != NULL;
    return offers != than_offers ? offers : candidate->depth > than->depth;
}

redirect_t *
redirect_sighting_source(const redirect_transaction_t *transaction, const redirect_t *fresh, uint64_t to_tag,
                         bool *unchanged)
{
    redirect_t *source = NULL;

    *unchanged = false;
    for (redirect_transaction_t *below = redirect_next_below(transaction, NULL); below;
         below = redirect_next_below(transaction, below)) {
        redirect_t *candidate = below->redirect;
        if (candidate == NULL) {
            continue;
        }
        if (redirect_offers_same(candidate, fresh)) {
            *unchanged = true;
            return candidate;
        }
        if (to_tag != 0 && below->response.to_tag == to_tag) {
            source = candidate;
        } else if (is_likelier_source(candidate, source, fresh)) {
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
    for (redirect_transaction_t *below = target ? redirect_next_below(origin, NULL) : NULL; below;
         below = redirect_next_below(origin, below)) {
        if (redirect_find_target(below->redirect, redirect_target_text(target))) {
            origin = below;
        }
    }
    return origin;
}
