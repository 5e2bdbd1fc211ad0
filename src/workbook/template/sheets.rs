//! The sheets that are filled in: one for each table, `plan` with a field a row.

use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, ExcelDateTime, Format, Formula,
    Note, Workbook, Worksheet, XlsxError,
};

use super::content::{Content, Contents};
use super::help;
use super::layout::{Layout, Place, VALUES};
use super::styles::{Styles, of_type};
use crate::expr::formula::{Writer, all};
use crate::neutral::{cell, clean};
use crate::schema::{Field, FieldId, Table, TableId};
use crate::table::column_name;
use crate::value::{Type, Value, plain};

/// The largest figure that is read.
const LIMIT: &str = "1000000000000";

/// Writes a sheet for each table.
pub(super) fn write(
    book: &mut Workbook,
    layout: &Layout<'_>,
    contents: &Contents,
    styles: &Styles,
) -> Result<(), XlsxError> {
    for ((id, table, place), content) in layout.tables().zip(&contents.tables) {
        let sheet = book.add_worksheet().set_name(&place.sheet)?;
        let needed = if table.required { " (required)" } else { "" };
        let title = format!("{}{needed}", clean(&table.label));
        sheet.write_string_with_format(0, 0, cell(&title), &styles.title)?;
        let of = Sheet {
            layout,
            id,
            table,
            place,
            content,
            styles,
        };
        if place.is_plan {
            of.plan(sheet)?;
        } else {
            of.rows(sheet)?;
        }
    }
    Ok(())
}

/// A table on its way to its sheet.
struct Sheet<'a> {
    layout: &'a Layout<'a>,
    id: TableId,
    table: &'a Table,
    place: &'a Place,
    content: &'a Content,
    styles: &'a Styles,
}

