# SPDX-License-Identifier: BSD-2-Clause
"""The firmware boots from disks: the handoff probe behind every kind of entry, judged, and the one line that says why."""
import functools
import json
import pathlib
import random
import re
import tempfile
import time
import unittest
import zlib

import console
import debian_layouts as layouts
import disk_images as images
import zptap

PROBE = {shape: zptap.BUILD / f"src/probe/guest/probe.{shape}" for shape in ("bzimage", "pvh")}
MIB = 1 << 20
SECONDS = 60
INITRD = bytes(i * 7 & 0xFF for i in range(5003))
WORDS = "probe a=b d"
LARGE = "logical_block_size=4096,physical_block_size=4096"

_folder = tempfile.TemporaryDirectory(prefix="zeropage-disks-")
FOLDER = pathlib.Path(_folder.name)


# --- images -------------------------------------------------------------------------------------------

def place(name):
    return FOLDER / name


def tree(name, files):
    return images.tree(place(name + ".tree"), {"probe": PROBE["bzimage"], "probe.pvh": PROBE["pvh"], "initrd": INITRD,
                                               **files})


def esp(name, files, sector=512, size=8 * MIB):
    folder = tree(name, files)
    return images.gpt(place(name), ("ef00", "ESP", images.fat(place(name + ".esp"), folder, size, sector=sector)),
                      sector=sector)


def linux(name, files, sector=512):
    return images.gpt(place(name), ("8300", "boot", images.ext4(place(name + ".ext4"), tree(name, files), 16 * MIB, "-U",
                                                               "0a1b2c3d-0000-4000-8000-00000000beef")), sector=sector)


def entry(title, kernel="/probe", *more, initrd="/initrd"):
    return "\n".join([f"title {title}", "linux " + kernel, *([f"initrd {initrd}"] if initrd else []),
                      f"options {WORDS}", *more, ""])


@functools.cache
def bls(sector=512):
    """The first entry's kernel is missing, the second's is none; the third is good, and the last is worse."""
    return esp(f"bls-{sector}", {
        "loader/loader.conf": "default zz-*\ntimeout 0\n", "garbage": random.Random(1).randbytes(70000),
        "loader/entries/zz-3-absent.conf": entry("Absent", "/nowhere", "version 9"),
        "loader/entries/zz-2-garbage.conf": entry("Garbage", "/garbage", "version 8"),
        "loader/entries/zz-1-good.conf": entry("Good one", "/probe", "version 7"),
        "loader/entries/aa-old.conf": entry("Old", "/probe", "version 6")}, sector)


def bls_pvh():
    return esp("bls-pvh", {"loader/entries/pvh.conf": entry("By PVH", "/probe.pvh")}, 4096, 24 * MIB)


@functools.cache
def extlinux(sector=512):
    return linux(f"extlinux-{sector}", {"extlinux/extlinux.conf":
                 "DEFAULT second\nPROMPT 0\nLABEL first\n  LINUX /nowhere\nLABEL second\n  MENU LABEL The ^second\n"
                 f"  KERNEL /probe\n  INITRD /initrd\n  APPEND {WORDS}\n"}, sector)


GRUB_CFG = f"""set default="0"
set timeout=0
insmod part_gpt
insmod ext2
if [ x$feature_platform_search_hint = xy ]; then
  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt1 0a1b2c3d-0000-4000-8000-00000000beef
else
  search --no-floppy --fs-uuid --set=root 0a1b2c3d-0000-4000-8000-00000000beef
fi
words=a=b
menuentry 'A system' --class gnu-linux $menuentry_id_option 'gnulinux-simple' {{
    linux /probe {WORDS.split()[0]} ${{words}} 'd'
    initrd /initrd
}}
submenu 'Advanced options' {{
    menuentry 'Another' {{
        linux /nowhere
    }}
}}
"""


def grub():
    return linux("grub", {"grub/grub.cfg": GRUB_CFG})


