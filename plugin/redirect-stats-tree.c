/* redirect-stats-tree.c
 * The tree of counts: -z sip_redirect,tree and the GUI's Statistics menu.
 *
 * A response, a redirect, a follow-up and a chain are each counted once, at the first of its messages that the tree
 * gets to see; what may change later (outcome, hops, whether a redirect is followed) moves its count to where it then
 * belongs. What there is none of has no node. Nodes cannot be taken away, so in tshark, which learns in one pass how
 * things end, those of what may change are made at the end (redirect_stats_tree_hold()). The GUI and sharkd know the
 * whole capture before they count.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>

#include "redirect-answer.h"
#include "redirect-report.h"
#include "redirect-stats.h"

/*
 * The GUI sorts by name, descending, those with ST_FLG_SORT_TOP first: so the first three stand in this order there too.
 */
#define OUTCOMES "Chains by outcome"
#define CODES "By response code"
#define RESPONDERS "By responder"
#define LINKS "Follow-ups by link"
#define TARGETS "Targets per redirect"
#define HOPS "Hops per chain"
#define TIMES "Time in redirects (ms)"

/* Chains with as many hops as this or more are counted together. */
#define MOST_HOPS 8

/* Responders that are listed; those that come after them are counted together. */
#define MOST_RESPONDERS 100
#define OTHER_RESPONDERS "others (the first 100 are listed)"

/* How a chain was last counted. */
typedef struct {
    const redirect_chain_t *chain; /* NULL: not yet */
    redirect_outcome_t outcome;
    unsigned hops;
} counted_t;

/* What is counted of a responder. */
typedef enum {
    FIGURE_ALL,
    FIGURE_REDIRECTS,
    FIGURE_FOLLOWED,
    FIGURE_NEVER_FOLLOWED,
    FIGURE_REFUSALS,
    FIGURE_NEVER_RANG,
    FIGURE_COUNT
} figure_t;

static const struct {
    const char *name;
    figure_t parent; /* FIGURE_ALL: the responder itself */
} figures[FIGURE_COUNT] = {
    [FIGURE_REDIRECTS] = {"redirects", FIGURE_ALL},
    [FIGURE_FOLLOWED] = {"followed", FIGURE_REDIRECTS},
    [FIGURE_NEVER_FOLLOWED] = {"never followed", FIGURE_REDIRECTS},
    [FIGURE_REFUSALS] = {"6xx", FIGURE_ALL},
    [FIGURE_NEVER_RANG] = {"without ringing", FIGURE_REFUSALS},
};

typedef struct {
    char *name;
    unsigned count[FIGURE_COUNT];
    bool shown[FIGURE_COUNT];
} responder_t;

/* How a redirect or refusal was last counted. */
typedef struct {
    const redirect_record_t *record; /* as it was first seen */
    redirect_time_t time;
    responder_t *responder; /* NULL: not yet */
    unsigned figures;       /* a bit for each */
} response_t;

/* What belongs to one tree. */
typedef struct {
    const redirect_store_t *store;
    bool holds;             /* what may change is shown when it is settled */
    GHashTable *responses;  /* redirects, and transactions that were refused -> place in answers + 1 */
    GArray *answers;        /* response_t, in the order in which they were first seen */
    GHashTable *responders; /* name -> responder_t */
    GHashTable *followups;  /* transactions that were counted as such: one may be refused as well */
    GArray *counted;        /* counted_t, by chain number */
    unsigned outcomes[REDIRECT_OUTCOME_COUNT];
    unsigned hops[MOST_HOPS + 1];
    int codes, outcome_node, responder_node, links, targets, hop_node, times;
} state_t;

static GHashTable *states; /* stats_tree * -> state_t * */

static void
responder_free(void *data)
{
    responder_t *responder = (responder_t *)data;

    g_free(responder->name);
    g_free(responder);
}

static void
state_free(void *data)
{
    state_t *state = (state_t *)data;

    g_hash_table_destroy(state->responses);
    g_array_free(state->answers, TRUE);
    g_hash_table_destroy(state->responders);
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
    state->answers = g_array_new(FALSE, TRUE, sizeof(response_t));
    state->responders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, responder_free);
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

static int
first_node(stats_tree *tree, const char *name)
{
    const int node = stats_tree_create_node(tree, name, 0, STAT_DT_INT, TRUE);

    stat_node_set_flags(tree, name, 0, TRUE, ST_FLG_SORT_TOP);
    return node;
}

