//! The sheet of checks: formulas that a spreadsheet program works out as people write. What the schema says is asked of
//! every table; what else is asked, the pack says.

use rust_xlsxwriter::{
    ConditionalFormatText, ConditionalFormatTextRule, Formula, Worksheet, XlsxError,
};

use super::help::is_required;
use super::layout::{Layout, Place, quoted};
use super::styles::Styles;
use crate::expr::Expr;
use crate::expr::formula::{Cells, Writer, all};
use crate::neutral::{cell, clean};
use crate::pack::{CheckBody, TemplateCheck};
use crate::read::NOT_READ;
use crate::schema::{Field, FieldId, Table, TableId};
use crate::table::column_name;
use crate::value::{Type, plain};

/// The row of the headers, from 0.
const HEADER: u32 = 4;

/// How many columns are looked at in one formula, which may not be longer than 8192 characters.
const AT_ONCE: usize = 12;

/// A check: what it asks, and its formulas without the sign before them.
struct Line {
    title: String,
    looked: String,
    wrong: String,
    /// Where the first is that is wrong, told when something is.
    first: Option<String>,
    /// The figures that are compared.
    sides: Option<[String; 2]>,
    rule: String,
}

/// Writes the sheet of checks.
pub(super) fn write(
    sheet: &mut Worksheet,
    layout: &Layout<'_>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let [_, name, _] = &layout.own;
    sheet.set_name(name)?;
    // Nobody has worked the formulas out yet: until a spreadsheet program does, they show nothing.
    sheet.set_formula_result_default("");
    sheet.write_string_with_format(0, 0, "Checks of this workbook", &styles.title)?;
    sheet.write_string_with_format(1, 0, NOT_READ, &styles.quiet)?;
    let heads = [
        ("Result", 12_u16),
        ("What is checked", 66),
        ("Looked at", 10),
        ("To look at", 10),
        ("First", 12),
        ("Comes to", 16),
        ("Against", 16),
        ("accordant's rule", 32),
    ];
    for (column, (head, width)) in (0..).zip(heads) {
        sheet.write_string_with_format(HEADER, column, head, &styles.head)?;
        sheet.set_column_width(column, width)?;
    }
    let lines: Vec<Line> = of_schema(layout)
        .into_iter()
        .chain(of_pack(layout))
        .collect();
    let mut last = HEADER;
    for (row, line) in (HEADER + 1..).zip(&lines) {
        last = row;
        one(sheet, row, line, styles)?;
    }
    let results = format!("$A${}:$A${}", HEADER + 2, last + 1);
    let all = format!(
        "=COUNTIF({results},\"LOOK AT\")&\" of {} checks say LOOK AT. accordant checks more than this sheet can.\"",
        lines.len()
    );
    sheet.write_array_formula(2, 0, 2, 0, Formula::new(all))?;
    let looks = [
        ("OK", &styles.good),
        ("LOOK AT", &styles.look),
        ("EMPTY", &styles.empty),
    ];
    for (word, format) in looks {
        let rule = ConditionalFormatText::new()
            .set_rule(ConditionalFormatTextRule::BeginsWith(word.to_owned()))
            .set_format(format);
        sheet.add_conditional_format(HEADER + 1, 0, last, 0, &rule)?;
    }
    sheet.set_freeze_panes(HEADER + 1, 0)?;
    super::sheets::print_set_up(sheet, 1, Some((HEADER, HEADER)))
}

