/* calibration.c
 * Prints how often links are right, by population, kind and confidence, and how many follow-ups are found; fails where
 * that is less than what is promised. See README.md.
 *
 *     calibration [--quick] [NAME...]    populations whose names hold one of the words; --quick: those that a test runs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <wsutil/wmem/wmem.h>

#include "judge.h"

#define SEED 20240611
/* Of fewer links of a confidence in one population nothing is demanded; they count among all. */
#define ENOUGH_LINKS 200
/* Follow-ups of a caller that is one of many are found; of one among a few, as far as time tells them from his others. */
#define MANY_CALLERS 400
#define DEMANDED_RECALL 0.9
/* Where less can be told by caller, target, address and time alone, so much less than that may be found. */
#define BELOW_ATTAINABLE 0.05

typedef struct {
    char *name;
    population_t population;
    bool is_quick;
} row_t;

/* --- the populations ---------------------------------------------------------------------------------------------- */

static const population_t usual = {.callers = 400,
                                   .targets = 5,
                                   .rate = 3,
                                   .delay = &delay_any,
                                   .abandoned = 0.2,
                                   .direct = 0.6,
                                   .activity = 0.5,
                                   .redirects = 10000};

static void
add_row(GArray *rows, const char *name, const population_t *population, bool is_quick)
{
    const row_t row = {.name = g_strdup_printf("%u callers, %u targets, %g/s, %s delays%s%s", population->callers,
                                               population->targets, population->rate, population->delay->name,
                                               *name ? ", " : "", name),
                       .population = *population,
                       .is_quick = is_quick};

    g_array_append_val(rows, row);
}

/* With nothing but caller, target and address in common. */
static void
add_bare_rows(GArray *rows)
{
    static const unsigned callers[] = {40, 400, 4000, 100000}, targets[] = {5, 20};
    static const double rates[] = {1, 3, 50, 100};
    static const delay_t *const delays[] = {&delay_any, &delay_fast, &delay_slow};
    population_t population = usual;

    for (size_t c = 0; c < G_N_ELEMENTS(callers); c++) {
        for (size_t t = 0; t < G_N_ELEMENTS(targets); t++) {
            for (size_t r = 0; r < G_N_ELEMENTS(rates); r++) {
                for (size_t d = 0; d < G_N_ELEMENTS(delays); d++) {
                    population.callers = callers[c];
                    population.targets = targets[t];
                    population.rate = rates[r];
                    population.delay = delays[d];
                    add_row(rows, "", &population, d == 0 && ((t == 0 && r == 1) || (t == 1 && r == 2 && c % 2 == 0)));
                }
            }
        }
    }
}

static void
add_tied_rows(GArray *rows)
{
    static const struct {
        const char *name;
        unsigned ties, tied;
    } kinds[] = {
        {"User-Agent", TIE_AGENT, 0},
        {"From tag", TIE_TAG, 0},
        {"From tag of a half", TIE_TAG, 50},
        {"Contact", TIE_CONTACT, 0},
        {"User-Agent of two phones", TIE_AGENT | HAS_TWO_PHONES, 0},
        {"Contact of two phones", TIE_CONTACT | HAS_TWO_PHONES, 0},
        {"SDP", TIE_SDP, 0},
        {"SDP of a half", TIE_SDP, 50},
        {"Session-ID", TIE_SESSION, 0},
        {"History-Info", TIE_HISTORY, 0},
        {"History-Info of a half", TIE_HISTORY, 50},
        {"anonymous", IS_ANONYMOUS, 0},
        {"anonymous, History-Info", IS_ANONYMOUS | TIE_HISTORY, 0},
        {"anonymous, From tag", IS_ANONYMOUS | TIE_TAG, 0},
        {"two forms of the number", HAS_FORMS, 0},
        {"all of it", TIE_AGENT | TIE_TAG | TIE_CONTACT | TIE_SDP | TIE_SESSION | TIE_HISTORY, 0},
        {"one From tag a phone", HAS_DULL_TAGS, 0},
        {"one o= line for all", HAS_DULL_SDP, 0},
        {"one o= line a phone", HAS_FIXED_SDP, 0},
    };
    population_t population = usual;

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (unsigned few = 0; few < 2; few++) {
            population.callers = few ? 40 : 4000;
            population.rate = few ? 3 : 50;
            population.ties = kinds[i].ties;
            population.tied = kinds[i].tied;
            add_row(rows, kinds[i].name, &population,
                    few && strcmp(kinds[i].name, "User-Agent") != 0 && strcmp(kinds[i].name, "Contact") != 0);
        }
    }
}

