#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the checkers of a Wireshark source tree, those that a reviewer there would run, on plugin/.

    wireshark_checkers.py SOURCE [--all]

SOURCE is the top of the tree; nothing is written there. Fails where a checker has something to say that EXPLAINED does
not name, where it ends with an error, and where it does not see the faults of a file made for it (CANARY): a checker
that looks at nothing finds nothing. --all prints the explained findings too. scripts/build-in-tree --check gets such a
tree from Debian.

What tools/ holds besides and is left out, with the reason: LEFT_OUT.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[2] / "plugin"
PLACE = Path("plugins", "epan", "sip_redirect")

# (checker, what it says, why it stays)
EXPLAINED = (
    ("checkAPIs.pl", r"Warning: Found shadow variable\(s\) in \S+ : (index|time|,)+$",
     "members and locals named time and index hide nothing: no file here calls time() or index(), and gcc's -Wshadow, "
     "which Wireshark builds with, has no objection"),
    ("checkAPIs.pl with the groups for dissectors",
     r"Error: Found dissectors-prohibited APIs in \S+/redirect-stats-(cli|ladder)\.c: exit$",
     "tshark's -z options end the run where an argument is wrong, as those of ui/cli/tap-*.c do; before 4.5 a handler "
     "cannot fail in another way, and a report that is empty when the file is read cannot in any version"),
    ("checkAPIs.pl with the groups for dissectors",
     r"Warning: Found dissectors-restricted APIs in \S+/redirect-stats-(cli|ladder)\.c: (printf|,)+$",
     "reports of tshark -z go to standard output, as those of ui/cli/tap-*.c do"),
    ("check_typed_item_calls.py", r"hf_sip_redirect_network_blocked_tel\b.*label",
     '"Telephone" is for readers, and the name of the field is settled'),
    ("check_typed_item_calls.py", r"hf_sip_redirect_service_type\b.*label",
     '"Alternative service" is for readers, and the name of the field is settled'),
)

LEFT_OUT = {
    "check_spelling.py": "needs a dictionary from outside Debian",
    "check_dissector_urls.py": "asks the network for each URL; the plugin's sources name none",
    "check_help_urls.py": "is about Wireshark's own windows",
    "check_static.py": "looks for objects of epan/dissectors only",
    "cppcheck/cppcheck.sh": "lint/cppcheck does it, with fewer questions of style",
    "delete_includes.py": "builds once for each #include",
    "validate-commit.py": "is about commits of Wireshark's own repository",
}

CANARY = """\
/* packet-canary.c */

static int hf_canary_unused = -1;
static int hf_canary_text = -1;
static int hf_canary_number = -1;

static const true_false_string canary_yes_no = {"Yes", "No"};
static const value_string canary_values[] = {{1, "One"}, {1, "Two"}, {0, NULL}};

void
canary(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, char *text)
{
    number_t *all = (number_t *)g_malloc(sizeof(number_t));
    strcpy(text, val_to_str(pinfo->pool, 7, canary_values, "Unknown %u"));
    g_assert(all);
    col_append_fstr(pinfo->cinfo, COL_INFO, "canary");
    proto_tree_add_item(tree, hf_canary_text, tvb, 0, 4, FALSE);
    proto_tree_add_uint(tree, hf_canary_text, tvb, 0, 4, *all);
    text = val_to_str(pinfo->pool, 7, canary_values, "Unknown");
}

void
proto_register_canary(void)
{
    static hf_register_info hf[] = {
        {&hf_canary_unused, {"Unused", "bird.unused", FT_UINT8, BASE_DEC, NULL, 0x0, NULL, HFILL}},
        {&hf_canary_text, {"Text ", "canary.text", FT_STRING, BASE_NONE, NULL, 0x0, NULL, HFILL}},
        {&hf_canary_number, {"Number", "canary.number", FT_UINT32, BASE_DEC, VALS(canary_values), 0x0, NULL, HFILL}},
    };
    int proto = proto_register_protocol("Canary", "Canary", "canary");
    proto_register_field_array(proto, hf, array_length(hf));
}
"""


class Checker:
    """A program of tools/, how to call it, and which lines of its output are findings."""

    def __init__(self, name, finding, options=(), files=r"\.[ch]$", give="arguments", programs=None, known=True):
        self.name = name
        self.finding = re.compile(finding)
        self.options = options  # those that this version has are used
        self.files = re.compile(files)
        self.give = give  # arguments; --file, one each; stdin, a line each; folder
        self.programs = programs or (name,)  # its names in the versions
        self.sees_canary = known

    def program(self, source):
        return next((source / "tools" / name for name in self.programs if (source / "tools" / name).is_file()), None)

    def command(self, program):
        interpreter = {".pl": "perl", ".py": sys.executable}[program.suffix]
        return [interpreter, str(program), *(o for o in self.options if self.has_option(program, o))]

    @staticmethod
    def has_option(program, option):
        return not option.startswith("--") or program.suffix == ".pl" or f"'{option}'" in program.read_text("utf-8")

    def run(self, source, folder):
        """What it says of the files in folder: (findings, everything, exit status)."""
        program = self.program(source)
        files = sorted(str(path) for path in folder.iterdir() if self.files.search(path.name))
        command, stdin = self.command(program), None
        if self.give == "arguments":
            command += files
        elif self.give == "--file":
            for name in files:
                command += ["--file", name]
        elif self.give == "folder":
            command.append(str(folder))
        else:
            stdin = "".join(f"{name}\n" for name in files)
        done = subprocess.run(
            command, input=stdin, stdin=None if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=source, check=False, encoding="utf-8", errors="replace",
        )
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        return [line.rstrip() for line in said.splitlines() if self.finding.search(line)], said, done.returncode


