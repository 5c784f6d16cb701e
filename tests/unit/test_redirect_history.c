/* test_redirect_history.c
 * Header fields that speak of redirections get the right sentence, on the right message, and nothing else does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "tracker_feed.h"

#include "redirect-annotations.h"
#include "redirect-history.h"
#include "redirect-rules.h"
#include "redirect-service.h"

#define BOB "sip:bob@example.com"
#define CAROL "sip:carol@example.com"

/* Which message of the story carries the header lines of a case; its value is its frame. */
typedef enum {
    ORIGINAL = 1, /* INVITE bob */
    REDIRECT,     /* 302 to carol */
    FOLLOWUP,     /* INVITE carol */
    RINGING,      /* the provisional response to it */
    FINAL,        /* the final response to it, 486 */
    BYE,
    FRAMES = BYE,
} place_t;

/* A story in which one message carries something. */
typedef struct {
    place_t place;
    const char *uri;  /* of carol, where not NULL */
    const char *more; /* header lines */
} story_t;

static void
tell(feed_t *feed, const story_t *story)
{
    const char *more[FRAMES + 1];
    const char *carol = story->uri ? story->uri : CAROL;
    char *contact = g_strdup_printf("Contact: <%s>\n", carol);
    char *redirect;

    for (unsigned i = 0; i <= FRAMES; i++) {
        more[i] = i == story->place ? story->more : "";
    }
    redirect = g_strconcat(strstr(more[REDIRECT], "Contact:") ? "" : contact, more[REDIRECT], NULL);
    feed_request(feed, "INVITE", BOB, "1", 1, "", more[ORIGINAL]);
    feed_response(feed, "302 Moved Temporarily", "INVITE", "1", 1, redirect, "");
    feed_request(feed, "INVITE", carol, "2", 2, "", more[FOLLOWUP]);
    feed_response(feed, "181 Call Is Being Forwarded", "INVITE", "2", 2, more[RINGING], "");
    feed_response(feed, "486 Busy Here", "INVITE", "2", 2, more[FINAL], "");
    feed_request(feed, "BYE", CAROL, "3", 3, "b", more[BYE]);
    g_free(contact);
    g_free(redirect);
}

/* The annotations of a record, a line each. */
static char *
annotations_of(const redirect_record_t *record)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    GString *text = g_string_new("");

    for (const redirect_annotation_t *annotation = record ? redirect_annotations_of(scope, record) : NULL; annotation;
         annotation = annotation->next) {
        g_assert_true(g_utf8_validate(annotation->text, -1, NULL));
        g_assert_null(strpbrk(annotation->text, "\r\n"));
        g_string_append_printf(text, "%s\n", annotation->text);
    }
    wmem_destroy_allocator(scope);
    return g_string_free(text, FALSE);
}

static const char *
contradiction_of(const redirect_record_t *record)
{
    for (const redirect_expert_item_t *expert_item = record ? record->details->expert_items : NULL; expert_item;
         expert_item = expert_item->next) {
        if (expert_item->rule->id == REDIRECT_RULE_HISTORY_CONTRADICTION) {
            g_assert_cmpuint(strlen(expert_item->text), <, 239);
            return expert_item->text;
        }
    }
    return NULL;
}

