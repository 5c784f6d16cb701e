/* text.h
 * Writes the messages of a simulated network down.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TEXT_H
#define TEXT_H

#include "network.h"

/** Puts a message in place of what out holds. */
void text_write(GString *out, const message_t *message);

const char *text_method(method_t method);

#endif /* TEXT_H */
