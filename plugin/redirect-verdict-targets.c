/* redirect-verdict-targets.c
 * The targets of a redirect in a verdict: which, in which order, for how long.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <wsutil/wmem/wmem_strbuf.h>

#include "redirect-text.h"
#include "redirect-verdict-int.h"
#include "sip-param.h"

/* In a short line a longer URI keeps its two ends. */
#define SHORT_URI_MAX 120
#define SHORT_URI_HEAD 60
#define SHORT_URI_TAIL 40

/* Bytes that may come after a target: how many more there are, how long they hold. */
#define ROOM_AFTER_TARGET 70

/* --- one URI ------------------------------------------------------------------------------------------------------- */

/* Appends text whole, or its two ends where it is long and the line is to be short. */
static void
put_shortened(redirect_line_t *line, const char *text)
{
    const size_t len = strlen(text);

    if (len <= SHORT_URI_MAX || line->limit == SIZE_MAX) {
        redirect_text_put(line->text, text);
        return;
    }
    wmem_strbuf_append_len(line->text, text, redirect_text_cut(text, SHORT_URI_HEAD));
    redirect_text_put(line->text, "...");
    redirect_text_put(line->text, text + redirect_text_cut(text, len - SHORT_URI_TAIL));
}

/* The parameters that decide where a request is sent, or as what the user is read (RFC 3261 19.1.1). */
static const char *const deciding_params[] = {"transport", "maddr", "user"};

static void
put_deciding_params(redirect_line_t *line, const sip_uri_t *uri)
{
    for (size_t i = 0; i < G_N_ELEMENTS(deciding_params); i++) {
        sip_slice_t value = SIP_SLICE_NONE;

        if (sip_param_find(uri->params, deciding_params[i], &value) && sip_slice_has_text(value)) {
            redirect_text_put(line->text, ";");
            redirect_text_put(line->text, deciding_params[i]);
            redirect_text_put(line->text, "=");
            redirect_text_append(line->text, value, SHORT_URI_TAIL);
        }
    }
}

/* A URI all of which is worth showing, or of which it is not known what is. */
static bool
is_plain(const sip_uri_t *uri)
{
    return !sip_uri_scheme_is_sip(uri->scheme_kind) || uri->flags != 0 || uri->password.ptr != NULL ||
           (uri->params.len == 0 && uri->headers.len == 0);
}

void
redirect_line_put_uri(redirect_line_t *line, const sip_uri_t *uri, const char *whole)
{
    wmem_allocator_t *own;

    if (is_plain(uri)) {
        put_shortened(line, whole);
        return;
    }
    own = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    put_shortened(line, redirect_text_from_wire(own, sip_uri_up_to_host(uri), 0));
    wmem_destroy_allocator(own);
    put_deciding_params(line, uri);
    if (uri->headers.len > 0) {
        redirect_text_put(line->text, " (with header fields to copy)");
    }
}

/* --- their order --------------------------------------------------------------------------------------------------- */

/* What stands between a target and the next one: equal preference leaves the order to the client (RFC 3261 8.1.3.4). */
static bool
is_preferred_alike(const redirect_target_t *a, const redirect_target_t *b)
{
    return a->has_q == b->has_q && (!a->has_q || (a->q <= b->q && a->q >= b->q));
}

/* The list says no order. */
static bool
offers_a_choice(const redirect_t *redirect)
{
    return redirect->code == 300 || redirect->code == 380;
}

/* Of targets that are preferred alike; the first of them. */
static const char *
words_of_equals(const redirect_target_t *target)
{
    return target->has_q ? "equal" : "no preference given";
}

static bool
all_are_equal(const redirect_t *redirect)
{
    unsigned i = 1;

    while (i < redirect->target_count && is_preferred_alike(&redirect->target[i], &redirect->target[i - 1])) {
        i++;
    }
    return redirect->target_count > 1 && i >= redirect->target_count && !offers_a_choice(redirect);
}

/* After the last one of several that are preferred alike, where others are not; else the end of the list says it. */
static void
put_end_of_equals(redirect_line_t *line, const redirect_t *redirect, unsigned first, unsigned last)
{
    if (last > first && !offers_a_choice(redirect) && !all_are_equal(redirect)) {
        wmem_strbuf_append_printf(line->text, " (%s)", words_of_equals(&redirect->target[last]));
    }
}

