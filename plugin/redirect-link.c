/* redirect-link.c
 * Which redirect an attempt follows, and where else it belongs: inside one call, and across Call-IDs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-tracker-int.h"

/* --- how two attempts of one call stand to each other ---------------------------------------------------------- */

/* Best first: an earlier attempt's redirects are considered in this order. */
typedef enum {
    RELATION_SAME_CLIENT, /* the client that made the new attempt made this one, for the same upstream request */
    RELATION_SAME_PATH,   /* a client that the capture does not show sent again through the same proxies */
    RELATION_SAME_CALLER, /* no more than Call-ID and From tag in common */
    RELATION_NONE,
} relation_t;

static bool
same_sender(const redirect_attempt_t *a, const redirect_attempt_t *b)
{
    return redirect_same_address(&a->source, &b->source) ||
           sip_slice_equal_nocase(redirect_sent_by_host(a->sent_by), redirect_sent_by_host(b->sent_by));
}

static bool
same_method(const redirect_attempt_t *a, const redirect_attempt_t *b)
{
    return a->method == b->method && sip_slice_equal(a->other_method, b->other_method);
}

/*
 * A request outside of a dialog has no To tag (RFC 3261 8.1.1.2), yet some clients put that of the 3xx into the
 * request that follows it.
 */
static bool
same_dialog(const redirect_attempt_t *earlier, const redirect_attempt_t *later)
{
    return sip_slice_equal(earlier->to_tag, later->to_tag) ||
           (!sip_slice_has_text(earlier->to_tag) && earlier->final >= 300 &&
            sip_slice_equal(earlier->final_to_tag, later->to_tag));
}

static relation_t
relation(const redirect_attempt_t *earlier, const redirect_attempt_t *later, const redirect_attempt_t *upstream)
{
    bool same_tag = sip_slice_equal(earlier->from_tag, later->from_tag);

    if (!same_method(earlier, later) || !same_dialog(earlier, later) || !same_tag) {
        return RELATION_NONE;
    }
    if (upstream || earlier->upstream) {
        if (upstream == earlier->upstream && same_sender(earlier, later)) {
            return RELATION_SAME_CLIENT;
        }
        return earlier == upstream ? RELATION_NONE : RELATION_SAME_CALLER;
    }
    if (earlier->via_count == later->via_count && same_sender(earlier, later)) {
        if (earlier->lower_path == later->lower_path) {
            return RELATION_SAME_CLIENT;
        }
        if (earlier->lower_hosts == later->lower_hosts) {
            return RELATION_SAME_PATH;
        }
    }
    return RELATION_SAME_CALLER;
}

/* --- upstream --------------------------------------------------------------------------------------------------- */

/* The nearest attempt that this is a forward of: its branch stands among the Vias below the top (RFC 3261 16.6). */
static redirect_attempt_t *
find_upstream(const redirect_call_t *call, const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    for (unsigned i = 1; i < sip->via_kept; i++) {
        const sip_via_t *via = &sip->via[i];
        if (!sip_slice_has_text(via->branch)) {
            continue;
        }
        for (redirect_attempt_t *other = call->first; other; other = other->next_in_call) {
            if (sip_slice_equal(other->branch, via->branch) && sip_slice_equal_nocase(other->sent_by, via->sent_by) &&
                same_method(other, attempt)) {
                return other;
            }
        }
    }
    return NULL;
}

/* An element that hides the path (one Via again) but keeps Call-ID, From tag and CSeq: the receiver now sends. */
static redirect_attempt_t *
find_hidden_upstream(const redirect_call_t *call, const redirect_attempt_t *attempt)
{
    redirect_attempt_t *found = NULL;

    for (redirect_attempt_t *other = call->first; other; other = other->next_in_call) {
        if (attempt->via_count == 1 && other->final == 0 && other->request_frame && same_method(other, attempt) &&
            other->cseq == attempt->cseq && sip_slice_equal(other->from_tag, attempt->from_tag) &&
            sip_slice_equal(other->to_tag, attempt->to_tag) && !same_sender(other, attempt) &&
            redirect_same_address(&other->destination, &attempt->source)) {
            found = other;
        }
    }
    return found;
}

