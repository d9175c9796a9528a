# SPDX-License-Identifier: BSD-2-Clause
"""The images that the verdicts are tried on: every real kernel of tools/kernels, guests of our own, and copies of them
with one thing spoiled. Each has a name; all of them are files in one folder."""
import pathlib
import shutil
import struct

import zptap

# Parts of kernels and of boot loaders: no images to hand to a host.
NO_KERNELS = {"cloud-config", "cloud-modules", "grub-mkimage", "grub-bios", "grub-efi", "pxelinux", "isolinux", "syslinux",
              "syslinux-efi", "ipxe-efi", "systemd-boot", "u-boot-rom", "u-boot-rom64"}
GUESTS = {"handoff-bzimage": "handoff.bzimage", "handoff-elf": "handoff.elf", "handoff32-elf": "handoff32.elf"}
PROBES = ["bzimage", "bzimage32", "bzimage16", "elf64", "pvh", "multiboot1", "multiboot2", "efi"]
# Prints "SSSS" on the first serial port and halts, from wherever it was loaded.
BOOT_SECTOR = bytes.fromhex("fa ba f8 03 b0 53 ee ee ee ee f4 eb fd".replace(" ", ""))


def poke(data, offset, form, value):
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


def field(data, offset, form):
    return struct.unpack_from(form, data, offset)[0]


def without(data, *magics):
    """A copy in which each of these 32-bit words is spoiled, wherever it lies aligned."""
    changed = bytearray(data)
    for magic in magics:
        wanted = struct.pack("<I", magic)
        for at in range(0, len(data) - 3, 4):
            if data[at:at + 4] == wanted:
                changed[at:at + 4] = b"zzzz"
    return bytes(changed)


def boot_code(data):
    """With boot code in the first bytes, made as long as a BIOS wants its disks."""
    changed = bytearray(data.ljust(1 << 20, b"\0"))
    changed[:len(BOOT_SECTOR)] = BOOT_SECTOR
    changed[0x1fe:0x200] = b"\x55\xaa"
    return bytes(changed)


