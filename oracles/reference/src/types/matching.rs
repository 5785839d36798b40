//! External types and how a given one satisfies a wanted one ("External Types" in chapter 3, section "Matching").

use super::{RefType, TypeId, TypeRegistry, ValType};

/// The bounds of a memory, in pages, or of a table, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size at the start.
    pub min: u64,
    /// The size beyond which it cannot grow.
    pub max: Option<u64>,
}

impl Limits {
    /// Whether something of these limits can stand where `wanted` is imported.
    pub fn matches(self, wanted: Self) -> bool {
        self.min >= wanted.min
            && match wanted.max {
                None => true,
                Some(wanted) => mutate!(self.max, LimitsWithoutMaximum => self.max.or(Some(0)))
                    .is_some_and(|max| max <= wanted),
            }
    }
}

/// The type of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// Whether addresses are `i64`.
    pub memory64: bool,
    /// Whether agents may share it.
    pub shared: bool,
    /// The size of a page, as a power of two.
    pub page_size_log2: u32,
    /// Its size, in pages.
    pub limits: Limits,
}

impl MemoryType {
    /// Whether a memory of this type satisfies an import of type `wanted`.
    pub fn matches(self, wanted: Self) -> bool {
        self.memory64 == wanted.memory64
            && self.shared == wanted.shared
            && self.page_size_log2 == wanted.page_size_log2
            && self.limits.matches(wanted.limits)
    }

    /// The most pages that a memory of this type can have by the specification.
    pub fn max_pages(self) -> u64 {
        let address_bits = if self.memory64 { 64 } else { 32 };
        let possible = match address_bits - self.page_size_log2 {
            64 => u64::MAX,
            bits => 1 << bits,
        };
        // A memory of single bytes has one byte fewer, so that its size is an address.
        let possible = if self.page_size_log2 == 0 && !self.memory64 {
            possible - 1
        } else {
            possible
        };
        self.limits.max.map_or(possible, |max| max.min(possible))
    }
}

/// The type of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType<I = TypeId> {
    /// Whether indices are `i64`.
    pub table64: bool,
    /// The type of its elements.
    pub element: RefType<I>,
    /// Its size, in elements.
    pub limits: Limits,
}

impl<I> TableType<I> {
    /// The same type, with other names for defined types.
    pub fn map<J>(self, name: &mut impl FnMut(I) -> J) -> TableType<J> {
        TableType {
            table64: self.table64,
            element: self.element.map(name),
            limits: self.limits,
        }
    }

    /// The most elements that a table of this type can have by the specification.
    pub fn max_elements(&self) -> u64 {
        let possible = if self.table64 {
            u64::MAX
        } else {
            u64::from(u32::MAX)
        };
        self.limits.max.map_or(possible, |max| max.min(possible))
    }
}

impl TableType {
    /// Whether a table of this type satisfies an import of type `wanted`.
    pub fn matches(self, wanted: Self, types: &TypeRegistry) -> bool {
        self.table64 == wanted.table64
            && types.ref_matches(self.element, wanted.element)
            && types.ref_matches(wanted.element, self.element)
            && self.limits.matches(wanted.limits)
    }
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType<I = TypeId> {
    /// The type of its value.
    pub content: ValType<I>,
    /// Whether it can be assigned.
    pub mutable: bool,
}

impl<I> GlobalType<I> {
    /// The same type, with other names for defined types.
    pub fn map<J>(self, name: &mut impl FnMut(I) -> J) -> GlobalType<J> {
        GlobalType {
            content: self.content.map(name),
            mutable: self.mutable,
        }
    }
}

impl GlobalType {
    /// Whether a global of this type satisfies an import of type `wanted`.
    pub fn matches(self, wanted: Self, types: &TypeRegistry) -> bool {
        self.mutable == wanted.mutable
            && types.val_matches(self.content, wanted.content)
            && (!mutate!(self.mutable, GlobalCovariant => false)
                || types.val_matches(wanted.content, self.content))
    }
}
