//! The source as a list of the names that it uses, each as it is called where it is defined.
//!
//! All of every file is parsed, from the root along the `mod` declarations. Imports, groups, renames, aliases and
//! re-exports are followed; what stands in macros and attributes is read token by token. Code that is compiled for
//! tests alone is told from the rest. What this reading cannot see through (`include!`, a glob import of another crate)
//! is named as such, for a rule to refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

use super::attributes::is_for_tests;
use super::parsing::Reader;

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Called, constructed, or taken as a value.
    Value,
    /// Named in an import.
    Import,
    /// Anything else: a type, a pattern, a bound, or what stands in a macro.
    Mention,
}

/// A name where it is used.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// From `crate` on.
    pub(crate) module: Vec<String>,
    /// The function that it stands in, with its type, as in `Ledger::commit`; else empty.
    pub(crate) function: String,
    /// The whole path; a method is `.name`, and a macro ends with `!`.
    pub(crate) path: Vec<String>,
    pub(crate) kind: Kind,
    /// Compiled for tests alone.
    pub(crate) is_test: bool,
}

impl Name {
    pub(crate) fn text(&self) -> String {
        self.path.join("::")
    }

    /// The module below the root that uses it; empty for the root.
    pub(crate) fn user(&self) -> &str {
        self.module.get(1).map_or("", String::as_str)
    }

    /// The module below the root that is used, where the name is one of the crate.
    pub(crate) fn used(&self) -> Option<&str> {
        (self.path[0] == "crate").then(|| self.path.get(1).map_or("", String::as_str))
    }
}

/// A method of a trait, and whether it returns anything.
#[derive(Debug)]
pub(crate) struct TraitMethod {
    pub(crate) of: String,
    pub(crate) returns: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) names: Vec<Name>,
    pub(crate) methods: Vec<TraitMethod>,
    pub(crate) files: BTreeSet<PathBuf>,
    pub(crate) scopes: BTreeMap<Vec<String>, Scope>,
}

/// What a module's names stand for.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) imports: BTreeMap<String, Vec<Vec<String>>>,
    pub(crate) globs: Vec<Vec<String>>,
    pub(crate) items: BTreeSet<String>,
}

/// Follows re-exports no further; there are no such chains.
const MAX_HOPS: usize = 12;

impl Source {
    /// Reads the crate whose root is this file; `load` gives a file's text, if there is one.
    pub(crate) fn read(root: &Path, load: &impl Fn(&Path) -> Option<String>) -> Self {
        let mut source = Self::default();
        source.read_file(root, vec!["crate".into()], false, load);
        let resolved = source.names.iter().flat_map(|name| source.resolved(name)).collect();
        source.names = resolved;
        source
    }

    /// The modules below the root.
    pub(crate) fn modules(&self) -> BTreeSet<String> {
        let below = self.scopes.keys().filter(|path| path.len() == 2);
        below.map(|path| path[1].clone()).collect()
    }

    fn read_file(&mut self, file: &Path, module: Vec<String>, is_test: bool, load: &impl Fn(&Path) -> Option<String>) {
        let text = load(file).unwrap_or_else(|| panic!("{} is declared and not there", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| {
            panic!("{}:{}: {error}", file.display(), error.span().start().line);
        });
        self.files.insert(file.to_owned());
        let owns_folder = ["lib", "main", "mod"]
            .map(Some)
            .contains(&file.file_stem().and_then(|stem| stem.to_str()));
        let folder = file.parent().unwrap().to_owned();
        let below = if owns_folder {
            folder.clone()
        } else {
            file.with_extension("")
        };
        let mut reader = Reader {
            source: self,
            file,
            module,
            tests: vec![is_test || is_for_tests(&parsed.attrs)],
            function: String::new(),
            own_type: Vec::new(),
            folders: vec![(folder, below)],
            children: Vec::new(),
        };
        reader.source.scopes.entry(reader.module.clone()).or_default();
        reader.visit_file(&parsed);
        for (file, module, is_test) in reader.children {
            let file = file.into_iter().find(|file| load(file).is_some());
            let file = file.unwrap_or_else(|| panic!("no file for {}", module.join("::")));
            self.read_file(&file, module, is_test, load);
        }
    }

    fn resolved(&self, name: &Name) -> Vec<Name> {
        let paths = self.resolve(&name.module, &name.path, 0);
        let with = |path| Name { path, ..name.clone() };
        paths.into_iter().map(with).collect()
    }

    /// Every path that these segments may stand for in that module.
    fn resolve(&self, module: &[String], path: &[String], hops: usize) -> Vec<Vec<String>> {
        let (first, rest) = path.split_first().unwrap();
        match first.as_str() {
            "crate" => self.follow(path.to_vec(), hops),
            "self" => self.follow([module, rest].concat(), hops),
            "super" => {
                let parent = &module[..module.len().saturating_sub(1).max(1)];
                match rest.first().map(String::as_str) {
                    Some("super") => self.resolve(parent, rest, hops),
                    _ => self.follow([parent, rest].concat(), hops),
                }
            }
            _ => self.look_up(module, path, hops).unwrap_or_else(|| vec![path.to_vec()]),
        }
    }

    /// The first segment looked up in a module: its imports, its items, then what its globs bring.
    fn look_up(&self, module: &[String], path: &[String], hops: usize) -> Option<Vec<Vec<String>>> {
        let scope = self.scopes.get(module)?;
        let (first, rest) = path.split_first()?;
        if hops > MAX_HOPS {
            return None;
        }
        let of_itself = |target: &&Vec<String>| target[..] != path[..1];
        let targets: Vec<_> = scope
            .imports
            .get(first)
            .into_iter()
            .flatten()
            .filter(of_itself)
            .collect();
        if !targets.is_empty() {
            let all = targets
                .into_iter()
                .flat_map(|target| self.resolve(module, &[target, rest].concat(), hops + 1));
            return Some(all.collect());
        }
        if scope.items.contains(first) {
            return Some(self.follow_within([module, path].concat(), module.len(), hops + 1));
        }
        let bases = scope.globs.iter().flat_map(|glob| self.resolve(module, glob, hops + 1));
        let bases: Vec<_> = bases.filter(|base| base[..] != *module).collect();
        bases.iter().find_map(|base| self.look_up(base, path, hops + 1))
    }

    /// Goes on below a module, if the path leads further down than to its own items.
    fn follow_within(&self, path: Vec<String>, depth: usize, hops: usize) -> Vec<Vec<String>> {
        match self.scopes.contains_key(&path[..=depth]) {
            true => self.follow(path, hops),
            false => vec![path],
        }
    }

    /// Goes down a path from the root, and through re-exports on the way.
    fn follow(&self, path: Vec<String>, hops: usize) -> Vec<Vec<String>> {
        let depth = (1..=path.len())
            .rev()
            .find(|depth| self.scopes.contains_key(&path[..*depth]));
        let Some(depth) = depth.filter(|depth| *depth < path.len()) else {
            return vec![path];
        };
        let (module, rest) = path.split_at(depth);
        self.look_up(module, rest, hops).unwrap_or_else(|| vec![path.clone()])
    }
}
