/* redirect-rules.c
 * The rule table, and one small function for each rule.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-contradiction.h"
#include "redirect-hidden.h"
#include "redirect-outcome.h"
#include "redirect-targets.h"
#include "sip-host.h"

/* --- what the Contact values of one response break ---------------------------------------------------------------- */

/* RFC 3261 21.3.1: in no form that is defined, but a person may read it. */
static bool
lists_choices_in_body(const redirect_t *redirect, const sip_message_t *sip)
{
    return redirect->code == 300 && sip_slice_has_text(sip_slice_trim(sip->body));
}

static char *
check_no_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

static char *
check_star(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

static char *
check_bad_contact(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

static char *
check_bad_q(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list = targets_flagged(scope, redirect_of_record(context->record),
                                 SIP_ADDRESS_FLAG_BAD_Q | SIP_ADDRESS_FLAG_DUPLICATE_Q);

    return list ? wmem_strdup_printf(scope, "q breaks the grammar (0 to 1, at most three decimals, once): target %s.",
                                     list)
                : NULL;
}

static char *
check_bad_expires(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    char *list = targets_flagged(scope, redirect_of_record(context->record), SIP_ADDRESS_FLAG_BAD_EXPIRES);

    return list ? wmem_strdup_printf(scope, "The expiry is no number of seconds and counts as 3600: target %s.", list)
                : NULL;
}

static char *
check_password(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

static char *
check_targets_left_out(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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
static char *
check_network_blocked_incomplete(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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
static char *
check_rejected_without_call_info(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (context->record->status != 608 || sip_message_has(context->message->sip, SIP_HEADER_CALL_INFO)) {
        return NULL;
    }
    return wmem_strdup(scope, "This 608 names no contact in Call-Info: ask the operator that sent it.");
}

/* --- what the chain shows ----------------------------------------------------------------------------------------- */

/* URIs of one path that are compared as a whole, for one message. */
#define MAX_COMPARISONS 512

static bool
same_resource(const redirect_transaction_t *transaction, const sip_uri_t *uri)
{
    sip_uri_t other;

    return redirect_request_uri(transaction, &other) && !sip_slice_has_text(uri->headers) &&
           sip_uri_compare(&other, uri) == SIP_URI_DIFF_NONE && sip_slice_equal_nocase(other.params, uri->params);
}

/* 305 and 380 do not send the request to another destination, and a query's answer may name the one asked for. */
static bool
can_loop(const redirect_t *redirect)
{
    return redirect->code != 305 && redirect->code != 380 && !redirect->dip_response;
}

/* What of a redirect was asked for before: the first such target, and the latest transaction that asked for it. */
typedef struct {
    const redirect_target_t *target; /* NULL: none */
    const redirect_transaction_t *before;
} loop_t;

/*
 * Looks for count targets on the path that ends with from. Equal URIs have equal keys, so nearly all differ in that
 * number; MAX_COMPARISONS bounds the rest.
 */
static loop_t
find_loop(const redirect_target_t *targets, unsigned count, const redirect_transaction_t *from)
{
    unsigned left = MAX_COMPARISONS;
    loop_t loop = {NULL, NULL};

    for (; from; from = redirect_transaction_before(from)) {
        uint32_t key;
        const bool has_key = redirect_request_key(from, &key);
        for (unsigned i = 0; has_key && i < count && left > 0; i++) {
            if (targets[i].match_key != key) {
                continue;
            }
            const sip_uri_t uri = redirect_target_uri(&targets[i]);
            left--;
            if (same_resource(from, &uri)) {
                loop = (loop_t){&targets[i], from};
                count = i; /* only a target before this one says more */
            }
        }
    }
    return loop;
}

/*
 * This leg shows who offers the targets: whoever passes them on, or puts those of several redirects into one, is no
 * redirect server, which must not name the URI that it was asked for (RFC 3261 8.3).
 */
static bool
is_offered_here(const redirect_t *redirect, const redirect_transaction_t *transaction)
{
    return redirect->transaction == transaction && redirect->source == NULL;
}

static bool
may_offer_loop(const redirect_rule_context_t *context)
{
    return context->new_redirect && can_loop(redirect_of_record(context->record));
}

static char *
check_loop_offered(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);
    const redirect_transaction_t *transaction = context->record->transaction;
    loop_t loop;

    if (!may_offer_loop(context)) {
        return NULL;
    }
    loop = find_loop(redirect->target, redirect->target_count,
                     is_offered_here(redirect, transaction) ? redirect_transaction_before(transaction) : transaction);
    if (loop.target == NULL) {
        return NULL;
    }
    if (loop.before == transaction) {
        return wmem_strdup_printf(scope, "Redirect loop: target %u is the very URI that was asked for.",
                                  loop.target->order);
    }
    return wmem_strdup_printf(scope,
                              "Redirect loop: target %u was tried already in frame %u. Forwards point at each other; "
                              "clear one of them.",
                              loop.target->order, loop.before->request.frame);
}

/* The first target that is the very URI that a transaction asked for, or NULL. */
static const redirect_target_t *
find_own_uri(const redirect_t *redirect, const redirect_transaction_t *transaction)
{
    uint32_t key;

    if (!redirect_request_key(transaction, &key)) {
        return NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        if (target->match_key == key) {
            const sip_uri_t uri = redirect_target_uri(target);
            if (same_resource(transaction, &uri)) {
                return target;
            }
        }
    }
    return NULL;
}

static char *
check_loop_to_itself(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = redirect_of_record(context->record);
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_target_t *target =
        may_offer_loop(context) && is_offered_here(redirect, transaction) ? find_own_uri(redirect, transaction) : NULL;

    return target ? wmem_strdup_printf(scope,
                                       "Redirect loop: target %u is the very URI that was asked for. A server must not "
                                       "answer so (RFC 3261 8.3).",
                                       target->order)
                  : NULL;
}

/* All links from a transaction back to an earlier one on its path. */
static bool
is_certain_back_to(const redirect_transaction_t *transaction, const redirect_transaction_t *before)
{
    while (transaction && transaction != before) {
        if (transaction->link && transaction->link->confidence != REDIRECT_CONFIDENCE_CERTAIN) {
            return false;
        }
        transaction = redirect_transaction_before(transaction);
    }
    return true;
}

/* Where the request has been before, if a redirect led it there again. */
static const redirect_transaction_t *
find_loop_followed(const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const sip_slice_t text = redirect_request_text(transaction);
    redirect_target_t asked = {.written = text.ptr,
                               .written_len = (uint32_t)text.len,
                               .parsed = transaction->live ? transaction->live->parsed : NULL};

    if (!can_loop(transaction->link->cause) || !redirect_request_key(transaction, &asked.match_key)) {
        return NULL;
    }
    return find_loop(&asked, 1, redirect_transaction_before(transaction)).before;
}

static char *
check_loop_followed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *before =
        transaction->link->confidence == REDIRECT_CONFIDENCE_CERTAIN ? find_loop_followed(context) : NULL;

    return before && is_certain_back_to(transaction, before)
               ? wmem_strdup_printf(scope, "Redirect loop followed: this URI was tried already in frame %u.",
                                    before->request.frame)
               : NULL;
}

/* An error must not rest on a link that may be wrong. */
static char *
check_loop_likely(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *before = is_certain_back_to(transaction, NULL) ? NULL : find_loop_followed(context);

    return before && !is_certain_back_to(transaction, before)
               ? wmem_strdup_printf(
                     scope,
                     "Redirect loop probably followed: this URI was tried already in frame %u, as far as "
                     "the calls belong together.",
                     before->request.frame)
               : NULL;
}

/* What falls short of an error. */
static char *
check_loop(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (redirect_of_record(context->record)) {
        return check_loop_offered(scope, context);
    }
    return context->new_transaction && context->record->transaction->link ? check_loop_likely(scope, context) : NULL;
}

static char *
check_too_many_hops(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const unsigned max_hops = redirect_store_config(context->store)->max_hops;

    if (max_hops == 0 || transaction->hop <= max_hops) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "Redirect number %u in a row (limit %u): look for forwards that chain or circle.",
                              transaction->hop, max_hops);
}

/* RFC 3261 16.7 step 5. */
static char *
check_branch_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *refused = context->global_failure;

    if (refused == NULL || !redirect_is_branch_beside(context->record->transaction, refused)) {
        return NULL;
    }
    return wmem_strdup_printf(
        scope,
        "This proxy opened a new branch after the %u in frame %u; RFC 3261 16.7 forbids that once a "
        "6xx has come.",
        refused->response.status, refused->response.frame);
}

/*
 * A client may go on to the next target: to it a 6xx is one of the "codes greater than 399" (RFC 3261 8.1.3.4). What it
 * says is about one user (21.6).
 */
static char *
check_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *refused = context->global_failure, *transaction = context->record->transaction;
    const bool is_next_target = transaction->link && transaction->link->kind != REDIRECT_LINK_RECURSED;

    if (refused == NULL || redirect_is_branch_beside(transaction, refused)) {
        return NULL;
    }
    return wmem_strdup_printf(
        scope, "%s after the %u in frame %u, which %s.%s", is_next_target ? "Next target tried" : "Tried",
        refused->response.status, refused->response.frame,
        redirect_other_user(refused, transaction) ? "spoke for another user" : "claimed that nobody else would answer",
        is_next_target ? " Allowed (RFC 3261 8.1.3.4)." : "");
}

