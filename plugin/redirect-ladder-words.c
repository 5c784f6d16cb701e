/* redirect-ladder-words.c
 * The words at an arrow, and how text fits into columns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-ladder.h"
#include "redirect-text.h"

static size_t
columns_of(gunichar character)
{
    return g_unichar_iswide(character) ? 2 : 1;
}

size_t
redirect_ladder_columns(const char *text)
{
    size_t columns = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        columns += columns_of(g_utf8_get_char(text));
    }
    return columns;
}

/* Where the part of text ends that takes at most limit columns. */
static const char *
part_that_fits(const char *text, size_t limit)
{
    size_t columns = 0;

    while (*text && (columns += columns_of(g_utf8_get_char(text))) <= limit) {
        text = g_utf8_next_char(text);
    }
    return text;
}

const char *
redirect_ladder_shortened(wmem_allocator_t *scope, const char *text, size_t limit)
{
    const size_t columns = redirect_ladder_columns(text), tail = (limit - 3) / 2;
    const char *end, *rest;

    if (columns <= limit) {
        return text;
    }
    end = part_that_fits(text, limit - 3 - tail);
    rest = end;
    while (redirect_ladder_columns(rest) > tail) {
        rest = g_utf8_next_char(rest);
    }
    return wmem_strdup_printf(scope, "%.*s...%s", (int)(end - text), text, rest); /* not for people: it is already */
}

const char *
redirect_ladder_beginning(wmem_allocator_t *scope, const char *text, size_t limit)
{
    const char *end = part_that_fits(text, redirect_ladder_columns(text) <= limit ? limit : limit - 3);

    return *end ? wmem_strdup_printf(scope, "%.*s...", (int)(end - text), text)
                : text; /* not for people: it is already */
}

/* The last blank of a line, after which the rest can stand in the next; NULL where there is none. */
static const char *
last_blank(const char *line, const char *end)
{
    while (end > line && *end != ' ') {
        end--;
    }
    return end > line ? end : NULL;
}

char *
redirect_ladder_next_line(wmem_allocator_t *scope, const char **text, size_t limit)
{
    const char *line = *text + strspn(*text, " "), *end = part_that_fits(line, limit), *blank;
    wmem_strbuf_t *out;

    if (*line == '\0') {
        return NULL;
    }
    if (*end && (blank = last_blank(line, end)) != NULL) {
        end = blank;
    }
    *text = end;
    while (end > line && end[-1] == ' ') {
        end--;
    }
    out = wmem_strbuf_new(scope, "");
    for (; line < end; line = g_utf8_next_char(line)) {
        wmem_strbuf_append_unichar(out, g_utf8_get_char(line));
    }
    return wmem_strbuf_finalize(out);
}

char *
redirect_ladder_label(wmem_allocator_t *scope, const redirect_ladder_arrow_t *arrow)
{
    return wmem_strdup_printf(scope, "%s%s%s%s%s", arrow->label, arrow->uri ? " " : "", arrow->uri ? arrow->uri : "",
                              arrow->again ? ", " : "", arrow->again ? arrow->again : "");
}
