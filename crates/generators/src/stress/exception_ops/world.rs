//! The state of a case while its operations are performed: the model, and the code so far.
//!
//! Operations are performed in the order in which the program runs: the code goes where execution
//! is. A call begins the code of a new function and goes on in there; `throw` ends blocks, and
//! whole functions, up to the clause that catches, and goes on behind it. So each operation runs
//! exactly once, and all values are known. What never runs (landing places of clauses that do not
//! catch, the rest of a function that an exception has left) gives another digest, or traps.
//!
//! All that is seen on the way goes into a digest in a global, so that it is kept when a call does
//! not return.

use super::corners::Corner;
pub use super::frame::{End, Entry, Exception, Frame, Function, Held, Origin, Record, Sig};
use super::setting::{Setting, TABLE_LENGTH};
use super::value::{Datum, FACTOR, NULL, STRUCT, Ty, mix};
use crate::stress::Setting as _;
use crate::stress::host::{HostModel, code};
pub use crate::stress::numbers::SEED_VALUE;
pub use crate::stress::scopes::DIGEST;
use assay_engine::{Action, Host, HostFunction, Outcome, Slot, Value};
use std::collections::BTreeSet;
use wasm_encoder::{BlockType, HeapType, InstructionSink as Sink, ValType};

/// The global from which numbers are made that no compiler knows, and the first of those that hold
/// exceptions, behind the one with the digest.
pub const SEED: u32 = 1;
pub const FIRST_PLACE: u32 = 2;
/// The table of exceptions, where there is one.
pub const PLACES: u32 = 0;

/// What bounds a case.
pub const MAX_CALLS: usize = 5;
pub const MAX_FUNCTIONS: usize = 12;
const MAX_DEPTH: usize = 6;
const MAX_SCOPES: usize = 6;
const MAX_HELD: usize = 20;
const MAX_BYTES: usize = 6000;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct World {
    /// What the operations find.
    pub setting: Setting,
    /// The functions that run, the innermost last.
    pub frames: Vec<Frame>,
    /// All functions, those of the host aside.
    pub functions: Vec<Function>,
    /// The functions that are called through the table.
    pub indirect: Vec<u32>,
    /// The functions that are referred to.
    pub referred: BTreeSet<u32>,
    /// All exceptions.
    pub exceptions: Vec<Exception>,
    /// Those that the host has thrown, and those that were thrown again, as often as they were.
    pub of_host: BTreeSet<u32>,
    pub rethrown: Vec<u32>,
    /// What globals hold.
    pub globals: Vec<Option<u32>>,
    /// What the neighbour keeps.
    pub neighbour_keeps: Option<u32>,
    /// What the table holds.
    pub table: Vec<Option<u32>>,
    /// The tags that code throws.
    pub thrown: BTreeSet<u32>,
    /// The calls that are over: the function, and what came of it.
    pub calls: Vec<(u32, Outcome)>,
    /// Whether the last call has told the digest.
    pub told: bool,
    /// The exports whose exceptions go through the host.
    pub through_host: BTreeSet<String>,
    /// The start function, once it is over.
    pub start: Option<u32>,
    /// The corners that the case has been in.
    pub met: BTreeSet<Corner>,
    /// All that went into the digest.
    pub log: Vec<u64>,
    /// The host.
    pub host: HostModel,
    pub(super) digest: u64,
}

impl World {
    /// The world before the first operation; a setting is mended first.
    pub fn new(setting: &mut Setting) -> Self {
        setting.mend();
        let host = Host {
            seed: setting.host_seed,
            functions: vec![HostFunction {
                label: "host.act".into(),
                // With a shim the kind of a reference is told as well.
                params: if setting.bare {
                    vec![Slot::Extern]
                } else {
                    vec![Slot::I64, Slot::Extern]
                },
                results: vec![Slot::I64],
                actions: Vec::new(),
            }],
        };
        let table = if setting.table { TABLE_LENGTH } else { 0 };
        let mut world = Self {
            frames: Vec::new(),
            functions: Vec::new(),
            indirect: Vec::new(),
            referred: BTreeSet::new(),
            exceptions: Vec::new(),
            of_host: BTreeSet::new(),
            rethrown: Vec::new(),
            globals: vec![None; setting.globals as usize],
            neighbour_keeps: None,
            table: vec![None; table as usize],
            thrown: BTreeSet::new(),
            calls: Vec::new(),
            told: false,
            through_host: BTreeSet::new(),
            start: None,
            met: BTreeSet::new(),
            log: Vec::new(),
            host: HostModel::new(host),
            digest: 0,
            setting: setting.clone(),
        };
        if setting.start {
            world.begin_start();
        } else {
            world.begin_call();
        }
        world
    }

