/* redirect-text.c
 * The one way from bytes of the wire to text for people: details, columns, expert items, reports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-text.h"

/* The most bytes that a character has in UTF-8. */
#define MAX_CHARACTER 4

/* U+FFFD, "used to replace an unknown, unrecognized, or unrepresentable character". */
#define REPLACEMENT "\xef\xbf\xbd"

/* Takes one byte off *rest, which is not empty. */
typedef unsigned char (*byte_reader_t)(sip_slice_t *rest);

/* One character as it is shown. */
typedef struct {
    char bytes[MAX_CHARACTER];
    size_t len;
} character_t;

static unsigned char
take_byte(sip_slice_t *rest)
{
    const unsigned char byte = (unsigned char)rest->ptr[0];

    *rest = sip_slice_from(*rest, 1);
    return byte;
}

static unsigned char
take_unescaped_byte(sip_slice_t *rest)
{
    if (rest->len > 2 && rest->ptr[0] == '%' && g_ascii_isxdigit(rest->ptr[1]) && g_ascii_isxdigit(rest->ptr[2])) {
        const int byte = g_ascii_xdigit_value(rest->ptr[1]) * 16 + g_ascii_xdigit_value(rest->ptr[2]);

        *rest = sip_slice_from(*rest, 3);
        return (unsigned char)byte;
    }
    return take_byte(rest);
}

/* Takes a line end and the whitespace after it off *rest (RFC 3261 7.3.1). False where none begins there. */
static bool
take_folding(sip_slice_t *rest, byte_reader_t reader)
{
    sip_slice_t next = *rest;
    unsigned char byte = reader(&next);

    if (byte != '\r' && byte != '\n') {
        return false;
    }
    while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
        *rest = next;
        if (next.len == 0) {
            break;
        }
        byte = reader(&next);
    }
    return true;
}

/* True for what would move, hide or break the text around it; XML cannot even hold the noncharacters. */
static bool
is_unfit(gunichar character)
{
    if ((character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef)) {
        return true;
    }
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

static character_t
shown_as(const char *bytes, size_t len)
{
    character_t shown = {.len = len};

    memcpy(shown.bytes, bytes, len);
    return shown;
}

/* Takes one character off *rest, or one byte that is none. */
static character_t
take_character(sip_slice_t *rest, byte_reader_t reader)
{
    char bytes[MAX_CHARACTER];
    sip_slice_t ahead = *rest;
    size_t count = 0, len = 1;

    while (ahead.len > 0 && count < MAX_CHARACTER) {
        bytes[count++] = (char)reader(&ahead);
    }
    const gunichar character = g_utf8_get_char_validated(bytes, (gssize)count);
    const bool valid = character != (gunichar)-1 && character != (gunichar)-2;

    if (valid) {
        len = (size_t)g_unichar_to_utf8(character, NULL);
    }
    for (size_t i = 0; i < len; i++) {
        (void)reader(rest);
    }
    return valid && !is_unfit(character) ? shown_as(bytes, len) : shown_as(REPLACEMENT, sizeof(REPLACEMENT) - 1);
}

/* How many bytes at the start of text are shown as they stand: printable ASCII, and no escape that reader knows. */
static size_t
plain_run(sip_slice_t text, byte_reader_t reader)
{
    const char *escape = reader == take_byte ? NULL : memchr(text.ptr, '%', text.len);
    const char *end = escape ? escape : text.ptr + text.len;
    const char *ptr = text.ptr;

    while (ptr < end && *ptr >= ' ' && *ptr <= '~') {
        ptr++;
    }
    return (size_t)(ptr - text.ptr);
}

static void
append(wmem_strbuf_t *out, sip_slice_t rest, size_t max, byte_reader_t reader)
{
    size_t used = 0;

    while (rest.len > 0) {
        const size_t run = plain_run(rest, reader);
        const size_t fitting = max > 0 ? MIN(run, max - used) : run;
        character_t character;

        if (fitting > 0) {
            wmem_strbuf_append_len(out, rest.ptr, (gssize)fitting);
            used += fitting;
            rest = sip_slice_from(rest, fitting);
            continue;
        }
        if (!take_folding(&rest, reader)) {
            character = take_character(&rest, reader);
        } else if (used > 0 && rest.len > 0) {
            character = shown_as(" ", 1);
        } else {
            continue; /* at the beginning or the end it separates nothing */
        }
        if (max > 0 && character.len > max - used) {
            wmem_strbuf_append(out, "...");
            return;
        }
        wmem_strbuf_append_len(out, character.bytes, character.len);
        used += character.len;
    }
}

void
redirect_text_append_number(wmem_strbuf_t *out, uint32_t number)
{
    char digits[sizeof("4294967295")];
    char *ptr = digits + sizeof(digits);

    do {
        *--ptr = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    wmem_strbuf_append_len(out, ptr, digits + sizeof(digits) - ptr);
}

void
redirect_text_append(wmem_strbuf_t *out, sip_slice_t text, size_t max)
{
    append(out, text, max, take_byte);
}

void
redirect_text_append_unescaped(wmem_strbuf_t *out, sip_slice_t text, size_t max)
{
    append(out, text, max, take_unescaped_byte);
}

char *
redirect_text_from_wire(wmem_allocator_t *scope, sip_slice_t text, size_t max)
{
    wmem_strbuf_t *out;

    if (text.len > 0 && (max == 0 || text.len <= max) && plain_run(text, take_byte) == text.len) {
        char *copy = wmem_alloc(scope, text.len + 1);

        memcpy(copy, text.ptr, text.len);
        copy[text.len] = '\0';
        return copy;
    }
    out = wmem_strbuf_new(scope, "");

    redirect_text_append(out, text, max);
    return wmem_strbuf_finalize(out);
}

size_t
redirect_text_cut(const char *text, size_t max)
{
    size_t len = strlen(text);

    if (max > 0 && len > max) {
        /* A byte 10xxxxxx continues a character: that one does not fit. */
        for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--) {
        }
    }
    return len;
}
