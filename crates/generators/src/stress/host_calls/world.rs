//! The state of a case while its operations are performed: the model, and the code so far.
//!
//! Operations are performed in the order in which the program runs: the code goes where execution is,
//! also into what the host calls, and out of it again. So each operation runs exactly once. All that is
//! seen on the way goes into a digest in a global, so that it is kept when a call does not return.

use super::corners::Corner;
pub use super::frame::{Entry, Frame, Function, Guard, Sig, Site};
use super::setting::Setting;
use super::values::{Boundary, parameters};
use crate::stress::Setting as _;
use crate::stress::body::Body;
use crate::stress::exception_ops::value::{Datum, FACTOR, Ty, mix};
pub use crate::stress::exception_ops::world::Held;
use crate::stress::exception_ops::world::mix_into;
use crate::stress::host::HostModel;
pub use crate::stress::scopes::DIGEST;
use assay_engine::{Action, Host, HostFunction, Outcome};
use std::collections::BTreeSet;
use wasm_encoder::InstructionSink as Sink;

/// The global from which numbers are made that no compiler knows.
pub const SEED: u32 = 1;

/// The memory: its size in the beginning and at most, in pages.
pub const PAGE_BYTES: u32 = 1 << 16;
pub const MEMORY_PAGES: (u32, u32) = (1, 3);
/// How many elements a table has behind the host's functions, and to how many more it can grow.
pub const SPARE_ELEMENTS: u32 = 2;
pub const MORE_ELEMENTS: u32 = 5;

/// What bounds a case.
const MAX_CALLS: usize = 5;
const MAX_FUNCTIONS: usize = 24;
const MAX_DEPTH: usize = 6;
const MAX_HELD: usize = 24;
const MAX_BYTES: usize = 8000;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct World {
    /// What the operations find.
    pub setting: Setting,
    /// The functions that run, the innermost last.
    pub frames: Vec<Frame>,
    /// All functions of the module. The first does nothing.
    pub functions: Vec<Function>,
    /// The functions that are referred to, by their indices.
    pub referred: BTreeSet<u32>,
    /// The calls that are over: the function, and what came of it.
    pub calls: Vec<(u32, Outcome)>,
    /// Whether the last call has told the digest.
    pub told: bool,
    /// The exports that the host calls back, and that may throw.
    pub called_back: BTreeSet<String>,
    /// The start function, once it is over.
    pub start: Option<u32>,
    /// The corners that the case has been in.
    pub met: BTreeSet<Corner>,
    /// The bytes of the memory.
    pub memory: Vec<u8>,
    /// How many elements the table has.
    pub elements: u32,
    /// The host.
    pub host: HostModel,
    pub(super) digest: u64,
}

