/* redirect-report.c
 * The table of chains and its totals. Numbers are written without the C library's locale: scripts read them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-report.h"

#define COLUMN_GAP 2

/** Columns of an origin at most, and where the line is short of room; the rest of the line is the path's. */
#define ORIGIN_WIDTH 26
#define SHORTEST_ORIGIN 14

/** Where URIs would have to be shorter than this, hops are left out instead. */
#define SHORTEST_URI 13

/** Branches whose codes are told where there is no room for their URIs. */
#define CODES_BESIDE 4

/** A path has this before an origin has more than SHORTEST_ORIGIN; with "(10 more)" it needs as much. */
#define SHORTEST_PATH 34

static const struct {
    const char *title;
    bool right; /* aligned to the right */
} columns[REDIRECT_COLUMN_COUNT] = {
    [REDIRECT_COLUMN_CHAIN] = {"Chain", true}, [REDIRECT_COLUMN_START] = {"Start", true},
    [REDIRECT_COLUMN_HOPS] = {"Hops", true},   [REDIRECT_COLUMN_ORIGIN] = {"Origin", false},
    [REDIRECT_COLUMN_PATH] = {"Path", false},  [REDIRECT_COLUMN_OUTCOME] = {"Outcome", false},
    [REDIRECT_COLUMN_CODE] = {"Code", true},   [REDIRECT_COLUMN_DELAY] = {"Delay", true},
};

typedef struct {
    char *origin;
    const redirect_path_element_t *element; /* the whole path, its origin first */
    unsigned element_count;
    const char *text[REDIRECT_COLUMN_COUNT];
} line_t;

struct redirect_report {
    wmem_allocator_t *scope;
    const redirect_store_t *store;
    redirect_time_t zero;
    wmem_array_t *lines;  /* line_t */
    wmem_array_t *delays; /* redirect_time_t, of chains that a redirect delayed */
    unsigned chains;
    unsigned outcomes[REDIRECT_OUTCOME_COUNT];
    unsigned redirects, followed, not_followed;
};

/* --- figures ------------------------------------------------------------------------------------------------------ */

bool
redirect_report_followup_delay(const redirect_transaction_t *transaction, redirect_time_t *delay)
{
    const redirect_transaction_t *redirected;
    redirect_time_t since;

    if (redirect_cause(transaction) == NULL || transaction->request.frame == 0) {
        return false;
    }
    redirected = redirect_transaction_before(transaction);
    since = redirected && redirected->request.frame != 0 ? redirected->request.time : redirect_cause(transaction)->time;
    *delay = MAX(transaction->request.time - since, 0);
    return true;
}

redirect_report_row_t
redirect_report_row(const redirect_store_t *store, const redirect_chain_t *chain)
{
    redirect_report_row_t row = {.chain = chain, .result = redirect_chain_result(store, chain)};
    const redirect_transaction_t *step = redirect_path_end(chain->root);
    redirect_time_t delay;

    /* Every step leads to another transaction of the chain; the bound is against a ring that should not be there. */
    for (unsigned left = chain->transaction_count; step && left > 0; left--) {
        if (redirect_report_followup_delay(step, &delay)) {
            row.delay += delay;
            row.delayed = true;
        }
        step = redirect_transaction_before(step);
    }
    return row;
}

bool
redirect_report_is_first_sighting(const redirect_transaction_t *transaction)
{
    return transaction->redirect && transaction->redirect->transaction == transaction &&
           transaction->redirect->source == NULL;
}

static const redirect_transaction_t *
forward_with_same_final(const redirect_transaction_t *transaction)
{
    for (const redirect_transaction_t *other = redirect_next_below(transaction, NULL); other;
         other = redirect_next_below(transaction, other)) {
        if (other->response.status == transaction->response.status &&
            other->response.to_tag == transaction->response.to_tag) {
            return other;
        }
    }
    return NULL;
}

const redirect_transaction_t *
redirect_report_refused(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *farther;

    for (unsigned left = transaction->chain->transaction_count; left > 0; left--) {
        farther = forward_with_same_final(transaction);
        if (farther == NULL) {
            break;
        }
        transaction = farther;
    }
    return transaction;
}

