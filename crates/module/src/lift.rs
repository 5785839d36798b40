//! Code that turns slots into values and values into slots, inside the module.

use crate::Info;
use crate::numbers::Numbers;
use crate::types::{Hierarchy, Type};
use wasm_encoder::{BlockType, Function, HeapType, InstructionSink as Sink, RefType, ValType};
use wasmparser::{AbstractHeapType, CompositeInnerType, FieldType, FuncType, StorageType};

/// The function that tells the kind of a reference, where the module has one.
#[derive(Clone, Copy, Default)]
pub(crate) struct Helpers {
    /// `[anyref] -> [i64]`, the code. With garbage collection only: without, nothing needs it.
    pub code_of_any: Option<u32>,
}

/// How to make a non-null reference of a type.
#[derive(Clone, Copy)]
enum Recipe {
    I31,
    Struct(u32),
    Array(u32),
    Func(u32),
}

/// The largest length, less one, of an array made for an argument.
const ARRAY_MASK: i32 = 7;

/// A function of this code, with these locals.
pub(crate) fn function(locals: Vec<(u32, ValType)>, emit: impl FnOnce(&mut Sink<'_>)) -> Function {
    let mut code = Vec::new();
    emit(&mut Sink::new(&mut code));
    let mut f = Function::new(locals);
    f.raw(code);
    f
}

/// The type of a function.
pub(crate) fn function_type(info: &Info, function: u32) -> Option<&FuncType> {
    let ty = *info.functions.get(function as usize)?;
    match &info.types.get(ty as usize)?.composite_type.inner {
        CompositeInnerType::Func(ty) => Some(ty),
        _ => None,
    }
}

/// Whether an argument of this type can be made from slots.
pub(crate) fn can_lift(info: &Info, ty: Type) -> bool {
    match ty {
        Type::Ref(Hierarchy::Extern, ty) => ty.is_nullable() || !is_bottom(ty),
        Type::Ref(_, ty) => ty.is_nullable() || recipe(info, &|_| false, ty).is_some(),
        _ => true,
    }
}

fn is_bottom(ty: wasmparser::RefType) -> bool {
    use AbstractHeapType as A;
    matches!(
        ty.heap_type(),
        wasmparser::HeapType::Abstract {
            ty: A::None | A::NoFunc | A::NoExtern | A::NoExn,
            ..
        }
    )
}

/// How to make a reference of this type: of functions, rather one that `is_referred` to anyway,
/// since a function that can be had as a reference costs an engine a trampoline.
fn recipe(
    info: &Info,
    is_referred: &dyn Fn(u32) -> bool,
    ty: wasmparser::RefType,
) -> Option<Recipe> {
    use AbstractHeapType as A;
    let first = |of: fn(u32, &Info) -> Option<Recipe>| {
        (0..info.types.len() as u32).find_map(|i| of(i, info))
    };
    let function = |fits: &dyn Fn(u32) -> bool| {
        let all = || (0..info.functions.len() as u32).filter(|&f| fits(info.functions[f as usize]));
        let best = all().find(|&f| is_referred(f)).or_else(|| all().next());
        best.map(Recipe::Func)
    };
    match ty.heap_type() {
        wasmparser::HeapType::Abstract { ty, .. } => match ty {
            A::Any | A::Eq | A::I31 => Some(Recipe::I31),
            A::Struct => first(struct_recipe),
            A::Array => first(array_recipe),
            A::Func => function(&|_| true),
            _ => None,
        },
        wasmparser::HeapType::Concrete(index) | wasmparser::HeapType::Exact(index) => {
            let index = index.as_module_index()?;
            struct_recipe(index, info)
                .or_else(|| array_recipe(index, info))
                .or_else(|| function(&|ty| ty == index))
        }
    }
}

fn struct_recipe(index: u32, info: &Info) -> Option<Recipe> {
    match &info.types.get(index as usize)?.composite_type.inner {
        CompositeInnerType::Struct(ty) if ty.fields.iter().all(has_default) => {
            Some(Recipe::Struct(index))
        }
        _ => None,
    }
}

fn array_recipe(index: u32, info: &Info) -> Option<Recipe> {
    match &info.types.get(index as usize)?.composite_type.inner {
        CompositeInnerType::Array(ty) if has_default(&ty.0) => Some(Recipe::Array(index)),
        _ => None,
    }
}

fn has_default(field: &FieldType) -> bool {
    match field.element_type {
        StorageType::Val(wasmparser::ValType::Ref(ty)) => ty.is_nullable(),
        _ => true,
    }
}

/// The function that lifting takes a reference to, so that it can be declared. Given as an index
/// of the original module.
pub(crate) fn function_referred_to(info: &Info, numbers: &Numbers, ty: Type) -> Option<u32> {
    match ty {
        Type::Ref(Hierarchy::Func, ty) => match recipe(info, &|f| numbers.is_referred(f), ty)? {
            Recipe::Func(index) => Some(index),
            _ => None,
        },
        _ => None,
    }
}

/// As [`lift`], where the slots of integers are all `i64`, as those of the dispatcher are.
pub(crate) fn lift_wide(f: &mut Sink<'_>, info: &Info, numbers: &Numbers, ty: Type, slot: u32) {
    match ty {
        Type::I32 => {
            f.local_get(slot).i32_wrap_i64();
        }
        Type::F32 => {
            f.local_get(slot).i32_wrap_i64().f32_reinterpret_i32();
        }
        _ => lift(f, info, numbers, ty, slot),
    }
}

/// Emits code that lowers a value to its integer slots, all `i64`.
pub(crate) fn lower_ints(
    f: &mut Sink<'_>,
    helpers: Helpers,
    ty: Type,
    push: &dyn Fn(&mut Sink<'_>),
) {
    match ty {
        Type::Ref(hierarchy, _) => {
            push(f);
            code(f, helpers, hierarchy);
        }
        _ => lower(f, helpers, ty, push),
    }
    if let Type::I32 | Type::F32 = ty {
        f.i64_extend_i32_u();
    }
}

/// Emits code that pushes the value carried by the slots in the locals from `slot` on. Where
/// [`can_lift`] says no, traps instead.
pub(crate) fn lift(f: &mut Sink<'_>, info: &Info, numbers: &Numbers, ty: Type, slot: u32) {
    let i = &mut *f;
    match ty {
        Type::I32 | Type::I64 => {
            i.local_get(slot);
        }
        Type::F32 => {
            i.local_get(slot).f32_reinterpret_i32();
        }
        Type::F64 => {
            i.local_get(slot).f64_reinterpret_i64();
        }
        Type::V128 => {
            i.local_get(slot)
                .i64x2_splat()
                .local_get(slot + 1)
                .i64x2_replace_lane(1);
        }
        Type::Ref(Hierarchy::Extern, ty) if !is_bottom(ty) => {
            i.local_get(slot);
            if !ty.is_nullable() {
                i.ref_as_non_null();
            }
        }
        Type::Ref(_, ty) => lift_reference(f, info, numbers, ty, slot),
    }
}

fn lift_reference(
    f: &mut Sink<'_>,
    info: &Info,
    numbers: &Numbers,
    ty: wasmparser::RefType,
    slot: u32,
) {
    let made = recipe(info, &|f| numbers.is_referred(f), ty);
    let i = &mut *f;
    let (Some(encoded), true) = (numbers.ref_type(ty), made.is_some() || ty.is_nullable()) else {
        i.unreachable();
        return;
    };
    let Some(made) = made else {
        i.ref_null(encoded.heap_type);
        return;
    };
    if ty.is_nullable() {
        i.local_get(slot)
            .i64_const(7)
            .i64_and()
            .i64_eqz()
            .if_(BlockType::Result(ValType::Ref(encoded)));
        i.ref_null(encoded.heap_type).else_();
    }
    let payload = |f: &mut Sink<'_>| {
        f.local_get(slot).i64_const(3).i64_shr_s().i32_wrap_i64();
    };
    match made {
        Recipe::I31 => {
            payload(f);
            f.ref_i31();
        }
        Recipe::Struct(ty) => {
            // Structs and arrays stay, see [`Numbers`].
            f.struct_new_default(numbers.ty(ty).unwrap_or(ty));
        }
        Recipe::Array(ty) => {
            payload(f);
            f.i32_const(ARRAY_MASK)
                .i32_and()
                .array_new_default(numbers.ty(ty).unwrap_or(ty));
        }
        Recipe::Func(index) => {
            f.ref_func(numbers.function(index).unwrap_or(index));
        }
    }
    if ty.is_nullable() {
        f.end();
    }
}

/// Emits code that lowers to slots the value that `push` pushes, which may happen twice.
pub(crate) fn lower(f: &mut Sink<'_>, helpers: Helpers, ty: Type, push: &dyn Fn(&mut Sink<'_>)) {
    push(f);
    match ty {
        Type::I32 | Type::I64 => {}
        Type::F32 => {
            f.i32_reinterpret_f32();
        }
        Type::F64 => {
            f.i64_reinterpret_f64();
        }
        Type::V128 => {
            f.i64x2_extract_lane(0);
            push(f);
            f.i64x2_extract_lane(1);
        }
        Type::Ref(hierarchy, _) => {
            code(f, helpers, hierarchy);
            if hierarchy == Hierarchy::Extern {
                push(f);
            }
        }
    }
}

