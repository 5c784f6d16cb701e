/* redirect-verdict-result.c
 * What came of a response, in a verdict: which sighting it is, what followed, what the caller got, how it ended.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-hidden.h"
#include "redirect-text.h"
#include "redirect-verdict-int.h"

/* Follow-ups that a verdict lists; sip_redirect.chain.followed_in has them all. */
#define MAX_FOLLOWUPS 8

static bool
is_call(const redirect_record_t *record)
{
    return redirect_words_for_request(record) == NULL;
}

/* --- which sighting it is ------------------------------------------------------------------------------------------ */

/* Who passed on what a transaction got: a B2BUA has an address on both of its sides, a proxy is the Vias' affair. */
static const char *
passed_on_by(const redirect_transaction_t *transaction, char address[REDIRECT_ENDPOINT_TEXT])
{
    return transaction->extras->leg ? redirect_endpoint_text(redirect_request_source(transaction), address) : "a proxy";
}

/* The transaction had its final response before. */
static void
put_later_response(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    const redirect_t *redirect = redirect_of_record(record);

    redirect_line_clause(line, "");
    if (redirect && redirect != transaction->redirect && redirect->transaction == transaction) {
        wmem_strbuf_append_printf(line->text, "another %u than that in frame %u, for the same request", record->status,
                                  transaction->response.frame);
    } else if (transaction->response.status != record->status) {
        wmem_strbuf_append_printf(line->text, "too late, the %u in frame %u had ended it", transaction->response.status,
                                  transaction->response.frame);
    } else if (record->is_copy) {
        wmem_strbuf_append_printf(line->text, "the same once more (first in frame %u)", transaction->response.frame);
    } else {
        wmem_strbuf_append_printf(line->text, "sent again, first in frame %u", transaction->response.frame);
    }
}

/* The redirects of all branches that a proxy put together: "the 302 in frames 5 and 6". */
static void
put_sources(redirect_line_t *line, const redirect_t *redirect)
{
    const redirect_transaction_t *of = redirect_next_below(redirect->transaction, NULL);
    unsigned count = 0;

    for (; of; of = redirect_next_below(redirect->transaction, of)) {
        if (of->redirect && of->redirect->frame < redirect->frame && of->redirect != redirect->source) {
            wmem_strbuf_append_printf(line->text, "%s%u", count == 0 ? "the redirects in frames " : ", ",
                                      of->redirect->frame);
            count++;
        }
    }
    if (count == 0) {
        wmem_strbuf_append_printf(line->text, "the %u in frame %u", redirect->source->code, redirect->source->frame);
    } else {
        wmem_strbuf_append_printf(line->text, " and %u", redirect->source->frame);
    }
}

static bool
is_later_response(const redirect_record_t *record)
{
    return record->transaction->response.status != 0 && record->transaction->response.frame < record->frame;
}

/* Which of several sightings of a redirect this is. */
static void
put_sighting(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    const redirect_t *redirect = redirect_of_record(record);
    char address[REDIRECT_ENDPOINT_TEXT];

    if (is_later_response(record)) {
        return;
    }
    if (redirect && redirect->transaction && redirect->transaction != transaction) {
        redirect_line_clause(line, "passed on by ");
        wmem_strbuf_append_printf(line->text, "%s, first in frame %u", passed_on_by(redirect->transaction, address),
                                  redirect->frame);
    } else if (redirect && redirect->source) {
        redirect_line_clause(line, "made by ");
        wmem_strbuf_append_printf(line->text, "%s from ", passed_on_by(redirect->source->transaction, address));
        put_sources(line, redirect);
    }
}

/* --- what followed ------------------------------------------------------------------------------------------------- */

static void
put_request(redirect_line_t *line, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *last = redirect_last_try(transaction);

    wmem_strbuf_append_printf(line->text, "%u", transaction->request.frame);
    if (last->response.status) {
        wmem_strbuf_append_printf(line->text, " (%u)", last->response.status);
    }
}

