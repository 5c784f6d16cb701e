/* redirect-tracker.c
 * One message at a time through the analysis: find its transaction, or place a new one; take in what it changes; say
 * what it shows. What is looked up where: redirect-match.h, redirect-link.h, redirect-targets.h. What is kept, and for
 * how long: redirect-store.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-tracker.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-annotations.h"
#include "redirect-answer.h"
#include "redirect-diverted.h"
#include "redirect-facts.h"
#include "redirect-failure.h"
#include "redirect-hidden.h"
#include "redirect-history.h"
#include "redirect-leg.h"
#include "redirect-link.h"
#include "redirect-match.h"
#include "redirect-rules.h"
#include "redirect-sighting.h"
#include "redirect-targets.h"
#include "redirect-told.h"

struct redirect_tracker {
    redirect_store_t *store;
};

redirect_tracker_t *
redirect_tracker_new(wmem_allocator_t *scope, const redirect_config_t *config)
{
    redirect_tracker_t *tracker = wmem_new(scope, redirect_tracker_t);

    tracker->store = redirect_store_new(scope, config);
    return tracker;
}

const redirect_store_t *
redirect_tracker_store(const redirect_tracker_t *tracker)
{
    return tracker->store;
}

const redirect_record_t *
redirect_tracker_records(const redirect_tracker_t *tracker, uint32_t frame)
{
    return redirect_store_records(tracker->store, frame);
}

uint32_t
redirect_tracker_chain_count(const redirect_tracker_t *tracker)
{
    return redirect_store_chain_count(tracker->store);
}

const redirect_chain_t *
redirect_tracker_chain(const redirect_tracker_t *tracker, uint32_t number)
{
    return redirect_store_chain(tracker->store, number);
}

const char *
redirect_tracker_check(const redirect_tracker_t *tracker)
{
    return redirect_store_check(tracker->store);
}

void
redirect_tracker_advance(redirect_tracker_t *tracker, redirect_time_t now)
{
    redirect_store_advance(tracker->store, now);
}

/* --- joining ------------------------------------------------------------------------------------------------------ */

/* Makes the group of a transaction a part of that of another, no nearer to the caller than hop. False where that is full. */
static bool
join_at_hop(redirect_store_t *store, redirect_transaction_t *transaction, redirect_transaction_t *other, unsigned hop)
{
    return redirect_store_join(store, transaction, other, hop > transaction->hop ? hop - transaction->hop : 0);
}

/* --- a new transaction -------------------------------------------------------------------------------------------- */

/* One message on its way. */
typedef struct {
    redirect_store_t *store;
    const redirect_message_t *message;
    const sip_message_t *sip;
    redirect_key_t key;
    redirect_transaction_t *transaction;
    redirect_placement_t place;
    redirect_record_t *record;
    redirect_t *redirect; /* for a 3xx: as this leg saw it */
    bool new_transaction;
    bool new_redirect;
    unsigned gaps;               /* redirect_gap_t */
    const redirect_call_t *call; /* with its Call-ID, where there was one before it */
    redirect_facts_t *facts;     /* of message, read when they are asked for */
} step_t;

static void
append_leg_id(wmem_strbuf_t **ids, wmem_allocator_t *scope, sip_slice_t value)
{
    if (value.len == 0 || value.len >= 256 || memchr(value.ptr, ',', value.len)) {
        return;
    }
    if (*ids == NULL) {
        *ids = wmem_strbuf_new(scope, "");
    } else {
        wmem_strbuf_append_c(*ids, ',');
    }
    wmem_strbuf_append_len(*ids, value.ptr, value.len); /* not for people: compared only */
}

/* The values of all leg headers of a message, comma-separated, owned by scope; absent where there are none. */
static sip_slice_t
read_leg_ids(wmem_allocator_t *scope, const sip_name_list_t *names, const sip_message_t *sip)
{
    wmem_strbuf_t *ids = NULL;
    size_t len;

    for (unsigned i = 0; i < names->count; i++) {
        sip_slice_t value;
        if (sip_message_header_by_name(sip, names->name[i], &value)) {
            append_leg_id(&ids, scope, sip_slice_trim(value));
        }
    }
    if (ids == NULL) {
        return SIP_SLICE_NONE;
    }
    len = wmem_strbuf_get_len(ids);
    return sip_slice_make(wmem_strbuf_finalize(ids), len);
}

/* Within a dialog nothing is linked to another call: nothing is read for it. leg_ids is the caller's to free. */
static redirect_caller_t
read_caller(const step_t *step, bool in_dialog)
{
    const redirect_config_t *config = redirect_store_config(step->store);
    redirect_caller_t caller = {0};
    sip_slice_t remote;

    if (!config->link_calls || in_dialog) {
        return caller;
    }
    if (!sip_message_session_id(step->sip, &caller.session_id, &remote)) {
        caller.session_id = SIP_SLICE_NONE;
    }
    if (sip_message_may_have_any(step->sip, redirect_store_leg_headers(step->store))) {
        caller.leg_ids = read_leg_ids(NULL, redirect_store_leg_headers(step->store), step->sip);
    }
    caller.asserted = redirect_asserted_key(step->sip);
    return caller;
}

