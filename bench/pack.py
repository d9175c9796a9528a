# SPDX-License-Identifier: BSD-2-Clause
"""What packing costs: bytes in the file, and guest instructions from the way in to the kernel's first.

The ways are those of tests/pack/packed.py, the recipes of hosts are those of tools/conformance.d.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import counting

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("front", "stub", "efi_stub", "fat", "rooms", "padding")
LINE = "console=ttyS0"
MEMORY = 512  # MiB, unless the way wants more
MIB = 1 << 20

# Name in tables, in tools/kernels or "probe.SHAPE", options that the kernel needs.
KERNELS = (("bzImage", "cloud", ()), ("vmlinux", "vmlinux", ()), ("Xen", "xen", ("--entry", "multiboot2")),
           ("GNU Mach", "gnumach", ()), ("memtest86+", "memtest", ()), ("grub-invaders", "invaders", ("--entry", "multiboot1")),
           ("probe, PVH", "probe.pvh", ()), ("probe, OSv's shape", "probe.osv", ("--entry", "multiboot1")))
VARIANTS = {"--esp off": ("--esp", "off"), "--esp on": (), "--flavour pe": ("--flavour", "pe"),
            "--compress lz4": ("--compress", "lz4"), "--compress zstd": ("--compress", "zstd"),
            "lz4, --esp off": ("--compress", "lz4", "--esp", "off"), "zstd, --esp off": ("--compress", "zstd", "--esp", "off")}
PLAIN = ("--esp off", "--esp on", "--flavour pe")  # of kernels that do not even fill the MiB that a file has
SMALL = 1 << 20

WAITING = ("disk-ide", "uefi-disk")  # where we have the host read, whose waiting depends on how busy the machine is
ROUNDS = 3
WAYS = ("disk-ide", "kernel-pc", "linux32", "linux64", "pvh", "firecracker", "grub-multiboot2", "uefi-disk", "grub-efi-chain")


def cannot(action):
    """What action returns, or why it has nothing to return."""
    try:
        return action()
    except (OSError, RuntimeError, ValueError, ImportError, subprocess.SubprocessError) as error:
        return {"cannot": " ".join(str(error).split())[-300:]}


class Packer:
    """Kernels by name, packed by the program of the build."""

    def __init__(self, subjects, build):
        self.subjects, self.build = subjects, pathlib.Path(build)
        self.program = self.build / "src/cli/zeropage"
        self.made = 0

    def kernel(self, name):
        if name == "vmlinux":
            return self.subjects.vmlinux()
        if name.startswith("probe."):
            return self.build / "src/probe/guest" / name
        return self.subjects.kernel(name)

    def told(self, *arguments):
        ran = subprocess.run([str(word) for word in (self.program, *arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, timeout=300, check=False)
        if ran.returncode:
            raise RuntimeError(ran.stderr.strip() or ran.stdout.strip())
        return json.loads(ran.stdout)

    def inspect(self, path):
        return self.told("inspect", "--json", path)

    def pack(self, kernel, *options):
        """(path, the report) of a file of its own."""
        self.made += 1
        path = self.subjects.folder / f"packed-{self.made}"
        return path, self.told("pack", "--json", "-o", path, "--cmdline", LINE, *options, kernel)

    def report(self, kernel, *options):
        path, report = self.pack(kernel, *options)
        path.unlink()
        return report


# --- bytes ----------------------------------------------------------------------------------------------

def rescue(kernel, folder):
    """The kernel with GRUB, as a disk and a CD for BIOS and UEFI."""
    tree = folder / "tree"
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/kernel").write_bytes(kernel.read_bytes())
    (tree / "boot/grub/grub.cfg").write_text(f"linux /boot/kernel {LINE}\nboot\n")
    out = folder / "rescue.iso"
    subprocess.run(["grub-mkrescue", "-o", str(out), str(tree)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=300)
    return out.stat().st_size


def isolinux(kernel, folder, hosts):
    """The kernel with ISOLINUX: a CD for BIOS."""
    initrd = folder / "initrd"
    initrd.write_bytes(b"")
    hosts.isolinux(hosts.Job(kernel, "packed", initrd, LINE, folder))
    return (folder / "boot.iso").stat().st_size


def unified(kernel, folder, hosts):
    """The kernel behind systemd's stub: a file for UEFI."""
    initrd = folder / "initrd"
    initrd.write_bytes(b"")
    hosts.systemd_stub(hosts.Job(kernel, "packed", initrd, LINE, folder))
    return (folder / "esp/EFI/BOOT/BOOTX64.EFI").stat().st_size


def peer(make, kernel, *more):
    with tempfile.TemporaryDirectory() as folder:
        size = make(kernel, pathlib.Path(folder), *more)
    return {"file_size": size, "added": size - kernel.stat().st_size}


def measure_size(packer, quick):
    """Each kernel in each variant, and what others add to a bzImage."""
    hosts = packed_files(packer).hosts
    found = []
    for title, name, needs in KERNELS[-2:] if quick else KERNELS:
        row = {"kernel": title}
        path = cannot(lambda: packer.kernel(name))
        if isinstance(path, dict):
            found.append(row | path)
            continue
        row |= {"kernel_bytes": path.stat().st_size, "variants": {}, "peers": {}}
        for variant in VARIANTS if row["kernel_bytes"] > SMALL else PLAIN:
            options = VARIANTS[variant]
            report = cannot(lambda: packer.report(path, *needs, *options))
            row["variants"][variant] = report if "cannot" in report else {
                key: report[key] for key in ("file_size", "added", "kernel", "kernel_stored", *PARTS)}
        if title == "bzImage":
            row["peers"] = {"grub-mkrescue": cannot(lambda: peer(rescue, path)),
                            "ISOLINUX": cannot(lambda: peer(isolinux, path, hosts)),
                            "systemd-stub": cannot(lambda: peer(unified, path, hosts))}
        found.append(row)
    return found