static char *
check_followed_elsewhere(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *redirected = context->elsewhere_after;

    /* A target that is not known may be where it goes. */
    if (redirected == NULL || redirected->redirect->target_total == 0 ||
        (redirected->redirect->gaps & (REDIRECT_GAP_TARGETS | REDIRECT_GAP_CUT)) ||
        redirect_goes_on_after_query(redirected->redirect, redirected, context->record->transaction)) {
        return NULL;
    }
    return wmem_strdup_printf(
        scope,
        "After the %u in frame %u this goes to another URI, which it did not offer. Usual cause: a "
        "dial plan or PBX rewrote the target (Asterisk's redirect_method=user keeps the user and "
        "drops the host).",
        redirected->response.status, redirected->response.frame);
}

static char *
check_ambiguous_link(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_rivals_t *rivals = context->rivals;
    wmem_strbuf_t *text;

    if (rivals->count < 2) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "");
    wmem_strbuf_append_printf(text, "%u redirects of other calls (frames ", rivals->count);
    for (unsigned i = 0; i < rivals->count && i < REDIRECT_RIVALS_NAMED; i++) {
        wmem_strbuf_append_printf(text, "%s%u", i > 0 ? ", " : "", rivals->frame[i]);
    }
    wmem_strbuf_append(text, rivals->count > REDIRECT_RIVALS_NAMED ? " and more" : "");
    wmem_strbuf_append(text, ") fit this new call equally well, so it is linked to none.");
    return wmem_strbuf_finalize(text);
}

