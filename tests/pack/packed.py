# SPDX-License-Identifier: BSD-2-Clause
"""Packed files to boot, and the hosts that boot them.

A `Subject` is a kernel with what was built in and what has to come out of it; a `Way` starts a packed file under a
host, most of them by the recipes of tools/conformance.d. `boot` runs a way to its end, never longer than it may.
"""
import dataclasses
import functools
import json
import os
import pathlib
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import zptap

sys.path.insert(0, str(zptap.SOURCE / "tools/conformance.d"))
import hosts  # pylint: disable=wrong-import-position
import media

_folder = tempfile.TemporaryDirectory(prefix="zeropage-pack-")
FOLDER = pathlib.Path(_folder.name)
PROBES = zptap.BUILD / "src/probe/guest"
STATES = zptap.BUILD / "tests/pack"

BUILTIN = 'builtin="a  b" c=\'d\''
HANDED = "handed=1 last"
# Sizes that are no multiple of four: where they are joined, zeros come between.
INITRDS = {"builtin.initrd": bytes(i * 7 & 0xFF for i in range(5003)), "handed.initrd": bytes(i * 11 & 0xFF for i in range(3001))}
MIB = 1 << 20
BODY = 0x1000        # ZP_PACK_BODY
ADDRESS = 0x200000   # ZP_PACK_ADDRESS


def file(name, data):
    """A file in our folder with these bytes; made once."""
    path = FOLDER / name
    if not path.exists():
        path.write_bytes(data)
    return path


def initrd(name):
    return file(name, INITRDS[name])


# --- packing ------------------------------------------------------------------------------------------

def zeropage_pack(*arguments):
    ran = zptap.command(zptap.BINARY, "pack", *arguments, timeout=120)
    if ran.returncode != 0:
        raise RuntimeError(f"zeropage pack {' '.join(map(str, arguments))}: {ran.stderr.strip()}")


@functools.cache
def packed(kernel, *arguments):
    """The path of a packed file; made once."""
    name = f"packed-{zlib.crc32(repr((str(kernel), arguments)).encode()):08x}"
    zeropage_pack(kernel, "-o", FOLDER / name, *arguments)
    return FOLDER / name


@dataclasses.dataclass(frozen=True)
class Subject:
    name: str
    kernel: pathlib.Path
    protocol: str                # by which it is entered, whatever the way in
    options: tuple = ()
    joined: bool = True          # initrds are one
    linux: bool = False          # Debian's, with a system of ours
    memory: int = 256
    builtin: tuple = ("builtin.initrd",)

    def file(self, *options):
        """Packed, with what is built in."""
        line = DEBIAN_LINE if self.linux else BUILTIN
        modules = [word for name in self.builtin
                   for word in ("--initrd", system() if self.linux else initrd(name))]
        return packed(self.kernel, "--cmdline", line, *modules, *self.options, *options)


SHAPES = {
    "bzimage": ("linux64", ()),
    "elf64": ("linux64", ()),
    "pvh": ("pvh", ()),
    "multiboot1": ("multiboot1", ()),
    "multiboot2": ("multiboot2", ()),
    "osv": ("multiboot1", ("--entry", "multiboot1")),
}


def probe(shape):
    protocol, options = SHAPES[shape]
    return Subject(shape, PROBES / f"probe.{shape}", protocol, options, joined=protocol.startswith("linux"))


# --- Debian's kernel, with a system of a few lines ------------------------------------------------------

DEBIAN_LINE = "console=ttyS0 panic=-1 builtin=1"
MARKER = "zeropage: init reached"
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
echo "zeropage: cmdline: $(cat /proc/cmdline)"
echo "zeropage: handed: $(cat /handed)"
echo '{MARKER}'
[ -e /sys/firmware/acpi/tables/FACP ] && poweroff -f
reboot -f
"""


@functools.cache
def system():
    """Debian's root: an initramfs whose init says what it got."""
    folder = FOLDER / "system"
    folder.mkdir()
    return media.initramfs(folder, INIT, {})