    /// Whether there is room for one more operation.
    pub fn is_open(&self) -> bool {
        let open: usize = self.frames.iter().map(|frame| frame.body.code.len()).sum();
        let done: usize = self.functions.iter().map(|it| it.body.code.len()).sum();
        self.calls.len() < MAX_CALLS && !self.frames.is_empty() && open + done < MAX_BYTES
    }

    /// Whether a function can call a new one.
    pub fn has_room_for_call(&self) -> bool {
        self.functions.len() < MAX_FUNCTIONS && self.frames.len() < MAX_DEPTH
    }

    /// Whether there is room for one more block.
    pub fn has_room_for_scope(&self) -> bool {
        self.scopes() < MAX_SCOPES
    }

    /// How many blocks of the function that runs are open.
    pub fn scopes(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.scopes.len())
    }

    /// Whether all that runs began with the start function.
    pub fn is_starting(&self) -> bool {
        let first = self.frames.first();
        matches!(first.map(|frame| &frame.entry), Some(Entry::Start))
    }

    /// The case has been in a corner.
    pub fn hit(&mut self, operation: &'static str, case: &'static str) {
        self.met.insert((operation, case));
    }

    /// The parameters of a type.
    pub fn params(&self, sig: Sig) -> Vec<Ty> {
        match sig {
            Sig::Start => Vec::new(),
            Sig::Host | Sig::Own(0) => vec![Ty::Extern],
            Sig::Recursive => vec![Ty::I32, Ty::I32],
            Sig::Own(number) => {
                let own = self.setting.signatures.get(number as usize - 1);
                own.cloned().unwrap_or_default()
            }
        }
    }

    /// The index of a function in the module.
    pub fn index(&self, function: u32) -> u32 {
        self.neighbour_index(self.setting.neighbour.len() as u32) + function
    }

    /// The index of one of the neighbour's functions.
    pub fn neighbour_index(&self, deed: u32) -> u32 {
        u32::from(self.setting.host) + deed
    }

    /// The index of the table of functions.
    pub fn function_table(&self) -> u32 {
        u32::from(self.setting.table)
    }

    /// The innermost function that runs.
    ///
    /// There is always one while operations are performed: [`World::is_open`] asks for it.
    pub fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.begin_call();
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Where code goes.
    pub fn sink(&mut self) -> Sink<'_> {
        self.frame().body.sink()
    }

    /// A new local.
    pub fn local(&mut self, ty: Ty) -> u32 {
        self.frame().body.local(ty.local())
    }

    /// The values that the function keeps.
    pub fn held(&self) -> &[Held] {
        self.frames.last().map_or(&[], |frame| &frame.held)
    }

    /// The exceptions among them.
    pub fn exceptions_held(&self) -> impl Iterator<Item = Held> {
        let is = |held: &&Held| matches!(held.datum, Datum::Exn(_));
        self.held().iter().filter(is).copied()
    }

    /// Puts the value on the stack into a local, and keeps it if there is room.
    pub fn keep(&mut self, id: u32, ty: Ty, datum: Datum) -> Held {
        let local = self.local(ty);
        self.sink().local_set(local);
        let held = Held {
            id,
            ty,
            datum,
            local,
        };
        if self.held().len() < MAX_HELD {
            self.frame().held.push(held);
        }
        held
    }

    /// Mixes what the function keeps into the digest.
    pub fn note_held(&mut self) {
        let held = self.held().to_vec();
        self.note_all(&held);
    }

    /// Mixes locals into the digest.
    pub fn note_all(&mut self, held: &[Held]) {
        if held.is_empty() {
            return;
        }
        mix_into(&mut self.sink(), held);
        for held in held {
            held.datum
                .words(held.ty)
                .into_iter()
                .for_each(|word| self.log(word));
        }
    }

    /// Mixes the `i64` on the stack, which is this word, into the digest.
    pub fn note(&mut self, word: u64) {
        let scratch = self.local(Ty::I64);
        let mut f = self.sink();
        f.local_set(scratch).global_get(DIGEST);
        push_words(&mut f, Ty::I64, scratch);
        f.global_set(DIGEST);
        self.log(word);
    }

    /// A word has gone into the digest.
    pub fn log(&mut self, word: u64) {
        self.digest = mix(self.digest, word);
        self.log.push(word);
    }

    /// What runs now would not do the same again.
    pub fn is_once(&mut self) {
        let origins = self.frames.iter_mut().flat_map(|frame| &mut frame.origins);
        origins.for_each(|origin| origin.repeats = false);
    }

    /// A new exception.
    pub fn exception(&mut self, tag: u32, payload: Vec<Datum>) -> u32 {
        self.exceptions.push(Exception { tag, payload });
        self.exceptions.len() as u32 - 1
    }

    /// The host's function is called with this reference, and is to do this: what it returns, or throws.
    pub fn host_acts(&mut self, action: Action, argument: Datum) -> Vec<Value> {
        self.is_once();
        let argument = argument.seen(Ty::Extern);
        let kind = (!self.setting.bare).then(|| Value::I64(code(argument)));
        let args = kind.into_iter().chain([argument]).collect();
        self.host.acts(0, action, args)
    }
}

