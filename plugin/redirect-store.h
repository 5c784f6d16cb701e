/* redirect-store.h
 * All that lives as long as the capture file: the only place where objects of the model are made, tied and freed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Invariants, checked by redirect_store_check():
 *
 *  1. A transaction is a candidate of one group or belongs to one visible chain, never both. All candidates of a group
 *     have one Call-ID and are listed in its call.
 *  2. A transaction points only to transactions of its own group or chain (upstream, retry_of, retried_by, the members
 *     of its link, of its leg and of its announcement, which only a visible one has). A chain, a redirect, a target, a
 *     record and an entry of the pending index point only to what is visible; the record of a message that is shown
 *     although its chain is not points to a group that is never freed.
 *  3. Groups are freed whole, and only when nothing but their own members and their call points to them. What is
 *     visible is never freed before the store.
 *  4. A call is listed in exactly one queue, oldest first, and holds at least one transaction between two messages.
 *     An entry of the index of legs points to another one for as long as both are there.
 *  5. What only later messages need (redirect_live_t, its keys in the index of legs, the parsed URIs of a redirect's
 *     targets) is there as long as the transaction, or the one that the redirect answered first, is listed in its call,
 *     and no longer.
 *  6. Every count is that of the list that it counts, and none exceeds its limit.
 *
 * The functions that tie objects to each other refuse what would break 2; so a mistake in placing a message costs a
 * link, and not memory safety.
 */

#ifndef REDIRECT_STORE_H
#define REDIRECT_STORE_H

#include "redirect-hash.h"
#include "redirect-leg-habits.h"
#include "redirect-message.h"
#include "redirect-odds.h"

typedef struct redirect_store redirect_store_t;

/** A store whose memory is scope's and ends with it. config is copied, its strings included. */
redirect_store_t *redirect_store_new(wmem_allocator_t *scope, const redirect_config_t *config);

/* --- reading ----------------------------------------------------------------------------------------------------- */

/** The preferences and limits, with defaults filled in. */
const redirect_config_t *redirect_store_config(const redirect_store_t *store);

/** The names in leg_headers and in shared_headers. */
const sip_name_list_t *redirect_store_leg_headers(const redirect_store_t *store);
const sip_name_list_t *redirect_store_shared_headers(const redirect_store_t *store);

/** The secret of the hashes in redirect_key_t. */
const redirect_secret_t *redirect_store_secret(const redirect_store_t *store);

/** The keyed hash of an address, whatever the port. Never 0. */
uint64_t redirect_store_address_key(const redirect_store_t *store, const redirect_endpoint_t *endpoint);

/** How much of the capture has passed. */
const redirect_clock_t *redirect_store_clock(const redirect_store_t *store);

/** The scope that everything here lives in; for texts that a record or a transaction takes over. */
wmem_allocator_t *redirect_store_scope(const redirect_store_t *store);

/** The call with a Call-ID (byte for byte, RFC 3261 20.8), or NULL. */
redirect_call_t *redirect_store_call(const redirect_store_t *store, sip_slice_t id);

/** The first transaction of a call, or NULL; the others through redirect_next_in_call(), oldest first. */
redirect_transaction_t *redirect_call_first(const redirect_call_t *call);

/** The Call-ID, borrowed from the call. */
sip_slice_t redirect_call_id(const redirect_call_t *call);

/** True where a transaction of the call belongs to a visible chain. */
bool redirect_call_is_visible(const redirect_call_t *call);

/** True where older transactions of a call were let go to make room. */
bool redirect_call_is_incomplete(const redirect_call_t *call);

/** True where calls whose INVITE had no final response were let go: a response may have lost its request. */
bool redirect_store_let_calls_go(const redirect_store_t *store);

/** True where a search for what a request follows was given up while a redirect that came at clock was waiting. */
bool redirect_store_gave_up(const redirect_store_t *store, redirect_time_t clock);

/** Notes that such a search was given up now. */
void redirect_store_give_up(redirect_store_t *store);

