# SPDX-License-Identifier: BSD-2-Clause
"""The programs of bench/ do one round, and what is made of their answers is right. Nothing is timed."""
import json
import os
import pathlib
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import zptap

sys.path.insert(0, str(zptap.SOURCE / "bench"))
import launch  # noqa: E402
import plot  # noqa: E402
import turns  # noqa: E402

ROUND = zptap.BUILD / "bench/bench_round"


class Rounds(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.kernel = pathlib.Path(holder.name) / "kernel"
        zptap.command(os.environ["ZP_GEN_IMAGE"], "elf64", self.kernel)
        self.initrd = pathlib.Path(holder.name) / "initrd"
        self.initrd.write_bytes(b"\1\0\0\0\0\0\0\0" * 512 * 8)

    def loader(self, *more):
        made = turns.Loader("ours", ROUND, "--initrd", self.initrd, *more, self.kernel)
        self.addCleanup(made.close)
        return made

    def test_copied(self):
        """a round reads every loaded byte, and counts more bytes copied than loaded"""
        answer = self.loader().round()
        self.assertGreater(answer["bytes"], 32768)
        self.assertGreaterEqual(answer["copied"], answer["bytes"])
        self.assertEqual(answer["mapped"], 0)
        self.assertGreaterEqual(answer["all_ns"], answer["load_ns"])

    def test_modes_agree(self):
        """guest memory reads the same however it was loaded; mapped bytes are not copied"""
        answers = [self.loader(*mode).round() for mode in ([], ["--private"], ["--private", "--map"])]
        self.assertEqual(len({(answer["sum"], answer["bytes"]) for answer in answers}), 1)
        self.assertGreaterEqual(answers[2]["mapped"], 32768)
        self.assertLess(answers[2]["copied"], answers[1]["copied"])

    def test_hold(self):
        """a guest that is held has its bytes in its own memory, and a mapped one has not"""
        self.initrd.write_bytes(bytes(32 << 20))
        own = []
        for mode in (["--private"], ["--private", "--map"]):
            loader = self.loader(*mode)
            loader.round("hold")
            own.append(loader.memory()["own"])
        self.assertGreater(own[0], 32 << 20)
        self.assertLess(own[1], 8 << 20)

    def test_shared_pages(self):
        """pages that can be mapped are those that were"""
        answer = self.loader("--private", "--map").round()
        self.assertEqual(answer["mappable_pages"] * 4096, answer["mapped"])
        self.assertEqual(answer["relocated_pages"], 0)

    def test_failure(self):
        """a contender that ends is an error that names it"""
        self.kernel.write_bytes(b"no kernel")
        with self.assertRaisesRegex(RuntimeError, "ours: ended with 1"):
            self.loader().round()

    def test_floor(self):
        """bench_load measures and prints JSON"""
        ran = zptap.command(zptap.BUILD / "bench/bench_load", self.kernel, self.initrd)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertGreater(json.loads(ran.stdout)["load"]["ratio"], 0)


class Turns(unittest.TestCase):
    class Fake:
        def __init__(self, name, log):
            self.name, self.log = name, log

        def round(self):
            self.log.append(self.name)
            return {"ns": len(self.log)}

    def test_order(self):
        """contenders alternate, each begins as often as the others, the first turn is thrown away"""
        log = []
        answers = turns.take_turns([self.Fake("a", log), self.Fake("b", log)], 2)
        self.assertEqual("".join(log), "ba" "ab" "ba")
        self.assertEqual([answer["ns"] for answer in answers["a"]], [3, 6])

    def test_ratio(self):
        """the median of the turns' ratios, not the ratio of medians"""
        self.assertEqual(turns.ratio([1, 8, 30], [1, 2, 3]), {"ratio": 4, "low": 2.5, "high": 7})

    def test_cache(self):
        """a file that was dropped from the page cache is not in it, unless the disk is memory"""
        with tempfile.NamedTemporaryFile(dir=zptap.BUILD) as file:
            file.write(bytes(1 << 20))
            file.flush()
            self.assertEqual(turns.cached_part(file.name), 1)
            turns.drop_cache(file.name)
            self.assertLessEqual(turns.cached_part(file.name), 1)


class Launch(unittest.TestCase):
    def test_mark(self):
        """the program is ended once its mark is there"""
        begun = time.monotonic()
        taken = launch.seconds_to_mark(["sh", "-c", "echo Linux version 1; exec sleep 50"])
        self.assertLess(taken, 20)
        self.assertLess(time.monotonic() - begun, 40)

    def test_no_mark(self):
        """a program that ends without it is an error with what it said"""
        with self.assertRaisesRegex(RuntimeError, "no such kernel"):
            launch.seconds_to_mark(["sh", "-c", "echo no such kernel >&2"])


class Plot(unittest.TestCase):
    def test_svg(self):
        """the plot is XML with a line for each contender and no number out of its panel"""
        points = [{"x": 1 << n, "peer": {"load_ns": 10 ** n, "own": 1 << n}, "mapped": {"load_ns": 7, "own": 4096},
                   "shared": {"cannot": "too large"}} for n in range(3, 9)]
        launches = [{"x": n, "direct": {"s": n}, "qemu -kernel": {"s": 2 * n}} for n in (1, 2, 4)]
        drawn = xml.etree.ElementTree.fromstring(plot.draw({"growth": {
            "initrd": points, "ram": points, "cpus": points, "launch_ram": launches, "launch_cpus": launches,
            "entry": [{"x": 1 << n, "linux64": {"instructions": 10 ** n}, "disk-ide": {"cannot": "no QEMU"}} for n in (20, 22)]}}))
        names = [element.tag.split("}")[1] for element in drawn.iter()]
        self.assertEqual(names.count("polyline"), 4 * 2 + 2 * 2 + 1)
        width, height = float(drawn.get("width")), float(drawn.get("height"))
        for line in drawn.iter("{http://www.w3.org/2000/svg}polyline"):
            for pair in line.get("points").split():
                x, y = map(float, pair.split(","))
                self.assertTrue(0 < x < width and 0 < y < height, pair)


if __name__ == "__main__":
    zptap.main()
