/* redirect-outcome.h
 * How a chain ended, and the path that a transaction is on, as far as the store knows now.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_OUTCOME_H
#define REDIRECT_OUTCOME_H

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-store.h"

/** How a chain ended, as the original client saw it. */
typedef struct {
    redirect_outcome_t outcome;
    uint16_t final_code;  /**< 0 where unfinished, or nobody answered */
    uint32_t final_frame; /**< the same */
    redirect_time_t final_time;
    const redirect_transaction_t *transaction; /**< the transaction that decided it, or NULL */
} redirect_result_t;

/**
 * As far as is known now. Where a limit may have hidden how the chain went on, only an answer is reported; everything else
 * is unfinished. "Not followed" needs a capture that certainly goes on for REDIRECT_FOLLOW_WITHIN, "no answer" one that
 * goes on for as long as an answer may take.
 */
redirect_result_t redirect_chain_result(const redirect_store_t *store, const redirect_chain_t *chain);

/** Appends ", sent 7 times"; nothing where a request was seen to be sent once. */
void redirect_append_sent(wmem_strbuf_t *text, const redirect_transaction_t *transaction);

/**
 * The outcome in words, with the request that nobody answered: "answered",
 * "no answer (frame 4, sent 7 times, ICMP error in frame 5)".
 * @return a NUL-terminated string that scope owns.
 */
char *redirect_result_words(wmem_allocator_t *scope, const redirect_result_t *result);

/**
 * True where a request of a visible chain got no final response, and the capture certainly goes on for as long as one may
 * take (redirect_waits_for()). Not where a limit, a message that could not be read, or frames out of order may hide one,
 * and not of a request that was given up.
 */
bool redirect_has_no_answer(const redirect_store_t *store, const redirect_transaction_t *transaction);

/**
 * True where a request got a 401 or 407 at the end of its path, had no credentials, and none like it with credentials comes
 * within REDIRECT_FOLLOW_WITHIN (RFC 3261 22.2, 22.3).
 */
bool redirect_lacks_credentials(const redirect_store_t *store, const redirect_transaction_t *transaction);

/** True where nobody followed the redirect, its chain did not go on otherwise, and the capture goes on long enough. */
bool redirect_is_not_followed(const redirect_store_t *store, const redirect_t *redirect);

/** What may hide a follow-up of a redirect (redirect_gap_t); 0 where nothing does. */
unsigned redirect_hiding_gaps(const redirect_store_t *store, const redirect_t *redirect);

/**
 * "sip:bob@a -> 302 -> sip:carol@b -> 603": along the path to transaction, and on to its end as far as is known now.
 * What is left out beyond max_hops hops is counted in the text.
 * @return a NUL-terminated string that scope owns.
 */
char *redirect_transaction_path(wmem_allocator_t *scope, const redirect_store_t *store,
                                const redirect_transaction_t *transaction);

/** What a piece of a path is. */
typedef enum { REDIRECT_PATH_URI, REDIRECT_PATH_CODE, REDIRECT_PATH_HOPS_LEFT_OUT } redirect_path_kind_t;

/** One piece of a path. */
typedef struct {
    redirect_path_kind_t kind;
    redirect_confidence_t confidence; /**< of a URI: how sure it is that the redirect before it led there */
    const char *text;                 /**< for display */
} redirect_path_element_t;

/** The same for people: "sip:bob@a -> 302 -> probably sip:carol@b", where a link is less than certain. */
char *redirect_transaction_path_told(wmem_allocator_t *scope, const redirect_store_t *store,
                                     const redirect_transaction_t *transaction);

/** The pieces of redirect_transaction_path() in their order: origin, code, URI, code, ...; owned by scope. */
const redirect_path_element_t *redirect_path_elements(wmem_allocator_t *scope, const redirect_store_t *store,
                                                      const redirect_transaction_t *transaction, unsigned *count);

/** Where the path along transaction ends as far as is known now; transaction itself where nothing came after it. */
const redirect_transaction_t *redirect_path_end(const redirect_transaction_t *transaction);

#endif /* REDIRECT_OUTCOME_H */
