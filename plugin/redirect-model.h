/* redirect-model.h
 * What is known of calls that were redirected or refused for good: transactions, redirects, chains, records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The words are those of RFC 3261: a transaction is a client transaction as one hop saw it (a request, its
 * retransmissions, its responses, its ACK, its CANCEL), a redirect a 3xx final response. A follow-up is a transaction
 * made because of a redirect, and a chain the tree of transactions that one request led to. A chain is visible from its
 * first 3xx or 6xx on; before that its transactions are candidates.
 *
 * All objects are made and freed by the store alone, which states what may point to what. For everybody else
 * they are read-only. Pointers to what is visible stay valid as long as the store; a candidate may be freed whenever
 * the next message is added.
 */

#ifndef REDIRECT_MODEL_H
#define REDIRECT_MODEL_H

#include "redirect-clock.h"
#include "redirect-limits.h"
#include "redirect-service.h"
#include "redirect-transport.h"
#include "sip-address.h"
#include "sip-headers.h"
#include "sip-message.h"
#include "sip-response.h"
#include "sip-uri.h"

/** How long the capture must go on after a redirect before it has no follow-up: 64*T1 (RFC 3261 17.1.1.2). */
#define REDIRECT_FOLLOW_WITHIN (32 * REDIRECT_SECOND)

/**
 * How long a request waits for its final response: 64*T1 (Timers B and F, RFC 3261 17.1.1.2 and 17.1.2.2), and Timer C
 * after a provisional response other than 100 (16.6). No answer is claimed earlier.
 */
#define REDIRECT_ANSWER_WITHIN (32 * REDIRECT_SECOND)
#define REDIRECT_RINGS_WITHIN (180 * REDIRECT_SECOND)

/** Outcome of a chain; the values of sip_redirect.chain.outcome. */
typedef enum {
    REDIRECT_OUTCOME_UNFINISHED = 0,
    REDIRECT_OUTCOME_ANSWERED = 1,
    REDIRECT_OUTCOME_FAILED = 2,
    REDIRECT_OUTCOME_GLOBAL_FAILURE = 3,
    REDIRECT_OUTCOME_NOT_FOLLOWED = 4,
    REDIRECT_OUTCOME_CANCELLED = 5,
    REDIRECT_OUTCOME_NO_ANSWER = 6,
    REDIRECT_OUTCOME_COUNT
} redirect_outcome_t;

/** What ties a follow-up to its redirect; the values of sip_redirect.chain.link. */
typedef enum {
    REDIRECT_LINK_NONE = 0,
    REDIRECT_LINK_SAME_CALL_EXACT = 1,
    REDIRECT_LINK_SAME_CALL_LOOSE = 2,
    REDIRECT_LINK_RECURSED = 3,
    REDIRECT_LINK_HISTORY_INFO = 4,
    REDIRECT_LINK_SESSION_ID = 5,
    REDIRECT_LINK_LEG_HEADER = 6,
    REDIRECT_LINK_NEW_CALL = 7,
    REDIRECT_LINK_SHARED_ID = 8,
    REDIRECT_LINK_SDP_SESSION = 9,
    REDIRECT_LINK_DIVERSION = 10,
    REDIRECT_LINK_COUNT
} redirect_link_kind_t;

/** What ties two legs of a B2BUA; the values of sip_redirect.chain.leg_link. */
typedef enum {
    REDIRECT_LEG_NONE = 0,
    REDIRECT_LEG_SESSION_ID = 1,
    REDIRECT_LEG_LEG_HEADER = 2,
    REDIRECT_LEG_SHARED_ID = 3,
    REDIRECT_LEG_SDP_SESSION = 4,
    REDIRECT_LEG_DIVERSION = 5,
    REDIRECT_LEG_SAME_CALLER = 6,
    REDIRECT_LEG_COUNT
} redirect_leg_kind_t;

