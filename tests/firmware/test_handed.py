# SPDX-License-Identifier: BSD-2-Clause
"""What a loader hands to the firmware's ELF, sound and hostile, by each protocol: a kernel boots, or one line says what is
wrong and the machine stands still, with nothing written but what is ours."""
import pathlib
import re
import struct

import bare
import console
import test_disks as disks
import tiny_kernel
import zptap

MIB = bare.MIB
MEMORY = 96 * MIB
HANDED = 0x10000
MAP, MODULES, WORDS, RSDP, NODES = 0x11000, 0x12000, 0x13000, 0x14000, 0x15000
KERNEL, INITRD = 8 * MIB, 9 * MIB
RAM, RESERVED = 1, 2
HDRS = 0x53726448
SCREEN = (0xB8000, 0xBC000)
KERNEL_BYTES = disks.PROBE["bzimage"].read_bytes()
NOWHERE = 0x90000000  # an address below 4 GiB without memory
BEYOND = 1 << 46      # an address that the CPU has not


def e820(*ranges, entry="<QQI"):
    return b"".join(struct.pack(entry, start, end - start, kind) for start, end, kind in ranges)


SOUND_MAP = ((0, 0x9FC00, RAM), (0xF0000, 0x100000, RESERVED), (MIB, MEMORY, RAM))


def rsdp(address=0x15F00):
    """Of ACPI 1, with an RSDT of no tables."""
    data = bytearray(b"RSD PTR \0TESTER\0" + struct.pack("<I", address))
    data[8] = -sum(data) & 255
    return bytes(data)


def rsdt():
    data = bytearray(b"RSDT" + struct.pack("<IBB", 36, 1, 0) + b"TESTERTESTTEST" + struct.pack("<I", 1) + b"TEST" + bytes(4))
    data[9] = -sum(data) & 255
    return bytes(data[:36])


class Machine(disks.Machine):
    """One machine for all; each hand-over begins with RAM that nobody has written to."""

    @classmethod
    def setUpClass(cls):
        cls.machine = bare.Bare(*cls.options(), memory=MEMORY, image=cls.image())

    @classmethod
    def tearDownClass(cls):
        cls.machine.close()

    @classmethod
    def options(cls):
        return ()

    @classmethod
    def image(cls):
        return console.ELF

    def fresh(self):
        """RAM with what every protocol hands over."""
        machine = self.machine
        machine.fill()
        machine.write(WORDS, disks.WORDS.encode() + b"\0")
        machine.write(RSDP, rsdp())
        machine.write(0x15F00, rsdt())
        machine.write(KERNEL, KERNEL_BYTES)
        machine.write(INITRD, disks.INITRD)
        return machine

    def boots(self, text, cmdline=disks.WORDS):
        self.assertEqual(self.said(text), [])
        self.judge(text, cmdline=cmdline)

    def refuses(self, text, line):
        """That line alone, and nothing written but what is ours: the ELF's own memory and the screen."""
        self.assertEqual(len(self.said(text)), 1, text)
        self.assertRegex(self.said(text)[0], line)
        own = [(start & -4096, start + size + 4095 & -4096) for _, start, _, size in self.machine.loads]
        own += [SCREEN, (0x1000, 0x7000)]
        wild = [hex(page) for page in self.machine.written() if not any(start <= page < end for start, end in own)]
        self.assertEqual(wild, [], f"were written: {text}")


class StartInfo(Machine):
    def info(self, **fields):
        """start_info of version 1 with a kernel and an initrd, and these fields of it otherwise."""
        machine = self.fresh()
        sound = {"magic": 0x336EC578, "version": 1, "flags": 0, "nr_modules": 2, "modlist": MODULES, "cmdline": WORDS,
                 "rsdp": 0, "memmap": MAP, "entries": len(SOUND_MAP), "map": SOUND_MAP,
                 "modules": ((KERNEL, len(KERNEL_BYTES), 0), (INITRD, len(disks.INITRD), 0))}
        self.assertLessEqual(set(fields), set(sound))
        sound.update(fields)
        if "map" in fields:
            sound["entries"] = fields.get("entries", len(fields["map"]))
        if "modules" in fields:
            sound["nr_modules"] = fields.get("nr_modules", len(fields["modules"]))
        machine.write(HANDED, struct.pack("<IIIIQQQQII", *[sound[name] for name in (
            "magic", "version", "flags", "nr_modules", "modlist", "cmdline", "rsdp", "memmap", "entries")], 0))
        machine.write(MAP, e820(*sound["map"], entry="<QQI4x"))
        machine.write(MODULES, b"".join(struct.pack("<QQQQ", *module, 0) for module in sound["modules"]))
        return machine

    def enter(self, handed=HANDED, **fields):
        return self.info(**fields).enter("pvh", handed)