/* A forward of this request that was captured before it, as happens in merged captures. */
static redirect_attempt_t *
find_downstream(const redirect_call_t *call, const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    uint64_t path = REDIRECT_HASH_SEED;

    for (unsigned i = 0; i < sip->via_kept; i++) {
        path = redirect_hash(redirect_hash(path, sip->via[i].sent_by), sip->via[i].branch);
    }
    for (redirect_attempt_t *other = call->first; other; other = other->next_in_call) {
        if (other->upstream == NULL && other->via_count == sip->via_count + 1 && other->lower_path == path &&
            same_method(other, attempt)) {
            return other;
        }
    }
    return NULL;
}

/* --- targets ----------------------------------------------------------------------------------------------------- */

/* One target that a new request may have been sent to, and how well it fits. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    const redirect_attempt_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    relation_t relation;
} candidate_t;

static sip_uri_match_t
target_match(const redirect_target_t *target, const sip_uri_t *request_uri, sip_uri_diff_t *difference)
{
    sip_uri_t uri;

    *difference = SIP_URI_DIFF_NONE;
    if (!target->followable || !sip_uri_parse(target->raw, &uri)) {
        return SIP_URI_MATCH_NONE;
    }
    return sip_uri_match(&uri, request_uri, difference);
}

/*
 * A 305 names a proxy, not a new destination (RFC 3261 21.3.4): the request goes out again with the same Request-URI,
 * through a Route to the proxy or straight to its address.
 */
static bool
goes_through_proxy(const redirect_target_t *target, const redirect_attempt_t *redirected,
                   const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    sip_value_iter_t routes;
    sip_slice_t value;
    sip_address_t route;
    sip_uri_t proxy;

    if (!sip_slice_equal(redirected->raw_uri, attempt->raw_uri) || !sip_uri_parse(target->raw, &proxy)) {
        return false;
    }
    sip_value_iter_init(&routes, sip, SIP_HEADER_ROUTE);
    if (sip_value_iter_next(&routes, &value) && sip_address_parse(value, &route)) {
        return sip_slice_equal_nocase(route.uri.host, proxy.host);
    }
    return attempt->destination.len > 0 && redirected->destination.len > 0 &&
           !redirect_same_address(&attempt->destination, &redirected->destination);
}

/* Best first: an untried target before a tried one, then how well the URI fits, then who sent it. */
static unsigned
candidate_rank(const candidate_t *candidate)
{
    unsigned tried = candidate->target->tried_by ? 1 : 0;

    return tried * 100 + (unsigned)candidate->match * 10 + (unsigned)candidate->relation;
}

/* How poor a match still counts, by how the redirected attempt stands to the new one. */
static bool
match_suffices(sip_uri_match_t match, relation_t how, const redirect_t *redirect)
{
    switch (match) {
    case SIP_URI_MATCH_EXACT:
        return true;
    case SIP_URI_MATCH_LOOSE:
    case SIP_URI_MATCH_NUMBER:
        return how != RELATION_SAME_CALLER;
    case SIP_URI_MATCH_USER: /* a location lookup before the next sighting; only where there was one place to go to */
        return how == RELATION_SAME_CLIENT && redirect->target_total == 1;
    default:
        return false;
    }
}

static void
consider_target(candidate_t *best, candidate_t candidate)
{
    if (match_suffices(candidate.match, candidate.relation, candidate.redirect) &&
        (best->redirect == NULL || candidate_rank(&candidate) <= candidate_rank(best))) {
        *best = candidate;
    }
}

/* The best target of all redirects in the call; among equals the latest redirect wins. */
static candidate_t
find_target(const redirect_call_t *call, const redirect_attempt_t *attempt, const sip_message_t *sip,
            const redirect_attempt_t *upstream)
{
    candidate_t best = {.redirect = NULL, .match = SIP_URI_MATCH_NONE};
    sip_uri_t uri;

    if (!sip_uri_parse(attempt->raw_uri, &uri)) {
        return best;
    }
    for (redirect_attempt_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        relation_t how;
        if (earlier->redirect == NULL ||
            (how = relation(earlier, attempt, upstream)) == RELATION_NONE) {
            continue;
        }
        for (unsigned i = 0; i < earlier->redirect->target_count; i++) {
            redirect_target_t *target = &earlier->redirect->target[i];
            candidate_t candidate = {.redirect = earlier->redirect, .target = target, .leg = earlier, .relation = how};
            candidate.match = target_match(target, &uri, &candidate.difference);
            if (earlier->redirect->code == 305 && candidate.match != SIP_URI_MATCH_EXACT &&
                goes_through_proxy(target, earlier, attempt, sip)) {
                candidate.match = SIP_URI_MATCH_EXACT;
                candidate.difference = SIP_URI_DIFF_NONE;
            }
            consider_target(&best, candidate);
        }
    }
    return best;
}

