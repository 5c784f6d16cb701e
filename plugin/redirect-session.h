/* redirect-session.h
 * The analysis of the capture file that is open, and what the tap "sip_redirect" hands on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_SESSION_H
#define REDIRECT_SESSION_H

#include <epan/address.h>
#include <wsutil/nstime.h>

#include "redirect-tracker.h"

/** What listeners of the tap "sip_redirect" get, once for each record of a frame. */
typedef struct {
    const redirect_store_t *store;
    const redirect_record_t *record;
} sip_redirect_tap_t;

/** A time of Wireshark's in nanoseconds; those of damaged captures may be anything, and are clamped. */
redirect_time_t redirect_session_time(const nstime_t *time);

/** An address and port of Wireshark's; of other kinds than IPv4 and IPv6 the address is unknown. */
redirect_endpoint_t redirect_session_endpoint(const address *from, uint32_t port);

/** Begins the analysis of a capture file; its memory is wmem_file_scope()'s. config is copied. */
void redirect_session_open(const redirect_config_t *config);

/**
 * A frame without SIP was captured at that time: tells the tracker, once for each second. Most frames of most captures are
 * such, and what the tracker does with time counts in seconds.
 */
void redirect_session_pass_time(const nstime_t *time);

/** Ends it: the file closes, and its memory goes. */
void redirect_session_close(void);

/** The analysis of the open file, or NULL where none is open. */
redirect_tracker_t *redirect_session_tracker(void);

/** What is known of the open file, or NULL. */
const redirect_store_t *redirect_session_store(void);

#endif /* REDIRECT_SESSION_H */