/* --- what each header field gives --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    story_t story;
    const char *expected; /* a line for each annotation */
} annotation_cases[] = {
    /* Diversion: RFC 5806; the table of reasons that RFC 7544 5 maps */
    {"Diversion before the capture",
     {ORIGINAL, NULL, "Diversion: <sip:dave@example.com>;reason=user-busy;counter=1\n"},
     "Forwarded before this capture because busy (Diversion: user-busy, from sip:dave@example.com, 1 time).\n"},
    {"Diversion in a 3xx",
     {REDIRECT, NULL, "Diversion: \"Bob, B.\" <" BOB ">;counter=3;reason=\"no-answer\"\n"},
     "Forwarded because nobody answered (Diversion: no-answer, from " BOB ", 3 times).\n"},
    {"Diversion twice",
     {FOLLOWUP, NULL, "Diversion: <" BOB ">;reason=unconditional,\n  <sip:dave@example.com>;reason=Time-Of-Day\n"},
     "Forwarded always, whatever the callee is doing (Diversion: unconditional, from " BOB ").\n"
     "Forwarded because of the time of day (Diversion: Time-Of-Day, from sip:dave@example.com).\n"},
    {"Diversion with a reason of its own",
     {FOLLOWUP, NULL, "Diversion: <" BOB ">;reason=lunch\n"},
     "Forwarded (Diversion: lunch, from " BOB ").\n"},
    {"Diversion without a reason",
     {FOLLOWUP, NULL, "Diversion: <" BOB ">\n"},
     "Forwarded (Diversion: from " BOB ").\n"},
    {"Diversion with a password",
     {FOLLOWUP, NULL, "Diversion: <sip:bob:secret@example.com>;reason=deflection\n"},
     "Forwarded by the callee, who deflected it (Diversion: deflection, from sip:bob:***@example.com).\n"},

    /* History-Info: RFC 7044, and the forms of RFC 4244 */
    {"History-Info before the capture",
     {ORIGINAL, NULL,
      "History-Info: <sip:dave@example.com?Reason=SIP%3Bcause%3D302>;index=1,<" BOB ">;index=1.1;mp=1\n"},
     "Redirected before this capture, says History-Info: sip:dave@example.com (302), then " BOB ".\n"},
    {"History-Info, unescaped",
     {ORIGINAL, NULL,
      "History-Info: <sip:dave@example.com?Reason=SIP;cause=301;text=\"moved\">; index=1\n"
      "History-Info: <" BOB ">; index=2\n"},
     "Redirected before this capture, says History-Info: sip:dave@example.com (301), then " BOB ".\n"},
    {"History-Info of a retargeting is no redirection",
     {ORIGINAL, NULL,
      "History-Info: <sip:office@example.com?Reason=SIP%3Bcause%3D486>;index=1,<" BOB ">;index=1.1;rc=1\n"},
     "History-Info: sip:office@example.com (486), then " BOB ".\n"},
    {"History-Info with one entry says nothing", {ORIGINAL, NULL, "History-Info: <" BOB ">;index=1\n"}, ""},
    {"History-Info of the redirect seen",
     {FOLLOWUP, NULL, "History-Info: <" BOB "?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2;mp=1\n"},
     "History-Info: " BOB " (302 in frame 2), then " CAROL ".\n"},
    {"History-Info of a redirect not seen",
     {FOLLOWUP, NULL,
      "History-Info: <sip:dave@example.com?Reason=SIP%3Bcause%3D302>;index=1,"
      "<" BOB "?Reason=SIP%3Bcause%3D302>;index=2;mp=1,<" CAROL ";cause=486>;index=3;mp=2\n"},
     "History-Info: sip:dave@example.com (302, not seen in this chain), then " BOB " (302 in frame 2), then " CAROL
     ";cause=486 (forwarded there because busy).\n"},
    {"History-Info with another code than seen",
     {FOLLOWUP, NULL, "History-Info: <" BOB "?Reason=SIP%3Bcause%3D301>;index=1,<" CAROL ">;index=2;mp=1\n"},
     "History-Info: " BOB " (301, not seen in this chain), then " CAROL ".\n"},
    {"History-Info with a cause of Q.850",
     {FOLLOWUP, NULL, "History-Info: <" BOB "?Reason=Q.850%3Bcause%3D17>;index=1,<" CAROL ">;index=2\n"},
     "History-Info: " BOB " (Q.850 17), then " CAROL ".\n"},
    {"History-Info, anonymous and tel",
     {FOLLOWUP, NULL, "History-Info: <sip:anonymous@anonymous.invalid>;index=1,<tel:+15551234>;index=1.1\n"},
     "History-Info: sip:anonymous@anonymous.invalid, then tel:+15551234.\n"},
    {"History-Info, long",
     {FOLLOWUP, NULL,
      "History-Info: <sip:1@x>,<sip:2@x>,<sip:3@x>,<sip:4@x>,<sip:5@x>,<sip:6@x>,<sip:7@x>,<sip:8@x>,<sip:9@x>\n"},
     "History-Info: sip:1@x, then sip:2@x, then sip:3@x, then sip:4@x, then sip:5@x, then sip:6@x, then sip:7@x, "
     "then sip:8@x, and 1 more.\n"},
    {"History-Info in a 181",
     {RINGING, NULL, "History-Info: <" CAROL ">;index=1,<sip:dave@example.com;cause=408>;index=1.1\n"},
     "History-Info: " CAROL ", then sip:dave@example.com;cause=408 (forwarded there because nobody answered).\n"},

    /* Reason: RFC 3326, RFC 6432 */
    {"Reason of Q.850",
     {FINAL, NULL, "Reason: Q.850;cause=17;text=\"called; busy\"\n"},
     "Reason: Q.850 cause 17, user busy (\"called; busy\").\n"},
    {"Reasons, several",
     {FINAL, NULL, "Reason: SIP ;cause=600, Q.850;cause=128\nReason: Preemption;cause=1\n"},
     "Reason: SIP 600 Busy Everywhere.\nReason: Q.850 cause 128.\nReason: Preemption cause 1.\n"},
    {"Reason in a 302 is told elsewhere", {REDIRECT, NULL, "Reason: SIP;cause=302;text=\"no-fraud-detected\"\n"}, ""},
    {"Reason without a cause", {FINAL, NULL, "Reason: X.int;text=\"other\"\n"}, "Reason: X.int (\"other\").\n"},
    {"Reason 607 of a BYE",
     {BYE, NULL, "Reason: SIP;cause=607;text=\"Unwanted\"\n"},
     "Ended with 607 Unwanted, says the Reason of this BYE: the person called does not want this caller "
     "(\"Unwanted\").\n"},
    {"Reason 699 of a BYE",
     {BYE, NULL, "Reason: SIP;cause=699\n"},
     "Ended with 699, says the Reason of this BYE: not a registered code, handled as 600.\n"},

    /* RFC 7044 10.4 */
    {"Contact mapped from an entry",
     {REDIRECT, NULL, "Contact: <" CAROL ">;mp=1\n"},
     "Target 1: another user than in entry 1 of History-Info (mp).\n"},
    {"Contact of the same user",
     {REDIRECT, NULL, "Contact: <" CAROL ">;q=0.2, <sip:bob@192.0.2.7>;rc=1.1;q=0.5\n"},
     "Target 1: the same user as in entry 1.1 of History-Info (rc).\n"},
    {"Contact with both says mp",
     {REDIRECT, NULL, "Contact: <" CAROL ">;rc=1;q=1;MP=2;mp=3\n"},
     "Target 1: another user than in entry 2 of History-Info (mp).\n"},
    {"Two Contacts of one URI",
     {REDIRECT, NULL, "Contact: <" CAROL ">;mp=1, <" CAROL ">;rc=2\n"},
     "Target 1: another user than in entry 1 of History-Info (mp).\n"
     "Target 2: the same user as in entry 2 of History-Info (rc).\n"},

    /* Identity: RFC 8946 */
    {"Identity",
     {REDIRECT, NULL, "Identity: eyJ.eyJ.sig;info=<https://example.com/c;ppt=x>;alg=ES256;ppt=\"div\"\n"},
     "The signed Identity (div) proves a forward, and the request that follows may take it along (RFC 8946 section "
     "7).\n"},
    {"Identity in a request is usual", {FOLLOWUP, NULL, "Identity: eyJ.eyJ.sig;ppt=shaken\n"}, ""},

    {"Nothing", {FOLLOWUP, NULL, "Subject: redirected\n"}, ""},
};

