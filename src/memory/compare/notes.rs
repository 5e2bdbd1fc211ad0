//! What to know of two submissions before their comparison is read.

use super::Side;
use crate::pack::Pack;
use crate::review::Review;
use crate::value::plain;

/// Something to know of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// They are perhaps not to be compared at all.
    pub loud: bool,
    /// What it is.
    pub words: String,
}

pub(super) fn notes(pack: &Pack, old: Side<'_>, new: Side<'_>) -> Vec<Note> {
    let (old, new) = (old.review, new.review);
    let mut notes = Vec::new();
    notes.extend(whose(pack, old, new));
    notes.extend(years(pack, old, new));
    notes.extend(order(old, new));
    notes.extend(same_files(old, new));
    for (side, review) in [("old", old), ("new", new)] {
        if review.recommendation.is_none() {
            let words = format!("the {side} one was not judged: {}", review.wording);
            notes.push(Note { loud: true, words });
        }
        if review.page {
            let plan = &pack.words.submission;
            let words = format!("the {side} one is one page of a {plan}, never the whole");
            notes.push(Note { loud: true, words });
        }
    }
    notes
}

fn name(review: &Review) -> String {
    match (&review.district, &review.district_code) {
        (Some(name), Some(code)) => format!("{name} ({code})"),
        (Some(name), None) => name.clone(),
        (None, Some(code)) => code.clone(),
        (None, None) => "nobody who can be told".to_owned(),
    }
}

fn whose(pack: &Pack, old: &Review, new: &Review) -> Option<Note> {
    let who = |review: &Review| {
        let code = review.district_code.clone();
        code.or_else(|| review.district.clone())
    };
    if !pack.identity.names_submitters() || (who(old).is_some() && who(old) == who(new)) {
        return None;
    }
    let (plans, whose) = (pack.words.submissions(), &pack.words.submitter);
    let words = match (who(old), who(new)) {
        (Some(_), Some(_)) => format!(
            "these are {plans} of two {}: {} and {}",
            pack.words.submitters(),
            name(old),
            name(new)
        ),
        _ => format!(
            "whether these are {plans} of one {whose} cannot be told: they are of {} and of {}",
            name(old),
            name(new)
        ),
    };
    Some(Note { loud: true, words })
}

fn years(pack: &Pack, old: &Review, new: &Review) -> Option<Note> {
    let (from, to) = old.fiscal_year.zip(new.fiscal_year)?;
    let plans = pack.words.submissions();
    let words =
        format!("these are {plans} of fiscal years {from} and {to}, each judged by its own rules");
    (from != to).then_some(Note { loud: false, words })
}

fn order(old: &Review, new: &Review) -> Option<Note> {
    let earlier = new.fiscal_year.zip(old.fiscal_year);
    let is_earlier = earlier.is_some_and(|(new, old)| new < old);
    let (before, after) = (
        old.revision.unwrap_or_default(),
        new.revision.unwrap_or_default(),
    );
    let is_lower = old.fiscal_year == new.fiscal_year && after < before;
    let words = if is_earlier {
        "the new one is of the earlier year: were they named the wrong way round?".to_owned()
    } else if is_lower {
        format!(
            "the new one is revision {}, the old one revision {}: were they named the wrong way round?",
            plain(after),
            plain(before)
        )
    } else {
        return None;
    };
    Some(Note { loud: true, words })
}

fn same_files(old: &Review, new: &Review) -> Option<Note> {
    let digests = |review: &Review| -> Option<Vec<String>> {
        let mut all: Vec<String> = review
            .inputs
            .iter()
            .map(|input| input.sha256.clone())
            .collect::<Option<_>>()?;
        all.sort();
        Some(all).filter(|all| !all.is_empty())
    };
    let same = digests(old)? == digests(new)?;
    let words = "both are the same files, byte for byte".to_owned();
    same.then_some(Note { loud: false, words })
}
