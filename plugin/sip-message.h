/* sip-message.h
 * SIP messages in slices: start line, header lines, Via.
 *
 * Every SIP message of a capture is parsed, and nearly all of them belong to calls that nothing redirects. So parsing has
 * two parts: the first reads what identifies a message's transaction, and most messages need no more; the second sees which
 * header lines there are. Their values are read when they are asked for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_MESSAGE_H
#define SIP_MESSAGE_H

#include "sip-slice.h"

/* Checked where memory is checked as well, by the tests; nothing may end the program of a user. */
#ifdef __SANITIZE_ADDRESS__
#include <wsutil/ws_assert.h>
#define SIP_MESSAGE_REQUIRE_ALL_READ(message) ws_assert((message)->unread.ptr == NULL)
#else
#define SIP_MESSAGE_REQUIRE_ALL_READ(message) ((void)0)
#endif

/** Header fields that this plugin knows; all others are SIP_HEADER_OTHER. */
typedef enum {
    SIP_HEADER_OTHER = 0,
    SIP_HEADER_CALL_ID,
    SIP_HEADER_CALL_INFO,
    SIP_HEADER_CONTACT,
    SIP_HEADER_CONTENT_TYPE,
    SIP_HEADER_CSEQ,
    SIP_HEADER_DIVERSION,
    SIP_HEADER_ERROR_INFO,
    SIP_HEADER_EXPIRES,
    SIP_HEADER_FROM,
    SIP_HEADER_HISTORY_INFO,
    SIP_HEADER_IDENTITY,
    SIP_HEADER_JOIN,
    SIP_HEADER_P_ASSERTED_IDENTITY,
    SIP_HEADER_REASON,
    SIP_HEADER_REPLACES,
    SIP_HEADER_RETRY_AFTER,
    SIP_HEADER_ROUTE,
    SIP_HEADER_SERVER,
    SIP_HEADER_SESSION_ID,
    SIP_HEADER_TO,
    SIP_HEADER_USER_AGENT,
    SIP_HEADER_VIA,
    SIP_HEADER_WARNING,
    SIP_HEADER_COUNT
} sip_header_id_t;

/** The bit of a header in sip_message_t.present. */
#define SIP_HEADER_BIT(id) (UINT32_C(1) << (id))

/** Methods that are treated differently, the frequent ones first; the text is in sip_message_t.method. */
typedef enum {
    SIP_METHOD_OTHER = 0,
    SIP_METHOD_INVITE,
    SIP_METHOD_ACK,
    SIP_METHOD_BYE,
    SIP_METHOD_OPTIONS,
    SIP_METHOD_REGISTER,
    SIP_METHOD_CANCEL,
    SIP_METHOD_NOTIFY,
    SIP_METHOD_SUBSCRIBE,
    SIP_METHOD_PRACK,
    SIP_METHOD_UPDATE,
    SIP_METHOD_MESSAGE,
    SIP_METHOD_PUBLISH,
    SIP_METHOD_REFER,
    SIP_METHOD_INFO,
    SIP_METHOD_COUNT
} sip_method_t;

/** What was wrong with a message that could still be read; a bit set. */
typedef enum {
    SIP_MESSAGE_FLAG_BAD_CSEQ = 1 << 0, /**< no number, too large, or no method */
    SIP_MESSAGE_FLAG_NO_END = 1 << 1,   /**< no empty line ended the headers: it may be cut short */
} sip_message_flag_t;

/** Via values that a walk gives (Max-Forwards starts at 70; real paths are far shorter). */
#define SIP_MESSAGE_MAX_VIAS 24

/** One Via value (RFC 3261 20.42). */
typedef struct {
    sip_slice_t sent_by; /**< host[:port] as written */
    sip_slice_t branch;  /**< absent with RFC 2543 peers */
} sip_via_t;

/** One message. Every slice borrows the text that was parsed. All zero it is a message without any header. */
typedef struct {
    bool is_response;
    bool has_cseq;
    uint16_t status; /**< 100 to 699; 0 for a request */
    uint32_t cseq;
    sip_method_t method_id;
    sip_method_t cseq_method_id;
    sip_slice_t phrase;      /**< reason phrase, may be empty */
    sip_slice_t method;      /**< of the start line; absent for a response */
    sip_slice_t request_uri; /**< absent for a response */
    sip_slice_t call_id;     /**< of the first such header (RFC 4475 3.3.8), as all others */
    sip_slice_t cseq_method;
    sip_via_t via;          /**< the topmost; all zero where via_count is 0 */
    unsigned via_count;     /**< all that stand in the message, or in what of it was read */
    unsigned flags;         /**< SIP_MESSAGE_FLAG_* */
    uint32_t present;       /**< ids that any header line has: SIP_HEADER_BIT() */
    uint32_t repeated;      /**< ids that more than one header line has */
    uint32_t other_letters; /**< first letters of the lines without an id: bit 0 for "a" to bit 25 for "z" */
    uint64_t other_pairs;   /**< the same of their first and sixth characters together, of each pair one bit */
    sip_slice_t headers;    /**< all header lines */
    sip_slice_t body;       /**< all after the empty line; not cut to Content-Length */
    sip_slice_t unread;     /**< where sip_message_read_rest() goes on; absent once it was called */
    sip_slice_t after_colon[SIP_HEADER_COUNT]; /**< first line of each id in present; for sip_message_header() */
} sip_message_t;

