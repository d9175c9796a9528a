# SPDX-License-Identifier: BSD-2-Clause
"""What real programs make of an image: each function here takes {name: path} and returns {name: Answer}, from the
program itself. Where one start of a program tells of many images, it is one start.

"Taken" means that the program did not refuse the file; "started" that the image's own code was seen to run, where
that is told apart (None: not looked at). The words are the program's.
"""
import concurrent.futures
import contextlib
import dataclasses
import functools
import http.server
import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import zptap

QEMU = "qemu-system-x86_64"
# One boot each: as many at a time as there are processors.
WORKERS = min(4, os.cpu_count() or 1)
OVMF = "/usr/share/ovmf/OVMF.fd"
# What makes kernels speak on the serial port.
LINUX_LINE = "console=ttyS0,115200 earlyprintk=ttyS0,115200 panic=-1"


@dataclasses.dataclass
class Answer:
    taken: bool
    words: str = ""
    started: bool = None


def one_line(text, most=160):
    return " / ".join(line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip())[-most:]


def plain(data):
    """Text of a serial console without its escape sequences, repeated frames of a screen included."""
    text = data.decode("latin-1")
    text = re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][0-9A-B]|\x1bc|\x00", "", text)
    return re.sub(r"[^\n\r -~]", "", text)


def put(path, place):
    """A hard link where that can be, else a copy."""
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)


def each(function, images):
    """function(path) of every image, some at a time."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip(images, pool.map(function, images.values())))


class Machine:
    """A QEMU that we started: its serial port, its monitor and its end."""

    def __init__(self, *arguments, memory="512M", graphics=False):
        self.folder = tempfile.TemporaryDirectory(prefix="zeropage-verdict-")
        self.monitor_path = pathlib.Path(self.folder.name) / "monitor"
        # graphics=off: SeaBIOS and what prints through INT 10h come out of the serial port.
        machine = [] if "-machine" in arguments else ["-machine", "pc,accel=tcg" + ("" if graphics else ",graphics=off")]
        argv = [QEMU, "-nodefaults", "-display", "none", *machine, "-m", memory, "-no-reboot", "-serial", "stdio",
                "-qmp", f"unix:{self.monitor_path},server=on,wait=off", *map(str, arguments)]
        self.process = subprocess.Popen(["nice", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.output = b""
        self.begun = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.folder.cleanup()

    def read(self, seconds, *patterns, silence=None):
        """Reads the serial port until a pattern is there (returned), the machine ends, or time is up; silence:
        or nothing more came for so long after the first byte, in seconds that the machine had a CPU or wanted none."""
        end, quiet = time.monotonic() + seconds, 0.0
        looked, used = time.monotonic(), self.used()[0]
        while True:
            for pattern in patterns:
                if re.search(pattern, self.output, re.S):
                    return pattern
            before, used_before = looked, used
            looked, (used, wanting) = time.monotonic(), self.used()
            quiet += max(0, min(used - used_before, looked - before)) if wanting else looked - before
            if looked > end or (silence and self.output and quiet > silence):
                return None
            if select.select([self.process.stdout], [], [], 0.05)[0]:
                data = self.process.stdout.read()
                if data == b"":
                    return None
                if len(self.output) < 1 << 18:  # some guests print without end
                    self.output += data or b""
                    quiet = 0.0

    def used(self):
        """Seconds of CPU that the machine had so far, and whether one of its threads waits for a CPU or has one."""
        used, wanting = 0, False
        with contextlib.suppress(OSError):  # a thread may end meanwhile
            for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
                fields = stat.read_text().rpartition(")")[2].split()
                used += int(fields[11]) + int(fields[12])
                wanting |= fields[0] == "R"
        return used / os.sysconf("SC_CLK_TCK"), wanting

    def type(self, text):
        with contextlib.suppress(OSError):
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()

    def monitor(self, command):
        """The answer of QEMU's human monitor; "" when QEMU ended."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
            link.settimeout(20)
            for _ in range(200):
                try:
                    link.connect(str(self.monitor_path))
                    break
                except OSError:
                    if self.process.poll() is not None:
                        return ""
                    time.sleep(0.05)
            stream = link.makefile("rw")
            stream.readline()
            for call in ({"execute": "qmp_capabilities"},
                         {"execute": "human-monitor-command", "arguments": {"command-line": command}}):
                stream.write(json.dumps(call) + "\n")
                stream.flush()
                answer = {}
                while "return" not in answer and "error" not in answer:
                    line = stream.readline()
                    if not line:
                        return ""
                    answer = json.loads(line)
            return answer.get("return", "")
        return ""


