//! What rests on what: clause → rules → cases, rule → clauses, and what a person's reading of a clause would change.

use crate::pack::{Basis, Pack, Param, Rule, Severity, Source, Verification};
use crate::schema::Table;

/// The clauses and the rules of a pack, each with what it rests on or what rests on it.
#[derive(Debug, Clone)]
pub struct Trace<'p> {
    /// The pack.
    pub pack: &'p Pack,
    /// Its clauses by section of law, in the order of its file.
    pub sections: Vec<Section<'p>>,
    /// Its documents and data.
    pub documents: Vec<Ground<'p>>,
    /// Its rules, by id.
    pub rules: Vec<Traced<'p>>,
}

/// The clauses of one section.
#[derive(Debug, Clone)]
pub struct Section<'p> {
    /// What they have in common of their citations: `C.G.S. § 10-262u`.
    pub title: &'p str,
    /// The clauses.
    pub clauses: Vec<Ground<'p>>,
}

/// A source, and what rests on it.
#[derive(Debug, Clone)]
pub struct Ground<'p> {
    /// The source.
    pub source: &'p Source,
    /// The rules that cite it.
    pub rules: Vec<&'p Rule>,
    /// The parameters with a value of which it is the source.
    pub params: Vec<&'p Param>,
    /// The reference tables of which it is the source.
    pub tables: Vec<&'p Table>,
}

/// A rule, and what it rests on.
#[derive(Debug, Clone)]
pub struct Traced<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// The clauses that it cites.
    pub clauses: Vec<&'p Source>,
    /// The documents and data that it cites.
    pub documents: Vec<&'p Source>,
}

/// How many clauses and rules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Clauses.
    pub clauses: usize,
    /// Clauses that a rule cites.
    pub with_rules: usize,
    /// Clauses that say why no rule does.
    pub without_rules: usize,
    /// Clauses that nobody confirmed.
    pub unconfirmed: usize,
    /// Rules.
    pub rules: usize,
    /// Cases of the rules.
    pub cases: usize,
}

/// A rule of law that rests on text nobody confirmed.
#[derive(Debug, Clone)]
pub struct Unread<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// The clauses of it that are unconfirmed.
    pub clauses: Vec<&'p Source>,
    /// It rests on nothing else, so that it weighs less than it may.
    pub alone: bool,
    /// What it weighs once one of them has been read.
    pub then: Severity,
}

/// A clause that a person must read, and what the answer changes.
#[derive(Debug, Clone)]
pub struct ToRead<'p> {
    /// The clause, and what rests on it.
    pub ground: Ground<'p>,
    /// The rules that weigh more once it has been read: each with what it then weighs.
    pub lifted: Vec<(&'p Rule, Severity)>,
    /// The rules that fall without it.
    pub fall: Vec<&'p Rule>,
    /// The rules that have other sources beside it.
    pub stay: Vec<&'p Rule>,
    /// The rules of law that lose their force if it only permits.
    pub of_law: Vec<&'p Rule>,
}

impl<'p> Trace<'p> {
    /// The trace of a pack, with what its office file says.
    pub fn new(pack: &'p Pack) -> Self {
        let mut trace = Trace {
            pack,
            sections: Vec::new(),
            documents: Vec::new(),
            rules: pack.rules.iter().map(|r| Traced::new(pack, r)).collect(),
        };
        for (at, source) in pack.sources.iter().enumerate() {
            let ground = Ground::new(pack, at, source);
            if source.is_clause() {
                trace.clause(ground);
            } else {
                trace.documents.push(ground);
            }
        }
        trace
    }

    /// Adds a clause to its section.
    fn clause(&mut self, clause: Ground<'p>) {
        let title = section(&clause.source.citation);
        match self.sections.iter_mut().find(|s| s.title == title) {
            Some(section) => section.clauses.push(clause),
            None => self.sections.push(Section {
                title,
                clauses: vec![clause],
            }),
        }
    }

