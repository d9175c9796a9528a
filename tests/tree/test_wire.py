# SPDX-License-Identifier: BSD-2-Clause
"""Each wire header stands alone, in C, C++ and assembly, and pins every member that it names."""
import os
import re
import shlex
import tempfile
import unittest

import zptap

HEADERS = sorted((zptap.SOURCE / "include/zeropage/wire").glob("*.h"))
WARNINGS = ["-Wall", "-Wextra", "-Wundef", "-Werror"]
CC = shlex.split(os.environ["ZP_CC"])
CXX = shlex.split(os.environ["ZP_CXX"])


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def constants(text):
    """Names of the object-like macros whose value is a number."""
    return re.findall(r"(?m)^#define (ZP_\w+)\s+(?:0x[0-9a-fA-F]+|\d+)$", re.sub(r"[ \t]+$", "", text, flags=re.M))


def structures(text):
    """(name, body) of each structure at file scope; its closing brace starts a line."""
    return re.findall(r"(?ms)^struct (zp_\w+) \{\n(.*?)^\}", text)


def members(body):
    """Members of a structure that its users name directly, anonymous unions included, padding not."""
    named = body
    while re.search(r"\{[^{}]*\}", named):
        # A named union or struct counts as one member; one without a name lends its members.
        named = re.sub(r"(?:__extension__\s+)?(?:struct|union)\s*\{([^{}]*)\}\s*;", r"\1", named)
        named = re.sub(r"(?:struct|union)\s*\{[^{}]*\}\s*(?:__attribute__\(\(packed\)\))?\s*(\w+);", r"int \1;", named)
    found = [re.search(r"(\w+)\s*(?:\[[^\]]*\])?$", one.strip()).group(1) for one in named.split(";") if one.strip()]
    return [name for name in found if not name.startswith("_pad")]


class Wire(unittest.TestCase):
    def compile(self, compiler, language, suffix, source):
        """Compile source with every warning an error."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "alone" + suffix)
            with open(path, "w", encoding="ascii") as file:
                file.write(source)
            ran = zptap.command(*compiler, *language, *WARNINGS, "-I", zptap.SOURCE / "include", "-c", path,
                                "-o", os.path.join(folder, "alone.o"))
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def check(self, name, compiler, language, suffix, body=""):
        self.compile(compiler, language, suffix, f"#include <zeropage/wire/{name}>\n{body}")

    def test_all_are_here(self):
        """one header per specification"""
        self.assertEqual([h.name for h in HEADERS],
                         ["acpi.h", "bootparam.h", "e820.h", "efi.h", "elf.h", "fat.h", "image.h", "mptable.h", "multiboot.h",
                          "multiboot2.h", "pci.h", "pe.h", "virtio.h", "x86.h", "xen.h"])

    def test_together(self):
        """all of them in one C and one C++ file, each twice"""
        source = "".join(f"#include <zeropage/wire/{h.name}>\n" for h in HEADERS + HEADERS)
        self.compile(CC, ["-std=c11"], ".c", source)
        self.compile(CXX, ["-std=c++17"], ".cc", source)

    def test_a_wrong_offset_does_not_compile(self):
        """the assertions are alive: with another packing they fail"""
        with self.assertRaisesRegex(AssertionError, "static assertion failed|static_assert"):
            self.compile(CC, ["-std=c11"], ".c", "#define __attribute__(x)\n#include <zeropage/wire/bootparam.h>\n")


def one_header(header):
    text = header.read_text()
    code = without_comments(text)

    def alone_in_c(self):
        self.check(header.name, CC, ["-std=c11"], ".c", "extern int unused;\n")

    def alone_in_cxx(self):
        self.check(header.name, CXX, ["-std=c++17"], ".cc")

    def alone_in_assembly(self):
        names = constants(code)
        self.assertTrue(names, "no constants")
        rows = "".join(f"    .quad {name}\n" for name in names)
        self.check(header.name, CC, [], ".S", rows + '.section .note.GNU-stack,"",@progbits\n')

    def every_member_is_asserted(self):
        found = structures(code)
        self.assertEqual(len(found), len(re.findall(r"(?m)^struct zp_\w+ \{", code)))
        for name, body in found:
            self.assertRegex(code, rf"static_assert\(sizeof\(struct {name}\) ==")
            for member in members(body):
                self.assertRegex(code, rf"static_assert\(offsetof\(struct {name}, {member}\) ==",
                                 f"{name}.{member}")
            self.assertNotRegex(body, r"\w+\s*:\s*\d+\s*;", f"{name} has a bit-field")

    tests = [(alone_in_c, "C"), (alone_in_cxx, "C++"), (alone_in_assembly, "assembly")]
    if structures(code):
        tests.append((every_member_is_asserted, "assertions"))
    for function, what in tests:
        function.__doc__ = f"{header.name}: {what}"
        setattr(Wire, f"test_{header.stem}_{function.__name__}", function)


for one in HEADERS:
    one_header(one)

if __name__ == "__main__":
    zptap.main()
