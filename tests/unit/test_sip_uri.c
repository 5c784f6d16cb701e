/* test_sip_uri.c
 * URIs: taken apart, compared both ways round, and shown. One row is one case, and names the rule that it stands for.
 *
 * Every input lies in a heap buffer of exactly its size, so that a sanitizer sees a read of one byte too many.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <locale.h>

#include "sip-host.h"
#include "sip-uri.h"

/* A URI together with the exactly sized copy of the text that it borrows. */
typedef struct {
    char *copy;
    sip_uri_t uri;
    bool parsed;
} sample_t;

static sample_t
sample_of_bytes(const char *text, size_t len)
{
    sample_t sample = {.copy = g_memdup2(text, len)};

    sample.parsed = sip_uri_parse(sip_slice_make(sample.copy, len), &sample.uri);
    return sample;
}

static sample_t
sample_of(const char *text)
{
    return sample_of_bytes(text, strlen(text));
}

static void
sample_free(sample_t *sample)
{
    g_free(sample->copy);
}

/* For messages: "-" is an absent slice, a present one stands in quotes. */
static char *
slice_text(sip_slice_t slice)
{
    return slice.ptr == NULL ? g_strdup("-") : g_strdup_printf("\"%.*s\"", (int)slice.len, slice.ptr);
}

/* Adds "/sip-uri/<group>/<number>-<rule>", so that a failure names its row and the rest still runs. */
static void
add_row(const char *group, size_t number, const char *rule, const void *row, GTestDataFunc function)
{
    char *path = g_strdup_printf("/sip-uri/%s/%03u-%s", group, (unsigned)number, rule);

    g_test_add_data_func(path, row, function);
    g_free(path);
}

#define ADD_ROWS(group, table, function)                                                                               \
    for (size_t row = 0; row < G_N_ELEMENTS(table); row++) {                                                           \
        add_row((group), row, (table)[row].rule, &(table)[row], (function));                                           \
    }

/* ---- Taking apart ---------------------------------------------------------------------------------------------- */

typedef struct {
    const char *rule;
    const char *text;
    sip_uri_scheme_t kind;
    const char *user, *password, *host; /* NULL: absent */
    int port;                           /* -1: none */
    const char *params, *headers;
    unsigned flags;
} parse_row_t;

#define SIP SIP_URI_SCHEME_SIP
#define SIPS SIP_URI_SCHEME_SIPS
#define TEL SIP_URI_SCHEME_TEL
#define OTHER SIP_URI_SCHEME_OTHER
#define NO_SCHEME SIP_URI_SCHEME_NONE
#define F_NO_SCHEME SIP_URI_FLAG_NO_SCHEME
#define F_PORT SIP_URI_FLAG_BAD_PORT
#define F_HOST SIP_URI_FLAG_BAD_HOST
#define F_EMPTY SIP_URI_FLAG_EMPTY_USER

