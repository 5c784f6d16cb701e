/* elements.c
 * Callers, phones, proxies, redirect servers and B2BUAs that keep to RFC 3261.
 *
 * Who redirects does so to users with higher numbers than its own: nobody's forwards go in circles, whatever call they
 * meet in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "elements.h"

#include <string.h>

#define PROXIES 4
#define PBXS 2
#define MAX_BRANCHES 8
#define MAX_TARGETS 16
#define MAX_REDIRECTS 3 /* in a row, and twice a 305: max_hops is 5 */

static const delay_t at_once = {"", 0.0005, 0.02};
static const delay_t processing = {"", 0.0005, 0.3}; /* of a phone */
static const delay_t ringing = {"", 0.4, 30};
static const delay_t patience = {"", 0.2, 60};
static const delay_t talking = {"", 0.5, 60};
static const delay_t choosing = {"", 1, 15}; /* a person, among the targets of a 300 */
static const delay_t until_redial = {"", 1, 60};

struct town {
    network_t *network;
    GRand *chance;
    unsigned users;
    actor_t *phones; /* two of each user */
    actor_t proxies[PROXIES], pbxs[PBXS];
    unsigned calls; /* Call-IDs */
};

static void serve_on_the_way(exchange_t *exchange);

static town_t *the_town; /* of the network that runs; one runs at a time */

static bool
happens(double share)
{
    return chance_happens(the_town->chance, share);
}

static unsigned
below(unsigned count)
{
    return chance_below(the_town->chance, count);
}

static redirect_time_t
after(const delay_t *delay)
{
    return chance_delay(the_town->chance, delay);
}

/* --- who is where ------------------------------------------------------------------------------------------------- */

static actor_t
actor(unsigned net, unsigned number, unsigned group)
{
    actor_t actor = {
        .endpoint = {.address = {10, (uint8_t)net, (uint8_t)(number >> 8), (uint8_t)number}, .len = 4, .port = 5060},
        .group = group};

    g_snprintf(actor.host, sizeof(actor.host), "10.%u.%u.%u", net, number >> 8, number & 0xff);
    return actor;
}

town_t *
town_new(network_t *network, unsigned users)
{
    town_t *town = (town_t *)network_alloc(network, sizeof(*town));

    town->network = network;
    town->chance = network_chance(network);
    town->users = users;
    network_set_way(network, serve_on_the_way);
    town->phones = (actor_t *)network_alloc(network, 2 * users * sizeof(town->phones[0]));
    for (unsigned i = 0; i < 2 * users; i++) {
        town->phones[i] = actor(1, i + 1, GROUP_PHONE);
    }
    for (unsigned i = 0; i < PROXIES; i++) {
        town->proxies[i] = actor(2, i + 1, GROUP_PROXY);
    }
    for (unsigned i = 0; i < PBXS; i++) {
        town->pbxs[i] = actor(3, i + 1, GROUP_PBX);
    }
    the_town = town;
    return town;
}

static void serve_phone(exchange_t *exchange);
static void serve_proxy(exchange_t *exchange);
static void serve_pbx(exchange_t *exchange);
static void serve_dialog(exchange_t *exchange);
static unsigned some_plan(const place_t *place);

static place_t *
place_new(unsigned call, unsigned user, unsigned depth, bool is_sips)
{
    place_t *place = (place_t *)network_alloc(the_town->network, sizeof(*place));

    place->call = call;
    place->user = user;
    place->depth = depth;
    place->is_sips = is_sips;
    return place;
}

static const char *
scheme(const place_t *place)
{
    return place->is_sips ? "sips" : "sip";
}

/* One of a user's two phones, by its address. */
static place_t *
phone_new(const place_t *of, unsigned user, unsigned which, unsigned depth)
{
    place_t *place = place_new(of->call, user, depth, of->is_sips);

    place->actor = &the_town->phones[2 * user + which];
    place->uri = network_printf(the_town->network, "%s:u%u@%s%s", scheme(place), user, place->actor->host,
                                !of->is_sips && happens(0.1) ? ";transport=udp" : "");
    place->serve = serve_phone;
    place->plan = some_plan(place);
    return place;
}

/* A user's address of record, at a proxy or a PBX. */
static place_t *
record_new(unsigned call, unsigned user, unsigned depth, bool is_sips)
{
    place_t *place = place_new(call, user, depth, is_sips);
    const bool is_pbx = !is_sips && user % 5 == 0;

    place->actor = is_pbx ? &the_town->pbxs[user % PBXS] : &the_town->proxies[user % PROXIES];
    place->uri = network_printf(the_town->network, "%s:u%u@%s%u.example", scheme(place), user, is_pbx ? "pbx" : "net",
                                user % (is_pbx ? PBXS : PROXIES));
    place->serve = is_pbx ? serve_pbx : serve_proxy;
    return place;
}

static redirect_transport_t
transport_to(const place_t *place, redirect_transport_t usual)
{
    return place->is_sips ? REDIRECT_TRANSPORT_TLS : usual;
}