/** Notes that a message was seen now that may belong anywhere: it could not be read, or its text was not found. */
void redirect_store_miss_message(redirect_store_t *store);

/** True where such a message came when the clock was at clock, or later. */
bool redirect_store_missed_message_since(const redirect_store_t *store, redirect_time_t clock);

/** How many chains are visible. */
uint32_t redirect_store_chain_count(const redirect_store_t *store);

/** A chain by its number, or NULL. */
redirect_chain_t *redirect_store_chain(const redirect_store_t *store, uint32_t number);

/** The records of a frame through redirect_next_in_frame(), or NULL. */
redirect_record_t *redirect_store_records(const redirect_store_t *store, uint32_t frame);

/** How many objects there are; for tests. */
typedef struct {
    unsigned calls;
    unsigned candidates; /**< transactions whose chain is not visible */
    unsigned pending;    /**< entries of the pending index */
} redirect_store_load_t;

redirect_store_load_t redirect_store_load(const redirect_store_t *store);

/** Checks every invariant. @return NULL, or a static string that names the one that is broken. For tests. */
const char *redirect_store_check(const redirect_store_t *store);

/* --- time -------------------------------------------------------------------------------------------------------- */

/** Takes the time of a frame, SIP or not. Cheap. */
void redirect_store_advance(redirect_store_t *store, redirect_time_t time);

/** Lets go what is too old or too much. Call it once before each message. */
void redirect_store_forget(redirect_store_t *store);

/* --- transactions ------------------------------------------------------------------------------------------------ */

/** What a new transaction is made of; borrowed, and copied by redirect_store_open(). */
typedef struct {
    redirect_key_t key;
    uint64_t via_path; /**< keyed hash of the Vias below the top; 0 where there are none */
    uint32_t frame;    /**< of the request; 0 where a response opens the transaction */
    sip_slice_t uri;
    redirect_time_t time;
    uint64_t to_tag; /**< of the request, as a keyed hash */
    redirect_endpoint_t source;
    redirect_endpoint_t destination;
    sip_slice_t method_name;                 /**< only where the method is not known by number */
    bool has_identity, has_asserted, is_cut; /**< see redirect_request_t */
    redirect_caller_t caller;                /**< asserted 0 and both slices absent where there is nothing to say */
} redirect_opening_t;

/**
 * Opens a transaction: a group of its own in the call, which is made where there is none. Lets go transactions of the
 * call that are too old or too many.
 */
redirect_transaction_t *redirect_store_open(redirect_store_t *store, sip_slice_t call_id,
                                            const redirect_opening_t *opening, uint32_t frame);

/**
 * Makes the group of a candidate a part of the group or chain of another transaction, shift hops deeper.
 * @return false where that chain is full: then it is marked truncated, and transaction stays in its own group.
 */
bool redirect_store_join(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *other,
                         unsigned shift);

/** True where a transaction is a candidate, and the original request of its group. */
bool redirect_store_is_root(const redirect_transaction_t *transaction);

/** Makes a candidate the original request of its group. That of a visible chain is fixed. */
void redirect_store_set_root(redirect_transaction_t *transaction);

/** Makes the chain of a transaction visible: it gets a number, and its messages get records. Idempotent. */
void redirect_store_show(redirect_store_t *store, redirect_transaction_t *transaction);

/**
 * Ties a forward to what it forwards; refused where they do not belong together, in a circle, or where the forward was
 * tied to another leg already.
 * @param late the forward was shown already: what it forwards is not on its path
 */
void redirect_store_set_upstream(redirect_transaction_t *transaction, redirect_transaction_t *upstream, bool late);

/** Ties a repeat to what it repeats; refused where they do not belong together, or in a circle. */
void redirect_store_set_retry(redirect_store_t *store, redirect_transaction_t *transaction,
                              redirect_transaction_t *retry_of);

/**
 * Ties a follow-up to its redirect; link is copied. Refused (false) where they do not belong together, or in a circle.
 * @param list whether it is listed among the redirect's follow-ups; not where a forward of it is listed already
 */