/**
 * Reads one message. text begins at the start line and ends where the message ends.
 * Reads lines ended by CRLF or a bare LF (the start line also by a bare CR, as Wireshark does); header names without
 * case and in their compact forms; folded lines (RFC 3261 7.3.1).
 * Never allocates, never reads outside text.
 * @return false where text does not begin with a SIP/2.0 start line, or the status is not 100 to 699
 *         (RFC 4475 3.1.2.19); then *message must not be used. Missing headers leave absent slices.
 */
bool sip_message_parse(sip_slice_t text, sip_message_t *message);

/**
 * The first part of sip_message_parse(): reads the start line, and header lines up to the last of Via, From, To, Call-ID
 * and CSeq. Complete afterwards: call_id, cseq, cseq_method, via and the tags; via_count is above 0 where there is a Via.
 * For all else sip_message_read_rest() comes first.
 */
bool sip_message_parse_start(sip_slice_t text, sip_message_t *message);

/** The second part; does nothing where it was called before. The text must still be there. */
void sip_message_read_rest(sip_message_t *message);

/** True where any header line has that id. */
static inline bool
sip_message_has(const sip_message_t *message, sip_header_id_t id)
{
    SIP_MESSAGE_REQUIRE_ALL_READ(message); /* what was not read yet is not absent */
    return (message->present & SIP_HEADER_BIT(id)) != 0;
}

/**
 * The value of the first header line with that id, trimmed; it may hold the line ends of folding.
 * False where there is none: then *value stays as it was.
 */
bool sip_message_header(const sip_message_t *message, sip_header_id_t id, sip_slice_t *value);

/**
 * The first header line with that name (without case, compact forms not expanded): for names that come from a
 * preference, or that have no id. Walks the text where the name may be there. False where it is not.
 */
bool sip_message_header_by_name(const sip_message_t *message, sip_slice_t name, sip_slice_t *value);

/** Names of a list at most. */
#define SIP_NAME_LIST_MAX 16

/** Header names, made ready to be looked for in many messages. */
typedef struct {
    sip_slice_t name[SIP_NAME_LIST_MAX];
    unsigned count;
    uint64_t pairs;   /**< of those names that are long enough, as in sip_message_t.other_pairs */
    uint32_t letters; /**< of the shorter ones, as in sip_message_t.other_letters */
    bool has_id;      /**< one of them is the name of a header that has an id */
} sip_name_list_t;

/** Takes apart comma-separated names; the text must outlive the list. Names beyond SIP_NAME_LIST_MAX are left out. */
void sip_name_list_init(sip_name_list_t *list, sip_slice_t text);

/** False where a message has none of the names: nearly always, and quickly. */
static inline bool
sip_message_may_have_any(const sip_message_t *message, const sip_name_list_t *list)
{
    SIP_MESSAGE_REQUIRE_ALL_READ(message);
    return list->has_id || (message->other_pairs & list->pairs) != 0 || (message->other_letters & list->letters) != 0;
}

/** The tag of the first From or To header (RFC 3261 19.3); absent where there is none. The message's start is enough. */
sip_slice_t sip_message_from_tag(const sip_message_t *message);
sip_slice_t sip_message_to_tag(const sip_message_t *message);

/** The text between "<" and ">" of the From header, or the bare URI; absent where there is no From. */
sip_slice_t sip_message_from_uri(const sip_message_t *message);

/** As sip_message_from_uri(), of the To header. */
sip_slice_t sip_message_to_uri(const sip_message_t *message);

/** One header line. */
typedef struct {
    sip_header_id_t id;
    sip_slice_t name;
    sip_slice_t value; /**< trimmed; may hold the line ends of folding */
} sip_header_t;

/** Walks the header lines that have an id, in message order. */
typedef struct {
    sip_slice_t rest;
} sip_header_iter_t;

/** Starts a walk; the text of message must outlive it. */
void sip_header_iter_init(sip_header_iter_t *iter, const sip_message_t *message);

/** The next line. False at the end. */
bool sip_header_iter_next(sip_header_iter_t *iter, sip_header_t *header);

/** Walks the comma-separated values of all lines with one id, in order (RFC 3261 7.3.1). */
typedef struct {
    sip_header_id_t id;
    sip_slice_t lines; /**< still to be looked at; absent where no more can have the id */
    sip_slice_t rest;  /**< of the line that the walk is in */
    bool lone_quote;   /**< see sip_value_take() */
} sip_value_iter_t;

/** Starts a walk; the text of message must outlive it. */
void sip_value_iter_init(sip_value_iter_t *iter, const sip_message_t *message, sip_header_id_t id);

/** The next value, as sip_value_take() gives it. False at the end. */
bool sip_value_iter_next(sip_value_iter_t *iter, sip_slice_t *value);

/** Walks the Via values from the topmost on; the first SIP_MESSAGE_MAX_VIAS of them. */
typedef struct {
    sip_value_iter_t values;
    unsigned left;
} sip_via_iter_t;

/** Starts a walk; the text of message must outlive it. */
void sip_via_iter_init(sip_via_iter_t *iter, const sip_message_t *message);

/** The next Via. False at the end. */
bool sip_via_iter_next(sip_via_iter_t *iter, sip_via_t *via);

/** Method from its name (case-sensitive, RFC 3261 7.1); SIP_METHOD_OTHER for one not listed. */
sip_method_t sip_method_from_name(sip_slice_t name);

/** The name of a method, a static string; NULL for SIP_METHOD_OTHER, whose name is in the message. */
const char *sip_method_name(sip_method_t method);

#endif /* SIP_MESSAGE_H */
