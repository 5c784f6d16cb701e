/* chain_runner.c
 * Runs the cases of Markdown files: messages in, records out, on the core without Wireshark. The format: README.md here.
 *
 *     chain_runner [--update] FILE...
 *     chain_runner --seeds FOLDER FILE...    writes each case as an input of fuzz_redirect_tracker
 *
 * Beside the records themselves it holds the tracker to two promises in every case: it keeps nothing of a message that
 * the message's buffer owns, and what it once said of a message, knowledge of the future aside, stays as it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>

#include <wsutil/inet_addr.h>
#include <wsutil/wmem/wmem.h>

#include "redirect-annotations.h"
#include "redirect-answer.h"
#include "redirect-ladder.h"
#include "redirect-path.h"
#include "redirect-rules.h"
#include "redirect-title.h"
#include "redirect-tracker.h"
#include "redirect-verdict.h"

#define MAX_LOWER_VIAS 16

/* --- one message as it is being written --------------------------------------------------------------------------- */

typedef struct {
    char *name; /* as the script says it, without a port */
    char *host; /* as it stands in a Via or in {name} */
    redirect_endpoint_t endpoint;
} place_t;

typedef struct {
    uint32_t frame, index;
    redirect_time_t time;
    place_t source, destination;
    redirect_transport_t transport;
    bool is_response;
    unsigned status;
    unsigned final; /* of a request: the final response that it got, and with what To */
    char *final_to;
    bool acked;
    char *method; /* of the start line; NULL for a response */
    char *uri;
    char *phrase;
    char *cseq_method;
    char *cseq_text; /* where a header line says it; else NULL */
    unsigned cseq;
    char *call_id;
    char *from, *to;    /* with tags */
    GPtrArray *vias;    /* whole header values, topmost first */
    GPtrArray *headers; /* all other lines */
    GPtrArray *without; /* names of headers that are left out */
    bool is_cut;        /* the capture has only the first kept_headers of the other lines */
    bool is_torn;       /* and the last of these lines not to its end */
    guint kept_headers;
    GString *body; /* NULL where there is none */
    GString *text;
    char *quoted_method; /* of an ICMP error: that of the request that it quotes; else NULL */
} sample_t;

typedef struct {
    char *title;
    unsigned line;         /* of the heading, from 1 */
    unsigned records_line; /* of the line after "```records"; 0 without one */
    unsigned records_lines;
    unsigned script_line; /* of the first line of the script */
    GPtrArray *script;    /* lines */
    char *expected;
} case_t;

typedef struct {
    const char *file;
    const case_t *section;
    unsigned line; /* that is being read, for complaints */
    redirect_config_t config;
    char *leg_headers;
    char *shared_headers;
    GPtrArray *samples;
    GHashTable *hosts;    /* name -> number */
    GPtrArray *forbidden; /* texts that no record may have */
    bool shows_verdicts, shows_titles, shows_ladder;
    redirect_time_t end;
    bool failed;
} script_t;

static void G_GNUC_PRINTF(2, 3) complain(script_t *script, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("%s:%u: %s\n", script->file, script->line, text);
    g_free(text);
    script->failed = true;
}

static void
place_clear(place_t *place)
{
    g_free(place->name);
    g_free(place->host);
}

static void
sample_free(gpointer data)
{
    sample_t *sample = data;

    place_clear(&sample->source);
    place_clear(&sample->destination);
    g_free(sample->final_to);
    g_free(sample->method);
    g_free(sample->uri);
    g_free(sample->phrase);
    g_free(sample->quoted_method);
    g_free(sample->cseq_method);
    g_free(sample->cseq_text);
    g_free(sample->call_id);
    g_free(sample->from);
    g_free(sample->to);
    g_ptr_array_free(sample->vias, TRUE);
    g_ptr_array_free(sample->headers, TRUE);
    g_ptr_array_free(sample->without, TRUE);
    if (sample->body) {
        g_string_free(sample->body, TRUE);
    }
    if (sample->text) {
        g_string_free(sample->text, TRUE);
    }
    g_free(sample);
}

/* --- places ------------------------------------------------------------------------------------------------------- */

/* A name stands for 192.0.2.N, N counted from 1 in the order in which the section names its places. */
static char *
host_of(script_t *script, const char *name)
{
    gpointer number = g_hash_table_lookup(script->hosts, name);

    if (strchr(name, '.') || strchr(name, ':')) {
        return strchr(name, ':') ? g_strdup_printf("[%s]", name) : g_strdup(name);
    }
    if (number == NULL) {
        number = GUINT_TO_POINTER(g_hash_table_size(script->hosts) + 1);
        g_hash_table_insert(script->hosts, g_strdup(name), number);
    }
    return g_strdup_printf("192.0.2.%u", GPOINTER_TO_UINT(number));
}

/* "name", "name:port", "192.0.2.1:port", "[2001:db8::1]:port" */
static bool
place_read(script_t *script, const char *text, place_t *place)
{
    const char *colon = strrchr(text, ':');
    ws_in4_addr ipv4;
    ws_in6_addr ipv6;

    memset(place, 0, sizeof(*place));
    place->endpoint.port = 5060;
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (end == NULL) {
            return false;
        }
        place->name = g_strndup(text + 1, (size_t)(end - text) - 1);
        colon = end[1] == ':' ? end + 1 : NULL;
    } else {
        place->name = colon ? g_strndup(text, (size_t)(colon - text)) : g_strdup(text);
    }
    if (colon) {
        place->endpoint.port = (uint16_t)g_ascii_strtoull(colon + 1, NULL, 10);
    }
    place->host = host_of(script, place->name);
    if (ws_inet_pton4(place->host, &ipv4)) {
        place->endpoint.len = 4;
        memcpy(place->endpoint.address, &ipv4, 4);
    } else if (ws_inet_pton6(place->name, &ipv6)) {
        place->endpoint.len = 16;
        memcpy(place->endpoint.address, &ipv6, 16);
    } else {
        return false;
    }
    return true;
}

static place_t
place_copy(const place_t *place)
{
    place_t copy = *place;

    copy.name = g_strdup(place->name);
    copy.host = g_strdup(place->host);
    return copy;
}

static bool
place_equal(const place_t *a, const place_t *b)
{
    return a->endpoint.len == b->endpoint.len && a->endpoint.port == b->endpoint.port &&
           memcmp(a->endpoint.address, b->endpoint.address, a->endpoint.len) == 0;
}

/* Puts addresses in place of {name}. */
static char *
expand(script_t *script, const char *line)
{
    GString *out = g_string_new("");

    while (*line) {
        const char *end = *line == '{' ? strchr(line, '}') : NULL;
        if (end) {
            char *name = g_strndup(line + 1, (size_t)(end - line) - 1);
            char *host = host_of(script, name);
            g_string_append(out, host);
            g_free(host);
            g_free(name);
            line = end + 1;
        } else {
            g_string_append_c(out, *line++);
        }
    }
    return g_string_free(out, FALSE);
}

/* --- the script of one case: what is said ------------------------------------------------------------------------- */

static sample_t *
sample_by_frame(const script_t *script, unsigned frame)
{
    for (guint i = script->samples->len; i > 0; i--) {
        sample_t *sample = g_ptr_array_index(script->samples, i - 1);
        if (sample->frame == frame) {
            return sample;
        }
    }
    return NULL;
}

/* The latest request between the same two places, the same way or the other way round, that fits. */
static sample_t *
latest_request(const script_t *script, const sample_t *sample, bool (*fits)(const sample_t *), bool reversed)
{
    for (guint i = script->samples->len; i > 0; i--) {
        sample_t *other = g_ptr_array_index(script->samples, i - 1);
        const place_t *source = reversed ? &other->destination : &other->source;
        const place_t *destination = reversed ? &other->source : &other->destination;
        if (!other->is_response && place_equal(source, &sample->source) &&
            place_equal(destination, &sample->destination) && fits(other)) {
            return other;
        }
    }
    return NULL;
}

