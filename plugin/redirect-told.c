/* redirect-told.c
 * What the sender of a 3xx or 6xx says in its own words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-told.h"

#include "redirect-reason-words.h"
#include "redirect-text.h"

/* Bytes of a text or URI that is told, and of one that stands for all in a verdict. */
#define MAX_TOLD 256
#define MAX_BRIEF 80

/* Bytes of a name: a protocol, a location, who warns. */
#define MAX_NAME 60

/* --- words -------------------------------------------------------------------------------------------------------- */

/* Takes the next word off *rest: letters and digits, and all that is no ASCII. False at the end. */
static bool
take_word(sip_slice_t *rest, sip_slice_t *word)
{
    size_t start = 0, end;

    while (start < rest->len && !g_ascii_isalnum(rest->ptr[start]) && (unsigned char)rest->ptr[start] < 0x80) {
        start++;
    }
    for (end = start; end < rest->len && (g_ascii_isalnum(rest->ptr[end]) || (unsigned char)rest->ptr[end] >= 0x80);) {
        end++;
    }
    if (end == start) {
        return false;
    }
    *word = sip_slice_make(rest->ptr + start, end - start);
    *rest = sip_slice_from(*rest, end);
    return true;
}

/* The same words in the same order, whatever their case and what stands between them. */
static bool
same_words(sip_slice_t text, const char *other)
{
    sip_slice_t rest = sip_slice_from_string(other), a, b;

    while (take_word(&text, &a)) {
        if (!take_word(&rest, &b) || !sip_slice_equal_nocase(a, b)) {
            return false;
        }
    }
    return !take_word(&rest, &b);
}

static bool
has_word(const char *text, sip_slice_t word)
{
    sip_slice_t rest = sip_slice_from_string(text), other;

    while (take_word(&rest, &other)) {
        if (sip_slice_equal_nocase(word, other)) {
            return true;
        }
    }
    return false;
}

/* Words that say no more of why than that there is no call. */
static const char empty_words[] = "a an been call calls code decline declined end ended error fail failed failure for "
                                  "given has is no none not of ok or reason refuse refused reject rejected request "
                                  "response sip sorry specified status terminated the this unknown unspecified user "
                                  "was";

static bool
is_number(sip_slice_t word)
{
    uint32_t number;

    return sip_slice_to_uint32(word, &number);
}

/* As much of a text as is shown: what is said beyond it counts for nothing. */
static sip_slice_t
shown_part(sip_slice_t text)
{
    return sip_slice_make(text.ptr, MIN(text.len, MAX_TOLD));
}

/* True where each word of text is empty, a number, or among those of words and phrase; both may be NULL. */
static bool
says_no_more(sip_slice_t text, const char *words, const char *phrase)
{
    sip_slice_t word;

    text = shown_part(text);
    while (take_word(&text, &word)) {
        if (!is_number(word) && !has_word(empty_words, word) && !has_word(words, word) && !has_word(phrase, word)) {
            return false;
        }
    }
    return true;
}

/*
 * Phrases that say no more than the code, so that they are not other words than the registered ones. RFC 3515 2.4.5 and
 * RFC 3891 3 write 603 "Declined", and much software does; RFC 3261 20.33 writes 600 "Busy"; "Found" is what HTTP calls
 * its 302. A code below 10 stands for its class.
 */
static const struct {
    uint16_t code;
    const char *phrase;
} usual_phrases[] = {
    {3, "Redirect"},
    {3, "Redirected"},
    {3, "Redirection"},
    {3, "Forwarded"},
    {3, "Call Forwarded"},
    {3, "Diverted"},
    {3, "Call Diverted"},
    {300, "Multiple Choice"},
    {301, "Moved"},
    {301, "Permanently Moved"},
    {302, "Moved"},
    {302, "Found"},
    {302, "Moved Temporary"},
    {302, "Temporarily Moved"},
    {380, "Alternate Service"},
    {600, "Busy"},
    {603, "Declined"},
    {603, "Call Declined"},
    {604, "Does Not Exist"},
    {608, "Call Rejected"},
};

