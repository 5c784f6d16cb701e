/* redirect-limits.h
 * Every limit of the analysis, in one struct: what is kept at most, and for how long.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LIMITS_H
#define REDIRECT_LIMITS_H

#include <stddef.h>

/**
 * What is kept at most. Whatever a limit cuts off is said where the user looks: in sip_redirect.chain.truncated, in an
 * expert item, or in the text that is cut. Tests and fuzzers run with small values; each must be at least 1.
 */
typedef struct {
    unsigned targets;                  /**< Contact targets of one redirect */
    unsigned transactions_per_call;    /**< transactions of one Call-ID that are looked at when the next one comes */
    unsigned transactions_per_chain;   /**< transactions of one chain */
    unsigned messages_per_transaction; /**< messages of one transaction that belong to its chain */
    unsigned open_calls;               /**< Call-IDs that are remembered at a time for what may still come */
    unsigned redirected_calls;         /**< of them, Call-IDs with a redirect or a global failure */
    unsigned pending_redirects;        /**< keys under which redirects wait for calls that follow them */
    unsigned pending_per_key;          /**< redirects under one key that are looked at */
    unsigned history_entries;          /**< History-Info entries of one message that are looked at, the latest */
    unsigned told_values;              /**< of one response: of what its sender told, and of where to object, each */
    unsigned path_hops;                /**< hops that a path spells out */
    unsigned steps_per_message;        /**< comparisons that one message may cost */
    unsigned timeout_answered_s;       /**< seconds that an answered call is remembered */
    unsigned timeout_visible_s;        /**< seconds that a redirected call is remembered */
    unsigned timeout_unanswered_s;     /**< seconds that an INVITE without a final response is remembered */
} redirect_limits_t;

/** One row of redirect_limits_table(). */
typedef struct {
    const char *name;   /**< of the member */
    size_t offset;      /**< of the member, in redirect_limits_t */
    unsigned preset;    /**< the value in redirect_limits_default() */
    const char *what;   /**< what is limited, for the manual page */
    const char *beyond; /**< what happens beyond the limit, for the manual page */
} redirect_limit_row_t;

/** All limits, for documentation and tests that set them by name. The array is static. */
const redirect_limit_row_t *redirect_limits_table(size_t *count);

/** The limits that users have. */
redirect_limits_t redirect_limits_default(void);

#endif /* REDIRECT_LIMITS_H */