/* --- repeats ------------------------------------------------------------------------------------------------------ */

bool
redirect_is_amend_and_retry(uint16_t status)
{
    static const uint16_t codes[] = {401, 407, 413, 415, 416, 420, 421, 422, 423, 428, 491, 494};

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i] == status) {
            return true;
        }
    }
    return false;
}

/* After these, or without any answer, a client turns to the next server for the same URI (RFC 3263 4.3). */
static bool
is_failover(const redirect_attempt_t *attempt)
{
    return attempt->final == 0 || attempt->final == 408 || attempt->final == 500 || attempt->final == 503;
}

static bool
same_request_uri(const redirect_attempt_t *a, const redirect_attempt_t *b)
{
    sip_uri_t uri_a, uri_b;

    return sip_slice_equal(a->raw_uri, b->raw_uri) ||
           (sip_uri_parse(a->raw_uri, &uri_a) && sip_uri_parse(b->raw_uri, &uri_b) &&
            sip_uri_match(&uri_a, &uri_b, NULL) <= SIP_URI_MATCH_LOOSE);
}

static bool
repeats(const redirect_attempt_t *earlier, const redirect_attempt_t *attempt)
{
    if (earlier->retried_by || earlier->request_frame == 0) {
        return false;
    }
    if (redirect_is_amend_and_retry(earlier->final)) {
        return earlier->final == 416 || same_request_uri(earlier, attempt);
    }
    return is_failover(earlier) && same_request_uri(earlier, attempt);
}

/* The latest attempt of the same client that the new one repeats, amended or at another server. */
static redirect_attempt_t *
find_repeated(const redirect_call_t *call, const redirect_attempt_t *attempt, const redirect_attempt_t *upstream)
{
    redirect_attempt_t *found = NULL;

    for (redirect_attempt_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        if (relation(earlier, attempt, upstream) <= RELATION_SAME_PATH && repeats(earlier, attempt)) {
            found = earlier;
        }
    }
    return found;
}

/* --- the rest of the family ---------------------------------------------------------------------------------------- */

/* What the same client did before, as far as the new attempt may go on from it. */
typedef struct {
    redirect_attempt_t *redirected; /* the latest that ended in a 3xx */
    redirect_attempt_t *refused;    /* the latest that ended in a 6xx */
    redirect_attempt_t *fork;       /* the first branch of the same response context */
} family_t;

static family_t
find_family(const redirect_call_t *call, const redirect_attempt_t *attempt, const redirect_attempt_t *upstream)
{
    family_t family = {NULL, NULL, NULL};

    for (redirect_attempt_t *earlier = call->first; earlier; earlier = earlier->next_in_call) {
        relation_t how = relation(earlier, attempt, upstream);
        if (how > RELATION_SAME_PATH) {
            continue;
        }
        if (earlier->redirect) {
            family.redirected = earlier;
        }
        if (earlier->final / 100 == 6) {
            family.refused = earlier;
        }
        if (how == RELATION_SAME_CLIENT && attempt->via_count > 1 && family.fork == NULL) {
            family.fork = earlier;
        }
    }
    return family;
}

static bool
chain_is_answered(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    return chain->begun && redirect_chain_result(tracker, chain).outcome == REDIRECT_OUTCOME_ANSWERED;
}

/*
 * 606 leaves it to the caller to offer other media at once (RFC 3261 21.6.4), and a Retry-After that has run out
 * invites the next attempt (RFC 5057 5.1).
 */
static bool
is_definitive_for(const redirect_attempt_t *refused, const redirect_attempt_t *attempt)
{
    if (refused->final == 606 && same_request_uri(refused, attempt)) {
        return false;
    }
    return refused->retry_after == 0 ||
           attempt->request_time - refused->final_time < (redirect_time_t)refused->retry_after * REDIRECT_SECOND;
}

/* --- placing -------------------------------------------------------------------------------------------------------- */

static void
place_beside(redirect_placement_t *place, const redirect_attempt_t *other)
{
    place->chain = other->chain;
    place->hop = other->hop;
}

static void
place_repeat(redirect_placement_t *place, redirect_attempt_t *repeated)
{
    place_beside(place, repeated);
    place->retry_of = repeated;
}