# The calls of tools/pre-commit, then those of .gitlab-ci.yml, then the rest.
CHECKERS = (
    Checker("checkhf.pl", r"^(Unused|ERROR|Error|NO ARRAY)", files=r"\.c$"),
    Checker("checkAPIs.pl", r"^(Error|Warning)", ("-p",), programs=("checkAPIs.pl", "check_apis.py")),
    Checker("checkAPIs.pl with the groups for dissectors", r"^(Error|Warning)(?!.*shadow variable)",
            ("--group", "dissectors-prohibited", "--group", "dissectors-restricted"), programs=("checkAPIs.pl",)),
    Checker("fix-encoding-args.pl", r"\S", files=r"\.c$"),
    Checker("checkfiltername.pl", r"doesn't match|ERROR|isn't|unterminated|has no|duplicate", files=r"\.c$"),
    Checker("detect_bad_alloc_patterns.py", r"^Bad", give="stdin"),
    Checker("checklicenses.py", r"^License", give="folder"),
    Checker("check_typed_item_calls.py", r"Error|Warning", files=r"\.c$", give="--file",
            options=("--mask", "--mask-exact-width", "--label", "--label-vs-filter", "--consecutive",
                     "--check-bitmask-fields", "--extra-value-string-checks", "--missing-items")),
    Checker("check_tfs.py", r"could have used|Error|Warning", ("--check-value-strings",), files=r"\.c$", give="--file"),
    Checker("check_val_to_str.py", r"Error|Warning", files=r"\.c$", give="--file"),
    Checker("detect_bad_proto_tree_add.py", r"Error|Warning|Bad", files=r"\.c$", give="--file", known=False),
    Checker("check_col_apis.py", r"Error|Warning", files=r"\.c$", give="--file", known=False),
)


def copied(into):
    """A copy of plugin/: a checker may mend what it finds."""
    folder = into / PLACE
    shutil.copytree(PLUGIN, folder)
    return folder


def canary(into):
    folder = into / "plugins" / "epan" / "canary"
    folder.mkdir(parents=True)
    (folder / "packet-canary.c").write_text(CANARY, encoding="utf-8")
    return folder


def explanation(checker, finding):
    return next((n for n, (name, what, _) in enumerate(EXPLAINED) if name == checker and re.search(what, finding)), None)


def check(checker, source, into, used):
    """(findings that nothing explains, explained ones); what else is wrong counts as a finding."""
    found, said, status = checker.run(source, into / PLACE)
    rows = [(explanation(checker.name, line), line.replace(f"{into}/{PLACE}/", "")) for line in found]
    used.update(row for row, _ in rows if row is not None)
    new = [line for row, line in rows if row is None]
    if re.search(r"Traceback|does not exist|No such file|[Uu]nrecognized|^usage:", said, re.MULTILINE):
        new += ["it did not run:", *said.strip().splitlines()[-8:]]
    elif status and not found:
        new += [f"exit status {status}, and none of this was taken for a finding:", *said.strip().splitlines()[-8:]]
    if checker.sees_canary and not checker.run(source, into / "plugins" / "epan" / "canary")[0]:
        new.append("it does not see the faults of a file made for it: what it finds is not understood here")
    return new, [line for row, line in rows if row is not None]


def main():
    parser = argparse.ArgumentParser(description="Run the checkers of a Wireshark source tree on plugin/.")
    parser.add_argument("source", type=Path, help="the top of the tree")
    parser.add_argument("--all", action="store_true", help="print the explained findings too")
    arguments = parser.parse_args()
    source = arguments.source.resolve()
    if not (source / "tools" / "checkhf.pl").is_file():
        sys.exit(f"{source} has no tools/checkhf.pl: not a Wireshark source tree")
    bad, ran, used = 0, 0, set()
    with tempfile.TemporaryDirectory(prefix="sip_redirect-checkers-") as scratch:
        into = Path(scratch)
        copied(into)
        canary(into)
        for checker in CHECKERS:
            if not checker.program(source):
                print(f"{checker.name}: not in this version")
                continue
            new, explained = check(checker, source, into, used)
            ran += 1
            bad += len(new)
            print(f"{checker.name}: {len(new)} new, {len(explained)} explained")
            print("".join(f"    {line}\n" for line in new), end="")
            if arguments.all:
                print("".join(f"    ({line})\n" for line in explained), end="")
    for number in sorted(used):
        print(f"explained: {EXPLAINED[number][0]}, {EXPLAINED[number][1]}\n    {EXPLAINED[number][2]}")
    present = [name for name in sorted(LEFT_OUT) if (source / "tools" / name).exists()]
    print(f"left out: {'; '.join(f'{name} ({LEFT_OUT[name]})' for name in present)}")
    print(f"{ran} checkers, {bad} new findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