uint16_t
redirect_report_counterpart(const redirect_chain_t *chain, uint16_t status)
{
    const unsigned other = status / 100 == 3 ? 6 : 3;
    const redirect_transaction_t *latest = NULL;

    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (transaction->response.status / 100U == other &&
            (latest == NULL || transaction->response.frame > latest->response.frame)) {
            latest = transaction;
        }
    }
    return latest ? latest->response.status : 0;
}

static int
compare_times(const void *a, const void *b)
{
    const redirect_time_t left = *(const redirect_time_t *)a, right = *(const redirect_time_t *)b;

    return (left > right) - (left < right);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static size_t
width_of(const char *text)
{
    return (size_t)g_utf8_strlen(text, -1);
}

char *
redirect_report_seconds(wmem_allocator_t *scope, redirect_time_t span, unsigned decimals)
{
    const uint64_t size = span < 0 ? 0 - (uint64_t)span : (uint64_t)span;
    uint64_t fraction = size % REDIRECT_SECOND;

    for (unsigned i = decimals; i < 9; i++) {
        fraction /= 10;
    }
    return wmem_strdup_printf(scope, "%s%" PRIu64 ".%0*" PRIu64, span < 0 ? "-" : "", size / REDIRECT_SECOND,
                              (int)decimals, fraction);
}

/* Appends text, its middle left out where it is wider than limit. */
static void
append_shortened(wmem_strbuf_t *out, const char *text, size_t limit)
{
    const size_t width = width_of(text);
    const char *tail;

    if (width <= limit || limit < 5) {
        wmem_strbuf_append(out, text);
        return;
    }
    /* More of the end is kept: hosts differ there. */
    tail = g_utf8_offset_to_pointer(text, (glong)(width - (limit - 3 + 1) / 2));
    for (const char *end = g_utf8_offset_to_pointer(text, (glong)((limit - 3) / 2)); text < end;
         text = g_utf8_next_char(text)) {
        wmem_strbuf_append_unichar(out, g_utf8_get_char(text));
    }
    wmem_strbuf_append(out, "...");
    wmem_strbuf_append(out, tail);
}

static const char *
without_scheme(const char *uri)
{
    return g_ascii_strncasecmp(uri, "sip:", 4) == 0 ? uri + 4 : uri;
}

static char *
fit_uri(wmem_allocator_t *scope, const char *uri, size_t limit)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "");

    append_shortened(out, width_of(uri) <= limit ? uri : without_scheme(uri), limit);
    return wmem_strbuf_finalize(out);
}

/* One piece of a path, measured once. */
typedef struct {
    const char *joint;  /* before it, but for the first; never shortened, as the next two */
    const char *words;  /* how sure it is */
    const char *became; /* after it: what became of a branch */
    const char *codes;  /* the same in few words */
    const char *text;
    size_t width; /* of text */
    size_t fixed; /* of all that is never shortened */
    bool is_uri;  /* codes and counts of hops are never shortened */
    bool is_code;
} piece_t;

/* A path after its origin. */
typedef struct {
    piece_t *piece;
    unsigned count;
} path_t;

static void
set_text(piece_t *piece, const char *text)
{
    piece->text = text;
    piece->width = width_of(text);
}

static path_t
path_of(wmem_allocator_t *scope, const line_t *line)
{
    path_t path = {.piece = wmem_alloc_array(scope, piece_t, line->element_count), .count = 0};

    for (unsigned i = 1; i < line->element_count; i++) {
        const redirect_path_element_t *element = &line->element[i];
        piece_t *piece = &path.piece[path.count++];
        *piece = (piece_t){
            .joint = redirect_path_joint(element - 1, element),
            .words = redirect_confidence_words(element->confidence),
            .became = *element->became ? wmem_strdup_printf(scope, " %s", element->became) : "",
            .codes = element->codes,
            .is_uri = element->kind == REDIRECT_PATH_URI || *element->became,
            .is_code = element->kind == REDIRECT_PATH_CODE,
        };
        piece->fixed = strlen(piece->words) + width_of(piece->became);
        set_text(piece, element->text);
    }
    return path;
}

/* How wide the path is when no URI is wider than limit. */
static size_t
path_width(const path_t *path, size_t limit)
{
    size_t width = 0;

    for (unsigned i = 0; i < path->count; i++) {
        width += (i > 0 ? strlen(path->piece[i].joint) : 0) + path->piece[i].fixed;
        width += path->piece[i].is_uri ? MIN(path->piece[i].width, limit) : path->piece[i].width;
    }
    return width;
}

