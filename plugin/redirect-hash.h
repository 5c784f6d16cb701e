/* redirect-hash.h
 * A keyed hash of text from the wire.
 *
 * Whoever does not know the secret cannot write texts whose hashes are equal, so neither look-ups nor comparisons can
 * be made slow or wrong on purpose. Sixteen bytes at a time are mixed with the secret and with what came before, and
 * multiplied to 128 bits whose halves are folded: no difference of inputs cancels without knowing the factors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_HASH_H
#define REDIRECT_HASH_H

#include "sip-slice.h"

/** 128 secret bits. */
typedef struct {
    uint64_t k0, k1;
} redirect_secret_t;

/** A secret that is another in every process: made of libwsutil's own random seeds. */
redirect_secret_t redirect_secret_new(void);

/** The hash of text, byte for byte. Never 0; 0 stands for "no text". */
uint64_t redirect_hash(const redirect_secret_t *secret, sip_slice_t text);

/** The hash of text without ASCII case. */
uint64_t redirect_hash_nocase(const redirect_secret_t *secret, sip_slice_t text);

/** Of two texts in this order, cheaper than a pair of hashes. Never 0. */
uint64_t redirect_hash_texts(const redirect_secret_t *secret, sip_slice_t first, sip_slice_t second);

/** The hash of two hashes, in this order. */
uint64_t redirect_hash_pair(const redirect_secret_t *secret, uint64_t first, uint64_t second);

#endif /* REDIRECT_HASH_H */
