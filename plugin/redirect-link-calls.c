/* redirect-link-calls.c
 * Which redirect of another call a new request follows: a B2BUA or SBC goes on under a Call-ID of its own, and a client
 * may (RFC 3261 8.1.3.4). Every redirect is filed under what its follow-up might show, for link_window seconds; a header
 * that names its Call-ID finds it in its call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-link.h"

#include "redirect-outcome.h"

/* Call-IDs and leg header values of this many bytes and more do not link. */
#define MAX_KEY_TEXT 256

/* To file an entry takes as long as so many of the comparisons that limits.steps_per_message counts. */
#define STEPS_OF_FILING 4

/* Strongest first; the letter begins the key, so that values of different kinds never meet. */
typedef enum {
    KEY_LEG_HEADER = 'L',
    KEY_SESSION_ID = 'S',
    KEY_HISTORY_INFO = 'H',
    KEY_NEW_CALL = 'T',
} key_kind_t;

/* Where a key is made. One that can not be made is empty, and empty ones are not used. */
typedef struct {
    size_t len;
    char text[MAX_KEY_TEXT + 1];
} key_room_t;

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void
key_begin(key_room_t *room, key_kind_t kind)
{
    room->text[0] = (char)kind;
    room->len = 1;
}

static void
key_put(key_room_t *room, const void *bytes, size_t len)
{
    memcpy(room->text + room->len, bytes, len);
    room->len += len;
}

static sip_slice_t
key_text(const key_room_t *room)
{
    return sip_slice_make(room->text, room->len);
}

static sip_slice_t
key_of_leg(key_room_t *room, sip_slice_t call_id)
{
    if (call_id.len == 0 || call_id.len >= MAX_KEY_TEXT) {
        return SIP_SLICE_NONE;
    }
    key_begin(room, KEY_LEG_HEADER);
    key_put(room, call_id.ptr, call_id.len);
    return key_text(room);
}

/* The nil UUID stands for "none" (RFC 7989 5) and would tie all that send it to each other. */
static bool
is_nil_uuid(sip_slice_t session_id)
{
    for (size_t i = 0; i < session_id.len; i++) {
        if (session_id.ptr[i] != '0') {
            return false;
        }
    }
    return true;
}

static sip_slice_t
key_of_session(key_room_t *room, sip_slice_t session_id)
{
    if (is_nil_uuid(session_id) || session_id.len >= MAX_KEY_TEXT) {
        return SIP_SLICE_NONE;
    }
    key_begin(room, KEY_SESSION_ID);
    for (size_t i = 0; i < session_id.len; i++) {
        const char lower = sip_slice_lower(session_id.ptr[i]);
        key_put(room, &lower, 1);
    }
    return key_text(room);
}

/*
 * Who was redirected, by sip_uri_match_key(), and for whom: History-Info alone names no call, and a busy number is
 * redirected for many.
 */
static sip_slice_t
key_of_history(key_room_t *room, uint32_t redirected, uint32_t caller)
{
    key_begin(room, KEY_HISTORY_INFO);
    key_put(room, &redirected, sizeof(redirected));
    key_put(room, &caller, sizeof(caller));
    return key_text(room);
}

/* The redirected party's address, who it speaks for, and where it is to go; not where one of them is unknown. */
static sip_slice_t
key_of_new_call(key_room_t *room, const redirect_endpoint_t *party, uint32_t caller, uint32_t target)
{
    if (party->len == 0 || caller == 0) {
        return SIP_SLICE_NONE;
    }
    key_begin(room, KEY_NEW_CALL);
    key_put(room, &caller, sizeof(caller));
    key_put(room, &target, sizeof(target));
    key_put(room, party->address, party->len);
    return key_text(room);
}

/* RFC 3323 4.1.1.3, and what equipment writes in its place: names that many callers share. */
bool
redirect_is_nobody(sip_slice_t user)
{
    static const sip_slice_t nobody[] = {
        {"anonymous", 9}, {"restricted", 10}, {"unavailable", 11}, {"unknown", 7}, {"asterisk", 8}};
    const sip_slice_t name = sip_slice_trim(user);

    for (size_t i = 0; i < G_N_ELEMENTS(nobody); i++) {
        if (name.len == nobody[i].len && sip_slice_equal_nocase(name, nobody[i])) {
            return true;
        }
    }
    return name.len == 0;
}

