/* test_redirect_memory.c
 * What is forgotten leaves no bytes behind: memory stays as it is while calls come and go that are never redirected.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-tracker.h"

#if defined(__SANITIZE_ADDRESS__)
/* As sanitizer/allocator_interface.h has it, which not every compiler's package brings. */
size_t __sanitizer_get_current_allocated_bytes(void);
#define CAN_MEASURE 1
#elif defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define CAN_MEASURE 1
#endif
#endif

/* Rounds until all that is remembered at a time is there, and rounds after which it may not be more. */
#define WARM_UP 1000
#define ROUNDS 4000
/* What may come and go with hash tables; a single byte kept of each round is as much. */
#define TOLERANCE ROUNDS

/* Bytes on the heap; every block of the simple allocator is one there. */
static size_t
bytes_in_use(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#elif defined(CAN_MEASURE)
    return mallinfo2().uordblks;
#else
    return 0;
#endif
}

typedef struct {
    redirect_tracker_t *tracker;
    redirect_time_t time;
    uint32_t frame;
    uint32_t index;
} wire_t;

/* Feeds a message from alice (a request) or from bob (a response), each line ended by "\n" here. Takes text. */
static void
feed(wire_t *wire, char *text)
{
    static const redirect_endpoint_t alice = {.address = {192, 0, 2, 1}, .len = 4, .port = 5060};
    static const redirect_endpoint_t bob = {.address = {192, 0, 2, 2}, .len = 4, .port = 5060};
    sip_message_t *sip = g_new(sip_message_t, 1);
    redirect_message_t message = {.frame = wire->frame,
                                  .index = wire->index,
                                  .time = wire->time,
                                  .transport = REDIRECT_TRANSPORT_UDP,
                                  .sip = sip};

    g_assert_true(sip_message_parse(sip_slice_from_string(text), sip));
    message.source = sip->is_response ? bob : alice;
    message.destination = sip->is_response ? alice : bob;
    redirect_tracker_add(wire->tracker, &message);
    g_free(sip);
    g_free(text);
}

static char *
headers(const char *method, unsigned number, bool is_response)
{
    return g_strdup_printf("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-%08u\nFrom: <sip:alice@example.com>;tag=a\n"
                           "To: <sip:bob@example.com>%s%032u\nCall-ID: %08u\nCSeq: 1 %s\n",
                           number, is_response ? ";tag=" : ";x=", number, number, method);
}

static void
feed_request(wire_t *wire, const char *method, unsigned number, const char *more)
{
    char *common = headers(method, number, false);

    feed(wire, g_strdup_printf("%s sip:bob@example.com SIP/2.0\n%s%s\n", method, common, more));
    g_free(common);
    wire->index++;
}

static void
feed_response(wire_t *wire, unsigned status, const char *method, unsigned number, const char *more)
{
    char *common = headers(method, number, true);

    feed(wire, g_strdup_printf("SIP/2.0 %u X\n%s%s\n", status, common, more));
    g_free(common);
    wire->index++;
}

static void
next_frame(wire_t *wire)
{
    wire->frame++;
    wire->index = 0;
}

/* --- one round each ----------------------------------------------------------------------------------------------- */

static void
answered(wire_t *wire, unsigned number)
{
    feed_request(wire, "OPTIONS", number, "");
    next_frame(wire);
    feed_response(wire, 200, "OPTIONS", number, "");
}

static void
call_refused(wire_t *wire, unsigned number)
{
    feed_request(wire, "INVITE", number, "");
    next_frame(wire);
    feed_response(wire, 180, "INVITE", number, "");
    next_frame(wire);
    feed_response(wire, 486, "INVITE", number, "Retry-After: 10 (lunch)\nReason: Q.850;cause=17;text=\"busy\"\n");
}

static void
call_cancelled(wire_t *wire, unsigned number)
{
    feed_request(wire, "INVITE", number, "Session-ID: ab30317f1a784dc48ff824d0d3715d86\nX-Call-ID: other\n");
    next_frame(wire);
    feed_request(wire, "CANCEL", number, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\n");
    next_frame(wire);
    feed_response(wire, 487, "INVITE", number, "");
}

static void
answer_first(wire_t *wire, unsigned number)
{
    feed_response(wire, 180, "INVITE", number, "");
    next_frame(wire);
    feed_request(wire, "INVITE", number, "");
    next_frame(wire);
    feed_response(wire, 486, "INVITE", number, "");
}

static void
diverted_before(wire_t *wire, unsigned number)
{
    feed_request(wire, "INVITE", number,
                 "Diversion: <sip:zoe@example.com>;reason=no-answer\n"
                 "History-Info: <sip:zoe@example.com?Reason=SIP%3Bcause%3D486>;index=1\n");
    next_frame(wire);
    feed_response(wire, 486, "INVITE", number, "");
}

/* As a merge of two files with the same frames gives it, or two messages in one segment. */
static void
twice_in_a_frame(wire_t *wire, unsigned number)
{
    static const char more[] = "Diversion: <sip:zoe@example.com>;reason=no-answer\n";

    feed_request(wire, "INVITE", number, more);
    feed_request(wire, "INVITE", number, more);
    next_frame(wire);
    feed_response(wire, 486, "INVITE", number, "");
}

static void
never_answered(wire_t *wire, unsigned number)
{
    feed_request(wire, "REGISTER", number, "Contact: <sip:alice@192.0.2.1>\n");
}

/* --- the measure -------------------------------------------------------------------------------------------------- */

typedef void (*round_t)(wire_t *, unsigned);

/* A round a second. What is remembered for 64 s is there before the first measure. */
static void
test_steady(gconstpointer data)
{
    round_t one_round = *(const round_t *)data;
    redirect_config_t config = {.max_hops = 5,
                                .link_calls = true,
                                .link_window = 32,
                                .leg_headers = "X-Call-ID",
                                .link_legs = true,
                                .shared_headers = "P-Charging-Vector"};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    wire_t wire = {.time = REDIRECT_SECOND};
    size_t before = 0, after;

#if !defined(CAN_MEASURE)
    g_test_skip("this C library does not say how much is in use");
#endif
    wire.tracker = redirect_tracker_new(scope, &config);
    for (unsigned i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            before = bytes_in_use();
        }
        next_frame(&wire);
        one_round(&wire, i);
        wire.time += REDIRECT_SECOND;
    }
    after = bytes_in_use();
    g_test_message("%zu bytes, then %zu", before, after);
    g_assert_cmpuint(after, <=, before + TOLERANCE);
    g_assert_cmpuint(redirect_tracker_chain_count(wire.tracker), ==, 0);
    wmem_destroy_allocator(scope);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *path;
        round_t one_round;
    } tests[] = {
        {"/memory/answered", answered},
        {"/memory/call-refused", call_refused},
        {"/memory/call-cancelled", call_cancelled},
        {"/memory/answer-first", answer_first},
        {"/memory/diverted-before", diverted_before},
        {"/memory/twice-in-a-frame", twice_in_a_frame},
        {"/memory/never-answered", never_answered},
    };
    int status;

    g_test_init(&argc, &argv, NULL);
    wmem_init();
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add_data_func(tests[i].path, &tests[i].one_round, test_steady);
    }
    status = g_test_run();
    wmem_cleanup();
    return status;
}
