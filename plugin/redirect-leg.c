/* redirect-leg.c
 * Finds the other legs of a request: what a B2BUA made it of, and what it made of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-int.h"

/* Requests under one key that are looked at, the newest: open calls of one caller at one B2BUA are fewer than that. */
#define LOOKED_AT 128

/* Requests of a caller that nothing explains and that may have been the beginning of what is looked at, the newest. */
#define UNEXPLAINED_LOOKED_AT 16

/* Of two requests that fit alike by what they show, one that much nearer in time is taken, with less confidence. */
#define TIMES_NEARER 10
#define NEAR (REDIRECT_SECOND / 10)

/* The request whose other leg is looked for, and the best one so far. */
typedef struct {
    redirect_store_t *store;
    const redirect_transaction_t *transaction;
    const redirect_leg_facts_t *facts;
    redirect_endpoint_t source;
    unsigned *steps;
    /* By what the two show. */
    redirect_leg_t best;
    leg_weight_t weight;
    redirect_time_t next_after; /* of the second best that fits alike; -1 where there is none */
    /* By who calls, at which B2BUA, and what became of his calls there. */
    const redirect_leg_habits_t *habits;
    redirect_leg_t likeliest;
    bool is_instead;        /* of the leg that the likeliest has */
    bool is_shared_number;  /* the caller is more than one person */
    double rate, all_rates; /* at which the B2BUA makes legs just like this: of the likeliest, of all together */
    unsigned calls;         /* of that caller that wait */
    unsigned alike;         /* of those, that call the same user */
    redirect_time_t waited; /* how long the latest call of that caller had; -1 where none waits */
} search_t;

static const redirect_leg_habits_t nothing_learnt;

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

/* Neither given up nor answered. */
static bool
is_open(const redirect_transaction_t *of)
{
    return of->response.status == 0 && of->extras->cancel == NULL;
}

static bool
is_eligible(const redirect_transaction_t *of, const redirect_transaction_t *transaction)
{
    return of->request.method == SIP_METHOD_INVITE && !of->request.in_dialog && of->request.frame != 0 &&
           of->request.frame < transaction->request.frame && of->live && of->live->call != transaction->live->call &&
           is_open(of);
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

/* Where nothing is learnt of an address, phones may have a session for each call. */
static bool
tell_sessions(const redirect_leg_habits_t *habits)
{
    return habits == NULL || redirect_leg_habits_tell_sessions(habits);
}

/*
 * Load generators, some gateways and some phones write the same description in all of their calls. So it says nothing
 * where another call that was received there has it for another caller, or who had it first sends it there once more.
 */
static bool
names_one_call(const search_t *search, const redirect_transaction_t *of, const redirect_leg_facts_t *of_facts)
{
    const uint64_t sdp = search->facts->sdp_origin ? search->facts->sdp_origin : search->facts->sdp_media;
    const redirect_endpoint_t place = redirect_request_destination(of);
    const redirect_endpoint_t destination = redirect_request_destination(search->transaction);
    redirect_leg_habits_t *habits = redirect_store_leg_habits(search->store, &place);
    const redirect_transaction_t *first = of;
    unsigned looked_at = 0, alike = 0;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, sdp); filed;
         filed = redirect_store_next_filed_leg(filed)) {
        const redirect_transaction_t *other = redirect_filed_leg_transaction(filed);
        if (looked_at++ == REDIRECT_LEG_MAX_SHARING || !spend(search->steps)) {
            return false;
        }
        if (other->live->call != of->live->call && redirect_same_address(redirect_request_destination(other), place) &&
            !same_caller(redirect_store_leg_facts(other), of_facts)) {
            return false;
        }
        first = other;
    }
    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, sdp); filed;
         filed = redirect_store_next_filed_leg(filed)) {
        const redirect_transaction_t *other = redirect_filed_leg_transaction(filed);
        alike += other->live->call != first->live->call &&
                 redirect_same_address(redirect_request_source(other), redirect_request_source(first)) &&
                 redirect_same_address(redirect_request_destination(other), redirect_request_destination(first));
    }
    if (habits) {
        redirect_leg_habits_learn_session(habits, alike > 0);
    }
    return alike == 0 && tell_sessions(habits) && tell_sessions(redirect_store_leg_habits(search->store, &destination));
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
    return evidence | (sdp && names_one_call(search, of, facts) ? sdp : 0);
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
    if (order < 0) {
        search->best = (redirect_leg_t){.of = of, .after = after, .evidence = (uint16_t)evidence};
        search->weight = weight;
    }
}