def fedora():
    """An ESP that leads on to /boot, whose grub.cfg takes entries of the specification and a saved one."""
    new, old = layouts.FEDORA
    images.tool("grub-editenv", place("grubenv"), "create")
    images.tool("grub-editenv", place("grubenv"), "set", f"saved_entry=machine-{old}", f"kernelopts={WORDS}", "boot_success=1")
    files = {"grub2/grub.cfg": layouts.FEDORA_CFG, "grub2/grubenv": place("grubenv")}
    for version in (new, old):
        files[f"loader/entries/machine-{version}.conf"] = layouts.fedora_entry(version, "$kernelopts $tuned_params")
        files[f"vmlinuz-{version}"], files[f"initramfs-{version}.img"] = PROBE["bzimage"], INITRD
    boot = images.ext4(place("fedora.boot"), tree("fedora.boot", files), 16 * MIB, "-U", layouts.BOOT_UUID)
    stub = images.fat(place("fedora.esp"), tree("fedora.esp", {"EFI/fedora/grub.cfg": layouts.FEDORA_STUB}), 8 * MIB)
    return images.gpt(place("fedora"), ("ef00", "EFI System Partition", stub), ("8300", "", boot))


@functools.cache
def uki():
    own, added = WORDS.encode().rsplit(b" ", 1)
    addon = images.unified(place("words.addon.efi"), [(".cmdline", added + b"\0")])
    efi = images.unified(place("one.efi"), [
        (".osrel", b'ID=probe\nVERSION_ID=3\nPRETTY_NAME="A unified image"\n'), (".cmdline", own + b"\n\0"),
        (".uname", b"1.2.3"), (".initrd", INITRD), (".linux", PROBE["bzimage"].read_bytes())])
    return esp("uki", {"EFI/Linux/one.efi": efi, "EFI/Linux/one.efi.extra.d/words.addon.efi": addon})


def packed():
    images.tree(FOLDER, {"packed.initrd": INITRD})
    images.tool(zptap.BINARY, "pack", PROBE["bzimage"], "-o", place("packed"), "--cmdline", WORDS, "--initrd",
                place("packed.initrd"))
    return place("packed")


def bare():
    return linux("bare", {"boot/kernel": PROBE["bzimage"], "boot/rd": INITRD})


def hostile():
    """Disks that nobody wants: noise, a GPT of noise, a FAT of noise with a good entry behind it, an ext4 cut off."""
    noise = random.Random(2)
    yield images.tree(FOLDER, {"noise": noise.randbytes(3 * MIB)}) / "noise"
    wild = images.gpt(place("wild"), ("8300", "", images.empty(place("nothing"), MIB)))
    spoil(wild, 512 + 40, noise.randbytes(50))
    spoil(wild, 1024, noise.randbytes(128 * 128))
    spoil(wild, wild.stat().st_size - 33 * 512, noise.randbytes(32 * 512))
    yield wild
    yield loops()
    data = images.ext4(place("cut"), tree("cut", {"extlinux/extlinux.conf": "LABEL cut\nLINUX /probe\n"}), 16 * MIB).read_bytes()
    yield images.tree(FOLDER, {"cut": data[:4096] + noise.randbytes(1 * MIB)}) / "cut"
    yield images.empty(place("blank"), MIB)


