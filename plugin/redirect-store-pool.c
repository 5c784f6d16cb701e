/* redirect-store-pool.c
 * Small objects of the store, cut from blocks and used again by size.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-pool.h"

#include <string.h>

#include <glib.h>

/* A multiple of a unit. */
#define BLOCK_SIZE (32 * 1024)

/* With a sanitizer each object is the allocator's, so that what is read after it was freed is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_POOLED(size) 0
#else
#define IS_POOLED(size) ((size) <= REDIRECT_POOL_LARGEST)
#endif

/* What all members are aligned to, and what holds the address of the next spare one. */
typedef union {
    gint64 number;
    void *pointer;
} unit_t;

/* Its size in units, at least one. */
static size_t
units_of(size_t size)
{
    return MAX((size + sizeof(unit_t) - 1) / sizeof(unit_t), 1);
}

void
redirect_pool_init(redirect_pool_t *pool, wmem_allocator_t *scope)
{
    memset(pool, 0, sizeof(*pool));
    pool->scope = scope;
}

/* size is a multiple of a pointer's. What is left of a block is as good as what was given back. */
static void *
cut_from_block(redirect_pool_t *pool, size_t size)
{
    char *memory;

    if (pool->left < size) {
        if (pool->left > 0) {
            redirect_pool_free(pool, pool->block, pool->left);
        }
        pool->block = wmem_alloc(pool->scope, BLOCK_SIZE);
        pool->left = BLOCK_SIZE;
    }
    memory = pool->block;
    pool->block += size;
    pool->left -= size;
    return memory;
}

void *
redirect_pool_alloc(redirect_pool_t *pool, size_t size)
{
    const size_t units = units_of(size);
    void *memory;

    if (!IS_POOLED(size)) {
        return wmem_alloc(pool->scope, MAX(size, 1));
    }
    memory = pool->spare[units];
    if (memory == NULL) {
        return cut_from_block(pool, units * sizeof(unit_t));
    }
    memcpy(&pool->spare[units], memory, sizeof(void *));
    return memory;
}

void *
redirect_pool_alloc0(redirect_pool_t *pool, size_t size)
{
    return memset(redirect_pool_alloc(pool, size), 0, size);
}

void
redirect_pool_free(redirect_pool_t *pool, void *memory, size_t size)
{
    const size_t units = units_of(size);

    if (memory == NULL) {
        return;
    }
    if (!IS_POOLED(size)) {
        wmem_free(pool->scope, memory);
        return;
    }
    memcpy(memory, &pool->spare[units], sizeof(void *));
    pool->spare[units] = memory;
}
