/* redirect-match.h
 * Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_MATCH_H
#define REDIRECT_MATCH_H

#include "redirect-store.h"

/** What of a message's key redirect_match() needs; the rest stays 0. @param sip at least its start was parsed */
redirect_key_t redirect_match_key(const redirect_store_t *store, const sip_message_t *sip);

/** Completes a key with what only a new transaction needs. @param sip parsed whole */
void redirect_match_complete_key(const redirect_store_t *store, const sip_message_t *sip, redirect_key_t *key);

/** The keyed hash of a tag; 0 where there is none. */
uint64_t redirect_match_tag(const redirect_store_t *store, sip_slice_t tag);

/** The keyed hash of branch and sent-by of one Via, as they are written: a response repeats them (RFC 3261 8.2.6.2). */
uint64_t redirect_match_via(const redirect_store_t *store, const sip_via_t *via);

/** The keyed hash of the host of one Via's sent-by. */
uint64_t redirect_match_via_host(const redirect_store_t *store, const sip_via_t *via);

/** The keyed hash of a message's Vias, branches included, from one position on; 0 where there are none. */
uint64_t redirect_match_path(const redirect_store_t *store, const sip_message_t *sip, unsigned from);

/**
 * The transaction of a call that a message belongs to, or NULL. A branch that a client gave twice, and peers that know
 * no branches (RFC 2543), differ by Request-URI, tags and addresses.
 */
redirect_transaction_t *redirect_match(const redirect_store_t *store, const redirect_call_t *call,
                                       const redirect_message_t *message, const redirect_key_t *key);

#endif /* REDIRECT_MATCH_H */
