/* quiet.c
 * Quiet on good traffic: of calls that keep to the rules no rule of severity warn or error may say anything, whatever
 * the network loses and the capture misses. See README.md.
 *
 *     quiet [--calls N] [--seed N] [NAME...]    so many calls in all, under conditions whose names hold one of the words
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <wsutil/wmem/wmem.h>

#include "elements.h"
#include "legs-traffic.h"
#include "redirect-rules.h"
#include "redirect-tracker.h"
#include "tally.h"

#define SEED 20261130
#define CALLS 100000
#define CALLS_A_CAPTURE 500
#define LEGS_A_CAPTURE 200 /* calls that show a 3xx or 6xx; of others there are twice as many */
#define MAX_SHOWN 3        /* failures whose messages are printed, of one rule */

/* What traffic without them says nothing about. */
static const unsigned needed[] = {200, 300, 301, 302, 305, 380, 401, 407, 486, 487, 600, 603, 606, 607, 608};

/* --- one capture -------------------------------------------------------------------------------------------------- */

typedef struct {
    captured_t message; /* its text is at start, below */
    size_t start;
} frame_t;

/* Over all captures. */
typedef struct {
    unsigned fired[REDIRECT_RULE_COUNT];
    unsigned responses[700], requests; /* captured, by status */
    unsigned calls, messages, captures, failures;
    const char *conditions;
} result_t;

typedef struct {
    result_t *result;
    redirect_tracker_t *tracker;
    wmem_allocator_t *scope;
    GArray *frames; /* frame_t; frame 1 is the first */
    GString *texts;
    redirect_time_t last;
} capture_t;

static void
capture_open(capture_t *capture, result_t *result)
{
    const redirect_config_t config = {.max_hops = 5,
                                      .link_calls = true,
                                      .link_window = 32,
                                      .link_legs = true,
                                      .leg_headers = "X-Call-ID,X-CID",
                                      .shared_headers = "P-Charging-Vector,Cisco-Guid",
                                      .show_diverted = true};

    *capture = (capture_t){.result = result,
                           .scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK),
                           .frames = g_array_new(FALSE, FALSE, sizeof(frame_t)),
                           .texts = g_string_new("")};
    capture->tracker = redirect_tracker_new(capture->scope, &config);
    result->captures++;
}

static void
capture_close(capture_t *capture)
{
    wmem_destroy_allocator(capture->scope);
    g_array_free(capture->frames, TRUE);
    g_string_free(capture->texts, TRUE);
}

/* Header lines that tell what a message is about. */
static bool
is_telling(const char *line)
{
    static const char *const names[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:", "Route:"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_has_prefix(line, names[i])) {
            return true;
        }
    }
    return false;
}

static void
print_frame(const capture_t *capture, guint index)
{
    const frame_t *frame = &g_array_index(capture->frames, frame_t, index);
    char source[REDIRECT_ENDPOINT_TEXT], destination[REDIRECT_ENDPOINT_TEXT];
    char *text = g_strndup(capture->texts->str + frame->start, frame->message.text.len);
    char **lines = g_strsplit(text, "\r\n", 0);

    printf("%6u %9.4f %s -> %s  %s\n", index + 1, (double)frame->message.time / (double)REDIRECT_SECOND,
           redirect_endpoint_text(frame->message.source, source),
           redirect_endpoint_text(frame->message.destination, destination), lines[0]);
    for (char **line = lines + 1; *line; line++) {
        if (is_telling(*line)) {
            printf("%18s%s\n", "", *line);
        }
    }
    g_strfreev(lines);
    g_free(text);
}

static void
print_call(const capture_t *capture, uint32_t frame)
{
    const unsigned call = g_array_index(capture->frames, frame_t, frame - 1).message.call;

    for (guint i = 0; i < capture->frames->len; i++) {
        if (g_array_index(capture->frames, frame_t, i).message.call == call) {
            print_frame(capture, i);
        }
    }
}

/*
 * These warn of how a call went that kept to the rules: nobody followed a redirect, or the caller got something else. Both
 * happen here, and whether they are told truly is for the cases of tests/chains.
 */
static bool
is_about_good_calls(const redirect_rule_t *rule)
{
    return rule->id == REDIRECT_RULE_NOT_FOLLOWED || rule->id == REDIRECT_RULE_HIDDEN_FROM_CALLER;
}

static void
judge(capture_t *capture, uint32_t frame, const redirect_expert_item_t *item)
{
    result_t *result = capture->result;

    for (; item; item = item->next) {
        result->fired[item->rule->id]++;
        if (item->rule->severity < REDIRECT_SEVERITY_WARN || is_about_good_calls(item->rule)) {
            continue;
        }
        result->failures++;
        printf("FAILED: %s, capture %u, frame %u: %s: %s\n", result->conditions, result->captures, frame,
               item->rule->name, item->text);
        if (result->fired[item->rule->id] <= MAX_SHOWN) {
            print_call(capture, frame);
        }
        fflush(stdout);
    }
}

