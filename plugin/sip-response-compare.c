/* sip-response-compare.c
 * Two codes side by side, and in one line, for a person.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-response.h"

#include <stdarg.h>
#include <stdio.h>

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-text.h"

/* 11 + 43 + 3 + 43 = 100 columns; the texts are ASCII, so a byte is a column. */
#define LABEL_WIDTH 11
#define COLUMN_WIDTH 43
#define COLUMN_GAP 3
#define PAGE_WIDTH (LABEL_WIDTH + COLUMN_WIDTH + COLUMN_GAP + COLUMN_WIDTH)

/* Bytes of a word of the user's that is told back to him. */
#define MAX_WORD 32

/* One side of a comparison. */
typedef struct {
    uint16_t key; /* as asked for; row->code is 3 or 6 for an unregistered one */
    unsigned number;
    char name[8];              /* "302", "603+" */
    const sip_response_t *row; /* NULL where nothing is known of it */
} side_t;

/* A comparison being written. */
typedef struct {
    wmem_strbuf_t *out;
    sip_response_layout_t layout;
    side_t left, right;
} page_t;

/* What holds for every code of a class. */
typedef struct {
    uint16_t code_class;
    const char *name;   /* in words, and whether it is definitive */
    const char *effect; /* completes "486 ..."; NULL where that depends on the targets */
    const char *both;   /* of two codes of this class */
} class_words_t;

