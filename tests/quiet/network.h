/* network.h
 * SIP elements that talk over a network which loses messages, and a place where what they say is captured: the
 * transport and transaction layers of RFC 3261 (17, 18) in simulated time.
 *
 * All memory is the network's and ends with it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NETWORK_H
#define NETWORK_H

#include "chance.h"
#include "redirect-message.h"

#define MILLISECOND (REDIRECT_SECOND / 1000)
#define T1 (REDIRECT_SECOND / 2) /* RFC 3261 17.1.1.1 */
#define T2 (4 * REDIRECT_SECOND)
#define NO_ANSWER (64 * T1)

/** What goes wrong on the way, and what of it is captured. Shares of all messages over UDP, and times. */
typedef struct {
    double lost_before;       /**< before they pass the point of capture */
    double lost_after;        /**< after it */
    double dropped;           /**< by the capture alone, over any transport */
    double copied;            /**< captured twice within a millisecond */
    redirect_time_t disorder; /**< messages are captured so much later than sent, at most */
    redirect_time_t from;     /**< what was sent before that is not captured */
    double reliable;          /**< share of the calls over TCP */
    unsigned taps;            /**< actor_t.group: captured is what one of these sends or receives; a bit set */
} conditions_t;

typedef enum { INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE } method_t;

typedef struct network network_t;
typedef struct message message_t;
typedef struct exchange exchange_t;
typedef struct place place_t;

/** A host that speaks SIP, as who calls sees it. */
typedef struct {
    redirect_endpoint_t endpoint;
    char host[16];
    unsigned group; /**< one bit */
} actor_t;

/** The elements that a request goes through, the next one first. */
typedef struct hop {
    const actor_t *actor;
    const struct hop *next;
} hop_t;

/** What a URI leads to in one call: the element that a request for it ends at, and what that does with one. */
struct place {
    const char *uri;
    const actor_t *actor;
    unsigned call;  /**< its number */
    unsigned user;  /**< whose URI it is */
    unsigned depth; /**< redirects that led here */
    bool is_sips;
    bool is_proxy;               /**< of a 305 */
    void (*serve)(exchange_t *); /**< takes a request that has come here */
    unsigned plan;               /**< what serve() does; its own business */
    void *state;                 /**< the same */
};

#define MAX_OFFERED 4

/** Contact values of a 3xx. */
typedef struct {
    place_t *target[MAX_OFFERED];
    unsigned q[MAX_OFFERED]; /**< in tenths; 0: not said */
    unsigned count;
} offer_t;

/** A Via, and those below it. */
typedef struct via {
    const char *host;
    unsigned branch;
    redirect_transport_t transport;
    const struct via *below;
} via_t;

/** A dialog identifier, and who speaks to whom. */
typedef struct {
    const char *call_id, *from, *to; /**< to, from: URIs */
    uint32_t from_tag, to_tag;       /**< 0: none */
} dialog_t;

/** A message; nothing changes it once it is sent. */
struct message {
    unsigned status; /**< 0: a request */
    method_t method; /**< as in CSeq, of a request its own */
    unsigned cseq;
    unsigned call; /**< place_t.call */
    unsigned max_forwards;
    place_t *place; /**< of the Request-URI; also of a response */
    dialog_t dialog;
    const via_t *via;
    const hop_t *path;   /**< of a request: where it is to go before its place. Of a 2xx: the way to who sent it */
    const char *contact; /**< of who sent it; a URI, or NULL */
    place_t *remote;     /**< of a 2xx: what contact leads to */
    offer_t offer;       /**< of a 3xx */
    const char *phrase;  /**< NULL: the usual one */
    const char *more;    /**< further header lines, each with its end; or NULL */
    bool has_credentials;
    uint32_t session; /**< of its SDP; 0: it has no body */
};

typedef enum { STATE_BEGUN, STATE_PROCEEDING, STATE_COMPLETED, STATE_OVER } state_t;

/** A transaction on one hop, with both of its ends. */
struct exchange {
    network_t *network;
    const actor_t *client, *server;
    redirect_transport_t transport;
    unsigned branch;
    const message_t *request;

    state_t at_client;
    redirect_time_t began, wait;
    bool is_given_up; /**< a CANCEL was sent, or goes out with the first provisional response */
    bool is_cancel_sent;
    /** Takes a response, also a 2xx to INVITE that is sent again; NULL: none came in time. */
    void (*take)(exchange_t *, const message_t *);
    void *client_state;

    state_t at_server;
    const message_t *response; /**< the latest */
    uint32_t tag;              /**< that the server writes into To */
    redirect_time_t answered, wait_for_ack;
    bool is_acknowledged;
    bool is_proxied; /**< the server passes responses on, and sends a 2xx again only where it comes again */
    void (*cancel)(exchange_t *); /**< what the server does about a CANCEL; NULL: nothing */
    void *server_state;
};

/** One message as it was captured. */
typedef struct {
    redirect_time_t time;
    redirect_endpoint_t source, destination;
    redirect_transport_t transport;
    unsigned call;
    sip_slice_t text;
} captured_t;

/** @param capture gets each message that is captured, in order, with text that ends with the call */
network_t *network_new(const conditions_t *conditions, GRand *chance, void (*capture)(void *, const captured_t *),
                       void *capture_state);

/** What elements do that a request passes before it comes to its place. */
void network_set_way(network_t *network, void (*serve)(exchange_t *));
void network_free(network_t *network);

/** Zeroed memory that ends with the network. */
void *network_alloc(network_t *network, size_t size);
char *network_printf(network_t *network, const char *format, ...) G_GNUC_PRINTF(2, 3);

GRand *network_chance(const network_t *network);
redirect_time_t network_now(const network_t *network);

/** What is to be done later. */
typedef void action_t(network_t *network, void *subject, const message_t *message);
void network_after(network_t *network, redirect_time_t delay, action_t *action, void *subject,
                   const message_t *message);

/** Lets happen what is to happen. False at the end. */
bool network_step(network_t *network);

/** A message that is like another one. */
message_t *message_like(network_t *network, const message_t *message);

/**
 * Sends a request, on top of its Vias a new one, to the first of its path or else to its place, again until it is
 * answered.
 */
exchange_t *request_send(network_t *network, const actor_t *client, redirect_transport_t transport,
                         const message_t *request, void (*take)(exchange_t *, const message_t *), void *client_state);

/** Ends an INVITE that was not answered, as soon as that is allowed (RFC 3261 9.1). */
void request_cancel(exchange_t *exchange);

/** Acknowledges a 2xx along its path, to the exchange that is the state of its remote place. */
void answer_acknowledge(network_t *network, const actor_t *client, redirect_transport_t transport,
                        const message_t *answer);

/** The response that a server is about to send; it may be changed until then. Its To tag is the server's. */
message_t *response_new(exchange_t *exchange, unsigned status);

/** Sends it, a final one to INVITE again until it is acknowledged. */
void response_send(exchange_t *exchange, const message_t *response);

/** Both at once. */
void respond(exchange_t *exchange, unsigned status);

bool has_final_response(const exchange_t *exchange);

#endif /* NETWORK_H */
