/* redirect-text.h
 * The one way from bytes of the wire to text for people: details, columns, expert items, reports.
 *
 * What a message holds may be anything: terminal escapes, characters that turn the direction of the text around them,
 * bytes that are no UTF-8 and make PDML or JSON unreadable. Nothing else makes a string for people of a slice, least
 * of all wmem_strndup(), which stops at a NUL and leaves the rest of its block as it was.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TEXT_H
#define REDIRECT_TEXT_H

#include <wsutil/wmem/wmem_core.h>
#include <wsutil/wmem/wmem_strbuf.h>

#include "sip-slice.h"

/**
 * Text from the wire, fit to be shown: valid UTF-8 on one line.
 * A line end and the whitespace after it are one blank (folding, RFC 3261 7.3.1), at either end nothing. Each other
 * control, formatting (direction, zero width) or separating character, each noncharacter and each byte of what is no
 * UTF-8 is U+FFFD.
 * @param max bytes of the text shown, 0 for any number: longer text is cut after the last whole character that fits,
 *        and "..." is added, which max does not count.
 * @return a NUL-terminated string that scope owns; never NULL, "" for an absent slice.
 */
char *redirect_text_from_wire(wmem_allocator_t *scope, sip_slice_t text, size_t max);

/** As redirect_text_from_wire(), at the end of out; max is for this piece alone. */
void redirect_text_append(wmem_strbuf_t *out, sip_slice_t text, size_t max);

/** As redirect_text_append(), with "%HH" read as the byte that it stands for; a "%" without two digits stays. */
void redirect_text_append_unescaped(wmem_strbuf_t *out, sip_slice_t text, size_t max);

/** As wmem_strbuf_append(), which copies a character at a time: for text that is fit to be shown. */
static inline void
redirect_text_put(wmem_strbuf_t *out, const char *text)
{
    wmem_strbuf_append_len(out, text, (gssize)strlen(text));
}

/** A number in decimal at the end of out, without what printf() costs. */
void redirect_text_append_number(wmem_strbuf_t *out, uint32_t number);

/**
 * Where to cut a string that is fit to be shown: the length of its longest beginning that has at most max bytes and
 * ends after a whole character. The length of all of it where that fits, or max is 0.
 */
size_t redirect_text_cut(const char *text, size_t max);

#endif /* REDIRECT_TEXT_H */
