/* redirect-outcome.c
 * How a chain ended, and the path that a transaction is on, told from what the tracker knows so far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-tracker-int.h"

/* A client that got no answer at all gives up after Timer B (RFC 3261 17.1.1.2). */
#define NO_ANSWER_AFTER (32 * REDIRECT_SECOND)

const redirect_transaction_t *
redirect_transaction_before(const redirect_transaction_t *transaction)
{
    if (transaction->cause) {
        return transaction->cause_transaction;
    }
    if (transaction->retry_of) {
        return transaction->retry_of;
    }
    return transaction->upstream_late ? NULL : transaction->upstream;
}

/* --- outcome ------------------------------------------------------------------------------------------------------ */

/* What some transactions of one chain come to. */
typedef struct {
    const redirect_transaction_t *answered; /* the first 2xx */
    const redirect_transaction_t *refused;  /* the latest 6xx */
    const redirect_transaction_t *ended;    /* the latest other final */
    const redirect_transaction_t *cancelled;
    const redirect_transaction_t *waiting; /* one without a final that may still come */
    const redirect_transaction_t *silent;  /* one whose final was not captured and cannot be expected any more */
} tally_t;

static bool
is_later(const redirect_transaction_t *transaction, const redirect_transaction_t *than)
{
    return than == NULL || transaction->final_frame > than->final_frame;
}

/*
 * Given up by its own client, or by a proxy for it (RFC 3261 16.7 step 10); a 3xx that crossed the CANCEL is no longer
 * followed. Only a CANCEL or a BYE makes a 487 (21.4.25), whether it was captured or not.
 */
static bool
is_cancelled(const redirect_transaction_t *transaction)
{
    return transaction->final == 487 ||
           (transaction->cancel_frame != 0 &&
            (transaction->final == 0 ||
             (transaction->final / 100 == 3 && transaction->cancel_frame < transaction->final_frame)));
}

static bool
may_still_end(const redirect_tracker_t *tracker, const redirect_transaction_t *transaction)
{
    return transaction->last_provisional > 100 || tracker->now - transaction->request_time < NO_ANSWER_AFTER;
}

/* Of a follow-up whose forward was captured before it, only the forward is listed: this is what it is a forward of. */
static const redirect_transaction_t *
followup_top(const redirect_transaction_t *followup)
{
    while (followup->upstream && followup->upstream->cause == followup->cause) {
        followup = followup->upstream;
    }
    return followup;
}

/* Whether the client itself went on, not a proxy farther on that shares the redirect with it. */
static bool
is_followed_beside(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = transaction->redirect ? transaction->redirect->first_followup : NULL;

    while (next && followup_top(next)->upstream != transaction->upstream) {
        next = next->next_followup;
    }
    return next != NULL;
}

static void
tally_add(const redirect_tracker_t *tracker, tally_t *tally, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t **latest;

    if (transaction->final / 100 == 2) {
        if (tally->answered == NULL || transaction->final_frame < tally->answered->final_frame) {
            tally->answered = transaction;
        }
        return;
    }
    if (transaction->retried_by || is_followed_beside(transaction)) {
        return; /* what came of it decides */
    }
    if (is_cancelled(transaction)) {
        latest = &tally->cancelled;
    } else if (transaction->final == 0) {
        latest = may_still_end(tracker, transaction) ? &tally->waiting : &tally->silent;
    } else if (transaction->final / 100 == 6) {
        latest = &tally->refused;
    } else {
        latest = &tally->ended;
    }
    if (is_later(transaction, *latest)) {
        *latest = transaction;
    }
}

static bool
is_far_below(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    for (transaction = transaction->upstream; transaction; transaction = transaction->upstream) {
        if (transaction == above) {
            return true;
        }
    }
    return false;
}

/* The transactions that nothing captured stands above, or those farther on than one of them. */
static tally_t
tally_of(const redirect_tracker_t *tracker, const redirect_chain_t *chain, const redirect_transaction_t *above)
{
    tally_t tally = {.answered = NULL};

    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (above ? is_far_below(transaction, above) : transaction->upstream == NULL) {
            tally_add(tracker, &tally, transaction);
        }
    }
    return tally;
}

/*
 * Among the branches of one proxy a 6xx is chosen over all else (RFC 3261 16.7 step 6). Of a client that went on
 * nonetheless, what came later counts.
 */
