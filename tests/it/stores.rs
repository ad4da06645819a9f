//! Photos in object storage: which objects are read, from web servers and the three clouds' APIs (contract, sections 2
//! and 4).

use std::path::Path;
use std::process::Command;

use crate::harness::{Object, Run, Server, Store, jpeg, padded, png, sha256};
use crate::tls::identity;

const HEADER: &str = "user_id,user_created_at,photo\n";

/// Users `u1`, `u2`, … with these photo cells.
fn with_photos<'a>(server: &'a Server, cells: &[&str]) -> Run<'a> {
    let rows = (1..)
        .zip(cells)
        .map(|(n, cell)| format!("u{n},2021-08-12,\"{cell}\"\n"));
    Run::new(server).manifest(&format!("{HEADER}{}", rows.collect::<String>()))
}

#[test]
fn objects_of_a_web_server_are_read_over_verified_tls_below_the_root_alone() {
    let (config, authority) = identity("127.0.0.1");
    let store = Store::tls(config, |path, _| match path {
        "/photos/a%20b.png" => Object::new(&png(1)),
        "/photos/100%25.png" => Object::new(&png(2)),
        "/photos/c.jpg" => Object::new(&jpeg()),
        _ => Object::status(404),
    });
    let (url, server) = (store.url(), Server::success());
    let cells = [
        "a b.png".to_owned(),
        "100%.png".to_owned(),
        format!("{url}/photos/%63.jpg"),
        "none.jpg".to_owned(),
        format!("{url}/c.jpg"),
        format!("{url}/photos/../c.jpg"),
        format!("{url}/photos2/c.jpg"),
        "https://127.0.0.1/photos/c.jpg".to_owned(),
        "/etc/hostname".to_owned(),
        "file:///etc/hostname".to_owned(),
        "s3://bucket/c.jpg".to_owned(),
    ];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let run = with_photos(&server, &cells)
        .file("ca.pem", authority.as_bytes())
        .set("--photo-root", &format!("{url}/photos/"));
    let wanted = [
        "enrolled",
        "enrolled",
        "enrolled",
        "invalid photo_not_found",
        "invalid photo_outside_root",
        "invalid photo_bad_url",
        "invalid photo_outside_root",
        "invalid photo_outside_root",
        "invalid photo_outside_root",
        "invalid photo_bad_url",
        "invalid photo_outside_root",
    ];
    run.go_with(&["--ca-cert", "ca.pem"]).code(1).rows(wanted);
    assert_eq!(server.held()["u1"], sha256(&png(1)));
    assert_eq!(server.held()["u2"], sha256(&png(2)));
    assert_eq!(server.held()["u3"], sha256(&jpeg()));
    let mut asked = store.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "/photos/100%25.png",
            "/photos/a%20b.png",
            "/photos/c.jpg",
            "/photos/none.jpg"
        ]
    );
    let check = run.tool(&[
        "check",
        "--photo-root",
        &format!("{url}/photos"),
        "--ca-cert",
        "ca.pem",
        "manifest.csv",
    ]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    let says = format!("photo_not_found: \"{url}/photos/none.jpg\": there is no such object (HTTP 404)");
    assert!(check.stderr.contains(&says), "{}", check.stderr);
    assert!(check.stderr.contains("photo_outside_root"), "{}", check.stderr);
}

#[test]
fn a_store_with_an_unknown_certificate_is_not_read() {
    let (config, _) = identity("127.0.0.1");
    let (store, server) = (Store::tls(config, |_, _| Object::new(&jpeg())), Server::success());
    let run = Run::new(&server).rows(30).set("--photo-root", &store.url());
    run.go()
        .code(5)
        .summary("/stopped_by", "store_refused")
        .summary("/counts/pending", 30)
        .says(&["the store of the photos, and not the API", "--ca-cert"]);
    assert_eq!((store.asked().len(), server.count()), (0, 0));
}

#[test]
fn a_folder_and_several_stores_are_roots_at_the_same_time() {
    let first = Store::new(|_, _| Object::new(&png(1)));
    let second = Store::new(|_, _| Object::new(&png(2)));
    let server = Server::success();
    let of_second = format!("{}/x/a.jpg", second.url());
    let run = with_photos(&server, &["a.jpg", &of_second, "p.jpg"]);
    let absolute = run.path("p.jpg").display().to_string();
    let run = run
        .manifest(&format!(
            "{HEADER}u1,2021-08-12,a.jpg\nu2,2021-08-12,{of_second}\nu3,2021-08-12,\"{absolute}\"\n"
        ))
        .set("--photo-root", &first.url());
    let roots = ["--photo-root", &format!("{}/x", second.url()), "--photo-root", "."];
    run.go_with(&roots).code(0).all("enrolled");
    assert_eq!(server.held()["u1"], sha256(&png(1)));
    assert_eq!(server.held()["u2"], sha256(&png(2)));
    assert_eq!(server.held()["u3"], sha256(&jpeg()));
    let more = [&roots[..], &["--photo-root", "/tmp"]].concat();
    run.go_with(&more).code(2).says(&["two folders"]);
}

#[test]
fn a_template_names_objects_and_a_pattern_needs_a_folder() {
    let store = Store::new(|path, _| match path {
        "/p/north/u1.png" => Object::new(&png(1)),
        _ => Object::status(404),
    });
    let server = Server::success();
    let run = Run::new(&server)
        .manifest("user_id,user_created_at,branch\nu1,2021-08-12,north\nu2,2021-08-12,..\n")
        .set("--photo-root", &format!("{}/p", store.url()));
    run.go_with(&["--photo-template", "{branch}/{user_id}.png"])
        .code(1)
        .rows(["enrolled", "invalid bad_photo_path"]);
    run.go_with(&["--photo-template", "{branch}/{user_id}.*"])
        .code(2)
        .says(&["--photo-template ends in a pattern"]);
}

