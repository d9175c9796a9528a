# SPDX-License-Identifier: BSD-2-Clause
"""Firmware, from reset to the kernel's first instruction: guest instructions and time of ours and of others, with
the same kernels and the same disks. What is read and how is in README.md."""
import bisect
import collections
import os
import pathlib
import struct
import subprocess
import tempfile

import counting
import turns
from pack import LINE, MIB, cannot, packed_files

MEMORY = 512
SECTOR = 512
SEABIOS, SEABIOS_MICROVM = "/usr/share/seabios/bios-256k.bin", "/usr/share/seabios/bios-microvm.bin"
QBOOT, OVMF = "/usr/share/qemu/qboot.rom", "/usr/share/ovmf/OVMF.fd"
INITRD_BYTES = 20 * MIB
ESP_BYTES = 512 * MIB             # as installers make them: mkfs.fat takes clusters of 4 KiB from 260 MiB on
COUNTED = 2                       # of these the one of the fewest instructions: waiting for a device adds some
FUNCTIONS = 12                    # the dearest ones, of ours
UUID = "0a1b2c3d-0000-4000-8000-00000000beef"
GRUB_MODULES = ["normal", "configfile", "linux", "test", "search", "search_fs_uuid", "part_gpt", "fat", "ext2"]
# Where boot.img has the sector of what follows, and where that has the list of its own sectors.
GRUB_NEXT, GRUB_LIST = 0x5c, SECTOR - 12
TOOLS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1"}

HANDED = (("microvm", ("qboot", "SeaBIOS")), ("pc", ("qboot", "SeaBIOS")), ("q35", ("qboot", "SeaBIOS")))
DISKS = {"ESP, a BLS entry": ("SeaBIOS + GRUB", "OVMF + systemd-boot"),
         "ext4, grub.cfg": ("SeaBIOS + GRUB", "OVMF + GRUB")}


def tool(*argv):
    ran = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=300, env=TOOLS, check=False)
    if ran.returncode:
        raise RuntimeError(f"{argv[0]}: {ran.stdout.strip()[-300:]}")


def firmware(build, name, machine="q35"):
    names = {"zeropage-fw": build / "src/firmware/boot/zeropage-fw.rom", "qboot": QBOOT, "OVMF": OVMF,
             "SeaBIOS": SEABIOS_MICROVM if machine == "microvm" else SEABIOS}
    return pathlib.Path(names[name.split(" + ", maxsplit=1)[0]])


# --- disks ------------------------------------------------------------------------------------------------

