/* redirect-annotations.h
 * What header fields and URIs say of redirections beside the chain, in sentences: History-Info (RFC 7044), Diversion
 * (RFC 5806), Reason of other messages than 3xx and 6xx (RFC 3326),
 * cause= and target= (RFC 4458), number portability (RFC 4694), Identity (RFC 8946).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_ANNOTATIONS_H
#define REDIRECT_ANNOTATIONS_H

#include "redirect-facts.h"
#include "redirect-model.h"

/**
 * What a message says of redirections, one sentence each, owned by scope; NULL where it says nothing. For messages that
 * are shown when they come.
 * @param record its transaction and details->redirect are set
 */
redirect_annotation_t *redirect_annotations_read(wmem_allocator_t *scope, redirect_facts_t *facts,
                                                 const redirect_record_t *record);

/** The annotations of a record for display; where its request was only kept, they are made now, in scope. */
const redirect_annotation_t *redirect_annotations_of(wmem_allocator_t *scope, const redirect_record_t *record);

#endif /* REDIRECT_ANNOTATIONS_H */
