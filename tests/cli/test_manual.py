# SPDX-License-Identifier: BSD-2-Clause
"""Manual pages: clean by mandoc, and naming every option that the command takes."""
import re
import unittest

import zptap

PAGES = sorted(p for p in (zptap.SOURCE / "man").iterdir() if p.suffix in (".1", ".3"))


class Manual(unittest.TestCase):
    def test_lint(self):
        """mandoc -Tlint has nothing to warn of"""
        self.assertGreaterEqual(len(PAGES), 5)
        for page in PAGES:
            with self.subTest(page.name):
                ran = zptap.command("mandoc", "-Tlint", "-Wwarning", page)
                self.assertEqual((ran.returncode, ran.stdout), (0, ""))

    def test_installed(self):
        """Meson installs every page"""
        listed = re.findall(r"'(zeropage[^']*)'", (zptap.SOURCE / "man/meson.build").read_text())
        self.assertEqual(sorted(listed), [p.name for p in PAGES])

    def test_options(self):
        """each option of a verb's source stands in its page"""
        sources = {"firmware": ["cmd_firmware.c"], "inspect": ["cmd_inspect.c"], "pack": ["cmd_pack.c"],
                   "plan": ["cmd_plan.c", "request.c"], "run": ["cmd_run.c", "request.c"],
                   "unpack": ["cmd_unpack.c"], "probe": ["cmd_probe.c"]}
        for verb, files in sources.items():
            page = (zptap.SOURCE / f"man/zeropage-{verb}.1").read_text().replace("\\", "")
            for name in files:
                text = (zptap.SOURCE / "src/cli" / name).read_text()
                options = re.findall(r'(?m)^    \{"([a-z-]+)", (?:KEY_|\')', text)
                self.assertGreater(len(options), 0)
                for option in options:
                    with self.subTest(f"{verb} --{option}"):
                        if verb == "run" and option == "memory":
                            continue  # the short form stands there
                        self.assertRegex(page, rf"-{option}\b")

    def test_library_functions(self):
        """zeropage(3) names every function that the library exports"""
        page = (zptap.SOURCE / "man/zeropage.3").read_text()
        exported = re.findall(r"\b(zp_\w+);", (zptap.SOURCE / "src/core/libzeropage.map").read_text())
        self.assertGreater(len(exported), 10)
        for name in exported:
            self.assertRegex(page, rf"(?m)^\.F[no] {name}\b", name)


if __name__ == "__main__":
    zptap.main()
