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
 * Retry-After where the code gives it a meaning (RFC 3261 20.33), the details of a 603+ (ATIS-1000099), and where to
 * object: url, tel and email of a 603+, of half a one too if it is that half; Call-Info of a 608 (RFC 8688 3.1), with
 * its purpose. Owned by scope; NULL where there is none of it and the code is not 603.
 * @param max_redress values of Call-Info that are kept; of more, the last line says how many
 */
const redirect_failure_details_t *redirect_failure_details_read(wmem_allocator_t *scope, redirect_facts_t *facts,
                                                                unsigned max_redress);

#endif /* REDIRECT_FAILURE_H */
