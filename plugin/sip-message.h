/* sip-message.h
 * SIP messages in slices: start line, the headers that matter to redirection, and their values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "sip-uri.h"

/** Header fields that somebody in this plugin reads; all others are SIP_HEADER_OTHER. */
typedef enum {
    SIP_HEADER_OTHER = 0,
    SIP_HEADER_ACCEPT_CONTACT,
    SIP_HEADER_CALL_ID,
    SIP_HEADER_CALL_INFO,
    SIP_HEADER_CONTACT,
    SIP_HEADER_CONTENT_LENGTH,
    SIP_HEADER_CONTENT_TYPE,
    SIP_HEADER_CSEQ,
    SIP_HEADER_DIVERSION,
    SIP_HEADER_ERROR_INFO,
    SIP_HEADER_EXPIRES,
    SIP_HEADER_FROM,
    SIP_HEADER_HISTORY_INFO,
    SIP_HEADER_IDENTITY,
    SIP_HEADER_JOIN,
    SIP_HEADER_MAX_FORWARDS,
    SIP_HEADER_P_ASSERTED_IDENTITY,
    SIP_HEADER_REASON,
    SIP_HEADER_RECORD_ROUTE,
    SIP_HEADER_REPLACES,
    SIP_HEADER_RETRY_AFTER,
    SIP_HEADER_ROUTE,
    SIP_HEADER_SESSION_ID,
    SIP_HEADER_TO,
    SIP_HEADER_VIA,
    SIP_HEADER_WARNING,
    SIP_HEADER_COUNT
} sip_header_id_t;

/** Methods that are treated differently; the text is in sip_message_t.method. */
typedef enum {
    SIP_METHOD_OTHER = 0,
    SIP_METHOD_ACK,
    SIP_METHOD_BYE,
    SIP_METHOD_CANCEL,
    SIP_METHOD_INFO,
    SIP_METHOD_INVITE,
    SIP_METHOD_MESSAGE,
    SIP_METHOD_NOTIFY,
    SIP_METHOD_OPTIONS,
    SIP_METHOD_PRACK,
    SIP_METHOD_PUBLISH,
    SIP_METHOD_REFER,
    SIP_METHOD_REGISTER,
    SIP_METHOD_SUBSCRIBE,
    SIP_METHOD_UPDATE,
} sip_method_t;

/** What was wrong with a message that could still be read; a bit set. */
typedef enum {
    SIP_MESSAGE_FLAG_DUPLICATE_CALL_ID = 1 << 0, /**< the first is used (RFC 4475 3.3.8) */
    SIP_MESSAGE_FLAG_DUPLICATE_CSEQ = 1 << 1,
    SIP_MESSAGE_FLAG_BAD_CSEQ = 1 << 2,         /**< no number, too large, or no method */
    SIP_MESSAGE_FLAG_TOO_MANY_HEADERS = 1 << 3, /**< more lines than SIP_MESSAGE_MAX_HEADERS; see unkept */
    SIP_MESSAGE_FLAG_TOO_MANY_VIAS = 1 << 4,    /**< values beyond SIP_MESSAGE_MAX_VIAS were counted only */
    SIP_MESSAGE_FLAG_NO_END = 1 << 5,           /**< no empty line ended the headers */
    SIP_MESSAGE_FLAG_BAD_METHOD = 1 << 6,       /**< the start line's method is no token (RFC 3261 25.1) */
} sip_message_flag_t;

/**
 * Header lines of the listed names that one message keeps in header[]. Of later ones the scalar fields and the Via
 * values are still read, and sip_value_iter_next() still finds them; sip_message_header() does not.
 */
#define SIP_MESSAGE_MAX_HEADERS 96

/** Via values that one message keeps (Max-Forwards starts at 70; real paths are far shorter). */
#define SIP_MESSAGE_MAX_VIAS 24

/** One header line; value is trimmed, and may hold the line ends of folding (RFC 3261 7.3.1). */
typedef struct {
    sip_header_id_t id;
    sip_slice_t name;
    sip_slice_t value;
} sip_header_t;

/** One Via value (RFC 3261 20.42). */
typedef struct {
    sip_slice_t transport; /**< "UDP" in SIP/2.0/UDP */
    sip_slice_t sent_by;   /**< host[:port] as written */
    sip_slice_t branch;    /**< absent with RFC 2543 peers */
} sip_via_t;

