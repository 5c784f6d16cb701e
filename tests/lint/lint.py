#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the sources themselves.

    lint.py [CHECK ...]         all of them without an argument
    lint.py --fix               lets clang-format rewrite what it would write otherwise
    lint.py --files LAYER       prints the files of a layer of plugin/README, one a line

layers              no file includes a file of a higher layer, files of a layer include each other in no circle, and
                    plugin/README names each file once
core_is_epan_free   the core includes nothing of epan, calls nothing that Wireshark's checkAPIs.pl rejects, reads no
                    clock; plugin/CMakeLists.txt lists every source
config              each .c of the plugin includes "config.h" before anything else, as all of Wireshark's do; no .h does
wire                only redirect-text.c makes strings of pieces of a message; a call that does it for another end says
                    so within its lines: /* not for people: why */
spdx                every source says its licence
paths               no file names a folder that only one machine has
text                UTF-8, LF, no blanks at line ends, no tabs in C, 130 columns
format              clang-format agrees (the blanks before a comment at the end of a line are free)
cppcheck            cppcheck finds nothing
shellcheck          shellcheck finds nothing
"""

import difflib
import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(os.environ.get("SOURCE_DIR", Path(__file__).resolve().parents[2]))
EPAN_LAYER = "epan"
SOURCES = (".c", ".h", ".in", ".py", ".sh", ".cmake", ".lua", ".cfg", ".xml")
SKIPPED_DIRECTORIES = (".git", "__pycache__", "build*")

PROHIBITED = re.compile(
    r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup|alloca|g_malloc0?|g_new0?|g_free|g_strdup(?:_printf)?|"
    r"strcasecmp|strncasecmp|isdigit|isspace|isalpha|isalnum|isxdigit|isprint|isupper|islower|tolower|toupper|"
    r"sprintf|vsprintf|strcpy|strncpy|strcat|strncat|strtok|gets|atoi|atol|atof|strerror|time|clock|gettimeofday|"
    r"clock_gettime|g_get_real_time|g_get_monotonic_time|getenv|rand|random|printf|fprintf|puts)\s*\("
)
FOREIGN_INCLUDE = re.compile(
    r"#\s*include\s*(?:<(?!(?:glib|inttypes|std\w+|string|math|wsutil/[\w/]+)\.h>)[^>]*>|"
    r'"(?:epan|cfile|ui/)[^"]*")'
)
STRING_OF_PIECE = re.compile(
    r"\b(?:wmem|g)_(?:utf8_)?strndup\s*\(|%[-+ #0]*(?:\d+|\*)?\.\*s|"
    r"\b\w+_(?:append|prepend|insert|new)_len\s*\((?=[^;]*\bptr\b)"
)
CONFIG_INCLUDE = re.compile(r'\s*#\s*include\s*[<"]config\.h[>"]')
NOT_FOR_PEOPLE = re.compile(r"/\* not for people: \w[^*]*\*/")
FOREIGN_PATH = re.compile(rb"(?<![\w.$*~-])/(?:home|root|opt|srv|mnt|media|work|workspace|builds|Users)/[\w.-]")
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def files():
    """Every file of the project, in order."""
    for folder, folders, names in os.walk(TOP):
        folders[:] = sorted(
            name for name in folders if not any(fnmatch.fnmatch(name, skipped) for skipped in SKIPPED_DIRECTORIES)
        )
        for name in sorted(names):
            yield Path(folder, name)


def is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def is_source(path):
    return path.suffix in SOURCES or path.name == "CMakeLists.txt" or is_script(path)


def is_c(path):
    return path.suffix in (".c", ".h")


def without_comments(text):
    """text with comments and strings blanked out; line numbers stay."""
    return COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def matches(pattern, text):
    for number, line in enumerate(text.splitlines(), 1):
        for match in re.finditer(pattern, line):
            yield number, match.group(0)


def layers_of_readme():
    """[(layer, [patterns of a line, ...])] from plugin/README, the lowest layer first."""
    found = []
    for line in (TOP / "plugin" / "README").read_text(encoding="utf-8").splitlines():
        heading = re.match(r"\[(\w+)[:\]]", line)
        if heading:
            found.append((heading.group(1), []))
            inside = True
        elif not line.startswith("  "):
            inside = False
        elif found and inside:
            found[-1][1].append(line.strip().split("  ")[0].split())
    return found


def plugin_files():
    return sorted(path for path in (TOP / "plugin").iterdir() if is_c(path))


def files_of_layer(layer):
    patterns = [pattern for name, lines in layers_of_readme() if name == layer for line in lines for pattern in line]
    return [path for path in plugin_files() if any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)]


def circle(arrows, start):
    """The way from start back to start along the arrows, or nothing."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop()
        for target in arrows[way[-1]]:
            if target == start:
                return way + [start]
            if target not in seen:
                seen.add(target)
                ways.append(way + [target])
    return None


