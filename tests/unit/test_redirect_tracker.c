/* test_redirect_tracker.c
 * What the tracker keeps and forgets, its limits, and that it links few calls wrongly where many are alike.
 * How it links and what outcomes it finds is in tests/chains, as text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-path.h"
#include "redirect-rules.h"
#include "redirect-store-int.h"
#include "redirect-tracker.h"

typedef struct {
    wmem_allocator_t *scope;
    redirect_tracker_t *tracker;
    redirect_time_t time; /* of the next message */
    uint32_t frame;       /* of the last message */
} bench_t;

static void
bench_begin_with(bench_t *bench, const redirect_limits_t *limits)
{
    redirect_config_t config = {.max_hops = 5,
                                .link_calls = true,
                                .link_window = 32,
                                .leg_headers = "X-Call-ID",
                                .link_legs = true,
                                .show_diverted = true,
                                .shared_headers = "P-Charging-Vector"};

    if (limits) {
        config.limits = *limits;
    }
    bench->scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    bench->tracker = redirect_tracker_new(bench->scope, &config);
    bench->time = REDIRECT_SECOND;
    bench->frame = 0;
}

static void
bench_begin(bench_t *bench)
{
    bench_begin_with(bench, NULL);
}

static void
bench_end(bench_t *bench)
{
    wmem_destroy_allocator(bench->scope);
}

static redirect_endpoint_t
place(unsigned number)
{
    return (redirect_endpoint_t){.address = {192, 0, (uint8_t)(number >> 8), (uint8_t)number}, .len = 4, .port = 5060};
}

/* Feeds text, in a buffer of just its size, from one place to another. Takes text. */
static const redirect_record_t *
feed(bench_t *bench, unsigned source, unsigned destination, char *text)
{
    size_t len = strlen(text);
    char *copy = g_memdup2(text, len);
    sip_message_t *sip = g_new(sip_message_t, 1);
    redirect_message_t message = {.frame = ++bench->frame,
                                  .time = bench->time,
                                  .source = place(source),
                                  .destination = place(destination),
                                  .transport = REDIRECT_TRANSPORT_UDP,
                                  .sip = sip};
    const redirect_record_t *record = NULL;

    g_assert_true(sip_message_parse(sip_slice_make(copy, len), sip));
    record = redirect_tracker_add(bench->tracker, &message);
    g_assert_cmpstr(redirect_tracker_check(bench->tracker), ==, NULL);
    g_free(sip);
    g_free(copy);
    g_free(text);
    return record;
}

/* A request from place 1 to place 2. */
static const redirect_record_t *
request(bench_t *bench, const char *method, const char *uri, const char *call, unsigned cseq)
{
    return feed(bench, 1, 2,
                g_strdup_printf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.0.1;branch=z9hG4bK-%s-%u\r\n"
                                "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
                                "Call-ID: %s\r\nCSeq: %u %s\r\n\r\n",
                                method, uri, call, cseq, call, cseq, method));
}

/* Its answer; contacts is a Contact line with its end, or nothing. */
static const redirect_record_t *
response(bench_t *bench, const char *method, unsigned status, const char *contacts, const char *call, unsigned cseq)
{
    return feed(bench, 2, 1,
                g_strdup_printf("SIP/2.0 %u X\r\nVia: SIP/2.0/UDP 192.0.0.1;branch=z9hG4bK-%s-%u\r\n"
                                "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=b\r\n"
                                "Call-ID: %s\r\nCSeq: %u %s\r\n%s\r\n",
                                status, call, cseq, call, cseq, method, contacts));
}

