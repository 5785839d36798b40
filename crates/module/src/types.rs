//! How values of each type are carried across the boundary, as slots.
//!
//! | type | as an argument | as a result |
//! |---|---|---|
//! | `i32`, `i64` | itself | itself |
//! | `f32`, `f64` | its bits | its bits |
//! | `v128` | two `i64`, low half first | the same |
//! | `externref` | itself | an `i64` code, then itself |
//! | any other reference | an `i64` code | an `i64` code |
//!
//! A code has the kind in its lowest three bits, and for an `i31` its value above them. As an
//! argument, code 0 asks for null and any other for some non-null reference of the type, made
//! inside the module.

use crate::Info;
use assay_engine::{Features, Reference, Slot, Value};
use wasmparser::{AbstractHeapType, CompositeInnerType, HeapType, RefType, ValType, WasmFeatures};

/// A type, as far as the boundary cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `v128`
    V128,
    /// A reference, with the hierarchy that it is in.
    Ref(Hierarchy, RefType),
}

/// The hierarchies of reference types (Core, section 2.3, "Heap Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// `anyref` and below.
    Any,
    /// `funcref` and below.
    Func,
    /// `externref` and below.
    Extern,
    /// `exnref` and below.
    Exn,
}

/// The types of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The parameters.
    pub params: Vec<Type>,
    /// The results.
    pub results: Vec<Type>,
}

impl Type {
    /// The type of a value in a module; `None` for continuations.
    pub fn of(info: &Info, ty: ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32,
            ValType::I64 => Self::I64,
            ValType::F32 => Self::F32,
            ValType::F64 => Self::F64,
            ValType::V128 => Self::V128,
            ValType::Ref(ty) => Self::Ref(Hierarchy::of(info, ty)?, ty),
        })
    }

    /// The slots of an argument of this type.
    pub fn argument_slots(self) -> &'static [Slot] {
        match self {
            Self::Ref(Hierarchy::Extern, _) => &[Slot::Extern],
            _ => self.result_slots(),
        }
    }

    /// The slots of a result of this type.
    pub fn result_slots(self) -> &'static [Slot] {
        match self {
            Self::I32 | Self::F32 => &[Slot::I32],
            Self::I64 | Self::F64 => &[Slot::I64],
            Self::V128 => &[Slot::I64, Slot::I64],
            Self::Ref(Hierarchy::Extern, _) => &[Slot::I64, Slot::Extern],
            Self::Ref(..) => &[Slot::I64],
        }
    }
}

impl Hierarchy {
    /// The hierarchy of a reference type; `None` for continuations.
    pub fn of(info: &Info, ty: RefType) -> Option<Self> {
        use AbstractHeapType as A;
        Some(match ty.heap_type() {
            HeapType::Abstract { ty, .. } => match ty {
                A::Any | A::Eq | A::I31 | A::Struct | A::Array | A::None => Self::Any,
                A::Func | A::NoFunc => Self::Func,
                A::Extern | A::NoExtern => Self::Extern,
                A::Exn | A::NoExn => Self::Exn,
                A::Cont | A::NoCont => return None,
            },
            HeapType::Concrete(index) | HeapType::Exact(index) => {
                let index = index.as_module_index()?;
                match info.types.get(index as usize)?.composite_type.inner {
                    CompositeInnerType::Func(_) => Self::Func,
                    CompositeInnerType::Struct(_) | CompositeInnerType::Array(_) => Self::Any,
                    CompositeInnerType::Cont(_) => return None,
                }
            }
        })
    }
}

/// Slots of the argument types, in order.
pub fn argument_slots(types: &[Type]) -> Vec<Slot> {
    types
        .iter()
        .flat_map(|ty| ty.argument_slots())
        .copied()
        .collect()
}

/// Slots of the result types, in order.
pub fn result_slots(types: &[Type]) -> Vec<Slot> {
    types
        .iter()
        .flat_map(|ty| ty.result_slots())
        .copied()
        .collect()
}

/// How many slots a row needs: integers, all `i64`, and behind them references to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Widths {
    /// The integers.
    pub ints: usize,
    /// The `externref`s.
    pub externs: usize,
}

impl Widths {
    /// What these slots need.
    fn of(slots: &[Slot]) -> Self {
        let externs = slots.iter().filter(|&&slot| slot == Slot::Extern).count();
        Self {
            ints: slots.len() - externs,
            externs,
        }
    }

    /// What arguments of these types need.
    pub fn of_arguments(types: &[Type]) -> Self {
        Self::of(&argument_slots(types))
    }

