//! Made-up districts with their budgets, last year's spending and indicators, the same for the same size every time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) districts: u64,
    pub(crate) lines: u64,
}

/// The sizes that engines are compared by.
pub(crate) const SIZES: [Size; 3] = [
    Size {
        name: "S",
        districts: 36,
        lines: 200,
    },
    Size {
        name: "M",
        districts: 1_000,
        lines: 300,
    },
    Size {
        name: "L",
        districts: 10_000,
        lines: 300,
    },
];

/// Lines of last year, and indicators, of each district.
const PRIOR: u64 = 40;
const INDICATORS: u64 = 20;

/// Numbers that look random and come the same every time (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).expect("it fits")]
    }
}

const WHAT: [&str; 12] = [
    "Literacy coach",
    "Numeracy coach",
    "School counselor",
    "Family liaison",
    "Summer academy",
    "Bilingual tutor",
    "Data analyst",
    "Attendance team",
    "Reading materials",
    "Laptops for a classroom",
    "Bus for a field study",
    "Mentor",
];
const WHERE: [&str; 8] = [
    "Lincoln School",
    "North Elementary",
    "the high school",
    "Jefferson Middle School",
    "East Side",
    "all schools",
    "the welcome center",
    "Washington \"West\", annex",
];
const VENDORS: [&str; 6] = [
    "",
    "Acme Learning, Inc.",
    "Valley Services",
    "Bright Pages",
    "Tri-Town Buses",
    "",
];
const REASONS: [&str; 4] = [
    "",
    "Serves pupils furthest behind",
    "Continues last year's work, with changes",
    "See the needs analysis",
];

/// Writes the four tables of `size` into `folder`.
pub(crate) fn write(size: Size, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let table = |name: &str, header: &str| -> io::Result<BufWriter<File>> {
        let mut out = BufWriter::new(File::create(folder.join(name))?);
        writeln!(out, "district_code,plan_year,{header}")?;
        Ok(out)
    };
    let mut plan = table("plan.csv", "district,allocation,last_allocation")?;
    let mut budget = table(
        "budget.csv",
        "line_id,fiscal_year,object_code,focus_area,description,amount,fte,vendor,justification,tag,mentors",
    )?;
    let mut prior = table("prior.csv", "line_id,planned,expended")?;
    let mut indicators = table("indicators.csv", "indicator,baseline,target,actual")?;
    let mut dice = Dice(size.districts * 1_000 + size.lines);
    for district in 0..size.districts {
        let key = format!("{:07},2027", district * 10 + 11);
        let total = lines(&mut budget, &key, size.lines, &mut dice)?;
        let allocation = if dice.one_in(20) { total + 1 } else { total };
        let last = allocation - allocation / (5 + i64::try_from(dice.below(10)).expect("it fits"));
        writeln!(
            plan,
            "{key},District {district},{},{}",
            cents(allocation),
            cents(last)
        )?;
        spending(&mut prior, &key, &mut dice)?;
        results(&mut indicators, &key, &mut dice)?;
    }
    Ok(())
}

/// Writes the four tables of `folder` once more, in a folder for each district under `into`.
pub(crate) fn split(folder: &Path, into: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut plans = csv::Reader::from_path(folder.join("plan.csv"))?;
    for plan in plans.records() {
        let plan = plan?;
        let [code, year, district, allocation, last] = [0, 1, 2, 3, 4].map(|at| &plan[at]);
        std::fs::create_dir_all(into.join(code))?;
        let text = format!(
            "district_code = \"{code}\"\ndistrict = \"{district}\"\nfiscal_year = {year}\nallocation = {allocation}\n\
             last_allocation = {last}\n"
        );
        std::fs::write(into.join(code).join("plan.toml"), text)?;
    }
    for name in ["budget.csv", "prior.csv", "indicators.csv"] {
        let mut reader = csv::Reader::from_path(folder.join(name))?;
        let own = |record: &csv::StringRecord| record.iter().skip(2).collect::<csv::StringRecord>();
        let header = own(reader.headers()?);
        // The lines of a district follow one another.
        let mut open: Option<(String, csv::Writer<File>)> = None;
        for record in reader.records() {
            let record = record?;
            if open.as_ref().is_none_or(|(code, _)| *code != record[0]) {
                let mut out = csv::Writer::from_path(into.join(&record[0]).join(name))?;
                out.write_record(&header)?;
                open = Some((record[0].to_owned(), out));
            }
            if let Some((_, out)) = &mut open {
                out.write_record(&own(&record))?;
            }
        }
    }
    Ok(())
}

