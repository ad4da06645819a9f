//! `split`: the part manifests of many machines, written once, with their proof and their ledgers.

use serde_json::Value;

use crate::harness::{Reply, Run, Server, part_of, sha256};

/// The proof of a split of `manifest.csv`.
fn proof(run: &Run<'_>, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(run.path(name)).unwrap()).unwrap()
}

fn read(run: &Run<'_>, name: &str) -> Vec<u8> {
    std::fs::read(run.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_row_is_in_one_part_as_it_was_written_and_the_proof_says_so() {
    let text = "\u{feff}sep=;\r\n user_id ;user_created_at;photo;\"a;b\"\r\n\
        u1;2021-08-12;p.jpg;\"x\r\ny\"\r\n\r\nu2;2021-08-12;p.jpg;' 7\r\nu3;bad\r\n;;;\r\nu1;2021-08-12;p.jpg;\r\nu9;2021-08-12;p.jpg;ü\n";
    let run = Run::bare().manifest(text);
    let output = run.tool(&["split", "manifest.csv", "-n", "3"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let records = [
        ("u1", "u1;2021-08-12;p.jpg;\"x\r\ny\"\r\n"),
        ("u2", "u2;2021-08-12;p.jpg;' 7\r\n"),
        ("u3", "u3;bad\r\n"),
        ("", ";;;\r\n"),
        ("u1", "u1;2021-08-12;p.jpg;\r\n"),
        ("u9", "u9;2021-08-12;p.jpg;ü\n"),
    ];
    let proof = proof(&run, "manifest.split.json");
    assert_eq!(proof["schema"], 1);
    assert_eq!(proof["manifest"], "manifest.csv");
    assert_eq!(proof["manifest_sha256"], sha256(text.as_bytes()));
    assert_eq!(proof["rows"], 6);
    assert_eq!(proof["hash"], "sha256-first8be-mod");
    for index in 1..=3 {
        let name = format!("manifest.{index}-of-3.csv");
        let own = records.iter().filter(|(user, _)| part_of(user, 3) == index);
        let own: Vec<&str> = own.map(|(_, record)| *record).collect();
        let wanted = format!(
            "\u{feff}sep=;\r\n user_id ;user_created_at;photo;\"a;b\"\r\n{}",
            own.concat()
        );
        assert_eq!(String::from_utf8(read(&run, &name)).unwrap(), wanted, "{name}");
        let part = &proof["parts"][index as usize - 1];
        assert_eq!(part["shard"], format!("{index}/3"));
        assert_eq!(part["file"], name);
        assert_eq!(part["rows"], own.len());
        assert_eq!(part["sha256"], sha256(wanted.as_bytes()));
    }
}

#[cfg(unix)]
#[test]
fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = Run::bare().rows(3);
    assert_eq!(run.tool(&["split", "manifest.csv", "-n", "2"]).code, Some(0));
    for name in ["manifest.1-of-2.csv", "manifest.2-of-2.csv", "manifest.split.json"] {
        let mode = run.path(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[test]
fn nothing_is_replaced_without_force_and_nothing_is_left_of_a_split_that_is_refused() {
    let run = Run::bare().rows(3).file("manifest.2-of-2.csv", b"precious");
    let refused = run.tool(&["split", "manifest.csv", "-n", "2"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("manifest.2-of-2.csv") && refused.stderr.contains("--force"));
    assert_eq!(read(&run, "manifest.2-of-2.csv"), b"precious");
    assert!(!run.path("manifest.1-of-2.csv").exists() && !run.path("manifest.split.json").exists());
    assert_eq!(run.tool(&["split", "manifest.csv", "-n", "2", "--force"]).code, Some(0));
    assert_ne!(read(&run, "manifest.2-of-2.csv"), b"precious");
    assert_eq!(run.tool(&["split", "-", "-n", "2"]).code, Some(2));
    for n in ["0", "10001", "x"] {
        assert_eq!(run.tool(&["split", "manifest.csv", "-n", n]).code, Some(2), "{n}");
    }
}

#[test]
#[cfg(unix)]
fn what_is_read_is_not_written_over_even_with_force() {
    let server = Server::success();
    let run = Run::new(&server).rows(4).set("--ledger", "manifest.1-of-2.csv");
    run.start().wait();
    std::os::unix::fs::symlink("manifest.csv", run.path("manifest.2-of-3.csv")).unwrap();
    std::fs::copy(run.path("manifest.1-of-2.csv"), run.path("manifest.split.json")).unwrap();
    let files = ["manifest.csv", "manifest.1-of-2.csv", "manifest.split.json"];
    let before = files.map(|name| read(&run, name));
    for (parts, ledger, words) in [
        ("2", "manifest.1-of-2.csv", "it is one of the files that are read here"),
        ("5", "manifest.split.json", "it is one of the files that are read here"),
        ("3", "manifest.1-of-2.csv", "it is a link to another file"),
    ] {
        let refused = run.tool(&["split", "manifest.csv", "-n", parts, "--force", "--ledger", ledger]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(files.map(|name| read(&run, name)), before);
}

#[test]
fn the_parts_are_run_as_the_whole_is_and_one_without_rows_is_well() {
    let server = Server::success();
    let mut run = Run::new(&server).rows(5);
    let split = run.tool(&["split", "manifest.csv", "-n", "16", "--out-dir", "."]);
    assert_eq!(split.code, Some(0), "{}", split.stderr);
    let (mut rows, mut empty) = (0, 0);
    for index in 1..=16 {
        run = run
            .named(&format!("manifest.{index}-of-16.csv"))
            .set("--shard", &format!("{index}/16"));
        let mut part = run.go();
        part.code(0);
        let own = part.summary["rows"].as_u64().unwrap();
        part.summary("/counts/enrolled", own);
        rows += own;
        empty += u32::from(own == 0);
        assert!(
            run.path(&format!("manifest.sandbox.{index}-of-16.results.csv"))
                .exists()
        );
    }
    assert_eq!((rows, server.count()), (5, 5));
    assert!(empty > 0);
}

#[test]
fn other_forms_stay_what_they_are() {
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let latin = b"user_id,user_created_at,photo\nM\xfcller,2021-08-12,p.jpg\n".to_vec();
    let json = "{\"user_id\": \"u1\",  \"user_created_at\":\"2021-08-12\",\"photo\":\"p.jpg\"}\n";
    let wide = utf16("\u{feff}user_id\tuser_created_at\tphoto\r\nMüller\t2021-08-12\tp.jpg\r\n");
    for (name, bytes, options, user) in [
        ("m.csv", latin, &["--encoding", "windows-1252"][..], "Müller"),
        ("m.txt", wide, &[], "Müller"),
        ("m.jsonl", json.as_bytes().to_vec(), &[], "u1"),
    ] {
        let run = Run::bare().file(name, &bytes);
        let output = run.tool(&[&["split", name, "-n", "4"], options].concat());
        assert_eq!(output.code, Some(0), "{name}: {}", output.stderr);
        let (stem, ending) = name.split_once('.').unwrap();
        let part = |index| format!("{stem}.{index}-of-4.{ending}");
        assert_eq!(read(&run, &part(part_of(user, 4))), bytes, "{name}");
        for index in 1..=4 {
            let (name, shard) = (part(index), format!("{index}/4"));
            let checked = run.tool(&[&["check", "--no-photos", "--shard", &shard, &name], options].concat());
            assert_eq!(checked.code, Some(0), "{name}: {}", checked.stderr);
        }
    }
}

#[test]
fn a_packed_manifest_is_unpacked() {
    use std::io::Write;
    let text = b"user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    let run = Run::bare().file("m.csv.gz", &packed.finish().unwrap());
    assert_eq!(run.tool(&["split", "m.csv.gz", "-n", "1"]).code, Some(0));
    assert_eq!(read(&run, "m.1-of-1.csv"), text);
}

#[test]
fn the_ledgers_of_the_parts_begin_where_the_whole_one_ended() {
    let server = Server::script([
        ("u2", vec![Reply::lost()]),
        ("u3", vec![Reply::result("0941", "No face found")]),
    ]);
    let mut run = Run::new(&server)
        .rows(6)
        .set("--retries", "0")
        .set("--ledger", "all.db");
    run.go().code(4);
    let split = run.tool(&["split", "manifest.csv", "-n", "3", "--ledger", "all.db"]);
    assert_eq!(split.code, Some(0), "{}", split.stderr);
    run.write("manifest.csv", &read(&run, "manifest.csv"));
    let (mut settled, mut again) = (0, Vec::new());
    for index in 1..=3 {
        let ledger = format!("manifest.{index}-of-3.ledger.db");
        run = run
            .named(&format!("manifest.{index}-of-3.csv"))
            .set("--shard", &format!("{index}/3"));
        run = run.set("--ledger", &ledger);
        let part = run.go();
        settled += part.summary["settled_before"].as_u64().unwrap();
        let status = |row: &std::collections::BTreeMap<String, String>| format!("{} {}", row["user_id"], row["status"]);
        again.extend(part.results.iter().map(status));
    }
    again.sort();
    let wanted = [
        "u1 enrolled",
        "u2 enrolled_inferred",
        "u3 rejected",
        "u4 enrolled",
        "u5 enrolled",
        "u6 enrolled",
    ];
    assert_eq!(again, wanted);
    assert_eq!(settled, 4);
    // The one in doubt was asked for once more, and nobody else.
    assert_eq!(server.count(), 7);
}

#[test]
fn a_ledger_is_never_replaced_and_that_of_a_part_is_not_split() {
    let server = Server::success();
    let run = Run::new(&server).rows(2).set("--ledger", "all.db");
    run.go().code(0);
    let split = ["split", "manifest.csv", "-n", "2", "--ledger", "all.db", "--force"];
    assert_eq!(run.tool(&split).code, Some(0));
    let before = read(&run, "manifest.1-of-2.ledger.db");
    let refused = run.tool(&split);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("manifest.1-of-2.ledger.db"));
    assert_eq!(read(&run, "manifest.1-of-2.ledger.db"), before);
    let refused = run.tool(&[
        "split",
        "manifest.csv",
        "-n",
        "3",
        "--force",
        "--ledger",
        "manifest.1-of-2.ledger.db",
    ]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("part 1/2 alone"), "{}", refused.stderr);
}

/// A run with `--strict` would not send them; a part that does not see the other row would.
#[test]
fn what_no_part_would_see_is_refused_where_it_is_forbidden() {
    let run = Run::bare().users(["u1", "u2", "U1", "u3"]);
    let split = ["split", "manifest.csv", "-n", "2", "--strict"];
    let refused = run.tool(&split);
    assert_eq!(refused.code, Some(9), "{}", refused.stderr);
    for words in ["2 in all", "row 1 (line 2)", "row 3 (line 4)", "--strict"] {
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
    assert!(!run.path("manifest.1-of-2.csv").exists() && !run.path("manifest.split.json").exists());
    // What is wrong with a row by itself is found by its part.
    let run = Run::bare().users(["u1", "NULL", "u2"]);
    assert_eq!(run.tool(&split).code, Some(0));
    let part = part_of("NULL", 2);
    let (name, shard) = (format!("manifest.{part}-of-2.csv"), format!("{part}/2"));
    let checked = run.tool(&["check", "--strict", "--shard", &shard, &name]);
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
}

#[test]
fn what_no_part_sees_is_told_while_all_are_seen() {
    let run = Run::bare().users(["u1", "U1", "u2"]);
    let output = run.tool(&["split", "manifest.csv", "-n", "8"]);
    assert!(output.stderr.contains("2 user ids differ"), "{}", output.stderr);
    assert!(
        output.stderr.contains("split: 3 rows into 8 parts of 0 to"),
        "{}",
        output.stderr
    );
}

/// Behind the last record there may be no line end; then a carriage return is a fault of its row.
#[test]
fn a_row_that_is_invalid_in_the_whole_is_invalid_in_its_part() {
    let run = Run::bare().manifest("user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nu2,2021-08-12,p.jpg\r");
    assert_eq!(run.tool(&["check", "manifest.csv"]).code, Some(1));
    assert_eq!(run.tool(&["split", "manifest.csv", "-n", "2"]).code, Some(0));
    let part = part_of("u2", 2);
    let (name, shard) = (format!("manifest.{part}-of-2.csv"), format!("{part}/2"));
    let checked = run.tool(&["check", "--shard", &shard, &name]);
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
}

/// SQLite would take such a log for that of the ledger that is put beside it.
#[test]
fn no_ledger_is_put_beside_a_log_without_its_ledger() {
    let server = Server::success();
    let run = Run::new(&server).rows(4).set("--ledger", "all.db");
    drop(run.go());
    let run = run.without("--ledger");
    std::fs::write(run.path("manifest.2-of-2.ledger.db-wal"), "left").unwrap();
    let split = run.tool(&["split", "manifest.csv", "-n", "2", "--ledger", "all.db", "--force"]);
    assert_eq!(split.code, Some(7), "{}", split.stderr);
    for word in ["manifest.2-of-2.ledger.db", "-wal"] {
        assert!(split.stderr.contains(word), "{}", split.stderr);
    }
    for name in [
        "manifest.1-of-2.csv",
        "manifest.1-of-2.ledger.db",
        "manifest.split.json",
    ] {
        assert!(!run.path(name).exists(), "{name}");
    }
}
