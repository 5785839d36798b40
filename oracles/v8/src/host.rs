//! The host functions, and what is known of the program that runs.

use crate::engine::NAME;
use crate::instance::{Main, backing_store};
use crate::stacks::{self, Stacks};
use crate::thrown::stopped_by;
use crate::values::{lift, lift_results, lower, property};
use crate::vm::Shared;
use assay_engine::{
    Action, EngineError, Host, HostEffect, HostState, OnFailure, Stopped, Value, names,
};
use std::sync::Arc;

/// What is known of the program that runs.
#[derive(Default)]
pub(crate) struct Session {
    pub host: Arc<Host>,
    pub state: HostState,
    /// The main instance. There is none while start functions run.
    pub main: Option<Main>,
    /// The call stacks, where they are asked for.
    pub stacks: Option<Stacks>,
    /// Why a host function gave up.
    pub failure: Option<EngineError>,
}

impl Session {
    pub fn new(host: &Host) -> Self {
        Self {
            host: Arc::new(host.clone()),
            state: HostState::new(host),
            main: None,
            stacks: None,
            failure: None,
        }
    }
}

/// What V8 calls for every host function; the function's data is its index.
pub(crate) fn call<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut returns: v8::ReturnValue<'s, v8::Value>,
) {
    let Some(shared) = scope.get_slot::<Arc<Shared>>().map(Arc::clone) else {
        return;
    };
    match act(scope, &shared, &args) {
        Ok(value) => returns.set(value),
        // V8 has the exception already.
        Err(Leave::Pending) => {}
        Err(Leave::Throw(exception)) => {
            scope.throw_exception(exception);
        }
        Err(Leave::Trap) => throw_trap(scope, &shared),
        Err(Leave::Failed(failure)) => {
            shared.session().failure = Some(failure);
            throw_trap(scope, &shared);
        }
    }
}

fn throw_trap(scope: &mut v8::PinScope<'_, '_>, shared: &Shared) {
    let trap = v8::Local::new(scope, &shared.realm.host_trap);
    scope.throw_exception(trap);
}

/// How a host function does not return.
enum Leave<'s> {
    Pending,
    Throw(v8::Local<'s, v8::Value>),
    Trap,
    Failed(EngineError),
}

impl From<EngineError> for Leave<'_> {
    fn from(failure: EngineError) -> Self {
        Self::Failed(failure)
    }
}

/// Carries out the action of one call, and gives what the function returns.
fn act<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    args: &v8::FunctionCallbackArguments<'s>,
) -> Result<v8::Local<'s, v8::Value>, Leave<'s>> {
    if !stacks::of_host_call(scope, shared)? {
        return Err(Leave::Pending);
    }
    let index = args.data().uint32_value(scope).unwrap_or_default() as usize;
    let (host, main) = {
        let session = shared.session();
        (Arc::clone(&session.host), session.main.clone())
    };
    let mut lifted = Vec::with_capacity(host.functions[index].params.len());
    for (&slot, at) in host.functions[index].params.iter().zip(0..) {
        lifted.push(lift(scope, shared, args.get(at), slot.into())?);
    }
    let (action, values, entry) = shared.session().state.enter(&host, index, lifted);
    match (action, main) {
        // Nothing interrupts V8 at a place that would be known.
        (Action::Trap | Action::Interrupt, _) => return Err(Leave::Trap),
        (Action::Throw { tag, .. }, Some(main)) => {
            return Err(Leave::Throw(exception(scope, shared, &main, tag, &values)?));
        }
        (Action::Throw { .. }, None) => {
            shared.session().state.effect(entry, HostEffect::Trapped);
            return Err(Leave::Trap);
        }
        (Action::GrowMemory { memory, pages }, Some(main)) => {
            let grown = grow(scope, &main, &names::memory(memory), pages)?;
            shared
                .session()
                .state
                .effect(entry, HostEffect::Grew(grown));
        }
        (Action::GrowTable { table, elements }, Some(main)) => {
            let grown = grow(scope, &main, &names::table(table), elements)?;
            shared
                .session()
                .state
                .effect(entry, HostEffect::Grew(grown));
        }
        (
            Action::Call {
                export,
                args,
                failure,
            },
            Some(main),
        ) => call_back(scope, shared, &main, entry, (&export, &args, failure))?,
        (
            Action::Exchange {
                memory,
                address,
                value,
            },
            Some(main),
        ) => {
            let old = exchange(scope, &main, &names::memory(memory), address, value)?;
            shared
                .session()
                .state
                .effect(entry, HostEffect::Exchanged(old));
        }
        (Action::Collect, _) => {
            scope.request_garbage_collection_for_testing(v8::GarbageCollectionType::Minor);
        }
        (Action::Return | Action::Fresh, _)
        | (
            Action::GrowMemory { .. }
            | Action::GrowTable { .. }
            | Action::Call { .. }
            | Action::Exchange { .. },
            None,
        ) => {}
    }
    returned(scope, shared, &values)
}