/** What two legs have in common; a bit set. The first ones are the stronger ones. */
typedef enum {
    REDIRECT_LEG_BY_SESSION_ID = 1 << 0,   /**< the same Session-ID (RFC 7989) */
    REDIRECT_LEG_BY_LEG_HEADER = 1 << 1,   /**< a header of the new leg has the Call-ID of the other */
    REDIRECT_LEG_BY_SHARED_ID = 1 << 2,    /**< the same value in a header that goes from leg to leg */
    REDIRECT_LEG_BY_SDP_ORIGIN = 1 << 3,   /**< the same session by its o= line (RFC 8866 5.2) */
    REDIRECT_LEG_BY_SDP_MEDIA = 1 << 4,    /**< sound is to go to the same address and port */
    REDIRECT_LEG_BY_DIVERSION = 1 << 5,    /**< Diversion or History-Info of the new leg names who was called */
    REDIRECT_LEG_BY_CALLER = 1 << 6,       /**< the same user calls, by From or P-Asserted-Identity */
    REDIRECT_LEG_BY_CALLED = 1 << 7,       /**< the same user is called */
    REDIRECT_LEG_BY_PLACE = 1 << 8,        /**< one leaves from the address that received the other */
    REDIRECT_LEG_BY_TARGET = 1 << 9,       /**< the user of a target of a redirect of the same call is called */
    REDIRECT_LEG_BY_EARLIER_LEG = 1 << 10, /**< another leg of the same call ended just before */
    REDIRECT_LEG_BY_SAME_CALL = 1 << 12,   /**< it repeats or goes on with a leg, under the same Call-ID; alone */
    REDIRECT_LEG_BY_NO_CALLER = 1 << 11    /**< neither says who calls; counts only with the called user */
} redirect_leg_evidence_t;

/** What says who is called on the other side. */
#define REDIRECT_LEG_SAYS_WHO_IS_CALLED (REDIRECT_LEG_BY_CALLED | REDIRECT_LEG_BY_TARGET | REDIRECT_LEG_BY_DIVERSION)

/** True where nothing but who calls, and when, ties two legs. */
static inline bool
redirect_leg_is_by_caller_alone(unsigned evidence)
{
    return (evidence & REDIRECT_LEG_BY_CALLER) && !(evidence & REDIRECT_LEG_SAYS_WHO_IS_CALLED);
}

/** How sure a link is; the values of sip_redirect.chain.confidence. */
typedef enum {
    REDIRECT_CONFIDENCE_NONE = 0,
    REDIRECT_CONFIDENCE_CERTAIN = 1,
    REDIRECT_CONFIDENCE_PROBABLE = 2,
    REDIRECT_CONFIDENCE_POSSIBLE = 3,
    REDIRECT_CONFIDENCE_COUNT
} redirect_confidence_t;

/** Why something is not in the model, or not where it belongs; a bit set. Each is said to the user. */
typedef enum {
    REDIRECT_GAP_CHAIN_FULL = 1 << 0,      /**< the chain that it belongs to holds as many transactions as it may */
    REDIRECT_GAP_CALL_LET_GO = 1 << 1,     /**< older transactions of its Call-ID were let go to make room */
    REDIRECT_GAP_CALLS_LET_GO = 1 << 2,    /**< unanswered calls were let go, and this response has no request */
    REDIRECT_GAP_STEPS = 1 << 3,           /**< the search took too many steps */
    REDIRECT_GAP_PENDING_DROPPED = 1 << 4, /**< its follow-up in another call can no longer be found */
    REDIRECT_GAP_NO_CALL_ID = 1 << 5,
    REDIRECT_GAP_NO_CSEQ = 1 << 6, /**< none, or one that is no number below 2^32 with a method */
    REDIRECT_GAP_NO_VIA = 1 << 7,
    REDIRECT_GAP_CUT = 1 << 8,             /**< the captured bytes end within its header fields */
    REDIRECT_GAP_TOO_LONG = 1 << 9,        /**< its Request-URI has more than 65,535 bytes */
    REDIRECT_GAP_TARGETS = 1 << 10,        /**< it offers more targets than are listed */
    REDIRECT_GAP_CALL_FORGOTTEN = 1 << 11, /**< its call was let go to make room for others */
    REDIRECT_GAP_LEGS = 1 << 12,           /**< the search for its other legs took too many steps */
} redirect_gap_t;

/** A network address and port; len is 4, 16, or 0 where unknown. The port is in host byte order. */
typedef struct {
    uint8_t address[16];
    uint8_t len;
    uint16_t port;
} redirect_endpoint_t;

typedef struct redirect_chain redirect_chain_t;
typedef struct redirect_call redirect_call_t;
typedef struct redirect_transaction redirect_transaction_t;
typedef struct redirect redirect_t;
typedef struct redirect_record redirect_record_t;
struct redirect_rule;

/* Members marked "grows" may change when later messages are added; all others are fixed once they are set. */

