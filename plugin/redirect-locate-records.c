/* redirect-locate-records.c
 * Which messages the SIP dissector saw in a frame.
 *
 * It stores one sip_info_value_t per message, keyed by the number of the layer that was the last when it did so.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-locate-int.h"

#include <epan/proto_data.h>

/* packet_info counts layers in 8 bits, and goes on from 0. */
#define LAYER_NUMBERS 256

typedef struct {
    const char *filter_name;
    int proto; /* -1 where this Wireshark has no such protocol */
    redirect_transport_t transport;
} transport_proto_t;

static transport_proto_t transport_protos[] = {
    {"udp", -1, REDIRECT_TRANSPORT_UDP},   {"tcp", -1, REDIRECT_TRANSPORT_TCP},
    {"tls", -1, REDIRECT_TRANSPORT_TLS},   {"websocket", -1, REDIRECT_TRANSPORT_WS},
    {"sctp", -1, REDIRECT_TRANSPORT_SCTP},
};

typedef struct {
    const char *filter_name;
    int proto;
    bool is_icmp;
} quoting_proto_t;

/* Protocols whose payload is a copy of somebody's packet: Wireshark's SIP tap ignores SIP inside them, too. */
static quoting_proto_t quoting_protos[] = {
    {"icmp", -1, true},         {"icmpv6", -1, true},       {"nhrp", -1, false},        {"sflow", -1, false},
    {"openflow_v4", -1, false}, {"openflow_v5", -1, false}, {"openflow_v6", -1, false},
};

static int proto_sip = -1;

uint8_t locate_mark[LOCATE_MARK_COUNT];

/* The protocol's number, which is marked; -1 where this Wireshark has no such protocol. */
static int
find_and_mark(const char *filter_name, uint8_t mark)
{
    int proto = proto_get_id_by_filter_name(filter_name);

    if (proto >= 0) {
        locate_mark[(unsigned)proto % LOCATE_MARK_COUNT] |= mark;
    }
    return proto;
}

void
locate_records_init(void)
{
    proto_sip = proto_get_id_by_filter_name("sip");
    for (unsigned i = 0; i < G_N_ELEMENTS(transport_protos); i++) {
        transport_protos[i].proto = find_and_mark(transport_protos[i].filter_name, LOCATE_MARK_TRANSPORT);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(quoting_protos); i++) {
        quoting_protos[i].proto = find_and_mark(quoting_protos[i].filter_name, LOCATE_MARK_QUOTING);
    }
}

int
locate_proto_sip(void)
{
    return proto_sip;
}

/* What the layers passed so far say about SIP above them. */
typedef struct {
    redirect_transport_t transport;
    bool is_quoted;
    bool is_in_icmp;
} below_t;

static void
pass_layer(int proto, below_t *below)
{
    if (locate_mark_of(proto) == 0) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(transport_protos); i++) {
        if (proto == transport_protos[i].proto) {
            below->transport = transport_protos[i].transport;
            return;
        }
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(quoting_protos); i++) {
        below->is_quoted = below->is_quoted || proto == quoting_protos[i].proto;
        below->is_in_icmp = below->is_in_icmp || (proto == quoting_protos[i].proto && quoting_protos[i].is_icmp);
    }
}

/* The range of keys that a frame's records may have: from first on, count of them, 0 after LAYER_NUMBERS - 1. */
typedef struct {
    unsigned first;
    unsigned count;
} keys_t;

/*
 * The key is pinfo->curr_layer_num, which only grows within a frame: the layer of "sip" for a layer's first message, the
 * last layer within the previous message's body for the next ones. So every number from the first SIP layer on is asked
 * for, not only those that are "sip" in pinfo->layers. Layers that were taken off the list again keep their numbers, so
 * the list may be the shorter of the two; where it is the longer one, the numbers started again from 0.
 */
static keys_t
keys_of(const packet_info *pinfo, unsigned first_layer)
{
    unsigned count = wmem_list_count(pinfo->layers);
    keys_t keys = {first_layer % LAYER_NUMBERS, LAYER_NUMBERS};

    if (count <= pinfo->curr_layer_num && first_layer <= pinfo->curr_layer_num) {
        keys.count = pinfo->curr_layer_num - first_layer + 1;
    }
    return keys;
}

/*
 * Takes all records off, newest first: p_get_proto_data() shows the newest of a key only, and finds it at once where
 * everything newer is gone.
 */
