/* redirect-ladder-text.c
 * A ladder as text, for a mail or a ticket.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <string.h>

#include <wsutil/wmem/wmem_strbuf.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-ladder.h"
#include "redirect-text.h"

/** With more, each message is a line of its own. */
#define MOST_LANES 5

/** Columns between two lanes at most: then a label and its arrow are still seen as one. */
#define WIDEST_GAP 44

/** Columns that the last lane's heading takes. */
#define LEAST_HEADING 15
#define MOST_HEADING 24

/** How far a list's later lines are indented. */
#define INDENT 4

/** One line of the drawing: a character a column; 0 where a wide one before it takes two. */
typedef struct {
    gunichar cell[REDIRECT_LADDER_WIDTH];
} row_t;

typedef struct {
    wmem_allocator_t *scope;
    const redirect_ladder_t *ladder;
    wmem_strbuf_t *out;
    int frame_width, time_width;
    unsigned lane[MOST_LANES]; /* columns of the lifelines */
    unsigned heading;          /* columns of the last lane's heading */
} drawing_t;

/* --- rows ---------------------------------------------------------------------------------------------------------- */

static void
row_clear(row_t *row)
{
    for (unsigned i = 0; i < REDIRECT_LADDER_WIDTH; i++) {
        row->cell[i] = ' ';
    }
}

static void
row_put(row_t *row, unsigned column, const char *text)
{
    for (; *text && column < REDIRECT_LADDER_WIDTH; text = g_utf8_next_char(text)) {
        const gunichar character = g_utf8_get_char(text);
        row->cell[column++] = character;
        if (g_unichar_iswide(character) && column < REDIRECT_LADDER_WIDTH) {
            row->cell[column++] = 0;
        }
    }
}

static void
row_fill(row_t *row, unsigned from, unsigned to, gunichar character)
{
    for (unsigned i = from; i < to && i < REDIRECT_LADDER_WIDTH; i++) {
        row->cell[i] = character;
    }
}

static void
row_end(wmem_strbuf_t *out, const row_t *row)
{
    unsigned end = REDIRECT_LADDER_WIDTH;

    while (end > 0 && row->cell[end - 1] == ' ') {
        end--;
    }
    for (unsigned i = 0; i < end; i++) {
        if (row->cell[i] != 0) {
            wmem_strbuf_append_unichar(out, row->cell[i]);
        }
    }
    wmem_strbuf_append_c(out, '\n');
}

/* Text in lines that begin at the column indent; the first begins with head. */
static void
put_lines(wmem_allocator_t *scope, wmem_strbuf_t *out, const char *head, unsigned indent, const char *text)
{
    const char *line;

    while ((line = redirect_ladder_next_line(scope, &text, REDIRECT_LADDER_WIDTH - indent)) != NULL) {
        row_t row;
        row_clear(&row);
        row_put(&row, 0, head);
        row_put(&row, indent, line);
        row_end(out, &row);
        head = "";
    }
}

/* --- what stands above and below ------------------------------------------------------------------------------------ */

#define HEAD_INDENT 14

static void
put_head(const drawing_t *drawing)
{
    const redirect_ladder_t *ladder = drawing->ladder;
    wmem_allocator_t *scope = drawing->scope;

    put_lines(scope, drawing->out, "", 0,
              wmem_strdup_printf(scope, "SIP redirect chain %u: %s", ladder->head.chain->number, ladder->head.outcome));
    put_lines(scope, drawing->out, "Start", HEAD_INDENT, ladder->head.start);
    put_lines(scope, drawing->out, "Path", HEAD_INDENT, ladder->head.path);
    if (ladder->call_ids) {
        put_lines(scope, drawing->out, "Call-ID", HEAD_INDENT, ladder->call_ids);
    }
    for (unsigned i = 0; i < ladder->participant_count; i++) {
        const redirect_ladder_participant_t *part = &ladder->participant[i];
        put_lines(scope, drawing->out, i == 0 ? "Participants" : "", HEAD_INDENT,
                  wmem_strdup_printf(scope, "%s: %s%s%s%s", part->name, part->address, part->software ? " (" : "",
                                     part->software ? part->software : "", part->software ? ")" : ""));
    }
    wmem_strbuf_append_c(drawing->out, '\n');
}

static void
put_foot(const drawing_t *drawing)
{
    wmem_strbuf_append_c(drawing->out, '\n');
    put_lines(drawing->scope, drawing->out, "Outcome", HEAD_INDENT, drawing->ladder->head.outcome);
    for (const redirect_ladder_note_t *remark = drawing->ladder->remarks; remark; remark = remark->next) {
        put_lines(drawing->scope, drawing->out, "Note", HEAD_INDENT, remark->text);
    }
}

