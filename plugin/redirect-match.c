/* redirect-match.c
 * Which transaction a message belongs to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-match.h"

/* The host of a Via's sent-by, its port left out. */
static sip_slice_t
host_of(sip_slice_t sent_by)
{
    const char *end;

    if (sent_by.len == 0) {
        return sent_by;
    }
    if (sent_by.ptr[0] == '[') {
        end = memchr(sent_by.ptr, ']', sent_by.len);
        return end ? sip_slice_make(sent_by.ptr, (size_t)(end - sent_by.ptr) + 1) : sent_by;
    }
    end = memchr(sent_by.ptr, ':', sent_by.len);
    return end ? sip_slice_trim(sip_slice_make(sent_by.ptr, (size_t)(end - sent_by.ptr))) : sent_by;
}

/* RFC 3261 8.1.1.7: only a branch that begins with the magic cookie is unique by itself. */
static bool
is_unique(sip_slice_t branch)
{
    static const char cookie[] = {'z', '9', 'h', 'G', '4', 'b', 'K'};

    return branch.len > sizeof(cookie) && (memcmp(branch.ptr, cookie, sizeof(cookie)) == 0 ||
                                           sip_slice_bytes_equal_nocase(branch.ptr, cookie, sizeof(cookie)));
}

uint64_t
redirect_match_tag(const redirect_store_t *store, sip_slice_t tag)
{
    return sip_slice_has_text(tag) ? redirect_hash(redirect_store_secret(store), tag) : 0;
}

uint64_t
redirect_match_via(const redirect_store_t *store, const sip_via_t *via)
{
    return redirect_hash_texts(redirect_store_secret(store), via->branch, via->sent_by);
}

uint64_t
redirect_match_via_host(const redirect_store_t *store, const sip_via_t *via)
{
    return redirect_hash_nocase(redirect_store_secret(store), host_of(via->sent_by));
}

redirect_key_t
redirect_match_key(const redirect_store_t *store, const sip_message_t *sip)
{
    const bool unique = is_unique(sip->via.branch);

    return (redirect_key_t){
        .via = redirect_match_via(store, &sip->via),
        .from_tag =
            unique && sip->method_id != SIP_METHOD_ACK ? 0 : redirect_match_tag(store, sip_message_from_tag(sip)),
        .cseq = sip->cseq,
        .method = sip->cseq_method_id,
        .unique = unique,
    };
}

uint64_t
redirect_match_path(const redirect_store_t *store, const sip_message_t *sip, unsigned from)
{
    uint64_t path = 0;
    sip_via_iter_t vias;
    sip_via_t via;

    if (sip->via_count <= from) {
        return 0;
    }
    sip_via_iter_init(&vias, sip);
    for (unsigned i = 0; sip_via_iter_next(&vias, &via); i++) {
        if (i >= from) {
            path = redirect_hash_pair(redirect_store_secret(store), path, redirect_match_via(store, &via));
        }
    }
    return path;
}

void
redirect_match_complete_key(const redirect_store_t *store, const sip_message_t *sip, redirect_key_t *key)
{
    sip_via_iter_t vias;
    sip_via_t via;

    key->from_tag = redirect_match_tag(store, sip_message_from_tag(sip));
    key->via_count = (uint16_t)MIN(sip->via_count, UINT16_MAX);
    key->via_host = redirect_match_via_host(store, &sip->via);
    key->via_hosts = 0;
    if (sip->via_count < 2) {
        return;
    }
    sip_via_iter_init(&vias, sip);
    (void)sip_via_iter_next(&vias, &via); /* the top */
    while (sip_via_iter_next(&vias, &via)) {
        key->via_hosts =
            redirect_hash_pair(redirect_store_secret(store), key->via_hosts, redirect_match_via_host(store, &via));
    }
}

