/* redirect-failure.c
 * What a 6xx carries beside its code.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-failure.h"

#include "redirect-text.h"
#include "redirect-told.h"

/* Bytes of one detail: a URL or a name. */
#define MAX_DETAIL 1024

/* Bytes of the comment of a Retry-After. */
#define MAX_COMMENT 256

/* Lines of the redress of a 603+. */
#define BLOCKED_REDRESS 3

static const char *
text_or_null(wmem_allocator_t *scope, sip_slice_t text)
{
    return sip_slice_has_text(text) ? redirect_text_from_wire(scope, text, MAX_DETAIL) : NULL;
}

/* A URL with its password masked; one that cannot be taken apart as it stands. */
static const char *
url_or_null(wmem_allocator_t *scope, sip_slice_t text)
{
    wmem_strbuf_t *url;
    sip_uri_t uri;

    if (!sip_slice_has_text(text) || !sip_uri_parse(text, &uri)) {
        return text_or_null(scope, text);
    }
    url = wmem_strbuf_new(scope, "");
    redirect_append_uri(url, &uri, MAX_DETAIL);
    return wmem_strbuf_finalize(url);
}

static const char *
location_or_null(wmem_allocator_t *scope, sip_slice_t location)
{
    wmem_strbuf_t *words;

    if (!sip_slice_has_text(location)) {
        return NULL;
    }
    words = wmem_strbuf_new(scope, "");
    redirect_told_append_location(words, location);
    return wmem_strbuf_finalize(words);
}

static void
add_contact(redirect_lines_t *lines, const char *contact)
{
    if (contact) {
        redirect_lines_add(lines, wmem_strbuf_new(lines->scope, contact));
    }
}

/* The contacts are as good where the phrase is another: it is more likely that it was changed on the way. */
static void
read_blocked(wmem_allocator_t *scope, redirect_facts_t *facts, redirect_failure_details_t *details)
{
    sip_network_blocked_t blocked;
    const redirect_blocked_kind_t kind = redirect_facts_network_blocked(facts, &blocked);
    const char *url = url_or_null(scope, blocked.url);
    const char *tel = text_or_null(scope, blocked.tel);
    const char *email = text_or_null(scope, blocked.email);
    redirect_lines_t redress;

    redirect_lines_init(&redress, scope, BLOCKED_REDRESS);
    add_contact(&redress, url);
    add_contact(&redress, tel);
    add_contact(&redress, email);
    details->redress = redirect_lines_end(&redress);
    if (kind == REDIRECT_BLOCKED_YES) {
        details->network_blocked = true;
        details->url = url;
        details->tel = tel;
        details->email = email;
        details->id = text_or_null(scope, blocked.id);
        details->location = location_or_null(scope, blocked.location);
    }
}

/* Only a jwscard is a contact for sure (RFC 8688 3.1); of anything else it is said what it is. */
static void
add_call_info(redirect_lines_t *redress, const sip_address_t *info)
{
    wmem_strbuf_t *text = wmem_strbuf_new(redress->scope, "");
    sip_slice_t purpose;

    redirect_append_uri(text, &info->uri, MAX_DETAIL);
    if (!sip_param_find(info->params, "purpose", &purpose)) {
        wmem_strbuf_append(text, " (Call-Info without purpose)");
    } else if (sip_slice_equal_nocase(sip_value_unquote(purpose), SIP_SLICE_LITERAL("jwscard"))) {
        wmem_strbuf_append(text, " (Call-Info jwscard, a signed contact card)");
    } else {
        wmem_strbuf_append(text, " (Call-Info with purpose ");
        redirect_text_append(text, sip_value_unquote(purpose), MAX_DETAIL);
        wmem_strbuf_append_c(text, ')');
    }
    redirect_lines_add(redress, text);
}

static redirect_annotation_t *
read_call_info(wmem_allocator_t *scope, const sip_message_t *sip, unsigned max)
{
    redirect_lines_t redress;
    sip_value_iter_t values;
    sip_slice_t value;
    sip_address_t info;

    redirect_lines_init(&redress, scope, max);
    sip_value_iter_init(&values, sip, SIP_HEADER_CALL_INFO);
    while (redirect_lines_next_value(&redress, &values, &value)) {
        if (sip_address_parse(value, &info) && sip_slice_has_text(info.uri.whole)) {
            add_call_info(&redress, &info);
        }
    }
    return redirect_lines_end(&redress);
}

static const char *
retry_more_or_null(wmem_allocator_t *scope, const sip_retry_after_t *retry_after)
{
    const bool has_comment = sip_slice_has_text(retry_after->comment);
    wmem_strbuf_t *more;

    if (!retry_after->has_duration && !has_comment) {
        return NULL;
    }
    more = wmem_strbuf_new(scope, "");
    if (retry_after->has_duration) {
        wmem_strbuf_append_printf(more, "for %u s from then on%s", retry_after->duration, has_comment ? ", " : "");
    }
    if (has_comment) {
        wmem_strbuf_append_c(more, '"');
        redirect_text_append(more, retry_after->comment, MAX_COMMENT);
        wmem_strbuf_append_c(more, '"');
    }
    return wmem_strbuf_finalize(more);
}

const redirect_failure_details_t *
redirect_failure_details_read(wmem_allocator_t *scope, redirect_facts_t *facts, unsigned max_redress)
{
    const sip_message_t *sip = facts->sip;
    redirect_failure_details_t *details;
    const sip_response_t *row = sip_response_lookup(sip->status);
    sip_retry_after_t retry_after;
    const bool has_retry_after = row && row->retry_after && sip_message_retry_after_whole(sip, &retry_after);
    const bool has_call_info = sip->status == 608 && sip_message_has(sip, SIP_HEADER_CALL_INFO);

    if (!has_retry_after && !has_call_info && sip->status != 603) {
        return NULL;
    }
    details = wmem_new0(scope, redirect_failure_details_t);
    if (has_retry_after) {
        details->has_retry_after = true;
        details->retry_after = retry_after.seconds;
        details->retry_more = retry_more_or_null(scope, &retry_after);
    }
    if (sip->status == 603) {
        read_blocked(scope, facts, details);
    } else if (has_call_info) {
        details->redress = read_call_info(scope, sip, max_redress);
    }
    return details;
}
