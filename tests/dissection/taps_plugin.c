/* taps_plugin.c
 * A plugin for test_gui_hooks.py only: shows in a terminal what the GUI alone would show. It stands beside the real
 * plugin and uses nothing of it.
 *
 * -z taps_test,voip        what is queued for VoIP Calls, a line each: frame, then the members of voip_packet_info_t
 * -z taps_test,filter      for each frame the conversation filters named "SIP redirect chain": frame, filter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <gmodule.h>

#define WS_BUILD_DLL
#include <ws_symbol_export.h>

#include <epan/packet.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap-voip.h>
#include <epan/tap.h>

#if VERSION_MAJOR > 4 || (VERSION_MAJOR == 4 && VERSION_MINOR >= 2)
#include <wsutil/plugins.h>
#endif

#include "redirect-stats-compat.h"

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
#if REDIRECT_STATS_SINCE(4, 3)
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

static void
voip_init(const char *option _U_, void *data _U_)
{
    if (find_tap_id("voip") == 0) {
        printf("no tap voip\n");
        return;
    }
    listen_to("voip", voip_packet);
}

static void
filter_init(const char *option _U_, void *data _U_)
{
    listen_to("frame", filter_packet);
}

static void
proto_register_taps_test(void)
{
    static stat_tap_ui voip = {REGISTER_STAT_GROUP_GENERIC, NULL, "taps_test,voip", voip_init, 0, NULL};
    static stat_tap_ui filter = {REGISTER_STAT_GROUP_GENERIC, NULL, "taps_test,filter", filter_init, 0, NULL};

    register_stat_tap_ui(&voip, NULL);
    register_stat_tap_ui(&filter, NULL);
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
