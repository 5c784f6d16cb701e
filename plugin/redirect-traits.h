/* redirect-traits.h
 * What two requests may have in common beside who calls whom: values that stay where a client or B2BUA follows a
 * redirect, and change, or do not, from one call to the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TRAITS_H
#define REDIRECT_TRAITS_H

#include "sip-message.h"

/** One of them. */
typedef enum {
    REDIRECT_TRAIT_FROM_TAG,
    REDIRECT_TRAIT_SDP,     /**< user name and session of the o= line of the offer (RFC 8866 5.2) */
    REDIRECT_TRAIT_CONTACT, /**< the Contact value */
    REDIRECT_TRAIT_AGENT,   /**< the User-Agent */
    REDIRECT_TRAIT_SESSION, /**< the Session-ID of the sender (RFC 7989) */
    REDIRECT_TRAIT_COUNT
} redirect_trait_t;

/** Hashes of the values of one request, the same in every run; 0: it has none, or it is not known. */
typedef struct {
    uint32_t value[REDIRECT_TRAIT_COUNT];
} redirect_traits_t;

/** All of them, for redirect_traits_read(). */
#define REDIRECT_TRAITS_ALL ((1U << REDIRECT_TRAIT_COUNT) - 1)

/**
 * The traits of a request that was read to its end; of a response those that it repeats.
 * @param wanted bits by redirect_trait_t: the others are not read
 */
redirect_traits_t redirect_traits_read(const sip_message_t *sip, unsigned wanted);

#endif /* REDIRECT_TRAITS_H */
