/* redirect-verdict.c
 * The verdict on a response, put together from what the tracker knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-hidden.h"
#include "redirect-history.h"
#include "redirect-outcome.h"
#include "redirect-text.h"
#include "redirect-verdict.h"

/* Wireshark cuts an expert item at 239 bytes. */
#define SHORT_VERDICT_MAX 220

/* In the short verdict a longer URI keeps its two ends. */
#define SHORT_URI_MAX 120
#define SHORT_URI_HEAD 60
#define SHORT_URI_TAIL 40

/* Bytes of the name of a method that nobody registered. */
#define MAX_METHOD 32

/* Follow-ups that the long verdict lists; sip_redirect.chain.followed_in has them all. */
#define MAX_FOLLOWUPS 8

/* --- what was asked for ------------------------------------------------------------------------------------------ */

/* What a 3xx or 6xx means for a request that does not set up a call. NULL where nothing is to be said. */
typedef struct {
    const char *name;       /* after "to" */
    const char *redirected; /* a 3xx */
    const char *go;         /* before its targets */
    const char *refused;    /* a 6xx */
    const char *over;       /* a 604 in a dialog, which ends it (RFC 5057 5.1, RFC 6665 4.1.2.2); NULL: as refused */
} request_words_t;

#define CALL_STAYS "; the call stays up"
#define CALL_IS_OVER "the call is over, for 604 ends the dialog"
#define CALL_ENDS_ANYWAY "; the call ends all the same"
#define SUBSCRIPTION_STAYS "; the subscription stays as it was"
#define SUBSCRIPTION_IS_OVER "the subscription is over"

/* Requests outside of a dialog, and those of which that does not matter. */
static const request_words_t request_words[] = {
    [SIP_METHOD_OTHER] = {NULL, "not a call", "try", "not a call", NULL},
    [SIP_METHOD_BYE] = {"BYE", "the hang-up is redirected" CALL_ENDS_ANYWAY, "try",
                        "the hang-up is refused" CALL_ENDS_ANYWAY, NULL},
    [SIP_METHOD_CANCEL] = {"CANCEL", "about the CANCEL alone, not about the call", "try",
                           "about the CANCEL alone, not about the call", NULL},
    [SIP_METHOD_INFO] = {"INFO", "not a call", "try", "not a call", NULL},
    [SIP_METHOD_MESSAGE] = {"MESSAGE", "the message is to go elsewhere, not a call", "send it to",
                            "delivered but refused", NULL},
    [SIP_METHOD_NOTIFY] = {"NOTIFY", "the notification is to go elsewhere, not a call", "send it to",
                           "the notification is refused", SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_OPTIONS] = {"OPTIONS", "a query, no call was made; a call would be redirected", "try",
                            "a query, no call was made; a call would be refused", NULL},
    [SIP_METHOD_PRACK] = {"PRACK", "about the PRACK alone", "try", "about the PRACK alone", NULL},
    [SIP_METHOD_PUBLISH] = {"PUBLISH", "the publication is to go elsewhere, not a call", "publish at",
                            "the publication is refused", NULL},
    [SIP_METHOD_REFER] = {"REFER", "the transfer request is to go elsewhere", "send it to", "the transfer is refused",
                          NULL},
    [SIP_METHOD_REGISTER] = {"REGISTER", "registration moved, not a call", "register at",
                             "registration refused, though no registrar is to answer so (RFC 3261 10.3)", NULL},
    [SIP_METHOD_SUBSCRIBE] = {"SUBSCRIBE", "subscription moved, not a call", "subscribe at",
                              "the subscription is refused", SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_UPDATE] = {"UPDATE", "about the UPDATE alone", "try", "about the UPDATE alone", NULL},
};

