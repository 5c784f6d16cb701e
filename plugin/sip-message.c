/* sip-message.c
 * SIP messages in slices: start line, the headers that matter to redirection, and their values.
 *
 * Reading is lenient: what a person would still understand is read, and flagged where sip-message.h has a flag for it.
 * Every walk is linear in its input, whatever the input is; see lone_quote below.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "sip-message.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* SIP_SLICE_LITERAL() for the tables: a compound literal is no constant. */
#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

/* RFC 3261 8.3: "Malformed values SHOULD be treated as equivalent to 3600." */
#define SIP_EXPIRES_MALFORMED 3600

/* RFC 3261 8.1.1.5: CSeq numbers are less than 2**31. */
#define SIP_CSEQ_LIMIT 0x80000000u

/* An escaped Reason in a History-Info URI is decoded as far as this; protocol and cause come before the text. */
#define SIP_REASON_DECODE_SIZE 512

/* ---- Text ---- */

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Linear white space: a line end inside a value is folding, so it counts as a blank (RFC 3261 7.3.1, 25.1). */
static inline bool
is_lws(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static inline sip_slice_t
slice_between(const char *start, const char *end)
{
    return sip_slice_make(start, (size_t)(end - start));
}

/* Behind the last character. An absent slice has none to add to: NULL + 0 is undefined in C. */
static inline const char *
slice_end(sip_slice_t slice)
{
    return slice.len > 0 ? slice.ptr + slice.len : slice.ptr;
}

/* The first c in [start, end), or end. */
static inline const char *
find_char(const char *start, const char *end, char c)
{
    const char *found = start < end ? memchr(start, c, (size_t)(end - start)) : NULL;

    return found ? found : end;
}

/* As sip_slice_equal_nocase(), with less work for the spelling that nearly everybody uses. */
static inline bool
equal_name(sip_slice_t name, sip_slice_t usual)
{
    return sip_slice_equal(name, usual) || sip_slice_equal_nocase(name, usual);
}

/* How many c there are in [start, end). */
static size_t
count_char(const char *start, const char *end, char c)
{
    size_t count = 0;

    while ((start = find_char(start, end, c)) < end) {
        count++;
        start++;
    }
    return count;
}

static const char *
skip_lws(const char *ptr, const char *end)
{
    while (ptr < end && is_lws(*ptr)) {
        ptr++;
    }
    return ptr;
}

/* Just behind the quoted string that opens at open (RFC 3261 25.1), or NULL where it is not closed. */
static const char *
quoted_end(const char *open, const char *end)
{
    const char *ptr = open + 1;

    while (ptr < end) {
        if (*ptr == '"') {
            return ptr + 1;
        }
        ptr += *ptr == '\\' && end - ptr > 1 ? 2 : 1;
    }
    return NULL;
}

/*
 * Just behind the quoted string that opens at open, or open + 1 where the quote stands alone or means nothing.
 * Once a quote was found unclosed, no later one can be closed either unless it is an escaped one: remembering that
 * in *lone_quote reads "Bob <sip:b@h> as a person would, and keeps many such quotes from costing a scan each.
 */
static const char *
skip_quoted(const char *open, const char *end, bool *lone_quote)
{
    const char *close = *lone_quote ? NULL : quoted_end(open, end);

    if (close == NULL) {
        *lone_quote = true;
        return open + 1;
    }
    return close;
}

/* Reads the digits at the start of text; false where there are none or they exceed 32 bits. *rest is what follows. */
static bool
leading_uint32(sip_slice_t text, uint32_t *value, sip_slice_t *rest)
{
    uint64_t number = 0;
    bool fits = true;
    size_t i;

    for (i = 0; i < text.len && g_ascii_isdigit(text.ptr[i]); i++) {
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
        if (number > UINT32_MAX) {
            fits = false;
            number = 0;
        }
    }
    *rest = sip_slice_from(text, i);
    if (i == 0 || !fits) {
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

/* As leading_uint32() on a parameter's value, which may be absent or in quotes. */
static bool
param_uint32(sip_slice_t value, uint32_t *number)
{
    sip_slice_t rest;

    return value.ptr != NULL && leading_uint32(sip_slice_trim(sip_value_unquote(value)), number, &rest);
}

/* ---- Methods ---- */

static const struct {
    sip_slice_t name;
    sip_method_t id;
} method_names[] = {
    {TEXT("INVITE"), SIP_METHOD_INVITE},     {TEXT("ACK"), SIP_METHOD_ACK},
    {TEXT("BYE"), SIP_METHOD_BYE},           {TEXT("OPTIONS"), SIP_METHOD_OPTIONS},
    {TEXT("REGISTER"), SIP_METHOD_REGISTER}, {TEXT("CANCEL"), SIP_METHOD_CANCEL},
    {TEXT("NOTIFY"), SIP_METHOD_NOTIFY},     {TEXT("PRACK"), SIP_METHOD_PRACK},
    {TEXT("UPDATE"), SIP_METHOD_UPDATE},     {TEXT("MESSAGE"), SIP_METHOD_MESSAGE},
    {TEXT("PUBLISH"), SIP_METHOD_PUBLISH},   {TEXT("REFER"), SIP_METHOD_REFER},
    {TEXT("INFO"), SIP_METHOD_INFO},         {TEXT("SUBSCRIBE"), SIP_METHOD_SUBSCRIBE},
};

sip_method_t
sip_method_from_name(sip_slice_t name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(method_names); i++) {
        if (sip_slice_equal(name, method_names[i].name)) {
            return method_names[i].id;
        }
    }
    return SIP_METHOD_OTHER;
}

const char *
sip_method_name(sip_method_t method)
{
    for (size_t i = 0; i < ARRAY_LENGTH(method_names); i++) {
        if (method_names[i].id == method) {
            return method_names[i].name.ptr;
        }
    }
    return "";
}

/* token (RFC 3261 25.1) */
static bool
is_token(sip_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!g_ascii_isalnum(text.ptr[i]) && (text.ptr[i] == '\0' || strchr("-.!%*_+`'~", text.ptr[i]) == NULL)) {
            return false;
        }
    }
    return text.len > 0;
}

