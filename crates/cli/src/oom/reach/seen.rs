//! What the explorer saw, by the functions of the binary.

use super::analysis::Reached;
use anyhow::{Context, Result, bail};
use assay_oom::{Line, SiteAccount, Verdict};
use std::collections::BTreeMap;

/// What the explorer saw of all functions.
#[derive(Default)]
pub struct Seen(BTreeMap<String, Account>);

/// What it saw of one.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Account {
    /// Requests of memory in clean runs.
    pub seen: u64,
    /// How many of them were failed.
    pub failed: u64,
    /// What came of it, by verdict: the runs.
    pub verdicts: BTreeMap<Verdict, u64>,
}

/// How a function that reaches a root stands with the explorer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// One of its requests was failed.
    Failed,
    /// It was seen, and none of its requests was failed.
    NeverFailed,
    /// It was never seen to ask for memory.
    NeverSeen,
}

impl Seen {
    /// Reads what `assay oom --json` prints.
    pub fn read(text: &str) -> Result<Self> {
        let mut seen = Self::default();
        let mut scenarios = 0;
        for (place, line) in text.lines().enumerate() {
            let line = serde_json::from_str(line);
            match line.with_context(|| format!("line {} is none of assay oom --json", place + 1))? {
                Line::Site(site) => seen.add(&site),
                Line::Scenario(_) => scenarios += 1,
                Line::Build { .. } | Line::Finding(_) | Line::Change(_) => {}
            }
        }
        if scenarios == 0 {
            bail!("no scenario is in it");
        }
        Ok(seen)
    }

    fn add(&mut self, site: &SiteAccount) {
        // What fails for want of mappings is not handled by what is looked for.
        if site.resource != "heap" {
            return;
        }
        let account = self.0.entry(site.within.clone()).or_default();
        account.seen += site.seen;
        account.failed += site.failed;
        for (verdict, runs) in &site.verdicts {
            *account.verdicts.entry(*verdict).or_default() += runs;
        }
    }

    /// What was seen of a function.
    pub fn account(&self, reached: &Reached) -> Account {
        let accounts = reached.names.iter().filter_map(|name| self.0.get(name));
        accounts.fold(Account::default(), |mut sum, account| {
            sum.seen += account.seen;
            sum.failed += account.failed;
            for (verdict, runs) in &account.verdicts {
                *sum.verdicts.entry(*verdict).or_default() += runs;
            }
            sum
        })
    }

    /// The functions of the binary in which a failure had such a verdict.
    pub fn showing(&self, verdict: Verdict) -> impl Iterator<Item = &str> {
        let accounts = self.0.iter();
        accounts
            .filter(move |(_, account)| account.verdicts.contains_key(&verdict))
            .map(|(name, _)| name.as_str())
    }

    /// How a function stands.
    pub fn standing(&self, reached: &Reached) -> Standing {
        match self.account(reached) {
            Account { failed: 1.., .. } => Standing::Failed,
            Account { seen: 1.., .. } => Standing::NeverFailed,
            _ => Standing::NeverSeen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_oom::Place;

    fn site(within: &str, resource: &str, failed: u64) -> SiteAccount {
        SiteAccount {
            scenario: "scenario".into(),
            resource: resource.into(),
            site: "1".into(),
            place: Place {
                function: "inlined".into(),
                file: String::new(),
                line: 0,
            },
            within: within.into(),
            root: String::new(),
            seen: 2,
            failed,
            verdicts: BTreeMap::from([(Verdict::Abort, failed)]),
        }
    }

    fn reached(name: &str) -> Reached {
        Reached {
            names: vec!["a::folded".into(), name.into()],
            instances: 1,
            is_direct: true,
            taken: 0,
            path: Vec::new(),
        }
    }

    #[test]
    fn functions_stand_as_their_requests_do() {
        let mut seen = Seen::default();
        seen.add(&site("a::failed", "heap", 1));
        seen.add(&site("a::failed", "heap", 2));
        seen.add(&site("a::spared", "heap", 0));
        seen.add(&site("a::mapped", "mapping", 2));
        for (name, expected) in [
            ("a::failed", Standing::Failed),
            ("a::spared", Standing::NeverFailed),
            ("a::mapped", Standing::NeverSeen),
            ("inlined", Standing::NeverSeen),
        ] {
            assert_eq!(seen.standing(&reached(name)), expected, "{name}");
        }
        let account = seen.account(&reached("a::failed"));
        assert_eq!((account.seen, account.failed), (4, 3));
        assert_eq!(account.verdicts, BTreeMap::from([(Verdict::Abort, 3)]));
    }

    #[test]
    fn what_the_explorer_did_not_print_is_refused() {
        assert!(Seen::read("").is_err());
        assert!(Seen::read("{}").is_err());
        let line = Line::Site(site("a::failed", "heap", 1));
        let line = serde_json::to_string(&line).expect("JSON");
        let error = Seen::read(&line).err().expect("an error").to_string();
        assert_eq!(error, "no scenario is in it");
    }
}
