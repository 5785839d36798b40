//! Recursion with handlers at some levels.

use super::super::operand::{Operand, data};
use super::super::types::Types;
use super::super::value::Ty;
use super::super::world::{Held, SEED, SEED_VALUE, Sig, World};
use super::loops::{as_locals, look};
use crate::stress::Choices;
use crate::stress::body::Body;
use crate::stress::scopes::{Clause, Kind, Label, Payloads};
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
        let locals = tys.iter().map(|ty| ty.local()).collect();
        let index = w.index(function);
        let frame_code = std::mem::take(&mut w.frame().body.code);
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
        let code = std::mem::replace(&mut w.frame().body.code, frame_code);
        w.functions[function as usize].body = Body { locals, code };
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
