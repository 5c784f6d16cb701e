/* redirect-rules-int.h
 * The functions that the rows of the rule table name, by the file that holds them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_RULES_INT_H
#define REDIRECT_RULES_INT_H

#include "redirect-rules.h"

/** True for a 2xx to an INVITE that a 6xx had ended. RFC 3261 16.7, item 5: it "should never be allowed to happen". */
static inline bool
redirect_is_answer_after_refusal(const redirect_record_t *record)
{
    return record->status / 100 == 2 && record->method == SIP_METHOD_INVITE && record->transaction &&
           record->transaction->response.status / 100 == 6;
}

/* ---- What one message breaks by itself: redirect-rules-message.c ---- */

redirect_rule_check_t redirect_check_no_contact;
redirect_rule_check_t redirect_check_star;
redirect_rule_check_t redirect_check_bad_contact;
redirect_rule_check_t redirect_check_bad_q;
redirect_rule_check_t redirect_check_bad_expires;
redirect_rule_check_t redirect_check_password;
redirect_rule_check_t redirect_check_targets_left_out;
redirect_rule_check_t redirect_check_network_blocked_incomplete;
redirect_rule_check_t redirect_check_rejected_without_call_info;
redirect_rule_check_t redirect_check_diverted;

/* ---- What a message shows at its place in the chain: redirect-rules-chain.c ---- */

redirect_rule_check_t redirect_check_loop;
redirect_rule_check_t redirect_check_loop_followed;
redirect_rule_check_t redirect_check_loop_to_itself;
redirect_rule_check_t redirect_check_too_many_hops;
redirect_rule_check_t redirect_check_after_global_failure;
redirect_rule_check_t redirect_check_branch_after_global_failure;
redirect_rule_check_t redirect_check_followed_elsewhere;
redirect_rule_check_t redirect_check_ambiguous_link;
redirect_rule_check_t redirect_check_history_contradiction;

/* ---- What is wrong with a response, held against its request: redirect-rules-response.c ---- */

redirect_rule_check_t redirect_check_target_without_user;
redirect_rule_check_t redirect_check_sips_downgrade;
redirect_rule_check_t redirect_check_unexpected_source;
redirect_rule_check_t redirect_check_tried_target_offered;
redirect_rule_check_t redirect_check_answered_after_global_failure;

/* ---- How the request was made that follows a redirect: redirect-rules-request.c ---- */

redirect_rule_check_t redirect_check_branch_reused;
redirect_rule_check_t redirect_check_to_tag_kept;
redirect_rule_check_t redirect_check_headers_in_uri;
redirect_rule_check_t redirect_check_sips_downgrade_followed;
redirect_rule_check_t redirect_check_proxy_as_target;

/* ---- Why the next network refuses a redirected call: redirect-rules-refused.c ---- */

redirect_rule_check_t redirect_check_forward_refused;

/* ---- What the capture or a limit keeps from view: redirect-rules-limits.c ---- */

redirect_rule_check_t redirect_check_cut_off;
redirect_rule_check_t redirect_check_not_placed;
redirect_rule_check_t redirect_check_limit_reached;
redirect_rule_look_back_t redirect_look_back_limit_reached;

/* ---- What only later messages decide: redirect-rules-hindsight.c ---- */

redirect_rule_look_back_t redirect_look_back_not_followed;
redirect_rule_look_back_t redirect_look_back_answered_elsewhere;
redirect_rule_look_back_t redirect_look_back_hidden;
redirect_rule_look_back_t redirect_look_back_sent_to_old_server;
redirect_rule_look_back_t redirect_look_back_contact_unreachable;
redirect_rule_look_back_t redirect_look_back_credentials_missing;
redirect_rule_look_back_t redirect_look_back_ack_missing;
redirect_rule_look_back_t redirect_look_back_made_of_busy;

#endif /* REDIRECT_RULES_INT_H */
