//! Every way in which ledgers can be no whole, and what is said of it.

use super::*;

const MANIFEST: [u8; 32] = [1; 32];
const OTHER: [u8; 32] = [2; 32];

fn shard(index: u32, count: u32) -> Shard {
    Shard::new(index, count).unwrap()
}

fn run(sha256: [u8; 32], at: i64) -> PartRun {
    PartRun {
        run_id: format!("r{at}"),
        version: "1.0.0".into(),
        manifest: "m.csv".into(),
        manifest_sha256: sha256,
        started_at: UnixMillis::new(at),
        finished_at: Some(UnixMillis::new(at + 1)),
        stopped_by: None,
    }
}

fn part(index: u32, count: u32) -> PartFacts {
    PartFacts {
        file: format!("{index}-of-{count}.db").into(),
        endpoint: "https://a.example".into(),
        partner_id: "085".into(),
        lookup_endpoint: None,
        shard: Some(shard(index, count)),
        runs: vec![run(OTHER, 1), run(MANIFEST, 2)],
    }
}

fn parts(count: u32) -> Vec<PartFacts> {
    (1..=count).map(|index| part(index, count)).collect()
}

fn proof(parts: &[PartFacts]) -> Result<Proven, Vec<Problem>> {
    prove(
        parts,
        Whole {
            manifest_sha256: MANIFEST,
            split: None,
            unread: 0,
        },
    )
}

