/* redirect-outcome.h
 * How a chain ended, as far as the store knows now.
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

/** True where nobody followed the redirect, its chain did not go on otherwise, and the capture goes on long enough. */
bool redirect_is_not_followed(const redirect_store_t *store, const redirect_t *redirect);

/**
 * True where a transaction was redirected, the capture goes on, nothing of its chain came after that, and the capture
 * is too short, or its clocks too doubtful, to tell that nobody followed. Not where a limit or a cut may hide a
 * follow-up, where no target can be followed by SIP, or of the answer to a lookup.
 */
bool redirect_waits_for_followup(const redirect_store_t *store, const redirect_transaction_t *transaction);

/** What may hide a follow-up of a redirect (redirect_gap_t); 0 where nothing does. */
unsigned redirect_hiding_gaps(const redirect_store_t *store, const redirect_t *redirect);

#endif /* REDIRECT_OUTCOME_H */
