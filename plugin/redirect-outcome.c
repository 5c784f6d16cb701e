/* redirect-outcome.c
 * How a chain ended, and the path that a transaction is on, from what the tracker knows so far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-outcome.h"

#include "redirect-hidden.h"

#include <wsutil/wmem/wmem_array.h>
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

    return redirect && redirect_hiding_gaps(store, redirect) == 0 &&
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

/* --- path --------------------------------------------------------------------------------------------------------- */

static uint16_t
final_in_the_end(const redirect_transaction_t *transaction)
{
    return redirect_last_try(transaction)->response.status;
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
    return a->request.frame > b->request.frame ? a : b;
}

/* Made by the client of transaction or by one nearer to the caller; what a proxy farther on did is not on its path. */
static bool
is_at_or_above(const redirect_transaction_t *followup, const redirect_transaction_t *transaction)
{
    followup = redirect_followup_top(followup);
    while (transaction && redirect_transaction_above(transaction) != redirect_transaction_above(followup)) {
        transaction = redirect_transaction_above(transaction);
    }
    return transaction != NULL;
}

/* The follow-up of a redirect, or of one made from it, that matters most; NULL where there is none. */
static const redirect_transaction_t *
followup_of(const redirect_t *redirect, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->link->next_followup) {
        found = is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    for (unsigned i = 0; found == NULL && i < redirect->target_count; i++) {
        const redirect_transaction_t *next = redirect->target[i].tried_by;
        found = next && is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    return found;
}

/* Of all redirects that a transaction got: nearly always one. */
static const redirect_transaction_t *
decisive_followup(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_t *redirect = transaction->redirect; redirect; redirect = redirect->later) {
        found = weightier(found, followup_of(redirect, transaction));
    }
    return found;
}

/* What a response was made of, farther on; the latest. */
static const redirect_transaction_t *
made_of(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL, *other;
    redirect_stood_for_iter_t iter;

    redirect_stood_for_init(&iter, transaction);
    while ((other = redirect_stood_for_next(&iter)) != NULL) {
        found = other->upstream_late ? found : other;
    }
    return found;
}

/* The forward whose answer went up as this transaction's own; where there is no answer yet, the latest one. */
static const redirect_transaction_t *
decisive_forward(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *other = redirect_next_below(transaction, NULL); other;
         other = redirect_next_below(transaction, other)) {
        if (other->upstream_late ||
            (transaction->response.status != 0 && other->response.status != transaction->response.status)) {
            continue;
        }
        found = other;
        if (transaction->response.status != 0 && transaction->response.to_tag == other->response.to_tag) {
            break;
        }
    }
    return found || transaction->response.status == 0 ? found : made_of(transaction);
}

/* One step from a transaction towards the end of its path; NULL at the end. */
static const redirect_transaction_t *
next_on_path(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = transaction->redirect ? decisive_followup(transaction) : NULL;

    if (next == NULL) {
        next = transaction->extras->retried_by;
    }
    /* What a proxy did on its own before it passed a redirect up did not end the journey: the redirect did. */
    return next == NULL && transaction->redirect == NULL ? decisive_forward(transaction) : next;
}

const redirect_transaction_t *
redirect_path_end(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = next_on_path(transaction);

    /* Every step leads to a later transaction of the chain, so this ends; the count is for what no thought foresees. */
    for (unsigned left = transaction->chain ? transaction->chain->transaction_count : 0; next && left > 0; left--) {
        transaction = next;
        next = next_on_path(transaction);
    }
    return transaction;
}

/* The follow-ups on a path, the latest first, and where the path begins. */
typedef struct {
    const redirect_transaction_t **followup;
    unsigned count;
    unsigned room;
    unsigned left_out;
    const redirect_transaction_t *start;
} hops_t;

static bool
asks_for_credentials(const redirect_transaction_t *transaction)
{
    return transaction->response.status == 401 || transaction->response.status == 407;
}

/* Of a request that was not visible at once, what was made of it says so: a proxy leaves such headers alone. */
static bool
was_without_credentials(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *below = transaction;

    while (below && !(below->request.lacks_credentials && below->response.status == transaction->response.status)) {
        below = redirect_next_below(transaction, below == transaction ? NULL : below);
    }
    return below != NULL;
}

