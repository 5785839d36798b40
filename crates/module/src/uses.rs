//! What the parts of a module use of each other, read before anything is changed.

use crate::numbers::short_block;
use crate::{Info, Plan};
use assay_engine::Features;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ExportSection, FunctionSection, ImportSection, TypeSection,
};
use wasmparser::{FunctionBody, Operator, TypeRef};

/// What a module uses. Exports do not count: shims replace them.
pub(crate) struct Uses<'a> {
    info: &'a Info,
    /// Whether blocks get the short forms of their types.
    short_blocks: bool,
    /// For each type, whether anything but the functions and imports that have it refers to it.
    /// Those that cannot be told from their neighbours, being part of a group, always count.
    pub types: Vec<bool>,
    /// For each type, whether it is in a group with others.
    pub grouped: Vec<bool>,
    /// For each function, whether code, a table or the start section refers to it.
    pub functions: Vec<bool>,
    /// For each tag, whether code throws it.
    pub thrown: Vec<bool>,
    /// For each table, whether code changes it.
    pub tables_changed: Vec<bool>,
    /// For each memory, whether code changes it.
    pub memories_changed: Vec<bool>,
    /// Whether exceptions that were caught are thrown again.
    pub rethrows: bool,
    /// The bodies, in order.
    pub bodies: Vec<Body>,
}

/// What matters of a function's body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Body {
    /// Whether it branches to its end, or returns before it.
    pub leaves_early: bool,
    /// Whether it has tail calls.
    pub tail_calls: bool,
}

impl<'a> Uses<'a> {
    /// Reads a module.
    pub fn read(wasm: &[u8], info: &'a Info, plan: &Plan) -> Result<Self, String> {
        let mut uses = Self {
            info,
            short_blocks: plan.fuse,
            types: vec![false; info.types.len()],
            grouped: vec![false; info.types.len()],
            functions: vec![false; info.functions.len()],
            thrown: vec![false; info.tags.len()],
            tables_changed: vec![false; info.tables.len()],
            memories_changed: vec![plan.features.contains(Features::THREADS); info.memories.len()],
            rethrows: false,
            bodies: Vec::new(),
        };
        crate::sections::Sections::decode(wasm, &mut uses).map_err(|e| e.to_string())?;
        Ok(uses)
    }

    fn note(&mut self, operator: &Operator<'_>, depth: u32, body: &mut Body) {
        match operator {
            Operator::Return => body.leaves_early = true,
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                body.leaves_early |= *relative_depth >= depth;
            }
            // What branches in other ways is rare enough to be taken for one that leaves.
            Operator::BrTable { .. } | Operator::TryTable { .. } | Operator::Delegate { .. } => {
                body.leaves_early = true;
            }
            Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => body.tail_calls = true,
            Operator::Throw { tag_index } => mark(&mut self.thrown, *tag_index),
            Operator::TableSet { table }
            | Operator::TableGrow { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. }
            | Operator::TableCopy {
                dst_table: table, ..
            } => mark(&mut self.tables_changed, *table),
            Operator::ThrowRef | Operator::Rethrow { .. } => self.rethrows = true,
            _ => {}
        }
        if let Some(memory) = changed_memory(operator) {
            mark(&mut self.memories_changed, memory);
        }
    }
}

/// The memory that an operator changes. Atomic ones are not told: with threads, all memories count.
fn changed_memory(operator: &Operator<'_>) -> Option<u32> {
    match operator {
        Operator::I32Store { memarg }
        | Operator::I64Store { memarg }
        | Operator::F32Store { memarg }
        | Operator::F64Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg }
        | Operator::V128Store { memarg }
        | Operator::V128Store8Lane { memarg, .. }
        | Operator::V128Store16Lane { memarg, .. }
        | Operator::V128Store32Lane { memarg, .. }
        | Operator::V128Store64Lane { memarg, .. } => Some(memarg.memory),
        Operator::MemoryGrow { mem }
        | Operator::MemoryFill { mem }
        | Operator::MemoryInit { mem, .. }
        | Operator::MemoryCopy { dst_mem: mem, .. } => Some(*mem),
        _ => None,
    }
}

fn mark(marks: &mut [bool], index: u32) {
    if let Some(mark) = marks.get_mut(index as usize) {
        *mark = true;
    }
}