/* The largest limit on URIs with which the path fits into width, at least smallest; 0 where there is none. */
static size_t
uri_limit(const path_t *path, size_t width, size_t smallest)
{
    size_t limit = width;

    while (limit >= smallest && path_width(path, limit) > width) {
        limit--;
    }
    return limit >= smallest ? limit : 0;
}

/* Puts text for count pieces from first on. */
static void
replace_pieces(path_t *path, unsigned first, unsigned count, const char *text)
{
    const char *joint = path->piece[first].joint;

    memmove(&path->piece[first + 1], &path->piece[first + count],
            (path->count - first - count) * sizeof(path->piece[0]));
    path->count -= count - 1;
    path->piece[first] = (piece_t){.joint = joint, .words = "", .became = "", .codes = ""};
    set_text(&path->piece[first], text);
}

/* Puts their codes for branches, "(302 487, 603 beside)": what the path took counts more. */
static void
shorten_branches(wmem_allocator_t *scope, path_t *path, size_t width)
{
    for (unsigned first = 0; first < path->count && path_width(path, SHORTEST_URI) > width; first++) {
        wmem_strbuf_t *text = wmem_strbuf_new(scope, "(");
        unsigned count = 0;
        for (; first + count < path->count && *path->piece[first + count].codes; count++) {
            wmem_strbuf_append_printf(text, "%s%s", count > 0 ? ", " : "", path->piece[first + count].codes);
        }
        if (count > 0) {
            wmem_strbuf_append(text, " beside)");
            replace_pieces(path, first, count,
                           count <= CODES_BESIDE ? wmem_strbuf_get_str(text)
                                                 : wmem_strdup_printf(scope, "(%u beside)", count));
        }
    }
}

/* From first on, up to the next code: a redirect with where it led to begins at a code. */
static unsigned
pieces_of_hop(const path_t *path, unsigned first)
{
    unsigned count = 1;

    while (first + count < path->count && !path->piece[first + count].is_code) {
        count++;
    }
    return count;
}

/* Puts a count for the first hops: as few as need be, and never for the last. */
static void
leave_out_hops(wmem_allocator_t *scope, path_t *path, size_t width)
{
    unsigned left_out = 0;

    while (path_width(path, SHORTEST_URI) > width) {
        const unsigned first = left_out > 0 ? 1 : 0;
        const unsigned count = pieces_of_hop(path, MIN(first, path->count)),
                       rest = path->count - MIN(path->count, first + count);
        const bool has_end = path->count > 0 && path->piece[path->count - 1].is_code;
        if (rest < (has_end ? 3U : 2U)) {
            break; /* the last hop, and the code that ended it */
        }
        left_out++;
        replace_pieces(path, 0, first + count, wmem_strdup_printf(scope, "(%u more)", left_out));
    }
}

static char *
join_path(wmem_allocator_t *scope, const path_t *path, size_t limit)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "");

    for (unsigned i = 0; i < path->count; i++) {
        wmem_strbuf_append(out, i > 0 ? path->piece[i].joint : "");
        wmem_strbuf_append(out, path->piece[i].words);
        append_shortened(out, path->piece[i].text, path->piece[i].is_uri ? limit : SIZE_MAX);
        wmem_strbuf_append(out, path->piece[i].became);
    }
    return wmem_strbuf_finalize(out);
}

