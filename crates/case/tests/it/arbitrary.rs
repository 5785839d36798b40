//! Arbitrary cases, as far as the rules of a case allow.

use crate::samples::{SAMPLES, sample};
use assay_case::{Case, EngineRecord, FindingRecord, Role, Seen};
use assay_engine::{
    Action, Answers, Call, FIRST_FRESH, Features, Frame, Host, HostCall, HostEffect, HostFunction,
    Limits, Lives, MemoryDigest, Module, Moment, OnFailure, Outcome, Phase, Program, Reference,
    Resource, Shim, Slot, Stack, State, Step, Stopped, Transcript, Trap, Traps, Value, names,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Text with all that a format may stumble over.
pub fn text() -> BoxedStrategy<String> {
    let awkward = select(vec![
        '"', '\'', '\\', '\n', '\r', '\t', '\0', ';', '#', '(', ')', '[', ']', '=', ' ', '\u{7f}',
        '\u{202e}', '\u{feff}', 'ä', '語', '😀',
    ]);
    let any = prop_oneof![any::<char>(), awkward, proptest::char::range('a', 'z')];
    vec(any, 0..12)
        .prop_map(|chars| chars.into_iter().collect())
        .boxed()
}

/// A value that a script can pass to a call.
pub fn argument() -> BoxedStrategy<Value> {
    prop_oneof![
        any::<u32>().prop_map(Value::I32),
        any::<u64>().prop_map(Value::I64),
        any::<u32>().prop_map(Value::F32),
        any::<u64>().prop_map(Value::F64),
        (1..=0x7f_ffffu32, any::<bool>())
            .prop_map(|(bits, sign)| Value::F32(bits | 0x7f80_0000 | u32::from(sign) << 31)),
        (1..=0xf_ffff_ffff_ffffu64, any::<bool>())
            .prop_map(|(bits, sign)| Value::F64(bits | 0x7ff << 52 | u64::from(sign) << 63)),
        select(vec![
            0.0f64,
            -0.0,
            1.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE,
            5e-324
        ])
        .prop_map(|x| Value::F64(x.to_bits())),
        any::<u128>().prop_map(Value::V128),
        Just(Value::Ref(Reference::Null)),
        any::<u32>().prop_map(|n| Value::Ref(Reference::Extern(n))),
    ]
    .boxed()
}

/// A value that a script can claim exactly.
fn slot_value() -> BoxedStrategy<Value> {
    let references = vec![
        Reference::Func,
        Reference::Struct,
        Reference::Array,
        Reference::Internal,
    ];
    prop_oneof![4 => argument(), 1 => select(references).prop_map(Value::Ref)].boxed()
}

/// Any value at all.
pub fn value() -> BoxedStrategy<Value> {
    let reference = prop_oneof![any::<i32>().prop_map(Reference::I31), Just(Reference::Exn)];
    prop_oneof![8 => slot_value(), 1 => reference.prop_map(Value::Ref)].boxed()
}

fn slots() -> BoxedStrategy<Vec<Slot>> {
    vec(select(vec![Slot::I32, Slot::I64, Slot::Extern]), 0..4).boxed()
}

fn action() -> BoxedStrategy<Action> {
    prop_oneof![
        Just(Action::Return),
        Just(Action::Collect),
        Just(Action::Fresh),
        Just(Action::Trap),
        (any::<u32>(), slots()).prop_map(|(tag, params)| Action::Throw { tag, params }),
        any::<[u32; 2]>().prop_map(|[memory, pages]| Action::GrowMemory { memory, pages }),
        any::<[u32; 2]>().prop_map(|[table, elements]| Action::GrowTable { table, elements }),
        (text(), vec(value(), 0..3), select(&OnFailure::ALL[..])).prop_map(
            |(export, args, failure)| Action::Call {
                export,
                args,
                failure,
            }
        ),
        (any::<[u32; 2]>(), any::<u64>()).prop_map(|([memory, address], value)| {
            Action::Exchange {
                memory,
                address,
                value,
            }
        }),
        Just(Action::Interrupt),
    ]
    .boxed()
}

fn host() -> BoxedStrategy<Host> {
    let function = (text(), slots(), slots(), vec(action(), 0..4)).prop_map(
        |(label, params, results, actions)| HostFunction {
            label,
            params,
            results,
            actions,
        },
    );
    (any::<u32>(), vec(function, 0..3))
        .prop_map(|(seed, functions)| Host { seed, functions })
        .boxed()
}

/// The samples, and bytes that are no module.
fn wasm() -> BoxedStrategy<Vec<u8>> {
    let name = select(SAMPLES).prop_map(|(name, _)| name);
    let sample = prop_oneof![4 => name, 1 => Just("shim")].prop_map(sample);
    prop_oneof![8 => sample, 1 => vec(any::<u8>(), 0..80)].boxed()
}

fn module() -> BoxedStrategy<Module> {
    (text(), wasm())
        .prop_map(|(name, wasm)| Module { name, wasm })
        .boxed()
}

fn shim() -> BoxedStrategy<Shim> {
    let shape = (0..3u32, 0..3u32, 0..3u32);
    (shape, vec(text(), 0..3), vec(text(), 0..4))
        .prop_map(|((ints, externs, results), functions, state)| Shim {
            ints,
            externs,
            results,
            functions,
            state,
        })
        .boxed()
}

/// A call of any export, among them what only a shim would be called by.
fn plain_call() -> BoxedStrategy<Call> {
    let call = (text(), vec(argument(), 0..4)).prop_map(|(export, args)| Call { export, args });
    let look = Just(Call {
        export: names::CALL.into(),
        args: Shim::default().look(),
    });
    prop_oneof![8 => call, 1 => look].boxed()
}

fn shim_call(shim: &Shim) -> BoxedStrategy<Call> {
    let number = prop_oneof![0..3u32, any::<u32>()]
        .prop_filter("it calls no function", |n| n & Shim::LOOK != Shim::LOOK)
        .prop_map(Value::I32);
    let int = any::<u64>().prop_map(Value::I64);
    let reference = option::of(any::<u32>())
        .prop_map(|n| Value::Ref(n.map_or(Reference::Null, Reference::Extern)));
    let ints = vec(int, shim.ints as usize);
    let externs = vec(reference, shim.externs as usize);
    (number, ints, externs)
        .prop_map(|(number, ints, externs)| Call {
            export: names::CALL.into(),
            args: [vec![number], ints, externs].concat(),
        })
        .boxed()
}

fn calls(shim: Option<&Shim>) -> BoxedStrategy<Vec<Call>> {
    vec(shim.map_or_else(plain_call, shim_call), 0..6).boxed()
}

fn program() -> BoxedStrategy<Program> {
    let limits = any::<[u32; 3]>().prop_map(|[time_ms, stack_bytes, gc_heap_bytes]| Limits {
        time_ms,
        stack_bytes,
        gc_heap_bytes,
    });
    let calls = option::of(shim()).prop_flat_map(|shim| (calls(shim.as_ref()), Just(shim)));
    (
        vec(module(), 1..4),
        host(),
        calls,
        (any::<[u32; 2]>(), any::<bool>()),
        limits,
    )
        .prop_map(
            |(modules, host, (calls, shim), ([memories, tags], stacks), limits)| Program {
                stacks,
                modules,
                host,
                calls,
                shim,
                memories,
                tags,
                limits,
            },
        )
        .boxed()
}

/// An outcome that is not a return.
fn failure() -> BoxedStrategy<Outcome> {
    let tag = prop_oneof![0..3u32, u32::MAX - 3..=u32::MAX];
    let resources = vec![
        Resource::Fuel,
        Resource::Time,
        Resource::Stack,
        Resource::Memory,
    ];
    prop_oneof![
        select(Trap::ALL).prop_map(|trap| Outcome::Trapped(trap.into())),
        subsequence(Trap::ALL, 0..4).prop_map(|traps| Outcome::Trapped(Traps::any_of(&traps))),
        (option::of(tag), vec(value(), 0..3))
            .prop_map(|(tag, payload)| Outcome::Threw { tag, payload }),
        Just(Outcome::Threw {
            tag: None,
            payload: vec![]
        }),
        select(resources).prop_map(Outcome::Exhausted),
        select(vec![Phase::Compile, Phase::Link]).prop_map(Outcome::Rejected),
    ]
    .boxed()
}

fn outcome() -> BoxedStrategy<Outcome> {
    prop_oneof![vec(value(), 0..4).prop_map(Outcome::Returned), failure()].boxed()
}

/// What a shim tells.
fn told(shim: &Shim) -> BoxedStrategy<Outcome> {
    (
        vec(slot_value(), shim.results as usize),
        option::of(0..3u32),
    )
        .prop_map(|(values, tag)| match tag {
            None => Outcome::Returned(values),
            tag => Outcome::Threw {
                tag,
                payload: values,
            },
        })
        .boxed()
}

fn stopped() -> BoxedStrategy<Stopped> {
    select(vec![Stopped::Trap, Stopped::Exception]).boxed()
}

fn host_calls() -> BoxedStrategy<Vec<HostCall>> {
    let effect = prop_oneof![
        Just(HostEffect::Returned),
        Just(HostEffect::Trapped),
        Just(HostEffect::Threw),
        option::of(any::<u64>()).prop_map(HostEffect::Grew),
        option::of(vec(value(), 0..3)).prop_map(HostEffect::Called),
        stopped().prop_map(HostEffect::Swallowed),
        stopped().prop_map(HostEffect::Again),
        option::of(any::<u64>()).prop_map(HostEffect::Exchanged),
    ];
    let call =
        (any::<u32>(), vec(value(), 0..3), effect).prop_map(|(import, args, effect)| HostCall {
            import,
            args,
            effect,
        });
    vec(call, 0..3).boxed()
}

fn stacks() -> BoxedStrategy<Vec<Stack>> {
    let frame = (
        option::of(any::<u32>()),
        any::<u32>(),
        option::of(any::<u32>()),
        any::<bool>(),
    )
        .prop_map(|(module, function, offset, gone)| Frame {
            module,
            function,
            offset,
            gone,
        });
    let moment = select(vec![Moment::HostCall, Moment::Trap, Moment::Exception]);
    let stack = (moment, vec(frame, 0..3)).prop_map(|(moment, frames)| Stack { moment, frames });
    vec(stack, 0..3).boxed()
}

/// A state with so many slots.
fn state(slots: usize) -> BoxedStrategy<State> {
    let memory =
        (any::<u64>(), any::<u32>()).prop_map(|(bytes, crc32)| MemoryDigest { bytes, crc32 });
    (vec(slot_value(), slots), vec(memory, 0..3))
        .prop_map(|(slots, memories)| State { slots, memories })
        .boxed()
}

/// A step with a state, or without one where the rules allow that.
fn step(outcome: BoxedStrategy<Outcome>, shim: Option<&Shim>) -> BoxedStrategy<Step> {
    let is_plain = shim.is_none();
    let state = state(shim.map_or(0, |shim| shim.state.len()));
    (outcome, host_calls(), stacks(), state, any::<bool>())
        .prop_map(move |(outcome, host, stacks, state, kept)| {
            let observed = !matches!(outcome, Outcome::Exhausted(_));
            let kept = if is_plain { observed } else { kept };
            Step {
                stacks,
                outcome,
                host,
                state: kept.then_some(state),
            }
        })
        .boxed()
}

/// A transcript of at most this many calls.
fn transcript(calls: usize, shim: Option<&Shim>) -> BoxedStrategy<Transcript> {
    let any_step = step(outcome(), shim);
    let of_call = match shim {
        Some(known) => prop_oneof![step(told(known), shim), any_step].boxed(),
        None => any_step,
    };
    let start = step(Just(Outcome::Returned(Vec::new())).boxed(), shim);
    let runs = (start, vec(of_call, 0..=calls)).prop_map(|(instantiation, calls)| Transcript {
        drops: None,
        instantiation,
        calls,
    });
    let fails = (failure(), host_calls()).prop_map(|(outcome, host)| Transcript {
        drops: None,
        instantiation: Step {
            stacks: Vec::new(),
            outcome,
            host,
            state: None,
        },
        calls: Vec::new(),
    });
    prop_oneof![3 => runs, 1 => fails].boxed()
}

fn table() -> BoxedStrategy<toml::Table> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(toml::Value::from),
        any::<i64>().prop_map(toml::Value::from),
        any::<f64>()
            .prop_filter("a NaN is not equal to itself", |x| !x.is_nan())
            .prop_map(toml::Value::from),
        text().prop_map(toml::Value::from),
    ];
    let inner = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(toml::Value::Array),
            vec((text(), inner), 0..3)
                .prop_map(|pairs| toml::Value::Table(pairs.into_iter().collect())),
        ]
    });
    vec((text(), inner), 0..4)
        .prop_map(|pairs| pairs.into_iter().collect())
        .boxed()
}

