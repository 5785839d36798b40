//! Recursion and loops: each level, or each round, has an object of its own, which refers to the one
//! before, and in the end nothing but a payload holds the chain.

use super::super::corners::Place;
use super::super::model::SHALLOW;
use super::super::operand::Operand;
use super::super::unwind::Landing;
use super::super::value::{Datum, NODE, Storage, Ty};
use super::super::walker::look;
use super::super::world::{COLLECT, Held, Sig, World};
use crate::stress::Choices;
use crate::stress::body::Body;
use crate::stress::naming::distinct;
use crate::stress::numbers;
use crate::stress::scopes::{Clause, Kind, Label, Payloads};
use wasm_encoder::{BlockType, InstructionSink as Sink};

/// How deep functions call themselves, and how often loops go around.
const DEPTHS: [u32; 6] = [2, 1, 3, 8, 12, 20];
const ROUNDS: [u32; 4] = [2, 1, 3, 7];

/// A tag with a field for a structure, and that field.
fn carrier(w: &World, c: &mut Choices<'_, '_>) -> Option<(u32, usize)> {
    let fits = |ty: &Ty| matches!(ty, Ty::Eq | Ty::Node);
    let tags = (0..).zip(&w.setting.tags);
    // All else that such a tag carries is null or 0.
    let zeros = |fields: &Vec<Ty>| fields.iter().all(|ty| *ty == ty.nullable());
    let tags = tags.filter(|(_, fields)| zeros(fields));
    let tags = tags.filter_map(|(tag, fields)| Some((tag, fields.iter().position(fits)?)));
    c.one_of(&tags.collect::<Vec<_>>())
}

/// Emits a structure whose number is `base` changed by a counter in a local; the one before is in another
/// local.
fn push_link(f: &mut Sink<'_>, rest: &[Storage], base: u64, counter: u32, before: u32) {
    f.local_get(counter)
        .i64_extend_i32_u()
        .i64_const(base.cast_signed())
        .i64_xor()
        .local_get(before);
    rest.iter().for_each(|it| push_zero(f, it.unpacked()));
    f.struct_new(NODE);
}

fn push_zero(f: &mut Sink<'_>, ty: Ty) {
    match ty.is_number() {
        true => numbers::push(f, ty.encoded(), 0),
        false => _ = f.ref_null(ty.heap()),
    }
}

impl World {
    /// The structure that [`push_link`] makes.
    fn link(&mut self, base: u64, counter: u32, before: Datum) -> Datum {
        let number = Datum::Bits(u128::from(base ^ u64::from(counter)));
        let rest = self.rest_of(NODE);
        let zeros = rest.iter().map(|storage| storage.unpacked().zero());
        let data = [number, before].into_iter().chain(zeros).collect();
        self.object(NODE, data)
    }

    /// A payload with nothing but a structure in it.
    fn carried(&self, tag: u32, slot: usize, datum: Datum) -> Vec<Datum> {
        let fields = self.types().fields(tag);
        let mut payload: Vec<Datum> = fields.iter().map(|ty| ty.zero()).collect();
        payload[slot] = datum;
        payload
    }
}

/// A function `(n, before)` that makes a structure, calls itself `n` times, and then throws its own one. On
/// the way up, each level whose bit is set in `guards` catches, collects, looks at what it has, and throws
/// again.
struct Recursion {
    tag: u32,
    slot: usize,
    depth: u32,
    guards: u32,
    kind: Kind,
    base: u64,
}

/// Its parameters, its own structure, and the exception that it catches.
const N: u32 = 0;
const BEFORE: u32 = 1;
const OWN: u32 = 2;
const CAUGHT: u32 = 3;
const FIRST_FIELD: u32 = 4;

/// Recursion in which each level keeps an object.
pub fn recurse(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, slot) = carrier(w, c)?;
    let depth = c.one_of(&DEPTHS)?;
    let guards = match c.below(3) {
        0 => 0,
        1 => 1 << (1 + c.below(depth)),
        _ => 0x5555_5554 << c.below(2),
    };
    let before = w.operand(c, Ty::Eq, 0);
    let recursion = Recursion {
        tag,
        slot,
        depth,
        guards,
        kind: c.one_of(&[Kind::OneRef, Kind::AllRef])?,
        base: distinct(c.id(), 1) as u64,
    };
    let landing = Landing::choose(c);
    if !w.may_throw(c, tag) {
        return None;
    }
    recursion.perform(w, c.id(), before, landing);
    Some(())
}

impl Recursion {
    fn perform(&self, w: &mut World, id: u32, before: Operand, landing: Landing) {
        let function = w.function(Sig::Recursive);
        let index = w.index(function);
        w.sink().i32_const(self.depth.cast_signed());
        let before = w.push(&before);
        w.sink().call(index).unreachable();
        self.define(w, function);
        let mut chain = Vec::new();
        for level in (0..=self.depth).rev() {
            let last = chain.last().map_or(before, |held: &Held| held.datum);
            let own = w.link(self.base, level, last);
            chain.push(w.value(id, Ty::Node, own, OWN, Place::Unwound));
        }
        let thrown = chain.last().map_or(before, |held| held.datum);
        let payload = w.carried(self.tag, self.slot, thrown);
        let exception = w.exception(self.tag, payload);
        self.rise(w, exception, &chain);
        if self.guards != 0 && self.depth > 1 {
            w.hit("recursion", "handlers within");
        }
        if self.depth >= 8 {
            w.hit("recursion", "eight functions or more");
        }
        w.throws_past(id, exception, landing, chain);
    }

