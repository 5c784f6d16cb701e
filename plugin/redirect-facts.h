/* redirect-facts.h
 * What one message says of redirections, read once and handed on: History-Info (RFC 7044), Diversion (RFC 5806),
 * Reason (RFC 3326), 603+ (ATIS-1000099), Identity (RFC 8946), number portability (RFC 4694).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_FACTS_H
#define REDIRECT_FACTS_H

#include <wsutil/wmem/wmem_strbuf.h>

#include "sip-headers.h"
#include "sip-message.h"
#include "sip-param.h"
#include "sip-uri.h"

/** Diversion and Reason values of one message that are read, and entries of History-Info that are spelled out. */
#define REDIRECT_FACTS_MAX_SHOWN 8

/** One History-Info entry (RFC 7044 5). */
typedef struct {
    sip_uri_kept_t uri;
    sip_slice_t index;       /**< "1.1.2" */
    sip_slice_t mapped_from; /**< index of the entry that it was made of, mp or rc; absent where not given */
    sip_slice_t reason_protocol;
    uint32_t reason_cause;
    uint32_t cause_param; /**< ;cause= of the URI (RFC 4458) */
    bool has_reason;
    bool has_cause_param;
} redirect_entry_t;

/** One Diversion value (RFC 5806 4). */
typedef struct {
    sip_uri_kept_t uri; /**< all zero where there is none */
    sip_slice_t reason; /**< without its quotes */
    uint32_t counter;
    bool has_counter;
} redirect_diversion_t;

/** What the header fields of one message say of earlier redirections. Whoever made it owns the arrays. */
typedef struct {
    redirect_entry_t *entry; /**< the latest, in message order */
    redirect_diversion_t *diversion;
    sip_reason_t *reason;     /**< those with a cause or a text */
    unsigned entry_count;     /**< of entry[] */
    unsigned entry_total;     /**< all that stand in the message */
    unsigned diversion_count; /**< of diversion[], the first in the message: the latest diversions */
    unsigned diversion_total;
    unsigned reason_count; /**< of reason[], the first in the message */
    uint16_t sip_cause;    /**< the first SIP cause among all Reasons; 0 for none */
    bool global_failure;   /**< a SIP cause 6xx is among them */
} redirect_said_t;

/** How much of ATIS-1000099's "603+" a response carries. */
typedef enum {
    REDIRECT_BLOCKED_NO,
    REDIRECT_BLOCKED_PHRASE_ONLY, /**< the phrase "Network Blocked" alone */
    REDIRECT_BLOCKED_REASON_ONLY, /**< the Reason header alone */
    REDIRECT_BLOCKED_YES,
} redirect_blocked_kind_t;

/**
 * The facts of one message, each read when it is first asked for. Made by redirect_facts_init() on the stack; only the
 * functions below look inside, sip alone is for reading.
 */
typedef struct {
    const sip_message_t *sip;
    unsigned max_entries;
    bool has_said;
    bool has_blocked;              /* a Reason is one half of a 603+ */
    sip_network_blocked_t blocked; /* of the first such */
    redirect_said_t said;
} redirect_facts_t;

/** Nothing is read yet. sip must live until redirect_facts_clear(). @param max_entries of History-Info, the latest */
void redirect_facts_init(redirect_facts_t *facts, const sip_message_t *sip, unsigned max_entries);

/** Frees what was read. */
void redirect_facts_clear(redirect_facts_t *facts);

/** What the header fields say. Borrowed from facts and its message; never NULL. */
const redirect_said_t *redirect_facts_said(redirect_facts_t *facts);

/**
 * How much of a 603+ there is (ATIS-1000099): the phrase in any case, and a Reason that sip_reason_network_blocked()
 * takes. The details of the first such are in *details, which borrow from the message.
 */
redirect_blocked_kind_t redirect_facts_network_blocked(redirect_facts_t *facts, sip_network_blocked_t *details);

/** True for a BYE or CANCEL whose Reason is a global failure: it is shown even if its chain is not (RFC 8197 4). */
bool redirect_facts_end_with_global_failure(redirect_facts_t *facts);

/** True where the request is to take the place of another call, or to join it (RFC 3891, RFC 3911). */
bool redirect_facts_replaces(const redirect_facts_t *facts);

/** What the signed Identity header fields of a message are for (RFC 8224 4). */
typedef enum {
    REDIRECT_IDENTITY_NONE,
    REDIRECT_IDENTITY_CALLER, /**< who is calling ("shaken", or a kind that is not said) */
    REDIRECT_IDENTITY_DIV,    /**< one proves that the call was forwarded: "div", "div-o" (RFC 8946) */
} redirect_identity_t;

/** *kind is that of the PASSporT, of several the one that proves a forward; absent where the header does not say. */
redirect_identity_t redirect_facts_identity(const redirect_facts_t *facts, sip_slice_t *kind);

/** True where a Reason value is a SIP response code. */
static inline bool
redirect_is_sip_reason(const sip_reason_t *reason)
{
    return reason->has_cause && sip_slice_equal_nocase(reason->protocol, SIP_SLICE_LITERAL("SIP"));
}

/** True where a Reason value is a 6xx. */
static inline bool
redirect_is_global_failure_reason(const sip_reason_t *reason)
{
    return redirect_is_sip_reason(reason) && reason->cause / 100 == 6;
}

/** True where the reason of an entry is a SIP response code. */
static inline bool
redirect_entry_has_sip_reason(const redirect_entry_t *entry)
{
    return entry->has_reason && sip_slice_equal_nocase(entry->reason_protocol, SIP_SLICE_LITERAL("SIP"));
}

/** True where an entry says that a 3xx sent the request on. */
static inline bool
redirect_entry_was_redirected(const redirect_entry_t *entry)
{
    return redirect_entry_has_sip_reason(entry) && entry->reason_cause / 100 == 3;
}

/** The entry that entry i names as the one it was made of (mp, rc); NULL where it names none, or none that was kept. */
const redirect_entry_t *redirect_entry_mapped_from(const redirect_said_t *said, unsigned i);

/**
 * A parameter about a telephone number (rn, npdi, cic: RFC 4694), in the user part of a SIP URI, where it belongs, or
 * after the host, where some put it. False where there is none.
 */
bool redirect_number_param(const sip_uri_t *uri, const char *name, sip_slice_t *value);

/** True where both URIs have the same routing number (rn, RFC 4694), or a's is the user of b. */
bool redirect_is_routed_by(const sip_uri_t *a, const sip_uri_t *b);

/** True where a URI says that number portability was looked up (rn or npdi, RFC 4694). */
bool redirect_has_portability(const sip_uri_t *uri);

/**
 * A cheap look before a text is taken apart: true where one of the names follows a ";" in it, blanks between them
 * passed over, or a "%" is in it, which may stand in a name. No quotes are looked for: it may be true where there is no
 * such parameter.
 */
bool redirect_may_have_param(sip_slice_t text, const sip_slice_t *name, size_t count);

/**
 * Appends a URI for display, without its headers: those of a History-Info entry are no part of the address.
 * @param max as in redirect_text_append()
 */
void redirect_append_uri(wmem_strbuf_t *out, const sip_uri_t *uri, size_t max);

#endif /* REDIRECT_FACTS_H */
