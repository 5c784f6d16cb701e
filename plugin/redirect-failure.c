/* redirect-failure.c
 * What a 6xx carries beside its code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-failure.h"

#include "redirect-text.h"

/* Bytes of one detail: a URL or a name. */
#define MAX_DETAIL 1024

static const char *
text_or_null(wmem_allocator_t *scope, sip_slice_t text)
{
    return sip_slice_has_text(text) ? redirect_text_from_wire(scope, text, MAX_DETAIL) : NULL;
}

const redirect_failure_details_t *
redirect_failure_details_read(wmem_allocator_t *scope, redirect_facts_t *facts)
{
    const sip_message_t *sip = facts->sip;
    redirect_failure_details_t *details;
    const sip_response_t *row = sip_response_lookup(sip->status);
    uint32_t retry_after = 0;
    const bool has_retry_after = row && row->retry_after && sip_message_retry_after(sip, &retry_after);
    sip_network_blocked_t blocked;

    if (!has_retry_after && sip->status != 603) {
        return NULL;
    }
    details = wmem_new0(scope, redirect_failure_details_t);
    details->has_retry_after = has_retry_after;
    details->retry_after = retry_after;
    if (redirect_facts_network_blocked(facts, &blocked) == REDIRECT_BLOCKED_YES) {
        details->network_blocked = true;
        details->url = text_or_null(scope, blocked.url);
        details->tel = text_or_null(scope, blocked.tel);
        details->email = text_or_null(scope, blocked.email);
        details->id = text_or_null(scope, blocked.id);
        details->location = text_or_null(scope, blocked.location);
    }
    return details;
}
