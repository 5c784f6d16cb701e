/* redirect-link-calls.c
 * Which redirect of another call a new request follows: a B2BUA or SBC goes on under a Call-ID of its own, and a client
 * may (RFC 3261 8.1.3.4). What is looked through was filed by redirect-link-file.c; a header that names the Call-ID of
 * the redirect finds it in its call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg.h"
#include "redirect-link-int.h"
#include "redirect-outcome.h"

/* --- choosing ----------------------------------------------------------------------------------------------------- */

/* A redirect of another call that a new request may follow. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    redirect_transaction_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    bool caller_unknown; /* that both speak for the same caller could not be seen */
    redirect_odds_fit_t fit;
    double weight; /* calls a second that the redirect causes, to be compared with others */
} choice_t;

/* An entry that fits the new request, and what it weighs. */
typedef struct {
    const redirect_pending_t *pending;
    redirect_odds_fit_t fit;
    double weight;
} weighed_t;

/* Entries that are remembered as fitting: of more nothing is learnt. */
#define MAX_WEIGHED 16

/* The new request, and the best redirect so far. */
typedef struct {
    redirect_store_t *store;
    redirect_odds_t *odds; /* NULL where nothing is known of how likely calls follow */
    redirect_transaction_t *transaction;
    redirect_facts_t *facts;
    redirect_placement_t *place;
    const redirect_caller_t *who;
    const redirect_pending_t *pending; /* the entry that is looked at, or NULL */
    redirect_odds_call_t call;         /* of the new request, as the odds see it; filled in where it is counted */
    bool is_counted;
    weighed_t *weighed;
    unsigned weighed_count;
    bool has_uri;        /* uri and key were read */
    sip_uri_t uri;       /* of the request, through can_fit(): nearly all requests do without */
    uint32_t key;        /* of uri */
    bool has_caller;     /* caller was read */
    uint32_t caller;     /* through caller_of() */
    bool caller_unknown; /* what is looked at was filed for nobody */
    choice_t best;
    redirect_rivals_t equals; /* of other chains, with the best: as good, but for time and what else is weighed */
    double rivals;            /* what they weigh, the best left out */
} search_t;

/* False where the Request-URI is none, and fits no target. */
static bool
can_fit(search_t *search)
{
    if (!search->has_uri) {
        search->has_uri = true;
        if (redirect_request_uri(search->transaction, &search->uri)) {
            search->key = sip_uri_match_key(&search->uri);
        }
    }
    return search->uri.whole.len > 0;
}

static uint32_t
caller_of(search_t *search)
{
    if (!search->has_caller) {
        search->has_caller = true;
        search->caller = redirect_caller_key(sip_message_from_uri(search->facts->sip));
    }
    return search->caller;
}

static unsigned
choice_rank(const choice_t *choice)
{
    return (choice->caller_unknown ? 10 : 0) + (unsigned)choice->match;
}

static void
add_equal(redirect_rivals_t *equals, const choice_t *choice)
{
    const bool is_first = choice->redirect == choice->leg->redirect;

    if (equals->count < REDIRECT_RIVALS_NAMED) {
        equals->frame[equals->count] = is_first ? choice->leg->response.frame : choice->redirect->frame;
    }
    equals->count++;
}

/* Both were found for the same reason; but one may have come at a likelier time. */
static void
choose_among_equals(search_t *search, const choice_t *choice)
{
    const bool is_same_call = choice->leg->chain == search->best.leg->chain;
    const choice_t best = search->best;

    if (choice->weight > best.weight) {
        search->best = *choice;
    }
    if (!is_same_call) {
        add_equal(&search->equals, choice);
        search->rivals += MIN(choice->weight, best.weight);
    }
}

static void
choose(search_t *search, const choice_t *choice)
{
    unsigned rank = choice_rank(choice), best = choice_rank(&search->best);

    if (search->best.redirect == NULL || rank < best) {
        search->best = *choice;
        search->equals.count = 0;
        search->rivals = 0;
        add_equal(&search->equals, choice);
    } else if (rank == best) {
        choose_among_equals(search, choice);
    }
}

