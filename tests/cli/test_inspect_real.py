# SPDX-License-Identifier: BSD-2-Clause
"""zeropage inspect on real images, against what Python's struct and readelf say of the same bytes."""
import functools
import json
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

import zptap

HEADER_ENDS = [  # Documentation/x86/boot: the end of the header by version
    (0x200, 0x224), (0x201, 0x228), (0x202, 0x22C), (0x203, 0x230), (0x205, 0x238), (0x206, 0x23C),
    (0x207, 0x248), (0x208, 0x250), (0x209, 0x258), (0x20A, 0x264), (0x20B, 0x268), (0x20F, 0x26C),
]
PAYLOAD_MAGICS = {b"\x1f\x8b": "gzip", b"\xfd7": "xz", b"\x02!": "lz4", b"(\xb5": "zstd"}


_folder = tempfile.TemporaryDirectory(prefix="zeropage-inspect-")
UNPACK = {"lz4": ["lz4", "-dc"], "zstd": ["zstd", "-dcq"], "xz": ["xz", "-dcq"]}


@functools.cache
def vmlinux(name, compression):
    """The ELF in a bzImage's payload, unpacked by the compression's own tool."""
    path, data = pathlib.Path(_folder.name) / name, zptap.kernel(name).read_bytes()
    start = (data[0x1F1] + 1) * 512 + field(data, 0x248, "I")
    stream = data[start:start + field(data, 0x24C, "I") - 4]  # the last four bytes are the size
    with path.open("wb") as out:
        subprocess.run(UNPACK[compression], input=stream, stdout=out, check=True, timeout=60)
    return path


def inspect_file(path):
    """The bytes of the image and what inspect says of it."""
    ran = zptap.command(zptap.BINARY, "inspect", "--json", path)
    return path.read_bytes(), json.loads(ran.stdout), ran.returncode


def inspect(name):
    return inspect_file(zptap.kernel(name))


def number(value):
    """JSON has addresses as text in hexadecimal, sizes as numbers."""
    return int(value, 16) if isinstance(value, str) else value


def field(data, offset, kind):
    return struct.unpack_from("<" + kind, data, offset)[0]


def sound(told):
    return [entry["protocol"] for entry in told["entries"] if entry["fault"] is None]


def entry(told, protocol):
    return next(e for e in told["entries"] if e["protocol"] == protocol and e["fault"] is None)


def readelf(path, *options):
    ran = zptap.command("readelf", "-W", *options, path)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


