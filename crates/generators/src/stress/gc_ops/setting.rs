//! What the operations of a case find: types, globals, tables, segments, tags.

use super::draw::{element_heaps, of_shape, place, storage, types};
use super::groups::nearly_repeat_group;
use super::other::Other;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use crate::stress;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use serde::{Deserialize, Serialize};

/// How long tables are, and how long they can become: so little that no engine has a reason to refuse.
pub const TABLE_LENGTH: u32 = 6;
pub const TABLE_MAXIMUM: u32 = 24;

/// Plain data; [`World::new`](super::world::World::new) mends what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What the module may use.
    pub features: Features,
    /// The types.
    pub types: Vec<TypeDef>,
    /// What mutable globals hold; they begin with null.
    pub globals: Vec<Heap>,
    /// What tables hold; they begin with nulls.
    pub tables: Vec<Heap>,
    /// The fields of tags.
    pub tags: Vec<Vec<Storage>>,
    /// The functions that can be referred to, by their types.
    pub functions: Vec<u32>,
    /// The element segments.
    pub segments: Vec<Segment>,
    /// The data segment.
    pub data: Vec<u8>,
    /// The number of the host's reference that each call gets.
    pub host: u32,
    /// Whether the host makes objects, whose lives are watched.
    #[serde(default)]
    pub maker: bool,
    /// Whether structures hold an object of the host's each, made for them, so that the host can count them.
    #[serde(default)]
    pub labels: bool,
    /// Whether the heap is so small that garbage alone fills it, so that engines collect by themselves.
    pub small_heap: bool,
    /// Whether a call may end where the heap cannot hold what it asks for.
    #[serde(default)]
    pub exhausts: bool,
    /// The second instance, if there is one: then the modules run as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Other>,
    /// Whether functions may become part of the shim.
    pub fuse: bool,
    /// Whether the state is told by the digest that calls give, and no more.
    pub digest: bool,
}

