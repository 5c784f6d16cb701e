/* redirect-stats-cli.h
 * What tshark's -z options have in common; for redirect-stats-cli.c and redirect-stats-ladder.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STATS_CLI_H
#define REDIRECT_STATS_CLI_H

#include <epan/packet.h>

/** *rest is what follows the option's name and its comma, NULL where nothing does. False: it is another option. */
bool redirect_stats_rest_of_option(const char *option, const char *name, const char **rest);

/** False, once it has said so, where register_tap_listener() gave an error, which is freed. */
bool redirect_stats_is_registered(const char *name, GString *error);

/** -z sip_redirect,ladder. */
#define REDIRECT_STATS_LADDER "sip_redirect,ladder"

/** Starts it. False, once it has said why, where the option is wrong. */
bool redirect_stats_ladder_start(const char *option);

#endif /* REDIRECT_STATS_CLI_H */
