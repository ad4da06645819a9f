//! The rule: from what we sent and what the provider's history holds to what is known now.

use super::{HistoryEntry, LookupAnswer, OwnAttempt};
use crate::domain::{
    outcome::{Facts, Outcome, PhotoDigest, Reason, Status},
    unix_millis::UnixMillis,
};

/// The job type of an enrollment (endpoint.md, Success).
pub(crate) const ENROLLMENT: &str = "4";

/// What the comparison of two clocks may be wrong by, in milliseconds, before a job is certainly older than an attempt:
/// the `Date` of an answer has whole seconds, the answer was under way for some time, and clocks are corrected.
const CLOCK_ERROR_MS: i64 = 30_000;

/// What it is wrong by at most where nothing is amiss; a job that is older than our attempt by more may be another's.
const USUAL_ERROR_MS: i64 = 5_000;

/// The first of them where the answer does not tell the provider's time: a job that is older than our attempt by less may
/// be ours or not. One that is not older is taken by its time, as if the two clocks agreed.
const UNKNOWN_CLOCK_MS: i64 = 15 * 60_000;

/// For how long an attempt whose run died is taken to have been under way, where a job is to be called its own: the usual
/// `--timeout`. One that took longer stays in doubt.
const UNENDED_MS: i64 = 60_000;

/// Longest time in which the provider goes on with a request that we have given up: the gateway's limit is 29 s
/// (endpoint.md, Limits), and an answer that came back late was under way for as long again.
const LATEST_MS: i64 = 60_000;

/// What is asked about: the user's state in the ledger, and the attempts that were or are in doubt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) status: Status,
    /// None where a run died before it could record one.
    pub(crate) outcome: Option<&'a Outcome>,
    pub(crate) attempts: &'a [OwnAttempt],
    /// When attempts of ours began whose answer is known, and was no enrollment; by our clock.
    pub(crate) answered_at: &'a [UnixMillis],
}

/// What a look-up teaches about a user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is made at a time and taken apart at once; a box would only be an allocation"
)]
pub(crate) enum Learned {
    /// Nothing that changes anything.
    Nothing,
    Known {
        status: Status,
        reason: Reason,
        facts: Facts,
        /// The photo that the provider judged; none where the provider's is not ours.
        photo: Option<PhotoDigest>,
    },
}

/// What a code says of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Enrolled,
    Provisional,
    Rejected,
}

/// One job of the provider: all entries with its id.
#[derive(Debug)]
struct EnrollmentJob<'a> {
    first: UnixMillis,
    /// Whether it has nothing but codes that persons give, later (endpoint.md, Success).
    is_persons: bool,
    /// The entry that stands now.
    latest: &'a HistoryEntry,
    verdict: Option<Verdict>,
}

/// When a job began, against our first attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    Unclear,
    Since,
}

/// Decides what is known of a user now.
pub(crate) fn learn(subject: Subject<'_>, answer: &LookupAnswer) -> Learned {
    let Some(jobs) = jobs(&answer.history) else {
        return Learned::Nothing;
    };
    let learned = match subject.status {
        Status::Provisional => decided_later(subject, answer, &jobs),
        Status::InDoubt | Status::EnrolledInferred => resolve(subject, answer, &jobs),
        Status::Enrolled
        | Status::AlreadyEnrolled
        | Status::Rejected
        | Status::Invalid
        | Status::Failed
        | Status::Pending => None,
    };
    learned.unwrap_or(Learned::Nothing)
}

