//! How calls end.

use super::setting::TABLE_LENGTH;
use super::types::RefTy;
use super::world::{DIGEST, DIGEST_LOCAL, FIRST_GLOBAL, OUT_LOCAL, Place, Var, World};
use assay_engine::{Outcome, Resource, Traps, Value};
use wasm_encoder::InstructionSink as Sink;

/// How many values that nobody looked at are walked at the end of a call.
const MAX_UNSEEN: usize = 4;

impl World {
    /// Ends the call: what nobody looked at is walked first.
    pub fn end_call(&mut self) {
        let unseen = self.vars.iter().rev().filter(|var| !var.seen);
        let unseen: Vec<Var> = unseen.take(MAX_UNSEEN).copied().collect();
        for var in unseen {
            self.walk(var);
        }
        self.save_digest();
        let results = vec![
            Value::I64(self.digest),
            Value::Ref(self.seen_by_host(self.out)),
        ];
        self.finish(Outcome::Returned(results));
    }

    /// Ends the last call with a walk from all globals and tables.
    pub fn end_all(&mut self) {
        for number in 0..self.globals.len() {
            let Place { heap, ref values } = self.globals[number];
            let (value, global) = (values[0], FIRST_GLOBAL + number as u32);
            self.walk_from(RefTy::null(heap), value, |f| _ = f.global_get(global));
        }
        for number in 0..self.tables.len() {
            let Place { heap, values } = self.tables[number].clone();
            let grown = values.len() > TABLE_LENGTH as usize;
            let last = grown.then(|| values.len() - 1);
            for at in (0..TABLE_LENGTH as usize).chain(last) {
                let load = |f: &mut Sink<'_>| _ = f.i32_const(at as i32).table_get(number as u32);
                self.walk_from(RefTy::null(heap), values[at], load);
            }
        }
        self.end_call();
    }

    /// Keeps the digest where the next call finds it, even if the next instruction traps.
    pub fn save_digest(&mut self) {
        self.sink().local_get(DIGEST_LOCAL).global_set(DIGEST);
    }

    /// Ends the call: the instruction before traps, for one of these reasons.
    pub fn trapped(&mut self, traps: Traps) {
        self.sink().unreachable();
        self.finish(Outcome::Trapped(traps));
    }

    /// Ends the call: the instruction before throws.
    pub fn threw(&mut self, tag: u32, payload: Vec<Value>) {
        self.sink().unreachable();
        let tag = Some(tag);
        self.finish(Outcome::Threw { tag, payload });
    }

    /// Ends the call: for the instruction before there is no room in the heap.
    pub fn exhausted(&mut self) {
        self.sink().unreachable();
        self.finish(Outcome::Exhausted(Resource::Memory));
    }

    fn finish(&mut self, answer: Outcome) {
        if matches!(answer, Outcome::Returned(_)) {
            self.sink().local_get(DIGEST_LOCAL).local_get(OUT_LOCAL);
        }
        let body = std::mem::take(&mut self.body);
        self.calls.push((body, answer));
        self.begin();
    }
}
