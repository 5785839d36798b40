//! The state of a case while its operations are performed: the model, and the code so far.
//!
//! Operations are performed in the order in which the program runs, as in
//! [`exception_ops`](crate::stress::exception_ops): a call goes on in a new function, and what throws
//! goes on where it is caught. So at each collection it is known what must be alive, and by which root.
//!
//! All that is seen on the way goes into a digest in a global, so that it is kept when a call does
//! not return. A reference is seen by a walk of what can be reached from it.

use super::corners::{Corner, Place};
pub use super::frame::{Caught, Entry, Frame, Function, Held, Sig};
use super::model::{DEPTH, Exception, Heap, Object};
use super::setting::{Setting, TABLE_LENGTH};
use super::value::{Datum, NODE, Ty};
use super::walker;
use crate::stress::Setting as _;
use crate::stress::digest::mix;
use crate::stress::host::{HostModel, code};
use assay_engine::{Action, Host, HostFunction, Outcome, Reference, Slot, Value};
use std::collections::BTreeSet;
use wasm_encoder::InstructionSink as Sink;

/// The functions of a module: two of the host's, three that look, and then those of the case.
pub const ACT: u32 = 0;
pub const COLLECT: u32 = 1;
pub const WALK: u32 = 2;
pub const WALK_EXCEPTION: u32 = 3;
pub const NOTE: u32 = 4;
pub const FIRST_FUNCTION: u32 = 5;

/// The first global behind that with the digest.
pub const FIRST_GLOBAL: u32 = 1;

/// What bounds a case.
pub const MAX_CALLS: usize = 5;
const MAX_FUNCTIONS: usize = 10;
const MAX_DEPTH: usize = 5;
const MAX_SCOPES: usize = 5;
const MAX_HELD: usize = 14;
const MAX_BYTES: usize = 5000;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct World {
    /// What the operations find.
    pub setting: Setting,
    /// What objects and exceptions there are.
    pub heap: Heap,
    /// The functions that run, the innermost last.
    pub frames: Vec<Frame>,
    /// All functions, without those that every module has.
    pub functions: Vec<Function>,
    /// The functions that are called through a table.
    pub indirect: Vec<u32>,
    /// The functions that are referred to.
    pub referred: BTreeSet<u32>,
    /// What globals hold.
    pub globals: Vec<Datum>,
    /// What tables hold.
    pub tables: Vec<Vec<Datum>>,
    /// The calls that are over: the function, and what came of it.
    pub calls: Vec<(u32, Outcome)>,
    /// The exports whose exceptions go through the host.
    pub through_host: BTreeSet<String>,
    /// The corners that the case has been in.
    pub met: BTreeSet<Corner>,
    /// How many collections there were.
    pub collections: u32,
    /// What functions kept that an exception has left, until the call is over: how many functions ran
    /// where it was caught.
    pub unwound: Vec<(Held, usize)>,
    /// The host.
    pub host: HostModel,
    digest: u64,
}

