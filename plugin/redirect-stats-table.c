/* redirect-stats-table.c
 * The table of chains in the GUI's Telephony menu. Wireshark reads the capture again for it, so that every message
 * brings what is known of its chain in the end. Its columns are its own: what became of a chain stands before its long
 * texts, and its first frame and Call-IDs lead on to the packets, as a row itself leads nowhere.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>
#include <epan/stat_groups.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "redirect-compat.h"
#include "redirect-hash.h"
#include "redirect-report.h"
#include "redirect-stats.h"
#include "redirect-text.h"

typedef enum {
    COLUMN_CHAIN,
    COLUMN_TIME,
    COLUMN_FRAME,
    COLUMN_OUTCOME,
    COLUMN_CODE,
    COLUMN_HOPS,
    COLUMN_REDIRECTS,
    COLUMN_DELAY,
    COLUMN_CALLER,
    COLUMN_ORIGIN,
    COLUMN_PATH,
    COLUMN_CALL_IDS,
    COLUMN_COUNT
} column_t;

/* Room for the arrow that says that the table is sorted by it. */
#define CHAIN_WIDTH 8

/* Columns of a terminal: "2026-11-30 08:15:00.123456". */
#define TIME_WIDTH 26

/* Seconds: as wide as a chain of a day needs, so that texts sort as numbers. */
#define DELAY_FORMAT "%12.6f"
#define DELAY_WIDTH 12

/*
 * The GUI sorts a column by the type of each item, and leaves one without a type out when it copies a row: the type must
 * be the same in all rows, in the absence of a value too. So where a value may be missing, a column holds text, which is
 * written so that it sorts as what it says.
 */
