//! What happens to the manifest while a run reads it (contract, section 3).

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::{Latch, Reply, Run, Running, Server};

/// More rows than a run looks at before its first answer.
const ROWS: usize = 3_000;

/// Does this to the manifest between the first request of a run and its answer, and gives the run, which goes on.
fn changed_meanwhile<'a>(server: &'a Server, latch: &Latch, change: impl FnOnce(&Path)) -> (Run<'a>, Running) {
    let run = Run::new(server).rows(ROWS);
    let running = run.start();
    server.wait_for(1);
    change(&run.path("manifest.csv"));
    latch.release();
    (run, running)
}

/// A server that answers once the latch is released.
fn held(latch: &Latch) -> Server {
    let latch = latch.clone();
    Server::new(move |_| Reply::success().after(&latch))
}

/// Gives a file a time of its last change that it had not before.
fn touch(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(long_ago).unwrap();
}

#[test]
fn another_time_of_the_same_bytes_does_not_end_the_run() {
    let latch = Latch::new();
    let server = held(&latch);
    let (run, running) = changed_meanwhile(&server, &latch, touch);
    run.finish(running).code(0).all("enrolled").summary("/rows", ROWS);
}

#[test]
fn other_bytes_end_the_run() {
    let latch = Latch::new();
    let server = held(&latch);
    let (_run, running) = changed_meanwhile(&server, &latch, |path| {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text + "late,2021-08-12,p.jpg\n").unwrap();
        touch(path);
    });
    let output = running.wait();
    assert_eq!(output.code, Some(9), "{}", output.stderr);
    assert!(
        output.stderr.contains("it was changed while it was being read"),
        "{}",
        output.stderr
    );
    assert!(server.count() < ROWS, "{} requests", server.count());
}
