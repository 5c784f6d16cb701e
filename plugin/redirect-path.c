/* redirect-path.c
 * The path that a transaction is on, from the first request that the capture shows to where it ended, and what was tried
 * beside it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-path.h"

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-hidden.h"
#include "redirect-outcome.h"

/* Branches that are named at one place of a path. */
#define MAX_BRANCHES 8

/* Hops that are named of one branch. */
#define MAX_BRANCH_HOPS 3

/* --- where it ends ------------------------------------------------------------------------------------------------ */

static uint16_t
final_in_the_end(const redirect_transaction_t *transaction)
{
    return redirect_last_try(transaction)->response.status;
}

/* Of two follow-ups the one that matters more: one that was answered, else the later one. */
static const redirect_transaction_t *
weightier(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    if (a == NULL || b == NULL) {
        return a ? a : b;
    }
    if ((final_in_the_end(a) / 100 == 2) != (final_in_the_end(b) / 100 == 2)) {
        return final_in_the_end(a) / 100 == 2 ? a : b;
    }
    return a->request.frame > b->request.frame ? a : b;
}

/* Made by the client of transaction or by one nearer to the caller; what a proxy farther on did is not on its path. */
static bool
is_at_or_above(const redirect_transaction_t *followup, const redirect_transaction_t *transaction)
{
    followup = redirect_followup_top(followup);
    while (transaction && redirect_transaction_above(transaction) != redirect_transaction_above(followup)) {
        transaction = redirect_transaction_above(transaction);
    }
    return transaction != NULL;
}

/* The follow-up of a redirect, or of one made from it, that matters most; NULL where there is none. */
static const redirect_transaction_t *
followup_of(const redirect_t *redirect, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *next = redirect->first_followup; next; next = next->link->next_followup) {
        found = is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    for (unsigned i = 0; found == NULL && i < redirect->target_count; i++) {
        const redirect_transaction_t *next = redirect->target[i].tried_by;
        found = next && is_at_or_above(next, transaction) ? weightier(found, next) : found;
    }
    return found;
}

/* Of all redirects that a transaction got: nearly always one. */
static const redirect_transaction_t *
decisive_followup(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_t *redirect = transaction->redirect; redirect; redirect = redirect->later) {
        found = weightier(found, followup_of(redirect, transaction));
    }
    return found;
}

/* What a response was made of, farther on; the latest. */
static const redirect_transaction_t *
made_of(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL, *other;
    redirect_stood_for_iter_t iter;

    redirect_stood_for_init(&iter, transaction);
    while ((other = redirect_stood_for_next(&iter)) != NULL) {
        found = other->upstream_late ? found : other;
    }
    return found;
}

/* The forward whose answer went up as this transaction's own; where there is no answer yet, the latest one. */
static const redirect_transaction_t *
decisive_forward(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *other = redirect_next_below(transaction, NULL); other;
         other = redirect_next_below(transaction, other)) {
        if (other->upstream_late ||
            (transaction->response.status != 0 && other->response.status != transaction->response.status)) {
            continue;
        }
        found = other;
        if (transaction->response.status != 0 && transaction->response.to_tag == other->response.to_tag) {
            break;
        }
    }
    return found || transaction->response.status == 0 ? found : made_of(transaction);
}

/* One step from a transaction towards the end of its path; NULL at the end. */
static const redirect_transaction_t *
next_on_path(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = transaction->redirect ? decisive_followup(transaction) : NULL;

    if (next == NULL) {
        next = transaction->extras->retried_by;
    }
    /* What a proxy did on its own before it passed a redirect up did not end the journey: the redirect did. */
    return next == NULL && transaction->redirect == NULL ? decisive_forward(transaction) : next;
}

const redirect_transaction_t *
redirect_path_end(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *next = next_on_path(transaction);

    /* Every step leads to a later transaction of the chain, so this ends; the count is for what no thought foresees. */
    for (unsigned left = transaction->chain ? transaction->chain->transaction_count : 0; next && left > 0; left--) {
        transaction = next;
        next = next_on_path(transaction);
    }
    return transaction;
}

/* --- its steps ---------------------------------------------------------------------------------------------------- */

