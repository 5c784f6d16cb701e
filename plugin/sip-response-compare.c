/* sip-response-compare.c
 * Two codes side by side, and in one line, for a person.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "sip-response.h"

#include <stdarg.h>
#include <stdio.h>

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "sip-slice.h"

/* 11 + 43 + 3 + 43 = 100 columns; the texts are ASCII, so a byte is a column. */
#define LABEL_WIDTH 11
#define COLUMN_WIDTH 43
#define COLUMN_GAP 3
#define PAGE_WIDTH (LABEL_WIDTH + COLUMN_WIDTH + COLUMN_GAP + COLUMN_WIDTH)

/* One side of a comparison. */
typedef struct {
    uint16_t code; /* as asked for; row->code is 3 or 6 for an unregistered one */
    const sip_response_t *row;
} side_t;

/* What holds for every code of a class. */
typedef struct {
    uint16_t code_class;
    const char *name;   /* in words, and whether it is definitive */
    const char *effect; /* completes "486 ..."; NULL where that depends on the targets */
    const char *both;   /* of two codes of this class */
} class_words_t;

static const class_words_t class_words[] = {
    {3, "Redirection, not definitive", NULL, "Both are redirections, not definitive: the call can go on."},
    {4, "Client failure", "failed at one place, and others may still be tried",
     "Both are failures at one place: others may still be tried."},
    {6, "Global failure, definitive", "is definitive, and nothing else should be tried",
     "Both are global failures, definitive: nothing else should be tried."},
};

/* What a redirect's targets are good for. */
typedef struct {
    const char *targets;
    const char *effect; /* completes "302 ...", as in class_words_t */
} lifetime_words_t;

static const lifetime_words_t lifetime_words[] = {
    [SIP_RESPONSE_LIFETIME_NONE] = {"None to follow.", NULL},
    [SIP_RESPONSE_LIFETIME_TEMPORARY] = {"Temporary: for this request, or until the expiry given.",
                                         "sends the call on to a temporary target"},
    [SIP_RESPONSE_LIFETIME_PERMANENT] = {"Permanent: for this request and later ones.",
                                         "sends the call on to a permanent target"},
    [SIP_RESPONSE_LIFETIME_ALTERNATIVE] = {"Alternatives: neither temporary nor permanent.",
                                           "offers alternatives to go on with"},
    [SIP_RESPONSE_LIFETIME_PROXY] = {"A proxy to go through, for this request only.",
                                     "sends the call on through a proxy"},
};

static const class_words_t *
words_of(side_t side)
{
    for (size_t i = 0; i < G_N_ELEMENTS(class_words); i++) {
        if (class_words[i].code_class == side.code / 100) {
            return &class_words[i];
        }
    }
    return &class_words[0]; /* not reached: every row is of one of these classes */
}

static const char *
effect_of(side_t side)
{
    const char *effect = lifetime_words[side.row->lifetime].effect;

    return effect != NULL ? effect : words_of(side)->effect;
}

/* Takes the next line of at most width bytes off *rest, broken at a blank; a longer word is cut. */
static sip_slice_t
take_line(sip_slice_t *rest, size_t width)
{
    sip_slice_t line = sip_slice_trim(*rest);
    size_t end = MIN(line.len, width);

    if (line.len > width) {
        while (end > 0 && line.ptr[end] != ' ') {
            end--;
        }
        if (end == 0) {
            end = width;
        }
    }
    *rest = sip_slice_trim(sip_slice_from(line, end));
    line.len = end;
    return sip_slice_trim(line);
}

static void
append_blanks(wmem_strbuf_t *out, size_t count)
{
    while (count-- > 0) {
        wmem_strbuf_append_c(out, ' ');
    }
}

static void
append_slice(wmem_strbuf_t *out, sip_slice_t text)
{
    if (text.len > 0) {
        wmem_strbuf_append_len(out, text.ptr, text.len); /* not for people: no text from the wire */
    }
}

/* A label and two texts next to each other, each wrapped within its column. No line ends in a blank. */
static void
append_pair(wmem_strbuf_t *out, const char *label, const char *left, const char *right)
{
    sip_slice_t label_rest = sip_slice_from_string(label);
    sip_slice_t left_rest = sip_slice_from_string(left);
    sip_slice_t right_rest = sip_slice_from_string(right);

    while (label_rest.len > 0 || left_rest.len > 0 || right_rest.len > 0) {
        sip_slice_t label_line = take_line(&label_rest, LABEL_WIDTH - 1);
        sip_slice_t left_line = take_line(&left_rest, COLUMN_WIDTH);
        sip_slice_t right_line = take_line(&right_rest, COLUMN_WIDTH);

        append_slice(out, label_line);
        if (left_line.len > 0 || right_line.len > 0) {
            append_blanks(out, LABEL_WIDTH - label_line.len);
            append_slice(out, left_line);
        }
        if (right_line.len > 0) {
            append_blanks(out, COLUMN_WIDTH - left_line.len + COLUMN_GAP);
            append_slice(out, right_line);
        }
        wmem_strbuf_append_c(out, '\n');
    }
}

/* One sentence as an item of a list over the whole width. */
static void
append_item(wmem_strbuf_t *out, const char *text)
{
    sip_slice_t rest = sip_slice_from_string(text);
    const char *lead = "- ";

    while (rest.len > 0) {
        wmem_strbuf_append(out, lead);
        append_slice(out, take_line(&rest, PAGE_WIDTH - 2));
        wmem_strbuf_append_c(out, '\n');
        lead = "  ";
    }
}

