//! The export `assay:call` or `assay:catch`: all functions behind one.

use super::locals::Locals;
use super::{MAX_SLOTS, Shims, callee};
use crate::lift::{self, val_type};
use crate::types::{Signature, Type, Widths};
use crate::{Callable, Plan};
use assay_engine::{Features, names};
use wasm_encoder::{
    BlockType, Catch, ConstExpr, ExportKind, Function, GlobalType, HeapType, RefType, ValType,
};

const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

/// A function behind the dispatcher.
struct Arm {
    function: u32,
    signature: Signature,
    /// Its result types in the encoder's terms.
    results: Vec<ValType>,
    caught: bool,
}

/// Where the payloads of exceptions go.
struct Payloads {
    tags: Vec<Tag>,
    /// How many slots the widest payload needs.
    widths: Widths,
    /// The first of the globals that hold them.
    first_global: u32,
}

struct Tag {
    types: Vec<Type>,
    /// Its types in the encoder's terms.
    fields: Vec<ValType>,
    /// The type of a block that ends with its fields on the stack.
    block: BlockType,
}

/// What the shims make of the functions.
pub(crate) struct Dispatched {
    /// The functions that can be called.
    pub callables: Vec<Callable>,
    /// Those that cannot, and why.
    pub left_out: Vec<(String, &'static str)>,
}

impl Shims<'_> {
    /// Adds the dispatcher, and with exceptions what it needs to tell them apart.
    pub fn dispatcher(&mut self, plan: &Plan) -> Dispatched {
        let (arms, names_of, left_out) = self.arms(plan);
        let exceptions = self.features.contains(Features::EXCEPTIONS);
        let payloads = exceptions.then(|| self.payloads()).flatten();
        let params = arms
            .iter()
            .map(|arm| Widths::of_arguments(&arm.signature.params));
        let params = params.fold(Widths::default(), Widths::max);
        let results = arms
            .iter()
            .map(|arm| Widths::of_results(&arm.signature.results));
        let results = results.fold(Widths::default(), Widths::max);
        let export = if payloads.is_some() {
            names::CATCH
        } else {
            names::CALL
        };
        if !arms.is_empty() {
            for (number, (arm, name)) in arms.iter().zip(&names_of).enumerate() {
                self.declare(&arm.signature.params);
                let label = || format!("{number}:{name}");
                self.named
                    .entry(self.callee(arm.function))
                    .or_insert_with(label);
            }
            let body = self.body(&arms, params, results, payloads.as_ref());
            let mut param_types = vec![ValType::I32];
            param_types.extend(params.types());
            let mut result_types = results.types();
            result_types.extend(payloads.as_ref().map(|_| ValType::I32));
            let index = self.function(param_types, result_types, &body);
            self.export(export, ExportKind::Func, index);
        }
        let callables = arms
            .into_iter()
            .zip(names_of)
            .enumerate()
            .map(|(number, (arm, name))| Callable {
                name,
                number: number as u32,
                export,
                signature: arm.signature,
                params,
                results,
                catches: payloads.is_some(),
            });
        Dispatched {
            callables: callables.collect(),
            left_out,
        }
    }

