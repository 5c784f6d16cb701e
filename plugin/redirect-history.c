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

/* The part that is kept: the latest of each kind. Its arrays are still those of told. */
static redirect_told_t
what_fits(const redirect_told_t *told, room_t *room)
{
    redirect_told_t kept = *told;

    kept.diversion_count = kept.entry_count = kept.reason_count = 0;
    while (kept.diversion_count < told->diversion_count &&
           room_take_diversion(room, &told->diversion[kept.diversion_count])) {
        kept.diversion_count++;
    }
    while (kept.entry_count < told->entry_count &&
           room_take_entry(room, &told->entry[told->entry_count - 1 - kept.entry_count])) {
        kept.entry_count++;
    }
    while (kept.reason_count < told->reason_count && room_take_reason(room, &told->reason[kept.reason_count])) {
        kept.reason_count++;
    }
    if (told->entry_count > 0) {
        kept.entry = told->entry + (told->entry_count - kept.entry_count);
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
put_told(char **end, redirect_told_t *told)
{
    told->diversion =
        (redirect_diversion_t *)put(end, told->diversion, told->diversion_count * sizeof(told->diversion[0]));
    told->entry = (redirect_entry_t *)put(end, told->entry, told->entry_count * sizeof(told->entry[0]));
    told->reason = (sip_reason_t *)put(end, told->reason, told->reason_count * sizeof(told->reason[0]));
    for (unsigned i = 0; i < told->diversion_count; i++) {
        put_uri(end, &told->diversion[i].uri);
        told->diversion[i].reason = put_text(end, told->diversion[i].reason);
    }
    for (unsigned i = 0; i < told->entry_count; i++) {
        put_uri(end, &told->entry[i].uri);
        told->entry[i].reason_protocol = put_text(end, told->entry[i].reason_protocol);
        told->entry[i].index = told->entry[i].mapped_from = SIP_SLICE_NONE;
    }
    for (unsigned i = 0; i < told->reason_count; i++) {
        told->reason[i].protocol = put_text(end, told->reason[i].protocol);
        told->reason[i].text = put_text(end, told->reason[i].text);
        told->reason[i].location = SIP_SLICE_NONE;
    }
}

redirect_history_t *
redirect_history_keep(wmem_allocator_t *scope, redirect_facts_t *facts)
{
    const redirect_told_t *told = redirect_facts_told(facts);
    const bool replaces = redirect_facts_replaces(facts);
    room_t room = {.left = REDIRECT_HISTORY_MAX_KEPT - sizeof(redirect_history_t)};
    redirect_told_t kept;
    redirect_history_t *history;
    char *end;

    if (told->entry_total == 0 && told->diversion_total == 0 && told->reason_count == 0 && !replaces) {
        return NULL;
    }
    kept = what_fits(told, &room);
    history = (redirect_history_t *)wmem_alloc(scope, REDIRECT_HISTORY_MAX_KEPT - room.left);
    end = (char *)(history + 1);
    put_told(&end, &kept);
    *history = (redirect_history_t){.told = kept, .replaces = replaces};
    return history;
}
