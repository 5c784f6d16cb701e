/* redirect-traits.c
 * What two requests may have in common beside who calls whom.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-traits.h"

#include "redirect-hash.h"
#include "sip-headers.h"
#include "sip-sdp.h"

/* Tags are made of 32 random bits or more (RFC 3261 19.3): shorter text has not that much in it. */
#define MIN_TAG 8

/*
 * No secret: what is learnt of a capture must not differ from run to run. Whoever writes values whose hashes are equal
 * makes the capture's calls look alike, and so their links less sure.
 */
static const redirect_secret_t no_secret = {UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)};

static sip_slice_t
read_tag(const sip_message_t *sip)
{
    const sip_slice_t tag = sip_message_from_tag(sip);

    return tag.len >= MIN_TAG ? tag : SIP_SLICE_NONE;
}

/* The user name and session id of an o= line: an offer that is changed has another version, which comes after them. */
static sip_slice_t
read_origin(const sip_message_t *sip)
{
    sip_sdp_t sdp;

    if (!sip_sdp_read(sip->body, &sdp)) {
        return SIP_SLICE_NONE;
    }
    return sip_slice_make(sdp.username.ptr, (size_t)(sdp.session_id.ptr - sdp.username.ptr) + sdp.session_id.len);
}

static sip_slice_t
read_contact(const sip_message_t *sip)
{
    sip_slice_t value = SIP_SLICE_NONE;

    (void)sip_message_header(sip, SIP_HEADER_CONTACT, &value);
    return value;
}

static sip_slice_t
read_agent(const sip_message_t *sip)
{
    sip_slice_t value = SIP_SLICE_NONE;

    (void)sip_message_header(sip, SIP_HEADER_USER_AGENT, &value);
    return value;
}

static sip_slice_t
read_session(const sip_message_t *sip)
{
    sip_slice_t session = SIP_SLICE_NONE, remote;

    return sip_message_session_id(sip, &session, &remote) ? session : SIP_SLICE_NONE;
}

redirect_traits_t
redirect_traits_read(const sip_message_t *sip, unsigned wanted)
{
    static sip_slice_t (*const read[REDIRECT_TRAIT_COUNT])(const sip_message_t *) = {
        [REDIRECT_TRAIT_FROM_TAG] = read_tag,    [REDIRECT_TRAIT_SDP] = read_origin,
        [REDIRECT_TRAIT_CONTACT] = read_contact, [REDIRECT_TRAIT_AGENT] = read_agent,
        [REDIRECT_TRAIT_SESSION] = read_session,
    };
    redirect_traits_t traits;

    for (unsigned i = 0; i < REDIRECT_TRAIT_COUNT; i++) {
        const sip_slice_t value = wanted & 1U << i ? read[i](sip) : SIP_SLICE_NONE;
        traits.value[i] = value.len > 0 ? (uint32_t)redirect_hash(&no_secret, value) | 1 : 0;
    }
    return traits;
}
