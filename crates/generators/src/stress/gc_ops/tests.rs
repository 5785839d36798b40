//! Settings that say what cannot be, and second modules.

use super::matching::Types;
use super::model::{Datum, Ref};
use super::other::{Declared, Other};
use super::setting::Setting;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use super::*;
use crate::stress::Sequence;
use crate::stress::tests::{assert_mended, bytes, case, modules};
use arbitrary::{Result, Unstructured};
use assay_engine::Features;

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
    for number in 0..3000 {
        let bytes = bytes(number);
        let mut u = Unstructured::new(&bytes);
        let types = (0..number % 12).map(|_| nonsense(&mut u).expect("enough bytes"));
        let (case, _) = case::<GcOps>(number, Features::WASM3);
        assert_mended(&Sequence::<GcOps> {
            setting: Setting {
                types: types.collect(),
                functions: vec![0, 1, 2, 99],
                ..case.setting
            },
            operations: case.operations,
        });
    }
}

/// In some of the cases there is a second module, and in fewer a third.
#[test]
fn several_modules_are_there_at_times() {
    let count = |number| modules(&case::<GcOps>(number, Features::WASM3).1).len();
    let counts: Vec<usize> = (0..1000).map(count).collect();
    let more_than = |modules| counts.iter().filter(|&&count| count > modules).count();
    assert!((100..250).contains(&more_than(1)), "{}", more_than(1));
    assert!(more_than(2) > 10, "{}", more_than(2));
}

/// One list of the types of two modules says that they are the same.
#[test]
fn what_another_module_declares_is_the_same_type() {
    let mut moved = 0;
    for number in 0..300 {
        let (case, _) = case::<GcOps>(number, Features::WASM3);
        let mut defs = case.setting.types.clone();
        let types = Types::new(&mut defs);
        let other = Other {
            order: number as u32 % 6,
            pads: number % 2 == 0,
            ..Other::default()
        };
        let declared = Declared::new(&types, types.all(), &other);
        let count = types.len();
        let theirs = declared
            .defs
            .iter()
            .map(|def| def.renumbered(|ty| ty + count));
        let mut both: Vec<_> = defs.iter().cloned().chain(theirs).collect();
        let both = Types::new(&mut both);
        for ty in types.all() {
            let there = count + declared.number(ty);
            assert_eq!(both.canonical(there), types.canonical(ty), "case {number}");
            moved += usize::from(declared.number(ty) != ty);
        }
    }
    assert!(moved > 300, "{moved}");
}

/// Where structures have labels, each label has one structure, and nothing else holds it: as many of the host's
/// objects live as structures.
#[test]
fn a_label_lives_as_long_as_its_structure() {
    let (mut labelled, mut labels) = (0, 0);
    for number in 0..1000 {
        let (_, world) = case::<GcOps>(number, Features::WASM3).0.play();
        let objects = world.objects.0.iter();
        let structures = objects.filter(|it| world.is_labelled(it.ty));
        let first: Vec<Datum> = structures.map(|it| it.data[0]).collect();
        let in_objects = world.objects.0.iter().flat_map(|it| &it.data);
        let in_exceptions = world.exceptions.iter().flat_map(|it| &it.data);
        let places = world.globals.iter().chain(&world.tables);
        let in_places = places.flat_map(|it| &it.values).map(|&it| Datum::Ref(it));
        let in_locals = world.vars.iter().map(|it| Datum::Ref(it.value));
        let held: Vec<Datum> = (in_objects.chain(in_exceptions).copied())
            .chain(in_places)
            .chain(in_locals)
            .collect();
        for label in first
            .iter()
            .filter(|it| matches!(it, Datum::Ref(Ref::Host(_))))
        {
            let holders = held.iter().filter(|it| *it == label).count();
            assert_eq!(holders, 1, "case {number}: {label:?}");
            labels += 1;
        }
        labelled += usize::from(!first.is_empty());
    }
    assert!(labelled > 80, "{labelled}");
    assert!(labels > 150, "{labels}");
}
