/* redirect-report.h
 * The table of chains and its totals, as text for a terminal, and the figures that other reports share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_REPORT_H
#define REDIRECT_REPORT_H

#include "redirect-outcome.h"
#include "redirect-path.h"

/** Columns of a terminal that the table of chains fits into. */
#define REDIRECT_REPORT_WIDTH 120

/** The columns of the table of chains in tshark. */
typedef enum {
    REDIRECT_COLUMN_CHAIN,
    REDIRECT_COLUMN_START,
    REDIRECT_COLUMN_HOPS,
    REDIRECT_COLUMN_ORIGIN,
    REDIRECT_COLUMN_PATH,
    REDIRECT_COLUMN_OUTCOME,
    REDIRECT_COLUMN_CODE,
    REDIRECT_COLUMN_DELAY,
    REDIRECT_COLUMN_COUNT
} redirect_report_column_t;

/** What a report says of one chain, as far as is known now. */
typedef struct {
    const redirect_chain_t *chain;
    redirect_result_t result;
    /**
     * Time that redirects added on the path from the original request to the chain's end: for each redirect that was
     * followed there, from the request that it answered to the request that followed it. Nanoseconds.
     */
    redirect_time_t delay;
    bool delayed; /**< at least one redirect on that path was followed */
} redirect_report_row_t;

redirect_report_row_t redirect_report_row(const redirect_store_t *store, const redirect_chain_t *chain);

/**
 * The time that one redirect cost: from the request that it answered to the follow-up; where that request was not
 * captured, from the redirect. Never negative.
 * @return false where transaction follows no redirect, or its request was not captured.
 */
bool redirect_report_followup_delay(const redirect_transaction_t *transaction, redirect_time_t *delay);

/** True where this transaction is the first on whose leg the redirect that answered it was seen. */
bool redirect_report_is_first_sighting(const redirect_transaction_t *transaction);

/**
 * The transaction that a 6xx answered first, farthest from the caller, where a proxy passed it on to this
 * transaction; transaction
 * itself otherwise. Several transactions that lead to the same one show legs_seen of one failure details.
 */
const redirect_transaction_t *redirect_report_refused(const redirect_transaction_t *transaction);

/**
 * The code of the other class that a chain holds beside a 3xx or a 6xx: for a 3xx the latest 6xx, for a 6xx the latest
 * 3xx; 0 where there is none.
 */
uint16_t redirect_report_counterpart(const redirect_chain_t *chain, uint16_t status);

/**
 * A span of time in seconds, "0.010", with up to nine decimals, cut off and not rounded; without the C library's locale.
 * @return a NUL-terminated string that scope owns
 */
char *redirect_report_seconds(wmem_allocator_t *scope, redirect_time_t span, unsigned decimals);

/** A table being collected; owned by its scope. */
typedef struct redirect_report redirect_report_t;

/** An empty table. zero is the time from which the column "Start" counts: that of the capture's first frame. */
redirect_report_t *redirect_report_new(wmem_allocator_t *scope, const redirect_store_t *store, redirect_time_t zero);

/** Adds a line for chain. */
void redirect_report_add(redirect_report_t *report, const redirect_chain_t *chain);

/**
 * The table: one line a chain, columns parted by two blanks or more and at most REDIRECT_REPORT_WIDTH wide, then the
 * totals of the chains added. What does not fit is shortened: "sip:" goes first, then the middle of long URIs, then
 * the first hops of a path ("(3 more)").
 * @return a NUL-terminated UTF-8 text of several lines that the report's scope owns.
 */
char *redirect_report_finish(redirect_report_t *report);

#endif /* REDIRECT_REPORT_H */
