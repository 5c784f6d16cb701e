/* redirect-diverted.h
 * What an INVITE or a 181 tells of forwards that somebody made before: Diversion (RFC 5806) and History-Info (RFC 7044).
 *
 * Most PBXs forward without any 3xx: then this is all that the capture shows of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_DIVERTED_H
#define REDIRECT_DIVERTED_H

#include "redirect-facts.h"

/**
 * True where a message tells of a forward: an INVITE outside of a dialog with a Diversion, or with an entry of
 * History-Info that a 3xx or a cause of RFC 4458 sent on; a 181 to an INVITE. History-Info that only lists where an
 * INVITE went, as every proxy of an IMS does, tells of none.
 */
bool redirect_tells_of_forward(redirect_facts_t *facts);

/**
 * Who forwarded, why and to whom, the first and the last told apart where there were several. Diversion counts before
 * History-Info, for it says no more than that; but not in a 181, where RFC 5806 does not define it.
 * @param is_cut the captured bytes end within its header fields: then older forwards may be missing
 * @param max bytes of the sentence; where the one called now does not fit, it is left out, for the Request-URI says it
 * @return a sentence owned by scope; NULL where redirect_tells_of_forward() is false
 */
char *redirect_forward_told(wmem_allocator_t *scope, redirect_facts_t *facts, bool is_cut, size_t max);

#endif /* REDIRECT_DIVERTED_H */
