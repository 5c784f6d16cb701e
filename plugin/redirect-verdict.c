/* redirect-verdict.c
 * The verdict on a response, put together from what the tracker knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-verdict.h"

/* Wireshark cuts an expert item at 239 bytes. */
#define SHORT_VERDICT_MAX 220

const char *
redirect_outcome_name(redirect_outcome_t outcome)
{
    static const char *const names[] = {
        [REDIRECT_OUTCOME_UNFINISHED] = "unfinished",
        [REDIRECT_OUTCOME_ANSWERED] = "answered",
        [REDIRECT_OUTCOME_FAILED] = "failed",
        [REDIRECT_OUTCOME_GLOBAL_FAILURE] = "global failure",
        [REDIRECT_OUTCOME_NOT_FOLLOWED] = "redirect not followed",
        [REDIRECT_OUTCOME_CANCELLED] = "cancelled",
    };

    return names[outcome];
}

/* How long a target holds, for the end of the list. */
static void
append_lifetime(wmem_strbuf_t *text, const redirect_target_t *target)
{
    if (target->has_expires && target->lifetime == SIP_RESPONSE_LIFETIME_TEMPORARY) {
        wmem_strbuf_append_printf(text, " (valid for %u s)", target->expires);
        return;
    }
    switch (target->lifetime) {
    case SIP_RESPONSE_LIFETIME_TEMPORARY:
        wmem_strbuf_append(text, " (temporary, for this request only)");
        break;
    case SIP_RESPONSE_LIFETIME_PERMANENT:
        wmem_strbuf_append(text, " (permanent, use it from now on)");
        break;
    case SIP_RESPONSE_LIFETIME_PROXY:
        wmem_strbuf_append(text, " (a proxy, for this request only)");
        break;
    default:
        break;
    }
}

static const char *
target_lead(const redirect_t *redirect)
{
    switch (redirect->code) {
    case 300:
        return "choose";
    case 305:
        return "go through";
    case 380:
        return "alternative";
    default:
        return "try";
    }
}

/* Targets in the order to try, while there is room for limit bytes in all. */
static void
append_targets(wmem_strbuf_t *text, const redirect_t *redirect, size_t limit)
{
    unsigned listed = 0;

    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        if (i > 0 && wmem_strbuf_get_len(text) + strlen(target->uri) + 40 > limit) {
            break;
        }
        if (i > 0) {
            wmem_strbuf_append(text, redirect->code == 300 ? " or " : ", then ");
        } else {
            wmem_strbuf_append_printf(text, "%s ", target_lead(redirect));
        }
        if (strlen(target->uri) > 120 && limit < 1000) {
            wmem_strbuf_append_printf(text, "%.60s...%s", target->uri, target->uri + strlen(target->uri) - 40);
        } else {
            wmem_strbuf_append(text, target->uri);
        }
        if (!target->followable) {
            wmem_strbuf_append(text, " (not by SIP)");
        }
        listed++;
    }
    if (listed < redirect->target_total) {
        wmem_strbuf_append_printf(text, " and %u more", redirect->target_total - listed);
    }
    if (redirect->target_count > 0) {
        append_lifetime(text, &redirect->target[0]);
    }
}

static void
append_redirect(wmem_strbuf_t *text, const redirect_note_t *note, const sip_response_t *row, size_t limit)
{
    const redirect_t *redirect = note->redirect;

    wmem_strbuf_append_printf(text, "%u %s: ", note->status, row->phrase);
    if (redirect == NULL || redirect->target_total == 0 || redirect->code == 380) {
        wmem_strbuf_append(text, row->gist);
        if (redirect && row->warns_of_contact) {
            wmem_strbuf_append(text, ", but no target is named");
            return;
        }
        if (redirect == NULL || redirect->target_total == 0) {
            return;
        }
        wmem_strbuf_append(text, "; ");
    }
    if (redirect->query_answer) {
        wmem_strbuf_append(text, "the answer to a query, not a forward; ");
    }
    append_targets(text, redirect, limit);
}

