/* sip-text-int.h
 * What the readers of SIP text share: walking through bytes. For sip-*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_TEXT_INT_H
#define SIP_TEXT_INT_H

#include "sip-slice.h"

/** SIP_SLICE_LITERAL() for tables: a compound literal is no constant. */
#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static inline bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/** Linear whitespace: a line end inside a value is folding, so it counts as a blank (RFC 3261 7.3.1, 25.1). */
static inline bool
is_lws(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

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

/*
 * Most of parsing a message is looking for one character not far away. A call of memchr() for each costs more than the
 * looking: where the compiler offers it, sixteen bytes are compared at once without one.
 */
#if defined(__GNUC__) && defined(__SSE2__)
#define TEXT_BLOCK_SIZE 16

/** The positions of c among the TEXT_BLOCK_SIZE bytes at ptr, as bits. */
static inline unsigned
block_find(const char *ptr, char c)
{
    typedef char block_t __attribute__((vector_size(TEXT_BLOCK_SIZE)));
    const block_t wanted = {c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
    block_t block;

    memcpy(&block, ptr, sizeof(block));
    return (unsigned)__builtin_ia32_pmovmskb128((block_t)(block == wanted));
}

/** The positions of bytes from NUL to CR. */
static inline unsigned
block_find_up_to_cr(const char *ptr)
{
    typedef unsigned char block_t __attribute__((vector_size(TEXT_BLOCK_SIZE)));
    typedef char bits_t __attribute__((vector_size(TEXT_BLOCK_SIZE)));
    const unsigned char cr = '\r';
    const block_t most = {cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr, cr};
    block_t block;

    memcpy(&block, ptr, sizeof(block));
    return (unsigned)__builtin_ia32_pmovmskb128((bits_t)(block <= most));
}

/** The position of the lowest bit of bits, which is not 0. */
static inline unsigned
lowest_bit(unsigned bits)
{
    return (unsigned)__builtin_ctz(bits);
}
#endif

/*
 * A search in [start, end): FOUND(ptr) gives, as bits, what is wanted of the block at ptr, IS_FOUND(c) says it of one
 * character. The last block overlaps the one before it, so that only texts shorter than a block are read by characters.
 */
#ifdef TEXT_BLOCK_SIZE
#define SEARCH_BLOCKS(start, end, FOUND)                                                                               \
    if (end - start >= TEXT_BLOCK_SIZE) {                                                                              \
        const char *const last = end - TEXT_BLOCK_SIZE;                                                                \
        unsigned found;                                                                                                \
                                                                                                                       \
        for (; start < last; start += TEXT_BLOCK_SIZE) {                                                               \
            found = FOUND(start);                                                                                      \
            if (found != 0) {                                                                                          \
                return start + lowest_bit(found);                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        found = FOUND(last);                                                                                           \
        return found != 0 ? last + lowest_bit(found) : end;                                                            \
    }
#else
#define SEARCH_BLOCKS(start, end, FOUND)
#endif
#define SEARCH(start, end, FOUND, IS_FOUND)                                                                            \
    SEARCH_BLOCKS(start, end, FOUND)                                                                                   \
    while (start < end && !IS_FOUND(*start)) {                                                                         \
        start++;                                                                                                       \
    }                                                                                                                  \
    return start

/** The first c in [start, end), or end. */
static SIP_ALWAYS_INLINE const char *
find_char(const char *start, const char *end, char c)
{
#define FOUND(ptr) block_find(ptr, c)
#define IS_FOUND(character) ((character) == c)
    SEARCH(start, end, FOUND, IS_FOUND);
#undef FOUND
#undef IS_FOUND
}

/** As find_char(), for what is short and stands in a longer text, which begins at text: no byte is read alone then. */
static SIP_ALWAYS_INLINE const char *
find_char_within(const char *text, const char *start, const char *end, char c)
{
#ifdef TEXT_BLOCK_SIZE
    if (end - start < TEXT_BLOCK_SIZE && end - text >= TEXT_BLOCK_SIZE) {
        const char *last = end - TEXT_BLOCK_SIZE;
        const unsigned found = block_find(last, c) >> (start - last);

        return found != 0 ? start + lowest_bit(found) : end;
    }
#else
    (void)text;
#endif
    return find_char(start, end, c);
}

/** The first a or b in [start, end), or end. */
static SIP_ALWAYS_INLINE const char *
find_either(const char *start, const char *end, char a, char b)
{
#define FOUND(ptr) (block_find(ptr, a) | block_find(ptr, b))
#define IS_FOUND(character) ((character) == a || (character) == b)
    SEARCH(start, end, FOUND, IS_FOUND);
#undef FOUND
#undef IS_FOUND
}

/** The first NUL, CR or LF in [start, end), or end; or a tab or other character below CR that stands before it. */
static inline const char *
find_low_control(const char *start, const char *end)
{
#define FOUND(ptr) block_find_up_to_cr(ptr)
#define IS_FOUND(character) ((unsigned char)(character) <= '\r')
    SEARCH(start, end, FOUND, IS_FOUND);
#undef FOUND
#undef IS_FOUND
}

/** Gives the line feeds of a text one after the other. */
typedef struct {
    const char *part; /* where the search goes on; in blocks: the bytes that feeds is about */
    const char *end;
#ifdef TEXT_BLOCK_SIZE
    const char *text; /* where the search began */
    uint64_t feeds;   /* those of part that were not given yet, as bits */
#endif
} feed_iter_t;

#ifdef TEXT_BLOCK_SIZE
/** Bytes that are looked at in one go. */
#define FEED_PART_SIZE (4 * TEXT_BLOCK_SIZE)

/** The line feeds of a part that goes on to the end. */
static inline uint64_t
feed_iter_last_part(const feed_iter_t *iter)
{
    const ptrdiff_t left = iter->end - iter->part;
    uint64_t feeds = 0;
    ptrdiff_t i;

    for (i = 0; left - i >= TEXT_BLOCK_SIZE; i += TEXT_BLOCK_SIZE) {
        feeds |= (uint64_t)block_find(iter->part + i, '\n') << i;
    }
    if (i < left && iter->end - iter->text >= TEXT_BLOCK_SIZE) {
        const uint64_t last = block_find(iter->end - TEXT_BLOCK_SIZE, '\n'); /* overlaps what was looked at before */

        return feeds | (left < TEXT_BLOCK_SIZE ? last >> (TEXT_BLOCK_SIZE - left) : last << (left - TEXT_BLOCK_SIZE));
    }
    for (; i < left; i++) {
        feeds |= (uint64_t)(iter->part[i] == '\n') << i;
    }
    return feeds;
}

static inline uint64_t
feed_iter_part(const feed_iter_t *iter)
{
    const char *part = iter->part;

    if (iter->end - part < FEED_PART_SIZE) {
        return feed_iter_last_part(iter);
    }
    return (uint64_t)block_find(part, '\n') | (uint64_t)block_find(part + TEXT_BLOCK_SIZE, '\n') << TEXT_BLOCK_SIZE |
           (uint64_t)block_find(part + 2 * TEXT_BLOCK_SIZE, '\n') << (2 * TEXT_BLOCK_SIZE) |
           (uint64_t)block_find(part + 3 * TEXT_BLOCK_SIZE, '\n') << (3 * TEXT_BLOCK_SIZE);
}
#endif

/** Starts at start, which may be end. */
static inline feed_iter_t
feed_iter(const char *start, const char *end)
{
#ifdef TEXT_BLOCK_SIZE
    feed_iter_t iter = {start, end, start, 0};

    iter.feeds = feed_iter_part(&iter);
    return iter;
#else
    return (feed_iter_t){start, end};
#endif
}

/** The next line feed, or the end. */
static inline const char *
feed_iter_next(feed_iter_t *iter)
{
#ifdef TEXT_BLOCK_SIZE
    while (iter->feeds == 0) {
        if (iter->end - iter->part <= FEED_PART_SIZE) {
            return iter->end;
        }
        iter->part += FEED_PART_SIZE;
        iter->feeds = feed_iter_part(iter);
    }
    const char *feed = iter->part + __builtin_ctzll(iter->feeds);
    iter->feeds &= iter->feeds - 1;
    return feed;
#else
    const char *feed = find_char(iter->part, iter->end, '\n');

    iter->part = feed < iter->end ? feed + 1 : feed;
    return feed;
#endif
}

/** Past the linear whitespace at ptr. */
static inline const char *
skip_lws(const char *ptr, const char *end)
{
    while (ptr < end && is_lws(*ptr)) {
        ptr++;
    }
    return ptr;
}

/** As sip_slice_equal_nocase(), with less work for the spelling that nearly everybody uses. */
static inline bool
equal_name(sip_slice_t name, sip_slice_t usual)
{
    return sip_slice_equal(name, usual) || sip_slice_equal_nocase(name, usual);
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

/** Just after the quoted string that opens at open (RFC 3261 25.1), or NULL where it is not closed. */
static inline const char *
quoted_end(const char *open, const char *end)
{
    const char *ptr = open + 1;

    while (ptr < end) {
        if (*ptr == '"') {
            return ptr + 1;
        }
        ptr += *ptr == '\\' && end - ptr > 1 ? 2 : 1;
    }
    return NULL;
}

/**
 * Just after the quoted string that opens at open, or open + 1 where the quote stands alone or means nothing.
 * Once a quote was found unclosed, no later one can be closed either unless it is an escaped one: remembering that
 * in *lone_quote reads "Bob <sip:b@h> as a person would, and keeps many such quotes from costing a scan each.
 */
static inline const char *
skip_quoted(const char *open, const char *end, bool *lone_quote)
{
    const char *close = *lone_quote ? NULL : quoted_end(open, end);

    if (close == NULL) {
        *lone_quote = true;
        return open + 1;
    }
    return close;
}

/**
 * Reads the digits at the start of text; false where there are none or they exceed 32 bits, and *value stays as it
 * was. *rest is what follows.
 */
static inline bool
leading_uint32(sip_slice_t text, uint32_t *value, sip_slice_t *rest)
{
    uint64_t number = 0;
    bool fits = true;
    size_t i;

    for (i = 0; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
        if (number > UINT32_MAX) {
            fits = false;
        }
    }
    *rest = sip_slice_from(text, i);
    if (i == 0 || !fits) {
        return false;
    }
    *value = (uint32_t)number;
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
