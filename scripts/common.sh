# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by the scripts beside it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$top/build}

# shellcheck disable=SC2034 # these are for the scripts
# What it takes to build and to run tshark; what the tests want besides.
packages_build=(cmake gcc libc6-dev libglib2.0-dev libwireshark-dev make ninja-build pkgconf python3-minimal tshark
    util-linux)
# shellcheck disable=SC2034
packages_test=(chromium clang fonts-dejavu-core git libclang-rt-dev mingw-w64-x86-64-dev openbox perl-base python3
    python3-pytest termshark tmux valgrind wireshark xclip xdotool xvfb)

say() {
    printf '\n\033[1m== %s\033[0m\n' "$*" >&2
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# as_root COMMAND...: runs it as root, by sudo where we are not. Nobody is asked for a password without a terminal.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo --non-interactive "$@"
    fi
}

# must_become_root WHAT FOR: stops with a message that says what to do instead, where as_root cannot work.
must_become_root() {
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "there is no sudo, and only root can $*"
        as_root true || fail "sudo did not let us in (without a terminal it must ask no password), and only root can $*"
    fi
}

# needs PACKAGE...: installs those that are missing; asks nothing, touches nothing where all are there.
needs() {
    local package missing=()
    command -v apt-get >/dev/null || {
        say "no apt-get here: I expect to find what Debian has in $*"
        return
    }
    for package in "$@"; do
        if [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    must_become_root "run
    apt-get install --no-install-recommends ${missing[*]}
Then start this script again."
    say "installing ${missing[*]}"
    # Wireshark asks whether users other than root may capture. This project captures nothing: no.
    as_root sh -c 'command -v debconf-set-selections >/dev/null &&
        echo "wireshark-common wireshark-common/install-setuid boolean false" | debconf-set-selections' || true
    # One unreachable source among several must not stop us; a missing package will.
    as_root apt-get update -qq >&2 || echo "apt-get update had errors; going on" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes -o Dpkg::Use-Pty=0 --no-install-recommends \
        "${missing[@]}" </dev/null >&2 || fail "apt-get could not install ${missing[*]}"
}

# plugin_version: from its one place
plugin_version() {
    sed -n 's/^set_module_info(sip_redirect \([0-9]*\) \([0-9]*\) \([0-9]*\) .*/\1.\2.\3/p' "$top/plugin/CMakeLists.txt"
}

# configure_and_build [CMAKE-OPTION...]
configure_and_build() {
    say "building in $build"
    cmake -S "$top" -B "$build" -G Ninja "$@" >&2 || fail "cmake failed"
    cmake --build "$build" --parallel >&2 || fail "the build failed"
}

# debian_root SUITE PACKAGE...: a root of that Debian release below build/ with the packages, kept for the next time, which
# adds what it lacks; sets root. Needs root or sudo. In the environment: MIRROR.
debian_root() {
    local suite=$1 package missing_here=()
    shift
    root=$build/debian-$suite
    needs mmdebstrap debian-archive-keyring tar
    must_become_root "make and enter a Debian root."
    if [ ! -e "$root/.made" ]; then
        make_root "$suite" "$@"
        return
    fi
    for package in "$@"; do
        in_root dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing_here+=("$package")
    done
    [ ${#missing_here[@]} -gt 0 ] || return 0
    say "installing ${missing_here[*]} in $root"
    in_root sh -ec 'apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@"' sh "${missing_here[@]}" >&2
}

make_root() {
    local suite=$1
    shift
    say "making a Debian $suite root in $root"
    mkdir -p "$build"
    as_root rm -rf --one-file-system "$root"
    # A mirror of the next release may be behind its own date of expiry.
    as_root env DEBIAN_FRONTEND=noninteractive mmdebstrap --variant=apt --components=main \
        --include="$(IFS=,; echo "$*")" --aptopt='Acquire::Check-Valid-Until "false"' \
        "$suite" "$root" ${MIRROR:+"$MIRROR"} </dev/null >&2 && as_root touch "$root/.made"
}

# copy_sources_into_root: a copy of the sources, without what builds made, in $root/src
copy_sources_into_root() {
    as_root mkdir -p "$root/src"
    as_root find "$root/src" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
    tar --directory "$top" --exclude='./build*' --exclude=./.git --exclude=__pycache__ --create --file - . |
        as_root tar --directory "$root/src" --no-same-owner --extract --file -
}

# in_root COMMAND...: runs it in $root. A chroot needs little of the host: /dev/null and its like, and /proc for the
# sanitizers. They are mounted in a namespace that ends with the command, so that no later rm -r can reach the host
# through them. CMAKE_OPTIONS and JOBS of the environment go with it.
in_root() {
    # shellcheck disable=SC2016 # for the inner shell
    as_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM-dumb}" LC_ALL=C.UTF-8 \
        JOBS="${JOBS-}" CMAKE_OPTIONS="${CMAKE_OPTIONS-}" unshare --mount --propagation private sh -ec '
            root=$1
            shift
            mount --bind /proc "$root/proc"
            mount --rbind /dev "$root/dev"
            exec chroot "$root" "$@"' sh "$root" "$@" </dev/null
}
