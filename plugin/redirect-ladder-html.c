/* redirect-ladder-html.c
 * Ladders as one page of HTML, with the drawings as SVG.
 *
 * The page needs nothing from elsewhere and has no script; its own policy forbids both. It is well-formed XML as well.
 * Whatever a drawing has to shorten or to break in two stands whole in the list of messages below it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <string.h>

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-ladder.h"
#include "redirect-text.h"

/* Pixels. */
#define FRAME_RIGHT 52  /* where frame numbers end */
#define TIME_RIGHT 126  /* where times end */
#define FIRST_LANE 232  /* x of the first lifeline */
#define LAST_MARGIN 110 /* right of the last lifeline */
#define BOX_WIDTH 180   /* of a participant */
#define BOX_HEIGHT 62
#define LINE_HEIGHT 16
#define ARROW_HEAD 8
#define LABEL_SPACE 14 /* between a label and the lifelines beside it */
#define NOTE_INDENT 14
#define NOTE_PADDING 7
#define NOTE_WIDTH 600  /* at most */
#define TURN 36         /* how far an arrow from an element to itself leaves its lifeline */
#define LEAST_WIDTH 700 /* of a drawing, so that its notes have room */

/* Hundredths of a pixel for each column: of the monospaced font of labels, and of the other in notes. */
#define LABEL_COLUMN 730
#define NOTE_COLUMN 680

/** Lines of a label at most: what is longer stands in the list of messages. */
#define LABEL_LINES 4

static const char *const page_style =
    ":root{color-scheme:light "
    "dark;--bg:#fff;--fg:#1c2126;--muted:#5d6770;--line:#c9d0d6;--card:#f5f7f9;--accent:#0b5cad;"
    "--request:#0b5cad;--provisional:#6a737b;--success:#1a7f37;--redirect:#9a5b00;--failure:#b3421b;--global:#b3122f}"
    "@media (prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e4e8ec;--muted:#9aa5af;--line:#3a434c;--card:#1e242a;"
    "--accent:#79b8ff;--request:#79b8ff;--provisional:#a3adb6;--success:#5dd17c;--redirect:#e9b45a;--failure:#ff9b73;"
    "--global:#ff8096}}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1240px;padding:20px 16px 48px;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "h1{font-size:1.5rem;margin:0 0 2px}h2{font-size:1.15rem;margin:0 0 6px;overflow-wrap:anywhere}"
    "p{margin:0 0 8px;overflow-wrap:anywhere}a{color:var(--accent)}.muted{color:var(--muted)}"
    ".wide{overflow-x:auto;max-width:100%;border:1px solid var(--line);border-radius:8px;background:var(--bg)}"
    "table{border-collapse:collapse;width:100%;font-size:13.5px}"
    "th,td{text-align:left;vertical-align:top;padding:5px 10px;border-bottom:1px solid var(--line)}"
    "tr:last-child td{border-bottom:0}th{background:var(--card);font-weight:600;white-space:nowrap}"
    "td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}td.w{min-width:15em;overflow-wrap:"
    "anywhere}"
    "td.t{white-space:nowrap}td ul{margin:2px 0 0;padding-left:18px}"
    "section{margin-top:36px;border-top:3px solid var(--line);padding-top:16px}"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 14px;margin:0 0 12px;font-size:14px}"
    "dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}"
    ".badge{display:inline-block;padding:0 8px;border-radius:10px;border:1px solid currentColor;font-size:13px;"
    "font-weight:600}"
    "details{margin-top:12px}summary{cursor:pointer;font-weight:600;margin-bottom:6px}"
    "svg{display:block}svg text{font:12px ui-monospace,'SF Mono',Consolas,'DejaVu Sans Mono',monospace;fill:var(--fg)}"
    "svg text.name{font:600 13px system-ui,'DejaVu Sans',sans-serif}svg text.small{font-size:11px;fill:var(--muted)}"
    "svg text.note{font:12px system-ui,'Segoe UI','DejaVu Sans',sans-serif}svg text.frame{font-weight:600}"
    "svg text.time{fill:var(--muted)}svg text.main{font-weight:600}"
    ".box{fill:var(--card);stroke:var(--line)}.life{stroke:var(--line);stroke-width:1.5}"
    ".paper{fill:var(--card);stroke:var(--line)}.verdict .paper{stroke:currentColor;stroke-width:1.5}"
    ".line{stroke:currentColor;stroke-width:1.6;fill:none}.head{fill:currentColor;stroke:none}"
    "svg text.on{fill:currentColor;paint-order:stroke;stroke:var(--bg);stroke-width:5px;stroke-linejoin:round}"
    ".followup .line{stroke-width:2.6}.hidden .line{stroke-dasharray:3 4}"
    ".request{color:var(--request)}.provisional{color:var(--provisional)}.success{color:var(--success)}"
    ".redirect{color:var(--redirect)}.failure{color:var(--failure)}.global{color:var(--global)}.open{color:var(--muted)"
    "}"
    "@media print{:root{--bg:#fff;--fg:#000;--muted:#444;--line:#999;--card:#f4f4f4;--accent:#000;--request:#0b4a8a;"
    "--provisional:#444;--success:#0c5c24;--redirect:#7a4700;--failure:#8a2f10;--global:#8f0c23}"
    "body{max-width:none;padding:0;font-size:11px}.wide{overflow:visible;border:0}svg{max-width:100%;height:auto}"
    "section{break-before:page;border:0;margin:0;padding:0}tr,figure{break-inside:avoid}h2{break-after:avoid}"
    "thead{display:table-header-group}summary{list-style:none}}"
    "figure{margin:0}";