/* Requests within a dialog, which the answer leaves alone unless it is a 604. */
static const request_words_t dialog_words[] = {
    [SIP_METHOD_INFO] = {"INFO", "only the INFO is redirected" CALL_STAYS, "try", "only the INFO is refused" CALL_STAYS,
                         CALL_IS_OVER},
    [SIP_METHOD_INVITE] = {"re-INVITE", "only the change of the call is redirected" CALL_STAYS, "try",
                           "only the change of the call is refused" CALL_STAYS, CALL_IS_OVER},
    [SIP_METHOD_PRACK] = {"PRACK", "only the PRACK is redirected", "try", "only the PRACK is refused", CALL_IS_OVER},
    [SIP_METHOD_REFER] = {"REFER", "only the transfer is redirected" CALL_STAYS, "try",
                          "only the transfer is refused" CALL_STAYS, CALL_IS_OVER},
    [SIP_METHOD_SUBSCRIBE] = {"SUBSCRIBE", "only the refresh is redirected" SUBSCRIPTION_STAYS, "try",
                              "only the refresh is refused" SUBSCRIPTION_STAYS, SUBSCRIPTION_IS_OVER},
    [SIP_METHOD_UPDATE] = {"UPDATE", "only the change of the call is redirected" CALL_STAYS, "try",
                           "only the change of the call is refused" CALL_STAYS, CALL_IS_OVER},
};

/* The request as it was captured before record; NULL where it was not, or only later. */
static const redirect_transaction_t *
request_before(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return transaction && transaction->request.frame != 0 && transaction->request.frame <= record->frame ? transaction
                                                                                                         : NULL;
}

/* A BYE always is (RFC 3261 15.1.1), and of most none is kept. */
static bool
is_in_dialog(const redirect_record_t *record)
{
    const redirect_transaction_t *request = request_before(record);

    return record->method == SIP_METHOD_BYE || (request && request->request.in_dialog);
}

/* NULL for a call, an INVITE outside of a dialog, and where the method is not known. */
static const request_words_t *
words_for_request(const redirect_record_t *record)
{
    if (record->transaction == NULL && record->method == SIP_METHOD_OTHER) {
        return NULL;
    }
    if (is_in_dialog(record) && record->method < G_N_ELEMENTS(dialog_words) && dialog_words[record->method].refused) {
        return &dialog_words[record->method];
    }
    return record->method < G_N_ELEMENTS(request_words) && request_words[record->method].refused
               ? &request_words[record->method]
               : NULL;
}

/* --- pieces ------------------------------------------------------------------------------------------------------ */

/* Appends text whole, or its two ends where it is long and limit asks for a short line. */
static void
append_shortened(wmem_strbuf_t *line, const char *text, size_t limit)
{
    size_t len = strlen(text);

    if (len <= SHORT_URI_MAX || limit > SHORT_VERDICT_MAX) {
        redirect_text_put(line, text);
        return;
    }
    wmem_strbuf_append_len(line, text, redirect_text_cut(text, SHORT_URI_HEAD));
    redirect_text_put(line, "...");
    redirect_text_put(line, text + redirect_text_cut(text, len - SHORT_URI_TAIL));
}

/* "302 Moved Temporarily to REGISTER: ". A code that is not registered has no phrase of its own. */
static void
append_code(wmem_strbuf_t *text, const redirect_record_t *record, const sip_response_t *row,
            const request_words_t *words)
{
    redirect_text_append_number(text, record->status);
    wmem_strbuf_append_c(text, ' ');
    redirect_text_put(text, row->phrase);
    if (words && words->name) {
        redirect_text_put(text, " to ");
        redirect_text_put(text, words->name);
    } else if (words && record->transaction) {
        sip_slice_t method = redirect_transaction_method(record->transaction);
        if (sip_slice_has_text(method)) {
            redirect_text_put(text, " to ");
            redirect_text_append(text, method, MAX_METHOD);
        }
    }
    redirect_text_put(text, ": ");
}

/* --- redirections ------------------------------------------------------------------------------------------------ */

static bool
expires_alike(const redirect_t *redirect)
{
    for (unsigned i = 1; i < redirect->target_count; i++) {
        if (redirect->target[i].has_expires != redirect->target[0].has_expires ||
            redirect->target[i].expires != redirect->target[0].expires) {
            return false;
        }
    }
    return true;
}

