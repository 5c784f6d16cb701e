/* sip-uri.c
 * URIs in SIP messages: taken apart without copying, and compared.
 *
 * Everything here reads its input once per question and allocates nothing, save the text made for display.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "sip-uri.h"

#include <stdio.h>

#include <wsutil/inet_addr.h>

/** Parameters, or headers, of one URI that are compared one by one; beyond that only the whole text counts. */
#define SIP_URI_MAX_PIECES 64

/** Digits that make a user part look like a telephone number; fewer are too common by chance. */
#define SIP_URI_MIN_NUMBER_DIGITS 3

/** The characters of text that next_* functions hand out; below 0 is the end. */
#define UNIT_END (-1)

/** Marks a reserved character that was escaped, which is not the same as the character itself. */
#define UNIT_RESERVED_ESCAPE 0x100

/** FNV-1a, 32 bits. */
#define HASH_START 2166136261U
#define HASH_FACTOR 16777619U

typedef int (*unit_reader_t)(sip_slice_t *rest);

/* ---- Characters ------------------------------------------------------------------------------------------------ */

static inline bool
is_one_of(int unit, sip_slice_t set)
{
    /* Faster than memchr() here: the sets are literals of a few characters. */
    for (size_t i = 0; i < set.len; i++) {
        if (unit == (unsigned char)set.ptr[i]) {
            return true;
        }
    }
    return false;
}

/* RFC 3261 25.1: reserved. */
static bool
is_reserved(int unit)
{
    return is_one_of(unit, SIP_SLICE_LITERAL(";/?:@&=+$,"));
}

/* RFC 3966 3: visual-separator. */
static bool
is_visual_separator(int unit)
{
    return is_one_of(unit, SIP_SLICE_LITERAL("-.()"));
}

/* The byte that "%HH" at the start of text stands for, or UNIT_END where there is no escape. */
static int
escaped_byte(sip_slice_t text)
{
    if (text.len < 3 || text.ptr[0] != '%') {
        return UNIT_END;
    }
    const int high = g_ascii_xdigit_value(text.ptr[1]);
    const int low = g_ascii_xdigit_value(text.ptr[2]);
    return high < 0 || low < 0 ? UNIT_END : high << 4 | low;
}

/*
 * The next character, escapes decoded once: RFC 3261 19.1.4 makes a character outside the reserved set the same as its
 * escape, and so keeps a reserved one apart from it. A "%" that starts no escape stands for itself.
 */
static int
next_exact(sip_slice_t *rest)
{
    if (rest->len == 0) {
        return UNIT_END;
    }
    const int escaped = escaped_byte(*rest);
    const int unit = escaped >= 0 ? escaped : (unsigned char)rest->ptr[0];
    *rest = sip_slice_from(*rest, escaped >= 0 ? 3 : 1);
    return escaped >= 0 && is_reserved(escaped) ? unit | UNIT_RESERVED_ESCAPE : unit;
}

/* As next_exact, without ASCII case. */
static int
next_nocase(sip_slice_t *rest)
{
    const int unit = next_exact(rest);
    return unit >= 'A' && unit <= 'Z' ? unit - 'A' + 'a' : unit;
}

/* The next character of a host, which has no escapes, without ASCII case. A NUL is a character like any other. */
static int
next_of_host(sip_slice_t *rest)
{
    if (rest->len == 0) {
        return UNIT_END;
    }
    const int unit = (unsigned char)g_ascii_tolower(rest->ptr[0]);
    *rest = sip_slice_from(*rest, 1);
    return unit;
}

/* As next_exact, but a reserved character is the same as its escape: gateways write "%2B1555" for "+1555". */
static int
next_loose(sip_slice_t *rest)
{
    const int unit = next_exact(rest);
    return unit == UNIT_END ? UNIT_END : unit & 0xff;
}

/* The next character of a telephone number that counts: visual separators and case do not (RFC 3966 4). */
static int
next_of_number(sip_slice_t *rest)
{
    int unit;

    do {
        unit = next_loose(rest);
    } while (is_visual_separator(unit));
    return unit == UNIT_END ? UNIT_END : g_ascii_tolower((char)unit) & 0xff;
}

