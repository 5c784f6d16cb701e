/* test_redirect_told.c
 * What the sender of a 3xx or 6xx says in its own words, the one that says most, and where to object.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-told.h"
#include "tracker_feed.h"

#define BOB "sip:bob@example.com"

/* Of one response: what is told, each on a line; the most telling of it; whether it tells nothing at all. */
typedef struct {
    const char *status, *more, *body;
    const char *told, *most_telling;
    bool is_nothing;
} told_case_t;

#define NOTHING "", NULL, true

static const told_case_t told_cases[] = {
    /* The registered phrase, and what is read as it */
    {"603 Decline", "", "", NOTHING},
    {"603 DECLINE", "", "", NOTHING},
    {"603   decline  ", "", "", NOTHING},
    {"603 Declined", "", "", NOTHING},
    {"603 ", "", "", NOTHING},
    {"600 Busy Everywhere", "", "", NOTHING},
    {"600 Busy", "", "", NOTHING},
    {"604 Does not exist anywhere", "", "", NOTHING},
    {"302 Moved temporarily", "", "", NOTHING},
    {"302 Found", "", "", NOTHING},
    {"301 Redirect", "", "", NOTHING},
    {"302 Call_Forwarded", "", "", NOTHING},

    /* Another phrase */
    {"603 Blocked - Do Not Originate", "", "", "Reason phrase: \"Blocked - Do Not Originate\"\n",
     "\"Blocked - Do Not Originate\" (reason phrase)", false},
    {"600 Declined", "", "", "Reason phrase: \"Declined\"\n", "\"Declined\" (reason phrase)", false},
    {"603 Busy Everywhere", "", "", "Reason phrase: \"Busy Everywhere\"\n", "\"Busy Everywhere\" (reason phrase)",
     false},
    {"302 Busy", "", "", "Reason phrase: \"Busy\"\n", "\"Busy\" (reason phrase)", false},
    {"303 See Other", "", "", "Reason phrase: \"See Other\"\n", "\"See Other\" (reason phrase)", false},
    {"699 Decline", "", "", "Reason phrase: \"Decline\"\n", "\"Decline\" (reason phrase)", false},
    {"603 Network Blocked", "", "", "Reason phrase: \"Network Blocked\"\n", "\"Network Blocked\" (reason phrase)",
     false},

    /* Reason: RFC 3326, RFC 6432 */
    {"603 Decline", "Reason: Q.850;cause=21;text=\"Call Rejected by policy\"\n", "",
     "Reason: Q.850 cause 21, call rejected (\"Call Rejected by policy\")\n", "\"Call Rejected by policy\" (Reason)",
     false},
    {"603 Decline", "Reason: Q.850;cause=21\n", "", "Reason: Q.850 cause 21, call rejected\n",
     "call rejected (Q.850 cause 21)", false},
    {"603 Decline", "Reason: Q.850;cause=21;text=\"CALL_REJECTED\"\n", "", "Reason: Q.850 cause 21, call rejected\n",
     "call rejected (Q.850 cause 21)", false},
    {"603 Decline", "Reason: Q.850;cause=18;text=\"User responding\"\n", "",
     "Reason: Q.850 cause 18, no user responding (\"User responding\")\n", "no user responding (Q.850 cause 18)",
     false},
    {"302 Moved Temporarily", "Reason: Q.850 ;cause=19\n", "", "Reason: Q.850 cause 19, no answer from the user\n",
     "no answer from the user (Q.850 cause 19)", false},
    {"603 Decline", "Reason: Q.850;cause=128\n", "", "Reason: Q.850 cause 128\n", "Q.850 cause 128 (Reason)", false},
    {"603 Decline", "Reason: SIP;cause=480;text=\"Do Not Disturb\", Q.850;cause=20\n", "",
     "Reason: SIP 480 Temporarily Unavailable (\"Do Not Disturb\")\nReason: Q.850 cause 20, subscriber absent\n",
     "\"Do Not Disturb\" (Reason)", false},
    {"603 Decline", "Reason: Q.850;cause=20\nReason: SIP;cause=480\n", "",
     "Reason: Q.850 cause 20, subscriber absent\nReason: SIP 480 Temporarily Unavailable\n",
     "subscriber absent (Q.850 cause 20)", false},
    {"603 Decline", "Reason: SIP;cause=486\n", "", "Reason: SIP 486 Busy Here\n", "486 Busy Here (Reason)", false},
    {"603 Decline", "Reason: SIP;cause=499\n", "", "Reason: SIP 499\n", "SIP cause 499 (Reason)", false},
    {"302 Moved Temporarily", "Reason: SIP;cause=302;text=\"no-fraud-detected\"\n", "",
     "Reason: SIP 302 Moved Temporarily (\"no-fraud-detected\")\n", "\"no-fraud-detected\" (Reason)", false},
    {"603 Decline", "Reason: Preemption;cause=1\n", "", "Reason: Preemption cause 1\n", "Preemption cause 1 (Reason)",
     false},
    {"603 Decline", "Reason: X.int;text=\"on holiday\"\n", "", "Reason: X.int (\"on holiday\")\n",
     "\"on holiday\" (Reason)", false},

    /* What is said and says nothing of why */
    {"603 Decline", "Reason: Q.850;cause=0\n", "", "Reason: Q.850 cause 0, no cause known\n", NULL, false},
    {"603 Decline", "Reason: Q.850;cause=16;text=\"Normal call clearing\"\n", "",
     "Reason: Q.850 cause 16, normal clearing (\"Normal call clearing\")\n", NULL, false},
    {"603 Decline", "Reason: Q.850;cause=31\n", "", "Reason: Q.850 cause 31, normal, unspecified\n", NULL, false},
    {"603 Decline", "Reason: SIP;cause=603;text=\"Decline\"\n", "", "Reason: SIP 603 Decline\n", NULL, false},
    {"603 Decline", "Reason: SIP;cause=603;text=\"Call was declined\"\n", "",
     "Reason: SIP 603 Decline (\"Call was declined\")\n", NULL, false},
    {"603 Decline", "Reason: ;\n", "", "", NULL, false},

    /* The location of a cause: RFC 8606 */
    {"603 Decline", "Reason: Q.850;cause=17;location=RLN\n", "",
     "Reason: Q.850 cause 17, user busy, location RLN, the public network that serves the called party\n",
     "user busy (Q.850 cause 17, from the called party's network)", false},
    {"603 Decline", "Reason: Q.850;cause=21;text=\"Bad number\";location=u\n", "",
     "Reason: Q.850 cause 21, call rejected (\"Bad number\"), location u, the user\n",
     "\"Bad number\" (Reason, from the user)", false},
    {"603 Decline", "Reason: Q.850;cause=17;location=LOC-12\n", "",
     "Reason: Q.850 cause 17, user busy, location LOC-12\n", "user busy (Q.850 cause 17)", false},

    /* Warning: RFC 3261 20.43 */
    {"606 Not Acceptable", "Warning: 305 192.0.2.40 \"Incompatible media format\"\n", "",
     "Warning: 305, incompatible media format, from 192.0.2.40\n", "incompatible media format (Warning 305)", false},
    {"606 Not Acceptable", "Warning: 307 isi.edu \"Session parameter 'foo' not understood\"\n", "",
     "Warning: 307, session description parameter not understood (\"Session parameter 'foo' not understood\"), from "
     "isi.edu\n",
     "\"Session parameter 'foo' not understood\" (Warning 307)", false},
    {"603 Decline", "Warning: 399 pbx \"Caller on block list\"\n", "",
     "Warning: 399, miscellaneous warning (\"Caller on block list\"), from pbx\n",
     "\"Caller on block list\" (Warning 399)", false},
    {"603 Decline", "Warning: 392 192.0.2.1:5060 \"Noisy feedback tells: pid=7\"\n", "",
     "Warning: 392 (\"Noisy feedback tells: pid=7\"), from 192.0.2.1:5060\n",
     "\"Noisy feedback tells: pid=7\" (Warning 392)", false},
    {"603 Decline", "Warning: 399 pbx \"\"\n", "", "Warning: 399, miscellaneous warning, from pbx\n", NULL, false},
    {"606 Not Acceptable", "Warning: 192.0.2.40 304 callee \"Media type not available\"\n", "",
     "Warning: 192.0.2.40 304 callee \"Media type not available\"\n",
     "192.0.2.40 304 callee \"Media type not available\" (Warning)", false},

    /* Error-Info: RFC 3261 20.18 */
    {"604 Does Not Exist Anywhere", "Error-Info: <sip:no-such-number@example.com>\n", "",
     "Error-Info: sip:no-such-number@example.com\n", "more at sip:no-such-number@example.com (Error-Info)", false},
    {"604 Does Not Exist Anywhere", "Error-Info: <sip:a:secret@example.com;play=x>, <https://u:pw@example.com/why>\n",
     "", "Error-Info: sip:a:***@example.com;play=x\nError-Info: https://u:***@example.com/why\n",
     "more at sip:a:***@example.com;play=x (Error-Info)", false},
    {"604 Does Not Exist Anywhere", "Error-Info: <>\n", "", "", NULL, false},

    /* Retry-After is told elsewhere; its comment may say why (RFC 3261 20.33) */
    {"600 Busy Everywhere", "Retry-After: 300\n", "", NOTHING},
    {"600 Busy Everywhere", "Retry-After: 300 (in a meeting)\n", "", "", "\"in a meeting\" (Retry-After)", false},
    {"604 Does Not Exist Anywhere", "Retry-After: 300 (in a meeting)\n", "", "", NULL, false},

    /* 603+ is told elsewhere (ATIS-1000099) */
    {"603 Network Blocked", "Reason: SIP;cause=603;text=\"v=analytics1;url=https://example.com\";location=RLN\n", "",
     "", NULL, false},
    {"603 Network Blocked", "Reason: Q.850;cause=17, SIP;cause=603;text=\"v=analytics1;tel=+1\"\n", "",
     "Reason: Q.850 cause 17, user busy\n", "user busy (Q.850 cause 17)", false},
    {"603 Decline", "Reason: SIP;cause=603;text=\"v=analytics1;url=https://example.com\"\n", "",
     "Reason: SIP 603 Decline (\"v=analytics1;url=https://example.com\")\n", "blocked by call analytics (Reason)",
     false},

    /* A body may say why */
    {"300 Multiple Choices", "Content-Type: text/plain\n", "Call dave, he knows.", "", NULL, false},
    {"300 Multiple Choices", "Content-Type: text/plain\n", "", NOTHING},

    /* Which says most */
    {"603 Go Away", "Warning: 399 pbx \"b\"\nReason: Q.850;cause=18;text=\"c\"\nError-Info: <sip:d@example.com>\n", "",
     "Reason phrase: \"Go Away\"\nReason: Q.850 cause 18, no user responding (\"c\")\nWarning: 399, miscellaneous "
     "warning (\"b\"), from pbx\nError-Info: sip:d@example.com\n",
     "\"c\" (Reason)", false},
    {"603 Go Away", "Warning: 399 pbx \"b\"\nReason: Q.850;cause=18\n", "",
     "Reason phrase: \"Go Away\"\nReason: Q.850 cause 18, no user responding\nWarning: 399, miscellaneous warning "
     "(\"b\"), from pbx\n",
     "\"b\" (Warning 399)", false},
    {"603 Go Away", "Reason: Q.850;cause=18\n", "",
     "Reason phrase: \"Go Away\"\nReason: Q.850 cause 18, no user responding\n", "\"Go Away\" (reason phrase)", false},
    {"603 Call Rejected", "Reason: Q.850;cause=18\n", "",
     "Reason phrase: \"Call Rejected\"\nReason: Q.850 cause 18, no user responding\n",
     "no user responding (Q.850 cause 18)", false},
    {"699 Unregistered", "Reason: Q.850;cause=18\n", "",
     "Reason phrase: \"Unregistered\"\nReason: Q.850 cause 18, no user responding\n",
     "\"Unregistered\" (reason phrase)", false},
    {"603 Call Rejected", "Reason: Q.850;cause=21\n", "",
     "Reason phrase: \"Call Rejected\"\nReason: Q.850 cause 21, call rejected\n", "call rejected (Q.850 cause 21)",
     false},
    {"603 Decline", "Reason: Q.850;cause=18\nError-Info: <sip:d@example.com>\n", "",
     "Reason: Q.850 cause 18, no user responding\nError-Info: sip:d@example.com\n",
     "no user responding (Q.850 cause 18)", false},
    {"603 Decline", "Reason: Q.850;cause=21\nError-Info: <sip:d@example.com>\n", "",
     "Reason: Q.850 cause 21, call rejected\nError-Info: sip:d@example.com\n", "more at sip:d@example.com (Error-Info)",
     false},
    {"603 Go Away", "Retry-After: 5 (lunch)\n", "", "Reason phrase: \"Go Away\"\n", "\"lunch\" (Retry-After)", false},
    {"603 Decline", "Retry-After: 5 (lunch)\nWarning: 399 pbx \"b\"\n", "",
     "Warning: 399, miscellaneous warning (\"b\"), from pbx\n", "\"b\" (Warning 399)", false},
    {"606 Not Acceptable", "Reason: SIP;cause=488;text=\"c\"\nWarning: 304 pbx \"Media type not available\"\n", "",
     "Reason: SIP 488 Not Acceptable Here (\"c\")\nWarning: 304, media type not available, from pbx\n",
     "media type not available (Warning 304)", false},
    {"603 Decline", "Reason: Q.850;cause=1\nWarning: 304 pbx \"Media type not available\"\n", "",
     "Reason: Q.850 cause 1, unallocated number\nWarning: 304, media type not available, from pbx\n",
     "media type not available (Warning 304)", false},
};

