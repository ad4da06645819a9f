//! Parts that ran over the files that `split` has made of the manifest.

use super::{masked, merge_all, read, refused, run_parts};
use crate::harness::{MANIFEST_OF_PARTS as MANIFEST, Run, Server, part_of, sha256};

#[test]
fn parts_that_ran_over_files_of_split_are_proven_by_its_proof() {
    let server = Server::success();
    let run = Run::new(&server).manifest(MANIFEST);
    let mut proofs = Vec::new();
    let mut run = run;
    for index in 1..=2 {
        let line = |line: &&str| part_of(line.split(',').next().unwrap(), 2) == index;
        let (header, rows) = MANIFEST.split_once('\n').unwrap();
        let own: Vec<&str> = rows.lines().filter(line).collect();
        let text = format!("{header}\n{}\n", own.join("\n"));
        let name = format!("manifest.{index}-of-2.csv");
        proofs.push(
            serde_json::json!({"shard": format!("{index}/2"), "file": name, "rows": own.len(),
            "sha256": sha256(text.as_bytes())}),
        );
        run = run.named(&name).manifest(&text);
        run = run_parts(run, 2, index..=index);
    }
    let run = run.named("manifest.csv");
    refused(
        &run,
        &merge_all(&run, 2, &[]),
        9,
        &["has had no run over this manifest"],
    );
    let proof = |manifest: &str, parts: &[serde_json::Value]| {
        serde_json::json!({"schema": 1, "version": "1", "manifest": "manifest.csv", "rows": 15,
            "manifest_sha256": sha256(manifest.as_bytes()), "hash": "sha256-first8be-mod", "parts": parts})
        .to_string()
    };
    run.write("other.json", proof("x", &proofs).as_bytes());
    let output = merge_all(&run, 2, &["--split-proof", "other.json"]);
    refused(&run, &output, 9, &["the proof of `split` is about another manifest"]);
    run.write("broken.json", proof(MANIFEST, &proofs[..1]).as_bytes());
    refused(
        &run,
        &merge_all(&run, 2, &["--split-proof", "broken.json"]),
        9,
        &["broken.json", "every part"],
    );
    refused(
        &run,
        &merge_all(&run, 2, &["--split-proof", "none.json"]),
        2,
        &["none.json"],
    );
    run.write("manifest.split.json", proof(MANIFEST, &proofs).as_bytes());
    let merged = merge_all(&run, 2, &[]);
    assert_eq!(merged.code, Some(1), "{}", merged.stderr);
    let other = Server::success();
    let whole = Run::new(&other).manifest(MANIFEST);
    let statuses = |bytes: &[u8]| -> Vec<String> { masked(bytes).iter().map(|row| row[4..7].join(" ")).collect() };
    assert_eq!(statuses(&read(&run, "all.csv")), statuses(&whole.go().raw));
}

#[test]
fn what_split_has_written_is_run_and_merged() {
    let (one, many) = (Server::success(), Server::success());
    let alone = Run::new(&one).manifest(MANIFEST);
    let whole = alone.go();
    let mut run = Run::new(&many).manifest(MANIFEST);
    let split = run.tool(&["split", "-n", "3", "manifest.csv"]);
    assert_eq!(split.code, Some(0), "{}", split.stderr);
    for index in 1..=3 {
        run = run_parts(run.named(&format!("manifest.{index}-of-3.csv")), 3, index..=index);
    }
    let run = run.named("manifest.csv");
    let merged = merge_all(&run, 3, &[]);
    assert_eq!(merged.code, Some(whole.code), "{}", merged.stderr);
    assert_eq!(masked(&read(&run, "all.csv")), masked(&whole.raw));
}