/* ---- Header names ---- */

/* Long and compact names by their first letter. A name that is not here is SIP_HEADER_OTHER. */
typedef struct {
    sip_slice_t text;
    sip_header_id_t id;
} header_name_t;

#define NAMES_PER_LETTER 7
#define NAMES_OF(letter) [(letter) - 'a']

static const header_name_t header_names[26][NAMES_PER_LETTER] = {
    NAMES_OF('a') = {{TEXT("Accept-Contact"), SIP_HEADER_ACCEPT_CONTACT}, {TEXT("a"), SIP_HEADER_ACCEPT_CONTACT}},
    NAMES_OF('c') = {{TEXT("Contact"), SIP_HEADER_CONTACT},
                     {TEXT("Call-ID"), SIP_HEADER_CALL_ID},
                     {TEXT("CSeq"), SIP_HEADER_CSEQ},
                     {TEXT("Content-Length"), SIP_HEADER_CONTENT_LENGTH},
                     {TEXT("Content-Type"), SIP_HEADER_CONTENT_TYPE},
                     {TEXT("c"), SIP_HEADER_CONTENT_TYPE},
                     {TEXT("Call-Info"), SIP_HEADER_CALL_INFO}},
    NAMES_OF('d') = {{TEXT("Diversion"), SIP_HEADER_DIVERSION}},
    NAMES_OF('e') = {{TEXT("Expires"), SIP_HEADER_EXPIRES}, {TEXT("Error-Info"), SIP_HEADER_ERROR_INFO}},
    NAMES_OF('f') = {{TEXT("From"), SIP_HEADER_FROM}, {TEXT("f"), SIP_HEADER_FROM}},
    NAMES_OF('h') = {{TEXT("History-Info"), SIP_HEADER_HISTORY_INFO}},
    NAMES_OF('i') = {{TEXT("i"), SIP_HEADER_CALL_ID}, {TEXT("Identity"), SIP_HEADER_IDENTITY}},
    NAMES_OF('j') = {{TEXT("Join"), SIP_HEADER_JOIN}},
    NAMES_OF('l') = {{TEXT("l"), SIP_HEADER_CONTENT_LENGTH}},
    NAMES_OF('m') = {{TEXT("Max-Forwards"), SIP_HEADER_MAX_FORWARDS}, {TEXT("m"), SIP_HEADER_CONTACT}},
    NAMES_OF('p') = {{TEXT("P-Asserted-Identity"), SIP_HEADER_P_ASSERTED_IDENTITY}},
    NAMES_OF('r') = {{TEXT("Route"), SIP_HEADER_ROUTE},
                     {TEXT("Record-Route"), SIP_HEADER_RECORD_ROUTE},
                     {TEXT("Reason"), SIP_HEADER_REASON},
                     {TEXT("Replaces"), SIP_HEADER_REPLACES},
                     {TEXT("Retry-After"), SIP_HEADER_RETRY_AFTER}},
    NAMES_OF('s') = {{TEXT("Session-ID"), SIP_HEADER_SESSION_ID}},
    NAMES_OF('t') = {{TEXT("To"), SIP_HEADER_TO}, {TEXT("t"), SIP_HEADER_TO}},
    NAMES_OF('v') = {{TEXT("Via"), SIP_HEADER_VIA}, {TEXT("v"), SIP_HEADER_VIA}},
    NAMES_OF('w') = {{TEXT("Warning"), SIP_HEADER_WARNING}},
    NAMES_OF('y') = {{TEXT("y"), SIP_HEADER_IDENTITY}},
};

