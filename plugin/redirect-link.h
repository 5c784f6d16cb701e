/* redirect-link.h
 * Where a new transaction belongs: what it follows, repeats or forwards. Looks things up and changes nothing, but for what
 * is learnt of how likely calls follow redirects (redirect-odds.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LINK_H
#define REDIRECT_LINK_H

#include "redirect-facts.h"
#include "redirect-store.h"

/** Redirects of other calls that are named where a request may follow any of several. */
#define REDIRECT_RIVALS_NAMED 4

/** Redirects of other calls that a request may follow equally well. */
typedef struct {
    unsigned count;                        /**< 0 where there are not several */
    uint32_t frame[REDIRECT_RIVALS_NAMED]; /**< of the first of them */
} redirect_rivals_t;

/** Where a transaction belongs; all NULL and 0 where it begins a journey of its own. */
typedef struct {
    redirect_transaction_t *beside;          /**< one of the group or chain that it joins, or NULL */
    unsigned hop;                            /**< of it there */
    redirect_transaction_t *upstream;        /**< what it is a proxy's forward of */
    redirect_transaction_t *retry_of;        /**< what it repeats */
    redirect_transaction_t *downstream;      /**< a forward of it that was captured first */
    redirect_link_t link;                    /**< cause is NULL where it follows no redirect */
    redirect_leg_t leg;                      /**< of is NULL where no B2BUA made it of a visible request */
    bool is_listed;                          /**< a forward of it stands in the redirect's list of follow-ups already */
    redirect_transaction_t *elsewhere_after; /**< the redirected transaction after which this went elsewhere */
    redirect_transaction_t *global_failure;  /**< of the same client, ended by a 6xx before */
    redirect_transaction_t *announces;       /**< whose Error-Info names the URI that it calls */
    redirect_rivals_t rivals;                /**< where it follows one of several, and nothing says which */
    unsigned steps;                          /**< comparisons left (redirect_limits_t) */
    bool gave_up;                            /**< the comparisons did not suffice */
} redirect_placement_t;

/** One target that a request may have been sent to, and how well it fits. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
} redirect_fit_t;

/** Takes steps off the budget. @return false where it is used up: then the search ends, and place says so */
bool redirect_link_spend(redirect_placement_t *place, unsigned steps);

/** Places a transaction whose request was captured among those of its own call. */
void redirect_link_in_call(const redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                           redirect_placement_t *place);

/** The same for one that only a response shows so far: its Vias and CSeq are all there is to go by. */
void redirect_link_response(const redirect_store_t *store, redirect_transaction_t *transaction,
                            const sip_message_t *sip, redirect_placement_t *place);

/**
 * Finds a transaction that follows the redirect that leg just got but was captured a moment before it, as in merged
 * files, and of which nothing was shown yet. @return it, with place filled in; NULL where there is none
 */
redirect_transaction_t *redirect_link_reordered(const redirect_store_t *store, redirect_transaction_t *leg,
                                                redirect_placement_t *place);

/** Places a request outside of a dialog by what is known of other calls, and learns of it how likely calls follow. */
void redirect_link_across_calls(redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                                redirect_placement_t *place);

/**
 * The redirect that a leg of a B2BUA follows, once it is known whose leg it is (place->leg): another leg of the same call
 * was redirected, and this one goes to the user of a target, or names the redirected user, or has an identifier of the
 * call and was made at once. Where place->link is found already, it stays unless this is surer.
 */
void redirect_link_leg(const redirect_store_t *store, const redirect_transaction_t *transaction,
                       redirect_placement_t *place);

/** Files a redirect under what its follow-up in another call would show. */
void redirect_link_file(redirect_store_t *store, redirect_t *redirect, redirect_transaction_t *leg,
                        const sip_message_t *sip);

/** True where Diversion of a request names a party, or History-Info one with the 3xx that redirected it. */
bool redirect_link_names_redirected(redirect_facts_t *facts);

/**
 * Files the redirects of the last moments by what History-Info would name, and all later ones: call it when the first
 * request names a redirected party. Before that nothing is filed so, because few captures have any.
 */
void redirect_link_expect_history(redirect_store_t *store);

/** How well a URI fits a target; key is sip_uri_match_key() of it. Costs steps. */
sip_uri_match_t redirect_target_match(redirect_placement_t *place, const redirect_target_t *target,
                                      const sip_uri_t *request_uri, uint32_t key, sip_uri_diff_t *difference);

/**
 * How well a request asks once more for the URI that was redirected on a leg, at the address that redirected it:
 * SIP_URI_MATCH_EXACT or SIP_URI_MATCH_LOOSE, else SIP_URI_MATCH_NONE. What asks for the old URI at least as well as for
 * a target is a redial, and no request to the new target set (RFC 3261 8.1.3.4), for the number may be the same in both.
 */
sip_uri_match_t redirect_redial_match(const redirect_transaction_t *leg, const redirect_transaction_t *transaction);

/** True where another request after this global failure goes against RFC 3261 21.6; see 21.6.4 and RFC 5057 5.1. */
bool redirect_is_definitive_for(const redirect_transaction_t *refused, const redirect_transaction_t *transaction);

/** True for a response after which a client repeats the request changed (RFC 3261 8.1.3.5). */
bool redirect_is_amend_and_retry(uint16_t status);

/** A key for the user that calls, from a From or P-Asserted-Identity URI; 0 where many share it or there is none. */
uint32_t redirect_caller_key(sip_slice_t uri_text);

/** True for the user of a From that many callers share ("anonymous"), or for none. */
bool redirect_is_nobody(sip_slice_t user);

/** The URI of a message's first P-Asserted-Identity (RFC 3325 9.1), borrowed from it; absent where there is none. */
sip_slice_t redirect_asserted_uri(const sip_message_t *sip);

/** redirect_caller_key() of redirect_asserted_uri(). */
uint32_t redirect_asserted_key(const sip_message_t *sip);

#endif /* REDIRECT_LINK_H */
