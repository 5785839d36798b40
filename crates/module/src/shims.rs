//! The functions and exports that let the harness look into a module.
//!
//! | export | what it does |
//! |---|---|
//! | `F` | the function itself, where it has no other types than `i32` and `i64` |
//! | `assay:call:F` | lifts arguments, calls `F`, lowers results |
//! | `assay:catch:F` | the same, and catches: the last result is the status |
//! | `assay:payload:T` | the lowered payload of the last exception caught with tag `T` |
//! | `assay:observe` | fuel, all globals, then size and digest of each table; refills the fuel |
//! | `assay:memory:M`, `assay:table:T`, `assay:tag:T` | the entities themselves |
//!
//! See [`assay_engine::names`] for the names and [`crate::types`] for the slots.

use crate::lift::{self, Helpers, val_type};
use crate::sections::Sections;
use crate::types::{Hierarchy, Signature, Type, argument_slots, result_slots};
use crate::{Callable, Info, Plan};
use assay_engine::{Features, Slot, Value, names};
use wasm_encoder::{
    BlockType, Catch, ConstExpr, Elements, ExportKind, Function, GlobalType, HeapType, RefType,
    ValType,
};

/// How many elements of a table the digest covers.
pub const TABLE_ELEMENTS_OBSERVED: i64 = 1024;

/// The most slots that `assay:observe` gives; what a module has beyond is not observed.
pub const SLOTS_OBSERVED: usize = 900;

const ZERO_EXTERN: HeapType = HeapType::EXTERN;

/// Appends shims to a rewritten module.
pub(crate) struct Shims<'a> {
    pub info: &'a Info,
    pub features: Features,
    pub sections: Sections,
    pub helpers: Helpers,
    types: u32,
    functions: u32,
    globals: u32,
    fuel_global: u32,
    known_types: Vec<(Vec<ValType>, Vec<ValType>, u32)>,
    declared: Vec<u32>,
    /// Per tag: its types and the first of the globals that hold its lowered payload.
    payloads: Vec<(Vec<Type>, u32)>,
}

fn slot_type(slot: Slot) -> ValType {
    match slot {
        Slot::I32 => ValType::I32,
        Slot::I64 => ValType::I64,
        Slot::Extern => ValType::Ref(RefType::EXTERNREF),
    }
}

fn slot_types(slots: &[Slot]) -> Vec<ValType> {
    slots.iter().copied().map(slot_type).collect()
}

/// Emits the zero of a slot.
fn zero(f: &mut Function, slot: Slot) {
    let mut i = f.instructions();
    match Value::zero(slot) {
        Value::I32(_) => i.i32_const(0),
        Value::I64(_) => i.i64_const(0),
        _ => i.ref_null(ZERO_EXTERN),
    };
}

impl<'a> Shims<'a> {
    /// Starts on a module whose imported functions have been lowered by the rewriter. The wrappers
    /// and their types come first: the rewriter counts on their indices.
    pub fn new(info: &'a Info, features: Features, sections: Sections, plan: &Plan) -> Self {
        let mut shims = Self {
            info,
            features,
            sections,
            helpers: Helpers::default(),
            types: info.types.len() as u32,
            functions: info.functions.len() as u32,
            globals: info.globals.len() as u32,
            fuel_global: info.globals.len() as u32,
            known_types: Vec::new(),
            declared: Vec::new(),
            payloads: Vec::new(),
        };
        let fuel = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        shims.global(fuel, &ConstExpr::i32_const(plan.fuel));
        shims
    }

    fn global(&mut self, ty: GlobalType, init: &ConstExpr) -> u32 {
        self.sections.globals.global(ty, init);
        self.globals += 1;
        self.globals - 1
    }

    fn new_type(&mut self, params: Vec<ValType>, results: Vec<ValType>) -> u32 {
        self.sections
            .types
            .ty()
            .function(params.iter().copied(), results.iter().copied());
        let index = self.types;
        self.types += 1;
        self.known_types.push((params, results, index));
        index
    }

