/* redirect-leg.c
 * Finds the other legs of a request: what a B2BUA made it of, and what it made of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-int.h"

/* Requests under one key that are looked at, the newest: open calls of one caller at one B2BUA are fewer than that. */
#define LOOKED_AT 256

/* A B2BUA that goes on to the next destination by itself takes no longer than this. */
#define NEXT_WITHIN (REDIRECT_SECOND / 5)

/* Of two requests that fit alike, one that much nearer in time than the other is taken, with less confidence. */
#define TIMES_NEARER 10
#define NEAR (REDIRECT_SECOND / 10)

/* The request whose other leg is looked for, and the best one so far. */
typedef struct {
    const redirect_store_t *store;
    const redirect_transaction_t *transaction;
    const redirect_leg_facts_t *facts;
    redirect_endpoint_t source;
    unsigned *steps;
    redirect_leg_t best;
    leg_weight_t weight;
    redirect_time_t next_after; /* of the second best that fits alike; -1 where there is none */
    bool has_rival;             /* another request of the same caller was open there as well */
} search_t;

static bool
spend(unsigned *steps)
{
    if (*steps == 0) {
        return false;
    }
    --*steps;
    return true;
}

/* --- whether it can be at all -------------------------------------------------------------------------------------- */

/* Not given up and not answered before the other request was sent. */
static bool
was_open(const redirect_transaction_t *of, const redirect_transaction_t *transaction)
{
    const redirect_cancel_t *cancel = of->extras->cancel;

    return (of->response.status == 0 || of->response.frame > transaction->request.frame) &&
           (cancel == NULL || cancel->frame > transaction->request.frame);
}

static bool
is_eligible(const redirect_transaction_t *of, const redirect_transaction_t *transaction)
{
    return of->request.method == SIP_METHOD_INVITE && !of->request.in_dialog && of->request.frame != 0 &&
           of->request.frame < transaction->request.frame && of->live && of->live->call != transaction->live->call &&
           was_open(of, transaction);
}

/* --- evidence ------------------------------------------------------------------------------------------------------ */