static const class_words_t class_words[] = {
    {3, "Redirection, not definitive", NULL, "Both are redirections, not definitive: the call can go on."},
    {4, "Client failure", "speaks for one place, and others may still be tried",
     "Both are failures at one place: others may still be tried."},
    {5, "Server failure", "speaks for one server, and others may still be tried",
     "Both are failures of one server: others may still be tried."},
    {6, "Global failure, definitive", "is definitive, so trying others is pointless",
     "Both are global failures, definitive: trying others is pointless."},
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

static side_t
side_of(uint16_t key)
{
    side_t side = {.key = key, .row = sip_response_by_key(key)};

    if (side.row != NULL) {
        side.number = side.row->code < 10 ? key : sip_response_number(side.row);
        snprintf(side.name, sizeof(side.name), "%u%s", side.number, sip_response_suffix(key));
    }
    return side;
}

static const class_words_t *
words_of(side_t side)
{
    for (size_t i = 0; i < G_N_ELEMENTS(class_words); i++) {
        if (class_words[i].code_class == side.number / 100) {
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
append_columns(wmem_strbuf_t *out, const char *label, const char *left, const char *right)
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

/* What both codes say of one matter. */
static void
append_pair(page_t *page, const char *label, const char *left, const char *right)
{
    if (page->layout == SIP_RESPONSE_IN_COLUMNS) {
        append_columns(page->out, label, left, right);
    } else {
        wmem_strbuf_append_printf(page->out, "\n%s\n%s: %s\n%s: %s\n", label, page->left.name, left, page->right.name,
                                  right);
    }
}

/* One sentence as an item of a list over the whole width. */
static void
append_item(page_t *page, const char *text)
{
    const size_t width = page->layout == SIP_RESPONSE_IN_COLUMNS ? PAGE_WIDTH - 2 : SIZE_MAX;
    sip_slice_t rest = sip_slice_from_string(text);
    const char *lead = "- ";

    while (rest.len > 0) {
        wmem_strbuf_append(page->out, lead);
        append_slice(page->out, take_line(&rest, width));
        wmem_strbuf_append_c(page->out, '\n');
        lead = "  ";
    }
}

static void append_item_printf(page_t *page, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
append_item_printf(page_t *page, const char *format, ...)
{
    char text[2 * SIP_RESPONSE_MAX_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    append_item(page, text);
}

/* The sentence that says how one code differs from the other; true where it has one. */
static bool
append_neighbour(page_t *page, side_t side, side_t other)
{
    const char *text = sip_response_difference(side.row, other.key);

    if (text == NULL) {
        return false;
    }
    if (side.key != side.row->code) { /* a class row's sentence cannot know the number */
        append_item_printf(page, "%s: %s.", side.name, side.row->gist);
    }
    append_item(page, text);
    return true;
}

/* Codes that nobody mistakes for each other: what their classes and targets say. */
static void
append_derived(page_t *page)
{
    const side_t a = page->left, b = page->right;
    append_item_printf(page, "%s: %s. %s: %s.", a.name, a.row->gist, b.name, b.row->gist);
    if (words_of(a) == words_of(b)) {
        append_item(page, words_of(a)->both);
    } else {
        append_item_printf(page, "%s %s; %s %s.", a.name, effect_of(a), b.name, effect_of(b));
    }
}

/* RFC 3261 16.7 step 6: a 6xx must win among the finals of a fork, else the lowest class should. */
static void
append_fork_winner(page_t *page)
{
    const side_t a = page->left, b = page->right;
    side_t low = a.number < b.number ? a : b;
    side_t high = a.number < b.number ? b : a;

    if (words_of(a) == words_of(b)) {
        return;
    }
    if (high.row->definitive) {
        append_item_printf(page,
                           "A forking proxy that gets only these two must return %s, the 6xx (RFC 3261 section "
                           "16.7).",
                           high.name);
    } else {
        append_item_printf(page,
                           "A forking proxy that gets only these two should return %s, the lower class, unless it "
                           "acts on it itself (RFC 3261 section 16.7).",
                           low.name);
    }
}

static void
append_retry_after(page_t *page)
{
    const side_t a = page->left, b = page->right;
    side_t with = a.row->retry_after ? a : b;
    side_t without = a.row->retry_after ? b : a;

    if (a.row->retry_after != b.row->retry_after) {
        append_item_printf(page,
                           "%s may say in Retry-After when to try again; in %s that header has no "
                           "defined meaning.",
                           with.name, without.name);
    }
}

static void
append_differences(page_t *page)
{
    const side_t a = page->left, b = page->right;
    bool named = false;

    if (a.key == b.key) {
        append_item_printf(page, "None: %s was asked for twice.", a.name);
        return;
    }
    if (a.row == b.row) {
        append_item_printf(page, "None: neither %s nor %s is registered, and both are handled alike.", a.name, b.name);
        return;
    }
    named |= append_neighbour(page, a, b);
    named |= append_neighbour(page, b, a);
    if (!named) {
        append_derived(page);
    }
    append_fork_winner(page);
    append_retry_after(page);
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
append_headings(page_t *page)
{
    char texts[2][COLUMN_WIDTH + 1];

    snprintf(texts[0], sizeof(texts[0]), "%s %s", page->left.name, page->left.row->phrase);
    snprintf(texts[1], sizeof(texts[1]), "%s %s", page->right.name, page->right.row->phrase);
    if (page->layout == SIP_RESPONSE_IN_COLUMNS) {
        append_columns(page->out, "", texts[0], texts[1]);
        append_rule(page->out);
    } else {
        wmem_strbuf_append_printf(page->out, "%s and %s\n", texts[0], texts[1]);
    }
}

/* @return what sip_response_compare() does; both codes are known. */
static char *
write_page(wmem_allocator_t *scope, side_t left, side_t right, sip_response_layout_t layout)
{
    page_t page = {wmem_strbuf_new(scope, ""), layout, left, right};

    append_headings(&page);
    append_pair(&page, "Class", words_of(left)->name, words_of(right)->name);
    append_pair(&page, "Targets", lifetime_words[left.row->lifetime].targets,
                lifetime_words[right.row->lifetime].targets);
    append_pair(&page, "Meaning", left.row->meaning, right.row->meaning);
    append_pair(&page, "Seen when", left.row->seen_when, right.row->seen_when);
    append_pair(&page, "What to do", left.row->remedy, right.row->remedy);
    append_pair(&page, "Reference", left.row->reference, right.row->reference);
    wmem_strbuf_append(page.out, "\nKey differences\n");
    append_differences(&page);
    wmem_strbuf_append(page.out, "\nWhen to use which\n");
    append_item(&page, left.row->use_when);
    if (left.row != right.row) {
        append_item(&page, right.row->use_when);
    }
    return wmem_strbuf_finalize(page.out);
}

char *
sip_response_compare(wmem_allocator_t *scope, uint16_t a, uint16_t b, uint16_t *unknown)
{
    const side_t left = side_of(a), right = side_of(b);

    if (left.row == NULL || right.row == NULL) {
        if (unknown != NULL) {
            *unknown = left.row == NULL ? a : b;
        }
        return NULL;
    }
    return write_page(scope, left, right, SIP_RESPONSE_IN_COLUMNS);
}

char *
sip_response_contrast(wmem_allocator_t *scope, uint16_t a, uint16_t b)
{
    const side_t left = side_of(a), right = side_of(b);

    if (left.row == NULL || right.row == NULL) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "%s %s; %s %s.", left.name, effect_of(left), right.name, effect_of(right));
}

/* --- codes as a person writes them -------------------------------------------------------------------------------- */

/* @return the key of "302" or "603+"; 0 where the word is none. */
static uint16_t
key_of_word(sip_slice_t word)
{
    uint32_t number;

    if (sip_slice_equal(word, SIP_SLICE_LITERAL("603+"))) {
        return SIP_RESPONSE_NETWORK_BLOCKED;
    }
    if (!sip_slice_to_uint32(word, &number) || number > 699 || sip_response_lookup((uint16_t)number) == NULL) {
        return 0;
    }
    return (uint16_t)number;
}

/* A row that no word for all 3xx and 6xx stands for. */
static bool
is_listed(const sip_response_t *row)
{
    return !sip_response_has_expert(row) || sip_response_suffix(row->code)[0] != '\0';
}

/* Those with a suffix first, then by number: "603+, 404, 410 and 488". */
static void
append_codes_known(wmem_strbuf_t *out)
{
    size_t count, listed = 0, total = 0;
    const sip_response_t *row = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        total += is_listed(&row[i]);
    }
    for (int has_suffix = 1; has_suffix >= 0; has_suffix--) {
        for (size_t i = 0; i < count; i++) {
            const char *suffix = sip_response_suffix(row[i].code);
            if (is_listed(&row[i]) && (suffix[0] != '\0') == has_suffix) {
                listed++;
                wmem_strbuf_append_printf(out, "%s%u%s", listed == total ? " and " : ", ", sip_response_number(&row[i]),
                                          suffix);
            }
        }
    }
}

static char *
complain_of(wmem_allocator_t *scope, sip_slice_t word)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "Nothing is known of \"");

    redirect_text_append(out, word, MAX_WORD);
    wmem_strbuf_append(out, "\". Known are all 3xx and 6xx");
    append_codes_known(out);
    wmem_strbuf_append_c(out, '.');
    return wmem_strbuf_finalize(out);
}

char *
sip_response_compare_words(wmem_allocator_t *scope, sip_slice_t a, sip_slice_t b, sip_response_layout_t layout,
                           char **complaint)
{
    const sip_slice_t words[] = {sip_slice_trim(a), sip_slice_trim(b)};
    uint16_t keys[G_N_ELEMENTS(words)];

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        keys[i] = key_of_word(words[i]);
        if (keys[i] == 0) {
            *complaint = complain_of(scope, words[i]);
            return NULL;
        }
    }
    return write_page(scope, side_of(keys[0]), side_of(keys[1]), layout);
}