    /// The part of it that is about one source or rule: the source of that key with the rules that rest on it, or the
    /// rules of that id or code with their sources. `None` when there is neither.
    pub fn about(&self, name: &str) -> Option<Trace<'p>> {
        let is_named = |r: &Rule| r.id == name || r.code.eq_ignore_ascii_case(name);
        let named: Vec<&Rule> = self.pack.rules.iter().filter(|r| is_named(r)).collect();
        let is_source = |s: &Source| s.key == name;
        let keep = |ground: &Ground<'_>| {
            is_source(ground.source)
                || (ground.rules.iter()).any(|r| named.iter().any(|n| n.id == r.id))
        };
        let rests = |t: &Traced<'_>| {
            is_named(t.rule) || t.clauses.iter().chain(&t.documents).any(|s| is_source(s))
        };
        let mut part = self.clone();
        for section in &mut part.sections {
            section.clauses.retain(keep);
        }
        part.sections.retain(|s| !s.clauses.is_empty());
        part.documents.retain(keep);
        part.rules.retain(rests);
        let found = !named.is_empty() || self.pack.sources.iter().any(is_source);
        found.then_some(part)
    }

    /// The clauses of all sections.
    pub fn clauses(&self) -> impl Iterator<Item = &Ground<'p>> {
        self.sections.iter().flat_map(|s| &s.clauses)
    }

    /// How many there are of each.
    pub fn counts(&self) -> Counts {
        let with_rules = self.clauses().filter(|c| !c.rules.is_empty()).count();
        let clauses = self.clauses().count();
        Counts {
            clauses,
            with_rules,
            without_rules: clauses - with_rules,
            unconfirmed: self.clauses().filter(|c| unconfirmed(c.source)).count(),
            rules: self.rules.len(),
            cases: self.rules.iter().map(|r| r.rule.cases.len()).sum(),
        }
    }

    /// The rules of law that rest on text nobody confirmed.
    pub fn unread(&self) -> Vec<Unread<'p>> {
        let of_law = |t: &&Traced<'_>| t.rule.basis == Basis::Statute;
        let unread = self.rules.iter().filter(of_law).map(|traced| {
            let rule = traced.rule;
            let unread = traced.clauses.iter().filter(|s| unconfirmed(s));
            Unread {
                rule,
                clauses: unread.copied().collect(),
                alone: !rule.is_confirmed(&self.pack.sources),
                then: rule.verified_severity.unwrap_or(rule.severity),
            }
        });
        unread.filter(|u| !u.clauses.is_empty()).collect()
    }

    /// The clauses that nobody confirmed, by section, each with what a reading of it changes.
    pub fn to_read(&self) -> Vec<(&'p str, Vec<ToRead<'p>>)> {
        let sections = self.sections.iter().map(|section| {
            let unread = section.clauses.iter().filter(|c| unconfirmed(c.source));
            (section.title, unread.map(|c| self.answers(c)).collect())
        });
        sections
            .filter(|(_, c): &(_, Vec<_>)| !c.is_empty())
            .collect()
    }

    fn answers(&self, ground: &Ground<'p>) -> ToRead<'p> {
        let sources = &self.pack.sources;
        let lifted = |rule: &&'p Rule| {
            let then = rule.verified_severity.filter(|v| *v > rule.severity)?;
            (!rule.is_confirmed(sources)).then_some((*rule, then))
        };
        // Another document is no ground for a rule of law.
        let other = |rule: &Rule, at: usize| {
            sources.get(at).is_some_and(|s| {
                s.key != ground.source.key && (rule.basis != Basis::Statute || s.is_clause())
            })
        };
        let (stay, fall) = (ground.rules.iter().copied())
            .partition(|rule| rule.cites.iter().any(|&at| other(rule, at)));
        let obliges = matches!(
            ground.source.modality.as_deref(),
            Some("shall" | "must" | "will")
        );
        let of_law = ground.rules.iter().filter(|r| r.basis == Basis::Statute);
        ToRead {
            lifted: ground.rules.iter().filter_map(lifted).collect(),
            fall,
            stay,
            of_law: of_law.filter(|_| obliges).copied().collect(),
            ground: ground.clone(),
        }
    }

    /// The clauses that were confirmed without their text being read.
    pub fn known_otherwise(&self) -> impl Iterator<Item = &Ground<'p>> {
        let otherwise = [Verification::Corroborated, Verification::DataConfirmed];
        self.clauses()
            .filter(move |c| otherwise.contains(&c.source.verification))
    }

    /// The documents and data that nobody confirmed.
    pub fn unconfirmed_documents(&self) -> impl Iterator<Item = &Ground<'p>> {
        self.documents.iter().filter(|d| unconfirmed(d.source))
    }
}

impl<'p> Ground<'p> {
    fn new(pack: &'p Pack, at: usize, source: &'p Source) -> Self {
        let is_of = |p: &&Param| {
            let mut values = p.values.iter();
            values.any(|v| v.source == source.key && !v.by_office)
        };
        let holds = |t: &&Table| {
            let reference = t.reference.as_ref();
            reference.is_some_and(|r| r.source == source.key)
        };
        Ground {
            source,
            rules: (pack.rules.iter())
                .filter(|r| r.cites.contains(&at))
                .collect(),
            params: pack.params.iter().filter(is_of).collect(),
            tables: pack.schema.tables.iter().filter(holds).collect(),
        }
    }
}

impl<'p> Traced<'p> {
    fn new(pack: &'p Pack, rule: &'p Rule) -> Self {
        let cited = rule.cites.iter().filter_map(|&at| pack.sources.get(at));
        let (clauses, documents) = cited.partition(|s| s.is_clause());
        Traced {
            rule,
            clauses,
            documents,
        }
    }
}

fn unconfirmed(source: &Source) -> bool {
    source.verification == Verification::Unconfirmed
}

/// The section that a citation names: what stands before its subsection, or before the words that tell clauses of it apart.
fn section(citation: &str) -> &str {
    let number = citation.find('§').unwrap_or(0);
    let ends: &[char] = if citation.contains('§') {
        &['(', ',', ':', ';']
    } else {
        &[':']
    };
    let rest = citation.get(number..).unwrap_or_default();
    let end = rest.find(ends).map_or(citation.len(), |at| number + at);
    citation.get(..end).unwrap_or(citation).trim_end()
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn a_section_is_what_clauses_have_in_common() {
        assert_eq!(section("Code § 10-2u(d)(4)"), "Code § 10-2u");
        assert_eq!(section("Code § 10-2u(d), use of data"), "Code § 10-2u");
        assert_eq!(section("Code §§ 1-2 and 1-3, goal"), "Code §§ 1-2 and 1-3");
        assert_eq!(section("Act 23-167 § 4, cost"), "Act 23-167 § 4");
        assert_eq!(
            section("Agency, Grants (page): yearly review"),
            "Agency, Grants (page)"
        );
        assert_eq!(section("Letter (2012)"), "Letter (2012)");
    }
}
