/* redirect-tracker.h
 * Follows requests through redirections: messages in, records out.
 *
 * The words are those of RFC 3261 and of this plugin's README: a transaction is one client transaction as one hop saw
 * it, a redirect a 3xx final response, a follow-up a transaction made because of a redirect, a chain the tree of
 * transactions that one request led to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TRACKER_H
#define REDIRECT_TRACKER_H

#include "redirect-service.h"
#include "redirect-transport.h"
#include "sip-headers.h"
#include "sip-response.h"

/** Nanoseconds; as a point in time: since 1970-01-01 00:00 UTC. */
typedef int64_t redirect_time_t;

#define REDIRECT_SECOND INT64_C(1000000000)

/** What is kept at most; what lies beyond is counted or flagged, and said so in the tree. */
enum {
    REDIRECT_MAX_TARGETS = 64,                /**< Contact targets of one redirect */
    REDIRECT_MAX_TRANSACTIONS_PER_CALL = 256, /**< transactions of one Call-ID that are remembered at a time */
    REDIRECT_MAX_TRANSACTIONS_PER_CHAIN =
        1024,                          /**< transactions of one chain after which no further call is linked to it */
    REDIRECT_MAX_OPEN_KEYS = 1 << 18,  /**< keys under which redirects wait for calls that follow them */
    REDIRECT_MAX_PATH_HOPS = 32,       /**< hops that a path spells out */
    REDIRECT_MAX_OPEN_CALLS = 1 << 17, /**< calls without any redirect that are remembered at a time */
    REDIRECT_MAX_MESSAGES_PER_TRANSACTION = 4096, /**< messages of one transaction that get a record */
};

/** How long the capture must go on after a redirect before "nobody followed it" is said: 64*T1 (RFC 3261 17.1.1.2). */
#define REDIRECT_NOT_FOLLOWED_AFTER (32 * REDIRECT_SECOND)

/** Outcome of a chain; the values of sip_redirect.chain.outcome. */
typedef enum {
    REDIRECT_OUTCOME_UNFINISHED = 0,
    REDIRECT_OUTCOME_ANSWERED = 1,
    REDIRECT_OUTCOME_FAILED = 2,
    REDIRECT_OUTCOME_GLOBAL_FAILURE = 3,
    REDIRECT_OUTCOME_NOT_FOLLOWED = 4,
    REDIRECT_OUTCOME_CANCELLED = 5,
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
} redirect_link_t;

/** How sure a link is; the values of sip_redirect.chain.confidence. */
typedef enum {
    REDIRECT_CONFIDENCE_NONE = 0,
    REDIRECT_CONFIDENCE_CERTAIN = 1,
    REDIRECT_CONFIDENCE_PROBABLE = 2,
    REDIRECT_CONFIDENCE_POSSIBLE = 3,
} redirect_confidence_t;

/** A network address and port; len is 4, 16, or 0 where unknown. */
typedef struct {
    uint8_t address[16];
    uint8_t len;
    uint16_t port;
} redirect_endpoint_t;

/** Preferences; borrowed strings must outlive the tracker. */
typedef struct {
    unsigned max_hops;       /**< more redirects in a row than this are warned of; 0: never */
    bool link_calls;         /**< link follow-ups across Call-IDs */
    uint32_t link_window;    /**< seconds after a 3xx in which a new call to its target counts */
    const char *leg_headers; /**< comma-separated header names that carry another leg's Call-ID; NULL: none */
} redirect_config_t;

/** One message as it was captured. sip and what it borrows need to live for the call only. */
typedef struct {
    uint32_t frame; /**< number in the capture, from 1 */
    uint32_t index; /**< position among the SIP messages of the frame, from 0 */
    redirect_time_t time;
    redirect_endpoint_t source;
    redirect_endpoint_t destination;
    redirect_transport_t transport;
    const sip_message_t *sip;
} redirect_message_t;

