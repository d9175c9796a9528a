# SPDX-License-Identifier: BSD-2-Clause
"""Direct boots of kernels from 5.10 to the newest: packings, protocols, bases, sizes; 32-bit kernels too."""
import os
import signal
import socket
import struct
import subprocess
import unittest

import direct
import guests
import remote
import zptap

KERNELS = ("cloud-5.10", "cloud", "generic", "cloud-6.12", "cloud-new")
RELOCATABLE_PVH = ("cloud-6.12", "cloud-new")
FOUR_GIB = 1 << 32


class Linux64(unittest.TestCase):
    def check(self, name, *arguments, **more):
        with self.subTest(kernel=name, arguments=arguments):
            plan, ran = direct.boot(self, guests.kernel(name), *arguments, **more)
            self.assertTrue(plan["direct"], plan["why_not_direct"])
            self.assertIn("zeropage: setup_data: 0x9", ran.stdout)
            return plan, ran

    def test_seeds(self):
        for name, seed, cpus in [(name, 1, 1) for name in KERNELS] + [("cloud", 2, 2), ("cloud-new", 2, 2)]:
            plan, ran = self.check(name, "--kaslr", seed, "--smp", cpus)
            self.assertNotEqual(plan["kernel"]["virtual_delta"], 0)
            self.assertNotEqual(plan["kernel"]["delta"], 0)
            self.assertIn(f"zeropage: cpus: {cpus}", ran.stdout)

    def test_unmoved(self):
        for name in KERNELS:
            plan, _ = self.check(name, "--kaslr", "off")
            self.assertEqual((plan["kernel"]["virtual_delta"], plan["kernel"]["delta"]), (0, 0))

    def test_nokaslr_on_the_command_line(self):
        plan, _ = self.check("cloud", "--kaslr", "1", cmdline=direct.CMDLINE + " nokaslr")
        self.assertEqual((plan["kernel"]["virtual_delta"], plan["kernel"]["delta"]), (0, 0))

    def test_moved_physically_alone(self):
        for name in ("cloud-5.10", "cloud", "cloud-new"):
            plan, _ = self.check(name, "--kaslr", "off", "--pin", "kernel=0x4000000")
            self.assertEqual((plan["kernel"]["virtual_base"], plan["kernel"]["load"]), (direct.LINKED, 0x4000000))

    def test_little_memory(self):
        for name in ("cloud", "cloud-new"):
            self.check(name, "-m", "160M", "--kaslr", 1)

    def test_above_4_gib(self):
        for name in ("cloud-5.10", "cloud-new"):
            self.check(name, "-m", "5G", "--smp", 2, "--kaslr", "off", "--pin", "kernel=0x118000000")
        for seed in range(100):
            arguments = ("-m", "5G", "--kaslr", seed)
            if direct.planned(guests.kernel("cloud"), *direct.options(*arguments))["kernel"]["load"] >= FOUR_GIB:
                break
        plan, _ = self.check("cloud", *arguments)
        self.assertGreaterEqual(plan["kernel"]["load"], FOUR_GIB)

    def test_pvh_unmoved(self):
        for name, cpus in [(name, 1) for name in KERNELS] + [("cloud", 2)]:
            plan, ran = self.check_pvh(name, "--kaslr", "off", "--smp", cpus)
            self.assertEqual(plan["kernel"]["delta"], 0)
            self.assertIn(f"zeropage: cpus: {cpus}", ran.stdout)

    def test_pvh_moved_where_the_note_allows_it(self):
        for name in KERNELS:
            plan = direct.planned(guests.kernel(name), *direct.options("--protocol", "pvh", "--kaslr", "3"))
            self.assertEqual(plan["kernel"]["virtual_delta"], 0)
            self.assertEqual(plan["kernel"]["delta"] != 0, name in RELOCATABLE_PVH, name)
        for name in RELOCATABLE_PVH:
            self.check_pvh(name, "--kaslr", "3")

    def check_pvh(self, name, *arguments):
        with self.subTest(kernel=name, arguments=arguments):
            plan, ran = direct.boot(self, guests.kernel(name), "--protocol", "pvh", *arguments)
            self.assertTrue(plan["direct"])
            self.assertEqual(plan["protocol"], "pvh")
            return plan, ran


class Linux32(unittest.TestCase):
    """All of such a kernel moves as one, so _text tells both bases."""

    def check(self, name, *arguments):
        with self.subTest(kernel=name, arguments=arguments):
            initrd = guests.initramfs(guests.HANDOFF / "init32")
            plan, _ = direct.boot(self, guests.kernel(name), *arguments, initrd=initrd)
            self.assertTrue(plan["direct"], plan["why_not_direct"])
            self.assertEqual(plan["kernel"]["virtual_base"], 0xC0000000 + plan["kernel"]["load"])
            return plan

    def test_unmoved(self):
        for name in ("i386", "i386-pae"):
            plan = self.check(name, "--kaslr", "off")
            self.assertEqual(plan["protocol"], "linux32")
            self.assertEqual(plan["kernel"]["delta"], 0)

    def test_seeds(self):
        for name in ("i386", "i386-pae"):
            places = set()
            for seed, cpus, size in ((1, 1, "512M"), (2, 2, "4G"), (3, 1, "128M")):
                plan = self.check(name, "--kaslr", seed, "--smp", cpus, "-m", size)
                self.assertEqual(plan["kernel"]["delta"], plan["kernel"]["virtual_delta"])
                places.add(plan["kernel"]["load"])
            self.assertGreater(len(places), 1)

    def test_pvh(self):
        plan = self.check("i386-pae", "--protocol", "pvh")
        self.assertEqual(plan["kernel"]["delta"], 0)


