/* redirect-history.c
 * What header fields and URIs tell of redirections, in sentences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-history.h"

#include "sip-param.h"

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

/* Bytes of one URI or quoted text: an annotation is to be read, and an expert item must fit Wireshark's 239 bytes. */
#define MAX_PIECE 100
#define MAX_EXPERT_PIECE 64

/* How far back along a path the redirect of an entry is looked for. */
#define MAX_STEPS_BACK 32
/* Of a longer chain nothing is said to be contradicted. */
#define MAX_TRANSACTIONS 256

/* --- words ------------------------------------------------------------------------------------------------------- */

/* Why a request was sent elsewhere, to be read after "forwarded". */
#define BECAUSE_BUSY "because busy"
#define BECAUSE_NO_ANSWER "because nobody answered"
#define BECAUSE_UNREACHABLE "because not reachable"
#define UNCONDITIONALLY "always, whatever the callee is doing"
#define REASON_UNKNOWN "for a reason not told"

/* RFC 5806 4: diversion-reason. */
static const struct {
    const char *reason;
    const char *words;
} diversion_words[] = {
    {"away", "because the callee is away"},
    {"deflection", "by the callee, who deflected it"},
    {"do-not-disturb", "because of do not disturb"},
    {"follow-me", "to follow the callee"},
    {"no-answer", BECAUSE_NO_ANSWER},
    {"out-of-service", "because out of service"},
    {"time-of-day", "because of the time of day"},
    {"unavailable", BECAUSE_UNREACHABLE},
    {"unconditional", UNCONDITIONALLY},
    {"unknown", REASON_UNKNOWN},
    {"user-busy", BECAUSE_BUSY},
};

/* One row a number. */
typedef struct {
    uint32_t number;
    const char *words;
} number_words_t;

/* The cause parameter of a URI (RFC 4458 2.2; 380: RFC 8119). No response code, although it looks like one. */
static const number_words_t cause_param_words[] = {
    {302, UNCONDITIONALLY},
    {380, "by the translation of a service number"},
    {404, REASON_UNKNOWN},
    {408, BECAUSE_NO_ANSWER},
    {480, "by the callee, who deflected it at once"},
    {486, BECAUSE_BUSY},
    {487, "by the callee, who deflected it while it rang"},
    {503, BECAUSE_UNREACHABLE},
};

/* The causes of Q.850 that end calls. */
static const number_words_t q850_words[] = {
    {1, "unallocated number"},
    {2, "no route to the transit network"},
    {3, "no route to the destination"},
    {16, "normal clearing"},
    {17, "user busy"},
    {18, "no user responding"},
    {19, "no answer from the user"},
    {20, "subscriber absent"},
    {21, "call rejected"},
    {22, "number changed"},
    {23, "redirection to a new destination"},
    {26, "non-selected user clearing"},
    {27, "destination out of order"},
    {28, "invalid number format"},
    {29, "facility rejected"},
    {31, "normal, unspecified"},
    {34, "no circuit available"},
    {38, "network out of order"},
    {41, "temporary failure"},
    {42, "congestion"},
    {44, "requested circuit not available"},
    {47, "resource unavailable"},
    {50, "facility not subscribed"},
    {55, "incoming calls barred"},
    {57, "bearer capability not authorized"},
    {58, "bearer capability not available"},
    {63, "service not available"},
    {65, "bearer capability not implemented"},
    {79, "service not implemented"},
    {88, "incompatible destination"},
    {102, "recovery on timer expiry"},
    {111, "protocol error"},
    {127, "interworking"},
};

static const char *
words_for(const number_words_t *table, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return table[i].words;
        }
    }
    return NULL;
}

static const char *
words_for_diversion(sip_slice_t reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(diversion_words); i++) {
        if (sip_slice_equal_nocase(reason, sip_slice_from_string(diversion_words[i].reason))) {
            return diversion_words[i].words;
        }
    }
    return NULL;
}

static const char *
words_for_cause_param(uint32_t cause)
{
    return words_for(cause_param_words, G_N_ELEMENTS(cause_param_words), cause);
}

/* --- pieces of sentences ----------------------------------------------------------------------------------------- */

/* Appends valid UTF-8, cut between two characters where it is longer than max bytes. */
static void
append_cut(wmem_strbuf_t *text, const char *piece, size_t max)
{
    size_t len = strlen(piece);

    if (len <= max) {
        wmem_strbuf_append(text, piece);
        return;
    }
    for (len = max; len > 0 && ((unsigned char)piece[len] & 0xc0) == 0x80; len--) {
    }
    wmem_strbuf_append_len(text, piece, len);
    wmem_strbuf_append(text, "...");
}

/* Appends text from the wire so that it can be shown. */
static void
append_wire(wmem_strbuf_t *text, sip_slice_t wire, size_t max)
{
    sip_uri_t shown = {.whole = wire};
    char *display = sip_uri_display(NULL, &shown);

    append_cut(text, display, max);
    wmem_free(NULL, display);
}

