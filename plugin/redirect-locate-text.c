/* redirect-locate-text.c
 * The text of messages: lines, headers and start lines, and whether a text belongs to a record.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate-int.h"

#define SIP_VERSION "SIP/2.0"
#define SIP_VERSION_LEN (sizeof(SIP_VERSION) - 1)
#define SIP_VERSION_SLASH 3
#define END_OF_REQUEST_LINE " " SIP_VERSION "\r" /* and a line feed */

/* The SIP dissector keeps so many bytes of a Call-ID, its terminating NUL not counted. */
#define RECORD_CALL_ID_LEN 127

locate_source_t
locate_source(tvbuff_t *tvb, const char *text, size_t len, locate_effort_t *effort)
{
    /* No line feed is known: lf is before any offset, lf_from after them. */
    return (locate_source_t){
        .tvb = tvb, .text = text, .size = len, .len = len, .lf_from = len, .lf = 0, .effort = effort};
}

/* ---- Lines ---- */

/*
 * The first line feed at offset or after it, or where the source ends. Lines may end in a bare CR: then the next line
 * feed is far away, or there is none, and it must not be looked for again at each line.
 */
static inline size_t
next_line_feed(locate_source_t *source, size_t offset)
{
    if (offset < source->lf_from || offset > source->lf) {
        const char *lf = memchr(source->text + offset, '\n', source->size - offset);

        source->lf_from = offset;
        source->lf = lf ? (size_t)(lf - source->text) : source->size;
        source->effort->examined += source->lf - offset;
    }
    return MIN(source->lf, source->len);
}

static inline size_t
line_end(locate_source_t *source, size_t offset, size_t *next)
{
    size_t lf = next_line_feed(source, offset);
    const char *cr = memchr(source->text + offset, '\r', lf - offset);
    size_t end = cr ? (size_t)(cr - source->text) : lf;

    *next = MIN(end + (cr && end + 1 == lf ? 2 : 1), source->len);
    return end;
}

size_t
locate_text_line_end(locate_source_t *source, size_t offset, size_t *next)
{
    size_t end = line_end(source, offset, next);

    source->effort->examined += end - offset;
    return end;
}

/* ---- Headers ---- */

typedef enum {
    HEADER_CALL_ID,
    HEADER_CONTENT_ENCODING,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_TYPE,
    HEADER_CSEQ,
} header_t;

static const struct {
    sip_slice_t name;
    char compact; /* NUL where there is none */
    header_t header;
} header_names[] = {
    {{"Call-ID", 7}, 'i', HEADER_CALL_ID},
    {{"Content-Encoding", 16}, 'e', HEADER_CONTENT_ENCODING},
    {{"Content-Length", 14}, 'l', HEADER_CONTENT_LENGTH},
    {{"Content-Type", 12}, 'c', HEADER_CONTENT_TYPE},
    {{"CSeq", 4}, '\0', HEADER_CSEQ},
};

/*
 * Content-Length as the SIP dissector counts it: what is no number is 0, what needs more than 32 bits is not there,
 * and what needs the 32nd leaves no body.
 */
static void
read_content_length(sip_slice_t value, locate_text_t *text)
{
    uint64_t number = 0;

    text->has_content_length = true;
    text->content_length = 0;
    text->announced = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!g_ascii_isdigit(value.ptr[i])) {
            return;
        }
        number = MIN(number * 10 + (uint64_t)(value.ptr[i] - '0'), UINT32_MAX);
    }
    text->announced = (uint32_t)number;
    if (number == UINT32_MAX) {
        text->has_content_length = false;
    } else if (number <= INT32_MAX) {
        text->content_length = (size_t)number;
    }
}

static void
take_header(header_t header, sip_slice_t value, locate_text_t *text)
{
    switch (header) {
    case HEADER_CALL_ID:
        text->call_id = value;
        break;
    case HEADER_CONTENT_ENCODING:
        text->is_encoded = true;
        break;
    case HEADER_CONTENT_LENGTH:
        read_content_length(value, text);
        break;
    case HEADER_CONTENT_TYPE:
        text->is_multipart = sip_slice_starts_nocase(value, SIP_SLICE_LITERAL("multipart/"));
        text->may_hold_sip = text->is_multipart || sip_slice_starts_nocase(value, SIP_SLICE_LITERAL("message/"));
        break;
    case HEADER_CSEQ:
        text->cseq = value;
        break;
    }
}

static bool
is_name(sip_slice_t name, unsigned i)
{
    return sip_slice_equal(name, header_names[i].name) || sip_slice_equal_nocase(name, header_names[i].name) ||
           (name.len == 1 && g_ascii_tolower(name.ptr[0]) == header_names[i].compact);
}

