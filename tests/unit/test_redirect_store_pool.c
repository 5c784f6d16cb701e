/* test_redirect_store_pool.c
 * The pool of the store: nothing overlaps, all is aligned, and what is given back is used again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "redirect-store-pool.h"

#define OBJECTS 20000
#define LARGEST (REDIRECT_POOL_LARGEST + 40)

#if defined(__SANITIZE_ADDRESS__)
#define IS_POOLED false
#else
#define IS_POOLED true
#endif

typedef struct {
    unsigned char *memory;
    size_t size;
    unsigned char mark;
} object_t;

static void
check_marks(const object_t *object)
{
    for (size_t i = 0; i < object->size; i++) {
        g_assert_cmpuint(object->memory[i], ==, object->mark);
    }
}

/* Objects of all sizes come and go at random; each keeps what was written to it. */
static void
test_random(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    object_t *objects = g_new0(object_t, 300);
    redirect_pool_t pool;

    redirect_pool_init(&pool, scope);
    for (unsigned i = 0; i < OBJECTS; i++) {
        object_t *object = &objects[g_test_rand_int_range(0, 300)];
        if (object->memory) {
            check_marks(object);
            redirect_pool_free(&pool, object->memory, object->size);
        }
        object->size = (size_t)g_test_rand_int_range(0, LARGEST);
        object->mark = (unsigned char)i;
        object->memory = redirect_pool_alloc(&pool, object->size);
        g_assert_cmpuint((guintptr)object->memory % sizeof(gint64), ==, 0);
        if (object->size > 0) {
            memset(object->memory, object->mark, object->size);
        }
    }
    for (unsigned i = 0; i < 300; i++) {
        if (objects[i].memory) {
            check_marks(&objects[i]);
            redirect_pool_free(&pool, objects[i].memory, objects[i].size);
        }
    }
    g_free(objects);
    wmem_destroy_allocator(scope);
}

/* An object takes the place of one of its size that was given back, rounded to 8 bytes, and comes cleared if asked. */
static void
test_used_again(void)
{
    static const size_t sizes[] = {1, 8, 9, 100, REDIRECT_POOL_LARGEST - 1, REDIRECT_POOL_LARGEST};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    redirect_pool_t pool;

    redirect_pool_init(&pool, scope);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        unsigned char *first = redirect_pool_alloc(&pool, sizes[i]), *second;
        memset(first, 0xff, sizes[i]);
        redirect_pool_free(&pool, first, sizes[i]);
        second = redirect_pool_alloc0(&pool, sizes[i]);
        if (IS_POOLED) {
            g_assert_true(second == first);
        }
        for (size_t at = 0; at < sizes[i]; at++) {
            g_assert_cmpuint(second[at], ==, 0);
        }
        redirect_pool_free(&pool, second, sizes[i]);
    }
    redirect_pool_free(&pool, NULL, 8);
    wmem_destroy_allocator(scope);
}

/* Objects side by side have nothing between them: that is what the pool is for. */
static void
test_dense(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    redirect_pool_t pool;

    redirect_pool_init(&pool, scope);
    for (unsigned i = 0; i < 100 && IS_POOLED; i++) {
        char *first = redirect_pool_alloc(&pool, 40);
        char *second = redirect_pool_alloc(&pool, 40);
        g_assert_true(second == first + 40);
    }
    wmem_destroy_allocator(scope);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redirect-store-pool/random", test_random);
    g_test_add_func("/redirect-store-pool/used-again", test_used_again);
    g_test_add_func("/redirect-store-pool/dense", test_dense);
    return g_test_run();
}