    /// What results of these types need.
    pub fn of_results(types: &[Type]) -> Self {
        Self::of(&result_slots(types))
    }

    /// What is enough for both.
    pub fn max(self, other: Self) -> Self {
        Self {
            ints: self.ints.max(other.ints),
            externs: self.externs.max(other.externs),
        }
    }

    /// All of them.
    pub fn slots(self) -> usize {
        self.ints + self.externs
    }

    /// These slots as a row of this width: integers first, zeros behind them, then references.
    pub fn row(self, slots: &[Value]) -> Vec<Value> {
        let is_extern = |value: &&Value| matches!(value, Value::Ref(_));
        let wide = |value: &Value| Value::I64(value.bits() as u64);
        let mut row: Vec<_> = slots
            .iter()
            .filter(|value| !is_extern(value))
            .map(wide)
            .collect();
        row.resize(self.ints, Value::I64(0));
        row.extend(slots.iter().filter(is_extern));
        row.resize(self.slots(), Value::Ref(Reference::Null));
        row
    }

    /// The values of these result types in a row of this width; `None` where they do not fit.
    pub fn values(self, types: &[Type], row: &[Value]) -> Option<Vec<Value>> {
        let (ints, externs) = row.split_at_checked(self.ints)?;
        let (mut ints, mut externs) = (ints.iter(), externs.iter());
        let mut slots = Vec::new();
        for slot in result_slots(types) {
            slots.push(match slot {
                Slot::I32 => Value::I32(ints.next()?.bits() as u32),
                Slot::I64 => *ints.next()?,
                Slot::Extern => *externs.next()?,
            });
        }
        raise(types, &slots)
    }
}

/// The slots that carry these arguments. A value of another kind than its type's counts as zero,
/// or null.
pub fn lower(types: &[Type], args: &[Value]) -> Vec<Value> {
    let mut slots = Vec::with_capacity(args.len());
    for (i, ty) in types.iter().enumerate() {
        let value = args.get(i).copied().unwrap_or(Value::I32(0));
        let bits = value.bits();
        match ty {
            Type::I32 | Type::F32 => slots.push(Value::I32(bits as u32)),
            Type::I64 | Type::F64 => slots.push(Value::I64(bits as u64)),
            Type::V128 => {
                slots.push(Value::I64(bits as u64));
                slots.push(Value::I64((bits >> 64) as u64));
            }
            Type::Ref(Hierarchy::Extern, _) => slots.push(match value {
                Value::Ref(Reference::Extern(_)) => value,
                _ => Value::Ref(Reference::Null),
            }),
            Type::Ref(..) => slots.push(Value::I64(match value {
                Value::Ref(reference) => code(reference),
                _ => 0,
            })),
        }
    }
    slots
}

/// The slots that carry these results. A reference is by what it refers to, whatever its type; a value
/// of another kind than its type's counts as zero, or null.
pub fn lower_results(types: &[Type], results: &[Value]) -> Vec<Value> {
    let mut slots = Vec::with_capacity(results.len());
    for (i, &ty) in types.iter().enumerate() {
        match (ty, results.get(i)) {
            (Type::Ref(hierarchy, _), Some(&Value::Ref(reference))) => {
                slots.push(Value::I64(code(reference)));
                if hierarchy == Hierarchy::Extern {
                    slots.push(Value::Ref(match reference {
                        Reference::Null | Reference::Extern(_) => reference,
                        _ => Reference::Internal,
                    }));
                }
            }
            (Type::Ref(hierarchy, _), _) => {
                slots.push(Value::I64(0));
                let null = (hierarchy == Hierarchy::Extern).then_some(Reference::Null);
                slots.extend(null.map(Value::Ref));
            }
            (ty, value) => {
                let value = value.copied().unwrap_or(Value::I32(0));
                slots.extend(lower(&[ty], &[value]));
            }
        }
    }
    slots
}

/// The values that these result slots carry; `None` where the slots do not fit the types.
pub fn raise(types: &[Type], slots: &[Value]) -> Option<Vec<Value>> {
    let mut slots = slots.iter().copied();
    let mut values = Vec::with_capacity(types.len());
    for ty in types {
        let first = slots.next()?;
        values.push(match (ty, first) {
            (Type::I32, Value::I32(_)) | (Type::I64, Value::I64(_)) => first,
            (Type::F32, Value::I32(x)) => Value::F32(x),
            (Type::F64, Value::I64(x)) => Value::F64(x),
            (Type::V128, Value::I64(low)) => {
                let Value::I64(high) = slots.next()? else {
                    return None;
                };
                Value::V128(u128::from(high) << 64 | u128::from(low))
            }
            (Type::Ref(Hierarchy::Extern, _), Value::I64(code)) => {
                match (slots.next()?, decode(code)) {
                    (host @ Value::Ref(Reference::Extern(_)), Reference::Extern(_)) => host,
                    (_, kind) => Value::Ref(kind),
                }
            }
            (Type::Ref(..), Value::I64(code)) => Value::Ref(decode(code)),
            _ => return None,
        });
    }
    slots.next().is_none().then_some(values)
}

