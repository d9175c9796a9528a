# SPDX-License-Identifier: BSD-2-Clause
"""Disks made by the tools that everybody makes them with: mkfs.fat and mtools, mke2fs, sfdisk and fdisk. None wants root."""
import os
import pathlib
import struct
import uuid

import zptap

TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
MIB = 1 << 20
TYPES = {"ef00": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "8200": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
         "8300": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "8304": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"}


def tool(*argv, timeout=300, **options):
    ran = zptap.command(*argv, timeout=timeout, env=TOOLS, errors="replace", **options)
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, argv))}: {ran.returncode} {(ran.stdout + ran.stderr)[-2000:]}")
    return ran.stdout


def empty(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def tree(folder, files):
    """A folder with these files: path -> bytes, text or another file."""
    for name, content in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, os.PathLike):
            content = pathlib.Path(content).read_bytes()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return pathlib.Path(folder)


def fat(path, folder, size, *options, sector=512):
    """A FAT file system with what is in folder."""
    tool("mkfs.fat", "-S", sector, *options, empty(path, size))
    tool("mcopy", "-s", "-i", path, *sorted(folder.iterdir()), "::/")
    return path


def ext4(path, folder, size, *options):
    tool("mke2fs", "-q", "-t", "ext4", *options, "-d", folder, empty(path, size))
    return path


def gpt(path, *partitions, sector=512, unique=uuid.uuid4):
    """A disk of partitions (type of TYPES, name, image), one behind the other from 1 MiB on. unique: makes identifiers."""
    at, places = MIB, []
    for _, _, image in partitions:
        places.append((at // sector, -(-os.path.getsize(image) // sector)))
        at += -(-os.path.getsize(image) // MIB) * MIB
    empty(path, at + MIB)
    if sector == 512:
        lines = ["label: gpt", f"label-id: {unique()}"]
        for (kind, name, _), (start, count) in zip(partitions, places):
            lines.append(f'start={start}, size={count}, type={TYPES[kind]}, name="{name}", uuid={unique()}')
        tool("sfdisk", "-q", "--no-tell-kernel", path, input="\n".join([*lines, ""]), stdin=None)
    else:  # sfdisk takes the sectors of files to be of 512 bytes; fdisk can be told, and all of its types are Linux's
        keys = ["g"]
        for number, (start, count) in enumerate(places, 1):
            keys += ["n", str(number), str(start), str(start + count - 1)]
        tool("fdisk", "-w", "always", "-W", "always", "-b", sector, path, input="\n".join([*keys, "w", ""]), stdin=None)
    for (_, _, image), (start, _) in zip(partitions, places):
        tool("dd", f"if={image}", f"of={path}", "bs=1M", f"seek={start * sector // MIB}", "conv=notrunc,sparse",
             "status=none")
    return path


def unified(path, sections):
    """A PE32+ of sections (name, bytes) alone: what a UKI is to who looks no further. Microsoft PE/COFF."""
    align = 0x1000
    table, place = b"", align
    body = b""
    for name, data in sections:
        # VirtualSize is what counts; the file is padded beyond it.
        raw = -(-len(data) // 512) * 512
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), place, raw, align + len(body), 0, 0, 0, 0, 0x40000040)
        body += data + b"\xa5" * (raw - len(data))
        place += -(-max(len(data), 1) // align) * align
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20b, 0, 0, 0, 0, 0, 0, 0, 0, align, 512, 0, 0, 0, 0, 0, 0, 0,
                           place, align, 0, 10, 0, 0, 0, 0, 0, 0, 0)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0x22) + optional + table
    pathlib.Path(path).write_bytes(head.ljust(align, b"\0") + body)
    return pathlib.Path(path)
