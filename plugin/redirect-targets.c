/* redirect-targets.c
 * The targets of a redirect: read from its Contact values, and put in the order to try.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include "redirect-targets.h"

#include <wsutil/wmem/wmem_miscutl.h>

#include "redirect-link.h"
#include "redirect-text.h"
#include "sip-param.h"

/* Bytes of an index of History-Info that are shown. */
#define MAX_INDEX 100

/* A Contact value that may be listed. */
typedef struct {
    double q; /* as it counts */
    sip_contact_t contact;
} place_t;

/* The best Contact values so far, in the order to try. */
typedef struct {
    place_t *place; /* size of them; owned */
    unsigned size;
    unsigned count;
    unsigned room;  /* the most that are kept */
    unsigned total; /* all that there were */
} ranking_t;

/* A missing q has no default in a 3xx; it counts as 1.0, as RFC 3841 7.2.3 counts that of a registration. */
static double
effective_q(const sip_contact_t *contact)
{
    return contact->has_q ? contact->q : 1.0;
}

/* After all that are as good: among equals, the order of the message counts. */
static void
ranking_take(ranking_t *ranking, const sip_contact_t *contact)
{
    const double q = effective_q(contact);
    unsigned at = ranking->count;

    while (at > 0 && ranking->place[at - 1].q < q) {
        at--;
    }
    if (at == ranking->room) {
        return;
    }
    if (ranking->count == ranking->size && ranking->size < ranking->room) {
        ranking->size = MIN(ranking->room, ranking->size ? ranking->size * 2 : 4);
        ranking->place = wmem_realloc(NULL, ranking->place, ranking->size * sizeof(ranking->place[0]));
    }
    if (ranking->count < ranking->room) {
        ranking->count++;
    }
    memmove(&ranking->place[at + 1], &ranking->place[at], (ranking->count - 1 - at) * sizeof(ranking->place[0]));
    ranking->place[at] = (place_t){q, *contact};
}

/* Contact's own expiry counts, else the Expires header's (RFC 3261 8.3). */
static void
target_set_expiry(const redirect_t *redirect, redirect_target_t *target, const sip_contact_t *contact,
                  const sip_message_t *sip)
{
    bool malformed = false;

    if (contact->has_expires) {
        target->has_expires = true;
        target->expires = contact->expires;
    } else if (sip_message_expires(sip, &target->expires, &malformed)) {
        target->has_expires = true;
        if (malformed) {
            target->flags |= SIP_ADDRESS_FLAG_BAD_EXPIRES;
        }
    }
    target->single_use = redirect->code == 302 && !target->has_expires && !(redirect->gaps & REDIRECT_GAP_CUT);
}

/*
 * From which entry of History-Info it was made: by mp, or by rc where there is no mp (RFC 7044 5). NULL where by none.
 */
static char *
read_mapping(sip_slice_t params, bool *is_same_user)
{
    sip_slice_t index = SIP_SLICE_NONE, name, value;
    sip_param_iter_t iter;
    bool found = false;

    sip_param_iter_init(&iter, params);
    while (!(found && !*is_same_user) && sip_param_iter_next(&iter, &name, &value)) {
        const bool is_rc = sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("rc"));
        if (is_rc ? !found : sip_slice_equal_nocase(name, SIP_SLICE_LITERAL("mp"))) {
            found = true;
            *is_same_user = is_rc;
            index = value;
        }
    }
    return found ? redirect_text_from_wire(NULL, index, MAX_INDEX) : NULL;
}

/* What people are shown of a target; owned, in no scope. */
typedef struct {
    char *uri;
    char *mapped_from; /* or NULL */
    bool is_same_user;
    bool is_masked; /* uri differs from what was written */
} shown_t;

static shown_t
read_shown(const sip_contact_t *contact)
{
    const sip_uri_t *uri = &contact->address.uri;
    shown_t shown = {.uri = sip_uri_display(NULL, uri)};

    shown.is_masked = !sip_slice_equal(sip_slice_from_string(shown.uri), uri->whole);
    shown.mapped_from = read_mapping(contact->address.params, &shown.is_same_user);
    return shown;
}

