#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the measurements and prints tables of ratios with their goals; --json prints JSON instead. Both also
go to bench.json and bench.svg in the build folder. README.md says what each number means."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import firmware
import launch
import pack
import plot
import tables
import turns

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("ZP_BUILD_ROOT", ROOT / "build-bench"))
ROUND = BUILD / "bench/bench_round"
ZEROPAGE = BUILD / "src/cli/zeropage"
CMDLINE = "console=ttyS0 earlyprintk=ttyS0"
SECTIONS = ("core", "load", "memory", "launch", "growth", "size", "entry", "firmware")
CURVES = ("peer", "shared", "private", "mapped")
MIB = 1 << 20


def output(*argv, limit=900):
    return subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE, text=True,
                          timeout=limit).stdout


class Subjects:
    """The files that everything is measured on, made when first asked for in a folder on a real disk."""

    def __init__(self, folder, options):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.made = {}
        self.peer = None
        self.why_no_peer = None

    def kernel(self, name):
        if name not in self.made:
            given = self.options.kernel if name == "cloud" else None
            found = pathlib.Path(given or output(ROOT / "tools/kernels", "get", name).strip())
            # A copy: the cache may lie on another kind of disk, and dropping pages is for ours alone.
            self.made[name] = pathlib.Path(shutil.copy(found, self.folder / name))
        return self.made[name]

    def vmlinux(self):
        if "vmlinux" not in self.made:
            path = self.folder / "vmlinux"
            if self.options.vmlinux:
                shutil.copy(self.options.vmlinux, path)
            else:
                output(ZEROPAGE, "unpack", self.kernel("cloud"), "-o", path)
            self.made["vmlinux"] = path
        return self.made["vmlinux"]

    def unaligned(self):
        """The bzImage with one more sector of setup: a valid image, no page of which can be mapped."""
        path = self.folder / "unaligned"
        if not path.exists():
            image = bytearray(self.kernel("cloud").read_bytes())
            setup = (image[0x1F1] + 1) * 512
            image[0x1F1] += 1
            path.write_bytes(image[:setup] + bytes(512) + image[setup:])
        return path

    def sparse(self, size):
        path = self.folder / f"initrd-{size}"
        with open(path, "wb") as file:
            file.truncate(size)
        return path

    def peer_program(self):
        """The path of the peer, or None with the reason in why_no_peer."""
        if self.peer is None and self.why_no_peer is None:
            built = subprocess.run([ROOT / "tools/peers", "get", "linux-loader"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, timeout=1800)
            if built.returncode:
                self.why_no_peer = (built.stderr.strip().splitlines() or ["unknown"])[-1]
            else:
                self.peer = built.stdout.strip()
        return self.peer

    def loaders(self, kernel, ram=512, cpus=1, initrd=None, names=None, seed=1):
        """Contenders by name, without the peer's where there is no peer. KASLR is for ELFs alone; the seed
        chooses the kernel's bases."""
        bits = seed * 0x9E3779B97F4A7C15 % (1 << 64)
        ours = {"shared": [], "private": ["--private"], "mapped": ["--private", "--map"],
                "kaslr": ["--private", "--map", "--kaslr", bits]}
        names = names or [name for name in tables.CONTENDERS if name != "kaslr" or kernel == self.made.get("vmlinux")]
        found = []
        for name in names:
            if name in ours:
                found.append(turns.Loader(name, ROUND, "--ram", ram, "--cpus", cpus,
                                          *(["--initrd", initrd] if initrd else []), *ours[name], kernel))
            elif self.peer_program():
                found.append(turns.Loader(name, self.peer, *(["--shared"] if name == "peer shared" else []), kernel,
                                          ram, *([initrd] if initrd else [])))
        return found


def each(answers, key):
    return [answer[key] for answer in answers]


def summary(answers, peer):
    """One contender's numbers, and how many times faster than the peer it is."""
    found = {"bytes": answers[-1]["bytes"], "copied": answers[-1]["copied"], "mapped": answers[-1]["mapped"]}
    for key in ("load_ns", "all_ns"):
        low, middle, high = turns.quartiles(each(answers, key))
        found[key] = {"median": middle, "low": low, "high": high}
        if peer:
            found[key]["faster"] = turns.ratio(each(peer, key), each(answers, key))
    return found


def measure_load(subjects, rounds):
    """Each image, warm and cold: load, and load with the first read of every loaded byte."""
    images = [("bzImage", subjects.kernel("cloud")), ("vmlinux", subjects.vmlinux()),
              ("bzImage, xz", subjects.kernel("generic")), ("bzImage, 32-bit", subjects.kernel("i386-pae")),
              ("bzImage, unaligned", subjects.unaligned()), ("memtest86+", subjects.kernel("memtest"))]
    found = []
    for name, path in images:
        for cache in ("warm", "cold"):
            if cache == "cold" and name not in ("bzImage", "vmlinux"):
                continue
            loaders = subjects.loaders(path)
            cold = cache == "cold"
            answers = turns.take_turns(loaders, max(1, rounds // 3) if cold else rounds,
                                       (lambda: turns.drop_cache(path)) if cold else None)
            for loader in loaders:
                loader.close()
            row = {"image": name, "cache": cache, "file_bytes": path.stat().st_size}
            if cold:
                turns.drop_cache(path)
                row["left_in_cache"] = turns.cached_part(path)
            row["contenders"] = {who: summary(got, answers.get(tables.AGAINST.get(who)))
                                 for who, got in answers.items()}
            mapped = row["contenders"]["mapped"]
            row["aligned"] = mapped["mapped"] > 0.9 * mapped["bytes"]
            found.append(row)
    return found


def held(loader):
    """A contender after one round, with its guest still there: its memory, and what it said."""
    answer = loader.round("hold")
    return loader.memory() | answer


def measure_memory(subjects, processes):
    """Of one guest: the peak, and what it has for itself. Of several of one kernel: what they cost together."""
    found = []
    for name, path in (("bzImage", subjects.kernel("cloud")), ("vmlinux", subjects.vmlinux())):
        row = {"image": name, "processes": processes, "contenders": {}}
        for index in range(len(subjects.loaders(path))):
            crowd = [subjects.loaders(path, seed=seed + 1)[index] for seed in range(processes)]
            alone = held(crowd[0])
            for loader in crowd[1:]:
                held(loader)
            together = sum(loader.memory()["pss"] for loader in crowd)
            for loader in crowd:
                loader.close()
            wanted = ("peak", "own", "pages", "mappable_pages", "relocated_pages")
            row["contenders"][crowd[0].name] = {"pss_of_all": together,
                                                **{key: alone[key] for key in wanted if key in alone}}
        found.append(row)
    return found


def point(subjects, rounds, kernel, **shape):
    """One point of a curve: medians of each contender, and its memory in the last round. A contender that
    cannot says why."""
    found = {}
    for loader in subjects.loaders(kernel, **shape):
        try:
            answers = turns.take_turns([loader], rounds)[loader.name]
            last = held(loader)
            found[loader.name] = {"load_ns": turns.quartiles(each(answers + [last], "load_ns"))[1],
                                  "own": last["own"]}
        except RuntimeError as error:
            found[loader.name] = {"cannot": str(error)}
        finally:
            loader.close()
    return found


def qemu_alone(kernel, ram=512, cpus=1):
    """QEMU as it boots a kernel by itself, on the machine that our engine makes of it."""
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-accel",
            "tcg", "-cpu", "max", "-smp", cpus, "-machine", "pc,vmport=off", "-m", f"{ram}M", "-kernel", kernel,
            "-append", CMDLINE, "-serial", "stdio", "-monitor", "none"]


def ours(kernel, *more, ram=512, cpus=1):
    return [ZEROPAGE, "run", "--engine", "qemu", "--quiet", "--silence", "0", "--cmdline", CMDLINE, "-m", f"{ram}M",
            "--smp", cpus, *more, kernel]


def launches(commands, rounds):
    """Seconds by name of the commands that work, and why the others do not. The first try warms up."""
    failed = {}
    for name, command in list(commands.items()):
        try:
            launch.seconds_to_mark(command)
        except (RuntimeError, TimeoutError) as error:
            failed[name] = {"cannot": str(error)}
            del commands[name]
    return launch.take_turns(commands, rounds), failed


def measure_launch(subjects, rounds):
    """From launch to "Linux version" under software emulation, for an lz4 and an xz kernel."""
    found = []
    for name, image in (("lz4", "cloud"), ("xz", "generic")):
        kernel = subjects.kernel(image)
        with tempfile.TemporaryDirectory(dir=subjects.folder) as cache:
            os.chmod(cache, 0o700)
            seconds, failed = launches({"qemu -kernel": qemu_alone(kernel),
                                        "direct off": ours(kernel, "--direct", "off"),
                                        "direct": ours(kernel, "--direct", "on"),
                                        "direct, cache": ours(kernel, "--direct", "on", "--cache", cache)}, rounds)
        row = {"kernel": name, "rounds": rounds, "contenders": failed}
        for who, taken in seconds.items():
            low, middle, high = turns.quartiles(taken)
            row["contenders"][who] = {"s": middle, "low": low, "high": high,
                                      "of_qemu": turns.ratio(taken, seconds["qemu -kernel"])}
        found.append(row)
    return found


def launch_point(kernel, rounds, **shape):
    seconds, found = launches({"qemu -kernel": qemu_alone(kernel, **shape),
                               "direct": ours(kernel, "--direct", "on", **shape)}, rounds)
    return found | {name: {"s": turns.quartiles(taken)[1]} for name, taken in seconds.items()}


def measure_growth(subjects, quick):
    """How load, and launch, grow with initrd, RAM and CPUs."""
    kernel = subjects.kernel("cloud")
    initrds = [1, 4] if quick else [1, 4, 16, 64, 256, 1024, 4096]
    rams = [128] if quick else [128, 512, 2048, 8192, 65536]
    cpus = [1] if quick else [1, 2, 4, 8, 16, 32, 64, 128, 255]
    found = {"initrd": [], "ram": [], "cpus": []}
    for mib in initrds:
        path = subjects.sparse(mib * MIB)
        names = CURVES if mib <= 1024 else [name for name in CURVES if name != "shared"]  # it takes its time
        found["initrd"].append({"x": mib * MIB, **point(subjects, 0 if quick or mib >= 1024 else 4, kernel,
                                                        ram=max(1024, 2 * mib), initrd=path, names=names)})
        path.unlink()
    for mib in rams:
        found["ram"].append({"x": mib * MIB, **point(subjects, 0 if quick else 8, kernel, ram=mib,
                                                     names=CURVES)})
    for count in cpus:
        found["cpus"].append({"x": count, **point(subjects, 0 if quick else 8, kernel, cpus=count,
                                                  names=("peer", "mapped"))})
    rounds = 1 if quick else 3
    found["launch_ram"] = [{"x": mib * MIB, **launch_point(kernel, rounds, ram=mib)} for mib in rams]
    found["launch_cpus"] = [{"x": count, **launch_point(kernel, rounds, cpus=count)}
                            for count in ([1] if quick else [1, 2, 4, 8])]
    return found


def measure_core(subjects):
    """What bench_load.c prints, and the size of the core."""
    path = subjects.folder / "initrd"
    path.write_bytes(os.urandom(20 * MIB))
    found = json.loads(output(BUILD / "bench/bench_load", subjects.kernel("cloud"), path))
    path.unlink()
    rows = output("size", "-t", BUILD / "src/core/libzeropage-freestanding.a").splitlines()
    text, data, bss = (int(number) for number in rows[-1].split()[:3])
    found.update(archive_text_bytes=text, archive_data_bytes=data, archive_bss_bytes=bss)
    return found


def measure(subjects, options):
    quick = options.quick
    packer = pack.Packer(subjects, BUILD)
    sections = {"core": lambda: measure_core(subjects),
                "load": lambda: measure_load(subjects, 1 if quick else 25),
                "memory": lambda: measure_memory(subjects, 2 if quick else 8),
                "launch": lambda: measure_launch(subjects, 1 if quick else 5),
                "growth": lambda: measure_growth(subjects, quick) | {"entry": pack.entry_points(packer, quick)},
                "size": lambda: pack.measure_size(packer, quick),
                "entry": lambda: pack.measure_entry(packer, quick),
                "firmware": lambda: firmware.measure(packer, quick)}
    found = {"machine": {"kernel": platform.release(), "cpus": os.cpu_count()}}
    for name in options.only or sections:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        found[name] = sections[name]()
    found["peer_missing"] = subjects.why_no_peer
    return found


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="one round of everything: does it run?")
    parser.add_argument("--only", action="append", choices=SECTIONS,
                        help="this part; again for more")
    parser.add_argument("--kernel", help="a bzImage instead of Debian's cloud kernel")
    parser.add_argument("--vmlinux", help="what is in it, unpacked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        result = measure(Subjects(folder, options), options)
    (BUILD / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    if "growth" in result:
        (BUILD / "bench.svg").write_text(plot.draw(result))
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        tables.show(result)
        print(f"\nAll numbers: {BUILD / 'bench.json'}"
              + (f"; growth as a plot: {BUILD / 'bench.svg'}" if "growth" in result else ""))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
