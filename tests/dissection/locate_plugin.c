/* locate_plugin.c
 * A plugin for test_locate.py only: shows the messages that redirect-locate.c finds as fields.
 *
 * The real plugin locates on the first visit of a frame. This one does so and keeps what it found, locates again on
 * every later visit, and shows the latter; locate.changed says where the two differ. In each visit it locates three
 * times: the second time is a lookup of what the first one kept; the third starts from nothing, and finds the same again only
 * where the first has left the SIP dissector's records as they were.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <gmodule.h>

#define WS_BUILD_DLL
#include <ws_symbol_export.h>

#include <epan/packet.h>
#include <epan/proto_data.h>

#if VERSION_MAJOR > 4 || (VERSION_MAJOR == 4 && VERSION_MINOR >= 2)
#include <wsutil/plugins.h>
#endif

#include "redirect-locate.h"
#include "sip-message.h"

static int proto_locate = -1;

static int hf_start_line = -1;
static int hf_method = -1;
static int hf_status = -1;
static int hf_call_id = -1;
static int hf_cseq = -1;
static int hf_cseq_method = -1;
static int hf_transport = -1;
static int hf_length = -1;
static int hf_body_length = -1;
static int hf_complete = -1;
static int hf_headers_complete = -1;
static int hf_missed = -1;
static int hf_unparsed = -1;
static int hf_changed = -1;

static int ett_locate = -1;

static const char *const transport_names[] = {
    [REDIRECT_TRANSPORT_OTHER] = "other", [REDIRECT_TRANSPORT_UDP] = "udp", [REDIRECT_TRANSPORT_TCP] = "tcp",
    [REDIRECT_TRANSPORT_TLS] = "tls",     [REDIRECT_TRANSPORT_WS] = "ws",   [REDIRECT_TRANSPORT_SCTP] = "sctp",
};

typedef struct {
    redirect_located_t *message;
    unsigned count;
    unsigned missed;
} kept_t;

static kept_t *
keep(const redirect_located_list_t *list)
{
    wmem_allocator_t *scope = wmem_file_scope();
    kept_t *kept = wmem_new0(scope, kept_t);

    kept->count = list->count;
    kept->missed = list->missed;
    kept->message = wmem_alloc_array(scope, redirect_located_t, MAX(list->count, 1));
    for (unsigned i = 0; i < list->count; i++) {
        sip_slice_t text = list->message[i].text;

        kept->message[i] = list->message[i];
        kept->message[i].source = NULL;
        kept->message[i].text.ptr = wmem_strndup(scope, text.ptr, text.len);
        if (memchr(text.ptr, '\0', text.len)) {
            kept->message[i].text.ptr = wmem_memdup(scope, text.ptr, text.len);
        }
    }
    return kept;
}

static bool
is_same(const kept_t *kept, const redirect_located_list_t *list)
{
    if (kept->count != list->count || kept->missed != list->missed) {
        return false;
    }
    for (unsigned i = 0; i < list->count; i++) {
        if (!sip_slice_equal(kept->message[i].text, list->message[i].text) ||
            kept->message[i].transport != list->message[i].transport ||
            kept->message[i].headers_complete != list->message[i].headers_complete ||
            redirect_located_is_complete(&kept->message[i]) != redirect_located_is_complete(&list->message[i])) {
            return false;
        }
    }
    return true;
}

static void
add_text(proto_tree *tree, int hf, const redirect_located_t *located, sip_slice_t text)
{
    if (text.ptr) {
        proto_tree_add_item(tree, hf, located->source, located->offset + (int)(text.ptr - located->text.ptr),
                            (int)text.len, ENC_UTF_8);
    }
}

static void
add_message(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, const redirect_located_t *located)
{
    proto_item *item = proto_tree_add_uint(tree, hf_length, tvb, 0, 0, (uint32_t)located->text.len);
    proto_tree *message_tree = proto_item_add_subtree(item, ett_locate);
    sip_message_t *message = wmem_new(pinfo->pool, sip_message_t);
    size_t line = 0;

    while (line < located->text.len && located->text.ptr[line] != '\r' && located->text.ptr[line] != '\n') {
        line++;
    }
    add_text(message_tree, hf_start_line, located, sip_slice_make(located->text.ptr, line));
    proto_tree_add_string(message_tree, hf_transport, tvb, 0, 0, transport_names[located->transport]);
    proto_tree_add_uint(message_tree, hf_complete, tvb, 0, 0, redirect_located_is_complete(located));
    proto_tree_add_uint(message_tree, hf_headers_complete, tvb, 0, 0, located->headers_complete);
    if (!sip_message_parse(located->text, message)) {
        proto_tree_add_uint(message_tree, hf_unparsed, tvb, 0, 0, 1);
        return;
    }
    add_text(message_tree, hf_method, located, message->method);
    if (message->is_response) {
        proto_tree_add_uint(message_tree, hf_status, tvb, 0, 0, message->status);
    }
    add_text(message_tree, hf_call_id, located, message->call_id);
    if (message->has_cseq) {
        proto_tree_add_uint(message_tree, hf_cseq, tvb, 0, 0, message->cseq);
    }
    add_text(message_tree, hf_cseq_method, located, message->cseq_method);
    proto_tree_add_uint(message_tree, hf_body_length, tvb, 0, 0, (uint32_t)message->body.len);
}

static int
dissect_locate(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    redirect_located_list_t list;
    redirect_located_list_t looked_up;
    bool found = redirect_locate(pinfo, &list);
    bool is_lookup = redirect_locate(pinfo, &looked_up) == found &&
                     (looked_up.message == list.message || list.count == 1) && looked_up.count == list.count &&
                     looked_up.missed == list.missed;
    kept_t *kept;
    proto_tree *locate_tree;

    if (!PINFO_FD_VISITED(pinfo) && found) {
        p_add_proto_data(wmem_file_scope(), pinfo, proto_locate, 0, keep(&list));
    }
    p_remove_proto_data(pinfo->pool, pinfo, proto_locate, REDIRECT_LOCATE_KEY);
    redirect_locate(pinfo, &list);
    kept = (kept_t *)p_get_proto_data(wmem_file_scope(), pinfo, proto_locate, 0);
    if (!tree || (!found && !kept)) {
        return 0;
    }
    locate_tree = proto_item_add_subtree(proto_tree_add_item(tree, proto_locate, tvb, 0, 0, ENC_NA), ett_locate);
    if (!kept || !is_lookup || !is_same(kept, &list)) {
        proto_tree_add_uint(locate_tree, hf_changed, tvb, 0, 0, 1);
    }
    for (unsigned i = 0; i < list.count; i++) {
        add_message(locate_tree, tvb, pinfo, &list.message[i]);
    }
    if (list.missed) {
        proto_tree_add_uint(locate_tree, hf_missed, tvb, 0, 0, list.missed);
    }
    return 0;
}

static void
proto_register_locate(void)
{
#define LOCATE_TEXT(hf, name)                                                                                          \
    {                                                                                                                  \
        &hf,                                                                                                           \
        {                                                                                                              \
            "Locate " name, "locate." name, FT_STRING, BASE_NONE, NULL, 0, NULL, HFILL                                 \
        }                                                                                                              \
    }
#define LOCATE_NUMBER(hf, name)                                                                                        \
    {                                                                                                                  \
        &hf,                                                                                                           \
        {                                                                                                              \
            "Locate " name, "locate." name, FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL                                  \
        }                                                                                                              \
    }
    static hf_register_info hf[] = {
        LOCATE_TEXT(hf_start_line, "start_line"),
        LOCATE_TEXT(hf_method, "method"),
        LOCATE_NUMBER(hf_status, "status"),
        LOCATE_TEXT(hf_call_id, "call_id"),
        LOCATE_NUMBER(hf_cseq, "cseq"),
        LOCATE_TEXT(hf_cseq_method, "cseq_method"),
        LOCATE_TEXT(hf_transport, "transport"),
        LOCATE_NUMBER(hf_length, "length"),
        LOCATE_NUMBER(hf_body_length, "body_length"),
        LOCATE_NUMBER(hf_complete, "complete"),
        LOCATE_NUMBER(hf_headers_complete, "headers_complete"),
        LOCATE_NUMBER(hf_missed, "missed"),
        LOCATE_NUMBER(hf_unparsed, "unparsed"),
        LOCATE_NUMBER(hf_changed, "changed"),
    };
    static int *ett[] = {&ett_locate};

    proto_locate = proto_register_protocol("SIP Redirect Locate Test", "Locate", "locate");
    proto_register_field_array(proto_locate, hf, G_N_ELEMENTS(hf));
    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
    register_postdissector(create_dissector_handle(dissect_locate, proto_locate));
}

static void
proto_reg_handoff_locate(void)
{
    redirect_locate_init(proto_locate);
}

WS_DLL_PUBLIC_DEF const char plugin_version[] = "1.0.0";
WS_DLL_PUBLIC_DEF const int plugin_want_major = VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);

void
plugin_register(void)
{
    static proto_plugin plugin = {proto_register_locate, proto_reg_handoff_locate};

    proto_register_plugin(&plugin);
}

#ifdef WS_PLUGIN_DESC_DISSECTOR
WS_DLL_PUBLIC uint32_t plugin_describe(void);

uint32_t
plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif
