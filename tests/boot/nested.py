# SPDX-License-Identifier: BSD-2-Clause
"""A machine with real KVM: QEMU emulates a processor with SVM, Debian's kernel drives it, and a script runs
our `zeropage` inside. Its console is what comes out."""
import os
import re
import select
import subprocess
import time
import unittest

import guests
import zptap

MUTE_SECONDS = 100

INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null >/dev/console 2>&1
echo 1 >/proc/sys/kernel/printk
for module in MODULES; do insmod /$module; done
[ -c /dev/kvm ] || echo "no /dev/kvm"
try() {
    name=$1
    shift
    echo "=== $name"
    zeropage run "$@"
    echo "=== ended $?"
}
RUNS
poweroff -f
"""


def libraries():
    """The shared libraries of our program, and the loader."""
    listing = zptap.command("ldd", zptap.BINARY).stdout
    return re.findall(r"(/\S+) \(0x", listing)


def outer_initramfs(script, files):
    modules = guests.modules("kvm-amd")
    text = INIT.replace("MODULES", " ".join(m.name for m in modules)).replace("RUNS", script)
    add = [(zptap.BINARY, "bin/zeropage")] + files
    add += [(path, path.lstrip("/")) for path in libraries()]
    add += [(path, path.name) for path in modules]
    return guests.initramfs(text, tuple((str(source), inside) for source, inside in add))


def console(script, files, seconds):
    """What the machine prints, to its power-off: the script's `try NAME ARGUMENT...` is a run of zeropage with
    these arguments. files: pairs of a file and its path inside."""
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64,+svm,+npt", "-M", "pc", "-smp", "2",
            "-m", "1536", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(guests.kernel("cloud")), "-initrd", str(outer_initramfs(script, files)),
            "-append", "console=ttyS0 quiet panic=-1"]
    printed, hung = listen(argv, seconds)
    if hung:
        # Seen once in many runs, before the guest of a try was entered; why is not known. A second time is a failure.
        print(f"# the machine went mute for {MUTE_SECONDS} s and is started once more; last line: "
              f"{printed.rstrip().rpartition(chr(10))[2]}", flush=True)
        printed, _ = listen(argv, seconds)
    return printed


def listen(argv, seconds):
    """What argv prints until it ends, its time is over, or it goes mute; and whether it did that."""
    end = time.monotonic() + seconds
    out = b""
    hung = False
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while time.monotonic() < end:
            if not select.select([process.stdout], [], [], MUTE_SECONDS)[0]:
                hung = True
                break
            more = os.read(process.stdout.fileno(), 65536)
            if not more:
                break
            out += more
        process.kill()
    return out.decode(errors="replace").replace("\r", ""), hung


def outcomes(printed):
    """{name: (what it printed, exit status)} of each `try`."""
    return {name: (text, int(code)) for name, text, code in
            re.findall(r"^=== (\S+)\n(.*?)^=== ended (\d+)$", printed, re.M | re.S)}


class Guests(unittest.TestCase):
    """Tests that read the console of one machine: a subclass's `machine` starts it and returns what it printed.
    Skipped only where the machine comes up without a /dev/kvm, for then nesting cannot start."""

    @classmethod
    def setUpClass(cls):
        cls.console = cls.machine()
        cls.ran = outcomes(cls.console)

    def setUp(self):
        if "no /dev/kvm" in self.console:
            self.skipTest("nesting does not start: the machine has no /dev/kvm")

    def of(self, name, code=0):
        """What the run of that name printed; it must have ended with that code."""
        self.assertIn(name, self.ran, self.console[-3000:])
        text, ended = self.ran[name]
        self.assertEqual(ended, code, text)
        return text
