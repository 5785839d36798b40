//! A call must have the call stacks that the generator of the case says.
//!
//! **Property.** Some generators know, of each host call, trap and uncaught exception, which functions
//! are active: those called that did not return, were not left by a tail call, and were not unwound. An
//! engine that tells such a stack tells just these frames, from the innermost on: function, module, and
//! the offset of the instruction that traps, throws or calls.
//!
//! **Why it is sound.** No section of the specification has a word for backtraces, but its rules of
//! calls, tail calls and handlers say which frames there are at each step, and the model follows them.
//! That an engine tells them is its own promise: the documentation of `WasmBacktrace` and `FrameInfo` has
//! it for Wasmtime, and [`Tells`] says for each engine, by its configuration alone, which stacks are
//! told, and what of a frame. What an engine says that it tells and then does not is a difference like any
//! other, so that nothing falls silent by accident.
//!
//! **Legal nondeterminism.** None of the program. What [`Tells`] leaves open: moments and parts of
//! frames that an engine does not tell are not judged; of a stack deeper than it tells, the innermost
//! frames are; and where it inlines, frames may be missing but for the outermost (documentation of
//! Wasmtime's `Inlining`), and a frame's offset may be that of one missing inside it. Where an engine
//! inlines tail calls, the function that made one is shown in place of that which it called (Wasmtime)
//! or beside it (V8); where frames may be both missing and too many, there is nothing to hold on to. As in
//! [`answer`](crate::answer), exhaustion ends the judgement, and how a call ended is not judged here.

use crate::Place;
use crate::differential::{Comparison, Difference, Misplaced, Side, Verdict, What};
use assay_engine::{Frame, Outcome, Resource, Stack, Tells, Transcript};

/// Judges the stacks that an engine, which is on this side, told of each call. The answer is on the
/// other side.
pub fn judge(answers: &[Vec<Stack>], transcript: &Transcript, tells: Tells, side: Side) -> Verdict {
    let mut calls = 0;
    for (number, (step, answer)) in transcript.calls.iter().zip(answers).enumerate() {
        if let Outcome::Exhausted(resource) = step.outcome
            && resource != Resource::Fuel
        {
            let end = Comparison::Exhausted(side, resource);
            return Verdict { calls, end };
        }
        if let Err((what, told, expected)) = stacks(answer, &step.stacks, tells) {
            let (subject, oracle) = match side {
                Side::Subject => (told, expected),
                Side::Oracle => (expected, told),
            };
            let end = Comparison::Differs(Difference {
                place: Place::Call(number),
                what,
                subject,
                oracle,
            });
            return Verdict { calls, end };
        }
        calls += 1;
    }
    Verdict {
        calls,
        end: Comparison::Equal,
    }
}

/// What differs, what was told, and what had to be.
type Differ = Result<(), (What, String, String)>;

/// Compares the stacks of a call.
fn stacks(answer: &[Stack], told: &[Stack], tells: Tells) -> Differ {
    let expected = answer.iter().filter(|it| tells.tells(it.moment));
    let expected: Vec<&Stack> = expected.collect();
    let moments = expected.iter().map(|stack| stack.moment);
    if !told.iter().map(|stack| stack.moment).eq(moments) {
        let all = |stacks: &mut dyn Iterator<Item = &Stack>| {
            let texts: Vec<_> = stacks.map(Stack::to_string).collect();
            format!("{} stacks: {}", texts.len(), texts.join("; "))
        };
        let (a, b) = (all(&mut told.iter()), all(&mut expected.into_iter()));
        return Err((What::Stacks, a, b));
    }
    for (number, (told, expected)) in told.iter().zip(expected).enumerate() {
        let (whole, frames) = (&expected.frames, &told.frames);
        let Some(what) = difference(number, whole, frames, tells) else {
            continue;
        };
        let is_open = match (tells.omits_inlined, tells.keeps_tail_callers) {
            (true, false) => has_gaps(whole, frames, tells),
            (false, true) => has_more(whole, frames, tells),
            (both, _) => both,
        };
        if is_open {
            continue;
        }
        return Err((what, told.to_string(), expected.to_string()));
    }
    Ok(())
}

