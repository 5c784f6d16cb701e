/* redirect-stats-tree.c
 * The tree of counts: -z sip_redirect,tree and the GUI's Statistics menu.
 *
 * A response, a redirect, a follow-up and a chain are each counted once, at the first of its messages that the tree
 * gets to see; what may change later (outcome, hops) moves its count to where it then belongs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>

#include "redirect-report.h"
#include "redirect-stats.h"

#define CODES "Responses by code"
#define OUTCOMES "Chains by outcome"
#define LINKS "Follow-ups by link"
#define TARGETS "Targets per redirect"
#define HOPS "Hops per chain"
#define TIMES "Time in redirects (ms)"

/* Chains with as many hops as this or more are counted together. */
#define MOST_HOPS 8

/* How a chain was last counted. */
typedef struct {
    const redirect_chain_t *chain; /* NULL: not yet */
    redirect_outcome_t outcome;
    unsigned hops;
} counted_t;

/* What belongs to one tree. */
typedef struct {
    const redirect_store_t *store;
    GHashTable *responses; /* redirects, and transactions that were refused, that were counted */
    GHashTable *followups; /* transactions that were counted as such: one may be refused as well */
    GArray *counted;       /* counted_t, by chain number */
    unsigned outcomes[REDIRECT_OUTCOME_COUNT];
    unsigned hops[MOST_HOPS + 1];
    unsigned chains;
    int codes, outcome_node, links, hop_node;
} state_t;

static GHashTable *states; /* stats_tree * -> state_t * */

static void
state_free(void *data)
{
    state_t *state = (state_t *)data;

    g_hash_table_destroy(state->responses);
    g_hash_table_destroy(state->followups);
    g_array_free(state->counted, TRUE);
    g_free(state);
}

/* Forgets what was counted for tree, if anything. */
static state_t *
state_new(stats_tree *tree)
{
    state_t *state = g_new0(state_t, 1);

    if (states == NULL) {
        states = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, state_free);
    }
    state->responses = g_hash_table_new(g_direct_hash, g_direct_equal);
    state->followups = g_hash_table_new(g_direct_hash, g_direct_equal);
    state->counted = g_array_new(FALSE, TRUE, sizeof(counted_t));
    g_hash_table_insert(states, tree, state);
    return state;
}

static state_t *
state_of(stats_tree *tree)
{
    return states ? (state_t *)g_hash_table_lookup(states, tree) : NULL;
}

static void
hops_name(char *name, size_t size, unsigned hops)
{
    snprintf(name, size, "%u%s", MIN(hops, MOST_HOPS), hops >= MOST_HOPS ? " or more" : "");
}

/* Every place that a chain may stand in is there from the start: the tree looks alike whatever moved through it. */
static void
make_places(stats_tree *tree, const state_t *state)
{
    char name[32];

    for (unsigned i = 0; i < REDIRECT_OUTCOME_COUNT; i++) {
        zero_stat_node(tree, redirect_outcome_name((redirect_outcome_t)i), state->outcome_node, FALSE);
    }
    for (unsigned hops = 0; hops <= MOST_HOPS; hops++) {
        hops_name(name, sizeof(name), hops);
        zero_stat_node(tree, name, state->hop_node, FALSE);
    }
}

static void
tree_init(stats_tree *tree)
{
    state_t *state = state_new(tree);

    state->codes = stats_tree_create_pivot(tree, CODES, 0);
    state->outcome_node = stats_tree_create_node(tree, OUTCOMES, 0, STAT_DT_INT, TRUE);
    state->links = stats_tree_create_pivot(tree, LINKS, 0);
    stats_tree_create_range_node(tree, TARGETS, 0, "0", "1", "2", "3", "4-7", "8-15", "16-", NULL);
    state->hop_node = stats_tree_create_node(tree, HOPS, 0, STAT_DT_INT, TRUE);
    stats_tree_create_range_node(tree, TIMES, 0, "0-9", "10-99", "100-999", "1000-9999", "10000-", NULL);
    make_places(tree, state);
}

static void
tree_cleanup(stats_tree *tree)
{
    if (states == NULL) {
        return;
    }
    g_hash_table_remove(states, tree);
    if (g_hash_table_size(states) == 0) {
        g_hash_table_destroy(states);
        states = NULL;
    }
}

/* --- once for each ------------------------------------------------------------------------------------------------ */

static void
count_code(stats_tree *tree, const state_t *state, packet_info *pinfo, uint16_t code)
{
    const sip_response_t *row = sip_response_lookup(code);

    /* A class row stands for all its codes; its phrase is not theirs. */
    stats_tree_tick_pivot(tree, state->codes,
                          row && row->code == code ? wmem_strdup_printf(pinfo->pool, "%u %s", code, row->phrase)
                                                   : wmem_strdup_printf(pinfo->pool, "%u", code));
}

