/* redirect-tracker.c
 * The tracker's life cycle: calls, transactions, records, and what is forgotten when.
 * Which redirect a transaction follows is decided in redirect-link.c, how a chain ended in redirect-outcome.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-history.h"
#include "redirect-tracker-int.h"

/* A transaction and its retransmissions are over after 64*T1 = 32 s (RFC 3261 17.1); twice that tolerates clocks. */
#define TIMEOUT_SETTLED (64 * REDIRECT_SECOND)
/* A person may take a while to choose among the targets of a 300. */
#define TIMEOUT_VISIBLE (180 * REDIRECT_SECOND)
/* A phone may ring for Timer C, more than three minutes (RFC 3261 16.6), and every 1xx resets it. */
#define TIMEOUT_PENDING (600 * REDIRECT_SECOND)

static unsigned
call_hash(gconstpointer key)
{
    return ((const redirect_call_t *)key)->hash;
}

static gboolean
call_equal(gconstpointer a, gconstpointer b)
{
    return sip_slice_equal(((const redirect_call_t *)a)->id, ((const redirect_call_t *)b)->id);
}

/*
 * Eight bytes at a time: every message needs it. The seed is another in every process, so that nobody can write
 * Call-IDs that all fall together.
 */
static unsigned
call_id_hash(const redirect_tracker_t *tracker, sip_slice_t id)
{
    uint64_t hash = tracker->seed ^ id.len;

    while (id.len > 0) {
        uint64_t word = 0;
        size_t len = MIN(id.len, sizeof(word));

        memcpy(&word, id.ptr, len);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
        id = sip_slice_from(id, len);
    }
    return (unsigned)(hash ^ hash >> 32);
}

static redirect_call_t *
call_find(const redirect_tracker_t *tracker, sip_slice_t id)
{
    const redirect_call_t wanted = {.id = id, .hash = call_id_hash(tracker, id)};

    return wmem_map_lookup(tracker->calls, &wanted);
}

/* Times of damaged captures may be anything; far below the limits of the type no sum or difference overflows. */
static redirect_time_t
clamp_time(redirect_time_t time)
{
    static const redirect_time_t limit = INT64_MAX / 2; /* in the year 2116 */

    return CLAMP(time, -limit, limit);
}

redirect_tracker_t *
redirect_tracker_new(wmem_allocator_t *scope, const redirect_config_t *config)
{
    redirect_tracker_t *tracker = wmem_new0(scope, redirect_tracker_t);

    tracker->scope = scope;
    tracker->config = *config;
    tracker->now = clamp_time(INT64_MIN);
    tracker->calls = wmem_map_new(scope, call_hash, call_equal);
    tracker->seed =
        (uint64_t)wmem_strong_hash((const uint8_t *)"call", 4) << 32 ^ wmem_strong_hash((const uint8_t *)"id", 2);
    tracker->records = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    tracker->open = wmem_map_new(scope, wmem_str_hash, g_str_equal);
    tracker->chains = wmem_array_new(scope, sizeof(redirect_chain_t *));
    tracker->queue[REDIRECT_QUEUE_SETTLED].timeout = TIMEOUT_SETTLED;
    tracker->queue[REDIRECT_QUEUE_VISIBLE].timeout = TIMEOUT_VISIBLE;
    tracker->queue[REDIRECT_QUEUE_PENDING].timeout = TIMEOUT_PENDING;
    return tracker;
}

uint64_t
redirect_hash(uint64_t seed, sip_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        seed = (seed ^ (uint8_t)g_ascii_tolower(text.ptr[i])) * UINT64_C(0x100000001b3);
    }
    return (seed ^ 0xff) * UINT64_C(0x100000001b3);
}

sip_slice_t
redirect_sent_by_host(sip_slice_t sent_by)
{
    const char *start = sent_by.ptr;
    const char *end = NULL;

    if (sent_by.len == 0) {
        return sent_by;
    }
    if (*start == '[') {
        end = memchr(start, ']', sent_by.len);
        return end ? sip_slice_make(start, (size_t)(end - start) + 1) : sent_by;
    }
    end = memchr(start, ':', sent_by.len);
    return end ? sip_slice_trim(sip_slice_make(start, (size_t)(end - start))) : sent_by;
}

bool
redirect_same_address(const redirect_endpoint_t *a, const redirect_endpoint_t *b)
{
    return a->len > 0 && a->len == b->len && memcmp(a->address, b->address, a->len) == 0;
}

/* --- chains and their age ------------------------------------------------------------------------------------- */

static void
queue_remove(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    redirect_queue_t *queue = &tracker->queue[chain->queue];

    if (chain->older) {
        chain->older->newer = chain->newer;
    } else {
        queue->oldest = chain->newer;
    }
    if (chain->newer) {
        chain->newer->older = chain->older;
    } else {
        queue->newest = chain->older;
    }
    chain->older = chain->newer = NULL;
}

static void
queue_append(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    chain->queue = chain->pending > 0 ? REDIRECT_QUEUE_PENDING
                   : chain->visible   ? REDIRECT_QUEUE_VISIBLE
                                      : REDIRECT_QUEUE_SETTLED;
    redirect_queue_t *queue = &tracker->queue[chain->queue];

    chain->older = queue->newest;
    if (queue->newest) {
        queue->newest->newer = chain;
    } else {
        queue->oldest = chain;
    }
    queue->newest = chain;
}

