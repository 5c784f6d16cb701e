/* redirect-tracker-int.h
 * What the tracker's own files share: its state, and the steps of placing a transaction. Not for callers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TRACKER_INT_H
#define REDIRECT_TRACKER_INT_H

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>
#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-rules.h"
#include "redirect-tracker.h"

/** All transactions with one Call-ID that may still matter. */
struct redirect_call {
    sip_slice_t id;                       /**< byte-exact (RFC 3261 20.8) */
    unsigned hash;                        /**< of id, with the tracker's seed */
    redirect_transaction_t *first, *last; /**< through next_in_call */
    unsigned count;
};

/** A redirect that a call with another Call-ID may follow, filed under one key. */
typedef struct redirect_open {
    struct redirect_open *next_same_key, *previous_same_key;
    struct redirect_open *next_to_expire, *previous_to_expire;
    struct redirect_open_list *list;
    redirect_t *redirect;
    const redirect_target_t *target; /**< the one that the key is about; NULL: all */
    redirect_transaction_t *leg;     /**< the transaction on whose leg it was seen */
    uint32_t caller;                 /**< redirect_caller_key() of its From */
    redirect_time_t until;
} redirect_open_t;

/** All that is filed under one key, oldest first. */
typedef struct redirect_open_list {
    char *key;
    redirect_open_t *oldest, *newest;
} redirect_open_list_t;

/** Chains by age, the least recently active first. */
typedef struct {
    redirect_chain_t *oldest, *newest;
    redirect_time_t timeout; /**< how long a chain stays without any message */
} redirect_queue_t;

enum {
    REDIRECT_QUEUE_SETTLED, /**< every transaction has its final response */
    REDIRECT_QUEUE_VISIBLE, /**< the same, and a redirect or a global failure was seen */
    REDIRECT_QUEUE_PENDING,
    REDIRECT_QUEUE_COUNT
};

/** Frames whose records are kept together: an entry for each single one would cost more than the records' pointers. */
#define REDIRECT_RECORDS_PER_PAGE 32

struct redirect_tracker {
    wmem_allocator_t *scope;
    redirect_config_t config;
    redirect_time_t now; /**< the latest time of any frame */
    wmem_map_t *calls;   /**< redirect_call_t *, by id -> the same */
    uint64_t seed;       /**< of the hashes of Call-IDs */
    wmem_map_t
        *records;     /**< frame number / REDIRECT_RECORDS_PER_PAGE -> redirect_record_t *[REDIRECT_RECORDS_PER_PAGE] */
    wmem_map_t *open; /**< key -> redirect_open_list_t * */
    redirect_open_t *expire_first, *expire_last;
    unsigned open_count;
    redirect_queue_t queue[REDIRECT_QUEUE_COUNT];
    unsigned candidates;
    wmem_array_t *chains; /**< redirect_chain_t *, by number */
};

/** Where a new transaction belongs; all NULL and 0 where it begins a chain of its own. */
typedef struct {
    redirect_chain_t *chain;
    redirect_transaction_t *upstream;
    redirect_transaction_t *retry_of;
    redirect_transaction_t *downstream;  /**< a forward of it that was captured first */
    const redirect_transaction_t *above; /**< the same, where it stands where that forward stands */
    redirect_t *cause;
    redirect_target_t *target;
    const redirect_transaction_t *redirected_leg; /**< the transaction whose 3xx the sender saw; NULL with above */
    redirect_link_t link;
    redirect_confidence_t confidence;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
    unsigned hop;
    const redirect_transaction_t *elsewhere_after;
    const redirect_transaction_t *global_failure;
    unsigned ambiguous;
    const char *evidence; /**< static, or owned by the tracker's scope */
} redirect_placement_t;

/**
 * Finds where a new transaction with a captured request belongs among the transactions of its own call.
 * transaction is filled in from the request but not yet listed anywhere.
 */
