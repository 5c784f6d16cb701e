/* redirect-stats.c
 * Registers the reports, and reads for them what the model does not keep.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate.h"
#include "redirect-stats.h"

bool
redirect_stats_read_message(packet_info *pinfo, const redirect_record_t *record, sip_message_t *sip)
{
    redirect_located_list_t list;

    return redirect_locate(pinfo, &list) && record->index < list.count &&
           sip_message_parse(list.message[record->index].text, sip);
}

char *
redirect_stats_caller(wmem_allocator_t *scope, const sip_message_t *sip)
{
    sip_uri_t uri;

    return sip_uri_parse(sip_message_from_uri(sip), &uri) ? sip_uri_display(scope, &uri) : wmem_strdup(scope, "");
}

void
redirect_stats_register(int protocol)
{
    redirect_stats_register_table();
    redirect_stats_register_tree();
    redirect_stats_register_cli();
    redirect_stats_register_compare();
    redirect_stats_register_follow(protocol);
}
