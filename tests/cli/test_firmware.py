# SPDX-License-Identifier: BSD-2-Clause
"""zeropage firmware: the paths that it prints are those of the built files, or of the installed ones."""
import json
import os
import pathlib
import shutil
import tempfile
import unittest

import zptap

BUILT = (zptap.BUILD / "src/firmware/boot").resolve()
FILES = {"rom": "zeropage-fw.rom", "elf": "zeropage-fw.elf"}
ROM_SIZE = 128 << 10


def firmware(*argv, binary=zptap.BINARY):
    return zptap.command(binary, "firmware", *argv)


class Firmware(unittest.TestCase):
    def test_built(self):
        """run from the build folder: a line for each file, with what it is for"""
        ran = firmware()
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lines = [line.split("  ", 1) for line in ran.stdout.splitlines()]
        self.assertEqual([line[0] for line in lines], [str(BUILT / name) for name in FILES.values()])
        self.assertIn("-bios", lines[0][1])
        self.assertIn("PVH", lines[1][1])

    def test_one_alone(self):
        """--rom and --elf: a path and nothing else, as scripts want it"""
        for key, name in FILES.items():
            ran = firmware(f"--{key}")
            self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, f"{BUILT / name}\n", ""))

    def test_json(self):
        """--json: both paths by their shapes"""
        ran = firmware("--json")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(json.loads(ran.stdout), {key: str(BUILT / name) for key, name in FILES.items()})

    def test_files_are_what_they_are_said_to_be(self):
        """a ROM of 128 KiB that begins at its end, and an ELF that inspect takes by PVH"""
        rom = pathlib.Path(firmware("--rom").stdout.strip()).read_bytes()
        self.assertEqual(len(rom), ROM_SIZE)
        self.assertNotEqual(rom[-16:], bytes(16), "nothing at the reset vector")
        elf = firmware("--elf").stdout.strip()
        entries = json.loads(zptap.command(zptap.BINARY, "inspect", "--json", elf).stdout)["entries"]
        protocols = {entry["protocol"] for entry in entries}
        self.assertLessEqual({"pvh", "multiboot2", "linux64"}, protocols)


class Elsewhere(unittest.TestCase):
    """A copy of the command in a tree of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="zp-firmware-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        (self.root / "bin").mkdir()
        self.binary = self.root / "bin/zeropage"
        shutil.copy(zptap.BINARY, self.binary)
        self.share = self.root / os.environ["ZP_FIRMWARE_BESIDE"].removeprefix("../")

    def put(self, *keys):
        self.share.mkdir(parents=True, exist_ok=True)
        for key in keys:
            shutil.copy(BUILT / FILES[key], self.share)

    def test_moved(self):
        """an installed tree that was moved has its own"""
        self.put("rom", "elf")
        for key, name in FILES.items():
            ran = firmware(f"--{key}", binary=self.binary)
            self.assertEqual((ran.returncode, ran.stdout), (0, f"{self.share / name}\n"), ran.stderr)

    def test_link(self):
        """by a symbolic link to the command, too"""
        self.put("rom", "elf")
        link = self.root / "zp"
        link.symlink_to(self.binary)
        self.assertEqual(firmware("--rom", binary=link).stdout, f"{self.share / FILES['rom']}\n")

    def test_not_there(self):
        """what is not there is one line, or an object, that says how to get it"""
        if any((pathlib.Path(os.environ["ZP_FIRMWARE_FOLDER"]) / name).exists() for name in FILES.values()):
            self.skipTest(f"it is installed in {os.environ['ZP_FIRMWARE_FOLDER']}, where a build looks last")
        for have, argv, name in (((), ("--rom",), "zeropage-fw.rom"), ((), ("--elf",), "zeropage-fw.elf"),
                                 ((), (), "zeropage-fw.rom"), (("rom",), (), "zeropage-fw.elf")):
            self.put(*have)
            with self.subTest(have=have, argv=argv):
                ran = firmware(*argv, binary=self.binary)
                self.assertEqual((ran.returncode, ran.stdout), (1, ""))
                self.assertEqual(ran.stderr, f"zeropage: {name}: not in {os.environ['ZP_FIRMWARE_FOLDER']}; "
                                             "'make install' puts it there\n")
        ran = firmware("--json", binary=self.binary)
        self.assertEqual((ran.returncode, ran.stderr), (1, ""))
        error = json.loads(ran.stdout)["error"]
        self.assertEqual(error["code"], "ENOENT")
        self.assertIn("'make install'", error["text"])

    def test_one_is_enough(self):
        """a file that nobody asks for need not be there"""
        self.put("rom")
        self.assertEqual(firmware("--rom", binary=self.binary).returncode, 0)


if __name__ == "__main__":
    zptap.main()