/** One message. Every slice borrows the text that was parsed. */
typedef struct {
    bool is_response;
    uint16_t status;    /**< 100 to 699; 0 for a request */
    sip_slice_t phrase; /**< reason phrase, may be empty */
    sip_slice_t method; /**< of the start line; absent for a response */
    sip_method_t method_id;
    sip_slice_t request_uri;
    sip_slice_t call_id;
    bool has_cseq;
    uint32_t cseq;
    sip_slice_t cseq_method;
    sip_method_t cseq_method_id;
    sip_slice_t from_uri; /**< the text between "<" and ">", or the bare one */
    sip_slice_t from_tag; /**< absent where there is none */
    sip_slice_t to_uri;
    sip_slice_t to_tag;
    sip_via_t via[SIP_MESSAGE_MAX_VIAS]; /**< topmost first; only the first via_kept are set */
    unsigned via_kept;
    unsigned via_count;                           /**< all that stand in the message */
    sip_header_t header[SIP_MESSAGE_MAX_HEADERS]; /**< those with an id, in message order */
    unsigned header_count;
    sip_slice_t unkept;     /**< header lines from the first on that found no room in header[]; absent if all did */
    uint32_t present;       /**< ids that any header line has: bit SIP_HEADER_x */
    uint32_t other_letters; /**< first letters of the names without an id: bit 0 for "a" to bit 25 for "z" */
    sip_slice_t headers;    /**< all header lines */
    sip_slice_t body;       /**< all after the empty line; not cut to Content-Length */
    unsigned flags;         /**< SIP_MESSAGE_FLAG_* */
} sip_message_t;

/**
 * Reads one message. text begins at the start line and ends where the message ends.
 * Reads lines ended by CRLF or a bare LF (the start line also by a bare CR, as Wireshark does); header names without
 * case and in their compact forms; folded lines.
 * Never allocates, never reads outside text.
 * @return false where text does not begin with a SIP/2.0 start line, or the status is not 100 to 699
 *         (RFC 4475 3.1.2.19); then *message must not be used. Missing headers leave absent slices.
 */
bool sip_message_parse(sip_slice_t text, sip_message_t *message);

/** The first header line with that id, or NULL. Borrowed from message. */
const sip_header_t *sip_message_header(const sip_message_t *message, sip_header_id_t id);

/**
 * The first header line with that name (without case, compact forms not expanded): for names that come from a
 * preference. Walks the text. False where there is none.
 */
bool sip_message_header_by_name(const sip_message_t *message, sip_slice_t name, sip_slice_t *value);

/** Walks the comma-separated values of all lines with one id, in order (RFC 3261 7.3.1). */
typedef struct {
    const sip_message_t *message;
    sip_header_id_t id;
    unsigned next_line;
    sip_slice_t rest;   /**< of the line that the walk is in */
    sip_slice_t unkept; /**< lines beyond message->header that are still to be looked at */
    bool lone_quote;    /**< an unclosed quote was met in this line: quotes mean nothing in the rest of it */
} sip_value_iter_t;

/** Starts a walk; message must outlive it. */
void sip_value_iter_init(sip_value_iter_t *iter, const sip_message_t *message, sip_header_id_t id);

/**
 * The next value, trimmed; commas inside quotes and angle brackets do not part values, nor does the decimal comma of
 * ";q=0,5". Where a "<" is not closed, the comma in front of the next "<" does. A quote that is never closed is an
 * ordinary character. Empty values (",,") are passed over. False at the end.
 */
bool sip_value_iter_next(sip_value_iter_t *iter, sip_slice_t *value);

/** Takes ";name=value;name" apart, quotes respected. */
typedef struct {
    sip_slice_t rest;
    bool lone_quote; /**< an unclosed quote was met: quotes mean nothing in the rest */
} sip_param_iter_t;

/** Starts a walk over params, with or without the first ";". */
void sip_param_iter_init(sip_param_iter_t *iter, sip_slice_t params);

/** The next parameter; *value is absent where there is no "=", and keeps its quotes. False at the end. */
bool sip_param_iter_next(sip_param_iter_t *iter, sip_slice_t *name, sip_slice_t *value);

/** The first parameter of that name (without case). False where there is none; *value as in sip_param_iter_next(). */
bool sip_param_find(sip_slice_t params, const char *name, sip_slice_t *value);

/** The text between the quotes where value is a quoted string, else value itself; escapes stay as they are. */
sip_slice_t sip_value_unquote(sip_slice_t value);