/* What a transaction begins with: a request, or a response that shows its two ends. Borrows from the message. */
static redirect_opening_t
read_opening(const step_t *step)
{
    const redirect_message_t *message = step->message;
    const sip_message_t *sip = step->sip;

    if (sip->is_response) {
        return (redirect_opening_t){
            .time = message->time, .source = message->destination, .destination = message->source};
    }
    redirect_opening_t opening = {
        .frame = message->frame,
        .uri = sip->request_uri,
        .time = message->time,
        .to_tag = redirect_match_tag(step->store, sip_message_to_tag(sip)),
        .source = message->source,
        .destination = message->destination,
        .has_identity = sip_message_has(sip, SIP_HEADER_IDENTITY),
        .has_asserted = sip_message_has(sip, SIP_HEADER_P_ASSERTED_IDENTITY),
        .is_cut = message->is_cut,
    };
    opening.caller = read_caller(step, opening.to_tag != 0);
    return opening;
}

static void
opening_clear(redirect_opening_t *opening)
{
    wmem_free(NULL, (void *)(uintptr_t)opening->caller.leg_ids.ptr);
}

/* What a proxy merged was tried on every leg that it came from. */
static void
mark_tried(redirect_transaction_t *transaction, redirect_t *cause, redirect_target_t *target)
{
    redirect_transaction_t *above = cause->transaction;
    redirect_transaction_t *below = target ? above->chain->first_transaction : NULL;

    redirect_store_mark_tried(cause, target, transaction);
    for (redirect_t *source = cause->source; source; source = source->source) {
        redirect_store_mark_tried(source, NULL, transaction);
    }
    for (; below; below = below->next_in_chain) {
        redirect_target_t *same = redirect_find_target(below->redirect, redirect_target_text(target));
        if (same && below->redirect != cause && redirect_transaction_is_below(below, above)) {
            redirect_store_mark_tried(below->redirect, same, transaction);
        }
    }
}

/* The follow-up that was found, or the request above one: ties it to its redirect. */
static void
follow(step_t *step, redirect_transaction_t *transaction, redirect_placement_t *place)
{
    redirect_t *cause = place->link.cause;

    if (cause == NULL) {
        return;
    }
    if (!place->is_listed) {
        place->link.redirected = redirect_sighting_origin(cause, place->link.target);
    }
    if (redirect_store_follow(step->store, transaction, &place->link, !place->is_listed) && !place->is_listed) {
        mark_tried(transaction, cause, place->link.target);
    }
}

/*
 * A merged capture may show a proxy's forward before the request that it forwards. Then that request is the original,
 * unless the chain was shown to begin with the forward already.
 */
static void
adopt_downstream(step_t *step, redirect_transaction_t *downstream)
{
    redirect_transaction_t *transaction = step->transaction;
    const bool shown = downstream->chain != NULL;

    if (!shown && !redirect_store_join(step->store, downstream, transaction, transaction->hop)) {
        return;
    }
    if (downstream->extras->leg) {
        redirect_store_set_leg(step->store, transaction, downstream->extras->leg); /* what was shown stays */
        return;
    }
    redirect_store_set_upstream(downstream, transaction, shown);
    if (redirect_store_is_root(downstream) && downstream->upstream == transaction) {
        redirect_store_set_root(transaction);
    }
}

/* Repeats and branches of a leg go with it. */
static void
inherit_leg(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_transaction_t *beside)
{
    if (beside && beside->extras->leg && redirect_call_of(beside) == redirect_call_of(transaction) &&
        redirect_same_address(redirect_request_source(beside), redirect_request_source(transaction))) {
        redirect_leg_t same = *beside->extras->leg;
        same.evidence = REDIRECT_LEG_BY_SAME_CALL;
        redirect_store_set_leg(store, transaction, &same);
    }
}

/*
 * A B2BUA that passes a redirect on with targets of its own gets the request that follows it, and sends it on to the
 * target that it was given itself.
 */
static void
mark_source_tried(const step_t *step)
{
    const redirect_link_t *link = step->place.leg.of->link;
    redirect_t *source = link ? link->cause->source : NULL;
    redirect_placement_t place = {.steps = redirect_store_config(step->store)->limits.steps_per_message};
    sip_uri_t uri;
    sip_uri_diff_t difference;

    if (source == NULL || !redirect_request_uri(step->transaction, &uri)) {
        return;
    }
    for (unsigned i = 0; i < source->target_count; i++) {
        if (redirect_target_match(&place, &source->target[i], &uri, sip_uri_match_key(&uri), &difference) <
            SIP_URI_MATCH_NONE) {
            redirect_store_mark_tried(source, &source->target[i], step->transaction);
            return;
        }
    }
}

static void
enter_leg(const step_t *step)
{
    if (step->place.leg.of) {
        redirect_store_set_leg(step->store, step->transaction, &step->place.leg);
        mark_source_tried(step);
    } else if (step->transaction->upstream == NULL) {
        inherit_leg(step->store, step->transaction, step->place.beside);
    }
}

/* Puts a transaction where it was found to belong. One that is visible already only gets what it has not. */
static void
enter(step_t *step)
{
    redirect_placement_t *place = &step->place;
    redirect_transaction_t *transaction = step->transaction;

    if (place->gave_up) {
        redirect_store_give_up(step->store);
        redirect_store_add_gaps(transaction, REDIRECT_GAP_STEPS);
        step->gaps |= REDIRECT_GAP_STEPS;
        place->elsewhere_after = NULL; /* where it went may be what was not compared */
    }
    if (place->beside && !join_at_hop(step->store, transaction, place->beside, place->hop)) {
        step->gaps |= transaction->gaps;
        return;
    }
    if (transaction->upstream == NULL) {
        redirect_store_set_upstream(transaction, place->upstream, false);
    }
    enter_leg(step);
    redirect_store_set_retry(step->store, transaction, place->retry_of);
    redirect_store_set_announcement(step->store, transaction, place->announces);
    place->link.by_route = step->sip->is_response || sip_message_has(step->sip, SIP_HEADER_ROUTE);
    follow(step, transaction, place);
    if (place->downstream) {
        adopt_downstream(step, place->downstream);
    }
}

/* Nothing of its own call says where it belongs; a forward of it that came first does not either. */
static bool
is_at_large(const redirect_placement_t *place)
{
    return place->beside == NULL || (place->beside == place->downstream && place->beside->chain == NULL);
}

static void
place_across_calls(step_t *step)
{
    if (!redirect_store_expects_history(step->store) && redirect_link_names_redirected(step->facts)) {
        redirect_link_expect_history(step->store);
    }
    redirect_link_across_calls(step->store, step->transaction, step->facts, &step->place);
}

static bool
links_legs(const redirect_store_t *store)
{
    const redirect_config_t *config = redirect_store_config(store);

    return config->link_calls && config->link_legs;
}

/* A request that a B2BUA made of one that is visible joins its chain; where it follows a redirect, of the same one. */
static void
place_leg(step_t *step)
{
    redirect_placement_t *place = &step->place;
    redirect_leg_t leg;

    redirect_leg_decide(step->store, step->transaction, &place->steps);
    if (!redirect_leg_find(step->transaction, &leg) || leg.of->chain == NULL) {
        place->gave_up = place->gave_up || place->steps == 0;
        return;
    }
    if (place->beside == NULL) {
        place->beside = leg.of;
        place->hop = leg.of->hop;
    }
    if (place->beside->chain != leg.of->chain) {
        return;
    }
    place->leg = leg;
    redirect_link_leg(step->store, step->transaction, place);
}

static void
place(step_t *step)
{
    const redirect_config_t *config = redirect_store_config(step->store);

    step->place = (redirect_placement_t){.steps = config->limits.steps_per_message};
    if (step->sip->is_response) {
        redirect_link_response(step->store, step->transaction, step->sip, &step->place);
    } else {
        redirect_link_in_call(step->store, step->transaction, step->facts, &step->place);
        if (is_at_large(&step->place) && config->link_calls && !step->transaction->request.in_dialog) {
            place_across_calls(step);
            if (links_legs(step->store) && step->transaction->request.method == SIP_METHOD_INVITE) {
                place_leg(step);
            }
        } else if (step->place.beside && links_legs(step->store)) {
            redirect_leg_repeat(step->store, step->transaction, step->place.beside);
        }
    }
    enter(step);
}

static void
file_leg(const step_t *step)
{
    if (step->new_transaction && links_legs(step->store) && !step->transaction->request.in_dialog &&
        step->transaction->request.method == SIP_METHOD_INVITE) {
        redirect_leg_file(step->store, step->transaction, step->facts, step->message);
    }
}

static void
open_transaction(step_t *step)
{
    const sip_message_t *sip = step->sip;
    redirect_opening_t opening = read_opening(step);

    redirect_match_complete_key(step->store, sip, &step->key);
    opening.key = step->key;
    opening.via_path = redirect_match_path(step->store, sip, 1);
    if (sip->cseq_method_id == SIP_METHOD_OTHER) {
        opening.method_name = sip_slice_make(sip->cseq_method.ptr, MIN(sip->cseq_method.len, UINT16_MAX));
    }
    step->transaction = redirect_store_open(step->store, sip->call_id, &opening, step->message->frame);
    opening_clear(&opening);
    step->new_transaction = !sip->is_response;
    file_leg(step);
    place(step);
}

