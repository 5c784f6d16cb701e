/* redirect-link.c
 * Which redirect a transaction follows, and where else it belongs, within one call.
 * Across Call-IDs: redirect-link-calls.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-link.h"

#include "redirect-match.h"
#include "redirect-outcome.h"

/* How long before its redirect a follow-up may have been captured, where files were merged or frames reordered. */
#define REORDERED_WITHIN (REDIRECT_SECOND / 2)
/* Two branches to one address closer to each other than this are a fork, not a second try: T1 (RFC 3261 17.1.1.1). */
#define SECOND_TRY_AFTER (REDIRECT_SECOND / 2)
/* A request that goes elsewhere later than this is no answer to the redirect any more. */
#define ELSEWHERE_WITHIN REDIRECT_FOLLOW_WITHIN
/* What comparing two URIs costs, in steps of the budget: a step is one look at one transaction or target. */
#define STEPS_PER_URI 32

/* --- how two transactions of one call stand to each other ------------------------------------------------------------- */

/* Best first: an earlier transaction's redirects are considered in this order. */
typedef enum {
    RELATION_SAME_CLIENT, /* the client that made the new transaction made this one, for the same upstream request */
    RELATION_SAME_PATH,   /* it came by the same elements, but not all of their requests were captured */
    RELATION_FARTHER_ON,  /* a forward of what that client sent: what the client itself got was not captured */
    RELATION_SAME_CALLER, /* no more than Call-ID and From tag in common */
    RELATION_NONE,
} relation_t;

bool
redirect_link_spend(redirect_placement_t *place, unsigned steps)
{
    if (place->steps < steps) {
        place->steps = 0;
        place->gave_up = true;
        return false;
    }
    place->steps -= steps;
    return true;
}

/* The transactions of the same call but itself, oldest first. */
static redirect_transaction_t *
skip_self(redirect_transaction_t *other, const redirect_transaction_t *self)
{
    return other == self && other ? redirect_next_in_call(other) : other;
}

static redirect_transaction_t *
first_other(const redirect_transaction_t *self)
{
    return skip_self(redirect_call_first(self->live->call), self);
}

static redirect_transaction_t *
next_other(const redirect_transaction_t *other, const redirect_transaction_t *self)
{
    return skip_self(redirect_next_in_call(other), self);
}

static bool
same_sender(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return redirect_same_address(redirect_request_source(a), redirect_request_source(b)) ||
           redirect_key_of(a)->via_host == redirect_key_of(b)->via_host;
}

/*
 * A request outside of a dialog has no To tag (RFC 3261 8.1.1.2), yet some clients put that of the 3xx into the
 * request that follows it.
 */
static bool
same_dialog(const redirect_transaction_t *earlier, const redirect_transaction_t *later)
{
    return earlier->live->to_tag == later->live->to_tag ||
           (!earlier->request.in_dialog && earlier->response.status >= 300 &&
            earlier->response.to_tag == later->live->to_tag);
}

/* Neither has an upstream that was captured: the Vias decide. */
static relation_t
relation_by_vias(const redirect_transaction_t *earlier, const redirect_transaction_t *later)
{
    if (earlier->request.via_count != later->request.via_count || !same_sender(earlier, later)) {
        return RELATION_SAME_CALLER;
    }
    if (earlier->via_path == later->via_path) {
        return RELATION_SAME_CLIENT;
    }
    return redirect_key_of(earlier)->via_hosts == redirect_key_of(later)->via_hosts ? RELATION_SAME_PATH
                                                                                    : RELATION_SAME_CALLER;
}

/* The later one is a forward: only what came of the same upstream request, directly or farther on, concerns it. */
static relation_t
relation_of_forward(const redirect_transaction_t *earlier, const redirect_transaction_t *later,
                    const redirect_transaction_t *upstream)
{
    if (earlier->upstream == upstream) {
        return same_sender(earlier, later) ? RELATION_SAME_CLIENT : RELATION_SAME_PATH;
    }
    for (const redirect_transaction_t *above = earlier->upstream; above; above = above->upstream) {
        if (above == upstream) {
            return RELATION_FARTHER_ON;
        }
    }
    return RELATION_NONE;
}

