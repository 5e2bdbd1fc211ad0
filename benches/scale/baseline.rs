//! The twelve checks as a programmer would write them by hand, without rules: the csv crate, integers, one pass.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

/// One table, its next record already read.
struct Table {
    reader: Reader<File>,
    record: ByteRecord,
    row: u64,
    more: bool,
}

impl Table {
    fn open(path: &Path) -> csv::Result<Table> {
        let reader = ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            .from_path(path)?;
        let mut table = Table {
            reader,
            record: ByteRecord::new(),
            row: 1,
            more: true,
        };
        table.step()?;
        Ok(table)
    }

    fn step(&mut self) -> csv::Result<()> {
        self.row += 1;
        self.more = self.reader.read_byte_record(&mut self.record)?;
        Ok(())
    }

    fn is_of(&self, code: &[u8]) -> bool {
        self.more && &self.record[0] == code
    }
}

/// Thousandths of a number such as `12.345`, or cents with `places` 2.
fn number(text: &[u8], places: usize) -> i64 {
    let (sign, text) = match text.split_first() {
        Some((b'-', rest)) => (-1, rest),
        _ => (1, text),
    };
    let (mut value, mut after) = (0_i64, None);
    for &byte in text {
        if byte == b'.' {
            after = Some(0);
        } else {
            value = value * 10 + i64::from(byte - b'0');
            after = after.map(|n: usize| n + 1);
        }
    }
    for _ in after.unwrap_or(0)..places {
        value *= 10;
    }
    sign * value
}

fn objects(pack: &Path) -> io::Result<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(pack.join("data/objects.csv"))?;
    Ok(text
        .lines()
        .skip(1)
        .map(|code| code.as_bytes().to_vec())
        .collect())
}

/// Checks the tables in `folder`, and writes a line for each finding: district, rule, row.
#[expect(
    clippy::too_many_lines,
    reason = "it is the one pass that is written where speed is all"
)]
pub(crate) fn run(
    folder: &Path,
    pack: &Path,
    out: impl Write,
) -> Result<(), Box<dyn std::error::Error>> {
    let objects = objects(pack)?;
    let mut out = BufWriter::new(out);
    let open = |name: &str| Table::open(&folder.join(name));
    let (mut plans, mut budget, mut prior, mut indicators) = (
        open("plan.csv")?,
        open("budget.csv")?,
        open("prior.csv")?,
        open("indicators.csv")?,
    );
    let mut seen: HashMap<Vec<u8>, (u64, bool)> = HashMap::new();
    let mut twice: Vec<u64> = Vec::new();
    let mut key = Vec::new();
    while plans.more {
        let code = plans.record[0].to_vec();
        let name = std::str::from_utf8(&code)?;
        let (allocation, last) = (number(&plans.record[3], 2), number(&plans.record[4], 2));
        let (mut total, mut set_aside, mut administration) = (0, 0, 0);
        seen.clear();
        twice.clear();
        while budget.is_of(&code) {
            let row = budget.row;
            let record = &budget.record;
            let (object, description, tag) = (&record[4], &record[6], &record[11]);
            let amount = number(&record[7], 2);
            total += amount;
            if record[5].is_empty() && record[10].is_empty() {
                writeln!(out, "{name} C02 {row}")?;
            }
            if tag == b"mentor" && amount > number(&record[12], 0) * 50_000 {
                writeln!(out, "{name} C03 {row}")?;
            }
            if tag == b"set-aside" {
                set_aside += amount;
            }
            if !objects.iter().any(|code| code == object) {
                writeln!(out, "{name} C05 {row}")?;
            }
            if amount < 0 {
                writeln!(out, "{name} C06 {row}")?;
            }
            if amount > 5_000_000 && std::str::from_utf8(description)?.chars().count() < 20 {
                writeln!(out, "{name} C09 {row}")?;
            }
            key.clear();
            key.extend_from_slice(object);
            key.push(0);
            key.extend_from_slice(description);
            key.extend_from_slice(&amount.to_le_bytes());
            match seen.get_mut(&key) {
                None => {
                    seen.insert(key.clone(), (row, false));
                }
                Some((first, told)) => {
                    if !*told {
                        twice.push(*first);
                        *told = true;
                    }
                    twice.push(row);
                }
            }
            if &record[3] != b"2027" {
                writeln!(out, "{name} C11 {row}")?;
            }
            if matches!(object, b"110" | b"121" | b"132") {
                administration += amount;
            }
            budget.step()?;
        }
        for row in &twice {
            writeln!(out, "{name} C10 {row}")?;
        }
        if total != allocation {
            writeln!(out, "{name} C01 -")?;
        }
        if set_aside * 10 < allocation - last {
            writeln!(out, "{name} C04 -")?;
        }
        if administration * 20 > total {
            writeln!(out, "{name} C12 -")?;
        }
        let (mut planned, mut expended) = (0, 0);
        while prior.is_of(&code) {
            planned += number(&prior.record[3], 2);
            expended += number(&prior.record[4], 2);
            prior.step()?;
        }
        if expended > planned || (planned - expended) * 10 > planned {
            writeln!(out, "{name} C07 -")?;
        }
        let (mut all, mut good, mut told) = (0, 0, true);
        while indicators.is_of(&code) {
            let record = &indicators.record;
            all += 1;
            if record[4].is_empty() || record[5].is_empty() {
                told = false;
            } else {
                let (baseline, target, actual) = (
                    number(&record[3], 3),
                    number(&record[4], 3),
                    number(&record[5], 3),
                );
                good += i64::from(actual >= target || actual > baseline);
            }
            indicators.step()?;
        }
        if !told || 2 * good < all {
            writeln!(out, "{name} C08 -")?;
        }
        plans.step()?;
    }
    out.flush()?;
    Ok(())
}
