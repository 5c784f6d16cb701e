/* redirect-stats-voip.c
 * A row in VoIP Calls for each chain that SIP's own rows do not tell, and arrows in its flow that say what happened.
 *
 * VoIP Calls listens to a tap "voip" where there is one. It is registered late, when the preference is first known to
 * be on: dissectors that look for it when they are set up do not find it, and so stay out of the list.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>
#include <epan/tap-voip.h>
#include <epan/tap.h>

#include "redirect-text.h"
#include "redirect-report.h"
#include "redirect-stats.h"
#include "redirect-verdict.h"

static int voip_tap;
static bool enabled;

void
redirect_stats_voip_enable(bool enable)
{
    enabled = enable;
    if (enable && voip_tap == 0) {
        voip_tap = find_tap_id("voip");
        if (voip_tap == 0) {
            voip_tap = register_tap("voip");
        }
    }
}

static voip_call_state
call_state(redirect_outcome_t outcome)
{
    static const voip_call_state states[] = {
        [REDIRECT_OUTCOME_UNFINISHED] = VOIP_CALL_SETUP, [REDIRECT_OUTCOME_ANSWERED] = VOIP_COMPLETED,
        [REDIRECT_OUTCOME_FAILED] = VOIP_REJECTED,       [REDIRECT_OUTCOME_GLOBAL_FAILURE] = VOIP_REJECTED,
        [REDIRECT_OUTCOME_NOT_FOLLOWED] = VOIP_REJECTED, [REDIRECT_OUTCOME_CANCELLED] = VOIP_CANCELLED,
        [REDIRECT_OUTCOME_NO_ANSWER] = VOIP_CALL_SETUP,
    };

    return states[outcome];
}

static const char *
lifetime_word(sip_response_lifetime_t lifetime)
{
    static const char *const words[] = {
        [SIP_RESPONSE_LIFETIME_NONE] = "",
        [SIP_RESPONSE_LIFETIME_TEMPORARY] = " (temporary)",
        [SIP_RESPONSE_LIFETIME_PERMANENT] = " (permanent)",
        [SIP_RESPONSE_LIFETIME_ALTERNATIVE] = " (alternative)",
        [SIP_RESPONSE_LIFETIME_PROXY] = " (proxy)",
    };

    return words[lifetime];
}

static char *
redirect_label(wmem_allocator_t *scope, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    if (redirect == NULL || redirect->target_count == 0) {
        return wmem_strdup_printf(scope, "%u without a target", record->status);
    }
    if (redirect->target_total > 1) {
        return wmem_strdup_printf(scope, "%u -> %s%s, %u more", record->status, redirect->target[0].uri,
                                  lifetime_word(redirect->target[0].lifetime), redirect->target_total - 1);
    }
    return wmem_strdup_printf(scope, "%u -> %s%s", record->status, redirect->target[0].uri,
                              lifetime_word(redirect->target[0].lifetime));
}

/* "603 Decline, definitive": the registered phrase, as the sender's may be anything; the words of a 603+ are its own. */
static char *
refusal_label(wmem_allocator_t *scope, const redirect_record_t *record)
{
    const redirect_failure_details_t *failure = record->details->failure;
    const sip_response_t *row = sip_response_of(record->status, failure && failure->network_blocked);

    /* A class row stands for all its codes; its phrase is not theirs. */
    if (row == NULL || sip_response_number(row) != record->status) {
        return wmem_strdup_printf(scope, "%u, definitive", record->status);
    }
    return wmem_strdup_printf(scope, "%u %s, definitive", record->status, row->phrase);
}

/* Bytes of a method or a reason phrase: they stand on an arrow. */
#define MAX_WORDS 64

/* "INVITE sip:bob@192.0.2.20" */
static char *
request_words(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    const sip_slice_t method = sip ? sip->method : redirect_transaction_method(record->transaction);

    return wmem_strdup_printf(scope, "%s %s", redirect_text_from_wire(scope, method, MAX_WORDS),
                              redirect_transaction_uri(scope, record->transaction));
}

/* Why this request was sent, where it is the first of a follow-up; else NULL. */
static const redirect_link_t *
link_of(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return record->frame == transaction->request.frame ? transaction->link : NULL;
}

static char *
request_label(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    char *words = request_words(scope, record, sip);

    return link_of(record) ? wmem_strdup_printf(scope, "%s (follows %u)", words, link_of(record)->cause->code) : words;
}