/** A place that a redirect named. */
typedef struct {
    const char *uri;              /**< for display: as written, a password masked */
    const char *written;          /**< as written, not terminated; uri itself where nothing was masked */
    const sip_uri_kept_t *parsed; /**< grows: written taken apart; NULL once its call is no longer looked at */
    const char *mapped_from;      /**< index of a History-Info entry (RFC 7044 10.4), for display; or NULL */
    const redirect_transaction_t *tried_by; /**< grows: the first follow-up that tried it */
    uint32_t written_len;
    uint32_t match_key; /**< sip_uri_match_key() of written */
    uint32_t expires;   /**< seconds from receipt */
    float q;            /**< from 0 to 1 */
    uint16_t order;     /**< 1 is tried first */
    uint16_t flags;     /**< SIP_ADDRESS_FLAG_* */
    uint8_t uri_flags;  /**< SIP_URI_FLAG_* */
    uint8_t lifetime;   /**< sip_response_lifetime_t */
    bool has_q : 1;
    bool has_expires : 1;
    bool single_use : 1;   /**< 302 without any expiry: once, not to be cached (RFC 3261 21.3.3) */
    bool has_password : 1; /**< in its URI */
    bool is_same_user : 1; /**< as in the entry that mapped_from names: it was given as rc, not mp */
    bool followable : 1;   /**< a SIP element can send a request there */
} redirect_target_t;

/**
 * A 3xx final response. A proxy that passes it on unchanged gives it a further sighting: then several transactions
 * share it. One that a proxy changed (targets added or taken out) is another redirect that points to its source.
 */
struct redirect {
    redirect_time_t time;
    redirect_time_t clock;                  /**< of the store, when it came */
    redirect_transaction_t *transaction;    /**< that it answered first, farthest from the caller; NULL if not placed */
    redirect_t *source;                     /**< the redirect from which a proxy made this one, or NULL */
    redirect_t *later;                      /**< grows: another 3xx that the same transaction got after it, or NULL */
    redirect_target_t *target;              /**< in the order to try */
    redirect_transaction_t *first_followup; /**< grows: list through link->next_followup, in frame order */
    redirect_transaction_t *last_followup;
    uint32_t frame;        /**< first seen in */
    uint32_t maybe_in;     /**< grows: first request that may follow it, and could not be linked; 0 for none */
    uint32_t redialled_in; /**< grows: the same request was sent once more, as a new call; 0 for none */
    uint32_t caller;       /**< redirect_caller_key() of the From of the redirected request; 0 where not read */
    uint32_t target_total; /**< all that the message held, as far as it was captured */
    uint16_t target_count; /**< of target[] */
    uint16_t code;
    uint16_t odd_values; /**< SIP_ADDRESS_FLAG_* of the Contact values that are no targets */
    uint16_t gaps;       /**< grows: redirect_gap_t that may hide its follow-ups or its targets */
    uint16_t depth;      /**< hop of the transactions that follow it */
    uint16_t legs_seen;  /**< grows: legs that it was seen on */
    bool followed;       /**< grows: a transaction followed it or one made from it */
    bool is_nameless;    /**< nothing names the caller: a follow-up with another Call-ID may not be recognised */
    bool dip_response;   /**< answers a query (signing, number portability) rather than to forward */
};

/** What identifies a transaction. The hashes are keyed (redirect-hash.h); 0 stands for "not there". */
typedef struct {
    uint64_t via;       /**< branch and sent-by of the top Via */
    uint64_t via_host;  /**< its host alone */
    uint64_t via_hosts; /**< the Vias below the top, without branches: one upstream path */
    uint64_t from_tag;
    uint32_t cseq;
    uint16_t via_count;
    uint8_t method; /**< sip_method_t */
    bool unique;    /**< the branch begins with the magic cookie (RFC 3261 8.1.1.7) */
} redirect_key_t;

