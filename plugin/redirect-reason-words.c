/* redirect-reason-words.c
 * Why a request was sent elsewhere or a call ended, in words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-reason-words.h"

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

const char *
redirect_words_for_diversion(sip_slice_t reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(diversion_words); i++) {
        if (sip_slice_equal_nocase(reason, sip_slice_from_string(diversion_words[i].reason))) {
            return diversion_words[i].words;
        }
    }
    return NULL;
}

const char *
redirect_words_for_cause_param(uint32_t cause)
{
    return words_for(cause_param_words, G_N_ELEMENTS(cause_param_words), cause);
}

const char *
redirect_words_for_q850(uint32_t cause)
{
    return words_for(q850_words, G_N_ELEMENTS(q850_words), cause);
}
