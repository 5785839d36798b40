//! The export `assay:call`: all functions behind one.

use super::handlers::{self, Tag};
use super::locals::Locals;
use super::state::State;
use super::{Arm, Shims};
use crate::lift;
use crate::rewrite::Fused;
use crate::types::{Type, Widths};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, ExportKind, InstructionSink as Sink, RefType, ValType};

const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

/// Where the shim has what.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The widths of its arguments, behind the number.
    pub params: Widths,
    /// The widths of results and payloads.
    pub results: Widths,
    /// The first of the locals that hold results or a payload.
    pub first: u32,
    /// The local that holds the status.
    pub status: u32,
}

impl Row {
    /// The row of a shim with these functions and these payloads.
    pub fn new(arms: &[Arm], payloads: &[Vec<Type>]) -> Self {
        let params = arms
            .iter()
            .map(|arm| Widths::of_arguments(&arm.signature.params))
            .fold(Widths::default(), Widths::max);
        let results = arms
            .iter()
            .map(|arm| &arm.signature.results)
            .chain(payloads)
            .map(|types| Widths::of_results(types))
            .fold(Widths::default(), Widths::max);
        let first = 1 + params.slots() as u32;
        Self {
            params,
            results,
            first,
            status: first + results.slots() as u32,
        }
    }

    /// The pool of other locals.
    pub fn locals(&self) -> Locals {
        Locals::behind(self.status + 1)
    }
}

/// What the shim is made of.
pub(super) struct Parts<'a> {
    pub arms: &'a [Arm],
    pub fused: &'a BTreeMap<u32, Fused>,
    pub row: Row,
    pub tags: Option<Vec<Tag>>,
    pub state: &'a State,
    /// The fuel that the next call gets.
    pub refill: Option<i32>,
}

impl Shims<'_> {
    /// Adds the shim.
    pub(super) fn dispatcher(&mut self, parts: &Parts<'_>, mut locals: Locals) {
        let mut code = Vec::new();
        self.body(&mut code, parts, &mut locals);
        let row = &parts.row;
        let mut groups = vec![
            (row.results.ints as u32, ValType::I64),
            (row.results.externs as u32, EXTERNREF),
            (1, ValType::I32),
        ];
        groups.extend(locals.declare());
        // Even a group of none needs its type's feature.
        groups.retain(|&(count, _)| count > 0);
        let mut f = wasm_encoder::Function::new(groups);
        f.raw(code);
        let mut params = vec![ValType::I32];
        params.extend(row.params.types());
        let mut results = row.results.types();
        results.push(ValType::I32);
        results.extend(&parts.state.types);
        let index = self.function(params, results, &f);
        self.export(assay_engine::names::CALL, ExportKind::Func, index);
    }

    /// Functions whose exceptions are not caught come first, outside of the handlers.
    fn body(&self, code: &mut Vec<u8>, parts: &Parts<'_>, locals: &mut Locals) {
        let row = &parts.row;
        let uncaught = |arm: &Arm| parts.tags.is_none() || !arm.caught;
        Sink::new(code).block(BlockType::Empty);
        if parts.arms.iter().any(uncaught) {
            self.dispatch(code, parts, &uncaught, 0, locals);
        }
        if let Some(tags) = &parts.tags {
            handlers::open(&mut Sink::new(code), tags);
            let depth = handlers::depth(tags);
            self.dispatch(code, parts, &|arm| arm.caught, depth, locals);
            self.handle(&mut Sink::new(code), tags, locals, row);
        }
        let scratch = locals.assign(&[ValType::I64, ValType::I64]);
        let f = &mut Sink::new(code);
        f.end();
        for slot in 0..row.results.slots() as u32 {
            f.local_get(row.first + slot);
        }
        f.local_get(row.status);
        self.tell(f, parts.state, [scratch[0], scratch[1]]);
        if let Some(fuel) = parts.refill {
            self.refill(f, fuel);
        }
        f.end();
    }

    /// Emits code that refills the fuel, unless the number is negative.
    fn refill(&self, f: &mut Sink<'_>, fuel: i32) {
        f.i32_const(fuel)
            .global_get(self.fuel)
            .local_get(0)
            .i32_const(0)
            .i32_ge_s()
            .select()
            .global_set(self.fuel);
    }

    /// Emits a `br_table` on the function's number. Numbers of arms that are not chosen fall
    /// through; arms end by leaving the block around `outer` others.
    fn dispatch(
        &self,
        code: &mut Vec<u8>,
        parts: &Parts<'_>,
        chosen: &dyn Fn(&Arm) -> bool,
        outer: u32,
        locals: &mut Locals,
    ) {
        let count = parts.arms.iter().filter(|arm| chosen(arm)).count() as u32;
        let mut next = 0;
        let mut targets = Vec::new();
        for arm in parts.arms {
            targets.push(if chosen(arm) { next } else { count });
            next += u32::from(chosen(arm));
        }
        let f = &mut Sink::new(code);
        for _ in 0..=count {
            f.block(BlockType::Empty);
        }
        f.local_get(0)
            .i32_const(0x7fff_ffff)
            .i32_and()
            .br_table(targets, count);
        let chosen = parts.arms.iter().filter(|arm| chosen(arm));
        for (arm, number) in chosen.zip(1..) {
            Sink::new(code).end();
            self.arm(code, arm, parts, locals);
            Sink::new(code).br(count + 1 - number + outer);
        }
        Sink::new(code).end();
    }

    /// Emits: lift the arguments, call, lower the results.
    fn arm(&self, code: &mut Vec<u8>, arm: &Arm, parts: &Parts<'_>, locals: &mut Locals) {
        let fused = parts.fused.get(&arm.function);
        self.arguments(&mut Sink::new(code), arm, fused, &parts.row);
        match (fused, self.numbers.function(arm.function)) {
            (Some(fused), _) => code.extend(&fused.code),
            (None, Some(function)) => {
                Sink::new(code).call(function);
            }
            (None, None) => {
                Sink::new(code).unreachable();
            }
        }
        let values = locals.assign(&arm.results(self.info, self.numbers));
        let f = &mut Sink::new(code);
        for &local in values.iter().rev() {
            f.local_set(local);
        }
        self.keep(f, &arm.signature.results, &values, &parts.row);
    }

    /// Emits code that lifts the arguments: onto the stack, or into the locals of a fused function.
    fn arguments(&self, f: &mut Sink<'_>, arm: &Arm, fused: Option<&Fused>, row: &Row) {
        let mut int = 1;
        let mut external = 1 + row.params.ints as u32;
        for (number, &ty) in arm.signature.params.iter().enumerate() {
            let widths = Widths::of_arguments(&[ty]);
            let slot = if widths.externs > 0 { external } else { int };
            lift::lift_wide(f, self.info, self.numbers, ty, slot);
            if let Some(&local) = fused.and_then(|fused| fused.params.get(number)) {
                f.local_set(local);
            }
            int += widths.ints as u32;
            external += widths.externs as u32;
        }
    }
}

impl Widths {
    /// The types of the row.
    fn types(self) -> Vec<ValType> {
        let ints = std::iter::repeat_n(ValType::I64, self.ints);
        ints.chain(std::iter::repeat_n(EXTERNREF, self.externs))
            .collect()
    }
}
