/* redirect-contradiction.h
 * Where History-Info (RFC 7044) or Diversion (RFC 5806) says otherwise than the chain seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_CONTRADICTION_H
#define REDIRECT_CONTRADICTION_H

#include "redirect-facts.h"
#include "redirect-model.h"

/**
 * What a message says that cannot be, where both it and the chain are fully visible.
 * @param record of a 3xx with its redirect, or of a request that opened its transaction
 * @return a sentence that scope owns, or NULL
 */
char *redirect_contradiction_find(wmem_allocator_t *scope, redirect_facts_t *facts, const redirect_record_t *record);

#endif /* REDIRECT_CONTRADICTION_H */
