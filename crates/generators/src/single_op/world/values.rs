//! Constant expressions that give a value of a type.

use super::{Code, World, hierarchy::hierarchy};
use crate::single_op::pool::Pool;
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Reference, Value};
use wasm_encoder::{
    AbstractHeapType, CompositeInnerType, HeapType, Ieee32, Ieee64, Instruction, RefType, ValType,
};

/// How deep structs and arrays nest in a constant.
const MAX_DEPTH: u32 = 2;

/// The length of most arrays made of single values.
pub const MAX_FIXED: u32 = 4;

/// The instruction that gives a number or a vector, or the null reference of the host.
pub fn constant(value: Value) -> Instruction<'static> {
    match value {
        Value::I32(x) => Instruction::I32Const(x.cast_signed()),
        Value::I64(x) => Instruction::I64Const(x.cast_signed()),
        Value::F32(x) => Instruction::F32Const(Ieee32::new(x)),
        Value::F64(x) => Instruction::F64Const(Ieee64::new(x)),
        Value::V128(x) => Instruction::V128Const(x.cast_signed()),
        Value::Ref(Reference::I31(_)) => Instruction::RefNull(HeapType::I31),
        Value::Ref(_) => Instruction::RefNull(HeapType::EXTERN),
    }
}

impl World {
    /// Code that gives some value of a type, valid in constant expressions too.
    pub fn value(&mut self, u: &mut Unstructured<'_>, ty: ValType, depth: u32) -> Result<Code> {
        match ty {
            ValType::Ref(ty) => self.reference(u, ty, depth),
            number => match Pool::number(number) {
                Some(pool) => Ok(vec![constant(pool.draw(u)?)]),
                None => Ok(Vec::new()),
            },
        }
    }

    /// Code that gives some reference of a type.
    pub fn reference(&mut self, u: &mut Unstructured<'_>, ty: RefType, depth: u32) -> Result<Code> {
        let may_exist = self.is_inhabited(ty.heap_type);
        if ty.nullable && (!may_exist || depth > MAX_DEPTH || u.ratio(1, 6)?) {
            let heap_type = match hierarchy(&self.types, ty.heap_type).bottom() {
                bottom if self.has(Features::GC) && u.ratio(1, 4)? => bottom,
                _ => ty.heap_type,
            };
            return Ok(vec![Instruction::RefNull(heap_type)]);
        }
        if !may_exist {
            // The result of a callee, which then cannot return.
            return Ok(vec![Instruction::Unreachable]);
        }
        match ty.heap_type {
            HeapType::Concrete(index) | HeapType::Exact(index) => self.instance(u, index, depth),
            HeapType::Abstract { ty, .. } => self.example(u, ty, depth),
        }
    }

    /// Whether this module can make a reference of the type that is not null.
    pub fn is_inhabited(&self, ty: HeapType) -> bool {
        use AbstractHeapType::{Exn, Extern, NoExn, NoExtern, NoFunc, None};
        match ty {
            HeapType::Abstract {
                ty: None | NoFunc | NoExtern | NoExn | Exn,
                ..
            } => false,
            HeapType::Abstract { ty: Extern, .. } => self.has(Features::GC),
            _ => true,
        }
    }

    /// A value of a type that the module defines, or of one of its subtypes.
    fn instance(&mut self, u: &mut Unstructured<'_>, index: u32, depth: u32) -> Result<Code> {
        let subtypes: Vec<u32> = (0..self.types.len() as u32)
            .filter(|&t| self.is_subtype(t, index))
            .collect();
        let index = if depth > MAX_DEPTH {
            index
        } else {
            *u.choose(&subtypes)?
        };
        let mut code = Vec::new();
        match self.types[index as usize].composite_type.inner.clone() {
            CompositeInnerType::Struct(ty) => {
                let all_default = ty
                    .fields
                    .iter()
                    .all(|f| f.element_type.unpack().is_defaultable());
                if all_default && u.ratio(1, 6)? {
                    return Ok(vec![Instruction::StructNewDefault(index)]);
                }
                for field in &ty.fields {
                    code.extend(self.value(u, field.element_type.unpack(), depth + 1)?);
                }
                code.push(Instruction::StructNew(index));
            }
            CompositeInnerType::Array(ty) => {
                let len = u.int_in_range(0..=9)?.min(MAX_FIXED);
                for _ in 0..len {
                    code.extend(self.value(u, ty.0.element_type.unpack(), depth + 1)?);
                }
                code.push(Instruction::ArrayNewFixed {
                    array_type_index: index,
                    array_size: len,
                });
            }
            CompositeInnerType::Func(_) => {
                let function = self.callee(u, index)?;
                code.push(self.ref_func(function));
            }
            // The generator defines no continuation types.
            CompositeInnerType::Cont(_) => {
                code.push(Instruction::RefNull(HeapType::Concrete(index)))
            }
        }
        Ok(code)
    }

    /// A value of an abstract heap type, not null.
    fn example(
        &mut self,
        u: &mut Unstructured<'_>,
        ty: AbstractHeapType,
        depth: u32,
    ) -> Result<Code> {
        use AbstractHeapType::{Any, Array, Eq, Extern, Func, I31, Struct};
        let number = |u: &mut Unstructured<'_>| Pool::I32.draw(u).map(constant);
        match ty {
            Func => {
                let signature = self.signature(u)?;
                self.instance(u, signature, MAX_DEPTH + 1)
            }
            Extern => {
                let mut code = self.example(u, Any, depth + 1)?;
                code.push(Instruction::ExternConvertAny);
                Ok(code)
            }
            Struct => {
                let index = self.a_struct(u)?;
                self.instance(u, index, depth)
            }
            Array => {
                let index = self.an_array(u, super::Need::ANY)?;
                self.instance(u, index, depth)
            }
            Any | Eq if depth <= MAX_DEPTH => {
                let ty = *u.choose(&[I31, Struct, Array])?;
                self.example(u, ty, depth + 1)
            }
            _ => Ok(vec![number(u)?, Instruction::RefI31]),
        }
    }
}
