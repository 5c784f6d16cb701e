# SPDX-License-Identifier: GPL-2.0-or-later
"""lint/wire finds each way in which text from the wire could reach people past redirect-text.c, and nothing else;
lint/config finds each file of the plugin that does not begin with config.h."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import lint  # noqa: E402


def lines(text):
    """Where lint/wire complains."""
    return [line for line, _ in lint.strings_of_pieces(text)]


class Wire(unittest.TestCase):
    def test_strings_of_pieces_are_found(self):
        for text in ("name = wmem_strndup(scope, host.ptr, host.len);",
                     "name = g_strndup (host.ptr, host.len);",
                     'printf("%.*s", (int)host.len, host.ptr);',
                     'printf("%-20.*s", (int)host.len, host.ptr);',
                     'printf("%*.*s", 20, (int)host.len, host.ptr);',
                     "wmem_strbuf_append_len(out, host.ptr, host.len);",
                     "g_string_append_len(out, uri->host.ptr, (gssize)uri->host.len);",
                     "out = g_string_new_len(host.ptr, (gssize)host.len);"):
            with self.subTest(text):
                self.assertEqual(lines(text + "\n"), [1])

    def test_calls_over_several_lines_are_found(self):
        self.assertEqual(lines("a();\nwmem_strbuf_append_len(out,\n    host.ptr,\n    host.len);\n"), [2])
        self.assertEqual(lines("a();\n\nname = wmem_strndup\n    (scope, host.ptr, host.len);\n"), [3])
        self.assertEqual(lines('snprintf(buffer, sizeof(buffer),\n    "%s"\n    "%.*s",\n    a, n, b);\n'), [3])

    def test_what_says_why_may_be(self):
        why = "/* not for people: compared only */"
        self.assertEqual(lines(f"wmem_strbuf_append_len(out, a.ptr, a.len); {why}\n"), [])
        self.assertEqual(lines(f"wmem_strbuf_append_len(out, {why}\n    a.ptr, a.len);\n"), [])
        self.assertEqual(lines(f"wmem_strbuf_append_len(out,\n    a.ptr, a.len); {why}\n"), [])
        self.assertEqual(lines(f'snprintf(text, 9, {why}\n    "%.*s",\n    n, a);\n'), [])

    def test_why_is_said_of_one_call(self):
        one = "x = wmem_strndup(scope, a.ptr, a.len);"
        self.assertEqual(lines(f"{one} /* not for people: a key */\n{one}\n"), [2])
        self.assertEqual(lines(f"{one}\n{one} /* not for people: a key */\n"), [1])
        self.assertEqual(lines(f"{one} /* not for people */\n{one} /* not for people: */\n"), [1, 2])
        self.assertEqual(lines(f'{one} say("not for people: a key");\n'), [1])

    def test_all_else_may_be(self):
        for text in ("wmem_strbuf_append_len(line, text, redirect_text_cut(text, 40));",
                     'printf("%s %5s %.3f %*d", a, b, c, 5, d);',
                     "redirect_text_append(out, host, 0);",
                     "copy = wmem_memdup(scope, host.ptr, host.len);",
                     "wmem_strbuf_append_len(out, text, 4); use(host.ptr);",
                     "/* least of all wmem_strndup(), or %.*s */",
                     "// wmem_strndup(scope, host.ptr, 1)"):
            with self.subTest(text):
                self.assertEqual(lines(text + "\n"), [])


class Config(unittest.TestCase):
    def lines(self, name, text):
        return [line for line, _ in lint.config_is_first(name, text)]

    def test_a_source_begins_with_it(self):
        self.assertEqual(self.lines("a.c", '/* a.c */\n\n#include "config.h"\n\n#include <glib.h>\n'), [])
        self.assertEqual(self.lines("a.c", '/*\n * #include <glib.h>\n */\n# include "config.h"\n'), [])

    def test_what_comes_before_it_is_found(self):
        self.assertEqual(self.lines("a.c", '/* a.c */\n#include <glib.h>\n#include "config.h"\n'), [2])
        self.assertEqual(self.lines("a.c", '#include "a.h"\n'), [1])
        self.assertEqual(self.lines("a.c", '#include <glib.h>\n/* #include "config.h" */\n'), [1])

    def test_a_define_before_it_is_found(self):
        self.assertEqual(self.lines("a.c", '#define WS_LOG_DOMAIN "a"\n#include "config.h"\n'), [1])

    def test_a_source_without_includes_lacks_it(self):
        self.assertEqual(self.lines("a.c", "int a;\n"), [1])

    def test_no_header_includes_it(self):
        self.assertEqual(self.lines("a.h", "#ifndef A_H\n#define A_H\n#include <glib.h>\n#endif\n"), [])
        self.assertEqual(self.lines("a.h", '#ifndef A_H\n#include "config.h"\n#endif\n'), [2])


if __name__ == "__main__":
    unittest.main()
