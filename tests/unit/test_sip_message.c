/* test_sip_message.c
 * Messages and their values: one row is one case. D-numbers are the corner cases of the redirect rules; "4475" is
 * RFC 4475 (SIP torture test messages), whose cases are written in words of our own here.
 *
 * Every input lies in a heap buffer of exactly its size, so that a sanitizer sees a read of one byte too many.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <time.h>

#include "redirect-facts.h"
#include "sip-headers.h"
#include "sip-param.h"

/* ---- Inputs and comparisons ---- */

static sip_slice_t
exact_bytes(const char *text, size_t len)
{
    return sip_slice_make(g_memdup2(text, len), len);
}

static sip_slice_t
exact(const char *text)
{
    return exact_bytes(text, strlen(text));
}

static void
release(sip_slice_t slice)
{
    g_free((char *)slice.ptr);
}

/* A message together with the exactly sized copy that it borrows. */
typedef struct {
    sip_slice_t text;
    sip_message_t message;
    bool parsed;
} sample_t;

static sample_t *
sample_of_bytes(const char *text, size_t len)
{
    sample_t *sample = g_new(sample_t, 1);

    /* What the parser leaves alone must never be read. */
    memset(sample, 0xa5, sizeof(*sample));
    sample->text = exact_bytes(text, len);
    sample->parsed = sip_message_parse(sample->text, &sample->message);
    return sample;
}

static sample_t *
sample_of(const char *text)
{
    return sample_of_bytes(text, strlen(text));
}

/* A response that has these header lines; the last line end is added. */
static sample_t *
sample_with_headers(const char *headers)
{
    char *text = g_strconcat("SIP/2.0 302 Moved\r\n", headers, "\r\n\r\n", NULL);
    sample_t *sample = sample_of(text);

    g_assert_true(sample->parsed);
    g_free(text);
    return sample;
}

static void
sample_free(sample_t *sample)
{
    release(sample->text);
    g_free(sample);
}

/* NULL for an absent slice. */
static char *
slice_dup(sip_slice_t slice)
{
    return slice.ptr ? g_strndup(slice.ptr, slice.len) : NULL;
}

/* expected is NULL where the slice must be absent. */
#define ASSERT_SLICE(slice, expected)                                                                                  \
    do {                                                                                                               \
        char *slice_ = slice_dup(slice);                                                                               \
        g_assert_cmpstr(slice_, ==, (expected));                                                                       \
        g_free(slice_);                                                                                                \
    } while (0)

#define ASSERT_FLAGS(actual, expected) g_assert_cmphex((actual), ==, (expected))

/* Adds "/sip-message/<group>/<number>-<rule>", so that a failure names its row. */
static void
add_row(const char *group, size_t number, const char *rule, const void *row, GTestDataFunc function)
{
    char *path = g_strdup_printf("/sip-message/%s/%03u-%s", group, (unsigned)number, rule);

    g_test_add_data_func(path, row, function);
    g_free(path);
}

#define ADD_ROWS(group, table, function)                                                                               \
    for (size_t row = 0; row < G_N_ELEMENTS(table); row++) {                                                           \
        add_row((group), row, (table)[row].rule, &(table)[row], (function));                                           \
    }

/* ---- Start lines ---- */

typedef struct {
    const char *rule;
    const char *line;
    const char *method; /* NULL: no message */
    sip_method_t method_id;
    const char *uri;
    unsigned flags;
} request_row_t;

static const request_row_t request_rows[] = {
    {"plain", "INVITE sip:bob@b SIP/2.0", "INVITE", SIP_METHOD_INVITE, "sip:bob@b", 0},
    {"method-case-counts", "Invite sip:bob@b SIP/2.0", "Invite", SIP_METHOD_OTHER, "sip:bob@b", 0},
    {"version-case-does-not", "ACK sip:bob@b sip/2.0", "ACK", SIP_METHOD_ACK, "sip:bob@b", 0},
    {"4475-3.1.1.2-token", "!interesting-Method0123456789_*+`.%indeed'~ sip:a@b SIP/2.0",
     "!interesting-Method0123456789_*+`.%indeed'~", SIP_METHOD_OTHER, "sip:a@b", 0},
    {"4475-3.1.1.5-escaped", "RE%47IST%45R sip:b SIP/2.0", "RE%47IST%45R", SIP_METHOD_OTHER, "sip:b", 0},
    {"not-a-token", "IN\"VITE sip:bob@b SIP/2.0", "IN\"VITE", SIP_METHOD_OTHER, "sip:bob@b", 0},
    {"not-a-token-bytes", "IN\xffVITE sip:bob@b SIP/2.0", "IN\xffVITE", SIP_METHOD_OTHER, "sip:bob@b", 0},
    {"4475-3.1.2.7-brackets", "INVITE <sip:user@e> SIP/2.0", "INVITE", SIP_METHOD_INVITE, "<sip:user@e>", 0},
    {"4475-3.1.2.8-blank-inside", "INVITE sip:user@e; lr SIP/2.0", "INVITE", SIP_METHOD_INVITE, "sip:user@e; lr", 0},
    {"4475-3.1.2.9-more-blanks", "INVITE  sip:user@e  SIP/2.0", "INVITE", SIP_METHOD_INVITE, "sip:user@e", 0},
    {"4475-3.1.2.10-blank-after", "OPTIONS sip:user@e SIP/2.0  ", "OPTIONS", SIP_METHOD_OPTIONS, "sip:user@e", 0},
    {"4475-3.3.3-other-scheme", "OPTIONS soap.beep://h:1 SIP/2.0", "OPTIONS", SIP_METHOD_OPTIONS, "soap.beep://h:1", 0},
    {"no-scheme", "MESSAGE bob SIP/2.0", "MESSAGE", SIP_METHOD_MESSAGE, "bob", 0},
    {"version-in-uri", "INVITE sip:a@b;SIP/2.0 SIP/2.0", "INVITE", SIP_METHOD_INVITE, "sip:a@b;SIP/2.0", 0},
    {"4475-3.1.2.16-version", "OPTIONS sip:t@b SIP/7.0", NULL, 0, NULL, 0},
    {"version-joined", "OPTIONS sip:t@bSIP/2.0", NULL, 0, NULL, 0},
    {"version-longer", "OPTIONS sip:t@b SIP/2.00", NULL, 0, NULL, 0},
    {"no-version", "OPTIONS sip:t@b", NULL, 0, NULL, 0},
    {"http", "GET / HTTP/1.1", NULL, 0, NULL, 0},
    {"no-uri", "OPTIONS SIP/2.0", NULL, 0, NULL, 0},
    {"blank-uri", "OPTIONS   SIP/2.0", NULL, 0, NULL, 0},
    {"no-method", " sip:t@b SIP/2.0", NULL, 0, NULL, 0},
    {"version-only", "SIP/2.0", NULL, 0, NULL, 0},
    {"header-line", "Via: SIP/2.0/UDP h", NULL, 0, NULL, 0},
    {"empty", "", NULL, 0, NULL, 0},
};

static void
test_request(const void *data)
{
    const request_row_t *row = data;
    static const char *const ends[] = {"", "\n", "\r\n", "\r\n\r\n", "\r\r\n\r\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        char *text = g_strconcat(row->line, ends[i], NULL);
        sample_t *sample = sample_of(text);

        g_assert_cmpint(sample->parsed, ==, row->method != NULL);
        if (sample->parsed) {
            g_assert_false(sample->message.is_response);
            g_assert_cmpuint(sample->message.status, ==, 0);
            ASSERT_SLICE(sample->message.phrase, NULL);
            ASSERT_SLICE(sample->message.method, row->method);
            g_assert_cmpint(sample->message.method_id, ==, row->method_id);
            ASSERT_SLICE(sample->message.request_uri, row->uri);
            ASSERT_FLAGS(sample->message.flags & ~(unsigned)SIP_MESSAGE_FLAG_NO_END, row->flags);
        }
        sample_free(sample);
        g_free(text);
    }
}

typedef struct {
    const char *rule;
    const char *line;
    unsigned status; /* 0: no message */
    const char *phrase;
} status_row_t;

static const status_row_t status_rows[] = {
    {"plain", "SIP/2.0 302 Moved Temporarily", 302, "Moved Temporarily"},
    {"D-54-empty-phrase", "SIP/2.0 302 ", 302, ""},
    {"D-54-no-phrase", "SIP/2.0 302", 302, ""},
    {"D-54-utf8", "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe", 200, "= 2**3 * 5**2 \xd0\xbd\xd0\xbe"},
    {"D-54-vendor", "SIP/2.0 302 Moved temporarily - LCR", 302, "Moved temporarily - LCR"},
    {"D-54-100", "SIP/2.0 100 Trying", 100, "Trying"},
    {"D-54-699", "SIP/2.0 699 Last", 699, "Last"},
    {"D-54-700", "SIP/2.0 700 Over", 0, NULL},
    {"D-54-099", "SIP/2.0 099 Under", 0, NULL},
    {"4475-3.1.2.19-large", "SIP/2.0 4294967301 better not break the receiver", 0, NULL},
    {"two-digits", "SIP/2.0 30 Moved", 0, NULL},
    {"four-digits", "SIP/2.0 3020 Moved", 0, NULL},
    {"joined", "SIP/2.0 302Moved", 0, NULL},
    {"letters", "SIP/2.0 3o2 Moved", 0, NULL},
    {"sign", "SIP/2.0 +30 Moved", 0, NULL},
    {"no-status", "SIP/2.0 ", 0, NULL},
    {"two-blanks", "SIP/2.0  302 Moved", 0, NULL},
    {"version-case", "sip/2.0 603 Decline", 603, "Decline"},
    {"version", "SIP/3.0 302 Moved", 0, NULL},
    {"request-in-disguise", "SIP/2.0 sip:a@b SIP/2.0", 0, NULL},
};

static void
test_status(const void *data)
{
    const status_row_t *row = data;
    static const char *const ends[] = {"", "\n", "\r\n", "\r\n\r\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        char *text = g_strconcat(row->line, ends[i], NULL);
        sample_t *sample = sample_of(text);

        g_assert_cmpint(sample->parsed, ==, row->status != 0);
        if (sample->parsed) {
            g_assert_true(sample->message.is_response);
            g_assert_cmpuint(sample->message.status, ==, row->status);
            ASSERT_SLICE(sample->message.phrase, row->phrase);
            ASSERT_SLICE(sample->message.method, NULL);
            ASSERT_SLICE(sample->message.request_uri, NULL);
            g_assert_cmpint(sample->message.method_id, ==, SIP_METHOD_OTHER);
        }
        sample_free(sample);
        g_free(text);
    }
}

/* Data of another protocol may hold a start line; a NUL gives it away. */
static void
test_start_line_nul(void)
{
    static const char text[] = "INVITE sip:a\0@b SIP/2.0\r\n\r\n";
    static const char later[] = "INVITE sip:a@b SIP/2.0\r\nFrom: <sip:a\0@b>\r\n\r\n";
    sample_t *sample = sample_of_bytes(text, sizeof(text) - 1);

    g_assert_false(sample->parsed);
    sample_free(sample);

    sample = sample_of_bytes(later, sizeof(later) - 1);
    g_assert_true(sample->parsed);
    g_assert_cmpuint(sip_message_from_uri(&sample->message).len, ==, 8);
    sample_free(sample);
}

/* A bare CR ends the start line as it does for Wireshark's dissector, but no header line. */
static void
test_start_line_bare_cr(void)
{
    sample_t *sample = sample_of("BYE sip:a@b SIP/2.0\rFrom: sip:a@h\rTo: sip:b@h\r\nCall-ID: 1\n\r\n");

    g_assert_true(sample->parsed);
    ASSERT_SLICE(sample->message.request_uri, "sip:a@b");
    ASSERT_SLICE(sample->message.call_id, "1");
    ASSERT_SLICE(sip_message_to_uri(&sample->message), NULL);
    g_assert_cmphex(sample->message.present, ==, SIP_HEADER_BIT(SIP_HEADER_FROM) | SIP_HEADER_BIT(SIP_HEADER_CALL_ID));
    ASSERT_FLAGS(sample->message.flags, 0);
    sample_free(sample);

    sample = sample_of("SIP/2.0 302 Moved\r\r\nCall-ID: 1\r\n\r\n");
    g_assert_true(sample->parsed);
    ASSERT_SLICE(sample->message.phrase, "Moved");
    ASSERT_SLICE(sample->message.headers, "");
    ASSERT_SLICE(sample->message.body, "Call-ID: 1\r\n\r\n");
    sample_free(sample);
}

static void
test_absent_text(void)
{
    sip_message_t message;

    g_assert_false(sip_message_parse(SIP_SLICE_NONE, &message));
}

static void
test_methods(void)
{
    static const struct {
        const char *name;
        sip_method_t id;
    } rows[] = {
        {"ACK", SIP_METHOD_ACK},
        {"BYE", SIP_METHOD_BYE},
        {"CANCEL", SIP_METHOD_CANCEL},
        {"INFO", SIP_METHOD_INFO},
        {"INVITE", SIP_METHOD_INVITE},
        {"MESSAGE", SIP_METHOD_MESSAGE},
        {"NOTIFY", SIP_METHOD_NOTIFY},
        {"OPTIONS", SIP_METHOD_OPTIONS},
        {"PRACK", SIP_METHOD_PRACK},
        {"PUBLISH", SIP_METHOD_PUBLISH},
        {"REFER", SIP_METHOD_REFER},
        {"REGISTER", SIP_METHOD_REGISTER},
        {"SUBSCRIBE", SIP_METHOD_SUBSCRIBE},
        {"UPDATE", SIP_METHOD_UPDATE},
        {"", SIP_METHOD_OTHER},
        {"invite", SIP_METHOD_OTHER},
        {"INVITES", SIP_METHOD_OTHER},
        {"INVIT", SIP_METHOD_OTHER},
        {"INVITF", SIP_METHOD_OTHER},
        {"XNVITE", SIP_METHOD_OTHER},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sip_slice_t name = exact(rows[i].name);

        g_assert_cmpint(sip_method_from_name(name), ==, rows[i].id);
        release(name);
    }
    g_assert_cmpint(sip_method_from_name(SIP_SLICE_NONE), ==, SIP_METHOD_OTHER);
    g_assert_null(sip_method_name(SIP_METHOD_OTHER));
    g_assert_null(sip_method_name(SIP_METHOD_COUNT));
    for (int id = SIP_METHOD_OTHER + 1; id < SIP_METHOD_COUNT; id++) {
        bool found = false;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            found = found || (rows[i].id == (sip_method_t)id && strcmp(rows[i].name, sip_method_name(rows[i].id)) == 0);
        }
        g_assert_true(found);
    }
}