bool redirect_store_follow(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_link_t *link,
                           bool list);

/** The request of a transaction that a response opened: all of opening but its key and method_name, copied. */
void redirect_store_set_request(redirect_store_t *store, redirect_transaction_t *transaction,
                                const redirect_opening_t *opening);

/** A message that is seen again sooner than this is a copy: nothing is sent again before T1, 500 ms (RFC 3261 17). */
#define REDIRECT_COPIED_WITHIN (REDIRECT_SECOND / 4)

/** The final response of a visible transaction came once more. @return the time since it was seen last */
redirect_time_t redirect_store_saw_again(redirect_store_t *store, redirect_transaction_t *transaction,
                                         redirect_time_t time);

/** A 1xx came; after the final response it is the latest one, and says nothing more. */
void redirect_store_set_provisional(redirect_transaction_t *transaction, uint16_t status, redirect_time_t time);

/** A 1xx of a visible transaction, at that time: it is waited for longer, and remembered as long (RFC 3261 16.6). */
void redirect_store_ring(redirect_store_t *store, redirect_transaction_t *transaction, uint16_t status,
                         redirect_time_t time);

/** The request was seen once more, on its way to that address: on another side of a NAT or of a server farm. */
void redirect_store_saw_at(redirect_transaction_t *transaction, redirect_endpoint_t destination);

/** The request was seen once more, at that time. What comes at once is a copy that the capture made. */
void redirect_store_repeat(redirect_transaction_t *transaction, redirect_time_t time);

/** Something shows that there was a final response, which was not captured. */
void redirect_store_set_unseen(redirect_transaction_t *transaction);

/** The first final response of a transaction, and the seconds of its Retry-After, or 0. response is copied. */
void redirect_store_finish(redirect_store_t *store, redirect_transaction_t *transaction,
                           const redirect_response_t *response, uint32_t retry_after);

/** The first CANCEL of a transaction. cancel is copied. */
void redirect_store_cancel(redirect_store_t *store, redirect_transaction_t *transaction,
                           const redirect_cancel_t *cancel);

/** Takes over what a request says of earlier redirections: one block from redirect_store_scope(). */
void redirect_store_set_history(redirect_store_t *store, redirect_transaction_t *transaction,
                                struct redirect_history *history);

/** Keeps a URI of the Error-Info of a final response, the first few. uri is copied. Nothing where it is not visible. */
void redirect_store_add_error_info(redirect_store_t *store, redirect_transaction_t *transaction, sip_slice_t uri);

/** Ties a request to the one whose Error-Info names the URI that it calls; refused where they are not of one chain. */
void redirect_store_set_announcement(redirect_store_t *store, redirect_transaction_t *transaction,
                                     const redirect_transaction_t *of);

/** An ICMP error in that frame quotes the request; the first one counts. */
void redirect_store_set_unreachable(redirect_store_t *store, redirect_transaction_t *transaction, uint32_t frame);

/** A request was sent without credentials (RFC 3261 22). */
void redirect_store_set_lacks_credentials(redirect_transaction_t *transaction);

/** Adds to what is known to be missing (redirect_gap_t), of a transaction and of its chain where that is visible. */
void redirect_store_add_gaps(redirect_transaction_t *transaction, unsigned gaps);

/**
 * Lets go the group of a candidate where nothing can come of it: each member is a request in a dialog that got a 2xx.
 * Nothing happens otherwise.
 */
void redirect_store_drop(redirect_store_t *store, redirect_transaction_t *transaction);

/* --- messages ---------------------------------------------------------------------------------------------------- */

/** Adds one message to a transaction. @return its record where the chain is visible, else NULL */
redirect_record_t *redirect_store_add_message(redirect_store_t *store, redirect_transaction_t *transaction,
                                              const redirect_message_t *message);

/** The record of a message of a transaction whose chain is visible, or NULL where it was left out. */
redirect_record_t *redirect_store_find_record(const redirect_transaction_t *transaction,
                                              const redirect_message_t *message);

