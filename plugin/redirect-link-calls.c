/* redirect-link-calls.c
 * Which redirect of another call a new request follows: a B2BUA or SBC goes on under a Call-ID of its own, and a client
 * may (RFC 3261 8.1.3.4). Every redirect is filed under what its follow-up might show, for link_window seconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-tracker-int.h"

/* How many redirects that still wait under one key are looked at; more cannot be told apart anyway. */
#define MAX_OPEN_PER_KEY 64
/* Call-IDs and leg header values of this many bytes and more do not link. */
#define MAX_KEY_TEXT 256
/* History-Info entries of one request that are looked at. */
#define MAX_HISTORY_ENTRIES 32

/* Strongest first; the letter begins the key, so that values of different kinds never meet. */
typedef enum {
    EVIDENCE_LEG_HEADER = 'L',
    EVIDENCE_SESSION_ID = 'S',
    EVIDENCE_HISTORY_INFO = 'H',
    EVIDENCE_NEW_CALL = 'T',
} evidence_kind_t;

/* Room for any key and its NUL; one that does not fit stays empty, and empty ones are not used. */
typedef struct {
    char text[MAX_KEY_TEXT + 2];
} open_key_t;

/* --- keys --------------------------------------------------------------------------------------------------------- */

static open_key_t
key_of_text(evidence_kind_t kind, sip_slice_t text)
{
    open_key_t key = {""};

    if (text.len == 0 || text.len >= MAX_KEY_TEXT || memchr(text.ptr, '\0', text.len)) {
        return key;
    }
    key.text[0] = (char)kind;
    for (size_t i = 0; i < text.len; i++) {
        key.text[i + 1] = kind == EVIDENCE_SESSION_ID ? g_ascii_tolower(text.ptr[i]) : text.ptr[i];
    }
    key.text[text.len + 1] = '\0';
    return key;
}

/* The nil UUID stands for "none" (RFC 7989 5) and would tie all that send it to each other. */
static open_key_t
key_of_session(sip_slice_t session_id)
{
    for (size_t i = 0; i < session_id.len; i++) {
        if (session_id.ptr[i] != '0') {
            return key_of_text(EVIDENCE_SESSION_ID, session_id);
        }
    }
    return (open_key_t){""};
}

/* Writes the last digits hexadecimal digits of number, for a tenth of what printf takes. @return what is behind them */
static char *
put_hex(char *at, uint32_t number, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--, number >>= 4) {
        at[i - 1] = "0123456789abcdef"[number & 0xf];
    }
    return at + digits;
}

/* Who was redirected, and for whom: History-Info alone names no call, and a busy number is redirected for many. */
static open_key_t
key_of_history(const sip_uri_t *redirected, uint32_t caller)
{
    open_key_t key = {""};
    char *at = key.text;

    *at++ = EVIDENCE_HISTORY_INFO;
    at = put_hex(at, sip_uri_match_key(redirected), 8);
    *at++ = '/';
    *put_hex(at, caller, 8) = '\0';
    return key;
}

/* The redirected party's address, who it speaks for, and where it is to go; not where one of them is unknown. */
static open_key_t
key_of_new_call(const redirect_endpoint_t *party, uint32_t caller, uint32_t target)
{
    open_key_t key = {""};
    char *at = key.text;

    if (party->len == 0 || caller == 0) {
        return (open_key_t){""};
    }
    *at++ = EVIDENCE_NEW_CALL;
    for (unsigned i = 0; i < party->len; i++) {
        at = put_hex(at, party->address[i], 2);
    }
    *at++ = '/';
    at = put_hex(at, caller, 8);
    *at++ = '/';
    *put_hex(at, target, 8) = '\0';
    return key;
}

