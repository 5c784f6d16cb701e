/* redirect-leg-habits.c
 * What is learnt of one B2BUA: how long it takes, what it keeps, how often it calls somebody of its own accord.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-habits.h"

#include <glib.h>

/*
 * What is assumed before anything is learnt. A B2BUA acts within milliseconds, seldom within seconds; half of the dial
 * plans keep the user; of legs that end half get another one; few phones ring at once; and while a call of somebody waits,
 * the B2BUA calls in his name for another reason once in some minutes.
 */
static const double assumed_times[REDIRECT_LEG_TIMES] = {0.08, 0.1,  0.14, 0.16, 0.16, 0.12, 0.08, 0.06,
                                                         0.03, 0.02, 0.02, 0.02, 0.01, 0,    0,    0};
#define ASSUMED_KEPT 0.5
#define ASSUMED_NEXT 0.5
#define ASSUMED_LEGS 0.8
#define LEGS_OF_A_B2BUA 5.0f
#define ASSUMED_CHANCE 0.008
#define ASSUMED_BESIDE 0.05
#define ASSUMED_OTHERS_PER_SECOND 0.0015
/* Legs that count as much as the assumption. */
#define WEIGHT_OF_TIMES 4.0
#define WEIGHT_OF_SHARES 2.0
#define WEIGHT_OF_BESIDE 10.0
#define WEIGHT_OF_CHANCE 100.0
#define WEIGHT_OF_TRUST 5.0

/*
 * Half of all calls are answered. So of pairs that belong together half show that they fit; of others a quarter shows that
 * they do not, for there the leg is answered and the call is not.
 */
#define MISFITS_COUNT 2.0

/* Half is forgotten after so many first legs: what was learnt long ago is worth less. */
#define LEGS_KEPT 5000

/* So long after a leg another one is made beside it. */
#define BESIDE_WITHIN (REDIRECT_SECOND / 100)

/*
 * What a B2BUA does so seldom, once it has made some legs, is no habit of it: there are always a few requests that only
 * look as if it did, and they would be all.
 */
#define SELDOM 0.1
#define NEVER 0.001
#define LEGS_THAT_TELL 30.0f

/* Where one of fewer sessions is one that a phone repeats, they name no call. */
#define SESSIONS_A_REPETITION 50

#define AROUND 2

#define MILLISECOND (REDIRECT_SECOND / 1000)

static unsigned
bucket_of(redirect_time_t time)
{
    unsigned bucket = 0;

    for (int64_t left = time / MILLISECOND; left > 0 && bucket < REDIRECT_LEG_TIMES - 1; left /= 2) {
        bucket++;
    }
    return bucket;
}

static double
seconds_of_bucket(unsigned bucket)
{
    return bucket == 0 ? 0.001 : 0.001 * (double)(1U << (bucket - 1));
}

static double
share(double part, double whole, double assumed, double weight)
{
    return (part + assumed * weight) / (whole + weight);
}

/* A share, of which little is nothing. */
static double
habit(const redirect_leg_habits_t *habits, double share)
{
    return share < SELDOM && habits->first > LEGS_THAT_TELL ? NEVER : share;
}

/* The same, and one that lacks little is all. */
static double
always_or_never(const redirect_leg_habits_t *habits, double share)
{
    return 1 - habit(habits, 1 - habit(habits, share));
}

static double
density(const redirect_leg_habits_t *habits, redirect_time_t after)
{
    const unsigned bucket = bucket_of(after);

    return share((double)habits->made[bucket], (double)(habits->first + habits->next + habits->follow),
                 assumed_times[bucket], WEIGHT_OF_TIMES) /
           seconds_of_bucket(bucket);
}

double
redirect_leg_habits_rate(const redirect_leg_habits_t *habits, redirect_leg_move_t move, redirect_time_t after)
{
    switch (move) {
    case REDIRECT_LEG_MOVE_FIRST:
        return density(habits, after);
    case REDIRECT_LEG_MOVE_NEXT:
        return density(habits, after) *
               share((double)habits->next, (double)habits->failures, ASSUMED_NEXT, WEIGHT_OF_SHARES);
    case REDIRECT_LEG_MOVE_FOLLOW:
        return density(habits, after) *
               share((double)habits->follow, (double)habits->redirects, ASSUMED_NEXT, WEIGHT_OF_SHARES);
    case REDIRECT_LEG_MOVE_BESIDE:
        return after > BESIDE_WITHIN
                   ? 0
                   : habit(habits, share((double)habits->beside, (double)(habits->first + habits->beside),
                                         ASSUMED_BESIDE, WEIGHT_OF_BESIDE)) *
                         (double)(REDIRECT_SECOND / BESIDE_WITHIN);
    case REDIRECT_LEG_MOVE_NONE:
        break;
    }
    return 0;
}

/* They are few, so that the times around help out. */
double
redirect_leg_habits_other_rate(const redirect_leg_habits_t *habits, redirect_time_t waited)
{
    const unsigned bucket = bucket_of(waited), first = bucket > AROUND ? bucket - AROUND : 0;
    const unsigned last = MIN(bucket + AROUND, REDIRECT_LEG_TIMES - 1);
    const double seconds = seconds_of_bucket(bucket);
    double others = 0;

    for (unsigned i = first; i <= last; i++) {
        others += (double)habits->others[i];
    }
    return share(others / (last - first + 1), (double)habits->first, ASSUMED_OTHERS_PER_SECOND * seconds,
                 WEIGHT_OF_TIMES) /
           seconds;
}