/** The request of a transaction. Its URI and its two ends are read through the functions below. */
typedef struct {
    const char *text;     /**< the addresses of its two ends, then the Request-URI as written, not terminated */
    redirect_time_t time; /**< where no request was captured: of the first response */
    uint32_t frame;       /**< 0 where no request was captured */
    uint16_t uri_len;
    uint16_t source_port, destination_port;
    uint16_t via_count;
    uint8_t source_len, destination_len; /**< bytes of the addresses */
    uint8_t method;                      /**< sip_method_t */
    bool in_dialog : 1;                  /**< a tag in its To says so (RFC 3261 12.2.1.1) */
    bool has_identity : 1;               /**< it has a signed Identity (RFC 8224 4) */
    bool has_asserted : 1;               /**< it has a P-Asserted-Identity, whomever that names */
    bool is_cut : 1;                     /**< the captured bytes end within its header fields */
    bool seen_elsewhere : 1;             /**< grows: its repeats went to another address: captured on two sides */
    bool lacks_credentials : 1;          /**< known where it was visible at once: no Authorization of either kind */
} redirect_request_t;

/** How often a request was seen to be sent again, at most; more are not counted. */
#define REDIRECT_MOST_REPEATS 63

/**
 * What came back. While there is no final response, time is that of the latest 1xx but 100 or repeat, and clock that of
 * the request or of the latest 1xx but 100; of those that came before the chain was visible nothing is known.
 */
typedef struct {
    redirect_time_t time;      /**< of the final response */
    redirect_time_t clock;     /**< of the store, at the same moment */
    redirect_time_t rang_at;   /**< grows: of the first 180; only where rang is set */
    uint64_t to_tag;           /**< keyed hash, of the final response */
    uint32_t frame;            /**< of the final response */
    uint16_t status : 10;      /**< grows: the final response; 0 until there is one */
    uint16_t is_unseen : 1;    /**< grows: there was one, which the capture has not: an ACK or a BYE shows it */
    uint16_t rang : 1;         /**< grows: a 180 came before the final response */
    uint16_t progressed : 1;   /**< grows: a 183 came before the final response */
    uint16_t provisional : 10; /**< grows: the latest 1xx; 0 for none */
    uint16_t repeats : 6;      /**< grows: how often the request was sent again, up to REDIRECT_MOST_REPEATS */
} redirect_response_t;

/** The first CANCEL of a transaction. */
typedef struct {
    uint32_t frame;
    uint16_t cause; /**< SIP cause in its Reason header, or 0 */
    redirect_time_t time;
} redirect_cancel_t;

/** Who is calling, and what its element says of other legs; only where there is something to say. */
typedef struct {
    uint32_t asserted;      /**< who P-Asserted-Identity says is calling, as a key; 0 for nobody */
    sip_slice_t session_id; /**< the sender's UUID, or absent */
    sip_slice_t leg_ids;    /**< values of the leg headers, comma-separated, or absent */
} redirect_caller_t;

/** Why a transaction counts as the follow-up of a redirect. */
typedef struct {
    redirect_t *cause;
    redirect_target_t *target;                /**< of cause, or of the redirect that cause was made of */
    const redirect_transaction_t *redirected; /**< farthest from the caller, whose 3xx named that target */
    redirect_transaction_t *next_followup;    /**< grows: next follow-up of cause */
    redirect_time_t redirected_at;
    uint32_t redirected_in; /**< frame of the 3xx that the sender saw; 0 for none */
    bool by_route;          /**< its request has a Route, or may have one: where it is sent says nothing */
    redirect_link_kind_t kind;
    redirect_confidence_t confidence;
    sip_uri_match_t match;     /**< how the Request-URI fitted the target */
    sip_uri_diff_t difference; /**< what made it less than exact */
    const char *evidence;      /**< a sentence: why it was linked; static */
} redirect_link_t;

/** Identifiers of one request that are compared with those of other legs (preference shared_headers). */
#define REDIRECT_LEG_SHARED_IDS 2

/** Users that a request says were called before: the latest and the first. */
#define REDIRECT_LEG_DIVERTED 2

/**
 * What a request shows that its other legs may show as well: users as redirect_leg_user(), all else as keyed hashes
 * (redirect-hash.h). 0 stands for "not there".
 */
typedef struct {
    uint64_t session_id;
    uint64_t shared_id[REDIRECT_LEG_SHARED_IDS];
    uint64_t sdp_origin;
    uint64_t sdp_media;
    uint32_t caller;   /**< by From, or by P-Asserted-Identity where From names nobody */
    uint32_t asserted; /**< by P-Asserted-Identity, where that is another */
    uint32_t called;
    uint32_t diverted[REDIRECT_LEG_DIVERTED];
} redirect_leg_facts_t;

