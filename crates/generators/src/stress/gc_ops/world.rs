//! The state of a case while its operations are performed: the model, and the code so far.
//!
//! Each call of a case is a function `(externref) -> (i64, externref)`. It gives a digest of all
//! that was loaded so far, and one reference of the host's that went through the heap. What the
//! model knows of each value (its object, and the static type that the code has for it) is a
//! [`Var`]; it lives in a local of the function, so that collections find it on the stack.

use super::matching::Types;
use super::mend::mend_places;
use super::model::{DEPTH, Datum, Exception, FACTOR, Objects, Ref, mix};
use super::other;
use super::segments::Elements;
use super::setting::{Setting, TABLE_LENGTH};
use super::types::{Heap, Hierarchy, RefTy, Storage};
use assay_engine::Outcome;
use std::collections::BTreeSet;
use wasm_encoder::{InstructionSink as Sink, ValType};

/// The index of the host's function that collects, and of that which makes an object, where there is one.
pub const COLLECT: u32 = 0;
pub const MAKE: u32 = 1;

/// The global that keeps the digest across calls and traps, and the first of the setting's.
pub const DIGEST: u32 = 0;
pub const FIRST_GLOBAL: u32 = 1;

/// The locals of each call: what the host gave, the digest, and what the host gets.
pub const HOST_LOCAL: u32 = 0;
pub const DIGEST_LOCAL: u32 = 1;
pub const OUT_LOCAL: u32 = 2;
const FIRST_LOCAL: u32 = 3;

/// What bounds a case.
pub const MAX_CALLS: usize = 6;
const MAX_VARS: usize = 40;
const MAX_OBJECTS: usize = 4000;

/// A value that operations can use.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    /// Its name.
    pub id: u32,
    /// Its static type.
    pub ty: RefTy,
    /// What it is.
    pub value: Ref,
    /// The local that it is in.
    pub local: u32,
    /// Whether it has reached the digest.
    pub seen: bool,
}

/// The code of one function.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The types of its locals, from [`FIRST_LOCAL`] on.
    pub locals: Vec<ValType>,
    /// Its instructions, without the last `end`.
    pub code: Vec<u8>,
}

/// A global or a table.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it holds, or null.
    pub heap: Heap,
    /// What it holds now: a global has one value.
    pub values: Vec<Ref>,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct World {
    /// The types.
    pub types: Types,
    /// All objects, dead or alive.
    pub objects: Objects,
    /// All exceptions that were caught as such.
    pub exceptions: Vec<Exception>,
    /// How many collections were asked for.
    pub collections: u32,
    /// The mutable globals.
    pub globals: Vec<Place>,
    /// The tables.
    pub tables: Vec<Place>,
    /// The fields of tags.
    pub tags: Vec<Vec<Storage>>,
    /// The types of the functions that can be referred to.
    pub functions: Vec<u32>,
    /// The element segments.
    pub segments: Vec<Elements>,
    /// The data segment: nothing once it is dropped.
    pub data: Vec<u8>,
    /// Whether there is a data segment.
    pub has_data: bool,
    /// The second instance, if there is one.
    pub other: Option<other::State>,
    /// Whether the heap is small.
    pub small_heap: bool,
    /// Whether a call may end where the heap does.
    pub exhausts: bool,
    /// Whether the host makes objects, one for each structure among them, and how many it has made.
    pub maker: bool,
    pub labels: bool,
    pub fresh: u32,
    /// The number of the host's reference.
    pub host: u32,
    /// The values of the current call.
    pub vars: Vec<Var>,
    /// The calls that are complete, with their answers.
    pub calls: Vec<(Body, Outcome)>,
    /// The special cases that were met, see [`corners`](super::corners).
    pub met: BTreeSet<(&'static str, &'static str)>,
    pub(super) body: Body,
    /// How many operations the current call has.
    pub(super) length: u32,
    pub(super) digest: u64,
    pub(super) out: Ref,
}

