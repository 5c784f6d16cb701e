/* test_redirect_verdict.c
 * The verdict of each code and for each kind of request, word for word; its length, its characters, its constancy.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "tracker_feed.h"

#include "redirect-verdict.h"

#define BOB "sip:bob@example.com"
#define CAROL "sip:carol@example.com"
#define TO_CAROL "Contact: <" CAROL ">\n"

/* Wireshark cuts an expert item at 239 bytes. */
#define SHORT_MAX 220

static void
check_line(const char *line)
{
    g_assert_true(g_utf8_validate(line, -1, NULL));
    g_assert_null(strpbrk(line, "\r\n\t"));
}

static void
check_short(const redirect_record_t *record, const char *expected)
{
    char *verdict = redirect_verdict_short(NULL, record);

    check_line(verdict);
    g_assert_cmpuint(strlen(verdict), <=, SHORT_MAX);
    g_assert_cmpstr(verdict, ==, expected);
    wmem_free(NULL, verdict);
}

/* The whole verdict as it stands now on a frame. */
static void
check_long(const feed_t *feed, uint32_t frame, const char *expected)
{
    char *verdict =
        redirect_verdict(NULL, redirect_tracker_store(feed->tracker), redirect_tracker_records(feed->tracker, frame));

    check_line(verdict);
    g_assert_cmpstr(verdict, ==, expected);
    wmem_free(NULL, verdict);
}

/* --- each code, each kind of request ------------------------------------------------------------------------------ */

