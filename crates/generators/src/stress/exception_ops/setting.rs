//! What the operations of a case find: tags, the types of functions, places for exceptions.

use super::neighbour::{Deed, Handler, MAX_DEEDS};
use super::value::Ty;
use crate::stress;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use serde::{Deserialize, Serialize};

/// How long the table of exceptions is.
pub const TABLE_LENGTH: u32 = 3;

/// What bounds a setting.
const MAX_TAGS: usize = 6;
const MAX_FIELDS: usize = 6;
const MAX_SIGNATURES: usize = 2;
const MAX_VALUES: usize = 4;
const MAX_GLOBALS: u32 = 3;

/// Plain data; [`mend`](stress::Setting::mend) mends what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the module may use.
    pub features: Features,
    /// The tags; imported ones come first.
    pub tags: Vec<Tag>,
    /// What every function gives behind its first result, an `i64`.
    pub results: Vec<Ty>,
    /// The parameters of functions that are not exported. All exported ones take one `externref`.
    pub signatures: Vec<Vec<Ty>>,
    /// How many globals can hold an exception.
    pub globals: u32,
    /// Whether there is a table that can.
    pub table: bool,
    /// Whether there is a function of the host's.
    pub host: bool,
    /// Mixed into what it returns and throws.
    pub host_seed: u32,
    /// The number of the host's reference that each call gets.
    pub reference: u32,
    /// Whether the case begins with a start function.
    pub start: bool,
    /// Whether the host reads the exceptions that leave a call; the shim does else.
    pub uncaught: bool,
    /// Whether functions may become part of the shim.
    pub fuse: bool,
    /// Whether the state is told by the digest that calls give, and no more.
    pub digest: bool,
    /// Whether the module runs as it is, without fuel and shims; always where there is a neighbour.
    pub bare: bool,
    /// The functions of a second instance.
    pub neighbour: Vec<Deed>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// What its exceptions carry.
    pub fields: Vec<Ty>,
    /// The name under which it is imported, if it is. Two tags of one name are one tag under two
    /// indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<u32>,
}

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let tags = tags(u, features)?;
        let results = match u.int_in_range(0..=3)? {
            0 | 1 => Vec::new(),
            // What the payload of a tag fits, so that a clause can have the function's own label.
            2 => match tags.iter().find(|tag| tag.fields.first() == Some(&Ty::I64)) {
                Some(tag) => tag.fields.iter().skip(1).map(|ty| ty.nullable()).collect(),
                None => Vec::new(),
            },
            _ => types(u, features, 1..=2)?,
        };
        let mut signatures = Vec::new();
        if u.ratio(1, 2)? {
            signatures.push(types(u, features, 1..=MAX_VALUES)?);
        }
        let host = u.ratio(2, 5)?;
        let plain = tags
            .iter()
            .all(|tag| tag.fields.iter().all(|it| it.is_plain()));
        Ok(Self {
            features,
            results,
            signatures,
            globals: u.int_in_range(0..=2)?,
            table: u.ratio(1, 2)?,
            host,
            host_seed: u.arbitrary()?,
            reference: u.int_in_range(1..=7)?,
            start: u.ratio(1, 8)?,
            uncaught: plain && u.ratio(1, 3)?,
            fuse: u.ratio(3, 4)?,
            digest: u.ratio(7, 8)?,
            bare: u.ratio(1, 12)?,
            neighbour: neighbour(u, &tags)?,
            tags,
        })
    }

    fn size(&self) -> usize {
        let tags = self.tags.iter().map(|tag| {
            let fields: usize = tag.fields.iter().map(|&ty| complexity(ty)).sum();
            2 + fields + usize::from(tag.import.is_some())
        });
        let signatures = self.signatures.iter().map(|types| 1 + types.len());
        let switches = [
            self.table,
            self.host,
            self.start,
            self.uncaught,
            self.fuse,
            self.digest,
            self.bare,
        ];
        tags.sum::<usize>()
            + signatures.sum::<usize>()
            + self.results.len()
            + self.globals as usize
            + self
                .neighbour
                .iter()
                .map(|it| it.complexity())
                .sum::<usize>()
            + switches.into_iter().filter(|&on| on).count()
    }

    fn mend(&mut self) {
        self.tags.truncate(MAX_TAGS);
        if self.tags.is_empty() {
            self.tags.push(Tag {
                fields: Vec::new(),
                import: None,
            });
        }
        self.tags.sort_by_key(|tag| tag.import.is_none());
        for at in 0..self.tags.len() {
            let import = self.tags[at].import;
            let first = self.tags.iter().position(|tag| tag.import == import);
            match first {
                Some(first) if import.is_some() && first < at => {
                    self.tags[at].fields = self.tags[first].fields.clone();
                }
                _ => {
                    self.tags[at].fields.truncate(MAX_FIELDS);
                    within(&mut self.tags[at].fields, self.features);
                }
            }
        }
        self.signatures.truncate(MAX_SIGNATURES);
        for types in self.signatures.iter_mut().chain([&mut self.results]) {
            types.truncate(MAX_FIELDS);
            types.iter_mut().for_each(|ty| *ty = ty.nullable());
            within(types, self.features);
        }
        self.globals = self.globals.min(MAX_GLOBALS);
        self.reference = self.reference.clamp(1, 1000);
        self.neighbour.truncate(MAX_DEEDS);
        for deed in &mut self.neighbour {
            deed.mend(self.tags.len(), self.features);
        }
        self.bare |= !self.neighbour.is_empty();
        if self.bare {
            // What calls give is told as it is, and there need be no host's reference in an `externref`.
            let crosses = |ty: &Ty| matches!(ty, Ty::I32 | Ty::I64);
            let results = self.results.iter_mut().filter(|ty| !crosses(ty));
            results.for_each(|ty| *ty = Ty::I64);
        }
        self.uncaught = (self.uncaught || self.bare) && self.is_plain();
    }

    fn simplify(&self, with: &mut dyn FnMut(stress::Change<'_, Self>)) {
        for at in (0..self.tags.len()).rev() {
            with(&|it| _ = it.tags.remove(at));
            with(&|it| it.tags[at].fields.clear());
            with(&|it| it.tags[at].import = None);
            for field in (0..self.tags[at].fields.len()).rev() {
                with(&|it| _ = it.tags[at].fields.remove(field));
                with(&|it| it.tags[at].fields[field] = Ty::I64);
                with(&|it| it.tags[at].fields[field] = it.tags[at].fields[field].nullable());
            }
        }
        with(&|it| it.neighbour.clear());
        with(&|it| (it.bare, it.neighbour) = (false, Vec::new()));
        for at in (0..self.neighbour.len()).rev() {
            with(&|it| _ = it.neighbour.remove(at));
            with(&|it| it.neighbour[at] = it.neighbour[at].plainer());
        }
        with(&|it| it.results.clear());
        with(&|it| _ = it.signatures.pop());
        with(&|it| _ = it.signatures.iter_mut().map(Vec::pop).count());
        with(&|it| it.globals = it.globals.saturating_sub(1));
        with(&|it| it.table = false);
        with(&|it| it.host = false);
        with(&|it| it.start = false);
        with(&|it| it.uncaught = false);
        with(&|it| it.fuse = false);
        with(&|it| it.digest = false);
    }
}