/* Bytes that target_set() writes. */
static size_t
text_size(const shown_t *shown, const sip_contact_t *contact)
{
    return strlen(shown->uri) + 1 + (shown->is_masked ? contact->address.uri.whole.len : 0) +
           (shown->mapped_from ? strlen(shown->mapped_from) + 1 : 0);
}

/* Moves a string to *text, which moves on. */
static const char *
put_string(char **text, char *string)
{
    const size_t size = strlen(string) + 1;
    char *copy = memcpy(*text, string, size);

    wmem_free(NULL, string);
    *text += size;
    return copy;
}

/* Uses up shown. */
static void
target_set(redirect_target_t *target, const sip_contact_t *contact, const shown_t *shown, char **text)
{
    const sip_uri_t *uri = &contact->address.uri;

    target->uri = target->written = put_string(text, shown->uri);
    target->written_len = (uint32_t)uri->whole.len;
    if (shown->is_masked) {
        target->written = memcpy(*text, uri->whole.ptr, uri->whole.len);
        *text += uri->whole.len;
    }
    target->mapped_from = shown->mapped_from ? put_string(text, shown->mapped_from) : NULL;
    target->is_same_user = shown->is_same_user;
    target->has_q = contact->has_q;
    target->q = (float)contact->q;
    target->flags = (uint16_t)contact->address.flags;
    target->uri_flags = (uint8_t)uri->flags;
    target->has_password = sip_slice_has_text(uri->password);
    target->followable = sip_uri_is_followable(uri);
}

/* "*" and what is no URI at all are no targets (RFC 3261 10.2.2). */
static bool
is_target(sip_slice_t value, sip_contact_t *contact)
{
    return sip_contact_parse(value, contact) &&
           (contact->address.flags & (SIP_ADDRESS_FLAG_STAR | SIP_ADDRESS_FLAG_BAD_URI)) == 0;
}

/* Ranks all targets. @return SIP_ADDRESS_FLAG_* of the values that are none */
static unsigned
rank_contacts(const sip_message_t *sip, ranking_t *ranking)
{
    sip_value_iter_t values;
    sip_slice_t value;
    sip_contact_t contact;
    unsigned odd_values = 0;

    sip_value_iter_init(&values, sip, SIP_HEADER_CONTACT);
    while (sip_value_iter_next(&values, &value)) {
        if (!is_target(value, &contact)) {
            odd_values |= contact.address.flags;
            continue;
        }
        ranking->total++;
        ranking_take(ranking, &contact);
    }
    return odd_values;
}

/* A redirect with the targets that were ranked. */
static redirect_t *
take_ranked(redirect_store_t *store, const redirect_message_t *message, const ranking_t *ranking)
{
    const sip_response_t *row = sip_response_lookup(message->sip->status);
    shown_t *shown = wmem_alloc_array(NULL, shown_t, ranking->count);
    redirect_t *redirect;
    size_t size = 0;
    char *text;

    for (unsigned i = 0; i < ranking->count; i++) {
        shown[i] = read_shown(&ranking->place[i].contact);
        size += text_size(&shown[i], &ranking->place[i].contact);
    }
    redirect = redirect_store_new_redirect(store, message, ranking->count, size, &text);
    redirect->gaps = message->is_cut ? REDIRECT_GAP_CUT : 0;
    for (unsigned i = 0; i < ranking->count; i++) {
        redirect_target_t *target = &redirect->target[i];
        const sip_contact_t *contact = &ranking->place[i].contact;
        target_set(target, contact, &shown[i], &text);
        target_set_expiry(redirect, target, contact, message->sip);
        target->lifetime = (uint8_t)(row ? row->lifetime : SIP_RESPONSE_LIFETIME_NONE);
        target->order = (uint16_t)(i + 1);
        redirect_store_keep_target_uri(store, redirect, i, &contact->address.uri);
    }
    wmem_free(NULL, shown);
    return redirect;
}

redirect_t *
redirect_targets_read(redirect_store_t *store, const redirect_message_t *message)
{
    ranking_t ranking = {.room = MIN(redirect_store_config(store)->limits.targets, UINT16_MAX)};
    const unsigned odd_values = rank_contacts(message->sip, &ranking);
    redirect_t *redirect = take_ranked(store, message, &ranking);

    redirect->odd_values = (uint16_t)odd_values;
    redirect->target_total = ranking.total;
    if (ranking.total > ranking.count) {
        redirect->gaps |= REDIRECT_GAP_TARGETS;
    }
    wmem_free(NULL, ranking.place);
    return redirect;
}