    fn function_type(&mut self, params: Vec<ValType>, results: Vec<ValType>) -> u32 {
        let known = self
            .known_types
            .iter()
            .find(|(p, r, _)| *p == params && *r == results);
        match known {
            Some(&(_, _, index)) => index,
            None => self.new_type(params, results),
        }
    }

    fn function(&mut self, params: Vec<ValType>, results: Vec<ValType>, body: &Function) -> u32 {
        let ty = self.function_type(params, results);
        self.define(ty, body)
    }

    fn define(&mut self, ty: u32, body: &Function) -> u32 {
        self.sections.functions.function(ty);
        self.sections.code.function(body);
        self.functions += 1;
        self.functions - 1
    }

    fn export(&mut self, name: &str, kind: ExportKind, index: u32) {
        self.sections.exports.export(name, kind, index);
    }

    /// The index by which code refers to a function: the wrapper of an imported one.
    fn callee(&self, function: u32) -> u32 {
        callee(self.info, function)
    }

    fn declare(&mut self, types: &[Type]) {
        for &ty in types {
            if let Some(function) = lift::function_referred_to(self.info, ty) {
                self.declared.push(self.callee(function));
            }
        }
    }

    /// A wrapper per imported function: lowers the arguments, calls the host, lifts the results.
    pub fn wrap_imports(&mut self, signatures: &[Signature], pay: &dyn Fn(&mut Function)) {
        for signature in signatures {
            let params = slot_types(&result_slots(&signature.params));
            let results = slot_types(&argument_slots(&signature.results));
            self.new_type(params, results);
        }
        // The wrappers' indices come before those of the helpers that they call.
        let helpers_from = self.functions + signatures.len() as u32;
        self.helpers = self.plan_helpers(helpers_from);
        for (number, signature) in signatures.iter().enumerate() {
            self.declare(&signature.results);
            let body = self.wrapper(number as u32, signature, pay);
            let ty = self.info.functions[number];
            self.define(ty, &body);
        }
        self.add_helpers();
    }

    fn wrapper(&self, number: u32, signature: &Signature, pay: &dyn Fn(&mut Function)) -> Function {
        let slots = argument_slots(&signature.results);
        let mut f = Function::new(slots.iter().map(|&slot| (1, slot_type(slot))));
        pay(&mut f);
        for (param, &ty) in signature.params.iter().enumerate() {
            lift::lower(&mut f, self.helpers, ty, &|f| {
                f.instructions().local_get(param as u32);
            });
        }
        f.instructions().call(number);
        let first = signature.params.len() as u32;
        for slot in (0..slots.len() as u32).rev() {
            f.instructions().local_set(first + slot);
        }
        let mut slot = first;
        for &ty in &signature.results {
            lift::lift(&mut f, self.info, ty, slot, &|index| {
                callee(self.info, index)
            });
            slot += ty.argument_slots().len() as u32;
        }
        f.instructions().end();
        f
    }

    /// Which helpers there will be, if they begin at this function index.
    fn plan_helpers(&self, from: u32) -> Helpers {
        if !self.features.contains(Features::GC) {
            return Helpers::default();
        }
        Helpers {
            code_of_any: Some(from),
            code_of_extern: Some(from + 1),
        }
    }

    fn add_helpers(&mut self) {
        if let Some(any) = self.helpers.code_of_any {
            let i64 = vec![ValType::I64];
            self.function(
                vec![ValType::Ref(RefType::ANYREF)],
                i64.clone(),
                &lift::code_of_any(),
            );
            let extern_ = vec![ValType::Ref(RefType::EXTERNREF)];
            self.function(extern_, i64, &lift::code_of_extern(any));
        }
    }

