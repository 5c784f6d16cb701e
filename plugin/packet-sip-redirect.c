/* packet-sip-redirect.c
 * Post-dissector that runs after SIP: what became of requests that were redirected (3xx) or refused for good (6xx).
 * Registration, preferences, passes, drawing. What there is to draw is decided in redirect-tracker.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#define WS_LOG_DOMAIN "sip_redirect"

#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/proto_data.h>
#include <epan/tap.h>
#include <epan/unit_strings.h>
#include <wsutil/report_message.h>

#include "redirect-annotations.h"
#include "redirect-answer.h"
#include "redirect-compat.h"
#include "redirect-hidden.h"
#include "redirect-leg.h"
#include "redirect-locate.h"
#include "redirect-report.h"
#include "redirect-rules.h"
#include "redirect-session.h"
#include "redirect-stats.h"
#include "redirect-text.h"
#include "redirect-title.h"
#include "redirect-verdict.h"

#if REDIRECT_WIRESHARK_IS_UNTRIED
#pragma message("sip_redirect is not tried with a Wireshark as new as this. What differs goes into redirect-compat.h.")
#endif

#define SHORT_NAME "SIP Redirect"

void proto_register_sip_redirect(void);
void proto_reg_handoff_sip_redirect(void);

static int proto_sip_redirect = -1;
static int proto_every_frame = -1;
static dissector_handle_t sip_redirect_handle;
static dissector_handle_t records_handle;
static int sip_redirect_tap = -1;
static int expert_tap = -1; /* Wireshark's own */

static unsigned pref_max_hops = 5;
static unsigned pref_link_window = 32;
static redirect_pref_bool_t pref_link_calls = TRUE;
static redirect_pref_bool_t pref_link_legs = TRUE;
static redirect_pref_bool_t pref_show_diverted = TRUE;
static redirect_pref_bool_t pref_explain = TRUE;
static redirect_pref_bool_t pref_voip_calls = FALSE;
static redirect_pref_bool_t pref_info_column = FALSE;
static const char *pref_silent_rules = "";
static const char *pref_leg_headers = "X-Call-ID,X-CID";
static const char *pref_shared_headers = "P-Charging-Vector,Cisco-Guid,Cisco-GUCID,X-Genesys-CallUUID,User-to-User";

static int hf_sip_redirect_code = -1;
static int hf_sip_redirect_class = -1;
static int hf_sip_redirect_verdict = -1;
static int hf_sip_redirect_told = -1;
static int hf_sip_redirect_redress = -1;
static int hf_sip_redirect_explanation = -1;
static int hf_sip_redirect_meaning = -1;
static int hf_sip_redirect_seen_when = -1;
static int hf_sip_redirect_remedy = -1;
static int hf_sip_redirect_use_when = -1;
static int hf_sip_redirect_differs = -1;
static int hf_sip_redirect_compare = -1;
static int hf_sip_redirect_reference = -1;
static int hf_sip_redirect_definitive = -1;
static int hf_sip_redirect_answered_by = -1;
static int hf_sip_redirect_response_time = -1;
static int hf_sip_redirect_rang = -1;
static int hf_sip_redirect_ring_time = -1;
static int hf_sip_redirect_retry_after = -1;
static int hf_sip_redirect_network_blocked = -1;
static int hf_sip_redirect_network_blocked_url = -1;
static int hf_sip_redirect_network_blocked_tel = -1;
static int hf_sip_redirect_network_blocked_email = -1;
static int hf_sip_redirect_network_blocked_id = -1;
static int hf_sip_redirect_network_blocked_location = -1;
static int hf_sip_redirect_service_type = -1;
static int hf_sip_redirect_service_action = -1;
static int hf_sip_redirect_service_reason = -1;
static int hf_sip_redirect_target_count = -1;
static int hf_sip_redirect_target = -1;
static int hf_sip_redirect_target_order = -1;
static int hf_sip_redirect_target_q = -1;
static int hf_sip_redirect_target_lifetime = -1;
static int hf_sip_redirect_target_temporary = -1;
static int hf_sip_redirect_target_single_use = -1;
static int hf_sip_redirect_target_expires = -1;
static int hf_sip_redirect_target_valid_until = -1;
static int hf_sip_redirect_target_tried_in = -1;
static int hf_sip_redirect_target_result = -1;
static int hf_sip_redirect_chain = -1;
static int hf_sip_redirect_chain_hop = -1;
static int hf_sip_redirect_chain_hops = -1;
static int hf_sip_redirect_chain_origin = -1;
static int hf_sip_redirect_chain_path = -1;
static int hf_sip_redirect_chain_outcome = -1;
static int hf_sip_redirect_chain_final_code = -1;
static int hf_sip_redirect_chain_request_in = -1;
static int hf_sip_redirect_chain_redirected_in = -1;
static int hf_sip_redirect_chain_followed_in = -1;
static int hf_sip_redirect_chain_final_in = -1;
static int hf_sip_redirect_chain_hidden_in = -1;
static int hf_sip_redirect_chain_made_of_in = -1;
static int hf_sip_redirect_chain_leg_of_in = -1;
static int hf_sip_redirect_chain_leg_link = -1;
static int hf_sip_redirect_chain_leg_confidence = -1;
static int hf_sip_redirect_chain_leg_evidence = -1;
static int hf_sip_redirect_chain_link = -1;
static int hf_sip_redirect_chain_confidence = -1;
static int hf_sip_redirect_chain_evidence = -1;
static int hf_sip_redirect_chain_difference = -1;
static int hf_sip_redirect_chain_delay = -1;
static int hf_sip_redirect_chain_truncated = -1;
static int hf_sip_redirect_follow_time = -1;
static int hf_sip_redirect_compared = -1;
static int hf_sip_redirect_remark = -1;

static gint ett_sip_redirect = -1;
static gint ett_sip_redirect_target = -1;
static gint ett_sip_redirect_explanation = -1;
static gint ett_sip_redirect_differs = -1;
static gint ett_sip_redirect_chain = -1;
static gint ett_sip_redirect_network_blocked = -1;

static expert_field *code_experts; /* one for each row of the response table that has one, in its order */
static expert_field rule_experts[REDIRECT_RULE_COUNT];
static bool is_silent[REDIRECT_RULE_COUNT]; /* by the preference silent_rules */

static value_string *code_values; /* made from the response table, so that phrases stand in one place */

static const value_string class_values[] = {{3, "Redirection"}, {6, "Global failure"}, {0, NULL}};

static const value_string lifetime_values[] = {
    {SIP_RESPONSE_LIFETIME_TEMPORARY, "Temporary"},
    {SIP_RESPONSE_LIFETIME_PERMANENT, "Permanent"},
    {SIP_RESPONSE_LIFETIME_ALTERNATIVE, "No duration stated"},
    {SIP_RESPONSE_LIFETIME_PROXY, "Proxy for this request only"},
    {0, NULL},
};

/* Made from the names in redirect-model.c, so that each stands in one place. */
static value_string *outcome_values, *link_values, *difference_values, *leg_values, *confidence_values;

/* --- first visit: from the frame into the tracker ------------------------------------------------------------------ */

/* Of a message whose captured bytes end within its header fields only whole lines are read. */
static sip_slice_t
text_to_read(const redirect_located_t *located)
{
    return located->headers_complete ? located->text : redirect_whole_lines(located->text);
}

