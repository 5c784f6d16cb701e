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
     * Content-Length bytes after the empty line (RFC 3261 18.3). Never beyond the captured bytes.
     */
    sip_slice_t text;
    tvbuff_t *source; /**< the data source that holds text, for highlighting */
    int offset;       /**< of text in source, in bytes */
    redirect_transport_t transport;
    /**
     * No header line is missing: the empty line is there, or the capture has the whole datagram. Where this is false, a
     * header that text lacks may stand after the cut, and the last one that it has may be a part only.
     */
    bool headers_complete;
    bool end_captured; /**< text goes to the message's end; ask redirect_located_is_complete() instead */
} redirect_located_t;

/** A request that an ICMP error quotes, as far as the SIP dissector read it. The strings are Wireshark's. */
typedef struct {
    const char *method;
    const char *call_id;
    uint32_t cseq;
} redirect_quoted_t;

/** The messages of one frame in the order in which they were dissected. */
typedef struct {
    const redirect_located_t *message; /**< NULL where count is 0; &lone, or owned by pinfo->pool */
    unsigned count;
    /**
     * Messages that the SIP dissector saw and whose text was not found. Not counted: what redirect_locate() leaves out,
     * and data that the dissector calls a continuation.
     */
    unsigned missed;
    /** The request that the frame quotes: set where redirect_locate() is true and both numbers are 0, else undefined. */
    const redirect_quoted_t *quoted;
    redirect_located_t lone; /**< room for the one message that most frames hold: so the list must not be copied */
} redirect_located_list_t;

/**
 * Looks the protocols up. Call once, when all protocols are registered (a proto_reg_handoff function).
 * @param protocol the caller's own id from proto_register_protocol(); see redirect_locate().
 */
void redirect_locate_init(int protocol);

/**
 * The SIP messages of a frame. To be called by a post-dissector or a tap, thus after SIP's dissection of the frame and
 * before pinfo's end. Frames without SIP cost a few compares. A message over several TCP segments is found in the frame
 * that completes it. Left out: SIP in the body of a message (message/sip, message/sipfrag), and SIP in packets that are
 * only quoted (ICMP errors, flow samples). pinfo is as it was when this returns, except for one entry:
 *
 * What was found is kept in pinfo->proto_data (the protocol of redirect_locate_init(), REDIRECT_LOCATE_KEY), so that a
 * later call for the same dissection of the frame is a lookup. The entry and all that *list points to belong to
 * pinfo->pool: Wireshark frees both before it dissects another frame, or the same one again.
 * @return true where *list holds at least one message or one missed, or a request that an ICMP error quotes and no
 *         message; false leaves it empty.
 */
bool redirect_locate(packet_info *pinfo, redirect_located_list_t *list);

/** The key of the entry in pinfo->proto_data, which nobody else may use with that protocol and pinfo->pool. */
#define REDIRECT_LOCATE_KEY 0x6c6f63

/**
 * Is nothing of the message missing? False where the capture ends before the message does (a snap length, a lost
 * segment or fragment, no empty line in a stream), and where its body is shorter than Content-Length. The latter may be
 * the sender's error as well: a datagram can be captured whole and be too short. Without Content-Length (RFC 3261 20.14
 * allows it over UDP only) a body is taken to be whole.
 * Reads the header lines of a datagram, which redirect_locate() does not.
 */
bool redirect_located_is_complete(const redirect_located_t *located);

#endif /* REDIRECT_LOCATE_H */
