//! Manifests as they come: what other programs write, each from the file as it is to `enrolled`.

use std::io::Write;

use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::harness::{Run, Server, sha256, table};

fn utf16(text: &str, of: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(of).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A local run over this file; what is to be said of `--column` is given when it is started.
fn local(name: &str, bytes: &[u8], flags: &[&str], results: &str) -> Run<'static> {
    let run = Run::bare()
        .named(name)
        .file(name, bytes)
        .set("--env", "local")
        .set("-o", results);
    let once = flags.chunks(2).filter(|flag| flag[0] != "--column");
    once.fold(run, |run, flag| run.set(flag[0], flag[1]))
}

const COMMA: &str = "user_id,user_created_at,photo,name\n007,2021-08-12,p.jpg,\"Zoë, 用户\"\nu2,2021-08-13,p.jpg,\"a;b|c\t\"\"d\"\"\"\n";

/// The same with this between the fields; every field in quotes, so that nothing else changes.
fn quoted(delimiter: &str) -> String {
    let rows = [
        ["user_id", "user_created_at", "photo", "name"],
        ["007", "2021-08-12", "p.jpg", "Zoë, 用户"],
        ["u2", "2021-08-13", "p.jpg", "a;b|c\t\"\"d\"\""],
    ];
    let row = |row: [&str; 4]| row.map(|cell| format!("\"{cell}\"")).join(delimiter) + "\n";
    rows.map(row).concat()
}

#[test]
fn every_form_runs_from_the_file_as_it_is_to_enrolled() {
    let jis = "user_id,user_created_at,photo,name\n007,2021-08-12,p.jpg,表ソ能\n";
    let json = "{\"name\":\"Zo\\u00eb, \\u7528\\ud83d\\ude42\",\"user_id\":\"007\",\"user_created_at\":\"2021-08-12\",\
                \"photo\":\"p.jpg\"}\n";
    let crlf = quoted(";").replace('\n', "\r\n");
    let excel = quoted(";")
        .replace("user_created_at", "User Created At")
        .replace("user_id", "User ID");
    let own = "customer;since;selfie\n007;2021-08-12;p.jpg\n";
    let own_flags = [
        "--column",
        "user_id=customer",
        "--column",
        "user_created_at=since",
        "--column",
        "photo=selfie",
    ];
    let jsonl = ["--format", "jsonl"];
    for (name, bytes, flags) in [
        ("comma.csv", COMMA.into(), [].as_slice()),
        ("semicolon.csv", quoted(";").into(), &[]),
        ("crlf.csv", crlf.into(), &[]),
        ("tab.tsv", quoted("\t").into(), &["--delimiter", "tab"]),
        ("pipe.txt", quoted("|").into(), &["--delimiter", "|"]),
        ("sep.csv", format!("sep=;\n{}", quoted(";")).into(), &[]),
        (
            "marked-sep.csv",
            format!("\u{feff}sep=;\r\n{}", quoted(";")).into(),
            &[],
        ),
        ("excel.csv", format!("\u{feff}{excel}").into(), &[]),
        ("utf16le.csv", utf16(COMMA, u16::to_le_bytes), &[]),
        ("utf16be.csv", utf16(&quoted("\t"), u16::to_be_bytes), &[]),
        ("packed.csv.gz", gzip(COMMA.as_bytes()), &[]),
        (
            "packed-twice.csv.gz",
            [gzip(&COMMA.as_bytes()[..50]), gzip(&COMMA.as_bytes()[50..])].concat(),
            &[],
        ),
        ("packed-utf16.csv", gzip(&utf16(COMMA, u16::to_le_bytes)), &[]),
        (
            "ansi.csv",
            WINDOWS_1252.encode(&COMMA.replace("用户", "€")).0.into(),
            &["--encoding", "windows-1252"],
        ),
        ("jis.csv", SHIFT_JIS.encode(jis).0.into(), &["--encoding", "shift_jis"]),
        ("own-names.csv", own.into(), &own_flags),
        ("lines.jsonl", json.into(), &[]),
        ("lines.NDJSON.gz", gzip(json.as_bytes()), &jsonl),
        ("packed.ndjson.gz", gzip(json.as_bytes()), &[]),
        ("lines.log", utf16(json, u16::to_le_bytes), &jsonl),
    ] {
        let columns = if flags.contains(&"--column") { flags } else { &[] };
        let run = local(name, &bytes, flags, "r.csv");
        let mut done = run.go_with(columns);
        let raw = std::fs::read(run.path("r.csv")).unwrap_or_default();
        let records = table::records(&raw, None);
        done.code(0).summary("/manifest_sha256", sha256(&bytes));
        let rows = if name.contains("lines") || ["jis.csv", "own-names.csv", "packed.ndjson.gz"].contains(&name) {
            1
        } else {
            2
        };
        done.summary("/counts/enrolled", rows)
            .check(records.len() == rows + 1, name);
        done.check(
            records
                .iter()
                .skip(1)
                .any(|record| record.iter().any(|cell| cell == "007")),
            name,
        );
        drop(done);

        // What comes back is the next manifest, with the same flags but for the name of a form that it has no more.
        let flags: Vec<&str> = flags.iter().copied().filter(|flag| !jsonl.contains(flag)).collect();
        let again = local("r.csv", &raw, &flags, "again.csv");
        let mut done = again.go_with(columns);
        done.code(0).summary("/counts/enrolled", rows);
        let own = |bytes: &[u8]| -> Vec<Vec<String>> {
            let records = table::records(bytes, None);
            records
                .iter()
                .map(|record| record.iter().take(record.len() - 16).map(str::to_owned).collect())
                .collect()
        };
        let second = std::fs::read(again.path("again.csv")).unwrap_or_default();
        done.equal(name, &format!("{:?}", own(&second)), &format!("{:?}", own(&raw)));
    }
}

