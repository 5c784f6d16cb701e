/* redirect-leg.h
 * Which legs of a B2BUA belong together: the INVITE that it received, and those that it made of it under Call-IDs of their
 * own (RFC 7092). Most tell it by no header. So evidence is collected and weighed, and where two calls fit alike, no leg
 * is tied to either. Looks things up and changes nothing but the index of legs, and what is learnt of a B2BUA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LEG_H
#define REDIRECT_LEG_H

#include "redirect-facts.h"
#include "redirect-store.h"

/** Requests with one identifier: a ring group has some legs, but what more requests show is no identifier. */
#define REDIRECT_LEG_MAX_SHARING 16

/** A key of the index of legs as far as it identifies a call: 0 where more requests show it than a call has legs. */
uint64_t redirect_leg_identifier(const redirect_store_t *store, uint64_t key);

/**
 * Files a request for redirect_leg_decide(), where it may be a leg of a B2BUA: an INVITE outside of a dialog, of which
 * facts and message are. Reads its SDP, its identifiers, and who calls whom.
 */
void redirect_leg_file(redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                       const redirect_message_t *message);

/**
 * Decides, when a request that is filed was sent, what a B2BUA made it of, if anything: the request of another call that
 * fits best, visible or not.
 * @param steps comparisons left; 0 afterwards where they did not suffice
 */
void redirect_leg_decide(redirect_store_t *store, const redirect_transaction_t *transaction, unsigned *steps);

/** The same of a request that repeats another one, which was decided. */
void redirect_leg_repeat(redirect_store_t *store, const redirect_transaction_t *transaction,
                         const redirect_transaction_t *beside);

/**
 * What a B2BUA made a request of, as it was decided.
 * @return false where that is not known; then *leg must not be used
 */
bool redirect_leg_find(const redirect_transaction_t *transaction, redirect_leg_t *leg);

/**
 * A request that a B2BUA made of one that it received, and that is not visible yet. Call it until it finds none.
 * @return NULL where there is none (any more); then *leg must not be used
 */
redirect_transaction_t *redirect_leg_next_below(const redirect_transaction_t *above, unsigned *steps,
                                                redirect_leg_t *leg);

/**
 * A key for the user of a URI, as legs are compared: of telephone numbers the last digits decide, for each side of a
 * B2BUA may write the same number in another form (+1 202 ..., 001202..., 202...). 0 where there is no user.
 */
uint32_t redirect_leg_user(const redirect_store_t *store, const sip_uri_t *uri);

/** True where the user of a URI is a telephone number of eight digits or more (RFC 3966 3), in whatever form. */
bool redirect_leg_is_number(const sip_uri_t *uri);

/**
 * What ties a leg to the one that it was made of, as a sentence: "Same caller and same user called, 12 ms later, from
 * the address that received it."
 * @return a NUL-terminated string that scope owns
 */
char *redirect_leg_evidence(wmem_allocator_t *scope, const redirect_leg_t *leg);

#endif /* REDIRECT_LEG_H */
