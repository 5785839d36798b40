//! Wrappers: modules through which a function is called, or a global read, with integers and
//! `externref` alone.
//!
//! | type | as an argument | as a result |
//! |---|---|---|
//! | `i32`, `i64` | itself | itself |
//! | `f32`, `f64` | its bits | its bits |
//! | `v128` | two `i64`, low half first | the same |
//! | `externref` | itself | itself |
//! | `anyref` and below | an `externref`, converted and cast | its code, and an `externref` |
//! | `funcref`, `exnref` and below | nothing: only null can be passed | its code |
//!
//! The code of a reference is that of [`assay_module::types::code`], an `i64`.

use crate::encode::Unit;
use assay_engine::{Reference, Value};
use assay_module::types::{Hierarchy, Type, decode};
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder};
use wasm_encoder::{
    AbstractHeapType, BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, HeapType, ImportSection, InstructionSink as Sink, Module, TypeSection,
    ValType,
};
use wasmparser::{ExternalKind, Parser, Payload};

/// The module name under which a wrapper imports what it wraps.
pub(crate) const WRAPPED: &str = "wrapped";

/// The function that a wrapper exports.
pub(crate) const EXPORT: &str = "wrapper";

/// What is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Function,
    Global,
}

/// The types of an export, in all ways in which they are needed.
pub(crate) struct Wrapped<'u> {
    unit: &'u Unit,
    name: &'u str,
    entity: Entity,
    pub params: Vec<Type>,
    pub results: Vec<Type>,
    /// As the module has them.
    param_types: Vec<wasmparser::ValType>,
    result_types: Vec<wasmparser::ValType>,
}

enum Entity {
    /// A function of this type.
    Function(u32),
    Global(wasmparser::GlobalType),
}

impl<'u> Wrapped<'u> {
    /// An export of a module; `None` where it has none of this kind, or one that nobody can carry.
    pub fn of(unit: &'u Unit, kind: Kind, name: &str) -> Option<Self> {
        let wanted = |found: ExternalKind| match kind {
            Kind::Function => matches!(found, ExternalKind::Func | ExternalKind::FuncExact),
            Kind::Global => found == ExternalKind::Global,
        };
        let info = &unit.info;
        let mut exports = info.exports.iter();
        let export = exports.find(|export| export.name == name && wanted(export.kind))?;
        let index = export.index as usize;
        let (entity, param_types, result_types) = match kind {
            Kind::Function => {
                let ty = *info.functions.get(index)?;
                let func = &info.types.get(ty as usize)?.composite_type;
                let wasmparser::CompositeInnerType::Func(func) = &func.inner else {
                    return None;
                };
                (
                    Entity::Function(ty),
                    func.params().to_vec(),
                    func.results().to_vec(),
                )
            }
            Kind::Global => {
                let ty = *info.globals.get(index)?;
                (Entity::Global(ty), Vec::new(), vec![ty.content_type])
            }
        };
        let carry = |types: &[wasmparser::ValType]| -> Option<Vec<Type>> {
            types.iter().map(|&ty| Type::of(info, ty)).collect()
        };
        Some(Self {
            params: carry(&param_types)?,
            results: carry(&result_types)?,
            unit,
            name: &export.name,
            entity,
            param_types,
            result_types,
        })
    }

    /// Whether it can be called as it is.
    pub fn crosses(&self) -> bool {
        let crosses =
            |ty: &Type| matches!(ty, Type::I32 | Type::I64 | Type::Ref(Hierarchy::Extern, _));
        matches!(self.entity, Entity::Function(_))
            && self.params.iter().chain(&self.results).all(crosses)
    }

    /// The wrapper.
    pub fn module(&self) -> Result<Vec<u8>, String> {
        self.encode()
            .map_err(|error| format!("no wrapper: {error}"))
    }

    fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut same = RoundtripReencoder;
        let mut types = copied_types(&self.unit.wasm)?;
        let own_type = self.unit.info.types.len() as u32;
        let slots = |types: &[Type], of: fn(Type) -> &'static [ValType]| -> Vec<ValType> {
            types.iter().flat_map(|&ty| of(ty)).copied().collect()
        };
        types
            .ty()
            .function(slots(&self.params, argument), slots(&self.results, result));

        let entity = match self.entity {
            Entity::Function(ty) => EntityType::Function(ty),
            Entity::Global(ty) => EntityType::Global(same.global_type(ty)?),
        };
        let mut imports = ImportSection::new();
        imports.import(WRAPPED, self.name, entity);
        let mut functions = FunctionSection::new();
        functions.function(own_type);
        let mut exports = ExportSection::new();
        let own_index = matches!(self.entity, Entity::Function(_)).into();
        exports.export(EXPORT, ExportKind::Func, own_index);
        let mut code = CodeSection::new();
        code.function(&self.body()?);

        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&exports).section(&code);
        Ok(module.finish())
    }

    /// Lifts the arguments, calls or reads, keeps the results in locals, and lowers them.
    fn body(&self) -> Result<Function, Error> {
        let mut same = RoundtripReencoder;
        let locals = self.result_types.iter().map(|&ty| same.val_type(ty));
        let locals: Vec<ValType> = locals.collect::<Result<_, _>>()?;
        let mut f = Function::new(locals.iter().map(|&ty| (1, ty)));
        let mut sink = f.instructions();
        let mut slot = 0;
        for (&ty, &whole) in self.params.iter().zip(&self.param_types) {
            lift(&mut sink, ty, same.val_type(whole)?, slot);
            slot += argument(ty).len() as u32;
        }
        match self.entity {
            Entity::Function(_) => sink.call(0),
            Entity::Global(_) => sink.global_get(0),
        };
        for local in (slot..slot + locals.len() as u32).rev() {
            sink.local_set(local);
        }
        for (&ty, local) in self.results.iter().zip(slot..) {
            lower(&mut sink, ty, local);
        }
        sink.end();
        Ok(f)
    }
}

/// The types of a module in their groups, so that indices and identities stay what they are.
fn copied_types(wasm: &[u8]) -> Result<TypeSection, Error> {
    let mut types = TypeSection::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::TypeSection(section) = payload? {
            RoundtripReencoder.parse_type_section(&mut types, section)?;
        }
    }
    Ok(types)
}

/// The slots of an argument.
fn argument(ty: Type) -> &'static [ValType] {
    match ty {
        Type::Ref(Hierarchy::Any | Hierarchy::Extern, _) => &[ValType::EXTERNREF],
        Type::Ref(Hierarchy::Func | Hierarchy::Exn, _) => &[],
        _ => result(ty),
    }
}

/// The slots of a result.
fn result(ty: Type) -> &'static [ValType] {
    match ty {
        Type::I32 | Type::F32 => &[ValType::I32],
        Type::I64 | Type::F64 => &[ValType::I64],
        Type::V128 => &[ValType::I64, ValType::I64],
        Type::Ref(Hierarchy::Extern, _) => &[ValType::EXTERNREF],
        Type::Ref(Hierarchy::Any, _) => &[ValType::I64, ValType::EXTERNREF],
        Type::Ref(Hierarchy::Func | Hierarchy::Exn, _) => &[ValType::I64],
    }
}

/// Pushes the value that the slots from `slot` on carry.
fn lift(f: &mut Sink<'_>, ty: Type, whole: ValType, slot: u32) {
    match ty {
        Type::I32 | Type::I64 => f.local_get(slot),
        Type::F32 => f.local_get(slot).f32_reinterpret_i32(),
        Type::F64 => f.local_get(slot).f64_reinterpret_i64(),
        Type::V128 => f
            .local_get(slot)
            .i64x2_splat()
            .local_get(slot + 1)
            .i64x2_replace_lane(1),
        Type::Ref(hierarchy, ty) => {
            let ValType::Ref(whole) = whole else { return };
            match hierarchy {
                Hierarchy::Extern if ty.is_nullable() => f.local_get(slot),
                Hierarchy::Extern => f.local_get(slot).ref_as_non_null(),
                Hierarchy::Any => {
                    f.local_get(slot).any_convert_extern();
                    if whole.nullable {
                        f.ref_cast_nullable(whole.heap_type)
                    } else {
                        f.ref_cast_non_null(whole.heap_type)
                    }
                }
                Hierarchy::Func | Hierarchy::Exn if ty.is_nullable() => f.ref_null(whole.heap_type),
                Hierarchy::Func | Hierarchy::Exn => f.unreachable(),
            }
        }
    };
}

