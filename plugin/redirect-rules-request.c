/* redirect-rules-request.c
 * Rules about how the request was made that follows a redirect (RFC 3261 8.1.3.4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-targets.h"

/*
 * The request of the same call and sender whose 3xx this one follows for certain, with its key at hand; or NULL. Where
 * proxies passed the 3xx on, it is the one of them that has as many Vias.
 */
static const redirect_transaction_t *
followed_in_call(const redirect_transaction_t *transaction)
{
    const redirect_link_t *link = transaction->link;
    const redirect_transaction_t *redirected = link->redirected;

    while (redirected && redirected->request.via_count > transaction->request.via_count) {
        redirected = redirected->upstream;
    }
    return redirected && link->confidence == REDIRECT_CONFIDENCE_CERTAIN && redirected->live && transaction->live &&
                   redirected->live->call == transaction->live->call && redirected->request.frame != 0
               ? redirected
               : NULL;
}

/* Without the magic cookie (RFC 2543) a branch need not be unique; with it, an equal one is of one and the same sender. */
char *
redirect_check_branch_reused(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *redirected = followed_in_call(transaction);

    if (redirected == NULL || !transaction->live->key.unique ||
        transaction->live->key.via != redirected->live->key.via) {
        return NULL;
    }
    return wmem_strdup_printf(scope,
                              "Same branch as in frame %u, which got the %u: a server takes this for the old request "
                              "sent again. A new request needs a new branch.",
                              redirected->request.frame, transaction->link->cause->code);
}

/* The tag of the 3xx itself: any other may be that of a dialog (RFC 3261 12.2.1.1). */
char *
redirect_check_to_tag_kept(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_transaction_t *redirected = followed_in_call(transaction);

    if (redirected == NULL || redirected->request.in_dialog || transaction->live->to_tag == 0 ||
        transaction->live->to_tag != redirected->response.to_tag) {
        return NULL;
    }
    return wmem_strdup_printf(scope,
                              "To has the tag of the %u in frame %u, as if there were a dialog: servers answer 481. "
                              "Send To without a tag.",
                              redirected->response.status, redirected->response.frame);
}

/* RFC 3261 19.1.1, Table 1: no headers in a Request-URI. */
char *
redirect_check_headers_in_uri(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const sip_uri_kept_t *asked = redirect_request_parsed(context->record->transaction);

    /* Of a URI of another scheme no headers are read. */
    if (asked == NULL || asked->headers.len == 0) {
        return NULL;
    }
    return wmem_strdup(scope, "The Request-URI holds what stood after \"?\" in the Contact: that belongs into header "
                              "fields of this request. Many servers answer 400.");
}

static bool
asks_for_sips(const redirect_transaction_t *transaction)
{
    sip_uri_t uri;

    return redirect_request_uri(transaction, &uri) && uri.scheme_kind == SIP_URI_SCHEME_SIPS;
}

/* The proxy of a 305 goes into Route, where sips leaves the Request-URI as it is (RFC 3261 21.3.4, RFC 5630 3.1.3). */
static bool
is_target_sips(const redirect_link_t *link)
{
    return link->target && link->cause->code != 305 &&
           redirect_target_uri(link->target).scheme_kind == SIP_URI_SCHEME_SIPS;
}

/* What came back to a request is not in the capture: it is known to be missing, or was not there yet after a redirect. */
static bool
has_unknown_answer(const redirect_transaction_t *transaction, uint32_t redirected_in)
{
    return transaction->response.is_unseen ||
           (transaction->response.status == 0 && transaction->request.frame > redirected_in);
}

/*
 * The redirect offers that sip URI as well, which was followed once already; or the same client made another request, whose
 * answer is not in the capture: it may have been a redirect to the sip URI.
 */
static bool
may_follow_another(const redirect_transaction_t *transaction)
{
    const redirect_link_t *link = transaction->link;
    const redirect_transaction_t *other = transaction->chain->first_transaction;

    if (redirect_find_target(link->cause, redirect_request_text(transaction))) {
        return true;
    }
    while (other && !(other != transaction && has_unknown_answer(other, link->redirected_in) &&
                      other->request.via_count == transaction->request.via_count &&
                      redirect_same_address(redirect_request_source(other), redirect_request_source(transaction)))) {
        other = other->next_in_chain;
    }
    return other != NULL;
}

/* RFC 5630 5.1.1, 5.3: neither a client nor a proxy makes sip of sips by itself; a client may follow to an offered sip. */
char *
redirect_check_sips_downgrade_followed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_link_t *link = transaction->link;

    if (transaction->request.frame == 0 || asks_for_sips(transaction)) {
        return NULL;
    }
    if (is_target_sips(link) && link->confidence != REDIRECT_CONFIDENCE_POSSIBLE && !may_follow_another(transaction)) {
        return wmem_strdup_printf(scope,
                                  "Target %u of the %u in frame %u is a sips URI. This %sfollows it and asks for a sip "
                                  "one: the call leaves the secure path.",
                                  link->target->order, link->cause->code, link->redirected_in,
                                  redirect_confidence_words(link->confidence));
    }
    if (link->kind == REDIRECT_LINK_RECURSED && link->cause->code != 305 &&
        link->confidence == REDIRECT_CONFIDENCE_CERTAIN && link->redirected && asks_for_sips(link->redirected)) {
        return wmem_strdup_printf(scope,
                                  "Frame %u asked for a sips URI, and this proxy went on to a sip one by itself. It "
                                  "must leave that to the caller.",
                                  link->redirected->request.frame);
    }
    return NULL;
}

/*
 * RFC 3261 21.3.4: the request is repeated "via the proxy", which gets the old Request-URI then. A Contact with a user is
 * taken for a target by many, and can be one.
 */
char *
redirect_check_proxy_as_target(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    const redirect_transaction_t *transaction = context->record->transaction;
    const redirect_link_t *link = transaction->link;
    sip_uri_t now, before;

    if (link->cause->code != 305 || link->redirected == NULL || !redirect_request_uri(transaction, &now) ||
        sip_slice_has_text(now.user) || !redirect_request_uri(link->redirected, &before) ||
        !sip_slice_has_text(before.user)) {
        return NULL;
    }
    return wmem_strdup(scope,
                       "The Request-URI is now the proxy that the 305 names, so nobody knows who is called. Keep "
                       "the old Request-URI and put the proxy into Route.");
}
