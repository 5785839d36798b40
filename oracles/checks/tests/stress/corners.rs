//! Which corners of the instructions under test the cases hit: by the reference interpreter's
//! evidence where it has any, and by the model's.

use crate::common::case;
use assay_engine::{Engine, Features};
use assay_generators::stress::{exception_ops, find, gc_ops, gc_x_exceptions, stacks};
use assay_reference::{Case, OpcodeCoverage, ReferenceEngine};
use std::collections::{BTreeMap, BTreeSet};

/// How many cases are run at least, to see which cells are rare, and at most, while a cell is left.
const ENOUGH: u64 = 6_000;
const MOST: u64 = 100_000;

/// How many of the cells that are hit are told, those in the fewest cases first.
const RAREST: usize = 8;

/// The table of a generator.
struct Table {
    name: &'static str,
    operators: &'static [&'static str],
    special: &'static [(&'static str, &'static [&'static str])],
    unreachable: &'static [(&'static str, &'static str, &'static str)],
}

impl Table {
    fn special(&self) -> BTreeSet<(&'static str, &'static str)> {
        let rows = self.special.iter();
        rows.flat_map(|(operator, cases)| cases.iter().map(|case| (*operator, *case)))
            .collect()
    }
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
    let generator = find(table.name).expect("there is such a generator");
    let mut hits = Hits::new();
    while hits.cases < ENOUGH || (hits.cases < MOST && !hits.left(table).is_empty()) {
        let (_, draft) = case(generator, hits.cases);
        let program = draft.finish().expect("it can be made ready").program;
        let run = hits.engine.run(&program);
        run.expect("the interpreter does not fail");
        hits.note(draft.met);
    }
    let all = hits.all(table);
    let left = hits.left(table);
    println!(
        "{}: {} of {all} cells hit in {} cases, {} unreachable",
        table.name,
        all - left.len() - table.unreachable.len(),
        hits.cases,
        table.unreachable.len(),
    );
    println!("rarest: {:?}", hits.rarest());
    println!("never: {left:?}");
    assert!(left.is_empty());
}

/// What cases have hit.
struct Hits {
    engine: ReferenceEngine,
    cases: u64,
    /// In how many cases each special case was met, by the model.
    met: BTreeMap<(&'static str, &'static str), u32>,
}

impl Hits {
    fn new() -> Self {
        Self {
            engine: ReferenceEngine::new().with_coverage(),
            cases: 0,
            met: BTreeMap::new(),
        }
    }

    fn note(&mut self, met: impl IntoIterator<Item = (&'static str, &'static str)>) {
        self.cases += 1;
        for corner in met {
            *self.met.entry(corner).or_default() += 1;
        }
    }

    /// How many cells there are.
    fn all(&self, table: &Table) -> usize {
        missing(table.operators, &OpcodeCoverage::default()).len() + table.special().len()
    }

    /// The cells that no case has hit and that can be. What is marked as unreachable must not be hit,
    /// and what is met must be in the table.
    fn left(&self, table: &Table) -> Vec<(&'static str, String)> {
        let special = table.special();
        let met: BTreeSet<_> = self.met.keys().copied().collect();
        let unknown: Vec<_> = met.difference(&special).collect();
        assert!(unknown.is_empty(), "not in the table: {unknown:?}");
        let coverage = self.engine.coverage().expect("it is recorded");
        let mut left = missing(table.operators, coverage);
        let never = special.difference(&met);
        left.extend(never.map(|(operator, case)| (*operator, (*case).to_owned())));
        for (operator, case, why) in table.unreachable {
            let cell = (*operator, (*case).to_owned());
            let place = left.iter().position(|it| *it == cell);
            left.remove(place.unwrap_or_else(|| panic!("{cell:?} is reached: {why}")));
        }
        left
    }

    /// The cells of the model that are hit, those in the fewest cases first.
    fn rarest(&self) -> Vec<(u32, (&'static str, &'static str))> {
        let counts = self.met.iter().map(|(&cell, &count)| (count, cell));
        let mut rarest: Vec<_> = counts.collect();
        rarest.sort_unstable();
        rarest.truncate(RAREST);
        rarest
    }
}
