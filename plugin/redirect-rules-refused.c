/* redirect-rules-refused.c
 * A redirected call that the next network refuses: what its request lacks that carriers ask of a forwarded call.
 *
 * A carrier lets a call through whose caller it knows. A PBX that follows a redirect mostly keeps the caller's number in
 * From; then the carrier wants to see its own customer, who forwarded, in Diversion, History-Info or P-Asserted-Identity
 * (RFC 5806 1, RFC 7044 1, RFC 3325). Only what the capture shows is said: which rule the carrier has, it does not tell.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-history.h"
#include "redirect-leg.h"
#include "redirect-text.h"
#include "redirect-told.h"

/* Failures that say something of the callee or the phone, and nothing of who may call. */
static const uint16_t other_failures[] = {408, 481, 486, 487, 491, 600, 604};

static bool
is_refusal(uint16_t status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(other_failures); i++) {
        if (status == other_failures[i]) {
            return false;
        }
    }
    return status >= 400 && !redirect_is_amend_and_retry(status);
}

/* What a request and the one that was redirected show of the caller. */
typedef struct {
    const redirect_transaction_t *now;        /**< the request that was refused */
    const redirect_transaction_t *redirected; /**< whose called party forwarded */
    const redirect_link_t *link;
    const redirect_store_t *store;
    uint32_t forwarder; /**< redirect_leg_user() of who was called before */
    sip_slice_t from;   /**< of the request that was refused */
} refused_t;

/* A redirect server that names a gateway for the same number forwards nothing. */
static bool
calls_another_number(const redirect_store_t *store, const redirect_transaction_t *transaction,
                     const sip_uri_t *redirected)
{
    sip_uri_t uri;

    return redirect_request_uri(transaction, &uri) && redirect_leg_is_number(&uri) &&
           redirect_leg_user(store, &uri) != redirect_leg_user(store, redirected);
}

/* Whether it is a forward that was refused, and who forwarded: the one called before. */
static bool
read_refused(const redirect_rule_context_t *context, refused_t *refused)
{
    const redirect_record_t *record = context->record;
    const redirect_transaction_t *now = record->transaction;
    const redirect_link_t *link = redirect_first_try(now)->link;
    sip_uri_t forwarder;

    if (link == NULL || link->confidence == REDIRECT_CONFIDENCE_POSSIBLE || link->cause->dip_response ||
        now->request.in_dialog || link->redirected == NULL || !redirect_request_uri(link->redirected, &forwarder) ||
        !calls_another_number(context->store, now, &forwarder)) {
        return false;
    }
    *refused = (refused_t){
        .now = now,
        .redirected = link->redirected,
        .link = link,
        .store = context->store,
        .forwarder = redirect_leg_user(context->store, &forwarder),
        .from = sip_message_from_uri(context->message->sip),
    };
    return refused->forwarder != 0;
}

static bool
is_forwarder(const refused_t *refused, const sip_uri_t *uri)
{
    return redirect_leg_user(refused->store, uri) == refused->forwarder;
}

/* True where a Diversion or an entry of History-Info names the one who forwarded. */
static bool
is_forwarder_told(const refused_t *refused, const redirect_said_t *said)
{
    for (unsigned i = 0; i < said->diversion_count; i++) {
        const sip_uri_t uri = sip_uri_view(&said->diversion[i].uri);
        if (said->diversion[i].uri.len > 0 && is_forwarder(refused, &uri)) {
            return true;
        }
    }
    for (unsigned i = 0; i < said->entry_count; i++) {
        const sip_uri_t uri = sip_uri_view(&said->entry[i].uri);
        if (is_forwarder(refused, &uri)) {
            return true;
        }
    }
    return false;
}

/* P-Asserted-Identity names neither nobody in particular nor the caller: it may be the one who forwarded, in any form. */
static bool
may_assert_forwarder(const refused_t *refused)
{
    const redirect_caller_t *caller = refused->now->live ? refused->now->live->caller : NULL;

    return caller && caller->asserted != 0 && caller->asserted != refused->link->cause->caller;
}

