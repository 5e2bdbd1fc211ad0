//! The twelve checks over made-up districts: accordant beside a hand-written program, in one run, on the same files.
//!
//! `cargo bench --bench scale` measures S and M, and the fixtures' 36 plans by the pack that is built in, alone and as plans of
//! fourteen years; `cargo bench --bench scale -- L` measures L. It prints the medians of the
//! processors' time and of the most memory held, and their ratios, of runs in turn; and it refuses when the findings differ.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times, which are no figures of a plan"
)]

#[cfg(unix)]
mod baseline;
#[cfg(unix)]
mod generate;

#[cfg(unix)]
mod measure;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    measure::main()
}

#[cfg(not(unix))]
fn main() {}
