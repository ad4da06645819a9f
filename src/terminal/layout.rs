//! What the bar's line holds: fields by their importance, each whole or not at all.

use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount};

use super::paint::{Tone, paint};
use crate::domain::{
    outcome::Status,
    standing::{Standing, Weather},
    stop::Stop,
};

/// From this width on there is a bar before the numbers.
const WIDE: usize = 60;
/// The bar between its brackets.
const BAR: usize = 10;
const BETWEEN: &str = ", ";

/// A part of the line: how it may be said, the longest way first.
struct Field {
    ways: Vec<String>,
    tone: Tone,
    /// Whether it is shortened rather than left out.
    essential: bool,
}

impl Field {
    fn new(tone: Tone, ways: impl IntoIterator<Item = String>) -> Self {
        let ways = ways.into_iter().collect();
        let essential = false;
        Self { ways, tone, essential }
    }

    fn essential(self) -> Self {
        Self {
            essential: true,
            ..self
        }
    }
}

/// The line for a terminal of so many columns.
pub(super) fn bar_line(standing: &Standing, width: usize, colour: bool) -> String {
    let has_bar = width >= WIDE && standing.stop.is_none();
    let bar = if has_bar { bar(standing) } else { String::new() };
    let fields = fields(standing);
    let chosen = fitting(&fields, width.saturating_sub(bar.len()));
    let painted = chosen.iter().map(|(text, tone)| paint(text, *tone, colour));
    bar + &painted.collect::<Vec<_>>().join(BETWEEN)
}

/// The same fields, all of them, for a line in a log.
pub(super) fn plain_line(standing: &Standing) -> String {
    let fields = fields(standing);
    let longest = fields.iter().filter_map(|field| field.ways.first().cloned());
    longest.collect::<Vec<_>>().join(BETWEEN)
}

/// As many fields as there is place for: of the essential ones as many as possible, then these as long as possible, then
/// the others as they fit.
fn fitting(fields: &[Field], width: usize) -> Vec<(&str, Tone)> {
    let mut chosen = vec![None; fields.len()];
    for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.essential) {
        choose(&mut chosen, index, field.ways.iter().rev().take(1), width);
    }
    for (index, field) in fields.iter().enumerate() {
        if chosen[index].is_some() || !field.essential {
            choose(&mut chosen, index, field.ways.iter(), width);
        }
    }
    let both = chosen.into_iter().zip(fields);
    both.filter_map(|(way, field)| Some((way?, field.tone))).collect()
}

/// Takes the first of these ways that fits beside what is chosen.
fn choose<'a>(chosen: &mut [Option<&'a str>], index: usize, ways: impl Iterator<Item = &'a String>, width: usize) {
    let before = chosen[index].take();
    let taken: usize = chosen
        .iter()
        .flatten()
        .map(|way| way.chars().count() + BETWEEN.len())
        .sum();
    let mut fitting = ways.filter(|way| taken + way.chars().count() <= width);
    chosen[index] = fitting.next().map(String::as_str).or(before);
}

fn bar(standing: &Standing) -> String {
    let full = BAR * standing.done.min(standing.rows) as usize / standing.rows.max(1) as usize;
    let head = if full < BAR { ">" } else { "" };
    format!("[{:<BAR$}] ", format!("{}{head}", "=".repeat(full)))
}

