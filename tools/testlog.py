# SPDX-License-Identifier: BSD-2-Clause
"""Counts the test points in Meson's testlog.json, one JSON object a line.

A TAP program counts by its points; any other test counts as one. A TAP program that Meson calls failed
without a failing point of its own (it crashed, ran out of time, broke its plan) adds one failure, so that
no failure is lost. A `not ok` with a TODO counts as failed all the same.
"""
import dataclasses
import json
import re

POINT = re.compile(r"^(not ok|ok)\b(.*)$", re.M)
PLAN = re.compile(r"^1\.\.(\d+)(.*)$", re.M)
SKIP = re.compile(r"#\s*skip\S*\s*(.*)", re.I)
GOOD = ("OK", "SKIP")


@dataclasses.dataclass
class Count:
    """How many points passed, failed and were skipped, and what to say about those that did not pass."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list = dataclasses.field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def good(self):
        """Nothing failed, and something ran."""
        return self.failed == 0 and self.passed > 0

    def add_pass(self):
        self.passed += 1

    def add_failure(self, note):
        self.failed += 1
        self.notes.append(f"FAILED {note}")

    def add_skip(self, note):
        self.skipped += 1
        self.notes.append(f"skipped {note}")


def count_points(count, name, result, stdout):
    """Adds the points of one TAP program; False when its output holds none."""
    points = POINT.findall(stdout)
    plan = PLAN.search(stdout)
    if not points and not plan:
        return False
    if not points:
        if result in GOOD:
            count.add_skip(f"{name}: {plan.group(2).strip(' #') or 'no points planned'}")
        return result in GOOD
    failures = count.failed
    for verdict, rest in points:
        text = re.sub(r"^\s*\d*\s*-?\s*", "", rest)
        skip = SKIP.search(rest)
        if verdict == "not ok":
            count.add_failure(f"{name}: {text}")
        elif skip:
            count.add_skip(f"{name}: {text}")
        else:
            count.add_pass()
    if result not in GOOD and count.failed == failures:
        count.add_failure(f"{name}: {result} after {len(points)} points")
    return True


def count_test(test):
    """The Count of one entry of the log."""
    count = Count()
    name, result = test["name"], test["result"]
    if count_points(count, name, result, test.get("stdout", "")):
        return count
    if result == "OK":
        count.add_pass()
    elif result == "SKIP":
        count.add_skip(f"{name}: no reason given")
    else:
        last = (test.get("stderr") or test.get("stdout") or "").strip().splitlines()[-1:]
        count.add_failure(": ".join([name, result, *last]))
    return count


def count_log(path):
    """The Count of a whole testlog.json."""
    total = Count()
    with open(path, encoding="utf-8") as log:
        for line in log:
            if line.strip():
                total.add(count_test(json.loads(line)))
    return total
