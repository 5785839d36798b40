//! Atomic instructions where the official suite says little.

use crate::fixture::{World, i32_of};
use assay_engine::{Resource, Trap};
use assay_reference::{Stop, Val};

const TEXT: &str = r#"(module
    (memory $own 1)
    (memory $shared 1 1 shared)
    (data (memory $own) (i32.const 0) "\01\02\03\04\05\06\07\08")
    (func (export "exchange8") (param i32 i32) (result i32)
        (i32.atomic.rmw8.cmpxchg_u $own (i32.const 1) (local.get 0) (local.get 1)))
    (func (export "exchange32") (param i64 i64) (result i64)
        (i64.atomic.rmw32.cmpxchg_u $own (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "load") (result i64) (i64.load $own (i32.const 0)))
    (func (export "load-at") (param i32) (result i32)
        (i32.atomic.load $own offset=2 (local.get 0)))
    (func (export "wait-own") (result i32)
        (memory.atomic.wait32 $own (i32.const 0) (i32.const 0) (i64.const 0)))
    (func (export "wait") (param i32 i64) (result i32)
        (memory.atomic.wait32 $shared (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "notify") (result i32)
        (memory.atomic.notify $shared (i32.const 0) (i32.const 1))))"#;

/// The threads proposal wraps the expected value to the width of the access.
#[test]
fn an_exchange_compares_what_the_memory_can_hold() {
    let mut world = World::new(TEXT);
    let old = world.call("exchange8", &[Val::I32(0xffff_ff02), Val::I32(0x11ee)]);
    assert_eq!(i32_of(old), 2);
    let loaded = world.call("load", &[]);
    assert_eq!(loaded, Ok(vec![Val::I64(0x0807_0605_0403_ee01)]));
    let old = world.call("exchange32", &[Val::I64(0x9_0403_ee01), Val::I64(7)]);
    assert_eq!(old, Ok(vec![Val::I64(0x0403_ee01)]));
    let loaded = world.call("load", &[]);
    assert_eq!(loaded, Ok(vec![Val::I64(0x0807_0605_0000_0007)]));
}

#[test]
fn an_access_is_aligned_by_its_effective_address() {
    let mut world = World::new(TEXT);
    assert_eq!(i32_of(world.call("load-at", &[Val::I32(2)])), 0x0807_0605);
    let unaligned = Err(Stop::Trap(Trap::UnalignedAtomic));
    assert_eq!(world.call("load-at", &[Val::I32(0)]), unaligned);
    let out_of_bounds = Err(Stop::Trap(Trap::OutOfBoundsMemoryAccess));
    assert_eq!(world.call("load-at", &[Val::I32(0xfffe)]), out_of_bounds);
}

#[test]
fn who_waits_alone_waits_in_vain() {
    let mut world = World::new(TEXT);
    let unshared = Err(Stop::Trap(Trap::ExpectedSharedMemory));
    assert_eq!(world.call("wait-own", &[]), unshared);
    let mut wait = |expected, timeout: i64| {
        world.call(
            "wait",
            &[Val::I32(expected), Val::I64(timeout.cast_unsigned())],
        )
    };
    assert_eq!(i32_of(wait(1, -1)), 1, "another value");
    assert_eq!(i32_of(wait(0, 1000)), 2, "the time is over");
    assert_eq!(wait(0, -1), Err(Stop::Exhausted(Resource::Time)));
    assert_eq!(i32_of(world.call("notify", &[])), 0);
}

#[test]
fn a_fence_does_nothing_alone() {
    let mut world =
        World::new(r#"(module (func (export "fence") (result i32) (i32.const 7) atomic.fence))"#);
    assert_eq!(i32_of(world.call("fence", &[])), 7);
}
