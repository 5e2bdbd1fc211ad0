//! The styles of a workbook, with those of coloured cells behind them: each is the cell's own but for its fill.

use std::collections::BTreeMap;

use super::xml::{Doc, Edits, escaped, retag};

/// What a cell's colour says, from the mildest. The words say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Colour {
    Notice,
    Note,
    Condition,
    Mistake,
    Return,
    Unreadable,
    Escalate,
}

impl Colour {
    const ALL: [Colour; 7] = [
        Colour::Notice,
        Colour::Note,
        Colour::Condition,
        Colour::Mistake,
        Colour::Return,
        Colour::Unreadable,
        Colour::Escalate,
    ];

    /// Light enough for black letters.
    fn rgb(self) -> &'static str {
        match self {
            Colour::Notice => "FFE7E6E6",
            Colour::Note => "FFDDEBF7",
            Colour::Condition => "FFFFEB9C",
            Colour::Mistake => "FFFCD5B4",
            Colour::Return => "FFFFC7CE",
            Colour::Unreadable => "FFF4A6A6",
            Colour::Escalate => "FFE4C6F2",
        }
    }
}

/// The styles of the sheet of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    Title,
    Plain,
    Head,
    Wrapped,
    Link,
}

/// The part of the styles, while it grows.
pub(super) struct Styles {
    xml: String,
    /// The styles of cells that were there.
    stored: Vec<String>,
    added: Vec<String>,
    painted: BTreeMap<(usize, Colour), usize>,
    own: Vec<(Own, usize)>,
    severity: BTreeMap<Colour, usize>,
    fills: usize,
    fonts: usize,
    prefix: String,
    /// What a style of our own takes from the workbook besides.
    base: &'static str,
    /// The first font: its size and its name.
    letters: String,
}

const ORDER: [&str; 11] = [
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
];

/// The styles of a workbook that has none.
pub(super) const NONE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<styleSheet \
    xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><fonts count=\"1\"><font><sz val=\"11\"/><name \
    val=\"Calibri\"/></font></fonts><fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill \
    patternType=\"gray125\"/></fill></fills><borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border>\
    </borders><cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs><cellXfs \
    count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/></cellXfs></styleSheet>";

impl Styles {
    /// The styles of a workbook; `None` when they are damaged.
    pub(super) fn of(xml: String) -> Option<Self> {
        let doc = Doc::parse(&xml, 3)?;
        let count = |name: &str| {
            let stored = doc.top(name).map(|list| doc.children(list).count());
            stored.filter(|n| *n > 0)
        };
        let has_borders = count("borders").is_some();
        let has_styles = count("cellStyleXfs").is_some();
        let list = doc
            .top("cellXfs")
            .into_iter()
            .flat_map(|list| doc.children(list));
        let mut stored: Vec<String> = list.map(|xf| doc.text_of(xf).to_owned()).collect();
        let prefix = doc.prefix();
        let missing = stored.is_empty();
        if missing {
            stored.push(format!(
                "<{prefix}xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\"/>"
            ));
        }
        let font = doc
            .top("fonts")
            .and_then(|fonts| doc.children(fonts).next());
        let of_font = |name: &str| {
            let value = doc.child(font?, name)?.attribute("val")?;
            Some(format!("<{prefix}{name} val=\"{}\"/>", escaped(&value)))
        };
        let letters = ["sz", "name", "family"].map(|name| of_font(name).unwrap_or_default());
        Some(Styles {
            added: Vec::new(),
            painted: BTreeMap::new(),
            own: Vec::new(),
            severity: BTreeMap::new(),
            // Without a list the first two, which every program presumes, are written with it.
            fills: count("fills").unwrap_or(2),
            fonts: count("fonts").unwrap_or(1),
            base: match (has_borders, has_styles) {
                (true, true) => " borderId=\"0\" xfId=\"0\"",
                (true, false) => " borderId=\"0\"",
                (false, true) => " xfId=\"0\"",
                (false, false) => "",
            },
            letters: letters.concat(),
            stored,
            prefix,
            xml,
        })
    }

    /// Lets a number that no style has mean a plain one, so that it means none of those that are added.
    pub(super) fn reach(&mut self, number: usize) {
        const MOST: usize = 10_000;
        let missing = number
            .saturating_add(1)
            .saturating_sub(self.stored.len() + self.added.len());
        if missing <= MOST {
            let plain = format!(
                "<{}xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\"/>",
                self.prefix
            );
            self.added.extend(std::iter::repeat_n(plain, missing));
        }
    }

    /// The style of a cell of that style, in a colour.
    pub(super) fn painted(&mut self, base: usize, colour: Colour) -> usize {
        if let Some(&style) = self.painted.get(&(base, colour)) {
            return style;
        }
        let fill = self.fill(colour).to_string();
        let own = self.stored.iter().chain(&self.added).nth(base);
        let xf = own
            .and_then(|xf| with_fill(xf, &fill))
            .unwrap_or_else(|| format!("<{}xf fillId=\"{fill}\" applyFill=\"1\"/>", self.prefix));
        let style = self.add(xf);
        self.painted.insert((base, colour), style);
        style
    }

    /// The style of a cell of the sheet of findings that says how much something weighs.
    pub(super) fn severity(&mut self, colour: Colour) -> usize {
        if let Some(&style) = self.severity.get(&colour) {
            return style;
        }
        let fill = self.fill(colour);
        let style = self.own_xf(0, fill, WRAPPED);
        self.severity.insert(colour, style);
        style
    }

    /// A style of the sheet of findings.
    pub(super) fn own(&mut self, own: Own) -> usize {
        if let Some((_, style)) = self.own.iter().find(|(other, _)| *other == own) {
            return *style;
        }
        let style = match own {
            Own::Title => self.own_xf(self.bold(), 0, ""),
            Own::Plain => self.own_xf(0, 0, ""),
            Own::Head => self.own_xf(self.bold(), self.fill(Colour::Notice), WRAPPED),
            Own::Wrapped => self.own_xf(0, 0, WRAPPED),
            Own::Link => self.own_xf(self.bold() + 1, 0, WRAPPED),
        };
        self.own.push((own, style));
        style
    }

    /// The part with what was added.
    pub(super) fn finish(self) -> Option<String> {
        let doc = Doc::parse(&self.xml, 2)?;
        let p = &self.prefix;
        let letters = &self.letters;
        let fonts = [
            format!("<{p}font><{p}b/>{letters}</{p}font>"),
            format!("<{p}font><{p}u/><{p}color rgb=\"FF0563C1\"/>{letters}</{p}font>"),
        ];
        let fill = |kind: &str, inner: &str| {
            format!("<{p}fill><{p}patternFill patternType=\"{kind}\"{inner}</{p}fill>")
        };
        let solid = |colour: Colour| {
            let rgb = colour.rgb();
            let inner = format!(
                "><{p}fgColor rgb=\"{rgb}\"/><{p}bgColor indexed=\"64\"/></{p}patternFill>"
            );
            fill("solid", &inner)
        };
        let fills = Colour::ALL.map(solid);
        let plain_font = format!("<{p}font>{letters}</{p}font>");
        let mut edits = Edits::default();
        let lists = [
            ("fonts", vec![plain_font], fonts.to_vec()),
            (
                "fills",
                vec![fill("none", "/>"), fill("gray125", "/>")],
                fills.to_vec(),
            ),
            ("cellXfs", self.stored.clone(), self.added.clone()),
        ];
        for (name, first, more) in lists {
            edits.extend(longer(&doc, name, first, more)?);
        }
        edits.apply(&self.xml)
    }

    fn fill(&self, colour: Colour) -> usize {
        let place = Colour::ALL.iter().position(|other| *other == colour);
        self.fills + place.unwrap_or_default()
    }

    /// The number of the first font that is added.
    fn bold(&self) -> usize {
        self.fonts
    }

    fn own_xf(&mut self, font: usize, fill: usize, alignment: &str) -> usize {
        let p = &self.prefix;
        let inner = if alignment.is_empty() {
            "/>".to_owned()
        } else {
            format!(" applyAlignment=\"1\"><{p}alignment {alignment}/></{p}xf>")
        };
        let base = self.base;
        self.add(format!(
            "<{p}xf numFmtId=\"0\" fontId=\"{font}\" fillId=\"{fill}\"{base} applyFont=\"1\" applyFill=\"1\"{inner}"
        ))
    }

