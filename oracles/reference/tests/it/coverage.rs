//! What a store records of what it runs.

use crate::fixture::{World, module};
use assay_engine::{Features, Trap};
use assay_reference::{Case, Config, OpcodeCoverage, Store, Val, Way};

/// Traps, casts that succeed and fail, accesses around the end of the memory, clauses.
const ALL_SORTS: &str = r#"(module
    (memory 1)
    (tag $a (param i32)) (tag $b)
    (type $struct (struct (field i32)))
    (func (export "load") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func (export "copy") (param i32 i32 i32)
        (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "divide") (param i32 i32) (result i32)
        (i32.div_s (local.get 0) (local.get 1)))
    (func (export "if") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then nop (i32.const 1))
            (else (block) (i32.const 2))))
    (func (export "table") (param i32) (result i32)
        (block (block (br_table 0 1 (local.get 0))) (return (i32.const 1)))
        (i32.const 2))
    (func $make (param i32) (result anyref)
        (if (i32.eqz (local.get 0)) (then (return (ref.null any))))
        (if (i32.eq (local.get 0) (i32.const 1))
            (then (return (struct.new $struct (i32.const 7)))))
        (ref.i31 (local.get 0)))
    (func (export "cast") (param i32) (result i32)
        (struct.get $struct 0 (ref.cast (ref null $struct) (call $make (local.get 0)))))
    (func (export "br_on_cast") (param i32) (result i32)
        (block $is (result (ref i31))
            (drop (br_on_cast $is anyref (ref i31) (call $make (local.get 0))))
            (return (i32.const -1)))
        i31.get_s)
    (func $throw (param i32)
        (if (local.get 0) (then (throw $a (i32.const 1))) (else (throw $b))))
    (func (export "catch") (param i32)
        (block $all
            (block $a (result i32 exnref)
                (try_table (catch_ref $a $a) (catch_all $all) (call $throw (local.get 0)))
                (return))
            drop drop))
    (func (export "pass") (param i32) (result i32)
        (block $a (result i32)
            (try_table (result i32) (catch $a $a)
                (call $throw (local.get 0)) (i32.const 0)))))"#;

fn world(text: &str) -> World {
    let config = Config {
        coverage: true,
        ..Config::default()
    };
    World::with(config, text)
}

/// What these calls of [`ALL_SORTS`] have run, whatever they gave.
fn covered(calls: &[(&str, &[u32])]) -> OpcodeCoverage {
    let mut world = world(ALL_SORTS);
    for (export, args) in calls {
        let args: Vec<Val> = args.iter().map(|&arg| Val::I32(arg)).collect();
        drop(world.call(export, &args));
    }
    world.store.coverage()
}

/// Runs, results, and ways of an operator.
fn of(coverage: &OpcodeCoverage, operator: &str) -> (u64, u64, Vec<(Way, u64)>) {
    let found = coverage.get(operator).cloned().unwrap_or_default();
    let ways = found.ways.iter().map(|(&way, &count)| (way, count));
    (found.runs, found.results(), ways.collect())
}

fn traps(coverage: &OpcodeCoverage, operator: &str) -> Vec<(Trap, u64)> {
    let found = coverage.get(operator).cloned().unwrap_or_default();
    found.traps.into_iter().collect()
}

#[test]
fn nothing_is_recorded_unasked() {
    let mut world = World::new(ALL_SORTS);
    world.call("if", &[Val::I32(0)]).expect("it returns");
    assert_eq!(world.store.coverage(), OpcodeCoverage::default());
}

#[test]
fn accesses_within_across_and_beyond_the_end() {
    let end = 65536;
    let starts = [0, end - 8, end - 7, end - 5, end - 4, u32::MAX];
    let calls = starts.map(|start| ("load", [start]));
    let calls: Vec<(&str, &[u32])> = calls
        .iter()
        .map(|(name, args)| (*name, &args[..]))
        .collect();
    let found = covered(&calls);
    let ways = vec![(Way::Within, 2), (Way::Straddling, 2), (Way::Beyond, 2)];
    assert_eq!(of(&found, "I32Load"), (6, 2, ways));
    let trap = Trap::OutOfBoundsMemoryAccess;
    assert_eq!(traps(&found, "I32Load"), [(trap, 4)]);

    let found = covered(&[("copy", &[0, end - 1, 2]), ("copy", &[end, 0, 0])]);
    let ways = vec![(Way::Within, 3), (Way::Straddling, 1)];
    assert_eq!(of(&found, "MemoryCopy"), (2, 1, ways));
}

