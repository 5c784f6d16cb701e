/* redirect-annotations.c
 * What header fields and URIs say of redirections, in sentences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-annotations.h"

#include "redirect-hidden.h"
#include "redirect-leg-back.h"
#include "redirect-history.h"
#include "redirect-path.h"
#include "redirect-reason-words.h"
#include "redirect-text.h"
#include "redirect-told.h"

/* Bytes of one URI or quoted text: an annotation is to be read. */
#define MAX_PIECE 100

/* How far back along a path the redirect of an entry is looked for. */
#define MAX_STEPS_BACK 32

/* --- pieces of sentences ----------------------------------------------------------------------------------------- */

/* "603 Decline", or the number alone where the code is not registered. */
static void
append_code(wmem_strbuf_t *text, uint32_t code)
{
    const char *phrase = redirect_words_for_sip(code);

    wmem_strbuf_append_printf(text, "%u", code);
    if (phrase) {
        wmem_strbuf_append_printf(text, " %s", phrase);
    }
}

/* A list of annotations that grows at its end. */
typedef struct {
    wmem_allocator_t *scope;
    redirect_annotation_t **last;
} annotations_t;

static wmem_strbuf_t *
annotation_begin(const annotations_t *annotations, const char *text)
{
    return wmem_strbuf_new(annotations->scope, text);
}

/* Begins one about the URI of a target, or about the Request-URI where target is NULL. */
static wmem_strbuf_t *
annotation_about(const annotations_t *annotations, const redirect_target_t *target)
{
    wmem_strbuf_t *text = annotation_begin(annotations, target ? "Target " : "Request-URI: ");

    if (target) {
        redirect_text_append_number(text, target->order);
        wmem_strbuf_append(text, ": ");
    }
    return text;
}

/* Takes text over. */
static void
annotation_end(annotations_t *annotations, wmem_strbuf_t *text)
{
    redirect_annotation_t *annotation = wmem_new0(annotations->scope, redirect_annotation_t);

    wmem_strbuf_append(text, ".");
    annotation->text = wmem_strbuf_finalize(text);
    *annotations->last = annotation;
    annotations->last = &annotation->next;
}

/* A request nearest to the caller, before any redirect of its chain: what it says lies before the capture. */
static bool
refers_to_earlier(const redirect_record_t *record)
{
    return record->status == 0 && record->transaction != NULL && record->transaction->hop == 0 &&
           redirect_transaction_above(record->transaction) == NULL;
}

/* --- History-Info ------------------------------------------------------------------------------------------------- */

/* The frame of the redirect, on the path to transaction, that an entry is about; 0 where there is none. */
static uint32_t
entry_seen_in(const redirect_entry_t *entry, const redirect_transaction_t *transaction)
{
    const sip_uri_t said = sip_uri_view(&entry->uri);

    for (unsigned steps = 0; transaction && steps < MAX_STEPS_BACK; steps++) {
        const redirect_transaction_t *before = redirect_transaction_before(transaction);
        sip_uri_t uri;
        if (redirect_cause(transaction) && before && redirect_cause(transaction)->code == entry->reason_cause &&
            (!redirect_request_uri(before, &uri) || sip_uri_match(&said, &uri, NULL) != SIP_URI_MATCH_NONE)) {
            return redirect_cause(transaction)->frame;
        }
        transaction = before;
    }
    return 0;
}

static void
append_entry_reason(wmem_strbuf_t *text, const redirect_entry_t *entry, const redirect_record_t *record)
{
    const char *words = entry->has_cause_param ? redirect_words_for_cause_param(entry->cause_param) : NULL;

    if (words) {
        wmem_strbuf_append_printf(text, " (forwarded there %s)", words);
    }
    if (!entry->has_reason) {
        return;
    }
    wmem_strbuf_append(text, " (");
    if (!redirect_entry_has_sip_reason(entry)) {
        redirect_text_append(text, entry->reason_protocol, 20);
        wmem_strbuf_append_c(text, ' ');
    }
    wmem_strbuf_append_printf(text, "%u", entry->reason_cause);
    if (redirect_entry_was_redirected(entry) && !refers_to_earlier(record)) {
        uint32_t frame = entry_seen_in(entry, record->transaction);
        if (frame) {
            wmem_strbuf_append_printf(text, " in frame %u", frame);
        } else {
            wmem_strbuf_append(text, ", not seen in this chain");
        }
    }
    wmem_strbuf_append_c(text, ')');
}