static char *
check_history_contradiction(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (redirect_of_record(context->record) == NULL && !context->new_transaction) {
        return NULL;
    }
    return redirect_contradiction_find(scope, context->facts, context->record);
}

/* --- what is missing ---------------------------------------------------------------------------------------------- */

static bool
is_explained(const redirect_record_t *record)
{
    return record->status / 100 == 3 || record->status / 100 == 6;
}

static char *
check_cut_off(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return context->message->is_cut
               ? wmem_strdup_printf(scope,
                                    "This message is cut off after %zu bytes; what comes after is unknown, not absent.",
                                    context->message->bytes)
               : NULL;
}

/* The gaps of one kind as sentences; NULL where there is none. */
static char *
gap_sentences(wmem_allocator_t *scope, const char *lead, unsigned gaps)
{
    wmem_strbuf_t *text = NULL;

    for (unsigned bit = 1; bit && bit <= gaps; bit <<= 1) {
        if ((gaps & bit) == 0) {
            continue;
        }
        if (text == NULL) {
            text = wmem_strbuf_new(scope, lead);
        } else {
            wmem_strbuf_append(text, "; ");
        }
        wmem_strbuf_append(text, redirect_gap_text((redirect_gap_t)bit));
    }
    if (text == NULL) {
        return NULL;
    }
    wmem_strbuf_append_c(text, '.');
    return wmem_strbuf_finalize(text);
}

