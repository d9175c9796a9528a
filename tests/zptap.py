# SPDX-License-Identifier: BSD-2-Clause
"""What every Python test shares: TAP on stdout, the places of things, and bounded commands.

A test file ends with:

    if __name__ == "__main__":
        zptap.main()
"""
import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

SOURCE = pathlib.Path(os.environ.get("ZP_SOURCE_ROOT", pathlib.Path(__file__).resolve().parent.parent))
BUILD = pathlib.Path(os.environ.get("ZP_BUILD_ROOT", SOURCE / "build"))
BINARY = pathlib.Path(os.environ.get("ZP_BINARY", BUILD / "src/cli/zeropage"))

# Environment for programs that may write hardly anything: one built to measure coverage fails to leave its counters
# then, in silence and beside those of the others.
NO_COVERAGE = {**os.environ, "GCOV_PREFIX": tempfile.mkdtemp(prefix="zptap-"), "GCOV_ERROR_FILE": os.devnull}
atexit.register(shutil.rmtree, NO_COVERAGE["GCOV_PREFIX"], ignore_errors=True)


def command(*argv, timeout=60, **options):
    """Run argv to its end with output captured as text; never longer than timeout seconds."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, **options)


@functools.cache
def kernel(name):
    """A cached file or directory of tools/kernels."""
    ran = command(SOURCE / "tools/kernels", "get", name, timeout=600)
    if ran.returncode != 0:
        raise RuntimeError(f"tools/kernels get {name}: {ran.stderr}")
    return pathlib.Path(ran.stdout.strip())


def why_no_kvm():
    """The reason for which KVM cannot be used here, or None."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return f"/dev/kvm: {error.strerror}"
    return None


def main():
    """Run the tests of the calling file and exit 1 when one failed or none ran."""
    runner = tap.TAPTestRunner()
    runner.set_stream(True)
    program = unittest.main(testRunner=runner, exit=False)
    sys.stdout.flush()
    if program.result.testsRun == 0:
        print("Bail out! no test ran")
        sys.exit(1)
    sys.exit(0 if program.result.wasSuccessful() else 1)