static void
load_is(const bench_t *bench, unsigned calls, unsigned candidates, bool open)
{
    redirect_store_load_t load = redirect_store_load(redirect_tracker_store(bench->tracker));

    g_assert_cmpuint(load.calls, ==, calls);
    g_assert_cmpuint(load.candidates, ==, candidates);
    g_assert_cmpint(load.pending > 0, ==, open);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

/* Whoever asks what the sender of a request did with its redirects changes nothing, also where it got none. */
static void
test_asks_for_client(void)
{
    const redirect_record_t *alone, *redirected;
    const redirect_store_t *store;
    bench_t bench;

    bench_begin(&bench);
    store = redirect_tracker_store(bench.tracker);
    request(&bench, "INVITE", "sip:bob@example.com", "followed", 1);
    redirected = response(&bench, "INVITE", 302, "Contact: <sip:carol@example.com>\r\n", "followed", 1);
    feed(&bench, 3, 2,
         g_strdup("INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.0.3;branch=z9hG4bK-3\r\n"
                  "From: <sip:dave@example.com>;tag=d\r\nTo: <sip:bob@example.com>\r\n"
                  "Call-ID: alone\r\nCSeq: 1 INVITE\r\n\r\n"));
    alone = feed(&bench, 2, 3,
                 g_strdup("SIP/2.0 603 X\r\nVia: SIP/2.0/UDP 192.0.0.3;branch=z9hG4bK-3\r\n"
                          "From: <sip:dave@example.com>;tag=d\r\nTo: <sip:bob@example.com>;tag=b\r\n"
                          "Call-ID: alone\r\nCSeq: 1 INVITE\r\n\r\n"));
    g_assert_nonnull(redirected);
    g_assert_nonnull(alone);
    g_assert_cmpuint(redirect_store_client(store, alone->transaction).redirects, ==, 0);
    g_assert_cmpstr(redirect_tracker_check(bench.tracker), ==, NULL);
    g_assert_cmpuint(redirect_store_client(store, redirected->transaction).redirects, ==, 1);
    g_assert_cmpuint(redirect_store_client(store, redirected->transaction).followups, ==, 0);
    request(&bench, "INVITE", "sip:carol@example.com", "followed", 2);
    g_assert_cmpuint(redirect_store_client(store, redirected->transaction).followups, ==, 1);
    bench_end(&bench);
}

/* --- forgetting --------------------------------------------------------------------------------------------------- */

/* An OPTIONS of its own moves the time on and makes the tracker look around; it is one call more. */
static void
tick(bench_t *bench, unsigned seconds)
{
    char *call = g_strdup_printf("tick-%u", bench->frame);

    bench->time += seconds * REDIRECT_SECOND;
    g_assert_null(request(bench, "OPTIONS", "sip:x@example.com", call, 1));
    g_free(call);
}

static void
test_forgets_settled_call(void)
{
    bench_t bench;

    bench_begin(&bench);
    request(&bench, "INVITE", "sip:bob@example.com", "one", 1);
    response(&bench, "INVITE", 486, "", "one", 1);
    load_is(&bench, 1, 1, false);
    tick(&bench, 64);
    load_is(&bench, 2, 2, false);
    tick(&bench, 1);
    load_is(&bench, 2, 2, false); /* two ticks: the call is gone */
    bench_end(&bench);
}

static void
test_remembers_ringing_call(void)
{
    bench_t bench;

    bench_begin(&bench);
    request(&bench, "INVITE", "sip:bob@example.com", "one", 1);
    response(&bench, "INVITE", 180, "", "one", 1);
    tick(&bench, 300);
    load_is(&bench, 2, 2, false);
    response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", "one", 1);
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, 1);
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 0)->root->request.frame, ==, 1);
    bench_end(&bench);
}

/* An INVITE that tells of a forward stays to be shown; what it said is kept in words alone. */
static void
test_forgets_what_diverted_call_said(void)
{
    const redirect_record_t *record;
    bench_t bench;

    bench_begin(&bench);
    record = feed(&bench, 1, 2,
                  g_strdup("INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.0.1;branch=z9hG4bK-a-1\r\n"
                           "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
                           "Diversion: <sip:carol@example.com>;reason=user-busy\r\n"
                           "Call-ID: a\r\nCSeq: 1 INVITE\r\n\r\n"));
    g_assert_nonnull(record);
    response(&bench, "INVITE", 486, "", "a", 1);
    g_assert_nonnull(record->transaction->extras->history);
    tick(&bench, 100);
    g_assert_null(record->transaction->live);
    g_assert_null(record->transaction->extras->history);
    g_assert_true(redirect_store_records(redirect_tracker_store(bench.tracker), 1) == record);
    g_assert_cmpstr(record->details->annotations->text, ==,
                    "Forwarded before this capture because busy (Diversion: user-busy, from sip:carol@example.com).");
    bench_end(&bench);
}