# --- QEMU -kernel -------------------------------------------------------------------------------------------

def qemu_kernel(images):
    """Taken: QEMU comes up, stopped before the first instruction. The word is the ROM that it chose: linuxboot
    (16-bit entry), multiboot or pvh. It takes every file without HdrS for a kernel of protocol 0: see started."""
    def one(path):
        with Machine("-kernel", path, "-S") as machine:
            roms = machine.monitor("info roms")
            if machine.process.poll() is None and roms:
                chosen = re.findall(r'name="(\w+?)(?:_dma)?\.bin"', roms)
                return Answer(True, next((rom for rom in chosen if rom in ("linuxboot", "multiboot", "pvh")), "?"))
            machine.read(3)  # to its end
            status = machine.process.poll()
            return Answer(False, one_line(plain(machine.output)) or ("hangs" if status is None else f"ends with {status}"))
    return each(one, images)


def qemu_kernel_run(images, seconds=8):
    """Whether anything is printed by an image that QEMU takes, after its option ROM began."""
    def one(path):
        with Machine("-kernel", path, "-append", LINUX_LINE) as machine:
            machine.read(seconds, rb"Booting from ROM[. \r\n]*[^. \r\n]{3}")
            tail = plain(machine.output).partition("Booting from ROM")[2].lstrip(".\r\n ")
        return Answer(True, one_line(tail) or "silent", bool(tail.strip()))
    return each(one, images)


# --- kexec --------------------------------------------------------------------------------------------------

def kexec(images):
    """kexec -l with the system call answered in the kernel's place."""
    def one(path):
        ran = zptap.command("strace", "-f", "-X", "raw", "-e", "trace=kexec_load", "-e", "inject=kexec_load:retval=0",
                            "kexec", "-c", "-l", path, "--command-line=console=ttyS0", timeout=60)
        said = [line for line in (ran.stdout + ran.stderr).splitlines()
                if "kexec_load(" not in line and not line.startswith(("+++", "---", "strace:"))]
        return Answer("(INJECTED)" in ran.stderr and ran.returncode == 0, one_line("\n".join(said)) or "loaded")
    return each(one, images)


# --- Xen's domain builder -------------------------------------------------------------------------------------

def xen_pvh(images):
    """libxenguest's parsers, without a hypervisor (xen_parse.c)."""
    with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as folder:
        program = pathlib.Path(folder) / "xen_parse"
        subprocess.run(["cc", "-O1", "-o", program, pathlib.Path(__file__).with_name("xen_parse.c"),
                        "-lxenguest", "-lxenctrl", "-lxentoollog"], check=True, timeout=60)
        answers = {}
        for name, path in images.items():
            ran = zptap.command(program, path, timeout=60)
            loaders = re.findall(r"trying ([^.]+) loader \.\.\.((?:(?!trying).)*?)loader probe OK", ran.stderr, re.S)
            taken = f"{path}: yes" in ran.stdout
            entry = re.findall(r"virt_entry\s+= (0x\w+)", ran.stderr)
            errors = re.findall(r"(?:xc: error|domainbuilder: detail|xc: detail): (?:ELF: )?(.*(?:panic|fail|invalid|not ).*)", ran.stderr)
            words = (f"{loaders[-1][0]} loader" if loaders else "no loader") + (f", entry {entry[-1]}" if entry else "")
            if not taken:
                errors = [e for e in errors if "loader probe failed" not in e]
                words += ": " + one_line(errors[-1] if errors else f"ends with {ran.returncode}")
            answers[name] = Answer(taken, words)
        return answers


# --- GRUB -----------------------------------------------------------------------------------------------------

GRUB_MODULES = "linux linux16 multiboot multiboot2 chain gzio iso9660 normal serial terminal echo test part_msdos part_gpt halt"