static bool
awaits_response(const sample_t *request)
{
    return strcmp(request->method, "ACK") != 0 && request->final == 0;
}

static bool
awaits_ack(const sample_t *request)
{
    return strcmp(request->method, "INVITE") == 0 && request->final != 0 && !request->acked;
}

static bool
awaits_cancel(const sample_t *request)
{
    return strcmp(request->method, "INVITE") == 0 && request->final == 0;
}

/* The first request of a call says From and To for all that follow. */
static const sample_t *
first_of_call(const script_t *script, const char *call_id)
{
    for (guint i = 0; i < script->samples->len; i++) {
        const sample_t *sample = g_ptr_array_index(script->samples, i);
        if (!sample->is_response && strcmp(sample->call_id, call_id) == 0) {
            return sample;
        }
    }
    return NULL;
}

static char *
without_tag(const char *address)
{
    const char *tag = strstr(address, ";tag=");

    return tag ? g_strndup(address, (size_t)(tag - address)) : g_strdup(address);
}

static void
set_text(char **where, char *text)
{
    g_free(*where);
    *where = text;
}

static void
set_tag(char **address, const char *tag)
{
    char *bare = without_tag(*address);

    set_text(address, *tag ? g_strdup_printf("%s;tag=%s", bare, tag) : g_strdup(bare));
    g_free(bare);
}

static const char *
transport_name(redirect_transport_t transport)
{
    static const char *const names[] = {
        [REDIRECT_TRANSPORT_OTHER] = "UDP", [REDIRECT_TRANSPORT_UDP] = "UDP", [REDIRECT_TRANSPORT_TCP] = "TCP",
        [REDIRECT_TRANSPORT_TLS] = "TLS",   [REDIRECT_TRANSPORT_WS] = "WS",   [REDIRECT_TRANSPORT_SCTP] = "SCTP"};

    return names[transport];
}

/* What the words in brackets at the end of a start line say; NULL where they say nothing. */
typedef struct {
    sample_t *about; /* the message named by for, forwards, passes or repeats */
    bool forwards, passes, repeats, lone, same_frame;
    char *cseq, *call, *from, *from_tag, *to, *to_tag, *branch;
    GPtrArray *behind; /* "place/branch" */
} options_t;

static void
options_clear(options_t *options)
{
    g_free(options->cseq);
    g_free(options->call);
    g_free(options->from);
    g_free(options->from_tag);
    g_free(options->to);
    g_free(options->to_tag);
    g_free(options->branch);
    g_ptr_array_free(options->behind, TRUE);
}

static void
option_read(script_t *script, options_t *options, sample_t *sample, const char *option)
{
    char **words = g_strsplit_set(option, " ", -1);
    const char *name = words[0];
    char *rest = g_strdup(words[1] ? strchr(option, ' ') + 1 : "");
    const struct {
        const char *name;
        char **value;
    } texts[] = {{"cseq", &options->cseq},         {"call", &options->call}, {"from", &options->from},
                 {"from-tag", &options->from_tag}, {"to", &options->to},     {"to-tag", &options->to_tag},
                 {"branch", &options->branch}};
    const struct {
        const char *name;
        bool *flag;
    } references[] = {
        {"for", NULL}, {"forwards", &options->forwards}, {"passes", &options->passes}, {"repeats", &options->repeats}};
    bool known = true;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            set_text(texts[i].value, rest);
            g_strfreev(words);
            return;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(references); i++) {
        if (strcmp(name, references[i].name) == 0) {
            options->about = sample_by_frame(script, (unsigned)g_ascii_strtoull(rest, NULL, 10));
            if (options->about == NULL) {
                complain(script, "no message has the number \"%s\"", rest);
            }
            if (references[i].flag) {
                *references[i].flag = true;
            }
            g_free(rest);
            g_strfreev(words);
            return;
        }
    }
    if (strcmp(name, "cut") == 0 || strcmp(name, "torn") == 0) {
        sample->is_cut = true;
        sample->is_torn = strcmp(name, "torn") == 0;
        sample->kept_headers = (guint)g_ascii_strtoull(rest, NULL, 10);
    } else if (strcmp(name, "without") == 0) {
        g_ptr_array_add(sample->without, g_strdup(rest));
    } else if (strcmp(option, "same frame") == 0) {
        options->same_frame = true;
    } else if (strcmp(option, "lone") == 0) {
        options->lone = true;
    } else if (strcmp(name, "behind") == 0) {
        for (unsigned i = 1; words[i]; i++) {
            g_ptr_array_add(options->behind, g_strdup(words[i]));
        }
    } else if (strcmp(option, "tcp") == 0) {
        sample->transport = REDIRECT_TRANSPORT_TCP;
    } else {
        known = false;
    }
    if (!known) {
        complain(script, "what does [%s] mean?", option);
    }
    g_free(rest);
    g_strfreev(words);
}

/* Takes "[a, b c]" off the end of text. */
static void
options_read(script_t *script, options_t *options, sample_t *sample, char *text)
{
    char *open = g_str_has_suffix(text, "]") ? strrchr(text, '[') : NULL;
    char **list;

    if (open == NULL || (open > text && open[-1] != ' ')) {
        return;
    }
    text[strlen(text) - 1] = '\0';
    list = g_strsplit(open + 1, ",", -1);
    for (unsigned i = 0; list[i]; i++) {
        option_read(script, options, sample, g_strstrip(list[i]));
    }
    g_strfreev(list);
    *open = '\0';
    g_strchomp(text);
}

/* --- the script of one case: what is left unsaid ------------------------------------------------------------------ */

static char *
via_make(const place_t *place, redirect_transport_t transport, const char *branch)
{
    return place->endpoint.port == 5060
               ? g_strdup_printf("SIP/2.0/%s %s;branch=z9hG4bK-%s", transport_name(transport), place->host, branch)
               : g_strdup_printf("SIP/2.0/%s %s:%u;branch=z9hG4bK-%s", transport_name(transport), place->host,
                                 place->endpoint.port, branch);
}

static void
sample_copy_vias(sample_t *sample, const sample_t *other, guint first)
{
    for (guint i = first; i < other->vias->len; i++) {
        g_ptr_array_add(sample->vias, g_strdup(g_ptr_array_index(other->vias, i)));
    }
}

static void
sample_copy_dialog(sample_t *sample, const sample_t *other)
{
    set_text(&sample->call_id, g_strdup(other->call_id));
    set_text(&sample->from, g_strdup(other->from));
    set_text(&sample->to, g_strdup(other->to));
    set_text(&sample->cseq_method, g_strdup(other->cseq_method));
    set_text(&sample->cseq_text, g_strdup(other->cseq_text));
    sample->cseq = other->cseq;
}

static void
complete_dialog(const script_t *script, sample_t *sample, const options_t *options, const char *caller)
{
    const sample_t *first;

    set_text(&sample->call_id, g_strdup(options->call ? options->call : "call"));
    first = first_of_call(script, sample->call_id);
    if (first) {
        sample_copy_dialog(sample, first);
        char *bare = without_tag(sample->to);
        set_text(&sample->to, bare);
    } else {
        set_text(&sample->from, g_strdup_printf("<sip:%s@example.com>;tag=%s", caller, caller));
        set_text(&sample->to, g_strdup_printf("<%s>", sample->uri ? sample->uri : "sip:callee@example.com"));
    }
    sample->cseq = 1;
    set_text(&sample->cseq_text, NULL);
    set_text(&sample->cseq_method, g_strdup(sample->method ? sample->method : "INVITE"));
}

static void
complete_vias(sample_t *sample, const options_t *options, const place_t *top)
{
    char *number = g_strdup_printf("%u", (unsigned)sample->frame);

    g_ptr_array_add(sample->vias, via_make(top, sample->transport, options->branch ? options->branch : number));
    g_free(number);
}

