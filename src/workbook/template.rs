//! The empty workbook of a pack: a sheet a table, with what may stand in each column, choices for codes, totals that add
//! themselves and checks that a spreadsheet program works out by itself; filled in with what is known of a submitter, and
//! with what last year's submission carries over.

mod checks;
mod content;
mod help;
mod instructions;
mod layout;
mod lists;
mod sheets;
mod styles;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

pub use self::content::Last;
use self::content::contents;
use self::layout::Layout;
use self::styles::Styles;
use crate::neutral::clean;
use crate::pack::InForce;

/// What a template is made for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The submitter's code.
    pub code: Option<&'a str>,
    /// The submitter's name.
    pub name: Option<&'a str>,
    /// Last year's submission.
    pub last: Option<Last<'a>>,
}

/// A template, and what is to be told of it.
#[derive(Debug, Clone)]
pub struct Made {
    /// The workbook.
    pub bytes: Vec<u8>,
    /// What was filled in, what was carried over, and what could not be.
    pub told: Vec<String>,
}

/// The template of a pack in a fiscal year.
pub fn make(in_force: &InForce<'_>, asked: Asked<'_>) -> Result<Made, XlsxError> {
    let contents = contents(in_force, asked.code, asked.name, asked.last);
    let layout = Layout::new(in_force, &contents);
    let styles = Styles::new();
    let mut book = Workbook::new();
    let title = format!("{}, {}", clean(&in_force.pack.title), in_force.year);
    // No clock: the same pack and year give the same bytes.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let properties = DocProperties::new().set_title(title);
    book.set_properties(&properties.set_creation_datetime(&made));
    instructions::write(book.add_worksheet(), &layout, &contents, asked, &styles)?;
    sheets::write(&mut book, &layout, &contents, &styles)?;
    checks::write(book.add_worksheet(), &layout, &styles)?;
    lists::write(book.add_worksheet(), &layout, &styles)?;
    Ok(Made {
        bytes: book.save_to_buffer()?,
        told: instructions::told(&layout, &contents, asked),
    })
}
