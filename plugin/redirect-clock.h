/* redirect-clock.h
 * How much time has passed in a capture whose time stamps may be wrong.
 *
 * Files are appended in the wrong order, clocks are set back, and single frames carry a wrong time. The clock only adds
 * up steps from frame to frame that make sense: no step back, and a long step forward only when the next frame confirms
 * it. Ages and windows are measured by it; what users see are the frames' own times.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_CLOCK_H
#define REDIRECT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/** Nanoseconds; as a point in time: since 1970-01-01 00:00 UTC. */
typedef int64_t redirect_time_t;

#define REDIRECT_SECOND INT64_C(1000000000)

/** Set-backs that are kept apart; when there are more, neighbours are taken together, which claims less. */
#define REDIRECT_CLOCK_SETBACKS 16

/** A frame whose time lies more than a moment before that of the frame before it. */
typedef struct {
    redirect_time_t at;   /**< the clock when it happened */
    redirect_time_t time; /**< the frame's own time */
} redirect_setback_t;

/** The clock of one capture; all zero before the first frame. */
typedef struct {
    bool started;
    redirect_time_t now;   /**< nanoseconds since the first frame, as far as confirmed */
    redirect_time_t last;  /**< time of the latest frame that counts */
    bool unconfirmed;      /**< the latest frame is far ahead of the one before it */
    redirect_time_t ahead; /**< its time */
    unsigned setback_count;
    redirect_setback_t setback[REDIRECT_CLOCK_SETBACKS]; /**< rising in at and in time */
} redirect_clock_t;

/** A time that no sum or difference of a few others overflows: those of damaged captures may be anything. */
redirect_time_t redirect_clamp_time(redirect_time_t time);

/**
 * What a message that comes now is stamped with: the clock, and a long step forward that is not confirmed yet. Where
 * it turns out to be a wrong time stamp, the clock stays behind the stamp; then the message's age is not negative, but 0.
 */
redirect_time_t redirect_clock_stamp(const redirect_clock_t *clock);

/** Takes the time of the next frame. */
void redirect_clock_advance(redirect_clock_t *clock, redirect_time_t time);

/**
 * True where the capture certainly goes on for span after a message: that much time has passed by the clock, and no
 * later frame goes back to before the end of that span.
 * @param at   the clock when the message came
 * @param time the message's own time
 */
bool redirect_clock_covers(const redirect_clock_t *clock, redirect_time_t at, redirect_time_t time,
                           redirect_time_t span);

#endif /* REDIRECT_CLOCK_H */
