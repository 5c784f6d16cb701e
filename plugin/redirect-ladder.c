/* redirect-ladder.c
 * Makes the ladder of a chain: its messages in frame order, retransmissions and rounds of a loop folded, and what is to be
 * said of each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>
#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-hidden.h"
#include "redirect-ladder-int.h"
#include "redirect-leg.h"
#include "redirect-path.h"
#include "redirect-reason-words.h"
#include "redirect-report.h"
#include "redirect-text.h"
#include "redirect-verdict.h"

/** Call-IDs that are listed at most. */
#define MAX_CALL_IDS 8

/** An arrow that is not finished. */
typedef struct {
    const redirect_record_t *record;
    redirect_ladder_seen_t seen;
    bool is_seen;
    unsigned from, to;     /* elements */
    unsigned sent;         /* how often */
    unsigned copies;       /* how often it was captured beside that */
    redirect_time_t last;  /* when it was seen last */
    redirect_time_t again; /* when it was sent last */
    bool is_left_out;      /* rounds of a loop */
} draft_t;

/** What a transaction is in a loop. */
typedef struct {
    unsigned round; /* how often the same Request-URI was asked for before, on the same path */
    bool is_left_out;
    bool has_key;
    uint32_t key; /* redirect_request_key() */
} round_t;

typedef struct {
    wmem_allocator_t *scope;
    const redirect_store_t *store;
    const redirect_chain_t *chain;
    const redirect_ladder_lookups_t *lookups;
    const redirect_transaction_t *end; /* where the path from the original request ends */
    redirect_ladder_t *ladder;
    redirect_ladder_parts_t *parts;
    wmem_map_t *rounds;   /* redirect_transaction_t -> round_t */
    wmem_array_t *drafts; /* draft_t */
    redirect_time_t zero; /* when the chain begins */
    uint64_t dropped;     /* messages of transactions that have too many different ones */
    uint64_t unseen;      /* messages of which time and addresses are not known */
} maker_t;

/* --- words -------------------------------------------------------------------------------------------------------- */

/* The day of 1970-01-01 as GLib counts days. */
#define EPOCH_DAY 719163

#define DAY (24 * 3600)

/* Times of damaged captures may be anything. */
static const char *
start_text(wmem_allocator_t *scope, redirect_time_t time)
{
    const int64_t seconds = time / REDIRECT_SECOND, days = seconds / DAY + EPOCH_DAY;
    const unsigned of_day = (unsigned)(seconds % DAY);
    GDate date;

    if (time < 0 || !g_date_valid_julian((guint32)days)) {
        return "an unknown time";
    }
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)days);
    return wmem_strdup_printf(scope, "%04u-%02u-%02u %02u:%02u:%02u.%03" PRId64 " UTC", g_date_get_year(&date),
                              (unsigned)g_date_get_month(&date), g_date_get_day(&date), of_day / 3600, of_day / 60 % 60,
                              of_day % 60, time % REDIRECT_SECOND / (REDIRECT_SECOND / 1000));
}

static void
add_line(wmem_allocator_t *scope, redirect_ladder_note_t **list, const char *text, bool is_verdict)
{
    redirect_ladder_note_t *note = wmem_new0(scope, redirect_ladder_note_t);

    while (*list) {
        list = &(*list)->next;
    }
    note->text = text;
    note->is_verdict = is_verdict;
    *list = note;
}

static void
add_note(const maker_t *maker, redirect_ladder_arrow_t *arrow, const char *text)
{
    add_line(maker->scope, &arrow->notes, text, false);
}

static void
add_remark(const maker_t *maker, const char *text)
{
    add_line(maker->scope, &maker->ladder->remarks, text, false);
}

/* --- rounds of a loop ---------------------------------------------------------------------------------------------- */

static round_t *
round_of(const maker_t *maker, const redirect_transaction_t *transaction)
{
    return transaction ? (round_t *)wmem_map_lookup(maker->rounds, transaction) : NULL;
}

