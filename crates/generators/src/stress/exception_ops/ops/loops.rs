//! Loops in which each round throws and catches.

use super::super::operand::{How, Operand, data};
use super::super::value::{Datum, Ty};
use super::super::world::{DIGEST, End, Held, World, push_words};
use super::calls::{emit_again, recorded};
use crate::stress::Choices;
use crate::stress::scopes::{Clause, Kind, Label, Payloads};
use wasm_encoder::{BlockType, Catch, InstructionSink as Sink};

/// Locals of these types, from this one on.
pub fn as_locals(types: &[Ty], first: u32) -> Vec<Held> {
    let held = |(&ty, local): (&Ty, u32)| Held {
        id: 0,
        ty,
        datum: Datum::Null,
        local,
    };
    types.iter().zip(first..).map(held).collect()
}

/// Emits code that mixes locals into the digest.
pub fn look(f: &mut Sink<'_>, held: &[Held]) {
    f.global_get(DIGEST);
    for held in held {
        push_words(f, held.ty, held.local);
    }
    f.global_set(DIGEST);
}

/// How often loops go around.
const ROUNDS: [u32; 4] = [2, 1, 3, 7];

/// What a loop adds to a number that the function keeps, in each round.
const STEP: u64 = 0x0001_0203_0405_0607;

/// What throws in a loop.
enum Thrower {
    New(u32, Vec<Operand>),
    Again(u32, Vec<u64>, Vec<Operand>, u32),
}

impl Thrower {
    /// Whether it throws what is in a local.
    fn uses(&self, local: u32) -> bool {
        let (Self::New(_, operands) | Self::Again(_, _, operands, _)) = self;
        operands
            .iter()
            .any(|operand| operand.how == How::Local(local))
    }
}

fn thrower(w: &World, c: &mut Choices<'_, '_>) -> Thrower {
    if c.once_in(2)
        && let Some((function, record, args)) =
            recorded(w, c, |record| matches!(record.end, End::Threw(_)))
        && let End::Threw(exception) = record.end
    {
        return Thrower::Again(function, record.words, args, exception);
    }
    let tag = c.below(w.setting.tags.len() as u32);
    let operands = w.operands(c, &w.types().fields(tag));
    Thrower::New(tag, operands)
}

/// Emits what throws; gives the exception, and what goes into the digest before.
fn emit(w: &mut World, thrower: Thrower) -> (u32, Vec<u64>) {
    match thrower {
        Thrower::New(tag, operands) => {
            w.push_all(&operands);
            w.sink().throw(tag);
            w.thrown.insert(tag);
            (w.exception(tag, data(&operands)), Vec::new())
        }
        Thrower::Again(function, words, args, exception) => {
            emit_again(w, function, &args);
            w.sink().unreachable();
            (exception, words)
        }
    }
}

/// A loop in which each round throws and catches, while a number in a local goes on.
pub fn catch_in_loop(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let rounds = c.one_of(&ROUNDS)?;
    let kind = c.one_of(&[Kind::One, Kind::OneRef, Kind::All, Kind::AllRef])?;
    let thrower = thrower(w, c);
    let is_free = |held: &Held| held.ty == Ty::I64 && !thrower.uses(held.local);
    let carried = w.held().iter().position(is_free);
    let left = w.local(Ty::I32);
    let types = w.types();
    let tag = match &thrower {
        Thrower::New(tag, _) => *tag,
        Thrower::Again(_, _, _, exception) => w.exceptions[*exception as usize].tag,
    };
    let kind = match kind {
        // The module has no name for what is the neighbour's own.
        Kind::One if w.is_own(tag) => Kind::All,
        Kind::OneRef if w.is_own(tag) => Kind::AllRef,
        kind => kind,
    };
    let clause = Clause {
        kind,
        tag,
        label: Label::Own,
    };
    let arrives = clause.arrives(&types);
    let first = w.frame().body.locals.len() as u32;
    let caught = as_locals(&arrives, first);
    arrives.iter().for_each(|&ty| _ = w.local(ty));
    w.sink()
        .i32_const(rounds.cast_signed())
        .local_set(left)
        .loop_(BlockType::Empty)
        .block(clause.block(&types))
        .try_table(BlockType::Empty, [clause.encoded(0)]);
    let carried_local = carried.map(|at| w.held()[at]);
    if let Some(held) = carried_local {
        w.sink()
            .local_get(held.local)
            .i64_const(STEP.cast_signed())
            .i64_add()
            .local_set(held.local);
    }
    let (exception, words) = emit(w, thrower);
    let mut f = w.sink();
    f.end().unreachable().end();
    caught
        .iter()
        .rev()
        .for_each(|held| _ = f.local_set(held.local));
    look(&mut f, &caught);
    look(&mut f, carried_local.as_slice());
    f.local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end();
    let payload = w.exceptions[exception as usize].payload.clone();
    for _ in 0..rounds {
        words.iter().for_each(|&word| w.log(word));
        for (place, &ty) in arrives.iter().enumerate() {
            let datum = match (ty, clause.has_tag()) {
                (_, true) if place < payload.len() => payload[place],
                _ => Datum::Exn(exception),
            };
            datum.words(ty).into_iter().for_each(|word| w.log(word));
        }
        if let Some(at) = carried
            && let Datum::Bits(bits) = w.held()[at].datum
        {
            let sum = Datum::of(Ty::I64, bits.wrapping_add(STEP.into()));
            w.frame().held[at].datum = sum;
            sum.words(Ty::I64).into_iter().for_each(|word| w.log(word));
        }
    }
    w.hit("loop", "catches in each round");
    Some(())
}

/// A loop whose own label is where a clause lands: to catch is to go around.
pub fn catch_at_loop(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let rounds = c.one_of(&ROUNDS)?;
    let thrower = thrower(w, c);
    let left = w.local(Ty::I32);
    let held = as_locals(&[Ty::I32], left);
    w.sink()
        .i32_const(rounds.cast_signed())
        .local_set(left)
        .block(BlockType::Empty)
        .loop_(BlockType::Empty);
    look(&mut w.sink(), &held);
    w.sink()
        .local_get(left)
        .i32_eqz()
        .br_if(1)
        .local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_set(left)
        .try_table(BlockType::Empty, [Catch::All { label: 0 }]);
    let (_, words) = emit(w, thrower);
    w.sink().end().unreachable().end().end();
    for left in (0..=rounds).rev() {
        w.log(left.into());
        if left > 0 {
            words.iter().for_each(|&word| w.log(word));
        }
    }
    w.hit("loop", "its label is a clause's");
    Some(())
}
