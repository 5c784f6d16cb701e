/* redirect-answer.c
 * Who made a 3xx or 6xx, how soon it came, and whether the phone rang before.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-answer.h"

#include "redirect-hidden.h"
#include "redirect-text.h"

/* Bytes of a Server header that are kept: product names with their versions. */
#define MAX_SERVER 100

/* Frames that are listed of what a response was made of; sip_redirect.chain.made_of_in has them all. */
#define MAX_MADE_OF 8

/* --- how it came about -------------------------------------------------------------------------------------------- */

/* The transaction that rang: this one, or the branch or leg farther on from which its response came. NULL for none. */
static const redirect_transaction_t *
rang_on(const redirect_transaction_t *transaction)
{
    while (transaction && !transaction->response.rang) {
        transaction = transaction->chain ? redirect_passed_on_from(transaction) : NULL;
    }
    return transaction;
}

static bool
progressed_on(const redirect_transaction_t *transaction)
{
    while (transaction && !transaction->response.progressed) {
        transaction = transaction->chain ? redirect_passed_on_from(transaction) : NULL;
    }
    return transaction != NULL;
}

redirect_answer_t
redirect_answer_of(const redirect_record_t *record, redirect_time_t time)
{
    const redirect_transaction_t *transaction = record->transaction, *ringing;
    redirect_answer_t answer = {.has_time = false};

    if (transaction == NULL || record->status == 0 || record->method == SIP_METHOD_CANCEL ||
        transaction->request.frame == 0 || transaction->request.frame > record->frame) {
        return answer;
    }
    answer.after = time - transaction->request.time;
    answer.has_time = answer.after >= 0;
    answer.knows_ringing = transaction->request.method == SIP_METHOD_INVITE;
    ringing = answer.knows_ringing ? rang_on(transaction) : NULL;
    if (ringing) {
        answer.rang = true;
        answer.ring_time = time - ringing->response.rang_at;
        answer.has_ring_time = answer.ring_time >= 0;
    }
    answer.progressed = answer.knows_ringing && ringing == NULL && progressed_on(transaction);
    return answer;
}

/* --- who made it -------------------------------------------------------------------------------------------------- */

const char *
redirect_server_read(wmem_allocator_t *scope, const redirect_message_t *message)
{
    static const sip_header_id_t ids[] = {SIP_HEADER_SERVER, SIP_HEADER_USER_AGENT};
    sip_slice_t value;

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        if (sip_message_header(message->sip, ids[i], &value) && sip_slice_has_text(value)) {
            return redirect_text_from_wire(scope, value, MAX_SERVER);
        }
    }
    return NULL;
}

/* The next of what a response was made of that has the same status as of; NULL where the next one has another. */
static const redirect_transaction_t *
next_alike(const redirect_transaction_t *maker, const redirect_transaction_t *of)
{
    const redirect_transaction_t *next = redirect_next_made_of(maker, of);

    return next && next->response.status == of->response.status ? next : NULL;
}

void
redirect_append_made_of(wmem_strbuf_t *text, const redirect_transaction_t *maker)
{
    const redirect_transaction_t *of = redirect_next_made_of(maker, NULL), *previous = NULL;

    for (unsigned listed = 0; of; previous = of, of = redirect_next_made_of(maker, of), listed++) {
        if (listed == MAX_MADE_OF) {
            redirect_text_put(text, " and more");
            return;
        }
        if (previous && previous->response.status == of->response.status) {
            wmem_strbuf_append_printf(text, "%s%u", next_alike(maker, of) ? ", " : " and ", of->response.frame);
        } else {
            wmem_strbuf_append_printf(text, "%sthe %u in frame%s %u", previous ? ", " : "", of->response.status,
                                      next_alike(maker, of) ? "s" : "", of->response.frame);
        }
    }
}

/* A proxy is where the branches have its Via; else it is a B2BUA, with calls of its own (RFC 7092). */
static bool
is_proxy(const redirect_transaction_t *maker)
{
    const redirect_transaction_t *below = redirect_next_below(maker, NULL);

    return below && below->upstream == maker;
}

/* The one farthest from the caller that got the same answer. */
static const redirect_transaction_t *
farthest(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *below;

    while (transaction->chain && (below = redirect_passed_on_from(transaction)) != NULL) {
        transaction = below;
    }
    return transaction;
}

static void
append_element(wmem_strbuf_t *text, const redirect_transaction_t *at, const char *server)
{
    char address[REDIRECT_ENDPOINT_TEXT];

    redirect_text_put(text, redirect_endpoint_text(redirect_request_destination(at), address));
    if (server) {
        wmem_strbuf_append_printf(text, " (%s)", server);
    }
}

static const redirect_transaction_t *
answered_at(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return record->status == transaction->response.status ? farthest(transaction) : transaction;
}

char *
redirect_responder(wmem_allocator_t *scope, const redirect_record_t *record)
{
    const redirect_transaction_t *maker = record->details->made_at;
    wmem_strbuf_t *text;

    if (record->transaction == NULL || redirect_request_destination(record->transaction).len == 0) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "");
    if (maker && is_proxy(maker)) {
        redirect_text_put(text, "a proxy at ");
        append_element(text, maker, NULL);
    } else {
        append_element(text, maker ? maker : answered_at(record), record->details->server);
    }
    return wmem_strbuf_finalize(text);
}

char *
redirect_answered_by(wmem_allocator_t *scope, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction, *maker = record->details->made_at;
    wmem_strbuf_t *text;

    if (transaction == NULL || redirect_request_destination(transaction).len == 0) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "");
    if (maker == NULL) {
        append_element(text, answered_at(record), record->details->server);
        return wmem_strbuf_finalize(text);
    }
    if (is_proxy(maker)) {
        redirect_text_put(text, "a proxy");
    } else {
        append_element(text, maker, record->details->server);
    }
    redirect_text_put(text, redirect_next_made_of(maker, NULL) ? ", from " : ", when nobody had answered");
    redirect_append_made_of(text, maker);
    return wmem_strbuf_finalize(text);
}