/* --- what phones do ----------------------------------------------------------------------------------------------- */

/* How often a phone does what, of 1000 times. */
static const struct {
    unsigned share;
    unsigned status; /* 0: none, until the caller gives up */
    bool rings;
    const char *phrase, *more;
} plans[] = {
    {300, 200, true, NULL, NULL},
    {60, 200, false, NULL, NULL},
    {120, 302, false, NULL, NULL},
    {50, 302, true, NULL, NULL},
    {25, 301, false, NULL, NULL},
    {25, 300, false, NULL, NULL},
    {25, 305, false, NULL, NULL},
    {20, 380, true, NULL, NULL},
    {90, 486, false, NULL, NULL},
    {60, 603, true, NULL, NULL},
    {40, 603, false, NULL, NULL},
    {20, 603, false, "Network Blocked",
     "Reason: SIP;cause=603;text=\"v=analytics1;tel=+12025550199\";location=RLN\r\n"},
    {20, 600, false, NULL, NULL},
    {10, 604, false, NULL, NULL},
    {15, 606, false, NULL, NULL},
    {10, 607, true, NULL, NULL},
    {20, 608, false, NULL, "Call-Info: <https://block.example/x>;purpose=jwscard\r\n"},
    {30, 480, true, NULL, NULL},
    {15, 404, false, NULL, NULL},
    {15, 503, false, NULL, "Retry-After: 30\r\n"},
    {30, 0, true, NULL, NULL},
};

static unsigned
some_plan(const place_t *place)
{
    const bool may_redirect = place->depth < MAX_REDIRECTS && place->user + 1 < the_town->users;
    unsigned left = below(1000), i = 0;

    while (left >= plans[i].share) {
        left -= plans[i++].share;
    }
    if (plans[i].status == 305 && place->depth > 0) {
        return 0; /* through the proxy that it names all redirects before are met once more */
    }
    return plans[i].status / 100 == 3 && !may_redirect ? 0 : i;
}

/* To somebody with a higher number: that user's address of record, or a phone of his. */
static place_t *
some_target(const place_t *from)
{
    const unsigned user = from->user + 1 + below(MIN(the_town->users - from->user - 1, 50));

    return happens(0.5) ? record_new(from->call, user, from->depth + 1, from->is_sips)
                        : phone_new(from, user, below(2), from->depth + 1);
}

static void
offer(message_t *response, place_t *target, unsigned q)
{
    offer_t *offered = &response->offer;

    for (unsigned i = 0; i < offered->count; i++) {
        if (strcmp(offered->target[i]->uri, target->uri) == 0) {
            return;
        }
    }
    if (offered->count == MAX_OFFERED) {
        return;
    }
    offered->q[offered->count] = q;
    offered->target[offered->count++] = target;
}

/* RFC 3261 21.3.4: a proxy, of which no user is needed. What comes through it is answered. */
static void
offer_proxy(message_t *response, place_t *from)
{
    place_t *place = place_new(from->call, from->user, from->depth + 1, from->is_sips || happens(0.2));

    place->is_proxy = true;
    place->actor = &the_town->proxies[below(PROXIES)];
    place->uri = network_printf(the_town->network, "%s:%s;lr", scheme(place), place->actor->host);
    offer(response, place, 0);
    from->plan = 0;
}

static void
offer_some(message_t *response, place_t *from)
{
    const unsigned count = response->status == 300 ? 2 + below(2) : happens(0.6) ? 1 : 1 + below(3);
    const bool has_q = happens(0.7);

    if (response->status == 305) {
        offer_proxy(response, from);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        place_t *target = some_target(from);
        if (!from->is_sips && happens(0.05)) { /* both ways to one user, the secure one first */
            place_t *secure = record_new(from->call, target->user, from->depth + 1, true);
            place_t *plain = place_new(from->call, target->user, from->depth + 1, false);
            *plain = *secure;
            plain->is_sips = false;
            plain->uri = network_printf(the_town->network, "sip:%s", secure->uri + strlen("sips:"));
            offer(response, secure, 9);
            target = plain;
        }
        offer(response, target, has_q ? 8 - 2 * i + below(2) : 0);
    }
}

static void
finish_plan(network_t *network, void *subject, const message_t *unused)
{
    exchange_t *exchange = (exchange_t *)subject;
    place_t *place = exchange->request->place;
    message_t *response;
    place_t *contact;

    (void)unused;
    if (has_final_response(exchange)) {
        return; /* it was cancelled */
    }
    response = response_new(exchange, plans[place->plan].status);
    response->phrase = plans[place->plan].phrase;
    response->more = plans[place->plan].more;
    if (response->status / 100 == 3) {
        offer_some(response, place);
    } else if (response->status == 200) {
        contact = place_new(place->call, place->user, place->depth, place->is_sips);
        contact->actor = exchange->server;
        contact->uri = network_printf(network, "%s:u%u@%s", scheme(place), place->user, exchange->server->host);
        contact->serve = serve_dialog;
        contact->state = exchange;
        response->remote = contact;
        response->contact = contact->uri;
        response->session = exchange->tag;
    }
    response_send(exchange, response);
}

