//! A map of a foreign spreadsheet: where a form keeps what, and which of a submission's fields it is. Data alone.

use super::pattern::Pattern;
use crate::schema::{FieldId, TableId};

/// A form, as a pack maps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormMap {
    /// Its id: the stem of its file.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Whose reading of what it is.
    pub note: String,
    /// Words that stand in a cell of every such file: with them it is this form, and no other.
    pub marks: Vec<Pattern>,
    /// It is one page of a plan, and never the whole.
    pub page: bool,
    /// The columns that tell to which plan a row belongs, when one file holds the rows of many.
    pub plans: Option<Plans>,
    /// Its blocks, in the order of the map.
    pub blocks: Vec<Block>,
}

/// The columns that tell to which plan a row belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans {
    /// The district's code.
    pub district_code: Vec<Pattern>,
    /// The fiscal year.
    pub plan_year: Vec<Pattern>,
    /// The revision, where there is one.
    pub revision: Vec<Pattern>,
}

/// A part of a form that holds rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The table of the submission.
    pub table: TableId,
    /// The sheets on which it stands; none named: any.
    pub sheets: Vec<Pattern>,
    /// Names of sheets on which it does not stand where another sheet has it: drafts, copies, other years.
    pub except: Vec<Pattern>,
    /// The form is not recognised without rows of its table, from this block or another.
    pub required: bool,
    /// It stands below a cell of these words, if any are named.
    pub after: Vec<Pattern>,
    /// It ends above a cell of these words.
    pub until: Vec<Pattern>,
    /// It counts only on a sheet where the value beside a label fits.
    pub only: Vec<(Name, Vec<Pattern>)>,
    /// The headers of the columns, by field.
    pub columns: Vec<Source>,
    /// The fields whose columns must be there.
    pub needs: Vec<FieldId>,
    /// The labels beside or above a value, by field.
    pub labels: Vec<Source>,
    /// Values that the form does not say, by field.
    pub constants: Vec<(FieldId, String)>,
    /// The form's own spellings of values, by field.
    pub values: Vec<(FieldId, Vec<(String, Vec<Pattern>)>)>,
    /// Fields whose value stands in a row of its own above the rows that it holds for.
    pub headings: Vec<FieldId>,
    /// Fields that take the number with which a cell begins.
    pub leading: Vec<FieldId>,
    /// Fields that take the words behind that number.
    pub trailing: Vec<FieldId>,
    /// Fields whose column is another field's too.
    pub shared: Vec<FieldId>,
    /// One column for each value of a field.
    pub unpivot: Option<Unpivot>,
    /// The field that holds the text beside a tick.
    pub ticks: Option<FieldId>,
    /// Fields that are printed on the blank form: a row with nothing else is no line.
    pub printed: Vec<FieldId>,
    /// Words of explanations: a row of nothing else is no line.
    pub hints: Vec<Pattern>,
    /// Words of totals rows, beside the usual ones.
    pub totals: Vec<Pattern>,
    /// Rows that say the same of a key are one.
    pub distinct: bool,
}

/// The names under which a form keeps a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The field.
    pub field: FieldId,
    /// The names of its header or label.
    pub names: Vec<Name>,
}

/// The name of a column, perhaps below another; or of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The words of the upper of two header rows, or of a label to the left of another: `Funding | State`.
    pub upper: Option<Pattern>,
    /// The words of the column or the label itself.
    pub lower: Pattern,
    /// The words before and behind a value that stands among them: `FISCAL YEAR {}`.
    pub around: Option<(String, String)>,
}

/// Columns that are rows in truth: one figure for each value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpivot {
    /// The field of the figures.
    pub value: FieldId,
    /// The field whose values the columns are.
    pub name: FieldId,
    /// The columns of each value.
    pub columns: Vec<(String, Vec<Name>)>,
    /// The column of their sum, which is checked.
    pub total: Vec<Name>,
}

impl Block {
    /// Whether the column of a field may be that of another too.
    pub(crate) fn shares(&self, field: FieldId) -> bool {
        let lists = [&self.leading, &self.trailing, &self.shared];
        lists.iter().any(|list| list.contains(&field))
    }
}

impl Name {
    /// Its words in lower case.
    pub(crate) fn words(&self) -> String {
        let upper = self.upper.as_ref().map_or("", |u| &u.written);
        format!("{upper}|{}", self.lower.written).to_lowercase()
    }

    /// The name of a text.
    pub fn new(text: &str) -> Self {
        let (upper, lower) = match text.split_once('|') {
            Some((upper, lower)) => (Some(Pattern::new(upper.trim())), lower.trim()),
            None => (None, text.trim()),
        };
        let around = lower.split_once("{}").map(|(before, behind)| {
            let part = |text: &str| text.trim_matches(['*', ' ']).to_lowercase();
            (part(before), part(behind))
        });
        Name {
            upper,
            lower: Pattern::new(lower),
            around,
        }
    }
}
