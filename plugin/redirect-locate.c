/* redirect-locate.c
 * Finds the SIP messages of a frame without a protocol tree.
 *
 * The SIP dissector stores one sip_info_value_t per message, in start lines' order, keyed by the number of the layer
 * that was the last when it did so. That list says what is to be found and how many times; the text is then looked up
 * in the frame's data sources and has to agree with its record. So nothing is taken for a message that the dissector
 * did not take for one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate.h"

#include <epan/dissectors/packet-sip.h>
#include <epan/proto_data.h>

#define SIP_VERSION "SIP/2.0"
#define SIP_VERSION_LEN (sizeof(SIP_VERSION) - 1)
#define SIP_VERSION_SLASH 3

/* The SIP dissector keeps so many bytes of a Call-ID, its terminating NUL not counted. */
#define RECORD_CALL_ID_LEN 127

/* Start lines that look right and belong to another message, and searches that found nothing: after so many in one
 * frame the rest counts as missed. Real frames need none or a few; without a bound a crafted one costs the square of
 * its length. */
#define MAX_WRONG 256

/* packet_info counts layers in 8 bits. */
#define MAX_LAYER_NUM 255

typedef struct {
    const char *filter_name;
    int proto; /* -1 where this Wireshark has no such protocol */
    redirect_transport_t transport;
} transport_proto_t;

static transport_proto_t transport_protos[] = {
    {"udp", -1, REDIRECT_TRANSPORT_UDP},   {"tcp", -1, REDIRECT_TRANSPORT_TCP},
    {"tls", -1, REDIRECT_TRANSPORT_TLS},   {"websocket", -1, REDIRECT_TRANSPORT_WS},
    {"sctp", -1, REDIRECT_TRANSPORT_SCTP},
};

typedef struct {
    const char *filter_name;
    int proto;
} quoting_proto_t;

/* Protocols whose payload is a copy of somebody's packet: Wireshark's SIP tap ignores SIP inside them, too. */
static quoting_proto_t quoting_protos[] = {
    {"icmp", -1},        {"icmpv6", -1},      {"nhrp", -1},        {"sflow", -1},
    {"openflow_v4", -1}, {"openflow_v5", -1}, {"openflow_v6", -1},
};

static int proto_sip = -1;
static int proto_udp = -1;

/* One call of the SIP dissector has one message, and its end is the datagram's. */
static bool
is_datagram(redirect_transport_t transport)
{
    return transport == REDIRECT_TRANSPORT_UDP || transport == REDIRECT_TRANSPORT_WS ||
           transport == REDIRECT_TRANSPORT_SCTP;
}

/* ---- What the dissector saw ---- */

typedef struct {
    const sip_info_value_t *seen;
    redirect_transport_t transport;
    bool is_quoted;
} record_t;

/* What the layers passed so far say about SIP above them. */
typedef struct {
    redirect_transport_t transport;
    bool is_quoted;
} below_t;

static bool
is_quoting(int proto)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(quoting_protos); i++) {
        if (proto == quoting_protos[i].proto) {
            return true;
        }
    }
    return false;
}

static void
pass_layer(int proto, below_t *below)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(transport_protos); i++) {
        if (proto == transport_protos[i].proto) {
            below->transport = transport_protos[i].transport;
            return;
        }
    }
    below->is_quoted = below->is_quoted || is_quoting(proto);
}

static inline int
layer_proto(const wmem_list_frame_t *layer)
{
    return GPOINTER_TO_INT(wmem_list_frame_data(layer));
}

/* The number of the frame's first SIP layer, counted from 1; 0 where there is none. */
static unsigned
first_sip_layer(const packet_info *pinfo)
{
    unsigned number = 1;

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        if (layer_proto(layer) == proto_sip) {
            return number;
        }
        number++;
    }
    return 0;
}

/*
 * Appends the records with one key, oldest first. p_get_proto_data() shows the newest only, so they are taken off one
 * by one and put back in the same order.
 */