static void
test_annotations(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(annotation_cases); i++) {
        const story_t *story = &annotation_cases[i].story;
        feed_t feed;

        g_test_message("%s", annotation_cases[i].name);
        feed_begin(&feed);
        tell(&feed, story);
        for (uint32_t frame = 1; frame <= FRAMES; frame++) {
            char *annotations = annotations_of(redirect_tracker_records(feed.tracker, frame));
            g_assert_cmpstr(annotations, ==, frame == story->place ? annotation_cases[i].expected : "");
            g_free(annotations);
        }
        feed_end(&feed);
    }
}

/* A URI says the same as a target of the redirect and as the Request-URI of what follows it. */
static void
test_uri_parameters(void)
{
    static const struct {
        const char *uri;
        const char *expected; /* after "Target 1: " and "Request-URI: " */
    } cases[] = {
        {"sip:voicemail@example.com;target=bob%40example.com;cause=486",
         "forwarded because busy (cause=486), on behalf of bob@example.com (target)."},
        {"sip:voicemail@example.com;target=tel:%2B15551234", "on behalf of tel:+15551234 (target)."},
        {"sip:carol@example.com;cause=302", "forwarded always, whatever the callee is doing (cause=302)."},
        {"sip:carol@example.com;Cause=380", "forwarded by the translation of a service number (cause=380)."},
        {"sip:carol@example.com;cause=999", "cause=999, which RFC 4458 does not define."},
        {"sip:carol@example.com;cause=many", NULL},
        {"sip:+15551234;npdi;rn=+15550000@192.0.2.3;user=phone",
         "number portability: routed by +15550000 (rn), lookup done (npdi)."},
        {"sip:+15551234;npdi@192.0.2.3", "number portability: no routing number, lookup done (npdi)."},
        {"sip:+15551234@192.0.2.3;rn=+15550000;cic=+1-6789",
         "number portability: routed by +15550000 (rn), carrier +1-6789 (cic)."},
        {"tel:+15551234;npdi;rn=+15550000", "number portability: routed by +15550000 (rn), lookup done (npdi)."},
        {"sip:carol@example.com;transport=tcp", NULL},
        {"sip:turn=left;cause@example.com", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        story_t story = {0, cases[i].uri, ""};
        feed_t feed;
        char *target, *request;
        char *expected_target = cases[i].expected ? g_strdup_printf("Target 1: %s\n", cases[i].expected) : g_strdup("");
        char *expected_request =
            cases[i].expected ? g_strdup_printf("Request-URI: %s\n", cases[i].expected) : g_strdup("");

        feed_begin(&feed);
        tell(&feed, &story);
        target = annotations_of(redirect_tracker_records(feed.tracker, REDIRECT));
        request = annotations_of(redirect_tracker_records(feed.tracker, FOLLOWUP));
        g_assert_cmpstr(target, ==, expected_target);
        g_assert_cmpstr(request, ==, expected_request);
        g_free(target);
        g_free(request);
        g_free(expected_target);
        g_free(expected_request);
        feed_end(&feed);
    }
}

/* --- who is shown without a chain --------------------------------------------------------------------------------- */

static const struct {
    const char *method;
    const char *more;
    const char *expected; /* NULL: not shown */
} alone_cases[] = {
    {"BYE", "Reason: SIP;cause=607\n",
     "Ended with 607 Unwanted, says the Reason of this BYE: the person called does not want this caller.\n"},
    {"BYE", "Reason: Q.850;cause=21, SIP;cause=603;text=\"no\"\n",
     "Reason: Q.850 cause 21, call rejected.\n"
     "Ended with 603 Decline, says the Reason of this BYE: declined, reason not told (\"no\").\n"},
    {"CANCEL", "Reason: SIP;cause=603\n",
     "Cancelled because of 603 Decline, says the Reason of this CANCEL: declined, reason not told.\n"},
    {"CANCEL", "Reason: SIP;cause=608\n",
     "Cancelled because of 608 Rejected, says the Reason of this CANCEL: blocked by a system in the network.\n"},
    {"BYE", "Reason: Q.850;cause=16\n", NULL},
    {"BYE", "Reason: Q.850;cause=603\n", NULL},
    {"BYE", "Reason: SIP;cause=200\n", NULL},
    {"BYE", "", NULL},
    {"CANCEL", "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n", NULL},
    {"INFO", "Reason: SIP;cause=607\n", NULL},
    {"MESSAGE", "Diversion: <sip:dave@example.com>\n", NULL},
};

/* RFC 8197 4: "unwanted" may be said when the call was answered already. */
static void
test_alone(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(alone_cases); i++) {
        bool is_cancel = strcmp(alone_cases[i].method, "CANCEL") == 0;
        const redirect_record_t *record;
        feed_t feed;

        feed_begin(&feed);
        g_assert_null(feed_request(&feed, "INVITE", BOB, "1", 1, "", ""));
        if (!is_cancel) {
            g_assert_null(feed_response(&feed, "200 OK", "INVITE", "1", 1, "", ""));
        }
        record = feed_request(&feed, alone_cases[i].method, BOB, is_cancel ? "1" : "2", is_cancel ? 1 : 2,
                              is_cancel ? "" : "b", alone_cases[i].more);
        g_assert_true((record != NULL) == (alone_cases[i].expected != NULL));
        g_assert_true(redirect_tracker_records(feed.tracker, feed.frame) == record);
        if (record) {
            char *annotations = annotations_of(record);
            g_assert_cmpstr(annotations, ==, alone_cases[i].expected);
            g_assert_null(record->transaction->chain);
            g_free(annotations);
            /* It stays when its call is forgotten. */
            redirect_tracker_advance(feed.tracker, 4000 * REDIRECT_SECOND);
            feed.call_id = "another";
            feed_request(&feed, "OPTIONS", BOB, "9", 1, "", "");
            annotations = annotations_of(redirect_tracker_records(feed.tracker, feed.frame - 1));
            g_assert_cmpstr(annotations, ==, alone_cases[i].expected);
            g_free(annotations);
        }
        feed_end(&feed);
    }
}