#[test]
fn each_trap_is_counted_where_it_happened() {
    let min = 1 << 31;
    let found = covered(&[
        ("divide", &[1, 1]),
        ("divide", &[1, 0]),
        ("divide", &[min, u32::MAX]),
        ("divide", &[2, 0]),
    ]);
    assert_eq!(of(&found, "I32DivS"), (4, 1, vec![]));
    let expected = [(Trap::IntegerDivideByZero, 2), (Trap::IntegerOverflow, 1)];
    assert_eq!(traps(&found, "I32DivS"), expected);
    assert_eq!(traps(&found, "LocalGet"), []);
    let min_i32 = Case::Trap(Trap::IntegerOverflow);
    assert!(
        !found
            .missing_cases(Features::empty())
            .contains(&("I32DivS", min_i32))
    );
    assert!(
        found
            .missing_cases(Features::empty())
            .contains(&("I64DivS", min_i32))
    );
}

#[test]
fn casts_that_succeed_and_fail() {
    let found = covered(&[("cast", &[0]), ("cast", &[1]), ("cast", &[2])]);
    let ways = vec![(Way::Taken, 2), (Way::NotTaken, 1), (Way::Null, 1)];
    assert_eq!(of(&found, "RefCastNullable"), (3, 2, ways));
    assert_eq!(traps(&found, "RefCastNullable"), [(Trap::CastFailure, 1)]);
    assert_eq!(traps(&found, "StructGet"), [(Trap::NullReference, 1)]);

    let found = covered(&[
        ("br_on_cast", &[0]),
        ("br_on_cast", &[1]),
        ("br_on_cast", &[2]),
    ]);
    let ways = vec![(Way::Taken, 1), (Way::NotTaken, 2), (Way::Null, 1)];
    assert_eq!(of(&found, "BrOnCast"), (3, 3, ways));
}

#[test]
fn what_has_no_operation_counts_where_it_is_passed() {
    let then = covered(&[("if", &[1])]);
    assert_eq!(of(&then, "If"), (1, 1, vec![(Way::Taken, 1)]));
    assert_eq!(
        (
            of(&then, "Nop").0,
            of(&then, "Block").0,
            of(&then, "Else").0
        ),
        (1, 0, 0)
    );
    let otherwise = covered(&[("if", &[0])]);
    assert_eq!(of(&otherwise, "If"), (1, 1, vec![(Way::NotTaken, 1)]));
    let counts = (
        of(&otherwise, "Nop").0,
        of(&otherwise, "Block").0,
        of(&otherwise, "Else").0,
    );
    assert_eq!(counts, (0, 1, 1));

    let found = covered(&[("table", &[0]), ("table", &[1]), ("table", &[9])]);
    assert_eq!(
        of(&found, "BrTable"),
        (3, 3, vec![(Way::Taken, 1), (Way::Default, 2)])
    );
}

#[test]
fn clauses_that_catch_and_let_pass() {
    let found = covered(&[("catch", &[0]), ("catch", &[1]), ("catch", &[1])]);
    let ways = vec![(Way::CatchRef, 2), (Way::CatchAll, 1)];
    assert_eq!(of(&found, "TryTable"), (3, 3, ways));
    let found = covered(&[("pass", &[0]), ("pass", &[1])]);
    let ways = vec![(Way::Catch, 1), (Way::Passed, 1)];
    assert_eq!(of(&found, "TryTable"), (2, 2, ways));
    assert_eq!(found.get("Throw").map(|throw| throw.thrown), Some(2));
}

const LEGACY: &str = r#"(module (tag $a)
    (func (export "delegate") (result i32)
        try (result i32)
            try (result i32) throw $a delegate 0
        catch $a
            i32.const 1
        end))"#;

#[test]
fn legacy_clauses() {
    let mut world = world(LEGACY);
    assert_eq!(world.call("delegate", &[]), Ok(vec![Val::I32(1)]));
    let found = world.store.coverage();
    assert_eq!(of(&found, "Try"), (2, 2, vec![(Way::Catch, 1)]));
    assert_eq!(of(&found, "Delegate").2, [(Way::Taken, 1)]);
    assert_eq!(of(&found, "Catch").0, 1);
}

/// The ways of an operator after one call of `run` with each of these arguments.
fn ways_of(operator: &str, text: &str, calls: &[&[Val]]) -> Vec<(Way, u64)> {
    let mut world = world(text);
    for args in calls {
        drop(world.call("run", args));
    }
    of(&world.store.coverage(), operator).2
}

#[test]
fn what_guards_without_clauses_lets_pass() {
    let modern = r#"(module (tag $a) (func (export "run") (try_table (throw $a))))"#;
    assert_eq!(ways_of("TryTable", modern, &[&[]]), [(Way::Passed, 1)]);
    let legacy = r#"(module (tag $a) (func (export "run") try throw $a end))"#;
    assert_eq!(ways_of("Try", legacy, &[&[]]), [(Way::Passed, 1)]);
    // One that lets pass is no obstacle to what catches around it.
    let nested = r#"(module (tag $a) (func (export "run")
        try try throw $a end catch $a end))"#;
    let both = [(Way::Catch, 1), (Way::Passed, 1)];
    assert_eq!(ways_of("Try", nested, &[&[]]), both);
}

