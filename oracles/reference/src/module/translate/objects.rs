//! Memories and tables as a whole, references, and the objects of the heap.

use super::{Result, Translator};
use crate::instructions::cast::CastType;
use crate::instructions::gc_array::Access;
use crate::module::ModuleError;
use crate::module::code::Op;
use crate::types::{CompositeType, FieldType, RefType, heap_type_of};
use wasmparser::{HeapType, Operator};

impl Translator<'_> {
    pub(super) fn objects(&mut self, operator: &Operator<'_>) -> Result<bool> {
        Ok(self.bulk(operator)
            || self.table(operator)
            || self.reference(operator)?
            || self.structure(operator)?
            || self.array(operator)?)
    }

    fn bulk(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::MemorySize { mem } => self.simple(Op::MemorySize(mem), 0, &[1]),
            Operator::MemoryGrow { mem } => self.simple(Op::MemoryGrow(mem), 1, &[1]),
            Operator::MemoryFill { mem } => self.simple(Op::MemoryFill(mem), 3, &[]),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                let op = Op::MemoryCopy {
                    to: dst_mem as u16,
                    from: src_mem as u16,
                };
                self.simple(op, 3, &[]);
            }
            Operator::MemoryInit {
                data_index: data,
                mem,
            } => {
                self.simple(
                    Op::MemoryInit {
                        memory: mem as u16,
                        data,
                    },
                    3,
                    &[],
                );
            }
            Operator::DataDrop { data_index } => self.emit(Op::DataDrop(data_index)),
            _ => return false,
        }
        true
    }

    fn table(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::TableGet { table } => self.simple(Op::TableGet(table), 1, &[1]),
            Operator::TableSet { table } => self.simple(Op::TableSet(table), 2, &[]),
            Operator::TableSize { table } => self.simple(Op::TableSize(table), 0, &[1]),
            Operator::TableGrow { table } => self.simple(Op::TableGrow(table), 2, &[1]),
            Operator::TableFill { table } => self.simple(Op::TableFill(table), 3, &[]),
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                let op = Op::TableCopy {
                    to: dst_table as u16,
                    from: src_table as u16,
                };
                self.simple(op, 3, &[]);
            }
            Operator::TableInit {
                elem_index: element,
                table,
            } => {
                self.simple(
                    Op::TableInit {
                        table: table as u16,
                        element,
                    },
                    3,
                    &[],
                );
            }
            Operator::ElemDrop { elem_index } => self.emit(Op::ElementDrop(elem_index)),
            _ => return false,
        }
        true
    }

    fn reference(&mut self, operator: &Operator<'_>) -> Result<bool> {
        match *operator {
            Operator::RefIsNull => self.simple(Op::RefIsNull, 1, &[1]),
            Operator::RefFunc { function_index } => {
                self.simple(Op::RefFunc(function_index), 0, &[1])
            }
            Operator::RefAsNonNull => self.simple(Op::RefAsNonNull, 1, &[1]),
            Operator::RefEq => self.simple(Op::RefEq, 2, &[1]),
            Operator::RefI31 => self.simple(Op::RefI31, 1, &[1]),
            Operator::I31GetS => self.simple(Op::I31GetS, 1, &[1]),
            Operator::I31GetU => self.simple(Op::I31GetU, 1, &[1]),
            // Both sides of the conversion are the same slot.
            Operator::AnyConvertExtern | Operator::ExternConvertAny => {}
            Operator::RefTestNonNull { hty } => {
                self.simple(Op::RefTest(packed(false, hty)?), 1, &[1])
            }
            Operator::RefTestNullable { hty } => {
                self.simple(Op::RefTest(packed(true, hty)?), 1, &[1])
            }
            Operator::RefCastNonNull { hty } => {
                self.simple(Op::RefCast(packed(false, hty)?), 1, &[1])
            }
            Operator::RefCastNullable { hty } => {
                self.simple(Op::RefCast(packed(true, hty)?), 1, &[1])
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn structure(&mut self, operator: &Operator<'_>) -> Result<bool> {
        match *operator {
            Operator::StructNew {
                struct_type_index: ty,
            } => {
                let fields = self.fields(ty)?.len() as u32;
                self.simple(Op::StructNew(ty), fields, &[1]);
            }
            Operator::StructNewDefault {
                struct_type_index: ty,
            } => {
                self.simple(Op::StructNewDefault(ty), 0, &[1]);
            }
            Operator::StructGet {
                struct_type_index: ty,
                field_index,
            }
            | Operator::StructGetU {
                struct_type_index: ty,
                field_index,
            } => {
                let (access, slot) = self.field(ty, field_index, false)?;
                self.simple(Op::StructGet(access, slot), 1, &[access.slots()]);
            }
            Operator::StructGetS {
                struct_type_index: ty,
                field_index,
            } => {
                let (access, slot) = self.field(ty, field_index, true)?;
                self.simple(Op::StructGet(access, slot), 1, &[access.slots()]);
            }
            Operator::StructSet {
                struct_type_index: ty,
                field_index,
            } => {
                let (access, slot) = self.field(ty, field_index, false)?;
                self.simple(Op::StructSet(access, slot), 2, &[]);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn array(&mut self, operator: &Operator<'_>) -> Result<bool> {
        match *operator {
            Operator::ArrayNew {
                array_type_index: ty,
            } => self.simple(Op::ArrayNew(ty), 2, &[1]),
            Operator::ArrayNewDefault {
                array_type_index: ty,
            } => {
                self.simple(Op::ArrayNewDefault(ty), 1, &[1]);
            }
            Operator::ArrayNewFixed {
                array_type_index: ty,
                array_size,
            } => {
                let pair = self.pair(ty, array_size);
                self.simple(Op::ArrayNewFixed(pair), array_size, &[1]);
            }
            Operator::ArrayNewData {
                array_type_index,
                array_data_index,
            } => {
                let pair = self.pair(array_type_index, array_data_index);
                self.simple(Op::ArrayNewData(pair), 2, &[1]);
            }
            Operator::ArrayNewElem {
                array_type_index,
                array_elem_index,
            } => {
                let pair = self.pair(array_type_index, array_elem_index);
                self.simple(Op::ArrayNewElement(pair), 2, &[1]);
            }
            Operator::ArrayGet {
                array_type_index: ty,
            }
            | Operator::ArrayGetU {
                array_type_index: ty,
            } => {
                let access = Access::of(self.element(ty)?, false);
                self.simple(Op::ArrayGet(access), 2, &[access.slots()]);
            }
            Operator::ArrayGetS {
                array_type_index: ty,
            } => {
                let access = Access::of(self.element(ty)?, true);
                self.simple(Op::ArrayGet(access), 2, &[access.slots()]);
            }
            Operator::ArraySet {
                array_type_index: ty,
            } => {
                let access = Access::of(self.element(ty)?, false);
                self.simple(Op::ArraySet(access), 3, &[]);
            }
            Operator::ArrayLen => self.simple(Op::ArrayLen, 1, &[1]),
            Operator::ArrayFill {
                array_type_index: ty,
            } => {
                let access = Access::of(self.element(ty)?, false);
                self.simple(Op::ArrayFill(access), 4, &[]);
            }
            Operator::ArrayCopy {
                array_type_index_dst: ty,
                ..
            } => {
                let bytes = self.element(ty)?.bytes() as u8;
                self.simple(Op::ArrayCopy(bytes), 5, &[]);
            }
            Operator::ArrayInitData {
                array_type_index: ty,
                array_data_index,
            } => {
                let bytes = self.element(ty)?.bytes() as u8;
                self.simple(Op::ArrayInitData(bytes, array_data_index), 4, &[]);
            }
            Operator::ArrayInitElem {
                array_elem_index, ..
            } => {
                self.simple(Op::ArrayInitElement(array_elem_index), 4, &[]);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn pair(&mut self, ty: u32, other: u32) -> u32 {
        self.code.pairs.push((ty, other));
        self.code.pairs.len() as u32 - 1
    }

    fn fields(&self, ty: u32) -> Result<&[FieldType<u32>]> {
        match self
            .module
            .spaces
            .types
            .get(ty as usize)
            .map(|ty| &ty.composite)
        {
            Some(CompositeType::Struct(fields)) => Ok(fields),
            _ => Err(ModuleError::Invalid(format!("type {ty} is no structure"))),
        }
    }

    /// How a field is accessed, and its first slot.
    fn field(&self, ty: u32, index: u32, signed: bool) -> Result<(Access, u32)> {
        let fields = self.fields(ty)?;
        let slot = fields[..index as usize].iter().map(FieldType::slots).sum();
        Ok((Access::of(&fields[index as usize], signed), slot))
    }

    fn element(&self, ty: u32) -> Result<&FieldType<u32>> {
        match self
            .module
            .spaces
            .types
            .get(ty as usize)
            .map(|ty| &ty.composite)
        {
            Some(CompositeType::Array(element)) => Ok(element),
            _ => Err(ModuleError::Invalid(format!("type {ty} is no array"))),
        }
    }
}

fn packed(nullable: bool, ty: HeapType) -> Result<u32> {
    let heap = heap_type_of(ty)?;
    Ok(CastType::new(RefType { nullable, heap }).0)
}
