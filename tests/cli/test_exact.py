# SPDX-License-Identifier: BSD-2-Clause
"""Runs exact/*.sh and compares what they print, byte for byte, with the files beside them.

A script finds `zeropage` and `gen-image` in its PATH and runs in an empty folder of its own, in the C
locale. NAME.sh.stdout.exact and NAME.sh.stderr.exact hold what it must print; a missing file means nothing.
ZP_EXACT_UPDATE=1 writes these files instead; read the difference before you commit it.
"""
import os
import pathlib
import tempfile
import unittest

import zptap

CASES = sorted((zptap.SOURCE / "tests/cli/exact").glob("*.sh"))
UPDATE = os.environ.get("ZP_EXACT_UPDATE") == "1"


def expected(path):
    return path.read_text() if path.exists() else ""


def update(path, text):
    if text:
        path.write_text(text)
    elif path.exists():
        path.unlink()


class Exact(unittest.TestCase):
    maxDiff = None

    def test_there_are_cases(self):
        """the folder holds cases, and no output without its script"""
        self.assertGreater(len(CASES), 10)
        names = {case.name for case in CASES}
        outputs = (zptap.SOURCE / "tests/cli/exact").glob("*.exact")
        self.assertEqual([p.name for p in outputs if p.name.rsplit(".", 2)[0] not in names], [])


def make_test(case):
    def test(self):
        with tempfile.TemporaryDirectory() as folder:
            bin_folder = pathlib.Path(folder) / "bin"
            work = pathlib.Path(folder) / "work"
            bin_folder.mkdir()
            work.mkdir()
            (bin_folder / "zeropage").symlink_to(zptap.BINARY)
            (bin_folder / "gen-image").symlink_to(os.environ["ZP_GEN_IMAGE"])
            environment = {"PATH": f"{bin_folder}:/usr/bin:/bin", "LC_ALL": "C"}
            environment.update((k, v) for k, v in os.environ.items() if "SAN_OPTIONS" in k)
            ran = zptap.command("sh", case, cwd=work, env=environment)
        for stream, text in (("stdout", ran.stdout), ("stderr", ran.stderr)):
            path = pathlib.Path(f"{case}.{stream}.exact")
            if UPDATE:
                update(path, text)
            self.assertEqual(text, expected(path), f"{stream} of {case.name}")

    test.__doc__ = f"exact/{case.name} prints what it should"
    return test


for case_path in CASES:
    setattr(Exact, "test_" + case_path.stem.replace("-", "_"), make_test(case_path))


if __name__ == "__main__":
    zptap.main()
