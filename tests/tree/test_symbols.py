# SPDX-License-Identifier: BSD-2-Clause
"""The shared library exports exactly the functions that the public headers declare."""
import os
import re
import unittest

import zptap

LIBRARY = os.environ["ZP_SHARED_LIBRARY"]


def public_headers():
    """zeropage.h and the topic headers that it reaches, in that order."""
    folder = zptap.SOURCE / "include"
    found = ["zeropage/zeropage.h"]
    for name in found:
        for inner in re.findall(r"(?m)^#include <(zeropage/[^/>]+)>", (folder / name).read_text()):
            if inner not in found:
                found.append(inner)
    return [folder / name for name in found]


def declared_functions():
    """Every zp_* function that a public header declares without giving it a body."""
    names = set()
    for header in public_headers():
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", header.read_text(), flags=re.S)
        text = re.sub(r"(?m)^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", " ", text)
        text = text.replace('extern "C" {', " ")
        # Bodies of structs and of inline functions declare nothing that is exported.
        previous = None
        while previous != text:
            previous = text
            text = re.sub(r"\{[^{}]*\}", "@", text)
        for statement in re.split(r"[;@]", text):
            match = re.search(r"\b(zp_\w+)\s*\(", statement)
            if match and not re.search(r"\b(typedef|static|inline)\b", statement):
                names.add(match.group(1))
    return names


class Symbols(unittest.TestCase):
    def exported(self):
        ran = zptap.command("nm", "-D", "--defined-only", "--format=posix", LIBRARY)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        rows = [line.split() for line in ran.stdout.splitlines()]
        return {row[0].split("@")[0] for row in rows if row[1] != "A"}

    def test_exports_equal_declarations(self):
        """nm -D lists what the public headers declare"""
        declared = declared_functions()
        self.assertIn("zp_version", declared)
        self.assertEqual(sorted(self.exported()), sorted(declared))

    def test_soname(self):
        """the soname is libzeropage.so.0"""
        ran = zptap.command("readelf", "-d", LIBRARY)
        self.assertRegex(ran.stdout, r"SONAME.*\[libzeropage\.so\.0\]")

    def test_no_dependency(self):
        """the library needs nothing but libc"""
        ran = zptap.command("readelf", "-d", LIBRARY)
        allowed = r"libc\.so\.6"
        if os.environ["ZP_SANITIZED"] == "1":
            allowed += r"|lib(asan|ubsan|tsan|m|gcc_s|dl|rt|pthread|resolv)\.so\.\d+"
        for needed in re.findall(r"NEEDED.*\[(.*)\]", ran.stdout):
            self.assertRegex(needed, rf"\A({allowed})\Z")


if __name__ == "__main__":
    zptap.main()
