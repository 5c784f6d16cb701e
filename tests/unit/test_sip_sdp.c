/* test_sip_sdp.c
 * Session descriptions: which session, and where its sound goes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>

#include "sip-sdp.h"

static void
check_slice(sip_slice_t slice, const char *expected)
{
    char *text = g_strndup(slice.ptr, slice.len);

    g_assert_cmpstr(slice.ptr ? text : NULL, ==, expected);
    g_free(text);
}

/* Each body lives in a buffer of exactly its size. */
static bool
read_copy(const char *body, sip_sdp_t *sdp, char **copy)
{
    const size_t len = strlen(body);

    *copy = g_memdup2(body, MAX(len, 1));
    return sip_sdp_read(sip_slice_make(*copy, len), sdp);
}

static void
check(const char *body, const char *username, const char *session_id, const char *origin, const char *address,
      const char *port)
{
    sip_sdp_t sdp;
    char *copy;

    const bool is_read = read_copy(body, &sdp, &copy);
    g_assert_true(is_read);
    check_slice(sdp.username, username);
    check_slice(sdp.session_id, session_id);
    check_slice(sdp.origin, origin);
    check_slice(sdp.address, address);
    check_slice(sdp.port, port);
    g_free(copy);
}

static void
check_none(const char *body)
{
    sip_sdp_t sdp;
    char *copy;

    const bool is_read = read_copy(body, &sdp, &copy);
    g_assert_false(is_read);
    g_free(copy);
}

/* RFC 8866 5: the example of that section, shortened. */
static void
test_usual(void)
{
    check("v=0\r\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\ns=Call to John Smith\r\n"
          "c=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\nm=video 51372 RTP/AVP 99\r\n",
          "jdoe", "3724394400", "198.51.100.1", "198.51.100.7", "49170");
}

static void
test_line_ends(void)
{
    check("v=0\no=- 1 2 IN IP6 2001:db8::1\nc=IN IP6 2001:db8::2\nm=audio 4000 RTP/AVP 0", "-", "1", "2001:db8::1",
          "2001:db8::2", "4000");
}

/* RFC 8866 5.7: a c= line of the media counts for it; those of later media do not. */
static void
test_media_connection(void)
{
    check("v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.3\r\n"
          "m=video 5000 RTP/AVP 99\r\nc=IN IP4 192.0.2.4\r\n",
          "-", "1", "192.0.2.1", "192.0.2.3", "4000");
}

/* RFC 8866 5.7, 5.14: a TTL, a number of addresses, a number of ports. */
static void
test_slashes(void)
{
    check("v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\nc=IN IP4 233.252.0.1/127/3\r\nm=audio 4000/2 RTP/AVP 0\r\n", "-", "1",
          "192.0.2.1", "233.252.0.1", "4000");
}

static void
test_one_part_of_several(void)
{
    check("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=x 7 8 IN IP4 192.0.2.1\r\nm=audio 9 RTP/AVP 0\r\n"
          "--b\r\nc=IN IP4 192.0.2.9\r\n",
          "x", "7", "192.0.2.1", NULL, "9");
}

static void
test_none(void)
{
    check_none("");
    check_none("\r\n");
    check_none("o=- 1 2 IN IP4 192.0.2.1\r\n");                     /* no description begins there */
    check_none("v=0\r\ns=-\r\no=- 1 2 IN IP4 192.0.2.1\r\n");       /* it is the second line, or none (5) */
    check_none("v=0\r\no=- 1 2 IN IP4\r\nm=audio 9 RTP/AVP 0\r\n"); /* no address */
    check_none("v=0\r\no=\r\n");
    check_none("v=0");
    check_none("v=0\r\no");
}

/* Cut off wherever: read what is there, never beyond. */
static void
test_cut(void)
{
    const char *body = "v=0\r\no=jdoe 1 2 IN IP4 198.51.100.1\r\nc=IN IP4 198.51.100.7/1\r\nm=audio 49170/2 RTP/AVP 0";
    sip_sdp_t sdp;

    for (size_t len = 0; len <= strlen(body); len++) {
        char *copy = g_memdup2(body, MAX(len, 1));
        if (sip_sdp_read(sip_slice_make(copy, len), &sdp)) {
            g_assert_cmpuint(len, >=, strlen("v=0\r\no=jdoe 1 2 IN IP4 1"));
        }
        g_free(copy);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sip-sdp/usual", test_usual);
    g_test_add_func("/sip-sdp/line-ends", test_line_ends);
    g_test_add_func("/sip-sdp/media-connection", test_media_connection);
    g_test_add_func("/sip-sdp/slashes", test_slashes);
    g_test_add_func("/sip-sdp/one-part-of-several", test_one_part_of_several);
    g_test_add_func("/sip-sdp/none", test_none);
    g_test_add_func("/sip-sdp/cut", test_cut);
    return g_test_run();
}