def layers():
    readme = TOP / "plugin" / "README"
    place, arrows, circles = {}, {}, set()  # file name -> (number of its layer, of its line); (layer, line) -> its like
    named = layers_of_readme()
    if len(named) < 2:
        yield readme, 0, "no layers"
    for level, (_, lines) in enumerate(named):
        for row, patterns in enumerate(lines):
            arrows[level, row] = set()
            for pattern in patterns:
                matched = [path.name for path in plugin_files() if fnmatch.fnmatch(path.name, pattern)]
                if not matched:
                    yield readme, 0, f"{pattern}: no such file"
                for name in matched:
                    if name in place:
                        yield readme, 0, f"{name} is named twice"
                    place[name] = level, row
    for path in plugin_files():
        if path.name not in place:
            yield readme, 0, f"no layer names {path.name}"
            continue
        level, row = place[path.name]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            included = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not included or included.group(1) not in place:
                continue
            target = place[included.group(1)]
            if target[0] > level:
                yield path, number, f"{named[level][0]} includes {included.group(1)} of {named[target[0]][0]}, above it"
            elif target[0] == level and target != (level, row):
                arrows[level, row].add(target)
    for start in sorted(arrows):
        way = circle(arrows, start)
        if way and frozenset(way) not in circles:
            circles.add(frozenset(way))
            yield readme, 0, "a circle: " + " -> ".join(" ".join(named[level][1][row]) for level, row in way)


def core_is_epan_free():
    plugin = TOP / "plugin"
    epan = set(files_of_layer(EPAN_LAYER))
    core = [path for path in plugin_files() if path not in epan]
    if not epan:
        yield plugin, 0, "no epan files at all"
    if not core:
        yield plugin, 0, "no core at all"
    for path in core:
        text = path.read_text(encoding="utf-8")
        for number, found in matches(FOREIGN_INCLUDE, text):
            yield path, number, f"{found}: the core knows GLib and wsutil only"
        for number, found in matches(PROHIBITED, without_comments(text)):
            yield path, number, f"{found.rstrip('( ')}(): not in the core"
    cmake = plugin / "CMakeLists.txt"
    listed = set(re.findall(r"^\t([\w-]+\.c)$", cmake.read_text(encoding="utf-8"), re.MULTILINE)) - {"plugin.c"}
    present = {path.name for path in plugin.glob("*.c")}
    for name in sorted(listed ^ present):
        yield cmake, 0, f"{name} is {'listed, but not there' if name in listed else 'there, but not listed'}"


def spdx():
    for path in files():
        if is_source(path):
            head = path.read_text(encoding="utf-8", errors="replace").splitlines()[:10]
            if not any("SPDX-License-Identifier: GPL-2.0-or-later" in line for line in head):
                yield path, 1, "no SPDX-License-Identifier: GPL-2.0-or-later in the first ten lines"


def config_is_first(name, text):
    """(line, what is wrong) where a source of the plugin begins with anything but config.h, or a header has it."""
    code = re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.DOTALL)
    lines = [(number, line) for number, line in enumerate(code.splitlines(), 1) if line.strip()]
    if name.endswith(".h"):
        for number, line in lines:
            if CONFIG_INCLUDE.match(line):
                yield number, "config.h is for the sources: a header is included after it"
    elif not lines or not CONFIG_INCLUDE.match(lines[0][1]):
        yield lines[0][0] if lines else 1, 'does not begin with #include "config.h"'


def config():
    for path in plugin_files():
        for number, message in config_is_first(path.name, path.read_text(encoding="utf-8")):
            yield path, number, message


def strings_of_pieces(text):
    """(line, what) where C makes a string of a piece of a message, and its statement does not say that it may."""
    code = COMMENT.sub(
        lambda match: match.group(0) if match.group(0)[0] == '"' else re.sub(r"[^\n]", " ", match.group(0)), text
    )
    for match in STRING_OF_PIECE.finditer(code):
        start = max(code.rfind(mark, 0, match.start()) for mark in ";{}") + 1
        # What else stands in the line where the statement before it ends belongs to that one.
        start = max(start, text.find("\n", start, match.start()) if start else 0)
        end = code.find(";", match.end())
        end = text.find("\n", end if end >= 0 else len(text))  # a comment after the statement is one of it
        if not NOT_FOR_PEOPLE.search(text[start : end if end >= 0 else len(text)]):
            yield text.count("\n", 0, match.start()) + 1, match.group(0)