/* Replaces and Join tie a request to another dialog, not to a redirect (RFC 3891, RFC 3911). */
static bool
may_be_new_call(const search_t *search)
{
    return search->transaction->request.via_count == 1 && !redirect_facts_replaces(search->facts);
}

/* Only INVITEs of the one who could follow a redirect with them are counted. */
static void
describe_call(search_t *search)
{
    const redirect_transaction_t *transaction = search->transaction;
    const redirect_endpoint_t party = redirect_request_source(transaction);
    redirect_odds_call_t *call = &search->call;

    call->time = redirect_store_clock(search->store)->now;
    call->party = redirect_odds_party(party.address, party.len);
    if (transaction->request.method != SIP_METHOD_INVITE || !may_be_new_call(search) ||
        !redirect_request_key(transaction, &call->target)) {
        return;
    }
    call->traits = redirect_traits_read(
        search->facts->sip, redirect_odds_wanted_traits(search->odds, call->party,
                                                        caller_of(search) ? caller_of(search) : search->who->asserted));
    call->caller = redirect_link_name_of(caller_of(search), search->who->asserted, search->facts->sip);
    search->is_counted = true;
    redirect_odds_keep_traits(search->odds, transaction->request.frame, &call->traits);
}

/* The From tag of every request is known, if as another hash. */
static void
compare_tags(const search_t *search, choice_t *choice)
{
    const uint32_t tag = search->call.traits.value[REDIRECT_TRAIT_FROM_TAG];
    const bool is_same = redirect_key_of(choice->leg)->from_tag == redirect_key_of(search->transaction)->from_tag;

    if (choice->leg->live && choice->fit.traits.value[REDIRECT_TRAIT_FROM_TAG] == 0 && tag != 0) {
        choice->fit.traits.value[REDIRECT_TRAIT_FROM_TAG] = is_same ? tag : ~tag;
    }
}

static redirect_odds_fit_t
fit_of(const search_t *search, const choice_t *choice)
{
    const redirect_pending_t *pending = search->pending;
    const bool is_first = choice->redirect == choice->leg->redirect;
    const redirect_time_t came = is_first ? choice->leg->response.clock : choice->redirect->clock;
    redirect_odds_fit_t fit = {.after = redirect_store_clock(search->store)->now - came, .open = 1};

    if (pending) {
        fit.traits = pending->traits;
        fit.open = pending->open;
    }
    return fit;
}

static void
weigh(search_t *search, choice_t *choice)
{
    if (search->odds == NULL) {
        search->odds = redirect_store_begin_odds(search->store);
        describe_call(search);
    }
    choice->fit = fit_of(search, choice);
    compare_tags(search, choice);
    choice->weight = redirect_odds_of_follow_up(search->odds, &search->call, &choice->fit);
    if (search->pending && search->weighed_count < MAX_WEIGHED) {
        search->weighed[search->weighed_count++] = (weighed_t){search->pending, choice->fit, choice->weight};
    }
}

/* The call ended otherwise: nothing waits for a follow-up any more. Costs as many steps as the chain is long. */
static bool
is_over(search_t *search, const redirect_chain_t *chain)
{
    redirect_outcome_t outcome;

    if (!redirect_link_spend(search->place, chain->transaction_count)) {
        return true;
    }
    outcome = redirect_chain_result(search->store, chain).outcome;
    return outcome == REDIRECT_OUTCOME_ANSWERED || outcome == REDIRECT_OUTCOME_CANCELLED;
}

/* The key was made of much less than the URI. */
static bool
asked_for(const redirect_transaction_t *leg, const sip_uri_t *redirected)
{
    sip_uri_t asked;

    return redirect_request_uri(leg, &asked) && sip_uri_match(&asked, redirected, NULL) <= SIP_URI_MATCH_NUMBER;
}

