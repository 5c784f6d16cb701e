/* test_sip_response.c
 * The table of response codes holds together, and a comparison shows all of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "sip-response.h"

#define UNREGISTERED_REDIRECTION 399
#define UNREGISTERED_FAILURE 699

/* The columns of a comparison, as a reader sees them. */
#define PAGE_WIDTH 100
#define LEFT_START 11
#define RIGHT_START 57
#define COLUMN_WIDTH 43

/* What the standards fix for each code, stated a second time: RFC 3261 20.33 and 21, RFC 8197, RFC 8688, ATIS-1000099. */
typedef struct {
    uint16_t code;
    const char *phrase;
    sip_response_lifetime_t lifetime;
    bool definitive;
    bool retry_after;
    bool warns_of_contact;
    const char *reference;
} expected_t;

static const expected_t expected[] = {
    {300, "Multiple Choices", SIP_RESPONSE_LIFETIME_ALTERNATIVE, false, false, true, "RFC 3261 section 21.3.1"},
    {301, "Moved Permanently", SIP_RESPONSE_LIFETIME_PERMANENT, false, false, true, "RFC 3261 section 21.3.2"},
    {302, "Moved Temporarily", SIP_RESPONSE_LIFETIME_TEMPORARY, false, false, true, "RFC 3261 section 21.3.3"},
    {305, "Use Proxy", SIP_RESPONSE_LIFETIME_PROXY, false, false, true, "RFC 3261 section 21.3.4"},
    {380, "Alternative Service", SIP_RESPONSE_LIFETIME_ALTERNATIVE, false, false, false, "RFC 3261 section 21.3.5"},
    {403, "Forbidden", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.4"},
    {404, "Not Found", SIP_RESPONSE_LIFETIME_NONE, false, true, false, "RFC 3261 section 21.4.5"},
    {408, "Request Timeout", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.9"},
    {410, "Gone", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.10"},
    {480, "Temporarily Unavailable", SIP_RESPONSE_LIFETIME_NONE, false, true, false, "RFC 3261 section 21.4.18"},
    {485, "Ambiguous", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.23"},
    {486, "Busy Here", SIP_RESPONSE_LIFETIME_NONE, false, true, false, "RFC 3261 section 21.4.24"},
    {487, "Request Terminated", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.25"},
    {488, "Not Acceptable Here", SIP_RESPONSE_LIFETIME_NONE, false, false, false, "RFC 3261 section 21.4.26"},
    {503, "Service Unavailable", SIP_RESPONSE_LIFETIME_NONE, false, true, false, "RFC 3261 section 21.5.4"},
    {600, "Busy Everywhere", SIP_RESPONSE_LIFETIME_NONE, true, true, false, "RFC 3261 section 21.6.1"},
    {603, "Decline", SIP_RESPONSE_LIFETIME_NONE, true, true, false, "RFC 3261 section 21.6.2"},
    {SIP_RESPONSE_NETWORK_BLOCKED, "Network Blocked", SIP_RESPONSE_LIFETIME_NONE, true, true, false,
     "ATIS-1000099, 47 CFR 64.1200(k)(9)"},
    {604, "Does Not Exist Anywhere", SIP_RESPONSE_LIFETIME_NONE, true, false, false, "RFC 3261 section 21.6.3"},
    {606, "Not Acceptable", SIP_RESPONSE_LIFETIME_NONE, true, false, false, "RFC 3261 section 21.6.4"},
    {607, "Unwanted", SIP_RESPONSE_LIFETIME_NONE, true, false, false, "RFC 8197 section 4"},
    {608, "Rejected", SIP_RESPONSE_LIFETIME_NONE, true, false, false, "RFC 8688 section 3"},
    /* Handled as 300 and 600, so what holds there holds here; only a Contact is not to be missed. */
    {SIP_RESPONSE_CLASS_REDIRECTION, "Unregistered Redirection", SIP_RESPONSE_LIFETIME_ALTERNATIVE, false, false, false,
     "RFC 3261 section 8.1.3.2"},
    {SIP_RESPONSE_CLASS_GLOBAL_FAILURE, "Unregistered Global Failure", SIP_RESPONSE_LIFETIME_NONE, true, true, false,
     "RFC 3261 section 8.1.3.2"},
};

/* Codes that people mistake for each other: each row of a pair must name the other. */
static const uint16_t required_pairs[][2] = {
    {300, 301},
    {300, 302},
    {300, 305},
    {300, 380},
    {301, 302},
    {301, 305},
    {301, 380},
    {302, 305},
    {302, 380},
    {305, 380},
    {301, 410},
    {300, 485},
    {600, 486},
    {603, 486},
    {603, 480},
    {604, 404},
    {606, 488},
    {603, 607},
    {603, 608},
    {607, 608},
    {600, 603},
    {302, 600},
    {403, 603},
    {408, 480},
    {487, 600},
    {487, 603},
    {408, 487},
    {503, 408},
    {503, 480},
    {503, 486},
    {403, 404},
    {603, SIP_RESPONSE_NETWORK_BLOCKED},
    {607, SIP_RESPONSE_NETWORK_BLOCKED},
    {608, SIP_RESPONSE_NETWORK_BLOCKED},
};

/* The number that a message carries: of a 603+ it is 603. */
static unsigned
number_of(uint16_t key)
{
    return key == SIP_RESPONSE_NETWORK_BLOCKED ? 603 : key;
}

/* What people call it. */
static char *
name_of(uint16_t key)
{
    return g_strdup_printf("%u%s", number_of(key), key == SIP_RESPONSE_NETWORK_BLOCKED ? "+" : "");
}

/* The order of rows and neighbours: by number, and a 603+ after the 603. */
static unsigned
rank_of(uint16_t key)
{
    return 2 * number_of(key) + (key == SIP_RESPONSE_NETWORK_BLOCKED);
}

static bool
is_class_row(const sip_response_t *row)
{
    return row->code < 100;
}

static const sip_response_neighbour_t *
find_neighbour(const sip_response_t *row, uint16_t code)
{
    for (size_t i = 0; i < SIP_RESPONSE_MAX_NEIGHBOURS && row->differs[i].code != 0; i++) {
        if (row->differs[i].code == code) {
            return &row->differs[i];
        }
    }
    return NULL;
}

/* "603" is not mentioned where "603+" stands. */
static bool
mentions(const char *text, uint16_t code)
{
    char *name = name_of(code);
    const size_t len = strlen(name);
    bool found = false;

    for (const char *at = strstr(text, name); at != NULL && !found; at = strstr(at + 1, name)) {
        found = at[len] != '+';
    }
    g_free(name);
    return found;
}

/* The row of a code or of a key that is none; NULL where there is none. */
static const sip_response_t *
row_of_key(uint16_t key)
{
    return key == SIP_RESPONSE_NETWORK_BLOCKED ? sip_response_of(603, true) : sip_response_lookup(key);
}

static void
assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        g_error("\"%s\" is missing from: %s", part, text);
    }
}

/* ---- The table ---- */

static void
test_rows_are_those_of_the_standards(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    g_assert_cmpuint(count, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < count; i++) {
        g_assert_cmpuint(table[i].code, ==, expected[i].code);
        g_assert_cmpstr(table[i].phrase, ==, expected[i].phrase);
        g_assert_cmpint(table[i].lifetime, ==, expected[i].lifetime);
        g_assert_cmpint(table[i].definitive, ==, expected[i].definitive);
        g_assert_cmpint(table[i].retry_after, ==, expected[i].retry_after);
        g_assert_cmpint(table[i].warns_of_contact, ==, expected[i].warns_of_contact);
        g_assert_cmpstr(table[i].reference, ==, expected[i].reference);
    }
}

static void
test_rows_are_sorted_with_class_rows_last(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 1; i < count; i++) {
        if (is_class_row(&table[i]) == is_class_row(&table[i - 1])) {
            g_assert_cmpuint(rank_of(table[i - 1].code), <, rank_of(table[i].code));
        } else {
            g_assert_true(is_class_row(&table[i]));
        }
    }
    g_assert_cmpuint(table[count - 2].code, ==, SIP_RESPONSE_CLASS_REDIRECTION);
    g_assert_cmpuint(table[count - 1].code, ==, SIP_RESPONSE_CLASS_GLOBAL_FAILURE);
}

static void
test_lookup_of_every_number(void)
{
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        const sip_response_t *row = sip_response_lookup((uint16_t)code);
        uint32_t want = code >= 300 && code <= 399   ? SIP_RESPONSE_CLASS_REDIRECTION
                        : code >= 600 && code <= 699 ? SIP_RESPONSE_CLASS_GLOBAL_FAILURE
                                                     : 0;

        for (size_t i = 0; code >= 100 && code < 700 && i < G_N_ELEMENTS(expected); i++) {
            want = expected[i].code == code ? code : want;
        }
        g_assert_cmpuint(row != NULL ? row->code : 0, ==, want);
    }
}

/* A status code alone never makes a 603+ of a 603: that takes the phrase and the Reason header. */
static void
test_lookup_of_a_message(void)
{
    g_assert_cmpuint(sip_response_of(603, false)->code, ==, 603);
    g_assert_cmpuint(sip_response_of(603, true)->code, ==, SIP_RESPONSE_NETWORK_BLOCKED);
    g_assert_cmpuint(sip_response_of(608, false)->code, ==, 608);
    g_assert_cmpuint(sip_response_of(UNREGISTERED_FAILURE, false)->code, ==, SIP_RESPONSE_CLASS_GLOBAL_FAILURE);
    g_assert_null(sip_response_of(200, false));
    g_assert_cmpuint(sip_response_number(sip_response_of(603, true)), ==, 603);
    g_assert_cmpuint(sip_response_number(sip_response_of(302, false)), ==, 302);
    g_assert_cmpuint(sip_response_class(sip_response_of(603, true)), ==, 6);
}

/* ---- The texts ---- */

/* Calls check for every text that a person reads as sentences. */
static void
for_each_text(const sip_response_t *row, void (*check)(const char *text, void *data), void *data)
{
    check(row->meaning, data);
    check(row->seen_when, data);
    check(row->remedy, data);
    check(row->use_when, data);
    for (size_t i = 0; row->differs[i].code != 0; i++) {
        check(row->differs[i].text, data);
    }
}

static void
for_each_text_of_table(void (*check)(const char *text, void *data), void *data)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        for_each_text(&table[i], check, data);
    }
}