/* All names wanted begin with one of these, most others with none. */
static inline bool
may_begin_name(char c)
{
    switch (c | 0x20) {
    case 'c':
    case 'e':
    case 'i':
    case 'l':
        return true;
    default:
        return false;
    }
}

static void
read_header(sip_slice_t line, locate_text_t *text)
{
    const char *colon;
    sip_slice_t name;
    sip_slice_t value;

    if (!may_begin_name(line.ptr[0]) || !(colon = memchr(line.ptr, ':', line.len))) {
        return;
    }
    name = sip_slice_make(line.ptr, (size_t)(colon - line.ptr));
    value = sip_slice_from(line, name.len + 1);
    while (value.len > 0 && g_ascii_isspace(value.ptr[0])) {
        value = sip_slice_from(value, 1);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(header_names); i++) {
        if (is_name(name, i)) {
            take_header(header_names[i].header, value, text);
            return;
        }
    }
}

/* Reads the header line at text->body, with the lines that continue it. */
static void
read_line(locate_source_t *source, locate_text_t *text)
{
    size_t start = text->body;
    size_t end = line_end(source, start, &text->body);

    if (end == start) {
        text->has_empty_line = true;
        return;
    }
    while (text->body < source->len && (source->text[text->body] == ' ' || source->text[text->body] == '\t')) {
        end = line_end(source, text->body, &text->body);
    }
    read_header(sip_slice_make(source->text + start, end - start), text);
}

/* As locate_text_read_headers(), or only as far as both headers that identify a message. */
static void
read_headers(locate_source_t *source, locate_text_t *text, bool until_identified)
{
    size_t start = text->body;

    while (text->body < source->len && !text->has_empty_line &&
           !(until_identified && text->call_id.ptr && text->cseq.ptr)) {
        read_line(source, text);
    }
    source->effort->examined += text->body - start;
}

void
locate_text_read_headers(locate_source_t *source, locate_text_t *text)
{
    read_headers(source, text, false);
}

/* ---- Does a text belong to a record? ---- */

/* The record's copy may be cut, and has other bytes where the text is not ASCII. */
static bool
call_id_agrees(const char *seen, sip_slice_t text)
{
    if (sip_slice_equal(sip_slice_from_string(seen), text)) {
        return true;
    }
    for (size_t i = 0; i < text.len && text.ptr[i] != '\0' && !(text.ptr[i] & 0x80); i++) {
        if (seen[i] == '\0') {
            return i >= RECORD_CALL_ID_LEN || sip_slice_trim(sip_slice_from(text, i)).len == 0;
        }
        if (seen[i] != text.ptr[i]) {
            return false;
        }
    }
    /* The loop ended with the text, or where the two cannot be compared any further. */
    return true;
}

/* A record without a CSeq, or a CSeq that is no 32-bit number, says nothing. */
static bool
cseq_agrees(uint32_t seen, sip_slice_t text)
{
    size_t digits = 0;
    uint32_t number;

    while (digits < text.len && g_ascii_isdigit(text.ptr[digits])) {
        digits++;
    }
    return seen == 0 || !sip_slice_to_uint32(sip_slice_make(text.ptr, digits), &number) || number == seen;
}

static bool
headers_agree(const sip_info_value_t *seen, const locate_text_t *text)
{
    /* A record may lack what the text has: the dissector gave up on the way. */
    if (seen->tap_call_id && (!text->call_id.ptr || !call_id_agrees(seen->tap_call_id, text->call_id))) {
        return false;
    }
    return cseq_agrees(seen->tap_cseq_number, text->cseq);
}

/* Does the message whose start line begins at start agree with the record? */
static bool
read_text(locate_source_t *source, size_t start, const sip_info_value_t *seen, locate_text_t *text)
{
    *text = (locate_text_t){.start = start};
    locate_text_line_end(source, start, &text->body);
    read_headers(source, text, true);
    if (headers_agree(seen, text)) {
        return true;
    }
    /* The record is of the last ones of repeated headers. */
    read_headers(source, text, false);
    return headers_agree(seen, text);
}

/* Does what follows "SIP/2.0" make the status line of that code? */
static bool
is_status(sip_slice_t text, unsigned status)
{
    return text.len >= 5 && text.ptr[0] == ' ' && text.ptr[4] == ' ' && (unsigned)text.ptr[1] == '0' + status / 100 &&
           (unsigned)text.ptr[2] == '0' + status / 10 % 10 && (unsigned)text.ptr[3] == '0' + status % 10;
}

