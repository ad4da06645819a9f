//! Whether the ledgers of parts are those of all parts of one manifest: facts in, problems out.
//!
//! Every part has to be there exactly once, and all of them have to agree on the number of parts, the endpoint, the partner
//! and the host for look-ups. Each has to have had a run over the very manifest, or over the file that `split` has made of
//! it for that part. Where parts differ, the value that most of them have is taken for the right one.

mod problem;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::shard::Shard;
use super::split_proof::SplitProof;
use super::unix_millis::UnixMillis;
pub(crate) use problem::Problem;

/// What a ledger says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartFacts {
    pub(crate) file: PathBuf,
    pub(crate) endpoint: String,
    pub(crate) partner_id: String,
    /// The host for look-ups; none before the first one.
    pub(crate) lookup_endpoint: Option<String>,
    pub(crate) shard: Option<Shard>,
    /// The earliest first.
    pub(crate) runs: Vec<PartRun>,
}

/// A run of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartRun {
    pub(crate) run_id: String,
    pub(crate) version: String,
    pub(crate) manifest: String,
    pub(crate) manifest_sha256: [u8; 32],
    pub(crate) started_at: UnixMillis,
    /// None where it was killed.
    pub(crate) finished_at: Option<UnixMillis>,
    pub(crate) stopped_by: Option<String>,
}

/// What the parts have to be parts of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole<'a> {
    pub(crate) manifest_sha256: [u8; 32],
    /// What `split` says it has made of the manifest, where it has.
    pub(crate) split: Option<&'a SplitProof>,
    /// Ledgers that were named and could not be read; each may be that of any part.
    pub(crate) unread: usize,
}

/// What the parts have in common, once nothing is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proven {
    pub(crate) count: u32,
    /// The host for look-ups, if any part has asked one.
    pub(crate) lookup_endpoint: Option<String>,
    /// The latest run over the manifest of each part, in the order of the parts.
    pub(crate) latest: Vec<(Shard, PartRun)>,
}

impl Proven {
    /// Parts whose latest run did not come to its end by itself.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = (Shard, &PartRun)> {
        let unfinished = |run: &PartRun| run.finished_at.is_none() || run.stopped_by.is_some();
        let runs = self.latest.iter().filter(move |(_, run)| unfinished(run));
        runs.map(|(shard, run)| (*shard, run))
    }

    /// The versions of the program that have made them, each with how many parts.
    pub(crate) fn versions(&self) -> BTreeMap<&str, usize> {
        let mut versions = BTreeMap::new();
        for (_, run) in &self.latest {
            *versions.entry(run.version.as_str()).or_default() += 1;
        }
        versions
    }
}

impl Whole<'_> {
    /// Whether a run over a manifest of this hash was over the manifest, as far as this part needs it.
    fn is_of(&self, shard: Shard, run: &PartRun) -> bool {
        let own = self.split.and_then(|split| split.part(shard));
        run.manifest_sha256 == self.manifest_sha256 || own == Some(run.manifest_sha256)
    }
}

/// Proves that these are all parts of the whole, or says all that is wrong.
pub(crate) fn prove(parts: &[PartFacts], whole: Whole<'_>) -> Result<Proven, Vec<Problem>> {
    let count = most_frequent(parts.iter().filter_map(|part| part.shard.map(Shard::count)));
    let mut problems: Vec<Problem> = parts.iter().filter_map(|part| misplaced(part, count)).collect();
    problems.extend(check_split(whole, count));
    let own: Vec<(Shard, &PartFacts)> = parts
        .iter()
        .filter_map(|part| Some((part.shard.filter(|shard| Some(shard.count()) == count)?, part)))
        .collect();
    problems.extend(
        count
            .into_iter()
            .flat_map(|count| number_of_each(&own, count, whole.unread)),
    );
    problems.extend(differences(parts));
    let mut latest = Vec::new();
    for (shard, part) in &own {
        match latest_run(*shard, part, whole) {
            Ok(run) => latest.push((*shard, run.clone())),
            Err(problem) => problems.push(problem),
        }
    }
    latest.sort_by_key(|(shard, _)| *shard);
    match (problems.is_empty(), count) {
        (true, Some(count)) => Ok(Proven {
            count,
            lookup_endpoint: lookup_endpoints(parts).next().map(|(_, endpoint)| endpoint.clone()),
            latest,
        }),
        _ => Err(problems),
    }
}