/* "followed in frame 6 (603) and 9 (200)" */
static void
put_followups(redirect_line_t *line, const redirect_t *redirect)
{
    const redirect_transaction_t *followup = redirect->first_followup;

    for (unsigned listed = 0; followup; followup = followup->link->next_followup, listed++) {
        const char *words = redirect_confidence_words(followup->link->confidence);
        if (listed == MAX_FOLLOWUPS) {
            redirect_text_put(line->text, " and more");
            return;
        }
        if (listed == 0) {
            redirect_line_clause(line, words);
            redirect_text_put(line->text, "followed in frame ");
        } else {
            wmem_strbuf_append_printf(line->text, "%s%s%s", followup->link->next_followup ? ", " : " and ", words,
                                      *words ? "in " : "");
        }
        put_request(line, followup);
    }
}

/* The caller sent the same once more, and the call did not go on otherwise. */
static bool
was_redialled(const redirect_store_t *store, const redirect_t *redirect)
{
    redirect_outcome_t outcome;

    if (redirect->redialled_in == 0 || redirect->transaction == NULL) {
        return false;
    }
    outcome = redirect_chain_result(store, redirect->transaction->chain).outcome;
    return outcome == REDIRECT_OUTCOME_UNFINISHED || outcome == REDIRECT_OUTCOME_NOT_FOLLOWED;
}

/* A new call may fit it as well as other redirects, or be that of anybody. */
static void
put_doubt(redirect_line_t *line, const redirect_t *redirect)
{
    if (redirect->maybe_in) {
        wmem_strbuf_append_printf(line->text, " that is sure, but frame %u may be one", redirect->maybe_in);
    } else if (redirect->is_nameless) {
        redirect_text_put(line->text,
                          " with this Call-ID; nothing names the caller, so another call may not be recognised");
    }
}

/*
 * So far nobody followed: what a caller who presses stop too soon has. Said once later frames were seen; the time only
 * where the clocks leave no doubt.
 */
static void
put_no_followup_yet(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_response_t *response = &record->transaction->response;
    const redirect_clock_t *clock = redirect_store_clock(store);
    const redirect_time_t left = clock->now - response->clock;

    if (!is_later_response(record) && redirect_waits_for_followup(store, record->transaction)) {
        redirect_line_clause(line, "no follow-up so far");
        put_doubt(line, redirect_of_record(record));
        if (redirect_clock_covers(clock, response->clock, response->time, left)) {
            redirect_text_put(line->text, "; the capture ends ");
            redirect_line_put_time(line, left);
            redirect_text_put(line->text, " later");
        }
    }
}

static void
put_nothing_followed(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);
    const bool is_redialled = was_redialled(store, redirect), is_over = redirect_is_not_followed(store, redirect);

    if (is_redialled || is_over) {
        redirect_line_clause(line, "no follow-up in this capture");
        redirect_text_put(line->text, is_over ? " within 32 s" : "");
        if (is_redialled) {
            wmem_strbuf_append_printf(line->text, ", and the caller dialled the same once more in frame %u",
                                      redirect->redialled_in);
        }
    } else if (redirect_hiding_gaps(store, redirect) & ~(unsigned)(REDIRECT_GAP_CUT | REDIRECT_GAP_TARGETS)) {
        redirect_line_clause(line, "whether anybody followed it is not known, a limit of the analysis was reached");
    } else if (record->transaction) {
        put_no_followup_yet(line, store, record);
    }
}

static void
put_next(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    put_followups(line, redirect);
    if (redirect->first_followup == NULL && !redirect->followed) {
        put_nothing_followed(line, store, record);
    }
}

/* --- how it ended -------------------------------------------------------------------------------------------------- */

/* @return false where the caller got this response itself, or what it got is not known */
static bool
put_hidden(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *above = redirect_record_hidden_by(record);

    if (above) {
        redirect_line_clause(line, "the caller got ");
        wmem_strbuf_append_printf(line->text, "%u in frame %u%s", above->response.status, above->response.frame,
                                  redirect_confidence_of_call(redirect_confidence_between(record->transaction, above)));
    }
    return above != NULL;
}

/* A B2BUA that a caller's request was not seen for may have gone on, or answered otherwise. */
static bool
may_be_made_for_another(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t source = redirect_request_source(transaction);

    return transaction->request.via_count > 1 || redirect_store_receives_invites(store, &source);
}

