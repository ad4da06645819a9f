//! `--photo-template`: the path of each row's photo, made of its cells.
//!
//! The template is the operator's and may name any place; cells are the manifest's and may name nothing outside the folders
//! that the template leads to.

use super::NamePattern;

/// A path with columns in braces, as `{branch}/{user_id}.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhotoTemplate {
    text: Box<str>,
    /// The path's names, the file's being the last.
    names: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Column(TemplateColumn),
    /// `*`, the part that is not known.
    Unknown,
}

/// A column that a template names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateColumn {
    /// Trimmed, as headers are.
    pub(crate) name: String,
    /// The 1-based place of its brace in the template, in characters.
    pub(crate) at: usize,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--photo-template {template:?}: {fault}")]
pub(crate) struct TemplateError {
    template: String,
    fault: TemplateFault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateFault {
    #[error("it names no column; write one in braces, as in {{user_id}}.jpg")]
    NoColumn,
    #[error("the brace at character {0} is not closed; write {{{{ for the character itself")]
    Unclosed(usize),
    #[error("the brace at character {0} closes nothing; write }}}} for the character itself")]
    Unopened(usize),
    #[error("there is no name in the braces at character {0}")]
    Nameless(usize),
    #[error("it ends with a folder; the last name is the file's, as in {{user_id}}/photo.jpg")]
    NoFile,
    #[error("write / between folders")]
    Backslash,
    #[error("the * stands for a part of the file's name, and not of a folder's")]
    UnknownFolder,
    #[error("one * is possible, and no more")]
    TwoUnknowns,
    #[error(
        "text has to stand between * and a column, as in {{user_id}}.* or {{user_id}}_*.jpg, so that the photo of user 12 is \
         not taken for that of user 1"
    )]
    NoSeparator,
}

/// Why a cell cannot stand in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CellFault {
    #[error("is empty")]
    Empty,
    #[error("holds a character that no part of a path may hold")]
    Character,
    #[error("holds a /, which only a cell may that is a folder of its own in the template")]
    Separator,
    #[error("leads to another folder; . and .. are no names")]
    Elsewhere,
}

/// A template whose columns have been filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filled {
    /// The folder's path, or nothing.
    pub(crate) folder: String,
    pub(crate) name: FilledName,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilledName {
    Known(String),
    Pattern(NamePattern),
}

impl PhotoTemplate {
    /// Reads a template. `{{` and `}}` are braces themselves.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let parsed = names(text).and_then(|names| check(&names).map(|()| names));
        match parsed {
            Ok(names) => Ok(Self {
                text: text.into(),
                names,
            }),
            Err(fault) => Err(TemplateError {
                template: text.to_owned(),
                fault,
            }),
        }
    }

    /// As it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it leaves a part of the name open.
    pub(crate) fn is_pattern(&self) -> bool {
        self.names.iter().flatten().any(|piece| *piece == Piece::Unknown)
    }

    /// The columns it names, in their order and as often as it does.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &TemplateColumn> {
        self.names.iter().flatten().filter_map(|piece| match piece {
            Piece::Column(column) => Some(column),
            Piece::Text(_) | Piece::Unknown => None,
        })
    }

    /// Fills in one cell for each of [`Self::columns`]. An error names the column.
    pub(crate) fn fill<'a>(
        &self,
        mut cells: impl Iterator<Item = &'a str>,
    ) -> Result<Filled, (&TemplateColumn, CellFault)> {
        let (file, folders) = self.names.split_last().unwrap_or((const { &Vec::new() }, &[]));
        let mut folder = String::new();
        for name in folders {
            fill_name(
                name,
                matches!(name.as_slice(), [Piece::Column(_)]),
                &mut cells,
                &mut folder,
            )?;
            folder.push('/');
        }
        let mut before = String::new();
        let unknown = file.iter().position(|piece| *piece == Piece::Unknown);
        let Some((known, rest)) = unknown.and_then(|place| file.split_at_checked(place)) else {
            fill_name(file, false, &mut cells, &mut before)?;
            let name = FilledName::Known(before);
            return Ok(Filled { folder, name });
        };
        let mut after = String::new();
        fill_name(known, false, &mut cells, &mut before)?;
        fill_name(rest, false, &mut cells, &mut after)?;
        let name = FilledName::Pattern(NamePattern {
            before: before.into(),
            after: after.into(),
            separators: separators(known, rest),
        });
        Ok(Filled { folder, name })
    }
}