static const struct {
    const char *method;
    const char *to_tag; /* not "": within a dialog */
    const char *status;
    const char *more;
    const char *expected;
} short_cases[] = {
    /* Calls: redirections */
    {"INVITE", "", "300 Multiple Choices", "Contact: <" CAROL ">;q=0.2, <sip:dave@example.com>;q=0.9\n",
     "300 Multiple Choices: choose sip:dave@example.com or " CAROL},
    {"INVITE", "", "301 Moved", TO_CAROL "Expires: 60\n",
     "301 Moved Permanently: try " CAROL " (permanent, valid for 60 s)"},
    {"INVITE", "", "302 Moved", TO_CAROL, "302 Moved Temporarily: try " CAROL " (temporary, for this request only)"},
    {"INVITE", "", "302 Moved", TO_CAROL "Expires: 60\n",
     "302 Moved Temporarily: try " CAROL " (temporary, valid for 60 s)"},
    {"INVITE", "", "302 Moved", "Contact: <" CAROL ">;expires=60, <tel:+15551234>;expires=60\n",
     "302 Moved Temporarily: try " CAROL " or tel:+15551234 (no preference given, temporary, valid for 60 s)"},
    {"INVITE", "", "302 Moved", "Contact: <" CAROL ">;expires=60, <mailto:carol@example.com>\n",
     "302 Moved Temporarily: try " CAROL " or mailto:carol@example.com (not by SIP) (no preference given, temporary, "
     "each with an expiry of its own)"},
    {"INVITE", "", "302 Moved", "Contact: <" CAROL ">;expires=0, <sip:d@example.com>\n",
     "302 Moved Temporarily: try " CAROL
     " or sip:d@example.com (no preference given, temporary, each with an expiry of its own)"},
    {"INVITE", "", "302 Moved", "", "302 Moved Temporarily: temporarily at another address, but no target is named"},
    {"INVITE", "", "305 Use Proxy", "Contact: <sip:192.0.2.9>\n",
     "305 Use Proxy: same destination, but through sip:192.0.2.9 (a proxy, for this request only)"},
    {"INVITE", "", "380 Alternative Service", "", "380 Alternative Service: failed, but another service may help"},
    {"INVITE", "", "380 Alternative Service", "Contact: <urn:service:sos>, <" CAROL ">\n",
     "380 Alternative Service: failed, but another service may help; alternative urn:service:sos or " CAROL},
    {"INVITE", "", "399 Away", TO_CAROL, "399 Unregistered Redirection: try " CAROL},
    {"INVITE", "", "399 Away", "", "399 Unregistered Redirection: not a registered code, handled as 300"},

    /* Calls: global failures */
    {"INVITE", "", "600 Busy Everywhere", "Retry-After: 30 (lunch)\n",
     "600 Busy Everywhere after 100 ms, never rang: busy on every device, nobody else will answer; \"lunch\" "
     "(Retry-After); may be tried again after 30 s"},
    {"INVITE", "", "603 Decline", "", "603 Decline after 100 ms, never rang: gives no reason"},
    {"INVITE", "", "603 Not now", "", "603 Decline after 100 ms, never rang: \"Not now\" (reason phrase)"},
    {"INVITE", "", "603 Decline", "Reason: Q.850;cause=21\n",
     "603 Decline after 100 ms, never rang: call rejected (Q.850 cause 21)"},
    {"INVITE", "", "606 Not Acceptable", "Warning: 304 example.com \"no video\"\n",
     "606 Not Acceptable after 100 ms, never rang: willing, but no endpoint can take the session offered; \"no video\" "
     "(Warning 304)"},
    {"INVITE", "", "603 Network blocked", "Reason: SIP;cause=603;text=\"v=analytics1;tel=+1555\"\n",
     "603 Network Blocked after 100 ms, never rang: blocked by call analytics in the network, not by the callee; to "
     "object: +1555"},
    {"INVITE", "", "604 Does Not Exist Anywhere", "Retry-After: 30\n",
     "604 Does Not Exist Anywhere after 100 ms, never rang: the user exists nowhere"},
    {"INVITE", "", "606 Not Acceptable", "",
     "606 Not Acceptable after 100 ms, never rang: willing, but no endpoint can take the session offered"},
    {"INVITE", "", "607 Unwanted", "",
     "607 Unwanted after 100 ms, never rang: the person called does not want this caller"},
    {"INVITE", "", "608 Rejected", "", "608 Rejected after 100 ms, never rang: blocked by a system in the network"},
    {"INVITE", "", "699 Never", "",
     "699 Unregistered Global Failure after 100 ms, never rang: not a registered code, handled as 600; \"Never\" "
     "(reason phrase)"},

    /* RFC 3261 10.3: registrations */
    {"REGISTER", "", "302 Moved", "Contact: <sip:192.0.2.9>;expires=60\n",
     "302 Moved Temporarily to REGISTER: registration moved, not a call; register at sip:192.0.2.9 (temporary, valid "
     "for 60 s)"},
    {"REGISTER", "", "301 Moved", "",
     "301 Moved Permanently to REGISTER: registration moved, not a call; moved for good to a new address, but no "
     "target is named"},
    {"REGISTER", "", "600 Busy Everywhere", "",
     "600 Busy Everywhere to REGISTER: registration refused; a registrar must not answer 6xx (RFC 3261 10.3), look for "
     "an SBC or filter before it; busy on every device, nobody else will answer"},

    /* RFC 3428 7: messages */
    {"MESSAGE", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to MESSAGE: the message is to go elsewhere, not a call; send it to " CAROL
     " (temporary, for this request only)"},
    {"MESSAGE", "", "603 Decline", "", "603 Decline to MESSAGE: delivered but refused"},
    {"MESSAGE", "", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to MESSAGE: the message is refused; the user exists nowhere"},
    {"MESSAGE", "", "608 Rejected", "",
     "608 Rejected to MESSAGE: the message is refused; blocked by a system in the network"},

    /* RFC 3261 11.2: a query */
    {"OPTIONS", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to OPTIONS: a query, no call; a call would be redirected (RFC 3261 11.2); try " CAROL
     " (temporary, for this request only)"},
    {"OPTIONS", "", "600 Busy Everywhere", "",
     "600 Busy Everywhere to OPTIONS: a query, no call; a call would be refused (RFC 3261 11.2); busy on every device, "
     "nobody else will answer"},

    /* RFC 6665: subscriptions */
    {"SUBSCRIBE", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to SUBSCRIBE: subscription moved, not a call; subscribe at " CAROL
     " (temporary, for this request only)"},
    {"SUBSCRIBE", "", "603 Decline", "",
     "603 Decline to SUBSCRIBE: the subscription is refused, most likely by policy (RFC 6665 4.2.1.3)"},
    {"SUBSCRIBE", "", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to SUBSCRIBE: the subscription is refused; the user exists nowhere"},
    {"SUBSCRIBE", "b", "603 Decline", "",
     "603 Decline to SUBSCRIBE: only the refresh is refused; the subscription stays as it was"},
    {"SUBSCRIBE", "b", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to SUBSCRIBE: the subscription is over; the user exists nowhere"},
    {"NOTIFY", "b", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to NOTIFY: the subscription is over; the user exists nowhere"},
    {"NOTIFY", "b", "603 Decline", "", "603 Decline to NOTIFY: the notification is refused"},
    {"PUBLISH", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to PUBLISH: the publication is to go elsewhere, not a call; publish at " CAROL
     " (temporary, for this request only)"},

    /* Transfers */
    {"REFER", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to REFER: the transfer request is to go elsewhere; send it to " CAROL
     " (temporary, for this request only)"},
    {"REFER", "b", "603 Decline", "", "603 Decline to REFER: only the transfer is refused; the call stays up"},

    /* RFC 5057 5.1: within a dialog */
    {"INVITE", "b", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to re-INVITE: only the change of the call is redirected; the call stays up; try " CAROL
     " (temporary, for this request only)"},
    {"INVITE", "b", "606 Not Acceptable", "",
     "606 Not Acceptable to re-INVITE: only the change of the call is refused; the call stays up; willing, but no "
     "endpoint can take the session offered"},
    {"INVITE", "b", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to re-INVITE: the call is over, for 604 ends the dialog; the user exists nowhere"},
    {"UPDATE", "b", "603 Decline", "",
     "603 Decline to UPDATE: only the change of the call is refused; the call stays up"},
    {"UPDATE", "b", "604 Does Not Exist Anywhere", "",
     "604 Does Not Exist Anywhere to UPDATE: the call is over, for 604 ends the dialog; the user exists nowhere"},
    {"INFO", "b", "600 Busy Everywhere", "",
     "600 Busy Everywhere to INFO: only the INFO is refused; the call stays up; busy on every device, nobody else will "
     "answer"},
    {"PRACK", "b", "603 Decline", "", "603 Decline to PRACK: only the PRACK is refused"},
    {"BYE", "b", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to BYE: the hang-up is redirected; the call ends all the same; try " CAROL
     " (temporary, for this request only)"},
    {"BYE", "b", "603 Decline", "", "603 Decline to BYE: the hang-up is refused; the call ends all the same"},

    /* A method of one's own */
    {"TWIDDLE", "", "302 Moved", TO_CAROL,
     "302 Moved Temporarily to TWIDDLE: not a call; try " CAROL " (temporary, for this request only)"},
};

static void
test_short(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(short_cases); i++) {
        const redirect_record_t *record;
        feed_t feed;

        feed_begin(&feed);
        feed_request(&feed, short_cases[i].method, BOB, "1", 1, short_cases[i].to_tag, "");
        record = feed_response(&feed, short_cases[i].status, short_cases[i].method, "1", 1, short_cases[i].more, "");
        g_assert_nonnull(record);
        check_short(record, short_cases[i].expected);
        feed_end(&feed);
    }
}

/* RFC 3891 3, RFC 3911 4: a 603 to Replaces or Join is no failure details by a person. */
static void
test_replaces(void)
{
    static const struct {
        const char *header, *status, *expected;
    } cases[] = {
        {"Replaces: x;to-tag=1;from-tag=2\n", "603 Decline",
         "603 Decline after 100 ms, never rang: the call to replace or to join has most likely ended already"},
        {"Join: x;to-tag=1;from-tag=2\n", "603 Decline",
         "603 Decline after 100 ms, never rang: the call to replace or to join has most likely ended already"},
        {"Replaces: x;to-tag=1;from-tag=2\n", "600 Busy Everywhere",
         "600 Busy Everywhere after 100 ms, never rang: busy on every device, nobody else will answer"},
        {"Diversion: <" CAROL ">\n", "603 Decline", "603 Decline after 100 ms, never rang: gives no reason"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        feed_t feed;

        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", cases[i].header);
        check_short(feed_response(&feed, cases[i].status, "INVITE", "1", 1, "", ""), cases[i].expected);
        feed_end(&feed);
    }
}

static void
test_service(void)
{
    static const struct {
        const char *inside, *expected;
    } cases[] = {
        {"<type>emergency</type><action>emergency-registration</action>",
         "380 Alternative Service: this is an emergency call, register for emergency service and call again (IMS, type "
         "emergency, action emergency-registration)"},
        {"<type>emergency</type><reason>Dial 112</reason>",
         "380 Alternative Service: this is an emergency call (IMS, type emergency); \"Dial 112\""},
        {"<type>restoration</type><action>initial-registration</action>",
         "380 Alternative Service: another service may help, register anew and call again (IMS, type restoration, "
         "action initial-registration)"},
        {"<action>sing</action>", "380 Alternative Service: another service may help (IMS, action sing)"},
        /* A ">" inside an attribute's quotes, of either kind, does not end its tag. */
        {"<type if=\"1>0\">emergency</type>",
         "380 Alternative Service: this is an emergency call (IMS, type emergency)"},
        {"<action if='2 > \"1\"'>sing</action>",
         "380 Alternative Service: another service may help (IMS, action sing)"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *body = g_strdup_printf("<alternative-service>%s</alternative-service>", cases[i].inside);
        feed_t feed;

        feed_begin(&feed);
        feed_request(&feed, "INVITE", "sip:112@example.com", "1", 1, "", "");
        check_short(feed_response(&feed, "380 Alternative Service", "INVITE", "1", 1,
                                  "Content-Type: application/3gpp-ims+xml\n", body),
                    cases[i].expected);
        g_free(body);
        feed_end(&feed);
    }
}

/* RFC 3261 9.2: what answers a CANCEL is not about the call. */
static void
test_cancel(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_request(&feed, "CANCEL", BOB, "1", 1, "", "");
    check_short(feed_response(&feed, "603 Decline", "CANCEL", "1", 1, "", ""),
                "603 Decline to CANCEL: about the CANCEL alone, not about the call");
    check_long(&feed, 3, "603 Decline to CANCEL: about the CANCEL alone, not about the call");
    feed_response(&feed, "200 OK", "INVITE", "1", 1, "", "");
    feed_response(&feed, "603 Decline", "CANCEL", "1", 1, "", "");
    check_long(&feed, 5, "603 Decline to CANCEL: about the CANCEL alone, not about the call");
    check_short(feed_response(&feed, "302 Moved", "CANCEL", "1", 1, TO_CAROL, ""),
                "302 Moved Temporarily to CANCEL: about the CANCEL alone, not about the call; temporarily at another "
                "address");
    feed_end(&feed);
}

/* A response that belongs nowhere is explained by itself. */
static void
test_stray(void)
{
    const redirect_record_t *record;
    feed_t feed;

    feed_begin(&feed);
    record = feed_text(&feed, "SIP/2.0 302 Moved\nContact: <" CAROL ">\n\n");
    check_short(record, "302 Moved Temporarily: try " CAROL " (temporary, for this request only)");
    record = feed_text(&feed, "SIP/2.0 302 Moved\nCSeq: 1 REGISTER\nContact: <" CAROL ">\n\n");
    check_short(record, "302 Moved Temporarily to REGISTER: registration moved, not a call; register at " CAROL
                        " (temporary, for this request only)");
    feed_end(&feed);
}

/* --- length and characters ---------------------------------------------------------------------------------------- */

/* Contacts of every length, in characters of one to four bytes: never too long, never cut within a character. */
static void
test_length(void)
{
    static const char *const characters[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\x9e"};

    for (size_t kind = 0; kind < G_N_ELEMENTS(characters); kind++) {
        for (unsigned len = 1; len < 200; len++) {
            GString *user = g_string_new("");
            GString *more = g_string_new("Contact: ");
            const redirect_record_t *record;
            char *verdict;
            feed_t feed;

            for (unsigned i = 0; i < len; i++) {
                g_string_append(user, characters[kind]);
            }
            for (unsigned i = 0; i < 1 + len % 5; i++) {
                g_string_append_printf(more, "%s<sip:%s@%u.example.com>", i ? "," : "", user->str, i);
            }
            g_string_append(more, "\n");
            feed_begin(&feed);
            feed_request(&feed, len % 2 ? "INVITE" : "REGISTER", BOB, "1", 1, "", "");
            record = feed_response(&feed, "302 Moved", len % 2 ? "INVITE" : "REGISTER", "1", 1, more->str, "");
            verdict = redirect_verdict_short(NULL, record);
            check_line(verdict);
            g_assert_cmpuint(strlen(verdict), <=, SHORT_MAX);
            g_assert_null(strstr(verdict, "\xef\xbf\xbd"));
            wmem_free(NULL, verdict);
            /* The long form cuts nothing. */
            verdict = redirect_verdict(NULL, redirect_tracker_store(feed.tracker), record);
            check_line(verdict);
            for (unsigned i = 0; i < redirect_of_record(record)->target_count; i++) {
                g_assert_nonnull(strstr(verdict, redirect_of_record(record)->target[i].uri));
            }
            wmem_free(NULL, verdict);
            (void)g_string_free(user, TRUE);
            (void)g_string_free(more, TRUE);
            feed_end(&feed);
        }
    }
}

/* A list too long for the line ends between two targets and says how many are missing. */
static void
test_many_targets(void)
{
    GString *more = g_string_new("Contact: <sip:target0@example.com>");
    const redirect_record_t *record;
    feed_t feed;

    for (unsigned i = 1; i < 100; i++) {
        g_string_append_printf(more, ",<sip:target%u@example.com>", i);
    }
    g_string_append(more, "\n");
    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    record = feed_response(&feed, "302 Moved", "INVITE", "1", 1, more->str, "");
    check_short(record,
                "302 Moved Temporarily: try sip:target0@example.com or sip:target1@example.com or "
                "sip:target2@example.com or sip:target3@example.com and 96 more (no preference given, temporary, for "
                "this request only)");
    (void)g_string_free(more, TRUE);
    feed_end(&feed);
}

/* --- what happened next ------------------------------------------------------------------------------------------- */

#define MOVED_AND(what) "302: " what "try " CAROL " (temporary, for this request only)"
#define MOVED MOVED_AND("")
#define MOVED_SHORT "302 Moved Temporarily: try " CAROL " (temporary, for this request only)"

/* The long verdict grows with the capture; the short one never changes. */
static void
test_story(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, TO_CAROL, "");
    check_long(&feed, 2, MOVED);
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, TO_CAROL, "");
    check_long(&feed, 3, MOVED_AND("the same once more (first in frame 2); "));
    feed_request(&feed, "INVITE", CAROL, "2", 2, "", "");
    check_long(&feed, 2, MOVED_AND("followed in frame 4; "));
    feed_response(&feed, "407 Proxy Authentication Required", "INVITE", "2", 2, "", "");
    feed_request(&feed, "INVITE", CAROL, "3", 3, "", "");
    feed_response(&feed, "603 Decline", "INVITE", "3", 3, "", "");
    check_long(&feed, 2, MOVED_AND("followed in frame 4 (603), global failure; "));
    check_long(&feed, 3,
               MOVED_AND("the same once more (first in frame 2); followed in frame 4 (603), global failure; "));
    check_long(&feed, 7, "603 Decline after 100 ms, never rang: this ended the call; gives no reason");
    check_short(redirect_tracker_records(feed.tracker, 2), MOVED_SHORT);
    check_short(redirect_tracker_records(feed.tracker, 7), "603 Decline after 100 ms, never rang: gives no reason");
    feed_end(&feed);
}

#define HEAD "From: <sip:alice@example.com>;tag=a\nTo: <" BOB ">;tag=b\nCall-ID: call\nCSeq: 1 INVITE\n"
#define ALICE_VIA "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\n"
#define PROXY_VIA "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKp\n" ALICE_VIA

/* A proxy passes a redirect on as it is, or makes another of it. */
static void
test_sightings(void)
{
    feed_t feed;

    for (unsigned changed = 0; changed < 2; changed++) {
        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        feed_text(&feed, "INVITE sip:bob@192.0.2.3 SIP/2.0\n" PROXY_VIA "From: <sip:alice@example.com>;tag=a\nTo: <" BOB
                         ">\nCall-ID: call\nCSeq: 1 INVITE\n\n");
        feed_text(&feed, "SIP/2.0 302 Moved\n" PROXY_VIA HEAD TO_CAROL "\n");
        feed_text(&feed, changed ? "SIP/2.0 300 Many\n" ALICE_VIA HEAD TO_CAROL "Contact: <sip:d@example.com>\n\n"
                                 : "SIP/2.0 302 Moved\n" ALICE_VIA HEAD TO_CAROL "\n");
        check_long(&feed, 3, changed ? MOVED : MOVED_AND("no follow-up so far; the capture ends 100 ms later; "));
        check_long(&feed, 4,
                   changed ? "300: made by a proxy from the 302 in frame 3; choose " CAROL " or sip:d@example.com"
                           : MOVED_AND("passed on by a proxy, first in frame 3; "));
        feed_end(&feed);
    }
}

/* RFC 8946, number portability: a redirect that only answers a question. */
static void
test_dip_response(void)
{
    redirect_target_t target = {
        .uri = BOB, .order = 1, .lifetime = SIP_RESPONSE_LIFETIME_TEMPORARY, .followable = true, .single_use = true};
    redirect_t redirect = {.code = 302, .dip_response = true, .target = &target, .target_count = 1, .target_total = 1};
    redirect_details_t details = {.redirect = &redirect};
    redirect_record_t record = {.details = &details, .status = 302, .method = SIP_METHOD_INVITE};

    check_short(&record, "302 Moved Temporarily: the answer to a lookup, not a forward; try " BOB
                         " (temporary, for this request only)");
    redirect.target_count = redirect.target_total = 0;
    check_short(&record, "302 Moved Temporarily: the answer to a lookup, not a forward");
    redirect.target_count = redirect.target_total = 1;
    record.method = SIP_METHOD_MESSAGE;
    check_short(&record,
                "302 Moved Temporarily to MESSAGE: the message is to go elsewhere, not a call; the answer to a "
                "lookup, not a forward; send it to " BOB " (temporary, for this request only)");
}

static void
test_not_followed(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, TO_CAROL, "");
    redirect_tracker_advance(feed.tracker, 40 * REDIRECT_SECOND);
    check_long(&feed, 2, MOVED_AND("no follow-up in this capture within 32 s; "));
    check_short(redirect_tracker_records(feed.tracker, 2), MOVED_SHORT);
    feed_end(&feed);
}

/* Of a registration that went through it is not said that it was answered. */
static void
test_registered(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "REGISTER", "sip:example.com", "1", 1, "", "");
    feed_response(&feed, "302 Moved", "REGISTER", "1", 1, "Contact: <sip:192.0.2.9>\n", "");
    feed_request(&feed, "REGISTER", "sip:192.0.2.9", "2", 2, "", "");
    feed_response(&feed, "200 OK", "REGISTER", "2", 2, "", "");
    check_long(&feed, 2,
               "302 to REGISTER: followed in frame 3 (200), accepted; registration moved, not a call; "
               "register at sip:192.0.2.9 (temporary, for this request only)");
    feed_end(&feed);
}

/* A final after the final changes nothing (RFC 3261 17.1.1.2), and is explained all the same. */
static void
test_too_late(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    g_assert_null(feed_response(&feed, "486 Busy Here", "INVITE", "1", 1, "", ""));
    g_assert_nonnull(feed_response(&feed, "603 Decline", "INVITE", "1", 1, "", ""));
    check_long(&feed, 3, "603 Decline: too late, the 486 in frame 2 had ended it; gives no reason");
    feed_end(&feed);
}

/* A follow-up for each of many targets: the line names some and says that there are more. */
static void
test_many_followups(void)
{
    GString *more = g_string_new("Contact: <sip:t0@example.com>");
    char *verdict;
    feed_t feed;

    for (unsigned i = 1; i < 12; i++) {
        g_string_append_printf(more, ",<sip:t%u@example.com>", i);
    }
    g_string_append(more, "\n");
    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, more->str, "");
    for (unsigned i = 0; i < 12; i++) {
        char *uri = g_strdup_printf("sip:t%u@example.com", i);
        char *branch = g_strdup_printf("f%u", i);
        feed_request(&feed, "INVITE", uri, branch, 2 + i, "", "");
        feed_response(&feed, "486 Busy Here", "INVITE", branch, 2 + i, "", "");
        g_free(uri);
        g_free(branch);
    }
    verdict = redirect_verdict(NULL, redirect_tracker_store(feed.tracker), redirect_tracker_records(feed.tracker, 2));
    g_assert_nonnull(strstr(
        verdict, ": followed in frame 3 (486), 5 (486), 7 (486), 9 (486), 11 (486), 13 (486), 15 (486), 17 (486) and "
                 "more; in the end failed (486 in frame 26)"));
    wmem_free(NULL, verdict);
    (void)g_string_free(more, TRUE);
    feed_end(&feed);
}

/* A request that turns up after its answer (a merged capture) must not change what was said. */
static void
test_constant(void)
{
    static const char said[] = "603 Decline: gives no reason";
    feed_t feed;

    feed_begin(&feed);
    feed_response(&feed, "486 Busy Here", "INVITE", "1", 1, "", "");
    check_short(feed_response(&feed, "603 Decline", "INVITE", "1", 1, "", ""), said);
    feed_request(&feed, "INVITE", BOB, "1", 1, "b", "Replaces: x;to-tag=1;from-tag=2\n");
    g_assert_cmpuint(redirect_tracker_records(feed.tracker, 2)->transaction->request.frame, ==, 3);
    check_short(redirect_tracker_records(feed.tracker, 2), said);
    feed_end(&feed);
}

/* Other messages get none. */
static void
test_none(void)
{
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "180 Ringing", "INVITE", "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, "", "");
    for (uint32_t frame = 1; frame <= 2; frame++) {
        g_assert_null(redirect_verdict_short(NULL, redirect_tracker_records(feed.tracker, frame)));
        g_assert_null(redirect_verdict(NULL, redirect_tracker_store(feed.tracker),
                                       redirect_tracker_records(feed.tracker, frame)));
    }
    feed_end(&feed);
}

/* A call is answered or fails; only what is no call is accepted. */
static void
test_outcome_words(void)
{
    static const struct {
        const char *method, *status, *expected;
    } cases[] = {
        {"INVITE", "200 OK", ": followed in frame 3 (200), answered; "},
        {"INVITE", "486 Busy", ": followed in frame 3 (486), failed; "},
        {"REGISTER", "200 OK", ": followed in frame 3 (200), accepted; "},
        {"REGISTER", "403 No", ": followed in frame 3 (403), failed; "},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *verdict;
        feed_t feed;

        feed_begin(&feed);
        feed_request(&feed, cases[i].method, BOB, "1", 1, "", "");
        feed_response(&feed, "302 Moved", cases[i].method, "1", 1, TO_CAROL, "");
        feed_request(&feed, cases[i].method, CAROL, "2", 2, "", "");
        feed_response(&feed, cases[i].status, cases[i].method, "2", 2, "", "");
        verdict =
            redirect_verdict(NULL, redirect_tracker_store(feed.tracker), redirect_tracker_records(feed.tracker, 2));
        g_assert_nonnull(strstr(verdict, cases[i].expected));
        wmem_free(NULL, verdict);
        feed_end(&feed);
    }
}

int
main(int argc, char **argv)
{
    int status;

    wmem_init();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/short", test_short);
    g_test_add_func("/verdict/replaces", test_replaces);
    g_test_add_func("/verdict/service", test_service);
    g_test_add_func("/verdict/cancel", test_cancel);
    g_test_add_func("/verdict/stray", test_stray);
    g_test_add_func("/verdict/length", test_length);
    g_test_add_func("/verdict/many-targets", test_many_targets);
    g_test_add_func("/verdict/story", test_story);
    g_test_add_func("/verdict/sightings", test_sightings);
    g_test_add_func("/verdict/query-answer", test_dip_response);
    g_test_add_func("/verdict/not-followed", test_not_followed);
    g_test_add_func("/verdict/registered", test_registered);
    g_test_add_func("/verdict/too-late", test_too_late);
    g_test_add_func("/verdict/many-followups", test_many_followups);
    g_test_add_func("/verdict/constant", test_constant);
    g_test_add_func("/verdict/none", test_none);
    g_test_add_func("/verdict/outcome-words", test_outcome_words);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