static void
test_forgets_call_that_rings_for_ever(void)
{
    bench_t bench;

    bench_begin(&bench);
    request(&bench, "INVITE", "sip:bob@example.com", "one", 1);
    response(&bench, "INVITE", 180, "", "one", 1);
    tick(&bench, 601);
    load_is(&bench, 2, 2, false); /* so long a step may be a wrong time stamp: the next frame confirms it */
    tick(&bench, 0);
    load_is(&bench, 2, 2, false); /* two ticks: the call is gone */
    bench_end(&bench);
}

/* A request that is no INVITE is over after 32 s, answered or not (RFC 3261 17.1.2.2). */
static void
test_forgets_unanswered_options(void)
{
    bench_t bench;

    bench_begin(&bench);
    request(&bench, "OPTIONS", "sip:bob@example.com", "one", 1);
    tick(&bench, 65);
    load_is(&bench, 1, 1, false);
    bench_end(&bench);
}

/* A chain stays to be shown; the index forgets what can no longer be followed. */
static void
test_forgets_redirect_for_linking(void)
{
    bench_t bench;

    bench_begin(&bench);
    request(&bench, "INVITE", "sip:bob@example.com", "one", 1);
    response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", "one", 1);
    load_is(&bench, 1, 0, true);
    tick(&bench, 33);
    load_is(&bench, 2, 1, false);
    tick(&bench, 148);
    load_is(&bench, 1, 1, false);
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, 1);
    g_assert_nonnull(redirect_tracker_records(bench.tracker, 1));
    g_assert_nonnull(redirect_tracker_records(bench.tracker, 2));
    g_assert_null(redirect_tracker_records(bench.tracker, 3));
    bench_end(&bench);
}

/* Under a busy key those go first that nobody needs any more: what still waits stays. */
static void
test_takes_spent_redirects_out(void)
{
    static const redirect_limits_t limits = {.pending_per_key = 4};
    bench_t bench;

    bench_begin_with(&bench, &limits);
    for (unsigned i = 0; i < 20; i++) {
        char *call = g_strdup_printf("c%u", i);
        request(&bench, "INVITE", "sip:bob@example.com", call, 1);
        response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", call, 1);
        if (i > 0) {
            request(&bench, "INVITE", "sip:carol@example.net", call, 2);
        }
        g_free(call);
    }
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 0)->root->redirect->gaps, ==, 0);
    request(&bench, "INVITE", "sip:carol@example.net", "another", 1);
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 0)->transaction_count, ==, 2);
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 19)->transaction_count, ==, 2);
    bench_end(&bench);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static void
test_limits_open_calls(void)
{
    static const redirect_limits_t limits = {.open_calls = 10};
    bench_t bench;
    const redirect_record_t *record;

    bench_begin_with(&bench, &limits);
    for (unsigned i = 0; i < 30; i++) {
        char *call = g_strdup_printf("c%u", i);
        request(&bench, "INVITE", "sip:bob@example.com", call, 1);
        g_assert_cmpuint(redirect_store_load(redirect_tracker_store(bench.tracker)).calls, <=, 11);
        g_free(call);
    }
    /* The answer to one that was let go says why it has no request; one that is remembered has one. */
    record = response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", "c1", 1);
    g_assert_cmpuint(record->transaction->request.frame, ==, 0);
    g_assert_cmpstr(record->details->expert_items->rule->name, ==, "limit_reached");
    record = response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", "c29", 1);
    g_assert_cmpuint(record->transaction->request.frame, ==, 30);
    g_assert_null(record->details->expert_items);
    bench_end(&bench);
}

/* A row of redirects in one call: the oldest are no longer looked at, and the chain goes on and says so. */
static void
test_limits_transactions_of_call(void)
{
    static const redirect_limits_t limits = {.transactions_per_call = 4};
    bench_t bench;
    const redirect_chain_t *chain;

    bench_begin_with(&bench, &limits);
    for (unsigned i = 1; i <= 10; i++) {
        char *uri = g_strdup_printf("sip:bob-%u@example.com", i);
        char *contact = g_strdup_printf("Contact: <sip:bob-%u@example.com>\r\n", i + 1);
        request(&bench, "INVITE", uri, "one", i);
        response(&bench, "INVITE", 302, contact, "one", i);
        g_free(uri);
        g_free(contact);
    }
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, 1);
    chain = redirect_tracker_chain(bench.tracker, 0);
    g_assert_cmpuint(chain->transaction_count, ==, 10);
    g_assert_cmpuint(chain->hops, ==, 9);
    g_assert_true(chain->truncated);
    bench_end(&bench);
}

