/* redirect-rules-message.c
 * Rules that one message breaks by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-diverted.h"
#include "sip-host.h"

/* --- what the Contact values of one response break ---------------------------------------------------------------- */

/* RFC 3261 21.3.1: in no form that is defined, but a person may read it. */
static bool
lists_choices_in_body(const redirect_t *redirect, const sip_message_t *sip)
{
    return redirect->code == 300 && sip_slice_has_text(sip_slice_trim(sip->body));
}

char *
redirect_check_no_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);
    const sip_response_t *row;

    if (redirect->target_total > 0 || redirect->dip_response) {
        return NULL;
    }
    row = sip_response_lookup(redirect->code);
    if (row == NULL || !row->warns_of_contact || lists_choices_in_body(redirect, context->message->sip)) {
        return NULL;
    }
    if (sip_message_has(context->message->sip, SIP_HEADER_CONTACT)) {
        return wmem_strdup_printf(
            scope, "The Contact of this %u names no target, so no client can follow it. Correct the server.",
            redirect->code);
    }
    return wmem_strdup_printf(
        scope,
        "This %u has no Contact, so no client can follow it. Look where it was stripped (an SBC?) "
        "or correct the server.",
        redirect->code);
}

/* How many targets one expert item names; a list of all would be cut off where Wireshark shows it. */
#define MAX_NAMED_TARGETS 8

/* The targets of the redirect with any of these flags, as "1, 3" by their order; NULL where there is none. */
static char *
targets_flagged(wmem_allocator_t *scope, const redirect_t *redirect, unsigned flags)
{
    wmem_strbuf_t *list = NULL;
    unsigned found = 0;

    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        if ((target->flags & flags) == 0) {
            continue;
        }
        if (found == 0) {
            list = wmem_strbuf_new(scope, "");
        }
        if (found < MAX_NAMED_TARGETS) {
            wmem_strbuf_append_printf(list, "%s%u", found ? ", " : "", target->order);
        }
        found++;
    }
    if (found > MAX_NAMED_TARGETS) {
        wmem_strbuf_append_printf(list, " and %u more", found - MAX_NAMED_TARGETS);
    }
    return list ? wmem_strbuf_finalize(list) : NULL;
}

char *
redirect_check_star(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (!(redirect_of_record(context->record)->odd_values & SIP_ADDRESS_FLAG_STAR)) {
        return NULL;
    }
    return wmem_strdup(scope, "\"Contact: *\" belongs in a REGISTER only; it is no target of a redirect.");
}

/* What may be wrong with how a target is written: a flag of its Contact value, or of its URI. */
static const struct {
    unsigned flag, uri_flag;
    const char *words;
} faults[] = {
    {SIP_ADDRESS_FLAG_UNCLOSED, 0, "no closing \">\" or quote"},
    {SIP_ADDRESS_FLAG_BARE_QUESTION, 0, "\"?\" outside of \"<>\""},
    {0, SIP_URI_FLAG_NO_SCHEME, "no scheme"},
    {0, SIP_URI_FLAG_BAD_PORT, "bad port"},
    {0, SIP_URI_FLAG_BAD_HOST, "bad host"},
    {0, SIP_URI_FLAG_EMPTY_USER, "empty user"},
};

/* A text that is longer names no further target, for one with all faults needs a hundred bytes. */
#define FAULTS_NAMED_UP_TO 120

static bool
has_fault(const redirect_target_t *target, size_t fault)
{
    return (target->flags & faults[fault].flag) != 0 || (target->uri_flags & faults[fault].uri_flag) != 0;
}

static bool
has_any_fault(const redirect_target_t *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (has_fault(target, i)) {
            return true;
        }
    }
    return false;
}

/* "target 1 (no scheme, bad port)" */
static void
append_faults(wmem_strbuf_t *text, const redirect_target_t *target)
{
    const char *lead = " (";

    wmem_strbuf_append_printf(text, "target %u", target->order);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        if (has_fault(target, i)) {
            wmem_strbuf_append_printf(text, "%s%s", lead, faults[i].words);
            lead = ", ";
        }
    }
    wmem_strbuf_append_c(text, ')');
}