/* How long the targets hold, for the end of their list. */
static void
append_lifetime(wmem_strbuf_t *text, const redirect_t *redirect)
{
    const redirect_target_t *target = &redirect->target[0];

    switch (target->lifetime) {
    case SIP_RESPONSE_LIFETIME_TEMPORARY:
        if (!expires_alike(redirect)) {
            redirect_text_put(text, " (temporary, each with an expiry of its own)");
        } else if (target->has_expires) {
            redirect_text_put(text, " (temporary, valid for ");
            redirect_text_append_number(text, target->expires);
            redirect_text_put(text, " s)");
        } else if (target->single_use) {
            redirect_text_put(text, " (temporary, for this request only)");
        } else {
            redirect_text_put(text, " (temporary)");
        }
        break;
    case SIP_RESPONSE_LIFETIME_PERMANENT:
        redirect_text_put(text, " (permanent, use it from now on)");
        break;
    case SIP_RESPONSE_LIFETIME_PROXY:
        redirect_text_put(text, " (a proxy, for this request only)");
        break;
    default:
        break;
    }
}

/* What to do with the targets. */
static const char *
target_lead(const redirect_t *redirect, const request_words_t *words)
{
    switch (redirect->code) {
    case 300:
        return "choose";
    case 305:
        return "same destination, but through";
    case 380:
        return "alternative";
    default:
        return words ? words->go : "try";
    }
}

/* Targets in the order to try, while there is room for limit bytes in all. */
static void
append_targets(wmem_strbuf_t *text, const redirect_t *redirect, size_t limit)
{
    unsigned listed = 0;

    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        size_t room = MIN(strlen(target->uri), SHORT_URI_MAX) + 70; /* what may come after it */
        if (i > 0 && wmem_strbuf_get_len(text) + room > limit) {
            break;
        }
        redirect_text_put(text, i == 0 ? " " : redirect->code == 300 || redirect->code == 380 ? " or " : ", then ");
        append_shortened(text, target->uri, limit);
        if (!target->followable) {
            redirect_text_put(text, " (not by SIP)");
        }
        listed++;
    }
    if (listed < redirect->target_total) {
        wmem_strbuf_append_printf(text, " and %u more", redirect->target_total - listed);
    }
    append_lifetime(text, redirect);
    if (redirect->gaps & REDIRECT_GAP_CUT) {
        redirect_text_put(text, "; cut off by the capture, so there may be other targets");
    }
}

/* RFC 3261 21.3.5: the alternatives of a 380 stand in its body. */
static void
append_service(wmem_strbuf_t *text, const redirect_service_t *service)
{
    const char *advice = redirect_service_advice(service);

    redirect_text_put(text, redirect_service_is_emergency(service) ? "this is an emergency call"
                                                                   : "another service may help");
    if (advice) {
        wmem_strbuf_append_printf(text, ", %s", advice);
    }
    redirect_text_put(text, " (IMS");
    if (service->type) {
        wmem_strbuf_append_printf(text, ", type %s", service->type);
    }
    if (service->action) {
        wmem_strbuf_append_printf(text, ", action %s", service->action);
    }
    wmem_strbuf_append_c(text, ')');
    if (service->reason) {
        wmem_strbuf_append_printf(text, "; \"%s\"", service->reason);
    }
}

/* Whether the targets alone say what the response means; else the gist does, or goes before them. */
static bool
targets_say_it(const redirect_t *redirect)
{
    return redirect && redirect->target_count > 0 && redirect->code != 380;
}

/* --- responses that an element on the way made ----------------------------------------------------------------------- */

/* What the maker of a response had got from farther on: "the 486 in frame 8 and the 480 in frame 10". */
static void
append_made_of(wmem_strbuf_t *text, const redirect_transaction_t *maker)
{
    const redirect_transaction_t *of = redirect_next_made_of(maker, NULL);

    redirect_text_put(text, of ? " after " : " when nobody had answered");
    for (unsigned listed = 0; of; of = redirect_next_made_of(maker, of), listed++) {
        redirect_text_put(text, listed == 0 ? "" : " and ");
        if (listed == MAX_FOLLOWUPS) {
            redirect_text_put(text, "more");
            return;
        }
        wmem_strbuf_append_printf(text, "the %u in frame %u", of->response.status, of->response.frame);
    }
}