/* The path after its origin, in at most width columns as far as that can be done. */
static char *
fit_path(wmem_allocator_t *scope, const line_t *line, size_t width)
{
    path_t path = path_of(scope, line);
    size_t limit;

    if (path_width(&path, SIZE_MAX) <= width) {
        return join_path(scope, &path, SIZE_MAX);
    }
    for (unsigned i = 0; i < path.count; i++) {
        if (path.piece[i].is_uri) {
            set_text(&path.piece[i], without_scheme(path.piece[i].text));
        }
    }
    limit = uri_limit(&path, width, SHORTEST_URI);
    if (limit == 0) {
        shorten_branches(scope, &path, width);
        leave_out_hops(scope, &path, width);
        limit = uri_limit(&path, width, 1);
    }
    return join_path(scope, &path, MAX(limit, 5));
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

redirect_report_t *
redirect_report_new(wmem_allocator_t *scope, const redirect_store_t *store, redirect_time_t zero)
{
    redirect_report_t *report = wmem_new0(scope, redirect_report_t);

    report->scope = scope;
    report->store = store;
    report->zero = zero;
    report->lines = wmem_array_new(scope, sizeof(line_t));
    report->delays = wmem_array_new(scope, sizeof(redirect_time_t));
    return report;
}

static void
count_redirects(redirect_report_t *report, const redirect_chain_t *chain)
{
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (redirect_report_is_first_sighting(transaction)) {
            report->redirects++;
            report->followed += transaction->redirect->followed;
        }
    }
}

static const char *
code_text(wmem_allocator_t *scope, uint16_t code)
{
    return code ? wmem_strdup_printf(scope, "%u", code) : "-";
}

void
redirect_report_add(redirect_report_t *report, const redirect_chain_t *chain)
{
    const redirect_report_row_t row = redirect_report_row(report->store, chain);
    wmem_allocator_t *scope = report->scope;
    line_t line = {.text = {
                       [REDIRECT_COLUMN_CHAIN] = wmem_strdup_printf(scope, "%u", chain->number),
                       [REDIRECT_COLUMN_START] = redirect_report_seconds(scope, chain->start - report->zero, 3),
                       [REDIRECT_COLUMN_HOPS] = wmem_strdup_printf(scope, "%u", chain->hops),
                       [REDIRECT_COLUMN_OUTCOME] = redirect_outcome_name(row.result.outcome),
                       [REDIRECT_COLUMN_CODE] = code_text(scope, row.result.final_code),
                       [REDIRECT_COLUMN_DELAY] = row.delayed ? redirect_report_seconds(scope, row.delay, 6) : "-",
                   }};

    line.origin = redirect_transaction_uri(scope, chain->root);
    line.element = redirect_path_elements(scope, report->store, chain->root, &line.element_count);
    wmem_array_append_one(report->lines, line);
    report->chains++;
    report->outcomes[row.result.outcome]++;
    if (row.delayed) {
        wmem_array_append_one(report->delays, row.delay);
    }
    count_redirects(report, chain);
    /* Only the redirect that ended a chain can have been left alone. */
    if (row.result.transaction && row.result.transaction->redirect) {
        report->not_followed += redirect_is_not_followed(report->store, row.result.transaction->redirect);
    }
}

static void
append_rule(wmem_strbuf_t *out, char character)
{
    for (unsigned i = 0; i < REDIRECT_REPORT_WIDTH; i++) {
        wmem_strbuf_append_c(out, character);
    }
    wmem_strbuf_append_c(out, '\n');
}

static void
append_blanks(wmem_strbuf_t *out, size_t count)
{
    for (; count > 0; count--) {
        wmem_strbuf_append_c(out, ' ');
    }
}

static void
append_line(wmem_strbuf_t *out, const char *const text[REDIRECT_COLUMN_COUNT],
            const size_t width[REDIRECT_COLUMN_COUNT])
{
    size_t owed = 0; /* blanks that go out only where something follows: no blanks at the end of a line */

    for (unsigned i = 0; i < REDIRECT_COLUMN_COUNT; i++) {
        const size_t padding = width[i] - MIN(width_of(text[i]), width[i]);
        append_blanks(out, owed + (columns[i].right ? padding : 0));
        wmem_strbuf_append(out, text[i]);
        owed = COLUMN_GAP + (columns[i].right ? 0 : padding);
    }
    wmem_strbuf_append_c(out, '\n');
}

static void
widen(size_t width[REDIRECT_COLUMN_COUNT], const line_t *line, unsigned column)
{
    width[column] = MAX(width[column], width_of(line->text[column]));
}

