//! QR codes of invoices and bearer notes: for the terminal, for paper, and as a picture.
//!
//! What they hold may be secret, so nothing here has a `Debug` that shows it.

use std::fmt::Write as _;

use qrcode::types::QrError as EncodeError;
use qrcode::{Color, EcLevel, QrCode};
use thiserror::Error;

/// The longest text in bytes: what the largest code holds when 15 % of it may be damaged.
pub const MAX_BYTES: usize = 2_331;
/// Width of the light frame in modules, which scanners need around the code.
pub const QUIET_ZONE: usize = 4;
/// Width and height of a module in the PNG, in pixels.
const PNG_SCALE: usize = 8;

/// Black on white whatever the terminal's theme: the fixed colours 16 and 231, not the theme's own black and white.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// Why a text has no QR code.
#[derive(Debug, Error)]
pub enum QrError {
    /// More than the largest code holds.
    #[error("a QR code holds at most {MAX_BYTES} bytes, and here are {bytes}")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
    /// The encoder cannot do it.
    #[error("the text cannot be made a QR code: {0}")]
    Encode(EncodeError),
    /// The picture cannot be written.
    #[error("the QR code cannot be made a PNG: {0}")]
    Png(#[from] png::EncodingError),
}

impl QrError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "qr_too_long",
            Self::Encode(_) | Self::Png(_) => "qr",
        }
    }
}

/// A QR code as a square of modules, with its quiet zone.
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The code of a text. It can be read with up to 15 % of it damaged.
    ///
    /// # Errors
    /// [`QrError::TooLong`], [`QrError::Encode`].
    pub fn new(text: &str) -> Result<Self, QrError> {
        let bytes = text.len();
        if bytes > MAX_BYTES {
            return Err(QrError::TooLong { bytes });
        }
        let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|e| match e {
            EncodeError::DataTooLong => QrError::TooLong { bytes },
            other => QrError::Encode(other),
        })?;
        let width = code.width();
        let side = width + 2 * QUIET_ZONE;
        let mut dark = vec![false; side * side];
        // The light frame first, then row by row into its middle.
        let rows = dark.chunks_exact_mut(side).skip(QUIET_ZONE);
        for (row, modules) in rows.zip(code.to_colors().chunks_exact(width)) {
            for (to, module) in row.iter_mut().skip(QUIET_ZONE).zip(modules) {
                *to = *module == Color::Dark;
            }
        }
        Ok(Self { side, dark })
    }

    /// Width and height in modules, quiet zone included.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The dark modules as the data of one SVG path, in units of one module; the quiet zone is left free.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (y, row) in self.rows().enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                let length = run.len();
                if run.first() == Some(&true) {
                    // Writing into a String does not fail.
                    let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
                }
                x += length;
            }
        }
        path
    }

    fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks_exact(self.side)
    }
}

/// The text as a QR code for a terminal with colours: two rows of modules in a line, black on white under any theme,
/// every line ending with a new line.
///
/// # Errors
/// [`QrError`].
pub fn terminal(text: &str) -> Result<String, QrError> {
    let code = Code::new(text)?;
    let light = vec![false; code.side];
    let mut shown = String::new();
    let mut rows = code.rows();
    while let Some(upper) = rows.next() {
        let lower = rows.next().unwrap_or(&light);
        shown.push_str(BLACK_ON_WHITE);
        shown.extend(upper.iter().zip(lower).map(|pair| match pair {
            (false, false) => ' ',
            (true, false) => '▀',
            (false, true) => '▄',
            (true, true) => '█',
        }));
        shown.push_str(RESET);
        shown.push('\n');
    }
    Ok(shown)
}

/// The text as a QR code in a standalone SVG, black on white.
///
/// # Errors
/// [`QrError`].
pub fn svg(text: &str) -> Result<String, QrError> {
    let code = Code::new(text)?;
    let (side, path) = (code.side, code.path());
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{side}mm\" height=\"{side}mm\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>\n"
    ))
}

