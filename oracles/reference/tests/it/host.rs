//! What a host function may do to the store under its caller.

use crate::fixture::module;
use assay_reference::{Config, Extern, FuncType, Host, Stop, Store, Table, Val};

/// Instantiates a module and puts a function of it into a table.
struct Instantiates(Table);

impl Host for Instantiates {
    fn call(&mut self, store: &mut Store, _: u32, _: &[Val]) -> Result<Vec<Val>, Stop> {
        let late = module("(module (func (export \"f\")))");
        let instance = store.instantiate(&mut (), &late, &[]);
        let instance = instance.expect("it instantiates");
        let Some(Extern::Func(func)) = store.export(instance, "f") else {
            panic!("there is such an export");
        };
        let reference = store.func_ref(func);
        store.table_grow(self.0, 1, reference)?;
        Ok(Vec::new())
    }
}

/// The caller cannot call what came meanwhile, and says so; the next call can.
#[test]
fn a_module_that_comes_meanwhile_is_for_the_next_call() {
    let mut store = Store::new(Config::default());
    let ty = store.types().add_func(FuncType {
        params: [].into(),
        results: [].into(),
    });
    let import = Extern::Func(store.new_host_func(ty, 0));
    let user = module(
        "(module
            (import \"\" \"host\" (func $host))
            (table (export \"t\") 0 funcref)
            (func (export \"both\") (call $host) (call_indirect (i32.const 0)))
            (func (export \"call\") (call_indirect (i32.const 0))))",
    );
    let instance = store.instantiate(&mut (), &user, &[import]);
    let instance = instance.expect("it instantiates");
    let Some(Extern::Table(table)) = store.export(instance, "t") else {
        panic!("there is such an export");
    };
    let mut call = |export| {
        let host = &mut Instantiates(table);
        crate::fixture::call(&mut store, host, instance, export, &[])
    };
    assert!(matches!(call("both"), Err(Stop::Code(_))));
    assert_eq!(call("call"), Ok(Vec::new()));
}
