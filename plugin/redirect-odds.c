/* redirect-odds.c
 * How likely a new call follows a redirect: rates of calls, delays, and what follow-ups keep, learnt from the capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-odds.h"

#include <glib.h>

#include "redirect-hash.h"

/* Cells of each row of the counters of calls, a power of two; half is forgotten when so many calls were counted. */
#define CELLS 16384
#define ROWS 2
/* Addresses that are told apart in what is learnt of follow-ups. */
#define PROFILES 64
/* Values of traits that are remembered, to tell those that calls share from those that each call has for itself. */
#define VALUES 8192
/* Requests whose traits are kept until they are redirected: a 3xx comes within moments. */
#define KEPT_TRAITS 1024
/* Delays from below 1 ms to above 2^18 ms, each twice the one before. */
#define DELAYS 20

#define LN_2 0.69314718055994531

/*
 * What is assumed before anything is learnt: a caller calls a given number once in half a day; 8 of 10 redirects are
 * followed; a delay between 1 and 2 ms is as likely as one between 16 and 32 s. A weight is the number of calls that
 * count as much as the assumption.
 */
#define OWN_CALLS_PER_SECOND 2e-5
#define WEIGHT_OF_USUAL 0.06
#define WEIGHT_OF_CALLER 0.5
#define WEIGHT_OF_PAIR 1.0
#define SHARE_FOLLOWED 0.8
#define WEIGHT_OF_FOLLOWED 10.0
#define WEIGHT_OF_DELAY 1.0
#define SHARE_NAMED 0.1
#define WEIGHT_OF_NAMED 4.0
/* A header names another redirect than the one that is weighed. */
#define NAMES_ANOTHER 0.01
/* More than this nothing is sure of: a value never seen in other calls may be in the next. */
#define RAREST 0.0002
#define MOST_COMMON 0.99

/* What is assumed of a trait: which share of follow-ups, and of a caller's other calls, agree with a redirected call. */
static const struct {
    double follow_up, other;
    double weight; /* of both */
    bool is_token; /* meant to be another in each call */
} assumed[REDIRECT_TRAIT_COUNT] = {
    [REDIRECT_TRAIT_FROM_TAG] = {0.3, 0.02, 2, true}, [REDIRECT_TRAIT_SDP] = {0.3, 0.02, 2, true},
    [REDIRECT_TRAIT_CONTACT] = {0.8, 0.8, 3, false},  [REDIRECT_TRAIT_AGENT] = {0.95, 0.9, 3, false},
    [REDIRECT_TRAIT_SESSION] = {0.5, 0.02, 2, true},
};

/*
 * Of links called possible 900 of 1,000 are to be right, and some more, for what is learnt may be wrong. Each must be so
 * likely for itself, but where those before it were likelier. None is less likely than the last.
 */
#define RIGHT_OF_POSSIBLE 0.925
#define POSSIBLE_FOR_ITSELF 0.9
#define LEAST_POSSIBLE 0.7

/* A token is one where so few of a caller's other calls have it, and counts from here on. */
#define SHARED_BY_FEW 0.005

/* When so many were redirected, traits are read that tell something, of one in so many callers all. */
#define ENOUGH_REDIRECTS 50
#define SAMPLED_CALLERS 8
#define SELDOM 0.03

/* How often something was so, and how often it might have been. */
typedef struct {
    float yes, all;
} share_t;

/* What is learnt of the follow-ups of one address. */
typedef struct {
    float redirects, follow_ups;
    float delay[DELAYS]; /* follow-ups by delay */
    share_t named;
    share_t kept[REDIRECT_TRAIT_COUNT];   /* of follow-ups: as in the redirected request */
    share_t shared[REDIRECT_TRAIT_COUNT]; /* of other calls: a token as in an earlier call */
    share_t common[REDIRECT_TRAIT_COUNT]; /* of calls that do not follow a redirect that they fit: as there */
    float repeats;                        /* pairs of calls that have one caller */
    float room;                           /* by how much links called possible were likelier than they need to be */
} profile_t;

typedef struct {
    uint32_t value;
    float calls;
} value_t;

typedef struct {
    uint32_t frame;
    redirect_traits_t traits;
} kept_traits_t;

struct redirect_odds {
    redirect_time_t begun;
    double forgotten; /* seconds that no longer count */
    double counted;   /* calls, since half of them was forgotten */
    float cell[ROWS][CELLS];
    profile_t profile[PROFILES];
    value_t value[REDIRECT_TRAIT_COUNT][VALUES / REDIRECT_TRAIT_COUNT]; /* of tokens */
    kept_traits_t kept[KEPT_TRAITS];
};

