/* redirect-rules.h
 * The rules that a redirection or a global failure can break, and the conditions worth a word: one row each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_RULES_H
#define REDIRECT_RULES_H

#include "redirect-facts.h"
#include "redirect-link.h"
#include "redirect-store.h"

/** Severity of an expert item, as in Wireshark's expert information. */
typedef enum {
    REDIRECT_SEVERITY_CHAT,
    REDIRECT_SEVERITY_NOTE,
    REDIRECT_SEVERITY_WARN,
    REDIRECT_SEVERITY_ERROR,
} redirect_severity_t;

/** Where Wireshark groups an expert item. */
typedef enum {
    REDIRECT_GROUP_SEQUENCE, /**< conditions of a chain */
    REDIRECT_GROUP_PROTOCOL, /**< breaches of a rule */
    REDIRECT_GROUP_SECURITY,
} redirect_group_t;

/** Every rule, in the order of the table. */
typedef enum {
    REDIRECT_RULE_NO_CONTACT = 0,
    REDIRECT_RULE_STAR,
    REDIRECT_RULE_BAD_CONTACT,
    REDIRECT_RULE_BAD_Q,
    REDIRECT_RULE_BAD_EXPIRES,
    REDIRECT_RULE_PASSWORD,
    REDIRECT_RULE_TARGETS_LEFT_OUT,
    REDIRECT_RULE_NETWORK_BLOCKED_INCOMPLETE,
    REDIRECT_RULE_REJECTED_WITHOUT_CALL_INFO,
    REDIRECT_RULE_TARGET_WITHOUT_USER,
    REDIRECT_RULE_SIPS_DOWNGRADE,          /**< offered */
    REDIRECT_RULE_SIPS_DOWNGRADE_FOLLOWED, /**< though sips was offered, or by a proxy */
    REDIRECT_RULE_UNEXPECTED_SOURCE,
    REDIRECT_RULE_TRIED_TARGET_OFFERED,
    REDIRECT_RULE_BRANCH_REUSED,
    REDIRECT_RULE_TO_TAG_KEPT,
    REDIRECT_RULE_HEADERS_IN_URI,
    REDIRECT_RULE_PROXY_AS_TARGET,
    REDIRECT_RULE_LOOP,           /**< offered, or followed as far as is likely */
    REDIRECT_RULE_LOOP_FOLLOWED,  /**< for certain */
    REDIRECT_RULE_LOOP_TO_ITSELF, /**< of one target */
    REDIRECT_RULE_TOO_MANY_HOPS,
    REDIRECT_RULE_AFTER_GLOBAL_FAILURE,
    REDIRECT_RULE_BRANCH_AFTER_GLOBAL_FAILURE,   /**< of a proxy, which must not */
    REDIRECT_RULE_ANSWERED_AFTER_GLOBAL_FAILURE, /**< on one leg, against the rule */
    REDIRECT_RULE_ANSWERED_ELSEWHERE,
    REDIRECT_RULE_MADE_OF_BUSY,
    REDIRECT_RULE_ACK_MISSING,
    REDIRECT_RULE_NOT_FOLLOWED,
    REDIRECT_RULE_HIDDEN_FROM_CALLER,
    REDIRECT_RULE_FOLLOWED_ELSEWHERE,
    REDIRECT_RULE_SENT_TO_OLD_SERVER,
    REDIRECT_RULE_CONTACT_UNREACHABLE,
    REDIRECT_RULE_CREDENTIALS_MISSING,
    REDIRECT_RULE_DIVERTED,
    REDIRECT_RULE_FORWARD_REFUSED,
    REDIRECT_RULE_AMBIGUOUS_LINK,
    REDIRECT_RULE_HISTORY_CONTRADICTION,
    REDIRECT_RULE_CUT_OFF,
    REDIRECT_RULE_NOT_PLACED,
    REDIRECT_RULE_LIMIT_REACHED,
    REDIRECT_RULE_NOT_LOCATED, /**< about a message whose text was not found; redirect_tracker_add_missed() */
    REDIRECT_RULE_COUNT
} redirect_rule_id_t;