def tree(folder, files):
    """A folder with these files: path -> text, bytes, or a file."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pathlib.Path):
            content = content.read_bytes()
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def empty(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def fat(path, folder):
    tool("mkfs.fat", "-F", "32", empty(path, ESP_BYTES))
    tool("mcopy", "-s", "-i", path, *sorted(folder.iterdir()), "::/")
    return path


def ext4(path, folder):
    tool("mke2fs", "-q", "-t", "ext4", "-U", UUID, "-d", folder, empty(path, 128 * MIB))
    return path


def gpt(path, partitions):
    """Partitions (type, image) from 1 MiB on. Returns where they are, in sectors."""
    at, places, words = MIB, [], ["-o"]
    for number, (kind, image) in enumerate(partitions, 1):
        size = image.stat().st_size
        places.append(at // SECTOR)
        words += ["-n", f"{number}:{at // SECTOR}:{(at + size) // SECTOR - 1}", "-t", f"{number}:{kind}"]
        at += -(-size // MIB) * MIB
    empty(path, at + MIB)
    tool("sgdisk", *words, path)
    for (_, image), place in zip(partitions, places):
        tool("dd", f"if={image}", f"of={path}", "bs=1M", f"seek={place * SECTOR // MIB}", "conv=notrunc,sparse", "status=none")
    return places


def install_grub(disk, place, media, core):
    """What grub-bios-setup writes: the boot sector, and GRUB's core in a partition of its own."""
    core = bytearray(core.read_bytes())
    core += bytes(-len(core) % SECTOR)
    struct.pack_into("<QH", core, GRUB_LIST, place + 1, len(core) // SECTOR - 1)
    boot = bytearray((media.fetched("grub-bios") / "boot.img").read_bytes()[:440])
    struct.pack_into("<Q", boot, GRUB_NEXT, place)
    with open(disk, "r+b") as file:
        file.write(boot)
        file.seek(place * SECTOR)
        file.write(core)


def grub_cfg(folder):
    return (f"set default=0\nset timeout=0\nmenuentry 'Linux' {{\n  linux {folder}/kernel {LINE}\n  initrd {folder}/initrd\n}}\n")


def disk(packer, kind, kernel, initrd, folder):
    """A GPT disk for all: GRUB's boot sector and core for a BIOS; the ESP with a loader for UEFI; the configuration
    of each beside the same kernel and initrd."""
    media = packed_files(packer).media
    files = {"kernel": kernel, "initrd": initrd}
    (folder / "bios").mkdir()
    (folder / "efi").mkdir()
    if kind.startswith("ESP"):
        where, early = "", "set root=hd0,gpt2\nconfigfile /grub.cfg\n"
        parts = [tree(folder / "esp", {
            **files, "grub.cfg": grub_cfg(where), "EFI/BOOT/BOOTX64.EFI": media.fetched("systemd-boot"),
            "loader/loader.conf": "timeout 0\n",
            "loader/entries/linux.conf": f"title Linux\nlinux /kernel\ninitrd /initrd\noptions {LINE}\n"})]
    else:
        where, early = "/boot", f"search.fs_uuid {UUID} root\nconfigfile /boot/grub/grub.cfg\n"
        loader = media.grub_image(folder / "efi", "efi", "grub-efi", early, GRUB_MODULES, "x86_64-efi")
        parts = [tree(folder / "esp", {"EFI/BOOT/BOOTX64.EFI": loader}),
                 tree(folder / "root", {**{f"boot/{name}": data for name, data in files.items()},
                                        "boot/grub/grub.cfg": grub_cfg(where)})]
    images = [("ef02", empty(folder / "bios.part", MIB)), ("ef00", fat(folder / "esp.part", parts[0]))]
    if len(parts) > 1:
        images.append(("8304", ext4(folder / "root.part", parts[1])))
    path = packer.subjects.folder / f"disk-{kind.split(',', maxsplit=1)[0]}-{kernel.name}"
    places = gpt(path, images)
    core = media.grub_image(folder / "bios", "img", "grub-bios", early, [*GRUB_MODULES, "biosdisk"], "i386-pc")
    install_grub(path, places[0], media, core)
    return path


# --- boots ------------------------------------------------------------------------------------------------

def marks_of(packer, rom, kernel):
    """From the reset vector to the first instruction of the kernel's, by whichever entry. Of a bzImage that may be
    real mode's, the 32- or 64-bit one, the EFI handover's or the EFI program's."""
    data = kernel.read_bytes()
    found = [("begin", "reset", rom.read_bytes()[-16:])]
    inspected = packer.inspect(kernel)
    if inspected["bzimage"]:
        # Linux's goes on to the 32-bit entry, which is told as well.
        found.append(("end" if kernel.name.startswith("probe") else "place", "kernel-16", data[0x200:0x206]))
        start = ((data[counting.SETUP_SECTS] or 4) + 1) * SECTOR
        handover = start + struct.unpack_from("<I", data, 0x264)[0] + 0x200
        if handover > start + 0x200:
            found.append(("end", "kernel-efi-handover", data[handover:handover + 16]))
    if data[:2] == b"MZ":
        entry = counting.pe_entry(kernel)
        found.append(("end", "kernel-efi", data[entry:entry + 16]))
    return found + counting.kernel_marks(kernel, inspected)


def command(packer, machine, rom, *options):
    hosts = packed_files(packer).hosts
    return hosts.qemu(machine, "-bios", rom, *options, memory=MEMORY)


def once(packer, argv, marks, clock):
    with tempfile.TemporaryDirectory(dir=packer.subjects.folder) as folder:
        return counting.count(argv, marks, folder, packer.build / "bench/count.so", 120, clock)


def first_of_kernel(counted):
    return next(i for i, (name, _, _) in enumerate(counted["marks"]) if name.startswith("kernel"))


def functions(packer, counted):
    """The dearest functions of the ROM, and all else as one: what it unpacked, and other code in RAM."""
    program = packer.build / "src/firmware/boot/fw-rom"
    addresses, names = counting.symbols(program)
    found = collections.Counter()
    for address, steps, _ in counted["sites"]:
        alias = address & 0xfffff if address >= 1 << 32 or address >= 0xfffe0000 else address
        inside = addresses and addresses[0] <= alias < 0x100000
        found[names[bisect.bisect_right(addresses, alias) - 1] if inside else "in RAM"] += steps
    return found.most_common(FUNCTIONS)


def compare(packer, commands, rounds):
    """Contenders by name: the fewest instructions of some boots, and times of boots that take turns."""
    found, times = {}, collections.defaultdict(list)
    for name, (argv, marks) in commands.items():
        counts = []
        entry = cannot(lambda: counts.extend(once(packer, argv, marks, False) for _ in range(COUNTED if rounds > 1 else 1)) or {})
        if counts:
            best = min(counts, key=lambda counted: counted["executed"])
            first = first_of_kernel(best)
            entry = {"instructions": best["marks"][first][2], "most": max(counted["executed"] for counted in counts),
                     "entered": best["marks"][first][0], "past_real_mode": best["executed"]}
            if name == "zeropage-fw":
                entry["functions"] = functions(packer, best)
        found[name] = entry
    working = [name for name, entry in found.items() if "cannot" not in entry]
    for turn in range(-1, rounds):
        first = turn % max(1, len(working))
        for name in working[first:] + working[:first]:
            met = once(packer, *commands[name], True)
            if turn >= 0:
                times[name].append(met["ns"][first_of_kernel(met)])
    ours = found.get("zeropage-fw", {})
    for name in working:
        low, middle, high = turns.quartiles(times[name])
        found[name]["ns"] = {"median": middle, "low": low, "high": high}
        if name != "zeropage-fw" and "instructions" in ours:
            found[name]["ours_of_it"] = ours["instructions"] / found[name]["instructions"]
            found[name]["ours_past_real_mode"] = ours["past_real_mode"] / found[name]["past_real_mode"]
            found[name]["our_time_of_it"] = turns.ratio(times["zeropage-fw"], times[name])
    return found


def handed(packer, quick, initrd):
    """(a) qemu -kernel."""
    probes = packer.build / "src/probe/guest"
    kernels = {"probe": (probes / "probe.bzimage", ()), "probe, PVH": (probes / "probe.pvh", ())}
    if not quick:
        kernels["cloud, initrd"] = (packer.kernel("cloud"), ("-initrd", initrd))
    rows = []
    for machine, others in HANDED[:1] if quick else HANDED:
        for title, (kernel, more) in kernels.items():
            def boot(name, machine=machine, kernel=kernel, more=more):
                rom = firmware(packer.build, name, machine)
                return command(packer, machine, rom, "-kernel", kernel, *more, "-append", LINE), marks_of(packer, rom, kernel)
            rows.append({"machine": machine, "kernel": title,
                         "contenders": compare(packer, {name: boot(name) for name in ("zeropage-fw", *others)},
                                               1 if quick else 5)})
    return rows


def from_disk(packer, quick, initrd):
    """(b) a disk with all boot loaders on it."""
    probe = packer.build / "src/probe/guest/probe.bzimage"
    rows = []
    for kind, others in DISKS.items():
        for title, kernel in (("probe", probe),) if quick else (("probe", probe), ("cloud", packer.kernel("cloud"))):
            with tempfile.TemporaryDirectory(dir=packer.subjects.folder) as folder:
                path = cannot(lambda: {"path": disk(packer, kind, kernel, initrd, pathlib.Path(folder))})
            if "cannot" in path:
                rows.append({"disk": kind, "kernel": title, "machine": "q35", **path})
                continue
            path = path["path"]

            # What is no EFI program does not start as one.
            names = ["zeropage-fw", *(name for name in others if kernel.read_bytes()[:2] == b"MZ" or "OVMF" not in name)]

            def boot(name, kernel=kernel, path=path):
                rom = firmware(packer.build, name)
                drive = ["-drive", f"file={path},format=raw,if=virtio,snapshot=on"]
                return command(packer, "q35", rom, *drive), marks_of(packer, rom, kernel)
            rows.append({"disk": kind, "kernel": title, "machine": "q35",
                         "contenders": compare(packer, {name: boot(name) for name in names}, 1 if quick else 2)})
            path.unlink()
    return rows


def sizes(build):
    """(c) bytes of what is given to -bios."""
    return {name: cannot(lambda name=name: firmware(build, name).stat().st_size)
            for name in ("zeropage-fw", "qboot", "SeaBIOS", "OVMF")}


def measure(packer, quick):
    initrd = packer.subjects.folder / "initrd"
    initrd.write_bytes(os.urandom(MIB if quick else INITRD_BYTES))
    return {"sizes": sizes(packer.build), "handed": handed(packer, quick, initrd), "disks": from_disk(packer, quick, initrd)}
