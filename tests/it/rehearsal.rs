//! The rehearsal of bad nights: `kill -9` at random moments, against a server that loses, truncates, throttles, stalls
//! and fails, while other commands are started in between. In the end every user is enrolled once with the photo of its
//! row, and no word of the results is false by the server's own books.
//!
//! `cargo test` plays a short one. All of it, some minutes:
//! `cargo test --locked --test it -- --ignored --nocapture two_hundred_kills`
//! The seed is printed; `IMAGE_ENROLL_REHEARSAL_SEED=<seed>` draws the same moments and the same faults again.

mod night;
mod truth;

use crate::harness::{Asked, Reply, Run, Server, png};

use night::Night;

const PHOTOS: usize = 50;
/// The results of the runs, and of a command beside them.
const RESULTS: &str = "results.csv";
const OTHER_RESULTS: &str = "other.csv";

/// Most lives for each kill. There are rows for all of them, however many end by themselves.
const LIVES_FOR_A_KILL: usize = 4;

/// How large a rehearsal is.
#[derive(Clone, Copy)]
pub(super) struct Size {
    rows: usize,
    kills: usize,
}

#[test]
fn ten_kills_among_other_commands_leave_every_user_enrolled_once_and_no_false_word() {
    rehearse(Size { rows: 600, kills: 10 });
}

#[test]
#[ignore = "takes minutes; the short one is the same at a smaller size"]
fn two_hundred_kills_among_other_commands_leave_every_user_enrolled_once_and_no_false_word() {
    rehearse(Size {
        rows: 6_000,
        kills: 200,
    });
}

fn rehearse(size: Size) {
    let given = std::env::var("IMAGE_ENROLL_REHEARSAL_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| text.parse::<u64>().unwrap());
    eprintln!("IMAGE_ENROLL_REHEARSAL_SEED={seed}");
    let server = Server::new(move |asked| weather(seed, asked));
    let run = manifest(&server, size.rows);
    let mut night = Night::new(&server, &run, size, seed);
    // A life that ends by itself is no kill.
    for life in 1..=LIVES_FOR_A_KILL * size.kills {
        if night.kills < size.kills {
            night.one_life(life);
        }
    }
    assert_eq!(night.kills, size.kills, "{}", night.report());
    night.undisturbed();
    truth::assert_final(&server, &run, size.rows);
    eprintln!("{}", night.report());
}

/// What a row is, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To be enrolled.
    Good,
    /// The same enrollment as the row before it.
    Repeat,
    /// The API finds no face in its photo.
    Faceless,
    /// Its photo is no photo, or one of the run's own files.
    Odd(&'static str),
}

const ODD_PHOTOS: [&str; 8] = [
    "missing.png",
    ".",
    "pipe.png",
    "truncated.png",
    "key.txt",
    "manifest.csv",
    "results.csv",
    "ledger.db",
];

pub(super) fn kind(row: usize) -> Kind {
    match row {
        _ if row % 29 == 7 => Kind::Odd(ODD_PHOTOS[row / 29 % ODD_PHOTOS.len()]),
        _ if row % 31 == 5 => Kind::Faceless,
        _ if row % 37 == 3 && row > 1 && kind(row - 1) == Kind::Good => Kind::Repeat,
        _ => Kind::Good,
    }
}

/// The user of a row.
pub(super) fn user(row: usize) -> String {
    match kind(row) {
        Kind::Repeat => format!("u{}", row - 1),
        _ => format!("u{row}"),
    }
}

/// The bytes of a good row's photo.
pub(super) fn photo(row: usize) -> Vec<u8> {
    png(number_of_photo(row) as u8)
}

fn number_of_photo(row: usize) -> usize {
    match kind(row) {
        Kind::Repeat => (row - 1) % PHOTOS,
        _ => row % PHOTOS,
    }
}

fn manifest(server: &Server, rows: usize) -> Run<'_> {
    let mut run = Run::new(server)
        .set("-o", RESULTS)
        .set("--ledger", "ledger.db")
        .set("--timeout", "1s")
        .set("--retries", "20")
        .file("truncated.png", &png(0)[..40]);
    for number in 0..PHOTOS {
        run = run.file(&format!("p{number}.png"), &png(number as u8));
    }
    let made = std::process::Command::new("mkfifo").arg(run.path("pipe.png")).status();
    assert!(made.unwrap().success());
    let line = |row| match kind(row) {
        Kind::Odd(name) => format!("{},2021-08-12,{name}\n", user(row)),
        _ => format!("{},2021-08-12,p{}.png\n", user(row), number_of_photo(row)),
    };
    let lines: String = (1..=rows).map(line).collect();
    run.manifest(&format!("user_id,user_created_at,photo\n{lines}"))
}

/// Most faults for one user. Pauses double from 500 ms on, so that a user with a few more would hold up the
/// end of the night for longer than a test waits.
const FAULTS_FOR_A_USER: usize = 4;

/// Which fault a request finds, by the seed, its user and its number among the requests of this user: about every
/// third. What enrolls does so whether its answer arrives or not.
fn weather(seed: u64, asked: &Asked) -> Reply {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    let row: usize = asked.user_id[1..].parse().unwrap();
    let mut rng = StdRng::seed_from_u64(seed ^ (row as u64) << 20 ^ asked.nth as u64);
    let verdict = match kind(row) {
        Kind::Faceless => Reply::result("0811", "No Face Found"),
        _ => Reply::success(),
    };
    if asked.nth > FAULTS_FOR_A_USER {
        return verdict;
    }
    let is_good = kind(row) == Kind::Good;
    match rng.random_range(0..1_000) {
        0..60 if is_good => Reply::lost(),
        0..90 => Reply::hang_up(),
        90..140 => verdict.cut_off(40),
        140..170 => Reply::close_early(),
        170..190 => Reply::text(503, "busy"),
        190..210 => Reply::text(500, "broken"),
        210..220 => Reply::text(504, "the gateway waits no longer"),
        220..260 => Reply::error("2222", "slow down").status(429).header("Retry-After", "0"),
        260..263 => Reply::text(429, "").header("Retry-After", "1"),
        263..266 if is_good => Reply::stalled(),
        263..268 => Reply::silence(),
        _ => verdict,
    }
}