typedef struct redirect_tracker redirect_tracker_t;
typedef struct redirect_chain redirect_chain_t;
typedef struct redirect_call redirect_call_t;
typedef struct redirect_transaction redirect_transaction_t;
typedef struct redirect redirect_t;
typedef struct redirect_record redirect_record_t;
struct redirect_rule;

/* All that follows is owned by the tracker's scope and read-only for callers; pointers stay valid as long as it.
 * Members marked "grows" may change when later messages are added. */

/** A place that a redirect named. */
typedef struct {
    const char *uri; /**< for display: as written, a password masked */
    sip_slice_t raw; /**< as written, for comparison */
    unsigned order;  /**< 1 is tried first */
    bool has_q;
    double q;
    sip_response_lifetime_t lifetime;
    bool single_use; /**< 302 without any expiry: once, not to be cached (RFC 3261 21.3.3) */
    bool has_expires;
    uint32_t expires;                       /**< seconds from receipt */
    uint32_t key;                           /**< sip_uri_match_key() of it */
    unsigned flags;                         /**< SIP_ADDRESS_FLAG_* */
    unsigned uri_flags;                     /**< SIP_URI_FLAG_* */
    bool followable;                        /**< a SIP element can send a request there */
    const redirect_transaction_t *tried_by; /**< grows: the first follow-up that tried it */
} redirect_target_t;

/**
 * A 3xx final response. A proxy that passes it on unchanged gives it a further sighting: then several transactions share
 * it. One that a proxy changed (targets added or taken out) is another redirect that points to its source.
 */
struct redirect {
    uint16_t code;
    uint32_t frame; /**< first seen in */
    redirect_time_t time;
    redirect_transaction_t *transaction;    /**< that it answered first, farthest from the caller; NULL if not placed */
    redirect_t *source;                     /**< the redirect from which a proxy made this one, or NULL */
    unsigned legs_seen;                     /**< grows: legs that it was seen on */
    redirect_target_t *target;              /**< in the order to try */
    unsigned target_count;                  /**< of target[] */
    unsigned target_total;                  /**< all that the message held */
    unsigned odd_values;                    /**< SIP_ADDRESS_FLAG_* of the Contact values that are no targets */
    unsigned depth;                         /**< hop of the transactions that follow it */
    bool followed;                          /**< grows: a transaction followed it or one made from it */
    redirect_transaction_t *first_followup; /**< grows: list through next_followup, in frame order */
    redirect_transaction_t *last_followup;
    bool dip_response; /**< answers a query (signing, number portability) rather than to forward */
};

/** One client transaction as one hop saw it. */
struct redirect_transaction {
    redirect_chain_t *chain;
    redirect_call_t *call;                 /**< NULL once forgotten */
    redirect_transaction_t *next_in_chain; /**< grows: in frame order */
    redirect_transaction_t *next_in_call;
    redirect_transaction_t *upstream;   /**< the transaction of which this is a proxy's forward, or NULL */
    bool upstream_late;                 /**< it was captured when this was shown already: not on its path */
    redirect_transaction_t *retry_of;   /**< the transaction that this repeats (401, 407, failover, ...), or NULL */
    redirect_transaction_t *retried_by; /**< grows: the latest such repeat */
    redirect_t *cause;                  /**< the redirect that this follows, or NULL */
    redirect_target_t *cause_target;    /**< its target that this tries, or NULL */
    redirect_transaction_t
        *cause_transaction; /**< the transaction, farthest from the caller, whose 3xx named that target */
    redirect_transaction_t *next_followup; /**< grows: next follow-up of cause */
    uint32_t redirected_in;                /**< frame of the 3xx that the sender of this transaction saw; 0 for none */
    redirect_time_t redirected_at;
    redirect_link_t link;
    redirect_confidence_t confidence;
    sip_uri_match_t match;     /**< how the Request-URI fitted the target */
    sip_uri_diff_t difference; /**< what made it less than exact */
    const char *evidence;      /**< a sentence: why it was linked, or NULL */

