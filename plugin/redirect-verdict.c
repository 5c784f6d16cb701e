/* redirect-verdict.c
 * The verdict on a response, put together from what the tracker knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-answer.h"
#include "redirect-hidden.h"
#include "redirect-history.h"
#include "redirect-text.h"
#include "redirect-told.h"
#include "redirect-verdict-int.h"

/* Wireshark cuts an expert item at 239 bytes. */
#define SHORT_VERDICT_MAX 220

/* Bytes of the name of a method that nobody registered. */
#define MAX_METHOD 32

/* Bytes of a Server header: the field sip_redirect.answered_by has all of it. */
#define MAX_SERVER 32

/* Bytes of a contact to object at: the field has all of it. */
#define MAX_CONTACT 120

#define MILLISECOND (REDIRECT_SECOND / 1000)

/* --- pieces -------------------------------------------------------------------------------------------------------- */

void
redirect_line_clause(redirect_line_t *line, const char *text)
{
    redirect_text_put(line->text, line->has_clause ? "; " : ": ");
    redirect_text_put(line->text, text);
    line->has_clause = true;
}

/* "302 to REGISTER", with its phrase where that is given. */
static void
put_code(redirect_line_t *line, const redirect_record_t *record, const char *phrase,
         const redirect_request_words_t *words)
{
    redirect_text_append_number(line->text, record->status);
    redirect_text_put(line->text, *phrase ? " " : "");
    redirect_text_put(line->text, phrase);
    if (words && words->name) {
        redirect_text_put(line->text, " to ");
        redirect_text_put(line->text, words->name);
    } else if (words && record->transaction) {
        const sip_slice_t method = redirect_transaction_method(record->transaction);
        if (sip_slice_has_text(method)) {
            redirect_text_put(line->text, " to ");
            redirect_text_append(line->text, method, MAX_METHOD);
        }
    }
}

