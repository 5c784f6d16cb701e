/* redirect-rules.c
 * The rule table; redirect-rules-int.h says which file holds the function of a row.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

static const redirect_rule_t rules[REDIRECT_RULE_COUNT] = {
    {REDIRECT_RULE_NO_CONTACT, "no_contact", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 13.3.1.2",
     "A redirect names no Contact, so it cannot be followed", redirect_check_no_contact, NULL},
    {REDIRECT_RULE_STAR, "contact_star", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 10.2.2",
     "A redirect carries the Contact \"*\", which belongs in a REGISTER only", redirect_check_star, NULL},
    {REDIRECT_RULE_BAD_CONTACT, "bad_contact", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 20.10",
     "A redirect target is not written as RFC 3261 demands; it is shown as far as it can be read",
     redirect_check_bad_contact, NULL},
    {REDIRECT_RULE_BAD_Q, "bad_q", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 25.1",
     "A redirect target has a malformed q", redirect_check_bad_q, NULL},
    {REDIRECT_RULE_BAD_EXPIRES, "bad_expires", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 8.3",
     "A redirect target has a malformed expiry", redirect_check_bad_expires, NULL},
    {REDIRECT_RULE_PASSWORD, "password", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SECURITY, REDIRECT_RULE_NEEDS_REDIRECT,
     "RFC 3261 section 19.1.1", "A redirect target carries a password", redirect_check_password, NULL},
    {REDIRECT_RULE_TARGETS_LEFT_OUT, "targets_left_out", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "sip_redirect(4) LIMITS",
     "A redirect offers more targets than are listed", redirect_check_targets_left_out, NULL},
    {REDIRECT_RULE_NETWORK_BLOCKED_INCOMPLETE, "network_blocked_incomplete", REDIRECT_SEVERITY_NOTE,
     REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_RESPONSE, "ATIS-1000099",
     "A 603 carries only one half of Network Blocked", redirect_check_network_blocked_incomplete, NULL},
    {REDIRECT_RULE_REJECTED_WITHOUT_CALL_INFO, "rejected_without_call_info", REDIRECT_SEVERITY_NOTE,
     REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_RESPONSE, "RFC 8688 section 3.1",
     "A 608 names no contact in Call-Info", redirect_check_rejected_without_call_info, NULL},
    {REDIRECT_RULE_TARGET_WITHOUT_USER, "target_without_user", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 19.1.5",
     "A redirect target has no user, so the one who was called is lost", redirect_check_target_without_user, NULL},
    {REDIRECT_RULE_SIPS_DOWNGRADE, "sips_downgrade", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SECURITY,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 8.1.3.4",
     "A request to a sips URI is redirected to a target that is none", redirect_check_sips_downgrade, NULL},
    {REDIRECT_RULE_SIPS_DOWNGRADE_FOLLOWED, "sips_downgrade_followed", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SECURITY,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 5630 section 5.3",
     "A redirect was followed away from sips where it must not be", redirect_check_sips_downgrade_followed, NULL},
    {REDIRECT_RULE_UNEXPECTED_SOURCE, "unexpected_source", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SECURITY,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 26.1.2",
     "A redirect came from another address than the one that was asked", redirect_check_unexpected_source, NULL},
    {REDIRECT_RULE_TRIED_TARGET_OFFERED, "tried_target_offered", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 16.7",
     "A proxy passes a target on that it has tried itself", redirect_check_tried_target_offered, NULL},
    {REDIRECT_RULE_BRANCH_REUSED, "branch_reused", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.3.4",
     "A redirect was followed with the branch of the request that it answered", redirect_check_branch_reused, NULL},
    {REDIRECT_RULE_TO_TAG_KEPT, "to_tag_kept", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.1.2",
     "A redirect was followed with its own tag in To", redirect_check_to_tag_kept, NULL},
    {REDIRECT_RULE_HEADERS_IN_URI, "headers_in_uri", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 19.1.1",
     "A Request-URI holds the headers of a Contact", redirect_check_headers_in_uri, NULL},
    {REDIRECT_RULE_PROXY_AS_TARGET, "proxy_as_target", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 21.3.4",
     "The proxy that a 305 names was put into the Request-URI", redirect_check_proxy_as_target, NULL},
    {REDIRECT_RULE_LOOP, "loop", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE, REDIRECT_RULE_NEEDS_CHAIN,
     "RFC 3261 section 8.1.3.4", "A redirect points back to where the request has been", redirect_check_loop, NULL},
    {REDIRECT_RULE_LOOP_FOLLOWED, "loop_followed", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.3.4",
     "A redirect was followed back to where the request has been", redirect_check_loop_followed, NULL},
    {REDIRECT_RULE_LOOP_TO_ITSELF, "loop_to_itself", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 8.3",
     "A redirect names the very URI that was asked for", redirect_check_loop_to_itself, NULL},
    {REDIRECT_RULE_TOO_MANY_HOPS, "too_many_hops", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.3.4",
     "A request was redirected more often than max_hops allows", redirect_check_too_many_hops, NULL},
    {REDIRECT_RULE_AFTER_GLOBAL_FAILURE, "after_global_failure", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "A request was tried again after a global failure", redirect_check_after_global_failure, NULL},
    {REDIRECT_RULE_BRANCH_AFTER_GLOBAL_FAILURE, "branch_after_global_failure", REDIRECT_SEVERITY_WARN,
     REDIRECT_GROUP_SEQUENCE, REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 16.7",
     "A proxy opened a new branch after a global failure", redirect_check_branch_after_global_failure, NULL},
    {REDIRECT_RULE_ANSWERED_AFTER_GLOBAL_FAILURE, "answered_after_global_failure", REDIRECT_SEVERITY_WARN,
     REDIRECT_GROUP_SEQUENCE, REDIRECT_RULE_NEEDS_CHAIN, "RFC 3261 section 16.7",
     "A request was answered after a global failure had ended it", redirect_check_answered_after_global_failure, NULL},
    {REDIRECT_RULE_ANSWERED_ELSEWHERE, "answered_elsewhere", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 21.6.2", "Another phone answered after a 600 or 603 had said that nobody else would", NULL,
     redirect_look_back_answered_elsewhere},
    {REDIRECT_RULE_MADE_OF_BUSY, "made_of_busy", REDIRECT_SEVERITY_CHAT, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 4412 section 4.6.6", "A proxy made a 600 Busy Everywhere of 486 Busy Here", NULL,
     redirect_look_back_made_of_busy},
    {REDIRECT_RULE_ACK_MISSING, "ack_missing", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 17.1.1.2", "A redirect or global failure is sent again for want of an ACK", NULL,
     redirect_look_back_ack_missing},
    {REDIRECT_RULE_NOT_FOLLOWED, "not_followed", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 8.1.3.4", "No follow-up of this redirect is in the capture within 32 seconds", NULL,
     redirect_look_back_not_followed},
    {REDIRECT_RULE_HIDDEN_FROM_CALLER, "hidden_from_caller", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 16.7", "The caller got another response in place of this one", NULL, redirect_look_back_hidden},
    {REDIRECT_RULE_FOLLOWED_ELSEWHERE, "followed_elsewhere", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "After a redirect the request went to a URI that was not offered", redirect_check_followed_elsewhere, NULL},
    {REDIRECT_RULE_SENT_TO_OLD_SERVER, "sent_to_old_server", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 8.1.2", "A redirect was followed to the right URI at the old address", NULL,
     redirect_look_back_sent_to_old_server},
    {REDIRECT_RULE_CONTACT_UNREACHABLE, "contact_unreachable", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 6890 section 2.2", "A redirect from elsewhere names a private address, and nobody answers there", NULL,
     redirect_look_back_contact_unreachable},
    {REDIRECT_RULE_CREDENTIALS_MISSING, "credentials_missing", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 22.2", "At the end of the chain credentials are asked for, and none are sent", NULL,
     redirect_look_back_credentials_missing},
    {REDIRECT_RULE_DIVERTED, "diverted", REDIRECT_SEVERITY_CHAT, REDIRECT_GROUP_SEQUENCE, 0, "RFC 5806 section 1",
     "A message tells of a forward that needed no redirect here", redirect_check_diverted, NULL},
    {REDIRECT_RULE_FORWARD_REFUSED, "forward_refused", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN, "RFC 5806 section 1", "A redirected call is refused by the network that it went to",
     redirect_check_forward_refused, NULL},
    {REDIRECT_RULE_AMBIGUOUS_LINK, "ambiguous_link", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "Several redirects fit this new call equally well, so it is linked to none", redirect_check_ambiguous_link, NULL},
    {REDIRECT_RULE_HISTORY_CONTRADICTION, "history_contradiction", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_WHOLE, "RFC 7044 section 10",
     "History-Info or Diversion says otherwise than the chain seen", redirect_check_history_contradiction, NULL},
    {REDIRECT_RULE_CUT_OFF, "cut_off", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_RESPONSE,
     "RFC 3261 section 7.5", "A redirect or global failure is cut off by the capture", redirect_check_cut_off, NULL},
    {REDIRECT_RULE_NOT_PLACED, "not_placed", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_RESPONSE, "RFC 3261 section 8.1.1",
     "A redirect or global failure can not be tied to a request", redirect_check_not_placed, NULL},
    {REDIRECT_RULE_LIMIT_REACHED, "limit_reached", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "sip_redirect(4) LIMITS", "A limit of the analysis may hide part of the chain", redirect_check_limit_reached,
     redirect_look_back_limit_reached},
    {REDIRECT_RULE_NOT_LOCATED, "not_located", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, 0,
     "sip_redirect(4) BUGS", "The text of a SIP message was not found, so the message is left out", NULL, NULL},
};

const redirect_rule_t *
redirect_rules_table(void)
{
    return rules;
}

redirect_rule_id_t
redirect_rule_wider(redirect_rule_id_t id)
{
    static const redirect_rule_id_t pairs[][2] = {
        {REDIRECT_RULE_LOOP_FOLLOWED, REDIRECT_RULE_LOOP},
        {REDIRECT_RULE_LOOP_TO_ITSELF, REDIRECT_RULE_LOOP},
        {REDIRECT_RULE_SIPS_DOWNGRADE_FOLLOWED, REDIRECT_RULE_SIPS_DOWNGRADE},
        {REDIRECT_RULE_BRANCH_AFTER_GLOBAL_FAILURE, REDIRECT_RULE_AFTER_GLOBAL_FAILURE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (pairs[i][0] == id) {
            return pairs[i][1];
        }
    }
    return id;
}

static bool
is_named(redirect_rule_id_t id, sip_slice_t name)
{
    return sip_slice_equal_nocase(name, sip_slice_from_string(rules[id].name));
}

/* False where no rule has that name. */
static bool
choose(sip_slice_t name, bool chosen[REDIRECT_RULE_COUNT])
{
    const sip_slice_t prefix = SIP_SLICE_LITERAL("sip_redirect.");
    bool is_known = false;

    if (sip_slice_starts_nocase(name, prefix)) {
        name = sip_slice_from(name, prefix.len);
    }
    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        const redirect_rule_id_t id = (redirect_rule_id_t)i;

        if (is_named(id, name) || is_named(redirect_rule_wider(id), name)) {
            is_known = chosen[i] = true;
        }
    }
    return is_known;
}

