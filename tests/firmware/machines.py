# SPDX-License-Identifier: BSD-2-Clause
"""The firmware in QEMU's machines: the handoff probe judged, and Debian's kernel with a system of a few lines."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
import guests  # noqa: E402
import zptap  # noqa: E402

ROM = zptap.BUILD / "src/firmware/boot/zeropage-fw.rom"
ELF = zptap.BUILD / "src/firmware/boot/zeropage-fw.elf"
MACHINES = ("pc", "q35", "microvm")

# What the kernel found, then off by ACPI: a machine that does not go off runs into the time limit.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
echo "found: cpus $(grep -c ^processor /proc/cpuinfo)"
echo "found: memory $(awk '/MemTotal/ {print $2}' /proc/meminfo)"
for d in /sys/bus/pci/devices/*; do
  echo "found: pci $(basename $d) $(cat $d/vendor) $(cat $d/device) $(cat $d/irq) $(head -6 $d/resource | tr '\\n' ,)"
done
echo "found: pat $(dmesg | grep -c 'x86/PAT: Configuration')"
echo "found: smbios $(dmesg | grep -c 'SMBIOS .* present')"
dmesg | grep -iE 'firmware bug|acpi.*error|can.t claim|no compatible bridge' | sed 's/^/found: complaint /'
for m in /modules/*.ko; do [ -e $m ] && insmod $m; done
for n in $(ls /sys/class/net); do [ $n = lo ] || echo "found: net $(basename $(readlink /sys/class/net/$n/device))"; done
for b in $(ls /sys/block); do
  echo "found: disk $b $(cat /sys/block/$b/size) read $(dd if=/dev/$b bs=64k count=1 2>/dev/null | wc -c)"
done
echo "found: end"
stty echo # waits until all is out
poweroff -f
"""


def qemu(machine, *options, cpus=1, memory="256M"):
    return ["qemu-system-x86_64", "-M", machine, "-accel", "tcg", "-smp", str(cpus), "-m", memory, "-display", "none",
            "-nic", "none", "-serial", "stdio", "-no-reboot", *[str(o) for o in options]]


def rom(machine, **how):
    """A machine whose BIOS we are; {}, {initrd} and {cmdline} are the probe's."""
    return qemu(machine, "-bios", ROM, "-kernel", "{}", "-initrd", "{initrd}", "-append", "{cmdline}", **how)


def elf(machine, **how):
    """A machine that starts us as a kernel, by PVH, with the kernel as our module."""
    return qemu(machine, "-kernel", ELF, "-initrd", "{}", "-append", "{cmdline}", **how)


def probe(argv, image="bzimage", timeout=30):
    """Boots the probe by argv: (the protocol by which it was entered, or why not; must clauses that failed)."""
    ran = zptap.command(zptap.BINARY, "probe", "--image", image, "--timeout", timeout, "--json", "--", *argv,
                        timeout=timeout + 20)
    judged = json.loads(ran.stdout)
    if "clauses" not in judged:
        return judged.get("error"), []
    return judged["protocol"], [f"{clause['id']}: {clause['detail']}" for clause in judged["clauses"]
                                if clause["level"] == "must" and clause["verdict"] == "fail"]


def linux(argv_of, *modules, seconds=90):
    """Debian's kernel, these modules and INIT: how QEMU ended, what INIT found, and all that was printed."""
    add = tuple((path, f"/modules/{index:02}-{path.name}") for index, path in enumerate(guests.modules(*modules)))
    # Debian's kernel cannot tell how fast the TSC is on an emulated microvm, whatever the firmware, and stops.
    line = "console=ttyS0 panic=-1" + (" tsc_early_khz=1000000" if "microvm" in argv_of else "")
    argv = [part.replace("{initrd}", str(guests.initramfs(INIT, add))).replace("{cmdline}", line)
            .replace("{}", str(guests.kernel("cloud"))) for part in argv_of]
    ran = zptap.command(*argv, timeout=seconds)
    return ran.returncode, found(ran.stdout), ran.stdout


def found(text):
    """What INIT says."""
    return [line.split("found: ", 1)[1].strip() for line in text.splitlines() if "found: " in line]
