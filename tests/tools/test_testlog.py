# SPDX-License-Identifier: BSD-2-Clause
"""tools/testlog.py: every kind of entry in a test log is counted as what it is."""
import json
import pathlib
import sys
import tempfile
import unittest

import zptap

sys.path.insert(0, str(zptap.SOURCE / "tools"))
import testlog  # noqa: E402


def entry(result, stdout="", **more):
    return {"name": "t", "result": result, "stdout": stdout, **more}


class TestLog(unittest.TestCase):
    def counts(self, *entries):
        with tempfile.TemporaryDirectory() as where:
            path = pathlib.Path(where) / "testlog.json"
            path.write_text("".join(json.dumps(e) + "\n" for e in entries))
            return testlog.count_log(path)

    def check(self, expected, *entries):
        count = self.counts(*entries)
        self.assertEqual((count.passed, count.failed, count.skipped), expected)
        return count

    def test_points(self):
        """TAP points count one by one"""
        out = "1..4\nok 1 - a\nnot ok 2 - b\n# why\nok 3 - c # SKIP no such thing\nok 4\n"
        count = self.check((2, 1, 1), entry("FAIL", out))
        self.assertEqual(count.notes, ["FAILED t: b", "skipped t: c # SKIP no such thing"])
        self.assertFalse(count.good)

    def test_late_plan(self):
        """a plan may stand at the end"""
        self.assertTrue(self.check((1, 0, 0), entry("OK", "ok 1 - a\n1..1\n")).good)

    def test_indented_and_prose(self):
        """only lines that are points count"""
        self.check((1, 0, 0), entry("OK", "1..1\n# ok - tests\n    ok 1 - nested\nokay\nok 1 - a\n"))

    def test_crash_after_points(self):
        """a program that dies after good points adds a failure"""
        for result in ("ERROR", "TIMEOUT", "FAIL", "INTERRUPT", "UNEXPECTEDPASS"):
            self.check((1, 1, 0), entry(result, "1..2\nok 1 - a\n"))

    def test_crash_before_points(self):
        """a program that dies after its plan alone is one failure"""
        self.check((0, 1, 0), entry("ERROR", "1..2\n"))

    def test_whole_skip(self):
        """1..0 is one skip with its reason"""
        count = self.check((0, 0, 1), entry("SKIP", "1..0 # SKIP no KVM\n"))
        self.assertEqual(count.notes, ["skipped t: SKIP no KVM"])

    def test_todo_is_failure(self):
        """not ok with TODO is a failure"""
        self.check((0, 1, 0), entry("EXPECTEDFAIL", "1..1\nnot ok 1 - a # TODO later\n"))

    def test_plain(self):
        """a test without TAP counts as one"""
        self.check((1, 1, 1), entry("OK"), entry("FAIL", stderr="x\nboom\n"), entry("SKIP"))

    def test_nothing_is_not_good(self):
        """no test at all, or skips alone, is no success"""
        self.assertFalse(self.counts().good)
        self.assertFalse(self.counts(entry("SKIP")).good)

    def test_sentence(self):
        """the last line has its exact form"""
        self.assertEqual(str(self.counts(entry("OK"), entry("SKIP"))), "1 passed, 0 failed, 1 skipped")


if __name__ == "__main__":
    zptap.main()
