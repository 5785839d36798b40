//! What keeps what: which of the objects that the host makes can be reached at the end, and what an
//! exception alone keeps.

use super::model::{Datum, Exception, Ref};
use super::world::World;
use assay_engine::{FIRST_FRESH, Lives};
use std::collections::BTreeSet;

/// What can be reached.
struct Reached {
    /// Objects, and behind them exceptions, see [`World::node`].
    nodes: Vec<bool>,
    /// The host's objects, by their numbers.
    host: BTreeSet<u32>,
}

impl World {
    /// Names a new object of the host's.
    pub fn fresh(&mut self) -> Ref {
        self.fresh += 1;
        Ref::Host(FIRST_FRESH + self.fresh - 1)
    }

    /// What becomes of them, after the last call: no local is left then.
    pub fn lives(&self) -> Lives {
        let reached = self.reached(self.places(), true);
        let kept = self.kept_by_cycles(&reached.nodes);
        let objects = &reached.nodes[..self.objects.0.len()];
        let alive = objects.iter().filter(|reached| **reached).count();
        let on_cycles = kept.difference(&reached.host).copied().collect();
        Lives {
            made: self.fresh,
            reachable: reached.host.into_iter().collect(),
            alive: u32::try_from(alive).ok(),
            on_cycles,
        }
    }

    /// Whether an exception carries an object that nothing but exceptions keeps.
    pub fn keeps_alone(&self, exception: &Exception) -> bool {
        let locals = self.vars.iter().map(|var| var.value);
        let reached = self.reached(self.places().into_iter().chain(locals).collect(), false);
        let mut objects = references(&exception.data).filter(|it| matches!(it, Ref::Object(_)));
        objects.any(|object| !self.node(object).is_some_and(|node| reached.nodes[node]))
    }

    /// What globals, tables and segments hold.
    fn places(&self) -> Vec<Ref> {
        let other = self.other.iter().map(|it| &it.global);
        let places = self.globals.iter().chain(&self.tables).chain(other);
        let segments = self.segments.iter().flat_map(|segment| &segment.values);
        let places = places.flat_map(|place| &place.values);
        places.chain(segments).copied().collect()
    }

    /// The number of an object or an exception among both.
    fn node(&self, reference: Ref) -> Option<usize> {
        match reference {
            Ref::Object(object) => Some(object as usize),
            Ref::Exception(exception) => Some(self.objects.0.len() + exception as usize),
            _ => None,
        }
    }

    fn nodes(&self) -> usize {
        self.objects.0.len() + self.exceptions.len()
    }

    /// What an object or an exception refers to.
    fn held_by(&self, node: usize) -> impl Iterator<Item = Ref> {
        let object = self.objects.0.get(node).map(|object| &object.data);
        let exception = node.checked_sub(self.objects.0.len());
        let exception = exception.and_then(|number| self.exceptions.get(number));
        let data = object.or(exception.map(|exception| &exception.data));
        references(data.map_or(&[], Vec::as_slice))
    }

    /// What can be reached from these, by way of exceptions or not.
    fn reached(&self, roots: Vec<Ref>, by_exceptions: bool) -> Reached {
        let mut nodes = vec![false; self.nodes()];
        let mut host = BTreeSet::new();
        let mut pending = roots;
        while let Some(reference) = pending.pop() {
            host.extend(number_of(reference));
            let passes = by_exceptions || !matches!(reference, Ref::Exception(_));
            if let Some(node) = self.node(reference)
                && passes
                && !std::mem::replace(&mut nodes[node], true)
            {
                pending.extend(self.held_by(node));
            }
        }
        Reached { nodes, host }
    }

    /// What is left of the garbage when all that nothing refers to is freed, and so on: what is on cycles,
    /// and what that refers to. The host's objects among it.
    fn kept_by_cycles(&self, reached: &[bool]) -> BTreeSet<u32> {
        let garbage = |node: &usize| !reached[*node];
        let all = || (0..self.nodes()).filter(garbage);
        let referred = |node: usize| self.held_by(node).filter_map(|it| self.node(it));
        let mut counts = vec![0usize; reached.len()];
        all().for_each(|node| referred(node).for_each(|other| counts[other] += 1));
        let mut free: Vec<usize> = all().filter(|&node| counts[node] == 0).collect();
        let mut kept: Vec<bool> = reached.iter().map(|reached| !reached).collect();
        while let Some(node) = free.pop() {
            kept[node] = false;
            for other in referred(node) {
                counts[other] -= 1;
                if counts[other] == 0 && kept[other] {
                    free.push(other);
                }
            }
        }
        let kept = all().filter(|&node| kept[node]);
        kept.flat_map(|node| self.held_by(node).filter_map(number_of))
            .collect()
    }
}

/// The number of an object that the host made.
fn number_of(reference: Ref) -> Option<u32> {
    match reference {
        Ref::Host(number) if number >= FIRST_FRESH => Some(number),
        _ => None,
    }
}

fn references(data: &[Datum]) -> impl Iterator<Item = Ref> {
    data.iter().filter_map(|datum| datum.reference())
}