    /// A callable export for each exported function, or the reason why there is none.
    pub fn exports(&mut self, plan: &Plan) -> (Vec<Callable>, Vec<(String, &'static str)>) {
        let mut callables = Vec::new();
        let mut left_out = Vec::new();
        let catching = self.features.contains(Features::EXCEPTIONS);
        let classify = catching.then(|| self.classify()).flatten();
        for (name, function) in self.info.callable(plan.exports) {
            let signature = self.info.functions.get(function as usize);
            let signature = signature.and_then(|&ty| self.info.signature_of_type(ty));
            match signature
                .ok_or("its types cannot be carried")
                .and_then(|s| self.check(s))
            {
                Err(why) => left_out.push((name, why)),
                Ok(signature) => {
                    let classify = classify.filter(|_| !plan.uncaught.contains(&name));
                    callables.push(self.callable(name, function, signature, classify));
                }
            }
        }
        (callables, left_out)
    }

    fn check(&self, signature: Signature) -> Result<Signature, &'static str> {
        if !signature
            .params
            .iter()
            .all(|&ty| lift::can_lift(self.info, ty))
        {
            return Err("no value of a parameter's type can be made");
        }
        if argument_slots(&signature.params).len() > SLOTS_OBSERVED
            || result_slots(&signature.results).len() > SLOTS_OBSERVED
        {
            return Err("more parameters or results than engines allow once lowered");
        }
        Ok(signature)
    }

    fn callable(
        &mut self,
        name: String,
        function: u32,
        signature: Signature,
        classify: Option<u32>,
    ) -> Callable {
        let plain = signature
            .params
            .iter()
            .chain(&signature.results)
            .all(|ty| ty.is_plain());
        let export = match classify {
            Some(_) => names::catch(&name),
            None if plain => name.clone(),
            None => names::call(&name),
        };
        if export == name {
            self.export(&name, ExportKind::Func, self.callee(function));
        } else {
            self.declare(&signature.params);
            let params = slot_types(&argument_slots(&signature.params));
            let mut results = slot_types(&result_slots(&signature.results));
            results.extend(classify.map(|_| ValType::I32));
            let body = self.call_shim(function, &signature, classify);
            let index = self.function(params, results, &body);
            self.export(&export, ExportKind::Func, index);
        }
        Callable {
            name,
            export,
            signature,
            catches: classify.is_some(),
        }
    }