/* ACK and CANCEL belong to the transaction whose branch they carry (RFC 3261 9.1, 17.1.1.3). */
static bool
method_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    switch (sip->cseq_method_id) {
    case SIP_METHOD_CANCEL:
        return true;
    case SIP_METHOD_ACK:
        return transaction->request.method == SIP_METHOD_INVITE;
    case SIP_METHOD_OTHER:
        return transaction->request.method == SIP_METHOD_OTHER &&
               sip_slice_equal(redirect_transaction_method(transaction), sip->cseq_method);
    default:
        return transaction->request.method == sip->cseq_method_id;
    }
}

/* The Request-URI distinguishes transactions that wrongly share a branch, and is part of an RFC 2543 key (17.2.3). */
static bool
request_uri_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    return sip->is_response || sip->method_id == SIP_METHOD_ACK || sip->method_id == SIP_METHOD_CANCEL ||
           transaction->request.frame == 0 || sip_slice_equal(redirect_request_text(transaction), sip->request_uri);
}

static bool
transaction_fits(const redirect_transaction_t *transaction, const sip_message_t *sip, const redirect_key_t *key)
{
    return transaction->live->key.via == key->via && transaction->live->key.cseq == key->cseq &&
           method_fits(transaction, sip) && (key->unique || transaction->live->key.from_tag == key->from_tag) &&
           request_uri_fits(transaction, sip);
}

/* The ACK for a 2xx has a branch of its own; the sender, CSeq and both tags identify its INVITE (RFC 3261 13.2.2.4). */
static bool
ack_of_2xx_fits(const redirect_store_t *store, const redirect_transaction_t *transaction, const sip_message_t *sip,
                const redirect_key_t *key)
{
    return sip->method_id == SIP_METHOD_ACK && transaction->request.method == SIP_METHOD_INVITE &&
           transaction->response.status / 100 == 2 && transaction->live->key.cseq == key->cseq &&
           transaction->live->key.from_tag == key->from_tag &&
           transaction->response.to_tag == redirect_match_tag(store, sip_message_to_tag(sip)) &&
           transaction->live->key.via_host == redirect_match_via_host(store, &sip->via);
}

/* The message went between the two ends of the transaction, in its direction. */
static bool
ends_fit(const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const bool back = message->sip->is_response;

    return redirect_same_address(redirect_request_source(transaction), back ? message->destination : message->source) &&
           redirect_same_address(redirect_request_destination(transaction),
                                 back ? message->source : message->destination);
}

/*
 * How well a message fits a transaction that shares its key. Several do only where a client gave a branch twice, or where
 * it knows no branches (RFC 2543): then a final response seen before is that transaction's, and addresses help.
 */
static unsigned
fit_of(const redirect_store_t *store, const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    const unsigned ends = ends_fit(transaction, message) ? 2 : 0;

    if (sip->is_response && sip->status >= 200 && transaction->response.status == sip->status &&
        transaction->response.to_tag == redirect_match_tag(store, sip_message_to_tag(sip))) {
        return 3 + ends;
    }
    return 2 + ends;
}

/* Of two that fit equally well the later. known_fit is that of known, or 0 where it was not asked for yet. */
static redirect_transaction_t *
better(const redirect_store_t *store, redirect_transaction_t *known, unsigned *known_fit,
       redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const unsigned fit = fit_of(store, transaction, message);

    if (*known_fit == 0) {
        *known_fit = fit_of(store, known, message);
    }
    if (fit < *known_fit) {
        return known;
    }
    *known_fit = fit;
    return transaction;
}

redirect_transaction_t *
redirect_match(const redirect_store_t *store, const redirect_call_t *call, const redirect_message_t *message,
               const redirect_key_t *key)
{
    redirect_transaction_t *found = NULL, *acknowledged = NULL;
    unsigned best = 0;

    for (redirect_transaction_t *transaction = redirect_call_first(call); transaction;
         transaction = redirect_next_in_call(transaction)) {
        if (transaction_fits(transaction, message->sip, key)) {
            found = found ? better(store, found, &best, transaction, message) : transaction;
        } else if (ack_of_2xx_fits(store, transaction, message->sip, key)) {
            acknowledged = transaction;
        }
    }
    return found ? found : acknowledged;
}
