/* redirect-locate-int.h
 * What the files of redirect-locate share. Each has one job:
 *   redirect-locate.c          a frame's messages: none, the lone datagram that nearly all SIP frames hold, or a search
 *   redirect-locate-records.c  which messages the SIP dissector saw
 *   redirect-locate-text.c     lines, headers and start lines; whether a text belongs to a record
 *   redirect-locate-end.c      where a message ends, and what is missing of it
 *   redirect-locate-search.c   finds the text of each record in the frame's data sources
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LOCATE_INT_H
#define REDIRECT_LOCATE_INT_H

#include <epan/packet.h>

#include "redirect-compat.h"
#include "redirect-locate.h"

/* ---- Records: redirect-locate-records.c ---- */

/* A message that the SIP dissector saw. */
typedef struct {
    const sip_info_value_t *seen; /* the dissector's */
    uint32_t key;                 /* under which it was kept */
    redirect_transport_t transport;
    bool is_quoted;
    bool is_in_icmp; /* so that it did not get to where it was sent */
    unsigned round;  /* how often layer numbers started again from 0 before it */
    unsigned place;  /* among all of the frame, by key */
} locate_record_t;

/* Looks the protocols up. */
void locate_records_init(void);

/* The id of SIP. */
int locate_proto_sip(void);

/*
 * What a layer may be, at the protocol's number modulo the table's size. As protocols share places, a mark says "may be",
 * and no mark says that it is not.
 */
#define LOCATE_MARK_COUNT 4096
#define LOCATE_MARK_QUOTING 1   /* its payload is a copy of somebody's packet */
#define LOCATE_MARK_TRANSPORT 2 /* it gives the transport of SIP above it */
extern uint8_t locate_mark[LOCATE_MARK_COUNT];

static inline unsigned
locate_mark_of(int proto)
{
    return locate_mark[(unsigned)proto % LOCATE_MARK_COUNT];
}

/* Did the dissector take it for a message? Else it is data that it calls a continuation. */
static inline bool
locate_is_message(const sip_info_value_t *seen)
{
    return seen->request_method != NULL || seen->response_code != 0;
}

/*
 * The messages that the dissector saw in the frame, in the order of dissection, without those that are only quoted.
 * first_layer: the number of the frame's first SIP layer, counted from 1. The *count records are owned by pinfo->pool.
 * *quoted is the first request that ICMP quotes, or NULL.
 */
const locate_record_t *locate_records(packet_info *pinfo, unsigned first_layer, unsigned *count,
                                      const sip_info_value_t **quoted);

/* ---- Text: redirect-locate-text.c ---- */

/* What looking at text has cost, for all sources of a frame together. */
typedef struct {
    size_t examined; /* bytes; those looked at twice count twice */
    size_t limit;    /* searches give up beyond */
} locate_effort_t;

/* Bytes in which messages are looked for; offsets count from their first. */
typedef struct {
    const char *text;
    size_t size;
    size_t len;  /* as far as it may be read at present: size, but for searches in a part */
    size_t next; /* what lies before this was used for a message already */
    size_t lf;   /* the first line feed at lf_from or after it, size where there is none */
    size_t lf_from;
    locate_effort_t *effort;
    tvbuff_t *tvb;
    bool is_frame; /* the frame itself, not what was derived from it */
    bool is_cut;   /* by a snap length: the frame had more */
} locate_source_t;

/* A source that nothing is known of yet. */
locate_source_t locate_source(tvbuff_t *tvb, const char *text, size_t len, locate_effort_t *effort);

/* One message as it stands in a source. */
typedef struct {
    size_t start;
    size_t body; /* where the headers end, or as far as they were read */
    bool has_empty_line;
    bool has_content_length;
    size_t content_length; /* as the dissector counts */
    uint32_t announced;    /* Content-Length as it is written; UINT32_MAX for any greater number */
    bool may_hold_sip;     /* the body's type is one inside which the SIP dissector may run again */
    bool is_multipart;
    bool is_encoded; /* the body is compressed */
    sip_slice_t call_id;
    sip_slice_t cseq;
} locate_text_t;