/* True for no phrase, the registered one, and one that stands for it. */
static bool
is_usual_phrase(uint16_t status, const char *registered, sip_slice_t phrase)
{
    sip_slice_t rest = shown_part(phrase), word;

    phrase = rest;
    if (!take_word(&rest, &word) || (registered && same_words(phrase, registered))) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(usual_phrases); i++) {
        const uint16_t code = usual_phrases[i].code;

        if ((code == status || code == status / 100) && same_words(phrase, usual_phrases[i].phrase)) {
            return true;
        }
    }
    return false;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

void
redirect_lines_init(redirect_lines_t *lines, wmem_allocator_t *scope, unsigned max)
{
    *lines = (redirect_lines_t){.scope = scope, .last = &lines->first, .room = max};
}

bool
redirect_lines_next_value(redirect_lines_t *lines, sip_value_iter_t *values, sip_slice_t *value)
{
    while (sip_value_iter_next(values, value)) {
        if (lines->room > 0) {
            return true;
        }
        lines->left_out++;
    }
    return false;
}

static void
add_line(redirect_lines_t *lines, wmem_strbuf_t *text)
{
    redirect_annotation_t *line = wmem_new0(lines->scope, redirect_annotation_t);

    line->text = wmem_strbuf_finalize(text);
    *lines->last = line;
    lines->last = &line->next;
}

void
redirect_lines_add(redirect_lines_t *lines, wmem_strbuf_t *text)
{
    add_line(lines, text);
    lines->room--;
}

redirect_annotation_t *
redirect_lines_end(redirect_lines_t *lines)
{
    if (lines->left_out > 0) {
        wmem_strbuf_t *text = wmem_strbuf_new(lines->scope, "");

        wmem_strbuf_append_printf(text, "%u more left out, a limit of the analysis is reached", lines->left_out);
        add_line(lines, text);
    }
    return lines->first;
}

/* --- collecting --------------------------------------------------------------------------------------------------- */

/*
 * How much one value says about why, the least first. What somebody wrote for this very case beats a number out of a
 * list; a number that says why beats one that only repeats what the code says, and that a phrase which says nothing. A
 * Reason is made to say why (RFC 3326), a Warning to add to it, a comment of Retry-After is about the callee's plans,
 * and phrases are often set without a thought for the call. Error-Info only points to where more is to be heard.
 */
typedef enum {
    WEIGHT_NOTHING,      /* "normal clearing", or the code itself: no answer to why */
    WEIGHT_EMPTY,        /* a phrase such as "Call Rejected", a number that is not known */
    WEIGHT_REPEATED,     /* the cause that is made of this code, or the code of it (RFC 3398 8.2.6.1) */
    WEIGHT_POINTER,      /* Error-Info */
    WEIGHT_CAUSE,        /* a cause of Q.850, another response */
    WEIGHT_WARNING_CODE, /* what does not fit in the session that was offered */
    WEIGHT_PHRASE,       /* a phrase that says something */
    WEIGHT_COMMENT,      /* of Retry-After */
    WEIGHT_WARNING,      /* the text of a Warning */
    WEIGHT_REASON,       /* the text of a Reason */
    WEIGHT_OFFER,        /* in a 606, which is about the offer and names Warning for it (RFC 3261 21.6.4) */
} weight_t;

/* What is being read of one message. */
typedef struct {
    wmem_allocator_t *scope;
    const sip_message_t *sip;
    const char *phrase; /* the registered one; NULL where the code is not registered */
    redirect_lines_t lines;
    weight_t weight; /* of brief */
    char *brief;     /* NULL: none says anything */
} telling_t;

