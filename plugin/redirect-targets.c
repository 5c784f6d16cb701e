/* redirect-targets.c
 * The targets of a redirect: read from its Contact values, put in the order to try, and how they fared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include <wsutil/inet_addr.h>

#include "redirect-tracker-int.h"

/* A missing q has no default in a 3xx; it is sorted as 1.0, as RFC 3841 7.2.3 counts that of a registration. */
static double
effective_q(const redirect_target_t *target)
{
    return target->has_q ? target->q : 1.0;
}

/* order holds the position in the message until all are sorted. */
static int
compare_targets(const void *a, const void *b)
{
    const redirect_target_t *left = a, *right = b;

    if (effective_q(left) != effective_q(right)) {
        return effective_q(left) > effective_q(right) ? -1 : 1;
    }
    return left->order < right->order ? -1 : 1;
}

/* Contact's own expiry counts, else the Expires header's (RFC 3261 8.3). */
static void
target_set_expiry(redirect_target_t *target, const sip_contact_t *contact, const sip_message_t *sip, uint16_t code)
{
    bool malformed = false;

    if (contact->has_expires) {
        target->has_expires = true;
        target->expires = contact->expires;
    } else if (sip_message_expires(sip, &target->expires, &malformed)) {
        target->has_expires = true;
        if (malformed) {
            target->flags |= SIP_ADDRESS_FLAG_BAD_EXPIRES;
        }
    }
    target->single_use = code == 302 && !target->has_expires;
}

static void
target_set(redirect_tracker_t *tracker, redirect_target_t *target, const sip_contact_t *contact)
{
    const sip_uri_t *uri = &contact->address.uri;

    char *shown = sip_uri_display(tracker->scope, uri);

    target->uri = shown;
    if (sip_slice_equal(sip_slice_from_string(shown), uri->whole)) {
        target->raw = sip_slice_from_string(shown); /* as nearly always: nothing was masked */
    } else {
        target->raw = sip_slice_make(wmem_strndup(tracker->scope, uri->whole.ptr, uri->whole.len), uri->whole.len);
    }
    target->has_q = contact->has_q;
    target->q = contact->q;
    target->flags = contact->address.flags;
    target->uri_flags = uri->flags;
    target->followable = sip_uri_is_followable(uri);
    target->key = sip_uri_match_key(uri);
}

/* "*" and what is no URI at all are no targets (RFC 3261 10.2.2). */
static bool
is_target(sip_slice_t value, sip_contact_t *contact)
{
    return sip_contact_parse(value, contact) &&
           (contact->address.flags & (SIP_ADDRESS_FLAG_STAR | SIP_ADDRESS_FLAG_BAD_URI)) == 0;
}

/* How many values the Contact headers hold, targets or not. */
static unsigned
count_values(const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    unsigned count = 0;

    sip_value_iter_init(&values, sip, SIP_HEADER_CONTACT);
    while (sip_value_iter_next(&values, &value)) {
        count++;
    }
    return count;
}

void
redirect_targets_read(redirect_tracker_t *tracker, redirect_t *redirect, const sip_message_t *sip)
{
    const sip_response_t *row = sip_response_lookup(redirect->code);
    unsigned room = MIN(count_values(sip), REDIRECT_MAX_TARGETS);
    sip_value_iter_t values;
    sip_slice_t value;
    sip_contact_t contact;

    if (room == 0) {
        return;
    }
    redirect->target = wmem_alloc0_array(tracker->scope, redirect_target_t, room);
    sip_value_iter_init(&values, sip, SIP_HEADER_CONTACT);
    while (sip_value_iter_next(&values, &value)) {
        redirect_target_t *target = &redirect->target[redirect->target_count];
        if (!is_target(value, &contact)) {
            redirect->odd_values |= contact.address.flags;
            continue;
        }
        redirect->target_total++;
        if (redirect->target_count < room) {
            target_set(tracker, target, &contact);
            target_set_expiry(target, &contact, sip, redirect->code);
            target->lifetime = row ? row->lifetime : SIP_RESPONSE_LIFETIME_NONE;
            target->order = redirect->target_count++;
        }
    }
    qsort(redirect->target, redirect->target_count, sizeof(redirect->target[0]), compare_targets);
    for (unsigned i = 0; i < redirect->target_count; i++) {
        redirect->target[i].order = i + 1;
    }
}

/* rn= and npdi say that number portability was looked up (RFC 4694), in the user part or behind the host. */
static bool
has_portability(const sip_uri_t *uri)
{
    sip_slice_t value;

    return sip_uri_user_param(uri, "rn", &value) || sip_uri_user_param(uri, "npdi", &value) ||
           sip_uri_param(uri, "rn", &value) || sip_uri_param(uri, "npdi", &value);
}

/*
 * A server asked for a signature or for number portability answers with a 3xx to where the request was going anyway:
 * the same user, and an Identity to take along (RFC 8946 7) or portability parameters that were not there.
 * With another user, an Identity belongs to a forward.
 */
bool
redirect_is_dip_response(const redirect_t *redirect, sip_slice_t asked_for, const sip_message_t *sip)
{
    bool signature = sip_message_has(sip, SIP_HEADER_IDENTITY);
    sip_uri_t asked, target;

    if (!sip_uri_parse(asked_for, &asked) || !sip_slice_has_text(asked.user)) {
        return false;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (!sip_uri_parse(redirect->target[i].raw, &target) || !sip_slice_has_text(target.user) ||
            !(signature || (has_portability(&target) && !has_portability(&asked))) ||
            sip_uri_match(&target, &asked, NULL) == SIP_URI_MATCH_NONE) {
            return false;
        }
    }
    return redirect->target_count > 0 || signature;
}

uint16_t
redirect_target_result(const redirect_target_t *target)
{
    const redirect_transaction_t *transaction = target->tried_by;

    while (transaction && transaction->retried_by) {
        transaction = transaction->retried_by;
    }
    return transaction ? transaction->final : 0;
}

bool
redirect_target_address(const redirect_target_t *target, redirect_endpoint_t *address)
{
    sip_uri_t uri;
    char host[WS_INET6_ADDRSTRLEN];

    if (!sip_uri_parse(target->raw, &uri) || uri.host.len == 0 || uri.host.len >= sizeof(host)) {
        return false;
    }
    memcpy(host, uri.host.ptr, uri.host.len);
    host[uri.host.len] = '\0';
    memset(address, 0, sizeof(*address));
    address->len = uri.host_is_ipv6 ? 16 : 4;
    return uri.host_is_ipv6 ? ws_inet_pton6(host, (ws_in6_addr *)address->address)
                            : ws_inet_pton4(host, (ws_in4_addr *)address->address);
}