static void
chain_touch(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    queue_remove(tracker, chain);
    chain->last_active = tracker->now;
    queue_append(tracker, chain);
}

static redirect_chain_t *
chain_new(redirect_tracker_t *tracker, redirect_time_t start)
{
    redirect_chain_t *chain = wmem_new0(tracker->scope, redirect_chain_t);

    chain->start = start;
    chain->last_active = tracker->now;
    queue_append(tracker, chain);
    tracker->candidates++;
    return chain;
}

/* Takes a chain's transactions out of their calls, and drops calls that have none left. */
static void
call_forget_chain(redirect_tracker_t *tracker, redirect_call_t *call, const redirect_chain_t *chain)
{
    redirect_transaction_t **link = &call->first;

    call->last = NULL;
    while (*link) {
        redirect_transaction_t *transaction = *link;
        if (transaction->chain == chain) {
            *link = transaction->next_in_call;
            transaction->call = NULL;
            transaction->next_in_call = NULL;
            call->count--;
        } else {
            call->last = transaction;
            link = &transaction->next_in_call;
        }
    }
    if (call->first == NULL) {
        wmem_map_remove(tracker->calls, call);
        wmem_free(tracker->scope, call);
    }
}

static void
transaction_free(redirect_tracker_t *tracker, redirect_transaction_t *transaction)
{
    redirect_record_t *record = transaction->first_record;

    redirect_history_free(tracker->scope, transaction);
    while (record) {
        redirect_record_t *next = record->next_in_transaction;
        wmem_free(tracker->scope, record);
        record = next;
    }
    wmem_free(tracker->scope, transaction);
}

/* A chain that is visible stays to be shown; only linking forgets it. One that never began leaves nothing. */
static void
chain_forget(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    queue_remove(tracker, chain);
    for (redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (transaction->call) {
            call_forget_chain(tracker, transaction->call, chain);
        }
    }
    if (!chain->visible) {
        tracker->candidates--;
    }
    if (!chain->visible && !chain->kept) {
        redirect_transaction_t *transaction = chain->first_transaction;
        while (transaction) {
            redirect_transaction_t *next = transaction->next_in_chain;
            transaction_free(tracker, transaction);
            transaction = next;
        }
        wmem_free(tracker->scope, chain);
    }
}

static void
tracker_forget_old(redirect_tracker_t *tracker)
{
    for (int i = 0; i < REDIRECT_QUEUE_COUNT; i++) {
        redirect_queue_t *queue = &tracker->queue[i];
        while (queue->oldest && tracker->now - queue->oldest->last_active > queue->timeout) {
            chain_forget(tracker, queue->oldest);
        }
    }
    while (tracker->candidates > REDIRECT_MAX_OPEN_CALLS) {
        redirect_chain_t *victim = tracker->queue[REDIRECT_QUEUE_SETTLED].oldest;
        if (victim == NULL) {
            victim = tracker->queue[REDIRECT_QUEUE_PENDING].oldest;
            while (victim && victim->visible) {
                victim = victim->newer;
            }
        }
        if (victim == NULL) {
            break;
        }
        chain_forget(tracker, victim);
    }
    redirect_link_expire(tracker);
}

/* --- records ---------------------------------------------------------------------------------------------------- */

/* Where the records of a frame hang; its page is made where there is none yet. */
static redirect_record_t **
records_slot(redirect_tracker_t *tracker, uint32_t frame)
{
    void *key = GUINT_TO_POINTER(frame / REDIRECT_RECORDS_PER_PAGE);
    redirect_record_t **page = wmem_map_lookup(tracker->records, key);

    if (page == NULL) {
        page = wmem_alloc0_array(tracker->scope, redirect_record_t *, REDIRECT_RECORDS_PER_PAGE);
        wmem_map_insert(tracker->records, key, page);
    }
    return &page[frame % REDIRECT_RECORDS_PER_PAGE];
}

/* Files a record under its frame, by the position of its message. */
static void
record_list(redirect_tracker_t *tracker, redirect_record_t *record)
{
    redirect_record_t **slot, *first;

    if (record->listed) {
        return;
    }
    record->listed = true;
    slot = records_slot(tracker, record->frame);
    first = *slot;
    if (first == NULL || first->index > record->index) {
        record->next_in_frame = first;
        *slot = record;
        return;
    }
    while (first->next_in_frame && first->next_in_frame->index < record->index) {
        first = first->next_in_frame;
    }
    record->next_in_frame = first->next_in_frame;
    first->next_in_frame = record;
}

static redirect_record_t *
record_new(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_record_t *record = wmem_new0(tracker->scope, redirect_record_t);

    record->frame = message->frame;
    record->index = (uint16_t)message->index;
    record->status = message->sip->status;
    record->method = message->sip->cseq_method_id;
    record->time = message->time;
    return record;
}

