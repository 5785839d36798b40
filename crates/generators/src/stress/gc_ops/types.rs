//! The types of a case, and which of them are the same or below one another.
//!
//! Written from Core, sections 2.3 ("Types") and 3.2 ("Matching"); it shares nothing with the
//! interpreter, which has its own account of it.

use serde::{Deserialize, Serialize};
use std::ops::Range;
use wasm_encoder::{AbstractHeapType, HeapType, RefType, StorageType, ValType};

/// A defined type. A list of them is cut into recursive groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeDef {
    /// Whether it is the first of its group.
    pub begins_group: bool,
    /// Whether it can have no subtypes.
    pub is_final: bool,
    /// The type that it is declared to be below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supertype: Option<u32>,
    /// What its values are.
    pub shape: Shape,
}

/// What the values of a type are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Structures.
    Struct(Vec<Field>),
    /// Arrays.
    Array(Field),
    /// Functions without parameters that give an `i64`.
    Func,
}

/// A field of a structure, or what the elements of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it holds.
    pub storage: Storage,
    /// Whether it can be written.
    pub mutable: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Storage {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref(RefTy),
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefTy {
    /// Whether null is one of its values.
    pub nullable: bool,
    /// What its values refer to.
    pub heap: Heap,
}

/// What a reference refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Heap {
    #[default]
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Func,
    NoFunc,
    Extern,
    NoExtern,
    /// Exceptions.
    Exn,
    /// A defined type.
    Type(u32),
}

/// The hierarchies of references that a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// `anyref` and below.
    Any,
    /// `funcref` and below.
    Func,
    /// `externref` and below.
    Extern,
    /// `exnref`.
    Exn,
}

impl Hierarchy {
    /// Whether all that a walk says of its references is whether they are null.
    pub fn is_opaque(self) -> bool {
        matches!(self, Self::Func | Self::Exn)
    }
}

impl TypeDef {
    /// The same type where all that it refers to has other numbers.
    pub fn renumbered(&self, number: impl Fn(u32) -> u32) -> Self {
        let field = |field: &Field| Field {
            storage: match field.storage {
                Storage::Ref(RefTy {
                    nullable,
                    heap: Heap::Type(ty),
                }) => Storage::Ref(RefTy {
                    nullable,
                    heap: Heap::Type(number(ty)),
                }),
                other => other,
            },
            ..*field
        };
        Self {
            supertype: self.supertype.map(&number),
            shape: match &self.shape {
                Shape::Struct(fields) => Shape::Struct(fields.iter().map(field).collect()),
                Shape::Array(element) => Shape::Array(field(element)),
                Shape::Func => Shape::Func,
            },
            ..*self
        }
    }
}

impl RefTy {
    /// The type with null.
    pub fn null(heap: Heap) -> Self {
        Self {
            nullable: true,
            heap,
        }
    }

    /// The type without null.
    pub fn non_null(heap: Heap) -> Self {
        Self {
            nullable: false,
            heap,
        }
    }

    /// The same, by the first type that is the same.
    pub fn canonical(self, types: &Types) -> Self {
        let heap = match self.heap {
            Heap::Type(ty) => Heap::Type(types.canonical(ty)),
            other => other,
        };
        Self { heap, ..self }
    }

    /// The type in the encoder's terms.
    pub fn encoded(self) -> RefType {
        RefType {
            nullable: self.nullable,
            heap_type: self.heap.encoded(),
        }
    }
}

impl Heap {
    /// The type in the encoder's terms.
    pub fn encoded(self) -> HeapType {
        use AbstractHeapType as A;
        let ty = match self {
            Self::Any => A::Any,
            Self::Eq => A::Eq,
            Self::I31 => A::I31,
            Self::Struct => A::Struct,
            Self::Array => A::Array,
            Self::None => A::None,
            Self::Func => A::Func,
            Self::NoFunc => A::NoFunc,
            Self::Extern => A::Extern,
            Self::NoExtern => A::NoExtern,
            Self::Exn => A::Exn,
            Self::Type(index) => return HeapType::Concrete(index),
        };
        HeapType::Abstract { shared: false, ty }
    }
}