static void
complete_response(script_t *script, sample_t *sample, const options_t *options)
{
    sample_t *about = options->about;
    sample_t *answered = NULL;

    if (options->lone) {
        complete_dialog(script, sample, options, sample->destination.name);
        complete_vias(sample, options, &sample->destination);
    } else {
        answered = about && !options->passes ? about : latest_request(script, sample, awaits_response, true);
        about = about ? about : answered;
        if (about == NULL) {
            complain(script, "no request came the other way: say whose answer this is");
            return;
        }
        sample_copy_dialog(sample, about);
        sample_copy_vias(sample, about, options->passes ? 1 : 0);
        for (guint i = 0; options->passes && i < about->headers->len; i++) {
            g_ptr_array_add(sample->headers, g_strdup(g_ptr_array_index(about->headers, i)));
        }
        if (answered && sample->status >= 200 && answered->final == 0) {
            answered->final = sample->status;
        }
    }
    if (sample->status > 100 && !strstr(sample->to, ";tag=")) {
        set_tag(&sample->to, sample->source.name);
    }
    if (sample->status >= 200 && answered && answered->final_to == NULL) {
        if (options->to_tag) {
            set_tag(&sample->to, options->to_tag);
        }
        answered->final_to = g_strdup(sample->to);
    }
}

/* An ICMP error quotes a request: its Call-ID and CSeq are what counts. */
static void
complete_icmp(script_t *script, sample_t *sample, const options_t *options)
{
    if (options->about == NULL) {
        complain(script, "say which message the ICMP error quotes");
        return;
    }
    sample_copy_dialog(sample, options->about);
    sample->quoted_method = g_strdup(options->about->method);
    sample->uri = g_strdup("");
    sample->final = 1; /* nobody answers it */
}

/* ACK and CANCEL say again what their INVITE said (RFC 3261 9.1, 13.2.2.4, 17.1.1.3). */
static void
complete_ack_or_cancel(script_t *script, sample_t *sample, const options_t *options)
{
    bool is_ack = strcmp(sample->method, "ACK") == 0;
    sample_t *about =
        options->about ? options->about : latest_request(script, sample, is_ack ? awaits_ack : awaits_cancel, false);

    if (about == NULL) {
        complain(script, "no INVITE went this way: say whose %s this is", sample->method);
        return;
    }
    sample_copy_dialog(sample, about);
    set_text(&sample->cseq_method, g_strdup(sample->method));
    set_text(&sample->cseq_text, NULL);
    if (sample->uri == NULL) {
        sample->uri = g_strdup(about->uri);
    }
    if (is_ack) {
        about->acked = true;
        if (about->final_to) {
            set_text(&sample->to, g_strdup(about->final_to));
        }
    }
    if (is_ack && about->final / 100 == 2) {
        complete_vias(sample, options, &sample->source);
    } else {
        g_ptr_array_add(sample->vias, g_strdup(g_ptr_array_index(about->vias, 0)));
    }
}

static void
complete_request(script_t *script, sample_t *sample, const options_t *options)
{
    complete_vias(sample, options, &sample->source);
    if (options->about && options->forwards) {
        sample_copy_dialog(sample, options->about);
        sample_copy_vias(sample, options->about, 0);
    } else {
        complete_dialog(script, sample, options, sample->source.name);
    }
}

static void
complete(script_t *script, sample_t *sample, const options_t *options)
{
    if (sample->is_response) {
        complete_response(script, sample, options);
    } else if (strcmp(sample->method, "ICMP") == 0) {
        complete_icmp(script, sample, options);
    } else if (!options->lone && (strcmp(sample->method, "ACK") == 0 || strcmp(sample->method, "CANCEL") == 0)) {
        complete_ack_or_cancel(script, sample, options);
    } else {
        complete_request(script, sample, options);
    }
    if (script->failed) {
        return;
    }
    for (guint i = 0; i < options->behind->len; i++) {
        char **parts = g_strsplit(g_ptr_array_index(options->behind, i), "/", 2);
        place_t place;
        if (parts[1] == NULL || !place_read(script, parts[0], &place)) {
            complain(script, "\"behind\" wants place/branch");
        } else {
            g_ptr_array_add(sample->vias, via_make(&place, sample->transport, parts[1]));
            place_clear(&place);
        }
        g_strfreev(parts);
    }
    if (options->cseq) {
        sample->cseq = (unsigned)g_ascii_strtoull(options->cseq, NULL, 10);
    }
    if (options->from) {
        set_text(&sample->from, g_strdup_printf("<%s>;tag=%s", options->from, sample->source.name));
    }
    if (options->to) {
        set_text(&sample->to, g_strdup_printf("<%s>", options->to));
    }
    if (options->from_tag) {
        set_tag(&sample->from, options->from_tag);
    }
    if (options->to_tag) {
        set_tag(&sample->to, options->to_tag);
    }
}

/* --- reading the script of one case ------------------------------------------------------------------------------- */

static bool
is_response_line(const char *text)
{
    return g_ascii_isdigit(text[0]) && g_ascii_isdigit(text[1]) && g_ascii_isdigit(text[2]) &&
           (text[3] == '\0' || text[3] == ' ');
}

/* "302 Moved", "INVITE sip:bob@example.com", "ACK" */
static void
start_line_read(sample_t *sample, const char *text)
{
    const char *blank = strchr(text, ' ');

    sample->is_response = is_response_line(text);
    if (sample->is_response) {
        sample->status = (unsigned)g_ascii_strtoull(text, NULL, 10);
        sample->phrase = g_strdup(blank ? blank + 1 : "As Coded");
    } else {
        sample->method = blank ? g_strndup(text, (size_t)(blank - text)) : g_strdup(text);
        sample->uri = blank ? g_strdup(blank + 1) : NULL;
    }
}

static sample_t *
sample_new(void)
{
    sample_t *sample = g_new0(sample_t, 1);

    sample->vias = g_ptr_array_new_with_free_func(g_free);
    sample->headers = g_ptr_array_new_with_free_func(g_free);
    sample->without = g_ptr_array_new_with_free_func(g_free);
    sample->transport = REDIRECT_TRANSPORT_UDP;
    return sample;
}

static void
sample_number(const script_t *script, sample_t *sample, bool same_frame)
{
    const sample_t *last = script->samples->len ? g_ptr_array_index(script->samples, script->samples->len - 1) : NULL;

    sample->frame = last ? last->frame + (same_frame ? 0 : 1) : 1;
    sample->index = last && same_frame ? last->index + 1 : 0;
}

static sample_t *
sample_repeat(sample_t *sample, const sample_t *about)
{
    sample_free(sample);
    sample = sample_new();
    sample->is_response = about->is_response;
    sample->method = g_strdup(about->method);
    sample->uri = g_strdup(about->uri);
    sample->status = about->status;
    sample->final = 1; /* answered with what it repeats */
    sample->acked = true;
    sample->phrase = g_strdup(about->phrase);
    sample->transport = about->transport;
    sample_copy_dialog(sample, about);
    sample_copy_vias(sample, about, 0);
    for (guint i = 0; i < about->headers->len; i++) {
        g_ptr_array_add(sample->headers, g_strdup(g_ptr_array_index(about->headers, i)));
    }
    return sample;
}