/* The target's host is the one that was redirected, by address or by the name that it gives itself in From. */
static bool
is_at_party(const search_t *search, const redirect_target_t *target)
{
    const sip_uri_t uri = redirect_target_uri(target);
    redirect_endpoint_t named;
    sip_uri_t from;

    if (redirect_target_address(target, &named)) {
        return redirect_same_address(named, redirect_request_source(search->transaction));
    }
    return sip_uri_parse(sip_message_from_uri(search->facts->sip), &from) &&
           sip_slice_equal_nocase(from.host, uri.host);
}

/*
 * By caller and target alone a user at another host is the target only where a B2BUA was sent back to itself, acts at
 * once, and its dial plan chooses the host (Asterisk's default).
 */
static bool
was_sent_to_itself(const search_t *search, const redirect_pending_t *pending, const redirect_target_t *target)
{
    const redirect_time_t since = search->transaction->request.time - pending->leg->response.time;

    return since >= 0 && since <= REDIRECT_LINK_AT_ONCE && is_at_party(search, target);
}

static void
choose_target(search_t *search, const redirect_pending_t *pending, redirect_target_t *target, sip_uri_match_t worst)
{
    choice_t choice = {
        .redirect = pending->redirect, .target = target, .leg = pending->leg, .caller_unknown = search->caller_unknown};

    if (target->tried_by) {
        return;
    }
    choice.match = redirect_target_match(search->place, target, &search->uri, search->key, &choice.difference);
    if (choice.match == SIP_URI_MATCH_USER && pending->target && !was_sent_to_itself(search, pending, target)) {
        return;
    }
    if (choice.match <= worst && redirect_redial_match(pending->leg, search->transaction) > choice.match) {
        weigh(search, &choice);
        choose(search, &choice);
    }
}

/* An entry is about one target where its key was made of that target, else about all. */
static void
choose_pending(search_t *search, const redirect_pending_t *pending, sip_uri_match_t worst)
{
    if (is_over(search, pending->leg->chain)) {
        return;
    }
    if (pending->target) {
        choose_target(search, pending, pending->target, worst);
        return;
    }
    for (unsigned i = 0; i < pending->redirect->target_count && redirect_link_spend(search->place, 1); i++) {
        choose_target(search, pending, &pending->redirect->target[i], worst);
    }
}

/* Looks at everything that still waits under key. redirected: the URI of the History-Info entry that led here. */
static void
choose_by_key(search_t *search, sip_slice_t key, sip_uri_match_t worst, const sip_uri_t *redirected)
{
    const redirect_pending_t *pending = redirect_store_pending(search->store, key);

    if (pending == NULL || !can_fit(search)) {
        return;
    }
    for (; pending && redirect_link_spend(search->place, 1);
         pending = redirect_store_next_pending(search->store, pending)) {
        search->pending = pending;
        if ((pending->target == NULL || pending->target->tried_by == NULL) &&
            redirect_same_method(pending->leg, search->transaction) &&
            (redirected == NULL || asked_for(pending->leg, redirected))) {
            choose_pending(search, pending, worst);
        }
    }
    search->pending = NULL;
}

/* What a transaction got as a redirect, as long as a new call may follow it. */
static void
choose_redirect_of(search_t *search, redirect_transaction_t *leg, redirect_t *redirect)
{
    const redirect_pending_t waiting = {.redirect = redirect, .leg = leg};
    const redirect_time_t came = redirect == leg->redirect ? leg->response.clock : redirect->clock;

    if (redirect_store_is_in_link_window(search->store, came)) {
        choose_pending(search, &waiting, SIP_URI_MATCH_USER);
    }
}

