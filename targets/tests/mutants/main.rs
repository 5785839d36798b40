//! Each fault that can be seeded into the reference interpreter is seen: by the official suite, or
//! by a comparison with Wasmtime, and mostly by both. What neither shows is left to a script of our
//! own. A table tells who sees what.
//!
//!     cargo test -p assay-targets --features mutants --test mutants -- --nocapture

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod suite;

use assay_reference::mutants::{Mutant, with};
use cases::Prepared;
use std::sync::atomic::{AtomicUsize, Ordering};
use suite::Suite;

/// Who has seen a mutant, and where first.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The official suite.
    suite: Option<String>,
    /// The generated cases.
    cases: Option<String>,
    /// The script of our own.
    own: Option<String>,
}

#[test]
fn each_mutant_is_killed() {
    let cases = cases::prepare();
    let suite = Suite::read();
    let control = try_one(None, &suite, &cases);
    let nobody = Seen {
        suite: None,
        cases: None,
        own: None,
    };
    assert_eq!(control, nobody, "without a mutant");
    let rows = try_all(&suite, &cases);
    print(&rows, cases.len());
    let alive = rows.iter().filter(|(_, seen)| *seen == nobody);
    let alive: Vec<_> = alive.map(|(mutant, _)| mutant).collect();
    assert!(alive.is_empty(), "nobody has seen {alive:?}");
}

/// Tries all mutants on all processors, each on one thread.
fn try_all(suite: &Suite, cases: &[Prepared]) -> Vec<(Mutant, Seen)> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut rows = Vec::new();
        while let Some(&mutant) = Mutant::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            rows.push((mutant, try_one(Some(mutant), suite, cases)));
        }
        rows
    };
    let mut rows = common::on_all_processors(worker);
    rows.sort_by_key(|(mutant, _)| *mutant as usize);
    rows
}

fn try_one(mutant: Option<Mutant>, suite: &Suite, cases: &[Prepared]) -> Seen {
    with(mutant, || Seen {
        suite: suite.first_failure(mutant.map_or("", Mutant::family)),
        cases: cases::first_difference(cases),
        own: suite.own_failure(),
    })
}

fn print(rows: &[(Mutant, Seen)], cases: usize) {
    let mut family = "";
    for (mutant, seen) in rows {
        if family != mutant.family() {
            family = mutant.family();
            println!("\n{family}");
        }
        let Seen { suite, cases, own } = seen;
        let by: Vec<_> = [suite, cases, own].into_iter().flatten().cloned().collect();
        let name = format!("{mutant:?}");
        println!("  {name:24} {:64} {}", mutant.about(), by.join(", "));
    }
    let count = |is: fn(&Seen) -> bool| rows.iter().filter(|(_, seen)| is(seen)).count();
    println!("\n{} mutants, seen by", rows.len());
    for (who, is) in WHO {
        println!("  {:4} {who}", count(is));
    }
    println!("Without a mutant nobody sees anything in {cases} cases.");
}

type Who = (&'static str, fn(&Seen) -> bool);

/// The sums below the table.
const WHO: [Who; 4] = [
    ("the official suite and generated cases", |seen| {
        seen.suite.is_some() && seen.cases.is_some()
    }),
    ("the suite and not the cases", |seen| {
        seen.suite.is_some() && seen.cases.is_none()
    }),
    ("the cases and not the suite", |seen| {
        seen.suite.is_none() && seen.cases.is_some()
    }),
    ("neither of them, but the script of our own", |seen| {
        seen.suite.is_none() && seen.cases.is_none() && seen.own.is_some()
    }),
];
