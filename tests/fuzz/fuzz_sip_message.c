/* fuzz_sip_message.c
 * Any bytes, as a message and as one value of each kind: what sip-message.h promises must hold.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "sip-headers.h"
#include "sip-param.h"
#include "sip-sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not g_assert(), which a build may leave out, nor g_error(), whose SIGTRAP the fuzzer takes no note of. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            g_printerr("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool
is_inside(sip_slice_t slice, sip_slice_t whole)
{
    return slice.ptr == NULL ? slice.len == 0
                             : whole.ptr != NULL && slice.ptr >= whole.ptr && slice.len <= whole.len &&
                                   (size_t)(slice.ptr - whole.ptr) <= whole.len - slice.len;
}

static bool
is_trimmed(sip_slice_t slice)
{
    return sip_slice_trim(slice).len == slice.len;
}

static bool
is_absent(sip_slice_t slice)
{
    return slice.ptr == NULL && slice.len == 0;
}

#define REQUIRE_ALL_INSIDE(whole, ...)                                                                                 \
    do {                                                                                                               \
        const sip_slice_t slices_[] = {__VA_ARGS__};                                                                   \
        for (size_t i_ = 0; i_ < G_N_ELEMENTS(slices_); i_++) {                                                        \
            REQUIRE(is_inside(slices_[i_], (whole)));                                                                  \
        }                                                                                                              \
    } while (0)

/* ---- Single values ---- */

static void
check_params(sip_slice_t params)
{
    static const char *const names[] = {"q", "tag", "cause", "text", ""};
    sip_param_iter_t iter;
    sip_slice_t name, value;
    size_t left = params.len + 1;

    sip_param_iter_init(&iter, params);
    while (sip_param_iter_next(&iter, &name, &value)) {
        const sip_slice_t unquoted = sip_value_unquote(value);

        REQUIRE(left-- > 0);
        REQUIRE_ALL_INSIDE(params, name, value, iter.rest);
        REQUIRE(is_trimmed(name) && is_trimmed(value));
        REQUIRE(is_inside(unquoted, value) && (unquoted.len == value.len || unquoted.len == value.len - 2));
    }
    REQUIRE(!sip_param_iter_next(&iter, &name, &value));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        value = SIP_SLICE_NONE;
        REQUIRE(sip_param_find(params, names[i], &value) || is_absent(value));
        REQUIRE(is_inside(value, params));
    }
}

static void
check_address(sip_slice_t text, const sip_address_t *address)
{
    const unsigned no_uri = SIP_ADDRESS_FLAG_STAR | SIP_ADDRESS_FLAG_BAD_URI;

    REQUIRE_ALL_INSIDE(text, address->params, address->uri.whole);
    REQUIRE(is_absent(address->uri.whole) == ((address->flags & no_uri) != 0));
    REQUIRE(!(address->flags & SIP_ADDRESS_FLAG_BARE) || !(address->flags & SIP_ADDRESS_FLAG_UNCLOSED));
    check_params(address->params);
}

static void
check_contact(sip_slice_t text)
{
    const unsigned contact_flags = SIP_ADDRESS_FLAG_BAD_Q | SIP_ADDRESS_FLAG_DUPLICATE_Q | SIP_ADDRESS_FLAG_BAD_EXPIRES;
    sip_address_t address;
    sip_contact_t contact;
    const bool parsed = sip_address_parse(text, &address);

    REQUIRE(parsed == sip_contact_parse(text, &contact));
    REQUIRE(parsed == (sip_slice_trim(text).len > 0));
    if (!parsed) {
        return;
    }
    check_address(text, &address);
    REQUIRE((contact.address.flags & ~contact_flags) == address.flags);
    REQUIRE(contact.q >= 0.0 && contact.q <= 1.0);
    REQUIRE(contact.has_expires || contact.expires == 0);
    REQUIRE(!(contact.address.flags & SIP_ADDRESS_FLAG_BAD_EXPIRES) || contact.expires == 3600);
}