static redirect_time_t
time_since(const search_t *search, redirect_time_t time)
{
    return MAX(search->transaction->request.time - time, 0);
}

/* By what the two show, and where the one was received and the other comes from. */
static unsigned
evidence_of(const search_t *search, const redirect_transaction_t *of)
{
    const redirect_leg_facts_t *facts = redirect_store_leg_facts(of);
    unsigned evidence =
        redirect_same_address(redirect_request_destination(of), search->source) ? REDIRECT_LEG_BY_PLACE : 0;

    if (facts) {
        evidence |= evidence_of_facts(search, of, facts);
        if (of->chain && is_target(search, of->chain)) {
            evidence |= REDIRECT_LEG_BY_TARGET;
        }
    }
    return evidence;
}

/*
 * known: evidence that led here, beside what the two show. What one element made is two calls of a caller, or two legs of
 * a B2BUA, but not its two sides.
 */
static void
consider(search_t *search, redirect_transaction_t *of, unsigned known)
{
    const bool is_received = redirect_same_address(redirect_request_destination(of), search->source);

    if (of == search->best.of || !is_eligible(of, search->transaction) ||
        (!is_received && redirect_same_address(redirect_request_source(of), search->source))) {
        return;
    }
    take(search, of, known | evidence_of(search, of), time_since(search, of->request.time));
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

/* The Call-ID that a leg header names. */
static void
consider_named_calls(search_t *search)
{
    const redirect_caller_t *caller = search->transaction->live->caller;
    sip_slice_t ids = caller ? caller->leg_ids : SIP_SLICE_NONE, id;

    while (sip_slice_take_item(&ids, &id)) {
        const redirect_call_t *call = redirect_store_call(search->store, id);
        for (redirect_transaction_t *of = call ? redirect_call_first(call) : NULL; of && spend(search->steps);
             of = redirect_next_in_call(of)) {
            consider(search, of, REDIRECT_LEG_BY_LEG_HEADER);
        }
    }
}

/* --- by who calls -------------------------------------------------------------------------------------------------- */

/*
 * How much likelier an agreement makes it that a request was made of a call, for two calls of one caller seldom show it
 * by chance; and how often a B2BUA makes such a request where nothing in the call, as far as it is known, calls for it.
 */
static const struct {
    redirect_leg_evidence_t evidence;
    double times;
    double unexpected; /* a second */
} agreements[] = {
    {REDIRECT_LEG_BY_DIVERSION, 50, 0.05},
    {REDIRECT_LEG_BY_TARGET, 20, 0.002},
};

/* What tells that a leg follows a redirect. */
#define TOLD (REDIRECT_LEG_BY_TARGET | REDIRECT_LEG_BY_DIVERSION)

/* What shows a leg where the B2BUA lets it through. */
#define SHOWN                                                                                                          \
    (REDIRECT_LEG_BY_SESSION_ID | REDIRECT_LEG_BY_SHARED_ID | REDIRECT_LEG_BY_LEG_HEADER | REDIRECT_LEG_BY_SDP_ORIGIN)

/* What is called how likely. */
#define CERTAIN 0.999
#define PROBABLE 0.99
#define POSSIBLE 0.8
#define TAKEN 0.5

#define CALLS_OF_ONE 10
#define CALLS_OF_A_COMPANY 25

/* What the other call waits for, and since when. */
static redirect_leg_move_t
move_of(const redirect_transaction_t *of, redirect_time_t *since)
{
    const redirect_leg_progress_t progress = redirect_store_leg_progress(of);

    *since = of->request.time;
    if (progress.is_answered) {
        return REDIRECT_LEG_MOVE_NONE;
    }
    if (progress.legs == 0) {
        return REDIRECT_LEG_MOVE_FIRST;
    }
    *since = progress.is_next_due ? progress.ended : progress.made;
    if (!progress.is_next_due) {
        return REDIRECT_LEG_MOVE_BESIDE;
    }
    return progress.is_redirected ? REDIRECT_LEG_MOVE_FOLLOW : REDIRECT_LEG_MOVE_NEXT;
}

/* How often the B2BUA makes of a call what was just sent, a second. */
static double
rate_of(const search_t *search, unsigned evidence, redirect_leg_move_t move, redirect_time_t after)
{
    double rate = redirect_leg_habits_rate(search->habits, move, after) * redirect_leg_habits_odds(search->habits);

    if (move == REDIRECT_LEG_MOVE_FIRST) {
        const double kept = redirect_leg_habits_kept(search->habits);
        rate *= evidence & REDIRECT_LEG_BY_CALLED ? kept / redirect_leg_habits_chance(search->habits) : 1 - kept;
    }
    if (move == REDIRECT_LEG_MOVE_FOLLOW && !(evidence & TOLD)) {
        rate *= 1 - redirect_leg_habits_told(search->habits);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(agreements); i++) {
        if (evidence & agreements[i].evidence) {
            rate = MAX(rate, agreements[i].unexpected) * agreements[i].times;
        }
    }
    return evidence & SHOWN ? rate : rate * (1 - redirect_leg_habits_shown(search->habits));
}

/*
 * The only leg of a call, which was taken for it a moment ago, may have been sent for another reason, and this be the leg:
 * as long as it was not shown.
 */
static double
rate_instead(const search_t *search, const redirect_transaction_t *of, unsigned evidence)
{
    const redirect_leg_progress_t progress = redirect_store_leg_progress(of);
    const redirect_transaction_t *former = redirect_store_first_leg_of(of);

    if (progress.legs != 1 || progress.is_answered || former == NULL || former->chain) {
        return 0;
    }
    return rate_of(search, evidence, REDIRECT_LEG_MOVE_FIRST, time_since(search, of->request.time)) *
           (1 - (double)progress.likelihood);
}

static void
weigh_call(search_t *search, redirect_transaction_t *of)
{
    const unsigned evidence = evidence_of(search, of);
    const redirect_time_t waited = time_since(search, of->request.time);
    redirect_leg_move_t move;
    redirect_time_t since;
    double rate, instead;
    bool is_next;

    if (!is_eligible(of, search->transaction) || !(evidence & (REDIRECT_LEG_BY_CALLER | REDIRECT_LEG_BY_NO_CALLER))) {
        return;
    }
    move = move_of(of, &since);
    rate = rate_of(search, evidence, move, time_since(search, since));
    instead = rate_instead(search, of, evidence);
    if (instead > rate) {
        rate = instead;
        move = REDIRECT_LEG_MOVE_FIRST;
    }
    search->waited = search->waited < 0 ? waited : MIN(search->waited, waited);
    is_next = move == REDIRECT_LEG_MOVE_NEXT || move == REDIRECT_LEG_MOVE_FOLLOW;
    search->all_rates += rate;
    search->calls++;
    search->alike += (evidence & REDIRECT_LEG_BY_CALLED) != 0;
    if (is_next && !(evidence & REDIRECT_LEG_BY_DIVERSION)) {
        rate *= (double)redirect_store_leg_progress(of).ended_likelihood; /* it may be another call that goes on */
    }
    if (rate > search->rate) {
        search->rate = rate;
        search->is_instead = instead > 0 && rate == instead;
        search->likeliest =
            (redirect_leg_t){.of = of,
                             .after = is_next ? time_since(search, since) : waited,
                             .evidence = (uint16_t)(evidence | (is_next ? REDIRECT_LEG_BY_EARLIER_LEG : 0))};
    }
}

/* All calls of that caller that wait at the B2BUA. @return false where they are too many to be weighed */
static bool
weigh_calls(search_t *search, uint64_t key)
{
    unsigned left = LOOKED_AT;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, key); filed;
         filed = redirect_store_next_filed_leg(filed)) {
        if (left-- == 0 || !spend(search->steps)) {
            return false;
        }
        if (redirect_filed_leg_transaction(filed) != search->likeliest.of) {
            weigh_call(search, redirect_filed_leg_transaction(filed));
        }
    }
    return true;
}

