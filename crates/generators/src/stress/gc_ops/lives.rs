//! What becomes of the objects that the host makes: which of them can be reached at the end.

use super::model::{Datum, Object, Ref};
use super::world::World;
use assay_engine::{FIRST_FRESH, Lives};
use std::collections::BTreeSet;

impl World {
    /// Names a new object of the host's.
    pub fn fresh(&mut self) -> Ref {
        self.fresh += 1;
        Ref::Host(FIRST_FRESH + self.fresh - 1)
    }

    /// What becomes of them, after the last call: no local is left then.
    pub fn lives(&self) -> Lives {
        let places = self.globals.iter().chain(&self.tables);
        let segments = self.segments.iter().flat_map(|segment| &segment.values);
        let roots = places.flat_map(|place| &place.values).chain(segments);
        let mut reached = vec![false; self.objects.0.len()];
        let mut reachable = BTreeSet::new();
        let mut pending: Vec<Ref> = roots.copied().collect();
        while let Some(reference) = pending.pop() {
            reachable.extend(number_of(reference));
            if let Ref::Object(object) = reference
                && !std::mem::replace(&mut reached[object as usize], true)
            {
                pending.extend(references(&self.objects.0[object as usize]));
            }
        }
        let kept = self.kept_by_cycles(&reached);
        let on_cycles = kept.difference(&reachable).copied().collect();
        Lives {
            made: self.fresh,
            reachable: reachable.into_iter().collect(),
            on_cycles,
        }
    }

    /// What is left of the garbage when all that nothing refers to is freed, and so on: what is on cycles,
    /// and what that refers to. The host's objects among it.
    fn kept_by_cycles(&self, reached: &[bool]) -> BTreeSet<u32> {
        let garbage = |number: &usize| !reached[*number];
        let all = || (0..self.objects.0.len()).filter(garbage);
        let referred = |number: usize| {
            let objects = references(&self.objects.0[number]);
            objects.filter_map(|reference| match reference {
                Ref::Object(object) => Some(object as usize),
                _ => None,
            })
        };
        let mut counts = vec![0usize; reached.len()];
        all().for_each(|number| referred(number).for_each(|object| counts[object] += 1));
        let mut free: Vec<usize> = all().filter(|&number| counts[number] == 0).collect();
        let mut kept: Vec<bool> = reached.iter().map(|reached| !reached).collect();
        while let Some(number) = free.pop() {
            kept[number] = false;
            for object in referred(number) {
                counts[object] -= 1;
                if counts[object] == 0 && kept[object] {
                    free.push(object);
                }
            }
        }
        let kept = all().filter(|&number| kept[number]);
        kept.flat_map(|number| references(&self.objects.0[number]).filter_map(number_of))
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

fn references(object: &Object) -> impl Iterator<Item = Ref> {
    object.data.iter().filter_map(|datum| match datum {
        Datum::Ref(reference) => Some(*reference),
        Datum::Bits(_) => None,
    })
}