static void
choose_in_call(search_t *search, const redirect_call_t *call)
{
    for (redirect_transaction_t *leg = redirect_call_first(call); leg && redirect_link_spend(search->place, 1);
         leg = redirect_next_in_call(leg)) {
        if (leg->redirect == NULL || !redirect_same_method(leg, search->transaction)) {
            continue;
        }
        choose_redirect_of(search, leg, leg->redirect);
        for (redirect_t *later = leg->redirect->later; later && redirect_link_spend(search->place, 1);
             later = later->later) {
            if (later->transaction == leg) {
                choose_redirect_of(search, leg, later);
            }
        }
    }
}

/* The header has the Call-ID of the redirected call, or what a header of that call had, too. */
static void
choose_by_leg_header(search_t *search)
{
    sip_slice_t ids = search->who->leg_ids, id;
    redirect_link_key_t room;

    while (sip_slice_take_item(&ids, &id)) {
        const redirect_call_t *call = redirect_store_call(search->store, id);

        if (call && redirect_call_is_visible(call) && can_fit(search)) {
            choose_in_call(search, call);
        }
        choose_by_key(search, redirect_link_key_of_leg(&room, id), SIP_URI_MATCH_USER, NULL);
    }
}

static void
choose_by_session_id(search_t *search)
{
    redirect_link_key_t room;

    choose_by_key(search, redirect_link_key_of_session(&room, search->who->session_id), SIP_URI_MATCH_USER, NULL);
}

/* Redirects of redirected for the same caller, then those for whom no caller is known. */
static void
choose_by_history_entry(search_t *search, const redirect_entry_t *entry)
{
    const uint32_t caller = caller_of(search), asserted = search->who->asserted;
    const uint32_t callers[] = {caller, asserted != caller ? asserted : 0, 0};
    sip_uri_t redirected = sip_uri_view(&entry->uri);
    redirect_link_key_t room;

    redirected.headers = SIP_SLICE_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        search->caller_unknown = callers[i] == 0;
        if (callers[i] != 0 || i == G_N_ELEMENTS(callers) - 1) {
            choose_by_key(search, redirect_link_key_of_history(&room, entry->uri.match_key, callers[i]),
                          SIP_URI_MATCH_NUMBER, &redirected);
        }
    }
    search->caller_unknown = false;
}

/* An entry with a 3xx as its Reason is who was redirected (RFC 7044 10.2). */
static bool
names_redirected(const redirect_entry_t *entry)
{
    return entry->has_reason && entry->reason_cause / 100 == 3;
}

static bool
history_names_redirected(redirect_facts_t *facts)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    unsigned i = 0;

    while (i < said->entry_count && !names_redirected(&said->entry[i])) {
        i++;
    }
    return i < said->entry_count;
}

bool
redirect_link_names_redirected(redirect_facts_t *facts)
{
    return redirect_facts_said(facts)->diversion_count > 0 || history_names_redirected(facts);
}

static void
choose_by_history_info(search_t *search)
{
    const redirect_said_t *said = redirect_facts_said(search->facts);

    for (unsigned i = 0; i < said->entry_count; i++) {
        if (names_redirected(&said->entry[i])) {
            choose_by_history_entry(search, &said->entry[i]);
        }
    }
}

/* Of a redirect that waits: it was sent to where the new request comes from. */
static bool
is_same_party(const search_t *search, const redirect_transaction_t *leg)
{
    return redirect_same_address(redirect_request_source(leg), redirect_request_source(search->transaction));
}

/* Legs of the same call, by an identifier that goes from leg to leg. */
static void
choose_by_shared_id(search_t *search)
{
    const redirect_leg_facts_t *facts = redirect_store_leg_facts(search->transaction);

    for (unsigned i = 0; facts && i < REDIRECT_LEG_SHARED_IDS; i++) {
        const redirect_filed_leg_t *filed =
            redirect_store_filed_leg(search->store, redirect_leg_identifier(search->store, facts->shared_id[i]));
        for (; filed && redirect_link_spend(search->place, 1); filed = redirect_store_next_filed_leg(filed)) {
            redirect_transaction_t *leg = redirect_filed_leg_transaction(filed);
            if (leg->redirect && leg != search->transaction && is_same_party(search, leg) && can_fit(search)) {
                choose_redirect_of(search, leg, leg->redirect);
            }
        }
    }
}

