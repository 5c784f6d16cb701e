/* redirect-service.h
 * What the body of a 380 offers instead of the call: IMS' alternative service.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_SERVICE_H
#define REDIRECT_SERVICE_H

#include <wsutil/wmem/wmem_core.h>

#include "sip-message.h"

/** The alternative-service element of an application/3gpp-ims+xml body; NULL where a part is not given. */
typedef struct {
    const char *type;   /**< "emergency" */
    const char *action; /**< "emergency-registration", ... */
    const char *reason; /**< for a person */
} redirect_service_t;

/**
 * Reads the alternative service from the body of a response, also from a part of a multipart body.
 * Text longer than REDIRECT_SERVICE_MAX_TEXT bytes is cut between two characters.
 * @return owned by scope, its strings valid UTF-8; NULL where the body is of another type or names nothing.
 */
const redirect_service_t *redirect_service_read(wmem_allocator_t *scope, const sip_message_t *sip);

#define REDIRECT_SERVICE_MAX_TEXT 160

/** What a client is to do, in a few words ("register for emergency service and call again"); NULL where not known. */
const char *redirect_service_advice(const redirect_service_t *service);

/** True where the service is for an emergency call. */
bool redirect_service_is_emergency(const redirect_service_t *service);

#endif /* REDIRECT_SERVICE_H */
