/* redirect-hidden.h
 * Responses that a proxy or a B2BUA changed on their way to the caller: what it kept to itself, and what it made of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_HIDDEN_H
#define REDIRECT_HIDDEN_H

#include "redirect-model.h"

/** True of a transaction that ended with a 3xx or 6xx. */
bool redirect_is_redirect_or_refusal(const redirect_transaction_t *transaction);

/**
 * Of a transaction that ended with a 3xx or 6xx: the transaction nearest to the caller that ended with another code. A
 * proxy that answers for itself does so, one that is told to hide redirects, and many a B2BUA. NULL where the caller got
 * the same code, where somebody went on from it, where another branch or leg gave that answer or may have given it
 * (RFC 3261 16.7), and where a limit may have left one out.
 */
const redirect_transaction_t *redirect_hidden_by(const redirect_transaction_t *transaction);

/** The same of a record: NULL where it is not the response that ended its transaction, or has no transaction. */
const redirect_transaction_t *redirect_record_hidden_by(const redirect_record_t *record);

/** As redirect_hidden_by(), of a transaction that ended with any code of 300 and above. */
const redirect_transaction_t *redirect_answered_otherwise(const redirect_transaction_t *transaction);

/**
 * Walks, in frame order, what was made of a request and ended with another code of 300 and above, for which the request's
 * own answer stands: as redirect_answered_otherwise(), asked from above, and once for all branches.
 */
typedef struct {
    const redirect_transaction_t *above, *next;
    bool is_from_beside;
} redirect_stood_for_iter_t;

void redirect_stood_for_init(redirect_stood_for_iter_t *iter, const redirect_transaction_t *above);

/** The next one. NULL at the end. */
const redirect_transaction_t *redirect_stood_for_next(redirect_stood_for_iter_t *iter);

/**
 * Of a transaction that ended with a 3xx or 6xx which no branch and no leg farther on got: the transaction whose receiver
 * made that response, transaction itself or one farther on. NULL where one of them got it or may have got it, where none
 * was captured, and where a limit may have left one out. Asked when the response is seen, for what comes later changes
 * nothing; kept in redirect_details_t.
 */
const redirect_transaction_t *redirect_made_at(const redirect_transaction_t *transaction);

/**
 * What the maker made its response of: the branches and legs that ended with another code before it, but for those that
 * were followed, repeated or given up. In the order of the capture.
 * @param maker what redirect_made_at() gave
 * @param previous NULL for the first one
 * @return NULL where there is none (any more): nobody answered
 */
const redirect_transaction_t *redirect_next_made_of(const redirect_transaction_t *maker,
                                                    const redirect_transaction_t *previous);

/** True where a proxy sent both for one request that it got, and was answered both itself. */
bool redirect_is_branch_beside(const redirect_transaction_t *a, const redirect_transaction_t *b);

/**
 * Of a proxy's branch that ended with a 3xx: the branch beside it that a 6xx had ended before. Then the proxy must not
 * follow the 3xx (RFC 3261 16.7 step 5). NULL where there is none.
 */
const redirect_transaction_t *redirect_refused_before(const redirect_transaction_t *redirected);

/**
 * Of an INVITE that ended with a 600 or 603: the first INVITE for the same user that was answered after it, beside it: a
 * branch of the same proxy, or another try of the same client elsewhere. It proves the 600 or 603 wrong, which is sent
 * "only if the client knows that no other end point" answers (RFC 3261 21.6.1, 21.6.2). NULL where there is none, where
 * the time of its Retry-After had run out, and of what an element on the way made.
 */
const redirect_transaction_t *redirect_proved_wrong_by(const redirect_transaction_t *refused);

/**
 * The first branch or leg that an element made of its own after it got the final response of this one: serial forking or
 * hunting. NULL where it made none, and for what follows a redirect or repeats this one.
 */
const redirect_transaction_t *redirect_tried_next(const redirect_transaction_t *transaction);

/** The branch or leg that got the same final answer earlier, from farther on; NULL where none did. */
const redirect_transaction_t *redirect_passed_on_from(const redirect_transaction_t *above);

/** How sure it is that below was made of above: no surer than the least sure legs between them. */
redirect_confidence_t redirect_confidence_between(const redirect_transaction_t *below,
                                                  const redirect_transaction_t *above);

#endif /* REDIRECT_HIDDEN_H */