static const parse_row_t parse_rows[] = {
    /* RFC 3261 19.1.3: the examples */
    {"RFC3261-19.1.3", "sip:alice@atlanta.com", SIP, "alice", NULL, "atlanta.com", -1, NULL, NULL, 0},
    {"RFC3261-19.1.3", "sip:alice:secretword@atlanta.com;transport=tcp", SIP, "alice", "secretword", "atlanta.com", -1,
     "transport=tcp", NULL, 0},
    {"RFC3261-19.1.3", "sips:alice@atlanta.com?subject=project%20x&priority=urgent", SIPS, "alice", NULL, "atlanta.com",
     -1, NULL, "subject=project%20x&priority=urgent", 0},
    {"RFC3261-19.1.3", "sip:+1-212-555-1212:1234@gateway.com;user=phone", SIP, "+1-212-555-1212", "1234", "gateway.com",
     -1, "user=phone", NULL, 0},
    {"RFC3261-19.1.3", "sips:1212@gateway.com", SIPS, "1212", NULL, "gateway.com", -1, NULL, NULL, 0},
    {"RFC3261-19.1.3", "sip:alice@192.0.2.4", SIP, "alice", NULL, "192.0.2.4", -1, NULL, NULL, 0},
    {"RFC3261-19.1.3", "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", SIP, NULL, NULL, "atlanta.com", -1,
     "method=REGISTER", "to=alice%40atlanta.com", 0},
    {"RFC3261-19.1.3", "sip:alice;day=tuesday@atlanta.com", SIP, "alice;day=tuesday", NULL, "atlanta.com", -1, NULL,
     NULL, 0},
    /* Schemes */
    {"D-01", "SIP:Bob@EXAMPLE.com;Transport=TCP", SIP, "Bob", NULL, "EXAMPLE.com", -1, "Transport=TCP", NULL, 0},
    {"D-01", "sIpS:b@h", SIPS, "b", NULL, "h", -1, NULL, NULL, 0},
    {"D-21", "Voicemail@isp.example", NO_SCHEME, "Voicemail", NULL, "isp.example", -1, NULL, NULL, F_NO_SCHEME},
    {"D-21", "bob@isp.example:5070", NO_SCHEME, "bob", NULL, "isp.example", 5070, NULL, NULL, F_NO_SCHEME},
    {"D-21", "isp.example:5070;lr", NO_SCHEME, NULL, NULL, "isp.example", 5070, "lr", NULL, F_NO_SCHEME},
    {"D-21", "192.0.2.1:5060", NO_SCHEME, NULL, NULL, "192.0.2.1", 5060, NULL, NULL, F_NO_SCHEME},
    {"D-21", "[2001:db8::1]:5060", NO_SCHEME, NULL, NULL, "2001:db8::1", 5060, NULL, NULL, F_NO_SCHEME},
    {"D-21", "isp.example:65535", NO_SCHEME, NULL, NULL, "isp.example", 65535, NULL, NULL, F_NO_SCHEME},
    {"D-21", "isp.example:65536", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", ":5060", NO_SCHEME, NULL, NULL, "", 5060, NULL, NULL, F_NO_SCHEME | F_HOST},
    {"D-21", "mailto:bob@example.com?subject=hi", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", "http://h.example/a,b", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", "urn:service:sos", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", "x-vendor.app:call", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", "x+y-z:1", OTHER, NULL, NULL, NULL, -1, NULL, NULL, 0},
    {"D-21", "x_y:1", NO_SCHEME, NULL, NULL, "x_y", 1, NULL, NULL, F_NO_SCHEME},
    {"D-21", "1abc:def", NO_SCHEME, NULL, NULL, "1abc", -1, NULL, NULL, F_NO_SCHEME | F_PORT},
    {"D-20", "*", NO_SCHEME, NULL, NULL, "*", -1, NULL, NULL, F_NO_SCHEME | F_HOST},
    {"RFC3966-3", "tel:+1-212-555-1212", TEL, "+1-212-555-1212", NULL, NULL, -1, NULL, NULL, 0},
    {"RFC3966-3", "TEL:863-1234;phone-context=+1-914-555", TEL, "863-1234", NULL, NULL, -1, "phone-context=+1-914-555",
     NULL, 0},
    {"RFC3966-3", "tel:*97#;phone-context=h.example", TEL, "*97#", NULL, NULL, -1, "phone-context=h.example", NULL, 0},
    {"RFC3966-3", "tel:911", TEL, "911", NULL, NULL, -1, NULL, NULL, 0},
    {"RFC3966-3", "tel:", TEL, "", NULL, NULL, -1, NULL, NULL, F_EMPTY},
    {"RFC3966-3", "tel:voicemail", TEL, "voicemail", NULL, NULL, -1, NULL, NULL, 0},
    {"RFC3966-3", "tel:;ext=1", TEL, "", NULL, NULL, -1, "ext=1", NULL, F_EMPTY},
    /* Users */
    {"D-09", "sip:+358-555-1234567;postd=pp22@foo.com;user=phone", SIP, "+358-555-1234567;postd=pp22", NULL, "foo.com",
     -1, "user=phone", NULL, 0},
    {"D-09", "sip:a?b/c=d@h;x", SIP, "a?b/c=d", NULL, "h", -1, "x", NULL, 0},
    {"D-09", "sip:a@b@h", SIP, "a@b", NULL, "h", -1, NULL, NULL, 0},
    {"D-09", "sip:a@h;x=b@c", SIP, "a", NULL, "h", -1, "x=b@c", NULL, 0},
    {"D-09", "sip:a@h?to=b@c", SIP, "a", NULL, "h", -1, NULL, "to=b@c", 0},
    {"D-09", "sip:a@b;c@d@e", SIP, "a", NULL, "b", -1, "c@d@e", NULL, 0},
    {"D-09", "sip:sips%3Auser%40example.com@example.net", SIP, "sips%3Auser%40example.com", NULL, "example.net", -1,
     NULL, NULL, 0},
    {"D-09", "sip:us er@h", SIP, "us er", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:100%@h", SIP, "100%", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:a%4@h", SIP, "a%4", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:a%4g@h", SIP, "a%4g", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:a%4G%aF@h", SIP, "a%4G%aF", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:a%00@h", SIP, "a%00", NULL, "h", -1, NULL, NULL, 0},
    {"D-07", "sip:%61%20b@h", SIP, "%61%20b", NULL, "h", -1, NULL, NULL, 0},
    {"D-08", "sip:@h", SIP, "", NULL, "h", -1, NULL, NULL, F_EMPTY},
    {"D-08", "sip:@", SIP, "", NULL, "", -1, NULL, NULL, F_EMPTY | F_HOST},
    {"D-08", "sip::pw@h", SIP, "", "pw", "h", -1, NULL, NULL, F_EMPTY},
    {"D-56", "sip:a:@h", SIP, "a", "", "h", -1, NULL, NULL, 0},
    {"D-56", "sip:a:b:c@h", SIP, "a", "b:c", "h", -1, NULL, NULL, 0},
    {"D-56", "sip:a:b@c@h", SIP, "a", "b@c", "h", -1, NULL, NULL, 0},
    {"D-57", "sip:z.com", SIP, NULL, NULL, "z.com", -1, NULL, NULL, 0},
    {"D-48", "sip:+15551234;rn=+15550000;npdi@gw;user=phone", SIP, "+15551234;rn=+15550000;npdi", NULL, "gw", -1,
     "user=phone", NULL, 0},
    /* Hosts */
    {"D-22", "sip:c@[2001:db8::9:1]:5062;lr", SIP, "c", NULL, "2001:db8::9:1", 5062, "lr", NULL, 0},
    {"D-22", "sip:[::ffff:192.0.2.1]", SIP, NULL, NULL, "::ffff:192.0.2.1", -1, NULL, NULL, 0},
    {"D-22", "sip:[::ffff:192.00.02.001]", SIP, NULL, NULL, "::ffff:192.00.02.001", -1, NULL, NULL, 0},
    {"D-22", "sip:[::ffff:192.0.2.256]", SIP, NULL, NULL, "::ffff:192.0.2.256", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[fe80::1%25eth0]", SIP, "c", NULL, "fe80::1%25eth0", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]", SIP, "c", NULL,
     "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", -1, NULL, NULL, 0},
    {"D-22", "sip:c@[", SIP, "c", NULL, "", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[2001:db8::1", SIP, "c", NULL, "2001:db8::1", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[2001:db8::1;x=]", SIP, "c", NULL, "2001:db8::1", -1, "x=]", NULL, F_HOST},
    {"D-22", "sip:c@[::1]x:5060;y", SIP, "c", NULL, "::1", 5060, "y", NULL, F_HOST},
    {"D-22", "sip:c@[]", SIP, "c", NULL, "", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[192.0.2.1]", SIP, "c", NULL, "192.0.2.1", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[1:2:3:4:5:6:7:8:9]", SIP, "c", NULL, "1:2:3:4:5:6:7:8:9", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@[00000000000000000000000000000000000000000000::1]", SIP, "c", NULL,
     "00000000000000000000000000000000000000000000::1", -1, NULL, NULL, F_HOST},
    {"D-22", "sip:c@2001:db8::1;x", SIP, "c", NULL, "2001:db8::1", -1, "x", NULL, F_HOST},
    {"RFC3261-25.1", "sip:c@a_b-c.example.", SIP, "c", NULL, "a_b-c.example.", -1, NULL, NULL, 0},
    {"RFC3261-25.1", "sip:c@b%61d", SIP, "c", NULL, "b%61d", -1, NULL, NULL, F_HOST},
    {"RFC3261-25.1", "sip:c@", SIP, "c", NULL, "", -1, NULL, NULL, F_HOST},
    {"RFC3261-25.1", "sip:", SIP, NULL, NULL, "", -1, NULL, NULL, F_HOST},
    {"RFC3261-25.1", "sip:;x?y", SIP, NULL, NULL, "", -1, "x", "y", F_HOST},
    {"RFC3261-25.1", "sip:a@h h", SIP, "a", NULL, "h h", -1, NULL, NULL, F_HOST},
    {"RFC3261-25.1", "sip:a@\xc3\xa4.example", SIP, "a", NULL, "\xc3\xa4.example", -1, NULL, NULL, F_HOST},
    /* Ports */
    {"RFC3261-25.1", "sip:a@h:0", SIP, "a", NULL, "h", 0, NULL, NULL, 0},
    {"RFC3261-25.1", "sip:a@h:65535", SIP, "a", NULL, "h", 65535, NULL, NULL, 0},
    {"RFC3261-25.1", "sip:a@h:65536", SIP, "a", NULL, "h", -1, NULL, NULL, F_PORT},
    {"RFC3261-25.1", "sip:a@h:", SIP, "a", NULL, "h", -1, NULL, NULL, F_PORT},
    {"RFC3261-25.1", "sip:a@h:;x", SIP, "a", NULL, "h", -1, "x", NULL, F_PORT},
    {"RFC3261-25.1", "sip:a@h:50x0?y=z", SIP, "a", NULL, "h", -1, NULL, "y=z", F_PORT},
    {"RFC3261-25.1", "sip:a@h:-1", SIP, "a", NULL, "h", -1, NULL, NULL, F_PORT},
    {"RFC3261-25.1", "sip:a@h:4294972356", SIP, "a", NULL, "h", -1, NULL, NULL, F_PORT},
    /* Parameters, headers and what stands around */
    {"RFC3261-19.1.1", "sip:a@h;", SIP, "a", NULL, "h", -1, "", NULL, 0},
    {"RFC3261-19.1.1", "sip:a@h?", SIP, "a", NULL, "h", -1, NULL, "", 0},
    {"RFC3261-19.1.1", "sip:a@h;x=1;y?z?;w", SIP, "a", NULL, "h", -1, "x=1;y", "z?;w", 0},
    {"D-17", "sip:u@h?Route=%3Csip:p.example%3E", SIP, "u", NULL, "h", -1, NULL, "Route=%3Csip:p.example%3E", 0},
    {"D-12", " \t\r\n sip:a@h \r\n ", SIP, "a", NULL, "h", -1, NULL, NULL, 0},
};

static char *
parsed_text(const sip_uri_t *uri)
{
    char *user = slice_text(uri->user), *password = slice_text(uri->password), *host = slice_text(uri->host);
    char *params = slice_text(uri->params), *headers = slice_text(uri->headers);
    char *text = g_strdup_printf("kind %d user %s password %s host %s port %d params %s headers %s flags %#x",
                                 (int)uri->scheme_kind, user, password, host, uri->has_port ? uri->port : -1, params,
                                 headers, uri->flags);

    g_free(user);
    g_free(password);
    g_free(host);
    g_free(params);
    g_free(headers);
    return text;
}

static void
test_parse_row(const void *data)
{
    const parse_row_t *row = data;
    sample_t sample = sample_of(row->text);
    const sip_uri_t wanted = {
        .scheme_kind = row->kind,
        .user = sip_slice_from_string(row->user),
        .password = sip_slice_from_string(row->password),
        .host = sip_slice_from_string(row->host),
        .has_port = row->port >= 0,
        .port = (uint16_t)MAX(row->port, 0),
        .params = sip_slice_from_string(row->params),
        .headers = sip_slice_from_string(row->headers),
        .flags = row->flags,
    };
    char *found_text = parsed_text(&sample.uri), *wanted_text = parsed_text(&wanted);

    g_test_message("%s", row->text);
    g_assert_true(sample.parsed);
    g_assert_cmpstr(found_text, ==, wanted_text);
    g_free(found_text);
    g_free(wanted_text);
    sample_free(&sample);
}

static void
test_parse_whole_and_opaque(void)
{
    sample_t sample = sample_of("  mailto:bob@example.com?subject=hi\t");

    g_assert_true(sample.parsed);
    g_assert_true(sip_slice_equal(sample.uri.whole, SIP_SLICE_LITERAL("mailto:bob@example.com?subject=hi")));
    g_assert_true(sip_slice_equal(sample.uri.scheme, SIP_SLICE_LITERAL("mailto")));
    g_assert_true(sip_slice_equal(sample.uri.opaque, SIP_SLICE_LITERAL("bob@example.com?subject=hi")));
    sample_free(&sample);

    sample = sample_of("bob@example.com");
    g_assert_null(sample.uri.scheme.ptr);
    g_assert_true(sip_slice_equal(sample.uri.opaque, SIP_SLICE_LITERAL("bob@example.com")));
    sample_free(&sample);
}

static void
test_parse_brackets(void)
{
    static const struct {
        const char *text;
        bool is_ipv6;
    } rows[] = {
        {"sip:a@[::1]", true},
        {"sip:a@[::1", false},
        {"sip:a@::1", false},
        {"sip:a@192.0.2.1", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sample_t sample = sample_of(rows[i].text);

        g_test_message("%s", rows[i].text);
        g_assert_cmpint(sample.uri.host_is_ipv6, ==, rows[i].is_ipv6);
        sample_free(&sample);
    }
}

static void
test_parse_refused(void)
{
    static const char *const texts[] = {"", " ", "\t \r\n", "sip:a@h\r\n ;x", "sip:a\n@h", "sip:a\rb@h"};
    static const sip_uri_t zero;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        sample_t sample = sample_of(texts[i]);

        g_test_message("text %u", (unsigned)i);
        g_assert_false(sample.parsed);
        g_assert_cmpmem(&sample.uri, sizeof(sample.uri), &zero, sizeof(zero));
        sample_free(&sample);
    }

    sip_uri_t uri;
    g_assert_false(sip_uri_parse(SIP_SLICE_NONE, &uri));
    g_assert_cmpmem(&uri, sizeof(uri), &zero, sizeof(zero));
}

/* Each beginning of a URI with everything in it: nothing reads on after the end. */
static void
test_parse_every_prefix(void)
{
    static const char *const texts[] = {
        "sips:+1%2D55;npdi:pa%20ss@[2001:db8::192.0.2.1]:5061;transport=tls;maddr=[::1];lr?Subject=%22a%22&Call-ID=b",
        "tel:+1-(212).555%2D12;phone-context=+1;ext=1-2",
        "http://user:pass@host.example:80/path",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        sample_t all = sample_of(texts[i]);

        for (size_t len = 1; len <= strlen(texts[i]); len++) {
            sample_t part = sample_of_bytes(texts[i], len);
            char *display = sip_uri_display(NULL, &part.uri);
            sip_slice_t value;

            g_assert_true(part.parsed);
            g_assert_cmpint(sip_uri_compare(&part.uri, &part.uri), ==, SIP_URI_DIFF_NONE);
            g_assert_cmpint(sip_uri_compare(&part.uri, &all.uri) == SIP_URI_DIFF_NONE, ==,
                            sip_uri_compare(&all.uri, &part.uri) == SIP_URI_DIFF_NONE);
            (void)sip_uri_match(&part.uri, &all.uri, NULL);
            (void)sip_uri_match(&all.uri, &part.uri, NULL);
            (void)sip_uri_param(&part.uri, "lr", &value);
            (void)sip_uri_user_param(&part.uri, "npdi", &value);
            (void)sip_uri_match_key(&part.uri);
            (void)sip_uri_is_followable(&part.uri);
            wmem_free(NULL, display);
            sample_free(&part);
        }
        sample_free(&all);
    }
}

/* ---- Comparing ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *rule;
    const char *a, *b;
    sip_uri_diff_t diff;
    sip_uri_match_t match;
} compare_row_t;

#define EQUAL SIP_URI_DIFF_NONE, SIP_URI_MATCH_EXACT
#define DIFF(component, match) SIP_URI_DIFF_##component, SIP_URI_MATCH_##match

static const compare_row_t compare_rows[] = {
    /* RFC 3261 19.1.4: its examples of URIs that are equivalent */
    {"RFC3261-19.1.4", "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp", EQUAL},
    {"RFC3261-19.1.4", "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", EQUAL},
    {"RFC3261-19.1.4", "sip:carol@chicago.com", "sip:carol@chicago.com;security=on", EQUAL},
    {"RFC3261-19.1.4", "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", EQUAL},
    {"RFC3261-19.1.4", "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
     "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", EQUAL},
    {"RFC3261-19.1.4", "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
     "sip:alice@atlanta.com?priority=urgent&subject=project%20x", EQUAL},
    /* ... and of URIs that are not */
    {"RFC3261-19.1.4", "SIP:ALICE@AtlanTa.CoM;Transport=udp", "sip:alice@AtlanTa.CoM;Transport=UDP", DIFF(USER, NONE)},
    {"RFC3261-19.1.4", "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", DIFF(PORT, LOOSE)},
    {"RFC3261-19.1.4", "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", DIFF(TRANSPORT, LOOSE)},
    {"RFC3261-19.1.4", "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", DIFF(PORT, USER)},
    {"RFC3261-19.1.4", "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", DIFF(HOST, USER)},
    {"RFC3261-19.1.4", "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off",
     DIFF(OTHER_PARAM, LOOSE)},
    /* D-01: case */
    {"D-01", "SIP:Bob@EXAMPLE.com;Transport=TCP", "sip:Bob@example.com;transport=tcp", EQUAL},
    {"D-01", "sip:bob@example.com", "sip:Bob@example.com", DIFF(USER, NONE)},
    {"D-01", "sip:b@h;X=Abc", "sip:b@h;x=aBC", EQUAL},
    {"D-01", "sip:a:PW@h", "sip:a:pw@h", DIFF(PASSWORD, LOOSE)},
    /* D-02: ports */
    {"D-02", "sip:b@h", "sip:b@h:5060", DIFF(PORT, LOOSE)},
    {"D-02", "sip:b@h:5060", "sip:b@h:05060", EQUAL},
    {"D-02", "sip:b@h:5070", "sip:b@h:5080", DIFF(PORT, USER)},
    {"D-02", "sip:b@h", "sip:b@h:5061", DIFF(PORT, USER)},
    {"D-02", "sip:b@h", "sip:b@h:0", DIFF(PORT, USER)},
    {"D-02", "sips:b@h", "sips:b@h:5061", DIFF(PORT, LOOSE)},
    {"D-02", "sips:b@h", "sips:b@h:5060", DIFF(PORT, USER)},
    {"D-02", "sip:b@h;transport=tls", "sip:b@h:5061;transport=TLS", DIFF(PORT, LOOSE)},
    {"D-02", "sip:b@h;transport=ws", "sip:b@h:80;transport=ws", DIFF(PORT, LOOSE)},
    {"D-02", "sip:b@h;transport=wss", "sip:b@h:443;transport=wss", DIFF(PORT, LOOSE)},
    {"D-02", "sip:b@h;transport=wss", "sip:b@h:5060;transport=wss", DIFF(PORT, USER)},
    {"D-02", "sip:b@h:", "sip:b@h", DIFF(PORT, USER)},
    {"D-02", "sip:b@h:xx", "sip:b@h:yy", DIFF(PORT, USER)},
    {"D-02", "SIP:b@h:xx", "sip:b@h:xx", DIFF(PORT, USER)},
    {"D-02", "sip:b@h:xx", "sip:b@h:xx", EQUAL},
    {"D-02", "sip:h", "sip:h:5060", DIFF(PORT, LOOSE)},
    {"D-02", "sip:h:5070", "sip:h:5080", DIFF(PORT, NONE)},
    /* D-03: transport */
    {"D-03", "sip:b@h;transport=udp", "sip:b@h", DIFF(TRANSPORT, LOOSE)},
    {"D-03", "sip:b@h;transport=udp", "sip:b@h;transport=tcp", DIFF(TRANSPORT, LOOSE)},
    {"D-03", "sip:b@h;transport=%75dp", "sip:b@h;%74ransport=UDP", EQUAL},
    {"D-03", "sip:b@h:5061;transport=tls", "sip:b@h", DIFF(PORT, LOOSE)},
    {"RFC3665-3.6", "sip:bob@client.biloxi.example.com;transport=tcp", "sip:bob@client.biloxi.example.com",
     DIFF(TRANSPORT, LOOSE)},
    /* D-04: other parameters */
    {"D-04", "sip:b@h;line=abc", "sip:b@h", EQUAL},
    {"D-04", "sip:b@h;line=abc", "sip:b@h;line=abd", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;line=abc;ob", "sip:b@h;lr;line=%61bc", EQUAL},
    {"D-04", "sip:b@h;lr", "sip:b@h;lr=on", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;x=1;x=2", "sip:b@h;x=1", EQUAL},
    {"D-04", "sip:b@h;x=1;x=2", "sip:b@h;x=2;x=1", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;x=1;x=2", "sip:b@h;x=1;x=3", EQUAL},
    {"D-04", "sip:b@h;x", "sip:b@h;x=1", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;a=1;b=2", "sip:b@h;b=3", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;x;y=z", "sip:b@h;y=w", DIFF(OTHER_PARAM, LOOSE)},
    {"D-01", "sip:b@h;z=AZaz", "sip:b@h;z=azAZ", EQUAL},
    {"D-01", "sip:b@h;x=@", "sip:b@h;x=`", DIFF(OTHER_PARAM, LOOSE)},
    {"D-01", "sip:b@h;x=[", "sip:b@h;x={", DIFF(OTHER_PARAM, LOOSE)},
    {"D-04", "sip:b@h;;x=1;", "sip:b@h;x=1", EQUAL},
    {"D-04", "sip:b@h; x = 1", "sip:b@h;x=1", EQUAL},
    {"D-04", "sip:b@h;", "sip:b@h", EQUAL},
    {"D-04", "sip:b@h;a=1;b=2;c=3", "sip:b@h;c=3;a=1;b=9", DIFF(OTHER_PARAM, LOOSE)},
    /* D-05: on one side only is never equal, even with the default value */
    {"D-05", "sip:+15551234@gw;user=phone", "sip:+15551234@gw", DIFF(USER_PARAM, LOOSE)},
    {"D-05", "sip:b@h;user=ip", "sip:b@h", DIFF(USER_PARAM, LOOSE)},
    {"D-05", "sip:b@h;ttl=1", "sip:b@h", DIFF(TTL, LOOSE)},
    {"D-05", "sip:b@h;ttl=1", "sip:b@h;ttl=2", DIFF(TTL, LOOSE)},
    {"D-05", "sip:b@h;maddr=192.0.2.1", "sip:b@h", DIFF(MADDR, LOOSE)},
    {"D-05", "sip:b@h;maddr=192.0.2.1", "sip:b@h;maddr=192.0.2.2", DIFF(MADDR, LOOSE)},
    {"D-05", "sip:b@h;maddr=[2001:db8::1]", "sip:b@h;maddr=[2001:DB8:0::1]", EQUAL},
    {"D-05", "sip:b@h;maddr=GW.example", "sip:b@h;MADDR=gw.EXAMPLE", EQUAL},
    {"D-05", "sip:b@h;MADDR=[::1]", "sip:b@h;maddr=[0::1]", EQUAL},
    {"D-05", "sip:b@h;maddr=192.0.2.01", "sip:b@h;maddr=192.0.2.1", EQUAL},
    {"D-05", "sip:b@h;maddr=[::1", "sip:b@h;maddr=[0::1", DIFF(MADDR, LOOSE)},
    {"D-05", "sip:b@h;method=A%2BB", "sip:b@h;method=A+B", DIFF(METHOD, LOOSE)},
    {"D-05", "sip:b@h;method=INVITE", "sip:b@h;method=BYE", DIFF(METHOD, LOOSE)},
    {"D-05", "sip:b@h;method=INVITE", "sip:b@h;method=invite", DIFF(METHOD, LOOSE)},
    /* D-06: headers on both sides */
    {"D-06", "sip:b@h?a=1&b=2", "sip:b@h?B=2&A=1", EQUAL},
    {"D-06", "sip:b@h?a=1&a=2", "sip:b@h?a=2&a=1", DIFF(HEADERS, LOOSE)},
    {"D-06", "sip:b@h?a=1&a=2", "sip:b@h?a=1&a=3", DIFF(HEADERS, LOOSE)},
    {"D-06", "sip:b@h?a=1&a=2", "sip:b@h?a=1", DIFF(HEADERS, LOOSE)},
    {"D-06", "sip:b@h?a=1&a=2", "sip:b@h?a=1&b=2", DIFF(HEADERS, LOOSE)},
    {"D-06", "sip:b@h?a=1", "sip:b@h?a=2", DIFF(HEADERS, LOOSE)},
    {"D-06", "sip:b@h?", "sip:b@h", EQUAL},
    {"RFC3261-20.8", "sip:b@h?Call-ID=Abc", "sip:b@h?call-id=abc", DIFF(HEADERS, LOOSE)},
    {"RFC3261-20.8", "sip:b@h?CALL-ID=Abc", "sip:b@h?CALL-ID=abc", DIFF(HEADERS, LOOSE)},
    {"RFC3261-7.3.1", "sip:b@h?Subject=Abc", "sip:b@h?subject=abC", EQUAL},
    {"RFC3261-7.3.1", "sip:b@h?X=%22Abc%22", "sip:b@h?X=%22abc%22", DIFF(HEADERS, LOOSE)},
    {"RFC3261-7.3.1", "sip:b@h?body=A", "sip:b@h?body=a", DIFF(HEADERS, LOOSE)},
    /* D-07: escapes */
    {"D-07", "sip:%61lice@h", "sip:alice@h", EQUAL},
    {"D-07", "sip:a%3bb@h", "sip:a;b@h", DIFF(USER, NONE)},
    {"D-07", "sip:a%3bb@h", "sip:a%3Bb@h", EQUAL},
    {"D-07", "sip:a%2Bb@h", "sip:a+b@h", DIFF(USER, LOOSE)},
    {"D-07", "sip:a%25%34%31@h", "sip:aA@h", DIFF(USER, NONE)},
    {"D-07", "sip:a%25%34%31@h", "sip:a%2541@h", EQUAL},
    {"D-07", "sip:a%41@h", "sip:aA@h", EQUAL},
    {"D-07", "sip:a%@h", "sip:a%25@h", EQUAL},
    {"D-07", "sip:a%4@h", "sip:a%254@h", EQUAL},
    {"D-07", "sip:a%00@h", "sip:a@h", DIFF(USER, NONE)},
    {"D-07", "sip:a%00@h", "sip:a%25@h", DIFF(USER, NONE)},
    {"D-07", "sip:a%0a@h", "sip:a%0A@h", EQUAL},
    {"D-07", "sip:a%f0@h", "sip:a%F0@h", EQUAL},
    {"D-07", "sip:%E4@h", "sip:\xe4@h", EQUAL},
    {"D-07", "sip:b@h;x=%3b", "sip:b@h;x=%3B", EQUAL},
    {"D-07", "sip:b@h;x=a%2Fb", "sip:b@h;x=a/b", DIFF(OTHER_PARAM, LOOSE)},
    {"D-07", "sip:b@%68", "sip:b@h", DIFF(HOST, USER)},
    /* D-08, D-57: no user */
    {"D-08", "sip:h", "sip:b@h", DIFF(USER, NONE)},
    {"D-08", "sip:h", "sip:@h", DIFF(USER, LOOSE)},
    {"D-08", "sip:@h", "sip:@g", DIFF(HOST, NONE)},
    {"D-57", "sip:z.com", "sip:Z.COM", EQUAL},
    {"D-57", "sip:z.com", "sip:y.com", DIFF(HOST, NONE)},
    {"D-57", "sip:z.com", "sip:bob@z.com;lr", DIFF(USER, NONE)},
    {"D-57", "sip:z.com;lr", "sip:z.com;transport=tcp", DIFF(TRANSPORT, LOOSE)},
    /* D-09 */
    {"D-09", "sip:+358-555-1234567;postd=pp22@foo.com;user=phone", "sip:+358-555-1234567;postd=pp22@FOO.com;user=phone",
     EQUAL},
    {"D-09", "sip:+358-555-1234567;postd=pp22@foo.com;user=phone", "sip:+358-555-1234567;POSTD=pp22@foo.com;user=phone",
     DIFF(USER, LOOSE)},
    {"RFC3261-19.1.6", "sip:+358-555-1234567;isub=1411;postd=pp22@foo.com;user=phone",
     "sip:+358-555-1234567;postd=pp22;isub=1411@foo.com;user=phone", DIFF(USER, LOOSE)},
    /* D-10: telephone numbers */
    {"D-10", "tel:+1-212-555-1212", "sip:+12125551212@gw;user=phone", DIFF(SCHEME, NUMBER)},
    {"D-10", "tel:+1-212-555-1212", "sip:12125551212@gw", DIFF(SCHEME, NUMBER)},
    {"D-10", "tel:+12125551212", "sip:+12125551213@gw", DIFF(SCHEME, NONE)},
    {"D-10", "tel:+12125551212", "sip:2125551212@gw", DIFF(SCHEME, NONE)},
    {"D-10", "tel:+12125551212", "sip:+1212555121@gw", DIFF(SCHEME, NONE)},
    {"D-10", "sip:+12125551212@a", "sip:+1-(212)-555.1212@b", DIFF(USER, NUMBER)},
    {"D-10", "sip:+12125551212@a", "sip:12125551212@b", DIFF(USER, NONE)},
    {"D-10", "sip:+12125551212@a;user=phone", "sip:12125551212@b", DIFF(USER, NUMBER)},
    {"D-10", "sip:+12125551212@a;user=ip", "sip:12125551212@b", DIFF(USER, NONE)},
    {"D-10", "sip:%2B12125551212@a", "sip:+12125551212@b", DIFF(USER, NUMBER)},
    {"D-10", "sip:+12125551212;npdi@a", "tel:+12125551212;npdi", DIFF(SCHEME, NUMBER)},
    {"D-10", "sip:12@a", "sip:12@b", DIFF(HOST, USER)},
    {"D-10", "sip:1-2@a", "sip:12@b", DIFF(USER, NONE)},
    {"D-10", "sip:123@a", "sip:123@b", DIFF(HOST, NUMBER)},
    {"D-10", "sip:1-23@a", "sip:123@a", DIFF(USER, NUMBER)},
    {"D-10", "sip:1x23@a", "sip:1x23@b", DIFF(HOST, USER)},
    {"D-10", "sip:1x-23@a", "sip:1x23@b", DIFF(USER, NONE)},
    {"D-10", "sip:12+3@a;user=phone", "sip:123@b", DIFF(USER, NONE)},
    {"D-10", "sip:*97@a", "sip:*97@b", DIFF(HOST, USER)},
    {"D-10", "sip:*9-76%23@a", "sip:*976%23@b", DIFF(USER, NUMBER)},
    {"D-10", "tel:*976#;phone-context=a.example", "sip:*976%23@a.example", DIFF(SCHEME, NUMBER)},
    {"D-10", "tel:12", "sip:12@h", DIFF(SCHEME, NONE)},
    /* RFC 3966: tel: against tel: */
    {"RFC3966-4", "tel:+1-212-555-1212", "TEL:+1(212)555.1212", EQUAL},
    {"RFC3966-4", "tel:+12125551212", "tel:12125551212", DIFF(USER, NUMBER)},
    {"RFC3966-4", "tel:+12125551212", "tel:+12125551212;npdi", DIFF(OTHER_PARAM, LOOSE)},
    {"RFC3966-4", "tel:+1-212", "tel:+1212;npdi", DIFF(OTHER_PARAM, LOOSE)},
    {"RFC3966-4", "tel:+12125551212;npdi", "tel:+12125551212;npdi;rn=+1555", DIFF(OTHER_PARAM, LOOSE)},
    {"RFC3966-4", "tel:+12125551212;npdi;rn=+1", "tel:+1-212-555-1212;RN=+1;NPDI", EQUAL},
    {"RFC3966-4", "tel:+1212;ext=1-2", "tel:+1212;ext=12", EQUAL},
    {"RFC3966-4", "tel:+1212;isub=1-2", "tel:+1212;isub=12", DIFF(OTHER_PARAM, LOOSE)},
    {"RFC3966-4", "tel:7042;phone-context=+1-914", "tel:7042;phone-context=+1914", EQUAL},
    {"RFC3966-4", "tel:7042;phone-context=+1", "tel:7042;phone-context=%2B1", EQUAL},
    {"RFC3966-4", "tel:7042;phone-context=Example.com", "tel:7042;phone-context=example.com", EQUAL},
    {"RFC3966-4", "tel:7042;phone-context=a-b.example", "tel:7042;phone-context=ab.example", DIFF(OTHER_PARAM, NUMBER)},
    {"RFC3966-4", "tel:7042;phone-context=a.example", "tel:7042", DIFF(OTHER_PARAM, NUMBER)},
    {"RFC3966-4", "tel:ab-c;phone-context=x", "tel:ABC;phone-context=x", EQUAL},
    /* D-21: other schemes */
    {"D-21", "mailto:bob@example.com", "MAILTO:bob@example.com", EQUAL},
    {"D-21", "mailto:bob@example.com", "mailto:Bob@example.com", DIFF(OPAQUE, NONE)},
    {"D-21", "mailto:bob@example.com", "sip:bob@example.com", DIFF(SCHEME, NONE)},
    {"RFC5031-3", "urn:service:sos.fire", "URN:SERVICE:sos.Fire", EQUAL},
    {"RFC5031-3", "urn:service:sos.fire", "urn:service:sos.police", DIFF(OPAQUE, NONE)},
    {"RFC8141-3.1", "urn:example:sos", "urn:example:SOS", DIFF(OPAQUE, NONE)},
    {"D-21", "http:x", "https:x", DIFF(SCHEME, NONE)},
    {"D-21", "bob@example.com", "sip:bob@example.com", DIFF(SCHEME, LOOSE)},
    {"D-21", "Bob@example.com", "Bob@EXAMPLE.com", EQUAL},
    {"D-21", "bob@example.com", "tel:bob", DIFF(SCHEME, NONE)},
    {"RFC3261-19.1.4", "sip:bob@example.com", "sips:bob@example.com", DIFF(SCHEME, LOOSE)},
    {"RFC3261-19.1.4", "sip:bob@example.com:5060", "sips:bob@example.com:5061", DIFF(SCHEME, LOOSE)},
    {"RFC3261-19.1.4", "sip:bob@example.com:5060", "sips:bob@example.com:5060", DIFF(SCHEME, LOOSE)},
    {"RFC3261-19.1.4", "sip:bob@example.com:5070", "sips:bob@example.com:5071", DIFF(SCHEME, USER)},
    {"RFC3261-19.1.4", "sip:bob@a.example", "sips:bob@b.example", DIFF(SCHEME, USER)},
    /* D-22: addresses */
    {"D-22", "sip:c@[2001:db8::9:1]", "sip:c@[2001:DB8::9:01]", EQUAL},
    {"D-22", "sip:c@[2001:db8:0:0:0:0:9:1]:5060", "sip:c@[2001:db8::9:1]:5060", EQUAL},
    {"D-22", "sip:c@[2001:db8::9:1]", "sip:c@[2001:db8::9:10]", DIFF(HOST, USER)},
    {"D-22", "sip:b@[::ffff:192.0.2.128]", "sip:b@[::FFFF:c000:280]", EQUAL},
    {"D-22", "sip:b@[::ffff:192.00.2.128]", "sip:b@[::ffff:192.0.02.128]", EQUAL},
    {"D-22", "sip:b@192.00.02.128", "sip:b@192.0.2.128", EQUAL},
    {"D-22", "sip:b@192.0.2.010", "sip:b@192.0.2.10", EQUAL},
    {"D-22", "sip:b@192.0.2.010", "sip:b@192.0.2.8", DIFF(HOST, USER)},
    {"D-22", "sip:b@192.0.2.1", "sip:b@192.0.2.0001", DIFF(HOST, USER)},
    {"D-22", "sip:b@192.0.2.1", "sip:b@192.0.2.1.", DIFF(HOST, USER)},
    {"D-22", "sip:b@192.0.2", "sip:b@192.0.2.0", DIFF(HOST, USER)},
    {"D-22", "sip:b@192.0.2.1", "sip:b@192.0.513", DIFF(HOST, USER)},
    {"D-22", "sip:b@192.0.2.1", "sip:b@[::ffff:192.0.2.1]", DIFF(HOST, USER)},
    {"D-22", "sip:b@[::c000:201]", "sip:b@192.0.2.1", DIFF(HOST, USER)},
    {"D-22", "sip:b@host.example", "sip:b@192.0.2.1", DIFF(HOST, USER)},
    {"D-22", "sip:b@[fe80::1%25a]", "sip:b@[fe80::1%25b]", DIFF(HOST, USER)},
    {"D-22", "sip:b@2001:db8::1", "sip:b@[2001:db8::1]", EQUAL},
    /* D-44: the same user and host at another port is no self redirect */
    {"D-44", "sip:bob@192.0.2.1:5062", "sip:bob@192.0.2.1", DIFF(PORT, USER)},
    /* D-48: number portability and routing parameters in the user part */
    {"D-48", "sip:+15551234;rn=+15550000;npdi@gw", "sip:+15551234@gw", DIFF(USER, LOOSE)},
    {"D-48", "sip:+15551234;rn=+15550000;npdi@gw", "sip:+15551234;rn=+15559999@gw;user=phone", DIFF(USER, LOOSE)},
    {"D-48", "sip:+15551234;npdi@gw", "sip:+15551235;npdi@gw", DIFF(USER, NONE)},
    {"D-48", "sip:bob;x@a", "sip:bob@b", DIFF(USER, USER)},
    {"D-48", "sip:;x@a", "sip:;y@a", DIFF(USER, NONE)},
    {"RFC4458-2", "sip:vm@h;target=sip:bob%40h;cause=486", "sip:vm@h;target=sip:bob%40h;cause=480",
     DIFF(OTHER_PARAM, LOOSE)},
    /* D-56: a password is part of the URI */
    {"D-56", "sip:a:pw@h", "sip:a@h", DIFF(PASSWORD, LOOSE)},
    {"D-56", "sip:a:pw@h", "sip:a:%70w@h", EQUAL},
    {"D-56", "sip:a:@h", "sip:a@h", DIFF(PASSWORD, LOOSE)},
    {"D-56", "sip:a:p%2Bw@h", "sip:a:p+w@h", DIFF(PASSWORD, LOOSE)},
    {"D-56", "sip:a:pw@h", "sip:a:pw@g", DIFF(HOST, USER)},
};

static char *
outcome_text(const compare_row_t *row, const char *way, sip_uri_diff_t diff, sip_uri_diff_t difference,
             sip_uri_match_t match)
{
    return g_strdup_printf("%s: <%s> and <%s>, %s: differ in %s, match in %s: %d", row->rule, row->a, row->b, way,
                           sip_uri_diff_name(diff), sip_uri_diff_name(difference), (int)match);
}

static void
check_pair(const compare_row_t *row, const char *way, const sip_uri_t *a, const sip_uri_t *b)
{
    sip_uri_diff_t difference = SIP_URI_DIFF_OPAQUE;
    const sip_uri_match_t match = sip_uri_match(a, b, &difference);
    char *found = outcome_text(row, way, sip_uri_compare(a, b), difference, match);
    char *wanted = outcome_text(row, way, row->diff, row->diff, row->match);

    g_assert_cmpstr(found, ==, wanted);
    g_assert_cmpint(sip_uri_match(a, b, NULL), ==, match);
    g_free(found);
    g_free(wanted);
}

static void
test_compare_row(const void *data)
{
    const compare_row_t *row = data;
    sample_t a = sample_of(row->a), b = sample_of(row->b);

    check_pair(row, "forth", &a.uri, &b.uri);
    check_pair(row, "back", &b.uri, &a.uri);
    g_assert_cmpint(sip_uri_compare(&a.uri, &a.uri), ==, SIP_URI_DIFF_NONE);
    g_assert_cmpint(sip_uri_compare(&b.uri, &b.uri), ==, SIP_URI_DIFF_NONE);
    if (row->match != SIP_URI_MATCH_NONE) {
        g_assert_cmphex(sip_uri_match_key(&a.uri), ==, sip_uri_match_key(&b.uri));
    } else {
        g_assert_cmphex(sip_uri_match_key(&a.uri), !=, 0);
    }
    if (row->match <= SIP_URI_MATCH_LOOSE) {
        g_assert_cmphex(sip_uri_place_key(&a.uri), ==, sip_uri_place_key(&b.uri));
    }
    sample_free(&a);
    sample_free(&b);
}

/* Rows in which the two sides have different parts: a is the target of a redirect, b a Request-URI. */
typedef struct {
    const char *rule;
    const char *target, *request_uri;
    sip_uri_diff_t compared;
    sip_uri_match_t match;
    sip_uri_diff_t difference;
} target_row_t;

static const target_row_t target_rows[] = {
    {"D-06", "sip:b@h?Subject=x", "sip:b@h", DIFF(HEADERS, EXACT), SIP_URI_DIFF_NONE},
    {"D-06", "sip:b@h", "sip:b@h?Subject=x", DIFF(HEADERS, LOOSE), SIP_URI_DIFF_HEADERS},
    {"D-06", "sip:b@h", "sip:b@h?x", DIFF(HEADERS, LOOSE), SIP_URI_DIFF_HEADERS},
    {"D-06", "sip:b@h?Subject=x", "sip:B@h", DIFF(USER, NONE), SIP_URI_DIFF_USER},
    {"D-06", "sip:b@h?Subject=x", "sip:b@h:5060", DIFF(PORT, LOOSE), SIP_URI_DIFF_PORT},
    {"D-06", "sip:b@h?Subject=x", "sip:b@h?Subject=y", DIFF(HEADERS, LOOSE), SIP_URI_DIFF_HEADERS},
    {"RFC3261-8.1.3.4", "sip:b@h;method=INVITE", "sip:b@h", DIFF(METHOD, EXACT), SIP_URI_DIFF_NONE},
    {"RFC3261-8.1.3.4", "sip:b@h", "sip:b@h;method=INVITE", DIFF(METHOD, LOOSE), SIP_URI_DIFF_METHOD},
    {"RFC3261-8.1.3.4", "sip:b@h;method=INVITE;transport=tcp", "sip:b@h;transport=udp", DIFF(TRANSPORT, LOOSE),
     SIP_URI_DIFF_TRANSPORT},
    {"RFC3261-8.1.3.4", "sip:b@h;method=INVITE;maddr=g", "sip:b@h", DIFF(METHOD, LOOSE), SIP_URI_DIFF_MADDR},
    {"RFC3261-8.1.3.4", "sip:b@h;method=INVITE?a=1", "sip:b@h", DIFF(METHOD, EXACT), SIP_URI_DIFF_NONE},
};

static void
test_target_row(const void *data)
{
    const target_row_t *row = data;
    sample_t target = sample_of(row->target), request_uri = sample_of(row->request_uri);
    sip_uri_diff_t difference = SIP_URI_DIFF_OPAQUE;

    g_test_message("target <%s> request <%s>", row->target, row->request_uri);
    g_assert_cmpint(sip_uri_compare(&target.uri, &request_uri.uri), ==, row->compared);
    g_assert_cmpint(sip_uri_compare(&request_uri.uri, &target.uri), ==, row->compared);
    g_assert_cmpint(sip_uri_match(&target.uri, &request_uri.uri, &difference), ==, row->match);
    g_assert_cmpint(difference, ==, row->difference);
    sample_free(&target);
    sample_free(&request_uri);
}

/* RFC 3261 19.1.4: "equivalence is not transitive", shown with its own example. */
static void
test_compare_is_not_transitive(void)
{
    sample_t plain = sample_of("sip:carol@chicago.com");
    sample_t on = sample_of("sip:carol@chicago.com;security=on");
    sample_t off = sample_of("sip:carol@chicago.com;security=off");

    g_assert_cmpint(sip_uri_compare(&plain.uri, &on.uri), ==, SIP_URI_DIFF_NONE);
    g_assert_cmpint(sip_uri_compare(&plain.uri, &off.uri), ==, SIP_URI_DIFF_NONE);
    g_assert_cmpint(sip_uri_compare(&on.uri, &off.uri), ==, SIP_URI_DIFF_OTHER_PARAM);
    sample_free(&plain);
    sample_free(&on);
    sample_free(&off);
}

static void
test_compare_nul_bytes(void)
{
    static const char with_nul[] = "sip:b@[::1\0garbage]";
    sample_t a = sample_of_bytes(with_nul, sizeof(with_nul) - 1), b = sample_of("sip:b@[::1]");

    g_assert_cmphex(a.uri.flags, ==, SIP_URI_FLAG_BAD_HOST);
    g_assert_cmpint(sip_uri_compare(&a.uri, &b.uri), ==, SIP_URI_DIFF_HOST);
    sample_free(&a);
    sample_free(&b);

    static const char one[] = "sip:b@h\0a", two[] = "sip:b@h\0b";
    a = sample_of_bytes(one, sizeof(one) - 1);
    b = sample_of_bytes(two, sizeof(two) - 1);
    g_assert_cmpint(sip_uri_compare(&a.uri, &b.uri), ==, SIP_URI_DIFF_HOST);
    sample_free(&a);
    sample_free(&b);
}

static void
test_match_unparsed(void)
{
    sample_t bad = sample_of("sip:a\r\n@h"), good = sample_of("sip:");
    sip_uri_diff_t difference;

    g_assert_cmpint(sip_uri_match(&bad.uri, &bad.uri, &difference), ==, SIP_URI_MATCH_NONE);
    g_assert_cmpint(difference, !=, SIP_URI_DIFF_NONE);
    g_assert_cmpint(sip_uri_match(&bad.uri, &good.uri, NULL), ==, SIP_URI_MATCH_NONE);
    g_assert_cmpint(sip_uri_match(&good.uri, &bad.uri, NULL), ==, SIP_URI_MATCH_NONE);
    g_assert_cmpint(sip_uri_compare(&bad.uri, &bad.uri), ==, SIP_URI_DIFF_NONE);
    sample_free(&bad);
    sample_free(&good);
}

/* A key that is the same for all would pass every other test. */
static void
check_all_differ(uint32_t (*key)(const sip_uri_t *), const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            sample_t a = sample_of(texts[i]), b = sample_of(texts[j]);

            g_test_message("%s %s", texts[i], texts[j]);
            g_assert_cmphex(key(&a.uri), !=, key(&b.uri));
            sample_free(&a);
            sample_free(&b);
        }
    }
}

static void
test_match_key_tells_apart(void)
{
    static const char *const texts[] = {
        "sip:alice@h", "sip:bob@h",  "sip:h",        "sip:192.0.2.1", "sip:193.0.2.1", "sip:192.0.2.2",
        "tel:+15551",  "tel:+15552", "mailto:bob@h", "sip:[::1]",     "sip:[::2]",
    };

    check_all_differ(sip_uri_match_key, texts, G_N_ELEMENTS(texts));
}

static void
test_place_key_tells_apart(void)
{
    static const char *const texts[] = {
        "sip:alice@h", "sip:alice@i",         "sip:bob@h",    "sip:h@h",
        "sip:i@i",     "sip:alice@192.0.2.1", "sip:+15551@h", "tel:+15551",
    };

    check_all_differ(sip_uri_place_key, texts, G_N_ELEMENTS(texts));
}

/* ---- Parameters ------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *rule;
    const char *text, *name;
    bool in_user; /* ask for a parameter of the user part */
    bool found;
    const char *value;
} param_row_t;

static const param_row_t param_rows[] = {
    {"RFC3261-19.1.1", "sip:a@h;transport=tcp;lr", "transport", false, true, "tcp"},
    {"RFC3261-19.1.1", "sip:a@h;transport=tcp;lr", "lr", false, true, NULL},
    {"RFC3261-19.1.1", "sip:a@h;x=;lr", "x", false, true, ""},
    {"RFC3261-19.1.1", "sip:a@h;transport=tcp", "trans", false, false, NULL},
    {"RFC3261-19.1.1", "sip:a@h;trans=tcp", "transport", false, false, NULL},
    {"RFC3261-19.1.1", "sip:a@h;x", "x", false, true, NULL},
    {"RFC3261-19.1.1", "sip:a@h;;x;", "x", false, true, NULL},
    {"RFC3261-19.1.1", "sip:a@h", "lr", false, false, NULL},
    {"RFC3261-19.1.1", "sip:a;x=1@h;x=2", "x", false, true, "2"},
    {"D-01", "sip:a@h;TRANSPORT=Tcp", "transport", false, true, "Tcp"},
    {"D-04", "sip:a@h;x=1;x=2", "x", false, true, "1"},
    {"D-07", "sip:a@h;%6cr=a=b", "lr", false, true, "a=b"},
    {"D-48", "sip:+1;rn=+2;NPDI@h;rn=3", "rn", true, true, "+2"},
    {"D-48", "sip:+1;rn=+2;NPDI@h", "npdi", true, true, NULL},
    {"D-48", "sip:+1@h;npdi", "npdi", true, false, NULL},
    {"D-48", "sip:h;npdi", "npdi", true, false, NULL},
    {"D-48", "tel:+1;npdi;rn=+2", "rn", true, true, "+2"},
    {"RFC4458-2", "sip:vm@h;cause=486;target=sip:bob%40h", "target", false, true, "sip:bob%40h"},
    {"D-21", "mailto:a@h;x=1", "x", false, false, NULL},
};

static void
test_param_row(const void *data)
{
    const param_row_t *row = data;
    sample_t sample = sample_of(row->text);
    sip_slice_t value = SIP_SLICE_LITERAL("stale");
    const bool found = row->in_user ? sip_uri_user_param(&sample.uri, row->name, &value)
                                    : sip_uri_param(&sample.uri, row->name, &value);
    char *found_text = slice_text(value), *wanted_text = slice_text(sip_slice_from_string(row->value));

    g_test_message("%s of %s", row->name, row->text);
    g_assert_cmpint(found, ==, row->found);
    g_assert_cmpstr(found_text, ==, wanted_text);
    g_free(found_text);
    g_free(wanted_text);
    sample_free(&sample);
}

/* ---- Keeping --------------------------------------------------------------------------------------------------- */

/* The same slice of another copy of the text. */
static void
assert_same_place(sip_slice_t found, const char *text, sip_slice_t wanted, const char *original)
{
    g_assert_cmpint(found.ptr == NULL, ==, wanted.ptr == NULL);
    g_assert_cmpuint(found.len, ==, wanted.len);
    if (wanted.ptr) {
        g_assert_cmpint(found.ptr - text, ==, wanted.ptr - original);
    }
}

static void
assert_kept(const sip_uri_t *uri)
{
    char *copy = g_memdup2(uri->whole.ptr, uri->whole.len);
    const char *original = uri->whole.ptr;
    sip_uri_kept_t kept;

    memset(&kept, 0xa5, sizeof(kept));
    sip_uri_keep(uri, copy, &kept);
    g_assert_true(kept.text == copy);
    g_assert_cmpuint(kept.len, ==, uri->whole.len);
    g_assert_cmpuint(kept.match_key, ==, sip_uri_match_key(uri));

    const sip_uri_t view = sip_uri_view(&kept);
    assert_same_place(view.whole, copy, uri->whole, original);
    assert_same_place(view.scheme, copy, uri->scheme, original);
    assert_same_place(view.opaque, copy, uri->opaque, original);
    assert_same_place(view.user, copy, uri->user, original);
    assert_same_place(view.password, copy, uri->password, original);
    assert_same_place(view.host, copy, uri->host, original);
    assert_same_place(view.params, copy, uri->params, original);
    assert_same_place(view.headers, copy, uri->headers, original);
    g_assert_cmpint(view.scheme_kind, ==, uri->scheme_kind);
    g_assert_cmpint(view.host_is_ipv6, ==, uri->host_is_ipv6);
    g_assert_cmpint(view.has_port, ==, uri->has_port);
    g_assert_cmpuint(view.port, ==, uri->port);
    g_assert_cmphex(view.flags, ==, uri->flags);
    g_free(copy);
}

static void
test_keep_row(const void *data)
{
    const parse_row_t *row = data;
    sample_t sample = sample_of(row->text);

    assert_kept(&sample.uri);
    sample_free(&sample);
}

/* Read no farther than the user, a URI has the same user and the same key. */
static void
assert_user_alike(const sample_t *sample, size_t len)
{
    const char *text = sample->copy;
    sip_uri_t front;

    memset(&front, 0xa5, sizeof(front));
    g_assert_cmpint(sip_uri_parse_user(sip_slice_make(text, len), &front), ==, sample->parsed);
    g_assert_cmpint(front.scheme_kind, ==, sample->uri.scheme_kind);
    assert_same_place(front.whole, text, sample->uri.whole, text);
    assert_same_place(front.user, text, sample->uri.user, text);
    g_assert_cmphex(sip_uri_match_key(&front), ==, sip_uri_match_key(&sample->uri));
}

static void
test_user_alone_row(const void *data)
{
    const parse_row_t *row = data;

    for (size_t len = 1; len <= strlen(row->text); len++) {
        sample_t part = sample_of_bytes(row->text, len);

        assert_user_alike(&part, len);
        sample_free(&part);
    }
}

/* Neither blanks around a URI nor a line end in it, which makes it none, make a difference. */
static void
test_user_alone_blanks(void)
{
    static const char *const texts[] = {" sip:bob@h ", "\r\n tel:+1555\t", "", " ", "sip:a\r\n@h", "sip:\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        sample_t sample = sample_of(texts[i]);

        assert_user_alike(&sample, strlen(texts[i]));
        sample_free(&sample);
    }
}

static void
test_keep_brackets(void)
{
    sample_t sample = sample_of("sip:a@[::1]");

    g_assert_true(sample.uri.host_is_ipv6);
    assert_kept(&sample.uri);
    sample_free(&sample);
}

/* What could not be parsed, and text that only stands in whole. */
static void
test_keep_unparsed(void)
{
    static const sip_uri_t zero;
    static const sip_uri_kept_t nothing;
    sip_uri_kept_t kept;
    sip_uri_t view = sip_uri_view(&nothing);

    g_assert_cmpmem(&view, sizeof(view), &zero, sizeof(zero));
    memset(&kept, 0xa5, sizeof(kept));
    sip_uri_keep(&zero, NULL, &kept);
    g_assert_cmpmem(&kept, sizeof(kept), &nothing, sizeof(nothing));

    const sip_uri_t whole_only = {.whole = SIP_SLICE_LITERAL("\r\n")};
    assert_kept(&whole_only);
}

/* At the limit of what 16 bits hold, and beyond it: nothing is lost, and every component may be the long one. */
static void
test_keep_long(void)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"sip:", "@h:5060;x=1?y=2"},
        {"sip:a:", "@h:5060;x=1?y=2"},
        {"sip:a:b@", ":5060;x=1?y=2"},
        {"sip:a@h;x=", "?y=2"},
        {"sip:a@h;x=1?y=", ""},
        {"tel:", ";ext=1"},
        {"mailto:", "@h"},
        {"sip:a@[::1]:5060;transport=", ""},
        {"", "@h"},
        {"sip:a@", "?"},
    };
    static const size_t sizes[] = {SIP_URI_LONG_TEXT - 1, SIP_URI_LONG_TEXT, SIP_URI_LONG_TEXT + 1, 200000};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
            char *fill = g_strnfill(sizes[j] - strlen(rows[i].before) - strlen(rows[i].after), '5');
            char *text = g_strconcat(rows[i].before, fill, rows[i].after, NULL);
            sample_t sample = sample_of(text);

            g_test_message("%s...%s, %u bytes", rows[i].before, rows[i].after, (unsigned)sizes[j]);
            g_assert_cmpuint(sample.uri.whole.len, ==, sizes[j]);
            assert_kept(&sample.uri);
            sample_free(&sample);
            g_free(text);
            g_free(fill);
        }
    }
}