/* As next_of_number, without the "+" that tells a global number. */
static int
next_of_digits(sip_slice_t *rest)
{
    int unit;

    do {
        unit = next_of_number(rest);
    } while (unit == '+');
    return unit;
}

/* True where both texts give the same characters through reader. */
static bool
same_units(sip_slice_t a, sip_slice_t b, unit_reader_t reader)
{
    int unit;

    do {
        unit = reader(&a);
        if (unit != reader(&b)) {
            return false;
        }
    } while (unit != UNIT_END);
    return true;
}

static uint32_t
hash_byte(uint32_t hash, unsigned byte)
{
    return (hash ^ (byte & 0xff)) * HASH_FACTOR;
}

/* The same number for all texts that same_units finds equal through the same reader. */
static uint32_t
hash_units(sip_slice_t text, unit_reader_t reader)
{
    uint32_t hash = HASH_START;
    int unit;

    while ((unit = reader(&text)) != UNIT_END) {
        hash = hash_byte(hash, (unsigned)unit);
    }
    return hash;
}

/* As same_units, and a component that is there but empty is not one that is absent. */
static bool
same_component(sip_slice_t a, sip_slice_t b, unit_reader_t reader)
{
    return (a.ptr == NULL) == (b.ptr == NULL) && same_units(a, b, reader);
}

/* ---- Pieces of text -------------------------------------------------------------------------------------------- */

/* Takes all up to the first of the stop characters off *rest; the stop character stays there. */
static sip_slice_t
take_until(sip_slice_t *rest, sip_slice_t stops)
{
    size_t len = 0;

    if (rest->len == 0) {
        return *rest;
    }
    while (len < rest->len && !is_one_of((unsigned char)rest->ptr[len], stops)) {
        len++;
    }
    const sip_slice_t taken = sip_slice_make(rest->ptr, len);
    *rest = sip_slice_from(*rest, len);
    return taken;
}

/* Takes one character off *rest if it is that one. */
static bool
take_char(sip_slice_t *rest, char character)
{
    if (rest->len == 0 || rest->ptr[0] != character) {
        return false;
    }
    *rest = sip_slice_from(*rest, 1);
    return true;
}

/* One "name=value" or "name" of a list; value.ptr is NULL where there is no "=". */
typedef struct {
    sip_slice_t name;
    sip_slice_t value;
} piece_t;

/* Takes the next piece off *rest; empty ones (";;") are passed over. False at the end. */
static bool
next_piece(sip_slice_t *rest, char separator, piece_t *piece)
{
    const sip_slice_t stops = sip_slice_make(&separator, 1);

    while (rest->len > 0) {
        const sip_slice_t text = sip_slice_trim(take_until(rest, stops));
        sip_slice_t value = text;

        take_char(rest, separator);
        if (text.len == 0) {
            continue;
        }
        piece->name = sip_slice_trim(take_until(&value, SIP_SLICE_LITERAL("=")));
        piece->value = take_char(&value, '=') ? sip_slice_trim(value) : SIP_SLICE_NONE;
        return true;
    }
    return false;
}

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

/* ---- Hosts ----------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t len; /**< 4 for IPv4, 16 for IPv6 */
    uint8_t bytes[16];
} address_t;

/*
 * Reads four decimal numbers of one to three digits (RFC 3261 25.1: IPv4address). The C library's own readers differ
 * over leading zeros: some refuse them, some take them for octal; SIP means decimal.
 */
static bool
read_ipv4(sip_slice_t text, uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        const sip_slice_t digits = take_until(&text, SIP_SLICE_LITERAL("."));
        uint32_t number;

        if (digits.len > 3 || !sip_slice_to_uint32(digits, &number) || number > 255) {
            return false;
        }
        bytes[i] = (uint8_t)number;
        if (i < 3 && !take_char(&text, '.')) {
            return false;
        }
    }
    return text.len == 0;
}

/* Where the IPv4 address at the end of an IPv6 address begins, or text.len where there is none. */
static size_t
embedded_ipv4_offset(sip_slice_t text)
{
    size_t offset = text.len;

    if (text.len == 0 || memchr(text.ptr, '.', text.len) == NULL) {
        return text.len;
    }
    while (offset > 0 && text.ptr[offset - 1] != ':') {
        offset--;
    }
    return offset;
}