/* ---- Header names and lines ---- */

typedef struct {
    const char *rule;
    const char *name;
    sip_header_id_t id;
} name_row_t;

/* D-11, D-55; RFC 3261 7.3.1, 7.3.3 */
static const name_row_t name_rows[] = {
    {"unread", "Accept-Contact", SIP_HEADER_OTHER},
    {"long", "Call-ID", SIP_HEADER_CALL_ID},
    {"long", "Call-Info", SIP_HEADER_CALL_INFO},
    {"long", "Contact", SIP_HEADER_CONTACT},
    {"unread", "Content-Length", SIP_HEADER_OTHER},
    {"long", "Content-Type", SIP_HEADER_CONTENT_TYPE},
    {"long", "CSeq", SIP_HEADER_CSEQ},
    {"long", "Diversion", SIP_HEADER_DIVERSION},
    {"long", "Error-Info", SIP_HEADER_ERROR_INFO},
    {"long", "Expires", SIP_HEADER_EXPIRES},
    {"long", "From", SIP_HEADER_FROM},
    {"long", "History-Info", SIP_HEADER_HISTORY_INFO},
    {"long", "Identity", SIP_HEADER_IDENTITY},
    {"long", "Join", SIP_HEADER_JOIN},
    {"unread", "Max-Forwards", SIP_HEADER_OTHER},
    {"long", "P-Asserted-Identity", SIP_HEADER_P_ASSERTED_IDENTITY},
    {"long", "Reason", SIP_HEADER_REASON},
    {"unread", "Record-Route", SIP_HEADER_OTHER},
    {"long", "Replaces", SIP_HEADER_REPLACES},
    {"long", "Retry-After", SIP_HEADER_RETRY_AFTER},
    {"long", "Route", SIP_HEADER_ROUTE},
    {"long", "Server", SIP_HEADER_SERVER},
    {"long", "Session-ID", SIP_HEADER_SESSION_ID},
    {"long", "To", SIP_HEADER_TO},
    {"long", "User-Agent", SIP_HEADER_USER_AGENT},
    {"long", "Via", SIP_HEADER_VIA},
    {"long", "Warning", SIP_HEADER_WARNING},
    {"D-11-unread", "a", SIP_HEADER_OTHER},
    {"D-11-compact", "c", SIP_HEADER_CONTENT_TYPE},
    {"D-11-compact", "f", SIP_HEADER_FROM},
    {"D-11-compact", "i", SIP_HEADER_CALL_ID},
    {"D-11-unread", "l", SIP_HEADER_OTHER},
    {"D-11-compact", "m", SIP_HEADER_CONTACT},
    {"D-11-compact", "t", SIP_HEADER_TO},
    {"D-11-compact", "v", SIP_HEADER_VIA},
    {"D-11-compact", "y", SIP_HEADER_IDENTITY},
    /* Compact forms of headers that nobody here reads, and letters that are none. */
    {"D-11-unread", "b", SIP_HEADER_OTHER},
    {"D-11-unread", "d", SIP_HEADER_OTHER},
    {"D-11-unread", "e", SIP_HEADER_OTHER},
    {"D-11-unread", "j", SIP_HEADER_OTHER},
    {"D-11-unread", "k", SIP_HEADER_OTHER},
    {"D-11-unread", "n", SIP_HEADER_OTHER},
    {"D-11-unread", "o", SIP_HEADER_OTHER},
    {"D-11-unread", "r", SIP_HEADER_OTHER},
    {"D-11-unread", "s", SIP_HEADER_OTHER},
    {"D-11-unread", "u", SIP_HEADER_OTHER},
    {"D-11-unread", "x", SIP_HEADER_OTHER},
    {"no-such", "g", SIP_HEADER_OTHER},
    {"no-such", "Contacts", SIP_HEADER_OTHER},
    {"no-such", "Contac", SIP_HEADER_OTHER},
    {"no-such", "X-Contact", SIP_HEADER_OTHER},
    {"no-such", "Content_Length", SIP_HEADER_OTHER},
    {"no-such", "Call\rID", SIP_HEADER_OTHER},
    {"no-such", "Call\x0dInfo", SIP_HEADER_OTHER},
    {"no-such", "Via Via", SIP_HEADER_OTHER},
    {"no-such", "", SIP_HEADER_OTHER},
    {"no-such", "[", SIP_HEADER_OTHER},
    {"no-such", "z", SIP_HEADER_OTHER},
    {"no-such", "Zone", SIP_HEADER_OTHER},
    {"no-such", "@", SIP_HEADER_OTHER},
    {"no-such", "\xe1", SIP_HEADER_OTHER},
    {"D-55-escaped", "C%6Fntact", SIP_HEADER_OTHER},
};

static void
check_name(const char *name, const char *colon, sip_header_id_t id)
{
    char *line = g_strconcat(name, colon, "value", NULL);
    sample_t *sample = sample_with_headers(line);
    sip_header_iter_t iter;
    sip_header_t header;
    sip_slice_t value = SIP_SLICE_NONE;

    sip_header_iter_init(&iter, &sample->message);
    if (id == SIP_HEADER_OTHER) {
        g_assert_cmphex(sample->message.present, ==, 0);
        g_assert_false(sip_header_iter_next(&iter, &header));
    } else {
        g_assert_cmphex(sample->message.present, ==, SIP_HEADER_BIT(id));
        g_assert_true(sip_message_has(&sample->message, id));
        g_assert_true(sip_message_header(&sample->message, id, &value));
        ASSERT_SLICE(value, "value");
        g_assert_true(sip_header_iter_next(&iter, &header));
        g_assert_cmpint(header.id, ==, id);
        ASSERT_SLICE(header.name, name);
        ASSERT_SLICE(header.value, "value");
        g_assert_false(sip_header_iter_next(&iter, &header));
    }
    g_assert_cmphex(sample->message.repeated, ==, 0);
    sample_free(sample);
    g_free(line);
}

static void
test_name(const void *data)
{
    const name_row_t *row = data;
    /* HCOLON allows blanks before the colon, any white space after it (RFC 3261 25.1). */
    static const char *const colons[] = {":", ": ", " : ", "\t \t:\t", ":\r\n "};
    char *upper = g_ascii_strup(row->name, -1);
    char *lower = g_ascii_strdown(row->name, -1);

    for (size_t i = 0; i < G_N_ELEMENTS(colons); i++) {
        check_name(row->name, colons[i], row->id);
        check_name(upper, colons[i], row->id);
        check_name(lower, colons[i], row->id);
    }
    g_free(upper);
    g_free(lower);
}

/* No header that the plugin names is left without a name that is read. */
static void
test_every_id_has_a_name(void)
{
    for (int id = SIP_HEADER_OTHER + 1; id < SIP_HEADER_COUNT; id++) {
        bool named = false;

        for (size_t i = 0; i < G_N_ELEMENTS(name_rows); i++) {
            named = named || name_rows[i].id == (sip_header_id_t)id;
        }
        g_assert_true(named);
    }
}

typedef struct {
    const char *rule;
    const char *text; /* after the start line */
    const char *call_id;
    const char *from_uri;
    const char *headers;
    const char *body;
    unsigned flags;
} line_row_t;

static const line_row_t line_rows[] = {
    {"crlf", "Call-ID: 1\r\nFrom: sip:a@h\r\n\r\nbody\r\n", "1", "sip:a@h", "Call-ID: 1\r\nFrom: sip:a@h\r\n",
     "body\r\n", 0},
    {"lf", "Call-ID: 1\nFrom: sip:a@h\n\nbody", "1", "sip:a@h", "Call-ID: 1\nFrom: sip:a@h\n", "body", 0},
    {"mixed", "Call-ID: 1\r\nFrom: sip:a@h\n\r\nbody", "1", "sip:a@h", "Call-ID: 1\r\nFrom: sip:a@h\n", "body", 0},
    {"extra-cr", "Call-ID: 1\r\r\n\r\r\nbody", "1", NULL, "Call-ID: 1\r\r\n", "body", 0},
    {"D-12-folded", "Call-ID:\r\n 1\r\nFrom:\r\n\tsip:a@h\r\n\r\n", "1", "sip:a@h",
     "Call-ID:\r\n 1\r\nFrom:\r\n\tsip:a@h\r\n", "", 0},
    {"D-12-folded-lf", "Call-ID:\n 1\nFrom:\n\tsip:a@h\n\n", "1", "sip:a@h", "Call-ID:\n 1\nFrom:\n\tsip:a@h\n", "", 0},
    {"D-12-blank-line-is-folding", "Call-ID: 1\r\n \r\nFrom: sip:a@h\r\n\r\nx", "1", "sip:a@h",
     "Call-ID: 1\r\n \r\nFrom: sip:a@h\r\n", "x", 0},
    {"fold-after-start-line", " Call-ID: 2\r\nCall-ID: 1\r\n\r\n", "1", NULL, " Call-ID: 2\r\nCall-ID: 1\r\n", "", 0},
    {"no-headers", "\r\nbody", NULL, NULL, "", "body", 0},
    {"nothing", "", NULL, NULL, "", "", SIP_MESSAGE_FLAG_NO_END},
    {"no-end", "Call-ID: 1\r\n", "1", NULL, "Call-ID: 1\r\n", "", SIP_MESSAGE_FLAG_NO_END},
    {"no-end-of-line", "Call-ID: 1", "1", NULL, "Call-ID: 1", "", SIP_MESSAGE_FLAG_NO_END},
    {"cut-in-the-end", "Call-ID: 1\r\n\r", "1", NULL, "Call-ID: 1\r\n", "", SIP_MESSAGE_FLAG_NO_END},
    {"no-colon", "Call-ID 7\r\nCall-ID: 1\r\n\r\n", "1", NULL, "Call-ID 7\r\nCall-ID: 1\r\n", "", 0},
    {"no-name", ": 7\r\nCall-ID: 1\r\n\r\n", "1", NULL, ": 7\r\nCall-ID: 1\r\n", "", 0},
    {"colon-in-value", "Subject: Call-ID: 7\r\nCall-ID: 1:2\r\n\r\n", "1:2", NULL,
     "Subject: Call-ID: 7\r\nCall-ID: 1:2\r\n", "", 0},
    {"header-in-body", "Call-ID: 1\r\n\r\nFrom: sip:a@h\r\n\r\n", "1", NULL, "Call-ID: 1\r\n", "From: sip:a@h\r\n\r\n",
     0},
    {"empty-value", "Call-ID:\r\nFrom:  \r\n\r\n", "", "", "Call-ID:\r\nFrom:  \r\n", "", 0},
    {"D-55-two-call-ids", "Call-ID: 1\r\ni: 2\r\n\r\n", "1", NULL, "Call-ID: 1\r\ni: 2\r\n", "", 0},
    {"D-55-empty-call-id-first", "i:\r\nCall-ID: 1\r\n\r\n", "", NULL, "i:\r\nCall-ID: 1\r\n", "", 0},
    /* A sipfrag and a message/sip body are bodies, whatever they say. */
    {"D-52-sipfrag", "Content-Type: message/sipfrag\r\nCall-ID: 1\r\n\r\nSIP/2.0 603 Declined\r\nCall-ID: 9\r\n\r\n",
     "1", NULL, "Content-Type: message/sipfrag\r\nCall-ID: 1\r\n", "SIP/2.0 603 Declined\r\nCall-ID: 9\r\n\r\n", 0},
};

static void
test_lines(const void *data)
{
    const line_row_t *row = data;
    char *text = g_strconcat("NOTIFY sip:b@h SIP/2.0\r\n", row->text, NULL);
    sample_t *sample = sample_of(text);

    g_assert_true(sample->parsed);
    g_assert_cmpint(sample->message.method_id, ==, SIP_METHOD_NOTIFY);
    g_assert_false(sample->message.is_response);
    ASSERT_SLICE(sample->message.call_id, row->call_id);
    ASSERT_SLICE(sip_message_from_uri(&sample->message), row->from_uri);
    ASSERT_SLICE(sample->message.headers, row->headers);
    ASSERT_SLICE(sample->message.body, row->body);
    ASSERT_FLAGS(sample->message.flags, row->flags);
    sample_free(sample);
    g_free(text);
}

/* Nothing of one message stays behind for the next one in the same place. */
static void
test_reuse(void)
{
    sip_slice_t full = exact("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=1\r\nFrom: <sip:a@h>;tag=1\r\n"
                             "To: <sip:b@h>;tag=2\r\nCall-ID: 1\r\nCall-ID: 2\r\nCSeq: 7 INVITE\r\n\r\n");
    sip_slice_t bare = exact("BYE sip:b@h SIP/2.0\r\n\r\n");
    sip_message_t message;

    g_assert_true(sip_message_parse(full, &message));
    g_assert_true(message.is_response);
    g_assert_true(message.has_cseq);
    g_assert_true(sip_message_parse(bare, &message));
    g_assert_false(message.is_response);
    g_assert_cmpuint(message.status, ==, 0);
    ASSERT_SLICE(message.phrase, NULL);
    ASSERT_SLICE(message.call_id, NULL);
    g_assert_false(message.has_cseq);
    ASSERT_SLICE(message.cseq_method, NULL);
    g_assert_cmpint(message.cseq_method_id, ==, SIP_METHOD_OTHER);
    ASSERT_SLICE(sip_message_from_uri(&message), NULL);
    ASSERT_SLICE(sip_message_from_tag(&message), NULL);
    ASSERT_SLICE(sip_message_to_uri(&message), NULL);
    ASSERT_SLICE(sip_message_to_tag(&message), NULL);
    ASSERT_SLICE(message.via.sent_by, NULL);
    ASSERT_SLICE(message.via.branch, NULL);
    g_assert_cmpuint(message.via_count, ==, 0);
    g_assert_cmphex(message.present, ==, 0);
    g_assert_cmphex(message.repeated, ==, 0);
    g_assert_cmphex(message.other_letters, ==, 0);
    g_assert_cmphex(message.other_pairs, ==, 0);
    ASSERT_FLAGS(message.flags, 0);
    release(full);
    release(bare);
}