class BzImage(unittest.TestCase):
    def check_header(self, name):
        """What every bzImage must agree in; returns bytes and answer."""
        data, told, status = inspect(name)
        self.assertEqual(status, 0, told)
        header = told["bzimage"]
        version = field(data, 0x206, "H")
        sectors = data[0x1F1] or 4
        self.assertEqual(header["version"], f"{version >> 8}.{version & 0xFF:02}")
        self.assertEqual(header["setup_sects"], sectors)
        self.assertEqual(header["code_offset"], (sectors + 1) * 512)
        self.assertEqual(header["code_size"] + header["trailing_size"], len(data) - (sectors + 1) * 512)
        end = max(end for since, end in HEADER_ENDS if since <= version and end <= 0x202 + data[0x201])
        self.assertEqual(header["header_end"], end)
        self.assertEqual(header["cmdline_max"], field(data, 0x238, "I") if version >= 0x206 else 255)
        self.assertEqual(number(header["initrd_max"]),
                         field(data, 0x22C, "I") if version >= 0x203 else 0x37FFFFFF)
        if text := field(data, 0x20E, "H"):
            start = text + 0x200
            self.assertEqual(header["kernel_version"], data[start:data.index(b"\0", start)].decode())
        self.assertEqual("pe" in told["formats"], self.is_pe(data))
        return data, told

    @staticmethod
    def is_pe(data):
        lfanew = field(data, 0x3C, "I")
        return data[:2] == b"MZ" and data[lfanew:lfanew + 4] == b"PE\0\0"

    def check_modern(self, name, protocols, compression):
        data, told = self.check_header(name)
        header, code = told["bzimage"], (data[0x1F1] + 1) * 512
        self.assertEqual(sound(told), protocols)
        self.assertEqual(header["payload_offset"], code + field(data, 0x248, "I"))
        self.assertEqual(header["payload_length"], field(data, 0x24C, "I"))
        start = header["payload_offset"]
        self.assertEqual(PAYLOAD_MAGICS[data[start:start + 2]], compression)
        self.assertEqual(header["payload_compression"], compression)
        info = code + field(data, 0x268, "I")
        self.assertEqual(data[info:info + 4], b"LToP")
        self.assertEqual(header["kernel_info_offset"], info)
        self.assertEqual(header["setup_type_max"], field(data, info + 12, "I"))
        pref, align = field(data, 0x258, "Q"), field(data, 0x230, "I")
        for protocol in protocols[:-1]:
            way = entry(told, protocol)
            self.assertEqual(number(way["address"]), pref + (0x200 if protocol == "linux64" else 0))
            self.assertEqual(number(way["reserve"]), pref)
            self.assertEqual(way["reserve_size"], field(data, 0x260, "I"))
            self.assertEqual(way["align"], align)
            self.assertEqual(number(way["min"]), pref)
        above = field(data, 0x236, "H") & 2
        if "linux64" in protocols:
            self.assertEqual(number(entry(told, "linux64")["max"]), (1 << (52 if above else 32)) - 1)

    def test_cloud(self):
        """Debian's cloud kernel: 2.15, lz4"""
        self.check_modern("cloud", ["linux64", "linux32", "linux16"], "lz4")

    def test_cloud_6_12(self):
        """Linux 6.12: LoongArch's magic at 0x38, zstd"""
        self.check_modern("cloud-6.12", ["linux64", "linux32", "linux16"], "zstd")

    def test_i386_pae(self):
        """686-pae: no 64-bit entry, xz"""
        self.check_modern("i386-pae", ["linux32", "linux16"], "xz")

    def test_memtest(self):
        """memtest86+: not relocatable"""
        for name, protocols in (("memtest", ["linux64", "linux32", "linux16"]), ("memtest32", ["linux32", "linux16"])):
            data, told = self.check_header(name)
            self.assertEqual(sound(told), protocols)
            self.assertEqual(data[0x234], 0)
            way = entry(told, "linux32")
            self.assertEqual(way["relocatable"], False)
            self.assertEqual(number(way["address"]), field(data, 0x214, "I"))
            self.assertEqual(number(way["reserve"]), field(data, 0x258, "Q"))
            self.assertEqual(way["reserve_size"], field(data, 0x260, "I"))

    def test_ipxe(self):
        """ipxe.lkrn: the 16-bit entry alone, text where younger fields would be"""
        data, told = self.check_header("ipxe")
        self.assertEqual(field(data, 0x214, "I"), 0)
        self.assertEqual(sound(told), ["linux16"])
        self.assertEqual(told["bzimage"]["payload_length"], 0)
        self.assertNotIn("init_size", told["bzimage"]["header"])

    def test_memdisk(self):
        """memdisk: 2.03, the 16-bit entry alone, syssize 0"""
        data, told = self.check_header("memdisk")
        self.assertEqual(field(data, 0x1F4, "I"), 0)
        self.assertEqual(sound(told), ["linux16"])
        self.assertEqual(told["bzimage"]["trailing_size"], 0)

    def test_lnxboot(self):
        """GRUB behind lnxboot.img: 2.03, and the multiboot header of its core with addresses"""
        data, told = self.check_header("lnxboot")
        self.assertEqual(sound(told), ["multiboot1", "linux16"])
        offset = told["multiboot1"]["header_offset"]
        magic, flags, checksum, header, load, _, _, start = struct.unpack_from("<8I", data, offset)
        self.assertEqual((magic, (magic + flags + checksum) & 0xFFFFFFFF), (0x1BADB002, 0))
        way = entry(told, "multiboot1")
        self.assertEqual(number(way["address"]), start)
        self.assertEqual(told["segments"][way["segment_first"]]["file_offset"], offset - (header - load))


