/* redirect-leg-int.h
 * What the files about legs share. For redirect-leg*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LEG_INT_H
#define REDIRECT_LEG_INT_H

#include "redirect-leg.h"

/** How a key of the index of legs is made; the letter goes into its hash. */
typedef enum {
    LEG_KEY_SESSION_ID = 'I',
    LEG_KEY_SHARED_ID = 'H',
    LEG_KEY_SDP_ORIGIN = 'O',
    LEG_KEY_SDP_MEDIA = 'M',
    LEG_KEY_NAMED_CALL = 'N', /**< the Call-ID in a leg header: looked up among the calls, filed to be in the index */
    LEG_KEY_RECEIVED = 'R',   /**< the address that received it, and who calls; where nobody knows, who is called */
    LEG_KEY_SENT = 'S',       /**< the same of the address that sent it */
} leg_key_kind_t;

/** The key of a text; 0 where it is empty. */
uint64_t redirect_leg_key(const redirect_store_t *store, leg_key_kind_t kind, sip_slice_t text);

/** The key of an address with a caller, or with a called user where the caller is 0; 0 where both are. */
uint64_t redirect_leg_place_key(const redirect_store_t *store, leg_key_kind_t kind, const redirect_endpoint_t *address,
                                uint32_t caller, uint32_t called);

/** How well two legs fit: a row of the table of what suffices, the best first. */
typedef struct {
    unsigned row; /**< redirect_leg_rows() where nothing suffices */
    redirect_confidence_t confidence;
} leg_weight_t;

/** What a set of evidence (redirect_leg_evidence_t) is worth after so much time. */
leg_weight_t redirect_leg_weigh(unsigned evidence, redirect_time_t after);

/** The strongest kind among the evidence. */
redirect_leg_kind_t redirect_leg_kind(unsigned evidence);

#endif /* REDIRECT_LEG_INT_H */