/* Reads an IPv6 address without brackets (RFC 5954 4.1); no zone. */
static bool
read_ipv6(sip_slice_t text, uint8_t *bytes)
{
    char buffer[WS_INET6_ADDRSTRLEN];
    const size_t head = embedded_ipv4_offset(text);
    uint8_t ipv4[4];
    ws_in6_addr address;

    if (head < 2 || text.len >= sizeof(buffer)) {
        return false; /* no colons before the numbers: most hosts go no further than this */
    }
    for (size_t i = 0; i < head; i++) {
        /* Also keeps a NUL out, which would end the copy early. */
        if (!g_ascii_isxdigit(text.ptr[i]) && text.ptr[i] != ':') {
            return false;
        }
    }
    if (head == text.len) {
        memcpy(buffer, text.ptr, text.len);
        buffer[text.len] = '\0';
    } else {
        if (!read_ipv4(sip_slice_from(text, head), ipv4)) {
            return false;
        }
        (void)snprintf(buffer, sizeof(buffer), "%.*s%u.%u.%u.%u", (int)head, text.ptr, ipv4[0], ipv4[1], ipv4[2],
                       ipv4[3]);
    }
    if (!ws_inet_pton6(buffer, &address)) {
        return false;
    }
    memcpy(bytes, &address, 16);
    return true;
}

static bool
read_address(sip_slice_t host, address_t *address)
{
    *address = (address_t){0};
    if (read_ipv4(host, address->bytes)) {
        address->len = 4;
        return true;
    }
    if (read_ipv6(host, address->bytes)) {
        address->len = 16;
        return true;
    }
    return false;
}

/*
 * RFC 3261 19.1.4: hosts compare without case, and a name never equals the address it resolves to.
 * RFC 5954 4.2: addresses compare by their bits. An IPv4 address is not the IPv6 address that maps it.
 */
static bool
same_host(sip_slice_t a, sip_slice_t b)
{
    address_t address_a, address_b;

    if (same_units(a, b, next_of_host)) {
        return true;
    }
    return read_address(a, &address_a) && read_address(b, &address_b) && address_a.len == address_b.len &&
           memcmp(address_a.bytes, address_b.bytes, address_a.len) == 0;
}

static uint32_t
hash_host(sip_slice_t host)
{
    address_t address;

    if (read_address(host, &address)) {
        uint32_t hash = HASH_START;
        for (size_t i = 0; i < address.len; i++) {
            hash = hash_byte(hash, address.bytes[i]);
        }
        return hash;
    }
    return hash_units(host, next_of_host);
}

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

/* The host in the value of a maddr parameter, which keeps the brackets of an IPv6 reference. */
static sip_slice_t
without_brackets(sip_slice_t host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        return sip_slice_make(host.ptr + 1, host.len - 2);
    }
    return host;
}

/* ---- Parsing --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    sip_uri_scheme_t kind;
} known_schemes[] = {
    {"sip", SIP_URI_SCHEME_SIP},
    {"sips", SIP_URI_SCHEME_SIPS},
    {"tel", SIP_URI_SCHEME_TEL},
};

static bool
is_sip_kind(const sip_uri_t *uri)
{
    return uri->scheme_kind == SIP_URI_SCHEME_SIP || uri->scheme_kind == SIP_URI_SCHEME_SIPS ||
           uri->scheme_kind == SIP_URI_SCHEME_NONE;
}

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
    if (!uri->host_is_ipv6 || stray.len > 0 || !read_ipv6(uri->host, bytes)) {
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

    if (read_ipv6(all, bytes)) {
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

bool
sip_uri_param(const sip_uri_t *uri, const char *name, sip_slice_t *value)
{
    return find_piece(uri->params, ';', name, value);
}

/* The user up to its own parameters (RFC 3261 19.1.6); all of it where nothing stands before the first ";". */
static sip_slice_t
user_without_params(const sip_uri_t *uri)
{
    sip_slice_t rest = uri->user;
    const sip_slice_t base = take_until(&rest, SIP_SLICE_LITERAL(";"));

    return base.len > 0 ? base : uri->user;
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

/* ---- Comparing lists ------------------------------------------------------------------------------------------- */

/* A list taken apart; fixed in size so that neither memory nor time grows with the square of the input. */
typedef struct {
    size_t count;
    bool too_many;
    struct {
        piece_t piece;
        uint32_t name_hash;
        unsigned nth; /**< how many of the same name stand before it */
    } entries[SIP_URI_MAX_PIECES];
} piece_list_t;

/* The index of the nth piece of that name, or list->count where there is none. */
static size_t
piece_index(const piece_list_t *list, sip_slice_t name, uint32_t name_hash, unsigned nth)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (list->entries[i].name_hash == name_hash && list->entries[i].nth == nth &&
            same_units(list->entries[i].piece.name, name, next_nocase)) {
            break;
        }
    }
    return i;
}