/** What was wrong with a Contact or a like value; a bit set. */
typedef enum {
    SIP_ADDRESS_FLAG_STAR = 1 << 0,          /**< "*": no address (RFC 3261 10.2.2) */
    SIP_ADDRESS_FLAG_UNCLOSED = 1 << 1,      /**< "<" without ">", read to the value's end; or a quote */
    SIP_ADDRESS_FLAG_BARE_QUESTION = 1 << 2, /**< "?" in the bare form (RFC 3261 20.10) */
    SIP_ADDRESS_FLAG_BAD_URI = 1 << 3,       /**< no URI could be read */
    SIP_ADDRESS_FLAG_BARE = 1 << 4,          /**< no angle brackets: parameters are the header's */
    SIP_ADDRESS_FLAG_BAD_Q = 1 << 5,         /**< outside the grammar; q holds the lenient reading if has_q */
    SIP_ADDRESS_FLAG_DUPLICATE_Q = 1 << 6,   /**< the first is used */
    SIP_ADDRESS_FLAG_BAD_EXPIRES = 1 << 7,   /**< expires is 3600 (RFC 3261 8.3) */
} sip_address_flag_t;

/** A name-addr or addr-spec with its header parameters (RFC 3261 20.10). */
typedef struct {
    sip_slice_t whole;
    sip_slice_t display_name; /**< with its quotes */
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

/** Reads one name-addr or addr-spec. False where value is empty; oddities are in flags. */
bool sip_address_parse(sip_slice_t value, sip_address_t *address);

/**
 * Reads one Contact value (RFC 3261 20.10, 25.1).
 * q: lenient reading of ".5", "0,5", "\"0.5\"", more than three digits, out of range (clamped), flagged each.
 * expires: a malformed value counts as 3600 (RFC 3261 8.3), flagged.
 */
bool sip_contact_parse(sip_slice_t value, sip_contact_t *contact);

/**
 * The Expires header in seconds (RFC 3261 20.19). False where there is none.
 * A malformed value (a date as in RFC 2543, more than 32 bits) gives 3600 and *malformed = true.
 */
bool sip_message_expires(const sip_message_t *message, uint32_t *seconds, bool *malformed);

/** Retry-After (RFC 3261 20.33); only the first number counts, the comment and ;duration= are slices. */
typedef struct {
    uint32_t seconds;
    sip_slice_t comment; /**< between the parentheses */
    bool has_duration;
    uint32_t duration;
} sip_retry_after_t;

/** False where there is no Retry-After, or it begins with no number or one of more than 32 bits. */
bool sip_message_retry_after(const sip_message_t *message, sip_retry_after_t *retry_after);

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

/** How much of ATIS-1000099's "603+" a response carries. */
typedef enum {
    SIP_NETWORK_BLOCKED_NO,
    SIP_NETWORK_BLOCKED_PHRASE_ONLY, /**< the phrase "Network Blocked" alone */
    SIP_NETWORK_BLOCKED_REASON_ONLY, /**< the Reason header alone */
    SIP_NETWORK_BLOCKED_YES,
} sip_network_blocked_kind_t;

/** The redress details of a 603+; absent slices where not given. */
typedef struct {
    sip_slice_t url;
    sip_slice_t tel;
    sip_slice_t email;
    sip_slice_t id;
    sip_slice_t location;
} sip_network_blocked_t;

/**
 * Reads the two halves of a 603+: the phrase in any case, and a Reason SIP;cause=603 or Q.850;cause=21 whose text
 * begins with v=analytics1 (ATIS-1000099). Details are set where the Reason half is there.
 */
sip_network_blocked_kind_t sip_message_network_blocked(const sip_message_t *message, sip_network_blocked_t *details);

/** One History-Info entry (RFC 7044; RFC 4244 forms are read as well). */
typedef struct {
    sip_address_t address;
    sip_slice_t index;      /**< "1.1.2" */
    sip_slice_t rc, mp, np; /**< the index that this entry was mapped from; absent where not given */
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

/** Method from its name (case-sensitive, RFC 3261 7.1); SIP_METHOD_OTHER for one not listed. */
sip_method_t sip_method_from_name(sip_slice_t name);

/** The name of a method; "" for SIP_METHOD_OTHER. A static string. */
const char *sip_method_name(sip_method_t method);

#endif /* SIP_MESSAGE_H */
