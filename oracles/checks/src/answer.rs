//! A call must come to what the generator of the case says.
//!
//! **Property.** Some generators run a model beside the generation, and so know the outcome of each
//! call: the values, the trap, the exception with its payload. Every engine, on trial or not, must
//! come to just that.
//!
//! **Why it is sound.** Such a case has nothing in it that the specification leaves open, and the
//! model follows the specification's text; a test runs many thousand cases on the reference
//! interpreter, which shares nothing with the models, and asks for no difference.
//!
//! **Legal nondeterminism.** That of [`differential`](mod@crate::differential), of which this takes the
//! comparison of outcomes: exhaustion ends the judgement, and a trap is a set. But where a case asks for more
//! than any engine has, its answer is that the engine is exhausted, and what follows is judged. The state behind
//! the outcome is not part of an answer: it is left to the comparison of engines. What becomes of the host's
//! objects is judged by [`lives`], of engines that tell.

use crate::Place;
use crate::differential::{Comparison, Difference, Side, Verdict, What};
use crate::differential::{outcomes as compare_outcomes, ran_out};
use crate::lives;
use assay_engine::{Answers, Outcome, Program, Transcript};

/// The name by which the answers stand among engines.
pub const NAME: &str = "model";

/// Judges what an engine, which is on this side, did with a program by the answers to its calls. The
/// answer is on the other side.
pub fn judge(program: &Program, answers: &Answers, transcript: &Transcript, side: Side) -> Verdict {
    let Answers {
        outcomes, lives, ..
    } = answers;
    let started = Outcome::Returned(Vec::new());
    let start = [(Place::Instantiation, &transcript.instantiation, &started)];
    let calls = transcript.calls.iter().zip(outcomes).enumerate();
    let calls = calls.map(|(number, (step, answer))| (Place::Call(number), step, answer));
    let mut judged = 0;
    for (place, step, answer) in start.into_iter().chain(calls) {
        if let Some(resource) = ran_out(Some(step))
            && step.outcome != *answer
        {
            let end = Comparison::Exhausted(side, resource);
            return Verdict { calls: judged, end };
        }
        let (subject, oracle) = match side {
            Side::Subject => (&step.outcome, answer),
            Side::Oracle => (answer, &step.outcome),
        };
        if let Err(different) = compare_outcomes(program, subject, oracle) {
            return wrong(judged, place, different);
        }
        judged += usize::from(place != Place::Instantiation);
    }
    // What is seen, and what the answer is, on their sides.
    let on_sides = |what, seen: String, answer: String| match side {
        Side::Subject => (what, seen, answer),
        Side::Oracle => (what, answer, seen),
    };
    if judged < outcomes.len() {
        if let Some(resource) = ran_out(transcript.calls.last()) {
            let end = Comparison::Exhausted(side, resource);
            return Verdict { calls: judged, end };
        }
        let calls = |count: usize| format!("{count} calls");
        let different = on_sides(What::Shape, calls(judged), calls(outcomes.len()));
        return wrong(judged, Place::Call(judged), different);
    }
    let told = lives.as_ref().zip(transcript.drops.as_ref());
    if let Some(Err((seen, answer))) = told.map(|(lives, drops)| lives::judge(lives, drops)) {
        return wrong(judged, Place::End, on_sides(What::Lives, seen, answer));
    }
    Verdict {
        calls: judged,
        end: Comparison::Equal,
    }
}

fn wrong(calls: usize, place: Place, (what, subject, oracle): (What, String, String)) -> Verdict {
    let end = Comparison::Differs(Difference {
        place,
        what,
        subject,
        oracle,
        frames: None,
    });
    Verdict { calls, end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::{Resource, Step, Trap, Value};

    fn step(outcome: Outcome) -> Step {
        Step {
            stacks: Vec::new(),
            outcome,
            host: Vec::new(),
            state: None,
        }
    }

    fn returned(number: u64) -> Outcome {
        Outcome::Returned(vec![Value::I64(number)])
    }

    fn transcript(outcomes: &[Outcome]) -> Transcript {
        Transcript {
            drops: None,
            instantiation: step(Outcome::Returned(Vec::new())),
            calls: outcomes.iter().cloned().map(step).collect(),
        }
    }

    /// How far, and what differs in the end, if anything does.
    fn judged(answers: &[Outcome], outcomes: &[Outcome]) -> (usize, Option<What>) {
        let answers = Answers {
            outcomes: answers.to_vec(),
            ..Answers::default()
        };
        let transcript = transcript(outcomes);
        let verdict = judge(&Program::default(), &answers, &transcript, Side::Subject);
        let what = match verdict.end {
            Comparison::Differs(difference) => Some(difference.what),
            _ => None,
        };
        (verdict.calls, what)
    }

    #[test]
    fn each_call_comes_to_its_answer() {
        let trapped = |trap: Trap| Outcome::Trapped(trap.into());
        let answers = [returned(1), trapped(Trap::CastFailure), returned(2)];
        assert_eq!(judged(&answers, &answers), (3, None));
        let [a, b, c] = answers.clone();
        let other = [a.clone(), b.clone(), returned(3)];
        assert_eq!(judged(&answers, &other), (2, Some(What::Result(0))));
        let other = [a.clone(), trapped(Trap::NullReference), c.clone()];
        assert_eq!(judged(&answers, &other), (1, Some(What::Trap)));
        let other = [b.clone(), b.clone(), c];
        assert_eq!(judged(&answers, &other), (0, Some(What::Outcome)));
        let exhausted = Outcome::Exhausted(Resource::Memory);
        assert_eq!(judged(&answers, &[a.clone(), exhausted]), (1, None));
        let deep = Outcome::Exhausted(Resource::Stack);
        let ends = [a.clone(), deep.clone()];
        assert_eq!(judged(&ends, &ends), (2, None));
        let caught = [a.clone(), b.clone()];
        assert_eq!(judged(&ends, &caught), (1, Some(What::Outcome)));
        let fuel = Outcome::Exhausted(Resource::Fuel);
        assert_eq!(
            judged(&answers, &[a.clone(), fuel]),
            (1, Some(What::Outcome))
        );
        assert_eq!(judged(&answers, &[a]), (1, Some(What::Shape)));
    }

    #[test]
    fn what_is_to_be_exhausted_is() {
        let exhausted = |resource| Outcome::Exhausted(resource);
        let answers = [returned(1), exhausted(Resource::Memory)];
        assert_eq!(judged(&answers, &answers), (2, None));
        let other = [returned(1), returned(2)];
        assert_eq!(judged(&answers, &other), (1, Some(What::Outcome)));
        let trapped = [returned(1), Outcome::Trapped(Trap::NullReference.into())];
        assert_eq!(judged(&answers, &trapped), (1, Some(What::Outcome)));
        let stack = [returned(1), exhausted(Resource::Stack)];
        assert_eq!(judged(&answers, &stack), (1, None));
        // What follows is judged, too, if it is there.
        let longer = [&answers[..], &[returned(3)]].concat();
        assert_eq!(judged(&longer, &longer), (3, None));
        assert_eq!(judged(&longer, &answers), (2, None));
        let other = [&answers[..], &[returned(4)]].concat();
        assert_eq!(judged(&longer, &other), (2, Some(What::Result(0))));
    }
}
