/* redirect-ladder-parts.c
 * Who takes part in a ladder.
 *
 * One address is one participant, for ports say little: a client over TCP has another one for each connection. But where
 * one host plays several parts (all of a test on 127.0.0.1, phones behind one NAT), address and port are one. Then ports
 * are taken together again that the chain shows to be one element's: whoever follows a redirect is whoever got it, and
 * whoever forwards a request is whoever received it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "config.h"

#include <string.h>

#include <wsutil/wmem/wmem_array.h>
#include <wsutil/wmem/wmem_list.h>
#include <wsutil/wmem/wmem_map.h>
#include <wsutil/wmem/wmem_miscutl.h>
#include <wsutil/wmem/wmem_strutl.h>

#include "redirect-ladder-int.h"

#define NO_PLACE UINT_MAX

/** What an element does in the chain; a bit set. */
enum {
    SENDS_DATAGRAMS = 1 << 0, /* requests over UDP, so that its port is its own */
    RECEIVES = 1 << 1,        /* requests */
    FORWARDS = 1 << 2,        /* as a proxy */
    MAKES_LEGS = 1 << 3,      /* as a B2BUA */
    CALLS = 1 << 4,           /* the caller */
};

/** What an element is where a path ends at it: whichever comes first. */
typedef enum { END_NONE, END_REDIRECTS, END_TARGET, END_CALLEE } end_role_t;

typedef struct {
    redirect_endpoint_t endpoint;
    unsigned parent; /* of the same element; itself for the first of them */
    unsigned host;   /* the first entry with the same address */
    unsigned flags;  /* of the first of an element: of all of it */
    bool several;    /* of the first of a host: ports tell its elements apart */
    bool sends_only, receives;
    end_role_t role;
    unsigned place;
    bool had_no_place;
} entry_t;

struct redirect_ladder_parts {
    wmem_allocator_t *scope;
    const redirect_chain_t *chain;
    const redirect_ladder_lookups_t *lookups;
    wmem_array_t *entries; /* entry_t */
    wmem_map_t *by_endpoint, *by_host;
    unsigned placed, left_out;
};

/* --- elements ---------------------------------------------------------------------------------------------------- */

static entry_t *
entry_at(const redirect_ladder_parts_t *parts, unsigned number)
{
    return (entry_t *)wmem_array_index(parts->entries, number);
}

static unsigned
element_of(const redirect_ladder_parts_t *parts, unsigned number)
{
    while (entry_at(parts, number)->parent != number) {
        entry_t *entry = entry_at(parts, number);
        entry->parent = entry_at(parts, entry->parent)->parent;
        number = entry->parent;
    }
    return number;
}

static void
take_together(redirect_ladder_parts_t *parts, unsigned a, unsigned b)
{
    const unsigned first = MIN(element_of(parts, a), element_of(parts, b));
    const unsigned other = MAX(element_of(parts, a), element_of(parts, b));

    if (first != other) {
        entry_at(parts, other)->parent = first;
        entry_at(parts, first)->flags |= entry_at(parts, other)->flags;
    }
}

/* The number of an endpoint, which is added where it is new. */
static unsigned
number_of(redirect_ladder_parts_t *parts, const redirect_endpoint_t *endpoint)
{
    const void *known = wmem_map_lookup(parts->by_endpoint, endpoint), *host;
    const unsigned number = wmem_array_get_count(parts->entries);
    entry_t entry = {.endpoint = *endpoint, .parent = number, .host = number, .place = NO_PLACE};
    redirect_endpoint_t *key;

    if (known) {
        return GPOINTER_TO_UINT(known) - 1;
    }
    key = (redirect_endpoint_t *)wmem_memdup(parts->scope, endpoint, sizeof(*endpoint));
    host = wmem_map_lookup(parts->by_host, key);
    if (host) {
        entry.host = GPOINTER_TO_UINT(host) - 1;
    } else {
        wmem_map_insert(parts->by_host, key, GUINT_TO_POINTER(number + 1));
    }
    wmem_map_insert(parts->by_endpoint, key, GUINT_TO_POINTER(number + 1));
    wmem_array_append_one(parts->entries, entry);
    return number;
}