impl Sheet<'_> {
    /// A table with a column a field.
    fn rows(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let (place, styles) = (self.place, self.styles);
        if let Some(row) = place.totals {
            sheet.set_row_format(row, &styles.total)?;
            if self.table.fields.first().is_some_and(|f| !f.total) {
                sheet.write_string_with_format(row, 0, "Total", &styles.total)?;
            }
        }
        for (column, (id, field)) in (0..).zip(self.table.fields.iter().enumerate()) {
            let format = of_type(field.ty);
            sheet.set_column_width(column, self.width(id, field))?;
            sheet.set_column_format(column, &format)?;
            sheet.write_string_with_format(
                place.header - 1,
                column,
                help::mark(field),
                &styles.mark,
            )?;
            self.header(sheet, (place.header, column), id, field)?;
            if let Some(row) = place.totals.filter(|_| field.total) {
                self.total(sheet, (row, column), id)?;
            }
            let first = format!("{}{}", column_name(u32::from(column)), place.first + 1);
            if let Some(rule) = self.validation(id, field, &first) {
                sheet.add_data_validation(place.first, column, place.last, column, &rule)?;
            }
            for (row, values) in (place.first..).zip(&self.content.rows) {
                if let Some(value) = values.get(id) {
                    self.value(sheet, (row, column), (id, field), value, &format)?;
                }
            }
        }
        sheet.set_row_height(place.header, 2 * LINE)?;
        for (row, values) in (place.first..).zip(&self.content.rows) {
            let cells = self.table.fields.iter().enumerate().zip(values);
            let texts = cells.filter_map(|((id, field), value)| match value {
                Value::Text(text) => Some((text.as_str(), usize::from(self.width(id, field)))),
                _ => None,
            });
            sheet.set_row_height(row, height(texts))?;
        }
        let names_row = self.table.fields.first().is_some_and(|f| f.key);
        sheet.set_freeze_panes(place.first, u16::from(names_row))?;
        if names_row {
            sheet.set_repeat_columns(0, 0)?;
        }
        let fields = self.table.fields.iter().enumerate();
        let wide: usize = fields.map(|(id, f)| usize::from(self.width(id, f))).sum();
        sheet.set_print_gridlines(true);
        print_set_up(sheet, pages(wide), Some((place.header - 1, place.header)))
    }

    /// The table of one row, a field a row.
    fn plan(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let (place, styles) = (self.place, self.styles);
        for (column, head) in (0..).zip(["Field", "Value", "Needed", "What may stand there"]) {
            sheet.write_string_with_format(place.header, column, head, &styles.head)?;
        }
        for (column, width) in (0..).zip([54_u16, 34, 16, 76]) {
            sheet.set_column_width(column, width)?;
        }
        let values = self.content.rows.first();
        for (row, (id, field)) in (place.first..).zip(self.table.fields.iter().enumerate()) {
            self.header(sheet, (row, 0), id, field)?;
            sheet.write_string_with_format(row, 2, help::mark(field), &styles.mark)?;
            let said = help::of_field(self.layout, self.id, id, field);
            sheet.write_string_with_format(row, 3, cell(&clean(&said)), &styles.prose)?;
            sheet.set_row_height(row, height([(said.as_str(), 70)]))?;
            let format = of_type(field.ty).set_border(rust_xlsxwriter::FormatBorder::Thin);
            sheet.write_blank(row, VALUES, &format)?;
            let at = format!("{}{}", column_name(VALUES.into()), row + 1);
            if let Some(rule) = self.validation(id, field, &at) {
                sheet.add_data_validation(row, VALUES, row, VALUES, &rule)?;
            }
            let value = values.and_then(|row| row.get(id)).unwrap_or(&Value::Null);
            if *value == Value::Null {
                self.formula(sheet, row, id, &format)?;
            } else {
                self.value(sheet, (row, VALUES), (id, field), value, &format)?;
            }
        }
        sheet.set_freeze_panes(place.first, 0)?;
        print_set_up(sheet, 1, Some((place.header, place.header)))
    }

    /// What people call a field, in words that the readers take for it, with a comment.
    fn header(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        id: FieldId,
        field: &Field,
    ) -> Result<(), XlsxError> {
        let is_required = help::is_required(field);
        let label = clean(&field.label);
        let is_found = self.table.find_field(&label) == Some(id);
        let name = if is_found { &label } else { &field.name };
        let (star, style) = if is_required {
            (" *", &self.styles.required)
        } else {
            ("", &self.styles.head)
        };
        sheet.write_string_with_format(row, column, format!("{name}{star}"), style)?;
        let said = help::of_field(self.layout, self.id, id, field);
        let said = format!(
            "{} ({})\n{said}\nIn messages: {}",
            field.label,
            help::mark(field),
            field.name
        );
        let said = clean_lines(&said);
        let lines = u32::try_from(said.chars().count() / 40 + 4).unwrap_or(12);
        let note = Note::new(said)
            .set_author("accordant")
            .add_author_prefix(false)
            .set_width(300)
            .set_height(lines * 18);
        sheet.insert_note(row, column, &note)?;
        Ok(())
    }

    fn total(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        id: FieldId,
    ) -> Result<(), XlsxError> {
        let cells = self.layout.cells(self.id, id);
        let formula = Formula::new(format!("=SUM({cells})"));
        let values = self.content.rows.iter().filter_map(|row| row.get(id));
        let numbers = values.filter_map(|value| match value {
            Value::Number(x) | Value::Money(x) | Value::Percent(x) => Some(*x),
            _ => None,
        });
        let sum: crate::value::Decimal = numbers.sum();
        let formula = formula.set_result(plain(sum));
        sheet.write_formula_with_format(row, column, formula, &self.styles.total)?;
        Ok(())
    }

    /// The formula of a field of `plan` that the pack gives one.
    fn formula(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        id: FieldId,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let formulas = &self.layout.in_force.pack.template().formulas;
        let Some((_, expr)) = formulas.iter().find(|(field, _)| *field == id) else {
            return Ok(());
        };
        let Ok(piece) = Writer::new(self.layout, Vec::new()).write(expr) else {
            return Ok(());
        };
        let text = format!("=IF({},{},\"\")", all(&piece.needs), piece.value);
        // Nobody has worked it out yet: until a spreadsheet program does, the cell is blank.
        sheet.set_formula_result_default("");
        let formula = Formula::new(text);
        let format = format.clone().set_background_color("F2F2F2");
        sheet.write_array_formula_with_format(row, VALUES, row, VALUES, formula, &format)?;
        Ok(())
    }

    fn width(&self, id: FieldId, field: &Field) -> u16 {
        let longest_word = field.label.split(' ').map(|w| w.chars().count()).max();
        let least = longest_word.unwrap_or(0) + 4;
        let usual = match field.ty {
            Type::Money => 15,
            Type::Date | Type::Percent | Type::Number => 12,
            Type::Year | Type::Boolean => 10,
            Type::Code => {
                let list = self.layout.lists.find(self.id, id);
                let choices = list
                    .into_iter()
                    .flat_map(|at| self.layout.lists.choices(at));
                let longest = choices.map(|c| c.chars().count()).max();
                longest.map_or(14, |n| (n + 4).clamp(12, 34))
            }
            Type::Text if self.is_short(field) => 14,
            Type::Text => 30,
        };
        u16::try_from(usual.max(least)).unwrap_or(30)
    }

    /// Whether a text names a row of this table or of another.
    fn is_short(&self, field: &Field) -> bool {
        let tables = self.layout.in_force.pack.schema.submission_tables();
        let is_key = |table: &Table| {
            let key = table.key().and_then(|id| table.fields.get(id));
            key.is_some_and(|key| key.name == field.name)
        };
        field.key || field.digits.is_some() || tables.iter().any(is_key)
    }

    /// What a cell takes; `at` is the first cell of a column.
    fn validation(&self, id: FieldId, field: &Field, at: &str) -> Option<DataValidation> {
        let rule = DataValidation::new()
            .set_error_title("This does not fit")
            .and_then(|rule| rule.set_error_message(self.refusal(id, field)))
            .ok()?;
        if let Some(list) = self.layout.lists.find(self.id, id) {
            let cells = format!("={}", self.layout.list(list, false));
            return Some(rule.allow_list_formula(Formula::new(cells)));
        }
        let number =
            |least: &str, most: &str| format!("AND(ISNUMBER({at}),{at}>={least},{at}<={most})");
        match field.ty {
            Type::Text => {
                let digits = field.digits.filter(|_| field.codes.is_none())?;
                let test = Formula::new(format!("=LEN({at})={digits}"));
                let rule = rule.set_error_style(DataValidationErrorStyle::Warning);
                Some(rule.allow_custom(test))
            }
            Type::Code | Type::Boolean => None,
            _ if field.not_applicable || field.suppress.is_some() => {
                let (least, most) = bounds(field);
                let test = format!("=OR({at}=\"n/a\",{at}=\"*\",{})", number(&least, &most));
                Some(rule.allow_custom(Formula::new(test)))
            }
            Type::Date => {
                let from = ExcelDateTime::from_ymd(1900, 1, 1).ok()?;
                let until = ExcelDateTime::from_ymd(2999, 12, 31).ok()?;
                Some(rule.allow_date(DataValidationRule::Between(from, until)))
            }
            Type::Year => Some(rule.allow_whole_number(DataValidationRule::Between(1900, 2999))),
            Type::Number | Type::Money | Type::Percent => {
                let (least, most) = bounds(field);
                let (least, most) = (Formula::new(least), Formula::new(most));
                let between = DataValidationRule::Between(least, most);
                Some(rule.allow_decimal_number_formula(between))
            }
        }
    }

    /// What is said of a value that does not fit; a spreadsheet takes 255 characters.
    fn refusal(&self, id: FieldId, field: &Field) -> String {
        let said = clean(&help::of_field(self.layout, self.id, id, field));
        said.chars().take(250).collect()
    }

    /// Writes a value as what it is.
    fn value(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        (id, field): (FieldId, &Field),
        value: &Value,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let text = match value {
            Value::Number(x) | Value::Percent(x) | Value::Money(x) => match x.to_f64() {
                Some(x) => {
                    sheet.write_number_with_format(row, column, x, format)?;
                    return Ok(());
                }
                None => plain(*x),
            },
            Value::Date(date) => {
                let parts = (
                    u16::try_from(date.year()).unwrap_or_default(),
                    u8::try_from(date.month()).unwrap_or_default(),
                    u8::try_from(date.day()).unwrap_or_default(),
                );
                // Before 1900 a workbook has no dates.
                match ExcelDateTime::from_ymd(parts.0, parts.1, parts.2) {
                    Ok(date) => {
                        sheet.write_datetime_with_format(row, column, &date, format)?;
                        return Ok(());
                    }
                    Err(_) => date.to_string(),
                }
            }
            Value::Bool(truth) => if *truth { "yes" } else { "no" }.to_owned(),
            Value::NotApplicable if field.not_applicable => "n/a".to_owned(),
            Value::Text(text) => {
                let list = self.layout.lists.find(self.id, id);
                let shown = list.and_then(|at| self.layout.lists.shown(at, text));
                shown.unwrap_or(text).to_owned()
            }
            _ => return Ok(()),
        };
        sheet.write_string_with_format(row, column, cell(&text), format)?;
        Ok(())
    }
}