class Around(unittest.TestCase):
    """What else a direct boot is to keep."""

    def test_off(self):
        plan, ran = direct.boot(self, guests.kernel("cloud"), "--direct", "off")
        self.assertFalse(plan["direct"])
        self.assertNotIn("ELF inside", ran.stderr)

    def test_unified_image(self):
        plan, _ = direct.boot(self, guests.kernel("uki"), "--kaslr", "4")
        self.assertTrue(plan["direct"])
        self.assertIsNotNone(plan["uki"])

    def test_compressed_elf(self):
        ran = guests.run(guests.kernel("xen-gz"), "-m", "1G", "--protocol", "multiboot2", "--cmdline",
                         "xen no-real-mode console=com1 com1=115200,8n1", "--module", guests.kernel("cloud"),
                         timeout=25)
        self.assertIn("(XEN) Bootloader: zeropage", ran.stdout, ran.stderr)

    def test_cache(self):
        """The second boot of a kernel does not unpack it."""
        image, folder = guests.kernel("cloud"), guests.FOLDER / "cache"
        first = guests.run(image, *direct.options("--kaslr", 1, "--cache", folder))
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn(guests.MARKER, first.stdout)
        self.assertIn("the ELF inside, kernel at", first.stderr)
        _, second = direct.boot(self, image, "--kaslr", 2, "--cache", folder)
        self.assertIn("the ELF inside, from the cache, kernel at", second.stderr)

    INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec >/dev/console 2>&1
/bin/busybox cat /word /kernel/x86/microcode/word
echo 'zeropage: init reached'
/bin/busybox poweroff -f
"""

    def archives(self):
        """Microcode first, of a length that is no multiple of four; then two that hold the same file."""
        first = guests.FOLDER / "microcode"
        first.write_bytes(cpio({"kernel/x86/microcode/word": b"microcode\n"}) + b"\0")
        main = guests.initramfs(self.INIT, ((self.word("first"), "word"),))
        last = guests.FOLDER / "last"
        last.write_bytes(cpio({"word": b"last\n"}))
        return first, main, last

    @staticmethod
    def word(text):
        path = guests.FOLDER / text
        path.write_text(text + "\n")
        return path

    def test_initrds_keep_their_order(self):
        files = self.archives()
        arguments = [part for file in files for part in ("--initrd", file)]
        image = guests.kernel("cloud")
        ran = guests.run(image, *arguments, "--cmdline", direct.CMDLINE, "--kaslr", 5)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertRegex(ran.stdout, r"last\r?\nmicrocode\r?\nzeropage: init reached")
        self.assert_joined(image, files, arguments)

    def assert_joined(self, image, files, arguments):
        """In memory at the entry: one after the other, each from a multiple of four."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        argv = [zptap.BINARY, "run", image, "--engine", "qemu", "--timeout", 60, *arguments, "--kaslr", 5, "--gdb",
                port]
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        try:
            for line in process.stderr:
                if "waiting for gdb" in line:
                    break
            self.assertRegex(line, r"add-symbol-file vmlinux -o 0x[1-9a-f][0-9a-f]*'")
            debugger = remote.Remote(("127.0.0.1", port))
            params = debugger.register("rsi")
            start, size = struct.unpack("<II", debugger.memory(params + 0x218, 8))
            at = 0
            for file in files:
                data = file.read_bytes()
                at += -at % 4
                self.assertEqual(debugger.memory(start + at, 64), data[:64], file)
                self.assertEqual(debugger.memory(start + at + len(data) - 16, 16), data[-16:], file)
                at += len(data)
            self.assertEqual(at, size)
            debugger.close()
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate(timeout=30)


def cpio(files):
    """A newc archive (initramfs buffer format) with the folders that the files want."""
    out = bytearray()
    folders = sorted({name[:i] for name in files for i, c in enumerate(name) if c == "/"})
    members = [(name, 0o40755, b"") for name in folders]
    members += [(name, 0o100644, data) for name, data in files.items()] + [("TRAILER!!!", 0, b"")]
    for number, (name, mode, data) in enumerate(members, 1):
        raw = name.encode() + b"\0"
        out += b"070701" + b"".join(b"%08x" % f for f in (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0))
        out += raw
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


if __name__ == "__main__":
    zptap.main()
