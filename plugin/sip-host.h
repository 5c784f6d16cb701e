/* sip-host.h
 * Hosts of SIP URIs and Via values: names and addresses, compared as RFC 3261 and RFC 5954 say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_HOST_H
#define SIP_HOST_H

#include "sip-slice.h"

/** An address; of an IPv4 address only the first four bytes count. */
typedef struct {
    size_t len; /**< 4 for IPv4, 16 for IPv6 */
    uint8_t bytes[16];
} sip_host_address_t;

/**
 * Reads an IPv4 or IPv6 address, the latter without brackets and zone (RFC 3261 25.1, RFC 5954 4.1).
 * Numbers of an IPv4 address are decimal, leading zeros or not.
 * @return false for anything else, a name above all: then *address is all zero or partly read, and means nothing.
 */
bool sip_host_read_address(sip_slice_t host, sip_host_address_t *address);

/** As sip_host_read_address(), for IPv6 alone. */
bool sip_host_read_ipv6(sip_slice_t host, uint8_t bytes[16]);

/** From where an address can be reached: most mean something within one kind of network only (RFC 6890 2.2). */
typedef enum {
    SIP_HOST_REACH_ANYWHERE = 0,
    SIP_HOST_REACH_SITE,    /**< private: RFC 1918, unique local addresses (RFC 4193) */
    SIP_HOST_REACH_CARRIER, /**< shared address space (RFC 6598) */
    SIP_HOST_REACH_LINK,    /**< link-local (RFC 3927, RFC 4291) */
    SIP_HOST_REACH_HOST,    /**< loopback */
    SIP_HOST_REACH_NOWHERE, /**< unspecified */
} sip_host_reach_t;

/** An IPv6 address that maps an IPv4 address is taken for that. */
sip_host_reach_t sip_host_reach(const sip_host_address_t *address);

/** "a private address", ...: for sentences; a static string. */
const char *sip_host_reach_words(sip_host_reach_t reach);

/**
 * RFC 3261 19.1.4: hosts compare without case, and a name never equals the address it resolves to.
 * RFC 5954 4.2: addresses compare by their bits. An IPv4 address is not the IPv6 address that maps it.
 */
bool sip_host_equal(sip_slice_t a, sip_slice_t b);

/** A hash that is the same for all hosts that sip_host_equal() finds equal. Not seeded: see sip_uri_match_key(). */
uint32_t sip_host_hash(sip_slice_t host);

#endif /* SIP_HOST_H */
