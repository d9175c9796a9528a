# SPDX-License-Identifier: BSD-2-Clause
"""Shows the measurements as tables, each ratio beside its goal."""
import counting

# Anonymous guest RAM is ours alone; a memory file can be shared with another process, as QEMU's has to be.
CONTENDERS = {"peer": "linux-loader", "peer shared": "linux-loader, memory file",
              "private": "copied", "mapped": "mapped", "kaslr": "mapped, KASLR", "shared": "copied, memory file"}
# Whom each is measured against: guest RAM of the same kind.
AGAINST = {"private": "peer", "mapped": "peer", "kaslr": "peer", "shared": "peer shared"}
# Programs that make one file of a kernel, and what of ours boots where theirs do.
PACKERS = {"grub-mkrescue": "--esp on", "ISOLINUX": "--esp off", "systemd-stub": "--flavour pe"}
STUB_GOAL = 32  # KiB that a packed file may add to a kernel, without ESP and padding
ROM_GOAL = 128  # KiB
FIRMWARE_GOALS = {"qboot": 1, "SeaBIOS + GRUB": 0.02}  # instructions, as part of theirs
LAUNCH_GOALS = {("xz", "direct"): 0.25, ("lz4", "direct"): 0.45, ("xz", "direct, cache"): 0.1}


def met(value, goal, at_least):
    """"goal 10: met"."""
    good = value >= goal if at_least else value <= goal
    return f"goal {'>=' if at_least else '<='} {goal:g}: {'met' if good else 'NOT MET'}"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(ratio):
    return f"{number(ratio['ratio']):>6} ({number(ratio['low'])} to {number(ratio['high'])})"


def milliseconds(entry):
    value = entry["median"] / 1e6
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def mib(value):
    return f"{value / (1 << 20):.1f}"


def show_core(core):
    print(f"\nThe core: kernel {core['kernel_bytes'] / 1e6:.1f} MB, initrd {core['initrd_bytes'] / 1e6:.1f} MB; "
          f"medians of {core['calls']} calls, {core['turns']} turns")
    print(f"  inspect, by pread           {core['inspect_ns'] / 1e3:10.2f} us")
    print(f"  inspect, bytes in memory    {core['inspect_memory_ns'] / 1e3:10.2f} us")
    print(f"  plan                        {core['plan_ns'] / 1e3:10.2f} us")
    for name, key in (("load / pread floor", "load"), ("inspect + plan + load / floor", "all"),
                      ("floor / floor (noise)", "noise")):
        entry = core[key]
        print(f"  {name:<30}{entry['ratio']:8.2f} ({entry['ratio_low']:.2f} to {entry['ratio_high']:.2f})")
    print(f"  freestanding archive, text  {core['archive_text_bytes']:10} bytes")


def load_goals(row, who):
    """Goals of load, and of load with first read."""
    if row["aligned"] and row["cache"] == "warm" and who == "mapped":
        return {"load_ns": 10, "all_ns": 2}
    return {"load_ns": 1, "all_ns": 1}


def show_load(rows):
    print("\nLoading: median ms, and how many times faster than linux-loader (quartiles of the turns)")
    for row in rows:
        head = f"{row['image']}, {row['file_bytes'] / 1e6:.1f} MB, {row['cache']} page cache"
        if "left_in_cache" in row:
            head += f" ({row['left_in_cache'] * 100:.0f}% left)"
        print(f" {head}: MiB copied and mapped")
        for who, what in CONTENDERS.items():
            if who not in row["contenders"]:
                continue
            entry = row["contenders"][who]
            for key, label in (("load_ns", "load"), ("all_ns", "+ first read")):
                line = f"  {what if key == 'load_ns' else '':<27}{label:<13}{milliseconds(entry[key]):>8} ms"
                if key == "load_ns":
                    line += f"{mib(entry['copied']):>7} +{mib(entry['mapped']):>5}"
                else:
                    line += " " * 14
                if "faster" in entry[key]:
                    faster = entry[key]["faster"]
                    line += f" {spread(faster):<26}{met(faster['ratio'], load_goals(row, who)[key], True)}"
                print(line.rstrip())


