/* redirect-outcome.c
 * How a chain ended, and the path that an attempt is on, told from what the tracker knows so far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-tracker-int.h"

/* A client that got no answer at all gives up after Timer B (RFC 3261 17.1.1.2). */
#define NO_ANSWER_AFTER (32 * REDIRECT_SECOND)

const redirect_attempt_t *
redirect_attempt_before(const redirect_attempt_t *attempt)
{
    if (attempt->cause) {
        const redirect_t *redirect = attempt->cause;
        while (redirect->source && redirect->source->depth >= redirect->depth) {
            redirect = redirect->source;
        }
        return redirect->attempt;
    }
    return attempt->retry_of ? attempt->retry_of : attempt->upstream;
}

/* --- outcome ----------------------------------------------------------------------------------------------------- */

/* What the attempts of the original client come to. */
typedef struct {
    const redirect_attempt_t *answered; /* the first 2xx */
    const redirect_attempt_t *refused;  /* the latest 6xx */
    const redirect_attempt_t *ended;    /* the latest other final */
    const redirect_attempt_t *cancelled;
    const redirect_attempt_t *waiting;  /* one without a final that may still come */
} tally_t;

static bool
is_later(const redirect_attempt_t *attempt, const redirect_attempt_t *than)
{
    return than == NULL || attempt->final_frame > than->final_frame;
}

/* Cancelled by its own client: the CANCEL came before any final, and no Reason says that another branch decided. */
static bool
is_cancelled(const redirect_attempt_t *attempt)
{
    return attempt->cancel_frame != 0 && attempt->cancel_cause == 0 &&
           (attempt->final == 487 || attempt->final == 0 ||
            (attempt->final / 100 == 3 && attempt->cancel_frame < attempt->final_frame));
}

static bool
may_still_end(const redirect_tracker_t *tracker, const redirect_attempt_t *attempt)
{
    return attempt->last_provisional > 100 || tracker->now - attempt->request_time < NO_ANSWER_AFTER;
}

static void
tally_add(const redirect_tracker_t *tracker, tally_t *tally, const redirect_attempt_t *attempt)
{
    if (attempt->final / 100 == 2) {
        if (tally->answered == NULL || attempt->final_frame < tally->answered->final_frame) {
            tally->answered = attempt;
        }
    } else if (attempt->retried_by || (attempt->redirect && attempt->redirect->followed)) {
        return; /* what came of it decides */
    } else if (is_cancelled(attempt)) {
        if (is_later(attempt, tally->cancelled)) {
            tally->cancelled = attempt;
        }
    } else if (attempt->final == 0) {
        if (attempt->cancel_frame == 0 && may_still_end(tracker, attempt)) {
            tally->waiting = attempt;
        }
    } else if (attempt->final / 100 == 6) {
        if (is_later(attempt, tally->refused)) {
            tally->refused = attempt;
        }
    } else if (attempt->final != 487 || attempt->cancel_frame == 0) {
        if (is_later(attempt, tally->ended)) {
            tally->ended = attempt;
        }
    }
}

/* Attempts without an upstream are what the capture shows of the original client. */
static tally_t
tally_top(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    tally_t tally = {NULL, NULL, NULL, NULL, NULL};

    for (const redirect_attempt_t *attempt = chain->first_attempt; attempt; attempt = attempt->next_in_chain) {
        if (attempt->upstream == NULL) {
            tally_add(tracker, &tally, attempt);
        }
    }
    return tally;
}

/* Where the original leg shows no final: a 2xx or 6xx farther on that must have decided it. */
static const redirect_attempt_t *
decided_farther_on(const redirect_chain_t *chain)
{
    const redirect_attempt_t *refused = NULL;

    for (const redirect_attempt_t *attempt = chain->first_attempt; attempt; attempt = attempt->next_in_chain) {
        if (attempt->final / 100 == 2) {
            return attempt;
        }
        if (attempt->final / 100 == 6 && is_later(attempt, refused)) {
            refused = attempt;
        }
    }
    return refused;
}

/* Branches of a proxy whose own upstream was not captured: it chooses a 6xx over all else (RFC 3261 16.7). */
static bool
is_proxy_choice(const redirect_chain_t *chain)
{
    return chain->root->via_count > 1;
}

