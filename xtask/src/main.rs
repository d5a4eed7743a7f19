//! The program behind `cargo xtask`. All code is in the library, so that fuzz targets can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::main()
}
