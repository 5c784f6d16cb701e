/* redirect-reason-words.c
 * Why a request was sent elsewhere or a call ended, in words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-reason-words.h"

#include "sip-response.h"

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

/*
 * The causes of ITU-T Q.850, in our own words. ANSI networks use 26 for something else (RFC 3398 7.2.4.1). Q.850 has
 * neither 0 nor 52 nor 54: Asterisk sends 0 where it knows no cause, and like FreeSWITCH has the other two.
 */
static const number_words_t q850_words[] = {
    {0, "no cause known"},
    /* normal events */
    {1, "unallocated number"},
    {2, "no route to the transit network"},
    {3, "no route to the destination"},
    {4, "out of reach for a long time (special information tone)"},
    {5, "misdialled trunk prefix"},
    {6, "channel unacceptable"},
    {7, "call put through on a channel that is open already"},
    {8, "preempted by another call"},
    {9, "preempted, circuit kept for another call"},
    {14, "number ported (query on release)"},
    {16, "normal clearing"},
    {17, "user busy"},
    {18, "no user responding"},
    {19, "no answer from the user"},
    {20, "subscriber absent"},
    {21, "call rejected"},
    {22, "number changed"},
    {23, "redirection to a new destination"},
    {24, "call rejected by a feature at the destination"},
    {25, "exchange routing error"},
    {26, "non-selected user clearing; in ANSI networks: misrouted ported number"},
    {27, "destination out of order"},
    {28, "number invalid or incomplete"},
    {29, "facility rejected"},
    {30, "response to a status enquiry"},
    {31, "normal, unspecified"},
    /* resources */
    {33, "circuit out of order"},
    {34, "no circuit available"},
    {38, "network out of order"},
    {39, "permanent frame mode connection out of service"},
    {40, "permanent frame mode connection in operation"},
    {41, "temporary failure"},
    {42, "congestion of the switching equipment"},
    {43, "access information discarded"},
    {44, "requested circuit not available"},
    {46, "precedence call blocked"},
    {47, "resource unavailable, unspecified"},
    /* services that are not available */
    {49, "quality of service not available"},
    {50, "facility not subscribed"},
    {52, "outgoing calls barred"},
    {53, "outgoing calls barred within the closed user group"},
    {54, "incoming calls barred"},
    {55, "incoming calls barred within the closed user group"},
    {56, "call waiting not subscribed"},
    {57, "bearer capability not authorized"},
    {58, "bearer capability not available at present"},
    {62, "outgoing access information does not fit the subscriber class"},
    {63, "service not available, unspecified"},
    /* services that are not implemented */
    {65, "bearer capability not implemented"},
    {66, "channel type not implemented"},
    {69, "requested facility not implemented"},
    {70, "only restricted digital information is possible"},
    {79, "service not implemented, unspecified"},
    /* messages that are not valid */
    {81, "invalid call reference"},
    {82, "channel does not exist"},
    {83, "no suspended call has this identity"},
    {84, "call identity in use"},
    {85, "no call is suspended"},
    {86, "call with this identity was cleared"},
    {87, "called user not in the closed user group"},
    {88, "incompatible destination"},
    {90, "closed user group does not exist"},
    {91, "invalid transit network selected"},
    {95, "invalid message, unspecified"},
    /* protocol errors */
    {96, "mandatory information element missing"},
    {97, "message type not known or not implemented"},
    {98, "message does not fit the call state, or its type is not known"},
    {99, "information element not known or not implemented"},
    {100, "information element with invalid contents"},
    {101, "message does not fit the call state"},
    {102, "recovery on timer expiry"},
    {103, "parameter not known, passed on"},
    {110, "message with a parameter not known, discarded"},
    {111, "protocol error, unspecified"},
    {127, "interworking, unspecified"},
};

