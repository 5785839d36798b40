//! Cases as data, and settings that say what cannot be.

use super::gc_ops::GcOps;
use super::gc_ops::setting::Setting;
use super::gc_ops::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use super::{Family, Sequence};
use crate::Draft;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use assay_module::wasm_features;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use wasmparser::Validator;

fn bytes(seed: u64) -> Vec<u8> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut bytes = vec![0; 2048];
    rng.fill(&mut bytes[..]);
    bytes
}

fn case(seed: u64) -> Sequence<GcOps> {
    let bytes = bytes(seed);
    let case = Sequence::generate(&mut Unstructured::new(&bytes), Features::WASM3);
    case.expect("enough bytes").0
}

#[track_caller]
fn assert_valid(draft: &Draft) {
    let features = wasm_features(Features::WASM3);
    if let Err(error) = Validator::new_with_features(features).validate_all(&draft.wasm) {
        let wat = wasmprinter::print_bytes(&draft.wasm).unwrap_or_default();
        panic!("{error}\n{wat}");
    }
}

#[test]
fn a_case_survives_its_file() {
    for seed in 0..200 {
        let case = case(seed);
        let text = serde_json::to_string(&case).expect("it can be written");
        let back: Sequence<GcOps> = serde_json::from_str(&text).expect("it reads back");
        assert_eq!(back, case);
    }
}

#[test]
fn an_operation_that_is_not_in_the_table_is_refused() {
    let text = serde_json::to_string(&case(0)).expect("it can be written");
    let back = |text: &str| serde_json::from_str::<Sequence<GcOps>>(text);
    assert_eq!(back(&text).expect("it reads back"), case(0));
    let name = format!("{:?}", case(0).names().next().expect("it has an operation"));
    assert!(back(&text.replacen(&name, "\"no such\"", 1)).is_err());
}

#[test]
fn simpler_settings_are_smaller_and_valid() {
    for seed in 0..100 {
        let case = case(seed);
        let mut seen = 0;
        for setting in GcOps::simpler(&case.setting) {
            assert!(GcOps::size(&setting) < GcOps::size(&case.setting));
            let operations = case.operations.clone();
            let simpler = Sequence::<GcOps> {
                setting,
                operations,
            };
            assert_valid(&simpler.perform().1);
            seen += 1;
        }
        assert!(seen > 0);
    }
}

/// A type that may refer to anything, wherever it is.
fn nonsense(u: &mut Unstructured<'_>) -> Result<TypeDef> {
    let field = |u: &mut Unstructured<'_>| -> Result<Field> {
        let heap = match u.int_in_range(0..=3)? {
            0 => *u.choose(&[Heap::Any, Heap::Struct, Heap::I31, Heap::Func, Heap::None])?,
            _ => Heap::Type(u.int_in_range(0..=20)?),
        };
        let nullable = u.arbitrary()?;
        Ok(Field {
            storage: match u.int_in_range(0..=3)? {
                0 => Storage::I8,
                _ => Storage::Ref(RefTy { nullable, heap }),
            },
            mutable: u.arbitrary()?,
        })
    };
    Ok(TypeDef {
        begins_group: u.arbitrary()?,
        is_final: u.ratio(1, 4)?,
        supertype: u.arbitrary::<Option<u8>>()?.map(|ty| u32::from(ty % 12)),
        shape: match u.int_in_range(0..=4)? {
            0 => Shape::Func,
            1 => Shape::Array(field(u)?),
            _ => {
                let count = u.int_in_range(0..=4)?;
                Shape::Struct((0..count).map(|_| field(u)).collect::<Result<_>>()?)
            }
        },
    })
}

#[test]
fn any_setting_is_mended() {
    for seed in 0..3000 {
        let bytes = bytes(seed);
        let mut u = Unstructured::new(&bytes);
        let types = (0..seed % 12).map(|_| nonsense(&mut u).expect("enough bytes"));
        let types: Vec<TypeDef> = types.collect();
        let Setting {
            globals,
            tables,
            segments,
            tags,
            ..
        } = case(seed).setting;
        let setting = Setting {
            types,
            globals,
            tables,
            segments,
            tags,
            functions: vec![0, 1, 2, 99],
            ..case(seed).setting
        };
        let operations = case(seed).operations;
        let broken = Sequence::<GcOps> {
            setting,
            operations,
        };
        let (mended, draft) = broken.perform();
        assert_valid(&draft);
        assert_eq!(mended.perform().0, mended, "what is mended stays");
    }
}
