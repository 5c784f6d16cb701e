/* redirect-failure.h
 * What a 6xx carries beside its code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_FAILURE_H
#define REDIRECT_FAILURE_H

#include "redirect-facts.h"
#include "redirect-model.h"

/**
 * Retry-After where the code gives it a meaning (RFC 3261 20.33), and the details of a 603+ (ATIS-1000099). Owned by
 * scope; NULL where there is neither.
 */
const redirect_failure_details_t *redirect_failure_details_read(wmem_allocator_t *scope, redirect_facts_t *facts);

#endif /* REDIRECT_FAILURE_H */
