//! Exceptions of JavaScript as outcomes.

use crate::engine::NAME;
use crate::stacks;
use crate::texts;
use crate::values::{lift, property};
use crate::vm::Shared;
use assay_engine::{EngineError, Outcome, Phase, Resource, Stopped, Trap, Value, names};
use assay_js::signature::Kind;

/// Why something that was asked of V8 gave nothing.
pub(crate) enum Stop {
    /// What the program came to.
    Outcome(Outcome),
    /// V8 was stopped from outside; the watchdog knows why.
    Terminated,
    /// The adapter, the program or V8 itself is at fault.
    Failed(EngineError),
}

impl From<EngineError> for Stop {
    fn from(failure: EngineError) -> Self {
        Self::Failed(failure)
    }
}

/// Settles what some work in V8 came to: a value, or an outcome in its place.
///
/// What ends before V8 sees that it was stopped is kept, if it was for its time. A heap beyond its
/// limit has exhausted it all the same.
pub(crate) fn settle<T>(
    (result, stopped): (Result<T, Stop>, Option<Resource>),
) -> Result<Result<T, Outcome>, EngineError> {
    match (result, stopped) {
        (Err(Stop::Failed(failure)), _) => Err(failure),
        (Err(Stop::Terminated), Some(resource)) => Ok(Err(Outcome::Exhausted(resource))),
        (_, Some(Resource::Memory)) => Ok(Err(Outcome::Exhausted(Resource::Memory))),
        (Ok(value), _) => Ok(Ok(value)),
        (Err(Stop::Outcome(outcome)), _) => Ok(Err(outcome)),
        (Err(Stop::Terminated), None) => {
            Err(EngineError::misuse(NAME, "V8 stopped a program by itself"))
        }
    }
}

/// Asks something of V8, and turns what it throws into a [`Stop`].
pub(crate) fn attempt<'s, 'i, T>(
    scope: &mut v8::PinScope<'s, 'i>,
    shared: &Shared,
    work: impl FnOnce(&mut v8::PinScope<'s, 'i>) -> Option<T>,
) -> Result<T, Stop> {
    let exception = {
        v8::tc_scope!(let scope, scope);
        if let Some(value) = work(scope) {
            return Ok(value);
        }
        if scope.has_terminated() {
            return Err(Stop::Terminated);
        }
        scope.exception()
    };
    // A host function that failed has left the module with a trap of no meaning.
    if let Some(failure) = shared.session().failure.take() {
        return Err(Stop::Failed(failure));
    }
    let exception = exception
        .ok_or_else(|| EngineError::misuse(NAME, "V8 gave neither a value nor an exception"))?;
    outcome_of(scope, shared, exception).map_or_else(Err, |outcome| Err(Stop::Outcome(outcome)))
}

fn outcome_of(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    exception: v8::Local<'_, v8::Value>,
) -> Result<Outcome, Stop> {
    if exception == v8::Local::new(scope, &shared.realm.host_trap) {
        stacks::of_trap(scope, shared, None)?;
        return Ok(Outcome::Trapped(Trap::Host.into()));
    }
    let object = v8::Local::<v8::Object>::try_from(exception)
        .map_err(|_| EngineError::misuse(NAME, "something else than an object was thrown"))?;
    if is_exception(scope, shared, object) {
        return threw(scope, shared, object);
    }
    let class = shared.realm.class_of(scope, exception).unwrap_or("");
    let message = property(scope, object, "message");
    let message = message.map_or_else(String::new, |text| text.to_rust_string_lossy(scope));
    let starting = shared.session().main.is_none();
    let outcome = of_text(class, &message, starting)?;
    if matches!(outcome, Outcome::Trapped(_)) {
        stacks::of_trap(scope, shared, Some(exception))?;
    }
    Ok(outcome)
}

/// Whether an object is a `WebAssembly.Exception`.
fn is_exception(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    object: v8::Local<'_, v8::Object>,
) -> bool {
    let prototype = object.get_prototype(scope);
    prototype.is_some_and(|prototype| shared.realm.exception_prototype == prototype)
}

/// What stopped a callee of the host, if the host can take hold of it.
pub(crate) fn stopped_by(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    exception: v8::Local<'_, v8::Value>,
) -> Option<Stopped> {
    let object = v8::Local::<v8::Object>::try_from(exception).ok()?;
    if is_exception(scope, shared, object) {
        return Some(Stopped::Exception);
    }
    let outcome = outcome_of(scope, shared, exception).ok()?;
    Stopped::by(&outcome)
}

/// The outcome that an error's class and message mean. While instantiating, a `TypeError` is about
/// an import.
fn of_text(class: &str, message: &str, starting: bool) -> Result<Outcome, EngineError> {
    let text = format!("{class}: {message}");
    if let Some(outcome) = texts::outcome(&text) {
        return Ok(outcome);
    }
    match class {
        "CompileError" => Ok(Outcome::Rejected(Phase::Compile)),
        "LinkError" => Ok(Outcome::Rejected(Phase::Link)),
        "TypeError" if starting => Ok(Outcome::Rejected(Phase::Link)),
        _ => Err(EngineError::UnknownText {
            engine: NAME.into(),
            text,
        }),
    }
}

/// The outcome of a `WebAssembly.Exception`. Without a main instance there are no tags to compare
/// with, and without a tag no fields can be had.
fn threw(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    exception: v8::Local<'_, v8::Object>,
) -> Result<Outcome, Stop> {
    let main = shared.session().main.clone();
    let Some(main) = main else {
        return Ok(Outcome::Threw {
            tag: None,
            payload: Vec::new(),
        });
    };
    let is = v8::Local::new(scope, &shared.realm.exception_is);
    let exports = v8::Local::new(scope, &*main.exports);
    for index in 0..main.tags {
        let name = names::tag(index);
        let tag = main.export(scope, exports, &name)?;
        let same = attempt(scope, shared, |scope| {
            is.call(scope, exception.into(), &[tag])
        })?;
        if same.is_true() {
            let payload = payload(scope, shared, exception, tag, main.signatures.fields(&name))?;
            return Ok(Outcome::Threw {
                tag: Some(index),
                payload,
            });
        }
    }
    Ok(Outcome::Threw {
        tag: None,
        payload: Vec::new(),
    })
}

/// The fields of an exception with this tag.
fn payload(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    exception: v8::Local<'_, v8::Object>,
    tag: v8::Local<'_, v8::Value>,
    kinds: &[Kind],
) -> Result<Vec<Value>, Stop> {
    let get = v8::Local::new(scope, &shared.realm.exception_get);
    let mut fields = Vec::with_capacity(kinds.len());
    for (&kind, index) in kinds.iter().zip(0..) {
        let index = v8::Integer::new(scope, index).into();
        let field = attempt(scope, shared, |scope| {
            get.call(scope, exception.into(), &[tag, index])
        })?;
        fields.push(lift(scope, shared, field, kind)?);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_text_is_an_error() {
        let unknown = of_text("RuntimeError", "a new kind of trap", false);
        assert!(
            matches!(unknown, Err(EngineError::UnknownText { .. })),
            "{unknown:?}"
        );
        assert!(of_text("TypeError", "x", false).is_err());
        assert_eq!(
            of_text("TypeError", "x", true),
            Ok(Outcome::Rejected(Phase::Link))
        );
    }
}
