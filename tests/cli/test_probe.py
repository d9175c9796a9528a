# SPDX-License-Identifier: BSD-2-Clause
"""`zeropage probe -- COMMAND`: how a command is run, and what becomes of its output.

The commands are small scripts that print a captured report; real machines are in tests/probe.
"""
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest
import zlib

import zptap

LOGS = zptap.SOURCE / "tests/cli/judge"
GOOD = LOGS / "pvh.log"
SPOILED = LOGS / "pvh-spoiled.log"


def probe(*words, timeout=60):
    return zptap.command(zptap.BINARY, "probe", *words, timeout=timeout)


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Probe(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_verdict(self):
        """a good report exits 0, one that breaks a must exits 1"""
        self.assertEqual(probe("--", "cat", GOOD).returncode, 0)
        ran = probe("--", "cat", SPOILED)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("pvh.cr0", ran.stdout)
        self.assertNotIn("\x1b", ran.stdout)

    def test_placeholders(self):
        """placeholders are replaced inside of words too, and no shell sees them"""
        script = ("import sys, zlib; a = sys.argv[1:]; print(a[0], a[2], a[3]);"
                  "print(len(open(a[0][5:], 'rb').read()) > 9999, len(open(a[1], 'rb').read()))")
        kept = self.folder / "kept"
        ran = probe("--image", "pvh", "--keep", kept, "--", sys.executable, "-c", script, "file={}", "{initrd}",
                    "-append={cmdline}", "$(id);{nothing}")
        self.assertEqual(ran.returncode, 1)
        lines = kept.read_text().splitlines()
        self.assertRegex(lines[0], r"^file=/tmp/zeropage-probe\.\w+/probe\.pvh -append=probe=known .*two  words.*"
                                   r"last=yes \$\(id\);\{nothing\}$")
        self.assertEqual(lines[1], "True 12345")
        self.assertFalse(pathlib.Path(lines[0].split()[0][5:]).parent.exists(), "the folder is gone")

    def test_runs_on(self):
        """a command that runs on after its report is ended with what it started, and nothing else is"""
        other = os.fork()
        if other == 0:
            time.sleep(100)
            os._exit(0)
        self.addCleanup(os.waitpid, other, 0)
        self.addCleanup(os.kill, other, signal.SIGKILL)
        pids = self.folder / "pids"
        begun = time.monotonic()
        ran = probe("--", "sh", "-c", f"trap '' TERM; sleep 300 & echo $! $$ > {pids}; cat {GOOD}; wait")
        self.assertEqual(ran.returncode, 0, ran.stdout)
        self.assertLess(time.monotonic() - begun, 20)
        for pid in pids.read_text().split():
            self.assertFalse(is_alive(int(pid)), pid)
        self.assertTrue(is_alive(other))

    def test_time_over(self):
        """a command without a report is ended when its time is over"""
        begun = time.monotonic()
        ran = probe("--timeout", "1", "--", "sh", "-c", "echo hello; sleep 300")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("the time is over", ran.stdout)
        self.assertLess(time.monotonic() - begun, 20)

    def test_closed_output(self):
        """a command that closes its output and runs on is no busy loop and no hang"""
        ran = probe("--timeout", "2", "--", "sh", "-c", f"cat {GOOD}; exec >&- 2>&-; sleep 300")
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def test_too_much(self):
        """output without end ends at its bound"""
        ran = probe("--", "yes", "no report")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("too much output", ran.stdout)

    def test_stdin_and_stderr(self):
        """stdin is empty, and a report on stderr counts"""
        self.assertEqual(probe("--", "sh", "-c", f"cat; cat {GOOD} >&2").returncode, 0)

    def test_json(self):
        """--json has every clause, the counts and the report's lines"""
        out = json.loads(probe("--json", "--", "cat", SPOILED).stdout)
        self.assertEqual((out["image"], out["protocol"], out["host"], out["passed"]), ("pvh", "pvh", "cat", False))
        failed = [c["id"] for c in out["clauses"] if c["verdict"] == "fail" and c["level"] == "must"]
        self.assertEqual(failed, ["pvh.cr0"])
        self.assertEqual(out["must"]["failed"], 1)
        self.assertEqual(sum(out["must"].values()), sum(c["level"] == "must" for c in out["clauses"]))
        self.assertEqual(out["report"][0]["probe"], "begin")
        for clause in out["clauses"]:
            self.assertTrue(clause["section"] and clause["text"])
        out = json.loads(probe("--json", "--", "true").stdout)
        self.assertEqual((out["protocol"], "no report" in out["error"]), (None, True))

    def test_tap(self):
        """--tap has a plan that holds, and a point for each must and should"""
        lines = probe("--tap", "--", "cat", SPOILED).stdout.splitlines()
        points = [line for line in lines if line.startswith(("ok", "not ok"))]
        self.assertEqual(lines[:2], ["TAP version 13", f"1..{len(points)}"])
        bad = [line for line in points if line.startswith("not ok") and "# TODO" not in line]
        self.assertEqual(len(bad), 1)
        self.assertIn("pvh.cr0", bad[0])
        self.assertIn("not ok 1 - a report came", probe("--tap", "--", "true").stdout)

    def report(self, *lines):
        """a file with that report, whole by its checksum"""
        text = "".join(line + "\n" for line in lines)
        path = self.folder / "report"
        path.write_text(text + f'{{"probe":"end","lines":{len(lines)},"crc32":"0x{zlib.crc32(text.encode()):08x}"}}\n')
        return path

    def test_empty(self):
        """a report that shows nothing conforms to nothing"""
        ran = probe("--judge", self.report('{"probe":"begin","schema":1,"image":"x","protocol":"pvh"}'))
        self.assertEqual((ran.returncode, "shows nothing" in ran.stdout), (1, True), ran.stdout)

    def test_controls(self):
        """what a guest wrote reaches no terminal as a control character, in JSON neither"""
        path = self.report('{"probe":"begin","schema":1,"image":"\\u009b31m","protocol":"pvh"}',
                           '{"probe":"cpu","cr0":"0x11","a":"\\u001b[31m\\u007f\\u0085\u00e9"}')
        for form in ("--json", "--tap", "-v"):
            out = probe("--judge", path, form).stdout
            self.assertEqual([c for c in out if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f"], [], form)
        out = json.loads(probe("--judge", path, "--json").stdout)
        self.assertEqual(out["report"][1]["a"], "\x1b[31m\x7f\x85\u00e9")

    def test_other_image(self):
        """a report by another image than the command was given is none of its own"""
        ran = probe("--image", "elf64", "--", "sh", "-c", f"cat {GOOD}", "{}")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("the report is of image 'pvh', the command was given 'elf64'", ran.stdout)

    def test_reasons(self):
        """where no report came, the likely reason is told; a log that cannot be kept costs no verdict"""
        self.assertIn("what it had started", probe("--", "sh", "-c", "sleep 9 & exit 0").stdout)
        ran = probe("--keep", self.folder / "absent" / "log", "--", "cat", GOOD)
        self.assertEqual((ran.returncode, "must    " in ran.stdout, "absent/log" in ran.stderr), (1, True, True))

    def test_asked(self):
        """what was asked for is known by placeholder, by --known, by --cmdline; else it is not observable"""
        def verdict(*words):
            out = json.loads(probe("--json", *words).stdout)
            return {c["id"]: c["verdict"] for c in out["clauses"]}["cmdline.asked"]
        self.assertEqual(verdict("--judge", GOOD), "not_observable")
        self.assertEqual(verdict("--judge", GOOD, "--known"), "pass")
        self.assertEqual(verdict("--judge", GOOD, "--cmdline", "other"), "fail")
        self.assertEqual(verdict("--", "sh", "-c", f"cat {GOOD}", "{cmdline}"), "pass")
        self.assertEqual(verdict("--", "sh", "-c", f"cat {GOOD}"), "not_observable")


if __name__ == "__main__":
    zptap.main()