static unsigned
source_of(redirect_ladder_parts_t *parts, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t source = redirect_request_source(transaction);

    return number_of(parts, &source);
}

static unsigned
destination_of(redirect_ladder_parts_t *parts, const redirect_transaction_t *transaction)
{
    const redirect_endpoint_t destination = redirect_request_destination(transaction);

    return number_of(parts, &destination);
}

/* --- which of them are one element -------------------------------------------------------------------------------- */

static void
take_together_on_one_host(redirect_ladder_parts_t *parts, unsigned a, unsigned b)
{
    if (entry_at(parts, a)->host == entry_at(parts, b)->host) {
        take_together(parts, a, b);
    }
}

static bool
is_datagram(const redirect_ladder_parts_t *parts, const redirect_transaction_t *transaction)
{
    const redirect_record_t *record = transaction->first_record;
    redirect_ladder_seen_t seen;

    return record && redirect_ladder_seen(parts->lookups, record, &seen) && seen.transport == REDIRECT_TRANSPORT_UDP;
}

static void
read_ends(redirect_ladder_parts_t *parts, const redirect_transaction_t *transaction)
{
    const unsigned source = source_of(parts, transaction), destination = destination_of(parts, transaction);
    const redirect_transaction_t *above = redirect_transaction_above(transaction);
    const redirect_transaction_t *before = redirect_transaction_before(transaction);

    entry_at(parts, element_of(parts, destination))->flags |= RECEIVES;
    if (is_datagram(parts, transaction)) {
        entry_at(parts, element_of(parts, source))->flags |= SENDS_DATAGRAMS;
    }
    if (above) {
        take_together_on_one_host(parts, source, destination_of(parts, above));
        entry_at(parts, element_of(parts, source))->flags |= transaction->upstream ? FORWARDS : MAKES_LEGS;
    }
    if (before && before != above) {
        take_together_on_one_host(parts, source, source_of(parts, before));
    }
    if (transaction->link && transaction->link->redirected) {
        take_together_on_one_host(parts, source, source_of(parts, transaction->link->redirected));
    }
}

/*
 * A host plays several parts where it sends a request to itself, or where one host sends requests to two of its ports.
 * pairs: from both hosts to the first port, as the number of its entry.
 */
static void
find_several_by_request(redirect_ladder_parts_t *parts, wmem_map_t *pairs, const redirect_transaction_t *transaction)
{
    const unsigned source = source_of(parts, transaction), destination = destination_of(parts, transaction);
    const unsigned from = entry_at(parts, source)->host, to = entry_at(parts, destination)->host;
    const void *key = GUINT_TO_POINTER((from << 16) ^ to), *first = wmem_map_lookup(pairs, key);

    if (first == NULL) {
        wmem_map_insert(pairs, key, GUINT_TO_POINTER(destination + 1));
    }
    if (from == to || (first && element_of(parts, GPOINTER_TO_UINT(first) - 1) != element_of(parts, destination))) {
        entry_at(parts, to)->several = true;
    }
}

/* Or where one of its ports only sends, and another only receives: two phones behind one NAT. */
static void
find_several_by_port(redirect_ladder_parts_t *parts)
{
    const unsigned count = wmem_array_get_count(parts->entries);

    for (unsigned i = 0; i < count; i++) {
        const unsigned flags = entry_at(parts, element_of(parts, i))->flags;
        entry_t *host = entry_at(parts, entry_at(parts, i)->host);
        host->receives |= (flags & RECEIVES) != 0;
        host->sends_only |= (flags & (RECEIVES | SENDS_DATAGRAMS)) == SENDS_DATAGRAMS;
    }
    for (unsigned i = 0; i < count; i++) {
        entry_t *host = entry_at(parts, entry_at(parts, i)->host);
        host->several |= host->receives && host->sends_only;
    }
    for (unsigned i = 0; i < count; i++) {
        const unsigned host = entry_at(parts, i)->host;
        if (!entry_at(parts, host)->several) {
            take_together(parts, host, i);
        }
    }
}

