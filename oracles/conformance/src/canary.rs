//! Canaries: an engine whose adapter has one fault, which the suite must catch.
//!
//! The faults lie where adapters go wrong: in what is reported of a run that was right.

use crate::{Group, Report, group};
use assay_engine::{
    Engine, EngineError, Features, HostCall, HostEffect, Instance, Instantiated, MemoryDigest,
    Outcome, Phase, Program, Reference, Resource, Script, Stack, Stopped, Tells, Trap, Traps,
    Value,
};

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident in $group:ident,)*) => {
        /// A fault of an adapter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// All faults.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The group of checks that must catch it.
            pub fn group(self) -> Group {
                match self { $(Self::$name => Group::$group,)* }
            }
        }
    };
}

faults! {
    /// It claims every feature.
    Boast in Features,
    /// It claims none.
    Modesty in Features,
    /// A module that cannot be linked is said to be invalid.
    PhaseLost in Linking,
    /// The lowest bit of every `i32` is flipped.
    ResultBit in Values,
    /// The upper half of every `i64` is lost, as in a number of JavaScript's.
    WideTruncated in Values,
    /// The results are in another order.
    ResultOrder in Values,
    /// The host's references have other numbers.
    ReferenceNumber in Values,
    /// A trap is reported as `unreachable`.
    TrapKind in Traps,
    /// A trap may be any trap.
    TrapUntold in Traps,
    /// A trap is swallowed.
    TrapSwallowed in Traps,
    /// The end of the stack is a trap.
    StackTrap in Traps,
    /// Nothing is called any more after the end of the stack.
    EndsEarly in Traps,
    /// The payload of an exception is lost.
    PayloadLost in Exceptions,
    /// An exception has the tag before its own.
    TagShifted in Exceptions,
    /// An exception of a foreign tag has the first one.
    ForeignKnown in Exceptions,
    /// A trap of the host is an exception.
    HostTrapThrown in Exceptions,
    /// The last host call is not recorded.
    HostCallLost in Host,
    /// The arguments of host calls are not recorded.
    HostArgumentsLost in Host,
    /// Host functions are said to have returned, whatever they did.
    HostEffectLost in Host,
    /// The results of callbacks are not recorded.
    CallbackLost in Host,
    /// It is not recorded that the host took hold of what stopped a callee.
    HoldLost in Actions,
    /// A trap that the host took hold of is said to be an exception, and the other way round.
    StoppedMixed in Actions,
    /// What the host found in a memory is not recorded.
    OldBytesLost in Actions,
    /// What breaks a rule is said to have returned.
    MisuseHidden in Instances,
    /// Host calls are reported again and again.
    TraceKept in Instances,
    /// The digest of a memory is that of none.
    DigestLost in State,
    /// The content of a memory is cut to a page.
    ContentCut in State,
    /// A script's outcomes come one too late.
    OutcomesShifted in Scripts,
    /// What needs an instance that is not there is said to have been done.
    MissingDone in Scripts,
    /// A script's modules that are refused, or do not link, are said to be fine.
    RefusalHidden in Scripts,
    /// The outermost frame of each stack is lost.
    FrameLost in Stacks,
    /// The offsets are those of the byte behind.
    OffsetShifted in Stacks,
    /// The stacks are not told.
    StacksLost in Stacks,
    /// Stacks are reported again and again.
    StacksKept in Stacks,
}

/// The faults that no check of their group catches. An engine that lacks the features for a check
/// cannot be caught by it.
pub fn missed(engine: &mut dyn Engine) -> Vec<Fault> {
    let faults = Fault::ALL.iter().copied();
    let missed = faults.filter(|&fault| {
        let mut faulty = FaultyEngine::new(engine, Some(fault));
        Report::of(&mut faulty, group(fault.group())).is_clean()
    });
    missed.collect()
}

/// An engine that has a fault, or is only wrapped.
pub struct FaultyEngine<'e> {
    inner: &'e mut dyn Engine,
    fault: Option<Fault>,
}

