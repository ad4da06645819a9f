//! The reading itself, tried on a made-up crate with every form of a path.

use std::path::Path;

use super::reading::{Kind, Name, Source};
use super::{LIBRARY, PROGRAM, root};

/// Reads files given as names and texts, the first being the root.
fn read(files: &[(&str, &str)]) -> Source {
    let load = |path: &Path| {
        let found = files.iter().find(|(name, _)| path == Path::new(name));
        found.map(|(_, text)| (*text).to_owned())
    };
    Source::read(Path::new(files[0].0), &load)
}

fn names(text: &str) -> Vec<Name> {
    read(&[("src/lib.rs", text)]).names
}

fn has(names: &[Name], path: &str) -> bool {
    names.iter().any(|name| name.text() == path)
}

#[test]
fn every_form_of_an_import_leads_to_the_definition() {
    for text in [
        "use std::fs::File; fn f() { File::create(\"a\"); }",
        "use std::{fs::{self, File as F}, io}; fn f() { F::create(\"a\"); }",
        "use std::fs; fn f() { fs::File::create(\"a\"); }",
        "use std::fs as files; fn f() { files::File::create(\"a\"); }",
        "fn f() { std::fs::File::create(\"a\"); }",
        "fn f() { ::std::fs::File::create(\"a\"); }",
        "fn f() { <std::fs::File>::create(\"a\"); }",
        "fn f() { use std::fs::File; open().or_else(File::create); }",
        "type Log = std::fs::File; fn f() { Log::create(\"a\"); }",
        "extern crate std as standard; fn f() { standard::fs::File::create(\"a\"); }",
        "use std::fs::File; fn f() { let g = || async { if x { match y { _ => vec![File::create(\"a\")] } } }; }",
        "use std::fs::File; fn f() { select! { _ = a => other(|| File::create(\"a\")) } }",
        "macro_rules! made { () => { std::fs::File::create(\"a\") } }",
        "mod a { use std::fs::File; mod b { fn f() { super::File::create(\"a\"); } } }",
        "mod a { use std::fs::File; mod b { use super::*; fn f() { File::create(\"a\"); } } }",
        "mod a { pub use std::fs as x; } mod b { fn f() { crate::a::x::File::create(\"a\"); } }",
        "mod a { mod b { pub use std::fs::File; } pub use self::b::File as G; } use a::G; fn f() { G::create(\"a\"); }",
        "struct S { #[serde(with = \"std::fs::File::create\")] a: u8 }",
        "#[derive(X)] #[arg(value_parser = std::fs::File::create)] struct S;",
        "#[default = \"std::fs::File::create\"] struct S;",
    ] {
        assert!(has(&names(text), "std::fs::File::create"), "{text}: {:#?}", names(text));
    }
}

#[test]
fn methods_macros_and_types_are_names_too() {
    let found = names(
        "use a::B; impl B { fn f(self) -> Self { x.set_len(0); println!(\"{}\", y.elapsed()); Self(1) } }\n\
         trait T: a::Bound { fn g(&self, b: &a::Argument<a::Inner>) -> a::Result; }\n\
         fn h() { if let a::Pattern(_) = x {} let _: a::Local = y as a::Cast; }",
    );
    for path in [
        ".set_len",
        "println!",
        ".elapsed",
        "a::Bound",
        "a::Argument",
        "a::Inner",
        "a::Result",
        "a::Pattern",
        "a::Local",
        "a::Cast",
    ] {
        assert!(has(&found, path), "{path}: {found:#?}");
    }
    let made = found
        .iter()
        .find(|name| name.text() == "a::B" && name.kind == Kind::Value)
        .unwrap();
    assert_eq!((made.function.as_str(), made.line), ("B::f", 1));
    let pattern = found.iter().find(|name| name.text() == "a::Pattern").unwrap();
    assert_eq!(
        (pattern.kind, pattern.line, pattern.file.to_str()),
        (Kind::Mention, 3, Some("src/lib.rs"))
    );
}

#[test]
fn comments_and_text_are_no_names() {
    let found = names("//! std::fs::write\n/// crate::a\nfn f() { /* std::fs::write */ g(\"std::fs::write\"); }");
    assert!(!has(&found, "std::fs::write") && !has(&found, "crate::a"), "{found:#?}");
}