/*
 * Each is a repeat of the one before, so all belong together: the whole group goes to make room, while the next one
 * comes. As a phone does whose registrar is down.
 */
static void
test_repeats_for_hours(void)
{
    static const redirect_limits_t limits = {.transactions_per_call = 4};
    bench_t bench;

    bench_begin_with(&bench, &limits);
    for (unsigned i = 1; i <= 50; i++) {
        request(&bench, "REGISTER", "sip:example.com", "one", i);
        bench.time += 30 * REDIRECT_SECOND;
    }
    g_assert_nonnull(response(&bench, "REGISTER", 302, "Contact: <sip:two.example.com>\r\n", "one", 50));
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 0)->root->request.method, ==, SIP_METHOD_REGISTER);
    bench_end(&bench);
}

/* Messages of one call at three points of capture, out of order: nothing points to what is let go later. */
static void
test_upstream_in_another_group(void)
{
    static const char *const vias[] = {"Via: SIP/2.0/UDP 192.0.0.3;branch=z9hG4bK-d\r\n",
                                       "Via: SIP/2.0/UDP 192.0.0.2;branch=z9hG4bK-m\r\n",
                                       "Via: SIP/2.0/UDP 192.0.0.1;branch=z9hG4bK-u\r\n"};
    static const char rest[] = "From: <sip:a@h>;tag=a\r\nTo: <sip:b@h>%s\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n%s\r\n";
    bench_t bench;

    bench_begin(&bench);
    for (unsigned status = 302; status <= 486; status += 184) {
        char *tail = g_strdup_printf(rest, "", "");
        char *answer = g_strdup_printf(rest, ";tag=b", status == 302 ? "Contact: <sip:c@h>\r\n" : "");
        feed(&bench, 3, 4, g_strdup_printf("INVITE sip:b@h SIP/2.0\r\n%s%s%s%s", vias[0], vias[1], vias[2], tail));
        feed(&bench, 4, 3, g_strdup_printf("SIP/2.0 %u X\r\n%s%s%s%s", status, vias[0], vias[1], vias[2], answer));
        feed(&bench, 1, 2, g_strdup_printf("INVITE sip:b@h SIP/2.0\r\n%s%s", vias[2], tail));
        feed(&bench, 3, 2, g_strdup_printf("SIP/2.0 486 X\r\n%s%s%s", vias[1], vias[2], answer));
        bench.time += 70 * REDIRECT_SECOND;
        feed(&bench, 5, 6,
             g_strdup_printf("INVITE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.0.5;branch=z9hG4bK-x%u\r\n%s", status,
                             tail));
        g_free(tail);
        g_free(answer);
    }
    bench_end(&bench);
}

/* A window that is longer than a redirected call is remembered: a follow-up so late must not bring it back to life. */
static void
test_long_link_window(void)
{
    redirect_config_t config = {.link_calls = true, .link_window = 300};
    bench_t bench;

    bench_begin(&bench);
    bench.tracker = redirect_tracker_new(bench.scope, &config);
    for (unsigned i = 0; i < 10; i++) {
        char *call = g_strdup_printf("c%u", i), *later = g_strdup_printf("l%u", i);
        request(&bench, "INVITE", "sip:bob@example.com", call, 1);
        response(&bench, "INVITE", 302, "Contact: <sip:carol@example.net>\r\n", call, 1);
        bench.time += 250 * REDIRECT_SECOND;
        request(&bench, "INVITE", "sip:carol@example.net", later, 1);
        response(&bench, "INVITE", 486, "", later, 1);
        bench.time += 40 * REDIRECT_SECOND;
        g_free(call);
        g_free(later);
    }
    bench.time += 700 * REDIRECT_SECOND;
    redirect_tracker_advance(bench.tracker, bench.time); /* so long a step counts when the next frame confirms it */
    request(&bench, "OPTIONS", "sip:x@example.com", "tick", 1);
    g_assert_cmpuint(redirect_store_load(redirect_tracker_store(bench.tracker)).calls, ==, 1);
    bench_end(&bench);
}