bool
locate_text_starts(sip_slice_t text, const sip_info_value_t *seen)
{
    const char *method = (const char *)seen->request_method;
    const char *lf;
    size_t len;

    if (method == NULL) {
        return text.len > SIP_VERSION_LEN && memcmp(text.ptr, SIP_VERSION, SIP_VERSION_LEN) == 0 &&
               is_status(sip_slice_from(text, SIP_VERSION_LEN), seen->response_code);
    }
    len = strlen(method);
    if (len == 0 || text.len <= len || text.ptr[len] != ' ' || memcmp(text.ptr, method, len) != 0) {
        return false;
    }
    lf = memchr(text.ptr + len, '\n', text.len - len);
    return lf && (size_t)(lf - text.ptr) > len + sizeof(END_OF_REQUEST_LINE) - 1 &&
           memcmp(lf - (sizeof(END_OF_REQUEST_LINE) - 1), END_OF_REQUEST_LINE, sizeof(END_OF_REQUEST_LINE) - 1) == 0;
}

/*
 * Does the record's method end at end? Then *start is its begin. The dissector may have put a character of several bytes
 * in the place of one byte that is not ASCII.
 */
static bool
ends_with_method(const locate_source_t *source, size_t end, const char *method, size_t *start)
{
    size_t len = strlen(method);
    size_t characters = 0;

    if (len > 0 && len <= end && memcmp(source->text + end - len, method, len) == 0) {
        *start = end - len;
        return true;
    }
    for (const char *c = method; *c; c++) {
        characters += (*c & 0xc0) != 0x80;
    }
    if (characters == 0 || characters == len || characters > end) {
        return false;
    }
    *start = end - characters;
    for (const char *text = source->text + *start; *method; text++, method++) {
        if (*method & 0x80 ? !(*text & 0x80) : *text != *method) {
            return false;
        }
        while ((method[1] & 0xc0) == 0x80) {
            method++;
        }
    }
    return true;
}

/* Does version, at which "SIP/2.0" stands, end a request line with that method? Then *start is the line's begin. */
static bool
is_request_line(const locate_source_t *source, size_t version, const char *method, size_t *start)
{
    size_t after = version + SIP_VERSION_LEN;
    const char *uri;

    if (after < source->len && source->text[after] != '\r' && source->text[after] != '\n') {
        return false;
    }
    if (version == 0 || source->text[version - 1] != ' ') {
        return false;
    }
    uri = source->text + version - 1;
    while (uri > source->text && ((unsigned char)uri[-1] > ' ' || !g_ascii_isspace(uri[-1]))) {
        uri--;
    }
    source->effort->examined += (size_t)(source->text + version - uri);
    return uri > source->text && uri[-1] == ' ' && source->text + version - 1 - uri >= 3 &&
           ends_with_method(source, (size_t)(uri - 1 - source->text), method, start);
}

static bool
is_start_line(const locate_source_t *source, size_t version, const sip_info_value_t *seen, size_t *start)
{
    if (seen->request_method) {
        return is_request_line(source, version, (const char *)seen->request_method, start);
    }
    *start = version;
    return is_status(sip_slice_make(source->text + version + SIP_VERSION_LEN, source->len - version - SIP_VERSION_LEN),
                     seen->response_code);
}

bool
locate_text_at(locate_source_t *source, size_t start, const sip_info_value_t *seen, locate_text_t *text)
{
    size_t next;
    size_t end = locate_text_line_end(source, start, &next);
    size_t version = seen->request_method ? end - SIP_VERSION_LEN : start;
    size_t found;

    return end - start >= SIP_VERSION_LEN && memcmp(source->text + version, SIP_VERSION, SIP_VERSION_LEN) == 0 &&
           is_start_line(source, version, seen, &found) && found == start && read_text(source, start, seen, text);
}

bool
locate_text_next_start_line(locate_source_t *source, size_t from, size_t *offset, const sip_info_value_t *seen,
                            size_t *start)
{
    /* "/" is rare in SIP, "S" is not. */
    while (*offset < source->len) {
        const char *slash = memchr(source->text + *offset, '/', source->len - *offset);
        size_t end = slash ? (size_t)(slash - source->text) + 1 : source->len;
        size_t version = end - 1 - SIP_VERSION_SLASH;

        source->effort->examined += end - *offset;
        *offset = end;
        if (slash && end > from + SIP_VERSION_SLASH && source->len - version >= SIP_VERSION_LEN &&
            memcmp(source->text + version, SIP_VERSION, SIP_VERSION_LEN) == 0 &&
            is_start_line(source, version, seen, start) && *start >= from) {
            return true;
        }
    }
    return false;
}

bool
locate_text_find(locate_source_t *source, size_t from, size_t to, const sip_info_value_t *seen, locate_text_t *text)
{
    size_t offset = from;
    size_t start;
    bool found = false;

    source->len = MIN(to, source->size);
    while (!found && source->effort->examined < source->effort->limit &&
           locate_text_next_start_line(source, from, &offset, seen, &start)) {
        found = read_text(source, start, seen, text);
    }
    source->len = source->size;
    return found;
}
