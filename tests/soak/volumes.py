# SPDX-License-Identifier: BSD-2-Clause
"""Random disks: entries of one format for a kernel, in a file system of one kind, in partitions of one table.

The tools that write them are told every identifier and most times: a case's disk has the same shape each time.
"""
import dataclasses
import os
import pathlib
import shutil
import uuid

import disk_images as images
import draw
import hosts

MIB = 1 << 20
# What these leave to the clock, ctime say, has no influence on where things lie.
images.TOOLS.update(SOURCE_DATE_EPOCH="1700000000", E2FSPROGS_FAKE_TIME="1700000000")

EXT = {"ext2": ["64bit", "metadata_csum", "flex_bg", "extent", "dir_index", "sparse_super", "resize_inode", "large_file",
                "filetype", "huge_file", "uninit_bg"]}
EXT["ext3"] = EXT["ext4"] = EXT["ext2"]


@dataclasses.dataclass
class Disk:
    path: pathlib.Path
    sector: int
    about: str
    cd: bool = False
    words: str = ""          # for the firmware's command line
    errors: tuple = ()       # sectors of 512 bytes that cannot be read


# --- entries ------------------------------------------------------------------------------------------

def bls_text(case, kernel, paths, line, title):
    chance = case.chance
    lines = [f"title {title}", f"linux {kernel}", *[f"initrd {path}" for path in paths]]
    words = line.split(" ") if line else []
    at = chance.randint(0, len(words))
    lines += [f"options {' '.join(part)}" for part in (words[:at], words[at:]) if part]
    if chance.random() < 0.3:
        lines.append(f"version {chance.randint(1, 99)}.{chance.randint(0, 99)}")
    if chance.random() < 0.2:
        lines.append("architecture x64")
    if chance.random() < 0.3:
        lines.insert(chance.randint(0, len(lines)), "# " + draw.word(chance))
    end = chance.choice(("\n", "\n", "\r\n"))
    gap = chance.choice((" ", "  ", "\t"))
    return end.join(line.replace(" ", gap, 1) if not line.startswith("#") else line for line in lines) + end


def bls(case, files, kernel, paths, line):
    """Type 1; others name what is not there, or no kernel, or boot the same."""
    chance = case.chance
    title = "T " + draw.word(chance, draw.ANY, 50)
    files[f"/loader/entries/{draw.name(case)}.conf"] = bls_text(case, kernel, paths, line, title)
    for _ in range(chance.choice((0, 0, 1, 4))):
        other = chance.choice((kernel, "/nowhere", "/loader/entries"))
        files[f"/loader/entries/{draw.name(case)}.conf"] = bls_text(case, other, paths, line, "other")
    if chance.random() < 0.4:
        files["/loader/loader.conf"] = chance.choice(("timeout 0\n", "default *\n", f"default {draw.word(chance)}\n", "#\n"))


def uki(case, files, kernel, paths, line):
    parts = [files.pop(path) for path in paths]
    data = files.pop(kernel)
    data = data.read_bytes() if isinstance(data, os.PathLike) else data
    sections = [(".osrel", f'ID=soak\nPRETTY_NAME="{draw.word(case.chance, longest=12)}"\n'.encode()), (".linux", data)]
    place, more = f"/EFI/Linux/{draw.name(case)}.efi", {}
    uname = case.chance.choice((None, "6.1.0"))
    if case.chance.random() < 0.4:
        line, more = addons(case, line, place, uname)
    if line:
        sections.append((".cmdline", line.encode() + case.chance.choice((b"", b"\n", b"\0", b"\n\0"))))
    if parts:
        sections.append((".initrd", draw.joined(parts)))
    if uname:
        sections.append((".uname", uname.encode()))
    case.chance.shuffle(sections)
    files[place] = images.unified(case.folder / "unified", sections).read_bytes()
    files.update(more)


def addons(case, line, place, uname):
    """The end of the line goes into addons, in the order of their names; others are for another kernel, or have no words."""
    chance, words, files = case.chance, line.split(" "), {}
    folders = ["/loader/addons/"] * chance.randint(0, 3) + [f"{place}.extra.d/"] * chance.randint(0, 3)
    ends = sorted(chance.randint(0, len(words)) for _ in range(len(folders) + 1))
    ends[-1:] = [len(words)]
    for number, folder in enumerate(folders):
        text = " ".join(words[ends[number]:ends[number + 1]])
        files[f"{folder}{number}{draw.name(case)}.addon.efi"] = addon(case, text, chance.choice((None, "6.1.0")))
    if uname and chance.random() < 0.5:
        files[f"{place}.extra.d/{draw.name(case)}.addon.efi"] = addon(case, "not=these", "6.1.0-other")
        files[f"/loader/addons/{draw.name(case)}.efi"] = addon(case, "nor=these", None)
    case.note(f"{len(folders)} addons")
    return " ".join(words[:ends[0]] if folders else words), files


def addon(case, text, uname):
    """No words are none of a section, or a section of none."""
    sections = [(".cmdline", text.encode() + case.chance.choice((b"", b"\n", b"\0")))] if text else []
    sections += [(".uname", uname.encode())] if uname else []
    return images.unified(case.folder / "addon", [*sections, (".osrel", b"ID=soak\n")]).read_bytes()


