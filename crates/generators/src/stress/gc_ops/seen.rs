//! Values as the host sees them.

use super::model::{Datum, Ref};
use super::types::Storage;
use super::world::World;
use assay_engine::{Reference, Value};

impl World {
    /// A reference as the host sees it.
    pub fn seen_by_host(&self, reference: Ref) -> Reference {
        match reference {
            Ref::Null => Reference::Null,
            Ref::I31(bits) => Reference::I31((bits << 1).cast_signed() >> 1),
            Ref::Func(_) => Reference::Func,
            Ref::Exception(_) => Reference::Exn,
            Ref::Host(number) => Reference::Extern(number),
            Ref::Object(_) => match self.objects.get(reference) {
                Some(object) if self.types.element(object.ty).is_some() => Reference::Array,
                _ => Reference::Struct,
            },
        }
    }

    /// A datum as the host sees it.
    pub fn value(&self, storage: Storage, datum: Datum) -> Value {
        match (storage, datum) {
            (_, Datum::Ref(reference)) => Value::Ref(self.seen_by_host(reference)),
            (Storage::I64, Datum::Bits(bits)) => Value::I64(bits as u64),
            (Storage::F32, Datum::Bits(bits)) => Value::F32(bits as u32),
            (Storage::F64, Datum::Bits(bits)) => Value::F64(bits as u64),
            (Storage::V128, Datum::Bits(bits)) => Value::V128(bits),
            (_, Datum::Bits(bits)) => Value::I32(bits as u32),
        }
    }
}