static void
check_plain(const char *text)
{
    g_assert_nonnull(text);
    g_assert_cmpuint(strlen(text), >, 0);
    for (const char *byte = text; *byte != '\0'; byte++) {
        if (!g_ascii_isprint(*byte)) {
            g_error("not printable ASCII: %s", text);
        }
    }
    g_assert_null(strstr(text, "  "));
    g_assert_false(g_ascii_isspace(text[0]));
    g_assert_false(g_ascii_isspace(text[strlen(text) - 1]));
}

static void
check_sentences(const char *text, void *data)
{
    (void)data;
    check_plain(text);
    if (strlen(text) > SIP_RESPONSE_MAX_TEXT) {
        g_error("%zu bytes, more than %d: %s", strlen(text), SIP_RESPONSE_MAX_TEXT, text);
    }
    if (!g_str_has_suffix(text, ".") || g_str_has_suffix(text, "..")) {
        g_error("no full stop at the end: %s", text);
    }
    if (!g_ascii_isupper(text[0]) && !g_ascii_isdigit(text[0])) {
        g_error("begins with neither a capital nor a number: %s", text);
    }
}

static void
test_texts_are_short_sentences(void)
{
    for_each_text_of_table(check_sentences, NULL);
    /* Room for the lead-in that an expert item may put before a text. */
    g_assert_cmpint(SIP_RESPONSE_MAX_TEXT, <=, 220);
}

