/* redirect-locate-search.c
 * Finds the text of each record in the frame's data sources.
 *
 * The records say what is to be found and how many times; a text has to agree with its record. So nothing is taken for
 * a message that the dissector did not take for one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate-int.h"

#include "redirect-compat.h"

/*
 * How often a frame's bytes may be looked at, on average, before the rest of its messages counts as missed. Real frames
 * need less than three times; without a bound a crafted one costs the square of its length.
 */
#define MAX_READS 16

typedef struct {
    packet_info *pinfo;
    locate_source_t *source; /* in the order in which the dissectors added them: [0] is the frame */
    unsigned source_count;
    unsigned first_open; /* derived sources before it are used up */
    locate_effort_t effort;
    /* The message located last; NULL and all zero before the first. */
    locate_source_t *last_source;
    locate_text_t last;
    size_t last_end;
    size_t nested_next; /* where in its body the next message inside it may begin */
    bool last_was_searched;
    bool last_hides; /* may there be messages in its body that do not stand there as text? */
    redirect_located_t *located;
    unsigned count;
    unsigned missed;
} locator_t;

/* A body that the SIP dissector decompressed is left out; no layer below SIP uses this name. */
static void
collect_sources(locator_t *locator)
{
    packet_info *pinfo = locator->pinfo;
    const tvbuff_t *body = redirect_tvb_by_name(pinfo, "gunzipped data");
    size_t total = 0;

    locator->source = wmem_alloc_array(pinfo->pool, locate_source_t, MAX(g_slist_length(pinfo->data_src), 1));
    for (GSList *item = pinfo->data_src; item; item = item->next) {
        tvbuff_t *tvb = get_data_source_tvb((const struct data_source *)item->data);
        unsigned len = tvb_captured_length(tvb);
        locate_source_t *source = &locator->source[locator->source_count];

        if (len > 0 && len <= INT32_MAX && !(locator->source_count > 0 && tvb == body)) {
            *source = locate_source(tvb, (const char *)tvb_get_ptr(tvb, 0, len), len, &locator->effort);
            source->is_frame = locator->source_count == 0;
            source->is_cut = len < tvb_reported_length(tvb);
            locator->source_count++;
            total += len;
        }
    }
    locator->effort.limit = MAX_READS * total;
}

static bool
is_exhausted(const locator_t *locator)
{
    return locator->effort.examined >= locator->effort.limit;
}

/* The dissector runs again for a body of type message/sip: such a record belongs to no message of the frame. */
static bool
is_nested_in_last(locator_t *locator, const sip_info_value_t *seen)
{
    locate_text_t nested;

    if (!locator->last.may_hold_sip ||
        !locate_text_find(locator->last_source, locator->nested_next, locator->last_end, seen, &nested)) {
        return false;
    }
    locator->nested_next = nested.body; /* or earlier: its own start line is passed, all the same */
    return true;
}

/*
 * Sources that were derived from the frame go first, in the order of their making: a segment may hold, within the body
 * of the message that it ends, the begin of another. A message that a source holds as a whole goes before one that it
 * holds in part, for the other part may have been put together with it in a later source.
 */
static locate_source_t *
find_in_sources(locator_t *locator, const locate_record_t *record, locate_text_t *text)
{
    locate_source_t *frame = locator->source;
    locate_source_t *found = NULL;

    /* A datagram that stands in the frame as such is no part of anything. */
    if (record->transport == REDIRECT_TRANSPORT_UDP &&
        locate_text_find(frame, frame->next, frame->len, record->seen, text) &&
        locate_datagram_end(locator->pinfo, record->transport, frame, text->start) > 0) {
        return frame;
    }
    while (locator->first_open < locator->source_count &&
           locator->source[locator->first_open].next >= locator->source[locator->first_open].len) {
        locator->first_open++;
    }
    for (unsigned i = locator->first_open; i <= locator->source_count; i++) {
        locate_source_t *source = &locator->source[i % locator->source_count];
        locate_text_t candidate;
        bool is_captured;

        if (!locate_text_find(source, source->next, source->len, record->seen, &candidate)) {
            continue;
        }
        is_captured = locate_extent(locator->pinfo, record->transport, source, &candidate).is_captured;
        if (is_captured || found == NULL) {
            found = source;
            *text = candidate;
        }
        if (is_captured) {
            break;
        }
    }
    return found;
}

