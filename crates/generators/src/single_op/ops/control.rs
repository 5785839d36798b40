//! Control, locals, globals, constants.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, Instruction, ValType};

/// Structured control, branches and parametric instructions.
pub static CONTROL: &[Row] = builds! {
    Features::empty() =>
        Unreachable: unreachable,
        Nop: nop,
        Block: block,
        Loop: repeat,
        If: condition,
        Else: condition,
        End: block,
        Br: branch,
        BrIf: branch_if,
        BrTable: branch_table,
        Return: return_early,
        Drop: drop_one,
        Select: select,
    ;
    Features::REFERENCE_TYPES =>
        TypedSelect: typed_select,
    ;
};

/// Locals, globals and constants.
pub static VARIABLE: &[Row] = builds! {
    Features::empty() =>
        LocalGet: local_get,
        LocalSet: local_set,
        LocalTee: local_tee,
        GlobalGet: global_get,
        GlobalSet: global_set,
        I32Const: |b| b.constant(Pool::I32),
        I64Const: |b| b.constant(Pool::I64),
        F32Const: |b| b.constant(Pool::F32),
        F64Const: |b| b.constant(Pool::F64),
    ;
};

fn unreachable(b: &mut Body<'_, '_>) -> Result<()> {
    b.take(Pool::Below(3))?;
    b.push(Instruction::If(BlockType::Empty));
    b.op(Instruction::Unreachable);
    b.push(Instruction::End);
    b.take(Pool::I64)?;
    b.result(ValType::I64);
    Ok(())
}

fn nop(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(1, 3)?;
    b.take_all(&types)?;
    b.op(Instruction::Nop);
    b.results(&types);
    Ok(())
}

/// A block with parameters and results, and a branch out of it or none.
fn block(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(0, 4)?;
    b.take_all(&types)?;
    let ty = b.block_type(&types, &types);
    b.op(Instruction::Block(ty));
    b.take(Pool::Below(2))?;
    b.push(Instruction::BrIf(0));
    for _ in &types {
        b.push(Instruction::Drop);
    }
    b.constants(&types)?;
    b.op(Instruction::End);
    b.results(&types);
    Ok(())
}

/// A loop that turns a few times and hands its values round.
fn repeat(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(0, 3)?;
    let turns = b.local(ValType::I32);
    let sum = b.local(ValType::I64);
    b.take(Pool::Below(40))?;
    b.push(Instruction::LocalSet(turns));
    b.take_all(&types)?;
    let ty = b.block_type(&types, &types);
    b.op(Instruction::Loop(ty));
    b.emit(vec![
        Instruction::LocalGet(sum),
        Instruction::I64Const(31),
        Instruction::I64Mul,
        Instruction::LocalGet(turns),
        Instruction::I64ExtendI32U,
        Instruction::I64Add,
        Instruction::LocalSet(sum),
        Instruction::LocalGet(turns),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::LocalTee(turns),
        Instruction::I32Const(0),
        Instruction::I32GtS,
        Instruction::BrIf(0),
        Instruction::End,
        Instruction::LocalGet(sum),
    ]);
    b.results(&types);
    b.result(ValType::I64);
    Ok(())
}

fn condition(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(0, 3)?;
    b.take_all(&types)?;
    b.take_condition()?;
    let ty = b.block_type(&types, &types);
    b.op(Instruction::If(ty));
    b.op(Instruction::Else);
    for _ in &types {
        b.push(Instruction::Drop);
    }
    b.constants(&types)?;
    b.push(Instruction::End);
    b.take(Pool::I32)?;
    b.push(Instruction::If(BlockType::Result(ValType::I32)));
    b.constants(&[ValType::I32])?;
    b.push(Instruction::Else);
    b.constants(&[ValType::I32])?;
    b.push(Instruction::End);
    b.results(&types);
    b.result(ValType::I32);
    Ok(())
}

/// Branches out of some blocks with values, leaving others on the stack behind.
fn branch(b: &mut Body<'_, '_>) -> Result<()> {
    let depth = b.u.int_in_range(0..=3)?;
    let types = b.types(0, 4)?;
    let ty = b.block_type(&[], &types);
    b.push(Instruction::Block(ty));
    for _ in 0..depth {
        b.push(Instruction::Block(BlockType::Empty));
    }
    b.take(Pool::I32)?;
    b.take_all(&types)?;
    b.op(Instruction::Br(depth));
    for _ in 0..depth {
        b.push(Instruction::End);
    }
    if depth > 0 {
        b.push(Instruction::Unreachable);
    }
    b.push(Instruction::End);
    b.results(&types);
    Ok(())
}

