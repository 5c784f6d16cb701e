/* redirect-hash.c
 * A keyed hash of text from the wire, by widening multiplication.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-hash.h"

#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>

redirect_secret_t
redirect_secret_new(void)
{
    static const uint8_t part[4] = {1, 2, 3, 4};

    return (redirect_secret_t){
        (uint64_t)wmem_strong_hash(&part[0], 1) << 32 ^ wmem_strong_hash(&part[1], 1),
        (uint64_t)wmem_strong_hash(&part[2], 1) << 32 ^ wmem_strong_hash(&part[3], 1),
    };
}

/* Both halves of a block get a factor of their own. */
#define ODD UINT64_C(0x9e3779b97f4a7c15)

/* The 128 bits of a product, folded. */
static inline uint64_t
multiply(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide_t;
    const wide_t product = (wide_t)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    const uint64_t half = UINT32_MAX;
    const uint64_t low = (a & half) * (b & half), high = (a >> 32) * (b >> 32);
    const uint64_t middle = (a >> 32) * (b & half) + (low >> 32);
    const uint64_t other = (a & half) * (b >> 32) + (middle & half);

    return (a * b) ^ (high + (middle >> 32) + (other >> 32));
#endif
}

/* Lower case for the ASCII letters of eight bytes at once: adds 0x20 where a byte is 'A' to 'Z'. */
static inline uint64_t
fold(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t seven = word & (ones * 0x7f);
    const uint64_t from_a = seven + ones * (0x80 - 'A');
    const uint64_t beyond_z = seven + ones * (0x80 - 'Z' - 1);

    return word | ((from_a ^ beyond_z) & ~word & (ones * 0x80)) >> 2;
}

static inline uint64_t
read_8(const char *ptr)
{
    uint64_t word;

    memcpy(&word, ptr, sizeof(word));
    return word;
}

static inline uint64_t
read_4(const char *ptr)
{
    uint32_t word;

    memcpy(&word, ptr, sizeof(word));
    return word;
}

static inline uint64_t
read_1(const char *ptr)
{
    return (uint8_t)*ptr;
}

/* One to eight bytes as a word. Texts of one length give different words: each byte is in it, some of them twice. */
static inline uint64_t
read_short(const char *ptr, size_t len)
{
    if (len >= 4) {
        return read_4(ptr) << 32 | read_4(ptr + len - 4);
    }
    return read_1(ptr) << 16 | read_1(ptr + len / 2) << 8 | read_1(ptr + len - 1);
}

static inline uint64_t
fold_if(uint64_t word, bool nocase)
{
    return nocase ? fold(word) : word;
}

/* The length goes into the state first: so the last block may overlap the one before it, and no text is another's begin. */
static SIP_ALWAYS_INLINE uint64_t
absorb(const redirect_secret_t *secret, uint64_t state, sip_slice_t text, bool nocase)
{
    const char *ptr = text.ptr;
    const char *end = text.len > 0 ? ptr + text.len : ptr;

    state ^= text.len * ODD;
    for (size_t left = text.len; left > 16; left -= 16, ptr += 16) {
        state = multiply(fold_if(read_8(ptr), nocase) ^ secret->k1, fold_if(read_8(ptr + 8), nocase) ^ state);
    }
    if (text.len > 16) {
        state = multiply(fold_if(read_8(end - 16), nocase) ^ secret->k1, fold_if(read_8(end - 8), nocase) ^ state);
    } else if (text.len > 8) {
        state = multiply(fold_if(read_8(ptr), nocase) ^ secret->k1, fold_if(read_8(end - 8), nocase) ^ state);
    } else if (text.len > 0) {
        state = multiply(fold_if(read_short(ptr, text.len), nocase) ^ secret->k1, state ^ ODD);
    }
    return state;
}

static SIP_ALWAYS_INLINE uint64_t
finish(const redirect_secret_t *secret, uint64_t state)
{
    state = multiply(state ^ secret->k0, secret->k1 ^ ODD);
    return state ? state : 1;
}

uint64_t
redirect_hash(const redirect_secret_t *secret, sip_slice_t text)
{
    return finish(secret, absorb(secret, secret->k0, text, false));
}

uint64_t
redirect_hash_nocase(const redirect_secret_t *secret, sip_slice_t text)
{
    return finish(secret, absorb(secret, secret->k0, text, true));
}

uint64_t
redirect_hash_texts(const redirect_secret_t *secret, sip_slice_t first, sip_slice_t second)
{
    return finish(secret, absorb(secret, absorb(secret, secret->k0, first, false), second, false));
}

uint64_t
redirect_hash_pair(const redirect_secret_t *secret, uint64_t first, uint64_t second)
{
    const uint64_t state = multiply(first ^ secret->k0, multiply(second ^ secret->k1, secret->k0 | 1) ^ secret->k1);

    return state ? state : 1;
}