static void
check_new(const char *text, void *data)
{
    if (!g_hash_table_add((GHashTable *)data, (gpointer)text)) {
        g_error("said twice: %s", text);
    }
}

static void
test_no_text_is_said_twice(void)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for_each_text_of_table(check_new, seen);
    for (size_t i = 0; i < count; i++) {
        check_new(table[i].phrase, seen);
        check_new(table[i].gist, seen);
    }
    g_hash_table_destroy(seen);
}

static void
test_short_texts_are_no_sentences(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        check_plain(table[i].phrase);
        check_plain(table[i].gist);
        check_plain(table[i].reference);
        g_assert_cmpuint(strlen(table[i].gist), <=, 60);
        g_assert_false(g_str_has_suffix(table[i].gist, "."));
        g_assert_true(table[i].code == SIP_RESPONSE_NETWORK_BLOCKED ||
                      g_regex_match_simple("^RFC [0-9]+ section [0-9]+(\\.[0-9]+)*$", table[i].reference, 0, 0));
    }
}

/* A failure that ends the search says so in the same word everywhere, and no other code does. */
static void
test_meaning_says_definitive_where_it_is(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        g_assert_cmpint(strstr(table[i].meaning, "Definitive") != NULL, ==, table[i].definitive);
    }
}

static void
test_use_when_names_its_code(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        char *name = name_of(table[i].code);
        char *lead = is_class_row(&table[i]) ? g_strdup_printf("Never answer an unregistered %uxx: ", table[i].code)
                                             : g_strdup_printf("Answer %s when ", name);

        g_test_message("%s", name);
        g_assert_true(g_str_has_prefix(table[i].use_when, lead));
        g_free(lead);
        g_free(name);
    }
}

static void
test_class_rows_list_their_codes(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        const unsigned class = sip_response_class(&table[i]);

        if (!is_class_row(&table[i]) && (class == 3 || class == 6) && table[i].code < 700) {
            g_test_message("%u", table[i].code);
            g_assert_true(mentions(sip_response_lookup((uint16_t)(class * 100 + 99))->use_when, table[i].code));
        }
    }
}

/*
 * Who decided: of a code that a server in between sends nothing follows for the callee (RFC 3261 21.6.3, RFC 8688 1,
 * ATIS-1000099).
 */
static void
test_codes_of_the_network(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        g_test_message("%u", table[i].code);
        g_assert_cmpint(table[i].by_network, ==,
                        table[i].code == 604 || table[i].code == 608 || table[i].code == SIP_RESPONSE_NETWORK_BLOCKED);
    }
}

static void
test_decisive_words(void)
{
    static const struct {
        uint16_t code;
        const char *word;
    } words[] = {
        {300, "chooses"},
        {301, "all later"},
        {302, "temporary"},
        {305, "proxy"},
        {380, "body"},
        {486, "this device only"},
        {486, "not definitive"},
        {488, "another endpoint"},
        {600, "busy"},
        {600, "Definitive"},
        {603, "as often a server"},
        {604, "nowhere"},
        {606, "willing"},
        {607, "The called side"},
        {608, "system in the network"},
        {UNREGISTERED_REDIRECTION, "handled as 300"},
        {UNREGISTERED_FAILURE, "handled as 600"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strstr(sip_response_lookup(words[i].code)->meaning, words[i].word) == NULL) {
            g_error("%u does not say \"%s\"", words[i].code, words[i].word);
        }
    }
}