uint32_t
redirect_caller_key(sip_slice_t uri_text)
{
    sip_uri_t uri;
    uint32_t key;

    if (uri_text.len == 0 || !sip_uri_parse_user(uri_text, &uri) || redirect_is_nobody(uri.user)) {
        return 0;
    }
    key = sip_uri_match_key(&uri);
    return key ? key : 1;
}

uint32_t
redirect_asserted_key(const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t address;

    if (!sip_message_has(sip, SIP_HEADER_P_ASSERTED_IDENTITY)) {
        return 0;
    }
    sip_value_iter_init(&values, sip, SIP_HEADER_P_ASSERTED_IDENTITY);
    return sip_value_iter_next(&values, &value) && sip_address_parse(value, &address)
               ? redirect_caller_key(address.uri.whole)
               : 0;
}

/* --- filing ------------------------------------------------------------------------------------------------------- */

/* The first of ids, which are comma-separated; *ids is what comes after it. */
static sip_slice_t
next_leg_id(sip_slice_t *ids)
{
    const char *comma = memchr(ids->ptr, ',', ids->len);
    size_t len = comma ? (size_t)(comma - ids->ptr) : ids->len;
    sip_slice_t id = sip_slice_make(ids->ptr, len);

    *ids = sip_slice_from(*ids, comma ? len + 1 : len);
    return id;
}

/* What is being filed. */
typedef struct {
    redirect_store_t *store;
    redirect_t *redirect;
    redirect_transaction_t *leg;
    uint32_t caller, asserted; /* keys of who calls, by From and by P-Asserted-Identity; 0 for nobody */
} filing_t;

static void
file(const filing_t *filing, sip_slice_t key)
{
    redirect_store_file(filing->store, key, NULL, &(redirect_pending_t){filing->redirect, NULL, filing->leg});
}

static bool
file_target(const filing_t *filing, uint32_t caller, redirect_target_t *target)
{
    const redirect_endpoint_t party = redirect_request_source(filing->leg);
    key_room_t room;

    return redirect_store_file(filing->store, key_of_new_call(&room, &party, caller, target->match_key), &party,
                               &(redirect_pending_t){filing->redirect, target, filing->leg});
}

/* @return false where no target could be filed */
static bool
file_targets(const filing_t *filing)
{
    bool filed = false;

    for (unsigned i = 0; i < filing->redirect->target_count; i++) {
        redirect_target_t *target = &filing->redirect->target[i];
        if (target->followable) {
            filed |= file_target(filing, filing->caller, target);
            if (filing->asserted != filing->caller) {
                filed |= file_target(filing, filing->asserted, target);
            }
        }
    }
    return filed;
}

static void
file_history(const filing_t *filing)
{
    const uint32_t caller = filing->caller ? filing->caller : filing->asserted;
    uint32_t asked;
    key_room_t room;

    if (redirect_request_key(filing->leg, &asked)) {
        file(filing, key_of_history(&room, asked, caller));
        if (filing->asserted && filing->asserted != caller) {
            file(filing, key_of_history(&room, asked, filing->asserted));
        }
    }
}

void
redirect_link_file(redirect_store_t *store, redirect_t *redirect, redirect_transaction_t *leg, const sip_message_t *sip)
{
    static const redirect_caller_t nobody = {0};
    const redirect_caller_t *who = leg->live->caller ? leg->live->caller : &nobody;
    const filing_t filing = {store, redirect, leg, redirect_caller_key(sip_message_from_uri(sip)), who->asserted};
    sip_slice_t ids = who->leg_ids;
    key_room_t room;

    if (redirect->target_count == 0) {
        return;
    }
    while (ids.len > 0) {
        file(&filing, key_of_leg(&room, next_leg_id(&ids)));
    }
    file(&filing, key_of_session(&room, who->session_id));
    /* What was filed by its targets is found again once History-Info turns up: redirect_link_expect_history(). */
    if (!file_targets(&filing) || redirect_store_expects_history(store)) {
        file_history(&filing);
    }
}

