# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tshark's -z sip_redirect,ladder and holds what it draws to the rules of its format."""

import re
import xml.etree.ElementTree as ElementTree

from support import tshark

WIDTH = 120
SVG = "{http://www.w3.org/2000/svg}"
XHTML = "{http://www.w3.org/1999/xhtml}"
FORMATS = ("text", "mermaid", "html")

# The part of Mermaid's grammar that the plugin uses. What is not written as it is stands as "#59;".
_TEXT = r"(?:[\w .,:@/=()+?!*-]|#\d+;|<br/>)+"
_MERMAID = re.compile(
    rf"sequenceDiagram|    title {_TEXT}|    participant (?P<declared>p\d+) as {_TEXT}|"
    rf"    (?P<source>p\d+)(?:->>|-->>|--x)(?P<target>p\d+): \d+ {_TEXT}|"
    rf"    Note over (?P<first>p\d+)(?:,(?P<last>p\d+))?: {_TEXT}"
)
_WORD = re.compile(r"\bend\b|style|classDef", re.IGNORECASE)


def draw(capture, form, chain="", expression="", two_pass=False, options=(), env=None):
    """What tshark prints for one format; env as tshark.run() has it."""
    option = ",".join(part for part in ("sip_redirect,ladder", form, str(chain), expression) if part)
    return tshark.run(["-q", "-n", *(["-2"] if two_pass else []), *options, "-r", capture, "-z", option], env=env)


def draw_all(capture, two_pass=False):
    """The three formats from one run: {format: what it prints}."""
    options = [word for form in FORMATS for word in ("-z", f"sip_redirect,ladder,{form}")]
    return split(tshark.run(["-q", "-n", *(["-2"] if two_pass else []), "-r", capture, *options]))


def split(output):
    """Takes what several formats print apart, in whatever order they come."""
    page = re.search(r"<!DOCTYPE html>.*?</html>\n", output, re.DOTALL)
    rest = output.replace(page.group(0), "")
    diagrams = re.findall(r"^sequenceDiagram\n(?:    .*\n)+", rest, re.MULTILINE)
    remark = re.findall(r"^%% .*\n", rest, re.MULTILINE)
    for piece in (*diagrams, *remark):
        rest = rest.replace(piece, "")
    return {"html": page.group(0), "mermaid": diagrams, "text": re.sub(r"^```(?:mermaid)?\n\n?", "", rest, flags=re.M)}


def check_text(text):
    """What a mail keeps: no line too wide, no tab, nothing after the last character."""
    for line in text.splitlines():
        assert len(line) <= WIDTH, f"{len(line)} columns: {line}"
        assert line == line.rstrip(), f"blanks at its end: {line!r}"
        assert "\t" not in line and line.isprintable(), repr(line)


def check_mermaid(diagram):
    """One diagram, line by line."""
    declared = []
    lines = diagram.splitlines()
    assert lines[0] == "sequenceDiagram", lines[0]
    for line in lines:
        match = _MERMAID.fullmatch(line)
        assert match, f"no line of a diagram: {line}"
        assert not _WORD.search(re.sub("<br/>", " ", line)), f"a word that means something to Mermaid: {line}"
        if match["declared"]:
            declared.append(match["declared"])
        for used in ("source", "target", "first", "last"):
            assert match[used] is None or match[used] in declared, line
    assert declared == [f"p{number}" for number in range(len(declared))] and declared


def check_html(page):
    """A page that is well-formed, holds no script, and needs nothing from elsewhere. Its root element."""
    root = ElementTree.fromstring(page.split("\n", 1)[1])
    known = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "table", "thead", "tbody", "tr", "th",
             "td", "a", "section", "span", "dl", "dt", "dd", "figure", "details", "summary", "ul", "li"}
    drawn = {"svg", "g", "rect", "path", "text", "title"}
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), ids
    for element in root.iter():
        assert element.tag in {XHTML + tag for tag in known} | {SVG + tag for tag in drawn}, element.tag
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name not in ("src", "style"), name
            assert name != "href" or value[1:] in ids, value
    style = root.find(f".//{XHTML}style").text
    assert "url(" not in style and "@import" not in style
    assert not re.sub(r'xmlns="http://www\.w3\.org/(1999/xhtml|2000/svg)"', "", page).count("<script"), "a script"
    return root


def arrows(root, chain=0):
    """The arrows of one drawing: (frame, label), its lines joined."""
    svg = root.find(f".//{XHTML}section[@id='chain-{chain}']//{SVG}svg")
    found = []
    for group in svg.iter(SVG + "g"):
        if "arrow" in group.get("class").split():
            texts = {}
            for text in group.findall(SVG + "text"):
                texts.setdefault(text.get("class").split()[0], []).append(text.text)
            found.append((int(texts["frame"][0]), " ".join(texts["on"])))
    return found