fn one(sheet: &mut Worksheet, row: u32, line: &Line, styles: &Styles) -> Result<(), XlsxError> {
    let n = row + 1;
    let result = format!("=IF(C{n}=0,\"EMPTY\",IF(D{n}=0,\"OK\",\"LOOK AT\"))");
    // LibreOffice trusts what is stored of a plain formula, and works out an array formula anew when it opens the file.
    let result = Formula::new(result);
    sheet.write_array_formula_with_format(row, 0, row, 0, result, &styles.result)?;
    sheet.write_string_with_format(row, 1, cell(&clean(&line.title)), &styles.prose)?;
    let mut put = |column: u16, text: &str| -> Result<(), XlsxError> {
        let formula = Formula::new(format!("={text}"));
        let format = if column < 5 {
            &styles.count
        } else {
            &styles.figure
        };
        sheet.write_array_formula_with_format(row, column, row, column, formula, format)?;
        Ok(())
    };
    put(2, &line.looked)?;
    put(3, &line.wrong)?;
    if let Some(first) = &line.first {
        put(4, &format!("IF(D{n}=0,\"\",{first})"))?;
    }
    if let Some([left, right]) = &line.sides {
        put(5, left)?;
        put(6, right)?;
    }
    sheet.write_string_with_format(row, 7, cell(&clean(&line.rule)), &styles.rule)?;
    Ok(())
}

/// What the schema says: nothing required is blank, every value fits, nothing stands below the rows that formulas see.
fn of_schema(layout: &Layout<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (id, table, place) in layout.tables() {
        let of = Of {
            layout,
            id,
            table,
            place,
        };
        lines.extend(of.blanks());
        lines.extend(of.values());
    }
    lines.extend(below(layout));
    lines
}

/// A table that is checked.
struct Of<'a> {
    layout: &'a Layout<'a>,
    id: TableId,
    table: &'a Table,
    place: &'a Place,
}

