/* redirect-stats-compat.h
 * Where the versions of Wireshark differ in what the reports need. 4.0 and 4.4 are tested.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STATS_COMPAT_H
#define REDIRECT_STATS_COMPAT_H

#include <epan/conversation_filter.h>
#include <epan/follow.h>
#include <epan/stat_groups.h>
#include <ws_version.h>

#define REDIRECT_STATS_SINCE(major, minor)                                                                             \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* The Telephony menu. */
#if REDIRECT_STATS_SINCE(4, 1)
#define REDIRECT_STATS_GROUP_TELEPHONY REGISTER_TELEPHONY_GROUP_UNSORTED
#else
#define REDIRECT_STATS_GROUP_TELEPHONY REGISTER_STAT_GROUP_TELEPHONY
#endif

/* Conversation filters: the type of a truth value, and the data of whoever registered the filter. */
#if REDIRECT_STATS_SINCE(4, 3)
typedef bool redirect_filter_bool_t;
#define REDIRECT_FILTER_DATA , void *data _U_
#define REDIRECT_FILTER_NO_DATA , NULL
#else
typedef gboolean redirect_filter_bool_t;
#define REDIRECT_FILTER_DATA
#define REDIRECT_FILTER_NO_DATA
#endif

/* Streams: how many there are, and which parts one has. Before, the GUI had a fixed list of streams. */
#if REDIRECT_STATS_SINCE(4, 1)
#define REDIRECT_FOLLOW_COUNT(count) , (count), NULL
#else
#define REDIRECT_FOLLOW_COUNT(count)
#endif

#endif /* REDIRECT_STATS_COMPAT_H */
