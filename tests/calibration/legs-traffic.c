/* legs-traffic.c
 * Makes the SIP traffic on both sides of a B2BUA, one message at a time.
 *
 * Each call is written down whole when it begins, as messages at their times: what the caller's phone sends, what the
 * B2BUA makes of it, what the phones answer, what comes of that. Calls know nothing of each other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "legs-traffic.h"

#include <string.h>

#define PHONES_AT_LEAST 50    /* that can be called, beside the callers */
#define SHARE_CHALLENGED 0.1  /* of the callers' INVITEs */
#define SHARE_UNFOLLOWED 0.05 /* of the redirects */
#define ACTIVITY 0.5          /* exponent of Zipf's law: how unequally the callers call */
#define HUNTS_ON 3            /* numbers that are tried */

const delay_t processing_usual = {"usual", 0.001, 0.05};
const delay_t processing_slow = {"slow", 0.2, 2};

static const delay_t relaying = {"", 0.0003, 0.004}; /* what comes back, to the other side */
static const delay_t at_phone = {"", 0.002, 0.1};    /* a phone by itself */
static const delay_t ringing = {"", 0.5, 30};
static const delay_t own_call = {"", 0.005, 10};
static const delay_t second_call = {"", 0.05, 5};

typedef enum { OUTCOME_ANSWERED, OUTCOME_REDIRECTED, OUTCOME_BUSY, OUTCOME_DECLINED, OUTCOME_SILENT } outcome_t;

/* How often a phone does what, of 100 times. */
static const struct {
    outcome_t outcome;
    unsigned share;
    bool rings;
    unsigned status;
} outcomes[] = {
    {OUTCOME_ANSWERED, 50, true, 200}, {OUTCOME_REDIRECTED, 14, false, 302}, {OUTCOME_REDIRECTED, 6, true, 302},
    {OUTCOME_BUSY, 8, false, 486},     {OUTCOME_DECLINED, 8, true, 603},     {OUTCOME_DECLINED, 4, false, 603},
    {OUTCOME_DECLINED, 2, true, 600},  {OUTCOME_SILENT, 8, true, 487},
};

/* What all legs of one call know. */
typedef struct {
    unsigned number, caller;
    bool is_anonymous;
    bool is_shown;
    uint32_t session; /* the same on all legs, where an identifier is */
} call_t;

/* One INVITE. */
typedef struct leg {
    call_t *call;
    const struct leg *of;         /* that it was made of */
    const struct leg *redirected; /* that got the 302 because of which it was made */
    unsigned number, cseq;
    unsigned called, target, diverted; /* phones; target: that it is redirected to; diverted: NOBODY for none */
    redirect_endpoint_t source, destination;
    uint32_t sdp;
    bool is_made; /* by a B2BUA */
    bool is_missing;
    uint32_t frame, final_frame;
} leg_t;

#define NOBODY UINT32_MAX

typedef enum { SAYS_INVITE, SAYS_RESPONSE, SAYS_ACK, SAYS_CANCEL, SAYS_CANCEL_OK } says_t;

typedef struct {
    leg_t *leg;
    says_t says;
    unsigned status;
} event_t;

struct legs_traffic {
    legs_population_t population;
    GRand *chance;
    double *activity;
    unsigned phones;
    agenda_t *agenda;   /* event_t */
    GPtrArray *objects; /* calls and legs, all to be freed */
    GPtrArray *invites; /* leg_t by frame; NULL of other messages */
    unsigned calls, legs, shown;
    unsigned latest; /* call */
    redirect_time_t next_call;
    GString *text;
};

static bool
is(const legs_traffic_t *traffic, legs_way_t way)
{
    return (traffic->population.ways & (unsigned)way) != 0;
}

/* --- calls and legs ----------------------------------------------------------------------------------------------- */

static redirect_endpoint_t
endpoint(unsigned a, unsigned number)
{
    return (redirect_endpoint_t){
        .address = {10, (uint8_t)a, (uint8_t)(number >> 8), (uint8_t)number}, .len = 4, .port = 5060};
}