/* "0.010 alice -> proxy  302 Moved Temporarily [for 1]" */
static void
message_line_read(script_t *script, const char *line)
{
    char **parts = g_strsplit_set(line, " ", 4);
    const char *rest = parts[0] && parts[1] && parts[2] && parts[3] ? parts[3] : NULL;
    options_t options = {.behind = g_ptr_array_new_with_free_func(g_free)};
    sample_t *sample = sample_new();
    place_t source = {0}, destination = {0};
    char *blank = rest ? strchr(rest, ' ') : NULL;
    char *to = rest ? blank ? g_strndup(rest, (size_t)(blank - rest)) : g_strdup(rest) : NULL;
    char *text = NULL;

    /* Places are counted in reading order, those inside the text last. */
    if (blank && strcmp(parts[2], "->") == 0 && place_read(script, parts[1], &source) &&
        place_read(script, to, &destination)) {
        text = expand(script, g_strstrip(blank));
    }
    if (text == NULL) {
        complain(script, "not \"time source -> destination message\": %s", line);
    } else {
        redirect_time_t time = (redirect_time_t)(g_ascii_strtod(parts[0], NULL) * 1e6 + 0.5) * 1000;
        sample->source = place_copy(&source);
        sample->destination = place_copy(&destination);
        options_read(script, &options, sample, text);
        if (options.about && options.repeats) {
            sample = sample_repeat(sample, options.about);
            sample->source = place_copy(&source);
            sample->destination = place_copy(&destination);
        }
        sample->time = time;
        sample_number(script, sample, options.same_frame);
        if (!options.repeats) {
            start_line_read(sample, text);
            complete(script, sample, &options);
        }
    }
    g_ptr_array_add(script->samples, sample);
    place_clear(&source);
    place_clear(&destination);
    options_clear(&options);
    g_free(text);
    g_free(to);
    g_strfreev(parts);
}

/* "  Contact: <sip:carol@example.net>": one more header field, or one that is said otherwise than by default. */
static void
header_line_read(script_t *script, const char *line)
{
    sample_t *sample = script->samples->len ? g_ptr_array_index(script->samples, script->samples->len - 1) : NULL;
    char *text = expand(script, line);
    const struct {
        const char *name;
        char **value;
    } defaults[] = {{"From: ", sample ? &sample->from : NULL},
                    {"To: ", sample ? &sample->to : NULL},
                    {"CSeq: ", sample ? &sample->cseq_text : NULL},
                    {"Call-ID: ", sample ? &sample->call_id : NULL}};

    if (sample == NULL) {
        complain(script, "a header field before any message");
        g_free(text);
        return;
    }
    if (g_str_has_prefix(text, "| ")) {
        sample->body = sample->body ? sample->body : g_string_new("");
        g_string_append_printf(sample->body, "%s\r\n", text + 2);
        g_free(text);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        if (g_str_has_prefix(text, defaults[i].name)) {
            set_text(defaults[i].value, g_strdup(text + strlen(defaults[i].name)));
            g_free(text);
            return;
        }
    }
    if (g_str_has_prefix(text, "Via: ")) {
        g_ptr_array_set_size(sample->vias, 0);
        g_ptr_array_add(sample->vias, g_strdup(text + 5));
        g_free(text);
        return;
    }
    g_ptr_array_add(sample->headers, text);
}

/* "set limit.targets 2": what the tracker keeps at most. @return false where there is no such limit */
static bool
limit_set(redirect_limits_t *limits, const char *name, unsigned value)
{
    size_t count;
    const redirect_limit_row_t *row = redirect_limits_table(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, row[i].name) == 0) {
            memcpy((char *)limits + row[i].offset, &value, sizeof(value));
            return true;
        }
    }
    return false;
}

/* "set max_hops 2": the preference, as the user would set it. */
static void
setting_read(script_t *script, const char *line)
{
    char **words = g_strsplit(line, " ", 3);
    const char *name = words[1] ? words[1] : "";
    const char *value = words[1] && words[2] ? words[2] : "";

    if (strcmp(name, "max_hops") == 0) {
        script->config.max_hops = (unsigned)g_ascii_strtoull(value, NULL, 10);
    } else if (strcmp(name, "link_window") == 0) {
        script->config.link_window = (uint32_t)g_ascii_strtoull(value, NULL, 10);
    } else if (strcmp(name, "link_calls") == 0) {
        script->config.link_calls = strcmp(value, "on") == 0;
    } else if (strcmp(name, "link_legs") == 0) {
        script->config.link_legs = strcmp(value, "on") == 0;
    } else if (strcmp(name, "show_diverted") == 0) {
        script->config.show_diverted = strcmp(value, "on") == 0;
    } else if (strcmp(name, "shared_headers") == 0) {
        set_text(&script->shared_headers, g_strdup(value));
        script->config.shared_headers = script->shared_headers;
    } else if (strcmp(name, "leg_headers") == 0) {
        set_text(&script->leg_headers, g_strdup(value));
        script->config.leg_headers = script->leg_headers;
    } else if (g_str_has_prefix(name, "limit.") && limit_set(&script->config.limits, name + strlen("limit."),
                                                             (unsigned)g_ascii_strtoull(value, NULL, 10))) {
        return g_strfreev(words);
    } else {
        complain(script, "no such setting: %s", line);
    }
    g_strfreev(words);
}

static void
line_read(script_t *script, const char *line)
{
    if (line[0] == '\0' || line[0] == '#') {
        return;
    }
    if (g_str_has_prefix(line, "set ")) {
        setting_read(script, line);
    } else if (g_str_has_prefix(line, "forbid ")) {
        g_ptr_array_add(script->forbidden, g_strdup(line + strlen("forbid ")));
    } else if (strcmp(line, "show verdicts") == 0) {
        script->shows_verdicts = true;
    } else if (strcmp(line, "show titles") == 0) {
        script->shows_titles = true;
    } else if (strcmp(line, "show ladder") == 0) {
        script->shows_ladder = true;
    } else if (g_str_has_suffix(line, " end")) {
        script->end = (redirect_time_t)(g_ascii_strtod(line, NULL) * 1e6 + 0.5) * 1000;
    } else if (line[0] == ' ') {
        header_line_read(script, line + strspn(line, " "));
    } else {
        message_line_read(script, line);
    }
}

static void
header_write(sample_t *sample, const char *name, const char *value)
{
    if (!g_ptr_array_find_with_equal_func(sample->without, name, g_str_equal, NULL)) {
        g_string_append_printf(sample->text, "%s: %s\r\n", name, value);
    }
}

/* A message that the capture cuts off has no empty line; where the last line is torn, that has no end either. */
static void
sample_write(sample_t *sample)
{
    GString *text = sample->text = g_string_new("");
    guint count = sample->is_cut ? MIN(sample->kept_headers, sample->headers->len) : sample->headers->len;
    char *cseq =
        sample->cseq_text ? g_strdup(sample->cseq_text) : g_strdup_printf("%u %s", sample->cseq, sample->cseq_method);

    if (sample->is_response) {
        g_string_append_printf(text, "SIP/2.0 %u %s\r\n", sample->status, sample->phrase);
    } else {
        g_string_append_printf(text, "%s %s SIP/2.0\r\n", sample->method, sample->uri ? sample->uri : "");
    }
    for (guint i = 0; i < sample->vias->len; i++) {
        header_write(sample, "Via", g_ptr_array_index(sample->vias, i));
    }
    header_write(sample, "From", sample->from);
    header_write(sample, "To", sample->to);
    header_write(sample, "Call-ID", sample->call_id);
    header_write(sample, "CSeq", cseq);
    g_free(cseq);
    for (guint i = 0; i < count; i++) {
        bool is_torn = sample->is_torn && i + 1 == count;
        g_string_append_printf(text, "%s%s", (const char *)g_ptr_array_index(sample->headers, i),
                               is_torn ? "" : "\r\n");
    }
    g_string_append(text, sample->is_cut ? "" : "\r\n");
    g_string_append(text, sample->body ? sample->body->str : "");
}

static void
script_init(script_t *script, const char *file, const case_t *section)
{
    *script = (script_t){.file = file, .section = section, .line = section->script_line};
    script->leg_headers = g_strdup("X-Call-ID,X-CID");
    script->shared_headers = g_strdup("P-Charging-Vector,Cisco-Guid");
    script->config = (redirect_config_t){.max_hops = 5,
                                         .link_calls = true,
                                         .link_window = 32,
                                         .leg_headers = script->leg_headers,
                                         .link_legs = true,
                                         .shared_headers = script->shared_headers};
    script->config.limits = redirect_limits_default();
    script->samples = g_ptr_array_new_with_free_func(sample_free);
    script->forbidden = g_ptr_array_new_with_free_func(g_free);
    script->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < section->script->len && !script->failed; i++, script->line++) {
        line_read(script, g_ptr_array_index(section->script, i));
    }
    for (guint i = 0; i < script->samples->len && !script->failed; i++) {
        sample_write(g_ptr_array_index(script->samples, i));
    }
}

