# SPDX-License-Identifier: BSD-2-Clause
# What the command line may not say, and what a command may not do.
for words in 'word' '--' '--list --judge x' '--diff a' '--clauses pvh efi' '--clauses linux128' '--json --tap' \
    '--trace x' '--image none' '--protocol none' '--engine none' '--timeout 0' '--timeout 1x' '--nothing'; do
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
