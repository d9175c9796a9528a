# SPDX-License-Identifier: BSD-2-Clause
"""A machine with real KVM: QEMU emulates a processor with SVM, Debian's kernel drives it, and a script runs
our `zeropage` inside. Its console is what comes out."""
import re
import subprocess

import guests
import zptap

INIT = """\
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null >/dev/console 2>&1
echo 1 >/proc/sys/kernel/printk
for module in MODULES; do insmod /$module; done
[ -c /dev/kvm ] || echo "no /dev/kvm"
try() {
    name=$1
    shift
    echo "=== $name"
    zeropage run "$@"
    echo "=== ended $?"
}
RUNS
poweroff -f
"""


def libraries():
    """The shared libraries of our program, and the loader."""
    listing = zptap.command("ldd", zptap.BINARY).stdout
    return re.findall(r"(/\S+) \(0x", listing)


def outer_initramfs(script, files):
    modules = guests.modules("kvm-amd")
    text = INIT.replace("MODULES", " ".join(m.name for m in modules)).replace("RUNS", script)
    add = [(zptap.BINARY, "bin/zeropage")] + files
    add += [(path, path.lstrip("/")) for path in libraries()]
    add += [(path, path.name) for path in modules]
    return guests.initramfs(text, tuple((str(source), inside) for source, inside in add))


def console(script, files, seconds):
    """What the machine prints, to its power-off: the script's `try NAME ARGUMENT...` is a run of zeropage with
    these arguments. files: pairs of a file and its path inside."""
    argv = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64,+svm,+npt", "-M", "pc", "-smp", "2",
            "-m", "1536", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(guests.kernel("cloud")), "-initrd", str(outer_initramfs(script, files)),
            "-append", "console=ttyS0 quiet panic=-1"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as process:
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
    return out.replace("\r", "")


def outcomes(printed):
    """{name: (what it printed, exit status)} of each `try`."""
    return {name: (text, int(code)) for name, text, code in
            re.findall(r"^=== (\S+)\n(.*?)^=== ended (\d+)$", printed, re.M | re.S)}
