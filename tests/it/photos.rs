//! Which photos are sent and why others are not (contract, section 4).

use crate::harness::{Run, Server, base64, jpeg, padded, png, sha256};

const HEADER: &str = "user_id,user_created_at,photo\n";

/// Users `u1`, `u2`, … with these photo cells.
fn with_photos<'a>(server: &'a Server, cells: &[&str]) -> Run<'a> {
    let rows = (1..)
        .zip(cells)
        .map(|(n, cell)| format!("u{n},2021-08-12,\"{cell}\"\n"));
    Run::new(server).manifest(&format!("{HEADER}{}", rows.collect::<String>()))
}

#[test]
fn every_fault_of_a_photo_has_its_reason_and_harms_no_other_row() {
    let (jpeg, png) = (jpeg(), png(1));
    let mut crc = png.clone();
    let last = crc.len() - 20;
    crc[last] ^= 0x55;
    let mut no_width = jpeg.clone();
    let frame = no_width.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    no_width[frame + 7..frame + 9].fill(0);
    let behind_start = |bytes: &[u8]| Some([&jpeg[..2], bytes, &jpeg[2..]].concat());
    let cases: Vec<(&str, Option<Vec<u8>>, &str)> = vec![
        ("good.jpg", Some(jpeg.clone()), "enrolled"),
        ("third.jpg", behind_start(b"\0"), "invalid photo_malformed"),
        (
            "gap.jpg",
            behind_start(b"\xff\xfe\0\x02stray"),
            "invalid photo_malformed",
        ),
        ("none.jpg", None, "invalid photo_not_found"),
        ("good.jpg/below.jpg", None, "invalid photo_not_found"),
        ("", None, "invalid photo_not_given"),
        ("empty.jpg", Some(vec![]), "invalid photo_empty"),
        (
            "page.jpg",
            Some(b"<!doctype html><title>404</title>".to_vec()),
            "invalid photo_not_jpeg_or_png",
        ),
        (
            "anim.gif",
            Some(b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
            "invalid photo_not_jpeg_or_png",
        ),
        (
            "photo.webp",
            Some(b"RIFF\x1a\0\0\0WEBPVP8L".to_vec()),
            "invalid photo_not_jpeg_or_png",
        ),
        (
            "half.jpg",
            Some(jpeg[..jpeg.len() / 2].to_vec()),
            "invalid photo_truncated",
        ),
        (
            "noend.jpg",
            Some(jpeg[..jpeg.len() - 2].to_vec()),
            "invalid photo_truncated",
        ),
        ("soi.jpg", Some(jpeg[..2].to_vec()), "invalid photo_truncated"),
        (
            "half.png",
            Some(png[..png.len() / 2].to_vec()),
            "invalid photo_truncated",
        ),
        (
            "noend.png",
            Some(png[..png.len() - 1].to_vec()),
            "invalid photo_truncated",
        ),
        ("crc.png", Some(crc), "invalid photo_malformed"),
        ("nowidth.jpg", Some(no_width), "invalid photo_malformed"),
        ("large.jpg", Some(padded(5_000_001)), "invalid photo_too_large"),
    ];
    let server = Server::success();
    let cells: Vec<_> = cases.iter().map(|(name, _, _)| *name).collect();
    let mut run = with_photos(&server, &cells);
    for (name, bytes, _) in &cases {
        if let Some(bytes) = bytes {
            run = run.file(name, bytes);
        }
    }
    run.go().code(1).rows(cases.iter().map(|(_, _, wanted)| *wanted));
    assert_eq!(server.users(), ["u1"]);
}

#[test]
fn the_content_counts_and_not_the_name() {
    let server = Server::success();
    let run = with_photos(&server, &["a.png", "b.jpeg", "c.gif", "d", "e.txt", "f.csv"])
        .file("a.png", &jpeg())
        .file("b.jpeg", &png(1))
        .file("c.gif", &png(2))
        .file("d", &jpeg())
        .file("e.txt", &padded(2000))
        .file("f.csv", &[png(3), b"trailing".to_vec()].concat());
    run.go().code(0).all("enrolled");
    let wanted = [
        jpeg(),
        png(1),
        png(2),
        jpeg(),
        padded(2000),
        [png(3), b"trailing".to_vec()].concat(),
    ];
    assert!(server.held().values().eq(wanted.map(|bytes| sha256(&bytes)).iter()));
}

#[test]
fn the_limit_is_five_million_bytes_to_the_byte_and_a_warning_comes_before() {
    let server = Server::success();
    let run = with_photos(&server, &["most.jpg", "more.jpg", "warn.jpg", "calm.jpg"])
        .file("most.jpg", &padded(5_000_000))
        .file("more.jpg", &padded(5_000_001))
        .file("warn.jpg", &padded(4_500_001))
        .file("calm.jpg", &padded(4_500_000));
    run.go()
        .code(1)
        .rows(["enrolled", "invalid photo_too_large", "enrolled", "enrolled"])
        .says(&[
            "row 1 (line 2): the photo has 5000000 bytes",
            "row 3 (line 4): the photo has 4500001 bytes",
        ])
        .summary("/photo_bytes_sent", 14_000_001)
        .cell(1, "photo_bytes", "5000000")
        .cell(1, "photo_sha256", &sha256(&padded(5_000_000)));
    assert_eq!(server.held()["u1"], sha256(&padded(5_000_000)));
    let lengths: Vec<_> = server.requests().iter().map(|seen| seen.photo_bytes).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 14_000_001);
}

