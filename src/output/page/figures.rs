//! The numbers behind the charts: rates, times of waiting, and the table of them.

use std::time::Duration;

use maud::{Markup, html};

use super::text::{decimal, grouped, millis, span};
use crate::domain::timeline::{Step, Timeline, Weather};

/// Most lines of the table.
const MOST_LINES: usize = 12;

/// A time in which the run was held back, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) weather: Weather,
    pub(super) from: usize,
    /// The step behind the last one.
    pub(super) to: usize,
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

/// Steps side by side that were mostly of the same weather are one band.
pub(super) fn bands_of_waiting(timeline: &Timeline) -> Vec<Wait> {
    let mut waits: Vec<Wait> = Vec::new();
    for (place, step) in timeline.steps().iter().enumerate() {
        let Some(weather) = weather(step, length(timeline, place)) else {
            continue;
        };
        match waits
            .last_mut()
            .filter(|last| last.weather == weather && last.to == place)
        {
            Some(last) => last.to = place + 1,
            None => waits.push(Wait {
                weather,
                from: place,
                to: place + 1,
            }),
        }
    }
    waits
}

/// What held the run back for at least half of this step, if anything did.
fn weather(step: &Step, length: Duration) -> Option<Weather> {
    match (step.throttled, step.down) {
        (throttled, down) if (throttled + down) * 2 < length => None,
        (throttled, down) if down >= throttled => Some(Weather::Down),
        _ => Some(Weather::Throttled),
    }
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

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn steps_that_were_mostly_of_one_weather_are_one_band() {
        let mut timeline = Timeline::new();
        timeline.sampled(seconds(0.5), 1, None);
        timeline.sampled(seconds(1.0), 0, Some(Weather::Throttled));
        timeline.sampled(seconds(1.2), 0, Some(Weather::Down));
        timeline.sampled(seconds(1.9), 1, None);
        timeline.sampled(seconds(2.0), 1, Some(Weather::Throttled));
        timeline.sampled(seconds(2.1), 1, None);
        timeline.sampled(seconds(2.24), 1, Some(Weather::Down));
        let wait = |weather, from, to| Wait { weather, from, to };
        let wanted = [
            wait(Weather::Throttled, 2, 4),
            wait(Weather::Down, 4, 5),
            wait(Weather::Down, 8, 9),
        ];
        assert_eq!(bands_of_waiting(&timeline), wanted);
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
