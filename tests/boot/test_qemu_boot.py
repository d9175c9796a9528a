# SPDX-License-Identifier: BSD-2-Clause
"""What the QEMU engine boots every day: the handoff guest in all five protocols, Debian's cloud kernel to
its userspace, images with the 16-bit entry alone; and how a run ends."""
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
import unittest

import guests
import zptap

PROTOCOLS = {
    "linux32": "handoff.bzimage",
    "linux64": "handoff.bzimage",
    "pvh": "handoff.elf",
    "multiboot1": "handoff.elf",
    "multiboot2": "handoff.elf",
}

# A floppy's first sector: prints "boot sector reached" on COM1, then powers off at PM1a control as SeaBIOS
# puts it. 16-bit code: the text is at 0x7c20.
BOOT_SECTOR = bytes.fromhex(
    "31c08ed8"            # xor ax,ax; mov ds,ax
    "be207c"              # mov si,0x7c20
    "ac84c07406"          # 1: lodsb; test al,al; jz 2f
    "baf803eeebf5"        # mov dx,0x3f8; out dx,al; jmp 1b
    "ba0406b80020ef"      # 2: mov dx,0x604; mov ax,0x2000; out dx,ax
    "f4ebfd"              # 3: hlt; jmp 3b
).ljust(0x20, b"\0") + b"boot sector reached\n\0"


class Handoff(unittest.TestCase):
    def test_every_protocol(self):
        for protocol, image in PROTOCOLS.items():
            with self.subTest(protocol=protocol):
                ran = guests.run(guests.HANDOFF / image, "--protocol", protocol, "-m", "16M", "--smp", 2,
                                 "--cmdline", "smp=2 off=pm")
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertIn(f"handoff: protocol {protocol}\n", ran.stdout)
                self.assertIn("handoff: cmdline [smp=2 off=pm]\n", ran.stdout)
                self.assertRegex(ran.stdout, r"handoff: rsdp .* sum ok\n")
                self.assertIn("handoff: woken 1\n", ran.stdout)
                self.assertIn("handoff: done\n", ran.stdout)

    def test_memory_beyond_the_hole(self):
        """More RAM than this machine has, even: it is not touched, so it is not there."""
        for size, ram in (("5G", 5 << 30), ("40G", 40 << 30)):
            with self.subTest(size=size):
                ran = guests.run(guests.HANDOFF / "handoff.bzimage", "-m", size)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                told = int(re.search(r"handoff: memory entries=\d+ ram=(\d+)", ran.stdout)[1])
                self.assertLess(ram - told, 1 << 20)


