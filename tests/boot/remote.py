# SPDX-License-Identifier: BSD-2-Clause
"""A client of gdb's remote protocol, to look at a guest in QEMU from outside.

GDB manual, appendix E "Remote Serial Protocol". Registers are named and laid out by the target's own
description (qXfer:features:read), so nothing is assumed about QEMU's order.
"""
import re
import socket
import time
from xml.etree import ElementTree


class Remote:
    """One debugger connection. address: a path (unix socket) or a (host, port) pair."""

    def __init__(self, address, timeout=30):
        self.socket = self._connect(address, time.monotonic() + timeout)
        self.socket.settimeout(timeout)
        self.data = b""
        self.layout = None

    @staticmethod
    def _connect(address, deadline):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        while True:
            attempt = socket.socket(family, socket.SOCK_STREAM)
            try:
                attempt.connect(address)
                return attempt
            except (FileNotFoundError, ConnectionRefusedError):
                attempt.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def close(self):
        self.socket.close()

    def _byte(self):
        if not self.data:
            self.data = self.socket.recv(65536)
            if not self.data:
                raise EOFError("the debugger's connection is closed")
        byte, self.data = self.data[:1], self.data[1:]
        return byte

    def send(self, text):
        raw = text.encode()
        self.socket.sendall(b"$" + raw + b"#%02x" % (sum(raw) & 0xFF))

    def receive(self):
        """One packet, with run-length encoding undone."""
        while self._byte() != b"$":
            pass
        raw = b""
        while (byte := self._byte()) != b"#":
            raw += byte
        self._byte()
        self._byte()
        self.socket.sendall(b"+")
        return re.sub(rb"(.)\*(.)", lambda m: m[1] * (m[2][0] - 28), raw, flags=re.DOTALL).decode()

    def ask(self, text):
        self.send(text)
        return self.receive()

    def _feature(self, name):
        text, offset = "", 0
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{offset:x},f00")
            text += part[1:]
            offset += len(part) - 1
            if part[0] == "l":
                return text

    def _read_layout(self):
        layout, number = {}, 0
        for include in re.findall(r'xi:include href="([^"]+)"', self._feature("target.xml")):
            for found in ElementTree.fromstring(self._feature(include)).iter("reg"):
                number = int(found.get("regnum", number))
                layout[found.get("name")] = number
                number += 1
        return layout

    def register(self, name):
        if self.layout is None:
            # QEMU tells of features only to whom has asked for them.
            self.ask("qSupported:xmlRegisters=i386")
            self.layout = self._read_layout()
        return int.from_bytes(bytes.fromhex(self.ask(f"p{self.layout[name]:x}")), "little")

    def memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}"))

    def monitor(self, line):
        """A line of QEMU's monitor, and its answer."""
        self.send("qRcmd," + line.encode().hex())
        text = ""
        while (packet := self.receive()) != "OK":
            if not packet.startswith("O"):
                raise ValueError(packet)
            text += bytes.fromhex(packet[1:]).decode()
        return text

    def run_to(self, address):
        """Runs up to a hardware breakpoint, which is taken away again."""
        if self.ask(f"Z1,{address:x},1") != "OK":
            raise ValueError("no hardware breakpoint")
        stopped = self.ask("c")
        if not stopped.startswith("T05"):
            raise ValueError(stopped)
        self.ask(f"z1,{address:x},1")

    def let_go(self):
        """The guest runs on; nobody debugs it any more."""
        self.ask("D")
        self.close()
