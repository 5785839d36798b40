//! Calls of functions of the modules, of all kinds.

use super::super::body::{Callee, From, Keeps, Sig};
use super::super::model::{Edge, Event, Tail, Way};
use super::super::setting::Ty;
use super::super::world::{End, Entry, World};
use crate::stress::Choices;
use assay_engine::Features;

/// `call`
pub fn call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Direct, Tail::No)
}

/// `call_indirect`
pub fn call_indirect(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Indirect, Tail::No)
}

/// `call_ref`
pub fn call_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Reference, Tail::No)
}

/// `return_call`
pub fn return_call(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Direct, Tail::Yes)
}

/// `return_call_indirect`
pub fn return_call_indirect(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Indirect, Tail::Yes)
}

/// `return_call_ref`
pub fn return_call_ref(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    new(w, c, Way::Reference, Tail::Yes)
}

/// Calls a new function, and goes on in there.
fn new(w: &mut World, c: &mut Choices<'_, '_>, way: Way, tail: Tail) -> Option<()> {
    let from = w.module();
    let module = c.below(w.modules_in_reach(way));
    let own = w.setting.signatures.len() as u32;
    let sig = match c.below(own + 1) {
        0 => Sig::Export,
        number => Sig::Own(number - 1),
    };
    let keeps = keeps(w, c);
    let function = w.function(module, sig, None);
    let edge = Edge::Call(way, tail);
    if let Some(case) = Edge::crossing(from, module) {
        w.hit(edge.name(), case);
    }
    let mark = w.emit_call(Callee::Own(function), sig, way, tail);
    w.act(Event::At(mark));
    match tail {
        Tail::Yes => w.replace(function, edge, keeps),
        Tail::No => w.enter(function, Entry::Call, edge, keeps),
    }
    Some(())
}

/// How much the next function keeps: mostly little, sometimes more than there are registers.
pub fn keeps(w: &World, c: &mut Choices<'_, '_>) -> Keeps {
    let count = c.one_of(&[0, 0, 0, 0, 2, 2, 9, 40]).unwrap_or(0);
    let types = [Ty::I64, Ty::I32, Ty::F64, Ty::F32, Ty::V128];
    let vectors = w.setting.features.contains(Features::SIMD);
    let types = if vectors { &types } else { &types[..4] };
    Keeps {
        count,
        ty: c.one_of(types),
    }
}

impl World {
    /// How many modules, from the first on, have functions that the one that runs can call in this way.
    fn modules_in_reach(&self, way: Way) -> u32 {
        let modules = 0..self.setting.modules;
        let reached = modules.filter(|&to| self.reaches(self.module(), to, way));
        reached.count() as u32
    }

    /// Whether functions of one module can call those of another in this way. By its index only what
    /// is imported can be called; a reference from the table comes without its type.
    fn reaches(&self, from: u32, to: u32, way: Way) -> bool {
        let features = self.setting.features;
        match way {
            Way::Direct => to <= from,
            Way::Indirect => true,
            Way::Reference => {
                let casts = features.contains(Features::GC);
                features.contains(Features::FUNCTION_REFERENCES) && (to <= from || casts)
            }
        }
    }

    /// The ways in which functions of one module can call those of another.
    pub fn ways_between(&self, from: u32, to: u32) -> Vec<Way> {
        let ways = [Way::Direct, Way::Indirect, Way::Reference].into_iter();
        ways.filter(|&way| self.reaches(from, to, way)).collect()
    }

    /// The ways in which the function that runs can call those of a module.
    pub fn ways_to(&self, module: u32) -> Vec<Way> {
        self.ways_between(self.module(), module)
    }

    /// Where the function that runs takes one from that it calls in this way.
    pub fn source(&mut self, callee: Callee, way: Way) -> From {
        self.source_from(self.module(), callee, way)
    }

    /// Where a module takes a function from that it calls in this way.
    pub fn source_from(&mut self, from: u32, callee: Callee, way: Way) -> From {
        let to = match callee {
            Callee::Own(function) => self.functions[function as usize].module,
            Callee::Host(_) => self.main(),
        };
        if way == Way::Indirect || to > from {
            From::Table(self.slot(callee))
        } else {
            From::Index
        }
    }

    /// Emits a call, with its arguments, and takes what it gives.
    pub fn emit_call(&mut self, callee: Callee, sig: Sig, way: Way, tail: Tail) -> u32 {
        let params = self.setting.params(sig);
        let results = self.setting.results(sig);
        let source = self.source(callee, way);
        let body = self.body();
        if tail == Tail::Yes {
            body.pop_shadow();
        }
        match callee {
            Callee::Host(_) => body.push_host_arguments(&params),
            Callee::Own(_) => body.push_arguments(&params),
        }
        let mark = body.call(callee, sig, way, tail, source);
        if tail == Tail::No {
            body.take(&results);
        }
        mark
    }
}

/// Calls a function that has run before: it does what it did, and throws what it threw.
pub fn again(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let all = (0..).zip(&w.functions);
    let fits = all.filter(|(_, function)| match &function.record {
        None => false,
        Some((_, End::Returned)) => true,
        Some((_, End::Threw(tag))) => w.can_throw(*tag),
    });
    let names: Vec<u32> = fits.map(|(number, _)| number).collect();
    let number = c.named(&names)?;
    let function = w.functions.get(number as usize)?;
    let (events, end) = function.record.clone()?;
    let sig = function.sig;
    let way = c.one_of(&w.ways_to(function.module))?;
    let mark = w.emit_call(Callee::Own(number), sig, way, Tail::No);
    w.act(Event::At(mark));
    w.act(Event::Enter(number, Edge::Call(way, Tail::No)));
    events.into_iter().for_each(|event| w.act(event));
    match end {
        End::Returned => w.act(Event::Take),
        End::Threw(tag) => w.propagate(tag),
    }
    Some(())
}
