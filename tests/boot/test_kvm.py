# SPDX-License-Identifier: BSD-2-Clause
"""The KVM engine on this machine's /dev/kvm, with the handoff guest (guest/handoff.c) as kernel.

The guest is a few thousand instructions long, so that a /dev/kvm which interprets runs it as well. What it
says it found is held against the specifications: Documentation/x86/boot, Xen's start_info, Multiboot 1
and 2. Skipped where /dev/kvm does not open, for then nothing of this can run.
"""
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import guests
import zptap

GUEST = zptap.BUILD / "tests/boot/guest"
BZIMAGE = GUEST / "handoff.bzimage"
ELF64 = GUEST / "handoff.elf"
ELF32 = GUEST / "handoff32.elf"
INITRD = b"\x00\x01initrd of the handoff test\xfe\xff"
MIB = 1 << 20
# An ELF64 of one segment at 1 MiB: jmp to itself.
SPINS = (struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, MIB, 64, 0, 0, 64, 56, 1, 64, 0, 0)
         + struct.pack("<IIQQQQQQ", 1, 5, 120, MIB, MIB, 2, 2, 0) + b"\xeb\xfe")


def argv(image, protocol, cmdline, *more, memory="64M"):
    """The command line of a run that ends by itself in any case."""
    return [str(zptap.BINARY), "run", str(image), "--engine", "kvm", "--protocol", protocol, "-m", memory,
            "--cmdline", cmdline, "--timeout", "40", "--silence", "0", *more]


def run(*arguments, **options):
    return zptap.command(*argv(*arguments, **options), timeout=60)


def facts(text):
    """{"control": {"cr0": 0x11, ...}, ...} of the guest's lines "handoff: control cr0=0x11 ..."."""
    found = {}
    for line in text.splitlines():
        if line.startswith("handoff: "):
            name, _, rest = line[len("handoff: "):].partition(" ")
            found[name] = {k: int(v, 0) for k, v in re.findall(r"(\w+)=(0x[0-9a-f]+|\d+)\b", rest)}
    return found


