/* redirect-stats-cli.c
 * tshark's -z sip_redirect,chains, sip_redirect,tree and sip_redirect,compare; registers sip_redirect,ladder as well.
 *
 * tshark would make handlers of its own for the table and the tree. These come first, because in one pass the end of a
 * chain is known only when the whole capture has been read: they look the chains up when they print. Like tshark's own
 * handlers (ui/cli/tap-*.c) they write to stdout, and the run ends where an argument is wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <epan/packet.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree_priv.h>
#include <epan/tap.h>
#include <wsutil/report_message.h>

#include "redirect-compat.h"
#include "redirect-report.h"
#include "redirect-stats-cli.h"
#include "redirect-stats-frames.h"
#include "redirect-stats.h"

#define CHAINS "sip_redirect,chains"
#define COMPARE "sip_redirect,compare"
#define TREE REDIRECT_STATS_TREE ",tree"

/*
 * A handler of a -z option, from start(), which is given the option and returns false where it has said what is wrong.
 * From 4.5 on tshark ends the run then. Before, the handler has to, as tshark's own do.
 */
#if REDIRECT_WIRESHARK_SINCE(4, 5)
#define STARTED_OR_ENDED(started) return (started)
#else
#define STARTED_OR_ENDED(started)                                                                                      \
    if (!(started)) {                                                                                                  \
        exit(1);                                                                                                       \
    }
#endif

#define HANDLER(handler, start)                                                                                        \
    static redirect_started_t handler(const char *option, void *data _U_)                                              \
    {                                                                                                                  \
        STARTED_OR_ENDED(start(option));                                                                               \
    }

bool
redirect_stats_rest_of_option(const char *option, const char *name, const char **rest)
{
    const char *end = option + strlen(name);

    *rest = *end == ',' && end[1] != '\0' ? end + 1 : NULL;
    /* tshark finds the handler by the first letters alone. */
    if (*end != '\0' && *end != ',') {
        report_failure("There is no -z %s; %s is what comes nearest.", option, name);
        return false;
    }
    return true;
}

bool
redirect_stats_is_registered(const char *name, GString *error)
{
    if (error) {
        report_failure("-z %s: %s", name, error->str);
        g_string_free(error, TRUE);
        return false;
    }
    return true;
}

/* --- chains ------------------------------------------------------------------------------------------------------- */

typedef struct {
    char *filter; /* NULL: all chains */
    redirect_stats_frames_t *frames;
    bool has_zero;
    redirect_time_t zero; /* the time of the capture's first frame */
} chains_tap_t;

static tap_packet_status
chains_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_, tap_flags_t flags _U_)
{
    chains_tap_t *tap = (chains_tap_t *)data;

    if (!tap->has_zero) {
        tap->zero = redirect_clamp_time(redirect_session_time(&pinfo->abs_ts) - redirect_session_time(&pinfo->rel_ts));
        tap->has_zero = true;
    }
    if (tap->filter) {
        redirect_stats_frames_add(tap->frames, pinfo);
    }
    return TAP_PACKET_DONT_REDRAW;
}

static void
chains_draw(void *data)
{
    const chains_tap_t *tap = (const chains_tap_t *)data;
    const redirect_store_t *store = redirect_session_store();
    const uint32_t count = store ? redirect_store_chain_count(store) : 0;
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    redirect_report_t *report = redirect_report_new(scope, store, tap->zero);

    for (uint32_t number = 0; number < count; number++) {
        const redirect_chain_t *chain = redirect_store_chain(store, number);
        if (tap->filter == NULL || redirect_stats_frames_have(tap->frames, chain)) {
            redirect_report_add(report, chain);
        }
    }
    printf("\nSIP redirect chains\nFilter: %s\n\n", tap->filter ? tap->filter : "none");
    fputs(redirect_report_finish(report), stdout);
    wmem_destroy_allocator(scope);
}

static void
chains_finish(void *data)
{
    chains_tap_t *tap = (chains_tap_t *)data;

    redirect_stats_frames_free(tap->frames);
    g_free(tap->filter);
    g_free(tap);
}