/* ---- For people ------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *rule;
    const char *text, *shown;
} display_row_t;

#define REPLACED "\xef\xbf\xbd"

static const display_row_t display_rows[] = {
    {"as-written", "sip:Bob@EXAMPLE.com;x=%41?y=z", "sip:Bob@EXAMPLE.com;x=%41?y=z"},
    {"as-written", "  sip:a@h ", "sip:a@h"},
    {"as-written", "tel:+1-2:3@4", "tel:+1-2:3@4"},
    {"as-written", "mailto:a:b@h", "mailto:a:b@h"},
    {"as-written", "sip:j\xc3\xb6rg@h", "sip:j\xc3\xb6rg@h"},
    {"D-56", "sip:a:pw@h", "sip:a:***@h"},
    {"D-56", "sip:a:p:w@x@h:5060;p", "sip:a:***@h:5060;p"},
    {"D-56", "sip::pw@h", "sip::***@h"},
    {"D-56", "sip:a:p@h", "sip:a:***@h"},
    {"D-56", "sip:a:@h", "sip:a:@h"},
    {"D-56", "sips:a:\xff\xff@h", "sips:a:***@h"},
    {"D-56", "a@h:5060", "a@h:5060"},
    {"D-56", "http://u:pw@h:80/a:b@c", "http://u:***@h:80/a:b@c"},
    {"D-56", "http://u@h:80/a:b@c", "http://u@h:80/a:b@c"},
    {"D-56", "http://u:p:q@w@h", "http://u:***@h"},
    {"D-56", "http://h:80/a", "http://h:80/a"},
    {"D-56", "http://:pw@h", "http://:***@h"},
    {"D-56", "http://:a/", "http://:a/"},
    {"D-56", "http://u:@h", "http://u:@h"},
    {"D-56", "http:/u:pw@h", "http:/u:pw@h"},
    {"UTF-8", "sip:a\xff@h", "sip:a" REPLACED "@h"},
    {"UTF-8", "sip:a\xc3@h", "sip:a" REPLACED "@h"},
    {"UTF-8", "sip:a@h;x=\xe2\x82", "sip:a@h;x=" REPLACED REPLACED},
    {"UTF-8", "sip:\xc0\xaf@h", "sip:" REPLACED REPLACED "@h"},
    {"UTF-8", "sip:\xed\xa0\x80@h", "sip:" REPLACED REPLACED REPLACED "@h"},
    {"control", "sip:a\x01\x7f\tb@h", "sip:a" REPLACED REPLACED REPLACED "b@h"},
    {"control", "sip:a\xc2\x85@h", "sip:a" REPLACED "@h"},
    {"control", "sip:a\xe2\x80\xae@h", "sip:a" REPLACED "@h"},
    {"control", "sip:a\xe2\x80\xa8@h", "sip:a" REPLACED "@h"},
};

static void
test_display_row(const void *data)
{
    const display_row_t *row = data;
    sample_t sample = sample_of(row->text);
    char *shown = sip_uri_display(NULL, &sample.uri);

    g_assert_cmpstr(shown, ==, row->shown);
    wmem_free(NULL, shown);
    sample_free(&sample);
}

static void
test_display_unparsed(void)
{
    static const char text[] = "sip:a@h\r\n \t;x=\0y\n";
    char *copy = g_memdup2(text, sizeof(text) - 1);
    const sip_uri_t none = {0}, unparsed = {.whole = {copy, sizeof(text) - 1}};
    char *shown = sip_uri_display(NULL, &none);

    g_assert_cmpstr(shown, ==, "");
    wmem_free(NULL, shown);
    shown = sip_uri_display(NULL, &unparsed);
    g_assert_cmpstr(shown, ==, "sip:a@h;x=" REPLACED "y");
    wmem_free(NULL, shown);
    g_free(copy);
}

typedef struct {
    const char *rule;
    const char *text;
    bool followable;
} follow_row_t;

static const follow_row_t follow_rows[] = {
    {"D-21", "sip:a@h", true},
    {"D-21", "SIPS:h", true},
    {"D-21", "tel:+1555", true},
    {"D-21", "Voicemail@isp.example", true},
    {"D-21", "mailto:a@h", false},
    {"D-21", "http://h/", false},
    {"D-21", "xmpp:a@h", false},
    {"RFC6881-ED-4", "urn:service:sos", true},
    {"RFC5031-3", "URN:Service:sos.fire", true},
    {"RFC5031-3", "urn:service:", false},
    {"RFC5031-3", "urn:service", false},
    {"RFC5031-3", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", false},
    {"D-20", "*", false},
    {"D-20", "", false},
    {"D-08", "sip:a@", false},
    {"D-22", "sip:a@[::1]", true},
    {"D-22", "sip:a@::1", true},
    {"D-22", "sip:a@[fe80::1%25eth0]", false},
    {"RFC3261-25.1", "nobody at home", false},
    {"RFC3261-25.1", "sip:a@h:99999", true},
};

static void
test_follow_row(const void *data)
{
    const follow_row_t *row = data;
    sample_t sample = sample_of(row->text);

    g_test_message("%s", row->text);
    g_assert_cmpint(sip_uri_is_followable(&sample.uri), ==, row->followable);
    sample_free(&sample);
}

typedef struct {
    const char *rule;
    const char *text;
    sip_host_reach_t reach;
} reach_row_t;

/* The first and the last address of each network, and those beside it. */
static const reach_row_t reach_rows[] = {
    {"RFC1918-3", "9.255.255.255", SIP_HOST_REACH_ANYWHERE},
    {"RFC1918-3", "10.0.0.0", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "10.255.255.255", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "11.0.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC1918-3", "172.15.255.255", SIP_HOST_REACH_ANYWHERE},
    {"RFC1918-3", "172.16.0.0", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "172.31.255.255", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "172.32.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC1918-3", "192.167.255.255", SIP_HOST_REACH_ANYWHERE},
    {"RFC1918-3", "192.168.0.0", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "192.168.255.255", SIP_HOST_REACH_SITE},
    {"RFC1918-3", "192.169.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC6598-7", "100.63.255.255", SIP_HOST_REACH_ANYWHERE},
    {"RFC6598-7", "100.64.0.0", SIP_HOST_REACH_CARRIER},
    {"RFC6598-7", "100.127.255.255", SIP_HOST_REACH_CARRIER},
    {"RFC6598-7", "100.128.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC3927-1", "169.253.255.255", SIP_HOST_REACH_ANYWHERE},
    {"RFC3927-1", "169.254.0.0", SIP_HOST_REACH_LINK},
    {"RFC3927-1", "169.255.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC6890-2.2.2", "0.0.0.0", SIP_HOST_REACH_NOWHERE},
    {"RFC6890-2.2.2", "1.0.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC6890-2.2.2", "127.255.255.255", SIP_HOST_REACH_HOST},
    {"RFC6890-2.2.2", "128.0.0.0", SIP_HOST_REACH_ANYWHERE},
    {"RFC4193-3.1", "fbff::1", SIP_HOST_REACH_ANYWHERE},
    {"RFC4193-3.1", "fc00::", SIP_HOST_REACH_SITE},
    {"RFC4193-3.1", "fdff:ffff::1", SIP_HOST_REACH_SITE},
    {"RFC4193-3.1", "fe00::", SIP_HOST_REACH_ANYWHERE},
    {"RFC4291-2.5.6", "fe80::1", SIP_HOST_REACH_LINK},
    {"RFC4291-2.5.6", "febf::1", SIP_HOST_REACH_LINK},
    {"RFC4291-2.5.6", "fec0::1", SIP_HOST_REACH_ANYWHERE},
    {"RFC4291-2.5.3", "::1", SIP_HOST_REACH_HOST},
    {"RFC4291-2.5.2", "::", SIP_HOST_REACH_NOWHERE},
    {"RFC4291-2.5.3", "::2", SIP_HOST_REACH_ANYWHERE},
    {"RFC4291-2.5.5.2", "::ffff:10.1.2.3", SIP_HOST_REACH_SITE},
    {"RFC4291-2.5.5.2", "::ffff:192.0.2.1", SIP_HOST_REACH_ANYWHERE},
};

