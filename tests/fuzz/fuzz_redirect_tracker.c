/* fuzz_redirect_tracker.c
 * Any sequence of messages through the tracker: what redirect-tracker.h promises must hold.
 *
 * An input is a row of messages. A line "== ab 20" stands before each: from place a to place b, 20 ms later than the
 * one before. chain_runner --seeds writes the cases of tests/chains so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-annotations.h"
#include "redirect-ladder.h"
#include "redirect-path.h"
#include "redirect-rules.h"
#include "redirect-told.h"
#include "redirect-tracker.h"
#include "redirect-verdict.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not g_assert(), which a build may leave out, nor g_error(), whose SIGTRAP the fuzzer takes no record of. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            g_printerr("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define MAX_MESSAGES 400

/* Drawings that are made of an input; the others would be like them, and cost as much again. */
#define MAX_LADDERS 4

/* Small, so that an input of a few messages reaches what happens at a limit, and beyond a timeout. */
static const redirect_limits_t limits = {
    .targets = 2,
    .transactions_per_call = 4,
    .transactions_per_chain = 8,
    .messages_per_transaction = 8,
    .open_calls = 4,
    .pending_redirects = 8,
    .pending_per_key = 2,
    .history_entries = 2,
    .told_values = 2,
    .path_hops = 3,
    .steps_per_message = 512,
    .timeout_answered_s = 1,
    .timeout_visible_s = 1,
    .timeout_unanswered_s = 2,
};

/* What was said of a message when it came, knowledge of the future aside. */
typedef struct {
    const redirect_record_t *record;
    const redirect_expert_item_t *expert_items;
    const redirect_annotation_t *annotations;
    const redirect_t *redirect;
    const redirect_transaction_t *root, *before;
    uint32_t root_frame, number;
    unsigned hop;
    const redirect_link_t *link;
} witness_t;

typedef struct {
    witness_t witness[MAX_MESSAGES];
    unsigned count;
} witnesses_t;

static witness_t
witness_of(const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    witness_t witness = {.record = record,
                         .expert_items = record->details->expert_items,
                         .annotations = record->details->annotations,
                         .redirect = redirect_of_record(record)};

    if (transaction && transaction->chain) {
        witness.root = transaction->chain->root;
        witness.root_frame = transaction->chain->root->request.frame;
        witness.number = transaction->chain->number;
        witness.before = redirect_transaction_before(transaction);
        witness.hop = transaction->hop;
        witness.link = transaction->link;
    }
    return witness;
}

static void
check_unchanged(const witness_t *then)
{
    witness_t now = witness_of(then->record);

    REQUIRE(now.expert_items == then->expert_items && now.redirect == then->redirect);
    if (then->root) {
        REQUIRE(now.root == then->root && now.number == then->number);
    }
    /* Where every request was captured when the message came; one that comes late is known when it comes. */
    if (then->root && then->root_frame) {
        REQUIRE(now.root_frame == then->root_frame && now.annotations == then->annotations);
    }
    if (then->link) {
        REQUIRE(now.link == then->link && now.before == then->before && now.hop == then->hop);
    }
}

static void
check_expert_items(const redirect_expert_item_t *item)
{
    for (; item; item = item->next) {
        if (strlen(item->text) <= 20 || strlen(item->text) > REDIRECT_RULE_MAX_TEXT) {
            g_printerr("%s, %zu bytes: %s\n", item->rule->name, strlen(item->text), item->text);
            abort();
        }
    }
}

/* What is said at once and in hindsight has words, no more than Wireshark shows; of records without a chain as well. */
static void
check_said(const redirect_tracker_t *tracker, const redirect_record_t *record)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);

    check_expert_items(record->details->expert_items);
    check_expert_items(redirect_rules_look_back(scope, redirect_tracker_store(tracker), record));
    wmem_destroy_allocator(scope);
}

static void
check_lines(const redirect_annotation_t *line)
{
    unsigned lines = 0;

    for (; line; line = line->next) {
        REQUIRE(lines++ <= limits.told_values && g_utf8_validate(line->text, -1, NULL));
    }
}

/* What is told is bounded, and nothing is told of what is no 3xx or 6xx. */
static void
check_told(const redirect_record_t *record)
{
    const redirect_told_t *told = record->details->told;
    const char *most_telling = redirect_told_most_telling(record);
    const bool is_explained = redirect_is_explained(record->status);

    REQUIRE(told == NULL || is_explained);
    REQUIRE(redirect_told_nothing(record) == (is_explained && told == NULL));
    REQUIRE(most_telling == NULL || strlen(most_telling) <= 160);
    check_lines(told ? told->values : NULL);
}