/** Why a request counts as what a B2BUA made of another request, on its other side. */
typedef struct {
    redirect_transaction_t *of;
    redirect_time_t after; /**< from that request to this one, or from the end of the leg before it */
    uint16_t evidence;     /**< redirect_leg_evidence_t */
    uint8_t kind;          /**< redirect_leg_kind_t: the strongest of the evidence */
    uint8_t confidence;    /**< redirect_confidence_t */
} redirect_leg_t;

/** What later messages of the same Call-ID are matched and linked by. */
typedef struct {
    redirect_key_t key;
    uint64_t to_tag;               /**< keyed hash, of the request; 0: none, it is outside of a dialog */
    redirect_time_t request_clock; /**< of the store, at the request */
    redirect_call_t *call;
    redirect_transaction_t *next_in_call; /**< grows: in the order in which they were opened */
    const redirect_caller_t *caller;      /**< or NULL */
    const sip_uri_kept_t
        *parsed;        /**< the Request-URI taken apart, once the chain is visible; NULL where it is no URI */
    uint32_t place_key; /**< sip_uri_place_key() of the Request-URI, once it was asked for; 0 before */
} redirect_live_t;

/** URIs of one Error-Info that are kept. */
#define REDIRECT_ERROR_INFO_URIS 4

/** Where a failed request may hear why, or that this one is there to hear it; only in a visible chain. */
typedef struct {
    const redirect_transaction_t *of;          /**< whose Error-Info names the URI that this one calls, or NULL */
    sip_slice_t uri[REDIRECT_ERROR_INFO_URIS]; /**< of this one's own Error-Info (RFC 3261 20.18), as written */
    unsigned count;
} redirect_announcement_t;

/** What few transactions have. */
typedef struct {
    redirect_transaction_t *retry_of;      /**< the transaction that this repeats (401, 407, failover, ...), or NULL */
    redirect_transaction_t *retried_by;    /**< grows: the latest such repeat */
    redirect_cancel_t *cancel;             /**< grows: NULL where there is none */
    redirect_leg_t *leg;                   /**< what a B2BUA made this of, or NULL */
    struct redirect_history *history;      /**< what its request says about earlier redirections, or NULL */
    redirect_announcement_t *announcement; /**< grows: NULL where it has to do with none */
    const char *method;                    /**< method_len bytes: of a method that is not known by number */
    uint16_t method_len;
    uint32_t retry_after;     /**< seconds, with the final response; 0 for none */
    uint32_t unreachable_in;  /**< grows: frame of the first ICMP error that quotes the request; 0 for none */
    redirect_time_t again_at; /**< grows: when the final response was seen last; 0 where it was seen once */
} redirect_extras_t;

/** One client transaction as one hop saw it. */
struct redirect_transaction {
    redirect_request_t request;
    redirect_response_t response;
    uint64_t via_path;                     /**< keyed hash of the Vias below the top: one upstream transaction */
    redirect_live_t *live;                 /**< grows: NULL once it is no longer looked at for later messages */
    redirect_chain_t *chain;               /**< grows: NULL while it is a candidate */
    redirect_transaction_t *next_in_chain; /**< grows: in frame order */
    redirect_transaction_t *upstream;      /**< the transaction of which this is a proxy's forward, or NULL */
    redirect_link_t *link;                 /**< NULL where this follows no redirect */
    redirect_t *redirect;                  /**< grows: set where the final response is a 3xx */
    redirect_record_t *first_record;       /**< grows: of a visible chain */
    const redirect_extras_t *extras;       /**< never NULL */
    uint32_t first_frame;                  /**< in which it was first seen */
    uint16_t hop;
    uint16_t gaps : 15;         /**< grows: redirect_gap_t */
    uint16_t upstream_late : 1; /**< upstream was captured when this was shown already: not on its path */
};

/** The tree of transactions that one request led to. */
struct redirect_chain {
    redirect_transaction_t *root;                                 /**< the original request, nearest to the caller */
    redirect_transaction_t *first_transaction, *last_transaction; /**< grows: through next_in_chain */
    redirect_time_t start;                                        /**< of the first message */
    uint32_t number; /**< from 0, in the order in which chains became visible */
    uint32_t transaction_count;
    uint32_t redirect_count; /**< grows: redirects, sightings on further legs not counted */
    uint16_t hops;           /**< grows: the deepest hop */
    uint16_t gaps : 14;      /**< grows: redirect_gap_t that may hide how it went on */
    uint16_t announces : 1;  /**< grows: one of its transactions calls an Error-Info URI */
    uint16_t truncated : 1;  /**< grows: transactions or messages beyond a limit were left out */
};

