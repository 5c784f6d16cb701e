/* test_redirect_wire.c
 * Bytes as they may come off a wire: what is shown is fit to be shown, and what is compared is what was sent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "tracker_feed.h"

#include "redirect-annotations.h"
#include "redirect-path.h"
#include "redirect-told.h"
#include "redirect-verdict.h"

#define BOB "sip:bob@example.com"

/* Characters that no line for people may hold: controls, and those that turn the direction of writing. */
static void
check_fit(const char *line)
{
    g_assert_nonnull(line);
    g_assert_true(g_utf8_validate(line, -1, NULL));
    for (const char *at = line; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_assert_false(g_unichar_iscntrl(c));
        g_assert_false(c == 0x061c || (c >= 0x200e && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
                       (c >= 0x2066 && c <= 0x2069));
    }
}

static void
check_fit_or_null(const char *line)
{
    if (line) {
        check_fit(line);
    }
}

/* All that is said of one message. */
static void
check_record(const feed_t *feed, const redirect_record_t *record)
{
    char *text = redirect_verdict(NULL, redirect_tracker_store(feed->tracker), record);

    check_fit(text);
    wmem_free(NULL, text);
    text = redirect_verdict_short(NULL, record);
    check_fit(text);
    g_assert_cmpuint(strlen(text), <=, 220);
    wmem_free(NULL, text);
    for (const redirect_expert_item_t *item = record->details->expert_items; item; item = item->next) {
        check_fit(item->text);
    }
    for (const redirect_annotation_t *annotation = record->details->annotations; annotation;
         annotation = annotation->next) {
        check_fit(annotation->text);
    }
    for (unsigned i = 0; redirect_of_record(record) && i < redirect_of_record(record)->target_count; i++) {
        check_fit(redirect_of_record(record)->target[i].uri);
    }
    if (record->details->failure) {
        check_fit_or_null(record->details->failure->url);
        check_fit_or_null(record->details->failure->tel);
        check_fit_or_null(record->details->failure->email);
        check_fit_or_null(record->details->failure->id);
        check_fit_or_null(record->details->failure->location);
        check_fit_or_null(record->details->failure->retry_more);
        for (const redirect_annotation_t *line = record->details->failure->redress; line; line = line->next) {
            check_fit(line->text);
        }
    }
    for (const redirect_annotation_t *told = record->details->told ? record->details->told->values : NULL; told;
         told = told->next) {
        check_fit(told->text);
    }
    check_fit_or_null(redirect_told_most_telling(record));
    if (record->details->service) {
        check_fit_or_null(record->details->service->type);
        check_fit_or_null(record->details->service->action);
        check_fit_or_null(record->details->service->reason);
    }
    if (record->transaction && record->transaction->chain != NULL) {
        text = redirect_transaction_path(NULL, redirect_tracker_store(feed->tracker), record->transaction);
        check_fit(text);
        wmem_free(NULL, text);
    }
}

/* An escape sequence, DEL, a C1 control, a byte that is no UTF-8, a character cut off, and one that turns the line. */
static const char *const bad[] = {"\x1b[31m", "\x7f",         "\xc2\x9b", "\xfe",
                                  "\xe2\x82", "\xe2\x80\xae", "\x01\x02", "\x85"};

/* Feeds a request and its response, in which each "@@" is bad bytes. */
static void
check_exchange(const char *request, const char *response)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GString *first = g_string_new(request), *second = g_string_new(response);
        const redirect_record_t *record;
        feed_t feed;

        g_string_replace(first, "@@", bad[i], 0);
        g_string_replace(second, "@@", bad[i], 0);
        feed_begin(&feed);
        feed_text(&feed, first->str);
        record = feed_text(&feed, second->str);
        g_assert_nonnull(record);
        check_record(&feed, record);
        if (redirect_tracker_records(feed.tracker, 1)) {
            const redirect_record_t *origin = redirect_tracker_records(feed.tracker, 1);
            for (const redirect_annotation_t *annotation = redirect_annotations_of(feed.scope, origin); annotation;
                 annotation = annotation->next) {
                check_fit(annotation->text);
            }
        }
        feed_end(&feed);
        g_string_free(first, TRUE);
        g_string_free(second, TRUE);
    }
}

