/* redirect-store-pool.c
 * Small objects of the store, cut from blocks and used again by size.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-store-pool.h"

#include <string.h>

#include <glib.h>
#include <wsutil/wslog.h>

/* gcc defines the one, clang has the other. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

/* A multiple of a unit. */
#define BLOCK_SIZE (32 * 1024)

void
redirect_pool_init(redirect_pool_t *pool, wmem_allocator_t *scope)
{
    memset(pool, 0, sizeof(*pool));
    pool->scope = scope;
}

#ifdef IS_SANITIZED

/*
 * With a sanitizer each object is the allocator's, so that what is read after it was freed is seen; and its size stands
 * before it, so that a wrong size is.
 */
#define HEADER_SIZE 16

void *
redirect_pool_alloc(redirect_pool_t *pool, size_t size)
{
    char *memory = wmem_alloc(pool->scope, HEADER_SIZE + size);

    memcpy(memory, &size, sizeof(size));
    return memory + HEADER_SIZE;
}

void
redirect_pool_free(redirect_pool_t *pool, void *memory, size_t size)
{
    size_t allocated;

    if (memory) {
        char *start = (char *)memory - HEADER_SIZE;
        memcpy(&allocated, start, sizeof(allocated));
        if (allocated != size) {
            ws_error("%zu bytes are freed that were allocated as %zu", size, allocated);
        }
        wmem_free(pool->scope, start);
    }
}

#else

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

/* size is a multiple of that of a unit. What is left of a block is as good as what was given back. */
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

    if (size > REDIRECT_POOL_LARGEST) {
        return wmem_alloc(pool->scope, size);
    }
    memory = pool->spare[units];
    if (memory == NULL) {
        return cut_from_block(pool, units * sizeof(unit_t));
    }
    memcpy(&pool->spare[units], memory, sizeof(void *));
    return memory;
}

void
redirect_pool_free(redirect_pool_t *pool, void *memory, size_t size)
{
    const size_t units = units_of(size);

    if (memory == NULL) {
        return;
    }
    if (size > REDIRECT_POOL_LARGEST) {
        wmem_free(pool->scope, memory);
        return;
    }
    memcpy(memory, &pool->spare[units], sizeof(void *));
    pool->spare[units] = memory;
}

#endif

void *
redirect_pool_alloc0(redirect_pool_t *pool, size_t size)
{
    return memset(redirect_pool_alloc(pool, size), 0, size);
}