/* Where this says more than what was offered before: an empty text for it in few words, else NULL. */
static wmem_strbuf_t *
offer(telling_t *telling, weight_t weight)
{
    if (weight <= telling->weight) {
        return NULL;
    }
    telling->weight = weight;
    wmem_free(telling->scope, telling->brief);
    telling->brief = NULL;
    return wmem_strbuf_new(telling->scope, "");
}

static void
offer_end(telling_t *telling, wmem_strbuf_t *brief)
{
    telling->brief = wmem_strbuf_finalize(brief);
}

static void
append_quoted(wmem_strbuf_t *out, sip_slice_t text, size_t max)
{
    wmem_strbuf_append_c(out, '"');
    redirect_text_append(out, text, max);
    wmem_strbuf_append_c(out, '"');
}

/* What stands behind a code: its words, and the text where that has others. */
static void
append_words_and_text(wmem_strbuf_t *out, const char *before, const char *words, sip_slice_t text)
{
    if (words) {
        wmem_strbuf_append(out, before);
        wmem_strbuf_append(out, words);
    }
    if (sip_slice_has_text(text) && !(words && same_words(text, words))) {
        wmem_strbuf_append(out, " (");
        append_quoted(out, text, MAX_TOLD);
        wmem_strbuf_append_c(out, ')');
    }
}

/* --- the reason phrase -------------------------------------------------------------------------------------------- */

static void
tell_phrase(telling_t *telling)
{
    const sip_slice_t phrase = sip_slice_trim(telling->sip->phrase);
    wmem_strbuf_t *text;

    if (is_usual_phrase(telling->sip->status, telling->phrase, phrase) || telling->lines.room == 0) {
        return;
    }
    text = wmem_strbuf_new(telling->scope, "Reason phrase: ");
    append_quoted(text, phrase, MAX_TOLD);
    redirect_lines_add(&telling->lines, text);
    text = offer(telling, says_no_more(phrase, NULL, telling->phrase) ? WEIGHT_EMPTY : WEIGHT_PHRASE);
    if (text) {
        append_quoted(text, phrase, MAX_BRIEF);
        wmem_strbuf_append(text, " (reason phrase)");
        offer_end(telling, text);
    }
}

/* --- Reason ------------------------------------------------------------------------------------------------------- */

/* Causes of Q.850 by which nobody learns why: none, normal, unspecified, interworking. */
static bool
is_cause_without_content(uint32_t cause)
{
    return cause == 0 || cause == 16 || cause == 31 || cause == 127;
}

/* The cause that a gateway makes of a global failure (RFC 3398 8.2.6.1). */
static bool
is_cause_of(uint16_t status, uint32_t cause)
{
    return (status == 600 && cause == 17) || (status == 603 && cause == 21) || (status == 604 && cause == 1);
}

static bool
is_q850(const sip_reason_t *reason)
{
    return reason->has_cause && sip_slice_equal_nocase(reason->protocol, SIP_SLICE_LITERAL("Q.850"));
}

static const char *
words_for_cause(const sip_reason_t *reason)
{
    return is_q850(reason)                  ? redirect_words_for_q850(reason->cause)
           : redirect_is_sip_reason(reason) ? redirect_words_for_sip(reason->cause)
                                            : NULL;
}

void
redirect_told_append_reason(wmem_strbuf_t *out, const sip_reason_t *reason)
{
    const bool is_sip = redirect_is_sip_reason(reason);

    wmem_strbuf_append(out, "Reason: ");
    redirect_text_append(out, reason->protocol, MAX_NAME);
    if (reason->has_cause) {
        wmem_strbuf_append_printf(out, is_sip ? " %u" : " cause %u", reason->cause);
    }
    append_words_and_text(out, is_sip ? " " : ", ", words_for_cause(reason), reason->text);
}

void
redirect_told_append_location(wmem_strbuf_t *out, sip_slice_t location)
{
    redirect_text_append(out, location, MAX_NAME);
    if (redirect_words_for_location(location)) {
        wmem_strbuf_append(out, ", ");
        wmem_strbuf_append(out, redirect_words_for_location(location));
    }
}