/* False where there is nothing to be shown of it. */
static bool
track_message(redirect_tracker_t *tracker, const packet_info *pinfo, const redirect_located_t *located, uint32_t index)
{
    sip_message_t sip;

    if (!sip_message_parse_start(text_to_read(located), &sip)) {
        return false;
    }
    const redirect_message_t message = {
        .frame = pinfo->num,
        .index = index,
        .time = redirect_session_time(&pinfo->abs_ts),
        .source = redirect_session_endpoint(&pinfo->src, pinfo->srcport),
        .destination = redirect_session_endpoint(&pinfo->dst, pinfo->destport),
        .transport = located->transport,
        .is_cut = !located->headers_complete,
        .bytes = located->text.len,
        .sip = &sip,
    };
    return redirect_tracker_add(tracker, &message) != NULL;
}

/* A request that did not get to where it was sent. The frame itself is not shown: it holds no message of its own. */
static void
track_quoted(redirect_tracker_t *tracker, const packet_info *pinfo, const redirect_quoted_t *quoted)
{
    const redirect_unreachable_t error = {
        .frame = pinfo->num,
        .source = redirect_session_endpoint(&pinfo->src, 0),
        .destination = redirect_session_endpoint(&pinfo->dst, 0),
        .call_id = sip_slice_from_string(quoted->call_id),
        .method = sip_slice_from_string(quoted->method),
        .cseq = quoted->cseq,
    };

    redirect_tracker_add_unreachable(tracker, &error);
}

/* A frame without any message that was found. */
static bool
track_rest(redirect_tracker_t *tracker, const packet_info *pinfo, const redirect_located_list_t *list)
{
    redirect_session_pass_time(&pinfo->abs_ts);
    if (list->missed > 0) {
        redirect_tracker_add_missed(tracker, pinfo->num, list->missed);
    } else {
        track_quoted(tracker, pinfo, list->quoted);
    }
    return list->missed > 0;
}

/* False where there is nothing to be shown of the frame: of most there is not. */
static bool
track_frame(redirect_tracker_t *tracker, packet_info *pinfo)
{
    redirect_located_list_t list;
    bool shown = false;

    if (!redirect_locate(pinfo, &list)) {
        redirect_session_pass_time(&pinfo->abs_ts);
        return false;
    }
    if (list.count == 0) {
        return track_rest(tracker, pinfo, &list);
    }
    for (unsigned i = 0; i < list.count; i++) {
        shown = track_message(tracker, pinfo, &list.message[i], i) || shown;
    }
    if (list.missed > 0) {
        redirect_session_pass_time(&pinfo->abs_ts);
        redirect_tracker_add_missed(tracker, pinfo->num, list.missed);
        shown = true;
    }
    return shown;
}

/* --- every visit: drawing -------------------------------------------------------------------------------------------- */

static void
add_string(proto_tree *tree, int field, tvbuff_t *tvb, const char *text)
{
    if (text) {
        proto_item_set_generated(proto_tree_add_string(tree, field, tvb, 0, 0, text));
    }
}

static void
add_uint(proto_tree *tree, int field, tvbuff_t *tvb, uint32_t value)
{
    proto_item_set_generated(proto_tree_add_uint(tree, field, tvb, 0, 0, value));
}

static void
add_boolean(proto_tree *tree, int field, tvbuff_t *tvb, bool value)
{
    proto_item_set_generated(proto_tree_add_boolean(tree, field, tvb, 0, 0, value));
}

static void
add_time(proto_tree *tree, int field, tvbuff_t *tvb, redirect_time_t time)
{
    nstime_t value = {(time_t)(time / REDIRECT_SECOND), (int)(time % REDIRECT_SECOND)};

    proto_item_set_generated(proto_tree_add_time(tree, field, tvb, 0, 0, &value));
}

/* A link to another frame; 0 is none. */
static void
add_frame(proto_tree *tree, int field, tvbuff_t *tvb, uint32_t frame)
{
    if (frame != 0) {
        add_uint(tree, field, tvb, frame);
    }
}

/* "Target 1, tried in frame 6, 603: ": what became of it stands before the URI, whose end Wireshark may cut off. */
static const char *
target_title(wmem_allocator_t *scope, const redirect_target_t *target, uint16_t result)
{
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "Target ");

    wmem_strbuf_append_printf(text, "%u", target->order);
    if (!target->followable) {
        wmem_strbuf_append(text, ", cannot be followed in SIP");
    }
    if (target->tried_by) {
        wmem_strbuf_append_printf(text, ", tried in frame %u", target->tried_by->request.frame);
    }
    if (result) {
        wmem_strbuf_append_printf(text, ", %u", result);
    }
    wmem_strbuf_append(text, ": ");
    return wmem_strbuf_get_str(text);
}

static void
draw_target(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_t *redirect,
            const redirect_target_t *target)
{
    uint16_t result = redirect_target_result(target);
    proto_item *item = proto_tree_add_string_format(tree, hf_sip_redirect_target, tvb, 0, 0, target->uri, "%s%s",
                                                    target_title(pinfo->pool, target, result), target->uri);
    proto_tree *subtree = proto_item_add_subtree(item, ett_sip_redirect_target);

    proto_item_set_generated(item);
    add_uint(subtree, hf_sip_redirect_target_order, tvb, target->order);
    if (target->has_q) {
        proto_item_set_generated(proto_tree_add_float(subtree, hf_sip_redirect_target_q, tvb, 0, 0, (float)target->q));
    }
    add_uint(subtree, hf_sip_redirect_target_lifetime, tvb, target->lifetime);
    add_boolean(subtree, hf_sip_redirect_target_temporary, tvb, redirect->code == 302);
    if (redirect->code == 302) {
        add_boolean(subtree, hf_sip_redirect_target_single_use, tvb, target->single_use);
    }
    if (target->has_expires) {
        add_uint(subtree, hf_sip_redirect_target_expires, tvb, target->expires);
        add_time(subtree, hf_sip_redirect_target_valid_until, tvb,
                 redirect->time + (redirect_time_t)target->expires * REDIRECT_SECOND);
    }
    if (target->tried_by) {
        add_frame(subtree, hf_sip_redirect_target_tried_in, tvb, target->tried_by->request.frame);
    }
    if (result) {
        add_uint(subtree, hf_sip_redirect_target_result, tvb, result);
    }
}

static void
draw_targets(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_t *redirect)
{
    add_uint(tree, hf_sip_redirect_target_count, tvb, redirect->target_total);
    for (unsigned i = 0; i < redirect->target_count; i++) {
        draw_target(tree, pinfo, tvb, redirect, &redirect->target[i]);
    }
}

static void
draw_failure_details(proto_tree *tree, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_failure_details_t *failure_details = record->details->failure;
    proto_item *item;
    proto_tree *subtree;

    if (failure_details->has_retry_after) {
        item = proto_tree_add_uint(tree, hf_sip_redirect_retry_after, tvb, 0, 0, failure_details->retry_after);
        proto_item_set_generated(item);
        if (failure_details->retry_more) {
            proto_item_append_text(item, ", %s", failure_details->retry_more);
        }
    }
    if (record->status != 603) {
        return;
    }
    item = proto_tree_add_boolean(tree, hf_sip_redirect_network_blocked, tvb, 0, 0, failure_details->network_blocked);
    proto_item_set_generated(item);
    subtree = proto_item_add_subtree(item, ett_sip_redirect_network_blocked);
    add_string(subtree, hf_sip_redirect_network_blocked_url, tvb, failure_details->url);
    add_string(subtree, hf_sip_redirect_network_blocked_tel, tvb, failure_details->tel);
    add_string(subtree, hf_sip_redirect_network_blocked_email, tvb, failure_details->email);
    add_string(subtree, hf_sip_redirect_network_blocked_id, tvb, failure_details->id);
    add_string(subtree, hf_sip_redirect_network_blocked_location, tvb, failure_details->location);
}

