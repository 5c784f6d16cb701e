/* redirect-stats-frames.h
 * Which chains a display filter chooses: those with a message in a frame that passes it.
 *
 * In one pass the messages before a chain's first redirect are seen before they are known to belong to it. So all frames
 * with SIP that pass the filter are remembered, a bit for each, and the chains that they belong to in the end are found
 * when the report is printed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STATS_FRAMES_H
#define REDIRECT_STATS_FRAMES_H

#include <epan/packet.h>

#include "redirect-model.h"

/** A set of frames. */
typedef struct redirect_stats_frames redirect_stats_frames_t;

/** An empty one; to be given back with redirect_stats_frames_free(). */
redirect_stats_frames_t *redirect_stats_frames_new(void);
void redirect_stats_frames_free(redirect_stats_frames_t *frames);

/** Remembers the frame where it has SIP; to be called for each frame that passes the filter. */
void redirect_stats_frames_add(redirect_stats_frames_t *frames, const packet_info *pinfo);

/** True where a message of the chain is in a frame of the set. */
bool redirect_stats_frames_have(const redirect_stats_frames_t *frames, const redirect_chain_t *chain);

#endif /* REDIRECT_STATS_FRAMES_H */
