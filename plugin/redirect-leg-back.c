/* redirect-leg-back.c
 * What came back on both sides of a B2BUA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-leg-back.h"

#include <wsutil/wmem/wmem_strutl.h>

/* What is passed on takes a B2BUA some milliseconds; later than this it may have come about by itself. */
#define AT_ONCE (REDIRECT_SECOND / 10)

#define MILLISECOND (REDIRECT_SECOND / 1000)

static bool
is_challenge(unsigned status)
{
    return status == 401 || status == 407;
}

/* A caller who hangs up ends all legs, whatever they got. */
static bool
ended_by_itself(const redirect_transaction_t *transaction)
{
    const unsigned status = transaction->response.status;

    return status != 0 && !is_challenge(status) && !redirect_is_cancelled(transaction);
}

/* Then another leg decided how the call ended. */
static bool
was_gone_on_from(const redirect_transaction_t *leg)
{
    return leg->extras->retried_by || (leg->redirect && leg->redirect->followed);
}

redirect_leg_back_t
redirect_leg_back(const redirect_transaction_t *above, const redirect_transaction_t *leg)
{
    const redirect_time_t after = above->response.time - leg->response.time;
    const bool is_answered = leg->response.status / 100 == 2;

    if (!ended_by_itself(above) || !ended_by_itself(leg) || was_gone_on_from(leg) || after < 0) {
        return REDIRECT_LEG_BACK_SILENT;
    }
    if (is_answered && above->response.status >= 300) {
        return REDIRECT_LEG_BACK_MISFITS;
    }
    if (is_answered != (above->response.status / 100 == 2)) {
        return REDIRECT_LEG_BACK_SILENT; /* another leg was answered, or the B2BUA itself did it */
    }
    return after <= (is_answered ? REDIRECT_LEG_PASSED_ON_WITHIN : AT_ONCE) ? REDIRECT_LEG_BACK_FITS
                                                                            : REDIRECT_LEG_BACK_SILENT;
}

static bool
is_certain(const redirect_transaction_t *leg)
{
    return leg->extras->leg == NULL || leg->extras->leg->confidence == REDIRECT_CONFIDENCE_CERTAIN;
}

/* The last leg of which the end of the request says this, but for certain ones. NULL where there is none. */
static const redirect_transaction_t *
last_leg(const redirect_transaction_t *above, redirect_leg_back_t wanted)
{
    const redirect_transaction_t *found = NULL;

    for (const redirect_transaction_t *leg = redirect_next_below(above, NULL); leg;
         leg = redirect_next_below(above, leg)) {
        if (!is_certain(leg) && redirect_leg_back(above, leg) == wanted) {
            found = leg;
        }
    }
    return found;
}

/* "3 ms", "less than 1 ms" */
static char *
milliseconds_text(wmem_allocator_t *scope, redirect_time_t time)
{
    return time < MILLISECOND ? wmem_strdup(scope, "less than 1 ms")
                              : wmem_strdup_printf(scope, "%" G_GINT64_FORMAT " ms", time / MILLISECOND);
}

/* ", and its 180 1 ms before": where it was passed on, too. */
static char *
ringing_text(wmem_allocator_t *scope, const redirect_transaction_t *above, const redirect_transaction_t *leg)
{
    const redirect_time_t after = above->response.rang_at - leg->response.rang_at;

    if (!above->response.rang || !leg->response.rang || after < 0 || after > AT_ONCE) {
        return wmem_strdup(scope, "");
    }
    return wmem_strdup_printf(scope, ", and its 180 %s before the 180 here", milliseconds_text(scope, after));
}

char *
redirect_leg_back_text(wmem_allocator_t *scope, const redirect_transaction_t *above)
{
    const redirect_transaction_t *leg;

    if (above->chain == NULL) {
        return NULL;
    }
    leg = last_leg(above, REDIRECT_LEG_BACK_MISFITS);
    if (leg) {
        return wmem_strdup_printf(scope,
                                  "Does not fit the leg that begins in frame %u, which was answered in frame %u: "
                                  "the two may be different calls",
                                  leg->request.frame, leg->response.frame);
    }
    leg = last_leg(above, REDIRECT_LEG_BACK_FITS);
    if (leg) {
        const redirect_time_t after = above->response.time - leg->response.time;
        return wmem_strdup_printf(scope, "Fits the leg that begins in frame %u: its %u came %s before%s",
                                  leg->request.frame, leg->response.status, milliseconds_text(scope, after),
                                  ringing_text(scope, above, leg));
    }
    return NULL;
}