static void
test_reach_row(const void *data)
{
    const reach_row_t *row = data;
    sip_host_address_t address;

    g_test_message("%s", row->text);
    g_assert_true(sip_host_read_address(sip_slice_from_string(row->text), &address));
    g_assert_cmpint(sip_host_reach(&address), ==, row->reach);
}

/* Each value has a name of its own, and none beyond the last is read. */
static void
check_names(const char *(*name_of)(unsigned), unsigned last)
{
    for (unsigned i = 0; i <= last; i++) {
        g_assert_nonnull(name_of(i));
        g_assert_cmpstr(name_of(i), !=, "");
        g_assert_cmpstr(name_of(i), !=, "unknown");
        for (unsigned j = 0; j < i; j++) {
            g_assert_cmpstr(name_of(i), !=, name_of(j));
        }
    }
    g_assert_cmpstr(name_of(last + 1), ==, "unknown");
    g_assert_cmpstr(name_of(0xffffffff), ==, "unknown");
}

static const char *
diff_name(unsigned value)
{
    return sip_uri_diff_name((sip_uri_diff_t)value);
}

static void
test_names(void)
{
    check_names(diff_name, SIP_URI_DIFF_OPAQUE);
}

/* ---- Hostile sizes --------------------------------------------------------------------------------------------- */

