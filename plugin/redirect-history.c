/* redirect-history.c
 * What a request said of earlier redirections, kept for as long as its transaction.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-history.h"

/* How many bytes are left of those that may be kept. */
typedef struct {
    size_t left;
} room_t;

static bool
room_take(room_t *room, size_t size, size_t text)
{
    if (room->left < size || room->left - size < text) {
        return false;
    }
    room->left -= size + text;
    return true;
}

static bool
room_take_diversion(room_t *room, const redirect_diversion_t *diversion)
{
    return room_take(room, sizeof(*diversion), diversion->uri.len + diversion->reason.len);
}

static bool
room_take_entry(room_t *room, const redirect_entry_t *entry)
{
    return room_take(room, sizeof(*entry), entry->uri.len + entry->reason_protocol.len);
}

static bool
room_take_reason(room_t *room, const sip_reason_t *reason)
{
    return room_take(room, sizeof(*reason), reason->protocol.len + reason->text.len);
}

/* The part that is kept: the latest of each kind. Its arrays still belong to the argument. */
static redirect_said_t
what_fits(const redirect_said_t *said, room_t *room)
{
    redirect_said_t kept = *said;

    kept.diversion_count = kept.entry_count = kept.reason_count = 0;
    while (kept.diversion_count < said->diversion_count &&
           room_take_diversion(room, &said->diversion[kept.diversion_count])) {
        kept.diversion_count++;
    }
    while (kept.entry_count < said->entry_count &&
           room_take_entry(room, &said->entry[said->entry_count - 1 - kept.entry_count])) {
        kept.entry_count++;
    }
    while (kept.reason_count < said->reason_count && room_take_reason(room, &said->reason[kept.reason_count])) {
        kept.reason_count++;
    }
    if (said->entry_count > 0) {
        kept.entry = said->entry + (said->entry_count - kept.entry_count);
    }
    return kept;
}

/* The block is filled from its beginning: arrays first, for their alignment, then text. */
static void *
put(char **end, const void *from, size_t size)
{
    char *at = *end;

    if (size == 0) {
        return NULL;
    }
    memcpy(at, from, size);
    *end += size;
    return at;
}

static sip_slice_t
put_text(char **end, sip_slice_t text)
{
    return text.len > 0 ? sip_slice_make((const char *)put(end, text.ptr, text.len), text.len) : SIP_SLICE_NONE;
}

static void
put_uri(char **end, sip_uri_kept_t *uri)
{
    uri->text = put_text(end, sip_slice_make(uri->text, uri->len)).ptr;
}

static void
put_said(char **end, redirect_said_t *said)
{
    said->diversion =
        (redirect_diversion_t *)put(end, said->diversion, said->diversion_count * sizeof(said->diversion[0]));
    said->entry = (redirect_entry_t *)put(end, said->entry, said->entry_count * sizeof(said->entry[0]));
    said->reason = (sip_reason_t *)put(end, said->reason, said->reason_count * sizeof(said->reason[0]));
    for (unsigned i = 0; i < said->diversion_count; i++) {
        put_uri(end, &said->diversion[i].uri);
        said->diversion[i].reason = put_text(end, said->diversion[i].reason);
    }
    for (unsigned i = 0; i < said->entry_count; i++) {
        put_uri(end, &said->entry[i].uri);
        said->entry[i].reason_protocol = put_text(end, said->entry[i].reason_protocol);
        said->entry[i].index = said->entry[i].mapped_from = SIP_SLICE_NONE;
    }
    for (unsigned i = 0; i < said->reason_count; i++) {
        said->reason[i].protocol = put_text(end, said->reason[i].protocol);
        said->reason[i].text = put_text(end, said->reason[i].text);
        said->reason[i].location = SIP_SLICE_NONE;
    }
}

redirect_history_t *
redirect_history_keep(wmem_allocator_t *scope, redirect_facts_t *facts)
{
    const redirect_said_t *said = redirect_facts_said(facts);
    const bool replaces = redirect_facts_replaces(facts);
    room_t room = {.left = REDIRECT_HISTORY_MAX_KEPT - sizeof(redirect_history_t)};
    redirect_said_t kept;
    redirect_history_t *history;
    char *end;

    if (said->entry_total == 0 && said->diversion_total == 0 && said->reason_count == 0 && !replaces) {
        return NULL;
    }
    kept = what_fits(said, &room);
    history = (redirect_history_t *)wmem_alloc(scope, REDIRECT_HISTORY_MAX_KEPT - room.left);
    end = (char *)(history + 1);
    put_said(&end, &kept);
    *history = (redirect_history_t){.said = kept, .replaces = replaces};
    return history;
}