def wire():
    for path in plugin_files():
        if path.name != "redirect-text.c":
            for number, found in strings_of_pieces(path.read_text(encoding="utf-8")):
                yield path, number, f"{found}: text from the wire reaches people through redirect-text.h only"


def paths():
    for path in files():
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            for match in FOREIGN_PATH.finditer(line):
                yield path, number, f"names {match.group(0).decode(errors='replace')}..."


def text():
    for path in files():
        data = path.read_bytes()
        if not is_source(path) and path.suffix not in (".md", ".case"):
            continue
        try:
            lines = data.decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            yield path, 0, f"not UTF-8: {error}"
            continue
        if lines[-1]:
            yield path, len(lines), "no line end at the end of the file"
        for number, line in enumerate(lines, 1):
            if line.endswith("\r") and path.suffix != ".md" and path.suffix != ".xml":
                yield path, number, "CRLF"
            if not is_source(path):
                continue
            if line != line.rstrip(" \t") and path.suffix != ".xml":
                yield path, number, "blanks at the end of the line"
            if "\t" in line and (is_c(path) or path.suffix == ".py"):
                yield path, number, "tab"
            # A table in a manual page has a row a line.
            if len(line) > 130 and path.suffix not in (".xml", ".cfg") and not path.name.endswith(".4.in"):
                yield path, number, f"{len(line)} columns"


def tool(name, variable):
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        sys.exit(f"{name} is not installed")
    return found


def c_files():
    return [path for path in files() if is_c(path) and path.relative_to(TOP).parts[0] in ("plugin", "tests")]


def loosen(text):
    return re.sub(r"[ \t]+(?=/\*|//)", " ", text).splitlines()


def format():
    program = tool("clang-format-14", "CLANG_FORMAT")
    for path in c_files():
        done = subprocess.run(
            [program, "--style=file", str(path)], stdout=subprocess.PIPE, check=True, encoding="utf-8"
        )
        found, wanted = loosen(path.read_text(encoding="utf-8")), loosen(done.stdout)
        for line in difflib.unified_diff(found, wanted, "as it is", "clang-format", lineterm="", n=0):
            position = re.match(r"@@ -(\d+)", line)
            if position:
                yield path, int(position.group(1)), "differs from clang-format:"
            elif not line.startswith(("---", "+++")):
                print("    " + line)


def fix():
    subprocess.run([tool("clang-format-14", "CLANG_FORMAT"), "--style=file", "-i", *map(str, c_files())], check=True)


def cppcheck():
    arguments = """
        --quiet --std=c11 --library=gtk --enable=warning,performance,portability --inline-suppr
        --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro
        --error-exitcode=1 --template={file}:{line}:{id}:{message} -D_U_=
    """.split()
    sources = [str(path) for path in c_files() if path.suffix == ".c"]
    done = subprocess.run(
        [tool("cppcheck", "CPPCHECK"), *arguments, "-I", str(TOP / "plugin"), *sources],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8",
    )
    if done.returncode or done.stdout:
        yield TOP, 0, f"cppcheck:\n{done.stdout}"


def shellcheck():
    scripts = [path for path in files() if re.match(rb"#!.*\b(ba)?sh\b", path.read_bytes()[:80])]
    if not scripts:
        yield TOP, 0, "no shell script found"
        return
    program = [tool("shellcheck", "SHELLCHECK"), "--external-sources", "--severity=warning", "--format=gcc"]
    done = subprocess.run(
        [*program, *map(str, scripts)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8", cwd=TOP,
    )
    if done.returncode:
        yield TOP, 0, f"shellcheck:\n{done.stdout}"


CHECKS = (layers, core_is_epan_free, config, wire, spdx, paths, text, format, cppcheck, shellcheck)


def main():
    if sys.argv[1:] == ["--fix"]:
        fix()
        return
    if sys.argv[1:2] == ["--files"]:
        print("\n".join(path.name for path in files_of_layer(sys.argv[2])))
        return
    chosen = [check for check in CHECKS if check.__name__ in sys.argv[1:]] if sys.argv[1:] else CHECKS
    if len(chosen) < len(sys.argv[1:]):
        sys.exit(__doc__)
    bad = 0
    for check in chosen:
        for path, line, message in check():
            bad += 1
            print(f"{path.relative_to(TOP)}:{line}: {message}")
    print(f"{', '.join(check.__name__ for check in chosen)}: {bad} findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