static void
collect_records_of_key(packet_info *pinfo, uint32_t key, const below_t *below, wmem_array_t *records)
{
    unsigned first = wmem_array_get_count(records);
    record_t record = {NULL, below->transport, below->is_quoted};
    record_t *added;
    unsigned count;

    while ((record.seen = (const sip_info_value_t *)p_get_proto_data(pinfo->pool, pinfo, proto_sip, key)) != NULL) {
        wmem_array_append_one(records, record);
        if (is_datagram(record.transport)) {
            return; /* each is a layer of its own */
        }
        p_remove_proto_data(pinfo->pool, pinfo, proto_sip, key);
    }
    count = wmem_array_get_count(records) - first;
    if (count == 0) {
        return;
    }
    added = (record_t *)wmem_array_index(records, first);
    for (unsigned i = 0; i < count / 2; i++) {
        record = added[i];
        added[i] = added[count - 1 - i];
        added[count - 1 - i] = record;
    }
    for (unsigned i = 0; i < count; i++) {
        p_add_proto_data(pinfo->pool, pinfo, proto_sip, key, (void *)(uintptr_t)added[i].seen);
    }
}

/*
 * All records of the frame in the order of dissection. The key is pinfo->curr_layer_num, which only grows within a
 * frame: the layer of "sip" for a layer's first message, the last layer within the previous message's body for the
 * next ones. So every number from the first SIP layer on is asked for, not only those that are "sip" in pinfo->layers.
 * Layers that were taken off the list again keep their numbers, so the list may be the shorter of the two.
 */
static wmem_array_t *
collect_records(packet_info *pinfo, unsigned first_key)
{
    wmem_array_t *records = wmem_array_sized_new(pinfo->pool, sizeof(record_t), 4);
    wmem_list_frame_t *layer = wmem_list_head(pinfo->layers);
    unsigned last_key = MIN(MAX(pinfo->curr_layer_num, wmem_list_count(pinfo->layers)), MAX_LAYER_NUM);
    below_t below = {REDIRECT_TRANSPORT_OTHER, false};
    below_t below_sip = below;

    for (unsigned key = 1; key <= last_key; key++) {
        if (layer && layer_proto(layer) == proto_sip) {
            below_sip = below;
        } else if (layer) {
            pass_layer(layer_proto(layer), &below);
        }
        layer = layer ? wmem_list_frame_next(layer) : NULL;
        if (key >= first_key) {
            collect_records_of_key(pinfo, key, &below_sip, records);
        }
    }
    return records;
}

/* ---- Text ---- */

typedef struct {
    tvbuff_t *tvb;
    const char *text;
    size_t len;
    size_t next; /* what lies before this was used for a message already */
} source_t;

/* One message as it stands in a source; offsets count from the source's begin. */
typedef struct {
    size_t start;
    size_t body; /* where the headers end, or as far as they were read */
    bool has_empty_line;
    bool has_content_length;
    size_t content_length;
    bool may_hold_sip; /* the body's type is one inside which the SIP dissector may run again */
    sip_slice_t call_id;
    sip_slice_t cseq;
} message_t;

typedef enum {
    HEADER_CALL_ID,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_TYPE,
    HEADER_CSEQ,
} header_t;

static const struct {
    sip_slice_t name;
    char compact; /* NUL where there is none */
    header_t header;
} header_names[] = {
    {{"Call-ID", 7}, 'i', HEADER_CALL_ID},
    {{"Content-Length", 14}, 'l', HEADER_CONTENT_LENGTH},
    {{"Content-Type", 12}, 'c', HEADER_CONTENT_TYPE},
    {{"CSeq", 4}, '\0', HEADER_CSEQ},
};

/*
 * Where the line at offset ends, and where the next begins: at CR LF, a bare LF or a bare CR, as the dissector. Each
 * byte is looked at once: a search for one kind of line end would scan all that is left where lines end in the other.
 */
static size_t
line_end(const source_t *source, size_t offset, size_t *next)
{
    size_t end = offset;

    while (end < source->len && source->text[end] != '\n' && source->text[end] != '\r') {
        end++;
    }
    *next = MIN(end + 1, source->len);
    if (*next < source->len && source->text[end] == '\r' && source->text[*next] == '\n') {
        (*next)++;
    }
    return end;
}