/* Appends a URI without its headers: those of a History-Info entry are no part of the address. */
static void
append_uri(wmem_strbuf_t *text, const sip_uri_t *uri, size_t max)
{
    sip_uri_t shown = *uri;
    char *display;

    if (uri->headers.ptr != NULL) {
        shown.whole.len = (size_t)(uri->headers.ptr - uri->whole.ptr) - 1;
    }
    display = sip_uri_display(NULL, &shown);
    append_cut(text, display, max);
    wmem_free(NULL, display);
}

/* "603 Decline", or the number alone where there is no row for the very code. */
static void
append_code(wmem_strbuf_t *text, uint32_t code)
{
    const sip_response_t *row = code < 700 ? sip_response_lookup((uint16_t)code) : NULL;

    wmem_strbuf_append_printf(text, "%u", code);
    if (row && row->code == code) {
        wmem_strbuf_append_printf(text, " %s", row->phrase);
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

/* A request nearest to the caller, before any redirect of its chain: what it tells of lies before the capture. */
static bool
refers_to_earlier(const redirect_record_t *record)
{
    return record->status == 0 && record->transaction != NULL && record->transaction->hop == 0 &&
           record->transaction->upstream == NULL;
}

/* --- History-Info ------------------------------------------------------------------------------------------------- */

/* The entries of one message, as far as they are looked at. */
typedef struct {
    sip_history_entry_t entry[REDIRECT_HISTORY_MAX_ENTRIES];
    unsigned count;
    unsigned total;
} history_list_t;

static void
history_list_read(const sip_message_t *sip, history_list_t *list)
{
    sip_value_iter_t values;
    sip_slice_t value;

    list->count = list->total = 0;
    sip_value_iter_init(&values, sip, SIP_HEADER_HISTORY_INFO);
    while (sip_value_iter_next(&values, &value)) {
        if (list->count < REDIRECT_HISTORY_MAX_ENTRIES && sip_history_entry_parse(value, &list->entry[list->count])) {
            list->count++;
        }
        list->total++;
    }
}

static bool
has_sip_reason(const sip_history_entry_t *entry)
{
    return entry->has_reason && sip_slice_equal_nocase(entry->reason_protocol, SIP_SLICE_LITERAL("SIP"));
}

static bool
was_redirected(const sip_history_entry_t *entry)
{
    return has_sip_reason(entry) && entry->reason_cause / 100 == 3;
}

/* The frame of the redirect, on the path to transaction, that an entry tells of; 0 where there is none. */
static uint32_t
entry_seen_in(const sip_history_entry_t *entry, const redirect_transaction_t *transaction)
{
    for (unsigned steps = 0; transaction && steps < MAX_STEPS_BACK; steps++) {
        const redirect_transaction_t *before = redirect_transaction_before(transaction);
        sip_uri_t uri;
        if (redirect_cause(transaction) && before && redirect_cause(transaction)->code == entry->reason_cause &&
            (!redirect_request_uri(before, &uri) ||
             sip_uri_match(&entry->address.uri, &uri, NULL) != SIP_URI_MATCH_NONE)) {
            return redirect_cause(transaction)->frame;
        }
        transaction = before;
    }
    return 0;
}

static void
append_entry_reason(wmem_strbuf_t *text, const sip_history_entry_t *entry, const redirect_record_t *record)
{
    const char *words = entry->has_cause_param ? words_for_cause_param(entry->cause_param) : NULL;

    if (words) {
        wmem_strbuf_append_printf(text, " (forwarded there %s)", words);
    }
    if (!entry->has_reason) {
        return;
    }
    wmem_strbuf_append(text, " (");
    if (!has_sip_reason(entry)) {
        append_wire(text, entry->reason_protocol, 20);
        wmem_strbuf_append_c(text, ' ');
    }
    wmem_strbuf_append_printf(text, "%u", entry->reason_cause);
    if (was_redirected(entry) && !refers_to_earlier(record)) {
        uint32_t frame = entry_seen_in(entry, record->transaction);
        if (frame) {
            wmem_strbuf_append_printf(text, " in frame %u", frame);
        } else {
            wmem_strbuf_append(text, ", not seen in this chain");
        }
    }
    wmem_strbuf_append_c(text, ')');
}

/* A lone entry without a reason names but the address that was asked for. */
static bool
history_tells(const history_list_t *list)
{
    return list->count > 1 || (list->count == 1 && (list->entry[0].has_reason || list->entry[0].has_cause_param));
}

static void
annotation_history_info(annotations_t *annotations, const sip_message_t *sip, const redirect_record_t *record)
{
    history_list_t list;
    wmem_strbuf_t *text;
    bool earlier = false;

    history_list_read(sip, &list);
    if (!history_tells(&list)) {
        return;
    }
    for (unsigned i = 0; i < list.count && refers_to_earlier(record); i++) {
        earlier = earlier || was_redirected(&list.entry[i]);
    }
    text = annotation_begin(annotations,
                            earlier ? "Redirected before this capture, says History-Info: " : "History-Info: ");
    for (unsigned i = 0; i < list.count && i < REDIRECT_HISTORY_MAX_SHOWN; i++) {
        wmem_strbuf_append(text, i > 0 ? ", then " : "");
        append_uri(text, &list.entry[i].address.uri, MAX_PIECE);
        append_entry_reason(text, &list.entry[i], record);
    }
    if (list.total > REDIRECT_HISTORY_MAX_SHOWN) {
        wmem_strbuf_append_printf(text, ", and %u more", list.total - REDIRECT_HISTORY_MAX_SHOWN);
    }
    annotation_end(annotations, text);
}

/* --- Diversion ---------------------------------------------------------------------------------------------------- */

static void
annotation_diversion(annotations_t *annotations, const sip_diversion_t *diversion, const redirect_record_t *record)
{
    const char *words = words_for_diversion(diversion->reason);
    wmem_strbuf_t *text = annotation_begin(annotations, "Forwarded");

    if (refers_to_earlier(record)) {
        wmem_strbuf_append(text, " before this capture");
    }
    if (words) {
        wmem_strbuf_append_printf(text, " %s", words);
    }
    wmem_strbuf_append(text, " (Diversion: ");
    if (sip_slice_has_text(diversion->reason)) {
        append_wire(text, diversion->reason, MAX_PIECE);
        wmem_strbuf_append(text, ", ");
    }
    wmem_strbuf_append(text, "from ");
    append_uri(text, &diversion->address.uri, MAX_PIECE);
    if (diversion->has_counter) {
        wmem_strbuf_append_printf(text, ", %u time%s", diversion->counter, diversion->counter == 1 ? "" : "s");
    }
    wmem_strbuf_append_c(text, ')');
    annotation_end(annotations, text);
}

static void
annotation_diversions(annotations_t *annotations, const sip_message_t *sip, const redirect_record_t *record)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_diversion_t diversion;
    unsigned count = 0;

    sip_value_iter_init(&values, sip, SIP_HEADER_DIVERSION);
    while (count < REDIRECT_HISTORY_MAX_SHOWN && sip_value_iter_next(&values, &value)) {
        if (sip_diversion_parse(value, &diversion) && sip_slice_has_text(diversion.address.uri.whole)) {
            annotation_diversion(annotations, &diversion, record);
            count++;
        }
    }
}

/* --- Reason ------------------------------------------------------------------------------------------------------- */

static bool
is_sip_reason(const sip_reason_t *reason)
{
    return reason->has_cause && sip_slice_equal_nocase(reason->protocol, SIP_SLICE_LITERAL("SIP"));
}

static bool
is_global_failure(const sip_reason_t *reason)
{
    return is_sip_reason(reason) && reason->cause / 100 == 6;
}

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
    const char *words;

    if (is_global_failure(reason) && record->status == 0 && record->method == SIP_METHOD_BYE) {
        wmem_strbuf_append(text, "Ended with ");
        append_code(text, reason->cause);
        wmem_strbuf_append_printf(text, ", says the Reason of this BYE: %s",
                                  sip_response_lookup((uint16_t)reason->cause)->gist);
    } else if (is_sip_reason(reason) && record->status == 0 && record->method == SIP_METHOD_CANCEL) {
        append_cancelled_because(text, reason->cause);
        wmem_strbuf_append(text, ", says the Reason of this CANCEL");
        if (is_global_failure(reason)) {
            wmem_strbuf_append_printf(text, ": %s", sip_response_lookup((uint16_t)reason->cause)->gist);
        }
    } else if (is_sip_reason(reason)) {
        wmem_strbuf_append(text, "Reason: SIP ");
        append_code(text, reason->cause);
    } else {
        wmem_strbuf_append(text, "Reason: ");
        append_wire(text, reason->protocol, MAX_PIECE);
        if (reason->has_cause) {
            wmem_strbuf_append_printf(text, " cause %u", reason->cause);
        }
        words = reason->has_cause && sip_slice_equal_nocase(reason->protocol, SIP_SLICE_LITERAL("Q.850"))
                    ? words_for(q850_words, G_N_ELEMENTS(q850_words), reason->cause)
                    : NULL;
        if (words) {
            wmem_strbuf_append_printf(text, ", %s", words);
        }
    }
    if (sip_slice_has_text(reason->text)) {
        wmem_strbuf_append(text, " (\"");
        append_wire(text, reason->text, MAX_PIECE);
        wmem_strbuf_append(text, "\")");
    }
}