static void
split_list(piece_list_t *list, sip_slice_t text, char separator)
{
    piece_t piece;

    list->count = 0;
    list->too_many = false;
    while (next_piece(&text, separator, &piece)) {
        if (list->count == SIP_URI_MAX_PIECES) {
            list->too_many = true;
            return;
        }
        const uint32_t hash = hash_units(piece.name, next_nocase);
        unsigned nth = 0;
        while (piece_index(list, piece.name, hash, nth) < list->count) {
            nth++;
        }
        list->entries[list->count].piece = piece;
        list->entries[list->count].name_hash = hash;
        list->entries[list->count].nth = nth;
        list->count++;
    }
}

/** What makes two lists equal. */
typedef struct {
    char separator;
    bool all_on_both_sides; /**< one that is missing on the other side makes them differ */
    bool repeats;           /**< a name may come again; else only its first piece counts */
    bool (*same_value)(sip_slice_t name, sip_slice_t a, sip_slice_t b);
} list_rule_t;

/* True where each piece of a has an equal one in b, as far as rule asks. */
static bool
list_agrees_with(const piece_list_t *a, const piece_list_t *b, const list_rule_t *rule)
{
    for (size_t i = 0; i < a->count; i++) {
        const piece_t *piece = &a->entries[i].piece;

        if (a->entries[i].nth > 0 && !rule->repeats) {
            continue;
        }
        const size_t other = piece_index(b, piece->name, a->entries[i].name_hash, a->entries[i].nth);
        if (other == b->count) {
            if (rule->all_on_both_sides) {
                return false;
            }
        } else if (!rule->same_value(piece->name, piece->value, b->entries[other].piece.value)) {
            return false;
        }
    }
    return true;
}

static bool
same_list(sip_slice_t a, sip_slice_t b, const list_rule_t *rule)
{
    piece_list_t list_a, list_b;

    if (sip_slice_equal(a, b) || (!rule->all_on_both_sides && (a.len == 0 || b.len == 0))) {
        return true;
    }
    split_list(&list_a, a, rule->separator);
    split_list(&list_b, b, rule->separator);
    if (list_a.too_many || list_b.too_many) {
        return false;
    }
    return list_agrees_with(&list_a, &list_b, rule) &&
           (!rule->all_on_both_sides || list_agrees_with(&list_b, &list_a, rule));
}

/* ---- Comparing URIs -------------------------------------------------------------------------------------------- */

static bool
same_value_nocase(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    (void)name;
    return same_units(a, b, next_nocase);
}

static bool
same_value_exact(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    (void)name;
    return same_units(a, b, next_exact);
}

static bool
same_value_host(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    (void)name;
    return same_host(without_brackets(a), without_brackets(b));
}

/* RFC 3966 4: a phone-context that is a number, and the extension, compare without visual separators. */
static bool
same_value_tel(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    const bool extension = sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("ext"));
    const bool global_context =
        sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("phone-context")) &&
        (sip_slice_starts_nocase(a, SIP_SLICE_LITERAL("+")) || sip_slice_starts_nocase(b, SIP_SLICE_LITERAL("+")));

    return same_units(a, b, extension || global_context ? next_of_number : next_nocase);
}

/*
 * RFC 3261 7.3.1: header values compare without case unless something else is said: of the Call-ID it is (20.8), of
 * quoted strings it is (7.3.1), and a body is no header. What holds a quoted string compares with case as a whole.
 */
