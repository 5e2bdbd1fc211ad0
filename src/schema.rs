//! What a submission may hold, and what the reference tables hold: tables, fields, codes, and the names by which people know them.

use std::sync::Arc;

use crate::diagnostic::{SHORT, fold, fold_short, is_folded};
use crate::hash::Map;
use crate::value::{Decimal, Type, UNBOUNDED};

/// A table's place in [`Schema::tables`].
pub type TableId = usize;
/// A field's place in [`Table::fields`].
pub type FieldId = usize;

/// The tables of a pack: those of a submission first, then the reference tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// All tables; `tables[..submission]` are those of a submission.
    pub tables: Vec<Table>,
    /// How many tables a submission has.
    pub submission: usize,
    /// The ISO code of the currency of money fields.
    pub currency: String,
}

impl Schema {
    /// The table of that exact name.
    pub fn table(&self, name: &str) -> Option<TableId> {
        self.tables.iter().position(|t| t.name == name)
    }

    /// The tables of a submission.
    pub fn submission_tables(&self) -> &[Table] {
        self.tables.get(..self.submission).unwrap_or_default()
    }

    /// The submission's table that a file or sheet of this name holds, by name, label or other name.
    pub fn find_table(&self, name: &str) -> Option<TableId> {
        let folded = fold(name);
        self.submission_tables()
            .iter()
            .position(|t| t.folded.contains(&folded))
    }
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in rules and files.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Other names of its file or sheet.
    pub also: Vec<String>,
    /// When absent or empty, what rests on it is unknown.
    pub required: bool,
    /// Its fields, in the schema's order.
    pub fields: Vec<Field>,
    /// What it has besides when it is a reference table.
    pub reference: Option<Reference>,
    by_name: Map<String, FieldId>,
    /// Its own names, folded.
    folded: Vec<String>,
}

impl Table {
    /// A table; its fields are found by name, label and other names from here on.
    pub fn new(
        name: String,
        label: String,
        also: Vec<String>,
        required: bool,
        fields: Vec<Field>,
    ) -> Self {
        let mut by_name = Map::default();
        for (id, field) in fields.iter().enumerate() {
            by_name.insert(fold(&field.name), id);
        }
        for (id, field) in fields.iter().enumerate() {
            let names = std::iter::once(&field.label)
                .chain(&field.also)
                .map(|name| fold(name));
            for name in names.filter(|name| !name.is_empty()) {
                by_name.entry(name).or_insert(id);
            }
        }
        let names = [&name, &label].into_iter().chain(&also);
        let folded = names.map(|name| fold(name)).collect();
        Table {
            folded,
            name,
            label,
            also,
            required,
            fields,
            reference: None,
            by_name,
        }
    }

    /// The field of that exact name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.find_field(name)
            .filter(|&id| self.fields.get(id).is_some_and(|f| f.name == name))
    }

    /// The field that a header of these words means, by name, label or other name.
    pub fn find_field(&self, header: &str) -> Option<FieldId> {
        let exactly = self.by_name.get(header);
        if is_folded(header) {
            return exactly.copied();
        }
        let by_folded = || {
            let mut room = [0; SHORT];
            match fold_short(header, &mut room) {
                Some(folded) => self.by_name.get(folded),
                None => self.by_name.get(&fold(header)),
            }
        };
        exactly.or_else(by_folded).copied()
    }

    /// Whether a repair may change the amounts of a field: any amount of a table whose money is added up, unless the schema
    /// says otherwise.
    pub fn may_repair(&self, field: &Field) -> bool {
        let is_added_up = || self.fields.iter().any(Field::is_summed_money);
        let may = field.repair.unwrap_or_else(is_added_up);
        field.ty == Type::Money && field.suppress.is_none() && may
    }

    /// The field that is the table's key.
    pub fn key(&self) -> Option<FieldId> {
        self.fields.iter().position(|f| f.key)
    }
}

/// What a reference table declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The fields that `lookup` takes, in order.
    pub key: Vec<FieldId>,
    /// The fields that hold the first and the last fiscal year of a row.
    pub dated: Option<(FieldId, FieldId)>,
    /// The fields that hold the date of a row's figures and whether they are final: of several rows of a key one is seen.
    pub vintage: Option<(FieldId, FieldId)>,
    /// No row is an answer (`null`), not a gap.
    pub complete: bool,
    /// Who owes the missing rows.
    pub owed_by: String,
    /// The key in `sources.toml`.
    pub source: String,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in rules, files and places.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Other names of its header.
    pub also: Vec<String>,
    /// Its type.
    pub ty: Type,
    /// A blank in it is unknown, not `null`.
    pub required: bool,
    /// It may be marked as not applicable.
    pub not_applicable: bool,
    /// It names the table's rows.
    pub key: bool,
    /// A totals row is checked against its sum.
    pub total: bool,
    /// The least that makes sense.
    pub min: Option<Decimal>,
    /// The most that makes sense.
    pub max: Option<Decimal>,
    /// How many digits it has: shorter ones lost their leading zeros.
    pub digits: Option<usize>,
    /// Where its value comes from when it is blank.
    pub otherwise: Option<Otherwise>,
    /// The texts it may hold; of a text field, spellings that are known.
    pub codes: Option<Arc<Codes>>,
    /// The reference table that holds the codes, if one does.
    pub codes_of: Option<TableId>,
    /// The parameter below which its numbers are printed nowhere.
    pub suppress: Option<String>,
    /// A rule, a table of the report or a letter asks for its value. Texts that none asks for need no number.
    pub asked_for: bool,
    /// Whether a repair may change it, where the schema says; absent: the money of a table whose money is added up.
    pub repair: Option<bool>,
}

