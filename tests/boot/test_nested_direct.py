# SPDX-License-Identifier: BSD-2-Clause
"""Direct boots on real KVM, as test_nested_kvm.py has it: pages of sealed memory, of the cache and of a
user's own files mapped into guests, relocated or not; what guests share, and that they write nothing back."""
import re

import direct
import guests
import nested
import zptap

MACHINE_SECONDS = 420
MEMORY = "256M"
CMDLINE = "console=ttyS0 quiet panic=-1"

# Stays where it is until it is killed, so that its memory can be looked at.
SLEEPER = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec >/dev/console 2>&1
echo 'zeropage: init reached'
exec /bin/busybox sleep 1000
"""

# The pages of cached files in the memory of two guests that run side by side.
SHARING = """
mount -t tmpfs tmpfs /tmp
sum() { cat /tmp/cache/* /vmlinux /initrd | sha256sum; }
guest() {
    zeropage run /bzImage --engine kvm --cache /tmp/cache --kaslr $1 -m MEMORY --initrd /sleeper --cmdline 'CMDLINE' \\
        --timeout 200 --silence 0 >/tmp/out$1 2>&1 &
}
"""
TWO = """
echo "=== sum-after"; sum; echo "=== ended $?"
guest 21; first=$!
guest 22; second=$!
n=0
until grep -q 'init reached' /tmp/out21 && grep -q 'init reached' /tmp/out22 || [ $n -ge 90 ]; do
    sleep 1; n=$((n + 1))
done
for process in $first $second; do
    echo "=== smaps-$([ $process = $first ] && echo first || echo second)"
    awk '/^[0-9a-f]+-[0-9a-f]+ / { ours = /cache/ } ours && /^(Rss|Pss|Shared_Clean|Shared_Dirty):/ { sum[$1] += $2 }
        END { for (name in sum) print name, sum[name] }' /proc/$process/smaps
    echo "=== ended $?"
done
cat /tmp/out21
kill -9 $first $second
echo "=== sum-last"; sum; echo "=== ended $?"
"""


def run(name, image, *arguments):
    return (f"try {name} {image} --engine kvm -m {MEMORY} --initrd /initrd --cmdline '{CMDLINE}' --timeout 90"
            f" --silence 0 {' '.join(arguments)}")


def script():
    head = SHARING.replace("MEMORY", MEMORY).replace("CMDLINE", CMDLINE)
    first = [run("sealed", "/bzImage", "--direct on --kaslr 11"),
             run("pvh", "/bzImage", "--direct on --protocol pvh --smp 2"),
             run("cached-1", "/bzImage", "--kaslr 12 --cache /tmp/cache"),
             'echo "=== sum-before"; sum; echo "=== ended $?"',
             run("cached-2", "/bzImage", "--kaslr 13 --cache /tmp/cache"),
             run("shared", "/vmlinux", "--kaslr 14 --share-pages"),
             run("read", "/vmlinux", "--kaslr 14")]
    return "\n".join([head, *first, TWO])


class NestedDirect(nested.Guests):
    @staticmethod
    def machine():
        image = guests.kernel("cloud")
        files = [(image, "bzImage"), (guests.vmlinux(image), "vmlinux"), (guests.initramfs(), "initrd"),
                 (guests.initramfs(SLEEPER), "sleeper")]
        return nested.console(script(), files, MACHINE_SECONDS)

    def boots(self, name, image, *arguments):
        """To userspace, where the plan has it. Returns what was said, and MiB that were mapped."""
        text = self.of(name)
        self.assertIn(guests.MARKER, text)
        plan = direct.planned(image, "--engine", "kvm", "-m", MEMORY, "--initrd", guests.initramfs(), "--cmdline",
                              CMDLINE, *arguments)
        direct.assert_place(self, plan, text)
        mapped = re.search(r"([0-9.]+) MiB of it mapped", text)
        return text, float(mapped[1]) if mapped else 0

    def test_from_sealed_memory(self):
        _, mapped = self.boots("sealed", guests.kernel("cloud"), "--kaslr", 11)
        self.assertGreater(mapped, 40)

    def test_pvh(self):
        text, mapped = self.boots("pvh", guests.kernel("cloud"), "--protocol", "pvh", "--smp", 2)
        self.assertGreater(mapped, 40)
        self.assertIn("zeropage: cpus: 2\n", text)

    def test_from_the_cache(self):
        for seed, name in ((12, "cached-1"), (13, "cached-2")):
            text, mapped = self.boots(name, guests.kernel("cloud"), "--kaslr", seed)
            self.assertEqual("from the cache" in text, name == "cached-2")
            self.assertGreater(mapped, 40)

    def test_from_a_file_of_the_users(self):
        """Only when that is asked for, and then the initrd as well."""
        image = guests.vmlinux(guests.kernel("cloud"))
        _, mapped = self.boots("shared", image, "--kaslr", 14)
        self.assertGreater(mapped, 42)
        _, mapped = self.boots("read", image, "--kaslr", 14)
        self.assertEqual(mapped, 0)

    def test_guests_write_nothing_back(self):
        sums = [self.of(name).split()[0] for name in ("sum-before", "sum-after", "sum-last")]
        self.assertEqual(len(set(sums)), 1, sums)

    def test_two_guests_share(self):
        """What both have of the cached kernel and neither wrote to counts half for each. (A tmpfs calls its pages
        dirty.)"""
        for name in ("smaps-first", "smaps-second"):
            found = {line.split(":")[0]: int(line.split()[1]) for line in self.of(name).splitlines() if ": " in line}
            shared = found["Shared_Clean"] + found["Shared_Dirty"]
            self.assertGreater(shared, 4096, found)
            self.assertLessEqual(found["Pss"], found["Rss"] - shared // 2 + 64, found)


if __name__ == "__main__":
    zptap.main()
