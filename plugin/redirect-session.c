/* redirect-session.c
 * The analysis of the capture file that is open.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-session.h"

#include <epan/wmem_scopes.h>

/* Wireshark has one capture file open at a time, and dissects in one thread. */
static redirect_tracker_t *tracker;
static time_t passed; /* the second in which the latest frame without SIP was taken */

redirect_time_t
redirect_session_time(const nstime_t *time)
{
    static const redirect_time_t most = INT64_MAX / 2 / REDIRECT_SECOND;

    return redirect_clamp_time(CLAMP((redirect_time_t)time->secs, -most, most) * REDIRECT_SECOND + time->nsecs);
}

redirect_endpoint_t
redirect_session_endpoint(const address *from, uint32_t port)
{
    redirect_endpoint_t to = {.len = 0, .port = (uint16_t)port};

    if (from->type == AT_IPv4 && from->len == 4) {
        to.len = 4;
        memcpy(to.address, from->data, 4);
    } else if (from->type == AT_IPv6 && from->len == 16) {
        to.len = 16;
        memcpy(to.address, from->data, 16);
    }
    return to;
}

void
redirect_session_open(const redirect_config_t *config)
{
    tracker = redirect_tracker_new(wmem_file_scope(), config);
    passed = 0;
}

void
redirect_session_pass_time(const nstime_t *time)
{
    if (time->secs != passed) {
        passed = time->secs;
        redirect_tracker_advance(tracker, redirect_session_time(time));
    }
}

void
redirect_session_close(void)
{
    tracker = NULL;
}

redirect_tracker_t *
redirect_session_tracker(void)
{
    return tracker;
}

const redirect_store_t *
redirect_session_store(void)
{
    return tracker ? redirect_tracker_store(tracker) : NULL;
}