static void
take_records(packet_info *pinfo, keys_t keys, wmem_array_t *records)
{
    for (unsigned i = keys.count; i-- > 0;) {
        locate_record_t record = {.key = (keys.first + i) % LAYER_NUMBERS};

        while ((record.seen = (const sip_info_value_t *)p_get_proto_data(pinfo->pool, pinfo, proto_sip, record.key))) {
            wmem_array_append_one(records, record);
            p_remove_proto_data(pinfo->pool, pinfo, proto_sip, record.key);
        }
    }
}

/* Turns the order round, so that the oldest comes first, and puts the records back in that order. */
static void
put_back(packet_info *pinfo, locate_record_t *record, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        locate_record_t other = record[i];

        record[i] = record[count - 1 - i];
        record[count - 1 - i] = other;
    }
    for (unsigned i = 0; i < count; i++) {
        p_add_proto_data(pinfo->pool, pinfo, proto_sip, record[i].key, (void *)(uintptr_t)record[i].seen);
    }
}

/* What carries each record's layer. Where layer numbers started again from 0, what carries the last layer counts. */
static void
look_below(const packet_info *pinfo, keys_t keys, locate_record_t *record, unsigned count)
{
    wmem_list_frame_t *layer = wmem_list_head(pinfo->layers);
    below_t below = {REDIRECT_TRANSPORT_OTHER, false, false};
    below_t below_sip = below;
    unsigned done = 0;

    for (unsigned key = 1; done < count; key++) {
        if (layer && GPOINTER_TO_INT(wmem_list_frame_data(layer)) == proto_sip) {
            below_sip = below;
        } else if (layer) {
            pass_layer(GPOINTER_TO_INT(wmem_list_frame_data(layer)), &below);
        }
        layer = layer ? wmem_list_frame_next(layer) : NULL;
        for (; done < count && (record[done].key == key || key >= keys.first + keys.count); done++) {
            record[done].transport = below_sip.transport;
            record[done].is_quoted = below_sip.is_quoted;
            record[done].is_in_icmp = below_sip.is_in_icmp;
        }
    }
}

/*
 * Where layer numbers started again from 0, records of several rounds share keys. As a round seldom has several records of a key,
 * the first of each key are taken to be of the first round, and so on. Where that is wrong, texts are missed.
 */
static void
number_rounds(locate_record_t *record, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        record[i].round = record[i].key == record[i - 1].key ? record[i - 1].round + 1 : 0;
    }
    for (unsigned i = 0; i < count; i++) {
        record[i].place = i;
    }
}

static int
by_round(const void *a, const void *b)
{
    const locate_record_t *left = (const locate_record_t *)a;
    const locate_record_t *right = (const locate_record_t *)b;

    if (left->round != right->round) {
        return left->round < right->round ? -1 : 1;
    }
    return left->place < right->place ? -1 : 1;
}

/* The first request that ICMP quotes far enough to say which one it is. */
static const sip_info_value_t *
find_quoted(const locate_record_t *record, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (record[i].is_in_icmp && record[i].seen->request_method && record[i].seen->tap_call_id) {
            return record[i].seen;
        }
    }
    return NULL;
}

/* Leaves those out that are no messages of the frame's own. */
static unsigned
keep_messages(locate_record_t *record, unsigned count)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < count; i++) {
        if (!record[i].is_quoted && locate_is_message(record[i].seen)) {
            record[kept++] = record[i];
        }
    }
    return kept;
}

const locate_record_t *
locate_records(packet_info *pinfo, unsigned first_layer, unsigned *count, const sip_info_value_t **quoted)
{
    wmem_array_t *records = wmem_array_sized_new(pinfo->pool, sizeof(locate_record_t), 4);
    keys_t keys = keys_of(pinfo, first_layer);
    locate_record_t *record;

    take_records(pinfo, keys, records);
    *count = wmem_array_get_count(records);
    record = (locate_record_t *)wmem_array_get_raw(records);
    put_back(pinfo, record, *count);
    look_below(pinfo, keys, record, *count);
    if (keys.count == LAYER_NUMBERS) {
        number_rounds(record, *count);
        wmem_array_sort(records, by_round);
    }
    *quoted = find_quoted(record, *count);
    *count = keep_messages(record, *count);
    return record;
}