impl Field {
    /// The least an unknown value can be, for types with numbers: `min`, 0 for money, else none ([`UNBOUNDED`]).
    pub fn lowest(&self) -> Decimal {
        self.min.unwrap_or(if self.ty == Type::Money {
            Decimal::ZERO
        } else {
            -UNBOUNDED
        })
    }

    /// The most an unknown value can be: `max`, else none ([`UNBOUNDED`]).
    pub fn highest(&self) -> Decimal {
        self.max.unwrap_or(UNBOUNDED)
    }

    /// Whether it is money whose sum over all rows means something.
    pub fn is_summed_money(&self) -> bool {
        self.ty == Type::Money && self.total
    }

    /// The least that makes sense in a cell that holds a value, if the schema says.
    pub fn least(&self) -> Option<Decimal> {
        self.min
            .or((self.ty == Type::Money).then_some(Decimal::ZERO))
    }
}

/// Where a blank cell's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// The number of the row.
    Row,
    /// A field of the table `plan`.
    Plan(FieldId),
    /// A field of another table, in the row whose key this table's field `by` holds.
    Joined {
        /// The other table.
        table: TableId,
        /// The field taken from it.
        field: FieldId,
        /// The field of this table that holds the other's key.
        by: FieldId,
    },
}

/// The texts of a closed list, with the spellings by which people know them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes {
    /// Each code and its label, in the list's order.
    pub entries: Vec<(String, String)>,
    index: Map<String, usize>,
    /// Spellings that mean several codes, by the numbers of those.
    shared: Map<String, Vec<usize>>,
}

impl Codes {
    /// Adds a code with its label and other spellings. A spelling that is a code means that code; one of several codes means
    /// none.
    pub fn add<'a>(&mut self, code: &str, label: &'a str, also: impl IntoIterator<Item = &'a str>) {
        let at = match self.entries.iter().position(|(c, _)| c == code) {
            Some(at) => at,
            None => {
                self.entries.push((code.to_owned(), label.to_owned()));
                self.entries.len() - 1
            }
        };
        let own = fold(code);
        self.shared.remove(&own);
        self.index.insert(own, at);
        let names = [fold(label), fold(&spoken(code, label))].into_iter();
        for name in names
            .chain(also.into_iter().map(fold))
            .filter(|name| !name.is_empty())
        {
            self.spell(name, at);
        }
    }

    /// Lets a spelling mean a code, unless it is a code itself.
    fn spell(&mut self, name: String, at: usize) {
        let first = *self.index.entry(name.clone()).or_insert(at);
        let is_code = |at: usize| {
            let code = self.entries.get(at);
            code.is_some_and(|(code, _)| fold(code) == name)
        };
        if first == at || is_code(first) {
            return;
        }
        let codes = self.shared.entry(name).or_insert_with(|| vec![first]);
        if !codes.contains(&at) {
            codes.push(at);
        }
    }

    /// The code that a text means.
    pub fn find(&self, text: &str) -> Option<&str> {
        let at = self
            .index
            .get(text)
            .or_else(|| self.index.get(&fold(text)))
            .copied()?;
        if !self.shared.is_empty() && self.shared.contains_key(&fold(text)) {
            return None;
        }
        self.entries.get(at).map(|(code, _)| code.as_str())
    }

    /// The codes that a text means where it means several.
    pub fn meanings(&self, text: &str) -> Vec<&str> {
        let codes = self.shared.get(&fold(text)).into_iter().flatten();
        let codes = codes.filter_map(|&at| self.entries.get(at));
        codes.map(|(code, _)| code.as_str()).collect()
    }

    /// Whether the text is exactly one of the codes.
    pub fn has(&self, code: &str) -> bool {
        self.entries.iter().any(|(c, _)| c == code)
    }

    /// What people call a code.
    pub fn label(&self, code: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(c, _)| c == code)
            .map(|(_, label)| label.as_str())
    }

    /// Every code.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.entries.iter().map(|(code, _)| code.as_str())
    }
}

/// A code as people know it: by its label, and by itself too when it is a number.
pub fn spoken(code: &str, label: &str) -> String {
    match label {
        "" => code.to_owned(),
        _ if code.starts_with(|c: char| c.is_ascii_digit()) && label != code => {
            format!("{code} ({label})")
        }
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_written_with_its_label() {
        let mut codes = Codes::default();
        codes.add("111B", "Teacher salaries", ["Teachers"]);
        let shown = spoken("111B", "Teacher salaries");
        assert_eq!(shown, "111B (Teacher salaries)");
        assert_eq!(codes.find(&shown), Some("111B"));
    }

    #[test]
    fn a_spelling_of_two_codes_means_neither() {
        let mut codes = Codes::default();
        codes.add("upper-grey", "Upper Grey", ["UG"]);
        codes.add("under-grey", "Under Grey", ["ug", "upper grey", "Lower"]);
        codes.add("lower", "Lower", []);
        assert_eq!(codes.find("UG"), None);
        assert_eq!(codes.meanings("UG"), ["upper-grey", "under-grey"]);
        assert_eq!(codes.find("Upper Grey"), Some("upper-grey"));
        assert_eq!(codes.find("lower"), Some("lower"));
        codes.add("under-grey", "Under Grey", ["ug"]);
        assert_eq!(codes.meanings("UG").len(), 2);
    }
}