/*
 * Content-Length as the SIP dissector counts it: what is no number is 0, what needs more than 32 bits is not there,
 * and what needs the 32nd leaves no body.
 */
static void
read_content_length(sip_slice_t value, message_t *message)
{
    uint64_t number = 0;

    message->has_content_length = true;
    message->content_length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!g_ascii_isdigit(value.ptr[i])) {
            return;
        }
        number = MIN(number * 10 + (uint64_t)(value.ptr[i] - '0'), UINT32_MAX);
    }
    if (number == UINT32_MAX) {
        message->has_content_length = false;
    } else if (number <= INT32_MAX) {
        message->content_length = (size_t)number;
    }
}

static void
read_header(sip_slice_t line, message_t *message)
{
    const char *colon;
    sip_slice_t name;
    sip_slice_t value;

    /* All names wanted begin with one of these, most others with none. */
    if (!memchr("cCiIlL", line.ptr[0], 6) || !(colon = memchr(line.ptr, ':', line.len))) {
        return;
    }
    name = sip_slice_make(line.ptr, (size_t)(colon - line.ptr));
    value = sip_slice_from(line, name.len + 1);
    while (value.len > 0 && g_ascii_isspace(value.ptr[0])) {
        value = sip_slice_from(value, 1);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(header_names); i++) {
        if (!sip_slice_equal(name, header_names[i].name) && !sip_slice_equal_nocase(name, header_names[i].name) &&
            !(name.len == 1 && g_ascii_tolower(name.ptr[0]) == header_names[i].compact)) {
            continue;
        }
        switch (header_names[i].header) {
        case HEADER_CALL_ID:
            message->call_id = value;
            break;
        case HEADER_CONTENT_LENGTH:
            read_content_length(value, message);
            break;
        case HEADER_CONTENT_TYPE:
            message->may_hold_sip = sip_slice_starts_nocase(value, SIP_SLICE_LITERAL("message/")) ||
                                    sip_slice_starts_nocase(value, SIP_SLICE_LITERAL("multipart/"));
            break;
        case HEADER_CSEQ:
            message->cseq = value;
            break;
        }
        return;
    }
}

/*
 * Reads header lines: all that are left, or as far as both headers that identify a message. Of repeated headers the
 * last one counts. Most messages are alone in their datagram, and nobody asks for more of them than these two.
 */
static void
read_headers(const source_t *source, message_t *message, bool until_identified)
{
    while (message->body < source->len && !message->has_empty_line) {
        size_t start = message->body;
        size_t next;
        size_t end;

        if (until_identified && message->call_id.ptr && message->cseq.ptr) {
            return;
        }
        end = line_end(source, start, &next);
        message->body = next;
        if (end == start) {
            message->has_empty_line = true;
            return;
        }
        while (next < source->len && (source->text[next] == ' ' || source->text[next] == '\t')) {
            end = line_end(source, next, &next);
        }
        message->body = next;
        read_header(sip_slice_make(source->text + start, end - start), message);
    }
}

/* ---- Does a text belong to a record? ---- */

/* The record's copy may be cut, and has other bytes where the text is not ASCII. */
static bool
call_id_agrees(const char *seen, sip_slice_t text)
{
    if (sip_slice_equal(sip_slice_from_string(seen), text)) {
        return true;
    }
    for (size_t i = 0; i < text.len && text.ptr[i] != '\0' && !(text.ptr[i] & 0x80); i++) {
        if (seen[i] == '\0') {
            return i >= RECORD_CALL_ID_LEN || sip_slice_trim(sip_slice_from(text, i)).len == 0;
        }
        if (seen[i] != text.ptr[i]) {
            return false;
        }
    }
    /* The loop ended with the text, or where the two cannot be compared any further. */
    return true;
}

