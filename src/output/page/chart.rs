//! The run over time as charts: rate, latency and requests in flight, with a strip under each for the times in which the
//! server throttled or was down. The same numbers stand in a table, for whoever cannot see the charts.

use std::time::Duration;

use maud::{Markup, html};

use super::figures;
use super::plot::{self, HEIGHT, Scale, WIDTH};
use super::text::{decimal, millis, span};
use crate::domain::{
    stats::Stats,
    timeline::{Step, Timeline},
};

/// A run of fewer steps shows nothing over time.
const FEWEST_STEPS: usize = 4;

/// One chart.
struct Chart<'a> {
    title: &'a str,
    /// Its numbers in a sentence.
    caption: String,
    scale: Scale,
    mark: fn(f64) -> String,
    shapes: Markup,
}

pub(super) fn section(timeline: &Timeline, stats: &Stats) -> Markup {
    let steps = timeline.steps();
    html! {
        @if stats.attempts > 0 && !steps.is_empty() {
            section.charts {
                h2 { "Over time" }
                @if steps.len() < FEWEST_STEPS {
                    p { "The run was too short for charts. Time to answer: " (latency(steps, stats).caption) "." }
                } @else {
                    div.grid {
                        @for chart in [rate(timeline), latency(steps, stats), in_flight(steps)] {
                            (draw(&chart, timeline))
                        }
                    }
                }
                (waits(timeline))
                @if steps.len() >= FEWEST_STEPS { (figures::table(timeline)) }
            }
        }
    }
}

fn rate(timeline: &Timeline) -> Chart<'static> {
    let rates = figures::rates(timeline);
    let scale = Scale::linear(rates.iter().copied());
    let rows: u64 = timeline.steps().iter().map(|step| u64::from(step.rows)).sum();
    let mean = rows as f64 / timeline.lasted().as_secs_f64().max(0.001);
    let most = rates.iter().copied().fold(0.0, f64::max);
    Chart {
        title: "Rows a second",
        caption: format!("{} on average, at most {}", decimal(mean), decimal(most)),
        scale,
        mark: decimal,
        shapes: html! { path.area d=(plot::area(&rates, scale)) {} },
    }
}

fn latency(steps: &[Step], stats: &Stats) -> Chart<'static> {
    let lines = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")].map(|(quantile, name)| {
        let values: Vec<Option<f64>> = steps
            .iter()
            .map(|step| step.latency(quantile).map(|ms| ms as f64))
            .collect();
        (name, values)
    });
    let known = lines.iter().flat_map(|(_, values)| values.iter().copied().flatten());
    let scale = Scale::logarithmic(known);
    let whole = &stats.latency_ms;
    let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];
    let parts = quantiles.map(|(name, quantile)| format!("{name} {}", millis(whole.value_at_quantile(quantile))));
    let caption = match whole.is_empty() {
        true => "no attempt came to its end".to_owned(),
        false => format!("{}, longest {}", parts.join(", "), millis(whole.max())),
    };
    Chart {
        title: "Time to answer",
        caption,
        scale,
        mark: |ms| millis(ms.round() as u64),
        shapes: html! { @for (name, values) in &lines { path class={ "line " (name) } d=(plot::line(values, scale)) {} } },
    }
}

fn in_flight(steps: &[Step]) -> Chart<'static> {
    let values: Vec<f64> = steps.iter().map(|step| step.in_flight as f64).collect();
    // An even number, so that its half is a number of requests too.
    let most = values.iter().copied().fold(0.0, f64::max);
    let scale = Scale::linear(values.iter().map(|value| value.max(2.0)));
    Chart {
        title: "Requests in flight",
        caption: format!("at most {}", decimal(most)),
        scale,
        mark: decimal,
        shapes: html! { path.area d=(plot::area(&values, scale)) {} },
    }
}

fn draw(chart: &Chart<'_>, timeline: &Timeline) -> Markup {
    let lasted = timeline.lasted();
    let label = format!("{} over {}: {}", chart.title, span(lasted), chart.caption);
    html! {
        figure {
            figcaption { h3 { (chart.title) } p { (chart.caption) } }
            div.plot {
                div.marks.y aria-hidden="true" { @for value in chart.scale.marks() { span { ((chart.mark)(value)) } } }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(label) {
                    path.rule d={ "M0 .5H" (WIDTH) "M0 50H" (WIDTH) "M0 99.5H" (WIDTH) } {}
                    (chart.shapes)
                }
                @if waited(timeline) > Duration::ZERO { (strip(timeline)) }
                div.marks.x aria-hidden="true" {
                    @for moment in [Duration::ZERO, lasted / 2, lasted] { span { (span(moment)) } }
                }
            }
            @if chart.title == "Time to answer" { (legend()) }
        }
    }
}

fn legend() -> Markup {
    html! {
        p.legend {
            @for (name, meaning) in [("p50", "half of the answers"), ("p90", "nine in ten"), ("p99", "99 in a hundred")] {
                span { svg.key viewBox="0 0 24 6" aria-hidden="true" { path class={ "line " (name) } d="M0 3H24" {} } b { (name) } " " (meaning) }
            }
            span { "logarithmic scale" }
        }
    }
}

/// Times of waiting, under a chart: the fuller, the larger the share of that time.
fn strip(timeline: &Timeline) -> Markup {
    let held = figures::held_back(timeline);
    let scale = Scale::Linear { most: 1.0 };
    html! {
        svg.strip viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
            path.throttled d=(plot::area(&held.in_all, scale)) {}
            path.down d=(plot::area(&held.down, scale)) {}
        }
    }
}

/// How long the run was held back in all.
fn waited(timeline: &Timeline) -> Duration {
    timeline.steps().iter().map(|step| step.throttled + step.down).sum()
}

/// The same in words.
fn waits(timeline: &Timeline) -> Markup {
    let down: Duration = timeline.steps().iter().map(|step| step.down).sum();
    let throttled = waited(timeline).saturating_sub(down);
    html! {
        @if waited(timeline) == Duration::ZERO {
            p.weather { "The run was never held back." }
        } @else {
            p.weather {
                "The run was held back for " (span(waited(timeline))) " of " (span(timeline.lasted())) ": "
                @if throttled > Duration::ZERO { span.dot.throttled {} "throttled for " (span(throttled)) }
                @if throttled > Duration::ZERO && down > Duration::ZERO { ", " }
                @if down > Duration::ZERO { span.dot.down {} "endpoint or photo store down for " (span(down)) }
                "."
                @if timeline.steps().len() >= FEWEST_STEPS {
                    " The strip under each chart shows when: half full means held back for half of that time."
                }
            }
        }
    }
}
