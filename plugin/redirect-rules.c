/* redirect-rules.c
 * The rule table, and one small function for each rule.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-history.h"
#include "redirect-tracker-int.h"

/* --- what the Contact values of one response break ---------------------------------------------------------------- */

static char *
check_no_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = context->record->redirect;
    const sip_response_t *row;

    if (redirect == NULL || redirect->target_total > 0) {
        return NULL;
    }
    row = sip_response_lookup(redirect->code);
    if (row == NULL || !row->warns_of_contact) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "This %u names no Contact: there is nowhere to go.", redirect->code);
}

/* How many targets one expert item names; a list of all would be cut off where Wireshark shows it. */
#define MAX_NAMED_TARGETS 8

/* The targets of the redirect with any of these flags, as "1, 3" by their order; NULL where there is none. */
static char *
targets_flagged(wmem_allocator_t *scope, const redirect_t *redirect, unsigned flags, unsigned uri_flags)
{
    wmem_strbuf_t *list = NULL;
    unsigned found = 0;

    for (unsigned i = 0; redirect && i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        if ((target->flags & flags) == 0 && (target->uri_flags & uri_flags) == 0) {
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

static char *
check_star(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (context->record->redirect == NULL || !(context->record->redirect->odd_values & SIP_ADDRESS_FLAG_STAR)) {
        return NULL;
    }
    return wmem_strdup(scope, "\"Contact: *\" is for REGISTER only and is no target of a redirect.");
}

static char *
check_bad_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = context->record->redirect;
    char *list = targets_flagged(scope, redirect, SIP_ADDRESS_FLAG_UNCLOSED | SIP_ADDRESS_FLAG_BARE_QUESTION,
                                 SIP_URI_FLAG_NO_SCHEME | SIP_URI_FLAG_BAD_PORT | SIP_URI_FLAG_BAD_HOST |
                                     SIP_URI_FLAG_EMPTY_USER);

    if (list) {
        return wmem_strdup_printf(scope, "Written wrongly, read as well as can be: target %s.", list);
    }
    if (redirect && (redirect->odd_values & SIP_ADDRESS_FLAG_BAD_URI)) {
        return wmem_strdup(scope, "A Contact value holds no URI and is left out of the targets.");
    }
    return NULL;
}

static char *
check_bad_q(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list =
        targets_flagged(scope, context->record->redirect, SIP_ADDRESS_FLAG_BAD_Q | SIP_ADDRESS_FLAG_DUPLICATE_Q, 0);

    return list ? wmem_strdup_printf(scope, "q breaks the grammar (0 to 1, at most three decimals, once): target %s.",
                                     list)
                : NULL;
}

static char *
check_bad_expires(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list = targets_flagged(scope, context->record->redirect, SIP_ADDRESS_FLAG_BAD_EXPIRES, 0);

    return list ? wmem_strdup_printf(scope, "The expiry is no number of seconds and counts as 3600: target %s.", list)
                : NULL;
}

static char *
check_password(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = context->record->redirect;

    for (unsigned i = 0; redirect && i < redirect->target_count; i++) {
        sip_uri_t uri;
        if (sip_uri_parse(redirect->target[i].raw, &uri) && sip_slice_has_text(uri.password)) {
            return wmem_strdup_printf(scope, "Target %u carries a password in clear text (masked here).",
                                      redirect->target[i].order);
        }
    }
    return NULL;
}

static char *
check_targets_left_out(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = context->record->redirect;

    if (redirect == NULL || redirect->target_total <= redirect->target_count) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "%u targets are offered; the first %u are listed, %u left out.",
                              redirect->target_total, redirect->target_count,
                              redirect->target_total - redirect->target_count);
}

static char *
check_network_blocked_incomplete(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    sip_network_blocked_t details;

    if (context->record->status != 603) {
        return NULL;
    }
    switch (sip_message_network_blocked(context->message->sip, &details)) {
    case SIP_NETWORK_BLOCKED_PHRASE_ONLY:
        return wmem_strdup(scope, "Says Network Blocked, but no Reason header says by whom: read it as a plain 603.");
    case SIP_NETWORK_BLOCKED_REASON_ONLY:
        return wmem_strdup(scope,
                           "Its Reason header tells of analytics, but the phrase is not Network Blocked: a plain 603.");
    default:
        return NULL;
    }
}

/* --- what the chain shows ----------------------------------------------------------------------------------------- */

bool
redirect_same_resource(sip_slice_t raw, const sip_uri_t *uri)
{
    sip_uri_t other;

    return sip_uri_parse(raw, &other) && !sip_slice_has_text(uri->headers) &&
           sip_uri_compare(&other, uri) == SIP_URI_DIFF_NONE && sip_slice_equal_nocase(other.params, uri->params);
}

/* The transaction on the path up to and including from that asked for this very URI; NULL where there is none. */
static const redirect_transaction_t *
asked_before(const redirect_transaction_t *from, sip_slice_t raw)
{
    sip_uri_t uri;

    if (!sip_uri_parse(raw, &uri)) {
        return NULL;
    }
    for (unsigned steps = 0; from && steps < REDIRECT_MAX_TRANSACTIONS_PER_CALL; steps++) {
        if (sip_slice_has_text(from->raw_uri) && redirect_same_resource(from->raw_uri, &uri)) {
            return from;
        }
        from = redirect_transaction_before(from);
    }
    return NULL;
}

/* 305 and 380 do not send the request to another destination, and a query's answer may name the one asked for. */
static bool
can_loop(const redirect_t *redirect)
{
    return redirect->code != 305 && redirect->code != 380 && !redirect->dip_response;
}

static char *
check_loop_offered(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = context->record->redirect;

    if (!context->new_redirect || redirect == NULL || !can_loop(redirect)) {
        return NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        const redirect_transaction_t *before = asked_before(context->record->transaction, target->raw);
        if (before == NULL) {
            continue;
        }
        if (before == context->record->transaction) {
            return wmem_strdup_printf(scope, "Redirect loop: target %u is the very URI that was asked for.",
                                      target->order);
        }
        return wmem_strdup_printf(scope, "Redirect loop: target %u was tried already in frame %u.", target->order,
                                  before->request_frame);
    }
    return NULL;
}

static char *
check_loop_followed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *before;

    if (!context->new_transaction || transaction->cause == NULL || !can_loop(transaction->cause)) {
        return NULL;
    }
    before = asked_before(redirect_transaction_before(transaction), transaction->raw_uri);
    return before ? wmem_strdup_printf(scope, "Redirect loop followed: this URI was tried already in frame %u.",
                                       before->request_frame)
                  : NULL;
}

