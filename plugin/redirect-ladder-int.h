/* redirect-ladder-int.h
 * Who takes part in a ladder; for redirect-ladder.c and redirect-ladder-parts.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LADDER_INT_H
#define REDIRECT_LADDER_INT_H

#include "redirect-ladder.h"

/** As redirect_ladder_lookups_t says it. */
static inline bool
redirect_ladder_seen(const redirect_ladder_lookups_t *lookups, const redirect_record_t *record,
                     redirect_ladder_seen_t *seen)
{
    return lookups->seen && lookups->seen(lookups->data, record->frame, record->index, seen);
}

static inline const char *
redirect_ladder_software(const redirect_ladder_lookups_t *lookups, const redirect_endpoint_t *endpoint, bool certain)
{
    return lookups->software ? lookups->software(lookups->data, endpoint, certain) : NULL;
}

/** The addresses of one chain, and which of them are one element. Owned by its scope. */
typedef struct redirect_ladder_parts redirect_ladder_parts_t;

/** Reads the requests of a chain: their two ends, and which ends are one element's. */
redirect_ladder_parts_t *redirect_ladder_parts_new(wmem_allocator_t *scope, const redirect_chain_t *chain,
                                                   const redirect_ladder_lookups_t *lookups);

/**
 * The two elements between which the message of a record went.
 * @param seen of that message, or NULL where that is not known: then the request of its transaction says it
 */
void redirect_ladder_parts_ends(redirect_ladder_parts_t *parts, const redirect_record_t *record,
                                const redirect_ladder_seen_t *seen, unsigned *from, unsigned *to);

/** The place of an element among the participants: the next one where it has none. False where all are taken. */
bool redirect_ladder_parts_place(redirect_ladder_parts_t *parts, unsigned element, unsigned *place);

/** How many elements had no place any more. */
unsigned redirect_ladder_parts_left_out(const redirect_ladder_parts_t *parts);

/** Those that have a place, named. */
const redirect_ladder_participant_t *redirect_ladder_parts_named(redirect_ladder_parts_t *parts, unsigned *count);

#endif /* REDIRECT_LADDER_INT_H */
