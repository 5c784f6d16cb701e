/* redirect-history.h
 * What a request said of earlier redirections, kept for as long as its transaction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_HISTORY_H
#define REDIRECT_HISTORY_H

#include "redirect-facts.h"

/** Bytes kept of one request at most; the totals still say how many values there were. */
#define REDIRECT_HISTORY_MAX_KEPT 16384

/** To know what the answers and follow-ups of a request add; one block of memory with all that it points to. */
typedef struct redirect_history {
    redirect_said_t said; /**< index and mapped_from are absent: nothing reads them later */
    bool replaces;        /**< the request is to take the place of another call, or to join it (RFC 3891, RFC 3911) */
} redirect_history_t;

/** What a request says of redirections, owned by scope; NULL where it says nothing, as most. */
redirect_history_t *redirect_history_keep(wmem_allocator_t *scope, redirect_facts_t *facts);

#endif /* REDIRECT_HISTORY_H */
