/* legs-judge.h
 * Counts which legs of a B2BUA the plugin's core ties rightly.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LEGS_JUDGE_H
#define LEGS_JUDGE_H

#include "legs-traffic.h"
#include "tally.h"

/** What became of one population, or of several together. */
typedef struct {
    tallies_t leg[REDIRECT_LEG_COUNT];
    tallies_t link[REDIRECT_LINK_COUNT]; /**< of follow-ups that are legs, in other calls */
    unsigned messages;
    unsigned legs, legs_found;             /**< true ones of calls that show a 3xx or 6xx; tied, and rightly */
    unsigned follow_ups, follow_ups_found; /**< the same of what the B2BUA made because of a 302 */
} legs_result_t;

/** Makes a population's traffic, feeds it to a tracker, and compares. */
legs_result_t legs_judge(const legs_population_t *population, uint32_t seed);

/** Adds up. */
void legs_result_add(legs_result_t *sum, const legs_result_t *more);

#endif /* LEGS_JUDGE_H */