static bool
same_value_header(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    static const char *const exact_names[] = {"call-id", "i", "body"};
    bool exact = false;

    for (size_t i = 0; i < G_N_ELEMENTS(exact_names); i++) {
        exact = exact || same_units(name, sip_slice_from_string(exact_names[i]), next_nocase);
    }
    for (sip_slice_t rest = a; !exact && rest.len > 0;) {
        exact = next_exact(&rest) == '"';
    }
    return same_units(a, b, exact ? next_exact : next_nocase);
}

/* Parameters that never match where one side lacks them, even with their default value (RFC 3261 19.1.4). */
static const struct {
    const char *name;
    sip_uri_diff_t diff;
    bool (*same_value)(sip_slice_t name, sip_slice_t a, sip_slice_t b);
} named_params[] = {
    {"transport", SIP_URI_DIFF_TRANSPORT, same_value_nocase},
    {"user", SIP_URI_DIFF_USER_PARAM, same_value_nocase},
    {"ttl", SIP_URI_DIFF_TTL, same_value_nocase},
    {"method", SIP_URI_DIFF_METHOD, same_value_exact}, /* RFC 3261 25.1: Method is in capitals */
    {"maddr", SIP_URI_DIFF_MADDR, same_value_host},
};

/* RFC 3261 19.1.4: "Any uri-parameter appearing in both URIs must match." */
static bool
same_value_param(sip_slice_t name, sip_slice_t a, sip_slice_t b)
{
    for (size_t i = 0; i < G_N_ELEMENTS(named_params); i++) {
        if (same_units(name, sip_slice_from_string(named_params[i].name), next_nocase)) {
            return named_params[i].same_value(name, a, b);
        }
    }
    return same_value_nocase(name, a, b);
}

/* RFC 3261 19.1.4: parameters on one side only are ignored, unless they are in named_params. */
static const list_rule_t sip_param_rule = {';', false, false, same_value_param};

/* RFC 3966 4: a parameter name that the other side lacks makes tel: URIs differ. */
static const list_rule_t tel_param_rule = {';', true, false, same_value_tel};

/* RFC 3261 19.1.4: "URI header components are never ignored." Their order does not matter. */
static const list_rule_t header_rule = {'&', true, true, same_value_header};

/* What may be missing in b though it is in a. */
typedef enum {
    COMPARE_ALL,
    COMPARE_TARGET, /**< a is a redirect target, b a Request-URI: method and headers (RFC 3261 8.1.3.4) */
} compare_mode_t;

static bool
same_port(const sip_uri_t *a, const sip_uri_t *b)
{
    /* A port that cannot be read is not known to be the same as anything. */
    return ((a->flags | b->flags) & SIP_URI_FLAG_BAD_PORT) == 0 && a->has_port == b->has_port && a->port == b->port;
}

static sip_uri_diff_t
compare_sip_params(const sip_uri_t *a, const sip_uri_t *b, compare_mode_t mode)
{
    if (sip_slice_equal(a->params, b->params)) {
        return SIP_URI_DIFF_NONE;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(named_params); i++) {
        const sip_slice_t name = sip_slice_from_string(named_params[i].name);
        sip_slice_t value_a, value_b;
        const bool in_a = sip_uri_param(a, named_params[i].name, &value_a);
        const bool in_b = sip_uri_param(b, named_params[i].name, &value_b);

        if (!in_b && mode == COMPARE_TARGET && named_params[i].diff == SIP_URI_DIFF_METHOD) {
            continue;
        }
        if (in_a != in_b || (in_a && !named_params[i].same_value(name, value_a, value_b))) {
            return named_params[i].diff;
        }
    }
    return same_list(a->params, b->params, &sip_param_rule) ? SIP_URI_DIFF_NONE : SIP_URI_DIFF_OTHER_PARAM;
}

/* RFC 3261 19.1.4, its components in its order. */
static sip_uri_diff_t
compare_sip(const sip_uri_t *a, const sip_uri_t *b, compare_mode_t mode)
{
    if (!same_component(a->user, b->user, next_exact)) {
        return SIP_URI_DIFF_USER;
    }
    if (!same_component(a->password, b->password, next_exact)) {
        return SIP_URI_DIFF_PASSWORD;
    }
    if (!same_host(a->host, b->host)) {
        return SIP_URI_DIFF_HOST;
    }
    if (!same_port(a, b)) {
        return SIP_URI_DIFF_PORT;
    }
    const sip_uri_diff_t diff = compare_sip_params(a, b, mode);
    if (diff != SIP_URI_DIFF_NONE) {
        return diff;
    }
    if ((b->headers.len > 0 || mode != COMPARE_TARGET) && !same_list(a->headers, b->headers, &header_rule)) {
        return SIP_URI_DIFF_HEADERS;
    }
    return SIP_URI_DIFF_NONE;
}