static redirect_endpoint_t
phone_endpoint(unsigned phone)
{
    return endpoint(phone >> 16, phone & 0xffff);
}

static redirect_endpoint_t
pbx_endpoint(unsigned which)
{
    return endpoint(200, which);
}

static void *
keep(legs_traffic_t *traffic, void *object)
{
    g_ptr_array_add(traffic->objects, object);
    return object;
}

static call_t *
call_new(legs_traffic_t *traffic, unsigned caller)
{
    call_t *call = (call_t *)keep(traffic, g_new0(call_t, 1));

    call->number = traffic->calls++;
    call->caller = caller;
    call->is_anonymous = chance_happens(traffic->chance, traffic->population.anonymous);
    call->session = g_rand_int(traffic->chance);
    return call;
}

static unsigned
some_phone(const legs_traffic_t *traffic, const call_t *call)
{
    const unsigned phone = chance_below(traffic->chance, traffic->phones);

    return phone == call->caller ? (phone + 1) % traffic->phones : phone;
}

/* Where a call goes on to. */
static unsigned
some_target(const legs_traffic_t *traffic, const call_t *call, unsigned called)
{
    unsigned target;

    if (!is(traffic, NO_CIRCLES)) {
        return some_phone(traffic, call);
    }
    target = called + 1 + chance_below(traffic->chance, PHONES_AT_LEAST);
    return target == call->caller ? target + 1 : target;
}

static leg_t *
leg_new(legs_traffic_t *traffic, call_t *call, unsigned called)
{
    leg_t *leg = (leg_t *)keep(traffic, g_new0(leg_t, 1));

    leg->call = call;
    leg->target = some_target(traffic, call, called);
    leg->number = traffic->legs++;
    leg->cseq = 1;
    leg->called = called;
    leg->diverted = NOBODY;
    leg->sdp = g_rand_int(traffic->chance);
    return leg;
}

/* What the caller's phone sends to the B2BUA. */
static leg_t *
leg_received(legs_traffic_t *traffic, call_t *call, unsigned called)
{
    leg_t *leg = leg_new(traffic, call, called);

    leg->source = phone_endpoint(call->caller);
    leg->destination = pbx_endpoint(1);
    leg->sdp = is(traffic, SDP_CONSTANT) ? 0 : is(traffic, SDP_OF_PHONE) ? call->caller + 1 : leg->sdp;
    return leg;
}

/* What the B2BUA that received another one makes of it. */
static leg_t *
leg_made(legs_traffic_t *traffic, const leg_t *of, unsigned called)
{
    leg_t *leg = leg_new(traffic, of->call, called);

    leg->of = of;
    leg->source = is(traffic, TWO_ADDRESSES) ? pbx_endpoint(9) : of->destination;
    leg->destination = phone_endpoint(called);
    leg->sdp = is(traffic, SDP_KEPT) ? of->sdp : leg->sdp;
    leg->is_made = true;
    leg->is_missing = is(traffic, NO_PHONES);
    return leg;
}

/* --- what is said ------------------------------------------------------------------------------------------------- */

static void
say(legs_traffic_t *traffic, leg_t *leg, redirect_time_t time, says_t says, unsigned status)
{
    event_t *event = g_new(event_t, 1);

    *event = (event_t){.leg = leg, .says = says, .status = status};
    agenda_add(traffic->agenda, time, event);
}

static redirect_time_t
soon(const legs_traffic_t *traffic, redirect_time_t time, const delay_t *delay)
{
    return time + chance_delay(traffic->chance, delay);
}

static void
end(legs_traffic_t *traffic, leg_t *leg, redirect_time_t time, unsigned status)
{
    say(traffic, leg, time, SAYS_RESPONSE, status);
    say(traffic, leg, soon(traffic, time, &relaying), SAYS_ACK, 0);
    if ((status / 100 == 3 || status / 100 == 6) && !leg->is_missing && !leg->call->is_shown) {
        leg->call->is_shown = true;
        traffic->shown++;
    }
}

