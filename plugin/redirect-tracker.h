/* redirect-tracker.h
 * Takes SIP messages through the analysis, one by one: messages in, records out.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TRACKER_H
#define REDIRECT_TRACKER_H

#include "redirect-outcome.h"
#include "redirect-store.h"

/** The analysis of one capture file. */
typedef struct redirect_tracker redirect_tracker_t;

/** A tracker whose memory is scope's and ends with it. config is copied, its strings included. */
redirect_tracker_t *redirect_tracker_new(wmem_allocator_t *scope, const redirect_config_t *config);

/**
 * Adds one message. Call it once for each message, in frame order, on the first visit of the frame.
 * @return its record where it belongs to a visible chain, or is shown although it does not (a 3xx or 6xx that could not
 *         be placed, a BYE or CANCEL whose Reason is a 6xx, a message with an expert item), else NULL. A chain that
 *         becomes visible later gives the records of its earlier messages to redirect_tracker_records().
 */
const redirect_record_t *redirect_tracker_add(redirect_tracker_t *tracker, const redirect_message_t *message);

/** Adds messages of a frame that could not be read: the frame gets a record that says so. */
void redirect_tracker_add_missed(redirect_tracker_t *tracker, uint32_t frame, unsigned count);

/** Takes note of an ICMP error, where it quotes a request of a visible chain and it is clear which one. */
void redirect_tracker_add_unreachable(redirect_tracker_t *tracker, const redirect_unreachable_t *error);

/** Says to the tracker how far the capture goes, SIP or not. Cheap; for every frame on its first visit. */
void redirect_tracker_advance(redirect_tracker_t *tracker, redirect_time_t now);

/** What the tracker knows, to be read; it lives as long as the tracker. */
const redirect_store_t *redirect_tracker_store(const redirect_tracker_t *tracker);

/** The records of a frame through redirect_next_in_frame(), or NULL. */
const redirect_record_t *redirect_tracker_records(const redirect_tracker_t *tracker, uint32_t frame);

/** How many chains are visible. */
uint32_t redirect_tracker_chain_count(const redirect_tracker_t *tracker);

/** A chain by its number, or NULL. */
const redirect_chain_t *redirect_tracker_chain(const redirect_tracker_t *tracker, uint32_t number);

/** Checks the invariants of the store. @return NULL, or a static string that names the one that is broken. For tests. */
const char *redirect_tracker_check(const redirect_tracker_t *tracker);

#endif /* REDIRECT_TRACKER_H */
