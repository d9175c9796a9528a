# SPDX-License-Identifier: BSD-2-Clause
"""Guest instructions between two marks, counted by count.c in QEMU's translator, and whose they were.

A mark is a run of bytes that lies at some instruction: an entry of a packed file, the first instruction of a kernel.
Where it lies in memory does not matter, so that firmware and loaders may put it where they like.
"""
import bisect
import collections
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess

BYTES = 16                        # of a mark
BODY = 0x1000                     # ZP_PACK_BODY
ENTRIES = {"linux32": 0x000, "pvh": 0x010, "multiboot1": 0x020, "multiboot2": 0x030, "linux64": 0x200, "efi": 0x210,
           "handover": 0x220}     # ZP_PACK_ENTRY_*
FRONT = {"disk": (0, 9), "linux16": (0x200, 6)}  # the boot sector, and the setup up to "HdrS"
HEADER = BODY + 0x40              # ZP_PACK_HEADER
STUB_BYTES = 0x20                 # ZP_PACK_BODY_STUB_BYTES
SETUP_SECTS = 0x1f1
# Whose instructions they were: ours by what they do, and all that is not ours.
PARTS = {"front": "16 bits", "head": "head", "stub": "unpack stub", "checksum": "checksum", "kernel": "unpack kernel",
         "rest": "the rest", "host": "host"}
UNPACKERS = ("LZ4_", "ZSTD_", "HUF_", "_HUF_", "FSE_", "XXH", "stub_unpack")


class Failed(RuntimeError):
    """No count: why."""