/* With a filter all frames are looked at: see redirect-stats-frames.h. */
static bool
chains_start(const char *option)
{
    const char *filter;
    chains_tap_t *tap;

    if (!redirect_stats_rest_of_option(option, CHAINS, &filter)) {
        return false;
    }
    tap = g_new0(chains_tap_t, 1);
    tap->filter = g_strdup(filter);
    tap->frames = redirect_stats_frames_new();
    return redirect_stats_is_registered(CHAINS, register_tap_listener(filter ? "frame" : "sip_redirect", tap, filter,
                                                                      TL_REQUIRES_NOTHING, NULL, chains_packet,
                                                                      chains_draw, chains_finish));
}

HANDLER(chains_init, chains_start)

/* --- tree --------------------------------------------------------------------------------------------------------- */

static void
tree_draw(void *data)
{
    stats_tree *tree = (stats_tree *)data;
    GString *text;

    redirect_stats_tree_settle(tree);
    text = stats_tree_format_as_str(tree, ST_FORMAT_PLAIN, stats_tree_get_default_sort_col(tree),
                                    stats_tree_is_default_sort_DESC(tree));
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
}

static void
tree_finish(void *data)
{
    stats_tree_free((stats_tree *)data);
}

static bool
tree_start(const char *option)
{
    stats_tree_cfg *config = stats_tree_get_cfg_by_abbr(REDIRECT_STATS_TREE);
    const char *filter;
    stats_tree *tree;

    if (!redirect_stats_rest_of_option(option, TREE, &filter)) {
        return false;
    }
    tree = stats_tree_new(config, NULL, filter);
    if (!redirect_stats_is_registered(TREE, register_tap_listener(config->tapname, tree, tree->filter, config->flags,
                                                                  stats_tree_reset, stats_tree_packet, tree_draw,
                                                                  tree_finish))) {
        return false;
    }
    config->init(tree);
    redirect_stats_tree_hold(tree);
    return true;
}

HANDLER(tree_init, tree_start)

/* --- compare ------------------------------------------------------------------------------------------------------ */

static bool
compare_start(const char *option)
{
    const char *rest, *comma;
    char *text, *complaint;

    if (!redirect_stats_rest_of_option(option, COMPARE, &rest)) {
        return false;
    }
    comma = rest ? strchr(rest, ',') : NULL;
    if (comma == NULL || strchr(comma + 1, ',')) {
        report_failure("-z %s needs two SIP status codes, for example -z %s,302,600.", COMPARE, COMPARE);
        return false;
    }
    text = sip_response_compare_words(NULL, sip_slice_make(rest, (size_t)(comma - rest)),
                                      sip_slice_from_string(comma + 1), SIP_RESPONSE_IN_COLUMNS, &complaint);
    if (text == NULL) {
        report_failure("-z %s: %s", COMPARE, complaint);
        return false;
    }
    fputs(text, stdout);
    wmem_free(NULL, text);
    /* Where no file was opened, tshark goes on to capture; nobody who asks for this waits for that. */
    if (redirect_session_store() == NULL) {
        exit(0);
    }
    return true;
}

HANDLER(compare_init, compare_start)

HANDLER(ladder_init, redirect_stats_ladder_start)

/* --- registration ------------------------------------------------------------------------------------------------- */

void
redirect_stats_register_cli(void)
{
    static stat_tap_ui handlers[] = {
        {REGISTER_STAT_GROUP_GENERIC, NULL, CHAINS, chains_init, 0, NULL},
        {REGISTER_STAT_GROUP_GENERIC, NULL, TREE, tree_init, 0, NULL},
        {REGISTER_STAT_GROUP_GENERIC, NULL, COMPARE, compare_init, 0, NULL},
        {REGISTER_STAT_GROUP_GENERIC, NULL, REDIRECT_STATS_LADDER, ladder_init, 0, NULL},
    };

    /* In the GUI, -z opens the windows of the table and the tree. The first handler of a name counts. */
    if (g_strcmp0(g_get_prgname(), "tshark") != 0) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
        register_stat_tap_ui(&handlers[i], NULL);
    }
}
