/* redirect-compat.h
 * Where the versions of Wireshark differ for this plugin. 4.0, 4.4 and 4.6 are tested.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_COMPAT_H
#define REDIRECT_COMPAT_H

#include <epan/packet.h>
#include <ws_version.h>

#define REDIRECT_WIRESHARK_SINCE(major, minor)                                                                         \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* Said when it is compiled, by packet-sip-redirect.c. */
#define REDIRECT_WIRESHARK_IS_UNTRIED REDIRECT_WIRESHARK_SINCE(4, 7)

/*
 * What the SIP dissector keeps of each message, in the frame's data of its protocol: sip_info_value_t of packet-sip.h.
 * From 5.0 on that header may not be installed. The members below are the same, in the same places, from 4.0 to
 * what is to be 5.0 (its source of 2026). test_redirect_compat_epan.c compares, test_locate.py runs without the header.
 */
#if defined(__has_include) && !defined(REDIRECT_WITHOUT_PACKET_SIP_H)
#if __has_include(<epan/dissectors/packet-sip.h>)
#define REDIRECT_HAS_PACKET_SIP_H
#endif
#endif
#ifdef REDIRECT_HAS_PACKET_SIP_H
#include <epan/dissectors/packet-sip.h>
#else
typedef struct {
    const char *request_method; /* NULL: not a request */
    unsigned response_code;     /* 0: not a response */
    uint32_t unused[2];
    char *tap_call_id; /* NULL: it has none */
    char *tap_from_addr;
    char *tap_to_addr;
    uint32_t tap_cseq_number;
    char *reason_phrase;
} sip_info_value_t;
#endif

/* The variable of a boolean preference. A cast would write beyond it. */
#if REDIRECT_WIRESHARK_SINCE(4, 3)
typedef bool redirect_pref_bool_t;
#else
typedef gboolean redirect_pref_bool_t;
#endif

/* The frame's first data source of that name: its bytes, or NULL. */
#if REDIRECT_WIRESHARK_SINCE(4, 5)
static inline tvbuff_t *
redirect_tvb_by_name(packet_info *pinfo, const char *name)
{
    const struct data_source *source = get_data_source_by_name(pinfo, name);

    return source ? get_data_source_tvb(source) : NULL;
}
#else
#define redirect_tvb_by_name(pinfo, name) get_data_source_tvb_by_name(pinfo, name)
#endif

/* The Telephony menu. */
#if REDIRECT_WIRESHARK_SINCE(4, 1)
#define REDIRECT_STATS_GROUP_TELEPHONY REGISTER_TELEPHONY_GROUP_UNSORTED
#else
#define REDIRECT_STATS_GROUP_TELEPHONY REGISTER_STAT_GROUP_TELEPHONY
#endif

/* Conversation filters: the type of a truth value, and the data of whoever registered the filter. */
#if REDIRECT_WIRESHARK_SINCE(4, 3)
typedef bool redirect_filter_bool_t;
#define REDIRECT_FILTER_DATA , void *data _U_
#define REDIRECT_FILTER_NO_DATA , NULL
#else
typedef gboolean redirect_filter_bool_t;
#define REDIRECT_FILTER_DATA
#define REDIRECT_FILTER_NO_DATA
#endif

/* Streams: how many there are, and which parts one has. Before 4.1 the GUI had a fixed list of streams. */
#if REDIRECT_WIRESHARK_SINCE(4, 1)
#define REDIRECT_FOLLOW_COUNT(count) , (count), NULL
#else
#define REDIRECT_FOLLOW_COUNT(count)
#endif

/* What the handler of a -z option returns: from 4.5 on, whether it could start. */
#if REDIRECT_WIRESHARK_SINCE(4, 5)
typedef bool redirect_started_t;
#define REDIRECT_STARTED true
#else
typedef void redirect_started_t;
#define REDIRECT_STARTED
#endif

#endif /* REDIRECT_COMPAT_H */
