//! A payment note on paper: the page that is printed and handed over, and the text in its QR code by which it is redeemed.

mod uri;

use std::io;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_protocol::{AccountNumber, Amount, Currency, Height};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::qr::{Code, QrError};
pub use uri::{BearerUri, BearerUriError};

/// Width of the page in millimetres: that of A4 without margins of 10.
const WIDTH: u32 = 190;
/// Height of the page in millimetres: that of Letter without margins of 10.
const HEIGHT: u32 = 259;
/// Where lines begin, in tenths of a millimetre.
const LEFT: u32 = 50;
/// Where the values beside labels begin, in tenths of a millimetre.
const VALUES: u32 = 300;
/// Width and height of the QR code in millimetres, quiet zone included: a module of about 1 mm.
const QR_SIDE: u32 = 74;
/// Names longer than this are cut before they are wrapped.
const MAX_NAME: usize = 400;

/// Why a note cannot be laid out as a page.
#[derive(Debug, Error)]
pub enum PaperError {
    /// It has no QR code.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// The page cannot be written.
    #[error("the page cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl PaperError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Qr(error) => error.kind(),
            Self::Write(_) => "paper",
        }
    }
}

/// What stands on the page of a bearer note.
#[derive(Debug, Clone, Copy)]
pub struct NotePage<'a> {
    /// What the LETS is called.
    pub lets_name: &'a str,
    /// How much the note is worth.
    pub amount: Amount,
    /// What the amount is written in.
    pub currency: &'a Currency,
    /// Who issued the note.
    pub issuer_name: &'a str,
    /// The issuer's account.
    pub issuer: AccountNumber,
    /// After this height the issuer may take the amount back.
    pub expiry: Height,
    /// About when that is, as people write dates.
    pub expiry_date: &'a str,
    /// By which the note is redeemed.
    pub uri: &'a BearerUri,
}

impl NotePage<'_> {
    /// The page as a standalone SVG, black on white, for A4 and Letter paper. Whoever has it can redeem the note.
    /// Names are wrapped to two lines and then cut; characters that XML or a reader cannot bear become U+FFFD.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn svg(&self) -> Result<SecretString, PaperError> {
        let text = self.uri.text();
        let code = Code::new(text.expose_secret())?;
        let mut sheet = Sheet::new()?;
        sheet.line(Style::TITLE, LEFT, "LETS payment note")?;
        for line in wrapped(self.lets_name, 30, 2) {
            sheet.line(Style::NAME, LEFT, &line)?;
        }
        let amount = format!(
            "{} {}",
            self.currency.show(self.amount),
            self.currency.code()
        );
        sheet.line(Style::AMOUNT, LEFT, &amount)?;
        sheet.space(20);
        sheet.field("Issued by", Style::VALUE, &wrapped(self.issuer_name, 38, 2))?;
        let number = [self.issuer.to_string()];
        sheet.field("Account", Style::DIGITS, &number)?;
        sheet.field("Note", Style::DIGITS, &[String::from(self.uri.note())])?;
        let expires = format!("after block {}, about {}", self.expiry, self.expiry_date);
        sheet.field("Expires", Style::VALUE, &wrapped(&expires, 38, 2))?;
        sheet.code(&code)?;
        for statement in self.statements() {
            for line in wrapped(&statement, 78, 4) {
                sheet.line(Style::WORDS, LEFT, &line)?;
            }
            sheet.space(14);
        }
        sheet.space(10);
        // Short lines: the printer may have no monospace font. The text is ASCII, so every cut is between characters.
        for line in text.expose_secret().as_bytes().chunks(56) {
            sheet.line(Style::DIGITS, LEFT, &String::from_utf8_lossy(line))?;
        }
        sheet.finish()
    }

    /// What whoever takes the page must know.
    fn statements(&self) -> [String; 5] {
        [
            "To redeem it, run `lets note redeem` with the text in the QR code, which also stands at the foot of this \
             page. The amount then goes to your own account in this LETS."
                .to_owned(),
            "It can be redeemed once. After that this page and every copy of it are worthless.".to_owned(),
            "Until it is redeemed it is only a promise of the issuer: whoever printed this page still knows the key and \
             can take the amount back. Redeem it before you give anything for it."
                .to_owned(),
            "Keep it hidden like cash: whoever sees the QR code can redeem it.".to_owned(),
            format!(
                "It expires after block {}. After that the amount returns to the issuer.",
                self.expiry
            ),
        ]
    }
}

/// How a line looks; lengths in tenths of a millimetre.
#[derive(Debug, Clone, Copy)]
struct Style {
    size: u32,
    leading: u32,
    family: &'static str,
    weight: &'static str,
}

