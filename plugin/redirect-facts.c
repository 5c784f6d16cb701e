/* redirect-facts.c
 * What one message says of redirections, read once and handed on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-facts.h"

#include "redirect-text.h"

void
redirect_facts_init(redirect_facts_t *facts, const sip_message_t *sip, unsigned max_entries)
{
    *facts = (redirect_facts_t){.sip = sip, .max_entries = max_entries};
}

void
redirect_facts_clear(redirect_facts_t *facts)
{
    if (!facts->has_said) {
        return;
    }
    wmem_free(NULL, facts->said.entry);
    wmem_free(NULL, facts->said.diversion);
    wmem_free(NULL, facts->said.reason);
    facts->said = (redirect_said_t){0};
    facts->has_said = false;
}

/* --- header fields ------------------------------------------------------------------------------------------------ */

static unsigned
count_values(const sip_message_t *sip, sip_header_id_t id)
{
    sip_value_iter_t values;
    sip_slice_t value;
    unsigned count = 0;

    sip_value_iter_init(&values, sip, id);
    while (sip_value_iter_next(&values, &value)) {
        count++;
    }
    return count;
}

static bool
read_entry(sip_slice_t value, redirect_entry_t *entry)
{
    sip_history_entry_t parsed;

    if (!sip_history_entry_parse(value, &parsed)) {
        return false;
    }
    *entry = (redirect_entry_t){
        .index = parsed.index,
        .mapped_from = sip_slice_has_text(parsed.mp) ? parsed.mp : parsed.rc,
        .reason_protocol = parsed.reason_protocol,
        .reason_cause = parsed.reason_cause,
        .cause_param = parsed.cause_param,
        .has_reason = parsed.has_reason,
        .has_cause_param = parsed.has_cause_param,
    };
    sip_uri_keep(&parsed.address.uri, parsed.address.uri.whole.ptr, &entry->uri);
    return true;
}

/* New entries come last (RFC 7044 5.1): of too many, those before the latest are only counted. */
static void
read_history_info(redirect_said_t *said, const sip_message_t *sip, unsigned max)
{
    sip_value_iter_t values;
    sip_slice_t value;

    said->entry_total = count_values(sip, SIP_HEADER_HISTORY_INFO);
    if (said->entry_total == 0) {
        return;
    }
    said->entry = wmem_alloc_array(NULL, redirect_entry_t, MIN(said->entry_total, max));
    sip_value_iter_init(&values, sip, SIP_HEADER_HISTORY_INFO);
    for (unsigned left = said->entry_total; sip_value_iter_next(&values, &value); left--) {
        if (left <= max && read_entry(value, &said->entry[said->entry_count])) {
            said->entry_count++;
        }
    }
}

static bool
read_diversion(sip_slice_t value, redirect_diversion_t *diversion)
{
    sip_diversion_t parsed;

    if (!sip_diversion_parse(value, &parsed)) {
        return false;
    }
    *diversion =
        (redirect_diversion_t){.reason = parsed.reason, .counter = parsed.counter, .has_counter = parsed.has_counter};
    sip_uri_keep(&parsed.address.uri, parsed.address.uri.whole.ptr, &diversion->uri);
    return true;
}

static void
read_diversions(redirect_said_t *said, const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;

    said->diversion = wmem_alloc_array(NULL, redirect_diversion_t, REDIRECT_FACTS_MAX_SHOWN);
    sip_value_iter_init(&values, sip, SIP_HEADER_DIVERSION);
    for (; sip_value_iter_next(&values, &value); said->diversion_total++) {
        if (said->diversion_count < REDIRECT_FACTS_MAX_SHOWN &&
            read_diversion(value, &said->diversion[said->diversion_count])) {
            said->diversion_count++;
        }
    }
}

static void
take_reason(redirect_said_t *said, const sip_reason_t *reason)
{
    if (said->sip_cause == 0 && redirect_is_sip_reason(reason) && reason->cause < 700) {
        said->sip_cause = (uint16_t)reason->cause;
    }
    said->global_failure = said->global_failure || redirect_is_global_failure_reason(reason);
    if (said->reason_count < REDIRECT_FACTS_MAX_SHOWN && (reason->has_cause || sip_slice_has_text(reason->text))) {
        said->reason[said->reason_count++] = *reason;
    }
}

static void
read_reasons(redirect_facts_t *facts)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;

    facts->said.reason = wmem_alloc_array(NULL, sip_reason_t, REDIRECT_FACTS_MAX_SHOWN);
    sip_value_iter_init(&values, facts->sip, SIP_HEADER_REASON);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_reason_parse(value, &reason)) {
            take_reason(&facts->said, &reason);
            if (facts->sip->status == 603 && !facts->has_blocked) {
                facts->has_blocked = sip_reason_network_blocked(&reason, &facts->blocked);
            }
        }
    }
}

const redirect_said_t *
redirect_facts_said(redirect_facts_t *facts)
{
    redirect_said_t *said = &facts->said;

    if (facts->has_said) {
        return said;
    }
    facts->has_said = true;
    if (sip_message_has(facts->sip, SIP_HEADER_HISTORY_INFO)) {
        read_history_info(said, facts->sip, facts->max_entries);
    }
    if (sip_message_has(facts->sip, SIP_HEADER_DIVERSION)) {
        read_diversions(said, facts->sip);
    }
    if (sip_message_has(facts->sip, SIP_HEADER_REASON)) {
        read_reasons(facts);
    }
    return said;
}

const redirect_entry_t *
redirect_entry_mapped_from(const redirect_said_t *said, unsigned i)
{
    const sip_slice_t index = said->entry[i].mapped_from;

    for (unsigned j = 0; index.len > 0 && j < i; j++) {
        if (sip_slice_equal(said->entry[j].index, index)) {
            return &said->entry[j];
        }
    }
    return NULL;
}

