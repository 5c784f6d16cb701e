/* sip-headers.c
 * Header fields that redirection is about, one by one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-headers.h"

#include "sip-param.h"
#include "sip-text-int.h"

/* An escaped Reason in a History-Info URI is decoded as far as this; protocol and cause come before the text. */
#define SIP_REASON_DECODE_SIZE 512

/* As leading_uint32() on a parameter's value, which may be absent or in quotes. */
static bool
param_uint32(sip_slice_t value, uint32_t *number)
{
    sip_slice_t rest;

    return value.ptr != NULL && leading_uint32(sip_slice_trim(sip_value_unquote(value)), number, &rest);
}

/* ---- Expires, Retry-After ---- */

bool
sip_message_expires(const sip_message_t *message, uint32_t *seconds, bool *malformed)
{
    sip_slice_t value;

    if (!sip_message_header(message, SIP_HEADER_EXPIRES, &value)) {
        return false;
    }
    *malformed = !sip_slice_to_uint32(value, seconds);
    if (*malformed) {
        *seconds = SIP_EXPIRES_MALFORMED;
    }
    return true;
}

bool
sip_message_retry_after(const sip_message_t *message, uint32_t *seconds)
{
    sip_slice_t value, rest;

    return sip_message_header(message, SIP_HEADER_RETRY_AFTER, &value) && leading_uint32(value, seconds, &rest);
}

/* Just after the comment that opens at open (RFC 3261 25.1: they nest), or NULL where it is not closed. */
static const char *
comment_end(const char *open, const char *end)
{
    const char *ptr = open;
    size_t depth = 0;

    while (ptr < end) {
        if (*ptr == '(') {
            depth++;
        } else if (*ptr == ')' && --depth == 0) {
            return ptr + 1;
        }
        ptr += *ptr == '\\' && end - ptr > 1 ? 2 : 1;
    }
    return NULL;
}

/* Takes the comment that *rest may begin with off it; absent where there is none. */
static sip_slice_t
take_comment(sip_slice_t *rest)
{
    const char *end = slice_end(*rest), *open, *close;

    if (rest->len == 0) {
        return SIP_SLICE_NONE;
    }
    open = skip_lws(rest->ptr, end);
    if (open == end || *open != '(') {
        return SIP_SLICE_NONE;
    }
    close = comment_end(open, end);
    *rest = close ? slice_between(close, end) : SIP_SLICE_NONE;
    return slice_between(open + 1, close ? close - 1 : end);
}

bool
sip_message_retry_after_whole(const sip_message_t *message, sip_retry_after_t *retry_after)
{
    sip_slice_t value, rest, param;

    *retry_after = (sip_retry_after_t){0};
    if (!sip_message_header(message, SIP_HEADER_RETRY_AFTER, &value) ||
        !leading_uint32(value, &retry_after->seconds, &rest)) {
        return false;
    }
    retry_after->comment = take_comment(&rest);
    if (sip_param_find(sip_param_list(rest), "duration", &param)) {
        retry_after->has_duration = param_uint32(param, &retry_after->duration);
    }
    return true;
}

/* ---- Warning ---- */

bool
sip_warning_parse(sip_slice_t value, sip_warning_t *warning)
{
    const char *end, *quote, *close;
    sip_slice_t rest;

    *warning = (sip_warning_t){0};
    value = sip_slice_trim(value);
    if (value.len < 4 || !is_lws(value.ptr[3]) || !leading_uint32(value, &warning->code, &rest) ||
        value.len - rest.len != 3) {
        return false;
    }
    end = slice_end(rest);
    quote = find_char(rest.ptr, end, '"');
    if (quote == end) {
        return false;
    }
    warning->agent = sip_slice_trim(slice_between(rest.ptr, quote));
    if (warning->agent.len == 0) {
        warning->agent = SIP_SLICE_NONE;
    }
    close = quoted_end(quote, end);
    warning->text = slice_between(quote + 1, close ? close - 1 : end);
    return true;
}

/* ---- Reason ---- */

bool
sip_reason_parse(sip_slice_t value, sip_reason_t *reason)
{
    sip_slice_t whole = sip_slice_trim(value);
    const char *end = slice_end(whole);
    sip_slice_t params, param;

    *reason = (sip_reason_t){0};
    if (!sip_slice_has_text(whole)) {
        return false;
    }
    reason->protocol = sip_slice_trim(slice_between(whole.ptr, find_char(whole.ptr, end, ';')));
    params = sip_param_list(whole);
    if (sip_param_find(params, "cause", &param)) {
        reason->has_cause = param_uint32(param, &reason->cause);
    }
    if (sip_param_find(params, "text", &param)) {
        reason->text = sip_value_unquote(param);
    }
    if (sip_param_find(params, "location", &param)) {
        reason->location = sip_value_unquote(param);
    }
    return true;
}

/* Reasons that go with a 603+ (ATIS-1000099). */
static const struct {
    sip_slice_t protocol;
    uint32_t cause;
} network_blocked_reasons[] = {
    {TEXT("SIP"), 603},
    {TEXT("Q.850"), 21},
};

static bool
is_network_blocked_reason(const sip_reason_t *reason)
{
    sip_param_iter_t iter;
    sip_slice_t name, value;

    for (size_t i = 0; i < G_N_ELEMENTS(network_blocked_reasons); i++) {
        if (reason->has_cause && reason->cause == network_blocked_reasons[i].cause &&
            sip_slice_equal_nocase(reason->protocol, network_blocked_reasons[i].protocol)) {
            sip_param_iter_init(&iter, reason->text);
            return sip_param_iter_next(&iter, &name, &value) && sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("v")) &&
                   sip_slice_equal_nocase(value, SIP_SLICE_LITERAL("analytics1"));
        }
    }
    return false;
}

