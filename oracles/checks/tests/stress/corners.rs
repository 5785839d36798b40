//! Which corners of the instructions under test the cases hit: by the reference interpreter's
//! evidence where it has any, and by the model's.

use crate::common::case;
use assay_engine::{Engine, Features};
use assay_generators::stress::{exception_ops, find, gc_ops, gc_x_exceptions, stacks};
use assay_reference::{Case, OpcodeCoverage, ReferenceEngine};
use std::collections::{BTreeMap, BTreeSet};

/// How many cases are run.
const CASES: u64 = 12_000;

/// How many of the cells that are hit are told, those in the fewest cases first.
const RAREST: usize = 8;

/// The table of a generator.
struct Table {
    name: &'static str,
    operators: &'static [&'static str],
    special: &'static [(&'static str, &'static [&'static str])],
    unreachable: &'static [(&'static str, &'static str, &'static str)],
}

const TABLES: [Table; 4] = [
    Table {
        name: "gc_ops",
        operators: gc_ops::corners::OPERATORS,
        special: gc_ops::corners::SPECIAL,
        unreachable: gc_ops::corners::UNREACHABLE,
    },
    Table {
        name: "exception_ops",
        operators: exception_ops::corners::OPERATORS,
        special: exception_ops::corners::SPECIAL,
        unreachable: exception_ops::corners::UNREACHABLE,
    },
    Table {
        name: "gc_x_exceptions",
        operators: gc_x_exceptions::corners::OPERATORS,
        special: gc_x_exceptions::corners::SPECIAL,
        unreachable: gc_x_exceptions::corners::UNREACHABLE,
    },
    Table {
        name: "stacks",
        operators: stacks::corners::OPERATORS,
        special: stacks::corners::SPECIAL,
        unreachable: stacks::corners::UNREACHABLE,
    },
];

/// The cells of the interpreter's table that are left, in words.
fn missing(operators: &[&str], coverage: &OpcodeCoverage) -> Vec<(&'static str, String)> {
    let features = Features::WASM3;
    let tested = |name: &&str| operators.contains(name);
    let never = coverage.missing(features).into_iter();
    let never = never.filter(tested).map(|name| (name, "runs".to_owned()));
    let cases = coverage.missing_cases(features).into_iter();
    let cases = cases.filter(|(name, _)| tested(name));
    let cases = cases.map(|(name, case)| match case {
        Case::Way(way) => (name, format!("{way:?}")),
        Case::Trap(trap) => (name, format!("{trap:?}")),
    });
    never.chain(cases).collect()
}

#[test]
fn corners_are_hit() {
    TABLES.iter().for_each(are_hit);
}

fn are_hit(table: &Table) {
    let Table {
        name,
        operators,
        special,
        unreachable,
    } = table;
    let generator = find(name).expect("there is such a generator");
    let mut engine = ReferenceEngine::new().with_coverage();
    let all = missing(operators, &OpcodeCoverage::default()).len();
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for number in 0..CASES {
        let (_, draft) = case(generator, number);
        let program = draft.finish().expect("it can be made ready").program;
        engine.run(&program).expect("the interpreter does not fail");
        for corner in draft.met {
            *counts.entry(corner).or_default() += 1;
        }
    }
    let met: BTreeSet<_> = counts.keys().copied().collect();
    let table: BTreeSet<(&str, &str)> = special
        .iter()
        .flat_map(|(operator, cases)| cases.iter().map(|case| (*operator, *case)))
        .collect();
    let unknown: Vec<_> = met.difference(&table).collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
    let coverage = engine.coverage().expect("it is recorded");
    let mut left = missing(operators, coverage);
    let special = table.difference(&met);
    left.extend(special.map(|(operator, case)| (*operator, (*case).to_owned())));
    let excused = |(operator, case): &(&str, String)| {
        unreachable
            .iter()
            .any(|(of, what, _)| of == operator && what == case)
    };
    let cells = all + table.len();
    println!(
        "{name}: {} of {cells} cells hit in {CASES} cases, {} unreachable",
        cells - left.len(),
        unreachable.len(),
    );
    for (operator, case, why) in *unreachable {
        let cell = (*operator, (*case).to_owned());
        assert!(left.contains(&cell), "{cell:?} is reached: {why}");
    }
    left.retain(|cell| !excused(cell));
    let mut rarest: Vec<_> = counts
        .into_iter()
        .map(|(cell, count)| (count, cell))
        .collect();
    rarest.sort_unstable();
    rarest.truncate(RAREST);
    println!("rarest: {rarest:?}");
    println!("never: {left:?}");
    assert!(left.is_empty());
}
