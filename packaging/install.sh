#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs the Wireshark plugin sip_redirect from this folder, with its profile and its manual page, and proves that
# Wireshark loads it.
#
#   sh install.sh                 for you alone
#   sudo sh install.sh --global   for all users
#   sh install.sh --uninstall     removes what was installed (with --global: for all users)
#
# Set in the environment: TSHARK, the tshark to install for (default: that of PATH, or of the application on macOS).

set -u
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd) || exit 2
profile="SIP Redirects"

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# about NAME: what this package says of itself
about() {
    sed -n "s/^$1=//p" "$here/package.txt"
}

# found NAME: what troubleshoot --where found
found() {
    printf '%s\n' "$where" | sed -n "s/^$1=//p"
}

# --- what is written where: the list "installed" has a line for each file, as cksum prints it, and for each folder ---------

# make_folder PATH: with its parents; those that are new are noted, the highest first
make_folder() {
    [ -d "$1" ] && return
    make_folder "$(dirname "$1")"
    mkdir "$1" || fail "Cannot make the folder $1."
    made="$made
folder $1"
}

# ours FILE: whether it is as an installation left it
ours() {
    [ -f "$list" ] && grep -qxF "$(cksum "$1")" "$list"
}

# put FILE TARGET: at once, so that a Wireshark that runs keeps what it has
put() {
    make_folder "$(dirname "$2")"
    if ! { cp "$here/$1" "$2.new" && chmod 644 "$2.new" && mv -f "$2.new" "$2"; }; then
        fail "Cannot write $2."
    fi
    made="$made
$(cksum "$2")"
}

# put_profile FILE: what the user changed stays; recent is what Wireshark itself writes when it ends
put_profile() {
    target=$profile_folder/$1
    reason="you changed it"
    [ "$1" != recent ] || reason="your column widths are in it"
    if [ -e "$target" ] && ! cmp -s "$here/profile/$1" "$target" && ! ours "$target"; then
        echo "Kept, because $reason: $target"
    else
        put "profile/$1" "$target"
    fi
}

# elsewhere LINE: whether the same plugin for another version of Wireshark has put the same there
elsewhere() {
    for other in "$share"/*/installed; do
        if [ "$other" != "$list" ] && [ -f "$other" ] && grep -qxF "$1" "$other"; then
            return 0
        fi
    done
    return 1
}

# remove_all: what the list says, from its end; files that were changed since, and folders that hold more, stay
remove_all() {
    lines=$(awk '{ line[NR] = $0 } END { for (i = NR; i > 0; i--) print line[i] }' "$list")
    rm -f "$list"
    while read -r line; do
        case $line in
        '') ;;
        'folder '*)
            elsewhere "$line" || rmdir "${line#folder }" 2>/dev/null
            ;;
        *)
            target=${line#* }
            target=${target#* }
            if [ ! -e "$target" ] || elsewhere "$line"; then
                continue
            elif [ "$(cksum "$target")" = "$line" ]; then
                rm -f "$target" || fail "Cannot remove $target."
            else
                echo "Kept, because it was changed: $target"
            fi
            ;;
        esac
    done <<EOF
$lines
EOF
}

# --- main --------------------------------------------------------------------------------------------------------------------

everybody=
uninstall=
for argument in "$@"; do
    case $argument in
    --global) everybody=yes ;;
    --uninstall) uninstall=yes ;;
    *)
        sed -n '4,11s/^# \{0,1\}//p' "$0"
        [ "$argument" = --help ] || [ "$argument" = -h ]
        exit
        ;;
    esac
done

series=$(about wireshark)
if [ -n "$everybody" ]; then
    share=/usr/local/share/sip_redirect
    manual=/usr/local/share/man
else
    share=${XDG_DATA_HOME:-$HOME/.local/share}/sip_redirect
    manual=${XDG_DATA_HOME:-$HOME/.local/share}/man
fi
list=$share/$series/installed

if [ -n "$uninstall" ]; then
    [ -f "$list" ] || fail "sip_redirect for Wireshark $series is not installed here: there is no $list."
    [ -w "$list" ] || fail "Only an administrator can remove this: sudo sh install.sh --global --uninstall"
    remove_all
    echo "Removed: sip_redirect for Wireshark $series."
    exit
fi

[ -f "$here/sip_redirect.so" ] || fail "This copy of the script can only remove: sh install.sh --uninstall"
# A download may be cut short; macOS has shasum instead.
for program in "sha256sum -c" "shasum -a 256 -c"; do
    if command -v "${program%% *}" >/dev/null; then
        # shellcheck disable=SC2086 # a program and its arguments
        (cd "$here" && $program SHA256SUMS >/dev/null 2>&1) ||
            fail "A file of this package is not what it was when it was made: download it again."
        break
    fi
done
system=$(uname -s | sed 's/Darwin/macos/' | tr '[:upper:]' '[:lower:]')
machine=$(uname -m)
if [ "$system $machine" != "$(about system) $(about machine)" ]; then
    fail "This package is for $(about system) on $(about machine), and this is $system on $machine."
fi
# A folder of the tests or of a build is nothing to install into.
unset WIRESHARK_PLUGIN_DIR
where=$(sh "$here/troubleshoot" --where) || exit
if [ "$(found series)" != "$series" ]; then
    fail "This package is for Wireshark $series, but $(found tshark) is Wireshark $(found version): take the package \
whose name ends in wireshark-$(found series)."
fi
if [ -n "$everybody" ]; then
    [ "$(id -u)" -eq 0 ] || fail "Only an administrator can install for all users: sudo sh install.sh --global"
    plugins=$(found global)
    profile_folder=$(found data)/profiles/$profile
else
    [ "$(id -u)" -ne 0 ] || fail "You are root, and Wireshark ignores root's own plugins. Install as the user who runs \
Wireshark, or for all users: sh install.sh --global"
    plugins=$(found personal)
    profile_folder=$(found config)/profiles/$profile
fi

umask 022
made=
put sip_redirect.so "$plugins/sip_redirect.so"
for file in "$here"/profile/*; do
    put_profile "${file##*/}"
done
put sip_redirect.4 "$manual/man4/sip_redirect.4"
for file in install.sh troubleshoot package.txt proof.pcap proof.expected README why-not-followed.md LICENSE; do
    put "$file" "$share/$series/$file"
done
# Folders that an earlier installation made are still its own.
if [ -f "$list" ]; then
    made="$(grep '^folder ' "$list")
$made"
fi
printf '%s\n' "$made" | sed '/^$/d' >"$list" || fail "Cannot write $list."

echo "Installed: $plugins/sip_redirect.so"
echo "Profile:   \"$profile\", at the right end of Wireshark's status bar"
echo "Remove:    sh '$share/$series/install.sh'${everybody:+ --global} --uninstall"
echo
TSHARK=$(found tshark) exec sh "$here/troubleshoot"
