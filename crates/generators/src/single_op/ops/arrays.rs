//! Arrays: creation, elements, bulk operations.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
    world::{Code, MAX_FIXED, Need, Storage, concrete},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, FieldType, Instruction, StorageType, ValType};

/// Instructions on arrays.
pub static ARRAY: &[Row] = builds! {
    Features::GC =>
        ArrayNew: new,
        ArrayNewDefault: new_default,
        ArrayNewFixed: new_fixed,
        ArrayNewData: new_data,
        ArrayNewElem: new_elements,
        ArrayGet: |b| get(b, Storage::Unpacked, Instruction::ArrayGet),
        ArrayGetS: |b| get(b, Storage::Packed, Instruction::ArrayGetS),
        ArrayGetU: |b| get(b, Storage::Packed, Instruction::ArrayGetU),
        ArraySet: set,
        ArrayLen: len,
        ArrayFill: fill,
        ArrayCopy: copy,
        ArrayInitData: init_data,
        ArrayInitElem: init_elements,
    ;
};

/// How many elements the digest of an array looks at.
const DIGEST_LEN: i32 = 40;

/// An array type with what its elements are.
fn array_type(b: &mut Body<'_, '_>, need: Need) -> Result<(u32, FieldType)> {
    let index = b.world.an_array(b.u, need)?;
    // What was just asked for is an array.
    let element = b.world.element(index).unwrap_or(FieldType {
        element_type: StorageType::I8,
        mutable: true,
    });
    Ok((index, element))
}

/// An index or a length, with the bound that arrays made here mostly have.
fn near(bound: u64) -> Pool {
    Pool::Near { wide: false, bound }
}

/// Code for an array, sometimes null, and a length that it may have.
fn operand(b: &mut Body<'_, '_>, index: u32, element: FieldType) -> Result<(Code, u64)> {
    let ty = concrete(index, true);
    if b.u.ratio(1, 2)? {
        return Ok((b.reference(ty)?, MAX_FIXED.into()));
    }
    let count = b.u.int_in_range(0..=20)?;
    let mut code = b.any_operand(element.element_type.unpack())?;
    code.push(Instruction::I32Const(count));
    code.push(Instruction::ArrayNew(index));
    Ok((code, u64::from(count.unsigned_abs())))
}

/// Pushes an array, keeping it in a local.
fn take_kept(b: &mut Body<'_, '_>, index: u32, element: FieldType) -> Result<(u32, u64)> {
    let local = b.local(ValType::Ref(concrete(index, true)));
    let (code, len) = operand(b, index, element)?;
    b.emit(code);
    b.push(Instruction::LocalTee(local));
    Ok((local, len))
}

/// Gives an array as results: itself, its length, and a digest of its first elements.
fn results(b: &mut Body<'_, '_>, local: u32, index: u32, element: FieldType) {
    let digest = digest_function(b, index, element);
    b.emit(vec![
        Instruction::LocalGet(local),
        Instruction::LocalGet(local),
        Instruction::ArrayLen,
        Instruction::LocalGet(local),
        Instruction::Call(digest),
    ]);
    b.results(&[
        ValType::Ref(concrete(index, true)),
        ValType::I32,
        ValType::I64,
    ]);
}

/// As [`results`], for the array on the stack.
fn results_of_new(b: &mut Body<'_, '_>, index: u32, element: FieldType) {
    let local = b.local(ValType::Ref(concrete(index, true)));
    b.push(Instruction::LocalSet(local));
    results(b, local, index, element);
}

/// The function that mixes the first elements of an array into one number.
fn digest_function(b: &mut Body<'_, '_>, index: u32, element: FieldType) -> u32 {
    use Instruction::*;
    let array = concrete(index, true);
    let ty = b.world.func_type(&[ValType::Ref(array)], &[ValType::I64]);
    let (i, sum, vector) = (1, 2, 3);
    let get = match element.element_type {
        StorageType::I8 => ArrayGetS(index),
        StorageType::I16 => ArrayGetU(index),
        StorageType::Val(_) => ArrayGet(index),
    };
    let mut code = vec![
        Block(BlockType::Empty),
        Loop(BlockType::Empty),
        LocalGet(i),
        LocalGet(0),
        ArrayLen,
        I32GeU,
        BrIf(1),
        LocalGet(i),
        I32Const(DIGEST_LEN),
        I32GeU,
        BrIf(1),
        LocalGet(0),
        LocalGet(i),
        get,
    ];
    code.extend(b.world.mix(element.element_type.unpack(), sum, vector));
    code.extend([
        LocalGet(i),
        I32Const(1),
        I32Add,
        LocalSet(i),
        Br(0),
        End,
        End,
        LocalGet(sum),
    ]);
    let mut locals = vec![ValType::I32, ValType::I64];
    if element.element_type.unpack() == ValType::V128 {
        locals.push(ValType::V128);
    }
    b.world.function_once(ty, locals, code)
}