class Ends(unittest.TestCase):
    def run_guest(self, how, *arguments, timeout=60, typed=None):
        return guests.run(guests.HANDOFF / "handoff.bzimage", "--cmdline", f"off={how}", *arguments,
                          timeout=timeout, typed=typed)

    def test_resets(self):
        for how in ("cf9", "kbd", "port92"):
            with self.subTest(how=how):
                ran = self.run_guest(how)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertNotIn("triple", ran.stderr)

    def test_triple_fault_is_explained(self):
        ran = self.run_guest("triple")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("triple fault", ran.stderr)
        self.assertIn("handoff: done\n", ran.stdout)

    def test_halt(self):
        ran = self.run_guest("halt")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("halted", ran.stderr)

    def test_timeout(self):
        ran = self.run_guest("spin", timeout=2)
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, "still running|time")

    def test_typing_reaches_the_guest(self):
        ran = self.run_guest("echo", typed="hello, q")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("handoff: done\nhello, q\n", ran.stdout)

    def test_ctrl_a_x_leaves_a_terminal_as_it_was(self):
        ours, theirs = pty.openpty()
        before = termios.tcgetattr(theirs)
        argv = [zptap.BINARY, "run", guests.HANDOFF / "handoff.bzimage", "--engine", "qemu", "--cmdline",
                "off=echo"]
        process = subprocess.Popen([str(a) for a in argv], stdin=theirs, stdout=theirs, stderr=theirs)
        try:
            self.read_until(ours, b"handoff: done")
            os.write(ours, b"\x03typed")  # a raw Ctrl-C is the guest's
            self.read_until(ours, b"typed")
            os.write(ours, b"\x01x")
            self.assertEqual(process.wait(timeout=20), 0)
            self.assertEqual(termios.tcgetattr(theirs), before)
        finally:
            process.kill()
            process.wait()
            os.close(ours)
            os.close(theirs)

    def read_until(self, file, text):
        printed = b""
        while text not in printed:
            self.assertTrue(select.select([file], [], [], 30)[0], printed)
            printed += os.read(file, 4096)

    def test_what_qemu_says_is_passed_on(self):
        ran = self.run_guest("pm", "--", "-device", "no-such-device")
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, r"(?m)^zeropage: qemu: .*'no-such-device'")

    def test_missing_qemu_is_one_line(self):
        argv = [zptap.BINARY, "run", guests.HANDOFF / "handoff.bzimage", "--engine", "qemu"]
        ran = zptap.command(*argv, env=dict(os.environ, ZEROPAGE_QEMU="/nonexistent"))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("install qemu-system-x86", ran.stderr)

    def test_the_end_of_qemu_is_seen_with_sigchld_ignored(self):
        argv = [zptap.BINARY, "run", guests.HANDOFF / "handoff.bzimage", "--engine", "qemu"]
        ran = zptap.command(*argv, env=dict(os.environ, ZEROPAGE_QEMU="/bin/false"),
                            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        self.assertEqual(ran.returncode, 1)
        self.assertIn("qemu ended with status 1\n", ran.stderr)

    def test_closed_standard_streams(self):
        """Their numbers go neither to the image nor to guest RAM."""
        argv = [zptap.BINARY, "run", guests.HANDOFF / "handoff.bzimage", "--engine", "qemu", "-m", "16M",
                "--cmdline", "off=pm"]
        for closed in ((0,), (1,), (0, 1)):
            with self.subTest(closed=closed):
                ran = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True,
                                     text=True, timeout=60, preexec_fn=lambda: [os.close(n) for n in closed])
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertEqual("handoff: done" in ran.stdout, 1 not in closed)

    def test_no_qemu_is_left_behind(self):
        """Neither when zeropage is told to end nor when it is killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number):
                argv = [zptap.BINARY, "run", guests.HANDOFF / "handoff.bzimage", "--engine", "qemu",
                        "--cmdline", "off=spin"]
                process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                try:
                    for line in process.stdout:
                        if b"done" in line:
                            break
                    children = self.children(process.pid)
                    self.assertEqual(len(children), 1)
                finally:
                    process.send_signal(number)
                    process.wait(timeout=20)
                    process.stdout.close()
                self.assert_gone(children[0])

    @staticmethod
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def assert_gone(self, pid):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        return  # nobody has reaped it yet, but it runs no more
            except FileNotFoundError:
                return
            time.sleep(0.05)
        self.fail(f"QEMU, process {pid}, is still there")


class Linux(unittest.TestCase):
    """Debian's own kernel, unpacked by its own code, to its userspace, and off."""

    def boot(self, protocol):
        ran = guests.run(guests.kernel("cloud"), "--initrd", guests.initramfs(), "-m", "512M", "--protocol",
                         protocol, "--direct", "off", "--cmdline", "console=ttyS0 panic=-1", timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-2000:])
        self.assertIn(guests.MARKER, ran.stdout)
        self.assertRegex(ran.stdout, "zeropage: acpi: FACP")
        self.assertIn("reboot: Power down", ran.stdout)

    def test_linux32(self):
        self.boot("linux32")

    def test_linux64(self):
        self.boot("linux64")


class RealMode(unittest.TestCase):
    """SeaBIOS boots what offers only the 16-bit entry, and run says so."""

    def run_until(self, text, image, *arguments):
        """Runs until the guest has printed text, then has the run end. Returns what went to stderr."""
        argv = [zptap.BINARY, "run", image, "--engine", "qemu", "--timeout", 60, *arguments]
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        printed = b""
        try:
            # SeaBIOS copies the screen with cursor movements in between.
            while text not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", printed):
                part = os.read(process.stdout.fileno(), 4096)
                if not part:
                    self.fail(f"ended without {text!r}: {printed!r} {process.stderr.read()!r}")
                printed += part
            process.terminate()
            return process.communicate(timeout=30)[1].decode()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()

    def test_ipxe(self):
        said = self.run_until(b"iPXE initialising devices", guests.kernel("ipxe"))
        self.assertIn("SeaBIOS", said)
        self.assertIn("16-bit entry", said)

    def test_grub_behind_lnxboot(self):
        self.run_until(b"grub> ", guests.kernel("lnxboot"))

    def test_memdisk_with_a_floppy(self):
        floppy = guests.FOLDER / "floppy"
        floppy.write_bytes(BOOT_SECTOR.ljust(510, b"\0") + b"\x55\xaa" + bytes(1440 * 1024 - 512))
        ran = guests.run(guests.kernel("memdisk"), "--initrd", floppy)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("boot sector reached", ran.stdout)
        self.assertIn("SeaBIOS", ran.stderr)


if __name__ == "__main__":
    zptap.main()
