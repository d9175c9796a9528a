# SPDX-License-Identifier: BSD-2-Clause
"""zeropage unpack: on real kernels against the compressors' own tools, on generated ones for each error."""
import functools
import gzip
import json
import os
import pathlib
import pty
import struct
import subprocess
import tempfile
import unittest

import zptap

TOOLS = {"lz4": ["lz4", "-dc"], "zstd": ["zstd", "-dcq"], "xz": ["xz", "-dcq"]}
CONFIG = b"# Linux/x86 6.6.6 Kernel Configuration\nCONFIG_PVH=y\n" * 40
BANNER = b"Linux version 6.6.6 (gen)\x1b[m\n"
BASE = 0x400  # of the code in a generated bzImage
PAYLOAD = BASE + 0x300


def field(data, offset, kind="I"):
    return struct.unpack_from("<" + kind, data, offset)[0]


def payload(data):
    start = (data[0x1F1] + 1) * 512 + field(data, 0x248)
    return data[start:start + field(data, 0x24C)]


@functools.cache
def vmlinux(name, codec):
    """What the codec's own tool makes of the payload; the last four bytes are the size."""
    stream = payload(zptap.kernel(name).read_bytes())[:-4]
    return subprocess.run(TOOLS[codec], input=stream, stdout=subprocess.PIPE, check=True, timeout=120).stdout


def generate(kind, path, *options):
    ran = zptap.command(os.environ["ZP_GEN_IMAGE"], kind, *options, path)
    assert ran.returncode == 0, ran.stderr
    return path.read_bytes()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def unpack(self, *argv, code=0, **options):
        ran = subprocess.run([str(a) for a in (zptap.BINARY, "unpack", *argv)], cwd=self.work, timeout=120,
                             capture_output=True, stdin=subprocess.DEVNULL, **options)
        self.assertEqual(ran.returncode, code, ran.stderr)
        return ran

    def refused(self, *argv):
        """The one line of a command that must end with exit code 1 and leave no file behind."""
        before = sorted(os.listdir(self.work))
        ran = self.unpack(*argv, code=1)
        self.assertRegex(ran.stderr, rb"\Azeropage: [^\n]+\n\Z")
        self.assertEqual(ran.stdout, b"")
        self.assertEqual(sorted(os.listdir(self.work)), before)
        return ran.stderr.decode()[len("zeropage: "):-1]

    def listed(self, image):
        told = json.loads(self.unpack(image, "--list", "--json").stdout)
        return told, {(part["inside"], part["name"]): part for part in told["parts"]}


class Real(Case):
    def check_kernel(self, name, codec, lists):
        path, data, whole = zptap.kernel(name), zptap.kernel(name).read_bytes(), vmlinux(name, codec)
        self.unpack(path, "-o", "vmlinux", "--relocs", "relocs", "--setup-header", "header", "--notes", "notes",
                    "--signature", "signature", "--section", ".text:text")
        self.assertEqual((self.work / "vmlinux").read_bytes(), whole)
        self.assertEqual((self.work / "header").read_bytes(), data[0x1F1:0x202 + data[0x201]])
        told, parts = self.listed(path)
        self.assertIsNone(told["fault"])
        self.assertIn(codec, parts["", "payload"]["text"])
        self.assertEqual(parts["payload", "vmlinux"]["size"], len(whole))
        table = parts["payload", "relocations"]
        self.assertEqual(table["offset"] + table["size"], len(whole))
        relocs = (self.work / "relocs").read_bytes()
        self.assertEqual(relocs, whole[table["offset"]:])
        words = struct.unpack(f"<{len(relocs) // 4}I", relocs)
        self.assertEqual((words[0], words.count(0)), (0, lists))
        self.assertTrue(table["text"].startswith(f"{lists} list"))
        notes = (self.work / "notes").read_bytes()
        self.assertIn(b"Xen\0", notes)
        self.assertIn(notes, whole)
        version = parts["payload", "version"]
        self.assertTrue(whole[version["offset"]:].startswith(b"Linux version 6."))
        section = parts["", ".text"]
        text = (self.work / "text").read_bytes()
        self.assertEqual(text, data[section["offset"]:section["offset"] + section["size"]])
        self.assertEqual((self.work / "signature").read_bytes(), self.certificates(data))
        self.assertNotIn(("payload", "config"), parts)

    @staticmethod
    def certificates(data):
        """Of a PE32+: data directory 4, whose address is an offset."""
        optional = field(data, 0x3C) + 24
        directories = optional + (112 if field(data, optional, "H") == 0x20B else 96)
        start, size = struct.unpack_from("<II", data, directories + 4 * 8)
        assert size > 0
        return data[start:start + size]

    def test_lz4(self):
        """Debian's 6.1 cloud kernel, lz4, three lists"""
        self.check_kernel("cloud", "lz4", 3)
        self.assertIn("carries no configuration", self.refused(zptap.kernel("cloud"), "--config", "config"))

    def test_zstd(self):
        """Debian's 6.12 cloud kernel, zstd, three lists"""
        self.check_kernel("cloud-6.12", "zstd", 3)

    def test_xz(self):
        """Debian's 6.1 generic kernel, xz"""
        self.check_kernel("generic", "xz", 3)

    def test_i386(self):
        """a 32-bit kernel, xz, one list"""
        self.check_kernel("i386-pae", "xz", 1)

    def test_uki(self):
        """a UKI: its kernel's vmlinux, its sections"""
        self.unpack(zptap.kernel("uki"), "-o", "vmlinux", "--section", ".linux:linux", "--section", ".cmdline:cmdline")
        self.assertEqual((self.work / "vmlinux").read_bytes(), vmlinux("cloud", "lz4"))
        self.assertEqual((self.work / "linux").read_bytes(), zptap.kernel("cloud").read_bytes())
        self.assertEqual((self.work / "cmdline").read_bytes(), b"console=ttyS0")
        _, parts = self.listed(zptap.kernel("uki"))
        self.assertIn(("", ".linux"), parts)
        self.assertIn((".linux", "payload"), parts)
        self.assertIn((".linux: payload", "vmlinux"), parts)

    def test_xen(self):
        """a gzip'd ELF is unpacked, the ELF in it copied"""
        self.assertEqual(self.unpack(zptap.kernel("xen-gz")).stdout, gzip.decompress(zptap.kernel("xen-gz").read_bytes()))
        _, parts = self.listed(zptap.kernel("xen-gz"))
        self.assertEqual(parts["", "file"]["text"], "gzip")
        self.assertEqual(self.unpack(zptap.kernel("xen"), "-o", "-").stdout, zptap.kernel("xen").read_bytes())