class Elf(unittest.TestCase):
    def check_segments(self, name, protocols):
        return self.check_file(zptap.kernel(name), protocols)

    def check_file(self, path, protocols):
        data, told, status = inspect_file(path)
        self.assertEqual(status, 0, told)
        text = readelf(path, "-l")
        loads = []
        for row in re.findall(r"^\s+LOAD\s+(.*)$", text, re.M):
            offset, vaddr, paddr, filesz, memsz = (int(word, 16) for word in row.split()[:5])
            if memsz:
                loads.append((paddr, vaddr, offset, filesz, memsz))
        loads.sort()
        bits = 64 if data[4] == 2 else 32
        self.assertEqual(told["elf"]["class"], bits)
        own = told["segments"][:len(loads)]
        self.assertEqual([(number(s["paddr"]), number(s["vaddr"]), s["file_offset"], s["file_size"],
                           s["memory_size"]) for s in own], loads)
        self.assertEqual(sound(told), protocols)
        way = entry(told, f"linux{bits}")
        self.assertEqual(number(way["address"]), int(re.search(r"Entry point (0x\w+)", text).group(1), 16))
        self.assertEqual(number(way["reserve"]), loads[0][0])
        self.assertEqual(way["reserve_size"], loads[-1][0] + loads[-1][4] - loads[0][0])
        return data, told

    def check_multiboot(self, told, data, version, align=4, magic=0x1BADB002, words=3, search=8192):
        """The header is the first whose words add up to 0."""
        for offset in range(0, min(search, len(data)) - 4 * words + 1, align):
            found = struct.unpack_from(f"<{words}I", data, offset)
            if found[0] == magic and sum(found) & 0xFFFFFFFF == 0:
                self.assertEqual(told[f"multiboot{version}"]["header_offset"], offset)
                return offset
        self.fail("no multiboot header")

    def check_multiboot2(self, told, data):
        return self.check_multiboot(told, data, 2, 8, 0xE85250D6, 4, 32768)

    def test_xen(self):
        """Xen: multiboot 1 and 2, relocatable by tag"""
        data, told = self.check_segments("xen", ["multiboot2", "multiboot1", "linux32"])
        self.check_multiboot(told, data, 1)
        at = self.check_multiboot2(told, data) + 16
        while field(data, at, "H") != 10:
            at += (field(data, at + 4, "I") + 7) & ~7
        low, high, align, preference = struct.unpack_from("<4I", data, at + 8)
        way = entry(told, "multiboot2")
        self.assertEqual((number(way["min"]), number(way["max"]), way["align"]), (low, high, align))
        self.assertEqual(way["prefer"], ["linked", "lowest", "highest"][preference])
        self.assertEqual(told["notes"], [])

    def test_invaders(self):
        """grub-invaders: address fields that differ from the ELF's segments"""
        data, told = self.check_segments("invaders", ["multiboot1", "linux32"])
        header, load, load_end, bss_end, start = struct.unpack_from("<5I", data, self.check_multiboot(told, data, 1) + 12)
        way = entry(told, "multiboot1")
        segment = told["segments"][way["segment_first"]]
        self.assertEqual(number(way["address"]), start)
        self.assertEqual(number(segment["paddr"]), load)
        self.assertEqual(segment["file_size"], load_end - load)
        self.assertEqual(segment["memory_size"], bss_end - load)
        self.assertEqual(segment["file_offset"], told["multiboot1"]["header_offset"] - (header - load))

    def test_gnumach(self):
        """GNU Mach: multiboot 1 in an ELF64 or ELF32"""
        data, _, _ = inspect("gnumach")
        data, told = self.check_segments("gnumach", ["multiboot1", "linux64" if data[4] == 2 else "linux32"])
        self.check_multiboot(told, data, 1)

    def test_tboot(self):
        """tboot: multiboot 1 and 2"""
        data, told = self.check_segments("tboot", ["multiboot2", "multiboot1", "linux32"])
        self.check_multiboot(told, data, 1)
        self.check_multiboot2(told, data)
        self.assertEqual(told["multiboot2"]["wants_video_mode"], True)

    def test_grub_pvh(self):
        """GRUB for PVH: the note of 4 bytes, in a PT_NOTE without memory"""
        _, told = self.check_segments("grub-pvh", ["pvh", "linux32"])
        notes = readelf(zptap.kernel("grub-pvh"), "-n")
        data = bytes.fromhex(re.search(r"description data: ((?:\w\w )+)", notes).group(1))
        self.assertEqual(number(entry(told, "pvh")["address"]), int.from_bytes(data, "little"))
        self.assertEqual([(n["type"], n["descriptor_size"]) for n in told["notes"]], [(18, 4)])


    @staticmethod
    def xen_notes(data, path):
        """(type, size, descriptor) of each; Linux pads its notes to 4."""
        row = re.search(r"^\s+NOTE\s+0x(\w+)\s+\S+\s+\S+\s+0x(\w+)", readelf(path, "-l"), re.M)
        at, found = int(row.group(1), 16), []
        end = at + int(row.group(2), 16)
        while at + 12 <= end:
            name, size, kind = struct.unpack_from("<3I", data, at)
            descriptor = at + 12 + (name + 3) // 4 * 4
            if data[at + 12:at + 12 + name] == b"Xen\0":
                found.append((kind, size, data[descriptor:descriptor + size]))
            at = descriptor + (size + 3) // 4 * 4
        return found

    def check_vmlinux(self, name, compression, protocols):
        """Each Xen note by a walk through the segment; the entry and its relocation as the notes say."""
        path = vmlinux(name, compression)
        data, told = self.check_file(path, protocols)
        notes = self.xen_notes(data, path)
        self.assertEqual(len(notes), len(re.findall(r"^  Xen\s", readelf(path, "-n"), re.M)))
        self.assertEqual([(n["type"], n["descriptor_size"],
                           data[n["descriptor_offset"]:n["descriptor_offset"] + n["descriptor_size"]])
                          for n in told["notes"]], notes)
        by_type = {kind: descriptor for kind, _, descriptor in notes}
        way = entry(told, "pvh")
        self.assertEqual(number(way["address"]), int.from_bytes(by_type[18], "little"))
        self.assertEqual(told["elf"]["guest_linux"], True)
        if 19 in by_type:
            self.assertEqual((way["align"], number(way["min"]), number(way["max"])),
                             struct.unpack("<3I", by_type[19]))
        self.assertEqual(way["relocatable"], 19 in by_type)
        way = entry(told, protocols[0])  # Linux's own, which may be moved
        self.assertEqual((way["align"], number(way["min"]), number(way["max"])),
                         (2 << 20, number(way["reserve"]), (1 << 46 if data[4] == 2 else 512 << 20) - 1))
        return by_type

    def test_cloud_vmlinux(self):
        """the vmlinux in Linux 6.1: PVH, a per-CPU segment at virtual address 0"""
        self.check_vmlinux("cloud", "lz4", ["linux64", "pvh"])

    def test_cloud_6_12_vmlinux(self):
        """the vmlinux in Linux 6.12: PVH with relocation"""
        self.assertIn(19, self.check_vmlinux("cloud-6.12", "zstd", ["linux64", "pvh"]))

    def test_i386_pae_vmlinux(self):
        """the vmlinux in 686-pae: a note of 4 bytes"""
        self.assertEqual(len(self.check_vmlinux("i386-pae", "xz", ["linux32", "pvh"])[18]), 4)


