/* sip-uri.h
 * URIs in SIP messages: taken apart without copying, and compared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_URI_H
#define SIP_URI_H

#include <wsutil/wmem/wmem_core.h>

#include "sip-slice.h"

/** The scheme families that are treated differently. */
typedef enum {
    SIP_URI_SCHEME_NONE, /**< no scheme at all, as in "voicemail@example.com" */
    SIP_URI_SCHEME_SIP,
    SIP_URI_SCHEME_SIPS,
    SIP_URI_SCHEME_TEL,
    SIP_URI_SCHEME_OTHER, /**< mailto:, http:, urn:, ... : opaque beyond the scheme */
} sip_uri_scheme_t;

/** What was odd about a URI that could still be read; a bit set. */
typedef enum {
    SIP_URI_FLAG_NO_SCHEME = 1 << 0,  /**< read as if it were sip: (RFC 5806 examples) */
    SIP_URI_FLAG_BAD_PORT = 1 << 1,   /**< the port is no number from 0 to 65535; has_port is false */
    SIP_URI_FLAG_BAD_HOST = 1 << 2,   /**< no host, an unclosed "[", or characters no host can have */
    SIP_URI_FLAG_EMPTY_USER = 1 << 3, /**< "sip:@host", or a tel: without a number */
} sip_uri_flag_t;

/**
 * A URI in slices that borrow the text it was parsed from.
 * For sip/sips: user, password, host, port, params, headers. For tel: user is the number, params its parameters.
 * For other schemes only scheme and opaque (all after the colon) are set.
 */
typedef struct {
    sip_slice_t whole; /**< as written, without blanks around it */
    sip_uri_scheme_t scheme_kind;
    sip_slice_t scheme;
    sip_slice_t opaque; /**< all after "scheme:" */
    sip_slice_t user;   /**< absent where there is no "@"; may hold ";" parameters (RFC 3261 19.1.1) */
    sip_slice_t password;
    sip_slice_t host;  /**< without the brackets of an IPv6 reference */
    bool host_is_ipv6; /**< it stood in brackets */
    bool has_port;
    uint16_t port;
    sip_slice_t params;  /**< after the host, without the first ";" */
    sip_slice_t headers; /**< after "?" */
    unsigned flags;      /**< SIP_URI_FLAG_* */
} sip_uri_t;

/** True for sip: and sips:. A URI without a scheme is neither, though it is read as if it were sip:. */
static inline bool
sip_uri_scheme_is_sip(sip_uri_scheme_t kind)
{
    return kind == SIP_URI_SCHEME_SIP || kind == SIP_URI_SCHEME_SIPS;
}

/** A URI as written up to where its parameters begin, or its headers; whole where it has neither. Borrows from *uri. */
static inline sip_slice_t
sip_uri_up_to_host(const sip_uri_t *uri)
{
    const char *after = uri->params.ptr ? uri->params.ptr : uri->headers.ptr;

    return after ? sip_slice_make(uri->whole.ptr, (size_t)(after - 1 - uri->whole.ptr)) : uri->whole;
}

/**
 * As sip_uri_parse(), of a SIP URI with a user no farther than its "@": *uri is for sip_uri_match_key(), scheme_kind,
 * user and whole alone. Where that is all that is asked, it is half of the work.
 */
bool sip_uri_parse_user(sip_slice_t text, sip_uri_t *uri);

/** The component in which two URIs differ first, in the order of RFC 3261 19.1.4. */
typedef enum {
    SIP_URI_DIFF_NONE = 0,
    SIP_URI_DIFF_SCHEME,
    SIP_URI_DIFF_USER,
    SIP_URI_DIFF_PASSWORD,
    SIP_URI_DIFF_HOST,
    SIP_URI_DIFF_PORT,
    SIP_URI_DIFF_TRANSPORT,
    SIP_URI_DIFF_USER_PARAM, /**< ;user= on one side only, or different */
    SIP_URI_DIFF_TTL,
    SIP_URI_DIFF_METHOD,
    SIP_URI_DIFF_MADDR,
    SIP_URI_DIFF_OTHER_PARAM, /**< another parameter, on both sides with different values */
    SIP_URI_DIFF_HEADERS,
    SIP_URI_DIFF_OPAQUE, /**< schemes other than sip, sips, tel */
    SIP_URI_DIFF_COUNT,
} sip_uri_diff_t;

/** How well a Request-URI fits a redirect target, best first. */
typedef enum {
    SIP_URI_MATCH_EXACT,  /**< equal by RFC 3261 19.1.4, headers and method of the target left out (8.1.3.4) */
    SIP_URI_MATCH_LOOSE,  /**< same user and host; scheme sip/sips, default port, password or any parameter differ */
    SIP_URI_MATCH_NUMBER, /**< the same telephone number by its digits (RFC 3966), host or scheme differ */
    SIP_URI_MATCH_USER,   /**< the same user at another host */
    SIP_URI_MATCH_NONE,
} sip_uri_match_t;

/**
 * Takes a URI apart. Never allocates; the slices borrow text.
 * Blanks around it are dropped, folding included. Case is kept. Angle brackets are not expected.
 * @return false where text is empty or nothing but blanks, or holds a line end inside: then *uri is all zero. Anything
 *         else is read as well as can be, with what is odd in flags.
 * Source: RFC 3261 19.1.1, 25.1; RFC 3966 3; RFC 5954.
 */
bool sip_uri_parse(sip_slice_t text, sip_uri_t *uri);

/**
 * Compares two parsed URIs by RFC 3261 19.1.4 (hosts that are addresses: by value, RFC 5954; tel: RFC 3966 4).
 * @return SIP_URI_DIFF_NONE where they are equal, else the first component that differs. Symmetric in whether they
 *         are equal. Not transitive (RFC 3261 19.1.4): never merge sets by it.
 * Where both have parameters (or headers), and one of them more than 64, only the same text is equal: that bounds the
 * work.
 */
sip_uri_diff_t sip_uri_compare(const sip_uri_t *a, const sip_uri_t *b);

/**
 * How well a request's URI fits a target offered in a Contact.
 * The target's headers and method parameter may be missing, as they must not reach a Request-URI (RFC 3261 8.1.3.4).
 * A URI that could not be parsed (all zero) matches nothing.
 * @param difference where not NULL: the first component that made it less than exact, SIP_URI_DIFF_NONE if exact.
 */
sip_uri_match_t sip_uri_match(const sip_uri_t *target, const sip_uri_t *request_uri, sip_uri_diff_t *difference);

/**
 * A number to look URIs up by: two URIs that match better than SIP_URI_MATCH_NONE have the same key. Made of the user,
 * of the digits of a telephone number, or of the host where there is no user.
 * A hash, and no identity: URIs with one key need not match, and anybody can write two that do not (FNV-1a with 32 bits
 * and without a seed). What was found by it must be compared by sip_uri_match() before anything is said of it.
 */
uint32_t sip_uri_match_key(const sip_uri_t *uri);

/**
 * The same for two URIs that match at least loosely (SIP_URI_MATCH_LOOSE), so that most others need not be compared:
 * made of sip_uri_match_key() and the host. Never 0.
 */
uint32_t sip_uri_place_key(const sip_uri_t *uri);

/** A URI parameter by name (without case): its value in *value (absent where it has none). False where missing. */
bool sip_uri_param(const sip_uri_t *uri, const char *name, sip_slice_t *value);

/**
 * A parameter inside the user part, as in "sip:+15551234;npdi;rn=+15550000@gw" (RFC 3261 19.1.6, RFC 4694); of a tel:
 * URI the same as sip_uri_param. By name without case; false where missing.
 */
bool sip_uri_user_param(const sip_uri_t *uri, const char *name, sip_slice_t *value);

/** One word for a component ("port", "transport", ...), for sentences; a static string. */
const char *sip_uri_diff_name(sip_uri_diff_t difference);

/**
 * The URI for display: as written, folding removed, with a password replaced by "***", and what is not fit to be
 * shown by U+FFFD as redirect_text_from_wire() has it.
 * Reads whole, password and, for other schemes, opaque only: for text that could not be parsed, set whole alone.
 * @return a NUL-terminated string that scope owns; never NULL.
 */
char *sip_uri_display(wmem_allocator_t *scope, const sip_uri_t *uri);

/** A component of a kept URI: where it begins in the text, and its bytes. Absent: offset UINT16_MAX. */
typedef struct {
    uint16_t offset;
    uint16_t len;
} sip_uri_span_t;

/**
 * A parsed URI for keeping: 48 bytes beside the text, and no parsing when it is needed again.
 * All zero it stands for a URI that is all zero. Only text, len and match_key are for reading; sip_uri_view() gives
 * the rest.
 */
typedef struct {
    const char *text;   /**< the kept copy of sip_uri_t.whole; not NUL-terminated; whoever keeps it owns it */
    uint32_t len;       /**< bytes of text */
    uint32_t match_key; /**< sip_uri_match_key() */
    sip_uri_span_t scheme, opaque, user, password, host, params, headers;
    uint16_t port;
    uint8_t scheme_kind;
    uint8_t flags : 6; /**< SIP_URI_FLAG_* */
    uint8_t has_port : 1;
    uint8_t host_is_ipv6 : 1;
} sip_uri_kept_t;

/** From this many bytes on, far beyond what anybody sends, a kept URI is parsed again whenever it is needed. */
#define SIP_URI_LONG_TEXT UINT16_MAX

/**
 * Keeps a parsed URI. text is a copy of uri->whole that lives as long as *kept; it may be uri->whole.ptr itself, and
 * NULL for a URI that is all zero.
 */
void sip_uri_keep(const sip_uri_t *uri, const char *text, sip_uri_kept_t *kept);

/** The URI that was kept, its slices in kept->text: as sip_uri_parse() of that text would give it, without parsing. */
sip_uri_t sip_uri_view(const sip_uri_kept_t *kept);

/**
 * True where a SIP element can send a request there: tel:, or sip:, sips: or no scheme with a host that can be one; and
 * urn:service:, which an emergency call has as its Request-URI (RFC 6443, RFC 6881 SP-3).
 */
bool sip_uri_is_followable(const sip_uri_t *uri);

#endif /* SIP_URI_H */