/// Values as a function returns them: nothing, the only one, or an array.
fn returned<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    values: &[Value],
) -> Result<v8::Local<'s, v8::Value>, Leave<'s>> {
    match values {
        [] => Ok(v8::undefined(scope).into()),
        [value] => Ok(lower(scope, shared, *value)?),
        values => {
            let mut elements = Vec::with_capacity(values.len());
            for &value in values {
                elements.push(lower(scope, shared, value)?);
            }
            Ok(v8::Array::new_with_elements(scope, &elements).into())
        }
    }
}

/// A new exception of tag `tag`.
fn exception<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    main: &Main,
    tag: u32,
    values: &[Value],
) -> Result<v8::Local<'s, v8::Value>, Leave<'s>> {
    let exports = v8::Local::new(scope, &*main.exports);
    let tag = main.export(scope, exports, &names::tag(tag))?;
    let mut fields = Vec::with_capacity(values.len());
    for &value in values {
        fields.push(lower(scope, shared, value)?);
    }
    let fields = v8::Array::new_with_elements(scope, &fields).into();
    let class = v8::Local::new(scope, &shared.realm.exception);
    class
        .new_instance(scope, &[tag, fields])
        .map(Into::into)
        .ok_or(Leave::Pending)
}

/// Grows a memory or a table, and gives its size before, or `None` when V8 refuses.
fn grow<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    main: &Main,
    name: &str,
    by: u32,
) -> Result<Option<u64>, Leave<'s>> {
    let exports = v8::Local::new(scope, &*main.exports);
    let target = main.export(scope, exports, name)?;
    let number = v8::Integer::new_from_unsigned(scope, by).into();
    match try_to_grow(scope, target, number)? {
        Grown::Not => Ok(None),
        Grown::From(size) => Ok(Some(size)),
        // A 64-bit memory or table takes and gives a BigInt, which only its complaint tells.
        Grown::TypeError => {
            let number = v8::BigInt::new_from_u64(scope, by.into()).into();
            match try_to_grow(scope, target, number)? {
                Grown::Not => Ok(None),
                Grown::From(size) => Ok(Some(size)),
                Grown::TypeError => Err(EngineError::misuse(
                    NAME,
                    format!("{name:?} cannot be grown with null"),
                )
                .into()),
            }
        }
    }
}

/// What became of an attempt to grow.
enum Grown {
    From(u64),
    Not,
    TypeError,
}

fn try_to_grow<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    target: v8::Local<'s, v8::Value>,
    by: v8::Local<'s, v8::Value>,
) -> Result<Grown, Leave<'s>> {
    let unfit = || EngineError::misuse(NAME, "what is to be grown is no memory and no table");
    let object = v8::Local::<v8::Object>::try_from(target).map_err(|_| unfit())?;
    let grow = property(scope, object, "grow").ok_or_else(unfit)?;
    let grow = v8::Local::<v8::Function>::try_from(grow).map_err(|_| unfit())?;
    // A memory does not look at it; a table would take `undefined` for lack of it.
    let null = v8::null(scope).into();
    v8::tc_scope!(let scope, scope);
    if let Some(size) = grow.call(scope, target, &[by, null]) {
        let size = match v8::Local::<v8::BigInt>::try_from(size) {
            Ok(size) => size.u64_value().0,
            Err(_) => size
                .integer_value(scope)
                .unwrap_or_default()
                .cast_unsigned(),
        };
        return Ok(Grown::From(size));
    }
    if !scope.can_continue() {
        scope.rethrow();
        return Err(Leave::Pending);
    }
    let exception = scope.exception();
    let shared = scope.get_slot::<Arc<Shared>>().map(Arc::clone);
    scope.reset();
    let class = shared
        .zip(exception)
        .and_then(|(shared, e)| shared.realm.class_of(scope, e));
    match class {
        Some("RangeError") => Ok(Grown::Not),
        Some("TypeError") => Ok(Grown::TypeError),
        _ => Err(EngineError::misuse(NAME, "growing failed in an unknown way").into()),
    }
}