static void
add_lines(proto_tree *tree, int field, tvbuff_t *tvb, const redirect_annotation_t *line)
{
    for (; line; line = line->next) {
        add_string(tree, field, tvb, line->text);
    }
}

/* Labelled text about the other of two codes that are compared. */
static void
add_compare(proto_tree *tree, tvbuff_t *tvb, const char *label, const char *text)
{
    if (text) {
        proto_item_set_generated(
            proto_tree_add_string_format(tree, hf_sip_redirect_compare, tvb, 0, 0, text, "%s: %s", label, text));
    }
}

/* How a code differs from one that it is mistaken for; below it what that other code says, for who opens it. */
static void
draw_differs(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const sip_response_t *row,
             const sip_response_neighbour_t *neighbour)
{
    const sip_response_t *other = sip_response_by_key(neighbour->code);
    proto_item *item = proto_tree_add_string(tree, hf_sip_redirect_differs, tvb, 0, 0, neighbour->text);
    proto_tree *subtree;

    proto_item_set_generated(item);
    if (other == NULL || !proto_field_is_referenced(tree, hf_sip_redirect_compare)) {
        return;
    }
    subtree = proto_item_add_subtree(item, ett_sip_redirect_differs);
    add_compare(subtree, tvb, sip_response_title(pinfo->pool, other), other->meaning);
    add_compare(subtree, tvb, "The other way round", sip_response_difference(other, row->code));
    add_compare(subtree, tvb, "Use when", other->use_when);
}

/* In a chain with both a redirect and a global failure: what sets the two apart. */
static void
draw_compared(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record,
              const sip_response_t *row)
{
    uint16_t other = record->transaction && record->transaction->chain
                         ? redirect_report_counterpart(record->transaction->chain, record->status)
                         : 0;

    if (other) {
        const uint16_t own = row->code < 10 ? record->status : row->code;
        const char *text = sip_response_contrast(pinfo->pool, own, other);
        proto_item_set_generated(proto_tree_add_string_format(tree, hf_sip_redirect_compared, tvb, 0, 0, text,
                                                              "Compared with %u: %s", other, text));
    }
}

/* What is true of the code wherever it is seen, for who opens it; what to do about it stands outside. */
static void
draw_explanation(proto_tree *parent, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record,
                 const sip_response_t *row)
{
    proto_item *item;
    proto_tree *tree;

    add_string(parent, hf_sip_redirect_remedy, tvb, row->remedy);
    item =
        proto_tree_add_none_format(parent, hf_sip_redirect_explanation, tvb, 0, 0, "Explanation of %u", record->status);
    tree = proto_item_add_subtree(item, ett_sip_redirect_explanation);
    proto_item_set_generated(item);
    add_string(tree, hf_sip_redirect_meaning, tvb, row->meaning);
    add_string(tree, hf_sip_redirect_seen_when, tvb, row->seen_when);
    add_string(tree, hf_sip_redirect_use_when, tvb, row->use_when);
    for (unsigned i = 0; i < SIP_RESPONSE_MAX_NEIGHBOURS && row->differs[i].code; i++) {
        draw_differs(tree, pinfo, tvb, row, &row->differs[i]);
    }
    draw_compared(tree, pinfo, tvb, record, row);
    add_string(tree, hf_sip_redirect_reference, tvb, row->reference);
}

/* Who made the response, how soon, and whether the phone rang before. */
static void
draw_answer(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_answer_t answer = redirect_answer_of(record, redirect_session_time(&pinfo->abs_ts));

    add_string(tree, hf_sip_redirect_answered_by, tvb, redirect_answered_by(pinfo->pool, record));
    if (answer.has_time) {
        add_time(tree, hf_sip_redirect_response_time, tvb, answer.after);
    }
    if (answer.knows_ringing) {
        add_boolean(tree, hf_sip_redirect_rang, tvb, answer.rang);
    }
    if (answer.has_ring_time) {
        add_time(tree, hf_sip_redirect_ring_time, tvb, answer.ring_time);
    }
}

/* The registered phrase of 603 is wrong for a 603+. */
static void
draw_status(proto_tree *tree, tvbuff_t *tvb, uint16_t status, const sip_response_t *row)
{
    if (row->code == SIP_RESPONSE_NETWORK_BLOCKED) {
        proto_item_set_generated(proto_tree_add_uint_format_value(tree, hf_sip_redirect_code, tvb, 0, 0, status,
                                                                  "%s (%u)", row->phrase, status));
    } else {
        add_uint(tree, hf_sip_redirect_code, tvb, status);
    }
}

static void
draw_code(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record,
          const sip_response_t *row)
{
    add_string(tree, hf_sip_redirect_verdict, tvb, redirect_verdict(pinfo->pool, redirect_session_store(), record));
    if (record->details->told) {
        add_lines(tree, hf_sip_redirect_told, tvb, record->details->told->values);
    }
    if (record->details->failure) {
        add_lines(tree, hf_sip_redirect_redress, tvb, record->details->failure->redress);
    }
    draw_status(tree, tvb, record->status, row);
    add_uint(tree, hf_sip_redirect_class, tvb, record->status / 100);
    add_boolean(tree, hf_sip_redirect_definitive, tvb, row->definitive);
    draw_answer(tree, pinfo, tvb, record);
    if (redirect_of_record(record)) {
        draw_targets(tree, pinfo, tvb, redirect_of_record(record));
    }
    if (record->details->failure) {
        draw_failure_details(tree, tvb, record);
    }
    if (record->details->service) {
        add_string(tree, hf_sip_redirect_service_type, tvb, record->details->service->type);
        add_string(tree, hf_sip_redirect_service_action, tvb, record->details->service->action);
        add_string(tree, hf_sip_redirect_service_reason, tvb, record->details->service->reason);
    }
}

/* What the caller got in place of a 3xx or 6xx. */
static void
draw_hidden(proto_tree *tree, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_transaction_t *above = redirect_record_hidden_by(record);

    if (above) {
        add_frame(tree, hf_sip_redirect_chain_hidden_in, tvb, above->response.frame);
    }
}

/* Of a 3xx or 6xx that an element on the way made: what it had got from farther on. */
static void
draw_made_of(proto_tree *tree, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_transaction_t *maker = record->details->made_at;
    const redirect_transaction_t *of = maker ? redirect_next_made_of(maker, NULL) : NULL;

    for (; of; of = redirect_next_made_of(maker, of)) {
        add_frame(tree, hf_sip_redirect_chain_made_of_in, tvb, of->response.frame);
    }
}