def show_memory(rows):
    print("\nMemory, MiB: peak of a process that loaded and read all; its own pages, not the page cache's;\n"
          f"proportional share of {rows[0]['processes']} such processes together")
    for row in rows:
        print(f" {row['image']}")
        for who, entry in row["contenders"].items():
            print(f"  {CONTENDERS[who]:<27}peak{mib(entry['peak']):>7}  own{mib(entry['own']):>7}  "
                  f"together{mib(entry['pss_of_all']):>8}" + shared_pages(who, entry))


def shared_pages(who, entry):
    """What `zeropage plan` tells of a mode that maps."""
    if who not in ("mapped", "kaslr"):
        return ""
    kept = entry["mappable_pages"] - entry["relocated_pages"]
    return f"  shared: {kept} of {entry['pages']} pages, {kept / max(1, entry['pages']) * 100:.0f}%"


def show_launch(rows):
    print("\nLaunch to \"Linux version\" under emulation, as part of what qemu -kernel takes")
    for row in rows:
        print(f" {row['kernel']} kernel, {row['rounds']} turns")
        for who, entry in row["contenders"].items():
            if "cannot" in entry:
                print(f"  {who:<16}cannot: {entry['cannot']}")
                continue
            goal = LAUNCH_GOALS.get((row["kernel"], who))
            print(f"  {who:<16}{entry['s']:7.3f} s {spread(entry['of_qemu']):<26}"
                  + (met(entry["of_qemu"]["ratio"], goal, False) if goal else ""))


def kib(value):
    return f"{value / 1024:.1f}"


def show_size(rows):
    print("\nBytes added by packing, KiB; files have 1 MiB at least: all, and without what fills them up")
    print(f"  {'':<18}{'file':>10}{'added':>10}{'unfilled':>10}{'front':>8}{'stub':>8}{'EFI stub':>9}{'FAT':>7}{'rooms':>7}")
    for row in rows:
        if "cannot" in row:
            print(f" {row['kernel']}: cannot: {row['cannot']}")
            continue
        print(f" {row['kernel']}, {kib(row['kernel_bytes'])} KiB")
        for name, entry in row["variants"].items():
            if "cannot" in entry:
                print(f"  {name:<18}cannot: {entry['cannot']}")
                continue
            bare = entry["added"] - entry["padding"]
            goal = f"  {met(bare / 1024, STUB_GOAL, False)}" if name == "--esp off" else ""
            print(f"  {name:<18}{kib(entry['file_size']):>10}{kib(entry['added']):>10}{kib(bare):>10}{kib(entry['front']):>8}"
                  f"{kib(entry['stub']):>8}{kib(entry['efi_stub']):>9}{kib(entry['fat']):>7}{kib(entry['rooms']):>7}{goal}")
        for name, entry in row["peers"].items():
            if "cannot" in entry:
                print(f"  {name:<18}cannot: {entry['cannot']}")
                continue
            mine = row["variants"][PACKERS[name]].get("added", 0)
            print(f"  {name:<18}{kib(entry['file_size']):>10}{kib(entry['added']):>10}  "
                  f"{PACKERS[name]} adds {mine / entry['added']:.4f} of that")


def thousands(value):
    return f"{value / 1e3:.0f}"


def show_entry(entry):
    own = {name: one for name, one in entry["own"].items() if "cannot" not in one}
    print("\nGuest instructions, thousands, from the way in to the kernel's first one: all, ours, whose they are; steps of\n"
          "string instructions among ours; all as part of what the host needs to get there, and of what the bzImage needs to\n"
          "get to the kernel inside by itself")
    print(f"  {'':<24}{'all':>8}{'ours':>8}" + "".join(f"{what:>{max(9, len(what) + 1)}}" for what in counting.PARTS.values())
          + f"{'string':>8}{'/ host':>9}{'/ bzImage':>10}")
    floor = own.get("qemu -kernel", {}).get("unpacked")
    for title, rows in entry["kernels"].items():
        print(f" {title}")
        for row in rows:
            if "cannot" in row:
                print(f"  {row['way']:<24}cannot: {row['cannot']}")
                continue
            cells = "".join(f"{thousands(row['parts'][part]):>{max(9, len(what) + 1)}}" for part, what in counting.PARTS.items())
            host = f"{row['executed'] / row['before']:.4f}" if row["before"] > 1e5 else "-"
            print(f"  {row['way']:<24}{thousands(row['executed']):>8}{thousands(row['ours']):>8}{cells}{thousands(row['string']):>8}{host:>9}"
                  + (f"{row['executed'] / floor:>10.3f}" if floor and not title.startswith("probe") else ""))
    show_own(entry)


