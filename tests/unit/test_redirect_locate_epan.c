/* test_redirect_locate_epan.c
 * The parts of finding messages that need no capture: lines, headers, what is missing of a message, what reading costs.
 * tests/dissection/test_locate.py holds the whole against the SIP dissector.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib.h>

#include <epan/packet.h>
#include <epan/tvbuff.h>

#include "redirect-locate-int.h"

/* ---- Lines ---- */

typedef struct {
    size_t start;
    size_t end;
    size_t next;
} line_t;

static void
check_lines(const char *text, size_t len, const line_t *line, size_t count)
{
    char *exact = (char *)g_memdup2(text, len); /* so that a sanitizer sees what is read beyond it */
    locate_effort_t effort = {0, SIZE_MAX};
    locate_source_t source = locate_source(NULL, exact, len, &effort);

    for (size_t i = 0; i < count; i++) {
        size_t next;

        g_assert_cmpuint(locate_text_line_end(&source, line[i].start, &next), ==, line[i].end);
        g_assert_cmpuint(next, ==, line[i].next);
    }
    g_free(exact);
}

static void
test_line_ends(void)
{
    /*                           0 1 2 3 4 5 6 7 8 9 10 */
    static const char text[] = "a\rb\nc\r\nd\r\r\n";
    static const line_t lines[] = {{0, 1, 2}, {2, 3, 4}, {4, 5, 7}, {7, 8, 9}, {9, 9, 11}, {11, 11, 11}};
    static const line_t backwards[] = {{9, 9, 11}, {7, 8, 9}, {4, 5, 7}, {2, 3, 4}, {0, 1, 2}, {9, 9, 11}};

    check_lines(text, 11, lines, G_N_ELEMENTS(lines));
    check_lines(text, 11, backwards, G_N_ELEMENTS(backwards));
}

static void
test_last_line(void)
{
    check_lines("abc", 3, &(line_t){0, 3, 3}, 1);
    check_lines("abc\r", 4, &(line_t){0, 3, 4}, 1);
    check_lines("abc\n", 4, &(line_t){0, 3, 4}, 1);
    check_lines("\r", 1, &(line_t){0, 0, 1}, 1);
}

/* A part of a source ends where it ends, whatever was read of the whole before, and after. */
static void
test_part(void)
{
    locate_effort_t effort = {0, SIZE_MAX};
    locate_source_t source = locate_source(NULL, "one two\r\nthree\r\n", 16, &effort);
    size_t next;

    g_assert_cmpuint(locate_text_line_end(&source, 0, &next), ==, 7);
    for (size_t len = 0; len <= 9; len++) {
        source.len = len;
        g_assert_cmpuint(locate_text_line_end(&source, 0, &next), ==, MIN(len, 7));
        g_assert_cmpuint(next, ==, len);
    }
    source.len = source.size;
    g_assert_cmpuint(locate_text_line_end(&source, 9, &next), ==, 14);
    g_assert_cmpuint(next, ==, 16);
}

/* ---- What reading costs ---- */

/* Bytes looked at while the header lines of a message with that many lines are read. */
static size_t
cost_of_headers(const char *eol, size_t lines)
{
    GString *text = g_string_new("A sip:b SIP/2.0\r\n");
    locate_effort_t effort = {0, SIZE_MAX};
    locate_text_t message = {.start = 0};
    locate_source_t source;

    for (size_t i = 0; i < lines; i++) {
        g_string_append_printf(text, "a%s", eol);
    }
    g_string_append(text, "Call-ID: one\r\n\r\n");
    source = locate_source(NULL, text->str, text->len, &effort);
    locate_text_line_end(&source, 0, &message.body);
    locate_text_read_headers(&source, &message);
    g_assert_true(message.has_empty_line);
    g_assert_cmpuint(message.body, ==, text->len);
    g_assert_true(sip_slice_equal(message.call_id, SIP_SLICE_LITERAL("one")));
    g_assert_cmpuint(effort.examined, <=, 3 * text->len);
    g_string_free(text, TRUE);
    return effort.examined;
}

static void
test_headers_are_read_once(void)
{
    static const char *const eols[] = {"\r", "\n", "\r\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(eols); i++) {
        size_t before = cost_of_headers(eols[i], 1000);

        for (size_t lines = 2000; lines <= 64000; lines *= 2) {
            size_t cost = cost_of_headers(eols[i], lines);

            g_assert_cmpuint(cost, <=, 2 * before + 100);
            before = cost;
        }
    }
}

/* ---- Headers ---- */

static void
test_content_length(void)
{
    static const struct {
        const char *value;
        bool has; /* as the dissector counts */
        size_t counted;
        uint32_t announced;
    } rows[] = {
        {"0", true, 0, 0},
        {"7", true, 7, 7},
        {"0007", true, 7, 7},
        {"7 ", true, 0, 0},
        {"-1", true, 0, 0},
        {"x", true, 0, 0},
        {"", true, 0, 0},
        {"2147483647", true, 2147483647, 2147483647},
        {"2147483648", true, 0, 2147483648},
        {"4294967294", true, 0, 4294967294},
        {"4294967295", false, 0, UINT32_MAX},
        {"99999999999999999999999999", false, 0, UINT32_MAX},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *text = g_strdup_printf("Content-Length:%s\r\n\r\n", rows[i].value);
        locate_effort_t effort = {0, SIZE_MAX};
        locate_source_t source = locate_source(NULL, text, strlen(text), &effort);
        locate_text_t message = {.start = 0};

        locate_text_read_headers(&source, &message);
        g_assert_cmpint(message.has_content_length, ==, rows[i].has);
        g_assert_cmpuint(message.content_length, ==, rows[i].counted);
        g_assert_cmpuint(message.announced, ==, rows[i].announced);
        g_free(text);
    }
}