static char *
check_too_many_hops(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;

    if (!context->new_transaction || transaction->cause == NULL || context->config->max_hops == 0 ||
        transaction->hop <= context->config->max_hops) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "Redirect number %u in a row; more than %u are worth a look.", transaction->hop,
                              context->config->max_hops);
}

static char *
check_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *refused = context->global_failure;

    if (refused == NULL) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "Tried after the %u in frame %u, which is definitive for this user.",
                              refused->final, refused->final_frame);
}

static char *
check_followed_elsewhere(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *redirected = context->elsewhere_after;

    if (redirected == NULL || redirected->redirect->target_total == 0) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "After the %u in frame %u this goes to a URI that it did not offer.",
                              redirected->final, redirected->final_frame);
}

/* A Route, or a responder that forwards to others, is a proxy on the way: then the old address is right. */
static bool
went_through_proxy(const redirect_rule_context_t *context, const redirect_transaction_t *redirected)
{
    if (sip_message_has(context->message->sip, SIP_HEADER_ROUTE)) {
        return true;
    }
    for (const redirect_transaction_t *other = redirected->chain->first_transaction; other;
         other = other->next_in_chain) {
        if (other->upstream == redirected || redirect_same_address(&other->source, &redirected->destination)) {
            return true;
        }
    }
    return false;
}

static char *
check_sent_to_old_server(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *redirected;
    redirect_endpoint_t named;

    if (!context->new_transaction || transaction->cause == NULL || transaction->cause_target == NULL ||
        transaction->cause->code == 305 || !redirect_target_address(transaction->cause_target, &named)) {
        return NULL;
    }
    redirected = transaction->cause->transaction;
    if (redirect_same_address(&named, &transaction->destination) ||
        !redirect_same_address(&redirected->destination, &transaction->destination) ||
        went_through_proxy(context, redirected)) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "The URI is the target's, but it was sent to the server that redirected it.");
}

static char *
check_ambiguous_link(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return context->ambiguous_redirects > 1
               ? wmem_strdup_printf(scope, "%u redirects of other calls fit this request equally well: linked to none.",
                                    context->ambiguous_redirects)
               : NULL;
}

