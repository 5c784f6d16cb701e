/* redirect-stats-frames.c
 * Which chains a display filter chooses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-stats-frames.h"

struct redirect_stats_frames {
    GByteArray *bits;
};

redirect_stats_frames_t *
redirect_stats_frames_new(void)
{
    redirect_stats_frames_t *frames = g_new(redirect_stats_frames_t, 1);

    frames->bits = g_byte_array_new();
    return frames;
}

void
redirect_stats_frames_free(redirect_stats_frames_t *frames)
{
    g_byte_array_free(frames->bits, TRUE);
    g_free(frames);
}

void
redirect_stats_frames_add(redirect_stats_frames_t *frames, const packet_info *pinfo)
{
    GByteArray *bits = frames->bits;
    const unsigned byte = pinfo->num / 8, had = bits->len;

    if (!proto_is_frame_protocol(pinfo->layers, "sip")) {
        return;
    }
    if (byte >= had) {
        g_byte_array_set_size(bits, byte + byte / 2 + 1);
        memset(bits->data + had, 0, bits->len - had);
    }
    bits->data[byte] |= (uint8_t)(1U << (pinfo->num % 8));
}

static bool
is_remembered(const GByteArray *bits, uint32_t frame)
{
    return frame / 8 < bits->len && (bits->data[frame / 8] & (1U << (frame % 8))) != 0;
}

bool
redirect_stats_frames_have(const redirect_stats_frames_t *frames, const redirect_chain_t *chain)
{
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        for (const redirect_record_t *record = transaction->first_record; record;
             record = record->next_in_transaction) {
            if (is_remembered(frames->bits, record->frame)) {
                return true;
            }
        }
    }
    return false;
}