static sip_header_id_t
header_id(sip_slice_t name)
{
    unsigned letter = name.len > 0 ? (unsigned)(name.ptr[0] | 0x20) - 'a' : ARRAY_LENGTH(header_names);

    if (letter < ARRAY_LENGTH(header_names)) {
        const header_name_t *last = header_names[letter] + NAMES_PER_LETTER;

        for (const header_name_t *row = header_names[letter]; row < last && row->text.ptr; row++) {
            if (row->text.len == name.len && equal_name(name, row->text)) {
                return row->id;
            }
        }
    }
    return SIP_HEADER_OTHER;
}

/* ---- Lines ---- */

/* Just behind the line end at or after ptr, or end. */
static inline const char *
after_line(const char *ptr, const char *end)
{
    const char *feed = find_char(ptr, end, '\n');

    return feed < end ? feed + 1 : end;
}

/* Where the text of the line ends whose line end is behind it, at next. */
static inline const char *
strip_line_end(const char *start, const char *next)
{
    if (next > start && next[-1] == '\n') {
        next--;
    }
    while (next > start && next[-1] == '\r') {
        next--;
    }
    return next;
}

/*
 * Takes one header line with its continuation lines (RFC 3261 7.3.1) off *rest.
 * False at an empty line, which stays in *rest, and at the end.
 */
static inline bool
take_line(sip_slice_t *rest, sip_slice_t *line)
{
    const char *start = rest->ptr;
    const char *end = slice_end(*rest);
    const char *next = after_line(start, end);
    const char *stop = strip_line_end(start, next);

    if (stop == start) {
        return false;
    }
    if (next < end && is_blank(*next)) {
        do {
            next = after_line(next, end);
        } while (next < end && is_blank(*next));
        stop = strip_line_end(start, next);
    }
    *line = slice_between(start, stop);
    *rest = slice_between(next, end);
    return true;
}

/* Parts "name : value" (HCOLON allows blanks before the colon). False where there is no colon. */
static inline bool
split_line(sip_slice_t line, sip_slice_t *name, sip_slice_t *value)
{
    const char *end = slice_end(line);
    const char *colon = find_char(line.ptr, end, ':');
    const char *name_end = colon;

    if (colon == end) {
        return false;
    }
    while (name_end > line.ptr && is_blank(name_end[-1])) {
        name_end--;
    }
    *name = slice_between(line.ptr, name_end);
    *value = slice_between(colon + 1, end);
    return true;
}

/* The bit of a name's first letter, without case; 0 for what is no letter. */
static inline uint32_t
letter_bit(sip_slice_t name)
{
    unsigned letter = name.len > 0 ? (unsigned)(name.ptr[0] | 0x20) - 'a' : ARRAY_LENGTH(header_names);

    return letter < ARRAY_LENGTH(header_names) ? UINT32_C(1) << letter : 0;
}

/*
 * Takes lines off *rest up to the first one with an id (any where wanted is SIP_HEADER_OTHER). False at the end.
 * *other_letters collects the first letters of the names that were passed over.
 */
static bool
take_header(sip_slice_t *rest, sip_header_id_t wanted, sip_header_t *header, uint32_t *other_letters)
{
    sip_slice_t line;

    while (take_line(rest, &line)) {
        if (!split_line(line, &header->name, &header->value)) {
            continue;
        }
        header->id = header_id(header->name);
        if (header->id != SIP_HEADER_OTHER && (wanted == SIP_HEADER_OTHER || header->id == wanted)) {
            header->value = sip_slice_trim(header->value);
            return true;
        }
        *other_letters |= letter_bit(header->name);
    }
    return false;
}

