# SPDX-License-Identifier: BSD-2-Clause
"""Boot entries of whole disks: GPT, FAT and ext4 by the real tools, and what distributions put on them."""
import os
import pathlib

import looking
import test_entries
import zptap
from test_entries import UUID, initrds

MIB = 1 << 20
ESP, XBOOTLDR, LINUX = "ef00", "ea00", "8300"


class SeenDisk(test_entries.Seen):
    """The lines of fw-look."""

    def __init__(self, image):
        looking.Seen.__init__(self, image)


class Disk(test_entries.Case):
    def tool(self, *argv):
        ran = zptap.command(*argv, timeout=60, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
        self.assertEqual(ran.returncode, 0, f"{argv}: {ran.stdout}{ran.stderr}")

    def fat(self, folder):
        image = self.work / "fat.img"
        image.write_bytes(b"")
        os.truncate(image, 40 * MIB)
        self.tool("mkfs.fat", "-F", "32", "-n", "ESP", image)
        self.tool("mcopy", "-s", "-i", image, *sorted(folder.iterdir()), "::")
        return image

    def ext4(self, folder, uuid=UUID):
        image = self.work / "ext4.img"
        image.write_bytes(b"")
        os.truncate(image, 40 * MIB)
        self.tool("mkfs.ext4", "-q", "-U", uuid, "-L", "root", "-d", folder, image)
        return image

    def disk(self, *parts):
        """(type, image) each."""
        image = self.work / "disk.img"
        image.write_bytes(b"")
        os.truncate(image, (2 + 40 * len(parts)) * MIB)
        options = []
        for number, (kind, _) in enumerate(parts, 1):
            options += ["-n", f"{number}:{(1 + 40 * (number - 1)) * 2048}:+40M", "-t", f"{number}:{kind}"]
        self.tool("sgdisk", *options, image)
        with open(image, "r+b") as file:
            for number, (_, part) in enumerate(parts):
                file.seek((1 + 40 * number) * MIB)
                file.write(part.read_bytes())
        return SeenDisk(image)


class SystemdBoot(Disk, test_entries.SystemdBoot):
    def test_esp_alone(self):
        """entries and kernels on an ESP of FAT32"""
        self.kernel("6.1.0-9-amd64", self.esp)
        self.kernel("6.1.0-18-amd64", self.esp)
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.chosen["kernel"], f"/{self.TOKEN}/6.1.0-18-amd64/linux")
        self.assertEqual(seen.chosen["initrds"][0]["path"], f"/{self.TOKEN}/6.1.0-18-amd64/initrd.img-6.1.0-18-amd64")
        self.assertEqual(seen.why, "the default of loader.conf")

    def test_both(self):
        """the newest kernel on an XBOOTLDR of ext4"""
        self.kernel("6.1.0-9-amd64", self.esp)
        self.kernel("6.1.0-18-amd64", self.root)
        seen = self.disk((ESP, self.fat(self.esp)), (XBOOTLDR, self.ext4(self.root)))
        self.assertEqual(seen.notes, [])
        self.assertEqual([entry["system"] for entry in seen.entries], [1, 0])
        self.assertEqual(seen.chosen["system"], 1)

    def test_counting(self):
        """tries are told by long names, which FAT holds beside short ones"""
        self.kernel("6.1.0-9-amd64", self.esp)
        self.kernel("6.1.0-18-amd64", self.esp, tries="+0-3")
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertEqual([entry["version"] for entry in seen.entries], ["6.1.0-9-amd64", "6.1.0-18-amd64"])

    def test_long_names(self):
        """names of 255 characters, and of as many of three bytes each as mtools takes"""
        names = ["n" * 250 + ".conf", "\u6f22" * 80 + ".conf"]
        self.put(names[0], "linux /k\n", root=self.esp / "loader/entries")
        self.put("k", root=self.esp)
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.chosen["entry"], "n" * 250)
        image = self.work / "fat.img"
        entry = self.put("entry", "linux /k\n")
        ran = zptap.command("mcopy", "-i", image, entry, f"::loader/entries/{names[1]}", timeout=60,
                            env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        seen = self.disk((ESP, image))
        self.assertEqual(seen.notes, [])
        self.assertEqual(sorted(len(looking.text(entry["entry"])) for entry in seen.entries), [80, 250])

    def test_missing_kernel(self):
        """another case of letters is the same file on FAT"""
        self.kernel("6.1.0-9-amd64", self.esp)
        folder = self.esp / self.TOKEN
        folder.rename(self.esp / self.TOKEN.upper())
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.chosen["version"], "6.1.0-9-amd64")

    def test_huge_entry(self):
        """an entry of 30 MiB is one note"""
        self.kernel("6.1.0-9-amd64", self.esp)
        with open(self.put("loader/entries/huge.conf", b"linux /x\n", root=self.esp), "ab") as file:
            file.truncate(30 * MIB)
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertEqual(seen.chosen["version"], "6.1.0-9-amd64")
        self.assertEqual(len(seen.notes), 1)

    def test_failing_calls(self):
        """loader/entries.srel of another kind hides the entries"""
        self.kernel("6.1.0-9-amd64", self.esp)
        self.put("loader/entries.srel", "other\n", root=self.esp)
        seen = self.disk((ESP, self.fat(self.esp)))
        self.assertIsNone(seen.chosen)
        self.assertEqual(len(seen.notes), 1)


