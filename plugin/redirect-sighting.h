/* redirect-sighting.h
 * One redirect seen on several legs: which one a proxy passed on, and where a target came from. Looks things up and
 * changes nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_SIGHTING_H
#define REDIRECT_SIGHTING_H

#include "redirect-store.h"

/**
 * The redirect that a proxy passed on when it answered transaction, seen nearer to its origin; NULL where there is none.
 * @param fresh     what transaction got
 * @param to_tag    keyed hash of its To tag
 * @param unchanged set where fresh is the same redirect, seen once more
 */
redirect_t *redirect_sighting_source(const redirect_transaction_t *transaction, const redirect_t *fresh,
                                     uint64_t to_tag, bool *unchanged);

/**
 * A proxy that changed a 3xx, or put several into one, took each target from a branch below: the transaction of the
 * deepest such one.
 */
redirect_transaction_t *redirect_sighting_origin(const redirect_t *redirect, const redirect_target_t *target);

#endif /* REDIRECT_SIGHTING_H */
