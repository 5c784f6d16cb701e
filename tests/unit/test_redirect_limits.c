/* test_redirect_limits.c
 * The limits: their defaults, and that the manual page says of each what the table says. With --write it writes there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include <glib.h>

#include "redirect-limits.h"

#define BEGIN ".\\\" The table of limits, written by test_redirect_limits --write: begin\n"
#define END ".\\\" The table of limits: end\n"

static char *
page_path(void)
{
    const char *top = g_getenv("SOURCE_DIR");

    return g_build_filename(top ? top : ".", "docs", "sip_redirect.4.in", NULL);
}

/* The rows as the page has them. */
static char *
table_text(void)
{
    GString *text = g_string_new(BEGIN);
    size_t count;
    const redirect_limit_row_t *row = redirect_limits_table(&count);

    for (size_t i = 0; i < count; i++) {
        g_string_append_printf(text, ".TP\n.B %u\n%s; beyond: %s\n", row[i].preset, row[i].what, row[i].beyond);
    }
    g_string_append(text, END);
    return g_string_free(text, FALSE);
}

/* What stands between the marks, marks included; the page is cut there. */
static char *
cut_table(const char *page, char **before, char **after)
{
    const char *begin = strstr(page, BEGIN), *end = strstr(page, END);

    g_assert_nonnull(begin);
    g_assert_nonnull(end);
    end += strlen(END);
    *before = g_strndup(page, (gsize)(begin - page));
    *after = g_strdup(end);
    return g_strndup(begin, (gsize)(end - begin));
}

static void
test_manual_page(void)
{
    char *path = page_path(), *page, *before, *after, *written, *expected = table_text();

    g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
    written = cut_table(page, &before, &after);
    g_assert_cmpstr(written, ==, expected);
    g_free(written);
    g_free(before);
    g_free(after);
    g_free(expected);
    g_free(page);
    g_free(path);
}

static void
write_manual_page(void)
{
    char *path = page_path(), *page, *before, *after, *table = table_text();

    g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
    g_free(cut_table(page, &before, &after));
    g_free(page);
    page = g_strconcat(before, table, after, NULL);
    g_assert_true(g_file_set_contents(path, page, -1, NULL));
    g_free(before);
    g_free(after);
    g_free(table);
    g_free(page);
    g_free(path);
}

/* Every member has its row, and each row its member: the defaults of all are set. */
static void
test_defaults(void)
{
    const redirect_limits_t limits = redirect_limits_default();
    size_t count;
    const redirect_limit_row_t *row = redirect_limits_table(&count);

    g_assert_cmpuint(count * sizeof(unsigned), ==, sizeof(limits));
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        memcpy(&value, (const char *)&limits + row[i].offset, sizeof(value));
        g_assert_cmpuint(value, ==, row[i].preset);
        g_assert_cmpuint(value, >, 0);
        g_assert_cmpuint(row[i].offset, ==, i * sizeof(unsigned));
    }
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0) {
        write_manual_page();
        return 0;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redirect-limits/defaults", test_defaults);
    g_test_add_func("/redirect-limits/manual-page", test_manual_page);
    return g_test_run();
}