/* The earlier one is a forward of something that the same client may have sent, and whose own 3xx was not captured. */
static relation_t
relation_to_forward(const redirect_transaction_t *earlier, const redirect_transaction_t *later)
{
    const redirect_transaction_t *top = earlier->upstream;

    while (top->upstream) {
        top = top->upstream;
    }
    return relation_by_vias(top, later) == RELATION_SAME_CALLER ? RELATION_SAME_CALLER : RELATION_FARTHER_ON;
}

static relation_t
relation(const redirect_transaction_t *earlier, const redirect_transaction_t *later,
         const redirect_transaction_t *upstream)
{
    if (earlier == upstream || !redirect_same_method(earlier, later) || !same_dialog(earlier, later) ||
        redirect_key_of(earlier)->from_tag != redirect_key_of(later)->from_tag) {
        return RELATION_NONE;
    }
    if (upstream) {
        return relation_of_forward(earlier, later, upstream);
    }
    return earlier->upstream ? relation_to_forward(earlier, later) : relation_by_vias(earlier, later);
}

/* --- upstream and downstream -------------------------------------------------------------------------------------- */

/* The nearest transaction that this is a forward of: its branch stands among the Vias below the top (RFC 3261 16.6). */
static redirect_transaction_t *
find_upstream(const redirect_store_t *store, const redirect_transaction_t *transaction, const sip_message_t *sip,
              redirect_placement_t *place)
{
    redirect_transaction_t *found = NULL;
    sip_via_iter_t vias;
    sip_via_t below;

    if (sip->via_count < 2) {
        return NULL;
    }
    sip_via_iter_init(&vias, sip);
    (void)sip_via_iter_next(&vias, &below); /* the top */
    while (found == NULL && sip_via_iter_next(&vias, &below)) {
        const uint64_t via = redirect_match_via(store, &below);
        if (!sip_slice_has_text(below.branch)) {
            continue;
        }
        for (redirect_transaction_t *other = first_other(transaction); other && redirect_link_spend(place, 1);
             other = next_other(other, transaction)) {
            if (redirect_key_of(other)->via == via && other->request.via_count < transaction->request.via_count &&
                redirect_same_method(other, transaction)) {
                found = other;
            }
        }
    }
    return found;
}

/* An element that hides the path (one Via again) but keeps Call-ID, From tag and CSeq: the receiver now sends. */
static redirect_transaction_t *
find_hidden_upstream(const redirect_transaction_t *transaction)
{
    redirect_transaction_t *found = NULL;

    if (transaction->request.via_count != 1 || transaction->request.frame == 0) {
        return NULL;
    }
    for (redirect_transaction_t *other = first_other(transaction); other; other = next_other(other, transaction)) {
        if (other->response.status == 0 && other->request.frame && redirect_same_method(other, transaction) &&
            redirect_key_of(other)->cseq == redirect_key_of(transaction)->cseq &&
            redirect_key_of(other)->from_tag == redirect_key_of(transaction)->from_tag &&
            other->live->to_tag == transaction->live->to_tag && !same_sender(other, transaction) &&
            redirect_same_address(redirect_request_destination(other), redirect_request_source(transaction))) {
            found = other;
        }
    }
    return found;
}

/* A forward of this request that was captured before it, as happens in merged captures. */
static redirect_transaction_t *
find_downstream(const redirect_store_t *store, const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    redirect_transaction_t *other = first_other(transaction);
    uint64_t via_path = 0;

    while (other && other->request.via_count != transaction->request.via_count + 1) {
        other = next_other(other, transaction);
    }
    if (other) {
        via_path = redirect_match_path(store, sip, 0);
    }
    for (; other; other = next_other(other, transaction)) {
        if (other->upstream == NULL && other->request.via_count == transaction->request.via_count + 1 &&
            other->via_path == via_path && redirect_same_method(other, transaction)) {
            return other;
        }
    }
    return NULL;
}

/* --- targets ------------------------------------------------------------------------------------------------------ */

/* One target that a new request may have been sent to, and how well it fits. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    redirect_transaction_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    relation_t relation;
    bool by_history; /* History-Info names the target; the Request-URI is another by now */
} candidate_t;

/* What the targets are compared with. */
typedef struct {
    const redirect_transaction_t *transaction;
    const redirect_transaction_t *upstream;
    redirect_facts_t *facts; /* of its request; NULL where that is not at hand */
    sip_uri_t uri;
    uint32_t key;
    redirect_placement_t *place;
} wanted_t;