static void
test_header_by_name(void)
{
    sample_t *sample = sample_with_headers("X-Call-ID : a\r\n b\r\nContact: <sip:a@h>\r\nx-call-id: c\r\nno colon\r\n"
                                           "m: <sip:b@h>\r\nX-Colon: a: b\r\nX-Empty:");
    static const struct {
        const char *name;
        const char *value;
    } rows[] = {
        {"X-Call-ID", "a\r\n b"},
        {"x-cALL-id", "a\r\n b"},
        {"Contact", "<sip:a@h>"},
        {"m", "<sip:b@h>"},
        {"X-Empty", ""},
        {"X-Call", NULL},
        {"To", NULL},
        {"Reason", NULL},
        {"no colon", NULL},
        {"X-Call-ID ", NULL},
        {"X-Empty:", NULL},
        {"X-Colon: a", NULL},
        {"1st", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sip_slice_t name = exact(rows[i].name);
        sip_slice_t value = SIP_SLICE_NONE;

        g_assert_cmpint(sip_message_header_by_name(&sample->message, name, &value), ==, rows[i].value != NULL);
        ASSERT_SLICE(value, rows[i].value);
        release(name);
    }
    sample_free(sample);
}

/* ---- Via ---- */

typedef struct {
    const char *rule;
    const char *headers;
    const char *vias; /* sent-by|branch of each, "-" where absent, separated by blanks */
} via_row_t;

static const via_row_t via_rows[] = {
    {"plain", "Via: SIP/2.0/UDP h:5060;branch=z9hG4bK1", "h:5060|z9hG4bK1"},
    {"two-lines", "Via: SIP/2.0/UDP a;branch=1\r\nVia: SIP/2.0/TCP b;branch=2", "a|1 b|2"},
    {"D-11-mixed", "Via: SIP/2.0/UDP a;branch=1\r\nv: SIP/2.0/TCP b;branch=2", "a|1 b|2"},
    {"comma", "Via: SIP/2.0/UDP a;branch=1,SIP/2.0/TCP b;branch=2", "a|1 b|2"},
    {"comma-in-quotes", "Via: SIP/2.0/UDP a;x=\"1,2;branch=no\";branch=1, SIP/2.0/TCP b", "a|1 b|-"},
    {"4475-3.1.1.1-blanks",
     "v:  SIP  / 2.0  / TCP     h.example   ;\r\n  branch  =   z9hG4bK9  ,\r\n SIP  /    2.0   / UDP  192.0.2.1   ;"
     " branch=\r\n z9hG4bK3",
     "h.example|z9hG4bK9 192.0.2.1|z9hG4bK3"},
    {"port-blanks", "Via: SIP/2.0/UDP h : 5060 ;branch=1", "h : 5060|1"},
    {"ipv6", "Via: SIP/2.0/TLS [2001:db8::1]:5061;branch=1", "[2001:db8::1]:5061|1"},
    {"D-23-no-branch", "Via: SIP/2.0/UDP h", "h|-"},
    {"D-23-2543-branch", "Via: SIP/2.0/UDP h;branch=1.2", "h|1.2"},
    {"D-23-cookie-alone", "Via: SIP/2.0/UDP h;branch=z9hG4bK", "h|z9hG4bK"},
    {"empty-branch", "Via: SIP/2.0/UDP h;branch=", "h|"},
    {"branch-without-value", "Via: SIP/2.0/UDP h;branch", "h|-"},
    {"branch-case", "Via: SIP/2.0/UDP h;rport;BRANCH=z9hG4bKx;received=1", "h|z9hG4bKx"},
    {"first-branch", "Via: SIP/2.0/UDP h;branch=1;branch=2", "h|1"},
    {"like-branch", "Via: SIP/2.0/UDP h;xbranch=1;branchx=2", "h|-"},
    {"transport-case", "Via: sip/2.0/udp h", "h|-"},
    {"other-transport", "Via: SIP/2.0/TLS-SCTP h", "h|-"},
    {"no-host", "Via: SIP/2.0/UDP ;branch=1", "|1"},
    {"no-transport", "Via: SIP/2.0 h;branch=1", "-|1"},
    {"empty-transport", "Via: SIP/2.0/", "|-"},
    {"empty-version", "Via: SIP//UDP h", "h|-"},
    {"slash-in-params", "Via: SIP/2.0 h;a=/;branch=1", "-|1"},
    {"params-only", "Via: ;branch=1", "-|1"},
    {"empty", "Via:", ""},
    {"empty-values", "Via: ,, SIP/2.0/UDP h ,", "h|-"},
    {"empty-first-line", "Via:\r\nVia: SIP/2.0/UDP h;branch=1", "h|1"},
    {"empty-second-line", "Via: SIP/2.0/UDP h;branch=1\r\nv: \r\nVia: ,", "h|1"},
    {"decimal-comma-before-blank", "Via: SIP/2.0/UDP h;branch=1\r\nVia: SIP/2.0/UDP i;q=0,5\f", "h|1 i|-"},
    {"branch-flag-first", "Via: SIP/2.0/UDP h;branch;branch=no", "h|-"},
    {"flag-before", "Via: SIP/2.0/UDP h;b;rport;branch=1", "h|1"},
    {"quotes-before", "Via: SIP/2.0/UDP h;x=\";branch=no\";branch=yes", "h|yes"},
    {"quote-inside-before", "Via: SIP/2.0/UDP h;x=a\";branch=yes;y=\"", "h|yes"},
    {"quoted-branch", "Via: SIP/2.0/UDP h;branch=\"1;2\";x", "h|\"1;2\""},
    {"blank-before", "Via: SIP/2.0/UDP h; branch=1;branch=2", "h|1"},
    {"blank-before-equals", "Via: SIP/2.0/UDP h;branch =1;branch=2", "h|1"},
    {"blank-after-equals", "Via: SIP/2.0/UDP h;branch= 1;branch=2", "h|1"},
    {"other-case-first", "Via: SIP/2.0/UDP h;Branch=1;branch=2", "h|1"},
    {"long", "Via: SIP/2.0/UDP 192.0.2.1:5060;received=192.0.2.254;rport=5060;branch=z9hG4bKaaaabbbbccccdddd;ttl=1",
     "192.0.2.1:5060|z9hG4bKaaaabbbbccccdddd"},
    /* 4475 3.1.2.1: unwelcome separators do not hide the branch. */
    {"4475-3.1.2.1", "Via: SIP/2.0/UDP h;;,;,,", "h|- -|-"},
};

static void
append_via_part(GString *list, sip_slice_t part)
{
    if (part.ptr) {
        g_string_append_len(list, part.ptr, (gssize)part.len);
    } else {
        g_string_append_c(list, '-');
    }
}

static void
test_via(const void *data)
{
    const via_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);
    GString *list = g_string_new(NULL);
    unsigned count = 0;
    sip_via_iter_t iter;
    sip_via_t via;

    sip_via_iter_init(&iter, &sample->message);
    for (; sip_via_iter_next(&iter, &via); count++) {
        g_string_append(list, count > 0 ? " " : "");
        append_via_part(list, via.sent_by);
        g_string_append_c(list, '|');
        append_via_part(list, via.branch);
        if (count == 0) {
            g_assert_true(via.sent_by.ptr == sample->message.via.sent_by.ptr);
            g_assert_cmpuint(via.sent_by.len, ==, sample->message.via.sent_by.len);
            g_assert_true(via.branch.ptr == sample->message.via.branch.ptr);
            g_assert_cmpuint(via.branch.len, ==, sample->message.via.branch.len);
        }
    }
    g_assert_cmpstr(list->str, ==, row->vias);
    g_assert_cmpuint(sample->message.via_count, ==, count);
    if (count == 0) {
        ASSERT_SLICE(sample->message.via.sent_by, NULL);
        ASSERT_SLICE(sample->message.via.branch, NULL);
    }
    ASSERT_FLAGS(sample->message.flags, 0);
    g_string_free(list, TRUE);
    sample_free(sample);
}

static char *
repeat(const char *format, unsigned count)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        char *one = g_strdup_printf(format, i); /* every format here holds one %u */

        g_string_append(text, one);
        g_free(one);
    }
    return g_string_free(text, FALSE);
}

static void
test_via_limit(void)
{
    const unsigned counts[] = {SIP_MESSAGE_MAX_VIAS, SIP_MESSAGE_MAX_VIAS + 1, 1000};

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        char *vias = repeat("SIP/2.0/UDP h;branch=%u,", counts[i]);
        char *text = g_strconcat("SIP/2.0 200 OK\r\nVia: ", vias, "\r\n\r\n", NULL);
        sample_t *sample = sample_of(text);
        sip_via_iter_t iter;
        sip_via_t via;

        g_assert_true(sample->parsed);
        g_assert_cmpuint(sample->message.via_count, ==, counts[i]);
        sip_via_iter_init(&iter, &sample->message);
        for (unsigned j = 0; j < SIP_MESSAGE_MAX_VIAS; j++) {
            g_assert_true(sip_via_iter_next(&iter, &via));
        }
        ASSERT_SLICE(via.branch, "23");
        g_assert_false(sip_via_iter_next(&iter, &via));
        ASSERT_FLAGS(sample->message.flags, 0);
        sample_free(sample);
        g_free(text);
        g_free(vias);
    }
}

/* ---- From, To, CSeq ---- */

typedef struct {
    const char *rule;
    const char *value;
    const char *uri;
    const char *tag;
} party_row_t;

static const party_row_t party_rows[] = {
    {"plain", "<sip:a@h>;tag=1", "sip:a@h", "1"},
    {"name", "\"A\" <sip:a@h>;tag=1", "sip:a@h", "1"},
    {"bare", "sip:a@h;tag=1", "sip:a@h", "1"},
    {"no-tag", "<sip:a@h>", "sip:a@h", NULL},
    {"D-23-no-tag-bare", "sip:a@h", "sip:a@h", NULL},
    {"D-23-empty-tag", "<sip:a@h>;tag=", "sip:a@h", ""},
    {"tag-first", "<sip:a@h>;x;tag;tag=no", "sip:a@h", NULL},
    {"tag-after-others", "<sip:a@h>;tagx=no;xtag=no;tag=1", "sip:a@h", "1"},
    {"tag-quoted", "<sip:a@h>;tag=\"1;2\";x", "sip:a@h", "\"1;2\""},
    {"tag-blank", "<sip:a@h>;tag= 1 ;x", "sip:a@h", "1"},
    {"tag-after-nested", "<sip:a@h?R=<sip:p>;tag=no>;tag=1", "sip:a@h?R=<sip:p>;tag=no", "1"},
    {"tag-after-nested-unclosed", "<sip:a@h?R=<sip:p>;tag=1", "sip:a@h?R=<sip:p", "1"},
    {"tag-bare-with-brackets", "sip:a@h;tag=1;x=<y>;tag=no", "sip:a@h", "1"},
    {"tag-long", "<sip:a@h>;tag=0123456789abcdef0123456789abcdef;x", "sip:a@h", "0123456789abcdef0123456789abcdef"},
    {"tag-in-uri", "<sip:a@h;tag=no>", "sip:a@h;tag=no", NULL},
    {"tag-case", "<sip:a@h>;x=1;TAG = 2", "sip:a@h", "2"},
    {"tag-in-quotes", "<sip:a@h>;x=\";tag=no\";tag=yes", "sip:a@h", "yes"},
    {"quoted-name", "\"a <sip:no@h>;tag=no\" <sip:a@h>;tag=yes", "sip:a@h", "yes"},
    {"4475-3.1.1.1", "\"J Rosenberg \\\\\\\"\"       <sip:j@h>\r\n  ;\r\n  tag = 98asjd8", "sip:j@h", "98asjd8"},
    {"4475-3.1.1.6", "caller<sip:c@h>;tag=323", "sip:c@h", "323"},
    {"4475-3.1.2.6-unbalanced", "\"Mr. J. User <sip:j@h>;tag=1", "sip:j@h", "1"},
    {"4475-3.1.2.15", "Bell, Alexander <sip:a.g.bell@h>;tag=43", "sip:a.g.bell@h", "43"},
    {"4475-3.1.2.13-bare-question", "sip:a@h?Route=%3Csip:p%3E;tag=1", "sip:a@h?Route=%3Csip:p%3E", "1"},
    {"folded", "\r\n <sip:a@h>\r\n ;tag=1", "sip:a@h", "1"},
    {"empty", "", "", NULL},
    {"params-only", ";tag=1", "", "1"},
};

static void
test_party(const void *data)
{
    const party_row_t *row = data;
    char *headers = g_strconcat("f: ", row->value, "\r\nTo: ", row->value, "\r\nFrom: <sip:later@h>;tag=later",
                                "\r\nTo: <sip:later@h>;tag=later", NULL);
    sample_t *sample = sample_with_headers(headers);

    ASSERT_SLICE(sip_message_from_uri(&sample->message), row->uri);
    ASSERT_SLICE(sip_message_from_tag(&sample->message), row->tag);
    ASSERT_SLICE(sip_message_to_uri(&sample->message), row->uri);
    ASSERT_SLICE(sip_message_to_tag(&sample->message), row->tag);
    sample_free(sample);
    g_free(headers);
}

/* The same of the value alone, whose end is then the end of the text. */
static void
test_tag(const void *data)
{
    const party_row_t *row = data;
    sip_slice_t value = exact(row->value), tag = SIP_SLICE_NONE;
    const bool found = sip_address_tag(sip_slice_trim(value), &tag);

    g_assert_cmpint(found, ==, row->tag != NULL || strcmp(row->rule, "tag-first") == 0);
    ASSERT_SLICE(tag, row->tag);
    release(value);
}