/* When a leg was over; 0 where it is not, or was answered. */
static redirect_time_t
end_of(const redirect_transaction_t *leg)
{
    if (leg->extras->cancel) {
        return leg->extras->cancel->time;
    }
    return leg->response.status / 100 > 2 ? leg->response.time : 0;
}

/* latest: when something else was sent that nothing explains: what ended before went on there. */
static redirect_leg_move_t
move_of_unexplained(const redirect_transaction_t *leg, redirect_time_t latest)
{
    const redirect_time_t end = end_of(leg);

    if (end == 0) {
        return REDIRECT_LEG_MOVE_BESIDE;
    }
    if (end < latest) {
        return REDIRECT_LEG_MOVE_NONE;
    }
    return leg->response.status / 100 == 3 ? REDIRECT_LEG_MOVE_FOLLOW : REDIRECT_LEG_MOVE_NEXT;
}

/* What the B2BUA sent for a reason that was not captured may go on as well: another phone, the target of a redirect. */
static double
rate_of_unexplained(const search_t *search, const redirect_transaction_t *leg, redirect_time_t latest)
{
    const redirect_time_t end = end_of(leg);
    unsigned evidence = names_diverted(search->facts, redirect_store_leg_facts(leg)) ? REDIRECT_LEG_BY_DIVERSION : 0;

    evidence |= leg->chain && is_target(search, leg->chain) ? REDIRECT_LEG_BY_TARGET : 0;
    return rate_of(search, evidence, move_of_unexplained(leg, latest),
                   time_since(search, end ? end : leg->request.time));
}

