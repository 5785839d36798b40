//! Exceptions on their way out (chapter 4, section "Exception Handling").

use super::Stop;
use super::call::Frame;
use crate::coverage::{Recorder, Way};
use crate::module::code::{Clause, Code, HandlerKind, Reference};
use crate::store::heap::Object;
use crate::store::{Ref, Store};

/// Finds what catches: the frame goes on there, with operands up to the given slot. All but
/// exceptions go through.
pub(super) fn catch<'m>(
    store: &mut Store,
    frames: &mut Vec<Frame<'m>>,
    mut frame: Frame<'m>,
    stop: Stop,
    stack: &mut [u64],
) -> Result<(Frame<'m>, usize), Stop> {
    let Stop::Exception(exception) = stop else {
        mutate!(CatchAllOfTraps => return swallow(store, frames, frame, stop));
        return Err(stop);
    };
    let Object::Exception { tag, slots } = store.heap.get(exception.0) else {
        return Err(stop);
    };
    loop {
        let tags = &store.instances[frame.instance as usize].tags;
        let is = |index: u32| {
            let wanted = tags[index as usize];
            let is = mutate!(wanted == *tag, TagByType => {
                store.tags[wanted as usize] == store.tags[*tag as usize]
            });
            mutate!(is, TagFirstIndex => tags.iter().position(|it| it == tag) == Some(index as usize))
        };
        let recorder = store.recorder.as_deref_mut();
        let at = (frame.pc as u32).wrapping_sub(1);
        if let Some(clause) = clause_for(frame.code, at, is, recorder) {
            let target = frame.code.targets[clause.target as usize];
            let mut top = frame.base + target.height as usize;
            let mut push = |slot: u64| {
                stack[top] = slot;
                top += 1;
            };
            let Ref(reference) = exception;
            if clause.reference == Reference::Below {
                push(reference);
            }
            if clause.tag.is_some() {
                let whole = mutate!(slots.len(), PayloadTruncated => slots.len().saturating_sub(1));
                mutate!(slots[..whole].iter().copied().for_each(&mut push), PayloadReversed => {
                    slots.iter().rev().copied().for_each(&mut push)
                });
                mutate!(PayloadTruncated => slots[whole..].iter().for_each(|_| push(0)));
            }
            if clause.reference == Reference::Above {
                push(mutate!(reference, CatchAllRefOfNull => match clause.tag {
                    Some(_) => reference,
                    None => 0,
                }));
            }
            mutate!(StaleLocal => if frame.code.locals > frame.code.params {
                stack[frame.base + frame.code.params as usize] = 0
            });
            mutate!(StackBelowLost => if target.height > frame.code.locals {
                stack[frame.base + target.height as usize - 1] = 0
            });
            frame.pc = target.pc as usize;
            return Ok((frame, top));
        }
        frame = frames.pop().ok_or_else(|| stop.clone())?;
        store.frames_left += 1;
    }
}

/// Lets a `catch_all` have a trap.
#[cfg(feature = "mutants")]
fn swallow<'m>(
    store: &mut Store,
    frames: &mut Vec<Frame<'m>>,
    mut frame: Frame<'m>,
    stop: Stop,
) -> Result<(Frame<'m>, usize), Stop> {
    loop {
        let at = (frame.pc as u32).wrapping_sub(1);
        let clause = clause_for(frame.code, at, |_| false, None);
        if let (Some(clause), Stop::Trap(_)) = (clause, &stop)
            && clause.reference == Reference::None
        {
            let target = frame.code.targets[clause.target as usize];
            frame.pc = target.pc as usize;
            return Ok((frame, frame.base + target.height as usize));
        }
        frame = frames.pop().ok_or_else(|| stop.clone())?;
        store.frames_left += 1;
    }
}

/// The clause that catches what an operation threw.
fn clause_for(
    code: &Code,
    pc: u32,
    is: impl Fn(u32) -> bool,
    mut recorder: Option<&mut Recorder>,
) -> Option<Clause> {
    let mut went = |number, way| {
        if let Some(recorder) = &mut recorder {
            recorder.went(number, way);
        }
    };
    let mut max_depth = u32::MAX;
    for at in 0..code.handlers.len() {
        let handler = &code.handlers[mutate!(at, OuterHandler => code.handlers.len() - 1 - at)];
        if !(handler.start..mutate!(handler.end, HandlerEndsEarly => handler.end - 1)).contains(&pc)
            || handler.depth > max_depth
        {
            continue;
        }
        match &handler.kind {
            HandlerKind::Delegate(depth) => {
                went(handler.guard, Way::Taken);
                max_depth = *depth;
            }
            HandlerKind::Catch(clauses) => {
                let fits = |clause: &&Clause| clause.tag.is_none_or(&is);
                let mut clauses = clauses.iter();
                if let Some(clause) = mutate!(clauses.find(fits), LastClause => clauses.rfind(fits))
                {
                    went(handler.guard, way_of(clause));
                    return Some(*clause);
                }
                went(handler.guard, Way::Passed);
            }
        }
    }
    None
}

/// Which kind of clause it is.
fn way_of(clause: &Clause) -> Way {
    match (clause.tag, clause.reference) {
        (Some(_), Reference::Above) => Way::CatchRef,
        (Some(_), _) => Way::Catch,
        (None, Reference::Above) => Way::CatchAllRef,
        (None, _) => Way::CatchAll,
    }
}
