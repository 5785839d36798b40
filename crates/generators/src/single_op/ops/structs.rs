//! Structs: creation and fields.

use super::super::{
    body::Body,
    row::{Row, builds},
    world::{Need, Storage, concrete},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{Instruction, StorageType, ValType};

/// Instructions on structs.
pub static STRUCT: &[Row] = builds! {
    Features::GC =>
        StructNew: new,
        StructNewDefault: new_default,
        StructGet: |b| get(b, Storage::Unpacked, |struct_type_index, field_index| {
            Instruction::StructGet { struct_type_index, field_index }
        }),
        StructGetS: |b| get(b, Storage::Packed, |struct_type_index, field_index| {
            Instruction::StructGetS { struct_type_index, field_index }
        }),
        StructGetU: |b| get(b, Storage::Packed, |struct_type_index, field_index| {
            Instruction::StructGetU { struct_type_index, field_index }
        }),
        StructSet: set,
    ;
};

/// The instruction that reads a field, by how it is stored.
fn getter(ty: StorageType, struct_type_index: u32, field_index: u32) -> Instruction<'static> {
    match ty {
        StorageType::I8 => Instruction::StructGetU {
            struct_type_index,
            field_index,
        },
        StorageType::I16 => Instruction::StructGetS {
            struct_type_index,
            field_index,
        },
        StorageType::Val(_) => Instruction::StructGet {
            struct_type_index,
            field_index,
        },
    }
}

/// Gives the new struct on the stack as a result, and its fields as further results.
fn results(b: &mut Body<'_, '_>, index: u32) {
    let local = b.local(ValType::Ref(concrete(index, true)));
    b.push(Instruction::LocalTee(local));
    b.result(ValType::Ref(concrete(index, true)));
    for (i, field) in (0..).zip(b.world.fields(index)) {
        b.push(Instruction::LocalGet(local));
        b.push(getter(field.element_type, index, i));
        b.result(field.element_type.unpack());
    }
}

fn new(b: &mut Body<'_, '_>) -> Result<()> {
    let index = b.world.a_struct(b.u)?;
    for field in b.world.fields(index) {
        b.take_all(&[field.element_type.unpack()])?;
    }
    b.op(Instruction::StructNew(index));
    results(b, index);
    Ok(())
}

fn new_default(b: &mut Body<'_, '_>) -> Result<()> {
    let index = b.world.struct_of_defaults(b.u)?;
    b.op(Instruction::StructNewDefault(index));
    results(b, index);
    Ok(())
}

fn get(
    b: &mut Body<'_, '_>,
    storage: Storage,
    make: fn(u32, u32) -> Instruction<'static>,
) -> Result<()> {
    let (index, field) = b.world.struct_with(b.u, Need::read(storage))?;
    b.take_all(&[ValType::Ref(concrete(index, true))])?;
    b.op(make(index, field));
    b.result(b.world.fields(index)[field as usize].element_type.unpack());
    Ok(())
}

/// Gives all fields after one was written.
fn set(b: &mut Body<'_, '_>) -> Result<()> {
    let (index, field) = b.world.struct_with(b.u, Need::write(Storage::Any))?;
    let local = b.local(ValType::Ref(concrete(index, true)));
    b.take_all(&[ValType::Ref(concrete(index, true))])?;
    b.push(Instruction::LocalTee(local));
    b.take_all(&[b.world.fields(index)[field as usize].element_type.unpack()])?;
    b.op(Instruction::StructSet {
        struct_type_index: index,
        field_index: field,
    });
    b.push(Instruction::LocalGet(local));
    results(b, index);
    Ok(())
}
