//! What the tests share: a store with one module in it.

use assay_engine::Features;
use assay_reference::{Config, Extern, Host, Instance, Module, Stop, Store, Val};

/// A module in the text format, valid with all features.
pub fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::new(&wasm, Features::all()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A store, and an instance of a module without imports.
pub struct World {
    pub store: Store,
    pub instance: Instance,
}

impl World {
    pub fn new(text: &str) -> Self {
        Self::with(Config::default(), text)
    }

    pub fn with(config: Config, text: &str) -> Self {
        let mut store = Store::new(config);
        let instance = store.instantiate(&mut (), &module(text), &[]);
        let instance = instance.expect("the module instantiates");
        Self { store, instance }
    }

    pub fn call(&mut self, export: &str, args: &[Val]) -> Result<Vec<Val>, Stop> {
        call(&mut self.store, &mut (), self.instance, export, args)
    }
}

/// Calls an export.
pub fn call(
    store: &mut Store,
    host: &mut dyn Host,
    instance: Instance,
    export: &str,
    args: &[Val],
) -> Result<Vec<Val>, Stop> {
    match store.export(instance, export) {
        Some(Extern::Func(func)) => store.invoke(host, func, args),
        other => panic!("{export:?} is {other:?}"),
    }
}

/// The only result, an `i32`.
pub fn i32_of(ran: Result<Vec<Val>, Stop>) -> u32 {
    match ran.as_deref() {
        Ok([Val::I32(x)]) => *x,
        other => panic!("not one i32: {other:?}"),
    }
}