static bool
is_recursion(const candidate_t *found, const redirect_attempt_t *attempt)
{
    return found->relation == RELATION_SAME_CLIENT && attempt->via_count > 1;
}

static redirect_confidence_t
confidence_in_call(const candidate_t *found)
{
    if (found->relation == RELATION_SAME_CALLER) {
        return REDIRECT_CONFIDENCE_PROBABLE;
    }
    switch (found->match) {
    case SIP_URI_MATCH_EXACT:
        return REDIRECT_CONFIDENCE_CERTAIN;
    case SIP_URI_MATCH_USER:
        return REDIRECT_CONFIDENCE_POSSIBLE;
    default:
        return REDIRECT_CONFIDENCE_PROBABLE;
    }
}

static const char *
evidence_in_call(const candidate_t *found, const redirect_attempt_t *attempt)
{
    if (is_recursion(found, attempt)) {
        return "The proxy sent the same request (Call-ID, CSeq, lower Vias) on a new branch to the target.";
    }
    switch (found->relation) {
    case RELATION_SAME_CLIENT:
        return "The same client sent it in the same call (Call-ID, From tag), on a new branch, to the target.";
    case RELATION_SAME_PATH:
        return "It came by the same path in the same call (Call-ID, From tag), to the target.";
    default:
        return "Call-ID and From tag are the same and it goes to the target; who sent it was not seen.";
    }
}

static void
place_followup(redirect_placement_t *place, const candidate_t *found, const redirect_attempt_t *attempt)
{
    place->chain = found->leg->chain;
    place->cause = found->redirect;
    place->target = found->target;
    place->redirected_leg = found->leg;
    place->match = found->match;
    place->difference = found->difference;
    place->hop = found->redirect->depth;
    place->confidence = confidence_in_call(found);
    place->evidence = evidence_in_call(found, attempt);
    place->link = is_recursion(found, attempt)            ? REDIRECT_LINK_RECURSED
                  : found->match == SIP_URI_MATCH_EXACT   ? REDIRECT_LINK_SAME_CALL_EXACT
                                                          : REDIRECT_LINK_SAME_CALL_LOOSE;
}

void
redirect_link_in_call(const redirect_tracker_t *tracker, const redirect_call_t *call,
                      const redirect_attempt_t *attempt, const sip_message_t *sip, redirect_placement_t *place)
{
    redirect_attempt_t *upstream = find_upstream(call, attempt, sip);
    redirect_attempt_t *repeated;
    candidate_t found;
    family_t family;

    if (upstream == NULL) {
        upstream = find_hidden_upstream(call, attempt);
    }
    place->upstream = upstream;
    family = find_family(call, attempt, upstream);
    if (family.refused && is_definitive_for(family.refused, attempt)) {
        place->global_failure = family.refused;
    }
    repeated = find_repeated(call, attempt, upstream);
    found = find_target(call, attempt, sip, upstream);
    if (found.redirect && upstream == NULL && chain_is_answered(tracker, found.leg->chain)) {
        found.redirect = NULL; /* a refresh of what was redirected once, such as REGISTER, is a journey of its own */
    }
    if (repeated && !(found.redirect && found.target->tried_by == NULL && is_failover(repeated))) {
        place_repeat(place, repeated);
    } else if (found.redirect && found.target->tried_by == NULL) {
        place_followup(place, &found, attempt);
    } else if (found.redirect) {
        place_repeat(place, (redirect_attempt_t *)found.target->tried_by);
    } else if (upstream) {
        place_beside(place, upstream);
    } else if (family.fork) {
        place_beside(place, family.fork);
    } else if (family.redirected && !chain_is_answered(tracker, family.redirected->chain)) {
        place_beside(place, family.redirected);
        place->elsewhere_after = family.redirected;
    } else if (family.refused && !chain_is_answered(tracker, family.refused->chain)) {
        place_beside(place, family.refused);
    } else if ((place->downstream = find_downstream(call, attempt, sip)) != NULL) {
        place_beside(place, place->downstream);
    }
    if (place->chain == NULL) {
        place->global_failure = NULL;
    }
}

/* --- across calls ---------------------------------------------------------------------------------------------------- */

/* Strongest first; the letter begins the key, so that values of different kinds never meet. */
typedef enum {
    EVIDENCE_LEG_HEADER = 'L',
    EVIDENCE_SESSION_ID = 'S',
    EVIDENCE_HISTORY_INFO = 'H',
    EVIDENCE_NEW_CALL = 'T',
} evidence_kind_t;