/* On the request alone: what it is made of is no news on each of its responses. */
static void
draw_leg(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_leg_t *leg = record->transaction->extras->leg;

    if (leg == NULL || (leg->evidence & REDIRECT_LEG_BY_SAME_CALL) ||
        record->frame != record->transaction->request.frame || record->status != 0) {
        return;
    }
    add_frame(tree, hf_sip_redirect_chain_leg_of_in, tvb, leg->of->request.frame);
    add_uint(tree, hf_sip_redirect_chain_leg_link, tvb, leg->kind);
    add_uint(tree, hf_sip_redirect_chain_leg_confidence, tvb, leg->confidence);
    add_string(tree, hf_sip_redirect_chain_leg_evidence, tvb, redirect_leg_evidence(pinfo->pool, leg));
}

static void
draw_followup(proto_tree *tree, tvbuff_t *tvb, const redirect_transaction_t *transaction)
{
    const redirect_link_t *link = transaction->link;

    add_frame(tree, hf_sip_redirect_chain_redirected_in, tvb, link->redirected_in);
    add_uint(tree, hf_sip_redirect_chain_link, tvb, link->kind);
    add_uint(tree, hf_sip_redirect_chain_confidence, tvb, link->confidence);
    add_string(tree, hf_sip_redirect_chain_evidence, tvb, link->evidence);
    if (link->difference != SIP_URI_DIFF_NONE) {
        add_uint(tree, hf_sip_redirect_chain_difference, tvb, link->difference);
    }
    /* Frames out of order may show an effect before its cause: then there is no time to show. */
    if (transaction->request.time >= link->redirected_at) {
        add_time(tree, hf_sip_redirect_follow_time, tvb, transaction->request.time - link->redirected_at);
    }
}

static void
draw_chain(proto_tree *parent, packet_info *pinfo, tvbuff_t *tvb, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    const redirect_chain_t *chain = transaction->chain;
    redirect_result_t result = redirect_chain_result(redirect_session_store(), chain);
    redirect_time_t delay;
    proto_item *item = proto_tree_add_uint(parent, hf_sip_redirect_chain, tvb, 0, 0, chain->number);
    proto_tree *tree = proto_item_add_subtree(item, ett_sip_redirect_chain);

    proto_item_set_generated(item);
    proto_item_append_text(item, ", hop %u of %u: %s", transaction->hop, chain->hops,
                           redirect_result_words(pinfo->pool, &result));
    add_uint(tree, hf_sip_redirect_chain_hop, tvb, transaction->hop);
    add_uint(tree, hf_sip_redirect_chain_hops, tvb, chain->hops);
    if (chain->root->request.frame) {
        add_string(tree, hf_sip_redirect_chain_origin, tvb, redirect_transaction_uri(pinfo->pool, chain->root));
    }
    add_string(tree, hf_sip_redirect_chain_path, tvb,
               redirect_transaction_path(pinfo->pool, redirect_session_store(), transaction));
    add_uint(tree, hf_sip_redirect_chain_outcome, tvb, result.outcome);
    if (result.final_code) {
        add_uint(tree, hf_sip_redirect_chain_final_code, tvb, result.final_code);
    }
    add_frame(tree, hf_sip_redirect_chain_request_in, tvb, chain->root->request.frame);
    if (transaction->link) {
        draw_followup(tree, tvb, transaction);
    }
    if (redirect_of_record(record)) {
        for (const redirect_transaction_t *next = redirect_of_record(record)->first_followup; next;
             next = next->link->next_followup) {
            add_frame(tree, hf_sip_redirect_chain_followed_in, tvb, next->request.frame);
        }
    }
    add_frame(tree, hf_sip_redirect_chain_final_in, tvb, result.final_frame);
    draw_hidden(tree, tvb, record);
    draw_made_of(tree, tvb, record);
    draw_leg(tree, pinfo, tvb, record);
    delay = redirect_session_time(&pinfo->abs_ts) - chain->root->request.time;
    if (chain->root->request.frame && delay >= 0) { /* no time passed where clocks say that it went back */
        add_time(tree, hf_sip_redirect_chain_delay, tvb, delay);
    }
    if (chain->truncated) {
        add_boolean(tree, hf_sip_redirect_chain_truncated, tvb, true);
    }
}

/* Who reads the words of an expert item: the packet details, or a tap. Else its severity alone counts, and is cheaper. */
static bool
words_are_read(const proto_item *item)
{
    if (expert_tap <= 0) {
        expert_tap = find_tap_id("expert"); /* it is registered when the first file is opened */
    }
    return item || have_tap_listener(expert_tap);
}

/* text: NULL where nobody reads it. */
static void
add_expert(packet_info *pinfo, proto_item *item, expert_field *field, const char *text)
{
    if (text) {
        expert_add_info_format(pinfo, item, field, "%s", text);
    } else {
        expert_add_info(pinfo, item, field);
    }
}

/* A filter with the name of the wider rule finds this one, too. */
static void
add_wider(proto_item *item, tvbuff_t *tvb, redirect_rule_id_t id)
{
    const redirect_rule_id_t wider = redirect_rule_wider(id);

    if (item && wider != id) {
        proto_item *found =
            proto_tree_add_item(proto_item_get_subtree(item), rule_experts[wider].hf, tvb, 0, 0, ENC_NA);

        proto_item_set_generated(found);
        proto_item_set_hidden(found);
    }
}

static void
add_expert_items(packet_info *pinfo, tvbuff_t *tvb, proto_item *item, const redirect_expert_item_t *expert_item)
{
    for (; expert_item; expert_item = expert_item->next) {
        const redirect_rule_id_t id = expert_item->rule->id;

        if (!is_silent[id]) {
            add_expert(pinfo, item, &rule_experts[id], words_are_read(item) ? expert_item->text : NULL);
            add_wider(item, tvb, id);
        }
    }
}

/* With and without a tree alike: the Expert Information window revisits frames without one. */
static void
add_experts(packet_info *pinfo, tvbuff_t *tvb, proto_item *item, const redirect_record_t *record,
            const sip_response_t *row)
{
    size_t count;

    if (row) {
        add_expert(pinfo, item, &code_experts[row - sip_response_table(&count)],
                   words_are_read(item) ? redirect_verdict_short(pinfo->pool, record) : NULL);
    }
    add_expert_items(pinfo, tvb, item, record->details->expert_items);
    if (PINFO_FD_VISITED(pinfo)) {
        add_expert_items(pinfo, tvb, item, redirect_rules_look_back(pinfo->pool, redirect_session_store(), record));
    }
}

/* What explains a message: the row of a 3xx or 6xx, NULL for all others. */
static const sip_response_t *
row_of(const redirect_record_t *record)
{
    const redirect_failure_details_t *failure = record->details->failure;

    if (!redirect_is_explained(record->status)) {
        return NULL;
    }
    return sip_response_of(record->status, failure && failure->network_blocked);
}

/* What a message tells of forwards, where it does; NULL of all others. */
static const char *
diverted_text(const redirect_record_t *record)
{
    const redirect_expert_item_t *expert_item = record->details->expert_items;

    while (expert_item && expert_item->rule->id != REDIRECT_RULE_DIVERTED) {
        expert_item = expert_item->next;
    }
    return expert_item ? expert_item->text : NULL;
}