/* A lone entry without a reason names the address that was asked for, and no more. */
static bool
history_is_worth_showing(const redirect_said_t *said)
{
    return said->entry_total > 1 ||
           (said->entry_count == 1 && (said->entry[0].has_reason || said->entry[0].has_cause_param));
}

static bool
names_earlier_redirect(const redirect_said_t *said, const redirect_record_t *record)
{
    for (unsigned i = 0; i < said->entry_count && refers_to_earlier(record); i++) {
        if (redirect_entry_was_redirected(&said->entry[i])) {
            return true;
        }
    }
    return false;
}

static void
annotation_history_info(annotations_t *annotations, const redirect_said_t *said, const redirect_record_t *record)
{
    const unsigned before = said->entry_total - said->entry_count;
    wmem_strbuf_t *text;

    if (!history_is_worth_showing(said)) {
        return;
    }
    text = annotation_begin(annotations, names_earlier_redirect(said, record)
                                             ? "Redirected before this capture, says History-Info: "
                                             : "History-Info: ");
    if (before > 0) {
        wmem_strbuf_append_printf(text, "%u left out", before);
    }
    for (unsigned i = 0; i < said->entry_count && i < REDIRECT_FACTS_MAX_SHOWN; i++) {
        const sip_uri_t uri = sip_uri_view(&said->entry[i].uri);

        wmem_strbuf_append(text, i > 0 || before > 0 ? ", then " : "");
        redirect_append_uri(text, &uri, MAX_PIECE);
        append_entry_reason(text, &said->entry[i], record);
    }
    if (said->entry_count > REDIRECT_FACTS_MAX_SHOWN) {
        wmem_strbuf_append_printf(text, ", and %u more", said->entry_count - REDIRECT_FACTS_MAX_SHOWN);
    }
    annotation_end(annotations, text);
}

/* --- Diversion ---------------------------------------------------------------------------------------------------- */

/* RFC 5806 5 knows Diversion in requests and 3xx: in a 181 and others Asterisk names the one who is called now. */
static void
annotation_undefined_diversion(annotations_t *annotations, const redirect_diversion_t *diversion)
{
    const sip_uri_t uri = sip_uri_view(&diversion->uri);
    wmem_strbuf_t *text = annotation_begin(annotations, "Diversion names ");

    redirect_append_uri(text, &uri, MAX_PIECE);
    if (sip_slice_has_text(diversion->reason)) {
        wmem_strbuf_append(text, " (");
        redirect_text_append(text, diversion->reason, MAX_PIECE);
        wmem_strbuf_append_c(text, ')');
    }
    wmem_strbuf_append(text, ", which RFC 5806 does not define in this response");
    annotation_end(annotations, text);
}

static void
annotation_diversion(annotations_t *annotations, const redirect_diversion_t *diversion, const redirect_record_t *record)
{
    const char *words = redirect_words_for_diversion(diversion->reason);
    const sip_uri_t uri = sip_uri_view(&diversion->uri);
    wmem_strbuf_t *text = annotation_begin(annotations, "Forwarded");

    if (refers_to_earlier(record)) {
        wmem_strbuf_append(text, " before this capture");
    }
    if (words) {
        wmem_strbuf_append_printf(text, " %s", words);
    }
    wmem_strbuf_append(text, " (Diversion: ");
    if (sip_slice_has_text(diversion->reason)) {
        redirect_text_append(text, diversion->reason, MAX_PIECE);
        wmem_strbuf_append(text, ", ");
    }
    wmem_strbuf_append(text, "from ");
    redirect_append_uri(text, &uri, MAX_PIECE);
    if (diversion->has_counter) {
        wmem_strbuf_append_printf(text, ", %u time%s", diversion->counter, diversion->counter == 1 ? "" : "s");
    }
    wmem_strbuf_append_c(text, ')');
    annotation_end(annotations, text);
}

