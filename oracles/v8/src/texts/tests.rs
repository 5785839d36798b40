//! Every row, provoked. The test stands here because an outcome does not tell which row it came
//! from.

use super::{PINNED, outcome, without_digits};
use crate::V8Engine;
use assay_engine::{Engine, Module, Outcome, Program, Resource, Trap};
use assay_js::messages::V8;
use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    /// The rows that were asked for on this thread.
    static SEEN: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
}

/// Remembers that a row was used.
pub(super) fn note(text: &'static str) {
    SEEN.with_borrow_mut(|seen| seen.insert(text));
}

/// What a module has around the bodies below.
const AROUND: &str = r#"
    (type $void (func)) (type $one (func (param i32))) (type $open (sub (func (result i32))))
    (type $s (struct (field i32))) (type $a (array (mut i8))) (type $f (array (mut funcref)))
    (memory 1) (data $d "abc")
    (table $t 3 funcref) (elem (table $t) (i32.const 0) func $void) (elem $e func $void)
    (func $void (type $void))"#;

/// Bodies of functions, by the message that V8 gives when they run.
const BODIES: &[(&str, &[&str])] = &[
    ("RuntimeError: unreachable", &["unreachable"]),
    (
        "RuntimeError: divide by zero",
        &[
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            "(drop (i64.div_u (i64.const 1) (i64.const 0)))",
        ],
    ),
    (
        "RuntimeError: remainder by zero",
        &[
            "(drop (i32.rem_u (i32.const 1) (i32.const 0)))",
            "(drop (i64.rem_s (i64.const 1) (i64.const 0)))",
        ],
    ),
    (
        "RuntimeError: divide result unrepresentable",
        &["(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))"],
    ),
    (
        "RuntimeError: float unrepresentable in integer range",
        &[
            "(drop (i32.trunc_f32_s (f32.const 1e10)))",
            "(drop (i64.trunc_f64_u (f64.const nan)))",
        ],
    ),
    (
        "RuntimeError: memory access out of bounds",
        &[
            "(drop (i32.load (i32.const 65533)))",
            "(drop (v128.load (i32.const 65521)))",
            "(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))",
            "(memory.copy (i32.const 1) (i32.const 0) (i32.const 65536))",
            "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 3))",
            "(drop (i32.atomic.load (i32.const 65536)))",
        ],
    ),
    (
        "RuntimeError: data segment out of bounds",
        &[
            "(drop (array.new_data $a $d (i32.const 1) (i32.const 3)))",
            "(array.init_data $a $d (array.new_default $a (i32.const 9)) (i32.const 0) (i32.const 1) (i32.const 3))",
        ],
    ),
    (
        "RuntimeError: table index is out of bounds",
        &[
            "(drop (table.get $t (i32.const 3)))",
            "(table.set $t (i32.const 3) (ref.null func))",
            "(table.fill $t (i32.const 1) (ref.null func) (i32.const 3))",
            "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 3))",
            "(call_indirect $t (type $void) (i32.const 3))",
            "(return_call_indirect $t (type $void) (i32.const -1))",
        ],
    ),
    (
        "RuntimeError: element segment out of bounds",
        &[
            "(table.init $t $e (i32.const 0) (i32.const 1) (i32.const 1))",
            "(drop (array.new_elem $f $e (i32.const 1) (i32.const 1)))",
            "(array.init_elem $f $e (array.new_default $f (i32.const 9)) (i32.const 0) (i32.const 0) (i32.const 2))",
        ],
    ),
    (
        "RuntimeError: function signature mismatch",
        &[
            "(call_indirect $t (type $one) (i32.const 0) (i32.const 0))",
            "(drop (call_indirect $t (type $open) (i32.const 0)))",
        ],
    ),
    (
        "RuntimeError: null function",
        &[
            "(call_indirect $t (type $void) (i32.const 1))",
            "(drop (call_indirect $t (type $open) (i32.const 1)))",
            "(return_call_indirect $t (type $one) (i32.const 1) (i32.const 2))",
        ],
    ),
    (
        "RuntimeError: dereferencing a null pointer",
        &[
            "(drop (struct.get $s 0 (ref.null $s)))",
            "(drop (array.len (ref.null $a)))",
            "(drop (i31.get_s (ref.null i31)))",
            "(drop (ref.as_non_null (ref.null func)))",
            "(call_ref $void (ref.null $void))",
        ],
    ),
    (
        "RuntimeError: rethrowing null value",
        &["(throw_ref (ref.null exn))"],
    ),
    (
        "RuntimeError: illegal cast",
        &[
            "(drop (ref.cast (ref $s) (ref.i31 (i32.const 1))))",
            "(drop (ref.cast (ref i31) (ref.null any)))",
        ],
    ),
    (
        "RuntimeError: array element access out of bounds",
        &[
            "(drop (array.get_u $a (array.new_default $a (i32.const 1)) (i32.const 1)))",
            "(array.fill $a (array.new_default $a (i32.const 1)) (i32.const 1) (i32.const 0) (i32.const 1))",
        ],
    ),
    (
        "RuntimeError: operation does not support unaligned accesses",
        &[
            "(drop (i32.atomic.load (i32.const 1)))",
            "(drop (memory.atomic.notify (i32.const 2) (i32.const 0)))",
        ],
    ),
    (
        "RuntimeError: Atomics.wait cannot be called in this context",
        &["(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))"],
    ),
    (
        "RangeError: Maximum call stack size exceeded",
        &["(call $again) (call $again)"],
    ),
    (
        "RuntimeError: requested new array is too large",
        &["(drop (array.new_default $a (i32.const -1)))"],
    ),
];