/* From the start to the end, each led to by the one before; as many as the chain has transactions at most. */
typedef struct {
    const redirect_transaction_t **step;
    unsigned count;
} steps_t;

/* From the end back to first, or as far as it goes where first is NULL. */
static steps_t
steps_to(wmem_allocator_t *scope, const redirect_transaction_t *end, const redirect_transaction_t *first)
{
    steps_t steps = {.count = 0};
    const redirect_transaction_t *step = end;

    do {
        steps.count++;
        step = step == first ? NULL : redirect_transaction_before(step);
    } while (step);
    steps.step = wmem_alloc_array(scope, const redirect_transaction_t *, steps.count);
    step = end;
    for (unsigned i = steps.count; i > 0; i--) {
        steps.step[i - 1] = step;
        step = i > 1 ? redirect_transaction_before(step) : NULL;
    }
    return steps;
}

static bool
is_forward(const steps_t *steps, unsigned i)
{
    return i > 0 && steps->step[i]->link == NULL && steps->step[i]->extras->retry_of == NULL;
}

/* --- branches beside it ------------------------------------------------------------------------------------------- */

/* What is being put together. */
typedef struct {
    wmem_allocator_t *scope;
    const redirect_store_t *store;
    wmem_array_t *elements;
    bool says_confidence; /* of the links of branches; that of the path's own is a member of each piece */
    unsigned hops;        /* that there is room for */
    unsigned left_out;
    unsigned branches; /* named at this place */
    unsigned branches_left_out;
} path_t;

static void
add_element(path_t *path, redirect_path_element_t element)
{
    wmem_array_append_one(path->elements, element);
}

/* How it ended: its own status, or that there is none. */
static void
append_end(const path_t *path, wmem_strbuf_t *text, const redirect_transaction_t *end)
{
    if (end->response.status) {
        wmem_strbuf_append_printf(text, "%u", end->response.status);
    } else {
        wmem_strbuf_append(text, redirect_has_no_answer(path->store, end) ? "no answer" : "open");
    }
}

/* What became of a branch, its own branches left aside: "(302 -> sip:carol@example.com -> 487)", and "302 487". */
static void
put_branch_words(const path_t *path, const redirect_transaction_t *branch, redirect_path_element_t *element)
{
    wmem_allocator_t *own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const steps_t steps = steps_to(own, redirect_path_end(branch), branch);
    const bool is_way_back = steps.step[0] == branch; /* else something led there otherwise as well */
    wmem_strbuf_t *text = wmem_strbuf_new(path->scope, "("), *codes = wmem_strbuf_new(path->scope, "");
    unsigned hops = 0;

    for (unsigned i = 1; is_way_back && i < steps.count; i++) {
        const redirect_transaction_t *step = steps.step[i];
        if (step->link && hops++ < MAX_BRANCH_HOPS) {
            wmem_strbuf_append_printf(codes, "%u ", step->link->cause->code);
            wmem_strbuf_append_printf(text, "%u -> %s%s -> ", step->link->cause->code,
                                      path->says_confidence ? redirect_confidence_words(step->link->confidence) : "",
                                      redirect_transaction_uri(own, step));
        }
    }
    if (hops > MAX_BRANCH_HOPS) {
        wmem_strbuf_append(codes, "... ");
        wmem_strbuf_append_printf(text, "%u more hop%s -> ", hops - MAX_BRANCH_HOPS,
                                  hops - MAX_BRANCH_HOPS == 1 ? "" : "s");
    }
    append_end(path, text, is_way_back ? steps.step[steps.count - 1] : branch);
    append_end(path, codes, is_way_back ? steps.step[steps.count - 1] : branch);
    wmem_strbuf_append_c(text, ')');
    wmem_destroy_allocator(own);
    element->became = wmem_strbuf_finalize(text);
    element->codes = wmem_strbuf_finalize(codes);
}

static void
add_branch(path_t *path, const redirect_transaction_t *branch, redirect_confidence_t confidence)
{
    redirect_path_element_t element = {.kind = REDIRECT_PATH_BRANCH, .confidence = confidence};

    if (path->branches == MAX_BRANCHES) {
        path->branches_left_out++;
        return;
    }
    path->branches++;
    element.text = redirect_transaction_uri(path->scope, branch);
    put_branch_words(path, branch, &element);
    add_element(path, element);
}

static void
begin_branches(path_t *path)
{
    path->branches = path->branches_left_out = 0;
}

/* @return false where there were none */
static bool
end_branches(path_t *path)
{
    if (path->branches_left_out > 0) {
        add_element(path, (redirect_path_element_t){
                              .kind = REDIRECT_PATH_BRANCH,
                              .confidence = REDIRECT_CONFIDENCE_CERTAIN,
                              .text = wmem_strdup_printf(path->scope, "%u more", path->branches_left_out),
                              .became = "",
                              .codes = "",
                          });
    }
    return path->branches > 0;
}

/* The same request, by whichever of its forwards it is listed. */
static bool
is_same_followup(const redirect_transaction_t *a, const redirect_transaction_t *b)
{
    return redirect_followup_top(a) == redirect_followup_top(b);
}

/* What else the redirect led to that led to followup. */
static void
add_other_followups(path_t *path, const redirect_transaction_t *followup)
{
    begin_branches(path);
    for (const redirect_transaction_t *other = followup->link->cause->first_followup; other;
         other = other->link->next_followup) {
        if (other != followup && !is_same_followup(other, followup)) {
            add_branch(path, other, other->link->confidence);
        }
    }
    end_branches(path);
}

/* The redirect or refusal that the element above passed on as its own: it is on the path, and no other. */
static bool
was_passed_on(const redirect_transaction_t *branch, const redirect_transaction_t *above)
{
    if (branch->redirect && above->redirect) {
        return above->redirect == branch->redirect || above->redirect->source == branch->redirect;
    }
    return branch->response.status == above->response.status && branch->response.to_tag == above->response.to_tag;
}

/* A branch of a proxy, or a leg of a B2BUA, that was redirected or refused for good, and that the path does not take. */
static bool
is_branch_to_name(const redirect_transaction_t *branch, const redirect_transaction_t *above)
{
    return redirect_is_explained(branch->response.status) && branch->link == NULL &&
           branch->extras->retried_by == NULL && !branch->upstream_late && !was_passed_on(branch, above);
}

/* True where the path goes through branch. */
static bool
is_on(const steps_t *steps, const redirect_transaction_t *branch)
{
    unsigned i = 0;

    while (i < steps->count && steps->step[i] != branch) {
        i++;
    }
    return i < steps->count;
}

/* How sure it is that an element made this request of the one above it. */
static redirect_confidence_t
confidence_of_branch(const redirect_transaction_t *branch)
{
    const redirect_leg_t *leg = branch->upstream ? NULL : branch->extras->leg;

    return leg ? (redirect_confidence_t)leg->confidence : REDIRECT_CONFIDENCE_CERTAIN;
}

/* @return true where branches of step i were named */
static bool
add_forks(path_t *path, const steps_t *steps, unsigned i)
{
    const redirect_transaction_t *above = steps->step[i];

    begin_branches(path);
    for (const redirect_transaction_t *branch = redirect_next_below(above, NULL); branch;
         branch = redirect_next_below(above, branch)) {
        if (is_branch_to_name(branch, above) && !is_on(steps, branch)) {
            add_branch(path, branch, confidence_of_branch(branch));
        }
    }
    return end_branches(path);
}

/* --- the pieces --------------------------------------------------------------------------------------------------- */

static void
add_uri(path_t *path, const redirect_transaction_t *transaction, redirect_confidence_t confidence)
{
    add_element(path, (redirect_path_element_t){.kind = REDIRECT_PATH_URI,
                                                .confidence = confidence,
                                                .text = redirect_transaction_uri(path->scope, transaction),
                                                .became = "",
                                                .codes = ""});
}

static void
add_text(path_t *path, redirect_path_kind_t kind, const char *text)
{
    add_element(path,
                (redirect_path_element_t){
                    .kind = kind, .confidence = REDIRECT_CONFIDENCE_CERTAIN, .text = text, .became = "", .codes = ""});
}

