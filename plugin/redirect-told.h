/* redirect-told.h
 * What the sender of a 3xx or 6xx says in its own words: a reason phrase that is not the registered one, Reason (RFC
 * 3326, RFC 6432, RFC 8606), Warning (RFC 3261 20.43), Error-Info (RFC 3261 20.18).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TOLD_H
#define REDIRECT_TOLD_H

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-facts.h"
#include "redirect-model.h"

/**
 * Reads it once, when the 3xx or 6xx is recorded. The Reason and phrase of a 603+ are left to redirect-failure.h.
 * @param is_cut the captured bytes end within its header fields
 * @param max_values that are kept; of more, the last line says how many
 * @return owned by scope, or static; NULL where it is certain that the sender told nothing
 */
const redirect_told_t *redirect_told_read(wmem_allocator_t *scope, redirect_facts_t *facts, bool is_cut,
                                          unsigned max_values);

/**
 * The one of them that says most about why, in few words and with where it stands, for a verdict: "\"no calls\"
 * (Reason)", "user busy (Q.850 cause 17)". At most 160 bytes. NULL where none says more than the code does, and for all
 * but 3xx and 6xx. Owned by the record's store.
 */
const char *redirect_told_most_telling(const redirect_record_t *record);

/**
 * True for a 3xx or 6xx whose sender gives no reason at all: the registered phrase, no Reason, Warning or Error-Info, no
 * comment in Retry-After and no body that may tell it, and all of its header fields were captured.
 */
bool redirect_told_nothing(const redirect_record_t *record);

/** Appends one Reason value: "Reason: Q.850 cause 17, user busy (\"on another call\")"; its location is left out. */
void redirect_told_append_reason(wmem_strbuf_t *out, const sip_reason_t *reason);

/** Appends the location of a cause in words: "TN, a transit network" (RFC 8606 4). */
void redirect_told_append_location(wmem_strbuf_t *out, sip_slice_t location);

/** Lines for display that are made of the values of header fields, as many as there is room for. */
typedef struct {
    wmem_allocator_t *scope;
    redirect_annotation_t *first, **last; /**< last: where the next one goes */
    unsigned room;                        /**< for lines */
    unsigned left_out;                    /**< values for which there was none */
} redirect_lines_t;

/** Begins a list; *lines must stay where it is. */
void redirect_lines_init(redirect_lines_t *lines, wmem_allocator_t *scope, unsigned max);

/** The next value of a walk; once there is no room the rest is counted. False at the end. */
bool redirect_lines_next_value(redirect_lines_t *lines, sip_value_iter_t *values, sip_slice_t *value);

/** Adds a line; text is taken over. Only where there is room. */
void redirect_lines_add(redirect_lines_t *lines, wmem_strbuf_t *text);

/** Ends the list with how many were left out, where any were. @return the first line, or NULL */
redirect_annotation_t *redirect_lines_end(redirect_lines_t *lines);

#endif /* REDIRECT_TOLD_H */