/* A redirect has an entry for each target that a new call may follow: one of them will do. */
static bool
is_of_first_target(const redirect_pending_t *pending)
{
    const redirect_target_t *target = pending->redirect->target;

    while (!target->followable) {
        target++; /* pending->target is */
    }
    return target == pending->target;
}

/* Files a redirect by its history, too, with the caller of an entry that is about one of its targets. */
static void
file_history_of(redirect_store_t *store, const redirect_pending_t *pending)
{
    const sip_slice_t key = redirect_store_pending_key(pending);
    uint32_t caller, asked;
    key_room_t room;

    if (key.ptr[0] == KEY_NEW_CALL && is_of_first_target(pending) && redirect_request_key(pending->leg, &asked)) {
        memcpy(&caller, key.ptr + 1, sizeof(caller));
        redirect_store_file_further(store, key_of_history(&room, asked, caller), pending);
    }
}

void
redirect_link_expect_history(redirect_store_t *store)
{
    const redirect_pending_t *const last = redirect_store_last_filed(store);
    const redirect_pending_t *first = last;

    unsigned steps = redirect_store_config(store)->limits.steps_per_message;

    redirect_store_expect_history(store);
    while (first && redirect_store_filed_before(first)) {
        if (steps < 2 * STEPS_OF_FILING) {
            redirect_store_give_up(store);
            break;
        }
        steps -= STEPS_OF_FILING;
        first = redirect_store_filed_before(first);
    }
    for (const redirect_pending_t *pending = first; pending; pending = redirect_store_filed_after(pending)) {
        file_history_of(store, pending);
        if (pending == last) {
            break;
        }
    }
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

/* A redirect of another call that a new request may follow. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    redirect_transaction_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    bool caller_unknown; /* that both speak for the same caller could not be seen */
} choice_t;