/* The request of a transaction that a response opened: it is placed now, as if it had come first. */
static void
take_late_request(step_t *step)
{
    redirect_opening_t opening = read_opening(step);

    redirect_store_set_request(step->store, step->transaction, &opening);
    opening_clear(&opening);
    step->new_transaction = true;
    file_leg(step);
    if (step->transaction->link == NULL && step->transaction->extras->retry_of == NULL) {
        place(step);
    }
}

/* --- what one message changes ------------------------------------------------------------------------------------- */

static void
take_cancel(step_t *step)
{
    const redirect_cancel_t cancel = {.frame = step->message->frame,
                                      .time = step->message->time,
                                      .cause = redirect_facts_said(step->facts)->sip_cause};

    redirect_store_cancel(step->store, step->transaction, &cancel);
}

/*
 * The message shows that another transaction of the call had a final response, which was not captured: an ACK or a BYE
 * comes after one, and a final response that fits no request may be it, with a Via that somebody changed.
 */
static bool
shows_answer_to(const step_t *step, const redirect_transaction_t *other)
{
    const sip_message_t *sip = step->sip;

    if (other == step->transaction || other->chain == NULL || other->response.status != 0) {
        return false;
    }
    if (sip->method_id == SIP_METHOD_BYE) {
        return other->request.method == SIP_METHOD_INVITE;
    }
    return other->request.method == (sip->method_id == SIP_METHOD_ACK ? SIP_METHOD_INVITE : sip->cseq_method_id) &&
           other->live->key.cseq == step->key.cseq && other->live->key.from_tag == step->key.from_tag &&
           !(step->transaction && redirect_transaction_is_below(step->transaction, other));
}

static void
note_unseen_answers(const step_t *step)
{
    redirect_transaction_t *other = step->call ? redirect_call_first(step->call) : NULL;

    if (step->call == NULL || !redirect_call_is_visible(step->call)) {
        return;
    }
    for (; other; other = redirect_next_in_call(other)) {
        if (shows_answer_to(step, other)) {
            redirect_store_set_unseen(other);
        }
    }
}

/* A follow-up that was captured a moment before its redirect joins the chain now. */
static void
adopt_reordered(step_t *step)
{
    redirect_placement_t place = {.steps = redirect_store_config(step->store)->limits.steps_per_message};
    redirect_transaction_t *later;

    while ((later = redirect_link_reordered(step->store, step->transaction, &place)) != NULL) {
        if (!join_at_hop(step->store, later, step->transaction, place.hop)) {
            return;
        }
        place.link.by_route = true; /* that request is no longer at hand */
        follow(step, later, &place);
        if (later->link == NULL) {
            return;
        }
    }
}

/* The first 3xx on this leg: a redirect of its own, or a further sighting of one that a proxy passed on. */
static void
take_redirect(step_t *step, redirect_t *fresh)
{
    redirect_transaction_t *transaction = step->transaction;
    redirect_t *source;
    bool unchanged;

    source = redirect_sighting_source(transaction, fresh, transaction->response.to_tag, &unchanged);
    if (unchanged) {
        source->gaps |= fresh->gaps;
        redirect_store_discard_redirect(step->store, fresh);
        fresh = source;
    } else {
        fresh->source = source;
        fresh->depth = redirect_hop_after(transaction);
        fresh->depth = source ? MAX(fresh->depth, source->depth) : fresh->depth;
        fresh->dip_response = redirect_is_dip_response(fresh, transaction, step->facts);
    }
    redirect_store_set_redirect(transaction, fresh);
    if (!fresh->dip_response) {
        redirect_store_count_redirected(step->store, transaction);
    }
    step->redirect = fresh;
    step->new_redirect = true;
    if (redirect_store_config(step->store)->link_calls) {
        redirect_link_file(step->store, fresh, transaction, step->sip);
    }
}

static void
finish(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    const redirect_response_t response = {.status = sip->status,
                                          .frame = message->frame,
                                          .time = message->time,
                                          .to_tag = redirect_match_tag(store, sip_message_to_tag(sip))};
    uint32_t retry_after = 0;

    /* After success it means nothing, and of a routine message it is not read (RFC 3261 20.33). */
    if (sip->status < 300 || !sip_message_retry_after(sip, &retry_after)) {
        retry_after = 0;
    }
    redirect_store_finish(store, transaction, &response, retry_after);
}

/* B2BUAs that a call goes through, one after the other, and whose legs are tied. */
#define MAX_LEGS 8

/* What a request was made of, and what that was made of, up to what is visible or made of nothing that is known. */
typedef struct {
    redirect_transaction_t *root[MAX_LEGS]; /* the one nearest to the callee first */
    redirect_leg_t leg[MAX_LEGS];           /* of each */
    unsigned count;
    redirect_transaction_t *top;
} legs_up_t;

