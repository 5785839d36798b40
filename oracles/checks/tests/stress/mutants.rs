//! Faults seeded into the reference interpreter, one at a time, are seen by the answers alone.
//!
//!     cargo test -p assay-checks --features mutants --test stress_mutants -- --nocapture

mod common;

use assay_checks::Comparison;
use assay_checks::answer::judge;
use assay_checks::differential::Side;
use assay_engine::{Engine, Outcome};
use assay_generators::Draft;
use assay_generators::stress::{StressGenerator, find};
use assay_reference::ReferenceEngine;
use assay_reference::mutants::{Mutant, with};
use common::case;

/// How many cases are run for each mutant, and how many at most for one that none of them sees.
const CASES: u64 = 1500;
const MOST: u64 = 10_000;

/// The families of mutants that the cases of a generator must see.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "gc_ops",
        &["reference", "structures and arrays", "collector"],
    ),
    ("exception_ops", &["exceptions"]),
    ("gc_x_exceptions", &["collector"]),
];

/// Those of other families that they must see.
const OTHERS: &[(&str, &[Mutant])] = &[
    (
        "gc_ops",
        &[
            Mutant::SubtypeOfParent,
            Mutant::CanonicalPosition,
            Mutant::CanonicalFinality,
            Mutant::TableGrowUnlimited,
            Mutant::TableGrowOfNull,
            Mutant::RethrowForgets,
            Mutant::BranchOnNullKeeps,
            Mutant::BranchOnCastOfNull,
            Mutant::TableInitOffByOne,
            Mutant::ElementDropIgnored,
            Mutant::DataDropIgnored,
            Mutant::PayloadReversed,
            Mutant::CatchAllRefOfNull,
            Mutant::ResultsSwapped,
        ],
    ),
    (
        "exception_ops",
        &[
            Mutant::ResultsSwapped,
            Mutant::StartIgnored,
            Mutant::ForgetStack,
            Mutant::ForgetGlobals,
            Mutant::ForgetTables,
            Mutant::ForgetPayloads,
        ],
    ),
    (
        "gc_x_exceptions",
        &[
            Mutant::TagByType,
            Mutant::LastClause,
            Mutant::PayloadReversed,
            Mutant::PayloadTruncated,
            Mutant::OuterHandler,
            Mutant::StaleLocal,
            Mutant::StackBelowLost,
            Mutant::RethrowForgets,
            Mutant::CatchAllRefOfNull,
            Mutant::HandlerEndsEarly,
            Mutant::PackedFieldUnsigned,
        ],
    ),
];

/// Those of the families above that they cannot see, and why.
const UNSEEN: &[(&str, Mutant, &str)] = &[
    (
        "gc_x_exceptions",
        Mutant::ForgetSegments,
        "it has no segments",
    ),
    (
        "exception_ops",
        Mutant::RethrowInnermost,
        "an instruction of the proposal before the standard",
    ),
    (
        "exception_ops",
        Mutant::DelegateInnermost,
        "an instruction of the proposal before the standard",
    ),
];

/// How long the interpreter may take for a case, so that a mutant that loops comes to an end.
const TIME_MS: u32 = 60;

/// Whether a case does not come to its answers: by a fault of the interpreter's, if need be.
fn is_seen(engine: &mut ReferenceEngine, draft: &Draft) -> bool {
    let mut finished = draft.finish().expect("a stress case can be made ready");
    finished.program.limits.time_ms = TIME_MS;
    let Ok(transcript) = engine.run(&finished.program) else {
        return true;
    };
    let verdict = judge(
        &finished.program,
        &finished.answers,
        &transcript,
        Side::Subject,
    );
    verdict.end != Comparison::Equal
}

fn is_exhausted(answer: &Outcome) -> bool {
    matches!(answer, Outcome::Exhausted(_))
}

/// A case of this number that ends before its engine does: what runs until the stack ends takes longer
/// than a case may here.
fn ending(generator: &StressGenerator, number: u64) -> Option<Draft> {
    let (_, draft) = case(generator, number);
    (!draft.answers.iter().any(is_exhausted)).then_some(draft)
}

/// In how many of the cases a mutant is seen; where it is in none, whether in another one.
fn seen(generator: &StressGenerator, drafts: &[Draft], mutant: Mutant, excused: bool) -> usize {
    let mut engine = ReferenceEngine::new().with_objects_per_collection(1);
    with(Some(mutant), || {
        let seen = drafts.iter().filter(|draft| is_seen(&mut engine, draft));
        let seen = seen.count();
        if seen > 0 || excused {
            return seen;
        }
        let mut others = (CASES..MOST).filter_map(|number| ending(generator, number));
        usize::from(others.any(|draft| is_seen(&mut engine, &draft)))
    })
}

#[test]
fn each_mutant_is_seen() {
    for (name, families) in FAMILIES {
        let generator = find(name).expect("there is such a generator");
        let others = OTHERS.iter().filter(|(of, _)| of == name);
        let others: Vec<Mutant> = others.flat_map(|(_, all)| all.iter().copied()).collect();
        let drafts = (0..CASES).filter_map(|number| ending(generator, number));
        let drafts: Vec<Draft> = drafts.collect();
        let mut whole = ReferenceEngine::new().with_objects_per_collection(1);
        assert!(!drafts.iter().any(|draft| is_seen(&mut whole, draft)));
        println!("{name}: {} of {CASES} cases end", drafts.len());
        let wanted =
            |mutant: &Mutant| families.contains(&mutant.family()) || others.contains(mutant);
        let mut alive = Vec::new();
        for &mutant in Mutant::ALL.iter().filter(|mutant| wanted(mutant)) {
            let is_this = |(of, one, _): &(&str, Mutant, &str)| of == name && *one == mutant;
            let excused = UNSEEN.iter().any(is_this);
            let seen = seen(generator, &drafts, mutant, excused);
            println!("{name}: {mutant:?} ({}): in {seen} cases", mutant.about());
            if (seen == 0) != excused {
                alive.push(mutant);
            }
        }
        assert!(alive.is_empty(), "{name}: {alive:?}");
    }
}