GRUB_SERIAL = ["serial --unit=0 --speed=115200", "terminal_output serial", "set pager=0"]


def grub_script(trials):
    """Tries each (command, file number) and tells the result; then ends the machine."""
    lines = [*GRUB_SERIAL]
    for command, number in trials:
        lines += [f"echo '@@ {command} {number}'",
                  f"if {command} /img/{number}; then echo '@= yes'; else echo '@= no'; fi"]
    return "\n".join([*lines, "echo '@@ end'", "halt", ""])


def grub_answers(text):
    """{(command, number): Answer} of what the script printed, and the trial that never ended."""
    answers, open_trial = {}, None
    parts = re.split(r"@@ (\w+) ?(\d*)", text)
    for command, number, said in zip(parts[1::3], parts[2::3], parts[3::3]):
        if command == "end":
            return answers, None
        words, _, verdict = said.partition("@= ")
        open_trial = (command, int(number))
        if verdict:
            words = one_line("\n".join(w for w in words.splitlines() if not w.startswith("Loading")))
            answers[open_trial] = Answer(verdict.startswith("yes"), words or "loaded")
            open_trial = None
    return answers, open_trial


def grub_medium(tree, script, platform, disk):
    """An ISO 9660 disk of a tree, from which GRUB of this platform boots and runs the script."""
    (tree / "boot/grub").mkdir(parents=True, exist_ok=True)
    (tree / "boot/grub/grub.cfg").write_text(script)
    ran = zptap.command("grub-mkrescue", "-d", f"/usr/lib/grub/{platform}", "-o", disk, f"--install-modules={GRUB_MODULES}",
                        "--locales=", "--fonts=", "--themes=", tree, timeout=120)
    if ran.returncode != 0:
        raise RuntimeError(f"grub-mkrescue: {ran.stderr[-500:]}")


def grub_on(platform, images, commands, seconds, *arguments):
    """{command: {name: Answer}}, all in one boot; an image that GRUB dies of costs another."""
    names = list(images)
    trials = [(command, number) for command in commands for number in range(len(names))]
    answers = {}
    with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as folder:
        tree, disk = pathlib.Path(folder) / "tree", pathlib.Path(folder) / "grub.iso"
        (tree / "img").mkdir(parents=True)
        for number, path in enumerate(images.values()):
            put(path, tree / "img" / str(number))
        while trials:
            grub_medium(tree, grub_script(trials), platform, disk)
            with Machine(*arguments, "-drive", f"file={disk},format=raw,if=virtio,readonly=on", memory="1G",
                         graphics=True) as machine:
                machine.read(seconds, rb"@@ end", silence=15)
                said, died_of = grub_answers(plain(machine.output))
                if died_of:
                    how = "hangs" if machine.process.poll() is None else "dies"
                    said[died_of] = Answer(False, f"GRUB {how}")
            if not said:
                raise RuntimeError(f"GRUB for {platform} did not start: {plain(machine.output)[-500:]}")
            answers |= said
            trials = [trial for trial in trials if trial not in answers]
    return {command: {name: answers[command, number] for number, name in enumerate(names)} for command in commands}


def grub(images, commands=("linux", "linux16", "multiboot", "multiboot2"), seconds=240):
    """GRUB on a BIOS."""
    return grub_on("i386-pc", images, commands, seconds)


def grub_efi(images, commands=("linux", "chainloader"), seconds=240):
    """GRUB on UEFI. chainloader asks the firmware's LoadImage."""
    return grub_on("x86_64-efi", images, commands, seconds, "-bios", OVMF)


def uefi_start(images, seconds=60):
    """Images that LoadImage takes, each started: taken where StartImage does not come back with an error."""
    def one(path):
        with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as temporary:
            tree, disk = pathlib.Path(temporary) / "tree", pathlib.Path(temporary) / "grub.iso"
            tree.mkdir()
            put(path, tree / "image")
            script = [*GRUB_SERIAL, "chainloader /image", "echo '@@ start'", "boot", "echo '@= no'", ""]
            grub_medium(tree, "\n".join(script), "x86_64-efi", disk)
            with Machine("-bios", OVMF, "-drive", f"file={disk},format=raw,if=virtio,readonly=on", memory="1G",
                         graphics=True) as machine:
                machine.read(seconds, rb"@@ start")
                machine.read(seconds, rb"@= no", silence=5)
                said = plain(machine.output).partition("@@ start")[2]
        # An application that ran and came back printed something first.
        spoke = said.partition("error:")[0].strip()
        return Answer("@= " not in said or bool(spoke), one_line(said) or "starts")
    return each(one, images)