/// Writes eight bytes of a memory and gives those that were there, unless they are out of bounds.
fn exchange<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    main: &Main,
    name: &str,
    address: u32,
    value: u64,
) -> Result<Option<u64>, Leave<'s>> {
    let exports = v8::Local::new(scope, &*main.exports);
    let memory = main.export(scope, exports, name)?;
    let bytes = backing_store(scope, memory)
        .ok_or_else(|| EngineError::misuse(NAME, format!("{name:?} is not a memory")))?;
    let cells = bytes.get(address as usize..);
    let Some(cells) = cells.and_then(|cells| cells.first_chunk::<8>()) else {
        return Ok(None);
    };
    let new = value.to_le_bytes();
    let old = std::array::from_fn(|place| cells[place].replace(new[place]));
    Ok(Some(u64::from_le_bytes(old)))
}

/// Calls back into the main instance.
fn call_back<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    shared: &Shared,
    main: &Main,
    entry: usize,
    (export, args, failure): (&str, &[Value], OnFailure),
) -> Result<(), Leave<'s>> {
    let (function, args, results) = main.prepare(scope, shared, export, args)?;
    shared.session().state.descend();
    let this = v8::undefined(scope).into();
    let called = caught(scope, shared, failure, |scope| {
        function.call(scope, this, &args)
    });
    shared.session().state.ascend();
    let effect = match called? {
        Caught::Returned(value) => {
            HostEffect::Called(Some(lift_results(scope, shared, value, results)?))
        }
        Caught::Swallowed(stopped) => failure.effect(stopped),
        Caught::Again(stopped, exception) => {
            let effect = failure.effect(stopped);
            shared.session().state.effect(entry, effect);
            return Err(Leave::Throw(exception));
        }
    };
    shared.session().state.effect(entry, effect);
    Ok(())
}

/// What a call that may fail came to.
enum Caught<'s> {
    Returned(v8::Local<'s, v8::Value>),
    Swallowed(Stopped),
    /// And this is what is to be thrown again.
    Again(Stopped, v8::Local<'s, v8::Value>),
}

/// Calls, and takes hold of what is thrown where the host is to do so, and can.
fn caught<'s, 'i>(
    scope: &mut v8::PinScope<'s, 'i>,
    shared: &Shared,
    failure: OnFailure,
    call: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> Option<v8::Local<'s, v8::Value>>,
) -> Result<Caught<'s>, Leave<'s>> {
    if failure == OnFailure::Onward {
        return call(scope).map(Caught::Returned).ok_or(Leave::Pending);
    }
    v8::tc_scope!(let scope, scope);
    if let Some(value) = call(scope) {
        return Ok(Caught::Returned(value));
    }
    let stopped = match scope.exception() {
        // A host function that failed has left the module with a trap of no meaning.
        Some(exception) if scope.can_continue() && shared.session().failure.is_none() => {
            stopped_by(scope, shared, exception).map(|stopped| (stopped, exception))
        }
        _ => None,
    };
    let Some((stopped, exception)) = stopped else {
        scope.rethrow();
        return Err(Leave::Pending);
    };
    scope.reset();
    Ok(match failure {
        OnFailure::Swallow => Caught::Swallowed(stopped),
        OnFailure::Onward | OnFailure::Again => Caught::Again(stopped, exception),
    })
}
