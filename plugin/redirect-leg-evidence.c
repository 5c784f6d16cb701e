/* redirect-leg-evidence.c
 * What a request shows of its other legs, what is worth how much, and the words for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-int.h"

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-link.h"
#include "sip-sdp.h"

/* --- keys ---------------------------------------------------------------------------------------------------------- */

uint64_t
redirect_leg_key(const redirect_store_t *store, leg_key_kind_t kind, sip_slice_t text)
{
    const redirect_secret_t *secret = redirect_store_secret(store);

    return sip_slice_has_text(text) ? redirect_hash_pair(secret, (uint64_t)kind, redirect_hash(secret, text)) : 0;
}

uint64_t
redirect_leg_place_key(const redirect_store_t *store, leg_key_kind_t kind, const redirect_endpoint_t *address,
                       uint32_t caller, uint32_t called)
{
    const redirect_secret_t *secret = redirect_store_secret(store);
    const uint64_t who = caller ? (uint64_t)caller << 32 : called;

    if (who == 0 || address->len == 0) {
        return 0;
    }
    return redirect_hash_pair(secret, redirect_hash_pair(secret, (uint64_t)kind, who),
                              redirect_store_address_key(store, address));
}

/* --- users --------------------------------------------------------------------------------------------------------- */

/* Of a telephone number so many digits decide, the last: what is before them is how one dials it from where. */
#define NUMBER_DIGITS 8

/* RFC 3966 3: they stand between digits and mean nothing; a "+" stands before them. */
static bool
is_separator(char c)
{
    return c == '-' || c == '.' || c == '(' || c == ')';
}

/* The last digits of a telephone number (RFC 3966: digits, and separators that mean nothing); false where it is none. */
static bool
number_end(sip_slice_t user, char digits[NUMBER_DIGITS])
{
    size_t left = NUMBER_DIGITS, i = user.len;

    while (i > 0 && left > 0) {
        const char c = user.ptr[--i];
        if (g_ascii_isdigit(c)) {
            digits[--left] = c;
        } else if (!is_separator(c)) {
            return false;
        }
    }
    while (i > 0 &&
           (g_ascii_isdigit(user.ptr[i - 1]) || is_separator(user.ptr[i - 1]) || (i == 1 && user.ptr[0] == '+'))) {
        i--;
    }
    return left == 0 && i == 0;
}

/* Without parameters that stand in the user part (RFC 3966 in RFC 3261 19.1.6). */
static sip_slice_t
plain_user(const sip_uri_t *uri)
{
    const char *semicolon = uri->user.len ? memchr(uri->user.ptr, ';', uri->user.len) : NULL;

    return semicolon ? sip_slice_make(uri->user.ptr, (size_t)(semicolon - uri->user.ptr)) : uri->user;
}

bool
redirect_leg_is_number(const sip_uri_t *uri)
{
    char digits[NUMBER_DIGITS];

    return number_end(plain_user(uri), digits);
}

uint32_t
redirect_leg_user(const redirect_store_t *store, const sip_uri_t *uri)
{
    const redirect_secret_t *secret = redirect_store_secret(store);
    const sip_slice_t user = plain_user(uri);
    char digits[NUMBER_DIGITS];
    uint32_t key;

    if (user.len == 0) {
        return 0;
    }
    key = (uint32_t)redirect_hash(secret, number_end(user, digits) ? sip_slice_make(digits, NUMBER_DIGITS) : user);
    return key ? key : 1;
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

/* Of P-Charging-Vector the icid-value alone goes from leg to leg (RFC 7315 4.6); of all others the whole value. */
static sip_slice_t
shared_value(sip_slice_t name, sip_slice_t value)
{
    sip_slice_t icid;

    if (!sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("P-Charging-Vector"))) {
        return value;
    }
    return sip_param_find(value, "icid-value", &icid) ? sip_value_unquote(icid) : SIP_SLICE_NONE;
}

/* One header's value is not another's: the name goes into the key. */
static void
read_shared_ids(const redirect_store_t *store, const sip_message_t *sip, redirect_leg_facts_t *leg)
{
    const redirect_secret_t *secret = redirect_store_secret(store);
    const sip_name_list_t *names = redirect_store_shared_headers(store);
    unsigned count = 0;

    if (!sip_message_may_have_any(sip, names)) {
        return;
    }
    for (unsigned i = 0; i < names->count && count < REDIRECT_LEG_SHARED_IDS; i++) {
        const sip_slice_t name = names->name[i];
        sip_slice_t value;
        if (sip_message_header_by_name(sip, name, &value)) {
            const uint64_t key = redirect_leg_key(store, LEG_KEY_SHARED_ID, shared_value(name, sip_slice_trim(value)));
            if (key) {
                leg->shared_id[count++] = redirect_hash_pair(secret, redirect_hash_nocase(secret, name), key);
            }
        }
    }
}