static void append_item_printf(wmem_strbuf_t *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
append_item_printf(wmem_strbuf_t *out, const char *format, ...)
{
    char text[2 * SIP_RESPONSE_MAX_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    append_item(out, text);
}

/* The sentence that says how one code differs from the other; true where it has one. */
static bool
append_neighbour(wmem_strbuf_t *out, side_t side, side_t other)
{
    for (const sip_response_neighbour_t *neighbour = side.row->differs; neighbour->code != 0; neighbour++) {
        if (neighbour->code == other.code) {
            if (side.code != side.row->code) { /* a class row's sentence cannot know the number */
                append_item_printf(out, "%u: %s.", side.code, side.row->gist);
            }
            append_item(out, neighbour->text);
            return true;
        }
    }
    return false;
}

/* Codes that nobody mistakes for each other: what their classes and targets say. */
static void
append_derived(wmem_strbuf_t *out, side_t a, side_t b)
{
    append_item_printf(out, "%u: %s. %u: %s.", a.code, a.row->gist, b.code, b.row->gist);
    if (words_of(a) == words_of(b)) {
        append_item(out, words_of(a)->both);
    } else {
        append_item_printf(out, "%u %s; %u %s.", a.code, effect_of(a), b.code, effect_of(b));
    }
}

/* RFC 3261 16.7 step 6: a 6xx must win among the finals of a fork, else the lowest class should. */
static void
append_fork_winner(wmem_strbuf_t *out, side_t a, side_t b)
{
    side_t low = a.code < b.code ? a : b;
    side_t high = a.code < b.code ? b : a;

    if (words_of(a) == words_of(b)) {
        return;
    }
    if (high.row->definitive) {
        append_item_printf(out,
                           "A forking proxy that gets only these two must return %u, the 6xx (RFC 3261 section "
                           "16.7).",
                           high.code);
    } else {
        append_item_printf(out,
                           "A forking proxy that gets only these two should return %u, the lower class, unless it "
                           "acts on it itself (RFC 3261 section 16.7).",
                           low.code);
    }
}

static void
append_retry_after(wmem_strbuf_t *out, side_t a, side_t b)
{
    side_t with = a.row->retry_after ? a : b;
    side_t without = a.row->retry_after ? b : a;

    if (a.row->retry_after != b.row->retry_after) {
        append_item_printf(out,
                           "%u may say in Retry-After when to call again; in %u that header has no "
                           "defined meaning.",
                           with.code, without.code);
    }
}

static void
append_differences(wmem_strbuf_t *out, side_t a, side_t b)
{
    bool named = false;

    if (a.code == b.code) {
        append_item_printf(out, "None: %u was asked for twice.", a.code);
        return;
    }
    if (a.row == b.row) {
        append_item_printf(out, "None: neither %u nor %u is registered, and both are handled alike.", a.code, b.code);
        return;
    }
    named |= append_neighbour(out, a, b);
    named |= append_neighbour(out, b, a);
    if (!named) {
        append_derived(out, a, b);
    }
    append_fork_winner(out, a, b);
    append_retry_after(out, a, b);
}

static void
append_rule(wmem_strbuf_t *out)
{
    for (size_t i = 0; i < PAGE_WIDTH; i++) {
        wmem_strbuf_append_c(out, '-');
    }
    wmem_strbuf_append_c(out, '\n');
}

static void
append_headings(wmem_strbuf_t *out, side_t left, side_t right)
{
    char texts[2][COLUMN_WIDTH + 1];

    snprintf(texts[0], sizeof(texts[0]), "%u %s", left.code, left.row->phrase);
    snprintf(texts[1], sizeof(texts[1]), "%u %s", right.code, right.row->phrase);
    append_pair(out, "", texts[0], texts[1]);
    append_rule(out);
}

char *
sip_response_compare(wmem_allocator_t *scope, uint16_t a, uint16_t b, uint16_t *unknown)
{
    const side_t left = {a, sip_response_lookup(a)};
    const side_t right = {b, sip_response_lookup(b)};
    wmem_strbuf_t *out;

    if (left.row == NULL || right.row == NULL) {
        if (unknown != NULL) {
            *unknown = left.row == NULL ? a : b;
        }
        return NULL;
    }
    out = wmem_strbuf_new(scope, "");
    append_headings(out, left, right);
    append_pair(out, "Class", words_of(left)->name, words_of(right)->name);
    append_pair(out, "Targets", lifetime_words[left.row->lifetime].targets,
                lifetime_words[right.row->lifetime].targets);
    append_pair(out, "Meaning", left.row->meaning, right.row->meaning);
    append_pair(out, "Seen when", left.row->seen_when, right.row->seen_when);
    append_pair(out, "What to do", left.row->remedy, right.row->remedy);
    append_pair(out, "Reference", left.row->reference, right.row->reference);
    wmem_strbuf_append(out, "\nKey differences\n");
    append_differences(out, left, right);
    wmem_strbuf_append(out, "\nWhen to use which\n");
    append_item(out, left.row->use_when);
    if (left.row != right.row) {
        append_item(out, right.row->use_when);
    }
    return wmem_strbuf_finalize(out);
}

char *
sip_response_contrast(wmem_allocator_t *scope, uint16_t a, uint16_t b)
{
    const side_t left = {a, sip_response_lookup(a)};
    const side_t right = {b, sip_response_lookup(b)};

    if (left.row == NULL || right.row == NULL) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "%u %s; %u %s.", a, effect_of(left), b, effect_of(right));
}
