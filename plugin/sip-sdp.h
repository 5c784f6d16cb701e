/* sip-sdp.h
 * What the session description in a body says of who offers it: which session, and where sound is to go.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "sip-slice.h"

/** What identifies a session description (RFC 8866). Slices borrow the body; absent where not given. */
typedef struct {
    sip_slice_t username;   /**< of the o= line */
    sip_slice_t session_id; /**< of the o= line */
    sip_slice_t origin;     /**< of the o= line: the address of who made it */
    sip_slice_t address;    /**< where the first media is to go: its own c= line, else that of the session */
    sip_slice_t port;       /**< of the first m= line */
} sip_sdp_t;

/**
 * Reads the first session description of a body, which may be one part of several (RFC 5621): username, session id and
 * address of its o= line name the session in the world (RFC 8866 5.2); the version is left out, for it changes.
 * Never allocates, never reads outside body, reads each byte at most twice.
 * @return false where there is no description with an o= line; then *sdp must not be used
 */
bool sip_sdp_read(sip_slice_t body, sip_sdp_t *sdp);

#endif /* SIP_SDP_H */
