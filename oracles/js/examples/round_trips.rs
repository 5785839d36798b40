//! Measures how many programs per second go through each engine's child, and how much of that time
//! the engine itself takes: `cargo run --release -p assay-js --example round_trips`.

use assay_engine::{Call, Engine, Module, Program, Shim, Value, names};
use assay_js::{JsEngine, JsOptions, discover};
use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

const CALLS: u32 = 10;
const TIME: Duration = Duration::from_secs(3);

/// What every program differs in, so that no engine finds the module in its cache.
const SALT: [u8; 8] = *b"saltsalt";

/// A module with a memory of one page and `functions` functions, whose calls take some hundred
/// instructions each.
fn module(functions: usize) -> Result<Vec<u8>, wat::Error> {
    let mut wat = String::from(
        r#"(module
        (memory (export "assay:memory:0") 1)
        (global $fuel (mut i32) (i32.const 1000))
        (data "saltsalt")
        (func (export "assay:call") (param $number i32) (param $low i64) (param $high i64)
            (result i64 i32 i32 i64)
            (if (result i64) (i32.eqz (local.get $number))
                (then (call 1 (i32.wrap_i64 (local.get $low)) (local.get $high)))
                (else (i64.const 0)))
            (i32.const 0)
            (global.get $fuel) (i64.load (i32.const 8)) (global.set $fuel (i32.const 1000)))"#,
    );
    for n in 0..functions {
        let inner = if n + 1 < functions {
            format!("(call {} (local.get 0) (local.get 1))", n + 2)
        } else {
            "(local.get 1)".into()
        };
        write!(
            wat,
            r#"(func (param i32 i64) (result i64)
            (local.set 1 (i64.add (local.get 1) (i64.extend_i32_u (i32.mul (local.get 0) (i32.const {n})))))
            (loop (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))
                (i64.store (i32.and (local.get 0) (i32.const 0xff)) (local.get 1))
                (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const {n}))))
            {inner})"#
        )
        .expect("writing to a string does not fail");
    }
    wat.push(')');
    wat::parse_str(wat)
}

fn programs(wasm: Vec<u8>) -> impl Iterator<Item = Program> {
    let at = wasm
        .windows(SALT.len())
        .position(|bytes| bytes == SALT)
        .expect("the salt is there");
    let args = |n: u64| vec![Value::I32(0), Value::I64(20 + n), Value::I64(n)];
    let calls: Vec<_> = (0..CALLS)
        .map(|n| Call {
            export: names::CALL.into(),
            args: args(n.into()),
        })
        .collect();
    let shim = Shim {
        ints: 2,
        results: 1,
        state: ["fuel", "word"].map(String::from).into(),
        ..Shim::default()
    };
    (0u64..).map(move |salt| {
        let mut wasm = wasm.clone();
        wasm[at..at + SALT.len()].copy_from_slice(&salt.to_le_bytes());
        let modules = vec![Module {
            name: "main".into(),
            wasm,
        }];
        Program {
            modules,
            calls: calls.clone(),
            shim: Some(shim.clone()),
            memories: 1,
            ..Program::default()
        }
    })
}

fn measure(engine: &mut JsEngine, wasm: Vec<u8>) -> Result<(), Box<dyn Error>> {
    let bytes = wasm.len();
    let mut programs = programs(wasm);
    for program in programs.by_ref().take(200) {
        engine.run(&program)?;
    }
    let (started, spent) = (Instant::now(), engine.spent().total());
    let mut count = 0;
    let mut sending = Duration::ZERO;
    while started.elapsed() < TIME {
        let program = programs.next().expect("programs do not end");
        let sent = Instant::now();
        engine.begin(&program, 1)?;
        sending += sent.elapsed();
        let transcript = engine.run(&program)?;
        assert_eq!(transcript.calls.len(), CALLS as usize);
        count += 1;
    }
    let each = started.elapsed() / count;
    println!(
        "{:12} {bytes:5} bytes: {:6.0} programs/s, {each:?} each, of it {:?} in the engine, {:?} to send",
        engine.name(),
        f64::from(count) / started.elapsed().as_secs_f64(),
        (engine.spent().total() - spent) / count,
        sending / count,
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = JsOptions {
        install: true,
        ..JsOptions::default()
    };
    let started = Instant::now();
    let found = discover(&options, &mut |line| eprintln!("{line}"))?;
    println!("discovery took {:?}", started.elapsed());
    for (name, found) in found.engines {
        match found {
            Err(missing) => println!("{name}: {missing}"),
            Ok(found) => {
                let mut engine = JsEngine::start(found.spec)?;
                println!(
                    "{name}: {} in {} ({})",
                    engine.version(),
                    engine.runtime(),
                    found.how
                );
                for functions in [7, 16] {
                    measure(&mut engine, module(functions)?)?;
                }
            }
        }
    }
    Ok(())
}