static bool
is_one_of(uint64_t id, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

static bool
share_id(const redirect_leg_facts_t *a, const redirect_leg_facts_t *b)
{
    for (size_t i = 0; i < REDIRECT_LEG_SHARED_IDS; i++) {
        if (a->shared_id[i] && is_one_of(a->shared_id[i], b->shared_id, REDIRECT_LEG_SHARED_IDS)) {
            return true;
        }
    }
    return false;
}

static bool
same_user(uint32_t a, uint32_t b)
{
    return a != 0 && a == b;
}

static bool
same_caller(const redirect_leg_facts_t *a, const redirect_leg_facts_t *b)
{
    return same_user(a->caller, b->caller) || same_user(a->caller, b->asserted) || same_user(a->asserted, b->caller) ||
           same_user(a->asserted, b->asserted);
}

/* The user who was called there; or the same user as that request names, which has the header from its other side. */
static bool
names_diverted(const redirect_leg_facts_t *facts, const redirect_leg_facts_t *of)
{
    for (size_t i = 0; i < REDIRECT_LEG_DIVERTED; i++) {
        if (same_user(facts->diverted[i], of->called) || same_user(facts->diverted[i], of->diverted[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Load generators and some gateways write the same description in all of their calls. So it says nothing where another
 * call that was received there has it for another caller.
 */
static bool
is_only_one_with(const redirect_store_t *store, uint64_t sdp, const redirect_transaction_t *of,
                 const redirect_leg_facts_t *of_facts, unsigned *steps)
{
    const redirect_endpoint_t place = redirect_request_destination(of);
    unsigned looked_at = 0;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(store, sdp); filed;
         filed = redirect_store_next_filed_leg(filed)) {
        const redirect_transaction_t *other = redirect_filed_leg_transaction(filed);
        if (looked_at++ == REDIRECT_LEG_MAX_SHARING || !spend(steps)) {
            return false;
        }
        if (other->live->call != of->live->call && redirect_same_address(redirect_request_destination(other), place) &&
            !same_caller(redirect_store_leg_facts(other), of_facts)) {
            return false;
        }
    }
    return true;
}

/* By what it carries, and where it comes from. */
static unsigned
evidence_of_facts(const search_t *search, const redirect_transaction_t *of, const redirect_leg_facts_t *facts)
{
    const redirect_leg_facts_t *own = search->facts;
    const unsigned sdp = (own->sdp_origin && own->sdp_origin == facts->sdp_origin ? REDIRECT_LEG_BY_SDP_ORIGIN : 0) |
                         (own->sdp_media && own->sdp_media == facts->sdp_media ? REDIRECT_LEG_BY_SDP_MEDIA : 0);
    unsigned evidence = 0;

    evidence |= own->session_id && own->session_id == facts->session_id ? REDIRECT_LEG_BY_SESSION_ID : 0;
    evidence |= share_id(own, facts) ? REDIRECT_LEG_BY_SHARED_ID : 0;
    evidence |= same_caller(own, facts) ? REDIRECT_LEG_BY_CALLER : 0;
    evidence |= own->caller == 0 && facts->caller == 0 ? REDIRECT_LEG_BY_NO_CALLER : 0;
    evidence |= same_user(own->called, facts->called) ? REDIRECT_LEG_BY_CALLED : 0;
    evidence |= names_diverted(own, facts) ? REDIRECT_LEG_BY_DIVERSION : 0;
    if (sdp) {
        evidence |= is_only_one_with(search->store, own->sdp_origin ? own->sdp_origin : own->sdp_media, of, facts,
                                     search->steps)
                        ? sdp
                        : 0;
    }
    return evidence;
}

/* A redirect of the same chain offered the user that is called now. */
static bool
is_target(const search_t *search, const redirect_chain_t *chain)
{
    for (const redirect_transaction_t *member = chain->first_transaction; member && spend(search->steps);
         member = member->next_in_chain) {
        const redirect_t *redirect = member->redirect;
        for (unsigned i = 0; redirect && i < redirect->target_count && spend(search->steps); i++) {
            const sip_uri_t uri = redirect_target_uri(&redirect->target[i]);
            if (same_user(search->facts->called, redirect_leg_user(search->store, &uri))) {
                return true;
            }
        }
    }
    return false;
}

/* When a leg was over before the new request was sent, answered or given up; of others 0. */
static redirect_time_t
end_of(const redirect_transaction_t *leg, const redirect_transaction_t *before)
{
    const redirect_cancel_t *cancel = leg->extras->cancel;

    if (cancel && cancel->frame < before->request.frame) {
        return cancel->time;
    }
    return leg->response.status != 0 && leg->response.frame < before->request.frame ? leg->response.time : 0;
}

/* Made of the other request, as far as it is known, or by the same caller at the same B2BUA since then. */
static bool
may_be_leg_of(const redirect_transaction_t *leg, const redirect_transaction_t *of)
{
    if (leg->chain) {
        return redirect_transaction_is_below(leg, of);
    }
    return leg->request.frame > of->request.frame && leg->live->call != of->live->call;
}

/* When the latest leg that the B2BUA made of it before was over; 0 where none was. */
static redirect_time_t
latest_end(const search_t *search, const redirect_transaction_t *of, const redirect_leg_facts_t *facts)
{
    const redirect_endpoint_t place = redirect_request_destination(of);
    const uint64_t key = redirect_leg_place_key(search->store, LEG_KEY_SENT, &place, facts->caller, facts->called);
    redirect_time_t latest = 0;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, key);
         filed && spend(search->steps); filed = redirect_store_next_filed_leg(filed)) {
        const redirect_transaction_t *leg = redirect_filed_leg_transaction(filed);
        if (leg != search->transaction && may_be_leg_of(leg, of)) {
            latest = MAX(latest, end_of(leg, search->transaction));
        }
    }
    return latest;
}

/* Where a B2BUA goes on to another destination, time counts from when it learned that it had to. */
static void
consider_earlier_leg(const search_t *search, const redirect_transaction_t *of, const redirect_leg_facts_t *facts,
                     unsigned *evidence, redirect_time_t *after)
{
    const redirect_time_t end = latest_end(search, of, facts);
    const redirect_time_t since = search->transaction->request.time - end;

    if (end != 0 && since >= 0 && since <= NEXT_WITHIN) {
        *evidence |= REDIRECT_LEG_BY_EARLIER_LEG;
        *after = MIN(*after, since);
    }
}

/* --- the best ------------------------------------------------------------------------------------------------------ */

/* Who is called decides among requests that suffice alike. */
static unsigned
tie_break(unsigned evidence)
{
    return ((evidence & REDIRECT_LEG_BY_DIVERSION) ? 4 : 0) + ((evidence & REDIRECT_LEG_BY_TARGET) ? 2 : 0) +
           ((evidence & REDIRECT_LEG_BY_CALLED) ? 2 : 0) + ((evidence & REDIRECT_LEG_BY_PLACE) ? 1 : 0);
}

/* Below 0 where the new one is better than the best, above 0 where it is worse. */
static int
compare(const search_t *search, leg_weight_t weight, unsigned evidence)
{
    if (weight.row != search->weight.row) {
        return weight.row < search->weight.row ? -1 : 1;
    }
    return (int)tie_break(search->best.evidence) - (int)tie_break(evidence);
}

static void
take(search_t *search, redirect_transaction_t *of, unsigned evidence, redirect_time_t after)
{
    const leg_weight_t weight = redirect_leg_weigh(evidence, after);
    int order;

    if (weight.confidence == REDIRECT_CONFIDENCE_NONE) {
        search->has_rival = search->has_rival || (evidence & REDIRECT_LEG_BY_CALLER);
        return;
    }
    order = search->best.of ? compare(search, weight, evidence) : -1;
    if (order == 0) {
        const redirect_time_t farther = MAX(after, search->best.after);
        order = after < search->best.after ? -1 : 1;
        search->next_after = order < 0 || search->next_after < 0 ? farther : MIN(search->next_after, farther);
    } else if (order < 0) {
        search->next_after = -1;
    }
    search->has_rival = search->has_rival || search->best.of;
    if (order < 0) {
        search->best = (redirect_leg_t){.of = of, .after = after, .evidence = (uint16_t)evidence};
        search->weight = weight;
    }
}

/* known: evidence that led here, beside what the two show. */
static void
consider(search_t *search, redirect_transaction_t *of, unsigned known)
{
    const redirect_leg_facts_t *facts = redirect_store_leg_facts(of);
    redirect_time_t after = MAX(search->transaction->request.time - of->request.time, 0);
    unsigned evidence = known;

    if (of == search->best.of || !is_eligible(of, search->transaction)) {
        return;
    }
    if (redirect_same_address(redirect_request_destination(of), search->source)) {
        evidence |= REDIRECT_LEG_BY_PLACE;
    } else if (redirect_same_address(redirect_request_source(of), search->source)) {
        return; /* both made by one element: two calls of a caller, or two legs of a B2BUA, but not its two sides */
    }
    if (facts) {
        evidence |= evidence_of_facts(search, of, facts);
        if (of->chain && is_target(search, of->chain)) {
            evidence |= REDIRECT_LEG_BY_TARGET;
        }
        if (evidence & REDIRECT_LEG_BY_CALLER) {
            consider_earlier_leg(search, of, facts, &evidence, &after);
        }
    }
    take(search, of, evidence, after);
}

/* What more requests show than a B2BUA makes legs of one call is no identifier. */
static void
consider_identifier(search_t *search, uint64_t key)
{
    unsigned left = REDIRECT_LEG_MAX_SHARING;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, key);
         filed && left > 0 && spend(search->steps); filed = redirect_store_next_filed_leg(filed), left--) {
        consider(search, redirect_filed_leg_transaction(filed), 0);
    }
}

/* By who calls at which B2BUA. */
static void
consider_place(search_t *search, uint64_t key)
{
    unsigned left = LOOKED_AT;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, key);
         filed && spend(search->steps); filed = redirect_store_next_filed_leg(filed)) {
        if (left-- == 0) {
            *search->steps = 0; /* what was not looked at may fit as well */
            return;
        }
        consider(search, redirect_filed_leg_transaction(filed), 0);
    }
}

