//! Calls: direct, through tables, through references, and their tail forms.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
    world::{Table, concrete},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{Instruction, RefType, ValType};

/// Calls of all kinds.
pub static CALL: &[Row] = builds! {
    Features::empty() =>
        Call: |b| direct(b, Instruction::Call),
        CallIndirect: |b| indirect(b, |type_index, table_index| {
            Instruction::CallIndirect { type_index, table_index }
        }),
    ;
    Features::TAIL_CALL =>
        ReturnCall: return_call,
        ReturnCallIndirect: |b| indirect(b, |type_index, table_index| {
            Instruction::ReturnCallIndirect { type_index, table_index }
        }),
    ;
    Features::FUNCTION_REFERENCES =>
        CallRef: |b| by_reference(b, Instruction::CallRef),
    ;
    Features::FUNCTION_REFERENCES.union(Features::TAIL_CALL) =>
        ReturnCallRef: |b| by_reference(b, Instruction::ReturnCallRef),
    ;
};

fn direct(b: &mut Body<'_, '_>, make: fn(u32) -> Instruction<'static>) -> Result<()> {
    let signature = b.world.signature(b.u)?;
    let callee = b.world.callee(b.u, signature)?;
    let (params, results) = b.world.signature_of(signature);
    b.take_all(&params)?;
    b.op(make(callee));
    b.results(&results);
    Ok(())
}

fn return_call(b: &mut Body<'_, '_>) -> Result<()> {
    if b.u.ratio(2, 3)? {
        direct(b, Instruction::ReturnCall)
    } else {
        countdown(b)
    }
}

/// A function that calls itself many times in tail position; without tail calls it would need a
/// stack as deep.
fn countdown(b: &mut Body<'_, '_>) -> Result<()> {
    use Instruction::*;
    let ty = b
        .world
        .func_type(&[ValType::I32, ValType::I64], &[ValType::I64]);
    let itself = b.world.next_function();
    let code = vec![
        LocalGet(0),
        I32Eqz,
        If(wasm_encoder::BlockType::Empty),
        LocalGet(1),
        Return,
        End,
        LocalGet(0),
        I32Const(1),
        I32Sub,
        LocalGet(1),
        I64Const(7),
        I64Rotl,
        LocalGet(0),
        I64ExtendI32U,
        I64Xor,
        ReturnCall(itself),
    ];
    b.world.function(ty, Vec::new(), code);
    b.take(Pool::Below(500))?;
    b.take(Pool::I64)?;
    b.op(ReturnCall(itself));
    b.result(ValType::I64);
    Ok(())
}

/// Pushes the index of a function in a table, mostly the one meant.
fn take_place(b: &mut Body<'_, '_>, table: &Table, function: u32) -> Result<()> {
    let place = b.world.place(table, function);
    b.take(Pool::Place {
        wide: table.wide,
        place,
        bound: table.min,
    })
}

/// Calls through a table; the type may be the function's own, or a type above it.
fn indirect(b: &mut Body<'_, '_>, make: fn(u32, u32) -> Instruction<'static>) -> Result<()> {
    let signature = b.world.signature(b.u)?;
    let callee = b.world.callee(b.u, signature)?;
    let typed = b.has(Features::FUNCTION_REFERENCES) && b.u.ratio(1, 4)?;
    let element = if typed {
        concrete(signature, true)
    } else {
        RefType::FUNCREF
    };
    let table = b.world.table(b.u, element)?;
    let expected = match b.world.supertype(signature) {
        Some(above) if b.u.arbitrary()? => above,
        _ => signature,
    };
    let (params, results) = b.world.signature_of(signature);
    b.take_all(&params)?;
    take_place(b, &table, callee)?;
    b.op(make(expected, table.index));
    b.results(&results);
    Ok(())
}

fn by_reference(b: &mut Body<'_, '_>, make: fn(u32) -> Instruction<'static>) -> Result<()> {
    let signature = b.world.signature(b.u)?;
    let (params, results) = b.world.signature_of(signature);
    b.take_all(&params)?;
    let nullable = b.u.ratio(3, 4)?;
    let callee = b.reference(concrete(signature, nullable))?;
    b.emit(callee);
    b.op(make(signature));
    b.results(&results);
    Ok(())
}