static void
check_transaction(const redirect_tracker_t *tracker, const redirect_chain_t *chain,
                  const redirect_transaction_t *transaction)
{
    unsigned steps = 0;

    REQUIRE(transaction->chain == chain && transaction->hop <= chain->hops && transaction->first_record != NULL);
    for (const redirect_transaction_t *step = transaction; step; step = redirect_transaction_before(step)) {
        REQUIRE(steps++ <= MAX_MESSAGES);
    }
    for (const redirect_transaction_t *above = transaction; above; above = above->upstream) {
        REQUIRE(steps++ <= 2 * MAX_MESSAGES + 2);
    }
    REQUIRE(transaction->link == NULL || (transaction->link->kind != REDIRECT_LINK_NONE && transaction->link->cause &&
                                          transaction->link->confidence != REDIRECT_CONFIDENCE_NONE &&
                                          transaction->link->evidence && transaction->link->redirected_in));
    for (const redirect_record_t *record = transaction->first_record; record; record = record->next_in_transaction) {
        const redirect_record_t *filed = redirect_tracker_records(tracker, record->frame);
        while (filed && filed != record) {
            filed = redirect_next_in_frame(filed);
        }
        REQUIRE(filed == record);
        wmem_free(NULL, redirect_verdict(NULL, redirect_tracker_store(tracker), record));
        wmem_free(NULL, redirect_verdict_short(NULL, record));
        check_told(record);
        check_said(tracker, record);
    }
    wmem_free(NULL, redirect_transaction_path(NULL, redirect_tracker_store(tracker), transaction));
}

static void
check_redirect(const redirect_t *redirect)
{
    unsigned followups = 0;

    REQUIRE(redirect->target_count <= limits.targets && redirect->target_count <= redirect->target_total);
    for (unsigned i = 0; i < redirect->target_count; i++) {
        REQUIRE(redirect->target[i].order == i + 1);
        (void)redirect_target_result(&redirect->target[i]);
    }
    for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->link->next_followup) {
        REQUIRE(followups++ <= MAX_MESSAGES && redirect_cause(next) == redirect);
    }
    REQUIRE(followups == 0 || redirect->followed);
}

/* No line of the text is wider than it may be, and what is for people is UTF-8. */
static void
check_ladder_text(const char *text)
{
    REQUIRE(g_utf8_validate(text, -1, NULL));
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        char *line = g_strndup(text, (gsize)(end - text));
        REQUIRE(redirect_ladder_columns(line) <= REDIRECT_LADDER_WIDTH && !g_str_has_suffix(line, " "));
        g_free(line);
    }
}

static void
check_ladder(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    static const redirect_ladder_lookups_t lookups = {.data = NULL};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const redirect_ladder_t *ladder = redirect_ladder_new(scope, redirect_tracker_store(tracker), chain, &lookups);
    const char *figure = redirect_ladder_html_figure(scope, ladder);

    check_ladder_text(redirect_ladder_text(scope, ladder));
    REQUIRE(g_utf8_validate(redirect_ladder_mermaid(scope, ladder), -1, NULL));
    REQUIRE(g_utf8_validate(figure, -1, NULL) && strstr(figure, "<script") == NULL);
    wmem_destroy_allocator(scope);
}

static void
check_chain(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    redirect_result_t result = redirect_chain_result(redirect_tracker_store(tracker), chain);
    unsigned transactions = 0;

    wmem_free(NULL, redirect_result_words(NULL, &result));
    REQUIRE(chain->root && chain->root->chain == chain);
    REQUIRE((result.final_frame != 0) == (result.final_code != 0) || result.outcome == REDIRECT_OUTCOME_CANCELLED);
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        REQUIRE(transactions++ <= MAX_MESSAGES);
        check_transaction(tracker, chain, transaction);
        if (transaction->redirect) {
            check_redirect(transaction->redirect);
            (void)redirect_is_not_followed(redirect_tracker_store(tracker), transaction->redirect);
        }
    }
    REQUIRE(transactions == chain->transaction_count);
}

/* --- the input ---------------------------------------------------------------------------------------------------- */

typedef struct {
    sip_slice_t text;
    redirect_message_t message;
} entry_t;