static void
take(void *state, const captured_t *message)
{
    capture_t *capture = (capture_t *)state;
    const frame_t frame = {.message = *message, .start = capture->texts->len};
    sip_message_t sip;
    redirect_message_t given = {.time = message->time,
                                .source = message->source,
                                .destination = message->destination,
                                .transport = message->transport,
                                .sip = &sip};
    const redirect_record_t *record;

    g_string_append_len(capture->texts, message->text.ptr, (gssize)message->text.len);
    g_array_append_val(capture->frames, frame);
    given.frame = capture->frames->len;
    if (!sip_message_parse_start(message->text, &sip)) {
        g_error("the generator wrote what is no message:\n%s", message->text.ptr);
    }
    record = redirect_tracker_add(capture->tracker, &given);
    if (record) {
        judge(capture, given.frame, record->details->expert_items);
    }
    capture->last = message->time;
    capture->result->messages++;
    if (sip.is_response && sip.status < G_N_ELEMENTS(capture->result->responses)) {
        capture->result->responses[sip.status]++;
    } else {
        capture->result->requests++;
    }
}

/* What only the end decides. */
static void
look_back(capture_t *capture)
{
    const redirect_store_t *store = redirect_tracker_store(capture->tracker);
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK);

    redirect_tracker_advance(capture->tracker, capture->last + 200 * REDIRECT_SECOND);
    for (uint32_t frame = 1; frame <= capture->frames->len; frame++) {
        const redirect_record_t *record = redirect_tracker_records(capture->tracker, frame);
        for (; record; record = redirect_next_in_frame(record)) {
            judge(capture, frame, redirect_rules_look_back(scope, store, record));
        }
        wmem_free_all(scope);
    }
    wmem_destroy_allocator(scope);
}

/* --- the conditions ----------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    unsigned users;
    double rate; /* of calls, a second */
    conditions_t conditions;
} row_t;

#define UDP_LOSSES .lost_before = 0.02, .lost_after = 0.02

static const row_t rows[] = {
    {"nothing lost", 400, 5, {.taps = GROUP_ALL}},
    {"nothing lost, few users, busy", 30, 10, {.taps = GROUP_ALL}},
    {"losses", 400, 5, {UDP_LOSSES, .taps = GROUP_ALL}},
    {"many losses", 400, 5, {.lost_before = 0.1, .lost_after = 0.1, .taps = GROUP_ALL}},
    {"losses, disorder", 400, 5, {UDP_LOSSES, .disorder = 4 * MILLISECOND, .taps = GROUP_ALL}},
    {"disorder", 400, 5, {.disorder = 8 * MILLISECOND, .taps = GROUP_ALL}},
    {"losses, copies", 400, 5, {UDP_LOSSES, .copied = 1, .disorder = MILLISECOND, .taps = GROUP_ALL}},
    {"late start", 400, 20, {UDP_LOSSES, .from = 10 * REDIRECT_SECOND, .taps = GROUP_ALL}},
    {"capture drops 1 %", 400, 5, {.dropped = 0.01, .taps = GROUP_ALL}},
    {"capture drops 1 %, losses, disorder, copies",
     400,
     5,
     {UDP_LOSSES, .dropped = 0.01, .copied = 0.3, .disorder = 3 * MILLISECOND, .taps = GROUP_ALL}},
    {"capture drops 10 %, few users", 60, 10, {UDP_LOSSES, .dropped = 0.1, .taps = GROUP_ALL}},
    {"at the proxies, drops 1 %", 400, 5, {UDP_LOSSES, .dropped = 0.01, .taps = GROUP_PROXY}},
    {"at the PBXs, drops 1 %", 60, 10, {UDP_LOSSES, .dropped = 0.01, .taps = GROUP_PBX}},
    {"at the phones, drops 1 %", 400, 5, {UDP_LOSSES, .dropped = 0.01, .taps = GROUP_PHONE}},
};

static void
watch_town(const row_t *row, result_t *result, uint32_t seed, unsigned calls)
{
    GRand *chance = g_rand_new_with_seed(seed);
    capture_t capture;
    network_t *network;
    town_t *town;
    redirect_time_t start = 0;

    capture_open(&capture, result);
    network = network_new(&row->conditions, chance, take, &capture);
    town = town_new(network, row->users);
    for (unsigned i = 0; i < calls; i++) {
        town_call(town, start, result->calls++);
        start += chance_next(chance, row->rate);
    }
    while (network_step(network)) {
    }
    look_back(&capture);
    network_free(network);
    capture_close(&capture);
    g_rand_free(chance);
}

/* --- B2BUAs, as legs-traffic.h makes them ------------------------------------------------------------------------- */

