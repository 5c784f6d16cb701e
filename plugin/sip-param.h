/* sip-param.h
 * What header values are made of: comma-separated values, parameters, quoted strings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef SIP_PARAM_H
#define SIP_PARAM_H

#include "sip-slice.h"

/** Takes ";name=value;name" apart, quotes respected. */
typedef struct {
    sip_slice_t rest;
    bool lone_quote; /**< an unclosed quote was met: quotes mean nothing in the rest */
} sip_param_iter_t;

/** Starts a walk over params, with or without the first ";". */
void sip_param_iter_init(sip_param_iter_t *iter, sip_slice_t params);

/** The next parameter; *value is absent where there is no "=", and keeps its quotes. False at the end. */
bool sip_param_iter_next(sip_param_iter_t *iter, sip_slice_t *name, sip_slice_t *value);

/**
 * The first parameter of that name (without case); *value as in sip_param_iter_next().
 * False where there is none: then *value stays as it was.
 */
bool sip_param_find(sip_slice_t params, const char *name, sip_slice_t *value);

/** As sip_param_find(), for a name that is a slice. */
bool sip_param_find_slice(sip_slice_t params, sip_slice_t name, sip_slice_t *value);

/** From the first ";" of a value on, without it, to its end; absent where there is none. */
sip_slice_t sip_param_list(sip_slice_t value);

/** The text between the quotes where value is a quoted string, else value itself; escapes stay as they are. */
sip_slice_t sip_value_unquote(sip_slice_t value);

/**
 * Takes the next of the comma-separated values off *rest, trimmed; passes over empty ones (",,"). False at the end.
 * Commas inside quotes and angle brackets do not separate values, nor does the decimal comma of ";q=0,5". Where a "<"
 * is not closed, the comma before the next "<" does. A quote that is never closed is an ordinary character:
 * *lone_quote remembers it for the rest of the line, and is false to begin with.
 */
bool sip_value_take(sip_slice_t *rest, bool *lone_quote, sip_slice_t *value);

#endif /* SIP_PARAM_H */
