# SPDX-License-Identifier: BSD-2-Clause
"""Hostile cases: bytes of images, disks and boot configurations spoiled at random.

Host tools end with 0, or with 1 and a line; no signal, no sanitizer's report. A guest says a line, boots, or goes on with
the next disk; it does not reset, and what it boots passes the probe's checks.
"""
import json
import re
import shutil

import console
import draw
import packed
import test_disks
import volumes
import ways
import zptap

MIB = 1 << 20


def spoil(case, path, first=0, last=None, keep=None):
    """Some bytes of the file changed, a run overwritten, or its end cut off. keep: says which sectors stay."""
    chance = case.chance
    data = bytearray(path.read_bytes())
    last = min(last or len(data), len(data))
    for _ in range(chance.choice((1, 1, 3, 10, 100))):
        at = int(first + (last - first) * chance.random() ** chance.choice((1, 4, 12)))
        length = chance.choice((1, 1, 2, 4, 8, 300))
        new = chance.choice((chance.randbytes(length), b"\xff" * length, bytes(length)))
        end = min(at + length, last)
        if not (keep and any(sector in keep for sector in sectors(data, at, end))):
            data[at:end] = new[:end - at]
    if not keep and chance.random() < 0.15:
        del data[chance.randrange(first, len(data)):]
    path.write_bytes(data)
    return path