static redirect_record_t *
transaction_add_record(redirect_tracker_t *tracker, redirect_transaction_t *transaction,
                       const redirect_message_t *message)
{
    redirect_record_t *record;

    if (transaction->record_count >= REDIRECT_MAX_MESSAGES_PER_TRANSACTION) {
        transaction->chain->truncated = true;
        return NULL;
    }
    record = record_new(tracker, message);
    record->transaction = transaction;
    if (transaction->last_record) {
        transaction->last_record->next_in_transaction = record;
    } else {
        transaction->first_record = record;
    }
    transaction->last_record = record;
    transaction->record_count++;
    if (transaction->chain->visible) {
        record_list(tracker, record);
    }
    return record;
}

/* From its first 3xx or 6xx on a chain has a number, and the messages before it are part of it. */
static void
chain_begin(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    if (chain->visible) {
        return;
    }
    chain->visible = true;
    chain->number = wmem_array_get_count(tracker->chains);
    wmem_array_append_one(tracker->chains, chain);
    tracker->candidates--;
    for (redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        redirect_history_begin(tracker->scope, transaction);
        for (redirect_record_t *record = transaction->first_record; record; record = record->next_in_transaction) {
            record_list(tracker, record);
        }
    }
}

/* The frame in which a transaction was first seen; one that is only being entered comes last. */
static uint32_t
transaction_frame(const redirect_transaction_t *transaction)
{
    return transaction->first_record ? transaction->first_record->frame : UINT32_MAX;
}

static void
chain_list(redirect_chain_t *chain, redirect_transaction_t *transaction)
{
    redirect_transaction_t **link = &chain->first_transaction;

    if (chain->last_transaction && transaction_frame(chain->last_transaction) <= transaction_frame(transaction)) {
        link = &chain->last_transaction->next_in_chain;
    }
    while (*link && transaction_frame(*link) <= transaction_frame(transaction)) {
        link = &(*link)->next_in_chain;
    }
    transaction->next_in_chain = *link;
    *link = transaction;
    if (transaction->next_in_chain == NULL) {
        chain->last_transaction = transaction;
    }
    transaction->chain = chain;
    chain->transaction_count++;
    chain->hops = MAX(chain->hops, transaction->hop);
    chain->pending += transaction->method == SIP_METHOD_INVITE && transaction->final == 0 ? 1 : 0;
}

/* Makes a chain that was not shown yet a part of another, shift hops deeper; it is gone afterwards. */
static void
chain_merge(redirect_tracker_t *tracker, redirect_chain_t *into, redirect_chain_t *from, unsigned shift)
{
    redirect_transaction_t *transaction = from->first_transaction;

    while (transaction) {
        redirect_transaction_t *next = transaction->next_in_chain;
        transaction->hop += shift;
        chain_list(into, transaction);
        if (into->visible) {
            redirect_history_begin(tracker->scope, transaction);
        }
        for (redirect_record_t *record = transaction->first_record; into->visible && record;
             record = record->next_in_transaction) {
            record_list(tracker, record);
        }
        transaction = next;
    }
    into->start = MIN(into->start, from->start);
    into->kept = into->kept || from->kept;
    queue_remove(tracker, from);
    tracker->candidates--;
    wmem_free(tracker->scope, from);
    chain_touch(tracker, into);
}

/* --- calls and transactions --------------------------------------------------------------------------------------- */

static redirect_call_t *
call_get(redirect_tracker_t *tracker, sip_slice_t id)
{
    redirect_call_t *call = call_find(tracker, id);

    if (call == NULL) {
        call = wmem_alloc0(tracker->scope, sizeof(*call) + id.len);
        memcpy(call + 1, id.ptr, id.len);
        call->id = sip_slice_make((const char *)(call + 1), id.len);
        call->hash = call_id_hash(tracker, id);
        wmem_map_insert(tracker->calls, call, call);
    }
    return call;
}

/* RFC 3261 8.1.1.7: only a branch that begins with the magic cookie is unique by itself. */
static bool
branch_is_unique(sip_slice_t branch)
{
    static const sip_slice_t cookie = {"z9hG4bK", 7};

    return branch.len > cookie.len && sip_slice_starts_nocase(branch, cookie);
}

/* ACK and CANCEL belong to the transaction whose branch they carry (RFC 3261 9.1, 17.1.1.3). */
static bool
method_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    switch (sip->cseq_method_id) {
    case SIP_METHOD_CANCEL:
        return true;
    case SIP_METHOD_ACK:
        return transaction->method == SIP_METHOD_INVITE;
    case SIP_METHOD_OTHER:
        return transaction->method == SIP_METHOD_OTHER && sip_slice_equal(transaction->other_method, sip->cseq_method);
    default:
        return transaction->method == sip->cseq_method_id;
    }
}

/* The Request-URI parts transactions that wrongly share a branch, and is part of an RFC 2543 key (RFC 3261 17.2.3). */
static bool
request_uri_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    return sip->is_response || sip->method_id == SIP_METHOD_ACK || sip->method_id == SIP_METHOD_CANCEL ||
           transaction->request_frame == 0 || sip_slice_equal(transaction->raw_uri, sip->request_uri);
}

static bool
transaction_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    const sip_via_t *top = &sip->via;

    return transaction->cseq == sip->cseq && sip_slice_equal(transaction->branch, top->branch) &&
           sip_slice_equal_nocase(transaction->sent_by, top->sent_by) && method_fits(transaction, sip) &&
           (branch_is_unique(top->branch) || sip_slice_equal(transaction->from_tag, sip->from_tag)) &&
           request_uri_fits(transaction, sip);
}