char *
redirect_check_bad_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);
    wmem_strbuf_t *text = NULL;
    unsigned left_out = 0;

    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (!has_any_fault(&redirect->target[i])) {
            continue;
        }
        if (text && wmem_strbuf_get_len(text) > FAULTS_NAMED_UP_TO) {
            left_out++;
            continue;
        }
        if (text) {
            wmem_strbuf_append(text, ", ");
        } else {
            text = wmem_strbuf_new(scope, "Not written as RFC 3261 demands: ");
        }
        append_faults(text, &redirect->target[i]);
    }
    if (left_out > 0) {
        wmem_strbuf_append_printf(text, " and %u more", left_out);
    }
    if (text) {
        wmem_strbuf_append_c(text, '.');
        return wmem_strbuf_finalize(text);
    }
    return redirect->odd_values & SIP_ADDRESS_FLAG_BAD_URI
               ? wmem_strdup(scope, "A Contact value holds no URI and is left out of the targets.")
               : NULL;
}

char *
redirect_check_bad_q(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list = targets_flagged(scope, redirect_of_record(context->record),
                                 SIP_ADDRESS_FLAG_BAD_Q | SIP_ADDRESS_FLAG_DUPLICATE_Q);

    return list ? wmem_strdup_printf(scope, "q breaks the grammar (0 to 1, at most three decimals, once): target %s.",
                                     list)
                : NULL;
}

char *
redirect_check_bad_expires(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list = targets_flagged(scope, redirect_of_record(context->record), SIP_ADDRESS_FLAG_BAD_EXPIRES);

    return list ? wmem_strdup_printf(scope, "The expiry is no number of seconds and counts as 3600: target %s.", list)
                : NULL;
}

char *
redirect_check_password(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);

    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (redirect->target[i].has_password) {
            return wmem_strdup_printf(scope, "Target %u carries a password in clear text (masked here).",
                                      redirect->target[i].order);
        }
    }
    return NULL;
}

char *
redirect_check_targets_left_out(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);

    if (redirect->target_total <= redirect->target_count) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "%u targets are offered; the first %u are listed, %u left out.",
                              redirect->target_total, redirect->target_count,
                              redirect->target_total - redirect->target_count);
}

static bool
names_a_contact(const sip_network_blocked_t *details)
{
    return sip_slice_has_text(details->url) || sip_slice_has_text(details->tel) || sip_slice_has_text(details->email);
}

/*
 * Elements on the way lose one half: FreeSWITCH swallowed Reason headers of more than 128 characters (its issue 1481)
 * and passes a 603+ on only where it is told to (pull request 3035), others write phrases of their own.
 */
char *
redirect_check_network_blocked_incomplete(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    sip_network_blocked_t details;

    switch (redirect_facts_network_blocked(context->facts, &details)) {
    case REDIRECT_BLOCKED_PHRASE_ONLY:
        return wmem_strdup(scope, "Says Network Blocked without the Reason that names the blocker: most likely an SBC "
                                  "on the way dropped it. Ask the operator that sent it.");
    case REDIRECT_BLOCKED_REASON_ONLY:
        return wmem_strdup_printf(scope,
                                  "Reason says blocked by analytics, but the phrase is not Network Blocked: likely "
                                  "rewritten on the way.%s",
                                  names_a_contact(&details) ? " The contact in Reason is still good." : "");
    default:
        return NULL;
    }
}

/* RFC 8688 3.1 lets it be left out where the caller may misuse the contact: hence a note. */
char *
redirect_check_rejected_without_call_info(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (context->record->status != 608 || sip_message_has(context->message->sip, SIP_HEADER_CALL_INFO)) {
        return NULL;
    }
    return wmem_strdup(scope, "This 608 names no contact in Call-Info: ask the operator that sent it.");
}

char *
redirect_check_diverted(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return redirect_store_config(context->store)->show_diverted
               ? redirect_forward_told(scope, context->facts, context->message->is_cut, REDIRECT_RULE_MAX_TEXT)
               : NULL;
}