class Pvh(StartInfo):
    def test_sound(self):
        self.boots(self.enter())

    def test_sound_otherwise(self):
        """odd, but nothing is wrong with it"""
        for name, fields in {
                "a map unsorted and with overlaps": {"map": ((MIB, MEMORY, RAM), (2 * MIB, 3 * MIB, RAM), (0, 0x9FC00, RAM),
                                                             (MEMORY - MIB, MEMORY, RESERVED), (0, 0, RAM), (0xF0000, MIB, 77),
                                                             (MIB, MEMORY - 4096, RAM))},
                "reserved where no address is": {"map": (*SOUND_MAP, (1 << 60, (1 << 60) + 4096, RESERVED))},
                "a later version": {"version": 9},
                "a command line that is empty: nothing is there": {"cmdline": NOWHERE}}.items():
            with self.subTest(name):
                self.boots(self.enter(**fields), "" if "cmdline" in fields else disks.WORDS)

    def test_rsdp(self):
        text = self.enter(rsdp=RSDP)
        self.assertIn('"probe":"rsdp","told":"0x14000"', text)
        self.assertIn('"signature":"RSDT","address":"0x15f00"', text)

    def test_hostile(self):
        many = (0, 0x9FC00, RAM)
        for name, line, fields in (
                ("magic", "start_info at 0x10000: its magic is 0x0", {"magic": 0}),
                ("version 0", "version 0, no memory map", {"version": 0}),
                ("no map", "version 1, no memory map", {"entries": 0}),
                ("a map of 2^32", "memory map of 4294967295 entries", {"entries": 0xFFFFFFFF}),
                ("a map beyond", "start_info: memory map: 72 bytes at 0x400000000000 cannot be read", {"memmap": BEYOND}),
                ("a map that wraps", "memory map: 72 bytes at 0xffffffffffffffd0 cannot", {"memmap": (1 << 64) - 48}),
                ("a map nowhere", "start_info: ", {"memmap": NOWHERE}),
                ("a range that wraps", "range at 0x100000 of 0xf+ bytes wraps", {"map": (many, (MIB, MIB + (1 << 64) - 1, RAM))}),
                ("RAM past 2^52", "reaches past 2.52", {"map": (many, (MIB, 1 << 53, RAM))}),
                ("no RAM", "start_info: no RAM in the memory map", {"map": ((0, MEMORY, RESERVED),)}),
                ("modules past 4 GiB", "module list: .* cannot be read|start_info: module", {"modlist": 5 << 30}),
                ("modules beyond", "module list: 64 bytes at 0x400000000000 cannot be read", {"modlist": BEYOND}),
                ("2^32 modules", "start_info: 4294967295 modules", {"nr_modules": 0xFFFFFFFF}),
                ("an empty module", "module: 0 bytes at 0x800000", {"modules": ((KERNEL, 0, 0),)}),
                ("a module beyond", "module: 4096 bytes at 0x400000000000 cannot", {"modules": ((BEYOND, 4096, 0),)}),
                ("a module nowhere", "are not in memory that the map tells of", {"modules": ((NOWHERE, 4096, 0),)}),
                ("a module that wraps", "module: .* cannot be read", {"modules": ((KERNEL, (1 << 64) - 1, 0),)}),
                ("a module's words beyond", "command line: .* cannot be read", {"modules": ((KERNEL, 4096, BEYOND),)}),
                ("words beyond", "command line: .* cannot be read", {"cmdline": BEYOND}),
                ("RSDP beyond", "rsdp_paddr: 20 bytes at 0x400000000000 cannot", {"rsdp": BEYOND}),
                ("RSDP nowhere", "rsdp_paddr: no RSDP at 0x90000000", {"rsdp": NOWHERE}),
                ("no RSDP there", "rsdp_paddr: no RSDP at 0x13000", {"rsdp": WORDS})):
            with self.subTest(name):
                self.refuses(self.enter(**fields), line)

    def test_words_without_an_end(self):
        machine = self.info()
        machine.write(WORDS, b"a" * 16384)
        self.refuses(machine.enter("pvh", HANDED), "string at 0x13000 is longer than 8191 bytes")

    def test_long_maps(self):
        """as many ranges as a map may have: such that become few, and such that do not"""
        for name, kinds in (("of one kind", (RAM,)), ("of two kinds", (RAM, RESERVED))):
            with self.subTest(name):
                machine = self.info(memmap=5 * MIB, entries=2730)
                ranges = [(32 * MIB + i * 4096, 32 * MIB + (i + 1) * 4096, kinds[i % len(kinds)]) for i in range(2726)]
                machine.write(5 * MIB, e820((0, 0x9FC00, RAM), (MIB, 32 * MIB, RAM), *reversed(ranges), (64 * MIB, MEMORY, RAM),
                                            (0xFEC00000, 0xFEC01000, RESERVED), entry="<QQI4x"))
                text = machine.enter("pvh", HANDED)
                if len(kinds) == 1:
                    self.boots(text)
                else:
                    self.refuses(text, "memory map: more than 512 ranges")

    def test_ram_that_is_not_there(self):
        """whoever moves to where the map has RAM, and nobody is, is not heard of again"""
        self.refuses(self.enter(map=(*SOUND_MAP[:2], (MIB, 2048 * MIB, RAM))), "the memory map has RAM at 0x7f[0-9a-f]+ where there is none")

    def test_nothing_handed_over(self):
        """an address without memory, or with other things"""
        for handed, line in ((NOWHERE, "start_info at 0x90000000: its magic is 0x0"), (0xFFFFF000, "start_info at 0xfffff000: "),
                             (0xFFFFFFFC, "start_info at 0xfffffffc: "), (0, "start_info at 0x0: its magic is"), (KERNEL, "its magic is")):
            with self.subTest(f"{handed:#x}"):
                self.refuses(self.enter(handed=handed), line)


