# SPDX-License-Identifier: BSD-2-Clause
"""core.mk names the same sources as Meson, and builds the archive by itself."""
import os
import pathlib
import tempfile
import unittest

import zptap

MK = zptap.SOURCE / "core.mk"
NAMES = os.environ["ZP_CORE_SOURCES"].split(os.pathsep)  # relative to src/core


def clean_environment():
    """The surroundings without a calling make's settings."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES")}


class CoreMk(unittest.TestCase):
    def test_lists_are_equal(self):
        """core.mk and Meson list the same sources"""
        meson = sorted(f"src/core/{name}" for name in NAMES)
        self.assertTrue(meson)
        with tempfile.NamedTemporaryFile("w", suffix=".mk") as user:
            user.write(f"include {MK}\nprint:\n\t@echo $(ZP_CORE_SOURCES)\n")
            user.flush()
            ran = zptap.command("make", "-s", "-f", user.name, "print", env=clean_environment())
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(sorted(ran.stdout.split()), meson)

    def test_sources_on_disk_are_listed(self):
        """every .c file in src/core is in the list"""
        core = zptap.SOURCE / "src/core"
        self.assertEqual(sorted(str(p.relative_to(core)) for p in core.rglob("*.c")), sorted(NAMES))

    def test_builds_archive(self):
        """make -f core.mk libzeropage.a builds an archive that defines zp_version"""
        with tempfile.TemporaryDirectory() as where:
            ran = zptap.command(
                "make", "-f", MK, "-C", where, "CFLAGS=-O1 -Werror", "libzeropage.a",
                env=clean_environment(), timeout=110,
            )
            self.assertEqual(ran.returncode, 0, ran.stderr)
            symbols = zptap.command("nm", "-g", "--defined-only", pathlib.Path(where) / "libzeropage.a")
            self.assertRegex(symbols.stdout, r"(?m) T zp_version$")


if __name__ == "__main__":
    zptap.main()
