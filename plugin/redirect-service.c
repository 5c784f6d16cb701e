/* redirect-service.c
 * The alternative service in the body of a 380: just enough of XML to read three texts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-service.h"

#include <wsutil/wmem/wmem_strutl.h>

#include "sip-uri.h"

/* A tag's name may carry a namespace prefix, which says nothing here. */
static sip_slice_t
local_name(sip_slice_t name)
{
    const char *colon = memchr(name.ptr, ':', name.len);

    return colon ? sip_slice_from(name, (size_t)(colon - name.ptr) + 1) : name;
}

/* One tag of the XML, and where the text after it begins. */
typedef struct {
    sip_slice_t name; /* without prefix; that of an end tag too */
    bool is_end;
    bool is_empty; /* <name/> */
    size_t start;  /* of its "<" */
    size_t after;  /* after its ">" */
} xml_tag_t;

static bool
is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '_' || c == ':' || c == '.';
}

/* Skips a comment, or any other markup that is no element, at offset; false where it is one. */
static bool
skip_other_markup(sip_slice_t xml, size_t *offset)
{
    static const struct {
        const char *begin, *end;
    } other[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}};
    sip_slice_t rest = sip_slice_from(xml, *offset);

    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        if (sip_slice_starts_nocase(rest, sip_slice_from_string(other[i].begin))) {
            const char *end = g_strstr_len(rest.ptr, (gssize)rest.len, other[i].end);
            *offset = end ? (size_t)(end - xml.ptr) + strlen(other[i].end) : xml.len;
            return true;
        }
    }
    return false;
}

/* The end of a tag, ">" inside an attribute's quotes not counted; xml.len where there is none. */
static size_t
tag_end(sip_slice_t xml, size_t offset)
{
    char quote = '\0';

    for (; offset < xml.len; offset++) {
        char c = xml.ptr[offset];
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            break;
        }
    }
    return offset;
}

/* The next tag from offset on. */
static bool
next_tag(sip_slice_t xml, size_t offset, xml_tag_t *tag)
{
    while (offset < xml.len) {
        const char *open = memchr(xml.ptr + offset, '<', xml.len - offset);
        size_t name, end;

        if (open == NULL) {
            return false;
        }
        offset = (size_t)(open - xml.ptr);
        if (skip_other_markup(xml, &offset)) {
            continue;
        }
        tag->start = offset;
        name = offset + 1;
        tag->is_end = name < xml.len && xml.ptr[name] == '/';
        name += tag->is_end ? 1 : 0;
        for (end = name; end < xml.len && is_name_char(xml.ptr[end]); end++) {
        }
        if (end == name) {
            offset++;
            continue;
        }
        tag->name = local_name(sip_slice_make(xml.ptr + name, end - name));
        end = tag_end(xml, end);
        if (end == xml.len) {
            return false;
        }
        tag->is_empty = xml.ptr[end - 1] == '/';
        tag->after = end + 1;
        return true;
    }
    return false;
}

/* All between the first element of that name and its end tag. The names looked for do not nest. */
static bool
find_element(sip_slice_t xml, const char *name, sip_slice_t *content)
{
    sip_slice_t wanted = sip_slice_from_string(name);
    xml_tag_t tag;
    size_t begin = 0;
    bool inside = false;

    for (size_t offset = 0; next_tag(xml, offset, &tag); offset = tag.after) {
        if (!sip_slice_equal(tag.name, wanted)) {
            continue;
        }
        if (inside && tag.is_end) {
            *content = sip_slice_make(xml.ptr + begin, tag.start - begin);
            return true;
        }
        if (!inside && !tag.is_end && !tag.is_empty) {
            inside = true;
            begin = tag.after;
        }
    }
    return false;
}

/* Decodes the five entities that XML itself defines; any other stays as it is. */
static size_t
decode_entities(sip_slice_t text, char *to, size_t size)
{
    static const struct {
        const char *name;
        char character;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    size_t used = 0;

    while (text.len > 0 && used < size) {
        size_t step = 1;
        char c = text.ptr[0];

        for (size_t i = 0; c == '&' && i < G_N_ELEMENTS(entities); i++) {
            size_t len = strlen(entities[i].name);
            if (text.len >= len && memcmp(text.ptr, entities[i].name, len) == 0) {
                c = entities[i].character;
                step = len;
                break;
            }
        }
        to[used++] = c;
        text = sip_slice_from(text, step);
    }
    return used;
}

/* The text of one element for display; NULL where there is none. */
static const char *
element_text(wmem_allocator_t *scope, sip_slice_t xml, const char *name)
{
    char buffer[REDIRECT_SERVICE_MAX_TEXT];
    sip_uri_t shown = {.whole = SIP_SLICE_NONE};
    sip_slice_t text;

    if (!find_element(xml, name, &text)) {
        return NULL;
    }
    text = sip_slice_trim(text);
    if (text.len == 0) {
        return NULL;
    }
    shown.whole = sip_slice_make(buffer, decode_entities(text, buffer, sizeof(buffer)));
    if (shown.whole.len == sizeof(buffer)) {
        /* The cut may have gone through a character; all its bytes go then. */
        while (shown.whole.len > 0 && ((unsigned char)buffer[shown.whole.len - 1] & 0xc0) == 0x80) {
            shown.whole.len--;
        }
        if (shown.whole.len > 0 && ((unsigned char)buffer[shown.whole.len - 1] & 0x80) != 0) {
            shown.whole.len--;
        }
    }
    return sip_uri_display(scope, &shown);
}

const redirect_service_t *
redirect_service_read(wmem_allocator_t *scope, const sip_message_t *sip)
{
    redirect_service_t *service;
    sip_slice_t content_type, element;

    if (!sip_message_header(sip, SIP_HEADER_CONTENT_TYPE, &content_type) || sip->body.len == 0 ||
        (!sip_slice_starts_nocase(content_type, SIP_SLICE_LITERAL("application/3gpp-ims+xml")) &&
         !sip_slice_starts_nocase(content_type, SIP_SLICE_LITERAL("multipart/"))) ||
        !find_element(sip->body, "alternative-service", &element)) {
        return NULL;
    }
    service = wmem_new0(scope, redirect_service_t);
    service->type = element_text(scope, element, "type");
    service->action = element_text(scope, element, "action");
    service->reason = element_text(scope, element, "reason");
    return service->type || service->action || service->reason ? service : NULL;
}

bool
redirect_service_is_emergency(const redirect_service_t *service)
{
    return service->type != NULL && g_ascii_strcasecmp(service->type, "emergency") == 0;
}

const char *
redirect_service_advice(const redirect_service_t *service)
{
    static const struct {
        const char *action, *advice;
    } advices[] = {
        {"emergency-registration", "register for emergency service and call again"},
        {"anonymous-emergencycall", "call again as an anonymous emergency call"},
        {"initial-registration", "register anew and call again"},
    };

    for (size_t i = 0; service->action && i < G_N_ELEMENTS(advices); i++) {
        if (g_ascii_strcasecmp(service->action, advices[i].action) == 0) {
            return advices[i].advice;
        }
    }
    return NULL;
}
