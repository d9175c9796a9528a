# SPDX-License-Identifier: BSD-2-Clause
"""The ways in: each makes something that must boot, boots it, and judges what came out.

A way is a function of a case; it raises draw.Failed where the product is wrong. `WAYS` has its share of all cases.
"""
import json
import re
import shutil
import zlib

import console
import disk_images as images
import draw
import hosts
import packed
import test_disks
import volumes
import zptap

MIB = 1 << 20
END = rb'"probe":"end"[^\n]*\n'
NOTHING = rb"zeropage: [^\n]*nothing to boot[^\n]*\n"
MEMORY = ("128M", "129M", "131M", "200M", "256M", "256M", "333M", "511M", "1000M", "1G", "2047M", "2G", "3071M", "3G", "3073M",
          "3583M", "3584M", "3585M", "4095M", "4G", "4097M", "6000M", "8G")
MACHINES = ("pc", "q35", "microvm", "microvm,pcie=on")
CPUS = ("", "", "max", "qemu64", "Nehalem", "Westmere", "max,pdpe1gb=off", "qemu64,pdpe1gb=on", "qemu64,phys-bits=36")


# --- judging ------------------------------------------------------------------------------------------

def judge(case, text, protocols, line, modules):
    """The probe's report: no must clause fails, and what it saw is what was asked for. line: the text, or a pattern;
    modules: a function of the protocol."""
    report = packed.report(text)
    if not report:
        raise draw.Failed(f"no report: {packed.tail(text)}")
    ran = zptap.command(zptap.BINARY, "probe", "--judge", draw.file(case, "serial", text), "--json", timeout=60)
    judged = json.loads(ran.stdout)
    if "clauses" not in judged:
        raise draw.Failed(f"no verdict: {judged.get('error')}")
    must = [clause for clause in judged["clauses"] if clause["level"] == "must"]
    wrong = [f"{clause['id']}: {clause['detail']}" for clause in must if clause["verdict"] == "fail"]
    if sum(clause["verdict"] == "pass" for clause in must) <= 10:
        wrong.append("hardly any clause passed")
    if judged["protocol"] not in protocols:
        wrong.append(f"entered by {judged['protocol']}, not {protocols}")
    seen = next((one.get("text", "") for one in report if one["probe"] == "cmdline"), "")
    if line is not None and not (line.fullmatch(seen) if isinstance(line, re.Pattern) else line == seen):
        wrong.append(f"command line [{seen}] is not [{getattr(line, 'pattern', line)}]")
    found = [(one.get("size"), int(one.get("crc32", "0"), 16)) for one in report if one["probe"] == "module"]
    wanted = [(len(part), zlib.crc32(part)) for part in modules(judged["protocol"])] if modules else found
    if found != wanted:
        wrong.append(f"modules (size, crc32) {found} are not {wanted}")
    if wrong:
        raise draw.Failed("; ".join(wrong))


def boots(case, argv, kernel, handed_line, handed, protocols=None, seconds=90):
    """Runs argv; it has to boot this kernel with what was handed over. Its console."""
    if kernel.linux or kernel.first_words:
        return boots_linux(case, argv, kernel, handed_line, handed)
    text, _ = case.listen(argv, seconds, END, NOTHING)
    judge(case, text, protocols or kernel.protocols, kernel.wanted_line(handed_line),
          lambda protocol: kernel.wanted_modules(handed, protocol))
    return text


def boots_linux(case, argv, kernel, handed_line, handed):
    words = packed.MARKER if kernel.linux else kernel.first_words
    text, _ = case.listen(argv, 240, words.encode(), NOTHING, rb"Kernel panic[^\n]*\n")
    if not re.search(words, text):
        raise draw.Failed(f"[{words}] does not come: {packed.tail(text)}")
    if kernel.linux:
        line = kernel.wanted_line(handed_line)
        seen = re.search(r"zeropage: cmdline: (.*)", text)
        if not seen or seen.group(1) != line:
            raise draw.Failed(f"command line [{seen and seen.group(1)}] is not [{line}]")
        more = "by a loader" if len([*kernel.initrds, *handed]) > 1 else ""
        seen = re.search(r"zeropage: handed: (.*)", text)
        if not seen or seen.group(1) != more:
            raise draw.Failed(f"the second initrd [{seen and seen.group(1)}] is not [{more}]")
    return text


