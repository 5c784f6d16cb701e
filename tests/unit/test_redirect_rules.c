/* test_redirect_rules.c
 * The rule table holds together, and what a rule says fits where Wireshark shows it. What each rule finds, and what it
 * must let pass, is in tests/chains/expert-items.md, as text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <wsutil/wmem/wmem.h>

#include "redirect-rules.h"
#include "redirect-tracker.h"

/* As redirect_limits_default() has it. */
#define MAX_TARGETS 64

/* Wireshark cuts an expert item at 239 bytes. */
#define MAX_TEXT 239

static void
test_table(void)
{
    const redirect_rule_t *rules = redirect_rules_table();

    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        const redirect_rule_t *rule = &rules[i];
        g_assert_cmpuint(rule->id, ==, i);
        g_assert_nonnull(rule->name);
        g_assert_cmpuint(strspn(rule->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), ==, strlen(rule->name));
        g_assert_cmpuint(strlen(rule->summary), >=, 20);
        g_assert_cmpuint(strlen(rule->summary), <=, 100);
        g_assert_true(g_ascii_isupper(rule->summary[0]));
        g_assert_false(g_str_has_suffix(rule->summary, "."));
        g_assert_true(g_str_has_prefix(rule->reference, "RFC ") || g_str_has_prefix(rule->reference, "ATIS-") ||
                      g_str_has_prefix(rule->reference, "sip_redirect(4) "));
        g_assert_true(rule->check || rule->look_back || i == REDIRECT_RULE_NOT_LOCATED);
    }
}

/* Rows may share a filter name, those of the worse forms last; never a summary. */
static void
test_names(void)
{
    const redirect_rule_t *rules = redirect_rules_table();

    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        for (unsigned j = i + 1; j < REDIRECT_RULE_COUNT; j++) {
            g_assert_cmpstr(rules[i].summary, !=, rules[j].summary);
            if (strcmp(rules[i].name, rules[j].name) == 0) {
                g_assert_cmpint(rules[i].severity, <=, rules[j].severity);
                g_assert_cmpint(rules[i].group, ==, rules[j].group);
            }
        }
    }
}

/* Two rows of one name are chosen together; blanks, case, empty names and the whole filter name are let through. */
static void
test_choose(void)
{
    bool chosen[REDIRECT_RULE_COUNT];
    sip_slice_t unknown = redirect_rules_choose(" Loop, ,sip_redirect.not_followed ", chosen);

    g_assert_null(unknown.ptr);
    for (unsigned i = 0; i < REDIRECT_RULE_COUNT; i++) {
        const char *name = redirect_rules_table()[i].name;
        /* The wider name stands for the narrower ones. */
        g_assert_true(chosen[i] == (strcmp(name, "loop") == 0 || strcmp(name, "loop_followed") == 0 ||
                                    strcmp(name, "loop_to_itself") == 0 || strcmp(name, "not_followed") == 0));
    }
    unknown = redirect_rules_choose("password,nonsense,302", chosen);
    g_assert_true(sip_slice_equal(unknown, SIP_SLICE_LITERAL("nonsense")));
    g_assert_true(chosen[REDIRECT_RULE_PASSWORD]);
    g_assert_false(chosen[REDIRECT_RULE_LOOP]);
    g_assert_null(redirect_rules_choose("", chosen).ptr);
    g_assert_false(chosen[REDIRECT_RULE_PASSWORD]);
}

/* --- one 302 with many targets ------------------------------------------------------------------------------------ */

/* Feeds a 302 with count Contact values; each is head, its number, tail. @return its record, owned by scope */
static const redirect_record_t *
redirect_with(wmem_allocator_t *scope, unsigned count, const char *head, const char *tail)
{
    static const redirect_config_t config = {.max_hops = 5, .link_calls = true, .link_window = 32};
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &config);
    GString *text = g_string_new("SIP/2.0 302 X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-1\r\n"
                                 "From: <sip:a@example.com>;tag=a\r\nTo: <sip:b@example.com>;tag=b\r\n"
                                 "Call-ID: one\r\nCSeq: 1 INVITE\r\n");
    sip_message_t *sip = g_new(sip_message_t, 1);
    redirect_message_t message = {.frame = 1, .time = REDIRECT_SECOND, .sip = sip};
    const redirect_record_t *record;
    char *copy;

    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, "Contact: %s%u%s\r\n", head, i, tail);
    }
    g_string_append(text, "\r\n");
    copy = g_memdup2(text->str, text->len);
    g_assert_true(sip_message_parse(sip_slice_make(copy, text->len), sip));
    record = redirect_tracker_add(tracker, &message);
    g_assert_nonnull(record);
    g_free(copy);
    g_free(sip);
    g_string_free(text, TRUE);
    return record;
}

