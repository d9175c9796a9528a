# SPDX-License-Identifier: BSD-2-Clause
"""zeropage pack: what it writes, read back by other people's tools; each refusal; edits in place."""
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import tempfile
import unittest

import zptap

PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
BODY = 0x1000
HEADER = BODY + 0x40  # struct zp_pack_body
ADDRESS = 0x200000
INITRD = bytes(range(256)) * 40
MIB = 1 << 20


def field(data, offset, kind="I"):
    return struct.unpack_from("<" + kind, data, offset)[0]


class Packed:
    """A packed file, by the layout's own words."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self.bytes = file.read(64 * MIB)
        names = ("magic version flavour body_size reserved stub_offset stub_size stub_bytes stub_memory work "
                 "payload_offset payload_size checksum").split()
        self.body = dict(zip(names, struct.unpack_from("<8s8I4Q", self.bytes, HEADER)))
        self.payload_at = BODY + self.body["payload_offset"]
        names = ("magic version header_size size checksum kernel_offset kernel_size kernel_bytes compression entry "
                 "told cmdline_room cmdline_offset cmdline_length home home_size modules_room module_count").split()
        self.payload = dict(zip(names, struct.unpack_from("<8s2I5Q6I3QI", self.bytes, self.payload_at)))
        self.modules = [struct.unpack_from("<2Q", self.bytes, self.payload_at + 112 + 16 * i)
                        for i in range(self.payload["module_count"])]
        self.end = self.payload_at + self.payload["size"]

    def part(self, offset, size):
        return self.bytes[self.payload_at + offset:self.payload_at + offset + size]

    def kernel(self):
        return self.part(self.payload["kernel_offset"], self.payload["kernel_size"])

    def cmdline(self):
        return self.part(self.payload["cmdline_offset"], self.payload["cmdline_length"] + 1)

    def initrds(self):
        return [self.part(*module) for module in self.modules]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        (self.work / "initrd").write_bytes(INITRD)

    def generate(self, kind, name="kernel", *options):
        ran = zptap.command(os.environ["ZP_GEN_IMAGE"], kind, *options, self.work / name)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return self.work / name

    def tool(self, *argv, code=0):
        ran = subprocess.run([str(a) for a in argv], cwd=self.work, capture_output=True, timeout=120,
                             stdin=subprocess.DEVNULL, env={**os.environ, "PATH": PATH, "LC_ALL": "C"})
        self.assertEqual(ran.returncode, code, (argv, ran.stdout, ran.stderr))
        return ran.stdout

    def zeropage(self, *argv, code=0, **options):
        ran = subprocess.run([str(a) for a in (zptap.BINARY, *argv)], cwd=options.pop("cwd", self.work), text=True,
                             timeout=240, capture_output=True, stdin=subprocess.DEVNULL, **options)
        self.assertEqual(ran.returncode, code, (argv, ran.stdout, ran.stderr))
        return ran

    def pack(self, *argv, name="image", **options):
        self.zeropage("pack", *argv, "-o", name, **options)
        return Packed(self.work / name)

    def refused(self, *argv):
        """The one line of a command that must change nothing."""
        before = {name: (self.work / name).read_bytes() for name in os.listdir(self.work)}
        ran = self.zeropage("pack", *argv, code=1)
        self.assertRegex(ran.stderr, r"\Azeropage: [^\n]+\n\Z")
        self.assertEqual(ran.stdout, "")
        self.assertEqual({name: (self.work / name).read_bytes() for name in os.listdir(self.work)}, before)
        return ran.stderr[len("zeropage: "):-1]

    def verify(self, name="image"):
        self.assertEqual(self.zeropage("pack", "--verify", name).stdout, f"{name}: as it was packed\n")

    def partitions(self, path):
        """start and size in bytes, type, of what sfdisk sees as partitions."""
        table = json.loads(self.tool("sfdisk", "-J", path))["partitiontable"]
        return [(p["start"] * 512, p["size"] * 512, p["type"], p.get("bootable", False))
                for p in table["partitions"] if p["type"] != "0"]


class Layout(Case):
    def check_headers(self, packed):
        """every header names the same run of bytes: body and payload"""
        data = packed.bytes
        size = packed.end - BODY
        memory = packed.body["work"] + packed.body["stub_memory"]
        memory = max(memory, len(data) - BODY)  # GRUB loads all of the file
        memory += -memory % 4096
        self.assertEqual(packed.body["magic"], b"zeropage")
        self.assertEqual(packed.payload["magic"], b"zp-load\n")
        self.assertEqual(packed.body["work"], packed.end - BODY + -(packed.end - BODY) % 4096)
        self.assertEqual((data[0x1F1], field(data, 0x1FE, "H"), data[0x202:0x206]), (7, 0xAA55, b"HdrS"))
        self.assertGreaterEqual(field(data, 0x206, "H"), 0x20C)
        self.assertEqual(field(data, 0x1F4) * 16, size)
        self.assertEqual((field(data, 0x258, "Q"), field(data, 0x260)), (ADDRESS, memory))
        # Xen looks for a payload there, finds none, and takes the ELF.
        self.assertEqual((data[0x234], field(data, 0x248), field(data, 0x24C)),
                         (1, 0xFFFFFFFF if data[:4] == b"\x7fELF" else 0, 0))
        signing = 0 if data[:4] == b"\x7fELF" else sum(field(data, at) for at in (0x2D8, 0x328, 0x32C))
        self.assertEqual((sum(struct.unpack_from("<864I", data, 0x280)) - signing) % (1 << 32), 0)
        if data[:4] == b"\x7fELF":
            told = self.tool("readelf", "-lhnW", packed.path).decode()
            self.assertRegex(told, r"Entry point address: +0x200200\n")
            load = re.search(r"(?m)^ +LOAD +(0x\w+) (0x\w+) (0x\w+) (0x\w+) (0x\w+) RWE 0x1000$", told)
            self.assertEqual([int(x, 16) for x in load.groups()], [BODY, ADDRESS, ADDRESS, size, memory])
            self.assertRegex(told, r"(?s)Xen +0x00000008.*0x00000012.*10 00 20 00 00 00 00 00")
        return memory

    def test_esp(self):
        """the ESP by mtools, fsck.fat and sfdisk; the payload is one run of bytes, in the file once"""
        image = self.generate("elf64-pvh")
        (self.work / "big").write_bytes(os.urandom(3 * MIB + 5))
        packed = self.pack(image, "--initrd", "initrd", "--initrd", "big", "--cmdline", "a=b c")
        self.check_headers(packed)
        (start, size, kind, active), = self.partitions(packed.path)
        self.assertEqual((kind, active, start % 4096), ("ef", True, 0))
        esp = self.work / "esp"
        esp.write_bytes(packed.bytes[start:start + size])
        self.assertEqual(esp.stat().st_size, size)
        self.tool("fsck.fat", "-n", esp)
        self.assertEqual(self.tool("mcopy", "-i", f"{packed.path}@@{start}", "::/EFI/BOOT/PAYLOAD.ZP", "-"),
                         packed.bytes[packed.payload_at:packed.end])
        self.assertIn(b"BOOTX64  EFI", self.tool("mdir", "-i", esp, "::/EFI/BOOT"))
        run, = re.findall(rb"<(\d+)-(\d+)>", self.tool("mshowfat", "-i", esp, "::/EFI/BOOT/PAYLOAD.ZP"))
        sectors, reserved, fat = esp.read_bytes()[0x0D], 1, field(esp.read_bytes(), 0x16, "H")
        data = start + (reserved + fat + 1) * 512
        self.assertEqual(data + (int(run[0]) - 2) * sectors * 512, packed.payload_at)
        self.assertEqual(packed.kernel(), image.read_bytes())
        self.assertEqual(packed.cmdline(), b"a=b c\0")
        self.assertEqual(packed.initrds(), [INITRD, (self.work / "big").read_bytes()])
        self.assertEqual(packed.bytes.count((self.work / "big").read_bytes()[:64]), 1)
        self.verify()

    def test_boot_stub(self):
        """BOOTX64.EFI is a PE by objdump, and a packed file without a payload"""
        packed = self.pack(self.generate("elf64-pvh"))
        stub = self.work / "BOOTX64.EFI"
        self.tool("mcopy", "-i", f"{packed.path}@@{self.partitions(packed.path)[0][0]}",
                  "::/EFI/BOOT/BOOTX64.EFI", stub)
        data = stub.read_bytes()
        told = self.tool("objdump", "-fp", stub).decode()
        for text in ("pei-x86-64", "(EFI application)", "AddressOfEntryPoint\t0000000000001210",
                     "SectionAlignment\t00001000", "SizeOfHeaders\t\t00001000"):
            self.assertIn(text, told)
        self.assertEqual((field(data, HEADER + 12), field(data, HEADER + 48, "Q")), (2, 0))
        self.assertLess(len(data), 256 << 10)
        self.verify("BOOTX64.EFI")
        self.assertIn("has no payload of its own", self.refused("--set-cmdline", "BOOTX64.EFI", "x"))

    def test_flavours(self):
        """no ESP, the PE flavour, multiboot headers"""
        image = self.generate("linux64")
        packed = self.pack(image, "--esp", "off", "--multiboot", "--initrd", "initrd")
        memory = self.check_headers(packed)
        (start, size, kind, active), = self.partitions(packed.path)
        self.assertEqual((start, kind, active), (BODY, "da", True))
        self.assertGreaterEqual(start + size, packed.end)
        told = json.loads(self.zeropage("inspect", "--json", "image").stdout)
        self.assertEqual({entry["protocol"] for entry in told["entries"]},
                         {"linux16", "linux32", "linux64", "pvh", "multiboot1", "multiboot2"})
        at = packed.bytes.index(struct.pack("<I", 0x1BADB002))
        header = struct.unpack_from("<8I", packed.bytes, at)
        self.assertEqual(header[1] & 0x10004, 0x10000)
        self.assertEqual(header[3:], (ADDRESS - BODY + at, ADDRESS - BODY, ADDRESS - BODY + packed.end,
                                      ADDRESS + memory, ADDRESS + 0x20))
        self.verify()
        packed = self.pack(image, "--flavour", "pe", name="pe")
        self.check_headers(packed)
        told = self.tool("objdump", "-fph", packed.path).decode()
        self.assertIn("(EFI application)", told)
        size, raw = re.search(r"SizeOfImage\t\t(\w+)\n", told)[1], re.search(r"\.text +(\w+) +(\w+)", told)
        self.assertGreaterEqual(int(size, 16), packed.end + packed.body["stub_memory"])
        self.assertEqual(int(raw[2], 16), BODY)
        self.assertGreaterEqual(BODY + int(raw[1], 16), packed.end)
        self.verify("pe")

    def test_inspect(self):
        """inspect sees bzImage, ELF64 and PVH, sound"""
        self.pack(self.generate("linux64"))
        told = json.loads(self.zeropage("inspect", "--json", "image").stdout)
        entries = {entry["protocol"]: entry["fault"] for entry in told["entries"]}
        self.assertEqual(entries, dict.fromkeys(("linux16", "linux32", "linux64", "pvh")))

    def test_sizes(self):
        """kernel + initrds + front + stubs + FAT + rooms + padding is all; each is as small as it can be"""
        (self.work / "big").write_bytes(os.urandom(5 * MIB))
        image = self.generate("elf64-pvh")
        for options in ([], ["--esp", "off"], ["--flavour", "pe"], ["--compress", "zstd"], ["--compress", "lz4"]):
            with self.subTest(options):
                ran = self.zeropage("pack", image, "-o", "image", "--initrd", "big", "--json", *options)
                told = json.loads(ran.stdout)
                packed = Packed(self.work / "image")
                self.assertEqual(told["file_size"], (self.work / "image").stat().st_size)
                self.assertEqual(told["kernel"], image.stat().st_size)
                self.assertEqual(told["kernel_stored"], packed.payload["kernel_size"])
                self.assertEqual(told["initrds"], 5 * MIB)
                self.assertEqual(told["stub"], packed.body["body_size"])
                self.assertEqual(told["file_size"], sum(told[part] for part in (
                    "kernel_stored", "initrds", "front", "stub", "efi_stub", "fat", "rooms", "padding")))
                self.assertEqual(told["added"], told["file_size"] - told["kernel"] - told["initrds"])
                self.assertLess(told["padding"], 24 << 10)
                self.assertLess(told["fat"], 32 << 10)
                self.assertLess(told["rooms"], 4096)

    def test_added(self):
        """without ESP at most 32 KiB are added to a kernel of any kind: Debian's, its vmlinux, Xen, GNU Mach"""
        self.zeropage("unpack", zptap.kernel("cloud"), "-o", "vmlinux")
        vmlinux = self.work / "vmlinux"
        for image, options in ((zptap.kernel("cloud"), ()), (vmlinux, ()), (vmlinux, ("--entry", "pvh")),
                               (zptap.kernel("xen"), ("--entry", "multiboot2")), (zptap.kernel("xen"), ("--entry", "pvh")),
                               (zptap.kernel("gnumach"), ())):
            with self.subTest(image=image.name, options=options):
                ran = self.zeropage("pack", image, "-o", "image", "--esp", "off", "--json", *options)
                told = json.loads(ran.stdout)
                self.assertEqual(Packed(self.work / "image").kernel(), image.read_bytes())
                padding = told["padding"] if told["file_size"] == MIB else 0  # BIOSes boot no shorter disks
                room = 32 << 10 if os.environ["ZP_CC_ID"] == "gcc" else 48 << 10  # link-time optimisation is gcc's
                self.assertLessEqual(told["file_size"] - padding, image.stat().st_size + room)
                self.verify()

    def test_compression(self):
        """what lz4 and zstd stored is what their own tools unpack"""
        image = self.generate("linux64")
        packed = self.pack(image, "--compress", "zstd")
        ran = subprocess.run(["zstd", "-dc"], input=packed.kernel(), capture_output=True, timeout=60, check=True)
        self.assertEqual(ran.stdout, image.read_bytes())
        self.assertEqual((packed.payload["compression"], packed.payload["kernel_bytes"]), (2, image.stat().st_size))
        packed = self.pack(image, "--compress", "lz4")
        block = packed.kernel()
        legacy = struct.pack("<II", 0x184C2102, len(block)) + block
        ran = subprocess.run(["lz4", "-dc"], input=legacy, capture_output=True, timeout=60, check=True)
        self.assertEqual(ran.stdout, image.read_bytes())
        self.assertLess(len(block), image.stat().st_size)

    def test_reproducible(self):
        """same input, same bytes: other folder, other names, other time"""
        image = self.generate("elf64-pvh")
        other = self.work / "other"
        other.mkdir()
        (other / "k").write_bytes(image.read_bytes())
        (other / "i").write_bytes(INITRD)
        os.utime(other / "k", (1, 1))
        for options in ([], ["--compress", "zstd"], ["--compress", "lz4"], ["--flavour", "pe"]):
            with self.subTest(options):
                one = self.pack(image, "--initrd", "initrd", *options)
                self.zeropage("pack", "k", "--initrd", "i", "-o", "x", *options, cwd=other,
                              env={**os.environ, "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "77"})
                self.assertEqual((other / "x").read_bytes(), one.path.read_bytes())
        one = self.pack(image, "--cmdline", "x")
        self.assertEqual(field(one.bytes, 0x1B8), field(self.pack(image, name="y").bytes, 0x1B8))

    def test_partitions(self):
        """appended partitions: place, type, bytes, and holes that stay holes"""
        (self.work / "root").write_bytes(b"root" * 1000)
        with open(self.work / "data:x", "wb") as data:
            data.truncate(6 << 30)
            data.seek(5 << 30)
            data.write(b"far away")
        self.zeropage("pack", self.generate("elf64-pvh"), "-o", "image", "--partition", "root:bF", "--partition",
                      "data:x")
        path = self.work / "image"
        first, root, data = self.partitions(path)
        self.assertEqual((root[2:], data[2:]), (("bf", False), ("83", False)))
        self.assertEqual((root[0] % 4096, data[0] % 4096, root[1], data[1]), (0, 0, 4096, 6 << 30))
        self.assertGreaterEqual(root[0], first[0] + first[1])
        self.assertEqual(path.stat().st_size, data[0] + data[1])
        self.assertLess(path.stat().st_blocks * 512, 16 * MIB)
        with open(path, "rb") as image:
            image.seek(root[0])
            self.assertEqual(image.read(4096), b"root" * 1000 + bytes(96))
            image.seek(data[0] + (5 << 30))
            self.assertEqual(image.read(8), b"far away")
        table = path.open("rb").read(512)[0x1BE:0x1FE]
        self.assertEqual(table[48 + 4], 0)
        self.verify()

    def test_small_disks(self):
        """a packed file has at least 1 MiB, since BIOSes do not boot shorter disks"""
        self.assertEqual(self.pack(self.generate("elf32-pvh")).path.stat().st_size, MIB)
        self.verify()


class Entries(Case):
    def test_told(self):
        """--entry: pinned where it is offered, told where it is not"""
        multiboot = self.generate("elf64-multiboot")
        packed = self.pack(multiboot, "--entry", "multiboot2")
        self.assertEqual((packed.payload["entry"], packed.payload["told"]), (6, 0))
        packed = self.pack(multiboot)
        self.assertEqual((packed.payload["entry"], packed.payload["told"]), (0, 0))
        packed = self.pack(self.generate("elf64", "plain"), "--entry", "multiboot1")
        self.assertEqual((packed.payload["entry"], packed.payload["told"]), (5, 1))
        packed = self.pack("plain")
        self.assertEqual((packed.payload["entry"], packed.payload["told"]), (0, 0))

    def test_home(self):
        """home is where the kernel is linked to lie"""
        image = self.generate("elf64-pvh")
        entry = json.loads(self.zeropage("inspect", "--json", image).stdout)["entries"][0]
        packed = self.pack(image)
        self.assertEqual((packed.payload["home"], packed.payload["home_size"]),
                         (int(entry["reserve"], 16), entry["reserve_size"]))

    def test_gzip(self):
        """Xen as it is shipped, a gzip'd ELF, is unpacked and the report says so"""
        ran = self.zeropage("pack", zptap.kernel("xen-gz"), "-o", "image")
        self.assertIn("after unpacking the file given", ran.stdout)
        self.assertEqual(Packed(self.work / "image").kernel(), zptap.kernel("xen").read_bytes())

    def test_real(self):
        """memtest86+, gnumach and grub-invaders are packed, each with its own home"""
        homes = {"memtest": 0x100000, "gnumach": 0x1000000, "invaders": 0x100000}
        for name, home in homes.items():
            with self.subTest(name):
                packed = self.pack(zptap.kernel(name))
                self.assertEqual(packed.kernel(), zptap.kernel(name).read_bytes())
                self.assertGreaterEqual(packed.payload["home"], 0x100000)
                self.verify()


class Refusals(Case):
    def test_images(self):
        """images that cannot be packed: a line that says why, and what to do"""
        self.assertIn("only the 16-bit entry", self.refused(zptap.kernel("ipxe"), "-o", "x"))
        self.assertIn("zeropage unpack --section .linux:FILE", self.refused(zptap.kernel("uki"), "-o", "x"))
        for kind in ("pe", "arm64", "elf64-program", "zboot"):
            with self.subTest(kind):
                name = self.generate(kind)
                line = self.zeropage("inspect", name, code=1).stderr.splitlines()[-1]
                self.assertEqual("zeropage: " + self.refused(name, "-o", "x"), line)
        self.assertIn("No such file", self.refused("absent", "-o", "x"))

    def test_plan(self):
        """what could never boot is refused when it is packed"""
        image = self.generate("bzimage")
        line = self.refused(image, "-o", "x", "--cmdline", "x" * 5000)
        self.assertIn("command line", line)
        self.assertIn("5000", line)
        (self.work / "empty").write_bytes(b"")
        self.assertTrue(self.refused(image, "-o", "x", "--initrd", "empty").startswith("empty: "))
        self.assertIn("protocol pvh is not offered; --entry takes", self.refused(image, "-o", "x", "--entry", "pvh"))
        self.assertIn("17 initrds", self.refused(image, "-o", "x", *["--initrd", "initrd"] * 17))
        self.assertIn("needs 10240 bytes", self.refused(image, "-o", "x", "--initrd", "initrd", "--initrd-room", "4K"))
        (self.work / "odd").write_bytes(b"nine here")
        self.pack(image, "--initrd", "odd", "--initrd-room", "9", name="just")
        self.assertIn("needs 6 bytes", self.refused(image, "-o", "x", "--cmdline", "quiet", "--cmdline-room", "5"))
        self.assertIn("No such file", self.refused(image, "-o", "x", "--initrd", "absent"))
        self.assertIn("0 bytes", self.refused(image, "-o", "x", "--partition", "empty"))

    def test_too_large(self):
        """1.5 GiB of payload, 2 TiB of partitions"""
        for name, size in (("initrd-large", 1600 * MIB), ("root", 3 << 40)):
            with open(self.work / name, "wb") as file:
                file.truncate(size)
        image = self.generate("elf64-pvh")
        for argv, words in ((("--initrd", "initrd-large"), "a packed file holds"), (("--partition", "root"), "2 TiB")):
            ran = self.zeropage("pack", image, "-o", "x", *argv, code=1)
            self.assertIn(words, ran.stderr)
            self.assertEqual(ran.stderr.count("\n"), 1)
            self.assertFalse((self.work / "x").exists())

    def test_output(self):
        """output that is an input, or no regular file; one that was there stays"""
        image = self.generate("elf64-pvh")
        os.link(image, self.work / "link")
        self.assertIn("written over", self.refused(image, "-o", "link"))
        self.assertIn("written over", self.refused(image, "-o", "initrd", "--initrd", "initrd"))
        self.assertIn("not a regular file", self.refused(image, "-o", "/dev/null"))
        with tempfile.TemporaryDirectory() as folder:
            os.mkfifo(folder + "/fifo")  # nobody reads it, and nobody waits for that
            self.assertIn("not a regular file", self.refused(image, "-o", folder + "/fifo"))
        self.assertIn("No such file", self.refused(image, "-o", "absent/x"))
        (self.work / "x").write_bytes(b"old")
        self.refused(self.generate("pe", "pe"), "-o", "x")

    def test_mode(self):
        """a new file has the mode that the umask leaves"""
        self.zeropage("pack", self.generate("elf64-pvh"), "-o", "x", umask=0o027)
        self.assertEqual((self.work / "x").stat().st_mode & 0o777, 0o640)

    def test_json(self):
        """errors as JSON"""
        ran = self.zeropage("pack", self.generate("bzimage"), "-o", "x", "--json", "--cmdline-room", "1M", code=1)
        told = json.loads(ran.stdout)["error"]
        self.assertIn("room for 1048576 bytes", told["text"])
        self.assertIsNone(told["code"])


class Edits(Case):
    def setUp(self):
        super().setUp()
        self.packed = self.pack(self.generate("bzimage"), "--cmdline", "console=ttyS0", "--initrd", "initrd",
                                "--initrd-room", "64K")
        self.limit = field(self.packed.bytes, 0x238)

    def changed(self):
        """Everything of the file but payload and cmdline_size, before and now."""
        return [data[:0x238] + data[0x23C:self.packed.payload_at] + data[self.packed.end:]
                for data in (self.packed.bytes, self.packed.path.read_bytes())]

    def test_cmdline(self):
        """another command line, in place, for all ways at once"""
        for text in ("", "quiet", "x" * 2000, "console=ttyS0"):
            with self.subTest(text[:9]):
                self.zeropage("pack", "--set-cmdline", "image", text)
                now = Packed(self.packed.path)
                self.assertEqual(now.cmdline(), text.encode() + b"\0")
                taken = len(text) + 1 if text else 0
                self.assertEqual(field(now.bytes, 0x238), self.limit + len("console=ttyS0 ") - taken)
                self.assertEqual((now.kernel(), now.initrds()), (self.packed.kernel(), [INITRD]))
                before, after = self.changed()
                self.assertEqual(before, after)
                self.verify()
        self.assertEqual(self.packed.path.read_bytes(), self.packed.bytes)

    def test_cmdline_limits(self):
        """refused when it does not fit the room, or the kernel"""
        line = self.refused("--set-cmdline", "image", "x" * 2048)
        self.assertRegex(line, r"^image: command line: .*2049.*2048$" if self.limit > 2048 else "takes|room")
        self.pack("kernel", "--cmdline-room", "8K", name="roomy")
        self.assertRegex(self.refused("--set-cmdline", "roomy", "x" * 8000), "8000 bytes, and the kernel takes")
        self.assertIn("no packed file", self.refused("--set-cmdline", "kernel", "x"))
        self.assertIn("No such file", self.refused("--set-cmdline", "absent", "x"))

    def test_cmdline_of_full_length(self):
        """a command line of all bytes that the kernel takes leaves no room for one that is longer"""
        most = field((self.work / "kernel").read_bytes(), 0x238)
        self.pack("kernel", "--cmdline", "x" * most, "--cmdline-room", "8K", name="full")
        before = (self.work / "full").read_bytes()
        self.assertIn(f"{most + 1} bytes, and the kernel takes {most}",
                      self.refused("--set-cmdline", "full", "x" * (most + 1)))
        for text in ("x" * (most - 1), "", "x" * most):
            self.zeropage("pack", "--set-cmdline", "full", text)
        self.assertEqual((self.work / "full").read_bytes(), before)

    def test_locked(self):
        """nothing is edited that another program has locked, as QEMU locks the disks of a running machine"""
        sleeps = "import sys, time; print('up', flush=True); time.sleep(60)"
        for kind in ("F_RDLCK", "F_WRLCK"):
            # struct flock: type, whence, start, length, pid; QEMU locks single bytes from 100 on.
            locks = (f"import fcntl, struct, os; fd = os.open('image', os.O_RDWR); "
                     f"fcntl.fcntl(fd, 37, struct.pack('hhqqi4x', fcntl.{kind}, 0, 100, 1, 0)); ")
            with subprocess.Popen(["/usr/bin/python3", "-c", locks + sleeps], cwd=self.work, stdout=subprocess.PIPE) as other:
                try:
                    other.stdout.readline()
                    self.assertRegex(self.refused("--set-cmdline", "image", "x"), "^image: another program has locked it")
                finally:
                    other.kill()
        self.assertEqual(self.packed.path.read_bytes(), self.packed.bytes)
        self.zeropage("pack", "--set-cmdline", "image", "x")

    def test_disk_full(self):
        """an initrd for which the disk has no room: refused, and the file stays as it was"""
        with open(self.work / "large", "wb") as file:
            file.truncate(32 * MIB)
        self.pack("kernel", "--initrd-room", "64M", name="roomy")
        script = ("mount -t tmpfs -o size=16M tmpfs disk && cp --sparse=always roomy disk/image && "
                  '"$0" pack --set-initrd disk/image large; echo "status $?"; cmp disk/image roomy && echo same')
        (self.work / "disk").mkdir()
        ran = subprocess.run(["unshare", "-rm", "sh", "-c", script, zptap.BINARY], cwd=self.work, text=True, timeout=60,
                             capture_output=True, stdin=subprocess.DEVNULL)
        self.assertEqual(ran.stdout, "status 1\nsame\n", ran.stderr)
        self.assertIn("No space left on device", ran.stderr)

    def test_interrupted(self):
        """a signal in the middle of an edit waits for its end"""
        packed = self.pack("kernel", "--initrd-room", "100M", name="roomy")
        with open(self.work / "large", "wb") as file:
            file.truncate(100 * MIB)
        at, sealed = packed.payload_at + 24, packed.payload["checksum"]
        with subprocess.Popen([zptap.BINARY, "pack", "--set-initrd", "roomy", "large"], cwd=self.work,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process, open(packed.path, "rb") as file:
            while os.pread(file.fileno(), 8, at) == struct.pack("<Q", sealed) and process.poll() is None:
                pass
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
        self.assertEqual([size for _, size in Packed(packed.path).modules], [100 * MIB])
        self.verify("roomy")

    def test_room_stays_a_hole(self):
        """what an initrd does not fill of its room takes no place on the disk"""
        packed = self.pack("kernel", "--initrd-room", "256M", name="roomy")
        self.zeropage("pack", "--set-initrd", "roomy", "initrd")
        self.assertLess(packed.path.stat().st_blocks * 512, 8 * MIB)
        self.verify("roomy")

    def test_on_a_disk(self):
        """a file written to a disk, which is longer, is what it was, and can be edited"""
        with open(self.work / "image", "r+b") as file:
            file.truncate(5 * MIB)
        self.verify()
        self.zeropage("inspect", "image")
        self.zeropage("pack", "--set-cmdline", "image", "console=ttyS0")
        self.assertEqual(self.packed.path.read_bytes()[:MIB], self.packed.bytes)
        self.run_sfdisk("start=4096, size=2048, type=83\n")
        self.verify()
        self.assertEqual([part["type"] for part in json.loads(self.zeropage("inspect", "--json", "image").stdout)
                          ["packed"]["partitions"]], ["0x83"])
        self.packed.path.write_bytes(self.packed.bytes)
        with open(self.work / "image", "r+b") as file:
            file.truncate(MIB - 512)
        self.assertIn("1048064 bytes, and it was packed with 1048576: it was cut", self.refused("--verify", "image"))

    def run_sfdisk(self, text):
        ran = subprocess.run(["sfdisk", "--append", "image"], cwd=self.work, input=text, text=True, timeout=60,
                             capture_output=True, env={**os.environ, "PATH": PATH})
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_signed(self):
        """what signing a PE writes is no alteration: checksum, directory entry, certificates behind the file"""
        packed = self.pack("kernel", "--flavour", "pe", name="application")
        data = bytearray(packed.bytes)
        struct.pack_into("<I", data, 0x2D8, 0x12345678)
        struct.pack_into("<II", data, 0x328, len(data), 1424)
        (self.work / "application").write_bytes(data + bytes(1424))
        self.verify("application")
        self.assertIn("right", self.zeropage("inspect", "application").stdout)
        data[0x2DC] ^= 1
        (self.work / "application").write_bytes(data)
        self.assertIn("front at 0x280", self.refused("--verify", "application"))

    def test_initrd(self):
        """another initrd, shorter and longer, up to the room"""
        for size in (1, 65536, 300):
            with self.subTest(size):
                data = os.urandom(size)
                (self.work / "new").write_bytes(data)
                self.zeropage("pack", "--set-initrd", "image", "new")
                now = Packed(self.packed.path)
                self.assertEqual(now.initrds(), [data])
                self.assertEqual(now.kernel(), self.packed.kernel())
                self.assertEqual(now.cmdline(), b"console=ttyS0\0")
                before, after = self.changed()
                self.assertEqual(before, after)
                self.verify()
        (self.work / "long").write_bytes(bytes(65537))
        self.assertIn("needs 65537 bytes, and the room has 65536", self.refused("--set-initrd", "image", "long"))
        (self.work / "empty").write_bytes(b"")
        self.assertIn("0 bytes", self.refused("--set-initrd", "image", "empty"))

    def test_no_room(self):
        """without an initrd and room for one there is none"""
        self.pack("kernel", name="bare")
        self.assertIn("the room has 0", self.refused("--set-initrd", "bare", "initrd"))
        self.pack("kernel", "--initrd-room", "16K", name="roomy")
        self.zeropage("pack", "--set-initrd", "roomy", "initrd")
        self.assertEqual(Packed(self.work / "roomy").initrds(), [INITRD])
        self.verify("roomy")

    def altered(self, offset):
        """--verify's line on a copy in which one bit at offset is another, which no edit seals either."""
        data = bytearray(self.packed.bytes)
        data[offset] ^= 0x10
        (self.work / "altered").write_bytes(data)
        line = self.refused("--verify", "altered")
        self.assertEqual(self.refused("--set-cmdline", "altered", "x"), line)
        return line

    def test_altered(self):
        """one bit anywhere in front, stubs, file system and payload"""
        start = self.partitions(self.packed.path)[0][0]
        self.assertIn("front at 0x280", self.altered(0x700))
        self.assertIn("body at 0x1000: checksum", self.altered(BODY + 0x300))
        self.assertIn("body at 0x1000: checksum", self.altered(BODY + self.packed.body["body_size"] - 1))
        self.assertIn("ESP at", self.altered(start + 0x1FE))
        self.assertIn("cluster chains", self.altered(start + 512 + 9))
        self.assertIn("payload at", self.altered(self.packed.end - 1))
        at = self.packed.payload_at + self.packed.payload["kernel_offset"]
        self.assertIn(f"payload at {self.packed.payload_at:#x}: checksum", self.altered(at))
        stub = self.packed.bytes.index(b"zeropage", start + 512) - 0x40
        self.assertIn("BOOTX64.EFI at", self.altered(stub + 0x300))
        self.assertIn("init_size", self.altered(0x263))

    def test_spoiled_fields(self):
        """each field that leads outside of the file is refused by name and offset"""
        at = self.packed.payload_at
        spoil = {HEADER + 8: ("version", 2), HEADER + 12: ("flavour", 3), HEADER + 16: ("body_size", 0xFFFFFFFC),
                 HEADER + 24: ("stub_offset", 0xFFFFFFFF), HEADER + 28: ("stub_size", 0xFFFFFFFF),
                 HEADER + 32: ("stub_bytes", 0xFFFFFFFF), HEADER + 40: ("work", 0xFFFFF000),
                 HEADER + 48: ("payload_offset", 0xFFFFFFF0), HEADER + 56: ("payload_size", 0x50000000),
                 at + 8: ("version", 9), at + 12: ("header_size", 0), at + 16: ("size", 16),
                 at + 32: ("kernel_offset", 0xFFFFFFFF), at + 40: ("kernel_size", 0xFFFFFFFF),
                 at + 48: ("kernel_bytes", 1), at + 56: ("compression", 3), at + 60: ("entry", 1), at + 64: ("told", 2),
                 at + 68: ("cmdline_room", 0xFFFFFFFF), at + 72: ("cmdline_offset", 4),
                 at + 76: ("cmdline_length", 2048), at + 96: ("modules_room", 0xFFFFFFFF),
                 at + 104: ("module_count", 17), at + 108: ("cmdline_max", 8192),
                 at + 112: ("modules_room", 16), at + 120: ("size of an initrd", 65537),
                 0x1F4: ("syssize", 1), 0x260: ("init_size", 4096), 0x1C6: ("partition", 0xFFFFFF)}
        for offset, (name, value) in spoil.items():
            with self.subTest(name):
                data = bytearray(self.packed.bytes)
                struct.pack_into("<I", data, offset, value)
                (self.work / "spoiled").write_bytes(data)
                line = self.refused("--verify", "spoiled")
                self.assertIn(name, line)
                self.assertRegex(line, r"^spoiled: .*0x")

    def test_truncated(self):
        """a file that was cut anywhere is refused, or is none"""
        data = self.packed.bytes
        for size in (0, 1, 511, 0x1000, 0x1087, 0x1088, 0x2000, self.packed.payload_at, self.packed.payload_at + 300,
                     self.packed.end - 1):
            with self.subTest(size):
                (self.work / "cut").write_bytes(data[:size])
                line = self.refused("--verify", "cut")
                self.assertRegex(line, "no packed file" if size < 0x1088 else "cut|not that of a stub")


if __name__ == "__main__":
    zptap.main()
