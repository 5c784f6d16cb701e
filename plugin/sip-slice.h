/* sip-slice.h
 * A borrowed piece of text inside a SIP message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_SLICE_H
#define SIP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/** Of a few instructions where the first look decides: a call costs as much, and optimizers across files make one. */
#ifdef __GNUC__
#define SIP_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define SIP_ALWAYS_INLINE inline
#endif

/** Of what few messages need: kept apart, so that what all need is close together, and is not made larger by it. */
#ifdef __GNUC__
#define SIP_RARELY_CALLED __attribute__((cold, noinline))
#else
#define SIP_RARELY_CALLED
#endif

/**
 * Text that somebody else owns: never NUL-terminated, never freed through this.
 * An absent slice has ptr == NULL; a present but empty one has len == 0.
 * It is valid as long as the buffer it points into.
 */
typedef struct {
    const char *ptr;
    size_t len;
} sip_slice_t;

/** The absent slice. */
#define SIP_SLICE_NONE ((sip_slice_t){NULL, 0})

/** A slice over a string literal. */
#define SIP_SLICE_LITERAL(text) ((sip_slice_t){(text), sizeof(text) - 1})

/** A slice over len bytes at ptr; borrows them. */
static inline sip_slice_t
sip_slice_make(const char *ptr, size_t len)
{
    return (sip_slice_t){ptr, len};
}

/** A slice over a NUL-terminated string; borrows it. NULL gives the absent slice. */
static inline sip_slice_t
sip_slice_from_string(const char *text)
{
    return text ? (sip_slice_t){text, strlen(text)} : SIP_SLICE_NONE;
}

/** True for a slice that is present and not empty. */
static inline bool
sip_slice_has_text(sip_slice_t slice)
{
    return slice.ptr != NULL && slice.len > 0;
}

/** Byte for byte equality; an absent slice equals an empty one. */
static inline bool
sip_slice_equal(sip_slice_t a, sip_slice_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** As g_ascii_tolower(), without its call. */
static inline char
sip_slice_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/** Equality of len bytes without ASCII case; a NUL is a byte like any other, and does not end the comparison. */
static inline bool
sip_slice_bytes_equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i] && sip_slice_lower(a[i]) != sip_slice_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/** Equality without ASCII case (RFC 3261 7.3.1: names and tokens). */
static inline bool
sip_slice_equal_nocase(sip_slice_t a, sip_slice_t b)
{
    return a.len == b.len && sip_slice_bytes_equal_nocase(a.ptr, b.ptr, a.len);
}

/** True where slice begins with prefix, without ASCII case. */
static inline bool
sip_slice_starts_nocase(sip_slice_t slice, sip_slice_t prefix)
{
    return slice.len >= prefix.len && sip_slice_bytes_equal_nocase(slice.ptr, prefix.ptr, prefix.len);
}

/** As g_ascii_isspace(), without its table: this is asked of each value of each message. */
static inline bool
sip_slice_is_space(char c)
{
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r');
}

/** As sip_slice_trim(), for a slice that has something to take off. */
static inline sip_slice_t
sip_slice_strip(sip_slice_t slice)
{
    while (slice.len > 0 && sip_slice_is_space(slice.ptr[0])) {
        slice.ptr++;
        slice.len--;
    }
    while (slice.len > 0 && sip_slice_is_space(slice.ptr[slice.len - 1])) {
        slice.len--;
    }
    return slice;
}

/** The slice without blanks, tabs and line ends at both ends; nearly all have at most a blank and a CR. */
static SIP_ALWAYS_INLINE sip_slice_t
sip_slice_trim(sip_slice_t slice)
{
    sip_slice_t usual = slice;

    if (usual.len > 0 && usual.ptr[0] == ' ') {
        usual = (sip_slice_t){usual.ptr + 1, usual.len - 1};
    }
    usual.len -= usual.len > 0 && usual.ptr[usual.len - 1] == '\r';
    if (usual.len > 0 && (unsigned char)usual.ptr[0] > ' ' && (unsigned char)usual.ptr[usual.len - 1] > ' ') {
        return usual;
    }
    return sip_slice_strip(slice);
}

/** The part of slice from offset on; offset may be at most slice.len. */
static inline sip_slice_t
sip_slice_from(sip_slice_t slice, size_t offset)
{
    return (sip_slice_t){slice.ptr + offset, slice.len - offset};
}

/**
 * Takes the first item off a comma-separated list of plain text, trimmed; it may be empty. False where nothing is left.
 * For header values, in which quotes and brackets count: sip_value_take().
 */
static inline bool
sip_slice_take_item(sip_slice_t *list, sip_slice_t *item)
{
    const char *comma;
    size_t len;

    if (list->len == 0) {
        return false;
    }
    comma = (const char *)memchr(list->ptr, ',', list->len);
    len = comma ? (size_t)(comma - list->ptr) : list->len;
    *item = sip_slice_trim(sip_slice_make(list->ptr, len));
    *list = sip_slice_from(*list, comma ? len + 1 : len);
    return true;
}

/**
 * Reads a decimal number that fills the whole slice.
 * False for an empty slice, any other character, or a value above UINT32_MAX; then *value stays as it was.
 */
static inline bool
sip_slice_to_uint32(sip_slice_t slice, uint32_t *value)
{
    uint64_t number = 0;

    if (slice.len == 0 || slice.len > 20) {
        return false;
    }
    for (size_t i = 0; i < slice.len; i++) {
        if (!g_ascii_isdigit(slice.ptr[i])) {
            return false;
        }
        number = number * 10 + (uint64_t)(slice.ptr[i] - '0');
        if (number > UINT32_MAX) {
            return false;
        }
    }
    *value = (uint32_t)number;
    return true;
}

#endif /* SIP_SLICE_H */