sip_uri_match_t
redirect_target_match(redirect_placement_t *place, const redirect_target_t *target, const sip_uri_t *request_uri,
                      uint32_t key, sip_uri_diff_t *difference)
{
    sip_uri_t uri;

    *difference = SIP_URI_DIFF_NONE;
    if (!target->followable || target->match_key != key || !redirect_link_spend(place, STEPS_PER_URI)) {
        return SIP_URI_MATCH_NONE;
    }
    uri = redirect_target_uri(target);
    return sip_uri_match(&uri, request_uri, difference);
}

sip_uri_match_t
redirect_redial_match(const redirect_transaction_t *leg, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t old = redirect_request_destination(leg), new = redirect_request_destination(transaction);
    sip_uri_match_t match;
    sip_uri_t asked, uri;

    if (!redirect_same_address(old, new) || old.port != new.port || !redirect_request_uri(leg, &asked) ||
        !redirect_request_uri(transaction, &uri)) {
        return SIP_URI_MATCH_NONE;
    }
    match = sip_uri_match(&asked, &uri, NULL);
    return match <= SIP_URI_MATCH_LOOSE ? match : SIP_URI_MATCH_NONE;
}

/*
 * A 305 names a proxy, not a new destination (RFC 3261 21.3.4): the request goes out again with the same Request-URI,
 * through a Route to the proxy or straight to its address. Where the proxy has a name, any new address may be its own.
 */
static bool
goes_through_proxy(const redirect_target_t *target, const redirect_transaction_t *redirected,
                   const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    sip_value_iter_t routes;
    sip_slice_t value;
    sip_address_t route;
    const sip_uri_t proxy = redirect_target_uri(target);
    redirect_endpoint_t named;
    const redirect_endpoint_t to = redirect_request_destination(transaction);

    if (!redirect_same_request_uri(redirected, transaction)) {
        return false;
    }
    if (sip) {
        sip_value_iter_init(&routes, sip, SIP_HEADER_ROUTE);
        if (sip_value_iter_next(&routes, &value) && sip_address_parse(value, &route)) {
            return sip_slice_equal_nocase(route.uri.host, proxy.host);
        }
    }
    if (redirect_target_address(target, &named)) {
        return redirect_same_address(named, to);
    }
    return to.len > 0 && redirected->request.destination_len > 0 &&
           !redirect_same_address(to, redirect_request_destination(redirected));
}

/* Best first: an untried target before a tried one, then how well the URI fits, then who sent it. */
static unsigned
candidate_rank(const candidate_t *candidate)
{
    unsigned tried = candidate->target->tried_by ? 1 : 0;

    return tried * 100 + (unsigned)candidate->match * 10 + (unsigned)candidate->relation;
}

/* How poor a match still counts, by how the redirected transaction stands to the new one. */
static bool
match_suffices(const candidate_t *candidate, const redirect_transaction_t *transaction)
{
    switch (candidate->match) {
    case SIP_URI_MATCH_EXACT:
        return true;
    case SIP_URI_MATCH_LOOSE:
    case SIP_URI_MATCH_NUMBER:
        return candidate->relation != RELATION_SAME_CALLER;
    case SIP_URI_MATCH_USER:
        /* A location lookup before the next sighting; only where there was one place to go, and it goes elsewhere. */
        return candidate->relation == RELATION_SAME_CLIENT && candidate->redirect->target_total == 1 &&
               !redirect_same_request_uri(candidate->leg, transaction);
    default:
        return false;
    }
}

/* Within a call a target that is the very URI asked for is followed by asking for it again: a loop, and no redial. */
static bool
is_redial(const candidate_t *candidate, const wanted_t *wanted)
{
    return candidate->match > SIP_URI_MATCH_EXACT &&
           redirect_redial_match(candidate->leg, wanted->transaction) < candidate->match;
}

static void
consider_target(candidate_t *best, const candidate_t *candidate, const wanted_t *wanted)
{
    if (match_suffices(candidate, wanted->transaction) && !is_redial(candidate, wanted) &&
        (best->redirect == NULL || candidate_rank(candidate) <= candidate_rank(best))) {
        *best = *candidate;
    }
}

