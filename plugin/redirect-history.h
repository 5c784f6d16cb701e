/* redirect-history.h
 * What header fields and URIs say of redirections beside the chain: History-Info (RFC 7044), Diversion (RFC 5806),
 * Reason (RFC 3326), cause= and target= (RFC 4458), number portability (RFC 4694), Identity (RFC 8946).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_HISTORY_H
#define REDIRECT_HISTORY_H

#include "redirect-message.h"

/** What is spelled out or looked at of one message at most; what lies beyond is counted. */
enum {
    REDIRECT_HISTORY_MAX_SHOWN = 8,      /**< History-Info entries, Diversion or Reason values, targets in words */
    REDIRECT_HISTORY_MAX_ENTRIES = 32,   /**< History-Info entries that are looked at */
    REDIRECT_HISTORY_MAX_DIVERSIONS = 4, /**< Diversion values that a request leaves for later comparison */
    REDIRECT_HISTORY_MAX_KEPT = 16384,   /**< bytes kept of one request */
};

/** What is remembered of a request, to tell what its answers and follow-ups add; one block of memory. */
typedef struct redirect_history {
    uint64_t diverter[REDIRECT_HISTORY_MAX_DIVERSIONS]; /**< hashes of user and host, the latest first */
    unsigned diverters;
    bool replaces;    /**< the request is to take the place of another call, or to join it (RFC 3891, RFC 3911) */
    sip_slice_t kept; /**< its header fields that say something, to be put into words when it is shown */
} redirect_history_t;

/** What a request says of redirections, owned by scope; NULL where it says nothing, as most. */
redirect_history_t *redirect_history_keep(wmem_allocator_t *scope, const sip_message_t *sip);

/**
 * What a message says of redirections, one sentence each, owned by scope; NULL where it says nothing. For messages that
 * are shown when they come.
 * @param record its transaction and details->redirect are set
 */
redirect_annotation_t *redirect_annotations_read(wmem_allocator_t *scope, const redirect_message_t *message,
                                                 const redirect_record_t *record);

/** The annotations of a record for display; where its request was only kept, they are made now, in scope. */
const redirect_annotation_t *redirect_annotations_of(wmem_allocator_t *scope, const redirect_record_t *record);

/** True for a BYE or CANCEL whose Reason is a global failure: it is shown even if its chain is not (RFC 8197 4). */
bool redirect_ends_with_global_failure(const sip_message_t *sip);

/**
 * Where History-Info or Diversion contradicts the chain seen, and both are fully visible.
 * @return a sentence that scope owns, or NULL
 */
char *redirect_history_contradiction(wmem_allocator_t *scope, const redirect_message_t *message,
                                     const redirect_record_t *record);

#endif /* REDIRECT_HISTORY_H */
