//! What to do about a date of another form: the flag that takes it, worked out from the date itself.

use std::fmt;

use chrono::{Month, NaiveDate, TimeDelta, Weekday};

use super::DateFormat;

/// What to do about a date of another form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Write it otherwise.
    Rewrite,
    /// Name one of these forms.
    NameForm(Vec<String>),
    /// Name this form, and say what the abbreviation in it means.
    NameZone(String),
    /// A spreadsheet's number of this day.
    DayNumber(NaiveDate),
    /// It has not the form that was named.
    OtherFormat(Box<str>),
    /// Fewer digits than `%Y` stands for.
    ShortYear,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rewrite => {
                f.write_str("write the date as YYYY-MM-DD or YYYY-MM-DD hh:mm:ss with Z or an offset such as +0100")
            }
            Self::NameForm(forms) => write_forms(f, forms),
            Self::NameZone(form) => write!(
                f,
                "the zone's abbreviation does not say which offset is meant; add --date-format '{form}' and --timezone \
                 with the name of the zone, such as Africa/Lagos"
            ),
            Self::DayNumber(day) => write!(
                f,
                "a spreadsheet's number of a day ({day} if it counts from 1900); format the column as yyyy-mm-dd and \
                 export it again"
            ),
            Self::OtherFormat(form) => write!(f, "the date has not the form --date-format '{form}'"),
            Self::ShortYear => f.write_str("the year has fewer than four digits; in --date-format %y reads two"),
        }
    }
}

fn write_forms(f: &mut fmt::Formatter<'_>, forms: &[String]) -> fmt::Result {
    let (begin, joint) = match forms.len() {
        1 => ("if all dates have this form, add ", ""),
        _ => ("the date can be read in more than one way; add ", " or "),
    };
    f.write_str(begin)?;
    for (place, form) in forms.iter().enumerate() {
        let joint = if place == 0 { "" } else { joint };
        write!(f, "{joint}--date-format {}", quoted(form))?;
    }
    Ok(())
}

/// As a shell takes it.
fn quoted(form: &str) -> String {
    if form.contains('%') {
        format!("'{form}'")
    } else {
        form.to_owned()
    }
}

impl Remedy {
    /// What to do about this text, which has none of the forms that need no flag.
    pub(super) fn of(text: &str) -> Self {
        let digits = text.split_once('.').map_or(text, |(whole, _)| whole);
        if digits.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(remedy) = of_number(text, digits)
        {
            return remedy;
        }
        // Neither a pattern nor a shell's word should hold these.
        if text.len() > LONGEST || text.contains(['\'', '%']) || text.contains(char::is_control) {
            return Self::Rewrite;
        }
        let tokens = tokens(text);
        let orders = orders(&tokens);
        let forms = orders.iter().filter_map(|order| {
            let mut form = Rendered::new(order);
            form.render(&tokens).map(|()| form)
        });
        let mut forms: Vec<_> = forms.filter(|form| is_read(&form.text, text)).collect();
        match forms.first() {
            None => Self::Rewrite,
            Some(form) if form.needs_zone => Self::NameZone(forms.swap_remove(0).text),
            Some(_) => Self::NameForm(forms.into_iter().map(|form| form.text).collect()),
        }
    }
}

/// A longer text is no date.
const LONGEST: usize = 64;
/// Numbers of days that are taken for a spreadsheet's: from 1954 to 2064.
const DAY_NUMBERS: [i64; 2] = [20_000, 60_000];

/// Numbers say what they are by their size.
fn of_number(text: &str, digits: &str) -> Option<Remedy> {
    let named = |form: &str| Some(Remedy::NameForm(vec![form.to_owned()]));
    match digits.len() {
        5 => {
            let number: i64 = digits.parse().ok()?;
            let is_likely = (DAY_NUMBERS[0]..=DAY_NUMBERS[1]).contains(&number);
            let zero = NaiveDate::from_ymd_opt(1899, 12, 30)?;
            let day = zero.checked_add_signed(TimeDelta::days(number))?;
            is_likely.then_some(Remedy::DayNumber(day))
        }
        8 => {
            let forms = ["%Y%m%d", "%d%m%Y", "%m%d%Y"].map(str::to_owned);
            let forms: Vec<_> = forms.into_iter().filter(|form| is_likely_day(form, text)).collect();
            (!forms.is_empty()).then_some(Remedy::NameForm(forms))
        }
        9 | 10 => named("epoch"),
        12 | 13 => named("epoch_ms"),
        14 if is_read("%Y%m%d%H%M%S", text) => named("%Y%m%d%H%M%S"),
        _ => None,
    }
}

fn is_read(form: &str, text: &str) -> bool {
    let form: Option<DateFormat> = form.parse().ok();
    form.is_some_and(|form| form.read(text).is_ok())
}

