//! Call stacks: an engine tells all that it says it tells, and tells it right.

use crate::check::{Check, Failure, Group, same};
use crate::fixture::{call, function, hosted, linked, steps};
use assay_engine::{
    Action, Engine, Features, Fit, Frame, Moment, OnFailure, Program, Stack, Tells,
};

const fn check(
    name: &'static str,
    needs: Features,
    code: fn(&mut dyn Engine) -> Result<(), Failure>,
) -> Check {
    Check::code(Group::Stacks, name, needs, code)
}

pub(crate) const CHECKS: &[Check] = &[
    check(
        "host calls and traps tell who waits for whom",
        Features::empty(),
        calls,
    ),
    check(
        "what a callback stops is told with all that waits for it",
        Features::empty(),
        callbacks,
    ),
    check("who returned is not told", Features::empty(), returned),
    check(
        "who made a tail call is not told",
        Features::TAIL_CALL,
        tail_calls,
    ),
    check(
        "who calls or traps by reference is told",
        Features::FUNCTION_REFERENCES,
        references,
    ),
    check(
        "an exception tells where it was thrown last",
        Features::EXCEPTIONS,
        exceptions,
    ),
    check(
        "nothing is told unless it is asked for",
        Features::empty(),
        unasked,
    ),
];

/// The first module: its only function calls what the second has put into its table.
const FIRST: &str = r#"
    (table (export "table") 2 funcref)
    (func (export "indirect") (param i32)
        local.get 0 (drop (i32.const 1001)) call_indirect)"#;

/// The second: the host's function is 0, that of the first module is 1.
const SECOND: &str = r#"
    (import "assay:host" "0" (func $host))
    (import "first" "indirect" (func $indirect (param i32)))
    (import "first" "table" (table 2 funcref))
    (elem (i32.const 0) func $calls $traps)
    (func $calls (drop (i32.const 2001)) call $host)
    (func $traps i32.const 1 i32.const 0 (drop (i32.const 2002)) i32.div_u drop)
    (func $middle (param i32)
        (call $nothing) local.get 0 (drop (i32.const 2003)) call $indirect (call $nothing))
    (func $nothing)
    (func (export "host") (call $nothing) i32.const 0 (drop (i32.const 2004)) call $middle)
    (func (export "trap") i32.const 1 (drop (i32.const 2005)) call $middle)"#;

/// A program of two modules, in which each function of interest marks the place that is told.
fn program(second: &str, actions: &[Action], exports: &[&str]) -> Result<Program, Failure> {
    let mut program = linked(&[("first", FIRST), ("main", second)])?;
    for module in &mut program.modules {
        drop_names(&mut module.wasm);
    }
    program.calls = exports.iter().map(|export| call(export, &[])).collect();
    program.stacks = true;
    Ok(hosted(program, &[function(&[], &[], actions)]))
}

/// Drops the names of functions, which is what the text format leaves at the end: JavaScriptCore tells
/// names in place of numbers.
fn drop_names(wasm: &mut Vec<u8>) {
    const CODE: u8 = 10;
    let mut at = 8;
    while let (Some(&id), Some((len, start))) = (wasm.get(at), size(wasm, at + 1)) {
        at = start.saturating_add(len);
        if id == CODE {
            wasm.truncate(at);
        }
    }
}

/// An unsigned number in LEB128, and where it ends.
fn size(wasm: &[u8], at: usize) -> Option<(usize, usize)> {
    let bytes = wasm.get(at..)?;
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let groups = bytes[..end].iter().rev();
    let number = groups.fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
    Some((number, at + end))
}

/// The stack with these frames: module, function, and the number by which the place is marked.
fn stack(program: &Program, moment: Moment, frames: &[(u32, u32, u32)]) -> Result<Stack, Failure> {
    let frame = |&(module, function, mark): &(u32, u32, u32)| {
        let wasm = &program.modules[module as usize].wasm;
        Ok(Frame {
            module: Some(module),
            function,
            offset: Some(place(wasm, mark)?),
            gone: false,
        })
    };
    Ok(Stack {
        moment,
        frames: frames.iter().map(frame).collect::<Result<_, Failure>>()?,
    })
}