static void
read_sdp(const redirect_store_t *store, const sip_message_t *sip, redirect_leg_facts_t *leg)
{
    const redirect_secret_t *secret = redirect_store_secret(store);
    sip_sdp_t sdp;

    if (!sip_sdp_read(sip->body, &sdp)) {
        return;
    }
    leg->sdp_origin = redirect_hash_pair(
        secret, redirect_leg_key(store, LEG_KEY_SDP_ORIGIN, sdp.session_id),
        redirect_hash_pair(secret, redirect_hash(secret, sdp.username), redirect_hash(secret, sdp.origin)));
    if (sip_slice_has_text(sdp.address) && sip_slice_has_text(sdp.port)) {
        leg->sdp_media = redirect_hash_pair(secret, redirect_leg_key(store, LEG_KEY_SDP_MEDIA, sdp.address),
                                            redirect_hash(secret, sdp.port));
    }
}

static uint32_t
user_of(const redirect_store_t *store, const sip_uri_kept_t *kept)
{
    const sip_uri_t uri = sip_uri_view(kept);

    return redirect_leg_user(store, &uri);
}

/* The latest and the first of those who were called before, by Diversion, else by History-Info. */
static void
read_diverted(const redirect_store_t *store, redirect_facts_t *facts, redirect_leg_facts_t *leg)
{
    const redirect_said_t *said;

    if (!sip_message_has(facts->sip, SIP_HEADER_DIVERSION) && !sip_message_has(facts->sip, SIP_HEADER_HISTORY_INFO)) {
        return;
    }
    said = redirect_facts_said(facts);
    if (said->diversion_count > 0) {
        leg->diverted[0] = user_of(store, &said->diversion[0].uri);
        leg->diverted[1] = user_of(store, &said->diversion[said->diversion_count - 1].uri);
    } else if (said->entry_count > 1) { /* the last entry is the one called now */
        leg->diverted[0] = user_of(store, &said->entry[said->entry_count - 2].uri);
        leg->diverted[1] = user_of(store, &said->entry[0].uri);
    }
}

/* Who calls by a header field; 0 where it names nobody in particular. */
static uint32_t
caller_by(const redirect_store_t *store, sip_slice_t uri_text)
{
    sip_uri_t uri;

    return uri_text.len > 0 && sip_uri_parse_user(uri_text, &uri) && !redirect_is_nobody(uri.user)
               ? redirect_leg_user(store, &uri)
               : 0;
}

static void
read_users(const redirect_store_t *store, const sip_message_t *sip, redirect_leg_facts_t *leg)
{
    const uint32_t asserted = caller_by(store, redirect_asserted_uri(sip));
    const uint32_t from = caller_by(store, sip_message_from_uri(sip));
    sip_uri_t called;

    leg->caller = from ? from : asserted;
    leg->asserted = asserted != leg->caller ? asserted : 0;
    leg->called = sip_uri_parse_user(sip->request_uri, &called) ? redirect_leg_user(store, &called) : 0;
}

uint64_t
redirect_leg_identifier(const redirect_store_t *store, uint64_t key)
{
    const redirect_filed_leg_t *filed = redirect_store_filed_leg(store, key);
    unsigned count = 0;

    while (filed && count <= REDIRECT_LEG_MAX_SHARING) {
        filed = redirect_store_next_filed_leg(filed);
        count++;
    }
    return count <= REDIRECT_LEG_MAX_SHARING ? key : 0;
}

/* What is filed under. */
typedef struct {
    const redirect_store_t *store;
    uint64_t key[REDIRECT_LEG_MAX_KEYS];
    unsigned count;
} keys_t;

static void
keys_add(keys_t *keys, uint64_t key)
{
    if (key && keys->count < REDIRECT_LEG_MAX_KEYS) {
        keys->key[keys->count++] = key;
    }
}

/* One that many requests show is no identifier: it is forgotten, and its list grows no longer. */
static void
keys_add_identifier(keys_t *keys, uint64_t *key)
{
    *key = redirect_leg_identifier(keys->store, *key);
    keys_add(keys, *key);
}

static void
keys_add_place(keys_t *keys, leg_key_kind_t kind, const redirect_endpoint_t *address, const redirect_leg_facts_t *leg)
{
    keys_add(keys, redirect_leg_place_key(keys->store, kind, address, leg->caller, leg->called));
    if (leg->asserted) {
        keys_add(keys, redirect_leg_place_key(keys->store, kind, address, leg->asserted, 0));
    }
}