@functools.cache
def one_more():
    """An archive in the newc format with one file, /handed, to be unpacked over the first."""
    def member(name, mode, data):
        fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return file("handed.cpio", member(b"handed", 0o100644, b"by a loader\n") + member(b"TRAILER!!!", 0, b""))


def debian(kernel="cloud", *options):
    return Subject(kernel, media.fetched(kernel), "", options, linux=True, memory=512)


# --- hosts --------------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    argv: object                 # of a hosts.Job
    options: tuple = ()          # for `zeropage pack`
    hands: str = "both"          # command line and initrd, or "nothing"
    front: str = ""              # a pattern of what the loader puts before the command line
    back: str = ""               # and behind
    change: object = None        # of the file, into another
    memory: int = 0
    seconds: int = 90
    linux: str = "quiet"         # words for Debian's kernel, before the others


def disk(image, *, drive="if=ide", machine="pc", more=(), memory=256):
    """QEMU with the file as its first disk. What the guest writes is dropped."""
    return hosts.qemu(machine, "-drive", f"file={image},format=raw,snapshot=on,{drive}", *more, memory=memory)


def on_disk(**how):
    return lambda job: disk(job.image, **how)


def uefi_disk(job):
    return disk(job.image, drive="if=none,id=disk", machine="q35", more=("-bios", hosts.OVMF, "-device", "ide-hd,drive=disk"))


def chainload(job):
    """GRUB of UEFI starts the PE flavour by LoadImage and StartImage."""
    return hosts.grub_efi("chainloader")(dataclasses.replace(job, initrd=None))


def engine(protocol):
    def argv(job):
        return [zptap.BINARY, "run", job.image, "--engine", "qemu", "--protocol", protocol, "--cmdline", job.cmdline,
                "--initrd", job.initrd, "-m", "256M", "--timeout", "80", "--silence", "0"]
    return argv


def kvm(protocol):
    return lambda job: [word if word != "qemu" else "kvm" for word in engine(protocol)(job)]


def segments(image):
    """(e_entry, [(offset, p_paddr, p_filesz, p_memsz)]) of an ELF64."""
    head = image.read_bytes()[:0x1000]
    entry, phoff = struct.unpack_from("<QQ", head, 24)
    count = struct.unpack_from("<H", head, 56)[0]
    found = [struct.unpack_from("<IIQQQQQQ", head, phoff + 56 * i) for i in range(count)]
    return entry, [(offset, paddr, filesz, memsz) for kind, _, offset, _, paddr, filesz, memsz, _ in found if kind == 1]


def state_of(name, image, folder):
    """The arguments by which QEMU loads an ELF64's segments, and a guest that enters it in the state of a VMM."""
    entry, found = segments(image)
    loaded = []
    for number, (offset, paddr, filesz, _) in enumerate(found):
        part = folder / f"segment{number}"
        with open(image, "rb") as source:
            source.seek(offset)
            part.write_bytes(source.read(filesz))
        loaded += ["-device", f"loader,file={part},addr={paddr:#x},force-raw=on"]
    guest = bytearray((STATES / f"states.{name}").read_bytes())
    struct.pack_into("<QQ", guest, guest.index(b"zpstates") + 8, entry, max(p + size for _, p, _, size in found))
    (folder / "states").write_bytes(guest)
    return [*loaded, "-kernel", folder / "states"]


def state(name):
    return lambda job: hosts.qemu("pc", *state_of(name, job.image, job.folder), "-initrd", job.initrd, "-append", job.cmdline)


def without_hdrs(path):
    """A copy that is no bzImage: of a file with HdrS QEMU looks at nothing else."""
    data = bytearray(path.read_bytes())
    data[0x202:0x206] = b"none"
    return file(path.name + "-without-hdrs", data)


def floppy(path):
    """A copy of the size of a floppy disk."""
    data = path.read_bytes()
    if len(data) > 1440 << 10:
        raise ValueError(f"{path}: {len(data)} bytes do not fit a floppy disk")
    return file(path.name + "-floppy", data.ljust(1440 << 10, b"\0"))


