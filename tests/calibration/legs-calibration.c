/* legs-calibration.c
 * Prints how often the legs of B2BUAs are tied rightly, by population, kind and confidence, and how many are found;
 * fails where that is less than what is promised. See README.md.
 *
 *     calibrate_legs [--quick] [NAME...]    populations whose names hold one of the words; --quick: fewer calls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <wsutil/wmem/wmem.h>

#include "legs-judge.h"

#define SEED 20240612
/* Of fewer legs of a confidence in one population nothing is demanded; they count among all. */
#define ENOUGH_LEGS 200
/* Of a caller that is one of many each leg is to be found, where the B2BUA hides nothing and all was captured. */
#define MANY_CALLERS 400
#define DEMANDED_RECALL 0.9
/* A test runs so many times fewer calls. */
#define QUICK 10

typedef struct {
    const char *name;
    legs_population_t population; /* 0: as usual */
    bool is_hard;                 /* what tells the legs is hidden or missing: none needs to be found */
} row_t;

/* --- the populations ---------------------------------------------------------------------------------------------- */

static const legs_population_t usual = {.callers = 400,
                                        .rate = 10,
                                        .processing = &processing_usual,
                                        .ways = TELLS_DIVERSION | HUNTS,
                                        .own = 0.1,
                                        .second = 0.1,
                                        .calls = 10000};

#define PLAIN HUNTS
#define USUAL (HUNTS | TELLS_DIVERSION)