static void
annotation_diversions(annotations_t *annotations, const redirect_said_t *said, const redirect_record_t *record)
{
    for (unsigned i = 0; i < said->diversion_count; i++) {
        if (said->diversion[i].uri.len == 0) {
            continue;
        }
        if (record->status != 0 && record->status / 100 != 3) {
            annotation_undefined_diversion(annotations, &said->diversion[i]);
        } else {
            annotation_diversion(annotations, &said->diversion[i], record);
        }
    }
}

/* --- Reason ------------------------------------------------------------------------------------------------------- */

static void
append_cancelled_because(wmem_strbuf_t *text, uint32_t cause)
{
    wmem_strbuf_append(text, "Cancelled because ");
    if (cause == 200) {
        wmem_strbuf_append(text, "the call was answered elsewhere");
    } else {
        wmem_strbuf_append(text, "of ");
        append_code(text, cause);
    }
}

static void
append_reason(wmem_strbuf_t *text, const sip_reason_t *reason, const redirect_record_t *record)
{
    if (redirect_is_global_failure_reason(reason) && record->status == 0 && record->method == SIP_METHOD_BYE) {
        wmem_strbuf_append(text, "Ended with ");
        append_code(text, reason->cause);
        wmem_strbuf_append_printf(text, ", says the Reason of this BYE: %s",
                                  sip_response_lookup((uint16_t)reason->cause)->gist);
    } else if (redirect_is_sip_reason(reason) && record->status == 0 && record->method == SIP_METHOD_CANCEL) {
        append_cancelled_because(text, reason->cause);
        wmem_strbuf_append(text, ", says the Reason of this CANCEL");
        if (redirect_is_global_failure_reason(reason)) {
            wmem_strbuf_append_printf(text, ": %s", sip_response_lookup((uint16_t)reason->cause)->gist);
        }
    } else {
        redirect_told_append_reason(text, reason);
        return;
    }
    if (sip_slice_has_text(reason->text)) {
        wmem_strbuf_append(text, " (\"");
        redirect_text_append(text, reason->text, MAX_PIECE);
        wmem_strbuf_append(text, "\")");
    }
}

/* Those of a 3xx or 6xx are told elsewhere (redirect-told.h). */
static void
annotation_reasons(annotations_t *annotations, const redirect_said_t *said, const redirect_record_t *record)
{
    if (redirect_is_explained(record->status)) {
        return;
    }
    for (unsigned i = 0; i < said->reason_count; i++) {
        wmem_strbuf_t *text = annotation_begin(annotations, "");
        append_reason(text, &said->reason[i], record);
        annotation_end(annotations, text);
    }
}

/* A 487 only echoes a CANCEL; what the CANCEL came of explains it. */
static void
annotation_cancel_cause(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    wmem_strbuf_t *text;

    if (record->status != 487 || record->method == SIP_METHOD_CANCEL || transaction == NULL ||
        transaction->extras->cancel == NULL || transaction->extras->cancel->cause == 0) {
        return;
    }
    text = annotation_begin(annotations, "");
    append_cancelled_because(text, transaction->extras->cancel->cause);
    wmem_strbuf_append_printf(text, ", says the Reason of the CANCEL in frame %u", transaction->extras->cancel->frame);
    annotation_end(annotations, text);
}

/* A redirect or global failure farther on that a transaction's own answer hides: on its path, or beside it. */
static const redirect_transaction_t *
hidden_for(const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *above = redirect_transaction_above(transaction), *other;
    const redirect_transaction_t *end = redirect_path_end(transaction);
    redirect_stood_for_iter_t iter;

    if (end != transaction && redirect_hidden_by(end) == transaction) {
        return end;
    }
    if (above && above->response.status == transaction->response.status) {
        return NULL; /* it is that one's answer that hides them */
    }
    redirect_stood_for_init(&iter, transaction);
    do {
        other = redirect_stood_for_next(&iter);
    } while (other && !redirect_is_redirect_or_refusal(other));
    return other;
}

