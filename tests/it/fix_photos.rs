//! `--fix-photos`: what is sent in the place of photos that the API would refuse or take the wrong way (contract,
//! section 4).

use std::fs;

use crate::harness::{Latch, Reply, Run, Server, jpeg, padded, photo, png, sha256};

const HEADER: &str = "user_id,user_created_at,photo\n";

/// Users `u1`, `u2`, … with these photos, each in a file of its own.
fn with<'a>(server: &'a Server, photos: &[(&str, Vec<u8>)]) -> Run<'a> {
    let rows: String = (1..)
        .zip(photos)
        .map(|(n, (name, _))| format!("u{n},2021-08-12,{name}\n"))
        .collect();
    let run = Run::new(server).manifest(&format!("{HEADER}{rows}"));
    for (name, bytes) in photos {
        run.write(name, bytes);
    }
    run
}

fn decoded(base64: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.decode(base64).unwrap()
}

/// What the server has been sent for this user.
fn held(server: &Server, user: &str) -> String {
    server.held().get(user).cloned().unwrap_or_default()
}

fn bmp() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(20, 10, image::Rgb([200, 100, 50]))
        .write_to(&mut bytes, image::ImageFormat::Bmp)
        .unwrap();
    bytes.into_inner()
}

#[test]
fn good_photos_are_sent_as_they_lie_and_others_fixed() {
    let photos = [
        ("good.jpg", jpeg()),
        ("good.png", png(1)),
        ("upright.jpg", photo(40, 30, 1)),
        ("rotated.jpg", photo(40, 30, 6)),
        ("large.jpg", photo(2_400, 300, 1)),
        ("both.jpg", photo(2_400, 300, 8)),
        ("heavy.jpg", padded(5_000_001)),
        ("picture.bmp", bmp()),
    ];
    let server = Server::success();
    let run = with(&server, &photos).flag("--fix-photos");
    let mut run = run.go();
    run.code(0).all("enrolled");
    let wanted = [
        "",
        "",
        "",
        "rotated",
        "scaled",
        "rotated scaled",
        "converted",
        "converted",
    ];
    for (row, ((name, bytes), fixes)) in (1..).zip(photos.iter().zip(wanted)) {
        let (sent, source) = (run.get(row, "sent_sha256"), sha256(bytes));
        run.cell(row, "photo_fixes", fixes)
            .cell(row, "photo_sha256", &source)
            .cell(row, "photo_bytes", &bytes.len().to_string())
            .equal("what the server holds", &held(&server, &format!("u{row}")), &sent)
            .check(
                (sent == source) == fixes.is_empty(),
                &format!("{name} was sent as {sent}"),
            );
        assert_eq!(&fs::read(run.run.path(name)).unwrap(), bytes, "{name} is changed");
    }
    let bytes: u64 = (1..=photos.len())
        .map(|row| run.get(row, "sent_bytes").parse::<u64>().unwrap())
        .sum();
    run.summary("/photo_bytes_sent", bytes);
}

#[test]
fn without_the_flag_everything_is_as_it_was() {
    let server = Server::success();
    let rotated = photo(40, 30, 6);
    let mut run = with(
        &server,
        &[
            ("r.jpg", rotated.clone()),
            ("b.bmp", bmp()),
            ("h.jpg", padded(5_000_001)),
        ],
    );
    let mut plain = run.go_with(&["-v"]);
    plain
        .code(1)
        .rows(["enrolled", "invalid photo_not_jpeg_or_png", "invalid photo_too_large"]);
    plain.says(&["it is a BMP; --fix-photos converts it"]);
    plain.check(
        held(&server, "u1") == sha256(&rotated),
        "the photo was not sent as it lies",
    );
    drop(plain);
    run = run.set("--max-side", "100");
    let refused = run.tool(&["--max-side", "100", "manifest.csv"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--fix-photos"), "{}", refused.stderr);
}

/// A TIFF whose width is a text of 4 GB.
const LONG_TEXT: &[u8] = b"II*\0\x08\0\0\0\x01\0\0\x01\x02\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0";

#[test]
fn harmful_photos_are_their_rows_fault_and_no_others() {
    let mut bomb = png(1);
    bomb[16..24].copy_from_slice(&[0, 0, 0x80, 0, 0, 0, 0x80, 0]);
    let checksum = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum);
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and so on".to_vec();
    let photos = [
        ("good.jpg", jpeg()),
        ("bomb.png", bomb),
        ("phone.heic", heic),
        ("cut.bmp", bmp()[..60].to_vec()),
        ("text.tif", b"II*\0\x08\0\0\0\xff\xff and no directory".to_vec()),
        ("long.tif", LONG_TEXT.to_vec()),
        ("cut.jpg", photo(40, 30, 6)[..200].to_vec()),
        ("rotated.jpg", photo(40, 30, 3)),
    ];
    let server = Server::success();
    let mut run = with(&server, &photos).flag("--fix-photos").flag("-v");
    let mut ended = run.go();
    ended.code(1).rows([
        "enrolled",
        "invalid photo_too_large",
        "invalid photo_not_jpeg_or_png",
        "invalid photo_truncated",
        "invalid photo_truncated",
        "invalid photo_malformed",
        "invalid photo_truncated",
        "enrolled",
    ]);
    ended.says(&["32768x32768 pixels", "it is a HEIC picture", "heif-convert"]);
    ended.check(!ended.stderr.contains("panicked"), "a decoder's panic is shown");
    ended.check(!ended.stderr.contains("LimitsExceeded"), "a decoder speaks for itself");
    drop(ended);
    fs::File::create(run.path("huge.jpg"))
        .unwrap()
        .set_len(64_000_001)
        .unwrap();
    run = run.manifest(&format!("{HEADER}huge,2021-08-12,huge.jpg\n"));
    run.go().code(1).all("invalid photo_too_large");
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    (!crc).to_be_bytes()
}

#[test]
fn a_repeat_sends_the_same_photo_and_so_does_a_run_after_a_kill() {
    let (rotated, latch) = (photo(60, 40, 6), Latch::new());
    let server = Server::script([("u1", vec![Reply::lost(), Reply::success().after(&latch)])]);
    let run = with(&server, &[("r.jpg", rotated.clone())]).flag("--fix-photos");
    let running = run.start();
    server.wait_for(2);
    running.signal("KILL");
    running.wait();
    latch.release();
    let mut last = run.go();
    last.code(0)
        .cell(1, "photo_fixes", "rotated")
        .cell(1, "photo_sha256", &sha256(&rotated));
    let photos: Vec<String> = server
        .requests()
        .iter()
        .map(|seen| sha256(&decoded(seen.field("photo"))))
        .collect();
    last.check(photos.len() >= 3, "three attempts");
    last.check(photos.iter().all(|photo| *photo == photos[0]), "another photo was sent");
    let sent = last.get(1, "sent_sha256");
    last.check(photos[0] == sent && sent != sha256(&rotated), "the hash is another one");
    last.cell(1, "status", "enrolled_inferred")
        .cell(1, "reason", "answer_lost");
}

/// The same file with and without fixes is two photos: a doubt keeps the one that was sent.
#[test]
fn a_doubt_keeps_the_photo_that_was_sent() {
    let rotated = photo(60, 40, 6);
    let server = Server::script([("u1", vec![Reply::lost()])]);
    let run = with(&server, &[("r.jpg", rotated.clone())]).set("--retries", "0");
    run.go().code(4).all("in_doubt no_answer");
    assert_eq!(run.start_with(&["--fix-photos"]).wait().code, Some(0));
    let results = run.results(&["-o", "-", "--fix-photos"]);
    let line = results.stdout.rsplit(|byte| *byte == b'\n').nth(1).unwrap();
    let source = sha256(&rotated);
    let line = String::from_utf8(line.to_vec()).unwrap();
    assert!(line.contains("enrolled_inferred,earlier_photo_enrolled"), "{line}");
    assert!(line.ends_with(&format!(",,{source},{}", rotated.len())), "{line}");
}

#[test]
fn a_refused_photo_is_sent_again_when_it_is_fixed_and_not_a_second_time() {
    let refused = || Reply::result("0941", "No face found");
    let server = Server::script([("u1", vec![refused(), refused()])]);
    let run = with(&server, &[("r.jpg", photo(60, 40, 6))]);
    run.go().code(1).all("rejected no_face_found");
    run.go().code(1).all("rejected no_face_found");
    assert_eq!(server.count(), 1);
    let run = run.flag("--fix-photos");
    for _ in 0..2 {
        run.go()
            .code(1)
            .all("rejected no_face_found")
            .cell(1, "photo_fixes", "rotated");
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn results_give_the_same_bytes_again() {
    let server = Server::success();
    let run = with(
        &server,
        &[("r.jpg", photo(60, 40, 6)), ("g.png", png(1)), ("none.jpg", vec![])],
    );
    let run = run.flag("--fix-photos");
    let mut ended = run.go();
    ended.code(1);
    let again = run.results(&["-o", "-", "--fix-photos"]);
    assert_eq!(
        String::from_utf8_lossy(&again.stdout),
        String::from_utf8_lossy(&ended.raw)
    );
    let plain = run.results(&["-o", "-"]);
    assert!(!String::from_utf8_lossy(&plain.stdout).contains("photo_fixes"));
}

#[test]
fn strict_tells_shared_photos_by_what_lies_there() {
    let server = Server::success();
    let one = photo(60, 40, 6);
    let run = with(&server, &[("a.jpg", one.clone()), ("b.jpg", one)]);
    let run = run.flag("--fix-photos").flag("--strict").set("-c", "1");
    run.go()
        .code(1)
        .summary("/counts/enrolled", 1)
        .summary("/reasons/shared_photo", 1);
}

#[test]
fn check_shows_what_would_be_done_and_keeps_copies() {
    let server = Server::success();
    let photos = [
        ("good.jpg", jpeg()),
        ("r.jpg", photo(60, 40, 6)),
        ("b.bmp", bmp()),
        ("g.txt", b"text".to_vec()),
    ];
    let run = with(&server, &photos);
    let check = |more: &[&str]| run.tool(&[&["check", "manifest.csv", "--fix-photos", "-o", "-"], more].concat());
    let found = check(&["--save-fixed", "copies"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    for text in [
        "1 invalid, 2 photos fixed",
        "info photo_fixed: 2",
        "row 2 (line 3), user u2: photo_fixed: rotated: ",
    ] {
        assert!(found.stderr.contains(text), "{text}: {}", found.stderr);
    }
    let csv = String::from_utf8(found.stdout).unwrap();
    assert!(csv.contains("3,4,u3,photo_fixed,converted: "), "{csv}");
    run.start_with(&["--fix-photos"]).wait();
    for (row, copy) in [(2, "row-2-u2.jpg"), (3, "row-3-u3.jpg")] {
        let copy = fs::read(run.path("copies").join(copy)).unwrap();
        assert_eq!(sha256(&copy), held(&server, &format!("u{row}")));
    }
    assert_eq!(fs::read_dir(run.path("copies")).unwrap().count(), 2);
    assert_eq!(check(&["--save-fixed", "copies"]).code, Some(1), "the same once more");
    fs::write(run.path("copies/row-2-u2.jpg"), "mine").unwrap();
    let refused = check(&["--save-fixed", "copies"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("row-2-u2.jpg"), "{}", refused.stderr);
    assert_eq!(fs::read(run.path("copies/row-2-u2.jpg")).unwrap(), b"mine");
}

#[test]
fn the_photo_that_arrives_is_a_picture_that_stands_upright() {
    let server = Server::success();
    let run = with(&server, &[("r.jpg", photo(2_400, 1_200, 6))])
        .flag("--fix-photos")
        .set("--max-side", "200");
    run.go().code(0).cell(1, "photo_fixes", "rotated scaled");
    let bytes = decoded(server.requests()[0].field("photo"));
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    assert_eq!(bytes[frame + 5..frame + 9], [0, 200, 0, 100]);
}
