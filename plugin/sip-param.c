/* sip-param.c
 * What header values are made of: comma-separated values, parameters, quoted strings.
 *
 * Reading is lenient: what a person would still understand is read. Every walk is linear in its input, whatever the
 * input is; see skip_quoted().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-param.h"

#include "sip-text-int.h"

/* ---- Values ---------------------------------------------------------------------------------------------------- */

/*
 * True for the comma in ";q=0,5", a q written with a decimal comma: digits alone are no value of any header that has
 * a q. start is where the value begins.
 */
static bool
is_decimal_comma(const char *start, const char *comma, const char *end)
{
    const char *ptr = comma + 1;

    if (comma - start < 4 || !g_ascii_isdigit(comma[-1]) || comma[-2] != '=' || (comma[-3] | 0x20) != 'q' ||
        (comma[-4] != ';' && !is_lws(comma[-4]))) {
        return false;
    }
    while (ptr < end && g_ascii_isdigit(*ptr)) {
        ptr++;
    }
    return ptr > comma + 1 && (ptr == end || *ptr == ',' || *ptr == ';' || is_lws(*ptr));
}

/* True where a name-addr with no or a quoted display name begins at ptr. */
static bool
begins_name_addr(const char *ptr, const char *end)
{
    ptr = skip_lws(ptr, end);
    if (ptr < end && *ptr == '"') {
        ptr = quoted_end(ptr, end);
        ptr = ptr ? skip_lws(ptr, end) : end;
    }
    return ptr < end && *ptr == '<';
}

/* The comma that ends the value at start, or end. Quotes count outside of angle brackets only: no URI holds any. */
static const char *
value_end(const char *start, const char *end, bool *lone_quote)
{
    const char *ptr = start;
    size_t depth = 0;
    bool nested = false;

    if (find_char(start, end, ',') == end) {
        return end;
    }
    while (ptr < end) {
        switch (*ptr) {
        case '"':
            ptr = depth == 0 ? skip_quoted(ptr, end, lone_quote) : ptr + 1;
            continue;
        case '<':
            nested = nested || depth > 0;
            depth++;
            break;
        case '>':
            depth -= depth > 0;
            break;
        case ',':
            /* Within brackets it belongs to the URI, unless they were never closed and the next ones open here. */
            if (depth == 0 ? !is_decimal_comma(start, ptr, end)
                           : depth == 1 && !nested && begins_name_addr(ptr + 1, end)) {
                return ptr;
            }
            break;
        default:
            break;
        }
        ptr++;
    }
    return end;
}

bool
sip_value_take(sip_slice_t *rest, bool *lone_quote, sip_slice_t *value)
{
    const char *end = slice_end(*rest);

    while (rest->len > 0) {
        const char *stop = value_end(rest->ptr, end, lone_quote);
        sip_slice_t trimmed = sip_slice_trim(slice_between(rest->ptr, stop));

        *rest = slice_between(stop < end ? stop + 1 : end, end);
        if (trimmed.len > 0) {
            *value = trimmed;
            return true;
        }
    }
    return false;
}

/* ---- Parameters ------------------------------------------------------------------------------------------------ */

void
sip_param_iter_init(sip_param_iter_t *iter, sip_slice_t params)
{
    iter->rest = params;
    iter->lone_quote = false;
}

/*
 * Where a parameter ends that has "=" at equals (stop where it has none) and the next ";" at stop: there, unless that
 * one stands inside the quoted string that is its value.
 */
static const char *
param_end(const char *equals, const char *stop, const char *end, bool *lone_quote)
{
    const char *value = equals < stop ? skip_lws(equals + 1, stop) : stop;

    if (value < stop && *value == '"') {
        const char *after = skip_quoted(value, end, lone_quote);

        return after > stop ? find_char(after, end, ';') : stop;
    }
    return stop;
}

bool
sip_param_iter_next(sip_param_iter_t *iter, sip_slice_t *name, sip_slice_t *value)
{
    const char *end = slice_end(iter->rest);
    const char *ptr = iter->rest.ptr;

    while (ptr < end) {
        const char *semicolon = find_char(ptr, end, ';');
        const char *equals = find_char(ptr, semicolon, '=');
        const char *stop = param_end(equals, semicolon, end, &iter->lone_quote);

        *name = sip_slice_trim(slice_between(ptr, equals));
        *value = equals < semicolon ? sip_slice_trim(slice_between(equals + 1, stop)) : SIP_SLICE_NONE;
        ptr = stop < end ? stop + 1 : end;
        if (name->len > 0 || equals < semicolon) {
            iter->rest = slice_between(ptr, end);
            return true;
        }
    }
    iter->rest = slice_between(end, end);
    return false;
}

/*
 * As sip_param_find_slice(), for parameters in the spelling that nearly everybody uses: no quotes, no whitespace before
 * a name or its "=". False also where that is not so up to the one that is wanted.
 */
static bool
find_plain_param(sip_slice_t params, sip_slice_t wanted, sip_slice_t *value)
{
    const char *end = slice_end(params);
    const char *ptr = params.ptr;

    if (wanted.len == 0 || find_char(ptr, end, '"') < end) {
        return false;
    }
    while (end - ptr > (ptrdiff_t)wanted.len && !is_lws(*ptr)) {
        const char *after = ptr + wanted.len;
        const char *stop = find_char(ptr, end, ';');

        if (after <= stop && ((*ptr ^ wanted.ptr[0]) | 0x20) == 0x20 && !g_ascii_isalnum(*after) &&
            equal_name(slice_between(ptr, after), wanted)) {
            if (*after != '=') {
                return false;
            }
            *value = sip_slice_trim(slice_between(after + 1, stop));
            return true;
        }
        ptr = stop < end ? stop + 1 : end;
    }
    return false;
}

bool
sip_param_find_slice(sip_slice_t params, sip_slice_t wanted, sip_slice_t *value)
{
    sip_param_iter_t iter;
    sip_slice_t found, found_value;

    if (find_plain_param(params, wanted, &found_value)) {
        *value = found_value;
        return true;
    }
    sip_param_iter_init(&iter, params);
    while (sip_param_iter_next(&iter, &found, &found_value)) {
        if (equal_name(found, wanted)) {
            *value = found_value;
            return true;
        }
    }
    return false;
}

bool
sip_param_find(sip_slice_t params, const char *name, sip_slice_t *value)
{
    return sip_param_find_slice(params, sip_slice_from_string(name), value);
}

sip_slice_t
sip_param_list(sip_slice_t value)
{
    const char *end = slice_end(value);
    const char *semicolon = find_char(value.ptr, end, ';');

    return semicolon < end ? slice_between(semicolon + 1, end) : SIP_SLICE_NONE;
}

sip_slice_t
sip_value_unquote(sip_slice_t value)
{
    const char *end = slice_end(value);

    if (value.len >= 2 && value.ptr[0] == '"' && quoted_end(value.ptr, end) == end) {
        return sip_slice_make(value.ptr + 1, value.len - 2);
    }
    return value;
}