/** What a rule may look at: the message that is being placed, and where it was placed. */
typedef struct {
    const redirect_store_t *store;
    const redirect_message_t *message;
    redirect_facts_t *facts;                       /**< what the message says, read as far as asked for */
    const redirect_record_t *record;               /**< its transaction and redirect are set */
    bool new_transaction;                          /**< the message is a request that opened record->transaction */
    bool new_redirect;                             /**< the message is the first sighting of its redirect on its leg */
    const redirect_transaction_t *elsewhere_after; /**< the redirected transaction after which this went elsewhere */
    const redirect_transaction_t *global_failure;  /**< a transaction of the same client that a 6xx had ended before */
    const redirect_rivals_t *rivals;               /**< redirects in other calls that fitted equally well; never NULL */
    unsigned gaps;                                 /**< redirect_gap_t: what is missing around this message */
} redirect_rule_context_t;

/** Bytes of an expert item that Wireshark shows; no sentence of a rule is longer. */
#define REDIRECT_RULE_MAX_TEXT 239

/** Asked when a message is first seen. NULL where the rule does not apply, else a sentence about it, owned by scope. */
typedef char *redirect_rule_check_t(wmem_allocator_t *scope, const redirect_rule_context_t *context);

/** The same, asked each time that a record is shown, from what is known then. */
typedef char *redirect_rule_look_back_t(wmem_allocator_t *scope, const redirect_store_t *store,
                                        const redirect_record_t *record);

/** What a rule needs before it is asked; a bit set. Most messages have so little that few rules are asked. */
typedef enum {
    REDIRECT_RULE_NEEDS_CHAIN = 1 << 0,    /**< the message belongs to a transaction */
    REDIRECT_RULE_NEEDS_WHOLE = 1 << 1,    /**< it is not cut off within its header fields */
    REDIRECT_RULE_NEEDS_REDIRECT = 1 << 2, /**< it is a 3xx, and redirect_of_record() what it says */
    REDIRECT_RULE_NEEDS_RESPONSE = 1 << 3, /**< it is a 3xx or 6xx */
    REDIRECT_RULE_NEEDS_REQUEST = 1 << 4,  /**< it opened its transaction */
    REDIRECT_RULE_NEEDS_FOLLOWUP = 1 << 5, /**< it opened its transaction, and follows a redirect */
} redirect_rule_needs_t;

/**
 * One rule. name is the tail of its filter name "sip_redirect.<name>". A rule is decided at
 * once (check), when the message is first seen, or in hindsight (look_back), each time that it is shown again; or the
 * tracker decides by itself (neither).
 */
typedef struct redirect_rule {
    redirect_rule_id_t id;
    const char *name;
    redirect_severity_t severity;
    redirect_group_t group;
    unsigned needs;        /**< redirect_rule_needs_t */
    const char *reference; /**< RFC and section */
    const char *summary;   /**< a sentence, for the Expert Information window's groups */
    redirect_rule_check_t *check;
    redirect_rule_look_back_t *look_back;
} redirect_rule_t;

/** All rules, indexed by redirect_rule_id_t. */
const redirect_rule_t *redirect_rules_table(void);

/** Asks all rules that decide at once. @return the expert items, in table order, owned by scope; NULL for none. */
redirect_expert_item_t *redirect_rules_check(wmem_allocator_t *scope, const redirect_rule_context_t *context);

/** Asks all rules that decide in hindsight. @return as redirect_rules_check() */
redirect_expert_item_t *redirect_rules_look_back(wmem_allocator_t *scope, const redirect_store_t *store,
                                                 const redirect_record_t *record);

/**
 * The rule whose name stands for this one as well: what is found by "loop" are the loops offered, which is that rule
 * itself, and those followed. Where there is none, the rule itself.
 */
redirect_rule_id_t redirect_rule_wider(redirect_rule_id_t id);

/**
 * Chooses rules by their names, or by that of the wider one, which are separated by commas; each may begin with "sip_redirect.".
 * @param chosen filled for all rules
 * @return the first name that no rule has; absent where all are known. Borrows from names.
 */
sip_slice_t redirect_rules_choose(const char *names, bool chosen[REDIRECT_RULE_COUNT]);

/** An expert item of one rule; text is taken over, or copied from the rule's summary where it is NULL. */
redirect_expert_item_t *redirect_expert_item_new(wmem_allocator_t *scope, redirect_rule_id_t id, char *text);

#endif /* REDIRECT_RULES_H */