/* RFC 3326 2: the Reason of the CANCEL explains the 487. */
static void
test_cancelled(void)
{
    static const struct {
        const char *reason;
        const char *cancel, *answer;
    } cases[] = {
        {"Reason: SIP;cause=200\n",
         "Cancelled because the call was answered elsewhere, says the Reason of this CANCEL.\n",
         "Cancelled because the call was answered elsewhere, says the Reason of the CANCEL in frame 4.\n"},
        {"Reason: SIP;cause=486\n", "Cancelled because of 486 Busy Here, says the Reason of this CANCEL.\n",
         "Cancelled because of 486 Busy Here, says the Reason of the CANCEL in frame 4.\n"},
        {"", "", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        feed_t feed;
        char *annotations;

        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
        feed_request(&feed, "INVITE", CAROL, "2", 2, "", "");
        feed_request(&feed, "CANCEL", CAROL, "2", 2, "", cases[i].reason);
        feed_response(&feed, "200 OK", "CANCEL", "2", 2, "", "");
        feed_response(&feed, "487 Request Terminated", "INVITE", "2", 2, "", "");
        annotations = annotations_of(redirect_tracker_records(feed.tracker, 4));
        g_assert_cmpstr(annotations, ==, cases[i].cancel);
        g_free(annotations);
        g_assert_null(redirect_tracker_records(feed.tracker, 5)->details->annotations);
        annotations = annotations_of(redirect_tracker_records(feed.tracker, 6));
        g_assert_cmpstr(annotations, ==, cases[i].answer);
        g_free(annotations);
        feed_end(&feed);
    }
}

/* Messages that only repeat what others say stay quiet. */
static void
test_quiet(void)
{
    static const char said[] = "History-Info: <" BOB ">,<" CAROL ">\nDiversion: <sip:dave@example.com>\n";
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
    g_assert_null(feed_request(&feed, "ACK", "sip:bob;npdi@example.com", "1", 1, "b", said)->details->annotations);
    feed_request(&feed, "INVITE", CAROL, "2", 2, "", "");
    g_assert_null(feed_response(&feed, "180 Ringing", "INVITE", "2", 2, said, "")->details->annotations);
    g_assert_null(feed_request(&feed, "CANCEL", "sip:carol;npdi@example.com", "2", 2, "", said)->details->annotations);
    g_assert_null(feed_response(&feed, "603 Network Blocked", "INVITE", "2", 2,
                                "Reason: SIP;cause=603;text=\"v=analytics1;url=https://example.com\"\n", "")
                      ->details->annotations);
    feed_end(&feed);

    /* Nothing is made for responses of a call that may never be redirected. */
    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    g_assert_null(feed_response(&feed, "181 Call Is Being Forwarded", "INVITE", "1", 1, said, ""));
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "", "");
    g_assert_null(redirect_tracker_records(feed.tracker, 2)->details->annotations);
    feed_end(&feed);
}