#define COMMON(call, method)                                                                                           \
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nFrom: <sip:alice@example.com>;tag=a\n"                                \
    "To: <sip:bob@example.com>;tag=b\nCall-ID: " call "\nCSeq: 1 " method "\n"
#define REQUEST(method, more) method " " BOB " SIP/2.0\n" COMMON("one", method) more "\n"

/* RFC 3261 25.1: a method is a token; what is none is not repeated as it came. */
static void
test_method(void)
{
    check_exchange(REQUEST("A@@B", ""), "SIP/2.0 302 X\n" COMMON("one", "A@@B") "Contact: <sip:carol@example.com>\n\n");
    check_exchange(REQUEST("@@", ""), "SIP/2.0 603 X\n" COMMON("one", "@@") "\n");
}

static void
test_network_blocked(void)
{
    check_exchange(REQUEST("INVITE", ""),
                   "SIP/2.0 603 Network Blocked\n" COMMON(
                       "one", "INVITE") "Reason: "
                                        "SIP;cause=603;text=\"v=analytics1;url=https://x.example/@@;tel=+1@@2;email=a@@"
                                        "@b.example;id=@@7;location=@@\"\n\n");
}

static void
test_phrase_and_reason(void)
{
    check_exchange(REQUEST("INVITE", "Reason: SIP;cause=302;text=\"a@@b\"\n"),
                   "SIP/2.0 302 a@@b\n" COMMON("one", "INVITE") "Contact: <sip:carol@example.com>\n"
                                                                "Reason: Q.850;cause=17;text=\"a@@b\"\n\n");
    check_exchange(REQUEST("INVITE", ""),
                   "SIP/2.0 600 a@@b\n" COMMON("one", "INVITE") "Reason: X@@Y;cause=17;text=\"a@@b\"\n\n");
}

static void
test_told(void)
{
    check_exchange(REQUEST("INVITE", ""),
                   "SIP/2.0 603 a@@b\n" COMMON("one", "INVITE") "Warning: 399 a@@b \"c@@d\", a@@b\n"
                                                                "Error-Info: <sip:a@@b@exa@@mple.com>, <x@@y:z@@>\n"
                                                                "Reason: Q.850;cause=21;location=@@\n\n");
    check_exchange(REQUEST("INVITE", ""), "SIP/2.0 603 Decline\n" COMMON("one", "INVITE") "Retry-After: 5 (a@@b)\n\n");
}

static void
test_contact(void)
{
    check_exchange(REQUEST("INVITE", ""),
                   "SIP/2.0 302 X\n" COMMON("one", "INVITE") "Contact: \"a@@b\" <sip:ca@@rol@exa@@mple.com;x=@@>\n\n");
}

static void
test_call_id_and_leg_headers(void)
{
    check_exchange("INVITE " BOB " SIP/2.0\n" COMMON("o@@ne", "INVITE") "X-Call-ID: t@@wo\n\n",
                   "SIP/2.0 302 X\n" COMMON("o@@ne", "INVITE") "Contact: <sip:carol@example.com>\n"
                                                               "X-Call-ID: t@@wo\n\n");
}

static void
test_history(void)
{
    static const char more[] = "History-Info: <sip:z@@oe@example.com?Reason=SIP%3Bcause%3D302>;index=1@@,"
                               "<sip:bob@example.com>;index=1.1\n"
                               "Diversion: \"a@@b\" <sip:z@@oe@example.com>;reason=no@@answer;screen=@@\n";
    char *request = g_strdup_printf("INVITE " BOB " SIP/2.0\n" COMMON("one", "INVITE") "%s\n", more);
    char *response =
        g_strdup_printf("SIP/2.0 302 X\n" COMMON("one", "INVITE") "Contact: <sip:carol@example.com>\n%s\n", more);

    check_exchange(request, response);
    g_free(request);
    g_free(response);
}

static void
test_service(void)
{
    check_exchange(REQUEST("INVITE", ""),
                   "SIP/2.0 380 X\n" COMMON("one", "INVITE") "Content-Type: application/3gpp-ims+xml\n\n"
                                                             "<alternative-service><type>a@@b</type>"
                                                             "<action>a@@b</action><reason>a@@b</reason>"
                                                             "</alternative-service>");
}

/* --- a NUL inside ------------------------------------------------------------------------------------------------- */

