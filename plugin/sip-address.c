/* sip-address.c
 * Addresses in header values, and what a Contact says of one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-address.h"

#include "sip-param.h"
#include "sip-text-int.h"

/* The "<" of a name-addr, or NULL where value is an addr-spec. Looks at each character. */
static const char *
search_angle(sip_slice_t value)
{
    const char *end = slice_end(value);
    const char *ptr = value.ptr;
    bool like_uri = false;
    bool lone_quote = false;

    while (ptr < end) {
        switch (*ptr) {
        case '"':
            ptr = skip_quoted(ptr, end, &lone_quote);
            continue;
        case '<':
            return ptr;
        case ':':
        case '@':
            like_uri = true;
            break;
        case ';':
        case '?':
            if (like_uri) {
                return NULL;
            }
            break;
        default:
            break;
        }
        ptr++;
    }
    return NULL;
}

/* As search_angle(), with less work where the "<" comes first, or after a display name in quotes. */
static inline const char *
find_angle(sip_slice_t value)
{
    const char *end = slice_end(value);
    const char *close;

    if (value.len > 0 && value.ptr[0] == '<') {
        return value.ptr;
    }
    if (value.len > 0 && value.ptr[0] == '"') {
        close = find_char(value.ptr + 1, end, '"');
        if (close < end && close[-1] != '\\') {
            close = skip_lws(close + 1, end);
            if (close < end && *close == '<') {
                return close;
            }
        }
    }
    return search_angle(value);
}

/*
 * The ">" that closes the "<" at open, or the last one before the end where there are too few; NULL where there is none.
 * *unclosed where there are too few.
 */
static const char *
find_close(const char *open, const char *end, bool *unclosed)
{
    const char *close = find_char(open + 1, end, '>');
    const char *ptr = open + 1;
    size_t depth = 1;

    if (close == end) {
        *unclosed = true;
        return NULL;
    }
    while (true) {
        while ((ptr = find_char(ptr, close, '<')) < close) {
            depth++;
            ptr++;
        }
        if (--depth == 0) {
            *unclosed = false;
            return close;
        }
        ptr = close + 1;
        const char *next = find_char(ptr, end, '>');
        if (next == end) {
            *unclosed = true;
            return close;
        }
        close = next;
    }
}

static void
split_name_addr(sip_slice_t value, const char *open, sip_address_parts_t *parts)
{
    const char *end = slice_end(value);
    bool unclosed;
    const char *close = find_close(open, end, &unclosed);

    if (unclosed || (value.ptr[0] == '"' && quoted_end(value.ptr, open) == NULL)) {
        parts->flags |= SIP_ADDRESS_FLAG_UNCLOSED;
    }
    parts->uri = sip_slice_trim(slice_between(open + 1, close ? close : end));
    parts->params = close ? sip_param_list(slice_between(close, end)) : SIP_SLICE_NONE;
}

void
sip_address_split(sip_slice_t value, sip_address_parts_t *parts)
{
    const char *end = slice_end(value);
    const char *open = find_angle(value);

    parts->flags = 0;
    if (open) {
        split_name_addr(value, open, parts);
        return;
    }
    /* RFC 3261 20.10: without brackets "all parameters after the URI are header parameters, not URI parameters" */
    parts->flags |= SIP_ADDRESS_FLAG_BARE;
    parts->uri = sip_slice_trim(slice_between(value.ptr, find_char(value.ptr, end, ';')));
    parts->params = sip_param_list(value);
    if (find_char(parts->uri.ptr, slice_end(parts->uri), '?') < slice_end(parts->uri)) {
        parts->flags |= SIP_ADDRESS_FLAG_BARE_QUESTION;
    }
}

bool
sip_address_tag(sip_slice_t value, sip_slice_t *tag)
{
    static const char usual[] = {';', 't', 'a', 'g', '='};
    const char *end = slice_end(value);
    const char *open = find_angle(value);
    sip_address_parts_t parts;

    if (open) {
        const char *close = find_either(open + 1, end, '<', '>');
        const size_t after = (size_t)(end - close); /* bytes from the ">" on */

        /* As nearly everybody writes it: ";tag=" and no quotes just after the brackets, or nothing at all. */
        if (after > 0 && *close == '>') {
            const char *text = close + 1 + sizeof(usual);

            if (after == 1) {
                return false;
            }
            if (after > 1 + sizeof(usual) && memcmp(close + 1, usual, sizeof(usual)) == 0 && !is_lws(*text) &&
                *text != '"') {
                *tag = sip_slice_trim(slice_between(text, find_char_within(value.ptr, text, end, ';')));
                return true;
            }
        }
    }
    sip_address_split(value, &parts);
    return parts.params.len > 0 && sip_param_find_slice(parts.params, SIP_SLICE_LITERAL("tag"), tag);
}