/* What somebody asks who has a 302 and a 600 before him: where, when, what to do, and which of the two to send. */
static void
test_302_and_600_say_what_is_asked(void)
{
    const sip_response_t *moved = sip_response_lookup(302), *busy = sip_response_lookup(600);

    assert_contains(moved->meaning, "temporary");
    assert_contains(moved->seen_when, "travelling");
    assert_contains(moved->seen_when, "another phone");
    assert_contains(moved->remedy, "Retry this call at the Contact");
    assert_contains(moved->remedy, "keep the old address for later calls");
    assert_contains(moved->use_when, "later calls should come to the old address");
    assert_contains(busy->meaning, "does not want the call now");
    assert_contains(busy->meaning, "Definitive, unlike 486");
    assert_contains(busy->seen_when, "rejected on all of the callee's devices");
    assert_contains(busy->remedy, "call again later");
    assert_contains(busy->remedy, "There is no other target");
    assert_contains(busy->remedy, "only the callee can become free");
    assert_contains(find_neighbour(moved, 600)->text, "busy everywhere");
    assert_contains(find_neighbour(busy, 302)->text, "names another address");
}

/* FCC 25-15 (90 FR 13416), in force since 25 March 2026: 603+ takes the place of 603, 607, 608 for call analytics. */
static void
test_blocking_by_analytics_in_the_usa(void)
{
    const sip_response_t *plus = sip_response_of(603, true);

    assert_contains(plus->meaning, "Network Blocked");
    assert_contains(plus->meaning, "v=analytics1");
    assert_contains(plus->seen_when, "25 March 2026");
    assert_contains(plus->use_when, "do-not-originate");
    assert_contains(sip_response_lookup(607)->use_when, "in the USA 603+");
    assert_contains(sip_response_lookup(608)->use_when, "In the USA answer 603+");
    assert_contains(sip_response_lookup(608)->seen_when, "25 March 2026");
    /* RFC 8197 1: "input from the called party or some UA-internal logic" is all that 607 tells. */
    g_assert_null(strstr(find_neighbour(sip_response_lookup(608), 607)->text, "human"));
}

/* ---- Neighbours ---- */

static void
test_neighbours_name_each_other(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        g_test_message("%u", table[i].code);
        g_assert_cmpuint(table[i].differs[0].code, !=, 0);
        g_assert_cmpuint(table[i].differs[SIP_RESPONSE_MAX_NEIGHBOURS].code, ==, 0);
        for (size_t n = 0; table[i].differs[n].code != 0; n++) {
            const sip_response_neighbour_t *neighbour = &table[i].differs[n];
            const sip_response_t *other = row_of_key(neighbour->code);

            g_assert_nonnull(other);
            g_assert_cmpuint(other->code, ==, neighbour->code);
            g_assert_cmpuint(neighbour->code, !=, table[i].code);
            g_assert_true(find_neighbour(&table[i], neighbour->code) == neighbour);
            g_assert_true(n == 0 || rank_of(table[i].differs[n - 1].code) < rank_of(neighbour->code));
            if (!is_class_row(&table[i])) {
                g_assert_nonnull(find_neighbour(other, table[i].code));
            }
        }
    }
}

/* "301 ...; 302 ...": the other code first, then one's own, in one sentence. */
static void
test_differs_is_one_sentence_with_both_numbers(void)
{
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; table[i].differs[n].code != 0; n++) {
            const char *text = table[i].differs[n].text;
            char *name = name_of(table[i].differs[n].code), *lead = g_strdup_printf("%s ", name);

            g_test_message("%u: %s", table[i].code, text);
            g_assert_true(g_str_has_prefix(text, lead));
            g_assert_true(mentions(text, table[i].code));
            g_assert_null(strstr(text, ". "));
            g_free(lead);
            g_free(name);
        }
    }
}

static void
test_required_pairs(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(required_pairs); i++) {
        for (size_t side = 0; side < 2; side++) {
            uint16_t code = required_pairs[i][side];
            uint16_t other = required_pairs[i][1 - side];

            if (find_neighbour(row_of_key(code), other) == NULL) {
                g_error("%u does not tell itself apart from %u", code, other);
            }
        }
    }
}

/* ---- Comparison ---- */

/* A comparison read back: each column and the lists below as running text. */
typedef struct {
    GString *left;
    GString *right;
    GString *differences;
    GString *uses;
} reading_t;

static void
append_part(GString *text, const char *line, size_t start, size_t width)
{
    size_t length = strlen(line);
    char *part;

    if (length <= start) {
        return;
    }
    part = g_strstrip(g_strndup(line + start, MIN(width, length - start)));
    if (part[0] != '\0') {
        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", part);
    }
    g_free(part);
}

