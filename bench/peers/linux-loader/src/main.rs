// SPDX-License-Identifier: BSD-2-Clause
//
// The crate linux-loader as a boot loader: loads one kernel into new guest RAM for each line on stdin and
// answers with one line of JSON, in the manner of bench_round.c, whose turns alternate with ours.
// Guest RAM is what vm-memory gives by default, anonymous and private, or with --shared a memory file, which
// other processes can share; the loading is Elf::load or
// BzImage::load, whichever takes the file, on a file that is opened within the measured time. The command
// line goes where the crate's users put it. No configurator is called: nothing is entered.
use std::fs::File;
use std::hint::black_box;
use std::io::BufRead;
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use linux_loader::cmdline::Cmdline;
use linux_loader::loader::{bzimage::BzImage, elf::Elf, load_cmdline, KernelLoader};
use vm_memory::{Address, Bytes, FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap};

const CMDLINE_START: u64 = 0x20000;
const CMDLINE_ROOM: usize = 2048;
const HIGH_MEMORY: u64 = 0x100000;
const KERNEL_ROOM: u64 = 256 << 20;
const HOLE_START: u64 = 3 << 30;
const HOLE_END: u64 = 4 << 30;

type Failure = Box<dyn std::error::Error>;

fn memory_file(size: u64) -> Result<File, Failure> {
    // SAFETY: a valid name; the result is checked, and is nobody else's.
    let file = match unsafe { libc::memfd_create(c"guest RAM".as_ptr(), libc::MFD_CLOEXEC) } {
        -1 => return Err(std::io::Error::last_os_error().into()),
        fd => unsafe { File::from_raw_fd(fd) },
    };

    file.set_len(size)?;
    Ok(file)
}

/// RAM of a PC, split around the hole below 4 GiB.
fn make_ram(size: u64, shared: bool) -> Result<GuestMemoryMmap, Failure> {
    let low = size.min(HOLE_START);
    let mut ranges = vec![(GuestAddress(0), low as usize)];

    if size > low {
        ranges.push((GuestAddress(HOLE_END), (size - low) as usize));
    }
    if !shared {
        return Ok(GuestMemoryMmap::from_ranges(&ranges)?);
    }
    let file = memory_file(size)?;
    let mut parts = Vec::new();

    for (start, size) in ranges {
        let offset = if start.raw_value() == 0 { 0 } else { low };

        parts.push((start, size, Some(FileOffset::new(file.try_clone()?, offset))));
    }
    Ok(GuestMemoryMmap::from_ranges_with_files(parts)?)
}

/// Opens, parses and loads the kernel. Returns the ranges that hold file bytes.
fn load(ram: &GuestMemoryMmap, kernel: &str, is_elf: bool) -> Result<Vec<(u64, u64)>, Failure> {
    let mut file = File::open(kernel)?;
    let high = Some(GuestAddress(HIGH_MEMORY));
    let loaded = if is_elf {
        Elf::load(ram, None, &mut file, high)?
    } else {
        BzImage::load(ram, None, &mut file, high)?
    };
    let mut cmdline = Cmdline::new(CMDLINE_ROOM)?;

    cmdline.insert_str("console=ttyS0 reboot=k panic=-1")?;
    load_cmdline(ram, GuestAddress(CMDLINE_START), &cmdline)?;
    Ok(vec![(loaded.kernel_load.raw_value(), loaded.kernel_end)])
}

/// As any program that uses the crate has to, initrds are not its business: the end of RAM below the hole,
/// or beyond the hole where it is too large for that.
fn load_initrd(ram: &GuestMemoryMmap, name: &str, ram_size: u64) -> Result<(u64, u64), Failure> {
    let mut file = File::open(name)?;
    let size = file.metadata()?.len();
    let low = ram_size.min(HOLE_START);
    let start = if size + KERNEL_ROOM <= low {
        (low - size) & !0xfff
    } else {
        HOLE_END
    };

    ram.read_exact_volatile_from(GuestAddress(start), &mut file, size as usize)?;
    Ok((start, start + size))
}