/* What the caller got in place of a redirect or global failure that a proxy kept to itself. */
static void
annotation_stands_for(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction, *hidden;
    wmem_strbuf_t *text;

    if (record->status < 300 || transaction == NULL || record->frame != transaction->response.frame) {
        return;
    }
    hidden = hidden_for(transaction);
    if (hidden == NULL) {
        return;
    }
    text = annotation_begin(annotations, "");
    wmem_strbuf_append_printf(text, "The caller got this, and not the %u in frame %u%s", hidden->response.status,
                              hidden->response.frame,
                              redirect_confidence_of_call(redirect_confidence_between(hidden, transaction)));
    annotation_end(annotations, text);
}

/* What the end of a call says of the legs that a B2BUA made of it. */
static void
annotation_legs(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    char *sentence;
    wmem_strbuf_t *text;

    if (transaction == NULL || record->frame != transaction->response.frame) {
        return;
    }
    sentence = redirect_leg_back_text(annotations->scope, transaction);
    if (sentence) {
        text = annotation_begin(annotations, sentence);
        annotation_end(annotations, text);
    }
}

/* --- URIs --------------------------------------------------------------------------------------------------------- */

static void
append_number_param(wmem_strbuf_t *text, const char *lead, sip_slice_t value, const char *name)
{
    wmem_strbuf_append(text, lead);
    redirect_text_append(text, value, MAX_PIECE);
    wmem_strbuf_append_printf(text, " (%s)", name);
}

/* RFC 4694: rn is the routing number of a ported number; npdi says that the database was asked. */
static void
annotation_portability(annotations_t *annotations, const sip_uri_t *uri, const redirect_target_t *target)
{
    sip_slice_t rn, npdi, cic;
    bool routed = redirect_number_param(uri, "rn", &rn) && sip_slice_has_text(rn);
    bool asked = redirect_number_param(uri, "npdi", &npdi);
    wmem_strbuf_t *text;

    if (!routed && !asked) {
        return;
    }
    text = annotation_about(annotations, target);
    wmem_strbuf_append(text, "number portability: ");
    if (routed) {
        append_number_param(text, "routed by ", rn, "rn");
    } else {
        wmem_strbuf_append(text, "no routing number");
    }
    if (asked) {
        wmem_strbuf_append(text, ", lookup done (npdi)");
    }
    if (redirect_number_param(uri, "cic", &cic) && sip_slice_has_text(cic)) {
        append_number_param(text, ", carrier ", cic, "cic");
    }
    annotation_end(annotations, text);
}

/* RFC 4458: cause= says why the request goes to this URI, target= for whom a service is to act. */
static void
annotation_service_params(annotations_t *annotations, const sip_uri_t *uri, const redirect_target_t *target)
{
    sip_slice_t cause, on_behalf;
    uint32_t number = 0;
    bool has_cause = sip_uri_param(uri, "cause", &cause) && sip_slice_to_uint32(cause, &number);
    bool has_target = sip_uri_param(uri, "target", &on_behalf) && sip_slice_has_text(on_behalf);
    const char *words = has_cause ? redirect_words_for_cause_param(number) : NULL;
    wmem_strbuf_t *text;

    if (!has_cause && !has_target) {
        return;
    }
    text = annotation_about(annotations, target);
    if (words) {
        wmem_strbuf_append_printf(text, "forwarded %s (cause=%u)", words, number);
    } else if (has_cause) {
        wmem_strbuf_append_printf(text, "cause=%u, which RFC 4458 does not define", number);
    }
    if (has_target) {
        wmem_strbuf_append(text, has_cause ? ", on behalf of " : "on behalf of ");
        redirect_text_append_unescaped(text, on_behalf, MAX_PIECE);
        wmem_strbuf_append(text, " (target)");
    }
    annotation_end(annotations, text);
}

