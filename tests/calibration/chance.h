/* chance.h
 * Chance that is the same in every run, and what is to happen in the order of time; for the generators of traffic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>

#include <glib.h>

#include "redirect-clock.h"

/** A time that is log-uniform between the two, in seconds. */
typedef struct {
    const char *name;
    double least, most;
} delay_t;

bool chance_happens(GRand *chance, double share);
unsigned chance_below(GRand *chance, unsigned count);
redirect_time_t chance_delay(GRand *chance, const delay_t *delay);

/** The time until the next event of a Poisson process. */
redirect_time_t chance_next(GRand *chance, double rate);

/** Weights of count people by Zipf's law, those up to each one added up. The caller's to g_free(). */
double *chance_zipf(unsigned count, double exponent);

/** One of those people. */
unsigned chance_pick(GRand *chance, const double *sums, unsigned count);

/** What is to happen, the earliest first; of one time in the order in which it was added. */
typedef struct agenda agenda_t;

agenda_t *agenda_new(void);
void agenda_free(agenda_t *agenda);
void agenda_add(agenda_t *agenda, redirect_time_t time, void *what);

/** When the earliest is; false where nothing is to happen. */
bool agenda_time(const agenda_t *agenda, redirect_time_t *time);

/** Takes the earliest. */
void *agenda_take(agenda_t *agenda, redirect_time_t *time);

#endif /* CHANCE_H */
