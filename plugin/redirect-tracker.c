/* redirect-tracker.c
 * The tracker's life cycle: calls, attempts, notes, and what is forgotten when.
 * Which redirect an attempt follows is decided in redirect-link.c, how a chain ended in redirect-outcome.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-history.h"
#include "redirect-tracker-int.h"

/* A transaction and its retransmissions are over after 64*T1 = 32 s (RFC 3261 17.1); twice that tolerates clocks. */
#define HORIZON_SETTLED (64 * REDIRECT_SECOND)
/* A person may take a while to choose among the targets of a 300. */
#define HORIZON_BEGUN (180 * REDIRECT_SECOND)
/* A phone may ring for Timer C, more than three minutes (RFC 3261 16.6), and every 1xx resets it. */
#define HORIZON_PENDING (600 * REDIRECT_SECOND)

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
sane_time(redirect_time_t time)
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
    tracker->now = sane_time(INT64_MIN);
    tracker->calls = wmem_map_new(scope, call_hash, call_equal);
    tracker->seed =
        (uint64_t)wmem_strong_hash((const uint8_t *)"call", 4) << 32 ^ wmem_strong_hash((const uint8_t *)"id", 2);
    tracker->notes = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    tracker->open = wmem_map_new(scope, wmem_str_hash, g_str_equal);
    tracker->chains = wmem_array_new(scope, sizeof(redirect_chain_t *));
    tracker->queue[REDIRECT_QUEUE_SETTLED].horizon = HORIZON_SETTLED;
    tracker->queue[REDIRECT_QUEUE_BEGUN].horizon = HORIZON_BEGUN;
    tracker->queue[REDIRECT_QUEUE_PENDING].horizon = HORIZON_PENDING;
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
                   : chain->begun     ? REDIRECT_QUEUE_BEGUN
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
    tracker->unbegun++;
    return chain;
}

/* Takes a chain's attempts out of their calls, and drops calls that have none left. */
static void
call_forget_chain(redirect_tracker_t *tracker, redirect_call_t *call, const redirect_chain_t *chain)
{
    redirect_attempt_t **link = &call->first;

    call->last = NULL;
    while (*link) {
        redirect_attempt_t *attempt = *link;
        if (attempt->chain == chain) {
            *link = attempt->next_in_call;
            attempt->call = NULL;
            attempt->next_in_call = NULL;
            call->count--;
        } else {
            call->last = attempt;
            link = &attempt->next_in_call;
        }
    }
    if (call->first == NULL) {
        wmem_map_remove(tracker->calls, call);
        wmem_free(tracker->scope, call);
    }
}

static void
attempt_free(redirect_tracker_t *tracker, redirect_attempt_t *attempt)
{
    redirect_note_t *note = attempt->first_note;

    redirect_history_free(tracker->scope, attempt);
    while (note) {
        redirect_note_t *next = note->next_in_attempt;
        wmem_free(tracker->scope, note);
        note = next;
    }
    wmem_free(tracker->scope, attempt);
}

/* A chain that has begun stays to be shown; only linking forgets it. One that never began leaves nothing. */
static void
chain_forget(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    queue_remove(tracker, chain);
    for (redirect_attempt_t *attempt = chain->first_attempt; attempt; attempt = attempt->next_in_chain) {
        if (attempt->call) {
            call_forget_chain(tracker, attempt->call, chain);
        }
    }
    if (!chain->begun) {
        tracker->unbegun--;
    }
    if (!chain->begun && !chain->kept) {
        redirect_attempt_t *attempt = chain->first_attempt;
        while (attempt) {
            redirect_attempt_t *next = attempt->next_in_chain;
            attempt_free(tracker, attempt);
            attempt = next;
        }
        wmem_free(tracker->scope, chain);
    }
}

