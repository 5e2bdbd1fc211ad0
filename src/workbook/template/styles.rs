//! How the cells of a template look.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

use crate::value::Type;

/// The formats of a template.
pub(super) struct Styles {
    pub(super) title: Format,
    pub(super) head: Format,
    pub(super) required: Format,
    pub(super) mark: Format,
    pub(super) total: Format,
    pub(super) quiet: Format,
    pub(super) prose: Format,
    pub(super) section: Format,
    pub(super) good: Format,
    pub(super) look: Format,
    pub(super) empty: Format,
    pub(super) result: Format,
    pub(super) count: Format,
    pub(super) figure: Format,
    pub(super) rule: Format,
}

const DARK: Color = Color::RGB(0x001F_3A5F);
const PALE: Color = Color::RGB(0x00E8_EEF5);

impl Styles {
    pub(super) fn new() -> Self {
        let head = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_background_color(PALE)
            .set_font_color(DARK)
            .set_border_bottom(FormatBorder::Thin);
        let wrapped = || Format::new().set_text_wrap().set_align(FormatAlign::Top);
        let said = || {
            Format::new()
                .set_bold()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::Top)
        };
        Styles {
            title: Format::new()
                .set_bold()
                .set_font_size(14)
                .set_font_color(DARK),
            required: head.clone().set_border_bottom(FormatBorder::Thick),
            head,
            mark: Format::new()
                .set_italic()
                .set_font_size(9)
                .set_font_color(Color::RGB(0x0050_5050)),
            total: Format::new()
                .set_bold()
                .set_background_color(Color::RGB(0x00F2_F2F2))
                .set_num_format("#,##0.00"),
            quiet: Format::new()
                .set_font_size(9)
                .set_font_color(Color::RGB(0x0050_5050)),
            prose: wrapped(),
            section: Format::new()
                .set_bold()
                .set_font_size(12)
                .set_font_color(DARK),
            good: Format::new()
                .set_background_color(Color::RGB(0x00DD_F1DF))
                .set_font_color(Color::RGB(0x0014_4D1E)),
            look: Format::new()
                .set_background_color(Color::RGB(0x00FB_E1DF))
                .set_font_color(Color::RGB(0x007A_1510)),
            empty: Format::new()
                .set_background_color(Color::RGB(0x00F2_F2F2))
                .set_font_color(Color::RGB(0x0040_4040)),
            result: said(),
            count: said().unset_bold().set_num_format("#,##0"),
            figure: Format::new()
                .set_num_format("#,##0.00")
                .set_align(FormatAlign::Top),
            rule: Format::new()
                .set_align(FormatAlign::Left)
                .set_align(FormatAlign::Top)
                .set_indent(1),
        }
    }
}

/// How a value of a type is shown; a text stays as it is written.
pub(super) fn of_type(ty: Type) -> Format {
    let plain = Format::new().set_align(FormatAlign::Top);
    match ty {
        Type::Text | Type::Code | Type::Boolean => plain.set_num_format("@").set_text_wrap(),
        Type::Money => plain.set_num_format("#,##0.00"),
        Type::Percent => plain.set_num_format("0.00%"),
        Type::Date => plain.set_num_format("yyyy-mm-dd"),
        Type::Year => plain.set_num_format("0"),
        Type::Number => plain,
    }
}
