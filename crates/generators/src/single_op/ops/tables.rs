//! Tables: single elements, size, growth, and bulk operations.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
    world::Table,
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, Instruction, ValType};

/// Instructions on tables.
pub static TABLE: &[Row] = builds! {
    Features::empty() =>
        TableInit: init,
        ElemDrop: drop_elements,
        TableCopy: copy,
    ;
    Features::REFERENCE_TYPES =>
        TableGet: get,
        TableSet: set,
        TableGrow: grow,
        TableSize: size,
        TableFill: fill,
    ;
};

/// The pool for indices of a table.
fn index(table: &Table) -> Pool {
    Pool::Near {
        wide: table.wide,
        bound: table.min,
    }
}

fn take_reference(b: &mut Body<'_, '_>, table: &Table) -> Result<()> {
    let reference = b.reference(table.ty)?;
    b.emit(reference);
    Ok(())
}

fn get(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    b.take(index(&table))?;
    b.op(Instruction::TableGet(table.index));
    b.result(ValType::Ref(table.ty));
    Ok(())
}

/// Reads back what it wrote.
fn set(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    let place = b.operand(index(&table))?;
    b.emit(place.clone());
    take_reference(b, &table)?;
    b.op(Instruction::TableSet(table.index));
    b.emit(place);
    b.push(Instruction::TableGet(table.index));
    b.result(ValType::Ref(table.ty));
    Ok(())
}

/// Grows a table, and reads its new last element where it has any.
fn grow(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    take_reference(b, &table)?;
    b.take(Pool::Near {
        wide: table.wide,
        bound: table.max - table.min,
    })?;
    b.op(Instruction::TableGrow(table.index));
    b.push(Instruction::TableSize(table.index));
    b.push(Instruction::TableSize(table.index));
    b.push(table.constant_index(1));
    b.push(if table.wide {
        Instruction::I64Sub
    } else {
        Instruction::I32Sub
    });
    b.push(Instruction::TableGet(table.index));
    b.results(&[
        table.index_type(),
        table.index_type(),
        ValType::Ref(table.ty),
    ]);
    Ok(())
}

fn size(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    b.op(Instruction::TableSize(table.index));
    b.result(table.index_type());
    Ok(())
}

fn fill(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    b.take(index(&table))?;
    take_reference(b, &table)?;
    b.take(index(&table))?;
    b.op(Instruction::TableFill(table.index));
    Ok(())
}

fn copy(b: &mut Body<'_, '_>) -> Result<()> {
    let dst = b.world.any_table(b.u)?;
    let src = b.world.table(b.u, dst.ty)?;
    b.take(index(&dst))?;
    b.take(index(&src))?;
    b.take(Pool::Near {
        wide: dst.wide && src.wide,
        bound: src.min,
    })?;
    b.op(Instruction::TableCopy {
        src_table: src.index,
        dst_table: dst.index,
    });
    Ok(())
}

/// Pushes the operands of `table.init`.
fn take_init(b: &mut Body<'_, '_>, table: &Table, len: u64) -> Result<()> {
    b.take(index(table))?;
    b.take(Pool::Near {
        wide: false,
        bound: len,
    })?;
    b.take(Pool::Near {
        wide: false,
        bound: len,
    })
}

fn init(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    let (elem_index, len) = b.world.elements(b.u, table.ty)?;
    take_init(b, &table, len)?;
    b.op(Instruction::TableInit {
        elem_index,
        table: table.index,
    });
    Ok(())
}

/// Drops a segment, mostly after a use; when called again, the use comes too late.
fn drop_elements(b: &mut Body<'_, '_>) -> Result<()> {
    let table = b.world.any_table(b.u)?;
    let (elem_index, len) = b.world.elements(b.u, table.ty)?;
    b.take_condition()?;
    b.push(Instruction::If(BlockType::Empty));
    take_init(b, &table, len)?;
    b.push(Instruction::TableInit {
        elem_index,
        table: table.index,
    });
    b.push(Instruction::End);
    b.op(Instruction::ElemDrop(elem_index));
    Ok(())
}
