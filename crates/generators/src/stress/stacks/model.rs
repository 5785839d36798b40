//! The model: which functions are active, at which of their instructions, and what came of the calls.
//!
//! All that happens is an [`Event`]. So what a function did can be done again, elsewhere and later, by
//! applying its events again, and the model says what comes of it then.

use super::corners::{Corner, of_stack};
pub use super::event::{Edge, Event, Place, Tail, Taken, Way};
use super::setting::{RESULTS, Setting, Ty};
pub use crate::stress::digest::FACTOR;
use crate::stress::host::HostModel;
use assay_engine::{Action, Host, HostFunction, Moment, Outcome, Slot, Value};
use std::collections::BTreeSet;

/// Mixes a word into a digest.
pub fn mix(digest: u64, word: u64) -> u64 {
    digest.wrapping_mul(FACTOR) ^ word
}

/// What a function puts onto the shadow stack.
pub fn pushed(function: u32) -> u64 {
    u64::from(function + 1).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// A function that is active.
#[derive(Clone, Debug)]
struct Active {
    place: Place,
    /// The shadow stack before it began, and with it on top.
    saved: u64,
    own: u64,
    /// Those in whose place it is, by tail calls; the first one first.
    replaced: Vec<Place>,
    /// What the host returns, where it has called this function.
    host_returns: Option<Vec<Value>>,
    /// The exceptions that it has kept.
    kept: Vec<Vec<Value>>,
}

/// What has happened in a call before a stack was taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    /// A function has returned.
    pub returned: bool,
    /// How many functions an exception has left and was caught then.
    pub unwound: u32,
    /// Whether a tail call has ended a function.
    pub replaced: bool,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Model {
    setting: Setting,
    active: Vec<Active>,
    digest: u64,
    /// What the last function that returned gave.
    returned: Vec<Value>,
    /// The fields of the last exception that was thrown, and where that was.
    exception: Vec<Value>,
    thrown: Vec<Place>,
    before: Before,
    stacks: Vec<Taken>,
    /// The calls that are over: what came of them, and their stacks.
    pub calls: Vec<(Outcome, Vec<Taken>)>,
    /// The corners that the case has been in.
    pub met: BTreeSet<Corner>,
    /// The host.
    pub host: HostModel,
}

impl Model {
    /// Before anything has happened.
    pub fn new(setting: &Setting) -> Self {
        let slots = |types: &[Ty]| types.iter().map(|ty| ty.slot()).collect();
        let function = |number| {
            let (params, results) = setting.host(number);
            HostFunction {
                label: format!("host.{number}"),
                params: slots(&params),
                results: slots(&results),
                actions: Vec::new(),
            }
        };
        let host = Host {
            seed: setting.host_seed,
            functions: (0..setting.hosts).map(function).collect(),
        };
        Self {
            setting: setting.clone(),
            active: Vec::new(),
            digest: 0,
            returned: Vec::new(),
            exception: Vec::new(),
            thrown: Vec::new(),
            before: Before::default(),
            stacks: Vec::new(),
            calls: Vec::new(),
            met: BTreeSet::new(),
            host: HostModel::new(host),
        }
    }

    /// How deep the host calls back.
    pub fn callbacks(&self) -> u32 {
        self.host.callbacks()
    }

    /// How many functions are active.
    pub fn depth(&self) -> usize {
        self.active.len()
    }

    /// Something happens.
    pub fn apply(&mut self, event: &Event) {
        match *event {
            Event::At(mark) => self.on_top(|top| top.place.mark = mark),
            Event::Enter(function, edge) => self.enter(function, edge, None),
            Event::CallBack(function) => {
                self.host.descend();
                let returns = std::mem::take(&mut self.returned);
                self.enter(function, Edge::Callback, Some(returns));
            }
            Event::Replace(function, edge) => self.replace(function, edge),
            Event::Vacate => {
                self.before.replaced = true;
                self.on_top(|top| {
                    top.place.gone = true;
                    top.own = top.saved;
                });
            }
            Event::Host(number, ref action) => self.call_host(number, action),
            Event::Return(word) => {
                let first = [Value::I64(self.digest ^ word)];
                let others = (RESULTS..).zip(&self.setting.results);
                let others = others.map(|(place, ty)| ty.value(place));
                self.returned = first.into_iter().chain(others).collect();
                self.leave();
            }
            Event::HandOver => self.leave(),
            Event::Take => {
                if let Some(value) = self.returned.first() {
                    self.note(value.bits() as u64);
                }
            }
            Event::Note(word) => self.note(word),
            Event::Throw(ref fields) => self.throw(fields.clone()),
            Event::Rethrow(number) => {
                let kept = self.active.last().map(|top| &top.kept);
                let fields = kept.and_then(|kept| kept.get(number as usize)).cloned();
                self.throw(fields.unwrap_or_default());
            }
            Event::Unwind => {
                self.before.unwound += 1;
                self.pop();
            }
            Event::NotePayload => {
                for value in self.exception.clone() {
                    self.note(value.bits() as u64);
                }
            }
            Event::Keep => {
                let exception = self.exception.clone();
                self.on_top(|top| top.kept.push(exception));
            }
            Event::Uncaught(tag) => self.uncaught(tag),
            Event::Trap(traps) => {
                self.take(Moment::Trap, self.places());
                while self.pop().is_some() {}
                self.over(Outcome::Trapped(traps));
            }
        }
    }

    /// Takes back that a function has begun that has not done anything.
    pub fn retract(&mut self) {
        self.pop();
    }

    fn on_top(&mut self, change: impl FnOnce(&mut Active)) {
        if let Some(top) = self.active.last_mut() {
            change(top);
        }
    }

    fn enter(&mut self, function: u32, edge: Edge, host_returns: Option<Vec<Value>>) {
        let saved = self.shadow();
        self.active.push(Active {
            place: Place {
                function,
                mark: 0,
                edge,
                gone: false,
            },
            replaced: Vec::new(),
            saved,
            own: mix(saved, pushed(function)),
            host_returns,
            kept: Vec::new(),
        });
    }

    fn replace(&mut self, function: u32, edge: Edge) {
        self.before.replaced = true;
        self.on_top(|top| {
            let gone = true;
            top.replaced.push(Place { gone, ..top.place });
            top.place = Place {
                function,
                mark: 0,
                edge,
                gone: false,
            };
            top.own = mix(top.saved, pushed(function));
            top.kept.clear();
        });
    }

    fn call_host(&mut self, number: u32, action: &Action) {
        self.take(Moment::HostCall, self.places());
        let args = self.arguments(number);
        let values = self.host.acts(number as usize, action.clone(), args);
        match action {
            Action::Throw { .. } => self.throw(values),
            _ => self.returned = values,
        }
    }

    /// The arguments of a function of the host's: the shadow stack first.
    fn arguments(&self, number: u32) -> Vec<Value> {
        let (params, _) = self.setting.host(number);
        let mut shadow = self.setting.has_shadow().then(|| self.shadow());
        let argument = |(place, ty): (u32, Ty)| match ty {
            Ty::I64 => shadow.take().map_or(ty.value(place), Value::I64),
            _ => ty.value(place),
        };
        (0..).zip(params).map(argument).collect()
    }

    /// What is on the shadow stack; nothing where no function is active.
    fn shadow(&self) -> u64 {
        self.active.last().map_or(0, |top| top.own)
    }

    fn note(&mut self, word: u64) {
        if self.setting.has_shadow() {
            self.digest = mix(self.digest, word);
        }
    }

    fn throw(&mut self, fields: Vec<Value>) {
        self.exception = fields;
        self.thrown = self.places();
    }

    /// A function ends; what the host was to return then is returned.
    fn pop(&mut self) -> Option<Active> {
        let mut top = self.active.pop()?;
        if let Some(values) = top.host_returns.take() {
            self.host.ascend();
            self.returned = values;
        }
        Some(top)
    }

    fn leave(&mut self) {
        let Some(top) = self.pop() else { return };
        self.before.returned = true;
        match (top.place.edge, self.active.is_empty()) {
            (Edge::Start, _) => {
                self.stacks.clear();
                self.before = Before::default();
            }
            (_, true) => {
                let values = self.returned.clone();
                self.over(Outcome::Returned(values));
            }
            _ => {}
        }
    }

    fn uncaught(&mut self, tag: u32) {
        // What the exception has left before it left the call has not been caught.
        self.before.unwound = 0;
        let thrown = std::mem::take(&mut self.thrown);
        self.take(Moment::Exception, thrown);
        let payload = self.exception.clone();
        self.over(Outcome::Threw {
            tag: Some(tag),
            payload,
        });
    }

    fn over(&mut self, outcome: Outcome) {
        self.before = Before::default();
        let stacks = std::mem::take(&mut self.stacks);
        self.calls.push((outcome, stacks));
    }

    /// The functions that are active, the innermost first; behind each those that it has replaced.
    fn places(&self) -> Vec<Place> {
        let active = self.active.iter().rev();
        let places = active.flat_map(|it| [&it.place].into_iter().chain(it.replaced.iter().rev()));
        places.copied().collect()
    }

    fn take(&mut self, moment: Moment, places: Vec<Place>) {
        of_stack(&mut self.met, moment, &places, self.before);
        self.stacks.push(Taken { moment, places });
    }
}

/// The slots of the fields of a tag: the first has one, the second none.
pub fn fields(tag: u32) -> Vec<Slot> {
    match tag {
        0 => vec![Slot::I64],
        _ => Vec::new(),
    }
}
