//! Answers that settle nothing and may hide an enrollment (contract, section 6): doubt is sticky.

use serde_json::{Value, json};

use crate::harness::{Reply, Run, Server, base64, jpeg, padded, png, sha256};

/// Replies after which a row may or may not be enrolled, each with its reason. The server has enrolled it.
fn doubtful() -> Vec<(Reply, &'static str)> {
    vec![
        (Reply::text(200, "<html>welcome</html>"), "unreadable_answer"),
        (Reply::text(200, ""), "unreadable_answer"),
        (Reply::text(204, ""), "unreadable_answer"),
        (Reply::text(200, "[]"), "unreadable_answer"),
        (Reply::text(200, "\"0840\""), "unreadable_answer"),
        (Reply::json(200, json!({})), "unreadable_answer"),
        (
            Reply::bytes(200, b"{\"ResultCode\":\"0840\xff\"}".to_vec()),
            "unreadable_answer",
        ),
        (Reply::success().cut_off(40), "answer_cut_off"),
        (Reply::success().cut_off(0), "answer_cut_off"),
        (
            Reply::success().edit(|answer| answer["PartnerParams"]["user_id"] = json!("u2")),
            "wrong_user",
        ),
        (
            Reply::success().edit(|answer| answer["PartnerParams"]["user_id"] = json!("U1")),
            "wrong_user",
        ),
        (
            Reply::success().edit(|answer| answer["PartnerParams"] = Value::Null),
            "wrong_user",
        ),
        (
            Reply::success().edit(|answer| answer["signature"] = json!(base64(&[7; 32]))),
            "wrong_signature",
        ),
        (
            Reply::success().edit(|answer| answer["signature"] = json!("")),
            "wrong_signature",
        ),
        (
            Reply::success().edit(|answer| answer["timestamp"] = json!("2023-02-14T00:07:49.925Z")),
            "wrong_signature",
        ),
        (
            Reply::success().edit(|answer| answer["timestamp"] = Value::Null),
            "wrong_signature",
        ),
        (Reply::lost(), "no_answer"),
        (Reply::hang_up(), "no_answer"),
        (
            Reply::json(500, json!({"error": "System Error", "code": "2201"})),
            "server_error",
        ),
        (Reply::text(502, "<html>Bad Gateway</html>"), "server_error"),
        (
            Reply::json(503, json!({"message": "Service Unavailable"})),
            "server_error",
        ),
        (
            Reply::json(504, json!({"message": "Endpoint request timed out"})),
            "server_error",
        ),
        (Reply::json(599, json!({"code": "2205"})), "server_error"),
        (Reply::success().status(500), "server_error"),
    ]
}

#[test]
fn what_proves_nothing_leaves_the_row_in_doubt() {
    for (number, (reply, reason)) in doubtful().into_iter().enumerate() {
        let server = Server::in_order([reply]);
        let run = Run::new(&server).rows(1).set("--retries", "0");
        run.go()
            .code(4)
            .all(&format!("in_doubt {reason}"))
            .cell(1, "attempts", "1")
            .check(server.count() == 1, &format!("reply {number}"));
        // The next run learns what became of it.
        let held = server.held().contains_key("u1");
        let wanted = if held {
            "enrolled_inferred answer_lost"
        } else {
            "enrolled"
        };
        run.go()
            .code(0)
            .all(wanted)
            .cell(1, "attempts", "2")
            .check(true, &format!("reply {number}"));
        assert_eq!(server.held()["u1"], sha256(&jpeg()));
    }
}

#[test]
fn an_answer_of_more_than_a_mebibyte_is_not_read_to_its_end() {
    let text = format!(
        "{{\"ResultCode\":\"0840\",\"pad\":\"{}\"}}",
        "x".repeat(2 * 1024 * 1024)
    );
    let server = Server::in_order([Reply::text(200, &text)]);
    let run = Run::new(&server).rows(1).set("--retries", "0");
    run.go().code(4).all("in_doubt answer_cut_off");
}

#[test]
fn a_5xx_is_tried_again_after_the_quiet_time() {
    let server = Server::in_order([Reply::text(502, "").header("Retry-After", "0")]);
    let run = Run::new(&server).rows(1);
    run.go()
        .code(0)
        .all("enrolled")
        .cell(1, "attempts", "2")
        .summary("/attempts", 2)
        .summary("/retries", 1);
}

#[test]
fn a_lost_answer_and_then_a_duplicate_is_an_enrollment_of_ours() {
    let server = Server::in_order([Reply::lost()]);
    let run = Run::new(&server).rows(1);
    run.go()
        .code(0)
        .all("enrolled_inferred answer_lost")
        .cell(1, "attempts", "2")
        .cell(1, "result_code", "2209")
        .cell(1, "photo_sha256", &sha256(&jpeg()));
    run.go().code(0).summary("/settled_before", 1);
    assert_eq!(server.count(), 2);
}

#[test]
fn silence_is_a_doubt_after_the_timeout() {
    let server = Server::in_order([Reply::silence()]);
    let run = Run::new(&server)
        .rows(1)
        .set("--retries", "0")
        .set("--timeout", "150ms");
    run.go().code(4).all("in_doubt no_answer");
}

#[test]
fn a_connection_that_is_lost_before_the_last_byte_is_no_doubt() {
    let server = Server::in_order([Reply::close_early()]);
    let run = Run::new(&server)
        .rows(1)
        .set("--retries", "0")
        .file("p.jpg", &padded(5_000_000));
    run.go().code(3).all("failed connection_lost").cell(1, "attempts", "1");
    run.go().code(0).all("enrolled");
}

#[test]
fn doubt_outlives_every_later_failure() {
    let refused = || Reply::text(408, "").header("Retry-After", "0");
    let server = Server::in_order([Reply::hang_up(), refused(), refused(), refused()]);
    let run = Run::new(&server).rows(1).set("--retries", "1");
    run.go().code(4).rows(["in_doubt server_busy"]).cell(1, "attempts", "4");

    // The photo is gone: it cannot be sent, and the doubt stays.
    std::fs::remove_file(run.path("p.jpg")).unwrap();
    run.go().code(4).rows(["in_doubt photo_not_found"]);

    // Another photo and a 2209: whichever of the two it was, it was an attempt of ours.
    run.write("p.jpg", &png(1));
    server.hold("u1", &jpeg());
    run.go()
        .code(0)
        .all("enrolled_inferred earlier_photo_enrolled")
        .cell(1, "photo_sha256", &sha256(&jpeg()));
}

#[test]
fn doubt_wins_over_failed_and_rejected_rows() {
    let server = Server::script([
        ("u1", vec![Reply::result("0941", "No face")]),
        ("u2", vec![Reply::hang_up()]),
        ("u3", vec![Reply::text(425, "").header("Retry-After", "0")]),
    ]);
    let run = Run::new(&server).rows(4).set("--retries", "0");
    run.go().code(4).rows([
        "rejected no_face_found",
        "in_doubt no_answer",
        "failed server_busy",
        "enrolled",
    ]);
}

#[test]
fn a_doubtful_answer_holds_no_other_row_back() {
    let server = Server::script([("u2", vec![Reply::lost()])]);
    let run = Run::new(&server).rows(20);
    let mut wanted = vec!["enrolled"; 20];
    wanted[1] = "enrolled_inferred answer_lost";
    run.go().code(0).rows(wanted);
    assert_eq!(server.held().len(), 20);
}
