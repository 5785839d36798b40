//! What the shim tells of the state: fuel, globals, tables.
//!
//! Slot by slot, or with [`Telling::Digest`] as one number: each value is mixed in by an exclusive or
//! and a multiplication, both of which are one to one, so that a state that differs in one value
//! has another digest. References to the host are told as they are even then.

use super::{MAX_SLOTS, Shims, slot_types};
use crate::types::{Hierarchy, Type};
use crate::uses::Uses;
use crate::{Plan, Telling, lift};
use assay_engine::{Features, Slot};
use wasm_encoder::{BlockType, InstructionSink as Sink, ValType};

/// How many elements of a table the digest covers.
pub const TABLE_ELEMENTS_OBSERVED: u64 = 1024;

/// What digests are multiplied with: odd, with its bits spread evenly.
const FACTOR: i64 = 0x9e37_79b9_7f4a_7c15_u64.cast_signed();

/// The state as the shim tells it.
#[derive(Default)]
pub(super) struct State {
    /// What each slot is.
    pub labels: Vec<String>,
    /// The types of the slots.
    pub types: Vec<ValType>,
    /// Whether all that can be is told as one number, the second slot.
    digest: bool,
    pieces: Vec<Piece>,
    /// What is not told, and why.
    pub left_out: Vec<(String, &'static str)>,
}

#[derive(Clone, Copy)]
enum Piece {
    Global(u32, Type),
    Table(u32, Hierarchy),
}

impl State {
    fn new(digest: bool) -> Self {
        let mut state = Self {
            labels: vec!["fuel".into()],
            types: vec![ValType::I32],
            digest,
            ..Self::default()
        };
        if digest {
            state.labels.push("digest of globals and tables".into());
            state.types.push(ValType::I64);
        }
        state
    }

    fn add(&mut self, piece: Piece, labels: Vec<String>, types: Vec<ValType>, room: usize) {
        if self.types.len() + types.len() > room {
            let what = labels.into_iter().next().unwrap_or_default();
            self.left_out
                .push((what, "more state than engines can return"));
            return;
        }
        self.labels.extend(labels);
        self.types.extend(types);
        self.pieces.push(piece);
    }
}

impl Shims<'_> {
    /// All state that is to be told and fits beside a row of so many slots.
    pub(super) fn state(&self, uses: &Uses<'_>, plan: &Plan, row: usize) -> State {
        let room = MAX_SLOTS - row;
        let digest = plan.state == Telling::Digest;
        let mut state = State::new(digest);
        if plan.state == Telling::Nothing {
            return state;
        }
        for (index, ty) in self.info.globals.iter().enumerate() {
            if let Some(ty) = Type::of(self.info, ty.content_type) {
                let slots = ty.result_slots().iter().copied();
                let told: Vec<Slot> = slots
                    .filter(|&slot| !digest || slot == Slot::Extern)
                    .collect();
                let labels = told.iter().map(|_| format!("global {index}")).collect();
                let piece = Piece::Global(index as u32, ty);
                state.add(piece, labels, slot_types(&told), room);
            }
        }
        if !plan.features.contains(Features::REFERENCE_TYPES) {
            // Then no instruction can look at a table, or change one.
            return state;
        }
        let grown = super::grown_tables(plan);
        for (index, ty) in self.info.tables.iter().enumerate() {
            let changes = uses.tables_changed[index] || grown.contains(&(index as u32));
            if digest && !changes {
                continue;
            }
            if let Some(hierarchy) = Hierarchy::of(self.info, ty.element_type) {
                let (labels, types) = match digest {
                    true => (Vec::new(), Vec::new()),
                    false => (
                        ["size", "elements"]
                            .map(|what| format!("table {index} {what}"))
                            .into(),
                        vec![ValType::I64, ValType::I64],
                    ),
                };
                let piece = Piece::Table(index as u32, hierarchy);
                state.add(piece, labels, types, room);
                if may_be_long(ty) {
                    let what = format!("table {index}");
                    state
                        .left_out
                        .push((what, "elements beyond the first 1,024"));
                }
            }
        }
        state
    }

    /// Emits code that pushes the state. `scratch` are two `i64` locals.
    pub(super) fn tell(&self, f: &mut Sink<'_>, state: &State, scratch: [u32; 2]) {
        f.global_get(self.fuel);
        match state.digest {
            true => self.tell_digest(f, state, scratch),
            false => self.tell_slots(f, state, scratch),
        }
    }

    fn tell_slots(&self, f: &mut Sink<'_>, state: &State, scratch: [u32; 2]) {
        for &piece in &state.pieces {
            match piece {
                Piece::Global(index, ty) => lift::lower(f, self.helpers, ty, &|f| {
                    f.global_get(index);
                }),
                Piece::Table(index, hierarchy) => {
                    self.table_size(f, index);
                    f.i64_const(0).local_set(scratch[1]);
                    self.mix_table(f, index, hierarchy, scratch);
                    f.local_get(scratch[1]);
                }
            }
        }
    }

    fn tell_digest(&self, f: &mut Sink<'_>, state: &State, scratch: [u32; 2]) {
        f.i64_const(0);
        for &piece in &state.pieces {
            match piece {
                Piece::Global(index, Type::V128) => {
                    for lane in 0..2 {
                        f.global_get(index).i64x2_extract_lane(lane);
                        mix(f);
                    }
                }
                Piece::Global(index, ty) => {
                    lift::lower_ints(f, self.helpers, ty, &|f| {
                        f.global_get(index);
                    });
                    mix(f);
                }
                Piece::Table(index, hierarchy) => {
                    self.table_size(f, index);
                    mix(f);
                    f.local_set(scratch[1]);
                    self.mix_table(f, index, hierarchy, scratch);
                    f.local_get(scratch[1]);
                }
            }
        }
        for &piece in &state.pieces {
            if let Piece::Global(index, Type::Ref(Hierarchy::Extern, _)) = piece {
                f.global_get(index);
            }
        }
    }

    fn table_size(&self, f: &mut Sink<'_>, table: u32) {
        f.table_size(table);
        if !self.info.tables[table as usize].table64 {
            f.i64_extend_i32_u();
        }
    }

    /// Emits code that mixes the kinds of a table's first elements into `digest`, last one first.
    fn mix_table(
        &self,
        f: &mut Sink<'_>,
        table: u32,
        hierarchy: Hierarchy,
        [left, digest]: [u32; 2],
    ) {
        let ty = &self.info.tables[table as usize];
        self.table_size(f, table);
        f.local_set(left);
        if may_be_long(ty) {
            let most = TABLE_ELEMENTS_OBSERVED.cast_signed();
            f.local_get(left).i64_const(most).local_get(left);
            f.i64_const(most).i64_lt_u().select().local_set(left);
        }
        f.loop_(BlockType::Empty)
            .local_get(left)
            .i64_eqz()
            .i32_eqz()
            .if_(BlockType::Empty)
            .local_get(digest)
            .local_get(left)
            .i64_const(1)
            .i64_sub()
            .local_tee(left);
        if !ty.table64 {
            f.i32_wrap_i64();
        }
        f.table_get(table);
        lift::code(f, self.helpers, hierarchy);
        mix(f);
        f.local_set(digest).br(1).end().end();
    }
}

/// Emits code that mixes the `i64` on the stack into the digest below it.
fn mix(f: &mut Sink<'_>) {
    f.i64_xor().i64_const(FACTOR).i64_mul();
}

/// Whether a table may have more elements than are observed.
fn may_be_long(ty: &wasmparser::TableType) -> bool {
    ty.maximum.is_none_or(|most| most > TABLE_ELEMENTS_OBSERVED)
}