/* --- lanes ----------------------------------------------------------------------------------------------------------- */

static unsigned
left_of(const drawing_t *drawing)
{
    return (unsigned)(drawing->frame_width + drawing->time_width) + 4;
}

static unsigned
heading_columns(const redirect_ladder_participant_t *part)
{
    return (unsigned)CLAMP(MAX(redirect_ladder_columns(part->name), redirect_ladder_columns(part->address)),
                           LEAST_HEADING, MOST_HEADING);
}

static void
lay_lanes(drawing_t *drawing)
{
    const redirect_ladder_t *ladder = drawing->ladder;
    const unsigned count = ladder->participant_count, left = left_of(drawing);
    unsigned gap = WIDEST_GAP;

    drawing->heading = count > 0 ? heading_columns(&ladder->participant[count - 1]) : 0;
    if (count > 1) {
        gap = MIN(gap, (REDIRECT_LADDER_WIDTH - left - drawing->heading) / (count - 1));
    }
    for (unsigned i = 0; i < count; i++) {
        drawing->lane[i] = left + i * gap;
    }
}

static unsigned
room_of_lane(const drawing_t *drawing, unsigned lane)
{
    return lane + 1 < drawing->ladder->participant_count ? drawing->lane[lane + 1] - drawing->lane[lane] - 2
                                                         : REDIRECT_LADDER_WIDTH - drawing->lane[lane];
}

static void
put_heading(const drawing_t *drawing)
{
    row_t names, addresses;

    row_clear(&names);
    row_clear(&addresses);
    row_put(&names, 0,
            wmem_strdup_printf(drawing->scope, "%*s  %*s", drawing->frame_width, "Frame", drawing->time_width, "Time"));
    for (unsigned i = 0; i < drawing->ladder->participant_count; i++) {
        const redirect_ladder_participant_t *part = &drawing->ladder->participant[i];
        const size_t room = MAX(room_of_lane(drawing, i), 5);
        row_put(&names, drawing->lane[i], redirect_ladder_shortened(drawing->scope, part->name, room));
        row_put(&addresses, drawing->lane[i], redirect_ladder_shortened(drawing->scope, part->address, room));
    }
    row_end(drawing->out, &names);
    row_end(drawing->out, &addresses);
}

static void
lifelines(const drawing_t *drawing, row_t *row)
{
    row_clear(row);
    for (unsigned i = 0; i < drawing->ladder->participant_count; i++) {
        row_put(row, drawing->lane[i], "|");
    }
}

/* Beside the first lifeline, so that what is left of the others goes on behind it. */
static void
put_note(const drawing_t *drawing, unsigned lane, const char *text)
{
    const unsigned column = drawing->lane[lane] + 3;
    const char *line;
    row_t row;

    while ((line = redirect_ladder_next_line(drawing->scope, &text, REDIRECT_LADDER_WIDTH - column)) != NULL) {
        const unsigned end = column + (unsigned)redirect_ladder_columns(line);
        lifelines(drawing, &row);
        row_fill(&row, column, MIN(end + 1, REDIRECT_LADDER_WIDTH), ' ');
        row_put(&row, column, line);
        row_end(drawing->out, &row);
    }
}

/* What a label leaves out: "sip:bob@example.com, sent 4 times until 3.5 s". */
static const char *
rest_of_label(wmem_allocator_t *scope, const redirect_ladder_arrow_t *arrow)
{
    return wmem_strdup_printf(scope, "%s%s%s", arrow->uri ? arrow->uri : "", arrow->uri && arrow->again ? ", " : "",
                              arrow->again ? arrow->again : "");
}

static const char *
frame_and_time(const drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    return wmem_strdup_printf(drawing->scope, "%*u  %*s", drawing->frame_width, arrow->frame, drawing->time_width,
                              arrow->time);
}

/* "|-- INVITE sip:bob@example.com ---------->|" between two lanes; what has no room there stands below. */
static void
put_arrow(const drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    const unsigned left = drawing->lane[MIN(arrow->from, arrow->to)],
                   right = drawing->lane[MAX(arrow->from, arrow->to)];
    const unsigned room = right - left - 8;
    const char *label = redirect_ladder_label(drawing->scope, arrow), *below = "";
    const bool goes_right = arrow->to > arrow->from;
    row_t row;

    if (redirect_ladder_columns(label) > room) {
        const bool has_room = redirect_ladder_columns(arrow->label) <= room;
        below = has_room ? rest_of_label(drawing->scope, arrow) : label;
        label = redirect_ladder_beginning(drawing->scope, arrow->label, room);
    }
    lifelines(drawing, &row);
    row_put(&row, 0, frame_and_time(drawing, arrow));
    row_fill(&row, left + 1, right, arrow->is_hidden ? '.' : '-');
    row_put(&row, left + 3, wmem_strdup_printf(drawing->scope, " %s ", label));
    row_put(&row, goes_right ? right - 1 : left + 1, goes_right ? ">" : "<");
    row_end(drawing->out, &row);
    put_note(drawing, MIN(arrow->from, arrow->to), below);
}

