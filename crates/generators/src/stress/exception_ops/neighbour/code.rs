//! The code of the neighbour's functions.
//!
//! It keeps numbers in locals around each call, and traps where they are not what they were when code
//! goes on, wherever that is.

use super::module::{KEPT, Neighbour, SEED};
use super::{Deed, Handler};
use crate::stress::exception_ops::value::Ty;
use crate::stress::exception_ops::world::SEED_VALUE;
use wasm_encoder::{BlockType, Catch, Function, InstructionSink as Sink};

/// The locals of a function that calls: its parameters, and two numbers.
const ARGUMENT: u32 = 0;
const CALLEE: u32 = 1;
const WORD: u32 = 2;
const FLOAT: u32 = 3;
const CAUGHT: u32 = 4;

impl Neighbour<'_> {
    pub(super) fn function(&mut self, deed: Deed) -> Function {
        let mut code = Vec::new();
        let mut f = Sink::new(&mut code);
        let mut locals = Vec::new();
        match deed {
            Deed::Throw { .. } => self.throw(&mut f, deed),
            Deed::Call { handler, tag } => {
                locals = vec![Ty::I64, Ty::F64];
                locals.extend(self.caught(handler, tag));
                self.call(&mut f, handler, tag);
            }
            Deed::Keep => _ = f.local_get(0).global_set(KEPT),
            Deed::Give => _ = f.global_get(KEPT),
            Deed::ThrowKept => _ = f.global_get(KEPT).throw_ref(),
        }
        f.end();
        let mut function = Function::new(locals.into_iter().map(|ty| (1, ty.local())));
        function.raw(code);
        function
    }

    /// Throws the parameters; what a decoy catches would trap.
    fn throw(&mut self, f: &mut Sink<'_>, deed: Deed) {
        let tags: Vec<u32> = deed.tags(self.setting);
        let fields = deed
            .tag()
            .map_or(Vec::new(), |tag| self.setting.fields(tag));
        let indices: Vec<u32> = tags.iter().map(|&tag| self.index(tag)).collect();
        let decoy = indices.get(1).copied();
        if let Some(tag) = decoy {
            f.block(self.types.block(&fields))
                .try_table(BlockType::Empty, [Catch::One { tag, label: 0 }]);
        }
        (0..fields.len() as u32).for_each(|param| _ = f.local_get(param));
        indices.first().iter().for_each(|&&tag| _ = f.throw(tag));
        if decoy.is_some() {
            f.end().unreachable().end().unreachable();
        }
    }

    /// What a handler catches.
    fn caught(&self, handler: Handler, tag: u32) -> Vec<Ty> {
        match handler {
            Handler::None | Handler::Tail => Vec::new(),
            Handler::ThrowAgain | Handler::ThrowOwn => self.setting.fields(tag),
            Handler::Rethrow => {
                let mut fields = self.setting.fields(tag);
                fields.push(Ty::Exn);
                fields
            }
            Handler::RethrowAll | Handler::Keep => vec![Ty::Exn],
        }
    }

    fn call(&mut self, f: &mut Sink<'_>, handler: Handler, tag: u32) {
        let results = self.setting.all_results();
        let callee = self.types.of(&[Ty::Extern], &results);
        let seen = self.index(self.setting.seen(tag));
        f.global_get(SEED).local_tee(WORD).f64_convert_i64_s();
        f.local_set(FLOAT);
        f.i32_const(0).local_get(CALLEE).table_set(0);
        let catch = match handler {
            Handler::None | Handler::Tail => None,
            Handler::ThrowAgain | Handler::ThrowOwn => Some(Catch::One {
                tag: seen,
                label: 0,
            }),
            Handler::Rethrow => Some(Catch::OneRef {
                tag: seen,
                label: 0,
            }),
            Handler::RethrowAll | Handler::Keep => Some(Catch::AllRef { label: 0 }),
        };
        let caught = self.caught(handler, tag);
        if let Some(catch) = catch.clone() {
            f.block(self.types.block(&caught));
            f.try_table(BlockType::Empty, [catch]);
        }
        f.local_get(ARGUMENT).i32_const(0);
        if handler == Handler::Tail {
            f.return_call_indirect(0, callee);
            return;
        }
        f.call_indirect(0, callee);
        check(f);
        if catch.is_none() {
            return;
        }
        f.return_().end().unreachable().end();
        let locals = CAUGHT..CAUGHT + caught.len() as u32;
        locals
            .clone()
            .rev()
            .for_each(|local| _ = f.local_set(local));
        check(f);
        let read = |f: &mut Sink<'_>| {
            for (ty, local) in caught.iter().zip(locals.clone()) {
                ty.get(f, local);
            }
        };
        let exception = locals.end - 1;
        match handler {
            Handler::ThrowAgain => {
                read(f);
                f.throw(seen);
            }
            Handler::ThrowOwn => {
                read(f);
                f.throw(self.index(self.setting.own(tag)));
            }
            Handler::Keep => {
                f.local_get(exception).global_set(KEPT);
                for ty in results {
                    ty.default(f);
                }
            }
            _ => _ = f.local_get(exception).throw_ref(),
        }
    }
}

/// Traps where the numbers in locals are not what they were.
fn check(f: &mut Sink<'_>) {
    f.local_get(WORD)
        .i64_const(SEED_VALUE.cast_signed())
        .i64_ne()
        .local_get(FLOAT)
        .f64_const((SEED_VALUE.cast_signed() as f64).into())
        .f64_ne()
        .i32_or()
        .if_(BlockType::Empty)
        .unreachable()
        .end();
}