#[test]
fn production_code_behind_test_code_is_seen_and_told_from_it() {
    for test in [
        "#[cfg(test)] mod tests { fn a() { used::here(); } }",
        "#[cfg(test)] impl S { fn a() { used::here(); } }",
        "impl S { #[cfg(test)] fn a() { used::here(); } }",
        "#[cfg(all(test, unix))] fn a() { used::here(); }",
        "#[cfg(all(unix, not(not(test))))] use used::here;",
        "#[test] fn a() { used::here(); }",
        "#[tokio::test] async fn a() { used::here(); }",
        "fn a() { #[cfg(test)] let b = used::here(); }",
        "fn a() { #[cfg(test)] { used::here(); } }",
        "struct S { #[cfg(test)] a: used::here }",
    ] {
        let found = names(&format!("{test}\nfn b() {{ used::there(); }}"));
        let is_test = |path| found.iter().find(|name| name.text() == path).map(|name| name.is_test);
        assert_eq!(
            (is_test("used::here"), is_test("used::there")),
            (Some(true), Some(false)),
            "{test}"
        );
    }
    for production in [
        "any(test, unix)",
        "not(test)",
        "unix",
        "feature = \"test\"",
        "not(all(test, unix))",
    ] {
        let found = names(&format!("#[cfg({production})] fn a() {{ used::here(); }}"));
        assert!(
            found.iter().any(|name| name.text() == "used::here" && !name.is_test),
            "{production}"
        );
    }
}

#[test]
fn modules_are_found_in_every_place_where_the_compiler_looks() {
    let source = read(&[
        (
            "src/lib.rs",
            "mod a; mod b; mod c { mod d; #[path = \"far.rs\"] mod e; } use crate::a::x;",
        ),
        (
            "src/a.rs",
            "mod inner; #[path = \"a_tests.rs\"] #[cfg(test)] mod tests; pub use std::env as x;",
        ),
        ("src/a/inner.rs", "fn f() { super::x::var(1); super::super::b::g(); }"),
        ("src/a_tests.rs", "mod more; fn f() { used::here(); }"),
        ("src/a_tests/more.rs", "fn f() { used::more(); }"),
        ("src/b/mod.rs", "mod inner;"),
        ("src/b/inner.rs", "use super::super::a::x::args;"),
        ("src/c/d.rs", ""),
        ("src/c/far.rs", ""),
    ]);
    assert_eq!(source.files.len(), 9);
    assert_eq!(source.modules().into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    for path in ["std::env::var", "std::env::args", "crate::b::g"] {
        assert!(has(&source.names, path), "{path}: {:#?}", source.names);
    }
    let tests: Vec<_> = source
        .names
        .iter()
        .filter(|name| name.is_test)
        .map(Name::text)
        .collect();
    assert_eq!(tests, ["used::here", "used::more"]);
}

#[test]
fn a_module_of_the_crate_is_told_from_a_crate_of_the_same_name() {
    let found = names("mod log { fn f() { log::info(); } } fn g() { log::f(); }");
    assert!(has(&found, "log::info") && has(&found, "crate::log::f"), "{found:#?}");
}

#[test]
fn a_circle_is_found_with_the_places_that_close_it() {
    let circle =
        "mod a { use crate::b::f; } mod b { use super::c; } mod c { fn g() { crate::a::h() } } mod d { use crate::a; }";
    let found = super::graph::circles(&read(&[("src/lib.rs", circle)]));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("a circle of a, b, c\n  a -> b: src/lib.rs:1: crate::b::f\n"),
        "{found:?}"
    );
    let none = "mod a { use crate::b::f; #[cfg(test)] mod tests { use crate::d; } } mod b {} mod d { use crate::a; }";
    assert_eq!(super::graph::circles(&read(&[("src/lib.rs", none)])), [""; 0]);
}

#[test]
fn every_file_is_read() {
    let mut all = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    all.retain(|path| !LIBRARY.files.contains(path) && !PROGRAM.files.contains(path));
    assert!(all.is_empty(), "no module declares {all:?}");
}

#[test]
fn nothing_hides_from_the_reading() {
    let hidden = |name: &&Name| {
        let is_glob = name.path.len() > 1 && name.path.last().is_some_and(|last| last == "*");
        !name.is_test && (is_glob && name.path[0] != "crate" || name.text() == "include!")
    };
    let names = LIBRARY.names.iter().chain(&PROGRAM.names);
    super::assert_none("this hides what is used", names.filter(hidden), &[]);
}