/* The new request, and the best redirect so far. */
typedef struct {
    const redirect_store_t *store;
    const redirect_transaction_t *transaction;
    redirect_facts_t *facts;
    redirect_placement_t *place;
    const redirect_caller_t *who;
    bool has_uri;        /* uri and key were read */
    sip_uri_t uri;       /* of the request, through can_fit(): nearly all requests do without */
    uint32_t key;        /* of uri */
    bool has_caller;     /* caller was read */
    uint32_t caller;     /* through caller_of() */
    bool caller_unknown; /* what is looked at was filed for nobody */
    choice_t best;
    unsigned equals; /* redirects of other chains that fit as well as the best */
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
choose(search_t *search, const choice_t *choice)
{
    unsigned rank = choice_rank(choice), best = choice_rank(&search->best);

    if (search->best.redirect == NULL || rank < best) {
        search->best = *choice;
        search->equals = 0;
    } else if (rank == best && choice->leg->chain != search->best.leg->chain) {
        search->equals++;
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

static void
choose_target(search_t *search, const redirect_pending_t *pending, redirect_target_t *target, sip_uri_match_t worst)
{
    choice_t choice = {
        .redirect = pending->redirect, .target = target, .leg = pending->leg, .caller_unknown = search->caller_unknown};

    if (target->tried_by) {
        return;
    }
    choice.match = redirect_target_match(search->place, target, &search->uri, search->key, &choice.difference);
    if (choice.match <= worst && redirect_redial_match(pending->leg, search->transaction) > choice.match) {
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
        if ((pending->target == NULL || pending->target->tried_by == NULL) &&
            redirect_same_method(pending->leg, search->transaction) &&
            (redirected == NULL || asked_for(pending->leg, redirected))) {
            choose_pending(search, pending, worst);
        }
    }
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
    sip_slice_t ids = search->who->leg_ids;
    key_room_t room;

    while (ids.len > 0) {
        const sip_slice_t id = next_leg_id(&ids);
        const redirect_call_t *call = redirect_store_call(search->store, id);

        if (call && redirect_call_is_visible(call) && can_fit(search)) {
            choose_in_call(search, call);
        }
        choose_by_key(search, key_of_leg(&room, id), SIP_URI_MATCH_USER, NULL);
    }
}

static void
choose_by_session_id(search_t *search)
{
    key_room_t room;

    choose_by_key(search, key_of_session(&room, search->who->session_id), SIP_URI_MATCH_USER, NULL);
}

/* Redirects of redirected for the same caller, then those for whom no caller is known. */
static void
choose_by_history_entry(search_t *search, const redirect_entry_t *entry)
{
    const uint32_t caller = caller_of(search), asserted = search->who->asserted;
    const uint32_t callers[] = {caller, asserted != caller ? asserted : 0, 0};
    sip_uri_t redirected = sip_uri_view(&entry->uri);
    key_room_t room;

    redirected.headers = SIP_SLICE_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        search->caller_unknown = callers[i] == 0;
        if (callers[i] != 0 || i == G_N_ELEMENTS(callers) - 1) {
            choose_by_key(search, key_of_history(&room, entry->uri.match_key, callers[i]), SIP_URI_MATCH_NUMBER,
                          &redirected);
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

bool
redirect_link_names_redirected(redirect_facts_t *facts)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    unsigned i = 0;

    while (i < said->entry_count && !names_redirected(&said->entry[i])) {
        i++;
    }
    return i < said->entry_count;
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

static void
choose_by_new_call(search_t *search)
{
    const redirect_endpoint_t party = redirect_request_source(search->transaction);
    const uint32_t asserted = search->who->asserted;
    uint32_t target;
    key_room_t room;

    /* Replaces and Join tie a request to another dialog, not to a redirect (RFC 3891, RFC 3911). */
    if (search->transaction->request.via_count != 1 || redirect_facts_replaces(search->facts)) {
        return;
    }
    /* Most requests come from an address that got no redirect lately. */
    if (!redirect_store_may_wait_for(search->store, &party) || !redirect_request_key(search->transaction, &target)) {
        return;
    }
    choose_by_key(search, key_of_new_call(&room, &party, caller_of(search), target), SIP_URI_MATCH_NUMBER, NULL);
    if (asserted != search->caller) {
        choose_by_key(search, key_of_new_call(&room, &party, asserted, target), SIP_URI_MATCH_NUMBER, NULL);
    }
}

/* Strongest evidence first. */
static const struct {
    redirect_link_kind_t kind;
    redirect_confidence_t exact, loose;
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
    {REDIRECT_LINK_NEW_CALL, REDIRECT_CONFIDENCE_PROBABLE, REDIRECT_CONFIDENCE_POSSIBLE,
     "The address that got the redirect called one of its targets for the same caller soon after; the call itself is "
     "another.",
     choose_by_new_call},
};

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

static void
place_across(redirect_placement_t *place, const search_t *search, size_t kind)
{
    const choice_t *best = &search->best;
    bool sure = best->match == SIP_URI_MATCH_EXACT && !best->caller_unknown;

    place->beside = best->leg;
    place->hop = best->redirect->depth;
    place->link = (redirect_link_t){
        .cause = best->redirect,
        .target = best->target,
        .redirected_in = best->leg->response.frame,
        .redirected_at = best->leg->response.time,
        .match = best->match,
        .difference = best->difference,
        .kind = across_calls[kind].kind,
        .confidence = sure ? across_calls[kind].exact : across_calls[kind].loose,
        .evidence = across_calls[kind].evidence,
    };
    place->global_failure = refused_before(best->leg->chain, search->transaction);
    place->ambiguous = 0;
}

void
redirect_link_across_calls(const redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                           redirect_placement_t *place)
{
    static const redirect_caller_t nobody = {0};
    search_t search = {.store = store,
                       .transaction = transaction,
                       .facts = facts,
                       .place = place,
                       .who = transaction->live->caller ? transaction->live->caller : &nobody};

    if (redirect_store_has_no_pending(store) && search.who->leg_ids.len == 0) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(across_calls); i++) {
        search.best = (choice_t){.redirect = NULL};
        search.equals = 0;
        across_calls[i].choose(&search);
        if (place->gave_up) {
            return; /* what was not looked at may fit as well */
        }
        if (search.best.redirect && search.equals == 0) {
            place_across(place, &search, i);
            return;
        }
        if (search.best.redirect) {
            /* Weaker evidence may still single one out. */
            place->ambiguous = place->ambiguous ? place->ambiguous : search.equals + 1;
        }
    }
}