static const row_t rows[] = {
    {"5 callers", {.callers = 5, .rate = 1}, false},
    {"5 callers, busy", {.callers = 5, .rate = 30}, false},
    {"5 callers, no Diversion, devices", {.callers = 5, .rate = 3, .ways = PLAIN | CALLED_DEVICE}, false},
    {"40 callers", {.callers = 40, .rate = 3}, false},
    {"40 callers, busy", {.callers = 40, .rate = 100}, false},
    {"40 callers, no Diversion", {.callers = 40, .rate = 10, .ways = PLAIN}, false},
    {"40 callers, devices", {.callers = 40, .rate = 10, .ways = USUAL | CALLED_DEVICE}, false},
    {"40 callers, no Diversion, devices", {.callers = 40, .rate = 10, .ways = PLAIN | CALLED_DEVICE}, false},
    {"40 callers, slow", {.callers = 40, .rate = 10, .processing = &processing_slow}, false},
    {"40 callers, slow, devices",
     {.callers = 40, .rate = 10, .processing = &processing_slow, .ways = PLAIN | CALLED_DEVICE},
     false},
    {"40 callers, ring groups", {.callers = 40, .rate = 10, .ways = PLAIN | RINGS_MANY}, false},
    {"40 callers, half missing", {.callers = 40, .rate = 10, .missing = 0.5}, true},
    {"40 callers, many of its own", {.callers = 40, .rate = 10, .own = 1}, true},
    {"400 callers", {.rate = 10}, false},
    {"400 callers, busy", {.rate = 100}, false},
    {"400 callers, no Diversion", {.ways = PLAIN}, false},
    {"400 callers, numbers in other forms", {.ways = USUAL | CALLED_FORM}, false},
    {"400 callers, devices", {.ways = USUAL | CALLED_DEVICE}, false},
    {"400 callers, no Diversion, devices", {.ways = PLAIN | CALLED_DEVICE}, false},
    {"400 callers, slow", {.processing = &processing_slow}, false},
    {"400 callers, slow, devices", {.processing = &processing_slow, .ways = USUAL | CALLED_DEVICE}, true},
    {"400 callers, slow, no Diversion, devices", {.processing = &processing_slow, .ways = PLAIN | CALLED_DEVICE}, true},
    {"400 callers, ring groups", {.ways = USUAL | RINGS_MANY}, false},
    {"400 callers, ring groups, no Diversion, devices", {.ways = PLAIN | RINGS_MANY | CALLED_DEVICE}, false},
    {"400 callers, single legs", {.ways = TELLS_DIVERSION}, false},
    {"400 callers, a fifth missing", {.missing = 0.2}, true},
    {"400 callers, half missing", {.missing = 0.5}, true},
    {"400 callers, half missing, devices", {.missing = 0.5, .ways = USUAL | CALLED_DEVICE}, true},
    {"400 callers, a fifth missing, no Diversion, devices", {.missing = 0.2, .ways = PLAIN | CALLED_DEVICE}, true},
    {"400 callers, callers' side missing", {.missing = 1}, true},
    {"400 callers, phones' side missing", {.ways = USUAL | NO_PHONES}, true},
    {"400 callers, many of its own", {.own = 1}, true},
    {"400 callers, many of its own, devices", {.own = 1, .ways = USUAL | CALLED_DEVICE}, true},
    {"400 callers, two calls each", {.second = 1}, false},
    {"400 callers, two calls each, devices", {.second = 1, .ways = USUAL | CALLED_DEVICE}, false},
    {"400 callers, main number, asserted", {.ways = USUAL | FROM_MAIN | ASSERTS_CALLER}, false},
    {"400 callers, main number, asserted, devices",
     {.ways = USUAL | FROM_MAIN | ASSERTS_CALLER | CALLED_DEVICE},
     false},
    {"400 callers, main number", {.ways = USUAL | FROM_MAIN}, true},
    {"400 callers, main number on both sides", {.ways = USUAL | FROM_MAIN | FROM_MAIN_TOO}, true},
    {"400 callers, main number on both sides, slowly", {.rate = 1, .ways = PLAIN | FROM_MAIN | FROM_MAIN_TOO}, true},
    {"400 callers, main number on both sides, devices",
     {.ways = PLAIN | FROM_MAIN | FROM_MAIN_TOO | CALLED_DEVICE},
     true},
    {"400 callers, 5 % anonymous", {.anonymous = 0.05}, false},
    {"400 callers, half anonymous", {.anonymous = 0.5}, true},
    {"400 callers, all anonymous", {.anonymous = 1}, true},
    {"400 callers, all anonymous, slowly, no Diversion", {.rate = 1, .anonymous = 1, .ways = PLAIN}, true},
    {"400 callers, all anonymous, half missing", {.anonymous = 1, .missing = 0.5}, true},
    {"400 callers, two PBXs", {.ways = USUAL | TWO_PBXS}, false},
    {"400 callers, two PBXs, no Diversion, devices", {.ways = PLAIN | TWO_PBXS | CALLED_DEVICE}, false},
    {"400 callers, calls itself", {.ways = USUAL | CALLS_ITSELF}, false},
    {"400 callers, calls itself, no Diversion", {.ways = PLAIN | CALLS_ITSELF}, false},
    {"400 callers, o= kept", {.ways = PLAIN | SDP_KEPT}, false},
    {"40 callers, o= kept, devices", {.callers = 40, .ways = PLAIN | SDP_KEPT | CALLED_DEVICE}, false},
    {"400 callers, o= constant", {.ways = USUAL | SDP_KEPT | SDP_CONSTANT}, false},
    {"40 callers, o= of the phone kept", {.callers = 40, .ways = USUAL | SDP_KEPT | SDP_OF_PHONE}, false},
    {"400 callers, o= of the phone kept, half missing",
     {.missing = 0.5, .ways = USUAL | SDP_KEPT | SDP_OF_PHONE},
     true},
    {"400 callers, main number, o= of the phone kept", {.ways = USUAL | FROM_MAIN | SDP_KEPT | SDP_OF_PHONE}, true},
    {"400 callers, two addresses", {.ways = USUAL | TWO_ADDRESSES}, true},
    {"400 callers, two addresses, o= kept", {.ways = USUAL | TWO_ADDRESSES | SDP_KEPT}, true},
    {"400 callers, two addresses, o= of the phone kept",
     {.ways = USUAL | TWO_ADDRESSES | SDP_KEPT | SDP_OF_PHONE},
     true},
    {"400 callers, two addresses, Session-ID", {.ways = USUAL | TWO_ADDRESSES | HAS_SESSION_ID}, false},
    {"400 callers, all anonymous, Session-ID", {.anonymous = 1, .ways = USUAL | HAS_SESSION_ID}, false},
    {"400 callers, two addresses, main number, X-Call-ID",
     {.ways = USUAL | TWO_ADDRESSES | FROM_MAIN | HAS_CALL_HEADER | CALLED_DEVICE},
     false},
    {"400 callers, two addresses, main number, icid",
     {.ways = USUAL | TWO_ADDRESSES | FROM_MAIN | HAS_ICID | CALLED_DEVICE},
     false},
    {"400 callers, icid, half missing", {.missing = 0.5, .ways = USUAL | HAS_ICID}, true},
    {"400 callers, icid, two PBXs", {.ways = USUAL | HAS_ICID | TWO_PBXS}, false},
    {"400 callers, Session-ID, calls itself", {.ways = USUAL | HAS_SESSION_ID | CALLS_ITSELF}, false},
    {"4,000 callers, busy", {.callers = 4000, .rate = 100}, false},
    {"4,000 callers, busy, no Diversion, devices",
     {.callers = 4000, .rate = 100, .ways = PLAIN | CALLED_DEVICE},
     false},
    {"4,000 callers, busy, half missing", {.callers = 4000, .rate = 100, .missing = 0.5}, true},
    {"100,000 callers, busy", {.callers = 100000, .rate = 100}, false},
    {"100,000 callers, busy, no Diversion, devices, ring groups",
     {.callers = 100000, .rate = 100, .ways = PLAIN | CALLED_DEVICE | RINGS_MANY},
     false},
};