/// The lines of one budget, and their total in cents.
fn lines(out: &mut impl Write, key: &str, n: u64, dice: &mut Dice) -> io::Result<i64> {
    let mut total = 0;
    for line in 1..=n {
        let large = dice.one_in(25);
        let mentor = dice.one_in(60);
        let mut amount = i64::try_from(dice.below(if large { 9_000_000 } else { 1_500_000 }))
            .expect("it fits")
            + 10_000;
        let mut mentors = String::new();
        if mentor {
            let count = 1 + dice.below(8);
            amount = i64::try_from(count).expect("it fits")
                * if dice.one_in(10) { 50_001 } else { 50_000 };
            mentors = count.to_string();
        }
        if dice.one_in(4_000) {
            amount = -amount;
        }
        total += amount;
        let tag = if mentor {
            "mentor"
        } else if dice.one_in(6) {
            "set-aside"
        } else {
            ""
        };
        let object = if dice.one_in(3_000) {
            98
        } else {
            99 + 11 * (1 + dice.below(42))
        };
        let area = if dice.one_in(8) {
            String::new()
        } else {
            (1 + dice.below(10)).to_string()
        };
        let reason = if area.is_empty() && !dice.one_in(40) {
            "Serves every school"
        } else {
            dice.of(&REASONS)
        };
        let year = if dice.one_in(5_000) { 2026 } else { 2027 };
        let described = if dice.one_in(200) {
            "Coach".to_owned()
        } else {
            format!(
                "{} at {}, room {}",
                dice.of(&WHAT),
                dice.of(&WHERE),
                dice.below(300)
            )
        };
        let fte = if dice.one_in(3) {
            format!("{}.{}", dice.below(3), dice.below(10))
        } else {
            String::new()
        };
        let row = |out: &mut dyn Write, id: u64, dice: &mut Dice| {
            writeln!(
                out,
                "{key},{id},{year},{object},{area},{},{},{fte},{},{},{tag},{mentors}",
                quoted(&described),
                cents(amount),
                quoted(dice.of(&VENDORS)),
                quoted(reason)
            )
        };
        row(out, line, dice)?;
        if dice.one_in(2_000) {
            total += amount;
            row(out, n + line, dice)?;
        }
    }
    Ok(total)
}

fn spending(out: &mut impl Write, key: &str, dice: &mut Dice) -> io::Result<()> {
    let careful = !dice.one_in(10);
    for line in 1..=PRIOR {
        let planned = i64::try_from(dice.below(3_000_000)).expect("it fits") + 100_000;
        let share = i64::try_from(if careful {
            930 + dice.below(60)
        } else {
            700 + dice.below(500)
        })
        .expect("it fits");
        writeln!(
            out,
            "{key},{line},{},{}",
            cents(planned),
            cents(planned * share / 1_000)
        )?;
    }
    Ok(())
}

fn results(out: &mut impl Write, key: &str, dice: &mut Dice) -> io::Result<()> {
    let told = !dice.one_in(15);
    for indicator in 1..=INDICATORS {
        let baseline = dice.below(700) + 100;
        let actual = if told || !dice.one_in(5) {
            tenths(baseline + dice.below(60) - 20)
        } else {
            String::new()
        };
        writeln!(
            out,
            "{key},Indicator {indicator},{},{},{actual}",
            tenths(baseline),
            tenths(baseline + 15)
        )?;
    }
    Ok(())
}

fn tenths(x: u64) -> String {
    format!("{}.{}", x / 10, x % 10)
}

fn cents(x: i64) -> String {
    let sign = if x < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", x.abs() / 100, x.abs() % 100)
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
