/* sip-uri-int.h
 * What reading and comparing URIs share: characters with their escapes, and the pieces of a list. For sip-uri*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_URI_INT_H
#define SIP_URI_INT_H

#include "sip-text-int.h"
#include "sip-uri.h"

/** The characters of text that next_* functions hand out; below 0 is the end. */
#define UNIT_END (-1)

/** Marks a reserved character that was escaped, which is not the same as the character itself. */
#define UNIT_RESERVED_ESCAPE 0x100

/* A test that counts characters instead of seconds defines this. */
#ifndef SIP_URI_COUNT_UNIT
#define SIP_URI_COUNT_UNIT() ((void)0)
#endif

/** Takes one character off *rest; UNIT_END where there is none left. */
typedef int (*unit_reader_t)(sip_slice_t *rest);

/** RFC 3261 25.1: reserved. */
static inline bool
is_reserved(int unit)
{
    return is_one_of(unit, SIP_SLICE_LITERAL(";/?:@&=+$,"));
}

/** The byte that "%HH" at the start of text stands for, or UNIT_END where there is no escape. */
static inline int
escaped_byte(sip_slice_t text)
{
    if (text.len < 3 || text.ptr[0] != '%') {
        return UNIT_END;
    }
    const int high = g_ascii_xdigit_value(text.ptr[1]);
    const int low = g_ascii_xdigit_value(text.ptr[2]);
    return high < 0 || low < 0 ? UNIT_END : high << 4 | low;
}

/**
 * The next character, escapes decoded once: RFC 3261 19.1.4 makes a character outside the reserved set the same as its
 * escape, and so keeps a reserved one apart from it. A "%" that starts no escape stands for itself.
 */
static inline int
next_exact(sip_slice_t *rest)
{
    SIP_URI_COUNT_UNIT();
    if (rest->len == 0) {
        return UNIT_END;
    }
    const int escaped = rest->ptr[0] == '%' ? escaped_byte(*rest) : UNIT_END;
    const int unit = escaped >= 0 ? escaped : (unsigned char)rest->ptr[0];
    *rest = sip_slice_from(*rest, escaped >= 0 ? 3 : 1);
    return escaped >= 0 && is_reserved(escaped) ? unit | UNIT_RESERVED_ESCAPE : unit;
}

/** As next_exact(), without ASCII case. */
static inline int
next_nocase(sip_slice_t *rest)
{
    const int unit = next_exact(rest);
    return unit >= 'A' && unit <= 'Z' ? unit - 'A' + 'a' : unit;
}

/** As next_exact(), but a reserved character is the same as its escape: gateways write "%2B1555" for "+1555". */
static inline int
next_loose(sip_slice_t *rest)
{
    const int unit = next_exact(rest);
    return unit == UNIT_END ? UNIT_END : unit & 0xff;
}

/** Below, at or above 0 as a sorts before, with or after b by the characters that reader gives. */
static inline int
compare_units(sip_slice_t a, sip_slice_t b, unit_reader_t reader)
{
    int unit_a, unit_b;

    do {
        unit_a = reader(&a);
        unit_b = reader(&b);
        if (unit_a != unit_b) {
            return unit_a - unit_b;
        }
    } while (unit_a != UNIT_END);
    return 0;
}

/** True where both texts give the same characters through reader, as the same text does through any. */
static inline bool
same_units(sip_slice_t a, sip_slice_t b, unit_reader_t reader)
{
    return sip_slice_equal(a, b) || compare_units(a, b, reader) == 0;
}

/** One "name=value" or "name" of a list; value.ptr is NULL where there is no "=". */
typedef struct {
    sip_slice_t name;
    sip_slice_t value;
} piece_t;

/** Takes the next piece off *rest; empty ones (";;") are passed over. False at the end. */
static inline bool
next_piece(sip_slice_t *rest, char separator, piece_t *piece)
{
    while (rest->len > 0) {
        const char *start = rest->ptr, *end = slice_end(*rest);
        const char *stop = find_char(start, end, separator);
        const sip_slice_t text = sip_slice_trim(slice_between(start, stop));

        *rest = slice_between(stop < end ? stop + 1 : end, end);
        if (text.len > 0) {
            const char *text_end = slice_end(text);
            const char *equals = find_char(text.ptr, text_end, '=');

            piece->name = sip_slice_trim(slice_between(text.ptr, equals));
            piece->value = equals < text_end ? sip_slice_trim(slice_between(equals + 1, text_end)) : SIP_SLICE_NONE;
            return true;
        }
    }
    return false;
}

/** True for "urn:service:..." (RFC 5031 3): compared without case. */
static inline bool
is_service_urn(const sip_uri_t *uri)
{
    static const sip_slice_t service = {"service:", 8};

    return sip_slice_equal_nocase(uri->scheme, SIP_SLICE_LITERAL("urn")) && uri->opaque.len > service.len &&
           sip_slice_starts_nocase(uri->opaque, service);
}

/** True for sip:, sips: and no scheme: these have a host. */
static inline bool
is_sip_kind(const sip_uri_t *uri)
{
    return sip_uri_scheme_is_sip(uri->scheme_kind) || uri->scheme_kind == SIP_URI_SCHEME_NONE;
}

#endif /* SIP_URI_INT_H */