/* What was redirected for the same caller at the same address, and is the user that Diversion names. */
static void
choose_by_diversion_of(search_t *search, const redirect_diversion_t *diversion, uint32_t caller)
{
    const sip_uri_t diverted = sip_uri_view(&diversion->uri);
    const redirect_pending_t *pending;
    redirect_link_key_t room;

    if (caller == 0 || !can_fit(search)) {
        return;
    }
    pending =
        redirect_store_pending(search->store, redirect_link_key_of_history(&room, diversion->uri.match_key, caller));
    for (; pending && redirect_link_spend(search->place, 1);
         pending = redirect_store_next_pending(search->store, pending)) {
        sip_uri_t asked;
        if (is_same_party(search, pending->leg) && redirect_same_method(pending->leg, search->transaction) &&
            redirect_request_uri(pending->leg, &asked) &&
            sip_uri_match(&diverted, &asked, NULL) <= SIP_URI_MATCH_USER) {
            search->pending = pending;
            choose_pending(search, pending, SIP_URI_MATCH_USER);
        }
    }
    search->pending = NULL;
}

static void
choose_by_diversion(search_t *search)
{
    const redirect_said_t *said = redirect_facts_said(search->facts);

    for (unsigned i = 0; i < said->diversion_count; i++) {
        choose_by_diversion_of(search, &said->diversion[i], caller_of(search));
        if (search->who->asserted != caller_of(search)) {
            choose_by_diversion_of(search, &said->diversion[i], search->who->asserted);
        }
    }
}

static void
choose_by_new_call(search_t *search)
{
    const redirect_endpoint_t party = redirect_request_source(search->transaction);
    const uint32_t asserted = search->who->asserted;
    uint32_t target = search->call.target, caller;
    redirect_link_key_t room;

    /* Most requests come from an address that got no redirect lately. */
    if (!redirect_store_may_wait_for(search->store, &party) || !may_be_new_call(search) ||
        (!search->is_counted && !redirect_request_key(search->transaction, &target))) {
        return;
    }
    caller = redirect_link_name_of(caller_of(search), asserted, search->facts->sip);
    choose_by_key(search, redirect_link_key_of_new_call(&room, &party, caller, target), SIP_URI_MATCH_USER, NULL);
    if (asserted != caller && search->best.redirect == NULL) {
        search->call.caller = asserted;
        choose_by_key(search, redirect_link_key_of_new_call(&room, &party, asserted, target), SIP_URI_MATCH_USER, NULL);
    }
}

/* Strongest evidence first. */
static const struct {
    redirect_link_kind_t kind;
    redirect_confidence_t exact, loose; /* at most */
    const char *evidence;
    void (*choose)(search_t *);
} across_calls[] = {
    {REDIRECT_LINK_LEG_HEADER, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "A leg header names the redirected call, and the request goes to a target of its redirect.", choose_by_leg_header},
    {REDIRECT_LINK_SESSION_ID, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "The Session-ID is that of the redirected request (RFC 7989), and the request goes to a target of its redirect.",
     choose_by_session_id},
    {REDIRECT_LINK_HISTORY_INFO, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "History-Info names the redirected URI with its 3xx (RFC 7044), and the request goes to a target of the redirect.",
     choose_by_history_info},
    {REDIRECT_LINK_SHARED_ID, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "A header has the same identifier of the whole call, and the request goes to a target of the redirect.",
     choose_by_shared_id},
    {REDIRECT_LINK_DIVERSION, REDIRECT_CONFIDENCE_CERTAIN, REDIRECT_CONFIDENCE_PROBABLE,
     "The address that got the redirect called the user of one of its targets for the same caller, and Diversion names "
     "the redirected user.",
     choose_by_diversion},
    {REDIRECT_LINK_NEW_CALL, REDIRECT_CONFIDENCE_PROBABLE, REDIRECT_CONFIDENCE_POSSIBLE,
     "The address that got the redirect called one of its targets for the same caller soon after; the call itself is "
     "another.",
     choose_by_new_call},
};

