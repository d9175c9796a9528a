# SPDX-License-Identifier: BSD-2-Clause
"""Packed files boot wherever they say they do: every way in with every kind of kernel behind it, and Debian's system.

Each way, from packed.py, and each kernel is a point of its own, and a real boot: the probe's report is judged as
`zeropage probe` does, and what was built in and handed over must have come out whole. Spoiled files are refused with
a message on each way in. They are run two at a time, whichever of them is waited for.
"""
import concurrent.futures
import pathlib
import re
import sys
import tempfile
import unittest

import zptap

sys.path[1:1] = [str(zptap.SOURCE / "tests" / room) for room in ("boot", "verdict")]
import nested  # pylint: disable=wrong-import-position
import packed
import programs

hosts, media = packed.hosts, packed.media

# By two kernels: one that is entered in 64-bit mode, one in 32-bit mode at the very address at which hosts load us.
TWO = ("bzimage", "osv")
ONE = ("pvh",)


def cases():
    for way in packed.FUNNEL:
        yield from ((way, shape) for shape in packed.SHAPES)
    for way in packed.OTHERS:
        yield from ((way, shape) for shape in TWO)
    for way in packed.SMALL:
        yield from ((way, shape) for shape in ONE)
    for way in packed.FUNNEL + packed.OTHERS:
        yield way, "debian"
    yield packed.WAYS["kernel-zstd"], "debian"
    yield packed.WAYS["disk-zstd"], "debian"
    yield packed.WAYS["kernel-lz4"], "cloud-6.12"


def subject(name):
    if name == "debian":
        return packed.debian()
    return packed.debian(name) if name.startswith("cloud") else packed.probe(name)


POOL = concurrent.futures.ThreadPoolExecutor(2)


class Boots(unittest.TestCase):
    """A test for each of cases() is added below."""

    @classmethod
    def setUpClass(cls):
        cls.running = {(way.name, name): POOL.submit(packed.boot, way, subject(name)) for way, name in cases()}


def point(way, name):
    def test(self):
        wrong = self.running[way.name, name].result()
        self.assertEqual(wrong, [], f"{name} by {way.name}")
    test.__doc__ = f"{name} by {way.name}"
    return test


for _way, _name in cases():
    setattr(Boots, f"test_{_way.name}_{_name}".replace("-", "_").replace(".", "_"), point(_way, _name))


# --- spoiled files --------------------------------------------------------------------------------------

def efi_stub(path):
    """Where the body of BOOTX64.EFI begins in the file: the second that has the mark of one."""
    data = path.read_bytes()
    mark = b"zeropage" + (1).to_bytes(4, "little")
    return data.index(mark, data.index(mark) + 1) - 0x40