/* The Reason of a 603+ is shown as fields of its own. */
static bool
is_network_blocked(const sip_message_t *sip)
{
    sip_network_blocked_t details;

    return sip->status == 603 && sip_message_network_blocked(sip, &details) == SIP_NETWORK_BLOCKED_YES;
}

static void
annotation_reasons(annotations_t *annotations, const sip_message_t *sip, const redirect_record_t *record)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;
    unsigned count = 0;

    if (is_network_blocked(sip)) {
        return;
    }
    sip_value_iter_init(&values, sip, SIP_HEADER_REASON);
    while (count < REDIRECT_HISTORY_MAX_SHOWN && sip_value_iter_next(&values, &value)) {
        if (sip_reason_parse(value, &reason) && (reason.has_cause || sip_slice_has_text(reason.text))) {
            wmem_strbuf_t *text = annotation_begin(annotations, "");
            append_reason(text, &reason, record);
            annotation_end(annotations, text);
            count++;
        }
    }
}

/* A 487 is but the echo of a CANCEL; what the CANCEL came of explains it. */
static void
annotation_cancel_cause(annotations_t *annotations, const redirect_record_t *record)
{
    const redirect_transaction_t *transaction = record->transaction;
    wmem_strbuf_t *text;

    if (record->status != 487 || record->method == SIP_METHOD_CANCEL || transaction == NULL ||
        transaction->cancel == NULL || transaction->cancel->cause == 0) {
        return;
    }
    text = annotation_begin(annotations, "");
    append_cancelled_because(text, transaction->cancel->cause);
    wmem_strbuf_append_printf(text, ", says the Reason of the CANCEL in frame %u", transaction->cancel->frame);
    annotation_end(annotations, text);
}