/* What a CANCEL came after: then the 487 that it caused is a consequence (RFC 3261 16.7 step 10), not the outcome. */
static const redirect_attempt_t *
decided_before_cancel(const tally_t *tally)
{
    const redirect_attempt_t *cancelled = tally->cancelled;
    const redirect_attempt_t *other = is_later(tally->refused ? tally->refused : cancelled, tally->ended)
                                          ? tally->refused
                                          : tally->ended;

    return other && other->final_frame < cancelled->cancel_frame && other->final / 100 == 6 ? other : NULL;
}

static const redirect_attempt_t *
tally_decide(const redirect_chain_t *chain, const tally_t *tally)
{
    if (tally->answered) {
        return tally->answered;
    }
    if (tally->waiting) {
        return decided_farther_on(chain);
    }
    if (tally->cancelled) {
        const redirect_attempt_t *before = decided_before_cancel(tally);
        const redirect_attempt_t *last = tally->ended;
        if (before) {
            return before;
        }
        if (last == NULL || last->final_frame < MAX(tally->cancelled->final_frame, tally->cancelled->cancel_frame)) {
            return tally->cancelled;
        }
    }
    if (tally->refused && (is_proxy_choice(chain) || tally->ended == NULL || is_later(tally->refused, tally->ended))) {
        return tally->refused;
    }
    return tally->ended ? tally->ended : decided_farther_on(chain);
}

static bool
has_followable_target(const redirect_t *redirect)
{
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (redirect->target[i].followable) {
            return true;
        }
    }
    return false;
}

static bool
waited_long_enough(const redirect_tracker_t *tracker, const redirect_attempt_t *attempt)
{
    return tracker->now - attempt->final_time >= REDIRECT_NOT_FOLLOWED_AFTER;
}

static redirect_outcome_t
outcome_of(const redirect_tracker_t *tracker, const redirect_attempt_t *attempt)
{
    if (is_cancelled(attempt)) {
        return REDIRECT_OUTCOME_CANCELLED;
    }
    switch (attempt->final / 100) {
    case 2:
        return REDIRECT_OUTCOME_ANSWERED;
    case 3:
        /* The alternatives of a 380 stand in its body; the call itself has failed (RFC 3261 21.3.5). */
        if (attempt->final == 380) {
            return REDIRECT_OUTCOME_FAILED;
        }
        return waited_long_enough(tracker, attempt) ? REDIRECT_OUTCOME_NOT_FOLLOWED : REDIRECT_OUTCOME_UNFINISHED;
    case 4:
    case 5:
        return REDIRECT_OUTCOME_FAILED;
    case 6:
        return REDIRECT_OUTCOME_GLOBAL_FAILURE;
    default:
        return REDIRECT_OUTCOME_UNFINISHED;
    }
}

redirect_result_t
redirect_chain_result(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    redirect_result_t result = {.outcome = REDIRECT_OUTCOME_UNFINISHED};
    tally_t tally = tally_top(tracker, chain);
    const redirect_attempt_t *attempt = tally_decide(chain, &tally);

    if (attempt == NULL) {
        return result;
    }
    result.outcome = outcome_of(tracker, attempt);
    result.attempt = attempt;
    if (result.outcome != REDIRECT_OUTCOME_UNFINISHED) {
        result.final_code = attempt->final;
        result.final_frame = attempt->final_frame;
        result.final_time = attempt->final_time;
    }
    return result;
}

bool
redirect_is_not_followed(const redirect_tracker_t *tracker, const redirect_t *redirect)
{
    redirect_result_t result;

    if (redirect->attempt == NULL || redirect->followed || !has_followable_target(redirect) || redirect->code == 380) {
        return false;
    }
    result = redirect_chain_result(tracker, redirect->attempt->chain);
    return result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED && result.attempt->redirect == redirect;
}

/* --- path -------------------------------------------------------------------------------------------------------- */

/* The follow-up that matters most: the one that was answered, else the latest. */
static const redirect_attempt_t *
decisive_followup(const redirect_t *redirect)
{
    for (const redirect_attempt_t *attempt = redirect->first_followup; attempt; attempt = attempt->next_followup) {
        const redirect_attempt_t *last = attempt;
        while (last->retried_by) {
            last = last->retried_by;
        }
        if (last->final / 100 == 2) {
            return attempt;
        }
    }
    return redirect->last_followup;
}

