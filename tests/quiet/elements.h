/* elements.h
 * Callers, phones, proxies, redirect servers and B2BUAs that keep to RFC 3261, and what their users do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef ELEMENTS_H
#define ELEMENTS_H

#include "network.h"

/** Who has which address; the groups of actor_t. */
enum { GROUP_PHONE = 1 << 0, GROUP_PROXY = 1 << 1, GROUP_PBX = 1 << 2, GROUP_ALL = 7 };

typedef struct town town_t;

/**
 * All elements of one network.
 * @param users who call and are called: the fewer, the more often the same ones within a minute
 */
town_t *town_new(network_t *network, unsigned users);

/** Somebody does something after a while: mostly calls. number: the call's, for people; redials have the same. */
void town_call(town_t *town, redirect_time_t after, unsigned number);

#endif /* ELEMENTS_H */
