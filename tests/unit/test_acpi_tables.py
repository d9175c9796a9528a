# SPDX-License-Identifier: BSD-2-Clause
"""ACPICA reads our tables without a word, and its interpreter runs the DSDT."""
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import zptap

DUMP = os.environ["ZP_ACPI_DUMP"]
HOME = 0x9F000


def blob(kind, cpus):
    return subprocess.run([DUMP, kind, str(cpus)], stdout=subprocess.PIPE, timeout=20, check=True).stdout


def tables(kind, cpus):
    """Signature to bytes, found by following the pointers from the RSDP."""
    b = blob(kind, cpus)
    (xsdt,) = struct.unpack_from("<Q", b, 24)
    def at(address):
        start = address - HOME
        return b[start:start + struct.unpack_from("<I", b, start + 4)[0]]
    root = at(xsdt)
    found = {t[:4].decode(): t for t in map(at, struct.unpack(f"<{(len(root) - 36) // 8}Q", root[36:]))}
    facs, dsdt = struct.unpack_from("<II", found["FACP"], 36)
    found.update(XSDT=root, FACS=at(facs), DSDT=at(dsdt), RSDT=at(struct.unpack_from("<I", b, 16)[0]))
    return found


class AcpiTables(unittest.TestCase):
    def each(self):
        for kind in ("pc", "kvm"):
            for cpus in (1, 2, 64, 255, 300):
                yield kind, cpus, tables(kind, cpus)

    def test_disassembles(self):
        """iasl -d finds nothing to complain about in any table"""
        for kind, cpus, found in self.each():
            self.assertEqual(set(found), {"RSDT", "XSDT", "FACP", "FACS", "APIC", "DSDT"})
            with tempfile.TemporaryDirectory() as where:
                for name, table in found.items():
                    path = pathlib.Path(where, name.lower() + ".aml")
                    path.write_bytes(table)
                    ran = zptap.command("iasl", "-d", path)
                    said = ran.stdout + ran.stderr
                    text = path.with_suffix(".dsl").read_text()
                    self.assertEqual(ran.returncode, 0, (kind, cpus, name, said))
                    for word in ("Error", "Warning", "Invalid", "Unknown", "Incorrect", "checksum should"):
                        self.assertNotIn(word, said + text, (kind, cpus, name))

    def test_madt_has_each_cpu(self):
        """iasl counts as many enabled processors as there are"""
        for kind, cpus, found in self.each():
            with tempfile.TemporaryDirectory() as where:
                path = pathlib.Path(where, "apic.aml")
                path.write_bytes(found["APIC"])
                self.assertEqual(zptap.command("iasl", "-d", path).returncode, 0)
                text = path.with_suffix(".dsl").read_text()
            self.assertEqual(text.count("Processor Enabled : 1"), cpus, (kind, cpus))

    def evaluate(self, kind, path):
        with tempfile.TemporaryDirectory() as where:
            file = pathlib.Path(where, "dsdt.aml")
            file.write_bytes(tables(kind, 1)["DSDT"])
            ran = zptap.command("acpiexec", "-b", f"evaluate {path}", file)
        self.assertNotIn("AE_", ran.stdout + ran.stderr)
        return ran.stdout

    def test_power_off(self):
        r"""\_S5 gives sleep type 0"""
        for kind in ("pc", "kvm"):
            said = self.evaluate(kind, r"\_S5")
            self.assertIn("Contains 4 Elements", said)
            self.assertIn("[Integer] = 0000000000000000", said)

    def test_pci_window_is_patched(self):
        """_CRS of the host bridge has the window of the hardware"""
        said = self.evaluate("pc", r"\_SB.PCI0._CRS")
        self.assertIn("0000: 87 17 00 00 0C 01 00 00 00 00 00 00 00 C0 FF FF", said)
        self.assertIn("0010: BF FE 00 00 00 00 00 00 C0 3E", said)

    def test_pci_routing(self):
        """_PRT sends pin p of slot s to link (s + p - 1) modulo 4, for 32 slots"""
        source = (
            'DefinitionBlock("", "SSDT", 2, "ZEROPG", "TEST", 1) {\n'
            "External(\\_SB.PCI0._PRT, MethodObj)\n"
            "Method(ROW, 1) { Local0 = \\_SB.PCI0._PRT() Return (DerefOf(Local0[Arg0])) }\n"
            "Method(ROWS) { Return (SizeOf(\\_SB.PCI0._PRT())) } }\n"
        )  # the interpreter's own buffer is too small for the whole
        with tempfile.TemporaryDirectory() as where:
            dsdt, asl = pathlib.Path(where, "dsdt.aml"), pathlib.Path(where, "test.asl")
            dsdt.write_bytes(tables("pc", 1)["DSDT"])
            asl.write_text(source)
            ran = zptap.command("iasl", "-p", asl.with_suffix(""), asl)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            rows = [0, 4, 5, 6, 7, 8, 13, 64, 127]
            asked = "; ".join(["evaluate \\ROWS"] + [f"evaluate \\ROW {row}" for row in rows])
            ran = zptap.command("acpiexec", "-b", asked, dsdt, asl.with_suffix(".aml"))
        self.assertNotIn("AE_", ran.stdout + ran.stderr)
        parts = ran.stdout.split("Evaluating ")[1:]
        self.assertIn("[Integer] = 0000000000000080", parts[0])
        self.assertEqual(len(parts), len(rows) + 1, ran.stdout)
        for row, part in zip(rows, parts[1:]):
            slot, pin = divmod(row, 4)
            self.assertIn(f"[Integer] = {slot << 16 | 0xFFFF:016X}", part)
            self.assertIn(f"[Integer] = {pin:016X}", part)
            self.assertIn("LNK" + "ABCD"[(slot + pin - 1) % 4], part)


if __name__ == "__main__":
    zptap.main()