/* How wide the columns must be whose texts are there already; *room is what they leave for the line's rest. */
static void
measure_lines(const redirect_report_t *report, size_t width[REDIRECT_COLUMN_COUNT], size_t *room)
{
    const unsigned count = wmem_array_get_count(report->lines);
    const line_t *lines = (const line_t *)wmem_array_get_raw(report->lines);

    *room = REDIRECT_REPORT_WIDTH - (REDIRECT_COLUMN_COUNT - 1) * COLUMN_GAP;
    for (unsigned column = 0; column < REDIRECT_COLUMN_COUNT; column++) {
        width[column] = strlen(columns[column].title);
        if (column != REDIRECT_COLUMN_ORIGIN && column != REDIRECT_COLUMN_PATH) {
            for (unsigned i = 0; i < count; i++) {
                widen(width, &lines[i], column);
            }
            *room -= MIN(*room, width[column]);
        }
    }
}

/* Fits origins and paths into what the other columns leave. */
static void
fit_lines(redirect_report_t *report, size_t width[REDIRECT_COLUMN_COUNT])
{
    const unsigned count = wmem_array_get_count(report->lines);
    line_t *lines = (line_t *)wmem_array_get_raw(report->lines);
    size_t room, origin;

    measure_lines(report, width, &room);
    origin = room > SHORTEST_PATH ? CLAMP(room - SHORTEST_PATH, SHORTEST_ORIGIN, ORIGIN_WIDTH) : SHORTEST_ORIGIN;
    for (unsigned i = 0; i < count; i++) {
        lines[i].text[REDIRECT_COLUMN_ORIGIN] = fit_uri(report->scope, lines[i].origin, origin);
        widen(width, &lines[i], REDIRECT_COLUMN_ORIGIN);
    }
    room -= MIN(room, width[REDIRECT_COLUMN_ORIGIN]);
    for (unsigned i = 0; i < count; i++) {
        lines[i].text[REDIRECT_COLUMN_PATH] = fit_path(report->scope, &lines[i], room);
        widen(width, &lines[i], REDIRECT_COLUMN_PATH);
    }
}

/* Of an even number, the mean of the two in the middle. delay is sorted. */
static redirect_time_t
median(const redirect_time_t *delay, unsigned count)
{
    const redirect_time_t low = delay[(count - 1) / 2], high = delay[count / 2];

    return low + (high - low) / 2;
}

static void
append_totals(redirect_report_t *report, wmem_strbuf_t *out)
{
    const unsigned delayed = wmem_array_get_count(report->delays);
    redirect_time_t *delay = (redirect_time_t *)wmem_array_get_raw(report->delays);

    wmem_strbuf_append_printf(out, "Chains: %u", report->chains);
    for (unsigned i = 0; i < G_N_ELEMENTS(report->outcomes); i++) {
        /* Answered first; what is unfinished says least. */
        const redirect_outcome_t outcome = (redirect_outcome_t)((i + 1) % G_N_ELEMENTS(report->outcomes));
        wmem_strbuf_append_printf(out, ", %s %u", redirect_outcome_name(outcome), report->outcomes[outcome]);
    }
    wmem_strbuf_append_printf(out, "\nRedirects: %u, followed %u, not followed %u\n", report->redirects,
                              report->followed, report->not_followed);
    if (delayed == 0) {
        wmem_strbuf_append(out, "Delay added by redirects: none\n");
        return;
    }
    qsort(delay, delayed, sizeof(delay[0]), compare_times);
    wmem_strbuf_append_printf(out, "Delay added by redirects: median %s s, largest %s s, in %u chain%s\n",
                              redirect_report_seconds(report->scope, median(delay, delayed), 6),
                              redirect_report_seconds(report->scope, delay[delayed - 1], 6), delayed,
                              delayed == 1 ? "" : "s");
}

char *
redirect_report_finish(redirect_report_t *report)
{
    const unsigned count = wmem_array_get_count(report->lines);
    const line_t *lines = (const line_t *)wmem_array_get_raw(report->lines);
    wmem_strbuf_t *out = wmem_strbuf_new(report->scope, "");
    const char *titles[REDIRECT_COLUMN_COUNT];
    size_t width[REDIRECT_COLUMN_COUNT];

    for (unsigned i = 0; i < REDIRECT_COLUMN_COUNT; i++) {
        titles[i] = columns[i].title;
    }
    fit_lines(report, width);
    append_line(out, titles, width);
    append_rule(out, '-');
    for (unsigned i = 0; i < count; i++) {
        append_line(out, lines[i].text, width);
    }
    append_rule(out, '-');
    append_totals(report, out);
    return wmem_strbuf_finalize(out);
}