static void
weigh_unexplained(search_t *search, uint64_t key)
{
    redirect_time_t latest = INT64_MIN;
    unsigned left = UNEXPLAINED_LOOKED_AT;

    for (const redirect_filed_leg_t *filed = redirect_store_filed_leg(search->store, key);
         filed && left > 0 && spend(search->steps); filed = redirect_store_next_filed_leg(filed), left--) {
        const redirect_transaction_t *leg = redirect_filed_leg_transaction(filed);
        if (leg->live->call != search->transaction->live->call && redirect_store_is_unexplained(leg)) {
            search->all_rates += rate_of_unexplained(search, leg, latest);
            latest = MAX(latest, leg->request.time);
        }
    }
}

/* How likely the request was made of the likeliest call. */
static double
likelihood(const search_t *search)
{
    return search->waited < 0
               ? 0
               : search->rate / (search->all_rates + redirect_leg_habits_other_rate(search->habits, search->waited));
}

/*
 * Likelihood alone makes nothing certain; that nobody says who he is makes nothing probable. Where the
 * caller is the number of a company, who calls says nothing.
 */
static redirect_confidence_t
confidence_of(const search_t *search, unsigned evidence, double likelihood)
{
    if (redirect_leg_is_by_caller_alone(evidence)) {
        likelihood *= search->is_shared_number ? 0 : redirect_leg_habits_trust(search->habits);
    }
    if (likelihood < POSSIBLE) {
        return REDIRECT_CONFIDENCE_NONE;
    }
    if (likelihood < PROBABLE || (evidence & REDIRECT_LEG_BY_NO_CALLER)) {
        return REDIRECT_CONFIDENCE_POSSIBLE;
    }
    return likelihood >= CERTAIN && (evidence & REDIRECT_LEG_BY_DIVERSION) ? REDIRECT_CONFIDENCE_CERTAIN
                                                                           : REDIRECT_CONFIDENCE_PROBABLE;
}

/* --- deciding ------------------------------------------------------------------------------------------------------ */

/* By identifiers: with a rival that fits as well as the best none is found. */
static bool
conclude(const search_t *search, redirect_leg_t *leg)
{
    redirect_confidence_t confidence = search->weight.confidence;

    if (search->best.of == NULL) {
        return false;
    }
    if (search->next_after >= 0) {
        if (search->best.after > NEAR || search->next_after < TIMES_NEARER * search->best.after + NEAR) {
            return false;
        }
        confidence++;
    }
    *leg = search->best;
    leg->kind = (uint8_t)redirect_leg_kind(leg->evidence);
    leg->confidence = (uint8_t)confidence;
    return confidence <= REDIRECT_CONFIDENCE_POSSIBLE;
}

