//! What can be seen of a run.

use assay_engine::{Resource, Trap};
use assay_reference::{RefKind, Stop, Store, Usage, Val};

/// A value, as far as it means the same in another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A number or a vector.
    Number(Val),
    /// A reference, by what it refers to.
    Reference(RefKind),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned these.
    Returned(Vec<Seen>),
    /// It trapped.
    Trapped(Trap),
    /// It threw an exception with these fields.
    Threw(Vec<Seen>),
    /// It ran into a limit.
    Exhausted(Resource),
    /// The host gave up.
    Host,
    /// The host gave results of other types.
    Arguments,
    /// A body that validated was not translated: a fault.
    Untranslated(String),
}

/// What happened, one thing after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is no module, for this reason.
    Refused(String),
    /// Something that it imports cannot be made.
    Unprovided,
    /// The imports do not match: a fault, since they were made for it.
    Unlinked(String),
    /// It was instantiated, or was not.
    Instantiated(End),
    /// The host ran a function with these arguments.
    Hosted(u32, Vec<Seen>),
    /// An export was called.
    Called(String, End),
    /// A digest of all exported memories, tables and globals.
    State(u64),
}

/// All that can be seen of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What happened.
    pub events: Vec<Event>,
    /// What was left of the fuel after each call.
    pub fuel_left: Vec<u64>,
    /// The most that was held at any look.
    pub usage: Usage,
}

pub(crate) fn seen(store: &Store, value: Val) -> Seen {
    match value {
        Val::Ref(reference) => Seen::Reference(store.kind(reference)),
        number => Seen::Number(number),
    }
}

pub(crate) fn seen_all(store: &Store, values: &[Val]) -> Vec<Seen> {
    values.iter().map(|&value| seen(store, value)).collect()
}

impl End {
    pub(crate) fn of(store: &Store, ran: Result<&[Val], &Stop>) -> Self {
        let stop = match ran {
            Ok(results) => return Self::Returned(seen_all(store, results)),
            Err(stop) => stop,
        };
        match stop {
            Stop::Trap(trap) => Self::Trapped(*trap),
            Stop::Exception(exception) => {
                let fields = store.exception(*exception).map(|(_, fields)| fields);
                Self::Threw(seen_all(store, &fields.unwrap_or_default()))
            }
            Stop::Exhausted(resource) => Self::Exhausted(*resource),
            Stop::Host => Self::Host,
            Stop::Arguments => Self::Arguments,
            Stop::Code(error) => Self::Untranslated(error.to_string()),
        }
    }
}

impl Event {
    /// How something ended, where this is such an event.
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Instantiated(end) | Self::Called(_, end) => Some(end),
            _ => None,
        }
    }

    /// Whether it ran into a limit that depends on when the heap was collected.
    pub(crate) fn depends_on_collections(&self) -> bool {
        let end = self.end();
        matches!(end, Some(End::Exhausted(Resource::Fuel | Resource::Memory)))
    }
}
