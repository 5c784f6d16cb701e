/* network.c
 * The transport and transaction layers of RFC 3261 in simulated time, and the capture.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "network.h"

#include "text.h"

static const delay_t travel = {"", 0.0003, 0.015};
static const delay_t copying = {"", 0.00002, 0.0009};

struct network {
    conditions_t conditions;
    GRand *chance;
    agenda_t *agenda; /* event_t */
    redirect_time_t now;
    GPtrArray *memory;
    unsigned branches;
    void (*capture)(void *, const captured_t *);
    void *capture_state;
    void (*serve_on_the_way)(exchange_t *);
    GString *text;
};

typedef struct {
    action_t *action;
    void *subject;
    const message_t *message;
} event_t;

/* --- time and memory ---------------------------------------------------------------------------------------------- */

network_t *
network_new(const conditions_t *conditions, GRand *chance, void (*capture)(void *, const captured_t *),
            void *capture_state)
{
    network_t *network = g_new0(network_t, 1);

    network->conditions = *conditions;
    network->chance = chance;
    network->agenda = agenda_new();
    network->memory = g_ptr_array_new_with_free_func(g_free);
    network->capture = capture;
    network->capture_state = capture_state;
    network->text = g_string_new("");
    return network;
}

void
network_set_way(network_t *network, void (*serve)(exchange_t *))
{
    network->serve_on_the_way = serve;
}

void
network_free(network_t *network)
{
    agenda_free(network->agenda);
    g_ptr_array_free(network->memory, TRUE);
    g_string_free(network->text, TRUE);
    g_free(network);
}

void *
network_alloc(network_t *network, size_t size)
{
    void *memory = g_malloc0(size);

    g_ptr_array_add(network->memory, memory);
    return memory;
}

char *
network_printf(network_t *network, const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    text = g_strdup_vprintf(format, values);
    va_end(values);
    g_ptr_array_add(network->memory, text);
    return text;
}

GRand *
network_chance(const network_t *network)
{
    return network->chance;
}

redirect_time_t
network_now(const network_t *network)
{
    return network->now;
}

void
network_after(network_t *network, redirect_time_t delay, action_t *action, void *subject, const message_t *message)
{
    event_t *event = g_new(event_t, 1);

    *event = (event_t){.action = action, .subject = subject, .message = message};
    agenda_add(network->agenda, network->now + delay, event);
}

bool
network_step(network_t *network)
{
    redirect_time_t time;
    event_t *event;

    if (!agenda_time(network->agenda, &time)) {
        return false;
    }
    event = (event_t *)agenda_take(network->agenda, &time);
    network->now = time;
    event->action(network, event->subject, event->message);
    g_free(event);
    return true;
}

/* --- transport ---------------------------------------------------------------------------------------------------- */

/* From one end of an exchange to the other. */
static void
capture(network_t *network, void *subject, const message_t *message)
{
    const exchange_t *exchange = (const exchange_t *)subject;
    const actor_t *from = message->status ? exchange->server : exchange->client;
    const actor_t *to = message->status ? exchange->client : exchange->server;
    captured_t captured = {.time = network->now,
                           .source = from->endpoint,
                           .destination = to->endpoint,
                           .transport = exchange->transport,
                           .call = message->call};

    text_write(network->text, message);
    captured.text = sip_slice_make(network->text->str, network->text->len);
    network->capture(network->capture_state, &captured);
}

static void
pass_tap(network_t *network, exchange_t *exchange, const message_t *message)
{
    const conditions_t *conditions = &network->conditions;
    GRand *chance = network->chance;
    redirect_time_t delay;

    if (network->now < conditions->from || !(conditions->taps & (exchange->client->group | exchange->server->group)) ||
        chance_happens(chance, conditions->dropped)) {
        return;
    }
    delay = (redirect_time_t)(g_rand_double(chance) * (double)conditions->disorder);
    network_after(network, delay, capture, exchange, message);
    if (chance_happens(chance, conditions->copied)) {
        network_after(network, delay + chance_delay(chance, &copying), capture, exchange, message);
    }
}

static void
transmit(exchange_t *exchange, const message_t *message, action_t *arrive)
{
    network_t *network = exchange->network;
    const bool may_be_lost = exchange->transport == REDIRECT_TRANSPORT_UDP;

    if (may_be_lost && chance_happens(network->chance, network->conditions.lost_before)) {
        return;
    }
    pass_tap(network, exchange, message);
    if (!(may_be_lost && chance_happens(network->chance, network->conditions.lost_after))) {
        network_after(network, chance_delay(network->chance, &travel), arrive, exchange, message);
    }
}

message_t *
message_like(network_t *network, const message_t *message)
{
    message_t *copy = (message_t *)network_alloc(network, sizeof(*copy));

    *copy = *message;
    return copy;
}

static const via_t *
via_new(network_t *network, const actor_t *actor, unsigned branch, redirect_transport_t transport, const via_t *below)
{
    via_t *via = (via_t *)network_alloc(network, sizeof(*via));

    *via = (via_t){.host = actor->host, .branch = branch, .transport = transport, .below = below};
    return via;
}