redirect_blocked_kind_t
redirect_facts_network_blocked(redirect_facts_t *facts, sip_network_blocked_t *details)
{
    *details = (sip_network_blocked_t){0};
    if (facts->sip->status != 603) {
        return REDIRECT_BLOCKED_NO;
    }
    (void)redirect_facts_said(facts);
    *details = facts->blocked;
    if (sip_slice_equal_nocase(facts->sip->phrase, SIP_SLICE_LITERAL("Network Blocked"))) {
        return facts->has_blocked ? REDIRECT_BLOCKED_YES : REDIRECT_BLOCKED_PHRASE_ONLY;
    }
    return facts->has_blocked ? REDIRECT_BLOCKED_REASON_ONLY : REDIRECT_BLOCKED_NO;
}

/* After an answer, or before any, "unwanted" is said in the Reason of a BYE or CANCEL. */
bool
redirect_facts_end_with_global_failure(redirect_facts_t *facts)
{
    const sip_message_t *sip = facts->sip;

    return !sip->is_response && (sip->method_id == SIP_METHOD_BYE || sip->method_id == SIP_METHOD_CANCEL) &&
           redirect_facts_said(facts)->global_failure;
}

bool
redirect_facts_replaces(const redirect_facts_t *facts)
{
    return sip_message_has(facts->sip, SIP_HEADER_REPLACES) || sip_message_has(facts->sip, SIP_HEADER_JOIN);
}

/* A parameter of an Identity value, which may hold semicolons between the "<" and ">" of its info parameter. */
static bool
identity_param(sip_slice_t value, const char *name, sip_slice_t *found)
{
    const char *open = memchr(value.ptr, '<', value.len);
    const char *close = open ? memchr(open, '>', value.len - (size_t)(open - value.ptr)) : NULL;

    if (close == NULL) {
        return sip_param_find(value, name, found);
    }
    return sip_param_find(sip_slice_make(value.ptr, (size_t)(open - value.ptr)), name, found) ||
           sip_param_find(sip_slice_from(value, (size_t)(close - value.ptr) + 1), name, found);
}

static bool
is_div(sip_slice_t kind)
{
    return sip_slice_equal_nocase(kind, SIP_SLICE_LITERAL("div")) ||
           sip_slice_equal_nocase(kind, SIP_SLICE_LITERAL("div-o"));
}

redirect_identity_t
redirect_facts_identity(const redirect_facts_t *facts, sip_slice_t *kind)
{
    sip_value_iter_t values;
    sip_slice_t value, param;

    *kind = SIP_SLICE_NONE;
    if (!sip_message_has(facts->sip, SIP_HEADER_IDENTITY)) {
        return REDIRECT_IDENTITY_NONE;
    }
    sip_value_iter_init(&values, facts->sip, SIP_HEADER_IDENTITY);
    while (!is_div(*kind) && sip_value_iter_next(&values, &value)) {
        if (identity_param(value, "ppt", &param)) {
            param = sip_value_unquote(param);
            *kind = kind->len == 0 || is_div(param) ? param : *kind;
        }
    }
    return is_div(*kind) ? REDIRECT_IDENTITY_DIV : REDIRECT_IDENTITY_CALLER;
}

/* --- URIs --------------------------------------------------------------------------------------------------------- */

bool
redirect_number_param(const sip_uri_t *uri, const char *name, sip_slice_t *value)
{
    return sip_uri_user_param(uri, name, value) || sip_uri_param(uri, name, value);
}

/* The routing number as a tel: URI, which compares by its digits; false where there is none. */
static bool
routing_number(const sip_uri_t *uri, sip_uri_t *number)
{
    sip_slice_t value;

    if (!redirect_number_param(uri, "rn", &value) || !sip_slice_has_text(value)) {
        return false;
    }
    *number = (sip_uri_t){.whole = value, .scheme_kind = SIP_URI_SCHEME_TEL, .opaque = value, .user = value};
    return true;
}

bool
redirect_is_routed_by(const sip_uri_t *a, const sip_uri_t *b)
{
    sip_uri_t routed, other;

    return routing_number(a, &routed) &&
           (sip_uri_match(&routed, b, NULL) != SIP_URI_MATCH_NONE ||
            (routing_number(b, &other) && sip_uri_match(&routed, &other, NULL) != SIP_URI_MATCH_NONE));
}

bool
redirect_has_portability(const sip_uri_t *uri)
{
    sip_slice_t value;

    return redirect_number_param(uri, "rn", &value) || redirect_number_param(uri, "npdi", &value);
}

bool
redirect_may_have_param(sip_slice_t text, const sip_slice_t *name, size_t count)
{
    const char *semicolon = text.len > 0 ? memchr(text.ptr, ';', text.len) : NULL;

    if (semicolon && memchr(semicolon, '%', text.len - (size_t)(semicolon - text.ptr))) {
        return true;
    }
    while (text.len > 0 && (semicolon = memchr(text.ptr, ';', text.len)) != NULL) {
        text = sip_slice_trim(sip_slice_from(text, (size_t)(semicolon - text.ptr) + 1));
        for (size_t i = 0; i < count; i++) {
            if (sip_slice_starts_nocase(text, name[i])) {
                return true;
            }
        }
    }
    return false;
}

void
redirect_append_uri(wmem_strbuf_t *out, const sip_uri_t *uri, size_t max)
{
    sip_uri_t shown = *uri;
    char *display;

    if (uri->headers.ptr != NULL) {
        shown.whole.len = (size_t)(uri->headers.ptr - uri->whole.ptr) - 1;
    }
    display = sip_uri_display(NULL, &shown);
    redirect_text_append(out, sip_slice_from_string(display), max);
    wmem_free(NULL, display);
}
