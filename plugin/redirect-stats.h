/* redirect-stats.h
 * The reports: tshark's -z options and the GUI's tables, calls, filters and streams.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_STATS_H
#define REDIRECT_STATS_H

#include <epan/packet.h>

#include "redirect-session.h"

/** Registers every report of this protocol. Call once, when the tap "sip_redirect" is registered. */
void redirect_stats_register(int protocol);

/**
 * Turns rows in VoIP Calls and arrows in the flow on; call it whenever the preference was read. Wireshark finds the tap
 * that fills them by its name, so it is registered only when it is first wanted, and cannot be taken back.
 */
void redirect_stats_voip_enable(bool enable);

/** Queues one message for VoIP Calls where that is on and somebody listens. */
void redirect_stats_voip_queue(packet_info *pinfo, const redirect_store_t *store, const redirect_record_t *record);

/* What the reports share. */

/**
 * Reads the message of a record again, for what the model does not keep. To be called while its frame is dissected; *sip
 * borrows from that.
 * @return false where its text is not found or no SIP; *sip is undefined then.
 */
bool redirect_stats_read_message(packet_info *pinfo, const redirect_record_t *record, sip_message_t *sip);

/** The URI of a message's From for display, "" where it has none; owned by scope. */
char *redirect_stats_caller(wmem_allocator_t *scope, const sip_message_t *sip);

/* The parts, for redirect_stats_register() only. */

/** -z sip_redirect,chains, tree and compare in tshark. After redirect_stats_register_tree(). */
void redirect_stats_register_cli(void);

/** The table of chains in the GUI's Telephony menu, and sharkd's nstat. */
void redirect_stats_register_table(void);

/** Two codes side by side, from the GUI's Telephony menu. */
void redirect_stats_register_compare(void);

/** The tree in the GUI's Statistics menu. */
void redirect_stats_register_tree(void);

/** The conversation filter and the stream. */
void redirect_stats_register_follow(int protocol);

struct _stats_tree;

/** The abbreviation of the tree: what stands in front of ",tree". */
#define REDIRECT_STATS_TREE "sip_redirect"

/** What may still change is kept back from now on, until redirect_stats_tree_settle() shows it: in one pass. */
void redirect_stats_tree_hold(struct _stats_tree *tree);

/** Brings what was counted in a tree up to what is known now, and shows it. */
void redirect_stats_tree_settle(struct _stats_tree *tree);

#endif /* REDIRECT_STATS_H */
