//! Values (chapter 4, section "Runtime Structure"), as an embedder sees them.

use crate::types::ValType;

/// A value. Floats are bits, so that no NaN is ever changed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Val {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// A vector; lane 0 is in the lowest bits.
    V128(u128),
    /// A reference.
    Ref(Ref),
}

/// A reference, of one store.
///
/// The store does not know of references that an embedder holds: one to an object of the heap
/// may be used until the store runs code again, and longer when it is
/// [kept](crate::Store::keep).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ref(pub(crate) u64);

/// What a reference refers to. The number in the high byte of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    /// Nothing.
    Null,
    /// An `i31`, sign-extended.
    I31(i32),
    /// A function.
    Func,
    /// A structure.
    Struct,
    /// An array.
    Array,
    /// An exception.
    Exception,
    /// The host's own object of this number.
    Host(u32),
}

/// The tags of references, in the high byte of a slot.
pub(crate) const I31: u64 = 1 << 56;
pub(crate) const FUNC: u64 = 2 << 56;
pub(crate) const OBJECT: u64 = 3 << 56;
pub(crate) const HOST: u64 = 4 << 56;

/// The tag of a slot that holds a reference.
#[inline(always)]
pub(crate) fn tag_of(slot: u64) -> u64 {
    slot & (0xff << 56)
}

impl Ref {
    /// The null reference, of every type.
    pub const NULL: Self = Self(0);

    /// The host's object of this number; equal numbers are the same object.
    pub fn host(number: u32) -> Self {
        Self(HOST | u64::from(number))
    }

    /// An unboxed integer; the highest bit is lost.
    pub fn i31(number: u32) -> Self {
        Self(I31 | u64::from(number & 0x7fff_ffff))
    }

    pub(crate) fn func(address: u32) -> Self {
        Self(FUNC | u64::from(address))
    }

    pub(crate) fn object(index: u32) -> Self {
        Self(OBJECT | u64::from(index))
    }
}

impl Val {
    /// The zero or null of a type.
    pub fn default_of<I>(ty: &ValType<I>) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(0),
            ValType::Ref(_) => Self::Ref(Ref::NULL),
        }
    }

    /// The slots of the value: the second counts for a vector alone.
    pub(crate) fn slots(self) -> [u64; 2] {
        match self {
            Self::I32(x) | Self::F32(x) => [x.into(), 0],
            Self::I64(x) | Self::F64(x) => [x, 0],
            Self::V128(x) => [x as u64, (x >> 64) as u64],
            Self::Ref(Ref(x)) => [x, 0],
        }
    }

    /// The value of a type that lies in these slots.
    pub(crate) fn from_slots<I>(ty: &ValType<I>, slots: [u64; 2]) -> Self {
        let [low, high] = slots;
        match ty {
            ValType::I32 => Self::I32(low as u32),
            ValType::I64 => Self::I64(low),
            ValType::F32 => Self::F32(low as u32),
            ValType::F64 => Self::F64(low),
            ValType::V128 => Self::V128(wide(low, high)),
            ValType::Ref(_) => Self::Ref(Ref(low)),
        }
    }
}

/// The vector of two slots.
#[inline(always)]
pub(crate) fn wide(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

/// The values of these types that lie one behind the other in `slots`.
pub(crate) fn values<I>(types: &[ValType<I>], slots: &[u64]) -> Vec<Val> {
    let mut at = 0;
    let value = |ty: &ValType<I>| {
        let slot = |i: usize| slots.get(i).copied().unwrap_or(0);
        let value = Val::from_slots(ty, [slot(at), slot(at + 1)]);
        at += ty.slots() as usize;
        value
    };
    types.iter().map(value).collect()
}

/// The slots of values, one behind the other.
pub(crate) fn slots(values: &[Val]) -> Vec<u64> {
    let mut slots = Vec::with_capacity(values.len());
    for value in values {
        let [low, high] = value.slots();
        slots.push(low);
        if matches!(value, Val::V128(_)) {
            slots.push(high);
        }
    }
    slots
}
