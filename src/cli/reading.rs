//! The values of the flags that say how a manifest is read.

use std::str::FromStr;

use clap::ValueEnum;

/// `--format`: what the records are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManifestFormat {
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// `--delimiter`: one of the four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DelimiterChar(pub(crate) char);

impl FromStr for DelimiterChar {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "," | ";" | "|" | "\t" => Ok(Self(text.chars().next().unwrap_or(','))),
            "tab" | "TAB" | "\\t" => Ok(Self('\t')),
            _ => Err("write one of ',' ';' '|' or tab"),
        }
    }
}

/// `--encoding`: a WHATWG name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EncodingName(pub(crate) &'static encoding_rs::Encoding);

impl FromStr for EncodingName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        encoding_rs::Encoding::for_label_no_replacement(text.as_bytes())
            .map(Self)
            .ok_or("write a name of the WHATWG, for example utf-8, utf-16le, windows-1252, iso-8859-2 or shift_jis")
    }
}

/// The columns that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnName {
    UserId,
    CreatedAt,
    Photo,
}

impl ColumnName {
    const ALL: [Self; 3] = [Self::UserId, Self::CreatedAt, Self::Photo];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::UserId => "user_id",
            Self::CreatedAt => "user_created_at",
            Self::Photo => "photo",
        }
    }
}

/// `--column`: what the manifest calls a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnHeader {
    pub(crate) name: ColumnName,
    pub(crate) header: String,
}

impl FromStr for ColumnHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write NAME=HEADER, for example user_id=customer_id";
        let (name, header) = text.split_once('=').ok_or(FORM)?;
        let known = ColumnName::ALL.into_iter().find(|column| column.word() == name);
        let name = known.ok_or_else(|| format!("there is no column {name:?}: user_id, user_created_at or photo"))?;
        match header.trim() {
            "" => Err(FORM.to_owned()),
            _ => Ok(Self {
                name,
                header: header.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_of_four_however_a_tab_is_written() {
        for (text, wanted) in [
            (",", ','),
            (";", ';'),
            ("|", '|'),
            ("tab", '\t'),
            ("\t", '\t'),
            ("\\t", '\t'),
        ] {
            assert_eq!(text.parse(), Ok(DelimiterChar(wanted)), "{text:?}");
        }
        for text in ["", ":", ",,", " ", "comma", "\n"] {
            assert!(text.parse::<DelimiterChar>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_encoding_has_a_name_of_the_whatwg() {
        for (text, wanted) in [
            ("UTF-8", "UTF-8"),
            ("latin1", "windows-1252"),
            ("utf-16", "UTF-16LE"),
            ("Shift_JIS", "Shift_JIS"),
        ] {
            assert_eq!(text.parse::<EncodingName>().unwrap().0.name(), wanted);
        }
        // What a browser replaces as a whole is no text.
        for text in ["", "ebcdic", "utf-32", "iso-2022-kr", "replacement"] {
            assert!(text.parse::<EncodingName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_column_has_a_name_of_ours_and_a_header() {
        let column = |text: &str| text.parse::<ColumnHeader>().map(|column| (column.name, column.header));
        assert_eq!(column("user_id=id"), Ok((ColumnName::UserId, "id".to_owned())));
        assert_eq!(column("photo=a=b "), Ok((ColumnName::Photo, "a=b ".to_owned())));
        for text in ["", "user_id", "user_id=", "photo= ", "id=user_id", "USER_ID=id", "=x"] {
            assert!(column(text).is_err(), "{text:?}");
        }
    }
}
