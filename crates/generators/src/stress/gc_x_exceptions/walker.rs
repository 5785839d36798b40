//! The functions that every module of this family has: those that walk a graph, as
//! [`Heap::walk`] does, and the one that mixes into the digest.
//!
//! They know the types of the objects, and the tags of the exceptions, that there are, and no others. A
//! walk gets at the payload of an exception by throwing it again, with a clause for each tag.

use super::model::{ELEMENTS, EXCEPTION, Heap};
use super::value::{Storage, Ty};
use super::world::{NOTE, WALK, WALK_EXCEPTION};
use crate::stress::digest::{FACTOR, HOST, I31, NULL, OBJECT, TOO_DEEP};
use crate::stress::scopes::{DIGEST, Payloads};
use std::collections::BTreeSet;
use wasm_encoder::{
    AbstractHeapType, BlockType, Catch, Function, HeapType, InstructionSink as Sink, RefType,
    ValType,
};

/// The parameters and locals of a walk.
const REFERENCE: u32 = 0;
const DEPTH_LEFT: u32 = 1;
const SUM: u32 = 2;
const AT: u32 = 3;
const LENGTH: u32 = 4;
const FIRST: u32 = 5;

fn reference(nullable: bool, ty: AbstractHeapType) -> RefType {
    let shared = false;
    RefType {
        nullable,
        heap_type: HeapType::Abstract { shared, ty },
    }
}

fn concrete(ty: u32) -> RefType {
    RefType {
        nullable: false,
        heap_type: HeapType::Concrete(ty),
    }
}

/// `(i64) -> ()`: mixes a word into the digest.
pub fn note() -> Function {
    let mut f = Function::new([]);
    f.instructions()
        .global_get(DIGEST)
        .local_get(0)
        .i64_xor()
        .i64_const(FACTOR.cast_signed())
        .i64_mul()
        .global_set(DIGEST)
        .end();
    f
}

/// Emits a look at a local: mixes what it holds into the digest.
pub fn look(f: &mut Sink<'_>, ty: Ty, local: u32, depth: u32) {
    look_at(f, ty, |f| _ = f.local_get(local), depth);
}

/// The same with any place.
pub fn look_at(f: &mut Sink<'_>, ty: Ty, load: impl Fn(&mut Sink<'_>), depth: u32) {
    let depth = |f: &mut Sink<'_>| _ = f.i32_const(depth.cast_signed());
    words(f, ty, load, depth, |f| _ = f.call(NOTE));
}