double
redirect_leg_habits_odds(const redirect_leg_habits_t *habits)
{
    const double legs =
        share((double)habits->legs, (double)(habits->legs + habits->alone), ASSUMED_LEGS, WEIGHT_OF_SHARES);
    const double odds = legs / (1 - legs) * (1 - ASSUMED_LEGS) / ASSUMED_LEGS;

    return habits->legs > LEGS_OF_A_B2BUA ? 1 : MIN(odds, 1); /* it may be one some of whose callers are missing */
}

double
redirect_leg_habits_kept(const redirect_leg_habits_t *habits)
{
    return always_or_never(habits, share((double)habits->kept, (double)habits->first, ASSUMED_KEPT, WEIGHT_OF_SHARES));
}

double
redirect_leg_habits_chance(const redirect_leg_habits_t *habits)
{
    return share((double)habits->alike, (double)habits->compared, ASSUMED_CHANCE, WEIGHT_OF_CHANCE);
}

double
redirect_leg_habits_told(const redirect_leg_habits_t *habits)
{
    return always_or_never(habits, share((double)habits->told, (double)habits->follow, ASSUMED_KEPT, WEIGHT_OF_SHARES));
}

double
redirect_leg_habits_shown(const redirect_leg_habits_t *habits)
{
    return 1 - habit(habits, 1 - share((double)habits->shown, (double)habits->legs, 0, WEIGHT_OF_SHARES));
}

bool
redirect_leg_habits_tell_sessions(const redirect_leg_habits_t *habits)
{
    return habits->repeated * (float)SESSIONS_A_REPETITION <= habits->sessions;
}

double
redirect_leg_habits_trust(const redirect_leg_habits_t *habits)
{
    const double fits = (double)habits->fits + WEIGHT_OF_TRUST;

    return fits / (fits + MISFITS_COUNT * (double)habits->misfits);
}

void
redirect_leg_habits_learn_trust(redirect_leg_habits_t *habits, bool is_fit)
{
    habits->fits += is_fit ? 1 : 0;
    habits->misfits += is_fit ? 0 : 1;
}

static void
forget_half(redirect_leg_habits_t *habits)
{
    for (unsigned i = 0; i < REDIRECT_LEG_TIMES; i++) {
        habits->made[i] /= 2;
        habits->others[i] /= 2;
    }
    habits->first /= 2;
    habits->kept /= 2;
    habits->next /= 2;
    habits->failures /= 2;
    habits->redirects /= 2;
    habits->beside /= 2;
    habits->compared /= 2;
    habits->alike /= 2;
    habits->alone /= 2;
    habits->follow /= 2;
    habits->told /= 2;
    habits->legs /= 2;
    habits->shown /= 2;
    habits->sessions /= 2;
    habits->repeated /= 2;
    habits->fits /= 2;
    habits->misfits /= 2;
}

void
redirect_leg_habits_learn(redirect_leg_habits_t *habits, redirect_leg_move_t move, redirect_time_t after, bool is_kept,
                          bool is_told, double likelihood)
{
    const float weight = (float)likelihood;

    switch (move) {
    case REDIRECT_LEG_MOVE_FIRST:
        habits->first += weight;
        habits->kept += is_kept ? weight : 0;
        break;
    case REDIRECT_LEG_MOVE_FOLLOW:
        habits->follow += weight;
        habits->told += is_told ? weight : 0;
        break;
    case REDIRECT_LEG_MOVE_NEXT:
        habits->next += weight;
        break;
    case REDIRECT_LEG_MOVE_BESIDE:
        habits->beside += weight;
        return;
    case REDIRECT_LEG_MOVE_NONE:
        return;
    }
    habits->made[bucket_of(after)] += weight;
    if (habits->first > LEGS_KEPT) {
        forget_half(habits);
    }
}

void
redirect_leg_habits_learn_other(redirect_leg_habits_t *habits, redirect_time_t waited)
{
    habits->others[bucket_of(waited)] += 1;
}

void
redirect_leg_habits_learn_shown(redirect_leg_habits_t *habits, bool is_shown, double likelihood)
{
    habits->legs += (float)likelihood;
    habits->shown += is_shown ? (float)likelihood : 0;
}

void
redirect_leg_habits_learn_alone(redirect_leg_habits_t *habits)
{
    habits->alone += 1;
}

void
redirect_leg_habits_learn_chance(redirect_leg_habits_t *habits, unsigned compared, unsigned alike)
{
    habits->compared += (float)compared;
    habits->alike += (float)alike;
}

void
redirect_leg_habits_learn_session(redirect_leg_habits_t *habits, bool is_repeated)
{
    habits->sessions += 1;
    habits->repeated += is_repeated;
}

void
redirect_leg_habits_unlearn_first(redirect_leg_habits_t *habits, redirect_time_t after, double likelihood)
{
    const float weight = (float)likelihood;
    const unsigned bucket = bucket_of(after);

    habits->first = MAX(habits->first - weight, 0);
    habits->kept = MIN(habits->kept, habits->first);
    habits->made[bucket] = MAX(habits->made[bucket] - weight, 0);
    redirect_leg_habits_learn_other(habits, after);
}

void
redirect_leg_habits_learn_end(redirect_leg_habits_t *habits, bool is_redirected)
{
    if (is_redirected) {
        habits->redirects += 1;
    } else {
        habits->failures += 1;
    }
}