static const redirect_expert_item_t *
expert_item_of(const redirect_record_t *record, redirect_rule_id_t id)
{
    const redirect_expert_item_t *expert_item = record->details->expert_items;

    while (expert_item && expert_item->rule->id != id) {
        expert_item = expert_item->next;
    }
    return expert_item;
}

static void
test_targets_left_out(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    const redirect_record_t *record = redirect_with(scope, MAX_TARGETS, "<sip:user-", "@example.net>");

    g_assert_null(expert_item_of(record, REDIRECT_RULE_TARGETS_LEFT_OUT));
    g_assert_cmpuint(redirect_of_record(record)->target_count, ==, MAX_TARGETS);
    record = redirect_with(scope, MAX_TARGETS + 1, "<sip:user-", "@example.net>");
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_TARGETS_LEFT_OUT));
    g_assert_cmpstr(expert_item_of(record, REDIRECT_RULE_TARGETS_LEFT_OUT)->text, ==,
                    "65 targets are offered; the first 64 are listed, 1 left out.");
    g_assert_cmpuint(redirect_of_record(record)->target_count, ==, MAX_TARGETS);
    g_assert_cmpuint(redirect_of_record(record)->target_total, ==, MAX_TARGETS + 1);
    wmem_destroy_allocator(scope);
}

/* With everything wrong at once in as many targets as are listed, each text still fits. */
static void
test_texts_fit(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    const redirect_record_t *record =
        redirect_with(scope, 3000, "<sip:user-", ":secret@example.net:99999>;q=2;expires=never");

    for (const redirect_expert_item_t *expert_item = record->details->expert_items; expert_item;
         expert_item = expert_item->next) {
        g_assert_cmpuint(strlen(expert_item->text), >, 20);
        g_assert_cmpuint(strlen(expert_item->text), <=, MAX_TEXT);
        g_assert_true(g_str_has_suffix(expert_item->text, "."));
    }
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_BAD_CONTACT));
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_BAD_Q));
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_BAD_EXPIRES));
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_PASSWORD));
    g_assert_nonnull(expert_item_of(record, REDIRECT_RULE_TARGETS_LEFT_OUT));
    wmem_destroy_allocator(scope);
}

/* All that can be wrong with one target, in so many that not all can be named. */
static void
test_faults_fit(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    const redirect_record_t *record = redirect_with(scope, MAX_TARGETS, "<@a b", ":99999");
    const redirect_expert_item_t *expert_item = expert_item_of(record, REDIRECT_RULE_BAD_CONTACT);

    g_assert_nonnull(expert_item);
    g_assert_cmpstr(
        expert_item->text, ==,
        "Not written as RFC 3261 demands: target 1 (no closing \">\" or quote, no scheme, bad port, bad host, "
        "empty user), target 2 (no closing \">\" or quote, no scheme, bad port, bad host, empty user) and 62 "
        "more.");
    g_assert_cmpuint(strlen(expert_item->text), <=, MAX_TEXT);
    wmem_destroy_allocator(scope);
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    wmem_init();
    g_test_add_func("/redirect-rules/table", test_table);
    g_test_add_func("/redirect-rules/names", test_names);
    g_test_add_func("/redirect-rules/choose", test_choose);
    g_test_add_func("/redirect-rules/targets-left-out", test_targets_left_out);
    g_test_add_func("/redirect-rules/texts-fit", test_texts_fit);
    g_test_add_func("/redirect-rules/faults-fit", test_faults_fit);
    status = g_test_run();
    wmem_cleanup();
    return status;
}
