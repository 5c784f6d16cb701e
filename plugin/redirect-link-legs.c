/* redirect-link-legs.c
 * Which redirect a leg of a B2BUA follows. The B2BUA knows that it is one call, so the URI may be another: a dial plan
 * keeps the user of a target and chooses the host (Asterisk's default), or rewrites it altogether.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg.h"
#include "redirect-link-int.h"

/* The leg, and the redirect that fits it best so far. */
typedef struct {
    const redirect_store_t *store;
    const redirect_transaction_t *transaction;
    const redirect_leg_facts_t *facts;
    redirect_placement_t *place;
    sip_uri_t uri;
    uint32_t key;
    redirect_transaction_t *leg; /* that was redirected; NULL for none */
    redirect_target_t *target;   /* NULL: it goes to none of them */
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    bool names_redirected; /* Diversion or History-Info has the user that was redirected */
} search_t;

/* It says that the user who was called on that leg, or before it, was diverted. */
static bool
names_redirected(const search_t *search, const redirect_transaction_t *leg)
{
    uint32_t called;
    sip_uri_t uri;

    if (!redirect_request_uri(leg, &uri)) {
        return false;
    }
    called = redirect_leg_user(search->store, &uri);
    for (size_t i = 0; i < REDIRECT_LEG_DIVERTED; i++) {
        if (search->facts->diverted[i] != 0 && search->facts->diverted[i] == called) {
            return true;
        }
    }
    return false;
}

static bool
is_better(const search_t *search, sip_uri_match_t match, bool names)
{
    if (search->leg == NULL || names != search->names_redirected) {
        return search->leg == NULL || names;
    }
    return match <= search->match; /* of those that fit alike, the latest */
}

static void
consider_target(search_t *search, redirect_transaction_t *leg, redirect_target_t *target)
{
    const bool names = names_redirected(search, leg);
    sip_uri_diff_t difference;
    sip_uri_match_t match;

    if (target->tried_by) {
        return;
    }
    match = redirect_target_match(search->place, target, &search->uri, search->key, &difference);
    if (match < SIP_URI_MATCH_NONE && is_better(search, match, names)) {
        search->leg = leg;
        search->target = target;
        search->match = match;
        search->difference = difference;
        search->names_redirected = names;
    }
}

/* To none of its targets: only where nothing better fits, and it was made at once or names who was redirected. */
static void
consider_rewritten(search_t *search, redirect_transaction_t *leg)
{
    const redirect_time_t since = search->transaction->request.time - leg->response.time;
    const bool names = names_redirected(search, leg);
    const bool is_identified = search->place->leg.kind != REDIRECT_LEG_SAME_CALLER;

    if (search->target == NULL && !leg->redirect->followed && is_identified &&
        (names || (since >= 0 && since <= REDIRECT_LINK_AT_ONCE)) && is_better(search, SIP_URI_MATCH_NONE, names)) {
        search->leg = leg;
        search->match = SIP_URI_MATCH_NONE;
        search->difference = SIP_URI_DIFF_NONE;
        search->names_redirected = names;
    }
}

/* Redirected at the B2BUA that sent the new leg, on a leg of the same call, and not too long ago. */
static bool
may_be_followed(const search_t *search, const redirect_transaction_t *leg)
{
    return leg->redirect && leg != search->transaction && redirect_same_method(leg, search->transaction) &&
           redirect_transaction_above(leg) == search->place->leg.of &&
           redirect_store_is_in_link_window(search->store, leg->response.clock);
}

static void
consider_leg(search_t *search, redirect_transaction_t *leg)
{
    for (unsigned i = 0; i < leg->redirect->target_count && redirect_link_spend(search->place, 1); i++) {
        consider_target(search, leg, &leg->redirect->target[i]);
    }
}

/* By what ties the legs. */
static redirect_link_kind_t
link_kind(const search_t *search)
{
    static const redirect_link_kind_t kinds[REDIRECT_LEG_COUNT] = {
        [REDIRECT_LEG_NONE] = REDIRECT_LINK_NEW_CALL,
        [REDIRECT_LEG_SESSION_ID] = REDIRECT_LINK_SESSION_ID,
        [REDIRECT_LEG_LEG_HEADER] = REDIRECT_LINK_LEG_HEADER,
        [REDIRECT_LEG_SHARED_ID] = REDIRECT_LINK_SHARED_ID,
        [REDIRECT_LEG_SDP_SESSION] = REDIRECT_LINK_SDP_SESSION,
        [REDIRECT_LEG_DIVERSION] = REDIRECT_LINK_NEW_CALL, /* it names another: who was called at first */
        [REDIRECT_LEG_SAME_CALLER] = REDIRECT_LINK_NEW_CALL,
    };

    return search->names_redirected ? REDIRECT_LINK_DIVERSION : kinds[search->place->leg.kind];
}

/* No surer than the legs are; to none of the targets it may have been made for another reason. */
static redirect_confidence_t
link_confidence(const search_t *search)
{
    const redirect_confidence_t legs = (redirect_confidence_t)search->place->leg.confidence;

    if (search->target) {
        return legs;
    }
    return MAX(legs, search->names_redirected ? REDIRECT_CONFIDENCE_PROBABLE : REDIRECT_CONFIDENCE_POSSIBLE);
}

static const char *
link_evidence(const search_t *search)
{
    if (search->target == NULL) {
        return search->names_redirected
                   ? "It is a leg of the same call and names the redirected user; it goes to none of the targets."
                   : "It is a leg of the same call, made at once after the redirect; it goes to none of the targets.";
    }
    return search->names_redirected
               ? "It is a leg of the same call, names the redirected user, and goes to the user of a target."
               : "It is a leg of the same call, and goes to the user of a target.";
}

/* By other evidence it is known what it follows, and that is no less sure or another redirect. */
static bool
is_known_as_well(const search_t *search)
{
    const redirect_link_t *known = &search->place->link;

    return known->cause && (known->cause != search->leg->redirect || known->confidence <= link_confidence(search));
}

void
redirect_link_leg(const redirect_store_t *store, const redirect_transaction_t *transaction, redirect_placement_t *place)
{
    search_t search = {.store = store,
                       .transaction = transaction,
                       .facts = redirect_store_leg_facts(transaction),
                       .place = place,
                       .match = SIP_URI_MATCH_NONE};

    if (search.facts == NULL || !redirect_request_uri(transaction, &search.uri)) {
        return;
    }
    search.key = sip_uri_match_key(&search.uri);
    for (redirect_transaction_t *leg = place->leg.of->chain->first_transaction; leg && redirect_link_spend(place, 1);
         leg = leg->next_in_chain) {
        if (may_be_followed(&search, leg)) {
            consider_leg(&search, leg);
            consider_rewritten(&search, leg);
        }
    }
    if (search.leg == NULL || place->gave_up || is_known_as_well(&search)) {
        return;
    }
    place->beside = search.leg;
    place->hop = search.leg->redirect->depth;
    place->elsewhere_after = search.target ? NULL : search.leg;
    place->link = (redirect_link_t){
        .cause = search.leg->redirect,
        .target = search.target,
        .redirected_in = search.leg->response.frame,
        .redirected_at = search.leg->response.time,
        .match = search.match,
        .difference = search.difference,
        .kind = link_kind(&search),
        .confidence = link_confidence(&search),
        .evidence = link_evidence(&search),
    };
}
