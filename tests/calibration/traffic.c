/* traffic.c
 * Makes the SIP traffic of a trunk, one message at a time.
 *
 * Calls begin at random (a Poisson process). Most go to a server, from one address, an SBC's; the server answers some
 * and redirects the others to one of few targets. The SBC follows under a new Call-ID, or nobody does. Other calls of
 * the same callers go straight to the targets, and some callers dial the redirected number again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "traffic.h"

#include <string.h>

#include <glib.h>

#define CALLEES 10000        /* numbers that the server redirects */
#define SHARE_ANSWERED 0.2   /* of the calls to the server */
#define SHARE_REDIALLED 0.05 /* of the redirects: the caller dials that number again */
#define SHARE_BUSY 0.3       /* of the calls to a target */

const delay_t delay_any = {"any", 0.004, 30};
const delay_t delay_fast = {"fast", 0.004, 0.2};
const delay_t delay_slow = {"slow", 1, 30};

typedef enum { STEP_INVITE, STEP_FINAL, STEP_ACK } step_t;

/* One call as the trunk sees it: an INVITE, its final response, an ACK. */
typedef struct {
    unsigned number, caller, target, callee;
    invite_kind_t kind;
    unsigned status;
    uint32_t tag, session; /* of this call; a follow-up that is tied has those of the redirected one */
    uint32_t redirected_in;
    bool is_tied;
    bool is_international; /* how From writes the number */
} call_t;

typedef struct {
    redirect_time_t time;
    step_t step;
    call_t call;
} event_t;

struct traffic {
    population_t population;
    GRand *chance;
    double *activity; /* of the callers up to each one, added up */
    agenda_t *agenda; /* event_t */
    unsigned calls, redirects;
    redirect_time_t next_call;
    uint32_t frame;
    GString *text;
};

double
traffic_share_of_caller(const traffic_t *traffic, unsigned caller)
{
    const double before = caller > 0 ? traffic->activity[caller - 1] : 0;

    return (traffic->activity[caller] - before) / traffic->activity[traffic->population.callers - 1];
}

