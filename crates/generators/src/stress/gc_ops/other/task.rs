//! What the second instance does for the main one.

use super::super::matching::Types;
use super::super::types::{Heap, RefTy, Shape, Storage};
use super::Other;

/// What one of its functions does. Types are those of the main module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Makes an object of a type: from all fields, or from one element and a length.
    Make(u32),
    /// Reads a field of a structure.
    Read(u32, u32),
    /// Writes a field of a structure.
    Write(u32, u32),
    /// `ref.test` for a type.
    Test(RefTy),
    /// `ref.cast` to a type.
    Cast(RefTy),
    /// Puts a reference into its global.
    Keep,
    /// Gives back what is in its global.
    Give,
    /// Gives what is in its table.
    Look,
}

impl Task {
    /// The same, of the first type that is the same.
    pub fn canonical(self, types: &Types) -> Self {
        let first = |ty| types.canonical(ty);
        match self {
            Self::Make(ty) => Self::Make(first(ty)),
            Self::Read(ty, field) => Self::Read(first(ty), field),
            Self::Write(ty, field) => Self::Write(first(ty), field),
            Self::Test(ty) => Self::Test(ty.canonical(types)),
            Self::Cast(ty) => Self::Cast(ty.canonical(types)),
            Self::Keep | Self::Give | Self::Look => self,
        }
    }

    /// What its function takes and gives.
    pub fn signature(self, types: &Types, other: &Other) -> (Vec<Storage>, Vec<Storage>) {
        const ANY: Storage = Storage::Ref(RefTy {
            nullable: true,
            heap: Heap::Any,
        });
        let of = |ty| Storage::Ref(RefTy::null(Heap::Type(ty)));
        let field = |ty, field: u32| {
            let fields = types.fields(ty);
            fields.get(field as usize).map(|it| it.storage)
        };
        match self {
            Self::Make(ty) => {
                let made = Storage::Ref(RefTy::non_null(Heap::Type(ty)));
                let params = match types.shape(ty) {
                    Some(Shape::Array(element)) => vec![element.storage, Storage::I32],
                    _ => types.fields(ty).iter().map(|it| it.storage).collect(),
                };
                (params, vec![made])
            }
            Self::Read(ty, at) => (vec![of(ty)], field(ty, at).into_iter().collect()),
            Self::Write(ty, at) => {
                let params = [Some(of(ty)), field(ty, at)];
                (params.into_iter().flatten().collect(), Vec::new())
            }
            Self::Test(_) => (vec![ANY], vec![Storage::I32]),
            Self::Cast(ty) => (vec![ANY], vec![Storage::Ref(ty)]),
            Self::Keep => (vec![Storage::Ref(RefTy::null(other.global))], Vec::new()),
            Self::Give => (Vec::new(), vec![Storage::Ref(RefTy::null(other.global))]),
            Self::Look => (
                vec![Storage::I32],
                vec![Storage::Ref(RefTy::null(other.table))],
            ),
        }
    }

    /// The types that its function names besides those of its signature.
    pub fn named(self) -> Option<u32> {
        match self {
            Self::Test(RefTy {
                heap: Heap::Type(ty),
                ..
            }) => Some(ty),
            _ => None,
        }
    }
}
