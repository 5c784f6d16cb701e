/* sip-uri.c
 * URIs in SIP messages: taken apart without copying.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-uri.h"

#include "redirect-text.h"
#include "sip-host.h"
#include "sip-uri-int.h"

/* ---- Parsing --------------------------------------------------------------------------------------------------- */

/* The first CR or LF, or the end. */
static const char *
find_line_end(sip_slice_t text)
{
    return find_either(text.ptr, slice_end(text), '\r', '\n');
}

/* RFC 3261 25.1: hostname, and the underscore that DNS has in practice. */
static bool
is_host_character(char c)
{
    return g_ascii_isdigit(c) || c == '.' || g_ascii_isalpha(c) || c == '-' || c == '_';
}

static const struct {
    sip_slice_t start;
    sip_uri_scheme_t kind;
} known_schemes[] = {
    {TEXT("sip:"), SIP_URI_SCHEME_SIP},
    {TEXT("sips:"), SIP_URI_SCHEME_SIPS},
    {TEXT("tel:"), SIP_URI_SCHEME_TEL},
};

/* RFC 3261 25.1: scheme. */
static bool
has_scheme_characters(sip_slice_t name)
{
    if (name.len == 0 || !g_ascii_isalpha(name.ptr[0])) {
        return false;
    }
    for (size_t i = 1; i < name.len; i++) {
        if (!g_ascii_isalnum(name.ptr[i]) && !is_one_of((unsigned char)name.ptr[i], SIP_SLICE_LITERAL("+-."))) {
            return false;
        }
    }
    return true;
}

/* "example.com:5060" has the form of a scheme and what follows; a dot before and a port after it decide. */
static bool
is_host_and_port(sip_slice_t name, sip_slice_t after)
{
    uint32_t port;

    return memchr(name.ptr, '.', name.len) != NULL &&
           sip_slice_to_uint32(take_until(&after, SIP_SLICE_LITERAL(";?")), &port) && port <= UINT16_MAX;
}

static void
set_scheme(sip_uri_t *uri, sip_uri_scheme_t kind, size_t len)
{
    uri->scheme_kind = kind;
    uri->scheme = sip_slice_make(uri->whole.ptr, len);
    uri->opaque = sip_slice_from(uri->whole, len + 1);
}

static void
parse_scheme(sip_uri_t *uri)
{
    sip_slice_t rest = uri->whole;

    for (size_t i = 0; i < G_N_ELEMENTS(known_schemes); i++) {
        if (sip_slice_starts_nocase(uri->whole, known_schemes[i].start)) {
            set_scheme(uri, known_schemes[i].kind, known_schemes[i].start.len - 1);
            return;
        }
    }
    const sip_slice_t name = take_until(&rest, SIP_SLICE_LITERAL(":"));
    if (take_char(&rest, ':') && has_scheme_characters(name) && !is_host_and_port(name, rest)) {
        set_scheme(uri, SIP_URI_SCHEME_OTHER, name.len);
        return;
    }
    uri->opaque = uri->whole;
    uri->flags = SIP_URI_FLAG_NO_SCHEME;
}

/*
 * The "@" that ends the user part, or NULL. A user may hold ";" and "?" (RFC 3261 19.1.1), so it is looked for first.
 * A bare "@" is allowed nowhere else, yet seen: in a user ("a@b@host"), in parameters and headers. So a later one
 * counts only where no ";" or "?" stands between the first and it.
 */
static const char *
find_user_end(sip_slice_t text)
{
    const char *end = slice_end(text);
    const char *at = find_char(text.ptr, end, '@');

    if (at == end) {
        return NULL;
    }
    if (find_char_within(text.ptr, at + 1, end, '@') < end) {
        for (const char *here = at; here < end && *here != ';' && *here != '?'; here++) {
            if (*here == '@') {
                at = here;
            }
        }
    }
    return at;
}