fn new(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::ANY)?;
    b.take_all(&[element.element_type.unpack()])?;
    b.take(Pool::Length)?;
    b.op(Instruction::ArrayNew(index));
    results_of_new(b, index, element);
    Ok(())
}

fn new_default(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::read(Storage::Defaultable))?;
    b.take(Pool::Length)?;
    b.op(Instruction::ArrayNewDefault(index));
    results_of_new(b, index, element);
    Ok(())
}

fn new_fixed(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::ANY)?;
    let most = if b.u.ratio(1, 8)? { 60 } else { 6 };
    let array_size = b.u.int_in_range(0..=most)?;
    for i in 0..array_size {
        if i < 6 {
            b.take_all(&[element.element_type.unpack()])?;
        } else {
            b.constants(&[element.element_type.unpack()])?;
        }
    }
    b.op(Instruction::ArrayNewFixed {
        array_type_index: index,
        array_size,
    });
    results_of_new(b, index, element);
    Ok(())
}

/// How many elements fit into so many bytes.
fn elements_in(element: FieldType, bytes: u64) -> u64 {
    bytes
        / match element.element_type {
            StorageType::I8 => 1,
            StorageType::I16 => 2,
            StorageType::Val(ValType::I32 | ValType::F32) => 4,
            StorageType::Val(ValType::V128) => 16,
            StorageType::Val(_) => 8,
        }
}

fn new_data(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::read(Storage::Bytes))?;
    let (data, len) = b.world.segment(b.u)?;
    b.take(near(len))?;
    b.take(Pool::Count {
        bound: elements_in(element, len),
    })?;
    b.op(Instruction::ArrayNewData {
        array_type_index: index,
        array_data_index: data,
    });
    results_of_new(b, index, element);
    Ok(())
}

fn new_elements(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.element_type(b.u)?;
    let (index, element) = array_type(b, Need::read(Storage::Reference(ty)))?;
    let (segment, len) = b.world.elements(b.u, ty)?;
    b.take(near(len))?;
    b.take(Pool::Count { bound: len })?;
    b.op(Instruction::ArrayNewElem {
        array_type_index: index,
        array_elem_index: segment,
    });
    results_of_new(b, index, element);
    Ok(())
}

fn get(
    b: &mut Body<'_, '_>,
    storage: Storage,
    make: fn(u32) -> Instruction<'static>,
) -> Result<()> {
    let (index, element) = array_type(b, Need::read(storage))?;
    let (array, len) = operand(b, index, element)?;
    b.emit(array);
    b.take(near(len))?;
    b.op(make(index));
    b.result(element.element_type.unpack());
    Ok(())
}

fn set(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::write(Storage::Any))?;
    let (array, len) = take_kept(b, index, element)?;
    b.take(near(len))?;
    b.take_all(&[element.element_type.unpack()])?;
    b.op(Instruction::ArraySet(index));
    results(b, array, index, element);
    Ok(())
}

fn len(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::ANY)?;
    let (array, _) = operand(b, index, element)?;
    b.emit(array);
    b.op(Instruction::ArrayLen);
    b.result(ValType::I32);
    Ok(())
}

fn fill(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::write(Storage::Any))?;
    let (array, len) = take_kept(b, index, element)?;
    b.take(near(len))?;
    b.take_all(&[element.element_type.unpack()])?;
    b.take(near(len))?;
    b.op(Instruction::ArrayFill(index));
    results(b, array, index, element);
    Ok(())
}

/// From another array, or within one.
fn copy(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::write(Storage::Any))?;
    let (to, len) = take_kept(b, index, element)?;
    b.take(near(len))?;
    let mut from_len = len;
    if b.u.arbitrary()? {
        b.push(Instruction::LocalGet(to));
    } else {
        let (from, len) = operand(b, index, element)?;
        b.emit(from);
        from_len = len;
    }
    b.take(near(from_len))?;
    b.take(near(len.min(from_len)))?;
    b.op(Instruction::ArrayCopy {
        array_type_index_dst: index,
        array_type_index_src: index,
    });
    results(b, to, index, element);
    Ok(())
}

fn init_data(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, element) = array_type(b, Need::write(Storage::Bytes))?;
    let (segment, bytes) = b.world.segment(b.u)?;
    let (array, len) = take_kept(b, index, element)?;
    b.take(near(len))?;
    b.take(near(bytes))?;
    b.take(near(elements_in(element, bytes).min(len)))?;
    b.op(Instruction::ArrayInitData {
        array_type_index: index,
        array_data_index: segment,
    });
    results(b, array, index, element);
    Ok(())
}

fn init_elements(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.element_type(b.u)?;
    let (index, element) = array_type(b, Need::write(Storage::Reference(ty)))?;
    let (segment, count) = b.world.elements(b.u, ty)?;
    let (array, len) = take_kept(b, index, element)?;
    b.take(near(len))?;
    b.take(near(count))?;
    b.take(near(count.min(len)))?;
    b.op(Instruction::ArrayInitElem {
        array_type_index: index,
        array_elem_index: segment,
    });
    results(b, array, index, element);
    Ok(())
}
