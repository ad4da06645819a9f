//! Answers that settle a row: enrolled, provisional, rejected, already enrolled (contract, section 6).

use serde_json::{Value, json};

use crate::harness::{Finished, Reply, Run, Server, jpeg};

/// One row with this answer and no retries; what becomes of it stands in the results.
fn answered(reply: Reply, judge: impl FnOnce(&mut Finished<'_>)) {
    let server = Server::in_order([reply]);
    let run = Run::new(&server).rows(1).set("--retries", "0");
    let mut done = run.go();
    judge(&mut done);
    done.check(server.count() == 1, "another number of requests than one");
}

#[test]
fn the_codes_of_an_approval_enroll() {
    for code in ["0840", "1240"] {
        answered(Reply::result(code, "Enroll User"), |done| {
            done.code(0).all("enrolled").cell(1, "result_code", code);
        });
    }
}

#[test]
fn the_codes_that_wait_for_a_person_are_provisional_and_settled() {
    for code in ["0842", "0844", "0846"] {
        answered(Reply::result(code, "Under Review"), |done| {
            done.code(0)
                .all("provisional human_review")
                .cell(1, "result_code", code)
                .cell(1, "result_text", "Under Review");
        });
    }
}

#[test]
fn any_other_result_code_is_a_rejection_with_code_and_text() {
    for (code, reason) in [
        ("0001", "photo_unusable"),
        ("1241", "photo_unusable"),
        ("0841", "compare_failed"),
        ("0843", "possible_spoof"),
        ("0907", "possible_spoof"),
        ("1242", "possible_spoof"),
        ("0941", "no_face_found"),
        ("0942", "poor_quality"),
        ("9999", "refused"),
        ("0000", "refused"),
        ("OK", "refused"),
    ] {
        answered(Reply::result(code, "No good"), |done| {
            done.code(1)
                .all(&format!("rejected {reason}"))
                .cell(1, "result_text", "No good")
                .cell(1, "http_status", "200");
        });
    }
}

#[test]
fn a_success_may_be_any_2xx_with_numbers_for_texts_and_more_than_we_know() {
    let replies = [
        Reply::success().status(201),
        Reply::success().status(202),
        Reply::success().edit(|answer| answer["ResultCode"] = json!(840)),
        Reply::success().edit(|answer| answer["ConfidenceValue"] = json!(97.5)),
        Reply::success().edit(|answer| answer["PartnerParams"]["job_type"] = json!("4")),
        Reply::success().edit(|answer| answer["Actions"]["New_Action"] = json!("Not Done")),
        Reply::success().edit(|answer| answer["Unknown"] = json!({"a": [1, null]})),
        Reply::success().edit(|answer| answer["Actions"] = Value::Null),
        Reply::success().edit(|answer| drop(answer.as_object_mut().unwrap().remove("signature"))),
        Reply::success().edit(|answer| answer["signature"] = Value::Null),
        Reply::success().edit(|answer| answer["PartnerParams"] = json!({"user_id": "u1"})),
    ];
    for reply in replies {
        answered(reply, |done| {
            done.code(0).all("enrolled").cell(1, "result_code", "0840");
        });
    }
}

#[test]
fn an_error_is_read_with_its_code_as_text_number_or_not_at_all() {
    let text = "A required parameter is missing: photo";
    for (body, code, reason) in [
        (json!({"error": text, "code": "2213"}), "2213", "bad_parameter"),
        (json!({"error": text, "code": 2213}), "2213", "bad_parameter"),
        (json!({"message": text, "code": "2213"}), "2213", "bad_parameter"),
        (json!({"status": "Bad Request", "message": text}), "", "refused"),
        (json!({"success": false, "error": text}), "", "refused"),
        (json!({"error": text, "code": null}), "", "refused"),
        (json!({"error": text, "code": ""}), "", "refused"),
    ] {
        answered(Reply::json(400, body), |done| {
            done.code(1)
                .all(&format!("rejected {reason}"))
                .cell(1, "result_code", code)
                .cell(1, "result_text", text);
        });
    }
}

#[test]
fn refusals_of_the_provider_are_rejections_under_any_other_4xx() {
    for (code, reason) in [
        ("2204", "bad_parameter"),
        ("2207", "user_disabled"),
        ("2208", "user_deleted"),
        ("2210", "refused"),
        ("2211", "refused"),
        ("2213", "bad_parameter"),
        ("2215", "refused"),
        ("2216", "refused"),
        ("2413", "bad_parameter"),
        ("2201", "refused"),
        ("7777", "refused"),
    ] {
        answered(Reply::error(code, "No"), |done| {
            done.code(1)
                .all(&format!("rejected {reason}"))
                .cell(1, "result_code", code);
        });
    }
    for status in [
        406, 409, 410, 411, 412, 414, 416, 417, 418, 421, 422, 423, 424, 426, 428, 431, 451, 499,
    ] {
        answered(Reply::json(status, json!({"error": "No", "code": "2213"})), |done| {
            done.code(1)
                .all("rejected bad_parameter")
                .cell(1, "http_status", &status.to_string());
        });
    }
}

#[test]
fn a_body_too_large_is_a_rejection_also_when_it_is_said_early() {
    let gateway = || Reply::json(413, json!({"message": "Request Too Long"}));
    for reply in [gateway(), Reply::text(413, "<html>413</html>")] {
        answered(reply, |done| {
            done.code(1)
                .all("rejected body_too_large")
                .cell(1, "http_status", "413");
        });
    }
    let server = Server::in_order([gateway().early()]);
    let run = Run::new(&server)
        .rows(1)
        .set("--retries", "0")
        .file("p.jpg", &crate::harness::padded(4_900_000));
    run.go().code(1).all("rejected body_too_large");
}

#[test]
fn a_user_that_was_enrolled_before_is_already_enrolled() {
    let server = Server::success();
    server.hold("u2", &jpeg());
    let run = Run::new(&server).rows(3);
    run.go()
        .code(0)
        .rows(["enrolled", "already_enrolled user_id_taken", "enrolled"])
        .cell(2, "result_code", "2209")
        .cell(2, "http_status", "400");
    run.go().code(0).summary("/settled_before", 3).summary("/attempts", 0);
}

#[test]
fn a_duplicate_is_known_by_its_code_in_every_form() {
    for reply in [
        Reply::json(400, json!({"error": "x", "code": 2209})),
        Reply::json(400, json!({"message": "x", "code": "2209"})),
        Reply::json(409, json!({"error": "x", "code": "2209"})),
        Reply::json(200, json!({"error": "x", "code": "2209"})),
        Reply::json(400, json!({"ResultCode": "2209"})),
    ] {
        answered(reply, |done| {
            done.code(0).all("already_enrolled user_id_taken");
        });
    }
}

#[test]
fn rejected_rows_do_not_stop_the_others_and_come_back_only_when_they_change() {
    let server = Server::script([("u2", vec![Reply::result("0941", "No face found")])]);
    let run = Run::new(&server).rows(4);
    run.go()
        .code(1)
        .rows(["enrolled", "rejected no_face_found", "enrolled", "enrolled"])
        .summary("/reasons/no_face_found", 1);
    run.go().code(1).summary("/attempts", 0).cell(2, "attempts", "1");
    assert_eq!(server.count(), 4);
    run.write("other.jpg", &crate::harness::png(1));
    let text = std::fs::read_to_string(run.path("manifest.csv")).unwrap();
    run.write(
        "manifest.csv",
        text.replace("u2,2021-08-12,p.jpg", "u2,2021-08-12,other.jpg")
            .as_bytes(),
    );
    run.go()
        .code(0)
        .all("enrolled")
        .summary("/attempts", 1)
        .cell(2, "attempts", "2");
}
