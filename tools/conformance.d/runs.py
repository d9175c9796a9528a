# SPDX-License-Identifier: BSD-2-Clause
"""Runs of `zeropage probe`: one way and one image at a time, and what the judge said of each."""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import hosts
import media

BINARY = os.environ.get("ZP_BINARY", str(media.ROOT / "build/src/cli/zeropage"))
SELF = media.ROOT / "tools/conformance"


@dataclasses.dataclass
class Verdict:
    """One row of the table. The key names it."""
    way: object
    image: str
    protocol: str = ""
    clauses: list = dataclasses.field(default_factory=list)
    error: str = ""  # no report came

    @property
    def key(self):
        return f"{self.way.name} {self.image}"

    def count(self, level, verdict):
        return sum(1 for clause in self.clauses if clause["level"] == level and clause["verdict"] == verdict)

    def failed(self):
        """Clauses that ask for something and did not get it; notes ask for nothing."""
        return [clause for clause in self.clauses if clause["verdict"] == "fail" and clause["level"] != "note"]


def rows(pattern=""):
    """Every way with each of its images, in the order of the table; with pattern those whose key holds it."""
    return [(way, image) for way in hosts.WAYS for image in way.images if pattern in f"{way.name} {image}"]


def run(way, image, keep=None):
    """Boots and judges; always returns a Verdict."""
    with tempfile.TemporaryDirectory(prefix="zeropage-conformance-") as folder:
        raw = pathlib.Path(keep or folder) / f"{way.name}.{image}.log"
        argv = [BINARY, "probe", "--json", "--image", image, "--timeout", str(way.timeout), "--keep", str(raw)]
        if way.engine:
            argv += ["--engine", way.engine, "--protocol", way.way]
        else:
            handed = {"both": ["{initrd}", "{cmdline}"], "cmdline": ["-", "{cmdline}"], "nothing": ["-", ""]}[way.hands]
            argv += ["--", sys.executable, str(SELF), "--boot", way.name, image, folder, "{}", *handed]
        try:
            ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                                 timeout=way.timeout + 30, check=False)
        except subprocess.TimeoutExpired:
            return Verdict(way, image, error=f"zeropage probe did not end after {way.timeout + 30} s")
    return read(way, image, ran)


def read(way, image, ran):
    try:
        judged = json.loads(ran.stdout)
    except ValueError:
        lines = [line for line in ran.stderr.splitlines() if line.startswith("zeropage")] or ran.stderr.splitlines()
        return Verdict(way, image, error=lines[-1] if lines else f"exit {ran.returncode}, and nothing said")
    # Runs of our own engines come as a list.
    judged = judged.get("runs", [judged])[0]
    if "clauses" not in judged:
        return Verdict(way, image, error=judged.get("error", "no verdict"))
    return Verdict(way, image, judged.get("protocol", ""), judged["clauses"])


def boot(name, image, folder, file, initrd, cmdline):
    """In place of this process: the command that boots. What `zeropage probe` runs."""
    way = next(way for way in hosts.WAYS if way.name == name)
    job = hosts.Job(pathlib.Path(file).absolute(), image, None if initrd == "-" else pathlib.Path(initrd).absolute(), cmdline,
                    pathlib.Path(folder))
    argv = [str(word) for word in way.argv(job)]
    os.execvp(argv[0], argv)


def clauses():
    """Every clause of the judge: id, level, text, section."""
    ran = subprocess.run([BINARY, "probe", "--clauses", "--json"], capture_output=True, text=True, timeout=30, check=True)
    return json.loads(ran.stdout)["clauses"]