#define BY_NEW_CALL (G_N_ELEMENTS(across_calls) - 1)

/* By a value that both requests have and no other call. */
static const char *const token_evidence[REDIRECT_TRAIT_COUNT] = {
    [REDIRECT_TRAIT_FROM_TAG] =
        "The address that got the redirect called one of its targets for the same caller with the "
        "same From tag, under another Call-ID.",
    [REDIRECT_TRAIT_SDP] =
        "The address that got the redirect called one of its targets for the same caller and offered "
        "the same SDP session (o= line), under another Call-ID.",
    [REDIRECT_TRAIT_SESSION] =
        "The address that got the redirect called one of its targets for the same caller with the "
        "same Session-ID, under another Call-ID.",
};

static const redirect_link_kind_t token_kind[REDIRECT_TRAIT_COUNT] = {
    [REDIRECT_TRAIT_FROM_TAG] = REDIRECT_LINK_NEW_CALL,  [REDIRECT_TRAIT_SDP] = REDIRECT_LINK_SDP_SESSION,
    [REDIRECT_TRAIT_CONTACT] = REDIRECT_LINK_NEW_CALL,   [REDIRECT_TRAIT_AGENT] = REDIRECT_LINK_NEW_CALL,
    [REDIRECT_TRAIT_SESSION] = REDIRECT_LINK_SESSION_ID,
};

/* Where nothing but caller, target and time speak for it, and they leave room for doubt. */
static const char doubtful_evidence[] =
    "The address that got the redirect called one of its targets for the same caller; so late, or so often without a "
    "redirect, that this may be a call of its own.";

/*
 * How likely a link is at least for what it is called. Of links called certain 999 of 1,000 are to be right, probable 990,
 * possible 900: these are somewhat more, for what the likelihood rests on is itself an estimate.
 */
#define CERTAIN_FROM 0.9995
#define PROBABLE_FROM 0.993
#define POSSIBLE_FROM 0.9 /* but see redirect_odds_may_risk() */
/* Where several redirects share that much, the request follows one of them. */
#define AMBIGUOUS_FROM 0.9

/* A 6xx that the same party got before in this chain, under another Call-ID. */
static redirect_transaction_t *
refused_before(const redirect_chain_t *chain, const redirect_transaction_t *transaction)
{
    redirect_transaction_t *found = NULL;

    for (redirect_transaction_t *other = chain->first_transaction; other; other = other->next_in_chain) {
        if (other->response.status / 100 == 6 &&
            redirect_same_address(redirect_request_source(other), redirect_request_source(transaction)) &&
            redirect_is_definitive_for(other, transaction)) {
            found = other;
        }
    }
    return found;
}

/* What is known of the best redirect's link beside where it leads. */
typedef struct {
    size_t kind;       /* of across_calls */
    double likelihood; /* that the request follows that redirect */
    bool has_token;
    redirect_trait_t token;
} judgement_t;

static judgement_t
judge(const search_t *search, size_t kind)
{
    const bool is_new = kind == BY_NEW_CALL;
    const double own = is_new ? redirect_odds_of_own_calls(search->odds, &search->call) : 0;
    judgement_t judgement = {.kind = kind,
                             .likelihood = search->best.weight / (search->best.weight + search->rivals + own)};

    judgement.has_token =
        is_new && redirect_odds_have_token(search->odds, &search->call, &search->best.fit, &judgement.token);
    return judgement;
}