/* The ACK for a 2xx has a branch of its own; the sender, CSeq and both tags tell its INVITE (RFC 3261 13.2.2.4). */
static bool
ack_of_2xx_fits(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    return sip->method_id == SIP_METHOD_ACK && transaction->method == SIP_METHOD_INVITE &&
           transaction->final / 100 == 2 && transaction->cseq == sip->cseq &&
           sip_slice_equal(transaction->from_tag, sip->from_tag) &&
           sip_slice_equal(transaction->final_to_tag, sip->to_tag) &&
           sip_slice_equal_nocase(redirect_sent_by_host(transaction->sent_by), redirect_sent_by_host(sip->via.sent_by));
}

/* The message went between the two ends of the transaction, in its direction. */
static bool
ends_fit(const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    bool back = message->sip->is_response;

    return redirect_same_address(&transaction->source, back ? &message->destination : &message->source) &&
           redirect_same_address(&transaction->destination, back ? &message->source : &message->destination);
}

/*
 * How well a message fits a transaction; 0 is not at all. Transactions share a key only where a client gave a branch twice, or
 * where it knows no branches (RFC 2543): then a final response seen before is that transaction's, and addresses help.
 */
static unsigned
transaction_fit(const redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;

    if (!transaction_fits(transaction, sip)) {
        return ack_of_2xx_fits(transaction, sip) ? 1 : 0;
    }
    if (sip->is_response && sip->status >= 200 && transaction->final == sip->status &&
        sip_slice_equal(transaction->final_to_tag, sip->to_tag)) {
        return ends_fit(transaction, message) ? 5 : 3;
    }
    return ends_fit(transaction, message) ? 4 : 2;
}

/* The latest of those that fit best. */
static redirect_transaction_t *
call_find_transaction(const redirect_call_t *call, const redirect_message_t *message)
{
    redirect_transaction_t *found = NULL;
    unsigned best = 1;

    for (redirect_transaction_t *transaction = call->first; transaction; transaction = transaction->next_in_call) {
        unsigned fit = transaction_fit(transaction, message);
        if (fit >= best) {
            best = fit;
            found = transaction;
        }
    }
    return found;
}

/* Copies text behind a transaction; *free points to the next free byte. */
static sip_slice_t
text_keep(char **free, sip_slice_t text)
{
    char *copy = *free;

    if (text.ptr == NULL) {
        return SIP_SLICE_NONE;
    }
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    *free += text.len;
    return sip_slice_make(copy, text.len);
}

/* The values of all leg headers of a message, comma-separated, owned by scope; absent where there are none. */
static sip_slice_t
leg_ids_read(wmem_allocator_t *scope, const char *names, const sip_message_t *sip)
{
    sip_slice_t rest = sip_slice_from_string(names);
    wmem_strbuf_t *ids = NULL;

    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        sip_slice_t name = sip_slice_trim(sip_slice_make(rest.ptr, len));
        sip_slice_t value;

        rest = sip_slice_from(rest, comma ? len + 1 : len);
        if (name.len > 0 && sip_message_header_by_name(sip, name, &value)) {
            value = sip_slice_trim(value);
            if (value.len > 0 && value.len < 256 && memchr(value.ptr, ',', value.len) == NULL) {
                if (ids == NULL) {
                    ids = wmem_strbuf_new(scope, "");
                } else {
                    wmem_strbuf_append_c(ids, ',');
                }
                wmem_strbuf_append_len(ids, value.ptr, value.len);
            }
        }
    }
    return ids ? sip_slice_make(wmem_strbuf_get_str(ids), wmem_strbuf_get_len(ids)) : SIP_SLICE_NONE;
}

/* The Via values below the top, hashed with or without their branches. */
static uint64_t
lower_vias_hash(const sip_message_t *sip, bool with_branches)
{
    uint64_t hash = REDIRECT_HASH_SEED;
    sip_via_iter_t vias;
    sip_via_t via;

    if (sip->via_count < 2) {
        return hash;
    }
    sip_via_iter_init(&vias, sip);
    (void)sip_via_iter_next(&vias, &via); /* the top */
    while (sip_via_iter_next(&vias, &via)) {
        if (with_branches) {
            hash = redirect_hash(redirect_hash(hash, via.sent_by), via.branch);
        } else {
            hash = redirect_hash(hash, redirect_sent_by_host(via.sent_by));
        }
    }
    return hash;
}

static void
transaction_set_request(redirect_transaction_t *transaction, const redirect_message_t *message)
{
    transaction->request_frame = message->frame;
    transaction->request_time = message->time;
    transaction->source = message->source;
    transaction->destination = message->destination;
}

/* The request of a transaction whose response was captured first; once the chain was shown, its origin stays unknown. */
static void
transaction_set_late_request(redirect_tracker_t *tracker, redirect_transaction_t *transaction,
                             const redirect_message_t *message)
{
    sip_slice_t uri = message->sip->request_uri;

    if (transaction->chain->visible) {
        return;
    }
    transaction_set_request(transaction, message);
    transaction->raw_uri = sip_slice_make(wmem_strndup(tracker->scope, uri.ptr, uri.len), uri.len);
}