typedef struct {
    const char *rule;
    const char *headers;
    bool has_cseq;
    uint32_t cseq;
    const char *method;
    sip_method_t method_id;
    unsigned flags;
} cseq_row_t;

static const cseq_row_t cseq_rows[] = {
    {"plain", "CSeq: 314159 INVITE", true, 314159, "INVITE", SIP_METHOD_INVITE, 0},
    {"zero", "CSeq: 0 ACK", true, 0, "ACK", SIP_METHOD_ACK, 0},
    {"other", "CSeq: 1 FOO", true, 1, "FOO", SIP_METHOD_OTHER, 0},
    {"4475-3.1.1.1", "cseq: 0009\r\n  INVITE", true, 9, "INVITE", SIP_METHOD_INVITE, 0},
    {"largest", "CSeq: 2147483647 BYE", true, 2147483647, "BYE", SIP_METHOD_BYE, 0},
    {"too-large", "CSeq: 2147483648 BYE", true, 2147483648u, "BYE", SIP_METHOD_BYE, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"32-bit", "CSeq: 4294967295 BYE", true, 4294967295u, "BYE", SIP_METHOD_BYE, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"33-bit", "CSeq: 4294967296 BYE", false, 0, "BYE", SIP_METHOD_BYE, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"4475-3.1.2.4", "CSeq: 36893488147419103232 REGISTER", false, 0, "REGISTER", SIP_METHOD_REGISTER,
     SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"many-zeros", "CSeq: 0000000000000000000000000000001 BYE", true, 1, "BYE", SIP_METHOD_BYE, 0},
    {"no-number", "CSeq: INVITE", false, 0, "INVITE", SIP_METHOD_INVITE, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"no-method", "CSeq: 7", true, 7, "", SIP_METHOD_OTHER, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"joined", "CSeq: 7INVITE", true, 7, "INVITE", SIP_METHOD_INVITE, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"empty", "CSeq:", false, 0, "", SIP_METHOD_OTHER, SIP_MESSAGE_FLAG_BAD_CSEQ},
    {"absent", "X: 1", false, 0, NULL, SIP_METHOD_OTHER, 0},
    {"D-55-two", "CSeq: 1 INVITE\r\nCSeq: 2 BYE", true, 1, "INVITE", SIP_METHOD_INVITE, 0},
    {"D-55-bad-first", "CSeq:\r\nCSeq: 2 BYE", false, 0, "", SIP_METHOD_OTHER, SIP_MESSAGE_FLAG_BAD_CSEQ},
};

static void
test_cseq(const void *data)
{
    const cseq_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);

    g_assert_cmpint(sample->message.has_cseq, ==, row->has_cseq);
    g_assert_cmpuint(sample->message.cseq, ==, row->cseq);
    ASSERT_SLICE(sample->message.cseq_method, row->method);
    g_assert_cmpint(sample->message.cseq_method_id, ==, row->method_id);
    ASSERT_FLAGS(sample->message.flags, row->flags);
    sample_free(sample);
}

/* ---- Lists of values ---- */

typedef struct {
    const char *rule;
    const char *headers;
    const char *values; /* of Contact, each followed by "|" */
} values_row_t;

static const values_row_t values_rows[] = {
    {"one", "Contact: <sip:a@h>", "<sip:a@h>|"},
    {"none", "X: 1", ""},
    {"D-13-one-line", "Contact: <sip:a@h>;q=1, <sip:b@h>", "<sip:a@h>;q=1|<sip:b@h>|"},
    {"D-13-two-lines", "Contact: <sip:a@h>;q=1\r\nm: <sip:b@h>", "<sip:a@h>;q=1|<sip:b@h>|"},
    {"D-13-both", "m: <sip:a@h>,<sip:b@h>\r\nX: 1\r\nContact: <sip:c@h> , <sip:d@h>",
     "<sip:a@h>|<sip:b@h>|<sip:c@h>|<sip:d@h>|"},
    {"D-12-folded", "Contact:\r\n  <sip:a@h>\r\n ;q=0.3,\r\n\t<sip:b@h>;\r\n  q=0.2",
     "<sip:a@h>\r\n ;q=0.3|<sip:b@h>;\r\n  q=0.2|"},
    {"D-14-quoted", "Contact: \"Smith, J; \\\"x\\\" <sip:no@no>, \" <sip:yes@yes>, <sip:b@h>",
     "\"Smith, J; \\\"x\\\" <sip:no@no>, \" <sip:yes@yes>|<sip:b@h>|"},
    {"D-14-backslashes", "Contact: \"a\\\\\" <sip:a@h>, \"b\" <sip:b@h>", "\"a\\\\\" <sip:a@h>|\"b\" <sip:b@h>|"},
    {"D-15-comma", "Contact: <sip:c,d@h>, <http://h/a,b>", "<sip:c,d@h>|<http://h/a,b>|"},
    {"D-15-comma-in-param", "Contact: <sip:a@h>;x=\"1,2\", <sip:b@h>", "<sip:a@h>;x=\"1,2\"|<sip:b@h>|"},
    {"D-16-bare", "Contact: sip:1@5.5.5.5;q=0.99, sip:2@4.4.4.4;q=1.00", "sip:1@5.5.5.5;q=0.99|sip:2@4.4.4.4;q=1.00|"},
    {"D-17-unclosed-last", "Contact: <sip:a@h>, <sip:b@h;q=1", "<sip:a@h>|<sip:b@h;q=1|"},
    {"D-17-unclosed-first", "Contact: <sip:a@h;q=1, <sip:b@h>", "<sip:a@h;q=1|<sip:b@h>|"},
    {"D-17-unclosed-joined", "Contact: <sip:a@h;q=1,<sip:b@h>", "<sip:a@h;q=1|<sip:b@h>|"},
    {"D-17-unclosed-before-name", "Contact: <sip:a@h;q=1, \"B, b\" <sip:b@h>", "<sip:a@h;q=1|\"B, b\" <sip:b@h>|"},
    {"D-17-unclosed-before-bare", "Contact: <sip:a@h, sip:b@h", "<sip:a@h, sip:b@h|"},
    {"nested", "Contact: <sip:a@h?Route=<sip:p>,<sip:q>>, <sip:b@h>", "<sip:a@h?Route=<sip:p>,<sip:q>>|<sip:b@h>|"},
    {"quote-in-brackets", "Contact: <sip:a\"@h>, <sip:b\"@h>", "<sip:a\"@h>|<sip:b\"@h>|"},
    {"quoted-comma-in-brackets", "Contact: <sip:a@h?R=\"x,\">;index=\"1\", <sip:b@h>",
     "<sip:a@h?R=\"x,\">;index=\"1\"|<sip:b@h>|"},
    {"stray-close", "Contact: <sip:a@h>>, <sip:b@h>", "<sip:a@h>>|<sip:b@h>|"},
    {"lone-quote", "Contact: \"A <sip:a@h>, <sip:b@h>", "\"A <sip:a@h>|<sip:b@h>|"},
    {"lone-quote-one-line-only", "Contact: \"A <sip:a@h>, <sip:b@h>\r\nContact: \"C, c\" <sip:c@h>",
     "\"A <sip:a@h>|<sip:b@h>|\"C, c\" <sip:c@h>|"},
    {"D-18-decimal-comma", "Contact: <sip:a@h>;q=0,5, <sip:b@h>;Q=0,25;x, <sip:c@h>; q=1,0",
     "<sip:a@h>;q=0,5|<sip:b@h>;Q=0,25;x|<sip:c@h>; q=1,0|"},
    {"D-18-decimal-comma-at-start", "Contact: ;q=0,5", ";q=0,5|"},
    {"D-18-no-decimal-comma", "Contact: <sip:a@h>;q=0,<sip:b@h>;q=1,5@h,sip:c@h;xq=0,5",
     "<sip:a@h>;q=0|<sip:b@h>;q=1|5@h|sip:c@h;xq=0|5|"},
    {"D-20-star", "Contact: *", "*|"},
    {"D-20-empty", "Contact:", ""},
    {"D-20-empty-folded", "Contact:\r\n \r\n\t", ""},
    {"empty-values", "Contact: ,, <sip:a@h> ,\t, \r\n , <sip:b@h>,", "<sip:a@h>|<sip:b@h>|"},
    {"schemeless", "Contact: voicemail@h, <sip:b@h>", "voicemail@h|<sip:b@h>|"},
};

static char *
joined_values(const sip_message_t *message, sip_header_id_t id)
{
    GString *list = g_string_new(NULL);
    sip_value_iter_t iter;
    sip_slice_t value;

    sip_value_iter_init(&iter, message, id);
    while (sip_value_iter_next(&iter, &value)) {
        g_string_append_len(list, value.ptr, (gssize)value.len);
        g_string_append_c(list, '|');
    }
    g_assert_false(sip_value_iter_next(&iter, &value));
    return g_string_free(list, FALSE);
}

static void
test_values(const void *data)
{
    const values_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);
    char *values = joined_values(&sample->message, SIP_HEADER_CONTACT);

    g_assert_cmpstr(values, ==, row->values);
    g_free(values);
    values = joined_values(&sample->message, SIP_HEADER_OTHER);
    g_assert_cmpstr(values, ==, "");
    g_free(values);
    sample_free(sample);
}

/* However many lines there are, and whichever comes last. */
static void
test_many_lines(void)
{
    const unsigned counts[] = {1, 2, 96, 97, 500};

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        char *contacts = repeat("Contact: <sip:%u@h>,<sip:x@h>\r\nX: 1\r\n", counts[i]);
        char *headers = g_strconcat(contacts, "Call-ID: 1\r\nVia: SIP/2.0/UDP h;branch=1\r\nm: <sip:last@h>", NULL);
        sample_t *sample = sample_with_headers(headers);
        sip_value_iter_t iter;
        sip_header_iter_t lines;
        sip_header_t header;
        sip_slice_t value = SIP_SLICE_NONE, last = SIP_SLICE_NONE;
        unsigned seen = 0;

        ASSERT_FLAGS(sample->message.flags, 0);
        ASSERT_SLICE(sample->message.call_id, "1");
        g_assert_cmpuint(sample->message.via_count, ==, 1);
        g_assert_cmphex(sample->message.repeated, ==, SIP_HEADER_BIT(SIP_HEADER_CONTACT));
        g_assert_true(sip_message_header(&sample->message, SIP_HEADER_CONTACT, &value));
        ASSERT_SLICE(value, "<sip:0@h>,<sip:x@h>");
        sip_value_iter_init(&iter, &sample->message, SIP_HEADER_CONTACT);
        while (sip_value_iter_next(&iter, &value)) {
            last = value;
            seen++;
        }
        g_assert_cmpuint(seen, ==, 2 * counts[i] + 1);
        ASSERT_SLICE(last, "<sip:last@h>");
        sip_value_iter_init(&iter, &sample->message, SIP_HEADER_OTHER);
        g_assert_false(sip_value_iter_next(&iter, &value));
        sip_header_iter_init(&lines, &sample->message);
        for (seen = 0; sip_header_iter_next(&lines, &header); seen++) {
        }
        g_assert_cmpuint(seen, ==, counts[i] + 3);
        sample_free(sample);
        g_free(headers);
        g_free(contacts);
    }
}

/* Line ends at every place relative to the blocks in which they are looked for, folded or not. */
static void
test_line_lengths(void)
{
    for (unsigned first = 0; first < 40; first++) {
        for (unsigned second = 0; second < 40; second++) {
            char *one = g_strnfill(first, 'a'), *two = g_strnfill(second, 'b');
            char *headers = g_strdup_printf("X:%s\r\nCall-ID: %s\r\n %s\nTo: <sip:%s@h>;tag=%s\r\n%s: x\r\nm: last",
                                            one, two, one, one, two, two);
            char *call_id = g_strstrip(g_strdup_printf("%s\r\n %s", two, one));
            sample_t *sample = sample_with_headers(headers);
            char *to_uri = g_strdup_printf("sip:%s@h", one);
            sip_slice_t value = SIP_SLICE_NONE;

            ASSERT_SLICE(sample->message.call_id, call_id);
            ASSERT_SLICE(sip_message_to_tag(&sample->message), two);
            ASSERT_SLICE(sip_message_to_uri(&sample->message), to_uri);
            g_assert_true(sip_message_header(&sample->message, SIP_HEADER_CONTACT, &value));
            ASSERT_SLICE(value, "last");
            ASSERT_SLICE(sample->message.body, "");
            sample_free(sample);
            g_free(to_uri);
            g_free(call_id);
            g_free(headers);
            g_free(one);
            g_free(two);
        }
    }
}

/* A message all zero has no headers, and can be asked for all of them. */
static void
test_zero(void)
{
    const sip_message_t zero = {.is_response = false};
    sip_header_iter_t lines;
    sip_header_t header;
    sip_via_iter_t vias;
    sip_via_t via;
    sip_value_iter_t values;
    sip_slice_t value = SIP_SLICE_NONE;

    sip_header_iter_init(&lines, &zero);
    g_assert_false(sip_header_iter_next(&lines, &header));
    sip_via_iter_init(&vias, &zero);
    g_assert_false(sip_via_iter_next(&vias, &via));
    for (int id = 0; id < SIP_HEADER_COUNT; id++) {
        sip_value_iter_init(&values, &zero, (sip_header_id_t)id);
        g_assert_false(sip_value_iter_next(&values, &value));
        g_assert_false(sip_message_header(&zero, (sip_header_id_t)id, &value));
    }
    g_assert_false(sip_message_header_by_name(&zero, SIP_SLICE_LITERAL("To"), &value));
    ASSERT_SLICE(sip_message_from_uri(&zero), NULL);
    ASSERT_SLICE(sip_message_to_uri(&zero), NULL);
    ASSERT_SLICE(value, NULL);
}

/* ---- Parameters ---- */

typedef struct {
    const char *rule;
    const char *params;
    const char *list; /* "name=value|", "name|" where the value is absent */
} params_row_t;