impl World {
    /// The world before the first operation; a setting is mended first.
    pub fn new(setting: &mut Setting) -> Self {
        setting.mend();
        let function = |label: &str, params: &[Slot], results: &[Slot], actions| HostFunction {
            label: label.into(),
            params: params.to_vec(),
            results: results.to_vec(),
            actions,
        };
        let act = [Slot::I64, Slot::Extern];
        let host = Host {
            seed: setting.host_seed,
            functions: vec![
                function("host.act", &act, &[Slot::I64], Vec::new()),
                function("host.collect", &[], &[], vec![Action::Collect]),
            ],
        };
        let heap = Heap {
            nodes: setting.fields(),
            vectors: setting.vectors.then_some(NODE + setting.nodes.len() as u32),
            tags: setting.tags.clone(),
            ..Heap::default()
        };
        let table = vec![Datum::Null; TABLE_LENGTH as usize];
        let mut world = Self {
            heap,
            frames: Vec::new(),
            functions: Vec::new(),
            indirect: Vec::new(),
            referred: BTreeSet::new(),
            globals: vec![Datum::Null; setting.globals.len()],
            tables: vec![table; setting.tables.len()],
            calls: Vec::new(),
            through_host: BTreeSet::new(),
            met: BTreeSet::new(),
            collections: 0,
            unwound: Vec::new(),
            host: HostModel::new(host),
            digest: 0,
            setting: setting.clone(),
        };
        world.begin_call();
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

    /// Whether code is within a `try_table`, in whatever function.
    pub fn is_guarded(&self) -> bool {
        let mut scopes = self.frames.iter().flat_map(|frame| &frame.scopes);
        scopes.any(|scope| scope.in_body && !scope.clauses.is_empty())
    }

    /// The case has been in a corner.
    pub fn hit(&mut self, operation: &'static str, case: &'static str) {
        self.met.insert((operation, case));
    }

    /// The parameters of a type.
    pub fn params(&self, sig: Sig) -> Vec<Ty> {
        match sig {
            Sig::Export => vec![Ty::Extern],
            Sig::Recursive => vec![Ty::I32, Ty::Eq],
            Sig::Own(number) => {
                let own = self.setting.signatures.get(number as usize);
                own.cloned().unwrap_or_default()
            }
        }
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

    /// The names of those that fit.
    pub fn names(&self, fits: impl Fn(&Held) -> bool) -> Vec<u32> {
        let held = self.held().iter().filter(|held| fits(held));
        held.map(|held| held.id).collect()
    }

    /// The first of this name that fits.
    pub fn named(&self, name: u32, fits: impl Fn(&Held) -> bool) -> Option<Held> {
        let mut held = self.held().iter();
        held.find(|held| held.id == name && fits(held)).copied()
    }

    /// A value that is in a local from now on.
    pub fn value(&self, id: u32, ty: Ty, datum: Datum, local: u32, place: Place) -> Held {
        Held {
            id,
            ty,
            datum,
            local,
            place,
            since: self.collections,
            caught: None,
        }
    }

    /// Puts the value on the stack into a local, and keeps it; if there is no room, it is only looked at.
    pub fn keep(&mut self, id: u32, ty: Ty, datum: Datum) -> Held {
        let ty = ty.nullable();
        let local = self.local(ty);
        self.sink().local_set(local);
        let held = self.value(id, ty, datum, local, Place::Local);
        if self.held().len() < MAX_HELD {
            self.frame().held.push(held);
        } else {
            self.look(held, DEPTH);
        }
        held
    }

    /// Puts null into a local; what is a number stays.
    pub fn give_up(&mut self, local: u32) {
        let held = self.held().iter().find(|held| held.local == local).copied();
        if let Some(Held { ty, .. }) = held.filter(|held| !held.ty.is_number()) {
            self.sink().ref_null(ty.heap()).local_set(local);
            self.frame().held.retain(|held| held.local != local);
        }
    }

    /// Mixes a value into the digest, walking so deep.
    pub fn look(&mut self, held: Held, depth: u32) {
        walker::look(&mut self.sink(), held.ty, held.local, depth);
        let words = self.heap.words(held.ty, held.datum, depth);
        words.into_iter().for_each(|word| self.log(word));
    }

    /// Mixes what the function keeps into the digest.
    pub fn look_at_all(&mut self, depth: u32) {
        let held = self.held().to_vec();
        held.into_iter().for_each(|held| self.look(held, depth));
    }

    /// Mixes the `i64` on the stack, which is this word, into the digest.
    pub fn note(&mut self, word: u64) {
        self.sink().call(NOTE);
        self.log(word);
    }

    /// A word has gone into the digest.
    pub fn log(&mut self, word: u64) {
        self.digest = mix(self.digest, word);
    }

    /// All that was seen.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// A new object.
    pub fn object(&mut self, ty: u32, data: Vec<Datum>) -> Datum {
        let born = self.collections;
        self.heap.objects.push(Object { ty, data, born });
        Datum::Object(self.heap.objects.len() as u32 - 1)
    }

    /// A new exception.
    pub fn exception(&mut self, tag: u32, payload: Vec<Datum>) -> u32 {
        self.heap.exceptions.push(Exception {
            tag,
            payload,
            thrown: self.collections,
            again: 0,
        });
        self.heap.exceptions.len() as u32 - 1
    }

    /// All from which something can be reached, but for what is on the stack of the function that runs.
    pub fn roots(&self) -> Vec<Datum> {
        let kept = self.frames.iter().flat_map(Frame::kept);
        let places = self.globals.iter().chain(self.tables.iter().flatten());
        kept.map(|held| held.datum).chain(places.copied()).collect()
    }

    /// The host's function is called with this reference of its own, or null, and is to do this: what it
    /// returns, or throws.
    pub fn host_acts(&mut self, action: Action, argument: Datum) -> Vec<Value> {
        let argument = self.seen(Ty::Extern, argument);
        let args = vec![Value::I64(code(argument)), argument];
        self.host.acts(ACT as usize, action, args)
    }

    /// A value of a type as the host sees it.
    pub fn seen(&self, ty: Ty, datum: Datum) -> Value {
        match (ty, datum) {
            (Ty::I32, Datum::Bits(bits)) => Value::I32(bits as u32),
            (Ty::F32, Datum::Bits(bits)) => Value::F32(bits as u32),
            (Ty::F64, Datum::Bits(bits)) => Value::F64(bits as u64),
            (Ty::V128, Datum::Bits(bits)) => Value::V128(bits),
            (_, Datum::Bits(bits)) => Value::I64(bits as u64),
            (_, reference) => Value::Ref(self.referred(reference)),
        }
    }

    fn referred(&self, datum: Datum) -> Reference {
        match datum {
            Datum::Bits(_) | Datum::Null => Reference::Null,
            Datum::I31(bits) => Reference::I31((bits << 1).cast_signed() >> 1),
            Datum::Host(number) => Reference::Extern(number),
            Datum::Exception(_) => Reference::Exn,
            Datum::Object(_) => match self.heap.object(datum) {
                Some(object) if self.heap.element(object.ty).is_some() => Reference::Array,
                _ => Reference::Struct,
            },
        }
    }
}