static void
ring(network_t *network, void *subject, const message_t *unused)
{
    exchange_t *exchange = (exchange_t *)subject;

    (void)unused;
    if (has_final_response(exchange)) {
        return;
    }
    respond(exchange, happens(0.8) ? 180 : 183);
    if (plans[exchange->request->place->plan].status) {
        network_after(network, after(&ringing), finish_plan, exchange, NULL);
    }
}

static void
cancel_phone(exchange_t *exchange)
{
    respond(exchange, 487);
}

/* RFC 3261 22: once for each who asks. */
static bool
challenge(exchange_t *exchange, unsigned status)
{
    message_t *response;

    if (exchange->request->has_credentials || exchange->request->dialog.to_tag ||
        (exchange->request->place->user + exchange->request->place->call) % 6 != 0) {
        return false;
    }
    response = response_new(exchange, status);
    response->more = status == 401 ? "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n"
                                   : "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    response_send(exchange, response);
    return true;
}

/* What is no call is answered at once. */
static void
serve_other(exchange_t *exchange)
{
    static const unsigned statuses[] = {200, 200, 200, 302, 302, 301, 300, 404, 480, 600, 603, 604, 606, 607};
    place_t *place = exchange->request->place;
    const unsigned status = statuses[below(G_N_ELEMENTS(statuses))];
    const bool may_redirect = place->depth < MAX_REDIRECTS && place->user + 1 < the_town->users;
    message_t *response = response_new(exchange, status / 100 == 3 && !may_redirect ? 200 : status);

    if (response->status / 100 == 3) {
        offer_some(response, place);
    }
    response_send(exchange, response);
}

static void
serve_phone(exchange_t *exchange)
{
    const place_t *place = exchange->request->place;

    if (exchange->request->dialog.to_tag) {
        serve_dialog(exchange);
    } else if (exchange->request->method != INVITE) {
        serve_other(exchange);
    } else if (!challenge(exchange, 401)) {
        exchange->cancel = cancel_phone;
        if (happens(0.3)) {
            respond(exchange, 100);
        }
        network_after(the_town->network, after(&processing), plans[place->plan].rings ? ring : finish_plan, exchange,
                      NULL);
    }
}

/* --- within a dialog ---------------------------------------------------------------------------------------------- */

/* A 3xx may take a re-INVITE to another phone, which knows nothing of the dialog, or to the same one. */
static void
serve_reinvite(exchange_t *exchange)
{
    static const unsigned statuses[] = {200, 200, 200, 488, 302, 603, 606, 481};
    place_t *place = exchange->request->place;
    const unsigned status = statuses[below(G_N_ELEMENTS(statuses))];
    const bool may_redirect = place->depth < MAX_REDIRECTS && place->user + 1 < the_town->users;
    message_t *response = response_new(exchange, status == 302 && !may_redirect ? 200 : status);

    if (response->status == 302) {
        offer(response, phone_new(place, place->user + 1, 0, place->depth + 1), 0);
    } else if (response->status == 200) {
        place->state = exchange;
        response->remote = place;
        response->contact = place->uri;
        response->session = exchange->tag;
    }
    response_send(exchange, response);
}

static void
serve_dialog(exchange_t *exchange)
{
    if (exchange->request->method == INVITE) {
        respond(exchange, 100);
        serve_reinvite(exchange);
    } else {
        respond(exchange, 200);
    }
}

/* --- proxies ------------------------------------------------------------------------------------------------------ */

typedef struct {
    place_t *place;
    exchange_t *exchange;
    const message_t *last; /* final response; NULL: none yet */
    bool is_over, is_recursed;
} branch_t;

typedef struct {
    exchange_t *above;
    branch_t branch[MAX_BRANCHES];
    unsigned count, begun;
    bool in_parallel, recurses, records_route, tells_busy_everywhere;
    bool is_closed;    /* no new branches: a 2xx, a 6xx or a CANCEL came */
    bool is_cancelled; /* by who asked */
    offer_t left;      /* of redirects, what was not tried */
    unsigned left_status;
} proxy_t;

static void proxy_take(exchange_t *exchange, const message_t *response);

static void
branch_begin(proxy_t *proxy, branch_t *branch)
{
    exchange_t *above = proxy->above;
    message_t *request = message_like(above->network, above->request);

    request->place = branch->place;
    request->more = NULL; /* its Route was this proxy */
    branch->exchange = request_send(above->network, above->server, transport_to(branch->place, above->transport),
                                    request, proxy_take, proxy);
}

static void
branches_begin(proxy_t *proxy)
{
    while (proxy->begun < proxy->count && !proxy->is_closed) {
        branch_begin(proxy, &proxy->branch[proxy->begun++]);
        if (!proxy->in_parallel) {
            return;
        }
    }
}