/* The user part without parameters and, in a number, without visual separators and "+" (RFC 3966 5); else the host. */
static void
append_user_key(wmem_strbuf_t *key, const sip_uri_t *uri)
{
    sip_slice_t user = sip_slice_has_text(uri->user) ? uri->user : uri->host;
    bool number = true;

    for (size_t i = 0; i < user.len && user.ptr[i] != ';'; i++) {
        number = number && (g_ascii_isdigit(user.ptr[i]) || strchr("+-.()", user.ptr[i]) != NULL);
    }
    for (size_t i = 0; i < user.len && user.ptr[i] != ';'; i++) {
        if (!number || g_ascii_isdigit(user.ptr[i])) {
            wmem_strbuf_append_c(key, g_ascii_tolower(user.ptr[i]));
        }
    }
}

static char *
key_of_slice(evidence_kind_t kind, sip_slice_t text)
{
    wmem_strbuf_t *key = wmem_strbuf_new(NULL, "");

    wmem_strbuf_append_c(key, (char)kind);
    for (size_t i = 0; i < text.len; i++) {
        wmem_strbuf_append_c(key, kind == EVIDENCE_SESSION_ID ? g_ascii_tolower(text.ptr[i]) : text.ptr[i]);
    }
    return wmem_strbuf_finalize(key);
}

/* NULL where the URI cannot be read. */
static char *
key_of_history(sip_slice_t raw_uri)
{
    wmem_strbuf_t *key;
    sip_uri_t uri;

    if (!sip_uri_parse(raw_uri, &uri)) {
        return NULL;
    }
    key = wmem_strbuf_new(NULL, "");
    wmem_strbuf_append_c(key, EVIDENCE_HISTORY_INFO);
    append_user_key(key, &uri);
    return wmem_strbuf_finalize(key);
}

/* The redirected party's address, who it speaks for, and where it is to go; NULL where one of them is not known. */
static char *
key_of_new_call(const redirect_endpoint_t *party, sip_slice_t from, const sip_uri_t *target)
{
    wmem_strbuf_t *key;
    sip_uri_t uri;

    if (party->len == 0 || !sip_uri_parse(from, &uri)) {
        return NULL;
    }
    key = wmem_strbuf_new(NULL, "");
    wmem_strbuf_append_c(key, EVIDENCE_NEW_CALL);
    for (unsigned i = 0; i < party->len; i++) {
        wmem_strbuf_append_printf(key, "%02x", party->address[i]);
    }
    wmem_strbuf_append_c(key, '/');
    append_user_key(key, &uri);
    wmem_strbuf_append_c(key, '/');
    append_user_key(key, target);
    return wmem_strbuf_finalize(key);
}

/* Files under a key, which it frees. */
static void
open_insert(redirect_tracker_t *tracker, char *key, redirect_t *redirect, redirect_attempt_t *leg)
{
    redirect_open_list_t *list;
    redirect_open_t *open;

    if (key == NULL) {
        return;
    }
    list = wmem_map_lookup(tracker->open, key);
    if (list == NULL) {
        list = wmem_new0(tracker->scope, redirect_open_list_t);
        list->key = wmem_strdup(tracker->scope, key);
        wmem_map_insert(tracker->open, list->key, list);
    }
    wmem_free(NULL, key);
    open = wmem_new0(tracker->scope, redirect_open_t);
    open->list = list;
    open->redirect = redirect;
    open->leg = leg;
    open->until = tracker->now + (redirect_time_t)tracker->config.link_window * REDIRECT_SECOND;
    if (list->newest) {
        list->newest->next_same_key = open;
    } else {
        list->oldest = open;
    }
    list->newest = open;
    if (tracker->expire_last) {
        tracker->expire_last->next_to_expire = open;
    } else {
        tracker->expire_first = open;
    }
    tracker->expire_last = open;
    tracker->open_count++;
}