/// Eight digits are a date in many orders, most of them in another age.
fn is_likely_day(form: &str, text: &str) -> bool {
    let day = NaiveDate::parse_from_str(text, form).ok();
    let from = NaiveDate::from_ymd_opt(1900, 1, 1);
    let to = NaiveDate::from_ymd_opt(2100, 1, 1);
    day.is_some() && (from..to).contains(&day)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Other(&'a str),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let kind = |c: char| (c.is_ascii_digit(), c.is_alphabetic());
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match kind(first) {
            (false, false) => first.len_utf8(),
            kind_of_first => rest.find(|c| kind(c) != kind_of_first).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(end);
        tokens.push(match kind(first) {
            (true, _) => Token::Number(token),
            (_, true) => Token::Word(token),
            _ => Token::Other(token),
        });
        rest = behind;
    }
    tokens
}

/// What the numbers of the date may stand for, in their order.
fn orders(tokens: &[Token<'_>]) -> Vec<Vec<&'static str>> {
    let date: Vec<usize> = date_numbers(tokens).map(str::len).collect();
    let has_month = tokens
        .iter()
        .any(|token| matches!(token, Token::Word(word) if month(word).is_some()));
    match (has_month, date.as_slice()) {
        (true, [4, _]) => vec![vec!["%Y", "%d"]],
        (true, [_, 4]) => vec![vec!["%d", "%Y"]],
        (true, [_, _]) => vec![vec!["%d", "%y"]],
        (false, [4, _, _]) => vec![vec!["%Y", "%m", "%d"]],
        (false, [_, _, 4]) => vec![vec!["%d", "%m", "%Y"], vec!["%m", "%d", "%Y"]],
        (false, [_, _, _]) => vec![vec!["%d", "%m", "%y"], vec!["%m", "%d", "%y"], vec!["%y", "%m", "%d"]],
        _ => Vec::new(),
    }
}

/// The numbers that belong to no time of day; what stands behind it is an offset or, in a few forms, the year.
fn date_numbers<'a, 'b>(tokens: &'b [Token<'a>]) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
    let is_colon = |place: Option<usize>| place.and_then(|place| tokens.get(place)) == Some(&Token::Other(":"));
    let is_dot = |place: Option<usize>| place.and_then(|place| tokens.get(place)) == Some(&Token::Other("."));
    let is_time = move |place: usize| is_colon(Some(place + 1)) || is_colon(place.checked_sub(1));
    tokens.iter().enumerate().filter_map(move |(place, token)| {
        let of_time = is_time(place) || (is_dot(place.checked_sub(1)) && place.checked_sub(2).is_some_and(is_time));
        let signed = matches!(
            place.checked_sub(1).and_then(|place| tokens.get(place)),
            Some(Token::Other("+" | "-"))
        );
        let is_offset = signed && place.checked_sub(2).is_some_and(is_time);
        match token {
            Token::Number(number) if !of_time && !is_offset => Some(*number),
            _ => None,
        }
    })
}

fn month(word: &str) -> Option<&'static str> {
    let _: Month = word.parse().ok()?;
    Some(if word.len() == 3 { "%b" } else { "%B" })
}

fn weekday(word: &str) -> Option<&'static str> {
    let _: Weekday = word.parse().ok()?;
    Some(if word.len() == 3 { "%a" } else { "%A" })
}

/// A pattern while it is being made.
struct Rendered<'a> {
    text: String,
    order: &'a [&'static str],
    /// Whether it holds an abbreviation that is not UTC.
    needs_zone: bool,
}

impl<'a> Rendered<'a> {
    fn new(order: &'a [&'static str]) -> Self {
        Self {
            text: String::new(),
            order,
            needs_zone: false,
        }
    }

    fn render(&mut self, tokens: &[Token<'_>]) -> Option<()> {
        use Token::{Number, Other, Word};
        let rest = match tokens {
            [] => return Some(()),
            [Number(_), Other(":"), Number(_), rest @ ..] => {
                let halves = rest.iter().any(|token| matches!(token, Word(word) if is_half(word)));
                self.text.push_str(if halves { "%I:%M" } else { "%H:%M" });
                return self.behind_minutes(rest);
            }
            [Number(_), rest @ ..] => {
                let (first, others) = self.order.split_first()?;
                self.order = others;
                self.text.push_str(first);
                rest
            }
            [Word(word), rest @ ..] => {
                self.word(word)?;
                rest
            }
            [Other(other), rest @ ..] => {
                self.text.push_str(other);
                rest
            }
        };
        self.render(rest)
    }

    fn behind_minutes(&mut self, tokens: &[Token<'_>]) -> Option<()> {
        use Token::{Number, Other};
        let (second, tokens) = match tokens {
            [Other(":"), Number(_), Other("."), Number(_), rest @ ..] => (":%S%.f", rest),
            [Other(":"), Number(_), rest @ ..] => (":%S", rest),
            rest => ("", rest),
        };
        self.text.push_str(second);
        let (offset, tokens) = match tokens {
            [Other("+" | "-"), Number(_), Other(":"), Number(_), rest @ ..] => ("%z", rest),
            [Other("+" | "-"), Number(_), rest @ ..] => ("%z", rest),
            rest => ("", rest),
        };
        self.text.push_str(offset);
        self.render(tokens)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_zone = || (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let specifier = month(word).or_else(|| weekday(word)).or(is_half(word).then_some("%p"));
        if let Some(specifier) = specifier {
            self.text.push_str(specifier);
        } else if ["T", "Z", "UTC", "GMT"].contains(&word) || is_zone() {
            self.needs_zone |= word.len() > 1 && !["UTC", "GMT"].contains(&word);
            self.text.push_str(word);
        } else {
            return None;
        }
        Some(())
    }
}

/// Of the day.
fn is_half(word: &str) -> bool {
    word.eq_ignore_ascii_case("am") || word.eq_ignore_ascii_case("pm")
}
