//! Hand-written modules: what is hard to carry through text, feature by feature.

/// A name for the sample, and its text.
pub const SAMPLES: &[(&str, &str)] = &[
    ("empty", "(module)"),
    (
        "names",
        r#"(module $"a module \"in quotes\""
            (func $plain (export "q\"uote") (param $x i32) (local $y i64))
            (func $"white space" (export "back\\slash"))
            (func $"größe" (export "größe \u{1f600}\u{202e}\00\n"))
            (func (export "") call $plain_2)
            (func $plain_2)
            (global $"\u{1f600}" (mut i32) (i32.const 0))
            (memory $m 1) (table $t 1 funcref) (tag $tag (param i32))
            (type $named (func (param $p f32))))"#,
    ),
    (
        "custom sections",
        r#"(module (func nop)
            (@custom "first" (before first) "abc\00\ff")
            (@custom "last" "")
            (@custom "in between" (after func) "\"quoted\"")
            (@producers (language "Rust" "1.95") (processed-by "none" "")))"#,
    ),
    (
        "branch hints",
        r#"(module (func (param i32)
            (block (@metadata.code.branch_hint "\01") (br_if 0 (local.get 0)))))"#,
    ),
    (
        "gc",
        r#"(module
            (rec
                (type $list (sub (struct (field $head i32) (field $tail (mut (ref null $list))))))
                (type $longer (sub final $list
                    (struct (field i32) (field (mut (ref null $list))) (field i8)))))
            (type $bytes (array (mut i8)))
            (type $f (func (param (ref $list)) (result anyref)))
            (global $g (ref null $list) (struct.new $list (i32.const 1) (ref.null $list)))
            (data $d "0123")
            (elem $e (ref i31) (ref.i31 (i32.const 7)))
            (func (export "f") (type $f)
                (br_on_cast 0 (ref $list) (ref $longer) (local.get 0))
                (drop)
                (array.new_data $bytes $d (i32.const 0) (i32.const 4)))
            (func (param anyref) (result externref)
                (extern.convert_any (local.get 0)))
            (func (param eqref) (result i32)
                (i31.get_s (ref.cast (ref i31) (local.get 0)))))"#,
    ),
    (
        "exceptions",
        r#"(module
            (tag $t (export "t") (param i32 i64))
            (tag $u)
            (func (export "f") (result i32 i64)
                (block $h (result i32 i64 exnref)
                    (try_table (catch_ref $t $h) (catch $u 1) (catch_all 1)
                        (throw $t (i32.const 1) (i64.const 2)))
                    (unreachable))
                (throw_ref)))"#,
    ),
    (
        "legacy exceptions",
        r#"(module (tag $t)
            (func try $l throw $t catch $t rethrow $l catch_all end)
            (func try try delegate 0 catch_all end))"#,
    ),
    (
        "memory64",
        r#"(module
            (memory $m i64 1 0x1_0000_0000)
            (memory $n 1)
            (table $t i64 1 10 funcref)
            (data (memory $m) (i64.const 8) "x")
            (elem (table $t) (i64.const 0) func 0)
            (func (param i64) (result i32)
                (i32.load8_u $m offset=0xffff_ffff_ffff (local.get 0))
                (memory.copy $m $n (i64.const 0) (i32.const 0) (i32.const 1))))"#,
    ),
    (
        "simd",
        r#"(module (func (export "f") (param v128) (result v128)
            (v128.const f32x4 nan:0x1 -nan -0 inf)
            (i8x16.shuffle 0 31 1 30 2 29 3 28 4 27 5 26 6 25 7 24 (local.get 0))
            (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 0))))"#,
    ),
    (
        "floats",
        r#"(module (func (result f32 f64 f32 f64 f32)
            (f32.const nan:0x1) (f64.const -nan:0x8_0000_0000_0001)
            (f32.const 0x1p-149) (f64.const 0x1.fffffffffffffp+1023) (f32.const -0)))"#,
    ),
    (
        "segments",
        r#"(module
            (import "other" "g" (global $g i32))
            (import "other" "t" (table $t 1 externref))
            (table $s 3 (ref func) (ref.func 0))
            (elem (table $s) (offset (i32.add (global.get $g) (i32.const 1))) func 0)
            (elem (i32.const 0) externref (ref.null extern))
            (elem $passive func 0 0)
            (elem $exprs funcref (ref.null func) (ref.func 0))
            (elem declare func 0)
            (memory 1)
            (data "passive") (data (i32.const 65535) "\00")
            (func $f (data.drop 0) (elem.drop $passive)
                (table.init $s $exprs (i32.const 0) (i32.const 0) (i32.const 0)))
            (start $f))"#,
    ),
    (
        "calls",
        r#"(module
            (type $f (func (param i32) (result i32)))
            (table 1 funcref)
            (func $g (type $f) (return_call_ref $f (local.get 0) (ref.func $g)))
            (func (type $f) (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
            (func (type $f) (call_ref $f (local.get 0) (ref.as_non_null (ref.null $f))))
            (elem declare func $g))"#,
    ),
    (
        "threads",
        r#"(module (memory 1 1 shared)
            (func (result i32) (atomic.fence)
                (i32.atomic.rmw16.cmpxchg_u offset=2 (i32.const 0) (i32.const 1) (i32.const 2))
                (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const -1))
                (i32.add)))"#,
    ),
    (
        "small pages and wide arithmetic",
        r#"(module (memory 5 (pagesize 1))
            (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))"#,
    ),
    (
        "host",
        r#"(module
            (import "assay:host" "0" (func (param i32) (result i64)))
            (import "assay:host" "1" (func))
            (func (export "f") (result i32) (i32.const 1)))"#,
    ),
    (
        "shim",
        r#"(module
            (func (export "assay:call") (param i32 i64 externref) (result i64 externref i32 i32 i64)
                (unreachable)))"#,
    ),
    (
        "same name twice",
        r#"(module (func $f (@name "same")) (func $g (@name "same") (call $f)) (export "" (func $g)))"#,
    ),
    ("invalid", "(module (func (result i32) (i64.const 0)))"),
    (
        "control flow",
        r#"(module (func (param i32) (result i64)
            (if $a (result i64) (local.get 0)
                (then (loop $b (result i64) (br_table $a $b 0 (i64.const 1) (local.get 0))))
                (else (block $c (result i64) (i64.const 2))))
            (select (result i64) (i64.const 3) (i32.const 0))))"#,
    ),
];

/// The sample of this name, in the binary format.
pub fn sample(name: &str) -> Vec<u8> {
    let (_, text) = SAMPLES
        .iter()
        .find(|(n, _)| *n == name)
        .expect("there is such a sample");
    wat::parse_str(text).expect("samples parse")
}
