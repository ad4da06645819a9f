//! One test for each rule of `src/lib.rs`, named after its number.

use std::collections::BTreeSet;

use super::reading::{Kind, Name};
use super::{Exception, LIBRARY, PROGRAM, assert_none, is_in, root};

/// What `domain` may use from outside: values, text and arithmetic.
const PURE: [&str; 34] = [
    "base64",
    "bytes",
    "chrono",
    "chrono_tz",
    "crc32fast",
    "hdrhistogram",
    "hmac",
    "httpdate",
    "icu_casemap",
    "icu_normalizer",
    "icu_properties",
    "memchr",
    "percent_encoding",
    "rand",
    "secrecy",
    "serde",
    "serde_json",
    "sha2",
    "std::array",
    "std::borrow",
    "std::cmp",
    "std::collections",
    "std::fmt",
    // Gives back what it is given.
    "std::hint::black_box",
    "std::iter",
    "std::mem",
    // A path is a value; what looks at the place it names is on `Path`, which is not in this list.
    "std::path::PathBuf",
    "std::str",
    "std::sync::LazyLock",
    "std::time",
    "strsim",
    "strum",
    "thiserror",
    "url",
];

const LEAVES: [&str; 5] = ["client", "manifest", "photo", "ledger", "simulator"];

/// Ways to the clock, and to randomness that nobody has handed in.
const CLOCK: [&str; 9] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::time::SystemTime::elapsed",
    "tokio::time::Instant::now",
    "chrono::Utc::now",
    "chrono::Local",
    ".elapsed",
    "httpdate::HttpDate::from",
    "uuid::Timestamp::now",
];
const RANDOMNESS: [&str; 10] = [
    "rand::rng",
    "rand::random",
    "rand::rngs::SysRng",
    "rand::rngs::ThreadRng",
    "rand::rngs::StdRng::from_rng",
    "getrandom",
    "std::hash::RandomState",
    "uuid::Uuid::new_v4",
    "uuid::Uuid::now_v7",
    "uuid::Uuid::new_v7",
];
const WAITING: [&str; 7] = [
    "std::thread::sleep",
    "std::thread::park",
    "std::thread::park_timeout",
    "tokio::time::sleep",
    "tokio::time::sleep_until",
    "tokio::time::interval",
    "tokio::time::timeout",
];

/// Crates beside our own: those of Cargo.toml, and those that come with the compiler.
fn crates() -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut in_dependencies = false;
    let mut crates: BTreeSet<String> = ["std", "core", "alloc"].map(String::from).into();
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| in_dependencies) {
            crates.insert(name.replace('-', "_"));
        }
    }
    crates
}

/// All that is compiled into the program.
fn production() -> impl Iterator<Item = &'static Name> {
    let all = LIBRARY.names.iter().chain(&PROGRAM.names);
    all.filter(|name| !name.is_test)
}

fn is_any(name: &Name, of: &[&str]) -> bool {
    let path = name.text();
    of.iter().any(|one| is_in(&path, one))
}

fn uses(name: &Name, module: &str) -> bool {
    name.used() == Some(module)
}

/// What modules name of the crate beside themselves and those allowed, their tests included.
fn strangers<'a>(of: &'a [&str], allowed: &'a [&str]) -> impl Iterator<Item = &'static Name> + 'a {
    let all = LIBRARY.names.iter().filter(|name| of.contains(&name.user()));
    all.filter(|name| {
        name.used()
            .is_some_and(|used| used != name.user() && !allowed.contains(&used))
    })
}

#[test]
fn every_rule_has_a_test() {
    let library = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let (_, rules) = library.split_once("//! # Rules\n").unwrap();
    let lines = rules.lines().map_while(|line| line.strip_prefix("//!"));
    let numbers = lines.filter_map(|line| line.trim().split_once(". ")?.0.parse::<u32>().ok());
    let numbers: BTreeSet<u32> = numbers.collect();
    let own = syn::parse_file(include_str!("rules.rs")).unwrap();
    let tested: BTreeSet<u32> = own
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Fn(item) if item.attrs.iter().any(|attribute| attribute.path().is_ident("test")) => item
                .sig
                .ident
                .to_string()
                .strip_prefix("rule_")?
                .split('_')
                .next()?
                .parse()
                .ok(),
            _ => None,
        })
        .collect();
    assert_eq!(tested, numbers);
}

#[test]
fn rule_1_the_domain_names_nothing_of_the_crate_and_nothing_impure() {
    assert_none("domain names another module", strangers(&["domain"], &[]), &[]);
    let crates = crates();
    let own = || production().filter(|name| name.user() == "domain");
    let outside = own().filter(|name| name.path.len() > 1 && crates.contains(&name.path[0]));
    assert_none(
        "domain names what is not pure",
        outside.filter(|name| !is_any(name, &PURE)),
        &[],
    );
    let asks = own().filter(|name| is_any(name, &CLOCK) || is_any(name, &RANDOMNESS) || is_any(name, &WAITING));
    assert_none("domain asks clock or chance", asks, &[]);
}

