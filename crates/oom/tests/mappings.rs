//! Faults of virtual memory: system calls fail by plan, however they are made, and all else about
//! them is as it was.
#![allow(unsafe_code)]

#[cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    not(feature = "elsewhere")
))]
mod linux {
    use assay_oom::{
        AnyScenario, Explorer, FaultAllocator, Options, Plan, Report, Resource, Response, Rule,
        Scenario, Scope, Verdict,
    };
    use std::collections::BTreeSet;
    use std::io::Error;
    use std::ptr;

    #[global_allocator]
    static ALLOCATOR: FaultAllocator = FaultAllocator::system();

    const PAGE: usize = 4096;

    /// `mmap` as Wasmtime makes it: by an instruction of its own, which no library sees.
    fn map(bytes: usize) -> Result<usize, i32> {
        let result: isize;
        // SAFETY: new pages where the kernel likes.
        unsafe {
            std::arch::asm!("syscall",
                inlateout("rax") libc::SYS_mmap as isize => result,
                in("rdi") 0, in("rsi") bytes, in("rdx") libc::PROT_READ,
                in("r10") libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, in("r8") -1, in("r9") 0,
                out("rcx") _, out("r11") _);
        }
        usize::try_from(result).map_err(|_| -result as i32)
    }

    fn unmap(address: usize, bytes: usize) {
        // SAFETY: pages that `map` gave, and that nothing points into.
        unsafe { libc::munmap(address as *mut _, bytes) };
    }