    /// Goes up the levels.
    fn rise(&self, w: &mut World, exception: u32, chain: &[Held]) {
        let fields = w.types().fields(self.tag);
        for (level, own) in (0..=self.depth).zip(chain.iter().rev()) {
            if level == 0 || self.guards >> level & 1 == 0 {
                continue;
            }
            let thrown = &mut w.heap.exceptions[exception as usize];
            thrown.again += 1;
            let payload = thrown.payload.clone();
            w.collected(&[Datum::Exception(exception), own.datum]);
            let arrived = if self.kind == Kind::OneRef {
                payload
            } else {
                Vec::new()
            };
            for (&ty, datum) in fields.iter().zip(arrived).chain([(&Ty::Node, own.datum)]) {
                let words = w.heap.words(ty, datum, SHALLOW);
                words.into_iter().for_each(|word| w.log(word));
            }
        }
    }

    fn clause(&self) -> Clause {
        Clause {
            kind: self.kind,
            tag: self.tag,
            label: Label::Own,
        }
    }

    /// Emits the function.
    fn define(&self, w: &mut World, function: u32) {
        let types = w.types();
        let fields = types.fields(self.tag);
        let own = [Ty::I32, Ty::Eq, Ty::Node, Ty::Exn];
        let locals = own.iter().chain(&fields).map(|ty| ty.encoded()).collect();
        let index = w.index(function);
        let mut code = Vec::new();
        let mut sink = Sink::new(&mut code);
        let f = &mut sink;
        push_link(f, &w.rest_of(NODE), self.base, N, BEFORE);
        f.local_set(OWN)
            .local_get(N)
            .i32_eqz()
            .if_(BlockType::Empty);
        for (place, &ty) in fields.iter().enumerate() {
            if place == self.slot {
                f.local_get(OWN);
            } else {
                push_zero(f, ty);
            }
        }
        f.throw(self.tag)
            .end()
            .i32_const(self.guards.cast_signed())
            .local_get(N)
            .i32_shr_u()
            .i32_const(1)
            .i32_and()
            .if_(BlockType::Empty)
            .block(self.clause().block(&types))
            .try_table(BlockType::Empty, [self.clause().encoded(0)]);
        self.descend(f, index);
        f.end().unreachable().end();
        self.guard(f, &fields);
        f.end();
        self.descend(f, index);
        look(f, Ty::Node, OWN, SHALLOW);
        w.functions[function as usize].body = Body { locals, code };
    }

    /// Emits what is done where the exception has arrived.
    fn guard(&self, f: &mut Sink<'_>, fields: &[Ty]) {
        f.local_set(CAUGHT);
        let arrived = if self.kind == Kind::OneRef {
            fields
        } else {
            &[]
        };
        let places = FIRST_FIELD..FIRST_FIELD + arrived.len() as u32;
        places.clone().rev().for_each(|it| _ = f.local_set(it));
        f.call(COLLECT);
        for (&ty, local) in arrived.iter().zip(places) {
            look(f, ty, local, SHALLOW);
        }
        look(f, Ty::Node, OWN, SHALLOW);
        f.local_get(CAUGHT).throw_ref();
    }

    /// Emits the call of the next level.
    fn descend(&self, f: &mut Sink<'_>, index: u32) {
        f.local_get(N)
            .i32_const(1)
            .i32_sub()
            .local_get(OWN)
            .call(index);
    }
}

/// A loop that throws and catches in each round an object that refers to that of the round before.
pub fn catch_in_loop(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let (tag, slot) = carrier(w, c)?;
    let rounds = c.one_of(&ROUNDS)?;
    let collects = c.once_in(2);
    let kind = c.one_of(&[Kind::One, Kind::OneRef])?;
    let base = distinct(c.id(), 0) as u64;
    let (left, chain) = (w.local(Ty::I32), w.local(Ty::Eq));
    let types = w.types();
    let fields = types.fields(tag);
    let rest = w.rest_of(NODE);
    let clause = Clause {
        kind,
        tag,
        label: Label::Own,
    };
    let mut f = w.sink();
    f.i32_const(rounds.cast_signed())
        .local_set(left)
        .loop_(BlockType::Empty)
        .block(clause.block(&types))
        .try_table(BlockType::Empty, [clause.encoded(0)]);
    for (place, &ty) in fields.iter().enumerate() {
        if place == slot {
            push_link(&mut f, &rest, base, left, chain);
        } else {
            push_zero(&mut f, ty);
        }
    }
    f.throw(tag).end().unreachable().end();
    if clause.has_exception() {
        f.drop();
    }
    for place in (0..fields.len()).rev() {
        if place == slot {
            f.local_set(chain);
        } else {
            f.drop();
        }
    }
    if collects {
        f.call(COLLECT);
    }
    look(&mut f, Ty::Eq, chain, SHALLOW);
    f.local_get(left)
        .i32_const(1)
        .i32_sub()
        .local_tee(left)
        .br_if(0)
        .end()
        .local_get(chain);
    let mut last = Datum::Null;
    for round in (1..=rounds).rev() {
        last = w.link(base, round, last);
        if collects {
            w.collected(&[last]);
        }
        let word = w.heap.walk(last, SHALLOW);
        w.log(word);
    }
    if rounds > 1 {
        w.hit("loop", "each round's payload has the last one's object");
    }
    w.keep(c.id(), Ty::Eq, last);
    Some(())
}