    sip_slice_t raw_uri;         /**< Request-URI as written; absent where no request was captured */
    sip_slice_t branch, sent_by; /**< of the top Via */
    uint64_t via_path_hash;      /**< of the Vias below the top, with branches: one upstream transaction */
    uint64_t via_hosts_hash;     /**< the same without branches: one upstream path */
    unsigned via_count;
    sip_slice_t from_tag;
    sip_slice_t to_tag;       /**< of the request */
    sip_slice_t session_id;   /**< the sender's UUID, or absent */
    sip_slice_t leg_ids;      /**< values of the leg headers, comma-separated, or absent */
    uint32_t asserted;        /**< who P-Asserted-Identity says is calling, as a number; 0 for nobody */
    sip_slice_t other_method; /**< the method's name where method is SIP_METHOD_OTHER */
    sip_method_t method;
    uint32_t cseq;
    unsigned hop;
    uint32_t request_frame; /**< 0 where no request was captured */
    redirect_time_t request_time;
    redirect_endpoint_t source; /**< of the request */
    redirect_endpoint_t destination;

    uint16_t last_provisional; /**< grows: 0 for none */
    uint16_t final;            /**< grows: 0 until there is one */
    uint32_t final_frame;
    redirect_time_t final_time;
    sip_slice_t final_to_tag;
    uint32_t cancel_frame; /**< grows: the first CANCEL, or 0 */
    redirect_time_t cancel_time;
    uint16_t cancel_cause;            /**< SIP cause in its Reason header, or 0 */
    uint32_t retry_after;             /**< seconds, with the final response; 0 for none */
    struct redirect_history *history; /**< what its request tells of earlier redirections, or NULL */
    redirect_t *redirect;             /**< grows: set where final is 3xx */
    redirect_record_t *first_record, *last_record;
    unsigned record_count;
};

