/* redirect-history.h
 * What header fields and URIs tell of redirections beside the chain: History-Info (RFC 7044), Diversion (RFC 5806),
 * Reason (RFC 3326), cause= and target= (RFC 4458), number portability (RFC 4694), Identity (RFC 8946).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_HISTORY_H
#define REDIRECT_HISTORY_H

#include "redirect-tracker.h"

/** What is spelled out or looked at of one message at most; what lies beyond is counted. */
enum {
    REDIRECT_HISTORY_MAX_SHOWN = 8, /**< History-Info entries, Diversion or Reason values, targets in an annotation */
    REDIRECT_HISTORY_MAX_ENTRIES = 32,   /**< History-Info entries that are looked at */
    REDIRECT_HISTORY_MAX_DIVERSIONS = 4, /**< Diversion values that a request leaves behind for later comparison */
    REDIRECT_HISTORY_MAX_KEPT = 16384,   /**< bytes kept of a request whose chain has not become visible */
};

/** What is remembered of a request, to tell what its answers and follow-ups add; owned by the tracker's scope. */
typedef struct redirect_history {
    uint64_t diverter[REDIRECT_HISTORY_MAX_DIVERSIONS]; /**< hashes of user and host, the latest first */
    unsigned diverters;
    bool replaces;    /**< the request is to take the place of another call, or to join it (RFC 3891, RFC 3911) */
    sip_slice_t kept; /**< what a request tells whose chain has not become visible, as a message in small behind this */
} redirect_history_t;

/**
 * Puts what message tells of redirections into record->annotations, one sentence each, and what later messages need into
 * record->transaction->history. record->transaction, ->redirect, ->status and ->method are set.
 * Sentences are made for what is shown. What a request tells whose chain has not become visible is only kept (where it is not
 * too much), to be put into words by redirect_history_begin(). A message without such header fields costs a look at
 * its list of header fields.
 * @return true where the message is to be shown even if its chain has not become visible: a BYE or CANCEL whose Reason is a
 *         global failure (RFC 8197 4)
 */
bool redirect_history_read(wmem_allocator_t *scope, const redirect_message_t *message, redirect_record_t *record);

/** Puts into words what was kept of a transaction's request: when its chain begins. */
void redirect_history_begin(wmem_allocator_t *scope, redirect_transaction_t *transaction);

/** Frees what redirect_history_read() left with a transaction and its records. */
void redirect_history_free(wmem_allocator_t *scope, redirect_transaction_t *transaction);

/**
 * Where History-Info or Diversion says otherwise than the chain seen, and both are fully visible.
 * @return a sentence that scope owns, or NULL
 */
char *redirect_history_contradiction(wmem_allocator_t *scope, const redirect_message_t *message,
                                     const redirect_record_t *record);

#endif /* REDIRECT_HISTORY_H */
