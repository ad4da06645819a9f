//! Who watches a run: the reporter, who tells people, and beside it the timeline, where a report is asked for.

use std::time::Instant;

use crate::domain::timeline::{Timeline, Weather};
use crate::run::{Observer, RunEvent, Snapshot, Waiting};
use crate::terminal::Reporter;

/// All who are told what happens.
pub(super) struct Watch {
    pub(super) reporter: Reporter,
    /// None where nobody asks for a report.
    pub(super) timeline: Option<Timeline>,
    started: Instant,
}

impl Watch {
    pub(super) fn new(reporter: Reporter, keeps_time: bool) -> Self {
        Self {
            reporter,
            timeline: keeps_time.then(Timeline::new),
            started: Instant::now(),
        }
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &RunEvent) {
        if let Some(timeline) = &mut self.timeline {
            let at = self.started.elapsed();
            match event {
                RunEvent::Attempt { took, .. } => timeline.answered(at, *took),
                RunEvent::Finished { .. } => timeline.finished(at),
                RunEvent::InvalidPhoto { .. }
                | RunEvent::LargePhoto { .. }
                | RunEvent::SharedPhoto { .. }
                | RunEvent::Refused { .. }
                | RunEvent::StoreFailed(_)
                | RunEvent::Stopping(_) => {}
            }
        }
        self.reporter.event(event);
    }

    fn progress(&mut self, snapshot: &dyn Fn() -> Snapshot) {
        if let Some(timeline) = &mut self.timeline {
            let Snapshot { in_flight, waiting, .. } = snapshot();
            let weather = waiting.map(|waiting| match waiting {
                Waiting::Throttled { .. } => Weather::Throttled,
                Waiting::Down { .. } | Waiting::StoreDown { .. } => Weather::Down,
            });
            timeline.sampled(self.started.elapsed(), in_flight, weather);
        }
        self.reporter.progress(snapshot);
    }
}