static void
check_reason(sip_slice_t text)
{
    sip_network_blocked_t details;
    sip_reason_t reason;

    REQUIRE(sip_reason_parse(text, &reason) == (sip_slice_trim(text).len > 0));
    REQUIRE_ALL_INSIDE(text, reason.protocol, reason.text, reason.location);
    REQUIRE(reason.has_cause || reason.cause == 0);
    REQUIRE(!sip_reason_network_blocked(&reason, &details) || reason.cause == 603 || reason.cause == 21);
    REQUIRE_ALL_INSIDE(text, details.url, details.tel, details.email, details.id, details.location);
}

static void
check_history(sip_slice_t text)
{
    sip_history_entry_t entry;

    if (sip_history_entry_parse(text, &entry)) {
        check_address(text, &entry.address);
        REQUIRE_ALL_INSIDE(text, entry.index, entry.rc, entry.mp, entry.reason_protocol);
        REQUIRE(entry.has_reason == !is_absent(entry.reason_protocol));
    }
}

static void
check_diversion(sip_slice_t text)
{
    sip_diversion_t diversion;

    if (sip_diversion_parse(text, &diversion)) {
        check_address(text, &diversion.address);
        REQUIRE(is_inside(diversion.reason, text));
    }
}

static void
check_warning(sip_slice_t text)
{
    sip_warning_t warning;

    if (sip_warning_parse(text, &warning)) {
        REQUIRE(warning.code <= 999 && warning.text.ptr != NULL);
        REQUIRE_ALL_INSIDE(text, warning.agent, warning.text);
    }
}

/* The short way to a tag is the long one. */
static void
check_tag(sip_slice_t text)
{
    const sip_slice_t value = sip_slice_trim(text);
    sip_slice_t tag = SIP_SLICE_NONE, wanted = SIP_SLICE_NONE;
    sip_address_parts_t parts;

    if (value.len == 0) {
        return;
    }
    sip_address_split(value, &parts);
    REQUIRE(sip_param_find(parts.params, "tag", &wanted) == sip_address_tag(value, &tag));
    REQUIRE(tag.ptr == wanted.ptr && tag.len == wanted.len);
}

static void
check_value(sip_slice_t text)
{
    check_params(text);
    check_tag(text);
    check_contact(text);
    check_reason(text);
    check_history(text);
    check_diversion(text);
    check_warning(text);
    (void)sip_method_from_name(text);
}

/* ---- Messages ---- */

static void
check_start_line(const sip_message_t *message)
{
    if (message->is_response) {
        REQUIRE(message->status >= 100 && message->status <= 699);
        REQUIRE(is_absent(message->method) && is_absent(message->request_uri));
        REQUIRE(message->method_id == SIP_METHOD_OTHER && message->phrase.ptr != NULL);
    } else {
        REQUIRE(message->status == 0 && is_absent(message->phrase));
        REQUIRE(message->method.len > 0 && message->request_uri.len > 0);
        REQUIRE(message->method_id == sip_method_from_name(message->method));
    }
}

static void
check_fields(sip_slice_t text, const sip_message_t *message)
{
    REQUIRE_ALL_INSIDE(text, message->phrase, message->method, message->request_uri, message->headers, message->body);
    REQUIRE_ALL_INSIDE(message->headers, message->call_id, message->cseq_method, sip_message_from_tag(message),
                       sip_message_to_tag(message), sip_message_from_uri(message), sip_message_to_uri(message),
                       message->via.sent_by, message->via.branch);
    REQUIRE(message->has_cseq || message->cseq == 0);
    REQUIRE((message->repeated & ~message->present) == 0);
}

static void
check_vias(const sip_message_t *message)
{
    sip_via_iter_t iter;
    sip_via_t via;
    unsigned count = 0;

    sip_via_iter_init(&iter, message);
    for (; sip_via_iter_next(&iter, &via); count++) {
        REQUIRE_ALL_INSIDE(message->headers, via.sent_by, via.branch);
        REQUIRE(count > 0 || memcmp(&via, &message->via, sizeof(via)) == 0);
    }
    REQUIRE(count == MIN(message->via_count, SIP_MESSAGE_MAX_VIAS));
}