#define USUAL (HUNTS | TELLS_DIVERSION | NO_CIRCLES)
#define LEGS .rate = 10, .processing = &processing_usual, .own = 0.1, .second = 0.1, .calls = LEGS_A_CAPTURE

static const struct {
    const char *name;
    legs_population_t population;
} legs_rows[] = {
    {"B2BUA, 40 callers", {LEGS, .callers = 40, .ways = USUAL}},
    {"B2BUA, 400 callers", {LEGS, .callers = 400, .ways = USUAL}},
    {"B2BUA, devices, half missing", {LEGS, .callers = 400, .ways = USUAL | CALLED_DEVICE, .missing = 0.5}},
    {"B2BUA, ring groups", {LEGS, .callers = 400, .ways = USUAL | RINGS_MANY}},
    {"B2BUA, main number", {LEGS, .callers = 400, .ways = USUAL | FROM_MAIN | FROM_MAIN_TOO}},
    {"B2BUA, all anonymous", {LEGS, .callers = 40, .ways = USUAL, .anonymous = 1}},
    {"B2BUA, two PBXs", {LEGS, .callers = 400, .ways = USUAL | TWO_PBXS}},
    {"B2BUA, calls itself", {LEGS, .callers = 400, .ways = USUAL | CALLS_ITSELF}},
    {"B2BUA, Session-ID", {LEGS, .callers = 400, .ways = USUAL | HAS_SESSION_ID | TWO_ADDRESSES}},
};

/* Its calls have numbers: a failure shows what was said around it. */
static void
watch_legs(const legs_population_t *population, result_t *result, uint32_t seed)
{
    legs_traffic_t *traffic = legs_traffic_new(population, seed);
    redirect_message_t message;
    capture_t capture;
    sip_slice_t text;

    capture_open(&capture, result);
    while (legs_traffic_next(traffic, &message, &text)) {
        const captured_t captured = {.time = message.time,
                                     .source = message.source,
                                     .destination = message.destination,
                                     .transport = message.transport,
                                     .call = legs_traffic_call(traffic),
                                     .text = text};
        take(&capture, &captured);
    }
    result->calls += legs_traffic_calls(traffic);
    look_back(&capture);
    legs_traffic_free(traffic);
    capture_close(&capture);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static const char *
severity_name(redirect_severity_t severity)
{
    static const char *const names[] = {"chat", "note", "warn", "error"};

    return names[severity];
}

static void
print_result(const result_t *result)
{
    printf("%u calls, %u messages, %u captures\n    requests %u", result->calls, result->messages, result->captures,
           result->requests);
    for (unsigned i = 0; i < G_N_ELEMENTS(result->responses); i++) {
        if (result->responses[i] > 0) {
            printf(", %u %u", i, result->responses[i]);
        }
    }
    printf("\n");
    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        if (result->fired[i] > 0) {
            const redirect_rule_t *rule = &redirect_rules_table()[i];
            printf("    %-5s %-30s %7u  %s\n", severity_name(rule->severity), rule->name, result->fired[i],
                   rule->summary);
        }
    }
}

static void
run(result_t *result, char **words, unsigned calls, unsigned seed)
{
    const unsigned kinds = G_N_ELEMENTS(rows) + G_N_ELEMENTS(legs_rows);
    const unsigned each = MAX(calls / kinds, 1);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        result->conditions = rows[i].name;
        for (unsigned done = 0; done < each && name_is_wanted(rows[i].name, words); done += CALLS_A_CAPTURE) {
            watch_town(&rows[i], result, seed + 1000 * i + done / CALLS_A_CAPTURE, MIN(each - done, CALLS_A_CAPTURE));
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(legs_rows); i++) {
        const unsigned until = result->calls + each;
        result->conditions = legs_rows[i].name;
        while (result->calls < until && name_is_wanted(legs_rows[i].name, words)) {
            watch_legs(&legs_rows[i].population, result, seed + result->captures);
        }
    }
}

static bool
has_all_needed(const result_t *result)
{
    bool has_all = true;

    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (result->responses[needed[i]] == 0) {
            printf("FAILED: no %u in all the traffic\n", needed[i]);
            has_all = false;
        }
    }
    return has_all;
}

/* Takes a number that stands behind its name off the front of the arguments. */
static void
take_number(char ***words, const char *name, unsigned *number)
{
    if ((*words)[0] && (*words)[1] && strcmp((*words)[0], name) == 0) {
        *number = (unsigned)strtoul((*words)[1], NULL, 10);
        *words += 2;
    }
}

int
main(int argc, char **argv)
{
    unsigned calls = CALLS, seed = SEED;
    char **words = argv + 1;
    result_t result = {0};

    (void)argc;
    take_number(&words, "--calls", &calls);
    take_number(&words, "--seed", &seed);
    wmem_init();
    run(&result, words, calls, seed);
    wmem_cleanup();
    print_result(&result);
    return result.failures == 0 && (*words || has_all_needed(&result)) ? 0 : 1;
}