void redirect_link_in_call(const redirect_tracker_t *tracker, const redirect_call_t *call,
                           const redirect_transaction_t *transaction, const sip_message_t *sip,
                           redirect_placement_t *place);

/** The same for a response whose request was not captured: its Vias and CSeq are all there is to go by. */
void redirect_link_response(const redirect_call_t *call, const redirect_transaction_t *transaction,
                            const sip_message_t *sip, redirect_placement_t *place);

/**
 * Finds a transaction that follows the redirect that leg just got but was captured a moment before it, as in merged
 * files, and of which nothing was shown yet. @return it, with place filled in; NULL where there is none
 */
redirect_transaction_t *redirect_link_reordered(const redirect_call_t *call, const redirect_transaction_t *leg,
                                                redirect_placement_t *place);

/** Finds the redirect of another call that a new request follows; leaves place alone where there is none. */
void redirect_link_across_calls(redirect_tracker_t *tracker, const redirect_transaction_t *transaction,
                                const sip_message_t *sip, redirect_placement_t *place);

/** Files a redirect, as seen on one leg, for calls that may follow it under another Call-ID. */
void redirect_link_open(redirect_tracker_t *tracker, redirect_t *redirect, redirect_transaction_t *leg,
                        const sip_message_t *sip);

/** Drops the filed redirects whose window has passed. */
void redirect_link_expire(redirect_tracker_t *tracker);

/** True for the answers after which the same request is amended and sent again (rules of RFC 3261 8.1.3.5). */
bool redirect_is_amend_and_retry(uint16_t status);

/** True where a 6xx still says that transaction is in vain. */
bool redirect_is_definitive_for(const redirect_transaction_t *refused, const redirect_transaction_t *transaction);

/** True for two transactions of one method, also where it is one that is not listed in sip_method_t. */
bool redirect_same_method(const redirect_transaction_t *a, const redirect_transaction_t *b);

/**
 * How well a Request-URI, whose sip_uri_match_key() is key, fits a target. Cheap where the keys differ.
 * *difference is what makes it less than exact.
 */
sip_uri_match_t redirect_target_match(const redirect_target_t *target, const sip_uri_t *request_uri, uint32_t key,
                                      sip_uri_diff_t *difference);

/** The address that a target names by number; false for a name, which may resolve to anything. */
bool redirect_target_address(const redirect_target_t *target, redirect_endpoint_t *address);

/**
 * A number for the user or telephone number that a From or P-Asserted-Identity URI names; 0 for one without a user, or
 * with one that many callers share ("anonymous").
 */
uint32_t redirect_caller_key(sip_slice_t uri_text);

/** redirect_caller_key() of the first P-Asserted-Identity (RFC 3325); 0 where there is none. */
uint32_t redirect_asserted_key(const sip_message_t *sip);

/** True where two addresses are known and equal; ports do not count. */
bool redirect_same_address(const redirect_endpoint_t *a, const redirect_endpoint_t *b);

/** True where uri names exactly the resource of raw, parameters included and without headers: for loops. */
bool redirect_same_resource(sip_slice_t raw, const sip_uri_t *uri);

/** A hash of text chained onto seed (FNV-1a, 64 bits): the same in every run. */
uint64_t redirect_hash(uint64_t seed, sip_slice_t text);

#define REDIRECT_HASH_SEED UINT64_C(0xcbf29ce484222325)

/** The host of a Via's sent-by, its port left out. */
sip_slice_t redirect_sent_by_host(sip_slice_t sent_by);

/** True where the 3xx, whose targets were read, answers a query and does not send the request to anybody else. */
bool redirect_is_dip_response(const redirect_t *redirect, sip_slice_t asked_for, const sip_message_t *sip);

/** Fills in a redirect's targets from the Contact values of its response. */
void redirect_targets_read(redirect_tracker_t *tracker, redirect_t *redirect, const sip_message_t *sip);

#endif /* REDIRECT_TRACKER_INT_H */