void
redirect_line_put_time(redirect_line_t *line, redirect_time_t time)
{
    const redirect_time_t tenths = (time + 50 * MILLISECOND) / (100 * MILLISECOND);

    if (time < MILLISECOND) {
        wmem_strbuf_append_printf(line->text, "0.%u ms", (unsigned)(time * 10 / MILLISECOND));
    } else if (time < REDIRECT_SECOND) {
        wmem_strbuf_append_printf(line->text, "%u ms", (unsigned)(time / MILLISECOND));
    } else if (tenths < 100) {
        wmem_strbuf_append_printf(line->text, "%u.%u s", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
    } else {
        wmem_strbuf_append_printf(line->text, "%" G_GINT64_FORMAT " s", time / REDIRECT_SECOND);
    }
}

/* The first words of a longer name. */
static void
put_server(redirect_line_t *line, const char *server)
{
    size_t len = redirect_text_cut(server, MAX_SERVER);

    if (server[len] != '\0') {
        while (len > 0 && server[len] != ' ') {
            len--;
        }
        len = len ? len : redirect_text_cut(server, MAX_SERVER);
    }
    wmem_strbuf_append_len(line->text, server, (gssize)len);
}

/* --- responses that an element on the way made --------------------------------------------------------------------- */

/* The response was made by an element on the way, of others or of none: then nobody farther on meant it. */
static void
put_maker(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *maker = record->details->made_at, *of = redirect_next_made_of(maker, NULL);
    char address[REDIRECT_ENDPOINT_TEXT];

    redirect_line_clause(line, of ? redirect_confidence_words(redirect_confidence_between(of, maker)) : "");
    redirect_text_put(line->text, "made by ");
    if (record->details->server) {
        put_server(line, record->details->server);
    } else {
        redirect_text_put(line->text, redirect_endpoint_text(redirect_request_destination(maker), address));
    }
    redirect_text_put(line->text, of ? " after " : " when nobody had answered");
    redirect_append_made_of(line->text, maker);
}

/* --- redirections -------------------------------------------------------------------------------------------------- */

/* The caller had given up before: nobody is to follow (RFC 3261 9.1). */
static bool
is_too_late(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return transaction && record->method != SIP_METHOD_CANCEL && record->frame == transaction->response.frame &&
           transaction->extras->cancel && transaction->extras->cancel->frame < record->frame;
}

bool
redirect_record_is_too_late(const redirect_record_t *record)
{
    return record->status / 100 == 3 && is_too_late(record);
}

/* A 6xx that a proxy had got before this response, from another branch; NULL where there is none. */
static const redirect_transaction_t *
refused_beside(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction, *other;

    if (transaction == NULL || transaction->upstream == NULL || transaction->chain == NULL) {
        return NULL;
    }
    other = redirect_next_below(transaction->upstream, NULL);
    while (other && (other->response.status / 100 != 6 || other->response.frame > record->frame)) {
        other = redirect_next_below(transaction->upstream, other);
    }
    return other;
}

/* What to do with the targets. */
static const char *
target_lead(const redirect_t *redirect, const redirect_request_words_t *words)
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

/* RFC 3261 21.3.5: the alternatives of a 380 stand in its body. */
static void
put_service(redirect_line_t *line, const redirect_service_t *service)
{
    const char *advice = redirect_service_advice(service);

    redirect_line_clause(line, redirect_service_is_emergency(service) ? "this is an emergency call"
                                                                      : "another service may help");
    if (advice) {
        wmem_strbuf_append_printf(line->text, ", %s", advice);
    }
    redirect_text_put(line->text, " (IMS");
    if (service->type) {
        wmem_strbuf_append_printf(line->text, ", type %s", service->type);
    }
    if (service->action) {
        wmem_strbuf_append_printf(line->text, ", action %s", service->action);
    }
    wmem_strbuf_append_c(line->text, ')');
    if (service->reason) {
        wmem_strbuf_append_printf(line->text, "; \"%s\"", service->reason);
    }
}

/* Whether the targets alone say what the response means; else the gist does, or goes before them. */
static bool
targets_say_it(const redirect_t *redirect)
{
    return redirect && redirect->target_count > 0 && redirect->code != 380;
}

static void
put_gist(redirect_line_t *line, const redirect_t *redirect, const sip_response_t *row)
{
    if (redirect && (redirect->gaps & REDIRECT_GAP_CUT)) {
        redirect_line_clause(line, row->gist);
        redirect_line_clause(line, "cut off by the capture, so its targets are unknown");
    } else if (redirect && row->code == 305) {
        redirect_line_clause(line, "names no proxy to go through");
    } else {
        redirect_line_clause(line, row->gist);
        redirect_text_put(line->text, redirect && row->warns_of_contact ? ", but no target is named" : "");
    }
}

/* Why nobody is to follow it, where that is so. */
static bool
put_hindrance(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *refused = refused_beside(record);

    if (is_too_late(record)) {
        redirect_line_clause(line, "too late, ");
        wmem_strbuf_append_printf(line->text, "the caller had cancelled in frame %u; not to be followed",
                                  record->transaction->extras->cancel->frame);
        return true;
    }
    if (refused) {
        redirect_line_clause(line, "came after ");
        wmem_strbuf_append_printf(line->text, "the %u in frame %u, so this proxy must not follow it (RFC 3261 16.7)",
                                  refused->response.status, refused->response.frame);
    }
    return refused != NULL;
}

static void
put_redirect(redirect_line_t *line, const redirect_record_t *record, const sip_response_t *row)
{
    const redirect_t *redirect = redirect_of_record(record);
    const redirect_request_words_t *words = redirect_words_for_request(record);
    const bool is_hindered = put_hindrance(line, record);

    if (words) {
        redirect_line_clause(line, words->redirected);
    }
    if (record->details->service) {
        put_service(line, record->details->service);
    } else if (redirect && redirect->dip_response) {
        redirect_line_clause(line, "the answer to a lookup, not a forward");
    } else if (!targets_say_it(redirect)) {
        put_gist(line, redirect, row);
    }
    if (redirect && redirect->target_count > 0) {
        redirect_line_targets(line, redirect, is_hindered ? "target" : target_lead(redirect, words));
    }
    if (record->details->made_at && !(redirect && redirect->source)) { /* else the sighting says it */
        put_maker(line, record);
    }
}

/* --- global failures ----------------------------------------------------------------------------------------------- */

static bool
is_blocked(const redirect_record_t *record)
{
    return record->details->failure && record->details->failure->network_blocked;
}

/* Only what a person or a device decided proves that the message was delivered (RFC 3428 7). */
static bool
is_refused_by_callee(const redirect_record_t *record)
{
    const sip_response_t *row = sip_response_lookup(record->status);

    return !(row && row->by_network) && !is_blocked(record);
}

static const char *
words_of_refusal(const redirect_record_t *record, const redirect_request_words_t *words)
{
    if (record->status == 604 && words->over && redirect_answers_in_dialog(record)) {
        return words->over;
    }
    if (record->method == SIP_METHOD_MESSAGE && !is_refused_by_callee(record)) {
        return "the message is refused";
    }
    if (record->method == SIP_METHOD_SUBSCRIBE && record->status == 603 && !redirect_answers_in_dialog(record)) {
        return "the subscription is refused, most likely by policy (RFC 6665 4.2.1.3)";
    }
    return words->refused;
}

/* RFC 3891 3, RFC 3911 4: a 603 to such a request says that the other call is over, whoever wanted what. */
static bool
came_too_late_to_replace(const redirect_record_t *record)
{
    const redirect_transaction_t *request = redirect_request_before(record);

    return record->status == 603 && record->method == SIP_METHOD_INVITE && request && request->extras->history &&
           request->extras->history->replaces;
}

/* Of a call, how soon it came, whether it rang, and who says it: what tells a person from a machine. */
static void
put_manner(redirect_line_t *line, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    redirect_answer_t answer;

    if (transaction == NULL || record->frame != transaction->response.frame) {
        return;
    }
    answer = redirect_answer_of(record, transaction->response.time);
    if (answer.has_time) {
        redirect_text_put(line->text, " after ");
        redirect_line_put_time(line, answer.after);
    }
    if (answer.rang) {
        redirect_text_put(line->text, ", rang ");
        redirect_line_put_time(line, answer.ring_time);
    } else if (answer.progressed) {
        redirect_text_put(line->text, ", no ringing but a 183 (perhaps an announcement)");
    } else if (answer.knows_ringing) {
        redirect_text_put(line->text, ", never rang");
    }
    if (record->details->server && record->details->made_at == NULL) {
        redirect_text_put(line->text, ", from ");
        put_server(line, record->details->server);
    }
}

static void
put_contact(redirect_line_t *line, const redirect_failure_details_t *details)
{
    const char *contact = details->url ? details->url : details->tel ? details->tel : details->email;

    if (contact) {
        redirect_line_clause(line, "to object: ");
        wmem_strbuf_append_len(line->text, contact, (gssize)redirect_text_cut(contact, MAX_CONTACT));
        redirect_text_put(line->text, strlen(contact) > MAX_CONTACT ? "..." : "");
    }
}

/* The sender's own words, the most telling ones; that there are none is worth saying of a 603, which says no more. */
static void
put_own_words(redirect_line_t *line, const redirect_record_t *record, const sip_response_t *row)
{
    const char *told = redirect_told_most_telling(record);
    const bool is_bare = record->status == 603 && !is_blocked(record);

    if (!is_bare) {
        redirect_line_clause(line, row->gist);
    }
    if (told) {
        redirect_line_clause(line, told);
    } else if (is_bare && redirect_words_for_request(record) == NULL) {
        redirect_line_clause(line, redirect_told_nothing(record) ? "gives no reason" : "declined");
    }
}

/* Why, as far as the sender says it. */
static void
put_reason(redirect_line_t *line, const redirect_record_t *record, const sip_response_t *row)
{
    if (is_blocked(record)) {
        redirect_line_clause(line, "blocked by call analytics in the network, not by the callee");
    } else if (came_too_late_to_replace(record)) {
        redirect_line_clause(line, "the call to replace or to join has most likely ended already");
    } else if (record->details->made_at) {
        put_maker(line, record);
        redirect_text_put(line->text, record->status == 603 ? ", nobody declined" : "");
    } else {
        put_own_words(line, record, row);
    }
}

static void
put_refusal(redirect_line_t *line, const redirect_record_t *record, const sip_response_t *row)
{
    const redirect_failure_details_t *details = record->details->failure;
    const redirect_request_words_t *words = redirect_words_for_request(record);

    if (words) {
        redirect_line_clause(line, words_of_refusal(record, words));
    }
    put_reason(line, record, row);
    if (details && details->has_retry_after) {
        redirect_line_clause(line, "may be tried again after ");
        wmem_strbuf_append_printf(line->text, "%u s", details->retry_after);
    }
    if (is_blocked(record)) {
        put_contact(line, details);
    }
}

/* --- the lines ----------------------------------------------------------------------------------------------------- */

/*
 * A code that is not registered has no phrase of its own. That of a 3xx takes the room of what came of it, and is left to
 * the line that never changes.
 */
static const char *
phrase_of(const redirect_record_t *record, const sip_response_t *row, bool is_short)
{
    if (is_blocked(record)) {
        return "Network Blocked";
    }
    return is_short || record->status / 100 != 3 || row->code != record->status ? row->phrase : "";
}

/* @return NULL for a message that gets no verdict */
static const sip_response_t *
row_of(const redirect_record_t *record)
{
    return redirect_is_explained(record->status) ? sip_response_lookup(record->status) : NULL;
}

/* The outcome comes before what explains it: a reader may stop there. */
static char *
verdict(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record, size_t limit)
{
    const sip_response_t *row = row_of(record);
    const redirect_request_words_t *words;
    redirect_line_t line = {.limit = limit};

    if (row == NULL) {
        return NULL;
    }
    words = redirect_words_for_request(record);
    line.text = wmem_strbuf_new(scope, "");
    put_code(&line, record, phrase_of(record, row, store == NULL), words);
    if (record->status / 100 == 6 && words == NULL) {
        put_manner(&line, record);
    }
    if (store) {
        redirect_line_result(&line, store, record);
    }
    if (record->status / 100 == 3) {
        put_redirect(&line, record, row);
    } else {
        put_refusal(&line, record, row);
    }
    if (wmem_strbuf_get_len(line.text) > limit) {
        wmem_strbuf_truncate(line.text, redirect_text_cut(wmem_strbuf_get_str(line.text), limit - strlen("...")));
        redirect_text_put(line.text, "...");
    }
    return wmem_strbuf_finalize(line.text);
}

char *
redirect_verdict_outcome(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const sip_response_t *row = row_of(record);
    redirect_line_t line = {.limit = SIZE_MAX};

    if (row == NULL) {
        return NULL;
    }
    line.text = wmem_strbuf_new(scope, "");
    put_code(&line, record, phrase_of(record, row, false), redirect_words_for_request(record));
    redirect_line_result(&line, store, record);
    return line.has_clause ? wmem_strbuf_finalize(line.text) : redirect_verdict_short(scope, record);
}

char *
redirect_verdict_short(wmem_allocator_t *scope, const redirect_record_t *record)
{
    return verdict(scope, NULL, record, SHORT_VERDICT_MAX);
}

char *
redirect_verdict(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    return verdict(scope, store, record, SIZE_MAX);
}
