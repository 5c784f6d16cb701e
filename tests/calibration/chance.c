/* chance.c
 * Chance that is the same in every run, and what is to happen in the order of time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "chance.h"

#include <math.h>

/* --- chance ------------------------------------------------------------------------------------------------------- */

static redirect_time_t
seconds(double value)
{
    return (redirect_time_t)(value * (double)REDIRECT_SECOND);
}

bool
chance_happens(GRand *chance, double share)
{
    return g_rand_double(chance) < share;
}

unsigned
chance_below(GRand *chance, unsigned count)
{
    return (unsigned)g_rand_int_range(chance, 0, (gint32)count);
}

redirect_time_t
chance_delay(GRand *chance, const delay_t *delay)
{
    return seconds(delay->least * pow(delay->most / delay->least, g_rand_double(chance)));
}

redirect_time_t
chance_next(GRand *chance, double rate)
{
    return seconds(-log(1 - g_rand_double(chance)) / rate);
}

double *
chance_zipf(unsigned count, double exponent)
{
    double *sums = g_new(double, count), sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += pow(i + 1, -exponent);
        sums[i] = sum;
    }
    return sums;
}

unsigned
chance_pick(GRand *chance, const double *sums, unsigned count)
{
    const double wanted = g_rand_double(chance) * sums[count - 1];
    unsigned low = 0, high = count - 1;

    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (sums[middle] < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* --- what is to happen -------------------------------------------------------------------------------------------- */

typedef struct {
    redirect_time_t time;
    unsigned order; /* of events at one time */
    void *what;
} event_t;

struct agenda {
    GArray *events; /* event_t, a heap: the earliest first */
    unsigned order;
};

static event_t *
event_at(const agenda_t *agenda, guint index)
{
    return &g_array_index(agenda->events, event_t, index);
}

static bool
is_before(const event_t *a, const event_t *b)
{
    return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static bool
swap_unless_in_order(agenda_t *agenda, guint upper, guint lower)
{
    const event_t kept = *event_at(agenda, upper);

    if (!is_before(event_at(agenda, lower), &kept)) {
        return false;
    }
    *event_at(agenda, upper) = *event_at(agenda, lower);
    *event_at(agenda, lower) = kept;
    return true;
}

agenda_t *
agenda_new(void)
{
    agenda_t *agenda = g_new0(agenda_t, 1);

    agenda->events = g_array_new(FALSE, FALSE, sizeof(event_t));
    return agenda;
}

void
agenda_free(agenda_t *agenda)
{
    g_array_free(agenda->events, TRUE);
    g_free(agenda);
}

void
agenda_add(agenda_t *agenda, redirect_time_t time, void *what)
{
    const event_t event = {.time = time, .order = agenda->order++, .what = what};
    guint index = agenda->events->len;

    g_array_append_val(agenda->events, event);
    while (index > 0 && swap_unless_in_order(agenda, (index - 1) / 2, index)) {
        index = (index - 1) / 2;
    }
}

bool
agenda_time(const agenda_t *agenda, redirect_time_t *time)
{
    if (agenda->events->len == 0) {
        return false;
    }
    *time = event_at(agenda, 0)->time;
    return true;
}

void *
agenda_take(agenda_t *agenda, redirect_time_t *time)
{
    const event_t first = *event_at(agenda, 0);
    guint index = 0;

    *event_at(agenda, 0) = *event_at(agenda, agenda->events->len - 1);
    g_array_set_size(agenda->events, agenda->events->len - 1);
    for (guint child = 1; child < agenda->events->len; child = 2 * index + 1) {
        if (child + 1 < agenda->events->len && is_before(event_at(agenda, child + 1), event_at(agenda, child))) {
            child++;
        }
        if (!swap_unless_in_order(agenda, index, child)) {
            break;
        }
        index = child;
    }
    *time = first.time;
    return first.what;
}