static void
script_clear(script_t *script)
{
    g_ptr_array_free(script->samples, TRUE);
    g_ptr_array_free(script->forbidden, TRUE);
    g_hash_table_destroy(script->hosts);
    g_free(script->leg_headers);
    g_free(script->shared_headers);
}

/* --- what must never change --------------------------------------------------------------------------------------- */

/* Who made a response, how soon, and whether it rang: as long as it is the one that ended its transaction. */
static void
write_answer(GString *out, const redirect_record_t *record)
{
    const bool is_final = record->transaction && record->frame == record->transaction->response.frame;
    const redirect_answer_t answer =
        is_final ? redirect_answer_of(record, record->transaction->response.time) : (redirect_answer_t){0};
    char *by = redirect_answered_by(NULL, record);

    g_string_append_printf(out, "by %s", by ? by : "nobody known");
    if (answer.has_time) {
        g_string_append_printf(out, " after %.3f s", (double)answer.after / 1e9);
    }
    if (answer.knows_ringing) {
        g_string_append(out, answer.rang ? ", rang" : answer.progressed ? ", progressed" : ", never rang");
    }
    if (answer.has_ring_time) {
        g_string_append_printf(out, " %.3f s", (double)answer.ring_time / 1e9);
    }
    wmem_free(NULL, by);
}

/* All that the contract shows of a message beside knowledge of the future. */
static char *
present_of(const redirect_record_t *record, bool has_origin)
{
    GString *out = g_string_new("");
    const redirect_transaction_t *transaction = record->transaction;
    static const redirect_link_t none = {0};
    const redirect_link_t *link = transaction && transaction->link ? transaction->link : &none;

    g_string_append_printf(out, "frame %u, status %u", record->frame, record->status);
    if (redirect_of_record(record)) {
        g_string_append_printf(out, ", redirect of frame %u with %u targets%s", redirect_of_record(record)->frame,
                               redirect_of_record(record)->target_total,
                               redirect_of_record(record)->dip_response ? ", a query's answer" : "");
    }
    for (const redirect_expert_item_t *expert_item = record->details->expert_items; expert_item;
         expert_item = expert_item->next) {
        g_string_append_printf(out, ", %s: %s", expert_item->rule->name, expert_item->text);
    }
    for (const redirect_annotation_t *annotation = record->details->annotations; annotation;
         annotation = annotation->next) {
        g_string_append_printf(out, ", says: %s", annotation->text);
    }
    if (record->status / 100 == 3 || record->status / 100 == 6) {
        g_string_append(out, ", ");
        write_answer(out, record);
    }
    for (const redirect_annotation_t *line = record->details->told ? record->details->told->values : NULL; line;
         line = line->next) {
        g_string_append_printf(out, ", tells: %s", line->text);
    }
    if (transaction && transaction->chain && has_origin) {
        char *uri = redirect_transaction_uri(NULL, transaction->chain->root);
        g_string_append_printf(out, ", chain %u from %u %s at %" G_GINT64_FORMAT, transaction->chain->number,
                               transaction->chain->root->request.frame, uri, transaction->chain->root->request.time);
        wmem_free(NULL, uri);
        g_string_append_printf(out,
                               ", hop %u, redirected in %u at %" G_GINT64_FORMAT ", link %d, confidence %d, "
                               "difference %d, because: %s; the path so far:",
                               transaction->hop, link->redirected_in, link->redirected_at, link->kind, link->confidence,
                               link->difference, link->evidence ? link->evidence : "-");
        for (; transaction; transaction = redirect_transaction_before(transaction)) {
            uri = redirect_transaction_uri(NULL, transaction);
            g_string_append_printf(out, " %u/%s", transaction->request.frame, uri);
            wmem_free(NULL, uri);
        }
    }
    return g_string_free(out, FALSE);
}

typedef struct {
    const redirect_record_t *record;
    bool has_origin; /* every request on its path was captured; one that comes late is known when it comes */
    char *present;
} witness_t;

static bool
has_origin(const redirect_record_t *record)
{
    const redirect_transaction_t *step = record->transaction;

    if (step && step->chain == NULL) {
        return false; /* shown alone, for what it says by itself */
    }
    for (; step; step = redirect_transaction_before(step)) {
        if (step->request.frame == 0) {
            return false;
        }
    }
    return true;
}

static void
witness_free(gpointer data)
{
    witness_t *witness = data;

    g_free(witness->present);
    g_free(witness);
}