/* A response goes on to the caller, through all B2BUAs. */
static void
relay(legs_traffic_t *traffic, const leg_t *leg, redirect_time_t time, unsigned status)
{
    for (leg_t *above = (leg_t *)(uintptr_t)leg->of; above; above = (leg_t *)(uintptr_t)above->of) {
        time = soon(traffic, time, &relaying);
        if (status < 200) {
            say(traffic, above, time, SAYS_RESPONSE, status);
        } else {
            end(traffic, above, time, status);
        }
    }
}

static void
give_up(legs_traffic_t *traffic, leg_t *leg, redirect_time_t time)
{
    say(traffic, leg, time, SAYS_CANCEL, 0);
    time = soon(traffic, time, &at_phone);
    say(traffic, leg, time, SAYS_CANCEL_OK, 0);
    end(traffic, leg, time, 487);
}

/* --- phones ------------------------------------------------------------------------------------------------------- */

static unsigned
some_outcome(const legs_traffic_t *traffic)
{
    unsigned left = chance_below(traffic->chance, 100), i = 0;

    while (left >= outcomes[i].share) {
        left -= outcomes[i++].share;
    }
    return i;
}

static void
invite(legs_traffic_t *traffic, leg_t *leg, redirect_time_t time)
{
    say(traffic, leg, time, SAYS_INVITE, 0);
}

/* Calls a phone, which does something. @return when it is over */
static redirect_time_t
call_phone(legs_traffic_t *traffic, leg_t *leg, redirect_time_t time, unsigned outcome)
{
    invite(traffic, leg, time);
    time = soon(traffic, time, &at_phone);
    if (outcomes[outcome].rings) {
        say(traffic, leg, time, SAYS_RESPONSE, 180);
        relay(traffic, leg, time, 180);
        time = soon(traffic, time, &ringing);
    }
    if (outcomes[outcome].outcome == OUTCOME_SILENT) {
        give_up(traffic, leg, time);
    } else {
        end(traffic, leg, time, outcomes[outcome].status);
    }
    return time;
}

/* Another code than the phone's, now and then: what PBXs make of them. */
static unsigned
told_to_caller(const legs_traffic_t *traffic, unsigned outcome)
{
    static const unsigned told[][3] = {[OUTCOME_ANSWERED] = {200, 200, 200},
                                       [OUTCOME_REDIRECTED] = {480, 302, 503},
                                       [OUTCOME_BUSY] = {486, 486, 603},
                                       [OUTCOME_DECLINED] = {603, 486, 503},
                                       [OUTCOME_SILENT] = {480, 480, 603}};

    return told[outcomes[outcome].outcome][chance_below(traffic->chance, 3)];
}

/* --- the B2BUA ---------------------------------------------------------------------------------------------------- */

/* What follows a redirect; where the B2BUA calls itself for it, what it makes of that. */
static leg_t *
leg_after(legs_traffic_t *traffic, const leg_t *received, const leg_t *redirected, redirect_time_t *time)
{
    leg_t *next = leg_made(traffic, received, redirected->target), *inner;

    next->redirected = redirected;
    next->diverted = received->called;
    if (!is(traffic, CALLS_ITSELF)) {
        return next;
    }
    next->destination = received->destination;
    invite(traffic, next, *time);
    *time = soon(traffic, *time, traffic->population.processing);
    inner = leg_made(traffic, next, next->called);
    inner->redirected = redirected;
    inner->diverted = received->called;
    return inner;
}

/* One after the other, until somebody answers or nobody is left. */
static void
hunt(legs_traffic_t *traffic, leg_t *received, redirect_time_t time)
{
    unsigned left = is(traffic, HUNTS) ? HUNTS_ON : 1, outcome, redirects = 0;
    leg_t *leg = leg_made(traffic, received, received->called);

    for (;;) {
        time = soon(traffic, time, traffic->population.processing);
        outcome = some_outcome(traffic);
        if (outcomes[outcome].outcome == OUTCOME_REDIRECTED && redirects == 2) {
            outcome = 0;
        }
        time = call_phone(traffic, leg, time, outcome);
        if (outcomes[outcome].outcome == OUTCOME_REDIRECTED) {
            redirects++;
            time = soon(traffic, time, &relaying);
            if (chance_happens(traffic->chance, SHARE_UNFOLLOWED)) {
                break;
            }
            leg = leg_after(traffic, leg->of, leg, &time);
        } else if (outcomes[outcome].outcome == OUTCOME_ANSWERED || --left == 0) {
            break;
        } else {
            for (const leg_t *inner = leg->of; inner != received; inner = inner->of) {
                time = soon(traffic, time, &relaying);
                end(traffic, (leg_t *)(uintptr_t)inner, time, 480);
            }
            leg = leg_made(traffic, received, some_target(traffic, received->call, leg->called));
        }
    }
    relay(traffic, leg, time, told_to_caller(traffic, outcome));
}

