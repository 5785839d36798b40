//! What is run.

use super::Work;
use super::engines::{self, Number};
use arbitrary::Unstructured;
use assay_engine::{Call, Features, Value, names};
use assay_generators::{Draft, GENERATORS};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 1;

/// How many bytes a case is made from, as in a campaign.
const BYTES: std::ops::RangeInclusive<usize> = 1408..=3968;

/// How many calls are made of each.
const CALLS: usize = 5;

/// What wasmi runs, of what the generators make.
const FEATURES: Features = Features::SIMD
    .union(Features::REFERENCE_TYPES)
    .union(Features::TAIL_CALL)
    .union(Features::MULTI_MEMORY)
    .union(Features::MEMORY64)
    .union(Features::EXTENDED_CONST);

/// So many cases of the generators that import nothing.
pub fn generated(count: usize) -> Vec<Work> {
    let cases = (0..).filter_map(|number| Some((number, draft(number)?)));
    let works = cases.filter_map(|(number, draft)| work(number, draft));
    works.take(count).collect()
}

fn draft(number: u64) -> Option<Draft> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED << 32 | number);
    let mut bytes = vec![0; rng.random_range(BYTES)];
    rng.fill(&mut bytes[..]);
    let total: u32 = GENERATORS.iter().map(|generator| generator.weight).sum();
    let mut ticket = rng.random_range(0..total);
    let chosen = GENERATORS.iter().find(|generator| {
        let left = ticket.checked_sub(generator.weight);
        ticket = left.unwrap_or(0);
        left.is_none()
    });
    (chosen?.generate)(&mut Unstructured::new(&bytes), FEATURES).ok()
}

fn work(number: u64, draft: Draft) -> Option<Work> {
    let mut program = draft.finish().ok()?.program;
    let calls: Option<Vec<_>> = program.calls.iter().take(CALLS).map(numbers).collect();
    let alone = program.modules.len() == 1 && program.host.functions.is_empty();
    let wasm = program.modules.pop().filter(|_| alone)?.wasm;
    let calls = calls.filter(|calls| calls.len() == CALLS)?;
    engines::both_instantiate(&wasm).then(|| Work {
        name: format!("case {number}"),
        wasm,
        export: names::CALL,
        calls,
    })
}

/// The arguments of a call, where they are integers.
fn numbers(call: &Call) -> Option<Vec<Number>> {
    let number = |value: &Value| match *value {
        Value::I32(value) => Some(Number::I32(value)),
        Value::I64(value) => Some(Number::I64(value)),
        _ => None,
    };
    call.args.iter().map(number).collect()
}

/// The three loops, each called once.
pub fn loops() -> [Work; 3] {
    let work = |name: &str, text, argument| Work {
        name: name.into(),
        wasm: wat::parse_str(text).expect("the text is a module"),
        export: "run",
        calls: vec![vec![Number::I32(argument)]],
    };
    [
        work("fib", include_str!("fib.wat"), 24),
        work("sieve", include_str!("sieve.wat"), 200_000),
        work("matmul", include_str!("matmul.wat"), 60),
    ]
}