static void
branches_begin_now(network_t *network, void *subject, const message_t *unused)
{
    (void)network;
    (void)unused;
    branches_begin((proxy_t *)subject);
}

static void
branches_cancel(proxy_t *proxy)
{
    proxy->is_closed = true;
    for (unsigned i = 0; i < proxy->begun; i++) {
        if (!proxy->branch[i].is_over && proxy->above->request->method == INVITE) {
            request_cancel(proxy->branch[i].exchange);
        }
    }
}

static branch_t *
branch_of(proxy_t *proxy, const exchange_t *exchange)
{
    for (unsigned i = 0; i < proxy->begun; i++) {
        if (proxy->branch[i].exchange == exchange) {
            return &proxy->branch[i];
        }
    }
    g_assert_not_reached();
}

static bool
is_pending(const proxy_t *proxy)
{
    for (unsigned i = 0; i < proxy->begun; i++) {
        if (!proxy->branch[i].is_over) {
            return true;
        }
    }
    return false;
}

/* RFC 3261 16.7, step 6: the less the better. */
static unsigned
rank(const proxy_t *proxy, const branch_t *branch)
{
    const unsigned status = branch->last ? branch->last->status : 408;

    if (branch->is_recursed || (status == 487 && !proxy->is_cancelled)) {
        return 10000;
    }
    if (status / 100 == 6) {
        return status - 600;
    }
    return status == 401 || status == 407 ? 350 : status;
}

static const message_t *
best_of(const proxy_t *proxy)
{
    const branch_t *best = &proxy->branch[0];

    for (unsigned i = 1; i < proxy->begun; i++) {
        if (rank(proxy, &proxy->branch[i]) < rank(proxy, best)) {
            best = &proxy->branch[i];
        }
    }
    return rank(proxy, best) < 10000 ? best->last : NULL;
}

static bool
are_all_busy(const proxy_t *proxy)
{
    for (unsigned i = 0; i < proxy->begun; i++) {
        if (proxy->branch[i].last == NULL || proxy->branch[i].last->status != 486) {
            return false;
        }
    }
    return true;
}

static void
pass_on(proxy_t *proxy, const message_t *response)
{
    exchange_t *above = proxy->above;
    message_t *passed = message_like(above->network, response);

    passed->via = above->request->via;
    passed->place = above->request->place;
    if (passed->status / 100 == 2 && proxy->records_route) {
        hop_t *hop = (hop_t *)network_alloc(above->network, sizeof(*hop));
        *hop = (hop_t){.actor = above->server, .next = response->path};
        passed->path = hop;
    }
    response_send(above, passed);
}

/* Nobody answered: the best of what came, or what is left of redirects. */
static void
proxy_finish(proxy_t *proxy)
{
    exchange_t *above = proxy->above;
    const message_t *best = best_of(proxy);
    message_t *response;

    if (has_final_response(above)) {
        return;
    }
    if (proxy->is_cancelled && (best == NULL || best->status < 600)) {
        respond(above, 487);
    } else if (proxy->left.count > 0 && (best == NULL || best->status < 600)) {
        response = response_new(above, proxy->left_status);
        response->offer = proxy->left;
        response_send(above, response);
    } else if (proxy->tells_busy_everywhere && are_all_busy(proxy)) {
        respond(above, 600);
    } else if (best == NULL || best->status == 503) {
        respond(above, best ? 500 : 480);
    } else {
        pass_on(proxy, best);
    }
}

static bool
is_in_target_set(const proxy_t *proxy, const place_t *place)
{
    for (unsigned i = 0; i < proxy->count; i++) {
        if (strcmp(proxy->branch[i].place->uri, place->uri) == 0) {
            return true;
        }
    }
    return strcmp(proxy->above->request->place->uri, place->uri) == 0;
}

static void
offer_remove(offer_t *offered, const place_t *place)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < offered->count; i++) {
        if (strcmp(offered->target[i]->uri, place->uri) != 0) {
            offered->q[kept] = offered->q[i];
            offered->target[kept++] = offered->target[i];
        }
    }
    offered->count = kept;
}

static bool
may_try(const proxy_t *proxy, const branch_t *branch, const place_t *place)
{
    return proxy->recurses && !proxy->is_closed && proxy->count < MAX_BRANCHES && branch->last->status != 300 &&
           branch->last->status != 380 && (place->is_sips || !proxy->above->request->place->is_sips);
}

/* RFC 3261 16.7, step 4, and RFC 5630 5.3: what it tries itself it removes, and it makes no sip of sips. */
static void
take_targets(proxy_t *proxy, branch_t *branch)
{
    const offer_t *offered = &branch->last->offer;

    branch->is_recursed = true; /* as it came it is not passed on */
    for (unsigned i = 0; i < offered->count; i++) {
        place_t *place = offered->target[i];
        if (is_in_target_set(proxy, place)) {
            continue;
        }
        if (may_try(proxy, branch, place) && (i == 0 || happens(0.5))) {
            proxy->branch[proxy->count++] = (branch_t){.place = place};
            offer_remove(&proxy->left, place);
        } else if (proxy->left.count < MAX_OFFERED) {
            proxy->left_status = branch->last->status;
            proxy->left.q[proxy->left.count] = offered->q[i];
            proxy->left.target[proxy->left.count++] = place;
        }
    }
}