# --- machines -----------------------------------------------------------------------------------------

def machine(case, *options, name=None, least=128):
    """A machine of ours without firmware: random CPUs, memory and devices that are in nobody's way."""
    chance = case.chance
    name = name or chance.choice(MACHINES)
    memory = chance.choice([size for size in MEMORY if size[-1] == "G" or int(size[:-1]) >= least])
    cpu = chance.choice(CPUS)
    words = ["-cpu", cpu] if cpu else []
    if name != "microvm":
        for number in range(chance.choice((0, 0, 1, 3))):
            words += ["-device", chance.choice(("virtio-rng-pci", "e1000", "virtio-net-pci,romfile=", "ich9-intel-hda",
                                                f"pci-bridge,id=spare{number},chassis_nr={10 + number}",
                                                f"pci-testdev,membar={chance.choice(('1M', '64M', '1G', '16G'))}"))]
    elif chance.random() < 0.3:
        words += ["-device", "virtio-rng-device"]
    cpus = chance.choice((1, 1, 2, 3, 4, 8))
    case.note(f"{name} {memory} {cpus} CPUs {cpu}".rstrip())
    return console.qemu(name, *words, *options, cpus=cpus, memory=memory), name


def bridge(case, name, number):
    """Words that make a bridge or another root for one disk, and where the disk is then."""
    chance = case.chance
    on = f",bus={'pci' if name == 'pc' else 'pcie'}.0"
    kind = "pci-bridge" if name == "pc" else chance.choice(("pci-bridge", "pcie-root-port"))
    other = name in ("pc", "q35") and chance.random() < 0.4
    root = f"id=root{number},bus_nr={20 + 30 * number + chance.randint(0, 20)}{on}"
    slot = f",addr={chance.randint(1, 20):#x}"
    if other and name == "pc":
        return ["-device", f"pxb,{root}"], f",bus=root{number}{slot}"
    if kind == "pci-bridge" and not other:
        return ["-device", f"pci-bridge,id=bridge{number},chassis_nr={number + 1}{on}"], f",bus=bridge{number}{slot}"
    words = ["-device", f"pxb-pcie,{root}"] if other else []
    on = f",bus=root{number}" if other else on
    return [*words, "-device", f"pcie-root-port,id=bridge{number},chassis={number + 1}{on}"], f",bus=bridge{number}"


def wire(case, name, disks):
    """Disks as devices of one machine, some of them behind a bridge."""
    chance, words = case.chance, []
    for number, disk in enumerate(disks):
        where, more = "", []
        bus = "device" if name == "microvm" else "pci" if name in ("pc", "q35") else chance.choice(("device", "pci", "pci"))
        if bus == "pci":
            where = ",bus=pci.0" if name == "pc" else ",bus=pcie.0"  # without a word QEMU may take another root
            if chance.random() < 0.4:
                more, where = bridge(case, name, number)
        words += more
        large = f",logical_block_size={disk.sector},physical_block_size={disk.sector}" if disk.sector != 512 else ""
        kind = "scsi" if disk.cd else chance.choice(("blk", "scsi"))
        words += ["-drive", f"if=none,id=d{number},format=raw,snapshot=on,file={file_of(case, disk)}" +
                  (",media=cdrom" if disk.cd else "")]
        if kind == "blk":
            words += ["-device", f"virtio-blk-{bus},drive=d{number}{large}{where}"]
        else:
            unit = f",channel=0,scsi-id={chance.randint(0, 200)},lun={chance.choice((0, 0, 1, 7, 300))}"
            words += ["-device", f"virtio-scsi-{bus},id=scsi{number}{where}",
                      "-device", f"scsi-{'cd' if disk.cd else 'hd'},bus=scsi{number}.0,drive=d{number}{unit}" + ("" if disk.cd else large)]
        case.note(f"virtio-{kind}-{bus}{where}")
    return words


def file_of(case, disk):
    """As QEMU opens it: where sectors cannot be read, through what says so."""
    if not disk.errors:
        return disk.path
    rules = [f'[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "{sector}"\n' for sector in disk.errors]
    return f"blkdebug:{draw.file(case, f'{disk.path.name}.errors', chr(10).join(rules))}:{disk.path}"


