//! The function that walks a graph, inside the module: what [`Objects::walk`] does.
//!
//! It knows the types of the objects that there are, and no others.

use super::matching::Types;
use super::model::{DEPTH, ELEMENTS, FACTOR, HOST, I31, NULL, OBJECT, Objects, TOO_DEEP};
use super::types::{Heap, Hierarchy, RefTy, Storage};
use std::collections::BTreeSet;
use wasm_encoder::{BlockType, Function, InstructionSink as Sink, ValType};

/// The parameters and locals.
const BEFORE: u32 = 0;
const REFERENCE: u32 = 1;
const DEPTH_LEFT: u32 = 2;
const DIGEST: u32 = 3;
const AT: u32 = 4;
const LENGTH: u32 = 5;
const OBJECTS: u32 = 6;

/// The types of these objects, each once for all that are the same, the last first: what is below
/// another comes before it.
fn types_of(types: &Types, objects: &Objects) -> Vec<u32> {
    let all = objects.0.iter().map(|object| types.canonical(object.ty));
    let all: BTreeSet<u32> = all.collect();
    all.into_iter().rev().collect()
}

/// The function, `(i64, anyref, i32) -> i64`, whose own index is `index`: mixes what a walk says into a
/// digest. All ways lead to the end of one block, with the word on the stack.
pub fn walker(types: &Types, objects: &Objects, index: u32) -> Function {
    let known = types_of(types, objects);
    let reference = |ty: u32| ValType::Ref(RefTy::null(Heap::Type(ty)).encoded());
    let mut locals = vec![(1, ValType::I64), (2, ValType::I32)];
    locals.extend(known.iter().map(|&ty| (1, reference(ty))));
    let mut walker = Walker {
        types,
        index,
        code: Vec::new(),
    };
    walker.sink().block(BlockType::Result(ValType::I64));
    walker.plain();
    for (&ty, local) in known.iter().zip(OBJECTS..) {
        walker.object(ty, local);
    }
    walker
        .sink()
        .i64_const(HOST.cast_signed())
        .end()
        .local_get(BEFORE)
        .i64_xor()
        .i64_const(FACTOR.cast_signed())
        .i64_mul()
        .end();
    let mut f = Function::new(locals);
    f.raw(walker.code);
    f
}

struct Walker<'a> {
    types: &'a Types,
    index: u32,
    code: Vec<u8>,
}

impl Walker<'_> {
    fn sink(&mut self) -> Sink<'_> {
        Sink::new(&mut self.code)
    }

    /// What is no object.
    fn plain(&mut self) {
        let any = RefTy::null(Heap::Any).encoded();
        let i31 = RefTy::non_null(Heap::I31).encoded();
        self.sink()
            .local_get(REFERENCE)
            .ref_is_null()
            .if_(BlockType::Empty)
            .i64_const(NULL.cast_signed())
            .br(1)
            .end()
            // A reference of the host's is never asked for a defined type, see `CASTS_OF_HOST`.
            .local_get(REFERENCE)
            .ref_test_nullable(Heap::Eq.encoded())
            .i32_eqz()
            .if_(BlockType::Empty)
            .i64_const(HOST.cast_signed())
            .br(1)
            .end()
            .local_get(DEPTH_LEFT)
            .i32_eqz()
            .if_(BlockType::Empty)
            .i64_const(TOO_DEEP.cast_signed())
            .br(1)
            .end()
            .block(BlockType::Result(ValType::Ref(any)))
            .local_get(REFERENCE)
            .br_on_cast_fail(0, any, i31)
            .i31_get_u()
            .i64_extend_i32_u()
            .i64_const(I31.cast_signed())
            .i64_or()
            .br(1)
            .end()
            .drop();
    }

    fn object(&mut self, ty: u32, local: u32) {
        let any = RefTy::null(Heap::Any).encoded();
        let own = RefTy::non_null(Heap::Type(ty)).encoded();
        let first = (OBJECT + u64::from(ty)).cast_signed();
        self.sink()
            .block(BlockType::Result(ValType::Ref(any)))
            .local_get(REFERENCE)
            .br_on_cast_fail(0, any, own)
            .local_set(local)
            .i64_const(first)
            .local_set(DIGEST);
        match self.types.element(ty) {
            Some(element) => self.elements(ty, local, element.storage),
            None => self.fields(ty, local),
        }
        self.sink().local_get(DIGEST).br(1).end().drop();
    }

    fn fields(&mut self, ty: u32, local: u32) {
        for (field, at) in self.types.fields(ty).to_vec().into_iter().zip(0..) {
            self.mix_loaded(field.storage, |f| {
                f.local_get(local);
                if field.storage.is_packed() {
                    f.struct_get_u(ty, at);
                } else {
                    f.struct_get(ty, at);
                }
            });
        }
    }

    /// The length, and the first elements.
    fn elements(&mut self, ty: u32, local: u32, storage: Storage) {
        self.sink()
            .local_get(local)
            .array_len()
            .local_tee(LENGTH)
            .i64_extend_i32_u();
        self.mix();
        self.sink()
            .i32_const(0)
            .local_set(AT)
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .local_get(AT)
            .local_get(LENGTH)
            .i32_ge_u()
            .br_if(1)
            .local_get(AT)
            .i32_const(ELEMENTS as i32)
            .i32_ge_u()
            .br_if(1);
        self.mix_loaded(storage, |f| {
            f.local_get(local).local_get(AT);
            if storage.is_packed() {
                f.array_get_u(ty);
            } else {
                f.array_get(ty);
            }
        });
        self.sink()
            .local_get(AT)
            .i32_const(1)
            .i32_add()
            .local_set(AT)
            .br(0)
            .end()
            .end();
    }

    /// Mixes what is loaded into the digest.
    fn mix_loaded(&mut self, storage: Storage, load: impl Fn(&mut Sink<'_>)) {
        if let Storage::Ref(ty) = storage
            && matches!(
                self.types.hierarchy(ty.heap),
                Hierarchy::Any | Hierarchy::Extern
            )
        {
            return self.mix_child(ty, load);
        }
        load(&mut self.sink());
        match storage {
            Storage::I8 | Storage::I16 | Storage::I32 => _ = self.sink().i64_extend_i32_u(),
            Storage::I64 => {}
            Storage::F32 => _ = self.sink().i32_reinterpret_f32().i64_extend_i32_u(),
            Storage::F64 => _ = self.sink().i64_reinterpret_f64(),
            Storage::V128 => {
                self.sink().i64x2_extract_lane(0);
                self.mix();
                load(&mut self.sink());
                self.sink().i64x2_extract_lane(1);
            }
            Storage::Ref(_) => _ = self.sink().ref_is_null().i64_extend_i32_u(),
        }
        self.mix();
    }

    /// Walks on from the reference that is loaded.
    fn mix_child(&mut self, ty: RefTy, load: impl Fn(&mut Sink<'_>)) {
        self.sink().local_get(DIGEST);
        load(&mut self.sink());
        if self.types.hierarchy(ty.heap) == Hierarchy::Extern {
            self.sink().any_convert_extern();
        }
        let index = self.index;
        self.sink()
            .local_get(DEPTH_LEFT)
            .i32_const(1)
            .i32_sub()
            .call(index)
            .local_set(DIGEST);
    }

    fn mix(&mut self) {
        self.sink()
            .local_get(DIGEST)
            .i64_xor()
            .i64_const(FACTOR.cast_signed())
            .i64_mul()
            .local_set(DIGEST);
    }
}

/// A walk ends: it goes so deep at most.
const _: () = assert!(DEPTH > 0 && DEPTH < 8);
