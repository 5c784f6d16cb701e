/* redirect-contradiction.c
 * Where History-Info or Diversion says otherwise than the chain seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-contradiction.h"

#include "redirect-history.h"

/* Bytes of one URI: an expert item must fit Wireshark's 239 bytes. */
#define MAX_PIECE 64

/* Of a longer chain nothing is said to be contradicted. */
#define MAX_TRANSACTIONS 256

/*
 * Some URI of the chain is the one that the header names, as far as that can be seen; then nothing is contradicted. A
 * proxy or PBX knows one user under several names, so a name counts as another user only beside the same host.
 */
static bool
chain_knows(const redirect_chain_t *chain, const sip_uri_t *said)
{
    const redirect_transaction_t *transaction = chain->first_transaction;

    for (unsigned steps = 0; transaction; transaction = transaction->next_in_chain, steps++) {
        sip_uri_t uri;
        if (steps == MAX_TRANSACTIONS || !redirect_request_uri(transaction, &uri) ||
            sip_uri_match(said, &uri, NULL) != SIP_URI_MATCH_NONE) {
            return true;
        }
    }
    return false;
}

static bool
is_other_user(const sip_uri_t *said, const sip_uri_t *seen)
{
    return sip_slice_has_text(said->user) && sip_slice_has_text(seen->user) && sip_slice_has_text(said->host) &&
           sip_slice_equal_nocase(said->host, seen->host) && sip_uri_match(said, seen, NULL) == SIP_URI_MATCH_NONE;
}

static bool
is_callee(const sip_message_t *sip, const sip_uri_t *said)
{
    sip_uri_t to;

    return !sip_uri_parse(sip_message_to_uri(sip), &to) || sip_uri_match(said, &to, NULL) != SIP_URI_MATCH_NONE;
}

/* A Diversion that the redirected request brought along is about an earlier one. */
static bool
was_there_before(const redirect_transaction_t *redirected, const sip_uri_t *diverter)
{
    const redirect_history_t *history = redirected->extras->history;

    for (unsigned i = 0; history && i < history->said.diversion_count; i++) {
        const sip_uri_t before = sip_uri_view(&history->said.diversion[i].uri);
        if (sip_slice_equal_nocase(before.user, diverter->user) &&
            sip_slice_equal_nocase(before.host, diverter->host)) {
            return true;
        }
    }
    return history && history->said.diversion_total > history->said.diversion_count;
}

/* RFC 5806 5.3: the latest Diversion names the Request-URI that was diverted. */
static char *
diversion_contradicts(wmem_allocator_t *scope, redirect_facts_t *facts, const redirect_transaction_t *redirected)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    sip_uri_t diverter, seen;
    wmem_strbuf_t *text;

    if (said->diversion_count == 0 || redirected->request.frame == 0 || !redirect_request_uri(redirected, &seen)) {
        return NULL;
    }
    diverter = sip_uri_view(&said->diversion[0].uri);
    if (!is_other_user(&diverter, &seen) || is_callee(facts->sip, &diverter) ||
        was_there_before(redirected, &diverter) || chain_knows(redirected->chain, &diverter)) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "Diversion says that ");
    redirect_append_uri(text, &diverter, MAX_PIECE);
    wmem_strbuf_append(text, " diverted, but the request redirected was for ");
    redirect_append_uri(text, &seen, MAX_PIECE);
    wmem_strbuf_append(text, ".");
    return wmem_strbuf_finalize(text);
}

/* The entry from which the last one was made, where both are there and the last one is this very request. */
static const redirect_entry_t *
entry_redirected(const redirect_said_t *said, const redirect_transaction_t *transaction)
{
    const redirect_entry_t *last, *before;
    sip_uri_t uri, last_uri;

    if (said->entry_count < 2) {
        return NULL;
    }
    last = &said->entry[said->entry_count - 1];
    last_uri = sip_uri_view(&last->uri);
    before = redirect_entry_mapped_from(said, said->entry_count - 1);
    return before && redirect_entry_was_redirected(before) && redirect_request_uri(transaction, &uri) &&
                   sip_uri_match(&last_uri, &uri, NULL) <= SIP_URI_MATCH_LOOSE
               ? before
               : NULL;
}

/* A proxy may have made the redirect from others with other codes. */
static bool
has_code(const redirect_t *redirect, uint32_t code)
{
    for (; redirect; redirect = redirect->source) {
        if (redirect->code == code) {
            return true;
        }
    }
    return false;
}

static char *
history_info_contradicts(wmem_allocator_t *scope, const redirect_said_t *said,
                         const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *redirected = redirect_transaction_before(transaction);
    const redirect_t *cause = redirect_cause(transaction);
    const redirect_entry_t *entry = entry_redirected(said, transaction);
    sip_uri_t named, seen;
    wmem_strbuf_t *text;

    if (entry == NULL || redirected == NULL || redirected->request.frame == 0 ||
        !redirect_request_uri(redirected, &seen)) {
        return NULL;
    }
    named = sip_uri_view(&entry->uri);
    text = wmem_strbuf_new(scope, "History-Info says that ");
    redirect_append_uri(text, &named, MAX_PIECE);
    if (sip_uri_match(&named, &seen, NULL) <= SIP_URI_MATCH_LOOSE && !has_code(cause, entry->reason_cause)) {
        wmem_strbuf_append_printf(text, " answered %u, but the answer in frame %u is %u.", entry->reason_cause,
                                  cause->frame, cause->code);
    } else if (is_other_user(&named, &seen) && !chain_knows(transaction->chain, &named)) {
        wmem_strbuf_append_printf(text, " was redirected, but frame %u redirected ", cause->frame);
        redirect_append_uri(text, &seen, MAX_PIECE);
        wmem_strbuf_append(text, ".");
    } else {
        wmem_strbuf_destroy(text);
        return NULL;
    }
    return wmem_strbuf_finalize(text);
}

char *
redirect_contradiction_find(wmem_allocator_t *scope, redirect_facts_t *facts, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    char *text;

    if (transaction == NULL) {
        return NULL;
    }
    if (redirect_of_record(record)) {
        return diversion_contradicts(scope, facts, transaction);
    }
    if (redirect_cause(transaction) == NULL) {
        return NULL;
    }
    text = history_info_contradicts(scope, redirect_facts_said(facts), transaction);
    if (text == NULL && redirect_transaction_before(transaction)) {
        text = diversion_contradicts(scope, facts, redirect_transaction_before(transaction));
    }
    return text;
}
