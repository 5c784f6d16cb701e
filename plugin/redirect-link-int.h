/* redirect-link-int.h
 * What filing redirects and finding them again share. For redirect-link*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LINK_INT_H
#define REDIRECT_LINK_INT_H

#include "redirect-link.h"

/** A B2BUA that goes on by itself takes no longer than this; later it may do so for another reason. */
#define REDIRECT_LINK_AT_ONCE (REDIRECT_SECOND / 5)

/** Call-IDs and leg header values of this many bytes and more do not link. */
#define REDIRECT_LINK_MAX_TEXT 256

/** Where a key is made. One that can not be made is empty, and empty ones are not used. */
typedef struct {
    size_t len;
    char text[REDIRECT_LINK_MAX_TEXT + 1];
} redirect_link_key_t;

/** The key of a Call-ID that a leg header names. Borrows room, as all of them do. */
sip_slice_t redirect_link_key_of_leg(redirect_link_key_t *room, sip_slice_t call_id);

/** The key of a Session-ID; empty for the nil UUID. */
sip_slice_t redirect_link_key_of_session(redirect_link_key_t *room, sip_slice_t session_id);

/**
 * Who was redirected, by sip_uri_match_key(), and for whom: a header that names a redirected party names no call, and a
 * busy number is redirected for many.
 */
sip_slice_t redirect_link_key_of_history(redirect_link_key_t *room, uint32_t redirected, uint32_t caller);

/** The redirected party's address, who it speaks for, and where it is to go; empty where one of them is unknown. */
sip_slice_t redirect_link_key_of_new_call(redirect_link_key_t *room, const redirect_endpoint_t *party, uint32_t caller,
                                          uint32_t target);

/** Who sent a request, and its Request-URI as written: a redial has the same. Empty where that is too long. */
sip_slice_t redirect_link_key_of_redial(redirect_link_key_t *room, const redirect_transaction_t *transaction);

/**
 * Who calls, as a key for redirect_link_key_of_new_call(): of a caller whom nothing names, the From tag may show that two
 * requests are one caller's, where it is kept.
 */
uint32_t redirect_link_name_of(uint32_t caller, uint32_t asserted, const sip_message_t *sip);

#endif /* REDIRECT_LINK_INT_H */