/* A 3xx that answers a query says what it brings. */
static void
test_dip_response(void)
{
    static const struct {
        const char *headers, *target, *expected;
    } cases[] = {
        {"Identity: a.b.c;ppt=shaken\r\n", BOB,
         "An answer to a signing or lookup query, no forward: its Identity (shaken) goes into the call that comes "
         "next. "
         "Signing servers do so by custom; no RFC defines it.\n"},
        {"Identity: a.b.c\r\n", BOB,
         "An answer to a signing or lookup query, no forward: its Identity goes into the call that comes next. Signing "
         "servers do so by custom; no RFC defines it.\n"},
        {"", "sip:+1;npdi;rn=+2@h",
         "An answer to a lookup, no forward: the same number, with what a number portability database says.\nTarget 1: "
         "number portability: routed by +2 (rn), lookup done (npdi).\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
        redirect_target_t target = {.order = 1};
        sip_uri_t uri;
        redirect_t redirect = {.code = 302, .dip_response = true, .target = &target, .target_count = 1};
        redirect_details_t details = {.redirect = &redirect};
        redirect_record_t record = {.details = &details, .status = 302, .method = SIP_METHOD_INVITE};
        sip_message_t sip;
        redirect_facts_t facts;
        char *text = g_strdup_printf("SIP/2.0 302 Moved Temporarily\r\n%s\r\n", cases[i].headers);
        char *annotations;

        g_assert_true(sip_message_parse(sip_slice_from_string(text), &sip));
        g_assert_true(sip_uri_parse(sip_slice_from_string(cases[i].target), &uri));
        target.written = uri.whole.ptr;
        target.written_len = (uint32_t)uri.whole.len;
        redirect_facts_init(&facts, &sip, 32);
        details.annotations = redirect_annotations_read(scope, &facts, &record);
        redirect_facts_clear(&facts);
        annotations = annotations_of(&record);
        g_assert_cmpstr(annotations, ==, cases[i].expected);
        g_free(annotations);
        g_free(text);
        wmem_destroy_allocator(scope);
    }
}

/* A call that is never redirected leaves nothing behind, whatever its header fields say. */
static void
test_freed(void)
{
    feed_t feed;
    sip_message_t sip;
    redirect_facts_t facts;
    redirect_history_t *history;

    g_assert_true(sip_message_parse(
        sip_slice_from_string("INVITE sip:+1;npdi@h SIP/2.0\r\nDiversion: <sip:a@b>;reason=away, <sip:c@d>\r\n"
                              "Replaces: x;to-tag=1;from-tag=2\r\nReason: SIP;cause=302\r\n"
                              "History-Info: <sip:e@f>;index=1, <sip:g@h>;index=2\r\n\r\n"),
        &sip));
    /* One block, in no scope, so that the leak checker sees what is lost. */
    redirect_facts_init(&facts, &sip, 32);
    history = redirect_history_keep(NULL, &facts);
    redirect_facts_clear(&facts);
    g_assert_cmpuint(history->said.diversion_count, ==, 2);
    g_assert_true(history->replaces);
    wmem_free(NULL, history);

    feed_begin(&feed);
    for (unsigned i = 0; i < 100; i++) {
        char call_id[16];
        g_snprintf(call_id, sizeof(call_id), "call%u", i);
        feed.call_id = call_id;
        feed_request(&feed, "INVITE", BOB, call_id, 1, "", "Diversion: <sip:a@b>\nHistory-Info: <sip:a@b>,<sip:b@c>\n");
        feed_response(&feed, "200 OK", "INVITE", call_id, 1, "", "");
        /* Twice: a long step counts when the next frame confirms it. */
        redirect_tracker_advance(feed.tracker, (int64_t)(i + 1) * 1000 * REDIRECT_SECOND);
        redirect_tracker_advance(feed.tracker, (int64_t)(i + 1) * 1000 * REDIRECT_SECOND);
    }
    g_assert_cmpuint(redirect_store_load(redirect_tracker_store(feed.tracker)).calls, <=, 1);
    feed_end(&feed);
}

/* --- contradictions ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    place_t place;
    const char *more;
    const char *expected; /* NULL: none */
} contradiction_cases[] = {
    {"Diversion by the one redirected", REDIRECT, "Diversion: <" BOB ">;reason=away\n", NULL},
    {"Diversion by another user there", REDIRECT, "Diversion: <sip:eve@example.com>;reason=away\n",
     "Diversion says that sip:eve@example.com diverted, but the request redirected was for " BOB "."},
    {"Diversion by another user in the follow-up", FOLLOWUP, "Diversion: <sip:eve@example.com>;reason=away\n",
     "Diversion says that sip:eve@example.com diverted, but the request redirected was for " BOB "."},
    {"Diversion by a user elsewhere may be the same person", FOLLOWUP, "Diversion: <sip:eve@example.net>\n", NULL},
    {"Diversion by the target", FOLLOWUP, "Diversion: <" CAROL ">\n", NULL},
    {"Diversion without a user", FOLLOWUP, "Diversion: <sip:example.com>\n", NULL},
    {"Diversion with other parameters", FOLLOWUP, "Diversion: <sips:bob@example.com:5061;user=phone>\n", NULL},
    {"Diversion that is no URI", FOLLOWUP, "Diversion: <>;reason=away\n", NULL},
    {"Diversion in a request that follows nothing", ORIGINAL, "Diversion: <sip:eve@example.com>\n", NULL},
    {"History-Info agrees", FOLLOWUP,
     "History-Info: <" BOB "?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2;mp=1\n", NULL},
    {"History-Info with another code", FOLLOWUP,
     "History-Info: <" BOB "?Reason=SIP%3Bcause%3D301>;index=1,<" CAROL ">;index=2;mp=1\n",
     "History-Info says that " BOB " answered 301, but the answer in frame 2 is 302."},
    {"History-Info with another user", FOLLOWUP,
     "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2;mp=1\n",
     "History-Info says that sip:eve@example.com was redirected, but frame 2 redirected " BOB "."},
    {"History-Info with a user elsewhere", FOLLOWUP,
     "History-Info: <sip:eve@example.net?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2;mp=1\n", NULL},
    {"History-Info whose last entry is not this request", FOLLOWUP,
     "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1,<sip:x@example.com>;index=2;mp=1\n", NULL},
    {"History-Info that does not say from where", FOLLOWUP,
     "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2\n", NULL},
    {"History-Info without any index", FOLLOWUP,
     "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>,<" CAROL ">\n", NULL},
    {"History-Info whose source is missing", FOLLOWUP,
     "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1,<" CAROL ">;index=2;mp=7\n", NULL},
    {"History-Info of a busy user, who may have been forwarded by a 302", FOLLOWUP,
     "History-Info: <" BOB "?Reason=SIP%3Bcause%3D486>;index=1,<" CAROL ">;index=2;mp=1\n", NULL},
};

static void
test_contradictions(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(contradiction_cases); i++) {
        story_t story = {contradiction_cases[i].place, NULL, contradiction_cases[i].more};
        feed_t feed;

        g_test_message("%s", contradiction_cases[i].name);
        feed_begin(&feed);
        tell(&feed, &story);
        for (uint32_t frame = 1; frame <= FRAMES; frame++) {
            g_assert_cmpstr(contradiction_of(redirect_tracker_records(feed.tracker, frame)), ==,
                            frame == story.place ? contradiction_cases[i].expected : NULL);
        }
        feed_end(&feed);
    }
}