uint32_t
redirect_caller_key(sip_slice_t uri_text)
{
    /* RFC 3323 4.1.1.3, and what equipment writes in its place: names that many callers share */
    static const char *const nobody[] = {"anonymous", "restricted", "unavailable", "unknown", "asterisk"};
    sip_uri_t uri;
    sip_slice_t name;
    uint32_t key;

    if (uri_text.len == 0 || !sip_uri_parse(uri_text, &uri)) {
        return 0;
    }
    name = sip_slice_trim(uri.user);
    if (name.len == 0) {
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nobody); i++) {
        if (sip_slice_equal_nocase(name, sip_slice_from_string(nobody[i]))) {
            return 0;
        }
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

static void
open_remove(redirect_tracker_t *tracker, redirect_open_t *open)
{
    redirect_open_list_t *list = open->list;

    *(open->previous_same_key ? &open->previous_same_key->next_same_key : &list->oldest) = open->next_same_key;
    *(open->next_same_key ? &open->next_same_key->previous_same_key : &list->newest) = open->previous_same_key;
    *(open->previous_to_expire ? &open->previous_to_expire->next_to_expire : &tracker->expire_first) =
        open->next_to_expire;
    *(open->next_to_expire ? &open->next_to_expire->previous_to_expire : &tracker->expire_last) =
        open->previous_to_expire;
    if (list->oldest == NULL) {
        wmem_map_remove(tracker->open, list->key);
        wmem_free(tracker->scope, list->key);
        wmem_free(tracker->scope, list);
    }
    wmem_free(tracker->scope, open);
    tracker->open_count--;
}

static void
open_insert(redirect_tracker_t *tracker, open_key_t key, const redirect_open_t *what)
{
    redirect_open_list_t *list;
    redirect_open_t *open;

    if (key.text[0] == '\0') {
        return;
    }
    list = wmem_map_lookup(tracker->open, key.text);
    if (list == NULL) {
        list = wmem_new0(tracker->scope, redirect_open_list_t);
        list->key = wmem_strdup(tracker->scope, key.text);
        wmem_map_insert(tracker->open, list->key, list);
    }
    open = wmem_new(tracker->scope, redirect_open_t);
    *open = *what;
    open->list = list;
    open->until = tracker->now + (redirect_time_t)tracker->config.link_window * REDIRECT_SECOND;
    open->next_same_key = open->next_to_expire = NULL;
    open->previous_same_key = list->newest;
    *(list->newest ? &list->newest->next_same_key : &list->oldest) = open;
    list->newest = open;
    open->previous_to_expire = tracker->expire_last;
    *(tracker->expire_last ? &tracker->expire_last->next_to_expire : &tracker->expire_first) = open;
    tracker->expire_last = open;
    tracker->open_count++;
}

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

void
redirect_link_open(redirect_tracker_t *tracker, redirect_t *redirect, redirect_transaction_t *leg,
                   const sip_message_t *sip)
{
    redirect_open_t open = {.redirect = redirect, .leg = leg, .caller = redirect_caller_key(sip_message_from_uri(sip))};
    sip_slice_t ids = leg->leg_ids;
    sip_uri_t uri;

    if (redirect->target_count == 0) {
        return;
    }
    open_insert(tracker, key_of_text(EVIDENCE_LEG_HEADER, sip->call_id), &open);
    while (ids.len > 0) {
        open_insert(tracker, key_of_text(EVIDENCE_LEG_HEADER, next_leg_id(&ids)), &open);
    }
    open_insert(tracker, key_of_session(leg->session_id), &open);
    if (sip_slice_has_text(leg->raw_uri) && sip_uri_parse(leg->raw_uri, &uri)) {
        open_insert(tracker, key_of_history(&uri, open.caller ? open.caller : leg->asserted), &open);
        if (open.caller && leg->asserted && leg->asserted != open.caller) {
            open_insert(tracker, key_of_history(&uri, leg->asserted), &open);
        }
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        open.target = &redirect->target[i];
        if (open.target->followable) {
            open_insert(tracker, key_of_new_call(&leg->source, open.caller, open.target->key), &open);
            if (leg->asserted != open.caller) {
                open_insert(tracker, key_of_new_call(&leg->source, leg->asserted, open.target->key), &open);
            }
        }
    }
}

void
redirect_link_expire(redirect_tracker_t *tracker)
{
    while (tracker->expire_first &&
           (tracker->expire_first->until < tracker->now || tracker->open_count > REDIRECT_MAX_OPEN_KEYS)) {
        open_remove(tracker, tracker->expire_first);
    }
}

/* --- choosing ----------------------------------------------------------------------------------------------------- */

/* A redirect of another call that a new request may follow. */
typedef struct {
    redirect_t *redirect;
    redirect_target_t *target;
    const redirect_transaction_t *leg;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    bool caller_unknown; /* that both speak for the same caller could not be seen */
} choice_t;

/* The new request, and the best redirect so far. */
typedef struct {
    redirect_tracker_t *tracker;
    const redirect_transaction_t *transaction;
    const sip_message_t *sip;
    sip_uri_t uri;
    uint32_t key;
    uint32_t caller, asserted;
    bool caller_unknown; /* what is looked at was filed for nobody */
    choice_t best;
    unsigned equals; /* redirects of other chains that fit as well as the best */
} search_t;

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

/* Nothing waits for a follow-up any more: every target was tried, or the call ended otherwise. */
static bool
is_settled(const redirect_tracker_t *tracker, const redirect_open_t *open)
{
    redirect_outcome_t outcome;
    bool tried = true;

    if (open->target) {
        tried = open->target->tried_by != NULL;
    }
    for (unsigned i = 0; open->target == NULL && tried && i < open->redirect->target_count; i++) {
        tried = open->redirect->target[i].tried_by != NULL;
    }
    if (tried) {
        return true;
    }
    outcome = redirect_chain_result(tracker, open->leg->chain).outcome;
    return outcome == REDIRECT_OUTCOME_ANSWERED || outcome == REDIRECT_OUTCOME_CANCELLED;
}

/* The key was made of much less than the URI. */
static bool
asked_for(const redirect_transaction_t *leg, const sip_uri_t *redirected)
{
    sip_uri_t asked;

    return sip_uri_parse(leg->raw_uri, &asked) && sip_uri_match(&asked, redirected, NULL) <= SIP_URI_MATCH_NUMBER;
}

static void
choose_target(search_t *search, const redirect_open_t *open, choice_t choice, sip_uri_match_t worst)
{
    for (unsigned i = 0; i < open->redirect->target_count; i++) {
        choice.target = &open->redirect->target[i];
        choice.match = redirect_target_match(choice.target, &search->uri, search->key, &choice.difference);
        if (choice.match > worst || choice.target->tried_by) {
            continue;
        }
        if (open->leg->chain->transaction_count >= REDIRECT_MAX_TRANSACTIONS_PER_CHAIN) {
            open->leg->chain->truncated = true;
            continue;
        }
        choose(search, &choice);
    }
}

/* Looks at everything that still waits under key. redirected: the URI of the History-Info entry that led here. */
static void
choose_by_key(search_t *search, open_key_t key, sip_uri_match_t worst, const sip_uri_t *redirected)
{
    redirect_open_list_t *list = key.text[0] ? wmem_map_lookup(search->tracker->open, key.text) : NULL;
    redirect_open_t *open = list ? list->oldest : NULL;
    unsigned seen = 0;

    while (open && seen <= MAX_OPEN_PER_KEY) {
        redirect_open_t *next = open->next_same_key;
        choice_t choice = {.redirect = open->redirect, .leg = open->leg, .caller_unknown = search->caller_unknown};
        if (is_settled(search->tracker, open)) {
            open_remove(search->tracker, open);
        } else {
            seen++;
            if (redirect_same_method(open->leg, search->transaction) &&
                (redirected == NULL || asked_for(open->leg, redirected))) {
                choose_target(search, open, choice, worst);
            }
        }
        open = next;
    }
    if (seen > MAX_OPEN_PER_KEY && search->best.redirect) {
        search->equals = MAX(search->equals, 1);
    }
}

static void
choose_by_leg_header(search_t *search)
{
    sip_slice_t ids = search->transaction->leg_ids;

    while (ids.len > 0) {
        choose_by_key(search, key_of_text(EVIDENCE_LEG_HEADER, next_leg_id(&ids)), SIP_URI_MATCH_USER, NULL);
    }
}

static void
choose_by_session_id(search_t *search)
{
    choose_by_key(search, key_of_session(search->transaction->session_id), SIP_URI_MATCH_USER, NULL);
}

/* Redirects of redirected for the same caller, then those for whom no caller is known. */
static void
choose_by_history_entry(search_t *search, const sip_uri_t *redirected)
{
    const uint32_t callers[] = {search->caller, search->asserted != search->caller ? search->asserted : 0, 0};

    for (size_t i = 0; i < G_N_ELEMENTS(callers); i++) {
        search->caller_unknown = callers[i] == 0;
        if (callers[i] != 0 || i == G_N_ELEMENTS(callers) - 1) {
            choose_by_key(search, key_of_history(redirected, callers[i]), SIP_URI_MATCH_NUMBER, redirected);
        }
    }
    search->caller_unknown = false;
}

/* An entry with a 3xx as its Reason is who was redirected (RFC 7044 10.2). */
static void
choose_by_history_info(search_t *search)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_history_entry_t entry;

    if (!sip_message_has(search->sip, SIP_HEADER_HISTORY_INFO)) {
        return;
    }
    sip_value_iter_init(&values, search->sip, SIP_HEADER_HISTORY_INFO);
    for (unsigned i = 0; i < MAX_HISTORY_ENTRIES && sip_value_iter_next(&values, &value); i++) {
        if (sip_history_entry_parse(value, &entry) && entry.has_reason && entry.reason_cause / 100 == 3) {
            entry.address.uri.headers = SIP_SLICE_NONE;
            choose_by_history_entry(search, &entry.address.uri);
        }
    }
}