static void
count_range(stats_tree *tree, const char *name, unsigned value)
{
    const int most = 1000000000;

    increase_stat_node(tree, name, 0, TRUE, 1);
    stats_tree_tick_range(tree, name, 0, value < (unsigned)most ? (int)value : most);
}

/* What kind of response leads to another: the redirect itself where a proxy changed it on the way. */
static const redirect_t *
original_redirect(const redirect_t *redirect)
{
    while (redirect->source) {
        redirect = redirect->source;
    }
    return redirect;
}

static void
count_response(stats_tree *tree, state_t *state, packet_info *pinfo, const redirect_record_t *record)
{
    if (redirect_of_record(record)) {
        const redirect_t *redirect = original_redirect(redirect_of_record(record));
        if (g_hash_table_add(state->responses, (void *)redirect)) {
            count_code(tree, state, pinfo, redirect->code);
            count_range(tree, TARGETS, redirect->target_total);
        }
    } else if (record->status / 100 == 6 && record->transaction &&
               g_hash_table_add(state->responses, (void *)redirect_report_refused(record->transaction))) {
        count_code(tree, state, pinfo, record->status);
    }
}

static void
count_followup(stats_tree *tree, state_t *state, const redirect_transaction_t *transaction)
{
    redirect_time_t delay;

    if (redirect_cause(transaction) == NULL || !g_hash_table_add(state->followups, (void *)transaction)) {
        return;
    }
    stats_tree_tick_pivot(tree, state->links, redirect_link_name(transaction->link->kind));
    if (redirect_report_followup_delay(transaction, &delay)) {
        count_range(tree, TIMES, (unsigned)MIN(delay / (REDIRECT_SECOND / 1000), 1000000000));
    }
}

/* --- chains ------------------------------------------------------------------------------------------------------- */

/* Adds change (1, or -1) to where a chain stands. Set, not ticked: a count that moves is no event. */
static void
count_chain(stats_tree *tree, state_t *state, const counted_t *counted, int change)
{
    const unsigned hops = MIN(counted->hops, MOST_HOPS);
    char name[32];

    state->outcomes[counted->outcome] += (unsigned)change;
    state->hops[hops] += (unsigned)change;
    set_stat_node(tree, redirect_outcome_name(counted->outcome), state->outcome_node, FALSE,
                  (int)state->outcomes[counted->outcome]);
    hops_name(name, sizeof(name), counted->hops);
    set_stat_node(tree, name, state->hop_node, FALSE, (int)state->hops[hops]);
}

static void
update_chain(stats_tree *tree, state_t *state, const redirect_chain_t *chain)
{
    const counted_t now = {chain, redirect_chain_result(state->store, chain).outcome, chain->hops};
    counted_t *before;

    if (chain->number >= state->counted->len) {
        g_array_set_size(state->counted, chain->number + 1);
    }
    before = &g_array_index(state->counted, counted_t, chain->number);
    if (before->chain == NULL) {
        tick_stat_node(tree, OUTCOMES, 0, TRUE);
        tick_stat_node(tree, HOPS, 0, TRUE);
    } else if (before->outcome == now.outcome && before->hops == now.hops) {
        return;
    } else {
        count_chain(tree, state, before, -1);
    }
    count_chain(tree, state, &now, 1);
    *before = now;
}

void
redirect_stats_tree_settle(stats_tree *tree)
{
    state_t *state = state_of(tree);

    for (unsigned i = 0; state && i < state->counted->len; i++) {
        const redirect_chain_t *chain = g_array_index(state->counted, counted_t, i).chain;
        if (chain) {
            update_chain(tree, state, chain);
        }
    }
}

static tap_packet_status
tree_packet(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped, tap_flags_t flags _U_)
{
    const sip_redirect_tap_t *tap = (const sip_redirect_tap_t *)tapped;
    state_t *state = state_of(tree);

    if (state == NULL) {
        return TAP_PACKET_DONT_REDRAW;
    }
    state->store = tap->store;
    count_response(tree, state, pinfo, tap->record);
    if (tap->record->transaction && tap->record->transaction->chain) {
        count_followup(tree, state, tap->record->transaction);
        update_chain(tree, state, tap->record->transaction->chain);
    }
    return TAP_PACKET_REDRAW;
}

void
redirect_stats_register_tree(void)
{
    stats_tree_register_plugin("sip_redirect", REDIRECT_STATS_TREE, "SIP Redirects", 0, tree_packet, tree_init,
                               tree_cleanup);
}
