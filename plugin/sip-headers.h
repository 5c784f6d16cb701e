/* sip-headers.h
 * Header fields that redirection is about, one by one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_HEADERS_H
#define SIP_HEADERS_H

#include "sip-address.h"
#include "sip-message.h"

/**
 * The Expires header in seconds (RFC 3261 20.19). False where there is none.
 * A malformed value (a date as in RFC 2543, more than 32 bits) gives SIP_EXPIRES_MALFORMED and *malformed = true.
 */
bool sip_message_expires(const sip_message_t *message, uint32_t *seconds, bool *malformed);

/**
 * Retry-After in seconds (RFC 3261 20.33); a comment and parameters may follow the number.
 * False where there is no Retry-After, or it begins with no number or one of more than 32 bits.
 */
bool sip_message_retry_after(const sip_message_t *message, uint32_t *seconds);

/** Retry-After with all that it may say (RFC 3261 20.33). */
typedef struct {
    uint32_t seconds;
    bool has_duration;
    uint32_t duration;   /**< seconds, from then on, for which the callee is there */
    sip_slice_t comment; /**< without its parentheses, escapes as they stand; absent where there is none */
} sip_retry_after_t;

/** As sip_message_retry_after(); a duration that is no number of 32 bits is none. */
bool sip_message_retry_after_whole(const sip_message_t *message, sip_retry_after_t *retry_after);

/** One Warning value (RFC 3261 20.43). */
typedef struct {
    uint32_t code;     /**< of three digits */
    sip_slice_t agent; /**< who warns: a host or a name; absent where not given */
    sip_slice_t text;  /**< without its quotes, escapes as they stand */
} sip_warning_t;

/** Reads one value of a Warning header. False where it does not begin with three digits or has no quoted text. */
bool sip_warning_parse(sip_slice_t value, sip_warning_t *warning);

/** One Reason value (RFC 3326, RFC 6432, RFC 8606). */
typedef struct {
    sip_slice_t protocol; /**< "SIP", "Q.850", ... */
    bool has_cause;
    uint32_t cause;
    sip_slice_t text; /**< without its quotes */
    sip_slice_t location;
} sip_reason_t;

/** Reads one value of a Reason header. False where it is empty. */
bool sip_reason_parse(sip_slice_t value, sip_reason_t *reason);

/** The redress details of a 603+; absent slices where not given. */
typedef struct {
    sip_slice_t url;
    sip_slice_t tel;
    sip_slice_t email;
    sip_slice_t id;
    sip_slice_t location;
} sip_network_blocked_t;

/**
 * True for the half of a 603+ that stands in a Reason: SIP;cause=603 or Q.850;cause=21, with a text that begins with
 * v=analytics1 (ATIS-1000099). Then *details are its own; else all of them are absent.
 */
bool sip_reason_network_blocked(const sip_reason_t *reason, sip_network_blocked_t *details);

/** One History-Info entry (RFC 7044; RFC 4244 forms are read as well). */
typedef struct {
    sip_address_t address;
    sip_slice_t index;  /**< "1.1.2" */
    sip_slice_t rc, mp; /**< the index that this entry was mapped from; absent where not given */
    bool has_reason;
    sip_slice_t reason_protocol;
    uint32_t reason_cause; /**< from the escaped or unescaped Reason header of the URI */
    bool has_cause_param;
    uint32_t cause_param; /**< ;cause= of the URI (RFC 4458) */
} sip_history_entry_t;

/** Reads one History-Info value. False where it is empty. */
bool sip_history_entry_parse(sip_slice_t value, sip_history_entry_t *entry);

/** One Diversion value (RFC 5806). */
typedef struct {
    sip_address_t address;
    sip_slice_t reason; /**< without its quotes */
    bool has_counter;
    uint32_t counter;
} sip_diversion_t;

/** Reads one Diversion value. False where it is empty. */
bool sip_diversion_parse(sip_slice_t value, sip_diversion_t *diversion);

/**
 * Session-ID (RFC 7989, and RFC 7329's single UUID): 32 hexadecimal digits each, as written.
 * *remote is absent where not given. False where there is none or local is not 32 hexadecimal digits.
 */
bool sip_message_session_id(const sip_message_t *message, sip_slice_t *local, sip_slice_t *remote);

#endif /* SIP_HEADERS_H */
