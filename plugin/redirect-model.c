/* redirect-model.c
 * Read-only walks over the model, and one name for each value of its enums.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-model.h"

#include <wsutil/inet_addr.h>
#include <wsutil/wmem/wmem_strutl.h>

const redirect_extras_t redirect_no_extras = {.retry_of = NULL};

/* --- names ------------------------------------------------------------------------------------------------------- */

const char *
redirect_outcome_name(redirect_outcome_t outcome)
{
    static const char *const names[REDIRECT_OUTCOME_COUNT] = {
        [REDIRECT_OUTCOME_UNFINISHED] = "unfinished",
        [REDIRECT_OUTCOME_ANSWERED] = "answered",
        [REDIRECT_OUTCOME_FAILED] = "failed",
        [REDIRECT_OUTCOME_GLOBAL_FAILURE] = "global failure",
        [REDIRECT_OUTCOME_NOT_FOLLOWED] = "not followed",
        [REDIRECT_OUTCOME_CANCELLED] = "cancelled",
        [REDIRECT_OUTCOME_NO_ANSWER] = "no answer",
    };

    return names[outcome];
}

const char *
redirect_link_name(redirect_link_kind_t kind)
{
    static const char *const names[REDIRECT_LINK_COUNT] = {
        [REDIRECT_LINK_NONE] = "none",
        [REDIRECT_LINK_SAME_CALL_EXACT] = "same call, exact URI",
        [REDIRECT_LINK_SAME_CALL_LOOSE] = "same call, URI differs slightly",
        [REDIRECT_LINK_RECURSED] = "followed by a proxy",
        [REDIRECT_LINK_HISTORY_INFO] = "History-Info",
        [REDIRECT_LINK_SESSION_ID] = "same Session-ID",
        [REDIRECT_LINK_LEG_HEADER] = "leg header",
        [REDIRECT_LINK_NEW_CALL] = "new call to the target",
        [REDIRECT_LINK_SHARED_ID] = "shared identifier",
        [REDIRECT_LINK_SDP_SESSION] = "same SDP session",
        [REDIRECT_LINK_DIVERSION] = "Diversion names the redirected party",
    };

    return names[kind];
}

const char *
redirect_leg_name(redirect_leg_kind_t kind)
{
    static const char *const names[REDIRECT_LEG_COUNT] = {
        [REDIRECT_LEG_NONE] = "none",
        [REDIRECT_LEG_SESSION_ID] = "same Session-ID",
        [REDIRECT_LEG_LEG_HEADER] = "leg header",
        [REDIRECT_LEG_SHARED_ID] = "shared identifier",
        [REDIRECT_LEG_SDP_SESSION] = "same SDP session",
        [REDIRECT_LEG_DIVERSION] = "Diversion or History-Info",
        [REDIRECT_LEG_SAME_CALLER] = "same caller moments later",
    };

    return names[kind];
}

const char *
redirect_confidence_name(redirect_confidence_t confidence)
{
    static const char *const names[REDIRECT_CONFIDENCE_COUNT] = {
        [REDIRECT_CONFIDENCE_NONE] = "none",
        [REDIRECT_CONFIDENCE_CERTAIN] = "certain",
        [REDIRECT_CONFIDENCE_PROBABLE] = "probable",
        [REDIRECT_CONFIDENCE_POSSIBLE] = "possible",
    };

    return names[confidence];
}

const char *
redirect_confidence_words(redirect_confidence_t confidence)
{
    static const char *const words[REDIRECT_CONFIDENCE_COUNT] = {
        [REDIRECT_CONFIDENCE_NONE] = "",
        [REDIRECT_CONFIDENCE_CERTAIN] = "",
        [REDIRECT_CONFIDENCE_PROBABLE] = "probably ",
        [REDIRECT_CONFIDENCE_POSSIBLE] = "possibly ",
    };

    return words[confidence];
}

