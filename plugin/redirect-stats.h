/* redirect-stats.h
 * The reports: tshark's -z options and the GUI's tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STATS_H
#define REDIRECT_STATS_H

/** Registers every report. Call once, when the tap "sip_redirect" is registered. */
void redirect_stats_register(void);

#endif /* REDIRECT_STATS_H */