static const struct {
    const char *title;
    stat_tap_table_item_enum type;
    tap_alignment_type align;
    const char *format;
    int copied_width; /* see padded_title(); below 0: the title to the right */
} columns[COLUMN_COUNT] = {
    [COLUMN_CHAIN] = {"Chain", TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "%u", -CHAIN_WIDTH},
    [COLUMN_TIME] = {"Time of day", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", TIME_WIDTH},
    [COLUMN_FRAME] = {"First frame", TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "%u", 11},
    [COLUMN_OUTCOME] = {"Outcome", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", 14},
    [COLUMN_CODE] = {"Code", TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "%s", 4},
    [COLUMN_HOPS] = {"Hops", TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "%u", 4},
    [COLUMN_REDIRECTS] = {"Redirects", TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "%u", 9},
    [COLUMN_DELAY] = {"Delay", TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "%s", -DELAY_WIDTH},
    [COLUMN_CALLER] = {"Caller", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", 32},
    [COLUMN_ORIGIN] = {"Origin", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", 32},
    [COLUMN_PATH] = {"Path", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", 80},
    [COLUMN_CALL_IDS] = {"Call-IDs", TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%s", 8},
};

/* --- what is read of the messages of a chain -------------------------------------------------------------------- */

/* Call-IDs of a chain that are shown, and bytes of each. */
#define MOST_CALL_IDS 3
#define CALL_ID_BYTES 80

/* The model keeps neither who calls nor Call-IDs. The sets hold less than a chain may hold transactions. */
typedef struct {
    unsigned number;
    GHashTable *read;     /* transactions of which a message was read */
    GHashTable *call_ids; /* their keyed hashes */
    GString *shown;       /* the first Call-IDs */
    char *caller;         /* NULL: not read yet */
} row_t;

/* Chain number + 1 -> row_t. There is one table at a time, as Wireshark keeps it. */
static GHashTable *rows;
static redirect_secret_t secret;

static row_t *
row_new(unsigned number)
{
    row_t *row = g_new0(row_t, 1);

    row->number = number;
    row->read = g_hash_table_new(g_direct_hash, g_direct_equal);
    row->call_ids = g_hash_table_new(g_direct_hash, g_direct_equal);
    row->shown = g_string_new("");
    return row;
}

static void
row_free(void *data)
{
    row_t *row = (row_t *)data;

    g_hash_table_destroy(row->read);
    g_hash_table_destroy(row->call_ids);
    g_string_free(row->shown, TRUE);
    g_free(row->caller);
    g_free(row);
}

static void
forget_rows(void)
{
    if (rows == NULL) {
        rows = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, row_free);
        secret = redirect_secret_new();
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
add_call_id(wmem_allocator_t *scope, row_t *row, sip_slice_t call_id)
{
    void *const key = (void *)(uintptr_t)redirect_hash(&secret, call_id);

    if (!sip_slice_has_text(call_id) || !g_hash_table_add(row->call_ids, key)) {
        return;
    }
    if (g_hash_table_size(row->call_ids) <= MOST_CALL_IDS) {
        g_string_append_printf(row->shown, "%s%s", row->shown->len > 0 ? ", " : "",
                               redirect_text_from_wire(scope, call_id, CALL_ID_BYTES));
    }
}

/* Once for each transaction: all its messages have the same From and Call-ID. */
static void
read_row(packet_info *pinfo, row_t *row, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    sip_message_t sip;

    if (g_hash_table_contains(row->read, transaction) || !redirect_stats_read_message(pinfo, record, &sip)) {
        return;
    }
    g_hash_table_add(row->read, (void *)transaction);
    add_call_id(pinfo->pool, row, sip.call_id);
    if (row->caller == NULL || transaction == transaction->chain->root) {
        g_free(row->caller);
        row->caller = g_strdup(redirect_stats_caller(pinfo->pool, &sip));
    }
}

static char *
call_ids_text(wmem_allocator_t *scope, const row_t *row)
{
    const unsigned count = g_hash_table_size(row->call_ids);

    return count > MOST_CALL_IDS ? wmem_strdup_printf(scope, "%s and %u more", row->shown->str, count - MOST_CALL_IDS)
                                 : wmem_strdup(scope, row->shown->str);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Local time, as it sorts; "" where the capture has none. */
static char *
time_text(wmem_allocator_t *scope, const packet_info *pinfo, redirect_time_t time)
{
    const redirect_time_t since = time % REDIRECT_SECOND, fraction = since < 0 ? since + REDIRECT_SECOND : since;
    GDateTime *second = pinfo->fd->has_ts ? g_date_time_new_from_unix_local((time - fraction) / REDIRECT_SECOND) : NULL;
    char *written, *text;

    if (second == NULL) {
        return wmem_strdup(scope, "");
    }
    written = g_date_time_format(second, "%Y-%m-%d %H:%M:%S");
    text = wmem_strdup_printf(scope, "%s.%06u", written, (unsigned)(fraction / 1000));
    g_free(written);
    g_date_time_unref(second);
    return text;
}

static char *
delay_text(wmem_allocator_t *scope, const redirect_report_row_t *chain_row)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];

    if (!chain_row->delayed) {
        return wmem_strdup(scope, "");
    }
    g_ascii_formatd(buffer, sizeof(buffer), DELAY_FORMAT, (double)chain_row->delay / (double)REDIRECT_SECOND);
    return wmem_strdup(scope, buffer);
}

/* The path without its origin, which has a column of its own. */
static const char *
path_after_origin(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_chain_t *chain,
                  const char *origin)
{
    static const char arrow[] = " -> ";
    const char *path = redirect_transaction_path_told(scope, store, chain->root);
    const size_t len = strlen(origin);

    if (strncmp(path, origin, len) != 0) {
        return path;
    }
    return g_str_has_prefix(path + len, arrow) ? path + len + strlen(arrow) : path[len] == '\0' ? "" : path;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void
table_init(stat_tap_table_ui *ui)
{
    /* An open window still shows the old rows; it resets when the capture is read. */
    if (stat_tap_find_table(ui, "SIP redirect chains") == NULL) {
        stat_tap_add_table(ui, stat_tap_init_table("SIP redirect chains", COLUMN_COUNT, 0, "sip_redirect.chain == %d"));
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
        for (unsigned column = 0; column < COLUMN_COUNT; column++) {
            free_item(table, row, column, stat_tap_get_field_data(table, row, column));
        }
        g_free(table->elements[row]);
    }
    table->num_elements = 0;
    forget_rows();
}

/* The row of a chain, made where there is none. */
static row_t *
row_of(stat_tap_table *table, const redirect_chain_t *chain)
{
    const stat_tap_table_item_type empty[COLUMN_COUNT] = {{.type = TABLE_ITEM_NONE}};
    void *const key = GUINT_TO_POINTER(chain->number + 1);
    row_t *row = (row_t *)g_hash_table_lookup(rows, key);

    if (row == NULL) {
        row = row_new(table->num_elements);
        stat_tap_init_table_row(table, row->number, COLUMN_COUNT, empty);
        g_hash_table_insert(rows, key, row);
    }
    return row;
}

static void
set_uint(stat_tap_table *table, unsigned row, column_t column, unsigned value)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    item->type = TABLE_ITEM_UINT;
    item->value.uint_value = value;
}

static void
set_string(stat_tap_table *table, unsigned row, column_t column, const char *text)
{
    stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

    free_item(table, row, column, item);
    item->type = TABLE_ITEM_STRING;
    item->value.string_value = g_strdup(text);
}

/* What the model knows of a chain. */
static void
set_chain(stat_tap_table *table, unsigned row, packet_info *pinfo, const redirect_store_t *store,
          const redirect_chain_t *chain)
{
    const redirect_report_row_t chain_row = redirect_report_row(store, chain);
    const char *origin = redirect_transaction_uri(pinfo->pool, chain->root);
    const uint16_t code = chain_row.result.final_code;

    set_uint(table, row, COLUMN_CHAIN, chain->number);
    set_string(table, row, COLUMN_TIME, time_text(pinfo->pool, pinfo, chain->start));
    set_uint(table, row, COLUMN_FRAME, chain->first_transaction->first_frame);
    set_string(table, row, COLUMN_OUTCOME, redirect_outcome_name(chain_row.result.outcome));
    set_string(table, row, COLUMN_CODE, code ? wmem_strdup_printf(pinfo->pool, "%u", code) : "");
    set_uint(table, row, COLUMN_HOPS, chain->hops);
    set_uint(table, row, COLUMN_REDIRECTS, chain->redirect_count);
    set_string(table, row, COLUMN_DELAY, delay_text(pinfo->pool, &chain_row));
    set_string(table, row, COLUMN_ORIGIN, origin);
    set_string(table, row, COLUMN_PATH, path_after_origin(pinfo->pool, store, chain, origin));
}

static tap_packet_status
table_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped, tap_flags_t flags _U_)
{
    const sip_redirect_tap_t *tap = (const sip_redirect_tap_t *)tapped;
    stat_tap_table *table = g_array_index(((stat_data_t *)data)->stat_tap_data->tables, stat_tap_table *, 0);
    const redirect_chain_t *chain = tap->record->transaction ? tap->record->transaction->chain : NULL;
    row_t *row;

    if (chain == NULL) {
        return TAP_PACKET_DONT_REDRAW;
    }
    row = row_of(table, chain);
    read_row(pinfo, row, tap->record);
    set_chain(table, row->number, pinfo, tap->store, chain);
    set_string(table, row->number, COLUMN_CALLER, row->caller ? row->caller : "");
    set_string(table, row->number, COLUMN_CALL_IDS, call_ids_text(pinfo->pool, row));
    return TAP_PACKET_REDRAW;
}

/* --- registration ------------------------------------------------------------------------------------------------- */

/*
 * What the GUI copies as text has each column as wide as its title, and the titles as they are (TapParameterDialog): a
 * title as wide as its column is what aligns it. sharkd's answers are for programs, which want the title alone.
 */
static const char *
padded_title(column_t column)
{
    static char title[COLUMN_COUNT][96]; /* more than any copied_width */
    const bool is_gui = g_strcmp0(g_get_prgname(), "sharkd") != 0;
    const int width = columns[column].copied_width;

    snprintf(title[column], sizeof(title[column]), "%*s", is_gui ? -width : 0, columns[column].title);
    return title[column];
}

void
redirect_stats_register_table(void)
{
    static tap_param filter[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
    static stat_tap_table_item fields[COLUMN_COUNT];
    static stat_tap_table_ui table = {
        .group = REDIRECT_STATS_GROUP_TELEPHONY,
        .title = "SIP Redirect Chains",
        .tap_name = "sip_redirect",
        .cli_string = "sip_redirect,chains",
        .stat_tap_init_cb = table_init,
        .packet_func = table_packet,
        .stat_tap_reset_table_cb = table_reset,
        .stat_tap_free_table_item_cb = free_item,
        .nfields = COLUMN_COUNT,
        .fields = fields,
        .nparams = G_N_ELEMENTS(filter),
        .params = filter,
    };

    for (column_t column = COLUMN_CHAIN; column < COLUMN_COUNT; column++) {
        fields[column].type = columns[column].type;
        fields[column].align = columns[column].align;
        fields[column].column_name = padded_title(column);
        fields[column].field_format = columns[column].format;
    }
    register_stat_tap_table_ui(&table);
    register_shutdown_routine(free_rows);
}
