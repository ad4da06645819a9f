//! The numbers behind the charts: rates, times of waiting, and the table of them.

use std::time::Duration;

use maud::{Markup, html};

use super::text::{decimal, grouped, millis, span};
use crate::domain::timeline::{Step, Timeline};

/// Most lines of the table.
const MOST_LINES: usize = 12;

/// Most parts in which the times of waiting are drawn: each is wide enough to be seen on a phone.
const MOST_PARTS: usize = 100;

/// The share of each part of the run, 0 to 1, in which it was held back.
#[derive(Debug, PartialEq)]
pub(super) struct HeldBack {
    /// By throttling or by anything else.
    pub(super) in_all: Vec<f64>,
    /// By an endpoint or a store of photos that was down.
    pub(super) down: Vec<f64>,
}

/// Rows a second, for each step.
pub(super) fn rates(timeline: &Timeline) -> Vec<f64> {
    let steps = timeline.steps();
    let rate = |(place, step): (usize, &Step)| f64::from(step.rows) / length(timeline, place).as_secs_f64();
    steps.iter().enumerate().map(rate).collect()
}

/// The length of a step. The last one is shorter; a moment of it is no measure of a rate.
fn length(timeline: &Timeline, place: usize) -> Duration {
    let whole = timeline.length();
    let passed = timeline.lasted().saturating_sub(whole * place as u32);
    passed.clamp(whole / 4, whole)
}

/// Short waits that follow one another come out as the share of time that they took, and not as a run that stood still.
pub(super) fn held_back(timeline: &Timeline) -> HeldBack {
    let size = timeline.steps().len().div_ceil(MOST_PARTS).max(1);
    let parts: Vec<(f64, f64)> = timeline
        .steps()
        .chunks(size)
        .enumerate()
        .map(|(place, part)| {
            let steps = place * size..place * size + part.len();
            let lasted: Duration = steps.map(|at| length(timeline, at)).sum();
            let share = |held: Duration| (held.as_secs_f64() / lasted.as_secs_f64()).min(1.0);
            let down = part.iter().map(|step| step.down).sum();
            let throttled: Duration = part.iter().map(|step| step.throttled).sum();
            (share(throttled + down), share(down))
        })
        .collect();
    let (in_all, down) = parts.into_iter().unzip();
    HeldBack { in_all, down }
}

pub(super) fn table(timeline: &Timeline) -> Markup {
    let parts = timeline.steps().len().div_ceil(MOST_LINES).max(1);
    let lines: Vec<Step> = timeline.steps().chunks(parts).filter_map(merged).collect();
    html! {
        details {
            summary { "The same as numbers" }
            table.figures {
                caption { "The run in parts" }
                thead {
                    tr {
                        @for name in ["From", "Rows", "p50", "p90", "p99", "In flight", "Held back"] { th.number scope="col" { (name) } }
                    }
                }
                tbody {
                    @for (place, step) in lines.iter().enumerate() {
                        @let from = timeline.length() * (place * parts) as u32;
                        (line(from, step))
                    }
                }
            }
        }
    }
}

fn line(from: Duration, step: &Step) -> Markup {
    let held = step.throttled + step.down;
    html! {
        tr {
            th.number scope="row" { (span(from)) }
            td.number { (grouped(step.rows)) }
            @for quantile in [0.5, 0.9, 0.99] { td.number { (step.latency(quantile).map(millis).unwrap_or_else(|| "–".into())) } }
            td.number { (decimal(step.in_flight as f64)) }
            td.number { (if held.is_zero() { "–".to_owned() } else { span(held) }) }
        }
    }
}

fn merged(steps: &[Step]) -> Option<Step> {
    let (first, rest) = steps.split_first()?;
    let mut whole = first.clone();
    rest.iter().for_each(|step| whole.add(step));
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timeline::Weather;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn waits_are_told_by_their_share_of_each_part() {
        let mut timeline = Timeline::new();
        timeline.sampled(seconds(0.25), 1, None);
        timeline.sampled(seconds(0.3), 1, Some(Weather::Throttled));
        timeline.sampled(seconds(0.5), 1, None);
        timeline.sampled(seconds(0.7), 1, Some(Weather::Down));
        timeline.sampled(seconds(0.75), 1, Some(Weather::Throttled));
        let HeldBack { in_all, down } = held_back(&timeline);
        let rounded = |shares: Vec<f64>| -> Vec<_> { shares.iter().map(|share| (share * 100.0).round()).collect() };
        assert_eq!(rounded(in_all)[..3], [0.0, 20.0, 100.0]);
        assert_eq!(rounded(down)[..3], [0.0, 0.0, 80.0]);
    }

    /// A server that lets requests through for one second in ten.
    #[test]
    fn many_short_waits_are_few_parts_that_say_how_long_they_were_together() {
        let mut timeline = Timeline::new();
        for second in 1..=10_000_u32 {
            let weather = (second % 10 != 0).then_some(Weather::Throttled);
            timeline.sampled(seconds(f64::from(second)), 1, weather);
        }
        let shares = held_back(&timeline).in_all;
        assert!(
            (MOST_PARTS / 2..=MOST_PARTS).contains(&shares.len()),
            "{}",
            shares.len()
        );
        assert!(shares.iter().all(|share| (0.85..=0.95).contains(share)), "{shares:?}");
    }

    #[test]
    fn a_rate_goes_by_the_time_that_passed() {
        let mut timeline = Timeline::new();
        (0..50).for_each(|_| timeline.finished(seconds(0.1)));
        (0..10).for_each(|_| timeline.finished(seconds(0.3)));
        timeline.sampled(seconds(0.35), 1, None);
        let rates: Vec<f64> = rates(&timeline).iter().map(|rate| rate.round()).collect();
        assert_eq!(rates, [200.0, 100.0]);
    }
}