fn engine() -> BoxedStrategy<EngineRecord> {
    (any::<bool>(), text(), text(), option::of(table()))
        .prop_map(|(subject, name, version, configuration)| EngineRecord {
            role: if subject { Role::Subject } else { Role::Oracle },
            name,
            version,
            configuration,
        })
        .boxed()
}

fn finding() -> BoxedStrategy<FindingRecord> {
    let seen = (text(), text()).prop_map(|(engine, what)| Seen { engine, what });
    (text(), text(), vec(seen, 0..3))
        .prop_map(|(signature, what, seen)| FindingRecord {
            signature,
            what,
            seen,
        })
        .boxed()
}

fn answers() -> BoxedStrategy<Answers> {
    let objects = || vec(FIRST_FRESH..FIRST_FRESH + 9, 0..4);
    let lives = (0..9u32, objects(), objects(), option::of(0..9u32));
    let lives = lives.prop_map(|(made, reachable, on_cycles, alive)| Lives {
        made,
        reachable,
        alive,
        on_cycles,
    });
    let stacks = vec(stacks(), 0..3);
    (vec(outcome(), 0..3), stacks, option::of(lives))
        .prop_map(|(outcomes, stacks, lives)| Answers {
            outcomes,
            stacks,
            lives,
        })
        .boxed()
}

/// Any case that keeps the rules, with its modules as they came.
pub fn case() -> BoxedStrategy<Case> {
    let features = any::<u32>().prop_map(Features::from_bits_truncate);
    let programs = program().prop_flat_map(|program| {
        let transcript = transcript(program.calls.len(), program.shim.as_ref());
        (Just(program), option::weighted(0.8, transcript))
    });
    let origin = (text(), option::of(any::<u64>()), option::of(any::<u64>()));
    (
        origin,
        features,
        programs,
        (vec(engine(), 0..3), answers()),
        option::of(finding()),
    )
        .prop_map(
            |(
                (target, seed, index),
                features,
                (program, expected),
                (engines, answers),
                finding,
            )| Case {
                seed,
                index,
                engines,
                answers,
                expected,
                finding,
                ..Case::exact(target, features, program)
            },
        )
        .boxed()
}