def symbols(program):
    """(addresses, names) of an ELF's code, in order."""
    listed = subprocess.run(["nm", "-n", str(program)], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout
    rows = [line.split() for line in listed.splitlines()]
    rows = [(int(row[0], 16), row[2].split(".")[0]) for row in rows if len(row) == 3 and row[1] in "tT"]
    return [row[0] for row in rows], [row[1] for row in rows]


class Packed:
    """A packed file: its entries as marks, and which stub of the build is in it."""

    def __init__(self, path, build):
        data = pathlib.Path(path).read_bytes()
        size = struct.unpack_from("<I", data, HEADER + STUB_BYTES)[0]
        rooms = pathlib.Path(build) / "src/pack/stub"
        found = [flat for flat in rooms.glob("stub-*.bin") if flat.stat().st_size == size]
        if not found:
            raise Failed(f"{path}: a stub of {size} bytes is not of this build")
        flat = found[0]
        self.stub = flat.read_bytes()
        self.stub_symbols = symbols(flat.with_suffix(""))
        self.head_symbols = symbols(rooms / flat.name.replace("stub-", "body-").replace(".bin", ".elf"))
        self.head_size = self.head_symbols[0][self.head_symbols[1].index("stub_end")]
        self.begin = [("begin", name, data[at:at + size]) for name, (at, size) in FRONT.items()]
        self.begin += [("begin", name, data[BODY + at:BODY + at + BYTES]) for name, at in ENTRIES.items()]
        enter = dict(zip(self.stub_symbols[1], self.stub_symbols[0]))["enter_begin"]
        self.inside = [("place", "stub", self.stub[:BYTES]), ("place", "enter", self.stub[enter:enter + BYTES])]

    def marks(self):
        return self.begin + self.inside

    def places(self, counted):
        """[(from, to, name, symbols)] of our code, as the marks that were met tell."""
        found = {}
        for name, address, _ in counted["marks"]:
            if name in ENTRIES:
                base = address - ENTRIES[name]
                found["head", base] = (self.head_size, self.head_symbols)
            elif name == "stub":
                found["stub", address] = (len(self.stub), self.stub_symbols)
            elif name == "enter":
                found["enter", address] = (0x1000, ([0], ["enter_begin"]))
            elif name in FRONT:
                found["front", address - FRONT[name][0]] = (BODY, ([0], ["front"]))
        return [(base, base + size, name, table) for (name, base), (size, table) in found.items()]


def kernel_marks(path, inspected, kind="end"):
    """The entries of a kernel, from what `zeropage inspect --json` says of it."""
    data = pathlib.Path(path).read_bytes()
    offsets = {}
    if inspected["bzimage"]:
        start = ((data[SETUP_SECTS] or 4) + 1) * 512
        offsets = {"32": start, "64": start + 0x200}
    else:
        addresses = {entry["protocol"]: entry["address"] for entry in inspected["entries"]}
        if inspected["elf"]:
            addresses["elf"] = inspected["elf"]["entry"]
        for name, address in addresses.items():
            for segment in inspected["segments"]:
                for key in ("paddr", "vaddr"):
                    inside = int(address, 16) - int(segment[key], 16)
                    if 0 <= inside < segment["file_size"]:
                        offsets[name] = segment["file_offset"] + inside
    unique = {data[offset:offset + BYTES]: name for name, offset in offsets.items()}
    return [(kind, f"kernel-{name}", what) for what, name in unique.items()]


def begin_at(path, offset, size=BYTES):
    """A beginning: where these bytes of a file are executed."""
    with open(path, "rb") as file:
        file.seek(offset)
        return [("begin", "begin", file.read(size))]


def pe_entry(path):
    """AddressOfEntryPoint, of a bzImage: there it is the offset in the file as well."""
    data = pathlib.Path(path).read_bytes()
    return struct.unpack_from("<I", data, struct.unpack_from("<I", data, 0x3c)[0] + 40)[0]


def count(argv, marks, folder, plugin, seconds=300, clock=False):
    """Boots argv until an end is met. argv may start QEMU itself, or by way of ZEROPAGE_QEMU and PATH. clock: time alone."""
    folder = pathlib.Path(folder)
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    out = folder / "counted"
    out.unlink(missing_ok=True)
    (folder / "marks").write_text("".join(f"{kind} {name} {what.hex()}\n" for kind, name, what in marks))
    real = shutil.which("qemu-system-x86_64")
    if real is None:
        raise Failed("QEMU is not installed")
    wrapper = tools / "qemu-system-x86_64"
    wrapper.write_text(f"#!/bin/sh\nexec {real} \"$@\" -plugin {plugin},marks={folder / 'marks'},out={out}{',clock=on' * clock}\n")
    wrapper.chmod(0o755)
    environment = {**os.environ, "ZEROPAGE_QEMU": str(wrapper), "PATH": f"{tools}:{os.environ['PATH']}"}
    process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        said = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[0]
    if not out.exists():
        raise Failed(f"the end was not met: {said.decode(errors='replace').strip()[-400:]}")
    return json.loads(out.read_text())


def profile(counted, packed):
    """{(place, symbol): [steps, begun]}; of code that is not ours the place is "host"."""
    places = packed.places(counted)
    found = collections.defaultdict(lambda: [0, 0])
    for address, steps, begun in counted["sites"]:
        key = ("host", "")
        for start, end, name, (addresses, names) in places:
            if start <= address < end:
                key = (name, names[bisect.bisect_right(addresses, address - start) - 1])
                break
        found[key][0] += steps
        found[key][1] += begun
    return dict(found)


def part(place, symbol, head):
    """Of PARTS. head: the names of head.S and what is linked behind it, in order."""
    if place == "head":
        return "stub" if head.index(symbol) > head.index("gdt") else "head"
    if place != "stub":
        return {"enter": "rest"}.get(place, place)
    if symbol in ("add_words", "zp_pack_checksum"):
        return "checksum"
    return "kernel" if symbol.startswith(UNPACKERS) else "rest"


def parts(counted, packed):
    """{part: instructions}, and how many of ours were steps of string instructions beyond the first."""
    found, string = dict.fromkeys(PARTS, 0), 0
    for (place, symbol), (steps, begun) in profile(counted, packed).items():
        found[part(place, symbol, packed.head_symbols[1])] += steps
        if place != "host":
            string += steps - begun
    return found, string