/// The place behind `(drop (i32.const MARK))`, for a mark of two bytes.
fn place(wasm: &[u8], mark: u32) -> Result<u32, Failure> {
    let code = [0x41, mark as u8 | 0x80, (mark >> 7) as u8, 0x1a];
    let mut places = wasm.windows(code.len()).enumerate();
    let found = places.find(|(_, window)| *window == code);
    let end = found.and_then(|(at, _)| u32::try_from(at + code.len()).ok());
    end.ok_or_else(|| Failure::Text(format!("the mark {mark} is not there")))
}

/// The stacks of each call are these, as far as the engine says that it tells them.
fn told(
    engine: &mut dyn Engine,
    program: &Program,
    expected: &[Vec<Stack>],
) -> Result<(), Failure> {
    let tells = engine.tells();
    let found = steps(engine, program)?;
    for (step, expected) in found.into_iter().zip(expected) {
        let expected = expected.iter().filter(|it| tells.tells(it.moment));
        let expected: Vec<_> = expected.cloned().collect();
        let mut pairs = step.stacks.iter().zip(&expected);
        let is_told = step.stacks.len() == expected.len()
            && pairs.all(|(found, expected)| fits(tells, found, expected));
        if !is_told {
            same("the stacks", &step.stacks[..], &expected[..])?;
        }
    }
    Ok(())
}

/// Whether a stack is as it must be, as far as the engine says that it tells it. That an engine is wrong
/// about functions that it inlines is not its adapter's fault.
fn fits(tells: Tells, found: &Stack, expected: &Stack) -> bool {
    let fit = tells.fit(&expected.frames, &found.frames);
    let frames = matches!(fit, Fit::Right | Fit::Unplaced(_) | Fit::Gone(_));
    found.moment == expected.moment && frames
}

fn calls(engine: &mut dyn Engine) -> Result<(), Failure> {
    let program = program(
        SECOND,
        &[Action::Return, Action::Trap],
        &["host", "trap", "host"],
    )?;
    let host = [(1, 2, 2001), (0, 0, 1001), (1, 4, 2003), (1, 6, 2004)];
    let trap = [(1, 3, 2002), (0, 0, 1001), (1, 4, 2003), (1, 7, 2005)];
    let host_call = stack(&program, Moment::HostCall, &host)?;
    let expected = [
        vec![host_call.clone()],
        vec![stack(&program, Moment::Trap, &trap)?],
        vec![host_call, stack(&program, Moment::Trap, &host)?],
    ];
    told(engine, &program, &expected)
}

fn callbacks(engine: &mut dyn Engine) -> Result<(), Failure> {
    let back = Action::Call {
        export: "trap".to_owned(),
        args: Vec::new(),
        failure: OnFailure::Onward,
    };
    let program = program(SECOND, &[back], &["host"])?;
    let outer = [(1, 2, 2001), (0, 0, 1001), (1, 4, 2003), (1, 6, 2004)];
    let inner = [(1, 3, 2002), (0, 0, 1001), (1, 4, 2003), (1, 7, 2005)];
    let both = [inner, outer].concat();
    let expected = vec![
        stack(&program, Moment::HostCall, &outer)?,
        stack(&program, Moment::Trap, &both)?,
    ];
    told(engine, &program, &[expected])
}

fn returned(engine: &mut dyn Engine) -> Result<(), Failure> {
    let second = r#"
        (import "assay:host" "0" (func $host))
        (func $twice
            (drop (i32.const 2001)) call $host (drop (i32.const 2002)) call $host)
        (func (export "f")
            (drop (i32.const 2003)) call $twice
            (drop (i32.const 2004)) call $host
            (drop (i32.const 2005)) unreachable)"#;
    let program = program(second, &[], &["f"])?;
    let host = |frames: &[_]| stack(&program, Moment::HostCall, frames);
    let expected = vec![
        host(&[(1, 1, 2001), (1, 2, 2003)])?,
        host(&[(1, 1, 2002), (1, 2, 2003)])?,
        host(&[(1, 2, 2004)])?,
        stack(&program, Moment::Trap, &[(1, 2, 2005)])?,
    ];
    told(engine, &program, &[expected])
}