/* What an element tried next, of its own, after it got this global failure. */
static void
put_tried_next(redirect_line_t *line, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = redirect_tried_next(transaction);
    wmem_allocator_t *own;
    sip_uri_t uri;

    if (next == NULL) {
        return;
    }
    own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    redirect_line_clause(line, "after it ");
    if (!redirect_request_uri(next, &uri)) {
        uri = (sip_uri_t){.flags = 0};
    }
    redirect_line_put_uri(line, &uri, redirect_transaction_uri(own, next));
    wmem_strbuf_append_printf(
        line->text, " was %stried in frame ",
        redirect_confidence_words(redirect_confidence_between(next, redirect_transaction_above(next))));
    wmem_destroy_allocator(own);
    put_request(line, next);
}

static bool
lists_all_followups(const redirect_t *redirect)
{
    const redirect_transaction_t *followup = redirect->first_followup;
    unsigned count = 0;

    while (followup && count <= MAX_FOLLOWUPS) {
        followup = followup->link->next_followup;
        count++;
    }
    return count <= MAX_FOLLOWUPS;
}

/* The verdict has named a follow-up last, with the status that the caller got in the end. */
static bool
is_told_as_followup(const redirect_t *redirect, const redirect_result_t *result)
{
    const redirect_transaction_t *followup =
        redirect && redirect->last_followup ? redirect_last_try(redirect->last_followup) : NULL;

    return followup && lists_all_followups(redirect) && followup->response.status == result->final_code &&
           (followup == result->transaction || redirect_transaction_is_below(followup, result->transaction));
}

/* Of what the last follow-up got: the frame is told where another leg or hop brought it to the caller. */
static void
put_end_of_followup(redirect_line_t *line, const redirect_t *redirect, const redirect_result_t *result,
                    const char *name)
{
    wmem_strbuf_append_printf(line->text, ", %s", name);
    if (redirect_last_try(redirect->last_followup) != result->transaction) {
        wmem_strbuf_append_printf(line->text, " in frame %u", result->final_frame);
    }
}

/* This response is the end. */
static void
put_end_here(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    if (is_call(record) && !redirect_record_is_too_late(record)) {
        redirect_line_clause(line, may_be_made_for_another(store, record->transaction)
                                       ? "this ended the call on this leg"
                                       : "this ended the call");
    }
}

static void
put_end_elsewhere(redirect_line_t *line, const redirect_record_t *record, const redirect_result_t *result,
                  const char *name)
{
    if (result->transaction && result->final_code == record->status &&
        redirect_transaction_is_below(record->transaction, result->transaction)) {
        redirect_line_clause(line, "passed on to the caller in ");
        wmem_strbuf_append_printf(line->text, "frame %u", result->final_frame);
        return;
    }
    redirect_line_clause(line, "in the end ");
    redirect_text_put(line->text, name);
    if (result->final_code) {
        wmem_strbuf_append_printf(line->text, " (%u in frame %u)", result->final_code, result->final_frame);
    }
}

static void
put_outcome(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_result_t result = redirect_chain_result(store, record->transaction->chain);
    const char *name = result.outcome == REDIRECT_OUTCOME_ANSWERED && !is_call(record)
                           ? "accepted"
                           : redirect_outcome_name(result.outcome);

    if (result.outcome == REDIRECT_OUTCOME_UNFINISHED || result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED) {
        return;
    }
    if (result.final_frame == record->frame && record->transaction == result.transaction) {
        put_end_here(line, store, record);
    } else if (is_told_as_followup(redirect_of_record(record), &result)) {
        put_end_of_followup(line, redirect_of_record(record), &result, name);
    } else {
        put_end_elsewhere(line, record, &result, name);
    }
}

/* --- all of it ----------------------------------------------------------------------------------------------------- */

/* How its chain went on and ended. */
static void
put_rest(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    if (record->status / 100 == 6) {
        put_tried_next(line, record->transaction);
    }
    if (!put_hidden(line, record)) {
        put_outcome(line, store, record);
    }
}

void
redirect_line_result(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    const bool is_placed = transaction && record->method != SIP_METHOD_CANCEL;

    if (is_placed && is_later_response(record)) {
        put_later_response(line, record);
    }
    if (redirect_of_record(record) && !redirect_record_is_too_late(record)) {
        put_next(line, store, record);
    }
    if (is_placed && transaction->chain) {
        put_rest(line, store, record);
    }
    if (is_placed) {
        put_sighting(line, record);
    }
}
