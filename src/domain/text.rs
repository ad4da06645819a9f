//! Text from elsewhere, made harmless: for a terminal, a log, a cell of a spreadsheet.

use std::borrow::Cow;

/// Longest provider text that is kept, in characters (contract, section 8).
pub(crate) const MAX_TEXT_CHARS: usize = 300;

/// One line without control characters, cut at `most` characters: nothing in it can move a cursor or set a title.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    harmless(text, most).into_owned()
}

/// The same, and the very text where it is harmless already, as nearly all text is.
fn harmless(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most && !text.contains(is_unsafe) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len().min(most));
    for character in text.chars().take(most) {
        if is_unsafe(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    if let Some((end, _)) = line.char_indices().nth(most) {
        line.truncate(end);
    }
    line.into()
}

/// As many base64 letters in a row are a signature (44 of them), or a piece of a photo.
const SECRET_LETTERS: usize = 40;

/// Text of a server on one harmless line of at most [`MAX_TEXT_CHARS`] characters, without what it may echo of the
/// request: signatures and photos stand in no log and no file.
pub(crate) fn server_text(text: &str) -> String {
    // Escapes have letters of their own, so they come before the letters are counted; the cut comes last, since what
    // it leaves of a secret is too short to be taken out.
    one_line(&redact(&harmless(text, usize::MAX)), MAX_TEXT_CHARS)
}

/// Takes out what looks like base64, also where JSON within JSON or a URL has escaped its `/`, `+` and `=`.
fn redact(text: &str) -> Cow<'_, str> {
    if text.len() < SECRET_LETTERS {
        return text.into();
    }
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\' | '%');
    let mut safe = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_letter) {
        let (before, run) = rest.split_at(start);
        let (letters, after) = run.split_at(run.find(|c| !is_letter(c)).unwrap_or(run.len()));
        safe.push_str(before);
        safe.push_str(if letters.len() >= SECRET_LETTERS {
            "[redacted]"
        } else {
            letters
        });
        rest = after;
    }
    (safe + rest).into()
}

/// Control characters, line separators, and marks that turn the direction of what follows (Unicode's `Bidi_Control`).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A provider's text as a cell: no spreadsheet may take it for a formula.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_written_as_the_summary_needs_them() {
        assert_eq!(hex(&[0, 0x0f, 0xa5, 0xff]), "000fa5ff");
    }

    #[test]
    fn a_line_holds_no_control_character_and_no_more_than_its_measure() {
        assert_eq!(one_line("a\nb\u{1b}[2J\u{7}", 300), "a\\nb\\u{1b}[2J\\u{7}");
        assert_eq!(one_line("\u{202e}x\u{2028}", 300), "\\u{202e}x\\u{2028}");
        assert_eq!(
            one_line("\u{61c}x", 300),
            "\\u{61c}x",
            "the Arabic letter mark turns the direction as well"
        );
        assert_eq!(one_line(&"é".repeat(400), 300), "é".repeat(300));
        assert_eq!(one_line(&"\n".repeat(400), 300).len(), 300);
        assert_eq!(one_line("Größe 1", 300), "Größe 1");
    }

    #[test]
    fn what_looks_like_a_signature_or_a_photo_is_taken_out() {
        let signature = "XxThLHZy2ij1WINkqNEPgzVs9RvUDHWlebDYzprqS74=";
        assert_eq!(
            redact(&format!("bad signature: {signature}, é")),
            "bad signature: [redacted], é"
        );
        assert_eq!(redact(&"A".repeat(5_000)), "[redacted]");
        for text in [
            "",
            "You are not authorized to do that.",
            "d9821b53-ada3-411c-8c5c-d6ea2a95915c",
            "0840",
            "né",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn a_secret_at_the_cut_leaves_no_piece_behind() {
        let before = "é".repeat(MAX_TEXT_CHARS - 20);
        let line = server_text(&format!("{before}{}", "A".repeat(44)));
        assert_eq!(line, format!("{before}[redacted]"));
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for text in ["=1+1", "+1", "-1", "@x"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        assert_eq!(cell("1=1"), "1=1");
        assert_eq!(cell(""), "");
    }
}
