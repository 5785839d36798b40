//! Code that throws and catches more than once: recursion and loops.

use super::super::module::Types;
use super::super::operand::{How, Operand, data};
use super::super::scopes::{Clause, Kind, Label};
use super::super::value::{Datum, Ty};
use super::super::world::{DIGEST, Held, SEED, SEED_VALUE, Sig, World, push_words};
use super::calls::{emit_again, recorded};
use crate::stress::Choices;
use assay_engine::Features;
use wasm_encoder::{BlockType, Catch, InstructionSink as Sink};

/// A function `(n, guards)` that calls itself `n` times and then throws. On the way up, each level whose
/// bit is set in `guards` catches, looks at what it got and at what it kept, and throws again, but
/// for one level, which returns.
struct Recursion {
    tag: u32,
    payload: Vec<Operand>,
    /// How deep it calls itself.
    depth: u32,
    guards: u32,
    /// The level that returns, if it catches.
    stop: u32,
    /// By what levels catch.
    kind: Kind,
    /// Whether there are vectors.
    vectors: bool,
}

/// How deep functions call themselves.
const DEPTHS: [u32; 6] = [2, 1, 3, 8, 9, 30];

/// Its parameters.
const N: u32 = 0;
const GUARDS: u32 = 1;

/// Recursion with handlers at some levels.
pub fn recurse(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    if !w.has_room_for_call() {
        return None;
    }
    let tag = c.below(w.setting.tags.len() as u32);
    let fields = w.types().fields(tag);
    let depth = c.one_of(&DEPTHS)?;
    let bits = u128::from(c.below(64)) * 0x0101_0101_0101_0101_0101_0101_0101_0101;
    let payload = fields
        .iter()
        .map(|&ty| w.fresh(ty, bits + 1, bits > 60, true))
        .collect();
    let level = 1 + c.below(depth);
    let guards = match c.below(4) {
        0 => 0,
        1 => u32::MAX,
        2 => 1 << level,
        _ => 0x5555_5555 << c.below(2),
    };
    let recursion = Recursion {
        tag,
        payload,
        depth,
        guards,
        stop: if c.once_in(2) { level } else { 0 },
        kind: c.one_of(&[Kind::OneRef, Kind::AllRef])?,
        vectors: w.setting.features.contains(Features::SIMD),
    };
    recursion.perform(w, c.id());
    Some(())
}

impl Recursion {
    fn perform(&self, w: &mut World, id: u32) {
        w.thrown.insert(self.tag);
        let function = w.function(Sig::Recursive, Vec::new());
        let index = w.index(function);
        let mut f = w.sink();
        f.i32_const(self.depth.cast_signed())
            .i32_const(self.guards.cast_signed())
            .call(index);
        self.define(w, function);
        let throws = self.run(w);
        if self.guards != 0 && self.depth > 1 {
            w.hit("recursion", "handlers within");
        }
        if throws {
            w.sink().unreachable();
            let exception = w.exception(self.tag, data(&self.payload));
            w.throws(id, exception, self.depth + 1);
        } else {
            w.hit("recursion", "one level returns");
        }
    }

    fn catches(&self, level: u32) -> bool {
        self.guards >> level & 1 == 1
    }

    /// What arrives with the exception.
    fn arrives(&self, types: &Types) -> Vec<Ty> {
        let clause = Clause {
            kind: self.kind,
            tag: self.tag,
            label: Label::Own,
        };
        clause.arrives(types)
    }

    /// Goes up the levels; whether the last one throws.
    fn run(&self, w: &mut World) -> bool {
        let mut throws = true;
        let fields = w.types().fields(self.tag);
        for level in 1..=self.depth {
            if throws && self.catches(level) {
                if self.kind == Kind::OneRef {
                    let words = fields.iter().zip(&self.payload);
                    words
                        .flat_map(|(&ty, operand)| operand.datum.words(ty))
                        .for_each(|word| w.log(word));
                }
                self.log_kept(w, level);
                throws = level != self.stop;
            } else if !throws {
                self.log_kept(w, level);
            }
        }
        throws
    }

