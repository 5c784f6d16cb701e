/* redirect-rules-chain.c
 * Rules about the place of a message in its chain, decided when it is first seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-contradiction.h"
#include "redirect-hidden.h"
#include "redirect-outcome.h"
#include "redirect-targets.h"

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

/* One in ten calls that only possibly belong together do not: no ground for a warning. */
static bool
is_doubtful_step(const redirect_transaction_t *transaction)
{
    const redirect_link_t *link = transaction->link;
    const redirect_leg_t *leg = transaction->extras->leg;

    if (link) {
        return link->kind >= REDIRECT_LINK_SESSION_ID && link->confidence == REDIRECT_CONFIDENCE_POSSIBLE;
    }
    return leg && transaction->upstream == NULL && leg->confidence == REDIRECT_CONFIDENCE_POSSIBLE;
}

/*
 * The one before on the path, as far as a circle can begin there: a 305 asks for the same request once more, by another
 * way (RFC 3261 21.3.4), so what was asked for before it is asked for again.
 */
static const redirect_transaction_t *
before_on_path(const redirect_transaction_t *transaction)
{
    const bool begins_anew = transaction->link && transaction->link->cause->code == 305;

    return begins_anew || is_doubtful_step(transaction) ? NULL : redirect_transaction_before(transaction);
}

/* A client counts its requests of a call upwards: one with a higher number is no step before, whatever the capture shows. */
static bool
was_sent_later(const redirect_transaction_t *transaction, const redirect_transaction_t *than)
{
    return transaction->live && than->live && transaction->live->call == than->live->call &&
           transaction->request.method == than->request.method &&
           transaction->live->key.from_tag == than->live->key.from_tag &&
           transaction->live->key.cseq > than->live->key.cseq;
}

/*
 * Looks for count targets on the path that leads to a transaction, with that itself or without it. Equal URIs have equal
 * keys, so nearly all differ in that number; MAX_COMPARISONS bounds the rest.
 */