/* A 305 names no other targets for the same request. */
static bool
has_targets(const message_t *response)
{
    return response && response->status / 100 == 3 && response->status != 305;
}

static void
proxy_take_final(proxy_t *proxy, branch_t *branch, const message_t *response)
{
    branch->is_over = true;
    branch->last = response;
    if (response && response->status / 100 == 6) {
        branches_cancel(proxy);
    }
    if (has_targets(response)) {
        take_targets(proxy, branch);
    }
    if (!proxy->is_closed && (proxy->in_parallel || !is_pending(proxy))) {
        branches_begin(proxy);
    }
    if (!is_pending(proxy)) {
        proxy_finish(proxy);
    }
}

/* RFC 3261 16.7, step 5: a 2xx goes on at once, each time that it comes. */
static void
proxy_take(exchange_t *exchange, const message_t *response)
{
    proxy_t *proxy = (proxy_t *)exchange->client_state;
    branch_t *branch = branch_of(proxy, exchange);

    if (response && response->status < 200) {
        if (response->status > 100 && !has_final_response(proxy->above)) {
            pass_on(proxy, response);
        }
        return;
    }
    if (response && response->status < 300) {
        branch->is_over = true;
        branch->last = response;
        if (response->method != INVITE && has_final_response(proxy->above)) {
            return;
        }
        pass_on(proxy, response);
        branches_cancel(proxy);
        return;
    }
    if (has_final_response(proxy->above)) {
        branch->is_over = true;
        return;
    }
    proxy_take_final(proxy, branch, response);
}

static void
cancel_proxy(exchange_t *exchange)
{
    proxy_t *proxy = (proxy_t *)exchange->server_state;

    proxy->is_cancelled = true;
    branches_cancel(proxy);
    if (!is_pending(proxy)) {
        proxy_finish(proxy);
    }
}

static proxy_t *
proxy_new(exchange_t *exchange)
{
    proxy_t *proxy = (proxy_t *)network_alloc(exchange->network, sizeof(*proxy));

    proxy->above = exchange;
    proxy->records_route = happens(0.6);
    exchange->server_state = proxy;
    exchange->is_proxied = true;
    exchange->cancel = cancel_proxy;
    if (exchange->request->method == INVITE) {
        respond(exchange, 100);
    }
    return proxy;
}

static void
proxy_begin(proxy_t *proxy)
{
    network_after(the_town->network, after(&at_once), branches_begin_now, proxy, NULL);
}

/* Only passes on: who is on the way, and not at the end of it. */
static void
serve_on_the_way(exchange_t *exchange)
{
    proxy_t *proxy = proxy_new(exchange);

    proxy->branch[proxy->count++] = (branch_t){.place = exchange->request->place};
    proxy->recurses = exchange->request->dialog.to_tag == 0 && happens(0.3);
    proxy_begin(proxy);
}

/* The redirect server of a domain. */
static void
redirect(exchange_t *exchange)
{
    message_t *response = response_new(exchange, happens(0.8) ? 302 : 301);

    if (happens(0.5)) {
        offer(
            response,
            phone_new(exchange->request->place, exchange->request->place->user, 0, exchange->request->place->depth + 1),
            0);
    } else {
        offer_some(response, exchange->request->place);
    }
    response_send(exchange, response);
}

/* Keeps what it does in the place, so that an INVITE that comes again with credentials meets the same. */
static void
serve_proxy(exchange_t *exchange)
{
    place_t *place = exchange->request->place;
    const bool may_redirect = place->depth < MAX_REDIRECTS && place->user + 1 < the_town->users;
    proxy_t *proxy;
    unsigned devices;

    if (challenge(exchange, 407)) {
        return;
    }
    if (may_redirect && (place->user + place->call) % 4 == 0) {
        redirect(exchange);
        return;
    }
    proxy = proxy_new(exchange);
    proxy->in_parallel = happens(0.6);
    proxy->recurses = happens(0.5);
    proxy->tells_busy_everywhere = happens(0.5);
    devices = 1 + below(2);
    for (unsigned i = 0; i < devices; i++) {
        proxy->branch[proxy->count++] = (branch_t){.place = phone_new(place, place->user, i, place->depth)};
    }
    if (may_redirect && happens(0.2)) {
        proxy->branch[proxy->count++] = (branch_t){.place = some_target(place)};
    }
    proxy_begin(proxy);
}

/* --- callers ------------------------------------------------------------------------------------------------------ */

typedef struct caller caller_t;