/* ---- What is missing ---- */

static bool
is_complete(const char *text, redirect_transport_t transport, bool end_captured)
{
    size_t len = strlen(text);
    char *exact = (char *)g_memdup2(text, len);
    redirect_located_t located = {.text = sip_slice_make(exact, len),
                                  .transport = transport,
                                  .headers_complete = true,
                                  .end_captured = end_captured};
    bool answer = redirect_located_is_complete(&located);

    g_free(exact);
    return answer;
}

static void
test_complete(void)
{
#define START "A sip:b SIP/2.0\r\n"
    g_assert_true(is_complete(START "l: 2\r\n\r\nab", REDIRECT_TRANSPORT_UDP, true));
    g_assert_true(is_complete(START "l: 2\r\n\r\nabc", REDIRECT_TRANSPORT_UDP, true));
    g_assert_false(is_complete(START "l: 2\r\n\r\na", REDIRECT_TRANSPORT_UDP, true));
    g_assert_false(is_complete(START "l: 2\r\n\r\n", REDIRECT_TRANSPORT_WS, true));
    g_assert_true(is_complete(START "\r\nabc", REDIRECT_TRANSPORT_UDP, true));
    /* No empty line: there is no body, whatever Content-Length says. */
    g_assert_true(is_complete(START "l: 0\r\n", REDIRECT_TRANSPORT_UDP, true));
    g_assert_false(is_complete(START "l: 1\r\n", REDIRECT_TRANSPORT_UDP, true));
    g_assert_true(is_complete(START, REDIRECT_TRANSPORT_UDP, true));
    /* Cut off: nothing else counts. */
    g_assert_false(is_complete(START "l: 0\r\n\r\n", REDIRECT_TRANSPORT_UDP, false));
    /* Of a stream it is known already. */
    g_assert_true(is_complete(START "l: 2\r\n\r\nab", REDIRECT_TRANSPORT_TCP, true));
    g_assert_false(is_complete(START "l: 2\r\n\r\na", REDIRECT_TRANSPORT_TCP, false));
}

/* ---- Missed messages ---- */

/* A frame with these records and, where text is not NULL, one data source. */
static unsigned
search(const char *text, sip_info_value_t *seen, unsigned count, unsigned *missed)
{
    packet_info pinfo = {.pool = wmem_allocator_new(WMEM_ALLOCATOR_STRICT)};
    locate_record_t *record = g_new0(locate_record_t, count);
    redirect_located_t *located = g_new0(redirect_located_t, count);
    tvbuff_t *tvb = NULL;
    unsigned found;

    for (unsigned i = 0; i < count; i++) {
        record[i].seen = &seen[i];
        record[i].transport = REDIRECT_TRANSPORT_TCP;
    }
    if (text) {
        tvb = tvb_new_real_data((const uint8_t *)text, (unsigned)strlen(text), (int)strlen(text));
        add_new_data_source(&pinfo, tvb, "Frame");
    }
    found = locate_search(&pinfo, record, count, located, missed);
    if (tvb) {
        remove_last_data_source(&pinfo);
        tvb_free(tvb);
    }
    g_free(located);
    g_free(record);
    wmem_destroy_allocator(pinfo.pool);
    return found;
}

static void
test_missed(void)
{
    static char one[] = "one", two[] = "two";
    sip_info_value_t seen[] = {
        {.request_method = (const uint8_t *)"A", .tap_call_id = one},
        {.response_code = 302, .tap_call_id = two},
    };
    unsigned missed = 0;

    /* No data source at all. */
    g_assert_cmpuint(search(NULL, seen, 2, &missed), ==, 0);
    g_assert_cmpuint(missed, ==, 2);
    /* One that holds neither, one of them, both. */
    g_assert_cmpuint(search(START "i: three\r\n\r\n", seen, 2, &missed), ==, 0);
    g_assert_cmpuint(missed, ==, 2);
    g_assert_cmpuint(search(START "i: one\r\n\r\nSIP/2.0 303 X\r\ni: two\r\n\r\n", seen, 2, &missed), ==, 1);
    g_assert_cmpuint(missed, ==, 1);
    g_assert_cmpuint(search(START "i: one\r\nl: 0\r\n\r\nSIP/2.0 302 X\r\ni: two\r\n\r\n", seen, 2, &missed), ==, 2);
    g_assert_cmpuint(missed, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/locate/line/ends", test_line_ends);
    g_test_add_func("/locate/line/last", test_last_line);
    g_test_add_func("/locate/line/part", test_part);
    g_test_add_func("/locate/headers/cost", test_headers_are_read_once);
    g_test_add_func("/locate/headers/content-length", test_content_length);
    g_test_add_func("/locate/complete", test_complete);
    g_test_add_func("/locate/missed", test_missed);
    return g_test_run();
}
