//! A process of the tool while it runs: its output as it comes, signals, and a bounded wait.

use std::io::Read;
use std::process::{Child, ChildStderr, ChildStdout};
use std::sync::{
    Arc, Condvar, Mutex,
    mpsc::{Receiver, channel},
};
use std::time::Instant;

use super::PATIENCE;

/// What a stream has brought so far, and whether it has ended.
#[derive(Default)]
struct Caught {
    bytes: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Output {
    /// None: killed by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A process that this test started, and that it ends at the latest when this is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Caught>,
    stderr: Arc<Caught>,
    ends: Receiver<()>,
    streams: usize,
    deadline: Instant,
}

impl Running {
    pub(super) fn new(mut child: Child, keep_stdout: bool) -> Self {
        let (sender, ends) = channel();
        let (stdout, stderr) = (Arc::<Caught>::default(), Arc::<Caught>::default());
        let out: Option<ChildStdout> = child.stdout.take().filter(|_| keep_stdout);
        let err: Option<ChildStderr> = child.stderr.take();
        let mut streams = 0;
        let mut follow = |stream: Option<Box<dyn Read + Send>>, caught: &Arc<Caught>| {
            let Some(mut stream) = stream else { return };
            streams += 1;
            let (caught, sender) = (Arc::clone(caught), sender.clone());
            std::thread::spawn(move || {
                caught.fill(&mut stream);
                let _ = sender.send(());
            });
        };
        follow(out.map(|out| Box::new(out) as _), &stdout);
        follow(err.map(|err| Box::new(err) as _), &stderr);
        Self {
            child,
            stdout,
            stderr,
            ends,
            streams,
            deadline: Instant::now() + PATIENCE,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until stderr holds this text, and returns all of it so far.
    pub(crate) fn wait_stderr(&self, text: &str) -> String {
        let found = |state: &mut (Vec<u8>, bool)| !state.1 && !String::from_utf8_lossy(&state.0).contains(text);
        let state = self.stderr.bytes.lock().unwrap();
        let (state, _) = self.stderr.changed.wait_timeout_while(state, PATIENCE, found).unwrap();
        let seen = String::from_utf8_lossy(&state.0).into_owned();
        assert!(seen.contains(text), "stderr never said {text:?}: {seen}");
        seen
    }

    /// Sends a signal by its name, such as TERM.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let status = std::process::Command::new("kill")
            .args([format!("-{name}"), self.id().to_string()])
            .status();
        assert!(status.unwrap().success(), "kill -{name}");
    }

    /// Kills it at this very moment: no other process is started for it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end, and kills the process if it does not come.
    pub(crate) fn wait(mut self) -> Output {
        for _ in 0..self.streams {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if self.ends.recv_timeout(left).is_err() {
                drop(self.child.kill());
                panic!("the tool did not end in {PATIENCE:?}: {}", self.stderr.text());
            }
        }
        let status = self.child.wait().unwrap();
        Output {
            code: status.code(),
            stdout: self.stdout.bytes.lock().unwrap().0.clone(),
            stderr: self.stderr.text(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl Caught {
    fn fill(&self, stream: &mut dyn Read) {
        let mut chunk = [0; 8192];
        loop {
            let count = stream.read(&mut chunk).unwrap_or(0);
            let mut state = self.bytes.lock().unwrap();
            state.0.extend_from_slice(&chunk[..count]);
            state.1 = count == 0;
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap().0).into_owned()
    }
}