/// The least and the most that a cell takes, as formulas write them.
fn bounds(field: &Field) -> (String, String) {
    if field.ty == Type::Date {
        return ("1".to_owned(), "401768".to_owned());
    }
    let least = field.least().map_or_else(|| format!("-{LIMIT}"), plain);
    let most = field.max.map_or_else(|| LIMIT.to_owned(), plain);
    (least, most)
}

/// The height of a line of text, in points.
const LINE: u16 = 15;

/// The height of a row that holds texts in columns of so many characters.
pub(super) fn height<'t>(texts: impl IntoIterator<Item = (&'t str, usize)>) -> u16 {
    const MOST: usize = 12;
    let lines = texts
        .into_iter()
        .map(|(text, wide)| text.chars().count().div_ceil(wide.max(1)).clamp(1, MOST));
    LINE * u16::try_from(lines.max().unwrap_or(1)).unwrap_or(1)
}

/// On how many pages beside one another columns of so many characters can be read.
pub(super) fn pages(wide: usize) -> u16 {
    u16::try_from(wide.div_ceil(170).max(1)).unwrap_or(1)
}

/// Each line without what commands a terminal or a spreadsheet.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Letter paper, landscape, so many pages wide, with rows that are repeated on each page.
pub(super) fn print_set_up(
    sheet: &mut Worksheet,
    pages: u16,
    repeated: Option<(u32, u32)>,
) -> Result<(), XlsxError> {
    sheet.set_paper_size(1);
    sheet.set_landscape();
    sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_print_fit_to_pages(pages, 0);
    sheet.set_footer("&L&A&RPage &P of &N");
    if let Some((first, last)) = repeated {
        sheet.set_repeat_rows(first, last)?;
    }
    Ok(())
}