static const params_row_t params_rows[] = {
    {"plain", "a=1;b=2", "a=1|b=2|"},
    {"first-semicolon", ";a=1;b", "a=1|b|"},
    {"blanks", " ; a = 1 ;\r\n b\t=\t2 ; c ", "a=1|b=2|c|"},
    {"empty", "", ""},
    {"separators", ";; ;a=1;;", "a=1|"},
    {"empty-value", "a=;b=2", "a=|b=2|"},
    {"no-name", "=1;b=2", "=1|b=2|"},
    {"second-equals", "a=1=2;b", "a=1=2|b|"},
    {"D-59-quotes", "text=\"v=1;url=a,b=c\";location=RLN", "text=\"v=1;url=a,b=c\"|location=RLN|"},
    {"D-59-escapes", "text=\"a\\\";b\\\\\";c=1", "text=\"a\\\";b\\\\\"|c=1|"},
    {"quote-and-more", "a=\"x;y\"z;b=1", "a=\"x;y\"z|b=1|"},
    {"two-quotes", "a=\"x;y\" ;b=\";\"", "a=\"x;y\"|b=\";\"|"},
    {"lone-quote", "a=\"x;b=1;c=\"", "a=\"x;b=1;c=\"|"},
    {"unclosed-quote", "a=\"x;b=1;c=2", "a=\"x|b=1|c=2|"},
    {"quote-inside", "a=x\"y;b=z\"", "a=x\"y|b=z\"|"},
    {"quote-in-name", "\"a;b\"=1", "\"a|b\"=1|"},
};

static void
test_params(const void *data)
{
    const params_row_t *row = data;
    sip_slice_t params = exact(row->params);
    GString *list = g_string_new(NULL);
    sip_param_iter_t iter;
    sip_slice_t name, value;

    sip_param_iter_init(&iter, params);
    while (sip_param_iter_next(&iter, &name, &value)) {
        g_string_append_len(list, name.ptr, (gssize)name.len);
        if (value.ptr) {
            g_string_append_c(list, '=');
            g_string_append_len(list, value.ptr, (gssize)value.len);
        }
        g_string_append_c(list, '|');
    }
    g_assert_cmpstr(list->str, ==, row->list);
    g_assert_false(sip_param_iter_next(&iter, &name, &value));
    g_string_free(list, TRUE);
    release(params);
}

static void
test_param_find(void)
{
    sip_slice_t params = exact("a=1;B=2;b=3;flag;text=\"x;c=4\"");
    static const struct {
        const char *name;
        bool found;
        const char *value;
    } rows[] = {
        {"a", true, "1"},   {"A", true, "1"},  {"b", true, "2"},     {"flag", true, NULL}, {"text", true, "\"x;c=4\""},
        {"c", false, NULL}, {"", false, NULL}, {"fla", false, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sip_slice_t value = SIP_SLICE_NONE;

        g_assert_cmpint(sip_param_find(params, rows[i].name, &value), ==, rows[i].found);
        ASSERT_SLICE(value, rows[i].value);
    }
    g_assert_false(sip_param_find(SIP_SLICE_NONE, "a", &params));
    release(params);

    /* Without any quotes it is another way to the same answers. */
    params = exact("k;tag;b=1;tag=2;aa=3;a=4");
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"tag", "a", "b"}, *const values[] = {NULL, "4", "1"};
        sip_slice_t value = SIP_SLICE_NONE;

        g_assert_true(sip_param_find(params, names[i], &value));
        ASSERT_SLICE(value, values[i]);
    }
    release(params);
}

static void
test_unquote(void)
{
    static const struct {
        const char *value;
        const char *text;
    } rows[] = {
        {"\"a b\"", "a b"},
        {"\"\"", ""},
        {"a", "a"},
        {"\"", "\""},
        {"\"a", "\"a"},
        {"a\"", "a\""},
        {"\"a\\\"", "\"a\\\""},
        {"\"a\\\\\"", "a\\\\"},
        {"\"a\" b", "\"a\" b"},
        {"\"a\"b\"", "\"a\"b\""},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        sip_slice_t value = exact_bytes(rows[i].value, MAX(strlen(rows[i].value), 1));

        ASSERT_SLICE(sip_value_unquote(sip_slice_make(value.ptr, strlen(rows[i].value))), rows[i].text);
        release(value);
    }
    ASSERT_SLICE(sip_value_unquote(SIP_SLICE_NONE), NULL);
}

/* ---- Addresses ---- */

typedef struct {
    const char *rule;
    const char *value;
    const char *uri; /* NULL: none could be read */
    const char *params;
    unsigned flags;
} address_row_t;

#define BARE SIP_ADDRESS_FLAG_BARE

static const address_row_t address_rows[] = {
    {"plain", "<sip:a@h>", "sip:a@h", NULL, 0},
    {"params", "<sip:a@h;lr?s=1>;q=1;x", "sip:a@h;lr?s=1", "q=1;x", 0},
    {"quoted", "\"A\" <sip:a@h>", "sip:a@h", NULL, 0},
    {"D-14-quoted", "\"Smith, J; \\\"x\\\" <sip:no@no>\" <sip:yes@yes>;q=1", "sip:yes@yes", "q=1", 0},
    {"D-14-joined", "Bob<sip:b@h>", "sip:b@h", NULL, 0},
    {"D-14-quoted-joined", "\"B\"<sip:b@h>", "sip:b@h", NULL, 0},
    {"tokens", "Watson T. <sip:t@h>", "sip:t@h", NULL, 0},
    {"4475-3.1.2.14-blanks", "\"W\" < sip:t@h >;x", "sip:t@h", "x", 0},
    {"4475-3.1.2.15-no-tokens", "Bell, Alexander <sip:a@h>", "sip:a@h", NULL, 0},
    {"lone-quote", "\"Mr. J <sip:j@h>;q=1", "sip:j@h", "q=1", SIP_ADDRESS_FLAG_UNCLOSED},
    {"address-as-name", "a@h <sip:a@h>;q=1", "sip:a@h", "q=1", 0},
    {"odd-names", "Really?; yes <sip:a@h>", "sip:a@h", NULL, 0},
    {"D-12-folded", "\"A\r\n B\"\r\n <sip:a@h>\r\n ;\r\n q=1", "sip:a@h", "\r\n q=1", 0},
    {"D-15-comma", "<sip:c,d@h>", "sip:c,d@h", NULL, 0},
    {"D-16-bare", "sip:a@h;transport=tcp;q=0.5", "sip:a@h", "transport=tcp;q=0.5", BARE},
    {"D-16-bare-alone", "sip:a@h", "sip:a@h", NULL, BARE},
    {"D-16-bare-blank", "sip:a@h ; q=1", "sip:a@h", " q=1", BARE},
    {"bracket-in-bare-params", "sip:a@h;x=<y>;q=1", "sip:a@h", "x=<y>;q=1", BARE},
    {"D-17-bare-question", "sip:u@h?Route=%3Csip:p%3E", "sip:u@h?Route=%3Csip:p%3E", NULL,
     BARE | SIP_ADDRESS_FLAG_BARE_QUESTION},
    {"D-17-bare-question-params", "sip:u@h?Subject=x;q=0.1", "sip:u@h?Subject=x", "q=0.1",
     BARE | SIP_ADDRESS_FLAG_BARE_QUESTION},
    {"D-17-bare-question-bracket", "sip:u@h?Route=<sip:p>", "sip:u@h?Route=<sip:p>", NULL,
     BARE | SIP_ADDRESS_FLAG_BARE_QUESTION},
    {"D-17-question-after", "sip:u@h;x=?", "sip:u@h", "x=?", BARE},
    {"D-17-unclosed", "<sip:a@h;q=0.5", "sip:a@h;q=0.5", NULL, SIP_ADDRESS_FLAG_UNCLOSED},
    {"D-17-unclosed-name", "A <sip:a@h ", "sip:a@h", NULL, SIP_ADDRESS_FLAG_UNCLOSED},
    {"nested", "<sip:a@h?Route=<sip:p;lr>,<sip:q>>;q=1", "sip:a@h?Route=<sip:p;lr>,<sip:q>", "q=1", 0},
    {"nested-unclosed", "<sip:a@h?Route=<sip:p>;q=1", "sip:a@h?Route=<sip:p", "q=1", SIP_ADDRESS_FLAG_UNCLOSED},
    {"stray-close", "<sip:a@h>>;q=1", "sip:a@h", "q=1", 0},
    {"junk-after", "<sip:a@h> x ;q=1", "sip:a@h", "q=1", 0},
    {"D-20-star", "*", NULL, NULL, SIP_ADDRESS_FLAG_STAR},
    {"D-20-star-params", "*;q=1", NULL, "q=1", SIP_ADDRESS_FLAG_STAR},
    {"D-20-no-star", "<*>", "*", NULL, 0},
    {"empty-brackets", "<>", NULL, NULL, SIP_ADDRESS_FLAG_BAD_URI},
    {"bracket-alone", "<", NULL, NULL, SIP_ADDRESS_FLAG_BAD_URI | SIP_ADDRESS_FLAG_UNCLOSED},
    {"params-alone", ";q=1", NULL, "q=1", BARE | SIP_ADDRESS_FLAG_BAD_URI},
    {"folded-uri", "<sip:a\r\n @h>;q=1", NULL, "q=1", SIP_ADDRESS_FLAG_BAD_URI},
    {"schemeless", "voicemail@h", "voicemail@h", NULL, BARE},
    {"tel", "<tel:+1-201-555-0123;phone-context=x>", "tel:+1-201-555-0123;phone-context=x", NULL, 0},
    {"http", "<http://h/a?b=<c>,d>;q=1", "http://h/a?b=<c>,d", "q=1", 0},
    {"number-of-name", "\"1\" <sip:+1@h>;tag=\"<x>\"", "sip:+1@h", "tag=\"<x>\"", 0},
};

static void
test_address(const void *data)
{
    const address_row_t *row = data;
    sip_slice_t value = exact(row->value);
    sip_address_t address;

    g_assert_true(sip_address_parse(value, &address));
    ASSERT_SLICE(address.uri.whole, row->uri);
    ASSERT_SLICE(address.params, row->params);
    ASSERT_FLAGS(address.flags, row->flags);
    release(value);
}

static void
test_address_empty(void)
{
    static const char *const values[] = {"", " ", "\r\n\t "};
    sip_address_t address;
    sip_contact_t contact;
    sip_reason_t reason;
    sip_history_entry_t entry;
    sip_diversion_t diversion;

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        sip_slice_t value = exact(values[i]);

        g_assert_false(sip_address_parse(value, &address));
        g_assert_false(sip_contact_parse(value, &contact));
        g_assert_false(sip_reason_parse(value, &reason));
        g_assert_false(sip_history_entry_parse(value, &entry));
        g_assert_false(sip_diversion_parse(value, &diversion));
        release(value);
    }
    g_assert_false(sip_address_parse(SIP_SLICE_NONE, &address));
}

/* ---- Contact ---- */

typedef struct {
    const char *rule;
    const char *params; /* after "<sip:a@h>" */
    bool has_q;
    double q;
    bool has_expires;
    uint32_t expires;
    unsigned flags;
} contact_row_t;

#define BAD_Q SIP_ADDRESS_FLAG_BAD_Q
#define BAD_EXPIRES SIP_ADDRESS_FLAG_BAD_EXPIRES

static const contact_row_t contact_rows[] = {
    {"D-18-none", "", false, 0, false, 0, 0},
    {"D-18-plain", ";q=0.7", true, 0.7, false, 0, 0},
    {"D-18-zero", ";q=0", true, 0, false, 0, 0},
    {"D-18-one", ";q=1", true, 1, false, 0, 0},
    {"D-18-1.000", ";q=1.000", true, 1, false, 0, 0},
    {"D-18-0.", ";q=0.", true, 0, false, 0, 0},
    {"D-18-three-digits", ";q=0.125", true, 0.125, false, 0, 0},
    {"D-18-case-blanks", " ; Q = 0.25 ", true, 0.25, false, 0, 0},
    {"D-18-.5", ";q=.5", true, 0.5, false, 0, BAD_Q},
    {"D-18-comma", ";q=0,5", true, 0.5, false, 0, BAD_Q},
    {"D-18-quoted", ";q=\"0.5\"", true, 0.5, false, 0, BAD_Q},
    {"D-18-four-digits", ";q=0.1234", true, 0.1234, false, 0, BAD_Q},
    {"D-18-1.0000", ";q=1.0000", true, 1, false, 0, BAD_Q},
    {"D-18-many-digits", ";q=0.33333333333333333333333333333333", true, 0.333333333333, false, 0, BAD_Q},
    {"D-18-above", ";q=1.5", true, 1, false, 0, BAD_Q},
    {"D-18-1.001", ";q=1.001", true, 1, false, 0, BAD_Q},
    {"D-18-far-above", ";q=99999999999999999999999999", true, 1, false, 0, BAD_Q},
    {"D-18-below", ";q=-0.5", true, 0, false, 0, BAD_Q},
    {"D-18-plus", ";q=+0.5", true, 0.5, false, 0, BAD_Q},
    {"D-18-junk", ";q=0.5x", true, 0.5, false, 0, BAD_Q},
    {"D-18-two-dots", ";q=0.2.5", true, 0.2, false, 0, BAD_Q},
    {"D-18-no-dot", ";q=0x5", true, 0, false, 0, BAD_Q},
    {"D-18-00.5", ";q=00.5", true, 0.5, false, 0, BAD_Q},
    {"D-18-exponent", ";q=5e-1", true, 1, false, 0, BAD_Q},
    {"D-18-empty", ";q=", false, 0, false, 0, BAD_Q},
    {"D-18-no-value", ";q", false, 0, false, 0, BAD_Q},
    {"D-18-word", ";q=high", false, 0, false, 0, BAD_Q},
    {"D-18-dot", ";q=.", false, 0, false, 0, BAD_Q},
    {"D-18-duplicate", ";q=0.2;q=0.9", true, 0.2, false, 0, SIP_ADDRESS_FLAG_DUPLICATE_Q},
    {"D-18-duplicate-of-bad", ";q=;q=0.9", false, 0, false, 0, SIP_ADDRESS_FLAG_DUPLICATE_Q | BAD_Q},
    {"D-19-plain", ";expires=60", false, 0, true, 60, 0},
    {"D-19-case", ";EXPIRES = 60;q=0.1", true, 0.1, true, 60, 0},
    {"D-19-zero", ";expires=0", false, 0, true, 0, 0},
    {"D-19-largest", ";expires=4294967295", false, 0, true, 4294967295u, 0},
    {"D-19-too-large", ";expires=4294967296", false, 0, true, 3600, BAD_EXPIRES},
    {"4475-3.1.2.4", ";expires=280297596632815", false, 0, true, 3600, BAD_EXPIRES},
    {"D-19-date", ";expires=\"Wed, 29 Jul 1998 9:00:00 GMT\"", false, 0, true, 3600, BAD_EXPIRES},
    {"D-19-negative", ";expires=-1", false, 0, true, 3600, BAD_EXPIRES},
    {"D-19-empty", ";expires=", false, 0, true, 3600, BAD_EXPIRES},
    {"D-19-no-value", ";expires", false, 0, true, 3600, BAD_EXPIRES},
    {"D-19-first", ";expires=10;expires=20", false, 0, true, 10, 0},
    {"in-quotes", ";x=\";q=0.1;expires=1\";q=0.3", true, 0.3, false, 0, 0},
};