static exchange_t *
exchange_new(network_t *network, const actor_t *client, redirect_transport_t transport, const message_t *request)
{
    exchange_t *exchange = (exchange_t *)network_alloc(network, sizeof(*exchange));
    message_t *sent = message_like(network, request);

    exchange->network = network;
    exchange->client = client;
    exchange->transport = transport;
    exchange->branch = ++network->branches;
    exchange->began = network->now;
    exchange->wait = T1;
    exchange->wait_for_ack = T1;
    sent->max_forwards = request->via ? request->max_forwards - 1 : 70;
    sent->via = via_new(network, client, exchange->branch, transport, request->via);
    exchange->server = request->place->actor;
    if (request->path) {
        exchange->server = request->path->actor;
        sent->path = request->path->next;
    }
    exchange->request = sent;
    exchange->tag = (exchange->branch * 2654435761U) | 1;
    return exchange;
}

/* --- the server's end --------------------------------------------------------------------------------------------- */

static action_t response_arrives;

bool
has_final_response(const exchange_t *exchange)
{
    return exchange->at_server >= STATE_COMPLETED;
}

static bool
is_answered_invite(const exchange_t *exchange)
{
    return exchange->request->method == INVITE && exchange->response && exchange->response->status / 100 == 2;
}

static void
request_arrives(network_t *network, void *subject, const message_t *message)
{
    exchange_t *exchange = (exchange_t *)subject;

    if (exchange->at_server == STATE_BEGUN) {
        exchange->at_server = STATE_PROCEEDING;
        (exchange->server == message->place->actor ? message->place->serve : network->serve_on_the_way)(exchange);
    } else if (exchange->response && !is_answered_invite(exchange) && !exchange->is_acknowledged) {
        transmit(exchange, exchange->response, response_arrives);
    }
}

/* RFC 3261 17.2.1, timer G; 13.3.1.4 for a 2xx, which proxies pass on as often as it comes. */
static void
send_final_again(network_t *network, void *subject, const message_t *message)
{
    exchange_t *exchange = (exchange_t *)subject;

    if (exchange->is_acknowledged || network->now - exchange->answered >= NO_ANSWER) {
        return;
    }
    transmit(exchange, message, response_arrives);
    exchange->wait_for_ack = MIN(2 * exchange->wait_for_ack, T2);
    network_after(network, exchange->wait_for_ack, send_final_again, exchange, message);
}

message_t *
response_new(exchange_t *exchange, unsigned status)
{
    const message_t *request = exchange->request;
    message_t *response = (message_t *)network_alloc(exchange->network, sizeof(*response));

    *response = (message_t){.status = status,
                            .method = request->method,
                            .cseq = request->cseq,
                            .call = request->call,
                            .place = request->place,
                            .dialog = request->dialog,
                            .via = request->via};
    if (response->dialog.to_tag == 0 && status > 100) {
        response->dialog.to_tag = exchange->tag;
    }
    return response;
}

/* RFC 3261 17.2.1, 13.3.1.4. */
static bool
is_sent_again(const exchange_t *exchange, const message_t *response)
{
    if (exchange->request->method != INVITE || response->status < 200) {
        return false;
    }
    return response->status < 300 ? !exchange->is_proxied : exchange->transport == REDIRECT_TRANSPORT_UDP;
}

void
response_send(exchange_t *exchange, const message_t *response)
{
    exchange->response = response;
    if (response->status >= 200) {
        exchange->at_server = STATE_COMPLETED;
        exchange->answered = exchange->network->now;
    }
    transmit(exchange, response, response_arrives);
    if (is_sent_again(exchange, response)) {
        network_after(exchange->network, T1, send_final_again, exchange, response);
    }
}

void
respond(exchange_t *exchange, unsigned status)
{
    response_send(exchange, response_new(exchange, status));
}

static void
ack_arrives(network_t *network, void *subject, const message_t *message)
{
    (void)network;
    (void)message;
    ((exchange_t *)subject)->is_acknowledged = true;
}

static void
cancel_arrives(network_t *network, void *subject, const message_t *message)
{
    exchange_t *cancelling = (exchange_t *)subject, *invite = (exchange_t *)cancelling->client_state;

    (void)network;
    (void)message;
    if (cancelling->response == NULL) {
        respond(cancelling, 200);
        if (invite->cancel && !has_final_response(invite)) {
            invite->cancel(invite);
        }
    } else {
        transmit(cancelling, cancelling->response, response_arrives);
    }
}

/* --- the client's end --------------------------------------------------------------------------------------------- */

static void
client_waits(network_t *network, void *subject, const message_t *message)
{
    exchange_t *exchange = (exchange_t *)subject;
    const bool is_invite = exchange->request->method == INVITE;

    if (exchange->at_client > STATE_PROCEEDING || (is_invite && exchange->at_client != STATE_BEGUN)) {
        return;
    }
    if (network->now - exchange->began >= NO_ANSWER) {
        exchange->at_client = STATE_OVER;
        if (exchange->take) {
            exchange->take(exchange, NULL);
        }
        return;
    }
    if (exchange->transport == REDIRECT_TRANSPORT_UDP) {
        transmit(exchange, message, message->method == CANCEL ? cancel_arrives : request_arrives);
    }
    exchange->wait = is_invite ? 2 * exchange->wait : MIN(2 * exchange->wait, T2);
    network_after(network, exchange->wait, client_waits, exchange, message);
}

