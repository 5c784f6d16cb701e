/* redirect-stats-voip.c
 * A row for each chain in VoIP Calls, and arrows in its flow that say what happened.
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

#include "redirect-locate.h"
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

/* Bytes of a method or a reason phrase: they stand on an arrow. */
#define MAX_WORDS 64

static char *
request_label(wmem_allocator_t *scope, const redirect_record_t *record, sip_slice_t method)
{
    const redirect_transaction_t *transaction = record->transaction;
    const char *name = redirect_text_from_wire(scope, method, MAX_WORDS);
    const char *uri = redirect_transaction_uri(scope, transaction);

    if (transaction->link && record->frame == transaction->request.frame) {
        return wmem_strdup_printf(scope, "%s %s (follows %u)", name, uri, transaction->link->cause->code);
    }
    return wmem_strdup_printf(scope, "%s %s", name, uri);
}

/* "180 Ringing": the phrase is the sender's. */
static char *
response_label(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    const char *phrase = sip ? redirect_text_from_wire(scope, sip->phrase, MAX_WORDS) : "";

    return wmem_strdup_printf(scope, "%u%s%s", record->status, *phrase ? " " : "", phrase);
}

static char *
frame_label(wmem_allocator_t *scope, const redirect_record_t *record, const sip_message_t *sip)
{
    switch (record->status / 100) {
    case 0:
        return request_label(scope, record, sip ? sip->method : redirect_transaction_method(record->transaction));
    case 3:
        return redirect_label(scope, record);
    case 6:
        return wmem_strdup_printf(scope, "%u definitive", record->status);
    default:
        return response_label(scope, record, sip);
    }
}

static char *
frame_comment(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    char *verdict = redirect_verdict(scope, store, record);

    return verdict ? verdict
                   : wmem_strdup_printf(scope, "Chain %u, hop %u", record->transaction->chain->number,
                                        record->transaction->hop);
}

/* The message itself, for what the tracker does not keep. */
static bool
read_message(packet_info *pinfo, const redirect_record_t *record, sip_message_t *sip)
{
    redirect_located_list_t list;

    return redirect_locate(pinfo, &list) && record->index < list.count &&
           sip_message_parse(list.message[record->index].text, sip);
}

static char *
caller(wmem_allocator_t *scope, const sip_message_t *sip)
{
    sip_uri_t uri;

    return sip && sip_uri_parse(sip_message_from_uri(sip), &uri) ? sip_uri_display(scope, &uri)
                                                                 : wmem_strdup(scope, "");
}

void
redirect_stats_voip_queue(packet_info *pinfo, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_chain_t *chain = record->transaction ? record->transaction->chain : NULL;
    sip_message_t message;
    const sip_message_t *sip;
    redirect_result_t result;
    voip_packet_info_t *call;

    if (!enabled || !have_tap_listener(voip_tap) || chain == NULL) {
        return;
    }
    sip = read_message(pinfo, record, &message) ? &message : NULL;
    result = redirect_chain_result(store, chain);
    call = wmem_new0(pinfo->pool, voip_packet_info_t);
    call->protocol_name = wmem_strdup(pinfo->pool, "SIP redirect");
    call->call_id = wmem_strdup_printf(pinfo->pool, "sip_redirect.chain %u", chain->number);
    call->call_state = call_state(result.outcome);
    call->call_active_state = result.outcome == REDIRECT_OUTCOME_UNFINISHED ? VOIP_ACTIVE : VOIP_INACTIVE;
    call->from_identity = caller(pinfo->pool, sip);
    call->to_identity = redirect_transaction_uri(pinfo->pool, chain->root);
    call->call_comment =
        wmem_strdup_printf(pinfo->pool, "Chain %u, %s: %s", chain->number, redirect_outcome_name(result.outcome),
                           redirect_transaction_path_told(pinfo->pool, store, chain->root));
    call->frame_label = frame_label(pinfo->pool, record, sip);
    call->frame_comment = frame_comment(pinfo->pool, store, record);
    tap_queue_packet(voip_tap, pinfo, call);
}