const char *
redirect_confidence_of_call(redirect_confidence_t confidence)
{
    static const char *const words[REDIRECT_CONFIDENCE_COUNT] = {
        [REDIRECT_CONFIDENCE_NONE] = "",
        [REDIRECT_CONFIDENCE_CERTAIN] = "",
        [REDIRECT_CONFIDENCE_PROBABLE] = " (probably the same call)",
        [REDIRECT_CONFIDENCE_POSSIBLE] = " (possibly the same call)",
    };

    return words[confidence];
}

const char *
redirect_gap_text(redirect_gap_t gap)
{
    static const struct {
        redirect_gap_t gap;
        const char *text;
    } texts[] = {
        {REDIRECT_GAP_CHAIN_FULL,
         "the chain holds as many transactions as it may; what goes on from here is not in it"},
        {REDIRECT_GAP_CALL_LET_GO,
         "this Call-ID has more transactions than are remembered; the oldest are no longer looked at"},
        {REDIRECT_GAP_CALL_FORGOTTEN,
         "more calls are open than are remembered; what came later under this Call-ID is not in the chain"},
        {REDIRECT_GAP_CALLS_LET_GO,
         "unanswered calls were let go before; its request may be in the capture and is not looked at"},
        {REDIRECT_GAP_STEPS, "too much to compare; the search for what this follows was given up"},
        {REDIRECT_GAP_LEGS, "too much to compare; the search for the other legs of a B2BUA was given up"},
        {REDIRECT_GAP_PENDING_DROPPED,
         "too many redirects wait for a follow-up; one of this redirect under another Call-ID can not be found"},
        {REDIRECT_GAP_NO_CALL_ID, "it has no Call-ID"},
        {REDIRECT_GAP_NO_CSEQ, "its CSeq can not be read (RFC 3261 section 20.16: a number below 2^31 and a method)"},
        {REDIRECT_GAP_NO_VIA, "it has no Via"},
        {REDIRECT_GAP_CUT, "it is cut off within its header fields"},
        {REDIRECT_GAP_TARGETS, "it offers more targets than are listed"},
        {REDIRECT_GAP_TOO_LONG, "its Request-URI is longer than 65,535 bytes"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i].gap == gap) {
            return texts[i].text;
        }
    }
    return "";
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

bool
redirect_request_uri(const redirect_transaction_t *transaction, sip_uri_t *uri)
{
    const sip_uri_kept_t *parsed = redirect_request_parsed(transaction);

    if (parsed) {
        *uri = sip_uri_view(parsed);
        return true;
    }
    return sip_uri_parse(redirect_request_text(transaction), uri);
}

bool
redirect_request_key(const redirect_transaction_t *transaction, uint32_t *key)
{
    const sip_uri_kept_t *parsed = redirect_request_parsed(transaction);
    sip_uri_t uri;

    if (parsed) {
        *key = parsed->match_key;
        return true;
    }
    if (!sip_uri_parse_user(redirect_request_text(transaction), &uri)) {
        return false;
    }
    *key = sip_uri_match_key(&uri);
    return true;
}

/* A call with many branches compares each with all others: so the key is kept, as long as anything is compared. */
static uint32_t
place_key(const redirect_transaction_t *transaction)
{
    sip_uri_t uri;
    uint32_t key;

    if (transaction->live && transaction->live->place_key) {
        return transaction->live->place_key;
    }
    key = redirect_request_uri(transaction, &uri) ? sip_uri_place_key(&uri) : 1;
    if (transaction->live) {
        transaction->live->place_key = key;
    }
    return key;
}

bool
redirect_same_request_uri(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    sip_uri_t uri_a, uri_b;

    return sip_slice_equal(redirect_request_text(a), redirect_request_text(b)) ||
           (place_key(a) == place_key(b) && redirect_request_uri(a, &uri_a) && redirect_request_uri(b, &uri_b) &&
            sip_uri_match(&uri_a, &uri_b, NULL) <= SIP_URI_MATCH_LOOSE);
}