static redirect_transaction_t *
transaction_new(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    const sip_via_t *top = &sip->via;
    sip_slice_t uri = sip->request_uri, session = SIP_SLICE_NONE, remote, legs = SIP_SLICE_NONE;
    sip_slice_t other = sip->cseq_method_id == SIP_METHOD_OTHER ? sip->cseq_method : SIP_SLICE_NONE;
    sip_slice_t to_tag = sip->is_response ? SIP_SLICE_NONE : sip->to_tag;
    redirect_transaction_t *transaction;
    uint32_t asserted = 0;
    char *text;

    /* Within a dialog nothing is linked to another call: nothing is read for it. */
    if (!sip->is_response && tracker->config.link_calls && !sip_slice_has_text(to_tag)) {
        if (!sip_message_session_id(sip, &session, &remote)) {
            session = SIP_SLICE_NONE;
        }
        legs = leg_ids_read(tracker->scope, tracker->config.leg_headers, sip);
        asserted = redirect_asserted_key(sip);
    }
    transaction = wmem_alloc(tracker->scope, sizeof(*transaction) + top->branch.len + top->sent_by.len + uri.len +
                                                 sip->from_tag.len + to_tag.len + session.len + legs.len + other.len);
    memset(transaction, 0, sizeof(*transaction));
    text = (char *)(transaction + 1);
    transaction->branch = text_keep(&text, top->branch);
    transaction->sent_by = text_keep(&text, top->sent_by);
    transaction->raw_uri = text_keep(&text, uri);
    transaction->from_tag = text_keep(&text, sip->from_tag);
    transaction->to_tag = text_keep(&text, to_tag);
    transaction->session_id = text_keep(&text, session);
    transaction->leg_ids = text_keep(&text, legs);
    transaction->other_method = text_keep(&text, other);
    if (legs.ptr) {
        wmem_free(tracker->scope, (char *)legs.ptr);
    }
    transaction->asserted = asserted;
    transaction->method = sip->cseq_method_id;
    transaction->cseq = sip->cseq;
    transaction->via_count = sip->via_count;
    transaction->via_path_hash = lower_vias_hash(sip, true);
    transaction->via_hosts_hash = lower_vias_hash(sip, false);
    transaction->match = SIP_URI_MATCH_NONE;
    if (sip->is_response) {
        transaction->source = message->destination;
        transaction->destination = message->source;
    } else {
        transaction_set_request(transaction, message);
    }
    return transaction;
}

static redirect_target_t *
redirect_find_target(const redirect_t *redirect, sip_slice_t raw)
{
    for (unsigned i = 0; redirect && i < redirect->target_count; i++) {
        if (sip_slice_equal(redirect->target[i].raw, raw)) {
            return &redirect->target[i];
        }
    }
    return NULL;
}

/* A proxy that changed a 3xx, or put several into one, took each target from a branch below: the deepest such one. */
static redirect_transaction_t *
target_origin(const redirect_t *redirect, const redirect_target_t *target)
{
    redirect_transaction_t *origin = redirect->transaction;
    redirect_transaction_t *below = target && origin->call ? origin->call->first : NULL;

    /* Forwards stand behind what they forward, but for reordered frames: one walk down the list will do. */
    for (; below; below = below->next_in_call) {
        if (below->upstream == origin && redirect_find_target(below->redirect, target->raw)) {
            origin = below;
        }
    }
    return origin;
}

static bool
transaction_is_below(const redirect_transaction_t *transaction, const redirect_transaction_t *above)
{
    for (transaction = transaction->upstream; transaction; transaction = transaction->upstream) {
        if (transaction == above) {
            return true;
        }
    }
    return false;
}

/* What a proxy took together was tried wherever it came from. */
static void
mark_tried(redirect_transaction_t *transaction, redirect_t *cause, redirect_target_t *target)
{
    redirect_transaction_t *below = cause->transaction->call ? cause->transaction->call->first : NULL;

    for (redirect_t *redirect = cause; redirect; redirect = redirect->source) {
        redirect->followed = true;
    }
    if (target && target->tried_by == NULL) {
        target->tried_by = transaction;
    }
    for (; below && target; below = below->next_in_call) {
        redirect_target_t *same = redirect_find_target(below->redirect, target->raw);
        if (same && below->redirect != cause && transaction_is_below(below, cause->transaction)) {
            below->redirect->followed = true;
            same->tried_by = same->tried_by ? same->tried_by : transaction;
        }
    }
}

static void
transaction_follow(redirect_transaction_t *transaction, const redirect_placement_t *place)
{
    redirect_t *cause = place->cause;

    transaction->cause = cause;
    transaction->cause_target = place->target;
    transaction->link = place->link;
    transaction->confidence = place->confidence;
    transaction->match = place->match;
    transaction->difference = place->difference;
    transaction->evidence = place->evidence;
    if (place->above) { /* one follow-up, seen on two legs: its forward is listed already */
        transaction->redirected_in = place->above->redirected_in;
        transaction->redirected_at = place->above->redirected_at;
        transaction->cause_transaction = place->above->cause_transaction;
        return;
    }
    transaction->redirected_in = place->redirected_leg->final_frame;
    transaction->redirected_at = place->redirected_leg->final_time;
    transaction->cause_transaction = target_origin(cause, place->target);
    *(cause->last_followup ? &cause->last_followup->next_followup : &cause->first_followup) = transaction;
    cause->last_followup = transaction;
    mark_tried(transaction, cause, place->target);
}

