/* redirect-link.c
 * Which redirect a transaction follows, and where else it belongs, within one call.
 * Across Call-IDs: redirect-link-calls.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-tracker-int.h"

/* How long before its redirect a follow-up may have been captured, where files were merged or frames reordered. */
#define REORDERED_WITHIN (REDIRECT_SECOND / 2)
/* Two branches to one address closer to each other than this are a fork, not a second try: T1 (RFC 3261 17.1.1.1). */
#define SECOND_TRY_AFTER (REDIRECT_SECOND / 2)
/* A request that goes elsewhere later than this is no answer to the redirect any more. */
#define ELSEWHERE_WITHIN REDIRECT_NOT_FOLLOWED_AFTER
/* History-Info entries of one request that are looked at. */
#define MAX_HISTORY_ENTRIES 32

/* --- how two transactions of one call stand to each other ------------------------------------------------------------- */

/* Best first: an earlier transaction's redirects are considered in this order. */
typedef enum {
    RELATION_SAME_CLIENT, /* the client that made the new transaction made this one, for the same upstream request */
    RELATION_SAME_PATH,   /* it came by the same elements, but not all of their requests were captured */
    RELATION_FARTHER_ON,  /* a forward of what that client sent: what the client itself got was not captured */
    RELATION_SAME_CALLER, /* no more than Call-ID and From tag in common */
    RELATION_NONE,
} relation_t;

static bool
same_sender(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return redirect_same_address(&a->source, &b->source) ||
           sip_slice_equal_nocase(redirect_sent_by_host(a->sent_by), redirect_sent_by_host(b->sent_by));
}

bool
redirect_same_method(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return a->method == b->method && sip_slice_equal(a->other_method, b->other_method);
}

/*
 * A request outside of a dialog has no To tag (RFC 3261 8.1.1.2), yet some clients put that of the 3xx into the
 * request that follows it.
 */
static bool
same_dialog(const redirect_transaction_t *earlier, const redirect_transaction_t *later)
{
    return sip_slice_equal(earlier->to_tag, later->to_tag) ||
           (!sip_slice_has_text(earlier->to_tag) && earlier->final >= 300 &&
            sip_slice_equal(earlier->final_to_tag, later->to_tag));
}

