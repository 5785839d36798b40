//! Arguments and expected results as values.

use assay_engine::{Reference, Value};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The value of an argument; `None` where it is one for a component.
pub(crate) fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(x) => Value::I32(x.cast_unsigned()),
        WastArgCore::I64(x) => Value::I64(x.cast_unsigned()),
        WastArgCore::F32(x) => Value::F32(x.bits),
        WastArgCore::F64(x) => Value::F64(x.bits),
        WastArgCore::V128(x) => Value::V128(u128::from_le_bytes(x.to_le_bytes())),
        WastArgCore::RefNull(_) => Value::Ref(Reference::Null),
        WastArgCore::RefExtern(n) | WastArgCore::RefHost(n) => Value::Ref(Reference::Extern(*n)),
    })
}

/// Whether results are as expected.
pub(crate) fn all_match(given: &[Value], expected: &[WastRet<'_>]) -> bool {
    let matches_one = |(given, expected): (&Value, &WastRet<'_>)| match expected {
        WastRet::Core(expected) => matches_core(*given, expected),
        _ => false,
    };
    given.len() == expected.len() && given.iter().zip(expected).all(matches_one)
}

fn matches_core(given: Value, expected: &WastRetCore<'_>) -> bool {
    use WastRetCore as E;
    match (given, expected) {
        (given, E::Either(all)) => all.iter().any(|one| matches_core(given, one)),
        (Value::I32(x), E::I32(y)) => x == y.cast_unsigned(),
        (Value::I64(x), E::I64(y)) => x == y.cast_unsigned(),
        (Value::F32(x), E::F32(y)) => float32(x, y),
        (Value::F64(x), E::F64(y)) => float64(x, y),
        (Value::V128(x), E::V128(y)) => vector(x, y),
        (Value::Ref(given), expected) => reference(given, expected),
        _ => false,
    }
}

/// References compare by kind, and those of the host by number.
fn reference(given: Reference, expected: &WastRetCore<'_>) -> bool {
    use Reference as R;
    use WastRetCore as E;
    match (given, expected) {
        (R::Null, E::RefNull(_)) => true,
        (R::Null, _) => false,
        (R::Extern(x), E::RefExtern(Some(y)) | E::RefHost(y)) => x == *y,
        (_, E::RefExtern(None) | E::RefAny) => true,
        (kind, E::RefEq) => matches!(kind, R::I31(_) | R::Struct | R::Array),
        (kind, E::RefFunc(_)) => kind == R::Func,
        (kind, E::RefArray) => kind == R::Array,
        (kind, E::RefStruct) => kind == R::Struct,
        (kind, E::RefI31) => matches!(kind, R::I31(_)),
        _ => false,
    }
}

/// A canonical NaN has the highest bit of the payload alone, an arithmetic one has it at least;
/// both of either sign (Core specification, section 2.2, "Floating-Point").
fn float32(given: u32, expected: &NanPattern<F32>) -> bool {
    match expected {
        NanPattern::CanonicalNan => given & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => given & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => given == value.bits,
    }
}

fn float64(given: u64, expected: &NanPattern<F64>) -> bool {
    match expected {
        NanPattern::CanonicalNan => given & (u64::MAX >> 1) == 0x7ff8 << 48,
        NanPattern::ArithmeticNan => given & 0x7ff8 << 48 == 0x7ff8 << 48,
        NanPattern::Value(value) => given == value.bits,
    }
}

fn vector(given: u128, expected: &V128Pattern) -> bool {
    fn lanes<const N: usize>(given: u128) -> [u64; N] {
        let bits = 128 / N as u32;
        std::array::from_fn(|lane| (given >> (lane as u32 * bits)) as u64 & u64::MAX >> (64 - bits))
    }
    match expected {
        V128Pattern::I8x16(x) => lanes(given) == x.map(|x| u64::from(x.cast_unsigned())),
        V128Pattern::I16x8(x) => lanes(given) == x.map(|x| u64::from(x.cast_unsigned())),
        V128Pattern::I32x4(x) => lanes(given) == x.map(|x| u64::from(x.cast_unsigned())),
        V128Pattern::I64x2(x) => lanes(given) == x.map(i64::cast_unsigned),
        V128Pattern::F32x4(x) => {
            let mut lanes = lanes::<4>(given).into_iter().zip(x);
            lanes.all(|(given, expected)| float32(given as u32, expected))
        }
        V128Pattern::F64x2(x) => {
            let mut lanes = lanes::<2>(given).into_iter().zip(x);
            lanes.all(|(given, expected)| float64(given, expected))
        }
    }
}
