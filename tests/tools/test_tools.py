# SPDX-License-Identifier: BSD-2-Clause
"""tools/kernels, tools/peers and tools/deps: what they answer without a network, and what they refuse."""
import os
import pathlib
import shutil
import tempfile
import unittest

import zptap

KERNELS = zptap.SOURCE / "tools/kernels"
PEERS = zptap.SOURCE / "tools/peers"
DEPS = zptap.SOURCE / "tools/deps"


class Kernels(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.where = pathlib.Path(holder.name)

    def run_tool(self, *argv, path=None):
        environment = dict(os.environ, ZEROPAGE_CACHE=str(self.where))
        if path is not None:
            environment["PATH"] = path
        return zptap.command(KERNELS, *argv, env=environment)

    def test_list(self):
        """list names each image once, with a description"""
        rows = [line.split(maxsplit=1) for line in self.run_tool("list").stdout.splitlines()]
        names = [row[0] for row in rows]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(len(row) == 2 for row in rows))
        self.assertLessEqual({"cloud", "cloud-6.12", "i386-pae", "memtest", "ipxe", "xen", "arm64"}, set(names))

    def test_every_name_has_a_recipe(self):
        """each name of the list reaches a recipe; without apt that ends in one line"""
        tools = self.where / "bin"
        tools.mkdir()
        for name in ("dirname", "flock", "mkdir", "rm", "cat", "bash", "sh"):
            for folder in ("/usr/bin", "/bin"):
                if os.path.exists(f"{folder}/{name}"):
                    (tools / name).symlink_to(f"{folder}/{name}")
                    break
        for line in self.run_tool("list").stdout.splitlines():
            name = line.split()[0]
            ran = self.run_tool("get", name, path=str(tools))
            self.assertEqual(ran.returncode, 1, name)
            self.assertRegex(ran.stderr, r"\Atools/kernels: [^\n]*: wants apt-get and dpkg-deb[^\n]*\n\Z")

    def test_cached_needs_no_apt(self):
        """what the cache holds is printed without asking apt"""
        boot = self.where / "kernels/ipxe/boot"
        boot.mkdir(parents=True)
        (boot / "ipxe.lkrn").write_bytes(b"x")
        self.assertEqual(self.run_tool("get", "ipxe").stdout, f"{boot}/ipxe.lkrn\n")

    def test_refusals(self):
        """an unknown name is refused in one line, bad usage with exit 2"""
        ran = self.run_tool("get", "nonsense")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertRegex(ran.stderr, r"\Atools/kernels: unknown image 'nonsense'[^\n]*\n\Z")
        for argv in ((), ("get",), ("fetch", "cloud")):
            self.assertEqual(self.run_tool(*argv).returncode, 2)


class Peers(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.where = pathlib.Path(holder.name)

    def run_tool(self, *argv, path=None):
        environment = dict(os.environ, ZEROPAGE_CACHE=str(self.where))
        if path is not None:
            environment["PATH"] = path
        return zptap.command(PEERS, *argv, env=environment)

    def test_list(self):
        """list names each folder under bench/peers once"""
        names = [line.split()[0] for line in self.run_tool("list").stdout.splitlines()]
        folders = [path.parent.name for path in (zptap.SOURCE / "bench/peers").glob("*/Cargo.toml")]
        self.assertEqual(sorted(names), sorted(folders))

    def test_no_cargo(self):
        """without cargo it ends in one line that says what installs it"""
        tools = self.where / "bin"
        tools.mkdir()
        for name in ("dirname", "flock", "mkdir", "rm", "cat", "bash", "diff"):
            (tools / name).symlink_to(shutil.which(name))
        ran = self.run_tool("get", "linux-loader", path=str(tools))
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, r"\Atools/peers: linux-loader: wants cargo \(tools/deps bench[^\n]*\n\Z")

    def test_built_needs_nothing(self):
        """what the cache holds for the same sources is printed without building"""
        program = self.where / "peers/linux-loader/target/release/peer-linux-loader"
        program.parent.mkdir(parents=True)
        program.write_text("x")
        program.chmod(0o755)
        source = zptap.SOURCE / "bench/peers/linux-loader"
        built = self.where / "peers/linux-loader/built"
        shutil.copytree(source / "src", built / "src")
        shutil.copy(source / "Cargo.toml", built)
        tools = "/usr/bin:/bin"
        self.assertEqual(self.run_tool("get", "linux-loader", path=tools).stdout, f"{program}\n")

    def test_refusals(self):
        """an unknown name is refused in one line, bad usage with exit 2"""
        ran = self.run_tool("get", "nonsense")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertRegex(ran.stderr, r"\Atools/peers: unknown peer 'nonsense'[^\n]*\n\Z")
        for argv in ((), ("get",), ("fetch", "linux-loader")):
            self.assertEqual(self.run_tool(*argv).returncode, 2)


class Deps(unittest.TestCase):
    def test_list(self):
        """each package comes with a reason"""
        ran = zptap.command(DEPS, "--list", "build", "check", "full", "demo", "bench")
        self.assertEqual(ran.returncode, 0)
        rows = [line.split(maxsplit=1) for line in ran.stdout.splitlines()]
        self.assertTrue(all(len(row) == 2 for row in rows))
        self.assertLessEqual({"gcc", "meson", "libcmocka-dev", "qemu-system-x86"}, {row[0] for row in rows})

    def test_refusals(self):
        """an unknown group and no group are bad usage"""
        for argv in (("nonsense",), ()):
            self.assertEqual(zptap.command(DEPS, *argv).returncode, 2)


if __name__ == "__main__":
    zptap.main()