/// Modules, by the message that V8 gives when they are instantiated.
const MODULES: &[(&str, &[&str])] = &[
    (
        "RuntimeError: WebAssembly.Instance(): data segment # is out of bounds (offset #, length #, memory size #)",
        &[
            r#"(memory 1) (data (i32.const 65535) "ab")"#,
            "(memory 0) (data (i32.const 1))",
        ],
    ),
    (
        "RuntimeError: WebAssembly.Instance(): table index is out of bounds",
        &["(table 1 funcref) (elem (i32.const 1) func $f) (func $f)"],
    ),
    (
        "RuntimeError: WebAssembly.Instance(): requested new array is too large",
        &["(type $a (array i8)) (global (ref $a) (array.new_default $a (i32.const -1)))"],
    ),
];

/// Runs a module and its export `f`, and gives the outcome and the rows that were used for it.
fn provoke(engine: &mut V8Engine, text: &str) -> (Outcome, Vec<&'static str>) {
    SEEN.take();
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let modules = vec![Module {
        name: "m".into(),
        wasm,
    }];
    let program = Program {
        modules,
        ..Program::default()
    };
    let started = engine
        .instantiate(&program)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    let outcome = match started.instance {
        None => started.outcome,
        Some(mut instance) => instance
            .call("f", &[])
            .unwrap_or_else(|error| panic!("{error}: {text}")),
    };
    (outcome, SEEN.take().into_iter().collect())
}

#[test]
fn every_row_is_provoked_and_none_is_missing() {
    let mut engine = V8Engine::new();
    let mut provoked = BTreeSet::new();
    let bodies = BODIES
        .iter()
        .flat_map(|(row, bodies)| bodies.iter().map(move |body| (row, body)));
    for (row, body) in bodies {
        let module = format!(r#"(module {AROUND} (func $again (export "f") {body}))"#);
        let (outcome, seen) = provoke(&mut engine, &module);
        assert_eq!(seen, [*row], "{body}: {outcome}");
        provoked.insert(*row);
    }
    let modules = MODULES
        .iter()
        .flat_map(|(row, modules)| modules.iter().map(move |m| (row, m)));
    for (row, module) in modules {
        let (outcome, seen) = provoke(&mut engine, &format!("(module {module})"));
        assert_eq!(seen, [*row], "{module}: {outcome}");
        provoked.insert(*row);
    }
    provoked.insert(NO_MEMORY);
    let rows: BTreeSet<_> = V8.iter().chain(PINNED).map(|row| row.text).collect();
    assert_eq!(provoked, rows);
}

/// Provoked by a test of its own, since it takes a process without memory.
const NO_MEMORY: &str = "RangeError: WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance";

#[test]
fn a_memory_that_the_system_does_not_have_exhausts_memory() {
    // V8 sets aside some 20 GiB of addresses for itself; the limit is 100 and the module's 128.
    const INSIDE: &str = "ASSAY_V8_WITHOUT_MEMORY";
    if std::env::var_os(INSIDE).is_some() {
        let memories = "(memory i64 262144)".repeat(8);
        let (outcome, seen) = provoke(&mut V8Engine::new(), &format!("(module {memories})"));
        assert_eq!(
            (outcome, seen),
            (Outcome::Exhausted(Resource::Memory), vec![NO_MEMORY])
        );
        return;
    }
    let test = std::thread::current()
        .name()
        .map(str::to_owned)
        .expect("libtest names its threads");
    let limited = std::process::Command::new("sh")
        .args([
            "-c",
            "ulimit -v 100000000 && exec \"$0\" --exact \"$1\" --test-threads 1",
        ])
        .arg(std::env::current_exe().expect("a test has a path"))
        .arg(test)
        .env(INSIDE, "1")
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&limited.stdout);
    assert!(
        limited.status.success() && said.contains("1 passed"),
        "{limited:?}"
    );
}

#[test]
fn numbers_do_not_matter() {
    assert_eq!(without_digits("a 12, 3 (4567)"), "a #, # (#)");
}

#[test]
fn a_row_of_this_v8_comes_before_the_shared_one() {
    for pinned in PINNED {
        let shared = V8.iter().find(|row| row.text == pinned.text);
        let shared = shared.expect("a row of PINNED makes one of V8 more exact");
        assert_ne!(shared.means.outcome(), pinned.means.outcome());
    }
    let mismatch = Outcome::Trapped(Trap::IndirectCallTypeMismatch.into());
    assert_eq!(
        outcome("RuntimeError: function signature mismatch"),
        Some(mismatch)
    );
}
