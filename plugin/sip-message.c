/* sip-message.c
 * SIP messages in slices: start line, header lines, Via.
 *
 * Reading is lenient: what a person would still understand is read, and flagged where sip-message.h has a flag for it.
 * Every walk is linear in its input, whatever the input is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-message.h"

#include "sip-address.h"
#include "sip-param.h"
#include "sip-text-int.h"

/* RFC 3261 8.1.1.5: CSeq numbers are less than 2**31. */
#define SIP_CSEQ_LIMIT 0x80000000u

#define LETTERS 26
#define LETTER_BITS 0x1f

_Static_assert(SIP_HEADER_COUNT <= 32, "the ids fit sip_message_t.present");

/* ---- Methods ---- */

static const sip_slice_t method_names[SIP_METHOD_COUNT] = {
    [SIP_METHOD_INVITE] = TEXT("INVITE"),     [SIP_METHOD_ACK] = TEXT("ACK"),
    [SIP_METHOD_BYE] = TEXT("BYE"),           [SIP_METHOD_OPTIONS] = TEXT("OPTIONS"),
    [SIP_METHOD_REGISTER] = TEXT("REGISTER"), [SIP_METHOD_CANCEL] = TEXT("CANCEL"),
    [SIP_METHOD_NOTIFY] = TEXT("NOTIFY"),     [SIP_METHOD_SUBSCRIBE] = TEXT("SUBSCRIBE"),
    [SIP_METHOD_PRACK] = TEXT("PRACK"),       [SIP_METHOD_UPDATE] = TEXT("UPDATE"),
    [SIP_METHOD_MESSAGE] = TEXT("MESSAGE"),   [SIP_METHOD_PUBLISH] = TEXT("PUBLISH"),
    [SIP_METHOD_REFER] = TEXT("REFER"),       [SIP_METHOD_INFO] = TEXT("INFO"),
};

sip_method_t
sip_method_from_name(sip_slice_t name)
{
    for (unsigned id = SIP_METHOD_OTHER + 1; id < SIP_METHOD_COUNT; id++) {
        /* The first letter keeps most names from costing a call. */
        if (name.len == method_names[id].len && name.ptr[0] == method_names[id].ptr[0] &&
            memcmp(name.ptr, method_names[id].ptr, name.len) == 0) {
            return (sip_method_t)id;
        }
    }
    return SIP_METHOD_OTHER;
}

const char *
sip_method_name(sip_method_t method)
{
    return (unsigned)method < SIP_METHOD_COUNT ? method_names[method].ptr : NULL;
}

/* ---- Header names ---- */

/* The first bytes of a line, to be compared all at once. */
#define HEAD_SIZE 8

typedef union {
    char bytes[HEAD_SIZE];
    uint64_t word;
} head_t;

/* Long and compact names by their first letter, the frequent ones first. A name not here is SIP_HEADER_OTHER. */
typedef struct {
    head_t head;     /* the beginning of text */
    head_t mask;     /* all bits of the bytes of head that are set: the usual spelling */
    head_t any_case; /* the bits that any spelling has: not the one for the case, and of the colon, before which
                        blanks may stand, only that it is no letter */
    char text[22];   /* the name and a colon */
    uint8_t len;     /* without the colon; 0 ends the list */
    uint8_t id;
    bool is_short; /* head holds all of text */
} header_name_t;

#define NAMES_PER_LETTER 7
/* The low bits of a letter are its number, in both cases; what is no letter shares its place with one. */
#define NAMES_OF(letter) [(letter)&LETTER_BITS]
#define TEXT_BYTE(name, i) (sizeof(name ":") > (i) ? (name ":")[sizeof(name ":") > (i) ? (i) : 0] : '\0')
#define MASK_BYTE(name, i) (sizeof(name) > (i) ? '\xff' : '\0')
#define ANY_CASE_BYTE(name, i) (sizeof(name) - 1 > (i) ? '\xdf' : sizeof(name) - 1 == (i) ? '\x40' : '\0')
#define BYTES(of, name)                                                                                                \
    {                                                                                                                  \
        {                                                                                                              \
            of(name, 0), of(name, 1), of(name, 2), of(name, 3), of(name, 4), of(name, 5), of(name, 6), of(name, 7)     \
        }                                                                                                              \
    }
