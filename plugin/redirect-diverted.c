/* redirect-diverted.c
 * What an INVITE or a 181 tells of forwards that somebody made before.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-diverted.h"

#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-reason-words.h"
#include "redirect-text.h"

/* Bytes of one URI. */
#define MAX_PIECE 40

/* RFC 8119: the number was translated into that of a service, and nobody forwarded. */
#define CAUSE_SERVICE_NUMBER 380

/* One forward as the message tells it. */
typedef struct {
    const sip_uri_kept_t *by; /* NULL where that is not said */
    const char *why;          /* to be read after "forwarded"; NULL where that is not said */
} forward_t;

/* The oldest and the latest of those that are told; count is 0 for none. */
typedef struct {
    forward_t first, last;
    unsigned count;
    bool has_first; /* the oldest was read: the message has no more than are kept */
} forwards_t;

static void
add_latest(forwards_t *forwards, forward_t forward)
{
    forwards->last = forward;
    if (forwards->count++ == 0) {
        forwards->first = forward;
    }
}

/* The topmost value is the latest (RFC 5806 5.1). */
static forwards_t
by_diversion(const redirect_said_t *said)
{
    forwards_t forwards = {.has_first = said->diversion_total == said->diversion_count};

    for (unsigned i = said->diversion_count; i-- > 0;) {
        const redirect_diversion_t *diversion = &said->diversion[i];
        if (diversion->uri.len > 0) {
            add_latest(&forwards, (forward_t){&diversion->uri, redirect_words_for_diversion(diversion->reason)});
        }
    }
    return forwards;
}

/* The entry that was sent on to the one at i: the one that it names, else the one before it. NULL: not among those kept. */
static const redirect_entry_t *
entry_before(const redirect_said_t *said, unsigned i)
{
    const redirect_entry_t *entry = &said->entry[i];

    return entry->mapped_from.len > 0 ? redirect_entry_mapped_from(said, i) : i > 0 ? entry - 1 : NULL;
}

/* RFC 4458: a cause in an entry's URI says why the request went there. */
static const char *
why_sent_to(const redirect_entry_t *entry)
{
    return entry->has_cause_param && entry->cause_param != CAUSE_SERVICE_NUMBER
               ? redirect_words_for_cause_param(entry->cause_param)
               : NULL;
}

/* An entry with the Reason of a 3xx was forwarded by itself; the entry after it may say why. */
static forwards_t
by_history_info(const redirect_said_t *said)
{
    forwards_t forwards = {.has_first = said->entry_total == said->entry_count};

    for (unsigned i = 0; i < said->entry_count; i++) {
        const redirect_entry_t *before = entry_before(said, i);
        const char *why = why_sent_to(&said->entry[i]);
        if (why || (before && redirect_entry_was_redirected(before))) {
            add_latest(&forwards, (forward_t){before ? &before->uri : NULL, why});
        }
    }
    return forwards;
}

static forwards_t
told_forwards(redirect_facts_t *facts)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    forwards_t forwards = {.count = 0};

    /* RFC 5806 5 defines no Diversion in a 181: some name the one who forwarded, Asterisk the one who is called now. */
    if (!facts->sip->is_response) {
        forwards = by_diversion(said);
    }
    return forwards.count > 0 ? forwards : by_history_info(said);
}

/* A 181, or an INVITE outside of a dialog that has a header field of forwards; most messages are neither. */
static bool
may_tell(const sip_message_t *sip)
{
    if (sip->cseq_method_id != SIP_METHOD_INVITE) {
        return false;
    }
    return sip->is_response
               ? sip->status == 181
               : (sip_message_has(sip, SIP_HEADER_DIVERSION) || sip_message_has(sip, SIP_HEADER_HISTORY_INFO)) &&
                     !sip_slice_has_text(sip_message_to_tag(sip));
}

bool
redirect_tells_of_forward(redirect_facts_t *facts)
{
    return may_tell(facts->sip) && (facts->sip->is_response || told_forwards(facts).count > 0);
}

/* Without parameters and headers: who it is, and no more. */
static void
append_party(wmem_strbuf_t *text, const sip_uri_t *uri)
{
    sip_uri_t party = *uri;

    if (sip_uri_scheme_is_sip(uri->scheme_kind) && uri->flags == 0) {
        party.params = party.headers = SIP_SLICE_NONE;
        party.whole = sip_uri_up_to_host(uri);
    }
    redirect_append_uri(text, &party, MAX_PIECE);
}

/* " by sip:bob@example.com (because busy)" */
static void
append_forward(wmem_strbuf_t *text, const forward_t *forward)
{
    if (forward->by) {
        const sip_uri_t uri = sip_uri_view(forward->by);

        wmem_strbuf_append(text, " by ");
        append_party(text, &uri);
    }
    if (forward->why) {
        wmem_strbuf_append_printf(text, " (%s)", forward->why);
    }
}

static void
append_forwards(wmem_strbuf_t *text, const forwards_t *forwards)
{
    if (forwards->count > 1) {
        wmem_strbuf_append_printf(text, " %u times%s", forwards->count, forwards->has_first ? ": first" : " or more:");
        if (forwards->has_first) {
            append_forward(text, &forwards->first);
            wmem_strbuf_append_c(text, ',');
        }
        wmem_strbuf_append(text, " last");
    }
    append_forward(text, &forwards->last);
}

/* Only where it fits. */
static void
append_called(wmem_strbuf_t *text, sip_slice_t request_uri, size_t max)
{
    const size_t before = wmem_strbuf_get_len(text);
    sip_uri_t uri;

    if (!sip_uri_parse(request_uri, &uri)) {
        return;
    }
    wmem_strbuf_append(text, ", to ");
    append_party(text, &uri);
    if (wmem_strbuf_get_len(text) + 1 > max) {
        wmem_strbuf_truncate(text, before);
    }
}

char *
redirect_forward_told(wmem_allocator_t *scope, redirect_facts_t *facts, bool is_cut, size_t max)
{
    const sip_message_t *sip = facts->sip;
    forwards_t forwards;
    wmem_strbuf_t *text;

    if (!may_tell(sip)) {
        return NULL;
    }
    forwards = told_forwards(facts);
    if (forwards.count == 0 && !sip->is_response) {
        return NULL;
    }
    forwards.has_first = forwards.has_first && !is_cut;
    text = wmem_strbuf_new(scope, sip->is_response ? "The call is being forwarded" : "Forwarded");
    append_forwards(text, &forwards);
    if (!sip->is_response) {
        append_called(text, sip->request_uri, max);
    } else if (forwards.count == 0 && !is_cut) {
        wmem_strbuf_append(text, "; this 181 does not say by whom");
    }
    wmem_strbuf_append_c(text, '.');
    return wmem_strbuf_finalize(text);
}