def decoys(case):
    """Disks with nothing that boots."""
    made = case.shared("decoys", lambda: list(test_disks.hostile()))
    return [volumes.Disk(shutil.copyfile(case.chance.choice(made), case.folder / f"decoy{number}"),
                         case.chance.choice((512, 512, 4096)), "decoy")
            for number in range(case.chance.choice((0, 0, 0, 1, 2)))]


# --- what is booted -----------------------------------------------------------------------------------

def subject(case, share=0.4, shapes=tuple(draw.SHAPES), alphabet=draw.ANY):
    """A kernel, perhaps packed; what is handed to it."""
    kernel = draw.probe(case, shapes)
    if case.chance.random() < share:
        kernel = draw.pack(case, kernel)
    case.note(f"probe.{kernel.name}")
    # With the words that a way adds, a bzImage of ours takes 2047 bytes; a packed one may have 600 of its own.
    return kernel, draw.line(case, alphabet, 1200 if kernel.packed else 1800), draw.initrds(case)


def run_words(case, kernel, line, parts, engine, seconds):
    """Arguments of `zeropage run`, and the protocols by which the kernel may be entered."""
    chance = case.chance
    words = ["--engine", engine, "--timeout", seconds, "--silence", "0", "--smp", chance.randint(1, 4)]
    protocol = chance.choice(("linux32", "linux64", "pvh")) if kernel.packed else chance.choice(kernel.protocols)
    own = kernel.protocols if kernel.packed else (protocol,)
    memory = chance.choice([size for size in MEMORY if engine == "qemu" or size[-1] == "M" and int(size[:-1]) < 600])
    words += ["--protocol", protocol, "-m", memory]
    words += ["--cmdline", line] if line else []
    words += [word for path in draw.initrd_files(case, parts) for word in ("--initrd", path)]
    words += ["--kaslr", chance.choice(("auto", "off", chance.getrandbits(64)))] if chance.random() < 0.3 else []
    words += ["--direct", chance.choice(("auto", "off"))] if chance.random() < 0.3 else []
    words += ["--seed", chance.choice(("auto", "none", "00112233"))] if chance.random() < 0.3 else []
    words += ["--no-acpi"] if chance.random() < 0.1 else []
    words += ["--share-pages"] if engine == "kvm" and chance.random() < 0.3 else []
    if protocol.startswith("linux") and chance.random() < 0.2:
        words += ["--setup-data", f"dtb:{draw.file(case, 'dtb', chance.randbytes(chance.randint(1, 9000)))}"]
    case.note(f"{engine} {protocol} {memory}")
    return words, protocol, own


def pinned(case, image, words, protocol):
    """With a span where chance puts it, if there is a plan for that."""
    chance = case.chance
    kind = chance.choice(("cmdline", "initrd", "gdt", "stack", "kernel", "boot_params" if protocol.startswith("linux") else "memmap"))
    pin = ["--pin", f"{kind}={chance.randrange(0x10000, 120 * MIB, 4096):#x}"]
    wanted = chance.random() < 0.3
    if not wanted:
        return words
    if not planned(image, [*words, *pin]):
        return words
    case.note(" ".join(pin))
    return [*words, *pin]


def planned(image, words):
    """Whether there is a plan for what `run` would be told."""
    return zptap.command(zptap.BINARY, "plan", image, *plan_words(words), timeout=60).returncode == 0


def plan_words(words):
    """What `plan` has of the arguments of `run`."""
    out, skip = [], False
    for word in words:
        if skip or word in ("--silence", "--timeout"):
            skip = not skip
            continue
        out.append(word)
    return out


def by_run(case, engine="qemu"):
    """zeropage run"""
    if engine == "qemu":
        kernel, line, parts = subject(case)
    else:  # /dev/kvm may be an interpreter of a million instructions a second
        kernel = draw.probe(case)
        line, parts = draw.line(case, draw.ANY), draw.initrds(case, largest=20000)
        case.note(f"probe.{kernel.name}")
    words, protocol, own = run_words(case, kernel, line, parts, engine, 80)
    little = ["-m", case.chance.choice(("4M", "16M", "40M", "64M"))]
    if case.chance.random() < 0.3 and not kernel.packed and planned(kernel.path, [*words, *little]):
        case.note(little[1])
        words = [*words, *little]
    words = pinned(case, kernel.path, words, protocol)
    if engine == "kvm" and zptap.why_no_kvm():
        raise draw.Skipped(zptap.why_no_kvm())
    argv = [zptap.BINARY, "run", kernel.path, *words]
    # What a protocol of Linux hands over is one initrd already.
    handed = [draw.joined(parts)] if parts and protocol.startswith("linux") else parts
    boots(case, argv, kernel, line, handed, own)


