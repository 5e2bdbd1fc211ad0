//! Which mutant is switched on: the one whose number `MUTANT` holds. Where `MUTANT_REACHED` names a file, the numbers of
//! all that are asked for are added to it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

static CHOSEN: LazyLock<usize> = LazyLock::new(|| {
    let chosen = std::env::var("MUTANT").ok();
    chosen.and_then(|n| n.parse().ok()).unwrap_or_default()
});

static REACHED: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = std::env::var_os("MUTANT_REACHED")?;
    OpenOptions::new().create(true).append(true).open(path).ok()
});

static SEEN: [AtomicBool; 1 << 16] = [const { AtomicBool::new(false) }; 1 << 16];

pub(crate) fn on(number: usize) -> bool {
    if let Some(mut file) = REACHED.as_ref()
        && SEEN.get(number).is_some_and(|s| !s.swap(true, Ordering::Relaxed))
    {
        // What cannot be noted here is missed by its test, and so told as a survivor.
        let _ = file.write_all(format!("{number}\n").as_bytes());
    }
    *CHOSEN == number
}