static void
event_push(traffic_t *traffic, redirect_time_t time, step_t step, const call_t *call)
{
    event_t *event = g_new(event_t, 1);

    *event = (event_t){.step = step, .call = *call};
    agenda_add(traffic->agenda, time, event);
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static call_t
call_new(traffic_t *traffic, invite_kind_t kind, unsigned caller)
{
    call_t call = {.number = traffic->calls++, .kind = kind, .caller = caller};
    const unsigned tied = traffic->population.tied;

    call.target = chance_below(traffic->chance, traffic->population.targets);
    call.callee = chance_below(traffic->chance, CALLEES);
    call.tag = g_rand_int(traffic->chance);
    call.session = g_rand_int(traffic->chance);
    call.is_international = chance_happens(traffic->chance, 0.5);
    call.is_tied = tied == 0 || caller * 2654435761U % 100 < tied;
    return call;
}

/* Calls begin until there were enough redirects. */
static void
begin_calls(traffic_t *traffic)
{
    const population_t *population = &traffic->population;
    redirect_time_t next;

    while (traffic->redirects < population->redirects &&
           (!agenda_time(traffic->agenda, &next) || traffic->next_call <= next)) {
        const double direct = population->direct / (1 + population->direct);
        const invite_kind_t kind = chance_happens(traffic->chance, direct) ? KIND_DIRECT : KIND_ORIGINAL;
        const call_t call =
            call_new(traffic, kind, chance_pick(traffic->chance, traffic->activity, traffic->population.callers));
        event_push(traffic, traffic->next_call, STEP_INVITE, &call);
        traffic->next_call += chance_next(traffic->chance, population->rate);
    }
}

static void
follow(traffic_t *traffic, const call_t *redirected, redirect_time_t time)
{
    call_t call = call_new(traffic, KIND_FOLLOW_UP, redirected->caller);

    call.target = redirected->target;
    call.callee = redirected->callee;
    call.redirected_in = traffic->frame;
    if (call.is_tied) {
        call.tag = traffic->population.ties & TIE_TAG ? redirected->tag : call.tag;
        call.session = redirected->session;
    }
    event_push(traffic, time + chance_delay(traffic->chance, traffic->population.delay), STEP_INVITE, &call);
}

static void
dial_again(traffic_t *traffic, const call_t *redirected, redirect_time_t time)
{
    static const delay_t patience = {"", 2, 60};
    call_t call = call_new(traffic, KIND_ORIGINAL, redirected->caller);

    call.callee = redirected->callee;
    if (chance_happens(traffic->chance, 0.5)) {
        call.target = redirected->target;
    }
    event_push(traffic, time + chance_delay(traffic->chance, &patience), STEP_INVITE, &call);
}

/* What comes of the message that was just sent. */
static void
go_on(traffic_t *traffic, event_t *event)
{
    call_t *call = &event->call;
    static const delay_t soon = {"", 0.002, 0.03};

    switch (event->step) {
    case STEP_INVITE:
        if (call->kind == KIND_ORIGINAL) {
            call->status = chance_happens(traffic->chance, SHARE_ANSWERED) ? 200 : 302;
        } else {
            call->status = chance_happens(traffic->chance, SHARE_BUSY) ? 486 : 200;
        }
        event_push(traffic, event->time + chance_delay(traffic->chance, &soon), STEP_FINAL, call);
        break;
    case STEP_FINAL:
        event_push(traffic, event->time + REDIRECT_SECOND / 1000, STEP_ACK, call);
        if (call->status == 302) {
            traffic->redirects++;
            if (!chance_happens(traffic->chance, traffic->population.abandoned)) {
                follow(traffic, call, event->time);
            }
            if (chance_happens(traffic->chance, SHARE_REDIALLED)) {
                dial_again(traffic, call, event->time);
            }
        }
        break;
    default:
        break;
    }
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static const char sbc[] = "192.0.2.10", server[] = "192.0.2.20";

static redirect_endpoint_t
endpoint(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (redirect_endpoint_t){.address = {a, b, c, d}, .len = 4, .port = 5060};
}

static redirect_endpoint_t
callee_endpoint(const call_t *call)
{
    return call->kind == KIND_ORIGINAL ? endpoint(192, 0, 2, 20) : endpoint(198, 51, 100, (uint8_t)(call->target + 1));
}

static void
put_uri(GString *out, const call_t *call)
{
    if (call->kind == KIND_ORIGINAL) {
        g_string_append_printf(out, "sip:+1303555%04u@%s", call->callee, server);
    } else {
        g_string_append_printf(out, "sip:agent%u@198.51.100.%u", call->target, call->target + 1);
    }
}

static void
put_from(const traffic_t *traffic, GString *out, const call_t *call)
{
    const unsigned ties = traffic->population.ties;
    const uint32_t tag = ties & HAS_DULL_TAGS ? call->caller * 2654435761U : call->tag;

    if (ties & IS_ANONYMOUS) {
        g_string_append(out, "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>");
    } else if (ties & HAS_FORMS) {
        const char *prefix = call->is_international ? "00493" : "+493";
        g_string_append_printf(out, "From: <sip:%s%07u@%s>", prefix, call->caller, sbc);
    } else {
        g_string_append_printf(out, "From: <sip:+1202%07u@%s>", call->caller, sbc);
    }
    g_string_append_printf(out, ";tag=%08x\r\n", tag);
}

static void
put_dialog(const traffic_t *traffic, GString *out, const call_t *call, const char *method)
{
    g_string_append_printf(out, "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%08x\r\n", sbc, call->number);
    put_from(traffic, out, call);
    g_string_append(out, "To: <");
    put_uri(out, call);
    g_string_append_printf(out, ">\r\nCall-ID: %08x-%u@%s\r\nCSeq: 1 %s\r\n", call->number * 2654435761U, call->number,
                           sbc, method);
}

static unsigned
phone(const traffic_t *traffic, const call_t *call)
{
    return traffic->population.ties & HAS_TWO_PHONES ? 2 * call->caller + call->session % 2 : call->caller;
}

/* What an INVITE may share with the one that was redirected. */
static void
put_ties(const traffic_t *traffic, GString *out, const call_t *call)
{
    const unsigned ties = traffic->population.ties;

    if (ties & HAS_FORMS) {
        g_string_append_printf(out, "P-Asserted-Identity: <tel:+493%07u>\r\n", call->caller);
    }
    if (ties & TIE_AGENT) {
        g_string_append_printf(out, "User-Agent: Phone %u\r\n", phone(traffic, call) % 8);
    } else {
        g_string_append(out, "User-Agent: SBC 7.4\r\n");
    }
    if (ties & TIE_CONTACT) {
        g_string_append_printf(out, "Contact: <sip:%u@10.1.%u.%u>\r\n", call->caller, phone(traffic, call) / 250 % 250,
                               phone(traffic, call) % 250);
    } else {
        g_string_append_printf(out, "Contact: <sip:%s:5060>\r\n", sbc);
    }
    if (ties & TIE_SESSION) {
        g_string_append_printf(out, "Session-ID: %08x%08x%08x%08x;remote=%032u\r\n", call->session, ~call->session,
                               call->session * 2654435761U, call->caller, 0U);
    }
    if (ties & TIE_HISTORY && call->kind == KIND_FOLLOW_UP && call->is_tied) {
        g_string_append_printf(out, "History-Info: <sip:+1303555%04u@%s?Reason=SIP%%3Bcause%%3D302>;index=1, <",
                               call->callee, server);
        put_uri(out, call);
        g_string_append(out, ">;index=1.1;mp=1\r\n");
    }
}

static uint32_t
sdp_session(const traffic_t *traffic, const call_t *call)
{
    const unsigned ties = traffic->population.ties;

    if (ties & HAS_DULL_SDP) {
        return 0;
    }
    if (ties & HAS_FIXED_SDP) {
        return call->caller;
    }
    return ties & TIE_SDP ? call->session : call->number * 2654435761U;
}

static void
put_offer(const traffic_t *traffic, GString *out, const call_t *call)
{
    char *body =
        g_strdup_printf("v=0\r\no=- %u 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 8 0\r\n",
                        sdp_session(traffic, call), sbc, sbc, 10000 + call->number % 20000 * 2);

    g_string_append_printf(out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    g_free(body);
}

static void
put_invite(const traffic_t *traffic, GString *out, const call_t *call)
{
    g_string_append(out, "INVITE ");
    put_uri(out, call);
    g_string_append(out, " SIP/2.0\r\n");
    put_dialog(traffic, out, call, "INVITE");
    g_string_append(out, "Max-Forwards: 70\r\n");
    put_ties(traffic, out, call);
    put_offer(traffic, out, call);
}

static const char *
phrase(unsigned status)
{
    return status == 302 ? "Moved Temporarily" : status == 200 ? "OK" : "Busy Here";
}

static void
put_final(const traffic_t *traffic, GString *out, const call_t *call)
{
    g_string_append_printf(out, "SIP/2.0 %u %s\r\n", call->status, phrase(call->status));
    put_dialog(traffic, out, call, "INVITE");
    if (call->status == 302) {
        g_string_append_printf(out, "Contact: <sip:agent%u@198.51.100.%u>\r\n", call->target, call->target + 1);
    }
    g_string_append(out, "Content-Length: 0\r\n\r\n");
}

static void
put_ack(const traffic_t *traffic, GString *out, const call_t *call)
{
    g_string_append(out, "ACK ");
    put_uri(out, call);
    g_string_append(out, " SIP/2.0\r\n");
    put_dialog(traffic, out, call, "ACK");
    g_string_append(out, "Content-Length: 0\r\n\r\n");
}

/* --- the traffic -------------------------------------------------------------------------------------------------- */

traffic_t *
traffic_new(const population_t *population, uint32_t seed)
{
    traffic_t *traffic = g_new0(traffic_t, 1);

    traffic->population = *population;
    traffic->chance = g_rand_new_with_seed(seed);
    traffic->agenda = agenda_new();
    traffic->text = g_string_new("");
    traffic->activity = chance_zipf(population->callers, population->activity);
    return traffic;
}

void
traffic_free(traffic_t *traffic)
{
    g_rand_free(traffic->chance);
    agenda_free(traffic->agenda);
    g_string_free(traffic->text, TRUE);
    g_free(traffic->activity);
    g_free(traffic);
}

bool
traffic_next(traffic_t *traffic, sample_t *sample)
{
    static void (*const put[])(const traffic_t *, GString *, const call_t *) = {
        [STEP_INVITE] = put_invite, [STEP_FINAL] = put_final, [STEP_ACK] = put_ack};
    redirect_endpoint_t near_end = endpoint(192, 0, 2, 10), far_end;
    redirect_time_t time;
    event_t event, *taken;

    begin_calls(traffic);
    if (!agenda_time(traffic->agenda, &time)) {
        return false;
    }
    taken = (event_t *)agenda_take(traffic->agenda, &time);
    event = *taken;
    event.time = time;
    g_free(taken);
    far_end = callee_endpoint(&event.call);
    g_string_truncate(traffic->text, 0);
    put[event.step](traffic, traffic->text, &event.call);
    *sample = (sample_t){
        .frame = ++traffic->frame,
        .time = event.time,
        .source = event.step == STEP_FINAL ? far_end : near_end,
        .destination = event.step == STEP_FINAL ? near_end : far_end,
        .text = sip_slice_make(traffic->text->str, traffic->text->len),
        .is_invite = event.step == STEP_INVITE,
        .kind = event.call.kind,
        .redirected_in = event.call.redirected_in,
        .is_redirect = event.step == STEP_FINAL && event.call.status == 302,
        .caller = event.call.caller,
        .target = event.call.target,
    };
    go_on(traffic, &event);
    return true;
}