/* Where a cause came from, for the brackets behind it. */
static void
append_location_brief(wmem_strbuf_t *out, sip_slice_t location)
{
    const char *words = redirect_words_for_location_brief(location);

    if (words) {
        wmem_strbuf_append(out, ", from ");
        wmem_strbuf_append(out, words);
    }
    wmem_strbuf_append_c(out, ')');
}

static weight_t
weight_of_cause(const telling_t *telling, const sip_reason_t *reason)
{
    const uint16_t status = telling->sip->status;

    if (!reason->has_cause || (redirect_is_sip_reason(reason) && reason->cause == status) ||
        (is_q850(reason) && is_cause_without_content(reason->cause))) {
        return WEIGHT_NOTHING;
    }
    if (words_for_cause(reason) == NULL) {
        return WEIGHT_EMPTY;
    }
    return is_q850(reason) && is_cause_of(status, reason->cause) ? WEIGHT_REPEATED : WEIGHT_CAUSE;
}

static void
append_cause_brief(wmem_strbuf_t *out, const sip_reason_t *reason)
{
    const char *words = words_for_cause(reason);

    if (words && is_q850(reason)) {
        wmem_strbuf_append_printf(out, "%s (Q.850 cause %u", words, reason->cause);
    } else if (words) {
        wmem_strbuf_append_printf(out, "%u %s (Reason", reason->cause, words);
    } else {
        redirect_text_append(out, reason->protocol, MAX_NAME);
        wmem_strbuf_append_printf(out, " cause %u (Reason", reason->cause);
    }
    append_location_brief(out, reason->location);
}

/* The text of half a 603+ is for machines. */
static void
append_text_brief(wmem_strbuf_t *out, const sip_reason_t *reason, bool is_blocked)
{
    if (is_blocked) {
        wmem_strbuf_append(out, "blocked by call analytics");
    } else {
        append_quoted(out, reason->text, MAX_BRIEF);
    }
    wmem_strbuf_append(out, " (Reason");
    append_location_brief(out, reason->location);
}

static void
tell_reason(telling_t *telling, const sip_reason_t *reason, bool is_blocked)
{
    const bool has_text = !says_no_more(reason->text, words_for_cause(reason), telling->phrase);
    wmem_strbuf_t *text = wmem_strbuf_new(telling->scope, "");

    redirect_told_append_reason(text, reason);
    if (sip_slice_has_text(reason->location)) {
        wmem_strbuf_append(text, ", location ");
        redirect_told_append_location(text, reason->location);
    }
    redirect_lines_add(&telling->lines, text);
    text = offer(telling, has_text ? WEIGHT_REASON : weight_of_cause(telling, reason));
    if (text) {
        if (has_text) {
            append_text_brief(text, reason, is_blocked);
        } else {
            append_cause_brief(text, reason);
        }
        offer_end(telling, text);
    }
}

static void
tell_reasons(telling_t *telling, bool is_network_blocked)
{
    sip_network_blocked_t details;
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;

    sip_value_iter_init(&values, telling->sip, SIP_HEADER_REASON);
    while (redirect_lines_next_value(&telling->lines, &values, &value)) {
        if (!sip_reason_parse(value, &reason) || !(reason.has_cause || sip_slice_has_text(reason.text))) {
            continue;
        }
        const bool is_blocked = telling->sip->status == 603 && sip_reason_network_blocked(&reason, &details);
        if (!is_blocked || !is_network_blocked) {
            tell_reason(telling, &reason, is_blocked);
        }
    }
}

/* --- Warning ------------------------------------------------------------------------------------------------------ */

