//! Asks an engine what it can do: a small module for each feature, with a known result.

use crate::reply::Record;
use assay_engine::{Call, Features, Module, Outcome, Program, Value};

/// A module that exports `f`, which gives 42 where the feature works.
struct Probe {
    feature: Features,
    /// The module, for the reader; a test compares.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader and the test"))]
    wat: &'static str,
    wasm: &'static [u8],
}

const RESULT: Value = Value::I32(42);

/// The programs that probe, to be run in this order.
pub(crate) fn programs() -> impl Iterator<Item = Program> {
    PROBES.iter().map(|probe| Program {
        modules: vec![Module {
            name: "probe".into(),
            wasm: probe.wasm.to_vec(),
        }],
        calls: vec![Call {
            export: "f".into(),
            args: Vec::new(),
        }],
        ..Program::default()
    })
}

/// What the records of these programs, one instantiation and one call each, say.
pub(crate) fn features(records: &[Record]) -> Features {
    let mut found = Features::empty();
    let mut probes = PROBES.iter();
    let mut current = None;
    for record in records {
        match record {
            Record::Instantiated(..) => current = probes.next(),
            Record::Called(Outcome::Returned(values)) if *values == [RESULT] => {
                found |= current.map_or(Features::empty(), |probe| probe.feature);
            }
            _ => {}
        }
    }
    found.without_orphans()
}

