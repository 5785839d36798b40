//! What the operations of a case find: instances, types of functions, host functions, the shadow stack.

use crate::stress;
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Slot, Value};
use serde::{Deserialize, Serialize};
use wasm_encoder::{Ieee32, Ieee64, Instruction, ValType};

/// What bounds a setting.
const MAX_MODULES: u32 = 3;
const MAX_SIGNATURES: usize = 2;
const MAX_PARAMS: usize = 20;
const MAX_RESULTS: usize = 8;
const MAX_HOSTS: u32 = 3;

/// Plain data; [`mend`](stress::Setting::mend) mends what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the modules may use.
    pub features: Features,
    /// How many modules there are, the main one included.
    pub modules: u32,
    /// The parameters of functions that only the modules call.
    pub signatures: Vec<Vec<Ty>>,
    /// The parameters of functions that the host calls.
    pub params: Vec<Ty>,
    /// What every function gives behind its first result, an `i64`.
    pub results: Vec<Ty>,
    /// How many functions the host has.
    pub hosts: u32,
    /// Mixed into what they return and throw.
    pub host_seed: u32,
    /// Where the modules keep their shadow stack.
    pub shadow: Shadow,
    /// Whether the case begins with a start function.
    pub start: bool,
}

/// Where the modules keep their shadow stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shadow {
    /// There is none, and functions are free of its code.
    #[default]
    No,
    /// In a global that all instances share.
    Global,
    /// In a memory that they share.
    Memory,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    Extern,
}

impl Ty {
    const ALL: [Self; 5] = [Self::I64, Self::I32, Self::F64, Self::F32, Self::V128];
    const SLOTS: [Self; 3] = [Self::I64, Self::I32, Self::Extern];

    /// The same type in the encoder's words.
    pub fn encoded(self) -> ValType {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self::Extern => ValType::EXTERNREF,
        }
    }

    /// The same type at the boundary; what cannot go there is an `i64`.
    pub fn slot(self) -> Slot {
        match self {
            Self::I32 => Slot::I32,
            Self::Extern => Slot::Extern,
            _ => Slot::I64,
        }
    }

    /// The bits of the value of this type that stands at this place in a list. References are null.
    pub fn bits(self, place: u32) -> u128 {
        let word = u64::from(place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3;
        match self {
            Self::I32 | Self::F32 => (word as u32 >> 2).into(),
            Self::I64 | Self::F64 => word.into(),
            Self::V128 => u128::from(word) << 64 | u128::from(!word),
            Self::Extern => 0,
        }
    }

    /// The instruction that pushes that value.
    pub fn constant(self, place: u32) -> Instruction<'static> {
        let bits = self.bits(place);
        match self {
            Self::I32 => Instruction::I32Const((bits as u32).cast_signed()),
            Self::I64 => Instruction::I64Const((bits as u64).cast_signed()),
            Self::F32 => Instruction::F32Const(Ieee32::new(bits as u32)),
            Self::F64 => Instruction::F64Const(Ieee64::new(bits as u64)),
            Self::V128 => Instruction::V128Const(bits.cast_signed()),
            Self::Extern => Instruction::RefNull(wasm_encoder::HeapType::EXTERN),
        }
    }

    /// That value at the boundary.
    pub fn value(self, place: u32) -> Value {
        match self.slot() {
            Slot::I32 => Value::I32(self.bits(place) as u32),
            Slot::I64 => Value::I64(self.bits(place) as u64),
            Slot::Extern => Value::zero(Slot::Extern),
        }
    }

    fn within(self, features: Features) -> Self {
        let needs = match self {
            Self::V128 => Features::SIMD,
            Self::Extern => Features::REFERENCE_TYPES,
            _ => Features::empty(),
        };
        if features.contains(needs) {
            self
        } else {
            Self::I64
        }
    }
}

