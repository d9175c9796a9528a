# SPDX-License-Identifier: BSD-2-Clause
"""The freestanding archive needs mem* alone and holds no writable data."""
import os
import re
import unittest

import zptap

ARCHIVE = os.environ["ZP_FREESTANDING"]
ALLOWED = {"memcpy", "memmove", "memset", "memcmp"}


def symbols(*options):
    ran = zptap.command("nm", "--format=posix", *options, ARCHIVE)
    assert ran.returncode == 0, ran.stderr
    rows = (line.split() for line in ran.stdout.splitlines() if not line.endswith(":"))
    return {row[0]: row[1] for row in rows if len(row) >= 2}


class Freestanding(unittest.TestCase):
    def test_undefined_symbols(self):
        """nm -u allows mem* and the archive's own symbols"""
        defined = set(symbols("--defined-only"))
        self.assertIn("zp_version", defined)
        self.assertEqual(sorted(set(symbols("-u")) - defined - ALLOWED), [])

    def test_no_globals(self):
        """no symbol lies in writable data"""
        writable = {n: t for n, t in symbols("--defined-only").items() if t in "bBdDcCgGsS"}
        self.assertEqual(writable, {})

    def test_sections(self):
        """each object asks for a stack that cannot execute, and has no constructors"""
        ran = zptap.command("readelf", "-SW", ARCHIVE)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        objects = ran.stdout.count("File: ")
        self.assertGreater(objects, 0)
        self.assertEqual(len(re.findall(r"\.note\.GNU-stack\b", ran.stdout)), objects)
        self.assertNotRegex(ran.stdout, r"\.(init_array|ctors|tdata|tbss)\b")

    def test_headers(self):
        """each public header stands alone on the headers that the compiler brings"""
        own = zptap.command("cc", "-print-file-name=include").stdout.strip()
        headers = sorted((zptap.SOURCE / "include").rglob("*.h"))
        self.assertTrue(headers)
        for header in headers:
            ran = zptap.command("cc", "-std=c11", "-ffreestanding", "-nostdinc", f"-idirafter{own}", "-Wall",
                                "-Wextra", "-Werror", "-I", zptap.SOURCE / "include", "-fsyntax-only",
                                "-x", "c", "-include", header, "/dev/null")
            self.assertEqual(ran.returncode, 0, ran.stderr)


if __name__ == "__main__":
    zptap.main()