void
redirect_link_open(redirect_tracker_t *tracker, redirect_t *redirect, redirect_attempt_t *leg,
                   const sip_message_t *sip)
{
    sip_slice_t ids = leg->leg_ids;

    open_insert(tracker, key_of_slice(EVIDENCE_LEG_HEADER, sip->call_id), redirect, leg);
    while (ids.len > 0) {
        const char *comma = memchr(ids.ptr, ',', ids.len);
        size_t len = comma ? (size_t)(comma - ids.ptr) : ids.len;
        open_insert(tracker, key_of_slice(EVIDENCE_LEG_HEADER, sip_slice_make(ids.ptr, len)), redirect, leg);
        ids = sip_slice_from(ids, comma ? len + 1 : len);
    }
    if (sip_slice_has_text(leg->session_id)) {
        open_insert(tracker, key_of_slice(EVIDENCE_SESSION_ID, leg->session_id), redirect, leg);
    }
    if (sip_slice_has_text(leg->raw_uri)) {
        open_insert(tracker, key_of_history(leg->raw_uri), redirect, leg);
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        sip_uri_t uri;
        if (redirect->target[i].followable && sip_uri_parse(redirect->target[i].raw, &uri)) {
            open_insert(tracker, key_of_new_call(&leg->source, sip->from_uri, &uri), redirect, leg);
        }
    }
}

/* Entries expire in the order in which they were filed, so the one to go is the oldest of its list. */
static void
open_remove(redirect_tracker_t *tracker, redirect_open_t *open)
{
    redirect_open_list_t *list = open->list;

    list->oldest = open->next_same_key;
    if (list->oldest == NULL) {
        wmem_map_remove(tracker->open, list->key);
        wmem_free(tracker->scope, list->key);
        wmem_free(tracker->scope, list);
    }
    wmem_free(tracker->scope, open);
    tracker->open_count--;
}

void
redirect_link_expire(redirect_tracker_t *tracker)
{
    while (tracker->expire_first && tracker->expire_first->until < tracker->now) {
        redirect_open_t *open = tracker->expire_first;
        tracker->expire_first = open->next_to_expire;
        if (tracker->expire_first == NULL) {
            tracker->expire_last = NULL;
        }
        open_remove(tracker, open);
    }
}

/* How many redirects under one key are looked at; more than these are too many to tell apart anyway. */
#define MAX_OPEN_PER_KEY 64

typedef struct {
    candidate_t best;
    unsigned equals; /* other chains with a candidate as good */
} choice_t;

static void
choose(choice_t *choice, const candidate_t *candidate)
{
    if (choice->best.redirect == NULL || candidate->match < choice->best.match) {
        choice->best = *candidate;
        choice->equals = 0;
    } else if (candidate->match == choice->best.match && candidate->leg->chain != choice->best.leg->chain) {
        choice->equals++;
    }
}

/* Looks at everything filed under key, which it frees. */
static void
choose_by_key(const redirect_tracker_t *tracker, choice_t *choice, char *key, const redirect_attempt_t *attempt,
              sip_uri_match_t worst)
{
    const redirect_open_list_t *list = key ? wmem_map_lookup(tracker->open, key) : NULL;
    const redirect_open_t *open = list ? list->oldest : NULL;
    sip_uri_t uri;

    wmem_free(NULL, key);
    if (open == NULL || !sip_uri_parse(attempt->raw_uri, &uri)) {
        return;
    }
    for (unsigned seen = 0; open && seen < MAX_OPEN_PER_KEY; open = open->next_same_key, seen++) {
        if (!same_method(open->leg, attempt)) {
            continue;
        }
        for (unsigned i = 0; i < open->redirect->target_count; i++) {
            candidate_t candidate = {.redirect = open->redirect, .target = &open->redirect->target[i], .leg = open->leg};
            candidate.match = target_match(candidate.target, &uri, &candidate.difference);
            if (candidate.match <= worst && candidate.target->tried_by == NULL) {
                choose(choice, &candidate);
            }
        }
    }
}

static void
choose_by_leg_header(const redirect_tracker_t *tracker, choice_t *choice, const redirect_attempt_t *attempt,
                     const sip_message_t *sip)
{
    sip_slice_t ids = attempt->leg_ids;

    (void)sip;
    while (ids.len > 0) {
        const char *comma = memchr(ids.ptr, ',', ids.len);
        size_t len = comma ? (size_t)(comma - ids.ptr) : ids.len;
        choose_by_key(tracker, choice, key_of_slice(EVIDENCE_LEG_HEADER, sip_slice_make(ids.ptr, len)), attempt,
                      SIP_URI_MATCH_USER);
        ids = sip_slice_from(ids, comma ? len + 1 : len);
    }
}