class Linux(Machine):
    def params(self, **fields):
        """boot_params with an initrd that is a kernel, by offset: {"hdr.setup_data": (0x250, "<Q")}."""
        machine = self.fresh()
        page = bytearray(4096)
        sound = {"entries": len(SOUND_MAP), "ext_ramdisk": 0, "ext_ramdisk_size": 0, "ext_cmdline": 0, "rsdp": RSDP,
                 "header": HDRS, "version": 0x20F, "ramdisk": KERNEL, "ramdisk_size": len(KERNEL_BYTES), "cmdline": WORDS,
                 "setup_data": NODES, "alt_mem": 0}
        at = {"entries": (0x1E8, "<B"), "ext_ramdisk": (0xC0, "<I"), "ext_ramdisk_size": (0xC4, "<I"),
              "ext_cmdline": (0xC8, "<I"), "rsdp": (0x70, "<Q"), "header": (0x202, "<I"), "version": (0x206, "<H"),
              "ramdisk": (0x218, "<I"), "ramdisk_size": (0x21C, "<I"), "cmdline": (0x228, "<I"),
              "setup_data": (0x250, "<Q"), "alt_mem": (0x1E0, "<I")}
        nodes = fields.pop("nodes", ((0, 9, 32, b"s" * 32),))
        ranges = fields.pop("map", SOUND_MAP)
        self.assertLessEqual(set(fields), set(sound))
        sound.update(fields)
        for name, (offset, form) in at.items():
            struct.pack_into(form, page, offset, sound[name])
        page[0x2D0:0x2D0 + 20 * len(ranges)] = e820(*ranges)
        machine.write(HANDED, bytes(page))
        for number, (follows, kind, length, data) in enumerate(nodes):
            machine.write(NODES + 64 * number, struct.pack("<QII", follows, kind, length) + data)
        return machine

    def enter(self, handed=HANDED, way="linux64", **fields):
        return self.params(**fields).enter(way, handed)

    def test_sound(self):
        for way in ("linux64", "linux32"):
            with self.subTest(way):
                text = self.enter(way=way)
                self.assertEqual(self.said(text), [])
                self.assertIn(f'"text":"{disks.WORDS}"', text)
                self.assertIn('"probe":"end"', text)

    def test_hostile(self):
        for name, line, fields in (
                ("no header", "boot_params at 0x10000: no setup header", {"header": 0}),
                ("129 ranges", "e820_entries is 129, and the table holds 128", {"entries": 129}),
                ("255 ranges", "e820_entries is 255, and the table holds 128", {"entries": 255}),
                ("no ranges", "no memory map", {"entries": 0}),
                ("a loop", "a list of more than 64 nodes, or a loop", {"nodes": ((NODES, 9, 0, b""),)}),
                ("a loop of two", "a list of more than 64 nodes, or a loop",
                 {"nodes": ((NODES + 64, 3, 0, b""), (NODES, 3, 0, b""))}),
                ("setup_data beyond", "setup_data: 16 bytes at 0x400000000000 cannot be read", {"setup_data": BEYOND}),
                ("setup_data that wraps", "setup_data: 16 bytes at 0xf+8 cannot", {"setup_data": (1 << 64) - 8}),
                ("half a range", "E820_EXT of 19 bytes", {"nodes": ((0, 1, 19, bytes(20)),)}),
                ("a range of nodes that wraps", "wraps", {"nodes": ((0, 1, 20, struct.pack("<QQI", 1 << 32, (1 << 64) - 1, 1)),)}),
                ("an initrd beyond", "initrd: 35664 bytes at 0x400000800000 cannot", {"ext_ramdisk": 0x4000}),
                ("an initrd nowhere", "not in memory that the map tells of", {"ramdisk": NOWHERE}),
                ("an initrd past RAM", "not in memory that the map tells of", {"ramdisk_size": MEMORY}),
                ("an initrd of 2^63", "initrd: .* cannot be read", {"ext_ramdisk_size": 1 << 31}),
                ("words beyond", "command line: .* cannot be read", {"ext_cmdline": 0x4000}),
                ("no RSDP there", "acpi_rsdp_addr: no RSDP at 0x13000", {"rsdp": WORDS}),
                ("RSDP beyond", "acpi_rsdp_addr: 20 bytes at 0x400000000000 cannot", {"rsdp": BEYOND})):
            with self.subTest(name):
                self.refuses(self.enter(**fields), line)

    def test_nothing_handed_over(self):
        for way, handed, line in (("linux64", NOWHERE, "no setup header"), ("linux64", BEYOND, "cannot be read"),
                                  ("linux64", 1 << 63, "cannot be read"), ("linux64", (1 << 64) - 4096, "cannot be read"),
                                  ("linux32", NOWHERE, "no setup header"), ("linux32", 0xFFFFF000, "no setup header")):
            with self.subTest(f"{way} {handed:#x}"):
                self.refuses(self.enter(handed, way), line)


