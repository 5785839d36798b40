//! Faults planted in an engine are caught by the answers alone, and what shows them shrinks to a
//! few operations.

use crate::common::{case, run};
use assay_checks::{Fault, FaultyEngine};
use assay_generators::stress::{STRESS, StressGenerator};
use assay_reference::ReferenceEngine;

/// The faults that a generator's cases must show, by its name.
const FAULTS: &[(&str, &[Fault])] = &[
    (
        "gc_ops",
        &[
            Fault::ResultBit,
            Fault::TrapSwallowed,
            Fault::TrapKind,
            Fault::Payload,
            Fault::TableWrite,
            Fault::RefTest,
            Fault::HeapWrite,
            Fault::HeapSign,
            Fault::Identity,
            Fault::BulkWrite,
            Fault::ArrayLength,
            Fault::Rethrow,
            Fault::ObjectEarly,
            Fault::ObjectTwice,
            Fault::ObjectLost,
        ],
    ),
    (
        "exception_ops",
        &[
            Fault::ResultBit,
            Fault::TrapSwallowed,
            Fault::TrapKind,
            Fault::Payload,
            Fault::Tag,
            Fault::GlobalWrite,
            Fault::ClauseOrder,
            Fault::CatchAll,
            Fault::Rethrow,
        ],
    ),
    (
        "gc_x_exceptions",
        &[
            Fault::ResultBit,
            Fault::TrapSwallowed,
            Fault::Payload,
            Fault::Tag,
            Fault::GlobalWrite,
            Fault::TableWrite,
            Fault::HeapWrite,
            Fault::Identity,
            Fault::ClauseOrder,
            Fault::CatchAll,
            Fault::Rethrow,
        ],
    ),
    (
        "host_calls",
        &[
            Fault::ResultBit,
            Fault::TrapSwallowed,
            Fault::TrapKind,
            Fault::HostValue,
            Fault::HostSwallow,
            Fault::HostAgain,
            Fault::HostWrite,
            Fault::HostInterrupt,
        ],
    ),
    (
        "stacks",
        &[
            Fault::ResultBit,
            Fault::TrapSwallowed,
            Fault::TrapKind,
            Fault::Payload,
            Fault::Tag,
            Fault::GlobalWrite,
            Fault::CatchAll,
            Fault::Rethrow,
        ],
    ),
];

/// Within how many cases each of them must be caught, and how many are counted.
const SOON: u64 = 100;
const CASES: u64 = 400;

/// How many findings of each generator are shrunk, and the most operations that the middle one may keep.
const SHRUNK: usize = 50;
const OPERATIONS: usize = 12;

fn faults() -> impl Iterator<Item = (&'static StressGenerator, Fault)> {
    let of = |generator: &'static StressGenerator| {
        let row = FAULTS.iter().find(|(name, _)| *name == generator.name);
        let (_, faults) = row.expect("each generator has a row");
        faults.iter().map(move |&fault| (generator, fault))
    };
    STRESS.iter().flat_map(of)
}

fn faulty(fault: Fault) -> FaultyEngine {
    FaultyEngine::new(Box::new(ReferenceEngine::new()), fault)
}

#[test]
fn each_fault_is_caught() {
    for (generator, fault) in faults() {
        let mut engine = faulty(fault);
        let shows = |number: &u64| run(&mut engine, &case(generator, *number).1).1.is_some();
        let caught: Vec<u64> = (0..CASES).filter(shows).collect();
        let count = caught.len();
        let name = (generator.name, fault.name());
        let first = caught.first().copied();
        println!("{name:?}: in {count} of {CASES} cases, first in case {first:?}");
        assert!(first.is_some_and(|first| first < SOON), "{name:?}");
    }
}

#[test]
fn findings_shrink_to_a_few_operations() {
    for generator in STRESS {
        let faults: Vec<Fault> = faults()
            .filter(|(of, _)| of.name == generator.name)
            .map(|(_, fault)| fault)
            .collect();
        let each = SHRUNK.div_ceil(faults.len());
        let shrunk = faults
            .iter()
            .flat_map(|&fault| shrunk(generator, fault, each));
        let mut lengths: Vec<usize> = shrunk.collect();
        lengths.sort_unstable();
        let (name, count) = (generator.name, lengths.len());
        let median = lengths[count / 2];
        println!("{name}: {count} findings, median {median} operations: {lengths:?}");
        assert!(count >= SHRUNK, "{name}");
        assert!(median <= OPERATIONS, "{name}");
    }
}

/// Shrinks so many findings of a fault, and gives how many operations are left of each.
fn shrunk(generator: &StressGenerator, fault: Fault, count: usize) -> Vec<usize> {
    let mut engine = faulty(fault);
    let mut lengths = Vec::new();
    for number in 0..CASES {
        let (case, draft) = case(generator, number);
        let (_, Some(difference)) = run(&mut engine, &draft) else {
            continue;
        };
        let kind = difference.what.kind();
        let mut shows = |draft: &_| {
            let (_, difference) = run(&mut engine, draft);
            difference.is_some_and(|difference| difference.what.kind() == kind)
        };
        let small = case.shrunk(&mut shows);
        assert!(shows(&small.draft()), "the finding is lost");
        let (_, sound) = run(&mut ReferenceEngine::new(), &small.draft());
        assert_eq!(sound, None, "what is left is no case");
        lengths.push(small.names().len());
        println!("{}: {:?}", fault.name(), small.names());
        if lengths.len() == count {
            break;
        }
    }
    lengths
}