static void
check_headers(const sip_message_t *message)
{
    uint32_t present = 0, repeated = 0;
    sip_header_iter_t iter;
    sip_header_t header;
    sip_slice_t value;

    sip_header_iter_init(&iter, message);
    while (sip_header_iter_next(&iter, &header)) {
        REQUIRE(header.id > SIP_HEADER_OTHER && header.id < SIP_HEADER_COUNT);
        REQUIRE_ALL_INSIDE(message->headers, header.name, header.value);
        REQUIRE(is_trimmed(header.value));
        REQUIRE(sip_message_header(message, header.id, &value));
        if ((present & SIP_HEADER_BIT(header.id)) == 0) {
            REQUIRE(value.ptr == header.value.ptr && value.len == header.value.len);
        } else {
            repeated |= SIP_HEADER_BIT(header.id);
        }
        present |= SIP_HEADER_BIT(header.id);
        REQUIRE(sip_message_header_by_name(message, header.name, &value));
        REQUIRE(is_inside(value, message->headers) && value.ptr <= header.value.ptr);
    }
    REQUIRE(message->present == present && message->repeated == repeated);
}

static void
check_walks(const sip_message_t *message)
{
    for (int id = SIP_HEADER_OTHER; id < SIP_HEADER_COUNT; id++) {
        sip_value_iter_t iter;
        sip_slice_t value;
        const char *last = message->headers.ptr;
        unsigned count = 0;

        sip_value_iter_init(&iter, message, (sip_header_id_t)id);
        while (sip_value_iter_next(&iter, &value)) {
            REQUIRE(value.len > 0 && is_trimmed(value) && is_inside(value, message->headers));
            REQUIRE(value.ptr >= last);
            last = value.ptr + value.len;
            count++;
            check_value(value);
        }
        REQUIRE(id != SIP_HEADER_VIA || count == message->via_count);
        REQUIRE(id != SIP_HEADER_OTHER || count == 0);
    }
}

static void
check_single_headers(const sip_message_t *message)
{
    uint32_t seconds = 0;
    bool malformed = false;
    sip_slice_t local, remote;

    if (sip_message_expires(message, &seconds, &malformed)) {
        REQUIRE(!malformed || seconds == 3600);
    }
    if (sip_message_retry_after(message, &seconds)) {
        sip_retry_after_t retry_after;

        REQUIRE(sip_message_retry_after_whole(message, &retry_after) && retry_after.seconds == seconds);
        REQUIRE_ALL_INSIDE(message->headers, retry_after.comment);
    }
    if (sip_message_session_id(message, &local, &remote)) {
        REQUIRE(local.len == 32 && (remote.len == 32 || is_absent(remote)));
    }
    REQUIRE_ALL_INSIDE(message->headers, local, remote);
}

static void
check_message(sip_slice_t text)
{
    sip_message_t message;

    /* What the parser leaves alone must never be read. */
    memset(&message, 0xa5, sizeof(message));
    if (sip_message_parse(text, &message)) {
        check_start_line(&message);
        check_fields(text, &message);
        check_vias(&message);
        check_headers(&message);
        check_walks(&message);
        check_single_headers(&message);
    }
}

static void
check_sdp(sip_slice_t text)
{
    sip_sdp_t sdp;

    if (sip_sdp_read(text, &sdp)) {
        REQUIRE_ALL_INSIDE(text, sdp.username, sdp.session_id, sdp.origin, sdp.address, sdp.port);
        REQUIRE(sip_slice_has_text(sdp.origin));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* In a buffer of exactly its size, so that the sanitizer sees a read of one byte too many. */
    const sip_slice_t text = sip_slice_make(g_memdup2(data, size), size);

    check_message(text);
    check_value(text);
    check_sdp(text);
    g_free((char *)text.ptr);
    return 0;
}
