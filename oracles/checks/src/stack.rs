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
//! frames are; and where Wasmtime inlines functions, their frames may be missing (documentation of its
//! `Inlining`), but not that of the function into which they were inlined ([`Tells::fit`]). As in
//! [`answer`](crate::answer), exhaustion ends the judgement, and how a call ended is not judged here.

use crate::Place;
use crate::differential::{Comparison, Difference, Frames, Side, Verdict, What, ran_out};
use assay_engine::{Fit, Frame, Stack, Tells, Transcript};

/// Judges the stacks that an engine, which is on this side, told of each call. The answer is on the
/// other side.
///
/// What is wrong with the frames of functions that were inlined is what differs only where nothing
/// else does, since engines that inline are known to be wrong about them.
pub fn judge(answers: &[Vec<Stack>], transcript: &Transcript, tells: Tells, side: Side) -> Verdict {
    let mut calls = 0;
    let mut inlined = None;
    for (number, (step, answer)) in transcript.calls.iter().zip(answers).enumerate() {
        if let Some(resource) = ran_out(Some(step)) {
            let end = Comparison::Exhausted(side, resource);
            return Verdict { calls, end };
        }
        for differs in differences(answer, &step.stacks, tells) {
            let is_inlined = matches!(differs.what, What::FrameUnplaced(..) | What::FrameGone(..));
            let difference = differs.on(side, Place::Call(number));
            if !is_inlined {
                let end = Comparison::Differs(difference);
                return Verdict { calls, end };
            }
            inlined.get_or_insert(difference);
        }
        calls += 1;
    }
    let end = inlined.map_or(Comparison::Equal, Comparison::Differs);
    Verdict { calls, end }
}

/// What differs, what was told, and what had to be.
struct Differs {
    what: What,
    told: String,
    expected: String,
    frames: Option<Frames>,
}

impl Differs {
    /// As a difference of an engine on this side.
    fn on(self, side: Side, place: Place) -> Difference {
        let (subject, oracle) = match side {
            Side::Subject => (self.told, self.expected),
            Side::Oracle => (self.expected, self.told),
        };
        Difference {
            place,
            what: self.what,
            subject,
            oracle,
            frames: self.frames,
        }
    }
}

/// Compares the stacks of a call.
fn differences(answer: &[Stack], told: &[Stack], tells: Tells) -> Vec<Differs> {
    let expected = answer.iter().filter(|it| tells.tells(it.moment));
    let expected: Vec<&Stack> = expected.collect();
    let moments = expected.iter().map(|stack| stack.moment);
    if !told.iter().map(|stack| stack.moment).eq(moments) {
        let all = |stacks: &mut dyn Iterator<Item = &Stack>| {
            let texts: Vec<_> = stacks.map(Stack::to_string).collect();
            format!("{} stacks: {}", texts.len(), texts.join("; "))
        };
        return vec![Differs {
            what: What::Stacks,
            told: all(&mut told.iter()),
            expected: all(&mut expected.into_iter()),
            frames: None,
        }];
    }
    let pairs = told.iter().zip(expected).enumerate();
    let differ = pairs.filter_map(|(number, (told, expected))| {
        let fit = tells.fit(&expected.frames, &told.frames);
        Some(Differs {
            what: difference(number, fit, expected, told, tells)?,
            told: told.to_string(),
            expected: expected.to_string(),
            frames: Some(Frames {
                there: expected.frames.clone(),
                told: told.frames.clone(),
                fit,
                inlined: tells.inlined,
            }),
        })
    });
    differ.collect()
}

/// How a stack of this number, which fits so, differs, if it does.
fn difference(
    number: usize,
    fit: Fit,
    expected: &Stack,
    told: &Stack,
    tells: Tells,
) -> Option<What> {
    match fit {
        Fit::Right => None,
        Fit::Unplaced(_) => Some(What::FrameUnplaced(number)),
        Fit::Gone(_) => Some(What::FrameGone(number)),
        Fit::Misplaced(..) => Some(What::FrameOffset(number)),
        Fit::Wrong => {
            let active: Vec<_> = expected.active().copied().collect();
            Some(frames(number, &active, &told.frames, tells))
        }
    }
}

/// How functions that are not as they must be differ.
fn frames(number: usize, expected: &[Frame], told: &[Frame], tells: Tells) -> What {
    let limit = (tells.frames as usize).min(expected.len());
    let is = |(there, told): (&Frame, &Frame)| tells.same_function(there, told);
    let pairs = expected[..limit].iter().zip(told);
    let at = pairs.take_while(|&pair| is(pair)).count();
    // Whether all that is left of the one stands at the head of what is left of the other.
    let follows = |expected: &[Frame], told: &[Frame]| {
        (1..=expected.len()).contains(&told.len()) && expected.iter().zip(told).all(is)
    };
    match (expected[..limit].get(at), told.get(at)) {
        (_, None) => What::FrameMissing(number),
        (None, Some(_)) => What::FrameExtra(number),
        (Some(_), Some(_)) if follows(&expected[at + 1..], &told[at..]) => {
            What::FrameMissing(number)
        }
        (Some(_), Some(_)) if follows(&expected[at..], &told[at + 1..]) => What::FrameExtra(number),
        (Some(a), Some(b)) if a.function == b.function => What::FrameModule(number),
        (Some(_), Some(_)) => What::FrameFunction(number),
    }
}

#[cfg(test)]
mod tests;
