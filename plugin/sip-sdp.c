/* sip-sdp.c
 * The o=, c= and m= lines of a session description (RFC 8866).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-sdp.h"

#include "sip-text-int.h"

/* Words of the o= line: username, session id, version, network type, address type, address. */
#define ORIGIN_WORDS 6

/* The next line of *rest, without its end. False where nothing is left. */
static bool
next_line(sip_slice_t *rest, sip_slice_t *line)
{
    const char *const end = slice_end(*rest);
    const char *newline;

    if (rest->len == 0) {
        return false;
    }
    newline = find_char(rest->ptr, end, '\n');
    *line = sip_slice_trim(slice_between(rest->ptr, newline));
    *rest = newline < end ? slice_between(newline + 1, end) : slice_between(end, end);
    return true;
}

/* The next word of *rest; empty at the end. */
static sip_slice_t
next_word(sip_slice_t *rest)
{
    const char *const end = slice_end(*rest);
    const char *start = rest->ptr, *stop;

    while (start < end && is_blank(*start)) {
        start++;
    }
    stop = start;
    while (stop < end && !is_blank(*stop)) {
        stop++;
    }
    *rest = slice_between(stop, end);
    return slice_between(start, stop);
}

/* The value of a line of one type; false where it is of another. */
static bool
has_type(sip_slice_t line, char type, sip_slice_t *value)
{
    if (line.len < 2 || line.ptr[0] != type || line.ptr[1] != '=') {
        return false;
    }
    *value = sip_slice_from(line, 2);
    return true;
}

static bool
read_origin(sip_slice_t value, sip_sdp_t *sdp)
{
    sip_slice_t word[ORIGIN_WORDS];

    for (size_t i = 0; i < ORIGIN_WORDS; i++) {
        word[i] = next_word(&value);
    }
    if (word[ORIGIN_WORDS - 1].len == 0) {
        return false;
    }
    *sdp = (sip_sdp_t){.username = word[0], .session_id = word[1], .origin = word[5]};
    return true;
}

/* "IN IP4 192.0.2.1/127": the address, without the TTL and the number of addresses. */
static sip_slice_t
connection_address(sip_slice_t value)
{
    sip_slice_t address;

    (void)next_word(&value);
    (void)next_word(&value);
    address = next_word(&value);
    return slice_between(address.ptr, find_char(address.ptr, slice_end(address), '/'));
}

/* "audio 49170 RTP/AVP 0": the port, without the number of ports. */
static sip_slice_t
media_port(sip_slice_t value)
{
    sip_slice_t port;

    (void)next_word(&value);
    port = next_word(&value);
    return slice_between(port.ptr, find_char(port.ptr, slice_end(port), '/'));
}

/* All after the o= line, up to the second m= line, or to what can be no line of a description. */
static void
read_media(sip_slice_t rest, sip_sdp_t *sdp)
{
    sip_slice_t line, value;

    while (next_line(&rest, &line) && line.len >= 2 && line.ptr[1] == '=') {
        if (has_type(line, 'm', &value)) {
            if (sdp->port.ptr) {
                return;
            }
            sdp->port = media_port(value);
        } else if (has_type(line, 'c', &value)) {
            sdp->address = connection_address(value);
        }
    }
}

bool
sip_sdp_read(sip_slice_t body, sip_sdp_t *sdp)
{
    sip_slice_t line, value;
    bool is_in_description = false;

    while (next_line(&body, &line)) {
        if (is_in_description && has_type(line, 'o', &value)) {
            if (!read_origin(value, sdp)) {
                return false;
            }
            read_media(body, sdp);
            return true;
        }
        is_in_description = has_type(line, 'v', &value);
    }
    return false;
}
