/* redirect-path.h
 * The path that a transaction is on, as far as the store knows now: what it asked for, what redirected it to where, what
 * was tried beside, and how that ended.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_PATH_H
#define REDIRECT_PATH_H

#include <wsutil/wmem/wmem_core.h>

#include "redirect-store.h"

/**
 * "sip:bob@a -> 302 -> sip:carol@b (603), sip:dave@c -> 200": along the path to transaction, and on to its end as far as is
 * known now. In parentheses is what became of a branch beside it: another follow-up of the same redirect, or a branch of a
 * proxy or B2BUA that was redirected or refused for good. What is left out beyond max_hops hops, or beyond eight branches
 * at one place, is counted in the text.
 * @return a NUL-terminated string that scope owns.
 */
char *redirect_transaction_path(wmem_allocator_t *scope, const redirect_store_t *store,
                                const redirect_transaction_t *transaction);

/** What a piece of a path is. */
typedef enum {
    REDIRECT_PATH_URI,
    REDIRECT_PATH_CODE,
    REDIRECT_PATH_HOPS_LEFT_OUT,
    REDIRECT_PATH_BRANCH /**< beside the path, before the piece that the path takes instead */
} redirect_path_kind_t;

/** One piece of a path. */
typedef struct {
    redirect_path_kind_t kind;
    redirect_confidence_t confidence; /**< of a URI: how sure it is that the redirect before it led there */
    const char *text;                 /**< for display */
    const char *became;               /**< of a branch: "(302 -> sip:b@c -> 603)", after its URI; else "" */
    const char *codes;                /**< of a branch: "302 603", where there is no room for more; else "" */
} redirect_path_element_t;

/** What stands between two pieces: " -> ", or ", " between a branch and what the path takes instead. A static string. */
const char *redirect_path_joint(const redirect_path_element_t *before, const redirect_path_element_t *after);

/** The same for people: "sip:bob@a -> 302 -> probably sip:carol@b", where a link is less than certain. */
char *redirect_transaction_path_told(wmem_allocator_t *scope, const redirect_store_t *store,
                                     const redirect_transaction_t *transaction);

/** The pieces of redirect_transaction_path() in their order: origin, code, URI, code, ...; owned by scope. */
const redirect_path_element_t *redirect_path_elements(wmem_allocator_t *scope, const redirect_store_t *store,
                                                      const redirect_transaction_t *transaction, unsigned *count);

/** Where the path along transaction ends as far as is known now; transaction itself where nothing came after it. */
const redirect_transaction_t *redirect_path_end(const redirect_transaction_t *transaction);

#endif /* REDIRECT_PATH_H */
