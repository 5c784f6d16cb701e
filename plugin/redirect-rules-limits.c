/* redirect-rules-limits.c
 * What a cut packet, a message without a place, or a limit of the analysis keeps from view.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-rules-int.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-outcome.h"

char *
redirect_check_cut_off(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return context->message->is_cut
               ? wmem_strdup_printf(scope,
                                    "This message is cut off after %zu bytes; what comes after is unknown, not absent.",
                                    context->message->bytes)
               : NULL;
}

/* For "; " before the last sentence, and "; and 12 more." after it. */
#define ROOM_FOR_COUNT 16

/* The gaps of one kind as sentences, as many as Wireshark shows, the others counted; NULL where there is none. */
static char *
gap_sentences(wmem_allocator_t *scope, const char *lead, unsigned gaps)
{
    unsigned named = 0, left_out = 0;
    wmem_strbuf_t *text;

    if (gaps == 0) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, lead);
    for (unsigned bit = 1; bit && bit <= gaps; bit <<= 1) {
        const char *sentence = redirect_gap_text((redirect_gap_t)bit);
        if ((gaps & bit) == 0) {
            continue;
        }
        if (named > 0 && wmem_strbuf_get_len(text) + strlen(sentence) > REDIRECT_RULE_MAX_TEXT - ROOM_FOR_COUNT) {
            left_out++;
            continue;
        }
        wmem_strbuf_append(text, named++ > 0 ? "; " : "");
        wmem_strbuf_append(text, sentence);
    }
    if (left_out > 0) {
        wmem_strbuf_append_printf(text, "; and %u more", left_out);
    }
    wmem_strbuf_append_c(text, '.');
    return wmem_strbuf_finalize(text);
}

#define GAPS_NOT_PLACED                                                                                                \
    (REDIRECT_GAP_NO_CALL_ID | REDIRECT_GAP_NO_CSEQ | REDIRECT_GAP_NO_VIA | REDIRECT_GAP_CUT | REDIRECT_GAP_TOO_LONG)
/* Said by rules of their own. */
#define GAPS_SAID_ELSEWHERE (GAPS_NOT_PLACED | REDIRECT_GAP_TARGETS)

char *
redirect_check_not_placed(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    if (context->record->transaction) {
        return NULL;
    }
    return gap_sentences(scope, "This response belongs to no chain: ", context->gaps & GAPS_NOT_PLACED);
}

char *
redirect_check_limit_reached(wmem_allocator_t *scope, const redirect_rule_context_t *context)
{
    return gap_sentences(scope, "Not all is seen here: ", context->gaps & ~(unsigned)GAPS_SAID_ELSEWHERE);
}

/* A limit may hide a follow-up after the redirect was shown. */
char *
redirect_look_back_limit_reached(wmem_allocator_t *scope, const redirect_store_t *store,
                                 const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    if (redirect == NULL || redirect->transaction == NULL || redirect->followed) {
        return NULL;
    }
    return gap_sentences(scope, "Follow-ups of this redirect may be missing: ",
                         redirect_hiding_gaps(store, redirect) & ~(unsigned)GAPS_SAID_ELSEWHERE);
}