/* The Call-ID that a leg header names. */
static void
consider_named_calls(search_t *search)
{
    const redirect_caller_t *caller = search->transaction->live->caller;
    sip_slice_t ids = caller ? caller->leg_ids : SIP_SLICE_NONE, id;

    while (redirect_leg_next_name(&ids, &id)) {
        const redirect_call_t *call = redirect_store_call(search->store, id);
        for (redirect_transaction_t *of = call ? redirect_call_first(call) : NULL; of && spend(search->steps);
             of = redirect_next_in_call(of)) {
            consider(search, of, REDIRECT_LEG_BY_LEG_HEADER);
        }
    }
}

/* --- finding ------------------------------------------------------------------------------------------------------- */

/* Keys that what a request was made of is filed under: identifiers, then places. */
#define IDENTIFIERS 4
#define KEYS_UP 6

/* 0 where it has none of a kind. */
static void
keys_up(const search_t *search, uint64_t key[KEYS_UP])
{
    const redirect_leg_facts_t *facts = search->facts;

    key[0] = redirect_leg_identifier(search->store, facts->session_id);
    key[1] = redirect_leg_identifier(search->store, facts->shared_id[0]);
    key[2] = redirect_leg_identifier(search->store, facts->shared_id[1]);
    key[3] = redirect_leg_identifier(search->store, facts->sdp_origin);
    key[4] = redirect_leg_place_key(search->store, LEG_KEY_RECEIVED, &search->source, facts->caller, facts->called);
    key[5] = facts->asserted
                 ? redirect_leg_place_key(search->store, LEG_KEY_RECEIVED, &search->source, facts->asserted, 0)
                 : 0;
}