/** Something that a rule found in one message, decided when the message was first seen. */
typedef struct redirect_expert_item {
    struct redirect_expert_item *next;
    const struct redirect_rule *rule;
    const char *text; /**< a sentence about this message */
} redirect_expert_item_t;

/** A fact in words beside the chain ("forwarded because busy, says Diversion"). */
typedef struct redirect_annotation {
    struct redirect_annotation *next;
    const char *text;
} redirect_annotation_t;

/** What a 6xx carries beside its code. The strings are for display, and NULL where not given. */
typedef struct {
    bool has_retry_after;   /**< a Retry-After with a code that gives it a meaning (RFC 3261 20.33) */
    uint32_t retry_after;   /**< seconds */
    const char *retry_more; /**< what it says beside: "for 3600 s from then on, \"in a meeting\"" */
    bool network_blocked;   /**< both halves of a 603+ are there (ATIS-1000099) */
    const char *url, *tel, *email, *id, *location; /**< location in words */
    redirect_annotation_t *redress;                /**< where to object; see redirect-failure.h */
} redirect_failure_details_t;

/** What the sender of a 3xx or 6xx says in its own words, for display; see redirect-told.h. */
typedef struct {
    redirect_annotation_t *values; /**< each with where it stands; NULL where there are none */
    const char *most_telling;      /**< the one that says most about why, in few words; NULL where none does */
} redirect_told_t;

/** What one message says beside its place in a chain; most messages say nothing and share an empty one. */
typedef struct {
    redirect_t *redirect;                      /**< see redirect_of_record(); NULL where it is its transaction's */
    const redirect_failure_details_t *failure; /**< for a 6xx */
    const redirect_transaction_t *made_at;     /**< whose receiver made this 3xx or 6xx of others; redirect-hidden.h */
    const redirect_service_t *service;         /**< for a 380 whose body describes one */
    const char *server;          /**< what the sender of a 3xx or 6xx calls itself, for display; NULL for nothing */
    const redirect_told_t *told; /**< for a 3xx or 6xx; NULL where its sender told nothing at all */
    redirect_expert_item_t *expert_items;
    redirect_annotation_t *annotations;
    redirect_record_t *next_in_frame; /**< see redirect_next_in_frame() */
} redirect_details_t;

/** What is known of one captured message that is shown. */
struct redirect_record {
    redirect_record_t *next_in_transaction;
    redirect_transaction_t *transaction; /**< NULL where the message could not be placed */
    redirect_details_t *details;         /**< never NULL */
    uint32_t frame;
    uint16_t index;       /**< position among the SIP messages of the frame, from 0 */
    uint16_t status : 10; /**< 0 for a request */
    uint16_t method : 5;  /**< sip_method_t of the CSeq header: CANCEL for the answer to a CANCEL */
    uint16_t is_copy : 1; /**< of a final response: too soon after the one before to be sent again (RFC 3261 17.2.1) */
};

/** The extras of a transaction that has none. */
extern const redirect_extras_t redirect_no_extras;

/** True for a 3xx or 6xx, the responses that the plugin explains. */
static inline bool
redirect_is_explained(unsigned status)
{
    return status / 100 == 3 || status / 100 == 6;
}

/* --- read-only walks ------------------------------------------------------------------------------------------- */

/** The redirect that a transaction follows, or NULL. */
static inline redirect_t *
redirect_cause(const redirect_transaction_t *transaction)
{
    return transaction->link ? transaction->link->cause : NULL;
}

/** The call of a transaction, or NULL where it is no longer looked at. */
static inline redirect_call_t *
redirect_call_of(const redirect_transaction_t *transaction)
{
    return transaction->live ? transaction->live->call : NULL;
}

/** The next transaction of the call, or NULL. Only of one that is still looked at. */
static inline redirect_transaction_t *
redirect_next_in_call(const redirect_transaction_t *transaction)
{
    return transaction->live->next_in_call;
}

/**
 * The first of the tries that a transaction is one of, and the last: the same request, sent again with credentials, or
 * elsewhere after a failure. The transaction itself where there is no other. A try is opened after the one that it
 * repeats, so the walks end.
 */
