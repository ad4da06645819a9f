//! Enrolls existing users into Smile ID in bulk: signed, resumable, nothing twice and nothing lost.
//!
//! This page is the map: the way of a row, the modules, the rules. What the tool promises stands in [`docs::contract`],
//! what is known of the endpoint in [`docs::endpoint`], how it is operated in [`docs::operating`], and on
//! many machines in [`docs::many_machines`].
//!
//! # The way of a row
//!
//! ```text
//! CSV record -> Row -> PendingRow -> Photo -> intent, durable -> Request -> Reply -> Verdict, or SendError
//!                          ^                                                                  |
//!                          +---------- tried again, after a wait, from its photo on ----------+
//!                                                                                             v
//!                                                                                          Outcome
//! Outcome         -> ledger -> the row's line in the results, while the run goes on
//! ledger + survey -> results, whole and in order -> Tally -> Summary, exit code
//! ```
//!
//! Three words: a row is *settled* when the API has said what becomes of its user. An *intent* is the ledger's note that
//! a request is about to leave; one that has no end is *in doubt*. In a *pause*, after too many failures, one row at a
//! time is tried, until the endpoint answers well again.
//!
//! Before the first row:
//!
//! 1. `main.rs` reads the command line into [`Cli`] (`cli/`) by [`parse()`], and [`run()`] hands it to
//!    `commands/mod.rs`. There arguments and environment are resolved into one value (`EnrollConfig` in
//!    `config/enroll.rs`: files, ledger, account, pace, report), and `commands/enroll/mod.rs` is the run from here to its
//!    end: `prepare`, `send`, `finish`. The work is done on a thread of its own, and `main` waits for it or for a signal
//!    (`sys/signals.rs`), so that nothing that hangs keeps the process.
//! 2. `prepare` (`commands/enroll/prepare.rs`) locks the ledger (`commands/enroll/locked.rs`, `ledger/lock.rs`), opens
//!    the manifest and takes the survey of it, which travel on as one (`Surveyed` in `manifest/surveyed.rs`), keeps other
//!    commands away from the results (`output/claim.rs`), and opens the ledger (`ledger/open.rs`; with `--env local` a
//!    temporary one, locked only here). A ledger that is there already is opened beside the survey: who is in it is read
//!    into its directory (`ledger/directory.rs`), of which the survey then asks who is settled (`manifest/settled.rs`). Rows that look wrong are told of (`terminal/warnings.rs`), in production a person
//!    is asked (`commands/enroll/confirm.rs`), and then the ledger is told that a run begins.
//! 3. `send` (`commands/enroll/send.rs`) builds the client (`client/`) and calls `drive` (`run/driver.rs`), which starts
//!    two workers. The *recorder* (`run/recorder.rs`) is a thread that owns manifest, ledger and results. The *driver*
//!    is a task that asks the *dispatcher* (`run/dispatcher.rs`) what to do (`poll` gives actions), does it, and tells
//!    it what happened (`handle` takes events). The dispatcher itself neither waits nor reads nor writes.
//!
//! Then, for each row:
//!
//! 4. **Feed.** The dispatcher has few rows left (`run/queue.rs`) and asks for more. The recorder reads the next records
//!    (`Recorder::feed`) and looks up the role that the survey gave each (`Survey::role`, `manifest/survey.rs`). A repeat
//!    and a row whose user is settled are passed by; their lines come in step 10. A row that is wrong by itself or beside another goes straight into the
//!    results. The first row of its user becomes a `Row` (`manifest/row.rs`), and the recorder asks the ledger what it
//!    knows of the user (`ledger/read.rs`). `domain/resume.rs` makes a plan of that: skip (the line comes in step 10),
//!    send, or send if the photo is another one. What may have to be sent becomes a `PendingRow` (`run/row.rs`) in the
//!    queue.
//! 5. **Photo.** When its turn comes (`run/admission.rs`, `admit`), the photo is read: `Driver::prepare` has a reader thread
//!    find files (`photo/locate.rs`) and read them (`Photos::read_file`, `photo/source.rs`), and a task for each fetch
//!    objects from their stores (`Photos::read`; `photo/object/mod.rs`). The bytes are judged with `domain/photo/` and
//!    hashed. These very bytes are sent; after a doubt an object is sent in the version that was sent before.
//!    With `--fix-photos` another photo may take their place before they are judged: `Fixer::fix` (`photo/fix/fixer.rs`)
//!    decides from the header what is to be done, waits for its turn (`photo/fix/turns.rs`), and decodes, scales, turns
//!    and encodes.
//!    `Dispatcher::prepared` (`run/admission.rs`) says what follows: a photo that is not good makes the row `invalid`
//!    (step 9); the very photo that was rejected before is not sent again (its line comes in step 10); a photo
//!    that another user has is told of, and makes the row `invalid` with `--strict` (`run/shared_photos.rs`); where the
//!    machine was short of files or memory the row is tried again later, and where a store is down reading pauses
//!    (`run/stores.rs`).
//! 6. **Intent.** The row waits in the pipeline (`run/pipeline.rs`) until a commit takes its intent along.
//!    `Dispatcher::commit` (`run/admission.rs`) decides how many intents a batch takes (`wanted_intents`) and whether it
//!    may still wait (`may_wait`); `run/group_commit.rs` holds the batch and its deadline. The recorder writes the batch
//!    as one transaction (`Ledger::commit`, `ledger/write.rs`). Its `Receipt` is what makes a `Recorded` row, and only
//!    such a row can be launched. No answer from the recorder means: do not start.
//! 7. **Launch.** `Dispatcher::launch` (`run/admission.rs`) asks the gate (`run/gate.rs`) whether a request may start
//!    now: limit of requests in flight, `--rate`, `Retry-After`, pause. `Pipeline::launch` makes the `Request`
//!    (`run/row.rs`). Then `attempt` (`run/driver.rs`) **signs** it into a `Payload` (`Payload::sign`,
//!    `domain/request.rs`; `domain/signature.rs`) and posts that (`Client::post`, `client/mod.rs`); the photo is encoded
//!    while it is being sent (`client/body.rs`). One call is one attempt. If the gate closes or the run ends before,
//!    rows that have not left are taken back (`take_back_unsent`, `run/admission.rs`): their intents are closed as not
//!    sent, and unless the run is ending they begin again at step 5.
//! 8. **Answer.** `judge` (`domain/response.rs`) turns the reply into a `Verdict`; a `SendError` (`client/error.rs`)
//!    says whether the server can have seen the whole request. Either comes back in an `Answer` (`run/row.rs`) to
//!    `Dispatcher::answered` (`run/answers.rs`), which decides what that does to row and run. An attempt that settled
//!    nothing goes to `run/failures.rs`: by `domain/retry.rs` the row is given up, or it goes back to the queue and begins
//!    again at step 5, with its photo read anew, a new intent and a new signature. A row out of attempts waits until all
//!    others are done, and then has as many once more, if it has retries at all: the last round (`run/queue.rs`).
//! 9. **Record.** After every attempt `Dispatcher::close` and `Dispatcher::record` (`run/answers.rs`) put its end and the
//!    row's `Outcome` (`domain/outcome.rs`) into the next batch; a final outcome brings its line along. The recorder makes
//!    the batch durable first, and then appends the lines to the results (`output/follow.rs`, `output/cells.rs`).
//!
//! Meanwhile the driver tells those who watch what happens and how the run stands (`Observer`, `Snapshot` in `run/mod.rs`).
//! `commands/enroll/watch.rs` makes one `Standing` of it (`domain/standing.rs`, with rate and time left from
//! `domain/pace.rs`), which the bar and the lines show (`terminal/mod.rs`), and which a thread of its own publishes as status and metrics (`output/publish.rs`); `status` reads
//! that beside the ledger (`output/status.rs`). Another thread pings a service (`commands/enroll/pinger.rs`).
//!
//! When nothing is left, or the run is stopped (`domain/stop.rs`, `run/shutdown.rs`):
//!
//! 10. `finish` (`commands/enroll/finish.rs`) writes the results again, whole and in the manifest's order
//!     (`output/target.rs`, `output/mod.rs`): for a row that the manifest alone makes wrong its fault (`Survey::fault`),
//!     for each other row what the ledger says of its user (`History::view` in `domain/resume.rs`). Rows that are not
//!     settled go into the failures on the way (`output/failures.rs`), as cells that a spreadsheet leaves alone
//!     (`domain/spreadsheet.rs`); a failures file is itself a manifest, as results are (`domain/columns.rs`). The lines are
//!     counted as well (`output/tally.rs`), and the exit code (`exit.rs`), the summary (`output/summary.rs`), the report
//!     (`output/page/`) and the closing text (`terminal/closing.rs`) follow from the counts and from what stopped the run.
//!     The report also tells what `Watch` (`commands/enroll/watch.rs`) saw over time (`domain/timeline.rs`) and what the
//!     ledger says when it looks back (`ledger/retrospect.rs`). `error.rs` holds the one table that says which stop each
//!     error is.
//!
//! # Every pass over the manifest
//!
//! No row is kept in memory between the passes; a row has the same number and the same judgement in each. In each the bytes
//! are hashed as they lie, unpacked and decoded (`manifest/text.rs`), and cut into records (`manifest/input.rs`).
//!
//! | pass | where | what for |
//! |---|---|---|
//! | header | `Found::look`, `manifest/layout.rs` | finds packing, encoding, delimiter and columns; of JSON Lines it reads the whole, for the names of the members |
//! | survey | `Survey::take_part`, `manifest/survey.rs` | the role of every row: first of its user, repeat, conflict, invalid; the hash of the file |
//! | warnings | `Surveyed::warnings`, `manifest/warnings.rs` | rows that look wrong; only where the survey found some |
//! | feed | `Recorder::feed`, `run/recorder.rs` | rows to send, some hundreds at a time, while the run goes on |
//! | final results | `output::write`, `output/mod.rs` | every line in order; once more into nothing for the counts, if the file cannot be written |
//!
//! The feed and the final results compare their hash of the file with the survey's: a manifest that has changed ends the
//! run. `check` (`commands/check.rs`) makes header and survey, a pass that judges every row and photo
//! (`commands/check/rows.rs`), and one that finds the rows which share a photo (`commands/check/shared.rs`). `results`
//! makes header, survey and final results. A run that ends before its first row makes no further pass: its summary comes
//! from the arguments alone (`config/known.rs`, `commands/enroll/unstarted.rs`, `output/unstarted.rs`).
//!
//! `extract` (`commands/extract.rs`) reads no manifest but makes one: from a data file (`manifest/data/mod.rs`; JSON is read
//! twice, for its columns and for its rows) each row becomes a photo and a line (`output/extracted.rs`, `sys/new_file.rs`).
//!
//! `split` (`commands/split.rs`) makes header and survey, and hands over the records as they are written (`Manifest::each_piece`,
//! `manifest/parts.rs`) to the files of the parts (`output/parts.rs`); `Ledger::split` (`ledger/parts.rs`) does so with a ledger. All of
//! them are made in one folder and take their places together (`output/staging.rs`). With `--shard` (`config/shard.rs`, `domain/shard.rs`) the survey gives the rows of other parts a role that every pass skips.
//!
//! `merge` (`commands/merge/mod.rs`) locks the ledgers of all parts and asks them what they belong to (`ledger/merge/part.rs`), makes
//! header and survey, and has `domain/merging/mod.rs` prove that nothing is missing. Then it copies one after the other into a ledger of
//! all users (`ledger/merge/whole.rs`) and makes the final results of that.
//!
//! # Modules
//!
//! - `cli`: the command line as it is written
//! - `config`: arguments and environment, resolved into one value for each command: endpoint, credentials, paths, pace
//! - `commands`: each command from its beginning to its end
//! - `domain`: what can be decided from values alone: ids, dates, photos' bytes, signatures, answers, retries, resume
//! - `manifest`: from the bytes of the file to rows, and the survey of the whole; the rows of a data file
//! - `photo`: from a path or an object's URL to the judged bytes of a photo, fixed on request
//! - `client`: one attempt over HTTP
//! - `ledger`: the durable record, in SQLite
//! - `run`: dispatcher, driver, recorder
//! - `output`: the files that a run leaves: results, failures, findings, summary, report
//! - `terminal`: what people see: progress, log lines, closing text, questions
//! - `simulator`: the stand-in for the API
//! - `sys`: the machine: buffers, folders, the identity of files, error numbers, signals, the file that is replaced whole
//! - `error`, `exit`: what ends the program early and why that stops a run; the exit codes
//! - `docs`: the documents
//! - `fuzzing`: what the fuzz targets reach of the crate; built for them alone
//!
//! # Rules
//!
//! Each is held by the test of its number in the folder tests/architecture, which reads all of every file.
//!
//! 1. `domain` names no other module of the crate. It knows no clock, file, socket, environment variable, lock or async
//!    runtime: time and randomness come in as arguments.
//! 2. `client`, `manifest`, `photo`, `ledger` and `simulator` name no module but themselves, `domain` and `sys`; `sys` names
//!    none.
//! 3. Only `client` opens connections, and `photo`'s object stores; the simulator only listens. Only `ledger` speaks SQL.
//! 4. Files that outlive the program are made, changed and removed by `ledger`, `output` and `sys` alone. Besides them,
//!    `manifest` keeps what comes from a pipe in a file without a name, and `enroll` makes the folder of a local run's ledger;
//!    both go with the program.
//! 5. Only `terminal` writes to stderr, and clap for `main`. Stdout is for data: results, findings, the status, and the
//!    documents that `commands` prints. Nothing but `main` ends the process.
//! 6. `Ledger::commit` alone makes a `Receipt`, and a `Receipt` alone makes a `Recorded` row, the one thing that can be
//!    launched.
//! 7. In `run` the driver alone asks the clock, makes random generators, and waits for a time. Elsewhere only `client`,
//!    `commands`, `simulator`, `sys` and `terminal` ask the clock, and only `commands` and `config` make random ids; to the
//!    others time comes as an argument.
//! 8. An error of the recorder ends the run; the `Observer`, who shows the run to people, returns nothing and so cannot.
//! 9. `cli` names no other module. Raw arguments end in `config`: beside it, only `commands/mod.rs`, which tells the
//!    commands apart, and `commands/help.rs`, which completes the help, name `cli`.
//! 10. Only `config` reads the environment, and clap for `cli`; the library of the object stores looks for the files of the
//!     clouds' own tools by itself. `main` takes the command line, and `terminal` looks at `TERM`.
//! 11. No two modules name each other, be it over others: the modules have an order. `exit` names `domain` alone.

