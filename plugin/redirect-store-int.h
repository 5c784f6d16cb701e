/* redirect-store-int.h
 * What the files of the store share. For redirect-store*.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STORE_INT_H
#define REDIRECT_STORE_INT_H

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-store-pool.h"
#include "redirect-store.h"

/** Bytes that come from memory together: so much on the machines that this runs on. No more than speed depends on it. */
#define CACHE_LINE 64

/** Asks for an object that is needed soon; it may be NULL. */
static inline void
redirect_store_prefetch(const void *object, size_t size)
{
#ifdef __GNUC__
    for (size_t offset = 0; object && offset < size; offset += CACHE_LINE) {
        __builtin_prefetch((const char *)object + offset);
    }
#else
    (void)object;
    (void)size;
#endif
}

/** Frames whose records are kept together: an entry for each single one would cost more than the records' pointers. */
#define RECORDS_PER_PAGE 32

/** Messages of a candidate that need no array of their own: INVITE, 100, 180, 200, ACK. */
#define INLINE_MESSAGES 5

/** One message of a candidate; it becomes a record when the chain becomes visible. */
typedef struct {
    uint32_t frame;
    uint16_t index;
    uint16_t status : 10;
    uint16_t method : 5;
} stored_message_t;

/** One key of a request in the index of legs. */
struct redirect_filed_leg {
    redirect_transaction_t *transaction;
    uint64_t key;
    redirect_filed_leg_t *next, **link; /**< of keys that end alike, newest first; what points to this */
};

/** A request in the index of legs; freed with what is kept for later messages of its transaction. */
typedef struct stored_leg {
    redirect_leg_facts_t facts;
    struct stored_leg *of;               /**< that it is taken to be made of, or NULL */
    struct stored_leg *first_leg;        /**< that is taken to be made of it, the latest */
    struct stored_leg *next_leg, **link; /**< made of the same one before; what points to this */
    redirect_leg_t taken;                /**< why, where of is set */
    float likelihood;                    /**< that this is so */
    redirect_leg_habits_t *habits;       /**< of the B2BUA that made it, or NULL */
    redirect_leg_progress_t progress;
    uint8_t count;    /**< of filed[] */
    uint8_t received; /**< the first so many keys say where it was received: not listed once it is answered */
    bool is_answered;
    bool is_over; /**< its end was taken note of in what it is made of */
    bool is_unexplained;
    redirect_filed_leg_t filed[];
} stored_leg_t;

/** What later messages are matched by, with what only the store needs. */
typedef struct {
    redirect_live_t public;        /**< first, so that one pointer is the other */
    redirect_transaction_t *group; /**< of a candidate: the first of those that belong together; of others NULL */
    redirect_record_t *last_record;
    stored_leg_t *leg;      /**< NULL where it is not in the index of legs */
    redirect_time_t active; /**< of a group's first: clock at the latest message of the group */
    union {
        struct {
            stored_message_t message[INLINE_MESSAGES];
            stored_message_t *more; /**< messages beyond message[] */
        } candidate;
        sip_uri_kept_t uri; /**< of a visible chain: public.parsed points here, where it is a URI */
    } is;
    uint32_t message_count; /**< of a candidate: messages kept; of a visible chain: records */
    uint32_t text_size;     /**< of what stands where the transaction's struct ends */
    uint16_t group_size;    /**< of a group's first */
    uint16_t unanswered;    /**< of a group's first: INVITEs without a final response */
    bool is_left_out;       /**< messages beyond the limit were left out before the chain was visible */
    bool is_shown;          /**< of a group's first: a record points to one of the group, so it is never freed */
    bool stays;             /**< of one that is taken out of its call: it is visible or shown */
} stored_live_t;

/** A chain with what only the store needs. */
typedef struct {
    redirect_chain_t public; /**< first, so that one pointer is the other */
    redirect_time_t active;
    uint32_t unanswered;
} stored_chain_t;

/** Chains that are allocated together: they live as long as the store. */
#define CHAINS_PER_BLOCK 32

/** Queues of calls, by how long they are remembered. */
typedef enum {
    QUEUE_ANSWERED,           /**< every INVITE has its final response */
    QUEUE_UNANSWERED,         /**< one has not */
    QUEUE_VISIBLE,            /**< as answered; a transaction belongs to a visible chain */
    QUEUE_VISIBLE_UNANSWERED, /**< as unanswered; a transaction belongs to a visible chain */
    QUEUE_COUNT
} queue_id_t;