impl Setting {
    /// Whether the host can read all exceptions.
    fn is_plain(&self) -> bool {
        let mut fields = self.tags.iter().flat_map(|tag| &tag.fields);
        fields.all(|ty| ty.is_plain())
    }

    /// Whether no exception may leave a call: there is no shim to catch it, and the host cannot read it.
    pub fn guards_calls(&self) -> bool {
        self.bare && !self.uncaught
    }

    /// The tag of the neighbour's own that is like one of the case.
    pub fn own(&self, tag: u32) -> u32 {
        self.tags.len() as u32 + tag
    }

    /// The tag that the neighbour has for one of the case: the very same, if that is imported.
    pub fn seen(&self, tag: u32) -> u32 {
        let import = self.tags.get(tag as usize).and_then(|tag| tag.import);
        import.map_or(self.own(tag), |_| tag)
    }

    /// What a tag carries, be it the case's or the neighbour's own.
    pub fn fields(&self, tag: u32) -> Vec<Ty> {
        let like = tag as usize % self.tags.len().max(1);
        self.tags
            .get(like)
            .map_or(Vec::new(), |tag| tag.fields.clone())
    }

    /// The first tag that is the same as this one.
    pub fn same_as(&self, tag: u32) -> u32 {
        let import = self.tags.get(tag as usize).and_then(|tag| tag.import);
        let first = self.tags.iter().position(|tag| tag.import == import);
        match first {
            Some(first) if import.is_some() => first as u32,
            _ => tag,
        }
    }

    /// Whether two tags are one.
    pub fn are_same(&self, a: u32, b: u32) -> bool {
        self.same_as(a) == self.same_as(b)
    }

