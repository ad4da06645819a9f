//! The binary: reads the command line, runs, and returns the exit code.

use std::process::ExitCode;

use image_enroll::{parse, run};

fn main() -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(cli) => run(cli),
        Err(error) => error.exit(),
    }
}