#[test]
fn results_keep_the_form_of_their_manifest() {
    let end = |crlf: bool| if crlf { "\r\n" } else { "\n" };
    for delimiter in [",", ";", "\t", "|"] {
        for (bom, sep, crlf) in [
            ("", false, false),
            ("\u{feff}", false, true),
            ("", true, true),
            ("\u{feff}", true, false),
        ] {
            let sep = if sep {
                format!("sep={delimiter}\n")
            } else {
                String::new()
            };
            let text = format!("{sep}{}", quoted(delimiter)).replace('\n', end(crlf));
            let server = Server::success();
            let run = Run::new(&server).manifest(&format!("{bom}{text}"));
            let mut done = run.go();
            done.code(0).all("enrolled");
            let raw = String::from_utf8(done.raw.clone()).unwrap();
            let begins = format!("{bom}{sep}").replace('\n', end(crlf));
            let header = ["user_id", "user_created_at", "photo", "name", "row", "status"].join(delimiter);
            done.check(raw.starts_with(&format!("{begins}{header}")), &raw);
            let lines = raw.matches('\n').count();
            done.equal(
                "CRLF",
                &raw.matches("\r\n").count().to_string(),
                &(if crlf { lines } else { 0 }).to_string(),
            );
            done.cell(1, "user_id", "007").cell(2, "name", "a;b|c\t\"d\"");
            drop(done);

            // The results again, and over themselves; then as the manifest of a run that finds all of it settled.
            let output = run.results(&[]);
            assert_eq!(output.code, Some(0), "{}", output.stderr);
            assert_eq!(
                std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap(),
                raw.as_bytes()
            );
            run.write("manifest.csv", raw.as_bytes());
            let mut again = run.go();
            again.code(0).all("enrolled").summary("/settled_before", 2);
            again.equal("results of results", &String::from_utf8_lossy(&again.raw.clone()), &raw);
        }
    }
}

