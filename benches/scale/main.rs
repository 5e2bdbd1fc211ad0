//! The twelve checks over made-up districts: accordant beside a hand-written program, in one run, on the same files. They are
//! written in two ways: line by line, and each asked once of a whole list.
//!
//! `cargo bench --bench scale` measures S and M, and generated plans by the pack that is built in: 36 of one year, 504 of
//! fourteen. `cargo bench --bench scale -- L 10000` measures L and 10,000 plans. It prints the medians of the
//! processors' time and of the most memory held, and their ratios, of runs in turn; and it refuses when the findings differ.
//! `cargo bench --bench scale -- archive` adds 504 reviews to an archive, one at a time, and shows a district of it across years.
//! `cargo bench --bench scale -- instructions` counts instructions instead, which is what `.ci/instructions` calls.

#![expect(
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "it prints times, which are no figures of a plan"
)]

#[cfg(unix)]
mod archive;
#[cfg(unix)]
mod baseline;
#[cfg(unix)]
mod generate;
#[cfg(unix)]
mod instructions;
#[cfg(unix)]
mod measure;

/// A failure is told in one sentence.
#[cfg(unix)]
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[cfg(unix)]
fn main() -> Result<()> {
    measure::main()
}

#[cfg(not(unix))]
fn main() {}
