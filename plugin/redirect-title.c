/* redirect-title.c
 * The title of a message in the packet details, and what may be added to the Info column.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-title.h"

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-hidden.h"
#include "redirect-outcome.h"
#include "redirect-verdict.h"

/* Follow-ups that the Info column lists. */
#define MAX_FOLLOWUPS 4

/* A title that is being made. */
typedef struct {
    wmem_strbuf_t *text;
    bool has_clause;
    bool has_frame; /* "in frame 4" was said: the next ones are "in 11" */
} title_t;

static void
begin_clause(title_t *title)
{
    wmem_strbuf_append(title->text, title->has_clause ? ", " : ": ");
    title->has_clause = true;
}

static void
put_frame(title_t *title, uint32_t frame)
{
    wmem_strbuf_append_printf(title->text, " in %s%u", title->has_frame ? "" : "frame ", frame);
    title->has_frame = true;
}

static void
put_followup(title_t *title, const redirect_link_t *link)
{
    begin_clause(title);
    wmem_strbuf_append_printf(title->text, "%sfollows the %u", redirect_confidence_words(link->confidence),
                              link->cause->code);
    put_frame(title, link->redirected_in);
}

/* What this request itself got, where that did not end the chain. */
static void
put_own_final(title_t *title, const redirect_transaction_t *transaction, const redirect_result_t *result)
{
    const unsigned status = transaction->response.status;

    if (status < 300 || transaction == result->transaction) {
        return;
    }
    begin_clause(title);
    if (status / 100 == 3) {
        wmem_strbuf_append(title->text, "redirected");
    } else {
        wmem_strbuf_append_printf(title->text, "%u", status);
    }
    put_frame(title, transaction->response.frame);
}

/* The end of a chain is known by a 3xx that nobody followed. */
static void
put_left_alone(title_t *title, const redirect_store_t *store, const redirect_result_t *result)
{
    const redirect_transaction_t *transaction = result->transaction;

    begin_clause(title);
    wmem_strbuf_append(title->text, "redirected");
    put_frame(title, transaction->response.frame);
    if (result->outcome == REDIRECT_OUTCOME_NOT_FOLLOWED) {
        wmem_strbuf_append(title->text, ", no follow-up within 32 s");
    } else if (redirect_waits_for_followup(store, transaction)) {
        wmem_strbuf_append(title->text, ", no follow-up so far");
    }
}

static void
put_outcome(wmem_allocator_t *scope, title_t *title, const redirect_store_t *store, const redirect_result_t *result)
{
    const bool is_open =
        result->outcome == REDIRECT_OUTCOME_UNFINISHED || result->outcome == REDIRECT_OUTCOME_NOT_FOLLOWED;

    if (is_open && result->transaction && result->transaction->redirect) {
        put_left_alone(title, store, result);
    } else if (result->outcome != REDIRECT_OUTCOME_UNFINISHED) {
        begin_clause(title);
        wmem_strbuf_append(title->text, redirect_result_words(scope, result));
        if (result->final_code && result->outcome != REDIRECT_OUTCOME_ANSWERED) {
            wmem_strbuf_append_printf(title->text, " (%u)", result->final_code);
        }
        if (result->final_frame) {
            put_frame(title, result->final_frame);
        }
    }
}

char *
redirect_title(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    title_t title = {.has_clause = false};
    redirect_result_t result;

    if (redirect_is_explained(record->status)) {
        return redirect_verdict_outcome(scope, store, record);
    }
    result = redirect_chain_result(store, transaction->chain);
    title.text = wmem_strbuf_new(scope, "");
    wmem_strbuf_append_printf(title.text, "chain %u, hop %u", transaction->chain->number, transaction->hop);
    if (transaction->link) {
        put_followup(&title, transaction->link);
    }
    put_own_final(&title, transaction, &result);
    put_outcome(scope, &title, store, &result);
    return wmem_strbuf_finalize(title.text);
}

/* --- the Info column ---------------------------------------------------------------------------------------------- */

static void
put_followups(wmem_strbuf_t *text, const redirect_t *redirect)
{
    const redirect_transaction_t *followup = redirect->first_followup;

    for (unsigned listed = 0; followup; followup = followup->link->next_followup, listed++) {
        if (listed == MAX_FOLLOWUPS) {
            wmem_strbuf_append(text, " and more");
            return;
        }
        wmem_strbuf_append_printf(text, "%s%s%u", listed == 0 ? "" : ", ",
                                  listed == 0 ? "" : redirect_confidence_words(followup->link->confidence),
                                  followup->request.frame);
    }
}

static bool
put_redirect_suffix(wmem_strbuf_t *text, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    if (redirect == NULL) {
        return false;
    }
    if (redirect->first_followup) {
        wmem_strbuf_append_printf(text, "%sfollowed in ",
                                  redirect_confidence_words(redirect->first_followup->link->confidence));
        put_followups(text, redirect);
        return true;
    }
    if (redirect_is_not_followed(store, redirect)) {
        wmem_strbuf_append(text, "no follow-up within 32 s");
        return true;
    }
    if (redirect_waits_for_followup(store, record->transaction)) {
        wmem_strbuf_append(text, "no follow-up so far");
        return true;
    }
    return false;
}

static bool
put_suffix(wmem_strbuf_t *text, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *hides = redirect_record_hidden_by(record);

    if (hides) {
        wmem_strbuf_append_printf(text, "the caller got %u in %u%s", hides->response.status, hides->response.frame,
                                  redirect_confidence_of_call(redirect_confidence_between(record->transaction, hides)));
        return true;
    }
    if (record->transaction && record->status / 100 == 3 && put_redirect_suffix(text, store, record)) {
        return true;
    }
    if (record->status / 100 == 6) {
        wmem_strbuf_append(text, "definitive");
        return true;
    }
    if (record->transaction && record->transaction->chain) {
        wmem_strbuf_append_printf(text, "hop %u of chain %u", record->transaction->hop,
                                  record->transaction->chain->number);
        return true;
    }
    return false;
}

char *
redirect_info_suffix(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "[");

    if (!put_suffix(text, store, record)) {
        return NULL;
    }
    wmem_strbuf_append_c(text, ']');
    return wmem_strbuf_finalize(text);
}