/* Lists a new transaction in its call and its chain, where place says. */
static void
transaction_enter(redirect_tracker_t *tracker, redirect_call_t *call, redirect_transaction_t *transaction,
                  const redirect_placement_t *place, redirect_time_t time)
{
    redirect_chain_t *chain = place->chain ? place->chain : chain_new(tracker, time);

    transaction->call = call;
    transaction->hop = place->hop;
    transaction->upstream = place->upstream;
    transaction->retry_of = place->retry_of;
    if (place->retry_of) {
        place->retry_of->retried_by = transaction;
    }
    if (place->cause) {
        transaction_follow(transaction, place);
    }
    *(call->last ? &call->last->next_in_call : &call->first) = transaction;
    call->last = transaction;
    call->count++;
    chain_list(chain, transaction);
    if (chain->root == NULL) {
        chain->root = transaction;
    }
    chain_touch(tracker, chain);
}

/* Frames in no sane order must not make a transaction its own ancestor: everything walks up to where there is nothing. */
static bool
transaction_comes_after(const redirect_transaction_t *transaction, const redirect_transaction_t *other)
{
    const redirect_transaction_t *step = transaction;

    while (step && step != other) {
        step = redirect_transaction_before(step);
    }
    return step == other || transaction_is_below(transaction, other);
}

/*
 * A merged capture may show a proxy's forward before the request that it forwards. Then that request is the original,
 * unless the chain was shown to begin with the forward already.
 */
static void
transaction_adopt_downstream(redirect_tracker_t *tracker, redirect_transaction_t *transaction,
                             redirect_transaction_t *downstream)
{
    redirect_chain_t *chain = downstream->chain;

    if (transaction_comes_after(transaction, downstream)) {
        return;
    }
    downstream->upstream = transaction;
    downstream->upstream_late = chain->visible;
    if (chain != transaction->chain && !chain->visible) {
        chain_merge(tracker, transaction->chain, chain, transaction->hop);
    } else if (chain == transaction->chain && !chain->visible && chain->root == downstream) {
        chain->root = transaction;
        if (transaction->request_frame) {
            chain->start = MIN(chain->start, transaction->request_time);
        }
    }
}

static bool
opens_transaction(const sip_message_t *sip)
{
    return sip->cseq_method_id != SIP_METHOD_ACK && sip->cseq_method_id != SIP_METHOD_CANCEL;
}

/* --- what one message changes ----------------------------------------------------------------------------------- */

static void
record_cancel(redirect_transaction_t *transaction, const redirect_message_t *message)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;

    if (transaction->cancel_frame) {
        return;
    }
    transaction->cancel_frame = message->frame;
    transaction->cancel_time = message->time;
    sip_value_iter_init(&values, message->sip, SIP_HEADER_REASON);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_reason_parse(value, &reason) && reason.has_cause && reason.cause < 700 &&
            sip_slice_equal_nocase(reason.protocol, SIP_SLICE_LITERAL("SIP"))) {
            transaction->cancel_cause = (uint16_t)reason.cause;
            return;
        }
    }
}

static bool
redirect_offers_same(const redirect_t *a, const redirect_t *b)
{
    if (a->code != b->code || a->target_total != b->target_total || a->target_count != b->target_count) {
        return false;
    }
    for (unsigned i = 0; i < a->target_count; i++) {
        if (!sip_slice_equal(a->target[i].raw, b->target[i].raw)) {
            return false;
        }
    }
    return true;
}

/* The redirect that a proxy passed on when it answered transaction, seen nearer to its origin; NULL where there is none. */
static redirect_t *
redirect_source_of(const redirect_transaction_t *transaction, sip_slice_t to_tag, const redirect_t *fresh,
                   bool *unchanged)
{
    redirect_t *source = NULL;

    *unchanged = false;
    for (redirect_transaction_t *below = transaction->call->first; below; below = below->next_in_call) {
        redirect_t *candidate = below->redirect;
        if (below->upstream != transaction || candidate == NULL) {
            continue;
        }
        if (redirect_offers_same(candidate, fresh)) {
            *unchanged = true;
            return candidate;
        }
        if (sip_slice_has_text(to_tag) && sip_slice_equal(below->final_to_tag, to_tag)) {
            source = candidate;
        } else if (source == NULL || candidate->depth > source->depth) {
            source = candidate;
        }
    }
    return source;
}

static redirect_t *
redirect_new(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_t *redirect = wmem_new0(tracker->scope, redirect_t);

    redirect->code = message->sip->status;
    redirect->frame = message->frame;
    redirect->time = message->time;
    redirect_targets_read(tracker, redirect, message->sip);
    return redirect;
}

/* A follow-up that was captured a moment before its redirect joins the chain now. */
static void
adopt_reordered(redirect_tracker_t *tracker, redirect_transaction_t *transaction)
{
    redirect_placement_t place = {.match = SIP_URI_MATCH_NONE};
    redirect_transaction_t *later;

    while ((later = redirect_link_reordered(transaction->call, transaction, &place)) != NULL) {
        chain_merge(tracker, transaction->chain, later->chain, place.hop - later->hop);
        transaction_follow(later, &place);
    }
}

