/* redirect-stats-ladder.c
 * tshark's -z sip_redirect,ladder: chains as drawings, printed when the capture has been read.
 *
 * The model keeps of most messages only in which frame they are. Their time, addresses, reason phrase, Call-ID, and what
 * each element calls itself are collected here, and only when a ladder is asked for: of all SIP, for in one pass nobody
 * knows yet which messages will turn out to belong to a chain. When as much is kept as may be, what belongs to no chain
 * goes, but for the latest; where that does not help, nothing more is kept, and the ladder says so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include <epan/packet.h>
#include <epan/tap.h>
#include <wsutil/report_message.h>

#include "redirect-ladder.h"
#include "redirect-locate.h"
#include "redirect-session.h"
#include "redirect-stats-cli.h"
#include "redirect-stats-frames.h"
#include "redirect-text.h"
#include "sip-message.h"

/*
 * What is kept of a capture at most: messages of 64 bytes, 16 MB; texts of at most 161 bytes, 40 MB; elements that have a
 * name. And the chains that one page of HTML draws; the others are in its table. A test has a build with smaller ones.
 */
#ifndef LADDER_MAX_MESSAGES
#define LADDER_MAX_MESSAGES (1U << 18)
#define LADDER_MAX_TEXTS (1U << 18)
#define LADDER_MAX_ELEMENTS (1U << 16)
#define LADDER_MAX_FIGURES 500U
#endif

typedef enum { FORMAT_TEXT, FORMAT_MERMAID, FORMAT_HTML, FORMATS } format_t;

static const char *const format_names[FORMATS] = {
    [FORMAT_TEXT] = "text",
    [FORMAT_MERMAID] = "mermaid",
    [FORMAT_HTML] = "html",
};

/** One message, in capture order. */
typedef struct {
    redirect_ladder_seen_t seen; /* its strings are in texts */
    uint32_t frame;
    uint16_t index;
} kept_t;

/** What an element calls itself; the strings are in texts. */
typedef struct {
    redirect_endpoint_t endpoint;
    const char *certain, *otherwise;
} element_t;

typedef struct {
    format_t format;
    bool has_number;
    uint32_t number;
    char *filter; /* NULL: no filter */
    redirect_stats_frames_t *frames;
    GArray *kept;
    GHashTable *texts;
    GHashTable *elements;
    bool is_full;
    bool has_lost_texts;
    bool found_nothing; /* the chain that was asked for is not there */
} ladder_tap_t;

/* --- what is kept -------------------------------------------------------------------------------------------------- */

