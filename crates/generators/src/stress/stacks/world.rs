//! The state of a case while its operations are performed: the functions that run, and the model.
//!
//! Operations are performed in the order in which the program runs, and the code goes where execution
//! is: a call begins a new function and goes on in there. The code behind a call is there before it is
//! known whether the call returns. So a function can be left at any moment, by an exception or a
//! trap, and no compiler can know that it will be.

use super::body::{Body, Callee, HOST_SLOT, Keeps, Sig};
use super::model::{Edge, Event, Model};
use super::scopes::Scope;
use super::setting::Setting;
use crate::stress::Setting as _;

/// What bounds a case.
const MAX_CALLS: usize = 6;
const MAX_FUNCTIONS: usize = 24;
const MAX_DEPTH: usize = 9;
const MAX_SCOPES: usize = 5;
const MAX_PIECES: usize = 5000;
const MAX_EVENTS: usize = 6000;

/// How a function that runs was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// As the start function.
    Start,
    /// By the host, as a call of the case.
    Export,
    /// By the function below it, or by the host that that one has called.
    Call,
}

/// A function that has begun with the one that runs, and where in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) function: u32,
    pub(super) start: usize,
    pub(super) repeats: bool,
}

/// An exception that a function keeps in a local.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The local.
    pub local: u32,
    /// The tag.
    pub tag: u32,
    /// How much had happened when it was caught.
    pub(super) caught: usize,
}

/// A function that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its number.
    pub function: u32,
    /// How it was entered.
    pub entry: Entry,
    /// Its code so far.
    pub body: Body,
    /// Its blocks.
    pub scopes: Vec<Scope>,
    /// The exceptions that it keeps.
    pub kept: Vec<Kept>,
    /// Whether the host has called it.
    pub by_host: bool,
    /// Whether it has done anything.
    pub is_idle: bool,
    /// Whether the host has taken its place.
    pub(super) is_gone: bool,
    /// It, last, and before it those whose place it has taken.
    pub(super) origins: Vec<Origin>,
}

/// How a function ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Returned,
    /// It threw this tag.
    Threw(u32),
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// The number of its module.
    pub module: u32,
    /// Its type.
    pub sig: Sig,
    /// The name under which the main module exports it, if it does.
    pub export: Option<String>,
    /// Its code, once it is complete.
    pub body: Option<Body>,
    /// What it did from its beginning on, where it would do that again.
    pub record: Option<(Vec<Event>, End)>,
}

/// A call of the case: the function, and what happened.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function that the host calls.
    pub function: u32,
    /// What happened.
    pub events: Vec<Event>,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct World {
    /// What the operations find.
    pub setting: Setting,
    /// The model.
    pub model: Model,
    /// The functions that run, the innermost last.
    pub running: Vec<Running>,
    /// All functions.
    pub functions: Vec<Function>,
    /// What is in the table, from its second place on.
    pub slots: Vec<Callee>,
    /// The calls so far.
    pub calls: Vec<Call>,
    /// The start function, once it is over.
    pub start: Option<u32>,
    /// All that has happened, and where in it the current call began.
    pub(super) log: Vec<Event>,
    pub(super) call_began: usize,
}

impl World {
    /// The world before the first operation; a setting is mended first.
    pub fn new(setting: &mut Setting) -> Self {
        setting.mend();
        let mut world = Self {
            model: Model::new(setting),
            running: Vec::new(),
            functions: Vec::new(),
            slots: vec![Callee::Host(HOST_SLOT - 1)],
            calls: Vec::new(),
            start: None,
            log: Vec::new(),
            call_began: 0,
            setting: setting.clone(),
        };
        if setting.start {
            let main = setting.modules - 1;
            let function = world.function(main, Sig::Start, None);
            world.enter(function, Entry::Start, Edge::Start, Keeps::default());
        } else {
            world.begin_call(0, Keeps::default());
        }
        world
    }

    /// Whether there is room for one more operation.
    pub fn is_open(&self) -> bool {
        let open: usize = self.running.iter().map(|it| it.body.code.len()).sum();
        let done = self.functions.iter().filter_map(|it| it.body.as_ref());
        let done: usize = done.map(|body| body.code.len()).sum();
        !self.is_full()
            && !self.running.is_empty()
            && open + done < MAX_PIECES
            && self.log.len() < MAX_EVENTS
    }

    /// Whether a function can call a new one.
    pub fn has_room_for_call(&self) -> bool {
        self.functions.len() < MAX_FUNCTIONS && self.running.len() < MAX_DEPTH
    }

    /// Whether there is room for one more block.
    pub fn has_room_for_scope(&self) -> bool {
        self.running
            .last()
            .is_some_and(|top| top.scopes.len() < MAX_SCOPES)
    }

    /// Whether all that runs began with the start function.
    pub fn is_starting(&self) -> bool {
        self.running
            .first()
            .is_some_and(|first| first.entry == Entry::Start)
    }

    /// The number of the main module.
    pub fn main(&self) -> u32 {
        self.setting.modules - 1
    }

    /// The number of the module whose function runs.
    pub fn module(&self) -> u32 {
        let top = self.running.last();
        top.map_or(0, |top| self.functions[top.function as usize].module)
    }

    /// The innermost function that runs. There is always one while operations are performed.
    pub fn top(&mut self) -> &mut Running {
        if self.running.is_empty() {
            self.begin_call(0, Keeps::default());
        }
        let last = self.running.len() - 1;
        &mut self.running[last]
    }

    /// Where code goes.
    pub fn body(&mut self) -> &mut Body {
        let top = self.top();
        top.is_idle = false;
        &mut top.body
    }

    /// Something happens.
    pub fn act(&mut self, event: Event) {
        self.model.apply(&event);
        self.log.push(event);
    }

    /// The case has been in a corner.
    pub fn hit(&mut self, edge: &'static str, case: &'static str) {
        self.model.met.insert((edge, case));
    }

    /// Adds a function.
    pub fn function(&mut self, module: u32, sig: Sig, export: Option<String>) -> u32 {
        self.functions.push(Function {
            module,
            sig,
            export,
            body: None,
            record: None,
        });
        self.functions.len() as u32 - 1
    }

    /// The place of a function in the table.
    pub fn slot(&mut self, callee: Callee) -> u32 {
        let place = self.slots.iter().position(|&it| it == callee);
        let place = place.unwrap_or_else(|| {
            self.slots.push(callee);
            self.slots.len() - 1
        });
        HOST_SLOT + place as u32
    }

    /// Begins to run a function.
    pub fn enter(&mut self, function: u32, entry: Entry, edge: Edge, keeps: Keeps) {
        let event = match edge {
            Edge::Callback => Event::CallBack(function),
            _ => Event::Enter(function, edge),
        };
        self.act(event);
        self.run(function, entry, edge == Edge::Callback, keeps, Vec::new());
    }

    fn run(
        &mut self,
        function: u32,
        entry: Entry,
        by_host: bool,
        keeps: Keeps,
        mut origins: Vec<Origin>,
    ) {
        let sig = self.functions[function as usize].sig;
        let resets = entry != Entry::Call && origins.is_empty();
        origins.push(Origin {
            function,
            start: self.log.len(),
            // Where it empties the shadow stack, it cannot be called from elsewhere.
            repeats: !resets,
        });
        self.running.push(Running {
            function,
            entry,
            body: Body::new(&self.setting, function, sig, keeps, resets),
            scopes: Vec::new(),
            kept: Vec::new(),
            by_host,
            is_idle: origins.len() == 1,
            is_gone: false,
            origins,
        });
    }

    /// A function takes the place of the one that runs; the code for that is there already.
    pub fn replace(&mut self, function: u32, edge: Edge, keeps: Keeps) {
        let Some(mut top) = self.running.pop() else {
            return;
        };
        self.complete(&mut top);
        self.act(Event::Replace(function, edge));
        self.run(function, top.entry, top.by_host, keeps, top.origins);
    }

    /// Begins the next call of the case, in a function of this module.
    pub fn begin_call(&mut self, module: u32, keeps: Keeps) {
        self.call_began = self.log.len();
        let name = format!("{}", self.functions.len());
        let module = self.main().saturating_sub(module);
        let function = self.function(module, Sig::Export, Some(name));
        self.enter(function, Entry::Export, Edge::Export, keeps);
    }

    /// Whether the current call has not done anything yet.
    pub fn is_idle(&self) -> bool {
        match self.running.as_slice() {
            [only] => only.is_idle && only.entry == Entry::Export,
            _ => false,
        }
    }

    /// Whether there is no room for another call.
    pub fn is_full(&self) -> bool {
        self.calls.len() >= MAX_CALLS
    }

    /// Takes back the call that has begun, if it has not done anything.
    pub fn retract(&mut self) -> bool {
        let is_idle = self.is_idle();
        if is_idle {
            self.running.clear();
            self.functions.pop();
            self.log.pop();
            self.model.retract();
        }
        is_idle
    }

    /// Whether other functions have run since an exception was caught.
    pub fn has_called_since(&self, kept: Kept) -> bool {
        let since = self.log.iter().skip(kept.caught);
        let mut since = since.filter(|event| matches!(event, Event::Enter(..) | Event::Host(..)));
        since.next().is_some()
    }

    /// What runs now would not do the same again.
    pub fn is_once(&mut self) {
        let origins = self.running.iter_mut().flat_map(|it| &mut it.origins);
        origins.for_each(|origin| origin.repeats = false);
    }
}
