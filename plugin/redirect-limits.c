/* redirect-limits.c
 * The table of limits, from which the defaults and the manual page are made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-limits.h"

#include <string.h>

#include <glib.h>

#define LIMIT(member, preset, what, beyond)                                                                            \
    {                                                                                                                  \
#member, offsetof(redirect_limits_t, member), preset, what, beyond                                             \
    }

/*
 * Timeouts: a transaction and its retransmissions are over after 64*T1 = 32 s (RFC 3261 17.1), twice that tolerates
 * clocks; a person may take minutes to choose among the targets of a 300; a phone may ring for Timer C, more than three
 * minutes (16.6), and every 1xx resets it.
 */
static const redirect_limit_row_t limits[] = {
    LIMIT(targets, 64, "targets of one redirect", "the best by q are kept, the others counted (targets_left_out)"),
    LIMIT(transactions_per_call, 256, "transactions of one Call-ID",
          "the oldest are let go; a response or a follow-up that may belong to one of them says so (limit_reached)"),
    LIMIT(transactions_per_chain, 1024, "transactions of one chain",
          "the chain says truncated and claims no end; what goes on from it says so (limit_reached)"),
    LIMIT(messages_per_transaction, 4096, "messages of one transaction",
          "the chain says truncated; the final response is kept always"),
    LIMIT(open_calls, 1 << 17, "Call-IDs remembered at a time",
          "the oldest are let go; a response whose request may be among them, and a redirect whose follow-up may come "
          "later, say so (limit_reached)"),
    LIMIT(redirected_calls, 1 << 15, "of them, Call-IDs with a redirect or a global failure",
          "the oldest are let go; a redirect whose follow-up may come later says so (limit_reached)"),
    LIMIT(pending_redirects, 1 << 15, "keys under which redirects wait for a new call",
          "the oldest are dropped; such a redirect is never said to have no follow-up (limit_reached)"),
    LIMIT(pending_per_key, 64, "redirects that wait under one key",
          "the oldest are dropped; such a redirect is never said to have no follow-up (limit_reached)"),
    LIMIT(history_entries, 32, "History-Info entries of one message", "the latest are looked at"),
    LIMIT(told_values, 16, "values that are told of one response, and as many places to object",
          "the first are told, and how many more there are"),
    LIMIT(path_hops, 32, "hops that a path spells out", "the path says how many more there are"),
    LIMIT(steps_per_message, 16384, "comparisons for one message", "the search ends and says so (limit_reached)"),
    LIMIT(timeout_answered_s, 64, "seconds for which an answered call is remembered", "later messages begin anew"),
    LIMIT(timeout_visible_s, 180, "seconds for which a redirected call is remembered", "later messages begin anew"),
    LIMIT(timeout_unanswered_s, 600, "seconds for which an INVITE without a final response is remembered",
          "a later response says so (limit_reached)"),
};

const redirect_limit_row_t *
redirect_limits_table(size_t *count)
{
    *count = G_N_ELEMENTS(limits);
    return limits;
}

redirect_limits_t
redirect_limits_default(void)
{
    redirect_limits_t defaults;

    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        memcpy((char *)&defaults + limits[i].offset, &limits[i].preset, sizeof(limits[i].preset));
    }
    return defaults;
}
