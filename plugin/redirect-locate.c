/* redirect-locate.c
 * A frame's SIP messages: none, the lone datagram that nearly all SIP frames hold, or what a search finds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate-int.h"

#include <epan/proto_data.h>

static int proto_caller = -1;
static int proto_sip = -1;
static int proto_udp = -1;

/* What the layers up to the first one of SIP say. */
typedef struct {
    unsigned number; /* of the SIP layer, counted from 1; 0 where there is none */
    int below;       /* the protocol that carries it */
    bool maybe_quoted;
} first_sip_t;

static first_sip_t
find_first_sip(const packet_info *pinfo)
{
    first_sip_t first = {1, -1, false};
    unsigned marks = 0;

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        int proto = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        if (proto == proto_sip) {
            first.maybe_quoted = marks & LOCATE_MARK_QUOTING;
            return first;
        }
        marks |= locate_mark_of(proto);
        first.below = proto;
        first.number++;
    }
    first.number = 0;
    return first;
}

/* Where the payload of a UDP datagram with the frame's ports begins, at offset or after it; 0 where nowhere. */
static size_t
next_payload(const packet_info *pinfo, sip_slice_t frame, size_t offset, size_t *end)
{
    const char *port = frame.ptr + offset;

    while ((port = memchr(port, (int)(pinfo->srcport >> 8), (size_t)(frame.ptr + frame.len - port))) != NULL) {
        size_t start = (size_t)(port - frame.ptr) + LOCATE_UDP_HEADER;

        if (start >= frame.len) {
            return 0;
        }
        *end = locate_udp_end(pinfo, frame.ptr, start);
        if (*end > 0) {
            return start;
        }
        port++;
    }
    return 0;
}

static void
set_list(redirect_located_list_t *list, const redirect_located_t *message, unsigned count, unsigned missed)
{
    list->message = count > 0 ? message : NULL;
    list->count = count;
    list->missed = missed;
}

static void
set_lone(tvbuff_t *tvb, sip_slice_t frame, size_t start, size_t end, redirect_located_list_t *list)
{
    redirect_located_t *located = &list->lone;
    bool is_captured = end <= frame.len;

    *located = (redirect_located_t){
        .text = sip_slice_make(frame.ptr + start, MIN(end, frame.len) - start),
        .source = tvb,
        .offset = (int)start,
        .transport = REDIRECT_TRANSPORT_UDP,
        .headers_complete = is_captured,
        .end_captured = is_captured,
    };
    if (!is_captured) {
        located->headers_complete = locate_has_empty_line(located->text);
    }
    set_list(list, located, 1, 0);
}

/* Does the payload that begins at start begin with the message of the record? Then it is the frame's only one. */
static bool
take_lone(tvbuff_t *tvb, sip_slice_t frame, size_t start, size_t end, const sip_info_value_t *seen,
          redirect_located_list_t *list)
{
    if (!locate_text_starts(sip_slice_from(frame, start), seen)) {
        return false;
    }
    set_lone(tvb, frame, start, end, list);
    return true;
}

/* The record of the frame's SIP layer of that number, counted from 1; NULL where it is no message's. */
static const sip_info_value_t *
message_seen(packet_info *pinfo, unsigned number)
{
    const sip_info_value_t *seen = (const sip_info_value_t *)p_get_proto_data(pinfo->pool, pinfo, proto_sip, number);

    return seen && locate_is_message(seen) ? seen : NULL;
}

/* Ethernet, IPv4 without options, UDP: 20 bytes of IP behind 14. Nothing there is quoted or tunnelled. */
#define USUAL_PAYLOAD (14 + 20 + LOCATE_UDP_HEADER)

static bool
is_usual(sip_slice_t frame)
{
    static const char ethertype_and_ihl[] = {0x08, 0x00, 0x45};
    const char udp = 17;

    return frame.len > USUAL_PAYLOAD && memcmp(frame.ptr + 12, ethertype_and_ihl, sizeof(ethertype_and_ihl)) == 0 &&
           frame.ptr[23] == udp;
}

/*
 * Most frames: the only layer of SIP, carried as usual. It is the last layer, but for its body, so the number is found from
 * the end, without a walk over all layers. False where the frame is any other.
 */
static bool
locate_usual(packet_info *pinfo, tvbuff_t *tvb, sip_slice_t frame, redirect_located_list_t *list)
{
    const size_t end = is_usual(frame) ? locate_udp_end(pinfo, frame.ptr, USUAL_PAYLOAD) : 0;
    unsigned number;
    const sip_info_value_t *seen;

    if (end == 0) {
        return false;
    }
    number = wmem_list_count(pinfo->layers);
    for (wmem_list_frame_t *layer = wmem_list_tail(pinfo->layers);
         layer && GPOINTER_TO_INT(wmem_list_frame_data(layer)) != proto_sip; layer = wmem_list_frame_prev(layer)) {
        number--;
    }
    seen = message_seen(pinfo, number);
    return seen && take_lone(tvb, frame, USUAL_PAYLOAD, end, seen, list);
}