/** A record of the latest message of a candidate, which is shown although its chain is not. */
redirect_record_t *redirect_store_show_message(redirect_store_t *store, redirect_transaction_t *transaction,
                                               const redirect_message_t *message);

/** A record of a message that belongs to no transaction. */
redirect_record_t *redirect_store_lone_record(redirect_store_t *store, const redirect_message_t *message);

/** The details of a record, to be filled in. Records that have nothing to say share one that must not be written. */
redirect_details_t *redirect_store_details(redirect_store_t *store, redirect_record_t *record);

/* --- redirects --------------------------------------------------------------------------------------------------- */

/**
 * A redirect that no transaction has yet; becomes the transaction's or is discarded. Its targets are to be filled in,
 * and *text, which has room for text_size bytes, lives as long as they do. The text is used up in order: of each target
 * uri, then written where it is another text, then mapped_from.
 */
redirect_t *redirect_store_new_redirect(redirect_store_t *store, const redirect_message_t *message,
                                        unsigned target_count, size_t text_size, char **text);

/** Keeps the URI of a target, taken apart, as long as the call is looked at. uri may borrow from anywhere. */
void redirect_store_keep_target_uri(redirect_store_t *store, redirect_t *redirect, unsigned target,
                                    const sip_uri_t *uri);

/** Frees a redirect that no transaction got, and its targets. */
void redirect_store_discard_redirect(redirect_store_t *store, redirect_t *redirect);

/** Gives a transaction its redirect: the first, or a further sighting of the same. The chain must be visible. */
void redirect_store_set_redirect(redirect_transaction_t *transaction, redirect_t *redirect);

/** Adds another 3xx that the same transaction got later. */
void redirect_store_add_later_redirect(redirect_transaction_t *transaction, redirect_t *redirect);

/** Marks a target as tried. */
void redirect_store_mark_tried(redirect_t *redirect, redirect_target_t *target, redirect_transaction_t *transaction);

/* --- the pending index: redirects that a call with another Call-ID may follow --------------------------------------- */

/** One redirect under one key. */
typedef struct redirect_pending redirect_pending_t;
struct redirect_pending {
    redirect_t *redirect;
    redirect_target_t *target;   /**< the one that the key is about; NULL: all */
    redirect_transaction_t *leg; /**< on whose leg it was seen */
    redirect_traits_t traits;    /**< of the redirected request */
    double open;                 /**< grows less: how likely it still waits, from 1 to 0 */
};

/** A request that was redirected, to be known again when it is sent once more. */
typedef struct {
    uint64_t key;         /**< hash of who sent it, and to whom */
    redirect_t *redirect; /**< NULL: nothing is remembered here */
    uint32_t caller;      /**< for whom it was sent, as redirect_caller_key(); 0 where that is not known */
    const redirect_transaction_t *leg;
} redirect_redirected_t;

/** What an address did with the redirects that it got; all zero where that is not known. */
typedef struct {
    uint64_t key;       /**< hash of the address */
    uint32_t redirects; /**< 3xx that it got, but for answers to queries */
    uint32_t followups; /**< requests of its own that follow a redirect, by whatever link */
} redirect_client_t;

/** A 3xx came for the sender of that transaction. */
void redirect_store_count_redirected(redirect_store_t *store, const redirect_transaction_t *transaction);

/** That transaction follows a redirect. */
void redirect_store_count_followup(redirect_store_t *store, const redirect_transaction_t *transaction);

/** What the sender of that transaction did so far. */
redirect_client_t redirect_store_client(const redirect_store_t *store, const redirect_transaction_t *transaction);

/** Remembers the latest redirect under a key, as long as no other takes its place. What is visible is never freed. */
void redirect_store_remember_redirected(redirect_store_t *store, sip_slice_t key, uint32_t caller, redirect_t *redirect,
                                        const redirect_transaction_t *leg);

/** What is remembered under a key; NULL where that is nothing (any more). */
const redirect_redirected_t *redirect_store_redirected(const redirect_store_t *store, sip_slice_t key);