static void
consider_redirect(candidate_t *best, redirect_transaction_t *earlier, redirect_t *redirect, relation_t how,
                  const wanted_t *wanted)
{
    for (unsigned i = 0; i < redirect->target_count && redirect_link_spend(wanted->place, 1); i++) {
        candidate_t candidate = {.redirect = redirect, .target = &redirect->target[i], .leg = earlier, .relation = how};
        candidate.match =
            redirect_target_match(wanted->place, candidate.target, &wanted->uri, wanted->key, &candidate.difference);
        if (redirect->code == 305 && candidate.match != SIP_URI_MATCH_EXACT &&
            goes_through_proxy(candidate.target, earlier, wanted->transaction,
                               wanted->facts ? wanted->facts->sip : NULL)) {
            candidate.match = SIP_URI_MATCH_EXACT;
            candidate.difference = SIP_URI_DIFF_NONE;
        }
        consider_target(best, &candidate, wanted);
    }
}

/* All redirects that an earlier transaction got: nearly always one. */
static void
consider_leg(candidate_t *best, redirect_transaction_t *earlier, relation_t worst, const wanted_t *wanted)
{
    relation_t how;

    if (earlier->redirect == NULL) {
        return;
    }
    how = relation(earlier, wanted->transaction, wanted->upstream);
    for (redirect_t *redirect = earlier->redirect; redirect && how <= worst; redirect = redirect->later) {
        consider_redirect(best, earlier, redirect, how, wanted);
    }
}

/* The best target of all redirects in the call; among equals the latest redirect wins. */
static candidate_t
find_target(wanted_t *wanted)
{
    candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
    redirect_transaction_t *earlier = first_other(wanted->transaction);

    while (earlier && earlier->redirect == NULL) {
        earlier = next_other(earlier, wanted->transaction);
    }
    if (earlier == NULL || !redirect_request_uri(wanted->transaction, &wanted->uri)) {
        return best;
    }
    wanted->key = sip_uri_match_key(&wanted->uri);
    for (; earlier; earlier = next_other(earlier, wanted->transaction)) {
        consider_leg(&best, earlier, RELATION_SAME_CALLER, wanted);
    }
    return best;
}

/* Takes one History-Info entry for the place where the request went. */
static void
consider_history_entry(candidate_t *best, const redirect_entry_t *entry, wanted_t *wanted)
{
    if (entry->uri.len == 0) {
        return;
    }
    wanted->uri = sip_uri_view(&entry->uri);
    wanted->uri.headers = SIP_SLICE_NONE; /* its Reason is no part of where it went */
    wanted->key = entry->uri.match_key;
    for (redirect_transaction_t *earlier = first_other(wanted->transaction);
         earlier && redirect_link_spend(wanted->place, 1); earlier = next_other(earlier, wanted->transaction)) {
        consider_leg(best, earlier, RELATION_FARTHER_ON, wanted);
    }
}

/*
 * A location lookup may have changed the Request-URI once more before the request was captured. Then History-Info
 * still names the target, as one of its entries (RFC 7044 10.3); the latest are looked at.
 */
static candidate_t
find_target_by_history(wanted_t *wanted)
{
    candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
    const redirect_said_t *said = redirect_facts_said(wanted->facts);
    sip_uri_t uri, target;

    if (said->entry_count == 0 || !redirect_request_uri(wanted->transaction, &uri)) {
        return best;
    }
    for (unsigned i = 0; i < said->entry_count; i++) {
        consider_history_entry(&best, &said->entry[i], wanted);
    }
    if (best.redirect && (best.match > SIP_URI_MATCH_LOOSE || best.target->tried_by)) {
        best.redirect = NULL;
    }
    if (best.redirect) {
        best.by_history = true;
        target = redirect_target_uri(best.target);
        best.match = sip_uri_match(&target, &uri, &best.difference);
    }
    return best;
}

/* --- repeats ------------------------------------------------------------------------------------------------------ */

bool
redirect_is_amend_and_retry(uint16_t status)
{
    /* RFC 3261 8.1.3.5 and 22.2; 488: other media (21.4.26); 421 to 423, 428, 494: their own RFCs; 491: 14.1 */
    static const uint16_t codes[] = {401, 407, 413, 415, 416, 420, 421, 422, 423, 428, 488, 491, 494};

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i] == status) {
            return true;
        }
    }
    return false;
}

/* After these a client turns to the next server for the same URI (RFC 3263 4.3; 430: RFC 5626 4.3). */
static bool
is_failover(uint16_t status)
{
    return status == 408 || status == 430 || status == 500 || status == 503;
}

/*
 * Without any final response a client turns to the next server after a transport error or a timeout (RFC 3263 4.3),
 * but not while the phone rings. Of a proxy, a second branch at once to the same address is a fork.
 */
