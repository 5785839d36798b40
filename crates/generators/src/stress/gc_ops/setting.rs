//! What the operations of a case find: types, globals, tables, segments, tags.

use super::groups::{nearly_repeat_group, repeat_group};
use super::mend::MAX_TYPES;
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
    /// Whether the heap is so small that garbage alone fills it, so that engines collect by themselves.
    pub small_heap: bool,
    /// Whether the case may end where the heap cannot hold what it asks for.
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

/// What references that operations keep are mostly of.
const PLACES: [Heap; 6] = [
    Heap::Any,
    Heap::Any,
    Heap::Eq,
    Heap::Struct,
    Heap::Array,
    Heap::Extern,
];

impl stress::Setting for Setting {
    fn arbitrary(u: &mut Unstructured<'_>, features: Features) -> Result<Self> {
        let types = types(u, features)?;
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
            maker: u.ratio(1, 2)?,
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
            + usize::from(self.small_heap)
            + usize::from(self.exhausts)
            + self.other.as_ref().map_or(0, Other::size)
            + usize::from(self.fuse)
            + usize::from(self.digest)
    }

    fn simplify(&self, with: &mut dyn FnMut(&dyn Fn(&mut Self))) {
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

/// The types of a certain shape.
fn of_shape(types: &[TypeDef], is: fn(&Shape) -> bool) -> Vec<u32> {
    let numbered = (0..).zip(types);
    let fit = numbered.filter(|(_, def)| is(&def.shape));
    fit.map(|(number, _)| number).collect()
}

/// What arrays hold: a segment of just that can be copied there.
fn element_heaps(types: &[TypeDef]) -> Vec<Heap> {
    let element = |def: &TypeDef| match def.shape {
        Shape::Array(element) => Some(element.storage.reference()?.heap),
        _ => None,
    };
    types.iter().filter_map(element).collect()
}

/// What a global, a table or a segment holds.
fn place(u: &mut Unstructured<'_>, types: u32) -> Result<Heap> {
    Ok(match u.int_in_range(0..=9)? {
        0..=6 => *u.choose(&PLACES)?,
        7 => Heap::Func,
        _ => Heap::Type(u.int_in_range(0..=types - 1)?),
    })
}

/// Types: mostly a handful, since each costs an engine time, and now and then many.
fn types(u: &mut Unstructured<'_>, features: Features) -> Result<Vec<TypeDef>> {
    let count = match u.int_in_range(0..=23)? {
        0 => MAX_TYPES,
        1 => 16,
        _ => u.int_in_range(3..=7)?,
    };
    let mut types: Vec<TypeDef> = Vec::with_capacity(count);
    while types.len() < count {
        let group = if u.ratio(1, 3)? {
            u.int_in_range(2..=4)?
        } else {
            1
        };
        let start = types.len();
        if start > 1 && u.ratio(1, 10)? {
            repeat_group(u, &mut types)?;
            continue;
        }
        let end = (start + group).min(count);
        for at in start..end {
            let def = type_def(u, features, &types, end as u32)?;
            types.push(TypeDef {
                begins_group: at == start,
                ..def
            });
        }
    }
    types.truncate(MAX_TYPES);
    Ok(types)
}

/// A type: mostly a structure, in four cases of ten below another one.
fn type_def(
    u: &mut Unstructured<'_>,
    features: Features,
    before: &[TypeDef],
    end: u32,
) -> Result<TypeDef> {
    let own = before.len() as u32;
    let open: Vec<u32> = (0..own)
        .filter(|&ty| !before[ty as usize].is_final)
        .collect();
    let supertype = if !open.is_empty() && u.ratio(2, 5)? {
        Some(*u.choose(&open)?)
    } else {
        None
    };
    let field = |u: &mut Unstructured<'_>| {
        Ok(Field {
            storage: storage(u, features, own, end)?,
            mutable: u.ratio(3, 4)?,
        })
    };
    let shape = match supertype.map(|sup| &before[sup as usize].shape) {
        Some(Shape::Struct(fields)) => {
            let mut fields = fields.clone();
            for _ in 0..u.int_in_range(0..=2)? {
                fields.push(field(u)?);
            }
            narrow(u, &mut fields, own)?;
            Shape::Struct(fields)
        }
        Some(other) => other.clone(),
        None => match u.int_in_range(0..=11)? {
            0..=5 => {
                let count = u.int_in_range(0..=4)?;
                Shape::Struct((0..count).map(|_| field(u)).collect::<Result<_>>()?)
            }
            6 => Shape::Array(Field {
                storage: *u.choose(&[Storage::I8, Storage::I16])?,
                mutable: u.ratio(3, 4)?,
            }),
            7..=9 => Shape::Array(field(u)?),
            _ => Shape::Func,
        },
    };
    Ok(TypeDef {
        begins_group: false,
        is_final: u.ratio(1, 4)?,
        supertype,
        shape,
    })
}

/// Now and then makes an inherited field narrower; where that is not allowed, it is mended.
fn narrow(u: &mut Unstructured<'_>, fields: &mut [Field], types: u32) -> Result<()> {
    for field in fields {
        if let Storage::Ref(ty) = &mut field.storage
            && !field.mutable
            && u.ratio(1, 3)?
        {
            ty.heap = *u.choose(&[Heap::Eq, Heap::Struct, Heap::I31, Heap::Type(types / 2)])?;
        }
    }
    Ok(())
}

const NUMBERS: [Storage; 7] = [
    Storage::I8,
    Storage::I16,
    Storage::I32,
    Storage::I64,
    Storage::F32,
    Storage::F64,
    Storage::V128,
];

const HEAPS: [Heap; 8] = [
    Heap::Any,
    Heap::Any,
    Heap::Eq,
    Heap::Struct,
    Heap::Array,
    Heap::I31,
    Heap::Extern,
    Heap::Func,
];

/// What a field holds: as often a reference as a number. A reference that cannot be null is to
/// what was there before, mostly, so that there are values of the type.
fn storage(u: &mut Unstructured<'_>, features: Features, own: u32, end: u32) -> Result<Storage> {
    if u.ratio(1, 2)? {
        let number = *u.choose(&NUMBERS)?;
        let vectors = features.contains(Features::SIMD) || number != Storage::V128;
        return Ok(if vectors { number } else { Storage::I64 });
    }
    let nullable = u.ratio(5, 6)?;
    let last = if nullable || u.ratio(1, 12)? {
        end
    } else {
        own
    };
    let heap = if last > 0 && u.ratio(1, 2)? {
        Heap::Type(u.int_in_range(0..=last - 1)?)
    } else {
        *u.choose(&HEAPS)?
    };
    Ok(Storage::Ref(RefTy { nullable, heap }))
}