/* Takes "user:password@" off *rest, if it is there. */
static void
parse_user(sip_uri_t *uri, sip_slice_t *rest)
{
    const char *at = find_user_end(*rest);

    if (at == NULL) {
        return;
    }
    const char *colon = find_char_within(uri->whole.ptr, rest->ptr, at, ':');
    uri->user = slice_between(rest->ptr, colon);
    if (colon < at) {
        uri->password = slice_between(colon + 1, at);
    }
    if (uri->user.len == 0) {
        uri->flags |= SIP_URI_FLAG_EMPTY_USER;
    }
    *rest = slice_between(at + 1, slice_end(*rest));
}

/* Takes "[...]" off *rest. */
static void
parse_ipv6_reference(sip_uri_t *uri, sip_slice_t *rest)
{
    uint8_t bytes[16];

    take_char(rest, '[');
    uri->host = take_until(rest, SIP_SLICE_LITERAL("];?"));
    uri->host_is_ipv6 = take_char(rest, ']');
    const sip_slice_t stray = take_until(rest, SIP_SLICE_LITERAL(":;?"));
    if (!uri->host_is_ipv6 || stray.len > 0 || !sip_host_read_ipv6(uri->host, bytes)) {
        uri->flags |= SIP_URI_FLAG_BAD_HOST;
    }
}

/* Takes an IPv6 address that lacks its brackets, as some phones write it, off *rest. */
static bool
parse_bare_ipv6(sip_uri_t *uri, sip_slice_t *rest)
{
    sip_slice_t after = *rest;
    const sip_slice_t all = take_until(&after, SIP_SLICE_LITERAL(";?"));
    uint8_t bytes[16];

    if (!sip_host_read_ipv6(all, bytes)) {
        return false;
    }
    uri->host = all;
    *rest = after;
    return true;
}

/* Takes a name or an address without brackets off *rest. */
static void
parse_plain_host(sip_uri_t *uri, sip_slice_t *rest)
{
    const char *end = slice_end(*rest);
    const char *stop = rest->ptr;

    while (stop < end && is_host_character(*stop)) {
        stop++;
    }
    /* Not only a port may come after a colon: a group of an IPv6 address has four digits at most. */
    if (stop < end && *stop == ':' && stop - rest->ptr <= 4 && parse_bare_ipv6(uri, rest)) {
        uri->flags |= SIP_URI_FLAG_BAD_HOST;
        return;
    }
    if (stop == rest->ptr || (stop < end && !is_one_of((unsigned char)*stop, SIP_SLICE_LITERAL(":;?")))) {
        uri->flags |= SIP_URI_FLAG_BAD_HOST;
        uri->host = take_until(rest, SIP_SLICE_LITERAL(":;?"));
        return;
    }
    uri->host = slice_between(rest->ptr, stop);
    *rest = slice_between(stop, end);
}

static void
parse_port(sip_uri_t *uri, sip_slice_t *rest)
{
    uint32_t port;

    if (!take_char(rest, ':')) {
        return;
    }
    if (sip_slice_to_uint32(take_until(rest, SIP_SLICE_LITERAL(";?")), &port) && port <= UINT16_MAX) {
        uri->has_port = true;
        uri->port = (uint16_t)port;
    } else {
        uri->flags |= SIP_URI_FLAG_BAD_PORT;
    }
}

/* Takes all after the user part off rest. */
static void
parse_after_user(sip_uri_t *uri, sip_slice_t rest)
{
    if (rest.len > 0 && rest.ptr[0] == '[') {
        parse_ipv6_reference(uri, &rest);
    } else {
        parse_plain_host(uri, &rest);
    }
    parse_port(uri, &rest);
    if (take_char(&rest, ';')) {
        const char *end = slice_end(rest);
        const char *stop = find_char(rest.ptr, end, '?');

        uri->params = slice_between(rest.ptr, stop);
        rest = slice_between(stop, end);
    }
    if (take_char(&rest, '?')) {
        uri->headers = rest;
    }
}

/* RFC 3966 3. */
static void
parse_tel(sip_uri_t *uri)
{
    sip_slice_t rest = uri->opaque;

    uri->user = take_until(&rest, SIP_SLICE_LITERAL(";"));
    if (take_char(&rest, ';')) {
        uri->params = rest;
    }
    if (uri->user.len == 0) {
        uri->flags |= SIP_URI_FLAG_EMPTY_USER;
    }
}