/// The enrollments in a history; none where one of its entries cannot be understood.
fn jobs(history: &[HistoryEntry]) -> Option<Vec<EnrollmentJob<'_>>> {
    let own = history.iter().filter(|entry| !entry.is_foreign);
    let enrollments = own.filter(|entry| entry.job_type.as_deref().is_none_or(|kind| kind == ENROLLMENT));
    let mut jobs: Vec<Vec<&HistoryEntry>> = Vec::new();
    for entry in enrollments {
        // Without a type or a time nobody can say what it is about.
        entry.job_type.as_ref().zip(entry.at)?;
        let is_same = |job: &&mut Vec<&HistoryEntry>| {
            entry.smile_job_id.is_some() && job.iter().any(|other| other.smile_job_id == entry.smile_job_id)
        };
        match jobs.iter_mut().find(is_same) {
            Some(job) => job.push(entry),
            None => jobs.push(vec![entry]),
        }
    }
    jobs.into_iter().map(EnrollmentJob::of).collect()
}

impl<'a> EnrollmentJob<'a> {
    fn of(entries: Vec<&'a HistoryEntry>) -> Option<Self> {
        let first = entries.iter().filter_map(|entry| entry.at).min()?;
        let latest = *entries.iter().max_by_key(|entry| entry.at)?;
        let at_last = entries.iter().filter(|entry| entry.at == latest.at);
        let mut verdicts = at_last.map(|entry| verdict(entry));
        let verdict = verdicts.next().flatten();
        // Two words of one moment: nobody knows which of them came last.
        let agree = verdicts.all(|other| other == verdict);
        let is_persons = |entry: &&HistoryEntry| entry.code.as_deref().is_some_and(|code| code.starts_with("12"));
        Some(Self {
            first,
            is_persons: entries.iter().all(is_persons),
            latest,
            verdict: verdict.filter(|_| agree),
        })
    }

    fn is_registered(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Enrolled | Verdict::Provisional))
    }

    fn facts(&self) -> Facts {
        let HistoryEntry {
            at: _,
            job_type: _,
            smile_job_id,
            job_id,
            code,
            text,
            is_foreign: _,
        } = self.latest;
        Facts {
            http_status: None,
            result_code: code.clone(),
            result_text: text.clone(),
            smile_job_id: smile_job_id.clone(),
            job_id: job_id.clone(),
            confidence: None,
        }
    }

    fn known(&self, verdict: Verdict, reason: Reason, photo: Option<PhotoDigest>) -> Learned {
        let status = match verdict {
            Verdict::Enrolled => Status::Enrolled,
            Verdict::Provisional => Status::Provisional,
            Verdict::Rejected => Status::Rejected,
        };
        Learned::Known {
            status,
            reason,
            facts: self.facts(),
            photo,
        }
    }
}

/// By the documented codes (endpoint.md, Success); any other says nothing.
fn verdict(entry: &HistoryEntry) -> Option<Verdict> {
    match entry.code.as_deref()? {
        "0840" | "1240" => Some(Verdict::Enrolled),
        "0842" | "0844" | "0846" => Some(Verdict::Provisional),
        "0001" | "0841" | "0843" | "0907" | "0941" | "0942" | "1241" | "1242" => Some(Verdict::Rejected),
        _ => None,
    }
}

/// A doubt, or an enrollment that was only inferred.
fn resolve(subject: Subject<'_>, answer: &LookupAnswer, jobs: &[EnrollmentJob<'_>]) -> Option<Learned> {
    let first = first_started(subject.attempts)?;
    let begun = |wanted| {
        let is_it = move |job: &&EnrollmentJob<'_>| when(job.first, first, answer.clock_ahead_ms) == wanted;
        jobs.iter().filter(is_it).collect::<Vec<_>>()
    };
    let (before, unclear, since) = (begun(When::Before), begun(When::Unclear), begun(When::Since));
    if unclear.iter().any(|job| job.is_registered()) {
        return None;
    }
    let registered: Vec<_> = since.iter().filter(|job| job.is_registered()).collect();
    match registered.as_slice() {
        [job] => enrolled_since(job, &before, &since, subject.attempts, answer),
        // A user is enrolled once; more of them are not understood.
        [_, ..] => None,
        [] if !unclear.is_empty() => None,
        [] if before.iter().any(|job| job.is_registered()) => enrolled_before(&before, &since, subject.attempts),
        [] => refused(subject, answer, &since),
    }
}