static loop_t
find_loop(const redirect_target_t *targets, unsigned count, const redirect_transaction_t *transaction, bool with_itself)
{
    const redirect_transaction_t *from = with_itself ? transaction : before_on_path(transaction);
    unsigned left = MAX_COMPARISONS;
    loop_t loop = {NULL, NULL};

    for (; from; from = before_on_path(from)) {
        uint32_t key;
        const bool has_key = redirect_request_key(from, &key) && !was_sent_later(from, transaction);
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
    loop = find_loop(redirect->target, redirect->target_count, transaction, !is_offered_here(redirect, transaction));
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

char *
redirect_check_loop_to_itself(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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
    redirect_target_t asked = {
        .written = text.ptr, .written_len = (uint32_t)text.len, .parsed = redirect_request_parsed(transaction)};

    if (!can_loop(transaction->link->cause) || !redirect_request_key(transaction, &asked.match_key)) {
        return NULL;
    }
    return find_loop(&asked, 1, transaction, false).before;
}

char *
redirect_check_loop_followed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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
char *
redirect_check_loop(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (redirect_of_record(context->record)) {
        return check_loop_offered(scope, context);
    }
    return context->new_transaction && context->record->transaction->link ? check_loop_likely(scope, context) : NULL;
}

char *
redirect_check_too_many_hops(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const unsigned max_hops = redirect_store_config(context->store)->max_hops;

    if (max_hops == 0 || transaction->hop <= max_hops) {
        return NULL;
    }
    return wmem_strdup_printf(scope, "Redirect number %u in a row (limit %u): look for forwards that chain or circle.",
                              transaction->hop, max_hops);
}

/* --- a proxy's branch after a 6xx --------------------------------------------------------------------------------- */

/* So much later than it was sent a message may be captured, beside others; and so long what a proxy got was on its way. */
#define DISORDER (REDIRECT_SECOND / 100)
#define ON_THE_WAY (REDIRECT_SECOND / 40)
/* RFC 3261 17.1.1.1, timer A: the request is sent again after T1, 3 * T1, 7 * T1, ...; timers are not exact. */
#define T1 (REDIRECT_SECOND / 2)
#define SENT_AGAIN_UP_TO (63 * T1)
#define TIMER_ERROR (REDIRECT_SECOND / 20)

/* The proxy had the 6xx before the frame: it acknowledged it, or passed it on. */
static bool
has_taken(const redirect_transaction_t *refused, uint32_t frame)
{
    const redirect_transaction_t *above = redirect_transaction_above(refused);
    const redirect_record_t *ack = redirect_first_ack(refused);

    return (ack && ack->frame < frame) || (above && above->response.status / 100 == 6 && above->response.frame < frame);
}

/* What is seen after so long may be a branch that began then, a moment late, or its request sent again. */
static bool
fits_begin(redirect_time_t after, redirect_time_t late)
{
    redirect_time_t again = T1;

    if (after >= -DISORDER && after <= late) {
        return true;
    }
    while (again <= SENT_AGAIN_UP_TO && after > again + TIMER_ERROR) {
        again = 2 * again + T1;
    }
    return again <= SENT_AGAIN_UP_TO && after >= again - TIMER_ERROR;
}

static bool
had_begun(const redirect_transaction_t *beside, const redirect_transaction_t *refused)
{
    return beside->request.frame != 0 ? beside->request.time <= refused->response.time + DISORDER
                                      : beside->first_frame < refused->response.frame;
}

/* The same after a response, which may have been sent again as well, with the same timer: any multiple of T1 will do. */
static bool
fits_response(redirect_time_t after)
{
    return (after >= -DISORDER && after <= ON_THE_WAY) ||
           (after >= T1 - TIMER_ERROR && after <= SENT_AGAIN_UP_TO && (after + TIMER_ERROR) % T1 <= 2 * TIMER_ERROR);
}

/*
 * Because of what the other branch got, before the proxy took the 6xx in: had it come later, the proxy would have given that
 * branch up with a CANCEL, where it rang, or the response is seen clearly after the 6xx.
 */
static bool
may_have_begun_by(const redirect_transaction_t *branch, const redirect_transaction_t *beside,
                  const redirect_transaction_t *refused)
{
    if (beside->extras->cancel) {
        return false;
    }
    return beside->response.is_unseen || (beside->response.status >= 300 && beside->response.status / 100 != 6 &&
                                          beside->response.time <= refused->response.time + ON_THE_WAY &&
                                          fits_response(branch->request.time - beside->response.time));
}

/* Together with the other branch, or because of what that one got. */
static bool
may_have_begun_with(const redirect_transaction_t *branch, const redirect_transaction_t *beside,
                    const redirect_transaction_t *refused)
{
    return (beside->request.frame != 0 && fits_begin(branch->request.time - beside->request.time, DISORDER)) ||
           may_have_begun_by(branch, beside, refused);
}

/*
 * The proxy may have opened the branch before it had the 6xx, because of the 3xx that it follows; else when it got the
 * request, together with another branch, or because of a response to one; and the network or the capture lost what it sent
 * first.
 */
static bool
may_have_begun_before(const redirect_transaction_t *branch, const redirect_transaction_t *refused)
{
    const redirect_transaction_t *above = redirect_transaction_above(branch);
    const redirect_transaction_t *beside = branch->chain->first_transaction;
    const redirect_link_t *link = branch->link;

    if (refused->request.frame == 0 || branch->first_frame < refused->response.frame) {
        return true; /* it is not known when the other one began; or a response to this one was captured before */
    }
    if (link && link->kind == REDIRECT_LINK_RECURSED && link->confidence == REDIRECT_CONFIDENCE_CERTAIN) {
        return may_have_begun_by(branch, link->redirected, refused);
    }
    if (above && above->request.frame != 0 && fits_begin(branch->request.time - above->request.time, 0)) {
        return true;
    }
    while (beside && !(redirect_is_branch_beside(branch, beside) && had_begun(beside, refused) &&
                       may_have_begun_with(branch, beside, refused))) {
        beside = beside->next_in_chain;
    }
    return beside != NULL;
}

/* RFC 3261 16.7 step 5. */
char *
redirect_check_branch_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *refused = context->global_failure, *transaction = context->record->transaction;

    if (refused == NULL || !redirect_is_branch_beside(transaction, refused) ||
        !has_taken(refused, context->message->frame) || may_have_begun_before(transaction, refused)) {
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
char *
redirect_check_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

char *
redirect_check_followed_elsewhere(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

char *
redirect_check_ambiguous_link(wmem_allocator_t *scope, const redirect_rule_context_t *context)
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

char *
redirect_check_history_contradiction(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (redirect_of_record(context->record) == NULL && !context->new_transaction) {
        return NULL;
    }
    return redirect_contradiction_find(scope, context->facts, context->record);
}
