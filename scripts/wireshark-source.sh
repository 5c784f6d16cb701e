# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after common.sh by the scripts that need Debian's own source of the Wireshark that is installed.
#
#   get_wireshark_source    sets version, Debian's, and source: the unpacked tree, below build/wireshark-source, kept for
#                           the next run. apt fetches it (47 MB) and checks its signatures, with lists of its own there;
#                           the system's stay as they are. Where Debian lists that version and does not give it out,
#                           source is that of the patch level named below, said aloud, and version is its version.
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

# Another patch level of the same X.Y, within which Wireshark changes no interface: version, then name in Debian's pool
# and SHA-256 of each file. Seen on 2026-11-30: the pool listed the source of 4.4.19, and held that of 4.4.18 alone.
neighbour_sources=(
    "4.4.18-0+deb13u1
    wireshark_4.4.18.orig.tar.bz2 5b0b9157e48edffbc2434a93d8cb8a8c67ee9cfc046188cd3664e96744a3697d
    wireshark_4.4.18-0+deb13u1.debian.tar.xz 1c82ac2c64c70a30a9090822317216225a9e6563f3799c4ac8df0aed547499ce"
)

# fetch_source FOLDER VERSION: fetches it into the folder where we are, with lists in FOLDER. apt takes it from the first
# archive that lists it, and one may list what only another still holds: so each is asked alone. Status 4: Debian lists
# it, and does not give it out.
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
    return 4
}

# find_neighbour VERSION: sets neighbour, an entry of neighbour_sources; empty where none has the same X.Y.
find_neighbour() {
    local entry
    neighbour=
    for entry in "${neighbour_sources[@]}"; do
        case $entry in
        "${1%.[0-9]*-*}".*) neighbour=$entry ;;
        esac
    done
}

# fetch_neighbour VERSION: fetches the files of neighbour into the folder where we are, held against their sums, and puts
# a description beside them, which is all that dpkg-source needs to unpack them.
fetch_neighbour() {
    local mirror=${MIRROR:-http://deb.debian.org/debian} file sum dsc=wireshark_$1.dsc
    printf 'Format: 3.0 (quilt)\nSource: wireshark\nVersion: %s\nFiles:\n' "$1" >"$dsc"
    while read -r file sum; do
        /usr/lib/apt/apt-helper download-file "$mirror/pool/main/w/wireshark/${file//+/%2b}" "$file" "SHA256:$sum" >&2 ||
            return 4
        printf ' %s %s %s\n' "$(md5sum <"$file" | cut -d ' ' -f 1)" "$(stat --format %s "$file")" "$file" >>"$dsc"
    done < <(tail -n +2 <<<"$neighbour")
}

# get_source_with COMMAND...: sets source, and fills it with what the command fetches, if it is not there. Status: the
# command's.
get_source_with() {
    local tree=$build/wireshark-source/$version
    source=$tree/source
    [ ! -d "$source" ] || return 0
    rm -rf "$tree/source.new" "$tree/archive"
    mkdir -p "$tree/archive"
    (cd "$tree/archive" && "$@") || return
    dpkg-source --no-check --no-copy --extract "$tree"/archive/*.dsc "$tree/source.new" >"$tree/unpack.log" 2>&1 ||
        fail "dpkg-source could not unpack it: see $tree/unpack.log" # what fetched it has checked it
    rm -r "$tree/archive"
    mv "$tree/source.new" "$source"
}

get_wireshark_source() {
    local status=0
    version=$(dpkg-query --show --showformat '${source:Version}' libwireshark-dev)
    say "the source of wireshark $version"
    get_source_with fetch_source "$build/wireshark-source/apt" "$version" || status=$?
    [ $status -eq 4 ] || return $status
    find_neighbour "$version"
    [ -n "$neighbour" ] || fail "Debian lists the source of wireshark $version, and does not give it out"
    echo "DEBIAN LISTS THE SOURCE OF WIRESHARK $version AND DOES NOT GIVE IT OUT. Taken: ${neighbour%%$'\n'*}" >&2
    version=${neighbour%%$'\n'*}
    get_source_with fetch_neighbour "$version" || fail "Debian does not give out that of $version either"
}