/// The code of a reference.
pub fn code(reference: Reference) -> u64 {
    match reference {
        Reference::Null => 0,
        Reference::I31(x) => (i64::from(x) << 3).cast_unsigned() | 1,
        Reference::Struct => 2,
        Reference::Array => 3,
        Reference::Func => 4,
        Reference::Extern(_) | Reference::Internal => 5,
        Reference::Exn => 6,
    }
}

/// The reference that a code of a result stands for. The number of a host reference is in the
/// slot beside the code.
pub fn decode(code: u64) -> Reference {
    match code & 7 {
        0 => Reference::Null,
        1 => Reference::I31((code.cast_signed() >> 3) as i32),
        2 => Reference::Struct,
        3 => Reference::Array,
        4 => Reference::Func,
        5 => Reference::Internal,
        _ => Reference::Exn,
    }
}

/// The validator's flags for a set of features.
pub fn wasm_features(features: Features) -> WasmFeatures {
    /// Each feature and the proposals behind it.
    const TABLE: [(Features, WasmFeatures); 14] = [
        (Features::SIMD, WasmFeatures::SIMD),
        (Features::RELAXED_SIMD, WasmFeatures::RELAXED_SIMD),
        (Features::REFERENCE_TYPES, WasmFeatures::REFERENCE_TYPES),
        (Features::TAIL_CALL, WasmFeatures::TAIL_CALL),
        (Features::MULTI_MEMORY, WasmFeatures::MULTI_MEMORY),
        (Features::MEMORY64, WasmFeatures::MEMORY64),
        (
            Features::FUNCTION_REFERENCES,
            WasmFeatures::FUNCTION_REFERENCES,
        ),
        (Features::GC, WasmFeatures::GC),
        (Features::EXCEPTIONS, WasmFeatures::EXCEPTIONS),
        (Features::LEGACY_EXCEPTIONS, WasmFeatures::LEGACY_EXCEPTIONS),
        (Features::THREADS, WasmFeatures::THREADS),
        (Features::WIDE_ARITHMETIC, WasmFeatures::WIDE_ARITHMETIC),
        (Features::CUSTOM_PAGE_SIZES, WasmFeatures::CUSTOM_PAGE_SIZES),
        (Features::EXTENDED_CONST, WasmFeatures::EXTENDED_CONST),
    ];
    let base = WasmFeatures::MVP
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::GC_TYPES;
    TABLE
        .iter()
        .filter(|(ours, _)| features.contains(*ours))
        .fold(base, |all, (_, theirs)| all | *theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for reference in [
            Reference::Null,
            Reference::I31(-1),
            Reference::I31(0x3fff_ffff),
            Reference::I31(-0x4000_0000),
            Reference::Struct,
            Reference::Array,
            Reference::Func,
            Reference::Internal,
            Reference::Exn,
        ] {
            assert_eq!(decode(code(reference)), reference);
        }
    }

    #[test]
    fn values_round_trip_through_rows() {
        let types = [Type::F32, Type::V128, Type::I32];
        let values = [
            Value::F32(0x7fa0_0001),
            Value::V128(u128::MAX - 7),
            Value::I32(9),
        ];
        let widths = Widths {
            ints: 6,
            externs: 2,
        };
        let row = widths.row(&lower(&types, &values));
        assert_eq!(row.len(), 8);
        assert_eq!(widths.values(&types, &row), Some(values.to_vec()));
        assert_eq!(widths.values(&types, &row[..3]), None);
    }

    #[test]
    fn values_round_trip_through_slots() {
        let types = [Type::F32, Type::V128, Type::I64];
        let values = [
            Value::F32(0x7fa0_0001),
            Value::V128(u128::MAX - 7),
            Value::I64(9),
        ];
        let slots = lower(&types, &values);
        assert_eq!(slots.len(), 4);
        assert_eq!(raise(&types, &slots), Some(values.to_vec()));
        assert_eq!(raise(&types, &slots[1..]), None);
    }
}