    fn add(&mut self, xf: String) -> usize {
        self.added.push(xf);
        self.stored.len() + self.added.len() - 1
    }
}

const WRAPPED: &str = "vertical=\"top\" wrapText=\"1\"";

/// A style with another fill.
fn with_fill(xf: &str, fill: &str) -> Option<String> {
    let doc = Doc::parse(xf, 0)?;
    let root = doc.root()?;
    let start = retag(
        &root.tag,
        &[("fillId", fill), ("applyFill", "1")],
        &[],
        root.close.is_none(),
    );
    Some(format!("{start}{}", xf.get(root.open.end..)?))
}

/// A list of the styles with more in it; one that is not there begins with `first`.
fn longer(doc: &Doc<'_>, name: &str, first: Vec<String>, more: Vec<String>) -> Option<Edits> {
    let stored = doc.top(name).map(|list| doc.children(list).count());
    if let (Some(list), Some(stored @ 1..)) = (doc.top(name), stored) {
        let count = (stored + more.len()).to_string();
        return Some(list.append(&more.concat(), &[("count", &count)]));
    }
    let all = [first, more].concat();
    let count = all.len().to_string();
    if let Some(list) = doc.top(name) {
        return Some(list.append(&all.concat(), &[("count", &count)]));
    }
    let prefix = doc.prefix();
    let list = format!(
        "<{prefix}{name} count=\"{count}\">{}</{prefix}{name}>",
        all.concat()
    );
    doc.insert_in_order(&list, name, &ORDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coloured_cell_keeps_the_rest_of_its_style() {
        let xml = "<x:styleSheet><x:fonts><x:font><x:sz val=\"9\"/></x:font></x:fonts><x:fills count=\"2\"><x:fill/><x:fill/></x:fills>\
                   <x:cellXfs count=\"2\"><x:xf/><x:xf numFmtId=\"4\" fillId='1'><x:alignment/></x:xf></x:cellXfs></x:styleSheet>";
        let mut styles = Styles::of(xml.to_owned()).expect("it is sound");
        assert_eq!(styles.painted(1, Colour::Return), 2);
        assert_eq!(styles.painted(0, Colour::Return), 3);
        assert_eq!(styles.painted(1, Colour::Return), 2);
        let out = styles.finish().expect("it is sound");
        let want = "<x:cellXfs count=\"4\"><x:xf/><x:xf numFmtId=\"4\" fillId='1'><x:alignment/></x:xf>\
                    <x:xf numFmtId=\"4\" fillId=\"6\" applyFill=\"1\"><x:alignment/></x:xf><x:xf fillId=\"6\" applyFill=\"1\"/></x:cellXfs>";
        assert!(out.contains(want), "{out}");
        assert!(
            out.contains("<x:fills count=\"9\"><x:fill/><x:fill/><x:fill>"),
            "{out}"
        );
    }

    #[test]
    fn a_number_that_no_style_has_means_none_that_is_added() {
        let xml = "<styleSheet><cellXfs count=\"1\"><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
        let mut styles = Styles::of(xml.to_owned()).expect("it is sound");
        styles.reach(0);
        styles.reach(2);
        styles.reach(usize::MAX);
        assert_eq!(styles.painted(0, Colour::Return), 3);
        assert_eq!(styles.painted(2, Colour::Return), 4);
        let out = styles.finish().expect("it is sound");
        let plain = "<xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\"/>";
        let dated = "<xf numFmtId=\"14\" fillId=\"6\" applyFill=\"1\"/>";
        assert!(
            out.contains(&format!("<xf numFmtId=\"14\"/>{plain}{plain}{dated}")),
            "{out}"
        );
    }

    #[test]
    fn what_is_missing_is_made() {
        let mut styles = Styles::of("<styleSheet></styleSheet>".to_owned()).expect("it is sound");
        assert_eq!(styles.painted(7, Colour::Note), 1);
        let out = styles.finish().expect("it is sound");
        let order = [
            "<fonts count=\"3\">",
            "<fills count=\"9\">",
            "<cellXfs count=\"2\">",
        ];
        let places = order.map(|list| out.find(list).expect(list));
        assert!(places.is_sorted(), "{out}");
    }
}
