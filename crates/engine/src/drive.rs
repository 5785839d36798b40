//! Runs a program on an engine that works in this process, call by call.

use crate::{
    Call, Engine, EngineError, Instance, Outcome, Program, Resource, State, Step, Transcript, Trap,
    Value, names,
};

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
        outcome: started.outcome,
        host: started.host,
        state: None,
    };
    let mut calls = Vec::new();
    if let Some(mut instance) = started.instance {
        let instance = instance.as_mut();
        instantiation.state = Some(observe(instance, program)?);
        for call in &program.calls {
            let step = step(instance, program, call)?;
            let over = step.state.is_none();
            calls.push(step);
            if over {
                break;
            }
        }
    }
    Ok(Transcript {
        instantiation,
        calls,
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
    let mut outcome = instance.call(&call.export, &call.args)?;
    if call.catches {
        outcome = uncover(instance, outcome)?;
    }
    let host = instance.take_host_calls();
    if matches!(outcome, Outcome::Exhausted(_)) {
        return Ok(Step {
            outcome,
            host,
            state: None,
        });
    }
    let state = observe(instance, program)?;
    Ok(Step {
        outcome: blame_fuel(outcome, &state),
        host,
        state: Some(state),
    })
}

/// Turns the status slot of a catching shim into an outcome.
fn uncover(instance: &mut dyn Instance, outcome: Outcome) -> Result<Outcome, EngineError> {
    let Outcome::Returned(mut values) = outcome else {
        return Ok(outcome);
    };
    match values.pop() {
        Some(Value::I32(0)) => Ok(Outcome::Returned(values)),
        Some(Value::I32(u32::MAX)) => Ok(Outcome::Threw {
            tag: None,
            payload: Vec::new(),
        }),
        Some(Value::I32(status)) => match instance.call(&names::payload(status - 1), &[])? {
            Outcome::Returned(payload) => Ok(Outcome::Threw {
                tag: Some(status - 1),
                payload,
            }),
            other => Ok(other),
        },
        _ => Err(EngineError::misuse(
            "driver",
            "a catching shim gave no status",
        )),
    }
}

/// Fuel runs out by `unreachable`; the fuel slot tells it from the module's own.
fn blame_fuel(outcome: Outcome, state: &State) -> Outcome {
    let out = matches!(state.slots.first(), Some(Value::I32(fuel)) if fuel.cast_signed() < 0);
    match outcome {
        Outcome::Trapped(traps) if out && traps.contains(Trap::Unreachable) => {
            Outcome::Exhausted(Resource::Fuel)
        }
        outcome => outcome,
    }
}

/// Reads all state, and by that refills the fuel.
fn observe(instance: &mut dyn Instance, program: &Program) -> Result<State, EngineError> {
    let memories = (0..program.memories)
        .map(|i| instance.memory(i))
        .collect::<Result<_, _>>()?;
    match instance.call(names::OBSERVE, &[])? {
        Outcome::Returned(slots) => Ok(State { slots, memories }),
        other => Err(EngineError::misuse(
            "driver",
            format!("cannot observe: {other}"),
        )),
    }
}