/* False where a URI has none of the parameters that an annotation is about. */
static bool
may_have_uri_param(sip_slice_t text)
{
    static const sip_slice_t names[] = {{"rn=", 3}, {"npdi", 4}, {"cause=", 6}, {"target=", 7}};

    return redirect_may_have_param(text, names, G_N_ELEMENTS(names));
}

static void
annotation_request_uri(annotations_t *annotations, const redirect_record_t *record)
{
    sip_uri_t uri;

    if (record->transaction == NULL || record->method == SIP_METHOD_ACK || record->method == SIP_METHOD_CANCEL ||
        !may_have_uri_param(redirect_request_text(record->transaction)) ||
        !redirect_request_uri(record->transaction, &uri)) {
        return;
    }
    annotation_portability(annotations, &uri, NULL);
    annotation_service_params(annotations, &uri, NULL);
}

/* RFC 7044 10.4: how a Contact was made from the entry of History-Info that it names. */
static void
annotation_mapping(annotations_t *annotations, const redirect_target_t *target)
{
    wmem_strbuf_t *text;

    if (target->mapped_from == NULL) {
        return;
    }
    text = annotation_about(annotations, target);
    wmem_strbuf_append(text, target->is_same_user ? "the same user as in" : "another user than in");
    wmem_strbuf_append(text, " entry ");
    wmem_strbuf_append(text, target->mapped_from);
    wmem_strbuf_append(text, target->is_same_user ? " of History-Info (rc)" : " of History-Info (mp)");
    annotation_end(annotations, text);
}

static void
annotation_targets(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    for (unsigned i = 0; i < redirect->target_count && i < REDIRECT_FACTS_MAX_SHOWN; i++) {
        const redirect_target_t *target = &redirect->target[i];

        if (may_have_uri_param(redirect_target_text(target))) {
            const sip_uri_t uri = redirect_target_uri(target);

            annotation_portability(annotations, &uri, target);
            annotation_service_params(annotations, &uri, target);
        }
        annotation_mapping(annotations, target);
    }
}

/* --- Identity, and answers to queries ----------------------------------------------------------------------------- */

static bool
has_looked_up_number(const redirect_t *redirect)
{
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const sip_uri_t uri = redirect_target_uri(&redirect->target[i]);
        if (redirect_has_portability(&uri)) {
            return true;
        }
    }
    return false;
}

#define BY_CUSTOM "Signing servers do so by custom; no RFC defines it"

/* " (shaken)" */
static void
append_kind(wmem_strbuf_t *text, sip_slice_t kind)
{
    if (sip_slice_has_text(kind)) {
        wmem_strbuf_append(text, " (");
        redirect_text_append(text, kind, MAX_PIECE);
        wmem_strbuf_append_c(text, ')');
    }
}

static void
append_answer(wmem_strbuf_t *text, const redirect_facts_t *facts, const redirect_t *redirect)
{
    sip_slice_t kind;

    if (redirect_facts_identity(facts, &kind) == REDIRECT_IDENTITY_CALLER) {
        wmem_strbuf_append(text, "An answer to a signing or lookup query, no forward: its Identity");
        append_kind(text, kind);
        wmem_strbuf_append(text, " goes into the call that comes next. " BY_CUSTOM);
    } else if (has_looked_up_number(redirect)) {
        wmem_strbuf_append(text, "An answer to a lookup, no forward: the same number, with what a number portability "
                                 "database says");
    } else {
        wmem_strbuf_append(text, "An answer to a lookup, no forward: P-Asserted-Identity says who is calling");
    }
}