static void
test_contact(const void *data)
{
    const contact_row_t *row = data;
    char *text = g_strconcat("<sip:a@h;q=0.9;expires=9>", row->params, NULL);
    sip_slice_t value = exact(text);
    sip_contact_t contact;

    memset(&contact, 0xa5, sizeof(contact));
    g_assert_true(sip_contact_parse(value, &contact));
    ASSERT_SLICE(contact.address.uri.user, "a");
    g_assert_cmpint(contact.has_q, ==, row->has_q);
    g_assert_true(contact.q == row->q);
    g_assert_cmpint(contact.has_expires, ==, row->has_expires);
    g_assert_cmpuint(contact.expires, ==, row->expires);
    ASSERT_FLAGS(contact.address.flags, row->flags);
    release(value);
    g_free(text);
}

/* D-16: the parameters of a bare URI are the header's. */
static void
test_contact_bare(void)
{
    sip_slice_t value = exact("sip:a@h;transport=tcp;q=0.5;expires=7");
    sip_contact_t contact;

    g_assert_true(sip_contact_parse(value, &contact));
    ASSERT_SLICE(contact.address.uri.whole, "sip:a@h");
    ASSERT_SLICE(contact.address.uri.params, NULL);
    g_assert_true(contact.has_q && contact.q == 0.5);
    g_assert_true(contact.has_expires && contact.expires == 7);
    ASSERT_FLAGS(contact.address.flags, SIP_ADDRESS_FLAG_BARE);
    release(value);
}

/* ---- Expires, Retry-After ---- */

typedef struct {
    const char *rule;
    const char *headers;
    bool found;
    uint32_t seconds;
    bool malformed;
} expires_row_t;

static const expires_row_t expires_rows[] = {
    {"D-19-plain", "Expires: 60", true, 60, false},
    {"D-19-none", "X: 1", false, 0, false},
    {"D-19-zero", "expires : 0", true, 0, false},
    {"D-19-folded", "Expires:\r\n 60", true, 60, false},
    {"D-19-first", "Expires: 1\r\nExpires: 2", true, 1, false},
    {"D-19-largest", "Expires: 4294967295", true, 4294967295u, false},
    {"4475-3.1.2.4", "Expires: 1000000000000000000000", true, 3600, true},
    {"D-19-date", "Expires: Thu, 01 Dec 1994 16:00:00 GMT", true, 3600, true},
    {"D-19-empty", "Expires:", true, 3600, true},
    {"D-19-junk", "Expires: 60 s", true, 3600, true},
};

static void
test_expires(const void *data)
{
    const expires_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);
    uint32_t seconds = 0;
    bool malformed = false;

    g_assert_cmpint(sip_message_expires(&sample->message, &seconds, &malformed), ==, row->found);
    g_assert_cmpuint(seconds, ==, row->seconds);
    g_assert_cmpint(malformed, ==, row->malformed);
    sample_free(sample);
}

typedef struct {
    const char *rule;
    const char *headers;
    bool found;
    uint32_t seconds;
    const char *comment; /* NULL: absent */
    bool has_duration;
    uint32_t duration;
} retry_after_row_t;

static const retry_after_row_t retry_after_rows[] = {
    {"D-58-plain", "Retry-After: 18000", true, 18000, NULL, false, 0},
    {"D-58-duration", "Retry-After: 18000;duration=3600", true, 18000, NULL, true, 3600},
    {"D-58-comment", "Retry-After: 120 (I'm in a meeting)", true, 120, "I'm in a meeting", false, 0},
    {"D-58-both", "Retry-After: 120 (a;duration=9) ; DURATION = 60", true, 120, "a;duration=9", true, 60},
    {"D-58-joined", "Retry-After:120(a);duration=60", true, 120, "a", true, 60},
    {"D-58-nested", "Retry-After: 1 (a (b) \\) c) ;duration=2", true, 1, "a (b) \\) c", true, 2},
    {"D-58-folded", "Retry-After: 1\r\n  (a\r\n b)\r\n ;duration=2", true, 1, "a\r\n b", true, 2},
    {"D-58-unclosed", "Retry-After: 1 (a (b) ;duration=2", true, 1, "a (b) ;duration=2", false, 0},
    {"D-58-empty-comment", "Retry-After: 1 ()", true, 1, "", false, 0},
    {"D-58-comment-after", "Retry-After: 1;duration=2 (a)", true, 1, NULL, true, 2},
    {"D-58-escape-at-end", "Retry-After: 1 (\\", true, 1, "\\", false, 0},
    {"D-58-first-number", "Retry-After: 5 10", true, 5, NULL, false, 0},
    {"D-58-other-param", "Retry-After: 5;x=9;duration=7", true, 5, NULL, true, 7},
    {"bad-duration", "Retry-After: 5;duration=x", true, 5, NULL, false, 0},
    {"bare-duration", "Retry-After: 5;duration", true, 5, NULL, false, 0},
    {"large-duration", "Retry-After: 5;duration=4294967296", true, 5, NULL, false, 0},
    {"zero", "Retry-After: 0", true, 0, NULL, false, 0},
    {"none", "X: 1", false, 0, NULL, false, 0},
    {"date", "Retry-After: Mon, 21 Jul 1997 18:48:34 GMT", false, 0, NULL, false, 0},
    {"empty", "Retry-After:", false, 0, NULL, false, 0},
    {"4475-3.1.2.5-large", "Retry-After: 949302838503028349304023988", false, 0, NULL, false, 0},
};

static void
test_retry_after(const void *data)
{
    const retry_after_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);
    sip_retry_after_t whole;
    uint32_t seconds = 0;

    g_assert_cmpint(sip_message_retry_after(&sample->message, &seconds), ==, row->found);
    g_assert_cmpuint(seconds, ==, row->seconds);
    g_assert_cmpint(sip_message_retry_after_whole(&sample->message, &whole), ==, row->found);
    if (row->found) {
        g_assert_cmpuint(whole.seconds, ==, row->seconds);
        ASSERT_SLICE(whole.comment, row->comment);
        g_assert_cmpint(whole.has_duration, ==, row->has_duration);
        g_assert_cmpuint(whole.duration, ==, row->duration);
    }
    sample_free(sample);
}

/* ---- Warning ---- */

typedef struct {
    const char *rule;
    const char *value;
    bool found;
    uint32_t code;
    const char *agent, *text;
} warning_row_t;

static const warning_row_t warning_rows[] = {
    {"3261-20.43-1", "307 isi.edu \"Session parameter 'foo' not understood\"", true, 307, "isi.edu",
     "Session parameter 'foo' not understood"},
    {"3261-20.43-2", "301 isi.edu \"Incompatible network address type 'E.164'\"", true, 301, "isi.edu",
     "Incompatible network address type 'E.164'"},
    {"port", "399 192.0.2.1:5060 \"a, b; c\"", true, 399, "192.0.2.1:5060", "a, b; c"},
    {"ipv6", "399 [2001:db8::1]:5060 \"a\"", true, 399, "[2001:db8::1]:5060", "a"},
    {"blanks", "  399   pbx\t \"a\"  ", true, 399, "pbx", "a"},
    {"folded", "399 pbx\r\n \"a\"", true, 399, "pbx", "a"},
    {"escapes", "399 pbx \"a \\\"b\\\" c\"", true, 399, "pbx", "a \\\"b\\\" c"},
    {"no-agent", "399 \"a\"", true, 399, NULL, "a"},
    {"joined", "399 pbx\"a\"", true, 399, "pbx", "a"},
    {"empty-text", "399 pbx \"\"", true, 399, "pbx", ""},
    {"unclosed", "399 pbx \"a b", true, 399, "pbx", "a b"},
    {"after-text", "399 pbx \"a\" b", true, 399, "pbx", "a"},
    {"agent-first", "192.0.2.40 304 callee \"Media type not available\"", false, 0, NULL, NULL},
    {"no-quotes", "399 went wrong", false, 0, NULL, NULL},
    {"short-code", "39 pbx \"a\"", false, 0, NULL, NULL},
    {"long-code", "3990 pbx \"a\"", false, 0, NULL, NULL},
    {"code-alone", "399", false, 0, NULL, NULL},
    {"no-blank", "399\"a\"", false, 0, NULL, NULL},
    {"empty", "", false, 0, NULL, NULL},
};

static void
test_warning(const void *data)
{
    const warning_row_t *row = data;
    sip_warning_t warning;

    g_assert_cmpint(sip_warning_parse(sip_slice_from_string(row->value), &warning), ==, row->found);
    if (row->found) {
        g_assert_cmpuint(warning.code, ==, row->code);
        ASSERT_SLICE(warning.agent, row->agent);
        ASSERT_SLICE(warning.text, row->text);
    }
}

/* ---- Reason, 603+ ---- */

typedef struct {
    const char *rule;
    const char *value;
    const char *protocol;
    bool has_cause;
    uint32_t cause;
    const char *text;
    const char *location;
} reason_row_t;

static const reason_row_t reason_rows[] = {
    {"plain", "SIP;cause=200;text=\"Call completed elsewhere\"", "SIP", true, 200, "Call completed elsewhere", NULL},
    {"blanks", "Q.850 ;cause = 16 ; text = \"Terminated\"", "Q.850", true, 16, "Terminated", NULL},
    {"D-60-607", "SIP;cause=607;text=\"Unwanted\"", "SIP", true, 607, "Unwanted", NULL},
    {"location", "Q.850;cause=21;location=LN", "Q.850", true, 21, NULL, "LN"},
    {"D-59-quoted", "SIP;text=\"a;cause=1,b=\\\"c\\\"\";cause=603;location=\"RLN\"", "SIP", true, 603,
     "a;cause=1,b=\\\"c\\\"", "RLN"},
    {"no-cause", "SIP;text=x", "SIP", false, 0, "x", NULL},
    {"bad-cause", "SIP;cause=x", "SIP", false, 0, NULL, NULL},
    {"large-cause", "SIP;cause=4294967296", "SIP", false, 0, NULL, NULL},
    {"quoted-cause", "SIP;cause=\"603\"", "SIP", true, 603, NULL, NULL},
    {"cause-without-value", "SIP;cause", "SIP", false, 0, NULL, NULL},
    {"protocol-alone", "preemption", "preemption", false, 0, NULL, NULL},
    {"params-alone", ";cause=1", "", true, 1, NULL, NULL},
    {"folded", "SIP\r\n ;cause=\r\n 486", "SIP", true, 486, NULL, NULL},
    {"unclosed-text", "SIP;cause=1;text=\"abc", "SIP", true, 1, "\"abc", NULL},
};

static void
test_reason(const void *data)
{
    const reason_row_t *row = data;
    sip_slice_t value = exact(row->value);
    sip_reason_t reason;

    g_assert_true(sip_reason_parse(value, &reason));
    ASSERT_SLICE(reason.protocol, row->protocol);
    g_assert_cmpint(reason.has_cause, ==, row->has_cause);
    g_assert_cmpuint(reason.cause, ==, row->cause);
    ASSERT_SLICE(reason.text, row->text);
    ASSERT_SLICE(reason.location, row->location);
    release(value);
}

/* D-60: also in a request. */
static void
test_reason_in_request(void)
{
    sample_t *sample = sample_of("BYE sip:b@h SIP/2.0\r\nReason: Q.850;cause=16, SIP;cause=607;text=\"Unwanted\"\r\n"
                                 "Reason: SIP;cause=603\r\n\r\n");
    static const uint32_t causes[] = {16, 607, 603};
    sip_value_iter_t iter;
    sip_slice_t value;
    sip_reason_t reason;
    size_t i = 0;

    sip_value_iter_init(&iter, &sample->message, SIP_HEADER_REASON);
    while (sip_value_iter_next(&iter, &value)) {
        g_assert_true(sip_reason_parse(value, &reason));
        g_assert_cmpuint(i, <, G_N_ELEMENTS(causes));
        g_assert_cmpuint(reason.cause, ==, causes[i]);
        i++;
    }
    g_assert_cmpuint(i, ==, G_N_ELEMENTS(causes));
    sample_free(sample);
}

typedef struct {
    const char *rule;
    const char *text; /* start line and headers */
    redirect_blocked_kind_t kind;
    const char *url, *tel, *email, *id, *location;
} blocked_row_t;

#define BLOCKED "SIP/2.0 603 Network Blocked\r\n"