class Multiboot2(Machine):
    def information(self, *tags, total=None):
        """Of these tags, each a type and its bytes, or its size, too, where that is not theirs."""
        data = b""
        for kind, payload, *size in (*tags, (0, b"")):
            data += struct.pack("<II", kind, size[0] if size else 8 + len(payload)) + payload
            data += bytes(-len(data) & 7)
        machine = self.fresh()
        machine.write(HANDED, struct.pack("<II", len(data) + 8 if total is None else total, 0) + data)
        return machine

    def enter(self, *tags, total=None, handed=HANDED):
        return self.information(*tags, total=total).enter("multiboot2", handed, 0x36D76289)

    MAP = (6, struct.pack("<II", 24, 0) + e820(*SOUND_MAP, entry="<QQI4x"))
    CMDLINE = (1, disks.WORDS.encode() + b"\0")
    MODULE = (3, struct.pack("<II", KERNEL, KERNEL + len(KERNEL_BYTES)) + b"\0")
    MODULE2 = (3, struct.pack("<II", INITRD, INITRD + len(disks.INITRD)) + b"\0")

    def test_sound(self):
        self.boots(self.enter(self.CMDLINE, self.MODULE, self.MODULE2, self.MAP, (77, b"whoever")))

    def test_hostile(self):
        sound = (self.CMDLINE, self.MODULE, self.MAP)
        for name, line, tags, how in (
                ("no size", "total_size is 0", sound, {"total": 0}),
                ("4 GiB", "total_size is 4294967295", sound, {"total": 0xFFFFFFFF}),
                ("cut", "no end tag in its 40 bytes|bytes", sound, {"total": 40}),
                ("a tag of 0 bytes", "tag of type 77 at 0x[0-9a-f]+: 0 bytes", (*sound, (77, b"", 0)), {}),
                ("a tag past the end", "tag of type 77 at 0x[0-9a-f]+: 4096 bytes", (*sound, (77, b"", 4096)), {}),
                ("a tag of 4 GiB", "tag of type 77 at 0x[0-9a-f]+: 4294967295 bytes", (*sound, (77, b"", 0xFFFFFFFF)), {}),
                ("words without an end", "its string has no end", ((1, b"abc"), self.MAP), {}),
                ("no map", "no RAM in the memory map", (self.CMDLINE,), {}),
                ("entries of 0 bytes", "multiboot2 mmap: 72 bytes of entries of 0", ((6, bytes(4) + self.MAP[1][4:]),), {}),
                ("a map that is cut", "multiboot2 mmap: 71 bytes of entries of 24", ((6, self.MAP[1][:-1]),), {}),
                ("a module upside down", "multiboot2 module: from 0x801000 to 0x800000",
                 (self.MAP, (3, struct.pack("<II", KERNEL + 4096, KERNEL) + b"\0")), {}),
                ("an empty module", "multiboot2 module: 0 bytes", (self.MAP, (3, struct.pack("<II", KERNEL, KERNEL) + b"\0")), {}),
                ("a module nowhere", "not in memory that the map tells of",
                 (self.MAP, (3, struct.pack("<II", NOWHERE, NOWHERE + 1) + b"\0")), {}),
                ("no RSDP", "tag of type 14 at 0x[0-9a-f]+: no RSDP", (self.MAP, (14, bytes(20))), {}),
                ("EFI is still there", "EFI boot services were not left", (*sound, (18, b"")), {})):
            with self.subTest(name):
                self.refuses(self.enter(*tags, **how), line)

    def test_nothing_handed_over(self):
        for handed, line in ((NOWHERE, "total_size is 0"), (0xFFFFF000, "total_size is"), (HANDED + MIB, "total_size is")):
            with self.subTest(f"{handed:#x}"):
                self.refuses(self.enter(handed=handed), line)


