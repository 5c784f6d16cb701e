/* redirect-store-chains.c
 * What belongs together: groups of candidates, visible chains, and the ties within them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-int.h"

uint32_t
redirect_store_chain_count(const redirect_store_t *store)
{
    return store->chain_count;
}

static stored_chain_t *
chain_at(const redirect_store_t *store, uint32_t number)
{
    stored_chain_t *block = *(stored_chain_t **)wmem_array_index(store->chains, number / CHAINS_PER_BLOCK);

    return &block[number % CHAINS_PER_BLOCK];
}

redirect_chain_t *
redirect_store_chain(const redirect_store_t *store, uint32_t number)
{
    return number < store->chain_count ? &chain_at(store, number)->public : NULL;
}

/* Lists a transaction in a visible chain, by the frame in which it was first seen. */
static void
chain_list(redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    redirect_transaction_t **link = &chain->first_transaction;

    if (chain->last_transaction && chain->last_transaction->first_frame <= transaction->first_frame) {
        link = &chain->last_transaction->next_in_chain;
    }
    while (*link && (*link)->first_frame <= transaction->first_frame) {
        link = &(*link)->next_in_chain;
    }
    transaction->next_in_chain = *link;
    *link = transaction;
    if (transaction->next_in_chain == NULL) {
        chain->last_transaction = transaction;
    }
    chain->transaction_count++;
    chain->hops = MAX(chain->hops, transaction->hop);
    chain->start = MIN(chain->start, transaction->request.time);
    chain->gaps |= transaction->gaps;
    stored_chain(chain)->unanswered += is_unanswered(transaction);
}

void
redirect_store_keep_request_uri(redirect_transaction_t *transaction)
{
    stored_live_t *live = live_of(transaction);
    sip_uri_t uri;

    if (redirect_request_uri(transaction, &uri)) {
        sip_uri_keep(&uri, uri.whole.ptr, &live->is.uri);
        live->public.parsed = &live->is.uri;
    }
}

/* Makes one candidate a part of a visible chain. */
static void
chain_take(redirect_store_t *store, redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    redirect_store_show_messages(store, transaction);
    transaction->chain = chain;
    live_of(transaction)->group = NULL;
    redirect_store_keep_request_uri(transaction);
    chain_list(chain, transaction);
    store->candidates--;
    transaction->live->call->visible++;
    chain->truncated = chain->truncated || live_of(transaction)->is_left_out;
}

redirect_transaction_t *
redirect_store_next_of_group(redirect_transaction_t *from, const redirect_transaction_t *group)
{
    while (from && group_of(from) != group) {
        from = redirect_next_in_call(from);
    }
    return from;
}

static void
group_join_group(redirect_transaction_t *group, redirect_transaction_t *into, unsigned shift)
{
    stored_live_t *first = live_of(into), *old = live_of(group);

    first->group_size = (uint16_t)(first->group_size + old->group_size);
    first->unanswered = (uint16_t)(first->unanswered + old->unanswered);
    first->is_shown = first->is_shown || old->is_shown;
    first->active = MAX(first->active, old->active);
    for (redirect_transaction_t *member = redirect_store_next_of_group(old->public.call->first, group); member;
         member = redirect_store_next_of_group(redirect_next_in_call(member), group)) {
        live_of(member)->group = into;
        member->hop = (uint16_t)MIN(member->hop + shift, UINT16_MAX);
    }
}

static void
group_join_chain(redirect_store_t *store, redirect_transaction_t *group, redirect_chain_t *chain, unsigned shift)
{
    redirect_call_t *call = group->live->call;
    redirect_transaction_t *member = redirect_store_next_of_group(call->first, group);

    while (member) {
        redirect_transaction_t *next = redirect_next_in_call(member);
        member->hop = (uint16_t)MIN(member->hop + shift, UINT16_MAX);
        chain_take(store, chain, member);
        member = redirect_store_next_of_group(next, group);
    }
    stored_chain(chain)->active = redirect_clock_stamp(&store->clock);
    redirect_store_requeue(store, call);
}

bool
redirect_store_join(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *other,
                    unsigned shift)
{
    redirect_transaction_t *group = group_of(transaction);

    if (group == NULL || redirect_store_are_together(transaction, other)) {
        return redirect_store_are_together(transaction, other);
    }
    if (other->chain == NULL) {
        if (redirect_call_of(other) != transaction->live->call) {
            return false;
        }
        group_join_group(group, group_of(other), shift);
        return true;
    }
    if (other->chain->transaction_count + live_of(group)->group_size > store->config.limits.transactions_per_chain) {
        other->chain->truncated = true;
        other->chain->gaps |= REDIRECT_GAP_CHAIN_FULL;
        redirect_store_add_gaps(transaction, REDIRECT_GAP_CHAIN_FULL);
        return false;
    }
    group_join_chain(store, group, other->chain, shift);
    return true;
}

redirect_transaction_t *
redirect_store_root(const redirect_transaction_t *transaction)
{
    redirect_transaction_t *group = group_of(transaction);

    return group ? group : (redirect_transaction_t *)(uintptr_t)transaction;
}

bool
redirect_store_is_root(const redirect_transaction_t *transaction)
{
    return group_of(transaction) == transaction;
}