/* The forward whose answer went up as this attempt's own; where there is no answer yet, the latest one. */
static const redirect_attempt_t *
decisive_forward(const redirect_attempt_t *attempt)
{
    const redirect_attempt_t *found = NULL;

    for (const redirect_attempt_t *other = attempt->chain->first_attempt; other; other = other->next_in_chain) {
        if (other->upstream != attempt || (attempt->final != 0 && other->final != attempt->final)) {
            continue;
        }
        found = other;
        if (attempt->final != 0 && sip_slice_equal(attempt->final_to_tag, other->final_to_tag)) {
            break;
        }
    }
    return found;
}

/* One step from an attempt towards the end of its path; NULL at the end. */
static const redirect_attempt_t *
next_on_path(const redirect_attempt_t *attempt)
{
    if (attempt->redirect && attempt->redirect->first_followup) {
        return decisive_followup(attempt->redirect);
    }
    if (attempt->retried_by) {
        return attempt->retried_by;
    }
    return decisive_forward(attempt);
}

const redirect_attempt_t *
redirect_path_end(const redirect_attempt_t *attempt)
{
    const redirect_attempt_t *next;

    /* Every step leads to a later attempt of the chain, so this ends; the limit bounds the time on hostile input. */
    for (unsigned steps = 0; steps < REDIRECT_MAX_ATTEMPTS_PER_CALL && (next = next_on_path(attempt)) != NULL; steps++) {
        attempt = next;
    }
    return attempt;
}

char *
redirect_attempt_uri(wmem_allocator_t *scope, const redirect_attempt_t *attempt)
{
    sip_uri_t uri;

    return sip_uri_parse(attempt->raw_uri, &uri) ? sip_uri_display(scope, &uri) : wmem_strdup(scope, "?");
}

char *
redirect_attempt_path(wmem_allocator_t *scope, const redirect_attempt_t *attempt)
{
    const redirect_attempt_t *follower[REDIRECT_MAX_PATH_HOPS];
    const redirect_attempt_t *end = redirect_path_end(attempt);
    const redirect_attempt_t *step = end;
    unsigned count = 0, left_out = 0;
    wmem_strbuf_t *path = wmem_strbuf_new(scope, "");
    char *uri;

    /* From the end back to the start, keeping the hops nearest to the start. */
    for (unsigned steps = 0; step && steps < 4 * REDIRECT_MAX_ATTEMPTS_PER_CALL; steps++) {
        const redirect_attempt_t *before = redirect_attempt_before(step);
        if (step->cause) {
            if (count == REDIRECT_MAX_PATH_HOPS) {
                memmove(follower, follower + 1, sizeof(follower) - sizeof(follower[0]));
                left_out++;
                count--;
            }
            follower[count++] = step;
        }
        if (before == NULL) {
            break;
        }
        step = before;
    }
    uri = redirect_attempt_uri(NULL, step);
    wmem_strbuf_append(path, uri);
    wmem_free(NULL, uri);
    while (count > 0) {
        const redirect_attempt_t *hop = follower[--count];
        uri = redirect_attempt_uri(NULL, hop);
        wmem_strbuf_append_printf(path, " -> %u -> %s", hop->cause->code, uri);
        wmem_free(NULL, uri);
    }
    if (left_out > 0) {
        wmem_strbuf_append_printf(path, " -> (%u more hops)", left_out);
    }
    if (end->final != 0) {
        wmem_strbuf_append_printf(path, " -> %u", end->final);
    }
    return wmem_strbuf_finalize(path);
}

sip_slice_t
redirect_attempt_method(const redirect_attempt_t *attempt)
{
    static const char *const names[] = {
        [SIP_METHOD_ACK] = "ACK",           [SIP_METHOD_BYE] = "BYE",         [SIP_METHOD_CANCEL] = "CANCEL",
        [SIP_METHOD_INFO] = "INFO",         [SIP_METHOD_INVITE] = "INVITE",   [SIP_METHOD_MESSAGE] = "MESSAGE",
        [SIP_METHOD_NOTIFY] = "NOTIFY",     [SIP_METHOD_OPTIONS] = "OPTIONS", [SIP_METHOD_PRACK] = "PRACK",
        [SIP_METHOD_PUBLISH] = "PUBLISH",   [SIP_METHOD_REFER] = "REFER",     [SIP_METHOD_REGISTER] = "REGISTER",
        [SIP_METHOD_SUBSCRIBE] = "SUBSCRIBE", [SIP_METHOD_UPDATE] = "UPDATE",
    };

    if (attempt->method == SIP_METHOD_OTHER) {
        return attempt->other_method;
    }
    return sip_slice_from_string(names[attempt->method]);
}