bool
redirect_same_user(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    sip_uri_t uri_a, uri_b;

    return redirect_request_uri(a, &uri_a) && redirect_request_uri(b, &uri_b) && sip_slice_has_text(uri_a.user) &&
           sip_uri_match(&uri_a, &uri_b, NULL) != SIP_URI_MATCH_NONE;
}

bool
redirect_other_user(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    sip_uri_t uri_a, uri_b;

    return redirect_request_uri(a, &uri_a) && redirect_request_uri(b, &uri_b) && sip_slice_has_text(uri_a.user) &&
           sip_slice_has_text(uri_b.user) && sip_uri_match(&uri_a, &uri_b, NULL) == SIP_URI_MATCH_NONE;
}

char *
redirect_transaction_uri(wmem_allocator_t *scope, const redirect_transaction_t *transaction)
{
    sip_uri_t uri;

    return redirect_request_uri(transaction, &uri) ? sip_uri_display(scope, &uri) : wmem_strdup(scope, "?");
}

sip_slice_t
redirect_transaction_method(const redirect_transaction_t *transaction)
{
    if (transaction->request.method == SIP_METHOD_OTHER) {
        return sip_slice_make(transaction->extras->method, transaction->extras->method_len);
    }
    return sip_slice_from_string(sip_method_name((sip_method_t)transaction->request.method));
}

bool
redirect_same_method(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return a->request.method == b->request.method &&
           (a->request.method != SIP_METHOD_OTHER ||
            sip_slice_equal(redirect_transaction_method(a), redirect_transaction_method(b)));
}

bool
redirect_same_address(redirect_endpoint_t a, redirect_endpoint_t b)
{
    return a.len > 0 && a.len == b.len && memcmp(a.address, b.address, a.len) == 0;
}

unsigned
redirect_endpoint_hash_address(const void *key)
{
    const redirect_endpoint_t *endpoint = (const redirect_endpoint_t *)key;
    unsigned hash = endpoint->len;

    for (unsigned i = 0; i < endpoint->len; i++) {
        hash = hash * 31 + endpoint->address[i];
    }
    return hash;
}

unsigned
redirect_endpoint_hash(const void *key)
{
    return redirect_endpoint_hash_address(key) * 31 + ((const redirect_endpoint_t *)key)->port;
}

gboolean
redirect_endpoint_equal_address(const void *a, const void *b)
{
    const redirect_endpoint_t *left = (const redirect_endpoint_t *)a, *right = (const redirect_endpoint_t *)b;

    return left->len == right->len && memcmp(left->address, right->address, left->len) == 0;
}

gboolean
redirect_endpoint_equal(const void *a, const void *b)
{
    return redirect_endpoint_equal_address(a, b) &&
           ((const redirect_endpoint_t *)a)->port == ((const redirect_endpoint_t *)b)->port;
}

const char *
redirect_endpoint_text(redirect_endpoint_t endpoint, char buffer[REDIRECT_ENDPOINT_TEXT])
{
    G_STATIC_ASSERT(REDIRECT_ENDPOINT_TEXT >= WS_INET6_ADDRSTRLEN);

    if (endpoint.len == 4) {
        return ws_inet_ntop4(endpoint.address, buffer, REDIRECT_ENDPOINT_TEXT);
    }
    if (endpoint.len == 16) {
        return ws_inet_ntop6(endpoint.address, buffer, REDIRECT_ENDPOINT_TEXT);
    }
    (void)g_strlcpy(buffer, "an unknown address", REDIRECT_ENDPOINT_TEXT);
    return buffer;
}

const redirect_key_t *
redirect_key_of(const redirect_transaction_t *transaction)
{
    static const redirect_key_t none = {.via = 0};

    return transaction->live ? &transaction->live->key : &none;
}

/* Of one end of a request, whose address is len bytes. */
static redirect_endpoint_t
endpoint_make(const char *address, uint8_t len, uint16_t port)
{
    redirect_endpoint_t endpoint = {.len = len, .port = port};

    memcpy(endpoint.address, address, len);
    return endpoint;
}