struct caller {
    network_t *network;
    const actor_t *actor, *proxy; /* proxy: outbound; or NULL */
    redirect_transport_t transport;
    message_t *request; /* the latest */
    place_t *target[MAX_TARGETS];
    unsigned q[MAX_TARGETS];
    unsigned count, next;
    exchange_t *exchange;
    bool follows, has_given_up, is_over, is_in_dialog, goes_on_after_refusal;
    const message_t *answer[MAX_BRANCHES];
    unsigned answers, taken;                         /* taken: CSeq of the latest re-INVITE that is over */
    void (*told)(caller_t *caller, unsigned status); /* of what came of it; provisional ones as well */
    void *owner;
};

static void caller_take(exchange_t *exchange, const message_t *response);

static const hop_t *
hop_to(network_t *network, const actor_t *actor, const hop_t *next)
{
    hop_t *hop = (hop_t *)network_alloc(network, sizeof(*hop));

    *hop = (hop_t){.actor = actor, .next = next};
    return hop;
}

/* A path leads from the element before it to each that is on the way, and then to the place. */
static void
caller_send(caller_t *caller)
{
    message_t *request = message_like(caller->network, caller->request);

    request->cseq++;
    request->via = NULL;
    caller->request = request;
    caller->exchange = request_send(caller->network, caller->actor, transport_to(request->place, caller->transport),
                                    request, caller_take, caller);
}

static void
caller_ends(caller_t *caller, unsigned status)
{
    if (!caller->is_over) {
        caller->is_over = true;
        caller->told(caller, status);
    }
}

/* RFC 3261 21.3.4: the old URI, by another way. */
static void
aim_at_proxy(caller_t *caller, const place_t *proxy)
{
    caller->request->place = (place_t *)proxy->state;
    caller->request->path = hop_to(caller->network, proxy->actor, NULL);
    caller->request->more = network_printf(caller->network, "Route: <%s>\r\n", proxy->uri);
    caller->transport = transport_to(proxy, caller->transport);
}

static void
aim_at(caller_t *caller, place_t *place)
{
    message_t *request = message_like(caller->network, caller->request);

    caller->request = request;
    request->has_credentials = false;
    if (place->is_proxy) {
        aim_at_proxy(caller, place);
        return;
    }
    request->place = place;
    request->more = NULL;
    request->path =
        caller->proxy && caller->proxy != place->actor ? hop_to(caller->network, caller->proxy, NULL) : NULL;
}

static void
send_now(network_t *network, void *subject, const message_t *unused)
{
    caller_t *caller = (caller_t *)subject;

    (void)network;
    (void)unused;
    if (caller->has_given_up) {
        caller_ends(caller, 487);
    } else {
        caller_send(caller);
    }
}

static bool
try_next(caller_t *caller, const delay_t *delay)
{
    if (caller->next >= caller->count) {
        return false;
    }
    aim_at(caller, caller->target[caller->next++]);
    network_after(caller->network, after(delay), send_now, caller, NULL);
    return true;
}

static bool
is_known(const caller_t *caller, const place_t *place)
{
    for (unsigned i = 0; i < caller->count; i++) {
        if (strcmp(caller->target[i]->uri, place->uri) == 0) {
            return true;
        }
    }
    return strcmp(caller->request->place->uri, place->uri) == 0;
}

/* RFC 3261 8.1.3.4: among what is to be tried, by q; of the same q those that came first. */
static void
add_target(caller_t *caller, place_t *place, unsigned q)
{
    unsigned at = caller->count;

    q = q ? q : 10;
    if (caller->count == MAX_TARGETS || is_known(caller, place)) {
        return;
    }
    while (at > caller->next && caller->q[at - 1] < q) {
        caller->target[at] = caller->target[at - 1];
        caller->q[at] = caller->q[at - 1];
        at--;
    }
    caller->target[at] = place;
    caller->q[at] = q;
    caller->count++;
}

static bool
follow(caller_t *caller, const message_t *response)
{
    if (!caller->follows) {
        return false;
    }
    for (unsigned i = 0; i < response->offer.count; i++) {
        place_t *target = response->offer.target[i];
        if (target->is_proxy) {
            target->state = caller->request->place;
        }
        if (target->is_sips || !caller->request->place->is_sips) {
            add_target(caller, target, response->offer.q[i]);
        }
    }
    return try_next(caller, response->status == 300 ? &choosing : &at_once);
}

static bool
authorize(caller_t *caller)
{
    message_t *request;

    if (caller->request->has_credentials) {
        return false;
    }
    request = message_like(caller->network, caller->request);
    request->has_credentials = true;
    caller->request = request;
    network_after(caller->network, after(&at_once), send_now, caller, NULL);
    return true;
}

static void
take_refusal(caller_t *caller, unsigned status, const message_t *response)
{
    bool goes_on = false;

    if (!caller->has_given_up) {
        if (status / 100 == 3) {
            goes_on = follow(caller, response);
        } else if (status == 401 || status == 407) {
            goes_on = authorize(caller);
        } else if (status < 600 || caller->goes_on_after_refusal) {
            goes_on = try_next(caller, &at_once);
        }
    }
    if (!goes_on) {
        caller_ends(caller, status);
    }
}