/* The response was made by an element on the way, of others or of none: then nobody farther on meant it. */
static void
append_maker(wmem_strbuf_t *text, const redirect_transaction_t *maker)
{
    const redirect_transaction_t *of = redirect_next_made_of(maker, NULL);
    char address[REDIRECT_ENDPOINT_TEXT];

    wmem_strbuf_append_printf(text, "%smade by ",
                              of ? redirect_confidence_words(redirect_confidence_between(of, maker)) : "");
    redirect_text_put(text, redirect_endpoint_text(redirect_request_destination(maker), address));
    append_made_of(text, maker);
}

/* Begins a clause after the code, or after the clause before it. */
static void
append_clause(wmem_strbuf_t *text, bool *is_first, const char *clause)
{
    redirect_text_put(text, *is_first ? "" : "; ");
    redirect_text_put(text, clause);
    *is_first = false;
}

static void
append_redirect(wmem_strbuf_t *text, const redirect_record_t *record, const sip_response_t *row, size_t limit)
{
    const redirect_t *redirect = redirect_of_record(record);
    const request_words_t *words = words_for_request(record);
    bool is_first = true;

    append_code(text, record, row, words);
    if (words) {
        append_clause(text, &is_first, words->redirected);
    }
    if (record->details->service) {
        append_clause(text, &is_first, "");
        append_service(text, record->details->service);
    } else if (redirect && redirect->dip_response) {
        append_clause(text, &is_first, "the answer to a query, not a forward");
    } else if (!targets_say_it(redirect)) {
        append_clause(text, &is_first, row->gist);
        if (redirect && (redirect->gaps & REDIRECT_GAP_CUT)) {
            redirect_text_put(text, "; cut off by the capture, so its targets are unknown");
        } else if (redirect && row->warns_of_contact) {
            redirect_text_put(text, ", but no target is named");
        }
    }
    if (redirect && redirect->target_count > 0) {
        append_clause(text, &is_first, target_lead(redirect, words));
        append_targets(text, redirect, limit);
    }
    if (record->details->made_at && !(redirect && redirect->source)) { /* else append_sighting() says it */
        append_clause(text, &is_first, "");
        append_maker(text, record->details->made_at);
    }
}

/* --- global failures --------------------------------------------------------------------------------------------- */

/* Only what a person or a device decided proves that the message was delivered (RFC 3428 7). */
static bool
is_refused_by_callee(const redirect_record_t *record)
{
    const sip_response_t *row = sip_response_lookup(record->status);

    return !(row && row->by_network) && !(record->details->failure && record->details->failure->network_blocked);
}

static const char *
failure_details_of_request(const redirect_record_t *record, const request_words_t *words)
{
    if (record->status == 604 && words->over && is_in_dialog(record)) {
        return words->over;
    }
    if (record->method == SIP_METHOD_MESSAGE && !is_refused_by_callee(record)) {
        return "the message is refused";
    }
    if (record->method == SIP_METHOD_SUBSCRIBE && record->status == 603 && !is_in_dialog(record)) {
        return "the subscription is refused, most likely by policy";
    }
    return words->refused;
}

/* RFC 3891 3, RFC 3911 4: a 603 to such a request says that the other call is over, whoever wanted what. */
static bool
came_too_late_to_replace(const redirect_record_t *record)
{
    const redirect_transaction_t *request = request_before(record);

    return record->status == 603 && record->method == SIP_METHOD_INVITE && request && request->extras->history &&
           request->extras->history->replaces;
}

static void
append_redress(wmem_strbuf_t *text, const redirect_failure_details_t *failure_details, size_t limit)
{
    const char *contact = failure_details->url   ? failure_details->url
                          : failure_details->tel ? failure_details->tel
                                                 : failure_details->email;

    if (contact) {
        redirect_text_put(text, "; redress: ");
        append_shortened(text, contact, limit);
    }
}