static void
choose_by_session_id(const redirect_tracker_t *tracker, choice_t *choice, const redirect_attempt_t *attempt,
                     const sip_message_t *sip)
{
    (void)sip;
    if (sip_slice_has_text(attempt->session_id)) {
        choose_by_key(tracker, choice, key_of_slice(EVIDENCE_SESSION_ID, attempt->session_id), attempt,
                      SIP_URI_MATCH_USER);
    }
}

/* The entry before the last, or the one the last was mapped from, names who was redirected (RFC 7044 10.2). */
static void
choose_by_history_info(const redirect_tracker_t *tracker, choice_t *choice, const redirect_attempt_t *attempt,
                       const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_history_entry_t entry;

    sip_value_iter_init(&values, sip, SIP_HEADER_HISTORY_INFO);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_history_entry_parse(value, &entry) && entry.has_reason && entry.reason_cause / 100 == 3) {
            choose_by_key(tracker, choice, key_of_history(entry.address.uri.whole), attempt, SIP_URI_MATCH_NUMBER);
        }
    }
}

static void
choose_by_new_call(const redirect_tracker_t *tracker, choice_t *choice, const redirect_attempt_t *attempt,
                   const sip_message_t *sip)
{
    sip_uri_t uri;

    /* Replaces and Join tie a request to another dialog, not to a redirect (RFC 3891, RFC 3911). */
    if (attempt->via_count == 1 && sip_uri_parse(attempt->raw_uri, &uri) &&
        sip_message_header(sip, SIP_HEADER_REPLACES) == NULL && sip_message_header(sip, SIP_HEADER_JOIN) == NULL) {
        choose_by_key(tracker, choice, key_of_new_call(&attempt->source, sip->from_uri, &uri), attempt,
                      SIP_URI_MATCH_NUMBER);
    }
}

/* Strongest evidence first. */
static const struct {
    redirect_link_t link;
    redirect_confidence_t exact, loose;
    const char *evidence;
    void (*choose)(const redirect_tracker_t *, choice_t *, const redirect_attempt_t *, const sip_message_t *);
} across_calls[] = {
    {REDIRECT_LINK_LEG_HEADER, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "A leg header names the redirected call, and the request goes to a target of its redirect.",
     choose_by_leg_header},
    {REDIRECT_LINK_SESSION_ID, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "The Session-ID is that of the redirected request (RFC 7989), and the request goes to a target of its redirect.",
     choose_by_session_id},
    {REDIRECT_LINK_HISTORY_INFO, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "History-Info names the redirected URI with its 3xx (RFC 7044), and the request goes to a target of the redirect.",
     choose_by_history_info},
    {REDIRECT_LINK_NEW_CALL, REDIRECT_CONFIDENCE_PROBABLE, REDIRECT_CONFIDENCE_POSSIBLE,
     "The address that got the redirect called one of its targets for the same From user soon after; the call itself "
     "is another.",
     choose_by_new_call},
};

/* A 6xx that the same party got before in this chain, under another Call-ID. */
static const redirect_attempt_t *
refused_before(const redirect_chain_t *chain, const redirect_attempt_t *attempt)
{
    const redirect_attempt_t *found = NULL;

    for (const redirect_attempt_t *other = chain->first_attempt; other; other = other->next_in_chain) {
        if (other->final / 100 == 6 && redirect_same_address(&other->source, &attempt->source) &&
            is_definitive_for(other, attempt)) {
            found = other;
        }
    }
    return found;
}

void
redirect_link_across_calls(const redirect_tracker_t *tracker, const redirect_attempt_t *attempt,
                           const sip_message_t *sip, redirect_placement_t *place)
{
    for (size_t i = 0; i < G_N_ELEMENTS(across_calls); i++) {
        choice_t choice = {.best = {.redirect = NULL}, .equals = 0};

        across_calls[i].choose(tracker, &choice, attempt, sip);
        if (choice.best.redirect == NULL) {
            continue;
        }
        if (choice.equals > 0) {
            place->ambiguous = choice.equals + 1;
            return;
        }
        place->chain = choice.best.leg->chain;
        place->cause = choice.best.redirect;
        place->target = choice.best.target;
        place->redirected_leg = choice.best.leg;
        place->match = choice.best.match;
        place->difference = choice.best.difference;
        place->hop = choice.best.redirect->depth;
        place->link = across_calls[i].link;
        place->confidence =
            choice.best.match == SIP_URI_MATCH_EXACT ? across_calls[i].exact : across_calls[i].loose;
        place->evidence = across_calls[i].evidence;
        place->global_failure = refused_before(place->chain, attempt);
        return;
    }
}