class Disks(StartInfo):
    """What was handed over is no kernel, or none that boots: the disks are next, and what was handed over is let alone."""

    DEVICE = "virtio_mmio.device=512@0xfeb02e00:12"  # the last of microvm's

    @classmethod
    def options(cls):
        return disks.drives("microvm", "blk", disks.extlinux())

    def behind(self, text, *lines):
        for line, said in zip(lines, self.said(text)):
            self.assertRegex(said, line)
        self.assertRegex(self.said(text)[-1], "^(The second|second) from virtio-blk 0x")
        self.assertEqual(len(self.said(text)), len(lines) + 1, text)
        self.judge(text, cmdline=f"{disks.WORDS} {self.DEVICE}")

    def module(self, data, **fields):
        """A module with these bytes in place of the kernel."""
        fields.setdefault("modules", ((KERNEL, len(data), 0), (INITRD, len(disks.INITRD), 0)))
        machine = self.info(**fields)
        machine.write(WORDS, self.DEVICE.encode() + b"\0")
        machine.write(KERNEL, data)
        return machine.enter("pvh", HANDED)

    def test_no_modules(self):
        self.behind(self.module(b"", modules=()))

    def test_no_kernel(self):
        """one line, and the disks"""
        image = KERNEL_BYTES
        none = "the first module is no kernel: none of 2 is used"
        for name, data, line in (
                ("noise", disks.INITRD, none),
                ("a byte", b"\x7f", none),
                ("half a bzImage", image[:0x300], none),
                ("a packed file", b"\x1f\x8b\x08" + bytes(100), none),
                ("init_size", image[:0x260] + struct.pack("<I", 0xFFFFF000) + image[0x264:], "the kernel: .*0xfffff000"),
                ("an ELF of nobody", tiny_kernel.kernel(MIB, machine=183), none),
                ("headers past the end", tiny_kernel.kernel(MIB, phoff=(1 << 64) - 56), none),
                ("65535 headers", tiny_kernel.kernel(MIB, phnum=65535), none),
                ("a segment past the end", tiny_kernel.kernel(MIB, filesz=1 << 20, memsz=1 << 20), none),
                ("a segment that wraps", tiny_kernel.kernel(MIB, more=((0, (1 << 64) - 16, 16, 32),)), none),
                ("more in the file than in memory", tiny_kernel.kernel(MIB, memsz=4), none),
                ("2^50 bytes", tiny_kernel.kernel(MIB, memsz=1 << 50), "the kernel: "),
                ("a place without RAM", tiny_kernel.kernel(NOWHERE), "the kernel: 0x[0-9a-f]+ bytes at 0x90000000 are needed, and that"),
                ("a place past 4 GiB", tiny_kernel.kernel(MIB, more=((0, 1 << 40, 16, 16),)), "the kernel: ")):
            with self.subTest(name):
                self.behind(self.module(data), line)

    def test_module_over_us(self):
        """what is there is ours, and no kernel; then all of it lies where we want to go"""
        self.behind(self.module(b"", modules=((2 * MIB + 4096, MIB, 0),)), "the first module is no kernel: none of 1 is used")
        self.behind(self.module(b"", modules=((MEMORY - 4 * MIB, 4 * MIB, 0),)), "the first module is no kernel: none of 1 is used")