/* A record without a CSeq, or a CSeq that is no 32-bit number, says nothing. */
static bool
cseq_agrees(uint32_t seen, sip_slice_t text)
{
    size_t digits = 0;
    uint32_t number;

    while (digits < text.len && g_ascii_isdigit(text.ptr[digits])) {
        digits++;
    }
    return seen == 0 || !sip_slice_to_uint32(sip_slice_make(text.ptr, digits), &number) || number == seen;
}

static bool
headers_agree(const sip_info_value_t *seen, const message_t *message)
{
    /* A record may lack what the text has: the dissector gave up on the way. */
    if (seen->tap_call_id && (!message->call_id.ptr || !call_id_agrees(seen->tap_call_id, message->call_id))) {
        return false;
    }
    return cseq_agrees(seen->tap_cseq_number, message->cseq);
}

/* Does the message whose start line begins at start agree with the record? */
static bool
read_message(const source_t *source, size_t start, const sip_info_value_t *seen, message_t *message)
{
    *message = (message_t){.start = start};
    line_end(source, start, &message->body);
    read_headers(source, message, true);
    if (headers_agree(seen, message)) {
        return true;
    }
    /* The record is of the last ones of repeated headers. */
    read_headers(source, message, false);
    return headers_agree(seen, message);
}

/* Is version, at which "SIP/2.0" stands, the begin of the record's status line? */
static bool
is_status_line(const source_t *source, size_t version, unsigned status)
{
    const char *text = source->text + version + SIP_VERSION_LEN;
    size_t len = source->len - version - SIP_VERSION_LEN;
    uint32_t number;

    return len >= 5 && text[0] == ' ' && text[4] == ' ' && sip_slice_to_uint32(sip_slice_make(text + 1, 3), &number) &&
           number == status;
}

/* Does version, at which "SIP/2.0" stands, end a request line with that method? Then *start is the line's begin. */
static bool
is_request_line(const source_t *source, size_t version, const char *method, size_t *start)
{
    size_t after = version + SIP_VERSION_LEN;
    size_t uri;
    size_t method_len = 0;

    if (after < source->len && source->text[after] != '\r' && source->text[after] != '\n') {
        return false;
    }
    if (version == 0 || source->text[version - 1] != ' ') {
        return false;
    }
    for (uri = version - 1; uri > 0 && !g_ascii_isspace(source->text[uri - 1]); uri--) {
    }
    if (uri == 0 || source->text[uri - 1] != ' ' || version - 1 - uri < 3) {
        return false;
    }
    /* The record has a character of several bytes where the text has one byte that is not ASCII. */
    for (const char *c = method; *c; c++) {
        method_len += (*c & 0xc0) != 0x80;
    }
    if (method_len == 0 || uri - 1 < method_len) {
        return false;
    }
    *start = uri - 1 - method_len;
    for (const char *text = source->text + *start; *method; text++, method++) {
        if (*method & 0x80 ? !(*text & 0x80) : *text != *method) {
            return false;
        }
        while ((method[1] & 0xc0) == 0x80) {
            method++;
        }
    }
    return true;
}

static bool
is_start_line(const source_t *source, size_t version, const sip_info_value_t *seen, size_t *start)
{
    if (seen->request_method) {
        return is_request_line(source, version, (const char *)seen->request_method, start);
    }
    *start = version;
    return is_status_line(source, version, seen->response_code);
}

/* The message that begins at start exactly, if it agrees with the record. */
static bool
message_at(const source_t *source, size_t start, const sip_info_value_t *seen, message_t *message)
{
    size_t next;
    size_t end = line_end(source, start, &next);
    size_t version = seen->request_method ? end - SIP_VERSION_LEN : start;
    size_t found;

    return end - start >= SIP_VERSION_LEN && memcmp(source->text + version, SIP_VERSION, SIP_VERSION_LEN) == 0 &&
           is_start_line(source, version, seen, &found) && found == start && read_message(source, start, seen, message);
}

