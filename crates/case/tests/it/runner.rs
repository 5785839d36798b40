//! A script without host functions, read by another route: the parser's own types, as a runner
//! of scripts would take them.

use assay_case::Case;
use assay_engine::{
    Call, Features, MemoryDigest, Module, Outcome, Phase, Program, Resource, State, Step,
    Transcript, Trap, Traps, Value,
};
use expect_test::{Expect, expect};
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke};

/// Each directive of the script in one line. Modules are encoded, so that they are well-formed.
fn directives(script: &str) -> String {
    let buffer = ParseBuffer::new(script).expect("it lexes");
    let wast = parser::parse::<Wast<'_>>(&buffer).expect("it parses");
    wast.directives
        .into_iter()
        .map(|directive| directive_line(directive) + "\n")
        .collect()
}

fn directive_line(directive: WastDirective<'_>) -> String {
    use WastDirective as D;
    match directive {
        D::Module(module) => module_line(module),
        D::Register {
            name, module: None, ..
        } => format!("register {name:?}"),
        D::Invoke(invoke) => invoke_line(&invoke),
        D::AssertReturn { exec, results, .. } => format!("{} returns {results:?}", exec_line(exec)),
        D::AssertTrap { exec, message, .. } => format!("{} traps {message:?}", exec_line(exec)),
        D::AssertException { exec, .. } => format!("{} throws", exec_line(exec)),
        D::AssertExhaustion { call, message, .. } => {
            format!("{} exhausts {message:?}", invoke_line(&call))
        }
        D::AssertInvalid {
            module, message, ..
        } => {
            format!("{} is invalid {message:?}", module_line(module))
        }
        D::AssertMalformed {
            module, message, ..
        } => {
            format!("{} is malformed {message:?}", module_line(module))
        }
        D::AssertUnlinkable {
            module, message, ..
        } => {
            format!(
                "{} is unlinkable {message:?}",
                module_line(QuoteWat::Wat(module))
            )
        }
        other => panic!("no runner expects {other:?}"),
    }
}

fn module_line(mut module: QuoteWat<'_>) -> String {
    let bytes = module.encode().expect("it encodes");
    format!("module of {} bytes", bytes.len())
}

fn exec_line(exec: WastExecute<'_>) -> String {
    match exec {
        WastExecute::Invoke(invoke) => invoke_line(&invoke),
        WastExecute::Wat(wat) => module_line(QuoteWat::Wat(wat)),
        other => panic!("no runner expects {other:?}"),
    }
}

fn invoke_line(invoke: &WastInvoke<'_>) -> String {
    format!("{:?}{:?}", invoke.name, invoke.args)
}

const LIBRARY: &str = r#"(module (global (export "one") i32 (i32.const 1)))"#;

const MAIN: &str = r#"(module
    (import "library" "one" (global i32))
    (func (export "assay:observe") (result i32) (global.get 0))
    (func (export "assay:call:f") (param i32 i64 externref) (result i64 i64) (i64.const 1) (i64.const 2))
    (func (export "assay:catch:g") (result i32) (i32.const 0))
    (func (export "assay:catch:h") (param externref) (result i64 externref i32) unreachable)
    (func (export "assay:catch:unknown") (result f32 i32) unreachable)
    (func (export "assay:payload:1") (result i64 i32) (i64.const 0) (i32.const 0))
    (func (export "plain") (param f32 f64 v128 funcref (ref null array)) (result f32 f64 v128) unreachable))"#;

fn program(calls: Vec<Call>) -> Program {
    let module = |name: &str, wat| Module {
        name: name.into(),
        wasm: wat::parse_str(wat).unwrap(),
    };
    let modules = vec![module("library", LIBRARY), module("main", MAIN)];
    Program {
        modules,
        calls,
        memories: 1,
        ..Program::default()
    }
}

fn call(export: &str, args: Vec<Value>) -> Call {
    Call {
        export: export.into(),
        args,
        catches: export.starts_with("assay:catch:"),
    }
}

fn step(outcome: Outcome) -> Step {
    let memories = vec![MemoryDigest::of(b"x")];
    let state = State {
        slots: vec![Value::I32(u32::MAX)],
        memories,
    };
    Step {
        outcome,
        host: vec![],
        state: Some(state),
    }
}

fn check(start: Outcome, calls: Vec<(Call, Outcome)>, expected: Expect) {
    let (calls, outcomes): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    let instantiation = match start {
        Outcome::Returned(_) => step(start),
        outcome => Step {
            outcome,
            host: vec![],
            state: None,
        },
    };
    let steps = outcomes.into_iter().map(step);
    let runs = instantiation.state.is_some();
    let calls_expected = if runs { steps.collect() } else { vec![] };
    let mut case = Case::new("differential", Features::WASM3, program(calls));
    case.expected = Some(Transcript {
        instantiation,
        calls: calls_expected,
    });
    let script = case.to_wast().unwrap();
    expected.assert_eq(&directives(&script));
    let whole = case.to_single().unwrap();
    assert_eq!(Case::parse(&whole, "x".as_ref()).unwrap(), case, "{whole}");
    directives(&whole);
}

const STARTS: Outcome = Outcome::Returned(vec![]);

fn null() -> Value {
    Value::Ref(assay_engine::Reference::Null)
}