#[test]
fn results_of_another_encoding_are_utf_8_that_says_so() {
    let manifest = "user_id;user_created_at;photo;name\r\nZoë;2021-08-12;p.jpg;€\r\n";
    let ansi = WINDOWS_1252.encode(manifest).0.into_owned();
    for (bytes, flags) in [
        (utf16(manifest, u16::to_le_bytes), [].as_slice()),
        (ansi, &["--encoding", "windows-1252"]),
    ] {
        let server = Server::success();
        let run = Run::new(&server).file("manifest.csv", &bytes);
        let run = flags.chunks(2).fold(run, |run, flag| run.set(flag[0], flag[1]));
        let mut done = run.go();
        done.code(0)
            .all("enrolled")
            .cell(1, "user_id", "Zoë")
            .cell(1, "name", "€");
        let raw = done.raw.clone();
        let text = String::from_utf8(raw.clone()).unwrap();
        done.check(text.starts_with("\u{feff}user_id;") && text.contains("\r\n"), &text);
        drop(done);
        // The same command on the results: the mark is right, whatever the flag says.
        run.write("manifest.csv", &raw);
        run.go().code(0).all("enrolled").summary("/settled_before", 1);
    }
}

/// The rows of JSON Lines, each a value.
fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

#[test]
fn other_members_come_back_as_cells_and_the_results_name_the_same_users() {
    let row = |user: Value| json!({"user_id": user, "user_created_at": "2021-08-12", "photo": "p.jpg"});
    let with = |mut row: Value, name: &str, value: Value| {
        row[name] = value;
        row
    };
    let text = lines(&[
        with(row(json!("007")), "name", json!("Zoë; \"x\"\n,y")),
        row(json!(7)),
        with(row(json!("u3")), "tags", json!(["a", {"b": 1}])),
        with(row(json!("u4")), "name", json!(null)),
        with(row(json!("u5")), "photo", json!(12)),
    ]) + "no object\n"
        + "{\"user_id\":\"u7\",\"user_id\":\"u8\",\"user_created_at\":\"2021-08-12\",\"photo\":\"p.jpg\"}\n\n";
    let server = Server::success();
    let run = Run::new(&server)
        .named("m.jsonl")
        .manifest(&text)
        .file("12", &crate::harness::jpeg());
    let wanted = [
        "enrolled",
        "invalid bad_user_id",
        "enrolled",
        "enrolled",
        "invalid photo_is_not_a_path",
        "invalid bad_json",
        "invalid bad_json",
    ];
    let mut done = run.go();
    done.code(1).rows(wanted);
    done.cell(1, "name", "Zoë; \"x\"\n,y")
        .cell(2, "user_id", "7")
        .cell(3, "tags", "[\"a\",{\"b\":1}]");
    done.cell(4, "name", "").cell(6, "user_id", "no object");
    let header = done.header[..5].join(",");
    done.equal("columns", &header, "user_id,user_created_at,photo,name,tags");
    let raw = done.raw.clone();
    drop(done);
    assert_eq!(server.users(), ["007", "u3", "u4"]);

    // As the next manifest of a ledger that knows nobody: the same users, and nobody else.
    let other = Server::success();
    let again = Run::new(&other)
        .file("manifest.csv", &raw)
        .file("12", &crate::harness::jpeg());
    again.go().code(1).rows(wanted);
    assert_eq!(other.users(), server.users());
    let check = run.tool(&["check", "m.jsonl"]);
    assert_eq!(check.code, Some(1));
    for part in ["row 2 (line 2)", "7 and 007", "row 6 (line 6)", "no JSON", "twice"] {
        assert!(check.stderr.contains(part), "{part:?} is not in {}", check.stderr);
    }
}