#[test]
fn a_photo_in_the_cell_itself_is_a_clear_error() {
    let server = Server::success();
    let base64_of = |bytes: &[u8]| base64(bytes);
    let cells = [
        format!("data:image/jpeg;base64,{}", base64_of(&padded(900))),
        format!("DATA:image/png;base64,{}", base64_of(&png(1))),
        base64_of(&padded(901)),
        base64_of(&png(1)),
    ];
    let cells: Vec<_> = cells.iter().map(String::as_str).collect();
    let run = with_photos(&server, &cells);
    // The cells come back verbatim in the results, so the photo of the other tests must not stand in them.
    let check = run.tool(&["check", "manifest.csv"]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    assert_eq!(
        check.stderr.matches("write the path of its file").count(),
        4,
        "{}",
        check.stderr
    );
    assert!(check.stderr.lines().all(|line| line.len() < 200), "{}", check.stderr);
}

#[test]
fn a_photo_in_the_cell_is_not_sent() {
    let server = Server::success();
    let run = with_photos(&server, &["data:image/png;base64,iVBORw0KGgo=", "p.jpg"]);
    run.go().code(1).rows(["invalid photo_is_not_a_path", "enrolled"]);
}

#[test]
fn relative_paths_begin_at_the_manifests_folder() {
    let server = Server::success();
    let run = Run::new(&server)
        .named("data/june/m.csv")
        .manifest(&format!(
            "{HEADER}u1,2021-08-12,a.png\nu2,2021-08-12,../b.png\nu3,2021-08-12,p.jpg\n"
        ))
        .file("data/june/a.png", &png(1))
        .file("data/b.png", &png(2));
    run.go()
        .code(1)
        .rows(["enrolled", "enrolled", "invalid photo_not_found"]);
    assert_eq!(
        server.held(),
        [("u1", png(1)), ("u2", png(2))]
            .map(|(user, photo)| (user.into(), sha256(&photo)))
            .into()
    );
}

#[test]
fn a_photo_root_is_the_base_of_relative_paths_only() {
    let server = Server::success();
    let run = Run::new(&server)
        .file("photos/a.png", &png(1))
        .file("elsewhere/b.png", &png(2))
        .set("--photo-root", "photos");
    let absolute = run.path("elsewhere/b.png").display().to_string();
    let run = run.manifest(&format!(
        "{HEADER}u1,2021-08-12,a.png\nu2,2021-08-12,\"{absolute}\"\nu3,2021-08-12,p.jpg\n"
    ));
    run.go()
        .code(1)
        .rows(["enrolled", "enrolled", "invalid photo_not_found"]);
    assert_eq!(server.held()["u2"], sha256(&png(2)));
}

#[test]
fn a_directory_is_no_photo() {
    let server = Server::success();
    let run = with_photos(&server, &["folder", "folder/", ".", "p.jpg"]).file("folder/x", b"");
    let fault = "invalid photo_not_a_file";
    run.go().code(1).rows([fault, fault, fault, "enrolled"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_a_device_or_a_socket_is_never_opened() {
    let server = Server::success();
    let run = with_photos(&server, &["pipe.jpg", "/dev/zero", "socket", "p.jpg"]);
    let made = std::process::Command::new("mkfifo").arg(run.path("pipe.jpg")).status();
    assert!(made.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(run.path("socket")).unwrap();
    let fault = "invalid photo_not_a_file";
    run.go().code(1).rows([fault, fault, fault, "enrolled"]);
    let check = run.tool(&["check", "manifest.csv"]);
    assert_eq!(
        check.stderr.matches(": photo_not_a_file: ").count(),
        3,
        "{}",
        check.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_a_photo_is_the_photo_and_a_dangling_one_is_not_there() {
    let server = Server::success();
    let run = with_photos(&server, &["link.jpg", "gone.jpg", "loop.jpg"]);
    for (to, from) in [
        ("p.jpg", "link.jpg"),
        ("none.jpg", "gone.jpg"),
        ("loop.jpg", "loop.jpg"),
    ] {
        std::os::unix::fs::symlink(to, run.path(from)).unwrap();
    }
    run.go()
        .code(1)
        .rows(["enrolled", "invalid photo_not_found", "invalid photo_not_readable"]);
}

#[test]
fn one_photo_may_serve_many_users() {
    let server = Server::success();
    Run::new(&server).rows(5).go().code(0).all("enrolled");
    assert!(server.held().values().all(|photo| *photo == sha256(&jpeg())));
}