/// The text as a QR code in a PNG of two colours, 8 pixels to a module.
///
/// # Errors
/// [`QrError`].
pub fn png(text: &str) -> Result<Vec<u8>, QrError> {
    let code = Code::new(text)?;
    let pixels = code.side * PNG_SCALE;
    // One bit is one pixel and 1 is white, so with this scale one byte is one module's width.
    const { assert!(PNG_SCALE == 8) };
    let mut bits = Vec::with_capacity(pixels * code.side);
    for row in code.rows() {
        let line: Vec<u8> = row
            .iter()
            .map(|&dark| if dark { 0 } else { 0xff })
            .collect();
        for _ in 0..PNG_SCALE {
            bits.extend_from_slice(&line);
        }
    }
    let side = u32::try_from(pixels).map_err(|_| QrError::TooLong { bytes: text.len() })?;
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bits)?;
    writer.finish()?;
    Ok(picture)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    /// What a scanner reads in a picture of `width` by `height` pixels, each dark or light.
    fn scanned(width: usize, height: usize, dark: impl Fn(usize, usize) -> bool) -> String {
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            if dark(x, y) { 0 } else { 255 }
        });
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "codes in the picture");
        grids[0].decode().unwrap().1
    }

    /// What a scanner reads in modules, each blown up to 4 by 4 pixels.
    fn scanned_modules(rows: &[Vec<bool>]) -> String {
        let (width, height) = (rows[0].len() * 4, rows.len() * 4);
        scanned(width, height, |x, y| rows[y / 4][x / 4])
    }

    /// The modules that a path of horizontal bars of height 1 fills.
    fn filled(path: &str, side: usize) -> Vec<Vec<bool>> {
        let mut rows = vec![vec![false; side]; side];
        for bar in path.split('M').skip(1) {
            let (at, rest) = bar.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let length = rest.split_once("v1h-").unwrap().0;
            assert_eq!(rest, format!("{length}v1h-{length}z"));
            rows[y][x..x + length.parse::<usize>().unwrap()].fill(true);
        }
        rows
    }

    /// What a scanner reads in the path of an SVG.
    pub(crate) fn scanned_path(path: &str, side: usize) -> String {
        scanned_modules(&filled(path, side))
    }

    fn scanned_svg(svg: &str) -> String {
        let document = roxmltree::Document::parse(svg).unwrap();
        let root = document.root_element();
        let view = root.attribute("viewBox").unwrap();
        let side: usize = view.split(' ').next_back().unwrap().parse().unwrap();
        let path = root.children().find(|n| n.has_tag_name("path")).unwrap();
        scanned_path(path.attribute("d").unwrap(), side)
    }

    fn scanned_png(bytes: &[u8]) -> String {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut luma = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut luma).unwrap();
        let (width, height) = (info.width as usize, info.height as usize);
        assert_eq!(luma.len(), width * height);
        scanned(width, height, |x, y| luma[y * width + x] < 128)
    }

    fn terminal_modules(shown: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in shown.lines() {
            let cells = line
                .strip_prefix(BLACK_ON_WHITE)
                .and_then(|l| l.strip_suffix(RESET))
                .unwrap();
            rows.push(cells.chars().map(|c| matches!(c, '▀' | '█')).collect());
            rows.push(cells.chars().map(|c| matches!(c, '▄' | '█')).collect());
        }
        rows
    }

    fn longest() -> String {
        "lets:invoice?aB1-".chars().cycle().take(2_000).collect()
    }

    #[test]
    fn terminal_code_read_back_by_a_scanner() {
        for text in ["lets:note?v=1", &longest()] {
            let rows = terminal_modules(&terminal(text).unwrap());
            assert_eq!(scanned_modules(&rows), text);
        }
    }

    #[test]
    fn terminal_code_has_its_quiet_zone() {
        let rows = terminal_modules(&terminal("a").unwrap());
        let side = rows[0].len();
        assert_eq!(side, 21 + 2 * QUIET_ZONE);
        for (y, row) in rows.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside = |n: usize| (QUIET_ZONE..side - QUIET_ZONE).contains(&n);
                assert!(!dark || (inside(x) && inside(y)), "{x}, {y}");
            }
        }
    }

    #[test]
    fn svg_code_read_back_by_a_scanner() {
        for text in ["lets:note?v=1", &longest()] {
            assert_eq!(scanned_svg(&svg(text).unwrap()), text);
        }
    }

    #[test]
    fn png_code_read_back_by_a_scanner() {
        for text in ["lets:note?v=1", &longest()] {
            assert_eq!(scanned_png(&png(text).unwrap()), text);
        }
    }

    #[test]
    fn longest_text_has_a_code_and_longer_has_none() {
        let longest = "é".repeat(MAX_BYTES / 2) + "a";
        assert_eq!(longest.len(), MAX_BYTES);
        assert_eq!(Code::new(&longest).unwrap().side(), 177 + 2 * QUIET_ZONE);
        assert!(matches!(
            terminal(&(longest + "a")),
            Err(QrError::TooLong { bytes }) if bytes == MAX_BYTES + 1
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_text_is_read_back_from_every_form(text in "[ -~äЖ語]{1,120}") {
            let rows = terminal_modules(&terminal(&text).unwrap());
            prop_assert_eq!(&scanned_modules(&rows), &text);
            prop_assert_eq!(&scanned_svg(&svg(&text).unwrap()), &text);
            prop_assert_eq!(&scanned_png(&png(&text).unwrap()), &text);
        }
    }
}