static void
append_failure_details(wmem_strbuf_t *text, const redirect_record_t *record, const sip_response_t *row, size_t limit)
{
    const redirect_failure_details_t *failure_details = record->details->failure;
    const request_words_t *words = words_for_request(record);
    bool is_blocked = failure_details && failure_details->network_blocked;

    if (is_blocked) {
        redirect_text_put(text, "603 Network Blocked: ");
    } else {
        append_code(text, record, row, words);
    }
    if (words) {
        wmem_strbuf_append_printf(text, "%s; ", failure_details_of_request(record, words));
    }
    if (is_blocked) {
        redirect_text_put(text, "refused by call analytics in the network, not by the callee");
    } else if (came_too_late_to_replace(record)) {
        redirect_text_put(text, "the call to replace or to join has most likely ended already");
    } else if (record->details->made_at) {
        append_maker(text, record->details->made_at);
        redirect_text_put(text, record->status == 603 ? ", nobody declined" : "");
    } else {
        redirect_text_put(text, row->gist);
    }
    if (!is_in_dialog(record) && record->method != SIP_METHOD_CANCEL) {
        redirect_text_put(text, "; definitive, no other target should be tried");
    }
    if (failure_details && failure_details->has_retry_after) {
        wmem_strbuf_append_printf(text, "; may be tried again after %u s", failure_details->retry_after);
    }
    if (is_blocked) {
        append_redress(text, failure_details, limit);
    }
}

/* --- the lines --------------------------------------------------------------------------------------------------- */

static wmem_strbuf_t *
verdict_begin(wmem_allocator_t *scope, const redirect_record_t *record, size_t limit)
{
    const sip_response_t *row = sip_response_lookup(record->status);
    wmem_strbuf_t *text;

    if (row == NULL || (record->status / 100 != 3 && record->status / 100 != 6)) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "");
    if (record->status / 100 == 3) {
        append_redirect(text, record, row, limit);
    } else {
        append_failure_details(text, record, row, limit);
    }
    return text;
}

char *
redirect_verdict_short(wmem_allocator_t *scope, const redirect_record_t *record)
{
    wmem_strbuf_t *text = verdict_begin(scope, record, SHORT_VERDICT_MAX);

    if (text == NULL) {
        return NULL;
    }
    if (wmem_strbuf_get_len(text) > SHORT_VERDICT_MAX) {
        wmem_strbuf_truncate(text, redirect_text_cut(wmem_strbuf_get_str(text), SHORT_VERDICT_MAX - strlen("...")));
        redirect_text_put(text, "...");
    }
    return wmem_strbuf_finalize(text);
}

/* Who passed on what a transaction got: a B2BUA has an address on both of its sides, a proxy is the Vias' affair. */
static const char *
passed_on_by(const redirect_transaction_t *transaction, char address[REDIRECT_ENDPOINT_TEXT])
{
    return transaction->extras->leg ? redirect_endpoint_text(redirect_request_source(transaction), address) : "a proxy";
}

/* Which of several legs_seen this is. */
static void
append_sighting(wmem_strbuf_t *text, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    char address[REDIRECT_ENDPOINT_TEXT];
    const redirect_t *redirect = redirect_of_record(record);

    if (transaction->response.status != 0 && transaction->response.frame < record->frame) {
        if (redirect && redirect != transaction->redirect && redirect->transaction == transaction) {
            wmem_strbuf_append_printf(text, "; another %u than that in frame %u, for the same request", record->status,
                                      transaction->response.frame);
        } else if (transaction->response.status == record->status) {
            wmem_strbuf_append_printf(text, "; sent again, first in frame %u", transaction->response.frame);
        } else {
            wmem_strbuf_append_printf(text, "; too late, the %u in frame %u had ended it", transaction->response.status,
                                      transaction->response.frame);
        }
    } else if (redirect && redirect->transaction && redirect->transaction != transaction) {
        wmem_strbuf_append_printf(text, "; passed on by %s, first in frame %u",
                                  passed_on_by(redirect->transaction, address), redirect->frame);
    } else if (redirect && redirect->source) {
        wmem_strbuf_append_printf(text, "; made by %s from the %u in frame %u",
                                  passed_on_by(redirect->source->transaction, address), redirect->source->code,
                                  redirect->source->frame);
    }
}

static void
append_followup(wmem_strbuf_t *text, const redirect_transaction_t *followup)
{
    const redirect_transaction_t *last = followup;

    while (last->extras->retried_by) {
        last = last->extras->retried_by;
    }
    wmem_strbuf_append_printf(text, "frame %u", followup->request.frame);
    if (last->response.status) {
        wmem_strbuf_append_printf(text, " (%u)", last->response.status);
    }
}