/* Three phones at once: one answers or none, one rings until then, one may redirect or decline before. */
static void
ring_group(legs_traffic_t *traffic, leg_t *received, redirect_time_t time)
{
    const redirect_time_t until = soon(traffic, time, &ringing) + REDIRECT_SECOND;
    const bool is_answered = chance_happens(traffic->chance, 0.7);
    leg_t *leg[3], *last;
    unsigned outcome, called = received->called;

    time = soon(traffic, time, traffic->population.processing);
    for (unsigned i = 0; i < 3; i++) {
        called = i == 0 ? called : some_target(traffic, received->call, called);
        leg[i] = leg_made(traffic, received, called);
        invite(traffic, leg[i], time);
        say(traffic, leg[i], soon(traffic, time, &at_phone), SAYS_RESPONSE, 180);
        time = soon(traffic, time, &relaying);
    }
    if (is_answered) {
        end(traffic, leg[0], until, 200);
    } else {
        give_up(traffic, leg[0], until);
    }
    give_up(traffic, leg[1], soon(traffic, until, &relaying));
    outcome = some_outcome(traffic);
    if (outcomes[outcome].outcome == OUTCOME_ANSWERED || outcomes[outcome].outcome == OUTCOME_SILENT) {
        give_up(traffic, leg[2], soon(traffic, until, &relaying));
    } else {
        time = soon(traffic, time + (until - time) / 4, &at_phone);
        end(traffic, leg[2], time, outcomes[outcome].status);
    }
    if (outcomes[outcome].outcome == OUTCOME_REDIRECTED) {
        time = soon(traffic, soon(traffic, time, &relaying), traffic->population.processing);
        last = leg_after(traffic, received, leg[2], &time);
        invite(traffic, last, time);
        give_up(traffic, last, MAX(soon(traffic, until, &relaying), time + REDIRECT_SECOND));
    }
    relay(traffic, leg[0], until, is_answered ? 200 : chance_happens(traffic->chance, 0.5) ? 480 : 603);
}

