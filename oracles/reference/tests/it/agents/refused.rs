//! What cannot be agents.

use crate::fixture::module;
use assay_reference::agents::{AgentCall, AgentsError, Mutable, RoundRobin, Slice};
use assay_reference::{Config, Extern, Func, Host, Instance, Ref, Stop, Store, Val};

/// A store with modules, of which each imports all exports of the one before.
struct Chain {
    store: Store,
    instances: Vec<Instance>,
}

impl Chain {
    fn new(texts: &[&str]) -> Self {
        let mut chain = Self {
            store: Store::new(Config::default()),
            instances: Vec::new(),
        };
        for text in texts {
            let module = module(text);
            let imports: Vec<_> = module
                .imports()
                .map(|import| chain.last(&import.name))
                .collect();
            let instance = chain.store.instantiate(&mut (), &module, &imports);
            chain.instances.push(instance.expect("it instantiates"));
        }
        chain
    }

    fn last(&self, name: &str) -> Extern {
        let instances = self.instances.iter().rev();
        let mut found = instances.filter_map(|&instance| self.store.export(instance, name));
        found.next().expect("there is such an export")
    }

    fn func(&self, instance: usize, name: &str) -> Func {
        match self.store.export(self.instances[instance], name) {
            Some(Extern::Func(func)) => func,
            other => panic!("{name:?} is {other:?}"),
        }
    }

    fn run(&mut self, funcs: [Func; 2], args: &[Val]) -> Result<(), AgentsError> {
        let call = |func| AgentCall {
            func,
            args: args.to_vec(),
        };
        let mut scheduler = RoundRobin::new(Slice::ToAccess);
        let ran = self
            .store
            .run_agents(&mut (), &mut scheduler, &funcs.map(call));
        ran.map(drop)
    }
}

fn same_instance(fields: &str) -> Result<(), AgentsError> {
    let mut chain = Chain::new(&[&format!("(module (func (export \"f\")) {fields})")]);
    let func = chain.func(0, "f");
    chain.run([func; 2], &[])
}

#[test]
fn an_instance_is_shared_if_nothing_in_it_can_change() {
    for fields in [
        "",
        "(memory 1 1 shared) (data (i32.const 0) \"x\")",
        "(global i32 (i32.const 1)) (global anyref (ref.i31 (i32.const 1)))",
        "(elem declare func 0)",
    ] {
        assert_eq!(same_instance(fields), Ok(()), "{fields}");
    }
    for fields in [
        "(memory 1)",
        "(table 1 funcref)",
        "(global (mut i32) (i32.const 0))",
        "(type $s (struct (field (mut i32)))) (global anyref (struct.new_default $s))",
        "(data \"x\")",
        "(elem func 0)",
    ] {
        let refused = same_instance(fields);
        let in_common = matches!(refused, Err(AgentsError::InCommon(0, 1, _)));
        assert!(in_common, "{fields}: {refused:?}");
    }
}

#[test]
fn what_an_imported_function_reaches_counts() {
    let mut chain = Chain::new(&[
        "(module (global (mut i32) (i32.const 0)) (func (export \"f\")))",
        "(module (import \"\" \"f\" (func $f)) (func (export \"g\")))",
        "(module (import \"\" \"f\" (func $f)) (func (export \"g\")))",
    ]);
    let funcs = [chain.func(1, "g"), chain.func(2, "g")];
    match chain.run(funcs, &[]) {
        Err(AgentsError::InCommon(0, 1, Mutable::Global(_))) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_reference_reaches_counts() {
    let mut chain = Chain::new(&[
        "(module (memory 1) (func $f) (global (export \"f\") funcref (ref.func $f)))",
        "(module (import \"\" \"f\" (global funcref)) (func (export \"g\")))",
        "(module (import \"\" \"f\" (global funcref)) (func (export \"g\")))",
    ]);
    let funcs = [chain.func(1, "g"), chain.func(2, "g")];
    match chain.run(funcs, &[]) {
        Err(AgentsError::InCommon(0, 1, Mutable::Memory(_))) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn arguments_are_checked() {
    let mut chain = Chain::new(&["(module (func (export \"f\") (param externref)))"]);
    let func = chain.func(0, "f");
    assert_eq!(chain.run([func; 2], &[Val::Ref(Ref::NULL)]), Ok(()));
    let wrong = Err(AgentsError::Arguments(0));
    assert_eq!(chain.run([func; 2], &[Val::Ref(Ref::host(1))]), wrong);
    assert_eq!(chain.run([func; 2], &[Val::I32(1)]), wrong);
    assert_eq!(chain.run([func; 2], &[]), wrong);
}

#[test]
fn a_host_function_is_no_agent() {
    let mut chain = Chain::new(&["(module (func (export \"f\")))"]);
    let (ty, _) = chain.store.func_type(chain.func(0, "f"));
    let host = chain.store.new_host_func(ty, 0);
    let func = chain.func(0, "f");
    assert_eq!(
        chain.run([func, host], &[]),
        Err(AgentsError::HostFunction(1))
    );
}

/// Starts agents where it is called.
struct Starter {
    func: Func,
    started: Option<Result<(), AgentsError>>,
}

impl Host for Starter {
    fn call(&mut self, store: &mut Store, _: u32, _: &[Val]) -> Result<Vec<Val>, Stop> {
        let call = AgentCall {
            func: self.func,
            args: Vec::new(),
        };
        let mut scheduler = RoundRobin::new(Slice::ToAccess);
        let ran = store.run_agents(&mut (), &mut scheduler, &[call]);
        self.started = Some(ran.map(drop));
        Ok(Vec::new())
    }
}

#[test]
fn a_host_function_starts_no_agents() {
    let mut chain = Chain::new(&["(module (func (export \"f\")))"]);
    let func = chain.func(0, "f");
    let (ty, _) = chain.store.func_type(func);
    let import = Extern::Func(chain.store.new_host_func(ty, 0));
    let mut host = Starter {
        func,
        started: None,
    };
    let wrapped = module("(module (import \"\" \"f\" (func $f)) (func $g (call $f)) (start $g))");
    let started = chain.store.instantiate(&mut host, &wrapped, &[import]);
    started.expect("it instantiates");
    assert_eq!(host.started, Some(Err(AgentsError::Nested)));
}