/* A long dialog's settled requests make room: no limit is met. */
static void
test_long_dialog_makes_room(void)
{
    bench_t bench;

    bench_begin(&bench);
    for (unsigned i = 1; i <= 1024; i++) {
        request(&bench, "INFO", "sip:bob@example.com", "one", i);
        response(&bench, "INFO", 200, "", "one", i);
    }
    request(&bench, "INFO", "sip:bob@example.com", "one", 5000);
    response(&bench, "INFO", 302, "Contact: <sip:carol@example.net>\r\n", "one", 5000);
    request(&bench, "INFO", "sip:carol@example.net", "one", 5001);
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, 1);
    g_assert_cmpuint(redirect_tracker_chain(bench.tracker, 0)->transaction_count, ==, 2);
    g_assert_false(redirect_tracker_chain(bench.tracker, 0)->truncated);
    bench_end(&bench);
}

static void
test_limits_transactions_of_chain(void)
{
    static const redirect_limits_t limits = {.transactions_per_chain = 8, .path_hops = 4};
    bench_t bench;
    const redirect_chain_t *chain;
    const redirect_store_t *store;

    bench_begin_with(&bench, &limits);
    for (unsigned i = 1; i <= 12; i++) {
        char *call = g_strdup_printf("c%u", i);
        char *uri = g_strdup_printf("sip:bob-%u@example.com", i);
        char *contact = g_strdup_printf("Contact: <sip:bob-%u@example.com>\r\n", i + 1);
        const redirect_record_t *record = request(&bench, "INVITE", uri, call, 1);
        /* The first that no longer fits says so. */
        g_assert_cmpint(i == 9, ==,
                        record && record->details->expert_items &&
                            record->details->expert_items->rule->id == REDIRECT_RULE_LIMIT_REACHED);
        response(&bench, "INVITE", 302, contact, call, 1);
        g_free(call);
        g_free(uri);
        g_free(contact);
    }
    redirect_tracker_advance(bench.tracker, bench.time + 100 * REDIRECT_SECOND);
    store = redirect_tracker_store(bench.tracker);
    chain = redirect_tracker_chain(bench.tracker, 0);
    g_assert_cmpuint(chain->transaction_count, ==, 8);
    g_assert_true(chain->truncated);
    g_assert_cmpuint(redirect_chain_result(store, chain).outcome, ==, REDIRECT_OUTCOME_UNFINISHED);
    g_assert_false(redirect_is_not_followed(store, chain->last_transaction->redirect));
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, 2);
    /* A path of so many hops is cut, and says so; its end is the real one. */
    char *path = redirect_transaction_path(NULL, store, chain->root);
    g_assert_cmpstr(path, ==,
                    "sip:bob-1@example.com -> 302 -> sip:bob-2@example.com -> 302 -> sip:bob-3@example.com -> 302 -> "
                    "sip:bob-4@example.com -> 302 -> sip:bob-5@example.com -> (3 more hops) -> 302");
    wmem_free(NULL, path);
    bench_end(&bench);
}

static void
test_limits_messages_of_transaction(void)
{
    static const redirect_limits_t limits = {.messages_per_transaction = 8};
    bench_t bench;
    const redirect_chain_t *chain;
    unsigned records = 0;

    bench_begin_with(&bench, &limits);
    request(&bench, "INVITE", "sip:bob@example.com", "one", 1);
    for (unsigned i = 0; i < 20; i++) {
        response(&bench, "INVITE", 180, "", "one", 1);
    }
    /* The final response is there, however many came before it. */
    g_assert_nonnull(response(&bench, "INVITE", 603, "", "one", 1));
    chain = redirect_tracker_chain(bench.tracker, 0);
    for (const redirect_record_t *record = chain->root->first_record; record; record = record->next_in_transaction) {
        records++;
    }
    g_assert_cmpuint(records, ==, 9);
    g_assert_true(chain->truncated);
    g_assert_cmpuint(chain->root->response.status, ==, 603);
    bench_end(&bench);
}