/* Each on a line. The caller frees it. */
static char *
lines_of(const redirect_annotation_t *line)
{
    GString *text = g_string_new("");

    for (; line; line = line->next) {
        g_string_append_printf(text, "%s\n", line->text);
    }
    return g_string_free(text, FALSE);
}

static void
check_told(const redirect_record_t *record, const told_case_t *expected)
{
    char *told = lines_of(record->details->told ? record->details->told->values : NULL);

    g_assert_cmpstr(told, ==, expected->told);
    g_assert_cmpstr(redirect_told_most_telling(record), ==, expected->most_telling);
    g_assert_cmpint(redirect_told_nothing(record), ==, expected->is_nothing);
    g_free(told);
}

static void
test_told(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(told_cases); i++) {
        const told_case_t *told = &told_cases[i];
        feed_t feed;

        g_test_message("%s, %s", told->status, told->more);
        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        check_told(feed_response(&feed, told->status, "INVITE", "1", 1, told->more, told->body), told);
        feed_end(&feed);
    }
}

/* Other messages have nothing of the kind, and it is not said of them that they told nothing. */
static void
test_other_messages(void)
{
    static const told_case_t other = {"", "", "", "", NULL, false};
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "Reason: SIP;cause=603;text=\"x\"\n");
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <sip:carol@example.com>\n", "");
    feed_request(&feed, "INVITE", "sip:carol@example.com", "2", 2, "", "");
    feed_response(&feed, "180 Ring Ring", "INVITE", "2", 2, "", "");
    feed_response(&feed, "486 Go Away", "INVITE", "2", 2, "Reason: Q.850;cause=17\n", "");
    for (uint32_t frame = 1; frame <= 5; frame++) {
        if (frame != 2) {
            check_told(redirect_tracker_records(feed.tracker, frame), &other);
        }
    }
    feed_end(&feed);
}

