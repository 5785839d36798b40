//! One run of a scenario: prepare, operate, verify, drop; counted all the way.

use super::arena::Arena;
use crate::flight::{Flight, Phase};
use crate::hook;
use crate::plan::{Plan, Resource};
use crate::scenario::{Response, Scenario};
use crate::scope::{self, Balance};
use crate::sys;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

/// How many gauges a scenario may have.
pub(crate) const GAUGES: usize = 8;

/// What one run did.
#[derive(Debug)]
pub struct Run {
    /// What the result means; `None` after a panic that came out.
    pub(crate) response: Option<Response>,
    /// The part of the run that panicked.
    pub(crate) panicked: Option<Phase>,
    /// How many panics there were, caught by the subject or not.
    pub(crate) panics: u32,
    pub(crate) counts: Counts,
    /// What `verify` complained of.
    pub(crate) complaint: Option<String>,
    /// What was not given back.
    pub(crate) balance: Balance,
    /// By how much each gauge is off.
    pub(crate) gauges: [i64; GAUGES],
}

/// What an operation asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) heap: u64,
    pub(crate) mapping: u64,
    /// How many requests failed, and how many came after the first of them.
    pub(crate) failures: u64,
    pub(crate) after: u64,
    /// How many would have failed, but are spared.
    pub(crate) spared: u64,
}

/// A scenario whose types are out of sight, as tables of scenarios and the explorer need it. Every
/// [`Scenario`] is one.
pub trait AnyScenario: sealed::Runs {
    /// The scenario's name.
    fn title(&self) -> &str;
}

impl<S: Scenario> AnyScenario for S {
    fn title(&self) -> &str {
        self.name()
    }
}

pub(crate) mod sealed {
    use super::{Arena, Plan, Run, Scenario};

    /// Runs.
    pub trait Runs {
        /// One run under a plan; with `record`, requests go onto the arena's tapes.
        #[doc(hidden)]
        fn run(&self, hidden: Hidden<'_>) -> Run;

        /// One run with nothing counted and nothing judged.
        #[doc(hidden)]
        fn bare(&self);

        /// The names of gauges and fallbacks.
        #[doc(hidden)]
        fn gauge_names(&self) -> &'static [&'static str];

        /// The names of the fallbacks.
        #[doc(hidden)]
        fn fallback_names(&self) -> &'static [&'static str];
    }

    /// How to run.
    #[derive(Clone, Copy)]
    pub struct Hidden<'a> {
        pub(crate) arena: &'static Arena,
        pub(crate) plan: &'a Plan,
        pub(crate) record: bool,
        /// A run that follows one with a failure, to see what that left behind.
        pub(crate) again: bool,
    }

    impl<S: Scenario> Runs for S {
        fn run(&self, hidden: Hidden<'_>) -> Run {
            super::run(self, hidden)
        }

        fn bare(&self) {
            let mut prepared = self.prepare();
            drop(self.operation(&mut prepared));
        }

        fn gauge_names(&self) -> &'static [&'static str] {
            self.gauges()
        }

        fn fallback_names(&self) -> &'static [&'static str] {
            self.fallbacks()
        }
    }
}

/// What a run leaves for judging.
struct Course {
    response: Option<Response>,
    complaint: Option<String>,
    counts: Counts,
}

fn run<S: Scenario>(scenario: &S, order: sealed::Hidden<'_>) -> Run {
    sys::know_stack();
    let flight = &order.arena.flight;
    match order.again {
        true => flight.begin_again(),
        false => flight.begin(),
    }
    let gauges = read_gauges(scenario);
    let counting = Counting::begin(flight);
    let course = catch_unwind(AssertUnwindSafe(|| course(scenario, order)));
    let balance = scope::balance();
    drop(counting);
    let now = read_gauges(scenario);
    let (panicked, course) = match course {
        Ok(course) => (None, course),
        Err(payload) => {
            // A payload may do anything when it is dropped.
            std::mem::forget(payload);
            let course = Course {
                response: None,
                complaint: None,
                counts: counts(order),
            };
            (Some(flight.phase()), course)
        }
    };
    Run {
        response: course.response,
        panicked,
        panics: flight.panics.load(Relaxed),
        counts: course.counts,
        complaint: course.complaint,
        balance,
        gauges: std::array::from_fn(|gauge| now[gauge] - gauges[gauge]),
    }
}

/// The counted part.
fn course<S: Scenario>(scenario: &S, order: sealed::Hidden<'_>) -> Course {
    let flight = &order.arena.flight;
    let phase = |phase| {
        if !order.again {
            flight.set_phase(phase);
        }
    };
    let mut prepared = scenario.prepare();
    arm(order);
    phase(Phase::Operation);
    let result = operate(scenario, &mut prepared);
    let counts = disarm(order);
    phase(Phase::Verify);
    let response = scope::apart(|| scenario.judge(result.as_ref()));
    let complaint = match counts.failures > 0 {
        true => scenario.verify(&mut prepared, &response).err(),
        false => None,
    };
    phase(Phase::Drop);
    drop(result);
    drop(prepared);
    Course {
        response: Some(response),
        complaint,
        counts,
    }
}

/// The operation. Stacks are walked up to this frame, so that every run shows the same ones.
#[inline(never)]
fn operate<S: Scenario>(scenario: &S, prepared: &mut S::Prepared) -> Result<S::Output, S::Error> {
    let boundary = 0u8;
    let boundary = std::hint::black_box(&raw const boundary);
    hook::with(|hook| hook.set_boundary(boundary as usize));
    let result = scenario.operation(prepared);
    std::hint::black_box(boundary);
    result
}

fn arm(order: sealed::Hidden<'_>) {
    hook::with(|hook| {
        let (bytes, ..) = hook.balance();
        for resource in [Resource::Heap, Resource::Mapping] {
            let meter = hook.meter(resource);
            let plan = (order.plan.resource == resource).then_some(order.plan);
            meter.arm(plan, bytes);
            meter.set_stacks(Some(order.arena.tape(resource)));
            meter.record(order.record.then(|| order.arena.tape(resource)));
        }
    });
}

fn disarm(order: sealed::Hidden<'_>) -> Counts {
    hook::with(|hook| {
        hook.meter(Resource::Heap).disarm();
        hook.meter(Resource::Mapping).disarm();
    });
    counts(order)
}

fn counts(order: sealed::Hidden<'_>) -> Counts {
    hook::with(|hook| {
        let planned = hook.meter(order.plan.resource);
        Counts {
            heap: hook.meter(Resource::Heap).seen(),
            mapping: hook.meter(Resource::Mapping).seen(),
            failures: planned.failed(),
            after: planned.after(),
            spared: planned.spared(),
        }
    })
}

fn read_gauges<S: Scenario>(scenario: &S) -> [i64; GAUGES] {
    let known = scenario.gauges().len();
    std::array::from_fn(|gauge| match gauge < known {
        true => scenario.read_gauge(gauge),
        false => 0,
    })
}

/// Counts while it lives.
struct Counting;

impl Counting {
    fn begin(flight: &'static Flight) -> Self {
        hook::with(|hook| {
            hook.clear_balance();
            hook.meter(Resource::Heap).arm(None, 0);
            hook.meter(Resource::Mapping).arm(None, 0);
            hook.set_flight(Some(flight));
            hook::set_on(true);
            hook.intercept(sys::calls::is_on());
        });
        Self
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        hook::with(|hook| {
            hook.intercept(false);
            hook::set_on(false);
            hook.set_flight(None);
            hook.meter(Resource::Heap).disarm();
            hook.meter(Resource::Mapping).disarm();
        });
    }
}
