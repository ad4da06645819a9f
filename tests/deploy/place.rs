//! What a guide's command is run against: a folder in place of its folders, a simulator in place of the API, and a bucket.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use tempfile::TempDir;
use yaml_rust2::Yaml;

use crate::guides::yaml;
use crate::{BINARY, PARTNER_ID, repository};

/// The simulator as a process; it ends with the test.
pub(super) struct Simulator {
    process: Child,
    pub(super) url: String,
    _stderr: BufReader<ChildStderr>,
}

impl Simulator {
    fn start(key: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["simulator", "--port", "0", "--partner-id", PARTNER_ID, "--api-key-file"]);
        let mut process = command
            .arg(key)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut url = String::new();
        stderr.read_line(&mut url).unwrap();
        Self {
            process,
            url: url.trim().to_owned(),
            _stderr: stderr,
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder that stands for all the folders of a guide, and the API on loopback.
pub(super) struct Place {
    pub(super) folder: TempDir,
    pub(super) simulator: Simulator,
    /// Where the bucket of a guide is that has one.
    pub(super) bucket: String,
}

impl Place {
    /// With the example rows as the manifest `name`, and the key under every name that a guide gives it.
    pub(super) fn new(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["production.key", "api-key"] {
            fs::write(folder.path().join(name), "key-of-the-guides\n").unwrap();
        }
        fs::copy(repository("examples/manifest.csv"), folder.path().join(manifest)).unwrap();
        fs::create_dir(folder.path().join("photos")).unwrap();
        for photo in fs::read_dir(repository("examples/photos")).unwrap().flatten() {
            fs::copy(photo.path(), folder.path().join("photos").join(photo.file_name())).unwrap();
        }
        let simulator = Simulator::start(&folder.path().join("api-key"));
        let bucket = serve_bucket(folder.path().to_owned());
        Self {
            folder,
            simulator,
            bucket,
        }
    }

    /// Runs a guide's command to the letter, but for its folders and the endpoint.
    pub(super) fn run(&self, command: &[String], folders: &[&str]) -> Output {
        let here = |word: &String| {
            let is_here = format!("{}/", self.folder.path().display());
            folders
                .iter()
                .fold(word.clone(), |word, folder| word.replace(folder, &is_here))
        };
        assert!(command[0].ends_with("image-enroll"), "{command:?}");
        let mut process = Command::new(BINARY);
        process
            .args(command[1..].iter().map(here))
            .args(["--endpoint", &self.simulator.url]);
        process
            .env("SMILE_PARTNER_ID", PARTNER_ID)
            .env("SMILE_API_KEY", "key-of-the-guides");
        // In place of a workload identity, which only a cluster gives.
        process
            .env("AWS_ENDPOINT_URL", &self.bucket)
            .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
            .env("AWS_SECRET_ACCESS_KEY", "test");
        // As for a service's user: there is no home folder to keep a ledger in.
        process.env("HOME", "").env("XDG_STATE_HOME", "");
        process.stdin(Stdio::null()).output().unwrap()
    }

    pub(super) fn summary(&self) -> Yaml {
        let text = fs::read_to_string(self.folder.path().join("summary.json")).unwrap();
        yaml(&text).remove(0)
    }
}

/// Serves the files of a folder as objects of a bucket, as long as the process lives.
fn serve_bucket(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let folder = folder.clone();
            std::thread::spawn(move || drop(serve_objects(stream, &folder)));
        }
    });
    url
}

fn serve_objects(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let object = path
            .strip_prefix("/our-photos/enroll/")
            .map(|key| fs::read(folder.join(key)));
        let (status, bytes) = object
            .and_then(Result::ok)
            .map_or((404, Vec::new()), |bytes| (200, bytes));
        write!(
            stream,
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        )?;
        stream.write_all(&bytes)?;
    }
    Ok(())
}