static void
annotation_identity(annotations_t *annotations, const redirect_facts_t *facts, const redirect_record_t *record)
{
    sip_slice_t kind;
    const redirect_identity_t identity = redirect_facts_identity(facts, &kind);
    const redirect_t *redirect = redirect_of_record(record);
    wmem_strbuf_t *text;

    if (identity == REDIRECT_IDENTITY_NONE && !redirect->dip_response) {
        return;
    }
    text = annotation_begin(annotations, "");
    if (redirect->dip_response) {
        append_answer(text, facts, redirect);
    } else if (identity == REDIRECT_IDENTITY_DIV) {
        wmem_strbuf_append(text, "The signed Identity");
        append_kind(text, kind);
        wmem_strbuf_append(text,
                           " proves a forward, and the request that follows may take it along (RFC 8946 section 7)");
    } else {
        wmem_strbuf_append(text, "Carries a signed Identity");
        append_kind(text, kind);
        wmem_strbuf_append(text, " for the request that follows. " BY_CUSTOM);
    }
    annotation_end(annotations, text);
}

/* --- a redirect that comes too late ---------------------------------------------------------------------------------- */

static void
annotation_too_late(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *refused = record->transaction && record->frame == record->transaction->response.frame
                                                ? redirect_refused_before(record->transaction)
                                                : NULL;
    wmem_strbuf_t *text;

    if (refused) {
        text = annotation_begin(annotations, "");
        wmem_strbuf_append_printf(
            text,
            "Came after the %u in frame %u had ended another branch: this proxy must not follow it "
            "(RFC 3261 section 16.7)",
            refused->response.status, refused->response.frame);
        annotation_end(annotations, text);
    }
}

/* --- Error-Info --------------------------------------------------------------------------------------------------- */

static void
annotation_announcement(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    wmem_strbuf_t *text;

    if (transaction == NULL || redirect_announces(transaction) == NULL || record->frame != transaction->request.frame) {
        return;
    }
    text = annotation_begin(annotations, "");
    wmem_strbuf_append_printf(
        text,
        "Calls the Error-Info URI of the %u in frame %u: an announcement (RFC 3261 section 20.18), "
        "and not the call",
        redirect_announces(transaction)->response.status, redirect_announces(transaction)->response.frame);
    annotation_end(annotations, text);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

/* The history in a provisional response repeats the request's, except in a 181 (Call Is Being Forwarded). */
static bool
is_worth_history(const redirect_record_t *record)
{
    return record->method != SIP_METHOD_ACK && record->method != SIP_METHOD_CANCEL &&
           (record->status == 0 || record->status == 181 || record->status >= 200);
}

static void
annotation_history(annotations_t *annotations, const redirect_said_t *said, const redirect_record_t *record)
{
    if (is_worth_history(record)) {
        annotation_history_info(annotations, said, record);
        annotation_diversions(annotations, said, record);
    }
}

redirect_annotation_t *
redirect_annotations_read(wmem_allocator_t *scope, redirect_facts_t *facts, const redirect_record_t *record)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    redirect_annotation_t *first = NULL;
    annotations_t annotations = {scope, &first};

    annotation_history(&annotations, said, record);
    annotation_reasons(&annotations, said, record);
    if (record->status == 0) {
        annotation_request_uri(&annotations, record);
        annotation_announcement(&annotations, record);
    } else if (redirect_of_record(record)) {
        annotation_identity(&annotations, facts, record);
        annotation_targets(&annotations, record);
        annotation_too_late(&annotations, record);
    } else {
        annotation_cancel_cause(&annotations, record);
        annotation_stands_for(&annotations, record);
    }
    annotation_legs(&annotations, record);
    return first;
}

static bool
opens_its_transaction(const redirect_record_t *record)
{
    return record->status == 0 && record->transaction != NULL && record->transaction->request.frame == record->frame &&
           record->method != SIP_METHOD_ACK && record->method != SIP_METHOD_CANCEL;
}

const redirect_annotation_t *
redirect_annotations_of(wmem_allocator_t *scope, const redirect_record_t *record)
{
    redirect_annotation_t *first = NULL;
    annotations_t annotations = {scope, &first};

    if (record->details->annotations || !opens_its_transaction(record)) {
        return record->details->annotations;
    }
    if (record->transaction->extras->history) {
        annotation_history(&annotations, &record->transaction->extras->history->said, record);
        annotation_reasons(&annotations, &record->transaction->extras->history->said, record);
    }
    annotation_request_uri(&annotations, record);
    return first;
}
