# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after common.sh by the scripts that need Debian's own source of the Wireshark that is installed.
#
#   get_wireshark_source    sets version, Debian's, and source: the unpacked tree, below build/wireshark-source, kept for
#                           the next run. apt fetches it (47 MB) and checks its signatures, with lists of its own there;
#                           the system's stay as they are.
#
# Needs debian-archive-keyring, dpkg-dev and libwireshark-dev. Set in the environment: MIRROR (of Debian).

# with_own_lists FOLDER COMMAND...: apt-get or its kin, with sources and lists in FOLDER. What is not signed by Debian is
# refused; a mirror may be behind its own date of expiry.
with_own_lists() {
    local folder=$1 command=$2
    shift 2
    "$command" -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User= \
        -o Acquire::Check-Valid-Until=false "$@"
}

# Sets sources: a line for each archive of this release that has sources.
find_sources() {
    local release signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" mirror
    mirror=${MIRROR:-http://deb.debian.org/debian}
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && [ "$ID" != debian ] || echo "${VERSION_CODENAME-}")
    [ -n "$release" ] || fail "this is no Debian with a name"
    sources=("deb-src $signed $mirror $release main")
    [ "$release" = sid ] ||
        sources+=("deb-src $signed ${mirror%/debian}/debian-security $release-security main")
}

# fetch_source FOLDER VERSION: fetches it into the folder where we are, with lists in FOLDER. apt takes it from the first
# archive that lists it, and one may list what only another still holds: so each is asked alone.
fetch_source() {
    local lists=$1 wanted=$2 line listed=
    find_sources
    mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
    for line in "${sources[@]}"; do
        echo "$line" >"$lists/sources.list"
        with_own_lists "$lists" apt-get update -qq >&2 || continue
        with_own_lists "$lists" apt-cache showsrc --only-source wireshark | grep -xF "Version: $wanted" >/dev/null || continue
        listed=yes
        ! with_own_lists "$lists" apt-get source -qq --download-only --only-source "wireshark=$wanted" >&2 || return 0
    done
    [ -n "$listed" ] || fail "Debian does not list the source of wireshark $wanted, which is installed. An upgrade?"
    fail "Debian lists the source of wireshark $wanted, and does not give it out"
}

get_wireshark_source() {
    local folder=$build/wireshark-source tree
    version=$(dpkg-query --show --showformat '${source:Version}' libwireshark-dev)
    tree=$folder/$version
    source=$tree/source
    [ ! -d "$source" ] || return 0
    say "fetching the source of wireshark $version"
    rm -rf "$tree/source.new" "$tree/archive"
    mkdir -p "$tree/archive"
    (cd "$tree/archive" && fetch_source "$folder/apt" "$version")
    dpkg-source --no-check --no-copy --extract "$tree"/archive/*.dsc "$tree/source.new" >"$tree/unpack.log" 2>&1 ||
        fail "dpkg-source could not unpack it: see $tree/unpack.log" # apt checked it
    rm -r "$tree/archive"
    mv "$tree/source.new" "$source"
}