def spoilt(path):
    """{name: (file, ways in, what is said)}; every file has something else wrong with it."""
    told = packed.described(path)
    start, size = told["modules"][-1]
    stub, front, payload = r"altered or cut: checksum of the stub", "first sectors of this file are altered", r"altered or cut"
    every, bios = ("kernel", "disk", "uefi", "state"), ("kernel", "disk")
    yield "front", packed.spoil(path, "front", 0x600), bios, front
    yield "headers", packed.spoil(path, "headers", 0x288), bios, front
    yield "stub", packed.spoil(path, "stub", packed.BODY + told["body_size"] // 2), (*bios, "state"), stub
    yield "body-header", packed.spoil(path, "body-header", packed.BODY + 0x40 + 0x2c), (*bios, "state"), stub
    yield "efi-stub", packed.spoil(path, "efi-stub", efi_stub(path) + told["body_size"] // 2), ("uefi",), stub
    yield "payload-header", packed.spoil(path, "payload-header", told["payload"] + 24), every, payload
    yield "kernel", packed.spoil(path, "kernel", told["kernel"] + told["kernel_size"] // 2), every, payload
    yield "last-byte", packed.spoil(path, "last-byte", start + size - 1), every, payload
    for name, length in (("in-stub", packed.BODY + 0x1000), ("in-kernel", told["kernel"] + 700), ("at-end", start + size - 1)):
        said = stub if name == "in-stub" else payload
        yield f"cut-{name}", packed.cut(path, length, False), ("kernel",), said
        yield f"zeros-{name}", packed.cut(path, length, True), bios if name == "in-stub" else every, said


def enter(way, image, folder):
    if way == "kernel":
        return hosts.qemu("pc", "-kernel", image, "-append", packed.HANDED)
    if way == "state":
        return hosts.qemu("pc", *packed.state_of("firecracker", image, folder))
    job = hosts.Job(image, "packed", None, "", folder)
    return packed.uefi_disk(job) if way == "uefi" else packed.disk(image)


def try_spoilt(way, image, said):
    """What is wrong with how it is refused; "" for nothing."""
    with tempfile.TemporaryDirectory(prefix="zeropage-pack-") as folder:
        words, ran, text = packed.refused(enter(way, image, pathlib.Path(folder)))
    if ran:
        return f"the kernel was entered: {packed.tail(text)}"
    return "" if re.search(said, words) else f"it said [{words}], not [{said}]: {packed.tail(text)}"


class Spoiled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cases = list(spoilt(packed.probe("pvh").file()))
        cls.running = {(name, way): POOL.submit(try_spoilt, way, image, said)
                       for name, image, ways, said in cls.cases for way in ways}

    def check(self, way):
        for (name, by), future in self.running.items():
            if by == way:
                with self.subTest(name=name, way=way):
                    self.assertEqual(future.result(), "")

    def test_kernel(self):
        """QEMU -kernel"""
        self.check("kernel")

    def test_disk(self):
        """a BIOS disk"""
        self.check("disk")

    def test_uefi(self):
        """a UEFI disk"""
        self.check("uefi")

    def test_state(self):
        """the 64-bit entry of the ELF"""
        self.check("state")

    def test_a_disk_that_ends(self):
        """a disk that is shorter than the file: what it was read for is not there"""
        path = packed.debian().file()
        said, ran, text = packed.refused(packed.disk(packed.cut(path, 8 * packed.MIB, False), memory=512))
        self.assertFalse(ran)
        self.assertIn("disk read error", said, packed.tail(text))


# --- files that were edited ------------------------------------------------------------------------------

class Edited(unittest.TestCase):
    """Put in afterwards, sealed anew: they boot, and hand over what was put in."""

    LINE = "another=1 line"

    @classmethod
    def setUpClass(cls):
        cls.path = packed.copy(packed.probe("multiboot2").file("--initrd-room", "65536"), "edited")
        packed.zeropage_pack("--set-cmdline", cls.path, cls.LINE)
        packed.zeropage_pack("--set-initrd", cls.path, packed.initrd("handed.initrd"))

    def check(self, way):
        with tempfile.TemporaryDirectory(prefix="zeropage-pack-") as folder:
            text = packed.listen(enter(way, self.path, pathlib.Path(folder)), 90, rb'"probe":"end"[^\n]*\n')
        lines = packed.report(text)
        self.assertTrue(lines, packed.tail(text))
        line = self.LINE + (" " + packed.HANDED if way == "kernel" else "")
        self.assertEqual([one["text"] for one in lines if one["probe"] == "cmdline"], [line])
        self.assertEqual([one["size"] for one in lines if one["probe"] == "module"], [len(packed.INITRDS["handed.initrd"])])

    def test_kernel(self):
        self.check("kernel")

    def test_disk(self):
        self.check("disk")

    def test_uefi(self):
        self.check("uefi")


# --- kernels of other makers -----------------------------------------------------------------------------

# Name in tools/kernels, command line, options, and what its first words are: on the serial port, or (None) on the screen.
FOREIGN = {
    "xen": ("xen no-real-mode console=com1 com1=115200,8n1", ("--entry", "multiboot2"), r"\(XEN\) Xen version 4\.\d+"),
    "xen-gz": ("xen no-real-mode console=com1 com1=115200,8n1", ("--entry", "multiboot1", "--compress", "zstd"),
               r"\(XEN\) Xen version 4\.\d+"),
    "gnumach": ("gnumach console=com0", (), r"GNU Mach 1\.8"),
    "memtest": ("console=ttyS0,115200", (), r"Memtest86\+"),
    "invaders": ("", (), None),
}

SECONDS = 150  # memtest measures the memory before its first word


def screen(image, words, seconds=40):
    """Whether these words come up in the text memory of a PC's screen."""
    with programs.Machine("-drive", f"file={image},format=raw,snapshot=on,if=ide", "-vga", "std", "-machine", "pc,accel=tcg",
                          memory="256M") as machine:
        for _ in range(seconds):
            machine.read(1)
            dump = machine.monitor("xp /4000xb 0xb8000")
            data = bytes(int(byte, 16) for line in dump.splitlines() for byte in line.partition(":")[2].split())
            text = data[::2].decode("latin-1")
            if re.search(words, text):
                return True, text
        return False, text


class Foreign(unittest.TestCase):
    """The first words of other kernels, packed; by a disk, and by QEMU -kernel."""

    def check(self, name):
        line, options, said = FOREIGN[name]
        image = packed.packed(media.fetched(name), "--cmdline", line, *options)
        with tempfile.TemporaryDirectory(prefix="zeropage-pack-") as folder:
            for way in ("disk", "kernel"):
                with self.subTest(way=way):
                    argv = enter(way, image, pathlib.Path(folder))
                    self.assertRegex(packed.listen(argv, SECONDS, said.encode(), silence=SECONDS), said)

    def test_xen(self):
        self.check("xen")

    def test_xen_as_shipped(self):
        self.check("xen-gz")

    def test_gnumach(self):
        self.check("gnumach")

    def test_memtest(self):
        self.check("memtest")

    def test_invaders(self):
        """on the screen alone"""
        image = packed.packed(media.fetched("invaders"), "--entry", "multiboot1")
        there, text = screen(image, r"(?i)invaders|-\*-")
        self.assertTrue(there, text)


# --- KVM ---------------------------------------------------------------------------------------------------

KVM = [(protocol, shape) for protocol in ("linux32", "linux64", "pvh") for shape in packed.SHAPES]


class OnKvm(unittest.TestCase):
    """Our KVM engine, where /dev/kvm opens; else Nested below does it."""

    @unittest.skipIf(zptap.why_no_kvm(), "/dev/kvm does not open: see Nested")
    def test_shapes(self):
        for protocol, shape in KVM:
            with self.subTest(protocol=protocol, shape=shape):
                way = packed.Way(f"kvm-{protocol}", packed.kvm(protocol))
                self.assertEqual(packed.boot(way, packed.probe(shape)), [])


class Nested(nested.Guests):
    """The same in a Linux that runs on an emulated processor with SVM; and there Debian's kernel as well."""

    @classmethod
    def machine(cls):
        lines, files = [], [(packed.initrd("handed.initrd"), "handed.initrd"), (packed.one_more(), "handed.cpio")]
        shapes = packed.SHAPES if zptap.why_no_kvm() else ("osv",)
        for shape in shapes:
            files.append((packed.probe(shape).file(), shape))
            lines += [f"try {protocol}-{shape} /{shape} --engine kvm --protocol {protocol} -m 256M --cmdline '{packed.HANDED}'"
                      " --initrd /handed.initrd --timeout 30 --silence 0" for protocol in ("linux32", "linux64", "pvh")]
        files.append((packed.debian().file(), "debian"))
        lines.append(f"try linux64-debian /debian --engine kvm --protocol linux64 -m 384M --cmdline 'quiet {packed.HANDED}'"
                     " --initrd /handed.cpio --timeout 100 --silence 0")
        return nested.console("\n".join(lines), files, 400)

    def test_boots(self):
        for name, (text, _) in self.ran.items():
            protocol, _, shape = name.partition("-")
            with self.subTest(protocol=protocol, shape=shape):
                way = packed.Way(f"nested-{protocol}", None)
                if shape == "debian":
                    self.assertEqual(packed.judge_linux(text, way, packed.debian()), [])
                else:
                    self.assertEqual(packed.judge_probe(text, way, packed.probe(shape)), [])
        self.assertIn("linux64-debian", self.ran, self.console[-2000:])
        self.assertIn("pvh-osv", self.ran, self.console[-2000:])


if __name__ == "__main__":
    zptap.main()
