//! Tests and casts of references, and the branches that do both.

use super::super::{
    body::Body,
    row::{Row, builds},
    world::{Code, Hierarchy},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{HeapType, Instruction, RefType, ValType};

/// Tests and casts.
pub static CAST: &[Row] = builds! {
    Features::GC =>
        RefTestNonNull: |b| test(b, Instruction::RefTestNonNull),
        RefTestNullable: |b| test(b, Instruction::RefTestNullable),
        RefCastNonNull: |b| cast(b, Instruction::RefCastNonNull, false),
        RefCastNullable: |b| cast(b, Instruction::RefCastNullable, true),
        BrOnCast: |b| branch(b, false),
        BrOnCastFail: |b| branch(b, true),
    ;
};

/// A reference whose real type varies, its static type, and a type below that to ask for.
fn question(b: &mut Body<'_, '_>) -> Result<(RefType, Code, HeapType)> {
    for _ in 0..2 {
        b.world.a_struct(b.u)?;
    }
    b.world.signature(b.u)?;
    let hierarchy = match b.u.int_in_range(0..=9)? {
        0..=6 => Hierarchy::Any,
        7 | 8 => Hierarchy::Func,
        _ => Hierarchy::Extern,
    };
    let types = b.world.heap_types(hierarchy);
    let target = *b.u.choose(&types)?;
    let above = |of: &HeapType| b.world.heap_matches(target, *of);
    let above: Vec<HeapType> = types.iter().copied().filter(above).collect();
    let from = if b.u.arbitrary()? {
        hierarchy.top()
    } else {
        *b.u.choose(&above)?
    };
    let below = |sub: &HeapType| b.world.heap_matches(*sub, from);
    let below: Vec<HeapType> = types.into_iter().filter(below).collect();
    let real = match b.u.int_in_range(0..=3)? {
        0 | 1 => target,
        2 => *b.u.choose(&below)?,
        _ => from,
    };
    let nullable = |heap_type| RefType {
        nullable: true,
        heap_type,
    };
    let code = b.reference(nullable(real))?;
    Ok((nullable(from), code, target))
}

fn test(b: &mut Body<'_, '_>, make: fn(HeapType) -> Instruction<'static>) -> Result<()> {
    let (_, reference, target) = question(b)?;
    b.emit(reference);
    b.op(make(target));
    b.result(ValType::I32);
    Ok(())
}

fn cast(
    b: &mut Body<'_, '_>,
    make: fn(HeapType) -> Instruction<'static>,
    nullable: bool,
) -> Result<()> {
    let (_, reference, heap_type) = question(b)?;
    b.emit(reference);
    b.op(make(heap_type));
    b.result(ValType::Ref(RefType {
        nullable,
        heap_type,
    }));
    Ok(())
}

/// Both ways end with the reference as what it was, and a number that tells the way.
fn branch(b: &mut Body<'_, '_>, on_failure: bool) -> Result<()> {
    let (from, reference, heap_type) = question(b)?;
    let to = RefType {
        nullable: b.u.arbitrary()?,
        heap_type,
    };
    let taken = b.local(ValType::I32);
    let block = b.block_type(&[], &[ValType::Ref(from)]);
    b.push(Instruction::I32Const(1));
    b.push(Instruction::LocalSet(taken));
    b.push(Instruction::Block(block));
    b.emit(reference);
    let (relative_depth, from_ref_type, to_ref_type) = (0, from, to);
    b.op(if on_failure {
        Instruction::BrOnCastFail {
            relative_depth,
            from_ref_type,
            to_ref_type,
        }
    } else {
        Instruction::BrOnCast {
            relative_depth,
            from_ref_type,
            to_ref_type,
        }
    });
    b.push(Instruction::I32Const(0));
    b.push(Instruction::LocalSet(taken));
    b.push(Instruction::End);
    b.push(Instruction::LocalGet(taken));
    b.results(&[ValType::Ref(from), ValType::I32]);
    Ok(())
}