static SIP_RARELY_CALLED legs_up_t
find_legs_up(const redirect_transaction_t *transaction)
{
    legs_up_t up = {.top = redirect_store_root(transaction)};

    while (up.count < MAX_LEGS && up.top->chain == NULL && redirect_leg_find(up.top, &up.leg[up.count])) {
        up.root[up.count] = up.top;
        up.top = redirect_store_root(up.leg[up.count].of);
        up.count++;
    }
    return up;
}

static bool
join_leg(redirect_store_t *store, redirect_transaction_t *root, const redirect_leg_t *leg)
{
    if (!join_at_hop(store, root, leg->of, leg->of->hop)) {
        return false;
    }
    redirect_store_set_leg(store, root, leg);
    return true;
}

/* All that B2BUAs made of the requests of a chain before it became visible. */
static void
join_legs_below(redirect_store_t *store, const redirect_chain_t *chain, unsigned *steps)
{
    redirect_transaction_t *above = chain->first_transaction;
    redirect_leg_t leg;

    while (above && *steps > 0) {
        redirect_transaction_t *below = above->live ? redirect_leg_next_below(above, steps, &leg) : NULL;
        if (below == NULL) {
            above = above->next_in_chain; /* what was made of it was captured later */
        } else if (!join_leg(store, below, &leg)) {
            return;
        }
    }
}

/* Makes the chain of a transaction visible, with the legs of all B2BUAs that it goes through. */
static void
show(step_t *step, redirect_transaction_t *transaction)
{
    redirect_store_t *store = step->store;
    unsigned steps = redirect_store_config(store)->limits.steps_per_message;
    legs_up_t up;

    if (transaction->chain) {
        return;
    }
    if (!links_legs(store) || transaction->request.method != SIP_METHOD_INVITE || transaction->request.in_dialog) {
        redirect_store_show(store, transaction);
        return;
    }
    up = find_legs_up(transaction);
    redirect_store_show(store, up.top);
    while (up.count > 0 && join_leg(store, up.root[up.count - 1], &up.leg[up.count - 1])) {
        up.count--;
    }
    redirect_store_show(store, transaction); /* where the chain of the leg above is full */
    join_legs_below(store, transaction->chain, &steps);
    if (steps == 0) {
        redirect_store_add_gaps(transaction, REDIRECT_GAP_LEGS);
    }
}

/* Few responses have any. Read where the chain is visible, for of others nothing is said. */
static void
take_error_info(const step_t *step)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t address;

    if (step->transaction->chain == NULL || step->sip->status < 300 ||
        !sip_message_has(step->sip, SIP_HEADER_ERROR_INFO)) {
        return;
    }
    sip_value_iter_init(&values, step->sip, SIP_HEADER_ERROR_INFO);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_address_parse(value, &address) && sip_uri_is_followable(&address.uri)) {
            redirect_store_add_error_info(step->store, step->transaction, address.uri.whole);
        }
    }
}

static void
take_final(step_t *step)
{
    const sip_message_t *sip = step->sip;
    redirect_transaction_t *transaction = step->transaction;

    finish(step->store, transaction, step->message);
    if (transaction->request.frame == 0) {
        note_unseen_answers(step);
    }
    if (redirect_is_explained(sip->status)) {
        show(step, transaction);
    }
    take_error_info(step);
    if (sip->status / 100 == 3) {
        take_redirect(step, redirect_targets_read(step->store, step->message));
        adopt_reordered(step);
    }
}

/*
 * A 3xx after the final response changes nothing for the client (RFC 3261 17.1.1.2); it is a retransmission, or shows
 * targets of its own.
 */
static void
take_later_redirect(step_t *step)
{
    redirect_transaction_t *transaction = step->transaction;
    redirect_t *fresh = redirect_targets_read(step->store, step->message);

    for (redirect_t *known = transaction->redirect; known; known = known->later) {
        if (redirect_offers_same(known, fresh)) {
            redirect_store_discard_redirect(step->store, fresh);
            step->redirect = known;
            return;
        }
    }
    step->redirect = fresh;
    if (transaction->redirect) {
        redirect_store_add_later_redirect(transaction, fresh);
        step->new_redirect = true;
        if (redirect_store_config(step->store)->link_calls) {
            redirect_link_file(step->store, fresh, transaction, step->sip);
        }
    }
}

/* The final response once more. */
static void
take_again(step_t *step)
{
    const redirect_time_t after = redirect_store_saw_again(step->store, step->transaction, step->message->time);

    if (step->record) {
        step->record->is_copy = after < REDIRECT_COPIED_WITHIN;
    }
}

