/* sip-text-int.h
 * What the readers of SIP text share: walking through bytes. For sip-*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_TEXT_INT_H
#define SIP_TEXT_INT_H

#include "sip-slice.h"

/** The slice from start up to end. */
static inline sip_slice_t
slice_between(const char *start, const char *end)
{
    return sip_slice_make(start, (size_t)(end - start));
}

/** After the last character. An absent slice has none to add to: NULL + 0 is undefined in C. */
static inline const char *
slice_end(sip_slice_t slice)
{
    return slice.len > 0 ? slice.ptr + slice.len : slice.ptr;
}

/** The first c in [start, end), or end. */
static inline const char *
find_char(const char *start, const char *end, char c)
{
    const char *found = start < end ? memchr(start, c, (size_t)(end - start)) : NULL;

    return found ? found : end;
}

/** True where character is one of set. Faster than memchr() here: the sets are literals of a few characters. */
static inline bool
is_one_of(int character, sip_slice_t set)
{
    for (size_t i = 0; i < set.len; i++) {
        if (character == (unsigned char)set.ptr[i]) {
            return true;
        }
    }
    return false;
}

/** Takes all up to the first of the stop characters off *rest; the stop character stays there. */
static inline sip_slice_t
take_until(sip_slice_t *rest, sip_slice_t stops)
{
    size_t len = 0;

    if (rest->len == 0) {
        return *rest;
    }
    while (len < rest->len && !is_one_of((unsigned char)rest->ptr[len], stops)) {
        len++;
    }
    const sip_slice_t taken = sip_slice_make(rest->ptr, len);
    *rest = sip_slice_from(*rest, len);
    return taken;
}

/** Takes one character off *rest if it is that one. */
static inline bool
take_char(sip_slice_t *rest, char character)
{
    if (rest->len == 0 || rest->ptr[0] != character) {
        return false;
    }
    *rest = sip_slice_from(*rest, 1);
    return true;
}

/** FNV-1a, 32 bits: where a hash starts. */
#define HASH_START 2166136261U

/** The hash with one more byte in it. */
static inline uint32_t
hash_byte(uint32_t hash, unsigned byte)
{
    return (hash ^ (byte & 0xff)) * 16777619U;
}

#endif /* SIP_TEXT_INT_H */
