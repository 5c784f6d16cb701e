/* redirect-hidden.c
 * What the caller got in place of a response, and of what a response was made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-hidden.h"

#include <glib.h>

/* Of a chain: what else an element got may be in the capture, and is not looked at. */
#define GAPS_HIDING_BRANCHES                                                                                           \
    (REDIRECT_GAP_CHAIN_FULL | REDIRECT_GAP_CALL_LET_GO | REDIRECT_GAP_CALL_FORGOTTEN | REDIRECT_GAP_LEGS |            \
     REDIRECT_GAP_STEPS)

static bool
is_complete(const redirect_chain_t *chain)
{
    return !chain->truncated && (chain->gaps & GAPS_HIDING_BRANCHES) == 0;
}

/* It is over without an answer of its own: given up before there was one. */
static bool
has_no_answer(const redirect_transaction_t *transaction)
{
    return transaction->response.status == 0 && transaction->extras->cancel == NULL;
}

/* Another branch of the request above gave the answer that went up, or may have given it: then nothing is hidden. */
static bool
came_from_beside(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    for (const redirect_transaction_t *other = redirect_next_below(above, NULL); other;
         other = redirect_next_below(above, other)) {
        if (other != transaction && (has_no_answer(other) || other->response.status == above->response.status)) {
            return true;
        }
    }
    return false;
}

/* The nearest transaction above one that has another final status; *below is the one under it. */
static const redirect_transaction_t *
other_answer_above(const redirect_transaction_t *transaction, const redirect_transaction_t **below)
{
    const redirect_transaction_t *above = transaction;

    while (above && above->response.status == transaction->response.status) {
        *below = above;
        above = redirect_transaction_above(above);
    }
    return above;
}

/* Before the other request got its answer, this one had no answer and was not given up. */
static bool
was_open_at_the_end_of(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    const redirect_cancel_t *cancel = transaction->extras->cancel;
    const uint32_t end = above->response.frame;

    return (transaction->response.status == 0 || transaction->response.frame > end) &&
           (cancel == NULL || cancel->frame > end);
}

/* An answer below 300, or one to a CANCEL, stands for no redirect and no failure. */
static bool
stands_for_another(const redirect_transaction_t *above, const redirect_transaction_t *below)
{
    return above->response.status >= 300 && !redirect_is_cancelled(above) && !was_open_at_the_end_of(below, above);
}

/* A proxy that puts the targets of several redirects into one hides none of them. */
static bool
is_passed_on_in(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    return transaction->redirect && above->redirect && above->redirect->source;
}

/* It is chosen over all other answers (RFC 3261 16.7 step 6), whatever the other branches gave. */
static bool
is_global_failure(const redirect_transaction_t *transaction)
{
    return transaction->response.status / 100 == 6;
}

static bool
was_gone_on_from(const redirect_transaction_t *transaction)
{
    return transaction->extras->retried_by || (transaction->redirect && transaction->redirect->followed);
}

/*
 * What above answered stands for what below got, or what passed it on to below, but for other branches.
 * @param transaction below, or one farther on that got the same answer
 */
static bool
stands_for(const redirect_transaction_t *above, const redirect_transaction_t *below,
           const redirect_transaction_t *transaction)
{
    return stands_for_another(above, below) && !is_passed_on_in(transaction, above);
}

/* A 6xx is hidden whatever the other branches gave; all else only where none of them gave the answer. */
static bool
may_come_from_beside(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    return !is_global_failure(transaction) || is_global_failure(above);
}

const redirect_transaction_t *
redirect_answered_otherwise(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *below = transaction, *above;

    if (transaction->chain == NULL || transaction->response.status < 300 || was_gone_on_from(transaction) ||
        !is_complete(transaction->chain)) {
        return NULL;
    }
    above = other_answer_above(transaction, &below);
    if (above == NULL || !stands_for(above, below, transaction) ||
        (may_come_from_beside(transaction, above) && came_from_beside(below, above))) {
        return NULL;
    }
    for (const redirect_transaction_t *next = redirect_transaction_above(above);
         next && next->response.status == above->response.status; next = redirect_transaction_above(next)) {
        above = next;
    }
    return above;
}

