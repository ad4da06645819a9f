//! Where the results go: a file that is followed and replaced, a device, a pipe that nobody reads.

use std::io::{self, Write};
use std::path::Path;

use super::{Fixture, full, of};
use crate::domain::outcome::{ResultColumns, Status};
use crate::output::target::IgnoreBrokenPipe;
use crate::output::{ResultsError, Tally, Target, write};
use crate::sys::atomic::Place;
use crate::sys::signals::Signals;

fn own<'a>(user: &'a str, photo: &'a str) -> impl Iterator<Item = &'a str> {
    [user, "2021-08-12", photo].into_iter()
}

#[test]
fn a_followed_file_has_its_header_at_once_and_each_row_when_it_is_flushed() {
    let mut fixture = Fixture::of(&["a", "b"]);
    let path = fixture.folder.path().join("r.csv");
    let target = Target::new(&path);
    let mut follower = target
        .follow(&fixture.manifest.manifest, ResultColumns::Plain)
        .unwrap()
        .unwrap();
    let header = fixture.text().lines().next().unwrap().to_owned() + "\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), header);
    follower.append(own("b", "b.jpg"), 2, &full()).unwrap();
    follower.flush().unwrap();
    fixture.record("b", full());
    let line = fixture.text().lines().nth(2).unwrap().to_owned() + "\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{header}{line}"));
    // The end puts the whole in its place; who follows the old file is not disturbed.
    fixture.record("a", of(Status::Enrolled));
    let tally = finish(&target, &fixture).unwrap();
    assert_eq!(tally.rows(), 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), fixture.text());
    assert_eq!(
        files(fixture.folder.path())
            .iter()
            .filter(|name| name.starts_with(".tmp"))
            .count(),
        0
    );
}

fn finish(target: &Target, fixture: &Fixture) -> Result<Tally, ResultsError> {
    target.fill(&Signals::unheard(), |out| {
        write(&fixture.manifest, &fixture.ledger, ResultColumns::Plain, out)
    })
}

#[test]
fn a_followed_file_has_the_form_of_the_manifest() {
    let rows = "user_id;user_created_at;photo\r\nb;2021-08-12;b.jpg\r\n";
    let fixture = Fixture::new(&format!("\u{feff}sep=;\r\n{rows}"));
    let path = fixture.folder.path().join("r.csv");
    let mut follower = Target::new(&path)
        .follow(&fixture.manifest.manifest, ResultColumns::Plain)
        .unwrap()
        .unwrap();
    follower.append(own("b", "b;\".jpg"), 1, &full()).unwrap();
    follower.flush().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive("\r\n").collect();
    assert_eq!((lines.len(), lines[0]), (3, "\u{feff}sep=;\r\n"), "{text:?}");
    assert!(
        lines[1].starts_with("user_id;user_created_at;photo;row;status;"),
        "{text:?}"
    );
    assert!(lines[2].starts_with("b;2021-08-12;\"b;\"\".jpg\";1;"), "{text:?}");
    // What is written at the end is the same in form, and reads back.
    let whole = fixture.text();
    assert!(whole.starts_with(&text[..text.find("b;2021").unwrap()]), "{whole:?}");
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_reader_of_the_followed_file_never_sees_half_a_row() {
    let fixture = Fixture::of(&["a"]);
    let path = fixture.folder.path().join("r.csv");
    let mut follower = Target::new(&path)
        .follow(&fixture.manifest.manifest, ResultColumns::Plain)
        .unwrap()
        .unwrap();
    for row in 1..=1_000 {
        follower.append(own("a", "a.jpg"), row, &full()).unwrap();
        if row % 37 == 0 {
            follower.flush().unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with('\n'), "row {row}: {:?}", text.lines().last());
    }
    follower.flush().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1_001);
}