#define HOSTILE_LEN 65000

/* head, then as many of unit as fit, then tail; free with g_free(). With numbered, a number follows each unit. */
static char *
long_text(const char *head, const char *unit, bool numbered, const char *tail)
{
    GString *text = g_string_new(head);

    for (unsigned i = 0; text->len < HOSTILE_LEN; i++) {
        g_string_append(text, unit);
        if (numbered) {
            g_string_append_printf(text, "%x", i);
        }
    }
    g_string_append(text, tail);
    return g_string_free(text, FALSE);
}

static const struct {
    const char *head, *unit;
    bool numbered;
    const char *tail;
} hostile_texts[] = {
    {"sip:a@h", ";", false, ""},     {"sip:a@h", ";x", false, "=1"}, {"sip:a@h", ";x", true, ""},
    {"sip:a@h", ";%78", true, ""},   {"sip:a@h?", "&x", true, ""},   {"sip:a@h?", "&", false, "x"},
    {"sip:a@h?", "x=1&", false, ""}, {"sip:", "@", false, "h"},      {"sip:", ":", false, "@h"},
    {"sip:", ";@", false, "h"},      {"sip:a@", "[", false, ""},     {"sip:a@[", ":", false, "]"},
    {"sip:a@", "1.", false, ""},     {"sip:", "-", false, "123@h"},  {"sip:", "%2b", false, "123@h;user=phone"},
    {"sip:", "1", false, "@h"},      {"tel:", "-", false, "1"},      {"tel:1", ";x", true, ""},
    {"tel:", "%", false, "1"},       {"http://", ":@", false, ""},   {"", "a", false, ""},
    {"sip:a:", "\xff", false, "@h"},
};