static const redirect_secret_t no_secret = {UINT64_C(0xa4093822299f31d0), UINT64_C(0x082efa98ec4e6c89)};

redirect_odds_t *
redirect_odds_new(wmem_allocator_t *scope, redirect_time_t now)
{
    redirect_odds_t *odds = wmem_new0(scope, redirect_odds_t);

    odds->begun = now;
    return odds;
}

uint64_t
redirect_odds_party(const uint8_t *address, size_t len)
{
    return redirect_hash(&no_secret, sip_slice_make((const char *)address, len));
}

static double
share_of(const share_t *share, double assumption, double weight)
{
    return (share->yes + assumption * weight) / (share->all + weight);
}

static void
share_add(share_t *share, bool yes, double weight)
{
    share->yes += yes ? (float)weight : 0;
    share->all += (float)weight;
}

static const profile_t *
profile_of(const redirect_odds_t *odds, uint64_t party)
{
    return &odds->profile[party % PROFILES];
}

static profile_t *
profile_to_change(redirect_odds_t *odds, uint64_t party)
{
    return &odds->profile[party % PROFILES];
}

/* --- counting calls ----------------------------------------------------------------------------------------------- */

/*
 * Each count stands in a cell of every row, which it shares with others: the least of its cells is nearest to it, and
 * never below. Too many calls counted make a link less sure, never more.
 */
typedef struct {
    unsigned cell[ROWS];
} place_t;

static place_t
place_of(uint64_t party, uint32_t caller, uint32_t target)
{
    const uint64_t hash = redirect_hash_pair(&no_secret, party, (uint64_t)caller << 32 | target);

    return (place_t){{(unsigned)(hash % CELLS), (unsigned)((hash >> 32) % CELLS)}};
}

static double
count_at(const redirect_odds_t *odds, place_t place)
{
    return MIN(odds->cell[0][place.cell[0]], odds->cell[1][place.cell[1]]);
}

/* Only the cells that would be too low grow. @return the count before */
static double
count_add(redirect_odds_t *odds, place_t place, double weight)
{
    const double before = count_at(odds, place);

    for (unsigned row = 0; row < ROWS; row++) {
        float *cell = &odds->cell[row][place.cell[row]];
        *cell = MAX(*cell, (float)(before + weight));
    }
    return before;
}

static double
seconds_counted(const redirect_odds_t *odds, redirect_time_t now)
{
    const double seconds = (double)(now - odds->begun) / (double)REDIRECT_SECOND - odds->forgotten;

    return MAX(seconds, 0.001);
}

/* What is old counts half, so that the cells stay apart and rates that change are followed. */
static void
forget_half(redirect_odds_t *odds, redirect_time_t now)
{
    for (unsigned row = 0; row < ROWS; row++) {
        for (unsigned i = 0; i < CELLS; i++) {
            odds->cell[row][i] /= 2;
        }
    }
    for (unsigned i = 0; i < PROFILES; i++) {
        odds->profile[i].repeats /= 4; /* of half the calls */
    }
    odds->forgotten += seconds_counted(odds, now) / 2;
    odds->counted /= 2;
}

/*
 * A rate from few events: as if weight events had come at the rate that was expected. Where nothing came for long, less
 * than expected; where much came, what came.
 */
static double
rate_of(double events, double seconds, double expected, double weight)
{
    return (events + weight) / (seconds + weight / expected);
}

double
redirect_odds_of_own_calls(const redirect_odds_t *odds, const redirect_odds_call_t *call)
{
    const double seconds = seconds_counted(odds, call->time);
    const double all = count_at(odds, place_of(call->party, 0, 0));
    const double of_caller = count_at(odds, place_of(call->party, call->caller, 0));
    const double to_target = count_at(odds, place_of(call->party, 0, call->target));
    const double of_pair = count_at(odds, place_of(call->party, call->caller, call->target));
    /*
     * Of two calls so many have one caller; so a caller of whom no more than one call is known calls so often. It is not
     * the mean over all callers: who was redirected is likelier one of those that call much.
     */
    const double repeats = profile_of(odds, call->party)->repeats;
    const double usual = rate_of(2 * repeats, all * seconds, OWN_CALLS_PER_SECOND, WEIGHT_OF_USUAL);
    const double caller = rate_of(MAX(of_caller - 1, 0), seconds, usual, WEIGHT_OF_CALLER);
    const double expected = caller * (to_target + 1) / (all + 1);

    return rate_of(of_pair, seconds, expected, WEIGHT_OF_PAIR);
}

/* --- traits ------------------------------------------------------------------------------------------------------- */

static const value_t *
value_at(const redirect_odds_t *odds, unsigned trait, uint32_t value)
{
    return &odds->value[trait][value % G_N_ELEMENTS(odds->value[trait])];
}