/* --- URIs --------------------------------------------------------------------------------------------------------- */

/* A parameter where it belongs, in the user part of a SIP URI, or where some put it, behind the host. */
static bool
number_param(const sip_uri_t *uri, const char *name, sip_slice_t *value)
{
    return sip_uri_user_param(uri, name, value) || sip_uri_param(uri, name, value);
}

static void
append_number_param(wmem_strbuf_t *text, const char *lead, sip_slice_t value, const char *name)
{
    wmem_strbuf_append(text, lead);
    append_wire(text, value, MAX_PIECE);
    wmem_strbuf_append_printf(text, " (%s)", name);
}

/* RFC 4694: rn is the routing number of a ported number; npdi says that the database was asked. */
static void
annotation_portability(annotations_t *annotations, const sip_uri_t *uri, const char *lead)
{
    sip_slice_t rn, npdi, cic;
    bool routed = number_param(uri, "rn", &rn) && sip_slice_has_text(rn);
    bool asked = number_param(uri, "npdi", &npdi);
    wmem_strbuf_t *text;

    if (!routed && !asked) {
        return;
    }
    text = annotation_begin(annotations, lead);
    wmem_strbuf_append(text, "number portability: ");
    if (routed) {
        append_number_param(text, "routed by ", rn, "rn");
    } else {
        wmem_strbuf_append(text, "no routing number");
    }
    if (asked) {
        wmem_strbuf_append(text, ", lookup done (npdi)");
    }
    if (number_param(uri, "cic", &cic) && sip_slice_has_text(cic)) {
        append_number_param(text, ", carrier ", cic, "cic");
    }
    annotation_end(annotations, text);
}

/* Decodes %XX for display. */
static void
append_unescaped(wmem_strbuf_t *text, sip_slice_t value)
{
    char buffer[2 * MAX_PIECE];
    size_t used = 0;

    for (size_t i = 0; i < value.len && used < sizeof(buffer); i++) {
        char c = value.ptr[i];
        if (c == '%' && value.len - i > 2 && g_ascii_isxdigit(value.ptr[i + 1]) && g_ascii_isxdigit(value.ptr[i + 2])) {
            c = (char)(g_ascii_xdigit_value(value.ptr[i + 1]) * 16 + g_ascii_xdigit_value(value.ptr[i + 2]));
            i += 2;
        }
        buffer[used++] = c;
    }
    append_wire(text, sip_slice_make(buffer, used), MAX_PIECE);
}

/* RFC 4458: cause= tells why the request goes to this URI, target= for whom a service is to act. */
static void
annotation_service_params(annotations_t *annotations, const sip_uri_t *uri, const char *lead)
{
    sip_slice_t cause, target;
    uint32_t number = 0;
    bool has_cause = sip_uri_param(uri, "cause", &cause) && sip_slice_to_uint32(cause, &number);
    bool has_target = sip_uri_param(uri, "target", &target) && sip_slice_has_text(target);
    const char *words = has_cause ? words_for_cause_param(number) : NULL;
    wmem_strbuf_t *text;

    if (!has_cause && !has_target) {
        return;
    }
    text = annotation_begin(annotations, lead);
    if (words) {
        wmem_strbuf_append_printf(text, "forwarded %s (cause=%u)", words, number);
    } else if (has_cause) {
        wmem_strbuf_append_printf(text, "cause=%u, which RFC 4458 does not define", number);
    }
    if (has_target) {
        wmem_strbuf_append(text, has_cause ? ", on behalf of " : "on behalf of ");
        append_unescaped(text, target);
        wmem_strbuf_append(text, " (target)");
    }
    annotation_end(annotations, text);
}

/* A cheap look before a Request-URI is taken apart: most have none of these parameters. */
static bool
uri_may_tell(sip_slice_t uri)
{
    static const sip_slice_t names[] = {{"rn=", 3}, {"npdi", 4}, {"cause=", 6}, {"target=", 7}};
    sip_slice_t rest = uri;
    const char *semicolon;

    while (rest.len > 0 && (semicolon = memchr(rest.ptr, ';', rest.len)) != NULL) {
        rest = sip_slice_from(rest, (size_t)(semicolon - rest.ptr) + 1);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            if (sip_slice_starts_nocase(rest, names[i])) {
                return true;
            }
        }
    }
    return false;
}

