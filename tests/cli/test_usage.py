# SPDX-License-Identifier: BSD-2-Clause
"""Exit codes, one-line errors, help of one screen, and colour only where it belongs."""
import os
import pathlib
import pty
import re
import resource
import select
import subprocess
import tempfile
import time
import unittest

import zptap

VERBS = ("inspect", "pack", "plan", "run", "unpack")  # those that are about an image
OTHERS = ("firmware", "probe")
NEEDED = {"pack": ("-o", "packed")}  # what a verb insists on besides an image
SIZE = "not a number of bytes such as 512M, 2G or 0x4000000"
PROTOCOLS = "auto, linux16, linux32, linux64, pvh, multiboot1, multiboot2"

# Arguments and the one line that they earn, with exit code 2.
USAGE_ERRORS = [
    ("", "zeropage: no verb given; 'zeropage --help' lists them"),
    ("frobnicate", "zeropage: unknown verb 'frobnicate'; 'zeropage --help' lists them"),
    ("insepct x", "zeropage: unknown verb 'insepct'; did you mean 'inspect'?"),
    ("rum x", "zeropage: unknown verb 'rum'; did you mean 'run'?"),
    ("inspect", "zeropage inspect: no image given"),
    ("plan", "zeropage plan: no image given"),
    ("run", "zeropage run: no image given"),
    ("inspect a b", "zeropage inspect: one image at a time: 'b' is too many"),
    ("plan a b", "zeropage plan: one image at a time: 'b' is too many"),
    ("run a b", "zeropage run: one image at a time: 'b' is too many (QEMU's arguments come after --)"),
    ("plan --frob x", "zeropage plan: unrecognized option '--frob'"),
    ("inspect -z x", "zeropage inspect: invalid option -- 'z'"),
    ("run x --initrd", "zeropage run: option '--initrd' requires an argument"),
    ("plan -m 0 x", "zeropage plan: -m 0: a machine has at least 1 MiB of RAM"),
    ("run -m 0 x", "zeropage run: -m 0: a machine has at least 1 MiB of RAM"),
    ("plan -m 512 x", "zeropage plan: -m 512: 512 bytes are less than 1 MiB; did you mean -m 512M?"),
    ("plan -m 99999T x", "zeropage plan: -m 99999T: more than a PC can address (4 PiB less 4 GiB)"),
    ("run -m 99999T x", "zeropage run: -m 99999T: more than a PC can address (4 PiB less 4 GiB)"),
    ("plan -m 99999999999999T x", f"zeropage plan: -m 99999999999999T: {SIZE}"),
    ("plan -m -1 x", f"zeropage plan: -m -1: {SIZE}"),
    ("plan -m lots x", f"zeropage plan: -m lots: {SIZE}"),
    ("plan --memory 1048577 x", "zeropage plan: -m 1048577: not a multiple of 4096 bytes"),
    ("plan --protocol efi x", f"zeropage plan: --protocol efi: not one of {PROTOCOLS}"),
    ("run --protocol efi x", f"zeropage run: --protocol efi: not one of {PROTOCOLS}"),
    ("plan --engine xen x", "zeropage plan: --engine xen: not one of auto, kvm, qemu"),
    ("plan --smp 0 x", "zeropage plan: --smp 0: not a number from 1 to 255"),
    ("plan --smp 256 x", "zeropage plan: --smp 256: not a number from 1 to 255"),
    ("plan --smp 4294967297 x", "zeropage plan: --smp 4294967297: not a number from 1 to 255"),
    ("plan --hole 5G x", "zeropage plan: --hole 5G: not a multiple of 4096 from 1 MiB to 4 GiB"),
    ("plan --hole 3000000001 x",
     "zeropage plan: --hole 3000000001: not a multiple of 4096 from 1 MiB to 4 GiB"),
    ("plan --pin kernel x", "zeropage plan: --pin kernel: not KIND=ADDRESS"),
    ("plan --pin =1 x", "zeropage plan: --pin =1: not KIND=ADDRESS"),
    ("plan --pin initrd[=1 x", "zeropage plan: --pin initrd[=1: not KIND[INDEX]=ADDRESS"),
    ("plan --pin kernels=1M x",
     "zeropage plan: --pin kernels=1M: 'kernels' is no kind of span; zeropage-plan(1) lists them"),
    ("plan --pin kernel=here x", "zeropage plan: --pin kernel=here: 'here' is no address"),
    ("plan --seed 123 x", "zeropage plan: --seed 123: not auto, none or pairs of hex digits"),
    ("plan --seed xy x", "zeropage plan: --seed xy: not auto, none or pairs of hex digits"),
    ("plan --setup-data file x", "zeropage plan: --setup-data file: not TYPE:FILE"),
    ("plan --setup-data 0:file x",
     "zeropage plan: --setup-data 0: no type of setup_data; a number, dtb, rng_seed, ..."),
    ("plan --subarch x y", "zeropage plan: --subarch x: not a number from 0 to 4294967294"),
    ("plan --subarch-data x y", "zeropage plan: --subarch-data x: not a number"),
    ("run --gdb 0 x", "zeropage run: --gdb 0: not a number from 1 to 65535"),
    ("run --gdb 65536 x", "zeropage run: --gdb 65536: not a number from 1 to 65535"),
    ("run --trace entry x", "zeropage run: --trace entry: not 'handoff'"),
    ("run --trace-file t x", "zeropage run: --trace-file t: wants --trace handoff"),
    ("run --timeout never x", "zeropage run: --timeout never: not a number from 0 to 86400"),
    ("run --silence -1 x", "zeropage run: --silence -1: not a number from 0 to 86400"),
    ("run --direct maybe x", "zeropage run: --direct maybe: not one of auto, on, off"),
    ("plan --kaslr on x", "zeropage plan: --kaslr on: not auto, off or a number of 64 bits"),
    ("plan --kaslr 1K x", "zeropage plan: --kaslr 1K: not auto, off or a number of 64 bits"),
    ("plan --kaslr 0x x", "zeropage plan: --kaslr 0x: not auto, off or a number of 64 bits"),
    ("plan --kaslr 18446744073709551616 x",
     "zeropage plan: --kaslr 18446744073709551616: not auto, off or a number of 64 bits"),
    ("run --cache-size much x", f"zeropage run: --cache-size much: {SIZE}"),
    ("run x --cache", "zeropage run: option '--cache' requires an argument"),
    ("pack", "zeropage pack: no kernel given"),
    ("pack k", "zeropage pack: -o FILE is missing: where to write the packed file"),
    ("pack a b -o x", "zeropage pack: 'b' is too many"),
    ("pack k -o x --compress gzip", "zeropage pack: --compress gzip: not one of none, lz4, zstd"),
    ("pack k -o x --flavour mz", "zeropage pack: --flavour mz: not one of elf, pe"),
    ("pack k -o x --esp yes", "zeropage pack: --esp yes: not one of off, on"),
    ("pack k -o x --flavour pe --esp on",
     "zeropage pack: --esp on: a file of the PE flavour is the EFI application itself and has no ESP"),
    ("pack k -o x --entry linux16",
     "zeropage pack: --entry linux16: not one of linux64, linux32, pvh, multiboot1, multiboot2"),
    ("pack k -o x --partition a --partition b --partition c", "zeropage pack: --partition c: there is room for two"),
    ("pack k -o x --partition a:00", "zeropage pack: --partition a:00: type 0 means that there is no partition"),
    ("pack k -o x --initrd-room much", "zeropage pack: --initrd-room much: not a size such as 4096, 64K or 8M"),
    ("pack k -o x --cmdline-room 0", "zeropage pack: --cmdline-room 0: not a size such as 4096, 64K or 8M"),
    ("pack --set-cmdline f", "zeropage pack: --set-cmdline FILE TEXT: no text given"),
    ("pack --set-initrd f", "zeropage pack: --set-initrd FILE INITRD: no initrd given"),
    ("pack --verify f g", "zeropage pack: --verify takes one file: 'g' is too many"),
    ("pack --verify f --set-initrd f", "zeropage pack: one of --set-cmdline, --set-initrd and --verify at a time"),
    ("pack --verify f --multiboot", "zeropage pack: --set-cmdline, --set-initrd and --verify go without other options"),
    ("plan x --cache-size 1G", "zeropage plan: --cache-size without --cache"),
    ("run --cache-size 1G x", "zeropage run: --cache-size without --cache"),
    ("plan x --json --svg -", "zeropage plan: standard output takes one thing; name a file for the drawing"),
    ("unpack", "zeropage unpack: no image given"),
    ("unpack a b", "zeropage unpack: one image at a time: 'b' is too many"),
    ("unpack k --section .linux", "zeropage unpack: --section .linux: not NAME:FILE"),
    ("unpack k --section :x", "zeropage unpack: --section :x: not NAME:FILE"),
    ("unpack k --section x:", "zeropage unpack: --section x:: not NAME:FILE"),
    ("unpack k -o - --notes -", "zeropage unpack: standard output takes one thing; name a file for the others"),
    ("unpack k -o - --list", "zeropage unpack: standard output takes one thing; name a file for the others"),
    ("firmware vmlinuz", "zeropage firmware: takes no image: 'vmlinuz' is too many"),
    ("firmware --rom --elf", "zeropage firmware: one of --json, --rom and --elf at a time"),
    ("firmware --bios", "zeropage firmware: unrecognized option '--bios'"),
    ("firmwrae", "zeropage: unknown verb 'firmwrae'; did you mean 'firmware'?"),
    ("unpak x", "zeropage: unknown verb 'unpak'; did you mean 'unpack'?"),
    ("run --net tap x", "zeropage run: --net tap: not 'user'"),
]