static void
add_odd_rows(GArray *rows)
{
    population_t population = usual;

    population.abandoned = 0.7;
    add_row(rows, "7 of 10 abandoned", &population, true);
    population.abandoned = 0;
    add_row(rows, "none abandoned", &population, false);
    population = usual;
    population.direct = 0;
    add_row(rows, "no other calls to targets", &population, false);
    population.direct = 3;
    add_row(rows, "many other calls to targets", &population, true);
    population = usual;
    population.activity = 1.1;
    add_row(rows, "very unequal callers", &population, true);
    population.activity = 0;
    add_row(rows, "equal callers", &population, false);
    population.callers = 2000; /* as tests/bench/generate.py trunk */
    population.targets = 32;
    population.abandoned = 0.5;
    population.direct = 0.5;
    population.delay = &(const delay_t){"0.2 to 3 s", 0.2, 3};
    add_row(rows, "as the trunk of tests/bench", &population, false);
}

/* --- what is printed and demanded --------------------------------------------------------------------------------- */

static void
print_tally(const char *name, tally_t tally)
{
    printf("    %-36s %7u links %7u right  %.4f\n", name, tally.links, tally.right, tally_share(tally));
}

static void
print_result(const char *name, const result_t *result)
{
    printf("%s\n    %u messages, %u redirects; %u follow-ups, found %.3f", name, result->messages, result->redirects,
           result->follow_ups, result->found / (double)result->follow_ups);
    printf(" (attainable by time alone %.3f)\n", result->attainable / (double)result->follow_ups);
    for (unsigned kind = 0; kind < REDIRECT_LINK_COUNT; kind++) {
        for (unsigned confidence = 0; confidence < REDIRECT_CONFIDENCE_COUNT; confidence++) {
            if (result->tally[kind][confidence].links > 0) {
                char *title = g_strdup_printf("%s, %s", redirect_link_name(kind), redirect_confidence_name(confidence));
                print_tally(title, result->tally[kind][confidence]);
                g_free(title);
            }
        }
    }
}

static bool
is_precise(const char *name, const result_t *result, unsigned enough, double (*bound)(tally_t))
{
    return tallies_are_precise(name, "links", result->tally, REDIRECT_LINK_COUNT, enough, bound);
}

/* Where nothing tells a caller's follow-up from his other calls, what can be found is what time tells. */
static bool
finds_enough(const row_t *row, const result_t *result)
{
    const double found = result->found / (double)result->follow_ups;
    const double attainable = result->attainable / (double)result->follow_ups;

    if (row->population.ties & IS_ANONYMOUS || row->population.callers < MANY_CALLERS ||
        found >= MIN(DEMANDED_RECALL, attainable - BELOW_ATTAINABLE)) {
        return true;
    }
    printf("FAILED: %s: %.3f of the follow-ups are found\n", row->name, found);
    return false;
}

static bool
is_wanted(const row_t *row, char **words, bool quick)
{
    return name_is_wanted(row->name, words) && (!quick || row->is_quick);
}

static bool
run(const GArray *rows, char **words, bool quick)
{
    result_t sum = {0};
    bool is_good = true;

    for (guint i = 0; i < rows->len; i++) {
        const row_t *row = &g_array_index(rows, row_t, i);
        if (is_wanted(row, words, quick)) {
            const result_t result = judge(&row->population, SEED + i);
            print_result(row->name, &result);
            is_good &= is_precise(row->name, &result, ENOUGH_LINKS, tally_upper_bound);
            is_good &= finds_enough(row, &result);
            result_add(&sum, &result);
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
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(row_t));
    const bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    bool is_good;

    wmem_init();
    add_bare_rows(rows);
    add_tied_rows(rows);
    add_odd_rows(rows);
    is_good = run(rows, argv + (quick ? 2 : 1), quick);
    for (guint i = 0; i < rows->len; i++) {
        g_free(g_array_index(rows, row_t, i).name);
    }
    g_array_free(rows, TRUE);
    wmem_cleanup();
    return is_good ? 0 : 1;
}
