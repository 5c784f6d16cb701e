/* tracker_feed.h
 * Messages as text into a tracker, one frame each, for tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TRACKER_FEED_H
#define TRACKER_FEED_H

#include <glib.h>

#include <wsutil/wmem/wmem.h>

#include "redirect-tracker.h"

/** A tracker that is being fed; frames are numbered from 1 and 100 ms apart. */
typedef struct {
    wmem_allocator_t *scope;
    redirect_tracker_t *tracker;
    const char *call_id; /**< of the next messages */
    uint32_t frame;      /**< the last one */
} feed_t;

static inline void
feed_begin(feed_t *feed)
{
    static const redirect_config_t config = {.max_hops = 5, .link_calls = true, .link_window = 32};

    feed->scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    feed->tracker = redirect_tracker_new(feed->scope, &config);
    feed->call_id = "call";
    feed->frame = 0;
}

static inline void
feed_end(feed_t *feed)
{
    wmem_destroy_allocator(feed->scope);
}

/**
 * One message of len bytes, from a buffer of just that size which is gone afterwards, so that reading beyond it, or
 * keeping a part of it, is seen. @return what redirect_tracker_add() returns, NULL too where it is no message
 */
static inline const redirect_record_t *
feed_bytes(feed_t *feed, const char *text, size_t len)
{
    char *copy = (char *)g_memdup2(text, len);
    sip_message_t *sip = g_new(sip_message_t, 1);
    const redirect_record_t *record = NULL;
    redirect_message_t message = {
        .frame = ++feed->frame, .time = feed->frame * (REDIRECT_SECOND / 10), .transport = REDIRECT_TRANSPORT_UDP};

    if (sip_message_parse(sip_slice_make(copy, len), sip)) {
        redirect_endpoint_t client = {.address = {192, 0, 2, 1}, .len = 4, .port = 5060};
        redirect_endpoint_t server = {.address = {192, 0, 2, 2}, .len = 4, .port = 5060};
        message.source = sip->is_response ? server : client;
        message.destination = sip->is_response ? client : server;
        message.sip = sip;
        record = redirect_tracker_add(feed->tracker, &message);
    }
    g_free(sip);
    g_free(copy);
    return record;
}

/** Whole lines, each ended by "\n" here and by CRLF in the message. */
static inline const redirect_record_t *
feed_text(feed_t *feed, const char *text)
{
    GString *wire = g_string_new("");
    const redirect_record_t *record;

    for (; *text; text++) {
        if (*text == '\n') {
            g_string_append_c(wire, '\r');
        }
        g_string_append_c(wire, *text);
    }
    record = feed_bytes(feed, wire->str, wire->len);
    (void)g_string_free(wire, TRUE);
    return record;
}

/** A request from alice to bob. to_tag and more (header lines, each with its line end) may be "". */
static inline const redirect_record_t *
feed_request(feed_t *feed, const char *method, const char *uri, const char *branch, unsigned cseq, const char *to_tag,
             const char *more)
{
    char *text =
        g_strdup_printf("%s %s SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%s\nMax-Forwards: 70\n"
                        "From: <sip:alice@example.com>;tag=a\nTo: <sip:bob@example.com>%s%s\n"
                        "Call-ID: %s\nCSeq: %u %s\n%sContent-Length: 0\n\n",
                        method, uri, branch, *to_tag ? ";tag=" : "", to_tag, feed->call_id, cseq, method, more);
    const redirect_record_t *record = feed_text(feed, text);

    g_free(text);
    return record;
}

/** Its response; status is code and phrase. */
static inline const redirect_record_t *
feed_response(feed_t *feed, const char *status, const char *method, const char *branch, unsigned cseq, const char *more,
              const char *body)
{
    char *text = g_strdup_printf("SIP/2.0 %s\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%s\n"
                                 "From: <sip:alice@example.com>;tag=a\nTo: <sip:bob@example.com>;tag=b\n"
                                 "Call-ID: %s\nCSeq: %u %s\n%s\n%s",
                                 status, branch, feed->call_id, cseq, method, more, body);
    const redirect_record_t *record = feed_text(feed, text);

    g_free(text);
    return record;
}

#endif /* TRACKER_FEED_H */
