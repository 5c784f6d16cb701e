/* redirect-leg-habits.h
 * What is learnt of one B2BUA: how long it takes, what it keeps, how often it calls somebody of its own accord.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A request that leaves a B2BUA in the name of a caller whose call waits there was made of that call, of another call of
 * the same caller, or of none that was captured. Each of these happens at some rate, which is told by what the B2BUA did
 * so far; their shares are how likely each is. Before anything is learnt assumptions stand in, which a few calls outweigh.
 */

#ifndef REDIRECT_LEG_HABITS_H
#define REDIRECT_LEG_HABITS_H

#include <stdbool.h>

#include "redirect-clock.h"

/** Times from below 1 ms to above 2^14 ms, each twice the one before. */
#define REDIRECT_LEG_TIMES 16

/** What calls for a leg, in the life of a request that a B2BUA received. */
typedef enum {
    REDIRECT_LEG_MOVE_NONE,   /**< nothing: somebody is being called, or has answered */
    REDIRECT_LEG_MOVE_FIRST,  /**< nothing was made of it yet */
    REDIRECT_LEG_MOVE_NEXT,   /**< a leg failed, and nothing was made since */
    REDIRECT_LEG_MOVE_FOLLOW, /**< the same of one that was redirected */
    REDIRECT_LEG_MOVE_BESIDE  /**< another leg was made just now: several phones ring */
} redirect_leg_move_t;

/** All weights are sums of likelihoods. All zero: nothing is learnt. */
typedef struct {
    float made[REDIRECT_LEG_TIMES];   /**< first and next legs, by the time since what called for them */
    float others[REDIRECT_LEG_TIMES]; /**< what was made of no call that waits, by how long the caller's latest did */
    float first, kept;                /**< first legs; those of them that call the same user */
    float follow, redirects;          /**< legs after a redirect; legs that were redirected */
    float told;                       /**< of the first those that call a target or name who was called */
    float next, failures;             /**< legs after one that failed; legs that failed */
    float beside;
    float alone;              /**< requests sent while no call of that caller waited */
    float compared, alike;    /**< calls that a leg was not made of; those that call the same user all the same */
    float legs, shown;        /**< all legs; those that an identifier or the SDP session shows */
    float sessions, repeated; /**< SDP sessions that legs have in common; those that their phone had used before */
    float fits, misfits; /**< legs by caller and time alone that were answered: with the call, or while it failed */
} redirect_leg_habits_t;

/** How often a leg is made just then, a second, if its request was received and waits. */
double redirect_leg_habits_rate(const redirect_leg_habits_t *habits, redirect_leg_move_t move, redirect_time_t after);

/** How often the B2BUA sends a request of that caller for another reason, a second. */
double redirect_leg_habits_other_rate(const redirect_leg_habits_t *habits, redirect_time_t waited);

/**
 * How much likelier than assumed, or less likely, it is that a request is a leg at all: phones, too, receive and send, and
 * what they send is none.
 */
double redirect_leg_habits_odds(const redirect_leg_habits_t *habits);

/** The share of first legs that call the same user. */
double redirect_leg_habits_kept(const redirect_leg_habits_t *habits);

/** The share of other calls of the same caller that call the same user as a leg does, by chance. */
double redirect_leg_habits_chance(const redirect_leg_habits_t *habits);

/** The share of legs after a redirect that call a target or name who was called. */
double redirect_leg_habits_told(const redirect_leg_habits_t *habits);

/** The share of legs that show it by an identifier or the SDP session. */
double redirect_leg_habits_shown(const redirect_leg_habits_t *habits);

/** False where phones write the same session into all of their calls. */
bool redirect_leg_habits_tell_sessions(const redirect_leg_habits_t *habits);

/**
 * How likely it is that caller and time alone tie the right two, by what came back: a call whose leg is answered is
 * answered at once, and does not fail.
 */
double redirect_leg_habits_trust(const redirect_leg_habits_t *habits);

void redirect_leg_habits_learn_trust(redirect_leg_habits_t *habits, bool is_fit);
void redirect_leg_habits_learn(redirect_leg_habits_t *habits, redirect_leg_move_t move, redirect_time_t after,
                               bool is_kept, bool is_told, double likelihood);
void redirect_leg_habits_learn_other(redirect_leg_habits_t *habits, redirect_time_t waited);
void redirect_leg_habits_learn_shown(redirect_leg_habits_t *habits, bool is_shown, double likelihood);
void redirect_leg_habits_learn_alone(redirect_leg_habits_t *habits);
void redirect_leg_habits_learn_chance(redirect_leg_habits_t *habits, unsigned compared, unsigned alike);
void redirect_leg_habits_learn_session(redirect_leg_habits_t *habits, bool is_repeated);

/** What was learnt of a first leg was wrong: it was sent for another reason. */
void redirect_leg_habits_unlearn_first(redirect_leg_habits_t *habits, redirect_time_t after, double likelihood);
void redirect_leg_habits_learn_end(redirect_leg_habits_t *habits, bool is_redirected);

#endif /* REDIRECT_LEG_HABITS_H */
