//! Calls of the host, which looks at the stack first, and then returns, throws, traps or calls back.

use super::super::body::{Callee, Keeps, Sig};
use super::super::model::{Edge, Event, Tail, Way, fields};
use super::super::types::TAGS;
use super::super::world::{Entry, World};
use super::calls::keeps;
use crate::stress::Choices;
use assay_engine::{Action, Features, MAX_CALLBACK_DEPTH, OnFailure, Trap};
use wasm_encoder::{BlockType, Instruction as I, ValType};

/// How often loops go around.
const ROUNDS: [u32; 3] = [2, 3, 5];

impl World {
    /// Chooses how to call a function of the host's from the module whose function runs.
    pub fn way_to_host(&self, c: &mut Choices<'_, '_>) -> Way {
        let ways = self.ways_to(self.main());
        c.one_of(&ways).unwrap_or(Way::Indirect)
    }

    /// Emits a call of the host, and makes it.
    fn call_host(&mut self, number: u32, way: Way, action: Action) {
        let mark = self.emit_call(Callee::Host(number), Sig::Host(number), way, Tail::No);
        self.hit(Edge::Call(way, Tail::No).name(), Edge::OF_HOST);
        self.act(Event::At(mark));
        self.act(Event::Host(number, action));
    }
}

/// The host returns.
pub fn returns(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.setting.hosts);
    let way = w.way_to_host(c);
    w.call_host(number, way, Action::Return);
    w.act(Event::Take);
    Some(())
}

/// The host is called from one place again and again.
pub fn in_a_loop(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.setting.hosts);
    let way = w.way_to_host(c);
    let rounds = c.one_of(&ROUNDS)?;
    let body = w.body();
    let counter = body.local(ValType::I32);
    body.ops([
        I::I32Const(rounds.cast_signed()),
        I::LocalSet(counter),
        I::Loop(BlockType::Empty),
    ]);
    let mark = w.emit_call(Callee::Host(number), Sig::Host(number), way, Tail::No);
    w.body().ops([
        I::LocalGet(counter),
        I::I32Const(1),
        I::I32Sub,
        I::LocalTee(counter),
        I::BrIf(0),
        I::End,
    ]);
    w.act(Event::At(mark));
    for _ in 0..rounds {
        w.act(Event::Host(number, Action::Return));
        w.act(Event::Take);
    }
    w.hit("host", "in a loop");
    Some(())
}

/// The host calls a function of the modules, and code goes on in there.
pub fn calls_back(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.setting.hosts);
    let way = w.way_to_host(c);
    let callback = Callback::choose(w, c);
    w.call_host(number, way, callback.action.clone());
    callback.enter(w);
    Some(())
}

/// A function that the host is to call.
struct Callback {
    module: u32,
    keeps: Keeps,
    export: String,
    action: Action,
}

impl Callback {
    fn choose(w: &World, c: &mut Choices<'_, '_>) -> Self {
        let module = w.main() - c.below(w.setting.modules);
        let export = format!("back {}", w.functions.len());
        let params = w.setting.params.iter().zip(0..);
        let action = Action::Call {
            export: export.clone(),
            args: params.map(|(ty, place)| ty.value(place)).collect(),
            failure: OnFailure::Onward,
        };
        Self {
            module,
            keeps: keeps(w, c),
            export,
            action,
        }
    }

    /// The host, which has been called, calls it.
    fn enter(self, w: &mut World) {
        // Deeper, the host would not call back.
        w.is_once();
        if self.module != w.main() {
            w.hit("callback", "into an earlier instance");
        }
        let function = w.function(self.module, Sig::Export, Some(self.export));
        w.enter(function, Entry::Call, Edge::Callback, self.keeps);
        if w.model.callbacks() >= MAX_CALLBACK_DEPTH {
            w.hit("host", "calls back twice");
        }
    }
}

/// The host throws.
pub fn throws(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.setting.hosts);
    let way = w.way_to_host(c);
    let tag = c.below(TAGS);
    if !w.can_throw(tag) {
        return None;
    }
    let params = fields(tag);
    w.call_host(number, way, Action::Throw { tag, params });
    w.hit("host", "throws");
    w.propagate(tag);
    Some(())
}

/// The host traps.
pub fn traps(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let number = c.below(w.setting.hosts);
    let way = w.way_to_host(c);
    w.call_host(number, way, Action::Trap);
    w.hit("host", "traps");
    w.trapped(Trap::Host.into());
    Some(())
}

/// The host takes the place of the function that runs, and returns; or does something else.
pub fn takes_the_place(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let way = w.way_to_host(c);
    let kind = c.below(8);
    let tag = c.below(TAGS);
    let features = w.setting.features;
    let calls_back = w.has_room_for_call() && w.model.callbacks() < MAX_CALLBACK_DEPTH;
    let case = match kind {
        5 if features.contains(Features::EXCEPTIONS) => "throws",
        6 => "traps",
        7 if calls_back => "calls back",
        _ => "returns",
    };
    let case = if w.is_starting() { "returns" } else { case };
    let mark = w.emit_call(Callee::Host(0), Sig::Host(0), way, Tail::Yes);
    w.act(Event::At(mark));
    w.hit(Edge::Call(way, Tail::Yes).name(), Edge::OF_HOST);
    w.hit("host in a tail call", case);
    w.vacate();
    match case {
        "throws" => {
            let params = fields(tag);
            w.act(Event::Host(0, Action::Throw { tag, params }));
            w.propagate(tag);
        }
        "traps" => {
            w.act(Event::Host(0, Action::Trap));
            w.trapped(Trap::Host.into());
        }
        "calls back" => {
            let callback = Callback::choose(w, c);
            w.act(Event::Host(0, callback.action.clone()));
            callback.enter(w);
        }
        _ => {
            w.act(Event::Host(0, Action::Return));
            w.handed_over();
        }
    }
    Some(())
}