static void
check_line(const char *line)
{
    if (strlen(line) > PAGE_WIDTH) {
        g_error("wider than %d columns: %s", PAGE_WIDTH, line);
    }
    g_assert_false(g_str_has_suffix(line, " "));
    for (const char *byte = line; *byte != '\0'; byte++) {
        g_assert_true(g_ascii_isprint(*byte));
    }
}

/* The gap between the columns must be blank, or a reader takes one text for the other. */
static void
check_gap(const char *line)
{
    for (size_t i = LEFT_START + COLUMN_WIDTH; i < RIGHT_START && i < strlen(line); i++) {
        g_assert_cmpint(line[i], ==, ' ');
    }
    g_assert_true(strlen(line) < LEFT_START || line[LEFT_START - 1] == ' ');
}

static reading_t
read_comparison(const char *text)
{
    reading_t reading = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL), g_string_new(NULL)};
    char **lines = g_strsplit(text, "\n", -1);
    GString *list = NULL;

    g_assert_true(g_str_has_suffix(text, "\n"));
    for (size_t i = 0; lines[i] != NULL; i++) {
        check_line(lines[i]);
        if (strcmp(lines[i], "Key differences") == 0) {
            list = reading.differences;
        } else if (strcmp(lines[i], "When to use which") == 0) {
            list = reading.uses;
        } else if (list != NULL) {
            g_assert_true(lines[i][0] == '\0' || g_str_has_prefix(lines[i], "- ") || g_str_has_prefix(lines[i], "  "));
            append_part(list, lines[i], 2, PAGE_WIDTH);
        } else if (i == 1) {
            g_assert_cmpuint(strspn(lines[i], "-"), ==, PAGE_WIDTH);
        } else {
            check_gap(lines[i]);
            append_part(reading.left, lines[i], LEFT_START, COLUMN_WIDTH);
            append_part(reading.right, lines[i], RIGHT_START, COLUMN_WIDTH);
        }
    }
    g_strfreev(lines);
    return reading;
}

static void
free_reading(reading_t reading)
{
    g_string_free(reading.left, TRUE);
    g_string_free(reading.right, TRUE);
    g_string_free(reading.differences, TRUE);
    g_string_free(reading.uses, TRUE);
}

static void
check_column(const char *column, uint16_t code, const sip_response_t *row)
{
    char *name = name_of(code), *heading = g_strdup_printf("%s %s ", name, row->phrase);

    g_assert_true(g_str_has_prefix(column, heading));
    g_free(heading);
    g_free(name);
    assert_contains(column, row->meaning);
    assert_contains(column, row->seen_when);
    assert_contains(column, row->remedy);
    assert_contains(column, row->reference);
    static const char *const names[] = {[3] = "Redirection, not definitive",
                                        [4] = "Client failure",
                                        [5] = "Server failure",
                                        [6] = "Global failure, definitive"};

    assert_contains(column, names[number_of(code) / 100]);
}

static void
check_differences(const char *differences, uint16_t a, uint16_t b)
{
    const sip_response_neighbour_t *from_a = find_neighbour(row_of_key(a), b);
    const sip_response_neighbour_t *from_b = find_neighbour(row_of_key(b), a);

    g_assert_true(g_str_has_suffix(differences, "."));
    g_assert_true(mentions(differences, a));
    g_assert_true(mentions(differences, b));
    if (a == b) {
        assert_contains(differences, "asked for twice");
        return;
    }
    if (from_a != NULL) {
        assert_contains(differences, from_a->text);
    }
    if (from_b != NULL) {
        assert_contains(differences, from_b->text);
    }
    if (from_a == NULL && from_b == NULL && row_of_key(a) != row_of_key(b)) {
        assert_contains(differences, row_of_key(a)->gist);
        assert_contains(differences, row_of_key(b)->gist);
    }
    if (number_of(a) / 100 != number_of(b) / 100) {
        assert_contains(differences, "A forking proxy");
    }
}

/* Every code that a comparison knows, unregistered ones by an example. */
static uint16_t
code_of_row(const sip_response_t *row)
{
    switch (row->code) {
    case SIP_RESPONSE_CLASS_REDIRECTION:
        return UNREGISTERED_REDIRECTION;
    case SIP_RESPONSE_CLASS_GLOBAL_FAILURE:
        return UNREGISTERED_FAILURE;
    default:
        return row->code;
    }
}

static void
check_comparison(wmem_allocator_t *scope, uint16_t a, uint16_t b)
{
    uint16_t unknown = 4711;
    char *text = sip_response_compare(scope, a, b, &unknown);
    reading_t reading;

    g_assert_nonnull(text);
    g_assert_cmpuint(unknown, ==, 4711);
    reading = read_comparison(text);
    check_column(reading.left->str, a, row_of_key(a));
    check_column(reading.right->str, b, row_of_key(b));
    check_differences(reading.differences->str, a, b);
    assert_contains(reading.uses->str, row_of_key(a)->use_when);
    assert_contains(reading.uses->str, row_of_key(b)->use_when);
    free_reading(reading);
    wmem_free(scope, text);
}