class Refused(unittest.TestCase):
    def check(self, name, code):
        data, told, status = inspect(name)
        self.assertEqual(status, 1)
        self.assertEqual(told["error"]["code"], code)
        return data, told["error"]

    def test_uml(self):
        """user-mode Linux is a program"""
        self.check("uml", "ZP_ERR_ELF_PROGRAM")
        self.assertIn("INTERP", readelf(zptap.kernel("uml"), "-l"))

    def test_arm64(self):
        """an arm64 Image"""
        data, error = self.check("arm64", "ZP_ERR_ARM64_IMAGE")
        self.assertEqual(data[0x38:0x3C], b"ARM\x64")
        self.assertEqual(error["offset"], 0x38)


class Inside(unittest.TestCase):
    """What an image may be inside of."""

    def same_image(self, told, bare):
        for key in told:
            if key not in ("image", "file_size", "inside", "compression", "uki", "boots", "advice"):
                self.assertEqual(told[key], bare[key], key)

    def test_uki(self):
        """a unified kernel image is its kernel, with its texts and sections as objdump sees them"""
        data, told, status = inspect("uki")
        self.assertEqual((status, told["inside"]), (0, ".linux"))
        uki = told["uki"]
        start = uki["linux_offset"]
        self.assertEqual(data[start:start + uki["linux_size"]], zptap.kernel("cloud").read_bytes())
        self.same_image(told, inspect("cloud")[1])
        self.assertEqual(uki["cmdline"], "console=ttyS0")
        listed = re.findall(r"(?m)^ +\d+ (\S+) +([0-9a-f]+)  ([0-9a-f]+)  [0-9a-f]+  ([0-9a-f]+)",
                            zptap.command("objdump", "-h", zptap.kernel("uki")).stdout)
        self.assertEqual([(s["name"], s["size"], int(s["virtual_address"], 16), s["offset"])
                          for s in uki["sections"]],
                         [(name, int(size, 16), int(address, 16), int(offset, 16))
                          for name, size, address, offset in listed])

    def test_xen_gz(self):
        """a gzip'd ELF is the ELF"""
        _, told, status = inspect("xen-gz")
        self.assertEqual((status, told["inside"], told["compression"]), (0, "unpacked", "gzip"))
        self.same_image(told, inspect("xen")[1])


if __name__ == "__main__":
    zptap.main()
