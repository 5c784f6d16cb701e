/* fuzz_sip_uri.c
 * Two URIs, a line each: whatever they are, what the URI functions promise must hold.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "sip-uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not g_assert(), which a build may leave out, nor g_error(), whose SIGTRAP the fuzzer takes no note of. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            g_printerr("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool
is_inside(sip_slice_t slice, sip_slice_t whole)
{
    return slice.ptr == NULL ? slice.len == 0
                             : slice.ptr >= whole.ptr && slice.len <= whole.len &&
                                   (size_t)(slice.ptr - whole.ptr) <= whole.len - slice.len;
}

static bool
is_zero(const sip_uri_t *uri)
{
    static const sip_uri_t zero;

    return memcmp(uri, &zero, sizeof(zero)) == 0;
}

static bool
same_slice(sip_slice_t a, sip_slice_t b)
{
    return a.ptr == b.ptr && a.len == b.len;
}

static void
check_shape(sip_slice_t text, const sip_uri_t *uri)
{
    const sip_slice_t parts[] = {uri->scheme, uri->opaque, uri->user,   uri->password,
                                 uri->host,   uri->params, uri->headers};
    sip_uri_t again;

    REQUIRE(sip_slice_has_text(uri->whole) && is_inside(uri->whole, text));
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        REQUIRE(is_inside(parts[i], uri->whole));
    }
    REQUIRE(uri->has_port || uri->port == 0);
    REQUIRE(!uri->has_port || (uri->flags & SIP_URI_FLAG_BAD_PORT) == 0);
    REQUIRE((uri->scheme.ptr == NULL) == (uri->scheme_kind == SIP_URI_SCHEME_NONE));
    REQUIRE(uri->password.ptr == NULL || uri->user.ptr != NULL);
    if (uri->scheme_kind == SIP_URI_SCHEME_OTHER) {
        REQUIRE(uri->user.ptr == NULL && uri->host.ptr == NULL && uri->params.ptr == NULL && uri->flags == 0);
    }

    /* What was read once reads the same again. */
    REQUIRE(sip_uri_parse(uri->whole, &again));
    REQUIRE(same_slice(again.whole, uri->whole) && same_slice(again.user, uri->user));
    REQUIRE(same_slice(again.host, uri->host) && again.flags == uri->flags);
}

static void
check_display(const sip_uri_t *uri)
{
    char *shown = sip_uri_display(NULL, uri);
    const size_t len = strlen(shown);

    REQUIRE(g_utf8_validate(shown, (gssize)len, NULL));
    REQUIRE(len <= uri->whole.len * 3 + 3);
    for (size_t i = 0; i < len; i++) {
        REQUIRE(!g_ascii_iscntrl(shown[i]));
    }
    if (uri->scheme_kind != SIP_URI_SCHEME_OTHER && sip_slice_has_text(uri->password)) {
        REQUIRE(strstr(shown, ":***@") != NULL);
    }
    wmem_free(NULL, shown);
}

static void
check_kept(const sip_uri_t *uri)
{
    sip_uri_kept_t kept;

    sip_uri_keep(uri, uri->whole.ptr, &kept);
    const sip_uri_t view = sip_uri_view(&kept);
    REQUIRE(memcmp(&view, uri, sizeof(view)) == 0);
    REQUIRE(uri->whole.ptr == NULL || kept.match_key == sip_uri_match_key(uri));
}

static void
check_user_alone(sip_slice_t text, const sip_uri_t *uri)
{
    sip_uri_t front;

    REQUIRE(sip_uri_parse_user(text, &front) == (uri->whole.ptr != NULL));
    REQUIRE(same_slice(front.user, uri->user) && sip_uri_match_key(&front) == sip_uri_match_key(uri));
}

static void
check_params(const sip_uri_t *uri)
{
    static const char *const names[] = {"transport", "user", "lr", "rn", ""};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        sip_slice_t value;

        REQUIRE(sip_uri_param(uri, names[i], &value) ? is_inside(value, uri->params) : value.ptr == NULL);
        REQUIRE(sip_uri_user_param(uri, names[i], &value) ? is_inside(value, uri->whole) : value.ptr == NULL);
    }
}

/* One URI by itself; true where it could be parsed. */
static bool
check_one(sip_slice_t text, sip_uri_t *uri)
{
    const bool parsed = sip_uri_parse(text, uri);

    if (parsed) {
        check_shape(text, uri);
    } else {
        REQUIRE(is_zero(uri));
    }
    check_display(uri);
    check_params(uri);
    check_kept(uri);
    check_user_alone(text, uri);
    REQUIRE(sip_uri_compare(uri, uri) == SIP_URI_DIFF_NONE);
    REQUIRE((sip_uri_match(uri, uri, NULL) == SIP_URI_MATCH_EXACT) == parsed);
    REQUIRE(parsed || !sip_uri_is_followable(uri));
    return parsed;
}

static void
check_match(const sip_uri_t *a, const sip_uri_t *b, sip_uri_diff_t compared)
{
    sip_uri_diff_t difference = SIP_URI_DIFF_NONE;
    const sip_uri_match_t match = sip_uri_match(a, b, &difference);
    const sip_uri_match_t back = sip_uri_match(b, a, NULL);

    REQUIRE((match == SIP_URI_MATCH_EXACT) == (difference == SIP_URI_DIFF_NONE));
    REQUIRE(compared != SIP_URI_DIFF_NONE || match == SIP_URI_MATCH_EXACT);
    REQUIRE(match > SIP_URI_MATCH_LOOSE || sip_uri_place_key(a) == sip_uri_place_key(b));
    /* A target may have a method and headers that the request lacks; nothing else depends on the direction. */
    if (match != SIP_URI_MATCH_EXACT && back != SIP_URI_MATCH_EXACT) {
        REQUIRE(match == back);
    }
    if (match == SIP_URI_MATCH_EXACT && compared != SIP_URI_DIFF_NONE) {
        REQUIRE(compared == SIP_URI_DIFF_METHOD || compared == SIP_URI_DIFF_HEADERS);
    }
    if (match != SIP_URI_MATCH_NONE) {
        REQUIRE(sip_uri_match_key(a) == sip_uri_match_key(b));
        REQUIRE((a->scheme_kind == SIP_URI_SCHEME_OTHER) == (b->scheme_kind == SIP_URI_SCHEME_OTHER));
    }
}

static sip_slice_t
copy_of(const uint8_t *data, size_t size)
{
    return sip_slice_make(g_memdup2(data, size), size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t first_len = line_end ? (size_t)(line_end - data) : size;
    /* Each in a buffer of exactly its size, so that the sanitizer sees a read of one byte too many. */
    const sip_slice_t first = copy_of(data, first_len);
    const sip_slice_t second = line_end ? copy_of(line_end + 1, size - first_len - 1) : SIP_SLICE_NONE;
    sip_uri_t a, b;

    const bool parsed_a = check_one(first, &a), parsed_b = check_one(second, &b);
    if (parsed_a && parsed_b) {
        const sip_uri_diff_t forth = sip_uri_compare(&a, &b), back = sip_uri_compare(&b, &a);

        REQUIRE(forth == back);
        REQUIRE(sip_uri_diff_name(forth) != NULL);
        check_match(&a, &b, forth);
    }
    g_free((char *)first.ptr);
    g_free((char *)second.ptr);
    return 0;
}
