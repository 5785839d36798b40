//! NaNs, bit by bit.

use crate::fixture::World;
use assay_reference::Val;

const INVALID: &str = r#"(module
    (func (export "f32.sqrt") (param f32) (result f32) (f32.sqrt (local.get 0)))
    (func (export "f64.sqrt") (param f64) (result f64) (f64.sqrt (local.get 0)))
    (func (export "f32x4.sqrt") (param f32) (result i32)
        (i32x4.extract_lane 3 (f32x4.sqrt (f32x4.splat (local.get 0)))))
    (func (export "f64x2.sqrt") (param f64) (result i64)
        (i64x2.extract_lane 1 (f64x2.sqrt (f64x2.splat (local.get 0)))))
    (func (export "f32.sub") (param f32) (result f32) (f32.sub (local.get 0) (local.get 0)))
    (func (export "f64.div") (param f64) (result f64)
        (f64.div (f64.const 0) (f64.mul (local.get 0) (f64.const 0)))))"#;

/// Some processors give a negative NaN for what has no value.
#[test]
fn what_has_no_value_is_the_positive_nan() {
    let mut world = World::new(INVALID);
    let one32 = Val::F32((-1f32).to_bits());
    let one64 = Val::F64((-1f64).to_bits());
    let infinity = Val::F32(f32::NEG_INFINITY.to_bits());
    let nan64 = 0x7ff8_0000_0000_0000;
    for (export, arg, expected) in [
        ("f32.sqrt", one32, Val::F32(0x7fc0_0000)),
        ("f64.sqrt", one64, Val::F64(nan64)),
        ("f32x4.sqrt", one32, Val::I32(0x7fc0_0000)),
        ("f64x2.sqrt", one64, Val::I64(nan64)),
        ("f32.sub", infinity, Val::F32(0x7fc0_0000)),
        ("f64.div", one64, Val::F64(nan64)),
    ] {
        assert_eq!(world.call(export, &[arg]), Ok(vec![expected]), "{export}");
    }
}