static void
add_followup(path_t *path, const redirect_transaction_t *followup)
{
    if (path->hops == 0) {
        path->left_out++;
        return;
    }
    path->hops--;
    add_text(path, REDIRECT_PATH_CODE, wmem_strdup_printf(path->scope, "%u", followup->link->cause->code));
    add_other_followups(path, followup);
    add_uri(path, followup, followup->link->confidence);
}

static void
add_steps(path_t *path, const steps_t *steps)
{
    bool forked = false;

    add_uri(path, steps->step[0], REDIRECT_CONFIDENCE_CERTAIN);
    for (unsigned i = 0; i < steps->count; i++) {
        if (i > 0 && steps->step[i]->link) {
            add_followup(path, steps->step[i]);
        } else if (is_forward(steps, i) && forked) {
            add_uri(path, steps->step[i], confidence_of_branch(steps->step[i]));
        }
        forked = path->left_out == 0 && add_forks(path, steps, i);
    }
}

/* What the end of a path shows. */
static void
add_end(path_t *path, const redirect_transaction_t *end)
{
    const redirect_transaction_t *caller_got = redirect_answered_otherwise(end);

    if (path->left_out > 0) {
        add_text(path, REDIRECT_PATH_HOPS_LEFT_OUT,
                 wmem_strdup_printf(path->scope, "(%u more hop%s)", path->left_out, path->left_out == 1 ? "" : "s"));
    }
    if (end->response.status != 0) {
        add_text(path, REDIRECT_PATH_CODE, wmem_strdup_printf(path->scope, "%u", end->response.status));
    }
    if (caller_got) {
        add_text(path, REDIRECT_PATH_CODE,
                 wmem_strdup_printf(path->scope, "(%u to the caller)", caller_got->response.status));
    }
}

static const redirect_path_element_t *
elements(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_transaction_t *transaction,
         bool says_confidence, unsigned *count)
{
    const redirect_transaction_t *end = redirect_path_end(transaction);
    wmem_allocator_t *own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const steps_t steps = steps_to(own, end, NULL);
    path_t path = {
        .scope = scope,
        .store = store,
        .elements = wmem_array_new(scope, sizeof(redirect_path_element_t)),
        .says_confidence = says_confidence,
        .hops = redirect_store_config(store)->limits.path_hops,
    };

    add_steps(&path, &steps);
    add_end(&path, end);
    wmem_destroy_allocator(own);
    *count = wmem_array_get_count(path.elements);
    return (const redirect_path_element_t *)wmem_array_get_raw(path.elements);
}

const redirect_path_element_t *
redirect_path_elements(wmem_allocator_t *scope, const redirect_store_t *store,
                       const redirect_transaction_t *transaction, unsigned *count)
{
    return elements(scope, store, transaction, true, count);
}

const char *
redirect_path_joint(const redirect_path_element_t *before, const redirect_path_element_t *after)
{
    return before->kind == REDIRECT_PATH_BRANCH && after->kind != REDIRECT_PATH_CODE ? ", " : " -> ";
}

static char *
path_text(wmem_allocator_t *scope, const redirect_store_t *store, const redirect_transaction_t *transaction,
          bool says_confidence)
{
    unsigned count;
    wmem_allocator_t *own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE); /* scope may be NULL, and nobody frees then */
    const redirect_path_element_t *element = elements(own, store, transaction, says_confidence, &count);
    wmem_strbuf_t *path = wmem_strbuf_new(scope, "");

    for (unsigned i = 0; i < count; i++) {
        wmem_strbuf_append(path, i > 0 ? redirect_path_joint(&element[i - 1], &element[i]) : "");
        if (says_confidence) {
            wmem_strbuf_append(path, redirect_confidence_words(element[i].confidence));
        }
        wmem_strbuf_append_printf(path, "%s%s%s", element[i].text, *element[i].became ? " " : "", element[i].became);
    }
    wmem_destroy_allocator(own);
    return wmem_strbuf_finalize(path);
}

char *
redirect_transaction_path(wmem_allocator_t *scope, const redirect_store_t *store,
                          const redirect_transaction_t *transaction)
{
    return path_text(scope, store, transaction, false);
}

char *
redirect_transaction_path_told(wmem_allocator_t *scope, const redirect_store_t *store,
                               const redirect_transaction_t *transaction)
{
    return path_text(scope, store, transaction, true);
}
