//! Arbitrary configurations: Wasmtime takes each, and runs what it claims.

use super::support::{call, calling, engine_in, hosted, import, last, module, with_stack};
use crate::configuration::{OptLevel, Pool, Way, ZEALOUS};
use crate::{Compiler, Configuration, ConfigurationError, WasmtimeEngine};
use arbitrary::Unstructured;
use assay_conformance::examine;
use assay_engine::{
    Action, Features, Host, HostFunction, OnFailure, Outcome, Program, Value, drive,
};

/// How many configurations of each compiler become an engine.
const ENGINES: u32 = 500;

/// How many of those go through all checks of the adapter.
const EXAMINED: u32 = 15;

/// How many configurations of each compiler run programs beside the default one.
const COMPARED: u32 = 40;

/// How many pools of each compiler hold the largest program.
const POOLED: u32 = 40;

/// Bytes from a seed: a linear congruential generator's upper bits.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(1024).collect()
}

fn arbitrary(compiler: Compiler, seed: u32) -> Configuration {
    let bytes = noise(seed);
    let configuration = Configuration::arbitrary_of(compiler, &mut Unstructured::new(&bytes));
    configuration.expect("bytes enough")
}

#[test]
fn wasmtime_takes_every_configuration() {
    for compiler in Compiler::ALL {
        for seed in 0..ENGINES {
            let configuration = arbitrary(compiler, seed);
            let text = configuration.to_toml().expect("it prints");
            assert_eq!(configuration.compiler, compiler);
            if let Err(error) = configuration.engine() {
                panic!("{error}\n{text}");
            }
        }
    }
}

#[test]
fn arbitrary_configurations_conform() {
    with_stack(|| {
        for compiler in Compiler::ALL {
            for seed in 0..EXAMINED {
                let configuration = arbitrary(compiler, seed + 10_000);
                let text = configuration.to_toml().expect("it prints");
                let report = examine(&mut engine_in(configuration));
                assert!(report.is_clean(), "{report}{text}");
            }
        }
    });
}