/// How an operator changes the depth of blocks.
pub(crate) fn nesting(operator: &Operator<'_>) -> i32 {
    match operator {
        Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::If { .. }
        | Operator::TryTable { .. }
        | Operator::Try { .. } => 1,
        Operator::End | Operator::Delegate { .. } => -1,
        _ => 0,
    }
}

/// Goes through a module as if to encode it again, and takes note of the indices that pass.
impl Reencode for Uses<'_> {
    type Error = std::convert::Infallible;

    fn type_index(&mut self, index: u32) -> Result<u32, Error<Self::Error>> {
        mark(&mut self.types, index);
        Ok(index)
    }

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Self::Error>> {
        mark(&mut self.functions, index);
        Ok(index)
    }

    fn block_type(&mut self, ty: wasmparser::BlockType) -> Result<BlockType, Error<Self::Error>> {
        if let wasmparser::BlockType::FuncType(index) = ty
            && self.short_blocks
            && short_block(self.info, index).is_some()
        {
            return Ok(BlockType::Empty);
        }
        utils::block_type(self, ty)
    }

    fn parse_type_section(
        &mut self,
        _types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let mut first = 0;
        for group in section {
            let group = group?;
            let types = group.types().len() as u32;
            if types > 1 {
                (first..first + types).for_each(|index| mark(&mut self.grouped, index));
            }
            for ty in group.types() {
                let plain = matches!(
                    ty.composite_type.inner,
                    wasmparser::CompositeInnerType::Func(_)
                ) && ty.is_final
                    && ty.supertype_idx.is_none();
                if types > 1 || !plain {
                    (first..first + types).for_each(|index| mark(&mut self.types, index));
                }
                // Notes the types that it refers to.
                self.sub_type(ty.clone())?;
            }
            first += types;
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        _imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for import in section.into_imports() {
            match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => {}
                ty => {
                    self.entity_type(ty)?;
                }
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        _functions: &mut FunctionSection,
        _section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        _exports: &mut ExportSection,
        _section: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        _code: &mut CodeSection,
        function: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for group in function.get_locals_reader()? {
            self.val_type(group?.1)?;
        }
        let mut body = Body::default();
        let mut depth = 0;
        for operator in function.get_operators_reader()? {
            let operator = operator?;
            self.note(&operator, depth, &mut body);
            depth = depth.wrapping_add_signed(nesting(&operator));
            utils::instruction(self, operator)?;
        }
        self.bodies.push(body);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(wat: &str, see: impl FnOnce(Uses<'_>)) {
        let wasm = wat::parse_str(wat).unwrap();
        let info = Info::read(&wasm).unwrap();
        see(Uses::read(&wasm, &info, &Plan::default()).unwrap());
    }

    #[test]
    fn only_references_count() {
        let wat = "(module (type (func)) (type (func (param i32))) (type (func (result i32)))
            (type $a (func (param i64))) (type (func (param (ref null $a))))
            (func (type 0)) (func (type 1)) (func (call 0) (block (type 2) i32.const 0) drop)
            (export \"f\" (func 1)))";
        uses(wat, |uses| {
            assert_eq!(uses.types, [false, false, true, true, false]);
            assert_eq!(uses.functions, [true, false, false]);
        });
    }

    #[test]
    fn types_that_are_not_plain_count() {
        let wat = "(module (rec (type (func)) (type (struct))) (type (sub (func)))
            (type (array i8)) (type (func (param f32))))";
        uses(wat, |uses| {
            assert_eq!(uses.types, [true, true, true, true, false]);
            assert_eq!(uses.grouped, [true, true, false, false, false]);
        });
    }

    #[test]
    fn memories_change_by_what_writes_them() {
        let wat = "(module (memory 1) (memory 1) (memory 1)
            (func (drop (i32.load 0 (i32.const 0))) (memory.copy 1 0 (i32.const 0) (i32.const 0)
                (i32.const 1)) (i32.store8 2 (i32.const 0) (i32.const 1))))";
        uses(wat, |uses| {
            assert_eq!(uses.memories_changed, [false, true, true]);
        });
    }

    #[test]
    fn bodies_that_leave_early_are_known() {
        let wat = "(module (func) (func (block (br 0))) (func (block (br 1))) (func return)
            (func return_call 0))";
        uses(wat, |uses| {
            let early: Vec<_> = uses.bodies.iter().map(|body| body.leaves_early).collect();
            assert_eq!(early, [false, false, true, true, false]);
            assert!(uses.bodies[4].tail_calls && !uses.bodies[3].tail_calls);
        });
    }
}