    fn call_shim(&self, function: u32, signature: &Signature, classify: Option<u32>) -> Function {
        let ty = &self.info.types[self.info.functions[function as usize] as usize];
        let slots = argument_slots(&signature.params).len() as u32;
        let result_types: Vec<_> = match &ty.composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => {
                ty.results().iter().filter_map(|&ty| val_type(ty)).collect()
            }
            _ => Vec::new(),
        };
        let exn = slots + result_types.len() as u32;
        let mut locals: Vec<_> = result_types.iter().map(|&ty| (1, ty)).collect();
        locals.extend(classify.map(|_| (1, ValType::Ref(RefType::EXNREF))));
        let mut f = Function::new(locals);
        if classify.is_some() {
            f.instructions()
                .block(BlockType::Result(ValType::Ref(RefType::EXNREF)))
                .try_table(BlockType::Empty, [Catch::AllRef { label: 0 }]);
        }
        self.call_lifted(&mut f, function, signature, slots);
        if let Some(classify) = classify {
            f.instructions()
                .i32_const(0)
                .return_()
                .end()
                .unreachable()
                .end()
                .local_set(exn);
            for slot in result_slots(&signature.results) {
                zero(&mut f, slot);
            }
            f.instructions().local_get(exn).call(classify);
        }
        f.instructions().end();
        f
    }

    /// Emits: lift the parameters, call, lower the results through the locals from `first` on.
    fn call_lifted(&self, f: &mut Function, function: u32, signature: &Signature, first: u32) {
        let mut slot = 0;
        for &ty in &signature.params {
            lift::lift(f, self.info, ty, slot, &|index| callee(self.info, index));
            slot += ty.argument_slots().len() as u32;
        }
        f.instructions().call(self.callee(function));
        let count = signature.results.len() as u32;
        for result in (0..count).rev() {
            f.instructions().local_set(first + result);
        }
        for (result, &ty) in signature.results.iter().enumerate() {
            lift::lower(f, self.helpers, ty, &|f| {
                f.instructions().local_get(first + result as u32);
            });
        }
    }

    /// `[exnref] -> [i32]`: the status of an exception, its payload put where the getters find it.
    /// `None` where a tag's types cannot be carried.
    fn classify(&mut self) -> Option<u32> {
        for &tag in &self.info.tags {
            let types = self.info.signature_of_type(tag)?.params;
            let first = self.globals;
            for slot in result_slots(&types) {
                let init = match slot {
                    Slot::I32 => ConstExpr::i32_const(0),
                    Slot::I64 => ConstExpr::i64_const(0),
                    Slot::Extern => ConstExpr::ref_null(ZERO_EXTERN),
                };
                self.global(
                    GlobalType {
                        val_type: slot_type(slot),
                        mutable: true,
                        shared: false,
                    },
                    &init,
                );
            }
            self.payloads.push((types, first));
        }
        let body = self.classify_body();
        let exnref = ValType::Ref(RefType::EXNREF);
        let index = self.function(vec![exnref], vec![ValType::I32], &body);
        for tag in 0..self.payloads.len() {
            self.payload_getter(tag);
        }
        Some(index)
    }

    fn classify_body(&mut self) -> Function {
        let fields: Vec<Vec<ValType>> =
            self.info.tags.iter().map(|&tag| self.fields(tag)).collect();
        let count = fields.len() as u32;
        let mut firsts = Vec::new();
        let mut next = 1;
        for types in &fields {
            firsts.push(next);
            next += types.len() as u32;
        }
        let locals: Vec<_> = fields.iter().flatten().map(|&ty| (1, ty)).collect();
        let mut f = Function::new(locals);
        f.instructions().block(BlockType::Empty);
        for types in &fields {
            let ty = match types.as_slice() {
                [] => BlockType::Empty,
                &[one] => BlockType::Result(one),
                many => BlockType::FunctionType(self.function_type(Vec::new(), many.to_vec())),
            };
            f.instructions().block(ty);
        }
        let catches = (0..count).map(|tag| Catch::One {
            tag,
            label: count - 1 - tag,
        });
        let catches: Vec<_> = catches.chain([Catch::All { label: count }]).collect();
        f.instructions()
            .try_table(BlockType::Empty, catches)
            .local_get(0)
            .throw_ref()
            .end()
            .unreachable();
        for tag in (0..fields.len()).rev() {
            f.instructions().end();
            for field in (0..fields[tag].len() as u32).rev() {
                f.instructions().local_set(firsts[tag] + field);
            }
            self.store_payload(&mut f, tag, firsts[tag]);
            f.instructions().i32_const(tag as i32 + 1).return_();
        }
        f.instructions().end().i32_const(-1).end();
        f
    }

    fn fields(&self, tag: u32) -> Vec<ValType> {
        match &self.info.types[tag as usize].composite_type.inner {
            wasmparser::CompositeInnerType::Func(ty) => {
                ty.params().iter().filter_map(|&ty| val_type(ty)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn store_payload(&self, f: &mut Function, tag: usize, first_local: u32) {
        let (types, first_global) = &self.payloads[tag];
        let mut global = *first_global;
        for (field, &ty) in types.iter().enumerate() {
            lift::lower(f, self.helpers, ty, &|f| {
                f.instructions().local_get(first_local + field as u32);
            });
            let slots = ty.result_slots().len() as u32;
            for slot in (0..slots).rev() {
                f.instructions().global_set(global + slot);
            }
            global += slots;
        }
    }

    fn payload_getter(&mut self, tag: usize) {
        let (types, first) = &self.payloads[tag];
        let slots = result_slots(types);
        let mut f = Function::new([]);
        for slot in 0..slots.len() as u32 {
            f.instructions().global_get(first + slot);
        }
        f.instructions().end();
        let index = self.function(Vec::new(), slot_types(&slots), &f);
        self.export(&names::payload(tag as u32), ExportKind::Func, index);
    }

    /// The export `assay:observe`.
    pub fn observe(&mut self, plan: &Plan) {
        let mut results = vec![ValType::I32];
        let mut f = Function::new([]);
        f.instructions().global_get(self.fuel_global);
        for (index, ty) in self.info.globals.iter().enumerate() {
            let Some(ty) = Type::of(self.info, ty.content_type) else {
                continue;
            };
            if results.len() + ty.result_slots().len() > SLOTS_OBSERVED {
                break;
            }
            results.extend(slot_types(ty.result_slots()));
            lift::lower(&mut f, self.helpers, ty, &|f| {
                f.instructions().global_get(index as u32);
            });
        }
        for table in 0..self.info.tables.len() {
            if results.len() + 2 > SLOTS_OBSERVED {
                break;
            }
            if let Some(digest) = self.table_digest(table) {
                results.extend([ValType::I64, ValType::I64]);
                f.instructions().call(digest);
            }
        }
        f.instructions()
            .i32_const(plan.fuel)
            .global_set(self.fuel_global)
            .end();
        let index = self.function(Vec::new(), results, &f);
        self.export(names::OBSERVE, ExportKind::Func, index);
    }

    /// `[] -> [i64 i64]`: the size of a table, and a digest of the kinds of its first elements.
    fn table_digest(&mut self, table: usize) -> Option<u32> {
        let ty = self.info.tables[table];
        let hierarchy = Hierarchy::of(self.info, ty.element_type)?;
        let (i, digest, size) = (0, 1, 2);
        let mut f = Function::new([(3, ValType::I64)]);
        f.instructions().table_size(table as u32);
        if !ty.table64 {
            f.instructions().i64_extend_i32_u();
        }
        let mut code = f.instructions();
        code.local_set(size)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty);
        code.local_get(i).local_get(size).i64_ge_u().br_if(1);
        code.local_get(i)
            .i64_const(TABLE_ELEMENTS_OBSERVED)
            .i64_ge_u()
            .br_if(1);
        code.local_get(digest).i64_const(31).i64_mul().local_get(i);
        if !ty.table64 {
            code.i32_wrap_i64();
        }
        code.table_get(table as u32);
        lift::code(&mut f, self.helpers, hierarchy);
        let mut code = f.instructions();
        code.i64_add().local_set(digest);
        code.local_get(i)
            .i64_const(1)
            .i64_add()
            .local_set(i)
            .br(0)
            .end()
            .end();
        code.local_get(size).local_get(digest).end();
        Some(self.function(Vec::new(), vec![ValType::I64, ValType::I64], &f))
    }

    /// Exports the entities that hosts need: all memories and tags, and these tables.
    pub fn entities(&mut self, tables: &[u32]) {
        for memory in 0..self.info.memories.len() as u32 {
            self.export(&names::memory(memory), ExportKind::Memory, memory);
        }
        for tag in 0..self.info.tags.len() as u32 {
            self.export(&names::tag(tag), ExportKind::Tag, tag);
        }
        for &table in tables {
            self.export(&names::table(table), ExportKind::Table, table);
        }
    }

    /// The finished module.
    pub fn finish(mut self) -> Vec<u8> {
        if !self.declared.is_empty() {
            self.declared.sort_unstable();
            self.declared.dedup();
            self.sections
                .elements
                .declared(Elements::Functions(self.declared.into()));
        }
        self.sections.encode()
    }
}

fn callee(info: &Info, function: u32) -> u32 {
    if function < info.imported_functions {
        info.functions.len() as u32 + function
    } else {
        function
    }
}