impl World {
    /// The world before the first operation; a setting is mended first.
    pub fn new(setting: &mut Setting) -> Self {
        setting.mend();
        let boundary = Boundary { bare: setting.bare };
        let functions = setting.imports.iter().zip(0..);
        let functions = functions.map(|(import, number): (_, u32)| HostFunction {
            label: format!("host.{number}"),
            params: boundary.slots_out(&import.params),
            results: Boundary::slots_in(&import.results),
            actions: Vec::new(),
        });
        let host = Host {
            seed: setting.host_seed,
            functions: functions.collect(),
        };
        let mut world = Self {
            frames: Vec::new(),
            functions: Vec::new(),
            referred: BTreeSet::new(),
            calls: Vec::new(),
            told: false,
            called_back: BTreeSet::new(),
            start: None,
            met: BTreeSet::new(),
            memory: vec![0; (MEMORY_PAGES.0 * PAGE_BYTES) as usize],
            elements: setting.imports.len() as u32 + SPARE_ELEMENTS,
            host: HostModel::new(host),
            digest: 0,
            setting: setting.clone(),
        };
        world.function(Sig::Plain, None);
        if setting.start {
            let function = world.function(Sig::Plain, None);
            world.enter(Entry::Start, function);
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

    /// Whether there is room for the begin of a further call of the case.
    pub fn has_room_for_call(&self) -> bool {
        self.calls.len() < MAX_CALLS
    }

    /// Whether a function can call a new one.
    pub fn has_room(&self) -> bool {
        self.functions.len() < MAX_FUNCTIONS && self.frames.len() < MAX_DEPTH
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
            Sig::Plain => Vec::new(),
            Sig::Export => self.setting.params.clone(),
            Sig::Import(number) => self.import(number).0,
        }
    }

    /// The results of a type.
    pub fn results(&self, sig: Sig) -> Vec<Ty> {
        match sig {
            Sig::Plain => Vec::new(),
            Sig::Export => self.setting.all_results(),
            Sig::Import(number) => self.import(number).1,
        }
    }

    /// The parameters and the results of an import.
    fn import(&self, number: u32) -> (Vec<Ty>, Vec<Ty>) {
        let import = self.setting.imports.get(number as usize);
        import.map_or_else(Default::default, |it| {
            (it.params.clone(), it.results.clone())
        })
    }

    /// The index of a function in the module.
    pub fn index(&self, function: u32) -> u32 {
        self.setting.imports.len() as u32 + function
    }

    /// The index of the function that does nothing.
    pub fn nothing(&self) -> u32 {
        self.index(0)
    }

    /// Adds a function.
    pub fn function(&mut self, sig: Sig, export: Option<String>) -> u32 {
        let params = self.params(sig);
        self.functions.push(Function {
            sig,
            export,
            body: Body::new(params.iter().map(|ty| ty.encoded())),
        });
        self.functions.len() as u32 - 1
    }

    /// The next call of the case.
    pub fn begin_call(&mut self) {
        let export = self.calls.len().to_string();
        let function = self.function(Sig::Export, Some(export));
        self.enter(Entry::Export, function);
    }

    /// Begins to run a function; what it keeps first is its parameters.
    pub fn enter(&mut self, entry: Entry, function: u32) {
        let sig = self.functions[function as usize].sig;
        let params = self.params(sig);
        let data = match sig {
            Sig::Export => self.setting.arguments(),
            _ => Vec::new(),
        };
        self.frames.push(Frame {
            entry,
            function,
            body: Body::new(params.iter().map(|ty| ty.encoded())),
            held: parameters(&params, &data),
            site: None,
        });
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
        self.frame().body.local(ty.encoded())
    }

    /// The values that the function keeps.
    pub fn held(&self) -> &[Held] {
        self.frames.last().map_or(&[], |frame| &frame.held)
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
            self.log(held.ty, held.datum);
        }
    }

    /// Mixes the `i64` on the stack, which is this word, into the digest.
    pub fn note(&mut self, word: u64) {
        let local = self.local(Ty::I64);
        self.sink().local_set(local);
        let datum = Datum::Bits(word.into());
        let ty = Ty::I64;
        self.note_all(&[Held {
            id: 0,
            ty,
            datum,
            local,
        }]);
    }

    /// A value has gone into the digest.
    pub fn log(&mut self, ty: Ty, datum: Datum) {
        for word in datum.words(ty) {
            self.digest = mix(self.digest, word);
        }
    }

    /// The host's function is called with these arguments, and is to do this: what it returns, or
    /// throws.
    pub fn host_acts(&mut self, import: u32, action: Action, args: &[Datum]) -> Vec<Datum> {
        let (params, results) = self.import(import);
        let boundary = Boundary {
            bare: self.setting.bare,
        };
        let types = match action {
            Action::Throw { .. } => self.setting.fields.clone(),
            _ => results,
        };
        let args = boundary.lower(&params, args);
        let values = self.host.acts(import as usize, action, args);
        Boundary::lift(&types, &values)
    }
}

/// A word for the digest by which one place in the code is told from another.
pub fn mark(id: u32) -> u64 {
    (u64::from(id) + 1).wrapping_mul(FACTOR)
}
