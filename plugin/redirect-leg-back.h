/* redirect-leg-back.h
 * What came back on both sides of a B2BUA: whether it supports that two legs are one call, or speaks against it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LEG_BACK_H
#define REDIRECT_LEG_BACK_H

#include "redirect-model.h"

/** A B2BUA that hears that somebody answered says so to its caller at once: no later than this. */
#define REDIRECT_LEG_PASSED_ON_WITHIN REDIRECT_SECOND

/** What the final response of a request says of a leg that was made of it. */
typedef enum {
    REDIRECT_LEG_BACK_SILENT, /**< nothing: the caller hung up, or the two are too far apart in time */
    REDIRECT_LEG_BACK_FITS,   /**< it is of the same kind, and came just after that of the leg */
    REDIRECT_LEG_BACK_MISFITS /**< the leg was answered, and the request failed all the same */
} redirect_leg_back_t;

/** Compares how a leg ended with how the request ended of which it is taken to be made. Both may still be open. */
redirect_leg_back_t redirect_leg_back(const redirect_transaction_t *above, const redirect_transaction_t *leg);

/**
 * What the end of a request says of the legs that are not certainly its own, as a sentence without its full stop. Asked
 * when the final response is seen, for all of them ended before.
 * @return a NUL-terminated string that scope owns; NULL where there is nothing to say
 */
char *redirect_leg_back_text(wmem_allocator_t *scope, const redirect_transaction_t *above);

#endif /* REDIRECT_LEG_BACK_H */
