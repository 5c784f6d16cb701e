/* sip-uri.c
 * URIs in SIP messages: taken apart without copying.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "sip-uri.h"

#include "redirect-text.h"
#include "sip-host.h"
#include "sip-uri-int.h"

/* ---- Parsing --------------------------------------------------------------------------------------------------- */

/* RFC 3261 25.1: hostname, and the underscore that DNS has in practice. */
static bool
has_host_characters(sip_slice_t host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (!g_ascii_isalnum(host.ptr[i]) && !is_one_of((unsigned char)host.ptr[i], SIP_SLICE_LITERAL("-._"))) {
            return false;
        }
    }
    return host.len > 0;
}

static const struct {
    const char *name;
    sip_uri_scheme_t kind;
} known_schemes[] = {
    {"sip", SIP_URI_SCHEME_SIP},
    {"sips", SIP_URI_SCHEME_SIPS},
    {"tel", SIP_URI_SCHEME_TEL},
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

/* "example.com:5060" has the form of a scheme and what follows; a dot before and a port behind tell it apart. */
static bool
is_host_and_port(sip_slice_t name, sip_slice_t after)
{
    uint32_t port;

    return memchr(name.ptr, '.', name.len) != NULL &&
           sip_slice_to_uint32(take_until(&after, SIP_SLICE_LITERAL(";?")), &port) && port <= UINT16_MAX;
}

static sip_uri_scheme_t
scheme_kind(sip_slice_t name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_schemes); i++) {
        if (sip_slice_equal_nocase(name, sip_slice_from_string(known_schemes[i].name))) {
            return known_schemes[i].kind;
        }
    }
    return SIP_URI_SCHEME_OTHER;
}

static void
parse_scheme(sip_uri_t *uri)
{
    sip_slice_t rest = uri->whole;
    const sip_slice_t name = take_until(&rest, SIP_SLICE_LITERAL(":"));

    uri->opaque = uri->whole;
    uri->flags = SIP_URI_FLAG_NO_SCHEME;
    if (!take_char(&rest, ':') || !has_scheme_characters(name)) {
        return;
    }
    const sip_uri_scheme_t kind = scheme_kind(name);
    if (kind == SIP_URI_SCHEME_OTHER && is_host_and_port(name, rest)) {
        return;
    }
    uri->scheme_kind = kind;
    uri->scheme = name;
    uri->opaque = rest;
    uri->flags = 0;
}

/*
 * The "@" that ends the user part, or NULL. A user may hold ";" and "?" (RFC 3261 19.1.1), so it is looked for first.
 * A bare "@" is allowed nowhere else, yet seen: in a user ("a@b@host"), in parameters and headers. So a later one
 * counts only where no ";" or "?" stands between the first and it.
 */
static const char *
find_user_end(sip_slice_t text)
{
    const char *at = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;

    if (at != NULL) {
        const char *end = text.ptr + text.len;
        for (const char *here = at; here < end && *here != ';' && *here != '?'; here++) {
            if (*here == '@') {
                at = here;
            }
        }
    }
    return at;
}

/* RFC 3261 25.1: unreserved, escaped and user-unreserved. */
static bool
has_user_characters(sip_slice_t user)
{
    while (user.len > 0) {
        const bool escape = escaped_byte(user) >= 0;

        if (!escape && !g_ascii_isalnum(user.ptr[0]) &&
            !is_one_of((unsigned char)user.ptr[0], SIP_SLICE_LITERAL("-_.!~*'()&=+$,;?/"))) {
            return false;
        }
        user = sip_slice_from(user, escape ? 3 : 1);
    }
    return true;
}

/* Takes "user:password@" off *rest, if it is there. */
static void
parse_user(sip_uri_t *uri, sip_slice_t *rest)
{
    const char *at = find_user_end(*rest);

    if (at == NULL) {
        return;
    }
    sip_slice_t userinfo = sip_slice_make(rest->ptr, (size_t)(at - rest->ptr));
    *rest = sip_slice_from(*rest, userinfo.len + 1);
    uri->user = take_until(&userinfo, SIP_SLICE_LITERAL(":"));
    if (take_char(&userinfo, ':')) {
        uri->password = userinfo;
    }
    if (uri->user.len == 0) {
        uri->flags |= SIP_URI_FLAG_EMPTY_USER;
    }
    if (!has_user_characters(uri->user)) {
        uri->flags |= SIP_URI_FLAG_BAD_USER;
    }
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

/* Takes a name or an IPv4 address off *rest; also an IPv6 address that lacks its brackets, as some phones write it. */
static void
parse_plain_host(sip_uri_t *uri, sip_slice_t *rest)
{
    sip_slice_t after_all = *rest;
    const sip_slice_t all = take_until(&after_all, SIP_SLICE_LITERAL(";?"));
    uint8_t bytes[16];

    if (sip_host_read_ipv6(all, bytes)) {
        uri->host = all;
        *rest = after_all;
    } else {
        uri->host = take_until(rest, SIP_SLICE_LITERAL(":;?"));
    }
    if (!has_host_characters(uri->host)) {
        uri->flags |= SIP_URI_FLAG_BAD_HOST;
    }
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

static void
parse_sip(sip_uri_t *uri)
{
    sip_slice_t rest = uri->opaque;

    parse_user(uri, &rest);
    if (rest.len > 0 && rest.ptr[0] == '[') {
        parse_ipv6_reference(uri, &rest);
    } else {
        parse_plain_host(uri, &rest);
    }
    parse_port(uri, &rest);
    if (take_char(&rest, ';')) {
        uri->params = take_until(&rest, SIP_SLICE_LITERAL("?"));
    }
    if (take_char(&rest, '?')) {
        uri->headers = rest;
    }
}

/* RFC 3966 3: global-number-digits or local-number-digits; what is escaped is allowed for, as in a SIP user part. */
static bool
has_number_characters(sip_slice_t number)
{
    int unit;

    while ((unit = next_loose(&number)) != UNIT_END) {
        if (!(unit < 0x80 && g_ascii_isxdigit((char)unit)) && !is_one_of(unit, SIP_SLICE_LITERAL("+*#-.()"))) {
            return false;
        }
    }
    return true;
}

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
    if (!has_number_characters(uri->user)) {
        uri->flags |= SIP_URI_FLAG_BAD_USER;
    }
}

bool
sip_uri_parse(sip_slice_t text, sip_uri_t *uri)
{
    *uri = (sip_uri_t){0};
    text = sip_slice_trim(text);
    if (!sip_slice_has_text(text) || memchr(text.ptr, '\r', text.len) || memchr(text.ptr, '\n', text.len)) {
        return false;
    }
    uri->whole = text;
    parse_scheme(uri);
    if (is_sip_kind(uri)) {
        parse_sip(uri);
    } else if (uri->scheme_kind == SIP_URI_SCHEME_TEL) {
        parse_tel(uri);
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
_Static_assert(SIP_URI_FLAG_BAD_USER < 1 << 6, "SIP_URI_FLAG_* fit sip_uri_kept_t.flags");

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
        redirect_text_append(out, take_until(&rest, SIP_SLICE_LITERAL("\r\n")), 0);
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
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "");
    sip_slice_t rest = uri->whole;

    if (password.len > 0 && slice_end(password) <= end) {
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
        return false;
    }
    return uri->scheme_kind == SIP_URI_SCHEME_TEL || (uri->flags & SIP_URI_FLAG_BAD_HOST) == 0 ||
           sip_host_read_address(uri->host, &address);
}