static void
check_witnesses(script_t *script, const GPtrArray *witnesses)
{
    for (guint i = 0; i < witnesses->len; i++) {
        const witness_t *witness = g_ptr_array_index(witnesses, i);
        char *now = present_of(witness->record, witness->has_origin);
        if (strcmp(now, witness->present) != 0) {
            complain(script, "what was said of a message has changed:\n  then %s\n  now  %s", witness->present, now);
        }
        g_free(now);
    }
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Each message lives in a buffer of exactly its size, which is gone when the tracker has had its look. */
static const redirect_record_t *
feed(redirect_tracker_t *tracker, const sample_t *sample)
{
    char *copy = g_memdup2(sample->text->str, sample->text->len);
    const sip_slice_t text = sip_slice_make(copy, sample->text->len);
    sip_message_t *sip = g_new(sip_message_t, 1);
    redirect_message_t message = {.frame = sample->frame,
                                  .index = sample->index,
                                  .time = sample->time,
                                  .source = sample->source.endpoint,
                                  .destination = sample->destination.endpoint,
                                  .transport = sample->transport,
                                  .sip = sip};
    const redirect_record_t *record = NULL;

    message.is_cut = sample->is_cut;
    message.bytes = text.len;
    if (sip_message_parse(sample->is_cut ? redirect_whole_lines(text) : text, sip)) {
        record = redirect_tracker_add(tracker, &message);
    }
    g_free(sip);
    g_free(copy);
    return record;
}

static void
feed_icmp(redirect_tracker_t *tracker, const sample_t *sample)
{
    char *call_id = g_strdup(sample->call_id);
    const redirect_unreachable_t error = {.frame = sample->frame,
                                          .source = sample->source.endpoint,
                                          .destination = sample->destination.endpoint,
                                          .call_id = sip_slice_from_string(call_id),
                                          .method = sip_slice_from_string(sample->quoted_method),
                                          .cseq = sample->cseq};

    redirect_tracker_advance(tracker, sample->time);
    redirect_tracker_add_unreachable(tracker, &error);
    g_free(call_id);
}

static redirect_tracker_t *
run(script_t *script, wmem_allocator_t *scope)
{
    redirect_tracker_t *tracker = redirect_tracker_new(scope, &script->config);
    GPtrArray *witnesses = g_ptr_array_new_with_free_func(witness_free);

    for (guint i = 0; i < script->samples->len; i++) {
        const sample_t *sample = g_ptr_array_index(script->samples, i);
        const redirect_record_t *record = NULL;
        const char *broken;

        if (sample->quoted_method) {
            feed_icmp(tracker, sample);
        } else {
            record = feed(tracker, sample);
        }
        broken = redirect_tracker_check(tracker);
        if (broken) {
            g_error("after frame %u: %s", sample->frame, broken);
        }
        if (record) {
            witness_t *witness = g_new(witness_t, 1);
            witness->record = record;
            witness->has_origin = has_origin(record);
            witness->present = present_of(record, witness->has_origin);
            g_ptr_array_add(witnesses, witness);
        }
    }
    if (script->end) {
        redirect_tracker_advance(tracker, script->end);
    }
    check_witnesses(script, witnesses);
    g_ptr_array_free(witnesses, TRUE);
    return tracker;
}

/* --- the records as text -------------------------------------------------------------------------------------------- */

static const char *const outcome_names[] = {[REDIRECT_OUTCOME_UNFINISHED] = "unfinished",
                                            [REDIRECT_OUTCOME_ANSWERED] = "answered",
                                            [REDIRECT_OUTCOME_FAILED] = "failed",
                                            [REDIRECT_OUTCOME_GLOBAL_FAILURE] = "global failure",
                                            [REDIRECT_OUTCOME_NOT_FOLLOWED] = "not followed",
                                            [REDIRECT_OUTCOME_CANCELLED] = "cancelled",
                                            [REDIRECT_OUTCOME_NO_ANSWER] = "no answer"};
static const char *const severity_names[] = {[REDIRECT_SEVERITY_CHAT] = "chat",
                                             [REDIRECT_SEVERITY_NOTE] = "note",
                                             [REDIRECT_SEVERITY_WARN] = "warn",
                                             [REDIRECT_SEVERITY_ERROR] = "error"};

/* Frames as "1-3, 5, 7/2": the second number counts messages of one frame from 1, and is left out for the first. */
typedef struct {
    GString *out;
    uint32_t first, last;
} frames_t;

static void
frames_flush(frames_t *frames)
{
    if (frames->first == 0) {
        return;
    }
    g_string_append_printf(frames->out, "%s%u", frames->out->len ? ", " : "", frames->first);
    if (frames->last > frames->first) {
        g_string_append_printf(frames->out, "-%u", frames->last);
    }
    frames->first = 0;
}

static void
frames_add(frames_t *frames, uint32_t frame, uint32_t index)
{
    if (index > 0) {
        frames_flush(frames);
        g_string_append_printf(frames->out, "%s%u/%u", frames->out->len ? ", " : "", frame, index + 1);
        return;
    }
    if (frames->first == 0 || frame != frames->last + 1) {
        frames_flush(frames);
        frames->first = frame;
    }
    frames->last = frame;
}

static char *
frames_end(frames_t *frames)
{
    frames_flush(frames);
    return g_string_free(frames->out, FALSE);
}

static void
write_transaction(GString *out, const redirect_transaction_t *transaction)
{
    frames_t frames = {.out = g_string_new("")};
    char *list;

    for (const redirect_record_t *record = transaction->first_record; record; record = record->next_in_transaction) {
        frames_add(&frames, record->frame, record->index);
    }
    list = frames_end(&frames);
    g_string_append_printf(out, "  %s: hop %u", list, transaction->hop);
    g_free(list);
    if (transaction->response.status) {
        g_string_append_printf(out, ", %u", transaction->response.status);
    }
    if (transaction->response.repeats) {
        g_string_append_printf(out, ", sent %u times", transaction->response.repeats + 1U);
    }
    if (transaction->upstream) {
        g_string_append_printf(out, ", forwards %u", transaction->upstream->request.frame);
    }
    if (transaction->extras->leg) {
        const redirect_leg_t *leg = transaction->extras->leg;
        g_string_append_printf(out, ", leg of %u: %s, %s", leg->of->request.frame,
                               redirect_leg_name((redirect_leg_kind_t)leg->kind),
                               redirect_confidence_name((redirect_confidence_t)leg->confidence));
    }
    if (transaction->extras->retry_of) {
        g_string_append_printf(out, ", repeats %u", transaction->extras->retry_of->request.frame);
    }
    if (redirect_announces(transaction)) {
        g_string_append_printf(out, ", announces %u", redirect_announces(transaction)->request.frame);
    }
    if (redirect_cause(transaction)) {
        g_string_append_printf(out, ", redirected in %u: %s, %s", transaction->link->redirected_in,
                               redirect_link_name(transaction->link->kind),
                               redirect_confidence_name(transaction->link->confidence));
        if (transaction->link->difference != SIP_URI_DIFF_NONE) {
            g_string_append_printf(out, ", other %s", sip_uri_diff_name(transaction->link->difference));
        }
    }
    g_string_append_c(out, '\n');
}

/* A later 3xx of the same transaction that offers something else is a redirect of its own. */
static bool
is_further_redirect(const redirect_transaction_t *transaction, const redirect_record_t *record)
{
    const redirect_t *redirect = redirect_of_record(record);

    return redirect && redirect != transaction->redirect && redirect->transaction == transaction &&
           redirect->frame == record->frame;
}

static void
write_redirect(GString *out, const redirect_t *redirect)
{
    g_string_append_printf(out, "  %u in %u", redirect->code, redirect->frame);
    if (redirect->source) {
        g_string_append_printf(out, " made from that in %u", redirect->source->frame);
    }
    if (redirect->legs_seen > 1) {
        g_string_append_printf(out, ", on %u legs", redirect->legs_seen);
    }
    g_string_append_printf(out, "%s%s\n", redirect->dip_response ? ", a query's answer" : "",
                           redirect->target_count ? ":" : ": no target");
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const redirect_target_t *target = &redirect->target[i];
        g_string_append_printf(out, "    %s", target->uri);
        if (target->tried_by) {
            g_string_append_printf(out, " tried in %u", target->tried_by->request.frame);
            if (redirect_target_result(target)) {
                g_string_append_printf(out, ": %u", redirect_target_result(target));
            }
        }
        g_string_append_c(out, '\n');
    }
}

/* The path of the original request, then those that are not the same. */
static void
write_paths(GString *out, const redirect_store_t *store, const redirect_chain_t *chain)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char *path = redirect_transaction_path(NULL, store, chain->root);

    g_string_append_printf(out, "  path: %s\n", path);
    g_hash_table_add(seen, g_strdup(path));
    wmem_free(NULL, path);
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        path = redirect_transaction_path(NULL, store, transaction);
        if (!g_hash_table_contains(seen, path)) {
            g_string_append_printf(out, "  path of %u: %s\n", transaction->first_record->frame, path);
            g_hash_table_add(seen, g_strdup(path));
        }
        wmem_free(NULL, path);
    }
    g_hash_table_destroy(seen);
}

static void
write_chain(GString *out, const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    redirect_result_t result = redirect_chain_result(redirect_tracker_store(tracker), chain);
    char *origin = redirect_transaction_uri(NULL, chain->root);
    char *words = redirect_result_words(NULL, &result);

    g_string_append_printf(out, "chain %u: ", chain->number);
    if (chain->root->request.frame) {
        g_string_append_printf(out, "%s in %u", origin, chain->root->request.frame);
    } else {
        g_string_append(out, "origin not captured");
    }
    wmem_free(NULL, origin);
    g_string_append_printf(out, ", %u hop%s, %s%s", chain->hops, chain->hops == 1 ? "" : "s",
                           outcome_names[result.outcome], words + strlen(redirect_outcome_name(result.outcome)));
    wmem_free(NULL, words);
    if (result.final_code) {
        g_string_append_printf(out, ", %u in %u", result.final_code, result.final_frame);
    }
    g_string_append(out, chain->truncated ? ", truncated\n" : "\n");
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        write_transaction(out, transaction);
    }
    for (const redirect_transaction_t *transaction = chain->first_transaction; transaction;
         transaction = transaction->next_in_chain) {
        if (transaction->redirect && (transaction->redirect->transaction == transaction)) {
            write_redirect(out, transaction->redirect);
        }
        for (const redirect_record_t *record = transaction->first_record; record;
             record = record->next_in_transaction) {
            if (is_further_redirect(transaction, record)) {
                write_redirect(out, redirect_of_record(record));
            }
        }
    }
    write_paths(out, redirect_tracker_store(tracker), chain);
}

static void
write_lines(GString *out, const char *where, const char *verb, const redirect_annotation_t *line)
{
    for (; line; line = line->next) {
        g_string_append_printf(out, "%s: %s %s\n", where, verb, line->text);
    }
}

/* An expert item as a user reads it, all of which Wireshark shows. */
static void
write_expert_item(GString *out, const char *where, const redirect_expert_item_t *item)
{
    if (strlen(item->text) > REDIRECT_RULE_MAX_TEXT) {
        g_error("%zu bytes are more than Wireshark shows: %s", strlen(item->text), item->text);
    }
    g_string_append_printf(out, "%s: %s %s: %s\n", where, severity_names[item->rule->severity], item->rule->name,
                           item->text);
}

