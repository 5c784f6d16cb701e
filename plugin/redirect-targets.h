/* redirect-targets.h
 * The targets of a redirect: read from its Contact values, and put in the order to try.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TARGETS_H
#define REDIRECT_TARGETS_H

#include "redirect-facts.h"
#include "redirect-store.h"

/**
 * A redirect with its targets, made of a 3xx: the best by q, then by their order in the message (RFC 3261 8.1.3.4), as
 * many as the limit allows; the others are counted.
 */
redirect_t *redirect_targets_read(redirect_store_t *store, const redirect_message_t *message);

/** True where two redirects have the same code and the same targets, byte for byte. */
bool redirect_offers_same(const redirect_t *a, const redirect_t *b);

/** The target of a redirect with a URI, byte for byte, or NULL. redirect may be NULL. */
redirect_target_t *redirect_find_target(const redirect_t *redirect, sip_slice_t raw);

/**
 * True where the 3xx answers a query and does not send the request to anybody else: a server asked for a signature, for
 * the caller's name or for number portability (RFC 4694) names where the request was going anyway. No RFC defines the
 * first two.
 */
bool redirect_is_dip_response(const redirect_t *redirect, const redirect_transaction_t *transaction,
                              const redirect_facts_t *facts);

/**
 * True where a 3xx answers a query and a request goes on with the call: by the number or user that was asked for or that
 * the answer names, or by the routing number that was found (rn, RFC 4694), wherever it is sent.
 * @param asked the transaction that got the answer
 */
bool redirect_goes_on_after_query(const redirect_t *redirect, const redirect_transaction_t *asked,
                                  const redirect_transaction_t *transaction);

#endif /* REDIRECT_TARGETS_H */