impl<'e> FaultyEngine<'e> {
    /// Puts a fault into an engine.
    pub fn new(inner: &'e mut dyn Engine, fault: Option<Fault>) -> Self {
        Self { inner, fault }
    }
}

impl Engine for FaultyEngine<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn version(&self) -> &str {
        self.inner.version()
    }

    fn features(&self) -> Features {
        match self.fault {
            Some(Fault::Boast) => Features::all(),
            Some(Fault::Modesty) => Features::empty(),
            _ => self.inner.features(),
        }
    }

    fn tells(&self) -> Tells {
        self.inner.tells()
    }

    fn instantiate<'a>(
        &'a mut self,
        program: &'a Program,
    ) -> Result<Instantiated<'a>, EngineError> {
        let fault = self.fault;
        let started = self.inner.instantiate(program)?;
        Ok(Instantiated {
            outcome: outcome(fault, started.outcome),
            host: trace(fault, started.host),
            instance: started.instance.map(|inner| {
                let faulty = FaultyInstance {
                    inner,
                    fault,
                    seen: Vec::new(),
                    told: Vec::new(),
                    exhausted: false,
                };
                Box::new(faulty) as Box<dyn Instance>
            }),
        })
    }

    fn perform(&mut self, script: &Script) -> Result<Vec<Option<Outcome>>, EngineError> {
        let mut outcomes = self.inner.perform(script)?;
        match self.fault {
            Some(Fault::OutcomesShifted) => outcomes.rotate_right(1),
            Some(Fault::MissingDone) => {
                let missing = outcomes.iter_mut().filter(|outcome| outcome.is_none());
                missing.for_each(|outcome| *outcome = Some(Outcome::Returned(Vec::new())));
            }
            Some(Fault::RefusalHidden) => {
                let refused = outcomes.iter_mut().flatten();
                let refused = refused.filter(|outcome| matches!(outcome, Outcome::Rejected(_)));
                refused.for_each(|outcome| *outcome = Outcome::Returned(Vec::new()));
            }
            _ => {}
        }
        Ok(outcomes)
    }
}

struct FaultyInstance<'a> {
    inner: Box<dyn Instance + 'a>,
    fault: Option<Fault>,
    seen: Vec<HostCall>,
    told: Vec<Stack>,
    exhausted: bool,
}

impl Instance for FaultyInstance<'_> {
    fn call(&mut self, export: &str, args: &[Value]) -> Result<Outcome, EngineError> {
        let called = self.inner.call(export, args);
        self.exhausted = matches!(called, Ok(Outcome::Exhausted(_)));
        match (self.fault, called) {
            (Some(Fault::MisuseHidden), Err(_)) => Ok(Outcome::Returned(Vec::new())),
            (fault, called) => called.map(|it| outcome(fault, it)),
        }
    }

    fn memory(&mut self, index: u32) -> Result<MemoryDigest, EngineError> {
        let digest = self.inner.memory(index)?;
        Ok(match self.fault {
            Some(Fault::DigestLost) => MemoryDigest::of(&[]),
            _ => digest,
        })
    }

    fn read_memory(&mut self, index: u32) -> Result<Vec<u8>, EngineError> {
        let mut bytes = self.inner.read_memory(index)?;
        if self.fault == Some(Fault::ContentCut) {
            bytes.truncate(1 << 16);
        }
        Ok(bytes)
    }

    fn take_host_calls(&mut self) -> Vec<HostCall> {
        let calls = trace(self.fault, self.inner.take_host_calls());
        if self.fault == Some(Fault::TraceKept) {
            self.seen.extend(calls);
            return self.seen.clone();
        }
        calls
    }

    fn is_gone(&self) -> bool {
        let ends = self.fault == Some(Fault::EndsEarly) && self.exhausted;
        ends || self.inner.is_gone()
    }

    fn take_stacks(&mut self) -> Vec<Stack> {
        let mut stacks = self.inner.take_stacks();
        match self.fault {
            Some(Fault::StacksLost) => stacks.clear(),
            Some(Fault::FrameLost) => {
                for Stack { frames, .. } in &mut stacks {
                    frames.truncate(frames.len().saturating_sub(1));
                }
            }
            Some(Fault::OffsetShifted) => {
                let frames = stacks.iter_mut().flat_map(|stack| &mut stack.frames);
                let offsets = frames.filter_map(|frame| frame.offset.as_mut());
                offsets.for_each(|offset| *offset += 1);
            }
            Some(Fault::StacksKept) => {
                self.told.append(&mut stacks);
                return self.told.clone();
            }
            _ => {}
        }
        stacks
    }
}