static void
transaction_redirected(redirect_tracker_t *tracker, redirect_transaction_t *transaction,
                       const redirect_message_t *message)
{
    redirect_t *redirect = redirect_new(tracker, message);
    redirect_t *source;
    bool unchanged;

    redirect->transaction = transaction;
    redirect->depth = transaction->hop + 1;
    redirect->dip_response = redirect_is_dip_response(redirect, transaction->raw_uri, message->sip);
    source = redirect_source_of(transaction, message->sip->to_tag, redirect, &unchanged);
    if (unchanged) {
        redirect = source;
    } else {
        redirect->source = source;
        redirect->depth = source ? MAX(redirect->depth, source->depth) : redirect->depth;
    }
    if (source == NULL) {
        transaction->chain->redirect_count++;
    }
    redirect->legs_seen++;
    transaction->redirect = redirect;
    if (tracker->config.link_calls) {
        redirect_link_open(tracker, redirect, transaction, message->sip);
    }
}

static void
transaction_finish(redirect_tracker_t *tracker, redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    redirect_chain_t *chain = transaction->chain;
    uint32_t retry_after;

    if (transaction->method == SIP_METHOD_INVITE) {
        chain->pending--;
    }
    transaction->final = sip->status;
    transaction->final_frame = message->frame;
    transaction->final_time = message->time;
    transaction->final_to_tag =
        sip_slice_has_text(sip->to_tag)
            ? sip_slice_from_string(wmem_strndup(tracker->scope, sip->to_tag.ptr, sip->to_tag.len))
            : SIP_SLICE_NONE;
    if (sip->status / 100 == 3) {
        transaction_redirected(tracker, transaction, message);
    }
    if (sip_message_retry_after(sip, &retry_after)) {
        transaction->retry_after = retry_after;
    }
    if (sip->status / 100 == 3 || sip->status / 100 == 6) {
        chain_begin(tracker, chain);
    }
    if (transaction->redirect) {
        adopt_reordered(tracker, transaction);
    }
    chain_touch(tracker, chain);
}

/* Takes in one message of a transaction. @return true where it was the transaction's first 3xx on this leg */
static bool
transaction_update(redirect_tracker_t *tracker, redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;

    if (!sip->is_response) {
        if (sip->method_id == SIP_METHOD_CANCEL) {
            record_cancel(transaction, message);
        } else if (sip->method_id != SIP_METHOD_ACK && transaction->request_frame == 0) {
            transaction_set_late_request(tracker, transaction, message);
        }
        return false;
    }
    if (sip->cseq_method_id == SIP_METHOD_CANCEL) {
        return false;
    }
    if (sip->status < 200) {
        transaction->last_provisional = sip->status;
        return false;
    }
    if (transaction->final != 0) {
        return false; /* a retransmission, or a final too late to matter (RFC 3261 13.2.2.3) */
    }
    transaction_finish(tracker, transaction, message);
    return transaction->redirect != NULL;
}

static const char *
text_or_null(wmem_allocator_t *scope, sip_slice_t text)
{
    return sip_slice_has_text(text) ? wmem_strndup(scope, text.ptr, text.len) : NULL;
}

static const redirect_failure_details_t *
failure_details_read(wmem_allocator_t *scope, const sip_message_t *sip)
{
    redirect_failure_details_t *failure_details = wmem_new0(scope, redirect_failure_details_t);
    const sip_response_t *row = sip_response_lookup(sip->status);
    uint32_t retry_after;
    sip_network_blocked_t details;

    if (row && row->retry_after && sip_message_retry_after(sip, &retry_after)) {
        failure_details->has_retry_after = true;
        failure_details->retry_after = retry_after;
    }
    if (sip->status == 603 && sip_message_network_blocked(sip, &details) == SIP_NETWORK_BLOCKED_YES) {
        failure_details->network_blocked = true;
        failure_details->url = text_or_null(scope, details.url);
        failure_details->tel = text_or_null(scope, details.tel);
        failure_details->email = text_or_null(scope, details.email);
        failure_details->id = text_or_null(scope, details.id);
        failure_details->location = text_or_null(scope, details.location);
    }
    return failure_details;
}

/*
 * What the message itself carries beside its place in a chain; record->redirect is set.
 * @return true where it is to be shown even if its chain has not become visible
 */
static bool
record_fill(const redirect_tracker_t *tracker, redirect_record_t *record, const redirect_message_t *message)
{
    bool always_shown = redirect_history_read(tracker->scope, message, record);

    if (record->status / 100 == 6) {
        record->failure_details = failure_details_read(tracker->scope, message->sip);
    } else if (record->status == 380) {
        record->service = redirect_service_read(tracker->scope, message->sip);
    }
    return always_shown || record->status / 100 == 3 || record->status / 100 == 6;
}

/* A message that no transaction can take is explained, where its code is worth it, and belongs to no chain. */
static const redirect_record_t *
record_without_transaction(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_record_t *record;

    if (message->sip->status / 100 != 3 && message->sip->status / 100 != 6) {
        return NULL;
    }
    record = record_new(tracker, message);
    record_list(tracker, record);
    if (record->status / 100 == 3 && record->method != SIP_METHOD_CANCEL) {
        record->redirect = redirect_new(tracker, message);
    }
    record_fill(tracker, record, message);
    redirect_rule_context_t context = {
        .tracker = tracker, .config = &tracker->config, .message = message, .record = record};
    record->expert_items = redirect_rules_check(tracker->scope, &context);
    return record;
}

