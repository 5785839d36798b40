//! A script without host functions, read by another route: the parser's own types, as a runner
//! of scripts would take them.

use assay_case::Case;
use assay_engine::{
    Call, Features, MemoryDigest, Module, Outcome, Phase, Program, Resource, Shim, State, Step,
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
    (func (export "assay:call") (param i32 i64 externref) (result i64 externref i32 i32) unreachable)
    (func (export "plain") (param f32 f64 v128 funcref (ref null array)) (result f32 f64 v128) unreachable))"#;

fn shim() -> Option<Shim> {
    Some(Shim {
        ints: 1,
        externs: 1,
        results: 2,
        functions: vec!["f".into()],
        state: vec!["fuel".into()],
    })
}

fn program(shim: Option<Shim>, calls: Vec<Call>) -> Program {
    let module = |name: &str, wat| Module {
        name: name.into(),
        wasm: wat::parse_str(wat).unwrap(),
    };
    let modules = vec![module("library", LIBRARY), module("main", MAIN)];
    Program {
        modules,
        calls,
        shim,
        memories: 1,
        ..Program::default()
    }
}

fn plain(args: Vec<Value>) -> Call {
    Call {
        export: "plain".into(),
        args,
    }
}

fn shim_call() -> Call {
    Call {
        export: "assay:call".into(),
        args: vec![Value::I32(0), Value::I64(1 << 63), null()],
    }
}

/// The step, with a state in which the fuel ran out.
fn step(outcome: Outcome, shim: Option<&Shim>) -> Step {
    let state = State {
        slots: vec![Value::I32(u32::MAX); shim.map_or(0, |shim| shim.state.len())],
        memories: vec![MemoryDigest::of(b"x")],
    };
    let observed = shim.is_some() || !matches!(outcome, Outcome::Exhausted(_));
    Step {
        stacks: Vec::new(),
        outcome,
        host: vec![],
        state: observed.then_some(state),
    }
}

fn check(start: Outcome, shim: Option<Shim>, calls: Vec<(Call, Outcome)>, expected: Expect) {
    let (calls, outcomes): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    let instantiation = match start {
        Outcome::Returned(_) => step(start, shim.as_ref()),
        outcome => Step {
            stacks: Vec::new(),
            outcome,
            host: vec![],
            state: None,
        },
    };
    let steps = outcomes
        .into_iter()
        .map(|outcome| step(outcome, shim.as_ref()));
    let runs = instantiation.state.is_some();
    let calls_expected = if runs { steps.collect() } else { vec![] };
    let mut case = Case::new("differential", Features::WASM3, program(shim, calls));
    case.expected = Some(Transcript {
        drops: None,
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

/// Outcomes other than returns, which are the same for every program.
fn failures() -> Vec<Outcome> {
    let either = Traps::any_of(&[Trap::UninitializedElement, Trap::IndirectCallTypeMismatch]);
    vec![
        Outcome::Trapped(Trap::CastFailure.into()),
        Outcome::Trapped(either),
        threw(Some(1), &[Value::I64(5)]),
        threw(None, &[]),
        Outcome::Exhausted(Resource::Fuel),
        Outcome::Exhausted(Resource::Stack),
        Outcome::Exhausted(Resource::Memory),
    ]
}

fn threw(tag: Option<u32>, payload: &[Value]) -> Outcome {
    let payload = payload.to_vec();
    Outcome::Threw { tag, payload }
}

#[test]
fn returned_values_are_claimed_to_the_bit() {
    let numbers = vec![
        Value::F32(0xffa0_0001),
        Value::F64(0x8000_0000_0000_0000),
        Value::V128(1 << 96),
    ];
    let mut args = numbers.clone();
    args.extend([null(), null()]);
    check(
        STARTS,
        None,
        vec![(plain(args), Outcome::Returned(numbers))],
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes
            "plain"[Core(F32(F32 { bits: 4288675841 })), Core(F64(F64 { bits: 9223372036854775808 })), Core(V128(I32x4([0, 0, 0, 1]))), Core(RefNull(Abstract { shared: false, ty: Func })), Core(RefNull(Abstract { shared: false, ty: None }))] returns [Core(F32(Value(F32 { bits: 4288675841 }))), Core(F64(Value(F64 { bits: 9223372036854775808 }))), Core(V128(I32x4([0, 0, 0, 1])))]
        "#]],
    );
}

#[test]
fn what_the_shim_tells_is_one_line() {
    let values = [Value::I64(7), null()];
    let outcomes = [
        Outcome::Returned(values.to_vec()),
        threw(Some(1), &values),
        threw(None, &[]),
    ];
    check(
        STARTS,
        shim(),
        outcomes.map(|outcome| (shim_call(), outcome)).into(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes
            "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
            "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(7)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
            "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(7)), Core(RefNull(None)), Core(I32(2)), Core(I32(-1))]
            "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(-1)), Core(I32(-1))]
        "#]],
    );
}

#[test]
fn the_state_is_looked_at_where_the_shim_does_not_tell_it() {
    let mut outcomes = failures();
    // The status -1 tells this one.
    outcomes.retain(|outcome| *outcome != threw(None, &[]));
    // Neither is what the shim returns.
    outcomes.extend([Outcome::Returned(vec![]), threw(None, &[null()])]);
    let calls = outcomes.into_iter().map(|outcome| (shim_call(), outcome));
    check(
        STARTS,
        shim(),
        calls.collect(),
        expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] traps "cast failure"
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] traps ""
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] throws
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] traps "unreachable"
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] exhausts "call stack exhausted"
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))]
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))]
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))] throws
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
    "#]],
    );
}

