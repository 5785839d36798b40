//! A program whose module has a shim, written by hand.

use super::*;

// The numbers of its functions.
pub const WRITE: u32 = 0;
pub const GROW: u32 = 1;
pub const STATUS: u32 = 2;
pub const SPEND: u32 = 3;
pub const TRAP: u32 = 4;
pub const THROW: u32 = 5;
pub const DEEP: u32 = 6;
pub const NOTHING: u32 = 7;

/// Memories, fuel, exceptions caught and not. The shim's state has three slots.
pub const RICH: &str = r#"(module
    (memory (export "assay:memory:0") 1 3)
    (memory (export "assay:memory:1") i64 1 2)
    (tag $t (export "assay:tag:0") (param i64 i32))
    (global $fuel (mut i32) (i32.const 10))
    (func $deep (call $deep))
    (func (export "plain"))
    (func (export "assay:call") (param $number i32) (param $a i64) (param $b i64)
        (result i64 externref i32 i32 i64 externref)
        (local $result i64) (local $status i32)
        (block $end (block $deep (block $throw (block $trap (block $spend (block $status
        (block $grow (block $write
            (br_table $write $grow $status $spend $trap $throw $deep $end (local.get $number)))
            ;; $write
            (i32.store8 (i32.wrap_i64 (local.get $a)) (i32.wrap_i64 (local.get $b)))
            (br $end))
            ;; $grow
            (local.set $result (i64.extend_i32_s (memory.grow 0 (i32.const 1))))
            (br $end))
            ;; $status
            (local.set $result (local.get $b))
            (local.set $status (i32.wrap_i64 (local.get $a)))
            (br $end))
            ;; $spend
            (global.set $fuel (i32.const -1))
            (unreachable))
            ;; $trap
            (unreachable))
            ;; $throw
            (throw $t (i64.const -9) (i32.const 8)))
            ;; $deep
            (call $deep))
        (local.get $result) (ref.null extern)
        (local.get $status)
        (global.get $fuel) (i64.const -3) (ref.null extern)
        (global.set $fuel (i32.const 10))))"#;

/// The module with calls that come to everything that a call can come to.
pub fn rich() -> Program {
    let mut program = program(RICH);
    program.memories = 2;
    program.tags = 1;
    program.shim = shim(2, 2, &["fuel", "three", "null"]);
    program.calls = vec![
        rich_call(WRITE, 70, 7),
        rich_call(WRITE, 65536, 7),
        rich_call(GROW, 0, 0),
        rich_call(NOTHING, 0, 0),
        rich_call(STATUS, 1, 11),
        rich_call(STATUS, 0xffff_fffe, 12),
        rich_call(STATUS, -1, 13),
        rich_call(SPEND, 0, 0),
        rich_call(TRAP, 0, 0),
        rich_call(THROW, 0, 0),
        rich_call(DEEP, 0, 0),
        rich_call(NOTHING, 0, 0),
    ];
    program
}

/// Writes `b` at `a`, or returns `b` with the status `a`; the other functions take nothing.
pub fn rich_call(number: u32, a: i64, b: i64) -> Call {
    through_shim(number, &[i64(a), i64(b)])
}