def extlinux(case, files, kernel, paths, line):
    chance = case.chance
    label = draw.name(case, 12)
    lines = ["DEFAULT " + label, "PROMPT 0"] + (["TIMEOUT 10"] if chance.random() < 0.3 else [])
    body = [f"LABEL {label}", f"  {chance.choice(('LINUX', 'KERNEL', 'linux'))} {kernel}"]
    body += [f"  INITRD {','.join(paths)}"] if paths else []
    body += [f"  APPEND {line}"] if line else []
    body += ["  MENU LABEL " + draw.word(chance)] if chance.random() < 0.5 else []
    other = [f"LABEL {draw.name(case, 12)}", "  LINUX /nowhere"] if chance.random() < 0.5 else []
    where = chance.choice(("/boot/extlinux/extlinux.conf", "/extlinux/extlinux.conf", "/syslinux/syslinux.cfg",
                           "/boot/syslinux/syslinux.cfg", "/isolinux/isolinux.cfg", "/syslinux.cfg"))
    files[where] = "\n".join(lines + (body + other if chance.random() < 0.5 else other + body)) + "\n"


def grub(case, files, kernel, paths, line):
    chance = case.chance
    command = [f"  linux {kernel} {hosts.grub_words(line)}".rstrip()] + ([f"  initrd {' '.join(paths)}"] if paths else [])
    text = "set timeout=0\n" + ("insmod part_gpt\ninsmod ext2\n" if chance.random() < 0.5 else "")
    if chance.random() < 0.5:
        text += f"search --no-floppy --set=root --file {kernel}\n"
    if chance.random() < 0.3:
        text += "submenu 'others' {\n menuentry 'none' {\n  linux /nowhere\n }\n}\nset default=1\n"
    else:
        text += "set default=0\n"
    text += "menuentry 'T " + draw.word(chance) + "' --class x {\n" + "\n".join(command) + "\n}\n"
    where = chance.choice(("/boot/grub/grub.cfg", "/grub/grub.cfg", "/boot/grub2/grub.cfg", "/grub2/grub.cfg"))
    files[where] = text


ENTRIES = {"bls": bls, "uki": uki, "extlinux": extlinux, "grub": grub}


# --- file systems -------------------------------------------------------------------------------------

def size_of(folder):
    return sum(path.stat().st_size + 4096 for path in folder.rglob("*"))