/// Programs that together use most of the runtime: growth, initial contents of memories and
/// tables, garbage, exceptions through the host.
fn programs() -> Vec<(Features, Program)> {
    let mut programs = Vec::new();
    let growing = r#"(memory (export "assay:memory:0") 1 16)
        (data (i32.const 1000) "abc") (data (i32.const 65000) "xyz")
        (table (export "assay:table:0") 5 1000 funcref) (elem (i32.const 2) $f $f)
        (func $f (export "f") (param i32) (result i32 i32 i32)
            (if (i32.lt_u (local.get 0) (i32.const 100))
                (then (drop (call_indirect (param i32) (result i32 i32 i32) (i32.const 1000) (i32.const 3)))
                    (drop) (drop)))
            (memory.grow (i32.const 3)) (table.grow 0 (ref.func $f) (i32.const 100))
            (i32.load8_u (local.get 0)))"#;
    let mut growing = calling(growing, &[Value::I32(1001)]);
    growing.memories = 1;
    growing
        .calls
        .extend([7, 65002, 300_000, 1 << 20].map(|at| call("f", &[Value::I32(at)])));
    programs.push((Features::empty(), growing));
    let garbage = r#"(type $l (struct (field $next (mut (ref null $l))) (field $n i32)))
        (func (export "f") (param i32) (result i32) (local $l (ref null $l)) (local $i i32)
            (loop $again
                (local.set $l (struct.new $l
                    (if (result (ref null $l)) (i32.and (local.get $i) (i32.const 31))
                        (then (local.get $l)) (else (ref.null $l)))
                    (local.get $i)))
                (br_if $again (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
            (local.set $i (i32.const 0))
            (block $end (loop $walk
                (br_if $end (ref.is_null (local.get $l)))
                (local.set $i (i32.add (local.get $i) (struct.get $l $n (local.get $l))))
                (local.set $l (struct.get $l $next (local.get $l)))
                (br $walk)))
            (local.get $i))"#;
    programs.push((Features::GC, calling(garbage, &[Value::I32(50_000)])));
    let import = import(0);
    let through = format!(
        r#"(import {import} (func $h (param i32))) (tag $t (export "assay:tag:0") (param i32))
           (func (export "g") (param i32) (throw $t (local.get 0)))
           (func (export "f") (param i32) (result i32) (block $b (result i32)
               (try_table (catch $t $b) (call $h (local.get 0))) (i32.const -1)))"#
    );
    let back = |x| Action::Call {
        export: "g".into(),
        args: vec![Value::I32(x)],
        failure: OnFailure::Onward,
    };
    let function = HostFunction {
        label: "h".into(),
        params: vec![assay_engine::Slot::I32],
        results: vec![],
        actions: vec![back(4), Action::Return, back(5)],
    };
    let mut through = calling(&through, &[Value::I32(1)]);
    through
        .calls
        .extend([2, 3].map(|x| call("f", &[Value::I32(x)])));
    through.tags = 1;
    let host = Host {
        seed: 3,
        functions: vec![function],
    };
    programs.push((Features::EXCEPTIONS, hosted(through, host)));
    programs
}

#[test]
fn a_configuration_changes_nothing_that_can_be_seen() {
    with_stack(|| {
        let programs = programs();
        let run = |configuration: &Configuration| {
            let features = configuration.features();
            let mut engine = engine_in(configuration.clone());
            let mut run = |program| drive(&mut engine, program).expect("it runs");
            let programs = programs.iter();
            let runs =
                programs.map(|(needs, program)| features.contains(*needs).then(|| run(program)));
            runs.collect::<Vec<_>>()
        };
        let expected = run(&Configuration::default());
        for compiler in Compiler::ALL {
            for seed in 0..COMPARED {
                let configuration = arbitrary(compiler, seed + 20_000);
                let text = configuration.to_toml().expect("it prints");
                for (seen, expected) in run(&configuration).into_iter().zip(&expected) {
                    assert!(
                        seen.is_none() || seen == *expected,
                        "{seen:#?}\n{expected:#?}\n{text}"
                    );
                }
            }
        }
    });
}

/// What a generator may ask for: two modules with four memories of 16 pages and four tables of
/// 1,000 elements each.
fn largest() -> Program {
    let memories = "(memory 1 16)".repeat(3) + r#"(memory $m (export "m") 1 16)"#;
    let tables = "(table 10 1000 funcref)".repeat(3) + r#"(table $t (export "t") 10 1000 funcref)"#;
    let grow = r#"(func (export "f") (result i32 i32)
        (drop (memory.grow $m (i32.const 15))) (drop (table.grow $t (ref.null func) (i32.const 990)))
        (memory.size $m) (table.size $t))"#;
    let mut program = calling(&format!("{memories} {tables} {grow}"), &[]);
    let first = format!("(module {memories} {tables})");
    program.modules.insert(0, module("first", &first));
    program
}

#[test]
fn every_pool_holds_the_largest_program() {
    let program = largest();
    for compiler in Compiler::ALL {
        for seed in 0..POOLED {
            let mut configuration = arbitrary(compiler, seed + 30_000);
            configuration.pool.get_or_insert_default();
            let configuration = configuration.normalised();
            let text = configuration.to_toml().expect("it prints");
            let mut engine = engine_in(configuration);
            for _ in 0..3 {
                let run = drive(&mut engine, &program).expect("it runs");
                let sizes = Outcome::Returned(vec![Value::I32(16), Value::I32(1000)]);
                assert_eq!(last(&run), sizes, "{text}");
            }
        }
    }
}

#[test]
fn configurations_print_and_read_back() {
    let mut lengths = Vec::new();
    for compiler in Compiler::ALL {
        for seed in 0..1_000 {
            let configuration = arbitrary(compiler, seed);
            let text = configuration.to_toml().expect("it prints");
            assert_eq!(
                Configuration::from_toml(&text).expect(&text),
                configuration,
                "{text}"
            );
            assert_eq!(configuration.clone().normalised(), configuration, "{text}");
            lengths.push(text.lines().count());
        }
    }
    let defaults = lengths.iter().filter(|&&lines| lines <= 1).count();
    assert!(
        defaults * 20 > lengths.len(),
        "some configurations are plain"
    );
    assert!(
        lengths.iter().any(|&lines| lines > 20),
        "some turn many knobs"
    );
}

#[test]
fn another_embedding_needs_no_other_engine() {
    let mut embeddings = std::collections::BTreeSet::new();
    for seed in 0..ENGINES {
        let configuration = arbitrary(Compiler::Cranelift, seed);
        let bytes = noise(seed + 1_000);
        let other = configuration.embedded(&mut Unstructured::new(&bytes));
        let other = other.expect("bytes enough");
        assert_eq!(other, other.clone().normalised());
        // Zeroing stacks is told only where there are any.
        let zeroing = configuration.entry.async_stack_zeroing;
        assert!(zeroing || other.engine_part() == configuration.engine_part());
        embeddings.insert(format!(
            "{:?} {}",
            other.embedding, other.entry.async_stacks
        ));
    }
    assert!(embeddings.len() > 20, "{embeddings:#?}");
    let plain = Configuration::default();
    let same = plain.embedded(&mut Unstructured::new(&[]));
    assert_eq!(same.expect("no input is input"), plain);
}

#[test]
fn what_was_compiled_is_shared_by_embeddings_alone() {
    let program = largest();
    let mut other = Configuration::default();
    other.embedding.calls = Way::Typed;
    other.entry.async_stacks = true;
    let mut optimised = other.clone();
    optimised.code.opt_level = OptLevel::None;
    for (configuration, shared) in [(other, true), (optimised, false)] {
        let mut first = WasmtimeEngine::sharing("first", Configuration::default(), None)
            .expect("wasmtime takes it");
        drive(&mut first, &program).expect("it runs");
        let mut second = WasmtimeEngine::sharing("second", configuration, Some(first.compiled()))
            .expect("wasmtime takes it");
        for module in &program.modules {
            assert_eq!(second.compiled().find(&module.wasm).is_some(), shared);
        }
        drive(&mut second, &program).expect("it runs");
    }
}

#[test]
fn no_input_is_the_default() {
    let configuration = Configuration::arbitrary_of(Compiler::Winch, &mut Unstructured::new(&[]));
    assert_eq!(
        configuration.expect("no input is input"),
        Configuration::of(Compiler::Winch)
    );
}

#[test]
fn only_what_differs_is_printed() {
    let mut configuration = Configuration::of(Compiler::Pulley);
    assert_eq!(
        configuration.to_toml().expect("it prints"),
        "compiler = \"pulley\"\n"
    );
    configuration.gc.may_move = Some(false);
    configuration.pool = Some(Pool::default());
    let text = "compiler = \"pulley\"\n\n[gc]\nmay-move = false\n\n[pool]\n";
    assert_eq!(configuration.to_toml().expect("it prints"), text);
    assert_eq!(Configuration::default().to_toml().expect("it prints"), "");
}

#[test]
fn what_this_build_of_wasmtime_cannot_is_refused() {
    let zealous = Configuration::from_toml("[gc]\nzeal = 2").expect("it can be written");
    let taken = match zealous.engine() {
        Ok(_) => true,
        Err(ConfigurationError::Refused(_)) => false,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(taken, ZEALOUS);
    let normalised = zealous.clone().normalised();
    assert_eq!(normalised == zealous, ZEALOUS);
    assert!(normalised.engine().is_ok());
}

#[test]
fn what_is_no_configuration_is_refused() {
    for text in [
        "compiler = \"llvm\"",
        "[code]\nfule = true",
        "[code]\nfuel = 1",
        "knob = 1",
        "]",
    ] {
        let error = Configuration::from_toml(text);
        assert!(matches!(error, Err(ConfigurationError::Text(_))), "{text}");
    }
    let winch = "compiler = \"winch\"\n[memory]\ntable-lazy-init = false";
    let winch = Configuration::from_toml(winch).expect("it can be written");
    assert!(matches!(
        winch.engine(),
        Err(ConfigurationError::Refused(_))
    ));
    assert!(winch.normalised().engine().is_ok());
}
