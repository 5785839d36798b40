//! What the operations of a case find: the types of the host's functions, and how they are reached.

use crate::stress;
use crate::stress::exception_ops::value::{Datum, Ty};
use crate::stress::naming::distinct;
use arbitrary::{Result, Unstructured};
use assay_engine::{Features, Reference, Value};
use serde::{Deserialize, Serialize};

/// What bounds a setting.
const MAX_IMPORTS: usize = 5;
const MAX_VALUES: usize = 12;
const MAX_FIELDS: usize = 3;
const MAX_PARAMS: usize = 3;
const MAX_RESULTS: usize = 2;

/// Plain data; [`mend`](stress::Setting::mend) mends what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the module may use.
    pub features: Features,
    /// Whether the module runs as it is, so that its own types are those that the embedder sees. Else it
    /// is prepared as all others are.
    pub bare: bool,
    /// The functions that are imported.
    pub imports: Vec<Signature>,
    /// The parameters of what the host calls.
    pub params: Vec<Ty>,
    /// What that gives behind the digest.
    pub results: Vec<Ty>,
    /// What the tag carries, where there are exceptions.
    pub fields: Vec<Ty>,
    /// Mixed into what the host returns and throws.
    pub host_seed: u32,
    /// The number of the host's reference that calls get.
    pub reference: u32,
    /// Whether the case begins with a start function.
    pub start: bool,
    /// Whether functions may become part of the shim.
    pub fuse: bool,
    /// Whether the state is told as one digest.
    pub digest: bool,
}

/// The type of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Its parameters.
    pub params: Vec<Ty>,
    /// Its results.
    pub results: Vec<Ty>,
}

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let bare = u.ratio(1, 2)?;
        let choice = choice(features, bare);
        let mut imports = Vec::new();
        for _ in 0..u.int_in_range(1..=4)? {
            imports.push(signature(u, &choice)?);
        }
        let plain: Vec<Ty> = choice
            .iter()
            .copied()
            .filter(|ty| ty.is_plain() || *ty == Ty::Extern)
            .collect();
        Ok(Self {
            features,
            bare,
            imports,
            params: types(u, &plain, MAX_PARAMS)?,
            results: types(u, &plain, MAX_RESULTS)?,
            fields: types(u, &[Ty::I64, Ty::I32], MAX_FIELDS)?,
            host_seed: u.arbitrary()?,
            reference: u.int_in_range(1..=7)?,
            start: u.ratio(1, 6)?,
            fuse: u.ratio(3, 4)?,
            digest: u.ratio(7, 8)?,
        })
    }

    fn size(&self) -> usize {
        let weight = |types: &[Ty]| -> usize {
            let weights = types.iter().map(|&ty| 1 + usize::from(ty != Ty::I64));
            weights.sum()
        };
        let imports = self.imports.iter();
        let imports = imports.map(|it| 2 + weight(&it.params) + weight(&it.results));
        let switches = [self.start, self.fuse, self.digest];
        imports.sum::<usize>()
            + weight(&self.params)
            + weight(&self.results)
            + weight(&self.fields)
            + switches.into_iter().filter(|&on| on).count()
    }

    fn mend(&mut self) {
        let choice = choice(self.features, self.bare);
        let within = |types: &mut Vec<Ty>, most: usize| {
            types.truncate(most);
            for ty in types {
                if !choice.contains(ty) {
                    *ty = Ty::I64;
                }
            }
        };
        self.imports.truncate(MAX_IMPORTS);
        if self.imports.is_empty() {
            self.imports.push(Signature {
                params: Vec::new(),
                results: Vec::new(),
            });
        }
        for import in &mut self.imports {
            within(&mut import.params, MAX_VALUES);
            within(&mut import.results, MAX_VALUES);
        }
        within(&mut self.params, MAX_PARAMS);
        within(&mut self.results, MAX_RESULTS);
        within(&mut self.fields, MAX_FIELDS);
        for ty in self.params.iter_mut().chain(&mut self.results) {
            if !ty.is_plain() && *ty != Ty::Extern {
                *ty = Ty::I64;
            }
        }
        for ty in &mut self.fields {
            if *ty != Ty::I32 {
                *ty = Ty::I64;
            }
        }
        self.reference = self.reference.clamp(1, 1000);
    }

    fn simplify(&self, with: &mut dyn FnMut(stress::Change<'_, Self>)) {
        for at in (0..self.imports.len()).rev() {
            with(&|it| _ = it.imports.remove(at));
            with(&|it| it.imports[at].params.clear());
            with(&|it| it.imports[at].results.clear());
            with(&|it| _ = it.imports[at].params.pop());
            with(&|it| _ = it.imports[at].results.pop());
            with(&|it| it.imports[at].params.fill(Ty::I64));
            with(&|it| it.imports[at].results.fill(Ty::I64));
        }
        with(&|it| it.params.clear());
        with(&|it| it.results.clear());
        with(&|it| it.fields.clear());
        with(&|it| it.start = false);
        with(&|it| it.fuse = false);
        with(&|it| it.digest = false);
    }
}

impl Setting {
    /// The arguments of what the host calls.
    pub fn arguments(&self) -> Vec<Datum> {
        let argument = |(place, &ty): (u32, &Ty)| match ty {
            Ty::Extern => Datum::Extern(self.reference),
            _ => Datum::of(ty, distinct(u32::from(u8::MAX), place)),
        };
        (0..).zip(&self.params).map(argument).collect()
    }

    /// The same as the host has them.
    pub fn argument_values(&self) -> Vec<Value> {
        let pairs = self.params.iter().zip(self.arguments());
        pairs
            .map(|(&ty, datum)| match datum {
                Datum::Extern(number) => Value::Ref(Reference::Extern(number)),
                _ => datum.seen(ty),
            })
            .collect()
    }

    /// What functions that the host calls give.
    pub fn all_results(&self) -> Vec<Ty> {
        [Ty::I64].iter().chain(&self.results).copied().collect()
    }

    /// Whether there is a type of structures.
    pub fn has_structs(&self) -> bool {
        self.imports
            .iter()
            .any(|it| it.params.contains(&Ty::Struct) || it.results.contains(&Ty::Struct))
    }
}

/// The types that there may be.
fn choice(features: Features, bare: bool) -> Vec<Ty> {
    let has = |ty: &Ty| match ty {
        Ty::I32 | Ty::I64 => true,
        Ty::Extern => features.contains(Features::REFERENCE_TYPES),
        _ if bare => false,
        Ty::F32 | Ty::F64 => true,
        Ty::V128 => features.contains(Features::SIMD),
        Ty::Func => features.contains(Features::REFERENCE_TYPES),
        Ty::Exn => features.contains(Features::EXCEPTIONS),
        Ty::I31 | Ty::Struct => features.contains(Features::GC),
        Ty::NonNullFunc | Ty::NonNullExtern | Ty::NonNullStruct => false,
    };
    Ty::ALL.into_iter().filter(has).collect()
}

/// Mostly a few values, and one time in eight as many as there can be.
fn signature(u: &mut Unstructured<'_>, choice: &[Ty]) -> Result<Signature> {
    let mut side = |few: usize| {
        let most = if u.ratio(1, 8)? { MAX_VALUES } else { few };
        types(u, choice, most)
    };
    Ok(Signature {
        params: side(4)?,
        results: side(2)?,
    })
}

/// So many types at most.
fn types(u: &mut Unstructured<'_>, choice: &[Ty], most: usize) -> Result<Vec<Ty>> {
    let count = u.int_in_range(0..=most)?;
    (0..count).map(|_| Ok(*u.choose(choice)?)).collect()
}