/* What came of a redirect, as far as the capture shows. */
static void
append_next(wmem_strbuf_t *text, const redirect_store_t *store, const redirect_t *redirect)
{
    const redirect_transaction_t *followup = redirect->first_followup;

    for (unsigned listed = 0; followup; followup = followup->link->next_followup, listed++) {
        const char *words = redirect_confidence_words(followup->link->confidence);
        if (listed == MAX_FOLLOWUPS) {
            redirect_text_put(text, ", and more");
            return;
        }
        if (listed == 0) {
            wmem_strbuf_append_printf(text, "; %sfollowed in ", words);
        } else {
            wmem_strbuf_append_printf(text, ", %s%s", words, *words ? "in " : "");
        }
        append_followup(text, followup);
    }
    if (redirect->first_followup || redirect->followed) {
        return;
    }
    if (redirect->redialled_in) {
        wmem_strbuf_append_printf(
            text, "; no follow-up in this capture, and the caller dialled the same once more in frame %u",
            redirect->redialled_in);
        return;
    }
    if (redirect_is_not_followed(store, redirect)) {
        redirect_text_put(text, "; nobody followed it");
    } else if (redirect_hiding_gaps(store, redirect) & ~(unsigned)(REDIRECT_GAP_CUT | REDIRECT_GAP_TARGETS)) {
        redirect_text_put(text, "; whether anybody followed it is not known, a limit of the analysis was reached");
    }
}

/* @return false where the caller got this response itself, or what it got is not known */
static bool
append_hidden(wmem_strbuf_t *text, const redirect_record_t *record)
{
    const redirect_transaction_t *above = redirect_record_hidden_by(record);

    if (above) {
        wmem_strbuf_append_printf(text, "; the caller got %u in frame %u%s", above->response.status,
                                  above->response.frame,
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
append_tried_next(wmem_strbuf_t *text, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = redirect_tried_next(transaction);
    wmem_allocator_t *own;

    if (next == NULL) {
        return;
    }
    own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    wmem_strbuf_append_printf(
        text, "; after it %s was %stried in ", redirect_transaction_uri(own, next),
        redirect_confidence_words(redirect_confidence_between(next, redirect_transaction_above(next))));
    wmem_destroy_allocator(own);
    append_followup(text, next);
}

static void
append_outcome(wmem_strbuf_t *text, const redirect_store_t *store, const redirect_record_t *record)
{
    redirect_result_t result = redirect_chain_result(store, record->transaction->chain);
    bool is_call = words_for_request(record) == NULL;

    if (record->status / 100 == 6) {
        append_tried_next(text, record->transaction);
    }
    if (result.outcome == REDIRECT_OUTCOME_UNFINISHED || result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED) {
        return;
    }
    if (result.final_frame == record->frame && record->transaction == result.transaction) {
        redirect_text_put(text, !is_call ? ""
                                : may_be_made_for_another(store, result.transaction)
                                    ? "; this ended the call on this leg"
                                    : "; this ended the call");
        return;
    }
    wmem_strbuf_append_printf(
        text, "; in the end %s",
        result.outcome == REDIRECT_OUTCOME_ANSWERED && !is_call ? "accepted" : redirect_outcome_name(result.outcome));
    if (result.final_code) {
        wmem_strbuf_append_printf(text, " (%u in frame %u)", result.final_code, result.final_frame);
    }
}

char *
redirect_verdict(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    wmem_strbuf_t *text = verdict_begin(scope, record, SIZE_MAX);

    if (text == NULL) {
        return NULL;
    }
    if (record->transaction && record->method != SIP_METHOD_CANCEL) {
        append_sighting(text, record);
    }
    if (redirect_of_record(record)) {
        append_next(text, store, redirect_of_record(record));
    }
    if (record->transaction && record->transaction->chain && record->method != SIP_METHOD_CANCEL &&
        !append_hidden(text, record)) {
        append_outcome(text, store, record);
    }
    return wmem_strbuf_finalize(text);
}