@unittest.skipIf(zptap.why_no_kvm(), zptap.why_no_kvm())
class Kvm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.initrd = os.path.join(cls.folder.name, "initrd")
        with open(cls.initrd, "wb") as file:
            file.write(INITRD)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def handed(self, image, protocol, memory="64M"):
        """Boots with a command line and an initrd, checks what all protocols have in common."""
        cmdline = f"first second=2 {protocol}"
        ran = run(image, protocol, cmdline, "--initrd", self.initrd, memory=memory)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn(f"handoff: protocol {protocol}\n", ran.stdout)
        self.assertIn(f"handoff: cmdline [{cmdline}]\n", ran.stdout)
        self.assertIn("handoff: modules 1\n", ran.stdout)
        self.assertIn(f" size={len(INITRD)} bytes={INITRD[:16].hex()} ", ran.stdout)
        self.assertTrue(ran.stdout.endswith("handoff: done\n"), ran.stdout)
        found = facts(ran.stdout)
        self.assertIn("sum ok", ran.stdout)
        self.assertNotEqual(found["rsdp"]["scanned"], 0)
        self.assertEqual(found["regs"]["rflags"] & 0x20700, 0, "IF, TF, DF, VM")
        self.assertEqual(found["module"]["start"] % 4096, 0)
        return found

    def flat32(self, found):
        self.assertEqual(found["control"]["cr0"] & 0x80000001, 0x1)
        self.assertEqual(found["control"]["efer"] & 0x500, 0)

    def test_linux32(self):
        for image in (BZIMAGE, ELF32):
            found = self.handed(image, "linux32")
            self.flat32(found)
            self.assertEqual(found["segments"]["cs"], 0x10)
            self.assertEqual({found["segments"][s] for s in ("ds", "es", "ss")}, {0x18})
            self.assertEqual({found["regs"][r] for r in ("rbx", "rbp", "rdi")}, {0})
            self.assertNotEqual(found["regs"]["rsi"], 0)
            self.assertEqual(found["boot_params"]["sentinel"], 0)
            self.assertNotEqual(found["boot_params"]["type_of_loader"], 0)
            self.assertEqual(found["rsdp"]["told"], found["rsdp"]["scanned"])

    def test_linux64(self):
        for image in (BZIMAGE, ELF64):
            found = self.handed(image, "linux64")
            self.assertEqual(found["control"]["cr0"] & 0x80000001, 0x80000001)
            self.assertEqual(found["control"]["efer"] & 0x500, 0x500)
            self.assertEqual(found["control"]["cr4"] & 0x20, 0x20)
            self.assertEqual(found["segments"]["cs"], 0x10)
            self.assertEqual({found["segments"][s] for s in ("ds", "es", "ss")}, {0x18})
            self.assertEqual(found["rsdp"]["told"], found["rsdp"]["scanned"])

    def test_pvh(self):
        found = self.handed(ELF64, "pvh")
        self.flat32(found)
        self.assertEqual(found["control"]["cr4"], 0)
        self.assertEqual(found["start_info"]["magic"], 0x336EC578)
        self.assertEqual(found["rsdp"]["told"], found["rsdp"]["scanned"])

    def test_multiboot1(self):
        for image in (ELF64, ELF32):
            found = self.handed(image, "multiboot1")
            self.flat32(found)
            self.assertEqual(found["regs"]["rax"], 0x2BADB002)
            self.assertEqual(found["multiboot1"]["flags"] & 0x4D, 0x4D, "memory, cmdline, modules, map")

    def test_multiboot2(self):
        for image in (ELF64, ELF32):
            found = self.handed(image, "multiboot2")
            self.flat32(found)
            self.assertEqual(found["regs"]["rax"], 0x36D76289)
            self.assertNotEqual(found["rsdp"]["told"], 0)

    def test_pages_are_mapped(self):
        """Of sealed memory always, of a user's file when that is asked for; the guest writes nothing back."""
        before = ELF64.read_bytes()
        self.assertNotIn("mapped", run(ELF64, "pvh", "off=pm").stderr)
        ran = run(ELF64, "pvh", "off=pm", "--share-pages")
        self.assertRegex(ran.stderr, r"[0-9]+ KiB of it mapped\n")
        self.assertTrue(ran.stdout.endswith("handoff: done\n"), ran.stderr)
        piped = subprocess.run(argv("/dev/stdin", "linux64", "off=pm"), input=before, capture_output=True, timeout=60,
                               check=False)
        self.assertRegex(piped.stderr, rb"[0-9]+ KiB of it mapped\n")
        self.assertTrue(piped.stdout.endswith(b"handoff: done\n"), piped.stderr)
        self.assertEqual(ELF64.read_bytes(), before)

    def test_little_and_much_memory(self):
        for image, protocol, memory, size in ((BZIMAGE, "linux64", "16M", 16 * MIB), (ELF64, "pvh", "16M", 16 * MIB),
                                              (BZIMAGE, "linux64", "24G", 24 << 30)):
            ram = self.handed(image, protocol, memory)["memory"]["ram"]
            self.assertLessEqual(ram, size)
            self.assertGreater(ram, size - MIB)

    def test_every_way_to_end(self):
        for how in ("pm", "cf9", "kbd", "port92"):
            ran = run(ELF64, "pvh", f"off={how}")
            self.assertEqual(ran.returncode, 0, (how, ran.stderr))
            self.assertTrue(ran.stdout.endswith("handoff: done\n"), how)

    def test_a_triple_fault_is_told_with_registers(self):
        ran = run(BZIMAGE, "linux64", "off=triple")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("triple fault", ran.stderr)
        self.assertRegex(ran.stderr.lower(), r"rip\W+(0x)?0*1[0-9a-f]{5}\b")
        self.assertIn("0x3f8", ran.stderr)

    def test_a_halt_for_good_is_told(self):
        ran = run(ELF64, "pvh", "off=halt", "--smp", "2")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("halted for good", ran.stderr)

    def test_silence_is_told_once_and_time_ends_it(self):
        with tempfile.NamedTemporaryFile(suffix=".elf") as image:
            image.write(SPINS)
            image.flush()
            ran = run(image.name, "linux64", "", "--silence", "1", "--timeout", "3")
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stderr.count("printed nothing"), 1, ran.stderr)

    def test_a_guest_that_has_printed_may_be_silent(self):
        ran = run(ELF64, "pvh", "off=spin", "--silence", "5", "--timeout", "8")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("handoff: done\n", ran.stdout)
        self.assertNotIn("printed nothing", ran.stderr)

    def test_other_cpus_start(self):
        ran = run(ELF64, "pvh", "smp=4", "--smp", "4")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("handoff: woken 3\n", ran.stdout)

    def test_input_reaches_the_serial_port(self):
        text = b"more than the sixteen bytes of a FIFO, all at once, to the q"
        with subprocess.Popen(argv(ELF64, "pvh", "off=echo"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            out, err = process.communicate(text, timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertTrue(out.endswith(b"handoff: done\n" + text + b"\n"), out[-200:])

    def test_a_signal_ends_the_run(self):
        with subprocess.Popen(argv(ELF64, "pvh", "off=spin smp=2", "--smp", "2"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertIn(b"protocol pvh", process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)

    def test_nobody_reads_the_output(self):
        with subprocess.Popen(argv(ELF64, "pvh", "off=spin"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            process.stderr.read()
            process.wait(timeout=20)
        self.assertEqual(process.returncode, 0)

    def test_a_full_pipe_stops_neither_time_nor_signals(self):
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            pass
        start = time.monotonic()
        ran = subprocess.run(argv(ELF64, "pvh", "off=pm", "--timeout", "2"), stdin=subprocess.DEVNULL,
                             stdout=write_end, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(write_end)
        os.close(read_end)
        self.assertEqual(ran.returncode, 1)
        self.assertLess(time.monotonic() - start, 20)

    def test_what_it_cannot_honour_is_named(self):
        for option in (["--disk", self.initrd], ["--net", "user"], ["--", "-device", "pvpanic"]):
            ran = run(ELF64, "pvh", "off=pm", *option)
            self.assertEqual(ran.returncode, 1, option)
            self.assertEqual(ran.stdout, "")
            self.assertIn("--engine qemu", ran.stderr)
            self.assertIn(option[0], ran.stderr)


GDB_SCRIPT = """
set pagination off
set confirm off
target remote 127.0.0.1:{port}
printf "entry %lx rbx %lx cr0 %lx efer %lx\\n", $rip, $rbx, $cr0, $efer
stepi
printf "stepped %lx\\n", $rip
hbreak long_mode_from_32
continue
printf "hardware %lx cr0 %lx efer %lx\\n", $rip, $cr0, $efer
delete
break handoff_main
continue
printf "software %lx\\n", $rip
x/8xb $rip
set var *(int *)0x9000 = 77
printf "memory %d\\n", *(int *)0x9000
set $r15 = 0x1234
printf "r15 %lx\\n", $r15
info threads
delete
continue
"""


@unittest.skipIf(zptap.why_no_kvm(), zptap.why_no_kvm())
class Gdb(unittest.TestCase):
    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self, *more, image=ELF64, protocol="pvh"):
        process = subprocess.Popen(argv(image, protocol, "off=pm", "--gdb", str(self.port), *more, memory="128M"),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        for _ in range(200):
            line = process.stderr.readline()
            if str(self.port) in line or not line:
                break
        self.assertIn(str(self.port), line)
        return process

    def symbol(self, name):
        listing = zptap.command("nm", ELF64).stdout
        return int(re.search(rf"^([0-9a-f]+) \w {name}$", listing, re.M).group(1), 16)

    def test_debian_gdb_at_the_entry(self):
        process = self.start("--smp", "2")
        with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
            script.write(GDB_SCRIPT.format(port=self.port))
            script.flush()
            ran = zptap.command("gdb", "-nx", "-batch", "-x", script.name, ELF64, timeout=60)
        out, _ = process.communicate(timeout=60)
        entry, main = self.symbol("entry_pvh"), self.symbol("handoff_main")
        said = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if " " in line)
        self.assertRegex(said["entry"], rf"^{entry:x} rbx (?!0 )[0-9a-f]+ cr0 [0-9a-f]*1 efer 0$", ran.stderr)
        self.assertEqual(int(said["stepped"], 16), entry + 5)
        self.assertRegex(said["hardware"],
                         rf"^{self.symbol('long_mode_from_32'):x} cr0 80000011 efer 500$")
        self.assertEqual(said["software"], f"{main:x}")
        self.assertNotIn("\t0xcc", ran.stdout, "the breakpoint is not to be seen in memory")
        self.assertEqual(said["memory"], "77")
        self.assertEqual(said["r15"], "1234")
        self.assertIn("Thread 2", ran.stdout)
        self.assertIn("exited normally", ran.stdout)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(out.endswith("handoff: done\n"))

    def packet(self, connection, text):
        connection.sendall(f"${text}#{sum(text.encode()) & 255:02x}".encode())
        answer = b""
        while not re.search(rb"#..$", answer):
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
        return answer.lstrip(b"+")[1:-3].decode()

    def number(self, connection, register):
        return int.from_bytes(bytes.fromhex(self.packet(connection, f"p{register:x}")), "little")

    def test_debians_kernel_takes_its_first_steps(self):
        image = guests.kernel("cloud")
        data = image.read_bytes()
        code = (data[0x1F1] + 1) * 512
        load, init_size = struct.unpack_from("<QI", data, 0x258)
        for protocol, entry in (("linux32", 0), ("linux64", 0x200)):
            process = self.start("--direct", "off", image=image, protocol=protocol)
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                rip, rsi = self.number(connection, 16), self.number(connection, 4)
                self.assertEqual(rip, load + entry)
                self.assertEqual(self.packet(connection, f"m{rip:x},200"),
                                 data[code + entry:code + entry + 0x200].hex())
                self.assertEqual(self.packet(connection, f"m{rsi + 0x202:x},4"), b"HdrS".hex())
                for _ in range(20):
                    self.assertEqual(self.packet(connection, "s"), "T05thread:1;")
                self.assertNotEqual(self.number(connection, 16), rip)
                self.assertIn(self.number(connection, 16), range(load, load + init_size))
                connection.sendall(b"$k#6b")
                process.communicate(timeout=20)
            self.assertEqual(process.returncode, 0)

    def test_nonsense_is_answered_and_kill_ends_it(self):
        process = self.start()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            self.assertEqual(self.packet(connection, "p1000"), "E01")
            self.assertEqual(self.packet(connection, "mffffffffffff0000,10"), "E14")
            self.assertEqual(self.packet(connection, "m0,fffff"), "E14")
            self.assertEqual(self.packet(connection, "m,"), "E14")
            self.assertEqual(self.packet(connection, "M100000,2:9"), "E14")
            self.assertEqual(self.packet(connection, "Z9,0,1"), "")
            self.assertEqual(self.packet(connection, "Z1,zz"), "E01")
            self.assertEqual(self.packet(connection, "Z2,1000,3"), "E01")
            self.assertEqual(self.packet(connection, "z0,100000,1"), "E22")
            self.assertEqual(self.packet(connection, "Hg77"), "E01")
            self.assertEqual(self.packet(connection, "P10"), "E01")
            self.assertEqual(self.packet(connection, "G12"), "E01")
            self.assertEqual(self.packet(connection, "vMustReplyEmpty"), "")
            for i in range(4):
                self.assertEqual(self.packet(connection, f"Z1,{i:x}00,1"), "OK")
            self.assertEqual(self.packet(connection, "Z1,900,1"), "E22", "there are four")
            connection.sendall(b"$" + b"A" * 10000 + b"#00")
            self.assertEqual(self.packet(connection, "?"), "T05thread:1;")
            connection.sendall(b"$k#6b")
            process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)

    def test_detaching_lets_the_guest_run(self):
        process = self.start()
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            self.assertEqual(self.packet(connection, "D"), "OK")
        out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertTrue(out.endswith("handoff: done\n"))


if __name__ == "__main__":
    zptap.main()