/* What must not be taken for a contradiction, in chains of other shapes. */
static void
test_no_contradiction(void)
{
    static const char eve_302[] = "History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1,"
                                  "<sip:dave@example.com>;index=1.1;mp=1\n";
    GString *many = g_string_new("History-Info: <sip:eve@example.com?Reason=SIP%3Bcause%3D302>;index=1");
    feed_t feed;

    /* The user named is the callee, retargeted before the redirect. */
    feed_begin(&feed);
    feed_request(&feed, "INVITE", "sip:phone7@example.com", "1", 1, "", "");
    g_assert_null(contradiction_of(feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1,
                                                 "Contact: <" CAROL ">\nDiversion: <" BOB ">\n", "")));
    feed_end(&feed);

    /* The user named was redirected, one hop before. */
    feed_begin(&feed);
    feed_request(&feed, "INVITE", "sip:eve@example.com", "1", 1, "", "");
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
    feed_request(&feed, "INVITE", CAROL, "2", 2, "", "");
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "2", 2, "Contact: <sip:dave@example.com>\n", "");
    g_assert_null(contradiction_of(feed_request(&feed, "INVITE", "sip:dave@example.com", "3", 3, "", eve_302)));
    g_assert_cmpuint(redirect_tracker_records(feed.tracker, 5)->transaction->hop, ==, 2);
    feed_end(&feed);

    /* More entries than are looked at: the last one is not the last one. */
    for (unsigned i = 2; i < redirect_limits_default().history_entries; i++) {
        g_string_append_printf(many, ",<sip:x@x>;index=%u", i);
    }
    g_string_append(many, ",<" CAROL ">;index=99;mp=1");
    for (unsigned more = 0; more < 2; more++) {
        char *header = g_strdup_printf("%s%s\n", many->str, more ? ",<sip:x@x>;index=100" : "");
        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
        g_assert_true((contradiction_of(feed_request(&feed, "INVITE", CAROL, "2", 2, "", header)) == NULL) ==
                      (more != 0));
        feed_end(&feed);
        g_free(header);
    }
    (void)g_string_free(many, TRUE);
}

/* What the redirected request brought along names an earlier diversion, and contradicts nothing later on. */
static void
test_brought_along(void)
{
    static const char eve[] = "Diversion: <sip:eve@example.com>;reason=away\n";
    feed_t feed;

    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", eve);
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
    g_assert_null(contradiction_of(feed_request(&feed, "INVITE", CAROL, "2", 2, "", eve)));
    feed_end(&feed);

    feed_begin(&feed);
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
    g_assert_null(contradiction_of(feed_request(&feed, "INVITE", CAROL, "2", 2, "", eve)));
    feed_end(&feed);
}

/* New entries of History-Info come last (RFC 7044 5.1): of more than are looked at, those are named. */
static void
test_entries_left_out(void)
{
    GString *more = g_string_new("History-Info: <sip:0@x>;index=1");
    feed_t feed;
    story_t story = {FOLLOWUP, NULL, NULL};
    char *annotations;

    for (unsigned i = 1; i < 34; i++) {
        g_string_append_printf(more, ",<sip:%u@x>;index=1.%u", i, i);
    }
    g_string_append_c(more, '\n');
    story.more = more->str;
    feed_begin(&feed);
    tell(&feed, &story);
    annotations = annotations_of(redirect_tracker_records(feed.tracker, FOLLOWUP));
    g_assert_cmpstr(annotations, ==,
                    "History-Info: 2 left out, then sip:2@x, then sip:3@x, then sip:4@x, then sip:5@x, then sip:6@x, "
                    "then sip:7@x, then sip:8@x, then sip:9@x, and 24 more.\n");
    g_free(annotations);
    feed_end(&feed);
    (void)g_string_free(more, TRUE);
}

/* Each of the Diversions that the redirected request brought along is known, and no other. */
static void
test_brought_many(void)
{
    static const char brought[] = "Diversion: <sip:1@example.com>,<sip:2@example.com>,<sip:3@example.com>,"
                                  "<sip:4@example.com>,<sip:5@example.com>\n";
    feed_t feed;

    for (unsigned known = 0; known < 2; known++) {
        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", brought);
        feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, "Contact: <" CAROL ">\n", "");
        g_assert_cmpstr(
            contradiction_of(
                feed_request(&feed, "INVITE", CAROL, "2", 2, "",
                             known ? "Diversion: <sip:5@EXAMPLE.com>\n" : "Diversion: <sip:6@example.com>\n")),
            ==,
            known ? NULL
                  : "Diversion says that sip:6@example.com diverted, but the request redirected was for " BOB ".");
        feed_end(&feed);
    }
}

/* What is kept of one request is bounded, and says how much there was; the latest is kept first. */
static void
test_kept_bounded(void)
{
    GString *text = g_string_new("INVITE sip:a@b SIP/2.0\r\n");
    char *user = g_strnfill(3000, 'u');
    sip_message_t sip;
    redirect_facts_t facts;
    redirect_history_t *history;

    for (unsigned i = 0; i < 4; i++) {
        g_string_append_printf(text, "Diversion: <sip:%u%s@d>\r\nHistory-Info: <sip:%u%s@h>\r\n", i, user, i, user);
    }
    g_string_append(text, "Reason: SIP;cause=302\r\n\r\n");
    g_assert_true(sip_message_parse(sip_slice_make(text->str, text->len), &sip));
    redirect_facts_init(&facts, &sip, 32);
    history = redirect_history_keep(NULL, &facts);
    redirect_facts_clear(&facts);
    (void)g_string_free(text, TRUE); /* nothing that is kept borrows from it */
    /* Five times 3000 and a few bytes fit into 16384; the sixth does not, and the short Reason does. */
    g_assert_cmpuint(history->said.diversion_count, ==, 4);
    g_assert_cmpuint(history->said.diversion_total, ==, 4);
    g_assert_cmpuint(history->said.entry_count, ==, 1);
    g_assert_cmpuint(history->said.entry_total, ==, 4);
    g_assert_cmpuint(history->said.entry[0].uri.len, ==, 3007);
    g_assert_cmpint(strncmp(history->said.entry[0].uri.text, "sip:3uuu", 8), ==, 0);
    g_assert_cmpuint(history->said.reason_count, ==, 1);
    g_assert_cmpuint(history->said.reason[0].cause, ==, 302);
    g_assert_false(history->replaces);
    wmem_free(NULL, history);
    g_free(user);
}