/* Makes room in a call that is full: a long dialog's old requests no longer matter. */
static void
call_make_room(redirect_tracker_t *tracker, const redirect_call_t *call)
{
    for (redirect_transaction_t *transaction = call->first; transaction; transaction = transaction->next_in_call) {
        if (!transaction->chain->visible && transaction->chain->pending == 0) {
            chain_forget(tracker, transaction->chain);
            return;
        }
    }
}

static redirect_transaction_t *
transaction_open(redirect_tracker_t *tracker, const redirect_message_t *message, redirect_placement_t *place)
{
    redirect_call_t *call = call_get(tracker, message->sip->call_id);
    redirect_transaction_t *transaction;

    if (call->count >= REDIRECT_MAX_TRANSACTIONS_PER_CALL) {
        call_make_room(tracker, call);
    }
    if (call->count >= REDIRECT_MAX_TRANSACTIONS_PER_CALL) {
        call->last->chain->truncated = true;
        return NULL;
    }
    transaction = transaction_new(tracker, message);
    if (message->sip->is_response) {
        redirect_link_response(call, transaction, message->sip, place);
    } else {
        redirect_link_in_call(tracker, call, transaction, message->sip, place);
        if (place->chain == NULL && tracker->config.link_calls && !sip_slice_has_text(message->sip->to_tag)) {
            redirect_link_across_calls(tracker, transaction, message->sip, place);
        }
    }
    transaction_enter(tracker, call, transaction, place, message->time);
    if (place->downstream) {
        transaction_adopt_downstream(tracker, transaction, place->downstream);
    }
    return transaction;
}

static const redirect_record_t *
tracker_take(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    redirect_placement_t place = {.match = SIP_URI_MATCH_NONE};
    redirect_rule_context_t context = {.tracker = tracker, .config = &tracker->config, .message = message};
    redirect_transaction_t *transaction = NULL;
    redirect_record_t *record;
    redirect_call_t *call;
    bool always_shown;

    tracker_forget_old(tracker);
    if (!sip_slice_has_text(sip->call_id) || !sip->has_cseq || sip->via_count == 0) {
        return record_without_transaction(tracker, message);
    }
    call = call_find(tracker, sip->call_id);
    if (call) {
        transaction = call_find_transaction(call, message);
    }
    if (transaction == NULL) {
        transaction = opens_transaction(sip) ? transaction_open(tracker, message, &place) : NULL;
        if (transaction == NULL) {
            return record_without_transaction(tracker, message);
        }
        context.new_transaction = !sip->is_response;
    }
    record = transaction_add_record(tracker, transaction, message);
    context.new_redirect = transaction_update(tracker, transaction, message);
    chain_touch(tracker, transaction->chain);
    if (record == NULL) {
        return NULL;
    }
    if (sip->status / 100 == 3 && sip->cseq_method_id != SIP_METHOD_CANCEL) {
        /* One that came after another final response changes nothing (RFC 3261 13.2.2.3), but has its targets. */
        record->redirect = transaction->redirect && transaction->final == sip->status ? transaction->redirect
                                                                                      : redirect_new(tracker, message);
    }
    always_shown = record_fill(tracker, record, message);
    context.record = record;
    context.elsewhere_after = place.elsewhere_after;
    context.global_failure = place.global_failure;
    context.ambiguous_redirects = place.ambiguous;
    if (transaction->chain->visible || place.ambiguous) {
        record->expert_items = redirect_rules_check(tracker->scope, &context);
    }
    if (record->expert_items || always_shown) {
        transaction->chain->kept = true;
        record_list(tracker, record);
    }
    return record->listed ? record : NULL;
}

const redirect_record_t *
redirect_tracker_add(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_message_t sane = *message;

    sane.time = clamp_time(message->time);
    redirect_tracker_advance(tracker, sane.time);
    return tracker_take(tracker, &sane);
}

void
redirect_tracker_advance(redirect_tracker_t *tracker, redirect_time_t now)
{
    tracker->now = MAX(tracker->now, clamp_time(now));
}

const redirect_record_t *
redirect_tracker_records(const redirect_tracker_t *tracker, uint32_t frame)
{
    redirect_record_t **page = wmem_map_lookup(tracker->records, GUINT_TO_POINTER(frame / REDIRECT_RECORDS_PER_PAGE));

    return page ? page[frame % REDIRECT_RECORDS_PER_PAGE] : NULL;
}

uint32_t
redirect_tracker_chain_count(const redirect_tracker_t *tracker)
{
    return wmem_array_get_count(tracker->chains);
}

const redirect_chain_t *
redirect_tracker_chain(const redirect_tracker_t *tracker, uint32_t number)
{
    return number < redirect_tracker_chain_count(tracker)
               ? *(redirect_chain_t **)wmem_array_index(tracker->chains, number)
               : NULL;
}

redirect_tracker_load_t
redirect_tracker_load(const redirect_tracker_t *tracker)
{
    return (redirect_tracker_load_t){.calls = wmem_map_size(tracker->calls),
                                     .open_redirects = tracker->open_count,
                                     .candidate_chains = tracker->candidates};
}