bool
redirect_lacks_credentials(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *end;
    redirect_result_t result;

    if (transaction->chain == NULL || !asks_for_credentials(transaction) || transaction->extras->retried_by ||
        (transaction->extras->retry_of && asks_for_credentials(transaction->extras->retry_of)) ||
        !was_without_credentials(transaction) ||
        !redirect_clock_covers(redirect_store_clock(store), transaction->response.clock, transaction->response.time,
                               REDIRECT_FOLLOW_WITHIN) ||
        redirect_store_gave_up(store, transaction->response.clock) ||
        redirect_store_missed_message_since(store, transaction->response.clock)) {
        return false;
    }
    result = redirect_chain_result(store, transaction->chain);
    end = redirect_path_end(transaction->chain->root);
    return result.outcome == REDIRECT_OUTCOME_FAILED &&
           (transaction == result.transaction || transaction == end || redirect_transaction_is_below(end, transaction));
}

/* From the end back to the start, keeping the hops nearest to the start. */
static void
collect_hops(const redirect_transaction_t *end, hops_t *hops)
{
    for (const redirect_transaction_t *step = end; step; step = redirect_transaction_before(step)) {
        hops->start = step;
        if (step->link == NULL) {
            continue;
        }
        if (hops->count == hops->room) {
            memmove(hops->followup, hops->followup + 1, (hops->count - 1) * sizeof(hops->followup[0]));
            hops->left_out++;
            hops->count--;
        }
        hops->followup[hops->count++] = step;
    }
}

static void
add_element(wmem_array_t *path, redirect_path_kind_t kind, char *text)
{
    const redirect_path_element_t element = {kind, REDIRECT_CONFIDENCE_CERTAIN, text};

    wmem_array_append_one(path, element);
}

static void
add_followup(wmem_array_t *path, char *uri, redirect_confidence_t confidence)
{
    const redirect_path_element_t element = {REDIRECT_PATH_URI, confidence, uri};

    wmem_array_append_one(path, element);
}

const redirect_path_element_t *
redirect_path_elements(wmem_allocator_t *scope, const redirect_store_t *store,
                       const redirect_transaction_t *transaction, unsigned *count)
{
    const redirect_transaction_t *end = redirect_path_end(transaction);
    const redirect_transaction_t *caller_got = redirect_answered_otherwise(end);
    wmem_array_t *path = wmem_array_new(scope, sizeof(redirect_path_element_t));
    hops_t hops = {.room = redirect_store_config(store)->limits.path_hops, .start = end};

    hops.followup = wmem_alloc_array(NULL, const redirect_transaction_t *, hops.room);
    collect_hops(end, &hops);
    add_element(path, REDIRECT_PATH_URI, redirect_transaction_uri(scope, hops.start));
    while (hops.count > 0) {
        const redirect_transaction_t *hop = hops.followup[--hops.count];
        add_element(path, REDIRECT_PATH_CODE, wmem_strdup_printf(scope, "%u", hop->link->cause->code));
        add_followup(path, redirect_transaction_uri(scope, hop), hop->link->confidence);
    }
    wmem_free(NULL, hops.followup);
    if (hops.left_out > 0) {
        add_element(path, REDIRECT_PATH_HOPS_LEFT_OUT,
                    wmem_strdup_printf(scope, "(%u more hop%s)", hops.left_out, hops.left_out == 1 ? "" : "s"));
    }
    if (end->response.status != 0) {
        add_element(path, REDIRECT_PATH_CODE, wmem_strdup_printf(scope, "%u", end->response.status));
    }
    if (caller_got) {
        add_element(path, REDIRECT_PATH_CODE,
                    wmem_strdup_printf(scope, "(%u to the caller)", caller_got->response.status));
    }
    *count = wmem_array_get_count(path);
    return (const redirect_path_element_t *)wmem_array_get_raw(path);
}

static char *
path_text(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_transaction_t *transaction,
          bool says_confidence)
{
    unsigned count;
    wmem_allocator_t *own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE); /* scope may be NULL, and nobody frees then */
    const redirect_path_element_t *element = redirect_path_elements(own, store, transaction, &count);
    wmem_strbuf_t *path = wmem_strbuf_new(scope, "");

    for (unsigned i = 0; i < count; i++) {
        wmem_strbuf_append(path, i > 0 ? " -> " : "");
        if (says_confidence) {
            wmem_strbuf_append(path, redirect_confidence_words(element[i].confidence));
        }
        wmem_strbuf_append(path, element[i].text);
    }
    wmem_destroy_allocator(own);
    return wmem_strbuf_finalize(path);
}

char *
redirect_transaction_path(wmem_allocator_t *scope, const redirect_store_t *store,
                          const redirect_transaction_t *transaction)
{
    return path_text(scope, store, transaction, false);
}

char *
redirect_transaction_path_told(wmem_allocator_t *scope, const redirect_store_t *store,
                               const redirect_transaction_t *transaction)
{
    return path_text(scope, store, transaction, true);
}
