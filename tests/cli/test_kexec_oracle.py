# SPDX-License-Identifier: BSD-2-Clause
"""Where kexec would put a kernel, beside where our plan puts it.

kexec-tools places kernel, initrd and boot_params by itself and hands the segments to kexec_load(2). strace
answers that call in the kernel's place, so that nothing is loaded, and shows them. Both layouts then go before
the same judges, which read the image's header by themselves (Linux Documentation/x86/boot): our plan must keep
each rule, whether kexec keeps it or not, and kexec must keep those that it is known to, lest the judges err.
"""
import itertools
import json
import re
import struct
import tempfile
import unittest
from pathlib import Path

import zptap

INITRD_SIZE = 20_000_001  # no multiple of a page
CMDLINE = "console=ttyS0 root=/dev/ram0"
GIB4 = 1 << 32
PHYSICAL_END = 1 << 52
WINDOW = "--mem-max=0x1fffffff"
XLF_KERNEL_64, XLF_CAN_BE_LOADED_ABOVE_4G = 1, 2


class Image:
    """What the setup header demands, by field offset."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        field = lambda form, offset: struct.unpack_from(form, data, offset)[0]
        self.path = path
        self.code_size = len(data) - (field("<B", 0x1f1) + 1) * 512
        self.initrd_addr_max = field("<I", 0x22c)
        self.relocatable = field("<B", 0x234) != 0
        self.alignment = field("<I", 0x230)
        xloadflags = field("<H", 0x236)
        self.is_64 = bool(xloadflags & XLF_KERNEL_64)
        self.above_4g = bool(xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G)
        self.pref_address = field("<Q", 0x258)
        self.init_size = field("<I", 0x260)


class Layout:
    """Ranges (start, end): the kernel's whole reserve, the initrd, all else, and the RAM that there is."""

    def __init__(self, who, entry64, kernel, file_end, initrd, others, ram):
        self.who, self.entry64, self.kernel, self.file_end = who, entry64, kernel, file_end
        self.initrd, self.others, self.ram = initrd, others, ram

    def __str__(self):
        show = lambda ranges: " ".join(f"{start:#x}-{end - 1:#x}" for start, end in ranges)
        initrd = show([self.initrd]) if self.initrd else "none"
        return f"{self.who}: kernel {show([self.kernel])}, initrd {initrd}, others {show(self.others)}"

    def runtime(self, image):
        """Linux Documentation/x86/boot, init_size: where the kernel runs before it reads the memory map."""
        start = self.kernel[0]
        if image.relocatable:
            start = max(-(-start // image.alignment) * image.alignment, image.pref_address)
        return start, start + image.init_size


def inside(inner, outer):
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def disjoint(ranges):
    ordered = sorted(ranges)
    return all(a[1] <= b[0] for a, b in zip(ordered, ordered[1:]))


def reaches(image, layout):
    """Highest end for what the kernel is handed."""
    return PHYSICAL_END if image.above_4g and layout.entry64 else GIB4


RULES = {
    "the whole file is there": lambda image, at: at.file_end - at.kernel[0] >= image.code_size,
    "the load address is aligned, or the linked one": lambda image, at:
        at.kernel[0] % image.alignment == 0 if image.relocatable else at.kernel[0] == image.pref_address,
    "init_size is reserved at the load address": lambda image, at: at.kernel[1] - at.kernel[0] >= image.init_size,
    "the kernel's runtime range is its own": lambda image, at: inside(at.runtime(image), at.kernel),
    "the initrd begins a page": lambda image, at: not at.initrd or at.initrd[0] % 4096 == 0,
    "the initrd is whole": lambda image, at: not at.initrd or at.initrd[1] - at.initrd[0] >= INITRD_SIZE,
    "the initrd lies where the kernel reads it": lambda image, at:
        not at.initrd or at.initrd[1] <= (PHYSICAL_END if image.above_4g else image.initrd_addr_max + 1),
    "boot_params and command line lie in reach": lambda image, at:
        all(end <= reaches(image, at) for _, end in at.others),
    "nothing overlaps": lambda image, at: disjoint(at.others + [at.kernel] + ([at.initrd] if at.initrd else [])),
    "all is RAM": lambda image, at:
        all(any(inside(part, ram) for ram in at.ram) for part in at.others + [at.kernel] + [at.initrd or at.kernel]),
}
# kexec's loader for the 32-bit entry reserves the bytes of the file alone.
NOT_BY_KEXEC32 = {"init_size is reserved at the load address", "the kernel's runtime range is its own"}


def system_ram():
    """Runs of RAM of this machine, ends exclusive; what is inside of them (kernel code) counts too."""
    rows = re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) : System RAM$", Path("/proc/iomem").read_text())
    return [(int(start, 16), int(end, 16) + 1) for start, end in rows]


class Kexec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="zeropage-kexec-")
        cls.addClassCleanup(folder.cleanup)
        cls.initrd = Path(folder.name) / "initrd"
        cls.initrd.write_bytes(b"\x5a" * INITRD_SIZE)
        cls.images = {}

    def image(self, name):
        if name not in self.images:
            ran = zptap.command(zptap.SOURCE / "tools/kernels", "get", name, timeout=600)
            if ran.returncode != 0 and name.startswith("i386"):
                self.skipTest(f"another architecture's packages are out of reach: {ran.stderr.strip()[-200:]}")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.images[name] = Image(ran.stdout.strip())
        return self.images[name]

    def kexec(self, image, with_initrd, *options):
        """kexec's layout. Skips, with kexec's words, where it cannot look at this machine at all."""
        argv = ["strace", "-f", "-v", "-X", "raw", "-e", "trace=kexec_load", "-e", "inject=kexec_load:retval=0",
                "kexec", "-c", "-l", image.path, f"--command-line={CMDLINE}", *options]
        if with_initrd:
            argv.append(f"--initrd={self.initrd}")
        ran = zptap.command(*argv, timeout=60)
        if "kexec_load(" not in ran.stderr:
            said = (ran.stdout + ran.stderr).strip().splitlines() or ["nothing"]
            self.skipTest(f"kexec cannot plan on this machine: {' / '.join(said)[:300]}")
        self.assertIn("(INJECTED)", ran.stderr)
        found = re.findall(r"\{buf=0x[0-9a-f]+, bufsz=(\d+), mem=0x([0-9a-f]+), memsz=(\d+)\}", ran.stderr)
        segments = [(int(size), int(start, 16), int(start, 16) + int(memory)) for size, start, memory in found]
        kernel = [segment for segment in segments if segment[0] == image.code_size]
        self.assertEqual(len(kernel), 1, ran.stderr)
        initrd = [segment for segment in segments if segment[0] == INITRD_SIZE]
        self.assertEqual(len(initrd), int(with_initrd), ran.stderr)
        others = [(start, end) for size, start, end in segments if size not in (image.code_size, INITRD_SIZE)]
        self.assertGreaterEqual(len(others), 2, ran.stderr)
        entry64 = image.is_64 and "--entry-32bit" not in options
        return Layout(f"kexec {' '.join(options)}", entry64, kernel[0][1:], kernel[0][1] + kernel[0][0],
                      initrd[0][1:] if initrd else None, others, system_ram())

    def plan(self, image, with_initrd, ram, protocol):
        """Our layout, from what the command prints."""
        argv = [zptap.BINARY, "plan", "--direct", "off", "--json", image.path, "--cmdline", CMDLINE, "-m", ram, "--protocol", protocol]
        if with_initrd:
            argv += ["--initrd", self.initrd]
        ran = zptap.command(*argv)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        plan = json.loads(ran.stdout)
        self.assertEqual(plan["protocol"], protocol)
        spans = [(span["kind"], int(span["start"], 16), span["size"], span["file_size"]) for span in plan["spans"]]
        ranges = {kind: sorted((start, start + size) for k, start, size, _ in spans if k == kind)
                  for kind in {span[0] for span in spans}}
        kernel = sorted(ranges["kernel"] + ranges.get("kernel_reserved", []))
        # The kernel's own spans touch each other: one reserve without a gap.
        self.assertTrue(all(a[1] == b[0] for a, b in zip(kernel, kernel[1:])), kernel)
        others = [part for kind, parts in ranges.items() for part in parts
                  if kind not in ("kernel", "kernel_reserved", "initrd")]
        self.assertIn("boot_params", ranges)
        self.assertIn("cmdline", ranges)
        # What the blobs hold is told as no RAM, so that the machine's own ranges count here.
        free = [(int(r["start"], 16), int(r["start"], 16) + r["size"]) for r in plan["machine"]["ranges"]
                if r["usage"] == "free"]
        file_end = max(start + file_size for kind, start, _, file_size in spans if kind == "kernel")
        return Layout(f"plan -m {ram} --protocol {protocol}", protocol == "linux64",
                      (kernel[0][0], kernel[-1][1]), file_end, ranges["initrd"][0] if with_initrd else None,
                      others, free)

    def judge(self, image, layout, but=()):
        for name, rule in RULES.items():
            if name not in but:
                self.assertTrue(rule(image, layout), f"{name}: {layout}")

    def compare(self, name, with_initrd=True):
        image = self.image(name)
        protocols = ["linux64", "linux32"] if image.is_64 and image.relocatable else ["linux32"]
        for protocol, ram in itertools.product(protocols, ["512M", "2G", "6G"]):
            self.judge(image, self.plan(image, with_initrd, ram, protocol))
        for options in self.ways(image):
            layout = self.kexec(image, with_initrd, *options)
            self.judge(image, layout, () if layout.entry64 and image.relocatable else NOT_BY_KEXEC32)

    @staticmethod
    def ways(image):
        """What kexec is asked for: freely, in a window of memory, and by the other entry."""
        ways = [[], [WINDOW]]
        if image.is_64 and image.relocatable:
            ways += [["--mem-min=0x8000000", WINDOW], ["--entry-32bit", WINDOW]]
        return ways

    def test_cloud(self):
        """Linux 6.1 for clouds: our plan and kexec's keep the same rules"""
        self.compare("cloud")

    def test_cloud_6_12(self):
        """Linux 6.12 for clouds: our plan and kexec's keep the same rules"""
        self.compare("cloud-6.12")

    def test_i386_pae(self):
        """Linux 6.1 for i386: our plan and kexec's keep the same rules"""
        self.compare("i386-pae")

    def test_memtest(self):
        """memtest86+, which cannot move and takes no initrd: our plan and kexec's keep the same rules"""
        self.compare("memtest", with_initrd=False)

    def test_reserve_agrees(self):
        """kexec's 64-bit loader and our plan reserve the same size for a kernel, and load the same bytes"""
        for name in ("cloud", "cloud-6.12"):
            image = self.image(name)
            theirs = self.kexec(image, True, WINDOW)
            ours = self.plan(image, True, "512M", "linux64")
            size = [layout.kernel[1] - layout.kernel[0] for layout in (ours, theirs)]
            self.assertEqual(size[0], size[1])
            # What kexec leaves out at the end of the file, if anything, is less than a page.
            loaded = [layout.file_end - layout.kernel[0] for layout in (ours, theirs)]
            self.assertEqual(loaded[0], loaded[1])
            self.assertEqual(ours.initrd[1] - ours.initrd[0], theirs.initrd[1] - theirs.initrd[0])

    def test_judges_bite(self):
        """each rule refuses a layout that breaks it"""
        image = self.image("cloud")
        good = self.plan(image, True, "512M", "linux64")
        start, end = good.kernel
        initrd, ram_end = good.initrd, max(end for _, end in good.ram)
        broken = {
            "the whole file is there": {"file_end": start + image.code_size - 1},
            "the load address is aligned, or the linked one": {"kernel": (start + 4096, end + 4096)},
            "init_size is reserved at the load address": {"kernel": (start, start + image.init_size - 1)},
            "the kernel's runtime range is its own": {"kernel": (0x200000, 0x200000 + image.init_size)},
            "the initrd begins a page": {"initrd": (initrd[0] + 16, initrd[1] + 16)},
            "the initrd is whole": {"initrd": (initrd[0], initrd[0] + INITRD_SIZE - 1)},
            "the initrd lies where the kernel reads it": {"initrd": (PHYSICAL_END, PHYSICAL_END + INITRD_SIZE)},
            "boot_params and command line lie in reach": {"entry64": False, "others": [(GIB4, GIB4 + 4096)]},
            "nothing overlaps": {"initrd": (end - 4096, end - 4096 + initrd[1] - initrd[0])},
            "all is RAM": {"initrd": (ram_end - 4096, ram_end - 4096 + initrd[1] - initrd[0])},
        }
        self.assertEqual(set(broken), set(RULES))
        for name, changes in broken.items():
            bad = self.plan(image, True, "512M", "linux64")
            for member, value in changes.items():
                setattr(bad, member, value)
            self.assertFalse(RULES[name](image, bad), name)


if __name__ == "__main__":
    zptap.main()