/* What is too unlikely to be told is remembered: it tells what the next one may be. */
static redirect_leg_t
conclude_by_caller(const search_t *search)
{
    redirect_leg_t leg = search->likeliest;
    const double share = likelihood(search);

    if (share < TAKEN) {
        return (redirect_leg_t){0};
    }
    leg.confidence = (uint8_t)confidence_of(search, leg.evidence, share);
    leg.kind = (uint8_t)redirect_leg_kind(leg.evidence);
    return leg;
}

/* The better one of both; where they agree, with what both say for it. leg.of is NULL where there is none. */
static redirect_leg_t
conclude_all(const search_t *search)
{
    const redirect_leg_t by_caller = conclude_by_caller(search);
    redirect_leg_t leg;

    if (!conclude(search, &leg)) {
        return by_caller;
    }
    if (by_caller.of == leg.of && by_caller.confidence != REDIRECT_CONFIDENCE_NONE) {
        leg.evidence |= by_caller.evidence;
        leg.after = by_caller.after;
        leg.confidence = MIN(leg.confidence, by_caller.confidence);
    }
    return leg;
}

/* Most of it was made of no call that was captured, or no call waits. */
static bool
is_unexplained(const search_t *search)
{
    return search->waited < 0 || search->all_rates < redirect_leg_habits_other_rate(search->habits, search->waited);
}

/* What the decision tells of the B2BUA. */
static void
learn(const search_t *search, redirect_leg_habits_t *habits, const redirect_leg_t *leg)
{
    const bool is_shown = leg && leg->of == search->best.of;
    const redirect_transaction_t *of = is_shown ? leg->of : search->likeliest.of;
    const double share = is_shown ? 1 : likelihood(search);
    const unsigned evidence = is_shown ? leg->evidence : search->likeliest.evidence;
    redirect_leg_move_t move;
    redirect_time_t since;

    if (search->waited < 0 && !is_shown) {
        redirect_leg_habits_learn_alone(habits);
    }
    if (search->calls > 1) {
        const bool has_alike = of == search->likeliest.of && (evidence & REDIRECT_LEG_BY_CALLED);
        redirect_leg_habits_learn_chance(habits, search->calls - 1, search->alike - (has_alike ? 1 : 0));
    }
    if (of) {
        redirect_leg_habits_learn_shown(habits, is_shown, share);
    }
    if (of && redirect_store_leg_facts(of) && redirect_same_address(redirect_request_destination(of), search->source)) {
        move = move_of(of, &since);
        redirect_leg_habits_learn(habits, move, time_since(search, since),
                                  same_user(search->facts->called, redirect_store_leg_facts(of)->called),
                                  (evidence & TOLD) != 0, share);
    }
    if (search->waited >= 0 && !is_shown && is_unexplained(search)) {
        redirect_leg_habits_learn_other(habits, search->waited);
    }
}

static void
search_identifiers(search_t *search)
{
    const redirect_leg_facts_t *facts = search->facts;
    const uint64_t key[] = {facts->session_id, facts->shared_id[0], facts->shared_id[1], facts->sdp_origin};

    consider_named_calls(search);
    for (size_t i = 0; i < G_N_ELEMENTS(key); i++) {
        consider_identifier(search, redirect_leg_identifier(search->store, key[i]));
    }
}

/*
 * More calls of one caller wait at a B2BUA than one person has: then it is the number of a company; where it is many
 * more, at all times and everywhere.
 */
static bool
is_shared_number(const search_t *search, uint32_t caller, unsigned calls)
{
    if (caller && calls > CALLS_OF_A_COMPANY) {
        redirect_store_set_shared_number(search->store, caller);
    }
    return calls > CALLS_OF_ONE || (caller && redirect_store_is_shared_number(search->store, caller));
}