static void
keys_add_named_calls(keys_t *keys, const redirect_transaction_t *transaction)
{
    sip_slice_t ids = transaction->live->caller ? transaction->live->caller->leg_ids : SIP_SLICE_NONE, id;

    while (sip_slice_take_item(&ids, &id)) {
        keys_add(keys, redirect_leg_key(keys->store, LEG_KEY_NAMED_CALL, id));
    }
}

static void
read_identifiers(const redirect_store_t *store, const redirect_transaction_t *transaction, const sip_message_t *sip,
                 redirect_leg_facts_t *leg)
{
    if (transaction->live->caller) {
        const sip_slice_t session_id = transaction->live->caller->session_id;
        const redirect_secret_t *secret = redirect_store_secret(store);
        leg->session_id = session_id.len ? redirect_hash_pair(secret, (uint64_t)LEG_KEY_SESSION_ID,
                                                              redirect_hash_nocase(secret, session_id))
                                         : 0;
    }
    read_shared_ids(store, sip, leg);
}

/* may_be: REDIRECT_LEG_*. Apart from what all requests pass, for what it needs would be cleared for each. */
static SIP_RARELY_CALLED void
file_leg(redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
         const redirect_message_t *message, unsigned may_be)
{
    redirect_leg_facts_t leg = {0};
    keys_t keys = {.store = store}, identifiers = {.store = store};
    unsigned received;

    read_identifiers(store, transaction, facts->sip, &leg);
    keys_add_named_calls(&identifiers, transaction);
    keys_add_identifier(&identifiers, &leg.session_id);
    keys_add_identifier(&identifiers, &leg.shared_id[0]);
    keys_add_identifier(&identifiers, &leg.shared_id[1]);
    if (may_be == 0 && identifiers.count == 0) {
        return;
    }
    read_users(store, facts->sip, &leg);
    read_sdp(store, facts->sip, &leg);
    read_diverted(store, facts, &leg);
    keys_add_identifier(&identifiers, &leg.sdp_origin);
    keys_add_identifier(&identifiers, &leg.sdp_media);
    if (may_be & REDIRECT_LEG_RECEIVED) {
        keys_add_place(&keys, LEG_KEY_RECEIVED, &message->destination, &leg);
    }
    received = keys.count;
    if (may_be & REDIRECT_LEG_SENT) {
        keys_add_place(&keys, LEG_KEY_SENT, &message->source, &leg);
    }
    for (unsigned i = 0; i < identifiers.count; i++) {
        keys_add(&keys, identifiers.key[i]);
    }
    redirect_store_file_leg(store, transaction, &leg, keys.key, keys.count, received);
}

/* It carries what goes from leg to leg, wherever they were sent. */
static bool
has_identifier(const redirect_store_t *store, const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    const redirect_caller_t *caller = transaction->live->caller;

    return (caller && (caller->session_id.len > 0 || caller->leg_ids.len > 0)) ||
           sip_message_may_have_any(sip, redirect_store_shared_headers(store));
}

/* A request that is to take the place of another call belongs to that one (RFC 3891, RFC 3911). */
void
redirect_leg_file(redirect_store_t *store, redirect_transaction_t *transaction, redirect_facts_t *facts,
                  const redirect_message_t *message)
{
    const unsigned may_be = redirect_store_count_invite(store, &message->source, &message->destination);

    if ((may_be || has_identifier(store, transaction, facts->sip)) && !redirect_facts_replaces(facts)) {
        file_leg(store, transaction, facts, message, may_be);
    }
}

/* --- weighing ------------------------------------------------------------------------------------------------------ */

#define MILLISECOND (REDIRECT_SECOND / 1000)
#define ANY_TIME INT64_MAX

#define SESSION_ID REDIRECT_LEG_BY_SESSION_ID
#define LEG_HEADER REDIRECT_LEG_BY_LEG_HEADER
#define SHARED_ID REDIRECT_LEG_BY_SHARED_ID
#define SDP_ORIGIN REDIRECT_LEG_BY_SDP_ORIGIN
#define SDP_MEDIA REDIRECT_LEG_BY_SDP_MEDIA
#define DIVERSION REDIRECT_LEG_BY_DIVERSION
#define CALLER REDIRECT_LEG_BY_CALLER
#define CALLED REDIRECT_LEG_BY_CALLED
#define PLACE REDIRECT_LEG_BY_PLACE
#define TARGET REDIRECT_LEG_BY_TARGET
#define EARLIER_LEG REDIRECT_LEG_BY_EARLIER_LEG