/* ---- Values and parameters ---- */

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

/* Takes the next value off *rest, trimmed; passes over empty ones. False at the end. */
static bool
take_value(sip_slice_t *rest, bool *lone_quote, sip_slice_t *value)
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

void
sip_value_iter_init(sip_value_iter_t *iter, const sip_message_t *message, sip_header_id_t id)
{
    iter->message = message;
    iter->id = id;
    iter->next_line = 0;
    iter->rest = SIP_SLICE_NONE;
    iter->unkept = message->unkept;
    iter->lone_quote = false;
}

/* Moves on to the next line with the id. */
static bool
value_iter_next_line(sip_value_iter_t *iter)
{
    sip_header_t header;
    uint32_t other_letters = 0;

    iter->lone_quote = false;
    while (iter->next_line < iter->message->header_count) {
        const sip_header_t *kept = &iter->message->header[iter->next_line++];

        if (kept->id == iter->id) {
            iter->rest = kept->value;
            return true;
        }
    }
    if (iter->id == SIP_HEADER_OTHER || !take_header(&iter->unkept, iter->id, &header, &other_letters)) {
        return false;
    }
    iter->rest = header.value;
    return true;
}

bool
sip_value_iter_next(sip_value_iter_t *iter, sip_slice_t *value)
{
    do {
        if (take_value(&iter->rest, &iter->lone_quote, value)) {
            return true;
        }
    } while (value_iter_next_line(iter));
    return false;
}

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
        const char *behind = skip_quoted(value, end, lone_quote);

        return behind > stop ? find_char(behind, end, ';') : stop;
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

/* As find_param(), for parameters in the spelling that nearly everybody uses; false where that is not certain. */
static bool
find_plain_param(sip_slice_t params, sip_slice_t wanted, sip_slice_t *value)
{
    const char *end = slice_end(params);
    const char *ptr = params.ptr;

    while (end - ptr > (ptrdiff_t)wanted.len && !is_lws(*ptr)) {
        const char *behind = ptr + wanted.len;
        const char *stop = find_char(ptr, end, ';');

        if (find_char(ptr, stop, '"') < stop) {
            return false;
        }
        if (behind < stop && equal_name(slice_between(ptr, behind), wanted) && !g_ascii_isalnum(*behind)) {
            *value = sip_slice_trim(slice_between(behind + 1, stop));
            return *behind == '=';
        }
        ptr = stop < end ? stop + 1 : end;
    }
    return false;
}

static bool
find_param(sip_slice_t params, sip_slice_t wanted, sip_slice_t *value)
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
    return find_param(params, sip_slice_from_string(name), value);
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

/* ---- Addresses ---- */

typedef struct {
    sip_slice_t display_name;
    sip_slice_t uri;
    sip_slice_t params;
    unsigned flags;
} address_parts_t;

/* From the first ";" in [start, end) on, without it; absent where there is none. */
static sip_slice_t
params_between(const char *start, const char *end)
{
    const char *semicolon = find_char(start, end, ';');

    return semicolon < end ? slice_between(semicolon + 1, end) : SIP_SLICE_NONE;
}

/*
 * The "<" of a name-addr, or NULL where value is an addr-spec. A "<" in the parameters or headers of an addr-spec does
 * not make a name-addr of it; in "bob@h <sip:bob@h>" and "Really? <sip:bob@h>" it does.
 */
static const char *
find_angle(sip_slice_t value)
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

/* Takes the text between the brackets and the parameters behind them; brackets may nest, as in "?Route=<sip:p>". */
static void
split_name_addr(sip_slice_t value, const char *open, address_parts_t *parts)
{
    const char *end = slice_end(value);
    const char *close = NULL;
    size_t depth = 1;

    for (const char *ptr = open + 1; depth > 0; ptr = close + 1) {
        const char *next = find_char(ptr, end, '>');

        if (next == end) {
            parts->flags |= SIP_ADDRESS_FLAG_UNCLOSED;
            break;
        }
        close = next;
        depth += count_char(ptr, close, '<');
        depth--;
    }
    parts->display_name = sip_slice_trim(slice_between(value.ptr, open));
    if (parts->display_name.len == 0) {
        parts->display_name = SIP_SLICE_NONE;
    } else if (parts->display_name.ptr[0] == '"' && quoted_end(parts->display_name.ptr, open) == NULL) {
        parts->flags |= SIP_ADDRESS_FLAG_UNCLOSED;
    }
    parts->uri = sip_slice_trim(slice_between(open + 1, close ? close : end));
    parts->params = close ? params_between(close, end) : SIP_SLICE_NONE;
}

