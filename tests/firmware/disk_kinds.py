# SPDX-License-Identifier: BSD-2-Clause
"""Disks of every kind that may boot: each function makes one with the probe on it, by the tools that make such disks."""
import os
import random

import disk_images as images
import test_disks as disks
import zptap
from disk_images import MIB

CONFIG = f"DEFAULT one\nLABEL one\n  LINUX /probe\n  INITRD /initrd\n  APPEND {disks.WORDS}\n"
TITLE = "one"


def tree(name, files=None):
    return disks.tree(name, {"extlinux/extlinux.conf": CONFIG, **(files or {})})


def fat(name, size, *options, sector=512, files=None):
    return images.fat(disks.place(name + ".fat"), tree(name, files), size, *options, sector=sector)


def ext(name, size, *options, files=None):
    return images.ext4(disks.place(name + ".ext"), tree(name, files), size, *options)


def old_ext(kind):
    path = images.empty(disks.place(kind), 16 * MIB)
    images.tool("mke2fs", "-q", "-t", kind, "-d", tree(kind), path)
    return path


def patch(path, offset, data):
    disks.spoil(path, offset, data)
    return path


def peek(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return int.from_bytes(file.read(size), "little")


def copied(name, path):
    images.tool("cp", "--sparse=always", path, disks.place(name))
    return disks.place(name)


# --- partition tables ---------------------------------------------------------------------------------

def mbr(name, size, script, *places):
    """Partitions by sfdisk, and images from these sectors on."""
    path = images.empty(disks.place(name), size)
    images.tool("sfdisk", "-q", "--no-tell-kernel", path, input=script, stdin=None)
    return put(path, *places)


def put(path, *places):
    for sector, image in places:
        images.tool("dd", f"if={image}", f"of={path}", "bs=512", f"seek={sector}", "conv=notrunc,sparse", "status=none")
    return path


def mbr_primary():
    return mbr("primary", 12 * MIB, "label: dos\n2048,8192,b\n10240,8192,83,*\n",
               (10240, fat("primary", 4 * MIB, "-F", "12")))


def mbr_logical():
    """The second logical partition of an extended one, which is not the last primary."""
    return mbr("logical", 32 * MIB, "label: dos\n2048,4096,83\n8192,49152,f\n57344,2048,82\n10240,4096,L\n16384,32768,L\n",
               (16384, ext("logical", 16 * MIB)))


def mbr_last_sector():
    return mbr("mbr-end", 10 * MIB, "label: dos\n4096,16384,c\n", (4096, fat("mbr-end", 8 * MIB, "-F", "16", "-s", "1")))


def gpt():
    return images.gpt(disks.place("gpt"), ("ef00", "ESP", fat("gpt", 8 * MIB)))


def gpt_first_destroyed():
    return patch(copied("gpt-first", gpt()), 512, bytes(33 * 512))


def gpt_first_checksum():
    path = copied("gpt-checksum", gpt())
    return patch(path, 512 + 16, bytes([peek(path, 512 + 16, 1) ^ 1]))


def gpt_first_entries():
    path = copied("gpt-entries", gpt())
    return patch(path, 1024 + 40, bytes([peek(path, 1024 + 40, 1) ^ 1]))


def gpt_second_destroyed():
    path = copied("gpt-second", gpt())
    return patch(path, os.path.getsize(path) - 33 * 512, bytes(33 * 512))


def gpt_end(name, size, *options):
    """One partition, the last of all, up to the last sector that may be used."""
    image = ext(name, 16 * MIB)
    path = images.empty(disks.place(name), size)
    start = (size - 17 * MIB) // MIB * MIB // 512
    images.tool("sgdisk", "-o", *options, "-a", "1", "-n", f"1:{start}:0", path)
    return put(path, (start, image))


def huge():
    """Sectors beyond 2^32."""
    return gpt_end("huge", 3 << 40)


def gpt_last_number():
    path = images.empty(disks.place("number"), 32 * MIB)
    images.tool("sgdisk", "-o", "-n", "128:4096:+16M", path)
    return put(path, (4096, ext("number", 16 * MIB)))


# --- file systems -------------------------------------------------------------------------------------

def fat_table_damaged(bits, size, *options):
    """The first table is lost, but for its first entries."""
    path = fat(f"table-{bits}", size, "-F", str(bits), *options)
    start, length = peek(path, 14, 2) * 512, (peek(path, 22, 2) or peek(path, 36, 4)) * 512
    return patch(path, start + 16, bytes(length - 16))


def names():
    """In folders deep and wide, with long names."""
    long = "a folder whose name is long/" + "x" * 200
    many = {f"{long}/file {i}": "x" for i in range(400)}
    config = CONFIG.replace("/probe", f"/{long}/Kernel image")
    return fat("names", 16 * MIB, "-F", "16", "-s", "1",
               files={**many, f"{long}/Kernel image": disks.PROBE["bzimage"], "extlinux/extlinux.conf": config})


def htree():
    """A directory with an index, as e2fsck makes of a large one."""
    files = {f"boot/{i:05}-{'y' * 40}": "" for i in range(3000)}
    path = ext("htree", 32 * MIB, "-O", "dir_index", files={**files, "boot/kernel": disks.PROBE["bzimage"],
                                                           "extlinux/extlinux.conf": CONFIG.replace("/probe", "/boot/kernel")})
    ran = zptap.command("e2fsck", "-fyD", path, timeout=120, env=images.TOOLS)
    if ran.returncode not in (0, 1):
        raise RuntimeError(ran.stdout + ran.stderr)
    return path


def links():
    """Symbolic links to the kernel: short, long, absolute, over a directory."""
    folder = tree("links", {"extlinux/extlinux.conf": CONFIG.replace("/probe", "/vmlinuz")})
    deep = folder / ("d" * 100)
    deep.mkdir()
    for name, target in (("vmlinuz", "d/one"), ("d", deep.name), (deep.name + "/one", "two"),
                         (deep.name + "/two", "/" + deep.name + "/../probe")):
        os.symlink(target, folder / name)
    return images.ext4(disks.place("links.ext"), folder, 16 * MIB)


def super_destroyed(block):
    """Blocks of 1, 2 and 4 KiB have the first copy at 8, 32 and 128 MiB."""
    path = ext(f"super-{block}", 34 * block * block // 4 if block > 1024 else 16 * MIB, "-b", str(block))
    return patch(path, 1024, bytes(1024))


def super_checksum():
    path = ext("super-checksum", 16 * MIB, "-b", "1024", "-O", "metadata_csum")
    return patch(path, 1024 + 0x78, b"another label")


def iso(name, *options, config="extlinux/extlinux.conf", files=None):
    path = disks.place(name + ".iso")
    folder = disks.tree(name, {config: CONFIG, **(files or {})})
    images.tool("xorriso", "-as", "mkisofs", "-quiet", "-o", path, *options, folder)
    return path


def iso_rock_ridge():
    return iso("rock", "-R", files={"extlinux/extlinux.conf": CONFIG.replace("/probe", "/A Kernel"), "A Kernel": disks.PROBE["bzimage"]})


def iso_joliet():
    return iso("joliet", "-J", "-r", "--norock")


def iso_plain():
    return iso("plain", "-iso-level", "1", "--norock", config="isolinux/isolinux.cfg")


def iso_hybrid():
    """As installation media are: an image that is a disk with a partition for UEFI, too; here with an ESP that is empty."""
    esp = images.empty(disks.place("hybrid.esp"), MIB)
    images.tool("mkfs.fat", esp)
    return iso("hybrid", "-R", "-partition_offset", "16", "-append_partition", "2", "0xef", esp, "-appended_part_as_gpt")


# --- universal images ---------------------------------------------------------------------------------

def packed(*options):
    name = "-".join(["packed", *[os.path.basename(o.strip("-").replace("=", "-")) for o in options]])
    images.tree(disks.FOLDER, {"packed.initrd": disks.INITRD})
    images.tool(zptap.BINARY, "pack", disks.PROBE["bzimage"], "-o", disks.place(name), "--cmdline", disks.WORDS, "--initrd",
                disks.place("packed.initrd"), *options)
    return disks.place(name)


def packed_with_partition():
    """What is behind a packed file has a configuration of its own, and is for the kernel."""
    return packed(f"--partition={ext('behind', 16 * MIB)}")


def packed_in_gpt():
    return images.gpt(disks.place("packed-gpt"), ("ef00", "ESP", images.fat(disks.place("empty.fat"), tree_of_noise(), 4 * MIB)),
                      ("8300", "image", packed()))


def tree_of_noise():
    return images.tree(disks.FOLDER / "noise.tree", {"EFI/BOOT/BOOTX64.EFI": random.Random(3).randbytes(3000)})


def packed_in_logical():
    return mbr("packed-logical", 8 * MIB, "label: dos\n2048,12288,f\n4096,8192,L\n", (4096, packed("--flavour=pe")))


def packed_made_gpt():
    """What begins the file is overwritten by a GPT; the partition for UEFI is left."""
    path = copied("packed-made-gpt", packed())
    os.truncate(path, os.path.getsize(path) + MIB)
    images.tool("sgdisk", "-g", path)
    return path


def packed_by_uefi():
    return images.gpt(disks.place("by-uefi"), ("ef00", "ESP", images.fat(disks.place("by-uefi.fat"), images.tree(
        disks.FOLDER / "by-uefi.tree", {"EFI/BOOT/BOOTX64.EFI": packed("--flavour=pe")}), 8 * MIB)))


def unified_by_uefi():
    unified = images.unified(disks.place("unified.efi"), [
        (".cmdline", disks.WORDS.encode() + b"\0"), (".initrd", disks.INITRD), (".linux", disks.PROBE["bzimage"].read_bytes())])
    return images.gpt(disks.place("uki-uefi"), ("ef00", "ESP", images.fat(disks.place("uki-uefi.fat"), images.tree(
        disks.FOLDER / "uki-uefi.tree", {"EFI/BOOT/BOOTX64.EFI": unified}), 8 * MIB)))


# --- machines -----------------------------------------------------------------------------------------

def cd(machine, path):
    bus = "device" if machine.startswith("microvm") else "pci"
    return ["-device", f"virtio-scsi-{bus},id=scsi", "-drive", f"if=none,id=cd,media=cdrom,format=raw,file={path}",
            "-device", "scsi-cd,bus=scsi.0,drive=cd"]


def failing(number, path, sector):
    """A disk of which one sector cannot be read."""
    return ["-blockdev", f"driver=file,node-name=f{number},filename={path},read-only=on,auto-read-only=on",
            "-blockdev", '{"driver": "blkdebug", "node-name": "b%d", "image": "f%d", "read-only": true, "inject-error": '
            '[{"event": "none", "iotype": "read", "errno": 5, "sector": %d}]}' % (number, number, sector),
            "-device", f"virtio-blk-pci,drive=b{number}"]


def unit(path):
    """A disk on a SCSI controller of its own."""
    return ["-device", "virtio-scsi-pci,id=other", "-drive", f"if=none,id=unit,format=raw,snapshot=on,file={path}",
            "-device", "scsi-hd,bus=other.0,drive=unit"]


def silent(number, seconds):
    """A disk that takes so long for each request."""
    return ["-blockdev", f"null-co,node-name=s{number},size={64 * MIB},latency-ns={seconds}000000000",
            "-device", f"virtio-blk-pci,drive=s{number}"]


def padded(*parts):
    """Initrds as the firmware joins them: each begins at a multiple of four."""
    joined = b""
    for part in parts:
        joined += bytes(-len(joined) % 4) + part
    return joined