@functools.cache
def sparse(size):
    """A root file system of many GiB, nothing but a hole with a word at its end."""
    path = FOLDER / f"sparse-{size}"
    with open(path, "wb") as out:
        out.truncate(size)
        out.seek(size - 512)
        out.write(b"the end".ljust(512, b"\0"))
    return path


def fda(job):
    return hosts.qemu("pc", "-drive", f"file={job.image},format=raw,if=floppy,snapshot=on", "-boot", "a")


USB = ("-device", "qemu-xhci", "-device", "usb-storage,drive=disk")
GRUB = "BOOT_IMAGE=/probe "

# By which protocols a packed file is entered: the funnel. Each with every kernel.
FUNNEL = [
    Way("disk-ide", on_disk(), hands="nothing"),
    Way("kernel-pc", hosts.kernel("pc")),
    Way("linux32", engine("linux32")),
    Way("linux64", engine("linux64")),
    Way("pvh", engine("pvh")),
    Way("firecracker", state("firecracker"), memory=2048),
    Way("crosvm", state("crosvm")),
    Way("grub-multiboot2", hosts.grub_bios("multiboot2"), ("--multiboot",)),
    Way("uefi-disk", uefi_disk, hands="nothing"),
    Way("grub-efi-chain", chainload, ("--flavour", "pe"), hands="cmdline"),
]

# How the same protocols come about elsewhere.
OTHERS = [
    Way("disk-ahci", on_disk(drive="if=none,id=disk", machine="q35", more=("-device", "ide-hd,drive=disk")), hands="nothing"),
    Way("disk-virtio", on_disk(drive="if=virtio"), hands="nothing"),
    Way("disk-usb", on_disk(drive="if=none,id=disk", more=USB), hands="nothing"),
    Way("disk-gib", on_disk(), hands="nothing", options=("--partition", "SPARSE")),
    Way("kernel-q35", hosts.kernel("q35")),
    # Debian's kernel cannot tell how fast the TSC is on an emulated microvm, packed or not, and stops.
    Way("kernel-microvm", hosts.kernel("microvm", "-bios", "qboot.rom"), linux="quiet tsc_early_khz=1000000"),
    Way("kernel-ovmf", hosts.kernel("q35", "-bios", hosts.OVMF), back="( initrd=initrd)?"),
    Way("kernel-pvh", hosts.kernel("pc"), change=without_hdrs),
    Way("grub-linux", hosts.grub_bios("linux"), front=GRUB),
    Way("grub-linux16", hosts.grub_bios("linux16"), front=GRUB),
    Way("grub-efi-linux", hosts.grub_efi("linux"), front=GRUB),
    Way("isolinux", hosts.isolinux, front="(BOOT_IMAGE=probe )?", back="( BOOT_IMAGE=probe)?( initrd=initrd)?( BOOT_IMAGE=probe)?"),
    Way("ipxe", hosts.ipxe_bios, back="( initrd=initrd)?", front="(probe )?(initrd=initrd )?"),
    # kexec finds the ELF before the bzImage and insists on that.
    Way("kexec", hosts.kexec("-c", "-t", "elf-x86_64", "--args-linux"), memory=512),
    # Linux uses page tables of five levels there, and hands them over; kernels are promised four.
    Way("kexec-la57", hosts.kexec("-c", "-t", "elf-x86_64", "--args-linux", cpu="max"), memory=512),
]
# Of a size that no system of Debian's has.
SMALL = [
    Way("disk-small", on_disk(), hands="nothing", options=("--esp", "off")),
    Way("floppy", fda, hands="nothing", options=("--esp", "off"), change=floppy),
    Way("disk-floppy-size", on_disk(), hands="nothing", options=("--esp", "off"), change=floppy),
    Way("kernel-lz4", hosts.kernel("pc"), ("--compress", "lz4")),
    Way("kernel-zstd", hosts.kernel("pc"), ("--compress", "zstd")),
    Way("disk-zstd", on_disk(), ("--compress", "zstd"), hands="nothing"),
    Way("uefi-lz4", uefi_disk, ("--compress", "lz4"), hands="nothing"),
    Way("grub-multiboot", hosts.grub_bios("multiboot"), ("--multiboot",)),
    Way("kernel-bios-microvm", hosts.kernel("microvm", "-bios", "bios-microvm.bin")),
    Way("kexec-by-itself", hosts.kexec("-c", "--args-linux"), memory=512),
]
WAYS = {way.name: way for way in FUNNEL + OTHERS + SMALL}


