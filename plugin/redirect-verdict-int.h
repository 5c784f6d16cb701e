/* redirect-verdict-int.h
 * What the files about verdicts share. For redirect-verdict*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_VERDICT_INT_H
#define REDIRECT_VERDICT_INT_H

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-verdict.h"

/** What a 3xx or 6xx means for a request that does not set up a call. NULL where nothing is to be said. */
typedef struct {
    const char *name;       /**< after "to" */
    const char *redirected; /**< a 3xx */
    const char *go;         /**< before its targets */
    const char *refused;    /**< a 6xx */
    const char *over;       /**< a 604 in a dialog, which ends it (RFC 5057 5.1, RFC 6665 4.1.2.2); NULL: as refused */
} redirect_request_words_t;

/** NULL for a call, an INVITE outside of a dialog, and where the method is not known. */
const redirect_request_words_t *redirect_words_for_request(const redirect_record_t *record);

/** The request as it was captured before record; NULL where it was not, or only later. */
const redirect_transaction_t *redirect_request_before(const redirect_record_t *record);

/** True where the request was sent within a dialog. */
bool redirect_answers_in_dialog(const redirect_record_t *record);

/** True of a 3xx that crossed the caller's CANCEL. */
bool redirect_record_is_too_late(const redirect_record_t *record);

/** A line that is being made: what comes first follows the code, each further clause the one before. */
typedef struct {
    wmem_strbuf_t *text;
    size_t limit; /**< bytes that it is to have at most, where it can be helped */
    bool has_clause;
} redirect_line_t;

/** Begins a clause: ": " or "; ", then text. */
void redirect_line_clause(redirect_line_t *line, const char *text);

/** "0.4 ms", "17 ms", "7.0 s", "23 s" */
void redirect_line_put_time(redirect_line_t *line, redirect_time_t time);

/** "sip:carol@example.com" of a target or a request, without what decides nothing where a call goes. */
void redirect_line_put_uri(redirect_line_t *line, const sip_uri_t *uri, const char *whole);

/** Targets in the order to try, while there is room. lead: what to do with them. */
void redirect_line_targets(redirect_line_t *line, const redirect_t *redirect, const char *lead);

/** What came of a response, as far as it is known now: follow-ups, what the caller got, how the chain ended. */
void redirect_line_result(redirect_line_t *line, const redirect_store_t *store, const redirect_record_t *record);

#endif /* REDIRECT_VERDICT_INT_H */