redirect_endpoint_t
redirect_request_source(const redirect_transaction_t *transaction)
{
    const redirect_request_t *request = &transaction->request;

    return endpoint_make(request->text, request->source_len, request->source_port);
}

redirect_endpoint_t
redirect_request_destination(const redirect_transaction_t *transaction)
{
    const redirect_request_t *request = &transaction->request;

    return endpoint_make(request->text + request->source_len, request->destination_len, request->destination_port);
}

/* --- how transactions hang together ------------------------------------------------------------------------------ */

const redirect_transaction_t *
redirect_transaction_before(const redirect_transaction_t *transaction)
{
    if (transaction->link) {
        return transaction->link->redirected;
    }
    if (transaction->extras->retry_of) {
        return transaction->extras->retry_of;
    }
    return transaction->upstream_late ? NULL : redirect_transaction_above(transaction);
}

redirect_transaction_t *
redirect_next_below(const redirect_transaction_t *above, const redirect_transaction_t *previous)
{
    redirect_transaction_t *other = previous ? previous->next_in_chain : above->chain->first_transaction;

    while (other && redirect_transaction_above(other) != above) {
        other = other->next_in_chain;
    }
    return other;
}

bool
redirect_transaction_is_below(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    do {
        transaction = redirect_transaction_above(transaction);
    } while (transaction && transaction != above);
    return transaction != NULL;
}

bool
redirect_is_announcement(const redirect_transaction_t *transaction)
{
    if (transaction->chain == NULL || !transaction->chain->announces) {
        return false; /* as nearly always */
    }
    while (transaction && redirect_announces(transaction) == NULL) {
        transaction = redirect_transaction_before(transaction);
    }
    return transaction != NULL;
}

/*
 * Given up by its own client, or by a proxy for it (RFC 3261 16.7 step 10); a 3xx that crossed the CANCEL is no longer
 * followed. Only a CANCEL or a BYE makes a 487 (21.4.25), whether it was captured or not.
 */
bool
redirect_is_cancelled(const redirect_transaction_t *transaction)
{
    return transaction->response.status == 487 ||
           (transaction->extras->cancel &&
            (transaction->response.status == 0 || (transaction->response.status / 100 == 3 &&
                                                   transaction->extras->cancel->frame < transaction->response.frame)));
}

const redirect_transaction_t *
redirect_followup_top(const redirect_transaction_t *followup)
{
    while (followup->upstream && redirect_cause(followup->upstream) == redirect_cause(followup)) {
        followup = followup->upstream;
    }
    return followup;
}

/* --- redirects and their targets --------------------------------------------------------------------------------- */

redirect_t *
redirect_of_record(const redirect_record_t *record)
{
    if (record->details->redirect) {
        return record->details->redirect;
    }
    return record->transaction && record->status / 100 == 3 && record->method != SIP_METHOD_CANCEL
               ? record->transaction->redirect
               : NULL;
}

sip_uri_t
redirect_target_uri(const redirect_target_t *target)
{
    sip_uri_t uri = {.flags = 0};

    if (target->parsed) {
        return sip_uri_view(target->parsed);
    }
    (void)sip_uri_parse(redirect_target_text(target), &uri); /* it was one when it was read */
    return uri;
}

uint16_t
redirect_target_result(const redirect_target_t *target)
{
    return target->tried_by ? redirect_last_try(target->tried_by)->response.status : 0;
}

bool
redirect_target_address(const redirect_target_t *target, redirect_endpoint_t *address)
{
    const sip_uri_t uri = redirect_target_uri(target);
    char host[WS_INET6_ADDRSTRLEN];

    if (uri.host.len == 0 || uri.host.len >= sizeof(host)) {
        return false;
    }
    memcpy(host, uri.host.ptr, uri.host.len);
    host[uri.host.len] = '\0';
    memset(address, 0, sizeof(*address));
    address->len = uri.host_is_ipv6 ? 16 : 4;
    return uri.host_is_ipv6 ? ws_inet_pton6(host, (ws_in6_addr *)address->address)
                            : ws_inet_pton4(host, (ws_in4_addr *)address->address);
}
