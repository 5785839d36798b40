//! Exceptions: thrown, caught by each kind of clause, thrown again.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Row, builds},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{BlockType, Catch, HeapType, Instruction, ValType};

/// Instructions on exceptions.
pub static EXCEPTION: &[Row] = builds! {
    Features::EXCEPTIONS =>
        TryTable: try_table,
        Throw: throw,
        ThrowRef: throw_ref,
    ;
};

/// What a clause of `try_table` catches.
#[derive(Clone, Copy)]
struct Clause {
    /// The tag, or every one.
    tag: Option<u32>,
    /// Whether the reference to the exception comes along.
    reference: bool,
}

impl Clause {
    fn choose(b: &mut Body<'_, '_>) -> Result<(Self, Vec<ValType>)> {
        let reference = b.u.arbitrary()?;
        let (tag, mut types) = if b.u.ratio(2, 3)? {
            let (tag, fields) = b.world.tag(b.u)?;
            (Some(tag), fields)
        } else {
            (None, Vec::new())
        };
        if reference {
            types.push(ValType::EXNREF);
        }
        Ok((Self { tag, reference }, types))
    }

    fn to(self, label: u32) -> Catch {
        match (self.tag, self.reference) {
            (Some(tag), false) => Catch::One { tag, label },
            (Some(tag), true) => Catch::OneRef { tag, label },
            (None, false) => Catch::All { label },
            (None, true) => Catch::AllRef { label },
        }
    }
}

/// Throws a tag with operands for its fields.
fn throw_some(b: &mut Body<'_, '_>) -> Result<()> {
    let (tag, fields) = b.world.tag(b.u)?;
    b.take_all(&fields)?;
    b.op(Instruction::Throw(tag));
    Ok(())
}

/// Does something that may throw, trap, or go well.
fn risk(b: &mut Body<'_, '_>) -> Result<()> {
    match b.u.int_in_range(0..=7)? {
        0 => {
            // Traps are no exceptions, and nothing catches them.
            b.take(Pool::Below(3))?;
            b.push(Instruction::If(BlockType::Empty));
            b.push(Instruction::Unreachable);
            b.push(Instruction::End);
        }
        1 | 2 => {
            // From a frame further in.
            let (tag, fields) = b.world.tag(b.u)?;
            let ty = b.world.func_type(&fields, &[]);
            let mut code: Vec<_> = (0..fields.len() as u32)
                .map(Instruction::LocalGet)
                .collect();
            code.push(Instruction::Throw(tag));
            let thrower = b.world.function_once(ty, Vec::new(), code);
            b.take_all(&fields)?;
            b.push(Instruction::Call(thrower));
        }
        3 => {
            let ty = b.world.func_type(&[], &[]);
            let callee = b.world.callee(b.u, ty)?;
            b.push(Instruction::Call(callee));
        }
        _ => {
            b.take(Pool::Below(4))?;
            b.push(Instruction::If(BlockType::Empty));
            throw_some(b)?;
            b.push(Instruction::End);
        }
    }
    Ok(())
}

/// Up to three clauses, each with a landing of its own. The results are which landing was
/// reached, and a digest of what arrived there.
fn try_table(b: &mut Body<'_, '_>) -> Result<()> {
    let count = b.u.int_in_range(0..=3u32)?;
    let mut clauses = Vec::new();
    for _ in 0..count {
        clauses.push(Clause::choose(b)?);
    }
    let landing = b.local(ValType::I32);
    let digest = b.local(ValType::I64);
    b.push(Instruction::Block(BlockType::Empty));
    for (_, types) in clauses.iter().rev() {
        let ty = b.block_type(&[], types);
        b.push(Instruction::Block(ty));
    }
    let catches: Vec<Catch> = (0..)
        .zip(&clauses)
        .map(|(label, (clause, _))| clause.to(label))
        .collect();
    let types = b.types(0, 3)?;
    let ty = b.block_type(&types, &types);
    b.take_all(&types)?;
    b.op(Instruction::TryTable(ty, catches.into()));
    risk(b)?;
    b.push(Instruction::End);
    b.digest(&types, digest);
    b.push(Instruction::Br(count));
    for (i, (_, types)) in (0..count).zip(&clauses) {
        b.push(Instruction::End);
        b.digest(types, digest);
        b.push(Instruction::I32Const(i.cast_signed() + 1));
        b.push(Instruction::LocalSet(landing));
        b.push(Instruction::Br(count - 1 - i));
    }
    b.push(Instruction::End);
    b.push(Instruction::LocalGet(landing));
    b.push(Instruction::LocalGet(digest));
    b.results(&[ValType::I32, ValType::I64]);
    Ok(())
}

/// Throws, so that the caller sees tag and fields.
fn throw(b: &mut Body<'_, '_>) -> Result<()> {
    if b.u.ratio(1, 4)? {
        b.take(Pool::Below(3))?;
        b.push(Instruction::BrIf(0));
    }
    throw_some(b)
}

/// Catches by reference and throws again, so that the caller sees the first exception; or throws
/// what was never caught.
fn throw_ref(b: &mut Body<'_, '_>) -> Result<()> {
    if b.u.ratio(1, 8)? {
        b.null(HeapType::Abstract {
            shared: false,
            ty: wasm_encoder::AbstractHeapType::Exn,
        });
        b.op(Instruction::ThrowRef);
        return Ok(());
    }
    let kept = b.local(ValType::EXNREF);
    b.push(Instruction::Block(BlockType::Result(ValType::EXNREF)));
    b.push(Instruction::TryTable(
        BlockType::Empty,
        vec![Catch::AllRef { label: 0 }].into(),
    ));
    risk(b)?;
    b.push(Instruction::End);
    b.push(Instruction::Return);
    b.push(Instruction::End);
    b.push(Instruction::LocalSet(kept));
    if b.u.ratio(1, 3)? {
        // Once more, through a handler that may know the tag.
        let (tag, fields) = b.world.tag(b.u)?;
        let ty = b.block_type(&[], &fields);
        b.push(Instruction::Block(ty));
        b.push(Instruction::TryTable(
            BlockType::Empty,
            vec![Catch::One { tag, label: 0 }].into(),
        ));
        b.push(Instruction::LocalGet(kept));
        b.op(Instruction::ThrowRef);
        b.push(Instruction::End);
        b.push(Instruction::Unreachable);
        b.push(Instruction::End);
        for _ in &fields {
            b.push(Instruction::Drop);
        }
    }
    b.push(Instruction::LocalGet(kept));
    b.op(Instruction::ThrowRef);
    Ok(())
}