/*
 * What suffices for what, the best first. An identifier is made to name one call. A session description names one
 * session, but software exists that writes the same in all of its calls; so it counts with other evidence, and not at
 * all where others show the same (see redirect-leg.c). Who calls whom, at which B2BUA and when, is a coincidence that
 * becomes likelier with each call of that caller: hence the times, which are those of a B2BUA that acts by itself.
 */
static const struct {
    unsigned evidence;
    redirect_time_t within;
    redirect_confidence_t confidence;
} rows[] = {
    {LEG_HEADER, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SESSION_ID | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SHARED_ID | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SESSION_ID | CALLER, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SESSION_ID | CALLED, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SHARED_ID | CALLER, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SHARED_ID | CALLED, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SDP_ORIGIN | CALLER | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SDP_ORIGIN | CALLED | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SDP_ORIGIN | CALLER | CALLED, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SDP_MEDIA | CALLER | CALLED | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_CERTAIN},
    {SESSION_ID, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SHARED_ID, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_ORIGIN | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_ORIGIN | CALLER, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_ORIGIN | CALLED, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_MEDIA | CALLER | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_MEDIA | CALLED | PLACE, ANY_TIME, REDIRECT_CONFIDENCE_PROBABLE},
    {SDP_MEDIA | PLACE, REDIRECT_SECOND, REDIRECT_CONFIDENCE_POSSIBLE},
    {DIVERSION | PLACE, REDIRECT_SECOND, REDIRECT_CONFIDENCE_POSSIBLE},
};

leg_weight_t
redirect_leg_weigh(unsigned evidence, redirect_time_t after)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if ((evidence & rows[i].evidence) == rows[i].evidence && after <= rows[i].within) {
            return (leg_weight_t){i, rows[i].confidence};
        }
    }
    return (leg_weight_t){G_N_ELEMENTS(rows), REDIRECT_CONFIDENCE_NONE};
}

/* What the evidence is called, the strongest first; the kind is that of the first that is there. */
static const struct {
    redirect_leg_evidence_t evidence;
    redirect_leg_kind_t kind;
    const char *words;
} names[] = {
    {SESSION_ID, REDIRECT_LEG_SESSION_ID, "same Session-ID"},
    {LEG_HEADER, REDIRECT_LEG_LEG_HEADER, "a header names its Call-ID"},
    {SHARED_ID, REDIRECT_LEG_SHARED_ID, "same shared identifier"},
    {SDP_ORIGIN, REDIRECT_LEG_SDP_SESSION, "same SDP session (o= line)"},
    {SDP_MEDIA, REDIRECT_LEG_SDP_SESSION, "same media address and port"},
    {DIVERSION, REDIRECT_LEG_DIVERSION, "names the user called there as diverted"},
    {CALLER, REDIRECT_LEG_SAME_CALLER, "same caller"},
    {CALLED, REDIRECT_LEG_SAME_CALLER, "same user called"},
    {TARGET, REDIRECT_LEG_SAME_CALLER, "calls the user of a target of the redirect"},
    {EARLIER_LEG, REDIRECT_LEG_SAME_CALLER, "made when another leg had just ended"},
    {PLACE, REDIRECT_LEG_SAME_CALLER, "from the address that received it"},
    {REDIRECT_LEG_BY_SAME_CALL, REDIRECT_LEG_SAME_CALLER, "in one call with a leg of it"},
};

redirect_leg_kind_t
redirect_leg_kind(unsigned evidence)
{
    size_t i = 0;

    while (i < G_N_ELEMENTS(names) - 1 && (evidence & names[i].evidence) == 0) {
        i++;
    }
    return names[i].kind;
}

/* "12 ms later", "3.2 s later" */
static void
append_time(wmem_strbuf_t *text, redirect_time_t after)
{
    if (after < REDIRECT_SECOND) {
        wmem_strbuf_append_printf(text, "%d ms later", (int)(after / MILLISECOND));
    } else {
        wmem_strbuf_append_printf(text, "%.1f s later", (double)after / (double)REDIRECT_SECOND);
    }
}

char *
redirect_leg_evidence(wmem_allocator_t *scope, const redirect_leg_t *leg)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");
    char *sentence;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (leg->evidence & names[i].evidence) {
            wmem_strbuf_append_printf(text, "%s, ", names[i].words);
        }
    }
    append_time(text, leg->after);
    wmem_strbuf_append_c(text, '.');
    sentence = wmem_strbuf_finalize(text);
    sentence[0] = g_ascii_toupper(sentence[0]);
    return sentence;
}