#define NAME(name, id)                                                                                                 \
    {                                                                                                                  \
        BYTES(TEXT_BYTE, name), BYTES(MASK_BYTE, name), BYTES(ANY_CASE_BYTE, name), name ":", sizeof(name) - 1,        \
            SIP_HEADER_##id, sizeof(name) - 1 < HEAD_SIZE                                                              \
    }

static const header_name_t header_names[LETTER_BITS + 1][NAMES_PER_LETTER] = {
    NAMES_OF('c') = {NAME("Call-ID", CALL_ID), NAME("CSeq", CSEQ), NAME("Contact", CONTACT),
                     NAME("Content-Type", CONTENT_TYPE), NAME("c", CONTENT_TYPE), NAME("Call-Info", CALL_INFO)},
    NAMES_OF('d') = {NAME("Diversion", DIVERSION)},
    NAMES_OF('e') = {NAME("Expires", EXPIRES), NAME("Error-Info", ERROR_INFO)},
    NAMES_OF('f') = {NAME("From", FROM), NAME("f", FROM)},
    NAMES_OF('h') = {NAME("History-Info", HISTORY_INFO)},
    NAMES_OF('i') = {NAME("i", CALL_ID), NAME("Identity", IDENTITY)},
    NAMES_OF('j') = {NAME("Join", JOIN)},
    NAMES_OF('m') = {NAME("m", CONTACT)},
    NAMES_OF('p') = {NAME("P-Asserted-Identity", P_ASSERTED_IDENTITY)},
    NAMES_OF('r') = {NAME("Route", ROUTE), NAME("Reason", REASON), NAME("Replaces", REPLACES),
                     NAME("Retry-After", RETRY_AFTER)},
    NAMES_OF('s') = {NAME("Server", SERVER), NAME("Session-ID", SESSION_ID)},
    NAMES_OF('t') = {NAME("To", TO), NAME("t", TO)},
    NAMES_OF('u') = {NAME("User-Agent", USER_AGENT)},
    NAMES_OF('v') = {NAME("Via", VIA), NAME("v", VIA)},
    NAMES_OF('w') = {NAME("Warning", WARNING)},
    NAMES_OF('y') = {NAME("y", IDENTITY)},
};

/* The number of a letter from 0 on, without case; LETTERS or more for what is none. */
static inline unsigned
letter_number(char c)
{
    return (unsigned)(unsigned char)(c | 0x20) - 'a';
}

/* The bit of a letter without case; 0 for what is none. */
static inline uint32_t
letter_bit(char c)
{
    const unsigned number = letter_number(c);

    return number < LETTERS ? UINT32_C(1) << number : 0;
}

/*
 * Headers without an id are sought by names that users choose, and walking all lines for each costs more than all
 * else that is done with most messages: so two characters of each line are noted that tell the usual names apart.
 */
#define PAIR_AT 5

/* The bit of the first character of a name and of that at PAIR_AT, without case. */
static inline uint64_t
pair_bit(const char *name)
{
    return UINT64_C(1) << (((unsigned char)(name[0] | 0x20) * 11U + (unsigned char)(name[PAIR_AT] | 0x20)) & 63);
}

/* The bytes of [text, end), which are fewer than HEAD_SIZE, and zeros. */
static G_GNUC_NO_INLINE uint64_t
short_head(const char *text, const char *end)
{
    head_t head = {.word = 0};

    for (size_t i = 0; text + i < end; i++) {
        head.bytes[i] = text[i];
    }
    return head.word;
}