/// An outcome with a fault in it.
fn outcome(fault: Option<Fault>, outcome: Outcome) -> Outcome {
    use Fault as F;
    use Outcome as O;
    let Some(fault) = fault else { return outcome };
    match (fault, outcome) {
        (F::PhaseLost, O::Rejected(_)) => O::Rejected(Phase::Compile),
        (F::ResultOrder, O::Returned(values)) => O::Returned(values.into_iter().rev().collect()),
        (_, O::Returned(values)) => {
            O::Returned(values.into_iter().map(|it| value(fault, it)).collect())
        }
        (F::TrapKind, O::Trapped(_)) => O::Trapped(Trap::Unreachable.into()),
        (F::TrapUntold, O::Trapped(_)) => O::Trapped(Traps::any_of(Trap::ALL)),
        (F::TrapSwallowed, O::Trapped(_)) => O::Returned(Vec::new()),
        (F::StackTrap, O::Exhausted(Resource::Stack)) => O::Trapped(Trap::Unreachable.into()),
        (F::HostTrapThrown, O::Trapped(traps)) if traps.contains(Trap::Host) => O::Threw {
            tag: None,
            payload: Vec::new(),
        },
        (_, O::Threw { tag, payload }) => threw(fault, tag, payload),
        (_, outcome) => outcome,
    }
}

fn threw(fault: Fault, tag: Option<u32>, payload: Vec<Value>) -> Outcome {
    let payload = match fault {
        Fault::PayloadLost => Vec::new(),
        _ => payload,
    };
    let tag = match (fault, tag) {
        (Fault::TagShifted, Some(n)) => Some(n.saturating_sub(1)),
        (Fault::ForeignKnown, None) => Some(0),
        (_, tag) => tag,
    };
    Outcome::Threw { tag, payload }
}

fn value(fault: Fault, value: Value) -> Value {
    match (fault, value) {
        (Fault::ResultBit, Value::I32(x)) => Value::I32(x ^ 1),
        (Fault::WideTruncated, Value::I64(x)) => Value::I64(x & 0xffff_ffff),
        (Fault::ReferenceNumber, Value::Ref(Reference::Extern(n))) => {
            Value::Ref(Reference::Extern(n ^ 1))
        }
        (_, value) => value,
    }
}

/// Host calls with a fault in them.
fn trace(fault: Option<Fault>, mut calls: Vec<HostCall>) -> Vec<HostCall> {
    if fault == Some(Fault::HostCallLost) {
        calls.pop();
    }
    for call in &mut calls {
        match (fault, &mut call.effect) {
            (Some(Fault::HostArgumentsLost), _) => call.args.clear(),
            (Some(Fault::HostEffectLost), effect) => *effect = HostEffect::Returned,
            (Some(Fault::CallbackLost), HostEffect::Called(results)) => *results = None,
            (Some(Fault::HoldLost), effect @ (HostEffect::Swallowed(_) | HostEffect::Again(_))) => {
                *effect = HostEffect::Called(None);
            }
            (
                Some(Fault::StoppedMixed),
                HostEffect::Swallowed(stopped) | HostEffect::Again(stopped),
            ) => {
                *stopped = match stopped {
                    Stopped::Trap => Stopped::Exception,
                    Stopped::Exception => Stopped::Trap,
                };
            }
            (Some(Fault::OldBytesLost), HostEffect::Exchanged(old)) => *old = None,
            _ => {}
        }
    }
    calls
}