/* The next start line of the record's method or status at or behind *offset, but not before from; moves *offset on. */
static bool
next_start_line(const source_t *source, size_t from, size_t *offset, const sip_info_value_t *seen, size_t *start)
{
    /* "/" is rare in SIP, "S" is not. */
    while (*offset < source->len) {
        const char *slash = memchr(source->text + *offset, '/', source->len - *offset);
        size_t version;

        if (!slash) {
            return false;
        }
        *offset = (size_t)(slash - source->text) + 1;
        if (*offset < from + SIP_VERSION_SLASH + 1) {
            continue;
        }
        version = *offset - 1 - SIP_VERSION_SLASH;
        if (source->len - version >= SIP_VERSION_LEN &&
            memcmp(source->text + version, SIP_VERSION, SIP_VERSION_LEN) == 0 &&
            is_start_line(source, version, seen, start) && *start >= from) {
            return true;
        }
    }
    return false;
}

/*
 * The first message in [from, to) of source that agrees with the record.
 * *wrong counts the candidates that did not, over all calls for a frame.
 */
static bool
find_message(const source_t *source, size_t from, size_t to, const sip_info_value_t *seen, unsigned *wrong,
             message_t *message)
{
    const source_t part = {source->tvb, source->text, MIN(to, source->len), 0};
    size_t offset = from;

    while (*wrong < MAX_WRONG) {
        size_t start;

        if (!next_start_line(&part, from, &offset, seen, &start)) {
            return false;
        }
        if (read_message(&part, start, seen, message)) {
            return true;
        }
        (*wrong)++;
    }
    return false;
}

/* ---- Where a message ends ---- */

/* Where the datagram ends that has its payload at start, or 0 where no such datagram is seen there. */
typedef size_t (*datagram_end_t)(const packet_info *pinfo, const source_t *source, size_t start);

static size_t
read_be(const source_t *source, size_t offset, size_t bytes)
{
    size_t number = 0;

    for (size_t i = 0; i < bytes; i++) {
        number = number << 8 | (uint8_t)source->text[offset + i];
    }
    return number;
}

/* RFC 768: source port, destination port, length with this header of 8 bytes, checksum. */
static size_t
udp_end(const packet_info *pinfo, const source_t *source, size_t start)
{
    size_t len;

    if (start < 8 || pinfo->ptype != PT_UDP || read_be(source, start - 8, 2) != pinfo->srcport ||
        read_be(source, start - 6, 2) != pinfo->destport) {
        return 0;
    }
    len = read_be(source, start - 4, 2);
    return len > 8 ? start - 8 + len : 0;
}

/* RFC 6455 5.2, without a mask (an unmasked copy is a source of its own): 7 bits of length, or 126 and 16 bits. */
static size_t
websocket_end(const packet_info *pinfo _U_, const source_t *source, size_t start)
{
    const size_t length_16_bits = 126;
    const size_t opcode_bits = 0x0f, last_data_opcode = 2;

    if (start >= 4 && read_be(source, start - 3, 1) == length_16_bits &&
        (read_be(source, start - 4, 1) & opcode_bits) <= last_data_opcode) {
        return start + read_be(source, start - 2, 2);
    }
    if (start >= 2 && read_be(source, start - 1, 1) < length_16_bits &&
        (read_be(source, start - 2, 1) & opcode_bits) <= last_data_opcode) {
        return start + read_be(source, start - 1, 1);
    }
    return 0;
}

/* RFC 9260 3.3.1: DATA (0) has a header of 16 bytes, and its length counts it; RFC 8260 2.1: I-DATA (64), 20 bytes. */
static size_t
sctp_end(const packet_info *pinfo _U_, const source_t *source, size_t start)
{
    static const struct {
        uint8_t type;
        size_t header_len;
    } chunks[] = {{0, 16}, {64, 20}};

    for (unsigned i = 0; i < G_N_ELEMENTS(chunks); i++) {
        size_t header = start - chunks[i].header_len;

        if (start >= chunks[i].header_len && read_be(source, header, 1) == chunks[i].type &&
            read_be(source, header + 2, 2) > chunks[i].header_len) {
            return header + read_be(source, header + 2, 2);
        }
    }
    return 0;
}

