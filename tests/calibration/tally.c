/* tally.c
 * How many links are right, by kind and confidence, and what is demanded of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "tally.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of 1,000 links that are called so. */
static const double demanded[REDIRECT_CONFIDENCE_COUNT] = {
    [REDIRECT_CONFIDENCE_CERTAIN] = 0.999, [REDIRECT_CONFIDENCE_PROBABLE] = 0.99, [REDIRECT_CONFIDENCE_POSSIBLE] = 0.9};

void
tallies_add(tallies_t *sum, const tallies_t *more, unsigned count)
{
    for (unsigned kind = 0; kind < count; kind++) {
        for (unsigned confidence = 0; confidence < REDIRECT_CONFIDENCE_COUNT; confidence++) {
            sum[kind][confidence].links += more[kind][confidence].links;
            sum[kind][confidence].right += more[kind][confidence].right;
        }
    }
}

tally_t
tallies_of_confidence(const tallies_t *tallies, unsigned count, redirect_confidence_t confidence)
{
    tally_t all = {0, 0};

    for (unsigned kind = 0; kind < count; kind++) {
        all.links += tallies[kind][confidence].links;
        all.right += tallies[kind][confidence].right;
    }
    return all;
}

double
tally_share(tally_t tally)
{
    return tally.links > 0 ? tally.right / (double)tally.links : 1;
}

double
tally_upper_bound(tally_t tally)
{
    const double z = 1.6449, n = tally.links, share = tally_share(tally); /* one-sided */

    return n > 0 ? (share + z * z / (2 * n) + z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
                 : 1;
}

bool
tallies_are_precise(const char *name, const char *what, const tallies_t *tallies, unsigned count, unsigned enough,
                    double (*bound)(tally_t))
{
    bool is_good = true;

    for (unsigned confidence = REDIRECT_CONFIDENCE_CERTAIN; confidence < REDIRECT_CONFIDENCE_COUNT; confidence++) {
        const tally_t tally = tallies_of_confidence(tallies, count, (redirect_confidence_t)confidence);
        if (tally.links >= enough && bound(tally) < demanded[confidence]) {
            printf("FAILED: %s: of %s called %s %.4f are right\n", name, what,
                   redirect_confidence_name((redirect_confidence_t)confidence), tally_share(tally));
            is_good = false;
        }
    }
    return is_good;
}

bool
name_is_wanted(const char *name, char **words)
{
    bool is_named = *words == NULL;

    for (; *words; words++) {
        is_named = is_named || strstr(name, *words);
    }
    return is_named;
}