/* Where the line at offset ends, and where the next begins: at CR LF, a bare LF or a bare CR, as the dissector. */
size_t locate_text_line_end(locate_source_t *source, size_t offset, size_t *next);

/* Reads the header lines that are left, up to the empty line. Of repeated headers the last one counts. */
void locate_text_read_headers(locate_source_t *source, locate_text_t *text);

/*
 * Does a text begin with the record's start line, ended by CR LF? Cheaper than locate_text_at(), which knows the other
 * line ends as well, and methods that are not ASCII.
 */
bool locate_text_starts(sip_slice_t text, const sip_info_value_t *seen);

/* The start line of the record's method or status that begins at *offset or after it; moves *offset on. */
bool locate_text_next_start_line(locate_source_t *source, size_t from, size_t *offset, const sip_info_value_t *seen,
                                 size_t *start);

/* The message that begins at start exactly, if it agrees with the record. */
bool locate_text_at(locate_source_t *source, size_t start, const sip_info_value_t *seen, locate_text_t *text);

/* The first message in [from, to) of source that agrees with the record. */
bool locate_text_find(locate_source_t *source, size_t from, size_t to, const sip_info_value_t *seen,
                      locate_text_t *text);

/* ---- Ends: redirect-locate-end.c ---- */

#define LOCATE_UDP_HEADER 8 /* bytes: RFC 768 */

typedef struct {
    size_t end;    /* of the text, in the source; beyond its end where bytes are missing */
    bool is_known; /* from the datagram or from Content-Length */
    bool is_captured;
    bool headers_complete;
} locate_extent_t;

static inline unsigned
locate_read_8(const char *text, size_t offset)
{
    return (uint8_t)text[offset];
}

static inline unsigned
locate_read_16(const char *text, size_t offset)
{
    return locate_read_8(text, offset) << 8 | locate_read_8(text, offset + 1);
}

/*
 * Where the UDP datagram ends whose payload begins at start; 0 where no header with the frame's ports is before it. RFC
 * 768: source port, destination port, length with this header of 8 bytes, checksum.
 */
static inline size_t
locate_udp_end(const packet_info *pinfo, const char *text, size_t start)
{
    size_t len;

    if (start < LOCATE_UDP_HEADER || pinfo->ptype != PT_UDP || locate_read_16(text, start - 8) != pinfo->srcport ||
        locate_read_16(text, start - 6) != pinfo->destport) {
        return 0;
    }
    len = locate_read_16(text, start - 4);
    return len > LOCATE_UDP_HEADER ? start - LOCATE_UDP_HEADER + len : 0;
}

/* Is each message a datagram, and each datagram one message? */
bool locate_is_datagram(redirect_transport_t transport);

/* Where the datagram ends that carries the message at start; 0 where that is not known, and for streams. */
size_t locate_datagram_end(const packet_info *pinfo, redirect_transport_t transport, const locate_source_t *source,
                           size_t start);

/* Where a message ends. Reads its headers, unless it is a UDP datagram that was captured whole. */
locate_extent_t locate_extent(const packet_info *pinfo, redirect_transport_t transport, locate_source_t *source,
                              locate_text_t *text);

/* What a message at its place in a source gives. */
redirect_located_t locate_result(const locate_source_t *source, const locate_text_t *text,
                                 redirect_transport_t transport, const locate_extent_t *extent);

/* Do the headers of the message have an end? */
bool locate_has_empty_line(sip_slice_t message);

/* ---- Search: redirect-locate-search.c ---- */

/*
 * Finds the texts of count records in the frame's data sources. located has room for count; *missed says how many of them
 * were not found and belong to no body. Returns how many were found.
 */
unsigned locate_search(packet_info *pinfo, const locate_record_t *record, unsigned count, redirect_located_t *located,
                       unsigned *missed);

#endif /* REDIRECT_LOCATE_INT_H */