/** One Call-ID. */
struct redirect_call {
    redirect_call_t *next_in_slot; /**< of Call-IDs whose hashes end alike */
    unsigned hash;                 /**< of the Call-ID, keyed; beside the pointer: they are read together */
    uint16_t count;
    uint16_t unanswered;                  /**< INVITEs without a final response */
    uint16_t visible;                     /**< transactions whose chain is visible */
    uint8_t queue;                        /**< queue_id_t */
    bool is_incomplete;                   /**< transactions were let go to make room */
    redirect_transaction_t *first, *last; /**< through next_in_call */
    redirect_call_t *newer, *older;       /**< in its queue */
    redirect_time_t active;               /**< clock at the latest message */
    sip_slice_t id;                       /**< copied to where the struct ends */
};

typedef struct {
    redirect_call_t *oldest, *newest;
} call_queue_t;

/** Counters of the addresses for which redirects wait: a power of two. */
#define PARTIES 4096

/** An address that received an INVITE, and as far as it matters what it did with it: whether there is a B2BUA at it. */
typedef struct {
    uint64_t key;                  /**< keyed hash of the address; 0: nobody is here yet */
    redirect_leg_habits_t *habits; /**< NULL before it is asked for */
    uint8_t received;              /**< how many, up to a few */
    bool sends;                    /**< it sent one after it had received one */
} leg_receiver_t;

/** One entry of the pending index, with what only the store needs. Its key stands where the struct ends. */
typedef struct pending_entry {
    redirect_pending_t public;          /**< first, so that one pointer is the other */
    struct pending_entry *next_in_slot; /**< of keys whose hashes end alike; of one key oldest first */
    unsigned hash;                      /**< of the key, keyed; beside the pointer: they are read together */
    uint16_t key_len;
    uint16_t party : 12; /**< which counter the address has that the key is about */
    uint16_t has_party : 1;
    struct pending_entry *next_to_expire, *previous_to_expire;
    redirect_time_t filed; /**< clock */
} pending_entry_t;

struct redirect_store {
    wmem_allocator_t *scope;
    redirect_pool_t pool;
    redirect_config_t config;
    sip_name_list_t leg_headers, shared_headers; /**< the names in config */
    redirect_secret_t secret;
    redirect_clock_t clock;
    redirect_call_t **calls; /**< slots by the hash of the Call-ID */
    unsigned call_slots;
    unsigned call_count;
    unsigned visible_calls; /**< of them, those in the queues of visible ones */
    unsigned candidates;
    call_queue_t queue[QUEUE_COUNT];
    redirect_time_t forgot; /**< clock, when what is too old was last let go */
    bool let_calls_go;
    bool expects_history;
    bool gave_up;                                /**< a search took too many steps */
    redirect_time_t gave_up_first, gave_up_last; /**< clock */
    bool missed_message;                         /**< a message may belong anywhere */
    redirect_time_t missed_last;                 /**< clock, at the latest such */
    uint32_t chain_count;
    wmem_array_t *chains;            /**< stored_chain_t *: blocks of CHAINS_PER_BLOCK, by number */
    wmem_map_t *pages;               /**< frame / RECORDS_PER_PAGE -> redirect_record_t *[RECORDS_PER_PAGE] */
    redirect_record_t **latest_page; /**< of pages, that of the highest frames; NULL before the first */
    uint32_t latest_page_number;
    redirect_details_t no_details;
    pending_entry_t **pending; /**< slots by the hash of the key; NULL before the first */
    unsigned pending_slots;
    uint32_t *parties; /**< entries by the hash of the address that they are about; NULL before the first */
    pending_entry_t *expire_first, *expire_last;
    unsigned pending_count;
    redirect_filed_leg_t **legs; /**< slots by the key; NULL before the first */
    unsigned leg_slots, leg_entries;
    redirect_redirected_t *redirected; /**< by the key's hash, the latest in each place; NULL before the first */
    redirect_client_t *clients;        /**< by the hash of the address; NULL before the first redirect */
    uint32_t *shared_numbers;          /**< callers that are more than one person, each in its place or not there */
    leg_receiver_t *receivers;         /**< by the hash of the address, places that follow each other */
    redirect_odds_t *odds;             /**< NULL before a request fits an entry */
};

/** Of a transaction that is still looked at. */
static inline stored_live_t *
live_of(const redirect_transaction_t *transaction)
{
    return (stored_live_t *)transaction->live;
}