/// Pushes the slots that carry the value of a local.
fn lower(f: &mut Sink<'_>, ty: Type, local: u32) {
    f.local_get(local);
    match ty {
        Type::I32 | Type::I64 | Type::Ref(Hierarchy::Extern, _) => {}
        Type::F32 => {
            f.i32_reinterpret_f32();
        }
        Type::F64 => {
            f.i64_reinterpret_f64();
        }
        Type::V128 => {
            f.i64x2_extract_lane(0)
                .local_get(local)
                .i64x2_extract_lane(1);
        }
        Type::Ref(Hierarchy::Func, _) => code_unless_null(f, Reference::Func),
        Type::Ref(Hierarchy::Exn, _) => code_unless_null(f, Reference::Exn),
        Type::Ref(Hierarchy::Any, _) => {
            code_of_any(f, local);
            f.local_get(local).extern_convert_any();
        }
    }
}

/// Turns a reference that is null or of one kind into its code.
fn code_unless_null(f: &mut Sink<'_>, kind: Reference) {
    f.ref_is_null().if_(BlockType::Result(ValType::I64));
    f.i64_const(code(Reference::Null))
        .else_()
        .i64_const(code(kind))
        .end();
}

/// Turns the reference on the stack, which is in a local too, into its code.
fn code_of_any(f: &mut Sink<'_>, local: u32) {
    const KINDS: [(AbstractHeapType, Reference); 2] = [
        (AbstractHeapType::Struct, Reference::Struct),
        (AbstractHeapType::Array, Reference::Array),
    ];
    let abstracted = |ty| HeapType::Abstract { shared: false, ty };
    let i31 = abstracted(AbstractHeapType::I31);
    let coded = BlockType::Result(ValType::I64);
    f.ref_is_null()
        .if_(coded)
        .i64_const(code(Reference::Null))
        .else_();
    f.local_get(local).ref_test_non_null(i31).if_(coded);
    f.local_get(local).ref_cast_non_null(i31).i31_get_s();
    f.i64_extend_i32_s().i64_const(3).i64_shl();
    f.i64_const(code(Reference::I31(0))).i64_or().else_();
    for (ty, kind) in KINDS {
        f.local_get(local).ref_test_non_null(abstracted(ty));
        f.if_(coded).i64_const(code(kind)).else_();
    }
    f.i64_const(code(Reference::Internal))
        .end()
        .end()
        .end()
        .end();
}

fn code(reference: Reference) -> i64 {
    assay_module::types::code(reference).cast_signed()
}

/// The slots of an argument; `None` where it cannot be passed as this type.
pub(crate) fn slots(ty: Type, value: Value) -> Option<Vec<Value>> {
    let halves = |x: u128| vec![Value::I64(x as u64), Value::I64((x >> 64) as u64)];
    Some(match (ty, value) {
        (Type::I32, Value::I32(x)) | (Type::F32, Value::F32(x)) => vec![Value::I32(x)],
        (Type::I64, Value::I64(x)) | (Type::F64, Value::F64(x)) => vec![Value::I64(x)],
        (Type::V128, Value::V128(x)) => halves(x),
        (Type::Ref(Hierarchy::Any | Hierarchy::Extern, _), Value::Ref(_)) => vec![value],
        (Type::Ref(_, ty), Value::Ref(Reference::Null)) if ty.is_nullable() => Vec::new(),
        _ => return None,
    })
}

/// The values that result slots carry; `None` where they do not fit.
pub(crate) fn values(types: &[Type], slots: &[Value]) -> Option<Vec<Value>> {
    let mut slots = slots.iter().copied();
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        values.push(match (ty, slots.next()?) {
            (Type::F32, Value::I32(x)) => Value::F32(x),
            (Type::F64, Value::I64(x)) => Value::F64(x),
            (Type::V128, Value::I64(low)) => match slots.next()? {
                Value::I64(high) => Value::V128(u128::from(high) << 64 | u128::from(low)),
                _ => return None,
            },
            (Type::Ref(Hierarchy::Any, _), Value::I64(code)) => {
                match (decode(code), slots.next()?) {
                    (Reference::Internal, outside) => outside,
                    (kind, _) => Value::Ref(kind),
                }
            }
            (Type::Ref(Hierarchy::Func | Hierarchy::Exn, _), Value::I64(code)) => {
                Value::Ref(decode(code))
            }
            (Type::I32, value @ Value::I32(_))
            | (Type::I64, value @ Value::I64(_))
            | (Type::Ref(Hierarchy::Extern, _), value @ Value::Ref(_)) => value,
            _ => return None,
        });
    }
    slots.next().is_none().then_some(values)
}