/// A ledger that is no part of so many.
fn misplaced(part: &PartFacts, count: Option<u32>) -> Option<Problem> {
    let file = part.file.clone();
    match part.shard {
        None => Some(Problem::Whole { file }),
        Some(found) if Some(found.count()) == count => None,
        Some(found) => {
            let count = count.unwrap_or_default();
            Some(Problem::OtherCount { file, found, count })
        }
    }
}

fn check_split(whole: Whole<'_>, count: Option<u32>) -> Vec<Problem> {
    let Some(split) = whole.split else {
        return Vec::new();
    };
    let (found, wanted, parts) = (split.manifest_sha256, whole.manifest_sha256, split.count());
    let other = (found != wanted).then_some(Problem::SplitOfOther { found, wanted });
    let uneven = count.filter(|count| *count != parts);
    let uneven = uneven.map(|count| Problem::OtherSplit { parts, count });
    other.into_iter().chain(uneven).collect()
}

/// Parts that are not there, or more than once.
fn number_of_each(parts: &[(Shard, &PartFacts)], count: u32, unread: usize) -> Vec<Problem> {
    let mut files = BTreeMap::<Shard, Vec<PathBuf>>::new();
    for (shard, part) in parts {
        files.entry(*shard).or_default().push(part.file.clone());
    }
    let missing: Vec<Shard> = Shard::all(count).filter(|shard| !files.contains_key(shard)).collect();
    let twice = files.into_iter().filter(|(_, files)| files.len() > 1);
    let twice = twice.map(|(shard, files)| Problem::Twice { shard, files });
    twice.chain(absent(missing, unread)).collect()
}

/// What is to be said of parts that no ledger is of. One that could not be read is no reason to call its part missing.
fn absent(missing: Vec<Shard>, unread: usize) -> Vec<Problem> {
    match unread {
        0 => missing.into_iter().map(Problem::Missing).collect(),
        unread if unread < missing.len() => vec![Problem::MissingAmong { missing, unread }],
        _ => Vec::new(),
    }
}

/// Ledgers of another endpoint, partner or host for look-ups than most.
fn differences(parts: &[PartFacts]) -> Vec<Problem> {
    let endpoints = others("endpoint", parts.iter().map(|part| (part, &part.endpoint)));
    let partners = others("partner", parts.iter().map(|part| (part, &part.partner_id)));
    let lookups = others("host for look-ups", lookup_endpoints(parts));
    endpoints.into_iter().chain(partners).chain(lookups).collect()
}

fn lookup_endpoints(parts: &[PartFacts]) -> impl Iterator<Item = (&PartFacts, &String)> + Clone {
    parts
        .iter()
        .filter_map(|part| Some((part, part.lookup_endpoint.as_ref()?)))
}

fn others<'a>(what: &'static str, values: impl Iterator<Item = (&'a PartFacts, &'a String)> + Clone) -> Vec<Problem> {
    let Some(wanted) = most_frequent(values.clone().map(|(_, value)| value)) else {
        return Vec::new();
    };
    let other = |(part, found): (&PartFacts, &String)| Problem::Other {
        file: part.file.clone(),
        what,
        found: found.clone(),
        wanted: wanted.clone(),
    };
    values.filter(|(_, value)| *value != wanted).map(other).collect()
}

/// The run of a part that counts: its latest one over the manifest.
fn latest_run<'a>(shard: Shard, part: &'a PartFacts, whole: Whole<'_>) -> Result<&'a PartRun, Problem> {
    let file = part.file.clone();
    let over = part.runs.iter().rev().find(|run| whole.is_of(shard, run));
    match (over, part.runs.last()) {
        (Some(run), _) => Ok(run),
        (None, None) => Err(Problem::NeverRun { file, shard }),
        (None, Some(last)) => Err(Problem::OtherManifest {
            file,
            shard,
            manifest: last.manifest.clone(),
            found: last.manifest_sha256,
            wanted: whole.manifest_sha256,
        }),
    }
}

/// The value that there is most often; of several the first.
fn most_frequent<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts = BTreeMap::<T, (usize, usize)>::new();
    let mut all = 0;
    for value in values {
        counts.entry(value).or_insert((0, all)).0 += 1;
        all += 1;
    }
    let best = counts
        .into_iter()
        .max_by_key(|(_, (count, first))| (*count, all - first));
    best.map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
