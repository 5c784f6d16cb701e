/* sip-uri-compare.c
 * Whether two URIs are the same (RFC 3261 19.1.4, RFC 3966 4), and how well one fits the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-uri.h"

#include "sip-host.h"
#include "sip-uri-int.h"

/** Parameters, or headers, of one URI that are compared one by one; beyond that only the whole text counts. */
#define SIP_URI_MAX_PIECES 64

/** Digits that make a user part look like a telephone number; fewer are too common by chance. */
#define SIP_URI_MIN_NUMBER_DIGITS 3

/* ---- Characters ------------------------------------------------------------------------------------------------ */

/* RFC 3966 3: visual-separator. */
static bool
is_visual_separator(int unit)
{
    return is_one_of(unit, SIP_SLICE_LITERAL("-.()"));
}

/* The next character of a telephone number that counts: visual separators and case do not (RFC 3966 4). */
static int
next_of_number(sip_slice_t *rest)
{
    int unit;

    do {
        unit = next_loose(rest);
    } while (is_visual_separator(unit));
    return unit >= 'A' && unit <= 'Z' ? unit - 'A' + 'a' : unit;
}

/* As next_of_number, without the "+" that marks a global number. */
static int
next_of_digits(sip_slice_t *rest)
{
    int unit;

    do {
        unit = next_of_number(rest);
    } while (unit == '+');
    return unit;
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

/* The host in the value of a maddr parameter, which keeps the brackets of an IPv6 reference. */
static sip_slice_t
without_brackets(sip_slice_t host)
{
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        return sip_slice_make(host.ptr + 1, host.len - 2);
    }
    return host;
}

/* The user up to its own parameters (RFC 3261 19.1.6); all of it where nothing stands before the first ";". */
static sip_slice_t
user_without_params(const sip_uri_t *uri)
{
    const char *end = slice_end(uri->user);
    const char *semicolon = find_char_within(uri->whole.ptr, uri->user.ptr, end, ';');

    return semicolon > uri->user.ptr ? slice_between(uri->user.ptr, semicolon) : uri->user;
}

/* ---- Comparing lists ------------------------------------------------------------------------------------------- */

/* A list taken apart and sorted by name; fixed in size, so that neither memory nor time grows with the input. */
typedef struct {
    unsigned count;
    bool too_many;
    piece_t piece[SIP_URI_MAX_PIECES];      /* as they stand in the text */
    uint32_t name_hash[SIP_URI_MAX_PIECES]; /* of each piece */
    uint8_t order[SIP_URI_MAX_PIECES];      /* indices of piece[] by name; of one name as they stand in the text */
} piece_list_t;

/* Below, at or above 0 as piece i of a has a name before, equal to or after that of piece j of b, in any fixed order. */
static int
compare_names(const piece_list_t *a, unsigned i, const piece_list_t *b, unsigned j)
{
    SIP_URI_COUNT_UNIT();
    if (a->name_hash[i] != b->name_hash[j]) {
        return a->name_hash[i] < b->name_hash[j] ? -1 : 1;
    }
    return compare_units(a->piece[i].name, b->piece[j].name, next_nocase);
}

