/* text.c
 * Writes the messages of a simulated network down.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "text.h"

#include <string.h>

static const struct {
    unsigned status;
    const char *phrase;
} phrases[] = {
    {100, "Trying"},
    {180, "Ringing"},
    {183, "Session Progress"},
    {200, "OK"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Moved Temporarily"},
    {305, "Use Proxy"},
    {380, "Alternative Service"},
    {401, "Unauthorized"},
    {404, "Not Found"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {500, "Server Internal Error"},
    {503, "Service Unavailable"},
    {600, "Busy Everywhere"},
    {603, "Decline"},
    {604, "Does Not Exist Anywhere"},
    {606, "Not Acceptable"},
    {607, "Unwanted"},
    {608, "Rejected"},
};

static const char *
phrase_of(unsigned status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(phrases); i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    g_error("no phrase for %u", status);
}

const char *
text_method(method_t method)
{
    static const char *const names[] = {"INVITE",  "ACK",      "CANCEL",  "BYE",
                                        "OPTIONS", "REGISTER", "MESSAGE", "SUBSCRIBE"};

    return names[method];
}

static void
put_vias(GString *out, const via_t *via)
{
    static const char *const transports[] = {
        [REDIRECT_TRANSPORT_UDP] = "UDP", [REDIRECT_TRANSPORT_TCP] = "TCP", [REDIRECT_TRANSPORT_TLS] = "TLS"};

    for (; via; via = via->below) {
        g_string_append_printf(out, "Via: SIP/2.0/%s %s;branch=z9hG4bK%x\r\n", transports[via->transport], via->host,
                               via->branch);
    }
}

static void
put_tag(GString *out, uint32_t tag)
{
    if (tag) {
        g_string_append_printf(out, ";tag=%08x", tag);
    }
    g_string_append(out, "\r\n");
}

static void
put_contacts(GString *out, const message_t *message)
{
    if (message->contact) {
        g_string_append_printf(out, "Contact: <%s>\r\n", message->contact);
    }
    for (unsigned i = 0; i < message->offer.count; i++) {
        g_string_append_printf(out, "Contact: <%s>", message->offer.target[i]->uri);
        if (message->offer.q[i]) {
            g_string_append_printf(out, ";q=0.%u", message->offer.q[i]);
        }
        g_string_append(out, "\r\n");
    }
}

static void
put_body(GString *out, const message_t *message)
{
    char body[200];
    int length;

    if (message->session == 0) {
        g_string_append(out, "Content-Length: 0\r\n\r\n");
        return;
    }
    length = g_snprintf(body, sizeof(body),
                        "v=0\r\no=- %u 1 IN IP4 192.0.2.200\r\ns=-\r\nc=IN IP4 192.0.2.200\r\nt=0 0\r\n"
                        "m=audio %u RTP/AVP 8\r\n",
                        message->session, 10000 + message->session % 20000 * 2);
    g_string_append_printf(out, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", length, body);
}

void
text_write(GString *out, const message_t *message)
{
    const dialog_t *dialog = &message->dialog;

    g_string_truncate(out, 0);
    if (message->status) {
        g_string_append_printf(out, "SIP/2.0 %u %s\r\n", message->status,
                               message->phrase ? message->phrase : phrase_of(message->status));
    } else {
        g_string_append_printf(out, "%s %s SIP/2.0\r\nMax-Forwards: %u\r\n", text_method(message->method),
                               message->place->uri, message->max_forwards);
    }
    put_vias(out, message->via);
    g_string_append_printf(out, "From: <%s>", dialog->from);
    put_tag(out, dialog->from_tag);
    g_string_append_printf(out, "To: <%s>", dialog->to);
    put_tag(out, dialog->to_tag);
    g_string_append_printf(out, "Call-ID: %s\r\nCSeq: %u %s\r\n", dialog->call_id, message->cseq,
                           text_method(message->method));
    put_contacts(out, message);
    if (message->has_credentials) {
        g_string_append(out,
                        "Proxy-Authorization: Digest username=\"u\", realm=\"r\", nonce=\"n\", response=\"0\"\r\n");
    }
    g_string_append(out, message->more ? message->more : "");
    put_body(out, message);
}
