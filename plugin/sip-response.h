/* sip-response.h
 * What each redirection and global failure means, in words for a person: one row a code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_RESPONSE_H
#define SIP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wsutil/wmem/wmem_core.h>

#include "sip-slice.h"

/** How long a redirect's targets hold; the values of sip_redirect.target.lifetime. */
typedef enum {
    SIP_RESPONSE_LIFETIME_NONE = 0, /**< not a redirect */
    SIP_RESPONSE_LIFETIME_TEMPORARY = 1,
    SIP_RESPONSE_LIFETIME_PERMANENT = 2,
    SIP_RESPONSE_LIFETIME_ALTERNATIVE = 3,
    SIP_RESPONSE_LIFETIME_PROXY = 4,
} sip_response_lifetime_t;

/** Bytes in a text for a person: Wireshark cuts expert texts at 239. */
#define SIP_RESPONSE_MAX_TEXT 220

/** Keys of the class rows: "any other" 3xx and 6xx. */
#define SIP_RESPONSE_CLASS_REDIRECTION 3
#define SIP_RESPONSE_CLASS_GLOBAL_FAILURE 6

/** Key of the row of a 603+ (ATIS-1000099): on the wire a 603, so that the key is no status code. */
#define SIP_RESPONSE_NETWORK_BLOCKED 1603

/** Neighbours that one row can name. */
#define SIP_RESPONSE_MAX_NEIGHBOURS 8

/** How a code differs from one that it is mistaken for. */
typedef struct {
    uint16_t code;    /**< the other code, or the key of the 603+; 0 ends the list */
    const char *text; /**< one sentence that begins with the other code, and names its own */
} sip_response_neighbour_t;

/**
 * One code. All strings are static ASCII; every text for a person is whole sentences and at most
 * SIP_RESPONSE_MAX_TEXT bytes, so that it fits an expert item too.
 */
typedef struct {
    uint16_t code;      /**< the status code; of the class rows and the 603+ a key */
    const char *phrase; /**< the registered reason phrase; of the 603+ that of its standard */
    const char *gist;   /**< the code in a few words, without a full stop: "temporarily at another address" */
    /** completes "302 Moved Temporarily: ..." in the Expert Information window; of a class row the whole sentence */
    const char *expert_summary;
    sip_response_lifetime_t lifetime;
    bool definitive;       /**< 6xx: trying other targets is pointless, and for a proxy forbidden (RFC 3261 16.7) */
    bool retry_after;      /**< RFC 3261 20.33 gives Retry-After a meaning here */
    bool by_network;       /**< a server in between decides it: to a MESSAGE it does not prove delivery (RFC 3428 7) */
    bool warns_of_contact; /**< a redirect of this code without any Contact leads nowhere (300, 301, 302, 305) */
    const char *meaning;
    const char *seen_when;
    const char *remedy;
    const char *use_when;  /**< for the one who sends or configures the code: "Answer 302 when ..." */
    const char *reference; /**< "RFC 3261 section 21.3.3" */
    /** at least one, ascending, the 603+ after the 603 */
    sip_response_neighbour_t differs[SIP_RESPONSE_MAX_NEIGHBOURS + 1];
} sip_response_t;

/**
 * The row for a status code. An unregistered 3xx or 6xx gives the row of "any other" code of its class (its code is
 * 3 or 6, its texts say that it is handled as 300 or 600: RFC 3261 8.1.3.2).
 * @return NULL where there is no row: any code outside 3xx and 6xx, but for their neighbours among the 4xx and 5xx in
 *         the table.
 */
const sip_response_t *sip_response_lookup(uint16_t code);

/** The row for a response: that of the 603+ for a 603 that is one, else as sip_response_lookup(). */
const sip_response_t *sip_response_of(uint16_t status, bool network_blocked);

/** As sip_response_lookup(), and the key of the 603+ gives its row: for the codes that differs names. */
const sip_response_t *sip_response_by_key(uint16_t key);

/** All rows in ascending order, the 603+ after the 603, for tests, value strings and reports; class rows come last. */
const sip_response_t *sip_response_table(size_t *count);

/** The status code of a row as it stands on the wire, 603 for a 603+; of a class row its key. */
unsigned sip_response_number(const sip_response_t *row);

/** What stands after the number where people write the code: "+" for the key of the 603+, else "". */
const char *sip_response_suffix(uint16_t key);

/** 3 for a redirection, 4, 5, or 6; of a class row its code. */
unsigned sip_response_class(const sip_response_t *row);

/** True for the rows that have an expert field of their own: 3xx and 6xx, the class rows among them. */
bool sip_response_has_expert(const sip_response_t *row);

/** "600 Busy Everywhere", "603+ Network Blocked": a NUL-terminated string that scope owns. Not for class rows. */
char *sip_response_title(wmem_allocator_t *scope, const sip_response_t *row);

/** The sentence of a row about another code or key: static; NULL where it has none. */
const char *sip_response_difference(const sip_response_t *row, uint16_t other);

/**
 * The registered summary of a row's expert field: "302 Moved Temporarily: try the target for this call". Without an
 * expert_summary the gist stands for it, so that a row alone makes an expert field.
 * @return a NUL-terminated sentence without a full stop that scope owns.
 */
char *sip_response_expert_summary(wmem_allocator_t *scope, const sip_response_t *row);

/** The end of the filter name of a row's expert field, "302", "603plus" or "3xx", which scope owns. */
char *sip_response_filter(wmem_allocator_t *scope, const sip_response_t *row);

/**
 * Two codes side by side for a person at a terminal of 100 columns: class, meaning, when one sees each, what to do,
 * the key differences, when to use which. Any two codes that sip_response_by_key() knows, in either order, also the
 * same one twice; an unregistered 3xx or 6xx is shown under its own number with the texts of its class.
 * @return a NUL-terminated text of several lines that scope owns, or NULL where a code is unknown: then *unknown is
 * it (the first, where both are), and is left alone otherwise. unknown may be NULL.
 */
char *sip_response_compare(wmem_allocator_t *scope, uint16_t a, uint16_t b, uint16_t *unknown);

/** How a comparison is laid out. */
typedef enum {
    SIP_RESPONSE_IN_COLUMNS,    /**< side by side, for a terminal */
    SIP_RESPONSE_IN_PARAGRAPHS, /**< one under the other, a line a text: for a window that wraps lines by itself */
} sip_response_layout_t;

/**
 * The same for two codes as a person writes them, "302" or "603+", blanks around them passed over.
 * @return as sip_response_compare(), or NULL: then *complaint, owned by scope, names the first word that is no code
 *         known, and the codes that are, and is left alone otherwise.
 */
char *sip_response_compare_words(wmem_allocator_t *scope, sip_slice_t a, sip_slice_t b, sip_response_layout_t layout,
                                 char **complaint);

/**
 * What sets two codes, or keys, apart in one line: "302 sends the call on to a temporary target; 603 is definitive, so
 * trying others is pointless."
 * @return a NUL-terminated line that scope owns, or NULL where a code is unknown.
 */
char *sip_response_contrast(wmem_allocator_t *scope, uint16_t a, uint16_t b);

#endif /* SIP_RESPONSE_H */
