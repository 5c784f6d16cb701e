/* taps_plugin.c
 * A plugin for test_gui_hooks.py only: shows in a terminal what the GUI alone would show. It stands beside the real
 * plugin and uses nothing of it.
 *
 * -z taps_test,voip        what is queued for VoIP Calls, a line each: frame, then the members of voip_packet_info_t
 * -z taps_test,filter      for each frame the conversation filters named "SIP redirect chain": frame, filter
 * -z taps_test,menu,A,B    the entry "SIP Response Codes Compared" of the Telephony menu: what its dialog asks for, with
 *                          what stands there already, and what its window shows when A and B are entered
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <gmodule.h>

#define WS_BUILD_DLL
#include <ws_symbol_export.h>

#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/stat_groups.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap-voip.h>
#include <epan/tap.h>

/* Relies on packet.h. */
#include <epan/conversation_filter.h>

#if VERSION_MAJOR > 4 || (VERSION_MAJOR == 4 && VERSION_MINOR >= 2)
#include <wsutil/plugins.h>
#endif

#include "redirect-compat.h"

#if REDIRECT_WIRESHARK_SINCE(4, 3)
typedef bool menu_bool_t;
#else
typedef gboolean menu_bool_t;
#endif

static const char *
shown(const char *text)
{
    return text ? text : "(none)";
}

static tap_packet_status
voip_packet(void *data _U_, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped, tap_flags_t flags _U_)
{
    const voip_packet_info_t *call = (const voip_packet_info_t *)tapped;

    printf("%u\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", pinfo->num, shown(call->protocol_name), shown(call->call_id),
           (int)call->call_state, (int)call->call_active_state, shown(call->from_identity), shown(call->to_identity),
           shown(call->call_comment), shown(call->frame_label), shown(call->frame_comment));
    return TAP_PACKET_DONT_REDRAW;
}

static void
print_filter(const conversation_filter_t *filter, packet_info *pinfo)
{
#if REDIRECT_WIRESHARK_SINCE(4, 3)
    char *text = filter->is_filter_valid(pinfo, filter->user_data)
                     ? filter->build_filter_string(pinfo, filter->user_data)
                     : NULL;
#else
    char *text = filter->is_filter_valid(pinfo) ? filter->build_filter_string(pinfo) : NULL;
#endif

    if (text) {
        printf("%u\t%s\n", pinfo->num, text);
        g_free(text);
    }
}

static tap_packet_status
filter_packet(void *data _U_, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_,
              tap_flags_t flags _U_)
{
    for (const GList *entry = packet_conv_filter_list; entry; entry = entry->next) {
        const conversation_filter_t *filter = (const conversation_filter_t *)entry->data;
        if (g_strcmp0(filter->display_name, "SIP redirect chain") == 0) {
            print_filter(filter, pinfo);
        }
    }
    return TAP_PACKET_DONT_REDRAW;
}

static void
listen_to(const char *tap, tap_packet_cb packet)
{
    static int dummy;
    GString *error = register_tap_listener(tap, &dummy, NULL, TL_REQUIRES_NOTHING, NULL, packet, NULL, NULL);

    if (error) {
        printf("%s\n", error->str);
        g_string_free(error, TRUE);
    }
}

static redirect_started_t
voip_init(const char *option _U_, void *data _U_)
{
    if (find_tap_id("voip") == 0) {
        printf("no tap voip\n");
    } else {
        listen_to("voip", voip_packet);
    }
    return REDIRECT_STARTED;
}

static redirect_started_t
filter_init(const char *option _U_, void *data _U_)
{
    listen_to("frame", filter_packet);
    return REDIRECT_STARTED;
}

/* --- the GUI, as far as the menu entry needs it --- */

struct _funnel_ops_id_t {
    const char *entered;
};

struct _funnel_text_window_t {
    int dummy;
};

static void
open_dialog(funnel_ops_id_t *id, const char *title, const char **names, const char **values, funnel_dlg_cb_t done,
            void *data, funnel_dlg_cb_data_free_t free_data _U_)
{
    printf("dialog %s\n", title);
    for (; *names; names++, values++) {
        printf("%s: %s\n", *names, *values);
    }
    done(g_strsplit(id->entered, ",", -1), data);
}

static funnel_text_window_t *
open_window(funnel_ops_id_t *id _U_, const char *title)
{
    static funnel_text_window_t window;

    printf("window %s\n", title);
    return &window;
}

static void
show_text(funnel_text_window_t *window _U_, const char *text)
{
    printf("%s\n", text);
}

static void
choose_entry(const char *name, register_stat_group_t group, funnel_menu_callback chosen, void *data,
             menu_bool_t retap _U_)
{
    if (g_strcmp0(name, "SIP Response Codes Compared") == 0 && group == REDIRECT_STATS_GROUP_TELEPHONY) {
        chosen(data);
    }
}

static redirect_started_t
menu_init(const char *option, void *data _U_)
{
    static funnel_ops_id_t id;
    static funnel_ops_t gui = {
        .ops_id = &id, .new_dialog = open_dialog, .new_text_window = open_window, .set_text = show_text};

    id.entered = option + strlen("taps_test,menu,");
    funnel_set_funnel_ops(&gui);
    funnel_register_all_menus(choose_entry);
    return REDIRECT_STARTED;
}

static void
proto_register_taps_test(void)
{
    static stat_tap_ui voip = {REGISTER_STAT_GROUP_GENERIC, NULL, "taps_test,voip", voip_init, 0, NULL};
    static stat_tap_ui filter = {REGISTER_STAT_GROUP_GENERIC, NULL, "taps_test,filter", filter_init, 0, NULL};
    static stat_tap_ui menu = {REGISTER_STAT_GROUP_GENERIC, NULL, "taps_test,menu", menu_init, 0, NULL};

    register_stat_tap_ui(&voip, NULL);
    register_stat_tap_ui(&filter, NULL);
    register_stat_tap_ui(&menu, NULL);
}

WS_DLL_PUBLIC_DEF const char plugin_version[] = "1.0.0";
WS_DLL_PUBLIC_DEF const int plugin_want_major = VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);

void
plugin_register(void)
{
    static proto_plugin plugin = {proto_register_taps_test, NULL};

    proto_register_plugin(&plugin);
}

#ifdef WS_PLUGIN_DESC_DISSECTOR
WS_DLL_PUBLIC uint32_t plugin_describe(void);

uint32_t
plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif
