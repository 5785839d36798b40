//! Each fault that can be seeded into the reference interpreter is seen: by the official suite, or
//! by a comparison with Wasmtime, and mostly by both. A table tells which of them sees what.
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

/// What has seen a mutant, and where first.
struct Row {
    mutant: Mutant,
    suite: Option<String>,
    case: Option<String>,
}

#[test]
fn each_mutant_is_killed() {
    let cases = cases::prepare();
    let suite = Suite::read();
    let control = with(None, || {
        (suite.first_failure(""), cases::first_difference(&cases))
    });
    assert_eq!(control, (None, None), "without a mutant");
    println!("without a mutant, {} cases show no difference", cases.len());
    let rows = try_all(&suite, &cases);
    print(&rows);
    let alive = |row: &&Row| row.suite.is_none() && row.case.is_none();
    let alive: Vec<_> = rows.iter().filter(alive).map(|row| row.mutant).collect();
    assert!(alive.is_empty(), "nothing has seen {alive:?}");
}

/// Tries all mutants on all processors, each on one thread.
fn try_all(suite: &Suite, cases: &[Prepared]) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut rows = Vec::new();
        while let Some(&mutant) = Mutant::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            rows.push(with(Some(mutant), || Row {
                mutant,
                suite: suite.first_failure(mutant.family()),
                case: cases::first_difference(cases),
            }));
        }
        rows
    };
    let mut rows = common::on_all_processors(worker);
    rows.sort_by_key(|row| row.mutant as usize);
    rows
}

fn print(rows: &[Row]) {
    let name = |seen: &Option<String>| seen.clone().unwrap_or_else(|| "-".into());
    let mut family = "";
    for row in rows {
        if family != row.mutant.family() {
            family = row.mutant.family();
            println!("\n{family}");
        }
        println!(
            "  {:24} {:62} {:38} {}",
            format!("{:?}", row.mutant),
            row.mutant.about(),
            name(&row.suite),
            name(&row.case),
        );
    }
    let count = |is: fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    println!(
        "\n{} mutants: {} killed by both, {} by the suite alone, {} by cases alone",
        rows.len(),
        count(|row| row.suite.is_some() && row.case.is_some()),
        count(|row| row.suite.is_some() && row.case.is_none()),
        count(|row| row.suite.is_none() && row.case.is_some()),
    );
}
