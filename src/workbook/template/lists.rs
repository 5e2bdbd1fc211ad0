//! The lists of codes in force, from which cells are chosen: a sheet that people may read too.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::layout::Layout;
use super::styles::Styles;
use crate::neutral::{cell, clean};
use crate::pack::InForce;
use crate::read::NOT_READ;
use crate::schema::{Field, FieldId, TableId, spoken};
use crate::table::column_name;
use crate::value::Type;

/// The row above the first choice, from 0.
const HEADER: u32 = 4;

/// A list: what people choose, and the code that it means.
#[derive(Debug, PartialEq, Eq)]
struct List {
    title: String,
    choices: Vec<(String, String)>,
}

/// All lists, and which field has which.
#[derive(Debug, Default)]
pub(super) struct Lists {
    lists: Vec<List>,
    of: Vec<((TableId, FieldId), usize)>,
}

impl Lists {
    pub(super) fn of(in_force: &InForce<'_>) -> Self {
        let mut lists = Lists::default();
        let schema = &in_force.pack.schema;
        for (table, of) in schema.submission_tables().iter().enumerate() {
            for (id, field) in of.fields.iter().enumerate() {
                let choices = choices(in_force, field);
                if choices.is_empty() {
                    continue;
                }
                let list = field.codes_of.and_then(|list| schema.tables.get(list));
                let title = list.map_or(&field.label, |list| &list.label).clone();
                let known = lists.lists.iter().position(|list| list.choices == choices);
                let at = known.unwrap_or_else(|| {
                    lists.lists.push(List { title, choices });
                    lists.lists.len() - 1
                });
                lists.of.push(((table, id), at));
            }
        }
        lists
    }

    /// The list of a field, if it has one.
    pub(super) fn find(&self, table: TableId, field: FieldId) -> Option<usize> {
        let of = self.of.iter().find(|(of, _)| *of == (table, field));
        of.map(|(_, at)| *at)
    }

    /// What may be chosen.
    pub(super) fn choices(&self, at: usize) -> impl Iterator<Item = &str> {
        let list = self.lists.get(at);
        list.into_iter()
            .flat_map(|list| list.choices.iter().map(|(shown, _)| shown.as_str()))
    }

    /// What a person chooses for a code.
    pub(super) fn shown(&self, at: usize, code: &str) -> Option<&str> {
        let list = self.lists.get(at)?;
        let choice = list.choices.iter().find(|(_, c)| c == code);
        choice.map(|(shown, _)| shown.as_str())
    }

    /// The cells of a list on its sheet.
    pub(super) fn range(&self, at: usize, codes: bool) -> String {
        let count = self.lists.get(at).map_or(0, |list| list.choices.len());
        let column = column_name(u32::from(column(at)) + u32::from(codes));
        let first = HEADER + 2;
        let last = HEADER + 1 + u32::try_from(count).unwrap_or(u32::MAX);
        format!("${column}${first}:${column}${last}")
    }
}

fn column(at: usize) -> u16 {
    u16::try_from(at).map_or(u16::MAX, |at| at.saturating_mul(3))
}

/// What may be chosen for a field in the year.
fn choices(in_force: &InForce<'_>, field: &Field) -> Vec<(String, String)> {
    let mut choices: Vec<(String, String)> = match field.ty {
        Type::Boolean => [("yes", "true"), ("no", "false")]
            .map(|(shown, code)| (shown.to_owned(), code.to_owned()))
            .into(),
        Type::Code => {
            let found = |text: &str| field.codes.as_ref().and_then(|codes| codes.find(text));
            let choice = |(code, label): (String, String)| {
                let names = [spoken(&code, &label), label];
                let shown = names.into_iter().find(|name| found(name) == Some(&code));
                (shown.unwrap_or_else(|| code.clone()), code)
            };
            in_force.codes(field).into_iter().map(choice).collect()
        }
        _ => Vec::new(),
    };
    if field.not_applicable && !choices.is_empty() {
        choices.push(("n/a".to_owned(), "not applicable".to_owned()));
    }
    choices
}

/// Writes the sheet of lists.
pub(super) fn write(
    sheet: &mut Worksheet,
    layout: &Layout<'_>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let [.., name] = &layout.own;
    sheet.set_name(name)?;
    let year = layout.in_force.year;
    let title = format!("What may be chosen in fiscal year {year}");
    sheet.write_string_with_format(0, 0, title, &styles.title)?;
    sheet.write_string_with_format(1, 0, NOT_READ, &styles.quiet)?;
    let mut widths = 0;
    for (at, list) in layout.lists.lists.iter().enumerate() {
        let column = column(at);
        let title = clean(&list.title);
        sheet.write_string_with_format(HEADER - 1, column, cell(&title), &styles.section)?;
        sheet.write_string_with_format(HEADER, column, "Choose", &styles.head)?;
        sheet.write_string_with_format(HEADER, column + 1, "Code", &styles.head)?;
        for (row, (shown, code)) in (HEADER + 1..).zip(&list.choices) {
            sheet.write_string(row, column, shown.as_str())?;
            sheet.write_string_with_format(row, column + 1, code.as_str(), &styles.quiet)?;
        }
        let widest = list.choices.iter().map(|(shown, _)| shown.chars().count());
        let wide = widest.max().unwrap_or(0).max(title.chars().count());
        let wide = wide.clamp(10, 60) + 2;
        widths += wide + 19;
        sheet.set_column_width(column, u16::try_from(wide).unwrap_or(60))?;
        sheet.set_column_width(column + 1, 16)?;
        sheet.set_column_width(column + 2, 3)?;
    }
    sheet.set_freeze_panes(HEADER + 1, 0)?;
    let pages = super::sheets::pages(widths);
    super::sheets::print_set_up(sheet, pages, Some((HEADER - 1, HEADER)))
}