/* Parts a trimmed name-addr or addr-spec (RFC 3261 20.10, 25.1). */
static void
split_address(sip_slice_t value, address_parts_t *parts)
{
    const char *end = slice_end(value);
    const char *open = find_angle(value);

    parts->display_name = SIP_SLICE_NONE;
    parts->flags = 0;
    if (open) {
        split_name_addr(value, open, parts);
        return;
    }
    /* RFC 3261 20.10: without brackets "all parameters after the URI are header parameters, not URI parameters" */
    parts->flags |= SIP_ADDRESS_FLAG_BARE;
    parts->uri = sip_slice_trim(slice_between(value.ptr, find_char(value.ptr, end, ';')));
    parts->params = params_between(value.ptr, end);
    if (find_char(parts->uri.ptr, slice_end(parts->uri), '?') < slice_end(parts->uri)) {
        parts->flags |= SIP_ADDRESS_FLAG_BARE_QUESTION;
    }
}

bool
sip_address_parse(sip_slice_t value, sip_address_t *address)
{
    address_parts_t parts;

    memset(address, 0, sizeof(*address));
    address->whole = sip_slice_trim(value);
    if (!sip_slice_has_text(address->whole)) {
        return false;
    }
    split_address(address->whole, &parts);
    address->display_name = parts.display_name;
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

/* ---- The message ---- */

/* SIP-Version (RFC 3261 7.1: "case-insensitive, but implementations MUST send upper-case"). */
static const sip_slice_t sip_version = TEXT("SIP/2.0");

/* Status-Line = SIP-Version SP Status-Code SP Reason-Phrase; a missing SP before a missing phrase is let through. */
static bool
parse_status_line(sip_slice_t line, sip_message_t *message)
{
    const size_t code = sip_version.len + 1;
    uint32_t status;

    if (line.len < code + 3 || !sip_slice_to_uint32(sip_slice_make(line.ptr + code, 3), &status) || status < 100 ||
        status > 699 || (line.len > code + 3 && line.ptr[code + 3] != ' ')) {
        return false;
    }
    message->is_response = true;
    message->status = (uint16_t)status;
    message->phrase = sip_slice_trim(sip_slice_from(line, code + 3));
    message->method = SIP_SLICE_NONE;
    message->method_id = SIP_METHOD_OTHER;
    message->request_uri = SIP_SLICE_NONE;
    return true;
}

/* Request-Line = Method SP Request-URI SP SIP-Version; more blanks, also inside the URI, are let through. */
static bool
parse_request_line(sip_slice_t line, sip_message_t *message)
{
    sip_slice_t trimmed = sip_slice_trim(line);
    const char *end = slice_end(trimmed);
    const char *method_end = find_char(trimmed.ptr, end, ' ');
    const char *version = end - MIN(sip_version.len, trimmed.len);

    if (trimmed.ptr != line.ptr || method_end >= version || !is_blank(version[-1]) ||
        !equal_name(slice_between(version, end), sip_version)) {
        return false;
    }
    message->is_response = false;
    message->status = 0;
    message->phrase = SIP_SLICE_NONE;
    message->method = slice_between(trimmed.ptr, method_end);
    message->method_id = sip_method_from_name(message->method);
    message->request_uri = sip_slice_trim(slice_between(method_end, version));
    if (message->method_id == SIP_METHOD_OTHER && !is_token(message->method)) {
        message->flags |= SIP_MESSAGE_FLAG_BAD_METHOD;
    }
    return message->request_uri.len > 0;
}

static bool
parse_start_line(sip_slice_t line, sip_message_t *message)
{
    /* A NUL means that this is some other protocol's data, as Wireshark's own SIP dissector takes it too. */
    if (line.len == 0 || memchr(line.ptr, '\0', line.len)) {
        return false;
    }
    if (line.len > sip_version.len && line.ptr[sip_version.len] == ' ' && sip_slice_starts_nocase(line, sip_version)) {
        return parse_status_line(line, message);
    }
    return parse_request_line(line, message);
}

/* Just behind the second "/" of a Via value, which may have blanks around it, or NULL where there is none. */
static const char *
skip_via_version(const char *start, const char *end)
{
    static const char usual[] = {'S', 'I', 'P', '/', '2', '.', '0', '/'};
    const char *slash;

    if ((size_t)(end - start) > sizeof(usual) && memcmp(start, usual, sizeof(usual)) == 0) {
        return start + sizeof(usual);
    }
    slash = find_char(start, end, '/');
    slash = slash < end ? find_char(slash + 1, end, '/') : end;
    return slash < end ? slash + 1 : NULL;
}

/* via-parm = sent-protocol LWS sent-by *( SEMI via-params ), blanks and folding around every part (RFC 3261 25.1) */
static void
parse_via(sip_slice_t value, sip_via_t *via)
{
    const char *end = slice_end(value);
    const char *head_end = find_char(value.ptr, end, ';');
    const char *behind_version = skip_via_version(value.ptr, head_end);

    *via = (sip_via_t){0};
    if (behind_version) {
        const char *transport = skip_lws(behind_version, head_end);
        const char *transport_end = transport;

        while (transport_end < head_end && !is_lws(*transport_end)) {
            transport_end++;
        }
        via->transport = slice_between(transport, transport_end);
        via->sent_by = sip_slice_trim(slice_between(transport_end, head_end));
    }
    if (head_end < end) {
        (void)find_param(slice_between(head_end, end), SIP_SLICE_LITERAL("branch"), &via->branch);
    }
}

static void
read_vias(sip_message_t *message, sip_slice_t rest)
{
    bool lone_quote = false;
    sip_slice_t value;

    while (take_value(&rest, &lone_quote, &value)) {
        message->via_count++;
        if (message->via_kept < SIP_MESSAGE_MAX_VIAS) {
            parse_via(value, &message->via[message->via_kept++]);
        } else {
            message->flags |= SIP_MESSAGE_FLAG_TOO_MANY_VIAS;
        }
    }
}

/* CSeq = 1*DIGIT LWS Method (RFC 3261 20.16) */
static void
read_cseq(sip_message_t *message, sip_slice_t value)
{
    sip_slice_t rest;

    message->has_cseq = leading_uint32(value, &message->cseq, &rest);
    message->cseq_method = sip_slice_trim(rest);
    message->cseq_method_id = sip_method_from_name(message->cseq_method);
    if (!message->has_cseq || message->cseq >= SIP_CSEQ_LIMIT || rest.len == 0 || !is_lws(rest.ptr[0])) {
        message->flags |= SIP_MESSAGE_FLAG_BAD_CSEQ;
    }
}

static void
read_party(sip_slice_t value, sip_slice_t *uri, sip_slice_t *tag)
{
    address_parts_t parts;

    split_address(value, &parts);
    *uri = parts.uri;
    if (parts.params.len > 0) {
        (void)find_param(parts.params, SIP_SLICE_LITERAL("tag"), tag);
    }
}

/* Sets the fields that come from one header line; of a header that may stand once, the first is used. */
static void
read_header(sip_message_t *message, const sip_header_t *header)
{
    switch (header->id) {
    case SIP_HEADER_VIA:
        read_vias(message, header->value);
        break;
    case SIP_HEADER_CALL_ID:
        if (message->call_id.ptr) {
            message->flags |= SIP_MESSAGE_FLAG_DUPLICATE_CALL_ID;
        } else {
            message->call_id = header->value;
        }
        break;
    case SIP_HEADER_CSEQ:
        if (message->cseq_method.ptr) {
            message->flags |= SIP_MESSAGE_FLAG_DUPLICATE_CSEQ;
        } else {
            read_cseq(message, header->value);
        }
        break;
    case SIP_HEADER_FROM:
        if (message->from_uri.ptr == NULL) {
            read_party(header->value, &message->from_uri, &message->from_tag);
        }
        break;
    case SIP_HEADER_TO:
        if (message->to_uri.ptr == NULL) {
            read_party(header->value, &message->to_uri, &message->to_tag);
        }
        break;
    default:
        break;
    }
}

/* Reads all header lines; *rest is then at the empty line or at the end. */
static void
read_headers(sip_message_t *message, sip_slice_t *rest)
{
    sip_header_t unkept = {0};
    sip_header_t *header = message->header;

    while (take_header(rest, SIP_HEADER_OTHER, header, &message->other_letters)) {
        read_header(message, header);
        message->present |= UINT32_C(1) << header->id;
        if (header == &unkept) {
            if (message->unkept.ptr == NULL) {
                message->unkept = slice_between(unkept.name.ptr, slice_end(*rest));
                message->flags |= SIP_MESSAGE_FLAG_TOO_MANY_HEADERS;
            }
            continue;
        }
        message->header_count++;
        header = message->header_count < SIP_MESSAGE_MAX_HEADERS ? header + 1 : &unkept;
    }
}

/* All but the start line's fields, the arrays left as they are: zeroing 5 kB would cost more than the parsing. */
static void
clear_fields(sip_message_t *message)
{
    message->call_id = SIP_SLICE_NONE;
    message->has_cseq = false;
    message->cseq = 0;
    message->cseq_method = SIP_SLICE_NONE;
    message->cseq_method_id = SIP_METHOD_OTHER;
    message->from_uri = SIP_SLICE_NONE;
    message->from_tag = SIP_SLICE_NONE;
    message->to_uri = SIP_SLICE_NONE;
    message->to_tag = SIP_SLICE_NONE;
    message->via_kept = 0;
    message->via_count = 0;
    message->header_count = 0;
    message->unkept = SIP_SLICE_NONE;
    message->present = 0;
    message->other_letters = 0;
    message->flags = 0;
}

/* Just behind CRLF, LF or a bare CR. */
static const char *
skip_line_end(const char *ptr, const char *end)
{
    if (ptr < end && *ptr == '\r') {
        ptr++;
    }
    if (ptr < end && *ptr == '\n') {
        ptr++;
    }
    return ptr;
}

/* A bare CR ends the start line, if no other one: what Wireshark takes for a SIP message is one here too. */
bool
sip_message_parse(sip_slice_t text, sip_message_t *message)
{
    const char *end = slice_end(text);
    const char *feed = find_char(text.ptr, end, '\n');
    const char *start_line_end = find_char(text.ptr, feed, '\r');
    const char *first = skip_line_end(start_line_end, end);
    sip_slice_t rest = slice_between(first, end);

    clear_fields(message);
    if (!parse_start_line(slice_between(text.ptr, start_line_end), message)) {
        return false;
    }
    read_headers(message, &rest);
    message->headers = slice_between(first, rest.ptr);
    feed = find_char(rest.ptr, end, '\n');
    if (feed == end) {
        message->flags |= SIP_MESSAGE_FLAG_NO_END;
        message->body = slice_between(end, end);
    } else {
        message->body = slice_between(feed + 1, end);
    }
    return true;
}

/* Most headers stand in few messages: asking for one that is not there costs next to nothing. */
static inline bool
has_header(const sip_message_t *message, sip_header_id_t id)
{
    return (message->present & UINT32_C(1) << id) != 0;
}

const sip_header_t *
sip_message_header(const sip_message_t *message, sip_header_id_t id)
{
    if (!has_header(message, id)) {
        return NULL;
    }
    for (unsigned i = 0; i < message->header_count; i++) {
        if (message->header[i].id == id) {
            return &message->header[i];
        }
    }
    return NULL;
}

bool
sip_message_header_by_name(const sip_message_t *message, sip_slice_t name, sip_slice_t *value)
{
    sip_slice_t rest = message->headers;
    sip_slice_t line, found, found_value;

    if (name.len == 0 || (header_id(name) == SIP_HEADER_OTHER && letter_bit(name) != 0 &&
                          (message->other_letters & letter_bit(name)) == 0)) {
        return false;
    }
    while (take_line(&rest, &line)) {
        if (((line.ptr[0] ^ name.ptr[0]) | 0x20) == 0x20 && split_line(line, &found, &found_value) &&
            sip_slice_equal_nocase(found, name)) {
            *value = sip_slice_trim(found_value);
            return true;
        }
    }
    return false;
}

/* ---- Single headers ---- */

bool
sip_message_expires(const sip_message_t *message, uint32_t *seconds, bool *malformed)
{
    const sip_header_t *header = sip_message_header(message, SIP_HEADER_EXPIRES);

    if (header == NULL) {
        return false;
    }
    *malformed = !sip_slice_to_uint32(header->value, seconds);
    if (*malformed) {
        *seconds = SIP_EXPIRES_MALFORMED;
    }
    return true;
}

/* The comment that opens at the start of text, without its parentheses; *rest is what follows (RFC 3261 25.1). */
static sip_slice_t
take_comment(sip_slice_t text, sip_slice_t *rest)
{
    size_t depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\') {
            i++;
        } else if (text.ptr[i] == '(') {
            depth++;
        } else if (text.ptr[i] == ')' && --depth == 0) {
            *rest = sip_slice_from(text, i + 1);
            return sip_slice_make(text.ptr + 1, i - 1);
        }
    }
    *rest = sip_slice_from(text, text.len);
    return sip_slice_from(text, 1);
}