/* Times at the ends of what a capture file can say; the sanitizer watches the sums. */
static void
test_any_time(void)
{
    static const redirect_time_t times[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_MAX - 1, INT64_MIN + 1};
    bench_t bench;

    bench_begin(&bench);
    for (unsigned i = 0; i < G_N_ELEMENTS(times); i++) {
        char *call = g_strdup_printf("c%u", i);
        bench.time = times[i];
        request(&bench, "INVITE", "sip:bob@example.com", call, 1);
        response(&bench, "INVITE", 302, "Retry-After: 4294967295\r\nContact: <sip:carol@example.net>\r\n", call, 1);
        request(&bench, "INVITE", "sip:carol@example.net", call, 2);
        redirect_tracker_advance(bench.tracker, times[i]);
        g_free(call);
    }
    for (uint32_t i = 0; i < redirect_tracker_chain_count(bench.tracker); i++) {
        redirect_chain_result(redirect_tracker_store(bench.tracker), redirect_tracker_chain(bench.tracker, i));
    }
    g_assert_cmpuint(redirect_tracker_chain_count(bench.tracker), ==, G_N_ELEMENTS(times));
    bench_end(&bench);
}

/* Every open call costs one of each, a message a few bytes; of what is let go only the transaction stays. */
static void
test_sizes(void)
{
    g_assert_cmpuint(sizeof(redirect_transaction_t), <=, 152);
    g_assert_cmpuint(sizeof(stored_live_t), <=, 192);
    g_assert_cmpuint(sizeof(redirect_call_t), <=, 80);
    g_assert_cmpuint(sizeof(stored_message_t), ==, 8);
}

/* --- a busy trunk ------------------------------------------------------------------------------------------------- */

#define TRUNK_CALLS 1000
#define TRUNK_CALLERS 150
#define TRUNK_TARGETS 4
#define TRUNK_B2BUAS 2

/* One call over the trunk: redirected, then followed by the B2BUA under another Call-ID, or given up. */
typedef struct {
    unsigned caller, target, b2bua;
    bool followed, names_itself;
    redirect_time_t start;
    uint32_t redirect_frame;
} trunk_call_t;

typedef struct {
    redirect_time_t time;
    unsigned call, step;
} trunk_event_t;

static int
compare_events(const void *a, const void *b)
{
    const trunk_event_t *left = a, *right = b;

    if (left->time != right->time) {
        return left->time < right->time ? -1 : 1;
    }
    return (int)left->step - (int)right->step;
}

static const redirect_record_t *
trunk_step(bench_t *bench, trunk_call_t *call, unsigned number, unsigned step)
{
    unsigned b2bua = 10 + call->b2bua;
    char *history = call->names_itself
                        ? g_strdup("History-Info: <sip:office@example.com?Reason=SIP%3Bcause%3D302>;index=1\r\n")
                        : g_strdup("");
    char *text;

    if (step == 1) {
        text = g_strdup_printf("SIP/2.0 302 X\r\nVia: SIP/2.0/UDP 192.0.0.%u;branch=z9hG4bK-t%u-0\r\n"
                               "From: <sip:caller-%u@example.com>;tag=a%u\r\nTo: <sip:office@example.com>;tag=b\r\n"
                               "Call-ID: t%u-0\r\nCSeq: 1 INVITE\r\nContact: <sip:agent-%u@example.net>\r\n\r\n",
                               b2bua, number, call->caller, number, number, call->target);
    } else {
        text = g_strdup_printf("INVITE sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.0.%u;branch=z9hG4bK-t%u-%u\r\n"
                               "From: <sip:caller-%u@example.com>;tag=a%u-%u\r\nTo: <sip:office@example.com>\r\n"
                               "Call-ID: t%u-%u\r\nCSeq: 1 INVITE\r\n%s\r\n",
                               step == 0 ? "office@example.com" : "agent-?@example.net", b2bua, number, step,
                               call->caller, number, step, number, step, step == 0 ? "" : history);
        if (step == 2) {
            strchr(text, '?')[0] = (char)('0' + call->target);
        }
    }
    g_free(history);
    return step == 1 ? feed(bench, 2, b2bua, text) : feed(bench, b2bua, step == 0 ? 2 : 3, text);
}

/*
 * 1,000 calls in 100 s to one number, redirected to four targets, by two B2BUAs, from 150 callers, a third of whom give
 * up after the redirect. Which call follows which redirect is known here, and compared.
 */
