//! The types that all modules of a case have.

use super::body::Sig;
use super::model::fields;
use super::setting::{Setting, Ty};
use assay_engine::Features;
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

    /// The section. What needs a feature that is missing is something plain.
    pub fn section(setting: &Setting) -> TypeSection {
        let mut section = TypeSection::new();
        for tag in 0..TAGS {
            section
                .ty()
                .function(fields(tag).iter().map(|_| ValType::I64), []);
        }
        let mut both = vec![ValType::I64];
        if setting.features.contains(Features::EXCEPTIONS) {
            both.push(ValType::Ref(RefType::EXNREF));
        }
        section.ty().function([], both);
        if setting.features.contains(Features::GC) {
            section.ty().array(&StorageType::Val(ValType::I32), true);
        } else {
            section.ty().function([], []);
        }
        let encoded = |types: Vec<Ty>| types.into_iter().map(|ty| ty.encoded()).collect::<Vec<_>>();
        let hosts = (0..setting.hosts).map(Sig::Host);
        let own = (0..setting.signatures.len() as u32).map(Sig::Own);
        let all = [Sig::Start, Sig::Level, Sig::Export].into_iter();
        for sig in all.chain(hosts).chain(own) {
            let results = encoded(setting.results(sig));
            section.ty().function(encoded(setting.params(sig)), results);
        }
        section
    }
}