impl World {
    /// The world before the first operation; a setting is mended first.
    pub fn new(setting: &mut Setting) -> Self {
        let types = Types::new(&mut setting.types);
        mend_places(setting, &types);
        let place = |heap: &Heap, length: u32| Place {
            heap: *heap,
            values: vec![Ref::Null; length as usize],
        };
        let mut world = Self {
            objects: Objects::default(),
            exceptions: Vec::new(),
            collections: 0,
            globals: setting.globals.iter().map(|heap| place(heap, 1)).collect(),
            tables: setting
                .tables
                .iter()
                .map(|heap| place(heap, TABLE_LENGTH))
                .collect(),
            tags: setting.tags.clone(),
            functions: setting.functions.clone(),
            segments: Vec::new(),
            data: setting.data.clone(),
            has_data: !setting.data.is_empty(),
            other: None,
            small_heap: setting.small_heap,
            exhausts: setting.exhausts,
            maker: setting.maker,
            labels: setting.maker && setting.labels && setting.other.is_none(),
            fresh: 0,
            host: setting.host,
            vars: Vec::new(),
            calls: Vec::new(),
            met: BTreeSet::new(),
            body: Body::default(),
            length: 0,
            digest: 0,
            out: Ref::Null,
            types,
        };
        if let Some(other) = &setting.other {
            world.add_other(other);
        }
        for segment in &setting.segments {
            let elements = world.elements(segment);
            world.segments.push(elements);
        }
        world.begin();
        world
    }

    /// Whether there is room for one more operation.
    pub fn is_open(&self) -> bool {
        self.calls.len() < MAX_CALLS
            && self.vars.len() < MAX_VARS
            && self.objects.0.len() < MAX_OBJECTS
    }

    /// Begins the next call.
    pub(super) fn begin(&mut self) {
        self.vars.clear();
        self.length = 0;
        self.body = Body::default();
        self.out = Ref::Null;
        self.sink().global_get(DIGEST).local_set(DIGEST_LOCAL);
    }