sip_slice_t
redirect_rules_choose(const char *names, bool chosen[REDIRECT_RULE_COUNT])
{
    sip_slice_t list = sip_slice_from_string(names), name, unknown = SIP_SLICE_NONE;

    memset(chosen, 0, REDIRECT_RULE_COUNT * sizeof(chosen[0]));
    while (sip_slice_take_item(&list, &name)) {
        if (name.len > 0 && !choose(name, chosen) && unknown.ptr == NULL) {
            unknown = name;
        }
    }
    return unknown;
}

redirect_expert_item_t *
redirect_expert_item_new(wmem_allocator_t *scope, redirect_rule_id_t id, char *text)
{
    redirect_expert_item_t *item = wmem_new(scope, redirect_expert_item_t);

    *item = (redirect_expert_item_t){.rule = &rules[id], .text = text ? text : rules[id].summary};
    return item;
}

/* No rule has anything to say of the messages between: most 1xx, 2xx, ACK, retransmissions. */
static bool
is_worth_asking(const redirect_rule_context_t *context)
{
    const redirect_record_t *record = context->record;

    return context->new_transaction || redirect_is_explained(record->status) || record->status >= 400 ||
           record->status == 181 || context->rivals->count > 0 || context->gaps != 0 ||
           redirect_is_answer_after_refusal(record);
}

