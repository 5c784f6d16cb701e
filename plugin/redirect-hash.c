/* redirect-hash.c
 * SipHash-1-3 with a secret of the process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-hash.h"

#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>

typedef struct {
    uint64_t v0, v1, v2, v3;
} state_t;

static inline uint64_t
rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void
sip_round(state_t *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void
take_word(state_t *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline state_t
begin(const redirect_secret_t *secret)
{
    return (state_t){
        secret->k0 ^ UINT64_C(0x736f6d6570736575),
        secret->k1 ^ UINT64_C(0x646f72616e646f6d),
        secret->k0 ^ UINT64_C(0x6c7967656e657261),
        secret->k1 ^ UINT64_C(0x7465646279746573),
    };
}

static inline uint64_t
finish(state_t *s)
{
    uint64_t hash;

    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    hash = s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
    return hash ? hash : 1;
}

redirect_secret_t
redirect_secret_new(void)
{
    static const uint8_t part[4] = {1, 2, 3, 4};

    return (redirect_secret_t){
        (uint64_t)wmem_strong_hash(&part[0], 1) << 32 ^ wmem_strong_hash(&part[1], 1),
        (uint64_t)wmem_strong_hash(&part[2], 1) << 32 ^ wmem_strong_hash(&part[3], 1),
    };
}

/* Lower case for the ASCII letters of eight bytes at once: adds 0x20 where a byte is 'A' to 'Z'. */
static inline uint64_t
fold(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t seven = word & (ones * 0x7f);
    uint64_t from_a = seven + ones * (0x80 - 'A');
    uint64_t beyond_z = seven + ones * (0x80 - 'Z' - 1);
    uint64_t upper = (from_a ^ beyond_z) & ~word & (ones * 0x80);

    return word | upper >> 2;
}

static inline uint64_t
hash_text(const redirect_secret_t *secret, sip_slice_t text, bool nocase)
{
    state_t s = begin(secret);
    uint64_t last = (uint64_t)text.len << 56;
    const char *ptr = text.ptr;
    size_t left = text.len;
    uint64_t word;

    for (; left >= sizeof(word); left -= sizeof(word), ptr += sizeof(word)) {
        memcpy(&word, ptr, sizeof(word));
        take_word(&s, nocase ? fold(word) : word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, ptr, left);
    }
    take_word(&s, last ^ (nocase ? fold(word) : word));
    return finish(&s);
}

uint64_t
redirect_hash(const redirect_secret_t *secret, sip_slice_t text)
{
    return hash_text(secret, text, false);
}

uint64_t
redirect_hash_nocase(const redirect_secret_t *secret, sip_slice_t text)
{
    return hash_text(secret, text, true);
}

uint64_t
redirect_hash_pair(const redirect_secret_t *secret, uint64_t first, uint64_t second)
{
    state_t s = begin(secret);

    take_word(&s, first);
    take_word(&s, second);
    take_word(&s, UINT64_C(16) << 56);
    return finish(&s);
}