/// How the frames of a stack of this number differ, if they do.
fn difference(number: usize, expected: &[Frame], told: &[Frame], tells: Tells) -> Option<What> {
    let limit = (tells.frames as usize).min(expected.len());
    let is = |(a, b): (&Frame, &Frame)| same_function(a, b, tells);
    let equal = told
        .iter()
        .zip(&expected[..limit])
        .take_while(|&(a, b)| is((b, a)));
    let at = equal.count();
    // Whether all that is left of the one stands at the head of what is left of the other.
    let follows = |expected: &[Frame], told: &[Frame]| {
        (1..=expected.len()).contains(&told.len()) && expected.iter().zip(told).all(is)
    };
    match (expected[..limit].get(at), told.get(at)) {
        (None, None) => {
            let mut pairs = expected.iter().zip(told);
            let (frame, told) = pairs.find(|(a, b)| !same_offset(a, b, tells))?;
            let misplaced = Misplaced {
                module: frame.module,
                is: frame.offset,
                told: told.offset,
            };
            Some(What::FrameOffset(number, misplaced))
        }
        (Some(_), None) => Some(What::FrameMissing(number)),
        (None, Some(_)) => Some(What::FrameExtra(number)),
        (Some(_), Some(_)) if follows(&expected[at + 1..], &told[at..]) => {
            Some(What::FrameMissing(number))
        }
        (Some(_), Some(_)) if follows(&expected[at..], &told[at + 1..]) => {
            Some(What::FrameExtra(number))
        }
        (Some(a), Some(b)) if a.function == b.function => Some(What::FrameModule(number)),
        (Some(_), Some(_)) => Some(What::FrameFunction(number)),
    }
}

/// Whether what was told is as it must be where frames of inlined functions are missing.
fn has_gaps(expected: &[Frame], told: &[Frame], tells: Tells) -> bool {
    // Where in the expected frames the last one told can be; it begins before all of them.
    let mut ends: Vec<Option<usize>> = vec![None];
    for frame in told {
        let fits = |&at: &usize| {
            same_function(&expected[at], frame, tells)
                && ends.iter().any(|end| {
                    let first = end.map_or(0, |end| end + 1);
                    let mut inside = expected.get(first..=at).into_iter().flatten();
                    inside.any(|inside| same_offset(inside, frame, tells))
                })
        };
        ends = (0..expected.len()).filter(fits).map(Some).collect();
    }
    let is_cut = told.len() == tells.frames as usize;
    is_cut && !ends.is_empty() || ends.contains(&expected.len().checked_sub(1))
}

/// Whether what was told is as it must be where there may be frames too many.
fn has_more(expected: &[Frame], told: &[Frame], tells: Tells) -> bool {
    let mut rest = told.iter();
    let mut is_told = |frame: &&Frame| {
        rest.any(|told| same_function(frame, told, tells) && same_offset(frame, told, tells))
    };
    let missing = expected.iter().find(|frame| !is_told(frame));
    missing.is_none() || told.len() == tells.frames as usize
}

/// Whether the second frame is of the function of the first.
fn same_function(expected: &Frame, told: &Frame, tells: Tells) -> bool {
    expected.function == told.function && agree(expected.module, told.module, tells.modules)
}

fn same_offset(expected: &Frame, told: &Frame, tells: Tells) -> bool {
    agree(expected.offset, told.offset, tells.offsets)
}

/// Whether what was told is what was expected, where that is known; it may be missing where it need
/// not be told.
fn agree(expected: Option<u32>, told: Option<u32>, must_tell: bool) -> bool {
    match (expected, told) {
        (Some(expected), Some(told)) => expected == told,
        (Some(_), None) => !must_tell,
        (None, _) => true,
    }
}

#[cfg(test)]
mod tests;