static void
draw_record(packet_info *pinfo, tvbuff_t *tvb, proto_tree *tree, const redirect_record_t *record)
{
    const sip_response_t *row = row_of(record);
    bool in_chain = record->transaction && record->transaction->chain;
    const redirect_annotation_t *annotation;
    proto_item *item;
    proto_tree *subtree;

    if (tree == NULL) {
        add_experts(pinfo, tvb, NULL, record, row);
        return;
    }
    item = proto_tree_add_item(tree, proto_sip_redirect, tvb, 0, 0, ENC_NA);
    subtree = proto_item_add_subtree(item, ett_sip_redirect);
    proto_item_set_generated(item);
    add_experts(pinfo, tvb, item, record, row);
    annotation = redirect_annotations_of(pinfo->pool, record);
    if (row || in_chain) {
        proto_item_append_text(item, ": %s", redirect_title(pinfo->pool, redirect_session_store(), record));
    } else if (diverted_text(record)) {
        proto_item_append_text(item, ": %s", diverted_text(record));
    } else if (annotation) {
        proto_item_append_text(item, ": %s", annotation->text);
    }
    if (row) {
        draw_code(subtree, pinfo, tvb, record, row);
    }
    if (in_chain) {
        draw_chain(subtree, pinfo, tvb, record);
    }
    if (row && pref_explain) {
        draw_explanation(subtree, pinfo, tvb, record, row);
    }
    add_lines(subtree, hf_sip_redirect_remark, tvb, annotation);
}

/* Nothing stands there without a column: most runs of tshark have none. */
static void
add_to_info(packet_info *pinfo, const redirect_record_t *record)
{
    const char *suffix;

    if (!pref_info_column || !col_get_writable(pinfo->cinfo, COL_INFO)) {
        return;
    }
    suffix = redirect_info_suffix(pinfo->pool, redirect_session_store(), record);
    if (suffix) {
        const char *text = col_get_text(pinfo->cinfo, COL_INFO);
        const bool ends_in_blank = text && *text && text[strlen(text) - 1] == ' '; /* SIP ends its own so */
        col_append_fstr(pinfo->cinfo, COL_INFO, "%s%s", ends_in_blank ? "" : " ", suffix);
    }
}

static void
queue_tap(packet_info *pinfo, const redirect_record_t *record)
{
    if (have_tap_listener(sip_redirect_tap)) {
        sip_redirect_tap_t *tap = wmem_new(pinfo->pool, sip_redirect_tap_t);
        tap->store = redirect_session_store();
        tap->record = record;
        tap_queue_packet(sip_redirect_tap, pinfo, tap);
    }
}

/* Called through its handle, and so as the protocol that its items belong to: see proto_register_sip_redirect(). */
static int
show_records(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *first)
{
    const redirect_store_t *store = redirect_session_store();

    for (const redirect_record_t *record = (const redirect_record_t *)first; record;
         record = redirect_next_in_frame(record)) {
        draw_record(pinfo, tvb, tree, record);
        add_to_info(pinfo, record);
        queue_tap(pinfo, record);
        redirect_stats_voip_queue(pinfo, store, record);
    }
    return 1;
}

static int
dissect_sip_redirect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    redirect_tracker_t *tracker = redirect_session_tracker();

    if (tracker == NULL) {
        return 0;
    }
    if (PINFO_FD_VISITED(pinfo) || track_frame(tracker, pinfo)) {
        const redirect_record_t *first = redirect_tracker_records(tracker, pinfo->num);

        if (first) {
            call_dissector_only(records_handle, tvb, pinfo, tree, (void *)first);
        }
    }
    return 1; /* of a post-dissector Wireshark asks no more than that it took the frame */
}

/* --- life of a capture file ------------------------------------------------------------------------------------------ */

/* A redirected call is remembered at least as long as another may follow it. */
static redirect_limits_t
limits_for(unsigned link_window)
{
    redirect_limits_t limits = redirect_limits_default();

    limits.timeout_visible_s = MAX(limits.timeout_visible_s, link_window);
    limits.timeout_unanswered_s = MAX(limits.timeout_unanswered_s, link_window);
    return limits;
}

/*
 * The chain is open from the start: what became of the call is read first. Wireshark makes its list of what is open after
 * all dissectors were set up. Once, for a user may close it.
 */
static void
open_chain_once(void)
{
    static bool is_done;

    if (!is_done) {
        is_done = true;
        tree_expanded_set(ett_sip_redirect_chain, TRUE);
    }
}

static void
sip_redirect_open_file(void)
{
    const redirect_config_t config = {
        .max_hops = pref_max_hops,
        .link_calls = pref_link_calls,
        .link_window = pref_link_window,
        .leg_headers = pref_leg_headers,
        .link_legs = pref_link_legs,
        .shared_headers = pref_shared_headers,
        .show_diverted = pref_show_diverted,
        .limits = limits_for(pref_link_window),
    };

    redirect_session_open(&config);
    open_chain_once();
}

/* --- registration ------------------------------------------------------------------------------------------------------ */

static void
make_code_values(void)
{
    size_t count;
    const sip_response_t *table = sip_response_table(&count);
    unsigned used = 0;

    code_values = wmem_alloc0_array(wmem_epan_scope(), value_string, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (redirect_is_explained(table[i].code)) {
            code_values[used].value = table[i].code;
            code_values[used++].strptr = table[i].phrase;
        }
    }
}

/* The values from first on with their names, which begin with a capital letter here; count is that of the enum. */
static value_string *
make_values(unsigned first, unsigned count, const char *(*name)(unsigned))
{
    value_string *values = wmem_alloc0_array(wmem_epan_scope(), value_string, count - first + 1);

    for (unsigned i = first; i < count; i++) {
        char *text = wmem_strdup(wmem_epan_scope(), name(i));
        text[0] = g_ascii_toupper(text[0]);
        values[i - first] = (value_string){i, text};
    }
    return values;
}

static const char *
outcome_name(unsigned outcome)
{
    return redirect_outcome_name((redirect_outcome_t)outcome);
}

static const char *
link_name(unsigned kind)
{
    return redirect_link_name((redirect_link_kind_t)kind);
}

static const char *
leg_name(unsigned kind)
{
    return redirect_leg_name((redirect_leg_kind_t)kind);
}

static const char *
difference_name(unsigned difference)
{
    return sip_uri_diff_name((sip_uri_diff_t)difference);
}

static const char *
confidence_name(unsigned confidence)
{
    return redirect_confidence_name((redirect_confidence_t)confidence);
}

/* Fields are registered from a static table, so their value strings are set by the field and not by position. */
static void
set_values(hf_register_info *hf, size_t count, const int *field, const value_string *values)
{
    for (size_t i = 0; i < count; i++) {
        if (hf[i].p_id == field) {
            hf[i].hfinfo.strings = VALS(values);
        }
    }
}

/*
 * The unit of what is counted in seconds. It is set here and not in the table, because on Windows the address of a
 * variable of another library is no constant.
 */
static void
set_units(hf_register_info *hf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hf[i].hfinfo.display & BASE_UNIT_STRING) {
            hf[i].hfinfo.strings = &units_seconds;
        }
    }
}

static void
register_rule_experts(expert_module_t *module)
{
    static const int severities[] = {[REDIRECT_SEVERITY_CHAT] = PI_CHAT,
                                     [REDIRECT_SEVERITY_NOTE] = PI_NOTE,
                                     [REDIRECT_SEVERITY_WARN] = PI_WARN,
                                     [REDIRECT_SEVERITY_ERROR] = PI_ERROR};
    static const int groups[] = {[REDIRECT_GROUP_SEQUENCE] = PI_SEQUENCE,
                                 [REDIRECT_GROUP_PROTOCOL] = PI_PROTOCOL,
                                 [REDIRECT_GROUP_SECURITY] = PI_SECURITY};
    static ei_register_info registrations[REDIRECT_RULE_COUNT];
    const redirect_rule_t *rules = redirect_rules_table();

    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        ei_register_info info = {&rule_experts[i],
                                 {wmem_strdup_printf(wmem_epan_scope(), "sip_redirect.%s", rules[i].name),
                                  groups[rules[i].group], severities[rules[i].severity], rules[i].summary, EXPFILL}};
        rule_experts[i] = (expert_field)EI_INIT;
        registrations[i] = info;
    }
    expert_register_field_array(module, registrations, REDIRECT_RULE_COUNT);
}

