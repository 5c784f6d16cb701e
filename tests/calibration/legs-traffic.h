/* legs-traffic.h
 * Makes the SIP traffic on both sides of a B2BUA, and knows which INVITE it made of which.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LEGS_TRAFFIC_H
#define LEGS_TRAFFIC_H

#include "chance.h"
#include "redirect-message.h"

/** How the B2BUA writes its INVITEs, how the others write theirs, and what goes on; a bit set. */
typedef enum {
    FROM_MAIN = 1 << 0,       /**< From has one main number for all calls that the B2BUA makes */
    FROM_MAIN_TOO = 1 << 1,   /**< and so have the calls that it receives */
    ASSERTS_CALLER = 1 << 2,  /**< P-Asserted-Identity names the caller, on both sides */
    CALLED_DEVICE = 1 << 3,   /**< the dial plan makes a device's name of the number called */
    CALLED_FORM = 1 << 4,     /**< the same number in another form: +1..., 001..., national */
    TELLS_DIVERSION = 1 << 5, /**< what follows a redirect names the number dialled in Diversion */
    SDP_KEPT = 1 << 6,        /**< the o= line goes through */
    SDP_CONSTANT = 1 << 7,    /**< SIPp: every body is the same, on the callers' side */
    SDP_OF_PHONE = 1 << 8,    /**< each phone has one o= line for all of its calls; SDP_KEPT hands it on */
    HAS_SESSION_ID = 1 << 9,
    HAS_CALL_HEADER = 1 << 10, /**< X-Call-ID names the Call-ID of the other side */
    HAS_ICID = 1 << 11,        /**< P-Charging-Vector */
    TWO_ADDRESSES = 1 << 12,   /**< it sends from another address than it receives at */
    TWO_PBXS = 1 << 13,        /**< one after the other */
    CALLS_ITSELF = 1 << 14,    /**< follows redirects through itself */
    NO_PHONES = 1 << 15,       /**< what it makes was not captured */
    RINGS_MANY = 1 << 16,      /**< ring groups of three */
    HUNTS = 1 << 17,           /**< goes on to another number where one does not answer */
    NO_CIRCLES = 1 << 18,      /**< nobody forwards or hunts on to a lower number: no call comes back to where it was */
} legs_way_t;

/** One kind of B2BUA, and its traffic. */
typedef struct {
    unsigned callers;
    double rate;               /**< calls a second that begin */
    const delay_t *processing; /**< of the B2BUA */
    unsigned ways;             /**< legs_way_t */
    double anonymous;          /**< share of the callers who hide */
    double missing;            /**< share of the callers' calls that were not captured on their side */
    double own;                /**< share of the calls with which it calls somebody in that caller's name, of its own */
    double second;             /**< share of the calls with which that caller begins another one */
    unsigned calls;            /**< that show a 3xx or 6xx */
} legs_population_t;

extern const delay_t processing_usual; /**< 1 to 50 ms */
extern const delay_t processing_slow;  /**< 0.2 to 2 s */

/** What is true of an INVITE. */
typedef struct {
    uint32_t made_of;       /**< frame of the INVITE of which it was made; 0 where there is none, or it is missing */
    uint32_t redirected_in; /**< frame of the 302 because of which it was made; 0 where there is none */
    bool is_shown;          /**< its call shows a 3xx or 6xx */
} legs_truth_t;

typedef struct legs_traffic legs_traffic_t;

/** The same population and seed make the same traffic. */
legs_traffic_t *legs_traffic_new(const legs_population_t *population, uint32_t seed);
void legs_traffic_free(legs_traffic_t *traffic);

/** The next message, in order of time; its text is borrowed until the next one. False at the end. */
bool legs_traffic_next(legs_traffic_t *traffic, redirect_message_t *message, sip_slice_t *text);

/** The number of the call that the latest message belongs to, from 0; and how many there were so far. */
unsigned legs_traffic_call(const legs_traffic_t *traffic);
unsigned legs_traffic_calls(const legs_traffic_t *traffic);

/** What is true of the request of a frame, when all is over. */
legs_truth_t legs_traffic_truth(const legs_traffic_t *traffic, uint32_t frame);

/** The last frame. */
uint32_t legs_traffic_frames(const legs_traffic_t *traffic);

#endif /* LEGS_TRAFFIC_H */
