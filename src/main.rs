//! The binary: reads the command line, runs, and returns the exit code.

use std::process::ExitCode;

use image_enroll::{parse, run};
use mimalloc::MiMalloc;

/// A row takes some two hundred pieces of memory, many of them given back by another thread than took them: the system's
/// allocator locks for these, and musl's, in the released binaries, for all. See Cargo.toml for what this one brings.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli),
        Err(error) => error.exit(),
    }
}