/* Merges the sorted runs [first, middle) and [middle, end) of from into to. */
static void
merge_runs(const piece_list_t *list, const uint8_t *from, uint8_t *to, unsigned first, unsigned middle, unsigned end)
{
    unsigned left = first, right = middle;

    for (unsigned i = first; i < end; i++) {
        const bool take_left =
            left < middle && (right == end || compare_names(list, from[left], list, from[right]) <= 0);

        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* A merge sort: the C library's own may take quadratic time, and may allocate. */
static void
sort_list(piece_list_t *list)
{
    uint8_t buffer[SIP_URI_MAX_PIECES];

    for (unsigned i = 0; i < list->count; i++) {
        list->order[i] = (uint8_t)i;
    }
    for (unsigned width = 1; width < list->count; width *= 2) {
        memcpy(buffer, list->order, list->count);
        for (unsigned first = 0; first < list->count; first += 2 * width) {
            merge_runs(list, buffer, list->order, first, MIN(first + width, list->count),
                       MIN(first + 2 * width, list->count));
        }
    }
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
        list->piece[list->count] = piece;
        list->name_hash[list->count] = hash_units(piece.name, next_nocase);
        list->count++;
    }
    sort_list(list);
}

/* A walk over the names of two lists. */
typedef struct {
    piece_list_t a, b;
    unsigned next_a, next_b; /* into order[] */
    bool repeats; /* a name may come again, and its nth piece goes with the nth; else only the first counts */
} pairing_t;

/* False where there are too many pieces to compare them one by one. */
static bool
pairing_init(pairing_t *pairing, sip_slice_t a, sip_slice_t b, char separator, bool repeats)
{
    split_list(&pairing->a, a, separator);
    split_list(&pairing->b, b, separator);
    pairing->next_a = pairing->next_b = 0;
    pairing->repeats = repeats;
    return !pairing->a.too_many && !pairing->b.too_many;
}

/* Takes the piece at *next, and passes over the later ones of its name where these do not count. */
static const piece_t *
pairing_take(const pairing_t *pairing, const piece_list_t *list, unsigned *next)
{
    const unsigned taken = list->order[*next];

    do {
        ++*next;
    } while (!pairing->repeats && *next < list->count && compare_names(list, taken, list, list->order[*next]) == 0);
    return &list->piece[taken];
}

/* What two lists have under one name. */
typedef struct {
    sip_slice_t name;
    bool in_a, in_b;
    sip_slice_t value_a, value_b; /* where it is there */
} pair_t;

/* The next name of either list. False at the end. */
static bool
pairing_next(pairing_t *pairing, pair_t *pair)
{
    const piece_list_t *a = &pairing->a, *b = &pairing->b;
    const bool more_a = pairing->next_a < a->count, more_b = pairing->next_b < b->count;
    int order = more_a ? -1 : 1;

    if (more_a && more_b) {
        order = compare_names(a, a->order[pairing->next_a], b, b->order[pairing->next_b]);
    }
    pair->in_a = more_a && order <= 0;
    pair->in_b = more_b && order >= 0;
    if (pair->in_a) {
        const piece_t *piece = pairing_take(pairing, a, &pairing->next_a);

        pair->name = piece->name;
        pair->value_a = piece->value;
    }
    if (pair->in_b) {
        const piece_t *piece = pairing_take(pairing, b, &pairing->next_b);

        pair->name = piece->name;
        pair->value_b = piece->value;
    }
    return more_a || more_b;
}

/** What makes two lists equal in which each piece must have its like on the other side. */
typedef struct {
    char separator;
    bool repeats; /**< as in pairing_t */
    bool (*same_value)(sip_slice_t name, sip_slice_t a, sip_slice_t b);
} list_rule_t;

static bool
same_list(sip_slice_t a, sip_slice_t b, const list_rule_t *rule)
{
    pairing_t pairing;
    pair_t pair;

    if (sip_slice_equal(a, b)) {
        return true;
    }
    if (!pairing_init(&pairing, a, b, rule->separator, rule->repeats)) {
        return false;
    }
    while (pairing_next(&pairing, &pair)) {
        if (!pair.in_a || !pair.in_b || !rule->same_value(pair.name, pair.value_a, pair.value_b)) {
            return false;
        }
    }
    return true;
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
    return sip_host_equal(without_brackets(a), without_brackets(b));
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
typedef struct {
    const char *name;
    sip_uri_diff_t diff;
    bool (*same_value)(sip_slice_t name, sip_slice_t a, sip_slice_t b);
} named_param_t;

static const named_param_t named_params[] = {
    {"transport", SIP_URI_DIFF_TRANSPORT, same_value_nocase},
    {"user", SIP_URI_DIFF_USER_PARAM, same_value_nocase},
    {"ttl", SIP_URI_DIFF_TTL, same_value_nocase},
    {"method", SIP_URI_DIFF_METHOD, same_value_exact}, /* RFC 3261 25.1: Method is in capitals */
    {"maddr", SIP_URI_DIFF_MADDR, same_value_host},
    {NULL, SIP_URI_DIFF_NONE, NULL},
};

/* The row of a parameter, or NULL where the name is not one of named_params. */
static const named_param_t *
find_named_param(sip_slice_t name)
{
    for (const named_param_t *row = named_params; row->name; row++) {
        if (same_units(name, sip_slice_from_string(row->name), next_nocase)) {
            return row;
        }
    }
    return NULL;
}

/* RFC 3966 4: a parameter name that the other side lacks makes tel: URIs differ. */
static const list_rule_t tel_param_rule = {';', false, same_value_tel};

/* RFC 3261 19.1.4: "URI header components are never ignored." Their order does not matter. */
static const list_rule_t header_rule = {'&', true, same_value_header};

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

/*
 * In what a parameter differs. RFC 3261 19.1.4: "Any uri-parameter appearing in both URIs must match"; one that appears
 * on one side only is ignored, unless it is in named_params.
 */
static sip_uri_diff_t
compare_sip_param(const pair_t *pair, compare_mode_t mode)
{
    const named_param_t *named = find_named_param(pair->name);
    bool same;

    if (pair->in_a && pair->in_b) {
        same = (named ? named->same_value : same_value_nocase)(pair->name, pair->value_a, pair->value_b);
    } else {
        same = named == NULL || (pair->in_a && mode == COMPARE_TARGET && named->diff == SIP_URI_DIFF_METHOD);
    }
    if (same) {
        return SIP_URI_DIFF_NONE;
    }
    return named ? named->diff : SIP_URI_DIFF_OTHER_PARAM;
}

/* Where there are too many to compare them one by one: only the named ones, and others only where one side has none. */
static sip_uri_diff_t
compare_too_many_sip_params(const sip_uri_t *a, const sip_uri_t *b, compare_mode_t mode)
{
    for (const named_param_t *row = named_params; row->name; row++) {
        pair_t pair = {.name = sip_slice_from_string(row->name)};

        pair.in_a = sip_uri_param(a, row->name, &pair.value_a);
        pair.in_b = sip_uri_param(b, row->name, &pair.value_b);
        if (pair.in_a || pair.in_b) {
            const sip_uri_diff_t diff = compare_sip_param(&pair, mode);

            if (diff != SIP_URI_DIFF_NONE) {
                return diff;
            }
        }
    }
    return a->params.len == 0 || b->params.len == 0 ? SIP_URI_DIFF_NONE : SIP_URI_DIFF_OTHER_PARAM;
}

/* The first difference in the order of sip_uri_diff_t. */
static sip_uri_diff_t
compare_sip_params(const sip_uri_t *a, const sip_uri_t *b, compare_mode_t mode)
{
    sip_uri_diff_t first = SIP_URI_DIFF_NONE;
    pairing_t pairing;
    pair_t pair;

    if (sip_slice_equal(a->params, b->params)) {
        return SIP_URI_DIFF_NONE;
    }
    if (!pairing_init(&pairing, a->params, b->params, ';', false)) {
        return compare_too_many_sip_params(a, b, mode);
    }
    while (pairing_next(&pairing, &pair)) {
        const sip_uri_diff_t diff = compare_sip_param(&pair, mode);

        if (diff != SIP_URI_DIFF_NONE && (first == SIP_URI_DIFF_NONE || diff < first)) {
            first = diff;
        }
    }
    return first;
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
    if (!sip_host_equal(a->host, b->host)) {
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
    if (is_service_urn(a) ? sip_slice_equal_nocase(a->opaque, b->opaque) : sip_slice_equal(a->opaque, b->opaque)) {
        return SIP_URI_DIFF_NONE;
    }
    return SIP_URI_DIFF_OPAQUE;
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
    return is_sip_kind(a) && is_sip_kind(b) && same_user_loosely(a, b) && sip_host_equal(a->host, b->host) &&
           ports_agree(a, b);
}

/* Takes the digits at the start of *rest into *hash. @return how many there were */
static size_t
hash_digit_run(sip_slice_t *rest, uint32_t *hash)
{
    const char *end = slice_end(*rest);
    const char *ptr = rest->ptr;
    uint32_t state = *hash;

    for (; ptr < end && *ptr >= '0' && *ptr <= '9'; ptr++) {
        state = hash_byte(state, (unsigned char)*ptr);
    }
    const size_t count = (size_t)(ptr - rest->ptr);
    *rest = slice_between(ptr, end);
    *hash = state;
    return count;
}

/* True for a telephone number; then *hash is that of its next_of_digits(). */
static bool
hash_number(sip_slice_t text, uint32_t *hash)
{
    size_t digits = 0;
    bool has_digits = false;
    int unit;

    *hash = HASH_START;
    do {
        const size_t run = hash_digit_run(&text, hash);

        digits += run;
        has_digits = has_digits || run > 0;
        unit = next_of_number(&text);
        if (unit >= '0' && unit <= '9') {
            digits++; /* it was escaped */
        } else if (unit != UNIT_END && !(unit == '+' && !has_digits) && unit != '*' && unit != '#') {
            return false;
        }
        if (unit != UNIT_END && unit != '+') {
            *hash = hash_byte(*hash, (unsigned)unit);
        }
        has_digits = true;
    } while (unit != UNIT_END);
    return digits >= SIP_URI_MIN_NUMBER_DIGITS;
}

static bool
is_telephone_number(sip_slice_t text)
{
    uint32_t hash;

    return hash_number(text, &hash);
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
    uint32_t hash;

    if (uri->scheme_kind == SIP_URI_SCHEME_OTHER) {
        return hash_units(uri->opaque, is_service_urn(uri) ? next_nocase : next_exact);
    }
    if (hash_number(user, &hash)) {
        return hash;
    }
    if (uri->scheme_kind == SIP_URI_SCHEME_TEL) {
        return hash_units(user, next_of_digits);
    }
    return user.len > 0 ? hash_units(user, next_loose) : sip_host_hash(uri->host);
}

uint32_t
sip_uri_place_key(const sip_uri_t *uri)
{
    uint32_t key = sip_uri_match_key(uri);

    if (is_sip_kind(uri)) {
        key ^= sip_host_hash(uri->host) * UINT32_C(2654435761); /* odd, so that user and host do not cancel out */
    }
    return key ? key : 1;
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

const char *
sip_uri_diff_name(sip_uri_diff_t difference)
{
    return (size_t)difference < G_N_ELEMENTS(diff_names) ? diff_names[difference] : "unknown";
}