/*
 * Inputs of the size of a whole datagram, each against each. Work that grows with the square of the size would take
 * minutes here; the bound is far above what any machine needs for work that grows with the size.
 */
static void
test_hostile_sizes(void)
{
    const gint64 start = g_get_monotonic_time();
    sample_t samples[G_N_ELEMENTS(hostile_texts)], others[G_N_ELEMENTS(hostile_texts)];

    for (size_t i = 0; i < G_N_ELEMENTS(hostile_texts); i++) {
        char *text =
            long_text(hostile_texts[i].head, hostile_texts[i].unit, hostile_texts[i].numbered, hostile_texts[i].tail);
        samples[i] = sample_of(text);
        text[strlen(text) - 1] ^= 1;
        others[i] = sample_of(text);
        g_free(text);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(samples); i++) {
        for (unsigned j = 0; j < G_N_ELEMENTS(others); j++) {
            const sip_uri_diff_t forth = sip_uri_compare(&samples[i].uri, &others[j].uri);
            const sip_uri_diff_t back = sip_uri_compare(&others[j].uri, &samples[i].uri);

            g_assert_cmpint(forth == SIP_URI_DIFF_NONE, ==, back == SIP_URI_DIFF_NONE);
            (void)sip_uri_match(&samples[i].uri, &others[j].uri, NULL);
        }
        (void)sip_uri_match_key(&samples[i].uri);
        wmem_free(NULL, sip_uri_display(NULL, &samples[i].uri));
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(samples); i++) {
        sample_free(&samples[i]);
        sample_free(&others[i]);
    }
    const double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    g_test_minimized_result(seconds, "hostile sizes: %.3f s", seconds);
    g_assert_cmpfloat(seconds, <, 20.0);
}

