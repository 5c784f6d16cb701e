/* oracle.c
 * What somebody can tell who knows the rates of the traffic.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "oracle.h"

#include <math.h>

#include <glib.h>

#define SURE_ENOUGH 0.9

/* A redirect that may still be followed. */
typedef struct {
    redirect_time_t time;
    double open; /* how likely it is that it will be, as far as nothing came yet */
} waiting_t;

struct oracle {
    const population_t *population;
    const traffic_t *traffic;
    GHashTable *waiting; /* caller and target -> GArray of waiting_t, oldest first */
};

static void
array_free(gpointer array)
{
    g_array_free(array, TRUE);
}

oracle_t *
oracle_new(const population_t *population, const traffic_t *traffic)
{
    oracle_t *oracle = g_new(oracle_t, 1);

    oracle->population = population;
    oracle->traffic = traffic;
    oracle->waiting = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, array_free);
    return oracle;
}

void
oracle_free(oracle_t *oracle)
{
    g_hash_table_destroy(oracle->waiting);
    g_free(oracle);
}

static GArray *
waiting_for(oracle_t *oracle, const sample_t *sample)
{
    gpointer key = GUINT_TO_POINTER(sample->caller * oracle->population->targets + sample->target + 1);
    GArray *waiting = g_hash_table_lookup(oracle->waiting, key);

    if (waiting == NULL) {
        waiting = g_array_new(FALSE, FALSE, sizeof(waiting_t));
        g_hash_table_insert(oracle->waiting, key, waiting);
    }
    return waiting;
}

/* How likely a follow-up comes at that time, a second. */
static double
density(const delay_t *delay, double after)
{
    return after < delay->least || after > delay->most ? 0 : 1 / (after * log(delay->most / delay->least));
}

/* How often that caller calls that target of his own accord, a second. */
static double
rate_of_direct_calls(const oracle_t *oracle, unsigned caller)
{
    const population_t *population = oracle->population;

    return population->rate * population->direct / (1 + population->direct) *
           traffic_share_of_caller(oracle->traffic, caller) / population->targets;
}

static double
weight(const oracle_t *oracle, const waiting_t *waiting, redirect_time_t now)
{
    return waiting->open * density(oracle->population->delay, (double)(now - waiting->time) / (double)REDIRECT_SECOND);
}

static bool
judge_invite(oracle_t *oracle, GArray *waiting, const sample_t *sample)
{
    double sum = rate_of_direct_calls(oracle, sample->caller);
    bool sure = false;

    while (waiting->len > 0 && sample->time - g_array_index(waiting, waiting_t, 0).time > 31 * REDIRECT_SECOND) {
        g_array_remove_index(waiting, 0);
    }
    for (guint i = 0; i < waiting->len; i++) {
        sum += weight(oracle, &g_array_index(waiting, waiting_t, i), sample->time);
    }
    for (guint i = 0; i < waiting->len; i++) {
        waiting_t *one = &g_array_index(waiting, waiting_t, i);
        const double likely = weight(oracle, one, sample->time) / sum;
        sure = sure || likely >= SURE_ENOUGH;
        one->open *= 1 - likely;
    }
    return sure;
}

bool
oracle_take(oracle_t *oracle, const sample_t *sample)
{
    const waiting_t one = {sample->time, 1 - oracle->population->abandoned};

    if (sample->is_redirect) {
        g_array_append_val(waiting_for(oracle, sample), one);
    }
    return sample->is_invite && sample->kind != KIND_ORIGINAL &&
           judge_invite(oracle, waiting_for(oracle, sample), sample);
}