/* --- what they are ------------------------------------------------------------------------------------------------ */

static end_role_t
role_at_the_end(const redirect_transaction_t *transaction)
{
    if (transaction->hop > 0) {
        return END_TARGET;
    }
    return transaction->redirect ? END_REDIRECTS : END_CALLEE;
}

static void
read_role(redirect_ladder_parts_t *parts, const redirect_transaction_t *transaction)
{
    entry_t *element = entry_at(parts, element_of(parts, destination_of(parts, transaction)));

    if (element->role == END_NONE && redirect_next_below(transaction, NULL) == NULL) {
        element->role = role_at_the_end(transaction);
    }
}

redirect_ladder_parts_t *
redirect_ladder_parts_new(wmem_allocator_t *scope, const redirect_chain_t *chain,
                          const redirect_ladder_lookups_t *lookups)
{
    redirect_ladder_parts_t *parts = wmem_new0(scope, redirect_ladder_parts_t);
    wmem_map_t *pairs = wmem_map_new(scope, g_direct_hash, g_direct_equal);
    const redirect_transaction_t *transaction;

    parts->scope = scope;
    parts->chain = chain;
    parts->lookups = lookups;
    parts->entries = wmem_array_new(scope, sizeof(entry_t));
    parts->by_endpoint = wmem_map_new(scope, redirect_endpoint_hash, redirect_endpoint_equal);
    parts->by_host = wmem_map_new(scope, redirect_endpoint_hash_address, redirect_endpoint_equal_address);
    for (transaction = chain->first_transaction; transaction; transaction = transaction->next_in_chain) {
        read_ends(parts, transaction);
    }
    for (transaction = chain->first_transaction; transaction; transaction = transaction->next_in_chain) {
        find_several_by_request(parts, pairs, transaction);
    }
    find_several_by_port(parts);
    for (transaction = chain->first_transaction; transaction; transaction = transaction->next_in_chain) {
        read_role(parts, transaction);
    }
    entry_at(parts, element_of(parts, source_of(parts, chain->root)))->flags |= CALLS;
    return parts;
}

/* An end of a message as its transaction knows it, where that is the same address: then ports do not matter. */
static unsigned
end_of(redirect_ladder_parts_t *parts, const redirect_endpoint_t *seen, const redirect_endpoint_t *known)
{
    unsigned number;

    if (seen == NULL || redirect_endpoint_equal_address(seen, known)) {
        return number_of(parts, known);
    }
    number = number_of(parts, seen);
    if (!entry_at(parts, entry_at(parts, number)->host)->several) {
        take_together(parts, entry_at(parts, number)->host, number);
    }
    return number;
}

void
redirect_ladder_parts_ends(redirect_ladder_parts_t *parts, const redirect_record_t *record,
                           const redirect_ladder_seen_t *seen, unsigned *from, unsigned *to)
{
    const redirect_endpoint_t source = redirect_request_source(record->transaction);
    const redirect_endpoint_t destination = redirect_request_destination(record->transaction);
    const bool back = record->status != 0;

    *from = element_of(parts, end_of(parts, seen ? &seen->source : NULL, back ? &destination : &source));
    *to = element_of(parts, end_of(parts, seen ? &seen->destination : NULL, back ? &source : &destination));
}

bool
redirect_ladder_parts_place(redirect_ladder_parts_t *parts, unsigned element, unsigned *place)
{
    entry_t *entry = entry_at(parts, element_of(parts, element));

    if (entry->place == NO_PLACE && parts->placed < REDIRECT_LADDER_MAX_PARTICIPANTS) {
        entry->place = parts->placed++;
    }
    if (entry->place == NO_PLACE && !entry->had_no_place) {
        entry->had_no_place = true;
        parts->left_out++;
    }
    *place = entry->place;
    return entry->place != NO_PLACE;
}

unsigned
redirect_ladder_parts_left_out(const redirect_ladder_parts_t *parts)
{
    return parts->left_out;
}