fn tail_calls(engine: &mut dyn Engine) -> Result<(), Failure> {
    let second = r#"
        (import "assay:host" "0" (func $host))
        (table 1 funcref) (elem (i32.const 0) func $last)
        (func $last (drop (i32.const 2001)) call $host)
        (func $leaves i32.const 0 (drop (i32.const 2004)) return_call_indirect)
        (func $leaves_too (drop (i32.const 2005)) return_call $leaves)
        (func $to_host (drop (i32.const 2006)) return_call $host)
        (func (export "f")
            (drop (i32.const 2002)) call $leaves_too
            (drop (i32.const 2003)) call $to_host)"#;
    let program = program(second, &[Action::Return, Action::Trap], &["f"])?;
    let replaced = [(1, 1, 2001), (1, 2, 2004), (1, 3, 2005), (1, 5, 2002)];
    let vacated = [(1, 4, 2006), (1, 5, 2003)];
    let mut expected = vec![
        stack(&program, Moment::HostCall, &replaced)?,
        stack(&program, Moment::HostCall, &vacated)?,
        stack(&program, Moment::Trap, &vacated)?,
    ];
    for frame in expected.iter_mut().flat_map(|it| &mut it.frames) {
        frame.gone = (2..=4).contains(&frame.function);
    }
    told(engine, &program, &[expected])
}

fn references(engine: &mut dyn Engine) -> Result<(), Failure> {
    let second = r#"
        (import "assay:host" "0" (func $host))
        (type $f (func))
        (elem declare func $last)
        (func $last (drop (i32.const 2001)) call $host
            ref.null $f (drop (i32.const 2002)) call_ref $f)
        (func (export "f") ref.func $last (drop (i32.const 2003)) call_ref $f)"#;
    let program = program(second, &[], &["f"])?;
    let expected = vec![
        stack(&program, Moment::HostCall, &[(1, 1, 2001), (1, 2, 2003)])?,
        stack(&program, Moment::Trap, &[(1, 1, 2002), (1, 2, 2003)])?,
    ];
    told(engine, &program, &[expected])
}

fn exceptions(engine: &mut dyn Engine) -> Result<(), Failure> {
    let second = r#"
        (import "assay:host" "0" (func $host))
        (tag $t)
        (func $throws (drop (i32.const 2001)) throw $t)
        (func $again (local exnref)
            (block $h (result exnref)
                (try_table (catch_all_ref $h) (call $throws))
                (unreachable))
            (drop (i32.const 2002)) throw_ref)
        (func $caught
            (block $h (try_table (catch_all $h) (call $throws))))
        (func (export "f")
            (call $caught) (drop (i32.const 2003)) call $host (drop (i32.const 2004)) call $again)
        (func (export "g") (drop (i32.const 2005)) call $throws)
        (func (export "h") (call $caught) (drop (i32.const 2006)) unreachable)"#;
    let program = program(second, &[], &["f", "g", "h"])?;
    let expected = [
        vec![
            stack(&program, Moment::HostCall, &[(1, 4, 2003)])?,
            stack(&program, Moment::Exception, &[(1, 2, 2002), (1, 4, 2004)])?,
        ],
        vec![stack(
            &program,
            Moment::Exception,
            &[(1, 1, 2001), (1, 5, 2005)],
        )?],
        vec![stack(&program, Moment::Trap, &[(1, 6, 2006)])?],
    ];
    told(engine, &program, &expected)
}

fn unasked(engine: &mut dyn Engine) -> Result<(), Failure> {
    let mut program = program(SECOND, &[], &["host", "trap"])?;
    program.stacks = false;
    for step in steps(engine, &program)? {
        same("the stacks", &step.stacks[..], &[])?;
    }
    Ok(())
}