/* Neither has an upstream that was captured: the Vias tell. */
static relation_t
relation_by_vias(const redirect_transaction_t *earlier, const redirect_transaction_t *later)
{
    if (earlier->via_count != later->via_count || !same_sender(earlier, later)) {
        return RELATION_SAME_CALLER;
    }
    if (earlier->via_path_hash == later->via_path_hash) {
        return RELATION_SAME_CLIENT;
    }
    return earlier->via_hosts_hash == later->via_hosts_hash ? RELATION_SAME_PATH : RELATION_SAME_CALLER;
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
        !sip_slice_equal(earlier->from_tag, later->from_tag)) {
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
find_upstream(const redirect_call_t *call, const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    redirect_transaction_t *found = NULL;
    sip_via_iter_t vias;
    sip_via_t via;

    sip_via_iter_init(&vias, sip);
    (void)sip_via_iter_next(&vias, &via); /* the top */
    while (found == NULL && sip_via_iter_next(&vias, &via)) {
        if (!sip_slice_has_text(via.branch)) {
            continue;
        }
        for (redirect_transaction_t *other = call->first; other; other = other->next_in_call) {
            if (sip_slice_equal(other->branch, via.branch) && sip_slice_equal_nocase(other->sent_by, via.sent_by) &&
                other->via_count < transaction->via_count && redirect_same_method(other, transaction)) {
                found = other;
            }
        }
    }
    return found;
}

/* An element that hides the path (one Via again) but keeps Call-ID, From tag and CSeq: the receiver now sends. */
static redirect_transaction_t *
find_hidden_upstream(const redirect_call_t *call, const redirect_transaction_t *transaction)
{
    redirect_transaction_t *found = NULL;

    for (redirect_transaction_t *other = call->first; other; other = other->next_in_call) {
        if (transaction->via_count == 1 && other->final == 0 && other->request_frame &&
            redirect_same_method(other, transaction) && other->cseq == transaction->cseq &&
            sip_slice_equal(other->from_tag, transaction->from_tag) &&
            sip_slice_equal(other->to_tag, transaction->to_tag) && !same_sender(other, transaction) &&
            redirect_same_address(&other->destination, &transaction->source)) {
            found = other;
        }
    }
    return found;
}

/* A forward of this request that was captured before it, as happens in merged captures. */
static redirect_transaction_t *
find_downstream(const redirect_call_t *call, const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    redirect_transaction_t *other = call->first;
    uint64_t path = REDIRECT_HASH_SEED;
    sip_via_iter_t vias;
    sip_via_t via;

    while (other && other->via_count != sip->via_count + 1) {
        other = other->next_in_call;
    }
    sip_via_iter_init(&vias, sip);
    while (other && sip_via_iter_next(&vias, &via)) {
        path = redirect_hash(redirect_hash(path, via.sent_by), via.branch);
    }
    for (; other; other = other->next_in_call) {
        if (other->upstream == NULL && other->via_count == sip->via_count + 1 && other->via_path_hash == path &&
            redirect_same_method(other, transaction)) {
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
    const redirect_transaction_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    relation_t relation;
    bool by_history; /* History-Info names the target; the Request-URI is another by now */
} candidate_t;

sip_uri_match_t
redirect_target_match(const redirect_target_t *target, const sip_uri_t *request_uri, uint32_t key,
                      sip_uri_diff_t *difference)
{
    sip_uri_t uri;

    *difference = SIP_URI_DIFF_NONE;
    if (!target->followable || target->key != key || !sip_uri_parse(target->raw, &uri)) {
        return SIP_URI_MATCH_NONE;
    }
    return sip_uri_match(&uri, request_uri, difference);
}

static bool
same_request_uri(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    sip_uri_t uri_a, uri_b;

    return sip_slice_equal(a->raw_uri, b->raw_uri) ||
           (sip_uri_parse(a->raw_uri, &uri_a) && sip_uri_parse(b->raw_uri, &uri_b) &&
            sip_uri_match(&uri_a, &uri_b, NULL) <= SIP_URI_MATCH_LOOSE);
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
    sip_uri_t proxy;
    redirect_endpoint_t named;

    if (!same_request_uri(redirected, transaction) || !sip_uri_parse(target->raw, &proxy)) {
        return false;
    }
    sip_value_iter_init(&routes, sip, SIP_HEADER_ROUTE);
    if (sip_value_iter_next(&routes, &value) && sip_address_parse(value, &route)) {
        return sip_slice_equal_nocase(route.uri.host, proxy.host);
    }
    if (redirect_target_address(target, &named)) {
        return redirect_same_address(&named, &transaction->destination);
    }
    return transaction->destination.len > 0 && redirected->destination.len > 0 &&
           !redirect_same_address(&transaction->destination, &redirected->destination);
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
               !same_request_uri(candidate->leg, transaction);
    default:
        return false;
    }
}

static void
consider_target(candidate_t *best, const candidate_t *candidate, const redirect_transaction_t *transaction)
{
    if (match_suffices(candidate, transaction) &&
        (best->redirect == NULL || candidate_rank(candidate) <= candidate_rank(best))) {
        *best = *candidate;
    }
}

static void
consider_redirect(candidate_t *best, const redirect_transaction_t *earlier, relation_t how,
                  const redirect_transaction_t *transaction, const sip_message_t *sip, const sip_uri_t *uri,
                  uint32_t key)
{
    redirect_t *redirect = earlier->redirect;

    for (unsigned i = 0; i < redirect->target_count; i++) {
        candidate_t candidate = {.redirect = redirect, .target = &redirect->target[i], .leg = earlier, .relation = how};
        candidate.match = redirect_target_match(candidate.target, uri, key, &candidate.difference);
        if (redirect->code == 305 && candidate.match != SIP_URI_MATCH_EXACT &&
            goes_through_proxy(candidate.target, earlier, transaction, sip)) {
            candidate.match = SIP_URI_MATCH_EXACT;
            candidate.difference = SIP_URI_DIFF_NONE;
        }
        consider_target(best, &candidate, transaction);
    }
}

/* The best target of all redirects in the call; among equals the latest redirect wins. */
static candidate_t
find_target(const redirect_call_t *call, const redirect_transaction_t *transaction, const sip_message_t *sip,
            const redirect_transaction_t *upstream)
{
    candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
    redirect_transaction_t *earlier = call->first;
    sip_uri_t uri;
    uint32_t key;

    while (earlier && earlier->redirect == NULL) {
        earlier = earlier->next_in_call;
    }
    if (earlier == NULL || !sip_uri_parse(transaction->raw_uri, &uri)) {
        return best;
    }
    key = sip_uri_match_key(&uri);
    for (; earlier; earlier = earlier->next_in_call) {
        relation_t how = earlier->redirect ? relation(earlier, transaction, upstream) : RELATION_NONE;
        if (how != RELATION_NONE) {
            consider_redirect(&best, earlier, how, transaction, sip, &uri, key);
        }
    }
    return best;
}

/*
 * A location lookup may have changed the Request-URI once more before the request was captured. Then History-Info
 * still names the target, as one of its entries (RFC 7044 10.3).
 */
static candidate_t
find_target_by_history(const redirect_call_t *call, const redirect_transaction_t *transaction, const sip_message_t *sip,
                       const redirect_transaction_t *upstream)
{
    candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
    sip_value_iter_t values;
    sip_slice_t value;
    sip_history_entry_t entry;
    sip_uri_t uri;

    if (!sip_message_has(sip, SIP_HEADER_HISTORY_INFO) || !sip_uri_parse(transaction->raw_uri, &uri)) {
        return best;
    }
    sip_value_iter_init(&values, sip, SIP_HEADER_HISTORY_INFO);
    for (unsigned i = 0; i < MAX_HISTORY_ENTRIES && sip_value_iter_next(&values, &value); i++) {
        uint32_t key;
        if (!sip_history_entry_parse(value, &entry) || entry.address.uri.whole.len == 0) {
            continue;
        }
        entry.address.uri.headers = SIP_SLICE_NONE; /* its Reason is no part of where it went */
        key = sip_uri_match_key(&entry.address.uri);
        for (redirect_transaction_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
            relation_t how = earlier->redirect ? relation(earlier, transaction, upstream) : RELATION_NONE;
            if (how <= RELATION_FARTHER_ON) {
                consider_redirect(&best, earlier, how, transaction, sip, &entry.address.uri, key);
            }
        }
    }
    if (best.redirect && (best.match > SIP_URI_MATCH_LOOSE || best.target->tried_by)) {
        best.redirect = NULL;
    }
    if (best.redirect) {
        sip_uri_t target;
        best.by_history = true;
        if (sip_uri_parse(best.target->raw, &target)) {
            best.match = sip_uri_match(&target, &uri, &best.difference);
        }
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
    if (earlier->final != 0 || earlier->last_provisional > 100) {
        return false;
    }
    return (upstream == NULL && transaction->via_count == 1) ||
           !redirect_same_address(&earlier->destination, &transaction->destination) ||
           transaction->request_time - earlier->request_time >= SECOND_TRY_AFTER;
}

static bool
repeats(const redirect_transaction_t *earlier, const redirect_transaction_t *transaction,
        const redirect_transaction_t *upstream)
{
    if (earlier->retried_by || earlier->request_frame == 0) {
        return false;
    }
    if (redirect_is_amend_and_retry(earlier->final)) {
        return earlier->final == 416 || same_request_uri(earlier, transaction);
    }
    return (is_failover(earlier->final) || is_given_up(earlier, transaction, upstream)) &&
           same_request_uri(earlier, transaction);
}

/* The latest transaction of the same client that the new one repeats, amended or at another server. */
static redirect_transaction_t *
find_repeated(const redirect_call_t *call, const redirect_transaction_t *transaction,
              const redirect_transaction_t *upstream)
{
    redirect_transaction_t *found = NULL;

    for (redirect_transaction_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        if (repeats(earlier, transaction, upstream) && relation(earlier, transaction, upstream) <= RELATION_SAME_PATH) {
            found = earlier;
        }
    }
    return found;
}

/* --- the rest of the client's history --------------------------------------------------------------------------------------- */

/*
 * What the same client did before, as far as the new transaction may go on from it: on its own leg where that was captured,
 * else as seen farther on.
 */
typedef struct {
    redirect_transaction_t *redirected; /* the latest that ended in a 3xx */
    redirect_transaction_t *refused;    /* the latest that ended in a 6xx */
    redirect_transaction_t *fork;       /* the first branch of the same response context */
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

static client_history_t
find_client_history(const redirect_call_t *call, const redirect_transaction_t *transaction,
                    const redirect_transaction_t *upstream)
{
    client_history_t client_history = {NULL, NULL, NULL};

    for (redirect_transaction_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        relation_t how = relation(earlier, transaction, upstream);
        if (how > RELATION_FARTHER_ON) {
            continue;
        }
        if (earlier->redirect) {
            client_history_take(&client_history.redirected, earlier, upstream);
        }
        if (earlier->final / 100 == 6) {
            client_history_take(&client_history.refused, earlier, upstream);
        }
        if (how == RELATION_SAME_CLIENT && transaction->via_count > 1 && client_history.fork == NULL) {
            client_history.fork = earlier;
        }
    }
    return client_history;
}

static bool
chain_is_answered(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    return chain->visible && redirect_chain_result(tracker, chain).outcome == REDIRECT_OUTCOME_ANSWERED;
}

/*
 * 606 leaves it to the caller to offer other media at once (RFC 3261 21.6.4), and a Retry-After that has run out
 * invites the next transaction (RFC 5057 5.1).
 */
bool
redirect_is_definitive_for(const redirect_transaction_t *refused, const redirect_transaction_t *transaction)
{
    if (refused->final == 606 && same_request_uri(refused, transaction)) {
        return false;
    }
    return refused->retry_after == 0 ||
           transaction->request_time - refused->final_time < (redirect_time_t)refused->retry_after * REDIRECT_SECOND;
}

/*
 * An INVITE outside of a dialog goes on with the call that its Call-ID names. Other requests keep one Call-ID for long
 * (REGISTER, SUBSCRIBE, MESSAGE, those in a dialog) and are each a journey of their own.
 */
static bool
goes_on_with_call(const redirect_transaction_t *transaction)
{
    return transaction->method == SIP_METHOD_INVITE && !sip_slice_has_text(transaction->to_tag);
}

/* --- placing ------------------------------------------------------------------------------------------------------ */

static void
place_beside(redirect_placement_t *place, const redirect_transaction_t *other)
{
    place->chain = other->chain;
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
is_recursion(const candidate_t *found, const redirect_transaction_t *transaction,
             const redirect_transaction_t *upstream)
{
    return upstream != NULL || (found->relation == RELATION_SAME_CLIENT && transaction->via_count > 1);
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
place_followup(redirect_placement_t *place, const candidate_t *found, const redirect_transaction_t *transaction)
{
    bool recursion = is_recursion(found, transaction, place->upstream);

    place->chain = found->leg->chain;
    place->cause = found->redirect;
    place->target = found->target;
    place->redirected_leg = found->leg;
    place->match = found->match;
    place->difference = found->difference;
    place->hop = found->redirect->depth;
    place->confidence = confidence_in_call(found, recursion);
    place->evidence = evidence_in_call(found, recursion);
    place->link = found->by_history                     ? REDIRECT_LINK_HISTORY_INFO
                  : recursion                           ? REDIRECT_LINK_RECURSED
                  : found->match == SIP_URI_MATCH_EXACT ? REDIRECT_LINK_SAME_CALL_EXACT
                                                        : REDIRECT_LINK_SAME_CALL_LOOSE;
}

/* The request that this one's forward, captured before it, was a forward of: it stands where the forward stands. */
static void
place_above(redirect_placement_t *place, const redirect_transaction_t *downstream)
{
    place_beside(place, downstream);
    place->cause = downstream->cause;
    place->target = downstream->cause_target;
    place->redirected_leg = NULL;
    place->link = downstream->link;
    place->confidence = downstream->confidence;
    place->match = downstream->match;
    place->difference = downstream->difference;
    place->evidence = downstream->evidence;
    place->above = downstream;
}

/* The latest transaction of the client's history that ended in a 3xx and asked for the same URI as the new one. */
static redirect_transaction_t *
find_returned(const redirect_call_t *call, const redirect_transaction_t *transaction,
              const redirect_transaction_t *upstream)
{
    redirect_transaction_t *returned = NULL;

    for (redirect_transaction_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        if (earlier->redirect && relation(earlier, transaction, upstream) <= RELATION_FARTHER_ON &&
            same_request_uri(earlier, transaction)) {
            client_history_take(&returned, earlier, upstream);
        }
    }
    return returned;
}

/* Without a redirect, a repeat or an upstream: what the same client did before may still say where it belongs. */
static void
place_by_client_history(const redirect_tracker_t *tracker, const redirect_call_t *call, redirect_placement_t *place,
                        const client_history_t *client_history, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *redirected = client_history->redirected;
    const redirect_transaction_t *returned = redirected ? find_returned(call, transaction, place->upstream) : NULL;

    if (client_history->fork) {
        place_beside(place, client_history->fork);
    } else if (returned && !chain_is_answered(tracker, returned->chain)) {
        /* Back to where it was redirected: once more by the same journey, or a later journey of its own. */
        if (goes_on_with_call(transaction)) {
            place_beside(place, returned);
        }
    } else if (redirected && !chain_is_answered(tracker, redirected->chain) &&
               transaction->request_time - redirected->final_time <= ELSEWHERE_WITHIN) {
        place_beside(place, redirected);
        place->elsewhere_after = redirected;
    } else if (client_history->refused && goes_on_with_call(transaction) &&
               !chain_is_answered(tracker, client_history->refused->chain)) {
        place_beside(place, client_history->refused);
    }
}

/* Among the tried targets: the client tries one again, or the request is seen on a leg that nothing ties to it. */
static void
place_at_tried_target(redirect_placement_t *place, const candidate_t *found)
{
    if (found->relation <= RELATION_FARTHER_ON) {
        place_repeat(place, (redirect_transaction_t *)found->target->tried_by);
    } else {
        place_beside(place, found->target->tried_by);
    }
}

static void
place_request(const redirect_tracker_t *tracker, const redirect_call_t *call, const redirect_transaction_t *transaction,
              const sip_message_t *sip, redirect_placement_t *place, const client_history_t *client_history)
{
    redirect_transaction_t *upstream = place->upstream;
    redirect_transaction_t *repeated = find_repeated(call, transaction, upstream);
    candidate_t found = find_target(call, transaction, sip, upstream);
    bool untried;

    if (found.redirect && upstream == NULL && chain_is_answered(tracker, found.leg->chain)) {
        found.redirect = NULL; /* a refresh of what was redirected once, such as REGISTER, is a journey of its own */
    }
    untried = found.redirect && found.target->tried_by == NULL;
    if (repeated && !(untried && !redirect_is_amend_and_retry(repeated->final))) {
        place_repeat(place, repeated);
        return;
    }
    if (!untried) {
        candidate_t told = find_target_by_history(call, transaction, sip, upstream);
        if (told.redirect && (upstream || !chain_is_answered(tracker, told.leg->chain))) {
            found = told;
            untried = true;
        }
    }
    if (untried) {
        place_followup(place, &found, transaction);
    } else if (upstream) {
        place_beside(place, upstream);
    } else if (found.redirect) {
        place_at_tried_target(place, &found);
    } else {
        place_by_client_history(tracker, call, place, client_history, transaction);
    }
}

void
redirect_link_in_call(const redirect_tracker_t *tracker, const redirect_call_t *call,
                      const redirect_transaction_t *transaction, const sip_message_t *sip, redirect_placement_t *place)
{
    redirect_transaction_t *downstream;
    client_history_t client_history;

    if (call->first == NULL) {
        return; /* the first of its call, as most are */
    }
    downstream = find_downstream(call, transaction, sip);
    place->upstream = find_upstream(call, transaction, sip);
    if (place->upstream == NULL) {
        place->upstream = find_hidden_upstream(call, transaction);
    }
    client_history = find_client_history(call, transaction, place->upstream);
    if (downstream && (downstream->cause || downstream->chain->visible)) {
        place_above(place, downstream);
    } else {
        place_request(tracker, call, transaction, sip, place, &client_history);
        if (place->chain == NULL && downstream) {
            place_beside(place, downstream);
        }
    }
    place->downstream = downstream;
    if (client_history.refused && place->chain == client_history.refused->chain &&
        redirect_is_definitive_for(client_history.refused, transaction)) {
        place->global_failure = client_history.refused;
    }
}

void
redirect_link_response(const redirect_call_t *call, const redirect_transaction_t *transaction, const sip_message_t *sip,
                       redirect_placement_t *place)
{
    place->upstream = find_upstream(call, transaction, sip);
    place->downstream = find_downstream(call, transaction, sip);
    if (place->upstream) {
        place_beside(place, place->upstream);
        return;
    }
    if (place->downstream) {
        place_beside(place, place->downstream);
        return;
    }
    /* The answer to a later request of a client whose redirect was captured: what it sent then was not. */
    for (redirect_transaction_t *other = call->first; other; other = other->next_in_call) {
        if (other->redirect && other->cseq < transaction->cseq && redirect_same_method(other, transaction) &&
            goes_on_with_call(other) && relation_by_vias(other, transaction) <= RELATION_SAME_PATH &&
            sip_slice_equal(other->from_tag, transaction->from_tag)) {
            place_beside(place, other);
        }
    }
}

redirect_transaction_t *
redirect_link_reordered(const redirect_call_t *call, const redirect_transaction_t *leg, redirect_placement_t *place)
{
    for (redirect_transaction_t *later = call->first; later; later = later->next_in_call) {
        candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
        sip_message_t none = {.is_response = false};
        sip_uri_t uri;

        if (later->chain == leg->chain || later->chain->visible || later->chain->kept || later != later->chain->root ||
            leg->request_frame == 0 || later->request_frame < leg->request_frame ||
            leg->final_time - later->request_time > REORDERED_WITHIN ||
            relation(leg, later, later->upstream) != RELATION_SAME_CLIENT || !sip_uri_parse(later->raw_uri, &uri)) {
            continue;
        }
        consider_redirect(&best, leg, RELATION_SAME_CLIENT, later, &none, &uri, sip_uri_match_key(&uri));
        if (best.redirect && best.target->tried_by == NULL && best.match <= SIP_URI_MATCH_NUMBER) {
            place->upstream = later->upstream;
            place_followup(place, &best, later);
            place->confidence = REDIRECT_CONFIDENCE_PROBABLE;
            place->evidence = "The same client sent it in the same call to the target, in a frame just before that of "
                              "the redirect: frames look reordered.";
            return later;
        }
    }
    return NULL;
}