static void
take_request(step_t *step)
{
    redirect_transaction_t *transaction = step->transaction;

    if (step->sip->method_id == SIP_METHOD_CANCEL) {
        take_cancel(step);
    } else if (step->sip->method_id == SIP_METHOD_ACK) {
        redirect_store_set_unseen(transaction);
    } else if (transaction->request.frame == 0) {
        take_late_request(step);
    } else if (!step->new_transaction) {
        redirect_store_repeat(transaction, step->message->time);
        redirect_store_saw_at(transaction, step->message->destination);
    } else if (step->sip->method_id == SIP_METHOD_BYE) {
        note_unseen_answers(step);
    }
}

/* Takes in one message of its transaction. */
static void
take_in(step_t *step)
{
    const sip_message_t *sip = step->sip;
    redirect_transaction_t *transaction = step->transaction;

    if (!sip->is_response) {
        take_request(step);
    } else if (sip->cseq_method_id == SIP_METHOD_CANCEL) {
        return;
    } else if (sip->status < 200) {
        redirect_store_ring(step->store, transaction, sip->status, step->message->time);
    } else if (transaction->response.status == 0) {
        take_final(step);
    } else if (redirect_is_explained(sip->status)) {
        if (sip->status == transaction->response.status) {
            take_again(step);
        }
        if (sip->status / 100 == 3) {
            take_later_redirect(step);
        }
    }
}

/* --- what one message shows --------------------------------------------------------------------------------------- */

static bool
is_cancel_response(const sip_message_t *sip)
{
    return sip->cseq_method_id == SIP_METHOD_CANCEL;
}

static redirect_rule_context_t
rule_context(const step_t *step)
{
    return (redirect_rule_context_t){
        .store = step->store,
        .message = step->message,
        .record = step->record,
        .new_transaction = step->new_transaction,
        .new_redirect = step->new_redirect,
        .elsewhere_after = step->place.elsewhere_after,
        .global_failure = step->place.global_failure,
        .rivals = &step->place.rivals,
        .gaps = step->gaps,
    };
}

static void
note_made_at(const step_t *step)
{
    redirect_record_t *record = step->record;
    const redirect_transaction_t *transaction = record->transaction, *maker;

    if (!redirect_is_explained(step->sip->status) || is_cancel_response(step->sip) || transaction == NULL ||
        transaction->response.status != record->status) {
        return;
    }
    maker = redirect_made_at(transaction);
    if (maker) {
        redirect_store_details(step->store, record)->made_at = maker;
    }
}

static void
note_server(const step_t *step)
{
    const char *server = redirect_is_explained(step->sip->status)
                             ? redirect_server_read(redirect_store_scope(step->store), step->message)
                             : NULL;

    if (server) {
        redirect_store_details(step->store, step->record)->server = server;
    }
}

/* What the message carries beside its place in a chain. */
static void
fill_details(step_t *step)
{
    wmem_allocator_t *scope = redirect_store_scope(step->store);
    redirect_record_t *record = step->record;
    const sip_message_t *sip = step->sip;
    const redirect_failure_details_t *failure = NULL;
    const redirect_service_t *service = NULL;
    const redirect_told_t *told = NULL;
    const unsigned max_values = redirect_store_config(step->store)->limits.told_values;
    redirect_annotation_t *annotations;
    redirect_expert_item_t *expert_items;
    redirect_rule_context_t context;

    if (step->redirect && redirect_of_record(record) != step->redirect) {
        redirect_store_details(step->store, record)->redirect = step->redirect;
    }
    if (redirect_is_explained(sip->status)) {
        failure = redirect_failure_details_read(scope, step->facts, max_values);
        service = sip->status == 380 ? redirect_service_read(scope, sip) : NULL;
        told = redirect_told_read(scope, step->facts, step->message->is_cut, max_values);
    }
    if (failure || service || told) {
        redirect_details_t *details = redirect_store_details(step->store, record);
        details->failure = failure;
        details->service = service;
        details->told = told;
    }
    note_made_at(step);
    note_server(step);
    annotations = redirect_annotations_read(scope, step->facts, record);
    if (annotations) {
        redirect_store_details(step->store, record)->annotations = annotations;
    }
    context = rule_context(step);
    context.facts = step->facts;
    expert_items = redirect_rules_check(scope, &context);
    if (expert_items) {
        redirect_store_details(step->store, record)->expert_items = expert_items;
    }
}

/* A message that no transaction can take is explained, where its code is worth it, and belongs to no chain. */
static const redirect_record_t *
record_alone(step_t *step)
{
    const sip_message_t *sip = step->sip;

    if (!redirect_is_explained(sip->status)) {
        return NULL;
    }
    step->record = redirect_store_lone_record(step->store, step->message);
    if (sip->status / 100 == 3 && !is_cancel_response(sip)) {
        step->redirect = redirect_targets_read(step->store, step->message);
    }
    fill_details(step);
    return step->record;
}

static bool
tells_of_forward(step_t *step)
{
    return redirect_store_config(step->store)->show_diverted && redirect_tells_of_forward(step->facts);
}

