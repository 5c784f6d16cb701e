/* redirect-reason-words.h
 * Why a request was sent elsewhere or a call ended, in words: the registered values of reasons.
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

/** A cause of ITU-T Q.850 ("user busy"), or NULL. A static string. */
const char *redirect_words_for_q850(uint32_t cause);

/** The registered phrase of a SIP response ("Busy Here"), or NULL. A static string. */
const char *redirect_words_for_sip(uint32_t code);

/** A code of Warning (RFC 3261 20.43), or NULL. A static string. */
const char *redirect_words_for_warning(uint32_t code);

/**
 * The location of a Q.850 cause in a response (RFC 8606 4): "the public network that serves the called party"; and the
 * same in fewer words: "the called party's network". NULL where it is spare or reserved. Static strings.
 */
const char *redirect_words_for_location(sip_slice_t location);
const char *redirect_words_for_location_brief(sip_slice_t location);

#endif /* REDIRECT_REASON_WORDS_H */
