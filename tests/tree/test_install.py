# SPDX-License-Identifier: BSD-2-Clause
"""The installed tree, as those see it who build on the library.

The build is installed into a scratch folder and examples/kvm.c is built against it through pkg-config, as C11
and as C++17, with the shared and with the static library. Where /dev/kvm opens each of these boots a small
guest, which says what it was handed.
"""
import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile
import unittest

import zptap

EXAMPLE = zptap.SOURCE / "examples/kvm.c"
GUESTS = zptap.BUILD / "tests/boot/guest"
WARNINGS = ["-O2", "-Wall", "-Wextra", "-Werror"]
INSTRUMENTS = shlex.split(os.environ["ZP_INSTRUMENTS"])
RAM = (512 << 20) - 0x60000 - 0x400  # without 0xa0000 to 1 MiB and the EBDA's KiB


def compilers():
    """Pairs of language and command. What sanitizers or coverage went into is for its own compiler to link."""
    own = [("c11", shlex.split(os.environ["ZP_CC"])), ("c++17", [os.environ["ZP_CXX"]])]
    if INSTRUMENTS:
        return [(standard, command + INSTRUMENTS) for standard, command in own]
    others = [("c11", "gcc"), ("c11", "clang"), ("c++17", "g++"), ("c++17", "clang++")]
    found = own + [(standard, [name]) for standard, name in others if shutil.which(name)]
    return [pair for i, pair in enumerate(found) if pair not in found[:i]]


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="zeropage-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch)
        ran = zptap.command("meson", "install", "-C", zptap.BUILD, "--no-rebuild", "--quiet",
                            "--destdir", cls.scratch / "root", timeout=120)
        if ran.returncode != 0:
            raise AssertionError(ran.stdout + ran.stderr)
        options = json.loads(zptap.command("meson", "introspect", "--buildoptions", zptap.BUILD).stdout)
        option = {entry["name"]: entry["value"] for entry in options}
        cls.prefix = cls.scratch / "root" / option["prefix"].lstrip("/")
        cls.include = cls.prefix / option["includedir"]
        cls.lib = cls.prefix / option["libdir"]
        cls.man = cls.prefix / option["mandir"]
        cls.bin = cls.prefix / option["bindir"]
        cls.share = cls.prefix / option["datadir"]
        cls.programs = {}

    def pkg_config(self, *options):
        where = {"PKG_CONFIG_LIBDIR": str(self.lib / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(self.scratch / "root")}
        ran = zptap.command("pkg-config", *options, "zeropage", env={**os.environ, **where})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return shlex.split(ran.stdout)

    def compile(self, standard, compiler, *options):
        language = "c++" if standard.startswith("c++") else "c"
        ran = zptap.command(*compiler, f"-std={standard}", *WARNINGS, "-x", language, *options, timeout=120)
        self.assertEqual(ran.returncode, 0, f"{shlex.join(compiler)}:\n{ran.stderr}")
        self.assertEqual(ran.stderr, "")

    def build(self, standard, compiler, kind):
        """The example, built once for each language, compiler and kind of library."""
        key = (standard, *compiler, kind)
        if key not in self.programs:
            program = self.scratch / "-".join(["kvm", standard, pathlib.Path(compiler[0]).name, kind])
            libraries = self.pkg_config("--libs")
            if kind == "static":
                libraries = ["-l:libzeropage.a" if word == "-lzeropage" else word for word in libraries]
            self.compile(standard, compiler, *self.pkg_config("--cflags"), EXAMPLE, "-x", "none", "-o", program,
                         *libraries)
            self.programs[key] = program
        return self.programs[key]

    def run_example(self, program, *arguments):
        return zptap.command(program, *arguments, env={**os.environ, "LD_LIBRARY_PATH": str(self.lib)})

    def each_program(self):
        for (standard, compiler), kind in itertools.product(compilers(), ["shared", "static"]):
            yield self.build(standard, compiler, kind), kind

    def test_headers(self):
        """one tree of headers, the same as in the source"""
        source = zptap.SOURCE / "include"
        wanted = sorted(str(path.relative_to(source)) for path in source.rglob("*.h"))
        installed = sorted(str(path.relative_to(self.include)) for path in self.include.rglob("*") if path.is_file())
        self.assertEqual(installed, wanted)
        self.assertIn("zeropage/zeropage.h", wanted)
        self.assertEqual([path.name for path in self.include.iterdir()], ["zeropage"])

    def test_headers_alone(self):
        """each installed header compiles by itself, twice over, in both languages"""
        names = sorted(str(path.relative_to(self.include)) for path in self.include.rglob("*.h"))
        self.assertGreater(len(names), 6)
        for name in names:
            source = self.scratch / "alone.c"
            source.write_text(f"#include <{name}>\n#include <{name}>\n")
            for standard, compiler in compilers()[:2]:
                self.compile(standard, compiler, f"-I{self.include}", "-fsyntax-only", source)

    def test_libraries(self):
        """the shared library with its links, the static one, the freestanding one"""
        version = self.pkg_config("--modversion")[0]
        real = self.lib / f"libzeropage.so.{version}"
        self.assertTrue(real.is_file() and not real.is_symlink())
        for link in ("libzeropage.so", "libzeropage.so.0"):
            self.assertTrue((self.lib / link).is_symlink(), link)
            self.assertEqual((self.lib / link).resolve(), real.resolve())
        soname = zptap.command("readelf", "-d", real).stdout
        self.assertRegex(soname, r"SONAME.*\[libzeropage\.so\.0\]")
        self.assertEqual((self.lib / "libzeropage.a").read_bytes()[:8], b"!<arch>\n")
        self.assertEqual((self.lib / "libzeropage-freestanding.a").read_bytes()[:8], b"!<arch>\n")

    def test_exports(self):
        """the installed library exports what the list of symbols says"""
        listed = re.findall(r"\b(zp_\w+);", (zptap.SOURCE / "src/core/libzeropage.map").read_text())
        ran = zptap.command("nm", "-D", "--defined-only", "--format=posix", self.lib / "libzeropage.so")
        rows = [line.split() for line in ran.stdout.splitlines()]
        self.assertEqual(sorted({row[0].split("@")[0] for row in rows if row[1] != "A"}), sorted(listed))
        self.assertIn("zp_plan_make", listed)

    def test_pkg_config(self):
        """the version is the header's, and no path leads into the source or the build"""
        header = (self.include / "zeropage/zeropage.h").read_text()
        numbers = [re.search(rf"ZP_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(self.pkg_config("--modversion"), [".".join(numbers)])
        text = (self.lib / "pkgconfig/zeropage.pc").read_text()
        self.assertNotIn(str(zptap.SOURCE), text)
        self.assertNotIn(str(zptap.BUILD), text)
        self.assertNotIn("Requires", text)

    def test_manual_pages(self):
        """each page of the source is installed into its section"""
        pages = {f"man{path.suffix[1:]}/{path.name}" for path in (zptap.SOURCE / "man").glob("*.[0-9]")}
        installed = {str(path.relative_to(self.man)).removesuffix(".gz")
                     for path in self.man.rglob("*") if path.is_file()}
        self.assertEqual(installed, pages)

    def test_firmware(self):
        """both shapes of the firmware as they were built, for everybody to read; the command finds them"""
        installed = self.share / "zeropage"
        self.assertEqual(sorted(path.name for path in installed.iterdir()), ["zeropage-fw.elf", "zeropage-fw.rom"])
        for path in installed.iterdir():
            self.assertEqual(path.read_bytes(), (zptap.BUILD / "src/firmware/boot" / path.name).read_bytes())
            self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        ran = zptap.command(self.bin / "zeropage", "firmware", "--json")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(json.loads(ran.stdout), {shape: str((installed / f"zeropage-fw.{shape}").resolve())
                                                  for shape in ("rom", "elf")})

    def test_example_is_short(self):
        """the example has at most 200 lines"""
        self.assertLessEqual(len(EXAMPLE.read_text().splitlines()), 200)

    def test_example_needs_the_library_alone(self):
        """the example links with libzeropage and the C library, the static one without"""
        for program, kind in self.each_program():
            needed = re.findall(r"NEEDED.*\[(.*)\]", zptap.command("readelf", "-d", program).stdout)
            self.assertEqual("libzeropage.so.0" in needed, kind == "shared", needed)
            if not INSTRUMENTS:
                self.assertLessEqual(set(needed), {"libzeropage.so.0", "libc.so.6", "libm.so.6", "libstdc++.so.6",
                                                   "libgcc_s.so.1"})

    def test_example_refuses(self):
        """the example says what is wrong with an image, and with a command line, in one line"""
        nothing = self.scratch / "nothing"
        nothing.write_bytes(b"")
        for program, _ in self.each_program():
            ran = self.run_example(program, nothing)
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertRegex(ran.stderr, rf"\A{re.escape(program.name)}: {nothing}: \w+: .*empty.*\n\Z")
            ran = self.run_example(program, self.scratch / "missing")
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertRegex(ran.stderr, r"missing: No such file or directory\n\Z")
            ran = self.run_example(program)
            self.assertEqual((ran.returncode, ran.stdout), (2, ""))
            self.assertIn("usage", ran.stderr)

    def test_example_boots(self):
        """the example boots a bzImage and an ELF with initrd and command line to their end"""
        reason = zptap.why_no_kvm()
        if reason:
            self.skipTest(reason)
        initrd = self.scratch / "initrd"
        initrd.write_bytes(b"\x5a\xa5" * 3000)
        for program, _ in self.each_program():
            for image, off, status in (("handoff.bzimage", "kbd", 0), ("handoff.elf", "cf9", 0),
                                       ("handoff.bzimage", "triple", 1)):
                ran = self.run_example(program, GUESTS / image, initrd, f"hello off={off}")
                self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
                self.assertRegex(ran.stdout, r"\Ahandoff: protocol (linux64|pvh)\n")
                self.assertIn(f"handoff: cmdline [hello off={off}]\n", ran.stdout)
                self.assertIn(f" ram={RAM}\n", ran.stdout)
                self.assertRegex(ran.stdout, r"handoff: module 0 start=0x\w+000 size=6000 bytes=(5aa5){8} ")
                self.assertTrue(ran.stdout.endswith("handoff: done\n"), ran.stdout)
                self.assertEqual(ran.stderr, f"{program.name}: the guest ended by exit 8 (8 is a triple fault)\n"
                                 if status else "")


if __name__ == "__main__":
    zptap.main()