/* The first bytes of [text, end). */
static inline uint64_t
head_of(const char *text, const char *end)
{
    uint64_t word;

    if (end - text < HEAD_SIZE) {
        return short_head(text, end);
    }
    memcpy(&word, text, sizeof(word));
    return word;
}

/* ---- Lines ---- */

/* One header line with its continuation lines (RFC 3261 7.3.1). */
typedef struct {
    const char *start;
    const char *feed; /* its line feed, or the end of the text */
    const char *next; /* where the next line begins */
} line_t;

/* True for a line of nothing but its line end, which may have any number of CRs. */
static inline bool
is_empty_line(const line_t *line)
{
    const char *ptr = line->start;

    while (ptr < line->feed && *ptr == '\r') {
        ptr++;
    }
    return ptr == line->feed;
}

static inline void
read_feed(feed_iter_t *feeds, line_t *line)
{
    line->feed = feed_iter_next(feeds);
    line->next = line->feed < feeds->end ? line->feed + 1 : feeds->end;
}

/* Reads the line at start, which is before the end, and with whose line feed feeds goes on. False at an empty line. */
static inline bool
read_line(feed_iter_t *feeds, const char *start, line_t *line)
{
    line->start = start;
    read_feed(feeds, line);
    if ((unsigned char)*start <= '\r' && is_empty_line(line)) {
        return false;
    }
    while (line->next < feeds->end && (unsigned char)*line->next <= ' ' && is_blank(*line->next)) {
        read_feed(feeds, line);
    }
    return true;
}

/* The colon after a name that ends at name_end (HCOLON allows blanks before it), or NULL. */
static inline const char *
find_colon(const char *name_end, const char *feed)
{
    while (name_end < feed && is_blank(*name_end)) {
        name_end++;
    }
    return name_end < feed && *name_end == ':' ? name_end : NULL;
}

/* The name with which a line begins, and the colon after it. Both are NULL for a name without an id. */
typedef struct {
    const header_name_t *row;
    const char *colon;
} name_t;

/* The first of the names from row on with which the line at start begins, in any spelling. */
static G_GNUC_NO_INLINE name_t
find_any_spelling(const header_name_t *row, const char *start, const char *feed)
{
    for (; row->len > 0; row++) {
        /* What may follow a name is no more than ":": that leaves most rows at once. */
        if (feed - start <= row->len || (unsigned char)start[row->len] > ':') {
            continue;
        }
        if (memcmp(start, row->text, row->len + 1U) == 0) { /* the usual one of a long name, with its colon */
            return (name_t){row, start + row->len};
        }
        if (sip_slice_bytes_equal_nocase(start, row->text, row->len)) {
            const char *colon = find_colon(start + row->len, feed);

            if (colon) {
                return (name_t){row, colon};
            }
        }
    }
    return (name_t){NULL, NULL};
}

/* The name of a line whose text goes on to end. */
static SIP_ALWAYS_INLINE name_t
find_name(const line_t *line, const char *end)
{
    const uint64_t head = head_of(line->start, end);

    for (const header_name_t *row = header_names[(unsigned char)*line->start & LETTER_BITS]; row->len > 0; row++) {
        const uint64_t difference = head ^ row->head.word;

        if ((difference & row->mask.word) == 0 && row->is_short) {
            return (name_t){row, line->start + row->len};
        }
        /* What may follow a name is no more than ":": Content-Length is not Content-Type. */
        if ((difference & row->any_case.word) == 0 && line->feed - line->start > row->len &&
            (unsigned char)line->start[row->len] <= ':') {
            return find_any_spelling(row, line->start, line->feed);
        }
    }
    return (name_t){NULL, NULL};
}