def of_bzimage(name, data):
    """bzImages with one thing spoiled: Linux Documentation/x86/boot."""
    xlf = field(data, 0x236, "<H")
    yield "no-aa55", poke(data, 0x1fe, "<H", 0)
    yield "no-hdrs", poke(data, 0x202, "<I", 0)
    for version in (0x1ff, 0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x209, 0x20a, 0x20b):
        yield f"version-{version:x}", poke(data, 0x206, "<H", version)
    yield "no-xlf64", poke(data, 0x236, "<H", xlf & ~1)
    yield "loaded-low", poke(data, 0x211, "<B", data[0x211] & ~1)
    yield "setup-sects-255", poke(data, 0x1f1, "<B", 255)
    yield "jump-0", poke(data, 0x201, "<B", 0)
    yield "code32-0", poke(data, 0x214, "<I", 0)
    yield "syssize-0", poke(data, 0x1f4, "<I", 0)
    yield "syssize-huge", poke(data, 0x1f4, "<I", 0x10000000)
    yield "init-size-huge", poke(data, 0x260, "<I", 0xf0000000)
    yield "init-size-0", poke(data, 0x260, "<I", 0)
    yield "cmdline-0", poke(data, 0x238, "<I", 0)
    yield "relocatable", poke(poke(data, 0x234, "<B", 1), 0x230, "<I", 0x1000)
    yield "alignment-0", poke(poke(data, 0x234, "<B", 1), 0x230, "<I", 0)
    yield "pref-high", poke(poke(data, 0x234, "<B", 0), 0x258, "<Q", 0x10000000000)
    for size in (0x1f0, 0x200, 0x210, 0x250, 0x400, len(data) // 2):
        yield f"cut-{size:x}", data[:size]
    yield "boot-code", boot_code(data)


def of_elf(name, data):
    """ELF files with one thing spoiled; handoff.elf offers e_entry, PVH note and both multiboots."""
    wide = data[4] == 2
    size, form = (56, "<Q") if wide else (32, "<I")
    phoff = field(data, 32 if wide else 28, form)
    phnum = field(data, 56 if wide else 44, "<H")
    headers = [phoff + i * size for i in range(phnum)]
    types = [field(data, at, "<I") for at in headers]
    offset_at, paddr_at, filesz_at, memsz_at, align_at = (8, 24, 32, 40, 48) if wide else (4, 12, 16, 20, 28)
    load = headers[types.index(1)]
    yield "no-mb1", without(data, 0x1badb002)
    yield "no-mb2", without(data, 0xe85250d6)
    yield "no-mb", without(data, 0x1badb002, 0xe85250d6)
    magic = data.index(struct.pack("<I", 0x1badb002))
    yield "mb1-checksum", poke(data, magic + 8, "<I", 0x12345678)
    flags = field(data, magic + 4, "<I")
    yield "mb1-no-addresses", poke(poke(data, magic + 4, "<I", flags & 0xffff & ~4), magic + 8, "<I",
                                   -(0x1badb002 + (flags & 0xffff & ~4)) & 0xffffffff)
    yield "mb1-flag-15", poke(poke(data, magic + 4, "<I", flags | 0x8000), magic + 8, "<I",
                              -(0x1badb002 + (flags | 0x8000)) & 0xffffffff)
    plain = without(data, 0x1badb002, 0xe85250d6)
    note = headers[types.index(4)] if 4 in types else None
    at = field(data, note + offset_at, form) if note else 0
    if data[at + 12:at + 16] == b"Xen\0":
        for suffix, base in ((("", data), ("no-mb-", plain))):
            yield suffix + "no-pvh", poke(base, at + 8, "<I", 17)
        yield "no-mb-pvh-name", poke(plain, at + 12, "<I", 0x216e6558)
        yield "no-mb-note-align-0", poke(plain, note + align_at, form, 0)
        yield "no-mb-note-align-8", poke(plain, note + align_at, form, 8)
        yield "no-mb-note-align-1", poke(plain, note + align_at, form, 1)
        yield "no-mb-note-descsz-huge", poke(plain, at + 4, "<I", 0xffffffff)
        yield "no-mb-no-pt-note", poke(plain, note, "<I", 0)
    # The file with its segments 9000 bytes on (more pages, as the segments are aligned): headers behind 8 KiB.
    for far in (0x3000, 0x9000):
        moved = bytearray(data[:0x1000] + bytes(far) + data[0x1000:])
        for at in headers:
            struct.pack_into(form, moved, at + offset_at, field(data, at + offset_at, form) + far)
        struct.pack_into(form, moved, 40 if wide else 32, 0)  # no section headers
        struct.pack_into("<3H", moved, 58 if wide else 46, 0, 0, 0)
        yield f"far-{far:x}", bytes(moved)
    base = plain
    yield "no-mb-machine-arm", poke(base, 18, "<H", 183)
    yield "no-mb-machine-other", poke(base, 18, "<H", 3 if wide else 62)
    yield "no-mb-type-dyn", poke(base, 16, "<H", 3)
    yield "no-mb-type-rel", poke(base, 16, "<H", 1)
    yield "no-mb-entry-outside", poke(base, 24, form, 0x40000000)
    yield "no-mb-entry-0", poke(base, 24, form, 0)
    yield "no-mb-phnum-0", poke(base, 56 if wide else 44, "<H", 0)
    yield "no-mb-phentsize", poke(base, 54 if wide else 42, "<H", size - 8)
    yield "no-mb-filesz", poke(base, load + filesz_at, form, field(base, load + memsz_at, form) + 1)
    yield "no-mb-osabi-ff", poke(base, 7, "<B", 0xff)
    yield "no-mb-low", shift_paddr(base, headers, types, paddr_at, form, -0xff000 + (1 << (64 if wide else 32)))
    yield "no-mb-high", shift_paddr(base, headers, types, paddr_at, form, 0xe0000000)
    yield "cut-40", data[:0x40]
    yield "cut-1800", data[:0x1800]
    yield "no-mb-cut-1800", base[:0x1800]


def shift_paddr(data, headers, types, paddr_at, form, by):
    for at, kind in zip(headers, types):
        if kind == 1:
            mask = (1 << (8 * struct.calcsize(form))) - 1
            data = poke(data, at + paddr_at, form, (field(data, at + paddr_at, form) + by) & mask)
    return data


def of_pe(name, data):
    pe = field(data, 0x3c, "<I")
    yield "no-mz", poke(data, 0, "<H", 0)
    yield "machine-i386", poke(data, pe + 4, "<H", 0x14c)
    yield "subsystem-gui", poke(data, pe + 24 + 68, "<H", 2)
    yield "cut", data[:0x400]


# Ways to pack the probe: every flavour, with what diverts hosts to other ways in, and with a partition behind it.
PACKED = {"packed": [], "packed-no-esp": ["--esp", "off"], "packed-multiboot": ["--multiboot"],
          "packed-pe": ["--flavour", "pe"], "packed-lz4": ["--compress", "lz4"],
          "packed-tail": ["--partition", "root"]}


def pack(folder):
    """Packed files of a kernel that speaks on the serial port, by name."""
    kernel = zptap.BUILD / "src/probe/guest/probe.elf64"
    (folder / "root").write_bytes(bytes(range(256)) * 8192)
    for name, options in PACKED.items():
        ran = zptap.command(zptap.BINARY, "pack", kernel, "-o", name, *options, cwd=folder, timeout=60)
        if ran.returncode != 0:
            raise RuntimeError(ran.stderr)
        yield name, folder / name


def kernel_names():
    listed = zptap.command(zptap.SOURCE / "tools/kernels", "list").stdout.splitlines()
    return [line.split()[0] for line in listed if line.split()[0] not in NO_KERNELS]


def make(folder):
    """All images as {name: path in folder}, in a fixed order."""
    folder = pathlib.Path(folder)
    found = {}
    for name in kernel_names():
        ran = zptap.command(zptap.SOURCE / "tools/kernels", "get", name, timeout=600)
        if ran.returncode != 0:
            raise RuntimeError(ran.stderr)
        found[name] = pathlib.Path(ran.stdout.strip())
    for name, file in GUESTS.items():
        found[name] = zptap.BUILD / "tests/boot/guest" / file
    for name in PROBES:
        found[f"probe-{name}"] = zptap.BUILD / "src/probe/guest" / f"probe.{name}"
    ipxe_efi = found["ipxe"].with_name("ipxe.efi")
    if ipxe_efi.exists():
        found["ipxe-efi"] = ipxe_efi
    for name, path in found.items():
        shutil.copyfile(path, folder / name)
    made = {"boot-sector": boot_code(b"")}
    for base, maker in (("memtest", of_bzimage), ("handoff-elf", of_elf), ("handoff32-elf", of_elf), ("ipxe-efi", of_pe)):
        if base in found:
            for suffix, data in maker(base, found[base].read_bytes()):
                made[f"{base}.{suffix}"] = data
    for name, data in made.items():
        (folder / name).write_bytes(data)
    packed = dict(pack(folder))
    return {name: folder / name for name in [*found, *made, *packed]}