def by_kvm(case):
    """zeropage run on KVM"""
    by_run(case, "kvm")


def by_kernel(case):
    """a packed file by QEMU -kernel and QEMU's own firmware"""
    kernel = draw.pack(case, draw.probe(case))
    case.note(f"probe.{kernel.name}")
    line, parts = draw.line(case, draw.ANY), draw.initrds(case)[:1]
    name, firmware = case.chance.choice((("pc", ()), ("q35", ()), ("microvm", ("-bios", "qboot.rom")),
                                         ("microvm", ("-bios", "bios-microvm.bin"))))
    argv, _ = machine(case, *firmware, "-kernel", kernel.path, "-append", line,
                      *handed_file(case, parts), name=name)
    boots(case, argv, kernel, line, parts)


def handed_file(case, parts):
    return ["-initrd", draw.file(case, "handed", parts[0])] if parts else []


def rom_kernel(case):
    """QEMU -kernel with our ROM"""
    kernel, line, parts = subject(case, shapes=("bzimage", "bzimage32", "pvh", "elf64", "multiboot1", "multiboot2"))
    if not kernel.packed and kernel.name == "multiboot1":
        return rom_multiboot(case, kernel, line, parts)
    parts = parts[:1]
    if not kernel.packed and kernel.name in ("elf64", "multiboot2"):
        kernel = draw.probe(case, ("bzimage", "bzimage32", "pvh"))  # what QEMU takes
        case.note(f"no: {kernel.name}")
    argv, _ = machine(case, "-bios", console.ROM, "-kernel", kernel.path, "-append", line, *handed_file(case, parts))
    boots(case, argv, kernel, line, parts)


def rom_multiboot(case, kernel, line, parts):
    """What QEMU lays out itself: its own words come first, and there may be many modules."""
    parts += [case.chance.randbytes(case.chance.randint(1, 9000)) for _ in range(case.chance.choice((0, 0, 1, 32 - len(parts))))]
    files = ",".join(f"{path}{case.chance.choice(('', ' words of it'))}" for path in draw.initrd_files(case, parts))
    argv, _ = machine(case, "-bios", console.ROM, "-kernel", kernel.path, "-append", line, *(["-initrd", files] if parts else []))
    boots(case, argv, kernel, f"{kernel.path} {line}", parts)


def rom_disk(case):
    """a disk, with our ROM"""
    kernel, line, parts = subject(case, 0.25, alphabet=draw.PLAIN)
    disk = volumes.disk(case, kernel, parts, line)
    start(case, kernel, line, parts, disk, ["-bios", console.ROM])


def elf_disk(case):
    """a disk, with our ELF"""
    kernel, line, parts = subject(case, 0.25, alphabet=draw.PLAIN)
    named = case.chance.random() < 0.5
    if named:
        parts = parts[:8]
    disk = volumes.disk(case, kernel, parts, line, named)
    extra = draw.line(case, draw.PLAIN, 200)
    words = " ".join(part for part in (disk.words, extra) if part)
    handed = extra if disk.words else " ".join(part for part in (line, extra) if part)
    if case.chance.random() < 0.3:
        return run_disk(case, kernel, handed, parts, disk, words)
    start(case, kernel, handed, parts, disk, ["-kernel", console.ELF, *(["-append", words] if words else [])])


def run_disk(case, kernel, line, parts, disk, words):
    """By zeropage run, in whose machine nobody has set up PCI."""
    chance = case.chance
    memory, protocol = chance.choice(MEMORY), chance.choice(("pvh", "multiboot2", "linux64"))
    case.note(f"run {protocol} {memory}")
    argv = [zptap.BINARY, "run", console.ELF, "--engine", "qemu", "--timeout", 80, "--silence", 0, "--protocol", protocol, "-m", memory,
            "--smp", chance.randint(1, 4), *(["--cmdline", words] if words else []), "--", *wire(case, "pc", [*decoys(case), disk])]
    boots(case, argv, kernel, line, parts_of(kernel, parts, disk))