/** The tree of transactions that one request led to; shown from its first 3xx or 6xx on. */
struct redirect_chain {
    bool visible;                 /**< grows: a 3xx or 6xx was seen */
    uint32_t number;              /**< from 0; only when begun */
    bool kept;                    /**< a message of it has something to show although it has not become visible */
    bool truncated;               /**< grows: transactions beyond a limit were left out */
    redirect_transaction_t *root; /**< the original request, nearest to the caller; fixed once begun */
    redirect_transaction_t *first_transaction, *last_transaction; /**< through next_in_chain */
    unsigned transaction_count;
    unsigned hops;           /**< grows: the deepest hop */
    unsigned redirect_count; /**< grows: redirects, legs_seen on further legs not counted */
    redirect_time_t start;   /**< of the first message */
    unsigned pending;        /**< grows: INVITEs without a final response; others time out soon (RFC 3261 17.1.2.2) */
    redirect_chain_t *newer, *older; /**< the tracker's list by age; not for callers */
    redirect_time_t last_active;
    int queue;
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

/** What a 6xx carries beside its code. */
typedef struct {
    bool has_retry_after; /**< a Retry-After with a code that gives it a meaning (RFC 3261 20.33) */
    uint32_t retry_after; /**< seconds */
    bool network_blocked; /**< both halves of a 603+ are there (ATIS-1000099); the strings are NULL where not given */
    const char *url, *tel, *email, *id, *location;
} redirect_failure_details_t;

/** What is known of one captured message. */
struct redirect_record {
    redirect_record_t *next_in_frame; /**< by index */
    redirect_record_t *next_in_transaction;
    redirect_transaction_t *transaction; /**< NULL where the message could not be placed (no Call-ID, CSeq or Via) */
    redirect_t *redirect;                /**< for a 3xx: the redirect as this leg saw it */
    const redirect_failure_details_t *failure_details; /**< for a 6xx */
    const redirect_service_t *service;                 /**< for a 380 whose body describes one */
    redirect_expert_item_t *expert_items;
    redirect_annotation_t *annotations;
    redirect_time_t time;
    uint32_t frame;
    uint16_t index;
    uint16_t status : 10; /**< 0 for a request */
    uint16_t method : 5;  /**< sip_method_t of the CSeq header: CANCEL for the answer to a CANCEL */
    uint16_t listed : 1;  /**< filed under its frame */
};

/**
 * A tracker for one capture file. Everything it keeps lives in scope and ends with it.
 * config is copied; the strings in it are borrowed.
 */
redirect_tracker_t *redirect_tracker_new(wmem_allocator_t *scope, const redirect_config_t *config);

/**
 * Adds one message. Call it once for each message, in frame order, on the first visit of the frame.
 * @return its record where it belongs to a chain that is visible (or is a 3xx or 6xx that belongs to none, or a BYE or
 *         CANCEL that tells of a 6xx), else NULL; a chain that begins later gives the records of its earlier messages to
 *         redirect_tracker_records().
 */
const redirect_record_t *redirect_tracker_add(redirect_tracker_t *tracker, const redirect_message_t *message);

/** Tells the tracker how far the capture goes, SIP or not. Cheap; for every frame on its first visit. */
void redirect_tracker_advance(redirect_tracker_t *tracker, redirect_time_t now);

/** The records of a frame through next_in_frame, or NULL. */
const redirect_record_t *redirect_tracker_records(const redirect_tracker_t *tracker, uint32_t frame);

/** How many chains are visible. */
uint32_t redirect_tracker_chain_count(const redirect_tracker_t *tracker);

/** A chain by its number, or NULL. */
const redirect_chain_t *redirect_tracker_chain(const redirect_tracker_t *tracker, uint32_t number);

/** How a chain ended, as the original client saw it. */
typedef struct {
    redirect_outcome_t outcome;
    uint16_t final_code;  /**< 0 where unfinished */
    uint32_t final_frame; /**< 0 where unfinished */
    redirect_time_t final_time;
    const redirect_transaction_t *transaction; /**< the transaction that decided it, or NULL */
} redirect_result_t;

/** As far as is known now. */
redirect_result_t redirect_chain_result(const redirect_tracker_t *tracker, const redirect_chain_t *chain);

/**
 * "sip:bob@a -> 302 -> sip:carol@b -> 603": along the path to transaction, and on to its end as far as is known now.
 * @return a NUL-terminated string that scope owns.
 */
char *redirect_transaction_path(wmem_allocator_t *scope, const redirect_transaction_t *transaction);

/** Where the path along transaction ends as far as is known now; transaction itself where nothing came after it. */
const redirect_transaction_t *redirect_path_end(const redirect_transaction_t *transaction);

/** The transaction before this one on its path: the one redirected, repeated, or forwarded; NULL at the start. */
const redirect_transaction_t *redirect_transaction_before(const redirect_transaction_t *transaction);

/** The final status that a target gave in the end, amend-and-retry answers followed through; 0 where none yet. */
uint16_t redirect_target_result(const redirect_target_t *target);

/** True where nobody followed the redirect, its chain did not go on otherwise, and the capture went on long enough. */
bool redirect_is_not_followed(const redirect_tracker_t *tracker, const redirect_t *redirect);

/** The Request-URI of a transaction for display, owned by scope; "?" where no request was captured. */
char *redirect_transaction_uri(wmem_allocator_t *scope, const redirect_transaction_t *transaction);

/** The method's name of a transaction: borrowed from the transaction or static. */
sip_slice_t redirect_transaction_method(const redirect_transaction_t *transaction);

/** For tests: how many calls, transactions and index entries the tracker still holds for linking. */
typedef struct {
    unsigned calls;
    unsigned open_redirects;
    unsigned candidate_chains;
} redirect_tracker_load_t;

redirect_tracker_load_t redirect_tracker_load(const redirect_tracker_t *tracker);

#endif /* REDIRECT_TRACKER_H */