    /// Whether there is a type of structures.
    pub fn has_structs(&self) -> bool {
        let fields = self.tags.iter().flat_map(|tag| &tag.fields);
        let values = self.signatures.iter().flatten().chain(&self.results);
        fields.chain(values).any(|&ty| ty.nullable() == Ty::Struct)
    }

    /// What every function gives.
    pub fn all_results(&self) -> Vec<Ty> {
        [Ty::I64].iter().chain(&self.results).copied().collect()
    }
}

/// How far a type is from the plainest.
fn complexity(ty: Ty) -> usize {
    match ty {
        Ty::I64 => 1,
        _ if ty == ty.nullable() => 2,
        _ => 3,
    }
}

/// Makes types those that these features have.
fn within(types: &mut [Ty], features: Features) {
    types.iter_mut().for_each(|ty| *ty = ty.within(features));
}

/// Some types: numbers more often than references.
fn types(
    u: &mut Unstructured<'_>,
    features: Features,
    count: std::ops::RangeInclusive<usize>,
) -> Result<Vec<Ty>> {
    let ty = |u: &mut Unstructured<'_>| {
        let from = if u.ratio(3, 5)? {
            &Ty::ALL[..5]
        } else {
            &Ty::ALL
        };
        Ok(u.choose(from)?.within(features))
    };
    (0..u.int_in_range(count)?).map(|_| ty(u)).collect()
}

/// Tags: a few, so that clauses often fit what is thrown. One in three has fields that a host can throw,
/// one in ten as many as there can be.
fn tags(u: &mut Unstructured<'_>, features: Features) -> Result<Vec<Tag>> {
    let mut tags: Vec<Tag> = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        if !tags.is_empty() && u.ratio(1, 4)? {
            // The same type, or the very same tag.
            let again = u.choose(&tags)?.clone();
            tags.push(again);
            continue;
        }
        let mut fields = match u.int_in_range(0..=9)? {
            0 => types(u, features, MAX_FIELDS..=MAX_FIELDS)?,
            1 => Vec::new(),
            2..=4 => {
                let from = [Ty::I64, Ty::I32];
                let count = u.int_in_range(1..=3)?;
                let fields = (0..count).map(|_| Ok(*u.choose(&from)?));
                fields.collect::<Result<_>>()?
            }
            _ => types(u, features, 1..=MAX_VALUES)?,
        };
        for ty in &mut fields {
            if *ty != ty.non_null() && u.ratio(1, 3)? {
                *ty = ty.non_null().within(features);
            }
        }
        let import = if u.ratio(1, 3)? {
            Some(u.int_in_range(0..=7)?)
        } else {
            None
        };
        tags.push(Tag { fields, import });
    }
    Ok(tags)
}

/// The functions of a second instance, in one case of five, since its module costs as much as some
/// functions.
fn neighbour(u: &mut Unstructured<'_>, tags: &[Tag]) -> Result<Vec<Deed>> {
    if !u.ratio(1, 5)? {
        return Ok(Vec::new());
    }
    let imported = (0..).zip(tags).filter(|(_, tag)| tag.import.is_some());
    let imported: Vec<u32> = imported.map(|(tag, _)| tag).collect();
    let deed = |u: &mut Unstructured<'_>| {
        let tag = match imported.as_slice() {
            // Mostly one that both have.
            some if !some.is_empty() && u.ratio(2, 3)? => *u.choose(some)?,
            _ => u.int_in_range(0..=tags.len().saturating_sub(1))? as u32,
        };
        Ok(match u.int_in_range(0..=7)? {
            0..=2 => Deed::Throw {
                tag,
                own: u.ratio(1, 4)?,
                decoy: u.arbitrary()?,
            },
            3..=5 => Deed::Call {
                handler: *u.choose(&Handler::ALL)?,
                tag,
            },
            6 => Deed::Keep,
            _ => *u.choose(&[Deed::Give, Deed::ThrowKept])?,
        })
    };
    let count = u.int_in_range(1..=MAX_DEEDS - 1)?;
    let mut deeds = (0..count).map(|_| deed(u)).collect::<Result<Vec<Deed>>>()?;
    // What is kept is of use only where it is also given back, and the other way around.
    let gives = |deed: &Deed| matches!(deed, Deed::Give | Deed::ThrowKept);
    match (deeds.iter().any(gives), deeds.iter().any(|it| it.takes())) {
        (true, false) => deeds.push(Deed::Keep),
        (false, true) => deeds.push(*u.choose(&[Deed::Give, Deed::ThrowKept])?),
        _ => {}
    }
    Ok(deeds)
}
