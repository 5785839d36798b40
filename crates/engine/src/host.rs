//! The host: deterministic functions that are part of the program.
//!
//! What a host function does is a pure function of the import, the number of the call, and the
//! arguments, so that every engine's host does the same. The rules live here once for the
//! engines in this process; `oracles/js/host` follows them to the letter, and a test compares.

use crate::{FIRST_FRESH, HostCall, HostEffect, Reference, Slot, Stopped, Value};
use serde::{Deserialize, Serialize};

/// How deep the host may call back into the instance. Deeper, [`Action::Call`] only returns.
pub const MAX_CALLBACK_DEPTH: u32 = 2;

/// The host functions of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Mixed into every result.
    pub seed: u32,
    /// The functions, in the order of the main module's function imports.
    #[serde(default)]
    pub functions: Vec<HostFunction>,
}

impl Host {
    /// Whether any of its functions makes objects ([`Action::Fresh`]).
    pub fn makes_objects(&self) -> bool {
        let mut actions = self.functions.iter().flat_map(|it| &it.actions);
        actions.any(|action| *action == Action::Fresh)
    }
}

/// One host function, imported as `assay:host` and its index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFunction {
    /// The module and field under which the original module imported it, for the reader.
    pub label: String,
    /// Its parameters at the boundary.
    pub params: Vec<Slot>,
    /// Its results at the boundary.
    pub results: Vec<Slot>,
    /// What it does: call number `n`, from 0, does `actions[n % len]`. None means to return.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// What a host function does before it returns, if it returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    Return,
    /// Collects garbage, as thoroughly as the engine can be asked to; nothing where it has none. What
    /// a program does cannot depend on it.
    Collect,
    /// Makes a new object for each `externref` among its results, and keeps none of them
    /// ([`FIRST_FRESH`]).
    Fresh,
    /// Traps with [`Trap::Host`](crate::Trap::Host); no handler in the module may see it.
    Trap,
    /// Throws this tag of the main module. Only tags whose parameters are all `i32` or `i64`.
    Throw {
        /// The index of the tag in the main module.
        tag: u32,
        /// The types of its parameters.
        params: Vec<Slot>,
    },
    /// Grows an exported memory ([`names::memory`](crate::names::memory)).
    GrowMemory {
        /// The index of the memory.
        memory: u32,
        /// By how many pages.
        pages: u32,
    },
    /// Grows an exported table ([`names::table`](crate::names::table)) with null references.
    GrowTable {
        /// The index of the table.
        table: u32,
        /// By how many elements.
        elements: u32,
    },
    /// Calls an export, unless the callbacks are [`MAX_CALLBACK_DEPTH`] deep.
    Call {
        /// The export, which returns slots.
        export: String,
        /// Its arguments.
        args: Vec<Value>,
        /// What becomes of a trap or an exception of the callee.
        #[serde(default)]
        failure: OnFailure,
    },
    /// Reads eight bytes of an exported memory ([`names::memory`](crate::names::memory)), the least
    /// significant first, and writes others in their place; nothing when they are out of bounds.
    Exchange {
        /// The index of the memory.
        memory: u32,
        /// The address of the first byte.
        address: u32,
        /// What is there afterwards.
        value: u64,
    },
    /// Has the engine interrupt the program by its own means, at the next place where it looks; an
    /// engine without such means traps, as for [`Action::Trap`]. Either way the outcome is
    /// [`Trap::Host`](crate::Trap::Host). Every engine looks where a function begins, so a program
    /// that calls one directly after this cannot tell the engines apart.
    Interrupt,
}

/// What a host function makes of a callee that traps or throws. What runs out of stack, memory or
/// time always goes on outwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It does not take hold of it: it goes on through the host function.
    #[default]
    Onward,
    /// It takes hold of it, and returns as if nothing had been.
    Swallow,
    /// It takes hold of it, and lets go: the very same exception is thrown again, the very same trap
    /// traps again.
    Again,
}

impl OnFailure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Onward, Self::Swallow, Self::Again];

    /// What is recorded of a callee that stopped like this.
    pub fn effect(self, stopped: Stopped) -> HostEffect {
        match self {
            Self::Onward => HostEffect::Called(None),
            Self::Swallow => HostEffect::Swallowed(stopped),
            Self::Again => HostEffect::Again(stopped),
        }
    }
}

/// The host's side of one running instance: call numbers, depth, and the trace.
#[derive(Clone, Debug, Default)]
pub struct HostState {
    calls: Vec<u32>,
    depth: u32,
    /// How many objects it has made.
    fresh: u32,
    trace: Vec<HostCall>,
}

impl HostState {
    /// The state before any call.
    pub fn new(host: &Host) -> Self {
        Self {
            calls: vec![0; host.functions.len()],
            depth: 0,
            fresh: 0,
            trace: Vec::new(),
        }
    }

    /// Begins a call: counts it, records it, and says what to do and, for the case that the
    /// function returns, with what.
    ///
    /// The engine carries out the action and tells of it with [`HostState::effect`]. Around
    /// [`Action::Call`] it calls [`HostState::descend`] and [`HostState::ascend`].
    pub fn enter(
        &mut self,
        host: &Host,
        index: usize,
        args: Vec<Value>,
    ) -> (Action, Vec<Value>, usize) {
        let function = &host.functions[index];
        let number = self.calls[index];
        self.calls[index] += 1;
        let mut hash = args
            .iter()
            .fold(mix(mix(host.seed, index as u32), number), mix_value);
        let mut next = || {
            hash = mix(hash, 1);
            hash
        };
        let mut action = match function.actions.as_slice() {
            [] => Action::Return,
            actions => actions[number as usize % actions.len()].clone(),
        };
        if matches!(action, Action::Call { .. }) && self.depth >= MAX_CALLBACK_DEPTH {
            action = Action::Return;
        }
        let slots = match &action {
            Action::Throw { params, .. } => params,
            _ => &function.results,
        };
        let values = slots.iter().map(|&slot| value_from(slot, &mut next));
        let mut values: Vec<Value> = values.collect();
        if action == Action::Fresh {
            self.make_objects(&mut values);
        }
        let entry = self.trace.len();
        self.trace.push(HostCall {
            import: index as u32,
            args,
            effect: HostEffect::of(&action),
        });
        (action, values, entry)
    }