static void
test_compare_every_pair(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    size_t count = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            check_comparison(scope, code_of_row(&table[i]), code_of_row(&table[j]));
        }
    }
    check_comparison(scope, 398, 399);
    wmem_destroy_allocator(scope);
}

static void
test_compare_302_and_600(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    reading_t reading = read_comparison(sip_response_compare(scope, 302, 600, NULL));

    assert_contains(reading.left->str, "Temporary: for this request, or until the expiry given.");
    assert_contains(reading.right->str, "None to follow.");
    assert_contains(reading.differences->str, "600 ends the search");
    assert_contains(reading.differences->str, "302 names another address");
    assert_contains(reading.differences->str, "must return 600");
    assert_contains(reading.differences->str, "600 may say in Retry-After");
    free_reading(reading);
    wmem_destroy_allocator(scope);
}

/* RFC 3261 16.7 step 6: a 6xx must win, else the lowest class should; no rule between codes of a class. */
static void
test_compare_says_who_wins_a_fork(void)
{
    static const struct {
        uint16_t a;
        uint16_t b;
        const char *words; /* NULL: nothing about forks */
    } cases[] = {
        {302, 600, "must return 600"},
        {600, 302, "must return 600"},
        {404, 604, "must return 604"},
        {486, 302, "should return 302"},
        {302, 486, "should return 302"},
        {486, 503, "should return 486"},
        {301, 302, NULL},
        {603, 607, NULL},
        {603, SIP_RESPONSE_NETWORK_BLOCKED, NULL},
    };
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        reading_t reading = read_comparison(sip_response_compare(scope, cases[i].a, cases[i].b, NULL));

        if (cases[i].words != NULL) {
            assert_contains(reading.differences->str, cases[i].words);
        } else {
            g_assert_null(strstr(reading.differences->str, "forking"));
        }
        free_reading(reading);
    }
    wmem_destroy_allocator(scope);
}

static void
test_compare_swapped_swaps_the_columns(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    reading_t one = read_comparison(sip_response_compare(scope, 301, 410, NULL));
    reading_t other = read_comparison(sip_response_compare(scope, 410, 301, NULL));

    g_assert_cmpstr(one.left->str, ==, other.right->str);
    g_assert_cmpstr(one.right->str, ==, other.left->str);
    free_reading(one);
    free_reading(other);
    wmem_destroy_allocator(scope);
}

static void
test_compare_same_code_says_its_use_once(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    reading_t reading = read_comparison(sip_response_compare(scope, 603, 603, NULL));

    g_assert_cmpstr(reading.left->str, ==, reading.right->str);
    g_assert_cmpstr(reading.uses->str, ==, sip_response_lookup(603)->use_when);
    free_reading(reading);
    wmem_destroy_allocator(scope);
}

static void
test_compare_tells_the_unknown_code(void)
{
    static const uint16_t cases[][3] = {
        {302, 200, 200}, {200, 302, 200}, {499, 999, 499}, {302, 0, 0},
        {3, 302, 3},     {302, 6, 6},     {700, 302, 700}, {UINT16_MAX, 302, UINT16_MAX},
    };
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint16_t unknown = 4711;

        g_assert_null(sip_response_compare(scope, cases[i][0], cases[i][1], &unknown));
        g_assert_cmpuint(unknown, ==, cases[i][2]);
        g_assert_null(sip_response_compare(scope, cases[i][0], cases[i][1], NULL));
    }
    wmem_destroy_allocator(scope);
}

/* Codes as a person writes them; what is none is named, with those that are known. */
static void
test_compare_words(void)
{
    static const struct {
        const char *a, *b;
        const char *said; /* the heading, or of the complaint what it begins with */
    } cases[] = {
        {"302", "600", "           302 Moved Temporarily                         600 Busy Everywhere\n"},
        {" 603 ", "603+", "           603 Decline                                   603+ Network Blocked\n"},
        {"603+", "608", "           603+ Network Blocked                          608 Rejected\n"},
        {"399", "503", "           399 Unregistered Redirection                  503 Service Unavailable\n"},
        {"302", "499", "Nothing is known of \"499\". "},
        {"200", "999", "Nothing is known of \"200\". "},
        {"302+", "302", "Nothing is known of \"302+\". "},
        {"302", "1603", "Nothing is known of \"1603\". "},
        {"302", "3", "Nothing is known of \"3\". "},
        {"302", "busy\033[2J", "Nothing is known of \"busy\xef\xbf\xbd[2J\". "},
        {"302", "", "Nothing is known of \"\". "},
        {"302", "-1", "Nothing is known of \"-1\". "},
        {"70000", "302", "Nothing is known of \"70000\". "},
        {"302", "4294967598", "Nothing is known of \"4294967598\". "},
    };
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *complaint = NULL;
        const char *text =
            sip_response_compare_words(scope, sip_slice_from_string(cases[i].a), sip_slice_from_string(cases[i].b),
                                       SIP_RESPONSE_IN_COLUMNS, &complaint);

        g_test_message("%s and %s", cases[i].a, cases[i].b);
        if (g_str_has_prefix(cases[i].said, "Nothing")) {
            g_assert_null(text);
            g_assert_true(g_str_has_prefix(complaint, cases[i].said));
            g_assert_cmpstr(complaint + strlen(cases[i].said), ==,
                            "Known are all 3xx and 6xx, 603+, 403, 404, 408, 410, 480, 485, 486, 487, 488 and 503.");
        } else {
            g_assert_true(g_str_has_prefix(text, cases[i].said));
            g_assert_null(complaint);
        }
    }
    wmem_destroy_allocator(scope);
}

