//! Scopes: where on a thread a plan holds, and what was asked for and not given back.

use crate::hook;
use crate::plan::{Plan, Resource};
use crate::sys::{self, Unavailable};
use std::marker::PhantomData;

/// A stretch of this thread's way in which requests are counted, and fail by a plan.
///
/// It is the explorer's own tool, and of use alone where a test wants one failure and no more.
/// Scopes do not nest: the inner one takes over, and leaving it ends both.
///
/// ```
/// use assay_oom::{FaultAllocator, Plan, Rule, Scope};
///
/// #[global_allocator]
/// static ALLOCATOR: FaultAllocator = FaultAllocator::system();
///
/// let scope = Scope::enter(Plan::heap(Rule::Nth(0)));
/// let failed = Vec::<u8>::new().try_reserve(100).is_err();
/// let tally = scope.leave();
/// assert!(failed);
/// assert_eq!((tally.seen, tally.failed, tally.balance.blocks), (1, 1, 0));
/// ```
#[derive(Debug)]
#[must_use = "a scope ends when it is dropped"]
pub struct Scope {
    resource: Resource,
    /// Scopes belong to their thread.
    here: PhantomData<*const ()>,
}

/// What happened within a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many requests there were for the plan's resource.
    pub seen: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many came after the first that failed.
    pub after: u64,
    /// What was taken within the scope and not given back.
    pub balance: Balance,
}

/// What was taken and not given back; negative where more was given back than taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Bytes of the heap.
    pub bytes: i64,
    /// Blocks of the heap.
    pub blocks: i64,
    /// Bytes of virtual memory, as far as system calls are intercepted.
    pub mapped: i64,
}

impl Scope {
    /// Begins. System calls are intercepted only for a plan of [`Resource::Mapping`], and only
    /// where [`intercept_system_calls`](crate::intercept_system_calls) has been called.
    #[inline(never)]
    pub fn enter(plan: Plan) -> Self {
        sys::know_stack();
        hook::with(|hook| {
            hook.clear_balance();
            hook.meter(Resource::Heap).arm(None, 0);
            hook.meter(Resource::Mapping).arm(None, 0);
            hook.meter(plan.resource).arm(Some(&plan), 0);
            hook.set_boundary(usize::MAX);
            hook::set_on(true);
            hook.intercept(plan.resource == Resource::Mapping && sys::calls::is_on());
        });
        Self {
            resource: plan.resource,
            here: PhantomData,
        }
    }

    /// Ends, and says what happened.
    pub fn leave(self) -> Tally {
        self.tally()
    }

    /// What has happened up to now.
    pub fn tally(&self) -> Tally {
        hook::with(|hook| {
            let meter = hook.meter(self.resource);
            Tally {
                seen: meter.seen(),
                failed: meter.failed(),
                after: meter.after(),
                balance: balance(),
            }
        })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        hook::with(|hook| {
            hook.intercept(false);
            hook::set_on(false);
            hook.meter(Resource::Heap).disarm();
            hook.meter(Resource::Mapping).disarm();
        });
    }
}

/// The balance of this thread.
pub(crate) fn balance() -> Balance {
    let (bytes, blocks, mapped) = hook::with(hook::Hook::balance);
    Balance {
        bytes,
        blocks,
        mapped,
    }
}

/// Whether [`FaultAllocator`](crate::FaultAllocator) is this program's global allocator. Without it
/// nothing is seen and nothing fails.
pub fn is_installed() -> bool {
    let scope = Scope::enter(Plan::CLEAN);
    drop(std::hint::black_box(Box::new(1u8)));
    scope.leave().seen > 0
}

/// Gets this thread's system calls ready to fail, by the best means that the kernel grants, and says
/// which. Until a plan of [`Resource::Mapping`] is in force they are only a little slower.
///
/// # Errors
///
/// When the kernel, or the platform, has no means for it.
pub fn intercept_system_calls() -> Result<&'static str, Unavailable> {
    sys::calls::begin().map(sys::calls::By::name)
}

/// Ends [`intercept_system_calls`] where the means allow it: a filter stays for the rest of the
/// process, and lets everything pass.
pub fn stop_intercepting_system_calls() {
    sys::calls::end();
}

/// Runs something that is neither counted nor failed, within a scope.
pub(crate) fn apart<R>(what: impl FnOnce() -> R) -> R {
    struct Back(bool, bool);
    impl Drop for Back {
        fn drop(&mut self) {
            hook::with(|hook| {
                hook::set_on(self.0);
                hook.intercept(self.1);
            });
        }
    }
    let back = hook::with(|hook| Back(hook::set_on(false), hook.intercept(false)));
    let result = what();
    drop(back);
    result
}
