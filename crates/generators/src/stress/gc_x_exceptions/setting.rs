//! What the operations of a case find: types of objects, tags, the parameters of functions, and places
//! that outlive a call.

use super::value::{Storage, Ty};
use crate::stress;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How long tables are.
pub const TABLE_LENGTH: u32 = 3;

/// What bounds a setting.
const MAX_NODES: usize = 4;
const MAX_TAGS: usize = 5;
const MAX_FIELDS: usize = 6;
const MAX_SIGNATURES: usize = 2;
const MAX_PLACES: usize = 3;

/// Plain data; [`mend`](stress::Setting::mend) mends what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the module may use.
    pub features: Features,
    /// What structures hold behind their number and the reference to the next one.
    pub nodes: Vec<Vec<Storage>>,
    /// What exceptions carry.
    pub tags: Vec<Vec<Ty>>,
    /// The parameters of functions that are not exported. All exported ones take one `externref`.
    pub signatures: Vec<Vec<Ty>>,
    /// What globals hold.
    pub globals: Vec<Place>,
    /// What the elements of tables are.
    pub tables: Vec<Place>,
    /// Whether there are arrays of vectors.
    pub vectors: bool,
    /// Mixed into what the host returns and throws.
    pub host_seed: u32,
    /// The number of the host's reference that each call gets.
    pub reference: u32,
    /// Whether the heap is so small that garbage alone fills it, so that engines collect by themselves.
    pub small_heap: bool,
    /// Whether functions may become part of the shim.
    pub fuse: bool,
    /// Whether the state is told by the digest that calls give, and no more.
    pub digest: bool,
}

/// What a global or a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Place {
    Object,
    Exception,
}

impl Place {
    /// The type of what it holds.
    pub fn ty(self) -> Ty {
        match self {
            Self::Object => Ty::Eq,
            Self::Exception => Ty::Exn,
        }
    }
}

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let nodes = (0..u.int_in_range(1..=3)?).map(|_| node(u));
        let nodes = nodes.collect::<Result<_>>()?;
        let signatures = (0..u.int_in_range(1..=2)?).map(|_| types(u, 1..=4));
        let signatures = signatures.collect::<Result<_>>()?;
        let mut setting = Self {
            features,
            nodes,
            tags: tags(u)?,
            vectors: u.ratio(1, 6)?,
            signatures,
            globals: places(u, 1..=3)?,
            tables: places(u, 0..=2)?,
            host_seed: u.arbitrary()?,
            reference: u.int_in_range(1..=7)?,
            small_heap: u.ratio(1, 10)?,
            fuse: u.ratio(3, 4)?,
            digest: u.ratio(7, 8)?,
        };
        setting.mend();
        Ok(setting)
    }

    fn size(&self) -> usize {
        let nodes = self.nodes.iter().map(|fields| 1 + fields.len());
        let types = self.tags.iter().chain(&self.signatures);
        let types = types.map(|types| 1 + types.iter().map(|ty| complexity(*ty)).sum::<usize>());
        let switches = [self.vectors, self.small_heap, self.fuse, self.digest];
        nodes.sum::<usize>()
            + types.sum::<usize>()
            + self.globals.len()
            + self.tables.len()
            + switches.into_iter().filter(|&on| on).count()
    }

    fn mend(&mut self) {
        self.nodes.truncate(MAX_NODES);
        self.tags.truncate(MAX_TAGS);
        self.signatures.truncate(MAX_SIGNATURES);
        self.globals.truncate(MAX_PLACES);
        self.tables.truncate(MAX_PLACES);
        if self.nodes.is_empty() {
            self.nodes.push(Vec::new());
        }
        if self.tags.is_empty() {
            self.tags.push(Vec::new());
        }
        if self.signatures.is_empty() {
            self.signatures.push(Vec::new());
        }
        let features = self.features;
        for fields in &mut self.nodes {
            fields.truncate(MAX_FIELDS);
            for field in fields {
                if let Storage::Value(ty) = field {
                    *ty = ty.within(features);
                }
            }
        }
        for types in self.tags.iter_mut().chain(&mut self.signatures) {
            types.truncate(MAX_FIELDS);
            types.iter_mut().for_each(|ty| *ty = ty.within(features));
        }
        for fields in &mut self.nodes {
            for field in fields {
                if let Storage::Value(ty) = field {
                    *ty = ty.nullable();
                }
            }
        }
        let signatures = self.signatures.iter_mut().flatten();
        signatures.for_each(|ty| *ty = ty.nullable());
        self.vectors &= features.contains(Features::SIMD);
        self.reference = self.reference.clamp(1, 1000);
    }

    fn simplify(&self, with: &mut dyn FnMut(stress::Change<'_, Self>)) {
        for at in (0..self.tags.len()).rev() {
            with(&|it| _ = it.tags.remove(at));
            for field in (0..self.tags[at].len()).rev() {
                with(&|it| _ = it.tags[at].remove(field));
                with(&|it| it.tags[at][field] = Ty::Eq);
            }
        }
        for at in (0..self.nodes.len()).rev() {
            with(&|it| _ = it.nodes.remove(at));
            for field in (0..self.nodes[at].len()).rev() {
                with(&|it| _ = it.nodes[at].remove(field));
            }
        }
        with(&|it| _ = it.signatures.pop());
        with(&|it| _ = it.signatures.iter_mut().map(Vec::pop).count());
        with(&|it| _ = it.globals.pop());
        with(&|it| _ = it.tables.pop());
        with(&|it| it.vectors = false);
        with(&|it| it.small_heap = false);
        with(&|it| it.fuse = false);
        with(&|it| it.digest = false);
    }
}