impl Storage {
    /// Whether it is narrower than its values on the stack.
    pub fn is_packed(self) -> bool {
        matches!(self, Self::I8 | Self::I16)
    }

    /// The reference type, if it is one.
    pub fn reference(self) -> Option<RefTy> {
        match self {
            Self::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    /// Whether there is a value that it holds unless told otherwise.
    pub fn has_default(self) -> bool {
        self.reference().is_none_or(|ty| ty.nullable)
    }

    /// How many bytes a value takes in a data segment; none for references.
    pub fn bytes(self) -> Option<u32> {
        Some(match self {
            Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
            Self::V128 => 16,
            Self::Ref(_) => return None,
        })
    }

    /// The storage in the encoder's terms.
    pub fn encoded(self) -> StorageType {
        StorageType::Val(match self {
            Self::I8 => return StorageType::I8,
            Self::I16 => return StorageType::I16,
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self::Ref(ty) => ValType::Ref(ty.encoded()),
        })
    }
}

/// All types of a case, valid, with what follows from them.
#[derive(Clone, Debug)]
pub struct Types {
    defs: Vec<TypeDef>,
    /// The first type that each one is the same as.
    canonical: Vec<u32>,
}

impl Types {
    /// The types of a setting; those that cannot be are mended there.
    pub fn new(defs: &mut [TypeDef]) -> Self {
        super::mend::mend(defs);
        Self {
            canonical: canonical(defs),
            defs: defs.to_vec(),
        }
    }

    /// The types as they are, each the same as itself alone: what is below another by this is so
    /// whatever becomes of the rest.
    pub(super) fn unmended(defs: &[TypeDef]) -> Self {
        Self {
            canonical: (0..defs.len() as u32).collect(),
            defs: defs.to_vec(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.defs.len() as u32
    }

    /// All of them, by number.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = u32> + use<> {
        0..self.len()
    }

    /// The definitions.
    pub fn defs(&self) -> &[TypeDef] {
        &self.defs
    }

    /// The first type that this one is the same as (Core, section 3.1.4, "Recursive Types").
    pub fn canonical(&self, ty: u32) -> u32 {
        self.canonical.get(ty as usize).copied().unwrap_or(ty)
    }

    /// The types of the group that a type is in.
    pub fn group(&self, ty: u32) -> Range<u32> {
        let begins = |ty: &u32| self.defs[*ty as usize].begins_group;
        let start = (0..=ty).rev().find(begins).unwrap_or(0);
        let end = (ty + 1..self.len()).find(begins).unwrap_or(self.len());
        start..end
    }

    /// Whether two types differ, but in nothing that is seen of their values: in what is mutable, what is
    /// final, what they are below, or in the rest of their groups.
    pub fn are_nearly_the_same(&self, a: u32, b: u32) -> bool {
        let storage = |storage: Storage| match storage {
            Storage::Ref(RefTy {
                nullable,
                heap: Heap::Type(_),
            }) => (nullable, None),
            other => (false, Some(other)),
        };
        let alike = |(a, b): (&Field, &Field)| storage(a.storage) == storage(b.storage);
        let same_shape = match (self.shape(a), self.shape(b)) {
            (Some(Shape::Struct(a)), Some(Shape::Struct(b))) => {
                a.len() == b.len() && a.iter().zip(b).all(alike)
            }
            (Some(Shape::Array(a)), Some(Shape::Array(b))) => alike((a, b)),
            _ => false,
        };
        same_shape && self.canonical(a) != self.canonical(b)
    }

    /// Whether there is a structure or an array of a type whose fields are what they are unless told otherwise.
    pub fn is_defaultable(&self, ty: u32) -> bool {
        match self.shape(ty) {
            Some(Shape::Struct(fields)) => fields.iter().all(|it| it.storage.has_default()),
            Some(Shape::Array(element)) => element.storage.has_default(),
            _ => false,
        }
    }

    /// The fields of a structure; those of others are none.
    pub fn fields(&self, ty: u32) -> &[Field] {
        match self.shape(ty) {
            Some(Shape::Struct(fields)) => fields,
            _ => &[],
        }
    }

    /// What the elements of an array are.
    pub fn element(&self, ty: u32) -> Option<Field> {
        match self.shape(ty) {
            Some(&Shape::Array(field)) => Some(field),
            _ => None,
        }
    }

    /// What the values of a type are.
    pub fn shape(&self, ty: u32) -> Option<&Shape> {
        Some(&self.defs.get(ty as usize)?.shape)
    }

    /// The hierarchy that a heap type is in.
    pub fn hierarchy(&self, heap: Heap) -> Hierarchy {
        match heap {
            Heap::Func | Heap::NoFunc => Hierarchy::Func,
            Heap::Extern | Heap::NoExtern => Hierarchy::Extern,
            Heap::Exn => Hierarchy::Exn,
            Heap::Type(ty) if self.shape(ty) == Some(&Shape::Func) => Hierarchy::Func,
            _ => Hierarchy::Any,
        }
    }

    /// Whether one heap type is below another, or the same (Core, section 3.2.2).
    pub fn is_below(&self, sub: Heap, sup: Heap) -> bool {
        if self.hierarchy(sub) != self.hierarchy(sup) {
            return false;
        }
        match (sub, sup) {
            (Heap::None | Heap::NoFunc | Heap::NoExtern, _) => true,
            (_, Heap::Any | Heap::Func | Heap::Extern) => true,
            (Heap::Any, _) => false,
            (_, Heap::Eq) => true,
            (Heap::Type(a), Heap::Type(b)) => self.is_declared_below(a, b),
            (Heap::Type(a), Heap::Struct) => matches!(self.shape(a), Some(Shape::Struct(_))),
            (Heap::Type(a), Heap::Array) => matches!(self.shape(a), Some(Shape::Array(_))),
            _ => sub == sup,
        }
    }

    fn is_declared_below(&self, sub: u32, sup: u32) -> bool {
        let sup = self.canonical(sup);
        let above = |ty: &u32| self.defs.get(*ty as usize)?.supertype;
        let mut chain = std::iter::successors(Some(sub), above);
        chain.any(|ty| self.canonical(ty) == sup)
    }

    /// Whether one reference type matches another (Core, section 3.2.3).
    pub fn matches(&self, sub: RefTy, sup: RefTy) -> bool {
        (sup.nullable || !sub.nullable) && self.is_below(sub.heap, sup.heap)
    }
}

impl Types {
    /// Whether one field can stand where another is inherited (Core, section 3.2.9, "Field Types").
    pub(super) fn field_matches(&self, sub: Field, sup: Field) -> bool {
        match (sub.storage, sup.storage) {
            (Storage::Ref(a), Storage::Ref(b)) if !sub.mutable && !sup.mutable => {
                self.matches(a, b)
            }
            _ => sub == sup,
        }
    }
}

/// For each type the first one that it is the same as: groups are, whose types are the same but for
/// references among them, which are by place.
fn canonical(defs: &[TypeDef]) -> Vec<u32> {
    let mut canonical: Vec<u32> = Vec::with_capacity(defs.len());
    let mut groups: Vec<(u32, Vec<TypeDef>)> = Vec::new();
    for group in defs.chunk_by(|_, next| !next.begins_group) {
        let start = canonical.len() as u32;
        let rolled: Vec<TypeDef> = group
            .iter()
            .map(|def| rolled(def, start, &canonical))
            .collect();
        let known = groups.iter().find(|(_, other)| *other == rolled);
        let first = known.map_or(start, |&(first, _)| first);
        canonical.extend((0..group.len() as u32).map(|place| first + place));
        if first == start {
            groups.push((start, rolled));
        }
    }
    canonical
}

/// Numbers from here on are places within the group.
const PLACES: u32 = 1 << 16;

/// A type with the numbers of others by what they are the same as, or by their places.
fn rolled(def: &TypeDef, start: u32, canonical: &[u32]) -> TypeDef {
    let number = |ty: u32| match canonical.get(ty as usize) {
        Some(&first) => first,
        None => PLACES + ty - start,
    };
    TypeDef {
        begins_group: false,
        ..def.renumbered(number)
    }
}