#[test]
fn json_lines_come_from_standard_input_too() {
    let text = lines(&[json!({"user_id": "u1", "user_created_at": "2021-08-12", "photo": "p.jpg", "x": 1.50})]);
    let server = Server::success();
    let run = Run::new(&server)
        .named("-")
        .stdin(text.as_bytes())
        .set("--format", "jsonl")
        .set("--results", "r.csv")
        .set("--ledger", "l.db")
        .set("--photo-root", ".");
    run.go()
        .code(0)
        .all("enrolled")
        .summary("/manifest_sha256", sha256(text.as_bytes()));
    let csv = run.without("--format");
    csv.go().code(9).says(&["JSON", "--format jsonl"]);
}

#[test]
fn a_manifest_that_cannot_be_unpacked_or_is_none_at_all_is_told() {
    let server = Server::success();
    let packed = gzip(COMMA.repeat(500).as_bytes());
    for (bytes, words) in [
        (&packed[..packed.len() - 9], ["gzip", "cut off"]),
        (
            b"PK\x03\x04\x14\0\x06\0[Content_Types].xml",
            ["Excel workbook", "CSV UTF-8"],
        ),
        (&crate::harness::jpeg(), ["photo (JPEG)", "CSV"]),
        (b"[\n{\"user_id\":\"a\"}]\n", ["JSON array", "jq"]),
    ] {
        let run = Run::new(&server).file("manifest.csv", bytes);
        run.go().code(9).says(&["manifest.csv"]).says(&words).left_nothing();
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn flags_that_mean_nothing_are_refused_before_anything_is_read() {
    let run = Run::bare().rows(1).file("m.jsonl", b"");
    for (arguments, words) in [
        (["--encoding", "ebcdic", "manifest.csv"].as_slice(), "windows-1252"),
        (&["--delimiter", ":", "manifest.csv"], "tab"),
        (&["--column", "id=user", "manifest.csv"], "user_created_at"),
        (&["--column", "user_id=", "manifest.csv"], "NAME=HEADER"),
        (
            &["--column", "photo=a", "--column", "photo=b", "manifest.csv"],
            "photo twice",
        ),
        (&["--delimiter", ";", "m.jsonl"], "JSON Lines"),
        (&["--format", "xml", "manifest.csv"], "jsonl"),
    ] {
        for command in [["--env", "local"].as_slice(), &["check"]] {
            let output = run.tool(&[command, arguments].concat());
            assert_eq!(output.code, Some(2), "{arguments:?}: {}", output.stderr);
            assert!(output.stderr.contains(words), "{words:?} is not in {}", output.stderr);
        }
    }
}

#[test]
fn a_header_that_is_not_there_is_told_with_those_that_are() {
    let run = Run::bare().manifest("id,ID,user_created_at,photo\nu1,u2,2021-08-12,p.jpg\n");
    for (header, words) in [
        ("customer", ["customer", "id, ID, user_created_at"]),
        ("Id", ["twice", "Id"]),
    ] {
        let output = run.tool(&["check", "--column", &format!("user_id={header}"), "manifest.csv"]);
        assert_eq!(output.code, Some(9), "{}", output.stderr);
        for word in words {
            assert!(output.stderr.contains(word), "{word:?} is not in {}", output.stderr);
        }
    }
}

#[test]
fn earlier_results_of_any_form_are_replaced_and_nothing_else_is() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("-o", "r.csv");
    run.go().code(0);
    let plain = std::fs::read_to_string(run.path("r.csv")).unwrap();
    for delimiter in [",", ";", "\t", "|"] {
        for text in [
            plain.replace(',', delimiter),
            format!("\u{feff}sep={delimiter}\r\n{}", plain.replace(',', delimiter)),
        ] {
            run.write("r.csv", text.as_bytes());
            run.go().code(0);
            assert_eq!(std::fs::read_to_string(run.path("r.csv")).unwrap(), plain);
        }
    }
    run.write("r.csv", quoted(";").as_bytes());
    run.go().code(2).says(&["not an earlier results CSV"]);
}