/// Emits code that mixes locals into the digest.
pub fn mix_into(f: &mut Sink<'_>, held: &[Held]) {
    f.global_get(DIGEST);
    for held in held {
        push_words(f, held.ty, held.local);
    }
    f.global_set(DIGEST);
}

/// Mixes the words of a local into the digest on the stack.
pub fn push_words(f: &mut Sink<'_>, ty: Ty, local: u32) {
    let factor = |f: &mut Sink<'_>| _ = f.i64_const(FACTOR.cast_signed()).i64_mul();
    factor(f);
    match ty {
        Ty::I32 => _ = f.local_get(local).i64_extend_i32_u(),
        Ty::I64 => _ = f.local_get(local),
        Ty::F32 => _ = f.local_get(local).i32_reinterpret_f32().i64_extend_i32_u(),
        Ty::F64 => _ = f.local_get(local).i64_reinterpret_f64(),
        Ty::V128 => {
            f.local_get(local).i64x2_extract_lane(0).i64_xor();
            factor(f);
            f.local_get(local).i64x2_extract_lane(1);
        }
        Ty::NonNullExtern => {
            let i31 = HeapType::Abstract {
                shared: false,
                ty: wasm_encoder::AbstractHeapType::I31,
            };
            f.local_get(local).any_convert_extern();
            f.ref_test_non_null(i31).i64_extend_i32_u();
        }
        Ty::NonNullStruct => _ = f.local_get(local).struct_get(STRUCT, 0),
        Ty::Func | Ty::NonNullFunc | Ty::Extern | Ty::Exn => {
            f.local_get(local).ref_is_null().i64_extend_i32_u();
        }
        Ty::I31 | Ty::Struct => {
            f.local_get(local)
                .ref_is_null()
                .if_(BlockType::Result(ValType::I64))
                .i64_const(NULL.cast_signed())
                .else_()
                .local_get(local);
            if ty == Ty::I31 {
                f.i31_get_s().i64_extend_i32_s();
            } else {
                f.struct_get(STRUCT, 0);
            }
            f.end();
        }
    }
    f.i64_xor();
}

/// The heap type of exceptions.
pub const EXN: HeapType = HeapType::Abstract {
    shared: false,
    ty: wasm_encoder::AbstractHeapType::Exn,
};
