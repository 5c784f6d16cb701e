/* redirect-store-redirects.c
 * Redirects, with their targets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

redirect_t *
redirect_store_new_redirect(redirect_store_t *store, const redirect_message_t *message, unsigned target_count,
                            size_t text_size, char **text)
{
    const size_t targets_size = target_count * sizeof(redirect_target_t);
    redirect_t *redirect = redirect_pool_alloc(&store->pool, sizeof(*redirect) + targets_size + text_size);

    memset(redirect, 0, sizeof(*redirect) + targets_size);
    redirect->target = (redirect_target_t *)(redirect + 1);
    redirect->target_count = (uint16_t)target_count;
    redirect->code = message->sip->status;
    redirect->frame = message->frame;
    redirect->time = message->time;
    redirect->clock = redirect_clock_stamp(&store->clock);
    *text = (char *)(redirect->target + target_count);
    return redirect;
}

void
redirect_store_keep_target_uri(redirect_store_t *store, redirect_t *redirect, unsigned target, const sip_uri_t *uri)
{
    sip_uri_kept_t *kept;

    if (redirect->target[0].parsed == NULL) {
        redirect->target[0].parsed =
            redirect_pool_alloc0(&store->pool, redirect->target_count * sizeof(sip_uri_kept_t));
    }
    kept = (sip_uri_kept_t *)(uintptr_t)&redirect->target[0].parsed[target];
    sip_uri_keep(uri, redirect->target[target].written, kept);
    redirect->target[target].parsed = kept;
    redirect->target[target].match_key = kept->match_key;
}

/* Where the text of a target ends, and that of the next one begins. */
static const char *
target_end(const redirect_target_t *target)
{
    if (target->mapped_from) {
        return target->mapped_from + strlen(target->mapped_from) + 1;
    }
    return target->written == target->uri ? target->uri + strlen(target->uri) + 1
                                          : target->written + target->written_len;
}

void
redirect_store_discard_redirect(redirect_store_t *store, redirect_t *redirect)
{
    const unsigned count = redirect->target_count;
    const char *end = count > 0 ? target_end(&redirect->target[count - 1]) : (const char *)redirect->target;

    redirect_store_free_target_uris(store, redirect);
    redirect_pool_free(&store->pool, redirect, (size_t)(end - (const char *)redirect));
}

void
redirect_store_set_redirect(redirect_transaction_t *transaction, redirect_t *redirect)
{
    if (transaction->chain == NULL || transaction->redirect) {
        return;
    }
    if (redirect->transaction == NULL) {
        redirect->transaction = transaction;
    }
    redirect->legs_seen++;
    transaction->redirect = redirect;
    if (redirect->transaction == transaction && redirect->source == NULL) {
        transaction->chain->redirect_count++;
    }
}

void
redirect_store_add_later_redirect(redirect_transaction_t *transaction, redirect_t *redirect)
{
    redirect_t *last = transaction->redirect;

    while (last->later) {
        last = last->later;
    }
    last->later = redirect;
    redirect->transaction = transaction;
    redirect->legs_seen = 1;
    redirect->depth = transaction->redirect->depth;
}
void
redirect_store_free_target_uris(redirect_store_t *store, redirect_t *redirect)
{
    if (redirect->target_count > 0) {
        redirect_pool_free(&store->pool, (void *)(uintptr_t)redirect->target[0].parsed,
                           redirect->target_count * sizeof(sip_uri_kept_t));
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        redirect->target[i].parsed = NULL;
    }
}