# --- running ------------------------------------------------------------------------------------------

def listen(argv, seconds, *patterns, after=0.0, silence=30):
    """Runs argv until a pattern is in what it prints, it ends, its time is over, or it went mute after its first byte;
    then ends it. Its output. after: listens on for so long behind the pattern."""
    output, end, last = b"", time.monotonic() + seconds, None
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            while time.monotonic() < end and len(output) < 16 * MIB and not (last and time.monotonic() > last + silence):
                if not select.select([process.stdout], [], [], 0.2)[0]:
                    continue
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    break
                output, last = output + more, time.monotonic()
                if any(re.search(pattern, output) for pattern in patterns):
                    end = min(end, time.monotonic() + after)
        finally:
            process.kill()
    return output.decode(errors="replace").replace("\r", "")


def image_for(way, subject):
    options = tuple(f"{sparse(3 << 30)}:83" if word == "SPARSE" else word for word in way.options)
    path = subject.file(*options)
    return way.change(path) if way.change else path


def handed_line(way, subject):
    return f"{way.linux} {HANDED}" if subject.linux else HANDED


def start(way, subject, image, patterns):
    with tempfile.TemporaryDirectory(prefix="zeropage-pack-") as folder:
        line = handed_line(way, subject)
        handed = one_more() if subject.linux else initrd("handed.initrd")
        job = hosts.Job(pathlib.Path(image), "packed", handed, line, pathlib.Path(folder))
        argv = [str(word) for word in way.argv(job)]
        memory = max(way.memory, subject.memory)
        if "-m" in argv:
            argv[argv.index("-m") + 1] = f"{memory}M"
        return listen(argv, way.seconds, *patterns)


def expected_line(way, subject):
    """A pattern of the command line that the kernel has to get: what is built in, then what was handed over."""
    words = [re.escape(DEBIAN_LINE if subject.linux else BUILTIN)]
    if way.hands != "nothing":
        words.append(way.front + handed_line(way, subject) + way.back)
    return " ".join(words)


def expected_modules(way, subject):
    built = [INITRDS[name] for name in subject.builtin]
    handed = [INITRDS["handed.initrd"]] if way.hands == "both" else []
    if subject.joined:
        parts = built + handed
        return [b"".join(part + bytes(-len(part) % 4) for part in parts[:-1]) + parts[-1]]
    return built + handed


def report(text):
    """The lines of the last report in the text, as objects."""
    lines = [json.loads(line[line.index('{"probe":'):]) for line in text.splitlines()
             if '{"probe":' in line and line.endswith("}")]
    kinds = [line["probe"] for line in lines]
    if "begin" not in kinds or "end" not in kinds:
        return []
    first = len(kinds) - 1 - kinds[::-1].index("begin")
    return lines[first:]


def tail(text):
    """The end of a console, for people."""
    return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]", "", text).strip()[-700:]


def boot_probe(way, subject):
    """Boots and judges; a list of what is wrong."""
    return judge_probe(start(way, subject, image_for(way, subject), [rb'"probe":"end"[^\n]*\n']), way, subject)