/* In how many calls that are remembered a trait has a value. */
static double
calls_with(const redirect_odds_t *odds, unsigned trait, uint32_t value)
{
    const value_t *known = value_at(odds, trait, value);

    return known->value == value ? known->calls : 0;
}

/*
 * Which share of the caller's other calls have the value that the redirected call had. A token is seldom shared, but
 * where calls of this address, or others with that very value, were seen to do so.
 */
static double
share_of_others(const redirect_odds_t *odds, const redirect_odds_call_t *call, unsigned trait, uint32_t value)
{
    const profile_t *profile = profile_of(odds, call->party);
    const share_t *seen = assumed[trait].is_token ? &profile->shared[trait] : &profile->common[trait];
    const double usual = share_of(seen, assumed[trait].other, assumed[trait].weight);
    const double others = assumed[trait].is_token ? MAX(calls_with(odds, trait, value) - 1, 0) : 0;

    return CLAMP(MAX(usual, others / (others + 1)), RAREST, MOST_COMMON);
}

static double
share_kept(const profile_t *profile, unsigned trait)
{
    const double kept = share_of(&profile->kept[trait], assumed[trait].follow_up, assumed[trait].weight);

    return CLAMP(kept, 1 - MOST_COMMON, MOST_COMMON);
}

static bool
can_compare(const redirect_odds_call_t *call, const redirect_odds_fit_t *fit, unsigned trait)
{
    return call->traits.value[trait] != 0 && fit->traits.value[trait] != 0;
}

static bool
agrees(const redirect_odds_call_t *call, const redirect_odds_fit_t *fit, unsigned trait)
{
    return call->traits.value[trait] == fit->traits.value[trait];
}

/* How many times likelier a trait is as it is if the call follows. */
static double
factor_of_trait(const redirect_odds_t *odds, const redirect_odds_call_t *call, const redirect_odds_fit_t *fit,
                unsigned trait)
{
    double kept, other;

    if (!can_compare(call, fit, trait)) {
        return 1;
    }
    kept = share_kept(profile_of(odds, call->party), trait);
    other = share_of_others(odds, call, trait, fit->traits.value[trait]);
    return agrees(call, fit, trait) ? kept / other : (1 - kept) / (1 - other);
}

bool
redirect_odds_have_token(const redirect_odds_t *odds, const redirect_odds_call_t *call, const redirect_odds_fit_t *fit,
                         redirect_trait_t *trait)
{
    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        if (assumed[i].is_token && can_compare(call, fit, i) && agrees(call, fit, i) &&
            share_of_others(odds, call, i, fit->traits.value[i]) <= SHARED_BY_FEW) {
            *trait = (redirect_trait_t)i;
            return true;
        }
    }
    return false;
}

/* --- follow-ups --------------------------------------------------------------------------------------------------- */

static unsigned
delay_index(redirect_time_t after)
{
    uint64_t milliseconds = after > 0 ? (uint64_t)after / (REDIRECT_SECOND / 1000) : 0;
    unsigned index = 0;

    for (; milliseconds > 0 && index < DELAYS - 1; milliseconds /= 2) {
        index++;
    }
    return index;
}

/* Follow-ups a second that come so long after a redirect which gets one. */
static double
density_of_delay(const profile_t *profile, redirect_time_t after)
{
    const double seconds = MAX((double)after / (double)REDIRECT_SECOND, 0.0005);
    const double share =
        (profile->delay[delay_index(after)] + WEIGHT_OF_DELAY) / (profile->follow_ups + WEIGHT_OF_DELAY * DELAYS);

    return share / (seconds * LN_2);
}

double
redirect_odds_of_follow_up(const redirect_odds_t *odds, const redirect_odds_call_t *call,
                           const redirect_odds_fit_t *fit)
{
    const profile_t *profile = profile_of(odds, call->party);
    const double followed =
        (profile->follow_ups + SHARE_FOLLOWED * WEIGHT_OF_FOLLOWED) / (profile->redirects + WEIGHT_OF_FOLLOWED);
    double odd = MIN(followed, 1) * fit->open * density_of_delay(profile, fit->after);

    /* Where follow-ups are named, one that is not named is none; where another redirect is named, neither. */
    odd *= 1 - share_of(&profile->named, SHARE_NAMED, WEIGHT_OF_NAMED);
    odd *= call->shows_origin ? NAMES_ANOTHER : 1;
    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        odd *= factor_of_trait(odds, call, fit, i);
    }
    return odd;
}

