# SPDX-License-Identifier: BSD-2-Clause
"""Direct boots: what a plan promises of a kernel's place, and what the booted kernel says of it."""
import json
import re

import guests
import zptap

CMDLINE = "console=ttyS0 quiet panic=-1"
LINKED = 0xFFFFFFFF81000000  # where Debian's 64-bit kernels are linked, virtually


def planned(image, *arguments):
    """The plan that a run with these arguments follows."""
    ran = zptap.command(zptap.BINARY, "plan", image, "--engine", "qemu", "--json", *arguments)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    plan = json.loads(ran.stdout)
    plan["kernel"] = {name: int(value, 0) if isinstance(value, str) else value
                      for name, value in plan["kernel"].items()}
    return plan


def options(*arguments, initrd=None, cmdline=CMDLINE):
    """Arguments of plan and run alike; later ones win."""
    return ["--initrd", initrd or guests.initramfs(), "--cmdline", cmdline, *arguments]


def boot(test, image, *arguments, **more):
    """Plans and runs, to userspace; the kernel must lie where the plan says. Returns the plan and the run."""
    arguments = options(*arguments, **more)
    plan = planned(image, *arguments)
    ran = guests.run(image, *arguments, timeout=120)
    test.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout[-3000:])
    test.assertIn(guests.MARKER, ran.stdout)
    test.assertEqual(plan["direct"], "the ELF inside" in ran.stderr, ran.stderr)
    if plan["direct"]:
        assert_place(test, plan, ran.stdout)
    return plan, ran


def assert_place(test, plan, printed):
    kernel = plan["kernel"]
    test.assertEqual(int(re.search(r"zeropage: text: ([0-9a-f]+)", printed)[1], 16), kernel["virtual_base"])
    code = re.search(r"zeropage: iomem: ([0-9a-f]+)-[0-9a-f]+ : Kernel code", printed)
    if code:  # a 32-bit init does not say it
        test.assertEqual(int(code[1], 16), kernel["load"])
