/* redirect-rules-hindsight.c
 * Rules that only later messages decide: asked each time that a record is shown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-hidden.h"
#include "redirect-outcome.h"
#include "redirect-path.h"
#include "sip-host.h"

/* Fewer may be chance. */
#define TELLS_FROM 3

char *
redirect_look_back_not_followed(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);
    char address[REDIRECT_ENDPOINT_TEXT];
    redirect_client_t client;

    if (redirect == NULL || !redirect_is_not_followed(store, redirect)) {
        return NULL;
    }
    client = redirect_store_client(store, record->transaction);
    return client.redirects >= TELLS_FROM && client.followups == 0
               ? wmem_strdup_printf(
                     scope,
                     "No follow-up in this capture within 32 s. Either %s follows none of the %u redirects "
                     "that it got here, or this capture does not see where it goes on.",
                     redirect_endpoint_text(redirect_request_source(record->transaction), address), client.redirects)
               : wmem_strdup(scope,
                             "No follow-up in this capture within 32 s. Either nobody followed, or it went where "
                             "this capture does not see it.");
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
char *
redirect_look_back_answered_elsewhere(wmem_allocator_t *scope, const redirect_store_t *store,
                                      const redirect_record_t *record)
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

char *
redirect_look_back_hidden(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
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
    const redirect_transaction_t *last = redirect_last_try(transaction);

    return last->response.status / 100 == 2 || last->response.provisional > 100 || redirect_is_cancelled(last) ||
           (last->response.status == 0 && !redirect_has_no_answer(store, last));
}

char *
redirect_look_back_sent_to_old_server(wmem_allocator_t *scope, const redirect_store_t *store,
                                      const redirect_record_t *record)
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
    const redirect_transaction_t *last = target->tried_by ? redirect_last_try(target->tried_by) : NULL;

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

char *
redirect_look_back_contact_unreachable(wmem_allocator_t *scope, const redirect_store_t *store,
                                       const redirect_record_t *record)
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

static bool
asks_for_credentials(const redirect_transaction_t *transaction)
{
    return transaction->response.status == 401 || transaction->response.status == 407;
}

/* Of a request that was not visible at once, what was made of it says so: a proxy leaves such headers alone. */
static bool
was_without_credentials(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *below = transaction;

    while (below && !(below->request.lacks_credentials && below->response.status == transaction->response.status)) {
        below = redirect_next_below(transaction, below == transaction ? NULL : below);
    }
    return below != NULL;
}

/*
 * A request got a 401 or 407 at the end of its path, had no credentials, and none like it with credentials comes within
 * REDIRECT_FOLLOW_WITHIN (RFC 3261 22.2, 22.3).
 */
static bool
lacks_credentials(const redirect_store_t *store, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *end;
    redirect_result_t result;

    if (transaction->chain == NULL || !asks_for_credentials(transaction) || transaction->extras->retried_by ||
        (transaction->extras->retry_of && asks_for_credentials(transaction->extras->retry_of)) ||
        !was_without_credentials(transaction) ||
        !redirect_clock_covers(redirect_store_clock(store), transaction->response.clock, transaction->response.time,
                               REDIRECT_FOLLOW_WITHIN) ||
        redirect_store_gave_up(store, transaction->response.clock) ||
        redirect_store_missed_message_since(store, transaction->response.clock)) {
        return false;
    }
    result = redirect_chain_result(store, transaction->chain);
    end = redirect_path_end(transaction->chain->root);
    return result.outcome == REDIRECT_OUTCOME_FAILED &&
           (transaction == result.transaction || transaction == end || redirect_transaction_is_below(end, transaction));
}

char *
redirect_look_back_credentials_missing(wmem_allocator_t *scope, const redirect_store_t *store,
                                       const redirect_record_t *record)
{
    return record->transaction && record->status != 0 && record->frame == record->transaction->response.frame &&
                   lacks_credentials(store, record->transaction)
               ? wmem_strdup(scope, "Asks for credentials, and no request with them follows in this capture.")
               : NULL;
}

/*
 * Of the 3xx or 6xx that ended an INVITE, its first sighting; the leg shows the request, so its ACK would pass here. Of other
 * failures it is not kept which sightings are copies that the capture made.
 */
static bool
wants_ack(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;

    return transaction && transaction->chain && redirect_is_explained(record->status) &&
           record->frame == transaction->response.frame && transaction->request.method == SIP_METHOD_INVITE &&
           transaction->request.frame != 0 && !transaction->chain->truncated;
}

/* What came back for a final response that the server went on to send. */
typedef struct {
    unsigned sent_again; /* copies that the capture made do not count */
    unsigned after_ack;  /* of these, after the first ACK */
    uint32_t ack;        /* frame of the first one; 0 for none */
} acknowledged_t;

static acknowledged_t
look_for_ack(const redirect_transaction_t *transaction)
{
    const redirect_record_t *ack = redirect_first_ack(transaction);
    acknowledged_t found = {.ack = ack ? ack->frame : 0};
    bool is_after_ack = false;

    for (const redirect_record_t *record = transaction->first_record; record; record = record->next_in_transaction) {
        is_after_ack = is_after_ack || record == ack;
        if (record->status == transaction->response.status && record->method != SIP_METHOD_CANCEL &&
            record->frame != transaction->response.frame && !record->is_copy) {
            found.sent_again++;
            found.after_ack += is_after_ack;
        }
    }
    return found;
}

/* One may have been on its way when the ACK came: of two the ACK got lost (RFC 3261 17.2.1, timer G). */
#define CROSSES_THE_ACK 1

char *
redirect_look_back_ack_missing(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    acknowledged_t found;

    if (!wants_ack(record) || redirect_store_missed_message_since(store, record->transaction->response.clock)) {
        return NULL;
    }
    found = look_for_ack(record->transaction);
    if (found.ack == 0 && found.sent_again > 0) {
        return wmem_strdup_printf(scope, "Sent %u times, and no ACK in this capture%s", found.sent_again + 1,
                                  record->transaction->redirect && record->transaction->redirect->followed
                                      ? ", though it was followed: the client must send one."
                                      : ": it does not reach the client, or the ACK is lost before this point.");
    }
    if (found.after_ack > CROSSES_THE_ACK) {
        return wmem_strdup_printf(
            scope,
            "Sent %u times more after the ACK in frame %u: the ACK does not reach the server. Look "
            "at its address and its branch.",
            found.after_ack, found.ack);
    }
    return NULL;
}

/* RFC 4412 4.6.6: a proxy may say so of phones that are all busy; whether another one would answer it does not know. */
char *
redirect_look_back_made_of_busy(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record)
{
    const redirect_transaction_t *maker = record->status == 600 ? record->details->made_at : NULL, *of = NULL;
    unsigned busy = 0;

    (void)store;
    while (maker && (of = redirect_next_made_of(maker, of)) != NULL) {
        if (of->response.status != 486) {
            return NULL;
        }
        busy++;
    }
    return busy > 0 ? wmem_strdup_printf(
                          scope, "Made of %u x 486 Busy Here: no phone said more than that it is busy itself.", busy)
                    : NULL;
}