impl Of<'_> {
    fn cells(&self, field: FieldId) -> String {
        self.layout.cells(self.id, field)
    }

    /// The row of each line.
    fn rows(&self) -> String {
        format!("ROW({})", self.cells(0))
    }

    /// A check of the rows in use, of which `wrong` says whether something is wrong.
    fn line(&self, title: String, wrong: &str, fields: &[FieldId]) -> Line {
        let rule = String::new();
        if self.place.is_plan {
            let each = |write: fn(&str) -> String| {
                let terms: Vec<String> = fields
                    .iter()
                    .map(|field| write(&self.cells(*field)))
                    .collect();
                terms.join("+")
            };
            let looked = if wrong.is_empty() {
                fields.len().to_string()
            } else {
                each(|cells| format!("(LEN({cells})>0)"))
            };
            let tests: Vec<(FieldId, String)> = fields
                .iter()
                .map(|field| {
                    let cells = self.cells(*field);
                    let of = self.table.fields.get(*field);
                    let bad = of.and_then(|f| self.misfit(*field, f));
                    let blank = format!("(LEN({cells})=0)");
                    (
                        *field,
                        if wrong.is_empty() {
                            blank
                        } else {
                            bad.unwrap_or_default()
                        },
                    )
                })
                .collect();
            let sum: Vec<&str> = tests.iter().map(|(_, test)| test.as_str()).collect();
            let first = tests
                .iter()
                .rev()
                .fold("\"\"".to_owned(), |rest, (field, test)| {
                    let row = self.place.first + u32::try_from(*field).unwrap_or_default() + 1;
                    format!("IF({test},\"row {row}\",{rest})")
                });
            return Line {
                title,
                looked,
                wrong: sum.join("+"),
                first: Some(first),
                sides: None,
                rule,
            };
        }
        let used = self.layout.used(self.id);
        Line {
            title,
            looked: format!("SUM({used}*1)"),
            wrong: format!("SUM(IF({used},IF({wrong},1,0),0))"),
            first: Some(format!(
                "\"row \"&MIN(IF({used},IF({wrong},{},9999999),9999999))",
                self.rows()
            )),
            sides: None,
            rule,
        }
    }

    fn blanks(&self) -> Option<Line> {
        let fields = self.table.fields.iter().enumerate();
        let fields: Vec<FieldId> = fields
            .filter(|(_, field)| is_required(field))
            .map(|(id, _)| id)
            .collect();
        if fields.is_empty() {
            return None;
        }
        let title = format!("{}: what is required is filled in", self.table.label);
        if self.place.is_plan {
            return Some(self.line(title, "", &fields));
        }
        let blank: Vec<String> = fields
            .iter()
            .map(|field| format!("(LEN({})=0)", self.cells(*field)))
            .collect();
        Some(self.line(title, &format!("({})>0", blank.join("+")), &fields))
    }

    fn values(&self) -> Vec<Line> {
        let fields = self.table.fields.iter().enumerate();
        let tests: Vec<(FieldId, String)> = fields
            .filter_map(|(id, field)| Some((id, self.misfit(id, field)?)))
            .collect();
        let parts = tests.chunks(AT_ONCE);
        let many = parts.len() > 1;
        parts
            .map(|part| {
                let fields: Vec<FieldId> = part.iter().map(|(id, _)| *id).collect();
                let sum: Vec<&str> = part.iter().map(|(_, test)| test.as_str()).collect();
                let which = if many {
                    format!(", {}", self.span_of(&fields))
                } else {
                    String::new()
                };
                let title = format!(
                    "{}{which}: every value is of its kind and within its bounds",
                    self.table.label
                );
                self.line(title, &format!("({})>0", sum.join("+")), &fields)
            })
            .collect()
    }

    /// The columns, or rows, from the first to the last of some fields.
    fn span_of(&self, fields: &[FieldId]) -> String {
        let name = |field: Option<&FieldId>| {
            let field = field
                .and_then(|f| u32::try_from(*f).ok())
                .unwrap_or_default();
            if self.place.is_plan {
                (self.place.first + field + 1).to_string()
            } else {
                column_name(field)
            }
        };
        let what = if self.place.is_plan {
            "rows"
        } else {
            "columns"
        };
        format!("{what} {} to {}", name(fields.first()), name(fields.last()))
    }

    /// Whether a cell holds what the readers would not take: 1 or 0; `None` where they take everything.
    fn misfit(&self, id: FieldId, field: &Field) -> Option<String> {
        let cells = self.cells(id);
        let may_be = if field.not_applicable {
            format!("*({cells}<>\"n/a\")")
        } else {
            String::new()
        };
        let other = format!("(LEN({cells})>0){may_be}");
        if let Some(list) = self.layout.lists.find(self.id, id) {
            let known = [false, true].map(|codes| {
                let list = self.layout.list(list, codes);
                format!("*ISERROR(MATCH({cells}&\"\",{list},0))")
            });
            return Some(format!("({other}{})", known.concat()));
        }
        let within = |least: &str, most: &str, more: &str| {
            format!(
                "IF(ISNUMBER({cells}),((({cells}<{least})+({cells}>{most}){more})>0)*1,{other})"
            )
        };
        match field.ty {
            Type::Text => {
                let digits = field.digits.filter(|_| field.codes.is_none())?;
                Some(format!("({other}*(LEN({cells})<>{digits}))"))
            }
            Type::Code | Type::Boolean => None,
            Type::Date => Some(within("1", "401768", "")),
            Type::Year => Some(within("1900", "2999", &format!("+({cells}<>INT({cells}))"))),
            Type::Number | Type::Money | Type::Percent => {
                let other = format!("{other}*({cells}<>\"*\")");
                let least = field.least().map_or_else(|| "-1E+12".to_owned(), plain);
                let most = field.max.map_or_else(|| "1E+12".to_owned(), plain);
                Some(format!(
                    "IF(ISNUMBER({cells}),((({cells}<{least})+({cells}>{most}))>0)*1,{other})"
                ))
            }
        }
    }
}

