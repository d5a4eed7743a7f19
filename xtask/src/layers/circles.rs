//! Circles in the imports of a crate.

use super::imports::Imports;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Modules of which each imports the next, and the last one the first.
pub type Circle = Vec<String>;

/// Returns the shortest circle through each import, without duplicates, shortest first.
///
/// Circles between modules that all belong to one of `groups` are allowed. A circle that leaves the group is found by the
/// import that leaves it.
pub fn find(imports: &Imports, groups: &[&BTreeSet<String>]) -> Vec<Circle> {
    let mut circles = BTreeSet::new();
    for from in imports.modules() {
        for to in imports.of(from) {
            let Some(path) = shortest_path(imports, to, from) else { continue };
            let is_allowed = groups.iter().any(|group| path.iter().all(|module| group.contains(*module)));
            if !is_allowed {
                circles.insert(from_smallest(&path));
            }
        }
    }
    let mut circles: Vec<_> = circles.into_iter().collect();
    circles.sort_by_key(Vec::len);
    circles
}

/// Returns the modules of the shortest path from `from` to `to`, both included.
fn shortest_path<'a>(imports: &'a Imports, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, Option<&str>> = BTreeMap::from([(from, None)]);
    let mut queue = VecDeque::from([from]);
    while let Some(module) = queue.pop_front() {
        if module == to {
            let mut path = vec![module];
            while let Some(Some(previous)) = path.last().and_then(|module| before.get(module)) {
                path.push(previous);
            }
            path.reverse();
            return Some(path);
        }
        for next in imports.of(module) {
            before.entry(next).or_insert_with(|| {
                queue.push_back(next);
                Some(module)
            });
        }
    }
    None
}

/// Returns a circle that begins with its first module in alphabetical order, so that equal circles are equal.
fn from_smallest(circle: &[&str]) -> Circle {
    let start = circle.iter().enumerate().min_by_key(|(_, module)| **module).map_or(0, |(index, _)| index);
    circle[start..].iter().chain(&circle[..start]).map(|module| (*module).to_owned()).collect()
}