static void
annotation_request_uri(annotations_t *annotations, const redirect_record_t *record, sip_slice_t request_uri)
{
    sip_uri_t uri;

    if (!uri_may_tell(request_uri) || record->method == SIP_METHOD_ACK || record->method == SIP_METHOD_CANCEL ||
        !sip_uri_parse(request_uri, &uri)) {
        return;
    }
    annotation_portability(annotations, &uri, "Request-URI: ");
    annotation_service_params(annotations, &uri, "Request-URI: ");
}

/* RFC 7044 10.4: how a Contact was made from the entry of History-Info that it names. */
static void
annotation_mapping(annotations_t *annotations, const sip_address_t *address, const char *lead)
{
    sip_slice_t index;
    const char *name = "mp";
    wmem_strbuf_t *text;

    if (!sip_param_find(address->params, "mp", &index)) {
        name = "rc";
        if (!sip_param_find(address->params, "rc", &index)) {
            return;
        }
    }
    text = annotation_begin(annotations, lead);
    wmem_strbuf_append(text, *name == 'm' ? "another user than in" : "the same user as in");
    wmem_strbuf_append(text, " entry ");
    append_wire(text, index, MAX_PIECE);
    wmem_strbuf_append_printf(text, " of History-Info (%s)", name);
    annotation_end(annotations, text);
}

static unsigned
target_order(const redirect_t *redirect, sip_slice_t uri)
{
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (sip_slice_equal(redirect_target_text(&redirect->target[i]), uri)) {
            return redirect->target[i].order;
        }
    }
    return 0;
}

static void
annotation_targets(annotations_t *annotations, const sip_message_t *sip, const redirect_record_t *record)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t address;
    unsigned count = 0;

    sip_value_iter_init(&values, sip, SIP_HEADER_CONTACT);
    while (count < REDIRECT_HISTORY_MAX_SHOWN && sip_value_iter_next(&values, &value)) {
        char lead[sizeof("Target 4294967295: ")];
        unsigned order;
        if (!sip_address_parse(value, &address) ||
            (order = target_order(record->details->redirect, address.uri.whole)) == 0) {
            continue;
        }
        (void)g_snprintf(lead, sizeof(lead), "Target %u: ", order);
        annotation_portability(annotations, &address.uri, lead);
        annotation_service_params(annotations, &address.uri, lead);
        annotation_mapping(annotations, &address, lead);
        count++;
    }
}

/* --- Identity, and answers to queries ----------------------------------------------------------------------------- */

/* A parameter of an Identity value, which may hold semicolons between the "<" and ">" of its info parameter. */
static bool
identity_param(sip_slice_t value, const char *name, sip_slice_t *found)
{
    const char *open = memchr(value.ptr, '<', value.len);
    const char *close = open ? memchr(open, '>', value.len - (size_t)(open - value.ptr)) : NULL;

    if (close == NULL) {
        return sip_param_find(value, name, found);
    }
    return sip_param_find(sip_slice_make(value.ptr, (size_t)(open - value.ptr)), name, found) ||
           sip_param_find(sip_slice_from(value, (size_t)(close - value.ptr) + 1), name, found);
}

/* The kind of PASSporT, as the header's ppt parameter tells it ("shaken", "div"); absent where it does not. */
static sip_slice_t
identity_kind(const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value, kind;

    sip_value_iter_init(&values, sip, SIP_HEADER_IDENTITY);
    while (sip_value_iter_next(&values, &value)) {
        if (identity_param(value, "ppt", &kind)) {
            return sip_value_unquote(kind);
        }
    }
    return SIP_SLICE_NONE;
}