/// Formulas see so many rows of each table; what stands below is read, and not checked here.
fn below(layout: &Layout<'_>) -> Option<Line> {
    const END: u32 = 1_048_576;
    let tables = layout.tables().filter(|(.., place)| !place.is_plan);
    let counts: Vec<String> = tables
        .map(|(_, table, place)| {
            let width = u32::try_from(table.fields.len()).unwrap_or(1);
            let last = column_name(width.saturating_sub(1));
            let sheet = quoted(&place.sheet);
            format!("(COUNTA({sheet}!$A${}:${last}${END})>0)", place.last + 2)
        })
        .collect();
    (!counts.is_empty()).then(|| Line {
        title: "No table is longer than the rows that these checks see".to_owned(),
        looked: counts.len().to_string(),
        wrong: counts.join("+"),
        first: None,
        sides: None,
        rule: String::new(),
    })
}

/// What the pack asks besides; nothing of a rule that is not in force, or that asks for a figure nobody has set.
fn of_pack(layout: &Layout<'_>) -> Vec<Line> {
    let checks = layout.in_force.pack.template().checks.iter();
    checks.filter_map(|check| of_check(layout, check)).collect()
}

fn of_check(layout: &Layout<'_>, check: &TemplateCheck) -> Option<Line> {
    let in_force = layout.in_force;
    let rule = check.rule.and_then(|at| in_force.pack.rules.get(at));
    let current = rule.and_then(|rule| in_force.rules.iter().find(|c| c.rule.id == rule.id));
    let title = check.title.as_ref().or(rule.map(|r| &r.title))?;
    let id = rule.map_or("", |rule| &rule.id).to_owned();
    if let Some(body) = &check.body {
        let CheckBody {
            subjects,
            when,
            require,
        } = body;
        let rows = subjects.as_ref().map(|s| (s.table, &s.rows));
        return line(layout, rows, when.as_ref(), require, Vec::new(), title, id);
    }
    let test = current?.test?;
    let rows = rule?.subjects.as_ref().map(|s| (s.table, &s.rows));
    let lets = test.lets.iter().map(|(_, e)| e).collect();
    line(
        layout,
        rows,
        test.when.as_ref(),
        test.require.as_ref()?,
        lets,
        title,
        id,
    )
}

fn line(
    layout: &Layout<'_>,
    rows: Option<(TableId, &Expr)>,
    when: Option<&Expr>,
    require: &Expr,
    lets: Vec<&Expr>,
    title: &str,
    rule: String,
) -> Option<Line> {
    let writer = Writer::new(layout, lets);
    let require_piece = writer.write(require).ok()?;
    let when = when.map(|when| writer.write(when)).transpose().ok()?;
    let mut needs = require_piece.needs.clone();
    let mut asked: Vec<String> = Vec::new();
    if let Some((_, rows)) = rows
        && let Some(piece) = writer.subjects(rows).ok()?
    {
        needs.extend(piece.needs);
        asked.push(piece.value);
    }
    if let Some(when) = when {
        needs.extend(when.needs);
        asked.push(when.value);
    }
    if let Some((table, _)) = rows {
        needs.insert(layout.used(table));
    }
    let judged = |wrong: &str, other: &str| {
        let asked = format!("IF({},{wrong},{other})", all(&asked));
        format!("IF({},{asked},{other})", all(&needs))
    };
    let broken = |wrong: &str, right: &str| format!("IF({},{right},{wrong})", require_piece.value);
    let sides = writer.sides(require).filter(|_| rows.is_none());
    let sides = sides
        .map(|sides| sides.map(|side| format!("IF({},{},\"\")", all(&side.needs), side.value)));
    Some(Line {
        title: title.to_owned(),
        looked: format!("SUM({})", judged("1", "0")),
        wrong: format!("SUM({})", judged(&broken("1", "0"), "0")),
        first: rows.map(|(table, _)| {
            let row = format!("ROW({})", layout.cells(table, 0));
            let found = judged(&broken(&row, "9999999"), "9999999");
            format!("\"row \"&MIN({found})")
        }),
        sides,
        rule,
    })
}
