/* redirect-stats-table.c
 * The table of chains in the GUI's Telephony menu. Wireshark reads the capture again for it, so that every message
 * brings what is known of its chain in the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>
#include <epan/stat_groups.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "redirect-compat.h"
#include "redirect-report.h"
#include "redirect-stats.h"

/* The GUI sorts a column by the type of each item: it must be the same in all rows, in the absence of a value too. */
static stat_tap_table_item columns[REDIRECT_COLUMN_COUNT] = {
    [REDIRECT_COLUMN_CHAIN] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Chain", "%5u"},
    [REDIRECT_COLUMN_START] = {TABLE_ITEM_FLOAT, TAP_ALIGN_RIGHT, "Start", "%12.6f"},
    [REDIRECT_COLUMN_HOPS] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Hops", "%4u"},
    [REDIRECT_COLUMN_ORIGIN] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Origin", "%-26s"},
    [REDIRECT_COLUMN_PATH] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Path", "%-60s"},
    [REDIRECT_COLUMN_OUTCOME] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Outcome", "%-14s"},
    [REDIRECT_COLUMN_CODE] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Final code", "%10s"},
    [REDIRECT_COLUMN_DELAY] = {TABLE_ITEM_FLOAT, TAP_ALIGN_RIGHT, "Redirect delay", "%12.6f"},
};

/* Chain number + 1 -> row number + 1. There is one table at a time, as Wireshark keeps it. */
static GHashTable *rows;

static void
forget_rows(void)
{
    if (rows == NULL) {
        rows = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    g_hash_table_remove_all(rows);
}

static void
free_rows(void)
{
    if (rows) {
        g_hash_table_destroy(rows);
        rows = NULL;
    }
}

static void
table_init(stat_tap_table_ui *ui)
{
    /* An open window still shows the old rows; it resets when the capture is read. */
    if (stat_tap_find_table(ui, "SIP redirect chains") == NULL) {
        stat_tap_add_table(
            ui, stat_tap_init_table("SIP redirect chains", REDIRECT_COLUMN_COUNT, 0, "sip_redirect.chain == %d"));
        forget_rows();
    }
}

static void
free_item(stat_tap_table *table _U_, unsigned row _U_, unsigned column _U_, stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING) {
        g_free((char *)item->value.string_value);
        item->value.string_value = NULL;
    }
}

static void
table_reset(stat_tap_table *table)
{
    for (unsigned row = 0; row < table->num_elements; row++) {
        for (unsigned column = 0; column < REDIRECT_COLUMN_COUNT; column++) {
            free_item(table, row, column, stat_tap_get_field_data(table, row, column));
        }
        g_free(table->elements[row]);
    }
    table->num_elements = 0;
    forget_rows();
}

/* The row of a chain, made where there is none. */
static unsigned
row_of(stat_tap_table *table, const redirect_chain_t *chain)
{
    const stat_tap_table_item_type empty[REDIRECT_COLUMN_COUNT] = {{.type = TABLE_ITEM_NONE}};
    void *const key = GUINT_TO_POINTER(chain->number + 1);
    unsigned row = GPOINTER_TO_UINT(g_hash_table_lookup(rows, key));

    if (row == 0) {
        stat_tap_init_table_row(table, table->num_elements, REDIRECT_COLUMN_COUNT, empty);
        row = table->num_elements;
        g_hash_table_insert(rows, key, GUINT_TO_POINTER(row));
    }
    return row - 1;
}

static void
set_uint(stat_tap_table *table, unsigned row, unsigned column, unsigned value)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    item->type = TABLE_ITEM_UINT;
    item->value.uint_value = value;
}

static void
set_seconds(stat_tap_table *table, unsigned row, unsigned column, redirect_time_t span)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    item->type = TABLE_ITEM_FLOAT;
    item->value.float_value = (double)span / (double)REDIRECT_SECOND;
}

static void
set_string(stat_tap_table *table, unsigned row, unsigned column, const char *text)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    free_item(table, row, column, item);
    item->type = TABLE_ITEM_STRING;
    item->value.string_value = g_strdup(text);
}

static tap_packet_status
table_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped, tap_flags_t flags _U_)
{
    const sip_redirect_tap_t *tap = (const sip_redirect_tap_t *)tapped;
    stat_tap_table *table = g_array_index(((stat_data_t *)data)->stat_tap_data->tables, stat_tap_table *, 0);
    const redirect_chain_t *chain = tap->record->transaction ? tap->record->transaction->chain : NULL;
    redirect_report_row_t chain_row;
    unsigned row;

    if (chain == NULL) {
        return TAP_PACKET_DONT_REDRAW;
    }
    chain_row = redirect_report_row(tap->store, chain);
    row = row_of(table, chain);
    set_uint(table, row, REDIRECT_COLUMN_CHAIN, chain->number);
    set_seconds(table, row, REDIRECT_COLUMN_START,
                chain->start - redirect_session_time(&pinfo->abs_ts) + redirect_session_time(&pinfo->rel_ts));
    set_uint(table, row, REDIRECT_COLUMN_HOPS, chain->hops);
    set_string(table, row, REDIRECT_COLUMN_ORIGIN, redirect_transaction_uri(pinfo->pool, chain->root));
    set_string(table, row, REDIRECT_COLUMN_PATH, redirect_transaction_path_told(pinfo->pool, tap->store, chain->root));
    set_string(table, row, REDIRECT_COLUMN_OUTCOME, redirect_outcome_name(chain_row.result.outcome));
    set_string(table, row, REDIRECT_COLUMN_CODE,
               chain_row.result.final_code ? wmem_strdup_printf(pinfo->pool, "%u", chain_row.result.final_code) : "");
    set_seconds(table, row, REDIRECT_COLUMN_DELAY, chain_row.delay);
    return TAP_PACKET_REDRAW;
}

void
redirect_stats_register_table(void)
{
    static tap_param filter[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
    static stat_tap_table_ui table = {
        .group = REDIRECT_STATS_GROUP_TELEPHONY,
        .title = "SIP Redirect Chains",
        .tap_name = "sip_redirect",
        .cli_string = "sip_redirect,chains",
        .stat_tap_init_cb = table_init,
        .packet_func = table_packet,
        .stat_tap_reset_table_cb = table_reset,
        .stat_tap_free_table_item_cb = free_item,
        .nfields = REDIRECT_COLUMN_COUNT,
        .fields = columns,
        .nparams = G_N_ELEMENTS(filter),
        .params = filter,
    };

    register_stat_tap_table_ui(&table);
    register_shutdown_routine(free_rows);
}