    fn arms(&self, plan: &Plan) -> (Vec<Arm>, Vec<String>, Vec<(String, &'static str)>) {
        let (mut arms, mut names_of, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (name, function) in self.info.callable(plan.exports) {
            let Some(&ty) = self.info.functions.get(function as usize) else {
                continue;
            };
            match self.check(ty) {
                Err(why) => left_out.push((name, why)),
                Ok(signature) => {
                    let caught = !plan.uncaught.contains(&name);
                    arms.push(Arm {
                        function,
                        signature,
                        results: self.results_of(ty),
                        caught,
                    });
                    names_of.push(name);
                }
            }
        }
        (arms, names_of, left_out)
    }

    fn check(&self, ty: u32) -> Result<Signature, &'static str> {
        let signature = self
            .info
            .signature_of_type(ty)
            .ok_or("its types cannot be carried")?;
        if !signature
            .params
            .iter()
            .all(|&ty| lift::can_lift(self.info, ty))
        {
            return Err("no value of a parameter's type can be made");
        }
        let (params, results) = (
            Widths::of_arguments(&signature.params),
            Widths::of_results(&signature.results),
        );
        if params.slots().max(results.slots()) > MAX_SLOTS {
            return Err("more parameters or results than engines allow once lowered");
        }
        Ok(signature)
    }

    fn results_of(&self, ty: u32) -> Vec<ValType> {
        match &self.info.types[ty as usize].composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => {
                ty.results().iter().filter_map(|&ty| val_type(ty)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Functions whose exceptions are not caught come first, outside of the handlers.
    fn body(
        &self,
        arms: &[Arm],
        params: Widths,
        results: Widths,
        payloads: Option<&Payloads>,
    ) -> Function {
        let first = 1 + params.slots() as u32;
        let tags = payloads.map_or(&[][..], |payloads| &payloads.tags);
        let fields = tags.iter().map(|tag| tag.fields.as_slice());
        let pieces = arms.iter().map(|arm| arm.results.as_slice()).chain(fields);
        let mut locals = Locals::for_any(first, pieces);
        let mut f = Function::new(locals.declare());
        let mut dispatch = |f: &mut Function, chosen: &dyn Fn(&Arm) -> bool| {
            f.instructions().block(BlockType::Empty);
            self.dispatch(f, arms, chosen, &mut |f, arm| {
                self.arm(f, arm, params, results, &mut locals);
                if payloads.is_some() {
                    f.instructions().i32_const(0);
                }
                f.instructions().return_();
            });
            f.instructions().end();
        };
        let Some(payloads) = payloads else {
            dispatch(&mut f, &|_| true);
            f.instructions().unreachable().end();
            return f;
        };
        if arms.iter().any(|arm| !arm.caught) {
            dispatch(&mut f, &|arm| !arm.caught);
        }
        begin_handlers(&mut f, &payloads.tags);
        dispatch(&mut f, &|arm| arm.caught);
        f.instructions().end().unreachable();
        self.handlers(&mut f, payloads, results, &mut locals);
        f
    }

    /// Emits the handlers, each at the end of its block: payload into the globals, zeros for the
    /// results, and the status.
    fn handlers(
        &self,
        f: &mut Function,
        payloads: &Payloads,
        results: Widths,
        locals: &mut Locals,
    ) {
        let zeros = |f: &mut Function| {
            pad(f, Widths::default(), results, Part::Ints);
            pad(f, Widths::default(), results, Part::Externs);
        };
        for (number, tag) in payloads.tags.iter().enumerate().rev() {
            let values = locals.assign(&tag.fields);
            f.instructions().end();
            for &local in values.iter().rev() {
                f.instructions().local_set(local);
            }
            self.give(f, &tag.types, &values, payloads.widths);
            for slot in (0..payloads.widths.slots() as u32).rev() {
                f.instructions().global_set(payloads.first_global + slot);
            }
            zeros(f);
            f.instructions().i32_const(number as i32 + 1).return_();
        }
        f.instructions().end();
        zeros(f);
        f.instructions().i32_const(-1).end();
    }

    /// Emits a `br_table` on the function's number. Numbers of arms that are not chosen fall through.
    fn dispatch(
        &self,
        f: &mut Function,
        arms: &[Arm],
        chosen: &dyn Fn(&Arm) -> bool,
        emit: &mut dyn FnMut(&mut Function, &Arm),
    ) {
        let count = arms.iter().filter(|arm| chosen(arm)).count() as u32;
        let mut next = 0;
        let mut targets = Vec::new();
        for arm in arms {
            targets.push(if chosen(arm) { next } else { count });
            next += u32::from(chosen(arm));
        }
        for _ in 0..count {
            f.instructions().block(BlockType::Empty);
        }
        f.instructions().local_get(0).br_table(targets, count);
        for arm in arms.iter().filter(|arm| chosen(arm)) {
            f.instructions().end();
            emit(f, arm);
        }
    }

    /// Emits: lift the arguments, call, lower the results, fill up.
    fn arm(
        &self,
        f: &mut Function,
        arm: &Arm,
        params: Widths,
        results: Widths,
        locals: &mut Locals,
    ) {
        let mut int = 1;
        let mut external = 1 + params.ints as u32;
        for &ty in &arm.signature.params {
            let widths = Widths::of_arguments(&[ty]);
            let slot = if widths.externs > 0 { external } else { int };
            lift::lift_wide(f, self.info, ty, slot, &|index| callee(self.info, index));
            int += widths.ints as u32;
            external += widths.externs as u32;
        }
        f.instructions().call(self.callee(arm.function));
        let values = locals.assign(&arm.results);
        for &local in values.iter().rev() {
            f.instructions().local_set(local);
        }
        self.give(f, &arm.signature.results, &values, results);
    }

    /// Emits code that pushes the lowered values of locals, filled up to `widths`.
    fn give(&self, f: &mut Function, types: &[Type], locals: &[u32], widths: Widths) {
        let own = Widths::of_results(types);
        for (&ty, &local) in types.iter().zip(locals) {
            lift::lower_ints(f, self.helpers, ty, &|f| {
                f.instructions().local_get(local);
            });
        }
        pad(f, own, widths, Part::Ints);
        for (&ty, &local) in types.iter().zip(locals) {
            if Widths::of_results(&[ty]).externs > 0 {
                f.instructions().local_get(local);
            }
        }
        pad(f, own, widths, Part::Externs);
    }

    /// Adds the globals for payloads and their getter. `None` where a tag's types cannot be
    /// carried.
    fn payloads(&mut self) -> Option<Payloads> {
        let mut tags = Vec::new();
        for &ty in &self.info.tags {
            let types = self.info.signature_of_type(ty)?.params;
            let fields = self.fields(ty);
            let block = match fields.as_slice() {
                [] => BlockType::Empty,
                &[one] => BlockType::Result(one),
                many => BlockType::FunctionType(self.function_type(Vec::new(), many.to_vec())),
            };
            tags.push(Tag {
                types,
                fields,
                block,
            });
        }
        let widths = tags.iter().map(|tag| Widths::of_results(&tag.types));
        let widths = widths.fold(Widths::default(), Widths::max);
        if widths.slots() > MAX_SLOTS {
            return None;
        }
        let first_global = self.globals;
        for ty in widths.types() {
            let init = match ty {
                ValType::I64 => ConstExpr::i64_const(0),
                _ => ConstExpr::ref_null(HeapType::EXTERN),
            };
            let ty = GlobalType {
                val_type: ty,
                mutable: true,
                shared: false,
            };
            self.global(ty, &init);
        }
        self.payload_getter(widths, first_global);
        Some(Payloads {
            tags,
            widths,
            first_global,
        })
    }

    /// The fields of a tag in the encoder's terms.
    fn fields(&self, tag: u32) -> Vec<ValType> {
        match &self.info.types[tag as usize].composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => {
                ty.params().iter().filter_map(|&ty| val_type(ty)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// One getter, under the names of all tags: payloads are filled up to the widest.
    fn payload_getter(&mut self, widths: Widths, first_global: u32) {
        let mut f = Function::new([]);
        for slot in 0..widths.slots() as u32 {
            f.instructions().global_get(first_global + slot);
        }
        f.instructions().end();
        let index = self.function(Vec::new(), widths.types(), &f);
        for tag in 0..self.info.tags.len() as u32 {
            self.export(&names::payload(tag), ExportKind::Func, index);
        }
    }
}

/// Emits the openings of the blocks that the handlers end, and of the `try_table` within.
fn begin_handlers(f: &mut Function, tags: &[Tag]) {
    let count = tags.len() as u32;
    f.instructions().block(BlockType::Empty);
    for tag in tags {
        f.instructions().block(tag.block);
    }
    let catches = (0..count).map(|tag| Catch::One {
        tag,
        label: count - 1 - tag,
    });
    let catches: Vec<_> = catches.chain([Catch::All { label: count }]).collect();
    f.instructions().try_table(BlockType::Empty, catches);
}

/// The two parts of a row of slots.
#[derive(Clone, Copy)]
enum Part {
    Ints,
    Externs,
}

/// Emits the zeros that fill up a part of a row.
fn pad(f: &mut Function, from: Widths, to: Widths, part: Part) {
    let mut i = f.instructions();
    match part {
        Part::Ints => (from.ints..to.ints).for_each(|_| {
            i.i64_const(0);
        }),
        Part::Externs => (from.externs..to.externs).for_each(|_| {
            i.ref_null(HeapType::EXTERN);
        }),
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
