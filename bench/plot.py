# SPDX-License-Identifier: BSD-2-Clause
"""Draws how cost grows as SVG: one panel for each thing that grows, both axes logarithmic."""
import html
import math

WIDTH, PANEL_HEIGHT = 1000, 330
LEFT, RIGHT, TOP, BOTTOM = 84, 22, 46, 56  # margins within a panel
HEAD = 126
# Okabe and Ito's colours, which most eyes tell apart; a mark of its own for each as well.
LOOKS = {"peer": ("#d55e00", "hollow", "linux-loader"),
         "shared": ("#56b4e9", "triangle", "ours, copied to a memory file"),
         "private": ("#0072b2", "circle", "ours, copied to anonymous RAM"),
         "mapped": ("#009e73", "diamond", "ours, mapped"),
         "qemu -kernel": ("#e69f00", "square", "qemu -kernel"),
         "direct": ("#000000", "circle", "zeropage run, direct"),
         "linux64": ("#0072b2", "square", "packed, 64-bit entry"),
         "disk-ide": ("#cc79a7", "triangle", "packed, BIOS disk"),
         "uefi-disk": ("#d55e00", "diamond", "packed, UEFI disk")}


def text(x, y, content, size=13, anchor="start", colour="#222", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{more}>'
            f"{html.escape(content)}</text>")


def bytes_label(value):
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= scale:
            return f"{value / scale:g} {unit}"
    return f"{value:g} B"


def time_label(value):
    """value in seconds."""
    for unit, scale in (("s", 1), ("ms", 1e-3)):
        if value >= scale:
            return f"{round(value / scale, 6):g} {unit}"
    return f"{round(value / 1e-6, 6):g} µs"


def count_label(value):
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{round(value / scale, 6):g} {unit}"
    return f"{value:g}"


def plain_label(value):
    return f"{value:g}"


