/* redirect-locate.h
 * Finds the SIP messages of a frame without a protocol tree.
 *
 * A post-dissector that asks for fields makes Wireshark build a protocol tree for every packet of every capture. This
 * does without: the SIP dissector leaves a record of each message that it saw (method or status, Call-ID, CSeq), and
 * the frame keeps the bytes that were dissected (the frame itself, reassembled TCP or IP, decrypted TLS, unmasked
 * WebSocket, decompressed SigComp). Each record is matched with the text that it was made from; a record without such
 * text is counted as missed and nothing is put in its place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LOCATE_H
#define REDIRECT_LOCATE_H

#include <epan/packet.h>

#include "redirect-transport.h"
#include "sip-slice.h"

/** One message. text and source are Wireshark's and live as long as the dissection of the frame. */
typedef struct {
    /**
     * From the first byte of the start line to the message's end: the end of the datagram (UDP, WebSocket, SCTP), or
     * Content-Length bytes behind the empty line (RFC 3261 18.3). Never beyond the captured bytes.
     */
    sip_slice_t text;
    tvbuff_t *source; /**< the data source that holds text, for highlighting */
    int offset;       /**< of text in source, in bytes */
    redirect_transport_t transport;
    /**
     * Over UDP: the capture has the whole datagram. Else: the empty line is there, and so is the body as far as
     * Content-Length counts it.
     */
    bool complete;
} redirect_located_t;

/** The messages of one frame in the order in which they were dissected. */
typedef struct {
    const redirect_located_t *message; /**< NULL where count is 0; owned by pinfo->pool */
    unsigned count;
    unsigned missed; /**< messages that the SIP dissector saw and whose text was not found */
} redirect_located_list_t;

/** Looks the protocols up. Call once, when all protocols are registered (a proto_reg_handoff function). */
void redirect_locate_init(void);

/**
 * The SIP messages of a frame. To be called by a post-dissector, thus after the frame's dissection and before its end.
 * Frames without SIP cost a few compares. A message over several TCP segments is found in the frame that completes it.
 * Left out: SIP in the body of a message (message/sip, message/sipfrag), and SIP in packets that are only quoted (ICMP
 * errors, flow samples). pinfo is as it was when this returns.
 * @return true where *list holds at least one message or one missed; false leaves it empty.
 */
bool redirect_locate(packet_info *pinfo, redirect_located_list_t *list);

#endif /* REDIRECT_LOCATE_H */
