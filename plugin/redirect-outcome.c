/* redirect-outcome.c
 * How a chain ended, and the path that a transaction is on, from what the tracker knows so far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-outcome.h"

#include "redirect-hidden.h"

#include <wsutil/wmem/wmem_strutl.h>

/* Of a chain: how it went on may be in the capture, and is not looked at. */
#define GAPS_HIDING_THE_END (REDIRECT_GAP_CHAIN_FULL | REDIRECT_GAP_CALL_LET_GO | REDIRECT_GAP_CALL_FORGOTTEN)

/* --- outcome ------------------------------------------------------------------------------------------------------ */

/* What some transactions of one chain come to. */
typedef struct {
    const redirect_transaction_t *answered; /* the first 2xx */
    const redirect_transaction_t *refused;  /* the latest 6xx */
    const redirect_transaction_t *ended;    /* the latest other final */
    const redirect_transaction_t *cancelled;
    const redirect_transaction_t *waiting; /* one without a final that may still come */
    const redirect_transaction_t *silent;  /* the latest without one that can be expected any more */
} tally_t;

/* By their final responses; of those that have none, by their requests. */
static bool
is_later(const redirect_transaction_t *transaction, const redirect_transaction_t *than)
{
    return than == NULL || transaction->response.frame > than->response.frame ||
           (transaction->response.frame == than->response.frame && transaction->first_frame > than->first_frame);
}

/* The capture goes on for as long as a final response may take. */
static bool
is_waited_out(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_response_t *response = &transaction->response;

    return redirect_clock_covers(redirect_store_clock(store), response->clock,
                                 MAX(response->time, transaction->request.time), redirect_waits_for(transaction));
}

static bool
may_still_end(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    return !transaction->response.is_unseen && !is_waited_out(store, transaction);
}

/* Whether the client itself went on, not a proxy farther on that shares the redirect with it. */
static bool
is_followed_beside(const redirect_transaction_t *transaction)
{
    for (const redirect_t *redirect = transaction->redirect; redirect; redirect = redirect->later) {
        for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->link->next_followup) {
            if (redirect_transaction_above(redirect_followup_top(next)) == redirect_transaction_above(transaction)) {
                return true;
            }
        }
    }
    return false;
}

static void
tally_add(const redirect_store_t *store, tally_t *tally, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t **latest;

    if (redirect_is_announcement(transaction)) {
        return;
    }
    if (transaction->response.status / 100 == 2) {
        if (tally->answered == NULL || transaction->response.frame < tally->answered->response.frame) {
            tally->answered = transaction;
        }
        return;
    }
    if (transaction->extras->retried_by || is_followed_beside(transaction)) {
        return; /* what came of it decides */
    }
    if (redirect_is_cancelled(transaction)) {
        latest = &tally->cancelled;
    } else if (transaction->response.status == 0) {
        latest = may_still_end(store, transaction) ? &tally->waiting : &tally->silent;
    } else if (transaction->response.status / 100 == 6) {
        latest = &tally->refused;
    } else {
        latest = &tally->ended;
    }
    if (is_later(transaction, *latest)) {
        *latest = transaction;
    }
}

