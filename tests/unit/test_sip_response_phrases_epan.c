/* test_sip_response_phrases_epan.c
 * The reason phrases agree with those that Wireshark's own SIP dissector shows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

#include <epan/packet.h>

#include "redirect-compat.h"
#include "sip-response.h"

/* From 4.5 on Wireshark keeps its table to itself. */
#if !REDIRECT_WIRESHARK_SINCE(4, 5)

/*
 * Codes whose phrase may differ from Wireshark's, with Wireshark's. None does today; RFC 3261 itself writes some in
 * two ways (section 21 and the grammar in section 25: "Temporarily not available", "Does not exist anywhere").
 */
static const value_string allowed_to_differ[] = {
    {0, NULL},
};

/* Wireshark counts unregistered codes of a class under x99; these are no codes. */
static bool
is_pseudo_code(uint32_t code)
{
    return code % 100 == 99;
}

static void
test_phrases_are_wiresharks(void)
{
    size_t count = 0, compared = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        const char *allowed = try_val_to_str(table[i].code, allowed_to_differ);
        const char *wiresharks = try_val_to_str(table[i].code, sip_response_code_vals);

        /* Wireshark may be older than the code. */
        if (table[i].code >= 100 && wiresharks != NULL) {
            g_assert_cmpstr(wiresharks, ==, allowed != NULL ? allowed : table[i].phrase);
            compared++;
        }
    }
    g_assert_cmpuint(compared, >=, 17);
}

/* The other way round: a redirection or global failure that Wireshark learns about must get a row here. */
static void
test_no_code_of_wiresharks_is_missing(void)
{
    size_t seen = 0;

    for (size_t i = 0; sip_response_code_vals[i].strptr != NULL; i++) {
        uint32_t code = sip_response_code_vals[i].value;

        if ((code / 100 == 3 || code / 100 == 6) && !is_pseudo_code(code)) {
            const sip_response_t *row = sip_response_lookup((uint16_t)code);

            g_assert_nonnull(row);
            g_assert_cmpuint(row->code, ==, code);
            seen++;
        }
    }
    g_assert_cmpuint(seen, >=, 11);
}
#else
static void
test_phrases_are_wiresharks(void)
{
    g_test_skip("this Wireshark does not hand out its phrases");
}

static void
test_no_code_of_wiresharks_is_missing(void)
{
    g_test_skip("this Wireshark does not hand out its phrases");
}
#endif

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sip-response/phrases/same", test_phrases_are_wiresharks);
    g_test_add_func("/sip-response/phrases/complete", test_no_code_of_wiresharks_is_missing);
    return g_test_run();
}
