/* redirect-link-file.c
 * Files each redirect under what its follow-up in another call might show, for link_window seconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-link-int.h"

/* To file an entry takes as long as so many of the comparisons that limits.steps_per_message counts. */
#define STEPS_OF_FILING 4

/* Strongest first; the letter begins the key, so that values of different kinds never meet. */
typedef enum {
    KEY_LEG_HEADER = 'L',
    KEY_SESSION_ID = 'S',
    KEY_HISTORY_INFO = 'H',
    KEY_NEW_CALL = 'T',
    KEY_REDIAL = 'R',
} key_kind_t;

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void
key_begin(redirect_link_key_t *room, key_kind_t kind)
{
    room->text[0] = (char)kind;
    room->len = 1;
}

static void
key_put(redirect_link_key_t *room, const void *bytes, size_t len)
{
    memcpy(room->text + room->len, bytes, len);
    room->len += len;
}

static sip_slice_t
key_text(const redirect_link_key_t *room)
{
    return sip_slice_make(room->text, room->len);
}

sip_slice_t
redirect_link_key_of_leg(redirect_link_key_t *room, sip_slice_t call_id)
{
    if (call_id.len == 0 || call_id.len >= REDIRECT_LINK_MAX_TEXT) {
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

sip_slice_t
redirect_link_key_of_session(redirect_link_key_t *room, sip_slice_t session_id)
{
    if (is_nil_uuid(session_id) || session_id.len >= REDIRECT_LINK_MAX_TEXT) {
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
sip_slice_t
redirect_link_key_of_history(redirect_link_key_t *room, uint32_t redirected, uint32_t caller)
{
    key_begin(room, KEY_HISTORY_INFO);
    key_put(room, &redirected, sizeof(redirected));
    key_put(room, &caller, sizeof(caller));
    return key_text(room);
}

/* The redirected party's address, who it speaks for, and where it is to go; not where one of them is unknown. */
sip_slice_t
redirect_link_key_of_new_call(redirect_link_key_t *room, const redirect_endpoint_t *party, uint32_t caller,
                              uint32_t target)
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

sip_slice_t
redirect_link_key_of_redial(redirect_link_key_t *room, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t party = redirect_request_source(transaction);
    const sip_slice_t uri = redirect_request_text(transaction);

    if (party.len == 0 || uri.len == 0 || uri.len + sizeof(party.address) >= REDIRECT_LINK_MAX_TEXT) {
        return SIP_SLICE_NONE;
    }
    key_begin(room, KEY_REDIAL);
    key_put(room, party.address, party.len);
    key_put(room, uri.ptr, uri.len);
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

sip_slice_t
redirect_asserted_uri(const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t address;

    if (!sip_message_has(sip, SIP_HEADER_P_ASSERTED_IDENTITY)) {
        return SIP_SLICE_NONE;
    }
    sip_value_iter_init(&values, sip, SIP_HEADER_P_ASSERTED_IDENTITY);
    return sip_value_iter_next(&values, &value) && sip_address_parse(value, &address) ? address.uri.whole
                                                                                      : SIP_SLICE_NONE;
}

uint32_t
redirect_asserted_key(const sip_message_t *sip)
{
    return redirect_caller_key(redirect_asserted_uri(sip));
}

/* --- filing ------------------------------------------------------------------------------------------------------- */

/* What is being filed. */
typedef struct {
    redirect_store_t *store;
    redirect_t *redirect;
    redirect_transaction_t *leg;
    uint32_t caller, asserted; /* keys of who calls, by From and by P-Asserted-Identity; 0 for nobody */
    redirect_traits_t traits;  /* of the redirected request */
} filing_t;

static redirect_pending_t
pending_of(const filing_t *filing, redirect_target_t *target)
{
    return (redirect_pending_t){filing->redirect, target, filing->leg, filing->traits, 1};
}

static void
file(const filing_t *filing, sip_slice_t key)
{
    const redirect_pending_t pending = pending_of(filing, NULL);

    redirect_store_file(filing->store, key, NULL, &pending);
}

static bool
file_target(const filing_t *filing, uint32_t caller, redirect_target_t *target)
{
    const redirect_endpoint_t party = redirect_request_source(filing->leg);
    const redirect_pending_t pending = pending_of(filing, target);
    redirect_link_key_t room;

    return redirect_store_file(filing->store, redirect_link_key_of_new_call(&room, &party, caller, target->match_key),
                               &party, &pending);
}

/* Of a caller whom nothing names, the From tag may show that two requests are one caller's, where it is kept. */
uint32_t
redirect_link_name_of(uint32_t caller, uint32_t asserted, const sip_message_t *sip)
{
    const unsigned tag = REDIRECT_TRAIT_FROM_TAG;

    return caller || asserted ? caller : redirect_traits_read(sip, 1U << tag).value[tag];
}

/* @return false where no target could be filed */
static bool
file_targets(const filing_t *filing, uint32_t caller)
{
    bool filed = false;

    for (unsigned i = 0; i < filing->redirect->target_count; i++) {
        redirect_target_t *target = &filing->redirect->target[i];
        if (target->followable) {
            filed |= file_target(filing, caller, target);
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
    redirect_link_key_t room;

    if (redirect_request_key(filing->leg, &asked)) {
        file(filing, redirect_link_key_of_history(&room, asked, caller));
        if (filing->asserted && filing->asserted != caller) {
            file(filing, redirect_link_key_of_history(&room, asked, filing->asserted));
        }
    }
}

static void
remember_for_redials(const filing_t *filing)
{
    const uint32_t caller = filing->caller ? filing->caller : filing->asserted;
    redirect_link_key_t room;

    redirect_store_remember_redirected(filing->store, redirect_link_key_of_redial(&room, filing->leg), caller,
                                       filing->redirect, filing->leg);
}

/* What the redirected request said, or one that it repeats with credentials; as far as that was kept. */
static redirect_traits_t
traits_of(redirect_store_t *store, const redirect_transaction_t *leg)
{
    const redirect_odds_t *odds = redirect_store_odds(store);
    redirect_traits_t traits = {{0}};

    while (odds && leg && !redirect_odds_kept_traits(odds, leg->request.frame, &traits)) {
        leg = leg->extras->retry_of;
    }
    return traits;
}

static void
learn_redirect(redirect_store_t *store, const redirect_transaction_t *leg)
{
    const redirect_endpoint_t party = redirect_request_source(leg);

    if (redirect_store_odds(store)) {
        redirect_odds_learn_redirect(redirect_store_odds(store), redirect_odds_party(party.address, party.len));
    }
}

void
redirect_link_file(redirect_store_t *store, redirect_t *redirect, redirect_transaction_t *leg, const sip_message_t *sip)
{
    static const redirect_caller_t nobody = {0};
    const redirect_caller_t *who = leg->live->caller ? leg->live->caller : &nobody;
    const filing_t filing = {
        store, redirect, leg, redirect_caller_key(sip_message_from_uri(sip)), who->asserted, traits_of(store, leg)};
    sip_slice_t ids = who->leg_ids, id;
    redirect_link_key_t room;

    redirect->caller = filing.caller;
    redirect->is_nameless = filing.caller == 0 && filing.asserted == 0;
    if (redirect->target_count == 0) {
        return;
    }
    while (sip_slice_take_item(&ids, &id)) {
        file(&filing, redirect_link_key_of_leg(&room, id));
    }
    file(&filing, redirect_link_key_of_session(&room, who->session_id));
    const bool is_filed = file_targets(&filing, redirect_link_name_of(filing.caller, filing.asserted, sip));
    if (is_filed) {
        learn_redirect(store, leg);
        remember_for_redials(&filing);
    }
    /* What was filed by its targets is found again once History-Info turns up: redirect_link_expect_history(). */
    if (!is_filed || (filing.caller == 0 && filing.asserted == 0) || redirect_store_expects_history(store)) {
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
    redirect_link_key_t room;

    if (key.ptr[0] == KEY_NEW_CALL && is_of_first_target(pending) && redirect_request_key(pending->leg, &asked)) {
        memcpy(&caller, key.ptr + 1, sizeof(caller));
        redirect_store_file_further(store, redirect_link_key_of_history(&room, asked, caller), pending);
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