/* Of a message that is cut off it is not known what else it told. */
static void
test_cut(void)
{
    static const char text[] = "SIP/2.0 603 Decline\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
                               "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=b\r\n"
                               "Call-ID: call\r\nCSeq: 1 INVITE\r\nReason: Q.850;cause=21\r\n";
    static const told_case_t without = {"", "", "", "", NULL, false};
    static const told_case_t with = {
        "", "", "", "Reason: Q.850 cause 21, call rejected\n", "call rejected (Q.850 cause 21)", false};

    for (unsigned i = 0; i < 2; i++) {
        const char *end = i == 0 ? strstr(text, "Reason:") : text + strlen(text);
        sip_message_t sip;
        redirect_message_t message = {.frame = 1, .is_cut = true, .sip = &sip};
        feed_t feed;

        feed_begin(&feed);
        g_assert_true(sip_message_parse(sip_slice_make(text, (size_t)(end - text)), &sip));
        check_told(redirect_tracker_add(feed.tracker, &message), i == 0 ? &without : &with);
        feed_end(&feed);
    }
}

/* Beyond the limit values are counted, and the best is still found among those that were read. */
static void
test_limit(void)
{
    redirect_config_t config = {.max_hops = 5, .limits = redirect_limits_default()};
    static const told_case_t expected = {
        "",
        "",
        "",
        "Reason: X cause 1\nReason: X cause 2\n3 more left out, a limit of the analysis "
        "is reached\n",
        "X cause 1 (Reason)",
        false};
    feed_t feed;

    feed_begin(&feed);
    config.limits.told_values = 2;
    feed.tracker = redirect_tracker_new(feed.scope, &config);
    check_told(feed_response(&feed, "603 Decline", "INVITE", "1", 1,
                             "Reason: X;cause=1, X;cause=2, X;cause=3;text=\"best\"\nWarning: 399 pbx \"b\"\n"
                             "Error-Info: <sip:d@example.com>\n",
                             ""),
               &expected);
    feed_end(&feed);
}