/* "180 Ringing": the phrase is the sender's. */
static char *
response_words(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    const char *phrase = sip ? redirect_text_from_wire(scope, sip->phrase, MAX_WORDS) : "";

    return wmem_strdup_printf(scope, "%u%s%s", record->status, *phrase ? " " : "", phrase);
}

static char *
frame_label(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    switch (record->status / 100) {
    case 0:
        return request_label(scope, record, sip);
    case 3:
        return redirect_label(scope, record);
    case 6:
        return refusal_label(scope, record);
    default:
        return response_words(scope, record, sip);
    }
}

static char *
request_comment(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    const redirect_link_t *link = link_of(record);
    char *words = request_words(scope, record, sip);

    return link ? wmem_strdup_printf(scope, "%s, %sfollows the %u in frame %u", words,
                                     redirect_confidence_words(link->confidence), link->cause->code,
                                     link->redirected_in ? link->redirected_in : link->cause->frame)
                : words;
}

/* The verdict of a 3xx or 6xx, which has its code in it wherever that stands; of all others the hop and what it is. */
static char *
message_comment(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record,
                const sip_message_t *sip)
{
    char *verdict = redirect_verdict(scope, store, record);
    char code[8];

    if (verdict) {
        snprintf(code, sizeof(code), "%u", record->status);
        return g_str_has_prefix(verdict, code) ? verdict : wmem_strdup_printf(scope, "%s: %s", code, verdict);
    }
    return wmem_strdup_printf(scope, "hop %u: %s", record->transaction->hop,
                              record->status == 0 ? request_comment(scope, record, sip)
                                                  : response_words(scope, record, sip));
}

/*
 * The flow tells participants apart by address alone, and draws no label between equal ones. A plugin cannot give it other
 * addresses: it takes those of the packet. So the ports are said where all are on one host, first, as the end is cut off.
 */
static char *
frame_comment(packet_info *pinfo, const redirect_store_t *store, const redirect_record_t *record,
              const sip_message_t *sip)
{
    char *comment = message_comment(pinfo->pool, store, record, sip);

    return addresses_equal(&pinfo->src, &pinfo->dst)
               ? wmem_strdup_printf(pinfo->pool, "from port %u to %u, %s", pinfo->srcport, pinfo->destport, comment)
               : comment;
}

/*
 * SIP's own row has all that there is to a refusal on one leg. With a redirect, or where one element sent the request on
 * to another, there is more to tell.
 */
static bool
is_worth_a_row(const redirect_chain_t *chain)
{
    const redirect_transaction_t *transaction = chain->redirect_count > 0 ? NULL : chain->first_transaction;

    while (transaction && redirect_transaction_above(transaction) == NULL) {
        transaction = transaction->next_in_chain;
    }
    return chain->redirect_count > 0 || transaction;
}

void
redirect_stats_voip_queue(packet_info *pinfo, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_chain_t *chain = record->transaction ? record->transaction->chain : NULL;
    sip_message_t message;
    const sip_message_t *sip;
    redirect_result_t result;
    voip_packet_info_t *call;

    if (!enabled || !have_tap_listener(voip_tap) || chain == NULL || !is_worth_a_row(chain)) {
        return;
    }
    sip = redirect_stats_read_message(pinfo, record, &message) ? &message : NULL;
    result = redirect_chain_result(store, chain);
    call = wmem_new0(pinfo->pool, voip_packet_info_t);
    call->protocol_name = wmem_strdup(pinfo->pool, "SIP redirect");
    call->call_id = wmem_strdup_printf(pinfo->pool, "sip_redirect.chain %u", chain->number);
    call->call_state = call_state(result.outcome);
    call->call_active_state = result.outcome == REDIRECT_OUTCOME_UNFINISHED ? VOIP_ACTIVE : VOIP_INACTIVE;
    call->from_identity = sip ? redirect_stats_caller(pinfo->pool, sip) : wmem_strdup(pinfo->pool, "");
    call->to_identity = redirect_transaction_uri(pinfo->pool, chain->root);
    call->call_comment =
        wmem_strdup_printf(pinfo->pool, "Chain %u, %s: %s", chain->number, redirect_outcome_name(result.outcome),
                           redirect_transaction_path_told(pinfo->pool, store, chain->root));
    call->frame_label = frame_label(pinfo->pool, record, sip);
    call->frame_comment = frame_comment(pinfo, store, record, sip);
    tap_queue_packet(voip_tap, pinfo, call);
}