#[test]
fn rule_2_the_leaves_name_only_domain_and_sys_and_sys_names_none() {
    assert_none(
        "a leaf names another module",
        strangers(&LEAVES, &["domain", "sys"]),
        &[],
    );
    assert_none("sys names another module", strangers(&["sys"], &[]), &[]);
}

#[test]
fn rule_3_only_the_client_opens_connections() {
    const OUTWARD: [&str; 14] = [
        "object_store",
        "reqwest",
        "hyper::client",
        "hyper_util::client",
        "rustls::ClientConnection",
        "std::net::TcpStream::connect",
        "std::net::TcpStream::connect_timeout",
        "std::net::ToSocketAddrs",
        "std::net::UdpSocket",
        "std::os::unix::net",
        "tokio::net::TcpStream::connect",
        "tokio::net::TcpSocket",
        "tokio::net::UdpSocket",
        "tokio::net::lookup_host",
    ];
    let found = production().filter(|name| name.user() != "client" && is_any(name, &OUTWARD));
    let is_store = |name: &&Name| is_in(&name.module.join("::"), "crate::photo::object");
    let found = found.filter(|name| !is_store(name));
    assert_none("only client and the object stores open connections", found, &[]);
    let listens = |name: &&Name| is_any(name, &["std::net::TcpListener", "tokio::net::TcpListener"]);
    let found = production()
        .filter(listens)
        .filter(|name| name.user() != "simulator" && !is_in(&name.module.join("::"), "crate::commands::simulator"));
    assert_none("only the simulator listens", found, &[]);
}

#[test]
fn rule_3_only_the_ledger_speaks_sql() {
    let found = production().filter(|name| name.user() != "ledger" && is_any(name, &["rusqlite"]));
    assert_none("only ledger speaks SQL", found, &[]);
}

#[test]
fn rule_4_files_are_made_by_ledger_output_and_sys_alone() {
    const MAKING: [&str; 22] = [
        "std::fs::DirBuilder",
        "std::fs::File::create",
        "std::fs::File::create_buffered",
        "std::fs::File::create_new",
        "std::fs::File::options",
        "std::fs::OpenOptions",
        "std::fs::copy",
        "std::fs::create_dir",
        "std::fs::create_dir_all",
        "std::fs::hard_link",
        "std::fs::remove_dir",
        "std::fs::remove_dir_all",
        "std::fs::remove_file",
        "std::fs::rename",
        "std::fs::set_permissions",
        "std::fs::soft_link",
        "std::fs::write",
        "std::os::unix::fs",
        "tokio::fs",
        "tempfile",
        "atomic_write_file",
        ".set_len",
    ];
    let elsewhere = production().filter(|name| !["ledger", "output", "sys"].contains(&name.user()));
    let exceptions = [
        Exception {
            module: "crate::manifest::source",
            path: "tempfile::tempfile",
            reason: "a manifest from a pipe is kept in a file without a name, which goes with the program",
        },
        Exception {
            module: "crate::commands::enroll",
            path: "tempfile",
            reason: "the ledger of a local run lies in a folder that goes with the run",
        },
    ];
    assert_none(
        "only ledger, output and sys make files",
        elsewhere.filter(|name| is_any(name, &MAKING)),
        &exceptions,
    );
}

#[test]
fn rule_5_only_the_terminal_writes_to_stderr() {
    const STDERR: [&str; 8] = [
        "std::io::stderr",
        "std::io::Stderr",
        "std::io::StderrLock",
        "eprint!",
        "eprintln!",
        "dbg!",
        "console",
        "indicatif",
    ];
    let found = production().filter(|name| name.user() != "terminal" && is_any(name, &STDERR));
    let exceptions = ["crate::config::enroll", "crate::config::report"].map(|module| Exception {
        module,
        path: "std::io::stderr",
        reason: "asks whether somebody reads stderr, and writes nothing",
    });
    assert_none("only terminal writes to stderr", found, &exceptions);
}

#[test]
fn rule_5_stdout_is_for_output_and_commands() {
    const STDOUT: [&str; 5] = [
        "std::io::stdout",
        "std::io::Stdout",
        "std::io::StdoutLock",
        "print!",
        "println!",
    ];
    let found = production().filter(|name| !["commands", "output"].contains(&name.user()));
    assert_none(
        "only output and commands write to stdout",
        found.filter(|name| is_any(name, &STDOUT)),
        &[],
    );
}

