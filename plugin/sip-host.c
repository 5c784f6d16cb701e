/* sip-host.c
 * Hosts of SIP URIs and Via values: names and addresses, compared as RFC 3261 and RFC 5954 say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

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
