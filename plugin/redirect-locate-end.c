/* redirect-locate-end.c
 * Where a message ends, and what is missing of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate-int.h"

/* ---- Datagrams ---- */

/* Where the datagram ends that has its payload at start, or 0 where no such datagram is seen there. */
typedef size_t (*datagram_end_t)(const packet_info *pinfo, const char *text, size_t start);

/* RFC 6455 5.2, without a mask (an unmasked copy is a source of its own): 7 bits of length, or 126 and 16 bits. */
static size_t
websocket_end(const packet_info *pinfo _U_, const char *text, size_t start)
{
    const unsigned length_16_bits = 126;
    const unsigned opcode_bits = 0x0f, last_data_opcode = 2;

    if (start >= 4 && locate_read_8(text, start - 3) == length_16_bits &&
        (locate_read_8(text, start - 4) & opcode_bits) <= last_data_opcode) {
        return start + locate_read_16(text, start - 2);
    }
    if (start >= 2 && locate_read_8(text, start - 1) < length_16_bits &&
        (locate_read_8(text, start - 2) & opcode_bits) <= last_data_opcode) {
        return start + locate_read_8(text, start - 1);
    }
    return 0;
}

/* RFC 9260 3.3.1: DATA (0) has a header of 16 bytes, and its length counts it; RFC 8260 2.1: I-DATA (64), 20 bytes. */
static size_t
sctp_end(const packet_info *pinfo _U_, const char *text, size_t start)
{
    static const struct {
        uint8_t type;
        size_t header_len;
    } chunks[] = {{0, 16}, {64, 20}};

    for (unsigned i = 0; i < G_N_ELEMENTS(chunks); i++) {
        size_t header = start - chunks[i].header_len;

        if (start >= chunks[i].header_len && locate_read_8(text, header) == chunks[i].type &&
            locate_read_16(text, header + 2) > chunks[i].header_len) {
            return header + locate_read_16(text, header + 2);
        }
    }
    return 0;
}

static const datagram_end_t datagram_ends[] = {
    [REDIRECT_TRANSPORT_OTHER] = NULL, [REDIRECT_TRANSPORT_UDP] = locate_udp_end, [REDIRECT_TRANSPORT_TCP] = NULL,
    [REDIRECT_TRANSPORT_TLS] = NULL,   [REDIRECT_TRANSPORT_WS] = websocket_end,   [REDIRECT_TRANSPORT_SCTP] = sctp_end,
};

bool
locate_is_datagram(redirect_transport_t transport)
{
    return datagram_ends[transport] != NULL;
}

size_t
locate_datagram_end(const packet_info *pinfo, redirect_transport_t transport, const locate_source_t *source,
                    size_t start)
{
    if (datagram_ends[transport] == NULL) {
        return 0;
    }
    /* What was put together for one payload holds nothing else. */
    return !source->is_frame && start == 0 ? source->len : datagram_ends[transport](pinfo, source->text, start);
}

/* ---- Messages ---- */

/* The length of the body as far as it is there; 0 where the headers have no end. */
static size_t
body_length(const locate_text_t *text, size_t end)
{
    return text->has_empty_line && text->body < end ? end - text->body : 0;
}

/* A datagram's headers end with it, and what follows it in the source is another's. */
static void
read_headers_before(locate_source_t *source, size_t end, locate_text_t *text)
{
    source->len = MIN(end, source->size);
    if (text->body > source->len) {
        *text = (locate_text_t){.start = text->start};
        locate_text_line_end(source, text->start, &text->body);
    }
    locate_text_read_headers(source, text);
    source->len = source->size;
}

static locate_extent_t
datagram_extent(locate_source_t *source, locate_text_t *text, size_t end, redirect_transport_t transport)
{
    locate_extent_t extent = {end, true, end <= source->len, true};

    /* A part of a message in several frames of WebSocket, or chunks of SCTP, looks like a datagram of its own. */
    if (!extent.is_captured || transport != REDIRECT_TRANSPORT_UDP) {
        read_headers_before(source, end, text);
        extent.headers_complete = extent.is_captured || text->has_empty_line;
        extent.is_captured = extent.is_captured && text->announced <= body_length(text, end);
    }
    return extent;
}

/* Without a known end a message takes what is left, as in the dissector. */
static locate_extent_t
stream_extent(locate_source_t *source, locate_text_t *text)
{
    locate_extent_t extent;

    locate_text_read_headers(source, text);
    extent.is_known = text->has_content_length;
    extent.end = text->has_content_length ? text->body + text->content_length : source->len;
    extent.is_captured = text->has_empty_line && extent.end <= source->len && (extent.is_known || !source->is_cut) &&
                         text->announced <= body_length(text, extent.end);
    extent.headers_complete = text->has_empty_line;
    return extent;
}

locate_extent_t
locate_extent(const packet_info *pinfo, redirect_transport_t transport, locate_source_t *source, locate_text_t *text)
{
    size_t end = locate_datagram_end(pinfo, transport, source, text->start);

    return end > 0 ? datagram_extent(source, text, end, transport) : stream_extent(source, text);
}

redirect_located_t
locate_result(const locate_source_t *source, const locate_text_t *text, redirect_transport_t transport,
              const locate_extent_t *extent)
{
    return (redirect_located_t){
        .text = sip_slice_make(source->text + text->start, MIN(extent->end, source->len) - text->start),
        .source = source->tvb,
        .offset = (int)text->start,
        .transport = transport,
        .headers_complete = extent->headers_complete,
        .end_captured = extent->is_captured,
    };
}

static locate_text_t
read_message(sip_slice_t message)
{
    locate_effort_t effort = {0, 0};
    locate_source_t source = locate_source(NULL, message.ptr, message.len, &effort);
    locate_text_t text = {.start = 0};

    locate_text_line_end(&source, 0, &text.body);
    locate_text_read_headers(&source, &text);
    return text;
}

bool
locate_has_empty_line(sip_slice_t message)
{
    return read_message(message).has_empty_line;
}

bool
redirect_located_is_complete(const redirect_located_t *located)
{
    locate_text_t text;

    if (!located->end_captured || !locate_is_datagram(located->transport)) {
        return located->end_captured;
    }
    text = read_message(located->text);
    return text.announced <= body_length(&text, located->text.len);
}