static legs_population_t
population_of(const row_t *row, bool quick)
{
    legs_population_t population = row->population;

    population.callers = population.callers ? population.callers : usual.callers;
    population.rate = population.rate > 0 ? population.rate : usual.rate;
    population.processing = population.processing ? population.processing : usual.processing;
    population.ways = population.ways ? population.ways : usual.ways;
    population.own = population.own > 0 ? population.own : usual.own;
    population.second = population.second > 0 ? population.second : usual.second;
    population.calls = quick ? usual.calls / QUICK : usual.calls;
    return population;
}

/* --- what is printed and demanded --------------------------------------------------------------------------------- */

static double
share(unsigned part, unsigned whole)
{
    return whole > 0 ? part / (double)whole : 1;
}

static void
print_tally(const char *what, const char *kind, unsigned confidence, tally_t tally)
{
    if (tally.links > 0) {
        printf("    %-9s %-32s %-8s %7u, %7u right  %.4f\n", what, kind,
               redirect_confidence_name((redirect_confidence_t)confidence), tally.links, tally.right,
               tally_share(tally));
    }
}

static void
print_result(const char *name, const legs_result_t *result)
{
    printf("%s\n    %u messages, %u legs, found %.3f; %u follow-ups, found %.3f\n", name, result->messages,
           result->legs, share(result->legs_found, result->legs), result->follow_ups,
           share(result->follow_ups_found, result->follow_ups));
    for (unsigned kind = 0; kind < REDIRECT_LEG_COUNT; kind++) {
        for (unsigned confidence = 0; confidence < REDIRECT_CONFIDENCE_COUNT; confidence++) {
            print_tally("leg", redirect_leg_name((redirect_leg_kind_t)kind), confidence, result->leg[kind][confidence]);
        }
    }
    for (unsigned kind = 0; kind < REDIRECT_LINK_COUNT; kind++) {
        for (unsigned confidence = 0; confidence < REDIRECT_CONFIDENCE_COUNT; confidence++) {
            print_tally("follow-up", redirect_link_name((redirect_link_kind_t)kind), confidence,
                        result->link[kind][confidence]);
        }
    }
}

static bool
is_precise(const char *name, const legs_result_t *result, unsigned enough, double (*bound)(tally_t))
{
    const bool legs = tallies_are_precise(name, "legs", result->leg, REDIRECT_LEG_COUNT, enough, bound);

    return tallies_are_precise(name, "follow-ups", result->link, REDIRECT_LINK_COUNT, enough, bound) && legs;
}

static bool
finds_enough(const row_t *row, const legs_population_t *population, const legs_result_t *result)
{
    const double found = share(result->legs_found, result->legs);

    if (row->is_hard || population->callers < MANY_CALLERS || found >= DEMANDED_RECALL) {
        return true;
    }
    printf("FAILED: %s: %.3f of the legs are found\n", row->name, found);
    return false;
}

static bool
run(char **words, bool quick)
{
    legs_result_t sum = {0};
    bool is_good = true;

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (name_is_wanted(rows[i].name, words)) {
            const legs_population_t population = population_of(&rows[i], quick);
            const legs_result_t result = legs_judge(&population, SEED + i);
            print_result(rows[i].name, &result);
            is_good &= is_precise(rows[i].name, &result, ENOUGH_LEGS, tally_upper_bound);
            is_good &= finds_enough(&rows[i], &population, &result);
            legs_result_add(&sum, &result);
            fflush(stdout);
        }
    }
    print_result("all together", &sum);
    is_good &= is_precise("all together", &sum, 1, tally_share);
    return is_good;
}

int
main(int argc, char **argv)
{
    const bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    bool is_good;

    wmem_init();
    is_good = run(argv + (quick ? 2 : 1), quick);
    wmem_cleanup();
    return is_good ? 0 : 1;
}
