# SPDX-License-Identifier: BSD-2-Clause
"""JSON of inspect and plan: every key of a fixed schema, the number convention, and what must hold."""
import json
import os
import pathlib
import re
import tempfile
import unittest

import zptap

HEX = re.compile(r"\A0x(0|[1-9a-f][0-9a-f]*)\Z")


class Hex:
    """An address, register or set of flags: "0x..."."""

    @staticmethod
    def check(case, value, where):
        case.assertIsInstance(value, str, where)
        case.assertRegex(value, HEX, where)


class Optional:
    def __init__(self, schema):
        self.schema = schema


class Exactly:
    def __init__(self, *values):
        self.values = values


FAULT = {"code": str, "field": str, "offset": Optional(int), "value": Hex, "limit": Hex, "text": str}
SEGMENT_REGISTER = {"selector": Hex, "base": Hex, "limit": Hex, "type": int, "s": int, "dpl": int,
                    "present": int, "l": int, "db": int, "g": int, "avl": int, "unusable": int}
TABLE_REGISTER = {"base": Hex, "limit": Hex}
PROTOCOL = Exactly("linux16", "linux32", "linux64", "pvh", "multiboot1", "multiboot2")
PLAN = {
    "image": str,
    "protocol": PROTOCOL,
    "entry": Hex,
    "direct": bool,
    "inside": str,
    "why_not_direct": Optional(FAULT),
    "uki": Optional({"microcode_size": int, "initrd_size": int, "cmdline": Optional(str)}),
    "sharing": {"pages": int, "mappable": int, "relocated": int, "shared": int, "on_request": int},
    "kernel": {"load": Hex, "delta": Hex, "virtual_base": Hex, "virtual_delta": Hex, "relocations": int,
               "runtime": Hex, "runtime_size": int},
    "initrd": Optional({"start": Hex, "size": int}),
    "rsdp": Hex,
    "identity_end": Hex,
    "machine": {"ram_size": int, "cpu_count": int,
                "ranges": [{"start": Hex, "size": int, "usage": Exactly("free", "reserved", "busy"),
                            "e820_type": int}]},
    "spans": [{"kind": str, "index": int, "start": Hex, "size": int, "file_offset": int, "file_size": int,
               "e820_type": int, "pinned": bool}],
    "e820": [{"start": Hex, "size": int, "type": int, "name": str}],
    "registers": dict(
        [("mode", Exactly("long64", "protected32"))]
        + [(name, Hex) for name in ("rip", "rflags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                    "cr0", "cr3", "cr4", "efer")]
        + [(name, SEGMENT_REGISTER) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldtr")]
        + [(name, TABLE_REGISTER) for name in ("gdt", "idt")]),
    "decisions": [{"code": int, "field": str, "a": Hex, "b": Hex, "text": str}],
}
BOOTS = {"host": str, "verdict": Exactly("boots", "boots but", "does not"), "entry": Optional(str), "rule": str,
         "but": Optional(str), "note": Optional(str), "how": Optional(str), "version": str, "id": str}
ADVICE = {"problem": str, "change": str, "id": str}
IMAGE = {
    "image": str,
    "file_size": int,
    "inside": str,
    "compression": Exactly("none", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd"),
    "uki": Optional({"packed": bool, "linux_offset": int, "linux_size": int, "cmdline": Optional(str),
                     "uname": Optional(str), "osrel": Optional(str),
                     "sections": [{"name": str, "offset": int, "size": int, "virtual_size": int,
                                   "virtual_address": Hex}]}),
    "packed": Optional({
        "flavour": Exactly("elf", "pe"), "multiboot": bool, "body_size": int, "stub_size": int, "stub_bytes": int,
        "memory": int, "loaded_end": int,
        "payload": Optional({
            "offset": int, "size": int, "kernel": str, "kernel_offset": int, "kernel_size": int, "stored_size": int,
            "compression": Exactly("none", "lz4", "zstd"), "entry": str, "told": bool, "home": Hex, "home_size": int,
            "cmdline": str, "cmdline_room": int, "initrds": [{"offset": int, "size": int}], "initrd_room": int}),
        "esp": Optional({"offset": int, "size": int}), "partitions": [{"offset": int, "size": int, "type": Hex}],
        "altered": Optional(str),
        "ways": [{"way": str, "offset": int, "address": Optional(Hex), "what": str}]}),
    "image_size": int,
    "formats": [Exactly("bzimage", "zimage", "elf32", "elf64", "multiboot1", "multiboot2", "pe", "pre-2.00")],
    "bzimage": Optional({
        "version": str, "kernel_version": str, "header_end": int, "setup_sects": int, "loaded_high": bool,
        "code_offset": int, "code_size": int, "trailing_size": int, "syssize_bytes": int, "cmdline_max": int,
        "initrd_max": Hex, "kernel_alignment": int, "payload_compression": str, "payload_offset": int,
        "payload_length": int, "kernel_info_offset": int, "setup_type_max": int, "header": dict}),
    "elf": Optional({"class": int, "type": int, "machine": int, "osabi": int, "entry": Hex, "phoff": int,
                     "phnum": int, "shoff": int, "shnum": int, "shentsize": int, "guest_linux": bool, "file_end": int}),
    "relocations": Optional({"list_count": int, "offset": int, "size": int, "list64_offset": int,
                             "list64_count": int, "list32neg_offset": int, "list32neg_count": int,
                             "list32_offset": int, "list32_count": int, "map": Hex,
                             "fault": Optional(FAULT)}),
    "multiboot1": Optional({"header_offset": int, "flags": Hex, "wants_page_aligned_modules": bool,
                            "wants_video_mode": bool}),
    "multiboot2": Optional({"header_offset": int, "header_length": int, "wants_page_aligned_modules": bool,
                            "wants_video_mode": bool}),
    "segments": [{"file_offset": int, "file_size": int, "paddr": Hex, "vaddr": Hex, "memory_size": int,
                  "align": int, "flags": Hex}],
    "notes": list,
    "entries": [{"protocol": PROTOCOL,
                 "container": Exactly("setup header", "elf32", "elf64", "multiboot addresses"),
                 "address": Hex, "segment_first": int, "segment_count": int, "reserve": Hex,
                 "reserve_size": int, "relocatable": bool, "align": int, "min": Hex, "max": Hex,
                 "prefer": Exactly("linked", "lowest", "highest"), "guessed_size": bool,
                 "fault": Optional(FAULT)}],
    "boots": [BOOTS],
    "advice": [ADVICE],
}

# Bytes of the setup header's fields, where they are not 4 (Documentation/x86/boot).
WIDTHS = dict.fromkeys(
    "setup_sects type_of_loader loadflags ext_loader_ver ext_loader_type relocatable_kernel "
    "min_alignment".split(), 1)
WIDTHS.update(dict.fromkeys(
    "root_flags vid_mode root_dev boot_flag jump version start_sys_seg kernel_version setup_move_size "
    "heap_end_ptr xloadflags".split(), 2))
WIDTHS.update(dict.fromkeys("hardware_subarch_data setup_data pref_address".split(), 8))


def kinds():
    """Generated images that zp_inspect accepts, by name."""
    ran = zptap.command(os.environ["ZP_GEN_IMAGE"], "--list")
    return [line.split()[0] for line in ran.stdout.splitlines() if "refused" not in line]


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        cls.kinds = kinds()
        for kind in cls.kinds:
            assert zptap.command(os.environ["ZP_GEN_IMAGE"], kind, cls.work / kind).returncode == 0, kind
        (cls.work / "initrd").write_bytes(b"\x1f\x8b" * 5000)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def conforms(self, value, schema, where="$"):
        if isinstance(schema, Optional):
            if value is not None:
                self.conforms(value, schema.schema, where)
        elif isinstance(schema, Exactly):
            self.assertIn(value, schema.values, where)
        elif schema is Hex:
            Hex.check(self, value, where)
        elif isinstance(schema, dict):
            self.assertIsInstance(value, dict, where)
            self.assertEqual(list(value), list(schema), where)
            for key, inner in schema.items():
                self.conforms(value[key], inner, f"{where}.{key}")
        elif isinstance(schema, list):
            self.assertIsInstance(value, list, where)
            for i, one in enumerate(value):
                self.conforms(one, schema[0], f"{where}[{i}]")
        elif schema is int:
            self.assertIs(type(value), int, where)
            self.assertGreaterEqual(value, 0, where)
        else:
            self.assertIsInstance(value, schema, where)

    def run_json(self, *argv, code=0):
        ran = zptap.command(zptap.BINARY, *argv, "--json", cwd=self.work)
        self.assertEqual((ran.returncode, ran.stderr), (code, ""), ran.stdout)
        again = zptap.command(zptap.BINARY, *argv, "--json", cwd=self.work)
        self.assertEqual(ran.stdout, again.stdout)
        self.assertTrue(ran.stdout.endswith("}\n"))
        return json.loads(ran.stdout)

    def plannable(self):
        """(kind, protocol) of every sound entry that a plan can use."""
        for kind in self.kinds:
            for entry in self.run_json("inspect", kind)["entries"]:
                if entry["fault"] is None and entry["protocol"] != "linux16":
                    yield kind, entry["protocol"]

    def test_inspect_schema(self):
        """inspect --json of every generated image follows the schema, twice the same"""
        self.assertGreater(len(self.kinds), 12)
        for kind in self.kinds:
            with self.subTest(kind):
                image = self.run_json("inspect", kind)
                self.conforms(image, IMAGE)
                self.assertEqual(image["file_size"], (self.work / kind).stat().st_size)
                self.assertTrue(any(e["fault"] is None for e in image["entries"]))

    def test_inspect_header_is_the_file(self):
        """each setup header field is what the file holds at the offset that the table shows"""
        for kind in ("bzimage", "bzimage-2.08", "zimage"):
            with self.subTest(kind):
                data = (self.work / kind).read_bytes()
                header = self.run_json("inspect", kind)["bzimage"]["header"]
                text = zptap.command(zptap.BINARY, "inspect", self.work / kind).stdout
                rows = re.findall(r"(?m)^  0x([0-9a-f]{3})  (\w+) +(0x[0-9a-f]+|\d+)", text)
                self.assertEqual([row[1] for row in rows], list(header))
                self.assertGreater(len(rows), 20)
                for offset, name, shown in rows:
                    start = int(offset, 16)
                    size = WIDTHS.get(name, 4)
                    value = int.from_bytes(data[start:start + size], "little")
                    self.assertEqual((int(str(header[name]), 0), int(shown, 0)), (value, value), name)

    def test_plan_schema(self):
        """plan --json of every sound entry follows the schema, twice the same"""
        count = 0
        for kind, protocol in self.plannable():
            with self.subTest(f"{kind} {protocol}"):
                plan = self.run_json("plan", kind, "--protocol", protocol, "--cmdline", "a=b")
                self.conforms(plan, PLAN)
                self.assertEqual(plan["protocol"], protocol)
                self.assertEqual(plan["registers"]["rip"], plan["entry"])
                count += 1
        self.assertGreater(count, 12)

    def test_plan_properties(self):
        """spans are sorted, apart, inside RAM, and the initrd is what was given"""
        for size in ("64M", "512M", "8G"):
            plan = self.run_json("plan", "bzimage", "--initrd", "initrd", "-m", size, "--seed", "00ff")
            end = 0
            for span in plan["spans"]:
                start = int(span["start"], 16)
                self.assertGreaterEqual(start, end)
                end = start + span["size"]
                homes = [r for r in plan["machine"]["ranges"] if r["usage"] == "free"
                         and int(r["start"], 16) <= start and end <= int(r["start"], 16) + r["size"]]
                self.assertEqual(len(homes), 1, span)
            self.assertEqual(plan["initrd"]["size"], 10000)
            self.assertIn("setup_data", [s["kind"] for s in plan["spans"]])
            free = sum(r["size"] for r in plan["e820"] if r["type"] == 1)
            self.assertLess(free, plan["machine"]["ram_size"])

    def test_pins(self):
        """a pinned span lies where it was pinned and says so"""
        plan = self.run_json("plan", "bzimage", "--initrd", "initrd", "--pin", "kernel=64M", "--pin",
                             "initrd[0]=0x8000000", "--pin", "boot_params=0x90000")
        pinned = {s["kind"]: s["start"] for s in plan["spans"] if s["pinned"]}
        self.assertEqual(pinned["initrd"], "0x8000000")
        self.assertEqual(pinned["boot_params"], "0x90000")
        self.assertEqual(plan["kernel"]["load"], "0x4000000")

    def test_engines_and_acpi(self):
        """each engine's machine can be planned for, with and without ACPI tables"""
        for engine in ("auto", "kvm", "qemu"):
            with self.subTest(engine):
                plan = self.run_json("plan", "bzimage", "--engine", engine, "-m", "4G", "--smp", "2")
                self.assertNotEqual(plan["rsdp"], "0x0")
                self.assertEqual(plan["machine"]["cpu_count"], 2)
                self.assertIn(3, [r["type"] for r in plan["e820"]])
                bare = self.run_json("plan", "bzimage", "--engine", engine, "--no-acpi")
                self.assertEqual(bare["rsdp"], "0x0")
                self.assertNotIn(3, [r["type"] for r in bare["e820"]])

    def test_hole(self):
        """--hole moves the end of RAM below 4 GiB"""
        plan = self.run_json("plan", "bzimage", "-m", "4G", "--hole", "2G")
        edges = {(int(r["start"], 16), int(r["start"], 16) + r["size"]) for r in plan["machine"]["ranges"]}
        self.assertIn((4 << 30, 6 << 30), edges)
        self.assertIn(2 << 30, {end for _, end in edges})

    def test_busy(self):
        """--busy stages what must lie there, and makes room for a trampoline"""
        free = self.run_json("plan", "elf64-multiboot", "--protocol", "multiboot1")
        self.assertNotIn("trampoline", free)
        home = next(int(s["start"], 16) for s in free["spans"] if s["kind"] == "kernel")
        plan = self.run_json("plan", "elf64-multiboot", "--protocol", "multiboot1", "--busy", f"{home:#x}+1M", "--busy", "8G+1M")
        kernel = next(s for s in plan["spans"] if s["kind"] == "kernel")
        staging = next(s for s in plan["spans"] if s["kind"] == "staging" and s["index"] == 0)
        trampoline = next(s for s in plan["spans"] if s["kind"] == "trampoline")
        self.assertEqual((int(kernel["start"], 16), kernel["staged"]), (home, staging["start"]))
        self.assertEqual(staging["size"], kernel["file_size"])
        self.assertEqual(plan["trampoline"], trampoline["start"])
        self.assertIn("until entry", " ".join(d["text"] for d in plan["decisions"]))
        ran = zptap.command(zptap.BINARY, "plan", "elf64-multiboot", "--protocol", "multiboot1", "--busy", f"{home:#x}+1M",
                            cwd=self.work)
        self.assertIn(f"staged at {kernel['staged']}", ran.stdout)
        self.assertIn("busy until entry", ran.stdout)
        for wrong in ("1M", "+1M", "1M+", "1M+0", "x+1", f"{2**64 - 1}+2"):
            ran = zptap.command(zptap.BINARY, "plan", "elf64-multiboot", "--busy", wrong, cwd=self.work)
            self.assertEqual(ran.returncode, 2, wrong)

    def test_errors(self):
        """a failure is one error object on stdout and exit code 1"""
        schema = {"error": FAULT}
        (self.work / "empty").touch()
        for argv, code in [
            (("inspect", "missing"), "ENOENT"),
            (("plan", "."), "EISDIR"),
            (("inspect", "empty"), "ZP_ERR_EMPTY"),
            (("inspect", "initrd"), "ZP_ERR_STREAM"),
            (("plan", "bzimage", "--protocol", "multiboot1"), "ZP_ERR_PROTOCOL"),
            (("plan", "bzimage-2.00"), "ZP_ERR_REAL_MODE_ONLY"),
            (("plan", "bzimage", "--cmdline", "x" * 5000), "ZP_ERR_CMDLINE_LENGTH"),
            (("plan", "bzimage", "--initrd", "empty"), "ZP_ERR_INITRD_EMPTY"),
            (("plan", "bzimage", "--initrd", "missing"), "ENOENT"),
            (("plan", "bzimage", "--pin", "initrd=1M"), "ZP_ERR_PIN"),
        ]:
            with self.subTest(" ".join(argv)[:60]):
                found = self.run_json(*argv, code=1)
                where = argv[0] == "inspect" and code.startswith("ZP_")  # it looks at what it refuses
                self.conforms(found, {**schema, "boots": [BOOTS], "advice": [ADVICE]} if where else schema)
                self.assertEqual(found["error"]["code"], code)
                self.assertTrue(found["error"]["text"])

    def test_errors_are_the_same_in_prose(self):
        """text is the line that stderr has without --json"""
        found = self.run_json("plan", "bzimage", "--protocol", "pvh", code=1)
        ran = zptap.command(zptap.BINARY, "plan", "bzimage", "--protocol", "pvh", cwd=self.work)
        self.assertEqual(ran.stderr, f"zeropage: {found['error']['text']}\n")

    def test_keys_are_documented(self):
        """the manual names every key of the top level and of spans"""
        page = (zptap.SOURCE / "man/zeropage-plan.1").read_text()
        for key in list(PLAN) + list(PLAN["spans"][0]) + list(PLAN["kernel"]):
            self.assertRegex(page, rf"\b{key}\b", key)
        page = (zptap.SOURCE / "man/zeropage-inspect.1").read_text()
        for key in IMAGE:
            self.assertRegex(page, rf"\b{key}\b", key)

    def test_hostile_text(self):
        """a version text with control characters and bad UTF-8 is escaped everywhere"""
        data = bytearray((self.work / "bzimage").read_bytes())
        pointer = int.from_bytes(data[0x20e:0x210], "little")
        self.assertNotEqual(pointer, 0)
        text = b"6\x1b]0;x\x07\xff\xc2\x9b\\"
        data[pointer + 0x200:pointer + 0x200 + len(text) + 1] = text + b"\0"
        (self.work / "hostile").write_bytes(data)
        shown = "6\\x1b]0;x\\x07\\xff\\xc2\\x9b\\\\"
        self.assertEqual(self.run_json("inspect", "hostile")["bzimage"]["kernel_version"], shown)
        ran = zptap.command(zptap.BINARY, "inspect", self.work / "hostile")
        self.assertIn(shown, ran.stdout)
        self.assertNotIn("\x1b", ran.stdout)


if __name__ == "__main__":
    zptap.main()
