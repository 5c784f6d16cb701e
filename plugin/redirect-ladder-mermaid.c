/* redirect-ladder-mermaid.c
 * A ladder as a sequence diagram of Mermaid, which GitHub, GitLab and others draw in their tickets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <string.h>

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-ladder.h"
#include "redirect-text.h"

/** Columns of a note: Mermaid makes the drawing as wide as its longest line. */
#define NOTE_WIDTH 60

/** Characters beside letters and digits that mean nothing to Mermaid, to Markdown in its labels, or to HTML. */
#define PLAIN " .,:@/=()+-?!_*"

/*
 * Words at which Mermaid takes text for something else: "end" closes a block, and what looks for styles before the grammar
 * does takes a ";" away behind the two others. A character of them is written as a number.
 */
static bool
begins_word(const char *text, bool inside_word)
{
    return (!inside_word && g_ascii_strncasecmp(text, "end", 3) == 0 && !g_ascii_isalnum(text[3])) ||
           g_ascii_strncasecmp(text, "style", 5) == 0 || g_ascii_strncasecmp(text, "classDef", 8) == 0;
}

/* "#59;" stands for ";": Mermaid's own way to write a character. Whatever is not known to be harmless is written so. */
static void
put(wmem_strbuf_t *out, const char *text)
{
    bool inside_word = false;

    for (; *text; text = g_utf8_next_char(text)) {
        const gunichar character = g_utf8_get_char(text);
        const bool is_plain = character >= 0x80 ? g_unichar_isalnum(character)
                                                : g_ascii_isalnum((char)character) || strchr(PLAIN, (int)character);
        if (is_plain && !begins_word(text, inside_word)) {
            wmem_strbuf_append_unichar(out, character);
        } else {
            wmem_strbuf_append_printf(out, "#%u;", character);
        }
        inside_word = g_unichar_isalnum(character);
    }
}

static void
put_participant(wmem_strbuf_t *out, unsigned number, const redirect_ladder_participant_t *part)
{
    wmem_strbuf_append_printf(out, "    participant p%u as ", number);
    put(out, part->name);
    wmem_strbuf_append(out, "<br/>");
    put(out, part->address);
    if (part->software) {
        wmem_strbuf_append(out, "<br/>");
        put(out, part->software);
    }
    wmem_strbuf_append_c(out, '\n');
}

/* "Note over p0,p1: ...", in lines. */
static void
put_note(wmem_allocator_t *scope, wmem_strbuf_t *out, unsigned from, unsigned to, const char *text)
{
    const char *line, *between = "";

    if (from == to) {
        wmem_strbuf_append_printf(out, "    Note over p%u: ", from);
    } else {
        wmem_strbuf_append_printf(out, "    Note over p%u,p%u: ", MIN(from, to), MAX(from, to));
    }
    while ((line = redirect_ladder_next_line(scope, &text, NOTE_WIDTH)) != NULL) {
        wmem_strbuf_append(out, between);
        put(out, line);
        between = "<br/>";
    }
    wmem_strbuf_append_c(out, '\n');
}

/* Requests have a whole line, responses a dashed one; what the caller never gets ends in a cross. */
static void
put_arrow(wmem_allocator_t *scope, wmem_strbuf_t *out, const redirect_ladder_arrow_t *arrow)
{
    const char *line = arrow->kind == REDIRECT_LADDER_REQUEST ? "->>" : arrow->is_hidden ? "--x" : "-->>";

    wmem_strbuf_append_printf(out, "    p%u%sp%u: %u", arrow->from, line, arrow->to, arrow->frame);
    if (*arrow->time) {
        wmem_strbuf_append_printf(out, " (%s s)", arrow->time);
    }
    wmem_strbuf_append_c(out, ' ');
    put(out, redirect_ladder_label(scope, arrow));
    wmem_strbuf_append_c(out, '\n');
}

char *
redirect_ladder_mermaid(wmem_allocator_t *scope, const redirect_ladder_t *ladder)
{
    const unsigned last = ladder->participant_count > 0 ? ladder->participant_count - 1 : 0;
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "sequenceDiagram\n");

    wmem_strbuf_append_printf(out, "    title SIP redirect chain %u, ", ladder->head.chain->number);
    put(out, ladder->head.start);
    wmem_strbuf_append_c(out, '\n');
    for (unsigned i = 0; i < ladder->participant_count; i++) {
        put_participant(out, i, &ladder->participant[i]);
    }
    if (ladder->call_ids) {
        put_note(scope, out, 0, last, wmem_strdup_printf(scope, "Call-ID: %s", ladder->call_ids));
    }
    for (unsigned i = 0; i < ladder->arrow_count; i++) {
        const redirect_ladder_arrow_t *arrow = &ladder->arrow[i];
        if (arrow->kind == REDIRECT_LADDER_LEFT_OUT) {
            put_note(scope, out, 0, last, arrow->label);
            continue;
        }
        put_arrow(scope, out, arrow);
        for (const redirect_ladder_note_t *note = arrow->notes; note; note = note->next) {
            put_note(scope, out, arrow->from, arrow->to, note->text);
        }
    }
    put_note(scope, out, 0, last, wmem_strdup_printf(scope, "Outcome: %s", ladder->head.outcome));
    for (const redirect_ladder_note_t *remark = ladder->remarks; remark; remark = remark->next) {
        put_note(scope, out, 0, last, remark->text);
    }
    return wmem_strbuf_finalize(out);
}