static const blocked_row_t blocked_rows[] = {
    {"D-59-both", BLOCKED "Reason: SIP;cause=603;text=\"v=analytics1;url=https://e.example\";location=RLN",
     REDIRECT_BLOCKED_YES, "https://e.example", NULL, NULL, NULL, "RLN"},
    {"D-59-all",
     BLOCKED "Reason: SIP;cause=603;text=\"v=analytics1;url=https://e/a,b?c=d;tel=+12015550123;"
             "email=a@e.example;id=A-1_b\";location=LN",
     REDIRECT_BLOCKED_YES, "https://e/a,b?c=d", "+12015550123", "a@e.example", "A-1_b", "LN"},
    {"D-59-phrase-case", "SIP/2.0 603 NETWORK blocked\r\nReason: sip;Cause=603;Text=\"V=Analytics1;tel=1\"",
     REDIRECT_BLOCKED_YES, NULL, "1", NULL, NULL, NULL},
    {"D-59-q850", BLOCKED "Reason: Q.850;cause=21;text=\"v=analytics1;url=u\";location=TN", REDIRECT_BLOCKED_YES, "u",
     NULL, NULL, NULL, "TN"},
    {"D-59-second-value", BLOCKED "Reason: Q.850;cause=16;text=\"a,b;c\", SIP;cause=603;text=\"v=analytics1;id=7\"",
     REDIRECT_BLOCKED_YES, NULL, NULL, NULL, "7", NULL},
    {"D-59-second-header", BLOCKED "Reason: Q.850;cause=16\r\nReason: SIP;cause=603;text=\"v=analytics1\"",
     REDIRECT_BLOCKED_YES, NULL, NULL, NULL, NULL, NULL},
    {"D-59-phrase-alone", BLOCKED "X: 1", REDIRECT_BLOCKED_PHRASE_ONLY, NULL, NULL, NULL, NULL, NULL},
    {"D-59-reason-alone", "SIP/2.0 603 Decline\r\nReason: SIP;cause=603;text=\"v=analytics1;url=u\"",
     REDIRECT_BLOCKED_REASON_ONLY, "u", NULL, NULL, NULL, NULL},
    {"D-59-neither", "SIP/2.0 603 Decline\r\nReason: SIP;cause=603;text=\"no\"", REDIRECT_BLOCKED_NO, NULL, NULL, NULL,
     NULL, NULL},
    {"v-not-first", BLOCKED "Reason: SIP;cause=603;text=\"url=u;v=analytics1\"", REDIRECT_BLOCKED_PHRASE_ONLY, NULL,
     NULL, NULL, NULL, NULL},
    {"v-longer", BLOCKED "Reason: SIP;cause=603;text=\"v=analytics12;url=u\"", REDIRECT_BLOCKED_PHRASE_ONLY, NULL, NULL,
     NULL, NULL, NULL},
    {"wrong-cause", BLOCKED "Reason: SIP;cause=21;text=\"v=analytics1\", Q.850;cause=603;text=\"v=analytics1\"",
     REDIRECT_BLOCKED_PHRASE_ONLY, NULL, NULL, NULL, NULL, NULL},
    {"no-text", BLOCKED "Reason: SIP;cause=603", REDIRECT_BLOCKED_PHRASE_ONLY, NULL, NULL, NULL, NULL, NULL},
    {"phrase-longer", "SIP/2.0 603 Network Blocked!\r\nX: 1", REDIRECT_BLOCKED_NO, NULL, NULL, NULL, NULL, NULL},
    {"phrase-in-reason-text", "SIP/2.0 603 Decline\r\nReason: SIP;cause=603;text=\"Network Blocked\"",
     REDIRECT_BLOCKED_NO, NULL, NULL, NULL, NULL, NULL},
    {"other-code", "SIP/2.0 608 Network Blocked\r\nX: 1", REDIRECT_BLOCKED_NO, NULL, NULL, NULL, NULL, NULL},
};

static void
test_blocked(const void *data)
{
    const blocked_row_t *row = data;
    char *text = g_strconcat(row->text, "\r\n\r\n", NULL);
    sample_t *sample = sample_of(text);
    sip_network_blocked_t details;
    redirect_facts_t facts;

    g_assert_true(sample->parsed);
    redirect_facts_init(&facts, &sample->message, 0);
    g_assert_cmpint(redirect_facts_network_blocked(&facts, &details), ==, row->kind);
    redirect_facts_clear(&facts);
    ASSERT_SLICE(details.url, row->url);
    ASSERT_SLICE(details.tel, row->tel);
    ASSERT_SLICE(details.email, row->email);
    ASSERT_SLICE(details.id, row->id);
    ASSERT_SLICE(details.location, row->location);
    sample_free(sample);
    g_free(text);
}

/* ---- History-Info, Diversion, Session-ID ---- */

typedef struct {
    const char *rule;
    const char *value;
    const char *user;
    const char *index, *rc, *mp;
    const char *protocol; /* of the Reason; NULL where there is none */
    uint32_t cause;
    bool has_cause_param;
    uint32_t cause_param;
} history_row_t;

static const history_row_t history_rows[] = {
    {"plain", "<sip:a@h>;index=1", "a", "1", NULL, NULL, NULL, 0, false, 0},
    {"D-61-escaped", "<sip:a@h?Reason=SIP%3Bcause%3D302>;index=1", "a", "1", NULL, NULL, "SIP", 302, false, 0},
    {"D-61-escaped-case", "<sip:a@h?reason=sip%3bCause%3d486>;index=1.1", "a", "1.1", NULL, NULL, "sip", 486, false, 0},
    {"D-61-text", "<sip:a@h?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%3Bcause%3D1%22>;index=1", "a", "1", NULL, NULL,
     "SIP", 302, false, 0},
    {"D-61-text-first", "<sip:a@h?Reason=SIP%3Btext%3D%22a%3Bcause%3D1%22%3Bcause%3D480>;index=1", "a", "1", NULL, NULL,
     "SIP", 480, false, 0},
    {"D-61-q850", "<sip:a@h?Reason=Q.850%20%3B%20cause%3D17>;index=1", "a", "1", NULL, NULL, "Q.850%20", 17, false, 0},
    {"D-61-other-headers", "<sip:a@h?Privacy=history&Reason=SIP%3Bcause%3D302&x=y>;index=1", "a", "1", NULL, NULL,
     "SIP", 302, false, 0},
    {"D-61-two-reasons", "<sip:a@h?Reason=SIP%3Bcause%3D486%2CQ.850%3Bcause%3D17>;index=1", "a", "1", NULL, NULL, "SIP",
     486, false, 0},
    {"D-61-4244", "<sip:a@h?Reason=SIP;cause=302>;index=1", "a", "1", NULL, NULL, "SIP", 302, false, 0},
    {"D-61-4244-text", "<sip:a@h?Reason=SIP;cause=302;text=\"Moved, now\">;index=1", "a", "1", NULL, NULL, "SIP", 302,
     false, 0},
    {"D-61-half-escaped", "<sip:a@h?Reason=SIP;cause%3D302%3btext=%22x%22>;index=1", "a", "1", NULL, NULL, "SIP", 302,
     false, 0},
    {"D-61-broken-escape", "<sip:a@h?Reason=SIP%3Bcause%3D302%3>;index=1", "a", "1", NULL, NULL, "SIP", 302, false, 0},
    {"D-61-no-escape", "<sip:a@h?Reason=SIP%3Btext%3D%zB%3z;cause%3D302>;index=1", "a", "1", NULL, NULL, "SIP", 302,
     false, 0},
    {"D-61-no-cause", "<sip:a@h?Reason=SIP%3Btext%3D%22x%22>;index=1", "a", "1", NULL, NULL, NULL, 0, false, 0},
    {"D-61-empty-reason", "<sip:a@h?Reason=>;index=1", "a", "1", NULL, NULL, NULL, 0, false, 0},
    {"D-61-not-reason", "<sip:a@h?XReason=SIP%3Bcause%3D302>;index=1", "a", "1", NULL, NULL, NULL, 0, false, 0},
    {"D-61-anonymous", "<sip:anonymous@anonymous.invalid>;index=1", "anonymous", "1", NULL, NULL, NULL, 0, false, 0},
    {"D-61-tel", "<tel:+12015550123>;index=1.2", "+12015550123", "1.2", NULL, NULL, NULL, 0, false, 0},
    {"7044-mp", "\"C\" <sip:a@h;cause=302>; index = 1.2 ;mp=1.1", "a", "1.2", NULL, "1.1", NULL, 0, true, 302},
    {"7044-rc", "<sip:a@h>;index=1.2.1;rc=1.2;np=1", "a", "1.2.1", "1.2", NULL, NULL, 0, false, 0},
    {"4458-cause", "<sip:vm@h;target=sip%3Ab%40h;cause=486>;index=1.3", "vm", "1.3", NULL, NULL, NULL, 0, true, 486},
    {"4458-bad-cause", "<sip:vm@h;cause=x>;index=1", "vm", "1", NULL, NULL, NULL, 0, false, 0},
    {"both-causes", "<sip:a@h;cause=408?Reason=SIP%3Bcause%3D302>;index=1", "a", "1", NULL, NULL, "SIP", 302, true,
     408},
    {"no-index", "<sip:a@h>", "a", NULL, NULL, NULL, NULL, 0, false, 0},
};

static void
test_history(const void *data)
{
    const history_row_t *row = data;
    sip_slice_t value = exact(row->value);
    sip_history_entry_t entry;

    memset(&entry, 0xa5, sizeof(entry));
    g_assert_true(sip_history_entry_parse(value, &entry));
    ASSERT_SLICE(entry.address.uri.user, row->user);
    ASSERT_SLICE(entry.index, row->index);
    ASSERT_SLICE(entry.rc, row->rc);
    ASSERT_SLICE(entry.mp, row->mp);
    g_assert_cmpint(entry.has_reason, ==, row->protocol != NULL);
    ASSERT_SLICE(entry.reason_protocol, row->protocol);
    g_assert_cmpuint(entry.reason_cause, ==, row->cause);
    g_assert_cmpint(entry.has_cause_param, ==, row->has_cause_param);
    g_assert_cmpuint(entry.cause_param, ==, row->cause_param);
    release(value);
}

/* The stack buffer for the decoded Reason is bounded: a longer one loses its end, and nothing else. */
static void
test_history_long_reason(void)
{
    char *text = g_strnfill(5000, 'x');
    char *early = g_strconcat("<sip:a@h?Reason=SIP%3Bcause%3D302%3Btext%3D%22", text, "%22>;index=1", NULL);
    char *late = g_strconcat("<sip:a@h?Reason=SIP%3Btext%3D%22", text, "%22%3Bcause%3D302>;index=1", NULL);
    sip_slice_t early_value = exact(early), late_value = exact(late);
    sip_history_entry_t entry;

    g_assert_true(sip_history_entry_parse(early_value, &entry));
    g_assert_true(entry.has_reason && entry.reason_cause == 302);
    g_assert_true(sip_history_entry_parse(late_value, &entry));
    g_assert_false(entry.has_reason);
    ASSERT_SLICE(entry.index, "1");
    release(early_value);
    release(late_value);
    g_free(early);
    g_free(late);
    g_free(text);
}

/* D-61: several headers, several values in one. */
static void
test_history_list(void)
{
    sample_t *sample = sample_with_headers("History-Info: <sip:a@h?Reason=SIP%3Bcause%3D302>;index=1,"
                                           "<sip:b@h?Reason=SIP;cause=486;text=\"a,b\">;index=1.1\r\n"
                                           "HISTORY-INFO : <tel:+1>;index=1.1.1;mp=1.1");
    static const char *const indices[] = {"1", "1.1", "1.1.1"};
    sip_value_iter_t iter;
    sip_slice_t value;
    sip_history_entry_t entry;
    size_t i = 0;

    sip_value_iter_init(&iter, &sample->message, SIP_HEADER_HISTORY_INFO);
    while (sip_value_iter_next(&iter, &value)) {
        g_assert_true(sip_history_entry_parse(value, &entry));
        g_assert_cmpuint(i, <, G_N_ELEMENTS(indices));
        ASSERT_SLICE(entry.index, indices[i]);
        i++;
    }
    g_assert_cmpuint(i, ==, G_N_ELEMENTS(indices));
    sample_free(sample);
}

typedef struct {
    const char *rule;
    const char *value;
    const char *host;
    const char *reason;
    bool has_counter;
    uint32_t counter;
} diversion_row_t;

static const diversion_row_t diversion_rows[] = {
    {"plain", "<sip:b@h>;reason=user-busy;counter=1", "h", "user-busy", true, 1},
    {"quoted", "\"B\" <sip:b@h> ; reason = \"no-answer\" ; counter = \"2\"", "h", "no-answer", true, 2},
    {"bare", "sip:b@h;reason=unconditional", "h", "unconditional", false, 0},
    {"5806-schemeless", "Voicemail@isp.example;reason=\"time-of-day\"", "isp.example", "time-of-day", false, 0},
    {"no-reason", "<sip:b@h>;privacy=off", "h", NULL, false, 0},
    {"bad-counter", "<sip:b@h>;counter=x", "h", NULL, false, 0},
    {"reason-without-value", "<sip:b@h>;reason", "h", NULL, false, 0},
};

static void
test_diversion(const void *data)
{
    const diversion_row_t *row = data;
    sip_slice_t value = exact(row->value);
    sip_diversion_t diversion;

    memset(&diversion, 0xa5, sizeof(diversion));
    g_assert_true(sip_diversion_parse(value, &diversion));
    ASSERT_SLICE(diversion.address.uri.host, row->host);
    ASSERT_SLICE(diversion.reason, row->reason);
    g_assert_cmpint(diversion.has_counter, ==, row->has_counter);
    g_assert_cmpuint(diversion.counter, ==, row->counter);
    release(value);
}

#define UUID_A "ab30317f1a784dc48ff824d0d3715d86"
#define UUID_B "47755a9de7794ba387653f2099600ef2"

typedef struct {
    const char *rule;
    const char *headers;
    const char *local; /* NULL: false is returned */
    const char *remote;
} session_id_row_t;