static redirect_confidence_t
confidence_by_odds(const search_t *search, const judgement_t *judgement)
{
    const double likelihood = judgement->likelihood;
    bool is_possible = likelihood >= POSSIBLE_FROM;

    if (likelihood >= PROBABLE_FROM) {
        return likelihood >= CERTAIN_FROM ? REDIRECT_CONFIDENCE_CERTAIN : REDIRECT_CONFIDENCE_PROBABLE;
    }
    if (judgement->kind == BY_NEW_CALL) {
        is_possible = redirect_odds_may_risk(search->odds, search->call.party, likelihood);
    }
    return is_possible ? REDIRECT_CONFIDENCE_POSSIBLE : REDIRECT_CONFIDENCE_NONE;
}

/* The likelier, the surer; but by caller, target and time alone nothing is certain, and what fits loosely is less. */
static redirect_confidence_t
confidence_across(const search_t *search, const judgement_t *judgement)
{
    const choice_t *best = &search->best;
    const bool is_exact = best->match == SIP_URI_MATCH_EXACT && !best->caller_unknown;
    const redirect_confidence_t by_odds = confidence_by_odds(search, judgement);
    redirect_confidence_t at_most =
        is_exact ? across_calls[judgement->kind].exact : across_calls[judgement->kind].loose;

    if (judgement->has_token) {
        at_most--;
    }
    return by_odds == REDIRECT_CONFIDENCE_NONE ? by_odds : MAX(by_odds, at_most);
}

static const char *
evidence_across(const judgement_t *judgement)
{
    if (judgement->has_token) {
        return token_evidence[judgement->token];
    }
    return judgement->kind == BY_NEW_CALL && judgement->likelihood < PROBABLE_FROM
               ? doubtful_evidence
               : across_calls[judgement->kind].evidence;
}

static void
place_across(search_t *search, const judgement_t *judgement, redirect_confidence_t confidence)
{
    redirect_placement_t *place = search->place;
    const choice_t *best = &search->best;

    place->beside = best->leg;
    place->hop = best->redirect->depth;
    place->link = (redirect_link_t){
        .cause = best->redirect,
        .target = best->target,
        .redirected_in = best->leg->response.frame,
        .redirected_at = best->leg->response.time,
        .match = best->match,
        .difference = best->difference,
        .kind = judgement->has_token ? token_kind[judgement->token] : across_calls[judgement->kind].kind,
        .confidence = confidence,
        .evidence = evidence_across(judgement),
    };
    place->global_failure = refused_before(best->leg->chain, search->transaction);
    place->rivals.count = 0;
}

/* Links the request to the best redirect, where that is likely enough. */
static bool
decide(search_t *search, const judgement_t *judgement)
{
    const redirect_confidence_t confidence = confidence_across(search, judgement);
    const double all = judgement->likelihood * (1 + search->rivals / search->best.weight);
    redirect_placement_t *place = search->place;

    if (confidence != REDIRECT_CONFIDENCE_NONE) {
        place_across(search, judgement, confidence);
        return true;
    }
    /* It follows one of several, and nothing says which; weaker evidence may still single one out. */
    if (search->equals.count > 1 && all >= AMBIGUOUS_FROM && place->rivals.count == 0) {
        place->rivals = search->equals;
    }
    return false;
}

/* Looks by one kind of evidence after the other. @return what was found last; its kind BY_NEW_CALL where none links */
static judgement_t
look(search_t *search)
{
    judgement_t judgement = {.kind = 0};
    bool is_found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(across_calls); i++) {
        search->best = (choice_t){.redirect = NULL};
        search->equals.count = 0;
        search->rivals = 0;
        search->weighed_count = 0;
        search->call.shows_origin =
            i == BY_NEW_CALL && !is_found && (search->who->leg_ids.len > 0 || history_names_redirected(search->facts));
        across_calls[i].choose(search);
        if (search->place->gave_up) {
            break; /* what was not looked at may fit as well */
        }
        judgement = (judgement_t){.kind = i};
        if (search->best.redirect) {
            is_found = true;
            judgement = judge(search, i);
            if (decide(search, &judgement)) {
                break;
            }
        }
    }
    return judgement;
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

