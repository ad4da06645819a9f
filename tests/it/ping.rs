//! `--ping-url`: a service is told of start and end (contract, section 10).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use crate::harness::{PATIENCE, Reply, Run, Server};

/// A service that hears pings on a free port: what it was asked for, and the body.
struct Service {
    url: String,
    heard: Receiver<(String, String)>,
}

impl Service {
    /// Answers so, or never where there is no answer.
    fn new(answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/marked-token", listener.local_addr().unwrap());
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let Some((asked, stream)) = hear(stream, answer) else {
                    continue;
                };
                open.extend(answer.is_none().then_some(stream));
                if sender.send(asked).is_err() {
                    return;
                }
            }
        });
        Self { url, heard }
    }

    fn next(&self) -> (String, String) {
        self.heard.recv_timeout(PATIENCE).unwrap()
    }
}

fn hear(stream: TcpStream, answer: Option<&str>) -> Option<((String, String), TcpStream)> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 2)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if reader.buffer().starts_with(b"\r\n") {
            break;
        }
    }
    reader.consume(2);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut stream = reader.into_inner();
    if let Some(answer) = answer {
        stream
            .write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())
            .ok()?;
    }
    let path = first.split(' ').nth(1)?.to_owned();
    Some(((path, String::from_utf8(body).ok()?), stream))
}

const OK: Option<&str> = Some("200 OK");

#[test]
fn start_and_end_are_told_and_the_end_in_one_paragraph_without_a_name() {
    let service = Service::new(OK);
    let server = Server::script([("secret_user", vec![Reply::result("0941", "Face Not Found")])]);
    let run = Run::new(&server)
        .users(["a", "secret_user"])
        .set("--ping-url", &service.url);
    let mut done = run.go();
    let is_hidden = !done.stderr.contains("marked-token");
    done.code(1)
        .check(is_hidden, "the address is shown")
        .says(&["--ping-url HIDDEN"]);
    assert_eq!(service.next(), ("/marked-token/start".into(), String::new()));
    let (path, body) = service.next();
    assert_eq!(path, "/marked-token/1");
    assert!(
        body.starts_with("finished: 2 rows in ") && body.contains("1 enrolled, 1 rejected"),
        "{body}"
    );
    for hidden in ["secret_user", "Face", "manifest", "ledger"] {
        assert!(!body.contains(hidden), "{body}");
    }
}

#[test]
fn the_event_stands_where_the_address_wants_it_and_the_variable_does_as_well() {
    let service = Service::new(OK);
    let server = Server::success();
    let url = format!("{}?state={{event}}", service.url);
    let run = Run::new(&server).rows(1).env("IMAGE_ENROLL_PING_URL", &url);
    run.go().code(0);
    assert_eq!(service.next().0, "/marked-token?state=start");
    assert_eq!(service.next().0, "/marked-token?state=0");
}

#[test]
fn a_run_that_never_began_is_told_of_too() {
    let service = Service::new(OK);
    let server = Server::success();
    let run = Run::new(&server)
        .manifest("user_id,photo\n")
        .set("--ping-url", &service.url);
    run.go().code(9);
    assert_eq!(service.next().0, "/marked-token/start");
    let (path, body) = service.next();
    assert_eq!(path, "/marked-token/9");
    assert!(body.starts_with("did not begin (manifest_unusable)"), "{body}");
}

#[test]
fn a_ping_that_fails_is_a_warning_even_if_quiet_and_changes_nothing() {
    let service = Service::new(Some("404 Not Found"));
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("--ping-url", &service.url).flag("-q");
    let mut done = run.go();
    let is_hidden = !done.stderr.contains("marked-token");
    done.code(0)
        .says(&["warning: the ping to 127.0.0.1 failed: the answer is HTTP 404"])
        .check(is_hidden, "the address is shown");
}

#[test]
fn an_address_that_cannot_be_used_ends_the_run_without_being_shown() {
    let server = Server::success();
    for url in ["marked-token", "http://ping.example/marked-token"] {
        let run = Run::new(&server).rows(1).set("--ping-url", url);
        let mut done = run.go();
        let is_hidden = !done.stderr.contains("marked-token");
        done.code(2)
            .says(&["--ping-url"])
            .check(is_hidden, "the address is shown")
            .left_nothing();
    }
}

#[cfg(unix)]
#[test]
fn a_service_that_never_answers_keeps_no_process_that_is_told_twice_to_end() {
    let service = Service::new(None);
    let server = Server::success();
    let run = Run::new(&server).rows(1).set("--ping-url", &service.url);
    let running = run.start();
    running.wait_stderr("finished: 1 row");
    // The end is told now, and no answer comes.
    running.signal("TERM");
    let output = running.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(server.count(), 1);
}