    /// Puts a new object into the place of each reference.
    fn make_objects(&mut self, values: &mut [Value]) {
        let references = values.iter_mut().filter(|it| matches!(it, Value::Ref(_)));
        for reference in references {
            *reference = Value::Ref(Reference::Extern(FIRST_FRESH.wrapping_add(self.fresh)));
            self.fresh = self.fresh.wrapping_add(1);
        }
    }

    /// Records what the action of trace entry `entry` came to.
    pub fn effect(&mut self, entry: usize, effect: HostEffect) {
        self.trace[entry].effect = effect;
    }

    /// Called before the host calls back into the instance.
    pub fn descend(&mut self) {
        self.depth += 1;
    }

    /// Called when the callback has come back, however it did.
    pub fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// How many objects were made ([`Action::Fresh`]).
    pub fn made(&self) -> u32 {
        self.fresh
    }

    /// Takes the calls recorded since the last time.
    pub fn take_trace(&mut self) -> Vec<HostCall> {
        std::mem::take(&mut self.trace)
    }
}

/// One step of the mixing function: 32-bit, so that JavaScript's `Math.imul` does the same.
fn mix(hash: u32, word: u32) -> u32 {
    let hash = (hash ^ word).wrapping_mul(0x9E37_79B1);
    hash ^ (hash >> 15)
}

/// Mixes an argument: an `i32` as one word, an `i64` as its low and its high word, a reference as
/// one word (0 null, 1 internal, `n + 2` extern `n`).
fn mix_value(hash: u32, value: &Value) -> u32 {
    match *value {
        Value::I32(x) | Value::F32(x) => mix(hash, x),
        Value::I64(x) | Value::F64(x) => mix(mix(hash, x as u32), (x >> 32) as u32),
        Value::V128(x) => [0, 32, 64, 96]
            .iter()
            .fold(hash, |h, s| mix(h, (x >> s) as u32)),
        Value::Ref(Reference::Null) => mix(hash, 0),
        Value::Ref(Reference::Extern(n)) => mix(hash, n + 2),
        Value::Ref(_) => mix(hash, 1),
    }
}

/// A value for a slot. Integers are shifted right by their own low bits, so that small and large
/// ones are about as frequent.
fn value_from(slot: Slot, next: &mut impl FnMut() -> u32) -> Value {
    match slot {
        Slot::I32 => {
            let x = next();
            Value::I32(x >> (x & 31))
        }
        Slot::I64 => {
            let low = next();
            let high = next();
            let x = u64::from(high) << 32 | u64::from(low);
            Value::I64(x >> (low & 63))
        }
        Slot::Extern => match next() & 7 {
            0 => Value::Ref(Reference::Null),
            n => Value::Ref(Reference::Extern(n)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(actions: Vec<Action>) -> Host {
        let results = vec![Slot::I32, Slot::I64, Slot::Extern];
        let function = HostFunction {
            label: "a.b".into(),
            params: vec![Slot::I32],
            results,
            actions,
        };
        Host {
            seed: 7,
            functions: vec![function],
        }
    }

    #[test]
    fn a_call_depends_on_number_and_arguments_and_nothing_else() {
        let host = host(vec![]);
        let run = |args: &[u32]| {
            let mut state = HostState::new(&host);
            args.iter()
                .map(|&a| state.enter(&host, 0, vec![Value::I32(a)]).1)
                .collect::<Vec<_>>()
        };
        assert_eq!(run(&[1, 1, 2]), run(&[1, 1, 2]));
        assert_ne!(run(&[1])[0], run(&[2])[0]);
        let twice = run(&[1, 1]);
        assert_ne!(twice[0], twice[1]);
    }

    #[test]
    fn a_fresh_object_is_another_one_each_time() {
        let host = host(vec![Action::Fresh, Action::Return]);
        assert!(host.makes_objects());
        let mut state = HostState::new(&host);
        let mut object = || state.enter(&host, 0, vec![]).1[2];
        let fresh = |n| Value::Ref(Reference::Extern(FIRST_FRESH + n));
        assert_eq!(object(), fresh(0));
        assert_ne!(object(), fresh(1), "it returns, as it always does");
        assert_eq!(object(), fresh(1));
    }

    #[test]
    fn actions_rotate_and_callbacks_are_bounded() {
        let call = Action::Call {
            export: "f".into(),
            args: vec![],
            failure: OnFailure::Onward,
        };
        let host = host(vec![Action::Return, call.clone()]);
        let mut state = HostState::new(&host);
        assert_eq!(state.enter(&host, 0, vec![]).0, Action::Return);
        assert_eq!(state.enter(&host, 0, vec![]).0, call);
        state.descend();
        state.descend();
        assert_eq!(state.enter(&host, 0, vec![]).0, Action::Return);
        assert_eq!(
            state.enter(&host, 0, vec![]).0,
            Action::Return,
            "too deep to call"
        );
        assert_eq!(state.take_trace().len(), 4);
    }
}
