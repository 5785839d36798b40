//! What else of the store agents meet: the heap, exceptions, limits, the host, what is recorded.

use super::Program;
use crate::fixture::module;
use assay_engine::{Resource, Trap};
use assay_reference::agents::{AgentCall, AgentEnd, Random, RoundRobin, Slice};
use assay_reference::{Config, Extern, Func, Host, Stop, Store, Val};

const STEP: Slice = Slice::Operations(1);

/// One makes an object and waits, the other makes the heap full of what nobody needs.
#[test]
fn a_collection_spares_the_objects_of_others() {
    let mut program = Program::new(
        "(type $s (struct (field i32)))
         (func (export \"keeper\") (result i32)
            (struct.new $s (i32.const 7))
            (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
            (struct.get $s 0))
         (func (export \"waster\") (result i32) (local i32)
            (loop
                (drop (struct.new $s (i32.const 1)))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 10000))))
            (memory.atomic.notify (i32.const 0) (i32.const 1)))",
        &["keeper", "waster"],
    );
    program.config.heap_bytes = 64 << 10;
    let ran = program.run(&mut RoundRobin::new(Slice::Operations(3)));
    let ran = ran.expect("it runs");
    assert_eq!(super::results(&ran.ends), [Some(7), Some(1)]);
}

/// What an agent returns or throws is there when the last has ended.
#[test]
fn a_collection_spares_what_agents_ended_with() {
    let mut program = Program::new(
        "(type $s (struct (field i32)))
         (tag $t (param i32))
         (func (export \"returns\") (result (ref $s)) (struct.new $s (i32.const 7)))
         (func (export \"throws\") (throw $t (i32.const 8)))
         (func (export \"waster\") (local i32)
            (loop
                (drop (struct.new $s (i32.const 1)))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 10000)))))",
        &["returns", "throws", "waster"],
    );
    program.config.heap_bytes = 64 << 10;
    let (mut store, calls) = program.start().expect("it starts");
    let ran = store.run_agents(&mut (), &mut RoundRobin::new(Slice::Operations(3)), &calls);
    match ran.expect("it runs").ends.as_slice() {
        [
            AgentEnd::Returned(values),
            AgentEnd::Stopped(Stop::Exception(exception)),
            AgentEnd::Returned(_),
        ] => {
            let [Val::Ref(object)] = values[..] else {
                panic!("not one reference: {values:?}");
            };
            assert_eq!(store.kind(object), assay_reference::RefKind::Struct);
            let fields = store.exception(*exception).map(|(_, fields)| fields);
            assert_eq!(fields, Some(vec![Val::I32(8)]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agent_that_stops_stops_no_other() {
    let mut program = Program::new(
        "(tag $t (param i32))
         (func $throw (param i32) (throw $t (local.get 0)))
         (func (export \"trap\") (result i32) (unreachable))
         (func $deep (export \"deep\") (result i32) (i32.add (call $deep) (i32.const 1)))
         (func (export \"catch\") (result i32)
            (block $caught (result i32)
                (try_table (result i32) (catch $t $caught)
                    (call $throw (i32.const 7))
                    (unreachable))))
         (func $sum (export \"sum\") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (local.get 0)
                    (call $sum (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.atomic.load (i32.const 0)))))",
        &["trap", "deep", "catch", "sum"],
    );
    program.calls[3].1 = vec![Val::I32(100)];
    let returned = |x| AgentEnd::Returned(vec![Val::I32(x)]);
    let expected = [
        AgentEnd::Stopped(Stop::Trap(Trap::Unreachable)),
        AgentEnd::Stopped(Stop::Exhausted(Resource::Stack)),
        returned(7),
        returned(5050),
    ];
    let ran = program.run(&mut RoundRobin::new(STEP)).expect("it runs");
    assert_eq!(ran.ends, expected);
    for seed in 0..50 {
        let ran = program.run(&mut Random::new(seed, 30)).expect("it runs");
        assert_eq!(ran.ends, expected);
    }
}

/// What is left of the store's fuel is for all.
#[test]
fn fuel_is_for_all() {
    let mut program = Program::new(
        "(func (export \"spin\") (result i32) (loop (br 0)) (i32.const 0))
         (func (export \"short\") (result i32) (i32.const 1))",
        &["spin", "short", "spin"],
    );
    program.config.fuel = Some(1000);
    let ran = program.run(&mut RoundRobin::new(STEP)).expect("it runs");
    let out = AgentEnd::Stopped(Stop::Exhausted(Resource::Fuel));
    let returned = AgentEnd::Returned(vec![Val::I32(1)]);
    assert_eq!(ran.ends, [out.clone(), returned, out]);
}

/// Calls back into the instance of the agent that calls it.
struct CallsBack(Option<Func>);

impl Host for CallsBack {
    fn call(&mut self, store: &mut Store, _: u32, args: &[Val]) -> Result<Vec<Val>, Stop> {
        let func = self.0.ok_or(Stop::Host)?;
        store.invoke(&mut (), func, args)
    }
}

/// A host function is one operation of its agent: what it calls wakes others, and waits alone.
#[test]
fn the_host_may_call_back() {
    let mut store = Store::new(Config::default());
    let user = module(
        "(module
            (type $t (func (param i32) (result i32)))
            (import \"\" \"host\" (func $host (type $t)))
            (memory (export \"m\") 1 1 shared)
            (func $g (export \"back\") (type $t)
                (i32.add
                    (memory.atomic.notify (i32.const 0) (i32.const 1))
                    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 5))))
            (func (export \"wake\") (type $t) (call $host (local.get 0)))
            (func (export \"wait\") (type $t)
                (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))",
    );
    let ty = store.types().add_func(assay_reference::FuncType {
        params: [assay_reference::ValType::I32].into(),
        results: [assay_reference::ValType::I32].into(),
    });
    let import = Extern::Func(store.new_host_func(ty, 0));
    let instance = store.instantiate(&mut (), &user, &[import]);
    let instance = instance.expect("it instantiates");
    let func = |name| match store.export(instance, name) {
        Some(Extern::Func(func)) => func,
        other => panic!("{name:?} is {other:?}"),
    };
    let mut host = CallsBack(Some(func("back")));
    let calls = ["wait", "wake"].map(|name| AgentCall {
        func: func(name),
        args: vec![Val::I32(0)],
    });
    let ran = store.run_agents(
        &mut host,
        &mut RoundRobin::new(Slice::Operations(9)),
        &calls,
    );
    // One is woken, and the time of the wait that is alone is over: 1 and 2.
    let ran = ran.expect("it runs");
    assert_eq!(super::results(&ran.ends), [Some(0), Some(3)]);
}

/// What runs is recorded alike, however the turns are cut.
#[test]
fn agents_are_recorded() {
    let mut program = Program::new(
        "(func (export \"sum\") (result i32) (local i32)
            (block (loop
                (br_if 1 (i32.eq (local.get 0) (i32.const 5)))
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br 0)))
            (i32.atomic.rmw.add (i32.const 0) (local.get 0)))",
        &["sum", "sum"],
    );
    program.config.coverage = true;
    let record = |slice| {
        let (mut store, calls) = program.start().expect("it starts");
        let ran = store.run_agents(&mut (), &mut RoundRobin::new(slice), &calls);
        assert_eq!(
            super::results(&ran.expect("it runs").ends),
            [Some(0), Some(5)]
        );
        serde_json::to_string(&store.coverage()).expect("it is serialisable")
    };
    let whole = record(Slice::Operations(1000));
    assert!(whole.contains("I32AtomicRmwAdd"), "{whole}");
    assert_eq!(record(STEP), whole);
    assert_eq!(record(Slice::ToAccess), whole);
}