static void
choose_by_new_call(search_t *search)
{
    const redirect_endpoint_t *party = &search->transaction->source;

    /* Replaces and Join tie a request to another dialog, not to a redirect (RFC 3891, RFC 3911). */
    if (search->transaction->via_count != 1 || sip_message_has(search->sip, SIP_HEADER_REPLACES) ||
        sip_message_has(search->sip, SIP_HEADER_JOIN)) {
        return;
    }
    choose_by_key(search, key_of_new_call(party, search->caller, search->key), SIP_URI_MATCH_NUMBER, NULL);
    if (search->asserted != search->caller) {
        choose_by_key(search, key_of_new_call(party, search->asserted, search->key), SIP_URI_MATCH_NUMBER, NULL);
    }
}

/* Strongest evidence first. */
static const struct {
    redirect_link_t link;
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
static const redirect_transaction_t *
refused_before(const redirect_chain_t *chain, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *other = chain->first_transaction; other; other = other->next_in_chain) {
        if (other->final / 100 == 6 && redirect_same_address(&other->source, &transaction->source) &&
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

    place->chain = best->leg->chain;
    place->cause = best->redirect;
    place->target = best->target;
    place->redirected_leg = best->leg;
    place->match = best->match;
    place->difference = best->difference;
    place->hop = best->redirect->depth;
    place->link = across_calls[kind].link;
    place->confidence = sure ? across_calls[kind].exact : across_calls[kind].loose;
    place->evidence = across_calls[kind].evidence;
    place->global_failure = refused_before(place->chain, search->transaction);
    place->ambiguous = 0;
}

void
redirect_link_across_calls(redirect_tracker_t *tracker, const redirect_transaction_t *transaction,
                           const sip_message_t *sip, redirect_placement_t *place)
{
    search_t search = {.tracker = tracker, .transaction = transaction, .sip = sip, .asserted = transaction->asserted};

    if (tracker->open_count == 0 || !sip_uri_parse(transaction->raw_uri, &search.uri)) {
        return;
    }
    search.key = sip_uri_match_key(&search.uri);
    search.caller = redirect_caller_key(sip_message_from_uri(sip));
    for (size_t i = 0; i < G_N_ELEMENTS(across_calls); i++) {
        search.best = (choice_t){.redirect = NULL};
        search.equals = 0;
        across_calls[i].choose(&search);
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
