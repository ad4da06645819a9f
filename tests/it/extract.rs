//! `extract`: the data file of Postman's runner becomes photos and a manifest, and what is damaged is told by row.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::harness::{Output, Reply, Run, Server, base64, jpeg, padded, png, sha256};

const HEADER: &str = "user_id,user_created_at,photo,branch";

fn extract(run: &Run<'_>, data: &str, more: &[&str]) -> Output {
    run.tool(&[&["extract", data, "--photos", "photos"], more].concat())
}

/// The names of the files in the folder of photos, with their bytes.
fn photos(run: &Run<'_>) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(run.path("photos")).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    // While the tool is at work, a file that is still to be put in place may be gone before it is read.
    let read = |path: std::path::PathBuf| {
        let bytes = std::fs::read(&path).ok()?;
        Some((path.file_name()?.to_string_lossy().into_owned(), bytes))
    };
    paths.filter_map(read).collect()
}

/// Three users in each of the three forms.
fn forms() -> [(&'static str, String); 3] {
    let (a, b, c) = (base64(&jpeg()), base64(&png(1)), base64(&png(2)));
    let csv =
        format!("\u{feff}{HEADER}\r\n007,2021-08-12,{a},\"x, y\"\r\nA,2021-08-12,data:image/png;base64,{b},z\r\n");
    // A comma belongs into quotes.
    let csv = csv.replace(
        &format!("data:image/png;base64,{b}"),
        &format!("\"data:image/png;base64,{b}\""),
    );
    let csv = format!("{csv}a,2021-08-12,\"{}\r\n{}\",\r\n", &c[..40], &c[40..]);
    let object = |user: &str, photo: &str, branch: serde_json::Value| json!({"user_id": user, "user_created_at": "2021-08-12", "photo": photo, "branch": branch});
    let rows = [
        object("007", &a, json!("x, y")),
        object("A", &format!("data:image/png;base64,{b}"), json!("z")),
        object("a", &format!("{}\r\n{}", &c[..40], &c[40..]), json!(null)),
    ];
    let array = serde_json::to_string_pretty(&rows).unwrap();
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    [("data.csv", csv), ("data.json", array), ("data.jsonl", lines)]
}

#[test]
fn every_form_becomes_the_same_photos_and_a_manifest_that_runs() {
    for (name, data) in forms() {
        let server = Server::new(|_| Reply::success());
        let run = Run::new(&server).file(name, data.as_bytes());
        let output = extract(&run, name, &[]);
        let next = "manifest: photos/data.manifest.csv\nnext:    check it, then enroll in the sandbox:\n  image-enroll check \
                    photos/data.manifest.csv\n  image-enroll --env sandbox photos/data.manifest.csv\n";
        assert_eq!(
            output.stderr,
            format!("extracted: 3 photos from 3 rows\n{next}"),
            "{name}"
        );
        assert_eq!(output.code, Some(0));
        let photos = photos(&run);
        assert_eq!(
            photos.keys().collect::<Vec<_>>(),
            ["%41.png", "007.jpg", "a.png", "data.manifest.csv"]
        );
        let wanted = [("007", jpeg()), ("A", png(1)), ("a", png(2))];
        assert_eq!(
            [&photos["007.jpg"], &photos["%41.png"], &photos["a.png"]],
            [&wanted[0].1, &wanted[1].1, &wanted[2].1]
        );
        let header = if name == "data.csv" {
            HEADER
        } else {
            "branch,photo,user_created_at,user_id"
        };
        let manifest = String::from_utf8(photos["data.manifest.csv"].clone()).unwrap();
        assert_eq!(manifest.lines().next(), Some(header), "{name}");
        let run = run.named("photos/data.manifest.csv");
        run.go().code(0).all("enrolled");
        let held: BTreeMap<_, _> = wanted
            .into_iter()
            .map(|(user, photo)| (user.to_owned(), sha256(&photo)))
            .collect();
        assert_eq!(server.held(), held);
    }
}

#[cfg(unix)]
#[test]
fn folder_photos_and_manifest_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = Run::bare().file("data.csv", forms()[0].1.as_bytes());
    assert_eq!(extract(&run, "data.csv", &[]).code, Some(0));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&run.path("photos")), 0o700);
    for name in photos(&run).keys() {
        assert_eq!(mode(&run.path("photos").join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_row_that_is_wrong_is_told_with_its_line_and_the_others_are_extracted() {
    let photo = base64(&jpeg());
    let cut = base64(&jpeg()[..jpeg().len() - 2]);
    let large = base64(&padded(5_000_001));
    let rows = [
        ("u1", photo.clone(), ""),
        ("u2", photo.replacen('/', " ", 1), "photo_not_base64: character 1 of "),
        (
            "u3",
            photo[..1005].to_owned(),
            "photo_not_base64: 1005 characters are not",
        ),
        ("u4", "photos/u4.jpg".into(), "photo_not_base64: character 10 of 13 "),
        ("u5", cut, "photo_truncated: the photo is truncated"),
        ("u7", large, "photo_too_large: the photo has 5000001 bytes"),
        ("u8", String::new(), "photo_not_given: the photo's cell is empty"),
        ("", photo.clone(), "bad_user_id: the user_id is empty"),
        (
            "u1",
            photo.clone(),
            "repeated_user_id: row 1 (line 2) has the same user_id",
        ),
        (
            "u9",
            format!("{photo},more"),
            "wrong_field_count: the row has 5 fields, the header 4",
        ),
        (
            photo.as_str(),
            photo.clone(),
            "bad_user_id: the user_id has more than 256 characters",
        ),
        ("u13", photo.clone(), ""),
    ];
    let lines = rows
        .iter()
        .map(|(user, photo, _)| format!("{user},2021-08-12,{photo},b\n"));
    let run = Run::bare().file(
        "data.csv",
        format!("{HEADER}\n{}", lines.collect::<String>()).as_bytes(),
    );
    let output = extract(&run, "data.csv", &[]);
    assert_eq!(output.code, Some(1));
    for (number, (user, _, said)) in (1..).zip(&rows) {
        let user = if user.is_empty() || user.len() > 256 || *user == "u9" {
            "(unknown)"
        } else {
            user
        };
        let line = format!("  row {number} (line {}), user {user}: {said}", number + 1);
        assert_eq!(
            output.stderr.contains(&line),
            !said.is_empty(),
            "{line}: {}",
            output.stderr
        );
    }
    assert!(
        output
            .stderr
            .starts_with("extracted: 2 photos from 12 rows; 10 rows are not in the manifest\n")
    );
    assert_eq!(
        photos(&run).keys().collect::<Vec<_>>(),
        ["data.manifest.csv", "u1.jpg", "u13.jpg"]
    );
    let manifest = String::from_utf8(photos(&run)["data.manifest.csv"].clone()).unwrap();
    assert_eq!(
        manifest,
        format!("{HEADER}\nu1,2021-08-12,u1.jpg,b\nu13,2021-08-12,u13.jpg,b\n")
    );
    // No piece of a photo stands in what is said, also for programs.
    let json = extract(&run, "data.csv", &["--log-format", "json"]).stderr;
    for said in [&output.stderr, &json] {
        assert!(!said.contains(&photo[8..24]), "{said}");
    }
    assert_eq!(json.lines().count(), 11);
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    let wanted =
        json!({"event": "extracted", "exit_code": 1, "rows": 12, "photos": 2, "manifest": "photos/data.manifest.csv"});
    for (field, value) in wanted.as_object().unwrap() {
        assert_eq!(last[field], *value, "{field}");
    }
}

#[test]
fn members_of_json_are_cells_and_a_number_is_no_id() {
    let photo = base64(&jpeg());
    let data = format!(
        "[\n {{\"user_id\": 7, \"user_created_at\": \"2021-08-12\", \"photo\": \"{photo}\"}},\n {{\"user_id\": \"u2\",\n \
         \"user_created_at\": \"2021-08-12\", \"score\": 1.10, \"photo\": \"{photo}\", \"tags\": [1, \"a\"], \"vip\": true}}, \
         {{\"user_id\": \"u3\", \"user_created_at\": \"2021-08-12\", \"photo\": [\"{photo}\"]}}\n]\n"
    );
    let run = Run::bare().file("data.json", data.as_bytes());
    let output = extract(&run, "data.json", &[]);
    assert_eq!(output.code, Some(1));
    for line in [
        "row 1 (line 2), user (unknown): bad_user_id: the user_id is no text; write it in quotes",
        "row 3 (line 4), user u3: photo_not_base64: character 1 of ",
    ] {
        assert!(output.stderr.contains(line), "{line}: {}", output.stderr);
    }
    let manifest = String::from_utf8(photos(&run)["data.manifest.csv"].clone()).unwrap();
    let wanted = "user_id,user_created_at,photo,score,tags,vip\nu2,2021-08-12,u2.jpg,1.10,\"[1, \"\"a\"\"]\",true\n";
    assert_eq!(manifest, wanted);
}

#[test]
fn nothing_is_written_over_and_a_second_run_converges() {
    let run = Run::bare().file("data.csv", forms()[0].1.as_bytes());
    assert_eq!(extract(&run, "data.csv", &[]).code, Some(0));
    let first = photos(&run);
    assert_eq!(extract(&run, "data.csv", &[]).code, Some(0));
    assert_eq!(photos(&run), first);
    // Another photo for a user: that row is told, and the file stays.
    run.write(
        "other.csv",
        forms()[0]
            .1
            .replace(&base64(&jpeg()), &base64(&png(9)))
            .replace("007", "a")
            .as_bytes(),
    );
    let output = extract(&run, "other.csv", &[]);
    assert_eq!(output.code, Some(1));
    let said = "row 1 (line 2), user a: photo_file_taken: \"photos/a.png\" is there already, with other bytes\n";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    assert_eq!(photos(&run)["a.png"], png(2));
    // Nor is another manifest written over.
    let output = extract(&run, "other.csv", &["-o", "photos/data.manifest.csv"]);
    assert_eq!(output.code, Some(2));
    assert!(
        output.stderr.contains("another manifest is there; remove it"),
        "{}",
        output.stderr
    );
    assert_eq!(photos(&run)["data.manifest.csv"], first["data.manifest.csv"]);
}

#[cfg(unix)]
#[test]
fn a_kill_leaves_whole_photos_and_the_next_run_has_all_of_them() {
    const ROWS: usize = 40;
    let photo = |row: usize| padded(300_000 + row);
    let rows = (0..ROWS).map(|row| format!("u{row},2021-08-12,{},\n", base64(&photo(row))));
    let run = Run::bare().file("data.csv", format!("{HEADER}\n{}", rows.collect::<String>()).as_bytes());
    for life in 0..3 {
        let before = photos(&run).len();
        let running = run.spawn(&["extract", "data.csv", "--photos", "photos"]);
        let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
        while photos(&run).len() <= before + 2 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        running.signal("KILL");
        running.wait();
        for (name, bytes) in photos(&run) {
            let number = name.strip_prefix('u').and_then(|name| name.strip_suffix(".jpg"));
            let whole = number.is_some_and(|number| bytes == photo(number.parse().unwrap()));
            assert!(
                whole || name.starts_with(".image-enroll-"),
                "life {life}: half of {name}"
            );
        }
    }
    let output = extract(&run, "data.csv", &[]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let photos = photos(&run);
    assert!((0..ROWS).all(|row| photos[&format!("u{row}.jpg")] == photo(row)));
    let check = run.tool(&["check", "photos/data.manifest.csv"]);
    assert_eq!(check.code, Some(0), "{}", check.stderr);
}

#[test]
fn what_is_no_data_file_is_named_for_what_it_is() {
    let photo = base64(&jpeg());
    let collection = r#"{"info": {"_postman_id": "x", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}}"#;
    for (data, says) in [
        (
            collection.to_owned(),
            "it is a Postman collection, which holds the requests",
        ),
        (
            "{\n \"values\": [], \"_postman_variable_scope\": \"environment\"}".to_owned(),
            "it is a Postman environment",
        ),
        ("[]".to_owned(), "it has no rows"),
        ("[1, 2]".to_owned(), "row 1 (line 1) is not a JSON object"),
        (format!("[\"{photo}\"]"), "row 1 (line 1) is not a JSON object"),
        (
            "[{\"a\": 1, \"a\": 2}]".to_owned(),
            "row 1 (line 1) has the member \"a\" twice",
        ),
        (
            "[{\"user_id\": \"u1\"},\n".to_owned(),
            "line 2, column 0: it is not JSON here, or the file is cut off",
        ),
        (
            format!("{{\n\"photo\": \"{photo}\"}}"),
            "has a whole object on each line",
        ),
        (
            "[{\"photo\": \"\"}]".to_owned(),
            "user_id, user_created_at are missing: the file has \"photo\"",
        ),
        (
            format!("u1,2021-08-12,{photo}\n"),
            "user_id, user_created_at, photo are missing: the file has \"u1\", ",
        ),
        (
            "user_id,user_created_at,photo,Photo\n".to_owned(),
            "the header has the same column twice: photo",
        ),
        (
            format!("{HEADER}\nu1,\"2021"),
            "line 2: a quote is opened here and never closed",
        ),
        (String::new(), "there is no header"),
    ] {
        let run = Run::bare().file("data", data.as_bytes());
        let output = extract(&run, "data", &[]);
        assert_eq!(output.code, Some(9), "{data}: {}", output.stderr);
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
        assert!(!output.stderr.contains(&photo[..20]), "{}", output.stderr);
        assert!(!run.path("photos/data.manifest.csv").exists());
    }
}

#[test]
fn a_data_file_may_come_through_a_pipe_and_the_manifest_go_where_it_is_wanted() {
    let (_, data) = &forms()[1];
    let run = Run::bare().stdin(data.as_bytes());
    let output = extract(&run, "-", &[]);
    assert_eq!(output.code, Some(2));
    assert!(output.stderr.contains("name the manifest with -o"), "{}", output.stderr);
    for (manifest, photo) in [("m.csv", "photos/007.jpg"), ("photos/m.csv", "007.jpg")] {
        let output = extract(&run, "-", &["-o", manifest]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let text = std::fs::read_to_string(run.path(manifest)).unwrap();
        assert!(text.contains(&format!(",{photo},2021-08-12,007\n")), "{text}");
        assert_eq!(run.tool(&["check", manifest]).code, Some(0));
    }
    let output = extract(&run, "-", &["-o", "-"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let whole = run.path("photos").canonicalize().unwrap().join("007.jpg");
    assert!(
        text.contains(&format!(",{},2021-08-12,007\n", whole.display())),
        "{text}"
    );
    let output = run.tool(&["extract", "key.txt", "--photos", "photos", "-o", "key.txt"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
}