/// What is said of three parts after this was done to them.
fn said(change: impl Fn(&mut Vec<PartFacts>)) -> Vec<String> {
    let mut parts = parts(3);
    change(&mut parts);
    let problems = proof(&parts).expect_err("it is no whole");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn all_parts_in_any_order_are_a_whole() {
    for count in [1, 2, 5] {
        let mut parts = parts(count);
        parts.reverse();
        let proven = proof(&parts).unwrap();
        assert_eq!(proven.count, count);
        let order: Vec<_> = proven
            .latest
            .iter()
            .map(|(shard, run)| (shard.index(), run.started_at.get()))
            .collect();
        assert_eq!(order, (1..=count).map(|index| (index, 2)).collect::<Vec<_>>());
        assert_eq!((proven.unfinished().count(), proven.versions().len()), (0, 1));
    }
}

#[test]
fn everything_that_is_missing_or_different_is_named_with_what_to_do() {
    type Change = fn(&mut Vec<PartFacts>);
    let table: [(Change, &[&str]); 12] = [
        (
            |parts| drop(parts.remove(1)),
            &["part 2/3 is missing: name its ledger too"],
        ),
        (
            |parts| parts.truncate(1),
            &["part 2/3 is missing", "part 3/3 is missing"],
        ),
        (
            |parts| parts[1].shard = parts[0].shard,
            &[
                "part 1/3 is there more than once: of \"1-of-3.db\", \"2-of-3.db\"",
                "part 2/3 is missing",
            ],
        ),
        (
            |parts| parts.push(parts[0].clone()),
            &["part 1/3 is there more than once"],
        ),
        (
            |parts| parts[2].shard = None,
            &["\"3-of-3.db\" is the ledger of all users", "part 3/3 is missing"],
        ),
        (
            |parts| parts.push(part(4, 4)),
            &["\"4-of-4.db\" is part 4/4, and most of the ledgers are parts of 3: leave it out"],
        ),
        (
            |parts| parts[0].endpoint = "https://b.example".into(),
            &["\"1-of-3.db\" has the endpoint https://b.example, and most of the ledgers have https://a.example"],
        ),
        (
            |parts| parts[2].partner_id = "85".into(),
            &["\"3-of-3.db\" has the partner 85, and most of the ledgers have 085"],
        ),
        (
            |parts| {
                parts[0].lookup_endpoint = Some("https://x.example".into());
                parts[2].lookup_endpoint = Some("https://y.example".into());
            },
            &["\"3-of-3.db\" has the host for look-ups https://y.example"],
        ),
        (
            |parts| parts[1].runs.clear(),
            &["\"2-of-3.db\" has had no run: run part 2/3"],
        ),
        (
            |parts| drop(parts[1].runs.pop()),
            &[
                "\"2-of-3.db\" has had no run over this manifest (SHA-256 010101010101…), its last one was over \"m.csv\" (SHA-256 020202020202…)",
            ],
        ),
        (
            |parts| {
                parts.remove(0);
                parts[0].partner_id = "1".into();
                parts[1].endpoint = "https://b.example".into();
            },
            &[
                "part 1/3 is missing",
                "\"3-of-3.db\" has the endpoint",
                "\"3-of-3.db\" has the partner 085",
            ],
        ),
    ];
    for (change, wanted) in table {
        let said = said(change);
        assert_eq!(said.len(), wanted.len(), "{said:#?}");
        for (said, wanted) in said.iter().zip(wanted) {
            assert!(said.starts_with(wanted), "{said}\n{wanted}");
        }
    }
}

#[test]
fn a_ledger_that_could_not_be_read_may_be_that_of_a_missing_part() {
    let four = parts(4);
    let said = |unread| {
        let (manifest_sha256, split) = (MANIFEST, None);
        let whole = Whole {
            manifest_sha256,
            split,
            unread,
        };
        let problems = prove(&four[..2], whole).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(said(0).len(), 2);
    assert!(said(1)[0].starts_with("parts 3/4, 4/4 are in none of the ledgers that could be read, and only 1"));
    assert_eq!((said(1).len(), said(2), said(3)), (1, vec![], vec![]));
}

#[test]
fn no_part_at_all_is_no_whole() {
    assert_eq!(proof(&[]), Err(Vec::new()));
    let all = PartFacts {
        shard: None,
        ..part(1, 1)
    };
    assert!(matches!(proof(&[all]).unwrap_err()[..], [Problem::Whole { .. }]));
}

#[test]
fn a_run_that_did_not_finish_and_another_version_are_told_of() {
    let mut parts = parts(3);
    parts[0].runs[1].finished_at = None;
    parts[1].runs[1].stopped_by = Some("limit".into());
    parts[2].runs[1].version = "1.1.0".into();
    parts[2].lookup_endpoint = Some("https://x.example".into());
    let proven = proof(&parts).unwrap();
    let unfinished: Vec<_> = proven.unfinished().map(|(shard, _)| shard.index()).collect();
    assert_eq!(unfinished, [1, 2]);
    assert_eq!(proven.versions(), BTreeMap::from([("1.0.0", 2), ("1.1.0", 1)]));
    assert_eq!(proven.lookup_endpoint.as_deref(), Some("https://x.example"));
}

#[test]
fn a_run_over_a_file_of_the_split_counts_for_its_own_part() {
    let hash = |byte: &str| byte.repeat(32);
    let text = |manifest: &str| {
        format!(
            r#"{{"schema":1,"manifest_sha256":"{}","hash":"{}","parts":[
                {{"shard":"1/2","sha256":"{}"}},{{"shard":"2/2","sha256":"{}"}}]}}"#,
            hash(manifest),
            crate::domain::shard::SHARD_HASH,
            hash("0a"),
            hash("0b")
        )
    };
    let prove_with = |parts: &[PartFacts], manifest: &str| {
        let split = SplitProof::parse(text(manifest).as_bytes()).unwrap();
        let split = Some(&split);
        prove(
            parts,
            Whole {
                manifest_sha256: MANIFEST,
                split,
                unread: 0,
            },
        )
    };
    let mut two = parts(2);
    two[0].runs = vec![run([10; 32], 3)];
    two[1].runs = vec![run([11; 32], 4)];
    assert!(prove_with(&two, "01").is_ok());
    assert!(proof(&two).is_err(), "without the proof it is another manifest");
    assert!(matches!(
        prove_with(&two, "02").unwrap_err()[..],
        [Problem::SplitOfOther { .. }]
    ));
    two[1].runs = vec![run([10; 32], 4)];
    assert!(matches!(
        prove_with(&two, "01").unwrap_err()[..],
        [Problem::OtherManifest { .. }]
    ));
    assert!(matches!(
        prove_with(&parts(3), "01").unwrap_err()[..],
        [Problem::OtherSplit { parts: 2, count: 3 }]
    ));
}
