# SPDX-License-Identifier: BSD-2-Clause
"""zp_enter: a guest plans the probe over its own memory, moves it there and enters it by each protocol."""
import json
import unittest

import zptap

GUEST = zptap.BUILD / "tests/enter/enter-guest"
SHAPES = {
    "bzimage": "linux64",
    "bzimage32": "linux32",
    "elf64": "linux64",
    "pvh": "pvh",
    "multiboot1": "multiboot1",
    "multiboot2": "multiboot2",
}


class Enter(unittest.TestCase):
    def probe(self, shape, memory):
        ran = zptap.command(zptap.BINARY, "probe", "--json", "--image", shape, "--cmdline", "over 'itself'", "--",
                            "qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", memory, "-nodefaults",
                            "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", GUEST,
                            "-initrd", "{}", "-append", "{cmdline}", timeout=120)
        self.assertIn(ran.returncode, (0, 1), ran.stderr)
        return json.loads(ran.stdout)


def add(shape, protocol, memory):
    def test(self):
        report = self.probe(shape, memory)
        self.assertEqual(report["protocol"], protocol)
        self.assertEqual([], [clause for clause in report["clauses"] if clause["verdict"] == "fail"])

    test.__doc__ = f"{shape} by {protocol} with {memory} MiB"
    setattr(Enter, f"test_{shape}_{memory}", test)


for name, way in SHAPES.items():
    add(name, way, "64")
add("elf64", "linux64", "5000")


if __name__ == "__main__":
    zptap.main()