/* --- pieces -------------------------------------------------------------------------------------------------------- */

static void
put(wmem_strbuf_t *out, const char *text)
{
    static const char *const special = "&<>\"'";
    static const char *const escaped[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (; *text; text++) {
        const char *found = strchr(special, *text);
        if (found) {
            redirect_text_put(out, escaped[found - special]);
        } else {
            wmem_strbuf_append_c(out, *text);
        }
    }
}

static void
put_element(wmem_strbuf_t *out, const char *begin, const char *text, const char *end)
{
    redirect_text_put(out, begin);
    put(out, text);
    redirect_text_put(out, end);
}

static const char *
class_of_kind(redirect_ladder_kind_t kind)
{
    static const char *const classes[REDIRECT_LADDER_KINDS] = {
        [REDIRECT_LADDER_REQUEST] = "request",   [REDIRECT_LADDER_PROVISIONAL] = "provisional",
        [REDIRECT_LADDER_SUCCESS] = "success",   [REDIRECT_LADDER_REDIRECT] = "redirect",
        [REDIRECT_LADDER_FAILURE] = "failure",   [REDIRECT_LADDER_GLOBAL_FAILURE] = "global",
        [REDIRECT_LADDER_LEFT_OUT] = "left-out",
    };

    return classes[kind];
}

static const char *
class_of_outcome(redirect_outcome_t outcome)
{
    static const char *const classes[REDIRECT_OUTCOME_COUNT] = {
        [REDIRECT_OUTCOME_UNFINISHED] = "open",      [REDIRECT_OUTCOME_ANSWERED] = "success",
        [REDIRECT_OUTCOME_FAILED] = "failure",       [REDIRECT_OUTCOME_GLOBAL_FAILURE] = "global",
        [REDIRECT_OUTCOME_NOT_FOLLOWED] = "failure", [REDIRECT_OUTCOME_CANCELLED] = "open",
        [REDIRECT_OUTCOME_NO_ANSWER] = "failure",
    };

    return classes[outcome];
}

/* --- the page ------------------------------------------------------------------------------------------------------ */

char *
redirect_ladder_html_begin(wmem_allocator_t *scope, const char *filter)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "");

    redirect_text_put(out, "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
                           "<meta charset=\"utf-8\"/>\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                           "style-src 'unsafe-inline'\"/>\n"
                           "<title>SIP redirect chains</title>\n<style>\n");
    redirect_text_put(out, page_style);
    redirect_text_put(out, "\n</style>\n</head>\n<body>\n<h1>SIP redirect chains</h1>\n");
    if (filter) {
        put_element(out, "<p class=\"muted\">Filter: ", filter, "</p>\n");
    }
    redirect_text_put(out, "<div class=\"wide\"><table id=\"chains\">\n<thead><tr><th>Chain</th><th>Outcome</th>"
                           "<th>Start</th><th>First frame</th><th>Hops</th><th>Path</th></tr></thead>\n<tbody>\n");
    return wmem_strbuf_finalize(out);
}

