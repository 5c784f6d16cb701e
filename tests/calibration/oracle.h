/* oracle.h
 * Judges the same traffic by what only its maker knows: how often each caller calls, how long follow-ups take, how many
 * redirects are abandoned. No judge that sees caller, target and time alone can do better: it says what is attainable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef ORACLE_H
#define ORACLE_H

#include "traffic.h"

typedef struct oracle oracle_t;

oracle_t *oracle_new(const population_t *population, const traffic_t *traffic);
void oracle_free(oracle_t *oracle);

/** Takes the next message. @return true where it is an INVITE that surely enough follows one certain redirect */
bool oracle_take(oracle_t *oracle, const sample_t *sample);

#endif /* ORACLE_H */
