/* redirect-verdict.h
 * One line for a person: what a 3xx or 6xx means here, where the request goes next, and what came of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_VERDICT_H
#define REDIRECT_VERDICT_H

#include "redirect-outcome.h"

/**
 * The verdict on a 3xx or 6xx, with what happened next as far as it is known now.
 * @return a NUL-terminated line that scope owns, or NULL for other messages.
 */
char *redirect_verdict(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record);

/**
 * The part of the verdict that says what came of it: "302: followed in frame 6 (603) and 9 (200), answered". Where nothing
 * is known of that, the verdict without it.
 * @return as redirect_verdict()
 */
char *redirect_verdict_outcome(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record);

/**
 * The part of the verdict that never changes: code, who and how soon, meaning, targets. For expert items, which must read
 * alike in every pass. At most 220 bytes; a list of targets that is longer is cut between two targets, and says so.
 */
char *redirect_verdict_short(wmem_allocator_t *scope, const redirect_record_t *record);

#endif /* REDIRECT_VERDICT_H */