static char *
check_history_contradiction(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return redirect_history_contradiction(scope, context->message, context->record);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const redirect_rule_t rules[REDIRECT_RULE_COUNT] = {
    {REDIRECT_RULE_NO_CONTACT, "no_contact", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_PROTOCOL,
     "RFC 3261 section 13.3.1.2", "A redirect names no Contact, so it cannot be followed", check_no_contact},
    {REDIRECT_RULE_STAR, "contact_star", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_PROTOCOL, "RFC 3261 section 10.2.2",
     "A redirect carries the Contact \"*\", which is for REGISTER only", check_star},
    {REDIRECT_RULE_BAD_CONTACT, "bad_contact", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     "RFC 3261 section 20.10", "A redirect target is written wrongly", check_bad_contact},
    {REDIRECT_RULE_BAD_Q, "bad_q", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, "RFC 3261 section 25.1",
     "A redirect target has a malformed q", check_bad_q},
    {REDIRECT_RULE_BAD_EXPIRES, "bad_expires", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, "RFC 3261 section 8.3",
     "A redirect target has a malformed expiry", check_bad_expires},
    {REDIRECT_RULE_PASSWORD, "password", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SECURITY, "RFC 3261 section 19.1.1",
     "A redirect target carries a password", check_password},
    {REDIRECT_RULE_TARGETS_LEFT_OUT, "targets_left_out", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     "RFC 3261 section 20.10", "A redirect offers more targets than are listed", check_targets_left_out},
    {REDIRECT_RULE_NETWORK_BLOCKED_INCOMPLETE, "network_blocked_incomplete", REDIRECT_SEVERITY_NOTE,
     REDIRECT_GROUP_PROTOCOL, "ATIS-1000099", "A 603 carries only one half of Network Blocked",
     check_network_blocked_incomplete},
    {REDIRECT_RULE_LOOP_OFFERED, "loop", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE, "RFC 3261 section 8.1.3.4",
     "A redirect points back to where the request has been", check_loop_offered},
    {REDIRECT_RULE_LOOP_FOLLOWED, "loop", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_SEQUENCE, "RFC 3261 section 8.1.3.4",
     "A redirect was followed back to where the request has been", check_loop_followed},
    {REDIRECT_RULE_TOO_MANY_HOPS, "too_many_hops", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 8.1.3.4", "A request was redirected more often than max_hops allows", check_too_many_hops},
    {REDIRECT_RULE_AFTER_GLOBAL_FAILURE, "after_global_failure", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 21.6", "A request was tried again after a global failure", check_after_global_failure},
    {REDIRECT_RULE_NOT_FOLLOWED, "not_followed", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 8.1.3.4", "Nobody followed this redirect within 32 seconds", NULL},
    {REDIRECT_RULE_FOLLOWED_ELSEWHERE, "followed_elsewhere", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 8.1.3.4", "After a redirect the request went to a URI that was not offered",
     check_followed_elsewhere},
    {REDIRECT_RULE_SENT_TO_OLD_SERVER, "sent_to_old_server", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 8.1.2", "A redirect was followed to the right URI at the old address", check_sent_to_old_server},
    {REDIRECT_RULE_AMBIGUOUS_LINK, "ambiguous_link", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 3261 section 8.1.3.4", "Several redirects fit this new call equally well, so it is linked to none",
     check_ambiguous_link},
    {REDIRECT_RULE_HISTORY_CONTRADICTION, "history_contradiction", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     "RFC 7044 section 10", "History-Info or Diversion says otherwise than the chain seen",
     check_history_contradiction},
};

const redirect_rule_t *
redirect_rules_table(void)
{
    return rules;
}

redirect_expert_item_t *
redirect_rules_check(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    redirect_expert_item_t *first = NULL, **last = &first;
    uint16_t status = context->record->status;

    /* No rule has anything to say of the messages between: 1xx, 2xx, ACK, retransmissions. */
    if (!context->new_transaction && status / 100 != 3 && status / 100 != 6 && context->ambiguous_redirects == 0) {
        return NULL;
    }
    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        char *text;
        if (rules[i].check == NULL || (context->record->transaction == NULL && i >= REDIRECT_RULE_LOOP_OFFERED)) {
            continue;
        }
        text = rules[i].check(scope, context);
        if (text) {
            redirect_expert_item_t *expert_item = wmem_new0(scope, redirect_expert_item_t);
            expert_item->rule = &rules[i];
            expert_item->text = text;
            *last = expert_item;
            last = &expert_item->next;
        }
    }
    return first;
}