/// The place at which results begin, where their values are concerned.
pub const RESULTS: u32 = 100;

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let mut signatures = Vec::new();
        for _ in 0..u.int_in_range(0..=MAX_SIGNATURES)? {
            let most = if u.ratio(1, 4)? { MAX_PARAMS } else { 4 };
            signatures.push(types(u, &Ty::ALL, most)?);
        }
        let most = if u.ratio(1, 4)? { MAX_RESULTS } else { 1 };
        let mut setting = Self {
            features,
            modules: u.int_in_range(1..=MAX_MODULES)?,
            signatures,
            params: types(u, &Ty::SLOTS, 3)?,
            results: types(u, &Ty::SLOTS, most)?,
            hosts: u.int_in_range(1..=MAX_HOSTS)?,
            host_seed: u.arbitrary()?,
            shadow: match u.int_in_range(0..=4)? {
                0 | 1 => Shadow::Global,
                2 | 3 => Shadow::Memory,
                _ => Shadow::No,
            },
            start: u.ratio(1, 8)?,
        };
        setting.mend();
        Ok(setting)
    }

    fn size(&self) -> usize {
        let signatures = self.signatures.iter().map(|types| 1 + weight(types));
        signatures.sum::<usize>()
            + weight(&self.params)
            + weight(&self.results)
            + self.modules as usize
            + self.hosts as usize
            + match self.shadow {
                Shadow::No => 0,
                Shadow::Global => 1,
                Shadow::Memory => 2,
            }
            + usize::from(self.start)
    }

    fn mend(&mut self) {
        self.modules = self.modules.clamp(1, MAX_MODULES);
        self.hosts = self.hosts.clamp(1, MAX_HOSTS);
        self.signatures.truncate(MAX_SIGNATURES);
        self.results.truncate(MAX_RESULTS);
        let lists = [&mut self.params, &mut self.results];
        for types in lists {
            let features = self.features;
            types.iter_mut().for_each(|ty| {
                if !Ty::SLOTS.contains(ty) {
                    *ty = Ty::I64;
                }
                *ty = ty.within(features);
            });
        }
        for types in self.signatures.iter_mut().chain([&mut self.params]) {
            types.truncate(MAX_PARAMS);
            for ty in types {
                *ty = ty.within(self.features);
            }
        }
    }

    fn simplify(&self, with: &mut dyn FnMut(stress::Change<'_, Self>)) {
        with(&|it| it.modules = 1);
        with(&|it| it.modules -= 1);
        with(&|it| _ = it.signatures.pop());
        with(&|it| it.signatures.iter_mut().for_each(Vec::clear));
        with(&|it| _ = it.signatures.iter_mut().map(Vec::pop).count());
        with(&|it| it.params.clear());
        with(&|it| it.results.clear());
        with(&|it| _ = it.results.pop());
        with(&|it| it.hosts -= 1);
        with(&|it| it.start = false);
        with(&|it| it.shadow = Shadow::No);
        with(&|it| it.shadow = Shadow::Global);
        with(&|it| {
            let types = it.signatures.iter_mut().flatten();
            types.chain(&mut it.params).for_each(|ty| *ty = Ty::I64);
        });
    }
}

impl Setting {
    /// Whether the modules keep a shadow stack.
    pub fn has_shadow(&self) -> bool {
        self.shadow != Shadow::No
    }

    /// What every function gives.
    pub fn all_results(&self) -> Vec<Ty> {
        [Ty::I64].iter().chain(&self.results).copied().collect()
    }

    /// The parameters and the results of a function of the host's. The first one can stand for any
    /// function in a tail call; the second has nothing, the third much.
    pub fn host(&self, number: u32) -> (Vec<Ty>, Vec<Ty>) {
        match number {
            0 => (vec![Ty::I64], self.all_results()),
            1 => (Vec::new(), Vec::new()),
            _ => {
                let few = [Ty::I32, Ty::I64, Ty::I64, Ty::I32, Ty::I64];
                (few.repeat(2), vec![Ty::I32])
            }
        }
    }
}

/// How far types are from none at all.
fn weight(types: &[Ty]) -> usize {
    let weight = |ty: &Ty| if *ty == Ty::I64 { 1 } else { 2 };
    types.iter().map(weight).sum()
}

/// Some of these types.
fn types(u: &mut Unstructured<'_>, from: &[Ty], most: usize) -> Result<Vec<Ty>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| Ok(*u.choose(from)?)).collect()
}