/* Takes lines off *rest up to the first with an id, or with that id (SIP_HEADER_OTHER: any). False at the end. */
static bool
take_header(sip_slice_t *rest, sip_header_id_t wanted, sip_header_t *header)
{
    const char *end = slice_end(*rest);
    feed_iter_t feeds;
    line_t line;

    if (rest->len == 0) {
        return false;
    }
    feeds = feed_iter(rest->ptr, end);
    while (rest->len > 0 && read_line(&feeds, rest->ptr, &line)) {
        const name_t name = find_name(&line, end);

        *rest = slice_between(line.next, end);
        if (name.row && (wanted == SIP_HEADER_OTHER || name.row->id == wanted)) {
            header->id = (sip_header_id_t)name.row->id;
            header->name = sip_slice_make(line.start, name.row->len);
            header->value = sip_slice_trim(slice_between(name.colon + 1, line.feed));
            return true;
        }
    }
    return false;
}

/* What stands after a colon, trimmed: nearly always it is a blank, the value and a CR. */
static SIP_ALWAYS_INLINE sip_slice_t
trim_value(sip_slice_t after_colon)
{
    const char *ptr = after_colon.ptr;
    const size_t len = after_colon.len;

    return len > 2 && ptr[0] == ' ' && ptr[len - 1] == '\r' && (unsigned char)ptr[1] > ' ' &&
                   (unsigned char)ptr[len - 2] > ' '
               ? sip_slice_make(ptr + 1, len - 2)
               : sip_slice_trim(after_colon);
}

/* As sip_message_header(), of what was read so far. */
static SIP_ALWAYS_INLINE bool
get_value(const sip_message_t *message, sip_header_id_t id, sip_slice_t *value)
{
    if ((message->present & SIP_HEADER_BIT(id)) == 0) {
        return false;
    }
    *value = trim_value(message->after_colon[id]);
    return true;
}

bool
sip_message_header(const sip_message_t *message, sip_header_id_t id, sip_slice_t *value)
{
    SIP_MESSAGE_REQUIRE_ALL_READ(message);
    return get_value(message, id, value);
}

/* The id of a header by its name; SIP_HEADER_OTHER for none. */
static sip_header_id_t
id_of_name(sip_slice_t name)
{
    for (const header_name_t *row = header_names[(unsigned char)name.ptr[0] & LETTER_BITS]; row->len > 0; row++) {
        if (row->len == name.len && sip_slice_bytes_equal_nocase(name.ptr, row->text, name.len)) {
            return (sip_header_id_t)row->id;
        }
    }
    return SIP_HEADER_OTHER;
}

static void
name_list_add(sip_name_list_t *list, sip_slice_t name)
{
    if (name.len == 0 || list->count == SIP_NAME_LIST_MAX) {
        return;
    }
    list->name[list->count++] = name;
    list->has_id = list->has_id || id_of_name(name) != SIP_HEADER_OTHER || letter_bit(name.ptr[0]) == 0;
    if (name.len > PAIR_AT) {
        list->pairs |= pair_bit(name.ptr);
    } else {
        list->letters |= letter_bit(name.ptr[0]);
    }
}

void
sip_name_list_init(sip_name_list_t *list, sip_slice_t text)
{
    sip_slice_t name;

    *list = (sip_name_list_t){.count = 0};
    while (sip_slice_take_item(&text, &name)) {
        name_list_add(list, name);
    }
}

/* False where name is none, or the letters of the lines show that it is not there. */
static bool
may_have_name(const sip_message_t *message, sip_slice_t name)
{
    const char *end = slice_end(name);

    if (name.len == 0 || is_blank(end[-1]) || find_char(name.ptr, end, ':') < end) {
        return false;
    }
    const uint32_t letter = letter_bit(name.ptr[0]);
    if ((letter == 0 || (message->other_letters & letter) != 0) &&
        (name.len <= PAIR_AT || (message->other_pairs & pair_bit(name.ptr)) != 0)) {
        return true;
    }
    const sip_header_id_t id = id_of_name(name);
    return id != SIP_HEADER_OTHER && sip_message_has(message, id);
}

