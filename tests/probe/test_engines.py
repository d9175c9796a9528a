# SPDX-License-Identifier: BSD-2-Clause
"""`zeropage probe` on our own engines: every protocol that they enter by passes every must clause, and with the trace
beside the report nothing that a must clause speaks of stays unseen."""
import json
import unittest

import zptap

BY_BIOS = {("bzimage16", "linux16")}
ENTRIES = {("bzimage", "linux32"), ("bzimage", "linux64"), ("bzimage32", "linux32"), ("elf64", "linux64"),
           ("pvh", "pvh"), ("multiboot1", "multiboot1"), ("multiboot2", "multiboot2")}


class Engines(unittest.TestCase):
    def judge(self, engine, entries):
        ran = zptap.command(zptap.BINARY, "probe", "--engine", engine, "--json", timeout=250)
        judged = json.loads(ran.stdout)["runs"]
        self.assertEqual({(case["image"], case["protocol"]) for case in judged}, entries, ran.stderr)
        for case in judged:
            with self.subTest(image=case["image"], protocol=case["protocol"], engine=engine):
                failed = [clause for clause in case["clauses"]
                          if clause["level"] == "must" and clause["verdict"] not in ("pass", "not_applicable")]
                self.assertEqual(failed, [])
                self.assertGreater(case["must"]["passed"], 15)
                deviations = [clause for clause in case["clauses"]
                              if clause["level"] == "should" and clause["verdict"] == "fail"]
                self.assertEqual(deviations, [])
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_qemu(self):
        self.judge("qemu", ENTRIES | BY_BIOS)

    @unittest.skipIf(zptap.why_no_kvm(), zptap.why_no_kvm())
    def test_kvm(self):
        self.judge("kvm", ENTRIES)


if __name__ == "__main__":
    zptap.main()
