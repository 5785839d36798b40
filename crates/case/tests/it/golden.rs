//! One whole file, as a person sees it.

use assay_case::{Case, EngineRecord, FindingRecord, Role, Seen};
use assay_engine::{
    Action, Call, Features, Frame, Host, HostCall, HostEffect, HostFunction, MemoryDigest, Module,
    Moment, OnFailure, Outcome, Program, Shim, Slot, Stack, State, Step, Transcript, Trap, Value,
};
use expect_test::expect;

const MAIN: &str = r#"(module $shimmed
    (import "assay:host" "0" (func $host (param i32) (result i64)))
    (memory (export "assay:memory:0") 1)
    (func (export "assay:call") (param i32 i64) (result i64 i32 i32 i64)
        (i64.div_u (call $host (local.get 0)) (local.get 1))
        (i32.const 0) (i32.const 1000) (i64.const 7)))"#;

fn case() -> Case {
    let actions = vec![
        Action::Return,
        Action::Call {
            export: "assay:call".into(),
            args: vec![Value::I32(Shim::nested(0)), Value::I64(u64::MAX)],
            failure: OnFailure::Onward,
        },
    ];
    let function = HostFunction {
        label: "env.f".into(),
        params: vec![Slot::I32],
        results: vec![Slot::I64],
        actions,
    };
    let call = |x| Call {
        export: "assay:call".into(),
        args: vec![Value::I32(0), Value::I64(x)],
    };
    let shim = Shim {
        ints: 1,
        externs: 0,
        results: 1,
        functions: vec!["div \"u\"".into()],
        state: vec!["fuel".into(), "global 0".into()],
    };
    let program = Program {
        modules: vec![Module {
            name: "main".into(),
            wasm: wat::parse_str(MAIN).unwrap(),
        }],
        host: Host {
            seed: 7,
            functions: vec![function],
        },
        calls: vec![call(2), call(0)],
        shim: Some(shim),
        memories: 1,
        ..Program::default()
    };
    let state = || {
        Some(State {
            slots: vec![Value::I32(1000), Value::I64(7)],
            memories: vec![MemoryDigest::of(b"")],
        })
    };
    let host = |effect, x| {
        vec![HostCall {
            import: 0,
            args: vec![Value::I32(x)],
            effect,
        }]
    };
    let start = Step {
        stacks: Vec::new(),
        outcome: Outcome::Returned(vec![]),
        host: vec![],
        state: state(),
    };
    let returned = Outcome::Returned(vec![Value::I64(3)]);
    let trapped = Outcome::Trapped(Trap::IntegerDivideByZero.into());
    let mut case = Case::new("differential", Features::GC | Features::TAIL_CALL, program);
    case.seed = Some(u64::MAX);
    case.index = Some(42);
    case.expected = Some(Transcript {
        drops: None,
        instantiation: start,
        calls: vec![
            Step {
                stacks: Vec::new(),
                outcome: returned,
                host: host(HostEffect::Returned, 2),
                state: state(),
            },
            Step {
                stacks: Vec::new(),
                outcome: trapped,
                host: host(HostEffect::Called(None), 0),
                state: state(),
            },
        ],
    });
    let configuration = toml::from_str("opt_level = \"speed\"\n[memory]\nguard = 0").unwrap();
    let engine = |role, name: &str, configuration| EngineRecord {
        role,
        name: name.into(),
        version: "1.0".into(),
        configuration,
    };
    case.engines = vec![
        engine(Role::Subject, "wasmtime", Some(configuration)),
        engine(Role::Oracle, "v8", None),
    ];
    let seen = Seen {
        engine: "wasmtime".into(),
        what: "returned (0)".into(),
    };
    let what = "call 1: \"returned\" is not \"trapped\"\nsecond line".into();
    case.finding = Some(FindingRecord {
        signature: "outcome:div".into(),
        what,
        seen: vec![seen],
    });
    case
}