/** The first of a candidate's group; NULL where it is visible, or no longer looked at. */
static inline redirect_transaction_t *
group_of(const redirect_transaction_t *transaction)
{
    return transaction->live ? live_of(transaction)->group : NULL;
}

static inline stored_chain_t *
stored_chain(redirect_chain_t *chain)
{
    return (stored_chain_t *)chain;
}

static inline bool
is_unanswered(const redirect_transaction_t *transaction)
{
    return transaction->request.method == SIP_METHOD_INVITE && transaction->response.status == 0;
}

/** True where nothing that either points to can be freed without the other. */
static inline bool
redirect_store_are_together(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    if (a == b || a->chain) {
        return a == b || a->chain == b->chain;
    }
    return group_of(a) != NULL && group_of(a) == group_of(b);
}

/* --- redirect-store-calls.c --- */

/** The slots of a store that has no call yet; they grow. */
void redirect_store_make_slots(redirect_store_t *store);

/** Where the calls hang whose hashes end alike. */
redirect_call_t **redirect_store_call_slot(const redirect_store_t *store, unsigned hash);

/** The call with a Call-ID; made, and empty, where there is none. */
redirect_call_t *redirect_store_call_get(redirect_store_t *store, sip_slice_t id);

/** Frees a call that holds no transaction any more. */
void redirect_store_free_call_if_empty(redirect_store_t *store, redirect_call_t *call);

/** Moves a call to the end of the queue that it belongs to now. */
void redirect_store_requeue(redirect_store_t *store, redirect_call_t *call);

/** Something came of this transaction: its call and its group or chain are young again. */
void redirect_store_touch(redirect_store_t *store, redirect_transaction_t *transaction);

/* --- redirect-store-transactions.c --- */

/** The extras of a transaction, to be written. */
redirect_extras_t *redirect_store_extras(redirect_store_t *store, redirect_transaction_t *transaction);

/** Frees what was kept for later messages of a transaction that stays to be shown. */
void redirect_store_retire_transaction(redirect_store_t *store, redirect_transaction_t *transaction);

/** Frees a candidate that nothing points to any more. */
void redirect_store_free_transaction(redirect_store_t *store, redirect_transaction_t *transaction);

/* --- redirect-store-forget.c --- */

/** Lets go what is too old or too much in a call, before a transaction is added to it. */
void redirect_store_make_room(redirect_store_t *store, redirect_call_t *call);

/* --- redirect-store-chains.c --- */

/** The next candidate of a group, from one on in the list of the call; NULL where there is none. */
redirect_transaction_t *redirect_store_next_of_group(redirect_transaction_t *from, const redirect_transaction_t *group);

/** Keeps the Request-URI of a visible transaction taken apart: it is compared often. Of a candidate it is text. */
void redirect_store_keep_request_uri(redirect_transaction_t *transaction);

/* --- redirect-store-redirects.c --- */

/** Frees the parsed URIs of a redirect's targets, which only linking needs. */
void redirect_store_free_target_uris(redirect_store_t *store, redirect_t *redirect);

/* --- redirect-store-legs.c --- */

/** Takes note in the index of legs that a transaction got its final response, or its CANCEL at that time. */
void redirect_store_end_leg(const redirect_transaction_t *transaction, redirect_time_t time);

/** Takes a transaction out of the index of legs, where it is in it. */
void redirect_store_free_leg(redirect_store_t *store, const redirect_transaction_t *transaction);

/** Checks what the index of legs has of a transaction. @return NULL, or what is broken */
const char *redirect_store_check_leg(const redirect_store_t *store, const redirect_transaction_t *transaction);

/* --- redirect-store-clients.c --- */

/** Checks the counts of redirects and follow-ups by address. @return NULL, or what is broken */
const char *redirect_store_check_clients(const redirect_store_t *store);

/* --- redirect-store-records.c, redirect-store-pending.c --- */

/** Makes the messages of a candidate records of its chain, which has just become visible. */
void redirect_store_show_messages(redirect_store_t *store, redirect_transaction_t *transaction);

/** Drops entries of the pending index that are too old, and the oldest where there are too many. */
void redirect_store_expire_pending(redirect_store_t *store);

/** Checks the pending index. @return NULL, or what is broken */
const char *redirect_store_check_pending(const redirect_store_t *store);

#endif /* REDIRECT_STORE_INT_H */