static bool
is_given_up(const redirect_transaction_t *earlier, const redirect_transaction_t *transaction,
            const redirect_transaction_t *upstream)
{
    if (earlier->response.status != 0 || earlier->response.provisional > 100) {
        return false;
    }
    return (upstream == NULL && transaction->request.via_count == 1) ||
           !redirect_same_address(redirect_request_destination(earlier), redirect_request_destination(transaction)) ||
           transaction->live->request_clock - earlier->live->request_clock >= SECOND_TRY_AFTER;
}

static bool
repeats(const redirect_transaction_t *earlier, const redirect_transaction_t *transaction,
        const redirect_transaction_t *upstream)
{
    const uint16_t status = earlier->response.status;

    if (earlier->extras->retried_by || earlier->request.frame == 0) {
        return false;
    }
    if (redirect_is_amend_and_retry(status)) {
        return status == 416 || redirect_same_request_uri(earlier, transaction);
    }
    return (is_failover(status) || is_given_up(earlier, transaction, upstream)) &&
           redirect_same_request_uri(earlier, transaction);
}

/* The latest transaction of the same client that the new one repeats, amended or at another server. */
static redirect_transaction_t *
find_repeated(const wanted_t *wanted)
{
    redirect_transaction_t *found = NULL;

    for (redirect_transaction_t *earlier = first_other(wanted->transaction);
         earlier && redirect_link_spend(wanted->place, 1); earlier = next_other(earlier, wanted->transaction)) {
        if (relation(earlier, wanted->transaction, wanted->upstream) <= RELATION_SAME_PATH &&
            repeats(earlier, wanted->transaction, wanted->upstream)) {
            found = earlier;
        }
    }
    return found;
}

/* --- what the same client did before ------------------------------------------------------------------------------ */

/*
 * What the same client did before, as far as the new transaction may go on from it: on its own leg where that was
 * captured, else as seen farther on.
 */
typedef struct {
    redirect_transaction_t *redirected; /* the latest that ended in a 3xx */
    redirect_transaction_t *refused;    /* the latest that ended in a 6xx */
    redirect_transaction_t *fork;       /* the first branch of the same response context */
    redirect_transaction_t *explained;  /* the latest whose Error-Info names the new one's URI (RFC 3261 20.18) */
} client_history_t;

/* The later one, unless the one before stood nearer. */
static void
client_history_take(redirect_transaction_t **member, redirect_transaction_t *earlier,
                    const redirect_transaction_t *upstream)
{
    if (*member == NULL || earlier->upstream == upstream || (*member)->upstream != upstream) {
        *member = earlier;
    }
}

/* It is for the client to call it, and not for a proxy. */
static bool
explains(const redirect_transaction_t *earlier, const wanted_t *wanted)
{
    const redirect_announcement_t *announcement = earlier->extras->announcement;
    sip_uri_t uri, asked;

    if (announcement == NULL || announcement->count == 0 || wanted->upstream ||
        !redirect_request_uri(wanted->transaction, &asked)) {
        return false;
    }
    for (unsigned i = 0; i < announcement->count && redirect_link_spend(wanted->place, STEPS_PER_URI); i++) {
        if (sip_uri_parse(announcement->uri[i], &uri) && sip_uri_match(&uri, &asked, NULL) <= SIP_URI_MATCH_LOOSE) {
            return true;
        }
    }
    return false;
}

static client_history_t
find_client_history(const wanted_t *wanted)
{
    client_history_t history = {.redirected = NULL};

    for (redirect_transaction_t *earlier = first_other(wanted->transaction);
         earlier && redirect_link_spend(wanted->place, 1); earlier = next_other(earlier, wanted->transaction)) {
        relation_t how = relation(earlier, wanted->transaction, wanted->upstream);
        if (how > RELATION_FARTHER_ON) {
            continue;
        }
        if (earlier->redirect) {
            client_history_take(&history.redirected, earlier, wanted->upstream);
        }
        if (earlier->response.status / 100 == 6) {
            client_history_take(&history.refused, earlier, wanted->upstream);
        }
        if (how == RELATION_SAME_CLIENT && wanted->transaction->request.via_count > 1 && history.fork == NULL) {
            history.fork = earlier;
        }
        if (explains(earlier, wanted)) {
            history.explained = earlier;
        }
    }
    return history;
}

/*
 * By another than the transaction that is being placed, whose answer may have been captured before it. Costs as many
 * steps as the chain has transactions; where they are used up, nothing is built on the answer.
 */