char *
redirect_ladder_html_row(wmem_allocator_t *scope, const redirect_ladder_head_t *head, bool is_drawn)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "<tr><td class=\"n\">");
    const uint32_t number = head->chain->number;

    if (is_drawn) {
        wmem_strbuf_append_printf(out, "<a href=\"#chain-%u\">%u</a>", number, number);
    } else {
        wmem_strbuf_append_printf(out, "%u", number);
    }
    wmem_strbuf_append_printf(out, "</td><td class=\"t %s\">", class_of_outcome(head->result.outcome));
    put_element(out, "", head->outcome, "</td>");
    put_element(out, "<td class=\"t\">", head->start, "</td>");
    wmem_strbuf_append_printf(out, "<td class=\"n\">%u</td><td class=\"n\">%u</td>", head->first_frame,
                              head->chain->hops);
    put_element(out, "<td class=\"w\">", head->path, "</td></tr>\n");
    return wmem_strbuf_finalize(out);
}

char *
redirect_ladder_html_between(wmem_allocator_t *scope, const char *remark)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "</tbody>\n</table></div>\n");

    if (remark) {
        put_element(out, "<p id=\"remark\">", remark, "</p>\n");
    }
    return wmem_strbuf_finalize(out);
}

char *
redirect_ladder_html_end(wmem_allocator_t *scope)
{
    return wmem_strdup(scope, "</body>\n</html>\n");
}

/* --- the drawing ----------------------------------------------------------------------------------------------------- */

typedef struct {
    wmem_allocator_t *scope;
    const redirect_ladder_t *ladder;
    wmem_strbuf_t *out;
    unsigned gap;   /* between two lifelines */
    unsigned width; /* of it all */
    unsigned y;     /* where the next thing begins */
} drawing_t;

static unsigned
lane(const drawing_t *drawing, unsigned place)
{
    return FIRST_LANE + place * drawing->gap;
}

static void
lay_out(drawing_t *drawing)
{
    static const unsigned gaps[] = {0, 0, 420, 330, 270};
    const unsigned count = drawing->ladder->participant_count;

    drawing->gap = count < G_N_ELEMENTS(gaps) ? gaps[count] : 230;
    drawing->width = MAX(lane(drawing, count > 0 ? count - 1 : 0) + LAST_MARGIN, LEAST_WIDTH);
}

static void
put_text(drawing_t *drawing, const char *class, const char *anchor, unsigned x, unsigned y, const char *text)
{
    wmem_strbuf_append_printf(drawing->out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%u\" y=\"%u\">", class, anchor,
                              x, y);
    put_element(drawing->out, "", text, "</text>\n");
}

/* Shortened to the box; then the whole of it shows where the pointer rests, and stands above the drawing. */
static void
put_box_line(drawing_t *drawing, const char *class, unsigned x, unsigned y, const char *text)
{
    const char *shown = redirect_ladder_beginning(drawing->scope, text, BOX_WIDTH * 100 / NOTE_COLUMN - 1);

    wmem_strbuf_append_printf(drawing->out, "<text class=\"%s\" text-anchor=\"middle\" x=\"%u\" y=\"%u\">", class, x,
                              y);
    if (shown != text) {
        put_element(drawing->out, "<title>", text, "</title>");
    }
    put_element(drawing->out, "", shown, "</text>\n");
}