static void
write_annotations(GString *out, const redirect_tracker_t *tracker, const redirect_record_t *record)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    char *where = record->index ? g_strdup_printf("%u/%u", record->frame, record->index + 1u)
                                : g_strdup_printf("%u", record->frame);

    for (const redirect_expert_item_t *item = record->details->expert_items; item; item = item->next) {
        write_expert_item(out, where, item);
    }
    for (const redirect_expert_item_t *item = redirect_rules_look_back(scope, redirect_tracker_store(tracker), record);
         item; item = item->next) {
        write_expert_item(out, where, item);
    }
    if (record->details->told) {
        write_lines(out, where, "tells", record->details->told->values);
    }
    if (record->details->failure) {
        write_lines(out, where, "redress", record->details->failure->redress);
    }
    write_lines(out, where, "says", redirect_annotations_of(scope, record));
    wmem_destroy_allocator(scope);
    g_free(where);
}

/* As the packet details and, where that is wanted, the Info column have it. */
static void
write_title(GString *out, const redirect_tracker_t *tracker, const redirect_record_t *record)
{
    const redirect_store_t *store = redirect_tracker_store(tracker);
    char *suffix = redirect_info_suffix(NULL, store, record), *title;

    if (record->transaction && record->transaction->chain) {
        wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
        title = redirect_title(scope, store, record);
        g_string_append_printf(out, "%u: %s %s\n", record->frame, title, suffix);
        wmem_destroy_allocator(scope);
    }
    wmem_free(NULL, suffix);
}

static void
write_verdict(GString *out, const redirect_tracker_t *tracker, const redirect_record_t *record)
{
    char *verdict = redirect_verdict(NULL, redirect_tracker_store(tracker), record);

    if (verdict) {
        g_string_append_printf(out, "%u: %s\n%u: ", record->frame, verdict, record->frame);
        write_answer(out, record);
        g_string_append_c(out, '\n');
    }
    wmem_free(NULL, verdict);
}

static bool
seen_in_script(const void *data, uint32_t frame, unsigned index, redirect_ladder_seen_t *seen)
{
    const script_t *script = data;

    for (guint i = 0; i < script->samples->len; i++) {
        const sample_t *sample = g_ptr_array_index(script->samples, i);
        if (sample->frame == frame && sample->index == index) {
            *seen = (redirect_ladder_seen_t){.time = sample->time,
                                             .source = sample->source.endpoint,
                                             .destination = sample->destination.endpoint,
                                             .transport = sample->transport,
                                             .phrase = sample->phrase,
                                             .call_id = sample->call_id};
            return true;
        }
    }
    return false;
}

/* What redirect-ladder.h promises of the text: no line is wider than it says, none ends in a blank. */
static void
check_ladder(script_t *script, const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        if (redirect_ladder_columns(lines[i]) > REDIRECT_LADDER_WIDTH || g_str_has_suffix(lines[i], " ") ||
            strchr(lines[i], '\t')) {
            complain(script, "a line of the ladder that a mail does not keep: %s", lines[i]);
        }
    }
    g_strfreev(lines);
}

/* Drawn in every case and in each format, for what memory checks find; shown where the case asks for it. */
static void
write_ladder(GString *out, script_t *script, const redirect_tracker_t *tracker, const redirect_chain_t *chain)
{
    const redirect_ladder_lookups_t lookups = {.seen = seen_in_script, .data = script};
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    const redirect_ladder_t *ladder = redirect_ladder_new(scope, redirect_tracker_store(tracker), chain, &lookups);
    const char *text = redirect_ladder_text(scope, ladder);

    check_ladder(script, text);
    if (script->shows_ladder) {
        g_string_append(out, text);
    }
    (void)redirect_ladder_mermaid(scope, ladder);
    (void)redirect_ladder_html_figure(scope, ladder);
    wmem_destroy_allocator(scope);
}

static char *
records_of(script_t *script, const redirect_tracker_t *tracker)
{
    GString *out = g_string_new("");
    frames_t outside = {.out = g_string_new("")}, alone = {.out = g_string_new("")};
    char *list;

    for (uint32_t i = 0; i < redirect_tracker_chain_count(tracker); i++) {
        if (!script->shows_ladder) {
            write_chain(out, tracker, redirect_tracker_chain(tracker, i));
        }
        write_ladder(out, script, tracker, redirect_tracker_chain(tracker, i));
    }
    for (guint i = 0; i < script->samples->len; i++) {
        const sample_t *sample = g_ptr_array_index(script->samples, i);
        const redirect_record_t *record = redirect_tracker_records(tracker, sample->frame);
        while (record && record->index != sample->index) {
            record = redirect_next_in_frame(record);
        }
        if (record == NULL) {
            frames_add(&outside, sample->frame, sample->index);
            continue;
        }
        if (record->status / 100 == 3 && record->method != SIP_METHOD_CANCEL && redirect_of_record(record) == NULL) {
            g_string_append_printf(out, "%u: its targets are missing\n", record->frame);
        }
        if (record->status / 100 != 3 && redirect_of_record(record)) {
            g_string_append_printf(out, "%u: has targets, but is no redirect\n", record->frame);
        }
        if (record->transaction == NULL || record->transaction->chain == NULL) {
            frames_add(&alone, sample->frame, sample->index);
        }
        write_annotations(out, tracker, record);
        if (script->shows_verdicts) {
            write_verdict(out, tracker, record);
        }
        if (script->shows_titles) {
            write_title(out, tracker, record);
        }
    }
    list = frames_end(&alone);
    if (*list) {
        g_string_append_printf(out, "shown without a chain: %s\n", list);
    }
    g_free(list);
    list = frames_end(&outside);
    if (*list) {
        g_string_append_printf(out, "not shown: %s\n", list);
    }
    g_free(list);
    return g_string_free(out, FALSE);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void
case_free(gpointer data)
{
    case_t *section = data;

    g_free(section->title);
    g_free(section->expected);
    g_ptr_array_free(section->script, TRUE);
    g_free(section);
}

/* Sections begin with "## "; of the fenced blocks, "sip" holds the messages and "records" what must come out. */
static GPtrArray *
cases_read(char **lines)
{
    GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);
    case_t *section = NULL;
    enum { PROSE, SCRIPT, NOTES, OTHER } state = PROSE;

    for (unsigned i = 0; lines[i]; i++) {
        const char *line = lines[i];
        if (state != PROSE) {
            if (strcmp(line, "```") == 0) {
                state = PROSE;
            } else if (state == SCRIPT) {
                char *copy = g_strdup(line);
                g_ptr_array_add(section->script, g_strchomp(copy));
            } else if (state == NOTES) {
                char *more = g_strconcat(section->expected, line, "\n", NULL);
                set_text(&section->expected, more);
                section->records_lines++;
            }
        } else if (g_str_has_prefix(line, "## ")) {
            section = g_new0(case_t, 1);
            section->title = g_strdup(line + 3);
            section->line = i + 1;
            section->script = g_ptr_array_new_with_free_func(g_free);
            section->expected = g_strdup("");
            g_ptr_array_add(cases, section);
        } else if (section && strcmp(line, "```sip") == 0) {
            section->script_line = i + 2;
            state = SCRIPT;
        } else if (section && strcmp(line, "```notes") == 0) {
            section->records_line = i + 2;
            state = NOTES;
        } else if (g_str_has_prefix(line, "```")) {
            state = OTHER;
        }
    }
    return cases;
}

/* "..." stands for any text, also for none. */
static bool
line_fits(const char *expected, const char *line)
{
    const char *dots = strstr(expected, "...");
    size_t len = dots ? (size_t)(dots - expected) : strlen(expected);

    if (strncmp(expected, line, len) != 0) {
        return false;
    }
    if (dots == NULL) {
        return line[len] == '\0';
    }
    for (line += len;; line++) {
        if (line_fits(dots + 3, line)) {
            return true;
        }
        if (*line == '\0') {
            return false;
        }
    }
}