/*
 * One SIP layer, over UDP, and the record's start line stands after a UDP header with the frame's ports. Nothing needs to
 * be collected then, and no header line to be read to know whose message it is. False where the frame is any other.
 */
static bool
locate_lone(packet_info *pinfo, tvbuff_t *tvb, sip_slice_t frame, unsigned number, redirect_located_list_t *list)
{
    const sip_info_value_t *seen = message_seen(pinfo, number);
    size_t start = 0;
    size_t end;

    if (seen == NULL || frame.len == 0) {
        return false;
    }
    while ((start = next_payload(pinfo, frame, start, &end)) > 0) {
        if (take_lone(tvb, frame, start, end, seen, list)) {
            return true;
        }
        start -= LOCATE_UDP_HEADER - 1;
    }
    return false;
}

/* What is kept in pinfo->proto_data; the messages follow it. */
typedef struct {
    unsigned count;
    unsigned missed;
    redirect_quoted_t quoted; /* method is NULL where there is none */
    redirect_located_t message[];
} found_t;

static found_t *
search(packet_info *pinfo, unsigned number)
{
    unsigned count;
    const sip_info_value_t *quoted;
    const locate_record_t *record = locate_records(pinfo, number, &count, &quoted);
    found_t *found = (found_t *)wmem_alloc(pinfo->pool, sizeof(found_t) + count * sizeof(redirect_located_t));

    found->count = found->missed = 0;
    found->quoted = (redirect_quoted_t){.method = NULL};
    if (quoted) {
        found->quoted =
            (redirect_quoted_t){(const char *)quoted->request_method, quoted->tap_call_id, quoted->tap_cseq_number};
    }
    if (count > 0) {
        found->count = locate_search(pinfo, record, count, found->message, &found->missed);
    }
    return found;
}

/* What a search finds, or what an earlier one found: several callers may ask for each message of a frame. */
static void
look_up_or_search(packet_info *pinfo, unsigned number, redirect_located_list_t *list)
{
    found_t *found = (found_t *)p_get_proto_data(pinfo->pool, pinfo, proto_caller, REDIRECT_LOCATE_KEY);

    if (found == NULL) {
        found = search(pinfo, number);
        p_add_proto_data(pinfo->pool, pinfo, proto_caller, REDIRECT_LOCATE_KEY, found);
    }
    set_list(list, found->message, found->count, found->missed);
    list->quoted = found->quoted.method ? &found->quoted : NULL;
}

/* What was captured of the frame; nothing of a frame too long for an offset. */
static sip_slice_t
bytes_of(tvbuff_t *tvb)
{
    const unsigned len = tvb ? tvb_captured_length(tvb) : 0;

    return len > 0 && len <= INT32_MAX ? sip_slice_make((const char *)tvb_get_ptr(tvb, 0, len), len) : SIP_SLICE_NONE;
}

/* Not inlined: most frames hold no SIP, and must not pay for what this one needs. */
static G_GNUC_NO_INLINE bool
locate_sip(packet_info *pinfo, unsigned sip_layers, redirect_located_list_t *list)
{
    tvbuff_t *tvb = pinfo->data_src ? get_data_source_tvb((const struct data_source *)pinfo->data_src->data) : NULL;
    const sip_slice_t frame = bytes_of(tvb);
    first_sip_t first;

    if (sip_layers == 1 && locate_usual(pinfo, tvb, frame, list)) {
        return true;
    }
    first = find_first_sip(pinfo);
    if (sip_layers == 1 && first.below == proto_udp && !first.maybe_quoted &&
        locate_lone(pinfo, tvb, frame, first.number, list)) {
        return true;
    }
    set_list(list, NULL, 0, 0);
    list->quoted = NULL;
    if (first.number > 0) {
        look_up_or_search(pinfo, first.number, list);
    }
    return list->count > 0 || list->missed > 0 || list->quoted;
}

void
redirect_locate_init(int protocol)
{
    proto_caller = protocol;
    locate_records_init();
    proto_sip = locate_proto_sip();
    proto_udp = proto_get_id_by_filter_name("udp");
}

/* How many layers of a protocol the frame has, at most; 0 is exact. Without a walk over pinfo->layers. */
static inline unsigned
layers_of(const packet_info *pinfo, int proto)
{
    const int *count =
        pinfo->proto_layers ? (const int *)wmem_map_lookup(pinfo->proto_layers, GINT_TO_POINTER(proto)) : NULL;

    return count && *count > 0 ? (unsigned)*count : 0;
}

/* Not inlined: what it costs is measured call by call. */
G_GNUC_NO_INLINE bool
redirect_locate(packet_info *pinfo, redirect_located_list_t *list)
{
    unsigned sip_layers = layers_of(pinfo, proto_sip);

    if (sip_layers > 0) {
        return locate_sip(pinfo, sip_layers, list);
    }
    set_list(list, NULL, 0, 0);
    return false;
}