def zeropage(*argv, **options):
    return zptap.command(zptap.BINARY, *argv, **options)


def on_a_terminal(argv, **environment):
    """Output of argv with a pseudo-terminal of 24 by 80 as stdout."""
    ours, theirs = pty.openpty()
    full = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    full.update({"TERM": "xterm", "LC_ALL": "C"}, **environment)
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=theirs, env=full)
    os.close(theirs)
    output = b""
    deadline = time.monotonic() + 30
    try:
        while select.select([ours], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            output += part
        process.wait(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    return process.returncode, output


class Usage(unittest.TestCase):
    def test_usage_errors(self):
        """each mistake on the command line is exit code 2 and one exact line"""
        for arguments, line in USAGE_ERRORS:
            with self.subTest(arguments):
                ran = zeropage(*arguments.split())
                self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (2, "", line + "\n"))

    def test_version(self):
        """--version prints the version of the project"""
        version = re.search(r"version: '([^']+)'", (zptap.SOURCE / "meson.build").read_text()).group(1)
        ran = zeropage("--version")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, f"zeropage {version}\n", ""))

    def test_help_fits_a_screen(self):
        """--help of the command and of each verb has at most 23 lines of at most 80 characters"""
        for argv in [["--help"], ["-h"]] + [[verb, flag] for verb in VERBS + OTHERS for flag in ("--help", "-h")]:
            with self.subTest(" ".join(argv)):
                ran = zeropage(*argv)
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
                lines = ran.stdout.splitlines()
                self.assertGreater(len(lines), 3)
                self.assertLessEqual(len(lines), 23)
                self.assertLessEqual(max(map(len, lines)), 80)

    def test_help_names_every_verb(self):
        """the help of the command names every verb"""
        usage = zeropage("--help").stdout.split("Usage:\n")[1].split("\n\n")[0]
        listed = re.findall(r"(?m)^  zeropage (\w+) +(IMAGE \.\.\.|)", usage)
        self.assertEqual([verb for verb, image in listed if image], list(VERBS))
        self.assertEqual([verb for verb, image in listed if not image], list(OTHERS))

    def test_full_disk(self):
        """an output that cannot be written is exit code 1 and one line"""
        with open("/dev/full", "w") as full:
            ran = subprocess.run([zptap.BINARY, "--version"], stdout=full, stderr=subprocess.PIPE, text=True,
                                 timeout=30)
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stderr, "zeropage: standard output: No space left on device\n")


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.work = pathlib.Path(self.folder.name)
        zptap.command(os.environ["ZP_GEN_IMAGE"], "bzimage", self.work / "k")

    def refused(self, *argv):
        """stderr of a command that must end with exit code 1, nothing on stdout and one line."""
        ran = zeropage(*argv, cwd=self.work)
        self.assertEqual((ran.returncode, ran.stdout), (1, ""), ran.stderr)
        self.assertRegex(ran.stderr, r"\Azeropage: [^\n]+\n\Z")
        return ran.stderr[len("zeropage: "):-1]

    def test_images_that_cannot_be_read(self):
        """a missing file, a folder and a file without permission are one line each"""
        (self.work / "secret").write_bytes(b"x")
        (self.work / "secret").chmod(0)
        for verb in VERBS:
            with self.subTest(verb):
                needed = NEEDED.get(verb, ())
                self.assertEqual(self.refused(verb, "missing", *needed), "missing: No such file or directory")
                self.assertEqual(self.refused(verb, ".", *needed), ".: Is a directory")
                if os.geteuid() != 0:
                    self.assertEqual(self.refused(verb, "secret", *needed), "secret: Permission denied")

    def test_empty_image(self):
        """an empty file is one line that says so"""
        (self.work / "empty").touch()
        for verb in VERBS:
            with self.subTest(verb):
                self.assertIn("empty", self.refused(verb, "empty", *NEEDED.get(verb, ())))

    def test_other_files_that_cannot_be_read(self):
        """initrds, modules and setup_data that cannot be read are named"""
        for verb in ("plan", "run"):
            for option in ("--initrd", "--module"):
                with self.subTest(f"{verb} {option}"):
                    self.assertEqual(self.refused(verb, "k", option, "gone"),
                                     "gone: No such file or directory")
                    self.assertEqual(self.refused(verb, "k", option, "."), ".: Is a directory")
            self.assertEqual(self.refused(verb, "k", "--setup-data", "dtb:gone"),
                             "gone: No such file or directory")

    def test_drawing_that_cannot_be_written(self):
        """--svg to a place that does not exist is one line"""
        self.assertEqual(self.refused("plan", "k", "--svg", "no/where.svg"),
                         "no/where.svg: No such file or directory")

    def test_drawing_on_a_full_disk(self):
        """a drawing is written whole or not at all"""
        (self.work / "old.svg").write_text("old")
        for name in ("new.svg", "old.svg"):
            ran = zeropage("plan", "k", "--svg", name, cwd=self.work, env=zptap.NO_COVERAGE,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)))
            self.assertEqual((ran.returncode, ran.stdout), (1, ""))
            self.assertEqual(ran.stderr, f"zeropage: {name}: File too large\n")
        self.assertEqual(sorted(os.listdir(self.work)), ["k", "old.svg"])
        self.assertEqual((self.work / "old.svg").read_text(), "old")

    def test_empty_initrd(self):
        """the empty one of several initrds is named"""
        (self.work / "full").write_bytes(b"x")
        (self.work / "empty").touch()
        line = self.refused("plan", "k", "--initrd", "full", "--initrd", "empty")
        self.assertTrue(line.startswith("empty: the initrd is empty"), line)

    def test_protocol_that_is_not_offered(self):
        """a wish for a protocol that the image lacks lists those that it has"""
        line = self.refused("plan", "k", "--protocol", "multiboot1")
        for name in ("multiboot1", "linux32", "linux64"):
            self.assertIn(name, line)

    def test_hostile_names(self):
        """control characters of a file name never reach the terminal"""
        name = "k\x1b[31m\n\u202e.img"
        line = self.refused("inspect", name)
        self.assertEqual(line, "k\\x1b[31m\\x0a\\xe2\\x80\\xae.img: No such file or directory")

    def test_colour(self):
        """colour on a terminal, none with NO_COLOR, TERM=dumb or in a pipe"""
        for verb in ("inspect", "plan"):
            command = [zptap.BINARY, verb, self.work / "k"]
            with self.subTest(verb):
                code, output = on_a_terminal(command)
                self.assertEqual(code, 0)
                self.assertIn(b"\x1b[1m", output)
                self.assertIn(b"\x1b[1m", on_a_terminal(command, NO_COLOR="")[1])
                self.assertNotIn(b"\x1b", on_a_terminal(command, NO_COLOR="1")[1])
                self.assertNotIn(b"\x1b", on_a_terminal(command, TERM="dumb")[1])
                self.assertNotIn("\x1b", zeropage(*command[1:]).stdout)

    def test_locale(self):
        """bars are block characters in a UTF-8 locale and ASCII elsewhere"""
        environment = dict(os.environ)
        environment["LC_ALL"] = "C.UTF-8"
        self.assertRegex(zeropage("plan", self.work / "k", env=environment).stdout, "[█▌]")
        environment["LC_ALL"] = "C"
        self.assertTrue(zeropage("plan", self.work / "k", env=environment).stdout.isascii())


if __name__ == "__main__":
    zptap.main()