/// All of them, the most important first: how far; why nothing moves; what went wrong; how long; how fast.
fn fields(standing: &Standing) -> Vec<Field> {
    let (done, rows) = (standing.done.min(standing.rows), standing.rows);
    let percent = u64::from(done) * 100 / u64::from(rows.max(1));
    let head = format!("{percent}% {}/{}", HumanCount(done.into()), HumanCount(rows.into()));
    let mut fields = vec![Field::new(Tone::Plain, [head, format!("{percent}%")]).essential()];
    let goes_on = standing.stop.is_none();
    fields.extend(standing.stop.map(|stop| stopping(standing, stop).essential()));
    fields.extend(weather(standing.weather).filter(|_| goes_on).map(Field::essential));
    fields.extend(wrong(standing).map(|field| if goes_on { field.essential() } else { field }));
    if let Some(left) = standing.left.filter(|_| goes_on && done < rows) {
        let left = format!("{} left", time(left));
        fields.push(Field::new(Tone::Plain, [left]).essential());
    }
    if standing.to_retry > 0 {
        fields.push(Field::new(Tone::Care, [format!("{} to retry", standing.to_retry)]));
    }
    if goes_on {
        let bytes = DecimalBytes(standing.byte_rate as u64);
        fields.push(Field::new(Tone::Plain, [format!("{:.1}/s", standing.rate)]));
        fields.push(Field::new(Tone::Plain, [format!("{bytes}/s")]));
    }
    if standing.stop.is_none() {
        fields.push(Field::new(Tone::Plain, [format!("{} in flight", standing.in_flight)]));
    }
    fields.push(Field::new(Tone::Plain, [time(standing.elapsed)]));
    fields
}

/// What the end waits for, for how long, and how to end it at once.
fn stopping(standing: &Standing, stop: Stop) -> Field {
    let (word, in_flight) = (stop.word(), standing.in_flight);
    let most = standing
        .drains_for
        .map(|most| format!(", {} at most", time(most)))
        .unwrap_or_default();
    let again = if stop.is_signal() { "; Ctrl-C again ends it" } else { "" };
    let ways = [
        format!("stopping ({word}): {in_flight} in flight{most}{again}"),
        format!("stopping: {in_flight} in flight{most}{again}"),
        format!("stopping: {in_flight} in flight{most}"),
        format!("stopping{most}"),
        "stopping".to_owned(),
    ];
    Field::new(Tone::Care, ways)
}

fn weather(weather: Weather) -> Option<Field> {
    let next = time(weather.wait());
    let ways = match weather {
        Weather::Fine => return None,
        Weather::Throttled { .. } => vec![format!("throttled for {next}"), "throttled".into()],
        Weather::Down { next_try_in } if next_try_in.is_zero() => {
            vec!["endpoint down, trying".into(), "down".into()]
        }
        Weather::StoreDown { .. } => vec![
            format!("store of photos down, next try in {next}"),
            format!("store down, next try in {next}"),
            "store down".into(),
        ],
        Weather::Down { .. } => vec![
            format!("endpoint down, next try in {next}"),
            format!("down, next try in {next}"),
            "down".into(),
        ],
    };
    Some(Field::new(Tone::Care, ways))
}

/// Rows that did not enroll in this run or are wrong, all kinds or their sum.
fn wrong(standing: &Standing) -> Option<Field> {
    let stats = &standing.stats;
    let counts = [
        ("rejected", stats.count(Status::Rejected) + stats.unchanged),
        ("invalid", stats.count(Status::Invalid) + stats.invalid_rows()),
        ("failed", stats.count(Status::Failed)),
        ("in doubt", stats.count(Status::InDoubt)),
    ];
    let sum: u32 = counts.iter().map(|(_, count)| count).sum();
    let kinds = counts.iter().filter(|(_, count)| *count > 0);
    let all = kinds.map(|(word, count)| format!("{} {word}", HumanCount((*count).into())));
    let all = all.collect::<Vec<_>>().join(BETWEEN);
    (sum > 0).then(|| Field::new(Tone::Bad, [all, format!("{} not ok", HumanCount(sum.into()))]))
}