static bool
search_caller(search_t *search)
{
    const redirect_leg_facts_t *facts = search->facts;
    const redirect_endpoint_t *source = &search->source;
    const redirect_store_t *store = search->store;
    bool is_whole =
        weigh_calls(search, redirect_leg_place_key(store, LEG_KEY_RECEIVED, source, facts->caller, facts->called));
    const unsigned calls = search->calls;

    if (facts->asserted) {
        is_whole &= weigh_calls(search, redirect_leg_place_key(store, LEG_KEY_RECEIVED, source, facts->asserted, 0));
    }
    search->is_shared_number = facts->asserted ? is_shared_number(search, facts->asserted, search->calls - calls)
                                               : is_shared_number(search, facts->caller, calls);
    if (search->waited >= 0) {
        weigh_unexplained(search, redirect_leg_place_key(store, LEG_KEY_SENT, source, facts->caller, facts->called));
    }
    return is_whole;
}

/* The leg that a call has was none. */
static void
take_instead(const redirect_transaction_t *of, redirect_leg_habits_t *habits)
{
    const redirect_transaction_t *former = redirect_store_first_leg_of(of);

    redirect_leg_habits_unlearn_first(habits, former->request.time - of->request.time,
                                      (double)redirect_store_leg_progress(of).likelihood);
    redirect_store_untake_leg(former);
}

static SIP_RARELY_CALLED void
decide(redirect_store_t *store, const redirect_transaction_t *transaction, unsigned *steps)
{
    const redirect_endpoint_t source = redirect_request_source(transaction);
    redirect_leg_habits_t *habits = redirect_store_leg_habits(store, &source);
    redirect_leg_t leg;
    search_t search = {.store = store,
                       .transaction = transaction,
                       .facts = redirect_store_leg_facts(transaction),
                       .source = source,
                       .steps = steps,
                       .next_after = -1,
                       .habits = habits ? habits : &nothing_learnt,
                       .waited = -1};

    search_identifiers(&search);
    if (habits && !search_caller(&search)) {
        search.all_rates = G_MAXDOUBLE; /* what was not looked at may fit as well */
    }
    leg = conclude_all(&search);
    if (*steps == 0) {
        leg.of = NULL;
    }
    if (search.is_instead && leg.of && leg.of == search.likeliest.of) {
        take_instead(leg.of, habits);
    }
    if (habits) {
        learn(&search, habits, leg.of ? &leg : NULL);
    }
    if (leg.of) {
        redirect_store_take_leg(transaction, &leg, leg.of == search.best.of ? 1 : likelihood(&search), habits);
    } else if (is_unexplained(&search)) {
        redirect_store_set_unexplained(transaction);
    }
}

/* Most requests are not filed, and are no legs: they cost a look. What a proxy forwards is none. */
void
redirect_leg_decide(redirect_store_t *store, const redirect_transaction_t *transaction, unsigned *steps)
{
    if (redirect_store_leg_facts(transaction) && transaction->request.frame != 0 && transaction->upstream == NULL) {
        decide(store, transaction, steps);
    }
}

void
redirect_leg_repeat(redirect_store_t *store, const redirect_transaction_t *transaction,
                    const redirect_transaction_t *beside)
{
    const redirect_endpoint_t source = redirect_request_source(transaction);
    redirect_leg_t leg;

    if (redirect_store_taken_leg(beside, &leg) && redirect_same_address(redirect_request_source(beside), source)) {
        redirect_store_take_leg(transaction, &leg, 1, redirect_store_leg_habits(store, &source));
    }
}

bool
redirect_leg_find(const redirect_transaction_t *transaction, redirect_leg_t *leg)
{
    return transaction->upstream == NULL && redirect_store_taken_leg(transaction, leg);
}

redirect_transaction_t *
redirect_leg_next_below(const redirect_transaction_t *above, unsigned *steps, redirect_leg_t *leg)
{
    for (redirect_transaction_t *below = redirect_store_first_leg_of(above); below && spend(steps);
         below = redirect_store_next_leg_of(below)) {
        if (below->chain == NULL && redirect_store_is_root(below) && redirect_leg_find(below, leg)) {
            return below;
        }
    }
    return NULL;
}