static void
begin(exchange_t *exchange, action_t *arrive)
{
    transmit(exchange, exchange->request, arrive);
    network_after(exchange->network, exchange->wait, client_waits, exchange, exchange->request);
}

exchange_t *
request_send(network_t *network, const actor_t *client, redirect_transport_t transport, const message_t *request,
             void (*take)(exchange_t *, const message_t *), void *client_state)
{
    exchange_t *exchange = exchange_new(network, client, transport, request);

    exchange->take = take;
    exchange->client_state = client_state;
    begin(exchange, request_arrives);
    return exchange;
}

/* RFC 3261 9.1, 17.1.1.3: with the top Via of the INVITE and no other. */
static message_t *
made_of_invite(const exchange_t *invite, method_t method)
{
    message_t *message = message_like(invite->network, invite->request);

    message->method = method;
    message->max_forwards = 70;
    message->session = 0;
    message->more = NULL;
    message->contact = NULL;
    message->via = via_new(invite->network, invite->client, invite->branch, invite->transport, NULL);
    return message;
}

static void
send_cancel(exchange_t *invite)
{
    exchange_t *cancelling = (exchange_t *)network_alloc(invite->network, sizeof(*cancelling));

    invite->is_cancel_sent = true;
    *cancelling = (exchange_t){.network = invite->network,
                               .client = invite->client,
                               .server = invite->server,
                               .transport = invite->transport,
                               .branch = invite->branch,
                               .request = made_of_invite(invite, CANCEL),
                               .began = invite->network->now,
                               .wait = T1,
                               .tag = invite->tag,
                               .client_state = invite};
    begin(cancelling, cancel_arrives);
}

void
request_cancel(exchange_t *exchange)
{
    exchange->is_given_up = true;
    if (exchange->at_client == STATE_PROCEEDING && !exchange->is_cancel_sent) {
        send_cancel(exchange);
    }
}

static void
send_ack(exchange_t *invite, const message_t *response)
{
    message_t *ack = made_of_invite(invite, ACK);

    ack->dialog.to_tag = response->dialog.to_tag;
    transmit(invite, ack, ack_arrives);
}

static void
tell(exchange_t *exchange, const message_t *response)
{
    if (exchange->take) {
        exchange->take(exchange, response);
    }
}

/* RFC 3261 9.1: no CANCEL before a provisional response. */
static void
take_provisional(exchange_t *exchange, const message_t *response)
{
    if (exchange->at_client > STATE_PROCEEDING) {
        return;
    }
    exchange->at_client = STATE_PROCEEDING;
    if (exchange->is_given_up && !exchange->is_cancel_sent) {
        send_cancel(exchange);
    }
    tell(exchange, response);
}

static void
response_arrives(network_t *network, void *subject, const message_t *response)
{
    exchange_t *exchange = (exchange_t *)subject;
    const bool is_invite = exchange->request->method == INVITE;
    const bool is_news = exchange->at_client <= STATE_PROCEEDING;

    (void)network;
    if (response->status < 200) {
        take_provisional(exchange, response);
        return;
    }
    if (exchange->at_client == STATE_OVER) {
        return;
    }
    exchange->at_client = STATE_COMPLETED;
    if (is_invite && response->status >= 300) {
        send_ack(exchange, response);
    }
    if (is_news || (is_invite && response->status < 300)) {
        tell(exchange, response);
    }
}

/* --- the ACK of a 2xx --------------------------------------------------------------------------------------------- */

static void ack_hop(network_t *network, const actor_t *from, redirect_transport_t transport, const message_t *ack);

/* Each hop sends it on; at the end it is the callee's that it acknowledges. */
static void
ack_comes_along(network_t *network, void *subject, const message_t *message)
{
    const exchange_t *exchange = (const exchange_t *)subject;

    if (exchange->server != message->place->actor) {
        ack_hop(network, exchange->server, exchange->transport, message);
    } else if (message->place->state) {
        ((exchange_t *)message->place->state)->is_acknowledged = true;
    }
}

static void
ack_hop(network_t *network, const actor_t *from, redirect_transport_t transport, const message_t *ack)
{
    exchange_t *exchange = exchange_new(network, from, transport, ack);

    transmit(exchange, exchange->request, ack_comes_along);
}

void
answer_acknowledge(network_t *network, const actor_t *client, redirect_transport_t transport, const message_t *answer)
{
    message_t *ack = message_like(network, answer);

    ack->status = 0;
    ack->method = ACK;
    ack->via = NULL;
    ack->place = answer->remote;
    ack->contact = NULL;
    ack->session = 0;
    ack_hop(network, client, transport, ack);
}