static const redirect_transaction_t *
refused_or_ended(const tally_t *tally)
{
    const redirect_transaction_t *refused = tally->refused, *ended = tally->ended;

    if (refused == NULL || ended == NULL) {
        return refused ? refused : ended;
    }
    if (refused->via_count > 1 && refused->via_path_hash == ended->via_path_hash) {
        return refused;
    }
    return is_later(refused, ended) ? refused : ended;
}

/* A 6xx before the CANCEL is its reason, said or not: the 487 is a consequence (RFC 3261 16.7 step 5). */
static const redirect_transaction_t *
decide(const tally_t *tally)
{
    const redirect_transaction_t *last = refused_or_ended(tally);
    const redirect_transaction_t *cancelled = tally->cancelled;

    if (tally->answered || cancelled == NULL) {
        return tally->answered ? tally->answered : last;
    }
    if (last && (last->final_frame > MAX(cancelled->final_frame, cancelled->cancel_frame) ||
                 (last->final / 100 == 6 && last->final_frame < cancelled->cancel_frame))) {
        return last;
    }
    return cancelled;
}

/* What decided a chain, as the original client saw it; where its own leg shows no final, as a leg farther on does. */
static const redirect_transaction_t *
decisive_transaction(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    tally_t tally = tally_of(tracker, chain, NULL);
    const redirect_transaction_t *open = tally.waiting ? tally.waiting : tally.silent;
    const redirect_transaction_t *decided = tally.answered || tally.waiting ? tally.answered : decide(&tally);
    tally_t below;

    if (decided || open == NULL) {
        return decided;
    }
    below = tally_of(tracker, chain, open);
    if (tally.waiting) { /* only these two cannot be followed by anything better */
        return below.answered ? below.answered : below.refused;
    }
    return below.waiting ? NULL : decide(&below);
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
waited_long_enough(const redirect_tracker_t *tracker, const redirect_transaction_t *transaction)
{
    return tracker->now - transaction->final_time >= REDIRECT_NOT_FOLLOWED_AFTER;
}

static redirect_outcome_t
outcome_of(const redirect_tracker_t *tracker, const redirect_transaction_t *transaction)
{
    if (is_cancelled(transaction)) {
        return REDIRECT_OUTCOME_CANCELLED;
    }
    switch (transaction->final / 100) {
    case 2:
        return REDIRECT_OUTCOME_ANSWERED;
    case 3:
        /* The alternatives of a 380 stand in its body; the call itself has failed (RFC 3261 21.3.5). */
        if (transaction->final == 380) {
            return REDIRECT_OUTCOME_FAILED;
        }
        return waited_long_enough(tracker, transaction) ? REDIRECT_OUTCOME_NOT_FOLLOWED : REDIRECT_OUTCOME_UNFINISHED;
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
    const redirect_transaction_t *transaction = decisive_transaction(tracker, chain);

    if (transaction == NULL) {
        return result;
    }
    result.outcome = outcome_of(tracker, transaction);
    result.transaction = transaction;
    if (result.outcome != REDIRECT_OUTCOME_UNFINISHED) {
        result.final_code = transaction->final;
        result.final_frame = transaction->final_frame;
        result.final_time = transaction->final_time;
    }
    return result;
}

bool
redirect_is_not_followed(const redirect_tracker_t *tracker, const redirect_t *redirect)
{
    redirect_result_t result;

    if (redirect->transaction == NULL || redirect->followed || !has_followable_target(redirect) ||
        redirect->code == 380) {
        return false;
    }
    result = redirect_chain_result(tracker, redirect->transaction->chain);
    return result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED && result.transaction->redirect == redirect;
}

/* --- path --------------------------------------------------------------------------------------------------------- */

static uint16_t
final_in_the_end(const redirect_transaction_t *transaction)
{
    while (transaction->retried_by) {
        transaction = transaction->retried_by;
    }
    return transaction->final;
}

/* Of two follow-ups the one that matters more: one that was answered, else the later one. */
static const redirect_transaction_t *
weightier(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    if (a == NULL || b == NULL) {
        return a ? a : b;
    }
    if ((final_in_the_end(a) / 100 == 2) != (final_in_the_end(b) / 100 == 2)) {
        return final_in_the_end(a) / 100 == 2 ? a : b;
    }
    return a->request_frame > b->request_frame ? a : b;
}

/* Made by the client of transaction or by one nearer to the caller; what a proxy farther on did is not on its path. */
static bool
is_at_or_above(const redirect_transaction_t *followup, const redirect_transaction_t *transaction)
{
    followup = followup_top(followup);
    while (transaction && transaction->upstream != followup->upstream) {
        transaction = transaction->upstream;
    }
    return transaction != NULL;
}

/* The follow-up of a transaction's redirect, or of one made from it, that matters most; NULL where there is none. */
static const redirect_transaction_t *
decisive_followup(const redirect_transaction_t *transaction)
{
    const redirect_t *redirect = transaction->redirect;
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->next_followup) {
        found = is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    for (unsigned i = 0; found == NULL && i < redirect->target_count; i++) {
        const redirect_transaction_t *next = redirect->target[i].tried_by;
        found = next && is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    return found;
}

/* The forward whose answer went up as this transaction's own; where there is no answer yet, the latest one. */
static const redirect_transaction_t *
decisive_forward(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *other = transaction->chain->first_transaction; other;
         other = other->next_in_chain) {
        if (other->upstream != transaction || other->upstream_late ||
            (transaction->final != 0 && other->final != transaction->final)) {
            continue;
        }
        found = other;
        if (transaction->final != 0 && sip_slice_equal(transaction->final_to_tag, other->final_to_tag)) {
            break;
        }
    }
    return found;
}

/* One step from a transaction towards the end of its path; NULL at the end. */
static const redirect_transaction_t *
next_on_path(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = transaction->redirect ? decisive_followup(transaction) : NULL;

    if (next == NULL) {
        next = transaction->retried_by;
    }
    /* What a proxy did on its own before it passed a redirect up did not end the journey: the redirect did. */
    return next == NULL && transaction->redirect == NULL ? decisive_forward(transaction) : next;
}

const redirect_transaction_t *
redirect_path_end(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = next_on_path(transaction);

    /* Every step leads to a later transaction of the chain, so this ends; the limit bounds the time on hostile input. */
    for (unsigned steps = 0; next && steps < REDIRECT_MAX_TRANSACTIONS_PER_CALL; steps++) {
        transaction = next;
        next = next_on_path(transaction);
    }
    return transaction;
}

char *
redirect_transaction_uri(wmem_allocator_t *scope, const redirect_transaction_t *transaction)
{
    sip_uri_t uri;

    return sip_uri_parse(transaction->raw_uri, &uri) ? sip_uri_display(scope, &uri) : wmem_strdup(scope, "?");
}

char *
redirect_transaction_path(wmem_allocator_t *scope, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *follower[REDIRECT_MAX_PATH_HOPS];
    const redirect_transaction_t *end = redirect_path_end(transaction);
    const redirect_transaction_t *step = end;
    unsigned count = 0, left_out = 0;
    wmem_strbuf_t *path = wmem_strbuf_new(scope, "");
    char *uri;

    /* From the end back to the start, keeping the hops nearest to the start. */
    for (unsigned steps = 0; step && steps < 4 * REDIRECT_MAX_TRANSACTIONS_PER_CALL; steps++) {
        const redirect_transaction_t *before = redirect_transaction_before(step);
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
    uri = redirect_transaction_uri(NULL, step);
    wmem_strbuf_append(path, uri);
    wmem_free(NULL, uri);
    while (count > 0) {
        const redirect_transaction_t *hop = follower[--count];
        uri = redirect_transaction_uri(NULL, hop);
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
redirect_transaction_method(const redirect_transaction_t *transaction)
{
    static const char *const names[] = {
        [SIP_METHOD_ACK] = "ACK",
        [SIP_METHOD_BYE] = "BYE",
        [SIP_METHOD_CANCEL] = "CANCEL",
        [SIP_METHOD_INFO] = "INFO",
        [SIP_METHOD_INVITE] = "INVITE",
        [SIP_METHOD_MESSAGE] = "MESSAGE",
        [SIP_METHOD_NOTIFY] = "NOTIFY",
        [SIP_METHOD_OPTIONS] = "OPTIONS",
        [SIP_METHOD_PRACK] = "PRACK",
        [SIP_METHOD_PUBLISH] = "PUBLISH",
        [SIP_METHOD_REFER] = "REFER",
        [SIP_METHOD_REGISTER] = "REGISTER",
        [SIP_METHOD_SUBSCRIBE] = "SUBSCRIBE",
        [SIP_METHOD_UPDATE] = "UPDATE",
    };

    if (transaction->method == SIP_METHOD_OTHER) {
        return transaction->other_method;
    }
    return sip_slice_from_string(names[transaction->method]);
}
