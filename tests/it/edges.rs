//! Answers at the edge of the contract's section 6: refusals that prove nothing, filters, signatures.

use serde_json::json;

use crate::harness::{Reply, Run, Server, base64, jpeg, png};

#[test]
fn a_refusal_that_proves_nothing_does_not_take_a_doubt_back() {
    let refusals = [
        Reply::text(413, "too large"),
        Reply::error("2213", "A required parameter is missing"),
        Reply::error("2204", "wrong data type"),
        Reply::error("2413", "missing"),
        Reply::error("2215", "job exists"),
        Reply::error("2208", "deleted"),
        Reply::json(400, json!({"error": "no code at all"})),
    ];
    for refusal in refusals {
        let server = Server::script([("u1", vec![Reply::lost(), refusal])]);
        let run = Run::new(&server).rows(1);
        run.go().code(4).cell(1, "status", "in_doubt").cell(1, "attempts", "2");
        // Another photo, and the user is enrolled by the first attempt all the same.
        run.write("p.jpg", &png(1));
        run.go().code(0).all("enrolled_inferred earlier_photo_enrolled");
    }
}

#[test]
fn a_verdict_on_the_photo_settles_an_earlier_doubt() {
    let server = Server::script([("u1", vec![Reply::hang_up(), Reply::result("0941", "No face found")])]);
    let run = Run::new(&server).rows(1);
    run.go().code(1).all("rejected no_face_found").cell(1, "attempts", "2");
}

#[test]
fn a_changed_date_after_a_lost_answer_is_told() {
    let server = Server::script([("u1", vec![Reply::lost()])]);
    let run = Run::new(&server).rows(1).set("--retries", "0");
    run.go().code(4).all("in_doubt no_answer");
    run.write("manifest.csv", b"user_id,user_created_at,photo\nu1,2020-02-02,p.jpg\n");
    run.go().code(0).all("enrolled_inferred earlier_date_enrolled");
}

#[test]
fn a_refused_photo_that_was_away_for_a_run_is_refused_still() {
    let server = Server::script([("u1", vec![Reply::result("0941", "No face found")])]);
    let run = Run::new(&server).rows(1);
    run.go().code(1).all("rejected no_face_found");
    std::fs::remove_file(run.path("p.jpg")).unwrap();
    run.go().code(1).all("invalid photo_not_found");
    run.write("p.jpg", &jpeg());
    run.go()
        .code(1)
        .all("rejected no_face_found")
        .cell(1, "result_code", "0941")
        .cell(1, "attempts", "1");
    assert_eq!(server.count(), 1, "the same photo is not sent again");
    run.write("p.jpg", &png(3));
    run.go().code(0).all("enrolled");
}

#[test]
fn a_filter_that_refuses_one_row_does_not_end_the_run() {
    for body in ["<html>Forbidden</html>", "{\"message\":\"Forbidden\"}"] {
        let server = Server::in_order([Reply::success(), Reply::text(403, body)]);
        let run = Run::new(&server).rows(4);
        run.go()
            .code(1)
            .summary("/counts/enrolled", 3)
            .summary("/counts/rejected", 1)
            .summary("/reasons/forbidden", 1);
        run.go().code(1).summary("/attempts", 0);
    }
}

#[test]
fn the_same_before_any_row_is_settled_is_a_matter_of_the_credentials() {
    let server = Server::new(|_| Reply::text(403, "<html>Forbidden</html>"));
    let run = Run::new(&server).rows(4);
    run.go().code(5).summary("/counts/pending", 4);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_403_with_a_code_of_the_provider_ends_the_run_whenever_it_comes() {
    let refusal = Reply::error("2205", "not authorized").status(403);
    let server = Server::in_order([Reply::success(), refusal]);
    let run = Run::new(&server).rows(3).set("-c", "1");
    run.go()
        .code(5)
        .summary("/counts/enrolled", 1)
        .summary("/counts/pending", 2);
}

#[test]
fn signatures_that_are_all_wrong_end_the_run_and_say_what_that_means() {
    let server = Server::new(|_| Reply::success().edit(|answer| answer["signature"] = json!(base64(&[7; 32]))));
    let run = Run::new(&server).rows(10);
    run.go()
        .code(6)
        .summary("/stopped_by", "wrong_signatures")
        .summary("/counts/in_doubt", 3)
        .summary("/counts/pending", 7)
        .says(&["signature", "API key"]);
    assert_eq!(server.count(), 3);
}