/* Most requests come from where nothing visible waits. */
static bool
may_find_visible(const search_t *search, const uint64_t key[KEYS_UP])
{
    bool may = search->transaction->live->caller && search->transaction->live->caller->leg_ids.len > 0;

    for (size_t i = 0; i < KEYS_UP && !may; i++) {
        may = key[i] && redirect_store_leg_may_wait(search->store, key[i]);
    }
    return may;
}

/* With a rival that fits as well as the best none is found; with one that is far from fitting, less surely. */
static bool
conclude(const search_t *search, redirect_leg_t *leg)
{
    redirect_confidence_t confidence = search->weight.confidence;

    if (search->best.of == NULL || *search->steps == 0) {
        return false;
    }
    if (search->next_after >= 0) {
        if (search->best.after > NEAR || search->next_after < TIMES_NEARER * search->best.after + NEAR) {
            return false;
        }
        confidence++;
    } else if (search->has_rival && !redirect_leg_is_specific(search->weight.row)) {
        confidence++;
    }
    *leg = search->best;
    leg->kind = (uint8_t)redirect_leg_kind(leg->evidence);
    leg->confidence = (uint8_t)confidence;
    return confidence <= REDIRECT_CONFIDENCE_POSSIBLE;
}

/* What is filed was captured, is outside of a dialog, and may be a leg; a proxy's forward is none. */
static bool
may_be_leg(const redirect_transaction_t *transaction)
{
    return redirect_store_leg_facts(transaction) != NULL && transaction->upstream == NULL;
}

static SIP_RARELY_CALLED bool
find(const redirect_store_t *store, const redirect_transaction_t *transaction, bool only_visible, unsigned *steps,
     redirect_leg_t *leg)
{
    search_t search = {.store = store,
                       .transaction = transaction,
                       .facts = redirect_store_leg_facts(transaction),
                       .source = redirect_request_source(transaction),
                       .steps = steps,
                       .next_after = -1};
    uint64_t key[KEYS_UP];

    keys_up(&search, key);
    if (only_visible && !may_find_visible(&search, key)) {
        return false;
    }
    consider_named_calls(&search);
    for (size_t i = 0; i < IDENTIFIERS; i++) {
        consider_identifier(&search, key[i]);
    }
    for (size_t i = IDENTIFIERS; i < KEYS_UP; i++) {
        consider_place(&search, key[i]);
    }
    if (search.best.of == NULL && !only_visible) {
        consider_place(&search, redirect_store_answered_key(store, key[IDENTIFIERS]));
    }
    return conclude(&search, leg) && (!only_visible || leg->of->chain);
}

/* Most requests are asked about, and few are legs: they cost a look. */
bool
redirect_leg_find(const redirect_store_t *store, const redirect_transaction_t *transaction, bool only_visible,
                  unsigned *steps, redirect_leg_t *leg)
{
    return may_be_leg(transaction) && find(store, transaction, only_visible, steps, leg);
}

/* --- the other way ------------------------------------------------------------------------------------------------- */

/* Not shown yet, the first of what it belongs to, and made of this request and no other. */
static bool
is_below(const redirect_store_t *store, redirect_transaction_t *transaction, const redirect_transaction_t *above,
         unsigned *steps, redirect_leg_t *leg)
{
    return transaction->chain == NULL && redirect_store_is_root(transaction) && is_eligible(above, transaction) &&
           redirect_leg_find(store, transaction, false, steps, leg) && leg->of == above;
}

redirect_transaction_t *
redirect_leg_next_below(const redirect_store_t *store, const redirect_transaction_t *above, unsigned *steps,
                        redirect_leg_t *leg)
{
    const redirect_leg_facts_t *facts = redirect_store_leg_facts(above);

    if (facts == NULL) {
        return NULL;
    }
    const redirect_endpoint_t place = redirect_request_destination(above);
    const uint64_t key[] = {
        redirect_leg_key(store, LEG_KEY_NAMED_CALL, redirect_call_id(above->live->call)),
        redirect_leg_identifier(store, facts->session_id),
        redirect_leg_identifier(store, facts->shared_id[0]),
        redirect_leg_identifier(store, facts->shared_id[1]),
        redirect_leg_identifier(store, facts->sdp_origin),
        redirect_leg_place_key(store, LEG_KEY_SENT, &place, facts->caller, facts->called),
        facts->asserted ? redirect_leg_place_key(store, LEG_KEY_SENT, &place, facts->asserted, 0) : 0,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(key); i++) {
        unsigned looked_at = 0;
        for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(store, key[i]);
             filed && looked_at++ < LOOKED_AT && spend(steps); filed = redirect_store_next_filed_leg(filed)) {
            redirect_transaction_t *transaction = redirect_filed_leg_transaction(filed);
            if (is_below(store, transaction, above, steps, leg)) {
                return transaction;
            }
        }
    }
    return NULL;
}