/* A row added to the response table has its expert field by that alone. */
static void
register_code_experts(expert_module_t *module)
{
    wmem_allocator_t *scope = wmem_epan_scope();
    size_t count;
    const sip_response_t *row = sip_response_table(&count);
    ei_register_info *registrations = wmem_alloc0_array(scope, ei_register_info, count);
    int used = 0;

    code_experts = wmem_alloc_array(scope, expert_field, count);
    for (size_t i = 0; i < count; i++) {
        const bool refused = sip_response_class(&row[i]) == 6;
        char *filter;

        code_experts[i] = (expert_field)EI_INIT;
        if (!sip_response_has_expert(&row[i])) {
            continue;
        }
        filter = sip_response_filter(scope, &row[i]);
        registrations[used++] =
            (ei_register_info){&code_experts[i],
                               {wmem_strdup_printf(scope, "sip_redirect.%s", filter), PI_RESPONSE_CODE,
                                refused ? PI_WARN : PI_NOTE, sip_response_expert_summary(scope, &row[i]), EXPFILL}};
    }
    expert_register_field_array(module, registrations, used);
}

static void
register_experts(void)
{
    expert_module_t *module = expert_register_protocol(proto_sip_redirect);

    register_code_experts(module);
    register_rule_experts(module);
}

static void
apply_preferences(void)
{
    const sip_slice_t unknown = redirect_rules_choose(pref_silent_rules, is_silent);

    redirect_stats_voip_enable(pref_voip_calls);
    if (unknown.ptr) {
        char *name = redirect_text_from_wire(NULL, unknown, 80);
        report_failure("sip_redirect.silent_rules: there is no expert item \"%s\".", name);
        wmem_free(NULL, name);
    }
}

static void
register_preferences(void)
{
    module_t *module = prefs_register_protocol(proto_sip_redirect, apply_preferences);

    prefs_register_uint_preference(module, "max_hops", "Warn when a request was redirected more often than (0: never)",
                                   "A request that was redirected more often than this gets a warning; 0 warns of "
                                   "none.",
                                   10, &pref_max_hops);
    prefs_register_bool_preference(module, "link_calls", "Link redirects to calls with another Call-ID",
                                   "Whether a call with a Call-ID of its own may count as the follow-up of a redirect "
                                   "(a B2BUA or SBC makes such calls). The evidence is shown with each link.",
                                   &pref_link_calls);
    prefs_register_uint_preference(module, "link_window", "Seconds in which a new call may follow a redirect",
                                   "How long after a 3xx a new call to one of its targets, by the party that was "
                                   "redirected, counts as its follow-up.",
                                   10, &pref_link_window);
    prefs_register_string_preference(module, "leg_headers", "Header fields that name another leg's Call-ID",
                                     "Comma-separated names of header fields in which a B2BUA or SBC writes the "
                                     "Call-ID of the other leg.",
                                     &pref_leg_headers);
    prefs_register_bool_preference(module, "link_legs", "Join the two sides of a B2BUA",
                                   "Whether the call that a PBX or SBC (a B2BUA) received and the calls that it made "
                                   "of it count as one, so that a chain begins with the caller. The evidence is shown "
                                   "with each. Needs link_calls.",
                                   &pref_link_legs);
    prefs_register_string_preference(module, "shared_headers", "Header fields with an identifier of the whole call",
                                     "Comma-separated names of header fields whose value is the same on every leg of a "
                                     "call, whatever its Call-IDs; of P-Charging-Vector the icid-value is taken.",
                                     &pref_shared_headers);
    prefs_register_bool_preference(module, "show_diverted", "Show forwards that need no 3xx",
                                   "Whether an INVITE whose Diversion or History-Info tells of a forward, and a 181, "
                                   "are shown where the capture holds no redirect of them: who forwarded, to whom and "
                                   "why.",
                                   &pref_show_diverted);
    prefs_register_bool_preference(module, "explain", "Show the long explanations",
                                   "Whether the packet details hold what each code means, when one sees it, what to "
                                   "do, when to answer with it, and how it differs from the codes that it is "
                                   "mistaken for.",
                                   &pref_explain);
    prefs_register_string_preference(module, "silent_rules", "Expert items that are not shown",
                                     "Comma-separated names of expert items that are left out, for what is known and "
                                     "meant to be so: not_followed, password. Those of the codes always show.",
                                     &pref_silent_rules);
    prefs_register_bool_preference(module, "voip_calls", "Show chains in VoIP Calls",
                                   "Whether Telephony > VoIP Calls holds a row for each chain of redirects, beside the "
                                   "rows of its calls, and its Flow Sequence says what each message did.",
                                   &pref_voip_calls);
    prefs_register_bool_preference(module, "info_column", "Add what became of a call to the Info column",
                                   "Whether the Info column of the packet list says, after SIP's own text, what became "
                                   "of each message of a chain: [followed in 6], [hop 1 of chain 0].",
                                   &pref_info_column);
}