#define GAPS_NOT_PLACED                                                                                                \
    (REDIRECT_GAP_NO_CALL_ID | REDIRECT_GAP_NO_CSEQ | REDIRECT_GAP_NO_VIA | REDIRECT_GAP_CUT | REDIRECT_GAP_TOO_LONG)
/* Said by rules of their own. */
#define GAPS_SAID_ELSEWHERE (GAPS_NOT_PLACED | REDIRECT_GAP_TARGETS)

static char *
check_not_placed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (context->record->transaction) {
        return NULL;
    }
    return gap_sentences(scope, "This response belongs to no chain: ", context->gaps & GAPS_NOT_PLACED);
}

static char *
check_limit_reached(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return gap_sentences(scope, "Not all is seen here: ", context->gaps & ~(unsigned)GAPS_SAID_ELSEWHERE);
}

/* A limit may hide a follow-up after the redirect was shown. */
static char *
look_back_limit_reached(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    if (redirect == NULL || redirect->transaction == NULL || redirect->followed) {
        return NULL;
    }
    return gap_sentences(scope, "Follow-ups of this redirect may be missing: ",
                         redirect_hiding_gaps(store, redirect) & ~(unsigned)GAPS_SAID_ELSEWHERE);
}

static char *
look_back_not_followed(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    return redirect && redirect_is_not_followed(store, redirect)
               ? wmem_strdup(scope,
                             "No follow-up in this capture within 32 s. Either nobody followed, or it went where "
                             "this capture does not see it.")
               : NULL;
}

/* How sure it is that two requests are of one call: no surer than what ties either to it. */
static redirect_confidence_t
confidence_beside(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    redirect_confidence_t confidence = MAX(redirect_confidence_between(a, NULL), redirect_confidence_between(b, NULL));

    confidence = a->link ? MAX(confidence, a->link->confidence) : confidence;
    return b->link ? MAX(confidence, b->link->confidence) : confidence;
}

/* What analytics blocked in the network (603+) is no phone's affair. */
static char *
look_back_answered_elsewhere(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *refused = record->transaction, *answered;

    (void)store;
    if (refused == NULL || record->status / 100 != 6 || record->frame != refused->response.frame ||
        (record->details->failure && record->details->failure->network_blocked)) {
        return NULL;
    }
    answered = redirect_proved_wrong_by(refused);
    return answered
               ? wmem_strdup_printf(scope,
                                    "Frame %u answered%s, so this %u was wrong: that phone should send 486 or 480.",
                                    answered->response.frame,
                                    redirect_confidence_of_call(confidence_beside(refused, answered)), record->status)
               : NULL;
}

static char *
look_back_hidden(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *above = redirect_record_hidden_by(record);

    (void)store;
    if (above == NULL) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "The caller did not get this %u: it got %u in frame %u%s.", record->status,
                              above->response.status, above->response.frame,
                              redirect_confidence_of_call(redirect_confidence_between(record->transaction, above)));
}

/* The record of the request that opened its transaction. */
static bool
opens_transaction(const redirect_record_t *record)
{
    return record->transaction && record->status == 0 && record->frame == record->transaction->request.frame &&
           record->method == record->transaction->request.method;
}

/* A follow-up to a target that is an address went to another one: that which had redirected it. */
static bool
went_to_old_address(const redirect_transaction_t *transaction)
{
    const redirect_link_t *link = transaction->link;
    const redirect_endpoint_t to = redirect_request_destination(transaction);
    redirect_endpoint_t named;

    return link && !link->by_route && link->target && link->cause->code != 305 &&
           redirect_target_address(link->target, &named) && !redirect_same_address(named, to) &&
           redirect_same_address(redirect_request_destination(link->cause->transaction), to);
}

/* A responder that forwards to others is a proxy on the way: then the old address is right. */
static bool
is_proxy_on_the_way(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *other = transaction->chain->first_transaction;
    const redirect_transaction_t *redirected = transaction->link->cause->transaction;
    const redirect_endpoint_t server = redirect_request_destination(transaction);

    while (other && other->upstream != transaction && other->upstream != redirected &&
           !redirect_same_address(redirect_request_source(other), server)) {
        other = other->next_in_chain;
    }
    return other != NULL;
}