#[test]
fn a_root_that_cannot_be_read_from_is_an_error_of_the_command() {
    let server = Server::success();
    for (root, says) in [
        ("file:///photos", "without file://"),
        ("ftp://host/photos", "s3://, gs://, az:// and https://"),
        ("http://photos.example/", "use https://"),
        ("s3://key:marked-secret@bucket", "must not stand in a URL"),
        ("https://host/p?sig=marked-secret", "must not stand in the URL"),
        ("s3://bucket/../other", "must not be empty, nor hold"),
        ("az://photos", "AZURE_STORAGE_ACCOUNT_NAME"),
    ] {
        let run = Run::new(&server).rows(1).set("--photo-root", root);
        let mut ended = run.go();
        let is_silent = !ended.stderr.contains("marked-secret");
        ended.code(2).says(&[says]).check(is_silent, root);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn google_cloud_storage_is_read_from_the_place_that_its_variables_name() {
    let store = Store::new(|path, _| match path {
        // Google takes the whole key as one segment.
        "/bucket/photos%2Fa%2Epng" => Object::new(&png(1))
            .header("ETag", "\"1\"")
            .header("x-goog-generation", "17")
            .header("Last-Modified", "Tue, 24 Nov 2026 10:00:00 GMT"),
        _ => Object::status(404).body(b"<Error><Code>NoSuchKey</Code></Error>"),
    });
    let server = Server::success();
    let run = with_photos(&server, &["gs://bucket/photos/a.png", "gs://bucket/photos/b.png"])
        .env("GOOGLE_BASE_URL", &store.url())
        .env("GOOGLE_SKIP_SIGNATURE", "true")
        .set("--photo-root", "gs://bucket/photos");
    run.go().code(1).rows(["enrolled", "invalid photo_not_found"]);
    let ledger = rusqlite::Connection::open(run.ledger()).unwrap();
    let sql = "SELECT photo_url || ' ' || photo_etag || ' ' || photo_version FROM attempts";
    let known: String = ledger.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(known, "gs://bucket/photos/a.png \"1\" 17");
}

/// The value of a variable that names a test server; tests without one are passed by on a developer's machine.
fn server_in(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        eprintln!("not run: {variable} is not set; see CONTRIBUTING.md for tests/stores/start");
    }
    url
}

/// Puts an object into a store by the clouds' own ways, which the tool itself never does.
fn script(name: &str, arguments: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores").join(name);
    let output = Command::new("python3").arg(path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A new bucket of a real server of S3's API; its name.
pub(crate) struct Bucket {
    pub(crate) endpoint: String,
    pub(crate) name: String,
}

impl Bucket {
    /// None where no such server is known.
    pub(crate) fn new(versions: bool) -> Option<Self> {
        let endpoint = server_in("IMAGE_ENROLL_TEST_S3")?;
        let name = format!("b{}", uuid::Uuid::new_v4().simple());
        let versions = if versions { "versions" } else { "plain" };
        script("s3.py", &["bucket", &endpoint, &name, versions]);
        Some(Self { endpoint, name })
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        script(
            "s3.py",
            &["put", &self.endpoint, &self.name, key, file.path().to_str().unwrap()],
        );
    }

    /// The run with the variables of this server, and the bucket as its root.
    pub(crate) fn root_of<'a>(&self, run: Run<'a>) -> Run<'a> {
        run.env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
            .env("AWS_SECRET_ACCESS_KEY", "marked-secret-of-the-store")
            .env("AWS_REGION", "us-east-1")
            .set("--photo-root", &format!("s3://{}", self.name))
    }
}

#[test]
fn objects_of_an_s3_server_are_read() {
    let Some(bucket) = Bucket::new(false) else { return };
    bucket.put("photos/a b+c%.png", &png(1));
    bucket.put("photos/large.jpg", &padded(5_000_001));
    let server = Server::success();
    let run = with_photos(&server, &["photos/a b+c%.png", "photos/none.png", "photos/large.jpg"]);
    let run = bucket.root_of(run);
    run.go()
        .code(1)
        .rows(["enrolled", "invalid photo_not_found", "invalid photo_too_large"]);
    assert_eq!(server.held()["u1"], sha256(&png(1)));
    run.set("--photo-root", "s3://no-such-bucket-of-ours")
        .go()
        .code(5)
        .summary("/stopped_by", "store_refused")
        .says(&["s3://no-such-bucket-of-ours", "NoSuchBucket"]);
}

#[test]
fn blobs_of_an_azure_server_are_read() {
    let Some(endpoint) = server_in("IMAGE_ENROLL_TEST_AZURE") else {
        return;
    };
    let container = format!("c{}", uuid::Uuid::new_v4().simple());
    script("azure.py", &["container", &endpoint, &container]);
    let server = Server::success();
    let run = with_photos(&server, &["a b.png", "none.png", &format!("az://{container}/a b.png")])
        .file("a.png", &png(1))
        .env("AZURE_STORAGE_USE_EMULATOR", "true")
        .env("AZURITE_BLOB_STORAGE_URL", &endpoint)
        .set("--photo-root", &format!("az://{container}"));
    script(
        "azure.py",
        &[
            "put",
            &endpoint,
            &container,
            "a b.png",
            run.path("a.png").to_str().unwrap(),
        ],
    );
    run.go()
        .code(1)
        .rows(["enrolled", "invalid photo_not_found", "enrolled"]);
    assert_eq!(server.held()["u1"], sha256(&png(1)));
    run.set("--photo-root", "az://nosuchcontainer")
        .go()
        .code(5)
        .says(&["az://nosuchcontainer", "ContainerNotFound"]);
}