static const datagram_end_t datagram_ends[] = {
    [REDIRECT_TRANSPORT_OTHER] = NULL, [REDIRECT_TRANSPORT_UDP] = udp_end,      [REDIRECT_TRANSPORT_TCP] = NULL,
    [REDIRECT_TRANSPORT_TLS] = NULL,   [REDIRECT_TRANSPORT_WS] = websocket_end, [REDIRECT_TRANSPORT_SCTP] = sctp_end,
};

/* ---- A frame's messages ---- */

typedef struct {
    packet_info *pinfo;
    source_t *source; /* in the order in which the dissectors added them: [0] is the frame */
    unsigned source_count;
    unsigned wrong; /* of MAX_WRONG */
    /* The message located last; NULL and all zero before the first. */
    source_t *last_source;
    message_t last;
    size_t last_end;
    size_t nested_next; /* where in its body the next message inside it may begin */
    wmem_array_t *located;
    unsigned missed;
} locator_t;

/* A body that the SIP dissector decompressed; no layer below SIP uses this name. */
static bool
is_body_source(packet_info *pinfo, const tvbuff_t *tvb)
{
    return tvb == get_data_source_tvb_by_name(pinfo, "gunzipped data");
}

static void
collect_sources(locator_t *locator)
{
    packet_info *pinfo = locator->pinfo;

    locator->source = wmem_alloc_array(pinfo->pool, source_t, MAX(g_slist_length(pinfo->data_src), 1));
    for (GSList *item = pinfo->data_src; item; item = item->next) {
        tvbuff_t *tvb = get_data_source_tvb((const struct data_source *)item->data);
        unsigned len = tvb_captured_length(tvb);

        if (len > 0 && len <= INT32_MAX && !(locator->source_count > 0 && is_body_source(pinfo, tvb))) {
            locator->source[locator->source_count++] =
                (source_t){tvb, (const char *)tvb_get_ptr(tvb, 0, (int)len), len, 0};
        }
    }
}

/* Where the datagram ends that carries the message at start; 0 where that is not known, and for streams. */
static size_t
datagram_end(const locator_t *locator, redirect_transport_t transport, const source_t *source, size_t start)
{
    if (datagram_ends[transport] == NULL) {
        return 0;
    }
    /* What was put together for one payload holds nothing else. */
    return source != locator->source && start == 0 ? source->len
                                                   : datagram_ends[transport](locator->pinfo, source, start);
}

/* The dissector runs again for a body of type message/sip: such a record belongs to no message of the frame. */
static bool
is_nested_in_last(locator_t *locator, const sip_info_value_t *seen)
{
    message_t nested;

    if (!locator->last.may_hold_sip ||
        !find_message(locator->last_source, locator->nested_next, locator->last_end, seen, &locator->wrong, &nested)) {
        return false;
    }
    locator->nested_next = nested.body; /* or earlier: then its own start line is behind, all the same */
    return true;
}

typedef struct {
    size_t end;    /* of the text, in the source; beyond its end where bytes are missing */
    bool is_known; /* from the datagram or from Content-Length */
    bool is_complete;
} extent_t;

static extent_t
extent_of(const locator_t *locator, redirect_transport_t transport, const source_t *source, message_t *message)
{
    size_t datagram = datagram_end(locator, transport, source, message->start);
    size_t counted;
    extent_t extent;

    if (datagram > 0 && transport == REDIRECT_TRANSPORT_UDP) {
        return (extent_t){datagram, true, datagram <= source->len};
    }
    read_headers(source, message, false);
    counted = message->body + (message->has_content_length ? message->content_length : 0);
    extent.is_known = datagram > 0 || message->has_content_length;
    extent.end = datagram > 0 ? datagram : message->has_content_length ? counted : source->len;
    extent.is_complete = message->has_empty_line && extent.end <= source->len && counted <= extent.end;
    return extent;
}

/*
 * Sources that were derived from the frame go first, in the order of their making: a segment may hold, within the body
 * of the message that it ends, the begin of another. A message that a source holds as a whole goes before one that it
 * holds in part, for the other part may have been put together with it in a later source.
 */
