/* redirect-stats-follow.c
 * A chain from one of its packets: the conversation filter (also for colouring), and the stream of its messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <epan/packet.h>

/* These rely on packet.h. */
#include <epan/conversation_filter.h>
#include <epan/follow.h>
#include <epan/to_str.h>

#include "redirect-compat.h"
#include "redirect-locate.h"
#include "redirect-stats.h"

#define CHAIN_FILTER "sip_redirect.chain == "

static const redirect_record_t *
records_of(const packet_info *pinfo)
{
    const redirect_store_t *store = redirect_session_store();

    return store ? redirect_store_records(store, pinfo->num) : NULL;
}

/* NULL where the message belongs to no chain that is shown. */
static const redirect_chain_t *
chain_of(const redirect_record_t *record)
{
    return record->transaction ? record->transaction->chain : NULL;
}

static const redirect_chain_t *
first_chain(const redirect_record_t *record)
{
    while (record && chain_of(record) == NULL) {
        record = redirect_next_in_frame(record);
    }
    return record ? chain_of(record) : NULL;
}

/* --- conversation filter ------------------------------------------------------------------------------------------ */

static redirect_filter_bool_t
has_chain(packet_info *pinfo REDIRECT_FILTER_DATA)
{
    return first_chain(records_of(pinfo)) != NULL;
}

static bool
is_named_before(const redirect_record_t *first, const redirect_record_t *record)
{
    while (first != record && chain_of(first) != chain_of(record)) {
        first = redirect_next_in_frame(first);
    }
    return first != record;
}

/* Every chain that the frame has a message of. */
static char *
chain_filter(packet_info *pinfo REDIRECT_FILTER_DATA)
{
    GString *filter = g_string_new(NULL);
    const redirect_record_t *first = records_of(pinfo);

    for (const redirect_record_t *record = first; record; record = redirect_next_in_frame(record)) {
        if (chain_of(record) && !is_named_before(first, record)) {
            g_string_append_printf(filter, "%s" CHAIN_FILTER "%u", filter->len ? " || " : "", chain_of(record)->number);
        }
    }
    return g_string_free(filter, FALSE);
}

/* --- stream ------------------------------------------------------------------------------------------------------- */

static char *
stream_filter(unsigned chain, unsigned part _U_)
{
    return g_strdup_printf(CHAIN_FILTER "%u", chain);
}

/* edt may be NULL. */
static char *
stream_of_packet(epan_dissect_t *edt _U_, packet_info *pinfo, unsigned *stream, unsigned *part)
{
    const redirect_chain_t *chain = first_chain(records_of(pinfo));

    if (chain == NULL) {
        return NULL;
    }
    *stream = chain->number;
    *part = 0;
    return stream_filter(chain->number, 0);
}

/* A chain is no pair of addresses. */
static char *
stream_of_addresses(address *source _U_, address *destination _U_, int source_port _U_, int destination_port _U_)
{
    return NULL;
}

static char *
port_name(wmem_allocator_t *scope, unsigned port)
{
    return wmem_strdup_printf(scope, "%u", port);
}

#if REDIRECT_WIRESHARK_SINCE(4, 1)
static uint32_t
stream_count(void)
{
    const redirect_store_t *store = redirect_session_store();

    return store ? redirect_store_chain_count(store) : 0;
}
#endif

static void
set_peers(follow_info_t *follow, const packet_info *pinfo, bool response)
{
    const address *client = response ? &pinfo->dst : &pinfo->src;
    const address *server = response ? &pinfo->src : &pinfo->dst;

    if (follow->client_port == 0) {
        follow->client_port = response ? pinfo->destport : pinfo->srcport;
        follow->server_port = response ? pinfo->srcport : pinfo->destport;
        copy_address(&follow->client_ip, client);
        copy_address(&follow->server_ip, server);
    }
}

/* Requests are the one side, responses the other: along a chain there are more than two addresses. */
static void
add_record(follow_info_t *follow, const packet_info *pinfo, sip_slice_t text, bool response)
{
    follow_record_t *record = g_new0(follow_record_t, 1);

    record->is_server = response;
    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data =
        g_byte_array_append(g_byte_array_sized_new((unsigned)text.len), (const uint8_t *)text.ptr, (unsigned)text.len);
    follow->bytes_written[response] += record->data->len;
    follow->payload = g_list_prepend(follow->payload, record);
}

/*
 * Which chain is wanted stands in the filter of the stream only, and that lets whole frames pass: several messages in a
 * frame may belong to several chains.
 */
static bool
is_wanted(const follow_info_t *follow, const redirect_record_t *record)
{
    const char *filter = follow->filter_out_filter ? g_strrstr(follow->filter_out_filter, CHAIN_FILTER) : NULL;

    return filter == NULL ||
           (chain_of(record) && g_ascii_strtoull(filter + strlen(CHAIN_FILTER), NULL, 10) == chain_of(record)->number);
}

static tap_packet_status
stream_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped, tap_flags_t flags _U_)
{
    follow_info_t *follow = (follow_info_t *)data;
    const redirect_record_t *record = ((const sip_redirect_tap_t *)tapped)->record;
    redirect_located_list_t list;

    if (!is_wanted(follow, record) || !redirect_locate(pinfo, &list) || record->index >= list.count) {
        return TAP_PACKET_DONT_REDRAW;
    }
    set_peers(follow, pinfo, record->status != 0);
    add_record(follow, pinfo, list.message[record->index].text, record->status != 0);
    return TAP_PACKET_DONT_REDRAW;
}

void
redirect_stats_register_follow(int protocol)
{
    register_conversation_filter("sip_redirect", "SIP redirect chain", has_chain, chain_filter REDIRECT_FILTER_NO_DATA);
    register_follow_stream(protocol, "sip_redirect", stream_of_packet, stream_filter, stream_of_addresses, port_name,
                           stream_packet REDIRECT_FOLLOW_COUNT(stream_count));
}
