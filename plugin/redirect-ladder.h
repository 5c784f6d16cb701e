/* redirect-ladder.h
 * One chain as a ladder diagram: who takes part, and each message between them, with what it means.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * redirect-ladder.c makes a redirect_ladder_t of a chain as far as it is known now. redirect-ladder-text.c,
 * redirect-ladder-mermaid.c and redirect-ladder-html.c draw it. All strings in it are fit to be shown
 * (redirect-text.h); each of the three escapes what its own format needs.
 */

#ifndef REDIRECT_LADDER_H
#define REDIRECT_LADDER_H

#include "redirect-outcome.h"

/** Columns of the drawing as text. */
#define REDIRECT_LADDER_WIDTH 120

/** What one ladder holds at most. What is beyond is counted in its remarks. */
#define REDIRECT_LADDER_MAX_ARROWS 1000
#define REDIRECT_LADDER_MAX_PARTICIPANTS 64

/** Arrows of one transaction at most: messages that differ in method, status or ends. */
#define REDIRECT_LADDER_MAX_OF_TRANSACTION 64

/** Rounds of a loop that are drawn, beside the one that ends the chain. */
#define REDIRECT_LADDER_ROUNDS 3

/** Bytes of a reason phrase, of a name of software and of a Call-ID that are shown; callers cut there. */
#define REDIRECT_LADDER_MAX_PHRASE 64
#define REDIRECT_LADDER_MAX_SOFTWARE 80
#define REDIRECT_LADDER_MAX_CALL_ID 160

/** What the model does not keep of a message. The strings are for display and outlive the ladder. */
typedef struct {
    redirect_time_t time;
    redirect_endpoint_t source, destination;
    redirect_transport_t transport;
    const char *phrase;  /**< of a response; NULL where it has none, or it was not kept */
    const char *call_id; /**< NULL where it has none, or it was not kept */
} redirect_ladder_seen_t;

/** Where a ladder looks up what the model does not keep; a function that is NULL knows nothing. */
typedef struct {
    /** False where nothing is known of that message; then *seen is not used. */
    bool (*seen)(const void *data, uint32_t frame, unsigned index, redirect_ladder_seen_t *seen);
    /**
     * What an element calls itself (User-Agent, Server), or NULL. Proxies leave these headers as they are.
     * @param certain only what stood in messages that it certainly made itself
     */
    const char *(*software)(const void *data, const redirect_endpoint_t *endpoint, bool certain);
    const void *data;
    bool has_lost_texts; /**< more names, phrases and Call-IDs than can be kept: one that is not known may be there */
} redirect_ladder_lookups_t;

/** One that takes part: an address, or an address and port where one host plays several parts. */
typedef struct {
    const char *name;     /**< what it is in this chain, no two alike: "caller", "target 1" */
    const char *address;  /**< "192.0.2.1", "127.0.0.1:5070" */
    const char *software; /**< or NULL */
} redirect_ladder_participant_t;

/** What an arrow stands for. */
typedef enum {
    REDIRECT_LADDER_REQUEST,
    REDIRECT_LADDER_PROVISIONAL,
    REDIRECT_LADDER_SUCCESS,
    REDIRECT_LADDER_REDIRECT,
    REDIRECT_LADDER_FAILURE,
    REDIRECT_LADDER_GLOBAL_FAILURE,
    REDIRECT_LADDER_LEFT_OUT, /**< no message: rounds of a loop that are not drawn here; label says so */
    REDIRECT_LADDER_KINDS
} redirect_ladder_kind_t;

/** A sentence about an arrow. */
typedef struct redirect_ladder_note {
    struct redirect_ladder_note *next;
    const char *text;
    bool is_verdict;
} redirect_ladder_note_t;

/** A message, with its retransmissions and copies. */
typedef struct {
    const redirect_record_t *record; /**< the first of them; NULL for REDIRECT_LADDER_LEFT_OUT */
    redirect_ladder_kind_t kind;
    unsigned from, to; /**< places in participant[] */
    uint32_t frame;
    const char *time;  /**< seconds from the chain's start: "0.010"; "" where it is not known */
    const char *label; /**< "INVITE", "302 Moved Temporarily" */
    const char *uri;   /**< Request-URI of a request that is no ACK or CANCEL; else NULL */
    const char *again; /**< "sent 4 times until 3.500 s", "captured twice"; NULL where it was seen once */
    bool is_followup;  /**< the request follows a redirect */
    bool is_hidden;    /**< the caller gets another response in its place */
    bool ends_chain;   /**< the final response that decided the outcome */
    redirect_ladder_note_t *notes;
} redirect_ladder_arrow_t;