static void
test_busy_trunk(void)
{
    GRand *random = g_rand_new_with_seed(20240517);
    trunk_call_t *calls = g_new0(trunk_call_t, TRUNK_CALLS);
    trunk_event_t *events = g_new0(trunk_event_t, 3 * TRUNK_CALLS);
    unsigned right = 0, wrong = 0, none = 0, count = 0;
    bench_t bench;

    bench_begin(&bench);
    for (unsigned i = 0; i < TRUNK_CALLS; i++) {
        trunk_call_t *call = &calls[i];
        redirect_time_t start = (redirect_time_t)g_rand_int_range(random, 0, 100000) * (REDIRECT_SECOND / 1000);
        redirect_time_t answer = start + g_rand_int_range(random, 5, 500) * (REDIRECT_SECOND / 1000);
        redirect_time_t next = answer + g_rand_int_range(random, 1, 2000) * (REDIRECT_SECOND / 1000);
        call->caller = (unsigned)g_rand_int_range(random, 0, TRUNK_CALLERS);
        call->target = (unsigned)g_rand_int_range(random, 0, TRUNK_TARGETS);
        call->b2bua = (unsigned)g_rand_int_range(random, 0, TRUNK_B2BUAS);
        call->followed = g_rand_int_range(random, 0, 3) > 0;
        call->names_itself = g_rand_int_range(random, 0, 2) > 0;
        events[count++] = (trunk_event_t){start, i, 0};
        events[count++] = (trunk_event_t){answer, i, 1};
        if (call->followed) {
            events[count++] = (trunk_event_t){next, i, 2};
        }
    }
    qsort(events, count, sizeof(events[0]), compare_events);
    for (unsigned i = 0; i < count; i++) {
        trunk_call_t *call = &calls[events[i].call];
        const redirect_record_t *record;
        bench.time = events[i].time;
        record = trunk_step(&bench, call, events[i].call, events[i].step);
        if (events[i].step == 1) {
            call->redirect_frame = bench.frame;
        } else if (events[i].step == 2) {
            const redirect_link_t *link = record && record->transaction ? record->transaction->link : NULL;
            uint32_t linked = link ? link->redirected_in : 0;
            right += linked == call->redirect_frame;
            wrong += linked != 0 && linked != call->redirect_frame;
            none += linked == 0;
        }
    }
    g_test_message("%u right, %u wrong, %u not linked", right, wrong, none);
    g_assert_cmpuint(wrong * 1000, <=, right + wrong + none);
    g_assert_cmpuint(right * 10, >=, (right + wrong + none) * 8);
    g_free(calls);
    g_free(events);
    g_rand_free(random);
    bench_end(&bench);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    wmem_init();
    g_test_add_func("/redirect-tracker/asks/client", test_asks_for_client);
    g_test_add_func("/redirect-tracker/forgets/settled-call", test_forgets_settled_call);
    g_test_add_func("/redirect-tracker/forgets/ringing-call-late", test_remembers_ringing_call);
    g_test_add_func("/redirect-tracker/forgets/call-that-rings-for-ever", test_forgets_call_that_rings_for_ever);
    g_test_add_func("/redirect-tracker/forgets/what-diverted-call-said", test_forgets_what_diverted_call_said);
    g_test_add_func("/redirect-tracker/forgets/unanswered-options", test_forgets_unanswered_options);
    g_test_add_func("/redirect-tracker/forgets/redirect-for-linking", test_forgets_redirect_for_linking);
    g_test_add_func("/redirect-tracker/forgets/spent-redirects", test_takes_spent_redirects_out);
    g_test_add_func("/redirect-tracker/forgets/repeats-for-hours", test_repeats_for_hours);
    g_test_add_func("/redirect-tracker/forgets/upstream-in-another-group", test_upstream_in_another_group);
    g_test_add_func("/redirect-tracker/forgets/long-link-window", test_long_link_window);
    g_test_add_func("/redirect-tracker/limits/open-calls", test_limits_open_calls);
    g_test_add_func("/redirect-tracker/limits/transactions-of-call", test_limits_transactions_of_call);
    g_test_add_func("/redirect-tracker/limits/long-dialog", test_long_dialog_makes_room);
    g_test_add_func("/redirect-tracker/limits/transactions-of-chain", test_limits_transactions_of_chain);
    g_test_add_func("/redirect-tracker/limits/messages-of-transaction", test_limits_messages_of_transaction);
    g_test_add_func("/redirect-tracker/limits/any-time", test_any_time);
    g_test_add_func("/redirect-tracker/limits/sizes", test_sizes);
    g_test_add_func("/redirect-tracker/busy-trunk", test_busy_trunk);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
