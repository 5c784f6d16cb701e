/* test_redirect_reason_words_epan.c
 * The registered values that have words here are those that Wireshark knows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include <glib.h>

#include <epan/packet.h>
#include <epan/dissectors/packet-isup.h>

#include "redirect-compat.h"
#include "redirect-reason-words.h"
#include "sip-response.h"

/* Each cause that Wireshark names has words here; it calls the numbers between them unassigned. */
static void
test_q850_is_complete(void)
{
    unsigned named = 0;

    for (uint32_t cause = 0; cause <= 127; cause++) {
        const char *wiresharks = try_val_to_str_ext(cause, &q850_cause_code_vals_ext);

        if (wiresharks && strcmp(wiresharks, "Unassigned") != 0) {
            g_assert_nonnull(redirect_words_for_q850(cause));
            named++;
        }
    }
    g_assert_cmpuint(named, >=, 70);
}

/* From 4.5 on Wireshark keeps its phrases to itself. */
#if !REDIRECT_WIRESHARK_SINCE(4, 5)
/* Codes whose phrase changed after Wireshark 4.0 took it (RFC 4028, RFC 8224), or that it counts others under. */
static const value_string allowed_to_differ[] = {
    {199, "Early Dialog Terminated"},
    {422, "Session Interval Too Small"},
    {436, "Bad Identity Info"},
    {437, "Unsupported Credential"},
    {0, NULL},
};

/* What has a phrase here has it there. */
static void
test_sip_phrases(void)
{
    unsigned compared = 0;

    for (size_t i = 0; sip_response_code_vals[i].strptr != NULL; i++) {
        const uint32_t code = sip_response_code_vals[i].value;
        const char *words = redirect_words_for_sip(code);

        if (words && try_val_to_str(code, allowed_to_differ) == NULL) {
            g_assert_cmpstr(words, ==, sip_response_code_vals[i].strptr);
            compared++;
        }
    }
    g_assert_cmpuint(compared, >=, 60);
}
#else
static void
test_sip_phrases(void)
{
    g_test_skip("this Wireshark does not hand out its phrases");
}
#endif

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reason-words/wireshark/q850", test_q850_is_complete);
    g_test_add_func("/reason-words/wireshark/sip", test_sip_phrases);
    return g_test_run();
}
