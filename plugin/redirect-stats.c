/* redirect-stats.c
 * Registers the reports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-stats.h"

void
redirect_stats_register(int protocol)
{
    redirect_stats_register_table();
    redirect_stats_register_tree();
    redirect_stats_register_cli();
    redirect_stats_register_compare();
    redirect_stats_register_follow(protocol);
}