/* --- their names -------------------------------------------------------------------------------------------------- */

typedef enum { NAME_CALLER, NAME_PBX, NAME_PROXY, NAME_SERVER, NAME_TARGET, NAME_CALLEE, NAME_OTHER, NAMES } name_t;

static const char *const names[NAMES] = {
    [NAME_CALLER] = "caller", [NAME_PBX] = "PBX",       [NAME_PROXY] = "proxy", [NAME_SERVER] = "redirect server",
    [NAME_TARGET] = "target", [NAME_CALLEE] = "callee", [NAME_OTHER] = "other",
};

static name_t
name_of(const entry_t *entry)
{
    static const name_t by_role[] = {
        [END_NONE] = NAME_OTHER,
        [END_REDIRECTS] = NAME_SERVER,
        [END_TARGET] = NAME_TARGET,
        [END_CALLEE] = NAME_CALLEE,
    };

    return entry->flags & CALLS        ? NAME_CALLER
           : entry->flags & MAKES_LEGS ? NAME_PBX
           : entry->flags & FORWARDS   ? NAME_PROXY
                                       : by_role[entry->role];
}

static const char *
address_text(const redirect_ladder_parts_t *parts, const entry_t *entry)
{
    char address[REDIRECT_ENDPOINT_TEXT];

    redirect_endpoint_text(entry->endpoint, address);
    if (!entry_at(parts, entry->host)->several || entry->endpoint.len == 0) {
        return wmem_strdup(parts->scope, address);
    }
    return wmem_strdup_printf(parts->scope, entry->endpoint.len == 16 ? "[%s]:%u" : "%s:%u", address,
                              entry->endpoint.port);
}

/* Of an element that passes on what others wrote only what is certainly its own. */
static void
read_software(const redirect_ladder_parts_t *parts, const entry_t *entry, redirect_ladder_participant_t *participant)
{
    const redirect_ladder_lookups_t *lookups = parts->lookups;
    const entry_t *element = entry_at(parts, entry->parent);

    if (participant->software == NULL) {
        participant->software = redirect_ladder_software(lookups, &entry->endpoint, true);
    }
    if (participant->software == NULL && (element->flags & (FORWARDS | MAKES_LEGS)) == 0) {
        participant->software = redirect_ladder_software(lookups, &entry->endpoint, false);
    }
}

/* Numbers stand where there is more than one of a name; targets have one always, for chains are told by it. */
static void
give_names(const redirect_ladder_parts_t *parts, redirect_ladder_participant_t *participants,
           const entry_t *const *elements)
{
    unsigned total[NAMES] = {0}, given[NAMES] = {0};

    for (unsigned i = 0; i < parts->placed; i++) {
        total[name_of(elements[i])]++;
    }
    for (unsigned i = 0; i < parts->placed; i++) {
        const name_t name = name_of(elements[i]);
        participants[i].name = total[name] == 1 && name != NAME_TARGET
                                   ? names[name]
                                   : wmem_strdup_printf(parts->scope, "%s %u", names[name], ++given[name]);
    }
}

const redirect_ladder_participant_t *
redirect_ladder_parts_named(redirect_ladder_parts_t *parts, unsigned *count)
{
    redirect_ladder_participant_t *participants =
        wmem_alloc0_array(parts->scope, redirect_ladder_participant_t, parts->placed + 1);
    const entry_t **elements = wmem_alloc0_array(parts->scope, const entry_t *, parts->placed + 1);

    for (unsigned i = 0; i < wmem_array_get_count(parts->entries); i++) {
        const unsigned element = element_of(parts, i);
        const unsigned place = entry_at(parts, element)->place;
        if (place != NO_PLACE) {
            elements[place] = entry_at(parts, element);
            read_software(parts, entry_at(parts, i), &participants[place]);
        }
    }
    for (unsigned i = 0; i < parts->placed; i++) {
        participants[i].address = address_text(parts, elements[i]);
    }
    give_names(parts, participants, elements);
    *count = parts->placed;
    return participants;
}
