/* sip-address.h
 * Addresses in header values, and what a Contact says of one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_ADDRESS_H
#define SIP_ADDRESS_H

#include "sip-uri.h"

/** RFC 3261 8.3: "Malformed values SHOULD be treated as equivalent to 3600." */
#define SIP_EXPIRES_MALFORMED 3600

/** What was wrong with a Contact or a like value; a bit set. */
typedef enum {
    SIP_ADDRESS_FLAG_STAR = 1 << 0,          /**< "*": no address (RFC 3261 10.2.2) */
    SIP_ADDRESS_FLAG_UNCLOSED = 1 << 1,      /**< "<" without ">", read to the value's end; or a quote */
    SIP_ADDRESS_FLAG_BARE_QUESTION = 1 << 2, /**< "?" in the bare form (RFC 3261 20.10) */
    SIP_ADDRESS_FLAG_BAD_URI = 1 << 3,       /**< no URI could be read */
    SIP_ADDRESS_FLAG_BARE = 1 << 4,          /**< no angle brackets: parameters are the header's */
    SIP_ADDRESS_FLAG_BAD_Q = 1 << 5,         /**< outside the grammar; q holds the lenient reading if has_q */
    SIP_ADDRESS_FLAG_DUPLICATE_Q = 1 << 6,   /**< the first is used */
    SIP_ADDRESS_FLAG_BAD_EXPIRES = 1 << 7,   /**< expires is SIP_EXPIRES_MALFORMED */
} sip_address_flag_t;

/** A name-addr or addr-spec (RFC 3261 20.10, 25.1) with its URI as text: half of the work of sip_address_parse(). */
typedef struct {
    sip_slice_t uri;    /**< between the brackets, or the bare one; trimmed */
    sip_slice_t params; /**< header parameters, without the first ";"; absent where there are none */
    unsigned flags;     /**< SIP_ADDRESS_FLAG_UNCLOSED, _BARE_QUESTION and _BARE */
} sip_address_parts_t;

/** A name-addr or addr-spec with its header parameters (RFC 3261 20.10). */
typedef struct {
    sip_uri_t uri;
    sip_slice_t params; /**< header parameters, without the first ";" */
    unsigned flags;     /**< SIP_ADDRESS_FLAG_* */
} sip_address_t;

/** A Contact value of a redirect. */
typedef struct {
    sip_address_t address;
    bool has_q;
    double q; /**< 0 to 1, clamped */
    bool has_expires;
    uint32_t expires; /**< seconds */
} sip_contact_t;

/**
 * Finds the URI and the parameters of one trimmed name-addr or addr-spec. A "<" in the parameters or headers of an
 * addr-spec does not make a name-addr of it; in "bob@h <sip:bob@h>" and "Really? <sip:bob@h>" it does. Brackets may
 * nest, as in "<sip:bob@h?Route=<sip:p>>".
 */
void sip_address_split(sip_slice_t value, sip_address_parts_t *parts);

/** The tag of a trimmed From or To value (RFC 3261 19.3). False where it has none: then *tag stays as it was. */
bool sip_address_tag(sip_slice_t value, sip_slice_t *tag);

/** Reads one name-addr or addr-spec. False where value is empty; oddities are in flags. */
bool sip_address_parse(sip_slice_t value, sip_address_t *address);

/**
 * Reads one Contact value (RFC 3261 20.10, 25.1).
 * q: lenient reading of ".5", "0,5", "\"0.5\"", more than three digits, out of range (clamped), flagged each.
 * expires: a malformed value counts as SIP_EXPIRES_MALFORMED, flagged.
 */
bool sip_contact_parse(sip_slice_t value, sip_contact_t *contact);

#endif /* SIP_ADDRESS_H */