def sectors(data, start, end):
    return [bytes(data[at:at + 512]) for at in range(start // 512 * 512, end, 512)]


def host(case):
    """host tools on a spoiled image"""
    chance = case.chance
    kind = chance.choice(("probe", "probe", "packed", "packed", "uki", "disk", "real"))
    case.note(kind)
    if kind == "disk":
        kernel = draw.probe(case)
        path = volumes.disk(case, kernel, draw.initrds(case, largest=9000), draw.line(case)).path
    elif kind == "uki":
        path = test_disks.images.unified(case.folder / "image", [
            (".osrel", b"ID=soak\n"), (".cmdline", draw.line(case).encode()), (".initrd", chance.randbytes(5000)),
            (".linux", (draw.PROBES / "probe.bzimage").read_bytes())])
    elif kind == "packed":
        path = draw.pack(case, draw.probe(case)).path
    else:
        name = chance.choice(("cloud", "xen", "gnumach", "memtest"))
        source = draw.real(case, (name,)).path if kind == "real" else draw.probe(case).path
        path = case.folder / "image"
        shutil.copyfile(source, path)
    size = path.stat().st_size
    spoil(case, path, 0, chance.choice((size, 0x300, 0x1000, 0x3000)))
    initrd = draw.file(case, "initrd", chance.randbytes(1000))
    log = draw.file(case, "log", chance.randbytes(200))
    each = [["inspect", path], ["inspect", path, "--json"], ["plan", path, "--initrd", initrd], ["plan", path, "--json", "-m", "64M"],
            ["plan", path, "--kaslr", "1", "--cmdline", "x"], ["unpack", path, "-o", case.folder / "out"], ["unpack", path, "--list"],
            ["pack", path, "-o", case.folder / "repacked", "--initrd", initrd], ["pack", "--verify", path], ["probe", "--judge", log],
            ["pack", "--set-cmdline", path, "a line"], ["pack", "--set-initrd", path, initrd]]
    for argv in chance.sample(each, 5):
        case.hostile_tool(*argv)


def text(case):
    """reports of the probe that are spoiled, judged on the host"""
    lines = [json.dumps({"probe": word, "size": case.chance.getrandbits(64), "crc32": "x" * case.chance.randint(0, 9)})
             for word in ("begin", "module", "cmdline", "e820", "end")]
    real = case.shared("report", one_report)
    path = draw.file(case, "report", case.chance.choice((real, "\n".join(lines))))
    spoil(case, path)
    for more in ((), ("--json",), ("--tap",)):
        case.hostile_tool("probe", "--judge", path, *more, codes=(0, 1))
    case.hostile_tool("probe", "--diff", path, path, codes=(0, 1))


def one_report():
    argv = [zptap.BINARY, "run", draw.PROBES / "probe.bzimage", "--engine", "qemu", "--timeout", "60", "--silence", "0"]
    return packed.listen(argv, 80, ways.END)


def run(case):
    """zeropage run of a spoiled image"""
    kernel = draw.probe(case)
    path = case.folder / "image"
    shutil.copyfile(kernel.path, path)
    spoil(case, path, 0, case.chance.choice((None, 0x400, 0x1000)))
    case.note(f"probe.{kernel.name}")
    text_, status = case.listen([zptap.BINARY, "run", path, "--engine", "qemu", "--timeout", 15, "--silence", 0, "-m", "256M"], 60)
    if status not in (0, 1):
        raise draw.Failed(f"exit {status}: {packed.tail(text_)}")
    if status == 1 and "zeropage: " not in text_:
        raise draw.Failed(f"it ended without a word: {packed.tail(text_)}")


def stub(case):
    """a packed file that is spoiled behind its first sectors, by each way in"""
    kernel = draw.pack(case, draw.probe(case))
    told = packed.described(kernel.path)
    way = case.chance.choice(("bios", "kernel", "rom", "run"))
    # What checks the stub is behind the first sectors, and nobody checks that; by its own entries it may be in pieces.
    first = told["stub"] if way in ("bios", "kernel") else told["payload"]
    spoil(case, kernel.path, first, case.chance.choice((None, first + told["body_size"])))
    if kernel.path.stat().st_size < MIB:
        with open(kernel.path, "r+b") as file:
            file.truncate(MIB)
    case.note(f"probe.{kernel.name} by {way}")
    argv = {"bios": lambda: ways.bios(case, kernel.path),
            "kernel": lambda: ways.machine(case, "-kernel", kernel.path, name="pc")[0],
            "rom": lambda: ways.machine(case, "-bios", console.ROM, "-kernel", kernel.path)[0],
            "run": lambda: [zptap.BINARY, "run", kernel.path, "--engine", "qemu", "--timeout", 20, "--silence", 0, "--protocol",
                            case.chance.choice(("linux32", "linux64", "pvh"))]}[way]()
    text_, status = case.listen(argv, 90, ways.END, rb"zeropage: [^\n]*\n", rb"Boot failed|No bootable device|qemu-system[^\n]*: ")
    if packed.report(text_):
        ways.judge(case, text_, kernel.protocols, kernel.line, lambda protocol: kernel.wanted_modules([], protocol))
    elif way == "run" and "triple fault" in text_:
        raise draw.Failed(f"the guest died: {packed.tail(text_)}")
    elif "zeropage: " not in text_ and not re.search("Boot failed|No bootable device|qemu-system", text_):
        raise draw.Failed(f"it {'hangs' if status is None else 'resets'} without a word: {packed.tail(text_)}")


DECIDED = r" from virtio-|is a kernel from its first sector"
ALTERED = rb"zeropage: [^\n]*altered or cut[^\n]*\n"  # what a packed kernel says of itself


def disk(case):
    """a disk that is spoiled but for the kernel, or cannot be read here and there; perhaps with a good one behind it"""
    chance = case.chance
    kernel, line, parts = ways.subject(case, 0.15, alphabet=draw.PLAIN)
    how = chance.choice(("text", "text", "bytes", "bytes", "errors"))
    case.note(how)

    def change(files):
        for path, content in files.items():
            if isinstance(content, str) and how == "text":
                files[path] = scrambled(chance, content)
    bad = volumes.disk(case, kernel, parts, line, change=change, label="bad")
    if how == "bytes":
        data = kernel.path.read_bytes()
        keep = {data[at:at + 512] for at in range(0, len(data), 512)} - {bytes(512)}
        spoil(case, bad.path, 0, chance.choice((None, 40 * 512, MIB + MIB // 4)), keep)
        images_whole(bad)
    elif how == "errors":
        last = chance.choice((64, 4096, bad.path.stat().st_size // 512))
        bad.errors = tuple(chance.randrange(last) for _ in range(chance.choice((1, 3, 30))))
    disks = [bad]
    good = chance.random() < 0.5
    if good:
        disks.append(volumes.disk(case, kernel, parts, line, label="good"))
    argv, name = ways.machine(case, *chance.choice((["-bios", console.ROM], ["-kernel", console.ELF])))
    argv += ways.wire(case, name, disks)
    text_, status = case.listen(argv, 120, ways.END, ways.NOTHING, ALTERED)
    if packed.report(text_):
        # Its line and initrds may be those of a spoiled entry.
        ways.judge(case, text_, kernel.protocols, kernel.wanted_line(line) if how == "errors" else None, None)
        return
    said = re.findall(r"(?m)^zeropage: (.*?)\r?$", text_)
    if said and how == "bytes" and (re.search(DECIDED, said[-1]) or re.search(ALTERED.decode(), text_)):
        case.note("the kernel is not what it was")  # its blocks were mapped elsewhere, and no firmware can tell
        return
    if good or not said or "nothing to boot" not in said[-1]:
        ending = "hangs" if status is None else "resets"
        raise draw.Failed(f"it {ending}{', with a good disk behind it' if good else ''}: {packed.tail(text_)}")


def images_whole(disk_):
    """To whole sectors again."""
    size = -(-disk_.path.stat().st_size // 4096) * 4096
    with open(disk_.path, "r+b") as file:
        file.truncate(max(size, 4096))


def scrambled(chance, content):
    data = bytearray(content.encode())
    for _ in range(chance.choice((1, 3, 30))):
        at = chance.randrange(len(data) + 1)
        piece = data[at:at + chance.randint(1, 40)]
        how = chance.choice(("drop", "noise", "twice", "many", "byte"))
        if how == "drop":
            del data[at:at + len(piece)]
        elif how == "noise":
            data[at:at] = chance.randbytes(chance.randint(1, 30))
        elif how == "byte":
            data[at:at + 1] = bytes([chance.choice((0, 10, 13, 34, 35, 36, 39, 92, 123, 125, 255))])
        else:
            data[at:at] = piece * (1 if how == "twice" else 500)
    return bytes(data[:300000])