bool
sip_message_header_by_name(const sip_message_t *message, sip_slice_t name, sip_slice_t *value)
{
    const char *end = slice_end(message->headers);
    feed_iter_t feeds;
    line_t line;

    if (message->headers.len == 0 || !may_have_name(message, name)) {
        return false;
    }
    feeds = feed_iter(message->headers.ptr, end);
    for (const char *start = message->headers.ptr; start < end && read_line(&feeds, start, &line); start = line.next) {
        const char *colon;

        if ((size_t)(line.feed - start) > name.len && sip_slice_bytes_equal_nocase(start, name.ptr, name.len) &&
            (colon = find_colon(start + name.len, line.feed)) != NULL) {
            *value = sip_slice_trim(slice_between(colon + 1, line.feed));
            return true;
        }
    }
    return false;
}

static sip_slice_t
party_tag(const sip_message_t *message, sip_header_id_t id)
{
    sip_slice_t value, tag;

    return get_value(message, id, &value) && sip_address_tag(value, &tag) ? tag : SIP_SLICE_NONE;
}

sip_slice_t
sip_message_from_tag(const sip_message_t *message)
{
    return party_tag(message, SIP_HEADER_FROM);
}

sip_slice_t
sip_message_to_tag(const sip_message_t *message)
{
    return party_tag(message, SIP_HEADER_TO);
}

static sip_slice_t
party_uri(const sip_message_t *message, sip_header_id_t id)
{
    sip_slice_t value;
    sip_address_parts_t parts;

    if (!sip_message_header(message, id, &value)) {
        return SIP_SLICE_NONE;
    }
    sip_address_split(value, &parts);
    return parts.uri;
}

sip_slice_t
sip_message_from_uri(const sip_message_t *message)
{
    return party_uri(message, SIP_HEADER_FROM);
}

sip_slice_t
sip_message_to_uri(const sip_message_t *message)
{
    return party_uri(message, SIP_HEADER_TO);
}

void
sip_header_iter_init(sip_header_iter_t *iter, const sip_message_t *message)
{
    iter->rest = message->headers;
}

bool
sip_header_iter_next(sip_header_iter_t *iter, sip_header_t *header)
{
    return take_header(&iter->rest, SIP_HEADER_OTHER, header);
}

void
sip_value_iter_init(sip_value_iter_t *iter, const sip_message_t *message, sip_header_id_t id)
{
    iter->id = id;
    iter->lone_quote = false;
    iter->rest = iter->lines = SIP_SLICE_NONE;
    if (sip_message_header(message, id, &iter->rest) && (message->repeated & SIP_HEADER_BIT(id)) != 0) {
        const char *start = slice_end(message->after_colon[id]), *end = slice_end(message->headers);

        /* What is left of the first line is its line end. */
        start = find_char(start, end, '\n');
        iter->lines = slice_between(start < end ? start + 1 : end, end);
    }
}

bool
sip_value_iter_next(sip_value_iter_t *iter, sip_slice_t *value)
{
    sip_header_t header;

    while (!sip_value_take(&iter->rest, &iter->lone_quote, value)) {
        if (!take_header(&iter->lines, iter->id, &header)) {
            return false;
        }
        iter->rest = header.value;
        iter->lone_quote = false;
    }
    return true;
}

/* ---- Via ---- */

/* Just after the second "/" of a Via value, which may have blanks around it, or NULL where there is none. */
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

/*
 * The branch among via-params as nearly everybody writes it: no whitespace up to its "=", nothing before it that begins
 * with a "b". There are no quotes from ptr to end. NULL where it is not so; else its value begins there.
 */