/// Emits the words of a value: each is on the stack when it is `taken`.
fn words(
    f: &mut Sink<'_>,
    ty: Ty,
    load: impl Fn(&mut Sink<'_>),
    depth: impl Fn(&mut Sink<'_>),
    taken: impl Fn(&mut Sink<'_>),
) {
    load(f);
    match ty {
        Ty::I32 => _ = f.i64_extend_i32_u(),
        Ty::I64 => {}
        Ty::F32 => _ = f.i32_reinterpret_f32().i64_extend_i32_u(),
        Ty::F64 => _ = f.i64_reinterpret_f64(),
        Ty::V128 => {
            f.i64x2_extract_lane(0);
            taken(f);
            load(f);
            f.i64x2_extract_lane(1);
        }
        Ty::Exn => {
            depth(f);
            f.call(WALK_EXCEPTION);
        }
        _ => {
            if ty == Ty::Extern {
                f.any_convert_extern();
            }
            depth(f);
            f.call(WALK);
        }
    }
    taken(f);
}

/// Mixes a value into the sum of a walk.
fn add(f: &mut Sink<'_>, ty: Ty, load: impl Fn(&mut Sink<'_>)) {
    let below = |f: &mut Sink<'_>| _ = f.local_get(DEPTH_LEFT).i32_const(1).i32_sub();
    words(f, ty, load, below, mix);
}

/// Mixes the word on the stack into the sum of a walk.
fn mix(f: &mut Sink<'_>) {
    f.local_get(SUM)
        .i64_xor()
        .i64_const(FACTOR.cast_signed())
        .i64_mul()
        .local_set(SUM);
}

/// Returns a word if what is on the stack is not zero.
fn return_if(f: &mut Sink<'_>, word: u64) {
    f.if_(BlockType::Empty)
        .i64_const(word.cast_signed())
        .return_()
        .end();
}

/// `(anyref, i32) -> i64`: walks a graph of objects.
pub fn walk(heap: &Heap) -> Function {
    let types: BTreeSet<u32> = heap.objects.iter().map(|object| object.ty).collect();
    let mut locals = vec![(1, ValType::I64), (2, ValType::I32)];
    locals.extend(types.iter().map(|&ty| (1, nullable(ty))));
    let mut function = Function::new(locals);
    let mut sink = function.instructions();
    let f = &mut sink;
    f.local_get(REFERENCE).ref_is_null();
    return_if(f, NULL);
    f.local_get(REFERENCE)
        .ref_test_nullable(Ty::Eq.heap())
        .i32_eqz();
    return_if(f, HOST);
    f.local_get(DEPTH_LEFT).i32_eqz();
    return_if(f, TOO_DEEP);
    otherwise(f, reference(false, AbstractHeapType::I31));
    f.i31_get_u()
        .i64_extend_i32_u()
        .i64_const(I31.cast_signed())
        .i64_or()
        .return_()
        .end()
        .drop();
    for (ty, local) in types.into_iter().zip(FIRST..) {
        otherwise(f, concrete(ty));
        f.local_set(local)
            .i64_const((OBJECT + u64::from(ty)).cast_signed())
            .local_set(SUM);
        match heap.element(ty) {
            Some(element) => elements(f, (ty, element), local),
            None => fields(f, ty, local, heap.fields(ty)),
        }
        f.local_get(SUM).return_().end().drop();
    }
    f.i64_const(HOST.cast_signed()).end();
    function
}

fn nullable(ty: u32) -> ValType {
    ValType::Ref(RefType {
        nullable: true,
        heap_type: HeapType::Concrete(ty),
    })
}

/// Begins a block in which the reference is on the stack as one of a type; if it is none, the block is
/// left, with the reference.
fn otherwise(f: &mut Sink<'_>, ty: RefType) {
    let any = reference(true, AbstractHeapType::Any);
    f.block(BlockType::Result(ValType::Ref(any)))
        .local_get(REFERENCE)
        .br_on_cast_fail(0, any, ty);
}

fn fields(f: &mut Sink<'_>, ty: u32, local: u32, fields: &[Storage]) {
    for (storage, at) in fields.iter().zip(0..) {
        add(f, storage.unpacked(), |f| {
            f.local_get(local);
            if storage.is_packed() {
                f.struct_get_u(ty, at);
            } else {
                f.struct_get(ty, at);
            }
        });
    }
}

/// The length, and the first elements.
fn elements(f: &mut Sink<'_>, (ty, element): (u32, Ty), local: u32) {
    f.local_get(local)
        .array_len()
        .local_tee(LENGTH)
        .i64_extend_i32_u();
    mix(f);
    f.i32_const(0)
        .local_set(AT)
        .block(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(AT)
        .local_get(LENGTH)
        .i32_ge_u()
        .br_if(1)
        .local_get(AT)
        .i32_const(ELEMENTS as i32)
        .i32_ge_u()
        .br_if(1);
    add(f, element, |f| {
        f.local_get(local).local_get(AT).array_get(ty);
    });
    f.local_get(AT)
        .i32_const(1)
        .i32_add()
        .local_set(AT)
        .br(0)
        .end()
        .end();
}

/// `(exnref, i32) -> i64`: walks on from an exception.
pub fn walk_exception(heap: &Heap, types: &impl Payloads<Ty = Ty>) -> Function {
    let tags: BTreeSet<u32> = heap.exceptions.iter().map(|it| it.tag).collect();
    let fields = tags.iter().flat_map(|&tag| &heap.tags[tag as usize]);
    let mut locals = vec![(1, ValType::I64)];
    locals.extend(fields.map(|ty| (1, ty.local())));
    let mut function = Function::new(locals);
    let mut sink = function.instructions();
    let f = &mut sink;
    f.local_get(REFERENCE).ref_is_null();
    return_if(f, NULL);
    f.local_get(DEPTH_LEFT).i32_eqz();
    return_if(f, TOO_DEEP);
    for &tag in tags.iter().rev() {
        f.block(BlockType::FunctionType(types.payload(tag)));
    }
    let clause = |(&tag, label)| Catch::One { tag, label };
    let catches: Vec<Catch> = tags.iter().zip(0..).map(clause).collect();
    f.try_table(BlockType::Empty, catches)
        .local_get(REFERENCE)
        .throw_ref()
        .end()
        .unreachable();
    let mut first = SUM + 1;
    for tag in tags {
        let fields = &heap.tags[tag as usize];
        f.end();
        let end = first + fields.len() as u32;
        (first..end).rev().for_each(|local| _ = f.local_set(local));
        f.i64_const((EXCEPTION + u64::from(tag)).cast_signed())
            .local_set(SUM);
        for (&ty, local) in fields.iter().zip(first..) {
            add(f, ty, |f| _ = f.local_get(local));
        }
        f.local_get(SUM).return_();
        first = end;
    }
    f.end();
    function
}