/* RFC 3966 4. */
static sip_uri_diff_t
compare_tel(const sip_uri_t *a, const sip_uri_t *b)
{
    if (!same_units(a->user, b->user, next_of_number)) {
        return SIP_URI_DIFF_USER;
    }
    return same_list(a->params, b->params, &tel_param_rule) ? SIP_URI_DIFF_NONE : SIP_URI_DIFF_OTHER_PARAM;
}

static sip_uri_diff_t
compare(const sip_uri_t *a, const sip_uri_t *b, compare_mode_t mode)
{
    if (sip_slice_equal(a->whole, b->whole)) {
        return SIP_URI_DIFF_NONE;
    }
    /* RFC 3261 19.1.4: "A SIP and SIPS URI are never equivalent." */
    if (a->scheme_kind != b->scheme_kind || !sip_slice_equal_nocase(a->scheme, b->scheme)) {
        return SIP_URI_DIFF_SCHEME;
    }
    if (is_sip_kind(a)) {
        return compare_sip(a, b, mode);
    }
    if (a->scheme_kind == SIP_URI_SCHEME_TEL) {
        return compare_tel(a, b);
    }
    return sip_slice_equal(a->opaque, b->opaque) ? SIP_URI_DIFF_NONE : SIP_URI_DIFF_OPAQUE;
}

sip_uri_diff_t
sip_uri_compare(const sip_uri_t *a, const sip_uri_t *b)
{
    return compare(a, b, COMPARE_ALL);
}

/* ---- Matching -------------------------------------------------------------------------------------------------- */

static bool
param_is(const sip_uri_t *uri, const char *name, sip_slice_t wanted)
{
    sip_slice_t value;

    return sip_uri_param(uri, name, &value) && sip_slice_equal_nocase(value, wanted);
}

/* RFC 3261 19.1.2 (5061 for TLS), RFC 6455 3 (WebSocket, RFC 7118). */
static uint16_t
default_port(const sip_uri_t *uri)
{
    const bool secure_websocket = param_is(uri, "transport", SIP_SLICE_LITERAL("wss"));
    const bool websocket = secure_websocket || param_is(uri, "transport", SIP_SLICE_LITERAL("ws"));
    const bool secure = secure_websocket || uri->scheme_kind == SIP_URI_SCHEME_SIPS ||
                        param_is(uri, "transport", SIP_SLICE_LITERAL("tls"));

    if (websocket) {
        return secure ? 443 : 80;
    }
    return secure ? 5061 : 5060;
}

/* True where the ports are the same, each side's own default counting as none. */
static bool
ports_agree(const sip_uri_t *a, const sip_uri_t *b)
{
    if (same_port(a, b)) {
        return true;
    }
    if (((a->flags | b->flags) & SIP_URI_FLAG_BAD_PORT) != 0) {
        return false;
    }
    const uint16_t default_a = default_port(a), default_b = default_port(b);
    const uint16_t port_a = a->has_port ? a->port : default_a, port_b = b->has_port ? b->port : default_b;
    return port_a == port_b || (port_a == default_a && port_b == default_b);
}

static bool
same_user_loosely(const sip_uri_t *a, const sip_uri_t *b)
{
    return same_units(user_without_params(a), user_without_params(b), next_loose);
}

/* The same place by its user, host and port, whatever the scheme and the parameters; of tel: the same number. */
static bool
match_loosely(const sip_uri_t *a, const sip_uri_t *b)
{
    if (a->scheme_kind == SIP_URI_SCHEME_TEL && b->scheme_kind == SIP_URI_SCHEME_TEL) {
        sip_slice_t context_a, context_b;
        const bool has_a = sip_uri_param(a, "phone-context", &context_a);
        const bool has_b = sip_uri_param(b, "phone-context", &context_b);

        /* RFC 3966 5.1.5: in another context a local number is another number. */
        return same_units(a->user, b->user, next_of_number) && has_a == has_b &&
               same_value_tel(SIP_SLICE_LITERAL("phone-context"), context_a, context_b);
    }
    return is_sip_kind(a) && is_sip_kind(b) && same_user_loosely(a, b) && same_host(a->host, b->host) &&
           ports_agree(a, b);
}

