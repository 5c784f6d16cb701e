/* redirect-transport.h
 * What carries a SIP message, as far as redirection cares.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_TRANSPORT_H
#define REDIRECT_TRANSPORT_H

/** The nearest layer below SIP that is listed here. */
typedef enum {
    REDIRECT_TRANSPORT_OTHER = 0,
    REDIRECT_TRANSPORT_UDP,
    REDIRECT_TRANSPORT_TCP,
    REDIRECT_TRANSPORT_TLS,
    REDIRECT_TRANSPORT_WS, /**< with or without TLS below it */
    REDIRECT_TRANSPORT_SCTP,
} redirect_transport_t;

#endif /* REDIRECT_TRANSPORT_H */
