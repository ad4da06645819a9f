//! What a manifest may look like (contract, section 3).

use crate::harness::{Run, Server};

const HEADER: &str = "user_id,user_created_at,photo\n";

#[test]
fn a_bom_crlf_and_a_missing_last_line_end_change_nothing() {
    for text in [
        "\u{feff}user_id,user_created_at,photo\nu1,2021-08-12,p.jpg\nu2,2021-08-12,p.jpg\n",
        "user_id,user_created_at,photo\r\nu1,2021-08-12,p.jpg\r\nu2,2021-08-12,p.jpg\r\n",
        "\u{feff}user_id,user_created_at,photo\r\nu1,2021-08-12,p.jpg\r\nu2,2021-08-12,p.jpg",
        "user_id,user_created_at,photo\n\nu1,2021-08-12,p.jpg\n\n\nu2,2021-08-12,p.jpg\n\n",
        "\"user_id\",\"user_created_at\",\"photo\"\n\"u1\",\"2021-08-12\",\"p.jpg\"\nu2,2021-08-12,p.jpg\n",
    ] {
        let server = Server::success();
        Run::new(&server)
            .manifest(text)
            .go()
            .code(0)
            .rows(["enrolled", "enrolled"]);
        assert_eq!(server.users(), ["u1", "u2"], "{text:?}");
    }
}

#[test]
fn columns_come_in_any_order_case_and_spelling() {
    for text in [
        "photo,user_created_at,user_id\np.jpg,2021-08-12,u1\n",
        "USER_ID, User_Created_At ,Photo\nu1,2021-08-12,p.jpg\n",
        "photo_path,user_id,user_created_at\np.jpg,u1,2021-08-12\n",
        "note,Photo_Path,x,user_id,y,user_created_at\n1,p.jpg,2,u1,3,2021-08-12\n",
    ] {
        let server = Server::success();
        let run = Run::new(&server).manifest(text);
        run.go().code(0).all("enrolled");
        let request = &server.requests()[0];
        assert_eq!(
            (request.user_id.as_str(), request.field("user_created_at")),
            ("u1", "2021-08-12"),
            "{text:?}"
        );
    }
}

#[test]
fn own_columns_come_back_verbatim() {
    let server = Server::success();
    let run = Run::new(&server).file("a, b.jpg", &crate::harness::jpeg()).manifest(
        " Note ,user_id,user_created_at,photo,name,name,\n\
         \"line one\nline two, with \"\"quotes\"\"\",u1,2021-08-12,\"a, b.jpg\", Zoë ,=1+1,\n\
         ,u2,2021-08-12,p.jpg,-,@x,+1\n",
    );
    let mut done = run.go();
    done.code(0).rows(["enrolled", "enrolled"]);
    let mut records = csv::ReaderBuilder::new().from_reader(done.raw.as_slice());
    let header: Vec<_> = records.headers().unwrap().iter().take(7).map(str::to_owned).collect();
    assert_eq!(
        header,
        [" Note ", "user_id", "user_created_at", "photo", "name", "name", ""]
    );
    let rows: Vec<_> = records.records().map(Result::unwrap).collect();
    let cells = |row: usize| rows[row].iter().take(7).collect::<Vec<_>>();
    let quoted = "line one\nline two, with \"quotes\"";
    assert_eq!(cells(0), [quoted, "u1", "2021-08-12", "a, b.jpg", " Zoë ", "=1+1", ""]);
    assert_eq!(cells(1), ["", "u2", "2021-08-12", "p.jpg", "-", "@x", "+1"]);
}

#[test]
fn results_are_a_manifest_and_so_are_the_results_of_that() {
    let server = Server::success();
    let run = Run::new(&server).manifest(&format!(
        "{HEADER}u1,2021-08-12,p.jpg\nu2,2021-13-01,p.jpg\nu3,2021-08-12,p.jpg\n"
    ));
    run.go().code(1).rows(["enrolled", "invalid bad_date", "enrolled"]);
    let fixed = |name: &str| {
        std::fs::read_to_string(run.path(name))
            .unwrap()
            .replace("2021-13-01", "2021-12-01")
    };

    // The same ledger: only the fixed row is sent.
    let text = fixed("manifest.sandbox.results.csv");
    run.write("manifest.csv", text.as_bytes());
    let mut second = run.go();
    second
        .code(0)
        .all("enrolled")
        .summary("/settled_before", 2)
        .summary("/attempts", 1);
    let first_header = second.header.clone();
    drop(second);

    // And again, in folders of their own: results of results have the columns of the first time.
    let mut text = fixed("manifest.sandbox.results.csv");
    for _ in 0..2 {
        let other = Server::success();
        let again = Run::new(&other).manifest(&text);
        let mut done = again.go();
        done.code(0).all("enrolled");
        assert_eq!(done.header, first_header);
        assert_eq!(other.count(), 3);
        text = String::from_utf8(done.raw.clone()).unwrap();
    }
    assert_eq!(server.users(), ["u1", "u2", "u3"]);
}