#[test]
fn a_single_file() {
    expect![[r#"
        ;;; # An Assay case: this header and a script. `assay replay` runs it.
        ;;; format = 1
        ;;; target = "differential"
        ;;; seed = 18446744073709551615
        ;;; index = 42
        ;;; main = "main"
        ;;; features = ["tail-call", "gc"]
        ;;; memories = 1
        ;;; tags = 0
        ;;;
        ;;; [limits]
        ;;; time_ms = 10000
        ;;; stack_bytes = 2097152
        ;;; gc_heap_bytes = 67108864
        ;;;
        ;;; [shim]
        ;;; ints = 1
        ;;; externs = 0
        ;;; results = 1
        ;;; functions = ['div "u"']
        ;;; state = ["fuel", "global 0"]
        ;;;
        ;;; [finding]
        ;;; signature = "outcome:div"
        ;;; what = """
        ;;; call 1: "returned" is not "trapped"
        ;;; second line"""
        ;;;
        ;;; [[finding.seen]]
        ;;; engine = "wasmtime"
        ;;; what = "returned (0)"
        ;;;
        ;;; [[engine]]
        ;;; role = "subject"
        ;;; name = "wasmtime"
        ;;; version = "1.0"
        ;;;
        ;;; [engine.configuration]
        ;;; opt_level = "speed"
        ;;;
        ;;; [engine.configuration.memory]
        ;;; guard = 0
        ;;;
        ;;; [[engine]]
        ;;; role = "oracle"
        ;;; name = "v8"
        ;;; version = "1.0"
        ;;;
        ;;; [host]
        ;;; seed = 7
        ;;;
        ;;; [[host.function]]
        ;;; label = "env.f"
        ;;; params = ["i32"]
        ;;; results = ["i64"]
        ;;; actions = ["return", { call = { export = "assay:call", args = ["i32.const -2147483648", "i64.const -1"] } }]
        ;;;
        ;;; [[step]]
        ;;; memories = ["0 bytes, crc32 00000000"]
        ;;;
        ;;; [[step]]
        ;;; call = 0
        ;;; memories = ["0 bytes, crc32 00000000"]
        ;;;
        ;;; [[step.host]]
        ;;; import = 0
        ;;; args = ["i32.const 2"]
        ;;; effect = "returned"
        ;;;
        ;;; [[step]]
        ;;; call = 1
        ;;; memories = ["0 bytes, crc32 00000000"]
        ;;;
        ;;; [[step.host]]
        ;;; import = 0
        ;;; args = ["i32.const 0"]
        ;;; effect = "called-in-vain"
        ;;;
        ;;; # end

        ;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
        ;; no words for stands in the header.
        ;; The main module imports host functions from "assay:host", which a script cannot carry: they
        ;; are in the header, and a runner of scripts alone cannot instantiate the module.

        (module $shimmed
          (type (;0;) (func (param i32) (result i64)))
          (type (;1;) (func (param i32 i64) (result i64 i32 i32 i64)))
          (import "assay:host" "0" (func $host (;0;) (type 0)))
          (memory (;0;) 1)
          (export "assay:memory:0" (memory 0))
          (export "assay:call" (func 1))
          (func (;1;) (type 1) (param i32 i64) (result i64 i32 i32 i64)
            local.get 0
            call $host
            local.get 1
            i64.div_u
            i32.const 0
            i32.const 1000
            i64.const 7
          )
        )
        (assert_return (invoke "assay:call" (i32.const 2147483647) (i64.const 0)) (i64.const 0) (i32.const 0) (i32.const 1000) (i64.const 7))

        (assert_return (invoke "assay:call" (i32.const 0) (i64.const 2)) (i64.const 3) (i32.const 0) (i32.const 1000) (i64.const 7)) ;; "div \"u\""
        (assert_trap (invoke "assay:call" (i32.const 0) (i64.const 0)) "integer divide by zero") ;; "div \"u\""
        (assert_return (invoke "assay:call" (i32.const 2147483647) (i64.const 0)) (i64.const 0) (i32.const 0) (i32.const 1000) (i64.const 7))

        ;; end
    "#]].assert_eq(&case().to_single().unwrap());
}

#[test]
fn a_summary() {
    expect!["differential, seed 18446744073709551615, case 42: 1 module of 131 bytes, 2 calls, 1 host function; wasmtime 1.0 against v8 1.0; finding outcome:div"].assert_eq(&case().summary());
}

#[test]
fn a_stack_is_a_line() {
    let frame = |module, function, offset| Frame {
        module,
        function,
        offset,
        gone: false,
    };
    let gone = |frame| Frame {
        gone: true,
        ..frame
    };
    let stack = |moment, frames: &[Frame]| Stack {
        moment,
        frames: frames.to_vec(),
    };
    let mut case = case();
    case.program.stacks = true;
    case.answers.stacks = vec![
        vec![],
        vec![
            stack(Moment::HostCall, &[]),
            stack(
                Moment::Trap,
                &[
                    frame(Some(0), 2, Some(0x2a)),
                    gone(frame(Some(0), 1, Some(0x21))),
                    frame(None, 7, None),
                ],
            ),
        ],
    ];
    if let Some(step) = case.expected.as_mut().and_then(|it| it.calls.last_mut()) {
        step.stacks = vec![stack(Moment::Exception, &[frame(Some(1), 3, Some(10))])];
    }
    let text = case.to_single().expect("it keeps the rules");
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("stacks"))
        .collect();
    expect![[r#"
        ;;; stacks = true
        ;;; answer_stacks = [[], ["host-call:", "trap: 0/2 at 0x2a, (0/1 at 0x21), ?/7 at ?"]]
        ;;; stacks = ["exception: 1/3 at 0xa"]"#]]
    .assert_eq(&lines.join("\n"));
}