/* --- the service of a 380 ----------------------------------------------------------------------------------------- */

#define SERVICE(inside) "<?xml version=\"1.0\"?>\n<ims-3gpp version=\"1\">" inside "</ims-3gpp>\n"
#define EMERGENCY                                                                                                      \
    SERVICE("<alternative-service><type>emergency</type><reason/><action>emergency-registration</action>"              \
            "</alternative-service>")

static const struct {
    const char *content_type;
    const char *body;
    const char *expected; /* type|action|reason, or NULL */
} service_cases[] = {
    {"application/3gpp-ims+xml", EMERGENCY, "emergency|emergency-registration|"},
    {"application/3gpp-ims+xml;charset=utf-8", EMERGENCY, "emergency|emergency-registration|"},
    {"Application/3GPP-IMS+XML", EMERGENCY, "emergency|emergency-registration|"},
    {"multipart/mixed;boundary=b", "--b\nContent-Type: application/3gpp-ims+xml\n\n" EMERGENCY "--b--\n",
     "emergency|emergency-registration|"},
    {"text/plain", EMERGENCY, NULL},
    {"application/3gpp-ims+xml", "", NULL},
    {"application/3gpp-ims+xml", SERVICE("<alternative-service></alternative-service>"), NULL},
    {"application/3gpp-ims+xml", SERVICE("<alternative-service/>"), NULL},
    {"application/3gpp-ims+xml", SERVICE("<type>emergency</type>"), NULL},
    {"application/3gpp-ims+xml",
     SERVICE("<a:alternative-service x='>' y=\"'\">\n <a:type >\n emergency\n</a:type >"
             "<a:reason>Dial &amp; &lt;wait&gt; &#233;</a:reason></a:alternative-service>"),
     "emergency||Dial & <wait> &#233;"},
    {"application/3gpp-ims+xml",
     SERVICE("<!-- <alternative-service><type>comment</type></alternative-service> -->"
             "<alternative-service><type>restoration</type></alternative-service>"),
     "restoration||"},
    {"application/3gpp-ims+xml",
     SERVICE("<!-- > <alternative-service><type>1</type></alternative-service> -->"
             "<alternative-service><type>2</type></alternative-service>"),
     "2||"},
    {"application/3gpp-ims+xml",
     SERVICE("<alternative-service/><alternative-service><type>2</type>"
             "</alternative-service>"),
     "2||"},
    {"application/3gpp-ims+xml",
     SERVICE("</type><alternative-service></type><type>a<type>b</type>"
             "</alternative-service>"),
     "a<type>b||"},
    {"application/3gpp-ims+xml",
     SERVICE("<alternative-service><type/><action>b</action><type>c</type>"
             "</alternative-service>"),
     "c|b|"},
    {"application/3gpp-ims+xml", SERVICE("<alternative-service><type>cut"), NULL},
    {"application/3gpp-ims+xml", SERVICE("<alternative-service><type>a</type><action>b</action>"), NULL},
    {"application/3gpp-ims+xml", "<alternative-service", NULL},
    {"application/3gpp-ims+xml", "<!--", NULL},
    {"application/3gpp-ims+xml", "<alternative-service a=\"", NULL},
    {"application/3gpp-ims+xml", "< <<alternative-service><type>x</type></alternative-service>", "x||"},
};

static void
test_service(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(service_cases); i++) {
        char *more = g_strdup_printf("Content-Type: %s\n", service_cases[i].content_type);
        const redirect_record_t *record;
        feed_t feed;

        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        record = feed_response(&feed, "380 Alternative Service", "INVITE", "1", 1, more, service_cases[i].body);
        if (service_cases[i].expected == NULL) {
            g_assert_null(record->details->service);
        } else {
            const redirect_service_t *service = record->details->service;
            char *all;
            g_assert_nonnull(service);
            all = g_strdup_printf("%s|%s|%s", service->type ? service->type : "",
                                  service->action ? service->action : "", service->reason ? service->reason : "");
            g_assert_cmpstr(all, ==, service_cases[i].expected);
            g_free(all);
        }
        g_free(more);
        feed_end(&feed);
    }
}

/* Wherever a long text is cut, it is cut between two characters. */
static void
test_service_cut(void)
{
    for (unsigned lead = 0; lead < 4; lead++) {
        GString *body = g_string_new("<alternative-service><reason>");
        const redirect_record_t *record;
        feed_t feed;

        g_string_append_len(body, "xxxx", lead);
        for (unsigned i = 0; i < 100; i++) {
            g_string_append(body, "\xe2\x82\xac");
        }
        g_string_append(body, "</reason></alternative-service>");
        feed_begin(&feed);
        feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
        record = feed_response(&feed, "380 Alternative Service", "INVITE", "1", 1,
                               "Content-Type: application/3gpp-ims+xml\n", body->str);
        g_assert_nonnull(record->details->service);
        g_assert_true(g_utf8_validate(record->details->service->reason, -1, NULL));
        g_assert_null(strstr(record->details->service->reason, "\xef\xbf\xbd"));
        g_assert_cmpuint(strlen(record->details->service->reason), >=, REDIRECT_SERVICE_MAX_TEXT - 4);
        g_assert_cmpuint(strlen(record->details->service->reason), <=, REDIRECT_SERVICE_MAX_TEXT);
        (void)g_string_free(body, TRUE);
        feed_end(&feed);
    }
}

