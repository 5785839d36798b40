//! The ways to call a function of the host's.

use super::super::world::{Sig, World};
use assay_engine::Features;

/// A way. The arguments are on the stack, and the results will be.
#[derive(Clone, Copy)]
pub struct Way {
    /// Its name.
    pub name: &'static str,
    needs: Features,
    /// Emits the call of this import.
    pub emit: fn(&mut World, u32),
}

const TAIL_REFERENCES: Features = Features::TAIL_CALL.union(Features::FUNCTION_REFERENCES);

const fn way(name: &'static str, needs: Features, emit: fn(&mut World, u32)) -> Way {
    Way { name, needs, emit }
}

/// All ways.
pub static WAYS: &[Way] = &[
    way("call", Features::empty(), direct),
    way("call_indirect", Features::empty(), indirect),
    way("call_ref", Features::FUNCTION_REFERENCES, reference),
    way(
        "table.set and call_indirect",
        Features::REFERENCE_TYPES,
        placed,
    ),
    way("return_call", Features::TAIL_CALL, |w, import| {
        tail(w, import, |w, import| _ = w.sink().return_call(import));
    }),
    way("return_call_indirect", Features::TAIL_CALL, |w, import| {
        tail(w, import, |w, import| {
            let ty = w.type_index(Sig::Import(import));
            w.sink()
                .i32_const(import.cast_signed())
                .return_call_indirect(TABLE, ty);
        });
    }),
    way("return_call_ref", TAIL_REFERENCES, |w, import| {
        tail(w, import, |w, import| {
            let ty = w.type_index(Sig::Import(import));
            w.referred.insert(import);
            w.sink().ref_func(import).return_call_ref(ty);
        });
    }),
];

/// The table.
const TABLE: u32 = 0;

/// The ways that the features of the case have.
pub fn ways(w: &World) -> Vec<Way> {
    let has = |way: &&Way| w.setting.features.contains(way.needs);
    WAYS.iter().filter(has).copied().collect()
}

fn direct(w: &mut World, import: u32) {
    w.sink().call(import);
}

/// The table begins with the imports.
fn indirect(w: &mut World, import: u32) {
    let ty = w.type_index(Sig::Import(import));
    w.sink()
        .i32_const(import.cast_signed())
        .call_indirect(TABLE, ty);
}

fn reference(w: &mut World, import: u32) {
    let ty = w.type_index(Sig::Import(import));
    w.referred.insert(import);
    w.sink().ref_func(import).call_ref(ty);
}

/// Puts the function into the last element of the table first.
fn placed(w: &mut World, import: u32) {
    let ty = w.type_index(Sig::Import(import));
    w.referred.insert(import);
    let last = (w.elements - 1).cast_signed();
    let mut f = w.sink();
    f.i32_const(last).ref_func(import).table_set(TABLE);
    f.i32_const(last).call_indirect(TABLE, ty);
}

/// Calls a new function, the host's in its place.
fn tail(w: &mut World, import: u32, emit: fn(&mut World, u32)) {
    let sig = Sig::Import(import);
    let function = w.function(sig, None);
    w.enter(super::super::world::Entry::Call, function);
    for local in 0..w.params(sig).len() as u32 {
        w.sink().local_get(local);
    }
    emit(w, import);
    w.leave();
    let index = w.index(function);
    w.sink().call(index);
}
