/* redirect-stats.c
 * The reports: tshark's -z options and the GUI's tables.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-stats.h"

void
redirect_stats_register(void)
{
}