static bool
has_room(const redirect_line_t *line, const redirect_target_t *target)
{
    return wmem_strbuf_get_len(line->text) + MIN(strlen(target->uri), SHORT_URI_MAX) + ROOM_AFTER_TARGET <= line->limit;
}

static void
put_target(redirect_line_t *line, const redirect_target_t *target)
{
    const sip_uri_t uri = redirect_target_uri(target);

    if (target->has_password) {
        put_shortened(line, target->uri);
    } else {
        redirect_line_put_uri(line, &uri, target->uri);
    }
    if (!target->followable) {
        redirect_text_put(line->text, " (not by SIP)");
    }
}

/* @return how many were listed */
static unsigned
put_targets(redirect_line_t *line, const redirect_t *redirect)
{
    unsigned first = 0, i;

    for (i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        const bool is_equal = i > 0 && is_preferred_alike(target, &redirect->target[i - 1]);

        if (i > 0 && !has_room(line, target)) {
            break;
        }
        if (i > 0 && !is_equal) {
            put_end_of_equals(line, redirect, first, i - 1);
            first = i;
        }
        redirect_text_put(line->text, i == 0 ? " " : is_equal || offers_a_choice(redirect) ? " or " : ", then ");
        put_target(line, target);
    }
    if (i > 0) {
        put_end_of_equals(line, redirect, first, i - 1);
    }
    return i;
}

/* --- how long they hold -------------------------------------------------------------------------------------------- */

static bool
expires_alike(const redirect_t *redirect)
{
    for (unsigned i = 1; i < redirect->target_count; i++) {
        if (redirect->target[i].has_expires != redirect->target[0].has_expires ||
            redirect->target[i].expires != redirect->target[0].expires) {
            return false;
        }
    }
    return true;
}

static const char *const lifetimes[] = {
    [SIP_RESPONSE_LIFETIME_TEMPORARY] = "temporary",
    [SIP_RESPONSE_LIFETIME_PERMANENT] = "permanent",
    [SIP_RESPONSE_LIFETIME_PROXY] = "a proxy, for this request only",
};

/* An expiry says how long the URI is valid, whatever the code says of the address (RFC 3261 8.3). */
static void
put_validity(redirect_line_t *line, const redirect_t *redirect)
{
    const redirect_target_t *target = &redirect->target[0];

    if (target->lifetime == SIP_RESPONSE_LIFETIME_PROXY) {
        return;
    }
    if (!expires_alike(redirect)) {
        redirect_text_put(line->text, ", each with an expiry of its own");
    } else if (target->has_expires && target->expires == 0) {
        redirect_text_put(line->text, ", expired already: not to be cached");
    } else if (target->has_expires) {
        wmem_strbuf_append_printf(line->text, ", valid for %u s", target->expires);
    } else if (target->single_use) {
        redirect_text_put(line->text, ", for this request only");
    }
}

/* "(equal, temporary, for this request only)" */
static void
put_lifetime(redirect_line_t *line, const redirect_t *redirect)
{
    const redirect_target_t *target = &redirect->target[0];
    const char *lifetime = target->lifetime < G_N_ELEMENTS(lifetimes) ? lifetimes[target->lifetime] : NULL;
    const bool is_equal = all_are_equal(redirect);

    if (lifetime == NULL && !is_equal) {
        return;
    }
    wmem_strbuf_append_printf(line->text, " (%s%s%s", is_equal ? words_of_equals(target) : "",
                              is_equal && lifetime ? ", " : "", lifetime ? lifetime : "");
    if (lifetime) {
        put_validity(line, redirect);
    }
    redirect_text_put(line->text, ")");
}

void
redirect_line_targets(redirect_line_t *line, const redirect_t *redirect, const char *lead)
{
    unsigned listed;

    redirect_line_clause(line, lead);
    listed = put_targets(line, redirect);
    if (listed < redirect->target_total) {
        wmem_strbuf_append_printf(line->text, " and %u more", redirect->target_total - listed);
    }
    put_lifetime(line, redirect);
    if (redirect->gaps & REDIRECT_GAP_CUT) {
        redirect_line_clause(line, "cut off by the capture, so there may be other targets");
    }
}