/* For a window: a line a text, so that it may be of any width. The same is said as in columns. */
static void
test_compare_in_paragraphs(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    const sip_response_t *left = sip_response_lookup(302), *right = sip_response_of(603, true);
    const char *text = sip_response_compare_words(scope, SIP_SLICE_LITERAL("302"), SIP_SLICE_LITERAL("603+"),
                                                  SIP_RESPONSE_IN_PARAGRAPHS, NULL);
    const char *const pairs[][3] = {
        {"Meaning", left->meaning, right->meaning},
        {"Seen when", left->seen_when, right->seen_when},
        {"What to do", left->remedy, right->remedy},
        {"Reference", left->reference, right->reference},
    };

    g_assert_true(g_str_has_prefix(text, "302 Moved Temporarily and 603+ Network Blocked\n\nClass\n"));
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        char *wanted = g_strdup_printf("\n\n%s\n302: %s\n603+: %s\n", pairs[i][0], pairs[i][1], pairs[i][2]);
        assert_contains(text, wanted);
        g_free(wanted);
    }
    assert_contains(text, "\n\nKey differences\n- 302: temporarily at another address. 603+: blocked by ");
    assert_contains(text, "\n- A forking proxy that gets only these two must return 603+, the 6xx (RFC 3261 section "
                          "16.7).\n");
    assert_contains(text, "\n\nWhen to use which\n- Answer 302 when ");
    wmem_destroy_allocator(scope);
}

/* What the packet details show below "Differs" of the other code. */
static void
test_title_and_difference(void)
{
    char *plain = sip_response_title(NULL, sip_response_lookup(600));
    char *plus = sip_response_title(NULL, sip_response_of(603, true));

    g_assert_cmpstr(plain, ==, "600 Busy Everywhere");
    g_assert_cmpstr(plus, ==, "603+ Network Blocked");
    g_assert_true(sip_response_difference(sip_response_lookup(302), 600) ==
                  find_neighbour(sip_response_lookup(302), 600)->text);
    g_assert_true(
        g_str_has_prefix(sip_response_difference(sip_response_lookup(608), SIP_RESPONSE_NETWORK_BLOCKED), "603+ "));
    g_assert_null(sip_response_difference(sip_response_lookup(302), 604));
    g_assert_null(sip_response_difference(sip_response_lookup(300), SIP_RESPONSE_CLASS_REDIRECTION));
    wmem_free(NULL, plain);
    wmem_free(NULL, plus);
}

/* In a chain of both, the line that sets them apart. */
static void
test_contrast(void)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);

    g_assert_cmpstr(sip_response_contrast(scope, 302, SIP_RESPONSE_NETWORK_BLOCKED), ==,
                    "302 sends the call on to a temporary target; 603+ is definitive, so trying others is pointless.");
    g_assert_null(sip_response_contrast(scope, 302, 200));
    wmem_destroy_allocator(scope);
}

/* Without a scope nothing but the text itself may be left to free: a leak checker sees the rest. */
static void
test_compare_leaves_nothing_behind(void)
{
    char *text = sip_response_compare(NULL, 302, 600, NULL), *complaint = NULL;

    g_assert_nonnull(text);
    wmem_free(NULL, text);
    g_assert_null(sip_response_compare_words(NULL, SIP_SLICE_LITERAL("302"), SIP_SLICE_LITERAL("499"),
                                             SIP_RESPONSE_IN_COLUMNS, &complaint));
    wmem_free(NULL, complaint);
}

/* ---- Expert fields ---- */

/* What users filter by, and read in Analyze > Expert Information. */
static const struct {
    const char *filter;
    const char *summary;
} experts[] = {
    {"300", "300 Multiple Choices: the caller is to choose a target"},
    {"301", "301 Moved Permanently: use the new address from now on"},
    {"302", "302 Moved Temporarily: try the target for this call"},
    {"305", "305 Use Proxy: send this request through the proxy named"},
    {"380", "380 Alternative Service: the call failed, another service may help"},
    {"600", "600 Busy Everywhere: busy on all devices, definitive"},
    {"603", "603 Decline: refused, by the callee or by a server on the way"},
    {"603plus", "603+ Network Blocked: blocked by call analytics in the network"},
    {"604", "604 Does Not Exist Anywhere: no server knows this user"},
    {"606", "606 Not Acceptable: no device of the callee can take this session offer"},
    {"607", "607 Unwanted: the callee wants no calls from this caller"},
    {"608", "608 Rejected: the network blocked the call"},
    {"3xx", "An unregistered redirection code is handled as 300"},
    {"6xx", "An unregistered global failure code is handled as 600"},
};