static void
put_boxes(drawing_t *drawing)
{
    for (unsigned i = 0; i < drawing->ladder->participant_count; i++) {
        const redirect_ladder_participant_t *part = &drawing->ladder->participant[i];
        const unsigned x = lane(drawing, i), y = drawing->y;
        wmem_strbuf_append_printf(drawing->out,
                                  "<g class=\"participant\"><rect class=\"box\" x=\"%u\" y=\"%u\" width=\"%u\" "
                                  "height=\"%u\" rx=\"6\"/>\n",
                                  x - BOX_WIDTH / 2, y, BOX_WIDTH, BOX_HEIGHT);
        put_box_line(drawing, "name", x, y + (part->software ? 19 : 26), part->name);
        put_box_line(drawing, "address", x, y + (part->software ? 36 : 44), part->address);
        if (part->software) {
            put_box_line(drawing, "small", x, y + 52, part->software);
        }
        redirect_text_put(drawing->out, "</g>\n");
    }
    drawing->y += BOX_HEIGHT;
}

/* A box with a sentence, over the lifelines. */
static void
put_note(drawing_t *drawing, const char *class, unsigned x, unsigned width, const char *text)
{
    const size_t columns = (width - 2 * NOTE_PADDING) * 100 / NOTE_COLUMN;
    const char *line, *rest = text;
    unsigned lines = 0;

    while (redirect_ladder_next_line(drawing->scope, &rest, columns) != NULL) {
        lines++;
    }
    if (lines == 1) {
        width = (unsigned)redirect_ladder_columns(text) * NOTE_COLUMN / 100 + 2 * NOTE_PADDING;
    }
    wmem_strbuf_append_printf(drawing->out,
                              "<g class=\"%s\"><rect class=\"paper\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
                              "rx=\"4\"/>\n",
                              class, x, drawing->y, width, lines * LINE_HEIGHT + NOTE_PADDING);
    for (unsigned i = 1; (line = redirect_ladder_next_line(drawing->scope, &text, columns)) != NULL; i++) {
        put_text(drawing, "note", "start", x + NOTE_PADDING, drawing->y + i * LINE_HEIGHT, line);
    }
    redirect_text_put(drawing->out, "</g>\n");
    drawing->y += lines * LINE_HEIGHT + NOTE_PADDING + 5;
}

static void
put_notes(drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    const unsigned x = lane(drawing, MIN(arrow->from, arrow->to)) + NOTE_INDENT;
    const unsigned width = MIN(drawing->width - x - 8, NOTE_WIDTH);

    for (const redirect_ladder_note_t *note = arrow->notes; note; note = note->next) {
        put_note(drawing, note->is_verdict ? "said verdict" : "said", x, width, note->text);
    }
}

/* The label above the arrow, in as many lines as it needs. */
static void
put_label(drawing_t *drawing, unsigned x, unsigned room, const char *anchor, const char *label)
{
    const size_t columns = room * 100 / LABEL_COLUMN;
    const char *line;

    for (unsigned i = 0; i < LABEL_LINES && (line = redirect_ladder_next_line(drawing->scope, &label, columns)); i++) {
        const bool is_cut = i + 1 == LABEL_LINES && *label;
        drawing->y += LINE_HEIGHT;
        put_text(drawing, i == 0 ? "on main" : "on", anchor, x, drawing->y,
                 is_cut ? wmem_strdup_printf(drawing->scope, "%s ...", line) : line);
    }
}

static void
put_gutter(drawing_t *drawing, const redirect_ladder_arrow_t *arrow, unsigned y)
{
    put_text(drawing, "frame", "end", FRAME_RIGHT, y, wmem_strdup_printf(drawing->scope, "%u", arrow->frame));
    if (*arrow->time) {
        put_text(drawing, "time", "end", TIME_RIGHT, y, arrow->time);
    }
}

