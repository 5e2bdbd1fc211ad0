//! Titles, messages and advice as people should read them.

use super::{Looker, keys};
use crate::diagnostic::{Lint, Mistake};
use crate::pack::{Body, Part, Rule, Template};

/// Words that begin a statement, not an order.
const STATEMENTS: [&str; 9] = [
    "A", "An", "It", "Nothing", "That", "The", "There", "This", "You",
];

/// Words of an order: a title says what is true of a good plan.
const ORDERS: [&str; 4] = ["must", "ought", "shall", "should"];

pub(super) fn look(of: Looker<'_>) -> Vec<Mistake> {
    let rules = of.pack.rules.iter();
    rules.flat_map(|rule| of_rule(of, rule)).collect()
}

fn of_rule(of: Looker<'_>, rule: &Rule) -> Vec<Mistake> {
    let tell = |lint: Lint, keys: &[&str], wrong: (&str, &str)| {
        let span = of.places.value(&rule.file, keys);
        let (message, help) = wrong;
        of.of_rule(lint, (rule, span), message, help)
    };
    let title = title(&rule.title).map(|wrong| tell(Lint::TitleStyle, &["title"], wrong));
    let mut found: Vec<Mistake> = title.into_iter().collect();
    for (at, edition) in rule.editions.iter().enumerate() {
        let Body::Test(test) = &edition.body else {
            continue;
        };
        let at = at.to_string();
        let key = |part| keys(rule, &at, &[part]);
        let wrong = message(&test.message);
        found.extend(wrong.map(|wrong| tell(Lint::MessageStyle, &key("message"), wrong)));
        let wrong = test.advice.as_ref().and_then(advice);
        found.extend(wrong.map(|wrong| tell(Lint::AdviceStyle, &key("advice"), wrong)));
    }
    found
}

/// What is wrong with a title, and what would be right.
fn title(text: &str) -> Option<(&'static str, &'static str)> {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    if text.trim_end().ends_with('.') {
        Some(("a title has no full stop", "take it away"))
    } else if text.starts_with(char::is_lowercase) {
        let help = "begin it with a capital: it stands alone in lists";
        Some(("a title begins with a capital", help))
    } else if words.any(|word| ORDERS.contains(&word)) {
        let help = "say what is true of a good plan: `Every line has an amount`";
        Some(("a title states, and does not order", help))
    } else {
        None
    }
}

/// What is wrong with a message.
fn message(text: &Template) -> Option<(&'static str, &'static str)> {
    let first = first_words(text).split_whitespace().next();
    if first.is_some_and(|word| word.starts_with(char::is_uppercase) && !is_name(word)) {
        let help = "begin it in lower case: it stands behind the rule's name";
        Some(("a message begins in lower case", help))
    } else if last_words(text).trim_end().ends_with('.') {
        Some(("a message has no full stop", "take it away"))
    } else {
        None
    }
}

/// What is wrong with advice.
fn advice(text: &Template) -> Option<(&'static str, &'static str)> {
    let first = first_words(text).split_whitespace().next();
    if first.is_some_and(|word| word.starts_with(char::is_lowercase)) {
        Some((
            "advice begins with a capital",
            "it is a sentence of its own",
        ))
    } else if first.is_some_and(|word| STATEMENTS.contains(&word)) {
        let help = "begin with what to do: `Add a line, or say why not.`";
        Some(("advice is an order", help))
    } else if !last_words(text)
        .trim_end()
        .ends_with(['.', '?', '!', '”', '"'])
    {
        Some((
            "advice ends with a full stop",
            "it is a sentence of its own",
        ))
    } else {
        None
    }
}

/// The words that stand before the first value.
fn first_words(text: &Template) -> &str {
    match text.parts.first() {
        Some(Part::Text(words)) => words,
        _ => "",
    }
}

/// The words that stand behind the last value.
fn last_words(text: &Template) -> &str {
    match text.parts.last() {
        Some(Part::Text(words)) => words,
        _ => "",
    }
}

/// `FTE`, `K-3` or `McKinney`: a word with more capitals, or with digits, is a name.
fn is_name(word: &str) -> bool {
    let mut letters = word.chars().skip(1);
    letters.any(|c| c.is_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Template {
        let text = Part::Text(text.to_owned());
        Template { parts: vec![text] }
    }

    #[track_caller]
    fn fits(found: Option<(&str, &str)>) {
        assert_eq!(found, None);
    }

    #[test]
    fn a_title_states() {
        fits(title("TEAM mentor stipends are 500 dollars each"));
        assert!(title("Every line has an amount.").is_some());
        assert!(title("every line has an amount").is_some());
        assert!(title("Every line must have an amount").is_some());
    }

    #[test]
    fn a_message_is_a_phrase() {
        fits(message(&words("FTE is missing")));
        fits(message(&words("the line has no amount")));
        assert!(message(&words("The line has no amount")).is_some());
        assert!(message(&words("the line has no amount.")).is_some());
    }

    #[test]
    fn advice_is_an_order() {
        fits(advice(&words("Add a line.")));
        assert!(advice(&words("Add a line")).is_some());
        assert!(advice(&words("add a line.")).is_some());
        assert!(advice(&words("The plan needs a line.")).is_some());
    }
}