/// Where an ELF's segments lie: what was loaded, for the first read. (address, bytes from the file)
fn segments(kernel: &str) -> Result<Vec<(u64, u64)>, Failure> {
    let file = File::open(kernel)?;
    let word = |at: u64, size: usize| -> Result<u64, Failure> {
        let mut value = [0u8; 8];

        file.read_exact_at(&mut value[..size], at)?;
        Ok(u64::from_le_bytes(value))
    };
    let (start, size, count) = (word(32, 8)?, word(54, 2)?, word(56, 2)?);
    let mut found = Vec::new();

    for header in (0..count).map(|i| start + i * size) {
        if word(header, 4)? == 1 {
            found.push((word(header + 24, 8)?, word(header + 32, 8)?));
        }
    }
    Ok(found)
}

/// Every byte, as 64-bit words; the same loop as in bench_round.c.
fn read_all(ram: &GuestMemoryMmap, start: u64, size: u64) -> Result<u64, Failure> {
    let mut sum = 0u64;

    if size > 0 {
        let slice = ram.get_slice(GuestAddress(start), size as usize)?;
        let words = slice.ptr_guard().as_ptr() as *const u64;

        for i in 0..(size / 8) as usize {
            // SAFETY: within the slice; nobody else writes guest RAM here.
            sum = sum.wrapping_add(unsafe { words.add(i).read_unaligned() });
        }
    }
    Ok(sum)
}

struct Job {
    kernel: String,
    initrd: Option<String>,
    ram_size: u64,
    shared: bool,
    is_elf: bool,
    segments: Vec<(u64, u64)>,
}

fn round(job: &Job) -> Result<GuestMemoryMmap, Failure> {
    let ram = make_ram(job.ram_size, job.shared)?;
    let begun = Instant::now();
    let mut ranges = load(&ram, &job.kernel, job.is_elf)?;
    let initrd = match &job.initrd {
        Some(name) => Some(load_initrd(&ram, name, job.ram_size)?),
        None => None,
    };
    let loaded = begun.elapsed();
    let mut bytes = 0;
    let mut sum = 0;

    if job.is_elf {
        ranges = job.segments.clone();
    } else {
        ranges[0].1 -= ranges[0].0;
    }
    if let Some((start, end)) = initrd {
        ranges.push((start, end - start));
    }
    for (start, size) in ranges {
        sum += black_box(read_all(&ram, start, size)?);
        bytes += size;
    }
    println!(
        "{{\"load_ns\": {}, \"all_ns\": {}, \"bytes\": {}, \"copied\": {}, \"mapped\": 0, \"sum\": {}}}",
        loaded.as_nanos(), begun.elapsed().as_nanos(), bytes, bytes, sum & 0xffff_ffff
    );
    Ok(ram)
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).peekable();
    let usage = "usage: peer-linux-loader [--shared] KERNEL RAM-MIB [INITRD]; then lines on stdin: round, hold";
    let shared = arguments.next_if(|argument| argument == "--shared").is_some();
    let kernel = arguments.next().ok_or(usage)?;
    let ram_size = arguments.next().ok_or(usage)?.parse::<u64>()? << 20;
    let mut magic = [0u8; 4];
    File::open(&kernel)?.read_exact_at(&mut magic, 0)?;
    let is_elf = magic == *b"\x7fELF";
    let segments = if is_elf { segments(&kernel)? } else { Vec::new() };
    let job = Job { kernel, initrd: arguments.next(), ram_size, shared, is_elf, segments };
    let mut held = None;

    for line in std::io::stdin().lock().lines() {
        drop(held.take());
        let ram = round(&job)?;
        // Held until the next line, for who wants to look at this process from outside.
        if line? == "hold" {
            held = Some(ram);
        }
    }
    Ok(())
}