/// A time in its two largest units; of less than one second nothing is promised.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{outcome::Outcome, stats::Skipped, unix_millis::UnixMillis};

    fn standing() -> Standing {
        let mut standing = Standing::nothing(UnixMillis::new(0));
        (standing.rows, standing.done, standing.in_flight, standing.to_retry) = (1_000, 124, 4, 3);
        (standing.rate, standing.byte_rate) = (32.46, 1_625_000.0);
        standing.left = Some(Duration::from_secs(27));
        standing.elapsed = Duration::from_secs(64);
        standing.stats.skip(&Skipped {
            invalid: 11,
            ..Skipped::default()
        });
        standing.stats.finished(&Outcome::untried(Status::InDoubt, None));
        standing
    }

    #[test]
    fn fields_are_dropped_whole_from_the_least_important_on() {
        let standing = standing();
        for (width, wanted) in [
            (
                200,
                "[=>        ] 12% 124/1,000, 11 invalid, 1 in doubt, 27 s left, 3 to retry, 32.5/s, 1.62 MB/s, \
                 4 in flight, 1 min 4 s",
            ),
            (
                79,
                "[=>        ] 12% 124/1,000, 11 invalid, 1 in doubt, 27 s left, 3 to retry",
            ),
            (39, "12% 124/1,000, 12 not ok, 27 s left"),
            (20, "12%, 12 not ok"),
            (10, "12%"),
            (2, ""),
        ] {
            assert_eq!(bar_line(&standing, width, false), wanted, "{width}");
        }
    }

    #[test]
    fn a_wait_is_told_before_what_went_wrong_and_does_not_hide_the_time_left() {
        let mut standing = standing();
        standing.weather = Weather::Throttled {
            opens_in: Duration::from_millis(11_500),
        };
        assert_eq!(bar_line(&standing, 39, false), "12%, throttled, 12 not ok, 27 s left");
        let wide = bar_line(&standing, 79, false);
        assert_eq!(
            wide,
            "[=>        ] 12% 124/1,000, throttled for 12 s, 12 not ok, 27 s left, 32.5/s"
        );
        standing.weather = Weather::Down {
            next_try_in: Duration::from_secs(3),
        };
        assert_eq!(
            bar_line(&standing, 39, false),
            "12%, down, 12 not ok, 27 s left, 32.5/s"
        );
    }

    #[test]
    fn the_end_says_what_it_waits_for_how_long_at_most_and_how_to_end_it() {
        let mut standing = standing();
        standing.stop = Some(Stop::Interrupted);
        standing.drains_for = Some(Duration::from_secs(24));
        let wide = bar_line(&standing, 99, false);
        let said = "stopping (interrupted): 4 in flight, 24 s at most; Ctrl-C again ends it";
        assert_eq!(wide, format!("12% 124/1,000, {said}, 12 not ok"));
        let narrow = bar_line(&standing, 79, false);
        let said = "stopping: 4 in flight, 24 s at most; Ctrl-C again ends it";
        assert_eq!(narrow, format!("12% 124/1,000, {said}"));
        assert_eq!(bar_line(&standing, 39, false), "12% 124/1,000, stopping, 24 s at most");
        standing.stop = Some(Stop::Limit);
        standing.drains_for = None;
        assert!(!bar_line(&standing, 79, false).contains("Ctrl-C"));
    }

    #[test]
    fn no_line_is_wider_than_its_terminal_whatever_it_says_and_colour_takes_no_place() {
        let mut standing = standing();
        for stop in [None, Some(Stop::Terminated)] {
            for weather in [
                Weather::Fine,
                Weather::Down {
                    next_try_in: Duration::from_secs(4_000),
                },
            ] {
                (standing.stop, standing.weather) = (stop, weather);
                for width in 0..160 {
                    let plain = bar_line(&standing, width, false);
                    assert!(plain.chars().count() <= width, "{width}: {plain}");
                    let coloured = bar_line(&standing, width, true);
                    assert_eq!(console::strip_ansi_codes(&coloured), plain);
                }
            }
        }
        assert!(bar_line(&standing, 120, true).contains("\u{1b}[31m11 invalid"));
    }

    #[test]
    fn a_finished_bar_is_full_and_an_empty_manifest_is_no_division() {
        let mut standing = standing();
        standing.done = 1_000;
        assert!(bar_line(&standing, 79, false).starts_with("[==========] 100% 1,000/1,000"));
        (standing.rows, standing.done) = (0, 0);
        assert!(bar_line(&standing, 79, false).starts_with("[>         ] 0% 0/0"));
    }

    #[test]
    fn times_are_told_in_their_two_largest_units() {
        let told = [0, 59, 60, 61, 3_600, 5_400, 90_000].map(|seconds| time(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 30 min", "25 h"]);
    }
}