static bool
is_forwarder_calling(const refused_t *refused)
{
    sip_uri_t from;

    return (sip_uri_parse(refused->from, &from) && is_forwarder(refused, &from)) || may_assert_forwarder(refused);
}

static bool
keeps_caller(const refused_t *refused)
{
    const uint32_t caller = redirect_caller_key(refused->from);

    return caller != 0 && caller == refused->link->cause->caller;
}

/* Findings are joined by "; ". */
static void
add(wmem_strbuf_t *text, const char *finding)
{
    wmem_strbuf_append(text, wmem_strbuf_get_len(text) > 0 ? "; " : "");
    wmem_strbuf_append(text, finding);
}

/* Some of what is said was not kept: a limit. */
static bool
is_incomplete(const redirect_said_t *said)
{
    return said->diversion_count < said->diversion_total || said->entry_count < said->entry_total;
}

/* Nothing is said of a caller who is the one who forwarded, nor where the forwarder is told, or may be. */
static void
add_forwarder_missing(wmem_strbuf_t *text, const refused_t *refused)
{
    const redirect_history_t *history = refused->now->extras->history;
    const bool tells = history && (history->said.diversion_total > 0 || history->said.entry_total > 0);

    if (is_forwarder_calling(refused) ||
        (tells && (is_incomplete(&history->said) || is_forwarder_told(refused, &history->said)))) {
        return;
    }
    if (tells) {
        add(text, history->said.diversion_count > 0 ? "Diversion does not name who forwarded"
                                                    : "History-Info does not name who forwarded");
    } else if (keeps_caller(refused)) {
        add(text, "From is the caller, and no Diversion, History-Info or P-Asserted-Identity names who forwarded");
    }
}

static void
add_lost(wmem_strbuf_t *text, const refused_t *refused)
{
    if (refused->redirected->request.has_asserted && !refused->now->request.has_asserted) {
        add(text, "the P-Asserted-Identity is gone");
    }
    if (refused->redirected->request.has_identity && !refused->now->request.has_identity) {
        add(text, "the Identity is gone");
    }
}

/* What the request lacks; "" where nothing is missing, or the packet is cut off and may have held it. */
static const char *
findings_of(wmem_allocator_t *scope, const refused_t *refused)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");

    if (!refused->now->request.is_cut) {
        add_forwarder_missing(text, refused);
        add_lost(text, refused);
    }
    return wmem_strbuf_finalize(text);
}

/* What the one who refuses says itself, in at most so many bytes; "" for nothing. */
static const char *
said_by_refuser(wmem_allocator_t *scope, const redirect_rule_context_t *context, size_t max)
{
    static const char more[] = "...";
    const redirect_told_t *told = redirect_told_read(scope, context->facts, context->message->is_cut, 1);
    sip_slice_t text;

    if (told == NULL || told->most_telling == NULL) {
        return "";
    }
    text = sip_slice_from_string(told->most_telling);
    return redirect_text_from_wire(scope, text, text.len > max ? max - strlen(more) : max);
}

/* Beside findings there is room for a few words of the refusal. NULL where there is neither. */
static char *
refused_text(wmem_allocator_t *scope, const redirect_rule_context_t *context, const refused_t *refused)
{
    static const char head[] = "Forward refused with 403: .";
    wmem_allocator_t *own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const char *findings = findings_of(own, refused);
    const char *where = findings[0] ? wmem_strdup_printf(own, ". In frame %u: ", refused->now->request.frame) : "";
    const size_t room = REDIRECT_RULE_MAX_TEXT - strlen(head) - strlen(where) - strlen(findings);
    const char *said = said_by_refuser(own, context, room);
    char *text = findings[0] || said[0]
                     ? wmem_strdup_printf(scope, "Forward refused with %u%s%s%s%s.", context->record->status,
                                          said[0] ? ": " : "", said, where, findings)
                     : NULL;

    wmem_destroy_allocator(own);
    return text;
}

char *
redirect_check_forward_refused(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_record_t *record = context->record;
    refused_t refused;

    return is_refusal(record->status) && record->frame == record->transaction->response.frame &&
                   record->transaction->request.frame != 0 && read_refused(context, &refused)
               ? refused_text(scope, context, &refused)
               : NULL;
}
