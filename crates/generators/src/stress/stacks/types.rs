//! The types that all modules of a case have.

use super::body::Sig;
use super::model::fields;
use super::setting::{Setting, Ty};
use assay_engine::Features;
use std::collections::BTreeSet;
use wasm_encoder::{RefType, StorageType, TypeSection, ValType};

/// The indices of types: those of tags and of blocks first, an array, those of functions.
#[derive(Clone, Copy, Debug)]
pub struct Types;

/// How many tags there are.
pub const TAGS: u32 = 2;

impl Types {
    /// The type of a block that ends with a field and its exception.
    pub const FIELD_AND_EXCEPTION: u32 = TAGS;
    /// An array.
    pub const ARRAY: u32 = TAGS + 1;
    const FUNCTIONS: u32 = TAGS + 2;

    /// The index of the type of a function.
    pub fn signature(setting: &Setting, sig: Sig) -> u32 {
        Self::FUNCTIONS
            + match sig {
                Sig::Start => 0,
                Sig::Level => 1,
                Sig::Export => 2,
                Sig::Host(number) => 3 + number,
                Sig::Own(number) => 3 + setting.hosts + number,
            }
    }

    /// The section of a module that uses these types. The others are all the same plain one, since each
    /// type of functions costs an engine a trampoline.
    pub fn section(setting: &Setting, used: &BTreeSet<u32>) -> TypeSection {
        let mut section = TypeSection::new();
        let all = Self::all(setting);
        for (number, inner) in (0..).zip(all) {
            match inner {
                Type::Array => section.ty().array(&StorageType::Val(ValType::I32), true),
                Type::Function(params, results) if used.contains(&number) => {
                    section.ty().function(params, results);
                }
                Type::Function(..) => section.ty().function([], []),
            }
        }
        section
    }

    /// All of them. What needs a feature that is missing is something plain.
    fn all(setting: &Setting) -> Vec<Type> {
        let has = |feature| setting.features.contains(feature);
        let fields = |tag| fields(tag).iter().map(|_| ValType::I64).collect();
        let mut all: Vec<Type> = (0..TAGS)
            .map(|tag| Type::Function(fields(tag), Vec::new()))
            .collect();
        let exception = has(Features::EXCEPTIONS).then_some(ValType::Ref(RefType::EXNREF));
        let both = [ValType::I64].into_iter().chain(exception);
        all.push(Type::Function(Vec::new(), both.collect()));
        all.push(match has(Features::GC) {
            true => Type::Array,
            false => Type::Function(Vec::new(), Vec::new()),
        });
        let encoded = |types: Vec<Ty>| types.into_iter().map(|ty| ty.encoded()).collect();
        let hosts = (0..setting.hosts).map(Sig::Host);
        let own = (0..setting.signatures.len() as u32).map(Sig::Own);
        let signatures = [Sig::Start, Sig::Level, Sig::Export].into_iter();
        all.extend(signatures.chain(hosts).chain(own).map(|sig| {
            Type::Function(encoded(setting.params(sig)), encoded(setting.results(sig)))
        }));
        all
    }
}

/// A type.
enum Type {
    /// The array.
    Array,
    /// One of functions, by parameters and results.
    Function(Vec<ValType>, Vec<ValType>),
}
