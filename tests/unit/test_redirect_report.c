/* test_redirect_report.c
 * The lines of the table of chains and its totals. How it gets out of tshark: tests/dissection/test_reports.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "tracker_feed.h"

#include "redirect-report.h"

#define BOB "sip:bob@example.com"
#define CAROL "sip:carol@example.com"
#define SHORT "sip:c@h.example"

/* The report on all chains, two blanks and more as "|". */
static char *
report_of(const feed_t *feed)
{
    redirect_report_t *report = redirect_report_new(feed->scope, redirect_tracker_store(feed->tracker), 0);
    GString *out = g_string_new("");
    const char *text;

    for (uint32_t i = 0; i < redirect_tracker_chain_count(feed->tracker); i++) {
        redirect_report_add(report, redirect_tracker_chain(feed->tracker, i));
    }
    text = redirect_report_finish(report);
    while (*text) {
        size_t blanks = strspn(text, " ");
        bool is_gap = blanks > 1;
        g_string_append_c(out, is_gap ? '|' : *text);
        text += is_gap ? blanks : 1;
    }
    return g_string_free(out, FALSE);
}

static char *
line_of(const char *report, unsigned number)
{
    char **lines = g_strsplit(report, "\n", -1);
    char *line;

    g_assert_cmpuint(g_strv_length(lines), >, number);
    line = g_strdup(lines[number]);
    g_strfreev(lines);
    return line;
}

/* What fits is there whole. Frames are 100 ms apart: the follow-up comes 200 ms after the request redirected. */
static void
test_short_uris_are_whole(void)
{
    char *report, *head, *line, *totals;
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
    feed_request(&feed, "INVITE", CAROL, "2", 2, "", "");
    feed_response(&feed, "200 OK", "INVITE", "2", 2, "", "");
    report = report_of(&feed);
    head = line_of(report, 0);
    line = line_of(report, 2);
    totals = line_of(report, 4);
    g_assert_cmpstr(head, ==, "Chain|Start|Hops|Origin|Path|Outcome|Code|Delay");
    g_assert_cmpstr(line, ==, "|0|0.100|1|" BOB "|302 -> " CAROL " -> 200|answered|200|0.200000");
    g_assert_true(g_str_has_prefix(totals, "Chains: 1, answered 1, failed 0, "));
    g_free(report);
    g_free(head);
    g_free(line);
    g_free(totals);
    feed_end(&feed);
}

/* Beside a URI that must be shortened, a short one stays whole. */
static void
test_long_beside_short(void)
{
    char *user = g_strnfill(200, 'x');
    char *target = g_strdup_printf("sip:%s@example.net", user);
    char *contact = g_strdup_printf("Contact: <%s>\n", target);
    char *report, *line;
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, "Contact: <" SHORT ">\n", "");
    feed_request(&feed, "INVITE", SHORT, "2", 2, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "2", 2, contact, "");
    feed_request(&feed, "INVITE", target, "3", 3, "", "");
    feed_response(&feed, "486 Busy", "INVITE", "3", 3, "", "");
    report = report_of(&feed);
    line = line_of(report, 2);
    g_assert_nonnull(strstr(line, "|302 -> c@h.example -> 302 -> xx"));
    g_assert_nonnull(strstr(line, "xx..."));
    g_assert_nonnull(strstr(line, "ple.net -> 486|failed|486|0.400000"));
    g_free(user);
    g_free(target);
    g_free(contact);
    g_free(report);
    g_free(line);
    feed_end(&feed);
}

int
main(int argc, char **argv)
{
    int status;

    wmem_init();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/short-uris-are-whole", test_short_uris_are_whole);
    g_test_add_func("/report/long-beside-short", test_long_beside_short);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