/**
 * Files a redirect under a key for link_window seconds; what is copied.
 * @param party the address that the key is about, a part of it; NULL where it is about none
 * @return false where the key is empty, or what names nothing visible: then nothing is filed
 */
bool redirect_store_file(redirect_store_t *store, sip_slice_t key, const redirect_endpoint_t *party,
                         const redirect_pending_t *what);

/**
 * Files the redirect of an entry, with all its targets, under a further key: for as long as the entry is there, and as
 * if it had been filed at the same time.
 */
void redirect_store_file_further(redirect_store_t *store, sip_slice_t key, const redirect_pending_t *known);

/** What waits under a key, oldest first, or NULL. */
const redirect_pending_t *redirect_store_pending(const redirect_store_t *store, sip_slice_t key);

/** The next one under the same key, newer, or NULL. */
const redirect_pending_t *redirect_store_next_pending(const redirect_store_t *store, const redirect_pending_t *pending);

/** The key of an entry, borrowed from it. */
sip_slice_t redirect_store_pending_key(const redirect_pending_t *pending);

/** The entry that was filed last, under whatever key, and the entries before and after one; or NULL. */
const redirect_pending_t *redirect_store_last_filed(const redirect_store_t *store);
const redirect_pending_t *redirect_store_filed_before(const redirect_pending_t *pending);
const redirect_pending_t *redirect_store_filed_after(const redirect_pending_t *pending);

/** True once a request of this capture named a redirected party in History-Info: most captures have none. */
bool redirect_store_expects_history(const redirect_store_t *store);
void redirect_store_expect_history(redirect_store_t *store);

/** False where nothing waits under any key that is about the address of party: then no key needs to be made. */
bool redirect_store_may_wait_for(const redirect_store_t *store, const redirect_endpoint_t *party);

/** True as long as a new call may follow a redirect that came when the clock was at came. */
bool redirect_store_is_in_link_window(const redirect_store_t *store, redirect_time_t came);

/** Likelihood from which on a request that is not linked to a redirect is named as one that may follow it. */
#define REDIRECT_MAY_FOLLOW_FROM 0.1

/** Makes it less likely that an entry still waits: the request in frame followed it with that likelihood. */
void redirect_store_doubt(redirect_store_t *store, const redirect_pending_t *pending, double likelihood,
                          uint32_t frame);

/**
 * What was learnt of how likely new calls follow redirects; NULL before the first that fits one, for in most captures
 * none does.
 */
redirect_odds_t *redirect_store_odds(redirect_store_t *store);

/** The same, made where there is none. */
redirect_odds_t *redirect_store_begin_odds(redirect_store_t *store);

/** True where nothing at all waits. */
bool redirect_store_has_no_pending(const redirect_store_t *store);

/* --- the index of legs: INVITEs that a B2BUA may have received or made ------------------------------------------------ */

/** Keys of one request at most. */
#define REDIRECT_LEG_MAX_KEYS 16

/** What an INVITE may be to a B2BUA, by its two ends; a bit set. */
enum {
    REDIRECT_LEG_RECEIVED = 1 << 0, /**< an address received it that sends some as well, or that may be a B2BUA's yet */
    REDIRECT_LEG_SENT = 1 << 1,     /**< an address sent it that received some as well */
};

/** One request under one key. */
typedef struct redirect_filed_leg redirect_filed_leg_t;

/** Counts an INVITE outside of a dialog. @return REDIRECT_LEG_*; 0: no need to file it by its addresses */
unsigned redirect_store_count_invite(redirect_store_t *store, const redirect_endpoint_t *source,
                                     const redirect_endpoint_t *destination);

/** True where an address received an INVITE outside of a dialog: it may be a B2BUA's. */
bool redirect_store_receives_invites(const redirect_store_t *store, const redirect_endpoint_t *endpoint);