static bool
is_telephone_number(sip_slice_t text)
{
    unsigned digits = 0;
    bool begun = false;
    int unit;

    while ((unit = next_of_number(&text)) != UNIT_END) {
        if (unit >= '0' && unit <= '9') {
            digits = MIN(digits + 1, SIP_URI_MIN_NUMBER_DIGITS);
        } else if (!(unit == '+' && !begun) && unit != '*' && unit != '#') {
            return false;
        }
        begun = true;
    }
    return digits >= SIP_URI_MIN_NUMBER_DIGITS;
}

static bool
is_said_to_be_number(const sip_uri_t *uri)
{
    return uri->scheme_kind == SIP_URI_SCHEME_TEL || param_is(uri, "user", SIP_SLICE_LITERAL("phone"));
}

/* The same digits; only where one side says that it is a number does the "+" not matter. */
static bool
match_number(const sip_uri_t *a, const sip_uri_t *b)
{
    const sip_slice_t number_a = user_without_params(a), number_b = user_without_params(b);

    if (!is_telephone_number(number_a) || !is_telephone_number(number_b)) {
        return false;
    }
    return same_units(number_a, number_b,
                      is_said_to_be_number(a) || is_said_to_be_number(b) ? next_of_digits : next_of_number);
}

static bool
match_user(const sip_uri_t *a, const sip_uri_t *b)
{
    return is_sip_kind(a) && is_sip_kind(b) && sip_slice_has_text(a->user) && same_user_loosely(a, b);
}

static const struct {
    sip_uri_match_t match;
    bool (*fits)(const sip_uri_t *a, const sip_uri_t *b);
} lesser_matches[] = {
    {SIP_URI_MATCH_LOOSE, match_loosely},
    {SIP_URI_MATCH_NUMBER, match_number},
    {SIP_URI_MATCH_USER, match_user},
};

sip_uri_match_t
sip_uri_match(const sip_uri_t *target, const sip_uri_t *request_uri, sip_uri_diff_t *difference)
{
    const bool parsed = sip_slice_has_text(target->whole) && sip_slice_has_text(request_uri->whole);
    const sip_uri_diff_t diff = parsed ? compare(target, request_uri, COMPARE_TARGET) : SIP_URI_DIFF_SCHEME;

    if (difference != NULL) {
        *difference = diff;
    }
    if (diff == SIP_URI_DIFF_NONE) {
        return SIP_URI_MATCH_EXACT;
    }
    for (size_t i = 0; parsed && i < G_N_ELEMENTS(lesser_matches); i++) {
        if (lesser_matches[i].fits(target, request_uri)) {
            return lesser_matches[i].match;
        }
    }
    return SIP_URI_MATCH_NONE;
}

uint32_t
sip_uri_match_key(const sip_uri_t *uri)
{
    const sip_slice_t user = user_without_params(uri);

    if (uri->scheme_kind == SIP_URI_SCHEME_OTHER) {
        return hash_units(uri->opaque, next_exact);
    }
    if (uri->scheme_kind == SIP_URI_SCHEME_TEL || is_telephone_number(user)) {
        return hash_units(user, next_of_digits);
    }
    return user.len > 0 ? hash_units(user, next_loose) : hash_host(uri->host);
}

/* ---- For people ------------------------------------------------------------------------------------------------ */

static const char *const diff_names[] = {
    [SIP_URI_DIFF_NONE] = "nothing",
    [SIP_URI_DIFF_SCHEME] = "scheme",
    [SIP_URI_DIFF_USER] = "user",
    [SIP_URI_DIFF_PASSWORD] = "password",
    [SIP_URI_DIFF_HOST] = "host",
    [SIP_URI_DIFF_PORT] = "port",
    [SIP_URI_DIFF_TRANSPORT] = "transport",
    [SIP_URI_DIFF_USER_PARAM] = "user parameter",
    [SIP_URI_DIFF_TTL] = "ttl",
    [SIP_URI_DIFF_METHOD] = "method",
    [SIP_URI_DIFF_MADDR] = "maddr",
    [SIP_URI_DIFF_OTHER_PARAM] = "parameters",
    [SIP_URI_DIFF_HEADERS] = "headers",
    [SIP_URI_DIFF_OPAQUE] = "address",
};