class Places(StartInfo):
    """Kernels linked where something of ours lies, or of what was handed over."""

    def test_places(self):
        for number, place in enumerate((MIB, 2 * MIB, 2 * MIB + 0x8000, 0x8000, HANDED, KERNEL, MEMORY - MIB, MEMORY - 0x1000)):
            with self.subTest(f"{place:#x}"):
                data = tiny_kernel.kernel(place, (32, 64)[number & 1])
                machine = self.info(modules=((KERNEL, len(data), 0),))
                machine.write(KERNEL, data)
                self.assertEqual(machine.enter("pvh", HANDED).strip(), tiny_kernel.said(place))


class Packed(StartInfo):
    """The same arrivals in front of a packed file."""

    @classmethod
    def image(cls):
        return disks.packed()

    def test_addresses(self):
        self.assertIn('"probe":"end"', self.enter(modules=()))
        for name, line, fields in (
                ("words beyond", "command line: .* cannot be read", {"cmdline": BEYOND}),
                ("a map beyond", "memory map: 72 bytes at 0x400000000000 cannot be read", {"memmap": BEYOND}),
                ("a module beyond", "module: 4096 bytes at 0x400000000000 cannot", {"modules": ((BEYOND, 4096, 0),)}),
                ("modules past 4 GiB", "start_info: ", {"modlist": 5 << 30, "nr_modules": 1}),
                ("a module of 64 GiB", "cannot be read", {"modules": ((5 << 30, 64 << 30, 0),)}),
                ("RSDP beyond", "rsdp_paddr: 20 bytes at 0x400000000000 cannot", {"rsdp": BEYOND})):
            with self.subTest(name):
                self.refuses(self.enter(**{"modules": (), **fields}), line)

    def test_nothing_handed_over(self):
        for handed in (NOWHERE, 0xFFFFF000, 0):
            with self.subTest(f"{handed:#x}"):
                self.refuses(self.enter(handed=handed), "its magic is")

    def test_ram_beyond(self):
        """RAM where this CPU has no addresses is what only a hostile loader tells of"""
        text = self.enter(modules=(), map=(*SOUND_MAP, (BEYOND, BEYOND + (1 << 40), RAM)))
        self.assertTrue('"probe":"end"' in text or "out of sight" in text, text)


if __name__ == "__main__":
    zptap.main()
