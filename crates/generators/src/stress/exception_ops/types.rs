//! The types of a case.

use super::neighbour::Deed;
use super::setting::Setting;
use super::value::Ty;
use super::world::{Sig, World};
use crate::stress::scopes::Payloads;
use wasm_encoder::{FieldType, RefType, StorageType, TypeSection, ValType};

/// The types of a module, by index: the structure, if there is one; functions; three for all tags that
/// carry the same.
#[derive(Clone, Debug)]
pub struct Types {
    structs: u32,
    signatures: u32,
    tags: Vec<Vec<Ty>>,
    payloads: Vec<Vec<Ty>>,
    /// Those of the neighbour's functions, as far as they are others.
    deeds: Vec<(Vec<Ty>, Vec<Ty>)>,
}

impl Types {
    fn new(setting: &Setting) -> Self {
        let tags: Vec<Vec<Ty>> = setting.tags.iter().map(|tag| tag.fields.clone()).collect();
        let mut payloads = tags.clone();
        payloads.sort();
        payloads.dedup();
        Self {
            structs: setting.has_structs().into(),
            signatures: setting.signatures.len() as u32,
            tags,
            deeds: deeds(setting),
            payloads,
        }
    }

    /// The index of the type of one of the neighbour's functions.
    pub fn deed(&self, setting: &Setting, deed: Deed) -> u32 {
        match deed {
            Deed::Throw { tag, .. } => self.tag(tag),
            Deed::ThrowKept => self.signature(Sig::Start),
            _ => {
                let ty = deed.signature(setting);
                let place = self.deeds.iter().position(|it| *it == ty).unwrap_or(0);
                self.tags_end() + place as u32
            }
        }
    }

    fn tags_end(&self) -> u32 {
        self.structs + 4 + self.signatures + 3 * self.payloads.len() as u32
    }

    /// The index of a type of functions.
    pub fn signature(&self, sig: Sig) -> u32 {
        self.structs
            + match sig {
                Sig::Start => 0,
                Sig::Host => 1,
                Sig::Recursive => 2,
                Sig::Own(number) => 3 + number,
            }
    }

    /// The index of the type of a tag.
    pub fn tag(&self, tag: u32) -> u32 {
        let fields = self.fields(tag);
        let place = self.payloads.iter().position(|payload| *payload == fields);
        self.structs + 4 + self.signatures + 3 * place.unwrap_or(0) as u32
    }

    /// The section.
    pub fn section(&self, world: &World) -> TypeSection {
        let mut section = TypeSection::new();
        if self.structs > 0 {
            structure(&mut section);
        }
        let results = |sig| match sig {
            Sig::Start | Sig::Recursive => Vec::new(),
            Sig::Host => vec![Ty::I64],
            Sig::Own(_) => world.setting.all_results(),
        };
        let own = (0..=self.signatures).map(Sig::Own);
        for sig in [Sig::Start, Sig::Host, Sig::Recursive]
            .into_iter()
            .chain(own)
        {
            section
                .ty()
                .function(encoded(&world.params(sig)), encoded(&results(sig)));
        }
        for fields in &self.payloads {
            let fields = encoded(fields);
            let exception = ValType::Ref(RefType::EXNREF);
            section.ty().function(fields.clone(), []);
            section.ty().function([], fields.clone());
            let with_exception: Vec<ValType> = fields.into_iter().chain([exception]).collect();
            section.ty().function([], with_exception);
        }
        for (params, results) in &self.deeds {
            section.ty().function(encoded(params), encoded(results));
        }
        section
    }
}

impl Payloads for Types {
    type Ty = Ty;
    const EXCEPTION: Ty = Ty::Exn;

    fn fields(&self, tag: u32) -> Vec<Ty> {
        let like = tag as usize % self.tags.len().max(1);
        self.tags.get(like).cloned().unwrap_or_default()
    }

    fn payload(&self, tag: u32) -> u32 {
        self.tag(tag) + 1
    }

    fn with_exception(&self, tag: u32) -> u32 {
        self.tag(tag) + 2
    }
}

/// The types of the neighbour's functions that there are not for other reasons.
fn deeds(setting: &Setting) -> Vec<(Vec<Ty>, Vec<Ty>)> {
    let mut all = Vec::new();
    for deed in &setting.neighbour {
        let ty = deed.signature(setting);
        if !matches!(deed, Deed::Throw { .. } | Deed::ThrowKept) && !all.contains(&ty) {
            all.push(ty);
        }
    }
    all
}

/// The type of structures.
pub fn structure(section: &mut TypeSection) {
    let field = FieldType {
        element_type: StorageType::Val(ValType::I64),
        mutable: false,
    };
    section.ty().struct_([field]);
}

/// Types in the encoder's terms.
pub fn encoded(types: &[Ty]) -> Vec<ValType> {
    types.iter().map(|ty| ty.encoded()).collect()
}

impl World {
    /// The types of the module.
    pub fn types(&self) -> Types {
        Types::new(&self.setting)
    }
}