void
proto_register_sip_redirect(void)
{
    static hf_register_info hf[] = {
        /* The response */
        {&hf_sip_redirect_code,
         {"Code", "sip_redirect.code", FT_UINT16, BASE_DEC, NULL, 0x0, "The response code explained", HFILL}},
        {&hf_sip_redirect_class,
         {"Class", "sip_redirect.class", FT_UINT8, BASE_DEC, VALS(class_values), 0x0,
          "3 is a redirection, 6 a global failure", HFILL}},
        {&hf_sip_redirect_verdict,
         {"Verdict", "sip_redirect.verdict", FT_STRING, BASE_NONE, NULL, 0x0,
          "What the response means here, and what happened next", HFILL}},
        {&hf_sip_redirect_told,
         {"Told", "sip_redirect.told", FT_STRING, BASE_NONE, NULL, 0x0,
          "What the sender says in its own words: another reason phrase than the registered one, Reason, Warning, "
          "Error-Info",
          HFILL}},
        {&hf_sip_redirect_redress,
         {"Redress", "sip_redirect.redress", FT_STRING, BASE_NONE, NULL, 0x0,
          "Where to object: URL, telephone and email of a 603+, Call-Info of a 608", HFILL}},
        {&hf_sip_redirect_explanation,
         {"Explanation", "sip_redirect.explanation", FT_NONE, BASE_NONE, NULL, 0x0,
          "What is true of the code wherever it is seen", HFILL}},
        {&hf_sip_redirect_meaning,
         {"Meaning", "sip_redirect.meaning", FT_STRING, BASE_NONE, NULL, 0x0, "What the code says", HFILL}},
        {&hf_sip_redirect_seen_when,
         {"Seen when", "sip_redirect.seen_when", FT_STRING, BASE_NONE, NULL, 0x0, "When one sees this code", HFILL}},
        {&hf_sip_redirect_remedy,
         {"Remedy", "sip_redirect.remedy", FT_STRING, BASE_NONE, NULL, 0x0, "What to do about it", HFILL}},
        {&hf_sip_redirect_use_when,
         {"Use when", "sip_redirect.use_when", FT_STRING, BASE_NONE, NULL, 0x0, "When to answer with this code",
          HFILL}},
        {&hf_sip_redirect_differs,
         {"Differs", "sip_redirect.differs", FT_STRING, BASE_NONE, NULL, 0x0,
          "How the code differs from one that it is mistaken for", HFILL}},
        {&hf_sip_redirect_compare,
         {"Compare", "sip_redirect.compare", FT_STRING, BASE_NONE, NULL, 0x0,
          "What the other code means, how it differs in turn, and when to answer with it", HFILL}},
        {&hf_sip_redirect_reference,
         {"Reference", "sip_redirect.reference", FT_STRING, BASE_NONE, NULL, 0x0, "The RFC and its section", HFILL}},
        {&hf_sip_redirect_definitive,
         {"Definitive", "sip_redirect.definitive", FT_BOOLEAN, BASE_NONE, NULL, 0x0,
          "True for a 6xx: to try other targets is pointless, and a proxy must not (RFC 3261 section 16.7)", HFILL}},
        {&hf_sip_redirect_answered_by,
         {"Answered by", "sip_redirect.answered_by", FT_STRING, BASE_NONE, NULL, 0x0,
          "Who made the response as far as the capture shows, and what it was made of", HFILL}},
        {&hf_sip_redirect_response_time,
         {"Response time", "sip_redirect.response_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0x0,
          "From the request to this response, on this leg", HFILL}},
        {&hf_sip_redirect_rang,
         {"Rang", "sip_redirect.rang", FT_BOOLEAN, BASE_NONE, NULL, 0x0, "True where a 180 came before this response",
          HFILL}},
        {&hf_sip_redirect_ring_time,
         {"Ring time", "sip_redirect.ring_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0x0,
          "From the first 180 to this response", HFILL}},
        {&hf_sip_redirect_retry_after,
         {"Retry after", "sip_redirect.retry_after", FT_UINT32, BASE_DEC | BASE_UNIT_STRING, NULL, 0x0,
          "After this time the callee expects to be available", HFILL}},
        {&hf_sip_redirect_network_blocked,
         {"Network blocked", "sip_redirect.network_blocked", FT_BOOLEAN, BASE_NONE, NULL, 0x0,
          "True where call analytics in the network blocked the call (603+)", HFILL}},
        {&hf_sip_redirect_network_blocked_url,
         {"URL", "sip_redirect.network_blocked.url", FT_STRING, BASE_NONE, NULL, 0x0, "Where to object to the blocking",
          HFILL}},
        {&hf_sip_redirect_network_blocked_tel,
         {"Telephone", "sip_redirect.network_blocked.tel", FT_STRING, BASE_NONE, NULL, 0x0,
          "Whom to call about the blocking", HFILL}},
        {&hf_sip_redirect_network_blocked_email,
         {"Email", "sip_redirect.network_blocked.email", FT_STRING, BASE_NONE, NULL, 0x0,
          "Whom to write to about the blocking", HFILL}},
        {&hf_sip_redirect_network_blocked_id,
         {"ID", "sip_redirect.network_blocked.id", FT_STRING, BASE_NONE, NULL, 0x0,
          "Reference to quote when you object", HFILL}},
        {&hf_sip_redirect_network_blocked_location,
         {"Location", "sip_redirect.network_blocked.location", FT_STRING, BASE_NONE, NULL, 0x0,
          "Whose network blocked the call: the code of RFC 8606 and what it means", HFILL}},
        {&hf_sip_redirect_service_type,
         {"Alternative service", "sip_redirect.service.type", FT_STRING, BASE_NONE, NULL, 0x0,
          "What kind of service the body of a 380 offers instead", HFILL}},
        {&hf_sip_redirect_service_action,
         {"Action", "sip_redirect.service.action", FT_STRING, BASE_NONE, NULL, 0x0,
          "What the body of a 380 asks the client to do", HFILL}},
        {&hf_sip_redirect_service_reason,
         {"Reason", "sip_redirect.service.reason", FT_STRING, BASE_NONE, NULL, 0x0,
          "Why, in the words of the body of a 380", HFILL}},
        /* Where a redirect sends the request */
        {&hf_sip_redirect_target_count,
         {"Target count", "sip_redirect.target_count", FT_UINT32, BASE_DEC, NULL, 0x0,
          "How many targets the response offers", HFILL}},
        {&hf_sip_redirect_target,
         {"Target", "sip_redirect.target", FT_STRING, BASE_NONE, NULL, 0x0,
          "A URI to try, as written; highest q first, those of equal q in the order written", HFILL}},
        {&hf_sip_redirect_target_order,
         {"Order", "sip_redirect.target.order", FT_UINT32, BASE_DEC, NULL, 0x0,
          "By q, then as written: 1 comes first; those of equal q may be tried in any order", HFILL}},
        {&hf_sip_redirect_target_q,
         {"q", "sip_redirect.target.q", FT_FLOAT, BASE_NONE, NULL, 0x0, "Preference from 0 to 1, where given", HFILL}},
        {&hf_sip_redirect_target_lifetime,
         {"Lifetime", "sip_redirect.target.lifetime", FT_UINT8, BASE_DEC, VALS(lifetime_values), 0x0,
          "How long the target holds", HFILL}},
        {&hf_sip_redirect_target_temporary,
         {"Temporary", "sip_redirect.target.temporary", FT_BOOLEAN, BASE_NONE, NULL, 0x0,
          "True for the targets of a 302", HFILL}},
        {&hf_sip_redirect_target_single_use,
         {"Single use", "sip_redirect.target.single_use", FT_BOOLEAN, BASE_NONE, NULL, 0x0,
          "No expiry is given: the target holds once and is not to be cached", HFILL}},
        {&hf_sip_redirect_target_expires,
         {"Expires", "sip_redirect.target.expires", FT_UINT32, BASE_DEC | BASE_UNIT_STRING, NULL, 0x0,
          "How long the target holds from the receipt of the response", HFILL}},
        {&hf_sip_redirect_target_valid_until,
         {"Valid until", "sip_redirect.target.valid_until", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0x0,
          "When the target ceases to hold", HFILL}},
        {&hf_sip_redirect_target_tried_in,
         {"Tried in", "sip_redirect.target.tried_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The request that tried this target", HFILL}},
        {&hf_sip_redirect_target_result,
         {"Result", "sip_redirect.target.result", FT_UINT16, BASE_DEC, NULL, 0x0,
          "The final response that this target gave in the end", HFILL}},
        /* The chain */
        {&hf_sip_redirect_chain,
         {"Chain", "sip_redirect.chain", FT_UINT32, BASE_DEC, NULL, 0x0, "Number of the chain of redirects, from 0",
          HFILL}},
        {&hf_sip_redirect_chain_hop,
         {"Hop", "sip_redirect.chain.hop", FT_UINT32, BASE_DEC, NULL, 0x0,
          "How many redirects lie between the original request and this one", HFILL}},
        {&hf_sip_redirect_chain_hops,
         {"Hops", "sip_redirect.chain.hops", FT_UINT32, BASE_DEC, NULL, 0x0, "Most redirects in a row in this chain",
          HFILL}},
        {&hf_sip_redirect_chain_origin,
         {"Origin", "sip_redirect.chain.origin", FT_STRING, BASE_NONE, NULL, 0x0, "Request-URI of the original request",
          HFILL}},
        {&hf_sip_redirect_chain_path,
         {"Path", "sip_redirect.chain.path", FT_STRING, BASE_NONE, NULL, 0x0,
          "The URIs tried and the codes got on the way to this message, and on to the end", HFILL}},
        {&hf_sip_redirect_chain_outcome,
         {"Outcome", "sip_redirect.chain.outcome", FT_UINT8, BASE_DEC, NULL, 0x0,
          "How the chain ended, as the original client saw it", HFILL}},
        {&hf_sip_redirect_chain_final_code,
         {"Final code", "sip_redirect.chain.final_code", FT_UINT16, BASE_DEC, NULL, 0x0,
          "The response code that ended the chain", HFILL}},
        {&hf_sip_redirect_chain_request_in,
         {"Request in", "sip_redirect.chain.request_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The original request", HFILL}},
        {&hf_sip_redirect_chain_redirected_in,
         {"Redirected in", "sip_redirect.chain.redirected_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE),
          0x0, "The redirect that caused this attempt", HFILL}},
        {&hf_sip_redirect_chain_followed_in,
         {"Followed in", "sip_redirect.chain.followed_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The first request of an attempt that follows this redirect", HFILL}},
        {&hf_sip_redirect_chain_final_in,
         {"Final in", "sip_redirect.chain.final_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The response that ended the chain", HFILL}},
        {&hf_sip_redirect_chain_hidden_in,
         {"Hidden in", "sip_redirect.chain.hidden_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The response of another code that the caller got in place of this one", HFILL}},
        {&hf_sip_redirect_chain_made_of_in,
         {"Made of in", "sip_redirect.chain.made_of_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "A response of another code, from the other side of a proxy or B2BUA, that this one was made of", HFILL}},
        {&hf_sip_redirect_chain_leg_of_in,
         {"Leg of in", "sip_redirect.chain.leg_of_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0x0,
          "The request on the other side of a B2BUA that this one continues", HFILL}},
        {&hf_sip_redirect_chain_leg_link,
         {"Leg link", "sip_redirect.chain.leg_link", FT_UINT8, BASE_DEC, NULL, 0x0,
          "What ties this request to the one on the other side of a B2BUA", HFILL}},
        {&hf_sip_redirect_chain_leg_confidence,
         {"Leg confidence", "sip_redirect.chain.leg_confidence", FT_UINT8, BASE_DEC, NULL, 0x0,
          "How sure it is that this request continues the one on the other side", HFILL}},
        {&hf_sip_redirect_chain_leg_evidence,
         {"Leg evidence", "sip_redirect.chain.leg_evidence", FT_STRING, BASE_NONE, NULL, 0x0,
          "What ties the two legs, in words", HFILL}},
        {&hf_sip_redirect_chain_link,
         {"Link", "sip_redirect.chain.link", FT_UINT8, BASE_DEC, NULL, 0x0, "What ties this attempt to the redirect",
          HFILL}},
        {&hf_sip_redirect_chain_confidence,
         {"Confidence", "sip_redirect.chain.confidence", FT_UINT8, BASE_DEC, NULL, 0x0, "How sure the link is", HFILL}},
        {&hf_sip_redirect_chain_evidence,
         {"Evidence", "sip_redirect.chain.evidence", FT_STRING, BASE_NONE, NULL, 0x0, "Why the link was made", HFILL}},
        {&hf_sip_redirect_chain_difference,
         {"Difference", "sip_redirect.chain.difference", FT_UINT8, BASE_DEC, NULL, 0x0,
          "The first component in which the Request-URI differs from the target", HFILL}},
        {&hf_sip_redirect_chain_delay,
         {"Delay", "sip_redirect.chain.delay", FT_RELATIVE_TIME, BASE_NONE, NULL, 0x0,
          "Time from the original request to this message", HFILL}},
        {&hf_sip_redirect_chain_truncated,
         {"Truncated", "sip_redirect.chain.truncated", FT_BOOLEAN, BASE_NONE, NULL, 0x0,
          "True where attempts or messages beyond a limit were left out of the chain", HFILL}},
        {&hf_sip_redirect_follow_time,
         {"Follow time", "sip_redirect.follow_time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0x0,
          "Time from the redirect to the request that follows it", HFILL}},
        {&hf_sip_redirect_compared,
         {"Compared with", "sip_redirect.compared", FT_STRING, BASE_NONE, NULL, 0x0,
          "Where a chain holds both a redirect and a global failure: what sets the two codes apart", HFILL}},
        {&hf_sip_redirect_remark,
         {"Remark", "sip_redirect.remark", FT_STRING, BASE_NONE, NULL, 0x0,
          "What other header fields tell about the redirection", HFILL}},
    };
    static gint *ett[] = {
        &ett_sip_redirect,         &ett_sip_redirect_target, &ett_sip_redirect_explanation,
        &ett_sip_redirect_differs, &ett_sip_redirect_chain,  &ett_sip_redirect_network_blocked,
    };

    make_code_values();
    outcome_values = make_values(0, REDIRECT_OUTCOME_COUNT, outcome_name);
    link_values = make_values(1, REDIRECT_LINK_COUNT, link_name);
    difference_values = make_values(1, SIP_URI_DIFF_COUNT, difference_name);
    leg_values = make_values(1, REDIRECT_LEG_COUNT, leg_name);
    confidence_values = make_values(1, REDIRECT_CONFIDENCE_COUNT, confidence_name);
    set_units(hf, array_length(hf));
    set_values(hf, array_length(hf), &hf_sip_redirect_code, code_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_outcome, outcome_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_link, link_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_confidence, confidence_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_difference, difference_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_leg_link, leg_values);
    set_values(hf, array_length(hf), &hf_sip_redirect_chain_leg_confidence, confidence_values);
    proto_sip_redirect = proto_register_protocol("SIP Redirect Analysis", SHORT_NAME, "sip_redirect");
    proto_register_field_array(proto_sip_redirect, hf, array_length(hf));
    proto_register_subtree_array(ett, array_length(ett));
    register_experts();
    register_preferences();
    sip_redirect_tap = register_tap("sip_redirect");
    register_init_routine(sip_redirect_open_file);
    register_cleanup_routine(redirect_session_close);
    /*
     * Of each dissector that it calls, Wireshark notes the protocol among the frame's layers: 270 instructions for each
     * frame of each capture. A protocol in name only is not noted, and is on and off with its parent. Where there is
     * something to show, Wireshark calls the second handle, and notes the protocol: Follow looks for it there, and what
     * is noted in another way ends the program when a post-dissector that comes after this one takes no frame.
     */
    proto_every_frame =
        proto_register_protocol_in_name_only("SIP Redirect Analysis of each frame", "SIP Redirect each frame",
                                             "sip_redirect.each_frame", proto_sip_redirect, FT_PROTOCOL);
    sip_redirect_handle = create_dissector_handle(dissect_sip_redirect, proto_every_frame);
    register_postdissector(sip_redirect_handle);
    records_handle = create_dissector_handle(show_records, proto_sip_redirect);
}

void
proto_reg_handoff_sip_redirect(void)
{
    redirect_locate_init(proto_sip_redirect);
    redirect_stats_register(proto_sip_redirect);
}
