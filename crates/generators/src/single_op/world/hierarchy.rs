//! The trees of reference types: what is above what.

use super::{
    World,
    types::{is_array, is_struct},
};
use wasm_encoder::{AbstractHeapType, CompositeInnerType, HeapType, SubType};

/// The four separate trees of reference types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// `any` and below.
    Any,
    /// `func` and below.
    Func,
    /// `extern` and below.
    Extern,
    /// `exn` and below.
    Exn,
}

impl Hierarchy {
    /// Its top.
    pub fn top(self) -> HeapType {
        HeapType::Abstract {
            shared: false,
            ty: match self {
                Self::Any => AbstractHeapType::Any,
                Self::Func => AbstractHeapType::Func,
                Self::Extern => AbstractHeapType::Extern,
                Self::Exn => AbstractHeapType::Exn,
            },
        }
    }

    /// Its bottom, of which only null is one.
    pub fn bottom(self) -> HeapType {
        HeapType::Abstract {
            shared: false,
            ty: match self {
                Self::Any => AbstractHeapType::None,
                Self::Func => AbstractHeapType::NoFunc,
                Self::Extern => AbstractHeapType::NoExtern,
                Self::Exn => AbstractHeapType::NoExn,
            },
        }
    }
}

/// The hierarchy that a heap type belongs to.
pub(super) fn hierarchy(types: &[SubType], ty: HeapType) -> Hierarchy {
    use AbstractHeapType::{Exn, Extern, Func, NoExn, NoExtern, NoFunc};
    match ty {
        HeapType::Abstract {
            ty: Func | NoFunc, ..
        } => Hierarchy::Func,
        HeapType::Abstract {
            ty: Extern | NoExtern,
            ..
        } => Hierarchy::Extern,
        HeapType::Abstract {
            ty: Exn | NoExn, ..
        } => Hierarchy::Exn,
        HeapType::Abstract { .. } => Hierarchy::Any,
        HeapType::Concrete(index) | HeapType::Exact(index) => {
            match types[index as usize].composite_type.inner {
                CompositeInnerType::Func(_) => Hierarchy::Func,
                _ => Hierarchy::Any,
            }
        }
    }
}

impl World {
    /// Heap types of a hierarchy: the abstract ones, and those that the module defines.
    pub fn heap_types(&self, of: Hierarchy) -> Vec<HeapType> {
        use AbstractHeapType::{
            Any, Array, Eq, Exn, Extern, Func, I31, NoExn, NoExtern, NoFunc, None, Struct,
        };
        let abstracts: &[AbstractHeapType] = match of {
            Hierarchy::Any => &[Any, Eq, I31, Struct, Array, None],
            Hierarchy::Func => &[Func, NoFunc],
            Hierarchy::Extern => &[Extern, NoExtern],
            Hierarchy::Exn => &[Exn, NoExn],
        };
        let abstracts = abstracts
            .iter()
            .map(|&ty| HeapType::Abstract { shared: false, ty });
        let defined = (0..self.types.len() as u32).map(HeapType::Concrete);
        abstracts
            .chain(defined.filter(|&ty| hierarchy(&self.types, ty) == of))
            .collect()
    }

    /// Whether one heap type is below another or the same, as declared.
    pub fn heap_matches(&self, sub: HeapType, of: HeapType) -> bool {
        use AbstractHeapType::{Any, Array, Eq, I31, Struct};
        if sub == of || of == hierarchy(&self.types, sub).top() {
            return true;
        }
        if sub == hierarchy(&self.types, of).bottom() {
            return true;
        }
        match (sub, of) {
            (HeapType::Concrete(sub), HeapType::Concrete(of)) => self.is_subtype(sub, of),
            (HeapType::Concrete(sub), HeapType::Abstract { ty, .. }) => {
                let ty_of = &self.types[sub as usize];
                match ty {
                    Eq => is_struct(ty_of) || is_array(ty_of),
                    Struct => is_struct(ty_of),
                    Array => is_array(ty_of),
                    _ => false,
                }
            }
            (HeapType::Abstract { ty: sub, .. }, HeapType::Abstract { ty: of, .. }) => match of {
                Any => true,
                Eq => matches!(sub, I31 | Struct | Array),
                _ => false,
            },
            _ => false,
        }
    }
}
