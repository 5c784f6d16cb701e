/* redirect-history.c
 * What header fields and URIs tell of redirections, in sentences.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "redirect-history.h"

#include "redirect-tracker-int.h"

void
redirect_history_free(wmem_allocator_t *scope, redirect_attempt_t *attempt)
{
    for (redirect_note_t *note = attempt->first_note; note; note = note->next_in_attempt) {
        while (note->remarks) {
            redirect_remark_t *remark = note->remarks;
            note->remarks = remark->next;
            wmem_free(scope, (char *)remark->text);
            wmem_free(scope, remark);
        }
    }
    wmem_free(scope, (redirect_history_t *)attempt->history);
    attempt->history = NULL;
}

bool
redirect_history_read(wmem_allocator_t *scope, const redirect_message_t *message, redirect_note_t *note)
{
    (void)scope;
    (void)message;
    (void)note;
    return false;
}

char *
redirect_history_contradiction(wmem_allocator_t *scope, const redirect_message_t *message, const redirect_note_t *note)
{
    (void)scope;
    (void)message;
    (void)note;
    return NULL;
}
