/* redirect-stats-compare.c
 * Two response codes compared in a window of the GUI: Telephony > SIP Response Codes Compared.
 *
 * Wireshark lends menu entries, dialogs and text windows to Lua scripts through epan/funnel.h, which plugins may use as
 * well. Programs without windows have none of them; tshark has -z sip_redirect,compare.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/stat_groups.h>

#include "redirect-compat.h"
#include "redirect-stats.h"
#include "sip-response.h"

#define TITLE "SIP Response Codes Compared"
#define WINDOW_TITLE "Two SIP Response Codes"

/* A window with the comparison, or with what is wrong about the codes. words are owned from here on. */
static void
show_comparison(char **words, void *data _U_)
{
    const funnel_ops_t *gui = funnel_get_funnel_ops();

    if (g_strv_length(words) == 2) {
        funnel_text_window_t *window = gui->new_text_window(gui->ops_id, WINDOW_TITLE);
        char *complaint = NULL;
        char *text = sip_response_compare_words(NULL, sip_slice_from_string(words[0]), sip_slice_from_string(words[1]),
                                                SIP_RESPONSE_IN_PARAGRAPHS, &complaint);
        gui->set_text(window, text ? text : complaint);
        wmem_free(NULL, text);
        wmem_free(NULL, complaint);
    }
    g_strfreev(words);
}

static void
ask_for_codes(void *data _U_)
{
    static const char *names[] = {"Code", "Compared with", NULL};
    static const char *values[] = {"302", "600", NULL};
    const funnel_ops_t *gui = funnel_get_funnel_ops();

    if (gui && gui->new_dialog && gui->new_text_window && gui->set_text) {
        gui->new_dialog(gui->ops_id, TITLE, names, values, show_comparison, NULL, NULL);
    }
}

void
redirect_stats_register_compare(void)
{
    funnel_register_menu(TITLE, REDIRECT_STATS_GROUP_TELEPHONY, ask_for_codes, NULL, NULL, FALSE);
}