static bool
chain_is_answered(const redirect_store_t *store, const wanted_t *wanted, const redirect_chain_t *chain)
{
    redirect_result_t result;

    if (chain == NULL || !redirect_link_spend(wanted->place, chain->transaction_count)) {
        return false;
    }
    result = redirect_chain_result(store, chain);
    return result.outcome == REDIRECT_OUTCOME_ANSWERED && result.transaction != wanted->transaction;
}

/*
 * 606 leaves it to the caller to offer other media at once (RFC 3261 21.6.4), and a Retry-After that has run out
 * invites the next transaction (RFC 5057 5.1).
 */
bool
redirect_is_definitive_for(const redirect_transaction_t *refused, const redirect_transaction_t *transaction)
{
    const redirect_response_t *response = &refused->response;

    if (response->status == 606 && redirect_same_request_uri(refused, transaction)) {
        return false;
    }
    return refused->extras->retry_after == 0 || transaction->live->request_clock - response->clock <
                                                    (redirect_time_t)refused->extras->retry_after * REDIRECT_SECOND;
}

/*
 * An INVITE outside of a dialog goes on with the call that its Call-ID names. Other requests keep one Call-ID for long
 * (REGISTER, SUBSCRIBE, MESSAGE, those in a dialog) and are each a journey of their own.
 */
static bool
goes_on_with_call(const redirect_transaction_t *transaction)
{
    return transaction->request.method == SIP_METHOD_INVITE && !transaction->request.in_dialog;
}

/* --- placing ------------------------------------------------------------------------------------------------------ */

static void
place_beside(redirect_placement_t *place, redirect_transaction_t *other)
{
    place->beside = other;
    place->hop = other->hop;
}

static void
place_repeat(redirect_placement_t *place, redirect_transaction_t *repeated)
{
    place_beside(place, repeated);
    place->retry_of = repeated;
}

/* A proxy that goes on by itself: its upstream's request is the same, below its own Via. */
static bool
is_recursion(const candidate_t *found, const wanted_t *wanted)
{
    return wanted->upstream != NULL ||
           (found->relation == RELATION_SAME_CLIENT && wanted->transaction->request.via_count > 1);
}

static redirect_confidence_t
confidence_in_call(const candidate_t *found, bool recursion)
{
    if (found->by_history) {
        return REDIRECT_CONFIDENCE_PROBABLE;
    }
    switch (found->match) {
    case SIP_URI_MATCH_EXACT:
        /* Along the same path every request of the follow-up carries the redirect's own call and branch. */
        return found->relation >= RELATION_FARTHER_ON || (recursion && found->relation != RELATION_SAME_CLIENT)
                   ? REDIRECT_CONFIDENCE_PROBABLE
                   : REDIRECT_CONFIDENCE_CERTAIN;
    case SIP_URI_MATCH_USER:
        return recursion ? REDIRECT_CONFIDENCE_PROBABLE : REDIRECT_CONFIDENCE_POSSIBLE;
    default:
        return REDIRECT_CONFIDENCE_PROBABLE;
    }
}

static const char *
evidence_in_call(const candidate_t *found, bool recursion)
{
    if (found->by_history) {
        return "History-Info names the target (RFC 7044); the Request-URI was changed once more on the way.";
    }
    if (recursion && found->relation == RELATION_SAME_CLIENT) {
        return "The proxy sent the same request (Call-ID, CSeq, lower Vias) on a new branch to the target.";
    }
    if (recursion) {
        return "A proxy nearer to the caller sent the same request to the target; that it got the redirect was not "
               "seen.";
    }
    switch (found->relation) {
    case RELATION_SAME_CLIENT:
        return "The same client sent it in the same call (Call-ID, From tag), on a new branch, to the target.";
    case RELATION_SAME_PATH:
        return "It came by the same path in the same call (Call-ID, From tag), to the target.";
    case RELATION_FARTHER_ON:
        return "The same client sent it in the same call to the target; that the redirect reached it was not seen.";
    default:
        return "Call-ID and From tag are the same and it goes to the target; who sent it was not seen.";
    }
}

static void
place_followup(redirect_placement_t *place, const candidate_t *found, const wanted_t *wanted)
{
    bool recursion = is_recursion(found, wanted);

    place->beside = found->leg;
    place->hop = found->redirect->depth;
    place->link = (redirect_link_t){
        .cause = found->redirect,
        .target = found->target,
        .redirected_in = found->redirect == found->leg->redirect ? found->leg->response.frame : found->redirect->frame,
        .redirected_at = found->redirect == found->leg->redirect ? found->leg->response.time : found->redirect->time,
        .match = found->match,
        .difference = found->difference,
        .confidence = confidence_in_call(found, recursion),
        .evidence = evidence_in_call(found, recursion),
        .kind = found->by_history                     ? REDIRECT_LINK_HISTORY_INFO
                : recursion                           ? REDIRECT_LINK_RECURSED
                : found->match == SIP_URI_MATCH_EXACT ? REDIRECT_LINK_SAME_CALL_EXACT
                                                      : REDIRECT_LINK_SAME_CALL_LOOSE,
    };
}

/* The request that this one's forward, captured before it, was a forward of: it stands where the forward stands. */
static void
place_above(redirect_placement_t *place, redirect_transaction_t *downstream)
{
    place_beside(place, downstream);
    if (downstream->link) {
        place->link = *downstream->link;
        place->is_listed = true;
    }
}

/* The latest transaction of the client's history that ended in a 3xx and asked for the same URI as the new one. */
static redirect_transaction_t *
find_returned(const wanted_t *wanted)
{
    const redirect_transaction_t *transaction = wanted->transaction;
    redirect_transaction_t *returned = NULL;

    for (redirect_transaction_t *earlier = first_other(transaction);
         earlier && redirect_link_spend(wanted->place, STEPS_PER_URI); earlier = next_other(earlier, transaction)) {
        if (earlier->redirect && relation(earlier, transaction, wanted->upstream) <= RELATION_FARTHER_ON &&
            redirect_same_request_uri(earlier, transaction)) {
            client_history_take(&returned, earlier, wanted->upstream);
        }
    }
    return returned;
}

/* Without a redirect, a repeat or an upstream: what the same client did before may still say where it belongs. */
static void
place_by_client_history(const redirect_store_t *store, const client_history_t *history, const wanted_t *wanted)
{
    redirect_transaction_t *redirected = history->redirected;
    redirect_transaction_t *returned = redirected ? find_returned(wanted) : NULL;
    redirect_placement_t *place = wanted->place;

    if (history->fork) {
        place_beside(place, history->fork);
    } else if (returned && !chain_is_answered(store, wanted, returned->chain)) {
        /* Back to where it was redirected: once more by the same journey, or a later journey of its own. */
        if (goes_on_with_call(wanted->transaction)) {
            place_beside(place, returned);
        }
    } else if (redirected && !chain_is_answered(store, wanted, redirected->chain) &&
               wanted->transaction->live->request_clock - redirected->response.clock <= ELSEWHERE_WITHIN) {
        place_beside(place, redirected);
        place->elsewhere_after = redirected;
    } else if (history->refused && goes_on_with_call(wanted->transaction) &&
               !chain_is_answered(store, wanted, history->refused->chain)) {
        place_beside(place, history->refused);
    }
}

/* Among the tried targets: the client tries one again, or the request is seen on a leg that nothing ties to it. */
static void
place_at_tried_target(redirect_placement_t *place, const candidate_t *found)
{
    redirect_transaction_t *tried_by = (redirect_transaction_t *)found->target->tried_by;

    if (found->relation <= RELATION_FARTHER_ON) {
        place_repeat(place, tried_by);
    } else {
        place_beside(place, tried_by);
    }
}

static void
place_request(const redirect_store_t *store, wanted_t *wanted, const client_history_t *history)
{
    redirect_placement_t *place = wanted->place;
    redirect_transaction_t *repeated = find_repeated(wanted);
    candidate_t found = find_target(wanted);
    bool untried;

    if (found.redirect && wanted->upstream == NULL && chain_is_answered(store, wanted, found.leg->chain)) {
        found.redirect = NULL; /* a refresh of what was redirected once, such as REGISTER, is a journey of its own */
    }
    untried = found.redirect && found.target->tried_by == NULL;
    if (repeated && !(untried && !redirect_is_amend_and_retry(repeated->response.status))) {
        place_repeat(place, repeated);
        return;
    }
    if (!untried) {
        candidate_t by_history = find_target_by_history(wanted);
        if (by_history.redirect && (wanted->upstream || !chain_is_answered(store, wanted, by_history.leg->chain))) {
            found = by_history;
            untried = true;
        }
    }
    if (untried) {
        place_followup(place, &found, wanted);
    } else if (wanted->upstream) {
        place_beside(place, place->upstream);
    } else if (history->explained) {
        place_beside(place, history->explained);
        place->announces = history->explained;
    } else if (found.redirect) {
        place_at_tried_target(place, &found);
    } else {
        place_by_client_history(store, history, wanted);
    }
}