/* A line "..." stands for any lines, also for none. */
static bool
lines_fit(char **expected, char **lines)
{
    if (*expected == NULL) {
        return *lines == NULL;
    }
    if (strcmp(*expected, "...") == 0) {
        return lines_fit(expected + 1, lines) || (*lines && lines_fit(expected, lines + 1));
    }
    return *lines && line_fits(*expected, *lines) && lines_fit(expected + 1, lines + 1);
}

static bool
text_fits(const char *expected, const char *text)
{
    char **wanted = g_strsplit(expected, "\n", -1);
    char **lines = g_strsplit(text, "\n", -1);
    bool fits = lines_fit(wanted, lines);

    g_strfreev(wanted);
    g_strfreev(lines);
    return fits;
}

static void
check_forbidden(script_t *script, const char *records)
{
    for (guint i = 0; i < script->forbidden->len; i++) {
        const char *text = g_ptr_array_index(script->forbidden, i);
        if (strstr(records, text)) {
            complain(script, "says \"%s\", which is forbidden, in\n%s", text, records);
        }
    }
}

static bool
has_line(char **lines, const char *line)
{
    for (; *lines; lines++) {
        if (line_fits(*lines, line) || line_fits(line, *lines)) {
            return true;
        }
    }
    return false;
}

/* Lines of one side only, marked as in a diff; the order of lines is part of the comparison, not of this. */
static void
print_difference(const char *expected, const char *got)
{
    char **wanted = g_strsplit(expected, "\n", -1);
    char **found = g_strsplit(got, "\n", -1);
    unsigned w = 0;

    for (unsigned f = 0; found[f]; f++) {
        while (wanted[w] && !has_line(found, wanted[w])) {
            g_printerr("  - %s\n", wanted[w++]);
        }
        if (!has_line(wanted, found[f])) {
            g_printerr("  + %s\n", found[f]);
        } else {
            if (*found[f]) {
                g_printerr("    %s\n", found[f]);
            }
            w += wanted[w] ? 1 : 0;
        }
    }
    for (; w < g_strv_length(wanted); w++) {
        if (!has_line(found, wanted[w])) {
            g_printerr("  - %s\n", wanted[w]);
        }
    }
    g_strfreev(wanted);
    g_strfreev(found);
}

/* @return what the case gives, or NULL where it cannot be run */
static char *
case_run(const char *file, const case_t *section, bool *failed)
{
    wmem_allocator_t *scope = wmem_allocator_new(WMEM_ALLOCATOR_STRICT);
    script_t script;
    char *got = NULL;

    script_init(&script, file, section);
    if (!script.failed) {
        got = records_of(&script, run(&script, scope));
        check_forbidden(&script, got);
    }
    *failed = script.failed;
    script_clear(&script);
    wmem_destroy_allocator(scope);
    return got;
}

static bool
file_update(const char *file, char **lines, GPtrArray *cases, GPtrArray *results)
{
    GString *out = g_string_new("");
    unsigned next = 0;
    guint at = 0;
    bool written;

    for (unsigned i = 0; lines[i]; i++) {
        const case_t *section = at < cases->len ? g_ptr_array_index(cases, at) : NULL;
        while (section && section->records_line == 0) {
            section = ++at < cases->len ? g_ptr_array_index(cases, at) : NULL;
        }
        if (section && i + 1 == section->records_line) {
            const char *result = g_ptr_array_index(results, at);
            bool fits = result == NULL || text_fits(section->expected, result);
            g_string_append(out, fits ? section->expected : result);
            next = i + section->records_lines;
            at++;
        }
        if (i >= next) {
            g_string_append(out, lines[i]);
            if (lines[i + 1]) {
                g_string_append_c(out, '\n');
            }
        }
    }
    written = g_file_set_contents(file, out->str, (gssize)out->len, NULL);
    g_string_free(out, TRUE);
    return written;
}

static unsigned
file_run(const char *file, bool update, unsigned *count)
{
    char *text = NULL;
    char **lines;
    GPtrArray *cases, *results = g_ptr_array_new_with_free_func(g_free);
    unsigned failures = 0;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        g_printerr("%s: cannot be read\n", file);
        g_ptr_array_free(results, TRUE);
        return 1;
    }
    lines = g_strsplit(text, "\n", -1);
    cases = cases_read(lines);
    for (guint i = 0; i < cases->len; i++) {
        const case_t *section = g_ptr_array_index(cases, i);
        bool broken = false;
        char *got = case_run(file, section, &broken);
        bool differs = got == NULL || !text_fits(section->expected, got);

        g_ptr_array_add(results, got);
        (*count)++;
        if (broken || section->records_line == 0 || (differs && !update)) {
            failures++;
            g_printerr("%s:%u: %s\n", file, section->line, section->title);
            if (got && differs) {
                print_difference(section->expected, got);
            }
        }
    }
    if (update && !file_update(file, lines, cases, results)) {
        failures++;
    }
    g_ptr_array_free(results, TRUE);
    g_ptr_array_free(cases, TRUE);
    g_strfreev(lines);
    g_free(text);
    return failures;
}

/* --- seeds -------------------------------------------------------------------------------------------------------- */

/* Headers as short as they go: a fuzzer does more with less. */
static void
seed_add(GString *out, const sample_t *sample, redirect_time_t before)
{
    static const char *const short_names[][2] = {{"\r\nVia: SIP/2.0/UDP ", "\r\nv: SIP/2.0/UDP "},
                                                 {"\r\nFrom: ", "\r\nf: "},
                                                 {"\r\nTo: ", "\r\nt: "},
                                                 {"\r\nCall-ID: ", "\r\ni: "},
                                                 {"\r\nContact: ", "\r\nm: "}};
    GString *text = g_string_new(sample->text->str);

    for (size_t i = 0; i < G_N_ELEMENTS(short_names); i++) {
        g_string_replace(text, short_names[i][0], short_names[i][1], 0);
    }
    g_string_append_printf(out, "== %c%c %u\n%s", 'a' + sample->source.endpoint.address[3] % 26,
                           'a' + sample->destination.endpoint.address[3] % 26,
                           (unsigned)(MAX(sample->time - before, 0) / (REDIRECT_SECOND / 1000)), text->str);
    g_string_free(text, TRUE);
}

static bool
seeds_write(const char *folder, const char *file)
{
    char *text = NULL, *name;
    GPtrArray *cases;
    char **lines;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        return false;
    }
    lines = g_strsplit(text, "\n", -1);
    cases = cases_read(lines);
    name = g_path_get_basename(file);
    *strchr(name, '.') = '\0';
    for (guint i = 0; i < cases->len; i++) {
        script_t script;
        GString *seed = g_string_new("");
        redirect_time_t before = 0;
        char *path = g_strdup_printf("%s/%s-%02u", folder, name, i + 1);

        script_init(&script, file, g_ptr_array_index(cases, i));
        for (guint at = 0; !script.failed && at < script.samples->len; at++) {
            const sample_t *sample = g_ptr_array_index(script.samples, at);
            seed_add(seed, sample, before);
            before = sample->time;
        }
        g_file_set_contents(path, seed->str, (gssize)seed->len, NULL);
        script_clear(&script);
        g_string_free(seed, TRUE);
        g_free(path);
    }
    g_ptr_array_free(cases, TRUE);
    g_strfreev(lines);
    g_free(text);
    g_free(name);
    return true;
}

int
main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    unsigned failures = 0, count = 0;

    wmem_init();
    if (argc > 2 && strcmp(argv[1], "--seeds") == 0) {
        for (int i = 3; i < argc; i++) {
            failures += seeds_write(argv[2], argv[i]) ? 0 : 1;
        }
        return failures ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    for (int i = update ? 2 : 1; i < argc; i++) {
        failures += file_run(argv[i], update, &count);
    }
    printf("%u cases, %u failed\n", count, failures);
    wmem_cleanup();
    return count == 0 || failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