bool
sip_message_retry_after(const sip_message_t *message, sip_retry_after_t *retry_after)
{
    const sip_header_t *header = sip_message_header(message, SIP_HEADER_RETRY_AFTER);
    sip_slice_t rest, duration;

    *retry_after = (sip_retry_after_t){0};
    if (header == NULL || !leading_uint32(header->value, &retry_after->seconds, &rest)) {
        return false;
    }
    rest = sip_slice_trim(rest);
    if (rest.len > 0 && rest.ptr[0] == '(') {
        retry_after->comment = take_comment(rest, &rest);
    }
    if (sip_param_find(rest, "duration", &duration)) {
        retry_after->has_duration = param_uint32(duration, &retry_after->duration);
    }
    return true;
}

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
    params = params_between(whole.ptr, end);
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

    for (size_t i = 0; i < ARRAY_LENGTH(network_blocked_reasons); i++) {
        if (reason->has_cause && reason->cause == network_blocked_reasons[i].cause &&
            sip_slice_equal_nocase(reason->protocol, network_blocked_reasons[i].protocol)) {
            sip_param_iter_init(&iter, reason->text);
            return sip_param_iter_next(&iter, &name, &value) && sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("v")) &&
                   sip_slice_equal_nocase(value, SIP_SLICE_LITERAL("analytics1"));
        }
    }
    return false;
}

/* Sets the details from the first Reason that fits; all are absent where none does. */
static bool
find_network_blocked_reason(const sip_message_t *message, sip_network_blocked_t *details)
{
    sip_value_iter_t iter;
    sip_slice_t value;
    sip_reason_t reason;

    *details = (sip_network_blocked_t){0};
    sip_value_iter_init(&iter, message, SIP_HEADER_REASON);
    while (sip_value_iter_next(&iter, &value)) {
        if (sip_reason_parse(value, &reason) && is_network_blocked_reason(&reason)) {
            (void)sip_param_find(reason.text, "url", &details->url);
            (void)sip_param_find(reason.text, "tel", &details->tel);
            (void)sip_param_find(reason.text, "email", &details->email);
            (void)sip_param_find(reason.text, "id", &details->id);
            details->location = reason.location;
            return true;
        }
    }
    return false;
}

sip_network_blocked_kind_t
sip_message_network_blocked(const sip_message_t *message, sip_network_blocked_t *details)
{
    bool is_603 = message->is_response && message->status == 603;
    bool phrase = is_603 && sip_slice_equal_nocase(message->phrase, SIP_SLICE_LITERAL("Network Blocked"));
    bool reason = find_network_blocked_reason(message, details) && is_603;

    if (phrase) {
        return reason ? SIP_NETWORK_BLOCKED_YES : SIP_NETWORK_BLOCKED_PHRASE_ONLY;
    }
    return reason ? SIP_NETWORK_BLOCKED_REASON_ONLY : SIP_NETWORK_BLOCKED_NO;
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
    (void)sip_param_find(entry->address.params, "np", &entry->np);
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
    const sip_header_t *header = sip_message_header(message, SIP_HEADER_SESSION_ID);
    sip_slice_t value, found;
    const char *end;

    *local = *remote = SIP_SLICE_NONE;
    if (header == NULL) {
        return false;
    }
    value = header->value;
    end = slice_end(value);
    found = sip_slice_trim(slice_between(value.ptr, find_char(value.ptr, end, ';')));
    if (!is_session_uuid(found)) {
        return false;
    }
    *local = found;
    if (sip_param_find(params_between(value.ptr, end), "remote", &found) && is_session_uuid(found)) {
        *remote = found;
    }
    return true;
}
