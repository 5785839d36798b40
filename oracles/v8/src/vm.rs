//! An isolate with its one context, kept across programs.

use crate::realm::Realm;
use crate::watchdog::{Brake, Watchdog, watch_heap};
use crate::{STACK_BYTES, host::Session};
use assay_engine::Resource;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// V8's flags, for the whole process.
///
/// - Single-threaded, because to compile small modules on other threads costs more than it saves,
///   and so that a program runs the same each time.
/// - No optimised code for WebAssembly. Where V8 optimises, a loop looks for a request to stop only
///   each time that it has used up a budget of 1.8 MB of code; a loop that allocates takes many
///   gigabytes until then.
/// - No protection keys, with which only threads that descend from the one that initialised V8
///   could run it.
///
/// - Collections on request, for the hosts that ask for one.
///
/// V8's own trap handler is off unless an embedder asks for it. It must stay so: it would take the
/// signals of other engines in this process.
const FLAGS: &[&str] = &[
    "--single-threaded",
    "--no-wasm-tier-up",
    "--no-wasm-dynamic-tiering",
    "--no-memory-protection-keys",
    "--expose-gc",
    "--experimental-wasm-wide-arithmetic",
];

/// The heap that V8 needs for itself.
const OWN_HEAP_BYTES: usize = 16 << 20;

/// How many tasks of V8's own to run between two programs, at most.
const TASKS: usize = 64;

/// What host functions and the engine share; a slot of the isolate holds it.
pub(crate) struct Shared {
    pub realm: Realm,
    session: Mutex<Session>,
}

impl Shared {
    /// What there is to know of the program that runs. Not to be held while V8 runs.
    pub fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(crate) struct Vm {
    // The order matters: what is in the realm goes before the isolate, and the isolate before the
    // thread that may stop it.
    pub shared: Arc<Shared>,
    isolate: v8::SharedIsolate,
    watchdog: Watchdog,
    heap_bytes: u32,
    /// The heap limit was reached and raised.
    spoilt: bool,
}

impl Vm {
    /// A new isolate, whose heap may grow to this size beyond what V8 needs for itself.
    pub fn new(heap_bytes: u32) -> Self {
        initialize();
        let limit = OWN_HEAP_BYTES.saturating_add(heap_bytes as usize);
        let params = v8::CreateParams::default()
            .heap_limits(0, limit)
            .allow_atomics_wait(true);
        let mut isolate = v8::Isolate::new(params);
        watch_heap(&mut isolate);
        let realm = Realm::new(&mut isolate);
        let shared = Arc::new(Shared {
            realm,
            session: Mutex::default(),
        });
        isolate.set_slot(Arc::clone(&shared));
        let brake = Arc::new(Brake::new(isolate.thread_safe_handle()));
        // SAFETY: the slot holds an `Arc` of a `Send + Sync` type (a test asserts it), the heap
        // callback has no state of its own, no embedder data and no allocator were given, and
        // the isolate was made on this thread with no reference into it left.
        #[allow(unsafe_code)]
        let isolate = unsafe { isolate.try_into_shared() }
            .expect("a new isolate has neither snapshots, weak handles, nor another one above it");
        let watchdog = Watchdog::new(brake);
        Self {
            shared,
            isolate,
            watchdog,
            heap_bytes,
            spoilt: false,
        }
    }

    /// Whether it can run another program with this limit.
    pub fn serves(&self, heap_bytes: u32) -> bool {
        self.heap_bytes == heap_bytes && !self.spoilt
    }

    /// Enters the context and does some work there, for as long as is left; takes the time from
    /// it, and says why V8 was stopped, if it was.
    pub fn with<R>(
        &mut self,
        left: &mut Duration,
        work: impl FnOnce(&mut v8::PinScope<'_, '_>, &Shared) -> R,
    ) -> (R, Option<Resource>) {
        let begun = Instant::now();
        let mut locker = self.isolate.lock();
        self.watchdog.arm(begun + *left);
        let result = {
            v8::scope!(let scope, &mut *locker);
            let context = v8::Local::new(scope, &self.shared.realm.context);
            let scope = &mut v8::ContextScope::new(scope, context);
            work(scope, &self.shared)
        };
        let stopped = self.watchdog.disarm();
        *left = left.saturating_sub(begun.elapsed());
        self.spoilt |= stopped == Some(Resource::Memory);
        (result, stopped)
    }

    /// Runs the tasks that V8 has put off: it frees the code of old modules in them.
    pub fn tidy(&mut self) {
        let locker = self.isolate.lock();
        let platform = v8::V8::get_current_platform();
        for _ in 0..TASKS {
            if !v8::Platform::pump_message_loop(&platform, &locker, false) {
                break;
            }
        }
    }
}

/// Starts V8, once in the life of a process.
pub(crate) fn initialize() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for flag in FLAGS {
            v8::V8::set_flags_from_string(flag);
        }
        v8::V8::set_flags_from_string(&stack_flag());
        let platform = v8::new_single_threaded_default_platform(false).make_shared();
        v8::V8::initialize_platform(platform);
        v8::V8::initialize();
    });
}

/// V8 counts the stack from where the thread's begins.
fn stack_flag() -> String {
    format!("--stack-size={}", STACK_BYTES >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_on_an_isolate_may_move_between_threads() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Shared>();
    }

    #[test]
    fn v8_knows_all_flags() {
        let mut args = vec!["assay".to_owned()];
        args.extend(FLAGS.iter().map(|flag| (*flag).to_owned()));
        args.push(stack_flag());
        assert_eq!(v8::V8::set_flags_from_command_line(args), ["assay"]);
    }
}