static source_t *
find_in_sources(locator_t *locator, const record_t *record, message_t *message)
{
    source_t *frame = locator->source;
    source_t *found = NULL;

    /* A datagram that stands in the frame as such is no part of anything. */
    if (record->transport == REDIRECT_TRANSPORT_UDP &&
        find_message(frame, frame->next, frame->len, record->seen, &locator->wrong, message) &&
        datagram_end(locator, record->transport, frame, message->start) > 0) {
        return frame;
    }
    for (unsigned i = 1; i <= locator->source_count; i++) {
        source_t *source = &locator->source[i % locator->source_count];
        message_t candidate;
        bool is_complete;

        if (!find_message(source, source->next, source->len, record->seen, &locator->wrong, &candidate)) {
            continue;
        }
        is_complete = extent_of(locator, record->transport, source, &candidate).is_complete;
        if (is_complete || found == NULL) {
            found = source;
            *message = candidate;
        }
        if (is_complete) {
            break;
        }
    }
    return found;
}

/* The next message of a stream follows the last one; some senders put empty lines between them (RFC 3261 7.5). */
static bool
find_behind_last(const locator_t *locator, const sip_info_value_t *seen, message_t *message)
{
    const source_t *source = locator->last_source;
    size_t start = locator->last_end;

    if (source == NULL) {
        return false;
    }
    while (start < source->len && (source->text[start] == '\r' || source->text[start] == '\n')) {
        start++;
    }
    return start < source->len && message_at(source, start, seen, message);
}

/* What a message at its place in a source gives; *extent is filled in where it is not NULL. */
static redirect_located_t
located_at(const locator_t *locator, const source_t *source, message_t *message, redirect_transport_t transport,
           extent_t *extent)
{
    extent_t found = extent_of(locator, transport, source, message);

    if (extent) {
        *extent = found;
    }
    return (redirect_located_t){
        .text = sip_slice_make(source->text + message->start, MIN(found.end, source->len) - message->start),
        .source = source->tvb,
        .offset = (int)message->start,
        .transport = transport,
        .complete = found.is_complete,
    };
}

static void
add_located(locator_t *locator, source_t *source, message_t *message, redirect_transport_t transport)
{
    extent_t extent;
    redirect_located_t located = located_at(locator, source, message, transport, &extent);
    size_t end = message->start + located.text.len;

    wmem_array_append_one(locator->located, located);
    /* Without a known end, a message of a stream takes what is left, as in the dissector; a datagram may not. */
    source->next = extent.is_known || datagram_ends[transport] == NULL ? end : message->body;
    locator->last_source = source;
    locator->last = *message;
    locator->last_end = end;
    locator->nested_next = 0;
}

/*
 * The one message of a frame that came in one datagram, as nearly all do: where the record's start line stands behind
 * a UDP header with the frame's ports, it is the payload, and its headers need not be read to tell whose it is.
 */
static bool
find_lone_datagram(const locator_t *locator, const record_t *record, message_t *message)
{
    const source_t *frame = locator->source;
    size_t offset = 0;

    *message = (message_t){.start = 0};
    return record->transport == REDIRECT_TRANSPORT_UDP &&
           next_start_line(frame, 0, &offset, record->seen, &message->start) &&
           udp_end(locator->pinfo, frame, message->start) > 0;
}

/* The source that holds a record's text, or NULL. */
static source_t *
find_record(locator_t *locator, const record_t *record, message_t *message)
{
    source_t *source = locator->last_source;

    if (source) {
        read_headers(source, &locator->last, false);
        locator->nested_next = MAX(locator->nested_next, locator->last.body);
    }
    if (!find_behind_last(locator, record->seen, message)) {
        return locator->wrong < MAX_WRONG && !is_nested_in_last(locator, record->seen)
                   ? find_in_sources(locator, record, message)
                   : NULL;
    }
    /* Its begin stands there; the whole may have been put together in another source. */
    return extent_of(locator, record->transport, source, message).is_complete
               ? source
               : find_in_sources(locator, record, message);
}