/** What stands above the drawing, and in a table of several chains. */
typedef struct {
    const redirect_chain_t *chain;
    redirect_result_t result;
    uint32_t first_frame;
    const char *origin;  /**< the original request's URI */
    const char *start;   /**< "2026-01-31 12:00:00.123 UTC" */
    const char *outcome; /**< "global failure, 603 in frame 11", "open when the capture ended" */
    const char *path;
} redirect_ladder_head_t;

/** One chain, to be drawn. Everything in it belongs to the scope that it was made in, or to the store. */
typedef struct {
    redirect_ladder_head_t head;
    const redirect_ladder_participant_t *participant; /**< in the order in which they are first seen */
    unsigned participant_count;
    const redirect_ladder_arrow_t *arrow; /**< in frame order */
    unsigned arrow_count;
    const char *call_ids;            /**< with blanks between them; NULL where none is known */
    redirect_ladder_note_t *remarks; /**< what was left out, and what may be missing */
} redirect_ladder_t;

/** The head alone, which is cheap. */
redirect_ladder_head_t redirect_ladder_head(wmem_allocator_t *scope, const redirect_store_t *store,
                                            const redirect_chain_t *chain);

/** The ladder of a chain, as far as the chain is known now. Owned by scope, as all that it holds. */
redirect_ladder_t *redirect_ladder_new(wmem_allocator_t *scope, const redirect_store_t *store,
                                       const redirect_chain_t *chain, const redirect_ladder_lookups_t *lookups);

/**
 * As text for a mail or a ticket: at most REDIRECT_LADDER_WIDTH columns, no tabs, no blanks at the end of a line. With
 * more than five participants each message is a line of its own ("4 0.020 caller -> target 1: INVITE ...").
 * @return a NUL-terminated UTF-8 text of several lines that scope owns; so all that follow
 */
char *redirect_ladder_text(wmem_allocator_t *scope, const redirect_ladder_t *ladder);

/** As a diagram of Mermaid (https://mermaid.js.org), a sequenceDiagram. */
char *redirect_ladder_mermaid(wmem_allocator_t *scope, const redirect_ladder_t *ladder);

/** A page of HTML is: begin, a row for each chain, between, a figure for each of them, end. */
char *redirect_ladder_html_begin(wmem_allocator_t *scope, const char *filter);
char *redirect_ladder_html_row(wmem_allocator_t *scope, const redirect_ladder_head_t *head, bool is_drawn);
char *redirect_ladder_html_between(wmem_allocator_t *scope, const char *remark);
char *redirect_ladder_html_figure(wmem_allocator_t *scope, const redirect_ladder_t *ladder);
char *redirect_ladder_html_end(wmem_allocator_t *scope);

/* --- for the three that draw ------------------------------------------------------------------------------------- */

/** All that stands at an arrow: "INVITE sip:bob@example.com, sent 4 times until 3.500 s". Owned by scope. */
char *redirect_ladder_label(wmem_allocator_t *scope, const redirect_ladder_arrow_t *arrow);

/** Columns that a text takes in a terminal or a monospaced font: two for a wide character. */
size_t redirect_ladder_columns(const char *text);

/** The text where it takes at most limit columns; else with its middle left out. limit is at least 5. */
const char *redirect_ladder_shortened(wmem_allocator_t *scope, const char *text, size_t limit);

/** The same, with its end left out. */
const char *redirect_ladder_beginning(wmem_allocator_t *scope, const char *text, size_t limit);

/**
 * Takes the next line off text: at most limit columns, broken at a blank where there is one. limit is at least 2.
 * @return the line, which scope owns; NULL at the end of text
 */
char *redirect_ladder_next_line(wmem_allocator_t *scope, const char **text, size_t limit);

#endif /* REDIRECT_LADDER_H */
