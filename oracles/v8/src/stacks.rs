//! Call stacks: the call sites that V8 gives to the JavaScript that makes the text of a stack.
//!
//! A site is of WebAssembly by its file, which begins with `wasm:`; V8 then tells the index of the
//! function in place of a function, and the offset in the module. What is not so is an error, for this
//! reads what V8 says, as [`texts`](crate::texts) does. The file stands for the bytes of a module, and
//! V8 says which, but for modules that are equal.
//!
//! An exception of WebAssembly has no stack in V8.

use crate::engine::NAME;
use crate::values::string;
use crate::vm::Shared;
use assay_engine::{EngineError, Frame, Inlined, Moment, Stack, Tells};

/// How many frames are told at most.
const FRAMES: u32 = 1000;

/// What V8 tells.
pub(crate) const TELLS: Tells = Tells {
    host_calls: true,
    traps: true,
    exceptions: false,
    modules: false,
    offsets: true,
    frames: FRAMES,
    inlined: Inlined::None,
};

/// A function that sets how many frames are taken, and one that gives file, index and offset of each
/// frame of an error, or of a new one; -1 is none.
const SCRIPT: &str = "(() => {
    const number = (value) => typeof value === 'number' ? value : -1;
    const triple = (site) =>
        [String(site.getFileName() ?? ''), number(site.getFunction()), number(site.getPosition())];
    const prepare = (_, sites) => sites.flatMap(triple);
    return [
        (frames) => { Error.stackTraceLimit = frames; Error.prepareStackTrace = prepare; },
        (error) => (error ?? new Error()).stack,
    ];
})()";

/// The functions of [`SCRIPT`].
pub(crate) struct Reader {
    limit: v8::Global<v8::Function>,
    sites: v8::Global<v8::Function>,
}

impl Reader {
    /// Makes the functions, in the context that is entered.
    pub fn new(scope: &mut v8::PinScope<'_, '_>) -> Self {
        let source = string(scope, SCRIPT).expect("a short text");
        let script = v8::Script::compile(scope, source, None).expect("a valid script");
        let functions = script.run(scope).expect("a script that does not throw");
        let functions = v8::Local::<v8::Array>::try_from(functions).expect("it gives an array");
        let function = |scope: &mut v8::PinScope<'_, '_>, index| {
            let function = functions.get_index(scope, index).expect("of two");
            let function = v8::Local::<v8::Function>::try_from(function);
            v8::Global::new(scope, function.expect("functions"))
        };
        Self {
            limit: function(scope, 0),
            sites: function(scope, 1),
        }
    }
}

/// What is known and told of the stacks of a program that asks for them.
#[derive(Default)]
pub(crate) struct Stacks {
    /// V8's name for each module, in order.
    pub files: Vec<String>,
    /// What was told and not yet taken.
    pub told: Vec<Stack>,
    /// Those that wait for the host call that began last. The host's trap has no stack of its own.
    waiting: Vec<Frame>,
}

/// From now on, an error takes as many frames as are told, and those of the host.
pub(crate) fn ask(scope: &mut v8::PinScope<'_, '_>, shared: &Shared) -> Result<(), EngineError> {
    let limit = v8::Local::new(scope, &shared.realm.stacks.limit);
    let frames = v8::Integer::new_from_unsigned(scope, FRAMES + 100).into();
    let this = v8::undefined(scope).into();
    let asked = limit.call(scope, this, &[frames]);
    asked.map(drop).ok_or_else(|| unreadable("the limit"))
}

/// Tells the stack of a host call, where it is asked for; whether V8 has no exception pending.
pub(crate) fn of_host_call(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
) -> Result<bool, EngineError> {
    if shared.session().stacks.is_none() {
        return Ok(true);
    }
    let Some(frames) = frames(scope, shared, None)? else {
        return Ok(false);
    };
    if let Some(stacks) = &mut shared.session().stacks {
        stacks.waiting.clone_from(&frames);
        stacks.told.push(Stack {
            moment: Moment::HostCall,
            frames,
        });
    }
    Ok(true)
}

