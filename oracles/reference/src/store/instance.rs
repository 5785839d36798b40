//! What a store holds beside memories and objects (chapter 4, section "Runtime Structure").

use crate::types::{GlobalType, TableType, TypeId};
use std::sync::Arc;

/// A function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FuncInst {
    pub ty: TypeId,
    pub kind: FuncKind,
}

/// Where the code of a function is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FuncKind {
    /// In this body of this module, to be run for this instance.
    Wasm {
        instance: u32,
        module: u32,
        body: u32,
    },
    /// The host knows it by this number.
    Host { number: u32 },
}

/// A table.
#[derive(Debug)]
pub(crate) struct TableInst {
    pub ty: TableType,
    pub elements: Vec<u64>,
}

impl TableInst {
    /// The size after growing, where the type allows it.
    pub fn grown(&self, by: u64) -> Option<u64> {
        let new = (self.elements.len() as u64).checked_add(by)?;
        mutate!(new <= self.ty.max_elements(), TableGrowUnlimited => true).then_some(new)
    }

    /// The type by which it satisfies an import: its present size is its minimum.
    pub fn present_type(&self) -> TableType {
        let mut ty = self.ty;
        ty.limits.min = self.elements.len() as u64;
        ty
    }
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalInst {
    pub ty: GlobalType,
    pub value: [u64; 2],
}

/// A module instance: the addresses behind its index spaces.
#[derive(Debug, Default)]
pub(crate) struct InstanceData {
    pub module: u32,
    pub types: Arc<[TypeId]>,
    pub funcs: Vec<u32>,
    pub tables: Vec<u32>,
    pub memories: Vec<u32>,
    pub globals: Vec<u32>,
    pub tags: Vec<u32>,
    /// The references of each element segment; none once it is dropped.
    pub elements: Vec<Vec<u64>>,
    /// Whether each data segment is dropped.
    pub dropped: Vec<bool>,
}