/* Reads a URI up to the end of a SIP URI's user part; *rest is what comes after that. */
static bool
parse_up_to_user(sip_slice_t text, sip_uri_t *uri, sip_slice_t *rest)
{
    *uri = (sip_uri_t){0};
    text = sip_slice_trim(text);
    if (!sip_slice_has_text(text) || find_line_end(text) < slice_end(text)) {
        return false;
    }
    uri->whole = text;
    parse_scheme(uri);
    *rest = uri->opaque;
    if (is_sip_kind(uri)) {
        parse_user(uri, rest);
    } else if (uri->scheme_kind == SIP_URI_SCHEME_TEL) {
        parse_tel(uri);
    }
    return true;
}

bool
sip_uri_parse(sip_slice_t text, sip_uri_t *uri)
{
    sip_slice_t rest;

    if (!parse_up_to_user(text, uri, &rest)) {
        return false;
    }
    if (is_sip_kind(uri)) {
        parse_after_user(uri, rest);
    }
    return true;
}

bool
sip_uri_parse_user(sip_slice_t text, sip_uri_t *uri)
{
    sip_slice_t rest;

    if (!parse_up_to_user(text, uri, &rest)) {
        return false;
    }
    if (is_sip_kind(uri) && uri->user.len == 0) {
        parse_after_user(uri, rest);
    }
    return true;
}

/* ---- Parameters ------------------------------------------------------------------------------------------------ */

static bool
find_piece(sip_slice_t list, char separator, const char *name, sip_slice_t *value)
{
    const sip_slice_t wanted = sip_slice_from_string(name);
    piece_t piece;

    while (next_piece(&list, separator, &piece)) {
        if (same_units(piece.name, wanted, next_nocase)) {
            *value = piece.value;
            return true;
        }
    }
    *value = SIP_SLICE_NONE;
    return false;
}

bool
sip_uri_param(const sip_uri_t *uri, const char *name, sip_slice_t *value)
{
    return find_piece(uri->params, ';', name, value);
}

bool
sip_uri_user_param(const sip_uri_t *uri, const char *name, sip_slice_t *value)
{
    sip_slice_t rest = uri->user;

    if (uri->scheme_kind == SIP_URI_SCHEME_TEL) {
        return sip_uri_param(uri, name, value);
    }
    (void)take_until(&rest, SIP_SLICE_LITERAL(";"));
    return find_piece(rest, ';', name, value);
}

/* ---- Keeping --------------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(sip_uri_kept_t) <= 48, "as sip-uri.h says; there is one for each target");
_Static_assert(SIP_URI_FLAG_EMPTY_USER < 1 << 6, "SIP_URI_FLAG_* fit sip_uri_kept_t.flags");

static sip_uri_span_t
span_of(sip_slice_t whole, sip_slice_t part)
{
    if (part.ptr == NULL) {
        return (sip_uri_span_t){UINT16_MAX, 0};
    }
    return (sip_uri_span_t){(uint16_t)(part.ptr - whole.ptr), (uint16_t)part.len};
}

static sip_slice_t
slice_of(const char *text, sip_uri_span_t span)
{
    return span.offset == UINT16_MAX ? SIP_SLICE_NONE : sip_slice_make(text + span.offset, span.len);
}

void
sip_uri_keep(const sip_uri_t *uri, const char *text, sip_uri_kept_t *kept)
{
    const sip_slice_t whole = uri->whole;

    *kept = (sip_uri_kept_t){0};
    if (whole.ptr == NULL) {
        return;
    }
    kept->text = text;
    kept->len = (uint32_t)whole.len;
    kept->match_key = sip_uri_match_key(uri);
    if (whole.len >= SIP_URI_LONG_TEXT) {
        return;
    }
    kept->scheme = span_of(whole, uri->scheme);
    kept->opaque = span_of(whole, uri->opaque);
    kept->user = span_of(whole, uri->user);
    kept->password = span_of(whole, uri->password);
    kept->host = span_of(whole, uri->host);
    kept->params = span_of(whole, uri->params);
    kept->headers = span_of(whole, uri->headers);
    kept->port = uri->port;
    kept->scheme_kind = (uint8_t)uri->scheme_kind;
    kept->flags = uri->flags & 0x3f;
    kept->has_port = uri->has_port;
    kept->host_is_ipv6 = uri->host_is_ipv6;
}

sip_uri_t
sip_uri_view(const sip_uri_kept_t *kept)
{
    const char *text = kept->text;
    sip_uri_t uri = {.whole = {text, kept->len}};

    if (text == NULL) {
        return uri;
    }
    if (kept->len >= SIP_URI_LONG_TEXT) {
        (void)sip_uri_parse(uri.whole, &uri);
        return uri;
    }
    uri.scheme_kind = (sip_uri_scheme_t)kept->scheme_kind;
    uri.scheme = slice_of(text, kept->scheme);
    uri.opaque = slice_of(text, kept->opaque);
    uri.user = slice_of(text, kept->user);
    uri.password = slice_of(text, kept->password);
    uri.host = slice_of(text, kept->host);
    uri.host_is_ipv6 = kept->host_is_ipv6;
    uri.has_port = kept->has_port;
    uri.port = kept->port;
    uri.params = slice_of(text, kept->params);
    uri.headers = slice_of(text, kept->headers);
    uri.flags = kept->flags;
    return uri;
}

/* ---- For people ------------------------------------------------------------------------------------------------ */

