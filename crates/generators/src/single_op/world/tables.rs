//! Tables, and the element segments that fill them.

use super::{Code, World, constant};
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Value};
use wasm_encoder::{Instruction, RefType, ValType};

/// A table.
#[derive(Clone, Copy)]
pub struct Table {
    /// Its index.
    pub index: u32,
    /// The type of its elements.
    pub ty: RefType,
    /// Whether it has 64-bit indices.
    pub wide: bool,
    /// Its first size.
    pub min: u64,
    /// The size to which it may grow.
    pub max: u64,
    /// The active segment that fills it.
    segment: usize,
}

/// What the elements of a table are at first, where that is not null.
pub(super) type Initial = Option<Code>;

/// An element segment.
pub(super) struct Elements {
    pub(super) ty: RefType,
    /// The table and the offset, if active.
    pub(super) active: Option<(u32, u64)>,
    pub(super) items: Items,
}

/// What an element segment holds.
pub(super) enum Items {
    /// Functions, by index.
    Functions(Vec<u32>),
    /// Constant expressions.
    Expressions(Vec<Code>),
}

impl Elements {
    fn len(&self) -> u64 {
        match &self.items {
            Items::Functions(items) => items.len() as u64,
            Items::Expressions(items) => items.len() as u64,
        }
    }
}

impl Table {
    /// The type of its indices.
    pub fn index_type(&self) -> ValType {
        if self.wide {
            ValType::I64
        } else {
            ValType::I32
        }
    }

    /// A constant index.
    pub fn constant_index(&self, index: u64) -> Instruction<'static> {
        constant(if self.wide {
            Value::I64(index)
        } else {
            Value::I32(index as u32)
        })
    }
}

impl World {
    /// A type for elements of tables and segments that the features allow.
    pub fn element_type(&mut self, u: &mut Unstructured<'_>) -> Result<RefType> {
        if !self.has(Features::REFERENCE_TYPES) || u.ratio(1, 3)? {
            return Ok(RefType::FUNCREF);
        }
        if self.has(Features::FUNCTION_REFERENCES) && u.ratio(1, 3)? {
            let signature = self.signature(u)?;
            return Ok(super::concrete(signature, true));
        }
        if self.has(Features::GC) && u.ratio(1, 4)? {
            let ty = self.a_struct(u)?;
            return Ok(super::concrete(ty, true));
        }
        self.plain_ref(u)
    }

    /// A table of any type of elements.
    pub fn any_table(&mut self, u: &mut Unstructured<'_>) -> Result<Table> {
        if !self.tables.is_empty() && u.ratio(1, 2)? {
            return u.choose(&self.tables).copied();
        }
        let ty = if self.has(Features::FUNCTION_REFERENCES) && u.ratio(1, 8)? {
            let signature = self.signature(u)?;
            super::concrete(signature, false)
        } else {
            self.element_type(u)?
        };
        self.table(u, ty)
    }

    /// A table with this type of elements.
    pub fn table(&mut self, u: &mut Unstructured<'_>, ty: RefType) -> Result<Table> {
        let same: Vec<Table> = self.tables.iter().filter(|t| t.ty == ty).copied().collect();
        let only_one = !self.has(Features::REFERENCE_TYPES);
        if !same.is_empty() && (only_one || u.ratio(2, 3)?) {
            return u.choose(&same).copied();
        }
        let min = u.int_in_range(6..=16)?;
        let offset = u.int_in_range(0..=2)?;
        let items = if ty == RefType::FUNCREF {
            Items::Functions(self.functions(u, 3)?)
        } else {
            Items::Expressions(self.expressions(u, ty, 4 - offset)?)
        };
        let table = Table {
            index: self.tables.len() as u32,
            ty,
            wide: self.has(Features::MEMORY64) && u.ratio(1, 3)?,
            min,
            max: min + u.int_in_range(0..=10)?,
            segment: self.elements.len(),
        };
        self.elements.push(Elements {
            ty,
            active: Some((table.index, offset)),
            items,
        });
        let filled = !ty.nullable || (self.has(Features::FUNCTION_REFERENCES) && u.ratio(1, 6)?);
        let initial = if filled {
            Some(self.reference(u, ty, 1)?)
        } else {
            None
        };
        self.tables.push(table);
        self.initials.push(initial);
        Ok(table)
    }

    /// Puts a function into a table of functions, and gives its place. A full table has it not.
    pub fn place(&mut self, table: &Table, function: u32) -> u64 {
        let segment = &mut self.elements[table.segment];
        let offset = segment.active.map_or(0, |(_, offset)| offset);
        let place = offset + segment.len();
        if place >= table.min {
            return offset;
        }
        match &mut segment.items {
            Items::Functions(items) => items.push(function),
            Items::Expressions(items) => items.push(vec![Instruction::RefFunc(function)]),
        }
        place
    }

    /// An element segment of a type, and its length. Once in a while it is one that was used up
    /// at instantiation, so that its length is 0.
    pub fn elements(&mut self, u: &mut Unstructured<'_>, ty: RefType) -> Result<(u32, u64)> {
        let same: Vec<usize> = (0..self.elements.len())
            .filter(|&i| self.elements[i].ty == ty)
            .collect();
        if !same.is_empty() && u.ratio(1, 4)? {
            let index = *u.choose(&same)?;
            let segment = &self.elements[index];
            let len = if segment.active.is_some() {
                0
            } else {
                segment.len()
            };
            return Ok((index as u32, len));
        }
        let count = if u.ratio(1, 12)? {
            0
        } else {
            u.int_in_range(1..=6)?
        };
        let items = if ty == RefType::FUNCREF {
            Items::Functions(self.functions(u, count)?)
        } else {
            Items::Expressions(self.expressions(u, ty, count)?)
        };
        let segment = Elements {
            ty,
            active: None,
            items,
        };
        let len = segment.len();
        self.elements.push(segment);
        Ok((self.elements.len() as u32 - 1, len))
    }

    fn functions(&mut self, u: &mut Unstructured<'_>, count: u64) -> Result<Vec<u32>> {
        let mut functions = Vec::new();
        for _ in 0..count {
            let signature = self.signature(u)?;
            functions.push(self.callee(u, signature)?);
        }
        Ok(functions)
    }

    fn expressions(
        &mut self,
        u: &mut Unstructured<'_>,
        ty: RefType,
        count: u64,
    ) -> Result<Vec<Code>> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.reference(u, ty, 1)?);
        }
        Ok(items)
    }
}
