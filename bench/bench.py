#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the measurements and shows them as a table, or with --json as JSON. README.md says what they mean."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("ZP_BUILD_ROOT", ROOT / "build-bench"))


def output(*argv):
    return subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.PIPE, text=True, timeout=900).stdout


def measure(kernel, initrd):
    result = {"kernel": pathlib.Path(kernel).name}
    result.update(json.loads(output(BUILD / "bench/bench_load", kernel, initrd)))
    rows = output("size", "-t", BUILD / "src/core/libzeropage-freestanding.a").splitlines()
    text, data, bss = (int(number) for number in rows[-1].split()[:3])
    result.update(archive_text_bytes=text, archive_data_bytes=data, archive_bss_bytes=bss)
    return result


def row(name, number, unit, note=""):
    print(f"{name:<34}{number:>10} {unit:<6}{note}".rstrip())


def ratio(name, found):
    row(name, f"{found['ratio']:.2f}", "", f"quartiles {found['ratio_low']:.2f} to {found['ratio_high']:.2f}; "
        f"{found['ns'] / 1e6:.2f} ms against {found['floor_ns'] / 1e6:.2f} ms")


def show(result):
    print(f"{result['kernel']}: {result['kernel_bytes'] / 1e6:.1f} MB, initrd {result['initrd_bytes'] / 1e6:.1f} MB; "
          f"medians of {result['calls']} calls, {result['turns']} turns")
    row("inspect", f"{result['inspect_ns'] / 1e3:.2f}", "us", "by pread")
    row("inspect, bytes in memory", f"{result['inspect_memory_ns'] / 1e3:.2f}", "us")
    row("plan", f"{result['plan_ns'] / 1e3:.2f}", "us")
    ratio("load / pread floor:", result["load"])
    ratio("inspect + plan + load / floor:", result["all"])
    ratio("floor / floor (noise):", result["noise"])
    row("freestanding archive, text", result["archive_text_bytes"], "bytes",
        f"data {result['archive_data_bytes']}, bss {result['archive_bss_bytes']}")


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--kernel", help="a bzImage or ELF instead of Debian's cloud kernel")
    parser.add_argument("--initrd", help="a file instead of one of 20 MB")
    options = parser.parse_args()
    kernel = options.kernel or output(ROOT / "tools/kernels", "get", "cloud").strip()
    with tempfile.NamedTemporaryFile(prefix="zeropage-bench-") as made:
        if not options.initrd:
            made.write(os.urandom(20 << 20))
            made.flush()
        result = measure(kernel, options.initrd or made.name)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