/* --- bad input ---------------------------------------------------------------------------------------------------- */

static const char rich_headers[] =
    "History-Info: <sip:d\xc3\xa4ve@example.com?Reason=SIP%3Bcause%3D302>;index=1,<" BOB ";cause=486>;index=2;mp=1\n"
    "Diversion: \"D, \\\" x\" <sip:dave:pw@example.com>;reason=\"user-busy\";counter=4294967296\n"
    "Reason: Q.850;cause=17;text=\"caf\xc3\xa9\", SIP;cause=607\n"
    "Identity: a.b.c;ppt=div\n"
    "Contact: <sip:+1;npdi;rn=+2@h;cause=486;target=a%40b%>;mp=2,<tel:+1;rn=3>;rc=1\n"
    "Content-Type: application/3gpp-ims+xml\n";

static const char rich_body[] = EMERGENCY;

static void
check_all_annotations(const feed_t *feed)
{
    for (uint32_t frame = 1; frame <= feed->frame; frame++) {
        for (const redirect_record_t *record = redirect_tracker_records(feed->tracker, frame); record;
             record = redirect_next_in_frame(record)) {
            g_free(annotations_of(record));
            (void)contradiction_of(record);
        }
    }
}

/* The INVITE, its redirect, and the follow-up, each damaged in the same way. */
static void
feed_damaged(GRand *rand, unsigned cut)
{
    static const char *const lines[] = {"INVITE sip:+1;npdi;rn=+2@h;cause=486;target=a%%40b SIP/2.0\r\n",
                                        "SIP/2.0 380 Alternative Service\r\n",
                                        "INVITE sip:+1;npdi;rn=+2@h;cause=486 SIP/2.0\r\n", "BYE sip:a@b SIP/2.0\r\n"};
    feed_t feed;

    feed_begin(&feed);
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        GString *text = g_string_new(lines[i]);
        g_string_append_printf(text,
                               "Via: SIP/2.0/UDP h;branch=z9hG4bK%u\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@c>\n"
                               "Call-ID: c\nCSeq: %u %s\n%s\n%s",
                               i < 2 ? 1 : i, i < 2 ? 1 : i, i == 3 ? "BYE" : "INVITE", rich_headers, rich_body);
        for (unsigned j = 0; rand && j < 3; j++) {
            gint32 at = g_rand_int_range(rand, (gint32)strlen(lines[i]), (gint32)text->len);
            text->str[at] = (char)g_rand_int_range(rand, 0, 256);
        }
        feed_bytes(&feed, text->str, MIN(text->len, cut));
        (void)g_string_free(text, TRUE);
    }
    check_all_annotations(&feed);
    feed_end(&feed);
}

static void
test_damaged(void)
{
    GRand *rand = g_rand_new_with_seed(20260731);

    for (unsigned cut = 1; cut < 1300; cut++) {
        feed_damaged(NULL, cut);
    }
    for (unsigned i = 0; i < 3000; i++) {
        feed_damaged(rand, G_MAXUINT);
    }
    g_rand_free(rand);
}

/* Ten thousand values of each header field: bounded text, in bounded time. */
static void
test_many(void)
{
    GString *more = g_string_new("");
    const redirect_record_t *record;
    feed_t feed;
    unsigned count = 0;

    for (unsigned i = 0; i < 10000; i++) {
        g_string_append(more, "History-Info: <sip:a@b?Reason=SIP%3Bcause%3D302>;index=1,<sip:b@c>;index=2\n"
                              "Diversion: <sip:a@b>\nReason: SIP;cause=302\n");
    }
    feed_begin(&feed);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", more->str);
    feed_response(&feed, "302 Moved Temporarily", "INVITE", "1", 1, more->str, "");
    for (uint32_t frame = 1; frame <= 2; frame++) {
        record = redirect_tracker_records(feed.tracker, frame);
        for (const redirect_annotation_t *annotation = redirect_annotations_of(feed.scope, record); annotation;
             annotation = annotation->next) {
            g_assert_cmpuint(strlen(annotation->text), <, 1500);
            count++;
        }
    }
    /* History-Info, Diversions and, of the request alone, Reasons: those of the 302 are told elsewhere. */
    g_assert_cmpuint(count, ==, 2 + 3 * REDIRECT_FACTS_MAX_SHOWN);
    (void)g_string_free(more, TRUE);
    feed_end(&feed);
}

int
main(int argc, char **argv)
{
    int status;

    wmem_init();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/annotations", test_annotations);
    g_test_add_func("/history/uri-parameters", test_uri_parameters);
    g_test_add_func("/history/alone", test_alone);
    g_test_add_func("/history/cancelled", test_cancelled);
    g_test_add_func("/history/quiet", test_quiet);
    g_test_add_func("/history/query-answer", test_dip_response);
    g_test_add_func("/history/freed", test_freed);
    g_test_add_func("/history/contradictions", test_contradictions);
    g_test_add_func("/history/no-contradiction", test_no_contradiction);
    g_test_add_func("/history/brought-along", test_brought_along);
    g_test_add_func("/history/entries-left-out", test_entries_left_out);
    g_test_add_func("/history/brought-many", test_brought_many);
    g_test_add_func("/history/kept-bounded", test_kept_bounded);
    g_test_add_func("/history/service", test_service);
    g_test_add_func("/history/service-cut", test_service_cut);
    g_test_add_func("/history/damaged", test_damaged);
    g_test_add_func("/history/many", test_many);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