/// Emits code that turns the reference on the stack into its code.
pub(crate) fn code(f: &mut Sink<'_>, helpers: Helpers, hierarchy: Hierarchy) {
    let i = &mut *f;
    match (hierarchy, helpers.code_of_any) {
        (Hierarchy::Any, Some(helper)) => {
            i.call(helper);
        }
        (Hierarchy::Extern, Some(helper)) => {
            i.any_convert_extern().call(helper);
        }
        _ => {
            let code = match hierarchy {
                Hierarchy::Func => 4,
                Hierarchy::Exn => 6,
                Hierarchy::Extern | Hierarchy::Any => 5,
            };
            i.ref_is_null()
                .if_(BlockType::Result(ValType::I64))
                .i64_const(0)
                .else_()
                .i64_const(code)
                .end();
        }
    }
}

/// The body of [`Helpers::code_of_any`].
pub(crate) fn code_of_any() -> Function {
    use wasm_encoder::AbstractHeapType as A;
    let non_null = |ty| RefType {
        nullable: false,
        heap_type: HeapType::Abstract { shared: false, ty },
    };
    let block = |ty| BlockType::Result(ValType::Ref(non_null(ty)));
    let any = non_null(A::Any);
    function(Vec::new(), |f| {
        f.block(BlockType::Empty);
        f.block(block(A::Struct))
            .block(block(A::Array))
            .block(block(A::I31));
        f.local_get(0)
            .br_on_null(3)
            .br_on_cast(0, any, non_null(A::I31))
            .br_on_cast(2, any, non_null(A::Struct))
            .br_on_cast(1, any, non_null(A::Array))
            .drop()
            .i64_const(5)
            .return_()
            .end();
        f.i31_get_s()
            .i64_extend_i32_s()
            .i64_const(3)
            .i64_shl()
            .i64_const(1)
            .i64_or()
            .return_()
            .end();
        f.drop().i64_const(3).return_().end();
        f.drop().i64_const(2).return_().end();
        f.i64_const(0).end();
    })
}