#[test]
fn growth_that_the_type_allows_and_forbids() {
    let memory = r#"(module (memory 1 3) (func (export "run") (param i32)
        (drop (memory.grow (local.get 0)))))"#;
    let calls: [&[Val]; 4] = [
        &[Val::I32(0)],
        &[Val::I32(2)],
        &[Val::I32(1)],
        &[Val::I32(9)],
    ];
    let ways = [(Way::Granted, 2), (Way::Refused, 2)];
    assert_eq!(ways_of("MemoryGrow", memory, &calls), ways);
    let table = r#"(module (table 1 3 funcref) (func (export "run") (param i32)
        (drop (table.grow (ref.null func) (local.get 0)))))"#;
    assert_eq!(ways_of("TableGrow", table, &calls), ways);
}

#[test]
fn exchanges_of_what_was_expected_and_of_what_was_not() {
    let text = r#"(module (memory 1) (func (export "run") (param i32 i32) (result i32)
        (i32.atomic.rmw16.cmpxchg_u (local.get 0) (local.get 1) (i32.const 5))))"#;
    let run = |address, expected| [Val::I32(address), Val::I32(expected)];
    let calls = [
        run(0, 0),
        run(0, 0),
        // Only as much of it counts as is exchanged.
        run(0, 0x1_0005),
        run(1, 0),
        run(0x10000, 0),
    ];
    let calls: Vec<&[Val]> = calls.iter().map(|call| &call[..]).collect();
    let ways = [
        (Way::Within, 4),
        (Way::Beyond, 1),
        (Way::Equal, 2),
        (Way::Unequal, 1),
    ];
    assert_eq!(ways_of("I32AtomicRmw16CmpxchgU", text, &calls), ways);
}

#[test]
fn constants_outside_of_functions_count() {
    let world = world(
        r#"(module (memory 1) (table 1 funcref)
            (global i32 (i32.const 1)) (global f64 (f64.const 1)) (global externref (ref.null extern))
            (global i32 (i32.add (i32.const 1) (i32.const 2)))
            (data (i32.const 0) "x") (elem (table 0) (i32.const 0) func))"#,
    );
    let found = world.store.coverage();
    let runs = |operator| of(&found, operator).0;
    assert_eq!(
        (runs("I32Const"), runs("F64Const"), runs("RefNull")),
        (5, 1, 1)
    );
    assert_eq!((runs("I32Add"), runs("End")), (1, 6));
}

#[test]
fn parts_make_a_whole_in_any_order() {
    let first = covered(&[("load", &[0]), ("divide", &[1, 0]), ("catch", &[0])]);
    let second = covered(&[("load", &[u32::MAX]), ("divide", &[1, 0]), ("cast", &[1])]);
    let merge = |a: &OpcodeCoverage, b: &OpcodeCoverage| {
        let mut both = a.clone();
        both.merge(b);
        both
    };
    let both = merge(&first, &second);
    assert_eq!(both, merge(&second, &first));
    assert_eq!(merge(&both, &OpcodeCoverage::default()), both);
    let trap = (Trap::IntegerDivideByZero, 2);
    assert_eq!(traps(&both, "I32DivS"), [trap]);
    assert_eq!(of(&both, "I32Load").2, [(Way::Within, 1), (Way::Beyond, 1)]);
}

#[test]
fn json_keeps_it() {
    let found = covered(&[("load", &[u32::MAX]), ("cast", &[0]), ("pass", &[0])]);
    let text = serde_json::to_string(&found).expect("it has a JSON form");
    assert!(text.contains(r#""I32Load":{"runs":1,"traps":{"out-of-bounds-memory-access":1}"#));
    assert_eq!(
        serde_json::from_str::<OpcodeCoverage>(&text).ok(),
        Some(found)
    );
}

#[test]
fn what_never_ran_is_missing() {
    let none = OpcodeCoverage::default();
    let all = none.missing(Features::all());
    let found = covered(&[("load", &[0])]);
    let missing = found.missing(Features::all());
    assert_eq!(all.len() - missing.len(), found.operators.len());
    assert!(all.contains(&"I32Load") && !missing.contains(&"I32Load"));
    let simd = none.missing(Features::SIMD);
    assert_eq!(simd.len() - none.missing(Features::empty()).len(), 236);
}

/// A store that records runs as one that does not, and spends as much.
#[test]
fn recording_changes_nothing() {
    let run = |coverage| {
        let mut store = Store::new(Config {
            coverage,
            ..Config::default()
        });
        let instance = store.instantiate(&mut (), &module(ALL_SORTS), &[]);
        let mut world = World {
            store,
            instance: instance.expect("it instantiates"),
        };
        let results = [0, 1, 2].map(|arg| world.call("br_on_cast", &[Val::I32(arg)]));
        (results, world.store.fuel())
    };
    assert_eq!(run(true), run(false));
}