def uefi_disk(images, seconds=60):
    """OVMF with the file as its only disk: taken where it starts the default loader of the ESP. It tries its shell next."""
    def one(path):
        with Machine("-bios", OVMF, "-drive", f"file={path},format=raw,if=virtio,snapshot=on", memory="512M",
                     graphics=True) as machine:
            machine.read(seconds, rb'BdsDxe: starting \w+ "[^"]*"', rb"BdsDxe: No bootable")
            said = plain(machine.output)
        started = re.findall(r'BdsDxe: starting \w+ "([^"]*)"', said)
        return Answer(bool(started) and "Shell" not in started[0], one_line(said.replace("BdsDxe: ", "")) or "silent")
    return each(one, images)


# --- syslinux ---------------------------------------------------------------------------------------------------

SYSLINUX = pathlib.Path("/usr/lib/syslinux/modules/bios")


def syslinux_medium(folder, images, command):
    """A CD that asks on the serial line which image to boot."""
    tree = folder / "tree"
    tree.mkdir()
    for number, path in enumerate(images.values()):
        put(path, tree / f"k{number}")
    shutil.copyfile("/usr/lib/ISOLINUX/isolinux.bin", tree / "isolinux.bin")
    for module in ("ldlinux.c32", "libcom32.c32", "mboot.c32"):
        shutil.copyfile(SYSLINUX / module, tree / module)
    labels = "".join(f"LABEL t{number}\n{command.format(number=number)}\n" for number in range(len(images)))
    (tree / "isolinux.cfg").write_text(f"SERIAL 0 115200\nPROMPT 1\nTIMEOUT 0\n{labels}")
    disk = folder / "syslinux.iso"
    ran = zptap.command("xorriso", "-as", "mkisofs", "-quiet", "-o", disk, "-b", "isolinux.bin", "-c", "boot.cat",
                        "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", tree, timeout=60)
    if ran.returncode != 0:
        raise RuntimeError(f"xorriso: {ran.stderr[-500:]}")
    return disk


def syslinux(images, command=f"LINUX k{{number}}\nAPPEND {LINUX_LINE}"):
    """ISOLINUX: at its prompt one image after the other is asked for. One that is refused brings the prompt back; one
    that is taken ends this machine."""
    left, answers = list(images), {}
    numbers = {name: number for number, name in enumerate(images)}
    with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as temporary:
        disk = syslinux_medium(pathlib.Path(temporary), images, command)

        def work():
            """Machines until nothing is left. Appending to and popping from a list are atomic."""
            while left:
                with Machine("-cdrom", disk, "-boot", "d", memory="512M", graphics=True) as machine:
                    if not machine.read(40, rb"boot: "):
                        raise RuntimeError(f"ISOLINUX did not start: {plain(machine.output)[-300:]}")
                    while True:
                        try:
                            name = left.pop(0)
                        except IndexError:
                            return
                        machine.output = b""
                        machine.type(f"t{numbers[name]}\r")
                        # Done when the prompt is back, the kernel speaks, or nothing comes any more.
                        machine.read(30, rb"boot: $", rb"\.\.\. ?ok", silence=15)
                        machine.read(10, rb"boot: $", rb"(?i)decompress|linux version|starting|memdisk|memtest", silence=4)
                        said = plain(machine.output)
                        refused = said.rstrip().endswith("boot:")
                        words = said.replace(f"t{numbers[name]}", "", 1).removesuffix("boot: ")
                        answers[name] = Answer(not refused, one_line(words))
                        if not refused:
                            break

        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for future in [pool.submit(work) for _ in range(WORKERS)]:
                future.result()
    return {name: answers[name] for name in images}


def syslinux_mboot(images):
    """The same with mboot.c32, for multiboot 1."""
    return syslinux(images, "COM32 mboot.c32\nAPPEND k{number}")


