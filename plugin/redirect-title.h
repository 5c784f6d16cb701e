/* redirect-title.h
 * What became of a message's request, in few words: the title of a message in the packet details, and what may be added
 * to the Info column. Both are read from the model as it is known now.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TITLE_H
#define REDIRECT_TITLE_H

#include <wsutil/wmem/wmem_core.h>

#include "redirect-store.h"

/**
 * "chain 0, hop 0: redirected in frame 4, answered in 11"; of a 3xx or 6xx "302: followed in frame 6 (603) and 9 (200),
 * answered".
 * @param record of a message in a chain, or of a 3xx or 6xx
 * @return a NUL-terminated line that scope owns
 */
char *redirect_title(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record);

/**
 * "[followed in 6]", "[definitive]", "[hop 1 of chain 0]": what the Info column of the packet list has no word of.
 * @return a NUL-terminated text that scope owns; NULL where there is nothing to add
 */
char *redirect_info_suffix(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_record_t *record);

#endif /* REDIRECT_TITLE_H */
