//! Colour by meaning, where there is any.

use console::{Style, style};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    /// Something waits, or wants to be looked at.
    Care,
    Bad,
}

/// The text in the colour of its meaning.
pub(super) fn paint(text: &str, tone: Tone, colour: bool) -> String {
    let chosen = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Good => Style::new().green(),
        Tone::Care => Style::new().yellow(),
        Tone::Bad => Style::new().red(),
    };
    match colour {
        true => chosen.force_styling(true).apply_to(text).to_string(),
        false => style(text).force_styling(false).to_string(),
    }
}
