//! The main instance of a program.

use crate::engine::NAME;
use crate::thrown::{Stop, attempt, settle};
use crate::values::{fits, lift_results, lower, property};
use crate::vm::{Shared, Vm};
use assay_engine::{
    EngineError, HostCall, Instance, MemoryDigest, Outcome, Resource, Stack, Value, names,
};
use assay_js::signature::{Kind, Signatures};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The main instance: what it exports.
#[derive(Clone)]
pub(crate) struct Main {
    pub exports: Arc<v8::Global<v8::Object>>,
    pub signatures: Arc<Signatures>,
    /// How many tags it exports.
    pub tags: u32,
}

impl Main {
    /// An export.
    pub fn export<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        exports: v8::Local<'_, v8::Object>,
        name: &str,
    ) -> Result<v8::Local<'s, v8::Value>, EngineError> {
        property(scope, exports, name)
            .filter(|export| !export.is_undefined())
            .ok_or_else(|| {
                EngineError::misuse(NAME, format!("the main module exports no {name:?}"))
            })
    }

    /// Calls an exported function.
    pub fn call(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        shared: &Shared,
        export: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        let (function, args, results) = self.prepare(scope, shared, export, args)?;
        let this = v8::undefined(scope).into();
        let returned = attempt(scope, shared, |scope| function.call(scope, this, &args))?;
        Ok(lift_results(scope, shared, returned, results)?)
    }

    /// An exported function, arguments for it, and the types of its results. JavaScript would
    /// make any arguments fit, so they are looked at here.
    pub fn prepare<'s, 'm>(
        &'m self,
        scope: &mut v8::PinScope<'s, '_>,
        shared: &Shared,
        export: &str,
        args: &[Value],
    ) -> Result<Prepared<'s, 'm>, EngineError> {
        let exports = v8::Local::new(scope, &*self.exports);
        let function = self.export(scope, exports, export)?;
        let misuse = |what| EngineError::misuse(NAME, format!("{export:?} {what}"));
        let function = v8::Local::<v8::Function>::try_from(function)
            .map_err(|_| misuse("is not a function"))?;
        let signature = self
            .signatures
            .function(export)
            .ok_or_else(|| misuse("has no type"))?;
        let kinds = &signature.params;
        let fit = kinds.len() == args.len()
            && args.iter().zip(kinds).all(|(&arg, &kind)| fits(arg, kind));
        if !fit {
            return Err(misuse(&format!("takes {kinds:?}, not {args:?}")));
        }
        let args = args
            .iter()
            .map(|&arg| lower(scope, shared, arg))
            .collect::<Result<_, _>>()?;
        Ok((function, args, &signature.results))
    }
}

pub(crate) type Prepared<'s, 'm> = (
    v8::Local<'s, v8::Function>,
    Vec<v8::Local<'s, v8::Value>>,
    &'m [Kind],
);

/// The main instance, and the time that is left for the program.
pub(crate) struct V8Instance<'a> {
    vm: &'a mut Vm,
    main: Main,
    left: Duration,
    /// Whether V8 was stopped from outside.
    stopped: bool,
    spent: &'a mut Duration,
}

impl<'a> V8Instance<'a> {
    pub fn new(vm: &'a mut Vm, main: Main, left: Duration, spent: &'a mut Duration) -> Self {
        Self {
            vm,
            main,
            left,
            stopped: false,
            spent,
        }
    }

    /// Reads memory `index`.
    fn with_memory<R>(
        &mut self,
        index: u32,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, EngineError> {
        let main = &self.main;
        // Reading is the host's own affair, and not limited.
        let mut left = Duration::MAX / 4;
        let (result, _) = self.vm.with(&mut left, |scope, _| {
            let name = names::memory(index);
            let exports = v8::Local::new(scope, &*main.exports);
            let memory = main.export(scope, exports, &name)?;
            let bytes = backing_store(scope, memory)
                .ok_or_else(|| EngineError::misuse(NAME, format!("{name:?} is not a memory")))?;
            let Some(data) = bytes.data().filter(|_| bytes.byte_length() > 0) else {
                return Ok(read(&[]));
            };
            // SAFETY: V8 owns these bytes for as long as `bytes` lives. They are written by
            // WebAssembly alone, none of which runs before the slice is gone: this thread is
            // here, and a program has no other.
            #[allow(unsafe_code)]
            let slice =
                unsafe { std::slice::from_raw_parts(data.as_ptr().cast(), bytes.byte_length()) };
            Ok(read(slice))
        });
        result
    }
}

/// The bytes of a memory, shared or not.
pub(crate) fn backing_store(
    scope: &mut v8::PinScope<'_, '_>,
    memory: v8::Local<'_, v8::Value>,
) -> Option<v8::SharedRef<v8::BackingStore>> {
    let memory = v8::Local::<v8::WasmMemoryObject>::try_from(memory).ok()?;
    let buffer = property(scope, memory.into(), "buffer")?;
    if let Ok(buffer) = v8::Local::<v8::SharedArrayBuffer>::try_from(buffer) {
        return Some(buffer.get_backing_store());
    }
    Some(
        v8::Local::<v8::ArrayBuffer>::try_from(buffer)
            .ok()?
            .get_backing_store(),
    )
}

impl Instance for V8Instance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
        if self.left.is_zero() {
            return Ok(Outcome::Exhausted(Resource::Time));
        }
        let main = &self.main;
        let begun = Instant::now();
        let called = self.vm.with(&mut self.left, |scope, shared| {
            main.call(scope, shared, export, args)
        });
        *self.spent += begun.elapsed();
        self.stopped = called.1.is_some();
        Ok(settle(called)?.map_or_else(|outcome| outcome, Outcome::Returned))
    }

    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError> {
        self.with_memory(index, MemoryDigest::of)
    }

    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError> {
        self.with_memory(index, <[u8]>::to_vec)
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        self.vm.shared.session().state.take_trace()
    }

    fn is_gone(&self) -> bool {
        self.stopped
    }

    fn take_stacks(&mut self) -> Vec<Stack> {
        let stacks = &mut self.vm.shared.session().stacks;
        let told = stacks.as_mut().map(|stacks| &mut stacks.told);
        told.map_or_else(Vec::new, std::mem::take)
    }
}