class Axis:
    """Logarithmic: values to a stretch of pixels, and where its ticks lie."""

    def __init__(self, low, high, start, end, ticks, label):
        margin = 0.06 * (math.log(high) - math.log(low))
        self.low, self.high = math.log(low) - margin, math.log(high) + margin
        self.start, self.end = start, end
        self.ticks, self.label = ticks, label

    def __call__(self, value):
        return self.start + (math.log(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def decades(low, high):
    """Powers of ten around the values; 2 and 5 beside them where they would be few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if high < 30 * low:
        return [step * 10 ** power for power in range(first, last + 1) for step in (1, 2, 5)]
    return [10 ** power for power in range(first, last + 1)]


def some_of(values):
    """At most seven, as many on the way as can be left out evenly."""
    values = sorted(set(values))
    return values[::math.ceil(len(values) / 7)]


def powers_of_sixteen(low, high):
    first, last = math.floor(math.log(low, 16)), math.ceil(math.log(high, 16))
    return [16 ** power for power in range(first, last + 1)]


def mark(shape, x, y, colour):
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    if shape == "hollow":
        return f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="12" height="12" fill="none" stroke="{colour}" ' \
               f'stroke-width="1.5"/>'
    points = {"square": ((-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)),
              "triangle": ((0, -4.5), (4.5, 3.5), (-4.5, 3.5)),
              "diamond": ((0, -5), (5, 0), (0, 5), (-5, 0))}[shape]
    return (f'<polygon points="{" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)}" '
            f'fill="{colour}"/>')


def panel(column, row, title, x_title, points, read, x_label, y_label, y_ticks):
    """points: [{"x": ..., contender: {...}}]; read takes a contender's value or None from its entry."""
    left, top = column * WIDTH / 2 + LEFT, HEAD + row * PANEL_HEIGHT + TOP
    right, bottom = (column + 1) * WIDTH / 2 - RIGHT, HEAD + (row + 1) * PANEL_HEIGHT - BOTTOM
    lines = {}
    for point in points:
        for name, entry in point.items():
            value = read(entry) if name in LOOKS else None
            if value:
                lines.setdefault(name, []).append((point["x"], value))
    xs = [x for line in lines.values() for x, _ in line]
    ys = [y for line in lines.values() for _, y in line]
    if not xs or min(xs) == max(xs):
        return []
    across = Axis(min(xs), max(xs), left, right, some_of(xs), x_label)
    if max(ys) < 4 * min(ys):  # nearly flat: do not blow up noise
        middle = math.sqrt(min(ys) * max(ys))
        up = Axis(middle / 3, middle * 3, bottom, top, y_ticks(middle / 3, middle * 3), y_label)
    else:
        up = Axis(min(ys), max(ys), bottom, top, y_ticks(min(ys), max(ys)), y_label)
    out = [text(left - 8, top - 16, title, 15, more=' font-weight="bold"'),
           f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
           f'fill="none" stroke="#999"/>']
    for tick in up.ticks:
        if top - 1 <= up(tick) <= bottom + 1:
            out.append(f'<path d="M{left:.1f} {up(tick):.1f}H{right:.1f}" stroke="#ddd"/>')
            out.append(text(left - 8, up(tick) + 4, y_label(tick), 12, "end"))
    for tick in across.ticks:
        if left - 1 <= across(tick) <= right + 1:
            out.append(f'<path d="M{across(tick):.1f} {bottom:.1f}v5" stroke="#999"/>')
            out.append(text(across(tick), bottom + 20, x_label(tick), 12, "middle"))
    out.append(text((left + right) / 2, bottom + 40, x_title, 13, "middle", "#555"))
    for name, line in lines.items():
        colour, shape, _ = LOOKS[name]
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [mark(shape, across(x), up(y), colour) for x, y in line]
    return out


def legend(names):
    out = []
    for index, name in enumerate(names):
        colour, shape, label = LOOKS[name]
        x, y = LEFT + index % 3 * 300, 62 + index // 3 * 22
        out.append(f'<path d="M{x} {y}h30" stroke="{colour}" stroke-width="2"/>')
        out.append(mark(shape, x + 15, y, colour))
        out.append(text(x + 38, y + 4, label))
    return out


def draw(result):
    growth = result["growth"]

    def load(entry):
        return entry["load_ns"] / 1e9 if "load_ns" in entry else None

    def own(entry):
        return entry.get("own")

    def launch(entry):
        return entry.get("s")

    def instructions(entry):
        return entry.get("instructions")

    panels = [("Loading a kernel and an initrd", "size of the initrd", growth["initrd"], load, bytes_label,
               time_label, decades),
              ("The same: memory of its own", "size of the initrd", growth["initrd"], own, bytes_label, bytes_label,
               powers_of_sixteen),
              ("Loading a kernel", "size of guest RAM", growth["ram"], load, bytes_label, time_label, decades),
              ("Loading a kernel", "CPUs", growth["cpus"], load, plain_label, time_label, decades),
              ("Launch to “Linux version”, emulated", "size of guest RAM", growth.get("launch_ram", []), launch,
               bytes_label, time_label, decades),
              ("Launch to “Linux version”, emulated", "CPUs", growth.get("launch_cpus", []), launch, plain_label,
               time_label, decades),
              ("Packed: guest instructions up to the kernel", "size of a built-in initrd", growth.get("entry", []),
               instructions, bytes_label, count_label, decades)]
    body, drawn = [], 0
    for one in panels:
        made = panel(drawn % 2, drawn // 2, *one)
        body += made
        drawn += bool(made)
    used = [name for name in LOOKS
            if any(name in point for points in growth.values() for point in points)]
    height = HEAD + (drawn + 1) // 2 * PANEL_HEIGHT
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                      f'height="{height}" font-family="DejaVu Sans, sans-serif">',
                      f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
                      text(LEFT - 8, 32, "What a boot costs as initrd, RAM and CPUs grow", 19,
                           more=' font-weight="bold"'),
                      *legend(used), *body, "</svg>"]) + "\n"