/* Shown although its chain is not: what it says by itself is worth it. */
static bool
is_always_shown(step_t *step)
{
    return redirect_is_explained(step->sip->status) || step->gaps || step->place.rivals.count > 0 ||
           tells_of_forward(step) || redirect_facts_end_with_global_failure(step->facts);
}

/* Read of what is visible at once, as follow-ups are. */
static void
note_credentials(const step_t *step)
{
    sip_slice_t value;

    if (step->transaction->chain &&
        !sip_message_header_by_name(step->sip, SIP_SLICE_LITERAL("Authorization"), &value) &&
        !sip_message_header_by_name(step->sip, SIP_SLICE_LITERAL("Proxy-Authorization"), &value)) {
        redirect_store_set_lacks_credentials(step->transaction);
    }
}

static const redirect_record_t *
record_in_transaction(step_t *step)
{
    if (step->record == NULL && step->transaction->chain == NULL && is_always_shown(step)) {
        step->record = redirect_store_show_message(step->store, step->transaction, step->message);
    }
    if (step->record == NULL && step->transaction->chain) {
        return NULL; /* one of too many */
    }
    if (step->new_transaction) {
        redirect_store_set_history(step->store, step->transaction,
                                   redirect_history_keep(redirect_store_scope(step->store), step->facts));
        note_credentials(step);
    }
    if (step->record) {
        fill_details(step);
    }
    return step->record;
}

/* --- the step ----------------------------------------------------------------------------------------------------- */

/* Why a message can not be placed at all (redirect_gap_t); 0 where it can. */
static unsigned
unplaceable(const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;
    unsigned gaps = 0;

    gaps |= sip_slice_has_text(sip->call_id) ? 0 : REDIRECT_GAP_NO_CALL_ID;
    gaps |= sip->has_cseq ? 0 : REDIRECT_GAP_NO_CSEQ;
    gaps |= sip->via_count > 0 ? 0 : REDIRECT_GAP_NO_VIA;
    gaps |= sip->request_uri.len > UINT16_MAX ? REDIRECT_GAP_TOO_LONG : 0;
    return gaps && message->is_cut ? REDIRECT_GAP_CUT : gaps;
}

static bool
opens_transaction(const sip_message_t *sip)
{
    return sip->cseq_method_id != SIP_METHOD_ACK && sip->cseq_method_id != SIP_METHOD_CANCEL;
}

/* A response without its request, where requests were let go, may have lost it to a limit. */
static void
look_for_lost_request(step_t *step, const redirect_call_t *call)
{
    if (!step->sip->is_response || !redirect_is_explained(step->sip->status) || step->transaction->request.frame != 0) {
        return;
    }
    if (call && redirect_call_is_incomplete(call)) {
        step->gaps |= REDIRECT_GAP_CALL_LET_GO;
    } else if (redirect_store_let_calls_go(step->store)) {
        step->gaps |= REDIRECT_GAP_CALLS_LET_GO;
    }
}

/* An in-dialog request that was accepted leads nowhere: most calls have a few, and nothing comes after them. */
static bool
is_over_for_good(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    return sip->is_response && transaction->request.in_dialog && transaction->response.status / 100 == 2 &&
           transaction->upstream == NULL;
}

/*
 * Most messages: of a transaction that nothing redirected, they say no more than that they are there, or that it was
 * accepted. All that needs the rest of a message comes elsewhere.
 */
static bool
is_routine(const redirect_transaction_t *transaction, const sip_message_t *sip)
{
    if (transaction == NULL || transaction->chain) {
        return false;
    }
    return sip->is_response ? sip->status < 300 && sip->status != 181
                            : sip->method_id == SIP_METHOD_ACK ||
                                  (sip->method_id == SIP_METHOD_INVITE && transaction->request.frame != 0);
}

static void
take_routine(redirect_store_t *store, redirect_transaction_t *transaction, const redirect_message_t *message)
{
    const sip_message_t *sip = message->sip;

    (void)redirect_store_add_message(store, transaction, message);
    if (sip->method_id == SIP_METHOD_INVITE && !sip->is_response) {
        redirect_store_saw_at(transaction, message->destination);
    }
    if (sip->is_response && sip->cseq_method_id != SIP_METHOD_CANCEL) {
        if (sip->status < 200) {
            redirect_store_set_provisional(transaction, sip->status, message->time);
        } else if (transaction->response.status == 0) {
            finish(store, transaction, message);
        }
    }
    if (is_over_for_good(transaction, sip)) {
        redirect_store_drop(store, transaction);
    }
}

/*
 * The end of a call that nothing redirected leaves nothing behind: most calls have one. A Reason may say that it ends
 * with a global failure (RFC 8197 4).
 */
