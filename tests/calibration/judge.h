/* judge.h
 * Counts which links of the plugin's core are right, and what somebody could find who knew how the traffic was made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef JUDGE_H
#define JUDGE_H

#include "redirect-model.h"
#include "traffic.h"

/** Links of one kind and confidence. */
typedef struct {
    unsigned links, right;
} tally_t;

/** What became of one population, or of several together. */
typedef struct {
    tally_t tally[REDIRECT_LINK_COUNT][REDIRECT_CONFIDENCE_COUNT];
    unsigned messages, redirects;
    unsigned follow_ups, found; /**< INVITEs that follow a redirect; those of them that were linked */
    unsigned attainable;        /**< follow-ups that are more likely than 900 of 1,000 what they are, by true rates */
} result_t;

/** Makes a population's traffic, feeds it to a tracker, and compares. */
result_t judge(const population_t *population, uint32_t seed);

/** Adds up. */
void result_add(result_t *sum, const result_t *more);

/** All links of a confidence. */
tally_t result_of_confidence(const result_t *result, redirect_confidence_t confidence);

/** The share of right links; 1 where there are none. */
double tally_share(tally_t tally);

/** Where the share of right links may lie at most, with 95 % confidence (Wilson's interval). */
double tally_upper_bound(tally_t tally);

#endif /* JUDGE_H */
