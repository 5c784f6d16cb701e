/* redirect-reason-words.h
 * Why a request was sent elsewhere or a call ended, in words: the registered values of three protocols.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_REASON_WORDS_H
#define REDIRECT_REASON_WORDS_H

#include "sip-slice.h"

/** A reason of Diversion (RFC 5806 4), to be read after "forwarded"; NULL for one not registered. A static string. */
const char *redirect_words_for_diversion(sip_slice_t reason);

/** A cause parameter of a URI (RFC 4458 2.2; 380: RFC 8119), likewise. No response code, although it looks like one. */
const char *redirect_words_for_cause_param(uint32_t cause);

/** A cause of Q.850 that ends calls ("user busy"), or NULL. A static string. */
const char *redirect_words_for_q850(uint32_t cause);

#endif /* REDIRECT_REASON_WORDS_H */