/* Asked for itself, a server that redirects has an answer of its own, or none. */
static bool
was_taken_further(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *last = transaction;

    while (last->extras->retried_by) {
        last = last->extras->retried_by;
    }
    return last->response.status / 100 == 2 || last->response.provisional > 100 || redirect_is_cancelled(last) ||
           (last->response.status == 0 && !redirect_has_no_answer(store, last));
}

static char *
look_back_sent_to_old_server(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return opens_transaction(record) && went_to_old_address(transaction) && !was_taken_further(store, transaction) &&
                   !is_proxy_on_the_way(transaction)
               ? wmem_strdup(scope, "Sent to the server that redirected it, not to the target's address: right only if "
                                    "that server is this client's outbound proxy.")
               : NULL;
}

static sip_host_reach_t
reach_of(redirect_endpoint_t endpoint)
{
    sip_host_address_t address = {.len = endpoint.len};

    memcpy(address.bytes, endpoint.address, endpoint.len);
    return endpoint.len > 0 ? sip_host_reach(&address) : SIP_HOST_REACH_ANYWHERE;
}

/* What is captured on the server itself, on its loopback, says nothing of where that is. */
static bool
is_out_of_reach(redirect_endpoint_t named, redirect_endpoint_t server)
{
    const sip_host_reach_t reach = reach_of(named), from = reach_of(server);

    return reach != SIP_HOST_REACH_ANYWHERE && server.len > 0 && reach != from && from != SIP_HOST_REACH_HOST;
}

/* The request to a target that got no answer in the end, nor any sign of life from the target itself; or NULL. */
static const redirect_transaction_t *
unanswered_try(const redirect_store_t *store, const redirect_target_t *target, redirect_endpoint_t named)
{
    const redirect_transaction_t *last = target->tried_by;

    while (last && last->extras->retried_by) {
        last = last->extras->retried_by;
    }
    return last && redirect_has_no_answer(store, last) &&
                   (last->response.provisional == 0 ||
                    (last->response.provisional == 100 &&
                     !redirect_same_address(redirect_request_destination(last), named)))
               ? last
               : NULL;
}

static char *
unreachable_text(wmem_allocator_t *scope, const redirect_record_t *record, const redirect_target_t *target,
                 const redirect_transaction_t *tried)
{
    char address[REDIRECT_ENDPOINT_TEXT], server[REDIRECT_ENDPOINT_TEXT];
    redirect_endpoint_t named = {.len = 0};
    wmem_strbuf_t *text = wmem_strbuf_new(scope, "");

    (void)redirect_target_address(target, &named);
    wmem_strbuf_append_printf(text, "Target %u, %s, is %s, but this %u came from %s. ", target->order,
                              redirect_endpoint_text(named, address), sip_host_reach_words(reach_of(named)),
                              record->status,
                              redirect_endpoint_text(redirect_request_destination(record->transaction), server));
    if (tried == NULL) {
        wmem_strbuf_append(text, "No follow-up within 32 s is in this capture.");
        return wmem_strbuf_finalize(text);
    }
    wmem_strbuf_append_printf(text, "Frame %u, which %sfollowed it, got no answer", tried->request.frame,
                              redirect_confidence_words(target->tried_by->link ? target->tried_by->link->confidence
                                                                               : REDIRECT_CONFIDENCE_CERTAIN));
    redirect_append_sent(text, tried);
    wmem_strbuf_append_c(text, '.');
    if (tried->extras->unreachable_in) {
        wmem_strbuf_append_printf(text, " Frame %u is an ICMP error about it.", tried->extras->unreachable_in);
    }
    return wmem_strbuf_finalize(text);
}