static inline const redirect_transaction_t *
redirect_first_try(const redirect_transaction_t *transaction)
{
    while (transaction->extras->retry_of) {
        transaction = transaction->extras->retry_of;
    }
    return transaction;
}

static inline const redirect_transaction_t *
redirect_last_try(const redirect_transaction_t *transaction)
{
    while (transaction->extras->retried_by) {
        transaction = transaction->extras->retried_by;
    }
    return transaction;
}

/** The hop of what follows a transaction. */
static inline uint16_t
redirect_hop_after(const redirect_transaction_t *transaction)
{
    return transaction->hop < UINT16_MAX ? (uint16_t)(transaction->hop + 1) : UINT16_MAX;
}

/** How long a request without a final response is waited for, from response.clock on. */
static inline redirect_time_t
redirect_waits_for(const redirect_transaction_t *transaction)
{
    return transaction->response.provisional > 100 ? REDIRECT_RINGS_WITHIN : REDIRECT_ANSWER_WITHIN;
}

/** The record of the first ACK of a visible transaction, or NULL. */
static inline const redirect_record_t *
redirect_first_ack(const redirect_transaction_t *transaction)
{
    const redirect_record_t *record = transaction->first_record;

    while (record && !(record->method == SIP_METHOD_ACK && record->status == 0)) {
        record = record->next_in_transaction;
    }
    return record;
}

/** The next record of the same frame, by index, or NULL: few frames have more than one. */
static inline redirect_record_t *
redirect_next_in_frame(const redirect_record_t *record)
{
    return record->details->next_in_frame;
}

/** The redirect that the 3xx of a record is, as this leg saw it; NULL of all other records. */
redirect_t *redirect_of_record(const redirect_record_t *record);

/** The Request-URI as written; absent where no request was captured. Borrows from transaction. */
static inline sip_slice_t
redirect_request_text(const redirect_transaction_t *transaction)
{
    const redirect_request_t *request = &transaction->request;

    return request->frame
               ? sip_slice_make(request->text + request->source_len + request->destination_len, request->uri_len)
               : SIP_SLICE_NONE;
}

/**
 * The Request-URI taken apart, once the chain is visible and as long as the call is looked at; else NULL, as where it is no
 * URI. Borrows from transaction.
 */
static inline const sip_uri_kept_t *
redirect_request_parsed(const redirect_transaction_t *transaction)
{
    return transaction->live ? transaction->live->parsed : NULL;
}

/** Where the request came from, or where its response went to. */
redirect_endpoint_t redirect_request_source(const redirect_transaction_t *transaction);

/** Where the request went to, or where its response came from. */
redirect_endpoint_t redirect_request_destination(const redirect_transaction_t *transaction);

/** A target's URI as written. Borrows from target. */
static inline sip_slice_t
redirect_target_text(const redirect_target_t *target)
{
    return sip_slice_make(target->written, target->written_len);
}

/** A target's URI taken apart. Borrows from target. */
sip_uri_t redirect_target_uri(const redirect_target_t *target);

/** The Request-URI taken apart; false where there is none or it is no URI. Borrows from transaction. */
bool redirect_request_uri(const redirect_transaction_t *transaction, sip_uri_t *uri);

/** The sip_uri_match_key() of the Request-URI; false where there is none or it is no URI: then *key stays as it was. */
bool redirect_request_key(const redirect_transaction_t *transaction, uint32_t *key);

/** True where both Request-URIs name the same user at the same host and port (SIP_URI_MATCH_LOOSE). */
bool redirect_same_request_uri(const redirect_transaction_t *a, const redirect_transaction_t *b);

/** True where both Request-URIs name the same user or telephone number, at whatever host. */
bool redirect_same_user(const redirect_transaction_t *a, const redirect_transaction_t *b);

/** True where both Request-URIs name a user, and not the same; of a URI without a user neither is true. */
bool redirect_other_user(const redirect_transaction_t *a, const redirect_transaction_t *b);

/** The name of a transaction's method: borrowed from transaction, or static. As on the wire. */
sip_slice_t redirect_transaction_method(const redirect_transaction_t *transaction);

/** The Request-URI of a transaction for display, owned by scope; "?" where no request was captured. */
char *redirect_transaction_uri(wmem_allocator_t *scope, const redirect_transaction_t *transaction);

/** The transaction before this one on its path: the one redirected, repeated, or forwarded; NULL at the start. */
const redirect_transaction_t *redirect_transaction_before(const redirect_transaction_t *transaction);