/* --- the caller's dialog ------------------------------------------------------------------------------------------ */

static void
ignore(exchange_t *exchange, const message_t *response)
{
    (void)exchange;
    (void)response;
}

/* Ends the dialog that an answer began. */
static void
hang_up(network_t *network, void *subject, const message_t *answer)
{
    caller_t *caller = (caller_t *)subject;
    message_t *request = message_like(network, caller->request);

    request->method = BYE;
    request->cseq++;
    request->via = NULL;
    request->place = answer->remote;
    request->path = answer->path;
    request->dialog.to_tag = answer->dialog.to_tag;
    request->session = 0;
    request->more = NULL;
    (void)request_send(network, caller->actor, caller->exchange->transport, request, ignore, caller);
}

static void
invite_again(network_t *network, void *subject, const message_t *answer)
{
    caller_t *caller = (caller_t *)subject;
    message_t *request = message_like(network, caller->request);

    request->place = answer->remote;
    request->path = answer->path;
    request->dialog.to_tag = answer->dialog.to_tag;
    request->more = NULL;
    caller->request = request;
    caller->is_in_dialog = true;
    caller->count = caller->next = 0;
    caller_send(caller);
}

static bool
is_new_answer(caller_t *caller, const message_t *response)
{
    for (unsigned i = 0; i < caller->answers; i++) {
        if (caller->answer[i]->dialog.to_tag == response->dialog.to_tag) {
            return false;
        }
    }
    caller->answer[caller->answers++ % MAX_BRANCHES] = response;
    return true;
}

/* One call is enough: a second phone's answer, or one that crosses the CANCEL, is acknowledged and hung up. */
static void
take_answer(caller_t *caller, const message_t *response)
{
    answer_acknowledge(caller->network, caller->actor, caller->exchange->transport, response);
    if (!is_new_answer(caller, response)) {
        return;
    }
    caller_ends(caller, 200);
    if (caller->has_given_up || caller->answers > 1) {
        network_after(caller->network, after(&at_once), hang_up, caller, response);
    } else if (happens(0.3)) {
        network_after(caller->network, after(&talking) / 4, invite_again, caller, response);
    } else {
        network_after(caller->network, after(&talking), hang_up, caller, response);
    }
}

static void
take_in_dialog(caller_t *caller, const message_t *response)
{
    const unsigned status = response ? response->status : 408;

    if (status < 300) {
        answer_acknowledge(caller->network, caller->actor, caller->exchange->transport, response);
    }
    if (caller->taken == caller->request->cseq) {
        return;
    }
    caller->taken = caller->request->cseq;
    if (status / 100 != 3 || !follow(caller, response)) {
        network_after(caller->network, after(&talking), hang_up, caller, caller->answer[0]);
    }
}

static bool
is_again(const exchange_t *exchange, const message_t *response)
{
    return response && exchange->client_state && response->status >= 200 &&
           response->cseq != ((caller_t *)exchange->client_state)->request->cseq;
}

static void
caller_take(exchange_t *exchange, const message_t *response)
{
    caller_t *caller = (caller_t *)exchange->client_state;
    const unsigned status = response ? response->status : 408;

    if (is_again(exchange, response)) { /* a 2xx to an INVITE that is over */
        if (status < 300 && response->method == INVITE) {
            answer_acknowledge(caller->network, caller->actor, exchange->transport, response);
        }
    } else if (status < 200) {
        if (status > 100 && !caller->is_over) {
            caller->told(caller, status);
        }
    } else if (caller->is_in_dialog) {
        take_in_dialog(caller, response);
    } else if (status < 300 && response->method == INVITE) {
        take_answer(caller, response);
    } else if (status < 300) {
        caller_ends(caller, status);
    } else {
        take_refusal(caller, status, response);
    }
}

static void
give_up(network_t *network, void *subject, const message_t *unused)
{
    caller_t *caller = (caller_t *)subject;

    (void)network;
    (void)unused;
    if (!caller->is_over && !caller->has_given_up) {
        caller->has_given_up = true;
        if (caller->exchange && caller->request->method == INVITE) {
            request_cancel(caller->exchange);
        }
    }
}

static caller_t *
caller_new(const actor_t *actor, unsigned user, method_t method, place_t *place,
           void (*told)(caller_t *caller, unsigned status))
{
    network_t *network = the_town->network;
    caller_t *caller = (caller_t *)network_alloc(network, sizeof(*caller));
    message_t *request = (message_t *)network_alloc(network, sizeof(*request));
    const unsigned number = the_town->calls++;

    *caller = (caller_t){.network = network,
                         .actor = actor,
                         .transport = REDIRECT_TRANSPORT_UDP,
                         .request = request,
                         .follows = happens(0.85),
                         .goes_on_after_refusal = happens(0.3),
                         .told = told};
    *request =
        (message_t){.method = method,
                    .call = place->call,
                    .place = place,
                    .contact = network_printf(network, "sip%s:u%u@%s", place->is_sips ? "s" : "", user, actor->host),
                    .session = method == INVITE ? number + 1 : 0};
    request->dialog = (dialog_t){.call_id = network_printf(network, "%08x-%u", number * 2246822519U, number),
                                 .from = network_printf(network, "sip:u%u@net%u.example", user, user % PROXIES),
                                 .to = place->uri,
                                 .from_tag = (number * 2654435761U) | 1};
    return caller;
}

