//! The objects of the one context that every program needs.

use crate::host;
use crate::stacks;
use crate::values::property;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// `(module (func (export "trap") unreachable))`.
const TRAP_MODULE: &[u8] = &[
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0,
    0, 10, 5, 1, 3, 0, 0, 11,
];

/// The classes of the errors that V8 throws.
const CLASSES: &[(&str, &[&str])] = &[
    (
        "RuntimeError",
        &["WebAssembly", "RuntimeError", "prototype"],
    ),
    (
        "CompileError",
        &["WebAssembly", "CompileError", "prototype"],
    ),
    ("LinkError", &["WebAssembly", "LinkError", "prototype"]),
    ("RangeError", &["RangeError", "prototype"]),
    ("TypeError", &["TypeError", "prototype"]),
];

/// How many of the host's references outlive the program that asked for them.
const EXTERNS_KEPT: usize = 64;

/// See the module.
pub(crate) struct Realm {
    pub context: v8::Global<v8::Context>,
    /// `WebAssembly.Instance`.
    pub instance: v8::Global<v8::Function>,
    /// `WebAssembly.Exception`, its prototype, and two methods of that.
    pub exception: v8::Global<v8::Function>,
    pub exception_prototype: v8::Global<v8::Value>,
    pub exception_is: v8::Global<v8::Function>,
    pub exception_get: v8::Global<v8::Function>,
    /// The error of a real trap. V8 marks it as one that no handler in a module sees, and keeps
    /// to that wherever it is thrown again.
    pub host_trap: v8::Global<v8::Value>,
    /// What reads call stacks.
    pub stacks: stacks::Reader,
    /// The prototypes of [`CLASSES`].
    classes: Vec<(&'static str, v8::Global<v8::Value>)>,
    /// The class of the host's references: an object that holds its number.
    extern_class: v8::Global<v8::ObjectTemplate>,
    externs: Mutex<HashMap<u32, v8::Global<v8::Object>>>,
    /// The host functions, which are the same in every program.
    functions: Mutex<Vec<v8::Global<v8::Function>>>,
}

impl Realm {
    /// Makes a context and finds everything in it.
    pub fn new(isolate: &mut v8::Isolate) -> Self {
        v8::scope!(let scope, isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let scope = &mut v8::ContextScope::new(scope, context);
        let class = |scope: &mut v8::PinScope<'_, '_>, path| {
            let prototype = find(scope, path);
            v8::Global::new(scope, prototype)
        };
        let template = v8::ObjectTemplate::new(scope);
        assert!(
            template.set_internal_field_count(1),
            "one field is few enough"
        );
        Self {
            context: v8::Global::new(scope, context),
            instance: function(scope, &["WebAssembly", "Instance"]),
            exception: function(scope, &["WebAssembly", "Exception"]),
            exception_prototype: class(scope, &["WebAssembly", "Exception", "prototype"]),
            exception_is: function(scope, &["WebAssembly", "Exception", "prototype", "is"]),
            exception_get: function(scope, &["WebAssembly", "Exception", "prototype", "getArg"]),
            host_trap: host_trap(scope),
            stacks: stacks::Reader::new(scope),
            classes: CLASSES
                .iter()
                .map(|&(name, path)| (name, class(scope, path)))
                .collect(),
            extern_class: v8::Global::new(scope, template),
            externs: Mutex::default(),
            functions: Mutex::default(),
        }
    }

    /// The host's reference number `n`.
    pub fn extern_object<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        n: u32,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let mut externs = self.externs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(object) = externs.get(&n) {
            return Some(v8::Local::new(scope, object));
        }
        let class = v8::Local::new(scope, &self.extern_class);
        let object = class.new_instance(scope)?;
        let number = v8::Integer::new_from_unsigned(scope, n);
        object.set_internal_field(0, number.into());
        externs.insert(n, v8::Global::new(scope, object));
        Some(object)
    }

    /// The number of one of the host's references; `None` when it is none of them.
    pub fn extern_number(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        value: v8::Local<'_, v8::Value>,
    ) -> Option<u32> {
        let object = v8::Local::<v8::Object>::try_from(value).ok()?;
        let field = object.get_internal_field(scope, 0)?;
        let number = v8::Local::<v8::Value>::try_from(field)
            .ok()?
            .uint32_value(scope)?;
        let externs = self.externs.lock().unwrap_or_else(PoisonError::into_inner);
        // Other objects have such fields too; ours are those that are known by their number.
        (externs.get(&number)? == &object).then_some(number)
    }

    /// Forgets the references of past programs when there are many.
    pub fn forget_externs(&self) {
        let mut externs = self.externs.lock().unwrap_or_else(PoisonError::into_inner);
        if externs.len() > EXTERNS_KEPT {
            externs.clear();
        }
    }

    /// The name of the class that an error is directly of, if it is one of those that V8 throws.
    pub fn class_of(
        &self,
        scope: &mut v8::PinScope<'_, '_>,
        error: v8::Local<'_, v8::Value>,
    ) -> Option<&'static str> {
        let object = v8::Local::<v8::Object>::try_from(error).ok()?;
        let prototype = object.get_prototype(scope)?;
        self.classes
            .iter()
            .find(|(_, class)| *class == prototype)
            .map(|(name, _)| *name)
    }

    /// Host function number `index`.
    pub fn function<'s>(
        &self,
        scope: &mut v8::PinScope<'s, '_>,
        index: usize,
    ) -> Option<v8::Local<'s, v8::Function>> {
        let mut functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while functions.len() <= index {
            let number =
                v8::Integer::new_from_unsigned(scope, u32::try_from(functions.len()).ok()?);
            let function = v8::Function::builder(host::call)
                .data(number.into())
                .build(scope)?;
            functions.push(v8::Global::new(scope, function));
        }
        Some(v8::Local::new(scope, &functions[index]))
    }
}

/// What lies under the global object at this path. All of it is part of every context.
fn find<'s>(scope: &mut v8::PinScope<'s, '_>, path: &[&str]) -> v8::Local<'s, v8::Value> {
    let global = scope.get_current_context().global(scope);
    path.iter()
        .fold(global.into(), |value: v8::Local<'s, v8::Value>, name| {
            let object =
                v8::Local::<v8::Object>::try_from(value).expect("an object of every context");
            property(scope, object, name).expect("a property without a getter")
        })
}

fn function(scope: &mut v8::PinScope<'_, '_>, path: &[&str]) -> v8::Global<v8::Function> {
    let found = v8::Local::<v8::Function>::try_from(find(scope, path));
    v8::Global::new(scope, found.expect("a function of every context"))
}

/// Traps, and gives the error.
fn host_trap(scope: &mut v8::PinScope<'_, '_>) -> v8::Global<v8::Value> {
    let module = v8::WasmModuleObject::compile(scope, TRAP_MODULE).expect("a valid module");
    let constructor = function(scope, &["WebAssembly", "Instance"]);
    let constructor = v8::Local::new(scope, constructor);
    let instance = constructor
        .new_instance(scope, &[module.into()])
        .expect("it imports nothing");
    let exports = property(scope, instance, "exports").expect("an instance has exports");
    let exports = v8::Local::<v8::Object>::try_from(exports).expect("which are an object");
    let trap = property(scope, exports, "trap").expect("the module exports it");
    let trap = v8::Local::<v8::Function>::try_from(trap).expect("as a function");
    v8::tc_scope!(let scope, scope);
    let this = v8::undefined(scope).into();
    assert!(
        trap.call(scope, this, &[]).is_none(),
        "unreachable does not return"
    );
    let error = scope.exception().expect("it throws");
    v8::Global::new(scope, error)
}