static bool
is_plain_end(const redirect_call_t *call, sip_message_t *sip)
{
    if (sip->cseq_method_id != SIP_METHOD_BYE || (call && redirect_call_is_visible(call))) {
        return false;
    }
    if (sip->is_response) {
        return sip->status < 300;
    }
    sip_message_read_rest(sip);
    return !sip_message_has(sip, SIP_HEADER_REASON);
}

static const redirect_record_t *
take_whole(step_t *step)
{
    if (step->transaction == NULL) {
        if (!opens_transaction(step->sip)) {
            note_unseen_answers(step);
            return record_alone(step);
        }
        open_transaction(step);
        look_for_lost_request(step, redirect_call_of(step->transaction));
    }
    step->record = redirect_store_add_message(step->store, step->transaction, step->message);
    take_in(step);
    if (step->record == NULL && step->transaction->chain) {
        step->record = redirect_store_find_record(step->transaction, step->message);
    }
    return record_in_transaction(step);
}

/* A message that takes more than a look: step says which one, and where it belongs as far as it is known. */
static const redirect_record_t *
take(step_t *step)
{
    redirect_facts_t *facts = step->facts;
    const redirect_record_t *record;

    sip_message_read_rest(step->message->sip);
    redirect_facts_init(facts, step->sip, redirect_store_config(step->store)->limits.history_entries);
    if (step->gaps) {
        redirect_store_miss_message(step->store);
    }
    record = step->gaps ? record_alone(step) : take_whole(step);
    redirect_facts_clear(facts);
    return record;
}

static const redirect_record_t *
take_unless_routine(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_store_t *store = tracker->store;
    sip_message_t *sip = message->sip;
    const unsigned gaps = unplaceable(message);
    const redirect_call_t *call = gaps == 0 ? redirect_store_call(store, sip->call_id) : NULL;
    redirect_transaction_t *transaction = NULL;
    redirect_key_t key = {0};
    redirect_facts_t facts;

    if (gaps == 0) {
        key = redirect_match_key(store, sip);
        transaction = call ? redirect_match(store, call, message, &key) : NULL;
        if (is_routine(transaction, sip)) {
            take_routine(store, transaction, message);
            return NULL;
        }
        if (transaction == NULL && is_plain_end(call, sip)) {
            return NULL;
        }
    }
    step_t step = {.store = store,
                   .message = message,
                   .sip = sip,
                   .key = key,
                   .transaction = transaction,
                   .gaps = gaps,
                   .call = call,
                   .facts = &facts};
    return take(&step);
}

const redirect_record_t *
redirect_tracker_add(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    redirect_message_t clamped;

    if (redirect_clamp_time(message->time) != message->time) {
        clamped = *message;
        clamped.time = redirect_clamp_time(message->time);
        message = &clamped;
    }
    redirect_store_advance(tracker->store, message->time);
    redirect_store_forget(tracker->store);
    return take_unless_routine(tracker, message);
}

static bool
is_quoted_by(const redirect_transaction_t *transaction, const redirect_unreachable_t *error)
{
    return transaction->chain && transaction->request.frame != 0 && transaction->live->key.cseq == error->cseq &&
           sip_slice_equal(redirect_transaction_method(transaction), error->method) &&
           redirect_same_address(redirect_request_source(transaction), error->destination);
}

/* The branch is not at hand: of several it is the one that was sent to where the error comes from. */
void
redirect_tracker_add_unreachable(redirect_tracker_t *tracker, const redirect_unreachable_t *error)
{
    const redirect_call_t *call = redirect_store_call(tracker->store, error->call_id);
    redirect_transaction_t *found = NULL, *from_host = NULL;
    unsigned count = 0;

    for (redirect_transaction_t *transaction = call ? redirect_call_first(call) : NULL; transaction;
         transaction = redirect_next_in_call(transaction)) {
        if (!is_quoted_by(transaction, error)) {
            continue;
        }
        found = transaction;
        count++;
        if (redirect_same_address(redirect_request_destination(transaction), error->source)) {
            from_host = transaction;
        }
    }
    found = from_host ? from_host : count == 1 ? found : NULL;
    if (found) {
        redirect_store_set_unreachable(tracker->store, found, error->frame);
    }
}

void
redirect_tracker_add_missed(redirect_tracker_t *tracker, uint32_t frame, unsigned count)
{
    sip_message_t nothing = {.is_response = false};
    const redirect_message_t message = {.frame = frame, .index = UINT16_MAX, .sip = &nothing};
    wmem_allocator_t *scope = redirect_store_scope(tracker->store);
    redirect_record_t *record = redirect_store_lone_record(tracker->store, &message);

    redirect_store_miss_message(tracker->store);
    redirect_store_details(tracker->store, record)->expert_items = redirect_expert_item_new(
        scope, REDIRECT_RULE_NOT_LOCATED,
        wmem_strdup_printf(scope, "The text of %u SIP message%s of this frame was not found: %s left out.", count,
                           count == 1 ? "" : "s", count == 1 ? "it is" : "they are"));
}