/* The password in the authority of another scheme, as in "http://user:password@host/" (RFC 3986 3.2.1). */
static sip_slice_t
opaque_password(const sip_uri_t *uri)
{
    sip_slice_t rest = uri->opaque;

    if (!take_char(&rest, '/') || !take_char(&rest, '/')) {
        return SIP_SLICE_NONE;
    }
    rest = take_until(&rest, SIP_SLICE_LITERAL("/?#"));
    while (rest.len > 0 && rest.ptr[rest.len - 1] != '@') {
        rest.len--;
    }
    (void)take_until(&rest, SIP_SLICE_LITERAL(":"));
    if (!take_char(&rest, ':')) {
        return SIP_SLICE_NONE;
    }
    return sip_slice_make(rest.ptr, rest.len - 1);
}

/* Without folding (RFC 3261 7.3.1): a URI has no blanks for it to stand for. */
static void
append_unfolded(wmem_strbuf_t *out, sip_slice_t rest)
{
    while (rest.len > 0) {
        const char *stop = find_line_end(rest);

        redirect_text_append(out, slice_between(rest.ptr, stop), 0);
        rest = slice_between(stop, slice_end(rest));
        while (rest.len > 0 && is_one_of((unsigned char)rest.ptr[0], SIP_SLICE_LITERAL("\r\n \t"))) {
            rest = sip_slice_from(rest, 1);
        }
    }
}

char *
sip_uri_display(wmem_allocator_t *scope, const sip_uri_t *uri)
{
    const sip_slice_t password = uri->scheme_kind == SIP_URI_SCHEME_OTHER ? opaque_password(uri) : uri->password;
    const char *end = slice_end(uri->whole);
    const bool is_masked = password.len > 0 && slice_end(password) <= end;
    sip_slice_t rest = uri->whole;
    wmem_strbuf_t *out;

    if (!is_masked && find_line_end(rest) == end) {
        return redirect_text_from_wire(scope, rest, 0);
    }
    out = wmem_strbuf_new(scope, "");
    if (is_masked) {
        append_unfolded(out, slice_between(rest.ptr, password.ptr));
        wmem_strbuf_append(out, "***");
        rest = slice_between(slice_end(password), end);
    }
    append_unfolded(out, rest);
    return wmem_strbuf_finalize(out);
}

bool
sip_uri_is_followable(const sip_uri_t *uri)
{
    sip_host_address_t address;

    if (!sip_slice_has_text(uri->whole) || uri->scheme_kind == SIP_URI_SCHEME_OTHER) {
        return is_service_urn(uri);
    }
    return uri->scheme_kind == SIP_URI_SCHEME_TEL || (uri->flags & SIP_URI_FLAG_BAD_HOST) == 0 ||
           sip_host_read_address(uri->host, &address);
}