const PROBES: &[Probe] = &[
    Probe {
        feature: Features::SIMD,
        wat: r#"(module (func (export "f") (result i32) v128.const i32x4 1 2 3 36 v128.const i32x4 1 2
            3 6 i32x4.add i32x4.extract_lane 3))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a.\
            \x01,\0\xfd\x0c\x01\0\0\0\x02\0\0\0\x03\0\0\0$\0\0\0\xfd\x0c\x01\0\0\0\x02\0\0\0\
            \x03\0\0\0\x06\0\0\0\xfd\xae\x01\xfd\x1b\x03\x0b",
    },
    Probe {
        feature: Features::RELAXED_SIMD,
        wat: r#"(module (func (export "f") (result i32) v128.const i32x4 4 4 4 4
            i32x4.relaxed_trunc_f32x4_s v128.const f32x4 42 42 42 42 i32x4.relaxed_trunc_f32x4_s
            i32x4.add i32x4.extract_lane 0))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a4\
            \x012\0\xfd\x0c\x04\0\0\0\x04\0\0\0\x04\0\0\0\x04\0\0\0\xfd\x81\x02\xfd\x0c\0\0(\
            B\0\0(B\0\0(B\0\0(B\xfd\x81\x02\xfd\xae\x01\xfd\x1b\0\x0b",
    },
    Probe {
        feature: Features::REFERENCE_TYPES,
        wat: r#"(module (table 4 funcref) (func (export "f") (result i32) ref.null func i32.const 39
            table.grow i32.const 3 i32.add table.size i32.add i32.const 8 i32.sub))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x04\x04\x01p\0\x04\x07\x05\
            \x01\x01f\0\0\x0a\x15\x01\x13\0\xd0pA'\xfc\x0f\0A\x03j\xfc\x10\0jA\x08k\x0b",
    },
    Probe {
        feature: Features::TAIL_CALL,
        wat: r#"(module (func $f (export "f") (result i32) return_call $g) (func $g (result i32)
            i32.const 42))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x03\x02\0\0\x07\x05\x01\x01f\0\0\x0a\
            \x0b\x02\x04\0\x12\x01\x0b\x04\0A*\x0b\0\x0e\x04name\x01\x07\x02\0\x01f\x01\x01g",
    },
    Probe {
        feature: Features::MULTI_MEMORY,
        wat: r#"(module (memory 1) (memory $m 1) (func (export "f") (result i32) i32.const 0 i32.const
            42 i32.store $m i32.const 0 i32.load $m i32.const 0 i32.load 0 i32.add))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x05\x05\x02\0\x01\0\x01\x07\
            \x05\x01\x01f\0\0\x0a\x18\x01\x16\0A\0A*6B\x01\0A\0(B\x01\0A\0(\x02\0j\x0b\0\x0b\
            \x04name\x06\x04\x01\x01\x01m",
    },
    Probe {
        feature: Features::MEMORY64,
        wat: r#"(module (memory i64 1) (table i64 2 funcref) (func (export "f") (result i32) i64.const
            8 i32.const 39 i32.store i64.const 8 i32.load memory.size i32.wrap_i64 i32.add
            table.size i32.wrap_i64 i32.add))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x04\x04\x01p\x04\x02\x05\
            \x03\x01\x04\x01\x07\x05\x01\x01f\0\0\x0a\x19\x01\x17\0B\x08A'6\x02\0B\x08(\x02\
            \0?\0\xa7j\xfc\x10\0\xa7j\x0b",
    },
    Probe {
        feature: Features::FUNCTION_REFERENCES,
        wat: r#"(module (type $t (func (result i32))) (elem declare func $g) (func $g (type $t)
            i32.const 42) (func (export "f") (result i32) ref.func $g call_ref $t))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x03\x02\0\0\x07\x05\x01\x01f\0\x01\
            \x09\x05\x01\x03\0\x01\0\x0a\x0d\x02\x04\0A*\x0b\x06\0\xd2\0\x14\0\x0b\0\x11\x04\
            name\x01\x04\x01\0\x01g\x04\x04\x01\0\x01t",
    },
    Probe {
        feature: Features::GC,
        wat: r#"(module (type $s (struct (field i32))) (func (export "f") (result i32) i32.const 40
            struct.new $s struct.get $s 0 i32.const 2 ref.i31 i31.get_s i32.add))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x09\x02_\x01\x7f\0`\0\x01\x7f\x03\x02\x01\x01\x07\x05\x01\
            \x01f\0\0\x0a\x14\x01\x12\0A(\xfb\0\0\xfb\x02\0\0A\x02\xfb\x1c\xfb\x1dj\x0b\0\
            \x0b\x04name\x04\x04\x01\0\x01s",
    },
    Probe {
        feature: Features::EXCEPTIONS,
        wat: r#"(module (tag $t (param i32)) (func (export "f") (result i32) (block $h (result i32
            exnref) (try_table (catch_ref $t $h) i32.const 42 throw $t) unreachable) drop))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x0e\x03`\x01\x7f\0`\0\x01\x7f`\0\x02\x7fi\x03\x02\x01\x01\
            \x0d\x03\x01\0\0\x07\x05\x01\x01f\0\0\x0a\x14\x01\x12\0\x02\x02\x1f@\x01\x01\0\0\
            A*\x08\0\x0b\0\x0b\x1a\x0b\0\x13\x04name\x03\x06\x01\0\x01\0\x01h\x0b\x04\x01\0\
            \x01t",
    },
    Probe {
        feature: Features::LEGACY_EXCEPTIONS,
        wat: r#"(module (tag $t (param i32)) (func (export "f") (result i32) try (result i32)
            i32.const 42 throw $t catch $t end))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x09\x02`\x01\x7f\0`\0\x01\x7f\x03\x02\x01\x01\x0d\x03\x01\0\
            \0\x07\x05\x01\x01f\0\0\x0a\x0d\x01\x0b\0\x06\x7fA*\x08\0\x07\0\x0b\x0b\0\x0b\
            \x04name\x0b\x04\x01\0\x01t",
    },
    Probe {
        feature: Features::THREADS,
        wat: r#"(module (memory 1 1 shared) (func (export "f") (result i32) i32.const 0 i32.const 42
            i32.atomic.rmw.add drop i32.const 0 i32.atomic.load))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x05\x04\x01\x03\x01\x01\x07\
            \x05\x01\x01f\0\0\x0a\x13\x01\x11\0A\0A*\xfe\x1e\x02\0\x1aA\0\xfe\x10\x02\0\x0b",
    },
    Probe {
        feature: Features::WIDE_ARITHMETIC,
        wat: r#"(module (func (export "f") (result i32) i64.const 0 i64.const 40 i64.const 0 i64.const
            2 i64.add128 i32.wrap_i64 return))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\
            \x10\x01\x0e\0B\0B(B\0B\x02\xfc\x13\xa7\x0f\x0b",
    },
    Probe {
        feature: Features::CUSTOM_PAGE_SIZES,
        wat: r#"(module (memory 42 (pagesize 1)) (func (export "f") (result i32) memory.size))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x05\x04\x01\x08*\0\x07\x05\
            \x01\x01f\0\0\x0a\x06\x01\x04\0?\0\x0b",
    },
    Probe {
        feature: Features::EXTENDED_CONST,
        wat: r#"(module (global $g i32 (i32.add (i32.const 40) (i32.const 2))) (func (export "f")
            (result i32) global.get $g))"#,
        wasm: b"\0asm\x01\0\0\0\x01\x05\x01`\0\x01\x7f\x03\x02\x01\0\x06\x09\x01\x7f\0A(A\x02j\
            \x0b\x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0#\0\x0b\0\x0b\x04name\x07\x04\x01\0\
            \x01g",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::Step;

    #[test]
    fn every_feature_has_a_probe_and_each_is_the_module_that_it_says() {
        let probed = PROBES
            .iter()
            .fold(Features::empty(), |all, probe| all | probe.feature);
        assert_eq!(probed, Features::all());
        for Probe { feature, wat, wasm } in PROBES {
            assert_eq!(wat::parse_str(wat).unwrap(), *wasm, "{feature:?}");
        }
    }

    #[test]
    fn a_feature_is_there_when_its_own_probe_gives_the_result() {
        let step = |outcome| Step {
            stacks: Vec::new(),
            outcome,
            host: vec![],
            state: None,
        };
        let made = || Record::Instantiated(step(Outcome::Returned(vec![])), vec![]);
        let gave = |x| Record::Called(Outcome::Returned(vec![Value::I32(x)]));
        // The second module was refused, so that it has no call; the third gave a wrong result.
        let records = [made(), gave(42), made(), made(), gave(41), made(), gave(42)];
        assert_eq!(features(&records), PROBES[0].feature | PROBES[3].feature);
    }
}