static void
annotation_identity(annotations_t *annotations, const sip_message_t *sip, const redirect_record_t *record)
{
    bool is_signed = sip_message_has(sip, SIP_HEADER_IDENTITY);
    bool is_answer = record->details->redirect->dip_response;
    wmem_strbuf_t *text;

    if (!is_signed && !is_answer) {
        return;
    }
    text = annotation_begin(annotations, is_answer ? "Answers a query, is no forward: " : "");
    if (is_signed) {
        sip_slice_t kind = identity_kind(sip);
        wmem_strbuf_append(text, is_answer ? "it carries a signed Identity" : "Carries a signed Identity");
        if (sip_slice_has_text(kind)) {
            wmem_strbuf_append(text, " (");
            append_wire(text, kind, MAX_PIECE);
            wmem_strbuf_append_c(text, ')');
        }
        wmem_strbuf_append(text, " that the request sent next may take along (RFC 8946 section 7)");
    } else {
        wmem_strbuf_append(text, "the same number, with the result of a number portability lookup");
    }
    annotation_end(annotations, text);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

enum {
    HEADER_HISTORY_INFO = 1 << 0,
    HEADER_DIVERSION = 1 << 1,
    HEADER_REASON = 1 << 2,
    HEADER_REPLACES = 1 << 3,
};

static const uint8_t relevant_header[SIP_HEADER_COUNT] = {
    [SIP_HEADER_HISTORY_INFO] = HEADER_HISTORY_INFO,
    [SIP_HEADER_DIVERSION] = HEADER_DIVERSION,
    [SIP_HEADER_REASON] = HEADER_REASON,
    [SIP_HEADER_REPLACES] = HEADER_REPLACES,
    [SIP_HEADER_JOIN] = HEADER_REPLACES,
};

/* Which header fields that tell something are there: one walk over the list. */
static unsigned
relevant_headers_of(const sip_message_t *sip)
{
    const uint32_t any = UINT32_C(1) << SIP_HEADER_HISTORY_INFO | UINT32_C(1) << SIP_HEADER_DIVERSION |
                         UINT32_C(1) << SIP_HEADER_REASON | UINT32_C(1) << SIP_HEADER_REPLACES |
                         UINT32_C(1) << SIP_HEADER_JOIN;
    unsigned found = 0;

    if ((sip->present & any) == 0) {
        return 0; /* as in nearly every message */
    }
    for (unsigned id = 0; id < SIP_HEADER_COUNT; id++) {
        found |= sip_message_has(sip, (sip_header_id_t)id) ? relevant_header[id] : 0;
    }
    return found;
}

static bool
opens_its_transaction(const redirect_record_t *record)
{
    return record->status == 0 && record->transaction != NULL && record->transaction->request.frame == record->frame &&
           record->method != SIP_METHOD_ACK && record->method != SIP_METHOD_CANCEL;
}

/* To be compared with others of this run; a match by chance costs a sentence that is not said. */
static uint64_t
text_hash(uint64_t seed, sip_slice_t text)
{
    for (size_t i = 0; i < text.len; i++) {
        seed = (seed ^ (uint8_t)g_ascii_tolower(text.ptr[i])) * UINT64_C(0x100000001b3);
    }
    return (seed ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t
diverter_hash(const sip_uri_t *uri)
{
    return text_hash(text_hash(UINT64_C(0xcbf29ce484222325), uri->user), uri->host);
}

static void
history_read_diverters(redirect_history_t *history, const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_diversion_t diversion;

    sip_value_iter_init(&values, sip, SIP_HEADER_DIVERSION);
    while (history->diverters < REDIRECT_HISTORY_MAX_DIVERSIONS && sip_value_iter_next(&values, &value)) {
        if (sip_diversion_parse(value, &diversion)) {
            history->diverter[history->diverters++] = diverter_hash(&diversion.address.uri);
        }
    }
}

static redirect_history_t *
history_new(wmem_allocator_t *scope, unsigned headers, size_t room)
{
    redirect_history_t *history = wmem_alloc0(scope, sizeof(*history) + room);

    history->replaces = (headers & HEADER_REPLACES) != 0;
    return history;
}

/* Appends to a text that has room for it, up to *end. */
static void
put(char **end, sip_slice_t text)
{
    if (text.len > 0) {
        memcpy(*end, text.ptr, text.len);
        *end += text.len;
    }
}

#define KEPT_BEGIN SIP_SLICE_LITERAL("X ")
#define KEPT_VERSION SIP_SLICE_LITERAL(" SIP/2.0\r\n")
#define KEPT_COLON SIP_SLICE_LITERAL(": ")
#define KEPT_LINE_END SIP_SLICE_LITERAL("\r\n")

static size_t
room_of(const sip_header_t *header)
{
    return header->name.len + KEPT_COLON.len + header->value.len + KEPT_LINE_END.len;
}

/* How many bytes are kept of a request, and of how many of its header lines. */
static size_t
room_to_keep(const sip_message_t *sip, unsigned *lines)
{
    size_t room = KEPT_BEGIN.len + sip->request_uri.len + KEPT_VERSION.len;
    sip_header_iter_t headers;
    sip_header_t header;

    *lines = 0;
    sip_header_iter_init(&headers, sip);
    for (; sip_header_iter_next(&headers, &header); (*lines)++) {
        if (relevant_header[header.id] && room + room_of(&header) > REDIRECT_HISTORY_MAX_KEPT) {
            break;
        }
        room += relevant_header[header.id] ? room_of(&header) : 0;
    }
    return room;
}

/* Most chains are never visible: of their requests only what says something is kept, as a message in small. */
redirect_history_t *
redirect_history_keep(wmem_allocator_t *scope, const sip_message_t *sip)
{
    const unsigned headers = relevant_headers_of(sip);
    redirect_history_t *history;
    sip_header_iter_t headers_left;
    sip_header_t header;
    unsigned lines;
    size_t room;
    char *end;

    if (headers == 0 && !uri_may_tell(sip->request_uri)) {
        return NULL;
    }
    room = room_to_keep(sip, &lines);
    history = history_new(scope, headers, room);
    history_read_diverters(history, sip);
    end = (char *)(history + 1);
    put(&end, KEPT_BEGIN);
    put(&end, sip->request_uri);
    put(&end, KEPT_VERSION);
    sip_header_iter_init(&headers_left, sip);
    for (; lines > 0 && sip_header_iter_next(&headers_left, &header); lines--) {
        if (relevant_header[header.id]) {
            put(&end, header.name);
            put(&end, KEPT_COLON);
            put(&end, header.value);
            put(&end, KEPT_LINE_END);
        }
    }
    history->kept = sip_slice_make((const char *)(history + 1), room);
    return history;
}

/* After an answer, or before any, "unwanted" is told in the Reason of a BYE or CANCEL. */
bool
redirect_ends_with_global_failure(const sip_message_t *sip)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_reason_t reason;

    if (sip->is_response || (sip->method_id != SIP_METHOD_BYE && sip->method_id != SIP_METHOD_CANCEL)) {
        return false;
    }
    sip_value_iter_init(&values, sip, SIP_HEADER_REASON);
    while (sip_value_iter_next(&values, &value)) {
        if (sip_reason_parse(value, &reason) && is_global_failure(&reason)) {
            return true;
        }
    }
    return false;
}

/* The history in a provisional response but repeats the request's, save in a 181 (Call Is Being Forwarded). */
static bool
is_worth_history(const redirect_record_t *record)
{
    return record->method != SIP_METHOD_ACK && record->method != SIP_METHOD_CANCEL &&
           (record->status == 0 || record->status == 181 || record->status >= 200);
}

static redirect_annotation_t *
make_annotations(wmem_allocator_t *scope, const sip_message_t *sip, const redirect_record_t *record)
{
    const unsigned headers = relevant_headers_of(sip);
    redirect_annotation_t *first = NULL;
    annotations_t annotations = {scope, &first};

    if ((headers & HEADER_HISTORY_INFO) && is_worth_history(record)) {
        annotation_history_info(&annotations, sip, record);
    }
    if ((headers & HEADER_DIVERSION) && is_worth_history(record)) {
        annotation_diversions(&annotations, sip, record);
    }
    if (headers & HEADER_REASON) {
        annotation_reasons(&annotations, sip, record);
    }
    if (record->status == 0) {
        annotation_request_uri(&annotations, record, sip->request_uri);
    } else if (record->details->redirect) {
        annotation_identity(&annotations, sip, record);
        annotation_targets(&annotations, sip, record);
    } else {
        annotation_cancel_cause(&annotations, record);
    }
    return first;
}

redirect_annotation_t *
redirect_annotations_read(wmem_allocator_t *scope, const redirect_message_t *message, const redirect_record_t *record)
{
    return make_annotations(scope, message->sip, record);
}

const redirect_annotation_t *
redirect_annotations_of(wmem_allocator_t *scope, const redirect_record_t *record)
{
    const redirect_history_t *history = record->transaction ? record->transaction->history : NULL;
    sip_message_t sip;

    if (record->details->annotations || history == NULL || !sip_slice_has_text(history->kept) ||
        !opens_its_transaction(record) || !sip_message_parse(history->kept, &sip)) {
        return record->details->annotations;
    }
    return make_annotations(scope, &sip, record);
}

/* --- contradictions ----------------------------------------------------------------------------------------------- */

/*
 * Some URI of the chain is the one told of, as far as that can be seen; then nothing is contradicted. A proxy or PBX
 * knows one user under several names, so a name counts as another user only beside the same host.
 */
static bool
chain_knows(const redirect_chain_t *chain, const sip_uri_t *told)
{
    const redirect_transaction_t *transaction = chain->first_transaction;

    for (unsigned steps = 0; transaction; transaction = transaction->next_in_chain, steps++) {
        sip_uri_t uri;
        if (steps == MAX_TRANSACTIONS || !redirect_request_uri(transaction, &uri) ||
            sip_uri_match(told, &uri, NULL) != SIP_URI_MATCH_NONE) {
            return true;
        }
    }
    return false;
}

static bool
is_other_user(const sip_uri_t *told, const sip_uri_t *seen)
{
    return sip_slice_has_text(told->user) && sip_slice_has_text(seen->user) && sip_slice_has_text(told->host) &&
           sip_slice_equal_nocase(told->host, seen->host) && sip_uri_match(told, seen, NULL) == SIP_URI_MATCH_NONE;
}

static bool
is_callee(const sip_message_t *sip, const sip_uri_t *told)
{
    sip_uri_t to;

    return !sip_uri_parse(sip_message_to_uri(sip), &to) || sip_uri_match(told, &to, NULL) != SIP_URI_MATCH_NONE;
}

/* A Diversion that the redirected request brought along tells of an earlier one. */
static bool
was_there_before(const redirect_transaction_t *redirected, const sip_uri_t *diverter)
{
    const redirect_history_t *history = redirected->history;
    uint64_t hash = diverter_hash(diverter);

    for (unsigned i = 0; history && i < history->diverters; i++) {
        if (history->diverter[i] == hash) {
            return true;
        }
    }
    return history && history->diverters == REDIRECT_HISTORY_MAX_DIVERSIONS;
}

/* RFC 5806 5.3: the latest Diversion names the Request-URI that was diverted. */
static char *
diversion_contradicts(wmem_allocator_t *scope, const sip_message_t *sip, const redirect_transaction_t *redirected)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_diversion_t diversion;
    const sip_uri_t *told = &diversion.address.uri;
    sip_uri_t seen;
    wmem_strbuf_t *text;

    sip_value_iter_init(&values, sip, SIP_HEADER_DIVERSION);
    if (!sip_value_iter_next(&values, &value) || !sip_diversion_parse(value, &diversion) ||
        redirected->request.frame == 0 || !redirect_request_uri(redirected, &seen) || !is_other_user(told, &seen) ||
        is_callee(sip, told) || was_there_before(redirected, told) || chain_knows(redirected->chain, told)) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "Diversion says that ");
    append_uri(text, told, MAX_EXPERT_PIECE);
    wmem_strbuf_append(text, " diverted, but the request redirected was for ");
    append_uri(text, &seen, MAX_EXPERT_PIECE);
    wmem_strbuf_append(text, ".");
    return wmem_strbuf_finalize(text);
}

