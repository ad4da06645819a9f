//! When a change of the weather is told of: at once, and not each time that a server lets some requests through.

use std::time::{Duration, Instant};

use crate::domain::standing::Weather;

/// A throttled run is through it when it has been let through for so long: between two refusals it always is.
const CALM: Duration = Duration::from_secs(2);

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It has become so.
    Bad(Weather),
    /// It is fine again, after so long.
    Back(Duration),
}

/// The weather that was told of last.
#[derive(Debug, Default)]
pub(super) struct WeatherReport {
    /// Since when, and which it was last.
    bad: Option<(Instant, Weather)>,
    fine_since: Option<Instant>,
}

impl WeatherReport {
    /// Takes in the weather of this moment.
    pub(super) fn look(&mut self, weather: Weather, now: Instant) -> Option<Change> {
        if weather != Weather::Fine {
            self.fine_since = None;
            let since = self.bad.map_or(now, |(since, _)| since);
            let before = self.bad.replace((since, weather));
            let is_new = before.is_none_or(|(_, before)| before.word() != weather.word());
            return is_new.then_some(Change::Bad(weather));
        }
        let (since, was) = self.bad?;
        let fine_since = *self.fine_since.get_or_insert(now);
        let calm = match was {
            Weather::Down { .. } | Weather::StoreDown { .. } => Duration::ZERO,
            Weather::Fine | Weather::Throttled { .. } => CALM,
        };
        if now.saturating_duration_since(fine_since) < calm {
            return None;
        }
        *self = Self::default();
        Some(Change::Back(fine_since.saturating_duration_since(since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_spell_of_throttling_is_told_once_and_its_end_when_it_is_over() {
        let (mut report, start) = (WeatherReport::default(), Instant::now());
        let throttled = Weather::Throttled { opens_in: SECOND };
        let mut told = Vec::new();
        for tenth in 0..100 {
            // Refused, let through for a moment, refused again.
            let weather = if tenth < 50 && tenth % 10 != 9 {
                throttled
            } else {
                Weather::Fine
            };
            told.extend(report.look(weather, start + SECOND / 10 * tenth));
        }
        assert_eq!(told, [Change::Bad(throttled), Change::Back(SECOND / 10 * 49)]);
    }

    #[test]
    fn an_outage_and_its_end_are_told_at_once() {
        let (mut report, start) = (WeatherReport::default(), Instant::now());
        let down = |seconds| Weather::Down {
            next_try_in: SECOND * seconds,
        };
        assert_eq!(report.look(Weather::Fine, start), None);
        assert_eq!(report.look(down(1), start), Some(Change::Bad(down(1))));
        assert_eq!(report.look(down(9), start + SECOND), None);
        let throttled = Weather::Throttled { opens_in: SECOND };
        assert_eq!(report.look(throttled, start + SECOND * 2), Some(Change::Bad(throttled)));
        assert_eq!(report.look(down(1), start + SECOND * 3), Some(Change::Bad(down(1))));
        let back = report.look(Weather::Fine, start + SECOND * 4);
        assert_eq!(back, Some(Change::Back(SECOND * 4)));
    }
}
