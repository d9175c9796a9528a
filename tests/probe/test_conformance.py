# SPDX-License-Identifier: BSD-2-Clause
"""docs/conformance.md still holds: every host of it is run again, and its verdicts are those of the page.

Each host and image is a test of its own. They are run two at a time, whichever of them is waited for.
"""
import concurrent.futures
import os
import sys
import unittest

import zptap

sys.path.insert(0, str(zptap.SOURCE / "tools/conformance.d"))
import runs  # pylint: disable=wrong-import-position
import table

PAGE = zptap.SOURCE / "docs/conformance.md"
AGAIN = "; if the host is right, run tools/conformance and look at what it changes in docs/conformance.md"


class Conformance(unittest.TestCase):
    """A test for each row is added below."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.written = table.rows(PAGE.read_text(encoding="utf-8"))
        cls.pool = concurrent.futures.ThreadPoolExecutor(2)
        cls.running = {(way.name, image): cls.pool.submit(runs.run, way, image)
                       for way, image in runs.rows() if can_run(way)}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown(cancel_futures=True)

    def test_every_row_is_of_a_host(self):
        known = {f"{way.name} {image}" for way, image in runs.rows()}
        self.assertEqual(set(self.written), known, AGAIN)

    def test_eight_hosts_are_others_programs(self):
        others = {key.split(".")[0] for key, row in self.written.items() if row["entered by"] != "**nothing**"}
        self.assertGreaterEqual(len(others - {"kvm", "qemu"}), 8)

    def test_our_engines_pass_every_must(self):
        for key, row in self.written.items():
            if key.split(".")[0] in ("kvm", "qemu"):
                self.assertEqual((row["must failed"], row["entered by"]), ("0", key.split(".")[1].split()[0]), key)

    def compare(self, way, image):
        verdict = self.running[way.name, image].result()
        (key, now), = table.rows(table.page([verdict], [])).items()
        self.assertIn(key, self.written, AGAIN)
        then = self.written[key]
        if verdict.error:
            self.assertEqual(then["entered by"], now["entered by"], f"{key}: no report: {verdict.error}")
        details = {clause["id"]: clause["detail"] for clause in verdict.failed()}
        worse = [f"{name} ({details[name]})" for name in sorted(now["clauses"] - then["clauses"])]
        better = sorted(then["clauses"] - now["clauses"])
        self.assertFalse(worse, f"{key}: fails now, and not in the page: {', '.join(worse)}{AGAIN}")
        self.assertFalse(better, f"{key}: fails in the page, and not now: {', '.join(better)}{AGAIN}")
        self.assertEqual(then, now, f"{key}{AGAIN}")


def can_run(way):
    return way.engine != "kvm" or os.access("/dev/kvm", os.R_OK | os.W_OK)


def point(way, image):
    def test(self):
        if not can_run(way):
            self.skipTest("no /dev/kvm here")
        self.compare(way, image)
    test.__doc__ = f"{way.name} {image}"
    return test


for _way, _image in runs.rows():
    setattr(Conformance, f"test_{_way.host}_{_way.way}_{_image}".replace("-", "_"), point(_way, _image))


if __name__ == "__main__":
    zptap.main()