/* From an element to itself. */
static void
put_turn(const drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    row_t row;

    lifelines(drawing, &row);
    row_put(&row, 0, frame_and_time(drawing, arrow));
    row_put(&row, drawing->lane[arrow->from] + 1, "--> itself");
    row_end(drawing->out, &row);
    put_note(drawing, arrow->from, redirect_ladder_label(drawing->scope, arrow));
}

static void
put_notes(const drawing_t *drawing, const redirect_ladder_arrow_t *arrow)
{
    for (const redirect_ladder_note_t *note = arrow->notes; note; note = note->next) {
        put_note(drawing, MIN(arrow->from, arrow->to), note->text);
    }
}

static void
draw_lanes(drawing_t *drawing)
{
    row_t row;

    lay_lanes(drawing);
    put_heading(drawing);
    for (unsigned i = 0; i < drawing->ladder->arrow_count; i++) {
        const redirect_ladder_arrow_t *arrow = &drawing->ladder->arrow[i];
        lifelines(drawing, &row);
        if (i == 0 || drawing->ladder->arrow[i - 1].notes) {
            row_end(drawing->out, &row);
        }
        if (arrow->kind == REDIRECT_LADDER_LEFT_OUT) {
            put_note(drawing, 0, wmem_strdup_printf(drawing->scope, "... %s ...", arrow->label));
        } else {
            (arrow->from == arrow->to ? put_turn : put_arrow)(drawing, arrow);
            put_notes(drawing, arrow);
        }
    }
    lifelines(drawing, &row);
    row_end(drawing->out, &row);
}

/* --- lines ----------------------------------------------------------------------------------------------------------- */

static void
draw_lines(const drawing_t *drawing)
{
    const redirect_ladder_t *ladder = drawing->ladder;
    const unsigned left = left_of(drawing);

    row_t row;

    row_clear(&row);
    row_put(&row, 0,
            wmem_strdup_printf(drawing->scope, "%*s  %*s  Message", drawing->frame_width, "Frame", drawing->time_width,
                               "Time"));
    row_end(drawing->out, &row);
    for (unsigned i = 0; i < ladder->arrow_count; i++) {
        const redirect_ladder_arrow_t *arrow = &ladder->arrow[i];
        if (arrow->kind == REDIRECT_LADDER_LEFT_OUT) {
            put_lines(drawing->scope, drawing->out, "", left,
                      wmem_strdup_printf(drawing->scope, "... %s ...", arrow->label));
            continue;
        }
        put_lines(drawing->scope, drawing->out, frame_and_time(drawing, arrow), left,
                  wmem_strdup_printf(drawing->scope, "%s -> %s: %s", ladder->participant[arrow->from].name,
                                     ladder->participant[arrow->to].name,
                                     redirect_ladder_label(drawing->scope, arrow)));
        for (const redirect_ladder_note_t *note = arrow->notes; note; note = note->next) {
            put_lines(drawing->scope, drawing->out, "", left + INDENT, note->text);
        }
    }
}

static int
width_of(wmem_allocator_t *scope, const redirect_ladder_t *ladder, bool of_time)
{
    size_t width = of_time ? strlen("0.000") : strlen("Frame");

    for (unsigned i = 0; i < ladder->arrow_count; i++) {
        const redirect_ladder_arrow_t *arrow = &ladder->arrow[i];
        width = MAX(width, strlen(of_time ? arrow->time : wmem_strdup_printf(scope, "%u", arrow->frame)));
    }
    return (int)width;
}

char *
redirect_ladder_text(wmem_allocator_t *scope, const redirect_ladder_t *ladder)
{
    drawing_t drawing = {
        .scope = scope,
        .ladder = ladder,
        .out = wmem_strbuf_new(scope, ""),
        .frame_width = width_of(scope, ladder, false),
        .time_width = width_of(scope, ladder, true),
    };

    put_head(&drawing);
    if (ladder->participant_count > MOST_LANES) {
        draw_lines(&drawing);
    } else {
        draw_lanes(&drawing);
    }
    put_foot(&drawing);
    return wmem_strbuf_finalize(drawing.out);
}
