/* redirect-store-pool.h
 * Memory for the many small objects of the store, without the allocator's 16 bytes before each, and without holes: what
 * is given back is used again for objects of the same size.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STORE_POOL_H
#define REDIRECT_STORE_POOL_H

#include <stdint.h>

#include <wsutil/wmem/wmem_core.h>

/** Objects of more bytes than this come from the scope itself. */
#define REDIRECT_POOL_LARGEST 512

/** All of its memory is scope's and ends with it. Its members are for redirect-store-pool.c. */
typedef struct {
    wmem_allocator_t *scope;
    char *block; /* the rest of the latest one */
    size_t left;
    void *spare[REDIRECT_POOL_LARGEST / sizeof(uint64_t) + 1]; /* by size in units of 8 bytes */
} redirect_pool_t;

/** A pool that has nothing yet. */
void redirect_pool_init(redirect_pool_t *pool, wmem_allocator_t *scope);

/** Memory for size bytes, aligned for pointers and 64-bit numbers, not cleared. Never NULL. */
void *redirect_pool_alloc(redirect_pool_t *pool, size_t size);

/** The same, cleared. */
void *redirect_pool_alloc0(redirect_pool_t *pool, size_t size);

/** Gives back what was allocated with this very size. memory may be NULL. */
void redirect_pool_free(redirect_pool_t *pool, void *memory, size_t size);

#endif /* REDIRECT_STORE_POOL_H */