/* Of each redirect that the call fits, as far as it is believed to follow it. @return how likely it follows any */
static double
learn_from_weighed(search_t *search)
{
    double sum = search->weighed_count > 0 ? redirect_odds_of_own_calls(search->odds, &search->call) : 1, follows = 0;

    for (unsigned i = 0; i < search->weighed_count; i++) {
        sum += search->weighed[i].weight;
    }
    for (unsigned i = 0; i < search->weighed_count; i++) {
        const weighed_t *one = &search->weighed[i];
        const double likelihood = one->weight / sum;
        redirect_odds_learn_follow_up(search->odds, &search->call, &one->fit, likelihood, false);
        redirect_store_doubt(search->store, one->pending, likelihood, search->transaction->request.frame);
        follows += likelihood;
    }
    return follows;
}

static void
learn(search_t *search, const judgement_t *found)
{
    const uint32_t asserted = search->who->asserted;
    double follows;

    if (found->kind == BY_NEW_CALL && search->place->link.cause && found->likelihood < PROBABLE_FROM) {
        redirect_odds_learn_risk(search->odds, search->call.party, found->likelihood);
    }
    if (found->kind < BY_NEW_CALL) {
        follows = found->likelihood;
        redirect_odds_learn_follow_up(search->odds, &search->call, &search->best.fit, follows, true);
    } else {
        follows = learn_from_weighed(search);
    }
    search->call.caller = redirect_link_name_of(caller_of(search), asserted, search->facts->sip);
    redirect_odds_learn_call(search->odds, &search->call, 1 - follows);
    if (asserted && asserted != search->call.caller) {
        search->call.caller = asserted;
        redirect_odds_learn_alias(search->odds, &search->call, 1 - follows);
    }
}

/* --- redials ------------------------------------------------------------------------------------------------------ */

static bool
is_redial_of(search_t *search, const redirect_redirected_t *redirected)
{
    const uint32_t caller = caller_of(search) ? caller_of(search) : search->who->asserted;

    return caller != 0 && redirected->caller == caller && redirected->redirect->code != 305 &&
           redirect_same_method(redirected->leg, search->transaction) &&
           search->transaction->request.time >= redirected->redirect->time && /* captures may be put together */
           redirect_store_is_in_link_window(search->store, redirected->redirect->clock) &&
           redirect_redial_match(redirected->leg, search->transaction) != SIP_URI_MATCH_NONE;
}

/* The caller sends once more what was redirected: RFC 3261 8.1.3.4 would have it try the target. */
static void
note_redial(search_t *search)
{
    const redirect_endpoint_t party = redirect_request_source(search->transaction);
    const redirect_redirected_t *redirected;
    redirect_link_key_t room;

    if (!redirect_store_may_wait_for(search->store, &party) || !may_be_new_call(search)) {
        return;
    }
    redirected = redirect_store_redirected(search->store, redirect_link_key_of_redial(&room, search->transaction));
    if (redirected && redirected->redirect->redialled_in == 0 && is_redial_of(search, redirected)) {
        redirected->redirect->redialled_in = search->transaction->request.frame;
    }
}

static void
search_across_calls(search_t *search)
{
    weighed_t weighed[MAX_WEIGHED];
    judgement_t found;

    search->weighed = weighed;
    if (search->odds) {
        describe_call(search);
    }
    found = look(search);
    if (search->place->link.cause == NULL) {
        note_redial(search);
    }
    if (search->is_counted && !search->place->gave_up) {
        learn(search, &found);
    }
}

void
redirect_link_across_calls(redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                           redirect_placement_t *place)
{
    static const redirect_caller_t nobody = {0};
    const redirect_caller_t *who = transaction->live->caller ? transaction->live->caller : &nobody;

    if (redirect_store_odds(store) || !redirect_store_has_no_pending(store) || who->leg_ids.len > 0) {
        search_across_calls(&(search_t){.store = store,
                                        .odds = redirect_store_odds(store),
                                        .transaction = transaction,
                                        .facts = facts,
                                        .place = place,
                                        .who = who});
    }
}
