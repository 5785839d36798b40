//! Looking into a store from outside.

use super::heap::Object;
use super::value::{self, FUNC, HOST, I31, OBJECT, tag_of};
use super::{Extern, Func, Global, Instance, Memory, Ref, RefKind, Store, Table, Tag, Val};
use crate::machine::Stop;
use crate::types::{FuncType, GlobalType, HeapType, RefType, TypeId, ValType};

impl Store {
    /// What an instance exports under this name.
    pub fn export(&self, instance: Instance, name: &str) -> Option<Extern> {
        let instance = &self.instances[instance.0 as usize];
        let module = &self.modules[instance.module as usize].0;
        let export = module.export(name)?;
        let space = match export.kind {
            crate::module::ExportKind::Func => &instance.funcs,
            crate::module::ExportKind::Table => &instance.tables,
            crate::module::ExportKind::Memory => &instance.memories,
            crate::module::ExportKind::Global => &instance.globals,
            crate::module::ExportKind::Tag => &instance.tags,
        };
        let address = *space.get(export.index as usize)?;
        Some(Self::new_extern(export.kind, address))
    }

    /// The type of a function.
    pub fn func_type(&self, func: Func) -> (TypeId, FuncType) {
        let id = self.funcs[func.0 as usize].ty;
        let none = || FuncType {
            params: [].into(),
            results: [].into(),
        };
        (id, self.types.func(id).cloned().unwrap_or_else(none))
    }

    /// The type of a tag: its parameters are the fields of an exception.
    pub fn tag_type(&self, tag: Tag) -> FuncType {
        let none = || FuncType {
            params: [].into(),
            results: [].into(),
        };
        self.types
            .func(self.tags[tag.0 as usize])
            .cloned()
            .unwrap_or_else(none)
    }

    /// A reference to a function.
    pub fn func_ref(&self, func: Func) -> Ref {
        Ref::func(func.0)
    }

    /// The value of a global.
    pub fn global(&self, global: Global) -> Val {
        let global = &self.globals[global.0 as usize];
        Val::from_slots(&global.ty.content, global.value)
    }

    /// The type of a global.
    pub fn global_type(&self, global: Global) -> GlobalType {
        self.globals[global.0 as usize].ty
    }

    /// The bytes of a memory.
    pub fn memory(&self, memory: Memory) -> &[u8] {
        &self.memories[memory.0 as usize].data
    }

    /// The bytes of a memory, to be written.
    pub fn memory_mut(&mut self, memory: Memory) -> &mut [u8] {
        &mut self.memories[memory.0 as usize].data
    }

    /// Grows a memory and gives its old size, in pages; `None` where its type forbids it.
    ///
    /// # Errors
    ///
    /// When there are not enough bytes left.
    pub fn memory_grow(&mut self, memory: Memory, pages: u64) -> Result<Option<u64>, Stop> {
        self.grow_memory(memory.0, pages)
    }

    /// The elements of a table.
    pub fn table(&self, table: Table) -> impl ExactSizeIterator<Item = Ref> {
        self.tables[table.0 as usize]
            .elements
            .iter()
            .map(|&slot| Ref(slot))
    }

    /// Grows a table and gives its old size; `None` where its type forbids it.
    ///
    /// # Errors
    ///
    /// When there are not enough bytes left.
    pub fn table_grow(&mut self, table: Table, by: u64, with: Ref) -> Result<Option<u64>, Stop> {
        self.grow_table(table.0, by, with.0)
    }

    /// What a reference refers to.
    pub fn kind(&self, reference: Ref) -> RefKind {
        match tag_of(reference.0) {
            I31 => RefKind::I31((reference.0 as u32).cast_signed() << 1 >> 1),
            FUNC => RefKind::Func,
            HOST => RefKind::Host(reference.0 as u32),
            OBJECT => match self.heap.get(reference.0) {
                Object::Struct { .. } => RefKind::Struct,
                Object::Array { .. } => RefKind::Array,
                Object::Exception { .. } => RefKind::Exception,
                Object::Free => RefKind::Null,
            },
            _ => RefKind::Null,
        }
    }