/* What is long is cut where it is told, and cut shorter where it stands for all. */
static void
test_long(void)
{
    GString *more = g_string_new("Reason: SIP;cause=480;text=\"");
    const redirect_record_t *record;
    feed_t feed;

    for (unsigned i = 0; i < 1000; i++) {
        g_string_append(more, "why ");
    }
    g_string_append(more, "\"\n");
    feed_begin(&feed);
    record = feed_response(&feed, "603 Decline", "INVITE", "1", 1, more->str, "");
    g_assert_cmpuint(strlen(record->details->told->values->text), >, 200);
    g_assert_cmpuint(strlen(record->details->told->values->text), <, 400);
    g_assert_true(g_str_has_suffix(record->details->told->values->text, "...\")"));
    g_assert_cmpuint(strlen(redirect_told_most_telling(record)), <=, 100);
    g_assert_true(g_str_has_suffix(redirect_told_most_telling(record), "...\" (Reason)"));
    feed_end(&feed);
    (void)g_string_free(more, TRUE);
}

/* --- where to object ---------------------------------------------------------------------------------------------- */

#define BLOCKED "Reason: SIP;cause=603;text=\"v=analytics1;"

static const struct {
    const char *status, *more, *redress;
} redress_cases[] = {
    {"603 Network Blocked", BLOCKED "url=https://a.example/x;tel=+12025550199;email=fix@a.example;id=7\"\n",
     "https://a.example/x\n+12025550199\nfix@a.example\n"},
    {"603 Network Blocked", BLOCKED "email=fix@a.example\"\n", "fix@a.example\n"},
    {"603 Network Blocked", BLOCKED "url=https://u:secret@a.example/x\"\n", "https://u:***@a.example/x\n"},
    {"603 Network Blocked", BLOCKED "id=7\"\n", ""},
    {"603 Network Blocked", "", ""},
    /* The half that names a contact is as good as the whole */
    {"603 Decline", BLOCKED "url=https://a.example/x\"\n", "https://a.example/x\n"},
    {"603 Decline", "Reason: SIP;cause=603;text=\"url=https://a.example/x\"\n", ""},
    {"607 Unwanted", BLOCKED "url=https://a.example/x\"\n", ""},
    /* RFC 8688 3.1 */
    {"608 Rejected", "Call-Info: <https://a.example/c.jws>;purpose=jwscard\n",
     "https://a.example/c.jws (Call-Info jwscard, a signed contact card)\n"},
    {"608 Rejected", "Call-Info: <https://a.example/c.jws> ; Purpose = JWSCard\n",
     "https://a.example/c.jws (Call-Info jwscard, a signed contact card)\n"},
    {"608 Rejected", "Call-Info: <https://a.example/why>\n", "https://a.example/why (Call-Info without purpose)\n"},
    {"608 Rejected", "Call-Info: <https://a.example/p>;purpose=icon, <https://u:secret@a.example/c>;purpose=jwscard\n",
     "https://a.example/p (Call-Info with purpose icon)\nhttps://u:***@a.example/c (Call-Info jwscard, a signed "
     "contact "
     "card)\n"},
    {"608 Rejected", "Call-Info: <>;purpose=jwscard\n", ""},
    {"608 Rejected", "", ""},
    {"603 Decline", "Call-Info: <https://a.example/c.jws>;purpose=jwscard\n", ""},
    {"302 Moved Temporarily", "Call-Info: <https://a.example/c.jws>;purpose=jwscard\n", ""},
};