#[test]
fn without_a_shim_each_call_is_one_line() {
    let calls = failures()
        .into_iter()
        .map(|outcome| (plain(vec![]), outcome));
    check(
        STARTS,
        None,
        calls.collect(),
        expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
        "plain"[] traps "cast failure"
        "plain"[] traps ""
        "plain"[] throws
        "plain"[] throws
        "plain"[] traps "unreachable"
        "plain"[] exhausts "call stack exhausted"
        "plain"[]
    "#]],
    );
}

#[test]
fn an_instantiation_alone_can_be_expected() {
    check(
        STARTS,
        None,
        vec![],
        expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
    "#]],
    );
    check(
        STARTS,
        shim(),
        vec![],
        expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))] returns [Core(I64(0)), Core(RefNull(None)), Core(I32(0)), Core(I32(-1))]
    "#]],
    );
    let mut case = Case::new("differential", Features::WASM3, program(None, vec![]));
    let mut start = step(STARTS, None);
    start.state = Some(State::default());
    case.expected = Some(Transcript {
        drops: None,
        instantiation: start,
        calls: vec![],
    });
    let whole = case.to_single().unwrap();
    assert_eq!(Case::parse(&whole, "x".as_ref()).unwrap(), case, "{whole}");
}

#[test]
fn a_failed_instantiation_is_claimed_and_nothing_is_called() {
    let never = || vec![(plain(vec![]), STARTS)];
    check(
        Outcome::Trapped(Trap::OutOfBoundsMemoryAccess.into()),
        None,
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes traps "out of bounds memory access"
        "#]],
    );
    check(
        Outcome::Rejected(Phase::Compile),
        None,
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes is invalid ""
        "#]],
    );
    check(
        Outcome::Rejected(Phase::Link),
        None,
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes is unlinkable ""
        "#]],
    );
    check(
        Outcome::Threw {
            tag: Some(0),
            payload: vec![],
        },
        None,
        never(),
        expect![[r#"
            module of 25 bytes
            register "library"
            module of 90 bytes throws
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
        stacks: Vec::new(),
        outcome,
        host: vec![],
        state: None,
    };
    case.expected = Some(Transcript {
        drops: None,
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
    let script = |shim, call| {
        let case = Case::new("differential", Features::WASM3, program(shim, vec![call]));
        directives(&case.to_wast().unwrap())
    };
    expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
        "assay:call"[Core(I32(2147483647)), Core(I64(0)), Core(RefNull(Abstract { shared: false, ty: Extern }))]
        "assay:call"[Core(I32(0)), Core(I64(-9223372036854775808)), Core(RefNull(Abstract { shared: false, ty: Extern }))]
    "#]].assert_eq(&script(shim(), shim_call()));
    expect![[r#"
        module of 25 bytes
        register "library"
        module of 90 bytes
        "plain"[]
    "#]]
    .assert_eq(&script(None, plain(vec![])));
}
