//! The builder of a run: a folder with manifest, photos and key, and the command line.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::running::Output;
use super::{Finished, KEY, PARTNER, Running, Server, jpeg};

/// The folder for state within a run's own folder.
pub(super) const STATE: &str = "state";

/// A run against a server, with options as every test wants them unless it says otherwise. It can be
/// started as often as needed: the folder stays, as it does for a cron job.
pub(crate) struct Run<'a> {
    pub(super) folder: TempDir,
    pub(super) server: Option<&'a Server>,
    options: Vec<(String, Option<String>)>,
    environment: Vec<(String, String)>,
    pub(super) manifest: String,
    stdin: Option<Vec<u8>>,
    reads_stdout: bool,
    /// A signal that is ignored when the tool begins, as SIGHUP is under nohup.
    ignored: Option<&'static str>,
    full_stderr: bool,
}

impl<'a> Run<'a> {
    /// A run against this server.
    pub(crate) fn new(server: &'a Server) -> Self {
        let url = server.url();
        let mut run = Self::bare().set("--endpoint", &url).set("--env", "sandbox");
        run.server = Some(server);
        run.set("--partner-id", PARTNER)
            .set("--api-key-file", "key.txt")
            .set("--in-doubt-wait", "10ms")
    }

    /// A run that names no endpoint and no credentials.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = Self {
            folder,
            server: None,
            options: Vec::new(),
            environment: Vec::new(),
            manifest: "manifest.csv".into(),
            stdin: None,
            reads_stdout: true,
            ignored: None,
            full_stderr: false,
        };
        run.file("key.txt", format!("{KEY}\n").as_bytes())
            .file("p.jpg", &jpeg())
            .set("--progress", "none")
            .set("--summary", "summary.json")
    }

    /// The manifest's text.
    pub(crate) fn manifest(self, text: &str) -> Self {
        let name = self.manifest.clone();
        self.file(&name, text.as_bytes())
    }

    /// A manifest with these users, all of them created on one day and with the photo `p.jpg`.
    pub(crate) fn users<S: AsRef<str>>(self, users: impl IntoIterator<Item = S>) -> Self {
        let rows = users
            .into_iter()
            .map(|user| format!("{},2021-08-12,p.jpg\n", user.as_ref()));
        let text = format!("user_id,user_created_at,photo\n{}", rows.collect::<String>());
        self.manifest(&text)
    }

    /// Users `u1` to `u<count>`.
    pub(crate) fn rows(self, count: usize) -> Self {
        self.users((1..=count).map(|number| format!("u{number}")))
    }

    /// Writes a file of the run's folder.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.write(name, bytes);
        self
    }

    /// The same between two runs.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        // A key is its owner's alone, as an operator keeps it.
        #[cfg(unix)]
        if name == "key.txt" {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    /// The manifest's path as the command line names it.
    pub(crate) fn named(mut self, manifest: &str) -> Self {
        self.manifest = manifest.into();
        self
    }

    /// An option with its value; an earlier value is replaced.
    pub(crate) fn set(mut self, option: &str, value: &str) -> Self {
        self.options.retain(|(name, _)| name != option);
        self.options.push((option.into(), Some(value.into())));
        self
    }

    /// An option without a value.
    pub(crate) fn flag(mut self, option: &str) -> Self {
        self.options.push((option.into(), None));
        self
    }

    pub(crate) fn without(mut self, option: &str) -> Self {
        self.options.retain(|(name, _)| name != option);
        self
    }

    /// A variable of the otherwise clean environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = Some(bytes.to_vec());
        self
    }

    /// The reader of stdout goes away before anything is written.
    pub(crate) fn nobody_reads_stdout(mut self) -> Self {
        self.reads_stdout = false;
        self
    }

    /// The tool inherits that this signal, such as HUP, is ignored.
    #[cfg(unix)]
    pub(crate) fn ignoring(mut self, signal: &'static str) -> Self {
        self.ignored = Some(signal);
        self
    }

    /// Nobody reads stderr, and it takes nothing more: who writes to it waits for ever.
    #[cfg(unix)]
    pub(crate) fn full_stderr(mut self, is_full: bool) -> Self {
        self.full_stderr = is_full;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the ledger stands that no option names.
    pub(crate) fn ledger(&self) -> PathBuf {
        let port = self.server.map_or(0, Server::port);
        let partner = self.option("--partner-id").unwrap_or(PARTNER);
        let name = format!("127.0.0.1-{port}-{partner}.ledger.db");
        self.path(STATE).join("image-enroll").join(name)
    }

    /// Writes the results again, with these options besides.
    pub(crate) fn results(&self, options: &[&str]) -> Output {
        let url = self.server.map(Server::url).unwrap_or_default();
        let whose = ["results", "--endpoint", &url, "--partner-id", PARTNER];
        self.tool(&[&whose, options, &[self.manifest.as_str()]].concat())
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(option, _)| option == name);
        found.and_then(|(_, value)| value.as_deref())
    }

    /// Whether an option stands on the command line, with a value or without.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(option, _)| option == name)
    }

    pub(super) fn stdin_bytes(&self) -> &[u8] {
        self.stdin.as_deref().unwrap_or_default()
    }

    /// Keys that were given to the run in whichever way.
    pub(super) fn secrets(&self) -> Vec<String> {
        let variables = self.environment.iter().filter(|(name, _)| name.ends_with("_API_KEY"));
        let values = variables.map(|(_, value)| value.trim().to_owned());
        values.chain([KEY.to_owned()]).filter(|key| key.len() > 8).collect()
    }

    /// Runs to the end.
    pub(crate) fn go(&self) -> Finished<'_> {
        self.go_with(&[])
    }

    /// Runs to the end with further arguments.
    pub(crate) fn go_with(&self, more: &[&str]) -> Finished<'_> {
        let before = self.server.map_or(0, Server::count);
        let output = self.start_with(more).wait();
        Finished::new(self, output, before)
    }

    /// Starts the run and lets it go on.
    pub(crate) fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// Judges a run that was started.
    pub(crate) fn finish(&self, running: Running) -> Finished<'_> {
        Finished::new(self, running.wait(), 0)
    }

    pub(crate) fn start_with(&self, more: &[&str]) -> Running {
        let mut arguments: Vec<&str> = Vec::new();
        for (option, value) in &self.options {
            arguments.push(option);
            arguments.extend(value.as_deref());
        }
        arguments.extend(more);
        arguments.push(&self.manifest);
        self.spawn(&arguments)
    }

    /// Runs the tool in this folder with nothing but these arguments.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Output {
        self.spawn(arguments).wait()
    }

    /// Starts the tool in this folder with nothing but these arguments.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let mut command = clean(self.folder.path(), self.ignored);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let stderr = if self.full_stderr { full() } else { Stdio::piped() };
        command.args(arguments).stdout(Stdio::piped()).stderr(stderr);
        command.stdin(if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = command.spawn().unwrap();
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), self.stdin.clone()) {
            // The tool may end without having read it all.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        Running::new(child, self.reads_stdout)
    }
}

/// The end of a pipe that is always full, and that nobody reads as long as the test runs.
fn full() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    std::thread::spawn(move || {
        let written = filler.write_all(&vec![0; 16 * 1024 * 1024]);
        drop((written, reader));
    });
    writer.into()
}

/// The binary with an environment that holds only what any program needs.
fn clean(folder: &Path, ignored: Option<&str>) -> Command {
    const BINARY: &str = env!("CARGO_BIN_EXE_image-enroll");
    let mut command = match ignored {
        None => Command::new(BINARY),
        Some(signal) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("trap '' {signal}; exec \"$@\""), "sh", BINARY]);
            shell
        }
    };
    command.env_clear().current_dir(folder);
    // No test reads or writes in the folder of whoever runs it.
    command.env("HOME", folder).env("XDG_STATE_HOME", folder.join(STATE));
    for name in ["PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
