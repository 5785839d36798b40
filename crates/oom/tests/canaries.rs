//! The canaries: a small library with every mistake planted. Each gets exactly its verdict, and its
//! correct twin none.

#[path = "canaries/library.rs"]
mod library;

use assay_oom::{
    AnyScenario, Baseline, Explorer, FaultAllocator, Lenient, Options, Place, Plan, Profile,
    Report, Resource, Response, Rule, Schedule, Shims, Simple, Token, Verdict, digest,
};
use library::{Error, Mistake, Registry};
use std::collections::BTreeSet;
use std::time::Duration;

/// Whether a function is on a stack. How a name is written depends on the compiler's mangling.
fn has(stack: &[Place], function: &str) -> bool {
    let names = stack
        .iter()
        .map(|place| place.function.replace(['<', '>'], ""));
    names.into_iter().any(|name| name.ends_with(function))
}

#[global_allocator]
static ALLOCATOR: FaultAllocator = FaultAllocator::system();

/// Each mistake, and the one bad verdict that it must get.
const CANARIES: [(Mistake, Verdict); 16] = [
    (Mistake::InfalliblePush, Verdict::Abort),
    (Mistake::LostRollback, Verdict::Corrupt),
    (Mistake::BrokenForGood, Verdict::Corrupt),
    (Mistake::PoisonedLock, Verdict::Corrupt),
    (Mistake::DeadLock, Verdict::Corrupt),
    (Mistake::LeakOnError, Verdict::Leak),
    (Mistake::DescriptorLeak, Verdict::Leak),
    (Mistake::DoubleRegistration, Verdict::Leak),
    (Mistake::SwallowedError, Verdict::Swallowed),
    (Mistake::WrongError, Verdict::WrongError),
    (Mistake::UnlistedFallback, Verdict::WrongError),
    (Mistake::UnwrapOnError, Verdict::Panic),
    (Mistake::UnwrapOnSecond, Verdict::Second),
    (Mistake::NullWritten, Verdict::Signal),
    (Mistake::WaitsForEver, Verdict::Hang),
    (Mistake::AnotherWay, Verdict::Unstable),
];

/// The library's use, with a mistake or without.
fn scenario(mistake: Mistake) -> impl AnyScenario {
    Simple::new(
        format!("{mistake:?}"),
        move || Registry::new(mistake),
        |registry: &mut Registry| registry.add("a name"),
        |result: Result<&Vec<u64>, &Error>| match result {
            Ok(entries) => Response::Value(digest(entries)),
            Err(Error::OutOfMemory) => Response::Exhausted,
            Err(Error::Small) => Response::Fallback("small"),
            Err(Error::Guess) => Response::Fallback("guess"),
            Err(Error::NotFound) => Response::Other("not found".into()),
        },
    )
    .verify(|registry, _| match registry.is_whole() {
        true => Ok(()),
        false => Err("an entry was left behind".into()),
    })
    .fallbacks(&["small"])
    .gauges(&["registrations"], |_| library::registrations())
}

fn explorer() -> Explorer {
    let options = Options {
        hang: Duration::from_millis(100),
        schedule: Schedule {
            random: 8,
            ..Schedule::default()
        },
        ..Options::default()
    };
    Explorer::new(options).expect("this machine can explore")
}

fn explore(explorer: &Explorer, mistake: Mistake) -> Report {
    explorer
        .explore(&scenario(mistake))
        .expect("the scenario is explored")
}

fn bad(report: &Report) -> BTreeSet<Verdict> {
    report
        .findings
        .iter()
        .map(|finding| finding.verdict)
        .collect()
}