void
redirect_store_set_root(redirect_transaction_t *transaction)
{
    redirect_transaction_t *group = group_of(transaction);
    stored_live_t *first = live_of(transaction);
    const stored_live_t *old;

    if (group == NULL || group == transaction) {
        return;
    }
    old = live_of(group);
    first->group_size = old->group_size;
    first->unanswered = old->unanswered;
    first->is_shown = old->is_shown;
    first->active = old->active;
    for (redirect_transaction_t *member = redirect_store_next_of_group(first->public.call->first, group); member;
         member = redirect_store_next_of_group(redirect_next_in_call(member), group)) {
        live_of(member)->group = transaction;
    }
}

static stored_chain_t *
chain_new(redirect_store_t *store)
{
    const uint32_t number = store->chain_count++;
    stored_chain_t *chain;

    if (number % CHAINS_PER_BLOCK == 0) {
        stored_chain_t *block = wmem_alloc0_array(store->scope, stored_chain_t, CHAINS_PER_BLOCK);
        wmem_array_append_one(store->chains, block);
    }
    chain = chain_at(store, number);
    chain->public.number = number;
    return chain;
}

void
redirect_store_show(redirect_store_t *store, redirect_transaction_t *transaction)
{
    redirect_transaction_t *root = group_of(transaction);
    stored_chain_t *chain;

    if (transaction->chain) {
        return;
    }
    chain = chain_new(store);
    chain->public.root = root;
    chain->public.start = root->request.time;
    group_join_chain(store, root, &chain->public, 0);
}

/* The objects that an object leads to, one step towards the start of its path. */
static bool
leads_to(const redirect_transaction_t *from, const redirect_transaction_t *to)
{
    const redirect_transaction_t *step = from;

    while (step && step != to) {
        step = redirect_transaction_before(step);
    }
    return step == to || redirect_transaction_is_below(from, to);
}

static bool
may_point_to(const redirect_transaction_t *from, const redirect_transaction_t *to)
{
    return to != NULL && from != to && redirect_store_are_together(from, to) && !leads_to(to, from);
}

void
redirect_store_set_upstream(redirect_transaction_t *transaction, redirect_transaction_t *upstream, bool late)
{
    if (transaction->extras->leg == NULL && may_point_to(transaction, upstream)) {
        transaction->upstream = upstream;
        transaction->upstream_late = late;
    }
}

static bool
needs_leg(const redirect_transaction_t *transaction)
{
    return transaction->chain && transaction->upstream == NULL && transaction->extras->leg == NULL;
}

static void
set_leg_of_one(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_leg_t *leg)
{
    if (needs_leg(transaction) && may_point_to(transaction, leg->of)) {
        redirect_leg_t *copy = redirect_pool_alloc(&store->pool, sizeof(*copy));
        *copy = *leg;
        redirect_store_extras(store, transaction)->leg = copy;
    }
}

void
redirect_store_set_leg(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_leg_t *leg)
{
    const redirect_endpoint_t source = redirect_request_source(transaction);
    redirect_leg_t same = *leg;

    same.evidence = REDIRECT_LEG_BY_SAME_CALL;
    set_leg_of_one(store, transaction, leg);
    if (transaction->extras->leg == NULL) {
        return;
    }
    for (redirect_transaction_t *other = transaction->live->call->first; other; other = redirect_next_in_call(other)) {
        if (needs_leg(other) && other->chain == transaction->chain && redirect_same_method(other, transaction) &&
            redirect_same_address(redirect_request_source(other), source)) {
            set_leg_of_one(store, other, &same);
        }
    }
}

static bool
repeats(const redirect_transaction_t *transaction, const redirect_transaction_t *earlier)
{
    while (transaction && transaction != earlier) {
        transaction = transaction->extras->retry_of;
    }
    return transaction != NULL;
}

void
redirect_store_set_retry(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *retry_of)
{
    if (may_point_to(transaction, retry_of) && !repeats(retry_of, transaction)) {
        redirect_store_extras(store, transaction)->retry_of = retry_of;
        redirect_store_extras(store, retry_of)->retried_by = transaction;
    }
}

/* A request that came after its response takes what that got along. */
static void
go_deeper(redirect_transaction_t *transaction, unsigned hop)
{
    transaction->hop = (uint16_t)MIN(MAX(transaction->hop, hop), UINT16_MAX);
    transaction->chain->hops = MAX(transaction->chain->hops, transaction->hop);
    for (redirect_t *own = transaction->redirect; own && own->transaction == transaction; own = own->later) {
        own->depth = MAX(own->depth, redirect_hop_after(transaction));
    }
}

bool
redirect_store_follow(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_link_t *link,
                      bool list)
{
    redirect_t *cause = link->cause;

    if (cause->transaction == NULL || transaction->link || !may_point_to(transaction, cause->transaction) ||
        (link->redirected && !may_point_to(transaction, link->redirected))) {
        return false;
    }
    transaction->link = redirect_pool_alloc(&store->pool, sizeof(redirect_link_t));
    *transaction->link = *link;
    transaction->link->next_followup = NULL;
    go_deeper(transaction, cause->depth);
    redirect_store_count_followup(store, transaction);
    if (list) {
        *(cause->last_followup ? &cause->last_followup->link->next_followup : &cause->first_followup) = transaction;
        cause->last_followup = transaction;
    }
    return true;
}

void
redirect_store_mark_tried(redirect_t *redirect, redirect_target_t *target, redirect_transaction_t *transaction)
{
    if (transaction->chain && redirect->transaction && redirect->transaction->chain == transaction->chain) {
        redirect->followed = true;
        if (target && target->tried_by == NULL) {
            target->tried_by = transaction;
        }
    }
}