static inline const char *
find_plain_branch(const char *ptr, const char *end)
{
    static const char usual[] = {'b', 'r', 'a', 'n', 'c', 'h', '='};
    const char *text = ptr;

    while (end - ptr > (ptrdiff_t)sizeof(usual)) {
        if (memcmp(ptr, usual, sizeof(usual)) == 0) {
            ptr += sizeof(usual);
            return is_lws(*ptr) ? NULL : ptr;
        }
        if ((*ptr | 0x20) == 'b' || is_lws(*ptr)) {
            return NULL;
        }
        ptr = find_char_within(text, ptr, end, ';') + 1;
    }
    return NULL;
}

/* Where the transport of a Via ends that begins at ptr, after blanks; or end. */
static inline const char *
skip_via_transport(const char *ptr, const char *end)
{
    /* UDP, TCP, TLS: three characters and a blank */
    if (end - ptr > 3 && ptr[3] == ' ' && ptr[0] > ' ' && ptr[1] > ' ' && ptr[2] > ' ') {
        return ptr + 3;
    }
    ptr = skip_lws(ptr, end);
    while (ptr < end && !is_lws(*ptr)) {
        ptr++;
    }
    return ptr;
}

/* via-parm = sent-protocol LWS sent-by *( SEMI via-params ), blanks and folding around every part (RFC 3261 25.1) */
static void
parse_via(sip_slice_t value, bool has_quotes, sip_via_t *via)
{
    const char *end = slice_end(value);
    const char *head_end = find_char(value.ptr, end, ';');
    const char *after_version = skip_via_version(value.ptr, head_end);
    const char *branch;

    via->sent_by = via->branch = SIP_SLICE_NONE;
    if (after_version) {
        via->sent_by = sip_slice_trim(slice_between(skip_via_transport(after_version, head_end), head_end));
    }
    if (head_end == end) {
        return;
    }
    branch = has_quotes ? NULL : find_plain_branch(head_end + 1, end);
    if (branch) {
        via->branch = sip_slice_trim(slice_between(branch, find_char_within(value.ptr, branch, end, ';')));
    } else {
        (void)sip_param_find_slice(slice_between(head_end + 1, end), SIP_SLICE_LITERAL("branch"), &via->branch);
    }
}

void
sip_via_iter_init(sip_via_iter_t *iter, const sip_message_t *message)
{
    sip_value_iter_init(&iter->values, message, SIP_HEADER_VIA);
    iter->left = SIP_MESSAGE_MAX_VIAS;
}

bool
sip_via_iter_next(sip_via_iter_t *iter, sip_via_t *via)
{
    sip_slice_t value;

    if (iter->left == 0 || !sip_value_iter_next(&iter->values, &value)) {
        return false;
    }
    iter->left--;
    parse_via(value, find_char(value.ptr, slice_end(value), '"') < slice_end(value), via);
    return true;
}

/* How many Via values stand in one line; trimmed first, as whoever walks them does: what ends a value decides on commas. */
static unsigned
count_vias(sip_slice_t after_colon)
{
    sip_slice_t rest = sip_slice_trim(after_colon);
    bool lone_quote = false;
    unsigned count = 0;
    sip_slice_t value;

    if (find_char(rest.ptr, slice_end(rest), ',') == slice_end(rest)) {
        return rest.len > 0;
    }
    while (sip_value_take(&rest, &lone_quote, &value)) {
        count++;
    }
    return count;
}

/* Reads the topmost Via, and adds those of the first line to via_count. */
static void
read_vias(sip_message_t *message)
{
    sip_slice_t value = SIP_SLICE_NONE;
    sip_via_iter_t iter;

    message->via.sent_by = message->via.branch = SIP_SLICE_NONE;
    if (!get_value(message, SIP_HEADER_VIA, &value)) {
        return;
    }
    if (value.len > 0 && find_either(value.ptr, slice_end(value), ',', '"') == slice_end(value)) {
        message->via_count++;
        parse_via(value, false, &message->via);
        return;
    }
    sip_message_read_rest(message); /* the topmost may stand in a later line */
    message->via_count += count_vias(value);
    sip_via_iter_init(&iter, message);
    (void)sip_via_iter_next(&iter, &message->via);
}

