/* test_redirect_reason_words.c
 * Words for the registered values that messages give as reasons.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

#include "redirect-reason-words.h"
#include "sip-response.h"

/* The causes of ITU-T Q.850, and 0, 52 and 54, which it does not have and PBXs send. */
static const uint8_t q850_causes[] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  14, 16, 17, 18, 19, 20, 21, 22,  23,  24,  25,  26,  27,  28,  29, 30,
    31, 33, 34, 38, 39, 40, 41, 42, 43, 44, 46, 47, 49, 50, 52, 53, 54, 55,  56,  57,  58,  62,  63,  65,  66, 69,
    70, 79, 81, 82, 83, 84, 85, 86, 87, 88, 90, 91, 95, 96, 97, 98, 99, 100, 101, 102, 103, 110, 111, 127,
};

static void
test_q850_numbers(void)
{
    for (uint32_t cause = 0; cause <= 300; cause++) {
        const bool listed = cause <= 127 && memchr(q850_causes, (int)cause, sizeof(q850_causes)) != NULL;

        g_assert_cmpint(redirect_words_for_q850(cause) != NULL, ==, listed);
    }
    g_assert_null(redirect_words_for_q850(UINT32_MAX));
}

/* Each is read after "cause 55, ", so none is a sentence of its own. */
static void
test_q850_words(void)
{
    static const struct {
        uint32_t cause;
        const char *words;
    } cases[] = {
        {0, "no cause known"},
        {1, "unallocated number"},
        {16, "normal clearing"},
        {17, "user busy"},
        {21, "call rejected"},
        {26, "non-selected user clearing; in ANSI networks: misrouted ported number"},
        {28, "number invalid or incomplete"},
        {55, "incoming calls barred within the closed user group"},
        {87, "called user not in the closed user group"},
        {127, "interworking, unspecified"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpstr(redirect_words_for_q850(cases[i].cause), ==, cases[i].words);
    }
    for (size_t i = 0; i < sizeof(q850_causes); i++) {
        const char *words = redirect_words_for_q850(q850_causes[i]);

        g_assert_cmpuint(strlen(words), >, 5);
        g_assert_cmpuint(strlen(words), <, 80);
        g_assert_false(g_str_has_suffix(words, "."));
    }
}

/* What has a row has its phrase from there; of a code of no row and of none that is registered nothing is said. */
static void
test_sip(void)
{
    g_assert_cmpstr(redirect_words_for_sip(603), ==, "Decline");
    g_assert_cmpstr(redirect_words_for_sip(486), ==, "Busy Here");
    g_assert_cmpstr(redirect_words_for_sip(484), ==, "Address Incomplete");
    g_assert_cmpstr(redirect_words_for_sip(500), ==, "Server Internal Error");
    g_assert_cmpstr(redirect_words_for_sip(200), ==, "OK");
    g_assert_null(redirect_words_for_sip(303));
    g_assert_null(redirect_words_for_sip(699));
    g_assert_null(redirect_words_for_sip(499));
    g_assert_null(redirect_words_for_sip(0));
    g_assert_null(redirect_words_for_sip(486 + 65536));
}

/* RFC 8606 4 has sixteen; of those that it calls spare or reserved there is nothing to say. */
static void
test_locations(void)
{
    static const struct {
        const char *location, *words, *brief;
    } cases[] = {
        {"U", "the user", "the user"},
        {"LPN", "the private network of the caller", "the caller's private network"},
        {"LN", "the public network that serves the caller", "the caller's network"},
        {"TN", "a transit network", "a transit network"},
        {"RLN", "the public network that serves the called party", "the called party's network"},
        {"rln", "the public network that serves the called party", "the called party's network"},
        {"RPN", "the private network of the called party", "the called party's private network"},
        {"INTL", "an international network", "an international network"},
        {"BI", "a network beyond an interworking point", "a network beyond an interworking point"},
        {"LOC-6", NULL, NULL},
        {"LOC-15", NULL, NULL},
        {"RL", NULL, NULL},
        {"", NULL, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const sip_slice_t location = sip_slice_from_string(cases[i].location);

        g_assert_cmpstr(redirect_words_for_location(location), ==, cases[i].words);
        g_assert_cmpstr(redirect_words_for_location_brief(location), ==, cases[i].brief);
    }
    g_assert_null(redirect_words_for_location(SIP_SLICE_NONE));
}

/* RFC 3261 20.43; 308: RFC 8373; 380, 381: RFC 5630. */
static void
test_warnings(void)
{
    static const uint16_t codes[] = {300, 301, 302, 303, 304, 305, 306, 307, 308, 330, 331, 370, 380, 381, 399};
    unsigned found = 0;

    for (uint32_t code = 0; code < 1000; code++) {
        const char *words = redirect_words_for_warning(code);

        if (words) {
            g_assert_cmpuint(found, <, G_N_ELEMENTS(codes));
            g_assert_cmpuint(code, ==, codes[found]);
            found++;
        }
    }
    g_assert_cmpuint(found, ==, G_N_ELEMENTS(codes));
    g_assert_cmpstr(redirect_words_for_warning(305), ==, "incompatible media format");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reason-words/q850/numbers", test_q850_numbers);
    g_test_add_func("/reason-words/q850/words", test_q850_words);
    g_test_add_func("/reason-words/sip", test_sip);
    g_test_add_func("/reason-words/locations", test_locations);
    g_test_add_func("/reason-words/warnings", test_warnings);
    return g_test_run();
}