bool
redirect_is_redirect_or_refusal(const redirect_transaction_t *transaction)
{
    const unsigned class = transaction->response.status / 100;

    return class == 3 || class == 6;
}

const redirect_transaction_t *
redirect_hidden_by(const redirect_transaction_t *transaction)
{
    return redirect_is_redirect_or_refusal(transaction) ? redirect_answered_otherwise(transaction) : NULL;
}

void
redirect_stood_for_init(redirect_stood_for_iter_t *iter, const redirect_transaction_t *above)
{
    *iter = (redirect_stood_for_iter_t){.above = above->chain && is_complete(above->chain) ? above : NULL};
    if (iter->above) {
        iter->next = redirect_next_below(above, NULL);
        iter->is_from_beside = came_from_beside(NULL, above); /* what holds for one branch holds for all */
    }
}

static bool
is_stood_for(const redirect_stood_for_iter_t *iter, const redirect_transaction_t *below)
{
    return below->response.status >= 300 && below->response.status != iter->above->response.status &&
           !was_gone_on_from(below) && stands_for(iter->above, below, below) &&
           !(iter->is_from_beside && may_come_from_beside(below, iter->above));
}

const redirect_transaction_t *
redirect_stood_for_next(redirect_stood_for_iter_t *iter)
{
    const redirect_transaction_t *found;

    while (iter->next && !is_stood_for(iter, iter->next)) {
        iter->next = redirect_next_below(iter->above, iter->next);
    }
    found = iter->next;
    iter->next = found ? redirect_next_below(iter->above, found) : NULL;
    return found;
}

const redirect_transaction_t *
redirect_record_hidden_by(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return transaction && record->status == transaction->response.status ? redirect_hidden_by(transaction) : NULL;
}

/* What is not captured of an open branch may be the answer that went up. */
static bool
may_have_come_from(const redirect_transaction_t *above)
{
    const redirect_transaction_t *other = redirect_next_below(above, NULL);

    while (other && !was_open_at_the_end_of(other, above)) {
        other = redirect_next_below(above, other);
    }
    return other != NULL;
}

const redirect_transaction_t *
redirect_passed_on_from(const redirect_transaction_t *above)
{
    const redirect_transaction_t *other = redirect_next_below(above, NULL);

    while (other &&
           (other->response.status != above->response.status || other->response.frame > above->response.frame)) {
        other = redirect_next_below(above, other);
    }
    return other;
}

const redirect_transaction_t *
redirect_made_at(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *maker = transaction, *below;

    if (transaction->chain == NULL || !redirect_is_redirect_or_refusal(transaction) ||
        !is_complete(transaction->chain)) {
        return NULL;
    }
    /* Each is farther on than the one before: redirect_store_check() sees to it that there is no circle. */
    while ((below = redirect_passed_on_from(maker)) != NULL) {
        maker = below;
    }
    return redirect_next_below(maker, NULL) && !may_have_come_from(maker) ? maker : NULL;
}

const redirect_transaction_t *
redirect_next_made_of(const redirect_transaction_t *maker, const redirect_transaction_t *previous)
{
    const redirect_transaction_t *other = redirect_next_below(maker, previous);

    while (other && (other->response.status < 300 || other->response.frame > maker->response.frame ||
                     was_gone_on_from(other) || redirect_is_cancelled(other))) {
        other = redirect_next_below(maker, other);
    }
    return other;
}

bool
redirect_is_branch_beside(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return a != b && a->request.via_count > 1 && a->request.via_count == b->request.via_count &&
           a->via_path == b->via_path;
}