impl Style {
    const TITLE: Self = Self::of(90, 120, "sans-serif", "bold");
    const NAME: Self = Self::of(60, 80, "sans-serif", "normal");
    const AMOUNT: Self = Self::of(75, 120, "monospace", "bold");
    const VALUE: Self = Self::of(40, 54, "sans-serif", "normal");
    const DIGITS: Self = Self::of(34, 54, "monospace", "normal");
    const WORDS: Self = Self::of(38, 50, "sans-serif", "normal");

    const fn of(size: u32, leading: u32, family: &'static str, weight: &'static str) -> Self {
        Self {
            size,
            leading,
            family,
            weight,
        }
    }
}

/// The page as it is written from the top down.
struct Sheet {
    xml: Writer<Vec<u8>>,
    /// How far down it is written, in tenths of a millimetre.
    y: u32,
}

impl Sheet {
    fn new() -> Result<Self, PaperError> {
        let mut xml = Writer::new(Vec::new());
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let (width, height) = (format!("{WIDTH}mm"), format!("{HEIGHT}mm"));
        let view = format!("0 0 {WIDTH} {HEIGHT}");
        xml.write_event(Event::Start(BytesStart::new("svg").with_attributes([
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("width", width.as_str()),
            ("height", height.as_str()),
            ("viewBox", view.as_str()),
        ])))?;
        xml.create_element("rect")
            .with_attributes([("width", "100%"), ("height", "100%"), ("fill", "#fff")])
            .write_empty()?;
        Ok(Self { xml, y: 0 })
    }

    fn space(&mut self, tenths: u32) {
        self.y += tenths;
    }

    /// A line of its own.
    fn line(&mut self, style: Style, x: u32, text: &str) -> Result<(), PaperError> {
        self.y += style.leading;
        self.write(style, x, text)
    }

    /// A label and its value's lines beside it.
    fn field(&mut self, label: &str, style: Style, lines: &[String]) -> Result<(), PaperError> {
        for (at, line) in lines.iter().enumerate() {
            self.y += style.leading;
            if at == 0 {
                self.write(Style::VALUE, LEFT, label)?;
            }
            self.write(style, VALUES, line)?;
        }
        Ok(())
    }

    fn write(&mut self, style: Style, x: u32, text: &str) -> Result<(), PaperError> {
        self.xml
            .create_element("text")
            .with_attributes([
                ("x", millimetres(x).as_str()),
                ("y", millimetres(self.y).as_str()),
                ("font-size", millimetres(style.size).as_str()),
                ("font-family", style.family),
                ("font-weight", style.weight),
                ("fill", "#000"),
            ])
            .write_text_content(BytesText::new(text))?;
        Ok(())
    }

    /// The QR code in the middle of the page.
    fn code(&mut self, code: &Code) -> Result<(), PaperError> {
        let side = code.side();
        let place = [
            ("x", ((WIDTH - QR_SIDE) / 2).to_string()),
            ("y", millimetres(self.y)),
            ("width", QR_SIDE.to_string()),
            ("height", QR_SIDE.to_string()),
            ("viewBox", format!("0 0 {side} {side}")),
            ("shape-rendering", "crispEdges".to_owned()),
        ];
        self.xml
            .create_element("svg")
            .with_attributes(place.iter().map(|(name, value)| (*name, value.as_str())))
            .write_inner_content(|xml| {
                xml.create_element("path")
                    .with_attributes([("d", code.path().as_str()), ("fill", "#000")])
                    .write_empty()?;
                Ok(())
            })?;
        self.y += QR_SIDE * 10;
        Ok(())
    }

    fn finish(mut self) -> Result<SecretString, PaperError> {
        self.xml.write_event(Event::End(BytesEnd::new("svg")))?;
        let text = String::from_utf8(self.xml.into_inner())
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.utf8_error()))?;
        Ok(text.into())
    }
}

fn millimetres(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The text in at most `most` lines of `columns`; what does not fit is cut, and an ellipsis says so.
fn wrapped(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut shown: String = text.chars().take(MAX_NAME).map(printable).collect();
    let mut cut = text.chars().nth(MAX_NAME).is_some();
    shown.truncate(shown.trim_end().len());
    let mut lines: Vec<String> = textwrap::wrap(shown.trim_start(), columns)
        .into_iter()
        .map(String::from)
        .collect();
    cut |= lines.len() > most;
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|_| cut) {
        while textwrap::core::display_width(last) >= columns && last.pop().is_some() {}
        last.push('…');
    }
    lines
}

/// The character itself, or a sign in its place if XML does not allow it or it turns the order of others.
fn printable(c: char) -> char {
    match c {
        '\n' | '\t' => ' ',
        '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

#[cfg(test)]
mod tests;