bool
redirect_odds_may_risk(const redirect_odds_t *odds, uint64_t party, double likelihood)
{
    return likelihood >= POSSIBLE_FOR_ITSELF ||
           (likelihood >= LEAST_POSSIBLE && profile_of(odds, party)->room + likelihood - RIGHT_OF_POSSIBLE >= 0);
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

void
redirect_odds_learn_risk(redirect_odds_t *odds, uint64_t party, double likelihood)
{
    profile_to_change(odds, party)->room += (float)(likelihood - RIGHT_OF_POSSIBLE);
}

void
redirect_odds_learn_redirect(redirect_odds_t *odds, uint64_t party)
{
    profile_to_change(odds, party)->redirects++;
}

void
redirect_odds_learn_follow_up(redirect_odds_t *odds, const redirect_odds_call_t *call, const redirect_odds_fit_t *fit,
                              double likelihood, bool named)
{
    profile_t *profile = profile_to_change(odds, call->party);

    profile->follow_ups += (float)likelihood;
    profile->delay[delay_index(fit->after)] += (float)likelihood;
    share_add(&profile->named, named, likelihood);
    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        if (can_compare(call, fit, i)) {
            share_add(&profile->kept[i], agrees(call, fit, i), likelihood);
            share_add(&profile->common[i], agrees(call, fit, i), 1 - likelihood);
        }
    }
}

/* Whether other calls of a caller who has called before, or whom the tag itself names, have tokens that calls had before. */
static void
learn_traits(redirect_odds_t *odds, const redirect_odds_call_t *call, double likelihood, bool is_known)
{
    profile_t *profile = profile_to_change(odds, call->party);

    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        const uint32_t value = call->traits.value[i];
        value_t *known = value && assumed[i].is_token ? (value_t *)(uintptr_t)value_at(odds, i, value) : NULL;
        if (known == NULL) {
            continue;
        }
        if (is_known) {
            share_add(&profile->shared[i], known->value == value, likelihood);
        }
        if (known->value != value) {
            *known = (value_t){.value = value};
        }
        known->calls += (float)likelihood;
    }
}

void
redirect_odds_learn_alias(redirect_odds_t *odds, const redirect_odds_call_t *call, double likelihood)
{
    (void)count_add(odds, place_of(call->party, call->caller, 0), likelihood);
    (void)count_add(odds, place_of(call->party, call->caller, call->target), likelihood);
}

void
redirect_odds_learn_call(redirect_odds_t *odds, const redirect_odds_call_t *call, double likelihood)
{
    const bool is_nameless = call->caller == call->traits.value[REDIRECT_TRAIT_FROM_TAG];
    double before = 0;

    if (odds->counted >= CELLS) {
        forget_half(odds, call->time);
    }
    odds->counted += likelihood;
    (void)count_add(odds, place_of(call->party, 0, 0), likelihood);
    (void)count_add(odds, place_of(call->party, 0, call->target), likelihood);
    if (call->caller) {
        before = count_add(odds, place_of(call->party, call->caller, 0), likelihood);
        (void)count_add(odds, place_of(call->party, call->caller, call->target), likelihood);
        profile_to_change(odds, call->party)->repeats += (float)(before * likelihood);
    }
    learn_traits(odds, call, likelihood, before >= 0.5 || is_nameless);
}

/* Follow-ups keep it sometimes, and it tells them from other calls. */
static bool
tells_something(const profile_t *profile, unsigned trait)
{
    const double kept = share_kept(profile, trait), common = share_of(&profile->common[trait], 0, 0.01);

    return kept > SELDOM && !(kept > 1 - SELDOM && common > 1 - SELDOM);
}

unsigned
redirect_odds_wanted_traits(const redirect_odds_t *odds, uint64_t party, uint32_t caller)
{
    const profile_t *profile = profile_of(odds, party);
    unsigned wanted = 0;

    if (caller % SAMPLED_CALLERS == 0 || profile->redirects < ENOUGH_REDIRECTS) {
        return REDIRECT_TRAITS_ALL;
    }
    if (profile->follow_ups < SELDOM * profile->redirects) {
        return 0;
    }
    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        wanted |= tells_something(profile, i) ? 1U << i : 0;
    }
    return wanted;
}

void
redirect_odds_keep_traits(redirect_odds_t *odds, uint32_t frame, const redirect_traits_t *traits)
{
    odds->kept[frame % KEPT_TRAITS] = (kept_traits_t){frame, *traits};
}

bool
redirect_odds_kept_traits(const redirect_odds_t *odds, uint32_t frame, redirect_traits_t *traits)
{
    const kept_traits_t *kept = &odds->kept[frame % KEPT_TRAITS];

    if (frame == 0 || kept->frame != frame) {
        return false;
    }
    *traits = kept->traits;
    return true;
}
