/* sip-host.c
 * Hosts of SIP URIs and Via values: names and addresses, compared as RFC 3261 and RFC 5954 say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "sip-host.h"

#include <stdio.h>

#include <wsutil/inet_addr.h>

#include "sip-text-int.h"

/*
 * Reads four decimal numbers of one to three digits (RFC 3261 25.1: IPv4address). The C library's own readers differ
 * over leading zeros: some refuse them, some take them for octal; SIP means decimal.
 */
static bool
read_ipv4(sip_slice_t text, uint8_t *bytes)
{
    const char *ptr = text.ptr, *end = slice_end(text);

    for (unsigned i = 0; i < 4; i++) {
        const char *start = ptr;
        unsigned number = 0;

        for (; ptr < end && ptr - start < 3 && g_ascii_isdigit(*ptr); ptr++) {
            number = number * 10 + (unsigned)(*ptr - '0');
        }
        if (ptr == start || number > 255) {
            return false;
        }
        bytes[i] = (uint8_t)number;
        if (i < 3 && (ptr == end || *ptr++ != '.')) {
            return false;
        }
    }
    return ptr == end;
}

/* A group of at most four digits, and a colon: most hosts differ from an IPv6 address in that. */
static bool
begins_like_ipv6(sip_slice_t text)
{
    size_t digits = 0;

    while (digits < text.len && digits < 4 && g_ascii_isxdigit(text.ptr[digits])) {
        digits++;
    }
    return digits < text.len && text.ptr[digits] == ':';
}

/* Where the IPv4 address at the end of an IPv6 address begins, or text.len where there is none. */
static size_t
embedded_ipv4_offset(sip_slice_t text)
{
    size_t offset = text.len;

    if (memchr(text.ptr, '.', text.len) == NULL) {
        return text.len;
    }
    while (offset > 0 && text.ptr[offset - 1] != ':') {
        offset--;
    }
    return offset;
}

bool
sip_host_read_ipv6(sip_slice_t text, uint8_t bytes[16])
{
    char buffer[WS_INET6_ADDRSTRLEN];
    uint8_t ipv4[4];
    ws_in6_addr address;

    if (!begins_like_ipv6(text) || text.len >= sizeof(buffer)) {
        return false;
    }
    const size_t head = embedded_ipv4_offset(text);
    for (size_t i = 0; i < head; i++) {
        /* Also keeps a NUL out, which would end the copy early. */
        if (!g_ascii_isxdigit(text.ptr[i]) && text.ptr[i] != ':') {
            return false;
        }
    }
    if (head == text.len) {
        memcpy(buffer, text.ptr, text.len);
        buffer[text.len] = '\0';
    } else {
        if (!read_ipv4(sip_slice_from(text, head), ipv4)) {
            return false;
        }
        memcpy(buffer, text.ptr, head);
        (void)snprintf(buffer + head, sizeof(buffer) - head, "%u.%u.%u.%u", ipv4[0], ipv4[1], ipv4[2], ipv4[3]);
    }
    if (!ws_inet_pton6(buffer, &address)) {
        return false;
    }
    memcpy(bytes, &address, 16);
    return true;
}

bool
sip_host_read_address(sip_slice_t host, sip_host_address_t *address)
{
    *address = (sip_host_address_t){0};
    if (read_ipv4(host, address->bytes)) {
        address->len = 4;
        return true;
    }
    if (sip_host_read_ipv6(host, address->bytes)) {
        address->len = 16;
        return true;
    }
    return false;
}

bool
sip_host_equal(sip_slice_t a, sip_slice_t b)
{
    sip_host_address_t address_a, address_b;

    if (sip_slice_equal_nocase(a, b)) {
        return true;
    }
    return sip_host_read_address(a, &address_a) && sip_host_read_address(b, &address_b) &&
           address_a.len == address_b.len && memcmp(address_a.bytes, address_b.bytes, address_a.len) == 0;
}

uint32_t
sip_host_hash(sip_slice_t host)
{
    uint32_t hash = HASH_START;
    sip_host_address_t address;

    if (sip_host_read_address(host, &address)) {
        for (size_t i = 0; i < address.len; i++) {
            hash = hash_byte(hash, address.bytes[i]);
        }
        return hash;
    }
    for (size_t i = 0; i < host.len; i++) {
        hash = hash_byte(hash, (unsigned char)sip_slice_lower(host.ptr[i]));
    }
    return hash;
}

/* A network, by the first bits of its addresses. */
typedef struct {
    uint8_t begin[16];
    unsigned bits;
    sip_host_reach_t reach;
} network_t;

static const network_t ipv4_networks[] = {
    {{10}, 8, SIP_HOST_REACH_SITE},        {{172, 16}, 12, SIP_HOST_REACH_SITE},
    {{192, 168}, 16, SIP_HOST_REACH_SITE}, {{100, 64}, 10, SIP_HOST_REACH_CARRIER},
    {{169, 254}, 16, SIP_HOST_REACH_LINK}, {{127}, 8, SIP_HOST_REACH_HOST},
    {{0}, 8, SIP_HOST_REACH_NOWHERE},
};

static const network_t ipv6_networks[] = {
    {{0xfc}, 7, SIP_HOST_REACH_SITE},
    {{0xfe, 0x80}, 10, SIP_HOST_REACH_LINK},
    {{[15] = 1}, 128, SIP_HOST_REACH_HOST},
    {{0}, 128, SIP_HOST_REACH_NOWHERE},
};

static const network_t mapped_ipv4 = {{[10] = 0xff, [11] = 0xff}, 96, SIP_HOST_REACH_ANYWHERE};

static bool
is_in(const uint8_t *address, const network_t *network)
{
    const unsigned whole = network->bits / 8, rest = network->bits % 8;

    return memcmp(address, network->begin, whole) == 0 &&
           (rest == 0 || (address[whole] ^ network->begin[whole]) >> (8 - rest) == 0);
}

static sip_host_reach_t
reach_in(const uint8_t *address, const network_t *networks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(address, &networks[i])) {
            return networks[i].reach;
        }
    }
    return SIP_HOST_REACH_ANYWHERE;
}

sip_host_reach_t
sip_host_reach(const sip_host_address_t *address)
{
    if (address->len == 4) {
        return reach_in(address->bytes, ipv4_networks, G_N_ELEMENTS(ipv4_networks));
    }
    if (is_in(address->bytes, &mapped_ipv4)) {
        return reach_in(address->bytes + 12, ipv4_networks, G_N_ELEMENTS(ipv4_networks));
    }
    return reach_in(address->bytes, ipv6_networks, G_N_ELEMENTS(ipv6_networks));
}

const char *
sip_host_reach_words(sip_host_reach_t reach)
{
    static const char *const words[] = {
        [SIP_HOST_REACH_ANYWHERE] = "a public address",
        [SIP_HOST_REACH_SITE] = "a private address",
        [SIP_HOST_REACH_CARRIER] = "an address within a carrier's network",
        [SIP_HOST_REACH_LINK] = "a link-local address",
        [SIP_HOST_REACH_HOST] = "a loopback address",
        [SIP_HOST_REACH_NOWHERE] = "no address to send to (unspecified)",
    };

    return words[reach];
}