#[test]
fn rule_5_nothing_but_main_ends_the_process() {
    const ENDING: [&str; 6] = [
        "std::process::exit",
        "std::process::abort",
        "libc",
        "clap::Parser::parse",
        ".get_matches",
        "crate::cli::Cli::parse",
    ];
    let found = LIBRARY
        .names
        .iter()
        .filter(|name| !name.is_test && is_any(name, &ENDING));
    assert_none("only main ends the process", found, &[]);
    let ending = ["std::process::exit", "std::process::abort"];
    assert_none(
        "main returns",
        PROGRAM.names.iter().filter(|name| is_any(name, &ending)),
        &[],
    );
}

/// The functions in which a value of this type is made.
fn makers(of: &str) -> Vec<&'static str> {
    let made = production().filter(|name| name.kind == Kind::Value && name.text() == of);
    let makers: BTreeSet<&str> = made.map(|name| name.function.as_str()).collect();
    makers.into_iter().collect()
}

#[test]
fn rule_6_only_a_receipt_makes_a_recorded_row_and_only_such_a_row_is_launched() {
    assert_eq!(makers("crate::ledger::write::Receipt"), ["Ledger::commit"]);
    assert_eq!(makers("crate::run::pipeline::Recorded"), ["Recorded::new"]);
    let takes = |function: &str, path: &str| {
        let mut all = production();
        all.any(|name| name.function == function && name.kind == Kind::Mention && name.text() == path)
    };
    assert!(takes("Recorded::new", "crate::ledger::write::Receipt"));
    assert_eq!(makers("crate::run::row::Request"), ["Pipeline::launch"]);
    assert!(takes("Pipeline::launch", "crate::run::pipeline::Recorded"));
}

#[test]
fn rule_7_in_a_run_the_driver_alone_asks_the_clock_makes_generators_and_waits() {
    let driver = |name: &Name| is_in(&name.module.join("::"), "crate::run::driver");
    let run = production().filter(|name| name.user() == "run" && !driver(name));
    let asks = run.filter(|name| is_any(name, &CLOCK) || is_any(name, &RANDOMNESS) || is_any(name, &WAITING));
    assert_none("only the driver asks the clock, makes generators and waits", asks, &[]);
}

#[test]
fn rule_7_elsewhere_clock_and_chance_are_asked_only_where_the_rule_says() {
    let asks = |modules: &'static [&'static str], of: &'static [&'static str]| {
        let others = production().filter(move |name| !modules.contains(&name.user()));
        others.filter(move |name| is_any(name, of))
    };
    let clock = asks(&["client", "commands", "run", "simulator", "sys", "terminal"], &CLOCK);
    assert_none("a clock is asked", clock, &[]);
    let hashes = [Exception {
        module: "crate::sys::user_hash",
        path: "std::hash::RandomState",
        reason: "keys the hashes of a survey and a ledger's directory, on which nothing that is said or sent depends",
    }];
    assert_none(
        "chance is asked",
        asks(&["commands", "config", "run"], &RANDOMNESS),
        &hashes,
    );
}

/// That an error of the recorder ends the run is behaviour, and held by `run::tests::storage`.
#[test]
fn rule_8_an_observer_returns_nothing() {
    let methods: Vec<_> = LIBRARY
        .methods
        .iter()
        .filter(|method| method.of == "crate::run::Observer")
        .collect();
    assert!(methods.len() >= 2, "{methods:?}");
    assert!(methods.iter().all(|method| !method.returns), "{methods:?}");
}

#[test]
fn rule_9_the_command_line_is_named_by_few() {
    let allowed = ["", "cli", "commands", "config", "output", "terminal"];
    let found = LIBRARY.names.iter().filter(|name| uses(name, "cli") && !name.is_test);
    assert_none(
        "a module names cli",
        found.filter(|name| !allowed.contains(&name.user())),
        &[],
    );
}

#[test]
fn rule_10_the_environment_is_read_by_config() {
    let found = production().filter(|name| name.user() != "config" && is_any(name, &["std::env"]));
    let exceptions = [
        Exception {
            module: "crate",
            path: "std::env::args_os",
            reason: "main hands the command line to clap",
        },
        Exception {
            module: "crate::terminal::progress",
            path: "std::env::var_os",
            reason: "TERM says whether the terminal can draw a bar",
        },
        Exception {
            module: "crate::commands::enroll",
            path: "std::env::temp_dir",
            reason: "names the folder in which a temporary one could not be made",
        },
    ];
    assert_none("only config reads the environment", found, &exceptions);
}

#[test]
fn rule_11_there_is_no_circle_between_modules() {
    let circles = super::graph::circles(&LIBRARY);
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}