/// Tells the stack of a trap, of which this is the error; none where the host trapped.
pub(crate) fn of_trap(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    error: Option<v8::Local<'_, v8::Value>>,
) -> Result<(), EngineError> {
    if shared.session().stacks.is_none() {
        return Ok(());
    }
    let frames = match error {
        None => None,
        Some(error) => {
            v8::tc_scope!(let scope, scope);
            let frames = frames(scope, shared, Some(error))?;
            Some(frames.ok_or_else(|| unreadable("a stack"))?)
        }
    };
    if let Some(stacks) = &mut shared.session().stacks {
        let frames = frames.unwrap_or_else(|| stacks.waiting.clone());
        stacks.told.push(Stack {
            moment: Moment::Trap,
            frames,
        });
    }
    Ok(())
}

/// The frames of an error, or of one made here; `None` where V8 has another exception instead.
fn frames(
    scope: &mut v8::PinScope<'_, '_>,
    shared: &Shared,
    error: Option<v8::Local<'_, v8::Value>>,
) -> Result<Option<Vec<Frame>>, EngineError> {
    let sites = v8::Local::new(scope, &shared.realm.stacks.sites);
    let undefined = v8::undefined(scope).into();
    let error = error.map(|error| v8::Local::new(scope, error));
    let Some(told) = sites.call(scope, undefined, &[error.unwrap_or(undefined)]) else {
        return Ok(None);
    };
    let told = v8::Local::<v8::Array>::try_from(told).map_err(|_| unreadable("a stack"))?;
    let mut frames = Vec::new();
    for at in (0..told.length()).step_by(3) {
        let item = |at| {
            told.get_index(scope, at)
                .ok_or_else(|| unreadable("a site"))
        };
        let (file, index, position) = (item(at)?, item(at + 1)?, item(at + 2)?);
        let file = file.to_rust_string_lossy(scope);
        let index = index.integer_value(scope).unwrap_or(-1);
        let position = position.integer_value(scope).unwrap_or(-1);
        let session = shared.session();
        let files = session.stacks.as_ref().map_or(&[][..], |it| &it.files[..]);
        frames.extend(frame(files, &file, index, position)?);
    }
    frames.truncate(FRAMES as usize);
    Ok(Some(frames))
}

/// The frame that a site of WebAssembly stands for; none of JavaScript.
fn frame(
    files: &[String],
    file: &str,
    index: i64,
    position: i64,
) -> Result<Option<Frame>, EngineError> {
    let index = u32::try_from(index).ok();
    match (file.starts_with("wasm:"), index, u32::try_from(position)) {
        (false, None, _) => Ok(None),
        (true, Some(function), Ok(offset)) => {
            let mut modules = (0..).zip(files).filter(|(_, name)| *name == file);
            let module = modules.next().filter(|_| modules.next().is_none());
            Ok(Some(Frame {
                module: module.map(|(module, _)| module),
                function,
                offset: Some(offset),
                gone: false,
            }))
        }
        _ => Err(EngineError::UnknownText {
            engine: NAME.into(),
            text: format!("a call site in {file}"),
        }),
    }
}

fn unreadable(what: &str) -> EngineError {
    EngineError::misuse(NAME, format!("{what} cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_told_by_its_file() {
        let files = ["wasm://a", "wasm://b", "wasm://a"].map(str::to_owned);
        let found = |file, index, position| frame(&files, file, index, position);
        let told = |module| Frame {
            module,
            function: 3,
            offset: Some(9),
            gone: false,
        };
        assert_eq!(found("wasm://b", 3, 9), Ok(Some(told(Some(1)))));
        assert_eq!(found("wasm://a", 3, 9), Ok(Some(told(None))));
        assert_eq!(found("wasm://c", 3, 9), Ok(Some(told(None))));
        assert_eq!(found("", -1, 9), Ok(None));
        for (file, index, position) in [("wasm://a", -1, 9), ("wasm://a", 3, -1), ("", 3, 9)] {
            assert!(found(file, index, position).is_err(), "{file}");
        }
    }
}
