/* redirect-locate.c
 * A frame's SIP messages, where the SIP dissector says where they stand.
 *
 * This file is not part of the build. With the second patch of this folder in Wireshark's tree it takes the place of
 * plugin/redirect-locate*.c; docs/upstream.md says how it was tried.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate.h"

#include <epan/dissectors/packet-sip.h>
#include <epan/proto_data.h>

static struct {
    const char *filter_name;
    int proto; /* -1 where this Wireshark has no such protocol */
    redirect_transport_t transport;
    bool is_datagram; /* and each datagram is one message */
} carriers[] = {
    {"udp", -1, REDIRECT_TRANSPORT_UDP, true},   {"tcp", -1, REDIRECT_TRANSPORT_TCP, false},
    {"tls", -1, REDIRECT_TRANSPORT_TLS, false},  {"websocket", -1, REDIRECT_TRANSPORT_WS, true},
    {"sctp", -1, REDIRECT_TRANSPORT_SCTP, true},
};

static int proto_caller = -1;
static int proto_icmp = -1;
static int proto_icmpv6 = -1;

/* What the layers below a message say. */
typedef struct {
    redirect_transport_t transport;
    bool is_datagram;
    bool is_in_icmp;
} below_t;

static below_t
look_below(const packet_info *pinfo, const sip_info_value_t *seen)
{
    below_t below = {REDIRECT_TRANSPORT_OTHER, false, false};
    wmem_list_frame_t *layer = wmem_list_head(pinfo->layers);

    for (unsigned i = 0; layer && i < seen->layer_count; i++, layer = wmem_list_frame_next(layer)) {
        int proto = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        below.is_in_icmp = below.is_in_icmp || proto == proto_icmp || proto == proto_icmpv6;
        for (unsigned j = 0; j < G_N_ELEMENTS(carriers); j++) {
            if (proto == carriers[j].proto) {
                below.transport = carriers[j].transport;
                below.is_datagram = carriers[j].is_datagram;
            }
        }
    }
    return below;
}

/* Not what is only quoted, not what is in a body, not data that is shown as a continuation. */
static bool
is_own_message(const sip_info_value_t *seen)
{
    return !seen->in_error_pkt && seen->depth == 0 && (seen->request_method || seen->response_code);
}

/* For a message that the dissector did not read to its end, as a packet that was cut off made it stop. */
static bool
has_empty_line(sip_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\r' || text.ptr[i] == '\n') {
            i += text.ptr[i] == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n';
            if (i + 1 < text.len && (text.ptr[i + 1] == '\r' || text.ptr[i + 1] == '\n')) {
                return true;
            }
        }
    }
    return false;
}

static redirect_located_t
locate(const packet_info *pinfo, const sip_info_value_t *seen)
{
    below_t below = look_below(pinfo, seen);
    int left = tvb_reported_length_remaining(seen->tvb, seen->offset);
    int captured = tvb_captured_length_remaining(seen->tvb, seen->offset);
    int length = below.is_datagram ? left : seen->length;
    sip_slice_t text = sip_slice_make((const char *)tvb_get_ptr(seen->tvb, seen->offset, MIN(length, captured)),
                                      (size_t)MIN(length, captured));
    bool has_headers = seen->header_length > 0 || has_empty_line(text);
    bool is_captured = length <= captured && !seen->fragmented && (below.is_datagram || has_headers);
    size_t body = seen->header_length > 0 ? text.len - MIN(text.len, (size_t)seen->header_length) : 0;

    return (redirect_located_t){
        .text = text,
        .source = seen->tvb,
        .offset = seen->offset,
        .transport = below.transport,
        .headers_complete = has_headers || (below.is_datagram && is_captured),
        .end_captured = is_captured && (seen->content_length == UINT32_MAX || seen->content_length <= body),
    };
}

/* What is kept in pinfo->proto_data; the messages follow it. */
typedef struct {
    unsigned count;
    redirect_quoted_t quoted; /* method is NULL where there is none */
    redirect_located_t message[];
} found_t;

static found_t *
find(packet_info *pinfo, const sip_info_value_t *first)
{
    unsigned count = 0;
    found_t *found;

    for (const sip_info_value_t *seen = first; seen; seen = seen->next) {
        count += is_own_message(seen);
    }
    found = (found_t *)wmem_alloc0(pinfo->pool, sizeof(found_t) + count * sizeof(redirect_located_t));
    for (const sip_info_value_t *seen = first; seen; seen = seen->next) {
        if (is_own_message(seen)) {
            found->message[found->count++] = locate(pinfo, seen);
        } else if (seen->in_error_pkt && !found->quoted.method && seen->request_method && seen->tap_call_id &&
                   look_below(pinfo, seen).is_in_icmp) {
            found->quoted =
                (redirect_quoted_t){(const char *)seen->request_method, seen->tap_call_id, seen->tap_cseq_number};
        }
    }
    return found;
}

void
redirect_locate_init(int protocol)
{
    proto_caller = protocol;
    proto_icmp = proto_get_id_by_filter_name("icmp");
    proto_icmpv6 = proto_get_id_by_filter_name("icmpv6");
    for (unsigned i = 0; i < G_N_ELEMENTS(carriers); i++) {
        carriers[i].proto = proto_get_id_by_filter_name(carriers[i].filter_name);
    }
}

bool
redirect_locate(packet_info *pinfo, redirect_located_list_t *list)
{
    const sip_info_value_t *first = sip_get_messages(pinfo);
    found_t *found;

    list->message = NULL;
    list->count = list->missed = 0;
    list->quoted = NULL;
    if (first == NULL) {
        return false;
    }
    if (first->next == NULL && is_own_message(first)) {
        list->lone = locate(pinfo, first);
        list->message = &list->lone;
        list->count = 1;
        return true;
    }
    found = (found_t *)p_get_proto_data(pinfo->pool, pinfo, proto_caller, REDIRECT_LOCATE_KEY);
    if (found == NULL) {
        found = find(pinfo, first);
        p_add_proto_data(pinfo->pool, pinfo, proto_caller, REDIRECT_LOCATE_KEY, found);
    }
    list->message = found->count > 0 ? found->message : NULL;
    list->count = found->count;
    list->quoted = found->quoted.method ? &found->quoted : NULL;
    return list->count > 0 || list->quoted;
}

bool
redirect_located_is_complete(const redirect_located_t *located)
{
    return located->end_captured;
}
