# SPDX-License-Identifier: BSD-2-Clause
"""Unpacking against the tools: payloads of real kernels, and files as the tools write them."""
import hashlib
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import zptap

UNPACK_FILE = os.environ["ZP_UNPACK_FILE"]
NUMBERS = {"gzip": 1, "bzip2": 2, "lzma": 3, "xz": 4, "lzo": 5, "lz4": 6, "zstd": 7}
MAGICS = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\x5d\0": "lzma", b"\xfd7": "xz", b"\x89L": "lzo", b"\x02!": "lz4",
          b"(\xb5": "zstd"}
UNPACK = {"gzip": "gzip -dc", "xz": "xz -dcq", "lz4": "lz4 -dc", "zstd": "zstd -dcq"}
# As Linux's scripts/Makefile.lib packs, with quick levels.
PACK = {
    "gzip": ["gzip -n -9", "gzip -1"],
    "bzip2": ["bzip2 -9", "bzip2 -1"],
    "lzma": ["xz --format=lzma -1", "xz --format=lzma -6"],
    "xz": ["xz --check=crc32 --x86 --lzma2=,dict=128MiB,mode=fast", "xz -1 -T2 --block-size=1MiB"],
    "lzo": ["lzop -9", "lzop -1", "lzop -F", "lzop --crc32 -3"],
    "lz4": ["lz4 -l -9", "lz4 -l -1"],
    "zstd": ["zstd -1", "zstd -3 --long=27", "zstd --no-check"],
}
_folder = tempfile.TemporaryDirectory(prefix="zeropage-unpack-")
FOLDER = pathlib.Path(_folder.name)


def by_tool(command, data):
    return subprocess.run(command.split(), input=data, capture_output=True, check=True, timeout=120).stdout


def by_us(path, offset, length, compression, has_size, threads):
    ran = subprocess.run([UNPACK_FILE, path, str(offset), str(length), str(NUMBERS[compression]),
                          str(int(has_size)), str(threads)], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr.decode())
    return ran.stdout


def digest(data):
    """What a failure prints instead of megabytes."""
    return len(data), hashlib.sha256(data).hexdigest()


class Tools(unittest.TestCase):
    def check_payload(self, name, compression):
        path = zptap.kernel(name)
        data = path.read_bytes()
        start = (data[0x1F1] + 1) * 512 + struct.unpack_from("<I", data, 0x248)[0]
        length = struct.unpack_from("<I", data, 0x24C)[0]
        self.assertEqual(MAGICS[data[start:start + 2]], compression)
        wanted = by_tool(UNPACK[compression], data[start:start + length - 4])
        self.assertEqual(wanted[:4], b"\x7fELF")
        for threads in (1, 2):
            self.assertEqual(digest(by_us(path, start, length, compression, True, threads)), digest(wanted))

    def test_lz4_kernel(self):
        """Linux 6.1, lz4: what lz4 -d gives"""
        self.check_payload("cloud", "lz4")

    def test_zstd_kernel(self):
        """Linux 6.12, zstd: what zstd -d gives"""
        self.check_payload("cloud-6.12", "zstd")

    def test_xz_kernel(self):
        """Linux 6.1 for PCs, xz: what xz -d gives"""
        self.check_payload("generic", "xz")

    def test_xz_kernel_of_32_bits(self):
        """Linux 6.1 for 686, xz: what xz -d gives"""
        self.check_payload("i386-pae", "xz")

    def test_xen(self):
        """the Xen hypervisor, gzip: what gzip -d gives"""
        path = zptap.kernel("xen-gz")
        data = path.read_bytes()
        self.assertEqual(digest(by_us(path, 0, len(data), "gzip", False, 1)), digest(by_tool("gzip -dc", data)))

    def test_files_of_the_tools(self):
        """files as gzip, bzip2, xz, lzop, lz4 and zstd write them, alone and with the size that Linux appends"""
        whole = zptap.BINARY.read_bytes()
        for compression, commands in PACK.items():
            size = 9_000_000 if compression == "lz4" else 1_500_000  # more than one block
            data = (whole * (1 + size // len(whole)))[:size]
            for number, command in enumerate(commands):
                with self.subTest(command=command):
                    path = FOLDER / f"{compression}-{number}"
                    packed = by_tool(command, data)
                    path.write_bytes(packed)
                    self.assertEqual(digest(by_us(path, 0, len(packed), compression, False, 2)), digest(data))
                    packed += b"" if compression == "gzip" else struct.pack("<I", size)
                    path.write_bytes(b"before" + packed + b"behind")
                    self.assertEqual(digest(by_us(path, 6, len(packed), compression, True, 1)), digest(data))


if __name__ == "__main__":
    zptap.main()