class Debian(Disk, test_entries.Debian):
    def test_plain(self):
        """an ESP with Debian's stub of a script, and a root file system with GRUB's own"""
        self.mkconfig(GRUB_CMDLINE_LINUX="console=ttyS0")
        for link, target in ("vmlinuz", "boot/vmlinuz-6.1.0-18-amd64"), ("initrd.img", "boot/initrd.img-6.1.0-18-amd64"):
            (self.root / link).symlink_to(target)
        esp = self.work / "esp"
        self.put("EFI/debian/grub.cfg",
                 f"search.fs_uuid {UUID} root hd0,gpt2 \nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n",
                 root=esp)
        seen = self.disk((ESP, self.fat(esp)), (LINUX, self.ext4(self.root)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.ids, self.ids())
        self.assertEqual(seen.chosen["system"], 1)
        self.assertEqual(seen.chosen["kernel"], "/boot/vmlinuz-6.1.0-18-amd64")
        self.assertEqual(initrds(seen.chosen), ["/boot/initrd.img-6.1.0-18-amd64"])

    def test_separate_boot(self):
        """/boot on a partition of its own, with a root beside it that has nothing to boot"""
        self.mkconfig(separate=True)
        boot = self.ext4(self.root)
        other = self.work / "other"
        self.put("etc/hostname", "debian\n", root=other)
        boot = boot.rename(self.work / "boot.img")
        seen = self.disk((LINUX, boot), (LINUX, self.ext4(other, uuid=test_entries.OTHER_UUID)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.chosen["kernel"], "/vmlinuz-6.1.0-18-amd64")
        self.assertEqual(seen.chosen["system"], 0)

    # With folders, these say all that there is to say.
    test_saved = test_by_number = test_no_submenu = test_esp_stub = test_search_elsewhere = test_next_entry = None


class Fedora(Disk, test_entries.Fedora):
    def test_environment(self):
        """/boot of ext4 with entries of the specification and the real environment block"""
        self.grubenv("grub2/grubenv", kernelopts="root=UUID=1 ro rhgb quiet",
                     saved_entry=f"{self.MACHINE}-6.10.6-200.fc40.x86_64")
        seen = self.disk((LINUX, self.ext4(self.root)))
        self.assertEqual(seen.notes, [])
        self.assertEqual(seen.chosen["kernel"], "/vmlinuz-6.10.6-200.fc40.x86_64")
        self.assertEqual(seen.chosen["options"].strip(), "root=UUID=1 ro rhgb quiet")

    test_no_environment = test_in_esp = test_stub_in_esp = test_one_file_system = None


class Uki(Disk, test_entries.Uki):
    def test_sections(self):
        """a kernel of some MiB in an image on FAT32, to the byte"""
        linux, initrd = os.urandom(3000001), os.urandom(2000003)
        image = self.make("EFI/Linux/debian.efi", linux=linux, initrd=initrd, cmdline=b"quiet")
        data = pathlib.Path(image).read_bytes()
        seen = self.disk((ESP, self.fat(self.root)))
        self.assertEqual(seen.notes, [])
        start, size = seen.chosen["kernel-piece"]
        self.assertEqual(data[start:start + size], linux)
        start, size = seen.chosen["initrds"][0]["piece"]
        self.assertEqual(data[start:start + size], initrd)
        self.assertLess(seen.reads, 1500)

    test_among_others = test_addons = test_not_a_uki = None


if __name__ == "__main__":
    zptap.main()