/* 399 says nothing but that there is a text. */
static weight_t
weight_of_warning(const telling_t *telling, const sip_warning_t *warning, bool has_text)
{
    const bool is_about_offer = warning->code != 399 && redirect_words_for_warning(warning->code);

    if (is_about_offer && telling->sip->status == 606) {
        return WEIGHT_OFFER;
    }
    return has_text ? WEIGHT_WARNING : is_about_offer ? WEIGHT_WARNING_CODE : WEIGHT_NOTHING;
}

static void
tell_warning(telling_t *telling, const sip_warning_t *warning)
{
    const char *words = redirect_words_for_warning(warning->code);
    const bool has_text = !says_no_more(warning->text, words, telling->phrase);
    wmem_strbuf_t *text = wmem_strbuf_new(telling->scope, "Warning: ");

    redirect_text_append_number(text, warning->code);
    append_words_and_text(text, ", ", words, warning->text);
    if (sip_slice_has_text(warning->agent)) {
        wmem_strbuf_append(text, ", from ");
        redirect_text_append(text, warning->agent, MAX_NAME);
    }
    redirect_lines_add(&telling->lines, text);
    text = offer(telling, weight_of_warning(telling, warning, has_text));
    if (text) {
        if (has_text) {
            append_quoted(text, warning->text, MAX_BRIEF);
        } else {
            wmem_strbuf_append(text, words);
        }
        wmem_strbuf_append_printf(text, " (Warning %u)", warning->code);
        offer_end(telling, text);
    }
}

/* One that is not written as a Warning is told as it stands. */
static void
tell_odd_warning(telling_t *telling, sip_slice_t value)
{
    wmem_strbuf_t *text = wmem_strbuf_new(telling->scope, "Warning: ");

    redirect_text_append(text, value, MAX_TOLD);
    redirect_lines_add(&telling->lines, text);
    text = offer(telling, says_no_more(value, NULL, telling->phrase) ? WEIGHT_NOTHING : WEIGHT_WARNING);
    if (text) {
        redirect_text_append(text, value, MAX_BRIEF);
        wmem_strbuf_append(text, " (Warning)");
        offer_end(telling, text);
    }
}

static void
tell_warnings(telling_t *telling)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_warning_t warning;

    sip_value_iter_init(&values, telling->sip, SIP_HEADER_WARNING);
    while (redirect_lines_next_value(&telling->lines, &values, &value)) {
        if (sip_warning_parse(value, &warning)) {
            tell_warning(telling, &warning);
        } else {
            tell_odd_warning(telling, value);
        }
    }
}

/* --- Error-Info, Retry-After -------------------------------------------------------------------------------------- */

static void
tell_error_infos(telling_t *telling)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t address;

    sip_value_iter_init(&values, telling->sip, SIP_HEADER_ERROR_INFO);
    while (redirect_lines_next_value(&telling->lines, &values, &value)) {
        wmem_strbuf_t *text;

        if (!sip_address_parse(value, &address) || !sip_slice_has_text(address.uri.whole)) {
            continue;
        }
        text = wmem_strbuf_new(telling->scope, "Error-Info: ");
        redirect_append_uri(text, &address.uri, MAX_TOLD);
        redirect_lines_add(&telling->lines, text);
        text = offer(telling, WEIGHT_POINTER);
        if (text) {
            wmem_strbuf_append(text, "more at ");
            redirect_append_uri(text, &address.uri, MAX_BRIEF);
            wmem_strbuf_append(text, " (Error-Info)");
            offer_end(telling, text);
        }
    }
}