static void
caller_begin(caller_t *caller)
{
    aim_at(caller, caller->request->place);
    caller_send(caller);
    network_after(caller->network, after(&patience), give_up, caller, NULL);
}

/* --- B2BUAs ------------------------------------------------------------------------------------------------------- */

static void
pbx_is_told(caller_t *caller, unsigned status)
{
    exchange_t *above = (exchange_t *)caller->owner;
    message_t *response;
    place_t *contact;

    if (has_final_response(above)) {
        return;
    }
    if (status / 100 == 3 || status == 401 || status == 407 || status == 487 || status == 408) {
        status = 480;
    }
    response = response_new(above, status);
    if (status == 200) {
        contact = place_new(response->call, response->place->user, response->place->depth, false);
        contact->actor = above->server;
        contact->uri = network_printf(caller->network, "sip:u%u@%s", contact->user, above->server->host);
        contact->serve = serve_dialog;
        contact->state = above;
        response->remote = contact;
        response->contact = contact->uri;
        response->session = above->tag;
    }
    response_send(above, response);
}

static void
cancel_pbx(exchange_t *exchange)
{
    respond(exchange, 487);
    give_up(exchange->network, exchange->server_state, NULL);
}

static void
begin_later(network_t *network, void *subject, const message_t *unused)
{
    (void)network;
    (void)unused;
    if (!((caller_t *)subject)->has_given_up) {
        caller_begin((caller_t *)subject);
    }
}

/* It calls one of the user's phones in a call of its own. */
static void
serve_pbx(exchange_t *exchange)
{
    const message_t *request = exchange->request;
    caller_t *caller;

    if (request->dialog.to_tag) {
        serve_dialog(exchange);
        return;
    }
    if (request->method != INVITE) {
        serve_other(exchange);
        return;
    }
    if (challenge(exchange, 401)) {
        return;
    }
    respond(exchange, 100);
    caller = caller_new(exchange->server, (unsigned)g_ascii_strtoull(request->dialog.from + strlen("sip:u"), NULL, 10),
                        INVITE, phone_new(request->place, request->place->user, below(2), request->place->depth),
                        pbx_is_told);
    caller->owner = exchange;
    exchange->server_state = caller;
    exchange->cancel = cancel_pbx;
    network_after(the_town->network, after(&at_once), begin_later, caller, NULL);
}

/* --- what people do ----------------------------------------------------------------------------------------------- */

typedef struct {
    unsigned number, user, callee;
    bool is_sips;
    unsigned left; /* times to call again */
} wish_t;

static void call_somebody(network_t *network, void *subject, const message_t *unused);

/* Who was not answered may try again, as a new call. */
static void
person_is_told(caller_t *caller, unsigned status)
{
    wish_t *wish = (wish_t *)caller->owner;

    if (status >= 300 && wish->left > 0 && happens(0.25)) {
        wish->left--;
        network_after(caller->network, after(&until_redial), call_somebody, wish, NULL);
    }
}

static void
call_somebody(network_t *network, void *subject, const message_t *unused)
{
    static const method_t others[] = {OPTIONS, REGISTER, MESSAGE, SUBSCRIBE};
    wish_t *wish = (wish_t *)subject;
    const method_t method = happens(0.12) ? others[below(G_N_ELEMENTS(others))] : INVITE;
    place_t *place = record_new(wish->number, wish->callee, 0, wish->is_sips);
    caller_t *caller;

    (void)network;
    (void)unused;
    if (happens(0.3)) {
        place = phone_new(place, wish->callee, 0, 0);
    }
    caller = caller_new(&the_town->phones[2 * wish->user], wish->user, method, place, person_is_told);
    caller->owner = wish;
    caller->transport = happens(0.15) ? REDIRECT_TRANSPORT_TCP : REDIRECT_TRANSPORT_UDP;
    caller->proxy = happens(0.5) ? &the_town->proxies[wish->user % PROXIES] : NULL;
    if (caller->proxy == place->actor) {
        caller->proxy = NULL;
    }
    caller_begin(caller);
}

void
town_call(town_t *town, redirect_time_t after, unsigned number)
{
    wish_t *wish = (wish_t *)network_alloc(town->network, sizeof(*wish));

    *wish = (wish_t){.number = number, .user = below(town->users), .is_sips = happens(0.1), .left = 2};
    wish->callee = below(town->users);
    if (wish->callee == wish->user) {
        wish->callee = (wish->user + 1) % town->users;
    }
    network_after(town->network, after, call_somebody, wish, NULL);
}