/* The next message of a stream follows the last one; some senders put empty lines between them (RFC 3261 7.5). */
static bool
find_after_last(const locator_t *locator, const sip_info_value_t *seen, locate_text_t *text)
{
    locate_source_t *source = locator->last_source;
    size_t start = locator->last_end;

    if (source == NULL) {
        return false;
    }
    while (start < source->len && (source->text[start] == '\r' || source->text[start] == '\n')) {
        start++;
    }
    source->effort->examined += start - locator->last_end;
    return start < source->len && locate_text_at(source, start, seen, text);
}

static void
add_located(locator_t *locator, locate_source_t *source, locate_text_t *text, redirect_transport_t transport)
{
    locate_extent_t extent = locate_extent(locator->pinfo, transport, source, text);
    size_t end = MIN(extent.end, source->len);

    locator->located[locator->count++] = locate_result(source, text, transport, &extent);
    /* Without a known end, a message of a stream takes what is left, as in the dissector; a datagram may not. */
    source->next = extent.is_known || !locate_is_datagram(transport) ? end : text->body;
    locator->last_source = source;
    locator->last = *text;
    locator->last_end = end;
    locator->nested_next = 0;
    locator->last_was_searched = false;
}

static bool
has_encoded_part(sip_slice_t body)
{
    const char *dash;

    while (body.len > 0 && (dash = memchr(body.ptr, '-', body.len)) != NULL) {
        body = sip_slice_from(body, (size_t)(dash - body.ptr));
        if (sip_slice_starts_nocase(body, SIP_SLICE_LITERAL("-Encoding:"))) {
            return true;
        }
        body = sip_slice_from(body, 1);
    }
    return false;
}

/* May the dissector have found a message in the last one's body that does not stand there as text? */
static bool
last_hides(locator_t *locator)
{
    const locate_text_t *last = &locator->last;

    if (!locator->last_was_searched) {
        locator->last_was_searched = true;
        locator->last_hides =
            last->may_hold_sip &&
            (last->is_encoded || (last->is_multipart && last->body < locator->last_end &&
                                  has_encoded_part(sip_slice_make(locator->last_source->text + last->body,
                                                                  locator->last_end - last->body))));
    }
    return locator->last_hides;
}

static void
locate_record(locator_t *locator, const locate_record_t *record)
{
    locate_source_t *source = locator->last_source;
    locate_text_t text;

    if (is_exhausted(locator)) {
        locator->missed++;
        return;
    }
    if (source) {
        locate_text_read_headers(source, &locator->last);
        locator->nested_next = MAX(locator->nested_next, locator->last.body);
    }
    if (!find_after_last(locator, record->seen, &text)) {
        if (is_nested_in_last(locator, record->seen)) {
            return;
        }
        source = find_in_sources(locator, record, &text);
    } else if (!locate_extent(locator->pinfo, record->transport, source, &text).is_captured) {
        /* Its begin stands there; the whole may have been put together in another source. */
        source = find_in_sources(locator, record, &text);
    }
    if (source) {
        add_located(locator, source, &text, record->transport);
    } else {
        locator->missed += !last_hides(locator);
    }
}

unsigned
locate_search(packet_info *pinfo, const locate_record_t *record, unsigned count, redirect_located_t *located,
              unsigned *missed)
{
    locator_t locator = {.pinfo = pinfo, .first_open = 1, .located = located};

    collect_sources(&locator);
    for (unsigned i = 0; i < count; i++) {
        locate_record(&locator, &record[i]);
    }
    *missed = locator.missed;
    return locator.count;
}