/* ---- The start line ---- */

/* SIP-Version (RFC 3261 7.1: "case-insensitive, but implementations MUST send upper-case"). */
static const char sip_version[] = {'S', 'I', 'P', '/', '2', '.', '0'};

static inline bool
is_sip_version(const char *text)
{
    return memcmp(text, sip_version, sizeof(sip_version)) == 0 ||
           sip_slice_bytes_equal_nocase(text, sip_version, sizeof(sip_version));
}

/* The value of a digit; above 9 for what is none. */
static inline unsigned
digit(char c)
{
    return (unsigned)(unsigned char)c - '0';
}

/* Status-Line = SIP-Version SP Status-Code SP Reason-Phrase; a missing SP before a missing phrase is let through. */
static bool
parse_status_line(sip_slice_t line, sip_message_t *message)
{
    const size_t code = sizeof(sip_version) + 1;
    unsigned hundreds, tens, ones;

    if (line.len < code + 3 || (line.len > code + 3 && line.ptr[code + 3] != ' ')) {
        return false;
    }
    hundreds = digit(line.ptr[code]);
    tens = digit(line.ptr[code + 1]);
    ones = digit(line.ptr[code + 2]);
    if (hundreds < 1 || hundreds > 6 || tens > 9 || ones > 9) {
        return false;
    }
    message->is_response = true;
    message->status = (uint16_t)(hundreds * 100 + tens * 10 + ones);
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
    const char *version = end - MIN(sizeof(sip_version), trimmed.len);

    if (trimmed.ptr != line.ptr || method_end >= version || !is_blank(version[-1]) || !is_sip_version(version)) {
        return false;
    }
    message->is_response = false;
    message->status = 0;
    message->phrase = SIP_SLICE_NONE;
    message->method = slice_between(trimmed.ptr, method_end);
    message->method_id = sip_method_from_name(message->method);
    message->request_uri = sip_slice_trim(slice_between(method_end, version));
    return message->request_uri.len > 0;
}

/* Where the start line ends, or NULL: a NUL means that this is other data, as Wireshark's SIP dissector takes it too. */
static inline const char *
find_start_line_end(const char *ptr, const char *end)
{
    while ((ptr = find_low_control(ptr, end)) < end && *ptr != '\r' && *ptr != '\n') {
        if (*ptr == '\0') {
            return NULL;
        }
        ptr++;
    }
    return ptr;
}

static bool
parse_start_line(sip_slice_t line, sip_message_t *message)
{
    if (line.len == 0) {
        return false;
    }
    if (line.len > sizeof(sip_version) && line.ptr[sizeof(sip_version)] == ' ' && is_sip_version(line.ptr)) {
        return parse_status_line(line, message);
    }
    return parse_request_line(line, message);
}

/* ---- The message ---- */

/* CSeq = 1*DIGIT LWS Method (RFC 3261 20.16) */
static void
read_cseq(sip_message_t *message)
{
    sip_slice_t value, rest;

    message->has_cseq = false;
    message->cseq = 0;
    message->cseq_method = SIP_SLICE_NONE;
    message->cseq_method_id = SIP_METHOD_OTHER;
    if (!get_value(message, SIP_HEADER_CSEQ, &value)) {
        return;
    }
    message->has_cseq = leading_uint32(value, &message->cseq, &rest);
    message->cseq_method = sip_slice_trim(rest);
    message->cseq_method_id = sip_method_from_name(message->cseq_method);
    if (!message->has_cseq || message->cseq >= SIP_CSEQ_LIMIT || rest.len == 0 || !is_lws(rest.ptr[0])) {
        message->flags |= SIP_MESSAGE_FLAG_BAD_CSEQ;
    }
}