def loops():
    """A FAT file system in which each cluster follows itself."""
    path = images.fat(place("loops"), tree("loops", {"loader/entries/loop.conf": entry("Loop") * 200}), 8 * MIB, "-F", "16", "-s",
                      "1", "-f", "1")
    data = path.read_bytes()
    start, length = int.from_bytes(data[14:16], "little") * 512, int.from_bytes(data[22:24], "little") * 512
    table = bytearray(data[start:start + length])
    for cluster in range(2, length // 2):
        if table[2 * cluster:2 * cluster + 2] != b"\0\0":
            table[2 * cluster:2 * cluster + 2] = cluster.to_bytes(2, "little")
    spoil(path, start, bytes(table))
    return path


def spoil(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


# --- machines -----------------------------------------------------------------------------------------

def drives(machine, kind, *paths, sector=512):
    """Disks on one machine: all by virtio-blk, or units of one virtio-scsi."""
    bus = "device" if machine.startswith("microvm") else "pci"
    words = ["-device", f"virtio-scsi-{bus},id=scsi"] if kind == "scsi" else []
    front = f"virtio-blk-{bus}" if kind == "blk" else "scsi-hd,bus=scsi.0"
    # On microvm the last device is the first of the bus.
    for number, path in enumerate(paths if bus == "pci" or kind == "scsi" else reversed(paths)):
        words += ["-drive", f"if=none,id=d{number},format=raw,snapshot=on,file={path}",
                  "-device", f"{front},drive=d{number}" + (f",{LARGE}" if sector == 4096 else "")]
    return words


class Machine(unittest.TestCase):
    def run_machine(self, argv):
        """What came out until the report's end, or until nothing more is to come."""
        with console.Console(argv, SECONDS) as guest:
            guest.expect(r'"probe":"end"[^\n]*\n|zeropage: [^\n]*nothing to boot[^\n]*\n')
            return guest.text

    def judge(self, text, protocol="linux32", cmdline=WORDS):
        serial = images.tree(FOLDER, {"serial": text, "asked.initrd": INITRD}) / "serial"
        ran = zptap.command(zptap.BINARY, "probe", "--judge", serial, "--json", "--cmdline", cmdline, "--initrd",
                            place("asked.initrd"))
        judged = json.loads(ran.stdout)
        self.assertIn("clauses", judged, f"{judged}: {text}")
        must = [clause for clause in judged["clauses"] if clause["level"] == "must"]
        self.assertEqual([clause for clause in must if clause["verdict"] == "fail"], [])
        self.assertGreater(len([clause for clause in must if clause["verdict"] == "pass"]), 10)
        self.assertEqual(judged["protocol"], protocol)
        report = [json.loads(line[line.index("{"):]) for line in text.splitlines() if '{"probe":"' in line and line.endswith("}")]
        self.assertEqual([(line["size"], int(line["crc32"], 16)) for line in report if line["probe"] == "module"],
                         [(len(INITRD), zlib.crc32(INITRD))])
        self.assertEqual([line["text"] for line in report if line["probe"] == "cmdline"], [cmdline])

    def said(self, text):
        return re.findall(r"(?m)^zeropage: (.*?)\r?$", text)


class Disks(Machine):
    def boots(self, machine, kind, paths, decision, notes=(), sector=512, protocol="linux32"):
        """The last line is the decision; before it come notes, each of which matches its pattern."""
        text = self.run_machine(console.qemu(machine, "-bios", console.ROM, *drives(machine, kind, *paths, sector=sector)))
        lines = self.said(text)
        self.assertTrue(lines, text)
        self.assertRegex(lines[-1], f"^{decision}$")
        self.assertEqual(len(lines) - 1, len(notes), lines)
        for line, pattern in zip(lines, notes):
            self.assertRegex(line, pattern)
        self.judge(text, protocol)

    def test_bls(self):
        """FAT and boot loader specification: what cannot be booted costs a line, and the next is taken"""
        for machine, kind, sector in (("q35", "blk", 512), ("pc", "scsi", 4096)):
            with self.subTest(machine=machine, kind=kind, sector=sector):
                self.boots(machine, kind, [bls(sector)], rf"Good one from virtio-{kind} \S+.*, partition 1: \S.*",
                           [r"zz-3-absent: /nowhere is not there", r"^Garbage from ", r"garbage|kernel|image"], sector)

    def test_extlinux(self):
        """ext4 and extlinux.conf, whose default is not its first"""
        for machine, kind, sector in (("pc", "blk", 4096), ("microvm", "scsi", 512)):
            with self.subTest(machine=machine, kind=kind, sector=sector):
                self.boots(machine, kind, [extlinux(sector)],
                           rf"(The second|second) from virtio-{kind} .*, partition 1: the default of its configuration",
                           sector=sector)

    def test_grub(self):
        """ext4 and grub.cfg"""
        self.boots("q35", "scsi", [grub()], r"A system from virtio-scsi .*, partition 1: the default of its configuration")

    def test_fedora(self):
        """blscfg: the entry that grubenv has saved, with the variables of it"""
        old = re.escape(layouts.FEDORA[1])
        self.boots("q35", "blk", [fedora()], rf"Fedora Linux \({old}\) 41 \(Server Edition\) from virtio-blk \S+, partition 2: "
                   "the default of its configuration")

    def test_uki(self):
        """a unified kernel image in EFI/Linux, whose last word is of an addon"""
        self.boots("microvm", "blk", [uki()], r"A unified image from virtio-blk 0x\w+, partition 1: the first of all entries")

    def test_packed(self):
        """a packed file as the whole disk"""
        self.boots("q35", "blk", [packed()],
                   r"Image from virtio-blk \S+: the first of all entries", protocol="linux64")

    def test_pvh(self):
        """an ELF by PVH, on sectors of 4096 bytes behind virtio-mmio"""
        self.boots("microvm", "blk", [bls_pvh()], r"By PVH from virtio-blk 0x\w+, partition 1: the first of all entries",
                   sector=4096, protocol="pvh")

    def test_named(self):
        """a kernel and its initrd by their paths, where there is a command line"""
        asked = f"zeropage.kernel=/boot/kernel zeropage.initrd=/boot/rd {WORDS}"
        text = self.run_machine(console.qemu("q35", "-kernel", console.ELF, "-append", asked,
                                             *drives("q35", "blk", bls(), bare())))
        self.assertRegex(self.said(text)[-1],
                         r"^/boot/kernel from virtio-blk \S+.*, partition 1: named on the command line$")
        self.assertEqual(len(self.said(text)), 1)
        self.judge(text)

    def test_wild_address(self):
        """a device where this CPU has no addresses costs a line, not the machine"""
        wild = "virtio_mmio.device=4K@0x400000000000:5"
        text = self.run_machine(console.qemu("pc", "-kernel", console.ELF, "-append", wild, *drives("pc", "blk", extlinux())))
        self.assertEqual(self.said(text)[0], "virtio-mmio 0x400000000000: this CPU has no such address")
        self.assertEqual(len(self.said(text)), 2)
        self.judge(text, cmdline=f"{WORDS} {wild}")

    def test_title(self):
        """a title does not tell the terminal what to do"""
        title = esp("title", {"loader/entries/one.conf": entry("A \x1b[2Jtitle \u00e9\r.")})
        self.boots("pc", "blk", [title], r"A \?\[2Jtitle \u00e9\?\. from virtio-blk \S+, partition 1: the first of all entries")

    def test_menu(self):
        """a key while the machine starts brings the menu, and what is chosen there is looked at as any other"""
        uki()
        disk = linux("chosen", {"one.efi": place("one.efi"), "one.efi.extra.d/a.addon.efi": place("words.addon.efi"),
                                "extlinux/extlinux.conf":
                                "LABEL first\nLINUX /nowhere\nLABEL second\nLINUX /probe\nLABEL third\nLINUX /one.efi\n"})
        with console.Console(console.qemu("pc", "-bios", console.ROM, *drives("pc", "blk", disk)), SECONDS) as guest:
            guest.type("")
            guest.expect(r"zeropage: +1 +first \(cannot be booted\)\r\nzeropage: \* 2 +second\r\nzeropage: +3 +third\r\n")
            guest.expect("number or arrows, then Enter; Enter alone for 2")
            guest.type("1")
            guest.expect("1 is none of them")
            guest.type("3")
            guest.expect(r"zeropage: third from virtio-blk \S+, partition 1: chosen in the menu\r\n")
            guest.expect(r'"probe":"end"[^\n]*\n')
            self.judge(guest.text)

    def rows(self, name, conf, count=30):
        """An ESP with so many entries, of which the last is the newest."""
        return esp(name, {"loader/loader.conf": conf, **{
            f"loader/entries/e-{number:02}.conf": entry(f"Row {number}", "/probe", f"version {number}")
            for number in range(count)}})

    def test_timeout(self):
        """loader.conf has the menu wait: nobody comes, and the default is booted when the time is up"""
        disk = self.rows("timeout", "timeout 1\ndefault e-04*\n")
        with console.Console(console.qemu("q35", "-bios", console.ROM, *drives("q35", "blk", disk)), SECONDS) as guest:
            for number in range(30):  # all of them, and the newest first
                guest.expect(rf"zeropage: {'[*]' if number == 25 else ' '} {number + 1}  Row {29 - number}\r\n")
            guest.expect(r"zeropage: number or arrows, then Enter; 26 boots in 1 s\r\n")
            begun = time.monotonic()
            guest.expect(r"zeropage: Row 4 from virtio-blk \S+, partition 1: the default of loader.conf\r\n")
            self.assertGreater(time.monotonic() - begun, 0.3)  # how long it is, test_disks_matrix.py sees
            guest.expect(r'"probe":"end"[^\n]*\n')
            self.judge(guest.text)

    def test_arrows(self):
        """a menu that stays: arrows move the mark to either end, and Enter takes what is marked"""
        disk = self.rows("arrows", "timeout menu-force\n", 3)
        with console.Console(console.qemu("pc", "-bios", console.ROM, *drives("pc", "blk", disk)), SECONDS) as guest:
            guest.expect(r"zeropage: number or arrows, then Enter; Enter alone for 1\r\n")
            for keys, marked in (("\x1b[B", 2), ("\x1bOB", 3), ("\x1b[B", 3), ("\x1b[A", 2), ("\x1b[A", 1), ("\x1b[A", 1),
                                 ("\x1b[B", 2)):
                guest.send(keys)
                guest.expect(rf"zeropage: \* {marked}  Row {3 - marked}\r\n")
            guest.send("\r")
            guest.expect(r"zeropage: Row 1 from virtio-blk \S+, partition 1: chosen in the menu\r\n")
            guest.expect(r'"probe":"end"[^\n]*\n')
            self.judge(guest.text)

    def test_same_titles(self):
        """what has the same title as another, is shown with its version, or its file"""
        disk = esp("same", {"loader/loader.conf": "timeout menu-force\n", "loader/entries/c.conf": entry("Os", "/probe", "version 7"),
                            "loader/entries/b.conf": entry("Os"), "loader/entries/a.conf": entry("Another", "/probe", "version 5")})
        with console.Console(console.qemu("pc", "-bios", console.ROM, *drives("pc", "blk", disk)), SECONDS) as guest:
            guest.expect(r"zeropage: \* 1  Os, 7\r\nzeropage:   2  Os, b\r\nzeropage:   3  Another\r\n")
            guest.send("\r")
            guest.expect(r"zeropage: Os from virtio-blk ")

    def test_hidden(self):
        """a menu that is hidden, and a time of 0, wait for nobody"""
        for conf in ("menu-hidden", "0"):
            with self.subTest(timeout=conf):
                self.boots("pc", "blk", [self.rows(f"hidden-{conf}", f"timeout {conf}\n", 2)],
                           r"Row 1 from virtio-blk \S+, partition 1: the first of all entries")

    def test_long_title(self):
        """a title that no line holds is cut where one sees it, and what comes behind it is not"""
        title = esp("long", {"loader/entries/one.conf": entry("x" + "\u00e9" * 2000)})
        self.boots("pc", "blk", [title], "x\u00e9{49}" + r"\.\.\. from virtio-blk \S+, partition 1: the first of all entries")

    def test_waits_for_nobody(self):
        """a disk without entries cannot have the machine wait for a key"""
        menu = esp("menu", {"loader/loader.conf": "timeout menu-force\n"})
        self.boots("pc", "blk", [menu, bls()], r"Good one from virtio-blk \S+, partition 1: \S.*",
                   [r"zz-3-absent: /nowhere is not there", r"^Garbage from ", r"garbage|kernel|image"])

    def test_another_root(self):
        """the only disk is on a bus that no bridge of bus 0 leads to"""
        behind = ["-device", "pxb-pcie,id=other,bus_nr=32,bus=pcie.0", "-device", "pcie-root-port,id=rp,bus=other,chassis=1",
                  "-drive", f"if=none,id=d,format=raw,snapshot=on,file={extlinux()}", "-device", "virtio-blk-pci,drive=d,bus=rp"]
        text = self.run_machine(console.qemu("q35", "-kernel", console.ELF, *behind))
        self.assertRegex(self.said(text)[-1], r"second from virtio-blk 21:00\.0, partition 1: the default of its configuration$")
        self.judge(text)

    def test_module_that_is_no_kernel(self):
        """it is not dropped without a word"""
        images.tree(FOLDER, {"module": INITRD})
        text = self.run_machine(console.qemu("q35", "-kernel", console.ELF, "-initrd", place("module"),
                                             *drives("q35", "blk", extlinux())))
        self.assertEqual(self.said(text)[0], "the first module is no kernel: none of 1 is used")
        self.assertEqual(len(self.said(text)), 2)
        self.judge(text)

    def test_hostile(self):
        """disks of noise, tables of noise and chains that never end first: a line each, and the good one is booted"""
        with self.subTest("behind them"):
            text = self.run_machine(console.qemu("pc", "-bios", console.ROM, *drives("pc", "blk", *hostile(), extlinux())))
            lines = self.said(text)
            self.assertRegex(lines[-1], r"second from virtio-blk \S+.*, partition 1: the default of its configuration$")
            self.assertLess(len(lines), 20, lines)
            self.judge(text)
        with self.subTest("alone"):
            text = self.run_machine(console.qemu("pc", "-bios", console.ROM, *drives("pc", "blk", *hostile())))
            self.assertRegex(self.said(text)[-1], "nothing to boot")
            self.assertLess(len(self.said(text)), 20, text)


if __name__ == "__main__":
    zptap.main()
