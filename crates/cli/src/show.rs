//! What a run shows while it goes on, and at its end.

use assay_campaign::{Event, FeatureStats, FindingHere, Options, PairStats, Stats, Summary};
use assay_checks::allowed::{Account, Tally};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Prints to standard output; with JSON there, to standard error.
pub struct Printer {
    json: bool,
    bar: Option<ProgressBar>,
    told: Instant,
    began: Instant,
}

impl Printer {
    /// A printer for a run.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            bar: None,
            told: Instant::now(),
            began: Instant::now(),
        }
    }

    fn line(&self, line: &str) {
        match (&self.bar, self.json) {
            (Some(bar), _) => bar.suspend(|| self.plain(line)),
            (None, _) => self.plain(line),
        }
    }

    fn plain(&self, line: &str) {
        if self.json {
            eprintln!("{line}")
        } else {
            println!("{line}")
        }
    }

    /// A target begins.
    pub fn begin(&mut self, target: &str, options: &Options) {
        self.plain(&format!(
            "{target}: seed {}, {} workers, findings in {}",
            options.seed,
            options.jobs,
            options.out.display()
        ));
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
        self.began = Instant::now();
        self.told = Instant::now();
    }

    /// Something happened.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Say(line) => self.line(&format!("  {line}")),
            Event::Ready { engines, missing } => {
                for engine in engines {
                    let role = if engine.subject { "subject" } else { "oracle" };
                    self.line(&format!("  {role:8} {} {}", engine.name, engine.version));
                }
                for engine in missing {
                    self.line(&format!("  without  {}: {}", engine.name, engine.why));
                }
                self.began = Instant::now();
            }
            Event::Found(finding) => self.finding(finding),
            Event::Progress(stats) => self.progress(stats),
        }
    }

    fn finding(&self, finding: &FindingHere) {
        self.line(&format!(
            "  FINDING {}\n    case {}: {}\n    {}",
            finding.signature,
            finding.case,
            finding.what,
            finding.path.display()
        ));
    }

    fn progress(&mut self, stats: &Stats) {
        let per_second = stats.useful as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let message = format!(
            "{} cases, {} useful ({per_second:.0}/s), {} calls compared",
            stats.cases, stats.useful, stats.comparisons
        );
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.tick();
        } else if self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            self.plain(&format!(
                "  {:4.0} s  {message}",
                self.began.elapsed().as_secs_f64()
            ));
        }
    }

    /// A target ends.
    pub fn end(&mut self, target: &str, summary: &Summary) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let stats = &summary.stats;
        let programs = match summary.programs {
            programs if programs < stats.cases => format!(" of {programs} programs"),
            _ => String::new(),
        };
        self.plain(&format!(
            "{target}: {} cases{programs} in {:.1} s, {} useful ({}), {} calls compared",
            stats.cases,
            summary.seconds,
            stats.useful,
            percent(stats.useful, stats.cases),
            stats.comparisons
        ));
        self.pairs(&stats.pairs);
        self.features(&stats.features);
        self.judged(&stats.judged);
        self.counts("given up", &stats.discards);
        self.counts("not called", &stats.left_out);
        for missing in &summary.missing {
            self.plain(&format!("  without {}: {}", missing.name, missing.why));
        }
        match summary.findings.len() {
            0 => self.plain("  nothing found"),
            n => self.plain(&format!("  {n} signatures found:")),
        }
        for finding in &summary.findings {
            let kept = summary.kept.get(&finding.signature).copied().unwrap_or(1);
            self.plain(&format!(
                "    {} ({kept} kept, first {})",
                finding.signature,
                finding.path.display()
            ));
        }
    }

    fn pairs(&self, pairs: &BTreeMap<String, PairStats>) {
        if pairs.is_empty() {
            return;
        }
        self.plain(&format!(
            "  {:22} {:>8} {:>8} {:>9}  of these with",
            "pair", "cases", "useful", "calls"
        ));
        for (name, pair) in pairs {
            let share = |feature: &str| {
                let calls = pair.features.get(feature).copied().unwrap_or(0);
                format!("{feature} {}", percent(calls, pair.comparisons))
            };
            let features = ["gc", "exceptions", "simd", "memory64"]
                .map(share)
                .join(", ");
            self.plain(&format!(
                "  {name:22} {:8} {:8} {:9}  {features}",
                pair.cases, pair.useful, pair.comparisons
            ));
        }
    }

    /// Who judged each feature: a word against a word says less than two against one.
    fn features(&self, features: &BTreeMap<String, FeatureStats>) {
        if features.is_empty() {
            return;
        }
        self.plain(&format!(
            "  {:22} {:>8} {:>8}  calls judged by",
            "feature", "cases", "by two"
        ));
        for (name, feature) in features {
            let oracles: Vec<_> = feature.oracles.iter().collect();
            let list = oracles
                .iter()
                .map(|(oracle, calls)| format!("{oracle} {calls}"));
            self.plain(&format!(
                "  {name:22} {:8} {:>8}  {}",
                feature.cases,
                percent(feature.twice, feature.cases),
                list.collect::<Vec<_>>().join(", ")
            ));
        }
    }

    fn judged(&self, judged: &BTreeMap<String, Account>) {
        if judged.is_empty() {
            return;
        }
        self.plain(&format!(
            "  {:22} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "engine", "operators", "results", "by suite", "practice", "strays", "calls"
        ));
        for (engine, account) in judged {
            let sum = |count: fn(&Tally) -> u64| account.operators.values().map(count).sum::<u64>();
            self.plain(&format!(
                "  {engine:22} {:9} {:9} {:9} {:9} {:9} {:9}",
                account.operators.len(),
                account.results(),
                sum(|tally| tally.suite),
                sum(|tally| tally.practice),
                account.strays.values().sum::<u64>(),
                account.calls
            ));
        }
    }

    fn counts(&self, title: &str, counts: &BTreeMap<String, u64>) {
        if !counts.is_empty() {
            let list: Vec<_> = counts
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            self.plain(&format!("  {title}: {}", list.join(", ")));
        }
    }
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "0 %".into()
    } else {
        format!("{:.0} %", 100.0 * part as f64 / whole as f64)
    }
}
