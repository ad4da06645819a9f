//! The binary: parses the command line, runs, and returns the exit code.

use std::process::ExitCode;

use clap::Parser;
use image_enroll::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