/* 64 pieces are compared one by one; of 65 only the text counts, whichever side has them. */
static void
test_many_params(void)
{
    static const char *const heads[] = {"sip:a@h", "sip:a@h?x"};
    static const char separators[] = {';', '&'};

    for (unsigned kind = 0; kind < G_N_ELEMENTS(heads); kind++) {
        for (unsigned count = 64; count <= 65; count++) {
            GString *up = g_string_new(heads[kind]), *down = g_string_new(heads[kind]);

            for (unsigned i = kind; i < count; i++) {
                g_string_append_printf(up, "%cp%u=%u", separators[kind], i, i);
                g_string_append_printf(down, "%cp%u=%u", separators[kind], count - 1 + kind - i, count - 1 + kind - i);
            }
            sample_t a = sample_of(up->str), b = sample_of(down->str), c = sample_of(up->str);
            c.copy[0] = 'S';
            const sip_uri_diff_t diff = kind == 0 ? SIP_URI_DIFF_OTHER_PARAM : SIP_URI_DIFF_HEADERS;

            g_assert_cmpint(sip_uri_compare(&a.uri, &b.uri), ==, count == 64 ? SIP_URI_DIFF_NONE : diff);
            g_assert_cmpint(sip_uri_compare(&b.uri, &a.uri), ==, count == 64 ? SIP_URI_DIFF_NONE : diff);
            g_assert_cmpint(sip_uri_compare(&a.uri, &c.uri), ==, SIP_URI_DIFF_NONE);

            if (kind == 0) {
                sample_t none = sample_of(heads[kind]);
                g_assert_cmpint(sip_uri_compare(&a.uri, &none.uri), ==, SIP_URI_DIFF_NONE);
                g_assert_cmpint(sip_uri_compare(&none.uri, &a.uri), ==, SIP_URI_DIFF_NONE);
                sample_free(&none);
            }

            /* One side with fewer: only a list that can be compared in full is found equal. */
            *strrchr(up->str, separators[kind]) = '\0';
            sample_t fewer = sample_of(up->str);
            const bool comparable = kind == 0 && count == 64;

            g_assert_cmpint(sip_uri_compare(&a.uri, &fewer.uri), ==, comparable ? SIP_URI_DIFF_NONE : diff);
            g_assert_cmpint(sip_uri_compare(&fewer.uri, &a.uri), ==, comparable ? SIP_URI_DIFF_NONE : diff);
            sample_free(&a);
            sample_free(&b);
            sample_free(&c);
            sample_free(&fewer);
            g_string_free(up, TRUE);
            g_string_free(down, TRUE);
        }
    }
}

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();

    ADD_ROWS("parse", parse_rows, test_parse_row);
    g_test_add_func("/sip-uri/parse/whole-and-opaque", test_parse_whole_and_opaque);
    g_test_add_func("/sip-uri/parse/brackets", test_parse_brackets);
    g_test_add_func("/sip-uri/parse/refused", test_parse_refused);
    g_test_add_func("/sip-uri/parse/every-prefix", test_parse_every_prefix);
    ADD_ROWS("compare", compare_rows, test_compare_row);
    ADD_ROWS("target", target_rows, test_target_row);
    ADD_ROWS("keep", parse_rows, test_keep_row);
    g_test_add_func("/sip-uri/keep/brackets", test_keep_brackets);
    ADD_ROWS("user-alone", parse_rows, test_user_alone_row);
    g_test_add_func("/sip-uri/user-alone/blanks", test_user_alone_blanks);
    g_test_add_func("/sip-uri/keep/unparsed", test_keep_unparsed);
    g_test_add_func("/sip-uri/keep/long", test_keep_long);
    g_test_add_func("/sip-uri/compare/not-transitive", test_compare_is_not_transitive);
    g_test_add_func("/sip-uri/compare/nul-bytes", test_compare_nul_bytes);
    g_test_add_func("/sip-uri/compare/many-params", test_many_params);
    g_test_add_func("/sip-uri/match/unparsed", test_match_unparsed);
    g_test_add_func("/sip-uri/match/key", test_match_key_tells_apart);
    g_test_add_func("/sip-uri/match/place-key", test_place_key_tells_apart);
    ADD_ROWS("param", param_rows, test_param_row);
    ADD_ROWS("display", display_rows, test_display_row);
    g_test_add_func("/sip-uri/display/unparsed", test_display_unparsed);
    ADD_ROWS("followable", follow_rows, test_follow_row);
    ADD_ROWS("reach", reach_rows, test_reach_row);
    g_test_add_func("/sip-uri/names", test_names);
    g_test_add_func("/sip-uri/hostile-sizes", test_hostile_sizes);
    return g_test_run();
}
