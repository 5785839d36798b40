//! The host, as far as the operations have come.

use assay_engine::{Action, Host, HostFunction, HostState, Slot, Value};
use wasm_encoder::ValType;

/// The host: what it is to do at each call so far, and how deep it calls back.
#[derive(Clone, Debug)]
pub struct HostModel {
    host: Host,
    state: HostState,
    callbacks: u32,
}

impl HostModel {
    /// A host that nobody has called.
    pub fn new(host: Host) -> Self {
        Self {
            state: HostState::new(&host),
            host,
            callbacks: 0,
        }
    }

    /// One of its functions is called with these arguments, and is to do this: what it returns, or
    /// throws. Nothing where there is no such function.
    pub fn acts(&mut self, function: usize, action: Action, args: Vec<Value>) -> Vec<Value> {
        let Some(called) = self.host.functions.get_mut(function) else {
            return Vec::new();
        };
        called.actions.push(action);
        let (_, values, _) = self.state.enter(&self.host, function, args);
        values
    }

    /// It calls back.
    pub fn descend(&mut self) {
        self.state.descend();
        self.callbacks += 1;
    }

    /// What it has called back is over.
    pub fn ascend(&mut self) {
        self.state.ascend();
        self.callbacks -= 1;
    }

    /// How deep it calls back in what runs.
    pub fn callbacks(&self) -> u32 {
        self.callbacks
    }

    /// Its functions, with what they are to do.
    pub fn functions(&self) -> &[HostFunction] {
        &self.host.functions
    }

    /// What its functions are to do.
    pub fn actions(&self) -> Vec<Vec<Action>> {
        let functions = self.host.functions.iter();
        functions.map(|it| it.actions.clone()).collect()
    }
}

/// The number that comes first among what the host returns.
pub fn word(values: &[Value]) -> u64 {
    values.first().map_or(0, |value| value.bits() as u64)
}

/// By what a shim tells the kind of a reference.
pub fn code(value: Value) -> u64 {
    match value {
        Value::Ref(reference) => assay_module::types::code(reference),
        _ => 0,
    }
}

/// The tags that the host can throw, of those that carry these types: the slots of what it throws.
pub fn throwable<'a, T>(tags: impl IntoIterator<Item = &'a Vec<T>>) -> Vec<(u32, Vec<Slot>)>
where
    T: Copy + Into<ValType> + 'a,
{
    let slot = |ty: &T| match (*ty).into() {
        ValType::I32 => Some(Slot::I32),
        ValType::I64 => Some(Slot::I64),
        _ => None,
    };
    let slots = |fields: &Vec<T>| fields.iter().map(slot).collect::<Option<Vec<Slot>>>();
    let tags = (0..).zip(tags);
    tags.filter_map(|(number, fields)| Some((number, slots(fields)?)))
        .collect()
}