static bool
is_for_announcement(const redirect_placement_t *place)
{
    return place->announces || (place->retry_of && redirect_is_announcement(place->retry_of)) ||
           (place->upstream && redirect_is_announcement(place->upstream));
}

void
redirect_link_in_call(const redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                      redirect_placement_t *place)
{
    wanted_t wanted = {.transaction = transaction, .facts = facts, .place = place};
    redirect_transaction_t *downstream;
    client_history_t history;

    if (first_other(transaction) == NULL) {
        return; /* the first of its call, as most are */
    }
    downstream = find_downstream(store, transaction, facts->sip);
    place->upstream = find_upstream(store, transaction, facts->sip, place);
    if (place->upstream == NULL) {
        place->upstream = find_hidden_upstream(transaction);
    }
    wanted.upstream = place->upstream;
    history = find_client_history(&wanted);
    if (downstream && (downstream->link || downstream->chain)) {
        place_above(place, downstream);
    } else {
        place_request(store, &wanted, &history);
        if (place->beside == NULL && downstream) {
            place_beside(place, downstream);
        }
    }
    place->downstream = downstream;
    if (history.refused && place->beside && place->beside->chain == history.refused->chain &&
        !is_for_announcement(place) && redirect_is_definitive_for(history.refused, transaction)) {
        place->global_failure = history.refused;
    }
}

void
redirect_link_response(const redirect_store_t *store, redirect_transaction_t *transaction, const sip_message_t *sip,
                       redirect_placement_t *place)
{
    place->upstream = find_upstream(store, transaction, sip, place);
    place->downstream = find_downstream(store, transaction, sip);
    if (place->upstream) {
        place_beside(place, place->upstream);
        return;
    }
    if (place->downstream) {
        place_beside(place, place->downstream);
        return;
    }
    /* The answer to a later request of a client whose redirect was captured: what it sent then was not. */
    for (redirect_transaction_t *other = first_other(transaction); other; other = next_other(other, transaction)) {
        if (other->redirect && redirect_key_of(other)->cseq < redirect_key_of(transaction)->cseq &&
            redirect_same_method(other, transaction) && goes_on_with_call(other) &&
            relation_by_vias(other, transaction) <= RELATION_SAME_PATH &&
            redirect_key_of(other)->from_tag == redirect_key_of(transaction)->from_tag) {
            place_beside(place, other);
        }
    }
}

/* One that began a journey of its own, of which nothing was shown, a moment before leg got its redirect. */
static bool
may_be_reordered(const redirect_transaction_t *later, const redirect_transaction_t *leg)
{
    return later->chain == NULL && redirect_store_is_root(later) && leg->request.frame != 0 &&
           later->request.frame >= leg->request.frame && leg->response.time - later->request.time <= REORDERED_WITHIN &&
           relation(leg, later, later->upstream) == RELATION_SAME_CLIENT;
}

redirect_transaction_t *
redirect_link_reordered(const redirect_store_t *store, redirect_transaction_t *leg, redirect_placement_t *place)
{
    (void)store;
    for (redirect_transaction_t *later = first_other(leg); later && redirect_link_spend(place, 1);
         later = next_other(later, leg)) {
        candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
        wanted_t wanted = {.transaction = later, .upstream = later->upstream, .place = place};

        if (!may_be_reordered(later, leg) || !redirect_request_uri(later, &wanted.uri)) {
            continue;
        }
        wanted.key = sip_uri_match_key(&wanted.uri);
        consider_redirect(&best, leg, leg->redirect, RELATION_SAME_CLIENT, &wanted);
        if (best.redirect && best.target->tried_by == NULL && best.match <= SIP_URI_MATCH_NUMBER) {
            place_followup(place, &best, &wanted);
            place->link.confidence = REDIRECT_CONFIDENCE_PROBABLE;
            place->link.evidence = "The same client sent it in the same call to the target, in a frame just before "
                                   "that of the redirect: frames look reordered.";
            return later;
        }
    }
    return NULL;
}