static const session_id_row_t session_id_rows[] = {
    {"7989", "Session-ID: " UUID_A ";remote=" UUID_B, UUID_A, UUID_B},
    {"7989-blanks", "session-id : " UUID_A " ;\r\n Remote = " UUID_B, UUID_A, UUID_B},
    {"7989-other-params", "Session-ID: " UUID_A ";x=1;remote=" UUID_B ";y", UUID_A, UUID_B},
    {"7329", "Session-ID: " UUID_A, UUID_A, NULL},
    {"upper-case", "Session-ID: AB30317F1A784DC48FF824D0D3715D86", "AB30317F1A784DC48FF824D0D3715D86", NULL},
    {"bad-remote", "Session-ID: " UUID_A ";remote=1", UUID_A, NULL},
    {"remote-without-value", "Session-ID: " UUID_A ";remote", UUID_A, NULL},
    {"short", "Session-ID: ab30317f1a784dc48ff824d0d3715d8;remote=" UUID_B, NULL, NULL},
    {"long", "Session-ID: " UUID_A "0", NULL, NULL},
    {"no-hex", "Session-ID: gb30317f1a784dc48ff824d0d3715d86", NULL, NULL},
    {"empty", "Session-ID:", NULL, NULL},
    {"none", "X: 1", NULL, NULL},
};

static void
test_session_id(const void *data)
{
    const session_id_row_t *row = data;
    sample_t *sample = sample_with_headers(row->headers);
    sip_slice_t local, remote;

    g_assert_cmpint(sip_message_session_id(&sample->message, &local, &remote), ==, row->local != NULL);
    ASSERT_SLICE(local, row->local);
    ASSERT_SLICE(remote, row->remote);
    sample_free(sample);
}

/* ---- Whole messages ---- */

static const char *const messages[] = {
    /* RFC 3261 24.2 in shape */
    "INVITE sip:bob@b.example SIP/2.0\r\n"
    "Via: SIP/2.0/UDP pc.a.example:5060;rport;branch=z9hG4bK776asdhds\r\n"
    "Max-Forwards: 70\r\n"
    "To: \"Bob\" <sip:bob@b.example>\r\n"
    "From: \"Alice, A\" <sip:alice@a.example>;tag=1928301774\r\n"
    "Call-ID: a84b4c76e66710@pc.a.example\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Contact: <sip:alice@pc.a.example>\r\n"
    "History-Info: <sip:x@h?Reason=SIP%3Bcause%3D302%3Btext%3D%22a%22>;index=1,<sip:y@h;cause=486>;index=1.1;mp=1\r\n"
    "Diversion: <sip:x@h>;reason=\"user-busy\";counter=1\r\n"
    "Session-ID: " UUID_A ";remote=" UUID_B "\r\n"
    "Content-Length: 3\r\n"
    "\r\n"
    "v=0",
    "SIP/2.0 302 Moved Temporarily\r\n"
    "v: SIP  / 2.0 / UDP  h : 5060 ; branch =\r\n z9hG4bK1 , SIP/2.0/TCP [2001:db8::1];branch=2\r\n"
    "f : \"A \\\"\" <sip:a@h>\r\n ;tag=1\r\n"
    "t: <sip:b@h>;tag=2\r\n"
    "i: 1\r\n"
    "CSeq: 0009\r\n INVITE\r\n"
    "m: \"J, \\\"x\\\" <sip:no@no>\" <sip:c@h?Route=<sip:p>>;q=0,5;expires=60, sip:d@h;q=\".1\", <sip:e,f@h>, "
    "<tel:+1\r\n"
    "Contact: *\r\n"
    "Expires: 3600\r\n"
    "l: 0\r\n"
    "\r\n",
    BLOCKED "Via: SIP/2.0/UDP h;branch=1\nReason: Q.850;cause=16;text=\"a\\\"\", SIP;cause=603;text=\"v=analytics1;"
            "url=u;tel=1;email=e;id=i\";location=RLN\nRetry-After: 120 (a (b) \\)) ;duration=60\nCSeq: 1 INVITE\n\n",
};

static void
walk_everything(const sip_message_t *message)
{
    sip_network_blocked_t details;
    sip_retry_after_t retry_after;
    sip_slice_t value, other;
    uint32_t seconds;
    bool malformed;

    for (int id = 0; id < SIP_HEADER_COUNT; id++) {
        sip_value_iter_t iter;

        sip_value_iter_init(&iter, message, (sip_header_id_t)id);
        while (sip_value_iter_next(&iter, &value)) {
            sip_contact_t contact;
            sip_reason_t reason;
            sip_history_entry_t entry;
            sip_diversion_t diversion;
            sip_warning_t warning;

            g_assert_true(value.ptr >= message->headers.ptr);
            g_assert_true(value.ptr + value.len <= message->headers.ptr + message->headers.len);
            g_assert_true(sip_contact_parse(value, &contact));
            g_assert_true(sip_reason_parse(value, &reason));
            (void)sip_reason_network_blocked(&reason, &details);
            g_assert_true(sip_history_entry_parse(value, &entry));
            g_assert_true(sip_diversion_parse(value, &diversion));
            (void)sip_warning_parse(value, &warning);
        }
    }
    (void)sip_message_expires(message, &seconds, &malformed);
    (void)sip_message_retry_after_whole(message, &retry_after);
    (void)sip_message_session_id(message, &value, &other);
    (void)sip_message_header_by_name(message, SIP_SLICE_LITERAL("Content-Length"), &value);
}

/* Cut at every byte, a message parses or does not, and is never read past its end. */
static void
test_prefixes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        const size_t len = strlen(messages[i]);
        const char *first = strchr(messages[i], '\n');
        const char *version = strstr(messages[i], " SIP/2.0\r\n");
        /* A request line counts once its version is complete, a status line once its code is. */
        const size_t enough = version && version < first ? (size_t)(version - messages[i]) + 8 : 11;

        for (size_t cut = 0; cut <= len; cut++) {
            sample_t *sample = sample_of_bytes(messages[i], cut);

            g_assert_cmpint(sample->parsed, ==, cut >= enough);
            if (sample->parsed) {
                walk_everything(&sample->message);
                g_assert_cmpuint(sample->message.headers.len + sample->message.body.len, <=, cut);
            }
            sample_free(sample);
        }
    }
}

/* With every byte replaced in turn by each of these, nothing is read out of bounds and no assumption breaks. */
static void
test_damaged(void)
{
    static const char damage[] = "\n\r \"<>,;=:\\(%*\xff"; /* and the NUL at its end */

    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        char *copy = g_strdup(messages[i]);
        const size_t len = strlen(copy);

        for (size_t at = 0; at < len; at++) {
            for (size_t d = 0; d < sizeof(damage); d++) {
                sample_t *sample;

                copy[at] = damage[d];
                sample = sample_of_bytes(copy, len);
                if (sample->parsed) {
                    walk_everything(&sample->message);
                }
                sample_free(sample);
            }
            copy[at] = messages[i][at];
        }
        g_free(copy);
    }
}

/* The whole of one message, field by field. */
static void
test_whole_message(void)
{
    sample_t *sample = sample_of(messages[1]);
    const sip_message_t *message = &sample->message;
    char *values;

    g_assert_true(sample->parsed && message->is_response);
    g_assert_cmpuint(message->status, ==, 302);
    ASSERT_SLICE(message->phrase, "Moved Temporarily");
    g_assert_cmpuint(message->via_count, ==, 2);
    ASSERT_SLICE(message->via.sent_by, "h : 5060");
    ASSERT_SLICE(message->via.branch, "z9hG4bK1");
    ASSERT_SLICE(sip_message_from_uri(message), "sip:a@h");
    ASSERT_SLICE(sip_message_from_tag(message), "1");
    ASSERT_SLICE(sip_message_to_tag(message), "2");
    ASSERT_SLICE(message->call_id, "1");
    g_assert_true(message->has_cseq);
    g_assert_cmpuint(message->cseq, ==, 9);
    g_assert_cmpint(message->cseq_method_id, ==, SIP_METHOD_INVITE);
    g_assert_cmphex(message->repeated, ==, SIP_HEADER_BIT(SIP_HEADER_CONTACT));
    g_assert_true(sip_message_has(message, SIP_HEADER_EXPIRES));
    g_assert_false(sip_message_has(message, SIP_HEADER_WARNING));
    ASSERT_FLAGS(message->flags, 0);
    values = joined_values(message, SIP_HEADER_CONTACT);
    g_assert_cmpstr(values, ==,
                    "\"J, \\\"x\\\" <sip:no@no>\" <sip:c@h?Route=<sip:p>>;q=0,5;expires=60|"
                    "sip:d@h;q=\".1\"|<sip:e,f@h>|<tel:+1|*|");
    g_free(values);
    sample_free(sample);
}

/* ---- Time ---- */

typedef struct {
    const char *rule;
    const char *start; /* of the value */
    const char *unit;  /* repeated */
    const char *end;
} hostile_row_t;

/* Each of these takes hours where a walk is quadratic, milliseconds where it is linear. */
static const hostile_row_t hostile_rows[] = {
    {"commas", "", ",", ""},
    {"values", "", "a,", ""},
    {"escaped-quotes", "", "\"\\", ""},
    {"escaped-quotes-values", "", "\"\\\",", ""},
    {"lone-quotes-values", "\"", "\\\",", ""},
    {"quoted-params", "<a>;x", ";a=\"\\", ""},
    {"open-brackets", "", "<", ""},
    {"open-brackets-values", "", "<,", ""},
    {"open-then-quotes", "<", ",\"a", ""},
    {"open-then-escaped-quotes", "<", ",\"\\", ""},
    {"open-then-blanks", "<", ", ", ""},
    {"close-brackets", "<", ">", ""},
    {"decimal-commas", "", ";q=0,5", ""},
    {"decimal-digits", ";q=0,", "5", ""},
    {"params", "<a>", ";a=b", ""},
    {"semicolons", "<a>", ";", ""},
    {"equals", "<a>;", "=", ""},
    {"folding", "<sip:a@h>", "\r\n ", ";q=1"},
    {"colons", "", ":", ""},
    {"parentheses", "1 ", "(", ""},
    {"escapes", "<sip:a@h?Reason=", "%3B", ">"},
    {"uri-headers", "<sip:a@h?", "&", ">"},
};

/* CPU seconds of this process: on a busy machine the time on the clock says nothing. */
static double
seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void
test_hostile(const void *data)
{
    const hostile_row_t *row = data;
    static const char *const names[] = {"Contact", "Via", "From", "History-Info", "Reason", "Retry-After", "CSeq"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        GString *headers = g_string_new(NULL);
        sample_t *sample;
        clock_t start;

        g_string_append_printf(headers, "%s: %s", names[i], row->start);
        while (headers->len < 400000) {
            g_string_append(headers, row->unit);
        }
        g_string_append(headers, row->end);
        start = clock();
        sample = sample_with_headers(headers->str);
        walk_everything(&sample->message);
        g_assert_cmpfloat(seconds_since(start), <, 5.0);
        sample_free(sample);
        g_string_free(headers, TRUE);
    }
}

/* Lines that find no room are walked through once for each id, not once for each line. */
static void
test_hostile_lines(void)
{
    char *lines = repeat("m:<sip:%u@h>\r\n", 30000);
    sample_t *sample;
    clock_t start = clock();

    sample = sample_with_headers(lines);
    walk_everything(&sample->message);
    g_assert_cmpfloat(seconds_since(start), <, 5.0);
    sample_free(sample);
    g_free(lines);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("start-line/request", request_rows, test_request);
    ADD_ROWS("start-line/status", status_rows, test_status);
    g_test_add_func("/sip-message/start-line/nul", test_start_line_nul);
    g_test_add_func("/sip-message/start-line/bare-cr", test_start_line_bare_cr);
    g_test_add_func("/sip-message/start-line/absent", test_absent_text);
    g_test_add_func("/sip-message/methods", test_methods);
    ADD_ROWS("name", name_rows, test_name);
    g_test_add_func("/sip-message/name/every-id", test_every_id_has_a_name);
    ADD_ROWS("lines", line_rows, test_lines);
    g_test_add_func("/sip-message/lines/reuse", test_reuse);
    g_test_add_func("/sip-message/lines/by-name", test_header_by_name);
    g_test_add_func("/sip-message/lines/many", test_many_lines);
    g_test_add_func("/sip-message/lines/lengths", test_line_lengths);
    g_test_add_func("/sip-message/lines/zero", test_zero);
    ADD_ROWS("via", via_rows, test_via);
    g_test_add_func("/sip-message/via/limit", test_via_limit);
    ADD_ROWS("party", party_rows, test_party);
    ADD_ROWS("tag", party_rows, test_tag);
    ADD_ROWS("cseq", cseq_rows, test_cseq);
    ADD_ROWS("values", values_rows, test_values);
    ADD_ROWS("params", params_rows, test_params);
    g_test_add_func("/sip-message/params/find", test_param_find);
    g_test_add_func("/sip-message/params/unquote", test_unquote);
    ADD_ROWS("address", address_rows, test_address);
    g_test_add_func("/sip-message/address/empty", test_address_empty);
    ADD_ROWS("contact", contact_rows, test_contact);
    g_test_add_func("/sip-message/contact/bare", test_contact_bare);
    ADD_ROWS("expires", expires_rows, test_expires);
    ADD_ROWS("retry-after", retry_after_rows, test_retry_after);
    ADD_ROWS("warning", warning_rows, test_warning);
    ADD_ROWS("reason", reason_rows, test_reason);
    g_test_add_func("/sip-message/reason/in-request", test_reason_in_request);
    ADD_ROWS("network-blocked", blocked_rows, test_blocked);
    ADD_ROWS("history", history_rows, test_history);
    g_test_add_func("/sip-message/history/long-reason", test_history_long_reason);
    g_test_add_func("/sip-message/history/list", test_history_list);
    ADD_ROWS("diversion", diversion_rows, test_diversion);
    ADD_ROWS("session-id", session_id_rows, test_session_id);
    g_test_add_func("/sip-message/whole", test_whole_message);
    g_test_add_func("/sip-message/prefixes", test_prefixes);
    g_test_add_func("/sip-message/damaged", test_damaged);
    ADD_ROWS("hostile", hostile_rows, test_hostile);
    g_test_add_func("/sip-message/hostile/lines", test_hostile_lines);
    return g_test_run();
}
