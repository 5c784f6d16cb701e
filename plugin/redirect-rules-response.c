/* redirect-rules-response.c
 * Rules about a response that take its request to judge.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strutl.h>

/* 305 names a proxy, and 380 a service: there no user is needed. */
static bool
names_callee(const redirect_t *redirect)
{
    return redirect->code != 305 && redirect->code != 380 && !redirect->dip_response;
}

/* The answer of the transaction itself, seen for the first time on its leg; not a late one, not one of another redirect. */
static const redirect_t *
new_redirect_of(const redirect_rule_context_t *context)
{
    return context->new_redirect ? redirect_of_record(context->record) : NULL;
}

/* An empty user before an "@" is a fault of its own, and ?headers may say who is meant. */
static bool
lacks_user(const redirect_target_t *target)
{
    const sip_uri_kept_t *uri = target->parsed;

    return uri && sip_uri_scheme_is_sip((sip_uri_scheme_t)uri->scheme_kind) && uri->user.len == 0 &&
           uri->headers.len == 0 && !(target->uri_flags & SIP_URI_FLAG_EMPTY_USER);
}

char *
redirect_check_target_without_user(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = new_redirect_of(context);
    const sip_uri_kept_t *asked = redirect_request_parsed(context->record->transaction);

    if (redirect == NULL || !names_callee(redirect) || asked == NULL || asked->user.len == 0) {
        return NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (lacks_user(&redirect->target[i])) {
            return wmem_strdup_printf(scope,
                                      "Target %u names a host and no user: who follows it loses the one who was "
                                      "called. Put the user into the Contact.",
                                      redirect->target[i].order);
        }
    }
    return NULL;
}

/* RFC 3261 8.1.3.4: the client "SHOULD inform the user of the redirection to an insecure URI". */
char *
redirect_check_sips_downgrade(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = new_redirect_of(context);
    const sip_uri_kept_t *asked = redirect_request_parsed(context->record->transaction);

    if (redirect == NULL || asked == NULL || asked->scheme_kind != SIP_URI_SCHEME_SIPS) {
        return NULL;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        if (target->followable && target->parsed && target->parsed->scheme_kind != SIP_URI_SCHEME_SIPS) {
            return wmem_strdup_printf(scope,
                                      "A sips URI was asked for, and target %u is none: who follows it leaves the "
                                      "secure path. Offer a sips URI.",
                                      target->order);
        }
    }
    return NULL;
}

/*
 * A cluster, a NAT, or a forger (RFC 3261 26.1.2). It must have gone to where the request came from: what was captured
 * on both sides of a NAT has other addresses, and says nothing.
 */
char *
redirect_check_unexpected_source(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    char source[REDIRECT_ENDPOINT_TEXT], asked[REDIRECT_ENDPOINT_TEXT];
    redirect_endpoint_t destination;

    if (new_redirect_of(context) == NULL || transaction->request.frame == 0 || transaction->request.seen_elsewhere ||
        !redirect_same_address(context->message->destination, redirect_request_source(transaction))) {
        return NULL;
    }
    destination = redirect_request_destination(transaction);
    if (destination.len == 0 || context->message->source.len == 0 ||
        redirect_same_address(destination, context->message->source)) {
        return NULL;
    }
    return wmem_strdup_printf(scope,
                              "The request went to %s, this %u came from %s: another address of the same server, or a "
                              "forged answer.",
                              redirect_endpoint_text(destination, asked), context->record->status,
                              redirect_endpoint_text(context->message->source, source));
}

/*
 * A branch that the proxy sent to that target itself, because of a 3xx that it got, and that ended before; or NULL. One to
 * another URI of the same user may be of the proxy's own finding, and one with more Vias is another proxy's.
 */
static const redirect_transaction_t *
recursed_branch(const redirect_transaction_t *transaction, const redirect_target_t *target)
{
    const redirect_transaction_t *below = redirect_next_below(transaction, NULL);

    for (; below; below = redirect_next_below(transaction, below)) {
        const bool is_tried = below->upstream == transaction &&
                              below->request.via_count == transaction->request.via_count + 1 && below->link &&
                              below->link->kind == REDIRECT_LINK_RECURSED &&
                              below->link->match == SIP_URI_MATCH_EXACT && below->response.status >= 300;
        if (is_tried && below->link->target && below->link->target->match_key == target->match_key &&
            sip_slice_equal(redirect_target_text(below->link->target), redirect_target_text(target))) {
            return below;
        }
    }
    return NULL;
}

/* RFC 3261 16.7 step 4: a proxy removes what it recursed on. */
char *
redirect_check_tried_target_offered(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_t *redirect = new_redirect_of(context);

    for (unsigned i = 0; redirect && i < redirect->target_count; i++) {
        const redirect_transaction_t *tried = recursed_branch(context->record->transaction, &redirect->target[i]);
        if (tried) {
            return wmem_strdup_printf(scope,
                                      "Target %u is passed on, though this proxy tried it in frame %u and got %u: the "
                                      "caller tries it once more.",
                                      redirect->target[i].order, tried->request.frame, tried->response.status);
        }
    }
    return NULL;
}

char *
redirect_check_answered_after_global_failure(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;

    if (!redirect_is_answer_after_refusal(context->record)) {
        return NULL;
    }
    return wmem_strdup_printf(scope,
                              "Answered after the %u in frame %u, which the caller has taken as the end. A proxy must "
                              "wait for its other branches before it passes a 6xx on.",
                              transaction->response.status, transaction->response.frame);
}
