//! Runs a program on an engine that works in this process, call by call.

use crate::{
    Call, Engine, EngineError, Instance, Outcome, Program, Resource, Shim, State, Step, Transcript,
    Trap, Value, names,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Instantiates the program, makes its calls, and observes the state after each.
///
/// # Errors
///
/// Where the engine itself fails.
pub fn drive<E: Engine + ?Sized>(
    engine: &mut E,
    program: &Program,
) -> Result<Transcript, EngineError> {
    let started = engine.instantiate(program)?;
    let mut instantiation = Step {
        stacks: Vec::new(),
        outcome: started.outcome,
        host: started.host,
        state: None,
    };
    let mut calls = Vec::new();
    let mut drops = None;
    if let Some(mut instance) = started.instance {
        instantiation.stacks = instance.take_stacks();
        instantiation.state = Some(observe(instance.as_mut(), program)?);
        for call in &program.calls {
            let step = step(instance.as_mut(), program, call)?;
            let over = step.outcome == Outcome::Exhausted(Resource::Time);
            calls.push(step);
            if over || instance.is_gone() {
                break;
            }
        }
        drops = instance.close();
    }
    Ok(Transcript {
        instantiation,
        calls,
        drops,
    })
}

/// As [`drive`], for an engine that is not on trial: that it panics is a crash of that engine, and
/// nobody else's. The engine may be in any state after it.
///
/// # Errors
///
/// Where the engine itself fails, [`EngineError::Crashed`] where it panics.
pub fn drive_guarded<E: Engine + ?Sized>(
    engine: &mut E,
    program: &Program,
) -> Result<Transcript, EngineError> {
    let name = engine.name().to_owned();
    guarded(&name, || drive(engine, program))
}

/// Does work of an engine that is not on trial: that it panics is a crash of that engine.
///
/// # Errors
///
/// Those of the work, [`EngineError::Crashed`] where it panics.
pub fn guarded<T>(
    engine: &str,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(EngineError::Crashed {
            engine: engine.to_owned(),
            how: format!("panicked: {}", said.unwrap_or("with no text")),
        })
    })
}

/// See [`Engine::memory_after`].
pub(crate) fn memory_after<E: Engine + ?Sized>(
    engine: &mut E,
    program: &Program,
    call: Option<usize>,
    memory: u32,
) -> Result<Vec<u8>, EngineError> {
    let name = engine.name().to_owned();
    let started = engine.instantiate(program)?;
    let mut instance = started
        .instance
        .ok_or_else(|| EngineError::misuse(&name, "no instance to read memory of"))?;
    observe(instance.as_mut(), program)?;
    for call in program.calls.iter().take(call.map_or(0, |n| n + 1)) {
        step(instance.as_mut(), program, call)?;
    }
    instance.read_memory(memory)
}

/// Makes one call and observes what follows it.
fn step(instance: &mut dyn Instance, program: &Program, call: &Call) -> Result<Step, EngineError> {
    let made = instance.call(&call.export, &call.args)?;
    let (outcome, told) = match &program.shim {
        Some(shim) => read(shim, made)?,
        None => (made, None),
    };
    let host = instance.take_host_calls();
    let stacks = instance.take_stacks();
    if matches!(outcome, Outcome::Exhausted(_)) {
        return Ok(Step {
            stacks,
            outcome,
            host,
            state: None,
        });
    }
    let state = match told {
        Some(slots) => with_memories(instance, program, slots)?,
        None => observe(instance, program)?,
    };
    Ok(Step {
        stacks,
        outcome: blame_fuel(outcome, &state),
        host,
        state: Some(state),
    })
}

/// Splits what the shim gave; a call that did not return has told no state.
fn read(shim: &Shim, made: Outcome) -> Result<(Outcome, Option<Vec<Value>>), EngineError> {
    match made {
        Outcome::Returned(values) => {
            let (outcome, slots) = shim
                .read(values)
                .ok_or_else(|| EngineError::misuse("driver", "a call gave no status"))?;
            Ok((outcome, Some(slots)))
        }
        other => Ok((other, None)),
    }
}

/// Fuel runs out by `unreachable`; the fuel slot tells it from the module's own.
fn blame_fuel(outcome: Outcome, state: &State) -> Outcome {
    match outcome {
        Outcome::Trapped(traps)
            if traps.contains(Trap::Unreachable) && Shim::is_out_of_fuel(&state.slots) =>
        {
            Outcome::Exhausted(Resource::Fuel)
        }
        outcome => outcome,
    }
}

/// Reads all state, where no call has told it.
fn observe(instance: &mut dyn Instance, program: &Program) -> Result<State, EngineError> {
    let Some(shim) = &program.shim else {
        return with_memories(instance, program, Vec::new());
    };
    let looked = instance.call(names::CALL, &shim.look())?;
    match read(shim, looked)? {
        (Outcome::Returned(_), Some(slots)) => with_memories(instance, program, slots),
        (other, _) => Err(EngineError::misuse(
            "driver",
            format!("cannot observe: {other}"),
        )),
    }
}

fn with_memories(
    instance: &mut dyn Instance,
    program: &Program,
    slots: Vec<Value>,
) -> Result<State, EngineError> {
    let memories = (0..program.memories)
        .map(|i| instance.memory(i))
        .collect::<Result<_, _>>()?;
    Ok(State { slots, memories })
}
