# SPDX-License-Identifier: BSD-2-Clause
"""docs/conformance.md, out of verdicts; and verdicts read back from it, for the test that compares the two."""
import re

import hosts
import known
import versions

HEAD = """\
# Conformance of hosts

<!-- Made by tools/conformance. Edit that, or what it runs, and never this page. -->

`tools/conformance` made this page, from nothing but real runs: it starts the handoff probe under each host, reads from
the serial port in what state the probe was entered and what it was handed, and holds that against the specifications,
clause by clause (`zeropage probe` does so for one host; zeropage-probe(1)). `make check-full` runs all of them again
and fails where a verdict differs from this page.

- **must**: the specification says so, in these or like words. **should**: it recommends it, or does not say it and
  real kernels need it.
- *not seen*: clauses of level must that nobody can observe from inside of the guest, such as the hidden parts of
  segment registers. They count as neither passed nor failed. Our engines are seen from outside too.
- Clauses about a case that did not arise, such as an initrd where none can be handed over, are not counted.
- The probe asks of a loader what a Linux kernel does: its bzImages have an init_size of 32 MiB at 16 MiB, and those
  that are handed an initrd and a command line check both byte by byte.

"""

SUMMARY = """\
| host | way | image | entered by | must passed | must failed | not seen | should failed |
|---|---|---|---|--:|--:|--:|--:|
"""


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def link(clause_id):
    return f"[{escape(clause_id)}](#{clause_id})"


def in_a_line(verdict):
    """For the one who watches."""
    if verdict.error:
        return verdict.error
    failed = " ".join(clause["id"] for clause in verdict.failed())
    return (f"{verdict.protocol:10} must: {verdict.count('must', 'pass')} passed, {verdict.count('must', 'fail')} failed"
            f"{'; ' + failed if failed else ''}")


def summary_row(verdict):
    way = verdict.way
    cells = [f"[{hosts.TITLES[way.host]}](#{way.host})", way.title, verdict.image]
    if verdict.error:
        return cells + ["**nothing**", "", f"[no report](#{way.host})", "", ""]
    must, should = verdict.count("must", "fail"), verdict.count("should", "fail")
    return cells + [verdict.protocol, str(verdict.count("must", "pass")), f"**{must}**" if must else "0",
                    str(verdict.count("must", "not_observable")), str(should)]


def host_findings(verdicts):
    """What failed at one host; the same finding by several ways or images is one line."""
    merged = {}
    for verdict in verdicts:
        for clause in verdict.failed():
            place = merged.setdefault((clause["id"], clause["level"], clause["detail"]), {})
            place.setdefault(verdict.way.way, []).append(verdict.image)
    lines = []
    for (clause_id, level, detail), places in merged.items():
        where = "; ".join(f"{way}: {', '.join(images)}" for way, images in places.items())
        lines.append(f"| {link(clause_id)} | {level} | {where} | {escape(detail)} |\n")
    return lines


def host_section(host, verdicts):
    programs = dict.fromkeys(name for verdict in verdicts for name in verdict.way.programs)
    text = f'<a id="{host}"></a>\n\n### {hosts.TITLES[host]}\n\n'
    told = ", ".join(versions.of(name) for name in programs)
    text += f"{told}.\n\n" if told else ""
    text += "".join(f"{note}\n\n" for note in dict.fromkeys(v.way.note for v in verdicts if v.way.note))
    silent = [verdict for verdict in verdicts if verdict.error]
    text += "".join(f"- {verdict.way.title}, {verdict.image}: {escape(verdict.error)}\n" for verdict in silent)
    text += "\n" if silent else ""
    lines = host_findings(verdicts)
    if lines:
        return text + "| clause | level | where | found |\n|---|---|---|---|\n" + "".join(lines) + "\n"
    return text + ("" if silent else "Nothing failed.\n\n")


def bites(verdicts):
    found = {}
    for verdict in verdicts:
        for clause in verdict.failed():
            found.setdefault(clause["id"], {})[verdict.way.host] = None
    lines = [f"| {link(clause_id)} | {', '.join(f'[{hosts.TITLES[host]}](#{host})' for host in found[clause_id])} | {text} |\n"
             for clause_id, text in known.BITES.items() if clause_id in found]
    if not lines:
        return ""
    return ("## Deviations, and what they break\n\nNot every clause that fails harms anybody. Of these it is known what they do.\n\n"
            "| clause | seen at | what it breaks |\n|---|---|---|\n" + "".join(lines) + "\n")


def clause_list(clauses):
    text = "## Clauses\n\n| clause | level | what is asked | from |\n|---|---|---|---|\n"
    for clause in clauses:
        text += (f'| <a id="{clause["id"]}"></a>{escape(clause["id"])} | {clause["level"]} | {escape(clause["text"])} '
                 f'| {escape(clause["section"])} |\n')
    return text


def page(verdicts, clauses):
    by_host = {}
    for verdict in verdicts:
        by_host.setdefault(verdict.way.host, []).append(verdict)
    text = HEAD + SUMMARY
    for verdict in verdicts:
        text += "| " + " | ".join(summary_row(verdict)) + " |\n"
    text += "\n" + bites(verdicts) + "## What was found\n\n"
    text += "".join(host_section(host, found) for host, found in by_host.items())
    return text + clause_list(clauses)


def rows(text):
    """Reads a page back: what each row says, and the clauses that failed there, by key."""
    ways = {(way.host, way.title): way for way in hosts.WAYS}
    read, host = {}, None
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        anchor = re.match(r'<a id="([\w-]+)"></a>$', line)
        if anchor:
            host = anchor.group(1)
        elif line.startswith("## Clauses"):
            break
        elif len(cells) == 8 and (name := re.match(r"\[.*\]\(#([\w-]+)\)", cells[0])):
            way = ways.get((name.group(1), cells[1]))
            key = f"{way.name if way else name.group(1) + ' ' + cells[1]} {cells[2]}"
            read[key] = {"entered by": cells[3], "must passed": cells[4], "must failed": cells[5], "not seen": cells[6],
                         "should failed": cells[7], "clauses": set()}
        elif len(cells) == 4 and host and (clause := re.match(r"\[.*\]\(#(.*)\)", cells[0])):
            for place in cells[2].split("; "):
                way, images = place.split(": ")
                for image in images.split(", "):
                    read[f"{host}.{way} {image}"]["clauses"].add(clause.group(1))
    return read