#[test]
fn standard_input_is_a_manifest() {
    let server = Server::success();
    let run = Run::new(&server)
        .named("-")
        .stdin(b"user_id,user_created_at,photo,n\nu1,2021-08-12,p.jpg,1\nu2,2021-08-12,none.jpg,2\n")
        .set("--results", "r.csv")
        .set("--ledger", "l.db")
        .set("--photo-root", ".");
    run.go().code(1).rows(["enrolled", "invalid photo_not_found"]);
    run.go().code(1).summary("/settled_before", 1).summary("/attempts", 0);
}

#[test]
fn user_ids_are_sent_to_the_byte() {
    let long = "é".repeat(256);
    let ids = [
        "007",
        "7",
        "+7",
        "=1",
        "a b",
        "a\"b\\c",
        "Zoë",
        "Zoe\u{308}",
        "用户",
        "🙂",
        "null",
        "true",
        "1e3",
        "a,b",
        &long,
    ];
    let quoted = ids.map(|id| format!("\"{}\"", id.replace('"', "\"\"")));
    let server = Server::success();
    Run::new(&server).users(quoted).go().code(0).all("enrolled");
    let mut wanted = ids.map(str::to_owned);
    wanted.sort();
    assert_eq!(server.users(), wanted);
}

#[test]
fn a_bad_id_is_invalid_and_harms_no_other_row() {
    let long = "x".repeat(257);
    let ids = [
        "",
        "\" u\"",
        "\"u \"",
        "\"u\tv\"",
        "\"u\nv\"",
        "\u{a0}u",
        "\"u\u{7f}\"",
        "u\u{85}v",
        &long,
    ];
    let server = Server::success();
    let run = Run::new(&server).users(ids.iter().copied().chain(["good"]));
    let mut wanted = vec!["invalid bad_user_id"; ids.len()];
    wanted.push("enrolled");
    run.go().code(1).rows(wanted);
    assert_eq!(server.users(), ["good"]);
}

#[test]
fn a_row_with_too_few_or_too_many_fields_is_invalid() {
    let server = Server::success();
    let text = format!("{HEADER}u1,2021-08-12\nu2,2021-08-12,p.jpg,more\nu3\nu4,2021-08-12,p.jpg\n,,\n");
    let wrong = "invalid wrong_field_count";
    let run = Run::new(&server).manifest(&text);
    run.go()
        .code(1)
        .rows([wrong, wrong, wrong, "enrolled", "invalid bad_user_id"]);
    assert_eq!(server.users(), ["u4"]);
}

#[test]
fn rows_equal_in_date_and_photo_are_sent_once_and_both_reported() {
    let server = Server::success();
    let text = format!(
        "{HEADER}u1,2021-08-12,p.jpg\nu2,2021-05-18T15:14:43Z,p.jpg\nu1,2021-08-12,p.jpg\nu2,2021-05-18 15:14:43+0000,./p.jpg\nu1,2021-08-12,p.jpg\n"
    );
    let run = Run::new(&server).manifest(&text);
    let mut done = run.go();
    done.code(0).all("enrolled").summary("/attempts", 2);
    let (first, again) = (done.get(1, "smile_job_id"), done.get(3, "smile_job_id"));
    done.equal("smile_job_id", &again, &first);
    drop(done);
    assert_eq!(server.users(), ["u1", "u2"]);
}

#[test]
fn rows_of_one_user_that_differ_are_all_invalid() {
    let server = Server::success();
    let text = format!(
        "{HEADER}u1,2021-08-12,p.jpg\nu2,2021-08-12,p.jpg\nu1,2021-08-13,p.jpg\nu3,2021-08-12,p.jpg\nu3,2021-08-12,q.jpg\nu1,2021-08-12,p.jpg\nU2,2021-08-13,p.jpg\n"
    );
    let conflict = "invalid conflicting_rows";
    let run = Run::new(&server).manifest(&text);
    run.go()
        .code(1)
        .rows([conflict, "enrolled", conflict, conflict, conflict, conflict, "enrolled"]);
    assert_eq!(server.users(), ["U2", "u2"]);
}

#[test]
fn a_manifest_without_rows_is_settled() {
    let server = Server::success();
    Run::new(&server).manifest(HEADER).go().code(0).summary("/rows", 0);
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_rfc_4180_forbids_is_invalid_and_never_guessed_at() {
    let server = Server::success();
    let text = format!(
        "{HEADER}u0,2021-08-12,p.jpg\n\"u1\"x,2021-08-12,p.jpg\n\"u\\\"2\",2021-08-12,p.jpg\nu\"3,2021-08-12,p.jpg\n\
         u4,2021-08-12,p.jpg\n"
    );
    let run = Run::new(&server).manifest(&text);
    let quotes = "invalid bad_quotes";
    run.go()
        .code(1)
        .rows(["enrolled", quotes, quotes, quotes, "enrolled"])
        .cell(2, "user_id", "\"u1\"x");
    assert_eq!(server.users(), ["u0", "u4"]);
    let check = run.tool(&["check", "manifest.csv"]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    for part in ["row 2", "bad_quotes", "closing quote", "row 4"] {
        assert!(check.stderr.contains(part), "{part:?} is not in {}", check.stderr);
    }

    // The results as the next manifest: what was malformed stays so.
    let results = std::fs::read(run.path("manifest.sandbox.results.csv")).unwrap();
    run.write("manifest.csv", &results);
    run.go()
        .code(1)
        .rows(["enrolled", quotes, quotes, quotes, "enrolled"])
        .summary("/attempts", 0);
}
