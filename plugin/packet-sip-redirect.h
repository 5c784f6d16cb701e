/* packet-sip-redirect.h
 * What the dissector hands to its taps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef PACKET_SIP_REDIRECT_H
#define PACKET_SIP_REDIRECT_H

#include "redirect-tracker.h"

/**
 * Queued on the tap "sip_redirect" once for every message that carries sip_redirect, in frame order within a pass.
 * Valid during the tap's packet callback; tracker and record live as long as the capture file.
 */
typedef struct {
    const redirect_tracker_t *tracker;
    const redirect_record_t *record;
} sip_redirect_tap_t;

/** The tracker of the open capture file, or NULL while there is none; ends when the file is closed or read again. */
const redirect_tracker_t *sip_redirect_tracker(void);

#endif /* PACKET_SIP_REDIRECT_H */