const redirect_transaction_t *
redirect_refused_before(const redirect_transaction_t *redirected)
{
    const redirect_transaction_t *other = redirected->chain ? redirected->chain->first_transaction : NULL;

    if (redirected->response.status / 100 != 3 || redirected->request.via_count < 2) {
        return NULL;
    }
    while (other && !(is_global_failure(other) && other->response.frame < redirected->response.frame &&
                      redirect_is_branch_beside(redirected, other))) {
        other = other->next_in_chain;
    }
    return other;
}

/* Sent by the same element, for what it had got or for itself. */
static bool
is_from_same_client(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    const redirect_transaction_t *above = redirect_transaction_above(a);

    return redirect_transaction_above(b) == above &&
           (above || redirect_is_branch_beside(a, b) ||
            redirect_same_address(redirect_request_source(a), redirect_request_source(b)));
}

/* The same URI at the same address is the same phone, asked again. */
static bool
is_elsewhere(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return !redirect_same_request_uri(a, b) ||
           !redirect_same_address(redirect_request_destination(a), redirect_request_destination(b));
}

/* A proxy may know the phones of one user by any names. What it tries after one refused may be for another user. */
static bool
is_for_same_user(const redirect_transaction_t *refused, const redirect_transaction_t *other)
{
    return redirect_same_user(refused, other) ||
           (redirect_is_branch_beside(refused, other) && redirect_cause(refused) == redirect_cause(other) &&
            other->request.frame < refused->response.frame);
}

static bool
was_refused_for_good(const redirect_transaction_t *refused, const redirect_transaction_t *other)
{
    const uint32_t retry_after = refused->extras->retry_after;

    return retry_after == 0 ||
           other->request.time - refused->response.time < (redirect_time_t)retry_after * REDIRECT_SECOND;
}

/* redirect_proved_wrong_by(), of those beside level, which refused or passed the refusal on. */
static const redirect_transaction_t *
answered_beside(const redirect_transaction_t *level, const redirect_transaction_t *refused)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *other = level->chain->first_transaction; other; other = other->next_in_chain) {
        if (other->response.status / 100 == 2 && other->response.frame > refused->response.frame &&
            (found == NULL || other->response.frame < found->response.frame) && redirect_same_method(other, refused) &&
            !redirect_is_announcement(other) && is_from_same_client(level, other) && is_elsewhere(level, other) &&
            is_for_same_user(level, other) && was_refused_for_good(refused, other)) {
            found = other;
        }
    }
    return found;
}

const redirect_transaction_t *
redirect_proved_wrong_by(const redirect_transaction_t *refused)
{
    const redirect_transaction_t *found = NULL;

    if (refused->chain == NULL || refused->request.method != SIP_METHOD_INVITE || refused->request.in_dialog ||
        (refused->response.status != 600 && refused->response.status != 603) || redirect_made_at(refused)) {
        return NULL;
    }
    for (const redirect_transaction_t *level = refused;
         found == NULL && level && level->response.status == refused->response.status;
         level = redirect_transaction_above(level)) {
        found = answered_beside(level, refused);
    }
    return found;
}

const redirect_transaction_t *
redirect_tried_next(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *above = redirect_transaction_above(transaction), *other;

    if (above == NULL || transaction->response.status == 0) {
        return NULL;
    }
    other = redirect_next_below(above, transaction);
    while (other && (other->request.frame < transaction->response.frame || other->link || other->extras->retry_of)) {
        other = redirect_next_below(above, other);
    }
    return other;
}

redirect_confidence_t
redirect_confidence_between(const redirect_transaction_t *below, const redirect_transaction_t *above)
{
    redirect_confidence_t confidence = REDIRECT_CONFIDENCE_CERTAIN;

    for (; below && below != above; below = redirect_transaction_above(below)) {
        if (below->upstream == NULL && below->extras->leg) {
            confidence = MAX(confidence, (redirect_confidence_t)below->extras->leg->confidence);
        }
    }
    return confidence;
}