fn branch_if(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(0, 4)?;
    let ty = b.block_type(&[], &types);
    b.push(Instruction::Block(ty));
    b.take(Pool::I64)?;
    b.take_all(&types)?;
    b.take_condition()?;
    b.op(Instruction::BrIf(0));
    for _ in 0..=types.len() {
        b.push(Instruction::Drop);
    }
    b.constants(&types)?;
    b.push(Instruction::End);
    b.results(&types);
    Ok(())
}

/// A table of branches that carry a value; each block on the way changes it.
fn branch_table(b: &mut Body<'_, '_>) -> Result<()> {
    let blocks = b.u.int_in_range(1..=6u32)?;
    for _ in 0..blocks {
        b.push(Instruction::Block(BlockType::Result(ValType::I64)));
    }
    b.take(Pool::I64)?;
    let most = if b.u.ratio(1, 8)? { 100 } else { 8 };
    let mut targets = Vec::new();
    for _ in 0..b.u.int_in_range(0..=most)? {
        targets.push(b.u.int_in_range(0..=blocks - 1)?);
    }
    b.take(Pool::Near {
        wide: false,
        bound: targets.len() as u64,
    })?;
    let default = b.u.int_in_range(0..=blocks - 1)?;
    b.op(Instruction::BrTable(targets.into(), default));
    for block in 0..i64::from(blocks) {
        b.emit(vec![
            Instruction::End,
            Instruction::I64Const(7 + block),
            Instruction::I64Rotl,
            Instruction::I64Const(0x0101 << block),
            Instruction::I64Xor,
        ]);
    }
    b.result(ValType::I64);
    Ok(())
}

fn return_early(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(0, 4)?;
    b.push(Instruction::Block(BlockType::Empty));
    b.take(Pool::Below(2))?;
    b.push(Instruction::BrIf(0));
    b.take(Pool::F64)?;
    b.take_all(&types)?;
    b.op(Instruction::Return);
    b.push(Instruction::End);
    b.constants(&types)?;
    b.results(&types);
    Ok(())
}

fn drop_one(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(1, 3)?;
    b.take_all(&types)?;
    let dropped = b.types(1, 1)?;
    b.take_all(&dropped)?;
    b.op(Instruction::Drop);
    b.results(&types);
    Ok(())
}

fn select(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.number_type(b.u)?;
    b.take_all(&[ty, ty])?;
    b.take_condition()?;
    b.op(Instruction::Select);
    b.result(ty);
    Ok(())
}

fn typed_select(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.val_type(b.u)?;
    b.take_all(&[ty, ty])?;
    b.take_condition()?;
    b.op(Instruction::TypedSelect(ty));
    b.result(ty);
    Ok(())
}

/// A parameter, or a local that was never set.
fn local_get(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.val_type(b.u)?;
    let unset = b.local(ty);
    b.op(Instruction::LocalGet(unset));
    b.result(ty);
    let number = b.world.number_type(b.u)?;
    if let Some(pool) = Pool::number(number) {
        let param = b.param(pool);
        b.op(param);
        b.result(number);
    }
    Ok(())
}

/// Sets locals in the order of the stack, and gives them in the order of their numbers.
fn local_set(b: &mut Body<'_, '_>) -> Result<()> {
    let types = b.types(1, 4)?;
    b.take_all(&types)?;
    let locals: Vec<u32> = types.iter().map(|&ty| b.local(ty)).collect();
    for &local in locals.iter().rev() {
        b.op(Instruction::LocalSet(local));
    }
    for &local in &locals {
        b.push(Instruction::LocalGet(local));
    }
    b.results(&types);
    Ok(())
}

fn local_tee(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.val_type(b.u)?;
    let local = b.local(ty);
    b.take_all(&[ty])?;
    b.op(Instruction::LocalTee(local));
    b.push(Instruction::LocalGet(local));
    b.results(&[ty, ty]);
    Ok(())
}

fn global_get(b: &mut Body<'_, '_>) -> Result<()> {
    for _ in 0..b.u.int_in_range(1..=3)? {
        let ty = b.world.val_type(b.u)?;
        let mutable = b.u.arbitrary()?;
        let global = b.world.global(b.u, ty, mutable)?;
        b.op(Instruction::GlobalGet(global));
        b.result(ty);
    }
    Ok(())
}

/// Gives the old value.
fn global_set(b: &mut Body<'_, '_>) -> Result<()> {
    let ty = b.world.val_type(b.u)?;
    let global = b.world.global(b.u, ty, true)?;
    b.push(Instruction::GlobalGet(global));
    b.take_all(&[ty])?;
    b.op(Instruction::GlobalSet(global));
    b.result(ty);
    Ok(())
}