/**
 * What an element nearer to the caller got before it sent this request: the request that a proxy forwarded so, or that a
 * B2BUA made this of. NULL where no such element was seen.
 */
static inline redirect_transaction_t *
redirect_transaction_above(const redirect_transaction_t *transaction)
{
    return transaction->upstream      ? transaction->upstream
           : transaction->extras->leg ? transaction->extras->leg->of
                                      : NULL;
}

/**
 * What was made of a request in its visible chain, one after the other in frame order: the branches of a proxy, the legs
 * of a B2BUA. previous is NULL for the first. NULL at the end.
 */
redirect_transaction_t *redirect_next_below(const redirect_transaction_t *above,
                                            const redirect_transaction_t *previous);

/** True where above is redirect_transaction_above() of transaction, directly or farther on. */
bool redirect_transaction_is_below(const redirect_transaction_t *transaction, const redirect_transaction_t *above);

/** The transaction whose Error-Info names the URI that this one calls, or NULL. */
static inline const redirect_transaction_t *
redirect_announces(const redirect_transaction_t *transaction)
{
    return transaction->extras->announcement ? transaction->extras->announcement->of : NULL;
}

/**
 * True where a request is there to hear why another failed, or is a forward, a repeat or a follow-up of such: its answer
 * says nothing of the call (RFC 3261 20.18: a recorded announcement session).
 */
bool redirect_is_announcement(const redirect_transaction_t *transaction);

/** Given up by its own client, or by a proxy for it (RFC 3261 9.1, 16.7 step 10). */
bool redirect_is_cancelled(const redirect_transaction_t *transaction);

/** True where both have the same method. */
bool redirect_same_method(const redirect_transaction_t *a, const redirect_transaction_t *b);

/** True where both addresses are known and equal, whatever the ports. */
bool redirect_same_address(redirect_endpoint_t a, redirect_endpoint_t b);

/**
 * A redirect_endpoint_t as the key of a hash table, whole or by its address alone; two unknown addresses are equal here.
 * What they are not proof against is many keys that an attacker chooses: for tables of bounded size.
 */
unsigned redirect_endpoint_hash(const void *endpoint);
unsigned redirect_endpoint_hash_address(const void *endpoint);
gboolean redirect_endpoint_equal(const void *a, const void *b);
gboolean redirect_endpoint_equal_address(const void *a, const void *b);

/** Bytes that the address of an endpoint takes as text, with its NUL. */
#define REDIRECT_ENDPOINT_TEXT 46

/** The address as text, without the port, in buffer; "an unknown address" where there is none. @return buffer */
const char *redirect_endpoint_text(redirect_endpoint_t endpoint, char buffer[REDIRECT_ENDPOINT_TEXT]);

/** What identifies a transaction; all zero where it is no longer looked at. */
const redirect_key_t *redirect_key_of(const redirect_transaction_t *transaction);

/** Of a follow-up whose forward was captured first, only the forward is listed: this is what it is a forward of. */
const redirect_transaction_t *redirect_followup_top(const redirect_transaction_t *followup);

/** The final status that a target gave in the end, amend-and-retry answers followed through; 0 where none yet. */
uint16_t redirect_target_result(const redirect_target_t *target);

/** The address that a target names as its host; false where that is a name. The port is left 0. */
bool redirect_target_address(const redirect_target_t *target, redirect_endpoint_t *address);

/** "answered", "global failure", ...: one word or two for an outcome; a static string. */
const char *redirect_outcome_name(redirect_outcome_t outcome);

/** "same call, exact URI", ...: a static string. */
const char *redirect_link_name(redirect_link_kind_t kind);

/** "Session-ID", ...: a static string. */
const char *redirect_leg_name(redirect_leg_kind_t kind);

/** "certain", ...: a static string. */
const char *redirect_confidence_name(redirect_confidence_t confidence);

/** "", "probably ", "possibly ": before a verb; a static string. */
const char *redirect_confidence_words(redirect_confidence_t confidence);

/** "", " (probably the same call)", ...: after what is said of another leg; a static string. */
const char *redirect_confidence_of_call(redirect_confidence_t confidence);

/** What a gap means for the reader, a sentence without its full stop; gap is one bit. A static string. */
const char *redirect_gap_text(redirect_gap_t gap);

#endif /* REDIRECT_MODEL_H */