static void
put_straight(drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    const unsigned from = lane(drawing, arrow->from), to = lane(drawing, arrow->to),
                   room = MAX(from, to) - MIN(from, to);
    const int back = to > from ? -ARROW_HEAD : ARROW_HEAD;

    put_label(drawing, (from + to) / 2, room - 2 * LABEL_SPACE, "middle", redirect_ladder_label(drawing->scope, arrow));
    drawing->y += 7;
    wmem_strbuf_append_printf(drawing->out, "<path class=\"line\" d=\"M%u %uH%d\"/>", from, drawing->y, (int)to + back);
    wmem_strbuf_append_printf(drawing->out, "<path class=\"head\" d=\"M%u %ul%d -5v10z\"/>\n", to, drawing->y, back);
}

static void
put_turn(drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    const unsigned x = lane(drawing, arrow->from), top = drawing->y;

    put_label(drawing, x + TURN + LABEL_SPACE, MAX(drawing->gap, 260) - TURN, "start",
              redirect_ladder_label(drawing->scope, arrow));
    drawing->y = MAX(drawing->y, top + 2 * LINE_HEIGHT);
    wmem_strbuf_append_printf(drawing->out, "<path class=\"line\" d=\"M%u %uh%u V%u h-%u\"/>", x, top + 6, TURN,
                              drawing->y, TURN - ARROW_HEAD);
    wmem_strbuf_append_printf(drawing->out, "<path class=\"head\" d=\"M%u %ul%d -5v10z\"/>\n", x, drawing->y,
                              ARROW_HEAD);
}

static void
put_arrow(drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    drawing->y += 8;
    wmem_strbuf_append_printf(drawing->out, "<g class=\"arrow %s%s%s%s\">\n", class_of_kind(arrow->kind),
                              arrow->is_followup ? " followup" : "", arrow->is_hidden ? " hidden" : "",
                              arrow->ends_chain ? " ends" : "");
    put_gutter(drawing, arrow, drawing->y + LINE_HEIGHT);
    (arrow->from == arrow->to ? put_turn : put_straight)(drawing, arrow);
    drawing->y += 8;
    put_notes(drawing, arrow);
    redirect_text_put(drawing->out, "</g>\n");
}

static void
put_arrows(drawing_t *drawing)
{
    drawing->y += 10;
    for (unsigned i = 0; i < drawing->ladder->arrow_count; i++) {
        const redirect_ladder_arrow_t *arrow = &drawing->ladder->arrow[i];
        if (arrow->kind == REDIRECT_LADDER_LEFT_OUT) {
            drawing->y += 8;
            put_note(drawing, "left-out", FIRST_LANE + NOTE_INDENT, MIN(drawing->width - FIRST_LANE - 22, NOTE_WIDTH),
                     arrow->label);
        } else {
            put_arrow(drawing, arrow);
        }
    }
    drawing->y += 12;
}

static void
put_svg(wmem_allocator_t *scope, wmem_strbuf_t *out, const redirect_ladder_t *ladder)
{
    drawing_t drawing = {.scope = scope, .ladder = ladder, .out = wmem_strbuf_new(scope, ""), .y = 8};

    lay_out(&drawing);
    put_boxes(&drawing);
    put_arrows(&drawing);
    put_boxes(&drawing); /* below a long ladder the ones above are out of sight */
    wmem_strbuf_append_printf(out,
                              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                              "viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"Ladder of chain %u\">\n",
                              drawing.width, drawing.y + 8, drawing.width, drawing.y + 8, ladder->head.chain->number);
    for (unsigned i = 0; i < ladder->participant_count; i++) {
        wmem_strbuf_append_printf(out, "<path class=\"life\" d=\"M%u %uV%u\"/>\n", lane(&drawing, i), 8 + BOX_HEIGHT,
                                  drawing.y - BOX_HEIGHT);
    }
    put_text(&(drawing_t){.out = out}, "small", "end", FRAME_RIGHT, 8 + BOX_HEIGHT - 6, "Frame");
    put_text(&(drawing_t){.out = out}, "small", "end", TIME_RIGHT, 8 + BOX_HEIGHT - 6, "Seconds");
    redirect_text_put(out, wmem_strbuf_get_str(drawing.out));
    redirect_text_put(out, "</svg>\n");
}

/* --- around it ------------------------------------------------------------------------------------------------------- */

