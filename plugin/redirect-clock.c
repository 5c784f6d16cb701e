/* redirect-clock.c
 * How much time has passed in a capture whose time stamps may be wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-clock.h"

#include <string.h>

#include <glib.h>

/* A longer step forward counts only when the next frame does not go back on it. */
#define LONG_STEP (600 * REDIRECT_SECOND)
/* Frames of one capture may be out of order by so much without anybody's clock being wrong. */
#define MOMENT REDIRECT_SECOND

/* What a confirmed step adds at most: longer than every timeout, and too short to wear the clock out. */
#define LONGEST_STEP (86400 * REDIRECT_SECOND)
/* Sums and differences of two times up to this do not overflow. */
#define LATEST (INT64_MAX / 2)

redirect_time_t
redirect_clamp_time(redirect_time_t time)
{
    return CLAMP(time, -LATEST, LATEST); /* LATEST is in the year 2116 */
}

/* Keeps at and time rising: a later set-back that goes back farther says all that an earlier one says. */
static void
add_setback(redirect_clock_t *clock, redirect_time_t time)
{
    redirect_setback_t *setback = clock->setback;

    while (clock->setback_count > 0 && setback[clock->setback_count - 1].time >= time) {
        clock->setback_count--;
    }
    if (clock->setback_count == REDIRECT_CLOCK_SETBACKS) {
        /* The two oldest become one that is as late as the later and goes back as far as the earlier. */
        setback[1].time = setback[0].time;
        memmove(setback, setback + 1, sizeof(setback[0]) * (REDIRECT_CLOCK_SETBACKS - 1));
        clock->setback_count--;
    }
    setback[clock->setback_count++] = (redirect_setback_t){clock->now, time};
}

static redirect_time_t
after(const redirect_clock_t *clock, redirect_time_t step)
{
    return MIN(clock->now + CLAMP(step, 0, LONGEST_STEP), LATEST);
}

redirect_time_t
redirect_clock_stamp(const redirect_clock_t *clock)
{
    return clock->unconfirmed ? after(clock, clock->ahead - clock->last) : clock->now;
}

void
redirect_clock_advance(redirect_clock_t *clock, redirect_time_t time)
{
    time = redirect_clamp_time(time);
    if (!clock->started) {
        clock->started = true;
        clock->last = time;
        return;
    }
    if (clock->unconfirmed && time >= clock->ahead - MOMENT) {
        clock->now = after(clock, clock->ahead - clock->last);
        clock->last = clock->ahead;
    }
    clock->unconfirmed = time - clock->last > LONG_STEP;
    if (clock->unconfirmed) {
        clock->ahead = time;
    } else if (clock->last - time > MOMENT) {
        add_setback(clock, time);
        clock->last = time;
    } else if (time > clock->last) {
        clock->now = after(clock, time - clock->last);
        clock->last = time;
    }
}

bool
redirect_clock_covers(const redirect_clock_t *clock, redirect_time_t at, redirect_time_t time, redirect_time_t span)
{
    if (clock->now - at < span) {
        return false;
    }
    for (unsigned i = 0; i < clock->setback_count; i++) {
        if (clock->setback[i].at >= at && clock->setback[i].time < time + span) {
            return false;
        }
    }
    return true;
}
