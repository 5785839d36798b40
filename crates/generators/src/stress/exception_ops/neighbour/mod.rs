//! A second instance: what its functions do with exceptions.
//!
//! Its module is instantiated before the main one, which imports its functions and tags. Of each tag of
//! the case it may have one of its own, of the same type: what has that tag is another exception, and
//! no clause of the main module catches it but those for all.

mod code;
pub mod module;

use super::setting::Setting;
use super::value::Ty;
use assay_engine::Features;
use serde::{Deserialize, Serialize};

/// The name of its module, and of the one with the tags that it imports as well.
pub const NAME: &str = "m0";
pub const TAGS: &str = "tags";

/// How many functions it has at most.
pub const MAX_DEEDS: usize = 4;

/// What a function of it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// Throws its parameters.
    Throw {
        /// The tag, or that of which it throws its own.
        tag: u32,
        /// Whether it throws its own, which it also does where the main module imports none.
        own: bool,
        /// Whether a handler is around it, for the other one of the two.
        decoy: bool,
    },
    /// Calls a function of the main module: `[externref funcref]` to what every function gives.
    Call {
        /// What it does with an exception of the callee.
        handler: Handler,
        /// The tag that it catches: the main module's, or its own where that imports none.
        tag: u32,
    },
    /// Keeps an exception: `[exnref] -> []`.
    Keep,
    /// Gives the one that it keeps: `[] -> [exnref]`.
    Give,
    /// Throws the one that it keeps: `[] -> []`.
    ThrowKept,
}

/// What a function does with an exception that comes up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handler {
    /// Nothing.
    None,
    /// Nothing, since it is not there any more: it has made a tail call.
    Tail,
    /// Throws what it carries under the same tag.
    ThrowAgain,
    /// Throws what it carries under a tag of its own.
    ThrowOwn,
    /// Catches a tag, and throws the very same exception.
    Rethrow,
    /// Catches all, and throws the very same exception.
    RethrowAll,
    /// Keeps it, and returns.
    Keep,
}

impl Handler {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::ThrowAgain,
        Self::ThrowOwn,
        Self::Rethrow,
        Self::RethrowAll,
        Self::Keep,
        Self::Tail,
    ];

    /// Whether it catches the tag of its deed, and no other.
    pub fn has_tag(self) -> bool {
        matches!(self, Self::ThrowAgain | Self::ThrowOwn | Self::Rethrow)
    }

    /// Whether it catches all.
    pub fn catches_all(self) -> bool {
        matches!(self, Self::RethrowAll | Self::Keep)
    }
}

impl Deed {
    /// Its tag, if it has one.
    pub fn tag(self) -> Option<u32> {
        match self {
            Self::Throw { tag, .. } => Some(tag),
            Self::Call { handler, tag } => handler.has_tag().then_some(tag),
            _ => None,
        }
    }

    /// The tags that it has to do with: that which it throws or catches first.
    pub fn tags(self, setting: &Setting) -> Vec<u32> {
        match self {
            Self::Throw { tag, own, decoy } => {
                let (seen, own_one) = (setting.seen(tag), setting.own(tag));
                let thrown = if own { own_one } else { seen };
                let other = if thrown == tag { own_one } else { seen };
                let decoy = decoy && other != thrown;
                [thrown].into_iter().chain(decoy.then_some(other)).collect()
            }
            Self::Call { handler, tag } => match handler {
                Handler::ThrowOwn => vec![setting.seen(tag), setting.own(tag)],
                Handler::ThrowAgain | Handler::Rethrow => vec![setting.seen(tag)],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Whether it keeps an exception.
    pub fn takes(self) -> bool {
        match self {
            Self::Call { handler, .. } => handler == Handler::Keep,
            other => other == Self::Keep,
        }
    }

    /// Whether it has to do with the exception that is kept.
    pub fn keeps(self) -> bool {
        self.takes() || matches!(self, Self::Give | Self::ThrowKept)
    }

    /// How far it is from the plainest.
    pub fn complexity(self) -> usize {
        match self {
            Self::Throw { own, decoy, .. } => 1 + usize::from(own) + usize::from(decoy),
            Self::Call { handler, .. } => 2 + usize::from(handler != Handler::None),
            _ => 2,
        }
    }

    /// One that is plainer, if this is not the plainest.
    pub fn plainer(self) -> Self {
        match self {
            Self::Call { handler, tag } if handler != Handler::None => Self::Call {
                handler: Handler::None,
                tag,
            },
            Self::Throw { tag, .. } | Self::Call { tag, .. } => Self::Throw {
                tag,
                own: false,
                decoy: false,
            },
            Self::Keep | Self::Give | Self::ThrowKept => self,
        }
    }

    /// Mends what cannot be in a setting of so many tags.
    pub fn mend(&mut self, tags: usize, features: Features) {
        if let Self::Throw { tag, .. } | Self::Call { tag, .. } = self {
            *tag %= tags.max(1) as u32;
        }
        if let Self::Call { handler, .. } = self
            && *handler == Handler::Tail
            && !features.contains(Features::TAIL_CALL)
        {
            *handler = Handler::None;
        }
    }

    /// Its parameters and results in a setting.
    pub fn signature(self, setting: &Setting) -> (Vec<Ty>, Vec<Ty>) {
        let exception = vec![Ty::Exn];
        match self {
            Self::Throw { tag, .. } => (setting.fields(tag), Vec::new()),
            Self::Call { .. } => (vec![Ty::Extern, Ty::Func], setting.all_results()),
            Self::Keep => (exception, Vec::new()),
            Self::Give => (Vec::new(), exception),
            Self::ThrowKept => (Vec::new(), Vec::new()),
        }
    }
}
