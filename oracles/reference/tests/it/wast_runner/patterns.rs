//! Arguments and expected results.

use assay_reference::{Ref, RefKind, Store, Val};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The value of an argument.
pub fn argument(arg: &WastArg<'_>) -> Result<Val, String> {
    let WastArg::Core(arg) = arg else {
        return Err("an argument for a component".into());
    };
    Ok(match arg {
        WastArgCore::I32(x) => Val::I32(x.cast_unsigned()),
        WastArgCore::I64(x) => Val::I64(x.cast_unsigned()),
        WastArgCore::F32(x) => Val::F32(x.bits),
        WastArgCore::F64(x) => Val::F64(x.bits),
        WastArgCore::V128(x) => Val::V128(u128::from_le_bytes(x.to_le_bytes())),
        WastArgCore::RefNull(_) => Val::Ref(Ref::NULL),
        WastArgCore::RefExtern(n) | WastArgCore::RefHost(n) => Val::Ref(Ref::host(*n)),
    })
}

/// Whether results are as expected.
pub fn check(store: &Store, given: &[Val], expected: &[WastRet<'_>]) -> Result<(), String> {
    let as_expected = given.len() == expected.len()
        && given
            .iter()
            .zip(expected)
            .all(|(given, expected)| match expected {
                WastRet::Core(expected) => matches_core(store, *given, expected),
                _ => false,
            });
    if as_expected {
        Ok(())
    } else {
        Err(format!("gives {given:x?}, not {expected:x?}"))
    }
}

fn matches_core(store: &Store, given: Val, expected: &WastRetCore<'_>) -> bool {
    use WastRetCore as E;
    match (given, expected) {
        (given, E::Either(all)) => all.iter().any(|one| matches_core(store, given, one)),
        (Val::I32(x), E::I32(y)) => x == y.cast_unsigned(),
        (Val::I64(x), E::I64(y)) => x == y.cast_unsigned(),
        (Val::F32(x), E::F32(y)) => float32(x, y),
        (Val::F64(x), E::F64(y)) => float64(x, y),
        (Val::V128(x), E::V128(y)) => vector(x, y),
        (Val::Ref(reference), expected) => match (store.kind(reference), expected) {
            (RefKind::Null, E::RefNull(_)) => true,
            (RefKind::Null, _) => false,
            (RefKind::Host(x), E::RefExtern(Some(y)) | E::RefHost(y)) => x == *y,
            (_, E::RefExtern(None) | E::RefAny) => true,
            (kind, E::RefEq) => {
                matches!(kind, RefKind::I31(_) | RefKind::Struct | RefKind::Array)
            }
            (kind, E::RefFunc(_)) => kind == RefKind::Func,
            (kind, E::RefArray) => kind == RefKind::Array,
            (kind, E::RefStruct) => kind == RefKind::Struct,
            (kind, E::RefI31) => matches!(kind, RefKind::I31(_)),
            _ => false,
        },
        _ => false,
    }
}

/// The deterministic profile has one NaN; the suite says no more of it than that it is canonical
/// or arithmetic, of either sign.
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
            let given = lanes::<4>(given);
            given
                .iter()
                .zip(x)
                .all(|(&given, expected)| float32(given as u32, expected))
        }
        V128Pattern::F64x2(x) => {
            let given = lanes::<2>(given);
            given
                .iter()
                .zip(x)
                .all(|(&given, expected)| float64(given, expected))
        }
    }
}