# --- instructions -----------------------------------------------------------------------------------------

def packed_files(packer):
    """tests/pack/packed.py, on our build."""
    os.environ["ZP_BUILD_ROOT"] = str(packer.build)
    for room in ("tests", "tests/pack"):
        if str(ROOT / room) not in sys.path:
            sys.path.append(str(ROOT / room))
    import packed  # pylint: disable=import-outside-toplevel
    return packed


def count(packer, argv, marks, rounds=1):
    """argv makes the command in a folder. Of several rounds, the one of the fewest instructions: waiting adds some."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=packer.subjects.folder) as folder:
            folder = pathlib.Path(folder)
            words = [str(word) for word in argv(folder)]
            found.append(counting.count(words, marks, folder, packer.build / "bench/count.so"))
    return min(found, key=lambda counted: counted["executed"])


def with_memory(words, size):
    words = [str(word) for word in words]
    if "-m" in words:
        words[words.index("-m") + 1] = f"{size}M"
    return words


def job(files, image, folder):
    return files.hosts.Job(image, "packed", files.initrd("handed.initrd"), LINE, folder)


def enter(packer, name, kernel, *options, rounds=1):
    """One way into a packed kernel."""
    files = packed_files(packer)
    way = files.WAYS[name]
    path, report = packer.pack(kernel, *way.options, *options)
    packed = counting.Packed(path, packer.build)
    marks = packed.marks() + counting.kernel_marks(kernel, packer.inspect(kernel))
    counted = count(packer, lambda folder: with_memory(way.argv(job(files, path, folder)), max(MEMORY, way.memory)), marks,
                    rounds if name in WAITING else 1)
    parts, string = counting.parts(counted, packed)
    path.unlink()
    return {"way": name, "before": counted["before"], "executed": counted["executed"], "parts": parts, "string": string,
            "ours": counted["executed"] - parts["host"], "payload": report["kernel_stored"] + report["initrds"]}


def own_way(packer):
    """The bzImage by itself: to its own first instruction, and on to that of the vmlinux that it unpacks."""
    files = packed_files(packer)
    kernel, inside = packer.kernel("cloud"), packer.kernel("vmlinux")
    first = counting.kernel_marks(kernel, packer.inspect(kernel), "place")
    end = counting.kernel_marks(inside, packer.inspect(inside))
    boot = counting.begin_at(files.media.fetched("grub-bios") / "boot.img", 0, 9)
    ways = {"qemu -kernel": (files.hosts.kernel("pc"), counting.begin_at(kernel, 0x200, 6), 1),
            "GRUB disk, linux": (files.hosts.grub_bios("linux"), boot, ROUNDS),
            "UEFI, as BOOTX64.EFI": (files.hosts.esp, counting.begin_at(kernel, counting.pe_entry(kernel)), 1)}

    def one(argv, begin, rounds):
        counted = count(packer, lambda folder: with_memory(argv(job(files, kernel, folder)), MEMORY), begin + first + end,
                        rounds)
        entered = next((executed for name, _, executed in counted["marks"] if name in ("kernel-32", "kernel-64")), 0)
        return {"before": counted["before"], "entered": entered, "unpacked": counted["executed"]}

    return {name: cannot(lambda way=way: one(*way)) for name, way in ways.items()}


def measure_entry(packer, quick):
    """By each way, the smallest kernel and Debian's; and what the latter takes by itself."""
    small = [(name, "probe.pvh", ()) for name in (("linux64", "disk-ide") if quick else WAYS)]
    small += [("linux64", "probe.pvh", ("--esp", "off"))]
    large = [] if quick else [(name, "cloud", ()) for name in WAYS] + [("linux64", "cloud", ("--esp", "off"))]
    large += [] if quick else [("linux64", "vmlinux", ("--compress", how)) for how in ("none", "lz4", "zstd")]
    titles = {"probe.pvh": "probe, PVH", "cloud": "bzImage", "vmlinux": "vmlinux, which is in it"}
    rows = {}
    for way, name, options in small + large:
        row = cannot(lambda: enter(packer, way, packer.kernel(name), *options, rounds=1 if quick else ROUNDS))
        row["way"] = " ".join((way, *options))
        rows.setdefault(titles[name], []).append(row)
    return {"kernels": rows, "own": {} if quick else own_way(packer)}


def entry_points(packer, quick):
    """How that grows with what is in the file: points of a curve."""
    found = []
    for size in (1,) if quick else (1, 2, 4, 8, 16, 32, 64):
        initrd = packer.subjects.sparse(size * MIB)
        point = {"x": size * MIB}
        for name in ("linux64",) if quick else ("linux64", "disk-ide", "uefi-disk"):
            counted = cannot(lambda: enter(packer, name, packer.kernel("probe.pvh"), "--initrd", initrd))
            point[name] = counted if "cannot" in counted else {"instructions": counted["executed"], "ours": counted["ours"]}
        found.append(point)
        initrd.unlink()
    return found