impl Setting {
    /// The fields of structures.
    pub fn fields(&self) -> Vec<Vec<Storage>> {
        let all = |own: &Vec<Storage>| {
            let first = [Ty::I64, Ty::Eq].map(Storage::Value);
            first.iter().chain(own).copied().collect()
        };
        self.nodes.iter().map(all).collect()
    }
}

/// How far a type is from the plainest.
fn complexity(ty: Ty) -> usize {
    match ty {
        Ty::Eq => 1,
        _ if ty == ty.nullable() => 2,
        _ => 3,
    }
}

/// A type of values: references more often than numbers.
fn ty(u: &mut Unstructured<'_>) -> Result<Ty> {
    Ok(match u.int_in_range(0..=9)? {
        0..=2 => *u.choose(&Ty::NUMBERS)?,
        3..=5 => Ty::Eq,
        6 => Ty::Exn,
        _ => *u.choose(&Ty::REFERENCES)?,
    })
}

fn types(u: &mut Unstructured<'_>, count: RangeInclusive<usize>) -> Result<Vec<Ty>> {
    (0..u.int_in_range(count)?).map(|_| ty(u)).collect()
}

fn node(u: &mut Unstructured<'_>) -> Result<Vec<Storage>> {
    let field = |u: &mut Unstructured<'_>| {
        Ok(match u.int_in_range(0..=9)? {
            0 | 1 => Storage::I8,
            2 => Storage::I16,
            3 | 4 => Storage::Value(Ty::Exn),
            _ => Storage::Value(ty(u)?),
        })
    };
    (0..u.int_in_range(0..=4)?).map(|_| field(u)).collect()
}

/// Tags: a few, so that clauses often fit what is thrown. One in five has fields that a host can throw,
/// one in ten as many as there can be.
fn tags(u: &mut Unstructured<'_>) -> Result<Vec<Vec<Ty>>> {
    let some = |u: &mut Unstructured<'_>| match u.int_in_range(0..=9)? {
        0 => types(u, MAX_FIELDS..=MAX_FIELDS),
        1 | 2 => {
            let count = u.int_in_range(0..=3)?;
            let field = |_| Ok(*u.choose(&[Ty::I64, Ty::I32])?);
            (0..count).map(field).collect()
        }
        _ => types(u, 1..=4),
    };
    let tag = |u: &mut Unstructured<'_>| {
        let mut fields: Vec<Ty> = some(u)?;
        for ty in &mut fields {
            if *ty != ty.non_null() && u.ratio(1, 6)? {
                *ty = ty.non_null();
            }
        }
        Ok(fields)
    };
    (0..u.int_in_range(1..=3)?).map(|_| tag(u)).collect()
}

fn places(u: &mut Unstructured<'_>, count: RangeInclusive<usize>) -> Result<Vec<Place>> {
    let count = u.int_in_range(count)?;
    let place = |_| Ok(*u.choose(&[Place::Object, Place::Exception])?);
    (0..count).map(place).collect()
}