/* The entry from which the last one was made, where both are there and the last one is this very request. */
static const sip_history_entry_t *
entry_redirected(const history_list_t *list, const redirect_transaction_t *transaction)
{
    const sip_history_entry_t *last;
    sip_slice_t from;
    sip_uri_t uri;

    if (list->count < 2 || list->total > list->count) {
        return NULL;
    }
    last = &list->entry[list->count - 1];
    from = sip_slice_has_text(last->mp) ? last->mp : last->rc;
    if (!sip_slice_has_text(from) || !redirect_request_uri(transaction, &uri) ||
        sip_uri_match(&last->address.uri, &uri, NULL) > SIP_URI_MATCH_LOOSE) {
        return NULL;
    }
    for (unsigned i = 0; i + 1 < list->count; i++) {
        if (sip_slice_equal(list->entry[i].index, from)) {
            return was_redirected(&list->entry[i]) ? &list->entry[i] : NULL;
        }
    }
    return NULL;
}

/* A proxy may have made the redirect from others with other codes. */
static bool
has_code(const redirect_t *redirect, uint32_t code)
{
    for (; redirect; redirect = redirect->source) {
        if (redirect->code == code) {
            return true;
        }
    }
    return false;
}

static char *
history_info_contradicts(wmem_allocator_t *scope, const sip_message_t *sip, const redirect_transaction_t *transaction)
{
    const redirect_transaction_t *redirected = redirect_transaction_before(transaction);
    const sip_history_entry_t *entry;
    history_list_t list;
    sip_uri_t seen;
    wmem_strbuf_t *text;

    history_list_read(sip, &list);
    entry = entry_redirected(&list, transaction);
    if (entry == NULL || redirected == NULL || redirected->request.frame == 0 ||
        !redirect_request_uri(redirected, &seen)) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "History-Info says that ");
    append_uri(text, &entry->address.uri, MAX_EXPERT_PIECE);
    if (sip_uri_match(&entry->address.uri, &seen, NULL) <= SIP_URI_MATCH_LOOSE &&
        !has_code(redirect_cause(transaction), entry->reason_cause)) {
        wmem_strbuf_append_printf(text, " answered %u, but the answer in frame %u is %u.", entry->reason_cause,
                                  redirect_cause(transaction)->frame, redirect_cause(transaction)->code);
    } else if (is_other_user(&entry->address.uri, &seen) && !chain_knows(transaction->chain, &entry->address.uri)) {
        wmem_strbuf_append_printf(text, " was redirected, but frame %u redirected ",
                                  redirect_cause(transaction)->frame);
        append_uri(text, &seen, MAX_EXPERT_PIECE);
        wmem_strbuf_append(text, ".");
    } else {
        wmem_strbuf_destroy(text);
        return NULL;
    }
    return wmem_strbuf_finalize(text);
}

char *
redirect_history_contradiction(wmem_allocator_t *scope, const redirect_message_t *message,
                               const redirect_record_t *record)
{
    const sip_message_t *sip = message->sip;
    const redirect_transaction_t *transaction = record->transaction;
    unsigned headers = relevant_headers_of(sip);
    char *text = NULL;

    if (transaction == NULL || (headers & (HEADER_HISTORY_INFO | HEADER_DIVERSION)) == 0) {
        return NULL;
    }
    if (record->details->redirect) {
        return diversion_contradicts(scope, sip, transaction);
    }
    if (!opens_its_transaction(record) || redirect_cause(transaction) == NULL) {
        return NULL;
    }
    if (headers & HEADER_HISTORY_INFO) {
        text = history_info_contradicts(scope, sip, transaction);
    }
    if (text == NULL && redirect_transaction_before(transaction)) {
        text = diversion_contradicts(scope, sip, redirect_transaction_before(transaction));
    }
    return text;
}
