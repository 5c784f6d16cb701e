/* test_sip_uri_work.c
 * How much work comparing two URIs is, counted in characters read: time would depend on the machine.
 *
 * The comparison is compiled into this file with a counter; the library's own copy is then not linked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

static unsigned long units_read;

#define SIP_URI_COUNT_UNIT() ((void)units_read++)
#include "sip-uri-compare.c"

/* A list of count pieces made of format, which holds one %u and a separator at its end. */
static char *
list_of(const char *format, unsigned count)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, format, i);
    }
    g_string_truncate(text, text->len - 1);
    return g_string_free(text, FALSE);
}

typedef struct {
    const char *rule;
    const char *start; /* of both URIs */
    const char *piece_a, *piece_b;
    sip_uri_diff_t diff;
} work_row_t;

static const work_row_t work_rows[] = {
    {"equal-names", "sip:bob@example.com;", "x=%u;", "X=%u;", SIP_URI_DIFF_NONE},
    {"equal-names-other-values", "sip:bob@example.com;", "x=%u;", "x=1%u;", SIP_URI_DIFF_OTHER_PARAM},
    {"other-names", "sip:bob@example.com;", "name%u=v;", "NAME%u=v;", SIP_URI_DIFF_NONE},
    {"no-name-on-both-sides", "sip:bob@example.com;", "a%u=v;", "b%u=v;", SIP_URI_DIFF_NONE},
    {"equal-headers", "sip:bob@example.com?", "x=%u&", "X=%u&", SIP_URI_DIFF_NONE},
    {"other-headers", "sip:bob@example.com?", "name%u=v&", "NAME%u=v&", SIP_URI_DIFF_NONE},
    {"tel", "tel:+15551234;", "name%u=v;", "NAME%u=v;", SIP_URI_DIFF_NONE},
    {"long-names", "sip:bob@example.com;", "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn=%u;",
     "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN=%u;", SIP_URI_DIFF_NONE},
};

static unsigned long
work_of(const work_row_t *row, unsigned count)
{
    char *list_a = list_of(row->piece_a, count), *list_b = list_of(row->piece_b, count);
    char *text_a = g_strconcat(row->start, list_a, NULL), *text_b = g_strconcat(row->start, list_b, NULL);
    sip_uri_t a, b;

    g_assert_true(sip_uri_parse(sip_slice_from_string(text_a), &a));
    g_assert_true(sip_uri_parse(sip_slice_from_string(text_b), &b));
    units_read = 0;
    g_assert_cmpint(sip_uri_compare(&a, &b), ==, row->diff);
    g_test_message("%s, %u: %lu characters read of %lu", row->rule, count, units_read,
                   (unsigned long)(a.whole.len + b.whole.len));
    g_free(text_a);
    g_free(text_b);
    g_free(list_a);
    g_free(list_b);
    return units_read;
}

/*
 * Twice the pieces are at most twice the work and a little for the sorting, whose depth goes from 5 to 6: 2.4 times.
 * Where each piece is held against each other one, it is four times, and eight where that is done for each of them.
 */
static void
test_growth(const void *data)
{
    const work_row_t *row = data;
    const unsigned long half = work_of(row, SIP_URI_MAX_PIECES / 2), full = work_of(row, SIP_URI_MAX_PIECES);

    g_assert_cmpuint(half, >, 0);
    g_assert_cmpuint(full * 10, <=, half * 25);
}

/*
 * A name is read once to be hashed, then once in each of the 6 rounds of sorting 64 pieces, and about four times when
 * the two lists are walked: a dozen times with its terminating read; values less often.
 */
static void
test_bound(const void *data)
{
    const work_row_t *row = data;
    char *list_a = list_of(row->piece_a, SIP_URI_MAX_PIECES), *list_b = list_of(row->piece_b, SIP_URI_MAX_PIECES);
    const size_t size = strlen(list_a) + strlen(list_b), work = work_of(row, SIP_URI_MAX_PIECES);

    g_assert_cmpuint(work, <=, 14 * size);
    g_free(list_a);
    g_free(list_b);
}

/* Adds "/sip-uri-work/<group>/<rule>", so that a failure names its row. */
static void
add_row(const char *group, const work_row_t *row, GTestDataFunc function)
{
    char *path = g_strdup_printf("/sip-uri-work/%s/%s", group, row->rule);

    g_test_add_data_func(path, row, function);
    g_free(path);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(work_rows); i++) {
        add_row("growth", &work_rows[i], test_growth);
        add_row("bound", &work_rows[i], test_bound);
    }
    return g_test_run();
}
