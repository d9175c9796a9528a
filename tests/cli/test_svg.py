# SPDX-License-Identifier: BSD-2-Clause
"""Drawings: well-formed, inside their page, no text over another, whatever the plan."""
import itertools
import os
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

import zptap

SVG = "{http://www.w3.org/2000/svg}"
FONT_SIZES = {"t": 18, "l": 12, "f": 12, "a": 11, "s": 11}


def text_box(text):
    """What a text covers: monospace, 0.61 em a character."""
    size = FONT_SIZES[text.get("class")]
    width = 0.61 * size * len(text.text)
    x, y = float(text.get("x")), float(text.get("y"))
    if text.get("class") == "a":
        x -= width
    return x, y - 0.76 * size, x + width, y + 0.22 * size


class Svg(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)
        for kind in ("bzimage", "bzimage-fixed", "elf64-pvh", "elf64-multiboot"):
            assert zptap.command(os.environ["ZP_GEN_IMAGE"], kind, cls.work / kind).returncode == 0
        (cls.work / "initrd").write_bytes(bytes(3 << 20))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def draw(self, *argv):
        ran = zptap.command(zptap.BINARY, "plan", *argv, "--svg", "-", cwd=self.work)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return ran.stdout

    def check(self, text):
        root = ElementTree.fromstring(text)
        self.assertEqual(root.tag, SVG + "svg")
        width, height = float(root.get("width")), float(root.get("height"))
        boxes = [(text_box(t), t.text) for t in root.iter(SVG + "text")]
        self.assertGreater(len(boxes), 15)
        for (left, top, right, bottom), label in boxes:
            self.assertTrue(0 <= left and right <= width and 0 <= top and bottom <= height, label)
        for (one, label), (other, other_label) in itertools.combinations(boxes, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            self.assertTrue(apart, f"{label} over {other_label}")
        for box in root.iter(SVG + "rect"):
            y, tall = float(box.get("y", 0)), float(box.get("height"))
            self.assertTrue(0 < tall and y + tall <= height)
        return root

    def test_plans(self):
        """plans of several machines and images draw cleanly"""
        for argv in [
            ("bzimage-fixed", "-m", "8M"),
            ("bzimage", "-m", "32M", "--initrd", "initrd"),
            ("bzimage", "-m", "512M", "--initrd", "initrd", "--cmdline", "console=ttyS0", "--seed", "aa"),
            ("bzimage", "-m", "8G", "--initrd", "initrd"),
            ("bzimage", "-m", "1T", "--protocol", "linux32", "--initrd", "initrd"),
            ("elf64-pvh", "--protocol", "pvh", "--initrd", "initrd"),
            ("elf64-multiboot", "--protocol", "multiboot1", "--initrd", "initrd", "--busy", "1M+64M", "--busy", "0+64K"),
            ("elf64-multiboot", "--protocol", "multiboot1") + ("--module", "initrd:some arguments") * 30,
        ]:
            with self.subTest(" ".join(argv)[:70]):
                self.check(self.draw(*argv))

    def test_every_span_is_labelled(self):
        """each span of the table has its label and its address"""
        import json

        argv = ("bzimage", "--initrd", "initrd", "--cmdline", "a", "--seed", "aa", "--pin", "cmdline=0x20000")
        texts = [t.text for t in self.check(self.draw(*argv)).iter(SVG + "text")]
        ran = zptap.command(zptap.BINARY, "plan", *argv, "--json", cwd=self.work)
        spans = json.loads(ran.stdout)["spans"]
        self.assertGreater(len(spans), 6)
        for span in spans:
            self.assertIn(f"0x{int(span['start'], 16):08x}", texts)
        kinds = {s["kind"] for s in spans} - {"blob"}
        for kind in kinds:
            self.assertTrue([t for t in texts if t.split(",")[0].split(" ")[0] == kind], kind)
        self.assertTrue([t for t in texts if t.startswith("cmdline (pinned)")])

    def test_same_bytes(self):
        """the same arguments draw the same bytes, in a file as on stdout"""
        first = self.draw("bzimage")
        self.assertEqual(first, self.draw("bzimage"))
        ran = zptap.command(zptap.BINARY, "plan", "bzimage", "--svg", "out.svg", cwd=self.work)
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))
        self.assertEqual((self.work / "out.svg").read_text(), first)

    def test_hostile_name(self):
        """a file name with markup and control characters stays text, and a long one is cut"""
        for name in ('<b>&"\x1b\x01.img', "]]><script>", "k" * 200):
            with self.subTest(name[:20]):
                (self.work / name).write_bytes((self.work / "bzimage").read_bytes())
                root = self.check(self.draw(name))
                self.assertEqual({e.tag[len(SVG):] for e in root.iter()},
                                 {"svg", "style", "rect", "text", "line", "polyline"})


if __name__ == "__main__":
    zptap.main()