/* The transactions that nothing captured stands above, or those farther on than one of them. */
static tally_t
tally_of(const redirect_store_t *store, const redirect_chain_t *chain, const redirect_transaction_t *above)
{
    tally_t tally = {.answered = NULL};

    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (above ? redirect_transaction_is_below(transaction, above)
                  : redirect_transaction_above(transaction) == NULL) {
            tally_add(store, &tally, transaction);
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
    if (refused->request.via_count > 1 && refused->via_path == ended->via_path) {
        return refused;
    }
    return is_later(refused, ended) ? refused : ended;
}

static uint32_t
cancel_frame(const redirect_transaction_t *transaction)
{
    return transaction->extras->cancel ? transaction->extras->cancel->frame : 0;
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
    if (last && (last->response.frame > MAX(cancelled->response.frame, cancel_frame(cancelled)) ||
                 (last->response.status / 100 == 6 && last->response.frame < cancel_frame(cancelled)))) {
        return last;
    }
    return cancelled;
}

/* A B2BUA goes on after a global failure as it likes: only what a proxy gets is passed on (RFC 3261 16.7 step 5). */
static bool
is_across_legs(const redirect_transaction_t *transaction)
{
    while (transaction && (transaction->upstream || transaction->extras->leg == NULL)) {
        transaction = transaction->upstream;
    }
    return transaction != NULL;
}

/* What a client sent after all else was over counts, though nobody answered; but for a 6xx nothing comes after. */
static bool
went_on(const tally_t *tally, const redirect_transaction_t *decided)
{
    return tally->silent && decided->response.status / 100 != 6 && decided->response.status / 100 != 2 &&
           tally->silent->request.frame > MAX(decided->response.frame, cancel_frame(decided));
}

/* What decided among transactions of which none is waited for; the latest that got no answer, where nothing did. */
static const redirect_transaction_t *
decide_or_silent(const tally_t *tally)
{
    const redirect_transaction_t *decided = decide(tally);

    return decided == NULL || went_on(tally, decided) ? tally->silent : decided;
}

/* What decided a chain, as the original client saw it; where its own leg shows no final, as a leg farther on does. */
static const redirect_transaction_t *
decisive_transaction(const redirect_store_t *store, const redirect_chain_t *chain)
{
    const tally_t tally = tally_of(store, chain, NULL);
    const redirect_transaction_t *decided = tally.answered || tally.waiting ? tally.answered : decide_or_silent(&tally);
    tally_t below;

    if (tally.answered || (decided && decided != tally.silent) || (decided == NULL && tally.waiting == NULL)) {
        return decided;
    }
    below = tally_of(store, chain, tally.waiting ? tally.waiting : tally.silent);
    if (tally.waiting) { /* only these two cannot be followed by anything better */
        return below.answered || is_across_legs(below.refused) ? below.answered : below.refused;
    }
    if (below.waiting) {
        return NULL;
    }
    decided = decide_or_silent(&below);
    return decided ? decided : tally.silent;
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

unsigned
redirect_hiding_gaps(const redirect_store_t *store, const redirect_t *redirect)
{
    const unsigned of_redirect = REDIRECT_GAP_PENDING_DROPPED | REDIRECT_GAP_CUT | REDIRECT_GAP_TARGETS;
    unsigned gaps = redirect->gaps & of_redirect;

    if (redirect->transaction) {
        gaps |= redirect->transaction->chain->gaps & GAPS_HIDING_THE_END;
    }
    return redirect_store_gave_up(store, redirect->clock) ? gaps | REDIRECT_GAP_STEPS : gaps;
}

/* That nobody followed is known only where nothing can have hidden it. */
static bool
is_left_alone(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_t *redirect = transaction->redirect;

    return redirect && !redirect->is_nameless && redirect->maybe_in == 0 &&
           redirect_hiding_gaps(store, redirect) == 0 &&
           redirect_clock_covers(redirect_store_clock(store), transaction->response.clock, transaction->response.time,
                                 REDIRECT_FOLLOW_WITHIN);
}

/* How long a request without an answer is looked at. */
static unsigned
remembered_for(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_limits_t *limits = &redirect_store_config(store)->limits;

    return transaction->request.method == SIP_METHOD_INVITE ? limits->timeout_unanswered_s : limits->timeout_visible_s;
}

bool
redirect_has_no_answer(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_response_t *response = &transaction->response;

    return response->status == 0 && !response->is_unseen && transaction->request.frame != 0 && transaction->chain &&
           !redirect_is_cancelled(transaction) && is_waited_out(store, transaction) &&
           (transaction->chain->gaps & GAPS_HIDING_THE_END) == 0 && !transaction->chain->truncated &&
           remembered_for(store, transaction) * REDIRECT_SECOND >= redirect_waits_for(transaction) &&
           !redirect_store_missed_message_since(store, response->clock) &&
           !redirect_store_gave_up(store, response->clock);
}

/* Nobody whom it went through nearer to the caller got an answer either. */
static bool
nobody_got_answer(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    while (transaction && redirect_has_no_answer(store, transaction)) {
        transaction = redirect_transaction_above(transaction);
    }
    return transaction == NULL;
}

static redirect_outcome_t
outcome_of(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    if (redirect_is_cancelled(transaction)) {
        return REDIRECT_OUTCOME_CANCELLED;
    }
    switch (transaction->response.status / 100) {
    case 0:
        return nobody_got_answer(store, transaction) ? REDIRECT_OUTCOME_NO_ANSWER : REDIRECT_OUTCOME_UNFINISHED;
    case 2:
        return REDIRECT_OUTCOME_ANSWERED;
    case 3:
        /* The alternatives of a 380 stand in its body; the call itself has failed (RFC 3261 21.3.5). */
        if (transaction->response.status == 380) {
            return REDIRECT_OUTCOME_FAILED;
        }
        return is_left_alone(store, transaction) ? REDIRECT_OUTCOME_NOT_FOLLOWED : REDIRECT_OUTCOME_UNFINISHED;
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
redirect_chain_result(const redirect_store_t *store, const redirect_chain_t *chain)
{
    redirect_result_t result = {.outcome = REDIRECT_OUTCOME_UNFINISHED};
    const redirect_transaction_t *transaction = decisive_transaction(store, chain);

    if (transaction == NULL) {
        return result;
    }
    result.outcome = outcome_of(store, transaction);
    if ((result.outcome != REDIRECT_OUTCOME_ANSWERED && (chain->gaps & GAPS_HIDING_THE_END)) ||
        (result.outcome == REDIRECT_OUTCOME_UNFINISHED && transaction->response.status == 0)) {
        return (redirect_result_t){.outcome = REDIRECT_OUTCOME_UNFINISHED};
    }
    result.transaction = transaction;
    if (result.outcome != REDIRECT_OUTCOME_UNFINISHED) {
        result.final_code = transaction->response.status;
        result.final_frame = transaction->response.frame;
        result.final_time = transaction->response.time;
    }
    return result;
}

void
redirect_append_sent(wmem_strbuf_t *text, const redirect_transaction_t *transaction)
{
    const unsigned repeats = transaction->response.repeats;

    if (repeats == 1) {
        wmem_strbuf_append(text, ", sent twice");
    } else if (repeats > 1) {
        wmem_strbuf_append_printf(text, ", sent %s%u times", repeats == REDIRECT_MOST_REPEATS ? "more than " : "",
                                  repeats == REDIRECT_MOST_REPEATS ? repeats : repeats + 1);
    }
}

char *
redirect_result_words(wmem_allocator_t *scope, const redirect_result_t *result)
{
    const redirect_transaction_t *transaction = result->transaction;
    wmem_strbuf_t *text = wmem_strbuf_new(scope, redirect_outcome_name(result->outcome));

    if (result->outcome == REDIRECT_OUTCOME_NO_ANSWER) {
        wmem_strbuf_append_printf(text, " (frame %u", transaction->request.frame);
        if (transaction->response.provisional > 100) {
            wmem_strbuf_append_printf(text, ", after a %u", transaction->response.provisional);
        }
        redirect_append_sent(text, transaction);
        if (transaction->extras->unreachable_in) {
            wmem_strbuf_append_printf(text, ", ICMP error in frame %u", transaction->extras->unreachable_in);
        }
        wmem_strbuf_append_c(text, ')');
    }
    return wmem_strbuf_finalize(text);
}

bool
redirect_is_not_followed(const redirect_store_t *store, const redirect_t *redirect)
{
    redirect_result_t result;

    if (redirect->transaction == NULL || redirect->followed || !has_followable_target(redirect) ||
        redirect->code == 380) {
        return false;
    }
    result = redirect_chain_result(store, redirect->transaction->chain);
    return result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED && result.transaction->redirect == redirect;
}

bool
redirect_waits_for_followup(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_t *redirect = transaction->redirect;
    redirect_result_t result;

    if (redirect == NULL || transaction->chain == NULL || redirect->followed || redirect->dip_response ||
        redirect->code == 380 || !has_followable_target(redirect) || redirect_hiding_gaps(store, redirect) != 0 ||
        redirect_store_clock(store)->now <= transaction->response.clock) {
        return false;
    }
    result = redirect_chain_result(store, transaction->chain);
    return result.outcome == REDIRECT_OUTCOME_UNFINISHED && result.transaction &&
           result.transaction->redirect == redirect;
}
