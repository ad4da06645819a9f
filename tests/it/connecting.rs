//! On the way to the server: limits, causes, proxies.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::harness::{PARTNER, Run, Server};

/// A run of one row that gives up at the first connection that fails.
fn run() -> Run<'static> {
    Run::bare()
        .rows(1)
        .set("--partner-id", PARTNER)
        .set("--api-key-file", "key.txt")
        .set("--max-outage", "0s")
        .flag("-v")
}

fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn a_black_hole_is_unreachable_however_short_the_timeout() {
    // The kernel accepts connections, and nobody ever answers.
    let (_listener, address) = listener();
    let run = run()
        .set("--endpoint", &format!("https://{address}"))
        .set("--timeout", "20ms")
        .set("--connect-timeout", "200ms");
    run.go()
        .code(6)
        .all("pending connect_failed")
        .says(&["not_processed connect_failed in ", "timed out"]);
}

#[test]
fn the_cause_of_a_lost_attempt_is_said_in_text_and_json() {
    let (listener, address) = listener();
    drop(listener);
    let run = run().set("--endpoint", &format!("http://{address}"));
    let mut text = run.go();
    let line = text
        .stderr
        .lines()
        .find(|line| line.contains("attempt 1"))
        .unwrap_or_default()
        .to_lowercase();
    text.code(6)
        .check(line.contains(" ms: ") && line.contains("refused"), "no cause in text");
    let mut json = run.go_with(&["--log-format", "json"]);
    let lines: Vec<Value> = json
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |event: &str, field: &str| {
        let line = lines.iter().find(|line| line["event"] == event);
        line.map_or(String::new(), |line| line[field].to_string().to_lowercase())
    };
    let (cause, why) = (of("attempt", "cause"), of("ended", "why"));
    json.check(why.contains("--max-outage"), "no advice in JSON");
    json.code(6).check(cause.contains("refused"), "no cause in JSON");
}

#[test]
fn an_answer_has_no_cause() {
    let server = Server::success();
    let run = Run::new(&server).rows(1).flag("-v");
    let mut finished = run.go();
    let line = finished
        .stderr
        .lines()
        .find(|line| line.contains("attempt 1"))
        .unwrap_or_default()
        .to_owned();
    finished
        .code(0)
        .check(line.ends_with(" ms"), "a cause without a failure");
}

#[test]
fn a_proxy_gets_its_credentials_and_nobody_else() {
    let proxy = Server::success();
    let url = proxy.url().replace("http://", "http://operator:pa55-w0rd@");
    let mut finished_run = run().env("HTTPS_PROXY", &url);
    finished_run = finished_run.set("--log-format", "json");
    let mut finished = finished_run.go();
    let said = finished.stderr.contains("pa55-w0rd") || finished.stderr.contains("operator");
    finished
        .code(6)
        .all("pending connect_failed")
        .check(!said, "the proxy's credentials were said");
    let head = proxy.strange().concat().to_lowercase();
    let wanted = format!(
        "proxy-authorization: basic {}",
        BASE64_STANDARD.encode("operator:pa55-w0rd").to_lowercase()
    );
    assert!(head.contains(&wanted), "{head}");
}

#[test]
fn a_socks_proxy_is_asked_for_the_host_by_name() {
    let (listener, address) = listener();
    let asked = std::thread::spawn(move || {
        let (mut proxy, _) = listener.accept().unwrap();
        let mut greeting = [0; 2];
        proxy.read_exact(&mut greeting).unwrap();
        let mut methods = vec![0; greeting[1].into()];
        proxy.read_exact(&mut methods).unwrap();
        proxy.write_all(&[5, 0]).unwrap();
        let mut request = [0; 5];
        proxy.read_exact(&mut request).unwrap();
        let mut host = vec![0; request[4].into()];
        proxy.read_exact(&mut host).unwrap();
        // The port, and then: refused by rule.
        proxy.read_exact(&mut [0; 2]).unwrap();
        proxy.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        String::from_utf8(host).unwrap()
    });
    let run = run().env("HTTPS_PROXY", &format!("socks5h://{address}"));
    run.go().code(6).all("pending connect_failed");
    assert_eq!(asked.join().unwrap(), "testapi.smileidentity.com");
}
