/* traffic.h
 * Makes the SIP traffic of a trunk whose redirects are followed under new Call-IDs, and knows what caused what.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "chance.h"
#include "redirect-message.h"

/** What a follow-up has in common with the redirected request beside caller, target and address; a bit set. */
typedef enum {
    TIE_AGENT = 1 << 0,   /**< each phone has its User-Agent, which the B2BUA passes on; else it writes its own */
    TIE_TAG = 1 << 1,     /**< the From tag */
    TIE_CONTACT = 1 << 2, /**< the Contact of the phone; else that of the B2BUA */
    TIE_SDP = 1 << 3,     /**< the session of the SDP */
    TIE_SESSION = 1 << 4, /**< Session-ID (RFC 7989) */
    TIE_HISTORY = 1 << 5, /**< History-Info names the redirected party (RFC 7044) */
    /* And how all of its requests are written. */
    HAS_FORMS = 1 << 6,       /**< From in one of two forms of the number; P-Asserted-Identity says who it is */
    IS_ANONYMOUS = 1 << 7,    /**< From hides the caller, and nothing asserts him */
    HAS_DULL_TAGS = 1 << 8,   /**< a phone writes the same From tag in all its calls */
    HAS_DULL_SDP = 1 << 9,    /**< every offer has the same o= line */
    HAS_FIXED_SDP = 1 << 10,  /**< a phone writes the same o= line in all its calls */
    HAS_TWO_PHONES = 1 << 11, /**< each caller has two phones, with a User-Agent and Contact of their own */
} tie_t;

/* How long after a redirect its follow-up comes. */
extern const delay_t delay_any;  /**< a few milliseconds to 30 s */
extern const delay_t delay_fast; /**< a machine */
extern const delay_t delay_slow; /**< a person who chooses, a machine that queues */

/** One kind of trunk. */
typedef struct {
    unsigned callers, targets;
    double rate; /**< calls a second that begin, follow-ups not counted */
    const delay_t *delay;
    unsigned ties;    /**< tie_t */
    unsigned tied;    /**< of 100 callers, those whose follow-ups have the ties; 0: all */
    double abandoned; /**< share of the redirects that nobody follows */
    double direct;    /**< calls straight to a target, for each that the server gets */
    double activity;  /**< exponent of Zipf's law: how unequally the callers call */
    unsigned redirects;
} population_t;

/** What is true of an INVITE. */
typedef enum {
    KIND_ORIGINAL, /**< to the server, which may redirect it */
    KIND_FOLLOW_UP,
    KIND_DIRECT,
} invite_kind_t;

/** One message, with what is true of it; all borrowed until the next one. */
typedef struct {
    uint32_t frame;
    redirect_time_t time;
    redirect_endpoint_t source, destination;
    sip_slice_t text;
    bool is_invite;
    invite_kind_t kind;
    uint32_t redirected_in; /**< frame of the 302 that it follows; 0 for none */
    bool is_redirect;       /**< a 302 */
    unsigned caller, target;
} sample_t;

typedef struct traffic traffic_t;

/** The same population and seed make the same traffic. */
traffic_t *traffic_new(const population_t *population, uint32_t seed);
void traffic_free(traffic_t *traffic);

/** The next message, in order of time. False at the end. */
bool traffic_next(traffic_t *traffic, sample_t *sample);

/** Which share of all calls a caller makes: what only somebody who knows the truth can tell. */
double traffic_share_of_caller(const traffic_t *traffic, unsigned caller);

#endif /* TRAFFIC_H */