static void
tree_init(stats_tree *tree)
{
    state_t *state = state_new(tree);

    state->outcome_node = first_node(tree, OUTCOMES);
    state->codes = first_node(tree, CODES);
    state->responder_node = first_node(tree, RESPONDERS);
    state->links = stats_tree_create_pivot(tree, LINKS, 0);
    state->targets = stats_tree_create_pivot(tree, TARGETS, 0);
    state->hop_node = stats_tree_create_node(tree, HOPS, 0, STAT_DT_INT, TRUE);
    state->times = stats_tree_create_pivot(tree, TIMES, 0);
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
count_code(stats_tree *tree, const state_t *state, packet_info *pinfo, uint16_t code, bool network_blocked)
{
    const sip_response_t *row = sip_response_of(code, network_blocked);

    /* A class row stands for all its codes; its phrase is not theirs. */
    stats_tree_tick_pivot(tree, state->codes,
                          row && sip_response_number(row) == code ? sip_response_title(pinfo->pool, row)
                                                                  : wmem_strdup_printf(pinfo->pool, "%u", code));
}

/* A class of values, from the one before it on. The names sort as the values do. */
typedef struct {
    uint64_t below; /* 0: all that is left */
    const char *name;
} value_class_t;

static const char *
class_of(const value_class_t *ranges, uint64_t value)
{
    while (ranges->below != 0 && value >= ranges->below) {
        ranges++;
    }
    return ranges->name;
}

static const char *
targets_range(uint32_t targets)
{
    static const value_class_t ranges[] = {{1, "0"}, {2, "1"}, {3, "2"}, {4, "3"}, {8, "4-7"}, {0, "8 or more"}};

    return class_of(ranges, targets);
}

static const char *
times_range(redirect_time_t time)
{
    static const value_class_t ranges[] = {
        {10, "0-9"}, {100, "10-99"}, {1000, "100-999"}, {10000, "1000-9999"}, {0, "10000 or more"}};

    return class_of(ranges, (uint64_t)(time / (REDIRECT_SECOND / 1000)));
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

static response_t *
response_of(const state_t *state, const void *key)
{
    const unsigned place = GPOINTER_TO_UINT(g_hash_table_lookup(state->responses, key));

    return place == 0 ? NULL : &g_array_index(state->answers, response_t, place - 1);
}

/* False where key, a redirect or what was refused, was counted already. */
static bool
note_response(stats_tree *tree, state_t *state, packet_info *pinfo, const void *key, const redirect_record_t *record)
{
    const response_t response = {.record = record, .time = redirect_session_time(&pinfo->abs_ts)};

    if (response_of(state, key)) {
        return false;
    }
    g_array_append_val(state->answers, response);
    g_hash_table_insert(state->responses, (void *)key, GUINT_TO_POINTER(state->answers->len));
    tick_stat_node(tree, RESPONDERS, 0, TRUE);
    return true;
}

/* What a redirect or refusal is counted by; NULL of all others. */
static const void *
response_key(const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    if (redirect) {
        return original_redirect(redirect);
    }
    return record->status / 100 == 6 && record->transaction ? redirect_report_refused(record->transaction) : NULL;
}

static void
count_response(stats_tree *tree, state_t *state, packet_info *pinfo, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);
    const void *key = response_key(record);

    if (key == NULL || !note_response(tree, state, pinfo, key, record)) {
        return;
    }
    if (redirect) {
        count_code(tree, state, pinfo, original_redirect(redirect)->code, false);
        stats_tree_tick_pivot(tree, state->targets, targets_range(original_redirect(redirect)->target_total));
    } else {
        count_code(tree, state, pinfo, record->status,
                   record->details->failure && record->details->failure->network_blocked);
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
        stats_tree_tick_pivot(tree, state->times, times_range(delay));
    }
}

/* --- responders --------------------------------------------------------------------------------------------------- */

/* As many as are listed, and one for the rest. */
static responder_t *
responder_named(state_t *state, const char *name)
{
    responder_t *responder = (responder_t *)g_hash_table_lookup(state->responders, name);

    if (responder == NULL && g_hash_table_size(state->responders) >= MOST_RESPONDERS) {
        name = OTHER_RESPONDERS;
        responder = (responder_t *)g_hash_table_lookup(state->responders, name);
    }
    if (responder == NULL) {
        responder = g_new0(responder_t, 1);
        responder->name = g_strdup(name);
        g_hash_table_insert(state->responders, responder->name, responder);
    }
    return responder;
}

/* Of a redirect that proxies changed, the last form may be the one that ended its chain. */
static bool
is_never_followed(const redirect_store_t *store, const redirect_t *redirect)
{
    const redirect_chain_t *chain = redirect->transaction ? redirect->transaction->chain : NULL;
    const redirect_transaction_t *last = chain ? redirect_chain_result(store, chain).transaction : NULL;

    return last && last->redirect && original_redirect(last->redirect) == redirect &&
           redirect_is_not_followed(store, last->redirect);
}

static unsigned
figures_of(const state_t *state, const response_t *response)
{
    const redirect_t *redirect = redirect_of_record(response->record);
    redirect_answer_t answer;

    if (redirect) {
        redirect = original_redirect(redirect);
        return 1U << FIGURE_ALL | 1U << FIGURE_REDIRECTS | (redirect->followed ? 1U << FIGURE_FOLLOWED : 0) |
               (is_never_followed(state->store, redirect) ? 1U << FIGURE_NEVER_FOLLOWED : 0);
    }
    answer = redirect_answer_of(response->record, response->time);
    return 1U << FIGURE_ALL | 1U << FIGURE_REFUSALS |
           (answer.knows_ringing && !answer.rang && !answer.progressed ? 1U << FIGURE_NEVER_RANG : 0);
}

/* The nodes of a responder, each made when there is first something to count. */
static void
show_responder(stats_tree *tree, const state_t *state, responder_t *responder)
{
    int node[FIGURE_COUNT] = {-1};

    for (figure_t figure = FIGURE_ALL; figure < FIGURE_COUNT; figure++) {
        if (responder->count[figure] == 0 && !responder->shown[figure]) {
            continue;
        }
        responder->shown[figure] = true;
        node[figure] = set_stat_node(tree, figure == FIGURE_ALL ? responder->name : figures[figure].name,
                                     figure == FIGURE_ALL ? state->responder_node : node[figures[figure].parent], TRUE,
                                     (int)responder->count[figure]);
    }
}

static void
update_response(stats_tree *tree, state_t *state, response_t *response)
{
    const unsigned now = figures_of(state, response), changed = now ^ response->figures;
    char *name;

    if (changed == 0) {
        return;
    }
    if (response->responder == NULL) {
        name = redirect_responder(NULL, response->record);
        response->responder = responder_named(state, name ? name : "not known");
        wmem_free(NULL, name);
    }
    for (figure_t figure = FIGURE_ALL; figure < FIGURE_COUNT; figure++) {
        if (changed & 1U << figure) {
            response->responder->count[figure] += now & 1U << figure ? 1 : UINT_MAX; /* one more, or one less */
        }
    }
    response->figures = now;
    if (!state->holds) {
        show_responder(tree, state, response->responder);
    }
}

/* What a message may have changed: its own response, and the redirect that it follows. */
static void
update_responses_of(stats_tree *tree, state_t *state, const redirect_record_t *record)
{
    const redirect_t *cause = record->transaction ? redirect_cause(record->transaction) : NULL;
    const void *const keys[] = {response_key(record), cause ? original_redirect(cause) : NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        response_t *response = keys[i] ? response_of(state, keys[i]) : NULL;
        if (response) {
            update_response(tree, state, response);
        }
    }
}

static void
settle_responses(stats_tree *tree, state_t *state)
{
    for (unsigned i = 0; i < state->answers->len; i++) {
        update_response(tree, state, &g_array_index(state->answers, response_t, i));
    }
    /* In the same order. */
    for (unsigned i = 0; i < state->answers->len; i++) {
        show_responder(tree, state, g_array_index(state->answers, response_t, i).responder);
    }
}

/* --- chains ------------------------------------------------------------------------------------------------------- */

/* Set, not ticked: a count that moves is no event. */
static void
show_outcome(stats_tree *tree, const state_t *state, redirect_outcome_t outcome)
{
    set_stat_node(tree, redirect_outcome_name(outcome), state->outcome_node, FALSE, (int)state->outcomes[outcome]);
}

static void
show_hops(stats_tree *tree, const state_t *state, unsigned hops)
{
    char name[32];

    hops_name(name, sizeof(name), hops);
    set_stat_node(tree, name, state->hop_node, FALSE, (int)state->hops[hops]);
}

/* Adds change (1, or -1) to where a chain stands. */
static void
count_chain(stats_tree *tree, state_t *state, const counted_t *counted, int change)
{
    const unsigned hops = MIN(counted->hops, MOST_HOPS);

    state->outcomes[counted->outcome] += (unsigned)change;
    state->hops[hops] += (unsigned)change;
    if (!state->holds) {
        show_outcome(tree, state, counted->outcome);
        show_hops(tree, state, hops);
    }
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

static void
settle_chains(stats_tree *tree, state_t *state)
{
    for (unsigned i = 0; i < state->counted->len; i++) {
        const redirect_chain_t *chain = g_array_index(state->counted, counted_t, i).chain;
        if (chain) {
            update_chain(tree, state, chain);
        }
    }
    for (unsigned i = 0; i < REDIRECT_OUTCOME_COUNT; i++) {
        if (state->outcomes[i] > 0) {
            show_outcome(tree, state, (redirect_outcome_t)i);
        }
    }
    for (unsigned hops = 0; hops <= MOST_HOPS; hops++) {
        if (state->hops[hops] > 0) {
            show_hops(tree, state, hops);
        }
    }
}

void
redirect_stats_tree_hold(stats_tree *tree)
{
    state_of(tree)->holds = true;
}

void
redirect_stats_tree_settle(stats_tree *tree)
{
    state_t *state = state_of(tree);

    if (state) {
        settle_chains(tree, state);
        settle_responses(tree, state);
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
    if (!state->holds) {
        update_responses_of(tree, state, tap->record);
    }
    return TAP_PACKET_REDRAW;
}

void
redirect_stats_register_tree(void)
{
    stats_tree_register_plugin("sip_redirect", REDIRECT_STATS_TREE, "SIP Redirects", 0, tree_packet, tree_init,
                               tree_cleanup);
}
