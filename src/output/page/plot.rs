//! Shapes of a chart, as SVG paths in a field of 1,000 by 100 that the page stretches to its width.

use std::fmt::Write as _;

pub(super) const WIDTH: f64 = 1_000.0;
pub(super) const HEIGHT: f64 = 100.0;

/// What the vertical axis reaches over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// From zero.
    Linear { most: f64 },
    /// From one power of ten to another.
    Logarithmic { least: f64, most: f64 },
}

impl Scale {
    /// From zero to a round number that is no less than any of the values.
    pub(super) fn linear(values: impl Iterator<Item = f64>) -> Self {
        Self::Linear {
            most: round_up(values.fold(0.0, f64::max)),
        }
    }

    /// Between the powers of ten around the values.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64> + Clone) -> Self {
        let most = 10_f64.powf(values.clone().fold(1.0, f64::max).log10().ceil());
        let least = 10_f64.powf(values.fold(most, f64::min).max(1.0).log10().floor());
        Self::Logarithmic {
            least: least.min(most / 10.0),
            most,
        }
    }

    /// Values at the top, the middle and the bottom.
    pub(super) fn marks(self) -> [f64; 3] {
        match self {
            Self::Linear { most } => [most, most / 2.0, 0.0],
            Self::Logarithmic { least, most } => [most, (least * most).sqrt(), least],
        }
    }

    fn y(self, value: f64) -> f64 {
        let share = match self {
            Self::Linear { most } => value / most,
            Self::Logarithmic { least, most } => (value.max(least) / least).log10() / (most / least).log10(),
        };
        (1.0 - share.clamp(0.0, 1.0)) * HEIGHT
    }
}

/// The smallest of 2, 4, 6, 8, 10 times a power of ten that holds the number, so that its half is a plain number too.
fn round_up(number: f64) -> f64 {
    if number <= 0.0 {
        return 2.0;
    }
    let power = 10_f64.powf(number.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0]
        .into_iter()
        .find(|step| number <= step * power);
    steps.unwrap_or(10.0) * power
}

/// A line that holds each value for its step; nothing is drawn where there is none.
pub(super) fn line(values: &[Option<f64>], scale: Scale) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (place, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let y = scale.y(*value);
            let _ = match drawing {
                true => write!(path, "V{y:.1}"),
                false => write!(path, "M{:.1} {y:.1}", x(place, values.len())),
            };
            let _ = write!(path, "H{:.1}", x(place + 1, values.len()));
        }
        drawing = value.is_some();
    }
    path
}

/// The same, filled down to the bottom.
pub(super) fn area(values: &[f64], scale: Scale) -> String {
    let mut path = format!("M0 {HEIGHT}");
    for (place, value) in values.iter().enumerate() {
        let _ = write!(path, "V{:.1}H{:.1}", scale.y(*value), x(place + 1, values.len()));
    }
    path + &format!("V{HEIGHT}Z")
}

/// Where a step begins.
pub(super) fn x(place: usize, steps: usize) -> f64 {
    place as f64 / steps.max(1) as f64 * WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_that_holds_all() {
        for (most, wanted) in [
            (0.0, 2.0),
            (0.7, 0.8),
            (1.0, 1.0),
            (3.0, 4.0),
            (72.0, 80.0),
            (81.0, 100.0),
            (1_001.0, 2_000.0),
        ] {
            let Scale::Linear { most: found } = Scale::linear([0.0, most].into_iter()) else {
                panic!("not linear")
            };
            assert!((found - wanted).abs() < 1e-9, "{most}: {found}");
        }
        let scale = Scale::logarithmic([30.0, 4_000.0].into_iter());
        assert_eq!(
            scale,
            Scale::Logarithmic {
                least: 10.0,
                most: 10_000.0
            }
        );
        let alike = Scale::logarithmic([10.0, 10.0].into_iter());
        assert_eq!(alike, Scale::Logarithmic { least: 1.0, most: 10.0 });
        assert_eq!(Scale::logarithmic([0.0].into_iter()).marks()[0], 1.0);
    }

    #[test]
    fn a_line_has_gaps_where_nothing_is_known() {
        let scale = Scale::Linear { most: 100.0 };
        let values = [Some(0.0), Some(50.0), None, Some(100.0)];
        assert_eq!(line(&values, scale), "M0.0 100.0H250.0V50.0H500.0M750.0 0.0H1000.0");
        assert_eq!(line(&[None, None], scale), "");
    }

    #[test]
    fn an_area_begins_and_ends_at_the_bottom() {
        let scale = Scale::Linear { most: 100.0 };
        assert_eq!(area(&[100.0, 25.0], scale), "M0 100V0.0H500.0V75.0H1000.0V100Z");
    }
}
