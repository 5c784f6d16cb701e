/* redirect-message.h
 * One captured SIP message, and the preferences: what the core is given.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_MESSAGE_H
#define REDIRECT_MESSAGE_H

#include "redirect-model.h"

/** Preferences and limits. */
typedef struct {
    unsigned max_hops;          /**< more redirects in a row than this are warned of; 0: never */
    bool link_calls;            /**< link follow-ups across Call-IDs */
    uint32_t link_window;       /**< seconds after a 3xx in which a new call to its target counts */
    const char *leg_headers;    /**< comma-separated header names that carry another leg's Call-ID; NULL: none */
    bool link_legs;             /**< join the legs of a B2BUA; only where link_calls is set as well */
    const char *shared_headers; /**< comma-separated header names whose value goes from leg to leg; NULL: none */
    bool show_diverted;         /**< show INVITEs and 181s that tell of forwards without any 3xx */
    redirect_limits_t limits;   /**< a limit that is 0 gets its default */
} redirect_config_t;

/**
 * One message as it was captured. sip and what it borrows need to live for the call only; it may have been read by
 * sip_message_parse_start() alone, and its rest is read where the message needs it.
 */
typedef struct {
    uint32_t frame; /**< number in the capture, from 1 */
    uint32_t index; /**< position among the SIP messages of the frame, from 0 */
    redirect_time_t time;
    redirect_endpoint_t source;
    redirect_endpoint_t destination;
    redirect_transport_t transport;
    bool is_cut;  /**< the captured bytes end within its header fields: what comes after is unknown, not absent */
    size_t bytes; /**< of it that were captured; for is_cut */
    sip_message_t *sip;
} redirect_message_t;

/** An ICMP error that quotes a request. It goes to whoever sent that; call_id needs to live for the call only. */
typedef struct {
    uint32_t frame;
    redirect_endpoint_t source;      /**< of the ICMP error: the host where nobody listens, or a router on the way */
    redirect_endpoint_t destination; /**< of the ICMP error */
    sip_slice_t call_id;
    sip_slice_t method;
    uint32_t cseq;
} redirect_unreachable_t;

/** The part of a message that is cut off in which every line is whole: of half a line nothing is read. */
static inline sip_slice_t
redirect_whole_lines(sip_slice_t text)
{
    while (text.len > 0 && text.ptr[text.len - 1] != '\n' && text.ptr[text.len - 1] != '\r') {
        text.len--;
    }
    return text;
}

#endif /* REDIRECT_MESSAGE_H */