def fat(case, path, folder, bits, sector):
    chance = case.chance
    need = size_of(folder) * 5 // 4
    cluster = {12: 8, 16: 4, 32: 1}[bits] * (512 if bits == 32 and sector == 512 else sector)
    least, most = {12: (64, 4000), 16: (4200, 65000), 32: (66000, 1 << 22)}[bits]
    clusters = max(need // cluster + 64, least + 200)
    while clusters > most:
        cluster *= 2
        clusters = need // cluster + 64
    clusters += chance.randint(0, clusters // 4)
    if clusters >= most:
        cluster *= 2
        clusters = max(clusters // 2 + 64, least + 200)
    options = ["-F", bits, "-s", cluster // sector, "-i", f"{chance.getrandbits(32):08x}", "-f", chance.choice((1, 2)),
               "-n", "SOAK"]
    if bits == 16:
        options += ["-r", 1024]  # the root's usual 512 are not enough for 150 long names
    size = (clusters * cluster + (clusters * bits // 8) * 2 + 192 * sector) // sector * sector
    return images.fat(path, folder, size, *options, sector=sector)


def ext(case, path, folder, kind, sector):
    chance = case.chance
    options = ["-t", kind, "-U", uuid.UUID(int=chance.getrandbits(128)), "-E",
               f"hash_seed={uuid.UUID(int=chance.getrandbits(128))}"]
    block = chance.choice((1024, 2048, 4096, 4096))
    options += ["-b", max(block, sector), "-I", chance.choice((128, 256, 256, 512))]
    off = [feature for feature in EXT[kind] if chance.random() < 0.12]
    if "extent" in off:
        off.append("64bit")  # mke2fs wants extents for it
    if "resize_inode" not in off and "sparse_super" in off:
        off.append("resize_inode")
    if kind == "ext2":
        off = [feature for feature in off if feature in ("dir_index", "sparse_super", "resize_inode", "large_file", "filetype")]
    # No inline_data: mke2fs 1.47 cuts zeros off the end of files then. tests/firmware has it.
    on = ["meta_bg"] if "resize_inode" in off and chance.random() < 0.5 else []
    words = [f"^{feature}" for feature in dict.fromkeys(off)] + on
    if words:
        options += ["-O", ",".join(words)]
    size = size_of(folder) * 4 // 3 + 12 * MIB
    images.tool("mke2fs", "-q", *options, "-d", folder, images.empty(path, size // MIB * MIB))
    case.note(f"{kind} {','.join(words)}".strip())
    return path


def iso(case, path, folder):
    options = case.chance.choice((["-R"], ["-R", "-J", "-joliet-long"]))
    images.tool("xorriso", "-as", "mkisofs", "-quiet", "-V", "SOAK", *options, "-o", path, folder)
    size = -(-os.path.getsize(path) // 4096) * 4096
    os.truncate(path, size)
    return path


def file_system(case, path, folder, kind, sector):
    case.note(kind)
    if kind.startswith("fat"):
        return fat(case, path, folder, int(kind[3:]), sector)
    return iso(case, path, folder) if kind == "iso" else ext(case, path, folder, kind, sector)


# --- tables -------------------------------------------------------------------------------------------

def mbr(path, image, chance):
    """A primary partition, or a logical one behind another."""
    count = -(-os.path.getsize(image) // 512)
    start = chance.choice((63, 64, 2048, 4096))
    if chance.random() < 0.3:
        images.empty(path, (count + 8192 + start) * 512)
        at = 4096 + start
        script = f"label: dos\nlabel-id: 0x5eed\nstart=2048,size={count + 4096 + start},type=5\nstart={at},size={count},type=83\n"
    else:
        at = start
        images.empty(path, (start + count + 2048) * 512)
        script = f"label: dos\nlabel-id: 0x5eed\nstart={start},size={count},type=83,bootable\n"
    if at != start:
        script = script.replace("type=83\n", "type=83\n").replace("\nstart=2048", "\n1 : start=2048").replace(
            f"\nstart={at}", f"\n5 : start={at}")
    images.tool("sfdisk", "-q", "--no-tell-kernel", path, input=script, stdin=None)
    images.tool("dd", f"if={image}", f"of={path}", "bs=512", f"seek={at}", "conv=notrunc,sparse", "status=none")
    return path


def gpt(case, path, image, kind, sector):
    chance = case.chance
    parts = [("ef00" if kind.startswith("fat") else "8300", draw.name(case, 20), image)]
    for _ in range(chance.choice((0, 0, 1, 2))):
        parts.insert(chance.randint(0, len(parts)), ("8200", "other", draw.file(case, f"other{len(parts)}",
                                                                               chance.randbytes(70000).ljust(MIB, b"\0"))))
    images.gpt(path, *parts, sector=sector, unique=lambda: uuid.UUID(int=chance.getrandbits(128)))
    return path


def table(case, path, image, kind, sector):
    # Tables of fdisk for large sectors have random identifiers; nothing reads them.
    how = case.chance.choice(("none", "gpt", "gpt", "mbr"))
    if how == "mbr" and sector != 512:
        how = "gpt"
    case.note(f"{how} {sector}")
    if how == "gpt":
        return gpt(case, path, image, kind, sector)
    return mbr(path, image, case.chance) if how == "mbr" else pathlib.Path(shutil.copyfile(image, path))


# --- the whole ----------------------------------------------------------------------------------------

def tree(case, files):
    folder = images.tree(case.folder / "tree", {path.lstrip("/"): content for path, content in files.items()})
    return folder


def filled(case, files, kernel, paths, how, line, kind):
    """Puts entries in, and what makes folders large."""
    if how in ENTRIES:
        ENTRIES[how](case, files, kernel, paths, line)
    if case.chance.random() < 0.25 and kind != "fat12":
        folder = os.path.dirname(kernel)
        for _ in range(case.chance.choice((20, 150))):
            files[f"{folder}/{draw.name(case)}"] = draw.word(case.chance)


def disk(case, kernel, parts, line, named=False, change=None, label="disk"):
    """A disk that boots the kernel with these initrds and this line; named: by words on the firmware's line.
    change: of the files, before they are written."""
    chance = case.chance
    how = chance.choice(("named", "bls", "grub") if named else ("bls", "bls", "uki", "extlinux", "grub"))
    sector = chance.choice((512, 512, 512, 512, 4096, 4096, 1024, 2048))
    kind = chance.choice(("fat12", "fat16", "fat32", "ext2", "ext3", "ext4", "ext4", "iso"))
    if how == "uki" and "bzimage" not in kernel.name and not kernel.packed:
        how = "bls"  # .linux is a bzImage
    if kind == "iso":
        sector = 512
    case.note(f"{how} on")
    deepest, longest = (3, 20) if kind == "iso" else (4, 40)
    place = draw.path_name(case, deepest, longest)
    paths = [draw.path_name(case, deepest, longest) for _ in parts]
    files = {place: kernel.path, **dict(zip(paths, parts))}
    filled(case, files, place, paths, how, line, kind)
    if change:
        change(files)
    folder = tree(case, files)
    image = file_system(case, case.folder / f"{label}.fs", folder, kind, sector)
    shutil.rmtree(folder)
    out = Disk(table(case, case.folder / label, image, kind, sector), sector, how)
    os.unlink(image)
    if how == "named":
        out.words = " ".join([f"zeropage.kernel={place}", *[f"zeropage.initrd={path}" for path in paths]])
    # A CD has sectors of 2048 bytes, which no table here has.
    out.cd = kind == "iso" and chance.random() < 0.4 and case.about[-1].startswith("none")
    return out
