# SPDX-License-Identifier: BSD-2-Clause
"""What a case hands over, by its number: words, names, initrds, a kernel, a packed file.

Everything random comes from case.chance, which the case's name alone seeds, and is drawn in the same order whatever
this host has, so that a case is the same wherever it runs.
"""
import dataclasses
import pathlib
import string
import threading

import packed
import zptap

MIB = 1 << 20
PROBES = zptap.BUILD / "src/probe/guest"
# By what the probe's shapes may be entered; the 16-bit one wants a BIOS behind a packed file's front, and is left out.
SHAPES = {
    "bzimage": ("linux32", "linux64"),
    "bzimage32": ("linux32",),
    "elf64": ("linux64",),
    "pvh": ("pvh",),
    "multiboot1": ("multiboot1",),
    "multiboot2": ("multiboot2",),
}
PLAIN = string.ascii_letters + string.digits + "_=.,:/+@%~^-"
ANY = PLAIN + "\"'\\$#;&|<>(){}*?!`["
_once = threading.Lock()


class Failed(Exception):
    """The product did what it must not."""


class Skipped(Exception):
    """This host cannot run the case."""


@dataclasses.dataclass
class Kernel:
    """A kernel, perhaps packed, and what it has built in then."""
    name: str
    path: pathlib.Path
    protocols: tuple         # one of them enters it
    line: str = ""           # built in
    initrds: tuple = ()      # built in
    packed: bool = False
    linux: bool = False      # Debian's, with packed.system() for a root
    first_words: str = ""    # of another kernel that has no probe's report

    def wanted_line(self, handed):
        return " ".join(part for part in (self.line, handed) if part)

    def wanted_modules(self, handed, protocol):
        parts = [*self.initrds, *handed]
        return [joined(parts)] if parts and protocol.startswith("linux") else parts


def joined(parts):
    """Initrds one behind the other as every loader of ours joins them: each begins at a multiple of four."""
    return b"".join(part + bytes(-len(part) % 4) for part in parts[:-1]) + parts[-1] if parts else b""


# --- words and names ----------------------------------------------------------------------------------

def word(chance, alphabet=PLAIN, longest=30):
    return "".join(chance.choices(alphabet, k=chance.randint(1, longest)))


def line(case, alphabet=PLAIN, longest=900):
    """A command line; it neither begins nor ends with a blank, and may be empty."""
    chance = case.chance
    length = min(chance.choice((0, 20, 100, 300, longest)), longest)
    words = []
    while sum(map(len, words)) + len(words) < length:
        # A word of dashes alone ends the kernel's part of a line for some.
        words.append("w" + word(chance, alphabet))
    blank = "  " if alphabet is ANY and chance.random() < 0.3 else " "
    return blank.join(words)[:length].strip()


def name(case, longest=40, letters=string.ascii_letters + string.digits + "_-.+"):
    """A file name that is no other's and that every file system takes."""
    case.names += 1
    body = "".join(case.chance.choices(letters, k=case.chance.randint(0, longest)))
    if case.chance.random() < 0.1:
        # Not short: mtools would write a short name of DOS, in a code page that nothing on the disk tells.
        body += "-and-more" + case.chance.choice(("\u00e9\u00df", "\u4e2d\u6587", "\u043a"))
    return f"n{case.names}{body}".rstrip(".")


def path_name(case, deepest=4, longest=40):
    return "".join(f"/{name(case, longest)}" for _ in range(case.chance.randint(1, deepest)))


def file(case, label, data):
    path = case.folder / label
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def initrds(case, most=3, largest=MIB):
    """Random bytes, of sizes that differ by magnitudes."""
    count = case.chance.choice((0, 1, 1, 1, most))
    if largest == MIB and case.chance.random() < 0.03:
        count, largest = 1, 14 * MIB  # the probe reads 16 MiB of one
    return [case.chance.randbytes(int(largest ** case.chance.random())) for _ in range(count)]


def initrd_files(case, parts, label="initrd"):
    return [file(case, f"{label}{number}", data) for number, data in enumerate(parts)]


# --- kernels ------------------------------------------------------------------------------------------

def probe(case, shapes=tuple(SHAPES)):
    shape = case.chance.choice(shapes)
    return Kernel(shape, PROBES / f"probe.{shape}", SHAPES[shape])


def pack(case, kernel, *more, largest=256 << 10):
    """The kernel in a packed file, with options, a line and initrds of its own."""
    chance = case.chance
    options = ["--compress", chance.choice(("none", "none", "lz4", "zstd"))]
    options += ["--esp", chance.choice(("on", "off"))] if chance.random() < 0.5 else []
    options += ["--multiboot"] if chance.random() < 0.2 else []
    options += ["--cmdline-room", str(chance.choice((2048, 3000, 8192)))] if chance.random() < 0.3 else []
    options += ["--initrd-room", str(chance.randint(3 * largest, 8 * MIB))] if chance.random() < 0.2 else []
    if chance.random() < 0.15:
        part = file(case, "partition", chance.randbytes(chance.randint(1, 99999)))
        options += ["--partition", f"{part}:{chance.choice(('83', 'bf', '7'))}"]
    text = line(case, ANY, 600)
    parts = initrds(case, largest=largest)
    entry = chance.choice(kernel.protocols)
    if len(kernel.protocols) > 1 and chance.random() < 0.5:
        options += ["--entry", entry]
        protocols = (entry,)
    else:
        protocols = kernel.protocols
    words = [word for path in initrd_files(case, parts, "builtin") for word in ("--initrd", path)]
    out = case.folder / "packed"
    case.tool("pack", kernel.path, "-o", out, *(["--cmdline", text] if text else []), *words, *options, *more)
    case.tool("pack", "--verify", out)
    case.note("packed " + " ".join(str(word) for word in options if word != "--compress"))
    kernel = dataclasses.replace(kernel, path=out, line=text, initrds=tuple(parts), protocols=protocols, packed=True)
    if chance.random() < 0.15:
        kernel = edit(case, kernel)
    return kernel


def edit(case, kernel):
    """Another line and initrd put in afterwards."""
    text, part = line(case, ANY, 500), case.chance.randbytes(case.chance.randint(1, 40000))
    case.tool("pack", "--set-cmdline", kernel.path, text)
    changed = dataclasses.replace(kernel, line=text)
    if sum(map(len, kernel.initrds)) >= len(part):
        case.tool("pack", "--set-initrd", kernel.path, file(case, "set-initrd", part))
        changed = dataclasses.replace(changed, initrds=(part,))
    case.tool("pack", "--verify", kernel.path)
    case.note("edited")
    return changed


def real(case, names=("cloud", "cloud", "cloud-6.12", "generic")):
    """Debian's kernel: what it hands over must bring packed.system()."""
    name_ = case.chance.choice(names)
    try:
        with _once:
            return Kernel(name_, packed.media.fetched(name_), (), linux=True)
    except (RuntimeError, OSError) as error:
        raise Skipped(f"{name_}: {error}") from error


def root(case):
    """Initrds that make a system; the second one is seen by the first."""
    with _once:
        parts = [packed.system().read_bytes()]
        if case.chance.random() < 0.5:
            parts.append(packed.one_more().read_bytes())
        return parts
