/* test_redirect_leg_habits.c
 * What is learnt of a B2BUA: what each thing does to how likely a request is a leg. How often that is right on the whole:
 * tests/calibration.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include "redirect-leg-habits.h"

#define MILLISECOND (REDIRECT_SECOND / 1000)

static void
learn_first(redirect_leg_habits_t *habits, redirect_time_t after, bool is_kept, unsigned times)
{
    while (times-- > 0) {
        redirect_leg_habits_learn(habits, REDIRECT_LEG_MOVE_FIRST, after, is_kept, false, 1);
    }
}

static double
rate(const redirect_leg_habits_t *habits, redirect_leg_move_t move, redirect_time_t after)
{
    return redirect_leg_habits_rate(habits, move, after);
}

/* Of a B2BUA of which nothing is known: soon is likelier than late, and nothing calls for a leg beside one that rings. */
static void
test_nothing_learnt(void)
{
    const redirect_leg_habits_t habits = {.first = 0};

    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_FIRST, 5 * MILLISECOND), >,
                      100 * rate(&habits, REDIRECT_LEG_MOVE_FIRST, 2 * REDIRECT_SECOND));
    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_NONE, MILLISECOND), ==, 0);
    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_BESIDE, REDIRECT_SECOND), ==, 0);
    g_assert_cmpfloat(redirect_leg_habits_kept(&habits), ==, 0.5);
    g_assert_cmpfloat(redirect_leg_habits_trust(&habits), ==, 1);
    g_assert_cmpfloat(redirect_leg_habits_odds(&habits), ==, 1);
    g_assert_true(redirect_leg_habits_tell_sessions(&habits));
}

/* A slow B2BUA is learnt: half a second becomes likelier than some milliseconds. */
static void
test_times(void)
{
    redirect_leg_habits_t habits = {.first = 0};

    learn_first(&habits, REDIRECT_SECOND / 2, true, 50);
    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_FIRST, REDIRECT_SECOND / 2), >, 1);
    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_FIRST, REDIRECT_SECOND / 2) * 0.5, >,
                      rate(&habits, REDIRECT_LEG_MOVE_FIRST, 40 * MILLISECOND) * 0.04);
}

/* A dial plan that keeps the user always does so, one that never does, never. */
static void
test_kept(void)
{
    redirect_leg_habits_t keeps = {.first = 0}, changes = {.first = 0};

    learn_first(&keeps, MILLISECOND, true, 100);
    learn_first(&changes, MILLISECOND, false, 100);
    g_assert_cmpfloat(redirect_leg_habits_kept(&keeps), >, 0.99);
    g_assert_cmpfloat(redirect_leg_habits_kept(&changes), <, 0.01);
}

/* What a B2BUA never did after a leg failed becomes unlikely; the same of one that always hunts on. */
static void
test_hunting(void)
{
    redirect_leg_habits_t never = {.first = 0}, always = {.first = 0};

    learn_first(&never, MILLISECOND, true, 50);
    learn_first(&always, MILLISECOND, true, 50);
    for (unsigned i = 0; i < 50; i++) {
        redirect_leg_habits_learn_end(&never, false);
        redirect_leg_habits_learn_end(&always, false);
        redirect_leg_habits_learn(&always, REDIRECT_LEG_MOVE_NEXT, MILLISECOND, false, false, 1);
    }
    g_assert_cmpfloat(rate(&always, REDIRECT_LEG_MOVE_NEXT, MILLISECOND), >,
                      20 * rate(&never, REDIRECT_LEG_MOVE_NEXT, MILLISECOND));
}

/* A B2BUA that calls in its callers' names of its own accord: what it sends is less surely a leg. */
static void
test_others(void)
{
    redirect_leg_habits_t habits = {.first = 0};
    const double before = redirect_leg_habits_other_rate(&habits, REDIRECT_SECOND);

    for (unsigned i = 0; i < 20; i++) {
        redirect_leg_habits_learn_other(&habits, REDIRECT_SECOND);
    }
    g_assert_cmpfloat(redirect_leg_habits_other_rate(&habits, REDIRECT_SECOND), >, 10 * before);
}

/* What came back: one call in three that fails while its leg is answered makes the pairs worth little. */
static void
test_trust(void)
{
    redirect_leg_habits_t fits = {.first = 0}, mixed = {.first = 0};

    for (unsigned i = 0; i < 60; i++) {
        redirect_leg_habits_learn_trust(&fits, true);
        redirect_leg_habits_learn_trust(&mixed, i % 3 != 0);
    }
    g_assert_cmpfloat(redirect_leg_habits_trust(&fits), ==, 1);
    g_assert_cmpfloat(redirect_leg_habits_trust(&mixed), <, 0.6);
    g_assert_cmpfloat(redirect_leg_habits_trust(&mixed), >, 0.4);
}

/* What was learnt of a pair that was none is taken back, and counts against it. */
static void
test_unlearn(void)
{
    redirect_leg_habits_t habits = {.first = 0};
    double before;

    learn_first(&habits, MILLISECOND, true, 10);
    before = rate(&habits, REDIRECT_LEG_MOVE_FIRST, MILLISECOND);
    redirect_leg_habits_unlearn_first(&habits, MILLISECOND, 1);
    g_assert_cmpfloat(rate(&habits, REDIRECT_LEG_MOVE_FIRST, MILLISECOND), <, before);
    g_assert_cmpfloat(redirect_leg_habits_other_rate(&habits, MILLISECOND), >, 0);
}

/* Half is forgotten after 5,000 legs: a B2BUA whose dial plan changes is learnt anew. */
static void
test_forgetting(void)
{
    redirect_leg_habits_t habits = {.first = 0};

    learn_first(&habits, MILLISECOND, true, 5000);
    learn_first(&habits, MILLISECOND, false, 50000);
    g_assert_cmpfloat(redirect_leg_habits_kept(&habits), <, 0.01);
    g_assert_cmpfloat((double)habits.first, <=, 5001);
}

/* Phones with one SDP session for all of their calls: it names no call. */
static void
test_sessions(void)
{
    redirect_leg_habits_t habits = {.first = 0};

    for (unsigned i = 0; i < 100; i++) {
        redirect_leg_habits_learn_session(&habits, i % 10 == 0);
    }
    g_assert_false(redirect_leg_habits_tell_sessions(&habits));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/leg-habits/nothing-learnt", test_nothing_learnt);
    g_test_add_func("/leg-habits/times", test_times);
    g_test_add_func("/leg-habits/kept", test_kept);
    g_test_add_func("/leg-habits/hunting", test_hunting);
    g_test_add_func("/leg-habits/others", test_others);
    g_test_add_func("/leg-habits/trust", test_trust);
    g_test_add_func("/leg-habits/unlearn", test_unlearn);
    g_test_add_func("/leg-habits/forgetting", test_forgetting);
    g_test_add_func("/leg-habits/sessions", test_sessions);
    return g_test_run();
}