static void
check_redress(const redirect_record_t *record, const char *expected)
{
    char *redress = lines_of(record->details->failure ? record->details->failure->redress : NULL);

    g_assert_cmpstr(redress, ==, expected);
    g_free(redress);
}

static void
test_redress(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(redress_cases); i++) {
        feed_t feed;

        g_test_message("%s, %s", redress_cases[i].status, redress_cases[i].more);
        feed_begin(&feed);
        check_redress(feed_response(&feed, redress_cases[i].status, "INVITE", "1", 1, redress_cases[i].more, ""),
                      redress_cases[i].redress);
        feed_end(&feed);
    }
}

static void
test_redress_limit(void)
{
    redirect_config_t config = {.max_hops = 5, .limits = redirect_limits_default()};
    feed_t feed;

    feed_begin(&feed);
    config.limits.told_values = 1;
    feed.tracker = redirect_tracker_new(feed.scope, &config);
    check_redress(feed_response(&feed, "608 Rejected", "INVITE", "1", 1,
                                "Call-Info: <https://a.example/1>, <https://a.example/2>\n"
                                "Call-Info: <https://a.example/3>\n",
                                ""),
                  "https://a.example/1 (Call-Info without purpose)\n2 more left out, a limit of the analysis is "
                  "reached\n");
    feed_end(&feed);
}

