# SPDX-License-Identifier: BSD-2-Clause
# Captured logs: a good one, one that is spoiled, one that is cut, and the two compared.
cp "$(dirname "$0")"/../judge/*.log .
zeropage probe --judge pvh.log --known
echo "exit $?"
zeropage probe --judge pvh-spoiled.log --known
echo "exit $?"
zeropage probe --judge - < multiboot2.log -v
echo "exit $?"
head -n 9 pvh.log > cut
zeropage probe --judge cut
echo "exit $?"
sed 's/"rip"/"rop"/' pvh.log | zeropage probe --judge - --trace pvh.log
echo "exit $?"
zeropage probe --judge pvh.log --trace multiboot2.log
echo "exit $?"
zeropage probe --judge pvh-spoiled.log --known --tap | grep -v '^ok'
zeropage probe --diff pvh.log pvh-spoiled.log
echo "exit $?"
zeropage probe --diff pvh.log pvh.log
echo "exit $?"