# --- iPXE -------------------------------------------------------------------------------------------------------

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """A web server of a folder on a free port of the loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def ipxe_script(count, port, boots):
    """`kernel` fetches and probes; `boot` comes back where it cannot."""
    then = "imgstat && echo @= yes && boot || echo @= no" if boots else "imgstat && echo @= yes || echo @= no"
    lines = ["#!ipxe", "dhcp"]
    for number in range(count):
        lines += [f"echo @@ {number}", f"kernel http://10.0.2.2:{port}/{number} console=ttyS0 && {then}", "imgfree"]
    return "\n".join([*lines, "echo @@ end", "poweroff", ""])


def ipxe_round(images, boots, seconds, silence, *patterns):
    """What one start of ipxe.lkrn prints on these images."""
    lkrn = zptap.command(zptap.SOURCE / "tools/kernels", "get", "ipxe", timeout=600).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="zeropage-verdict-") as temporary:
        folder = pathlib.Path(temporary)
        for number, path in enumerate(images.values()):
            put(path, folder / str(number))
        with served(folder) as port:
            (folder / "script").write_text(ipxe_script(len(images), port, boots))
            with Machine("-kernel", lkrn, "-initrd", folder / "script", "-netdev", "user,id=net",
                         "-device", "virtio-net-pci,netdev=net", memory="1G") as machine:
                machine.read(seconds, rb"@@ 0")
                machine.read(seconds, rb"@@ end", *patterns, silence=silence)
                return plain(machine.output)


def ipxe_words(said):
    kind = re.search(r"bytes\s+\[([\w-]+)", said)
    if kind:
        said = kind[1] + " " + said.partition("@= yes")[2]
    return one_line(re.sub(r"http://10\S+\s*|\.\.\. |\d+%|\bok\b|@= \w+", " ", said.split("imgfree")[0]))


def ipxe(images, seconds=240):
    """iPXE's ipxe.lkrn: which image type takes the file (`kernel`), all in one start."""
    text = ipxe_round(images, False, seconds, 30)
    parts = re.split(r"@@ (\w+)", text)
    said = dict(zip(parts[1::2], parts[2::2]))
    if "end" not in said:
        raise RuntimeError(f"iPXE did not come to its end: {text[-500:]}")
    words = {name: ipxe_words(said[str(number)]) for number, name in enumerate(images)}
    # Any file that fits into low memory is a network boot program (PXE) to iPXE: machine code for 0:7c00.
    return {name: Answer("@= yes" in said[str(number)] and words[name] != "PXE-NBP", words[name])
            for number, name in enumerate(images)}


def ipxe_boot(images, seconds=60):
    """Images that iPXE takes, each booted in a start of its own: taken where it does not come back with an error."""
    def one(path):
        text = ipxe_round({"0": path}, True, seconds, 4, rb"@= no")
        words = ipxe_words(text.rpartition("@@ 0")[2].replace("@@ end", ""))
        return Answer("@= no" not in text, words)
    return each(one, images)


# --- a BIOS and its first disk -----------------------------------------------------------------------------------

def bios_disk(images, seconds=90):
    """SeaBIOS with the file as its first disk: it reads one sector, looks for AA55 and jumps. Started: the serial port
    or the screen's text shows something after that."""
    def one(path):
        with tempfile.NamedTemporaryFile(prefix="zeropage-verdict-") as disk:
            with open(path, "rb") as source:
                shutil.copyfileobj(source, disk)
            disk.flush()
            with Machine("-drive", f"file={disk.name},format=raw,if=ide", "-boot", "c", memory="256M") as machine:
                machine.read(seconds, rb"Booting from Hard Disk.*?\n.*?(No bootable device|Boot failed[^\r\n]*)", rb"Booting from Hard Disk[.\s]*(?!B)\w{4}", silence=3)
                said = plain(machine.output)
        tail = said.partition("Booting from Hard Disk")[2].lstrip(".\r\n")
        if "Booting from Hard Disk" not in said:
            return Answer(False, one_line(said) or "no word from SeaBIOS")
        if "Boot failed" in tail:
            return Answer(False, one_line(tail), False)
        return Answer(True, one_line(tail) or "silent", bool(tail.strip()))
    return each(one, images)