def judge_probe(text, way, subject):
    lines = report(text)
    if not lines:
        return [f"no report: {tail(text)}"]
    serial = FOLDER / f"serial-{way.name}-{subject.name}"
    serial.write_text(text, encoding="utf-8")
    ran = zptap.command(zptap.BINARY, "probe", "--judge", serial, "--json", timeout=60)
    judged = json.loads(ran.stdout)
    if "clauses" not in judged:
        return [f"no verdict: {judged.get('error')}"]
    wrong = [f"{clause['id']}: {clause['detail']}" for clause in judged["clauses"]
             if clause["level"] == "must" and clause["verdict"] == "fail"]
    begin = next(line for line in lines if line["probe"] == "begin")
    if (begin["image"], begin["protocol"]) != (subject.name, subject.protocol):
        wrong.append(f"{begin['image']} was entered by {begin['protocol']}, not {subject.name} by {subject.protocol}")
    line = next((line.get("text", "") for line in lines if line["probe"] == "cmdline"), "")
    if not re.fullmatch(expected_line(way, subject), line):
        wrong.append(f"command line [{line}] is not [{expected_line(way, subject)}]")
    found = [(module.get("size"), int(module.get("crc32", "0"), 16)) for module in lines if module["probe"] == "module"]
    wanted = [(len(module), zlib.crc32(module)) for module in expected_modules(way, subject)]
    if found != wanted:
        wrong.append(f"modules (size, crc32) {found} are not {wanted}")
    return wrong


def boot_linux(way, subject):
    text = start(way, subject, image_for(way, subject), [MARKER.encode()])
    return judge_linux(text, way, subject)


def judge_linux(text, way, subject):
    if MARKER not in text:
        return [f"no init: {tail(text)}"]
    wrong = []
    line = re.search(r"zeropage: cmdline: (.*)", text)
    if not line or not re.fullmatch(expected_line(way, subject), line[1].strip()):
        wrong.append(f"command line [{line and line[1]}] is not [{expected_line(way, subject)}]")
    if way.hands == "both" and "zeropage: handed: by a loader" not in text:
        wrong.append(f"the second initrd is missing: {tail(text)}")
    return wrong


def boot(way, subject):
    try:
        return (boot_linux if subject.linux else boot_probe)(way, subject)
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        return [str(error)]


# --- spoiled files --------------------------------------------------------------------------------------

@functools.cache
def described(path):
    """What `zeropage pack` put where: body_size, the stub's and the payload's place in the file, from the headers (layout.h)."""
    data = path.read_bytes()
    head = struct.unpack_from("<8sIIIIIIIIQQQQ", data, BODY + 0x40)
    if head[0] != b"zeropage":
        raise ValueError(f"{path}: no body header at {BODY + 0x40:#x}")
    body_size, payload = head[3], BODY + head[10]
    members = struct.unpack_from("<8sIIQQQQQIIIIIIQQQII32Q", data, payload)
    if members[0] != b"zp-load\n":
        raise ValueError(f"{path}: no payload at {payload:#x}")
    modules = [(payload + members[19 + 2 * i], members[20 + 2 * i]) for i in range(members[17])]
    return {"body_size": body_size, "stub": BODY + head[5], "payload": payload, "end": payload + head[11], "kernel": payload + members[5],
            "kernel_size": members[6], "modules": modules}


def spoil(path, what, place):
    """A copy with one bit flipped at a place of the file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    return file(f"{path.name}-{what}", data)


def cut(path, length, filled):
    """A copy that ends early; filled: with zeros to the old length, as on a disk."""
    data = path.read_bytes()
    return file(f"{path.name}-cut-{length}-{filled}", data[:length].ljust(len(data) if filled else 0, b"\0"))


def refused(argv, seconds=60):
    """What a spoiled file says; "" when it says nothing, and whether the kernel ran nevertheless."""
    text = listen(argv, seconds, rb"zeropage: [^\n]*[^\n.\r ][^\n]*\n", rb'"probe":"begin"', after=0.5)
    said = re.findall(r"zeropage: ([^\n]+)", text)
    return said[-1] if said else "", '"probe":"begin"' in text, text


def copy(path, name):
    shutil.copyfile(path, FOLDER / name)
    return FOLDER / name