    /// Where code goes.
    pub fn sink(&mut self) -> Sink<'_> {
        Sink::new(&mut self.body.code)
    }

    /// A new local.
    pub fn local(&mut self, ty: ValType) -> u32 {
        self.body.locals.push(ty);
        FIRST_LOCAL + self.body.locals.len() as u32 - 1
    }

    /// Mixes the `i64` on the stack, which is this number, into the digest.
    pub fn note(&mut self, number: u64) {
        self.digest = mix(self.digest, number);
        self.sink()
            .local_get(DIGEST_LOCAL)
            .i64_xor()
            .i64_const(FACTOR.cast_signed())
            .i64_mul()
            .local_set(DIGEST_LOCAL);
    }

    /// Mixes the `i32` on the stack into the digest.
    pub fn note_i32(&mut self, number: u32) {
        self.sink().i64_extend_i32_u();
        self.note(number.into());
    }

    /// Mixes the number on the stack, which a field of this type gave as its value on the stack, into the
    /// digest.
    pub fn note_number(&mut self, storage: Storage, bits: u128) {
        match storage {
            Storage::I8 | Storage::I16 | Storage::I32 => return self.note_i32(bits as u32),
            Storage::F32 => {
                self.sink().i32_reinterpret_f32();
                return self.note_i32(bits as u32);
            }
            Storage::I64 | Storage::Ref(_) => {}
            Storage::F64 => _ = self.sink().i64_reinterpret_f64(),
            Storage::V128 => {
                let local = self.local(ValType::V128);
                self.sink().local_tee(local).i64x2_extract_lane(0);
                self.note(bits as u64);
                self.sink().local_get(local).i64x2_extract_lane(1);
                return self.note((bits >> 64) as u64);
            }
        }
        self.note(bits as u64);
    }

    /// Names the reference on the stack, which is this. Every other local can be null, so that what is
    /// in it can be given up.
    pub fn give(&mut self, id: u32, mut ty: RefTy, value: Ref) {
        ty.nullable |= id.is_multiple_of(2);
        let local = self.local(ValType::Ref(ty.encoded()));
        self.sink().local_set(local);
        self.vars.push(Var {
            id,
            ty,
            value,
            local,
            seen: false,
        });
    }

    /// Notes a special case of an operator.
    pub fn meet(&mut self, operator: &'static str, case: impl Into<Option<&'static str>>) {
        self.met.extend(case.into().map(|case| (operator, case)));
    }

    /// Gives up a value, if its local can be null: then only what else refers to it keeps it.
    pub fn give_up(&mut self, var: Var) {
        if var.ty.nullable {
            let null = var.ty.heap.encoded();
            self.sink().ref_null(null).local_set(var.local);
            self.vars.retain(|other| other.id != var.id);
        }
    }

    /// Whether a reference is a value of a type of its hierarchy.
    pub fn is_of(&self, value: Ref, ty: RefTy) -> bool {
        self.objects.is_of(&self.types, &self.functions, value, ty)
    }

    /// The hierarchy of a static type.
    pub fn hierarchy(&self, ty: RefTy) -> Hierarchy {
        self.types.hierarchy(ty.heap)
    }

    /// The value of this name.
    pub fn var(&self, id: u32) -> Option<Var> {
        self.vars.iter().find(|var| var.id == id).copied()
    }

    /// The names of the values that fit.
    pub fn names(&self, fits: impl Fn(&Var) -> bool) -> Vec<u32> {
        let vars = self.vars.iter().filter(|var| fits(var));
        vars.map(|var| var.id).collect()
    }

    /// Asks the host for a collection.
    pub fn collect(&mut self) {
        self.collections += 1;
        self.sink().call(COLLECT);
    }

    /// Names a new exception.
    pub fn exception(&mut self, tag: u32, data: Vec<Datum>) -> Ref {
        self.exceptions.push(Exception {
            tag,
            data,
            born: self.collections,
        });
        Ref::Exception(self.exceptions.len() as u32 - 1)
    }

    /// Walks what a value refers to, and mixes what comes of it into the digest.
    pub fn walk(&mut self, var: Var) {
        self.seen(var.id);
        self.walk_from(var.ty, var.value, |f| _ = f.local_get(var.local));
    }

    /// Marks a value as one that reached the digest.
    pub fn seen(&mut self, id: u32) {
        let vars = self.vars.iter_mut().filter(|var| var.id == id);
        vars.for_each(|var| var.seen = true);
    }

    /// Walks the reference that is loaded, which has this static type.
    pub(super) fn walk_from(&mut self, ty: RefTy, value: Ref, load: impl Fn(&mut Sink<'_>)) {
        let hierarchy = self.hierarchy(ty);
        let opaque = matches!(hierarchy, Hierarchy::Func | Hierarchy::Exn);
        // See `refs::convert`.
        if opaque || ty.heap == Heap::NoExtern {
            load(&mut self.sink());
            self.sink().ref_is_null();
            return self.note_i32((value == Ref::Null).into());
        }
        self.sink().local_get(DIGEST_LOCAL);
        load(&mut self.sink());
        if hierarchy == Hierarchy::Extern {
            self.sink().any_convert_extern();
        }
        let walker = self.walker();
        self.sink()
            .i32_const(DEPTH.cast_signed())
            .call(walker)
            .local_set(DIGEST_LOCAL);
        let found = self.objects.walk(&self.types, value, DEPTH);
        self.digest = mix(self.digest, found);
    }

    /// The index of the function that walks.
    pub fn walker(&self) -> u32 {
        self.function(self.functions.len() as u32)
    }

    /// The index of a function that can be referred to: those of the host come first, and those of the
    /// second instance.
    pub fn function(&self, number: u32) -> u32 {
        self.first_imported() + self.imported() + number
    }

    /// The index of the first function of the second instance.
    pub fn first_imported(&self) -> u32 {
        COLLECT + 1 + u32::from(self.maker)
    }

    /// The index of the function that takes a reference and gives it back.
    pub fn passer(&self) -> u32 {
        self.walker() + 1
    }

    /// Keeps the `externref` on the stack for the host.
    pub fn set_out(&mut self, value: Ref) {
        self.out = value;
        self.sink().local_set(OUT_LOCAL);
    }
}
