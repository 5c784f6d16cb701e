/* judge.h
 * Counts which links of the plugin's core are right, and what somebody could find who knew how the traffic was made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef JUDGE_H
#define JUDGE_H

#include "tally.h"
#include "traffic.h"

/** What became of one population, or of several together. */
typedef struct {
    tallies_t tally[REDIRECT_LINK_COUNT];
    unsigned messages, redirects;
    unsigned follow_ups, found; /**< INVITEs that follow a redirect; those of them that were linked */
    unsigned attainable;        /**< follow-ups that are more likely than 900 of 1,000 what they are, by true rates */
} result_t;

/** Makes a population's traffic, feeds it to a tracker, and compares. */
result_t judge(const population_t *population, uint32_t seed);

/** Adds up. */
void result_add(result_t *sum, const result_t *more);

#endif /* JUDGE_H */
