//! References: null, functions, equality, `i31`, conversions at the edge to the host.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
    world::Hierarchy,
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, HeapType, Instruction, RefType, ValType};

/// Instructions on references of any type.
pub static REFERENCE: &[Row] = builds! {
    Features::REFERENCE_TYPES =>
        RefNull: null,
        RefIsNull: is_null,
        RefFunc: function,
    ;
    Features::FUNCTION_REFERENCES =>
        RefAsNonNull: as_non_null,
        BrOnNull: branch_on_null,
        BrOnNonNull: branch_on_non_null,
    ;
    Features::GC =>
        RefEq: equal,
        RefI31: i31,
        I31GetS: |b| i31_get(b, Instruction::I31GetS),
        I31GetU: |b| i31_get(b, Instruction::I31GetU),
        AnyConvertExtern: to_internal,
        ExternConvertAny: to_external,
    ;
};

/// A nullable reference type, of the module's own too.
fn nullable(b: &mut Body<'_, '_>) -> Result<RefType> {
    b.world.element_type(b.u)
}

fn null(b: &mut Body<'_, '_>) -> Result<()> {
    let mut ty = nullable(b)?;
    if b.has(Features::GC) && b.u.ratio(1, 4)? {
        let hierarchy =
            *b.u.choose(&[Hierarchy::Any, Hierarchy::Func, Hierarchy::Extern])?;
        ty = RefType {
            nullable: true,
            heap_type: hierarchy.bottom(),
        };
    }
    b.op(Instruction::RefNull(ty.heap_type));
    b.result(ValType::Ref(ty));
    Ok(())
}

fn is_null(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = nullable(b)?;
    b.take_all(&[ValType::Ref(ty)])?;
    b.op(Instruction::RefIsNull);
    b.result(ValType::I32);
    Ok(())
}

fn function(b: &mut Body<'_, '_>) -> Result<()> {
    let signature = b.world.signature(b.u)?;
    let callee = b.world.callee(b.u, signature)?;
    let reference = b.world.ref_func(callee);
    b.op(reference);
    b.result(ValType::FUNCREF);
    Ok(())
}

fn as_non_null(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = nullable(b)?;
    b.take_all(&[ValType::Ref(ty)])?;
    b.op(Instruction::RefAsNonNull);
    b.result(ValType::Ref(ty.nullable(false)));
    Ok(())
}

/// With other values that go along.
fn branch_on_null(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = nullable(b)?;
    let types = b.types(0, 2)?;
    let block = b.block_type(&[], &types);
    b.push(Instruction::Block(block));
    b.take_all(&types)?;
    b.take_all(&[ValType::Ref(ty)])?;
    b.op(Instruction::BrOnNull(0));
    b.push(Instruction::Drop);
    for _ in &types {
        b.push(Instruction::Drop);
    }
    b.constants(&types)?;
    b.push(Instruction::End);
    b.results(&types);
    Ok(())
}

/// The reference that is there, or a null of the same type.
fn branch_on_non_null(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = nullable(b)?;
    let mut types = b.types(0, 2)?;
    types.push(ValType::Ref(ty));
    let block = b.block_type(&[], &types);
    b.push(Instruction::Block(block));
    b.take_all(&types)?;
    b.op(Instruction::BrOnNonNull(0));
    b.null(ty.heap_type);
    b.push(Instruction::End);
    b.results(&types);
    Ok(())
}

/// Two references, or one compared with itself.
fn equal(b: &mut Body<'_, '_>) -> Result<()> {
    if b.u.ratio(1, 3)? {
        let local = b.local(ValType::Ref(RefType::EQREF));
        b.take_all(&[ValType::Ref(RefType::EQREF)])?;
        b.push(Instruction::LocalTee(local));
        b.push(Instruction::LocalGet(local));
    } else {
        let types = [RefType::EQREF, RefType::I31REF];
        for _ in 0..2 {
            let ty = *b.u.choose(&types)?;
            b.take_all(&[ValType::Ref(ty)])?;
        }
    }
    b.op(Instruction::RefEq);
    b.result(ValType::I32);
    Ok(())
}

fn i31(b: &mut Body<'_, '_>) -> Result<()> {
    b.take(Pool::I32)?;
    b.op(Instruction::RefI31);
    b.result(ValType::Ref(RefType::I31REF.nullable(false)));
    Ok(())
}

fn i31_get(b: &mut Body<'_, '_>, get: Instruction<'static>) -> Result<()> {
    if b.u.ratio(2, 3)? {
        b.take(Pool::I32)?;
        b.push(Instruction::RefI31);
    } else {
        b.take_all(&[ValType::Ref(RefType::I31REF)])?;
    }
    b.op(get);
    b.result(ValType::I32);
    Ok(())
}

/// The host's reference, and whether the way back gives one again.
fn to_internal(b: &mut Body<'_, '_>) -> Result<()> {
    let reference = b.reference(RefType::EXTERNREF)?;
    b.emit(reference);
    b.op(Instruction::AnyConvertExtern);
    let local = b.local(ValType::Ref(RefType::ANYREF));
    b.push(Instruction::LocalTee(local));
    b.push(Instruction::RefTestNonNull(HeapType::I31));
    b.push(Instruction::LocalGet(local));
    b.push(Instruction::ExternConvertAny);
    b.results(&[ValType::I32, ValType::EXTERNREF]);
    Ok(())
}

/// A reference of the module's as the host sees it, and as it comes back.
fn to_external(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = *b.u.choose(&[
        RefType::ANYREF,
        RefType::EQREF,
        RefType::I31REF,
        RefType::ARRAYREF,
    ])?;
    b.take_all(&[ValType::Ref(ty)])?;
    b.op(Instruction::ExternConvertAny);
    let local = b.local(ValType::EXTERNREF);
    b.push(Instruction::LocalTee(local));
    b.push(Instruction::LocalGet(local));
    b.push(Instruction::AnyConvertExtern);
    b.push(Instruction::RefTestNonNull(HeapType::I31));
    b.push(Instruction::If(BlockType::Result(ValType::I32)));
    b.push(Instruction::LocalGet(local));
    b.push(Instruction::AnyConvertExtern);
    b.push(Instruction::RefCastNonNull(HeapType::I31));
    b.push(Instruction::I31GetS);
    b.push(Instruction::Else);
    b.push(Instruction::I32Const(-1));
    b.push(Instruction::End);
    b.results(&[ValType::EXTERNREF, ValType::I32]);
    Ok(())
}