static void
assert_expert(const sip_response_t *row, const char *filter, const char *summary)
{
    char *found_filter = sip_response_filter(NULL, row), *found_summary = sip_response_expert_summary(NULL, row);

    g_assert_true(sip_response_has_expert(row));
    g_assert_cmpstr(found_filter, ==, filter);
    g_assert_cmpstr(found_summary, ==, summary);
    wmem_free(NULL, found_filter);
    wmem_free(NULL, found_summary);
}

static void
test_experts(void)
{
    size_t count = 0, seen = 0;
    const sip_response_t *table = sip_response_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (table[i].lifetime != SIP_RESPONSE_LIFETIME_NONE || table[i].definitive) {
            g_assert_cmpuint(seen, <, G_N_ELEMENTS(experts));
            assert_expert(&table[i], experts[seen].filter, experts[seen].summary);
            seen++;
        } else {
            g_assert_false(sip_response_has_expert(&table[i]));
        }
    }
    g_assert_cmpuint(seen, ==, G_N_ELEMENTS(experts));
}

/* A code that is added to the table gets its field from its row. */
static void
test_expert_of_a_new_row(void)
{
    const sip_response_t redirection = {.code = 399, .phrase = "Ask Next Door", .gist = "the neighbour knows"};
    const sip_response_t failure = {.code = 609, .phrase = "No", .gist = "no", .expert_summary = "never ever"};
    const sip_response_t client_failure = {.code = 499, .phrase = "No", .gist = "no"};

    assert_expert(&redirection, "399", "399 Ask Next Door: the neighbour knows");
    assert_expert(&failure, "609", "609 No: never ever");
    g_assert_false(sip_response_has_expert(&client_failure));
    g_assert_cmpuint(sip_response_class(&client_failure), ==, 4);
}

int
main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    wmem_init();
    g_test_add_func("/sip-response/table/standards", test_rows_are_those_of_the_standards);
    g_test_add_func("/sip-response/table/order", test_rows_are_sorted_with_class_rows_last);
    g_test_add_func("/sip-response/table/lookup", test_lookup_of_every_number);
    g_test_add_func("/sip-response/table/lookup-message", test_lookup_of_a_message);
    g_test_add_func("/sip-response/texts/sentences", test_texts_are_short_sentences);
    g_test_add_func("/sip-response/texts/unique", test_no_text_is_said_twice);
    g_test_add_func("/sip-response/texts/short", test_short_texts_are_no_sentences);
    g_test_add_func("/sip-response/texts/definitive", test_meaning_says_definitive_where_it_is);
    g_test_add_func("/sip-response/texts/use-when", test_use_when_names_its_code);
    g_test_add_func("/sip-response/class-rows-list-codes", test_class_rows_list_their_codes);
    g_test_add_func("/sip-response/by-network", test_codes_of_the_network);
    g_test_add_func("/sip-response/texts/decisive-words", test_decisive_words);
    g_test_add_func("/sip-response/texts/302-600", test_302_and_600_say_what_is_asked);
    g_test_add_func("/sip-response/texts/analytics", test_blocking_by_analytics_in_the_usa);
    g_test_add_func("/sip-response/neighbours/mutual", test_neighbours_name_each_other);
    g_test_add_func("/sip-response/neighbours/sentence", test_differs_is_one_sentence_with_both_numbers);
    g_test_add_func("/sip-response/neighbours/required", test_required_pairs);
    g_test_add_func("/sip-response/compare/every-pair", test_compare_every_pair);
    g_test_add_func("/sip-response/compare/302-600", test_compare_302_and_600);
    g_test_add_func("/sip-response/compare/fork", test_compare_says_who_wins_a_fork);
    g_test_add_func("/sip-response/compare/swapped", test_compare_swapped_swaps_the_columns);
    g_test_add_func("/sip-response/compare/same", test_compare_same_code_says_its_use_once);
    g_test_add_func("/sip-response/compare/unknown", test_compare_tells_the_unknown_code);
    g_test_add_func("/sip-response/compare/words", test_compare_words);
    g_test_add_func("/sip-response/compare/paragraphs", test_compare_in_paragraphs);
    g_test_add_func("/sip-response/title", test_title_and_difference);
    g_test_add_func("/sip-response/contrast", test_contrast);
    g_test_add_func("/sip-response/expert/table", test_experts);
    g_test_add_func("/sip-response/expert/new-row", test_expert_of_a_new_row);
    g_test_add_func("/sip-response/compare/no-leak", test_compare_leaves_nothing_behind);
    result = g_test_run();
    wmem_cleanup();
    return result;
}
