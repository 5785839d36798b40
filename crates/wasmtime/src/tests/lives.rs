//! What becomes of the host's objects is told, under each collector.

use super::support::{calling, engine_in, hosted, import};
use crate::configuration::{Collections, Collector, ZEALOUS};
use crate::{Compiler, Configuration};
use assay_engine::{Action, Drops, FIRST_FRESH, Garbage, Host, HostFunction, Program, Slot, drive};
use std::num::NonZeroU32;

/// One object that a global holds, one that is forgotten, and one on a cycle that is.
fn program() -> Program {
    let host = HostFunction {
        label: "make".into(),
        params: Vec::new(),
        results: vec![Slot::Extern],
        actions: vec![Action::Fresh],
    };
    let fields = format!(
        r#"
        (import {} (func $make (result externref)))
        (type $node (struct (field (mut (ref null $node))) (field externref)))
        (global $kept (mut externref) (ref.null extern))
        (func (export "f") (local $node (ref null $node))
            (global.set $kept (call $make))
            (drop (call $make))
            (local.set $node (struct.new $node (ref.null $node) (call $make)))
            (struct.set $node 0 (local.get $node) (local.get $node)))"#,
        import(0)
    );
    let host = Host {
        seed: 1,
        functions: vec![host],
    };
    hosted(calling(&fields, &[]), host)
}

fn drops(collector: Collector, asynchronous: bool) -> Drops {
    let mut configuration = Configuration::of(Compiler::Cranelift);
    configuration.gc.collector = collector;
    configuration.entry.async_stacks = asynchronous;
    let run = drive(&mut engine_in(configuration), &program()).expect("the engine runs it");
    let mut drops = run.drops.expect("it is told");
    drops.collected.sort_unstable();
    drops.given_up.sort_unstable();
    drops
}

#[test]
fn each_collector_finds_what_it_says() {
    const KEPT: u32 = FIRST_FRESH;
    const FORGOTTEN: u32 = FIRST_FRESH + 1;
    const ON_CYCLE: u32 = FIRST_FRESH + 2;
    let rows = [
        (
            Collector::Copying,
            Garbage::All,
            vec![FORGOTTEN, ON_CYCLE],
            vec![KEPT],
        ),
        (
            Collector::Drc,
            Garbage::Acyclic,
            vec![FORGOTTEN],
            vec![KEPT, ON_CYCLE],
        ),
        (
            Collector::Null,
            Garbage::None,
            Vec::new(),
            vec![KEPT, FORGOTTEN, ON_CYCLE],
        ),
    ];
    for (collector, finds, collected, given_up) in rows {
        let expected = Drops {
            finds,
            collected,
            given_up,
            alive: None,
        };
        for asynchronous in [false, true] {
            assert_eq!(drops(collector, asynchronous), expected, "{collector:?}");
        }
    }
}

const FORGETS_FIRST: &str =
    "(drop (call $make)) (drop (struct.new $empty)) (global.set $kept (call $make))";
const FORGETS_LAST: &str =
    "(global.set $kept (call $make)) (drop (call $make)) (drop (struct.new $empty))";

/// Two objects, in this order: one is forgotten in the first call, the other one is kept until the second.
fn forgetting(first_call: &str) -> Program {
    let host = |label: &str, results, action| HostFunction {
        label: label.into(),
        params: Vec::new(),
        results,
        actions: vec![action],
    };
    let fields = format!(
        r#"
        (import {} (func $make (result externref)))
        (import {} (func $nothing))
        (type $empty (struct))
        (global $kept (mut externref) (ref.null extern))
        (func (export "f")
            (if (ref.is_null (global.get $kept))
                (then {first_call})
                (else (call $nothing) (global.set $kept (ref.null extern)))))"#,
        import(0),
        import(1)
    );
    let mut program = calling(&fields, &[]);
    program.calls.push(program.calls[0].clone());
    let host = Host {
        seed: 1,
        functions: vec![
            host("make", vec![Slot::Extern], Action::Fresh),
            host("nothing", Vec::new(), Action::Return),
        ],
    };
    hosted(program, host)
}

#[test]
fn an_embedder_collects_where_the_configuration_says() {
    const FORGOTTEN: u32 = FIRST_FRESH;
    const KEPT: u32 = FIRST_FRESH + 1;
    // One collection finds what was made last first.
    let rows = [
        (Collections::Never, [KEPT, FORGOTTEN]),
        (Collections::Calls, [FORGOTTEN, KEPT]),
        (Collections::HostCalls, [FORGOTTEN, KEPT]),
        (Collections::Everywhere, [FORGOTTEN, KEPT]),
    ];
    for (collections, expected) in rows {
        for asynchronous in [false, true] {
            let mut configuration = Configuration::of(Compiler::Cranelift);
            configuration.gc.collector = Collector::Copying;
            configuration.embedding.collections = collections;
            configuration.entry.async_stacks = asynchronous;
            let run = drive(&mut engine_in(configuration), &forgetting(FORGETS_FIRST));
            let drops = run.expect("the engine runs it").drops;
            let drops = drops.expect("it is told").collected;
            assert_eq!(drops, expected, "{collections:?}");
        }
    }
}

/// Zeal counts what WebAssembly allocates by a call of the runtime, as it does under reference counting; the
/// copying collector's code allocates by itself until its space is full.
#[test]
fn zeal_collects_at_allocations_in_builds_that_have_it() {
    let dropped_first = |collector, program, zeal| {
        let mut configuration = Configuration::of(Compiler::Cranelift);
        configuration.gc.collector = collector;
        configuration.gc.zeal = NonZeroU32::new(zeal);
        let configuration = configuration.normalised();
        let run = drive(&mut engine_in(configuration), &forgetting(program));
        let drops = run.expect("the engine runs it").drops;
        drops.expect("it is told").collected[0]
    };
    // By itself, the last collection drops what was made first first, or last with the copying collector.
    let (first, last) = (FIRST_FRESH, FIRST_FRESH + 1);
    let counting = |zeal| dropped_first(Collector::Drc, FORGETS_LAST, zeal);
    assert_eq!(counting(0), first);
    assert_eq!(counting(1), if ZEALOUS { last } else { first });
    let copying = |zeal| dropped_first(Collector::Copying, FORGETS_FIRST, zeal);
    assert_eq!([copying(0), copying(1)], [last; 2]);
}
