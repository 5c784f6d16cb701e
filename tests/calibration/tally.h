/* tally.h
 * How many links are right, by kind and confidence, and what is demanded of them. For follow-ups and for legs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TALLY_H
#define TALLY_H

#include "redirect-model.h"

/** Links of one kind and confidence. */
typedef struct {
    unsigned links, right;
} tally_t;

/** The tallies of one kind, by confidence; where there are several kinds, an array of these. */
typedef tally_t tallies_t[REDIRECT_CONFIDENCE_COUNT];

/** Adds up count kinds. */
void tallies_add(tallies_t *sum, const tallies_t *more, unsigned count);

/** All links of a confidence, of count kinds. */
tally_t tallies_of_confidence(const tallies_t *tallies, unsigned count, redirect_confidence_t confidence);

/** The share of right links; 1 where there are none. */
double tally_share(tally_t tally);

/** Where the share of right links may lie at most, with 95 % confidence (Wilson's interval). */
double tally_upper_bound(tally_t tally);

/**
 * True where as many links of each confidence are right as is demanded; else prints what fails.
 * @param name   of the population
 * @param what   the links are
 * @param enough so many of a confidence there must be
 * @param bound  what is compared with what is demanded
 */
bool tallies_are_precise(const char *name, const char *what, const tallies_t *tallies, unsigned count, unsigned enough,
                         double (*bound)(tally_t));

/** True where a name holds one of the words, or there are none; words ends with NULL. */
bool name_is_wanted(const char *name, char **words);

#endif /* TALLY_H */