bool
sip_address_parse(sip_slice_t value, sip_address_t *address)
{
    const sip_slice_t whole = sip_slice_trim(value);
    sip_address_parts_t parts;

    *address = (sip_address_t){0};
    if (!sip_slice_has_text(whole)) {
        return false;
    }
    sip_address_split(whole, &parts);
    address->params = parts.params;
    address->flags = parts.flags;
    if (sip_slice_equal(parts.uri, SIP_SLICE_LITERAL("*")) && (parts.flags & SIP_ADDRESS_FLAG_BARE)) {
        address->flags = SIP_ADDRESS_FLAG_STAR;
    } else if (!sip_uri_parse(parts.uri, &address->uri)) {
        address->flags |= SIP_ADDRESS_FLAG_BAD_URI;
    }
    return true;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 3261 25.1) */
static bool
is_qvalue(sip_slice_t text)
{
    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return false;
    }
    for (size_t i = 2; i < text.len; i++) {
        if (text.ptr[0] == '1' ? text.ptr[i] != '0' : !g_ascii_isdigit(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* Reads [sign] digits [("." / ",") digits], clamped to 0..1; what follows is not looked at. False without a digit. */
static bool
read_q(sip_slice_t text, double *q)
{
    const uint64_t enough = 1000000000000u; /* a quotient of two numbers below 2^53 is exact to the last bit */
    uint64_t number = 0, scale = 1;
    bool negative = text.len > 0 && text.ptr[0] == '-';
    bool fraction = false, digits = false;

    for (size_t i = text.len > 0 && (negative || text.ptr[0] == '+'); i < text.len; i++) {
        char c = text.ptr[i];

        if (g_ascii_isdigit(c)) {
            digits = true;
            if (number < enough && scale < enough) {
                number = number * 10 + (uint64_t)(c - '0');
                scale *= fraction ? 10 : 1;
            }
        } else if (!fraction && (c == '.' || c == ',')) {
            fraction = true;
        } else {
            break;
        }
    }
    *q = negative ? 0.0 : number >= scale ? 1.0 : (double)number / (double)scale;
    return digits;
}

static void
read_contact_q(sip_contact_t *contact, sip_slice_t value)
{
    if (!is_qvalue(value)) {
        contact->address.flags |= SIP_ADDRESS_FLAG_BAD_Q;
    }
    contact->has_q = value.ptr != NULL && read_q(sip_slice_trim(sip_value_unquote(value)), &contact->q);
}

static void
read_contact_expires(sip_contact_t *contact, sip_slice_t value)
{
    contact->has_expires = true;
    if (!sip_slice_to_uint32(value, &contact->expires)) {
        contact->expires = SIP_EXPIRES_MALFORMED;
        contact->address.flags |= SIP_ADDRESS_FLAG_BAD_EXPIRES;
    }
}

bool
sip_contact_parse(sip_slice_t value, sip_contact_t *contact)
{
    sip_param_iter_t iter;
    sip_slice_t name, param;
    bool q_seen = false;

    contact->has_q = false;
    contact->q = 0.0;
    contact->has_expires = false;
    contact->expires = 0;
    if (!sip_address_parse(value, &contact->address)) {
        return false;
    }
    sip_param_iter_init(&iter, contact->address.params);
    while (sip_param_iter_next(&iter, &name, &param)) {
        if (sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("q"))) {
            if (q_seen) {
                contact->address.flags |= SIP_ADDRESS_FLAG_DUPLICATE_Q;
            } else {
                read_contact_q(contact, param);
            }
            q_seen = true;
        } else if (!contact->has_expires && sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("expires"))) {
            read_contact_expires(contact, param);
        }
    }
    return true;
}
