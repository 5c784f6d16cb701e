/* redirect-answer.h
 * Who made a 3xx or 6xx, how soon it came, and whether the phone rang before: what tells a person from a machine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_ANSWER_H
#define REDIRECT_ANSWER_H

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-message.h"

/** How a response came about, in time. */
typedef struct {
    bool has_time;         /**< the request was captured, and the clock did not go back between the two */
    redirect_time_t after; /**< from the request to the response, on this leg */
    bool knows_ringing;    /**< of an INVITE whose request was captured */
    bool rang;             /**< a 180 came before, in this transaction or on the branch that the response came from */
    bool has_ring_time;
    redirect_time_t ring_time; /**< from the first 180 to the response */
    bool progressed;           /**< no 180, but a 183: there may have been tones or an announcement (RFC 3960 3) */
} redirect_answer_t;

/**
 * How the response of a record came about. Asked when it is seen or later: what it says is the same.
 * @param time of the message
 * @return all false where the record is no response of a transaction, or the answer to a CANCEL
 */
redirect_answer_t redirect_answer_of(const redirect_record_t *record, redirect_time_t time);

/**
 * What the sender of a response calls itself: its Server header (RFC 3261 20.35), else its User-Agent.
 * @return a NUL-terminated string for display that scope owns; NULL where there is none
 */
const char *redirect_server_read(wmem_allocator_t *scope, const redirect_message_t *message);

/** What the maker of a response had got from farther on: "the 486 in frames 4 and 5"; "" where that is nothing. */
void redirect_append_made_of(wmem_strbuf_t *text, const redirect_transaction_t *maker);

/**
 * Who made the response of a record, as far as the capture shows: "192.0.2.20 (Example PBX 1.2)" for the element farthest
 * from the caller that sent it; "a proxy, from the 486 in frames 4 and 5" where it was made of others.
 * @return a NUL-terminated string that scope owns; NULL where it is not known
 */
char *redirect_answered_by(wmem_allocator_t *scope, const redirect_record_t *record);

/**
 * The same without what the response was made of, to count by: "192.0.2.20 (Example PBX 1.2)", "a proxy at 192.0.2.10".
 * @return a NUL-terminated string that scope owns; NULL where it is not known
 */
char *redirect_responder(wmem_allocator_t *scope, const redirect_record_t *record);

#endif /* REDIRECT_ANSWER_H */