static char *
look_back_contact_unreachable(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);
    const redirect_transaction_t *transaction = record->transaction;

    if (redirect == NULL || transaction == NULL || record->frame != transaction->response.frame ||
        redirect != transaction->redirect) {
        return NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        const redirect_transaction_t *tried;
        redirect_endpoint_t named;
        if (!redirect_target_address(target, &named) ||
            !is_out_of_reach(named, redirect_request_destination(transaction))) {
            continue;
        }
        tried = unanswered_try(store, target, named);
        if (tried || (target->tried_by == NULL && redirect_is_not_followed(store, redirect))) {
            return unreachable_text(scope, record, target, tried);
        }
    }
    return NULL;
}

static char *
look_back_credentials_missing(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    return record->transaction && record->status != 0 && record->frame == record->transaction->response.frame &&
                   redirect_lacks_credentials(store, record->transaction)
               ? wmem_strdup(scope, "Asks for credentials, and no request with them follows in this capture.")
               : NULL;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const redirect_rule_t rules[REDIRECT_RULE_COUNT] = {
    {REDIRECT_RULE_NO_CONTACT, "no_contact", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 13.3.1.2",
     "A redirect names no Contact, so it cannot be followed", check_no_contact, NULL},
    {REDIRECT_RULE_STAR, "contact_star", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 10.2.2",
     "A redirect carries the Contact \"*\", which belongs in a REGISTER only", check_star, NULL},
    {REDIRECT_RULE_BAD_CONTACT, "bad_contact", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 20.10",
     "A redirect target is not written as RFC 3261 demands; it is shown as far as it can be read", check_bad_contact,
     NULL},
    {REDIRECT_RULE_BAD_Q, "bad_q", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 25.1",
     "A redirect target has a malformed q", check_bad_q, NULL},
    {REDIRECT_RULE_BAD_EXPIRES, "bad_expires", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 8.3",
     "A redirect target has a malformed expiry", check_bad_expires, NULL},
    {REDIRECT_RULE_PASSWORD, "password", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SECURITY, REDIRECT_RULE_NEEDS_REDIRECT,
     "RFC 3261 section 19.1.1", "A redirect target carries a password", check_password, NULL},
    {REDIRECT_RULE_TARGETS_LEFT_OUT, "targets_left_out", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_REDIRECT, "sip_redirect(4) LIMITS",
     "A redirect offers more targets than are listed", check_targets_left_out, NULL},
    {REDIRECT_RULE_NETWORK_BLOCKED_INCOMPLETE, "network_blocked_incomplete", REDIRECT_SEVERITY_NOTE,
     REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_RESPONSE, "ATIS-1000099",
     "A 603 carries only one half of Network Blocked", check_network_blocked_incomplete, NULL},
    {REDIRECT_RULE_REJECTED_WITHOUT_CALL_INFO, "rejected_without_call_info", REDIRECT_SEVERITY_NOTE,
     REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_WHOLE | REDIRECT_RULE_NEEDS_RESPONSE, "RFC 8688 section 3.1",
     "A 608 names no contact in Call-Info", check_rejected_without_call_info, NULL},
    {REDIRECT_RULE_LOOP, "loop", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE, REDIRECT_RULE_NEEDS_CHAIN,
     "RFC 3261 section 8.1.3.4", "A redirect points back to where the request has been", check_loop, NULL},
    {REDIRECT_RULE_LOOP_FOLLOWED, "loop", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.3.4",
     "A redirect was followed back to where the request has been", check_loop_followed, NULL},
    {REDIRECT_RULE_LOOP_TO_ITSELF, "loop", REDIRECT_SEVERITY_ERROR, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REDIRECT, "RFC 3261 section 8.3",
     "A redirect names the very URI that was asked for", check_loop_to_itself, NULL},
    {REDIRECT_RULE_TOO_MANY_HOPS, "too_many_hops", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_FOLLOWUP, "RFC 3261 section 8.1.3.4",
     "A request was redirected more often than max_hops allows", check_too_many_hops, NULL},
    {REDIRECT_RULE_AFTER_GLOBAL_FAILURE, "after_global_failure", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "A request was tried again after a global failure", check_after_global_failure, NULL},
    {REDIRECT_RULE_BRANCH_AFTER_GLOBAL_FAILURE, "after_global_failure", REDIRECT_SEVERITY_WARN, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 16.7",
     "A proxy opened a new branch after a global failure", check_branch_after_global_failure, NULL},
    {REDIRECT_RULE_ANSWERED_ELSEWHERE, "answered_elsewhere", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 21.6.2", "Another phone answered after a 600 or 603 had said that nobody else would", NULL,
     look_back_answered_elsewhere},
    {REDIRECT_RULE_NOT_FOLLOWED, "not_followed", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 8.1.3.4", "No follow-up of this redirect is in the capture within 32 seconds", NULL,
     look_back_not_followed},
    {REDIRECT_RULE_HIDDEN_FROM_CALLER, "hidden_from_caller", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 16.7", "The caller got another response in place of this one", NULL, look_back_hidden},
    {REDIRECT_RULE_FOLLOWED_ELSEWHERE, "followed_elsewhere", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "After a redirect the request went to a URI that was not offered", check_followed_elsewhere, NULL},
    {REDIRECT_RULE_SENT_TO_OLD_SERVER, "sent_to_old_server", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 8.1.2", "A redirect was followed to the right URI at the old address", NULL,
     look_back_sent_to_old_server},
    {REDIRECT_RULE_CONTACT_UNREACHABLE, "contact_unreachable", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 6890 section 2.2", "A redirect from elsewhere names a private address, and nobody answers there", NULL,
     look_back_contact_unreachable},
    {REDIRECT_RULE_CREDENTIALS_MISSING, "credentials_missing", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "RFC 3261 section 22.2", "At the end of the chain credentials are asked for, and none are sent", NULL,
     look_back_credentials_missing},
    {REDIRECT_RULE_AMBIGUOUS_LINK, "ambiguous_link", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_REQUEST, "RFC 3261 section 8.1.3.4",
     "Several redirects fit this new call equally well, so it is linked to none", check_ambiguous_link, NULL},
    {REDIRECT_RULE_HISTORY_CONTRADICTION, "history_contradiction", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE,
     REDIRECT_RULE_NEEDS_CHAIN | REDIRECT_RULE_NEEDS_WHOLE, "RFC 7044 section 10",
     "History-Info or Diversion says otherwise than the chain seen", check_history_contradiction, NULL},
    {REDIRECT_RULE_CUT_OFF, "cut_off", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, REDIRECT_RULE_NEEDS_RESPONSE,
     "RFC 3261 section 7.5", "A redirect or global failure is cut off by the capture", check_cut_off, NULL},
    {REDIRECT_RULE_NOT_PLACED, "not_placed", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL,
     REDIRECT_RULE_NEEDS_RESPONSE, "RFC 3261 section 8.1.1",
     "A redirect or global failure can not be tied to a request", check_not_placed, NULL},
    {REDIRECT_RULE_LIMIT_REACHED, "limit_reached", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_SEQUENCE, 0,
     "sip_redirect(4) LIMITS", "A limit of the analysis may hide part of the chain", check_limit_reached,
     look_back_limit_reached},
    {REDIRECT_RULE_NOT_LOCATED, "not_located", REDIRECT_SEVERITY_NOTE, REDIRECT_GROUP_PROTOCOL, 0,
     "sip_redirect(4) BUGS", "The text of a SIP message was not found, so the message is left out", NULL, NULL},
};

const redirect_rule_t *
redirect_rules_table(void)
{
    return rules;
}

redirect_expert_item_t *
redirect_expert_item_new(wmem_allocator_t *scope, redirect_rule_id_t id, char *text)
{
    redirect_expert_item_t *item = wmem_new(scope, redirect_expert_item_t);

    *item = (redirect_expert_item_t){.rule = &rules[id], .text = text ? text : rules[id].summary};
    return item;
}

/* No rule has anything to say of the messages between: 1xx, 2xx, ACK, retransmissions. */
static bool
is_worth_asking(const redirect_rule_context_t *context)
{
    return context->new_transaction || is_explained(context->record) || context->rivals->count > 0 ||
           context->gaps != 0;
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
           (is_explained(record) ? REDIRECT_RULE_NEEDS_RESPONSE : 0U) |
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