/// When the first attempt began; none where the clock was set back between two of them, so that times prove nothing.
fn first_started(attempts: &[OwnAttempt]) -> Option<UnixMillis> {
    let is_in_order = attempts.is_sorted_by_key(|attempt| attempt.started_at);
    let ends_after = |attempt: &OwnAttempt| attempt.ended_at.is_none_or(|end| end >= attempt.started_at);
    let first = attempts.first()?.started_at;
    (is_in_order && attempts.iter().all(ends_after)).then_some(first)
}

/// A registration that began while an attempt of ours was under way. One from later is somebody else's, as that of the
/// user in an app, and says nothing of what we sent.
fn enrolled_since(
    job: &EnrollmentJob<'_>,
    before: &[&EnrollmentJob<'_>],
    since: &[&EnrollmentJob<'_>],
    attempts: &[OwnAttempt],
    answer: &LookupAnswer,
) -> Option<Learned> {
    // A person's word under a job of its own may be about another registration than ours.
    let is_refused_since = since.iter().any(|other| other.is_persons && !other.is_registered());
    let is_about_earlier = job.is_persons && before.iter().any(|job| job.is_registered());
    if is_refused_since || is_about_earlier || !attempts.iter().any(|attempt| reaches(attempt, job, answer)) {
        return None;
    }
    let photo = photo_of(job, attempts, answer)?;
    Some(job.known(job.verdict?, Reason::LookedUp, Some(photo)))
}

/// The user was there before we sent anything, and is so by the latest word from before: a refusal that came after a
/// registration, or any job since, may have made the user free for what we sent.
fn enrolled_before(
    before: &[&EnrollmentJob<'_>],
    since: &[&EnrollmentJob<'_>],
    attempts: &[OwnAttempt],
) -> Option<Learned> {
    let job = before.iter().max_by_key(|job| (job.latest.at, !job.is_registered()))?;
    // A person may have refused it between two attempts, which the history need not tell yet.
    let is_lasting = job.verdict == Some(Verdict::Enrolled) || attempts.len() == 1;
    (job.is_registered() && is_lasting && since.is_empty()).then(|| Learned::Known {
        status: Status::AlreadyEnrolled,
        reason: Reason::LookedUp,
        facts: job.facts(),
        photo: None,
    })
}

/// All that we sent was refused, each attempt by a job of its own. A 2209 says that the user is enrolled, and a refusal
/// in the history does not say otherwise.
fn refused(subject: Subject<'_>, answer: &LookupAnswer, jobs: &[&EnrollmentJob<'_>]) -> Option<Learned> {
    let all = jobs.iter().all(|job| job.verdict == Some(Verdict::Rejected));
    let made = made(subject);
    // Two entries without an id may be one job.
    let are_known_apart = made == 1 || jobs.iter().all(|job| job.latest.smile_job_id.is_some());
    let answered = |attempt: &OwnAttempt| jobs.iter().any(|job| reaches(attempt, job, answer));
    if subject.status != Status::InDoubt
        || !all
        || !are_known_apart
        || jobs.len() < made
        || !subject.attempts.iter().all(answered)
    {
        return None;
    }
    let last = subject.attempts.last()?;
    let own = jobs.iter().filter(|job| reaches(last, job, answer));
    let job = own.max_by_key(|job| job.first)?;
    let photo = photo_of(job, subject.attempts, answer)?;
    Some(job.known(Verdict::Rejected, Reason::LookedUp, Some(photo)))
}

/// How many of the jobs since the first doubt may be ours: that of an attempt with a known answer is no doubt's.
fn made(subject: Subject<'_>) -> usize {
    let first = subject.attempts.iter().map(|attempt| attempt.started_at.get()).min();
    let earliest = first.unwrap_or(i64::MIN).saturating_sub(UNKNOWN_CLOCK_MS);
    let near = subject.answered_at.iter().filter(|at| at.get() >= earliest);
    subject.attempts.len() + near.count()
}

/// A person has decided on a registration of ours: under its own job id, or by a job that is nothing but a person's word.
fn decided_later(subject: Subject<'_>, answer: &LookupAnswer, jobs: &[EnrollmentJob<'_>]) -> Option<Learned> {
    let outcome = subject.outcome?;
    let sent_at = outcome.sent_at?;
    let own_id = outcome.facts.smile_job_id.as_ref();
    let is_own = |job: &EnrollmentJob<'_>| own_id.is_some() && job.latest.smile_job_id.as_ref() == own_id;
    let since = |job: &EnrollmentJob<'_>| when(job.first, sent_at, answer.clock_ahead_ms) == When::Since;
    let is_decision = |job: &&EnrollmentJob<'_>| match is_own(job) {
        true => job.verdict != Some(Verdict::Provisional),
        false => job.is_persons && since(job),
    };
    let decided: Vec<_> = jobs.iter().filter(is_decision).collect();
    let job = decided.iter().max_by_key(|job| job.latest.at)?;
    let agree = decided.iter().all(|other| other.verdict == job.verdict);
    let verdict = job.verdict.filter(|_| agree)?;
    Some(job.known(verdict, Reason::DecidedLater, outcome.photo))
}

fn when(at: UnixMillis, first: UnixMillis, clock_ahead_ms: Option<i64>) -> When {
    let after = by_our_clock(at, clock_ahead_ms).saturating_sub(first.get());
    let (since, before) = match clock_ahead_ms {
        Some(_) => (-USUAL_ERROR_MS, -CLOCK_ERROR_MS),
        None => (0, -UNKNOWN_CLOCK_MS),
    };
    match after {
        _ if after >= since => When::Since,
        _ if after < before => When::Before,
        _ => When::Unclear,
    }
}

fn by_our_clock(at: UnixMillis, clock_ahead_ms: Option<i64>) -> i64 {
    at.get().saturating_sub(clock_ahead_ms.unwrap_or(0))
}

/// The photo that a job of ours was made of. Where attempts sent different ones, the time has to tell them apart.
fn photo_of(job: &EnrollmentJob<'_>, attempts: &[OwnAttempt], answer: &LookupAnswer) -> Option<PhotoDigest> {
    let sent = |attempt: &OwnAttempt| (attempt.photo, attempt.created_at.clone());
    let first = attempts.first()?;
    if attempts.iter().all(|attempt| sent(attempt) == sent(first)) {
        return Some(first.photo);
    }
    let mut possible = attempts.iter().filter(|attempt| is_of(job, attempt, answer));
    let found = possible.next()?;
    possible
        .all(|attempt| sent(attempt) == sent(found))
        .then_some(found.photo)
}

/// Whether a job began so soon after an attempt that it is the attempt's, and not another's of a later day.
fn reaches(attempt: &OwnAttempt, job: &EnrollmentJob<'_>, answer: &LookupAnswer) -> bool {
    let longest = attempt.started_at.get().saturating_add(UNENDED_MS);
    let end = attempt.ended_at.unwrap_or(UnixMillis::new(longest));
    let bounded = OwnAttempt {
        ended_at: Some(end),
        ..attempt.clone()
    };
    is_of(job, &bounded, answer)
}

/// Whether a job began while the provider could have had this attempt.
fn is_of(job: &EnrollmentJob<'_>, attempt: &OwnAttempt, answer: &LookupAnswer) -> bool {
    let at = by_our_clock(job.first, answer.clock_ahead_ms);
    let error = match answer.clock_ahead_ms {
        Some(_) => CLOCK_ERROR_MS,
        None => UNKNOWN_CLOCK_MS,
    };
    let end = attempt.ended_at.map_or(i64::MAX, UnixMillis::get);
    let earliest = attempt.started_at.get().saturating_sub(error);
    (earliest..=end.saturating_add(LATEST_MS).saturating_add(error)).contains(&at)
}