static void
locate_record(locator_t *locator, const record_t *record)
{
    message_t message;
    source_t *source;

    /* Neither a request nor a response: data that the dissector calls a continuation. */
    if (record->is_quoted || (record->seen->request_method == NULL && record->seen->response_code == 0)) {
        return;
    }
    source = find_record(locator, record, &message);
    if (source) {
        add_located(locator, source, &message, record->transport);
        return;
    }
    locator->wrong++;
    /* What is nowhere else may have come out of an encoded part of the last body. */
    locator->missed += !locator->last.may_hold_sip;
}

void
redirect_locate_init(void)
{
    proto_sip = proto_get_id_by_filter_name("sip");
    proto_udp = proto_get_id_by_filter_name("udp");
    for (unsigned i = 0; i < G_N_ELEMENTS(transport_protos); i++) {
        transport_protos[i].proto = proto_get_id_by_filter_name(transport_protos[i].filter_name);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(quoting_protos); i++) {
        quoting_protos[i].proto = proto_get_id_by_filter_name(quoting_protos[i].filter_name);
    }
}

/*
 * The frame that nearly all are: one SIP layer, over UDP, and its message stands in the frame as the payload. Nothing
 * needs to be collected then. False where it is any other.
 */
static bool
locate_lone(packet_info *pinfo, redirect_located_list_t *list)
{
    record_t record = {NULL, REDIRECT_TRANSPORT_UDP, false};
    source_t frame = {0};
    locator_t locator = {.pinfo = pinfo, .source = &frame, .source_count = 1};
    unsigned key = 0, number = 1;
    redirect_located_t *located;
    message_t message;
    int before = 0;

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        int proto = layer_proto(layer);
        if (proto == proto_sip) {
            if (key > 0 || before != proto_udp) {
                return false;
            }
            key = number;
        } else if (key == 0 && is_quoting(proto)) {
            return false;
        }
        before = proto;
        number++;
    }
    if (key == 0 || pinfo->data_src == NULL) {
        return false;
    }
    record.seen = (const sip_info_value_t *)p_get_proto_data(pinfo->pool, pinfo, proto_sip, key);
    frame.tvb = get_data_source_tvb((const struct data_source *)pinfo->data_src->data);
    frame.len = tvb_captured_length(frame.tvb);
    if (record.seen == NULL || (record.seen->request_method == NULL && record.seen->response_code == 0) ||
        frame.len == 0 || frame.len > INT32_MAX) {
        return false;
    }
    frame.text = (const char *)tvb_get_ptr(frame.tvb, 0, (int)frame.len);
    if (!find_lone_datagram(&locator, &record, &message)) {
        return false;
    }
    located = wmem_new(pinfo->pool, redirect_located_t);
    *located = located_at(&locator, &frame, &message, record.transport, NULL);
    *list = (redirect_located_list_t){located, 1, 0};
    return true;
}

bool
redirect_locate(packet_info *pinfo, redirect_located_list_t *list)
{
    unsigned first_layer = first_sip_layer(pinfo);
    locator_t locator = {.pinfo = pinfo};
    wmem_array_t *records;

    *list = (redirect_located_list_t){NULL, 0, 0};
    if (first_layer == 0) {
        return false;
    }
    if (locate_lone(pinfo, list)) {
        return true;
    }
    records = collect_records(pinfo, first_layer);
    if (wmem_array_get_count(records) == 0) {
        return false;
    }
    collect_sources(&locator);
    if (locator.source_count == 0) {
        list->missed = wmem_array_get_count(records);
        return true;
    }
    locator.located = wmem_array_sized_new(pinfo->pool, sizeof(redirect_located_t), 4);
    for (unsigned i = 0; i < wmem_array_get_count(records); i++) {
        locate_record(&locator, (const record_t *)wmem_array_index(records, i));
    }
    list->count = wmem_array_get_count(locator.located);
    list->missed = locator.missed;
    if (list->count > 0) {
        list->message = (const redirect_located_t *)wmem_array_get_raw(locator.located);
    }
    return list->count > 0 || list->missed > 0;
}
