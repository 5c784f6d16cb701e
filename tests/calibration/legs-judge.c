/* legs-judge.c
 * Compares the legs that the plugin's core ties with what is true.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "legs-judge.h"

#include <glib.h>
#include <wsutil/wmem/wmem.h>

#include "redirect-tracker.h"

static void
tally_add(tally_t *tally, bool is_right)
{
    tally->links++;
    tally->right += is_right;
}

/* For whoever wants to know which; environment variable LEGS_WRONG. */
static void
tell_wrong(const redirect_transaction_t *transaction, const redirect_leg_t *leg, uint32_t true_frame)
{
    if (g_getenv("LEGS_WRONG")) {
        g_print("wrong: %u of %u, not %u: evidence %x, confidence %u, %g ms\n", transaction->request.frame,
                leg->of->request.frame, true_frame, leg->evidence, leg->confidence,
                1000.0 * (double)leg->after / (double)REDIRECT_SECOND);
    }
}

static void
count_tied(legs_result_t *result, const redirect_transaction_t *transaction, legs_truth_t truth, GByteArray *found)
{
    const redirect_leg_t *leg = transaction->extras->leg;
    const redirect_link_t *link = transaction->link;
    const uint32_t frame = transaction->request.frame;

    if (leg) {
        const bool is_right = leg->of->request.frame == truth.made_of;
        tally_add(&result->leg[leg->kind][leg->confidence], is_right);
        found->data[frame] |= is_right ? 1 : 0;
        if (!is_right) {
            tell_wrong(transaction, leg, truth.made_of);
        }
    }
    if (leg && link && link->kind >= REDIRECT_LINK_SESSION_ID) {
        const bool is_right = link->redirected_in == truth.redirected_in;
        tally_add(&result->link[link->kind][link->confidence], is_right);
        found->data[frame] |= is_right ? 2 : 0;
    }
}

/* What was said, of all transactions that are visible at the end. */
static GByteArray *
count_all_tied(legs_result_t *result, const redirect_tracker_t *tracker, const legs_traffic_t *traffic)
{
    GByteArray *found = g_byte_array_new();

    g_byte_array_set_size(found, legs_traffic_frames(traffic) + 1);
    memset(found->data, 0, found->len);
    for (uint32_t number = 0; number < redirect_tracker_chain_count(tracker); number++) {
        const redirect_transaction_t *transaction = redirect_tracker_chain(tracker, number)->first_transaction;
        for (; transaction; transaction = transaction->next_in_chain) {
            count_tied(result, transaction, legs_traffic_truth(traffic, transaction->request.frame), found);
        }
    }
    return found;
}

static void
count_true(legs_result_t *result, const legs_traffic_t *traffic, const GByteArray *found)
{
    for (uint32_t frame = 1; frame <= legs_traffic_frames(traffic); frame++) {
        const legs_truth_t truth = legs_traffic_truth(traffic, frame);
        if (truth.is_shown && truth.made_of) {
            result->legs++;
            result->legs_found += found->data[frame] & 1;
            result->follow_ups += truth.redirected_in != 0;
            result->follow_ups_found += truth.redirected_in != 0 && (found->data[frame] & 2);
        }
    }
}

legs_result_t
legs_judge(const legs_population_t *population, uint32_t seed)
{
    const redirect_config_t config = {.max_hops = 5,
                                      .link_calls = true,
                                      .link_window = 32,
                                      .link_legs = true,
                                      .leg_headers = "X-Call-ID,X-CID",
                                      .shared_headers = "P-Charging-Vector,Cisco-Guid"};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_BLOCK);
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &config);
    legs_traffic_t *traffic = legs_traffic_new(population, seed);
    legs_result_t result = {0};
    redirect_message_t message;
    sip_slice_t text;
    GByteArray *found;

    while (legs_traffic_next(traffic, &message, &text)) {
        sip_message_t sip;
        if (!sip_message_parse_start(text, &sip)) {
            g_error("the generator wrote what is no message:\n%s", text.ptr);
        }
        message.sip = &sip;
        (void)redirect_tracker_add(tracker, &message);
        result.messages++;
    }
    found = count_all_tied(&result, tracker, traffic);
    count_true(&result, traffic, found);
    g_byte_array_free(found, TRUE);
    legs_traffic_free(traffic);
    wmem_destroy_allocator(scope);
    return result;
}

void
legs_result_add(legs_result_t *sum, const legs_result_t *more)
{
    tallies_add(sum->leg, more->leg, REDIRECT_LEG_COUNT);
    tallies_add(sum->link, more->link, REDIRECT_LINK_COUNT);
    sum->messages += more->messages;
    sum->legs += more->legs;
    sum->legs_found += more->legs_found;
    sum->follow_ups += more->follow_ups;
    sum->follow_ups_found += more->follow_ups_found;
}
