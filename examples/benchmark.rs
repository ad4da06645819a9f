//! How fast image-enroll is on this machine: enrolls drawn photos into its own simulator over loopback, without TLS.
//!
//! `cargo run --release --example benchmark [small] [medium] [large]` prints, for each size of photo, rows and
//! megabytes (10^6 bytes of photos) per second, CPU time per row and peak memory of the enrolling process, start-up
//! and results included. The simulator runs in a process of its own and shares the machine, so that the figures are a
//! lower bound. Everything it writes goes to a temporary folder.
#![expect(clippy::print_stdout, reason = "an example tells what it measured")]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use clap::Parser;
use image_enroll::{Cli, run};
use wait4::{ResUse, Wait4};

/// Requests in flight, the tool's own default.
const CONCURRENCY: &str = "16";
/// The simulator's partner and key, which guard nothing.
const PARTNER_ID: &str = "085";
const API_KEY: &str = "simulator-key-not-a-secret";
/// Tells a child that it is the tool.
const AS_TOOL: &str = "as-image-enroll";

struct Size {
    name: &'static str,
    /// Width and height of the photo in pixels; noise compresses badly, so that a few make many bytes.
    pixels: u16,
    photos: u32,
    rows: u32,
}

const SIZES: [Size; 3] = [
    Size {
        name: "small",
        pixels: 250,
        photos: 500,
        rows: 20_000,
    },
    Size {
        name: "medium",
        pixels: 613,
        photos: 100,
        rows: 4_000,
    },
    Size {
        name: "large",
        pixels: 2478,
        photos: 20,
        rows: 400,
    },
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == AS_TOOL) {
        return Ok(run(Cli::parse_from(arguments)));
    }
    let (mut simulator, address) = start_simulator()?;
    println!("photos       bytes    rows    rows/s    MB/s   CPU ms/row   peak MB");
    let is_wanted = |size: &&Size| arguments.is_empty() || arguments.iter().any(|name| name == size.name);
    let done = SIZES
        .iter()
        .filter(is_wanted)
        .try_for_each(|size| measure(size, &address));
    simulator.kill()?;
    simulator.wait()?;
    done.map(|()| ExitCode::SUCCESS)
}

fn measure(size: &Size, address: &str) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let bytes = prepare(folder.path(), size)?;
    let start = Instant::now();
    let ended = enroll(folder.path(), address)?;
    let took = start.elapsed().as_secs_f64();
    if !ended.status.success() {
        return Err(format!("the {} run did not enroll every row", size.name).into());
    }
    let rows = f64::from(size.rows);
    let used = ended.rusage;
    let cpu = (used.utime + used.stime).as_secs_f64() * 1e3 / rows;
    println!(
        "{:<8} {bytes:>9} {:>7} {:>9.0} {:>7.0} {cpu:>12.3} {:>9.0}",
        size.name,
        size.rows,
        rows / took,
        rows * bytes as f64 / took / 1e6,
        used.maxrss as f64 / 1e6
    );
    Ok(())
}

/// Photos and a manifest over them; the bytes of one photo.
fn prepare(folder: &Path, size: &Size) -> Result<usize, Box<dyn Error>> {
    let mut bytes = 0;
    for photo in 0..size.photos {
        let jpeg = noise(size.pixels, photo)?;
        bytes = jpeg.len();
        fs::write(folder.join(format!("{photo}.jpg")), jpeg)?;
    }
    let mut manifest = String::from("user_id,user_created_at,photo\n");
    for row in 0..size.rows {
        manifest += &format!("{}-{row},2021-08-12,{}.jpg\n", size.name, row % size.photos);
    }
    fs::write(folder.join("manifest.csv"), manifest)?;
    fs::File::create(folder.join("key.txt"))?.write_all(API_KEY.as_bytes())?;
    Ok(bytes)
}

/// A photo of noise: the same number gives the same bytes.
fn noise(side: u16, number: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut state = number.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let pixels: Vec<u8> = (0..usize::from(side).pow(2)).map(|_| next()).collect();
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 90).encode(&pixels, side, side, jpeg_encoder::ColorType::Luma)?;
    Ok(jpeg)
}

fn tool() -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(AS_TOOL);
    Ok(command)
}

/// The simulator on a free port, and its address.
fn start_simulator() -> Result<(Child, String), Box<dyn Error>> {
    let arguments = ["simulator", "--port", "0", "--partner-id", PARTNER_ID];
    let mut child = tool()?.args(arguments).stderr(Stdio::piped()).spawn()?;
    let mut address = String::new();
    let output = child.stderr.take().ok_or("the simulator says nothing")?;
    BufReader::new(output).read_line(&mut address)?;
    Ok((child, address.trim().to_owned()))
}

fn enroll(folder: &Path, address: &str) -> Result<ResUse, Box<dyn Error>> {
    let child = tool()?
        .args([
            "--endpoint",
            address,
            "--partner-id",
            PARTNER_ID,
            "--api-key-file",
            "key.txt",
        ])
        .args([
            "--concurrency",
            CONCURRENCY,
            "--progress",
            "none",
            "--quiet",
            "--ledger",
            "ledger.db",
            "manifest.csv",
        ])
        .current_dir(folder)
        .spawn()?;
    Ok(child.wait4()?)
}