static void
append_refusal(wmem_strbuf_t *text, const redirect_note_t *note, const sip_response_t *row)
{
    const redirect_refusal_t *refusal = note->refusal;

    if (refusal && refusal->network_blocked) {
        wmem_strbuf_append(text, "603 Network Blocked: refused by call analytics in the network, not by the callee");
    } else {
        wmem_strbuf_append_printf(text, "%u %s: %s", note->status, row->phrase, row->gist);
    }
    wmem_strbuf_append(text, "; definitive, no other target should be tried");
    if (refusal && refusal->has_retry_after) {
        wmem_strbuf_append_printf(text, "; may be tried again after %u s", refusal->retry_after);
    }
    if (refusal && refusal->network_blocked) {
        const char *contact = refusal->url ? refusal->url : refusal->tel ? refusal->tel : refusal->email;
        if (contact) {
            wmem_strbuf_append_printf(text, "; redress: %.80s", contact);
        }
    }
}

static wmem_strbuf_t *
verdict_begin(wmem_allocator_t *scope, const redirect_note_t *note, size_t limit)
{
    const sip_response_t *row = sip_response_lookup(note->status);
    wmem_strbuf_t *text;

    if (row == NULL || (note->status / 100 != 3 && note->status / 100 != 6)) {
        return NULL;
    }
    text = wmem_strbuf_new(scope, "");
    if (note->status / 100 == 3) {
        append_redirect(text, note, row, limit);
    } else {
        append_refusal(text, note, row);
    }
    return text;
}

char *
redirect_verdict_short(wmem_allocator_t *scope, const redirect_note_t *note)
{
    wmem_strbuf_t *text = verdict_begin(scope, note, SHORT_VERDICT_MAX);

    return text ? wmem_strbuf_finalize(text) : NULL;
}

static void
append_followup(wmem_strbuf_t *text, const redirect_attempt_t *followup)
{
    const redirect_attempt_t *last = followup;

    while (last->retried_by) {
        last = last->retried_by;
    }
    wmem_strbuf_append_printf(text, "frame %u", followup->request_frame);
    if (last->final) {
        wmem_strbuf_append_printf(text, " (%u)", last->final);
    }
}

/* What came of a redirect, as far as the capture tells. */
static void
append_next(wmem_strbuf_t *text, const redirect_tracker_t *tracker, const redirect_t *redirect)
{
    if (redirect->first_followup) {
        wmem_strbuf_append(text, "; followed in ");
        for (const redirect_attempt_t *followup = redirect->first_followup; followup;
             followup = followup->next_followup) {
            append_followup(text, followup);
            if (followup->next_followup) {
                wmem_strbuf_append(text, ", ");
            }
        }
    } else if (redirect_is_not_followed(tracker, redirect)) {
        wmem_strbuf_append(text, "; nobody followed it");
    }
}

static void
append_outcome(wmem_strbuf_t *text, const redirect_tracker_t *tracker, const redirect_note_t *note)
{
    redirect_result_t result = redirect_chain_result(tracker, note->attempt->chain);

    if (result.outcome == REDIRECT_OUTCOME_UNFINISHED || result.outcome == REDIRECT_OUTCOME_NOT_FOLLOWED) {
        return;
    }
    wmem_strbuf_append_printf(text, "; in the end %s", redirect_outcome_name(result.outcome));
    if (result.final_code) {
        wmem_strbuf_append_printf(text, " (%u in frame %u)", result.final_code, result.final_frame);
    }
}

char *
redirect_verdict(wmem_allocator_t *scope, const redirect_tracker_t *tracker, const redirect_note_t *note)
{
    wmem_strbuf_t *text = verdict_begin(scope, note, SIZE_MAX);

    if (text == NULL) {
        return NULL;
    }
    if (note->redirect) {
        append_next(text, tracker, note->redirect);
    }
    if (note->attempt && (note->redirect || note->status / 100 == 6)) {
        append_outcome(text, tracker, note);
    }
    return wmem_strbuf_finalize(text);
}
