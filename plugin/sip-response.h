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

/** Neighbours that one row can name. */
#define SIP_RESPONSE_MAX_NEIGHBOURS 6

/** How a code differs from one that it is mistaken for. */
typedef struct {
    uint16_t code;    /**< the other code; 0 ends the list */
    const char *text; /**< one sentence that begins with the other code, and names its own */
} sip_response_neighbour_t;

/**
 * One code. All strings are static ASCII; every text for a person is whole sentences and at most
 * SIP_RESPONSE_MAX_TEXT bytes, so that it fits an expert item too.
 */
typedef struct {
    uint16_t code;
    const char *phrase; /**< the registered reason phrase */
    const char *gist;   /**< the code in a few words, without a full stop: "temporarily at another address" */
    /** completes "302 Moved Temporarily: ..." in the Expert Information window; of a class row the whole sentence */
    const char *expert_summary;
    sip_response_lifetime_t lifetime;
    bool definitive;       /**< 6xx: no other target should be tried */
    bool retry_after;      /**< RFC 3261 20.33 gives Retry-After a meaning here */
    bool by_network;       /**< a server in between decides it: to a MESSAGE it does not prove delivery (RFC 3428 7) */
    bool warns_of_contact; /**< a redirect of this code without any Contact leads nowhere (300, 301, 302, 305) */
    const char *meaning;
    const char *seen_when;
    const char *remedy;
    const char *use_when;  /**< for the one who sends or configures the code: "Answer 302 when ..." */
    const char *reference; /**< "RFC 3261 section 21.3.3" */
    sip_response_neighbour_t differs[SIP_RESPONSE_MAX_NEIGHBOURS + 1]; /**< at least one, ascending */
} sip_response_t;

/**
 * The row for a status code. An unregistered 3xx or 6xx gives the row of "any other" code of its class (its code is
 * 3 or 6, its texts say that it is handled as 300 or 600: RFC 3261 8.1.3.2).
 * @return NULL where there is no row: any code outside 3xx and 6xx, but for their neighbours among the 4xx in the table.
 */
const sip_response_t *sip_response_lookup(uint16_t code);

/** All rows in ascending order, for tests, value strings and reports; the class rows come last. */
const sip_response_t *sip_response_table(size_t *count);

/** 3 for a redirection, 4, or 6; of a class row its code. */
unsigned sip_response_class(const sip_response_t *row);

/** True for the rows that have an expert field of their own: 3xx and 6xx, the class rows among them. */
bool sip_response_has_expert(const sip_response_t *row);

/**
 * The registered summary of a row's expert field: "302 Moved Temporarily: try the target for this call". Without an
 * expert_summary the gist stands for it, so that a row alone makes an expert field.
 * @return a NUL-terminated sentence without a full stop that scope owns.
 */
char *sip_response_expert_summary(wmem_allocator_t *scope, const sip_response_t *row);

/** The end of the filter name of a row's expert field, "302" or "3xx", which scope owns. */
char *sip_response_filter(wmem_allocator_t *scope, const sip_response_t *row);

/**
 * Two codes side by side for a person at a terminal of 100 columns: class, meaning, when one sees each, what to do,
 * the key differences, when to use which. Any two codes that sip_response_lookup() knows, in either order, also the
 * same one twice; an unregistered 3xx or 6xx is shown under its own number with the texts of its class.
 * @return a NUL-terminated text of several lines that scope owns, or NULL where a code is unknown: then *unknown is
 * it (the first, where both are), and is left alone otherwise. unknown may be NULL.
 */
char *sip_response_compare(wmem_allocator_t *scope, uint16_t a, uint16_t b, uint16_t *unknown);

/**
 * What sets two codes apart in one line: "302 sends the call on to a temporary target; 603 is definitive, and nothing
 * else should be tried."
 * @return a NUL-terminated line that scope owns, or NULL where a code is unknown.
 */
char *sip_response_contrast(wmem_allocator_t *scope, uint16_t a, uint16_t b);

#endif /* SIP_RESPONSE_H */