    /// What a level keeps: numbers that depend on the level.
    fn log_kept(&self, w: &mut World, level: u32) {
        let number = SEED_VALUE ^ u64::from(level);
        w.log(number);
        w.log(f64::from(level).to_bits());
        if self.vectors {
            w.log(number);
            w.log(number);
        }
    }

    /// Emits the function.
    fn define(&self, w: &mut World, function: u32) {
        let types = w.types();
        let arrives = self.arrives(&types);
        let mut tys = vec![Ty::I32, Ty::I32, Ty::I64, Ty::F64];
        tys.extend(self.vectors.then_some(Ty::V128));
        let kept: Vec<Held> = as_locals(&tys[2..], 2);
        let caught = as_locals(&arrives, tys.len() as u32);
        tys.extend(&arrives);
        let locals = tys.iter().map(|ty| ty.encoded()).collect();
        let index = w.index(function);
        let frame_code = std::mem::take(&mut w.frame().code);
        self.keep(&mut w.sink());
        let mut f = w.sink();
        f.local_get(N).i32_eqz().if_(BlockType::Empty);
        w.push_all(&self.payload);
        let mut f = w.sink();
        f.throw(self.tag).end();
        f.local_get(GUARDS)
            .local_get(N)
            .i32_shr_u()
            .i32_const(1)
            .i32_and()
            .if_(BlockType::Empty)
            .block(BlockType::Empty);
        self.guarded_call(&mut f, &types, &arrives, index);
        for held in caught.iter().rev() {
            f.local_set(held.local);
        }
        let (exception, payload) = match caught.split_last() {
            Some((last, payload)) => (last.local, payload),
            None => (0, caught.as_slice()),
        };
        look(&mut f, payload);
        look(&mut f, &kept);
        f.local_get(N)
            .i32_const(self.stop.cast_signed())
            .i32_eq()
            .if_(BlockType::Empty)
            .return_()
            .end()
            .local_get(exception)
            .throw_ref()
            .end()
            .else_();
        call_below(&mut f, index);
        f.end();
        look(&mut f, &kept);
        let code = std::mem::replace(&mut w.frame().code, frame_code);
        w.functions[function as usize].body = (locals, code);
    }

    /// Puts numbers into the locals that are looked at later.
    fn keep(&self, f: &mut Sink<'_>) {
        f.global_get(SEED)
            .local_get(N)
            .i64_extend_i32_u()
            .i64_xor()
            .local_set(2)
            .local_get(N)
            .f64_convert_i32_u()
            .local_set(3);
        if self.vectors {
            f.local_get(2).i64x2_splat().local_set(4);
        }
    }

    /// Emits a call with a handler around it. What it catches is on the stack behind it; where nothing
    /// is thrown, it leaves the block around.
    fn guarded_call(&self, f: &mut Sink<'_>, types: &Types, arrives: &[Ty], index: u32) {
        let clause = Clause {
            kind: self.kind,
            tag: self.tag,
            label: Label::Own,
        };
        let catch = match self.kind {
            Kind::OneRef => Catch::OneRef {
                tag: self.tag,
                label: 0,
            },
            _ => Catch::AllRef { label: 0 },
        };
        debug_assert!(!arrives.is_empty());
        f.block(clause.block(types))
            .try_table(BlockType::Empty, [catch]);
        call_below(f, index);
        f.end().br(1).end();
    }
}

/// Emits the call of the next level.
fn call_below(f: &mut Sink<'_>, index: u32) {
    f.local_get(N)
        .i32_const(1)
        .i32_sub()
        .local_get(GUARDS)
        .call(index);
}

/// Locals of these types, from this one on.
fn as_locals(types: &[Ty], first: u32) -> Vec<Held> {
    let held = |(&ty, local): (&Ty, u32)| Held {
        id: 0,
        ty,
        datum: Datum::Null,
        local,
    };
    types.iter().zip(first..).map(held).collect()
}

/// Emits code that mixes locals into the digest.
fn look(f: &mut Sink<'_>, held: &[Held]) {
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
    use super::super::world::End;
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
    let clause = Clause {
        kind,
        tag,
        label: Label::Own,
    };
    let arrives = clause.arrives(&types);
    let first = w.frame().locals.len() as u32;
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
