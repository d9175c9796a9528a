# SPDX-License-Identifier: BSD-2-Clause
# What the command line may not say, and what a command may not do.
for words in 'word' '--' '--list --judge x' '--diff a' '--clauses pvh efi' '--clauses linux128' '--json --tap' \
    '--trace x' '--image none' '--protocol none' '--engine none' '--timeout 0' '--timeout 1x' '--nothing' \
    'word -kernel {}' '--protocol pvh -- true {}' '--engine kvm -- true {}'; do
    zeropage probe $words
    echo "$words: $?"
done
zeropage probe --judge missing
echo "exit $?"
zeropage probe --diff missing missing
echo "exit $?"
zeropage probe -- ./missing
echo "exit $?"
zeropage probe -- true
echo "exit $?"
# How it ended, what it printed last, and what the command lacks.
zeropage probe -- true {}
zeropage probe -- sh -c 'printf "1\n2\n3\n4\n\033[2J5\r\n6\n"; kill -9 $$' {}
zeropage probe --tap -- sh -c 'echo no such machine; exit 3'