/* In a caller's name, but made of nothing that was received: a callback, a click, a campaign. */
static void
call_by_itself(legs_traffic_t *traffic, unsigned caller, redirect_time_t time)
{
    call_t *call = call_new(traffic, caller);
    leg_t *received = leg_new(traffic, call, some_phone(traffic, call)), *leg; /* never sent */
    unsigned outcome = some_outcome(traffic);

    received->destination = pbx_endpoint(1);
    received->is_missing = true;
    leg = leg_made(traffic, received, received->called);
    leg->of = NULL;
    time = call_phone(traffic, leg, time, outcome);
    if (outcomes[outcome].outcome == OUTCOME_REDIRECTED) {
        time = soon(traffic, time, traffic->population.processing);
        (void)call_phone(traffic, leg_after(traffic, received, leg, &time), time, 0);
    }
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

/* The caller's INVITE; after a challenge once more. @return the one that the B2BUA takes */
static leg_t *
send_to_pbx(legs_traffic_t *traffic, call_t *call, redirect_time_t *time)
{
    leg_t *leg = leg_received(traffic, call, some_phone(traffic, call)), *again;
    const bool is_missing = chance_happens(traffic->chance, traffic->population.missing);

    leg->is_missing = is_missing;
    invite(traffic, leg, *time);
    if (!chance_happens(traffic->chance, SHARE_CHALLENGED)) {
        return leg;
    }
    *time = soon(traffic, *time, &relaying);
    end(traffic, leg, *time, 401);
    *time = soon(traffic, *time + REDIRECT_SECOND / 200, &at_phone);
    again = leg_received(traffic, call, leg->called);
    again->number = leg->number;
    again->cseq = 2;
    again->sdp = leg->sdp;
    again->is_missing = is_missing;
    invite(traffic, again, *time);
    return again;
}

static void
call_pbx(legs_traffic_t *traffic, unsigned caller, redirect_time_t time)
{
    call_t *call = call_new(traffic, caller);
    leg_t *received = send_to_pbx(traffic, call, &time);

    if (is(traffic, TWO_PBXS)) {
        received = leg_made(traffic, received, received->called);
        received->destination = pbx_endpoint(2);
        received->is_missing = false;
        time = soon(traffic, time, traffic->population.processing);
        invite(traffic, received, time);
    }
    if (is(traffic, RINGS_MANY) && chance_happens(traffic->chance, 0.5)) {
        ring_group(traffic, received, time);
    } else {
        hunt(traffic, received, time);
    }
}

static void
begin_call(legs_traffic_t *traffic, redirect_time_t time)
{
    const unsigned caller = chance_pick(traffic->chance, traffic->activity, traffic->population.callers);

    call_pbx(traffic, caller, time);
    if (chance_happens(traffic->chance, traffic->population.second)) {
        call_pbx(traffic, caller, soon(traffic, time, &second_call));
    }
    if (chance_happens(traffic->chance, traffic->population.own)) {
        call_by_itself(traffic, caller, soon(traffic, time, &own_call));
    }
}

/* Calls begin until enough have shown something. */
static void
begin_calls(legs_traffic_t *traffic)
{
    redirect_time_t next;

    while (traffic->shown < traffic->population.calls &&
           (!agenda_time(traffic->agenda, &next) || traffic->next_call <= next)) {
        begin_call(traffic, traffic->next_call);
        traffic->next_call += chance_next(traffic->chance, traffic->population.rate);
    }
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void
put_host(GString *out, const redirect_endpoint_t *endpoint)
{
    g_string_append_printf(out, "%u.%u.%u.%u", endpoint->address[0], endpoint->address[1], endpoint->address[2],
                           endpoint->address[3]);
}

static void
put_number(GString *out, unsigned phone, bool is_other_form)
{
    static const char *const forms[] = {"+1202", "001202", "202"};

    g_string_append_printf(out, "%s%07u", forms[is_other_form ? 1 + phone % 2 : 0], phone);
}

static void
put_called(const legs_traffic_t *traffic, GString *out, const leg_t *leg, unsigned called)
{
    g_string_append(out, "sip:");
    if (leg->is_made && is(traffic, CALLED_DEVICE)) {
        g_string_append_printf(out, "desk%08x", called * 2654435761U);
    } else {
        put_number(out, called, leg->is_made && is(traffic, CALLED_FORM));
    }
    g_string_append_c(out, '@');
    put_host(out, &leg->destination);
}

static void
put_from(const legs_traffic_t *traffic, GString *out, const leg_t *leg)
{
    g_string_append(out, "From: <sip:");
    if (leg->call->is_anonymous) {
        g_string_append(out, "anonymous@anonymous.invalid");
    } else {
        if (is(traffic, FROM_MAIN_TOO) || (leg->is_made && is(traffic, FROM_MAIN))) {
            g_string_append(out, "+12025550000");
        } else {
            put_number(out, leg->call->caller, leg->is_made && is(traffic, CALLED_FORM));
        }
        g_string_append_c(out, '@');
        put_host(out, leg->is_made ? &leg->source : &leg->destination);
    }
    g_string_append_printf(out, ">;tag=%08x\r\n", leg->number * 2654435761U);
}

static void
put_call_id(GString *out, const leg_t *leg)
{
    g_string_append_printf(out, "%08x-%u\r\n", leg->number * 2246822519U, leg->number);
}

static void
put_dialog(const legs_traffic_t *traffic, GString *out, const leg_t *leg, const char *method)
{
    g_string_append(out, "Via: SIP/2.0/UDP ");
    put_host(out, &leg->source);
    g_string_append_printf(out, ":5060;branch=z9hG4bK%08xx%u\r\n", leg->number, leg->cseq);
    put_from(traffic, out, leg);
    g_string_append(out, "To: <");
    put_called(traffic, out, leg, leg->called);
    g_string_append(out, ">\r\nCall-ID: ");
    put_call_id(out, leg);
    g_string_append_printf(out, "CSeq: %u %s\r\n", leg->cseq, method);
}

static void
put_identifiers(const legs_traffic_t *traffic, GString *out, const leg_t *leg)
{
    const uint32_t session = leg->call->session;

    if (is(traffic, ASSERTS_CALLER)) {
        g_string_append(out, "P-Asserted-Identity: <sip:");
        put_number(out, leg->call->caller, leg->is_made && is(traffic, CALLED_FORM));
        g_string_append(out, "@example.com>\r\n");
    }
    if (is(traffic, TELLS_DIVERSION) && leg->diverted != NOBODY) {
        g_string_append(out, "Diversion: <sip:");
        put_number(out, leg->diverted, false);
        g_string_append(out, "@example.com>;reason=unknown\r\n");
    }
    if (is(traffic, HAS_SESSION_ID)) {
        g_string_append_printf(out, "Session-ID: %08x%08x%08x%08x;remote=%032u\r\n", session, ~session,
                               session * 2654435761U, leg->call->number, 0U);
    }
    if (is(traffic, HAS_ICID)) {
        g_string_append_printf(out, "P-Charging-Vector: icid-value=%08x.%u;icid-generated-at=10.0.0.1\r\n", session,
                               leg->call->number);
    }
    if (is(traffic, HAS_CALL_HEADER) && leg->of) {
        g_string_append(out, "X-Call-ID: ");
        put_call_id(out, leg->of);
    }
}

static void
put_offer(GString *out, const leg_t *leg)
{
    GString *body = g_string_new("");
    const bool is_kept = leg->of && leg->sdp == leg->of->sdp;

    g_string_append_printf(body, "v=0\r\no=- %u 1 IN IP4 10.9.9.9\r\ns=-\r\nc=IN IP4 ", leg->sdp);
    put_host(body, &leg->source);
    g_string_append_printf(body, "\r\nt=0 0\r\nm=audio %u RTP/AVP 8\r\n",
                           leg->sdp == 0 && !is_kept ? 6000 : 10000 + leg->number % 20000 * 2);
    g_string_append_printf(out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", body->len, body->str);
    g_string_free(body, TRUE);
}

static void
put_request(const legs_traffic_t *traffic, GString *out, const event_t *event, const char *method)
{
    g_string_append_printf(out, "%s ", method);
    put_called(traffic, out, event->leg, event->leg->called);
    g_string_append(out, " SIP/2.0\r\n");
    put_dialog(traffic, out, event->leg, method);
    if (event->says == SAYS_INVITE) {
        put_identifiers(traffic, out, event->leg);
        put_offer(out, event->leg);
    } else {
        g_string_append(out, "Content-Length: 0\r\n\r\n");
    }
}

static void
put_response(const legs_traffic_t *traffic, GString *out, const event_t *event)
{
    g_string_append_printf(out, "SIP/2.0 %u Phrase\r\n", event->status ? event->status : 200);
    put_dialog(traffic, out, event->leg, event->says == SAYS_CANCEL_OK ? "CANCEL" : "INVITE");
    if (event->status == 302) {
        g_string_append(out, "Contact: <sip:");
        put_number(out, event->leg->target, false);
        g_string_append_c(out, '@');
        put_host(out, &event->leg->source);
        g_string_append(out, ">\r\n");
    }
    g_string_append(out, "Content-Length: 0\r\n\r\n");
}

static void
put_event(const legs_traffic_t *traffic, GString *out, const event_t *event)
{
    static const char *const methods[] = {
        [SAYS_CANCEL_OK] = NULL, [SAYS_INVITE] = "INVITE", [SAYS_ACK] = "ACK", [SAYS_CANCEL] = "CANCEL"};

    g_string_truncate(out, 0);
    if (methods[event->says] == NULL) {
        put_response(traffic, out, event);
    } else {
        put_request(traffic, out, event, methods[event->says]);
    }
}

/* --- the traffic -------------------------------------------------------------------------------------------------- */

legs_traffic_t *
legs_traffic_new(const legs_population_t *population, uint32_t seed)
{
    legs_traffic_t *traffic = g_new0(legs_traffic_t, 1);

    traffic->population = *population;
    traffic->chance = g_rand_new_with_seed(seed);
    traffic->activity = chance_zipf(population->callers, ACTIVITY);
    traffic->phones = MAX(population->callers, PHONES_AT_LEAST);
    traffic->agenda = agenda_new();
    traffic->objects = g_ptr_array_new_with_free_func(g_free);
    traffic->invites = g_ptr_array_new();
    g_ptr_array_add(traffic->invites, NULL); /* there is no frame 0 */
    traffic->text = g_string_new("");
    return traffic;
}

void
legs_traffic_free(legs_traffic_t *traffic)
{
    g_rand_free(traffic->chance);
    g_free(traffic->activity);
    agenda_free(traffic->agenda);
    g_ptr_array_free(traffic->objects, TRUE);
    g_ptr_array_free(traffic->invites, TRUE);
    g_string_free(traffic->text, TRUE);
    g_free(traffic);
}

/* The next event that is captured; the caller's to free. */
static event_t *
next_captured(legs_traffic_t *traffic, redirect_time_t *time)
{
    for (;;) {
        event_t *event;
        begin_calls(traffic);
        if (!agenda_time(traffic->agenda, time)) {
            return NULL;
        }
        event = (event_t *)agenda_take(traffic->agenda, time);
        if (!event->leg->is_missing) {
            return event;
        }
        g_free(event);
    }
}

bool
legs_traffic_next(legs_traffic_t *traffic, redirect_message_t *message, sip_slice_t *text)
{
    redirect_time_t time;
    event_t *event = next_captured(traffic, &time);
    leg_t *leg;
    bool is_back;

    if (event == NULL) {
        return false;
    }
    leg = event->leg;
    is_back = event->says == SAYS_RESPONSE || event->says == SAYS_CANCEL_OK;
    g_ptr_array_add(traffic->invites, event->says == SAYS_INVITE ? leg : NULL);
    if (event->says == SAYS_INVITE) {
        leg->frame = legs_traffic_frames(traffic);
    } else if (event->says == SAYS_RESPONSE && event->status >= 200) {
        leg->final_frame = legs_traffic_frames(traffic);
    }
    traffic->latest = leg->call->number;
    put_event(traffic, traffic->text, event);
    *message = (redirect_message_t){.frame = legs_traffic_frames(traffic),
                                    .time = time,
                                    .source = is_back ? leg->destination : leg->source,
                                    .destination = is_back ? leg->source : leg->destination,
                                    .transport = REDIRECT_TRANSPORT_UDP};
    *text = sip_slice_make(traffic->text->str, traffic->text->len);
    g_free(event);
    return true;
}

unsigned
legs_traffic_call(const legs_traffic_t *traffic)
{
    return traffic->latest;
}

unsigned
legs_traffic_calls(const legs_traffic_t *traffic)
{
    return traffic->calls;
}

legs_truth_t
legs_traffic_truth(const legs_traffic_t *traffic, uint32_t frame)
{
    const leg_t *leg = (const leg_t *)g_ptr_array_index(traffic->invites, frame);

    if (leg == NULL) {
        return (legs_truth_t){0};
    }
    return (legs_truth_t){.made_of = leg->of ? leg->of->frame : 0,
                          .redirected_in = leg->redirected ? leg->redirected->final_frame : 0,
                          .is_shown = leg->call->is_shown};
}

uint32_t
legs_traffic_frames(const legs_traffic_t *traffic)
{
    return traffic->invites->len - 1;
}