/* A 302 to what a proxy forwarded, and the 302 that the proxy made of it; each with one Contact, whose user is 4 bytes. */
static const redirect_record_t *
pass_on(feed_t *feed, const char *from, const char *to)
{
    static const char *const vias[] = {"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2\r\n", ""};
    const char *users[] = {from, to};
    const redirect_record_t *record = NULL;

    for (unsigned i = 0; i < 2; i++) {
        char *text =
            g_strdup_printf("INVITE sip:bob@example.com SIP/2.0\r\n%sVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
                            "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: one\r\nCSeq: "
                            "1 INVITE\r\n\r\n",
                            vias[1 - i]);
        feed_bytes(feed, text, strlen(text));
        g_free(text);
    }
    for (unsigned i = 0; i < 2; i++) {
        GString *text = g_string_new("SIP/2.0 302 X\r\n");
        g_string_append(text, vias[i]);
        g_string_append(text, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:alice@example.com>;tag=a\r\n"
                              "To: <sip:bob@example.com>;tag=b\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\nContact: <sip:");
        g_string_append_len(text, users[i], 4);
        g_string_append(text, "@example.com>\r\n\r\n");
        record = feed_bytes(feed, text->str, text->len);
        g_string_free(text, TRUE);
    }
    g_assert_nonnull(record);
    g_assert_nonnull(redirect_of_record(record));
    return record;
}

/* What comes after a NUL is compared as well: these two are not the same Contact, and those are. */
static void
test_nul(void)
{
    const redirect_record_t *record;
    feed_t feed;

    feed_begin(&feed);
    record = pass_on(&feed, "a\0bc", "a\0bd");
    g_assert_cmpuint(redirect_of_record(record)->frame, ==, 4);
    g_assert_nonnull(redirect_of_record(record)->source);
    check_record(&feed, record);
    feed_end(&feed);

    feed_begin(&feed);
    record = pass_on(&feed, "a\0bc", "a\0bc");
    g_assert_cmpuint(redirect_of_record(record)->frame, ==, 3);
    g_assert_null(redirect_of_record(record)->source);
    g_assert_cmpuint(redirect_of_record(record)->legs_seen, ==, 2);
    check_record(&feed, record);
    feed_end(&feed);
}

/* --- preferences -------------------------------------------------------------------------------------------------- */

/* A user may change a preference while a file is open: the string that it was is gone then. */
static void
test_preference_changes(void)
{
    redirect_config_t config = {.max_hops = 5, .link_calls = true, .link_window = 32};
    char *names = g_strdup("X-Call-ID");
    const redirect_record_t *record;
    feed_t feed;

    feed_begin(&feed);
    config.leg_headers = names;
    feed.tracker = redirect_tracker_new(feed.scope, &config);
    memset(names, 'Z', strlen(names));
    g_free(names);
    feed_request(&feed, "INVITE", BOB, "1", 1, "", "");
    feed_response(&feed, "302 Moved", "INVITE", "1", 1, "Contact: <sip:carol@example.com>\n", "");
    feed.call_id = "another";
    record = feed_text(&feed, "INVITE sip:carol@example.com SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK9\n"
                              "From: <sip:pbx@example.com>;tag=p\nTo: <sip:carol@example.com>\nCall-ID: another\n"
                              "CSeq: 1 INVITE\nX-Call-ID: call\n\n");
    g_assert_nonnull(record);
    g_assert_nonnull(record->transaction);
    g_assert_nonnull(record->transaction->link);
    g_assert_cmpuint(record->transaction->link->redirected_in, ==, 2);
    g_assert_cmpint(record->transaction->link->kind, ==, REDIRECT_LINK_LEG_HEADER);
    feed_end(&feed);
}

int
main(int argc, char **argv)
{
    int status;

    wmem_init();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/contact", test_contact);
    g_test_add_func("/wire/phrase-and-reason", test_phrase_and_reason);
    g_test_add_func("/wire/told", test_told);
    g_test_add_func("/wire/call-id-and-leg-headers", test_call_id_and_leg_headers);
    g_test_add_func("/wire/history", test_history);
    g_test_add_func("/wire/service", test_service);
    g_test_add_func("/wire/method", test_method);
    g_test_add_func("/wire/network-blocked", test_network_blocked);
    g_test_add_func("/wire/nul", test_nul);
    g_test_add_func("/wire/preference-changes", test_preference_changes);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