def as_linux(kernel, parts):
    """Our firmware enters a packed file as Linux, which gets one initrd, whatever kernel is inside."""
    return [draw.joined(parts)] if kernel.packed and parts else parts


def start(case, kernel, line, parts, disk, firmware):
    others = decoys(case)
    at = case.chance.randint(0, len(others))
    argv, name = machine(case, *firmware)
    argv += wire(case, name, [*others[:at], disk, *others[at:]])
    boots(case, argv, kernel, line, parts_of(kernel, parts, disk))


def parts_of(kernel, parts, disk):
    return [draw.joined(parts)] if parts and disk.about == "uki" else as_linux(kernel, parts)


def elf_module(case):
    """a kernel as the module of our ELF, by QEMU -kernel"""
    kernel, line, _ = subject(case)
    argv, _ = machine(case, "-kernel", console.ELF, "-initrd", kernel.path, "-append", line)
    boots(case, argv, kernel, line, [])


def run_elf(case):
    """a kernel as the module of our ELF, by zeropage run"""
    kernel, line, parts = subject(case)
    protocol = case.chance.choice(("pvh", "multiboot2", "linux64"))
    more = []
    if protocol == "linux64":  # one initrd, which is the kernel
        parts = []
        more = ["--setup-data", f"dtb:{draw.file(case, 'dtb', case.chance.randbytes(300))}"]
    argv = [zptap.BINARY, "run", console.ELF, "--engine", "qemu", "--timeout", 80, "--silence", 0, "--protocol", protocol, "-m",
            case.chance.choice(MEMORY), "--smp", case.chance.randint(1, 4), "--initrd", kernel.path,
            *[word for path in draw.initrd_files(case, parts) for word in ("--initrd", path)],
            *(["--cmdline", line] if line else []), *more]
    case.note(protocol)
    boots(case, argv, kernel, line, as_linux(kernel, parts))


def packed_elf(case):
    """our ELF with a kernel as its module, packed, from a disk by a BIOS"""
    kernel = draw.probe(case)
    case.note(f"probe.{kernel.name}")
    line, parts = draw.line(case, draw.ANY, 600), draw.initrds(case, largest=100000)
    out = case.folder / "whole"
    case.tool("pack", console.ELF, "-o", out, "--initrd", kernel.path,
              *[word for path in draw.initrd_files(case, parts) for word in ("--initrd", path)],
              *(["--cmdline", line] if line else []), "--entry", case.chance.choice(("pvh", "multiboot2")))
    boots(case, bios(case, out), kernel, line, parts)


BUSES = {"ide": {}, "ahci": {"drive": "if=none,id=disk", "machine": "q35", "more": ("-device", "ide-hd,drive=disk")},
         "virtio": {"drive": "if=virtio"}, "usb": {"drive": "if=none,id=disk", "more": packed.USB}}


def bios(case, image, least=128, most=5000):
    bus = case.chance.choice(tuple(BUSES))
    memory = case.chance.choice((128, 130, 256, 777, 2048, 3500, 5000))
    case.note(f"{bus} {memory}M")
    return packed.disk(image, memory=min(max(memory, least), most), **BUSES[bus])


def bios_disk(case):
    """a packed file as a disk, by a BIOS"""
    kernel = draw.pack(case, draw.probe(case))
    case.note(f"probe.{kernel.name}")
    boots(case, bios(case, kernel.path), kernel, "", [])


def rom_whole(case):
    """a packed file as a disk or a partition, with our firmware"""
    kernel = draw.pack(case, draw.probe(case))
    case.note(f"probe.{kernel.name}")
    firmware = case.chance.choice((["-bios", console.ROM], ["-kernel", console.ELF]))
    images.tool("truncate", "-s", "%4096", kernel.path)
    disk = volumes.Disk(kernel.path, 512, "whole")
    if case.chance.random() < 0.6:
        disk = volumes.Disk(volumes.table(case, case.folder / "table", kernel.path, "image", 512), 512, "whole")
    start(case, kernel, "", [], disk, firmware)