/* Retry-After beside its seconds, where the code gives it a meaning (RFC 3261 20.33). */
static void
test_retry_more(void)
{
    static const char *const cases[][3] = {
        {"603 Decline", "18000;duration=3600", "for 3600 s from then on"},
        {"600 Busy Everywhere", "300 (in a meeting)", "\"in a meeting\""},
        {"600 Busy Everywhere", "120 (lunch;duration=9);duration=60", "for 60 s from then on, \"lunch;duration=9\""},
        {"699 Never", "5;duration=1", "for 1 s from then on"},
        {"603 Decline", "18000", NULL},
        {"603 Decline", "5 ()", NULL},
        {"603 Decline", "5;duration=x", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *more = g_strdup_printf("Retry-After: %s\n", cases[i][1]);
        const redirect_record_t *record;
        feed_t feed;

        feed_begin(&feed);
        record = feed_response(&feed, cases[i][0], "INVITE", "1", 1, more, "");
        g_assert_true(record->details->failure->has_retry_after);
        g_assert_cmpstr(record->details->failure->retry_more, ==, cases[i][2]);
        feed_end(&feed);
        feed_begin(&feed);
        g_assert_null(feed_response(&feed, "607 Unwanted", "INVITE", "1", 1, more, "")->details->failure);
        g_assert_null(feed_response(&feed, "302 Moved", "INVITE", "1", 1, more, "")->details->failure);
        feed_end(&feed);
        g_free(more);
    }
}

/* The location of a 603+ in words (RFC 8606, which has it for Q.850 alone; ATIS-1000099 has it with SIP as well). */
static void
test_location(void)
{
    static const char *const cases[][2] = {
        {";location=RLN", "RLN, the public network that serves the called party"},
        {";location=ln", "ln, the public network that serves the caller"},
        {";location=\"TN\"", "TN, a transit network"},
        {";location=LOC-9", "LOC-9"},
        {"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *more = g_strdup_printf(BLOCKED "url=https://a.example\"%s\n", cases[i][0]);
        const redirect_record_t *record;
        feed_t feed;

        feed_begin(&feed);
        record = feed_response(&feed, "603 Network Blocked", "INVITE", "1", 1, more, "");
        g_assert_cmpstr(record->details->failure->location, ==, cases[i][1]);
        feed_end(&feed);
        g_free(more);
    }
}

int
main(int argc, char **argv)
{
    int status;

    wmem_init();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/told/values", test_told);
    g_test_add_func("/told/other-messages", test_other_messages);
    g_test_add_func("/told/cut", test_cut);
    g_test_add_func("/told/limit", test_limit);
    g_test_add_func("/told/long", test_long);
    g_test_add_func("/told/redress", test_redress);
    g_test_add_func("/told/redress/limit", test_redress_limit);
    g_test_add_func("/told/location", test_location);
    g_test_add_func("/told/retry-after", test_retry_more);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