/* "ab 20": from a to b, 20 ms later; "ab+": in the frame of the message before; "ab~": cut off within its header fields */
static void
head_read(sip_slice_t head, redirect_message_t *message)
{
    const char mark = head.len > 2 ? head.ptr[2] : ' ';
    uint32_t later = 0;
    redirect_endpoint_t *const ends[] = {&message->source, &message->destination};

    for (size_t i = 0; i < 2 && i < head.len; i++) {
        *ends[i] = (redirect_endpoint_t){.address = {192, 0, 2, (uint8_t)head.ptr[i]}, .len = 4, .port = 5060};
    }
    if (head.len > 3 && sip_slice_to_uint32(sip_slice_trim(sip_slice_from(head, 3)), &later)) {
        message->time += (redirect_time_t)later * (REDIRECT_SECOND / 1000);
    }
    message->is_cut = mark == '~';
    if (mark == '+' && message->frame > 0) {
        message->index++;
    } else {
        message->frame++;
        message->index = 0;
    }
}

/* Takes the next message off rest; message keeps its time from call to call. False at the end. */
static bool
next_message(sip_slice_t *rest, sip_slice_t *text, redirect_message_t *message)
{
    const char *end;

    if (rest->len == 0) {
        return false;
    }
    if (rest->len <= 3 || memcmp(rest->ptr, "== ", 3) != 0) {
        head_read(SIP_SLICE_NONE, message);
    } else {
        const char *line_end = memchr(rest->ptr, '\n', rest->len);
        size_t len = line_end ? (size_t)(line_end - rest->ptr) : rest->len;
        head_read(sip_slice_from(sip_slice_make(rest->ptr, len), 3), message);
        *rest = sip_slice_from(*rest, line_end ? len + 1 : len);
    }
    end = rest->len ? g_strstr_len(rest->ptr, (gssize)rest->len, "\n== ") : NULL;
    *text = sip_slice_make(rest->ptr, end ? (size_t)(end - rest->ptr) + 1 : rest->len);
    *rest = sip_slice_from(*rest, text->len);
    return true;
}

/* Of some requests an ICMP error says that they did not arrive. */
static void
feed_icmp(redirect_tracker_t *tracker, const redirect_message_t *message)
{
    const redirect_unreachable_t error = {.frame = message->frame,
                                          .source = message->destination,
                                          .destination = message->source,
                                          .call_id = message->sip->call_id,
                                          .method = message->sip->method,
                                          .cseq = message->sip->cseq};

    if (!message->sip->is_response && message->sip->cseq % 3 == 2) {
        redirect_tracker_add_unreachable(tracker, &error);
    }
}

static void
feed(redirect_tracker_t *tracker, redirect_message_t *message, sip_slice_t text, witnesses_t *witnesses)
{
    char *copy = g_memdup2(text.ptr, text.len);
    sip_message_t *sip = g_new(sip_message_t, 1);

    if (sip_message_parse(sip_slice_make(copy, text.len), sip)) {
        const redirect_record_t *record;
        message->sip = sip;
        record = redirect_tracker_add(tracker, message);
        const char *broken = redirect_tracker_check(tracker);
        if (broken) {
            g_printerr("message %u: %s\n", message->frame, broken);
            abort();
        }
        if (record) {
            REQUIRE(record->frame == message->frame);
            witnesses->witness[witnesses->count++] = witness_of(record);
        }
        feed_icmp(tracker, message);
    }
    g_free(sip);
    g_free(copy);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    wmem_init();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redirect_config_t config = {.max_hops = 5,
                                .link_calls = true,
                                .link_window = 32,
                                .leg_headers = "X-Call-ID,X-CID",
                                .link_legs = true,
                                .show_diverted = true,
                                .shared_headers = "P-Charging-Vector",
                                .limits = limits};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &config);
    witnesses_t *witnesses = g_new(witnesses_t, 1);
    sip_slice_t rest = sip_slice_make((const char *)data, size), text;
    redirect_message_t message = {.transport = REDIRECT_TRANSPORT_UDP};

    witnesses->count = 0;
    for (unsigned fed = 0; fed < MAX_MESSAGES && next_message(&rest, &text, &message); fed++) {
        feed(tracker, &message, text, witnesses);
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < witnesses->count; i++) {
            check_unchanged(&witnesses->witness[i]);
            check_said(tracker, witnesses->witness[i].record);
        }
        for (uint32_t i = 0; i < redirect_tracker_chain_count(tracker); i++) {
            check_chain(tracker, redirect_tracker_chain(tracker, i));
            if (pass == 1 && i < MAX_LADDERS) {
                check_ladder(tracker, redirect_tracker_chain(tracker, i));
            }
        }
        redirect_tracker_advance(tracker, message.time + 40 * REDIRECT_SECOND);
    }
    g_free(witnesses);
    wmem_destroy_allocator(scope);
    return 0;
}
