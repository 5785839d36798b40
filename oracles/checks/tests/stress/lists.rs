//! Lists of operations: what is in them, and that any list means a case.

use crate::common::{case, run};
use assay_generators::stress::{STRESS, StressCase};
use assay_reference::ReferenceEngine;
use std::collections::BTreeMap;

/// How many cases are generated, and how many are taken apart.
const CASES: u64 = 1500;
const CHANGED: u64 = 300;

#[test]
fn each_operation_occurs() {
    for generator in STRESS {
        let mut counts = BTreeMap::new();
        for number in 0..CASES {
            for name in case(generator, number).0.names() {
                *counts.entry(name).or_insert(0) += 1;
            }
        }
        let operations = (generator.operations)();
        let mut missing = operations.iter().filter(|name| !counts.contains_key(*name));
        println!("{}: {counts:?} in {CASES} cases", generator.name);
        assert_eq!(missing.next(), None, "{}", generator.name);
    }
}

/// What was generated is what repair makes of it: to shrink begins with the very case.
#[test]
fn repair_changes_nothing_that_is_whole() {
    for generator in STRESS {
        for number in 0..CHANGED {
            let (case, draft) = case(generator, number);
            let again = case.with_only(&mut |_| true);
            assert_eq!(format!("{case:?}"), format!("{again:?}"));
            assert_eq!(again.draft().wasm, draft.wasm, "case {number}");
            assert_eq!(again.draft().answers, draft.answers, "case {number}");
        }
    }
}

#[test]
fn whatever_goes_what_is_left_is_a_case() {
    let mut engine = ReferenceEngine::new().with_objects_per_collection(1);
    let mut check = |case: &dyn StressCase, which: &str| {
        let (_, difference) = run(&mut engine, &case.draft());
        assert_eq!(difference, None, "{which}: {case:?}");
    };
    for generator in STRESS {
        for number in 0..CHANGED {
            let (case, _) = case(generator, number);
            for n in [2, 3, 5] {
                let without = case.with_only(&mut |place| place % n != 1);
                check(without.as_ref(), "without some");
                let only = case.with_only(&mut |place| place % n == 1);
                check(only.as_ref(), "with only some");
            }
        }
    }
}

#[test]
fn whatever_changes_it_stays_a_case() {
    let mut engine = ReferenceEngine::new().with_objects_per_collection(1);
    for generator in STRESS {
        let mut changed = 0;
        for number in 0..CHANGED {
            let (case, draft) = case(generator, number);
            let mutated = case.mutated(number, 1 + number as u32 % 8);
            let mutant = mutated.draft();
            changed += usize::from(mutant.wasm != draft.wasm);
            let (_, difference) = run(&mut engine, &mutant);
            assert_eq!(difference, None, "case {number}: {mutated:?}");
        }
        println!("{}: {changed} of {CHANGED} modules changed", generator.name);
        assert!(changed as u64 > CHANGED / 2);
    }
}
