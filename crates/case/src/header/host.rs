//! The host functions, mirrored so that arguments are literals: TOML has no number for all of
//! them.

use super::literal::{Literal, literals, values};
use assay_engine::{Action, Host, HostFunction, OnFailure, Slot};
use serde::{Deserialize, Serialize};

/// Mirror of [`Host`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderHost {
    seed: u32,
    #[serde(default, rename = "function", skip_serializing_if = "Vec::is_empty")]
    functions: Vec<HeaderFunction>,
}

/// Mirror of [`HostFunction`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderFunction {
    label: String,
    params: Vec<Slot>,
    results: Vec<Slot>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    actions: Vec<HeaderAction>,
}

/// Mirror of [`Action`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum HeaderAction {
    Return,
    Collect,
    Fresh,
    Trap,
    Throw {
        tag: u32,
        params: Vec<Slot>,
    },
    GrowMemory {
        memory: u32,
        pages: u32,
    },
    GrowTable {
        table: u32,
        elements: u32,
    },
    Call {
        export: String,
        args: Vec<Literal>,
        #[serde(default, skip_serializing_if = "is_onward")]
        failure: OnFailure,
    },
    Exchange {
        memory: u32,
        address: u32,
        value: u64,
    },
    Interrupt,
}

/// Whether what stops a callee goes on, which is not said.
fn is_onward(failure: &OnFailure) -> bool {
    *failure == OnFailure::Onward
}

impl HeaderHost {
    /// Whether it is the host of a program without host functions.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&Host> for HeaderHost {
    fn from(host: &Host) -> Self {
        let function = |function: &HostFunction| HeaderFunction {
            label: function.label.clone(),
            params: function.params.clone(),
            results: function.results.clone(),
            actions: function.actions.iter().map(HeaderAction::from).collect(),
        };
        Self {
            seed: host.seed,
            functions: host.functions.iter().map(function).collect(),
        }
    }
}

impl From<HeaderHost> for Host {
    fn from(host: HeaderHost) -> Self {
        let function = |function: HeaderFunction| HostFunction {
            label: function.label,
            params: function.params,
            results: function.results,
            actions: function.actions.into_iter().map(Action::from).collect(),
        };
        Self {
            seed: host.seed,
            functions: host.functions.into_iter().map(function).collect(),
        }
    }
}

impl From<&Action> for HeaderAction {
    fn from(action: &Action) -> Self {
        match action {
            Action::Return => Self::Return,
            Action::Collect => Self::Collect,
            Action::Fresh => Self::Fresh,
            Action::Trap => Self::Trap,
            Action::Throw { tag, params } => Self::Throw {
                tag: *tag,
                params: params.clone(),
            },
            Action::GrowMemory { memory, pages } => Self::GrowMemory {
                memory: *memory,
                pages: *pages,
            },
            Action::GrowTable { table, elements } => Self::GrowTable {
                table: *table,
                elements: *elements,
            },
            Action::Call {
                export,
                args,
                failure,
            } => Self::Call {
                export: export.clone(),
                args: literals(args),
                failure: *failure,
            },
            Action::Exchange {
                memory,
                address,
                value,
            } => Self::Exchange {
                memory: *memory,
                address: *address,
                value: *value,
            },
            Action::Interrupt => Self::Interrupt,
        }
    }
}

impl From<HeaderAction> for Action {
    fn from(action: HeaderAction) -> Self {
        match action {
            HeaderAction::Return => Self::Return,
            HeaderAction::Collect => Self::Collect,
            HeaderAction::Fresh => Self::Fresh,
            HeaderAction::Trap => Self::Trap,
            HeaderAction::Throw { tag, params } => Self::Throw { tag, params },
            HeaderAction::GrowMemory { memory, pages } => Self::GrowMemory { memory, pages },
            HeaderAction::GrowTable { table, elements } => Self::GrowTable { table, elements },
            HeaderAction::Call {
                export,
                args,
                failure,
            } => Self::Call {
                export,
                args: values(&args),
                failure,
            },
            HeaderAction::Exchange {
                memory,
                address,
                value,
            } => Self::Exchange {
                memory,
                address,
                value,
            },
            HeaderAction::Interrupt => Self::Interrupt,
        }
    }
}