def show_own(entry):
    if not entry["own"]:
        return
    print(" bzImage by itself, from the first instruction of: it, GRUB's boot sector, its EFI entry")
    ways = {row["way"]: row for row in entry["kernels"].get("bzImage", []) if "cannot" not in row}
    for name, one in entry["own"].items():
        if "cannot" in one:
            print(f"  {name:<24}cannot: {one['cannot']}")
            continue
        line = f"  {name:<24}{thousands(one['unpacked']):>8} to the kernel inside, {thousands(one['entered'])} to its own first"
        if name.startswith("GRUB") and "disk-ide" in ways:
            line += f"; disk-ide takes {ways['disk-ide']['executed'] / one['entered']:.3f} of that"
        if name.startswith("UEFI") and "uefi-disk" in ways:
            packed = ways["uefi-disk"]["before"] + ways["uefi-disk"]["executed"]
            line += f"; from reset, uefi-disk takes {packed / one['before']:.3f} of that"
        print(line)


def show_firmware(entry):
    print("\nFirmware, from reset to the kernel's first instruction: thousands of guest instructions and ms; ours as part of\n"
          "theirs (quartiles of the turns); KiB of the ROMs")
    for row in entry["handed"] + entry["disks"]:
        print(f" {row.get('disk', '-kernel')}: {row['kernel']}, {row['machine']}")
        for name, one in row.get("contenders", {"": row}).items():
            if "cannot" in one:
                print(f"  {name:<20}cannot: {one['cannot']}")
                continue
            line = f"  {name:<20}{thousands(one['instructions']):>10}k {milliseconds(one['ns']):>8} ms  {one['entered']:<20}"
            if "ours_of_it" in one:
                line += f"{one['ours_of_it']:.4f} of its instructions, {spread(one['our_time_of_it'])} of its time"
            if one["past_real_mode"] > one["instructions"]:
                line += f" ({one['ours_past_real_mode']:.4f} with its real mode)"
            if "ours_of_it" in one and name in FIRMWARE_GOALS:
                line += f"  {met(one['ours_of_it'], FIRMWARE_GOALS[name], False)}"
            print(line.rstrip())
    sizes = entry["sizes"]
    print(" ROM: " + ", ".join(f"{name} {kib(size)} KiB" for name, size in sizes.items() if not isinstance(size, dict))
          + f"  {met(sizes['zeropage-fw'] / 1024, ROM_GOAL, False)}")


def growth_cell(entry):
    if "instructions" in entry:
        return f"{thousands(entry['instructions'])}k"
    if "s" in entry:
        return f"{entry['s'] * 1e3:.0f}"
    return f"{entry['load_ns'] / 1e6:.2f} ({mib(entry['own'])})" if "own" in entry else "cannot"


def show_growth(growth):
    print("\nGrowth, ms to load (MiB of its own), ms from launch to \"Linux version\", and thousands of guest instructions\n"
          "from the way into a packed file to the kernel's first")
    for axis, points in growth.items():
        names = [name for name in points[0] if name != "x"]
        print(f" {axis:<12}" + "".join(f"{CONTENDERS.get(name, name):>22}" for name in names))
        for point in points:
            x = f"{point['x']}" if axis.endswith("cpus") else f"{point['x'] >> 20} MiB"
            cells = [growth_cell(point[name]) if name in point else "" for name in names]
            print(f"  {x:<11}" + "".join(f"{cell:>22}" for cell in cells))


def show(result):
    print(f"Linux {result['machine']['kernel']}, {result['machine']['cpus']} CPUs")
    for name, shower in (("core", show_core), ("load", show_load), ("memory", show_memory),
                         ("launch", show_launch), ("growth", show_growth),
                         ("size", show_size), ("entry", show_entry), ("firmware", show_firmware)):
        if name in result:
            shower(result[name])
    if result["peer_missing"]:
        print(f"\nNo peer: {result['peer_missing']}")
