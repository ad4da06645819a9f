//! After a doubt the same version of an object is sent, or the row says that it is gone.

use crate::harness::{Object, Reply, Run, Server, Store, photo, png, sha256};
use crate::stores::Bucket;

/// A run that leaves its one row in doubt, against a server that has enrolled the user all the same.
fn doubtful(server: &Server) -> Run<'_> {
    let manifest = "user_id,user_created_at,photo\nu1,2021-08-12,a.png\n";
    Run::new(server).manifest(manifest).set("--retries", "0")
}

#[test]
fn a_replaced_object_is_not_sent_in_the_place_of_one_in_doubt() {
    let store = Store::new(|path, nth| {
        let photo = match (path, nth) {
            ("/a.png", 1) => png(1),
            ("/a.png", _) => png(2),
            _ => png(3),
        };
        Object::new(&photo).header("ETag", "W/\"x\"")
    });
    let server = Server::in_order([Reply::lost()]);
    let run = doubtful(&server).set("--photo-root", &store.url());
    run.go().code(4).all("in_doubt no_answer");
    for _ in 0..2 {
        run.go().code(4).all("in_doubt photo_changed").cell(1, "attempts", "1");
    }
    assert_eq!(server.count(), 1);
    // Another object is another photo, as another file would be.
    run.write("manifest.csv", b"user_id,user_created_at,photo\nu1,2021-08-12,b.png\n");
    run.go().code(0).all("enrolled_inferred earlier_photo_enrolled");
}

#[test]
fn an_object_that_is_written_anew_with_the_same_bytes_is_the_same_photo() {
    let store = Store::new(|_, nth| Object::new(&png(1)).header("ETag", &format!("\"{nth}\"")));
    let server = Server::in_order([Reply::lost()]);
    let run = doubtful(&server).set("--photo-root", &store.url());
    run.go().code(4).all("in_doubt no_answer");
    run.go().code(0).all("enrolled_inferred answer_lost");
}

#[test]
fn an_object_that_is_gone_leaves_its_doubt() {
    let store = Store::new(|_, nth| match nth {
        1 => Object::new(&png(1)),
        _ => Object::status(404),
    });
    let server = Server::in_order([Reply::lost()]);
    let run = doubtful(&server).set("--photo-root", &store.url());
    run.go().code(4).all("in_doubt no_answer");
    run.go().code(4).all("in_doubt photo_not_found");
}

#[test]
fn within_a_run_too_the_version_is_kept() {
    let store = Store::new(|_, nth| Object::new(&png(if nth == 1 { 1 } else { 2 })));
    let server = Server::in_order([Reply::lost()]);
    let run = doubtful(&server)
        .set("--photo-root", &store.url())
        .set("--retries", "3");
    run.go().code(4).all("in_doubt photo_changed");
    assert_eq!(server.count(), 1);
}

/// The object that takes its place would make another photo; until then each attempt sends the same one.
#[cfg(feature = "fix-photos")]
#[test]
fn a_photo_that_was_fixed_is_not_replaced_in_a_doubt() {
    let store = Store::new(|_, nth| {
        let orientation = if nth < 3 { 6 } else { 8 };
        Object::new(&photo(60, 40, orientation)).header("ETag", &format!("\"{nth}\""))
    });
    let server = Server::in_order([Reply::lost(), Reply::lost()]);
    let run = doubtful(&server).set("--photo-root", &store.url()).flag("--fix-photos");
    for attempts in ["1", "2"] {
        run.go().code(4).all("in_doubt no_answer").cell(1, "attempts", attempts);
    }
    let sent: Vec<String> = server.requests().into_iter().map(|seen| seen.photo_sha256).collect();
    assert_eq!(sent[0], sent[1]);
    run.go().code(4).all("in_doubt photo_changed").cell(1, "attempts", "2");
    assert_eq!(server.count(), 2);
}

#[test]
fn a_store_with_versions_gives_the_one_that_was_sent() {
    let Some(bucket) = Bucket::new(true) else { return };
    bucket.put("a.png", &png(1));
    let server = Server::in_order([Reply::lost()]);
    let run = bucket.root_of(doubtful(&server));
    run.go().code(4).all("in_doubt no_answer");
    bucket.put("a.png", &png(2));
    run.go()
        .code(0)
        .all("enrolled_inferred answer_lost")
        .cell(1, "photo_sha256", &sha256(&png(1)));
    assert!(
        server
            .requests()
            .iter()
            .all(|seen| seen.photo_sha256 == sha256(&png(1)))
    );
}
