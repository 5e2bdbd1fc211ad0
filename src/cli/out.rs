//! The reports that `review --out` writes into a folder.

use std::path::Path;

use accordant::batch::BatchReview;
use accordant::report::{csv, github, html, json, junit, letter, sarif, xlsx};

use super::batch::WHOLE;
use super::{Format, disk};

/// The reports of a batch in a folder: everything that people open, or the one form that is asked for.
pub(super) fn write(out: &Path, batch: &BatchReview, format: Format) -> anyhow::Result<()> {
    disk::make_folder(out)?;
    let put = |name: String, bytes: &[u8]| disk::write_whole(&out.join(name), bytes);
    let stems = disk::names(
        [WHOLE]
            .into_iter()
            .chain(batch.reviews.iter().map(|r| r.path.as_str())),
    );
    let own = stems.get(1..).unwrap_or_default();
    let each = batch.reviews.iter().zip(own);
    match format {
        Format::Text => write_all(out, batch, own)?,
        Format::Html => {
            for page in html::pages(batch, own) {
                put(page.name, page.text.as_bytes())?;
            }
        }
        Format::Csv => {
            put(format!("{WHOLE}.csv"), &csv::batch(batch))?;
            for (review, stem) in each {
                put(format!("{stem}.csv"), &csv::review(review))?;
            }
        }
        Format::Xlsx => put(format!("{WHOLE}.xlsx"), &xlsx::batch(batch)?)?,
        Format::Sarif => put(format!("{WHOLE}.sarif"), sarif::batch(batch).as_bytes())?,
        Format::Junit => put(format!("{WHOLE}.xml"), junit::batch(batch).as_bytes())?,
        Format::Github => put(format!("{WHOLE}.txt"), github::batch(batch).as_bytes())?,
        Format::Json | Format::Markdown => {}
    }
    Ok(())
}

/// Everything that people open, where no form is asked for: pages, letters, the memo and the workbook; and the review for programs.
fn write_all(out: &Path, batch: &BatchReview, stems: &[String]) -> anyhow::Result<()> {
    let write = |name: &str, bytes: &[u8]| disk::write_whole(&out.join(name), bytes);
    // Letters and the memo are working papers.
    let is_public = batch.reviews.iter().any(|review| review.public);
    let pages = if is_public {
        html::pages(batch, stems)
    } else {
        html::pages_with_letters(batch, stems)
    };
    for page in pages {
        write(&page.name, page.text.as_bytes())?;
    }
    if !is_public {
        write_letters(out, batch, stems)?;
    }
    let mut programs = Vec::new();
    json::write_to(batch, &mut programs, |review| Ok(json::piece(review)))?;
    write("review.json", &programs)?;
    write("review.xlsx", &xlsx::batch(batch)?)
}

/// The draft letters, and the memo.
fn write_letters(out: &Path, batch: &BatchReview, stems: &[String]) -> anyhow::Result<()> {
    let write = |name: &str, bytes: &[u8]| disk::write_whole(&out.join(name), bytes);
    let both = |name: &str, document: &letter::Document| -> anyhow::Result<()> {
        write(&format!("{name}.docx"), &letter::docx(document)?)?;
        write(&format!("{name}.html"), letter::html(document).as_bytes())
    };
    disk::make_folder(&out.join("letters"))?;
    for (review, stem) in batch.reviews.iter().zip(stems) {
        both(
            &format!("letters/{stem}"),
            &letter::letter(&batch.pack, review),
        )?;
    }
    both("memo", &letter::memo(batch))
}