/* What there is for the rules (redirect_rule_needs_t). */
static unsigned
what_there_is(const redirect_rule_context_t *context)
{
    const redirect_record_t *record = context->record;
    const bool follows = context->new_transaction && record->transaction && record->transaction->link;

    return (record->transaction ? REDIRECT_RULE_NEEDS_CHAIN : 0U) |
           (context->message->is_cut ? 0U : REDIRECT_RULE_NEEDS_WHOLE) |
           (redirect_of_record(record) ? REDIRECT_RULE_NEEDS_REDIRECT : 0U) |
           (redirect_is_explained(record->status) ? REDIRECT_RULE_NEEDS_RESPONSE : 0U) |
           (context->new_transaction ? REDIRECT_RULE_NEEDS_REQUEST : 0U) |
           (follows ? REDIRECT_RULE_NEEDS_FOLLOWUP : 0U);
}

redirect_expert_item_t *
redirect_rules_check(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    redirect_expert_item_t *first = NULL, **last = &first;
    unsigned there_is;

    if (!is_worth_asking(context)) {
        return NULL;
    }
    there_is = what_there_is(context);
    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        const bool can_ask = rules[i].check && (rules[i].needs & ~there_is) == 0;
        char *text = can_ask ? rules[i].check(scope, context) : NULL;
        if (text) {
            *last = redirect_expert_item_new(scope, rules[i].id, text);
            last = &(*last)->next;
        }
    }
    return first;
}

redirect_expert_item_t *
redirect_rules_look_back(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    redirect_expert_item_t *first = NULL, **last = &first;

    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        char *text = rules[i].look_back ? rules[i].look_back(scope, store, record) : NULL;
        if (text) {
            *last = redirect_expert_item_new(scope, rules[i].id, text);
            last = &(*last)->next;
        }
    }
    return first;
}
