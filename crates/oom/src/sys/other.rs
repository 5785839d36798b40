//! Platforms without support: the allocator, scopes and judging in this process work, the rest says so.

use crate::flight::Flight;
use crate::sys::Unavailable;
use std::time::Duration;

/// Writes to standard error.
pub(crate) fn say(text: &str) {
    eprint!("{text}");
}

/// Nothing is walked, so nothing need be known.
pub(crate) fn know_stack() {}

/// There is no interruption.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interrupted;

pub(crate) mod walk {
    use crate::sites::stack::Start;
    use std::ops::Range;

    pub(crate) fn method() -> &'static str {
        "none"
    }

    pub(crate) fn has_frame_pointers() -> bool {
        false
    }

    pub(crate) fn unwind_from_now_on() {}

    pub(crate) fn walk(_: Start<'_>, _: Range<usize>, _: &mut dyn FnMut(usize) -> bool) {}

    pub(crate) fn unwind(_: Start<'_>, _: Range<usize>, _: &mut dyn FnMut(usize) -> bool) {}
}

pub(crate) mod modules {
    use crate::sites::stack::GENERATED;
    use std::path::PathBuf;

    #[derive(Debug)]
    pub(crate) struct Module {
        pub(crate) path: PathBuf,
    }

    pub(crate) fn relative(_: usize) -> u64 {
        GENERATED
    }

    pub(crate) fn of(_: u64) -> Option<(&'static Module, u64)> {
        None
    }
}

pub(crate) mod calls {
    use crate::sys::Unavailable;

    pub(crate) struct Call {
        pub(crate) name: &'static str,
    }

    pub(crate) const CALLS: &[Call] = &[];

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum By {}

    impl By {
        pub(crate) const fn name(self) -> &'static str {
            match self {}
        }
    }

    pub(crate) fn is_on() -> bool {
        false
    }

    pub(crate) fn begin() -> Result<By, Unavailable> {
        Err(Unavailable::Platform("interception of system calls"))
    }

    pub(crate) fn fail_releases(_: bool) {}

    pub(crate) fn end() {}

    pub(crate) fn forget() {}
}

pub(crate) mod census {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub(crate) struct Census {
        pub(crate) descriptors: i64,
        pub(crate) mapped: i64,
    }

    pub(crate) fn take() -> Census {
        Census::default()
    }
}

pub(crate) mod crash {
    use super::Flight;

    pub(crate) fn install() {}

    pub(crate) fn record(_: Option<&'static Flight>) {}
}

pub(crate) mod memory {
    use crate::sys::{Shared, Unavailable};

    /// A zeroed `T`. There are no children to share it with.
    #[allow(unsafe_code)]
    pub(crate) fn share<T: Shared>() -> Result<&'static T, Unavailable> {
        // SAFETY: `Shared` says that zeroes are valid.
        Ok(Box::leak(unsafe { Box::<T>::new_zeroed().assume_init() }))
    }
}

pub(crate) mod process {
    use super::{Duration, Unavailable};
    use std::io;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum Ended {
        Exit(i32),
        Signal(i32),
    }

    #[derive(Debug)]
    pub(crate) struct Capture;

    #[derive(Debug)]
    pub(crate) struct Child;

    pub(crate) const PANICKED: i32 = 101;

    pub(crate) fn threads() -> usize {
        1
    }

    pub(crate) fn without_backtraces() {}

    pub(crate) fn processor_time() -> Duration {
        Duration::ZERO
    }

    pub(crate) fn fork(_: &Capture, _: impl FnOnce() -> i32) -> Result<Child, Unavailable> {
        Err(Unavailable::Platform("forking"))
    }

    impl Child {
        pub(crate) fn wait(&mut self, _: Duration) -> Option<Ended> {
            Some(Ended::Exit(PANICKED))
        }

        pub(crate) fn abort(&self) {}

        pub(crate) fn kill(&mut self) -> Ended {
            Ended::Exit(PANICKED)
        }

        pub(crate) fn sleeps(&self) -> bool {
            false
        }

        pub(crate) fn processor_time(&self) -> Option<Duration> {
            None
        }
    }

    impl Capture {
        pub(crate) fn new() -> Result<Self, Unavailable> {
            Err(Unavailable::Platform("capturing output"))
        }

        pub(crate) fn write(&self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn take(&self) -> io::Result<Vec<u8>> {
            Ok(Vec::new())
        }
    }
}
