/* test_redirect_text.c
 * Bytes of the wire as text for people: one row is one class of bytes.
 *
 * Every input lies in a heap buffer of exactly its size, so that a sanitizer sees a read of one byte too many.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-text.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

typedef struct {
    const char *rule;
    const char *text;
    size_t len;
    size_t max;
    const char *shown;
} text_row_t;

/* sizeof, for text that holds a NUL; the literal is not to end in a hexadecimal escape that goes on. */
#define T(text) text, sizeof(text) - 1

static const text_row_t text_rows[] = {
    {"empty", T(""), 0, ""},
    {"ascii", T("Moved: \"a\" <b>%41~ "), 0, "Moved: \"a\" <b>%41~ "},
    {"two-bytes", T("J\xc3\xb6rg"), 0, "J\xc3\xb6rg"},
    {"three-bytes", T("\xe2\x82\xac\xe6\x97\xa5"), 0, "\xe2\x82\xac\xe6\x97\xa5"},
    {"four-bytes", T("\xf0\x9f\x98\x80!"), 0, "\xf0\x9f\x98\x80!"},
    {"last-character", T("\xf4\x8f\xbf\xbd"), 0, "\xf4\x8f\xbf\xbd"},
    {"combining", T("e\xcc\x81"), 0, "e\xcc\x81"},
    {"no-break-space",
     T("a\xc2\xa0"
       "b"),
     0,
     "a\xc2\xa0"
     "b"},
    /* control characters, C0 and C1 */
    {"nul", T("a\0b"), 0, "a" R "b"},
    {"nul-first", T("\0"), 0, R},
    {"escape", T("\x1b[31mX"), 0, R "[31mX"},
    {"tab", T("a\tb"), 0, "a" R "b"},
    {"c0", T("\x01\x07\x08\x0b\x0c\x1f"), 0, R R R R R R},
    {"delete", T("a\x7f"), 0, "a" R},
    {"c1-first", T("\xc2\x80"), 0, R},
    {"c1-csi",
     T("\xc2\x9b"
       "31m"),
     0, R "31m"},
    {"c1-last", T("\xc2\x9f"), 0, R},
    /* formatting: direction, zero width, soft hyphen, byte order mark, tags */
    {"bidi-override",
     T("a\xe2\x80\xae"
       "b"),
     0, "a" R "b"},
    {"bidi-isolates", T("\xe2\x81\xa6\xe2\x81\xa9"), 0, R R},
    {"bidi-marks", T("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), 0, R R R},
    {"zero-width", T("\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0"), 0, R R R R},
    {"soft-hyphen", T("\xc2\xad"), 0, R},
    {"byte-order-mark", T("\xef\xbb\xbfx"), 0, R "x"},
    {"tag", T("\xf3\xa0\x81\x81"), 0, R},
    /* separators that are no folding */
    {"line-separator", T("\xe2\x80\xa8"), 0, R},
    {"paragraph-separator", T("\xe2\x80\xa9"), 0, R},
    {"next-line", T("\xc2\x85"), 0, R},
    /* noncharacters, which XML cannot hold */
    {"noncharacter", T("\xef\xbf\xbe\xef\xbf\xbf"), 0, R R},
    {"noncharacter-astral", T("\xf0\x9f\xbf\xbe"), 0, R},
    {"noncharacter-arabic", T("\xef\xb7\x8f\xef\xb7\x90\xef\xb7\xaf\xef\xb7\xb0"), 0,
     "\xef\xb7\x8f" R R "\xef\xb7\xb0"},
    /* what is no UTF-8: each byte for itself */
    {"high-byte", T("\xff\xfe"), 0, R R},
    {"latin-1", T("J\xf6rg"), 0, "J" R "rg"},
    {"stray-continuation", T("\x80\xbf"), 0, R R},
    {"overlong-two", T("\xc0\x80\xc1\xbf"), 0, R R R R},
    {"overlong-three", T("\xe0\x80\xaf"), 0, R R R},
    {"overlong-four", T("\xf0\x80\x80\x9b"), 0, R R R R},
    {"surrogate-first", T("\xed\xa0\x80"), 0, R R R},
    {"surrogate-last", T("\xed\xbf\xbf"), 0, R R R},
    {"surrogate-pair", T("\xed\xa0\xbd\xed\xb8\x80"), 0, R R R R R R},
    {"beyond-unicode", T("\xf4\x90\x80\x80"), 0, R R R R},
    {"five-bytes", T("\xf8\x88\x80\x80\x80"), 0, R R R R R},
    {"cut-off-two", T("a\xc3"), 0, "a" R},
    {"cut-off-three", T("\xe2\x82"), 0, R R},
    {"cut-off-four", T("\xf0\x9f\x98"), 0, R R R},
    {"cut-off-inside", T("\xe2\x82x"), 0, R R "x"},
    {"lead-before-lead", T("\xc3\xc3\xb6"), 0, R "\xc3\xb6"},
    /* folding */
    {"folded", T("a\r\n b"), 0, "a b"},
    {"folded-lf", T("a\n\t \tb"), 0, "a b"},
    {"line-end-alone", T("a\rb\nc"), 0, "a b c"},
    {"folded-twice", T("a\r\n \r\n b"), 0, "a b"},
    {"folded-at-the-ends", T("\r\n a\r\n"), 0, "a"},
    {"folding-only", T("\r\n \t"), 0, ""},
    {"blanks-stay", T(" a  b "), 0, " a  b "},
    /* cutting */
    {"fits", T("abc"), 3, "abc"},
    {"one-too-many", T("abcd"), 3, "abc..."},
    {"one-byte", T("abcd"), 1, "a..."},
    {"plain-after-another-cut", T("\xc3\xb6xyz"), 4, "\xc3\xb6xy..."},
    {"plain-up-to-the-limit-and-on", T("ab\x01"), 2, "ab..."},
    {"in-two-bytes", T("ab\xc3\xb6"), 3, "ab..."},
    {"two-bytes-fit", T("ab\xc3\xb6"), 4, "ab\xc3\xb6"},
    {"two-bytes-fit-and-more",
     T("ab\xc3\xb6"
       "c"),
     4, "ab\xc3\xb6..."},
    {"in-four-bytes-1", T("a\xf0\x9f\x98\x80"), 2, "a..."},
    {"in-four-bytes-2", T("a\xf0\x9f\x98\x80"), 3, "a..."},
    {"in-four-bytes-3", T("a\xf0\x9f\x98\x80"), 4, "a..."},
    {"four-bytes-fit", T("a\xf0\x9f\x98\x80"), 5, "a\xf0\x9f\x98\x80"},
    {"nothing-fits", T("\xf0\x9f\x98\x80"), 3, "..."},
    {"replaced-counts-as-shown", T("\xff\xff"), 5, R "..."},
    {"replaced-fits", T("\xff\xff"), 6, R R},
    {"folding-fits", T("ab\r\n c"), 4, "ab c"},
    {"folding-does-not", T("ab\r\n c"), 2, "ab..."},
    {"line-end-at-the-cut", T("ab\r\n"), 2, "ab"},
};

/* Rows without "%HH" also go through test_escaped(): there both functions give the same. */
static void
test_text(const void *data)
{
    const text_row_t *row = data;
    const sip_slice_t text = sip_slice_make(g_memdup2(row->text, row->len), row->len);
    char *shown = redirect_text_from_wire(NULL, text, row->max);

    g_assert_cmpstr(shown, ==, row->shown);
    g_assert_true(g_utf8_validate(shown, -1, NULL));
    wmem_free(NULL, shown);
    g_free((char *)text.ptr);
}

static void
test_absent(void)
{
    char *shown = redirect_text_from_wire(NULL, SIP_SLICE_NONE, 0);

    g_assert_cmpstr(shown, ==, "");
    wmem_free(NULL, shown);
}

/* Alone, each byte but those of ASCII that can be seen is replaced; a line end alone is nothing. */
static void
test_every_byte(void)
{
    for (int byte = 0; byte < 256; byte++) {
        const char text = (char)byte, seen[] = {(char)byte, '\0'};
        char *shown = redirect_text_from_wire(NULL, sip_slice_make(&text, 1), 0);
        const char *wanted = byte >= 0x20 && byte < 0x7f ? seen : byte == '\r' || byte == '\n' ? "" : R;

        g_test_message("byte %d", byte);
        g_assert_cmpstr(shown, ==, wanted);
        wmem_free(NULL, shown);
    }
}

static void
test_append(void)
{
    wmem_strbuf_t *out = wmem_strbuf_new(NULL, "before: ");

    /* The limit is that of the piece, whatever stands before it. */
    redirect_text_append(out, SIP_SLICE_LITERAL("\r\n abcdef"), 4);
    redirect_text_append(out, SIP_SLICE_NONE, 4);
    redirect_text_append(out, SIP_SLICE_LITERAL("%41\x01"), 0);
    g_assert_cmpstr(wmem_strbuf_get_str(out), ==, "before: abcd...%41" R);
    wmem_strbuf_destroy(out);
}

static const text_row_t escaped_rows[] = {
    {"plain", T("a b"), 0, "a b"},
    {"escapes", T("sip%3Abob%40h%3bx"), 0, "sip:bob@h;x"},
    {"percent", T("%25%2541"), 0, "%%41"},
    {"no-escape", T("%%4%4g%g4%"), 0, "%%4%4g%g4%"},
    {"at-the-end", T("a%4"), 0, "a%4"},
    {"utf-8", T("J%C3%B6rg"), 0, "J\xc3\xb6rg"},
    {"utf-8-half-escaped", T("J\xc3%b6rg"), 0, "J\xc3\xb6rg"},
    {"four-bytes", T("%F0%9F%98%80"), 0, "\xf0\x9f\x98\x80"},
    {"nul", T("a%00b"), 0, "a" R "b"},
    {"escape-character", T("%1B[31m"), 0, R "[31m"},
    {"bidi-override", T("%E2%80%AE"), 0, R},
    {"overlong", T("%C0%80"), 0, R R},
    {"surrogate", T("%ED%A0%80"), 0, R R R},
    {"cut-off", T("%E2%82"), 0, R R},
    {"invalid-then-escape", T("%C3%41"), 0, R "A"},
    {"folded", T("a%0D%0A%20b"), 0, "a b"},
    {"cut-counts-decoded", T("%41%42%43"), 2, "AB..."},
    {"cut-before-an-escape", T("ab%43"), 2, "ab..."},
    {"plain-on-both-sides", T("ab%43de%"), 0, "abCde%"},
    {"fits-decoded", T("%41%42%43"), 3, "ABC"},
    {"cut-in-a-character", T("%41%C3%B6"), 2, "A..."},
};

static void
test_escaped(const void *data)
{
    const text_row_t *row = data;
    const sip_slice_t text = sip_slice_make(g_memdup2(row->text, row->len), row->len);
    wmem_strbuf_t *out = wmem_strbuf_new(NULL, "");

    redirect_text_append_unescaped(out, text, row->max);
    g_assert_cmpstr(wmem_strbuf_get_str(out), ==, row->shown);
    wmem_strbuf_destroy(out);
    g_free((char *)text.ptr);
}

/* What is fit to be shown stays as it is, and is cut at the same place by both functions. */
static void
test_cut(void)
{
    static const struct {
        const char *text;
        size_t max, len;
    } rows[] = {
        {"", 0, 0},
        {"", 1, 0},
        {"abc", 0, 3},
        {"abc", 4, 3},
        {"abc", 3, 3},
        {"abc", 2, 2},
        {"a\xc3\xb6", 2, 1},
        {"a\xc3\xb6", 3, 3},
        {"a\xf0\x9f\x98\x80", 1, 1},
        {"a\xf0\x9f\x98\x80", 2, 1},
        {"a\xf0\x9f\x98\x80", 3, 1},
        {"a\xf0\x9f\x98\x80", 4, 1},
        {"a\xf0\x9f\x98\x80", 5, 5},
        {"\xf0\x9f\x98\x80", 3, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const size_t len = redirect_text_cut(rows[i].text, rows[i].max);
        char *shown = redirect_text_from_wire(NULL, sip_slice_from_string(rows[i].text), rows[i].max);
        char *wanted =
            g_strdup_printf("%.*s%s", (int)rows[i].len, rows[i].text, rows[i].text[rows[i].len] ? "..." : "");

        g_test_message("row %u", (unsigned)i);
        g_assert_cmpuint(len, ==, rows[i].len);
        g_assert_cmpstr(shown, ==, wanted);
        g_free(wanted);
        wmem_free(NULL, shown);
    }
}

/* Any length; a limit is kept also where the text is far longer. */
static void
test_long(void)
{
    const size_t size = 1000000;
    char *text = g_strnfill(size, 'x');
    char *shown = redirect_text_from_wire(NULL, sip_slice_make(text, size), 0);

    g_assert_cmpuint(strlen(shown), ==, size);
    wmem_free(NULL, shown);
    shown = redirect_text_from_wire(NULL, sip_slice_make(text, size), 5);
    g_assert_cmpstr(shown, ==, "xxxxx...");
    wmem_free(NULL, shown);
    g_free(text);
}

static void
test_number(void)
{
    static const struct {
        uint32_t number;
        const char *text;
    } rows[] = {{0, "0"}, {9, "9"}, {10, "10"}, {302, "302"}, {4294967295U, "4294967295"}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        wmem_strbuf_t *out = wmem_strbuf_new(NULL, "n=");

        redirect_text_append_number(out, rows[i].number);
        g_assert_true(g_str_has_prefix(wmem_strbuf_get_str(out), "n="));
        g_assert_cmpstr(wmem_strbuf_get_str(out) + 2, ==, rows[i].text);
        wmem_strbuf_destroy(out);
    }
}

static void
add_row(const char *group, const text_row_t *row, GTestDataFunc function)
{
    char *path = g_strdup_printf("/redirect-text/%s/%s", group, row->rule);

    g_test_add_data_func(path, row, function);
    g_free(path);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(text_rows); i++) {
        add_row("wire", &text_rows[i], test_text);
        if (strstr(text_rows[i].text, "%41") == NULL) {
            add_row("unescaped-plain", &text_rows[i], test_escaped);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(escaped_rows); i++) {
        add_row("unescaped", &escaped_rows[i], test_escaped);
    }
    g_test_add_func("/redirect-text/absent", test_absent);
    g_test_add_func("/redirect-text/every-byte", test_every_byte);
    g_test_add_func("/redirect-text/append", test_append);
    g_test_add_func("/redirect-text/cut", test_cut);
    g_test_add_func("/redirect-text/long", test_long);
    g_test_add_func("/redirect-text/number", test_number);
    return g_test_run();
}
