//! A function that calls the host, which calls the very same function, until it is too deep.

use super::super::values::{Operand, fresh};
use super::super::world::{DIGEST, Entry, Guard, Held, Sig, Site, World};
use super::ways::ways;
use crate::stress::Choices;
use crate::stress::exception_ops::value::{Datum, Ty};
use crate::stress::exception_ops::world::mix_into;
use crate::stress::naming::{distinct, name};
use assay_engine::{Action, Features, MAX_CALLBACK_DEPTH, OnFailure};

/// What each run of the function does.
struct Run {
    /// The function of the host's.
    import: u32,
    /// What that does.
    action: Action,
    /// What it is called with.
    args: Vec<Datum>,
    /// The types of what it gives.
    results: Vec<Ty>,
    /// What the function keeps meanwhile.
    live: Vec<Held>,
}

/// See the [module](self).
pub fn calls_again(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let import = c.below(w.setting.imports.len() as u32);
    let export = format!("again {}", w.functions.len());
    let function = w.function(Sig::Export, Some(export.clone()));
    let action = Action::Call {
        export,
        args: w.setting.argument_values(),
        failure: OnFailure::Onward,
    };
    w.enter(Entry::Call, function);
    let run = emit(w, c, import, action)?;
    w.leave();
    let types = w.setting.all_results();
    w.open(Site {
        id: c.id(),
        guard: Guard::None,
        results: types.clone(),
    });
    for (ty, datum) in w
        .setting
        .params
        .clone()
        .into_iter()
        .zip(w.setting.arguments())
    {
        let bits = match datum {
            Datum::Bits(bits) => bits,
            _ => 0,
        };
        w.push(&fresh(ty, bits, false, false));
    }
    let index = w.index(function);
    w.sink().call(index);
    activate(w, &run);
    let behind = plain(&w.setting.results).into_iter();
    let digest = Datum::Bits(w.digest.into());
    let values: Vec<Datum> = [digest]
        .into_iter()
        .chain(behind.map(|it| it.datum))
        .collect();
    w.close_returned(&values);
    Some(())
}

/// The function's code: it looks at what it keeps, calls, and looks again.
fn emit(w: &mut World, c: &mut Choices<'_, '_>, import: u32, action: Action) -> Option<Run> {
    w.frame().held.clear();
    let mut live = Vec::new();
    for (place, ty) in (0..).zip(live_types(w.setting.features)) {
        let operand = fresh(ty, distinct(c.id(), 40 + place), false, true);
        w.push(&operand);
        live.push(w.keep(name(c.id(), 40 + place), ty, operand.datum));
    }
    mix_into(&mut w.sink(), &live);
    let sig = Sig::Import(import);
    let operands = w.operands(c, &w.params(sig));
    let way = c.one_of(&ways(w))?;
    w.push_all(&operands);
    (way.emit)(w, import);
    w.hit(way.name, "calls the same function again");
    let results = w.results(sig);
    let mut got = Vec::new();
    for &ty in results.iter().rev() {
        got.push(w.keep(c.id(), ty, Datum::Null));
    }
    mix_into(&mut w.sink(), &got);
    mix_into(&mut w.sink(), &live);
    w.sink().global_get(DIGEST);
    let behind = plain(&w.setting.results);
    w.push_all(&behind);
    Some(Run {
        import,
        action,
        args: operands.iter().map(|operand| operand.datum).collect(),
        results,
        live,
    })
}

/// The types of what the function keeps.
fn live_types(features: Features) -> Vec<Ty> {
    let mut types = vec![Ty::I64, Ty::F64, Ty::I32, Ty::F32, Ty::I64, Ty::F64];
    if features.contains(Features::SIMD) {
        types.push(Ty::V128);
    }
    types
}

/// What a function gives behind the digest.
fn plain(types: &[Ty]) -> Vec<Operand> {
    let types = (0..).zip(types);
    types
        .map(|(place, &ty)| fresh(ty, distinct(u32::from(u8::MAX), place), false, false))
        .collect()
}

/// The function runs, and in it, where that is not too deep, once more.
fn activate(w: &mut World, run: &Run) {
    let look = |w: &mut World| {
        for held in &run.live {
            w.log(held.ty, held.datum);
        }
    };
    look(w);
    let values = w.host_acts(run.import, run.action.clone(), &run.args);
    if w.host.callbacks() < MAX_CALLBACK_DEPTH {
        w.host.descend();
        activate(w, run);
        w.host.ascend();
    }
    let results = run.results.iter().zip(values);
    for (&ty, datum) in results.collect::<Vec<_>>().into_iter().rev() {
        w.log(ty, datum);
    }
    look(w);
}