    /// Makes an exception, to be thrown by a host function as [`Stop::Exception`].
    ///
    /// # Errors
    ///
    /// When the heap is full; [`Stop::Arguments`] when the fields are not those of the tag.
    pub fn new_exception(&mut self, tag: Tag, fields: &[Val]) -> Result<Ref, Stop> {
        if !self.are_of(fields, &self.tag_type(tag).params) {
            return Err(Stop::Arguments);
        }
        let slots = value::slots(fields);
        let stack = std::mem::take(&mut self.stack);
        let made = self.allocate(
            stack.get(..self.top).unwrap_or_default(),
            8 * slots.len(),
            || Object::Exception {
                tag: tag.0,
                slots: slots.into(),
            },
        );
        self.stack = stack;
        made.0.map(Ref)
    }

    /// The tag and the fields of an exception.
    pub fn exception(&self, exception: Ref) -> Option<(Tag, Vec<Val>)> {
        let Object::Exception { tag, slots } = self.heap.get(exception.0) else {
            return None;
        };
        let ty = self.types.func(self.tags[*tag as usize])?;
        Some((Tag(*tag), value::values(&ty.params, slots)))
    }

    /// Whether values are of these types, one by one.
    pub fn are_of(&self, values: &[Val], types: &[ValType]) -> bool {
        let is_of = |(value, ty): (&Val, &ValType)| self.is_of(*value, *ty);
        values.len() == types.len() && values.iter().zip(types).all(is_of)
    }

    /// Whether a value is of a type.
    pub fn is_of(&self, value: Val, ty: ValType) -> bool {
        match (value, ty) {
            (Val::Ref(reference), ValType::Ref(ty)) => self.ref_is_of(reference.0, ty),
            (Val::I32(_), ValType::I32)
            | (Val::I64(_), ValType::I64)
            | (Val::F32(_), ValType::F32)
            | (Val::F64(_), ValType::F64)
            | (Val::V128(_), ValType::V128) => true,
            _ => false,
        }
    }

    /// Whether a reference is of a type. Internal and external
    /// values of one object are the same slot, which is for the validator to keep apart.
    #[inline]
    pub(crate) fn ref_is_of(&self, slot: u64, ty: RefType) -> bool {
        use HeapType as H;
        match tag_of(slot) {
            _ if slot == 0 => mutate!(ty.nullable, CastOfNull => true),
            I31 => matches!(ty.heap, H::I31 | H::Eq | H::Any | H::Extern),
            FUNC => match ty.heap {
                H::Func => true,
                H::Defined(wanted) => {
                    let func = &self.funcs[slot as u32 as usize];
                    self.types.is_subtype(func.ty, wanted)
                }
                _ => false,
            },
            HOST => {
                let fits = matches!(ty.heap, H::Any | H::Extern);
                mutate!(fits, ConvertedIsNotAny => ty.heap == H::Extern)
            }
            _ => self.object_is_of(slot, ty.heap),
        }
    }

    fn object_is_of(&self, slot: u64, heap: HeapType) -> bool {
        use HeapType as H;
        match (self.heap.get(slot), heap) {
            (Object::Struct { .. } | Object::Array { .. }, H::Eq | H::Any | H::Extern) => true,
            (Object::Struct { .. }, H::Struct) | (Object::Array { .. }, H::Array) => true,
            (Object::Struct { .. }, H::Array) => mutate!(false, StructIsArray => true),
            (Object::Struct { ty, .. } | Object::Array { ty, .. }, H::Defined(wanted)) => {
                self.types.is_subtype(*ty, wanted)
            }
            (Object::Exception { .. }, H::Exn) => true,
            _ => false,
        }
    }
}