/* The comment of a Retry-After is shown with its seconds; only what stands for all is looked for in it. */
static bool
hear_comment(telling_t *telling)
{
    const sip_response_t *row = sip_response_lookup(telling->sip->status);
    sip_retry_after_t retry_after;
    wmem_strbuf_t *text;

    if (!sip_message_has(telling->sip, SIP_HEADER_RETRY_AFTER) ||
        !sip_message_retry_after_whole(telling->sip, &retry_after) || !sip_slice_has_text(retry_after.comment)) {
        return false;
    }
    if (row && row->retry_after && !says_no_more(retry_after.comment, NULL, telling->phrase)) {
        text = offer(telling, WEIGHT_COMMENT);
        if (text) {
            append_quoted(text, retry_after.comment, MAX_BRIEF);
            wmem_strbuf_append(text, " (Retry-After)");
            offer_end(telling, text);
        }
    }
    return true;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* Something is told, or may be, that is not among the values. */
static const redirect_told_t told_elsewhere = {NULL, NULL};

/* Header fields in which a sender tells why; the body of a message with a Content-Type may tell it too. */
#define TELLING_HEADERS                                                                                                \
    (SIP_HEADER_BIT(SIP_HEADER_REASON) | SIP_HEADER_BIT(SIP_HEADER_WARNING) | SIP_HEADER_BIT(SIP_HEADER_ERROR_INFO))
#define FURTHER_HEADERS (SIP_HEADER_BIT(SIP_HEADER_RETRY_AFTER) | SIP_HEADER_BIT(SIP_HEADER_CONTENT_TYPE))

static bool
may_tell_elsewhere(const sip_message_t *sip, bool is_cut)
{
    return is_cut || (sip->present & TELLING_HEADERS) ||
           (sip_message_has(sip, SIP_HEADER_CONTENT_TYPE) && sip->body.len > 0);
}

/* Nearly all: there is nothing to look at. */
static bool
is_plain(const sip_message_t *sip, const char *registered)
{
    return registered && !(sip->present & (TELLING_HEADERS | FURTHER_HEADERS)) &&
           sip_slice_equal(sip->phrase, sip_slice_from_string(registered));
}

static void
tell_all(telling_t *telling, bool is_network_blocked)
{
    if (!is_network_blocked) {
        tell_phrase(telling);
    }
    if (sip_message_has(telling->sip, SIP_HEADER_REASON)) {
        tell_reasons(telling, is_network_blocked);
    }
    if (sip_message_has(telling->sip, SIP_HEADER_WARNING)) {
        tell_warnings(telling);
    }
    if (sip_message_has(telling->sip, SIP_HEADER_ERROR_INFO)) {
        tell_error_infos(telling);
    }
}

static SIP_RARELY_CALLED const redirect_told_t *
read_told(telling_t *telling, redirect_facts_t *facts, bool is_cut, unsigned max_values)
{
    sip_network_blocked_t details;
    redirect_annotation_t *values;
    redirect_told_t *told;
    bool has_comment;

    redirect_lines_init(&telling->lines, telling->scope, max_values);
    tell_all(telling, redirect_facts_network_blocked(facts, &details) == REDIRECT_BLOCKED_YES);
    has_comment = hear_comment(telling);
    values = redirect_lines_end(&telling->lines);
    if (values == NULL && telling->brief == NULL) {
        return has_comment || may_tell_elsewhere(telling->sip, is_cut) ? &told_elsewhere : NULL;
    }
    told = wmem_new(telling->scope, redirect_told_t);
    *told = (redirect_told_t){.values = values, .most_telling = telling->brief};
    return told;
}

const redirect_told_t *
redirect_told_read(wmem_allocator_t *scope, redirect_facts_t *facts, bool is_cut, unsigned max_values)
{
    const char *registered = redirect_words_for_sip(facts->sip->status);

    if (is_plain(facts->sip, registered)) {
        return is_cut ? &told_elsewhere : NULL;
    }
    telling_t telling = {.scope = scope, .sip = facts->sip, .phrase = registered};
    return read_told(&telling, facts, is_cut, max_values);
}

const char *
redirect_told_most_telling(const redirect_record_t *record)
{
    return record->details->told ? record->details->told->most_telling : NULL;
}

bool
redirect_told_nothing(const redirect_record_t *record)
{
    return redirect_is_explained(record->status) && record->details->told == NULL;
}
