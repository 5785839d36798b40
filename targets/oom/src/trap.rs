//! Traps: each way to one, and its backtrace.

use crate::case::{Case, Seen};
use crate::row::{Row, row};
use crate::world::{self, Host, World, must, typed};
use assay_oom::{AnyScenario, digest};
use wasmtime::{Caller, Linker, Result, Trap, WasmBacktrace};

pub(crate) const ROWS: &[Row] = &[
    row(
        "trap-unreachable",
        "traps by an instruction",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        unreachable,
    ),
    row(
        "trap-memory",
        "traps by a signal, beyond a memory",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        memory,
    ),
    row(
        "trap-divide",
        "traps by a signal, dividing by zero",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        divide,
    ),
    row(
        "trap-library",
        "traps in a function of the runtime",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        library,
    ),
    row(
        "trap-stack",
        "traps where the stack ends",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        stack,
    ),
    row(
        "trap-deep",
        "traps forty frames deep, across the host",
        &["TypedFunc::call", "WasmBacktrace::frames"],
        deep,
    ),
    row(
        "backtrace-capture",
        "the host takes a backtrace and reads its frames",
        &[
            "WasmBacktrace::capture",
            "WasmBacktrace::force_capture",
            "WasmBacktrace::frames",
            "FrameInfo::func_index",
            "FrameInfo::func_name",
            "FrameInfo::func_offset",
            "FrameInfo::module",
            "FrameInfo::module_offset",
            "FrameInfo::symbols",
        ],
        capture,
    ),
];

const TRAPS: &str = r#"(module
    (import "host" "through" (func $through (param i32)))
    (memory 1)
    (table 1 funcref)
    (func (export "unreachable") unreachable)
    (func (export "memory") (drop (i32.load (i32.const 1000000))))
    (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.load (i32.const 0)))))
    (func (export "library") (memory.fill (i32.const 65536) (i32.const 1) (i32.const 1)))
    (func $stack (export "stack") (call $stack) (drop (i32.load (i32.const 0))))
    (func $deep (export "deep") (param i32)
        (if (i32.eqz (local.get 0)) (then unreachable))
        (if (i32.rem_u (local.get 0) (i32.const 10))
            (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
            (else (call $through (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "run") (call $deep (i32.const 40))))"#;

fn traps(name: &str, export: &'static str, trap: Trap) -> Box<dyn AnyScenario> {
    let world = World::plain();
    let module = world.module(TRAPS);
    let prepare = {
        let world = world.clone();
        move || {
            let mut linker: Linker<Host> = Linker::new(&world.engine);
            let through = |mut caller: Caller<'_, Host>, depth: i32| -> Result<()> {
                match caller.get_export("deep").and_then(|item| item.into_func()) {
                    Some(deep) => deep.typed::<i32, ()>(&caller)?.call(caller, depth),
                    None => Ok(()),
                }
            };
            must(linker.func_wrap("host", "through", through));
            let mut store = world.store();
            let instance = must(linker.instantiate(&mut store, &module));
            let run = typed::<(), ()>(&mut store, &instance, export);
            (store, run)
        }
    };
    Case::new(name, prepare, move |(store, run)| {
        world::trap(trap, run.call(store, ()))
    })
    .also(move |_| world.still_traps())
    .done()
}

fn unreachable(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "unreachable", Trap::UnreachableCodeReached)
}

fn memory(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "memory", Trap::MemoryOutOfBounds)
}

fn divide(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "divide", Trap::IntegerDivisionByZero)
}

fn library(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "library", Trap::MemoryOutOfBounds)
}

fn stack(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "stack", Trap::StackOverflow)
}

fn deep(name: &str) -> Box<dyn AnyScenario> {
    traps(name, "run", Trap::UnreachableCodeReached)
}

fn capture(name: &str) -> Box<dyn AnyScenario> {
    let world = World::new(|config| {
        config.debug_info(false).wasm_backtrace_max_frames(None);
    });
    let module = world.module(
        r#"(module $named (import "host" "look" (func $look (result i64)))
            (func $inner (result i64) (call $look))
            (func $run (export "run") (result i64) (call $inner)))"#,
    );
    let prepare = move || {
        let mut linker: Linker<Host> = Linker::new(&world.engine);
        let look = |mut caller: Caller<'_, Host>| {
            let none = WasmBacktrace::capture(&caller).frames().len();
            let backtrace = WasmBacktrace::force_capture(&caller);
            let frames = backtrace.frames();
            let mut right = none == 0;
            for (frame, name) in frames.iter().zip(["inner", "run"]) {
                right &= frame.func_name() == Some(name) && frame.module().name() == Some("named");
                right &= frame.func_index() > 0 && frame.symbols().is_empty();
                right &= frame.func_offset().is_some() && frame.module_offset().is_some();
            }
            caller.data_mut().number = frames.len() as i32;
            i64::from(right)
        };
        must(linker.func_wrap("host", "look", look));
        let mut store = world.store();
        let instance = must(linker.instantiate(&mut store, &module));
        let run = typed::<(), i64>(&mut store, &instance, "run");
        (store, run)
    };
    Case::new(name, prepare, |(store, run)| {
        let right = run.call(&mut *store, ())?;
        let frames = usize::try_from(store.data().number).unwrap_or(0);
        Ok(Seen::Traced(digest(&right), frames))
    })
    .done()
}
