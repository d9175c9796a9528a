# SPDX-License-Identifier: BSD-2-Clause
"""TESTING.md's table of hostile input names tests that exist, and every row that a comment names is in it."""
import re
import unittest

import zptap

UNIT = zptap.SOURCE / "tests/unit"
BOOTS = zptap.SOURCE / "tests/firmware"


def table():
    """Row number -> [(file, test)]."""
    text = (zptap.SOURCE / "TESTING.md").read_text().split("## Hostile input")[1].split("\n## ")[0]
    rows = {}
    for number, tests in re.findall(r"(?m)^\| (\d+) \|.*\| ([^|]+) \|$", text):
        rows[int(number)] = [(file, test) for file, names in re.findall(r"`(\w+\.(?:c|py))` ([\w, ]+)", tests)
                             for test in names.split(", ")]
    return rows


class Hostile(unittest.TestCase):
    def test_rows(self):
        """the table has the rows of image, plan, load, disks and devices, each with a test"""
        rows = table()
        self.assertEqual(sorted(rows), [*range(1, 23)])
        self.assertTrue(all(rows.values()), rows)

    def test_tests_exist(self):
        """each test that the table names runs in the program that it names"""
        for number, tests in table().items():
            for file, test in tests:
                if file.endswith(".py"):
                    self.assertRegex((BOOTS / file).read_text(), rf"    def {test}\(", f"row {number}")
                else:
                    self.assertRegex((UNIT / file).read_text(), rf"(cmocka_unit_test\w*|POINT)\(\s*{test}[,)]", f"row {number}")

    def test_comments(self):
        """each row is named by a comment in a file that the table gives for it, and no other row is named"""
        named = {}
        for path in UNIT.glob("test_*.c"):
            for numbers in re.findall(r"HOSTILE rows? (\d+(?:, \d+)*)", path.read_text()):
                for number in numbers.split(", "):
                    named.setdefault(int(number), set()).add(path.name)
        rows = table()
        self.assertEqual(sorted(named), sorted(rows))
        for number, files in named.items():
            self.assertLessEqual(files, {file for file, _ in rows[number]}, f"row {number}")


if __name__ == "__main__":
    zptap.main()