/**
 * Files a request under up to REDIRECT_LEG_MAX_KEYS keyed hashes, for as long as its transaction is looked at. facts is
 * copied. Once only.
 * @param received the first so many keys say where it was received: nothing is filed under them any more once it has its
 *                 final response, because nothing is made of it then
 */
void redirect_store_file_leg(redirect_store_t *store, redirect_transaction_t *transaction,
                             const redirect_leg_facts_t *facts, const uint64_t *key, unsigned count, unsigned received);

/** What a request that is filed shows; NULL of all others. */
const redirect_leg_facts_t *redirect_store_leg_facts(const redirect_transaction_t *transaction);

/** What is filed under a key, newest first, or NULL. */
const redirect_filed_leg_t *redirect_store_filed_leg(const redirect_store_t *store, uint64_t key);

/** The next one under the same key, older, or NULL. */
const redirect_filed_leg_t *redirect_store_next_filed_leg(const redirect_filed_leg_t *filed);

/** The request that is filed. */
redirect_transaction_t *redirect_filed_leg_transaction(const redirect_filed_leg_t *filed);

/** What has become of a request that is filed, by the requests that were taken for its legs. */
typedef struct {
    redirect_time_t made;   /**< when the latest was sent */
    redirect_time_t ended;  /**< when the latest that was not answered was over */
    float likelihood;       /**< that the latest was rightly taken for one */
    float ended_likelihood; /**< the same of the latest that was over */
    unsigned legs;
    bool is_redirected; /**< the latest that was over had a redirect */
    bool is_next_due;   /**< one ended, and none was made since */
    bool is_answered;   /**< one was */
} redirect_leg_progress_t;

redirect_leg_progress_t redirect_store_leg_progress(const redirect_transaction_t *transaction);

/**
 * Takes a request for what a B2BUA made of leg->of, visible or not. Both are to be filed. leg is copied. Once only.
 * @param leg    confidence 0: too unlikely to be told, but what the next one is depends on it
 * @param likelihood that it is so, from 0 to 1
 * @param habits of that B2BUA, or NULL; they learn how the leg ends
 */
void redirect_store_take_leg(const redirect_transaction_t *transaction, const redirect_leg_t *leg, double likelihood,
                             redirect_leg_habits_t *habits);

/** It turned out that a request that is not visible was made of something else. */
void redirect_store_untake_leg(const redirect_transaction_t *transaction);

/** What a request was taken for; false where that is nothing, or too unlikely to be told, or no longer looked at. */
bool redirect_store_taken_leg(const redirect_transaction_t *transaction, redirect_leg_t *leg);

/** What was taken for legs of a request, the latest first, or NULL. */
redirect_transaction_t *redirect_store_first_leg_of(const redirect_transaction_t *transaction);
redirect_transaction_t *redirect_store_next_leg_of(const redirect_transaction_t *leg);

/** Nothing that was captured explains a request that a B2BUA sent. */
void redirect_store_set_unexplained(const redirect_transaction_t *transaction);
bool redirect_store_is_unexplained(const redirect_transaction_t *transaction);

/**
 * Remembers that a caller, a key as redirect_leg_user() makes it, is more than one person, as long as no other one takes
 * its place.
 */
void redirect_store_set_shared_number(redirect_store_t *store, uint32_t caller);
bool redirect_store_is_shared_number(const redirect_store_t *store, uint32_t caller);

/** What is learnt of the B2BUA at an address that received an INVITE; NULL where there is no room for it. */
redirect_leg_habits_t *redirect_store_leg_habits(redirect_store_t *store, const redirect_endpoint_t *endpoint);

/** The transaction that a candidate's group begins with, or itself where it is visible. */
redirect_transaction_t *redirect_store_root(const redirect_transaction_t *transaction);

/**
 * Ties a request to what a B2BUA made it of; leg is copied. The same to all others of its call from the same address
 * that are in its chain and not tied, which repeat it or go beside it. Refused where they are not of one visible chain.
 */
void redirect_store_set_leg(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_leg_t *leg);

#endif /* REDIRECT_STORE_H */