#[test]
fn returned_values_are_claimed_to_the_bit() {
    let numbers = vec![
        Value::F32(0xffa0_0001),
        Value::F64(0x8000_0000_0000_0000),
        Value::V128(1 << 96),
    ];
    let mut plain = numbers.clone();
    plain.extend([null(), null()]);
    let shim = vec![Value::I32(u32::MAX), Value::I64(1 << 63), null()];
    check(
        STARTS,
        vec![
            (call("plain", plain), Outcome::Returned(numbers)),
            (
                call("assay:call:f", shim),
                Outcome::Returned(vec![Value::I64(1), Value::I64(2)]),
            ),
            (call("assay:catch:g", vec![]), Outcome::Returned(vec![])),
        ],
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes
            "assay:observe"[] returns [Core(I32(-1))]
            "plain"[Core(F32(F32 { bits: 4288675841 })), Core(F64(F64 { bits: 9223372036854775808 })), Core(V128(I32x4([0, 0, 0, 1]))), Core(RefNull(Abstract { shared: false, ty: Func })), Core(RefNull(Abstract { shared: false, ty: None }))] returns [Core(F32(Value(F32 { bits: 4288675841 }))), Core(F64(Value(F64 { bits: 9223372036854775808 }))), Core(V128(I32x4([0, 0, 0, 1])))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[Core(I32(-1)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(1)), Core(I64(2))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:g"[] returns [Core(I32(0))]
            "assay:observe"[] returns [Core(I32(-1))]
        "#]],
    );
}

#[test]
fn traps_exceptions_and_exhaustion_have_their_lines() {
    let either = Traps::any_of(&[Trap::UninitializedElement, Trap::IndirectCallTypeMismatch]);
    let threw = |tag| Outcome::Threw {
        tag,
        payload: vec![Value::I64(5), Value::I32(6)],
    };
    let foreign = || Outcome::Threw {
        tag: None,
        payload: vec![],
    };
    let plain = || call("assay:call:f", vec![]);
    let catching = || call("assay:catch:g", vec![]);
    check(
        STARTS,
        vec![
            (plain(), Outcome::Trapped(Trap::CastFailure.into())),
            (plain(), Outcome::Trapped(either)),
            (plain(), threw(Some(1))),
            (catching(), threw(Some(1))),
            (call("assay:catch:h", vec![null()]), threw(Some(1))),
            (call("assay:catch:h", vec![null()]), foreign()),
            (call("assay:catch:unknown", vec![]), threw(Some(1))),
            (call("assay:catch:unknown", vec![]), foreign()),
            (plain(), Outcome::Exhausted(Resource::Fuel)),
            (plain(), Outcome::Exhausted(Resource::Stack)),
            (plain(), Outcome::Exhausted(Resource::Memory)),
        ],
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[] traps "cast failure"
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[] traps ""
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[] throws
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:g"[] returns [Core(I32(2))]
            "assay:payload:1"[] returns [Core(I64(5)), Core(I32(6))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:h"[Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(2))]
            "assay:payload:1"[] returns [Core(I64(5)), Core(I32(6))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:h"[Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(-1))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:unknown"[]
            "assay:payload:1"[] returns [Core(I64(5)), Core(I32(6))]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:catch:unknown"[]
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[] traps "unreachable"
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[] exhausts "call stack exhausted"
            "assay:observe"[] returns [Core(I32(-1))]
            "assay:call:f"[]
            "assay:observe"[] returns [Core(I32(-1))]
        "#]],
    );
}

#[test]
fn a_failed_instantiation_is_claimed_and_nothing_is_called() {
    let never = || vec![(call("plain", vec![]), STARTS)];
    check(
        Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into()),
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes traps "out of bounds memory access"
        "#]],
    );
    check(
        Outcome::Rejected(Phase::Compile),
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes is invalid ""
        "#]],
    );
    check(
        Outcome::Rejected(Phase::Link),
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes is unlinkable ""
        "#]],
    );
    check(
        Outcome::Threw {
            tag: Some(0),
            payload: vec![],
        },
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 232 bytes throws
        "#]],
    );
}

#[test]
fn a_module_that_cannot_be_decoded_is_malformed() {
    let modules = vec![Module {
        name: "m".into(),
        wasm: b"no module".to_vec(),
    }];
    let program = Program {
        modules,
        ..Program::default()
    };
    let mut case = Case::new("differential", Features::WASM3, program);
    let outcome = Outcome::Rejected(Phase::Compile);
    let instantiation = Step {
        outcome,
        host: vec![],
        state: None,
    };
    case.expected = Some(Transcript {
        instantiation,
        calls: vec![],
    });
    expect![[r#"
        module of 9 bytes is malformed ""
    "#]]
    .assert_eq(&directives(&case.to_wast().unwrap()));
    assert_eq!(
        Case::parse(&case.to_single().unwrap(), "x".as_ref()).unwrap(),
        case
    );
}

#[test]
fn without_expectations_the_fuel_is_still_refilled() {
    let case = Case::new(
        "differential",
        Features::WASM3,
        program(vec![call("plain", vec![])]),
    );
    expect![[r#"
        module of 25 bytes
        register "library"
        module of 232 bytes
        "assay:observe"[]
        "plain"[]
        "assay:observe"[]
    "#]]
    .assert_eq(&directives(&case.to_wast().unwrap()));
}
