//! What the host's functions do.

use super::super::unwind::TAG;
use super::super::world::{Entry, Guard, MEMORY_PAGES, MORE_ELEMENTS, PAGE_BYTES, SPARE_ELEMENTS};
use super::super::world::{Sig, Site, World};
use super::guest::{address, write};
use super::ways::ways;
use crate::stress::Choices;
use crate::stress::exception_ops::value::{Datum, Ty};
use assay_engine::{Action, Features, OnFailure, Slot, Trap};

/// Growth while a start function runs: there is no instance yet, so that nothing grows.
const TOO_EARLY: &str = "grows before there is an instance";

/// What is around the next call.
pub fn guard(w: &World, c: &mut Choices<'_, '_>) -> Guard {
    let guards = [Guard::None, Guard::Tag, Guard::All];
    let some = if w.setting.features.contains(Features::EXCEPTIONS) {
        &guards[..]
    } else {
        &guards[..1]
    };
    c.one_of(some).unwrap_or(Guard::None)
}

/// Calls a function of the host's, which is to do this. Gives what it returns or throws; the call is
/// still under way.
fn call(w: &mut World, c: &mut Choices<'_, '_>, deed: &'static str, action: Action) -> Vec<Datum> {
    let guard = guard(w, c);
    let import = c.below(w.setting.imports.len() as u32);
    let sig = Sig::Import(import);
    let (params, results) = (w.params(sig), w.results(sig));
    let operands = w.operands(c, &params);
    let way = c.one_of(&ways(w));
    w.corners_of_types(&params, &results);
    w.open(Site {
        id: c.id(),
        guard,
        results,
    });
    w.push_all(&operands);
    if let Some(way) = way {
        (way.emit)(w, import);
        w.hit(way.name, deed);
    }
    let data: Vec<Datum> = operands.iter().map(|operand| operand.datum).collect();
    w.host_acts(import, action, &data)
}

/// As [`call`], and it returns.
fn call_through(w: &mut World, c: &mut Choices<'_, '_>, deed: &'static str, action: Action) {
    let values = call(w, c, deed, action);
    w.close_returned(&values);
}

/// The host returns.
pub fn returns(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    call_through(w, c, "returns", Action::Return);
    Some(())
}

/// The host collects garbage.
pub fn collects(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    call_through(w, c, "collects", Action::Collect);
    Some(())
}

/// The host exchanges bytes of the memory.
pub fn exchanges(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let address = address(w, c);
    let value = super::super::world::mark(c.id());
    let action = Action::Exchange {
        memory: 0,
        address,
        value,
    };
    let deed = if w.is_starting() {
        "exchanges before there is an instance"
    } else if write(w, address, value) {
        "exchanges bytes"
    } else {
        "exchanges out of bounds"
    };
    call_through(w, c, deed, action);
    Some(())
}

/// The host grows the memory.
pub fn grows_memory(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let pages = c.below(3);
    let grown = w.memory.len() as u32 / PAGE_BYTES + pages;
    let grows = grown <= MEMORY_PAGES.1;
    let deed = match (w.is_starting(), grows) {
        (true, _) => TOO_EARLY,
        (false, true) => "grows the memory",
        (false, false) => "is refused memory",
    };
    if grows && !w.is_starting() {
        w.memory.resize((grown * PAGE_BYTES) as usize, 0);
    }
    call_through(w, c, deed, Action::GrowMemory { memory: 0, pages });
    w.sink().memory_size(0).i64_extend_i32_u();
    w.note((w.memory.len() as u32 / PAGE_BYTES).into());
    Some(())
}

/// The host grows the table.
pub fn grows_table(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let elements = c.below(4);
    let most = w.setting.imports.len() as u32 + SPARE_ELEMENTS + MORE_ELEMENTS;
    let grows = w.elements + elements <= most;
    let deed = match (w.is_starting(), grows) {
        (true, _) => TOO_EARLY,
        (false, true) => "grows the table",
        (false, false) => "is refused elements",
    };
    let action = Action::GrowTable { table: 0, elements };
    call_through(w, c, deed, action);
    if grows && !w.is_starting() {
        w.elements += elements;
    }
    w.sink().table_size(0).i64_extend_i32_u();
    w.note(w.elements.into());
    Some(())
}

/// The host traps.
pub fn traps(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    call(w, c, "traps", Action::Trap);
    w.trapped(Trap::Host.into());
    Some(())
}

/// The host throws.
pub fn throws(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let slot = |ty: &Ty| match ty {
        Ty::I32 => Slot::I32,
        _ => Slot::I64,
    };
    let params = w.setting.fields.iter().map(slot).collect();
    let payload = call(w, c, "throws", Action::Throw { tag: TAG, params });
    w.threw(&payload);
    Some(())
}

/// The host interrupts. Directly behind it a function is called, since engines look where one begins.
pub fn interrupts(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    call(w, c, "interrupts", Action::Interrupt);
    let nothing = w.nothing();
    w.sink().call(nothing);
    w.trapped(Trap::Host.into());
    Some(())
}

/// The host calls another function of the module, and code goes on in there.
pub fn calls_back(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let failure = c.one_of(&OnFailure::ALL)?;
    let export = format!("back {}", w.called_back.len());
    let action = Action::Call {
        export: export.clone(),
        args: w.setting.argument_values(),
        failure,
    };
    let values = call(w, c, "calls back", action);
    w.host.descend();
    if w.host.callbacks() > 1 {
        w.hit("callback", "in a callback");
    }
    w.called_back.insert(export.clone());
    let function = w.function(Sig::Export, Some(export));
    w.enter(Entry::Callback { failure, values }, function);
    Some(())
}

/// The host would call back where it cannot: too deep, or before there is an instance.
pub fn calls_back_in_vain(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let deed = if w.is_starting() {
        "calls back before there is an instance"
    } else if w.host.callbacks() >= assay_engine::MAX_CALLBACK_DEPTH {
        "calls back too deep"
    } else {
        return None;
    };
    let action = Action::Call {
        // The first call of the case.
        export: "0".into(),
        args: w.setting.argument_values(),
        failure: c.one_of(&OnFailure::ALL)?,
    };
    call_through(w, c, deed, action);
    Some(())
}