def uefi_disk(case):
    """a packed file as a disk, by UEFI"""
    kernel = draw.pack(case, draw.probe(case), "--esp", "on")
    case.note(f"probe.{kernel.name}")
    job = hosts.Job(kernel.path, "packed", None, "", case.folder)
    boots(case, packed.uefi_disk(job), kernel, "", [], seconds=150)


def linux(case):
    """Debian's kernel, by any way"""
    chance = case.chance
    kernel, parts = draw.real(case), draw.root(case)
    line = "console=ttyS0 panic=-1 quiet soak=" + draw.word(chance, "abc", 200)
    way = chance.choice(("run", "rom", "elf", "disk", "disk", "bios", "module"))
    case.note(f"{kernel.name} by {way}")
    if way in ("bios", "module") or chance.random() < 0.3:
        kernel = pack_linux(case, kernel, line, parts)
        line, parts = "soak=2", []
    if way == "run":
        words = [word for path in draw.initrd_files(case, parts) for word in ("--initrd", path)]
        argv = [zptap.BINARY, "run", kernel.path, "--engine", "qemu", "--timeout", 230, "--silence", 0, "-m", "512M",
                "--smp", chance.randint(1, 2), "--kaslr", chance.choice(("auto", "off")), "--cmdline", line, *words]
        boots(case, argv, kernel, line, parts)
    elif way == "bios":
        boots(case, bios(case, kernel.path, 512), kernel, "", [])
    elif way == "disk":
        disk = volumes.disk(case, kernel, parts, line)
        argv, name = machine(case, "-bios", console.ROM, name=chance.choice(("pc", "q35")), least=500)
        boots(case, argv + wire(case, name, [disk]), kernel, line, parts)
    else:
        if len(parts) > 1:
            parts = [draw.joined(parts), b""]
        firmware = {"rom": ["-bios", console.ROM, "-kernel", kernel.path, *handed_file(case, parts)],
                    "elf": ["-kernel", kernel.path, "-bios", console.ROM, *handed_file(case, parts)],
                    "module": ["-kernel", console.ELF, "-initrd", kernel.path]}[way]
        argv, _ = machine(case, *firmware, "-append", line, name=chance.choice(("pc", "q35")), least=500)
        boots(case, argv, kernel, line, parts)


def pack_linux(case, kernel, line, parts):
    out = case.folder / "packed"
    words = [word for path in draw.initrd_files(case, parts, "builtin") for word in ("--initrd", path)]
    case.tool("pack", kernel.path, "-o", out, "--cmdline", line, *words, "--compress", case.chance.choice(("none", "zstd")))
    case.note("packed")
    return draw.dataclasses.replace(kernel, path=out, line=line, initrds=tuple(parts), packed=True)


# Another kernel, how it is told where to speak, and its first words.
FOREIGN = {
    "xen": ("xen no-real-mode console=com1 com1=115200,8n1", "multiboot2", r"\(XEN\) Xen version 4\.\d+"),
    "gnumach": ("gnumach console=com0", "multiboot1", r"GNU Mach 1\.8"),
}


def foreign(case):
    """Xen or GNU Mach, to their first words"""
    chance = case.chance
    name = chance.choice(tuple(FOREIGN))
    line, entry, words = FOREIGN[name]
    kernel = draw.dataclasses.replace(draw.real(case, (name,)), linux=False, first_words=words)
    way = chance.choice(("run", "bios", "module"))
    case.note(f"{name} by {way}")
    if way == "run":
        argv = [zptap.BINARY, "run", kernel.path, "--engine", "qemu", "--timeout", 80, "--silence", 0, "-m", "512M",
                "--protocol", entry, "--cmdline", line]
    elif way == "bios":
        out = case.folder / "packed"
        case.tool("pack", kernel.path, "-o", out, "--cmdline", line, "--entry", entry, "--compress",
                  chance.choice(("none", "lz4", "zstd")))
        argv = bios(case, out, most=2048)
    else:
        argv, _ = machine(case, "-kernel", console.ELF, "-initrd", kernel.path, "-append", line, name="pc")
        argv[argv.index("-m") + 1] = "777M"  # Mach dies of 3 GiB and more, whoever loads it
    boots_linux(case, argv, kernel, line, [])