/* What tells the transaction of a message (RFC 3261 17.1.3, 17.2.3). Nearly everybody writes it at the top. */
#define KEY_HEADERS                                                                                                    \
    (SIP_HEADER_BIT(SIP_HEADER_VIA) | SIP_HEADER_BIT(SIP_HEADER_FROM) | SIP_HEADER_BIT(SIP_HEADER_TO) |                \
     SIP_HEADER_BIT(SIP_HEADER_CALL_ID) | SIP_HEADER_BIT(SIP_HEADER_CSEQ))

/* Notes one more header line of an id. */
static G_GNUC_NO_INLINE void
note_repeated(sip_message_t *message, sip_header_id_t id, sip_slice_t after_colon)
{
    message->repeated |= SIP_HEADER_BIT(id);
    if (id == SIP_HEADER_VIA) {
        message->via_count += count_vias(after_colon);
    }
}

/* Notes which header lines there are from start on, until all of wanted are; returns where it stopped. */
static inline const char *
read_lines(sip_message_t *message, const char *start, const char *end, uint32_t wanted)
{
    feed_iter_t feeds = feed_iter(start, end);
    uint32_t missing = ~message->present;
    uint32_t letters = 0;
    uint64_t pairs = 0;
    line_t line;

    while (start < end && read_line(&feeds, start, &line)) {
        const name_t name = find_name(&line, end);

        start = line.next;
        if (name.row == NULL) {
            letters |= letter_bit(*line.start);
            pairs |= line.feed - line.start > PAIR_AT ? pair_bit(line.start) : 0;
            continue;
        }
        const sip_slice_t after_colon = slice_between(name.colon + 1, line.feed);
        const uint32_t bit = SIP_HEADER_BIT(name.row->id);
        if ((missing & bit) == 0) {
            note_repeated(message, (sip_header_id_t)name.row->id, after_colon);
            continue;
        }
        message->after_colon[name.row->id] = after_colon;
        missing &= ~bit;
        if ((missing & wanted) == 0) {
            break;
        }
    }
    message->present = ~missing;
    message->other_letters |= letters;
    message->other_pairs |= pairs;
    return start;
}

/* Just after CRLF, LF or a bare CR. */
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
sip_message_parse_start(sip_slice_t text, sip_message_t *message)
{
    const char *end = slice_end(text);
    const char *start_line_end = find_start_line_end(text.ptr, end);
    const char *first, *stopped;

    if (start_line_end == NULL || !parse_start_line(slice_between(text.ptr, start_line_end), message)) {
        return false;
    }
    first = skip_line_end(start_line_end, end);
    message->flags = 0;
    message->present = message->repeated = message->other_letters = 0;
    message->other_pairs = 0;
    message->via_count = 0;
    stopped = read_lines(message, first, end, KEY_HEADERS);
    message->headers = slice_between(first, stopped);
    message->unread = slice_between(stopped, end);
    message->call_id = SIP_SLICE_NONE;
    (void)get_value(message, SIP_HEADER_CALL_ID, &message->call_id);
    read_cseq(message);
    read_vias(message);
    return true;
}

void
sip_message_read_rest(sip_message_t *message)
{
    const char *first = message->headers.ptr;
    const char *end = slice_end(message->unread);
    const char *headers_end, *feed;

    if (message->unread.ptr == NULL) {
        return;
    }
    headers_end = read_lines(message, message->unread.ptr, end, UINT32_MAX);
    message->unread = SIP_SLICE_NONE;
    message->headers = slice_between(first, headers_end);
    feed = headers_end;
    while (feed < end && *feed == '\r') {
        feed++;
    }
    if (feed == end) {
        message->flags |= SIP_MESSAGE_FLAG_NO_END;
        message->body = slice_between(end, end);
    } else {
        message->body = slice_between(feed + 1, end);
    }
}

bool
sip_message_parse(sip_slice_t text, sip_message_t *message)
{
    if (!sip_message_parse_start(text, message)) {
        return false;
    }
    sip_message_read_rest(message);
    return true;
}