bool
redirect_offers_same(const redirect_t *a, const redirect_t *b)
{
    if (a->code != b->code || a->target_total != b->target_total || a->target_count != b->target_count) {
        return false;
    }
    for (unsigned i = 0; i < a->target_count; i++) {
        if (!sip_slice_equal(redirect_target_text(&a->target[i]), redirect_target_text(&b->target[i]))) {
            return false;
        }
    }
    return true;
}

redirect_target_t *
redirect_find_target(const redirect_t *redirect, sip_slice_t raw)
{
    for (unsigned i = 0; redirect && i < redirect->target_count; i++) {
        if (sip_slice_equal(redirect_target_text(&redirect->target[i]), raw)) {
            return &redirect->target[i];
        }
    }
    return NULL;
}

/* RFC 3325 9.1: it is for who answers; that it names the caller, is what was asked for. */
static bool
names_caller(const sip_message_t *sip)
{
    sip_uri_t from, asserted;

    return sip_uri_parse(redirect_asserted_uri(sip), &asserted) && sip_uri_parse(sip_message_from_uri(sip), &from) &&
           redirect_caller_key(from.whole) != 0 && sip_uri_match(&from, &asserted, NULL) != SIP_URI_MATCH_NONE;
}

/* A target is the user that was asked for; and has the result of a lookup, where nothing else says that there was one. */
static bool
is_asked_for(const redirect_target_t *target, const sip_uri_t *asked, bool is_looked_up)
{
    const sip_uri_t uri = redirect_target_uri(target);

    return sip_slice_has_text(uri.user) &&
           (!is_looked_up || (redirect_has_portability(&uri) && !redirect_has_portability(asked))) &&
           sip_uri_match(&uri, asked, NULL) != SIP_URI_MATCH_NONE;
}

/*
 * The same user, and an Identity to take along, the name of the caller, or portability parameters that were not there.
 * With another user, an Identity belongs to a forward; one that proves a forward always does (RFC 8946).
 */
bool
redirect_is_dip_response(const redirect_t *redirect, const redirect_transaction_t *transaction,
                         const redirect_facts_t *facts)
{
    static const sip_slice_t names[] = {{"rn", 2}, {"npdi", 4}};
    sip_slice_t kind;
    const redirect_identity_t identity = redirect_facts_identity(facts, &kind);
    const bool is_told = identity == REDIRECT_IDENTITY_CALLER || names_caller(facts->sip);
    sip_uri_t asked;

    /* Nearly all redirects differ in the first of their targets, as text. */
    if (identity == REDIRECT_IDENTITY_DIV ||
        (!is_told &&
         (redirect->target_count == 0 ||
          !redirect_may_have_param(redirect_target_text(&redirect->target[0]), names, G_N_ELEMENTS(names)))) ||
        !redirect_request_uri(transaction, &asked) || !sip_slice_has_text(asked.user)) {
        return false;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        if (!is_asked_for(&redirect->target[i], &asked, !is_told)) {
            return false;
        }
    }
    return redirect->target_count > 0 || identity == REDIRECT_IDENTITY_CALLER;
}

bool
redirect_goes_on_after_query(const redirect_t *redirect, const redirect_transaction_t *asked,
                             const redirect_transaction_t *transaction)
{
    sip_uri_t before, now;

    if (!redirect->dip_response || !redirect_request_uri(transaction, &now)) {
        return false;
    }
    if (redirect_request_uri(asked, &before) && sip_uri_match(&before, &now, NULL) != SIP_URI_MATCH_NONE) {
        return true;
    }
    for (unsigned i = 0; i < redirect->target_count; i++) {
        const sip_uri_t uri = redirect_target_uri(&redirect->target[i]);
        if (sip_uri_match(&uri, &now, NULL) != SIP_URI_MATCH_NONE || redirect_is_routed_by(&uri, &now)) {
            return true;
        }
    }
    return false;
}
