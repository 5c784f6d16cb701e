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

#include "redirect-history.h"
#include "redirect-tracker-int.h"
#include "redirect-verdict.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not g_assert(), which a build may leave out, nor g_error(), whose SIGTRAP the fuzzer takes no note of. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            g_printerr("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define MAX_MESSAGES 400

/* What was said of a message when it came, knowledge of the future aside. */
typedef struct {
    const redirect_note_t *note;
    const redirect_finding_t *findings;
    const redirect_remark_t *remarks;
    const redirect_t *redirect;
    const redirect_attempt_t *root, *before;
    uint32_t root_frame, number, redirected_in;
    unsigned hop;
    redirect_link_t link;
    redirect_confidence_t confidence;
} witness_t;

typedef struct {
    witness_t witness[MAX_MESSAGES];
    unsigned count;
} witnesses_t;

static witness_t
witness_of(const redirect_note_t *note)
{
    const redirect_attempt_t *attempt = note->attempt;
    witness_t witness = {
        .note = note, .findings = note->findings, .remarks = note->remarks, .redirect = note->redirect};

    if (attempt && attempt->chain->begun) {
        witness.root = attempt->chain->root;
        witness.root_frame = attempt->chain->root->request_frame;
        witness.number = attempt->chain->number;
        witness.before = redirect_attempt_before(attempt);
        witness.redirected_in = attempt->redirected_in;
        witness.hop = attempt->hop;
        witness.link = attempt->link;
        witness.confidence = attempt->confidence;
    }
    return witness;
}

static void
check_unchanged(const witness_t *then)
{
    witness_t now = witness_of(then->note);

    REQUIRE(now.findings == then->findings && now.redirect == then->redirect);
    if (then->root) {
        REQUIRE(now.root == then->root && now.root_frame == then->root_frame && now.number == then->number);
        REQUIRE(now.before == then->before && now.redirected_in == then->redirected_in && now.hop == then->hop);
        REQUIRE(now.link == then->link && now.confidence == then->confidence && now.remarks == then->remarks);
    }
}

static void
check_attempt(const redirect_tracker_t *tracker, const redirect_chain_t *chain, const redirect_attempt_t *attempt)
{
    unsigned steps = 0;

    REQUIRE(attempt->chain == chain && attempt->hop <= chain->hops && attempt->first_note != NULL);
    for (const redirect_attempt_t *step = attempt; step; step = redirect_attempt_before(step)) {
        REQUIRE(steps++ <= MAX_MESSAGES);
    }
    for (const redirect_attempt_t *above = attempt; above; above = above->upstream) {
        REQUIRE(steps++ <= 2 * MAX_MESSAGES + 2);
    }
    REQUIRE((attempt->cause != NULL) == (attempt->link != REDIRECT_LINK_NONE));
    REQUIRE((attempt->cause != NULL) == (attempt->confidence != REDIRECT_CONFIDENCE_NONE));
    REQUIRE(attempt->cause == NULL || (attempt->evidence && attempt->redirected_in && attempt->cause_attempt));
    for (const redirect_note_t *note = attempt->first_note; note; note = note->next_in_attempt) {
        const redirect_note_t *filed = redirect_tracker_notes(tracker, note->frame);
        while (filed && filed != note) {
            filed = filed->next_in_frame;
        }
        REQUIRE(filed == note);
        wmem_free(NULL, redirect_verdict(NULL, tracker, note));
        wmem_free(NULL, redirect_verdict_short(NULL, note));
    }
    wmem_free(NULL, redirect_attempt_path(NULL, attempt));
}

static void
check_redirect(const redirect_t *redirect)
{
    unsigned followups = 0;

    REQUIRE(redirect->target_count <= REDIRECT_MAX_TARGETS && redirect->target_count <= redirect->target_total);
    for (unsigned i = 0; i < redirect->target_count; i++) {
        REQUIRE(redirect->target[i].order == i + 1);
        (void)redirect_target_result(&redirect->target[i]);
    }
    for (const redirect_attempt_t *next = redirect->first_followup; next; next = next->next_followup) {
        REQUIRE(followups++ <= MAX_MESSAGES && next->cause == redirect);
    }
    REQUIRE(followups == 0 || redirect->followed);
}

static void
check_chain(const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    redirect_result_t result = redirect_chain_result(tracker, chain);
    unsigned attempts = 0;

    REQUIRE(chain->begun && chain->root && chain->root->chain == chain);
    REQUIRE((result.final_frame != 0) == (result.final_code != 0) || result.outcome == REDIRECT_OUTCOME_CANCELLED);
    for (const redirect_attempt_t *attempt = chain->first_attempt; attempt; attempt = attempt->next_in_chain) {
        REQUIRE(attempts++ <= MAX_MESSAGES);
        check_attempt(tracker, chain, attempt);
        if (attempt->redirect) {
            check_redirect(attempt->redirect);
            (void)redirect_is_not_followed(tracker, attempt->redirect);
        }
    }
    REQUIRE(attempts == chain->attempt_count);
}

/* --- the input ---------------------------------------------------------------------------------------------------- */

typedef struct {
    sip_slice_t text;
    redirect_message_t message;
} entry_t;

/* "ab 20": from a to b, 20 ms later */
static void
head_read(sip_slice_t head, redirect_message_t *message)
{
    uint32_t later = 0;
    redirect_endpoint_t *const ends[] = {&message->source, &message->destination};

    for (size_t i = 0; i < 2 && i < head.len; i++) {
        *ends[i] = (redirect_endpoint_t){.address = {192, 0, 2, (uint8_t)head.ptr[i]}, .len = 4, .port = 5060};
    }
    if (head.len > 3 && sip_slice_to_uint32(sip_slice_trim(sip_slice_from(head, 3)), &later)) {
        message->time += (redirect_time_t)later * (REDIRECT_SECOND / 1000);
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
    if (rest->len > 3 && memcmp(rest->ptr, "== ", 3) == 0) {
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

static void
feed(redirect_tracker_t *tracker, redirect_message_t *message, sip_slice_t text, witnesses_t *witnesses)
{
    char *copy = g_memdup2(text.ptr, text.len);
    sip_message_t *sip = g_new(sip_message_t, 1);

    if (sip_message_parse(sip_slice_make(copy, text.len), sip)) {
        const redirect_note_t *note;
        message->sip = sip;
        note = redirect_tracker_add(tracker, message);
        if (note) {
            REQUIRE(note->frame == message->frame && note->published);
            witnesses->witness[witnesses->count++] = witness_of(note);
        }
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
    static const redirect_config_t config = {
        .max_hops = 5, .link_calls = true, .link_window = 32, .leg_headers = "X-Call-ID,X-CID"};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &config);
    witnesses_t *witnesses = g_new(witnesses_t, 1);
    sip_slice_t rest = sip_slice_make((const char *)data, size), text;
    redirect_message_t message = {.transport = REDIRECT_TRANSPORT_UDP};

    witnesses->count = 0;
    while (message.frame < MAX_MESSAGES && next_message(&rest, &text, &message)) {
        message.frame++;
        feed(tracker, &message, text, witnesses);
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < witnesses->count; i++) {
            check_unchanged(&witnesses->witness[i]);
        }
        for (uint32_t i = 0; i < redirect_tracker_chain_count(tracker); i++) {
            check_chain(tracker, redirect_tracker_chain(tracker, i));
        }
        redirect_tracker_advance(tracker, message.time + 40 * REDIRECT_SECOND);
    }
    g_free(witnesses);
    wmem_destroy_allocator(scope);
    return 0;
}