    fn protect(address: usize, bytes: usize) -> Result<(), i32> {
        // SAFETY: as above.
        match unsafe { libc::mprotect(address as *mut _, bytes, libc::PROT_NONE) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error().raw_os_error().unwrap_or(0)),
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Mistake {
        None,
        Leak,
        WrongError,
        UsedAnyway,
        Huge,
    }

    /// Two mappings and a protection.
    struct Regions(Mistake);

    #[derive(Debug)]
    struct Failed(i32);

    impl Scenario for Regions {
        type Prepared = Vec<(usize, usize)>;
        type Output = u64;
        type Error = Failed;

        fn name(&self) -> &str {
            "regions"
        }

        fn prepare(&self) -> Self::Prepared {
            Vec::with_capacity(2)
        }

        fn operation(&self, regions: &mut Self::Prepared) -> Result<u64, Failed> {
            let bytes = if self.0 == Mistake::Huge {
                1 << 40
            } else {
                PAGE
            };
            let first = map(bytes).map_err(Failed)?;
            let second = match map(2 * PAGE) {
                Ok(second) => second,
                Err(_) if self.0 == Mistake::UsedAnyway => {
                    // SAFETY: none: this is the mistake.
                    unsafe { ptr::null::<u8>().read_volatile() };
                    0
                }
                Err(error) => {
                    if self.0 != Mistake::Leak {
                        unmap(first, bytes);
                    }
                    return Err(Failed(error));
                }
            };
            let result = protect(second, PAGE);
            unmap(first, bytes);
            unmap(second, 2 * PAGE);
            regions.push((first, second));
            result.map_err(|error| match self.0 {
                Mistake::WrongError => Failed(libc::EINVAL),
                _ => Failed(error),
            })?;
            Ok(regions.len() as u64)
        }

        fn judge(&self, result: Result<&u64, &Failed>) -> Response {
            match result {
                Ok(count) => Response::Value(*count),
                Err(Failed(libc::ENOMEM)) => Response::Exhausted,
                Err(Failed(other)) => Response::Other(Error::from_raw_os_error(*other).to_string()),
            }
        }
    }

    fn explore(explorer: &Explorer, scenario: &dyn AnyScenario) -> Report {
        explorer
            .explore(scenario)
            .expect("the scenario is explored")
    }

    fn verdicts(report: &Report) -> BTreeSet<Verdict> {
        report
            .findings
            .iter()
            .map(|finding| finding.verdict)
            .collect()
    }

    fn exactly_the_planned_calls_fail() {
        let by = assay_oom::intercept_system_calls().expect("the kernel can");
        assert_eq!(by, "system call user dispatch");
        let scope = Scope::enter(Plan::mapping(Rule::Nth(1)));
        let maps = [map(PAGE), map(PAGE), map(PAGE)];
        let tally = scope.leave();
        let failed = maps.map(|map| map.err());
        assert_eq!(failed, [None, Some(libc::ENOMEM), None]);
        assert_eq!((tally.seen, tally.failed), (3, 1));
        assert_eq!(tally.balance.mapped, 2 * PAGE as i64);
        let scope = Scope::enter(Plan::mapping(Rule::StickyFrom(0)).at_least(2 * PAGE));
        let maps = [map(PAGE), map(2 * PAGE)];
        drop(scope);
        assert_eq!(maps.map(|map| map.err()), [None, Some(libc::ENOMEM)]);
        assert_eq!(map(PAGE).err(), None);
        assay_oom::stop_intercepting_system_calls();
    }

    /// What is intercepted and served works as it does otherwise: files, threads, signals, masks.
    fn what_is_served_is_as_it_was() {
        extern "C" fn note(_: i32) {
            NOTED.store(true, std::sync::atomic::Ordering::SeqCst);
        }
        static NOTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        assay_oom::intercept_system_calls().expect("the kernel can");
        let scope = Scope::enter(Plan::mapping(Rule::Never));
        let text = std::fs::read_to_string("/proc/self/comm").expect("a file");
        let thread = std::thread::spawn(|| 7).join().expect("a thread");
        // SAFETY: a handler that only sets a flag, and masks that are read back.
        let (masked, noted) = unsafe {
            libc::signal(libc::SIGUSR1, note as *const () as usize);
            libc::raise(libc::SIGUSR1);
            let mut all = std::mem::zeroed();
            let mut now = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut());
            let blocked = map(PAGE).is_ok();
            libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), &raw mut now);
            let usr2 = libc::sigismember(&raw const now, libc::SIGUSR2);
            libc::sigemptyset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut());
            (
                blocked && usr2 == 1,
                NOTED.load(std::sync::atomic::Ordering::SeqCst),
            )
        };
        let tally = scope.leave();
        assay_oom::stop_intercepting_system_calls();
        assert!(!text.is_empty() && masked && noted);
        assert_eq!(thread, 7);
        assert!(tally.seen >= 3, "{tally:?}");
        let scope = Scope::enter(Plan::mapping(Rule::StickyFrom(0)));
        let refused = map(PAGE).is_err();
        drop(scope);
        assert!(!refused, "interception has ended");
    }

    fn the_kernel_s_refusals_are_explored(explorer: &Explorer) {
        let report = explore(explorer, &Regions(Mistake::None));
        assert_eq!(verdicts(&report), BTreeSet::new(), "{:#?}", report.findings);
        // mmap, mmap, mprotect; what gives back is no request.
        assert_eq!(report.summary.mapping_requests, 3);
        assert!(report.summary.verdicts[&Verdict::Handled] >= 3);
        let sites = report
            .sites
            .iter()
            .filter(|site| site.resource == "mapping");
        assert!(sites.clone().count() >= 2 && sites.clone().all(|site| site.seen == site.failed));
        for (mistake, verdict) in [
            (Mistake::Leak, Verdict::Leak),
            (Mistake::WrongError, Verdict::WrongError),
            (Mistake::UsedAnyway, Verdict::Signal),
        ] {
            let report = explore(explorer, &Regions(mistake));
            assert_eq!(
                verdicts(&report),
                BTreeSet::from([verdict]),
                "{:#?}",
                report.findings
            );
        }
    }

    /// Asked to, it fails what gives back as well, and nobody can handle that.
    fn releases_fail_when_asked() {
        let mut options = Options::default();
        options.schedule.releases = true;
        let explorer = Explorer::new(options).expect("this machine can explore");
        let report = explore(&explorer, &Regions(Mistake::None));
        assert_eq!(report.summary.mapping_requests, 5);
        assert!(
            verdicts(&report).contains(&Verdict::Leak),
            "{:#?}",
            report.findings
        );
    }

    /// A real limit of the kernel's, as a cross-check: the library cannot tell it from a plan.
    fn a_real_limit_gives_the_same(explorer: &Explorer) {
        let huge = Regions(Mistake::Huge);
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: a limit of this process is lowered and put back.
        let real = unsafe {
            libc::getrlimit(libc::RLIMIT_AS, &raw mut before);
            let limit = libc::rlimit {
                rlim_cur: 1 << 39,
                ..before
            };
            libc::setrlimit(libc::RLIMIT_AS, &raw const limit);
            let result = huge.operation(&mut huge.prepare());
            libc::setrlimit(libc::RLIMIT_AS, &raw const before);
            huge.judge(result.as_ref())
        };
        assert_eq!(real, Response::Exhausted);
        let token = "regions/map.nth:0/0".parse().expect("a token");
        let replay = explorer.replay(&huge, &token).expect("the plan runs");
        assert_eq!(replay.verdict, Verdict::Handled, "{replay:#?}");
        assert_eq!(
            replay.finding.request,
            format!("mmap of {} bytes", 1u64 << 40)
        );
        let resource = Plan::mapping(Rule::Never).resource;
        assert_eq!(resource, Resource::Mapping);
    }

    pub fn main() {
        let explorer = Explorer::new(Options::default()).expect("this machine can explore");
        exactly_the_planned_calls_fail();
        println!("test exactly_the_planned_calls_fail ... ok");
        the_kernel_s_refusals_are_explored(&explorer);
        println!("test the_kernel_s_refusals_are_explored ... ok");
        releases_fail_when_asked();
        println!("test releases_fail_when_asked ... ok");
        a_real_limit_gives_the_same(&explorer);
        println!("test a_real_limit_gives_the_same ... ok");
        what_is_served_is_as_it_was();
        println!("test what_is_served_is_as_it_was ... ok");
    }
}

fn main() {
    #[cfg(all(
        target_os = "linux",
        target_arch = "x86_64",
        not(feature = "elsewhere")
    ))]
    linux::main();
}
