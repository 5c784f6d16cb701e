/* test_redirect_compat_epan.c
 * What stands in for packet-sip.h, where that is not installed, has the same members in the same places.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>

/* Both in one file, under two names. */
#define REDIRECT_WITHOUT_PACKET_SIP_H
#define sip_info_value_t stand_in_t
#include "redirect-compat.h"
#undef sip_info_value_t

#if __has_include(<epan/dissectors/packet-sip.h>)
#include <epan/dissectors/packet-sip.h>

#define ASSERT_SAME(member)                                                                                            \
    g_assert_cmpuint(offsetof(stand_in_t, member), ==, offsetof(sip_info_value_t, member));                            \
    g_assert_cmpuint(sizeof(((stand_in_t *)0)->member), ==, sizeof(((sip_info_value_t *)0)->member))

static void
test_stand_in_is_the_same(void)
{
    ASSERT_SAME(request_method);
    ASSERT_SAME(response_code);
    ASSERT_SAME(tap_call_id);
    ASSERT_SAME(tap_from_addr);
    ASSERT_SAME(tap_to_addr);
    ASSERT_SAME(tap_cseq_number);
    ASSERT_SAME(reason_phrase);
    g_assert_cmpuint(sizeof(stand_in_t), ==, sizeof(sip_info_value_t));
}
#else
/* Nothing to compare with: test_locate.py tells whether it holds. */
static void
test_stand_in_is_the_same(void)
{
    g_test_skip("this Wireshark does not install packet-sip.h");
}
#endif

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compat/stand_in_is_the_same", test_stand_in_is_the_same);
    return g_test_run();
}