#[test]
fn the_old_results_stay_whole_until_the_new_ones_take_their_place() {
    let fixture = Fixture::of(&["a"]);
    let path = fixture.folder.path().join("r.csv");
    std::fs::write(&path, "old").unwrap();
    let broken = Place::of(&path).write(|file| {
        file.write_all(b"half").unwrap();
        Err::<(), _>(ResultsError::Write(io::Error::other("disk full")))
    });
    assert!(broken.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert!(
        files(fixture.folder.path())
            .iter()
            .all(|name| !name.starts_with(".tmp"))
    );
    // An open file of the old results keeps what it had: the new one is another file.
    let mut old = std::fs::File::open(&path).unwrap();
    finish(&Target::new(&path), &fixture).unwrap();
    let mut text = String::new();
    io::Read::read_to_string(&mut old, &mut text).unwrap();
    assert_eq!(text, "old");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), fixture.text());
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_a_link_to_it_stays_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::of(&["a"]);
    let (path, link) = (
        fixture.folder.path().join("r.csv"),
        fixture.folder.path().join("link.csv"),
    );
    std::fs::write(&path, "old").unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let target = Target::new(&link);
    drop(target.follow(&fixture.manifest.manifest, ResultColumns::Plain).unwrap());
    finish(&target, &fixture).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), fixture.text());
}

#[test]
fn a_place_that_cannot_be_written_shows_before_anything_is_sent() {
    let fixture = Fixture::of(&["a"]);
    for path in [
        fixture.folder.path().join("none").join("r.csv"),
        fixture.folder.path().to_owned(),
    ] {
        let followed = Target::new(&path).follow(&fixture.manifest.manifest, ResultColumns::Plain);
        assert!(matches!(followed, Err(ResultsError::Write(_))), "{path:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    let fixture = Fixture::of(&["a"]);
    let target = Target::new(Path::new("/dev/null"));
    assert_eq!(target, Target::Place(Place::Device("/dev/null".into())));
    assert!(
        target
            .follow(&fixture.manifest.manifest, ResultColumns::Plain)
            .unwrap()
            .is_none()
    );
    assert_eq!(finish(&target, &fixture).unwrap().rows(), 1);
    assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error() {
    let fixture = Fixture::of(&["a"]);
    let finished = finish(&Target::new(Path::new("/dev/full")), &fixture);
    assert!(matches!(finished, Err(ResultsError::Write(_))), "{finished:?}");
}

#[test]
fn a_dash_is_standard_output() {
    assert_eq!(Target::new(Path::new("-")), Target::Stdout);
    assert_eq!(Target::new(Path::new("./-")), Target::Place(Place::File("./-".into())));
}

/// Fails with `kind` once `space` bytes are written.
struct Narrow {
    space: usize,
    kind: io::ErrorKind,
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.space == 0 {
            return Err(self.kind.into());
        }
        let count = bytes.len().min(self.space);
        self.space -= count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.space == 0 { Err(self.kind.into()) } else { Ok(()) }
    }
}

#[test]
fn a_reader_that_has_gone_does_not_cut_the_count_short_and_a_full_disk_does() {
    let users: Vec<String> = (0..500).map(|user| format!("u{user}")).collect();
    let mut fixture = Fixture::of(&users.iter().map(String::as_str).collect::<Vec<_>>());
    fixture.record("u499", of(Status::Enrolled));
    for space in [0, 1, 10_000] {
        let kind = io::ErrorKind::BrokenPipe;
        let tally = fixture.write_to(IgnoreBrokenPipe(Narrow { space, kind })).unwrap();
        assert_eq!((tally.rows(), tally.count(Status::Enrolled)), (500, 1), "{space}");
        let kind = io::ErrorKind::StorageFull;
        let full = fixture.write_to(IgnoreBrokenPipe(Narrow { space, kind }));
        assert!(matches!(full, Err(ResultsError::Write(_))), "{space}");
    }
    let unread = Narrow {
        space: 0,
        kind: io::ErrorKind::BrokenPipe,
    };
    assert!(fixture.write_to(unread).is_err(), "a file is not a pipe");
}