bool
sip_reason_network_blocked(const sip_reason_t *reason, sip_network_blocked_t *details)
{
    *details = (sip_network_blocked_t){0};
    if (!is_network_blocked_reason(reason)) {
        return false;
    }
    (void)sip_param_find(reason->text, "url", &details->url);
    (void)sip_param_find(reason->text, "tel", &details->tel);
    (void)sip_param_find(reason->text, "email", &details->email);
    (void)sip_param_find(reason->text, "id", &details->id);
    details->location = reason->location;
    return true;
}

/* ---- History-Info and Diversion ---- */

/* Decodes "%3B" and the like into buffer, as much as fits. A "%" without two digits stays. */
static sip_slice_t
percent_decode(sip_slice_t text, char *buffer, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < text.len && used < size; i++) {
        char c = text.ptr[i];

        if (c == '%' && text.len - i > 2 && g_ascii_isxdigit(text.ptr[i + 1]) && g_ascii_isxdigit(text.ptr[i + 2])) {
            c = (char)(g_ascii_xdigit_value(text.ptr[i + 1]) * 16 + g_ascii_xdigit_value(text.ptr[i + 2]));
            i += 2;
        }
        buffer[used++] = c;
    }
    return sip_slice_make(buffer, used);
}

/* The Reason header among a URI's headers, escaped as it stands. */
static bool
find_uri_reason(sip_slice_t headers, sip_slice_t *value)
{
    const char *end = slice_end(headers);
    const char *ptr = headers.ptr;

    while (ptr < end) {
        const char *stop = find_char(ptr, end, '&');
        const char *equals = find_char(ptr, stop, '=');

        if (equals < stop &&
            sip_slice_equal_nocase(sip_slice_trim(slice_between(ptr, equals)), SIP_SLICE_LITERAL("Reason"))) {
            *value = slice_between(equals + 1, stop);
            return true;
        }
        ptr = stop < end ? stop + 1 : end;
    }
    return false;
}

/* The protocol in front of the first ";" or "%3B": a slice of the message, which the decoded text is not. */
static sip_slice_t
escaped_protocol(sip_slice_t value)
{
    size_t len = 0;

    while (len < value.len && value.ptr[len] != ';' &&
           !sip_slice_starts_nocase(sip_slice_from(value, len), SIP_SLICE_LITERAL("%3B"))) {
        len++;
    }
    return sip_slice_trim(sip_slice_make(value.ptr, len));
}

static void
read_history_reason(sip_history_entry_t *entry)
{
    char buffer[SIP_REASON_DECODE_SIZE];
    sip_slice_t escaped;
    sip_reason_t reason;

    if (find_uri_reason(entry->address.uri.headers, &escaped) &&
        sip_reason_parse(percent_decode(escaped, buffer, sizeof(buffer)), &reason) && reason.has_cause) {
        entry->has_reason = true;
        entry->reason_protocol = escaped_protocol(escaped);
        entry->reason_cause = reason.cause;
    }
}

bool
sip_history_entry_parse(sip_slice_t value, sip_history_entry_t *entry)
{
    sip_slice_t cause;

    memset(entry, 0, sizeof(*entry));
    if (!sip_address_parse(value, &entry->address)) {
        return false;
    }
    (void)sip_param_find(entry->address.params, "index", &entry->index);
    (void)sip_param_find(entry->address.params, "rc", &entry->rc);
    (void)sip_param_find(entry->address.params, "mp", &entry->mp);
    read_history_reason(entry);
    if (sip_uri_param(&entry->address.uri, "cause", &cause)) {
        entry->has_cause_param = param_uint32(cause, &entry->cause_param);
    }
    return true;
}

bool
sip_diversion_parse(sip_slice_t value, sip_diversion_t *diversion)
{
    sip_slice_t param;

    memset(diversion, 0, sizeof(*diversion));
    if (!sip_address_parse(value, &diversion->address)) {
        return false;
    }
    if (sip_param_find(diversion->address.params, "reason", &param)) {
        diversion->reason = sip_value_unquote(param);
    }
    if (sip_param_find(diversion->address.params, "counter", &param)) {
        diversion->has_counter = param_uint32(param, &diversion->counter);
    }
    return true;
}

/* ---- Session-ID ---- */

/* sess-uuid = 32(DIGIT / %x61-66) (RFC 7989 5); upper case is let through. */
static bool
is_session_uuid(sip_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!g_ascii_isxdigit(text.ptr[i])) {
            return false;
        }
    }
    return text.len == 32;
}

bool
sip_message_session_id(const sip_message_t *message, sip_slice_t *local, sip_slice_t *remote)
{
    sip_slice_t value, found;

    *local = *remote = SIP_SLICE_NONE;
    if (!sip_message_header(message, SIP_HEADER_SESSION_ID, &value)) {
        return false;
    }
    found = sip_slice_trim(slice_between(value.ptr, find_char(value.ptr, slice_end(value), ';')));
    if (!is_session_uuid(found)) {
        return false;
    }
    *local = found;
    if (sip_param_find(sip_param_list(value), "remote", &found) && is_session_uuid(found)) {
        *remote = found;
    }
    return true;
}