static void
put_definition(wmem_strbuf_t *out, const char *term, const char *text)
{
    put_element(out, "<dt>", term, "</dt>");
    put_element(out, "<dd>", text, "</dd>\n");
}

static void
put_head(wmem_allocator_t *scope, wmem_strbuf_t *out, const redirect_ladder_t *ladder)
{
    wmem_strbuf_append_printf(out, "<h2>Chain %u <span class=\"badge %s\">", ladder->head.chain->number,
                              class_of_outcome(ladder->head.result.outcome));
    put_element(out, "", ladder->head.outcome, "</span></h2>\n<dl>\n");
    put_definition(out, "Start", ladder->head.start);
    put_definition(out, "Path", ladder->head.path);
    if (ladder->call_ids) {
        put_definition(out, "Call-ID", ladder->call_ids);
    }
    for (unsigned i = 0; i < ladder->participant_count; i++) {
        const redirect_ladder_participant_t *part = &ladder->participant[i];
        put_definition(out, part->name,
                       part->software ? wmem_strdup_printf(scope, "%s (%s)", part->address, part->software)
                                      : part->address);
    }
    redirect_text_put(out, "</dl>\n");
}

static void
put_message(wmem_allocator_t *scope, wmem_strbuf_t *out, const redirect_ladder_t *ladder,
            const redirect_ladder_arrow_t *arrow)
{
    if (arrow->kind == REDIRECT_LADDER_LEFT_OUT) {
        put_element(out, "<tr><td></td><td></td><td colspan=\"3\">", arrow->label, "</td></tr>\n");
        return;
    }
    wmem_strbuf_append_printf(out, "<tr><td class=\"n\">%u</td><td class=\"n\">%s</td>", arrow->frame, arrow->time);
    put_element(out, "<td class=\"t\">", ladder->participant[arrow->from].name, "</td>");
    put_element(out, "<td class=\"t\">", ladder->participant[arrow->to].name, "</td>");
    wmem_strbuf_append_printf(out, "<td class=\"w\"><span class=\"%s\">", class_of_kind(arrow->kind));
    put_element(out, "", redirect_ladder_label(scope, arrow), "</span>");
    if (arrow->notes) {
        redirect_text_put(out, "<ul>");
        for (const redirect_ladder_note_t *note = arrow->notes; note; note = note->next) {
            put_element(out, "<li>", note->text, "</li>");
        }
        redirect_text_put(out, "</ul>");
    }
    redirect_text_put(out, "</td></tr>\n");
}

static void
put_messages(wmem_allocator_t *scope, wmem_strbuf_t *out, const redirect_ladder_t *ladder)
{
    redirect_text_put(out,
                      "<details open=\"open\"><summary>Messages in full</summary>\n<div class=\"wide\"><table>\n"
                      "<thead><tr><th>Frame</th><th>Seconds</th><th>From</th><th>To</th><th>Message</th></tr></thead>"
                      "\n<tbody>\n");
    for (unsigned i = 0; i < ladder->arrow_count; i++) {
        put_message(scope, out, ladder, &ladder->arrow[i]);
    }
    redirect_text_put(out, "</tbody>\n</table></div></details>\n");
}

char *
redirect_ladder_html_figure(wmem_allocator_t *scope, const redirect_ladder_t *ladder)
{
    wmem_strbuf_t *out = wmem_strbuf_new(scope, "");

    wmem_strbuf_append_printf(out, "<section id=\"chain-%u\">\n", ladder->head.chain->number);
    put_head(scope, out, ladder);
    redirect_text_put(out, "<figure class=\"wide\">\n");
    put_svg(scope, out, ladder);
    redirect_text_put(out, "</figure>\n");
    for (const redirect_ladder_note_t *remark = ladder->remarks; remark; remark = remark->next) {
        put_element(out, "<p class=\"remark\">", remark->text, "</p>\n");
    }
    put_messages(scope, out, ladder);
    redirect_text_put(out, "<p><a href=\"#chains\">All chains</a></p>\n</section>\n");
    return wmem_strbuf_finalize(out);
}
