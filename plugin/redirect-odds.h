/* redirect-odds.h
 * How likely a new call follows a redirect, where caller, target and address fit: learnt from the capture itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A call that fits came because of the redirect, or the caller made it anyway, or because of another redirect that it
 * fits as well. How often callers call targets anyway is counted; how long follow-ups take, how many redirects get one,
 * and what follow-ups keep of the redirected request is learnt from calls as far as they are taken for follow-ups, each
 * with the weight of that belief. Before anything is learnt, assumptions stand in for it, which a few dozen calls
 * outweigh.
 *
 * Nothing is counted before the first call that fits a redirect. What is kept has a fixed size; of what is old half is
 * forgotten now and then. Nothing depends on chance: the same capture gives the same odds in every run.
 */

#ifndef REDIRECT_ODDS_H
#define REDIRECT_ODDS_H

#include <wsutil/wmem/wmem_core.h>

#include "redirect-clock.h"
#include "redirect-traits.h"

/** What was learnt of one capture. */
typedef struct redirect_odds redirect_odds_t;

/** A new call outside of any dialog, as far as it is counted. */
typedef struct {
    uint64_t party;       /**< a hash of the address that it came from, the same in every run */
    uint32_t caller;      /**< redirect_caller_key(), or 0 */
    uint32_t target;      /**< sip_uri_match_key() of where it goes */
    redirect_time_t time; /**< by the clock of the store */
    redirect_traits_t traits;
    bool shows_origin; /**< a header names the redirect that it follows: one that fits, or another */
} redirect_odds_call_t;

/** A redirect that such a call fits. */
typedef struct {
    redirect_time_t after;    /**< time from the redirect to the call */
    redirect_traits_t traits; /**< of the redirected request */
    double open;              /**< how likely it still waits, from 0 to 1, by what came before */
} redirect_odds_fit_t;

/** Nothing is learnt yet; its memory is scope's. now: by the clock of the store. */
redirect_odds_t *redirect_odds_new(wmem_allocator_t *scope, redirect_time_t now);

/** A hash of an address for redirect_odds_call_t. */
uint64_t redirect_odds_party(const uint8_t *address, size_t len);

/** Calls of this caller to this target that no redirect caused, a second. */
double redirect_odds_of_own_calls(const redirect_odds_t *odds, const redirect_odds_call_t *call);

/**
 * Calls like this one that the redirect causes at just this time, a second: to be compared with
 * redirect_odds_of_own_calls() and with those of other redirects.
 */
double redirect_odds_of_follow_up(const redirect_odds_t *odds, const redirect_odds_call_t *call,
                                  const redirect_odds_fit_t *fit);

/**
 * True where both requests have a value in common that other calls were not seen to have: a From tag, an SDP session.
 * *trait is the first such.
 */
bool redirect_odds_have_token(const redirect_odds_t *odds, const redirect_odds_call_t *call,
                              const redirect_odds_fit_t *fit, redirect_trait_t *trait);

/**
 * True where a link of that likelihood, which is no more than possible, keeps the links that were called so right often
 * enough on the whole: the likely ones give room for a less likely one.
 */
bool redirect_odds_may_risk(const redirect_odds_t *odds, uint64_t party, double likelihood);

/** A link of that likelihood was called possible. */
void redirect_odds_learn_risk(redirect_odds_t *odds, uint64_t party, double likelihood);

/** A redirect was sent to an address. */
void redirect_odds_learn_redirect(redirect_odds_t *odds, uint64_t party);

/**
 * A call follows the redirect of fit with that likelihood.
 * @param named a header says so, not caller, target and time
 */
void redirect_odds_learn_follow_up(redirect_odds_t *odds, const redirect_odds_call_t *call,
                                   const redirect_odds_fit_t *fit, double likelihood, bool named);

/** Counts a call that follows no redirect with that likelihood. */
void redirect_odds_learn_call(redirect_odds_t *odds, const redirect_odds_call_t *call, double likelihood);

/** The same for a second name of its caller (P-Asserted-Identity). */
void redirect_odds_learn_alias(redirect_odds_t *odds, const redirect_odds_call_t *call, double likelihood);

/**
 * The traits that are worth reading of a call whose party and caller are known, bits by redirect_trait_t: where they
 * tell nothing, they are read of some callers only, lest that changes.
 */
unsigned redirect_odds_wanted_traits(const redirect_odds_t *odds, uint64_t party, uint32_t caller);

/** Keeps the traits of a request for a moment: should it be redirected, they are asked for by the frame. */
void redirect_odds_keep_traits(redirect_odds_t *odds, uint32_t frame, const redirect_traits_t *traits);

/** Those traits; false where they are no longer, or never were, kept. */
bool redirect_odds_kept_traits(const redirect_odds_t *odds, uint32_t frame, redirect_traits_t *traits);

#endif /* REDIRECT_ODDS_H */
