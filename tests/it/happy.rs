//! The main road: every row is enrolled, and everything says so.

use crate::harness::{Run, Server, jpeg, png, sha256};

#[test]
fn enrolls_every_row_and_reports_it() {
    let server = Server::success();
    let run = Run::new(&server).file("photos/b.png", &png(1)).manifest(
        "user_id,user_created_at,photo,branch\n\
             007,2021-08-12,p.jpg,Lagos\n\
             ama,2021-05-18 15:14:43-0700,photos/b.png,\"Accra, Osu\"\n",
    );
    let mut done = run.go();
    done.code(0)
        .rows(["enrolled", "enrolled"])
        .summary("/stopped_by", serde_json::Value::Null)
        .summary("/attempts", 2)
        .summary("/retries", 0);
    for (row, photo) in [(1, jpeg()), (2, png(1))] {
        done.cell(row, "http_status", "200")
            .cell(row, "result_code", "0840")
            .cell(row, "result_text", "Enroll User")
            .cell(row, "job_id", "d9821b53-ada3-411c-8c5c-d6ea2a95915c")
            .cell(row, "confidence", "99")
            .cell(row, "attempts", "1")
            .cell(row, "photo_sha256", &sha256(&photo))
            .cell(row, "photo_bytes", &photo.len().to_string());
    }
    assert_eq!(server.users(), ["007", "ama"]);
    let held = server.held();
    assert_eq!(held["007"], sha256(&jpeg()));
    assert_eq!(held["ama"], sha256(&png(1)));
}