/* The registered phrases of responses that have no row in sip-response.c (IANA, SIP Parameters). */
static const number_words_t sip_phrases[] = {
    {100, "Trying"},
    {180, "Ringing"},
    {181, "Call Is Being Forwarded"},
    {182, "Queued"},
    {183, "Session Progress"},
    {199, "Early Dialog Terminated"},
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Notification"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {412, "Conditional Request Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {417, "Unknown Resource-Priority"},
    {420, "Bad Extension"},
    {421, "Extension Required"},
    {422, "Session Interval Too Small"},
    {423, "Interval Too Brief"},
    {424, "Bad Location Information"},
    {425, "Bad Alert Message"},
    {428, "Use Identity Header"},
    {429, "Provide Referrer Identity"},
    {430, "Flow Failed"},
    {433, "Anonymity Disallowed"},
    {436, "Bad Identity Info"},
    {437, "Unsupported Credential"},
    {438, "Invalid Identity Header"},
    {439, "First Hop Lacks Outbound Support"},
    {440, "Max-Breadth Exceeded"},
    {469, "Bad Info Package"},
    {470, "Consent Needed"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {484, "Address Incomplete"},
    {489, "Bad Event"},
    {491, "Request Pending"},
    {493, "Undecipherable"},
    {494, "Security Agreement Required"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
    {555, "Push Notification Service Not Supported"},
    {580, "Precondition Failure"},
};

/* RFC 3261 20.43; 308: RFC 8373; 380, 381: RFC 5630. They are about the session that was offered. */
static const number_words_t warning_words[] = {
    {300, "incompatible network protocol"},
    {301, "incompatible network address formats"},
    {302, "incompatible transport protocol"},
    {303, "incompatible bandwidth units"},
    {304, "media type not available"},
    {305, "incompatible media format"},
    {306, "attribute not understood"},
    {307, "session description parameter not understood"},
    {308, "incompatible language specification"},
    {330, "multicast not available"},
    {331, "unicast not available"},
    {370, "insufficient bandwidth"},
    {380, "SIPS not allowed"},
    {381, "SIPS required"},
    {399, "miscellaneous warning"},
};

/*
 * RFC 8606 4, where a cause came from. The local user and the remote one are so for the user who gets the cause: of a
 * response that is the caller.
 */
typedef struct {
    const char *location;
    const char *words;
    const char *brief;
} location_words_t;

static const location_words_t location_words[] = {
    {"U", "the user", "the user"},
    {"LPN", "the private network of the caller", "the caller's private network"},
    {"LN", "the public network that serves the caller", "the caller's network"},
    {"TN", "a transit network", "a transit network"},
    {"RLN", "the public network that serves the called party", "the called party's network"},
    {"RPN", "the private network of the called party", "the called party's private network"},
    {"INTL", "an international network", "an international network"},
    {"BI", "a network beyond an interworking point", "a network beyond an interworking point"},
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

const char *
redirect_words_for_sip(uint32_t code)
{
    const sip_response_t *row = code < 700 ? sip_response_lookup((uint16_t)code) : NULL;

    /* The row of a class is for codes that are not registered: they have no phrase. */
    return row ? (row->code == code ? row->phrase : NULL) : words_for(sip_phrases, G_N_ELEMENTS(sip_phrases), code);
}

const char *
redirect_words_for_warning(uint32_t code)
{
    return words_for(warning_words, G_N_ELEMENTS(warning_words), code);
}

static const location_words_t *
find_location(sip_slice_t location)
{
    for (size_t i = 0; i < G_N_ELEMENTS(location_words); i++) {
        if (sip_slice_equal_nocase(location, sip_slice_from_string(location_words[i].location))) {
            return &location_words[i];
        }
    }
    return NULL;
}

const char *
redirect_words_for_location(sip_slice_t location)
{
    const location_words_t *row = find_location(location);

    return row ? row->words : NULL;
}

const char *
redirect_words_for_location_brief(sip_slice_t location)
{
    const location_words_t *row = find_location(location);

    return row ? row->brief : NULL;
}