/// A passive element segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What its elements are; each may be null.
    pub heap: Heap,
    /// The elements: numbers from which the nearest value that fits is made.
    pub elements: Vec<u32>,
}

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let mut types = types(u, features)?;
        let maker = u.ratio(1, 2)?;
        let labels = maker && u.ratio(1, 3)?;
        if labels {
            types.iter_mut().for_each(with_label);
        }
        let count = types.len() as u32;
        let functions = of_shape(&types, |shape| *shape == Shape::Func);
        let mut chosen = Vec::new();
        if !functions.is_empty() {
            for _ in 0..u.int_in_range(1..=2)? {
                chosen.push(*u.choose(&functions)?);
            }
        }
        let mut setting = Self {
            features,
            types,
            globals: Vec::new(),
            tables: Vec::new(),
            tags: Vec::new(),
            functions: chosen,
            segments: Vec::new(),
            data: Vec::new(),
            host: u.int_in_range(1..=7)?,
            maker,
            labels,
            small_heap: u.ratio(1, 10)?,
            exhausts: false,
            other: None,
            fuse: u.ratio(3, 4)?,
            digest: u.ratio(7, 8)?,
        };
        for _ in 0..u.int_in_range(1..=3)? {
            setting.globals.push(place(u, count)?);
        }
        for _ in 0..u.int_in_range(0..=2)? {
            setting.tables.push(place(u, count)?);
        }
        for _ in 0..u.int_in_range(0..=2)? {
            let heaps = element_heaps(&setting.types);
            let heap = match u.choose_iter(heaps) {
                Ok(heap) if u.ratio(2, 3)? => heap,
                _ => place(u, count)?,
            };
            let length = u.int_in_range(0..=5)?;
            let elements = (0..length)
                .map(|_| u.int_in_range(0..=63))
                .collect::<Result<_>>()?;
            setting.segments.push(Segment { heap, elements });
        }
        if features.contains(Features::EXCEPTIONS) {
            for _ in 0..u.int_in_range(0..=2)? {
                let fields = u.int_in_range(0..=3)?;
                let field = |_| storage(u, features, count, count);
                setting
                    .tags
                    .push((0..fields).map(field).collect::<Result<_>>()?);
            }
        }
        let length = *u.choose(&[0, 8, 24, 40])?;
        setting.data = u.bytes(length)?.to_vec();
        setting.keep_exceptions(u)?;
        setting.exhausts = u.ratio(1, 16)?;
        if u.ratio(1, 6)? {
            for _ in 0..u.int_in_range(1..=2)? {
                nearly_repeat_group(u, &mut setting.types)?;
            }
            let types = setting.types.len() as u32;
            setting.other = Some(Other::arbitrary(u, types)?);
        }
        Ok(setting)
    }

    fn size(&self) -> usize {
        let shape = |def: &TypeDef| match &def.shape {
            Shape::Struct(fields) => 3 + 2 * fields.len(),
            Shape::Array(_) => 2,
            Shape::Func => 1,
        };
        let types = self.types.iter().map(|def| {
            let declared = usize::from(def.supertype.is_some()) + usize::from(!def.is_final);
            1 + shape(def) + declared
        });
        let segments = self
            .segments
            .iter()
            .map(|segment| 1 + segment.elements.len());
        types.sum::<usize>()
            + segments.sum::<usize>()
            + self.globals.len()
            + self.tables.len()
            + self.functions.len()
            + self
                .tags
                .iter()
                .map(|fields| 1 + fields.len())
                .sum::<usize>()
            + self.data.len()
            + usize::from(self.maker)
            + usize::from(self.labels)
            + usize::from(self.small_heap)
            + usize::from(self.exhausts)
            + self.other.as_ref().map_or(0, Other::size)
            + usize::from(self.fuse)
            + usize::from(self.digest)
    }

    fn simplify(&self, with: &mut dyn FnMut(stress::Change<'_, Self>)) {
        let others = self.other.iter().flat_map(Other::simpler);
        let others: Vec<Other> = others.collect();
        with(&|it| it.types.truncate(it.types.len().div_ceil(2)));
        for at in (0..self.types.len()).rev() {
            with(&|it| without_type(&mut it.types, at));
            with(&|it| it.types[at].supertype = None);
            with(&|it| it.types[at].is_final = true);
            if let Shape::Struct(fields) = &self.types[at].shape {
                for field in (0..fields.len()).rev() {
                    with(&|it| without_field(&mut it.types[at], field));
                }
            }
        }
        with(&|it| it.globals.truncate(1));
        with(&|it| _ = it.globals.pop());
        with(&|it| _ = it.tables.pop());
        with(&|it| _ = it.functions.pop());
        with(&|it| _ = it.segments.pop());
        with(&|it| _ = it.segments.iter_mut().map(|s| s.elements.pop()).count());
        with(&|it| _ = it.tags.pop());
        with(&|it| _ = it.tags.iter_mut().map(Vec::pop).count());
        with(&|it| it.data.clear());
        with(&|it| it.maker = false);
        with(&|it| it.labels = false);
        with(&|it| it.small_heap = false);
        with(&|it| it.exhausts = false);
        with(&|it| it.other = None);
        for other in &others {
            with(&|it| it.other = Some(other.clone()));
        }
        with(&|it| it.fuse = false);
        with(&|it| it.digest = false);
    }
}

impl Setting {
    /// Adds places for exceptions, where there are any.
    fn keep_exceptions(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.tags.is_empty() {
            return Ok(());
        }
        if u.ratio(1, 2)? {
            self.globals.push(Heap::Exn);
        }
        if u.ratio(1, 8)? {
            self.tables.push(Heap::Exn);
        }
        for def in &mut self.types {
            // Subtypes are mended: they have the fields of what they are below.
            if let Shape::Struct(fields) = &mut def.shape
                && u.ratio(1, 10)?
            {
                fields.push(Field {
                    storage: Storage::Ref(RefTy::null(Heap::Exn)),
                    mutable: true,
                });
            }
        }
        Ok(())
    }
}

/// Adds the field for the label of a structure, which is the first: subtypes have it in the same place.
fn with_label(def: &mut TypeDef) {
    if let Shape::Struct(fields) = &mut def.shape {
        fields.insert(0, Field::LABEL);
    }
}

/// Takes a type away; those behind it get the numbers before.
fn without_type(types: &mut Vec<TypeDef>, at: usize) {
    let gone = types.remove(at);
    if let Some(next) = types.get_mut(at) {
        next.begins_group |= gone.begins_group;
    }
    let number = |ty: u32| ty.saturating_sub(u32::from(ty as usize >= at));
    for def in types {
        *def = def.renumbered(number);
    }
}

fn without_field(def: &mut TypeDef, at: usize) {
    if let Shape::Struct(fields) = &mut def.shape {
        fields.remove(at);
    }
}