static void
tracker_forget_old(redirect_tracker_t *tracker)
{
    for (int i = 0; i < REDIRECT_QUEUE_COUNT; i++) {
        redirect_queue_t *queue = &tracker->queue[i];
        while (queue->oldest && tracker->now - queue->oldest->last_active > queue->horizon) {
            chain_forget(tracker, queue->oldest);
        }
    }
    while (tracker->unbegun > REDIRECT_MAX_OPEN_CALLS) {
        redirect_chain_t *victim = tracker->queue[REDIRECT_QUEUE_SETTLED].oldest;
        if (victim == NULL) {
            victim = tracker->queue[REDIRECT_QUEUE_PENDING].oldest;
            while (victim && victim->begun) {
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

/* --- notes ---------------------------------------------------------------------------------------------------- */

/* Where the notes of a frame hang; its page is made where there is none yet. */
static redirect_note_t **
notes_slot(redirect_tracker_t *tracker, uint32_t frame)
{
    void *key = GUINT_TO_POINTER(frame / REDIRECT_NOTES_PER_PAGE);
    redirect_note_t **page = wmem_map_lookup(tracker->notes, key);

    if (page == NULL) {
        page = wmem_alloc0_array(tracker->scope, redirect_note_t *, REDIRECT_NOTES_PER_PAGE);
        wmem_map_insert(tracker->notes, key, page);
    }
    return &page[frame % REDIRECT_NOTES_PER_PAGE];
}

/* Files a note under its frame, by the position of its message. */
static void
note_publish(redirect_tracker_t *tracker, redirect_note_t *note)
{
    redirect_note_t **slot, *first;

    if (note->published) {
        return;
    }
    note->published = true;
    slot = notes_slot(tracker, note->frame);
    first = *slot;
    if (first == NULL || first->index > note->index) {
        note->next_in_frame = first;
        *slot = note;
        return;
    }
    while (first->next_in_frame && first->next_in_frame->index < note->index) {
        first = first->next_in_frame;
    }
    note->next_in_frame = first->next_in_frame;
    first->next_in_frame = note;
}

static redirect_note_t *
note_new(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_note_t *note = wmem_new0(tracker->scope, redirect_note_t);

    note->frame = message->frame;
    note->index = (uint16_t)message->index;
    note->status = message->sip->status;
    note->method = message->sip->cseq_method_id;
    note->time = message->time;
    return note;
}

static redirect_note_t *
attempt_add_note(redirect_tracker_t *tracker, redirect_attempt_t *attempt, const redirect_message_t *message)
{
    redirect_note_t *note;

    if (attempt->note_count >= REDIRECT_MAX_MESSAGES_PER_ATTEMPT) {
        attempt->chain->truncated = true;
        return NULL;
    }
    note = note_new(tracker, message);
    note->attempt = attempt;
    if (attempt->last_note) {
        attempt->last_note->next_in_attempt = note;
    } else {
        attempt->first_note = note;
    }
    attempt->last_note = note;
    attempt->note_count++;
    if (attempt->chain->begun) {
        note_publish(tracker, note);
    }
    return note;
}

/* From its first 3xx or 6xx on a chain has a number, and the messages before it are part of it. */
static void
chain_begin(redirect_tracker_t *tracker, redirect_chain_t *chain)
{
    if (chain->begun) {
        return;
    }
    chain->begun = true;
    chain->number = wmem_array_get_count(tracker->chains);
    wmem_array_append_one(tracker->chains, chain);
    tracker->unbegun--;
    for (redirect_attempt_t *attempt = chain->first_attempt; attempt; attempt = attempt->next_in_chain) {
        redirect_history_begin(tracker->scope, attempt);
        for (redirect_note_t *note = attempt->first_note; note; note = note->next_in_attempt) {
            note_publish(tracker, note);
        }
    }
}

/* The frame in which an attempt was first seen; one that is only being entered comes last. */
static uint32_t
attempt_frame(const redirect_attempt_t *attempt)
{
    return attempt->first_note ? attempt->first_note->frame : UINT32_MAX;
}

static void
chain_list(redirect_chain_t *chain, redirect_attempt_t *attempt)
{
    redirect_attempt_t **link = &chain->first_attempt;

    if (chain->last_attempt && attempt_frame(chain->last_attempt) <= attempt_frame(attempt)) {
        link = &chain->last_attempt->next_in_chain;
    }
    while (*link && attempt_frame(*link) <= attempt_frame(attempt)) {
        link = &(*link)->next_in_chain;
    }
    attempt->next_in_chain = *link;
    *link = attempt;
    if (attempt->next_in_chain == NULL) {
        chain->last_attempt = attempt;
    }
    attempt->chain = chain;
    chain->attempt_count++;
    chain->hops = MAX(chain->hops, attempt->hop);
    chain->pending += attempt->method == SIP_METHOD_INVITE && attempt->final == 0 ? 1 : 0;
}

/* Makes a chain that was not shown yet a part of another, shift hops deeper; it is gone afterwards. */
static void
chain_merge(redirect_tracker_t *tracker, redirect_chain_t *into, redirect_chain_t *from, unsigned shift)
{
    redirect_attempt_t *attempt = from->first_attempt;

    while (attempt) {
        redirect_attempt_t *next = attempt->next_in_chain;
        attempt->hop += shift;
        chain_list(into, attempt);
        if (into->begun) {
            redirect_history_begin(tracker->scope, attempt);
        }
        for (redirect_note_t *note = attempt->first_note; into->begun && note; note = note->next_in_attempt) {
            note_publish(tracker, note);
        }
        attempt = next;
    }
    into->start = MIN(into->start, from->start);
    into->kept = into->kept || from->kept;
    queue_remove(tracker, from);
    tracker->unbegun--;
    wmem_free(tracker->scope, from);
    chain_touch(tracker, into);
}

/* --- calls and attempts --------------------------------------------------------------------------------------- */

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
method_fits(const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    switch (sip->cseq_method_id) {
    case SIP_METHOD_CANCEL:
        return true;
    case SIP_METHOD_ACK:
        return attempt->method == SIP_METHOD_INVITE;
    case SIP_METHOD_OTHER:
        return attempt->method == SIP_METHOD_OTHER && sip_slice_equal(attempt->other_method, sip->cseq_method);
    default:
        return attempt->method == sip->cseq_method_id;
    }
}

/* The Request-URI parts attempts that wrongly share a branch, and is part of an RFC 2543 key (RFC 3261 17.2.3). */
static bool
request_uri_fits(const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    return sip->is_response || sip->method_id == SIP_METHOD_ACK || sip->method_id == SIP_METHOD_CANCEL ||
           attempt->request_frame == 0 || sip_slice_equal(attempt->raw_uri, sip->request_uri);
}

static bool
transaction_fits(const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    const sip_via_t *top = &sip->via[0];

    return attempt->cseq == sip->cseq && sip_slice_equal(attempt->branch, top->branch) &&
           sip_slice_equal_nocase(attempt->sent_by, top->sent_by) && method_fits(attempt, sip) &&
           (branch_is_unique(top->branch) || sip_slice_equal(attempt->from_tag, sip->from_tag)) &&
           request_uri_fits(attempt, sip);
}

/* The ACK for a 2xx has a branch of its own; the sender, CSeq and both tags tell its INVITE (RFC 3261 13.2.2.4). */
static bool
ack_of_2xx_fits(const redirect_attempt_t *attempt, const sip_message_t *sip)
{
    return sip->method_id == SIP_METHOD_ACK && attempt->method == SIP_METHOD_INVITE && attempt->final / 100 == 2 &&
           attempt->cseq == sip->cseq && sip_slice_equal(attempt->from_tag, sip->from_tag) &&
           sip_slice_equal(attempt->final_to_tag, sip->to_tag) &&
           sip_slice_equal_nocase(redirect_sent_by_host(attempt->sent_by), redirect_sent_by_host(sip->via[0].sent_by));
}

/* The message went between the two ends of the attempt, in its direction. */
static bool
ends_fit(const redirect_attempt_t *attempt, const redirect_message_t *message)
{
    bool back = message->sip->is_response;

    return redirect_same_address(&attempt->source, back ? &message->destination : &message->source) &&
           redirect_same_address(&attempt->destination, back ? &message->source : &message->destination);
}

/*
 * How well a message fits an attempt; 0 is not at all. Attempts share a key only where a client gave a branch twice, or
 * where it knows no branches (RFC 2543): then a final response seen before is that attempt's, and addresses help.
 */
static unsigned
attempt_fit(const redirect_attempt_t *attempt, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;

    if (!transaction_fits(attempt, sip)) {
        return ack_of_2xx_fits(attempt, sip) ? 1 : 0;
    }
    if (sip->is_response && sip->status >= 200 && attempt->final == sip->status &&
        sip_slice_equal(attempt->final_to_tag, sip->to_tag)) {
        return ends_fit(attempt, message) ? 5 : 3;
    }
    return ends_fit(attempt, message) ? 4 : 2;
}

/* The latest of those that fit best. */
static redirect_attempt_t *
call_find_attempt(const redirect_call_t *call, const redirect_message_t *message)
{
    redirect_attempt_t *found = NULL;
    unsigned best = 1;

    for (redirect_attempt_t *attempt = call->first; attempt; attempt = attempt->next_in_call) {
        unsigned fit = attempt_fit(attempt, message);
        if (fit >= best) {
            best = fit;
            found = attempt;
        }
    }
    return found;
}

/* Copies text behind an attempt; *free points to the next free byte. */
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

    for (unsigned i = 1; i < sip->via_kept; i++) {
        if (with_branches) {
            hash = redirect_hash(redirect_hash(hash, sip->via[i].sent_by), sip->via[i].branch);
        } else {
            hash = redirect_hash(hash, redirect_sent_by_host(sip->via[i].sent_by));
        }
    }
    return hash;
}

static void
attempt_set_request(redirect_attempt_t *attempt, const redirect_message_t *message)
{
    attempt->request_frame = message->frame;
    attempt->request_time = message->time;
    attempt->source = message->source;
    attempt->destination = message->destination;
}

/* The request of an attempt whose response was captured first; once the chain was shown, its origin stays unknown. */
static void
attempt_set_late_request(redirect_tracker_t *tracker, redirect_attempt_t *attempt, const redirect_message_t *message)
{
    sip_slice_t uri = message->sip->request_uri;

    if (attempt->chain->begun) {
        return;
    }
    attempt_set_request(attempt, message);
    attempt->raw_uri = sip_slice_make(wmem_strndup(tracker->scope, uri.ptr, uri.len), uri.len);
}

static redirect_attempt_t *
attempt_new(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    const sip_via_t *top = &sip->via[0];
    sip_slice_t uri = sip->request_uri, session = SIP_SLICE_NONE, remote, legs = SIP_SLICE_NONE;
    sip_slice_t other = sip->cseq_method_id == SIP_METHOD_OTHER ? sip->cseq_method : SIP_SLICE_NONE;
    sip_slice_t to_tag = sip->is_response ? SIP_SLICE_NONE : sip->to_tag;
    redirect_attempt_t *attempt;
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
    attempt = wmem_alloc(tracker->scope, sizeof(*attempt) + top->branch.len + top->sent_by.len + uri.len +
                                             sip->from_tag.len + to_tag.len + session.len + legs.len + other.len);
    memset(attempt, 0, sizeof(*attempt));
    text = (char *)(attempt + 1);
    attempt->branch = text_keep(&text, top->branch);
    attempt->sent_by = text_keep(&text, top->sent_by);
    attempt->raw_uri = text_keep(&text, uri);
    attempt->from_tag = text_keep(&text, sip->from_tag);
    attempt->to_tag = text_keep(&text, to_tag);
    attempt->session_id = text_keep(&text, session);
    attempt->leg_ids = text_keep(&text, legs);
    attempt->other_method = text_keep(&text, other);
    if (legs.ptr) {
        wmem_free(tracker->scope, (char *)legs.ptr);
    }
    attempt->asserted = asserted;
    attempt->method = sip->cseq_method_id;
    attempt->cseq = sip->cseq;
    attempt->via_count = sip->via_count;
    attempt->lower_path = lower_vias_hash(sip, true);
    attempt->lower_hosts = lower_vias_hash(sip, false);
    attempt->match = SIP_URI_MATCH_NONE;
    if (sip->is_response) {
        attempt->source = message->destination;
        attempt->destination = message->source;
    } else {
        attempt_set_request(attempt, message);
    }
    return attempt;
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
static redirect_attempt_t *
target_origin(const redirect_t *redirect, const redirect_target_t *target)
{
    redirect_attempt_t *origin = redirect->attempt;
    redirect_attempt_t *below = target && origin->call ? origin->call->first : NULL;

    /* Forwards stand behind what they forward, but for reordered frames: one walk down the list will do. */
    for (; below; below = below->next_in_call) {
        if (below->upstream == origin && redirect_find_target(below->redirect, target->raw)) {
            origin = below;
        }
    }
    return origin;
}

static bool
attempt_is_below(const redirect_attempt_t *attempt, const redirect_attempt_t *above)
{
    for (attempt = attempt->upstream; attempt; attempt = attempt->upstream) {
        if (attempt == above) {
            return true;
        }
    }
    return false;
}

/* What a proxy took together was tried wherever it came from. */
static void
mark_tried(redirect_attempt_t *attempt, redirect_t *cause, redirect_target_t *target)
{
    redirect_attempt_t *below = cause->attempt->call ? cause->attempt->call->first : NULL;

    for (redirect_t *redirect = cause; redirect; redirect = redirect->source) {
        redirect->followed = true;
    }
    if (target && target->tried_by == NULL) {
        target->tried_by = attempt;
    }
    for (; below && target; below = below->next_in_call) {
        redirect_target_t *same = redirect_find_target(below->redirect, target->raw);
        if (same && below->redirect != cause && attempt_is_below(below, cause->attempt)) {
            below->redirect->followed = true;
            same->tried_by = same->tried_by ? same->tried_by : attempt;
        }
    }
}

static void
attempt_follow(redirect_attempt_t *attempt, const redirect_placement_t *place)
{
    redirect_t *cause = place->cause;

    attempt->cause = cause;
    attempt->cause_target = place->target;
    attempt->link = place->link;
    attempt->confidence = place->confidence;
    attempt->match = place->match;
    attempt->difference = place->difference;
    attempt->evidence = place->evidence;
    if (place->above) { /* one follow-up, seen on two legs: its forward is listed already */
        attempt->redirected_in = place->above->redirected_in;
        attempt->redirected_at = place->above->redirected_at;
        attempt->cause_attempt = place->above->cause_attempt;
        return;
    }
    attempt->redirected_in = place->redirected_leg->final_frame;
    attempt->redirected_at = place->redirected_leg->final_time;
    attempt->cause_attempt = target_origin(cause, place->target);
    *(cause->last_followup ? &cause->last_followup->next_followup : &cause->first_followup) = attempt;
    cause->last_followup = attempt;
    mark_tried(attempt, cause, place->target);
}

/* Lists a new attempt in its call and its chain, where place says. */
static void
attempt_enter(redirect_tracker_t *tracker, redirect_call_t *call, redirect_attempt_t *attempt,
              const redirect_placement_t *place, redirect_time_t time)
{
    redirect_chain_t *chain = place->chain ? place->chain : chain_new(tracker, time);

    attempt->call = call;
    attempt->hop = place->hop;
    attempt->upstream = place->upstream;
    attempt->retry_of = place->retry_of;
    if (place->retry_of) {
        place->retry_of->retried_by = attempt;
    }
    if (place->cause) {
        attempt_follow(attempt, place);
    }
    *(call->last ? &call->last->next_in_call : &call->first) = attempt;
    call->last = attempt;
    call->count++;
    chain_list(chain, attempt);
    if (chain->root == NULL) {
        chain->root = attempt;
    }
    chain_touch(tracker, chain);
}

/* Frames in no sane order must not make an attempt its own ancestor: everything walks up to where there is nothing. */
static bool
attempt_comes_after(const redirect_attempt_t *attempt, const redirect_attempt_t *other)
{
    const redirect_attempt_t *step = attempt;

    while (step && step != other) {
        step = redirect_attempt_before(step);
    }
    return step == other || attempt_is_below(attempt, other);
}

/*
 * A merged capture may show a proxy's forward before the request that it forwards. Then that request is the original,
 * unless the chain was shown to begin with the forward already.
 */
static void
attempt_adopt_downstream(redirect_tracker_t *tracker, redirect_attempt_t *attempt, redirect_attempt_t *downstream)
{
    redirect_chain_t *chain = downstream->chain;

    if (attempt_comes_after(attempt, downstream)) {
        return;
    }
    downstream->upstream = attempt;
    downstream->upstream_late = chain->begun;
    if (chain != attempt->chain && !chain->begun) {
        chain_merge(tracker, attempt->chain, chain, attempt->hop);
    } else if (chain == attempt->chain && !chain->begun && chain->root == downstream) {
        chain->root = attempt;
        if (attempt->request_frame) {
            chain->start = MIN(chain->start, attempt->request_time);
        }
    }
}

static bool
opens_attempt(const sip_message_t *sip)
{
    return sip->cseq_method_id != SIP_METHOD_ACK && sip->cseq_method_id != SIP_METHOD_CANCEL;
}

/* --- what one message changes ----------------------------------------------------------------------------------- */

static void
note_cancel(redirect_attempt_t *attempt, const redirect_message_t *message)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;

    if (attempt->cancel_frame) {
        return;
    }
    attempt->cancel_frame = message->frame;
    attempt->cancel_time = message->time;
    sip_value_iter_init(&values, message->sip, SIP_HEADER_REASON);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_reason_parse(value, &reason) && reason.has_cause && reason.cause < 700 &&
            sip_slice_equal_nocase(reason.protocol, SIP_SLICE_LITERAL("SIP"))) {
            attempt->cancel_cause = (uint16_t)reason.cause;
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

/* The redirect that a proxy passed on when it answered attempt, seen nearer to its origin; NULL where there is none. */
static redirect_t *
redirect_source_of(const redirect_attempt_t *attempt, sip_slice_t to_tag, const redirect_t *fresh, bool *unchanged)
{
    redirect_t *source = NULL;

    *unchanged = false;
    for (redirect_attempt_t *below = attempt->call->first; below; below = below->next_in_call) {
        redirect_t *candidate = below->redirect;
        if (below->upstream != attempt || candidate == NULL) {
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
adopt_reordered(redirect_tracker_t *tracker, redirect_attempt_t *attempt)
{
    redirect_placement_t place = {.match = SIP_URI_MATCH_NONE};
    redirect_attempt_t *later;

    while ((later = redirect_link_reordered(attempt->call, attempt, &place)) != NULL) {
        chain_merge(tracker, attempt->chain, later->chain, place.hop - later->hop);
        attempt_follow(later, &place);
    }
}

static void
attempt_redirected(redirect_tracker_t *tracker, redirect_attempt_t *attempt, const redirect_message_t *message)
{
    redirect_t *redirect = redirect_new(tracker, message);
    redirect_t *source;
    bool unchanged;

    redirect->attempt = attempt;
    redirect->depth = attempt->hop + 1;
    redirect->query_answer = redirect_is_query_answer(redirect, attempt->raw_uri, message->sip);
    source = redirect_source_of(attempt, message->sip->to_tag, redirect, &unchanged);
    if (unchanged) {
        redirect = source;
    } else {
        redirect->source = source;
        redirect->depth = source ? MAX(redirect->depth, source->depth) : redirect->depth;
    }
    if (source == NULL) {
        attempt->chain->redirect_count++;
    }
    redirect->sightings++;
    attempt->redirect = redirect;
    if (tracker->config.link_calls) {
        redirect_link_open(tracker, redirect, attempt, message->sip);
    }
}

static void
attempt_finish(redirect_tracker_t *tracker, redirect_attempt_t *attempt, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    redirect_chain_t *chain = attempt->chain;
    sip_retry_after_t retry_after;

    if (attempt->method == SIP_METHOD_INVITE) {
        chain->pending--;
    }
    attempt->final = sip->status;
    attempt->final_frame = message->frame;
    attempt->final_time = message->time;
    attempt->final_to_tag = sip_slice_has_text(sip->to_tag)
                                ? sip_slice_from_string(wmem_strndup(tracker->scope, sip->to_tag.ptr, sip->to_tag.len))
                                : SIP_SLICE_NONE;
    if (sip->status / 100 == 3) {
        attempt_redirected(tracker, attempt, message);
    }
    if (sip_message_retry_after(sip, &retry_after)) {
        attempt->retry_after = retry_after.seconds;
    }
    if (sip->status / 100 == 3 || sip->status / 100 == 6) {
        chain_begin(tracker, chain);
    }
    if (attempt->redirect) {
        adopt_reordered(tracker, attempt);
    }
    chain_touch(tracker, chain);
}

/* Takes in one message of an attempt. @return true where it was the attempt's first 3xx on this leg */
static bool
attempt_update(redirect_tracker_t *tracker, redirect_attempt_t *attempt, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;

    if (!sip->is_response) {
        if (sip->method_id == SIP_METHOD_CANCEL) {
            note_cancel(attempt, message);
        } else if (sip->method_id != SIP_METHOD_ACK && attempt->request_frame == 0) {
            attempt_set_late_request(tracker, attempt, message);
        }
        return false;
    }
    if (sip->cseq_method_id == SIP_METHOD_CANCEL) {
        return false;
    }
    if (sip->status < 200) {
        attempt->last_provisional = sip->status;
        return false;
    }
    if (attempt->final != 0) {
        return false; /* a retransmission, or a final too late to matter (RFC 3261 13.2.2.3) */
    }
    attempt_finish(tracker, attempt, message);
    return attempt->redirect != NULL;
}

static const char *
text_or_null(wmem_allocator_t *scope, sip_slice_t text)
{
    return sip_slice_has_text(text) ? wmem_strndup(scope, text.ptr, text.len) : NULL;
}

static const redirect_refusal_t *
refusal_read(wmem_allocator_t *scope, const sip_message_t *sip)
{
    redirect_refusal_t *refusal = wmem_new0(scope, redirect_refusal_t);
    const sip_response_t *row = sip_response_lookup(sip->status);
    sip_retry_after_t retry_after;
    sip_network_blocked_t details;

    if (row && row->retry_after && sip_message_retry_after(sip, &retry_after)) {
        refusal->has_retry_after = true;
        refusal->retry_after = retry_after.seconds;
    }
    if (sip->status == 603 && sip_message_network_blocked(sip, &details) == SIP_NETWORK_BLOCKED_YES) {
        refusal->network_blocked = true;
        refusal->url = text_or_null(scope, details.url);
        refusal->tel = text_or_null(scope, details.tel);
        refusal->email = text_or_null(scope, details.email);
        refusal->id = text_or_null(scope, details.id);
        refusal->location = text_or_null(scope, details.location);
    }
    return refusal;
}

/*
 * What the message itself carries beside its place in a chain; note->redirect is set.
 * @return true where it is to be shown even if its chain has not begun
 */
static bool
note_fill(const redirect_tracker_t *tracker, redirect_note_t *note, const redirect_message_t *message)
{
    bool speaks_alone = redirect_history_read(tracker->scope, message, note);

    if (note->status / 100 == 6) {
        note->refusal = refusal_read(tracker->scope, message->sip);
    } else if (note->status == 380) {
        note->service = redirect_service_read(tracker->scope, message->sip);
    }
    return speaks_alone || note->status / 100 == 3 || note->status / 100 == 6;
}

/* A message that no attempt can take is explained, where its code is worth it, and belongs to no chain. */
static const redirect_note_t *
note_without_attempt(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_note_t *note;

    if (message->sip->status / 100 != 3 && message->sip->status / 100 != 6) {
        return NULL;
    }
    note = note_new(tracker, message);
    note_publish(tracker, note);
    if (note->status / 100 == 3 && note->method != SIP_METHOD_CANCEL) {
        note->redirect = redirect_new(tracker, message);
    }
    note_fill(tracker, note, message);
    redirect_rule_context_t context = {
        .tracker = tracker, .config = &tracker->config, .message = message, .note = note};
    note->findings = redirect_rules_check(tracker->scope, &context);
    return note;
}

/* Makes room in a call that is full: a long dialog's old requests no longer matter. */
static void
call_make_room(redirect_tracker_t *tracker, const redirect_call_t *call)
{
    for (redirect_attempt_t *attempt = call->first; attempt; attempt = attempt->next_in_call) {
        if (!attempt->chain->begun && attempt->chain->pending == 0) {
            chain_forget(tracker, attempt->chain);
            return;
        }
    }
}

static redirect_attempt_t *
attempt_open(redirect_tracker_t *tracker, const redirect_message_t *message, redirect_placement_t *place)
{
    redirect_call_t *call = call_get(tracker, message->sip->call_id);
    redirect_attempt_t *attempt;

    if (call->count >= REDIRECT_MAX_ATTEMPTS_PER_CALL) {
        call_make_room(tracker, call);
    }
    if (call->count >= REDIRECT_MAX_ATTEMPTS_PER_CALL) {
        call->last->chain->truncated = true;
        return NULL;
    }
    attempt = attempt_new(tracker, message);
    if (message->sip->is_response) {
        redirect_link_response(call, attempt, message->sip, place);
    } else {
        redirect_link_in_call(tracker, call, attempt, message->sip, place);
        if (place->chain == NULL && tracker->config.link_calls && !sip_slice_has_text(message->sip->to_tag)) {
            redirect_link_across_calls(tracker, attempt, message->sip, place);
        }
    }
    attempt_enter(tracker, call, attempt, place, message->time);
    if (place->downstream) {
        attempt_adopt_downstream(tracker, attempt, place->downstream);
    }
    return attempt;
}

static const redirect_note_t *
tracker_take(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    redirect_placement_t place = {.match = SIP_URI_MATCH_NONE};
    redirect_rule_context_t context = {.tracker = tracker, .config = &tracker->config, .message = message};
    redirect_attempt_t *attempt = NULL;
    redirect_note_t *note;
    redirect_call_t *call;
    bool speaks_alone;

    tracker_forget_old(tracker);
    if (!sip_slice_has_text(sip->call_id) || !sip->has_cseq || sip->via_kept == 0) {
        return note_without_attempt(tracker, message);
    }
    call = call_find(tracker, sip->call_id);
    if (call) {
        attempt = call_find_attempt(call, message);
    }
    if (attempt == NULL) {
        attempt = opens_attempt(sip) ? attempt_open(tracker, message, &place) : NULL;
        if (attempt == NULL) {
            return note_without_attempt(tracker, message);
        }
        context.new_attempt = !sip->is_response;
    }
    note = attempt_add_note(tracker, attempt, message);
    context.new_redirect = attempt_update(tracker, attempt, message);
    chain_touch(tracker, attempt->chain);
    if (note == NULL) {
        return NULL;
    }
    if (sip->status / 100 == 3 && sip->cseq_method_id != SIP_METHOD_CANCEL) {
        /* One that came after another final response changes nothing (RFC 3261 13.2.2.3), but has its targets. */
        note->redirect =
            attempt->redirect && attempt->final == sip->status ? attempt->redirect : redirect_new(tracker, message);
    }
    speaks_alone = note_fill(tracker, note, message);
    context.note = note;
    context.elsewhere_after = place.elsewhere_after;
    context.global_failure = place.global_failure;
    context.ambiguous_redirects = place.ambiguous;
    if (attempt->chain->begun || place.ambiguous) {
        note->findings = redirect_rules_check(tracker->scope, &context);
    }
    if (note->findings || speaks_alone) {
        attempt->chain->kept = true;
        note_publish(tracker, note);
    }
    return note->published ? note : NULL;
}

const redirect_note_t *
redirect_tracker_add(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_message_t sane = *message;

    sane.time = sane_time(message->time);
    redirect_tracker_advance(tracker, sane.time);
    return tracker_take(tracker, &sane);
}

void
redirect_tracker_advance(redirect_tracker_t *tracker, redirect_time_t now)
{
    tracker->now = MAX(tracker->now, sane_time(now));
}

const redirect_note_t *
redirect_tracker_notes(const redirect_tracker_t *tracker, uint32_t frame)
{
    redirect_note_t **page = wmem_map_lookup(tracker->notes, GUINT_TO_POINTER(frame / REDIRECT_NOTES_PER_PAGE));

    return page ? page[frame % REDIRECT_NOTES_PER_PAGE] : NULL;
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
                                     .unbegun_chains = tracker->unbegun};
}