static void
begin_texts(ladder_tap_t *tap)
{
    tap->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* The same text once. NULL for none, and where no more are kept. */
static const char *
keep_text(ladder_tap_t *tap, const char *text)
{
    char *kept;

    if (text == NULL || *text == '\0') {
        return NULL;
    }
    kept = (char *)g_hash_table_lookup(tap->texts, text);
    if (kept == NULL && g_hash_table_size(tap->texts) < LADDER_MAX_TEXTS) {
        kept = g_strdup(text);
        g_hash_table_add(tap->texts, kept);
    }
    tap->has_lost_texts |= kept == NULL;
    return kept;
}

static void
keep_element_texts(gpointer key _U_, gpointer value, gpointer data)
{
    element_t *element = (element_t *)value;

    element->certain = keep_text((ladder_tap_t *)data, element->certain);
    element->otherwise = keep_text((ladder_tap_t *)data, element->otherwise);
}

static bool
is_of_a_chain(const ladder_tap_t *tap, const kept_t *kept)
{
    const redirect_store_t *store = redirect_session_store();
    const redirect_record_t *record = redirect_store_records(store, kept->frame);

    while (record && record->index != kept->index) {
        record = redirect_next_in_frame(record);
    }
    return record && record->transaction && record->transaction->chain &&
           (!tap->has_number || record->transaction->chain->number == tap->number);
}

/* Lets go what belongs to no chain, but for the latest quarter, and the texts that only it had. */
static void
make_room(ladder_tap_t *tap)
{
    GHashTable *old = tap->texts;
    const guint latest = tap->kept->len / 4 * 3;
    guint count = 0;

    begin_texts(tap);
    g_hash_table_foreach(tap->elements, keep_element_texts, tap);
    for (guint i = 0; i < tap->kept->len; i++) {
        kept_t *kept = &g_array_index(tap->kept, kept_t, i);
        if (i >= latest || is_of_a_chain(tap, kept)) {
            kept->seen.phrase = keep_text(tap, kept->seen.phrase);
            kept->seen.call_id = keep_text(tap, kept->seen.call_id);
            g_array_index(tap->kept, kept_t, count) = *kept;
            count++;
        }
    }
    g_array_set_size(tap->kept, count);
    g_hash_table_destroy(old);
    tap->is_full = count > LADDER_MAX_MESSAGES / 4 * 3 || g_hash_table_size(tap->texts) > LADDER_MAX_TEXTS / 4 * 3;
}

static element_t *
element_at(ladder_tap_t *tap, const redirect_endpoint_t *endpoint)
{
    element_t *element = (element_t *)g_hash_table_lookup(tap->elements, endpoint);

    if (element == NULL && g_hash_table_size(tap->elements) < LADDER_MAX_ELEMENTS) {
        element = g_new0(element_t, 1);
        element->endpoint = *endpoint;
        g_hash_table_insert(tap->elements, &element->endpoint, element);
    }
    tap->has_lost_texts |= element == NULL;
    return element;
}

/*
 * A request with one Via is its sender's own, and so is a 100, which no proxy passes on (RFC 3261 16.7 step 5). Another
 * response may be anyone's; a request with more Vias is somebody else's for certain.
 */
static void
keep_software(ladder_tap_t *tap, const redirect_endpoint_t *source, const sip_message_t *sip, wmem_allocator_t *scope)
{
    const bool certain = sip->is_response ? sip->status == 100 : sip->via_count == 1;
    element_t *element;
    sip_slice_t value = SIP_SLICE_NONE;

    if (source->len == 0 || (!certain && !sip->is_response) ||
        !(sip_message_header(sip, SIP_HEADER_SERVER, &value) ||
          sip_message_header(sip, SIP_HEADER_USER_AGENT, &value))) {
        return;
    }
    element = element_at(tap, source);
    if (element && (certain ? element->certain : element->otherwise) == NULL) {
        const char *text = keep_text(tap, redirect_text_from_wire(scope, value, REDIRECT_LADDER_MAX_SOFTWARE));
        if (certain) {
            element->certain = text;
        } else {
            element->otherwise = text;
        }
    }
}

static void
keep_message(ladder_tap_t *tap, packet_info *pinfo, const redirect_located_t *located, unsigned index)
{
    kept_t kept = {.frame = pinfo->num, .index = (uint16_t)index};
    sip_message_t sip;

    if (!sip_message_parse(located->text, &sip)) {
        return;
    }
    kept.seen = (redirect_ladder_seen_t){
        .time = redirect_session_time(&pinfo->abs_ts),
        .source = redirect_session_endpoint(&pinfo->src, pinfo->srcport),
        .destination = redirect_session_endpoint(&pinfo->dst, pinfo->destport),
        .transport = located->transport,
        .phrase = keep_text(tap, redirect_text_from_wire(pinfo->pool, sip.phrase, REDIRECT_LADDER_MAX_PHRASE)),
        .call_id = keep_text(tap, redirect_text_from_wire(pinfo->pool, sip.call_id, REDIRECT_LADDER_MAX_CALL_ID)),
    };
    keep_software(tap, &kept.seen.source, &sip, pinfo->pool);
    g_array_append_val(tap->kept, kept);
}

/* Each frame of the capture; a frame dissected again brings nothing new. */
static tap_packet_status
ladder_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_, tap_flags_t flags _U_)
{
    ladder_tap_t *tap = (ladder_tap_t *)data;
    redirect_located_list_t list;

    if (tap->is_full || !redirect_locate(pinfo, &list)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (tap->kept->len >= LADDER_MAX_MESSAGES || g_hash_table_size(tap->texts) >= LADDER_MAX_TEXTS) {
        make_room(tap);
    }
    for (unsigned i = 0; i < list.count && !tap->is_full; i++) {
        keep_message(tap, pinfo, &list.message[i], i);
    }
    return TAP_PACKET_DONT_REDRAW;
}

static tap_packet_status
filter_packet(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped _U_, tap_flags_t flags _U_)
{
    redirect_stats_frames_add((redirect_stats_frames_t *)data, pinfo);
    return TAP_PACKET_DONT_REDRAW;
}

/* --- look-ups ------------------------------------------------------------------------------------------------------- */

static int
compare_kept(const void *a, const void *b)
{
    const kept_t *left = (const kept_t *)a, *right = (const kept_t *)b;

    if (left->frame != right->frame) {
        return left->frame < right->frame ? -1 : 1;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static bool
seen(const void *data, uint32_t frame, unsigned index, redirect_ladder_seen_t *result)
{
    const ladder_tap_t *tap = (const ladder_tap_t *)data;
    const kept_t wanted = {.frame = frame, .index = (uint16_t)index};
    const kept_t *kept = tap->kept->len == 0 ? NULL
                                             : (const kept_t *)bsearch(&wanted, tap->kept->data, tap->kept->len,
                                                                       sizeof(kept_t), compare_kept);

    if (kept == NULL) {
        return false;
    }
    *result = kept->seen;
    return true;
}

static const char *
software(const void *data, const redirect_endpoint_t *endpoint, bool certain)
{
    const element_t *element = (const element_t *)g_hash_table_lookup(((const ladder_tap_t *)data)->elements, endpoint);

    if (element == NULL) {
        return NULL;
    }
    return certain ? element->certain : element->otherwise;
}

/* --- printing -------------------------------------------------------------------------------------------------------- */

static bool
is_wanted(const ladder_tap_t *tap, const redirect_chain_t *chain)
{
    return (!tap->has_number || chain->number == tap->number) &&
           (tap->filter == NULL || redirect_stats_frames_have(tap->frames, chain));
}

static uint32_t
chain_count(const redirect_store_t *store)
{
    return store ? redirect_store_chain_count(store) : 0;
}

static uint32_t
count_wanted(const ladder_tap_t *tap, const redirect_store_t *store)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < chain_count(store); i++) {
        count += is_wanted(tap, redirect_store_chain(store, i));
    }
    return count;
}

/* "There is no chain 7: this capture has 3, from 0 to 2." */
static char *
nothing_text(const ladder_tap_t *tap, const redirect_store_t *store)
{
    const uint32_t count = chain_count(store);

    if (tap->has_number && tap->number >= count) {
        return count == 0   ? g_strdup_printf("There is no chain %u: this capture has none.", tap->number)
               : count == 1 ? g_strdup_printf("There is no chain %u: this capture has one, chain 0.", tap->number)
                            : g_strdup_printf("There is no chain %u: this capture has %u, from 0 to %u.", tap->number,
                                              count, count - 1);
    }
    if (tap->filter && count > 0) {
        return g_strdup_printf("No chain fits the filter: %s", tap->filter);
    }
    return g_strdup("This capture has no chain: no 3xx or 6xx that belongs to a request.");
}

static void
print(const char *text)
{
    fputs(text, stdout);
}

static void
print_ladder(const ladder_tap_t *tap, const redirect_store_t *store, const redirect_chain_t *chain, bool is_one_of_many)
{
    const redirect_ladder_lookups_t lookups = {
        .seen = seen, .software = software, .data = tap, .has_lost_texts = tap->has_lost_texts};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    const redirect_ladder_t *ladder = redirect_ladder_new(scope, store, chain, &lookups);

    switch (tap->format) {
    case FORMAT_TEXT:
        print("\n");
        print(redirect_ladder_text(scope, ladder));
        break;
    case FORMAT_MERMAID: /* several are a document of Markdown */
        print(is_one_of_many ? "```mermaid\n" : "");
        print(redirect_ladder_mermaid(scope, ladder));
        print(is_one_of_many ? "```\n\n" : "");
        break;
    default:
        print(redirect_ladder_html_figure(scope, ladder));
        break;
    }
    wmem_destroy_allocator(scope);
}

static void
print_table(const ladder_tap_t *tap, const redirect_store_t *store, uint32_t wanted)
{
    uint32_t row = 0;
    char *remark = wanted == 0 ? nothing_text(tap, store)
                   : wanted > LADDER_MAX_FIGURES
                       ? g_strdup_printf("The first %u of %u chains are drawn. Choose others by number or filter.",
                                         LADDER_MAX_FIGURES, wanted)
                       : NULL;

    for (uint32_t i = 0; i < chain_count(store); i++) {
        const redirect_chain_t *chain = redirect_store_chain(store, i);
        if (is_wanted(tap, chain)) {
            wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
            const redirect_ladder_head_t head = redirect_ladder_head(scope, store, chain);
            print(redirect_ladder_html_row(scope, &head, row++ < LADDER_MAX_FIGURES));
            wmem_destroy_allocator(scope);
        }
    }
    char *between = redirect_ladder_html_between(NULL, remark);
    print(between);
    wmem_free(NULL, between);
    g_free(remark);
}

/* What stands before the first ladder. */
static void
print_begin(const ladder_tap_t *tap, const redirect_store_t *store, uint32_t wanted)
{
    char *text;

    if (tap->format == FORMAT_HTML) {
        text = redirect_ladder_html_begin(NULL, tap->filter);
        print(text);
        wmem_free(NULL, text);
        print_table(tap, store, wanted);
    } else if (wanted == 0) {
        text = nothing_text(tap, store);
        printf(tap->format == FORMAT_MERMAID ? "%%%% %s\n" : "\n%s\n", text);
        g_free(text);
    }
}

static void
ladder_draw(void *data)
{
    ladder_tap_t *tap = (ladder_tap_t *)data;
    const redirect_store_t *store = redirect_session_store();
    const uint32_t wanted = count_wanted(tap, store);
    uint32_t drawn = 0;

    tap->found_nothing = tap->has_number && wanted == 0;
    print_begin(tap, store, wanted);
    for (uint32_t i = 0; i < chain_count(store); i++) {
        const redirect_chain_t *chain = redirect_store_chain(store, i);
        if (is_wanted(tap, chain) && (tap->format != FORMAT_HTML || drawn++ < LADDER_MAX_FIGURES)) {
            print_ladder(tap, store, chain, wanted > 1);
        }
    }
    if (tap->format == FORMAT_HTML) {
        char *end = redirect_ladder_html_end(NULL);
        print(end);
        wmem_free(NULL, end);
    }
}

/* Whether there is such a chain is known only at the end. By now everything else is printed. */
static void
ladder_finish(void *data)
{
    ladder_tap_t *tap = (ladder_tap_t *)data;
    const bool found_nothing = tap->found_nothing;

    redirect_stats_frames_free(tap->frames);
    g_array_free(tap->kept, TRUE);
    g_hash_table_destroy(tap->elements);
    g_hash_table_destroy(tap->texts);
    g_free(tap->filter);
    g_free(tap);
    if (found_nothing) {
        fflush(stdout);
        exit(1);
    }
}

/* --- the option ------------------------------------------------------------------------------------------------------ */

static bool
read_format(sip_slice_t word, format_t *format)
{
    for (unsigned i = 0; i < FORMATS; i++) {
        if (sip_slice_equal(word, sip_slice_from_string(format_names[i]))) {
            *format = (format_t)i;
            return true;
        }
    }
    return false;
}

/* Takes the text up to the next comma off rest; *rest is NULL after the last one. */
static sip_slice_t
take_word(const char **rest)
{
    const char *word = *rest, *comma = strchr(word, ',');

    *rest = comma && comma[1] ? comma + 1 : NULL;
    return comma ? sip_slice_make(word, (size_t)(comma - word)) : sip_slice_from_string(word);
}

/* "text,3,ip.addr == 192.0.2.1": a number is a chain's, all else a filter. */
static bool
read_option(const char *rest, ladder_tap_t *tap)
{
    const char *after;

    if (rest == NULL || !read_format(take_word(&rest), &tap->format)) {
        report_failure("-z %s needs a format, text, mermaid or html: for example -z %s,text or -z %s,html,0.",
                       REDIRECT_STATS_LADDER, REDIRECT_STATS_LADDER, REDIRECT_STATS_LADDER);
        return false;
    }
    after = rest;
    if (after && sip_slice_to_uint32(take_word(&after), &tap->number)) {
        tap->has_number = true;
        rest = after;
    }
    tap->filter = g_strdup(rest);
    return true;
}

bool
redirect_stats_ladder_start(const char *option)
{
    ladder_tap_t *tap;
    const char *rest;

    if (!redirect_stats_rest_of_option(option, REDIRECT_STATS_LADDER, &rest)) {
        return false;
    }
    tap = g_new0(ladder_tap_t, 1);
    if (!read_option(rest, tap)) {
        g_free(tap);
        return false;
    }
    tap->frames = redirect_stats_frames_new();
    tap->kept = g_array_new(FALSE, FALSE, sizeof(kept_t));
    tap->elements = g_hash_table_new_full(redirect_endpoint_hash, redirect_endpoint_equal, NULL, g_free);
    begin_texts(tap);
    if (tap->filter &&
        !redirect_stats_is_registered(REDIRECT_STATS_LADDER,
                                      register_tap_listener("frame", tap->frames, tap->filter, TL_REQUIRES_NOTHING,
                                                            NULL, filter_packet, NULL, NULL))) {
        return false;
    }
    return redirect_stats_is_registered(REDIRECT_STATS_LADDER,
                                        register_tap_listener("frame", tap, NULL, TL_REQUIRES_NOTHING, NULL,
                                                              ladder_packet, ladder_draw, ladder_finish));
}