mod cli;
mod client;
mod commands;
mod config;
pub mod docs;
mod domain;
mod error;
mod exit;
#[cfg(fuzzing)]
pub mod fuzzing;
mod ledger;
mod manifest;
mod output;
mod photo;
mod run;
mod simulator;
mod sys;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

pub use cli::Cli;
use config::Log;
use domain::stop::Stop;
use error::Error;
use exit::ExitStatus;
use sys::{dumps, signals};

/// Reads the command line. What comes back as an error may be help that was asked for; `clap` knows how to print either.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut definitions = commands::definitions();
    let matches = config::read_command_line(&definitions, arguments.clone());
    let mut matches = matches.or_else(|refused| commands::second_reading(refused, &arguments))?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut definitions))
}

/// Runs what the command line asks for. Errors are printed; the exit code says how it ended. A signal may end it while
/// it still hangs somewhere: the caller has to return from `main` then.
pub fn run(cli: Cli) -> ExitCode {
    dumps::forbid();
    let log = config::log(&cli);
    let ended =
        signals::supervise(move |signals| commands::run(cli, signals).unwrap_or_else(|error| failed(&error, log)));
    let status = match ended {
        Ok(Ok(status)) => status,
        Ok(Err(signal)) => Stop::from(signal).into(),
        Err(error) => failed(&Error::Runtime(error), log),
    };
    status.into()
}

fn failed(error: &Error, log: Log) -> ExitStatus {
    terminal::print_error(error, log, "");
    error.exit_status()
}
