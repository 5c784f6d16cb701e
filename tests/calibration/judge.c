/* judge.c
 * Compares what the plugin's core says with what is true.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "judge.h"

#include <glib.h>
#include <wsutil/wmem/wmem.h>

#include "oracle.h"
#include "redirect-tracker.h"

static const redirect_record_t *
feed(redirect_tracker_t *tracker, const sample_t *sample)
{
    sip_message_t sip;
    const redirect_message_t message = {.frame = sample->frame,
                                        .time = sample->time,
                                        .source = sample->source,
                                        .destination = sample->destination,
                                        .transport = REDIRECT_TRANSPORT_UDP,
                                        .sip = &sip};

    if (!sip_message_parse_start(sample->text, &sip)) {
        g_error("the generator wrote what is no message:\n%s", sample->text.ptr);
    }
    return redirect_tracker_add(tracker, &message);
}

/* What was said of an INVITE when it came. */
static void
count(result_t *result, const sample_t *sample, const redirect_record_t *record)
{
    const redirect_link_t *link = record && record->transaction ? record->transaction->link : NULL;

    if (sample->kind == KIND_FOLLOW_UP) {
        result->follow_ups++;
        result->found += link != NULL;
    }
    if (link) {
        tally_t *tally = &result->tally[link->kind][link->confidence];
        tally->links++;
        tally->right += link->redirected_in == sample->redirected_in;
    }
}

result_t
judge(const population_t *population, uint32_t seed)
{
    const redirect_config_t config = {
        .max_hops = 5, .link_calls = true, .link_window = 32, .leg_headers = "X-Call-ID,X-CID"};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK);
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &config);
    traffic_t *traffic = traffic_new(population, seed);
    oracle_t *oracle = oracle_new(population, traffic);
    result_t result = {0};
    sample_t sample;

    while (traffic_next(traffic, &sample)) {
        const redirect_record_t *record = feed(tracker, &sample);
        const bool is_sure = oracle_take(oracle, &sample);
        result.messages++;
        result.redirects += sample.is_redirect;
        if (sample.is_invite) {
            count(&result, &sample, record);
            result.attainable += sample.kind == KIND_FOLLOW_UP && is_sure;
        }
    }
    oracle_free(oracle);
    traffic_free(traffic);
    wmem_destroy_allocator(scope);
    return result;
}

void
result_add(result_t *sum, const result_t *more)
{
    tallies_add(sum->tally, more->tally, REDIRECT_LINK_COUNT);
    sum->messages += more->messages;
    sum->redirects += more->redirects;
    sum->follow_ups += more->follow_ups;
    sum->found += more->found;
    sum->attainable += more->attainable;
}
