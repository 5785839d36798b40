//! Functions by values, by Rust types, and unchecked.

use super::support::{calling, engine_in, hosted, import, with_stack};
use crate::configuration::{Collections, Way};
use crate::embedding::signatures;
use crate::{Compiler, Configuration};
use assay_engine::{Action, Host, HostFunction, Program, Reference, Slot, Value, drive};

/// A program in which an export of this signature calls a function of the host's of the same one.
fn through(params: &[Slot], results: &[Slot]) -> Program {
    let types = |slots: &[Slot]| -> String {
        let name = |slot: &Slot| match slot {
            Slot::I32 => " i32",
            Slot::I64 => " i64",
            Slot::Extern => " externref",
        };
        slots.iter().map(name).collect()
    };
    let ty = format!("(param{}) (result{})", types(params), types(results));
    let gets: String = (0..params.len())
        .map(|local| format!("(local.get {local})"))
        .collect();
    let import = import(0);
    let fields = format!(
        r#"(import {import} (func $host {ty})) (func (export "f") {ty} {gets} (call $host))"#
    );
    let args = params
        .iter()
        .zip(1..)
        .map(|(slot, n): (_, u32)| match slot {
            Slot::I32 => Value::I32(n.wrapping_mul(0x9e37_79b9)),
            Slot::I64 => Value::I64(u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            Slot::Extern => Value::Ref(Reference::Extern(n)),
        });
    let args: Vec<_> = args.collect();
    let mut program = calling(&fields, &args);
    program.calls = vec![program.calls[0].clone(); 8];
    let function = HostFunction {
        label: "through".into(),
        params: params.to_vec(),
        results: results.to_vec(),
        actions: vec![
            Action::Return,
            Action::Collect,
            Action::Trap,
            Action::Call {
                export: "f".into(),
                args,
                failure: assay_engine::OnFailure::Swallow,
            },
        ],
    };
    let host = Host {
        seed: 5,
        functions: vec![function],
    };
    hosted(program, host)
}

#[test]
fn all_ways_are_the_same_for_all_signatures_of_the_table() {
    with_stack(|| {
        let ways = [Way::Untyped, Way::Typed, Way::Unchecked];
        let engines = ways.into_iter().flat_map(|way| {
            use Collections::{Everywhere, Never};
            let others = [
                (false, Never),
                (true, Never),
                (false, Everywhere),
                (true, Everywhere),
            ];
            others.map(|(stacks, collections)| {
                let mut configuration = Configuration::of(Compiler::Cranelift);
                configuration.entry.async_stacks = stacks;
                configuration.embedding.host_functions = way;
                configuration.embedding.calls = way;
                configuration.embedding.collections = collections;
                engine_in(configuration.normalised())
            })
        });
        let mut engines: Vec<_> = engines.collect();
        let mut count = 0;
        let other = (&[Slot::I32; 4][..], &[Slot::I64; 3][..]);
        for (params, results) in signatures().chain([other]) {
            let program = through(params, results);
            let mut runs = engines.iter_mut().map(|engine| drive(engine, &program));
            let first = runs.next().expect("an engine").expect("it runs");
            assert!(first.calls.iter().any(|step| step.host.len() > 1));
            for run in runs {
                assert_eq!(run.expect("it runs"), first, "{params:?} -> {results:?}");
            }
            count += 1;
        }
        assert!(count > 100, "{count} signatures");
    });
}
