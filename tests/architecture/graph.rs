//! Which module below the root names which, and the circles in that.

use std::collections::{BTreeMap, BTreeSet};

use super::reading::{Name, Source};

type Edges<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a Name>>;

/// Every circle of production code, written as the places that close it.
pub(crate) fn circles(source: &Source) -> Vec<String> {
    let edges = edges(source);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for from in edges.keys().copied() {
        let others = reached(&edges, from);
        let circle: BTreeSet<&str> = others
            .into_iter()
            .filter(|other| reached(&edges, other).contains(from))
            .collect();
        if circle.len() > 1 && seen.insert(circle.clone()) {
            found.push(describe(&edges, &circle));
        }
    }
    found
}

fn edges(source: &Source) -> Edges<'_> {
    let modules = source.modules();
    let mut edges = Edges::new();
    for name in source
        .names
        .iter()
        .filter(|name| !name.is_test && !name.user().is_empty())
    {
        let used = name
            .used()
            .filter(|used| modules.contains(*used) && *used != name.user());
        if let Some(used) = used {
            edges.entry(name.user()).or_default().entry(used).or_insert(name);
        }
    }
    edges
}

/// All modules to which a way leads.
fn reached<'a>(edges: &Edges<'a>, from: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        let targets = edges.get(next).into_iter().flat_map(BTreeMap::keys);
        open.extend(targets.copied().filter(|target| reached.insert(*target)));
    }
    reached
}

fn describe(edges: &Edges<'_>, circle: &BTreeSet<&str>) -> String {
    let mut text = format!("a circle of {}", circle.iter().copied().collect::<Vec<_>>().join(", "));
    for (from, targets) in edges.iter().filter(|(from, _)| circle.contains(*from)) {
        for (to, name) in targets.iter().filter(|(to, _)| circle.contains(*to)) {
            text += &format!(
                "\n  {from} -> {to}: {}:{}: {}",
                name.file.display(),
                name.line,
                name.text()
            );
        }
    }
    text
}
