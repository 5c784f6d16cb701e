/* redirect-locate-compat.h
 * Where the versions of Wireshark differ in what finding messages needs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef REDIRECT_LOCATE_COMPAT_H
#define REDIRECT_LOCATE_COMPAT_H

#include <epan/packet.h>
#include <ws_version.h>

/* The bytes of the frame's first data source of that name, or NULL. 4.6 gives the source itself. */
static inline tvbuff_t *
redirect_locate_tvb_by_name(packet_info *pinfo, const char *name)
{
#if WIRESHARK_VERSION_MAJOR > 4 || (WIRESHARK_VERSION_MAJOR == 4 && WIRESHARK_VERSION_MINOR >= 5)
    const struct data_source *source = get_data_source_by_name(pinfo, name);

    return source ? get_data_source_tvb(source) : NULL;
#else
    return get_data_source_tvb_by_name(pinfo, name);
#endif
}

/* How many layers of a protocol the frame has, at most; 0 is exact. Without a walk over pinfo->layers. */
static inline unsigned
redirect_locate_layers_of(const packet_info *pinfo, int proto)
{
    const int *count =
        pinfo->proto_layers ? (const int *)wmem_map_lookup(pinfo->proto_layers, GINT_TO_POINTER(proto)) : NULL;

    return count && *count > 0 ? (unsigned)*count : 0;
}

#endif /* REDIRECT_LOCATE_COMPAT_H */