static const char *const match_names[] = {
    [SIP_URI_MATCH_EXACT] = "exact",
    [SIP_URI_MATCH_LOOSE] = "same address, other parameters",
    [SIP_URI_MATCH_NUMBER] = "same telephone number",
    [SIP_URI_MATCH_USER] = "same user at another address",
    [SIP_URI_MATCH_NONE] = "no match",
};

const char *
sip_uri_diff_name(sip_uri_diff_t difference)
{
    return (size_t)difference < G_N_ELEMENTS(diff_names) ? diff_names[difference] : "unknown";
}

const char *
sip_uri_match_name(sip_uri_match_t match)
{
    return (size_t)match < G_N_ELEMENTS(match_names) ? match_names[match] : "unknown";
}

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

/* Text being written; with out == NULL it is only counted. */
typedef struct {
    char *out;
    size_t len;
} display_t;

static void
put_bytes(display_t *display, const char *bytes, size_t len)
{
    if (display->out != NULL) {
        memcpy(display->out + display->len, bytes, len);
    }
    display->len += len;
}

/* True for what would move, hide or break the text around it. */
static bool
is_unfit_for_display(gunichar character)
{
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return true;
    default:
        return false;
    }
}

/* Takes one character off *rest and writes it, or U+FFFD for it. */
static void
put_character(display_t *display, sip_slice_t *rest)
{
    const gunichar character = g_utf8_get_char_validated(rest->ptr, (gssize)rest->len);
    size_t len = 1;

    if (character == (gunichar)-1 || character == (gunichar)-2) {
        put_bytes(display, "\xef\xbf\xbd", 3);
    } else {
        len = (size_t)(g_utf8_next_char(rest->ptr) - rest->ptr);
        if (is_unfit_for_display(character)) {
            put_bytes(display, "\xef\xbf\xbd", 3);
        } else {
            put_bytes(display, rest->ptr, len);
        }
    }
    *rest = sip_slice_from(*rest, len);
}

/* Takes a line end and the blanks behind it off *rest (RFC 3261 7.3.1). */
static bool
take_folding(sip_slice_t *rest)
{
    if (rest->ptr[0] != '\r' && rest->ptr[0] != '\n') {
        return false;
    }
    while (rest->len > 0 && is_one_of((unsigned char)rest->ptr[0], SIP_SLICE_LITERAL("\r\n \t"))) {
        *rest = sip_slice_from(*rest, 1);
    }
    return true;
}

static void
put_uri(display_t *display, const sip_uri_t *uri)
{
    const sip_slice_t password = uri->scheme_kind == SIP_URI_SCHEME_OTHER ? opaque_password(uri) : uri->password;
    sip_slice_t rest = uri->whole;

    while (rest.len > 0) {
        if (rest.ptr == password.ptr && password.len > 0) {
            put_bytes(display, "***", 3);
            rest = sip_slice_from(rest, password.len);
        } else if (!take_folding(&rest)) {
            put_character(display, &rest);
        }
    }
}

char *
sip_uri_display(wmem_allocator_t *scope, const sip_uri_t *uri)
{
    display_t display = {NULL, 0};

    put_uri(&display, uri);
    display.out = wmem_alloc(scope, display.len + 1);
    display.len = 0;
    put_uri(&display, uri);
    display.out[display.len] = '\0';
    return display.out;
}

bool
sip_uri_is_followable(const sip_uri_t *uri)
{
    address_t address;

    if (!sip_slice_has_text(uri->whole) || uri->scheme_kind == SIP_URI_SCHEME_OTHER) {
        return false;
    }
    return uri->scheme_kind == SIP_URI_SCHEME_TEL || (uri->flags & SIP_URI_FLAG_BAD_HOST) == 0 ||
           read_address(uri->host, &address);
}
