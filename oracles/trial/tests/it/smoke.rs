//! A few thousand inputs.

use assay_trial::{Kind, Summary, input, judge, module_of, run};
use std::collections::BTreeMap;

const SEED: u64 = 1;
const INPUTS: u64 = 1000;

#[test]
fn no_input_takes_the_interpreter_down() {
    let mut totals: BTreeMap<Kind, Summary> = BTreeMap::new();
    for number in 0..INPUTS {
        let Some(made) = module_of(&input(SEED, number)) else {
            continue;
        };
        let name = format!("seed {SEED} input {number}");
        let summary = judge(&name, &made.wasm, run)
            .unwrap_or_else(|fault| panic!("{name}, {}: {fault}", made.kind));
        let total = totals.entry(made.kind).or_default();
        total.calls += summary.calls;
        total.returned += summary.returned;
        total.hosted += summary.hosted;
        total.heap |= summary.heap;
    }
    println!("{totals:#?}");
    for kind in [Kind::Smith, Kind::Mutated] {
        let total = totals[&kind];
        let enough = total.calls > 2000 && total.returned > 200 && total.hosted > 50 && total.heap;
        assert!(enough, "{kind}: {total:?}");
    }
    assert!(totals[&Kind::Deep].calls > 100, "{totals:?}");
    assert!(totals.contains_key(&Kind::Raw));
}

#[test]
fn an_input_is_one_module() {
    for number in 0..50 {
        let [a, b] = [0, 1].map(|_| module_of(&input(SEED, number)).map(|made| made.wasm));
        assert_eq!(a, b);
    }
    assert_ne!(input(1, 2), input(2, 1));
}