/// The characters that part the unknown part from cells.
fn separators(known: &[Piece], rest: &[Piece]) -> [Option<char>; 2] {
    let has_column = |pieces: &[Piece]| pieces.iter().any(|piece| matches!(piece, Piece::Column(_)));
    let last = match known.last() {
        Some(Piece::Text(text)) if has_column(known) => text.chars().next_back(),
        _ => None,
    };
    let first = match rest.get(1) {
        Some(Piece::Text(text)) if has_column(rest) => text.chars().next(),
        _ => None,
    };
    [last, first]
}

/// Appends a name, and checks what became of it. `is_folder`: a cell that is a name by itself may be several.
fn fill_name<'a, 'b>(
    pieces: &'b [Piece],
    is_folder: bool,
    cells: &mut impl Iterator<Item = &'a str>,
    path: &mut String,
) -> Result<(), (&'b TemplateColumn, CellFault)> {
    let begin = path.len();
    let mut last = None;
    for piece in pieces {
        match piece {
            Piece::Text(text) => path.push_str(text),
            Piece::Unknown => {}
            Piece::Column(column) => {
                let cell = cells.next().unwrap_or_default();
                check_cell(cell, is_folder).map_err(|fault| (column, fault))?;
                path.push_str(cell);
                last = Some(column);
            }
        }
    }
    // Cells may make up such a name together.
    let is_elsewhere = |name: &str| matches!(name, "" | "." | "..");
    let filled = path.get(begin..).unwrap_or_default();
    match last {
        Some(column) if filled.split('/').any(is_elsewhere) => Err((column, CellFault::Elsewhere)),
        _ => Ok(()),
    }
}

fn check_cell(cell: &str, is_folder: bool) -> Result<(), CellFault> {
    let is_forbidden = |c: char| c.is_control() || c == '\\' || (cfg!(windows) && "<>:\"|?*".contains(c));
    match cell {
        "" => Err(CellFault::Empty),
        _ if cell.contains(is_forbidden) => Err(CellFault::Character),
        _ if cell.contains('/') && !is_folder => Err(CellFault::Separator),
        _ => Ok(()),
    }
}

/// The names of the path with their pieces.
fn names(text: &str) -> Result<Vec<Vec<Piece>>, TemplateFault> {
    let mut names = vec![Vec::new()];
    let mut characters = (1..).zip(text.chars()).peekable();
    while let Some((at, character)) = characters.next() {
        let doubled = matches!(character, '{' | '}') && characters.next_if(|(_, next)| *next == character).is_some();
        match character {
            '{' if !doubled => {
                let name: Vec<char> = std::iter::from_fn(|| characters.next_if(|(_, c)| !"{}".contains(*c)))
                    .map(|(_, character)| character)
                    .collect();
                characters
                    .next_if(|(_, c)| *c == '}')
                    .ok_or(TemplateFault::Unclosed(at))?;
                let name = String::from_iter(name).trim().to_owned();
                if name.is_empty() {
                    return Err(TemplateFault::Nameless(at));
                }
                push(&mut names, Piece::Column(TemplateColumn { name, at }));
            }
            '}' if !doubled => return Err(TemplateFault::Unopened(at)),
            '*' => push(&mut names, Piece::Unknown),
            '/' => names.push(Vec::new()),
            '\\' if cfg!(windows) => names.push(Vec::new()),
            '\\' => return Err(TemplateFault::Backslash),
            _ => push_character(&mut names, character),
        }
    }
    Ok(names)
}

fn push(names: &mut [Vec<Piece>], piece: Piece) {
    if let Some(name) = names.last_mut() {
        name.push(piece);
    }
}

fn push_character(names: &mut [Vec<Piece>], character: char) {
    match names.last_mut().and_then(|name| name.last_mut()) {
        Some(Piece::Text(text)) => text.push(character),
        _ => push(names, Piece::Text(character.into())),
    }
}

fn check(names: &[Vec<Piece>]) -> Result<(), TemplateFault> {
    let is_column = |piece: &Piece| matches!(piece, Piece::Column(_));
    let Some((file, folders)) = names.split_last().filter(|(file, _)| !file.is_empty()) else {
        return Err(TemplateFault::NoFile);
    };
    if !names.iter().flatten().any(is_column) {
        return Err(TemplateFault::NoColumn);
    }
    if folders.iter().flatten().any(|piece| *piece == Piece::Unknown) {
        return Err(TemplateFault::UnknownFolder);
    }
    if file.iter().filter(|piece| **piece == Piece::Unknown).count() > 1 {
        return Err(TemplateFault::TwoUnknowns);
    }
    let touches = |pair: &[Piece]| pair.contains(&Piece::Unknown) && pair.iter().any(is_column);
    match file.windows(2).any(touches) {
        true => Err(TemplateFault::NoSeparator),
        false => Ok(()),
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