fn each_mistake_gets_its_verdict(explorer: &Explorer) {
    let mut wrong = Vec::new();
    for (mistake, verdict) in CANARIES {
        let report = explore(explorer, mistake);
        let details: Vec<_> = report
            .findings
            .iter()
            .map(|f| format!("{} {}: {}", f.verdict, f.token, f.why))
            .collect();
        if bad(&report) != BTreeSet::from([verdict]) {
            wrong.push((mistake, details));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn without_mistakes_all_is_handled(explorer: &Explorer) {
    let report = explore(explorer, Mistake::None);
    assert_eq!(bad(&report), BTreeSet::new(), "{:#?}", report.summary);
    let summary = &report.summary;
    assert_eq!(summary.fallbacks.keys().collect::<Vec<_>>(), ["small"]);
    assert!(summary.verdicts[&Verdict::Handled] > summary.verdicts[&Verdict::Benign]);
    assert!(summary.heap_requests > 4, "{summary:?}");
    assert_eq!(summary.contexts, summary.contexts_failed);
    assert_eq!((summary.unconfirmed, summary.retained), (0, 0));
    for site in &report.sites {
        assert_eq!(
            (site.seen, site.failed),
            (site.failed, site.seen),
            "{site:?}"
        );
        assert!(site.place.file.ends_with("canaries/library.rs"), "{site:?}");
    }
    // Inlined or not, a site is in a function of the binary.
    let mut sites = report.sites.iter();
    assert!(
        sites.any(|site| site.within != site.place.function),
        "{:#?}",
        report.sites
    );
    for site in &report.sites {
        assert!(site.within.starts_with("canaries::"), "{site:?}");
    }
    // Inlined functions are told apart, and a helper is a site of its own.
    let functions: BTreeSet<_> = report
        .sites
        .iter()
        .filter_map(|site| site.place.function.rsplit("::").next())
        .collect();
    assert_eq!(
        functions,
        BTreeSet::from(["add_parts", "copy", "fill", "numbers"])
    );
}

fn the_same_exploration_gives_the_same_lines(explorer: &Explorer) {
    for mistake in [
        Mistake::None,
        Mistake::InfalliblePush,
        Mistake::UnwrapOnSecond,
    ] {
        let lines = || explore(explorer, mistake).lines().collect::<Vec<_>>();
        assert_eq!(lines(), lines(), "{mistake:?}");
    }
}

fn a_token_shows_the_same_again(explorer: &Explorer) {
    for (mistake, verdict) in CANARIES {
        let report = explore(explorer, mistake);
        let finding = &report.findings[0];
        let token: Token = finding.token.parse().expect("a token");
        let replay = explorer
            .replay(&scenario(mistake), &token)
            .expect("the plan runs");
        assert_eq!(replay.verdict, verdict, "{mistake:?}: {replay:?}");
        assert!(
            replay.same_context || verdict == Verdict::Unstable,
            "{mistake:?}: {replay:?}"
        );
        assert_ne!(token.context, 0, "{mistake:?}: {finding:#?}");
        assert!(
            has(&replay.finding.failure, "Registry::add"),
            "{mistake:?}: {replay:#?}"
        );
    }
}

fn a_death_is_told_with_its_stack(explorer: &Explorer) {
    for (mistake, how, function) in [
        (Mistake::InfalliblePush, "abort", "handle_alloc_error"),
        (Mistake::NullWritten, "signal 11", "Registry::add"),
        (Mistake::UnwrapOnError, "panic", "Registry::add"),
        (Mistake::WaitsForEver, "no end", "Registry::add"),
    ] {
        let report = explore(explorer, mistake);
        let death = report.findings[0].death.as_ref().expect("a death");
        assert_eq!(death.how, how);
        assert!(has(&death.stack, function), "{mistake:?}: {death:#?}");
    }
    let report = explore(explorer, Mistake::InfalliblePush);
    let death = report.findings[0].death.as_ref().expect("a death");
    assert!(death.output.contains("memory allocation of"), "{death:?}");
}

type Test = (&'static str, fn(&Explorer));

/// Tests that fork need a process of their own with one thread, so they have no harness.
/// The bad verdicts of every single, lasting and double failure, judged in this process.
fn judged(known: Baseline, mistake: Mistake) -> (BTreeSet<Verdict>, u64) {
    let scenario = scenario(mistake);
    let profile = Profile::take(&scenario).expect("it has a profile");
    let lenient = Lenient::new(known, Shims::default());
    let rules = (0..profile.requests(Resource::Heap)).flat_map(|n| {
        let gaps = (0..3).map(move |gap| Rule::Pair { first: n, gap });
        [Rule::Nth(n), Rule::StickyFrom(n)].into_iter().chain(gaps)
    });
    let judgements: Vec<_> = rules
        .map(|rule| lenient.judge(&profile, &scenario, &Plan::heap(rule)))
        .collect();
    let bad = judgements.iter().map(|judgement| judgement.verdict);
    let failures = judgements.iter().map(|judgement| judgement.failures).sum();
    (bad.filter(|verdict| verdict.is_bad()).collect(), failures)
}

fn what_is_known_is_spared_and_nothing_else(explorer: &Explorer) {
    let (_, all) = judged(Baseline::default(), Mistake::None);
    for mistake in [
        Mistake::InfalliblePush,
        Mistake::UnwrapOnError,
        Mistake::UnwrapOnSecond,
        Mistake::WrongError,
    ] {
        let known = Baseline::default().updated(&[explore(explorer, mistake)]);
        let (bad, failures) = judged(known, mistake);
        assert_eq!(bad, BTreeSet::new(), "{mistake:?}");
        assert!(failures > 0 && failures < all, "{mistake:?}: {failures}");
    }
    // The last one breaks this process for good, which a fresh run shows some plans later.
    for (mistake, verdict) in [
        (Mistake::WrongError, Verdict::WrongError),
        (Mistake::BrokenForGood, Verdict::Corrupt),
    ] {
        let (bad, _) = judged(Baseline::default(), mistake);
        assert_eq!(bad, BTreeSet::from([verdict]));
    }
}

fn main() {
    let tests: [Test; 6] = [
        (
            "without_mistakes_all_is_handled",
            without_mistakes_all_is_handled,
        ),
        (
            "each_mistake_gets_its_verdict",
            each_mistake_gets_its_verdict,
        ),
        (
            "the_same_exploration_gives_the_same_lines",
            the_same_exploration_gives_the_same_lines,
        ),
        ("a_token_shows_the_same_again", a_token_shows_the_same_again),
        (
            "a_death_is_told_with_its_stack",
            a_death_is_told_with_its_stack,
        ),
        (
            "what_is_known_is_spared_and_nothing_else",
            what_is_known_is_spared_and_nothing_else,
        ),
    ];
    if cfg!(feature = "elsewhere") {
        return;
    }
    let explorer = explorer();
    for (name, test) in tests {
        test(&explorer);
        println!("test {name} ... ok");
    }
}