class Generated(Case):
    def make_kernel(self, tail=b"", spoil=None):
        """A bzImage whose gzip payload is an ELF with a configuration and a version behind it."""
        elf = generate("elf64-pvh", self.work / "elf")
        inner = elf + b"IKCFG_ST" + b"no gzip" + BANNER + b"IKCFG_ST" + gzip.compress(CONFIG) + b"IKCFG_ED" + tail
        stream = gzip.compress(inner)
        if spoil:
            stream = spoil(stream)
        size = (PAYLOAD + len(stream) + 4095) // 4096 * 4096
        image = bytearray(generate("bzimage", self.work / "k", "--resize", str(size)))
        image[PAYLOAD:PAYLOAD + len(stream)] = stream
        struct.pack_into("<I", image, 0x24C, len(stream))
        (self.work / "k").write_bytes(image)
        (self.work / "elf").unlink()
        return inner

    def test_config(self):
        """an embedded configuration comes out as text, whatever carries the ELF"""
        inner = self.make_kernel()
        self.assertEqual(self.unpack("k", "--config", "-").stdout, CONFIG)
        self.assertEqual(self.unpack("k").stdout, inner)
        (self.work / "v").write_bytes(inner)
        (self.work / "v.gz").write_bytes(gzip.compress(inner))
        for image in ("v", "v.gz"):
            self.assertEqual(self.unpack(image, "--config", "-").stdout, CONFIG)
            self.assertEqual(self.unpack(image, "-o", "-").stdout, inner)
        _, parts = self.listed("k")
        config = parts["payload", "config"]
        self.assertEqual(gzip.decompress(inner[config["offset"]:config["offset"] + config["size"]]), CONFIG)
        version = parts["payload", "version"]
        self.assertEqual(version["text"], "Linux version 6.6.6 (gen)\\x1b[m")

    def test_config_across_pieces(self):
        """the marks are found wherever a piece of the search ends"""
        elf = generate("elf64-pvh", self.work / "elf")
        for shift in (-9, -8, -1, 0, 1, 8):
            start = (1 << 20) + shift
            inner = elf + bytes(start - len(elf)) + b"IKCFG_ST" + gzip.compress(CONFIG) + b"IKCFG_ED"
            (self.work / "v").write_bytes(inner)
            with self.subTest(shift):
                self.assertEqual(self.unpack("v", "--config", "-").stdout, CONFIG)

    def test_spoiled_config(self):
        """a configuration that is cut, spoiled, or without its end is an error"""
        packed = gzip.compress(CONFIG)
        elf = generate("elf64-pvh", self.work / "elf")
        for name, behind, text in (("cut", packed[:30] + b"IKCFG_ED", "v: payload at"),
                                   ("spoiled", packed[:20] + b"\xff" * 9 + packed[29:] + b"IKCFG_ED", "v: "),
                                   ("endless", packed, "carries no configuration"),
                                   ("not gzip", b"12345678IKCFG_ED", "carries no configuration")):
            with self.subTest(name):
                (self.work / "v").write_bytes(elf + b"IKCFG_ST" + behind)
                self.assertIn(text, self.refused("v", "--config", "c"))

    def test_missing_parts(self):
        """what an image does not have is said, one line each, and nothing is written"""
        self.make_kernel()
        generate("elf64", self.work / "elf")
        generate("bzimage-2.00", self.work / "old")
        generate("multiboot1", self.work / "flat")
        for argv, text in ((("elf", "--setup-header", "x"), "elf: no setup header"),
                           (("elf", "--relocs", "x"), "elf: no relocation table"),
                           (("elf", "--signature", "x"), "elf: no signature"),
                           (("elf", "--section", ".linux:x"), "elf: no PE section '.linux'"),
                           (("k", "--section", ".text:x"), "k: no PE section '.text'"),
                           (("old", "-o", "x"), "old: "),
                           (("old", "--config", "x"), "old: "),
                           (("flat", "-o", "x"), "no vmlinux inside")):
            with self.subTest(" ".join(argv)):
                self.assertIn(text, self.refused(*argv))

    def test_spoiled_payload(self):
        """a payload that does not unpack is listed as far as it goes, with its error and exit code 1"""
        for name, spoil in (("cut", lambda s: s[:len(s) // 2]), ("magic", lambda s: b"\x13\x37" + s[2:]),
                            ("middle", lambda s: s[:60] + b"\xff" * 20 + s[80:])):
            self.make_kernel(spoil=spoil)
            with self.subTest(name):
                line = self.refused("k", "-o", "x")
                self.assertTrue(line.startswith("k: "), line)
                ran = self.unpack("k", "--list", code=1)
                self.assertIn(b"setup header", ran.stdout)
                self.assertEqual(ran.stderr.decode(), f"zeropage: {line}\n")
                told = json.loads(self.unpack("k", "--json", code=1).stdout)
                self.assertEqual(told["fault"]["text"], line)

    def test_hostile_certificates(self):
        """a certificate table outside of the file is refused; directories outside of their header are none"""
        data = bytearray(generate("bzimage", self.work / "k"))
        pe = field(data, 0x3C)
        directories = pe + 24 + 112
        struct.pack_into("<I", data, directories - 4, 0xFFFFFFFF)  # NumberOfRvaAndSizes
        struct.pack_into("<II", data, directories + 32, 0x400, 16)
        (self.work / "k").write_bytes(data)
        self.assertIn("no signature", self.refused("k", "--signature", "x"))
        struct.pack_into("<H", data, pe + 20, 112 + 40)  # SizeOfOptionalHeader: five directories
        (self.work / "k").write_bytes(data)
        self.assertEqual(self.unpack("k", "--signature", "-").stdout, data[0x400:0x410])
        for start, size in ((0xFFFFFFF0, 0x20), (0, 0xFFFFFFFF), (len(data) - 4, 5)):
            struct.pack_into("<II", data, directories + 32, start, size)
            (self.work / "k").write_bytes(data)
            with self.subTest(hex(start)):
                self.assertIn("past the end of the file", self.refused("k", "--signature", "x"))

    def test_hostile_notes(self):
        """many note segments take no more than their number in time; such as lie over each other are refused"""
        count = 20000
        phdrs = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x100000, 0x100000, 0x1000, 0x1000, 0x1000)
        phdrs += b"".join(struct.pack("<IIQQQQQQ", 4, 4, 64 + at, 0, 0, 1, 1, 1) for at in range(count))
        header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x100040, 64, 0, 0, 64,
                                                            56, count + 1, 0, 0, 0)
        (self.work / "k").write_bytes(header + phdrs)
        ran = subprocess.run([zptap.BINARY, "unpack", "--json", "k"], cwd=self.work, timeout=30, capture_output=True,
                             text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(sum(part["name"] == "notes" for part in json.loads(ran.stdout)["parts"]), count)
        self.assertEqual(len(self.unpack("k", "--notes", "-").stdout), count)
        size = 64 + len(phdrs)
        phdrs = phdrs[:56] + b"".join(struct.pack("<IIQQQQQQ", 4, 4, 0, 0, 0, size, size, 1) for _ in range(count))
        (self.work / "k").write_bytes(header + phdrs)
        self.assertIn("the notes of the ELF lie over each other", self.refused("k", "--notes", "x"))

    def test_hostile_kernels(self):
        """--list of every generated image ends well, whether it is one for us or not"""
        kinds = [line.split() for line in zptap.command(os.environ["ZP_GEN_IMAGE"], "--list").stdout.splitlines()]
        self.assertGreater(len(kinds), 25)
        for kind in kinds:
            generate(kind[0], self.work / "k")
            with self.subTest(kind[0]):
                ran = subprocess.run([zptap.BINARY, "unpack", "--json", "k"], cwd=self.work, timeout=60,
                                     capture_output=True, text=True, stdin=subprocess.DEVNULL)
                told = json.loads(ran.stdout)
                self.assertEqual(ran.returncode, 1 if told.get("fault") or told.get("error") else 0)
                size = (self.work / "k").stat().st_size
                for part in told.get("parts", []):
                    if part["inside"] == "":
                        self.assertLessEqual(part["offset"] + part["size"], size, part)


class Files(Case):
    def setUp(self):
        super().setUp()
        self.elf = generate("elf64-pvh", self.work / "k")

    def test_whole_or_not_at_all(self):
        """a full disk leaves the old file and nothing else"""
        (self.work / "out").write_bytes(b"old")
        (self.work / "out").chmod(0o640)
        limit = ["prlimit", "--fsize=100", str(zptap.BINARY), "unpack", "k", "-o", "out"]
        ran = subprocess.run(["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", *limit], cwd=self.work,
                             capture_output=True, text=True, timeout=60, env=zptap.NO_COVERAGE)
        self.assertEqual((ran.returncode, ran.stderr), (1, "zeropage: out: File too large\n"))
        self.assertEqual((self.work / "out").read_bytes(), b"old")
        self.assertEqual(sorted(os.listdir(self.work)), ["k", "out"])
        self.unpack("k", "-o", "out")
        self.assertEqual((self.work / "out").read_bytes(), self.elf)
        self.assertEqual((self.work / "out").stat().st_mode & 0o777, 0o640)

    def test_new_files_follow_the_umask(self):
        """a new file has the permissions of any new file"""
        self.unpack("k", "-o", "out", umask=0o027)
        self.assertEqual((self.work / "out").stat().st_mode & 0o777, 0o640)

    def test_what_is_no_file(self):
        """links stay, devices and pipes are written to, folders are refused"""
        (self.work / "real").write_bytes(b"")
        (self.work / "link").symlink_to("real")
        self.unpack("k", "-o", "link")
        self.assertTrue((self.work / "link").is_symlink())
        self.assertEqual((self.work / "real").read_bytes(), self.elf)
        (self.work / "folder").mkdir()
        (self.work / "ahead").symlink_to("folder/next")
        (self.work / "folder/next").symlink_to("end")
        self.unpack("k", "-o", "ahead")
        self.assertTrue((self.work / "ahead").is_symlink() and (self.work / "folder/next").is_symlink())
        self.assertEqual((self.work / "folder/end").read_bytes(), self.elf)
        (self.work / "round").symlink_to("round")
        self.assertEqual(self.refused("k", "-o", "round"), "round: Too many levels of symbolic links")
        device = os.stat("/dev/null")
        self.unpack("k", "-o", "/dev/null")
        self.assertEqual(os.stat("/dev/null").st_ino, device.st_ino)
        self.assertEqual(self.unpack("k", "-o", "/dev/stdout").stdout, self.elf)
        self.assertEqual(self.refused("k", "-o", "."), ".: Is a directory")
        self.assertEqual(self.refused("k", "-o", "no/where"), "no/where: No such file or directory")
        self.assertEqual(self.refused("k", "-o", "/dev/full"), "/dev/full: No space left on device")

    def test_terminal(self):
        """no kernel goes to a terminal unless it is asked to"""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        try:
            ran = subprocess.run([zptap.BINARY, "unpack", "k"], cwd=self.work, stdin=subprocess.DEVNULL,
                                 stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60)
        finally:
            os.close(theirs)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("nothing for a terminal", ran.stderr)

    def progress(self, terminal):
        """What a terminal on stderr is told while an xz payload is unpacked."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        argv = [str(zptap.BINARY), "unpack", str(zptap.kernel("generic")), "-o", "out"]
        try:
            ran = subprocess.run(argv, cwd=self.work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=theirs, env={**os.environ, "TERM": terminal}, timeout=120)
        finally:
            os.close(theirs)
        self.assertEqual(ran.returncode, 0)
        told = b""
        try:
            while part := os.read(ours, 65536):
                told += part
        except OSError:
            pass  # the other side is closed
        return told

    def test_progress(self):
        """one line, written over and erased, if it takes more than a second; nothing on a dumb terminal"""
        told = self.progress("xterm")
        self.assertRegex(told, rb"\A((\rzeropage: unpacking, [^\r\n]+\x1b\[K)+\r\x1b\[K)?\Z")
        self.assertEqual(self.progress("dumb"), b"")


if __name__ == "__main__":
    zptap.main()