/* The nearest one before a follow-up, on its path, that asked for the same URI one redirect or more before. */
static const redirect_transaction_t *
same_before(const maker_t *maker, const redirect_transaction_t *transaction, const round_t *own)
{
    const redirect_transaction_t *before = redirect_transaction_before(transaction);

    for (unsigned left = own->has_key ? transaction->chain->transaction_count : 0; before && left > 0; left--) {
        const round_t *round = round_of(maker, before);
        if (before->hop < transaction->hop && round && round->has_key && round->key == own->key &&
            redirect_same_request_uri(before, transaction)) {
            return before;
        }
        before = redirect_transaction_before(before);
    }
    return NULL;
}

/* Where the chain ends, or stops as far as was captured, is always drawn. What belongs to a round goes with it. */
static bool
is_where_it_ends(const maker_t *maker, const redirect_transaction_t *transaction)
{
    return transaction == maker->ladder->head.result.transaction || transaction == maker->end;
}

static void
read_round(maker_t *maker, const redirect_transaction_t *transaction)
{
    round_t *round = wmem_new0(maker->scope, round_t);
    const round_t *before;

    round->has_key = redirect_request_key(transaction, &round->key);
    before = round_of(maker, transaction->link ? same_before(maker, transaction, round)
                                               : redirect_transaction_before(transaction));
    if (before && transaction->link) {
        round->round = before->round + 1;
        round->is_left_out = round->round >= REDIRECT_LADDER_ROUNDS;
    } else if (before) {
        round->round = before->round;
        round->is_left_out = before->is_left_out;
    }
    if (is_where_it_ends(maker, transaction)) {
        round->is_left_out = false;
    }
    wmem_map_insert(maker->rounds, transaction, round);
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

static bool
is_same_message(const draft_t *draft, const draft_t *other)
{
    return draft->record->status == other->record->status && draft->record->method == other->record->method &&
           draft->from == other->from && draft->to == other->to;
}

/* A proxy passes on those of all branches: whether one like another is the same is not known. */
static bool
is_provisional(const draft_t *draft)
{
    return draft->record->status / 100 == 1;
}

static bool
is_copy_of(const draft_t *draft, const draft_t *again)
{
    const redirect_time_t after = again->seen.time - draft->last;

    if (is_provisional(draft)) {
        return false;
    }
    return again->record->is_copy || (draft->is_seen && again->is_seen && after >= 0 && after < REDIRECT_COPIED_WITHIN);
}

static void
count_again(draft_t *draft, const draft_t *again)
{
    if (is_copy_of(draft, again)) {
        draft->copies++;
    } else {
        draft->sent++;
        draft->again = again->seen.time;
    }
    draft->last = again->seen.time;
}

static draft_t
draft_of(maker_t *maker, const redirect_record_t *record)
{
    draft_t draft = {.record = record, .sent = 1};

    draft.is_seen = redirect_ladder_seen(maker->lookups, record, &draft.seen);
    draft.last = draft.again = draft.seen.time;
    maker->unseen += !draft.is_seen;
    redirect_ladder_parts_ends(maker->parts, record, draft.is_seen ? &draft.seen : NULL, &draft.from, &draft.to);
    return draft;
}

/* The messages of a transaction: those that are alike are one. first is where its own ones begin. */
static void
take_record(maker_t *maker, const redirect_record_t *record, unsigned first)
{
    const unsigned count = wmem_array_get_count(maker->drafts);
    draft_t draft = draft_of(maker, record);

    for (unsigned i = first; i < count; i++) {
        draft_t *earlier = (draft_t *)wmem_array_index(maker->drafts, i);
        if (is_same_message(earlier, &draft)) {
            count_again(earlier, &draft);
            return;
        }
    }
    if (count - first >= REDIRECT_LADDER_MAX_OF_TRANSACTION && record->frame != record->transaction->response.frame) {
        maker->dropped++;
        return;
    }
    draft.is_left_out = round_of(maker, record->transaction)->is_left_out;
    wmem_array_append_one(maker->drafts, draft);
}

static int
compare_drafts(const void *a, const void *b)
{
    const redirect_record_t *left = ((const draft_t *)a)->record, *right = ((const draft_t *)b)->record;

    if (left->frame != right->frame) {
        return left->frame < right->frame ? -1 : 1;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static void
take_messages(maker_t *maker)
{
    for (const redirect_transaction_t *transaction = maker->chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        const unsigned first = wmem_array_get_count(maker->drafts);
        read_round(maker, transaction);
        for (const redirect_record_t *record = transaction->first_record; record;
             record = record->next_in_transaction) {
            take_record(maker, record, first);
        }
    }
    wmem_array_sort(maker->drafts, compare_drafts);
}

/* --- what is said of a message -------------------------------------------------------------------------------------- */

static redirect_ladder_kind_t
kind_of(unsigned status)
{
    static const redirect_ladder_kind_t kinds[] = {
        REDIRECT_LADDER_REQUEST, REDIRECT_LADDER_PROVISIONAL, REDIRECT_LADDER_SUCCESS,        REDIRECT_LADDER_REDIRECT,
        REDIRECT_LADDER_FAILURE, REDIRECT_LADDER_FAILURE,     REDIRECT_LADDER_GLOBAL_FAILURE,
    };

    return kinds[MIN(status / 100, G_N_ELEMENTS(kinds) - 1)];
}

static const char *
label_of(const maker_t *maker, const draft_t *draft)
{
    const redirect_record_t *record = draft->record;
    const char *name = sip_method_name((sip_method_t)record->method), *phrase;

    if (record->status == 0) {
        return name ? name
                    : redirect_text_from_wire(maker->scope, redirect_transaction_method(record->transaction),
                                              REDIRECT_LADDER_MAX_PHRASE);
    }
    phrase = draft->is_seen ? draft->seen.phrase : redirect_words_for_sip(record->status);
    return wmem_strdup_printf(maker->scope, "%u%s%s%s", record->status, phrase && *phrase ? " " : "",
                              phrase ? phrase : "", record->method == SIP_METHOD_CANCEL ? " (CANCEL)" : "");
}

/* "sent 4 times until 3.500 s": what was sent again, and what was captured more than once. */
static const char *
again_text(const maker_t *maker, const draft_t *draft)
{
    wmem_strbuf_t *text;

    if (draft->sent + draft->copies == 1) {
        return NULL;
    }
    text = wmem_strbuf_new(maker->scope, "");
    if (draft->sent > 1) {
        wmem_strbuf_append_printf(text, "%s %u times", is_provisional(draft) ? "seen" : "sent", draft->sent);
        if (draft->is_seen) {
            wmem_strbuf_append_printf(text, " until %s s",
                                      redirect_report_seconds(maker->scope, draft->again - maker->zero, 3));
        }
    }
    if (draft->copies == 1) {
        wmem_strbuf_append(text, draft->sent > 1 ? ", one of them captured twice" : "captured twice");
    } else if (draft->copies > 1) {
        wmem_strbuf_append_printf(text, draft->sent > 1 ? ", captured %u times in all" : "captured %u times",
                                  draft->sent + draft->copies);
    }
    return wmem_strbuf_finalize(text);
}

static void
note_link(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_link_t *link)
{
    arrow->is_followup = true;
    add_note(maker, arrow,
             wmem_strdup_printf(maker->scope, "%sfollows the %u in frame %u (%s)",
                                redirect_confidence_words(link->confidence), link->cause->code, link->redirected_in,
                                redirect_link_name(link->kind)));
}

static void
note_leg(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_leg_t *leg)
{
    char *evidence = redirect_leg_evidence(maker->scope, leg);

    add_note(maker, arrow,
             wmem_strdup_printf(maker->scope, "%smade of the request in frame %u. %s",
                                redirect_confidence_words((redirect_confidence_t)leg->confidence),
                                leg->of->request.frame, evidence));
}

static void
note_retry(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_transaction_t *before)
{
    if (before->response.status) {
        add_note(maker, arrow,
                 wmem_strdup_printf(maker->scope, "the request in frame %u once more, after the %u in frame %u",
                                    before->request.frame, before->response.status, before->response.frame));
    } else {
        add_note(maker, arrow,
                 wmem_strdup_printf(maker->scope, "the request in frame %u once more", before->request.frame));
    }
}

/* Branches of one fork: forwards of one request that neither follow a redirect nor repeat one another. */
static bool
is_branch(const redirect_transaction_t *transaction)
{
    return transaction->upstream && transaction->link == NULL && transaction->extras->retry_of == NULL;
}

static void
note_forward(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *above = transaction->upstream, *other = NULL;
    unsigned branches = 0, own = 0;

    while ((other = redirect_next_below(above, other)) != NULL) {
        branches += is_branch(other) && other->upstream == above;
        own = other == transaction ? branches : own;
    }
    if (branches > 1 && is_branch(transaction)) {
        add_note(maker, arrow,
                 wmem_strdup_printf(maker->scope, "branch %u of %u of the request in frame %u", own, branches,
                                    above->first_frame));
    } else {
        add_note(maker, arrow,
                 wmem_strdup_printf(maker->scope, "forwards the request in frame %u", above->first_frame));
    }
}

static void
note_no_answer(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_transaction_t *transaction)
{
    if (transaction->extras->unreachable_in) {
        add_note(maker, arrow,
                 wmem_strdup_printf(maker->scope, "did not arrive: ICMP error in frame %u",
                                    transaction->extras->unreachable_in));
    } else if (redirect_has_no_answer(maker->store, transaction)) {
        add_note(maker, arrow, "gets no final response");
    }
}

static void
note_request(const maker_t *maker, redirect_ladder_arrow_t *arrow, const redirect_transaction_t *transaction)
{
    if (transaction->link) {
        note_link(maker, arrow, transaction->link);
    }
    if (transaction->extras->retry_of) {
        note_retry(maker, arrow, transaction->extras->retry_of);
    }
    if (transaction->upstream) {
        note_forward(maker, arrow, transaction);
    } else if (transaction->extras->leg) {
        note_leg(maker, arrow, transaction->extras->leg);
    }
    if (redirect_announces(transaction)) {
        add_note(maker, arrow, "calls an announcement that tells why the call failed (Error-Info)");
    }
    note_no_answer(maker, arrow, transaction);
}

/* What the caller gets in its place is in the verdict, where there is one. */
static void
note_hidden(const maker_t *maker, redirect_ladder_arrow_t *arrow)
{
    const redirect_transaction_t *above = redirect_record_hidden_by(arrow->record);
    const char *in_its_place = "";

    if (above == NULL) {
        return;
    }
    arrow->is_hidden = true;
    if (arrow->notes == NULL || !arrow->notes->is_verdict) {
        in_its_place = wmem_strdup_printf(maker->scope, ", who gets %u in frame %u", above->response.status,
                                          above->response.frame);
    }
    add_note(maker, arrow,
             wmem_strdup_printf(
                 maker->scope, "hidden from the caller%s%s", in_its_place,
                 redirect_confidence_of_call(redirect_confidence_between(arrow->record->transaction, above))));
}

/* A 3xx or 6xx gets its verdict where it is seen first; farther on it says where it comes from. */
static void
note_explained(const maker_t *maker, redirect_ladder_arrow_t *arrow)
{
    const redirect_record_t *record = arrow->record;
    const redirect_transaction_t *below = redirect_passed_on_from(record->transaction);

    if (below && record->frame == record->transaction->response.frame) {
        add_note(
            maker, arrow,
            wmem_strdup_printf(maker->scope, "passes on the %u in frame %u", record->status, below->response.frame));
    } else {
        const char *verdict = redirect_verdict(maker->scope, maker->store, record);
        if (verdict) {
            add_line(maker->scope, &arrow->notes, verdict, true);
        }
    }
    note_hidden(maker, arrow);
}

static void
note_message(const maker_t *maker, redirect_ladder_arrow_t *arrow)
{
    const redirect_record_t *record = arrow->record;
    const redirect_transaction_t *transaction = record->transaction;

    if (record->status == 0 && record->method != SIP_METHOD_ACK && record->method != SIP_METHOD_CANCEL) {
        arrow->uri = redirect_transaction_uri(maker->scope, transaction);
        note_request(maker, arrow, transaction);
    } else if (redirect_is_explained(record->status) && record->method != SIP_METHOD_CANCEL) {
        note_explained(maker, arrow);
    }
    if (record->status && record->frame == maker->ladder->head.result.final_frame) {
        arrow->ends_chain = true;
    }
}

/* --- arrows -------------------------------------------------------------------------------------------------------- */

/* False where one of its ends has no place in the drawing. */
static bool
finish_arrow(const maker_t *maker, const draft_t *draft, redirect_ladder_arrow_t *arrow)
{
    *arrow = (redirect_ladder_arrow_t){
        .record = draft->record,
        .kind = kind_of(draft->record->status),
        .frame = draft->record->frame,
        .time = draft->is_seen ? redirect_report_seconds(maker->scope, draft->seen.time - maker->zero, 3) : "",
        .label = label_of(maker, draft),
        .again = again_text(maker, draft),
    };
    if (!redirect_ladder_parts_place(maker->parts, draft->from, &arrow->from) ||
        !redirect_ladder_parts_place(maker->parts, draft->to, &arrow->to)) {
        return false;
    }
    note_message(maker, arrow);
    return true;
}

/* Stands where the first message that is left out would stand. */
static redirect_ladder_arrow_t
rounds_left_out(const maker_t *maker)
{
    unsigned least = UINT_MAX, most = 0, messages = 0;
    uint32_t first = 0, last = 0;

    for (unsigned i = 0; i < wmem_array_get_count(maker->drafts); i++) {
        const draft_t *draft = (const draft_t *)wmem_array_index(maker->drafts, i);
        if (draft->is_left_out) {
            const unsigned round = round_of(maker, draft->record->transaction)->round;
            least = MIN(least, round);
            most = MAX(most, round);
            first = first ? first : draft->record->frame;
            last = draft->record->frame;
            messages += draft->sent + draft->copies;
        }
    }
    return (redirect_ladder_arrow_t){
        .kind = REDIRECT_LADDER_LEFT_OUT,
        .frame = first,
        .time = "",
        .label = wmem_strdup_printf(maker->scope, "%u more round%s of the loop left out: %u messages, frames %u to %u",
                                    most - least + 1, most == least ? "" : "s", messages, first, last),
    };
}

static void
finish_arrows(maker_t *maker)
{
    const unsigned drafts = wmem_array_get_count(maker->drafts);
    redirect_ladder_arrow_t *arrows =
        wmem_alloc0_array(maker->scope, redirect_ladder_arrow_t, MIN(drafts, REDIRECT_LADDER_MAX_ARROWS) + 1);
    unsigned count = 0, without_place = 0, beyond = 0;
    bool told = false;

    for (unsigned i = 0; i < drafts; i++) {
        const draft_t *draft = (const draft_t *)wmem_array_index(maker->drafts, i);
        if (draft->is_left_out) {
            if (!told && count < REDIRECT_LADDER_MAX_ARROWS) {
                arrows[count++] = rounds_left_out(maker);
            }
            told = true;
        } else if (count >= REDIRECT_LADDER_MAX_ARROWS) {
            beyond++;
        } else if (finish_arrow(maker, draft, &arrows[count])) {
            count++;
        } else {
            without_place++;
        }
    }
    maker->ladder->arrow = arrows;
    maker->ladder->arrow_count = count;
    if (beyond > 0) {
        add_remark(maker, wmem_strdup_printf(maker->scope, "Only the first %u arrows are drawn; %u more are left out.",
                                             REDIRECT_LADDER_MAX_ARROWS, beyond));
    }
    if (without_place > 0) {
        add_remark(maker, wmem_strdup_printf(maker->scope,
                                             "Only the first %u participants are drawn; %u more with %u messages are "
                                             "left out.",
                                             REDIRECT_LADDER_MAX_PARTICIPANTS,
                                             redirect_ladder_parts_left_out(maker->parts), without_place));
    }
}

/* --- what stands beside the drawing ---------------------------------------------------------------------------------- */

static void
remark_gaps(const maker_t *maker)
{
    const unsigned gaps = maker->chain->gaps;

    if (maker->chain->truncated) {
        add_remark(maker,
                   "This chain is longer than what is kept of a chain: later requests or messages are left out.");
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        if (gaps & (1U << bit)) {
            add_remark(maker, wmem_strdup_printf(maker->scope, "What may be missing: %s.",
                                                 redirect_gap_text((redirect_gap_t)(1U << bit))));
        }
    }
}

static void
remark_unseen(const maker_t *maker)
{
    if (maker->dropped > 0) {
        add_remark(maker,
                   wmem_strdup_printf(maker->scope,
                                      "%" PRIu64 " messages are left out: one request has more than %u different "
                                      "ones.",
                                      maker->dropped, REDIRECT_LADDER_MAX_OF_TRANSACTION));
    }
    if (maker->unseen > 0) {
        add_remark(maker, wmem_strdup_printf(maker->scope,
                                             "Of %" PRIu64 " messages the time is not shown, for the capture has more "
                                             "messages than are kept for a ladder.",
                                             maker->unseen));
    }
    if (maker->lookups->has_lost_texts) {
        add_remark(maker,
                   "Names of software, reason phrases and Call-IDs may be missing, for the capture has more of them "
                   "than are kept for a ladder.");
    }
}

/* The Call-IDs in the order in which they are first seen. */
static const char *
call_ids(const maker_t *maker)
{
    wmem_strbuf_t *text = wmem_strbuf_new(maker->scope, "");
    wmem_map_t *known = wmem_map_new(maker->scope, wmem_str_hash, g_str_equal);
    unsigned more = 0;

    for (unsigned i = 0; i < wmem_array_get_count(maker->drafts); i++) {
        const draft_t *draft = (const draft_t *)wmem_array_index(maker->drafts, i);
        const char *id = draft->is_seen ? draft->seen.call_id : NULL;
        if (id && wmem_map_lookup(known, id) == NULL) {
            wmem_map_insert(known, id, wmem_strdup(maker->scope, id));
            if (wmem_map_size(known) > MAX_CALL_IDS) {
                more++;
            } else {
                redirect_text_put(text, wmem_strbuf_get_len(text) ? " " : "");
                redirect_text_put(text, id);
            }
        }
    }
    if (more > 0) {
        wmem_strbuf_append_printf(text, " (%u more)", more);
    }
    return wmem_strbuf_get_len(text) ? wmem_strbuf_finalize(text) : NULL;
}

static const char *
outcome_text(wmem_allocator_t *scope, const redirect_result_t *result)
{
    const char *words = result->outcome == REDIRECT_OUTCOME_UNFINISHED ? "open when the capture ended"
                                                                       : redirect_result_words(scope, result);

    return result->final_frame
               ? wmem_strdup_printf(scope, "%s, %u in frame %u", words, result->final_code, result->final_frame)
               : words;
}

redirect_ladder_head_t
redirect_ladder_head(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_chain_t *chain)
{
    const redirect_result_t result = redirect_chain_result(store, chain);

    return (redirect_ladder_head_t){
        .chain = chain,
        .result = result,
        .first_frame = chain->root->first_frame,
        .origin = redirect_transaction_uri(scope, chain->root),
        .start = start_text(scope, chain->start),
        .outcome = outcome_text(scope, &result),
        .path = redirect_transaction_path_told(scope, store, chain->root),
    };
}

redirect_ladder_t *
redirect_ladder_new(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_chain_t *chain,
                    const redirect_ladder_lookups_t *lookups)
{
    maker_t maker = {
        .scope = scope,
        .store = store,
        .chain = chain,
        .lookups = lookups,
        .end = redirect_path_end(chain->root),
        .ladder = wmem_new0(scope, redirect_ladder_t),
        .parts = redirect_ladder_parts_new(scope, chain, lookups),
        .rounds = wmem_map_new(scope, g_direct_hash, g_direct_equal),
        .drafts = wmem_array_new(scope, sizeof(draft_t)),
        .zero = chain->start,
    };

    maker.ladder->head = redirect_ladder_head(scope, store, chain);
    take_messages(&maker);
    finish_arrows(&maker);
    maker.ladder->participant = redirect_ladder_parts_named(maker.parts, &maker.ladder->participant_count);
    maker.ladder->call_ids = call_ids(&maker);
    remark_gaps(&maker);
    remark_unseen(&maker);
    return maker.ladder;
}
